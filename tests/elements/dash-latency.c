/* SPDX-License-Identifier: MIT
 *
 * penstockdashsink with low latency: segments that grow in the store, and
 * appear in the folder when they are complete. */

#include <glib/gstdio.h>

#include "../support/dash-rig.h"

/* Media is fed faster than in real time: nothing is overdue. */
static guint64
now (void)
{
  return (guint64) g_get_real_time () * GST_USECOND;
}

static void
start (Rig *rig, const Media *video, const Media *audio, const gchar *folder)
{
  rig_start_with (rig, video, audio, "low-latency", TRUE, "latency",
      (guint64) GST_SECOND, "directory", folder, "wall-clock", now (), NULL);
}

/* The first @n_video buffers and the sound up to them. */
static void
feed_some (Rig *rig, const Media *video, const Media *audio, guint n_video)
{
  guint a = 0;

  for (guint v = 0; v < n_video; v++) {
    rig_push (rig->video, video, v, 0);
    for (; audio && a < audio->buffers->len &&
         GST_BUFFER_PTS (g_ptr_array_index (audio->buffers, a)) <
             (v + 1) * 40 * GST_MSECOND;
         a++)
      rig_push (rig->audio, audio, a, 0);
  }
}

static PenstockStoredFile *
read_stored (Rig *rig, const gchar *path)
{
  PenstockStoredFile *file = penstock_segment_store_read (rig->store, path);

  fail_unless (file != NULL, "%s is missing", path);
  return file;
}

GST_START_TEST (a_segment_can_be_read_while_it_grows)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) audio = media_encode (AUDIO ("141"));
  g_autoptr (PenstockStoredFile) early = NULL;
  g_autoptr (PenstockStoredFile) more = NULL;
  Rig rig;

  start (&rig, video, audio, NULL);
  feed_some (&rig, video, audio, 12);
  early = read_stored (&rig, "v0/10.m4s");
  fail_if (early->complete);
  assert_equals_int (early->chunks->len, 2);
  rig_assert_mpd (&rig, "availabilityTimeComplete=\"false\"", 2);
  fail_unless (
      penstock_segment_store_is_expected (rig.store, "v0/11.m4s", NULL));
  for (guint i = 12; i < 15; i++)
    rig_push (rig.video, video, i, 0);
  more = penstock_segment_store_read_more (
      rig.store, "v0/10.m4s", early->etag, early->chunks->len);
  assert_equals_int (more->chunks->len, 1);
  assert_equals_int (
      rig_assert_chunk (more->chunks->pdata[0], video, 10, 90000, 0), 5);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (samples_of_chunks_are_the_access_units_byte_for_byte)
{
  static const gchar *const bframes[] = { VIDEO ("120", "width=160, height=120",
                                              "0"),
    VIDEO ("120", "width=160, height=120", "3") };
  g_autoptr (Media) video = media_encode (bframes[__i__]);
  g_autoptr (Media) audio = media_encode (AUDIO ("223"));
  Rig rig;

  start (&rig, video, audio, NULL);
  rig_feed (&rig, video, audio, 0);
  rig_end (&rig);
  rig_assert_mpd (&rig, "<Period ", 1);
  rig_assert_samples (&rig, "v0", 10, video, 90000, 0);
  rig_assert_samples (&rig, "a0", 10, audio, 48000, 1);
  rig_stop (&rig);
}
GST_END_TEST;

GST_START_TEST (sound_alone_grows_too)
{
  g_autoptr (Media) audio = media_encode (AUDIO ("141"));
  g_autoptr (PenstockStoredFile) file = NULL;
  Rig rig;

  start (&rig, NULL, audio, NULL);
  for (guint i = 0; i < 20; i++)
    rig_push (rig.audio, audio, i, 0);
  file = read_stored (&rig, "a0/10.m4s");
  fail_if (file->complete);
  assert_equals_int (file->chunks->len, 2);
  rig_assert_mpd (&rig, "duration=\"96000\" availabilityTimeOffset", 1);
  rig_stop (&rig);
}
GST_END_TEST;

static gchar *
make_folder (void)
{
  return g_dir_make_tmp ("penstock-dash-XXXXXX", NULL);
}

