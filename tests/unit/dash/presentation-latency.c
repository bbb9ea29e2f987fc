/* SPDX-License-Identifier: MIT
 *
 * A presentation of low latency: segments that grow, an MPD that is there with
 * the first chunk, and what happens when its guess about the source was wrong. */

#include "../../support/presentation-rig.h"

static void
start (Rig *rig)
{
  PresentationSettings settings = defaults;

  settings.timeline = FALSE;
  settings.latency = (MpdLatency){ .chunk = 200 * GST_MSECOND,
    .target = GST_SECOND,
    .min = GST_SECOND / 2,
    .max = 3 * GST_SECOND };
  rig_start_with (rig, &settings);
}

/* Microseconds of UTC where the presentation's time is @seconds. */
static gint64
utc_us (gdouble seconds)
{
  return NEW_YEAR / 1000 + (gint64) (seconds * G_USEC_PER_SEC);
}

static void
tick (Rig *rig, gint64 now_us)
{
  GQueue changes = G_QUEUE_INIT;

  presentation_tick (rig->presentation, now_us, &changes);
  rig_apply (rig, &changes);
}

static const gchar *
expected (Rig *rig, const gchar *folder)
{
  return g_hash_table_lookup (rig->expected, folder);
}

static gsize
size_of (Rig *rig, const gchar *path)
{
  GByteArray *file = g_hash_table_lookup (rig->growing, path);

  fail_unless (file != NULL, "%s does not grow", path);
  return file->len;
}

GST_START_TEST (the_mpd_is_there_with_the_first_chunk_of_every_track)
{
  Rig rig;

  start (&rig);
  rig_feed (&rig, 0, 0.25, 50);
  assert_equals_string (rig.log->str,
      "+v0/init-10.mp4 +a0/init-10.mp4 >v0/10.m4s >a0/10.m4s +mpd ");
  rig_stop (&rig);
}
GST_END_TEST;

