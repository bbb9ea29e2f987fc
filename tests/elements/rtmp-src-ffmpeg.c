/* SPDX-License-Identifier: MIT
 *
 * penstockrtmpsrc with ffmpeg, as the publisher and as the server. */

#include <glib/gstdio.h>

#include "rtmp/flv-tag.h"
#include "tests/support/rtmp-src-rig.h"

static void
run (const gchar *const *argv)
{
  g_autoptr (GError) error = NULL;
  gint status = -1;

  fail_unless (g_spawn_sync (NULL, (gchar **) argv, NULL,
                   G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                       G_SPAWN_STDERR_TO_DEV_NULL,
                   NULL, NULL, NULL, NULL, &status, &error),
      "%s", error ? error->message : "");
  fail_unless (g_spawn_check_wait_status (status, NULL));
}

/* The frames of an FLV file (FLV 10.1, E.3): next one of @kind at *pos. */
static gboolean
next_file_frame (GBytes *file, gsize *pos, PenstockFlvKind kind, GBytes **frame)
{
  const guint8 type = kind == PENSTOCK_FLV_VIDEO ? 9 : 8;
  const gsize header = 11, back_pointer = 4;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);

  while (*pos + header <= size) {
    gsize start = *pos + header;
    gsize length = GST_READ_UINT24_BE (data + *pos + 1);
    PenstockFlvTag tag;

    *pos = start + length + back_pointer;
    if (data[start - header] != type ||
        penstock_flv_tag_parse (kind, data + start, length, &tag) !=
            PENSTOCK_RTMP_PARSE_DONE ||
        tag.n_items != 1 || tag.items[0].kind != PENSTOCK_FLV_ITEM_FRAME)
      continue;
    *frame = g_bytes_new_from_bytes (
        file, start + tag.items[0].offset, tag.items[0].size);
    return TRUE;
  }
  return FALSE;
}

typedef struct {
  const gchar *name;
  const gchar *video[6]; /* encoder arguments */
  gboolean has_video, has_audio;
} FfmpegRow;

static const FfmpegRow ffmpeg_rows[] = {
  { "H.264 with B-frames and AAC", { "-bf", "3", "-g", "12" }, TRUE, TRUE },
  { "video only, slices", { "-bf", "0", "-x264-params", "slices=4" }, TRUE,
      FALSE },
  { "audio only", { NULL }, FALSE, TRUE },
};

static void
add_arguments (GPtrArray *argv, const gchar *const *arguments)
{
  for (; *arguments; arguments++)
    g_ptr_array_add (argv, (gpointer) *arguments);
}

static gchar *
make_file (const FfmpegRow *row, const gchar *folder)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  gchar *path = g_build_filename (folder, "in.flv", NULL);
  const gchar *const begin[] = { "ffmpeg", "-y", NULL };
  const gchar *const duration[] = { "-t", "2", NULL };
  const gchar *const video[] = { "-f", "lavfi", "-i",
    "testsrc=size=160x120:rate=25", NULL };
  const gchar *const audio[] = { "-f", "lavfi", "-i", "sine", NULL };
  const gchar *const encode[] = { "-c:v", "libx264", "-preset", "ultrafast",
    "-pix_fmt", "yuv420p", NULL };

  add_arguments (argv, begin);
  if (row->has_video)
    add_arguments (argv, video);
  if (row->has_audio)
    add_arguments (argv, audio);
  if (row->has_video) {
    add_arguments (argv, encode);
    add_arguments (argv, row->video);
  }
  add_arguments (argv, duration);
  g_ptr_array_add (argv, path);
  g_ptr_array_add (argv, NULL);
  run ((const gchar *const *) argv->pdata);
  return path;
}

/* All frames of @pad up to EOS against the file's. */
static void
compare_frames (
    GPtrArray *buffers, GBytes *file, PenstockFlvKind kind, const gchar *name)
{
  GstClockTime last_dts = 0;
  gsize pos = 13; /* file header and first back pointer */
  guint n = 0;
  GBytes *expected;

  while (next_file_frame (file, &pos, kind, &expected)) {
    g_autoptr (GBytes) frame = expected;
    gsize size;
    const guint8 *data = g_bytes_get_data (frame, &size);
    GstBuffer *buffer;

    fail_unless (n < buffers->len, "%s: only %u frames", name, n);
    buffer = g_ptr_array_index (buffers, n++);
    fail_unless (gst_buffer_get_size (buffer) == size &&
            gst_buffer_memcmp (buffer, 0, data, size) == 0,
        "%s: frame %u differs", name, n);
    fail_unless (GST_BUFFER_DTS (buffer) >= last_dts);
    fail_unless (GST_BUFFER_PTS (buffer) >= GST_BUFFER_DTS (buffer));
    last_dts = GST_BUFFER_DTS (buffer);
  }
  fail_unless (
      n == buffers->len, "%s: %u frames too many", name, buffers->len - n);
}

/* Everything that passes until @n_pads pads have ended. */
static void
collect (Fixture *f, guint n_pads, GPtrArray *video, GPtrArray *audio)
{
  while (n_pads > 0) {
    g_autoptr (Passed) passed = g_async_queue_timeout_pop (f->passed, WAIT);

    fail_unless (passed != NULL);
    if (GST_IS_BUFFER (passed->object))
      g_ptr_array_add (g_str_has_prefix (passed->pad, "video") ? video : audio,
          gst_buffer_ref (GST_BUFFER_CAST (passed->object)));
    else if (GST_EVENT_TYPE (passed->object) == GST_EVENT_EOS)
      n_pads--;
  }
}

