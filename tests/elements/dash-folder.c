/* SPDX-License-Identifier: MIT
 *
 * penstockdashsink that writes a folder. */

#include <glib/gstdio.h>

#include "../support/dash-rig.h"

static gchar *
make_folder (void)
{
  return g_dir_make_tmp ("penstock-dash-XXXXXX", NULL);
}

static void
delete_folder (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *child = g_build_filename (path, name, NULL);

    if (g_file_test (child, G_FILE_TEST_IS_DIR))
      delete_folder (child);
    else
      g_unlink (child);
  }
  g_rmdir (path);
}

static void
start_in_folder (Rig *rig, const Media *video, const gchar *folder)
{
  rig_start (rig, NULL, NULL);
  g_object_set (rig->sink, "directory", folder, NULL);
  rig->video = rig_harness (rig->sink, "video_0", video);
}

static gboolean
exists (const gchar *folder, const gchar *path)
{
  g_autofree gchar *full = g_build_filename (folder, path, NULL);

  return g_file_test (full, G_FILE_TEST_IS_REGULAR);
}

/* What begins each Period of @text, an MPD, is there. */
static void
assert_periods_begin (const gchar *folder, const gchar *text)
{
  static const gchar attribute[] = "startNumber=\"";

  for (const gchar *at = text; (at = strstr (at, attribute)); at++) {
    g_autofree gchar *path = mpd_segment_path (
        "v0", g_ascii_strtoull (at + strlen (attribute), NULL, 10));

    fail_unless (exists (folder, path), "%s", path);
  }
}

GST_START_TEST (the_folder_holds_what_the_store_holds)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autoptr (GstMessage) message = NULL;
  g_auto (GStrv) paths = NULL;
  Rig rig;

  start_in_folder (&rig, video, folder);
  rig_feed (&rig, video, NULL, 0);
  rig_end (&rig);
  message = gst_bus_timed_pop_filtered (
      rig.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS);
  paths = penstock_segment_store_list (rig.store);
  assert_equals_int (g_strv_length (paths), 4);
  for (guint i = 0; paths[i]; i++) {
    g_autofree gchar *full = g_build_filename (folder, paths[i], NULL);
    g_autofree gchar *data = NULL;
    g_autoptr (GBytes) stored = rig_read_file (&rig, paths[i]);
    gsize size;

    fail_unless (g_file_get_contents (full, &data, &size, NULL), "%s", full);
    assert_equals_uint64 (size, g_bytes_get_size (stored));
    fail_unless (memcmp (data, g_bytes_get_data (stored, NULL), size) == 0);
  }
  rig_stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

GST_START_TEST (a_later_run_passes_over_what_it_finds)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *left = g_build_filename (folder, "v0", NULL);
  g_autofree gchar *segment = g_build_filename (left, "99.m4s", NULL);
  g_autofree gchar *half = g_build_filename (left, "98.m4s.tmp", NULL);
  g_autofree gchar *other = g_build_filename (left, "notes.txt", NULL);
  Rig rig;

  g_mkdir (left, 0755);
  g_file_set_contents (segment, "old", 3, NULL);
  g_file_set_contents (half, "old", 3, NULL);
  g_file_set_contents (other, "mine", 4, NULL);
  start_in_folder (&rig, video, folder);
  rig_feed (&rig, video, NULL, 0);
  rig_assert_mpd (&rig, "startNumber=\"100\"", 1);
  rig_feed (&rig, video, NULL, 1000 * GST_SECOND);
  rig_feed (&rig, video, NULL, 2000 * GST_SECOND);
  rig_stop (&rig); /* all is written */
  fail_if (exists (folder, "v0/98.m4s.tmp"));
  fail_if (exists (folder, "v0/99.m4s"));
  fail_unless (exists (folder, "v0/notes.txt"));
  delete_folder (folder);
}
GST_END_TEST;

