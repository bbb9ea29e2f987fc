/* SPDX-License-Identifier: MIT
 *
 * penstockrtmpsink: what it makes of buffers, and how it behaves in a
 * pipeline. Players are our own session; the way back is penstockrtmpsrc. */

#include <gst/check/gstcheck.h>
#include <netinet/in.h>

#include "../support/rtmp-peer.h"
#include "tests/support/hex.h"

#define HVCC                                                                   \
  "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff016000" \
  "00030090000003000003001e95940921000100294201010160000003009000000300000300" \
  "1"                                                                          \
  "ea01020496595964932bc05a0200000030020000003032122000100074401c172b42240"
#define H264_CAPS                                                              \
  "video/x-h264, stream-format=avc, alignment=au, codec_data=(buffer)0142"
#define H265_CAPS                                                              \
  "video/x-h265, stream-format=hvc1, alignment=au, codec_data=(buffer)" HVCC
#define AAC_CAPS                                                               \
  "audio/mpeg, mpegversion=4, stream-format=raw, rate=48000, channels=2, "     \
  "codec_data=(buffer)1190"

typedef struct {
  GstElement *pipeline, *sink;
  GstPad *video, *audio; /* source pads of the test, linked */
  guint port;
} Fixture;

static GstPad *
link_pad (Fixture *f, const gchar *name)
{
  GstPad *sink = gst_element_request_pad_simple (f->sink, name);
  GstPad *source = gst_pad_new (name, GST_PAD_SRC);

  fail_unless (sink != NULL);
  fail_unless_equals_int (gst_pad_link (source, sink), GST_PAD_LINK_OK);
  gst_pad_set_active (source, TRUE);
  gst_object_unref (sink);
  return source;
}

static gboolean
send_caps (GstPad *pad, const gchar *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);

  return gst_pad_push_event (pad, gst_event_new_caps (caps));
}

static void
send_head (GstPad *pad, const gchar *caps)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 1000 * GST_SECOND; /* running time 0 */
  gst_pad_push_event (pad, gst_event_new_stream_start (GST_PAD_NAME (pad)));
  fail_unless (send_caps (pad, caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

static void
fixture_play (Fixture *f)
{
  fail_unless (gst_element_set_state (f->pipeline, GST_STATE_PLAYING) !=
      GST_STATE_CHANGE_FAILURE);
  g_object_get (f->sink, "port", &f->port, NULL);
  fail_unless (f->port != 0);
}

static void
fixture_init_with (Fixture *f, const gchar *video_caps, guint cache_max_entries)
{
  f->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  f->sink = gst_element_factory_make ("penstockrtmpsink", NULL);
  fail_unless (f->sink != NULL);
  g_object_set (f->sink, "location", "rtmp://127.0.0.1:0/live/one",
      "cache-max-entries", cache_max_entries, NULL);
  gst_bin_add (GST_BIN (f->pipeline), f->sink);
  f->video = link_pad (f, "video_0");
  f->audio = link_pad (f, "audio_0");
  fixture_play (f);
  send_head (f->video, video_caps);
  send_head (f->audio, AAC_CAPS);
}

static void
fixture_init (Fixture *f, const gchar *video_caps)
{
  fixture_init_with (f, video_caps, 4096);
}

static void
fixture_clear (Fixture *f)
{
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_pad_set_active (f->video, FALSE);
  gst_pad_set_active (f->audio, FALSE);
  gst_object_unref (f->video);
  gst_object_unref (f->audio);
  gst_object_unref (f->pipeline);
}

/* Times in milliseconds since the segment's start; @dts < 0: none. */
static GstFlowReturn
push (GstPad *pad, const gchar *hex, gint pts, gint dts, gboolean key)
{
  g_autoptr (GBytes) bytes = bytes_from_hex (hex);
  GstBuffer *buffer = gst_buffer_new_wrapped_bytes (bytes);

  GST_BUFFER_PTS (buffer) = 1000 * GST_SECOND + pts * GST_MSECOND;
  if (dts >= 0)
    GST_BUFFER_DTS (buffer) = 1000 * GST_SECOND + dts * GST_MSECOND;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return gst_pad_push (pad, buffer);
}

static RtmpPeer *
play (Fixture *f)
{
  RtmpPeer *peer = rtmp_peer_new_player (f->port, "live", "one");
  gint event = rtmp_peer_next (peer);

  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
  event = rtmp_peer_next (peer); /* |RtmpSampleAccess */
  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_MESSAGE);
  event = rtmp_peer_next (peer); /* onMetaData */
  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_MESSAGE);
  fail_unless_equals_int (peer->message->type, PENSTOCK_RTMP_DATA);
  return peer;
}

