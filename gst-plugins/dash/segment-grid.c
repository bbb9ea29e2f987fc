/* SPDX-License-Identifier: MIT
 *
 * Regular or irregular segments (see segment-grid.h). */

#include "segment-grid.h"

guint64
segment_grid_ticks (const SegmentGrid *grid, guint timescale)
{
  return gst_util_uint64_scale_round (grid->ticks, timescale, grid->timescale);
}

GstClockTime
segment_grid_place (const SegmentGrid *grid, guint n)
{
  return gst_util_uint64_scale_round (
      grid->ticks * n, GST_SECOND, grid->timescale);
}

static guint64
distance (guint64 a, guint64 b)
{
  return a > b ? a - b : b - a;
}

/* The last segment of a Period may be as short as it likes. */
static gboolean
length_fits (guint64 length, guint64 nominal, gboolean last)
{
  return length <= nominal + nominal / 2 && (last || length >= nominal / 2);
}

gboolean
segment_grid_fits_segment (const SegmentGrid *grid, guint track,
    guint timescale, guint64 start, guint64 duration, gboolean last)
{
  guint64 nominal = segment_grid_ticks (grid, timescale);

  return length_fits (duration, nominal, last) &&
      distance (start, grid->origins[track] + grid->rows * nominal) <=
      nominal / 2;
}

/* Players count from the first segment on: each row has to add one. */
static gboolean
track_fits (const SegmentGrid *grid, const SegmenterRow *row, guint track)
{
  const SegmenterSegment *found = NULL;

  for (guint i = 0; i < row->segments->len; i++) {
    const SegmenterSegment *segment = g_ptr_array_index (row->segments, i);

    if (segment->track != track)
      continue;
    if (found)
      return FALSE;
    found = segment;
  }
  return found &&
      segment_grid_fits_segment (grid, track, row->formats[track]->timescale,
          found->start, found->duration, row->last);
}

/* What ends before its place would not be counted. */
gboolean
segment_grid_fits_end (const SegmentGrid *grid, GstClockTime end)
{
  end -= grid->start;
  return grid->ticks && end > segment_grid_place (grid, grid->rows) &&
      end <= segment_grid_place (grid, grid->rows + 1) + SEGMENT_GRID_LATE;
}

gboolean
segment_grid_fits (const SegmentGrid *grid, const SegmenterRow *row)
{
  if (!segment_grid_fits_end (grid, row->end))
    return FALSE;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    if ((row->tracks & (1u << i)) && !track_fits (grid, row, i))
      return FALSE;
  return TRUE;
}

static const SegmenterSegment *
find_video (const SegmenterRow *row)
{
  for (guint i = 0; i < row->segments->len; i++) {
    const SegmenterSegment *segment = g_ptr_array_index (row->segments, i);

    if (segment->format->kind == CMAF_VIDEO)
      return segment;
  }
  return NULL;
}

SegmentGrid
segment_grid_assume (guint64 ticks, guint timescale, const SegmenterRow *row)
{
  SegmentGrid grid = {
    .ticks = ticks, .timescale = timescale, .start = row->start
  };

  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    grid.origins[i] = row->origins[i];
  return grid;
}

/* A grid of nothing when not even its first row fits, or ends the Period. */
static SegmentGrid
begin (guint64 ticks, guint timescale, const SegmenterRow *row)
{
  SegmentGrid grid = segment_grid_assume (ticks, timescale, row);

  if (row->last || !segment_grid_fits (&grid, row))
    grid.ticks = 0;
  return grid;
}

SegmentGrid
segment_grid_guess (const SegmenterRow *row, GstClockTime target)
{
  const SegmenterSegment *video = find_video (row);

  if (video)
    return begin (video->duration, video->format->timescale, row);
  return begin (target, GST_SECOND, row);
}

guint64
segment_grid_measure (const SegmentGrid *grid, const SegmenterRow *row)
{
  return gst_util_uint64_scale_round (
      row->start - grid->start, grid->timescale, grid->rows * GST_SECOND);
}

SegmentGrid
segment_grid_refine (const SegmentGrid *old, const SegmenterRow *row)
{
  if (old->rows < SEGMENT_GRID_PROVEN)
    return (SegmentGrid){ 0 };
  return begin (segment_grid_measure (old, row), old->timescale, row);
}
