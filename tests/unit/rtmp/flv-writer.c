/* SPDX-License-Identifier: MIT
 *
 * Messages byte for byte for each codec, read back by our own reader, and the
 * metadata. */

#include "rtmp/flv-writer.h"

#include <gst/check/gstcheck.h>

#include "rtmp/rtmp-metadata.h"
#include "tests/support/hex.h"

#define STREAMINFO                                                             \
  "1200120000047e0004da0ac440f00000227464b80e4dc9c9bd5ca308a6942a1c06ec"
#define OPUS_HEAD "4f707573486561640102380180bb0000000000"

/* NULL: there is none. */
typedef struct {
  const gchar *caps;
  PenstockFlvCodec codec;
  const gchar *config;
  const gchar *key, *inter; /* in front of a frame; inter with -33 ms */
} Row;

static const Row rows[] = {
  { "video/x-h264, stream-format=avc, alignment=au, codec_data=(buffer)0142",
      PENSTOCK_FLV_CODEC_H264, "17 00 000000 0142", "17 01 000000",
      "27 01 ffffdf" },
  { "video/x-h265, stream-format=hvc1, alignment=au, codec_data=(buffer)0101",
      PENSTOCK_FLV_CODEC_H265, "90 68766331 0101", "91 68766331 000000",
      "a1 68766331 ffffdf" },
  { "video/x-av1, stream-format=obu-stream, alignment=tu, "
    "codec_data=(buffer)81000c00",
      PENSTOCK_FLV_CODEC_AV1, "90 61763031 81000c00", "91 61763031",
      "a1 61763031" },
  { "video/x-vp9, profile=(string)0, width=64, height=64, framerate=25/1",
      PENSTOCK_FLV_CODEC_VP9, "90 76703039 00 0a 82 02 02 02 0000",
      "91 76703039", "a1 76703039" },
  { "video/x-vp9, profile=(string)3, chroma-format=(string)4:4:4, width=1920, "
    "height=1080, framerate=30/1",
      PENSTOCK_FLV_CODEC_VP9, "90 76703039 03 28 a6 02 02 02 0000",
      "91 76703039", "a1 76703039" },
  { "video/x-vp8, width=64, height=64", PENSTOCK_FLV_CODEC_VP8,
      "90 76703038 00 0a 82 02 02 02 0000", "91 76703038", "a1 76703038" },
  { "video/x-h264, stream-format=avc, alignment=au", PENSTOCK_FLV_CODEC_H264,
      NULL, "17 01 000000", "27 01 ffffdf" },
  { "audio/mpeg, mpegversion=4, stream-format=raw, rate=8000, channels=1, "
    "codec_data=(buffer)1588",
      PENSTOCK_FLV_CODEC_AAC, "af 00 1588", "af 01", "af 01" },
  { "audio/mpeg, mpegversion=1, layer=3, rate=44100, channels=2",
      PENSTOCK_FLV_CODEC_MP3, NULL, "2f", "2f" },
  { "audio/mpeg, mpegversion=1, layer=3, rate=22050, channels=1",
      PENSTOCK_FLV_CODEC_MP3, NULL, "2a", "2a" },
  { "audio/mpeg, mpegversion=1, layer=3, rate=8000, channels=1",
      PENSTOCK_FLV_CODEC_MP3, NULL, "e2", "e2" },
  { "audio/x-opus, rate=48000, channels=2, channel-mapping-family=0, "
    "stream-count=1, coupled-count=1, streamheader=(buffer)<" OPUS_HEAD ">",
      PENSTOCK_FLV_CODEC_OPUS, "90 4f707573 " OPUS_HEAD, "91 4f707573",
      "91 4f707573" },
  { "audio/x-opus, rate=48000, channels=2, channel-mapping-family=0, "
    "stream-count=1, coupled-count=1",
      PENSTOCK_FLV_CODEC_OPUS,
      "90 4f707573 4f70757348656164 01 02 0000 80bb0000 0000 00", "91 4f707573",
      "91 4f707573" },
  { "audio/x-flac, framed=true, streamheader=(buffer)<7f464c414301000000"
    "664c614380000022" STREAMINFO ">",
      PENSTOCK_FLV_CODEC_FLAC, "90 664c6143 664c6143 80000022" STREAMINFO,
      "91 664c6143", "91 664c6143" },
  { "audio/x-ac3, rate=48000, channels=2", PENSTOCK_FLV_CODEC_AC3, NULL,
      "91 61632d33", "91 61632d33" },
  { "audio/x-eac3, rate=48000, channels=2", PENSTOCK_FLV_CODEC_EAC3, NULL,
      "91 65632d33", "91 65632d33" },
  { "audio/x-alaw, rate=8000, channels=1", PENSTOCK_FLV_CODEC_ALAW, NULL, "72",
      "72" },
  { "audio/x-mulaw, rate=8000, channels=2", PENSTOCK_FLV_CODEC_MULAW, NULL,
      "83", "83" },
};

static void
assert_bytes (GBytes *bytes, const gchar *expected)
{
  g_autoptr (GBytes) wanted = expected ? bytes_from_hex (expected) : NULL;

  fail_unless ((bytes != NULL) == (wanted != NULL));
  if (wanted)
    fail_unless (g_bytes_equal (bytes, wanted), "not %s", expected);
}

