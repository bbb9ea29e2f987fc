/* SPDX-License-Identifier: MIT
 *
 * Decoding times of pictures that leave in chunks, before the end of their
 * media segment is known. Pure.
 *
 * As in a whole segment (sample-times.h) they are the times of presentation in
 * rising order. A picture that is still to come may be shown before one that is
 * there: where there is room for it, and a few more have not come, the frame
 * rate says when the next one is decoded. What a guess is wrong by does not add
 * up: the next chunk starts where the one before it said it ends, and goes on
 * with what is known by then. */
#ifndef PENSTOCK_VIDEO_CLOCK_H
#define PENSTOCK_VIDEO_CLOCK_H

#include "sample-times.h"

G_BEGIN_DECLS

/* A segment that begins so near to where the one before it said it ends begins
 * there; half a picture is the limit where that is less. */
#define VIDEO_CLOCK_TOLERANCE (20 * GST_MSECOND)

/**
 * VideoClock:
 * @start: ticks: where the segment starts
 * @next: ticks: where the next picture is decoded, %G_MAXUINT64 before the
 *   first one
 * @shown: (element-type guint64): ticks of presentation of what has left of
 *   the segment, in decoding order
 * @n_seen: pictures since the timeline began
 * @reorder: so many of them were shown after one that was decoded later
 */
typedef struct {
  guint64 start, next;
  GArray *shown;
  guint n_seen, reorder;
} VideoClock;

void video_clock_init (VideoClock *self);
void video_clock_clear (VideoClock *self);

/* The timeline does not go on from where it was. */
void video_clock_break (VideoClock *self);

/* A segment starts with @keyframe. Returns its exact tick. */
guint64 video_clock_begin (
    VideoClock *self, const TickAnchor *anchor, const MediaUnit *keyframe);

/**
 * video_clock_take:
 * @units: (array length=n): in decoding order: what has come of the segment
 *   and not left
 * @until: ticks: the chunk ends with the picture whose end is nearest
 * @end: ticks where the segment ends, %G_MAXUINT64 while that is not known:
 *   later units belong to it as well
 * @samples: (out): array of #CmafSample to append to; buffers are not owned
 *
 * Returns: how many units leave as the next chunk, 0 when that has not come
 */
guint video_clock_take (VideoClock *self, const TickAnchor *anchor,
    MediaUnit *const *units, guint n, guint64 until, guint64 end,
    GArray *samples);

G_END_DECLS

#endif /* PENSTOCK_VIDEO_CLOCK_H */
