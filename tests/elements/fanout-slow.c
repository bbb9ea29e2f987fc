/* SPDX-License-Identifier: MIT
 *
 * penstockfanout: readers that lag, by policy and limit, and what others notice
 * of them: nothing. */

#include "tests/support/fanout-reader.h"

/* A reader of both streams whose video blocks at frame 0 or is slow. */
typedef struct {
  TestFanout fanout;
  TestReader *video, *audio, *other;
} Slow;

/* @property: NULL, or one of the reader with its @value. */
static Slow
slow_new (const gchar *policy, const gchar *property, const gchar *value)
{
  Slow slow = { .fanout = test_fanout_new (VIDEO_CAPS, AUDIO_CAPS) };

  slow.video =
      test_reader_new_full (slow.fanout.element, "src_0_0", FALSE, TRUE);
  slow.audio = test_reader_new (slow.fanout.element, "src_0_1");
  slow.other = test_reader_new (slow.fanout.element, "src_1_0");
  gst_util_set_object_arg (G_OBJECT (slow.video->src), "policy", policy);
  if (property)
    gst_util_set_object_arg (G_OBJECT (slow.video->src), property, value);
  /* Media comes here faster than in life; this reader must not be slow. */
  gst_util_set_object_arg (G_OBJECT (slow.other->src), "max-lag", "0");
  /* Told all that comes before data, they have joined. */
  test_reader_expect_event (slow.audio, GST_EVENT_SEGMENT);
  test_reader_expect_event (slow.other, GST_EVENT_SEGMENT);
  test_fanout_push (&slow.fanout, 0, 1, 25);
  test_reader_wait_blocked (slow.video);
  return slow;
}

static void
slow_free (Slow *slow)
{
  test_reader_free (slow->video);
  test_reader_free (slow->audio);
  test_reader_free (slow->other);
  test_fanout_free (&slow->fanout);
}

/* Each limit by itself lets the reader skip: 3 GOPs of 25 frames of 1000 bytes
 * and as much audio have come meanwhile. */
static const struct {
  const gchar *property, *value;
  gboolean skips;
} limits[] = {
  { "max-lag", "1000000000", TRUE },
  { "max-lag", "2100000000", FALSE },
  { "max-lag-bytes", "90000", TRUE },
  { "max-lag-bytes", "110000", FALSE },
  { "max-lag-entries", "90", TRUE },
  { "max-lag-entries", "110", FALSE },
};

GST_START_TEST (slow_reader_skips_to_the_newest_keyframe_beyond_its_limit)
{
  const gboolean skips = limits[__i__].skips;
  Slow slow =
      slow_new ("skip-to-keyframe", "max-lag", "0" /* only the row's limit */);

  gst_util_set_object_arg (
      G_OBJECT (slow.video->src), limits[__i__].property, limits[__i__].value);
  test_fanout_push (&slow.fanout, 1, 60, 25);
  test_reader_expect_range (slow.other, 0, 60, TRUE);
  test_reader_expect_range (slow.audio, 0, 60, TRUE);

  test_reader_open (slow.video, TRUE);
  test_reader_expect (slow.video, 0, TRUE);
  if (skips)
    test_reader_expect_range (slow.video, 50, 60, TRUE);
  else
    test_reader_expect_range (slow.video, 1, 60, FALSE);
  assert_equals_uint64 (
      test_reader_stat (slow.video, "skipped-lag"), skips ? 49 : 0);
  assert_equals_uint64 (test_reader_stat (slow.video, "skips"), skips ? 1 : 0);
  assert_equals_uint64 (test_reader_stat (slow.audio, "skips"), 0);
  assert_equals_uint64 (test_reader_stat (slow.other, "skips"), 0);
  slow_free (&slow);
}
GST_END_TEST;