/* A keyframe of 20 kB and 49 pictures of 1 kB: 276 kbit/s in 2 s. */
GST_START_TEST (the_first_keyframe_does_not_make_the_bandwidth)
{
  Rig rig;
  guint64 bandwidth;

  start (&rig);
  for (guint i = 0; i < 6; i++) {
    rig_push (&rig, 1, i * FRAME, 200, 0);
    rig_push (&rig, 0, i * FRAME, i ? 1000 : 20000, i ? 0 : SEGMENTER_KEYFRAME);
  }
  rig_push (&rig, 1, 6 * FRAME, 200, 0);
  fail_unless (rig.mpd != NULL);
  bandwidth = g_ascii_strtoull (
      strstr (rig.mpd, "id=\"v0\" bandwidth=\"") + 19, NULL, 10);
  fail_unless (bandwidth >= 276000 && bandwidth < 400000,
      "%" G_GUINT64_FORMAT " bit/s", bandwidth);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (an_mpd_of_low_latency_says_all_that_players_need)
{
  static const gchar *const texts[] = {
    "urn:mpeg:dash:profile:cmaf:2019,"
    "http://www.dashif.org/guidelines/low-latency-live-v5\"",
    " suggestedPresentationDelay=\"PT1S\"",
    " minBufferTime=\"PT1S\"",
    " maxSegmentDuration=\"PT2S\"",
    "  <ServiceDescription id=\"0\">\n"
    "    <Latency referenceId=\"1\" target=\"1000\" min=\"500\" "
    "max=\"3000\"/>\n"
    "    <PlaybackRate min=\"0.96\" max=\"1.04\"/>\n"
    "  </ServiceDescription>\n",
    "        <ProducerReferenceTime id=\"1\" inband=\"true\" type=\"encoder\" "
    "wallClockTime=\"2026-01-01T00:00:00.000Z\" presentationTime=\"0\">\n"
    "          <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-xsdate:2014\" "
    "value=\"/time?a=1&amp;b=2\"/>\n"
    "        </ProducerReferenceTime>\n"
    "        <Resync type=\"0\" dT=\"18000\"/>\n"
    "        <Role ",
    "<ProducerReferenceTime id=\"101\"",
    "<Resync type=\"0\" dT=\"9600\"/>",
    " presentationTimeOffset=\"0\" duration=\"180000\" "
    "availabilityTimeOffset=\"1.800000\" availabilityTimeComplete=\"false\" "
    "startNumber=\"10\"",
    " presentationTimeOffset=\"0\" duration=\"96000\" "
    "availabilityTimeOffset=\"1.800000\" availabilityTimeComplete=\"false\" "
    "startNumber=\"10\"",
    "frameRate=\"25\">\n          <Resync type=\"1\" dT=\"180000\"/>\n",
    "value=\"2\"/>\n          <Resync type=\"1\" dT=\"96000\"/>\n",
  };
  Rig rig;

  start (&rig);
  rig_feed (&rig, 0, 0.25, 50);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    rig_assert_in_mpd (&rig, texts[i]);
  fail_if (strstr (rig.mpd, "bandwidth=\"0\""));
  assert_equals_int (rig_count_in_mpd (&rig, "SegmentTimeline"), 0);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_folder_has_an_mpd_of_complete_segments)
{
  Rig rig;

  start (&rig);
  rig_feed (&rig, 0, 2.3, 50);
  fail_unless (rig.plain_mpd != NULL);
  fail_if (strstr (rig.plain_mpd, "availabilityTime"));
  fail_if (strstr (rig.plain_mpd, "ServiceDescription"));
  fail_if (strstr (rig.plain_mpd, "ProducerReferenceTime"));
  fail_if (strstr (rig.plain_mpd, "Resync"));
  fail_if (strstr (rig.plain_mpd, "low-latency"));
  fail_unless (
      strstr (rig.plain_mpd, "duration=\"180000\" startNumber=\"10\""));
  fail_unless (
      strstr (rig.plain_mpd, " suggestedPresentationDelay=\"PT6.016S\""));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_segment_grows_and_is_whole_with_the_next_keyframe)
{
  Rig rig;
  gsize before;

  start (&rig);
  rig_feed (&rig, 0, 0.25, 50);
  before = size_of (&rig, "v0/10.m4s");
  rig_push (&rig, 0, 7 * FRAME, 1000, 0); /* 6 has been left out */
  rig_push (&rig, 0, 8 * FRAME, 1000, 0);
  rig_push (&rig, 0, 9 * FRAME, 1000, 0);
  fail_unless (size_of (&rig, "v0/10.m4s") > before + 4000);
  rig_stop (&rig);

  start (&rig);
  rig_feed (&rig, 0, 2, 50);
  size_of (&rig, "v0/10.m4s");
  rig_feed (&rig, 2, 2.25, 50);
  fail_unless (g_hash_table_contains (rig.files, "v0/10.m4s"));
  fail_unless (g_hash_table_contains (rig.files, "a0/10.m4s"));
  size_of (&rig, "v0/11.m4s");
  size_of (&rig, "a0/11.m4s");
  rig_stop (&rig);
}
GST_END_TEST;

/* Top-level boxes, by their first letters. */
static void
assert_boxes (GBytes *segment, const gchar *expected)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gsize size, at = 0;
  const guint8 *data = g_bytes_get_data (segment, &size);

  while (at + 8 <= size) {
    g_string_append_len (out, (const gchar *) data + at + 4, 4);
    g_string_append_c (out, ' ');
    at += GST_READ_UINT32_BE (data + at);
  }
  assert_equals_uint64 (at, size);
  assert_equals_string (out->str, expected);
}