GST_START_TEST (a_disk_that_fails_is_told_and_the_stream_goes_on)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *obstacle = g_build_filename (folder, "v0", NULL);
  g_autofree gchar *mpd = g_build_filename (folder, "manifest.mpd", NULL);
  g_autofree gchar *text = NULL;
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) message = NULL;
  Rig rig;

  g_file_set_contents (
      obstacle, "", 0, NULL); /* a file where a folder is due */
  start_in_folder (&rig, video, folder);
  rig_feed (&rig, video, NULL, 0);
  warning = gst_bus_timed_pop_filtered (
      rig.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_WARNING);
  fail_if (g_file_test (mpd, G_FILE_TEST_EXISTS)); /* nothing to announce */
  rig_assert_mpd (&rig, "<Period ", 1);            /* memory has it */

  g_unlink (obstacle);
  rig_feed (&rig, video, NULL, 3 * GST_SECOND);
  rig_end (&rig);
  message = gst_bus_timed_pop_filtered (
      rig.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS);
  fail_unless (g_file_get_contents (mpd, &text, NULL, NULL));
  fail_unless (count_text (text, "<Period ") == 1, "%.3000s", text);
  assert_periods_begin (folder, text);
  rig_stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

static void
wait_for (Rig *rig, GstMessageType type)
{
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (rig->bus, GST_CLOCK_TIME_NONE, type);

  fail_unless (message != NULL);
}

/* The folder has everything, and memory has kept it. */
static void
assert_both_have (Rig *rig, const gchar *folder, guint n_files)
{
  g_auto (GStrv) paths = penstock_segment_store_list (rig->store);

  assert_equals_int (g_strv_length (paths), n_files);
  for (guint i = 0; paths[i]; i++)
    fail_unless (exists (folder, paths[i]), "%s", paths[i]);
  rig_assert_mpd (rig, "<Period ", 1);
}

GST_START_TEST (a_folder_that_is_removed_is_filled_again_from_memory)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  Rig rig;

  start_in_folder (&rig, video, folder);
  rig_feed (&rig, video, NULL, 0);
  rig_feed (&rig, video, NULL, 3 * GST_SECOND);
  while (!exists (folder, "v0/11.m4s"))
    g_thread_yield ();
  delete_folder (folder);
  rig_feed (&rig, video, NULL, 6 * GST_SECOND);
  wait_for (&rig, GST_MESSAGE_WARNING);
  rig_feed (&rig, video, NULL, 9 * GST_SECOND);
  rig_end (&rig);
  wait_for (&rig, GST_MESSAGE_INFO);
  wait_for (&rig, GST_MESSAGE_EOS);
  assert_both_have (&rig, folder, 7); /* MPD, header, 5 segments */
  fail_if (gst_bus_pop_filtered (rig.bus, GST_MESSAGE_WARNING));
  rig_stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

GST_START_TEST (a_disk_that_fails_for_long_is_told_once_and_leaves_memory)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *obstacle = g_build_filename (folder, "v0", NULL);
  Rig rig;

  g_file_set_contents (obstacle, "", 0, NULL);
  start_in_folder (&rig, video, folder);
  for (guint i = 0; i < 3; i++)
    rig_feed (&rig, video, NULL, i * 3 * GST_SECOND);
  wait_for (&rig, GST_MESSAGE_WARNING);
  fail_if (exists (folder, "manifest.mpd"));
  g_unlink (obstacle);
  for (guint i = 3; i < 5; i++)
    rig_feed (&rig, video, NULL, i * 3 * GST_SECOND);
  rig_end (&rig);
  wait_for (&rig, GST_MESSAGE_INFO);
  wait_for (&rig, GST_MESSAGE_EOS);
  assert_both_have (&rig, folder, 8);
  fail_if (gst_bus_pop_filtered (rig.bus, GST_MESSAGE_WARNING));
  rig_stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

typedef struct {
  GMutex lock;
  GCond cond;
  GstMessageType type;
  gboolean waits, released;
} Gate;

/* The writer of the folder posts the first such message. */
static GstBusSyncReply
hold_the_writer (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Gate *gate = user_data;

  if (GST_MESSAGE_TYPE (message) != gate->type)
    return GST_BUS_PASS;
  g_mutex_lock (&gate->lock);
  gate->waits = TRUE;
  g_cond_signal (&gate->cond);
  while (!gate->released)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
  return GST_BUS_PASS;
}

