/* SPDX-License-Identifier: MIT
 *
 * penstockfanout: joining, events, queries, flush, EOS, pads that come and go.
 * What happens to slow readers is in fanout-slow.c. */

#include "tests/support/fanout-reader.h"
#include "tests/support/threads.h"

GST_START_TEST (reader_that_joins_in_mid_gop_starts_at_its_keyframe)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, AUDIO_CAPS);

  test_fanout_push (&fanout, 0, 60, 25);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");
  TestReader *audio = test_reader_new (fanout.element, "src_0_1");
  test_reader_expect_range (video, 50, 60, TRUE);
  test_reader_expect_range (audio, 50, 60, TRUE);
  test_fanout_push (&fanout, 60, 62, 25);
  test_reader_expect_range (video, 60, 62, FALSE);
  test_reader_expect_range (audio, 60, 62, FALSE);
  assert_equals_uint64 (test_reader_stat (video, "joins"), 1);
  test_reader_free (video);
  test_reader_free (audio);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (reader_can_wait_for_the_next_keyframe)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);

  test_fanout_push (&fanout, 0, 10, 25);
  TestReader *video =
      test_reader_new_full (fanout.element, "src_0_0", TRUE, FALSE);
  gst_util_set_object_arg (G_OBJECT (video->src), "start", "keyframe");
  test_reader_link (video);
  /* Events come without data, so that it is known when it has joined. */
  test_reader_expect_event (video, GST_EVENT_SEGMENT);
  test_fanout_push (&fanout, 10, 30, 25);
  test_reader_expect_range (video, 25, 30, TRUE);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

/* Codecs of which each frame is a keyframe, whatever the flags say. */
static const gchar *const all_intra[] = { RAW_CAPS,
  "image/jpeg, width=(int)320, height=(int)240" };