GST_START_TEST (a_segment_is_chunks_with_one_producer_time)
{
  Rig rig;
  GBytes *segment;
  Box prft;

  start (&rig);
  rig_feed (&rig, 0, 4.3, 50);
  segment = g_hash_table_lookup (rig.files, "v0/11.m4s");
  assert_boxes (segment,
      "styp prft moof mdat moof mdat moof mdat moof mdat moof mdat moof mdat "
      "moof mdat moof mdat moof mdat moof mdat ");
  prft = box_find (segment, "prft");
  assert_equals_uint64_hex (box_value (prft, 0, 4), 0x01000001);
  assert_equals_uint64 (box_value (prft, 4, 4), 1);
  /* 2026-01-01T00:00:02Z, seconds since 1900 */
  assert_equals_uint64 (box_value (prft, 8, 4), 1767225602 + 2208988800);
  assert_equals_uint64 (box_value (prft, 12, 4), 0);
  assert_equals_uint64 (box_value (prft, 16, 8), 180000);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (an_mpd_of_regular_segments_stays_as_it_is)
{
  Rig rig;
  g_autofree gchar *before = NULL;

  start (&rig);
  rig_feed (&rig, 0, 2.3, 50);
  before = g_strdup (rig.mpd);
  rig_feed (&rig, 2.3, 2.3, 50);
  rig_stop (&rig);

  start (&rig);
  rig_feed (&rig, 0, 74.2, 50);
  assert_equals_string (
      strstr (rig.mpd, "<Period"), strstr (before, "<Period"));
  fail_unless (g_hash_table_contains (rig.files, "v0/45.m4s"));
  fail_if (g_hash_table_size (rig.growing) != 2);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_next_segment_is_expected_when_players_may_ask_for_it)
{
  g_autofree gchar *due =
      g_strdup_printf ("v0/11.m4s at %" G_GINT64_FORMAT, utc_us (2.2));
  Rig rig;

  start (&rig);
  rig_feed (&rig, 0, 0.25, 50);
  assert_equals_string (expected (&rig, "v0"), due);
  fail_unless (g_str_has_prefix (expected (&rig, "a0"), "a0/11.m4s"));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_gop_of_another_length_is_counted_from_the_second_row_on)
{
  Rig rig;

  start (&rig);
  rig_feed (&rig, 0, 6, 48); /* 1.92 s */
  assert_equals_int (rig_count_in_mpd (&rig, "<Period "), 2);
  rig_assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225600S\">");
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"172800\"/>");
  rig_assert_in_mpd (&rig, " start=\"PT1767225601.92S\">");
  rig_assert_in_mpd (&rig,
      "presentationTimeOffset=\"172800\" duration=\"172800\" "
      "availabilityTimeOffset=\"1.720000\"");
  assert_equals_int (rig_count_in_mpd (&rig, "period-continuity"), 2);
  assert_equals_int (rig_count_in_mpd (&rig, "availabilityTimeOffset"), 2);
  rig_feed (&rig, 6, 6, 48);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_frame_rate_makes_the_guess_a_whole_number_of_pictures)
{
  Rig rig;

  start (&rig);
  rig_set_caps (&rig, 0,
      "video/x-h264, stream-format=avc, width=640, height=360, "
      "framerate=(fraction)30000/1001, "
      "codec_data=(buffer)01640028ffe100046764002801000468ee3c80");
  for (guint i = 0; i < 8; i++) {
    rig_push (&rig, 1, AUDIO_FRAME (2 * i), 200, 0);
    rig_push (&rig, 1, AUDIO_FRAME (2 * i + 1), 200, 0);
    rig_push (&rig, 0, i * gst_util_uint64_scale (1001, GST_SECOND, 30000),
        1000, i == 0 ? SEGMENTER_KEYFRAME : 0);
  }
  rig_assert_in_mpd (&rig, " duration=\"180180\" ");
  rig_assert_in_mpd (&rig, " duration=\"96096\" ");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_first_gop_that_is_long_is_counted_longer_and_then_as_it_is)
{
  Rig rig;

  start (&rig);
  rig_feed (&rig, 0, 3.1, 250);
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), utc_us (3.2));
  tick (&rig, utc_us (3.2) - 1);
  rig_assert_in_mpd (&rig, " duration=\"180000\" ");
  tick (&rig, utc_us (3.2));
  rig_assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225600S\">");
  rig_assert_in_mpd (&rig, " duration=\"360000\" ");
  rig_assert_in_mpd (&rig, "availabilityTimeOffset=\"3.800000\"");
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), utc_us (5.2));
  rig_stop (&rig);

  start (&rig);
  rig_feed (&rig, 0, 20.3, 250);
  assert_equals_int (rig_count_in_mpd (&rig, "<Period "), 2);
  rig_assert_in_mpd (&rig, " start=\"PT1767225610S\">");
  rig_assert_in_mpd (&rig, "duration=\"900000\" availabilityTimeOffset=\"9.8");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (segments_are_listed_while_the_next_is_overdue)
{
  Rig rig;

  start (&rig);
  rig_feed (&rig, 0, 4.5, 50);
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), utc_us (7.2));
  tick (&rig, utc_us (7.2));
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\" r=\"1\"/>");
  fail_if (strstr (rig.mpd, "availabilityTimeOffset"));
  fail_if (strstr (rig.mpd, "ServiceDescription"));
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);

  /* It comes after all, and what follows is counted again. */
  for (guint i = 113; i <= 155; i++) {
    rig_push (&rig, 0, i * FRAME, 1000, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
    for (guint a = 0; a < 2; a++)
      rig_push (&rig, 1, AUDIO_FRAME (211 + (i - 113) * 2 + a), 200, 0);
  }
  assert_equals_int (rig_count_in_mpd (&rig, "<Period "), 2);
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\" r=\"2\"/>");
  rig_assert_in_mpd (&rig, " start=\"PT1767225606S\">");
  rig_assert_in_mpd (&rig, "availabilityTimeOffset=\"1.800000\"");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (an_irregular_source_is_listed_in_the_end)
{
  static const guint gops[] = { 50, 75, 60, 90, 50, 70, 55, 80 };
  Rig rig;
  gdouble time = 0;

  start (&rig);
  for (guint i = 0; i < G_N_ELEMENTS (gops); i++) {
    rig_feed (&rig, time, time + gops[i] / 25.0, gops[i]);
    time += gops[i] / 25.0;
  }
  rig_feed (&rig, time, time + 0.3, 50);
  assert_equals_int (rig_count_in_mpd (&rig, "availabilityTimeOffset"), 0);
  assert_equals_int (rig_count_in_mpd (&rig, " duration=\""), 0);
  fail_unless (rig_count_in_mpd (&rig, "<Period ") <= 5);
  rig_feed (&rig, 100, 102.3, 50); /* a break: another source, perhaps */
  rig_assert_in_mpd (&rig, "availabilityTimeOffset");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_break_ends_the_segment_and_the_period)
{
  Rig rig;

  start (&rig);
  rig_feed (&rig, 0, 3, 50);
  rig_feed (&rig, 10, 10.3, 50);
  rig_assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600S\" duration=\"PT3S\">");
  rig_assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\"/>");
  rig_assert_in_mpd (&rig, "<S d=\"90000\"/>");
  rig_assert_in_mpd (&rig, "<Period id=\"p21\" start=\"PT1767225610S\">");
  rig_assert_in_mpd (&rig, "startNumber=\"21\"");
  size_of (&rig, "v0/21.m4s");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_end_is_static_without_low_latency)
{
  Rig rig;

  start (&rig);
  rig_feed (&rig, 0, 3, 50);
  rig_end (&rig);
  rig_assert_in_mpd (&rig, " type=\"static\"");
  rig_assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600S\" duration=\"PT3S\">");
  fail_if (strstr (rig.mpd, "availabilityTime"));
  fail_if (strstr (rig.mpd, "ServiceDescription"));
  assert_equals_int (g_hash_table_size (rig.growing), 0);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_row_without_room_is_told)
{
  PresentationSettings settings = defaults;
  Rig rig;

  settings.timeline = FALSE;
  settings.latency = (MpdLatency){ 200 * GST_MSECOND, GST_SECOND, 0, 0 };
  settings.max_bytes = 40 * 1000;
  rig_start_with (&rig, &settings);
  rig_feed (&rig, 0, 0.5, 250);
  fail_if (presentation_is_over_full (rig.presentation));
  rig_feed (&rig, 0.5, 2, 250);
  fail_unless (presentation_is_over_full (rig.presentation));
  segmenter_give_up (rig.segmenter);
  rig_drain (&rig);
  fail_if (presentation_is_over_full (rig.presentation));
  rig_stop (&rig);
}
GST_END_TEST;

