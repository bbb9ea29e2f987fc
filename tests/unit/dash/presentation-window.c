/* SPDX-License-Identifier: MIT
 *
 * The files of a presentation: how long they are listed and kept, over
 * restarts and after failures too. */

#include "../../support/presentation-rig.h"

GST_START_TEST (segments_leave_the_mpd_first_and_the_disk_later)
{
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 0, 62.2, 50); /* 31 rows: the window is full */
  rig_assert_in_mpd (&rig, " startNumber=\"10\"");
  rig_feed (&rig, 62.2, 62.2, 50);
  rig_stop (&rig);

  rig_start (&rig);
  rig_feed (&rig, 0, 64.2, 50);
  rig_assert_in_mpd (&rig, " startNumber=\"11\"");
  rig_assert_in_mpd (&rig, "<S t=\"180000\" d=\"180000\"");
  fail_unless (g_hash_table_contains (rig.files, "v0/10.m4s"));
  rig_stop (&rig);

  /* Row 10 ends at 2 s: kept for window + segment + 10 s after that. */
  rig_start (&rig);
  rig_feed (&rig, 0, 74.2, 50);
  fail_unless (g_hash_table_contains (rig.files, "v0/10.m4s"));
  rig_feed (&rig, 76, 78.2, 50);
  fail_if (g_hash_table_contains (rig.files, "v0/10.m4s"));
  fail_if (g_hash_table_contains (rig.files, "a0/10.m4s"));
  fail_unless (g_hash_table_contains (rig.files, "v0/init-10.mp4"));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (how_long_segments_stay_after_the_window_can_be_set)
{
  /* Row 10 ends at 2 s, the window is 60 s and a segment 2 s long. */
  const struct {
    GstClockTime retention;
    gdouble there, gone;
  } rows[] = {
    { 0, 64, 66.2 },
    { 1, 70, 72.2 }, /* three segments */
    { 20 * GST_SECOND, 84, 86.2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    PresentationSettings settings = defaults;
    Rig rig;

    settings.retention = rows[i].retention;
    rig_start_with (&rig, &settings);
    rig_feed (&rig, 0, rows[i].there - 0.04, 50);
    fail_unless (g_hash_table_contains (rig.files, "v0/10.m4s"), "row %u", i);
    rig_stop (&rig);

    rig_start_with (&rig, &settings);
    rig_feed (&rig, 0, rows[i].gone, 50);
    fail_if (g_hash_table_contains (rig.files, "v0/10.m4s"), "row %u", i);
    fail_unless (g_hash_table_contains (rig.files, "v0/11.m4s"), "row %u", i);
    rig_stop (&rig);
  }
}
GST_END_TEST;

GST_START_TEST (what_is_kept_stays_and_becomes_a_recording)
{
  PresentationSettings settings = defaults;
  Rig rig;

  settings.keep = TRUE;
  settings.max_bytes = 1000 * 1000;
  rig_start_with (&rig, &settings);
  rig_feed (&rig, 0, 81, 50);
  rig_assert_in_mpd (&rig, " startNumber=\"10\"");
  rig_assert_in_mpd (&rig, " timeShiftBufferDepth=\"PT80S\"");
  rig_feed (&rig, 300, 304, 50);
  rig_end (&rig);
  fail_unless (g_hash_table_contains (rig.files, "v0/10.m4s"));
  fail_unless (rig.recording != NULL);
  fail_unless (strstr (rig.recording, " type=\"static\" publishTime"));
  fail_unless (strstr (rig.recording, " mediaPresentationDuration=\"PT85S\""));
  fail_unless (
      strstr (rig.recording, "<Period id=\"p10\" start=\"PT0S\" duration="));
  fail_unless (strstr (rig.recording, "\" duration=\"PT4S\">"));
  fail_if (strstr (strstr (rig.recording, "PT0S") + 4, " start="));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_period_leaves_with_its_last_segment_and_so_does_its_header)
{
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 0, 2.9, 50);
  rig_feed (&rig, 300, 302.2, 50);
  assert_equals_int (rig_count_in_mpd (&rig, "<Period "), 1);
  rig_assert_in_mpd (&rig, "<Period id=\"p12\"");
  fail_unless (g_hash_table_contains (rig.files, "v0/init-10.mp4") ||
      strstr (rig.log->str, "-v0/init-10.mp4"));
  rig_feed (&rig, 400, 402.2, 50);
  fail_if (g_hash_table_contains (rig.files, "v0/init-10.mp4"));
  fail_if (g_hash_table_contains (rig.files, "a0/11.m4s"));
  fail_unless (g_hash_table_contains (rig.files, "v0/init-14.mp4"));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (everything_the_mpd_lists_is_there)
{
  Rig rig;

  rig_start (&rig);
  for (guint i = 0; i < 12; i++)
    rig_feed (&rig, i * 20, i * 20 + 15.5, 50);
  /* 4 Periods of 15.5 s in a window of 60 s; each with its 8 segments */
  for (const gchar *at = rig.mpd; (at = strstr (at, "startNumber=\"")); at++) {
    guint64 number = g_ascii_strtoull (at + 13, NULL, 10);
    g_autofree gchar *path = mpd_segment_path ("v0", number);
    g_autofree gchar *audio = mpd_segment_path ("a0", number);

    fail_unless (g_hash_table_contains (rig.files, path), "%s", path);
    fail_unless (g_hash_table_contains (rig.files, audio), "%s", audio);
  }
  fail_unless (rig_count_in_mpd (&rig, "<Period ") >= 3);
  fail_unless (g_hash_table_size (rig.files) < 120);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (memory_is_bounded_and_the_newest_rows_stay)
{
  PresentationSettings settings = defaults;
  PresentationStats stats;
  Rig rig;

  settings.max_bytes = 500 * 1000; /* a row is about 70 kB */
  rig_start_with (&rig, &settings);
  for (guint i = 0; i < 20; i++) {
    rig_feed (&rig, i * 4, i * 4 + 3.99, 50);
    presentation_get_stats (rig.presentation, &stats);
    fail_unless (stats.bytes <= settings.max_bytes);
  }
  fail_unless (g_hash_table_contains (rig.files, "v0/48.m4s"));
  fail_unless (g_hash_table_size (rig.files) < 20);
  rig_assert_in_mpd (&rig, "<S t=\"");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_long_gop_makes_the_window_long_enough_for_players)
{
  PresentationSettings settings = defaults;
  Rig rig;

  settings.window = 0;
  rig_start_with (&rig, &settings);
  rig_feed (&rig, 0, 20.1, 250);
  rig_assert_in_mpd (&rig, "suggestedPresentationDelay=\"PT30");
  rig_assert_in_mpd (&rig, "timeShiftBufferDepth=\"PT60");
  rig_assert_in_mpd (&rig, "minimumUpdatePeriod=\"PT2S\"");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (numbers_follow_the_clock_over_restarts)
{
  PresentationSettings settings = defaults;
  Rig rig;
  guint64 first, second;

  settings.first_number = 0;
  rig_start_with (&rig, &settings);
  rig_feed (&rig, 0, 10.1, 50);
  first = g_ascii_strtoull (strstr (rig.mpd, "startNumber=\"") + 13, NULL, 10);
  rig_stop (&rig);

  rig_start_with (&rig, &settings);
  presentation_set_zero (rig.presentation, NEW_YEAR + 11 * GST_SECOND);
  rig_feed (&rig, 0, 2.1, 50);
  second = g_ascii_strtoull (strstr (rig.mpd, "startNumber=\"") + 13, NULL, 10);
  fail_unless (second > first + 4 && second < first + 40);
  fail_unless (second < G_MAXUINT32); /* xs:unsignedInt */
  rig_assert_in_mpd (
      &rig, "availabilityStartTime=\"1970-01-01T00:00:00.000Z\"");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (files_of_an_earlier_run_are_passed_over_and_deleted_in_time)
{
  Rig rig;

  rig_start (&rig);
  g_hash_table_insert (
      rig.files, g_strdup ("v0/500.m4s"), g_bytes_new_static ("x", 1));
  presentation_adopt (rig.presentation, "v0/500.m4s", 500, 1);
  rig_feed (&rig, 0, 2.1, 50);
  rig_assert_in_mpd (&rig, " startNumber=\"501\"");
  fail_unless (g_hash_table_contains (rig.files, "v0/500.m4s"));
  rig_feed (&rig, 100, 102.1, 50);
  fail_if (g_hash_table_contains (rig.files, "v0/500.m4s"));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (what_could_not_be_kept_is_withdrawn)
{
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 0, 4.1, 50);
  rig_forget (&rig, 0);
  assert_equals_int (g_hash_table_size (rig.files), 0);
  rig_push (&rig, 1, 6 * GST_SECOND, 200, 0); /* the row goes on */
  for (guint i = 103; i <= 151; i++)
    rig_push (&rig, 0, i * FRAME, 1000, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
  assert_equals_int (rig_count_in_mpd (&rig, "<Period "), 1);
  rig_assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225604.05S\">");
  fail_unless (g_hash_table_contains (rig.files, "v0/init-12.mp4"));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (what_was_kept_before_stays_in_the_recording)
{
  PresentationSettings settings = defaults;
  Rig rig;

  settings.keep = TRUE;
  rig_start_with (&rig, &settings);
  rig_feed (&rig, 0, 8.1, 50); /* segments 10 to 13 */
  rig_forget (&rig, 12);
  fail_unless (g_hash_table_contains (rig.files, "v0/11.m4s"));
  fail_if (g_hash_table_contains (rig.files, "v0/12.m4s"));
  rig_feed (&rig, 8.12, 16.1, 50);
  rig_end (&rig);
  rig_assert_in_mpd (&rig, " startNumber=\"10\"");
  fail_if (strstr (rig.recording, "<Period id=\"p12\""));
  fail_unless (strstr (
      rig.recording, "<Period id=\"p10\" start=\"PT0S\" duration=\"PT4S\">"));
  assert_equals_int (rig_count_in_mpd (&rig, "<Period "), 2);
  rig_stop (&rig);
}
GST_END_TEST;

static Suite *
presentation_window_suite (void)
{
  Suite *suite = suite_create ("presentation-window");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, segments_leave_the_mpd_first_and_the_disk_later);
  tcase_add_test (
      tc, a_period_leaves_with_its_last_segment_and_so_does_its_header);
  tcase_add_test (tc, how_long_segments_stay_after_the_window_can_be_set);
  tcase_add_test (tc, what_is_kept_stays_and_becomes_a_recording);
  tcase_add_test (tc, everything_the_mpd_lists_is_there);
  tcase_add_test (tc, memory_is_bounded_and_the_newest_rows_stay);
  tcase_add_test (tc, a_long_gop_makes_the_window_long_enough_for_players);
  tcase_add_test (tc, numbers_follow_the_clock_over_restarts);
  tcase_add_test (
      tc, files_of_an_earlier_run_are_passed_over_and_deleted_in_time);
  tcase_add_test (tc, what_could_not_be_kept_is_withdrawn);
  tcase_add_test (tc, what_was_kept_before_stays_in_the_recording);
  return suite;
}

GST_CHECK_MAIN (presentation_window);
