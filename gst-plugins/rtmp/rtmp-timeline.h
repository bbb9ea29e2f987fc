/* SPDX-License-Identifier: MIT
 *
 * One continuous timeline from the 32 bit timestamps of a publication: wraps,
 * jumps, steps of one kind alone, and encoders whose time stands still. Pure:
 * arrival times are arguments. */
#ifndef PENSTOCK_RTMP_TIMELINE_H
#define PENSTOCK_RTMP_TIMELINE_H

#include <gst/gst.h>

#include "flv-tag.h"

G_BEGIN_DECLS

/* Steps back below this are jitter and interleaving; the caller clamps. */
#define PENSTOCK_RTMP_MAX_BACK_MS 1000
/* A forward step beyond this is a jump unless as much time really passed. */
#define PENSTOCK_RTMP_MAX_GAP_MS 10000
/* Messages without progress after which arrival times are used. */
#define PENSTOCK_RTMP_MAX_FROZEN 50

#define PENSTOCK_RTMP_N_KINDS 2 /* PenstockFlvKind */

typedef enum {
  PENSTOCK_RTMP_TIME_OK,
  PENSTOCK_RTMP_TIME_RESYNC, /* the timeline broke: DISCONT, time goes on */
} PenstockRtmpTimeResult;

/* One kind's part of the timeline; private. */
typedef struct {
  gboolean seen;
  guint32 last;         /* as on the wire */
  gint64 unwrapped;     /* of last, ms */
  gint64 offset;        /* to the output, ms */
  gint64 out;           /* last output, ms */
  gint64 step;          /* last plausible distance of two messages, ms */
  GstClockTime arrival; /* of the last message that made progress */
  guint n_same;         /* messages since then */
} PenstockRtmpKindTime;

/**
 * PenstockRtmpTimeline:
 * @n_jumps: resynchronisations so far
 * @n_regressions: steps back that were let through
 * @frozen: arrival times are used
 *
 * A plain value, used by one thread.
 */
typedef struct {
  guint64 n_jumps, n_regressions;
  gboolean frozen;
  /*< private >*/
  PenstockRtmpKindTime kinds[PENSTOCK_RTMP_N_KINDS];
  gint64 jump_offset; /* of the last jump of either kind */
  GstClockTime jump_arrival;
  gint64 frozen_base; /* output - arrival, ms */
} PenstockRtmpTimeline;

/* A new publication: its first message will be time 0. */
void penstock_rtmp_timeline_init (PenstockRtmpTimeline *self);

/**
 * penstock_rtmp_timeline_next:
 * @kind: of the message; audio and video share the clock
 * @timestamp: as on the wire. Not of sequence headers: they may carry any
 * @arrival: monotonic time of arrival, ns
 * @out_ms: (out): milliseconds since the first message; may be negative by
 *   interleaving, and go back by less than %PENSTOCK_RTMP_MAX_BACK_MS
 */
PenstockRtmpTimeResult penstock_rtmp_timeline_next (PenstockRtmpTimeline *self,
    PenstockFlvKind kind, guint32 timestamp, GstClockTime arrival,
    gint64 *out_ms);

G_END_DECLS

#endif /* PENSTOCK_RTMP_TIMELINE_H */