GST_START_TEST (caps_of_skipped_frames_are_not_missed)
{
  Slow slow = slow_new ("skip-to-keyframe", "max-lag", "1000000000");
  g_autoptr (GstCaps) expected = gst_caps_from_string (OTHER_VIDEO_CAPS);
  GstCaps *caps;

  test_fanout_push (&slow.fanout, 1, 25, 25);
  gst_harness_set_src_caps_str (slow.fanout.video, OTHER_VIDEO_CAPS);
  test_fanout_push (&slow.fanout, 25, 60, 25);
  test_reader_open (slow.video, TRUE);
  test_reader_expect (slow.video, 0, TRUE);
  g_autoptr (GstEvent) event =
      test_reader_pull_event (slow.video, GST_EVENT_CAPS);
  gst_event_parse_caps (event, &caps);
  fail_unless (gst_caps_is_equal (caps, expected));
  test_reader_expect_range (slow.video, 50, 60, TRUE);
  slow_free (&slow);
}
GST_END_TEST;

GST_START_TEST (pictures_that_no_other_refers_to_go_first)
{
  Slow slow = slow_new ("drop-non-reference-first", "max-lag", "2000000000");

  test_fanout_push (&slow.fanout, 1, 61, 100);
  test_reader_open (slow.video, TRUE);
  test_reader_expect (slow.video, 0, TRUE);
  /* More than 1 s behind frame 60 are those before 35; odd ones are droppable. */
  for (guint i = 2; i < 35; i += 2)
    test_reader_expect (slow.video, i, FALSE);
  test_reader_expect_range (slow.video, 35, 61, FALSE);
  assert_equals_uint64 (
      test_reader_stat (slow.video, "skipped-non-reference"), 17);
  assert_equals_uint64 (test_reader_stat (slow.video, "skips"), 0);
  slow_free (&slow);
}
GST_END_TEST;

/* The state that a reader's element message tells. */
static void
expect_message (Slow *slow, const gchar *state)
{
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      slow->fanout.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_ELEMENT);
  const GstStructure *structure = gst_message_get_structure (message);
  guint reader = G_MAXUINT;

  fail_unless (gst_structure_has_name (structure, "penstock-fanout-reader"));
  fail_unless (gst_structure_get_uint (structure, "reader", &reader));
  assert_equals_int (reader, 0);
  fail_unless_equals_string (
      gst_structure_get_string (structure, "state"), state);
  fail_if (gst_bus_pop_filtered (slow->fanout.bus, GST_MESSAGE_ELEMENT));
}

GST_START_TEST (policy_audio_only_ends_video_and_keeps_audio)
{
  Slow slow = slow_new ("audio-only", "max-lag", "1000000000");

  test_fanout_push (&slow.fanout, 1, 60, 25);
  test_reader_open (slow.video, TRUE);
  test_reader_expect (slow.video, 0, TRUE);
  test_reader_expect_event (slow.video, GST_EVENT_EOS);
  expect_message (&slow, "audio-only");
  test_fanout_push (&slow.fanout, 60, 80, 25);
  test_reader_expect_range (slow.audio, 0, 80, TRUE);
  test_reader_expect_range (slow.other, 0, 80, TRUE);
  fail_unless (test_reader_state_is (slow.video, "audio-only"));
  slow_free (&slow);
}
GST_END_TEST;

GST_START_TEST (policy_disconnect_is_told_while_the_reader_is_blocked)
{
  Slow slow = slow_new ("disconnect", "max-lag", "1000000000");

  test_fanout_push (&slow.fanout, 1, 60, 25);
  expect_message (&slow, "disconnected");
  test_reader_open (slow.video, TRUE);
  test_reader_expect (slow.video, 0, TRUE);
  test_reader_expect_event (slow.video, GST_EVENT_EOS);
  /* The whole reader ends, others do not. */
  for (gboolean ended = FALSE; !ended;) {
    GstMiniObject *item = g_async_queue_pop (slow.audio->items);
    ended = GST_IS_EVENT (item) && GST_EVENT_TYPE (item) == GST_EVENT_EOS;
    gst_mini_object_unref (item);
  }
  test_reader_expect_range (slow.other, 0, 60, TRUE);
  fail_unless (test_reader_state_is (slow.audio, "disconnected"));
  slow_free (&slow);
}
GST_END_TEST;

