/* SPDX-License-Identifier: MIT
 *
 * penstockdashsink over time: start, end, a second run, old segments, and the
 * alarm while players count segments. */

#include "../support/dash-rig.h"

GST_START_TEST (without_a_place_to_write_it_does_not_start)
{
  GstElement *sink = gst_element_factory_make ("penstockdashsink", NULL);

  gst_object_ref_sink (sink);
  assert_equals_int (
      gst_element_set_state (sink, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  g_object_set (sink, "directory", "/dev/null/x", NULL);
  assert_equals_int (
      gst_element_set_state (sink, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (sink, GST_STATE_NULL);
  gst_object_unref (sink);
}
GST_END_TEST;

GST_START_TEST (the_end_is_static_and_told_once_all_streams_ended)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) audio = media_encode (AUDIO ("141"));
  g_autoptr (GstMessage) message = NULL;
  Rig rig;

  rig_start (&rig, video, audio);
  rig_feed (&rig, video, audio, 0);
  gst_harness_push_event (rig.video, gst_event_new_eos ());
  fail_if (rig_pop (&rig, GST_MESSAGE_EOS));
  rig_assert_mpd (&rig, "type=\"dynamic\"", 1);
  gst_harness_push_event (rig.audio, gst_event_new_eos ());
  rig_assert_mpd (&rig, "type=\"static\"", 1);
  message = rig_pop (&rig, GST_MESSAGE_EOS);
  fail_unless (message != NULL);
  fail_if (rig_pop (&rig, GST_MESSAGE_EOS));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_end_before_playing_is_told_when_playing)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (GstMessage) message = NULL;
  Rig rig;

  rig_start (&rig, video, NULL);
  gst_element_set_state (rig.sink, GST_STATE_PAUSED);
  rig_feed (&rig, video, NULL, 0);
  rig_end (&rig);
  fail_if (rig_pop (&rig, GST_MESSAGE_EOS));
  gst_element_set_state (rig.sink, GST_STATE_PLAYING);
  message = rig_pop (&rig, GST_MESSAGE_EOS);
  fail_unless (message != NULL);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (an_end_after_a_flush_is_told_again)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  Rig rig;

  rig_start (&rig, video, NULL);
  rig_feed (&rig, video, NULL, 0);
  for (guint i = 0; i < 2; i++) {
    rig_end (&rig);
    g_autoptr (GstMessage) message = rig_pop (&rig, GST_MESSAGE_EOS);
    fail_unless (message != NULL);
    gst_harness_push_event (rig.video, gst_event_new_flush_start ());
    gst_harness_push_event (rig.video, gst_event_new_flush_stop (TRUE));
  }
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_second_run_goes_on_with_its_numbers)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  GstSegment segment;
  Rig rig;

  rig_start (&rig, video, NULL);
  rig_feed (&rig, video, NULL, 0);
  rig_end (&rig);
  rig_assert_mpd (&rig, "startNumber=\"10\"", 1);
  gst_element_set_state (rig.sink, GST_STATE_READY);
  gst_element_set_state (rig.sink, GST_STATE_PLAYING);
  gst_harness_push_event (rig.video, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (rig.video, gst_event_new_stream_start ("again"));
  gst_harness_push_event (rig.video, gst_event_new_caps (video->caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (rig.video, gst_event_new_segment (&segment));
  rig_feed (&rig, video, NULL, 3 * GST_SECOND);
  rig_assert_mpd (&rig, "<Period ", 1);
  rig_assert_mpd (&rig, "startNumber=\"12\"", 1);
  rig_assert_samples (&rig, "v0", 10, video, 90000, 0); /* still served */
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (old_segments_leave_memory)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("50", "width=160, height=120", "0"));
  guint64 bytes = 0;
  Rig rig;

  rig_start (&rig, video, NULL);
  g_object_set (rig.sink, "window", (guint64) 0, NULL);
  gst_element_set_state (rig.sink, GST_STATE_READY);
  gst_element_set_state (rig.sink, GST_STATE_PLAYING);
  gst_harness_push_event (rig.video, gst_event_new_caps (video->caps));
  gst_harness_push_event (rig.video,
      gst_event_new_segment (&(GstSegment){ .rate = 1.0,
          .applied_rate = 1.0,
          .format = GST_FORMAT_TIME,
          .stop = GST_CLOCK_TIME_NONE,
          .duration = GST_CLOCK_TIME_NONE }));
  for (guint i = 0; i < 60; i++) {
    rig_feed (&rig, video, NULL, i * 2 * GST_SECOND);
    if (i == 20)
      bytes = penstock_segment_store_get_bytes (rig.store);
  }
  fail_unless (penstock_segment_store_get_bytes (rig.store) <= bytes + 3000);
  rig_assert_mpd (&rig, "<S ", 1);
  rig_stop (&rig);
}
GST_END_TEST;

/* ---- segments that players count ---- */

static void
start_counted (Rig *rig, const Media *video, GstClockTime wall_clock)
{
  GstSegment segment;

  rig_start (rig, video, NULL);
  gst_element_set_state (rig->sink, GST_STATE_READY);
  gst_util_set_object_arg (G_OBJECT (rig->sink), "addressing", "auto");
  g_object_set (rig->sink, "wall-clock", wall_clock, NULL);
  gst_element_set_state (rig->sink, GST_STATE_PLAYING);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (rig->video, gst_event_new_caps (video->caps));
  gst_harness_push_event (rig->video, gst_event_new_segment (&segment));
}

typedef struct {
  GMutex lock;
  GCond changed;
  guint n_counted, n_listed; /* MPDs */
} Seen;

static void
see (PenstockSegmentStore *store, const gchar *path, Seen *seen)
{
  g_autofree gchar *mpd = NULL;

  if (!g_str_equal (path, "manifest.mpd"))
    return;
  mpd = rig_read_mpd (store);
  g_mutex_lock (&seen->lock);
  if (strstr (mpd, "<SegmentTimeline>"))
    seen->n_listed++;
  else
    seen->n_counted++;
  g_cond_broadcast (&seen->changed);
  g_mutex_unlock (&seen->lock);
}

GST_START_TEST (counting_ends_without_media_when_the_next_segment_is_overdue)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("51", "width=160, height=120", "0"));
  Seen seen = { 0 };
  Rig rig;

  start_counted (&rig, video, (guint64) 1767225600 * GST_SECOND);
  g_mutex_init (&seen.lock);
  g_cond_init (&seen.changed);
  g_signal_connect (rig.store, "changed", G_CALLBACK (see), &seen);
  rig_feed (&rig, video, NULL, 0);
  g_mutex_lock (&seen.lock);
  while (seen.n_listed == 0)
    g_cond_wait (&seen.changed, &seen.lock);
  fail_unless_equals_int (seen.n_counted, 1);
  g_mutex_unlock (&seen.lock);
  rig_assert_mpd (&rig, "<S t=\"0\" d=\"180000\"/>", 1);
  rig_assert_mpd (&rig, "type=\"dynamic\"", 1);
  g_signal_handlers_disconnect_by_func (rig.store, see, &seen);
  rig_stop (&rig);
  g_mutex_clear (&seen.lock);
  g_cond_clear (&seen.changed);
}
GST_END_TEST;