static guint
count_files (const gchar *folder, const gchar *child, const gchar *suffix)
{
  g_autofree gchar *path = g_build_filename (folder, child, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;
  guint n = 0;

  while (dir && (name = g_dir_read_name (dir)))
    n += g_str_has_suffix (name, suffix);
  return n;
}

static void
delete_folder (const gchar *folder)
{
  static const gchar *const children[] = { "v0", "a0", "." };

  for (guint i = 0; i < G_N_ELEMENTS (children); i++) {
    g_autofree gchar *path = g_build_filename (folder, children[i], NULL);
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    const gchar *name;

    while (dir && (name = g_dir_read_name (dir))) {
      g_autofree gchar *file = g_build_filename (path, name, NULL);

      g_unlink (file);
    }
    g_rmdir (path);
  }
  g_rmdir (folder);
}

GST_START_TEST (a_folder_has_segments_when_they_are_complete)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("120", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *path = g_build_filename (folder, "v0", "10.m4s", NULL);
  g_autofree gchar *mpd = g_build_filename (folder, "manifest.mpd", NULL);
  g_autofree gchar *data = NULL;
  g_autofree gchar *text = NULL;
  g_autoptr (PenstockStoredFile) stored = NULL;
  gsize size, at = 0;
  Rig rig;

  start (&rig, video, NULL, folder);
  for (guint i = 0; i < 60; i++)
    rig_push (rig.video, video, i, 0);
  stored = read_stored (&rig, "v0/10.m4s");
  gst_element_set_state (rig.sink, GST_STATE_READY); /* all is written */
  assert_equals_int (count_files (folder, "v0", ".m4s"), 1);
  assert_equals_int (count_files (folder, "v0", ".tmp"), 0);
  fail_unless (g_file_get_contents (path, &data, &size, NULL));
  assert_equals_uint64 (size, stored->size);
  for (guint i = 0; i < stored->chunks->len; i++) {
    gsize n;
    gconstpointer chunk = g_bytes_get_data (stored->chunks->pdata[i], &n);

    fail_unless (memcmp (data + at, chunk, n) == 0);
    at += n;
  }
  fail_unless (g_file_get_contents (mpd, &text, NULL, NULL));
  fail_if (strstr (text, "availabilityTimeOffset"));
  fail_unless (strstr (text, "duration=\"180000\"") != NULL);
  rig_stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

GST_START_TEST (a_disk_that_fails_leaves_no_half_segments)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("120", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *tracks = g_build_filename (folder, "v0", NULL);
  g_autofree gchar *tmp = g_build_filename (tracks, "11.m4s.tmp", NULL);
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) message = NULL;
  Rig rig;

  start (&rig, video, NULL, folder);
  g_mkdir (tracks, 0755);
  g_mkdir (tmp, 0755); /* a folder where a file is due */
  for (guint i = 0; i < 70; i++)
    rig_push (rig.video, video, i, 0);
  warning = gst_bus_timed_pop_filtered (
      rig.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_WARNING);
  for (guint i = 70; i < 120; i++)
    rig_push (rig.video, video, i, 0);
  rig_end (&rig);
  message = gst_bus_timed_pop_filtered (
      rig.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS);
  g_rmdir (tmp);
  assert_equals_int (count_files (folder, "v0", ".tmp"), 0);
  rig_assert_mpd (&rig, "type=\"static\"", 1); /* memory has it all */
  rig_stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

GST_START_TEST (a_gop_without_room_ends_and_the_next_one_is_tried)
{
  g_autoptr (Media) video =
      media_encode (VIDEO ("120", "width=640, height=480", "0"));
  Rig rig;

  rig_start_with (&rig, NULL, NULL, "low-latency", TRUE, "max-bytes",
      (guint64) 1024 * 1024, "wall-clock", now (), NULL);
  rig.video = rig_harness (rig.sink, "video_0", video);
  for (guint n = 0; n < 200; n++) {
    GstBuffer *buffer =
        gst_buffer_copy (g_ptr_array_index (video->buffers, n % 50 ? 1 : 0));

    GST_BUFFER_PTS (buffer) = n * 40 * GST_MSECOND;
    gst_buffer_append_memory (
        buffer, gst_allocator_alloc (NULL, 40 * 1024, NULL));
    assert_equals_int (gst_harness_push (rig.video, buffer), GST_FLOW_OK);
    fail_unless (penstock_segment_store_get_bytes (rig.store) < 1400 * 1024);
  }
  rig_end (&rig);
  {
    g_autoptr (GstStructure) stats = NULL;
    guint64 given_up = 0;

    g_object_get (rig.sink, "stats", &stats, NULL);
    gst_structure_get_uint64 (stats, "dropped-before-keyframe", &given_up);
    fail_unless (given_up > 0);
  }
  rig_stop (&rig);
}
GST_END_TEST;

static Suite *
dash_latency_suite (void)
{
  Suite *suite = suite_create ("dash-latency");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, a_segment_can_be_read_while_it_grows);
  tcase_add_loop_test (
      tc, samples_of_chunks_are_the_access_units_byte_for_byte, 0, 2);
  tcase_add_test (tc, sound_alone_grows_too);
  tcase_add_test (tc, a_folder_has_segments_when_they_are_complete);
  tcase_add_test (tc, a_disk_that_fails_leaves_no_half_segments);
  tcase_add_test (tc, a_gop_without_room_ends_and_the_next_one_is_tried);
  return suite;
}

GST_CHECK_MAIN (dash_latency);
