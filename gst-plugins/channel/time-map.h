/* SPDX-License-Identifier: MIT
 *
 * Maps the timeline of one input to the monotonic system clock, once, at the
 * channel's door: anchor, slow drift correction, and re-anchoring at jumps.
 * Pure: arrival times are arguments. One thread at a time. */
#ifndef PENSTOCK_TIME_MAP_H
#define PENSTOCK_TIME_MAP_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Access units before the anchor is known are held back this long (in arrival
 * time), and as long as they come in a burst: a publisher that dumps its buffer
 * at once must not set the anchor too far ahead. */
#define PENSTOCK_TIME_MAP_PRIME (100 * GST_MSECOND)
#define PENSTOCK_TIME_MAP_MAX_PRIME (2 * GST_SECOND)
/* An error beyond this is a jump, not drift. */
#define PENSTOCK_TIME_MAP_MAX_ERROR (500 * GST_MSECOND)
/* A forward step beyond this that the wall clock does not confirm is a jump. */
#define PENSTOCK_TIME_MAP_MAX_GAP (10 * GST_SECOND)
/* Steps back below this (interleaving, jitter) are no jump. */
#define PENSTOCK_TIME_MAP_MAX_BACK (1 * GST_SECOND)

typedef enum
{
  PENSTOCK_TIME_MAP_HOLD,   /* not anchored yet: keep it and ask again */
  PENSTOCK_TIME_MAP_OK,
  PENSTOCK_TIME_MAP_JUMP,   /* re-anchored here: discontinuity, new epoch */
} PenstockTimeMapResult;

typedef struct
{
  gboolean correct_drift; /* set by the owner */
  /*< private >*/
  gboolean anchored, priming;
  GstClockTimeDiff offset;       /* output - source time */
  GstClockTimeDiff prime_offset; /* smallest arrival - source while priming */
  GstClockTime prime_start;      /* arrival of the first one */
  GstClockTime prime_improved;   /* arrival when the burst was last seen */
  GstClockTime last_source[32], last_arrival[32]; /* by track */
  GstClockTime newest_out;       /* over all tracks */
  GstClockTime window_start;     /* arrival; of the drift window */
  GstClockTimeDiff window_min;   /* smallest arrival - output in it */
  GstClockTimeDiff pending;      /* correction still to be applied */
  guint divisor;                 /* of time that passes: its pace; > 0 */
  GstClockTime last_adjust;      /* arrival of the last step of it */
  guint64 n_jumps;
  GstClockTimeDiff corrected;    /* sum of all drift corrections */
} PenstockTimeMap;

/* Forgets everything: the next access unit is the first of an epoch. */
void penstock_time_map_reset (PenstockTimeMap *map, gboolean correct_drift);

/**
 * penstock_time_map_push:
 * @map: a map
 * @track: track number, < 32
 * @source: decoding time in the source's timeline, ns
 * @arrival: monotonic time at which it came, ns
 *
 * Takes note of one access unit. HOLD: the caller keeps it (and those that
 * follow) until a later push or penstock_time_map_flush() says otherwise, then
 * converts all with penstock_time_map_convert().
 */
PenstockTimeMapResult penstock_time_map_push (PenstockTimeMap *map,
    guint track, GstClockTime source, GstClockTime arrival);

/* Ends the hold (nothing more comes for now). TRUE when it was holding. */
gboolean penstock_time_map_flush (PenstockTimeMap *map);

/* Source to output time with the present offset; negative results are 0. */
GstClockTime penstock_time_map_convert (const PenstockTimeMap *map,
    GstClockTime source);

G_END_DECLS

#endif /* PENSTOCK_TIME_MAP_H */
