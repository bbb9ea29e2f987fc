/* SPDX-License-Identifier: MIT
 *
 * Times have the resolution of the kernel's clock tick, 10 ms. */

#include "proc-stat.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static guint64
ticks_to_ns (guint64 ticks)
{
  return ticks *
      (G_GUINT64_CONSTANT (1000000000) / (guint64) sysconf (_SC_CLK_TCK));
}

/* Fields are counted as in proc(5), the state is field 3; the name before it
 * may contain anything. */
static guint64
stat_field (gchar **fields, guint n)
{
  return g_strv_length (fields) > n - 3
      ? g_ascii_strtoull (fields[n - 3], NULL, 10)
      : 0;
}

static guint
count_entries (const gchar *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  g_clear_pointer (&dir, g_dir_close);
  return n;
}

/* `cpuN user nice system idle iowait irq softirq steal ...` */
static guint64
core_busy (gint core)
{
  g_autofree gchar *text = NULL;
  g_autofree gchar *name = g_strdup_printf ("cpu%d", core);
  guint64 busy = 0;

  if (!g_file_get_contents ("/proc/stat", &text, NULL, NULL))
    return 0;
  for (gchar *line = text; line != NULL; line = strchr (line, '\n')) {
    gchar *at = line += *line == '\n';

    if (!g_str_has_prefix (line, name) || line[strlen (name)] != ' ')
      continue;
    at += strlen (name);
    for (guint i = 0; i < 8; i++) {
      guint64 value = g_ascii_strtoull (at, &at, 10);

      if (i != 3 && i != 4)
        busy += value;
    }
    return ticks_to_ns (busy);
  }
  return 0;
}

gboolean
proc_stat_read (gint pid, gint core, ProcStat *out)
{
  g_autofree gchar *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree gchar *fds = g_strdup_printf ("/proc/%d/fd", pid);
  g_autofree gchar *text = NULL;
  g_auto (GStrv) fields = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL) ||
      strrchr (text, ')') == NULL)
    return FALSE;
  fields = g_strsplit (strrchr (text, ')') + 2, " ", -1);
  if (g_strcmp0 (fields[0], "Z") == 0)
    return FALSE; /* ended, its parent has not noticed yet */
  *out = (ProcStat){
    .cpu_ns = ticks_to_ns (stat_field (fields, 14) + stat_field (fields, 15)),
    .rss_kb = stat_field (fields, 24) * (guint64) sysconf (_SC_PAGESIZE) / 1024,
    .threads = (guint) stat_field (fields, 20),
    .fds = count_entries (fds),
    .core_busy_ns = core >= 0 ? core_busy (core) : 0,
  };
  return TRUE;
}

guint64
proc_stat_own_cpu_ns (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (guint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
      G_GUINT64_CONSTANT (1000000000) +
      (guint64) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

void
proc_stat_raise_fd_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}
