/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target over every file of the folders (or files) given. */

#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static guint
replay (const gchar *path)
{
  guint n = 0;

  if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    const gchar *name;
    while (dir && (name = g_dir_read_name (dir))) {
      g_autofree gchar *child = g_build_filename (path, name, NULL);
      n += replay (child);
    }
    return n;
  }

  g_autofree gchar *bytes = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &bytes, &size, NULL))
    return 0;
  /* An exact-size copy: a sanitizer sees a read past the end. */
  g_autofree guint8 *exact = g_memdup2 (bytes, size);
  LLVMFuzzerTestOneInput (exact, size);
  return 1;
}

int
main (int argc, char **argv)
{
  guint n = 0;

  for (int i = 1; i < argc; i++)
    n += replay (argv[i]);
  g_print ("%u inputs\n", n);
  return n > 0 ? 0 : 1;
}