GST_START_TEST (policy_disconnect_spares_a_joiner_at_the_head_of_a_long_gop)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, AUDIO_CAPS);

  gst_util_set_object_arg (G_OBJECT (fanout.element), "policy", "disconnect");
  gst_util_set_object_arg (G_OBJECT (fanout.element), "max-lag", "1000000000");
  test_fanout_push (&fanout, 0, 250, 250);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");
  TestReader *audio = test_reader_new (fanout.element, "src_0_1");
  test_reader_expect_range (video, 0, 250, TRUE);
  test_reader_expect_range (audio, 0, 250, TRUE);
  test_reader_free (video);
  test_reader_free (audio);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (blocked_reader_costs_no_memory_and_resumes_at_a_keyframe)
{
  Slow slow = slow_new ("skip-to-keyframe", NULL, NULL);
  g_autoptr (GstStructure) stats = NULL;

  g_object_set (slow.fanout.element, "cache-entries", 200, NULL);
  test_reader_expect (slow.other, 0, TRUE);
  for (guint i = 1; i < 1010; i++) {
    test_fanout_push (&slow.fanout, i, i + 1, 25);
    test_reader_expect (slow.other, i, FALSE);
  }
  g_object_get (slow.fanout.element, "stats", &stats, NULL);
  ck_assert_uint_le (test_stats_get (stats, "cached-entries"), 200);
  test_reader_open (slow.video, TRUE);
  test_reader_expect (slow.video, 0, TRUE);
  test_reader_expect_range (slow.video, 1000, 1010, TRUE);
  ck_assert_uint_gt (test_reader_stat (slow.video, "skipped-overrun"), 900);
  slow_free (&slow);
}
GST_END_TEST;

GST_START_TEST (what_waits_for_a_reader_is_told)
{
  Slow slow = slow_new ("skip-to-keyframe", NULL, NULL);
  g_autoptr (GstStructure) stats = NULL;
  gboolean found = FALSE;

  test_fanout_push (&slow.fanout, 1, 11, 25);
  assert_equals_uint64 (test_reader_stat (slow.video, "queued-entries"), 10);
  assert_equals_uint64 (test_reader_stat (slow.video, "queued-bytes"), 10000);
  /* From the next it reads, audio 0 included, to the newest. */
  ck_assert_uint_ge (test_reader_stat (slow.video, "lag"), 9 * FRAME);
  test_reader_expect_range (slow.audio, 0, 11, TRUE);

  g_object_get (slow.fanout.element, "stats", &stats, NULL);
  const GValue *readers = gst_structure_get_value (stats, "readers");
  assert_equals_int (gst_value_array_get_size (readers), 2);
  for (guint i = 0; i < 2; i++) {
    const GstStructure *reader =
        gst_value_get_structure (gst_value_array_get_value (readers, i));
    if (test_stats_get (reader, "reader") != 0)
      continue;
    found = TRUE;
    ck_assert_uint_ge (test_stats_get (reader, "queued-entries"), 10);
    fail_unless_equals_string (
        gst_structure_get_string (reader, "state"), "reading");
  }
  fail_unless (found);
  slow_free (&slow);
}
GST_END_TEST;

GST_START_TEST (a_silent_stream_is_not_slow)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, AUDIO_CAPS);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");
  TestReader *audio = test_reader_new (fanout.element, "src_0_1");

  gst_util_set_object_arg (G_OBJECT (video->src), "policy", "disconnect");
  test_fanout_push (&fanout, 0, 1, 25);
  test_reader_expect (audio, 0, TRUE);
  GstHarness *silent = g_steal_pointer (&fanout.audio);
  for (guint i = 1; i < 1000; i++) {
    test_fanout_push (&fanout, i, i + 1, 25);
    test_reader_expect (video, i - 1, i == 1);
  }
  fanout.audio = silent;
  gst_harness_push (silent, test_fanout_buffer (999, 0));
  test_reader_expect (audio, 999, FALSE);
  fail_if (gst_bus_pop_filtered (fanout.bus, GST_MESSAGE_ELEMENT));
  test_reader_free (video);
  test_reader_free (audio);
  test_fanout_free (&fanout);
}
GST_END_TEST;

/* Without video the limits count from the newest. */
static const struct {
  const gchar *property, *value;
} audio_limits[] = {
  { "max-audio-lag", "400000000" },
  { "max-lag-bytes", "11000" },
  { "max-lag-entries", "11" },
};