GST_START_TEST (each_frame_is_a_sync_point)
{
  TestFanout fanout = test_fanout_new (all_intra[__i__], NULL);

  test_fanout_push (&fanout, 0, 60, 1000);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");
  test_reader_expect (video, 59, TRUE);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

/* Codecs whose keyframes are told by flags. */
static const gchar *const with_gops[] = { VIDEO_CAPS,
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au",
  "video/x-h265, stream-format=(string)hvc1, alignment=(string)au",
  "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu",
  "video/x-vp8", "video/x-vp9",
  "video/mpeg, mpegversion=(int)4, systemstream=(boolean)false" };

GST_START_TEST (each_codec_is_joined_at_a_keyframe)
{
  TestFanout fanout = test_fanout_new (with_gops[__i__], NULL);

  test_fanout_push (&fanout, 0, 30, 25);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");
  test_reader_expect_range (video, 25, 30, TRUE);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (each_reader_gets_sticky_events_in_order)
{
  static const GstEventType order[] = { GST_EVENT_STREAM_START, GST_EVENT_CAPS,
    GST_EVENT_SEGMENT, GST_EVENT_TAG };
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);

  gst_harness_push_event (fanout.video,
      gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "one", NULL)));
  gst_harness_push_event (fanout.video,
      gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "two", NULL)));
  test_fanout_push (&fanout, 0, 1, 25);
  for (guint i = 0; i < 2; i++) {
    TestReader *video = test_reader_new (fanout.element, "src_%u_%u");
    for (guint j = 0; j < G_N_ELEMENTS (order); j++) {
      g_autoptr (GstEvent) event =
          GST_EVENT_CAST (g_async_queue_pop (video->items));
      fail_unless_equals_int (GST_EVENT_TYPE (event), order[j]);
    }
    /* The first title has been replaced. */
    test_reader_expect (video, 0, TRUE);
    test_reader_free (video);
  }
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (events_among_the_data_keep_their_place)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");

  test_reader_expect_event (video, GST_EVENT_SEGMENT);
  test_fanout_push (&fanout, 0, 2, 25);
  gst_harness_push_event (
      fanout.video, gst_event_new_gap (2 * FRAME, 3 * FRAME));
  gst_harness_set_src_caps_str (fanout.video, OTHER_VIDEO_CAPS);
  test_fanout_push (&fanout, 5, 6, 5);
  test_reader_expect_range (video, 0, 2, TRUE);
  test_reader_expect_event (video, GST_EVENT_GAP);
  test_reader_expect_event (video, GST_EVENT_CAPS);
  test_reader_expect (video, 5, FALSE);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (new_caps_come_right_before_their_data)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video =
      test_reader_new_full (fanout.element, "src_0_0", FALSE, TRUE);
  g_autoptr (GstCaps) expected = gst_caps_from_string (OTHER_VIDEO_CAPS);
  GstCaps *caps;

  test_fanout_push (&fanout, 0, 3, 25);
  test_reader_wait_blocked (video);
  gst_harness_set_src_caps_str (fanout.video, OTHER_VIDEO_CAPS);
  test_fanout_push (&fanout, 3, 5, 3);
  test_reader_open (video, TRUE);
  test_reader_expect_range (video, 0, 3, TRUE);
  g_autoptr (GstEvent) event = test_reader_pull_event (video, GST_EVENT_CAPS);
  gst_event_parse_caps (event, &caps);
  fail_unless (gst_caps_is_equal (caps, expected));
  test_reader_expect_range (video, 3, 5, FALSE);

  /* Who joins later learns only what is so now. */
  TestReader *late = test_reader_new (fanout.element, "src_1_0");
  g_autoptr (GstEvent) first = test_reader_pull_event (late, GST_EVENT_CAPS);
  gst_event_parse_caps (first, &caps);
  fail_unless (gst_caps_is_equal (caps, expected));
  test_reader_expect_range (late, 3, 5, TRUE);
  test_reader_free (late);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (eos_comes_behind_all_data_also_to_who_joins_later)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *slow =
      test_reader_new_full (fanout.element, "src_0_0", FALSE, TRUE);

  test_fanout_push (&fanout, 0, 5, 25);
  gst_harness_push_event (fanout.video, gst_event_new_eos ());
  TestReader *late = test_reader_new (fanout.element, "src_1_0");
  test_reader_expect_range (late, 0, 5, TRUE);
  test_reader_expect_event (late, GST_EVENT_EOS);
  test_reader_open (slow, TRUE);
  test_reader_expect_range (slow, 0, 5, TRUE);
  test_reader_expect_event (slow, GST_EVENT_EOS);

  /* The next stream on the same pad is read on. */
  gst_harness_push_event (fanout.video, gst_event_new_stream_start ("next"));
  gst_harness_set_src_caps_str (fanout.video, VIDEO_CAPS);
  test_fanout_push (&fanout, 25, 27, 25);
  test_reader_expect_event (late, GST_EVENT_STREAM_START);
  test_reader_expect_range (late, 25, 27, FALSE);
  test_reader_expect_range (slow, 25, 27, FALSE);
  test_reader_free (slow);
  test_reader_free (late);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (audio_goes_on_and_is_joined_when_video_has_ended)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, AUDIO_CAPS);

  test_fanout_push (&fanout, 0, 10, 25);
  gst_harness_push_event (fanout.video, gst_event_new_eos ());
  for (guint i = 10; i < 200; i++)
    gst_harness_push (fanout.audio, test_fanout_buffer (i, 0));
  TestReader *audio = test_reader_new (fanout.element, "src_0_1");
  g_autoptr (GstBuffer) first = test_reader_pull (audio);
  /* Not all that came since the last keyframe, 8 s ago. */
  fail_unless (GST_BUFFER_PTS (first) + 2 * GST_SECOND > 199 * FRAME);
  test_reader_free (audio);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (flush_reaches_all_readers_and_waits_for_none)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, AUDIO_CAPS);
  TestReader *fast = test_reader_new (fanout.element, "src_0_0");
  TestReader *blocked =
      test_reader_new_full (fanout.element, "src_1_0", FALSE, TRUE);
  TestReader *audio = test_reader_new (fanout.element, "src_0_1");

  test_reader_expect_event (audio, GST_EVENT_SEGMENT);
  test_fanout_push (&fanout, 0, 5, 25);
  test_reader_expect_range (fast, 0, 5, TRUE);
  test_reader_wait_blocked (blocked);
  gst_harness_push_event (fanout.video, gst_event_new_flush_start ());
  test_reader_expect_event (fast, GST_EVENT_FLUSH_START);
  gst_harness_push_event (fanout.video, gst_event_new_flush_stop (TRUE));
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (fanout.video, gst_event_new_segment (&segment));
  test_reader_expect_event (fast, GST_EVENT_FLUSH_STOP);
  test_fanout_push (&fanout, 1, 2, 25);
  test_fanout_push (&fanout, 50, 52, 25);
  /* What was there before does not come again, and it begins at a keyframe. */
  test_reader_expect_event (fast, GST_EVENT_SEGMENT);
  test_reader_expect_range (fast, 50, 52, TRUE);

  test_reader_open (blocked, TRUE);
  gst_buffer_unref (test_reader_pull (blocked)); /* the one it refused */
  test_reader_expect_event (blocked, GST_EVENT_FLUSH_STOP);
  test_reader_expect_range (blocked, 50, 52, TRUE);
  /* The other stream has not been flushed. */
  test_reader_expect_range (audio, 0, 5, TRUE);
  test_reader_expect (audio, 1, FALSE);
  test_reader_expect_range (audio, 50, 52, FALSE);
  test_reader_free (fast);
  test_reader_free (blocked);
  test_reader_free (audio);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (time_that_steps_back_after_a_flush_is_read_on)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");

  for (guint round = 0; round < 2; round++) {
    test_reader_expect_event (video, GST_EVENT_SEGMENT);
    test_fanout_push (&fanout, 0, 60, 25);
    test_reader_expect_range (video, 0, 60, TRUE);
    gst_harness_push_event (fanout.video, gst_event_new_flush_start ());
    gst_harness_push_event (fanout.video, gst_event_new_flush_stop (TRUE));
    GstSegment segment;
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (fanout.video, gst_event_new_segment (&segment));
    test_reader_expect_event (video, GST_EVENT_FLUSH_STOP);
  }
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (pads_are_numbered_and_come_in_any_order)
{
  GstElement *element =
      gst_object_ref_sink (gst_element_factory_make ("penstockfanout", NULL));
  static const gchar *const asked[] = { "src_%u_%u", "src_4_1", "src_%u_%u",
    "sink_%u", "sink_%u", "sink_7" };
  static const gchar *const got[] = { "src_0_0", "src_4_1", "src_5_0", "sink_0",
    "sink_1", "sink_7" };

  for (guint i = 0; i < G_N_ELEMENTS (asked); i++) {
    g_autoptr (GstPad) pad = gst_element_request_pad_simple (element, asked[i]);
    fail_unless_equals_string (GST_PAD_NAME (pad), got[i]);
  }
  gst_object_unref (element);
}
GST_END_TEST;

