/* SPDX-License-Identifier: MIT
 *
 * Threads of this process by name, for tests that nothing is left running. */
#ifndef PENSTOCK_TEST_THREADS_H
#define PENSTOCK_TEST_THREADS_H

#include <gst/check/gstcheck.h>
#include <string.h>

#define TEST_THREADS_WAIT_US (10 * G_USEC_PER_SEC)

/* Threads whose name begins with @prefix. Others may come and go: sanitizers
 * have their own. */
static inline guint
test_threads_count (const gchar *prefix)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const gchar *id;
  guint n = 0;

  while ((id = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_strdup_printf ("/proc/self/task/%s/comm", id);
    g_autofree gchar *name = NULL;
    if (g_file_get_contents (path, &name, NULL, NULL))
      n += g_str_has_prefix (name, prefix);
  }
  return n;
}

/* A joined thread stays in /proc until the kernel has taken it down, and there
 * is nothing to wait on for that. */
static inline void
test_threads_assert_gone (const gchar *prefix)
{
  gint64 end = g_get_monotonic_time () + TEST_THREADS_WAIT_US;

  while (test_threads_count (prefix) > 0 && g_get_monotonic_time () < end)
    g_thread_yield ();
  assert_equals_int (test_threads_count (prefix), 0);
}

#endif /* PENSTOCK_TEST_THREADS_H */