static Suite *
presentation_latency_suite (void)
{
  Suite *suite = suite_create ("presentation-latency");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, the_mpd_is_there_with_the_first_chunk_of_every_track);
  tcase_add_test (tc, the_first_keyframe_does_not_make_the_bandwidth);
  tcase_add_test (tc, an_mpd_of_low_latency_says_all_that_players_need);
  tcase_add_test (tc, a_folder_has_an_mpd_of_complete_segments);
  tcase_add_test (tc, a_segment_grows_and_is_whole_with_the_next_keyframe);
  tcase_add_test (tc, a_segment_is_chunks_with_one_producer_time);
  tcase_add_test (tc, an_mpd_of_regular_segments_stays_as_it_is);
  tcase_add_test (tc, the_next_segment_is_expected_when_players_may_ask_for_it);
  tcase_add_test (
      tc, a_gop_of_another_length_is_counted_from_the_second_row_on);
  tcase_add_test (tc, a_frame_rate_makes_the_guess_a_whole_number_of_pictures);
  tcase_add_test (
      tc, a_first_gop_that_is_long_is_counted_longer_and_then_as_it_is);
  tcase_add_test (tc, segments_are_listed_while_the_next_is_overdue);
  tcase_add_test (tc, an_irregular_source_is_listed_in_the_end);
  tcase_add_test (tc, a_break_ends_the_segment_and_the_period);
  tcase_add_test (tc, the_end_is_static_without_low_latency);
  tcase_add_test (tc, a_row_without_room_is_told);
  return suite;
}

GST_CHECK_MAIN (presentation_latency);