GST_START_TEST (going_down_while_segments_are_counted_leaves_nothing)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("51", "width=160, height=120", "0"));
  Rig rig;

  start_counted (&rig, video, g_get_real_time () * GST_USECOND);
  rig_feed (&rig, video, NULL, 0);
  rig_assert_mpd (&rig, "SegmentTimeline", 0);
  rig_assert_mpd (&rig, "duration=\"180000\" startNumber=\"10\"", 1);
  rig_stop (&rig);
}
GST_END_TEST;

static Suite *
dash_life_suite (void)
{
  Suite *suite = suite_create ("dash-life");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, without_a_place_to_write_it_does_not_start);
  tcase_add_test (tc, the_end_is_static_and_told_once_all_streams_ended);
  tcase_add_test (tc, the_end_before_playing_is_told_when_playing);
  tcase_add_test (tc, an_end_after_a_flush_is_told_again);
  tcase_add_test (tc, a_second_run_goes_on_with_its_numbers);
  tcase_add_test (tc, old_segments_leave_memory);
  tcase_add_test (
      tc, counting_ends_without_media_when_the_next_segment_is_overdue);
  tcase_add_test (tc, going_down_while_segments_are_counted_leaves_nothing);
  return suite;
}

GST_CHECK_MAIN (dash_life);
