/* SPDX-License-Identifier: MIT
 *
 * The sink side of penstockfanout: what is known of one elementary stream, and
 * how its buffers become entries of the log. Private to penstockfanout. */
#ifndef PENSTOCK_FANOUT_STREAM_H
#define PENSTOCK_FANOUT_STREAM_H

#include <gst/gst.h>

#include "droppable.h"
#include "gop-log.h"
#include "sticky-set.h"

G_BEGIN_DECLS

typedef enum {
  PENSTOCK_FANOUT_UNKNOWN, /* no caps yet */
  PENSTOCK_FANOUT_AUDIO,
  PENSTOCK_FANOUT_VIDEO,     /* waits for keyframes */
  PENSTOCK_FANOUT_ALL_INTRA, /* video of which each frame is a keyframe */
} PenstockFanoutKind;

/* Guarded by the element's lock, except what says otherwise. */
typedef struct {
  guint number;    /* of sink_%u */
  guint track;     /* in the log */
  GstPad *sinkpad; /* not owned; NULL while there is none */
  GPtrArray *pads; /* of PenstockFanoutPad, not owned */

  PenstockFanoutKind kind;
  PenstockStickySet *sticky;
  GstEvent *eos; /* after it */
  gboolean flushing;
  gboolean discont; /* the next buffer breaks with the last */
  guint64 floor;    /* log position; what is older has been flushed */
  guint n_foreign;  /* entries of other streams since the pads were woken */
  GstSegment segment;
  GstClockTime last_time; /* log time; NONE before the first */
  GstClockTime next_time; /* end of the last buffer, if known */
  GstClockTimeDiff
      offset; /* of log time; grows where running time steps back */

  /* The stream's own streaming thread. */
  PenstockDroppable droppable;
  GstBufferPool *pool; /* last seen */
  gboolean pool_is_bounded;
} PenstockFanoutStream;

PenstockFanoutStream *penstock_fanout_stream_new (guint number, guint track);
void penstock_fanout_stream_free (PenstockFanoutStream *self);
/* Forgets all but the pads. */
void penstock_fanout_stream_reset (PenstockFanoutStream *self);

gboolean penstock_fanout_stream_is_video (const PenstockFanoutStream *self);
void penstock_fanout_stream_set_caps (
    PenstockFanoutStream *self, const GstCaps *caps);

/**
 * penstock_fanout_stream_prepare:
 * @buffer: (transfer full)
 *
 * Without the lock, in the streaming thread: marks what no picture refers to,
 * and copies a buffer of a pool that would run dry while the log keeps it.
 *
 * Returns: (transfer full): the buffer to keep
 */
GstBuffer *penstock_fanout_stream_prepare (
    PenstockFanoutStream *self, GstBuffer *buffer);

/* Log time of @buffer, ns, monotonic in a stream: decoding running time, at
 * @now (running time, ns) when nothing is known. */
GstClockTime penstock_fanout_stream_time (
    PenstockFanoutStream *self, const GstBuffer *buffer, GstClockTime now);

PenstockEntryFlags penstock_fanout_stream_flags (
    PenstockFanoutStream *self, const GstBuffer *buffer);

G_END_DECLS

#endif /* PENSTOCK_FANOUT_STREAM_H */
