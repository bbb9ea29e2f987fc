/* SPDX-License-Identifier: MIT
 *
 * Are the segments of a Period regular, so that its MPD can say one duration
 * and players count the segments themselves? Pure.
 *
 * Segment n of such a Period covers its nominal place, from n to n + 1 nominal
 * durations after the start, within half a duration. It never ends noticeably
 * later than its place, where players ask for it by their clock. */
#ifndef PENSTOCK_SEGMENT_GRID_H
#define PENSTOCK_SEGMENT_GRID_H

#include "segmenter.h"

G_BEGIN_DECLS

/* A row may end so much later than its place. */
#define SEGMENT_GRID_LATE (50 * GST_MSECOND)

/* Rows after which a grid that is left was right about the source, and only
 * its duration was not known well enough. */
#define SEGMENT_GRID_PROVEN 30

/**
 * SegmentGrid:
 * @ticks, @timescale: nominal duration; 0 ticks: there is no grid
 * @rows: that are on it
 * @start: running time of its first row
 * @origins: the tick of @start on each track
 */
typedef struct {
  guint64 ticks;
  guint timescale;
  guint rows;
  GstClockTime start;
  guint64 origins[SEGMENTER_MAX_TRACKS];
} SegmentGrid;

/* The grid that begins with @row, which is not on it yet: video lasts as long
 * as its first segment, audio alone is cut at multiples of @target. */
SegmentGrid segment_grid_guess (const SegmenterRow *row, GstClockTime target);

/* The grid that begins with @row, where the source left @old. */
SegmentGrid segment_grid_refine (
    const SegmentGrid *old, const SegmenterRow *row);

/* The grid of @ticks that begins with @row, of which nothing is known but where
 * it starts. */
SegmentGrid segment_grid_assume (
    guint64 ticks, guint timescale, const SegmenterRow *row);

/* Ticks of the average row of @grid, which ends where @row starts. */
guint64 segment_grid_measure (const SegmentGrid *grid, const SegmenterRow *row);

/* May the next row on the grid end at @end, running time? */
gboolean segment_grid_fits_end (const SegmentGrid *grid, GstClockTime end);

/* May its segment on @track start at this tick and last so long? @last: it is
 * the last one of its Period. */
gboolean segment_grid_fits_segment (const SegmentGrid *grid, guint track,
    guint timescale, guint64 start, guint64 duration, gboolean last);

/* May @row be the next one on the grid? */
gboolean segment_grid_fits (const SegmentGrid *grid, const SegmenterRow *row);

/* The nominal duration, rounded to ticks of @timescale. */
guint64 segment_grid_ticks (const SegmentGrid *grid, guint timescale);

/* Place of segment @n, nanoseconds after the start. */
GstClockTime segment_grid_place (const SegmentGrid *grid, guint n);

G_END_DECLS

#endif /* PENSTOCK_SEGMENT_GRID_H */
