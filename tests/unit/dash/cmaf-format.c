/* SPDX-License-Identifier: MIT
 *
 * Caps to formats, RFC 6381 names, decoder configurations. */

#include <gst/check/gstcheck.h>

#include "dash/cmaf-av1.h"
#include "dash/cmaf-codecs.h"
#include "dash/cmaf-format.h"

#define AVCC                                                                   \
  "01640028ffe1000467640028"                                                   \
  "01000468ee3c80"
#define HVCC "01016000000090000000000078f000fcfdf8f800000f00"
#define VIDEO ", width=(int)1280, height=(int)720, framerate=(fraction)25/1"

static const struct {
  const gchar *name;
  const gchar *caps;
  const gchar *codecs; /* NULL: refused */
  guint timescale, rate, frame_samples;
} formats[] = {
  { "H.264 High 4.0",
      "video/x-h264, stream-format=avc, codec_data=(buffer)" AVCC VIDEO,
      "avc1.640028", 90000 },
  { "H.264 with parameter sets in band",
      "video/x-h264, stream-format=avc3, codec_data=(buffer)" AVCC VIDEO,
      "avc3.640028", 90000 },
  { "H.264 without codec_data", "video/x-h264, stream-format=avc" VIDEO, NULL },
  { "H.264 byte-stream",
      "video/x-h264, stream-format=byte-stream, codec_data=(buffer)" AVCC VIDEO,
      NULL },
  { "H.264 without a size",
      "video/x-h264, stream-format=avc, codec_data=(buffer)" AVCC, NULL },
  { "H.264 with codec_data cut off",
      "video/x-h264, stream-format=avc, codec_data=(buffer)016400" VIDEO,
      NULL },
  { "H.265 Main, level 4.0 (ISO/IEC 14496-15, E.3)",
      "video/x-h265, stream-format=hvc1, codec_data=(buffer)" HVCC VIDEO,
      "hvc1.1.6.L120.90", 90000 },
  { "H.265 with parameter sets in band",
      "video/x-h265, stream-format=hev1, codec_data=(buffer)" HVCC VIDEO,
      "hev1.1.6.L120.90", 90000 },
  { "AV1 Main, level 3.0, 8 bits",
      "video/x-av1, codec_data=(buffer)81040c00" VIDEO, "av01.0.04M.08",
      90000 },
  { "AV1 Main, level 5.1, high tier, 10 bits",
      "video/x-av1, codec_data=(buffer)810dcc00" VIDEO, "av01.0.13H.10",
      90000 },
  { "AV1 without codec_data", "video/x-av1" VIDEO, "av01", 90000 },
  { "VP9 profile 0, 720p25 is level 3.1",
      "video/x-vp9, profile=(string)0" VIDEO, "vp09.00.31.08", 90000 },
  { "VP9 profile 2 is 10 bits",
      "video/x-vp9, profile=(string)2, bit-depth-luma=(uint)10" VIDEO,
      "vp09.02.31.10", 90000 },
  { "AAC-LC 48 kHz",
      "audio/mpeg, mpegversion=4, rate=48000, channels=2, "
      "codec_data=(buffer)1190",
      "mp4a.40.2", 48000, 48000, 1024 },
  { "AAC-LC 44.1 kHz mono",
      "audio/mpeg, mpegversion=4, rate=44100, channels=1, "
      "codec_data=(buffer)1208",
      "mp4a.40.2", 44100, 44100, 1024 },
  { "AAC-LC with frames of 960 samples",
      "audio/mpeg, mpegversion=4, rate=48000, channels=2, "
      "codec_data=(buffer)1194",
      "mp4a.40.2", 48000, 48000, 960 },
  { "HE-AAC announced first (24 kHz core)",
      "audio/mpeg, mpegversion=4, rate=48000, channels=2, "
      "codec_data=(buffer)2b118800",
      "mp4a.40.5", 24000, 48000, 1024 },
  { "HE-AAC announced after an LC configuration",
      "audio/mpeg, mpegversion=4, rate=24000, channels=2, "
      "codec_data=(buffer)131056e598",
      "mp4a.40.5", 24000, 48000, 1024 },
  { "AAC with a rate of its own (24 bits)",
      "audio/mpeg, mpegversion=4, rate=12345, channels=2, "
      "codec_data=(buffer)1780181c9000",
      "mp4a.40.2", 12345, 12345, 1024 },
  { "AAC with one byte of configuration",
      "audio/mpeg, mpegversion=4, rate=48000, channels=2, "
      "codec_data=(buffer)11",
      NULL },
  { "AAC with a reserved rate",
      "audio/mpeg, mpegversion=4, rate=48000, channels=2, "
      "codec_data=(buffer)1690",
      NULL },
  { "AAC without codec_data",
      "audio/mpeg, mpegversion=4, rate=48000, channels=2", NULL },
  { "MP3", "audio/mpeg, mpegversion=1, layer=3, rate=44100, channels=2",
      "mp4a.6b", 44100, 44100, 1152 },
  { "MP3 of half rate",
      "audio/mpeg, mpegversion=1, mpegaudioversion=2, layer=3, rate=22050, "
      "channels=1",
      "mp4a.69", 22050, 22050, 576 },
  { "MP2", "audio/mpeg, mpegversion=1, layer=2, rate=44100, channels=2", NULL },
  { "Opus without a header",
      "audio/x-opus, channels=2, rate=48000, channel-mapping-family=0", "opus",
      48000, 48000, 0 },
  { "Opus recorded at 16 kHz",
      "audio/x-opus, channels=1, rate=16000, channel-mapping-family=0", "opus",
      48000, 48000, 0 },
  { "Opus 5.1 without a header",
      "audio/x-opus, channels=6, rate=48000, channel-mapping-family=1", NULL },
  { "FLAC without a header", "audio/x-flac, rate=48000, channels=2", NULL },
  { "a codec we do not carry", "audio/x-alaw, rate=8000, channels=1", NULL },
};

