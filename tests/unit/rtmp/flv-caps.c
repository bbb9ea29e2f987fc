/* SPDX-License-Identifier: MIT
 *
 * Caps from configurations and first frames of real encoders (ffmpeg), and
 * what damaged ones lead to. */

#include <gst/check/gstcheck.h>

#include "rtmp/flv-caps.h"
#include "rtmp/frame-info.h"
#include "tests/support/hex.h"

#define AVCC                                                                   \
  "0142c00affe100186742c00ad9020bf97011000003000100000300320f1226480100056"    \
  "8cb83cb20"
#define HVCC                                                                   \
  "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff016000" \
  "00030090000003000003001e95940921000100294201010160000003009000000300000300" \
  "1"                                                                          \
  "ea01020496595964932bc05a0200000030020000003032122000100074401c172b42240"
#define AV1C "81000c000a0a00000002afff9b5f2008"
#define AV1_KEY "0a0a00000002afff9b5f2008 32080514002260041000"
#define VP9_KEY "824983420003f003f60438241c18"
#define VP8_KEY "501a009d012a4000300000470885"
#define OPUS_HEAD "4f707573486561640102380180bb0000000000"
#define FLAC                                                                   \
  "664c6143 00000022 1200120000047e0004da0ac440f00000227464b80e4dc9c9bd5ca308" \
  "a6942a1c06ec"
#define STREAMINFO                                                             \
  "1200120000047e0004da0ac440f00000227464b80e4dc9c9bd5ca308a6942a1c06ec"

typedef struct {
  const gchar *name;
  PenstockFlvCodec codec;
  const gchar *config; /* NULL = none */
  const gchar *frame;
  const gchar *caps; /* NULL = none yet; "" = never */
} Row;

static const Row rows[] = {
  { "H.264", PENSTOCK_FLV_CODEC_H264, AVCC, NULL,
      "video/x-h264, stream-format=avc, alignment=au, level=(string)1, "
      "profile=constrained-baseline, width=128, height=72, framerate=25/1, "
      "pixel-aspect-ratio=1/1, chroma-format=(string)4:2:0, "
      "bit-depth-luma=(uint)8, bit-depth-chroma=(uint)8, "
      "codec_data=(buffer)" AVCC },
  { "H.264 without a configuration", PENSTOCK_FLV_CODEC_H264, NULL, "00",
      NULL },
  { "H.265", PENSTOCK_FLV_CODEC_H265, HVCC, NULL,
      "video/x-h265, stream-format=hvc1, alignment=au, level=(string)1, "
      "tier=main, profile=main, width=128, height=72, framerate=25/1, "
      "pixel-aspect-ratio=1/1, chroma-format=(string)4:2:0, "
      "bit-depth-luma=(uint)8, bit-depth-chroma=(uint)8, "
      "codec_data=(buffer)" HVCC },
  { "AV1 from the record", PENSTOCK_FLV_CODEC_AV1, AV1C, NULL,
      "video/x-av1, stream-format=obu-stream, alignment=tu, profile=main, "
      "width=64, height=64, codec_data=(buffer)" AV1C },
  { "AV1 from the frame", PENSTOCK_FLV_CODEC_AV1, NULL, AV1_KEY,
      "video/x-av1, stream-format=obu-stream, alignment=tu, profile=main, "
      "width=64, height=64" },
  { "VP9", PENSTOCK_FLV_CODEC_VP9, NULL, VP9_KEY,
      "video/x-vp9, profile=(string)0, alignment=super-frame, width=64, "
      "height=64" },
  { "VP9 without a keyframe", PENSTOCK_FLV_CODEC_VP9, NULL, "86", NULL },
  { "VP8", PENSTOCK_FLV_CODEC_VP8, NULL, VP8_KEY,
      "video/x-vp8, width=64, height=48" },
  { "H.266", PENSTOCK_FLV_CODEC_H266, "00", "00", "" },
  { "Screen video", PENSTOCK_FLV_CODEC_SCREEN, NULL, "00", "" },

  { "AAC", PENSTOCK_FLV_CODEC_AAC, "1190", NULL,
      "audio/mpeg, mpegversion=4, framed=true, stream-format=raw, rate=48000, "
      "channels=2, level=(string)2, base-profile=lc, profile=lc, "
      "codec_data=(buffer)1190" },
  { "AAC with an extra byte of synchronisation", PENSTOCK_FLV_CODEC_AAC,
      "121056e500", NULL,
      "audio/mpeg, mpegversion=4, framed=true, stream-format=raw, rate=44100, "
      "channels=2, level=(string)2, base-profile=lc, profile=lc, "
      "codec_data=(buffer)121056e500" },
  { "AAC of half a byte", PENSTOCK_FLV_CODEC_AAC, "12", NULL, NULL },
  { "AAC with a reserved rate", PENSTOCK_FLV_CODEC_AAC, "1690", NULL, NULL },
  { "Opus", PENSTOCK_FLV_CODEC_OPUS, OPUS_HEAD, NULL,
      "audio/x-opus, rate=48000, channels=2, channel-mapping-family=0, "
      "stream-count=1, coupled-count=1" },
  { "Opus without a header", PENSTOCK_FLV_CODEC_OPUS, NULL, "fc",
      "audio/x-opus, rate=48000, channels=2, channel-mapping-family=0, "
      "stream-count=1, coupled-count=1" },
  { "FLAC", PENSTOCK_FLV_CODEC_FLAC, FLAC, NULL,
      "audio/x-flac, framed=true, rate=44100, channels=1, "
      "streamheader=(buffer)<7f464c414301000000664c614380000022" STREAMINFO
      ">" },
  { "MP3", PENSTOCK_FLV_CODEC_MP3, NULL, "fffb9464",
      "audio/mpeg, mpegversion=1, layer=3, parsed=true, rate=48000, "
      "channels=2" },
  { "MP3 that is none", PENSTOCK_FLV_CODEC_MP3, NULL, "00000000", NULL },
  { "AC-3", PENSTOCK_FLV_CODEC_AC3, NULL, "0b77fe95144043e106f4",
      "audio/x-ac3, framed=true, rate=48000, channels=2" },
  { "E-AC-3", PENSTOCK_FLV_CODEC_EAC3, NULL, "0b77037f3f87c00020f8",
      "audio/x-eac3, framed=true, rate=48000, channels=6" },
  { "Speex", PENSTOCK_FLV_CODEC_SPEEX, NULL, "00", "" },
};

