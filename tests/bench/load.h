/* SPDX-License-Identifier: MIT
 *
 * A run of the RTSP load generator: what was asked for, and what was measured. */

#pragma once

#include "proc-stat.h"
#include "viewer.h"

typedef struct {
  gchar *url;
  gboolean udp;
  gint viewers, frozen, slow; /* the last two are among the first */
  gdouble warm_s, join_s, settle_s, measure_s, freeze_s;
  gint slow_kbps;
  gdouble churn_per_s, churn_hold_s;
  gint fps, seed;
  gdouble wait_s; /* for the stream to be there, and for late keyframes */
  gint server_pid, server_core;
  gchar *json; /* file name, "-": standard output */
} LoadOptions;

typedef enum {
  LOAD_SCOUT, /* one viewer, until the stream is there, and a time longer */
  LOAD_JOIN,  /* the others, spread over join_s */
  LOAD_SETTLE,
  LOAD_MEASURE,
  LOAD_DRAIN, /* until every viewer has its keyframe */
  LOAD_DONE,
} LoadPhase;

/* Read at both ends of the measurement. */
typedef struct {
  guint64 time_ns, bytes, video_units, own_cpu_ns;
  guint playing;
  ProcStat server;
  gboolean server_runs;
} LoadMark;

typedef struct {
  LoadOptions options;
  ViewerShared shared;
  Viewer *viewers; /* options.viewers */
  LoadPhase phase;
  guint64 phase_end_ns;

  guint64 *join_at; /* one a viewer, ascending */
  guint next_join;

  GPtrArray *churn; /* of Viewer, owned */
  guint64 next_churn_ns;
  guint n_churn_joins, n_churn_failed;

  gboolean frozen, thawed;
  guint64 thaw_ns, next_slow_ns, next_keepalive_ns;

  GRand *random;
  ProcStat idle; /* the server with one viewer */
  ProcStat end;  /* after churn */
  LoadMark begin_mark, end_mark;
} Load;

/* Writes the table to standard output, the JSON object where it was asked for.
 * FALSE: the file cannot be written. */
gboolean load_report (Load *self);