/* Our reader finds in @message what was written. */
static void
assert_readable (const Row *row, const PenstockFlvFormat *format,
    GBytes *message, PenstockFlvItemKind kind, gint32 cts_ms)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (message, &size);
  PenstockFlvTag tag;

  assert_equals_int (penstock_flv_tag_parse (format->kind, data, size, &tag),
      PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (tag.n_items, 1);
  assert_equals_int (tag.items[0].codec, row->codec);
  assert_equals_int (tag.items[0].kind, kind);
  assert_equals_int (tag.items[0].cts_ms, cts_ms);
}

static void
check_frame (const Row *row, const PenstockFlvFormat *format, gboolean keyframe)
{
  static const guint8 frame[] = { 1, 2, 3 };
  guint8 header[PENSTOCK_FLV_FRAME_HEADER_MAX];
  gint32 cts_ms = keyframe ? 0 : -33;
  guint n = penstock_flv_write_frame_header (format, keyframe, cts_ms, header);
  g_autoptr (GBytes) bytes = g_bytes_new (header, n);
  GByteArray *message = g_byte_array_new ();

  assert_bytes (bytes, keyframe ? row->key : row->inter);
  g_byte_array_append (message, header, n);
  g_byte_array_append (message, frame, sizeof frame);
  g_autoptr (GBytes) whole = g_byte_array_free_to_bytes (message);
  gboolean reorders = row->codec == PENSTOCK_FLV_CODEC_H264 ||
      row->codec == PENSTOCK_FLV_CODEC_H265;
  assert_readable (
      row, format, whole, PENSTOCK_FLV_ITEM_FRAME, reorders ? cts_ms : 0);
}

GST_START_TEST (caps_make_messages)
{
  const Row *row = &rows[__i__];
  g_autoptr (GstCaps) caps = gst_caps_from_string (row->caps);
  PenstockFlvFormat format;

  fail_unless (caps != NULL, "%s", row->caps);
  fail_unless (penstock_flv_format_from_caps (caps, &format), "%s", row->caps);
  assert_equals_int (format.codec, row->codec);
  g_autoptr (GBytes) config = penstock_flv_write_config (&format, caps);
  assert_bytes (config, row->config);
  if (config)
    assert_readable (row, &format, config, PENSTOCK_FLV_ITEM_CONFIG, 0);
  check_frame (row, &format, TRUE);
  check_frame (row, &format, FALSE);
}
GST_END_TEST;

static const gchar *const others[] = {
  "video/x-h264, stream-format=byte-stream, alignment=au",
  "image/jpeg",
  "audio/mpeg, mpegversion=4, stream-format=adts",
  "audio/x-mulaw, rate=8000, channels=6",
  "audio/G722",
};

GST_START_TEST (other_caps_are_not_carried)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (others[__i__]);
  PenstockFlvFormat format;

  fail_if (penstock_flv_format_from_caps (caps, &format), "%s", others[__i__]);
}
GST_END_TEST;

GST_START_TEST (composition_times_stay_in_range)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (rows[0].caps);
  guint8 header[PENSTOCK_FLV_FRAME_HEADER_MAX];
  PenstockFlvFormat format;

  penstock_flv_format_from_caps (caps, &format);
  penstock_flv_write_frame_header (&format, TRUE, G_MAXINT32, header);
  assert_equals_int (GST_READ_UINT24_BE (header + 2), 0x7fffff);
  penstock_flv_write_frame_header (&format, TRUE, G_MININT32, header);
  assert_equals_int (GST_READ_UINT24_BE (header + 2), 0x800001);
}
GST_END_TEST;

GST_START_TEST (metadata_tells_what_the_caps_tell)
{
  g_autoptr (GstCaps) video = gst_caps_from_string (
      "video/x-h264, stream-format=avc, alignment=au, width=640, height=360, "
      "framerate=30000/1001");
  g_autoptr (GstCaps) audio = gst_caps_from_string (
      "audio/mpeg, mpegversion=4, stream-format=raw, rate=48000, channels=2");
  g_autoptr (GBytes) both = penstock_flv_write_metadata (video, audio);
  g_autoptr (GBytes) one = penstock_flv_write_metadata (NULL, audio);
  PenstockRtmpMetadata metadata;
  gsize size;
  const guint8 *data = g_bytes_get_data (both, &size);
  g_autoptr (PenstockRtmpMessage) message =
      penstock_rtmp_message_new (PENSTOCK_RTMP_DATA, 1, 0, data, size);

  fail_unless (penstock_rtmp_metadata_parse (message, &metadata));
  fail_unless (metadata.video && metadata.audio);
  assert_equals_int (metadata.hints.width, 640);
  assert_equals_int (metadata.hints.height, 360);
  assert_equals_float (metadata.hints.framerate, 30000.0 / 1001);
  assert_equals_int (metadata.hints.audio_rate, 48000);
  assert_equals_int (metadata.hints.audio_channels, 2);

  data = g_bytes_get_data (one, &size);
  g_autoptr (PenstockRtmpMessage) second =
      penstock_rtmp_message_new (PENSTOCK_RTMP_DATA, 1, 0, data, size);
  fail_unless (penstock_rtmp_metadata_parse (second, &metadata));
  fail_unless (!metadata.video && metadata.audio);
}
GST_END_TEST;

static Suite *
flv_writer_suite (void)
{
  Suite *suite = suite_create ("flv-writer");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, caps_make_messages, 0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (
      tcase, other_caps_are_not_carried, 0, G_N_ELEMENTS (others));
  tcase_add_test (tcase, composition_times_stay_in_range);
  tcase_add_test (tcase, metadata_tells_what_the_caps_tell);
  return suite;
}

GST_CHECK_MAIN (flv_writer);