static GstCaps *
make_caps (const Row *row, GBytes *config, GBytes *frame, gchar **reason)
{
  PenstockFlvCapsInput input = { .codec = row->codec, .config = config };
  g_autoptr (PenstockParameterSets) sets = NULL;
  gsize size;

  if (config &&
      (row->codec == PENSTOCK_FLV_CODEC_H264 ||
          row->codec == PENSTOCK_FLV_CODEC_H265)) {
    const guint8 *data = g_bytes_get_data (config, &size);
    input.sets = sets = penstock_parameter_sets_parse (
        row->codec == PENSTOCK_FLV_CODEC_H265, data, size);
  }
  if (frame)
    input.frame = g_bytes_get_data (frame, &input.frame_size);
  return penstock_flv_caps_new (&input, reason);
}

GST_START_TEST (caps_follow_the_table)
{
  const Row *row = &rows[__i__];
  g_autoptr (GBytes) config = row->config ? bytes_from_hex (row->config) : NULL;
  g_autoptr (GBytes) frame = row->frame ? bytes_from_hex (row->frame) : NULL;
  g_autofree gchar *reason = NULL;
  g_autoptr (GstCaps) caps = make_caps (row, config, frame, &reason);

  if (!row->caps || !*row->caps) {
    fail_unless (caps == NULL, "%s", row->name);
    fail_unless ((reason != NULL) == (row->caps != NULL), "%s", row->name);
    return;
  }
  g_autoptr (GstCaps) expected = gst_caps_from_string (row->caps);
  fail_unless (expected != NULL, "%s", row->name);
  g_autofree gchar *got = caps ? gst_caps_to_string (caps) : NULL;
  /* The stream header of Opus has tags that GStreamer makes up. */
  gboolean ok = caps &&
      (row->codec == PENSTOCK_FLV_CODEC_OPUS
              ? gst_caps_is_subset (caps, expected)
              : gst_caps_is_equal (caps, expected));
  fail_unless (ok, "%s: %s", row->name, got);
}
GST_END_TEST;

GST_START_TEST (cut_configuration_stays_inside)
{
  const Row *row = &rows[__i__];
  g_autoptr (GBytes) whole =
      bytes_from_hex (row->config ? row->config : row->frame);
  gsize size;
  const guint8 *data = g_bytes_get_data (whole, &size);

  for (gsize cut = 0; cut < size; cut++) {
    g_autoptr (GBytes) part = g_bytes_new_take (g_memdup2 (data, cut), cut);
    g_autofree gchar *reason = NULL;
    g_autoptr (GstCaps) caps = row->config
        ? make_caps (row, part, NULL, &reason)
        : make_caps (row, NULL, part, &reason);
  }
}
GST_END_TEST;

