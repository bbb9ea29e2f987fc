/* SPDX-License-Identifier: MIT
 *
 * Playlists of a presentation: that they count on, list what there is, and say
 * where the next part can be had. */

#include "../../support/presentation-rig.h"

static void
start (Rig *rig, gboolean low_latency)
{
  PresentationSettings settings = defaults;

  settings.hls = TRUE;
  if (low_latency)
    settings.latency = (MpdLatency){ .chunk = 200 * GST_MSECOND,
      .target = GST_SECOND,
      .min = GST_SECOND / 2,
      .max = 3 * GST_SECOND };
  settings.timeline = !low_latency;
  rig_start_with (rig, &settings);
}

static const gchar *
playlist (Rig *rig, const gchar *path)
{
  return g_hash_table_lookup (rig->playlists, path);
}

static void
assert_in (const gchar *text, const gchar *part)
{
  fail_unless (text && strstr (text, part), "no %s in\n%s", part, text);
}

static void
assert_ends (const gchar *text, const gchar *end)
{
  fail_unless (text && g_str_has_suffix (text, end), "%s", text);
}

static guint
count (const gchar *text, const gchar *what)
{
  guint n = 0;

  for (const gchar *p = text; (p = strstr (p, what)); p++)
    n++;
  return n;
}

GST_START_TEST (playlists_come_with_the_first_row)
{
  Rig rig;

  start (&rig, FALSE);
  rig_feed (&rig, 0, 1.9, 50);
  fail_unless_equals_int (g_hash_table_size (rig.playlists), 0);
  rig_feed (&rig, 2, 4.5, 50);
  assert_in (playlist (&rig, "master.m3u8"), "v0/media.m3u8");
  assert_in (playlist (&rig, "master.m3u8"), "URI=\"a0/media.m3u8\"");
  assert_in (playlist (&rig, "v0/media.m3u8"),
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n"
      "#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
      "#EXT-X-MAP:URI=\"init-10.mp4\"\n");
  assert_ends (playlist (&rig, "v0/media.m3u8"),
      "#EXTINF:2.000000,\n10.m4s\n#EXTINF:2.000000,\n11.m4s\n");
  assert_ends (playlist (&rig, "a0/media.m3u8"), "\n11.m4s\n");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_folder_does_not_promise_to_hold_requests)
{
  Rig rig;
  const gchar *text;

  start (&rig, FALSE);
  rig_feed (&rig, 0, 4.5, 50);
  text = g_hash_table_lookup (rig.plain_playlists, "v0/media.m3u8");
  assert_ends (text, "11.m4s\n");
  fail_if (strstr (text, "SERVER-CONTROL"));
  assert_equals_string (
      g_hash_table_lookup (rig.plain_playlists, "master.m3u8"),
      playlist (&rig, "master.m3u8"));
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_window_slides_and_numbers_stay)
{
  Rig rig;

  start (&rig, FALSE);
  rig_feed (&rig, 0, 80.5, 50);
  assert_in (playlist (&rig, "v0/media.m3u8"), "#EXT-X-MEDIA-SEQUENCE:19\n");
  assert_in (playlist (&rig, "a0/media.m3u8"), "#EXT-X-MEDIA-SEQUENCE:19\n");
  assert_in (playlist (&rig, "v0/media.m3u8"),
      "init-10.mp4\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:18.050Z\n"
      "#EXTINF:2.000000,\n19.m4s\n");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_break_is_a_discontinuity_and_numbers_go_on)
{
  Rig rig;
  const gchar *text;

  start (&rig, FALSE);
  rig_feed (&rig, 0, 4.5, 50);
  rig_feed (&rig, 20, 22.5, 50);
  text = playlist (&rig, "v0/media.m3u8");
  assert_in (text, "#EXT-X-MEDIA-SEQUENCE:10\n");
  fail_unless_equals_int (count (text, "#EXT-X-DISCONTINUITY\n"), 1);
  fail_unless_equals_int (count (text, "#EXTINF"), 4);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (after_all_was_forgotten_no_number_is_used_again)
{
  Rig rig;

  start (&rig, FALSE);
  rig_feed (&rig, 0, 4.5, 50);
  rig_forget (&rig, 0);
  rig_feed (&rig, 4.52, 8.5, 50);
  assert_in (playlist (&rig, "v0/media.m3u8"), "#EXT-X-MEDIA-SEQUENCE:12\n");
  assert_in (
      playlist (&rig, "v0/media.m3u8"), "#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_end_is_said_everywhere)
{
  Rig rig;

  start (&rig, FALSE);
  rig_feed (&rig, 0, 4, 50);
  rig_end (&rig);
  assert_ends (playlist (&rig, "v0/media.m3u8"), "#EXT-X-ENDLIST\n");
  assert_ends (playlist (&rig, "a0/media.m3u8"), "#EXT-X-ENDLIST\n");
  fail_if (strstr (playlist (&rig, "a0/media.m3u8"), "SERVER-CONTROL"));
  rig_stop (&rig);
}
GST_END_TEST;

/* ---- low latency ---- */

GST_START_TEST (the_first_part_of_every_track_makes_the_playlists)
{
  Rig rig;

  start (&rig, TRUE);
  rig_feed (&rig, 0, 0.28, 50);
  assert_in (playlist (&rig, "master.m3u8"), "v0/media.m3u8");
  assert_in (playlist (&rig, "v0/media.m3u8"),
      "#EXT-X-TARGETDURATION:2\n"
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.000\n"
      "#EXT-X-PART-INF:PART-TARGET=0.200\n#EXT-X-MEDIA-SEQUENCE:10\n");
  assert_in (
      playlist (&rig, "a0/media.m3u8"), "#EXT-X-PART-INF:PART-TARGET=0.214\n");
  assert_ends (playlist (&rig, "v0/media.m3u8"),
      "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z\n"
      "#EXT-X-PART:DURATION=0.200000,URI=\"10.0.m4s\",INDEPENDENT=YES\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"10.1.m4s\"\n"
      "#EXT-X-RENDITION-REPORT:URI=\"../a0/media.m3u8\",LAST-MSN=10,"
      "LAST-PART=0\n");
  fail_unless_equals_int (g_hash_table_size (rig.plain_playlists), 0);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (parts_become_a_segment)
{
  Rig rig;
  const gchar *text;

  start (&rig, TRUE);
  rig_feed (&rig, 0, 2.28, 50);
  text = playlist (&rig, "v0/media.m3u8");
  assert_in (text,
      "#EXT-X-PART:DURATION=0.200000,URI=\"10.9.m4s\"\n"
      "#EXTINF:2.000000,\n10.m4s\n"
      "#EXT-X-PART:DURATION=0.200000,URI=\"11.0.m4s\",INDEPENDENT=YES\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"11.1.m4s\"\n");
  text = g_hash_table_lookup (rig.plain_playlists, "v0/media.m3u8");
  assert_ends (text, "#EXTINF:2.000000,\n10.m4s\n");
  fail_if (strstr (text, "PART"));
  assert_in (g_hash_table_lookup (rig.plain_playlists, "master.m3u8"),
      "v0/media.m3u8");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (behind_the_last_part_the_next_segment_is_hinted_at)
{
  Rig rig;

  start (&rig, TRUE);
  rig_feed (&rig, 0, 2, 50);
  assert_in (playlist (&rig, "v0/media.m3u8"),
      "URI=\"10.9.m4s\"\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"11.0.m4s\"\n");
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (parts_are_listed_near_the_end_alone)
{
  Rig rig;
  const gchar *text;

  start (&rig, TRUE);
  rig_feed (&rig, 0, 20.28, 50);
  text = playlist (&rig, "v0/media.m3u8");
  fail_unless_equals_int (count (text, "#EXTINF"), 10);
  fail_unless_equals_int (count (text, "#EXT-X-PART:"), 31);
  fail_if (strstr (text, "\"16.9.m4s\""));
  assert_in (text, "\"17.0.m4s\"");
  rig_stop (&rig);
}
GST_END_TEST;

static Suite *
presentation_hls_suite (void)
{
  Suite *s = suite_create ("presentation-hls");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, playlists_come_with_the_first_row);
  tcase_add_test (tc, a_folder_does_not_promise_to_hold_requests);
  tcase_add_test (tc, a_window_slides_and_numbers_stay);
  tcase_add_test (tc, a_break_is_a_discontinuity_and_numbers_go_on);
  tcase_add_test (tc, after_all_was_forgotten_no_number_is_used_again);
  tcase_add_test (tc, the_end_is_said_everywhere);
  tcase_add_test (tc, the_first_part_of_every_track_makes_the_playlists);
  tcase_add_test (tc, parts_become_a_segment);
  tcase_add_test (tc, behind_the_last_part_the_next_segment_is_hinted_at);
  tcase_add_test (tc, parts_are_listed_near_the_end_alone);
  return s;
}

GST_CHECK_MAIN (presentation_hls);
