/* SPDX-License-Identifier: MIT
 *
 * The parts of penstockfanout among themselves: the element and its request
 * pads (fanout.c), its input, its output. */
#ifndef PENSTOCK_FANOUT_PRIVATE_H
#define PENSTOCK_FANOUT_PRIVATE_H

#include "fanout-pad.h"
#include "fanout-stream.h"
#include "fanout.h"

G_BEGIN_DECLS

struct _PenstockFanout {
  GstElement parent;

  PenstockGopLog *log; /* set at construction */

  GMutex lock; /* guards the rest, and appends. Order: see fanout-pad.h */
  PenstockCursorSettings defaults; /* of readers to come */
  PenstockGopLogLimits limits;
  GPtrArray *streams; /* of PenstockFanoutStream, owned */
  GPtrArray *readers; /* of PenstockFanoutReader, owned */
  guint next_reader;
  gboolean running; /* PAUSED or PLAYING */
};

/* --- element, with the lock ---------------------------------------------- */

/* The stream of a sink pad; NULL: it is released. */
PenstockFanoutStream *penstock_fanout_find_input (
    PenstockFanout *self, GstPad *sinkpad);
/* After a change of the cache's limits or of a reader's. */
void penstock_fanout_update_limits (PenstockFanout *self);

/* --- input --------------------------------------------------------------- */

void penstock_fanout_set_up_input (GstPad *pad);
/* With the lock. @eos: (nullable): the stream has ended or, NULL, goes on. */
void penstock_fanout_set_eos (
    PenstockFanout *self, PenstockFanoutStream *stream, GstEvent *eos);

/* --- output -------------------------------------------------------------- */

extern const PenstockFanoutPadOwner penstock_fanout_pad_owner;

void penstock_fanout_set_up_output (GstPad *pad);
/* Ends readers that are blocked, and so cannot see that they are too slow.
 * With the lock. Returns: (nullable): their numbers, guint */
GArray *penstock_fanout_end_blocked_readers (PenstockFanout *self);
/* Tells the application what has become of a reader. Without the lock. */
void penstock_fanout_post_reader (
    PenstockFanout *self, guint reader, PenstockFanoutPadState state);

G_END_DECLS

#endif /* PENSTOCK_FANOUT_PRIVATE_H */
