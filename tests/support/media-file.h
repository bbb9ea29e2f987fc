/* SPDX-License-Identifier: MIT
 *
 * Small media files for tests, made by ffmpeg in a folder of the test's own. */
#ifndef PENSTOCK_TEST_MEDIA_FILE_H
#define PENSTOCK_TEST_MEDIA_FILE_H

#include <glib.h>
#include <glib/gstdio.h>

static inline gchar *
media_folder_new (void)
{
  gchar *folder = g_dir_make_tmp ("penstock-test-XXXXXX", NULL);

  g_assert_nonnull (folder);
  return folder;
}

static inline void
media_folder_remove (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);
    g_unlink (path);
  }
  g_rmdir (folder);
}

/* @arguments: of ffmpeg, from inputs to the format; (transfer full): path */
static inline gchar *
media_file_make (const gchar *folder, const gchar *name, const gchar *arguments)
{
  gchar *path = g_build_filename (folder, name, NULL);
  g_autofree gchar *line = g_strdup_printf (
      "ffmpeg -v error -nostdin -y %s -threads 1 %s", arguments, path);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *output = NULL;
  gint status = 0;

  if (!g_spawn_command_line_sync (line, NULL, &output, &status, &error))
    g_error ("ffmpeg is needed for this test: %s", error->message);
  if (status != 0)
    g_error ("%s: %s", line, output);
  return path;
}

#endif /* PENSTOCK_TEST_MEDIA_FILE_H */
