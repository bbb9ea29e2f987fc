/* SPDX-License-Identifier: MIT
 *
 * penstockdashsink: what enters on its pads, and what becomes of it. What the
 * segmenter and the presentation decide is tested with them (tests/unit/dash). */

#include "../support/dash-rig.h"

GST_START_TEST (samples_are_the_access_units_byte_for_byte)
{
  static const gchar *const bframes[] = { VIDEO ("120", "width=160, height=120",
                                              "0"),
    VIDEO ("120", "width=160, height=120", "3") };
  g_autoptr (Media) video = media_encode (bframes[__i__]);
  g_autoptr (Media) audio = media_encode (AUDIO ("223"));
  Rig rig;

  rig_start (&rig, video, audio);
  rig_feed (&rig, video, audio, 0);
  rig_end (&rig);
  rig_assert_mpd (&rig, "<Period ", 1);
  rig_assert_samples (&rig, "v0", 10, video, 90000, 0);
  rig_assert_samples (&rig, "a0", 10, audio, 48000, 1);
  rig_stop (&rig);
}
GST_END_TEST;

static void
collect_demuxed (GstElement *demux, GstPad *pad, GstElement *sink)
{
  g_autoptr (GstPad) sinkpad = gst_element_get_static_pad (sink, "sink");

  gst_pad_link (pad, sinkpad);
}

GST_START_TEST (another_demuxer_reads_what_was_pushed)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "2"));
  g_autoptr (GstElement) pipeline =
      gst_parse_launch ("appsrc name=in ! qtdemux name=demux "
                        "appsink name=out sync=false async=false",
          NULL);
  g_autoptr (GstElement) in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  g_autoptr (GstElement) demux =
      gst_bin_get_by_name (GST_BIN (pipeline), "demux");
  static const gchar *const paths[] = { "v0/init-10.mp4", "v0/10.m4s",
    "v0/11.m4s" };
  GstClockTime moved = 0;
  Rig rig;

  rig_start (&rig, video, NULL);
  rig_feed (&rig, video, NULL, 0);
  rig_end (&rig);
  g_signal_connect (demux, "pad-added", G_CALLBACK (collect_demuxed), out);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (GBytes) bytes = rig_read_file (&rig, paths[i]);

    g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (bytes);
    GstFlowReturn ret;

    g_signal_emit_by_name (in, "push-buffer", buffer, &ret);
  }
  {
    GstFlowReturn ret;

    g_signal_emit_by_name (in, "end-of-stream", &ret);
  }
  for (guint i = 0; i < video->buffers->len; i++) {
    g_autoptr (GstSample) sample = media_pull (out);
    GstBuffer *expected = g_ptr_array_index (video->buffers, i);
    GstBuffer *found;
    GstMapInfo map;

    fail_unless (sample != NULL, "only %u samples", i);
    found = gst_sample_get_buffer (sample);
    gst_buffer_map (found, &map, GST_MAP_READ);
    assert_equals_uint64 (map.size, gst_buffer_get_size (expected));
    fail_unless (gst_buffer_memcmp (expected, 0, map.data, map.size) == 0);
    gst_buffer_unmap (found, &map);
    if (i == 0) /* qtdemux moves all so that no time of decoding is later */
      moved = GST_BUFFER_PTS (found);
    assert_equals_uint64 (
        GST_BUFFER_PTS (found), GST_BUFFER_PTS (expected) + moved);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (video_alone_and_audio_alone_are_presentations)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) audio = media_encode (AUDIO ("141"));
  Rig rig;

  rig_start (&rig, video, NULL);
  rig_feed (&rig, video, NULL, 0);
  rig_assert_mpd (&rig, "<AdaptationSet ", 1);
  rig_assert_mpd (&rig, "contentType=\"video\"", 1);
  rig_stop (&rig);

  rig_start (&rig, NULL, audio);
  rig_feed (&rig, NULL, audio, 0);
  rig_assert_mpd (&rig, "<AdaptationSet ", 1);
  rig_assert_mpd (&rig, "contentType=\"audio\"", 1);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_change_of_caps_begins_a_period)
{
  g_autoptr (Media) small =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) large =
      media_encode (VIDEO ("75", "width=320, height=240", "0"));
  Rig rig;

  rig_start (&rig, small, NULL);
  rig_feed (&rig, small, NULL, 0);
  gst_harness_set_src_caps (rig.video, gst_caps_ref (large->caps));
  rig_feed (&rig, large, NULL, 3 * GST_SECOND);
  rig_end (&rig);
  rig_assert_mpd (&rig, "<Period ", 2);
  rig_assert_mpd (&rig, "width=\"160\" height=\"120\"", 1);
  rig_assert_mpd (&rig, "width=\"320\" height=\"240\"", 1);
  rig_assert_mpd (&rig, "start=\"PT1767225603.05S\" duration=\"PT3S\"", 1);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_discontinuity_begins_a_period_of_both_tracks)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) audio = media_encode (AUDIO ("141"));
  Rig rig;

  rig_start (&rig, video, audio);
  rig_feed (&rig, video, audio, 0);
  GST_BUFFER_FLAG_SET ((GstBuffer *) g_ptr_array_index (video->buffers, 0),
      GST_BUFFER_FLAG_DISCONT);
  GST_BUFFER_FLAG_SET ((GstBuffer *) g_ptr_array_index (audio->buffers, 0),
      GST_BUFFER_FLAG_DISCONT);
  rig_feed (&rig, video, audio, 20 * GST_SECOND);
  rig_end (&rig);
  rig_assert_mpd (&rig, "<Period ", 2);
  rig_assert_mpd (&rig, "start=\"PT1767225600.05S\" duration=\"PT3S\"", 1);
  rig_assert_mpd (&rig, "start=\"PT1767225620.05S\"", 1);
  rig_assert_mpd (&rig, "<AdaptationSet id=\"101\"", 2);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_gap_event_lets_video_go_on)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) audio = media_encode (AUDIO ("40"));
  Rig rig;

  rig_start (&rig, video, audio);
  rig_feed (&rig, video, audio, 0);
  rig_assert_mpd (&rig, "<S ", 0);
  gst_harness_push_event (
      rig.audio, gst_event_new_gap (GST_SECOND, GST_SECOND));
  rig_assert_mpd (&rig, "<S ", 2);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_segment_event_decides_the_time)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  GstSegment segment;
  Rig rig;

  rig_start (&rig, video, NULL);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 3600 * GST_SECOND;
  segment.base = 7 * GST_SECOND;
  gst_harness_push_event (rig.video, gst_event_new_segment (&segment));
  rig_feed (&rig, video, NULL, 3600 * GST_SECOND);
  rig_assert_mpd (&rig, "start=\"PT1767225607.05S\"", 1);
  rig_assert_mpd (&rig, "presentationTimeOffset=\"630000\"", 1);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_stream_that_dash_cannot_carry_is_an_error_with_its_name)
{
  static const struct {
    const gchar *pad, *caps, *expected;
  } rows[] = {
    { "audio_0",
        "audio/mpeg, mpegversion=4, stream-format=raw, framed=true, "
        "rate=48000, "
        "channels=2",
        "codec_data is missing" },
    { "video_0",
        "video/x-h264, stream-format=avc, alignment=au, width=16, height=16",
        "codec_data is missing" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstMessage) message = NULL;
    g_autoptr (GError) error = NULL;
    GstHarness *h;
    Rig rig;

    rig_start (&rig, NULL, NULL);
    h = gst_harness_new_with_element (rig.sink, rows[i].pad, NULL);
    gst_element_set_bus (rig.sink, rig.bus);
    gst_harness_set_src_caps_str (h, rows[i].caps);
    message = rig_pop (&rig, GST_MESSAGE_ERROR);
    fail_unless (message != NULL);
    gst_message_parse_error (message, &error, NULL);
    fail_unless (strstr (error->message, rows[i].expected) != NULL, "%s",
        error->message);
    gst_harness_teardown (h);
    rig_stop (&rig);
  }
}
GST_END_TEST;

