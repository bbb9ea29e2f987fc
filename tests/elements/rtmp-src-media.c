/* SPDX-License-Identifier: MIT
 *
 * penstockrtmpsrc: what a publisher sends arrives as buffers with the right
 * caps and times, each track on a pad of its own. */

#include "rtmp/rtmp-stream.h"
#include "tests/support/rtmp-src-rig.h"

GST_START_TEST (frames_arrive_as_they_were_sent)
{
  Fixture f;
  RtmpPeer *publisher;
  GstClockTime start;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  expect_publication (&f, "started");
  send_configs (publisher);
  send_nal (publisher, 1000, 80, TRUE, IDR);
  send_hex (publisher, AUDIO, 1010,
      "af01"
      "21001234");
  send_nal (publisher, 1040, 160, FALSE, P_SLICE);
  send_nal (publisher, 1080, 0, FALSE, B_SLICE);

  g_autoptr (GstBuffer) key = next_buffer (&f, NULL);
  assert_payload (key, "00000007" IDR);
  start = GST_BUFFER_DTS (key);
  fail_unless (GST_BUFFER_FLAG_IS_SET (key, GST_BUFFER_FLAG_DISCONT));
  fail_if (GST_BUFFER_FLAG_IS_SET (key, GST_BUFFER_FLAG_DELTA_UNIT));
  assert_equals_uint64 (GST_BUFFER_PTS (key), start + 80 * GST_MSECOND);

  g_autoptr (GstBuffer) sound = next_buffer (&f, NULL);
  assert_payload (sound, "21001234");
  assert_equals_uint64 (GST_BUFFER_PTS (sound), start + 10 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_DURATION (sound), 1024 * GST_SECOND / 44100);

  g_autoptr (GstBuffer) p = next_buffer (&f, NULL);
  assert_payload (p, "00000007" P_SLICE);
  assert_equals_uint64 (GST_BUFFER_DTS (p), start + 40 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_PTS (p), start + 200 * GST_MSECOND);
  fail_unless (GST_BUFFER_FLAG_IS_SET (p, GST_BUFFER_FLAG_DELTA_UNIT));
  fail_if (GST_BUFFER_FLAG_IS_SET (p, GST_BUFFER_FLAG_DISCONT));
  fail_if (GST_BUFFER_FLAG_IS_SET (p, GST_BUFFER_FLAG_DROPPABLE));

  g_autoptr (GstBuffer) b = next_buffer (&f, NULL);
  fail_unless (GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_DROPPABLE));
  assert_equals_uint64 (GST_BUFFER_PTS (b), start + 80 * GST_MSECOND);

  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (caps_are_canonical)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  send_hex (publisher, AUDIO, 0,
      "af01"
      "2100");
  gst_buffer_unref (next_buffer (&f, "audio_0"));

  g_autoptr (GstCaps) video = caps_of (&f, "video_0");
  g_autoptr (GstCaps) expected_video = gst_caps_from_string (
      "video/x-h264, stream-format=avc, alignment=au, width=320, height=240, "
      "framerate=25/1, profile=high, level=(string)1.3, "
      "pixel-aspect-ratio=1/1, chroma-format=(string)4:2:0, "
      "bit-depth-luma=(uint)8, bit-depth-chroma=(uint)8, "
      "codec_data=(buffer)" AVCC);
  assert_caps (video, expected_video);
  g_autoptr (GstCaps) audio = caps_of (&f, "audio_0");
  g_autoptr (GstCaps) expected_audio = gst_caps_from_string (
      "audio/mpeg, mpegversion=4, stream-format=raw, framed=true, rate=44100, "
      "channels=1, level=(string)2, base-profile=lc, profile=lc, "
      "codec_data=(buffer)" ASC);
  assert_caps (audio, expected_audio);

  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (new_sequence_header_changes_caps_at_the_next_keyframe)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_mini_object_unref (next (&f, "video_0", GST_EVENT_UNKNOWN));
  /* Equal: swallowed. Then another one. */
  send_hex (publisher, VIDEO, 40, "1700000000" AVCC);
  send_nal (publisher, 40, 0, FALSE, P_SLICE);
  send_hex (publisher, VIDEO, 80, "1700000000" AVCC_SMALL);
  send_nal (publisher, 80, 0, TRUE, IDR);

  g_autoptr (Passed) p = g_async_queue_timeout_pop (f.passed, WAIT);
  fail_unless (p && GST_IS_BUFFER (p->object));
  g_autoptr (Passed) caps = g_async_queue_timeout_pop (f.passed, WAIT);
  fail_unless (caps && GST_IS_EVENT (caps->object));
  fail_unless_equals_int (GST_EVENT_TYPE (caps->object), GST_EVENT_CAPS);
  g_autoptr (Passed) key = g_async_queue_timeout_pop (f.passed, WAIT);
  fail_unless (key && GST_IS_BUFFER (key->object));
  g_autoptr (GstCaps) now = caps_of (&f, "video_0");
  gint width = 0;
  gst_structure_get_int (gst_caps_get_structure (now, 0), "width", &width);
  fail_unless_equals_int (width, 128);

  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (parameter_sets_in_band_change_caps)
{
  Fixture f;
  RtmpPeer *publisher;
  gint width = 0;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  send_hex (publisher, VIDEO, 40,
      "1701000000"
      "00000018" SPS_SMALL "00000005" PPS_SMALL "00000007" IDR);
  g_autoptr (GstBuffer) key = next_buffer (&f, "video_0");
  assert_payload (
      key, "00000018" SPS_SMALL "00000005" PPS_SMALL "00000007" IDR);
  g_autoptr (GstCaps) now = caps_of (&f, "video_0");
  gst_structure_get_int (gst_caps_get_structure (now, 0), "width", &width);
  fail_unless_equals_int (width, 128);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (start_codes_become_lengths)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  /* No sequence header at all. */
  send_hex (publisher, VIDEO, 0,
      "1701000000"
      "00000001" SPS_SMALL "00000001" PPS_SMALL "000001" IDR);
  g_autoptr (GstBuffer) key = next_buffer (&f, "video_0");
  assert_payload (
      key, "00000018" SPS_SMALL "00000005" PPS_SMALL "00000007" IDR);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (unsupported_audio_does_not_stop_video)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_hex (publisher, VIDEO, 0, "1700000000" AVCC);
  send_hex (publisher, AUDIO, 0,
      "b2"
      "00112233");
  send_hex (publisher, AUDIO, 20,
      "b2"
      "00112233");
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  g_autofree gchar *track =
      next_message (&f, "penstock-track-ignored", "track");
  fail_unless_equals_string (track, "audio_0");
  fail_unless_equals_int (f.src->numsrcpads, 1);
  /* Both kinds are accounted for: nothing to wait for. */
  fail_unless (g_async_queue_timeout_pop (f.no_more_pads, WAIT) != NULL);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

static void
take_speex (PenstockRtmpStream *stream, GstClockTime arrival)
{
  const guint8 speex[] = { 0xb2, 0 };
  g_auto (PenstockRtmpQueueItem) item = { .type = PENSTOCK_RTMP_QUEUE_MESSAGE,
    .arrival = arrival,
    .message = penstock_rtmp_message_new (AUDIO, 1, 0, speex, sizeof speex) };

  fail_unless_equals_int (
      penstock_rtmp_stream_take (stream, &item), GST_FLOW_OK);
}

GST_START_TEST (media_that_nobody_can_use_is_noticed)
{
  g_autoptr (GstElement) src =
      gst_object_ref_sink (gst_element_factory_make ("penstockrtmpsrc", NULL));
  PenstockRtmpStream *stream = penstock_rtmp_stream_new (src);

  penstock_rtmp_stream_start (stream, "test");
  take_speex (stream, 100 * GST_SECOND);
  fail_if (penstock_rtmp_stream_is_useless (stream));
  take_speex (stream, 100 * GST_SECOND + PENSTOCK_RTMP_USELESS_AFTER);
  fail_unless (penstock_rtmp_stream_is_useless (stream));
  fail_if (penstock_rtmp_stream_is_useless (stream));
  penstock_rtmp_stream_free (stream);
}
GST_END_TEST;

/* "onMetaData" with an audiocodecid only. */
#define AUDIO_METADATA                                                         \
  "02000a6f6e4d65746144617461080000000100"                                     \
  "0c617564696f636f646563696400"                                               \
  "4024000000000000"                                                           \
  "000009"

GST_START_TEST (audio_only_stream_needs_no_wait)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_hex (publisher, DATA, 0, AUDIO_METADATA);
  send_hex (publisher, AUDIO, 0, "af00" ASC);
  send_hex (publisher, AUDIO, 0,
      "af01"
      "2100");
  gst_buffer_unref (next_buffer (&f, "audio_0"));
  fail_unless (g_async_queue_timeout_pop (f.no_more_pads, WAIT) != NULL);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (late_track_adds_a_pad_after_the_wait)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  fail_unless (g_async_queue_timeout_pop (f.no_more_pads, WAIT) != NULL);
  send_hex (publisher, AUDIO, 2000,
      "af01"
      "2100");
  gst_buffer_unref (next_buffer (&f, "audio_0"));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (silent_kind_gets_gaps)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_hex (publisher, AUDIO, 0,
      "af01"
      "2100");
  for (guint i = 0; i < 40; i++)
    send_nal (publisher, i * 40, 0, TRUE, IDR);
  gst_mini_object_unref (next (&f, "audio_0", GST_EVENT_GAP));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

/* Enhanced multitrack: two H.264 tracks in each message. */
GST_START_TEST (each_track_has_a_pad)
{
  Fixture f;
  RtmpPeer *publisher;
  const gchar *frames = "96136176633101"
                        "00000b"
                        "00000007" IDR "02"
                        "00000b"
                        "00000007" IDR;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_hex (publisher, VIDEO, 0, "96006176633101" AVCC);
  send_hex (publisher, VIDEO, 0, "96006176633102" AVCC_SMALL);
  send_hex (publisher, VIDEO, 0, frames);
  g_autoptr (GstBuffer) one = next_buffer (&f, "video_1");
  g_autoptr (GstBuffer) two = next_buffer (&f, "video_2");
  assert_payload (one, "00000007" IDR);
  assert_payload (two, "00000007" IDR);
  assert_equals_uint64 (GST_BUFFER_DTS (one), GST_BUFFER_DTS (two));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

/* x265, 128x72, main. */
#define HVCC                                                                   \
  "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff016000" \
  "00030090000003000003001e95940921000100294201010160000003009000000300000300" \
  "1"                                                                          \
  "ea01020496595964932bc05a0200000030020000003032122000100074401c172b42240"
#define HEVC_IDR "2601af0080112233"
#define AV1_KEY                                                                \
  "0a0a00000002afff9b5f2008"                                                   \
  "3208051400226004"                                                           \
  "1000"

typedef struct {
  const gchar *name;
  guint8 type;
  const gchar *config, *frame; /* messages; the first may be NULL */
  const gchar *pad, *media_type;
  const gchar *payload;
  gint cts_ms;
} CodecRow;

static const CodecRow codec_rows[] = {
  { "H.265, enhanced", VIDEO, "9068766331" HVCC,
      "9168766331000028"
      "00000008" HEVC_IDR,
      "video_0", "video/x-h265", "00000008" HEVC_IDR, 40 },
  { "H.265, enhanced, without a composition time", VIDEO, "9068766331" HVCC,
      "9368766331"
      "00000008" HEVC_IDR,
      "video_0", "video/x-h265", "00000008" HEVC_IDR, 0 },
  { "H.265 under number 12", VIDEO, "1c00000000" HVCC,
      "1c01000050"
      "00000008" HEVC_IDR,
      "video_0", "video/x-h265", "00000008" HEVC_IDR, 80 },
  { "H.265 under the number of H.264", VIDEO, "1700000000" HVCC,
      "1701000050"
      "00000008" HEVC_IDR,
      "video_0", "video/x-h265", "00000008" HEVC_IDR, 80 },
  { "H.264, enhanced", VIDEO, "9061766331" AVCC,
      "9161766331000000"
      "00000007" IDR,
      "video_0", "video/x-h264", "00000007" IDR, 0 },
  { "H.264 with 2 byte lengths", VIDEO,
      "1700000000"
      "0142c00afde10018" SPS_SMALL "010005" PPS_SMALL,
      "1701000000"
      "0007" IDR,
      "video_0", "video/x-h264", "00000007" IDR, 0 },
  { "AV1 with a temporal delimiter", VIDEO,
      "9061763031"
      "81000c000a0a00000002afff9b5f2008",
      "9161763031"
      "1200" AV1_KEY,
      "video_0", "video/x-av1", AV1_KEY, 0 },
  { "VP9", VIDEO,
      "9076703039"
      "0100000000000a8202020000",
      "9176703039"
      "824983420003f003f60438241c18",
      "video_0", "video/x-vp9", "824983420003f003f60438241c18", 0 },
  { "VP8", VIDEO, NULL,
      "9176703038"
      "501a009d012a4000300000470885",
      "video_0", "video/x-vp8", "501a009d012a4000300000470885", 0 },
  { "AAC, enhanced", AUDIO,
      "906d703461"
      "1190",
      "916d703461"
      "2100",
      "audio_0", "audio/mpeg", "2100", 0 },
  { "AAC with ADTS headers", AUDIO,
      "af00"
      "1190",
      "af01"
      "fff15080012ffc"
      "2100",
      "audio_0", "audio/mpeg", "2100", 0 },
  { "Opus", AUDIO,
      "904f707573"
      "4f707573486561640102380180bb0000000000",
      "914f707573"
      "fc11",
      "audio_0", "audio/x-opus", "fc11", 0 },
  { "MP3", AUDIO, NULL,
      "2f"
      "fffb9464000001ee",
      "audio_0", "audio/mpeg", "fffb9464000001ee", 0 },
  { "AC-3", AUDIO, NULL,
      "9161632d33"
      "0b77fe95144043e106f4",
      "audio_0", "audio/x-ac3", "0b77fe95144043e106f4", 0 },
  { "A-law", AUDIO, NULL,
      "72"
      "d5d5d5d5",
      "audio_0", "audio/x-alaw", "d5d5d5d5", 0 },
  { "PCM", AUDIO, NULL,
      "3f"
      "00010203",
      "audio_0", "audio/x-raw", "00010203", 0 },
};

GST_START_TEST (codec_is_carried)
{
  const CodecRow *row = &codec_rows[__i__];
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  if (row->config)
    send_hex (publisher, row->type, 0, row->config);
  send_hex (publisher, row->type, 0, row->frame);
  g_autoptr (GstBuffer) buffer = next_buffer (&f, row->pad);
  g_autoptr (GstCaps) caps = caps_of (&f, row->pad);
  const gchar *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  fail_unless (g_str_equal (name, row->media_type), "%s: %s", row->name, name);
  assert_payload (buffer, row->payload);
  assert_equals_uint64 (GST_BUFFER_PTS (buffer) - GST_BUFFER_DTS (buffer),
      row->cts_ms * GST_MSECOND);
  fail_if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

/* Two frames of MP3 in each of two messages, 48 ms apart. */
GST_START_TEST (frames_of_one_message_have_times_of_their_own)
{
  static const guint8 head[] = { 0x2f, 0xff, 0xfb, 0x94, 0x64 };
  guint8 message[1 + 2 * 384] = { 0 };
  Fixture f;
  RtmpPeer *publisher;

  memcpy (message, head, sizeof head);
  memcpy (message + 1 + 384, head + 1, sizeof head - 1);
  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  for (guint i = 0; i < 2; i++)
    penstock_rtmp_session_send (
        publisher->session, AUDIO, 48 * i, message, sizeof message);
  rtmp_peer_flush (publisher);
  GstClockTime begin = GST_CLOCK_TIME_NONE;
  for (guint i = 0; i < 4; i++) {
    g_autoptr (GstBuffer) buffer = next_buffer (&f, "audio_0");
    assert_equals_int (gst_buffer_get_size (buffer), 384);
    if (i == 0)
      begin = GST_BUFFER_PTS (buffer);
    assert_equals_uint64 (
        GST_BUFFER_PTS (buffer) - begin, i * 24 * GST_MSECOND);
    assert_equals_uint64 (GST_BUFFER_DURATION (buffer), 24 * GST_MSECOND);
    assert_equals_int (GST_BUFFER_IS_DISCONT (buffer), i == 0);
  }
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

static Suite *
rtmp_src_media_suite (void)
{
  Suite *s = suite_create ("rtmp-src-media");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, frames_arrive_as_they_were_sent);
  tcase_add_test (tc, caps_are_canonical);
  tcase_add_test (tc, new_sequence_header_changes_caps_at_the_next_keyframe);
  tcase_add_test (tc, parameter_sets_in_band_change_caps);
  tcase_add_test (tc, start_codes_become_lengths);
  tcase_add_test (tc, unsupported_audio_does_not_stop_video);
  tcase_add_test (tc, media_that_nobody_can_use_is_noticed);
  tcase_add_test (tc, audio_only_stream_needs_no_wait);
  tcase_add_test (tc, late_track_adds_a_pad_after_the_wait);
  tcase_add_test (tc, silent_kind_gets_gaps);
  tcase_add_test (tc, each_track_has_a_pad);
  tcase_add_loop_test (tc, codec_is_carried, 0, G_N_ELEMENTS (codec_rows));
  tcase_add_test (tc, frames_of_one_message_have_times_of_their_own);
  return s;
}

GST_CHECK_MAIN (rtmp_src_media);