GST_START_TEST (caps_become_a_format_or_a_reason)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (formats[__i__].caps);
  g_autoptr (GError) error = NULL;
  g_autoptr (CmafFormat) format = NULL;

  fail_unless (caps != NULL, "%s: bad caps in the test", formats[__i__].name);
  format = cmaf_format_new_from_caps (caps, &error);
  if (!formats[__i__].codecs) {
    fail_if (format, "%s: taken", formats[__i__].name);
    fail_unless (error && error->domain == GST_STREAM_ERROR);
    return;
  }
  fail_unless (format != NULL, "%s: %s", formats[__i__].name,
      error ? error->message : "?");
  assert_equals_string (format->codecs, formats[__i__].codecs);
  assert_equals_int (format->timescale, formats[__i__].timescale);
  assert_equals_int (format->rate, formats[__i__].rate);
  assert_equals_int (format->frame_samples, formats[__i__].frame_samples);
}
GST_END_TEST;

static const struct {
  const gchar *name;
  const gchar *a, *b;
  gboolean equal;
} pairs[] = {
  { "the same twice",
      "video/x-h264, stream-format=avc, codec_data=(buffer)" AVCC VIDEO,
      "video/x-h264, stream-format=avc, codec_data=(buffer)" AVCC VIDEO, TRUE },
  { "fields that no header holds",
      "video/x-h264, stream-format=avc, codec_data=(buffer)" AVCC VIDEO,
      "video/x-h264, stream-format=avc, level=(string)4, "
      "codec_data=(buffer)" AVCC VIDEO,
      TRUE },
  { "another parameter set",
      "video/x-h264, stream-format=avc, codec_data=(buffer)" AVCC VIDEO,
      "video/x-h264, stream-format=avc, codec_data=(buffer)" AVCC "00" VIDEO,
      FALSE },
  { "parameter sets that may change in band",
      "video/x-h264, stream-format=avc, codec_data=(buffer)" AVCC VIDEO,
      "video/x-h264, stream-format=avc3, codec_data=(buffer)" AVCC VIDEO,
      FALSE },
  { "another pixel shape",
      "video/x-h264, stream-format=avc, codec_data=(buffer)" AVCC VIDEO,
      "video/x-h264, stream-format=avc, pixel-aspect-ratio=(fraction)4/3, "
      "codec_data=(buffer)" AVCC VIDEO,
      FALSE },
  { "another codec",
      "audio/mpeg, mpegversion=1, layer=3, rate=48000, channels=2",
      "audio/x-opus, channels=2, rate=48000", FALSE },
};

GST_START_TEST (formats_are_equal_when_their_headers_are)
{
  g_autoptr (GstCaps) a = gst_caps_from_string (pairs[__i__].a);
  g_autoptr (GstCaps) b = gst_caps_from_string (pairs[__i__].b);
  g_autoptr (CmafFormat) x = cmaf_format_new_from_caps (a, NULL);
  g_autoptr (CmafFormat) y = cmaf_format_new_from_caps (b, NULL);

  fail_unless (x && y);
  fail_unless (
      cmaf_format_equal (x, y) == pairs[__i__].equal, "%s", pairs[__i__].name);
  fail_unless (cmaf_format_equal (NULL, NULL));
  fail_if (cmaf_format_equal (x, NULL));
}
GST_END_TEST;

