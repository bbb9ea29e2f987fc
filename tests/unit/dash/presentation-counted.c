/* SPDX-License-Identifier: MIT
 *
 * A presentation whose regular segments players count. */

#include "../../support/presentation-rig.h"

static void
start_counted (Rig *rig)
{
  PresentationSettings settings = defaults;

  settings.timeline = FALSE;
  rig_start_with (rig, &settings);
}

/* Microseconds of UTC where the presentation's time is @seconds. */
static gint64
utc_us (gdouble seconds)
{
  return (NEW_YEAR + PRESENTATION_MARGIN) / 1000 +
      (gint64) (seconds * G_USEC_PER_SEC);
}

static void
tick (Rig *rig, gint64 now_us)
{
  GQueue changes = G_QUEUE_INIT;

  presentation_tick (rig->presentation, now_us, &changes);
  rig_apply (rig, &changes);
}

/* One more row after rig_feed (rig, 0, 4.1, 50), which left the tracks there. */
static void
complete_row (Rig *rig)
{
  rig_push (rig, 1, 6 * GST_SECOND, 200, 0);
  for (guint i = 103; i <= 151; i++)
    rig_push (rig, 0, i * FRAME, 1000, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
}

GST_START_TEST (regular_segments_are_counted_from_the_first_on)
{
  Rig rig;

  start_counted (&rig);
  rig_feed (&rig, 0, 2.1, 50);
  rig_assert_in_mpd (&rig,
      "presentationTimeOffset=\"0\" duration=\"180000\" startNumber=\"10\"");
  rig_assert_in_mpd (&rig,
      "presentationTimeOffset=\"0\" duration=\"96000\" startNumber=\"10\"");
  assert_equals_int (rig_count_in_mpd (&rig, "SegmentTimeline"), 0);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (an_mpd_that_counts_stays_as_it_is)
{
  Rig rig;
  g_autofree gchar *before = NULL;

  start_counted (&rig);
  rig_feed (&rig, 0, 20, 50);
  before = g_strdup (rig.mpd);
  rig_feed (&rig, 20, 74.2, 50);
  assert_equals_string (rig.mpd, before);
  rig_assert_in_mpd (&rig, " startNumber=\"10\"");
  rig_assert_in_mpd (&rig, " timeShiftBufferDepth=\"PT60S\"");
  fail_unless (g_hash_table_contains (rig.files, "v0/45.m4s"));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_window_short_of_bytes_is_announced_as_short_as_it_is)
{
  PresentationSettings settings = defaults;
  Rig rig;
  gdouble window;

  settings.timeline = FALSE;
  settings.max_bytes = 500 * 1000; /* a row is about 70 kB */
  rig_start_with (&rig, &settings);
  rig_feed (&rig, 0, 60, 50);
  rig_assert_in_mpd (&rig, " startNumber=\"10\"");
  window =
      g_ascii_strtod (strstr (rig.mpd, "timeShiftBufferDepth=\"PT") + 24, NULL);
  fail_unless (window >= 6 && window <= 14, "%g s", window);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_segment_of_another_length_begins_a_period_that_lists)
{
  Rig rig;

  start_counted (&rig);
  rig_feed (&rig, 0, 6, 50);
  assert_equals_int (rig_count_in_mpd (&rig, "SegmentTimeline"), 0);
  rig_feed (&rig, 6, 14.1, 100);
  /* 10 to 12 are there, up to 17 are counted in the 10 s after them. */
  rig_assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225600.05S\">");
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\" r=\"2\"/>");
  rig_assert_in_mpd (&rig, "<Period id=\"p19\" start=\"PT1767225606.05S\">");
  rig_assert_in_mpd (&rig, "<S t=\"540000\" d=\"360000\" r=\"1\"/>");
  assert_equals_int (rig_count_in_mpd (&rig, " duration=\""), 0);
  assert_equals_int (rig_count_in_mpd (&rig, "period-continuity"), 2);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_break_ends_counting_exactly_and_leaves_numbers_out)
{
  Rig rig;

  start_counted (&rig);
  rig_feed (&rig, 0, 3, 50);
  rig_feed (&rig, 10, 12.1, 50);
  rig_assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT3S\">");
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\"/>");
  rig_assert_in_mpd (&rig, "<S d=\"90000\"/>");
  rig_assert_in_mpd (&rig, "<Period id=\"p21\" start=\"PT1767225610.05S\">");
  rig_assert_in_mpd (&rig, "duration=\"180000\" startNumber=\"21\"");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (segments_are_listed_once_the_next_is_overdue)
{
  Rig rig;
  gint64 due = utc_us (6) + PRESENTATION_PATIENCE / 1000;

  start_counted (&rig);
  rig_feed (&rig, 0, 4.1, 50);
  assert_equals_int64 (presentation_get_deadline (rig.presentation), due);
  tick (&rig, due - 1);
  assert_equals_int (rig_count_in_mpd (&rig, "SegmentTimeline"), 0);
  tick (&rig, due);
  rig_assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225600.05S\">");
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\" r=\"1\"/>");
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"96256\" r=\"1\"/>");
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (an_overdue_segment_goes_on_with_its_period)
{
  Rig rig;

  start_counted (&rig);
  rig_feed (&rig, 0, 4.1, 50);
  tick (&rig, utc_us (8));
  complete_row (&rig);
  assert_equals_int (rig_count_in_mpd (&rig, "<Period "), 1);
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\" r=\"2\"/>");
  fail_unless (g_hash_table_contains (rig.files, "v0/12.m4s"));
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_source_that_returns_is_counted_again_with_other_numbers)
{
  Rig rig;

  start_counted (&rig);
  rig_feed (&rig, 0, 4, 50);
  tick (&rig, utc_us (7));
  rig_feed (&rig, 30, 32.1, 50);
  rig_assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT4S\">");
  rig_assert_in_mpd (&rig, "<Period id=\"p31\" start=\"PT1767225630.05S\">");
  rig_assert_in_mpd (&rig, "duration=\"180000\" startNumber=\"31\"");
  assert_equals_int64 (presentation_get_deadline (rig.presentation),
      utc_us (34) + PRESENTATION_PATIENCE / 1000);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (withdrawn_numbers_are_left_out_as_well)
{
  Rig rig;

  start_counted (&rig);
  rig_feed (&rig, 0, 4.1, 50);
  rig_forget (&rig, 0);
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  complete_row (&rig);
  rig_assert_in_mpd (&rig, "<Period id=\"p18\" start=\"PT1767225604.05S\">");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (numbers_are_left_out_up_to_the_present)
{
  Rig rig;

  start_counted (&rig);
  rig_feed (&rig, 0, 4.1, 50);
  rig_forget (&rig, 0);
  rig.now_us = utc_us (30); /* the row is old */
  complete_row (&rig);
  rig_assert_in_mpd (&rig, "<Period id=\"p31\" start=\"PT1767225604.05S\">");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_end_lists_what_was_counted)
{
  Rig rig;

  start_counted (&rig);
  rig_feed (&rig, 0, 3, 50);
  rig_end (&rig);
  rig_assert_in_mpd (&rig, " type=\"static\"");
  rig_assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT3S\">");
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\"/>");
  rig_assert_in_mpd (&rig, "<S d=\"90000\"/>");
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (listed_segments_have_no_deadline)
{
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 0, 4.1, 50);
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  rig_stop (&rig);
}
GST_END_TEST;

static Suite *
presentation_counted_suite (void)
{
  Suite *suite = suite_create ("presentation-counted");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, regular_segments_are_counted_from_the_first_on);
  tcase_add_test (tc, an_mpd_that_counts_stays_as_it_is);
  tcase_add_test (tc, a_window_short_of_bytes_is_announced_as_short_as_it_is);
  tcase_add_test (tc, a_segment_of_another_length_begins_a_period_that_lists);
  tcase_add_test (tc, a_break_ends_counting_exactly_and_leaves_numbers_out);
  tcase_add_test (tc, segments_are_listed_once_the_next_is_overdue);
  tcase_add_test (tc, an_overdue_segment_goes_on_with_its_period);
  tcase_add_test (
      tc, a_source_that_returns_is_counted_again_with_other_numbers);
  tcase_add_test (tc, withdrawn_numbers_are_left_out_as_well);
  tcase_add_test (tc, numbers_are_left_out_up_to_the_present);
  tcase_add_test (tc, the_end_lists_what_was_counted);
  tcase_add_test (tc, listed_segments_have_no_deadline);
  return suite;
}

GST_CHECK_MAIN (presentation_counted);