static void
expect (RtmpPeer *peer, guint8 type, guint timestamp, const gchar *hex)
{
  g_autoptr (GBytes) bytes = bytes_from_hex (hex);
  gint event = rtmp_peer_next (peer);

  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_MESSAGE);
  fail_unless_equals_int (peer->message->type, type);
  fail_unless_equals_int (peer->message->timestamp, timestamp);
  g_autoptr (GBytes) got =
      g_bytes_new (peer->message->data, peer->message->size);
  fail_unless (g_bytes_equal (got, bytes), "not %s", hex);
}

static void
expect_video (RtmpPeer *peer, guint timestamp, const gchar *hex)
{
  expect (peer, PENSTOCK_RTMP_VIDEO, timestamp, hex);
}

static void
expect_audio (RtmpPeer *peer, guint timestamp, const gchar *hex)
{
  expect (peer, PENSTOCK_RTMP_AUDIO, timestamp, hex);
}

static void
expect_message (Fixture *f, GstMessageType type)
{
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (f->pipeline));
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (bus, RTMP_PEER_WAIT_S * GST_SECOND, type);

  fail_unless (message != NULL);
}

/* Timestamps are decoding times since the first frame. */
GST_START_TEST (buffers_become_messages)
{
  Fixture f;

  fixture_init (&f, H264_CAPS);
  push (f.video, "65 01", 580, 500, TRUE);
  push (f.audio, "21 02", 510, -1, TRUE);
  push (f.video, "41 03", 540, 540, FALSE);
  RtmpPeer *peer = play (&f);
  expect_video (peer, 0, "17 00 000000 0142");
  expect_audio (peer, 0, "af 00 1190");
  expect_video (peer, 0, "17 01 000050 65 01");
  expect_audio (peer, 10, "af 01 21 02");
  expect_video (peer, 40, "27 01 000000 41 03");
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* A late audio track may begin before the first video frame; times never go
 * back on a track. */
GST_START_TEST (times_never_go_back)
{
  Fixture f;

  fixture_init (&f, H264_CAPS);
  push (f.video, "65 01", 500, 500, TRUE);
  push (f.audio, "21 02", 400, -1, TRUE);
  push (f.video, "41 03", 480, 480, FALSE);
  push (f.video, "41 04", 540, 520, FALSE);
  RtmpPeer *peer = play (&f);
  expect_video (peer, 0, "17 00 000000 0142");
  expect_audio (peer, 0, "af 00 1190");
  expect_video (peer, 0, "17 01 000000 65 01");
  expect_audio (peer, 0, "af 01 21 02");
  expect_video (peer, 0, "27 01 000000 41 03");
  expect_video (peer, 20, "27 01 000014 41 04");
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (new_caps_are_told)
{
  Fixture f;

  fixture_init (&f, H264_CAPS);
  push (f.video, "65 01", 0, 0, TRUE);
  RtmpPeer *peer = play (&f);
  expect_video (peer, 0, "17 00 000000 0142");
  expect_audio (peer, 0, "af 00 1190");
  expect_video (peer, 0, "17 01 000000 65 01");
  fail_unless (send_caps (f.video,
      "video/x-h264, stream-format=avc, alignment=au, "
      "codec_data=(buffer)0164"));
  push (f.video, "65 02", 40, 40, TRUE);
  gint event = rtmp_peer_next (peer);
  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_MESSAGE);
  fail_unless_equals_int (peer->message->type, PENSTOCK_RTMP_DATA);
  expect_video (peer, 40, "17 00 000000 0164");
  expect_video (peer, 40, "17 01 000000 65 02");
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (caps_without_configuration_are_refused)
{
  Fixture f;

  fixture_init (&f, H264_CAPS);
  send_caps (f.video, "video/x-h264, stream-format=avc, alignment=au");
  fail_unless_equals_int (
      push (f.video, "65 01", 0, 0, TRUE), GST_FLOW_NOT_NEGOTIATED);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (one_track_of_a_kind)
{
  Fixture f;

  fixture_init (&f, H264_CAPS);
  fail_unless (gst_element_request_pad_simple (f.sink, "video_1") == NULL);
  g_autoptr (GstPad) pad = gst_pad_get_peer (f.video);
  gst_element_release_request_pad (f.sink, pad);
  GstPad *again = gst_element_request_pad_simple (f.sink, "video_1");
  fail_unless (again != NULL);
  gst_object_unref (again);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (end_is_told_and_the_stream_can_begin_again)
{
  Fixture f;

  fixture_init (&f, H264_CAPS);
  push (f.video, "65 01", 0, 0, TRUE);
  RtmpPeer *peer = play (&f);
  expect_video (peer, 0, "17 00 000000 0142");
  expect_audio (peer, 0, "af 00 1190");
  gst_pad_push_event (f.video, gst_event_new_eos ());
  push (f.audio, "21 02", 0, -1, TRUE);
  gst_pad_push_event (f.audio, gst_event_new_eos ());
  expect_message (&f, GST_MESSAGE_EOS);
  expect_video (peer, 0, "17 01 000000 65 01");
  expect_audio (peer, 0, "af 01 21 02");
  fail_unless_equals_int (rtmp_peer_next (peer), PENSTOCK_RTMP_EVENT_END);
  rtmp_peer_free (peer);

  gst_element_set_state (f.pipeline, GST_STATE_READY);
  fixture_play (&f);
  gst_pad_push_event (f.video, gst_event_new_flush_start ());
  gst_pad_push_event (f.video, gst_event_new_flush_stop (TRUE));
  send_head (f.video, H264_CAPS);
  fail_unless_equals_int (push (f.video, "65 05", 0, 0, TRUE), GST_FLOW_OK);
  peer = play (&f);
  expect_video (peer, 0, "17 00 000000 0142");
  expect_video (peer, 0, "17 01 000000 65 05");
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* The whole group is given up, never a part of it. */
GST_START_TEST (cache_is_bounded)
{
  Fixture f;

  fixture_init_with (&f, H264_CAPS, 3);
  push (f.video, "65 01", 0, 0, TRUE);
  for (guint i = 1; i <= 3; i++)
    push (f.video, "41 02", 40 * i, 40 * i, FALSE);
  RtmpPeer *peer = rtmp_peer_new_player (f.port, "live", "one");
  gint event = rtmp_peer_next (peer);
  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
  push (f.video, "41 03", 160, 160, FALSE);
  push (f.video, "65 04", 200, 200, TRUE);
  for (guint i = 0; i < 2; i++) { /* |RtmpSampleAccess, onMetaData */
    event = rtmp_peer_next (peer);
    fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_MESSAGE);
  }
  expect_video (peer, 200, "17 00 000000 0142");
  expect_audio (peer, 200, "af 00 1190");
  expect_video (peer, 200, "17 01 000000 65 04");
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

static const gchar *const bad_locations[] = { NULL, "http://127.0.0.1/live",
  "rtmp://127.0.0.1:0", "rtmp://127.0.0.1:0/a/../b" };

GST_START_TEST (bad_location_is_an_error)
{
  Fixture f = { .pipeline = gst_object_ref_sink (gst_pipeline_new (NULL)),
    .sink = gst_element_factory_make ("penstockrtmpsink", NULL) };

  g_object_set (f.sink, "location", bad_locations[__i__], NULL);
  gst_bin_add (GST_BIN (f.pipeline), f.sink);
  fail_unless_equals_int (gst_element_set_state (f.pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_FAILURE);
  expect_message (&f, GST_MESSAGE_ERROR);
  gst_element_set_state (f.pipeline, GST_STATE_NULL);
  gst_object_unref (f.pipeline);
}
GST_END_TEST;

GST_START_TEST (stats_count_players_and_bytes)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 total = 0, sent = 0;
  Fixture f;

  fixture_init (&f, H264_CAPS);
  push (f.video, "65 01", 0, 0, TRUE);
  RtmpPeer *peer = play (&f);
  expect_video (peer, 0, "17 00 000000 0142");
  expect_audio (peer, 0, "af 00 1190");
  expect_video (peer, 0, "17 01 000000 65 01");
  g_object_get (f.sink, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, "readers-total", &total));
  fail_unless (gst_structure_get_uint64 (stats, "bytes-sent", &sent));
  fail_unless_equals_uint64 (total, 1);
  /* Counted after the write that we have just read. */
  fail_unless (sent == 0 || sent == 12 + 7);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* --- back through our own source ------------------------------------------ */

static void
take_pad (GstElement *source, GstPad *pad, GstElement *sink)
{
  g_autoptr (GstPad) into = gst_element_get_static_pad (sink, "sink");

  if (g_str_has_prefix (GST_PAD_NAME (pad), "video"))
    gst_pad_link (pad, into);
}

GST_START_TEST (h265_arrives_as_it_was)
{
  g_autoptr (GstElement) player = gst_object_ref_sink (gst_pipeline_new (NULL));
  GstElement *source = gst_element_factory_make ("penstockrtmpsrc", NULL);
  GstElement *sink = gst_element_factory_make ("appsink", NULL);
  g_autoptr (GstCaps) wanted = gst_caps_from_string (H265_CAPS);
  GstSample *sample = NULL;
  Fixture f;

  fixture_init (&f, H265_CAPS);
  /* One IDR slice. */
  push (f.video, "00000004 26 01 af 08", 80, 0, TRUE);
  g_autofree gchar *location =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/one", f.port);
  gst_util_set_object_arg (G_OBJECT (source), "role", "client");
  g_object_set (source, "location", location, NULL);
  g_object_set (sink, "sync", FALSE, NULL);
  gst_bin_add_many (GST_BIN (player), source, sink, NULL);
  g_signal_connect (source, "pad-added", G_CALLBACK (take_pad), sink);
  gst_element_set_state (player, GST_STATE_PLAYING);
  g_signal_emit_by_name (
      sink, "try-pull-sample", RTMP_PEER_WAIT_S * GST_SECOND, &sample);
  fail_unless (sample != NULL);
  const GstStructure *got =
      gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  const GstStructure *sent = gst_caps_get_structure (wanted, 0);
  assert_equals_string (gst_structure_get_name (got), "video/x-h265");
  fail_unless_equals_int (
      gst_value_compare (gst_structure_get_value (got, "codec_data"),
          gst_structure_get_value (sent, "codec_data")),
      GST_VALUE_EQUAL);
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  fail_unless_equals_uint64 (
      GST_BUFFER_PTS (buffer) - GST_BUFFER_DTS (buffer), 80 * GST_MSECOND);
  gst_sample_unref (sample);
  gst_element_set_state (player, GST_STATE_NULL);
  fixture_clear (&f);
}
GST_END_TEST;

static Suite *
rtmp_sink_suite (void)
{
  Suite *suite = suite_create ("rtmp-sink");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, buffers_become_messages);
  tcase_add_test (tcase, times_never_go_back);
  tcase_add_test (tcase, new_caps_are_told);
  tcase_add_test (tcase, caps_without_configuration_are_refused);
  tcase_add_test (tcase, one_track_of_a_kind);
  tcase_add_test (tcase, cache_is_bounded);
  tcase_add_test (tcase, end_is_told_and_the_stream_can_begin_again);
  tcase_add_loop_test (
      tcase, bad_location_is_an_error, 0, G_N_ELEMENTS (bad_locations));
  tcase_add_test (tcase, stats_count_players_and_bytes);
  tcase_add_test (tcase, h265_arrives_as_it_was);
  return suite;
}

GST_CHECK_MAIN (rtmp_sink);
