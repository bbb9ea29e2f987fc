/* SPDX-License-Identifier: MIT
 *
 * What the kernel tells about a process and a processor (proc(5)). */

#pragma once

#include <glib.h>

typedef struct {
  guint64 cpu_ns; /* user and system time of the process */
  guint64 rss_kb; /* resident memory */
  guint threads, fds;
  guint64 core_busy_ns; /* time @core was not idle, whoever used it */
} ProcStat;

/* Reads process @pid and processor @core (< 0: none). FALSE: it does not
 * run. */
gboolean proc_stat_read (gint pid, gint core, ProcStat *out);

/* Of this process: user and system time so far. */
guint64 proc_stat_own_cpu_ns (void);

/* This process may open as many files as the system lets it. */
void proc_stat_raise_fd_limit (void);
