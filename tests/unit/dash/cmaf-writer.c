/* SPDX-License-Identifier: MIT
 *
 * CMAF headers and chunks, read back with a reader of the test's own. */

#include <gst/check/gstcheck.h>

#include "../../support/box-reader.h"
#include "dash/cmaf-chunk.h"
#include "dash/cmaf-header.h"

#define AVCC "01640028ffe100046764002801000468ee3c80"

static CmafFormat *
format_of (const gchar *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  CmafFormat *format = cmaf_format_new_from_caps (caps, NULL);

  fail_unless (format != NULL, "%s", text);
  return format;
}

static CmafFormat *
h264 (void)
{
  return format_of (
      "video/x-h264, stream-format=avc, width=720, height=576, "
      "pixel-aspect-ratio=(fraction)16/15, framerate=(fraction)25/1, "
      "colorimetry=bt709, codec_data=(buffer)" AVCC);
}

GST_START_TEST (a_video_header_says_what_the_caps_say)
{
  g_autoptr (CmafFormat) format = h264 ();
  g_autoptr (GBytes) bytes = cmaf_header_write (format, NULL);
  const gchar *stsd = "moov/trak/mdia/minf/stbl/stsd/avc1";
  g_autofree gchar *avcc = g_strconcat (stsd, "/avcC", NULL);
  g_autofree gchar *pasp = g_strconcat (stsd, "/pasp", NULL);
  g_autofree gchar *colr = g_strconcat (stsd, "/colr", NULL);
  Box box = box_find (bytes, "ftyp");

  fail_unless (memmem (box.data + 16, box.size - 16, "cmf2", 4) != NULL);
  box = box_find (bytes, "moov/trak/mdia/mdhd");
  assert_equals_uint64 (box_value (box, 12, 4), 90000);
  assert_equals_uint64 (box_value (box, 16, 4), 0);      /* duration */
  assert_equals_uint64 (box_value (box, 20, 2), 0x55c4); /* und */
  box = box_find (bytes, "moov/trak/mdia/hdlr");
  fail_unless (memcmp (box.data + 16, "vide", 4) == 0);
  box = box_find (bytes, "moov/trak/tkhd"); /* square pixels */
  assert_equals_uint64 (box_value (box, 76, 4), 768 << 16);
  assert_equals_uint64 (box_value (box, 80, 4), 576 << 16);
  box = box_find (bytes, stsd);
  assert_equals_uint64 (box_value (box, 24, 2), 720);
  assert_equals_uint64 (box_value (box, 26, 2), 576);
  box = box_find (bytes, avcc);
  assert_equals_uint64 (box.size, 8 + strlen (AVCC) / 2);
  assert_equals_uint64 (box_value (box, 0, 4), 0x01640028);
  box = box_find (bytes, pasp);
  assert_equals_uint64 (box_value (box, 0, 4), 16);
  assert_equals_uint64 (box_value (box, 4, 4), 15);
  box = box_find (bytes, colr);
  assert_equals_uint64 (box_value (box, 4, 2), 1);
  box = box_find (bytes, "moov/mvex/trex"); /* nothing by default: cmf2 */
  assert_equals_uint64 (box_value (box, 20, 4), 0);
  fail_if (box_exists (bytes, "moof"));
}
GST_END_TEST;

static const struct {
  const gchar *caps, *entry, *config;
} entries[] = {
  { "video/x-h264, stream-format=avc3, width=16, height=16, "
    "codec_data=(buffer)" AVCC,
      "avc3", "avcC" },
  { "video/x-h265, stream-format=hvc1, width=16, height=16, codec_data=(buffer)"
    "01016000000090000000000078f000fcfdf8f800000f00",
      "hvc1", "hvcC" },
  { "video/x-av1, width=16, height=16, codec_data=(buffer)81040c00", "av01",
      "av1C" },
  { "video/x-vp9, width=16, height=16, profile=(string)0", "vp09", "vpcC" },
  { "audio/mpeg, mpegversion=4, rate=48000, channels=2, "
    "codec_data=(buffer)1190",
      "mp4a", "esds" },
  { "audio/mpeg, mpegversion=1, layer=3, rate=48000, channels=2", "mp4a",
      "esds" },
  { "audio/x-opus, rate=48000, channels=2", "Opus", "dOps" },
};

GST_START_TEST (each_codec_has_its_sample_entry)
{
  g_autoptr (CmafFormat) format = format_of (entries[__i__].caps);
  g_autoptr (GBytes) bytes = cmaf_header_write (format, "eng");
  g_autofree gchar *path =
      g_strdup_printf ("moov/trak/mdia/minf/stbl/stsd/%s/%s",
          entries[__i__].entry, entries[__i__].config);

  fail_unless (box_find (bytes, path).size > 8);
  assert_equals_uint64 (/* e-n-g, five bits each */
      box_value (box_find (bytes, "moov/trak/mdia/mdhd"), 20, 2), 0x15c7);
}
GST_END_TEST;