GST_START_TEST (frames_of_ffmpeg_arrive_bit_exact)
{
  const FfmpegRow *row = &ffmpeg_rows[__i__];
  g_autofree gchar *ffmpeg = g_find_program_in_path ("ffmpeg");
  g_autofree gchar *folder = g_dir_make_tmp ("penstock-XXXXXX", NULL);
  g_autofree gchar *path = NULL;
  g_autofree gchar *url = NULL;
  g_autofree gchar *contents = NULL;
  g_autoptr (GPtrArray) video =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  g_autoptr (GPtrArray) audio =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  g_autoptr (GBytes) file = NULL;
  gsize size = 0;
  Fixture f;

  if (!ffmpeg) {
    g_rmdir (folder);
    return;
  }
  path = make_file (row, folder);
  fixture_init (&f, "live/test");
  url = g_strdup_printf ("rtmp://127.0.0.1:%u/live/test", fixture_play (&f));
  run ((const gchar *const[]){
      "ffmpeg", "-i", path, "-c", "copy", "-f", "flv", url, NULL });
  collect (&f, row->has_video + row->has_audio, video, audio);

  g_file_get_contents (path, &contents, &size, NULL);
  file = g_bytes_new (contents, size);
  compare_frames (video, file, PENSTOCK_FLV_VIDEO, row->name);
  compare_frames (audio, file, PENSTOCK_FLV_AUDIO, row->name);
  fail_unless (video->len + audio->len > 0);
  fixture_clear (&f);
  g_unlink (path);
  g_rmdir (folder);
}
GST_END_TEST;

/* ffmpeg as the server; it does not say when it listens, so it is asked until
 * it does. */
GST_START_TEST (client_plays_from_ffmpeg)
{
  g_autofree gchar *ffmpeg = g_find_program_in_path ("ffmpeg");
  g_autofree gchar *folder = g_dir_make_tmp ("penstock-XXXXXX", NULL);
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  gint64 end = g_get_monotonic_time () + WAIT;
  g_autoptr (GSubprocess) server = NULL;
  GstMessage *error;
  Fixture f;

  g_socket_listener_close (listener);
  if (!ffmpeg) {
    g_rmdir (folder);
    return;
  }
  g_autofree gchar *path = make_file (&ffmpeg_rows[0], folder);
  g_autofree gchar *url =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/test", port);
  server = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDERR_SILENCE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE,
      NULL, "ffmpeg", "-re", "-i", path, "-c", "copy", "-f", "flv", "-listen",
      "1", url, NULL);

  fixture_init (&f, "live/test");
  gst_util_set_object_arg (G_OBJECT (f.src), "role", "client");
  g_object_set (f.src, "location", url, NULL);
  do {
    gst_element_set_state (f.pipeline, GST_STATE_NULL);
    gst_element_set_state (f.pipeline, GST_STATE_PLAYING);
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        f.bus, WAIT * GST_USECOND, GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT);
    fail_unless (message != NULL);
    error = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR ? message : NULL;
  } while (error && g_get_monotonic_time () < end);
  fail_unless (error == NULL);

  g_autoptr (GstBuffer) key = next_buffer (&f, "video_0");
  fail_if (GST_BUFFER_FLAG_IS_SET (key, GST_BUFFER_FLAG_DELTA_UNIT));
  g_autoptr (GstBuffer) sound = next_buffer (&f, "audio_0");
  expect_eos (&f, "video_0");
  g_subprocess_force_exit (server);
  g_subprocess_wait (server, NULL, NULL);
  fixture_clear (&f);
  g_unlink (path);
  g_rmdir (folder);
}
GST_END_TEST;

/* The line of the element's documentation, with a free port and no window. */
GST_START_TEST (launch_line_shows_pictures)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline =
      gst_parse_launch ("penstockrtmpsrc name=src "
                        "location=rtmp://127.0.0.1:0/live/test ! h264parse ! "
                        "avdec_h264 ! fakesink name=sink",
          &error);
  g_autofree gchar *ffmpeg = g_find_program_in_path ("ffmpeg");
  g_autofree gchar *folder = g_dir_make_tmp ("penstock-XXXXXX", NULL);
  g_autoptr (GstSample) sample = NULL;

  fail_unless (error == NULL);
  if (!ffmpeg) {
    g_rmdir (folder);
    return;
  }
  g_autofree gchar *path = make_file (&ffmpeg_rows[0], folder);
  g_autoptr (GstElement) src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  guint port;

  g_object_set (sink, "sync", FALSE, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_object_get (src, "port", &port, NULL);
  g_autofree gchar *url =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/test", port);
  run ((const gchar *const[]){
      "ffmpeg", "-i", path, "-c", "copy", "-f", "flv", url, NULL });
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, WAIT * GST_USECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  g_object_get (sink, "last-sample", &sample, NULL);
  fail_unless (sample != NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_unlink (path);
  g_rmdir (folder);
}
GST_END_TEST;

static Suite *
rtmp_src_ffmpeg_suite (void)
{
  Suite *s = suite_create ("rtmp-src-ffmpeg");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (
      tc, frames_of_ffmpeg_arrive_bit_exact, 0, G_N_ELEMENTS (ffmpeg_rows));
  tcase_add_test (tc, client_plays_from_ffmpeg);
  tcase_add_test (tc, launch_line_shows_pictures);
  return s;
}

GST_CHECK_MAIN (rtmp_src_ffmpeg);
