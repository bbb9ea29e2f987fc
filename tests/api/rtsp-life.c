/* SPDX-License-Identifier: MIT
 *
 * The life of what RTSP viewers share: who comes and goes, a source that ends or
 * returns, and that nothing is left. */

#include "../support/wait.h"
#include "rtsp-fixture.h"

/* --- viewers --------------------------------------------------------------- */

GST_START_TEST (viewers_share_one_reader_of_the_channel)
{
  Fixture f;
  Viewer *viewers[6];

  fixture_init (&f, "shared");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10) AUDIO);
  wait_channel (&f, 2, 5);
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++) {
    g_autofree gchar *query = g_strdup_printf ("?n=%u", i);
    viewers[i] = viewer_new (&f, protocols[i % 2], query);
  }
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++)
    wait_viewer (viewers[i], 25, 25);
  PenstockChannelStats stats;
  penstock_channel_get_stats (f.channel, &stats);
  fail_unless_equals_int (stats.n_readers, 1);
  fail_unless_equals_int (penstock_rtsp_server_get_n_viewers (f.server, f.name),
      G_N_ELEMENTS (viewers));
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++)
    viewer_free (viewers[i]);
  fail_unless (wait_for (no_readers, &f));
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* The second viewer must find a media that works, whenever the first goes. */
GST_START_TEST (viewers_that_come_and_go_all_get_a_picture)
{
  Fixture f;

  fixture_init (&f, "churn");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  Viewer *last = viewer_new (&f, "tcp", "");
  wait_viewer (last, 1, 0);
  for (guint i = 0; i < 15; i++) {
    Viewer *next = viewer_new (&f, protocols[i % 2], "");
    viewer_free (last);
    wait_viewer (next, 1, 0);
    fail_unless_equals_int (next->ended, 0);
    last = next;
  }
  viewer_free (last);
  fail_unless (wait_for (no_readers, &f));
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* --- the source ------------------------------------------------------------ */

GST_START_TEST (viewer_survives_a_source_that_returns_with_another_size)
{
  Fixture f;

  fixture_init (&f, "return");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, 5);
  Viewer *viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 20, 20);
  unpublish (pipeline);
  gint before_video = g_atomic_int_get (&viewer->n_video);
  gint before_audio = g_atomic_int_get (&viewer->n_audio);

  pipeline = publish (&f, VIDEO (640, 360, 25) AUDIO);
  wait_viewer (viewer, before_video + 60, before_audio + 60);
  fail_unless_equals_int (viewer->width, 640);
  fail_unless_equals_int (viewer->height, 360);
  fail_unless_equals_int (viewer->ended, 0);
  /* Somebody new is told the new size. */
  Viewer *late = viewer_new (&f, "tcp", "");
  wait_viewer (late, 5, 5);
  fail_unless_equals_int (late->width, 640);
  viewer_free (late);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* Longer than a session's timeout. Takes 75 s a protocol, so it runs with
 * PENSTOCK_LONG=1 only (and meson test -t 3). */
#define SILENCE_S 75
GST_START_TEST (viewer_survives_silence_longer_than_the_session_timeout)
{
  Fixture f;

  fixture_init (&f, "silence");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, 5);
  Viewer *viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 20, 20);
  unpublish (pipeline);
  gint64 end = g_get_monotonic_time () + SILENCE_S * G_USEC_PER_SEC;
  WAIT_FOR (g_get_monotonic_time () >= end);
  gint video = g_atomic_int_get (&viewer->n_video);
  gint audio = g_atomic_int_get (&viewer->n_audio);
  fail_unless_equals_int (viewer->ended, 0);
  pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_viewer (viewer, video + 50, audio + 50);
  fail_unless_equals_int (viewer->ended, 0);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (other_codecs_close_viewers_and_make_a_new_media)
{
  Fixture f;

  fixture_init (&f, "codecs");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, 5);
  Viewer *viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 10, 10);
  unpublish (pipeline);
  pipeline = publish (&f,
      VIDEO (320, 240, 25) "audiotestsrc is-live=true ! audio/x-raw, "
                           "rate=8000, channels=1 ! "
                           "mulawenc ! sink. ");
  fail_unless (wait_for (viewer_ended, viewer));
  viewer_free (viewer);
  viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 10, 10);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (end_of_the_channel_ends_viewers)
{
  Fixture f;

  fixture_init (&f, "ended");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, 5);
  Viewer *viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 10, 10);
  unpublish (pipeline);
  penstock_channel_set_state (f.channel, PENSTOCK_CHANNEL_ENDED);
  fail_unless (wait_for (viewer_ended, viewer));
  fail_unless (wait_for (no_viewers, &f));
  g_autofree gchar *answer = describe_status (&f, "ended");
  ck_assert_status (answer, 503);
  viewer_free (viewer);

  /* A new publisher opens it again. */
  PenstockChannelStats stats;
  penstock_channel_get_stats (f.channel, &stats);
  guint n_before =
      MAX (stats.tracks[0].access_units, stats.tracks[1].access_units);
  pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, n_before + 5);
  viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 10, 10);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* --- the end --------------------------------------------------------------- */