static void
wait_for_the_writer (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  while (!gate->waits)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static gboolean
writer_waits (Gate *gate)
{
  gboolean waits;

  g_mutex_lock (&gate->lock);
  waits = gate->waits;
  g_mutex_unlock (&gate->lock);
  return waits;
}

static void
release_the_writer (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->released = TRUE;
  g_cond_signal (&gate->cond);
  g_mutex_unlock (&gate->lock);
}

GST_START_TEST (a_folder_that_is_busy_until_the_end_is_filled_then)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *obstacle = g_build_filename (folder, "v0", NULL);
  Gate gate = { .type = GST_MESSAGE_WARNING };
  Rig rig;

  g_file_set_contents (obstacle, "", 0, NULL);
  start_in_folder (&rig, video, folder);
  gst_bus_set_sync_handler (rig.bus, hold_the_writer, &gate, NULL);
  rig_feed (&rig, video, NULL, 0);
  wait_for_the_writer (&gate);
  g_unlink (obstacle);
  rig_feed (&rig, video, NULL, 3 * GST_SECOND);
  rig_end (&rig);
  release_the_writer (&gate);
  wait_for (&rig, GST_MESSAGE_EOS);
  assert_both_have (&rig, folder, 5); /* MPD, header, 3 segments */
  rig_stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

/* Its failure is known when the end is on its way already. */
GST_START_TEST (a_folder_that_is_lost_with_the_last_files_is_filled_again)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *obstacle = g_build_filename (folder, "v0", NULL);
  Gate gate = { .type = GST_MESSAGE_INFO };
  g_auto (GStrv) paths = NULL;
  guint n = 0;
  Rig rig;

  g_file_set_contents (obstacle, "", 0, NULL);
  start_in_folder (&rig, video, folder);
  gst_bus_set_sync_handler (rig.bus, hold_the_writer, &gate, NULL);
  rig_feed (&rig, video, NULL, 3 * GST_SECOND * n++);
  wait_for (&rig, GST_MESSAGE_WARNING);
  g_unlink (obstacle);
  while (!writer_waits (&gate)) /* rows try, once the writer is idle */
    rig_feed (&rig, video, NULL, 3 * GST_SECOND * n++);
  delete_folder (folder);
  rig_feed (&rig, video, NULL, 3 * GST_SECOND * n++);
  rig_end (&rig);
  release_the_writer (&gate);
  wait_for (&rig, GST_MESSAGE_EOS);
  paths = penstock_segment_store_list (rig.store);
  assert_both_have (&rig, folder, g_strv_length (paths));
  rig_stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

/* One file of it cannot be written: the rest stays, before and after. */
GST_START_TEST (a_recording_survives_a_disk_that_fails)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *obstacle =
      g_build_filename (folder, "v0", "11.m4s.tmp", NULL);
  g_autofree gchar *recording =
      g_build_filename (folder, "recording.mpd", NULL);
  g_autofree gchar *text = NULL;
  Rig rig;

  g_mkdir_with_parents (obstacle, 0755); /* where a file is due */
  rig_start (&rig, NULL, NULL);
  g_object_set (
      rig.sink, "directory", folder, "store", NULL, "keep", TRUE, NULL);
  rig.video = rig_harness (rig.sink, "video_0", video);
  for (guint i = 0; i < 2; i++)
    rig_feed (&rig, video, NULL, 3 * GST_SECOND * i);
  wait_for (&rig, GST_MESSAGE_WARNING);
  for (guint i = 2; i < 6; i++)
    rig_feed (&rig, video, NULL, 3 * GST_SECOND * i);
  rig_end (&rig);
  wait_for (&rig, GST_MESSAGE_INFO);
  wait_for (&rig, GST_MESSAGE_EOS);
  fail_unless (g_file_get_contents (recording, &text, NULL, NULL));
  fail_unless (strstr (text, "startNumber=\"10\"") != NULL, "%s", text);
  assert_equals_int (count_text (text, "<Period "), 2);
  fail_unless (exists (folder, "v0/10.m4s"));
  assert_periods_begin (folder, text);
  rig_stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

static Suite *
dash_folder_suite (void)
{
  Suite *suite = suite_create ("dash-folder");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, the_folder_holds_what_the_store_holds);
  tcase_add_test (tc, a_later_run_passes_over_what_it_finds);
  tcase_add_test (tc, a_disk_that_fails_is_told_and_the_stream_goes_on);
  tcase_add_test (tc, a_folder_that_is_removed_is_filled_again_from_memory);
  tcase_add_test (
      tc, a_disk_that_fails_for_long_is_told_once_and_leaves_memory);
  tcase_add_test (tc, a_folder_that_is_busy_until_the_end_is_filled_then);
  tcase_add_test (
      tc, a_folder_that_is_lost_with_the_last_files_is_filled_again);
  tcase_add_test (tc, a_recording_survives_a_disk_that_fails);
  return suite;
}

GST_CHECK_MAIN (dash_folder);