GST_START_TEST (speech_takes_the_rate_of_the_metadata)
{
  const PenstockFlvItem item = { .rate = 8000, .channels = 1, .bits = 16 };
  const PenstockFlvHints hints = { .audio_rate = 16000 };
  PenstockFlvCapsInput input = { .codec = PENSTOCK_FLV_CODEC_ALAW,
    .item = &item };
  g_autofree gchar *reason = NULL;
  g_autoptr (GstCaps) plain = penstock_flv_caps_new (&input, &reason);
  gint rate = 0;

  gst_structure_get_int (gst_caps_get_structure (plain, 0), "rate", &rate);
  assert_equals_int (rate, 8000);
  assert_equals_uint64 (
      penstock_flv_audio_duration (input.codec, plain, 160), 20 * GST_MSECOND);
  input.hints = &hints;
  g_autoptr (GstCaps) wide = penstock_flv_caps_new (&input, &reason);
  gst_structure_get_int (gst_caps_get_structure (wide, 0), "rate", &rate);
  assert_equals_int (rate, 16000);
}
GST_END_TEST;

GST_START_TEST (aac_configuration_can_be_made_from_metadata)
{
  const PenstockFlvHints hints = { .audio_rate = 44100, .audio_channels = 2 };
  const guint8 frame[] = { 0x21, 0 };
  const PenstockFlvCapsInput input = { .codec = PENSTOCK_FLV_CODEC_AAC,
    .frame = frame,
    .frame_size = sizeof frame,
    .hints = &hints };
  g_autofree gchar *reason = NULL;
  g_autoptr (GstCaps) caps = penstock_flv_caps_new (&input, &reason);
  g_autoptr (GstCaps) expected = gst_caps_from_string (
      "audio/mpeg, mpegversion=4, framed=true, stream-format=raw, rate=44100, "
      "channels=2, level=(string)2, base-profile=lc, profile=lc, "
      "codec_data=(buffer)1210");

  fail_unless (caps && gst_caps_is_equal (caps, expected));
}
GST_END_TEST;

GST_START_TEST (adts_header_is_found_by_its_length)
{
  g_autoptr (GBytes) frame = bytes_from_hex ("fff15080012ffc 2100");
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);

  assert_equals_int (penstock_aac_adts_header (data, size), 7);
  assert_equals_int (penstock_aac_adts_header (data, size - 1), 0);
}
GST_END_TEST;

GST_START_TEST (program_config_gives_the_channels)
{
  /* channelConfiguration 0; 1 front pair, 1 centre, 1 back pair, 1 LFE */
  g_autoptr (GBytes) config = bytes_from_hex ("1180 04 c8 44 00 20 04 40 00");
  PenstockAudioInfo info = { 0 };
  gsize size;
  const guint8 *data = g_bytes_get_data (config, &size);

  fail_unless (penstock_aac_config_parse (data, size, &info));
  assert_equals_int (info.rate, 48000);
  fail_unless (info.channels > 0 && info.channels <= 8);
}
GST_END_TEST;

GST_START_TEST (temporal_delimiter_is_skipped)
{
  g_autoptr (GBytes) unit = bytes_from_hex ("1200" AV1_KEY);
  PenstockVideoInfo info;
  gsize size;
  const guint8 *data = g_bytes_get_data (unit, &size);

  fail_unless (penstock_av1_frame_parse (data, size, &info));
  assert_equals_int (info.skip, 2);
  fail_unless (info.keyframe);
  assert_equals_int (info.width, 64);
}
GST_END_TEST;

static Suite *
flv_caps_suite (void)
{
  Suite *s = suite_create ("flv-caps");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, caps_follow_the_table, 0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (
      tc, cut_configuration_stays_inside, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tc, speech_takes_the_rate_of_the_metadata);
  tcase_add_test (tc, aac_configuration_can_be_made_from_metadata);
  tcase_add_test (tc, adts_header_is_found_by_its_length);
  tcase_add_test (tc, program_config_gives_the_channels);
  tcase_add_test (tc, temporal_delimiter_is_skipped);
  return s;
}

GST_CHECK_MAIN (flv_caps);