GST_START_TEST (removed_mount_closes_its_viewers_and_frees_everything)
{
  Fixture f;
  Viewer *viewers[4];

  fixture_init (&f, "removed");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++)
    viewers[i] = viewer_new (&f, protocols[i % 2], "");
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++)
    wait_viewer (viewers[i], 5, 0);
  penstock_rtsp_server_remove_mount (f.server, f.name);
  g_autofree gchar *answer = describe_status (&f, f.name);
  ck_assert_status (answer, 404);
  fail_unless (wait_for (no_readers, &f));
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++) {
    if (i % 2 == 0) /* over UDP rtspsrc connects again and waits */
      fail_unless (wait_for (viewer_ended, viewers[i]));
    viewer_free (viewers[i]);
  }
  penstock_rtsp_server_add_mount (f.server, f.name, f.channel);
  Viewer *viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 5, 0);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

static guint
count_entries (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

typedef struct {
  guint fds, threads;
} Resources;

static gboolean
back_to (gpointer data)
{
  Resources *base = data;

  return count_entries ("/proc/self/fd") <= base->fds &&
      count_entries ("/proc/self/task") <= base->threads;
}

GST_START_TEST (nothing_is_left_after_many_rounds)
{
  Fixture f;
  Resources base = { 0 };

  fixture_init (&f, "rounds");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  for (guint i = 0; i < 25; i++) {
    Viewer *viewer = viewer_new (&f, protocols[i % 2], "");
    wait_viewer (viewer, 1, 0);
    if (i % 3 == 0) { /* taken away under the viewer */
      penstock_rtsp_server_remove_mount (f.server, f.name);
      fail_unless (wait_for (no_readers, &f));
      penstock_rtsp_server_add_mount (f.server, f.name, f.channel);
    }
    viewer_free (viewer);
    fail_unless (wait_for (no_readers, &f));
    fail_unless (wait_for (no_viewers, &f));
    if (i == 4) /* pools and caches are warm */
      base = (Resources){ count_entries ("/proc/self/fd") + 2,
        count_entries ("/proc/self/task") + 2 };
  }
  ck_assert_msg (wait_for (back_to, &base), "%u fds of %u, %u threads of %u",
      count_entries ("/proc/self/fd"), base.fds,
      count_entries ("/proc/self/task"), base.threads);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

static Suite *
rtsp_life_suite (void)
{
  Suite *s = suite_create ("rtsp-life");
  TCase *tc = tcase_create ("rtsp-life");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, viewers_share_one_reader_of_the_channel);
  tcase_add_test (tc, viewers_that_come_and_go_all_get_a_picture);
  tcase_add_loop_test (
      tc, viewer_survives_a_source_that_returns_with_another_size, 0, 2);
  tcase_add_test (tc, other_codecs_close_viewers_and_make_a_new_media);
  tcase_add_loop_test (tc, end_of_the_channel_ends_viewers, 0, 2);
  tcase_add_test (tc, removed_mount_closes_its_viewers_and_frees_everything);
  tcase_add_test (tc, nothing_is_left_after_many_rounds);

  if (g_getenv ("PENSTOCK_LONG")) {
    TCase *slow = tcase_create ("slow");
    suite_add_tcase (s, slow);
    tcase_set_timeout (slow, SILENCE_S + 3 * WAIT_S);
    tcase_add_loop_test (
        slow, viewer_survives_silence_longer_than_the_session_timeout, 0, 2);
  }
  return s;
}

GST_CHECK_MAIN (rtsp_life);