GST_START_TEST (a_pad_that_went_makes_room_for_another)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (GstPad) second = NULL;
  Rig rig;

  rig_start_with (&rig, video, NULL, "low-latency", TRUE, NULL);
  rig_feed (&rig, video, NULL, 0);
  fail_if (gst_element_request_pad_simple (rig.sink, "video_%u"));
  {
    g_autoptr (GstPad) pad = gst_element_get_static_pad (rig.sink, "video_0");
    g_autoptr (GstPad) peer = gst_pad_get_peer (pad);

    gst_pad_unlink (peer, pad);
  }
  second = gst_element_request_pad_simple (rig.sink, "video_%u");
  fail_unless (second != NULL);
  gst_element_release_request_pad (rig.sink, second);
  rig_stop (&rig);
}
GST_END_TEST;

/* The second video has @late pictures less, and so other keyframes. */
static void
feed_two (Rig *rig, GstHarness *second, const Media *large, const Media *small,
    guint late)
{
  for (guint i = 0; i < large->buffers->len; i++) {
    rig_push (rig->video, large, i, 0);
    if (i + late < small->buffers->len)
      rig_push (second, small, i, late * 40 * GST_MSECOND);
  }
}

GST_START_TEST (two_videos_are_representations_of_one_set)
{
  g_autoptr (Media) large =
      media_encode (VIDEO ("125", "width=160, height=120", "0"));
  g_autoptr (Media) small =
      media_encode (VIDEO ("125", "width=80, height=60", "0"));
  GstHarness *second;
  Rig rig;

  rig_start_with (&rig, large, NULL, "hls", TRUE, NULL);
  second = rig_harness (rig.sink, "video_1", small);
  feed_two (&rig, second, large, small, 0);
  rig_end (&rig);
  gst_harness_push_event (second, gst_event_new_eos ());
  rig_assert_mpd (&rig, "<Period ", 1);
  rig_assert_mpd (&rig, "<AdaptationSet ", 1);
  rig_assert_mpd (&rig, "maxWidth=\"160\" maxHeight=\"120\"", 1);
  rig_assert_mpd (&rig, "<Representation id=\"v0\"", 1);
  rig_assert_mpd (&rig, "<Representation id=\"v1\"", 1);
  rig_assert_samples (&rig, "v0", 10, large, 90000, 0);
  rig_assert_samples (&rig, "v1", 10, small, 90000, 0);
  {
    g_autoptr (GBytes) bytes = rig_read_file (&rig, "master.m3u8");
    g_autofree gchar *text =
        g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

    fail_unless_equals_int (count_text (text, "#EXT-X-STREAM-INF"), 2);
  }
  gst_harness_teardown (second);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_video_with_other_keyframes_is_left_out_with_a_warning)
{
  g_autoptr (Media) large =
      media_encode (VIDEO ("225", "width=160, height=120", "0"));
  g_autoptr (Media) small =
      media_encode (VIDEO ("225", "width=80, height=60", "0"));
  g_autoptr (GstMessage) message = NULL;
  GstHarness *second;
  Rig rig;

  rig_start (&rig, large, NULL);
  second = rig_harness (rig.sink, "video_1", small);
  feed_two (&rig, second, large, small, 20);
  rig_assert_mpd (&rig, "<Representation id=\"v0\"", 1);
  rig_assert_mpd (&rig, "<Representation id=\"v1\"", 0);
  message = gst_bus_pop_filtered (rig.bus, GST_MESSAGE_WARNING);
  fail_unless (message != NULL);
  fail_if (gst_bus_have_pending (rig.bus) &&
      gst_bus_pop_filtered (rig.bus, GST_MESSAGE_WARNING));
  gst_harness_teardown (second);
  rig_stop (&rig);
}
GST_END_TEST;