GST_START_TEST (source_pad_can_come_before_its_stream)
{
  TestFanout fanout = test_fanout_new (NULL, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");

  fanout.video = test_fanout_add_input (fanout.element, "sink_0", VIDEO_CAPS);
  test_fanout_push (&fanout, 0, 3, 25);
  test_reader_expect_range (video, 0, 3, TRUE);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (stream_that_is_taken_away_ends_and_can_come_back)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");
  g_autoptr (GstPad) sink =
      gst_element_get_static_pad (fanout.element, "sink_0");

  test_fanout_push (&fanout, 0, 3, 25);
  gst_element_release_request_pad (fanout.element, sink);
  test_reader_expect_range (video, 0, 3, TRUE);
  test_reader_expect_event (video, GST_EVENT_EOS);
  g_autoptr (GstPad) again =
      gst_element_request_pad_simple (fanout.element, "sink_0");
  gst_harness_add_element_sink_pad (fanout.video, again);
  test_fanout_push (&fanout, 25, 27, 25);
  test_reader_expect_range (video, 25, 27, FALSE);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (pad_that_is_linked_again_joins_anew)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");

  test_fanout_push (&fanout, 0, 3, 25);
  test_reader_expect_range (video, 0, 3, TRUE);
  gst_pad_unlink (video->src, video->sink);
  test_fanout_push (&fanout, 3, 28, 25);
  test_reader_link (video);
  test_reader_expect_event (video, GST_EVENT_STREAM_START);
  test_reader_expect_range (video, 25, 28, TRUE);
  assert_equals_uint64 (test_reader_stat (video, "joins"), 2);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (reader_that_is_stopped_and_started_joins_anew)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");

  test_fanout_push (&fanout, 0, 3, 25);
  test_reader_expect_range (video, 0, 3, TRUE);
  gst_pad_set_active (video->sink, FALSE);
  test_fanout_push (&fanout, 3, 28, 25);
  while (!test_reader_state_is (video, "waiting"))
    g_thread_yield ();
  gst_pad_set_active (video->sink, TRUE);
  test_fanout_push (&fanout, 28, 30, 25);
  test_reader_expect_event (video, GST_EVENT_STREAM_START);
  test_reader_expect_event (video, GST_EVENT_CAPS);
  test_reader_expect_event (video, GST_EVENT_SEGMENT);
  /* The newest keyframe at the time it tried. */
  g_autoptr (GstBuffer) first = test_reader_pull (video);
  guint n = GST_BUFFER_PTS (first) / FRAME;
  assert_equals_int (n % 25, 0);
  fail_unless (GST_BUFFER_FLAG_IS_SET (first, GST_BUFFER_FLAG_DISCONT));
  test_reader_expect_range (video, n + 1, 30, FALSE);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (reader_whose_elements_fail_ends_alone)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *good = test_reader_new (fanout.element, "src_0_0");
  TestReader *bad = test_reader_new (fanout.element, "src_1_0");

  test_reader_set_flow (bad, GST_FLOW_NOT_NEGOTIATED);
  test_fanout_push (&fanout, 0, 3, 25);
  test_reader_expect_range (good, 0, 3, TRUE);
  test_reader_expect (bad, 0, TRUE);
  test_reader_expect_event (bad, GST_EVENT_EOS);
  gst_message_unref (gst_bus_timed_pop_filtered (
      fanout.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_WARNING));
  fail_if (gst_bus_pop_filtered (fanout.bus, GST_MESSAGE_ERROR));
  fail_unless (test_reader_state_is (bad, "failed"));
  test_fanout_push (&fanout, 3, 5, 25);
  test_reader_expect_range (good, 3, 5, FALSE);
  test_reader_free (good);
  test_reader_free (bad);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (reader_that_wants_no_more_is_done)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");

  test_reader_set_flow (video, GST_FLOW_EOS);
  test_fanout_push (&fanout, 0, 3, 25);
  test_reader_expect (video, 0, TRUE);
  test_reader_expect_event (video, GST_EVENT_EOS);
  fail_if (gst_bus_pop_filtered (
      fanout.bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING));
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (latency_is_that_of_the_input_and_what_a_reader_may_lag)
{
  TestFanout fanout = test_fanout_new (NULL, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");
  GstClockTime min, max;
  gboolean live;

  /* Without an input it can be asked already. */
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  fail_unless (gst_pad_query (video->src, query));
  fanout.video = test_fanout_add_input (fanout.element, "sink_0", VIDEO_CAPS);
  gst_harness_set_upstream_latency (fanout.video, 70 * GST_MSECOND);
  fail_unless (gst_pad_query (video->src, query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  assert_equals_uint64 (min, 70 * GST_MSECOND);
  fail_unless (
      max == GST_CLOCK_TIME_NONE || max == 70 * GST_MSECOND + 2 * GST_SECOND);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

static gboolean
refuse_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  ck_assert_msg (FALSE, "a reader is asked: %s", GST_QUERY_TYPE_NAME (query));
  return FALSE;
}

GST_START_TEST (input_depends_on_no_reader)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video =
      test_reader_new_full (fanout.element, "src_0_0", FALSE, TRUE);
  g_autoptr (GstCaps) caps = gst_caps_from_string (VIDEO_CAPS);
  g_autoptr (GstQuery) allocation = gst_query_new_allocation (caps, TRUE);
  g_autoptr (GstQuery) drain = gst_query_new_drain ();
  g_autoptr (GstCaps) wanted = NULL;

  test_fanout_push (&fanout, 0, 1, 25);
  test_reader_wait_blocked (video);
  gst_pad_set_query_function (video->sink, refuse_query);
  fail_if (gst_pad_peer_query (fanout.video->srcpad, allocation));
  fail_if (gst_pad_peer_query (fanout.video->srcpad, drain));
  wanted = gst_pad_peer_query_caps (fanout.video->srcpad, NULL);
  fail_unless (gst_caps_can_intersect (wanted, caps));
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (readers_can_ask_for_a_keyframe_but_not_seek)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");

  fail_if (gst_pad_push_event (video->sink,
      gst_event_new_seek (1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
          GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0)));
  fail_unless (gst_pad_push_event (
      video->sink, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 0.5, 0, 0)));
  fail_unless (gst_pad_push_event (video->sink,
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new_empty ("GstForceKeyUnit"))));
  guint n_custom = 0;
  for (GstEvent *event;
       (event = gst_harness_try_pull_upstream_event (fanout.video));) {
    n_custom += GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_UPSTREAM;
    fail_if (GST_EVENT_TYPE (event) == GST_EVENT_QOS);
    fail_if (GST_EVENT_TYPE (event) == GST_EVENT_SEEK);
    gst_event_unref (event);
  }
  assert_equals_int (n_custom, 1);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (a_pool_with_few_buffers_does_not_run_dry)
{
  TestFanout fanout = test_fanout_new (RAW_CAPS, NULL);
  g_autoptr (GstBufferPool) pool = gst_buffer_pool_new ();
  GstStructure *config = gst_buffer_pool_get_config (pool);

  gst_buffer_pool_config_set_params (config, NULL, 1000, 2, 2);
  fail_unless (gst_buffer_pool_set_config (pool, config));
  gst_buffer_pool_set_active (pool, TRUE);
  for (guint i = 0; i < 10; i++) {
    GstBufferPoolAcquireParams params = {
      .flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT
    };
    GstBuffer *buffer = NULL;
    fail_unless_equals_int (
        gst_buffer_pool_acquire_buffer (pool, &buffer, &params), GST_FLOW_OK);
    GST_BUFFER_PTS (buffer) = i * FRAME;
    gst_harness_push (fanout.video, buffer);
  }
  TestReader *video = test_reader_new (fanout.element, "src_0_0");
  test_reader_expect (video, 9, TRUE);
  test_reader_free (video);
  gst_buffer_pool_set_active (pool, FALSE);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (element_works_again_after_ready)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");

  for (guint round = 0; round < 3; round++) {
    test_fanout_push (&fanout, round * 100, round * 100 + 5, 25);
    test_reader_expect_range (video, round * 100, round * 100 + 5, TRUE);
    gst_element_set_state (fanout.element, GST_STATE_READY);
    g_autoptr (GstStructure) stats = NULL;
    g_object_get (fanout.element, "stats", &stats, NULL);
    assert_equals_uint64 (test_stats_get (stats, "cached-entries"), 0);
    gst_element_set_state (fanout.element, GST_STATE_PLAYING);
    gst_harness_push_event (fanout.video, gst_event_new_stream_start ("again"));
    g_autoptr (GstCaps) caps = gst_caps_from_string (VIDEO_CAPS);
    gst_harness_push_event (fanout.video, gst_event_new_caps (caps));
    GstSegment segment;
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (fanout.video, gst_event_new_segment (&segment));
  }
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

static gpointer
release (gpointer user_data)
{
  TestReader *reader = user_data;

  gst_element_release_request_pad (reader->element, reader->src);
  return NULL;
}

GST_START_TEST (pad_can_be_released_during_a_push)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, NULL);
  TestReader *other = test_reader_new (fanout.element, "src_0_0");
  TestReader *video =
      test_reader_new_full (fanout.element, "src_1_0", FALSE, TRUE);

  test_fanout_push (&fanout, 0, 2, 25);
  test_reader_wait_blocked (video);
  GThread *thread = g_thread_new ("release", release, video);
  /* While that waits for the push, others come and go and read. */
  test_fanout_push (&fanout, 2, 4, 25);
  test_reader_expect_range (other, 0, 4, TRUE);
  TestReader *third = test_reader_new (fanout.element, "src_2_0");
  test_reader_expect_range (third, 0, 4, TRUE);
  test_reader_free (third);
  test_reader_open (video, TRUE);
  g_thread_join (thread);
  fail_if (gst_object_has_as_parent (
      GST_OBJECT (video->src), GST_OBJECT (fanout.element)));
  test_fanout_push (&fanout, 4, 5, 25);
  test_reader_expect (other, 4, FALSE);
  test_reader_free (video);
  test_reader_free (other);
  test_fanout_free (&fanout);
}
GST_END_TEST;

#define N_READERS 100

static gpointer
feed (gpointer user_data)
{
  TestFanout *fanout = ((gpointer *) user_data)[0];
  gint *stop = ((gpointer *) user_data)[1];

  for (guint i = 0; !g_atomic_int_get (stop); i++) {
    test_fanout_push (fanout, i, i + 1, 25);
    g_thread_yield ();
  }
  return NULL;
}

GST_START_TEST (a_hundred_readers_come_and_go_while_it_plays)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, AUDIO_CAPS);
  TestReader *readers[N_READERS][2];
  gint stop = 0;
  gpointer data[] = { &fanout, &stop };
  GThread *thread = g_thread_new ("feed", feed, data);

  /* Ten at a time, each read and gone before the tenth after it comes. */
  for (guint i = 0; i < N_READERS + 10; i++) {
    if (i < N_READERS) {
      g_autofree gchar *video = g_strdup_printf ("src_%u_0", i);
      g_autofree gchar *audio = g_strdup_printf ("src_%u_1", i);
      readers[i][0] = test_reader_new (fanout.element, video);
      readers[i][1] = test_reader_new (fanout.element, audio);
    }
    for (guint j = 0; i >= 10 && j < 2; j++) {
      TestReader *reader = readers[i - 10][j];
      g_autoptr (GstBuffer) first = test_reader_pull (reader);
      fail_unless (GST_BUFFER_FLAG_IS_SET (first, GST_BUFFER_FLAG_DISCONT));
      if (j == 0)
        fail_if (GST_BUFFER_FLAG_IS_SET (first, GST_BUFFER_FLAG_DELTA_UNIT));
      test_reader_free (reader);
    }
  }
  g_atomic_int_set (&stop, 1);
  g_thread_join (thread);

  g_autoptr (GstStructure) stats = NULL;
  g_object_get (fanout.element, "stats", &stats, NULL);
  const GValue *left = gst_structure_get_value (stats, "readers");
  assert_equals_int (gst_value_array_get_size (left), 0);
  test_threads_assert_gone ("src_");
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (pipeline_with_a_blocked_reader_plays_on)
{
  g_autoptr (GstElement) pipeline =
      gst_parse_launch ("videotestsrc is-live=true num-buffers=30 ! "
                        "video/x-raw, width=64, height=48, framerate=60/1 ! "
                        "penstockfanout name=f src_1_0::max-lag=100000000 "
                        "f.src_0_0 ! fakesink name=a sync=false f.src_1_0 ! "
                        "fakesink name=b async=false "
                        "f.src_2_0 ! fakesink name=c sync=false",
          NULL);
  fail_unless (pipeline != NULL);
  g_autoptr (GstElement) b = gst_bin_get_by_name (GST_BIN (pipeline), "b");
  g_autoptr (GstElement) f = gst_bin_get_by_name (GST_BIN (pipeline), "f");
  g_autoptr (GstPad) src = gst_element_get_static_pad (f, "src_1_0");
  g_autoptr (GstPad) sink = gst_element_get_static_pad (b, "sink");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  static const gchar *const sinks[] = { "a", "c" };
  guint64 max_lag;

  g_object_get (src, "max-lag", &max_lag, NULL);
  assert_equals_uint64 (max_lag, 100 * GST_MSECOND);
  gulong probe = gst_pad_add_probe (
      sink, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, NULL, NULL, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < G_N_ELEMENTS (sinks); i++) {
    g_autoptr (GstElement) sink_element =
        gst_bin_get_by_name (GST_BIN (pipeline), sinks[i]);
    g_autoptr (GstPad) pad = gst_element_get_static_pad (sink_element, "sink");
    while (!GST_PAD_IS_EOS (pad))
      g_thread_yield ();
  }
  gst_pad_remove_probe (sink, probe);
  gst_message_unref (
      gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS));
  gst_element_set_state (pipeline, GST_STATE_NULL);
}
GST_END_TEST;