GST_START_TEST (slow_reader_of_audio_alone_skips_to_its_limit)
{
  TestFanout fanout = test_fanout_new (NULL, AUDIO_CAPS);
  TestReader *audio =
      test_reader_new_full (fanout.element, "src_0_1", FALSE, TRUE);

  gst_util_set_object_arg (G_OBJECT (audio->src), audio_limits[__i__].property,
      audio_limits[__i__].value);
  test_fanout_push (&fanout, 0, 1, 1);
  test_reader_wait_blocked (audio);
  test_fanout_push (&fanout, 1, 50, 1);
  test_reader_open (audio, TRUE);
  test_reader_expect (audio, 0, TRUE);
  test_reader_expect_range (audio, 39, 50, TRUE);
  assert_equals_uint64 (test_reader_stat (audio, "skipped-audio"), 38);
  test_reader_free (audio);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (slow_reader_of_raw_video_goes_on_with_the_newest_frame)
{
  TestFanout fanout = test_fanout_new (RAW_CAPS, NULL);
  TestReader *video =
      test_reader_new_full (fanout.element, "src_0_0", FALSE, TRUE);

  gst_util_set_object_arg (G_OBJECT (video->src), "max-lag", "200000000");
  test_fanout_push (&fanout, 0, 1, 1);
  test_reader_wait_blocked (video);
  test_fanout_push (&fanout, 1, 50, 1);
  test_reader_open (video, TRUE);
  test_reader_expect (video, 0, TRUE);
  test_reader_expect (video, 49, TRUE);
  test_reader_free (video);
  test_fanout_free (&fanout);
}
GST_END_TEST;

GST_START_TEST (settings_of_a_pad_are_those_of_its_reader)
{
  TestFanout fanout = test_fanout_new (VIDEO_CAPS, AUDIO_CAPS);
  guint entries = 0;

  g_object_set (fanout.element, "max-lag-entries", 7, NULL);
  TestReader *video = test_reader_new (fanout.element, "src_0_0");
  g_object_set (fanout.element, "max-lag-entries", 8, NULL);
  TestReader *other = test_reader_new (fanout.element, "src_1_0");
  g_object_get (video->src, "max-lag-entries", &entries, NULL);
  assert_equals_int (entries, 7);
  g_object_set (video->src, "max-lag-entries", 9, NULL);
  TestReader *audio = test_reader_new (fanout.element, "src_0_1");
  g_object_get (audio->src, "max-lag-entries", &entries, NULL);
  assert_equals_int (entries, 9);
  g_object_get (other->src, "max-lag-entries", &entries, NULL);
  assert_equals_int (entries, 8);
  test_reader_free (video);
  test_reader_free (audio);
  test_reader_free (other);
  test_fanout_free (&fanout);
}
GST_END_TEST;

static Suite *
fanout_slow_suite (void)
{
  Suite *s = suite_create ("fanout-slow");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc,
      slow_reader_skips_to_the_newest_keyframe_beyond_its_limit, 0,
      G_N_ELEMENTS (limits));
  tcase_add_test (tc, caps_of_skipped_frames_are_not_missed);
  tcase_add_test (tc, pictures_that_no_other_refers_to_go_first);
  tcase_add_test (tc, policy_audio_only_ends_video_and_keeps_audio);
  tcase_add_test (tc, policy_disconnect_is_told_while_the_reader_is_blocked);
  tcase_add_test (
      tc, policy_disconnect_spares_a_joiner_at_the_head_of_a_long_gop);
  tcase_add_test (tc, blocked_reader_costs_no_memory_and_resumes_at_a_keyframe);
  tcase_add_test (tc, what_waits_for_a_reader_is_told);
  tcase_add_test (tc, a_silent_stream_is_not_slow);
  tcase_add_loop_test (tc, slow_reader_of_audio_alone_skips_to_its_limit, 0,
      G_N_ELEMENTS (audio_limits));
  tcase_add_test (tc, slow_reader_of_raw_video_goes_on_with_the_newest_frame);
  tcase_add_test (tc, settings_of_a_pad_are_those_of_its_reader);
  return s;
}

GST_CHECK_MAIN (fanout_slow);