/* ---- pipelines ---- */

static void
run (const gchar *description, gboolean to_the_end)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, &error);
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  fail_unless (pipeline != NULL, "%s", error ? error->message : "?");
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  if (to_the_end) {
    message = gst_bus_timed_pop_filtered (
        bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    assert_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

GST_START_TEST (sources_that_are_not_live_arrive_together)
{
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get (STORE);
  g_autofree gchar *mpd = NULL;

  run (VIDEO ("150", "width=160, height=120", "2") " ! penstockdashsink "
                                                   "name=d store=" STORE
                                                   " " AUDIO ("282") " ! d.",
      TRUE);
  mpd = rig_read_mpd (store);
  assert_equals_int (count_text (mpd, "<Period "), 1);
  assert_equals_int (count_text (mpd, "<AdaptationSet "), 2);
  assert_equals_int (count_text (mpd, "duration=\"PT6S\""), 1);
}
GST_END_TEST;

GST_START_TEST (going_down_ends_a_wait_for_the_other_track)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      AUDIO ("-1") " ! penstockdashsink name=d store=" STORE
                   " appsrc name=silent format=time caps=\"video/x-h264, "
                   "stream-format=avc, alignment=au\" ! d.",
      &error);
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GstPad) pad = NULL;

  fail_unless (pipeline != NULL, "%s", error ? error->message : "?");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "d");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  pad = gst_element_get_static_pad (sink, "audio_0");
  while (!gst_pad_has_current_caps (pad))
    g_thread_yield ();
  gst_element_set_state (pipeline, GST_STATE_NULL); /* returns */
}
GST_END_TEST;

static Suite *
dash_sink_suite (void)
{
  Suite *suite = suite_create ("dash-sink");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, samples_are_the_access_units_byte_for_byte, 0, 2);
  tcase_add_test (tc, another_demuxer_reads_what_was_pushed);
  tcase_add_test (tc, video_alone_and_audio_alone_are_presentations);
  tcase_add_test (tc, a_change_of_caps_begins_a_period);
  tcase_add_test (tc, a_discontinuity_begins_a_period_of_both_tracks);
  tcase_add_test (tc, a_gap_event_lets_video_go_on);
  tcase_add_test (tc, the_segment_event_decides_the_time);
  tcase_add_test (
      tc, a_stream_that_dash_cannot_carry_is_an_error_with_its_name);
  tcase_add_test (tc, a_pad_that_went_makes_room_for_another);
  tcase_add_test (tc, two_videos_are_representations_of_one_set);
  tcase_add_test (tc, a_video_with_other_keyframes_is_left_out_with_a_warning);
  tcase_add_test (tc, sources_that_are_not_live_arrive_together);
  tcase_add_test (tc, going_down_ends_a_wait_for_the_other_track);
  return suite;
}

GST_CHECK_MAIN (dash_sink);