static Suite *
fanout_suite (void)
{
  Suite *s = suite_create ("fanout");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, reader_that_joins_in_mid_gop_starts_at_its_keyframe);
  tcase_add_test (tc, reader_can_wait_for_the_next_keyframe);
  tcase_add_loop_test (
      tc, each_frame_is_a_sync_point, 0, G_N_ELEMENTS (all_intra));
  tcase_add_loop_test (
      tc, each_codec_is_joined_at_a_keyframe, 0, G_N_ELEMENTS (with_gops));
  tcase_add_test (tc, each_reader_gets_sticky_events_in_order);
  tcase_add_test (tc, events_among_the_data_keep_their_place);
  tcase_add_test (tc, new_caps_come_right_before_their_data);
  tcase_add_test (tc, eos_comes_behind_all_data_also_to_who_joins_later);
  tcase_add_test (tc, audio_goes_on_and_is_joined_when_video_has_ended);
  tcase_add_test (tc, flush_reaches_all_readers_and_waits_for_none);
  tcase_add_test (tc, time_that_steps_back_after_a_flush_is_read_on);
  tcase_add_test (tc, pads_are_numbered_and_come_in_any_order);
  tcase_add_test (tc, source_pad_can_come_before_its_stream);
  tcase_add_test (tc, stream_that_is_taken_away_ends_and_can_come_back);
  tcase_add_test (tc, pad_that_is_linked_again_joins_anew);
  tcase_add_test (tc, reader_that_is_stopped_and_started_joins_anew);
  tcase_add_test (tc, reader_whose_elements_fail_ends_alone);
  tcase_add_test (tc, reader_that_wants_no_more_is_done);
  tcase_add_test (tc, latency_is_that_of_the_input_and_what_a_reader_may_lag);
  tcase_add_test (tc, input_depends_on_no_reader);
  tcase_add_test (tc, readers_can_ask_for_a_keyframe_but_not_seek);
  tcase_add_test (tc, a_pool_with_few_buffers_does_not_run_dry);
  tcase_add_test (tc, element_works_again_after_ready);
  tcase_add_test (tc, pad_can_be_released_during_a_push);
  tcase_add_test (tc, a_hundred_readers_come_and_go_while_it_plays);
  tcase_add_test (tc, pipeline_with_a_blocked_reader_plays_on);
  return s;
}

GST_CHECK_MAIN (fanout);
