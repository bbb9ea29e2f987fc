/* SPDX-License-Identifier: MIT
 *
 * A presentation: the order of its files, its MPD, its Periods and its end. */

#include "../../support/presentation-rig.h"

GST_START_TEST (a_segment_comes_after_its_header_and_before_the_mpd)
{
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 0, 4.1, 50);
  assert_equals_string (rig.log->str,
      "+v0/init-10.mp4 +a0/init-10.mp4 +v0/10.m4s +a0/10.m4s +mpd "
      "+v0/11.m4s +a0/11.m4s +mpd ");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_live_mpd_says_all_that_players_need)
{
  static const gchar *const expected[] = {
    " profiles=\"urn:mpeg:dash:profile:isoff-live:2011,"
    "urn:mpeg:dash:profile:cmaf:2019\"",
    " type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:00:00.000Z\" "
    "publishTime=\"2026-01-01T00:00:02.000Z\" minimumUpdatePeriod=\"PT2S\" "
    "timeShiftBufferDepth=\"PT60S\" suggestedPresentationDelay=\"PT6.016S\" "
    "maxSegmentDuration=\"PT2.005333S\" minBufferTime=\"PT2.005333S\">",
    "<Title>A &amp; B</Title>",
    "<Period id=\"p10\" start=\"PT1767225600.05S\">",
    "<AdaptationSet id=\"1\" contentType=\"video\" mimeType=\"video/mp4\" "
    "lang=\"und\" segmentAlignment=\"true\" startWithSAP=\"1\" par=\"16:9\" "
    "maxWidth=\"1280\" maxHeight=\"720\" maxFrameRate=\"25\">",
    "<SegmentTemplate timescale=\"90000\" presentationTimeOffset=\"0\" "
    "startNumber=\"10\" initialization=\"$RepresentationID$/init-10.mp4\" "
    "media=\"$RepresentationID$/$Number$.m4s\">",
    "<S t=\"0\" d=\"180000\" r=\"1\"/>",
    "codecs=\"avc1.640028\" width=\"1280\" height=\"720\" sar=\"1:1\" "
    "frameRate=\"25\"/>",
    "<AdaptationSet id=\"101\" contentType=\"audio\" mimeType=\"audio/mp4\"",
    "<S t=\"0\" d=\"96256\" r=\"1\"/>",
    "codecs=\"mp4a.40.2\" audioSamplingRate=\"48000\">",
    "audio_channel_configuration:2011\" value=\"2\"/>",
    "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-xsdate:2014\" "
    "value=\"/time?a=1&amp;b=2\"/>",
  };
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 0, 4.1, 50);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    rig_assert_in_mpd (&rig, expected[i]);
  fail_if (strstr (rig.mpd, "bandwidth=\"0\""));
  fail_if (strstr (rig.mpd, "mediaPresentationDuration"));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (segments_decode_from_where_the_mpd_says)
{
  Rig rig;
  GBytes *segment;
  g_autoptr (GArray) samples = NULL;

  rig_start (&rig);
  rig_feed (&rig, 0, 4.1, 50);
  segment = g_hash_table_lookup (rig.files, "v0/11.m4s");
  samples = box_samples (segment);
  assert_equals_int (samples->len, 50);
  assert_equals_uint64 (
      g_array_index (samples, BoxSample, 0).decode_time, 180000);
  assert_equals_uint64 (box_value (box_find (segment, "moof/mfhd"), 4, 4), 2);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_end_is_static_with_exact_durations)
{
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 0, 3, 50);
  rig_end (&rig);
  rig_assert_in_mpd (&rig, " type=\"static\"");
  rig_assert_in_mpd (&rig, " mediaPresentationDuration=\"PT1767225603.05S\"");
  rig_assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT3S\">");
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\"/>");
  rig_assert_in_mpd (&rig, "<S d=\"90000\"/>");
  assert_equals_int (rig_count_in_mpd (&rig, "minimumUpdatePeriod"), 0);
  assert_equals_int (rig_count_in_mpd (&rig, "timeShiftBufferDepth"), 0);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (more_media_opens_an_ended_presentation)
{
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 0, 3, 50);
  rig_end (&rig);
  rig_feed (&rig, 20, 22.1, 50);
  rig_assert_in_mpd (&rig, " type=\"dynamic\"");
  rig_assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225620.05S\">");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_break_begins_a_period_with_a_header_and_number_of_its_own)
{
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 0, 3, 50);
  rig_feed (&rig, 10, 12.1, 50);
  rig_assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT3S\">");
  rig_assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225610.05S\">");
  rig_assert_in_mpd (&rig,
      "presentationTimeOffset=\"900000\" startNumber=\"12\" "
      "initialization=\"$RepresentationID$/init-12.mp4\"");
  rig_assert_in_mpd (
      &rig, "presentationTimeOffset=\"480000\" startNumber=\"12\"");
  rig_assert_in_mpd (&rig, "<S t=\"900000\" d=\"180000\"/>");
  assert_equals_int (rig_count_in_mpd (&rig, "period-continuity"), 0);
  assert_equals_int (rig_count_in_mpd (&rig, "<AdaptationSet id=\"1\""), 2);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_timeline_that_goes_back_is_presented_after_the_one_before)
{
  Rig rig;

  rig_start (&rig);
  rig_feed (&rig, 100, 103, 50);
  rig_feed (&rig, 2, 4.1, 50);
  rig_assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225700.05S\">");
  rig_assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225703.05S\">");
  rig_assert_in_mpd (&rig, "presentationTimeOffset=\"180000\"");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_track_that_joins_leaves_the_others_timeline_alone)
{
  Rig rig;

  rig_start (&rig);
  for (guint i = 0; i < 100; i++)
    rig_push (&rig, 0, i * FRAME, 1000, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
  rig_feed (&rig, 4, 6.1, 50);
  rig_assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225600.05S\">");
  rig_assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225604.05S\">");
  rig_assert_in_mpd (&rig,
      "schemeIdUri=\"urn:mpeg:dash:period-continuity:2015\" value=\"p10\"/>");
  assert_equals_int (rig_count_in_mpd (&rig, "period-continuity"), 1);
  assert_equals_int (rig_count_in_mpd (&rig, "contentType=\"audio\""), 1);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_declared_bit_rate_and_language_are_announced)
{
  Rig rig;

  rig_start (&rig);
  presentation_set_bandwidth (rig.presentation, 0, 5000000);
  presentation_set_language (rig.presentation, 1, "deu");
  rig_feed (&rig, 0, 2.1, 50);
  rig_assert_in_mpd (&rig, "id=\"v0\" bandwidth=\"5000000\"");
  rig_assert_in_mpd (&rig, "mimeType=\"audio/mp4\" lang=\"deu\"");
  rig_stop (&rig);
}
GST_END_TEST;

static Suite *
presentation_suite (void)
{
  Suite *suite = suite_create ("presentation");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, a_segment_comes_after_its_header_and_before_the_mpd);
  tcase_add_test (tc, a_live_mpd_says_all_that_players_need);
  tcase_add_test (tc, segments_decode_from_where_the_mpd_says);
  tcase_add_test (tc, the_end_is_static_with_exact_durations);
  tcase_add_test (tc, more_media_opens_an_ended_presentation);
  tcase_add_test (
      tc, a_break_begins_a_period_with_a_header_and_number_of_its_own);
  tcase_add_test (
      tc, a_timeline_that_goes_back_is_presented_after_the_one_before);
  tcase_add_test (tc, a_track_that_joins_leaves_the_others_timeline_alone);
  tcase_add_test (tc, a_declared_bit_rate_and_language_are_announced);
  return suite;
}

GST_CHECK_MAIN (presentation);