/* RFC 6716, 3.1 and 3.2 */
static const struct {
  const gchar *name;
  guint8 data[2];
  gsize size;
  guint samples;
} opus[] = {
  { "SILK 10 ms", { 0x00 }, 1, 480 },
  { "SILK 60 ms", { 0x18 }, 1, 2880 },
  { "hybrid 20 ms", { 0x68 }, 1, 960 },
  { "CELT 2.5 ms", { 0x80 }, 1, 120 },
  { "CELT 20 ms", { 0xf8 }, 1, 960 },
  { "CELT 20 ms, two equal frames", { 0xf9 }, 1, 1920 },
  { "CELT 20 ms, three frames counted", { 0xfb, 3 }, 2, 2880 },
  { "count cut off", { 0xfb }, 1, 0 },
  { "more than 120 ms", { 0xfb, 7 }, 2, 0 },
  { "empty", { 0 }, 0, 0 },
};

GST_START_TEST (opus_packets_say_how_long_they_are)
{
  assert_equals_int (
      cmaf_opus_packet_samples (opus[__i__].data, opus[__i__].size),
      opus[__i__].samples);
}
GST_END_TEST;

GST_START_TEST (opus_configuration_is_big_endian)
{
  static const guint8 head[] = { 'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2,
    0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0 };
  static const guint8 expected[] = { 0, 2, 0x01, 0x38, 0, 0, 0xbb, 0x80, 0, 0,
    0 };
  g_autoptr (GBytes) config = cmaf_opus_config (head, sizeof head, 0, 0);

  assert_equals_int (g_bytes_get_size (config), sizeof expected);
  fail_unless (
      memcmp (g_bytes_get_data (config, NULL), expected, sizeof expected) == 0);
  for (gsize n = 0; n < sizeof head; n++)
    fail_unless (cmaf_opus_config (head, n, 0, 0) == NULL);
}
GST_END_TEST;

/* Whatever length the bytes have, reading them stays inside of them (the
 * sanitizers look). */
/* Made by libaom: a temporal delimiter and a sequence header of 8 bits, 4:2:0,
 * level 2.0. */
GST_START_TEST (av1_says_its_configuration_in_the_stream)
{
  static const guint8 unit[] = { 0x12, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x00, 0x03,
    0xb4, 0xff, 0x73, 0x6b, 0xe4, 0x01 };
  static const guint8 head[] = { 0x81, 0x00, 0x0c, 0x00, 0x0a, 0x0a };
  g_autoptr (GBytes) config = cmaf_av1_config (unit, sizeof unit);
  gsize size;
  const guint8 *data;

  fail_unless (config != NULL);
  data = g_bytes_get_data (config, &size);
  fail_unless (size == 4 + sizeof unit - 2 && memcmp (data, head, 6) == 0);
  for (gsize n = 0; n < sizeof unit; n++) {
    g_autofree guint8 *copy = g_memdup2 (unit, n);

    fail_if (cmaf_av1_config (copy, n));
  }
}
GST_END_TEST;

GST_START_TEST (configurations_cut_off_are_refused_or_harmless)
{
  static const guint8 junk[64] = { 0x81, 0xff, 0xff, 0xff };

  for (gsize n = 0; n <= sizeof junk; n++) {
    g_autofree guint8 *copy = g_memdup2 (junk, n);
    CmafAacConfig aac;

    g_free (cmaf_codecs_h264 (copy, n, "avc1"));
    g_free (cmaf_codecs_h265 (copy, n, "hvc1"));
    g_free (cmaf_codecs_av1 (copy, n));
    g_free (cmaf_codecs_vp9 (copy, n));
    cmaf_aac_config_parse (copy, n, &aac);
    g_clear_pointer (&(GBytes *){ cmaf_av1_config (copy, n) }, g_bytes_unref);
    g_clear_pointer (&(GBytes *){ cmaf_flac_config (copy, n) }, g_bytes_unref);
  }
}
GST_END_TEST;

static Suite *
cmaf_format_suite (void)
{
  Suite *suite = suite_create ("cmaf-format");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, caps_become_a_format_or_a_reason, 0, G_N_ELEMENTS (formats));
  tcase_add_loop_test (
      tc, formats_are_equal_when_their_headers_are, 0, G_N_ELEMENTS (pairs));
  tcase_add_loop_test (
      tc, opus_packets_say_how_long_they_are, 0, G_N_ELEMENTS (opus));
  tcase_add_test (tc, opus_configuration_is_big_endian);
  tcase_add_test (tc, av1_says_its_configuration_in_the_stream);
  tcase_add_test (tc, configurations_cut_off_are_refused_or_harmless);
  return suite;
}

GST_CHECK_MAIN (cmaf_format);