GST_START_TEST (an_audio_header_has_the_decoder_configuration)
{
  g_autoptr (CmafFormat) format =
      format_of ("audio/mpeg, mpegversion=4, rate=48000, channels=2, "
                 "codec_data=(buffer)1190");
  g_autoptr (GBytes) bytes = cmaf_header_write (format, NULL);
  Box entry = box_find (bytes, "moov/trak/mdia/minf/stbl/stsd/mp4a");
  Box esds = box_find (bytes, "moov/trak/mdia/minf/stbl/stsd/mp4a/esds");
  static const guint8 expected[] = { 0x03, 25, 0, 0, 0, 0x04, 17, 0x40, 0x15, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x05, 2, 0x11, 0x90, 0x06, 1, 2 };

  assert_equals_uint64 (box_value (entry, 16, 2), 2);
  assert_equals_uint64 (box_value (entry, 24, 4), 48000u << 16);
  assert_equals_uint64 (esds.size, 12 + sizeof expected);
  fail_unless (memcmp (esds.data + 12, expected, sizeof expected) == 0);
}
GST_END_TEST;

typedef struct {
  gsize size;
  guint32 duration;
  gint32 offset;
  gboolean keyframe;
} Row;

static const struct {
  const gchar *name;
  Row rows[5];
  guint n;
  guint32 trun_flags;
} chunks[] = {
  { "nothing differs: all defaults", { { 8, 1024, 0, 1 }, { 8, 1024, 0, 1 } },
      2, 0x000001 },
  { "one sample", { { 100, 3600, 0, 1 } }, 1, 0x000001 },
  { "sizes differ", { { 8, 1024, 0, 1 }, { 9, 1024, 0, 1 } }, 2, 0x000201 },
  { "only the first is a keyframe",
      { { 900, 3600, 0, 1 }, { 90, 3600, 0, 0 }, { 91, 3600, 0, 0 } }, 3,
      0x000205 },
  { "B-frames: offsets of both signs",
      { { 900, 3600, 0, 1 }, { 90, 3600, 7200, 0 }, { 20, 3600, -3600, 0 },
          { 20, 3600, -3600, 0 } },
      4, 0x000a05 },
  { "a second keyframe: flags one by one",
      { { 900, 3600, 0, 1 }, { 90, 3600, 0, 0 }, { 800, 3600, 0, 1 } }, 3,
      0x000601 },
  { "durations differ",
      { { 8, 2970, 0, 1 }, { 8, 2970, 0, 0 }, { 8, 3060, 0, 0 } }, 3,
      0x000105 },
};

GST_START_TEST (a_chunk_reads_back_as_it_was_written)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, TRUE, sizeof (CmafSample));
  g_autoptr (GArray) read = NULL;
  g_autoptr (GBytes) bytes = NULL;
  guint64 start = G_GUINT64_CONSTANT (0x123456789ab), time = start;

  for (guint i = 0; i < chunks[__i__].n; i++) {
    const Row *row = &chunks[__i__].rows[i];
    CmafSample sample = { gst_buffer_new_allocate (NULL, row->size, NULL),
      row->duration, row->offset, row->keyframe };

    gst_buffer_memset (sample.buffer, 0, 0x40 + i, row->size);
    g_array_append_val (samples, sample);
  }
  bytes = cmaf_chunk_write (&(CmafChunk){ 77, start, TRUE },
      (const CmafSample *) samples->data, samples->len);

  fail_unless (box_exists (bytes, "styp"));
  fail_if (box_exists (bytes, "prft"));
  assert_equals_uint64 (box_value (box_find (bytes, "moof/mfhd"), 4, 4), 77);
  assert_equals_uint64_hex (
      box_value (box_find (bytes, "moof/traf/trun"), 1, 3),
      chunks[__i__].trun_flags);
  assert_equals_uint64 (
      box_value (box_find (bytes, "moof/traf/trun"), 0, 1), 1);
  read = box_samples (bytes);
  assert_equals_int (read->len, chunks[__i__].n);
  for (guint i = 0; i < read->len; i++) {
    const Row *row = &chunks[__i__].rows[i];
    const BoxSample *s = &g_array_index (read, BoxSample, i);

    assert_equals_uint64 (s->decode_time, time);
    assert_equals_int64 (s->presentation_time, (gint64) time + row->offset);
    assert_equals_uint64 (s->duration, row->duration);
    assert_equals_uint64 (s->size, row->size);
    assert_equals_int (!(s->flags & 0x00010000), row->keyframe);
    for (guint n = 0; n < s->size; n++)
      assert_equals_int (s->data[n], 0x40 + i);
    time += row->duration;
    gst_buffer_unref (g_array_index (samples, CmafSample, i).buffer);
  }
}
GST_END_TEST;

static Suite *
cmaf_writer_suite (void)
{
  Suite *suite = suite_create ("cmaf-writer");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, a_video_header_says_what_the_caps_say);
  tcase_add_loop_test (
      tc, each_codec_has_its_sample_entry, 0, G_N_ELEMENTS (entries));
  tcase_add_test (tc, an_audio_header_has_the_decoder_configuration);
  tcase_add_loop_test (
      tc, a_chunk_reads_back_as_it_was_written, 0, G_N_ELEMENTS (chunks));
  return suite;
}

GST_CHECK_MAIN (cmaf_writer);
