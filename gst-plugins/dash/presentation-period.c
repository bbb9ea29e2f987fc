/* SPDX-License-Identifier: MIT
 *
 * The Periods of a presentation: where they start and end, with which number,
 * and whether players count their segments (see presentation-private.h). */

#include "presentation-private.h"

#include <string.h>

#include "cmaf-header.h"

/* Numbers count half seconds since 2020: no source makes segments faster for
 * long, and they stay below 2^32, which is where @startNumber ends, until
 * 2088. */
#define NUMBER_EPOCH (G_GUINT64_CONSTANT (1577836800) * GST_SECOND)
#define NUMBER_STEP (500 * GST_MSECOND)

/* Discontinuities of HLS go on over restarts as well, as long as there is no
 * more than one in ten minutes. The numbers stay small: hls.js counts up to
 * them. */
#define NUMBERS_A_DISCONTINUITY (10 * 60 * 2)

/* Tracks that end further apart than an audio access unit end their Period
 * with the first of them. */
#define END_TOLERANCE (50 * GST_MSECOND)

/* Players that count segments go on with an MPD they read so long ago. */
#define STALE_TIME (10 * GST_SECOND)

/* A source that leaves so many grids in a row soon is irregular. */
#define MAX_MISFITS 3

/* The first row of a guessed duration may be off by this part of it: what is
 * more adds up to a lot before the duration could be measured well. */
#define GUESS_PRECISION 2000

/* ---- numbers ---- */

static guint64
number_at (GstClockTime utc)
{
  return utc > NUMBER_EPOCH ? (utc - NUMBER_EPOCH) / NUMBER_STEP : 1;
}

/* The number that players who count on and on cannot come to before they learn
 * that the Period is over: by @now, or by @start if that is later. What lies
 * outside of the window is counted by nobody. */
static guint64
number_beyond (const Presentation *self, GstClockTime start, GstClockTime now)
{
  GstClockTime until =
      MAX (start, MIN (now, self->edge + presentation_get_window (self)));
  GstClockTime elapsed = until - MIN (self->count.start, until) + STALE_TIME;
  guint64 passed = elapsed / segment_grid_place (&self->count.grid, 1);

  return self->count.number + MAX (passed, self->count.grid.rows) + 1;
}

/* Players may have counted beyond what an earlier run left, and have got the
 * beginning of what it did not finish: the clock is ahead of both. */
static guint64
number_at_start (const Presentation *self, GstClockTime start)
{
  guint64 number = self->settings.first_number;

  if (number == 0)
    number = number_at (start);
  return MAX (number, self->adopted_number + 1);
}

/* All tracks begin a Period with the same number. */
static guint64
next_number (const Presentation *self, GstClockTime start, GstClockTime now)
{
  guint64 number = self->n_periods == 0 ? number_at_start (self, start) : 0;

  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    number = MAX (number, self->tracks[i].next_number);
  if (self->count.grid.ticks)
    number = MAX (number, number_beyond (self, start, now));
  return number;
}

/* ---- counting ---- */

GstClockTime
presentation_get_place (const Presentation *self, guint n)
{
  return self->count.start + segment_grid_place (&self->count.grid, n);
}

void
presentation_stop_counting (Presentation *self, MpdPeriod *period)
{
  for (guint i = 0; i < period->tracks->len; i++)
    ((MpdTrack *) g_ptr_array_index (period->tracks, i))->nominal = 0;
  self->count.on = FALSE;
}

/* (nullable): of the row's video */
static const CmafFormat *
video_format (const SegmenterRow *row)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    if ((row->tracks & (1u << i)) && row->formats[i]->kind == CMAF_VIDEO)
      return row->formats[i];
  return NULL;
}

/* Encoders make GOPs of whole pictures: as many as come next to the target. */
static SegmentGrid
target_grid (const Presentation *self, const SegmenterRow *row)
{
  const CmafFormat *video = video_format (row);
  guint64 pictures;

  if (!video || !video->fps_n)
    return segment_grid_assume (self->settings.target, GST_SECOND, row);
  pictures = gst_util_uint64_scale_round (
      self->settings.target, video->fps_n, (guint64) video->fps_d * GST_SECOND);
  return segment_grid_assume (
      gst_util_uint64_scale_round (MAX (pictures, 1),
          (guint64) video->fps_d * video->timescale, video->fps_n),
      video->timescale, row);
}

/* The MPD of low latency cannot wait for the first row: the grid is that of the
 * row before, or of the source before, or what is wanted. */
static SegmentGrid
assumed_grid (
    const Presentation *self, const SegmenterRow *row, gboolean continuous)
{
  const PresentationCount *count = &self->count;
  const SegmentGrid *old = &count->grid;
  const CmafFormat *video = video_format (row);

  if (continuous && old->ticks && old->rows >= SEGMENT_GRID_PROVEN)
    return segment_grid_assume (
        segment_grid_measure (old, row), old->timescale, row);
  if (continuous && video && count->ticks)
    return segment_grid_assume (count->ticks, video->timescale, row);
  if (!continuous && old->ticks && old->rows > 1)
    return segment_grid_assume (old->ticks, old->timescale, row);
  return target_grid (self, row);
}

/* A source is taken to be regular until it is seen not to be; after a break it
 * may be another one. */
static void
choose_grid (Presentation *self, const SegmenterRow *row, gboolean continuous)
{
  PresentationCount *count = &self->count;
  SegmentGrid old = count->grid;

  if (!continuous) {
    count->irregular = FALSE;
    count->misfits = 0;
  }
  count->grid = (SegmentGrid){ 0 };
  if (self->settings.timeline || count->irregular)
    return;
  if (presentation_is_low_latency (self)) {
    count->grid = old;
    count->grid = assumed_grid (self, row, continuous);
  } else if (continuous && old.ticks && !row->new_period) {
    count->grid = segment_grid_refine (&old, row);
    count->irregular = count->grid.ticks == 0;
  } else {
    count->grid = segment_grid_guess (row, self->settings.target);
  }
}

/* Is the row that goes on where players counted it? */
static gboolean
open_row_fits (const Presentation *self, const SegmenterRow *row)
{
  const SegmentGrid *grid = &self->count.grid;

  if (!segment_grid_fits_end (grid, row->end))
    return FALSE;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    const MpdSegment *segment = &self->tracks[i].segment;
    const CmafFormat *format = row->formats[i];
    guint64 nominal, length = segment->duration;

    if (!(row->tracks & (1u << i)))
      continue;
    if (!self->tracks[i].file)
      return FALSE;
    if (!segment_grid_fits_segment (
            grid, i, format->timescale, segment->start, length, row->last))
      return FALSE;
    nominal = segment_grid_ticks (grid, format->timescale);
    if (format->kind == CMAF_VIDEO && grid->rows == 0 && !row->last &&
        (length > nominal + nominal / GUESS_PRECISION ||
            length + nominal / GUESS_PRECISION < nominal))
      return FALSE;
  }
  return TRUE;
}

/* What the row that goes on has become. */
static void
count_open_row (Presentation *self, const SegmenterRow *row)
{
  PresentationCount *count = &self->count;

  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    if ((row->tracks & (1u << i)) && !row->last &&
        row->formats[i]->kind == CMAF_VIDEO)
      count->ticks = self->tracks[i].segment.duration;
  if (row->last || count->irregular)
    return;
  if (!count->on) {
    count->renew = TRUE; /* it was overdue, and came after all */
  } else if (!open_row_fits (self, row)) {
    count->misfits =
        count->grid.rows >= SEGMENT_GRID_PROVEN ? 0 : count->misfits + 1;
    count->irregular = count->misfits > MAX_MISFITS;
    count->renew = TRUE;
  }
}

void
presentation_count_row (Presentation *self, const SegmenterRow *row)
{
  if (presentation_is_low_latency (self) && !self->settings.timeline)
    count_open_row (self, row);
  self->count.grid.rows++;
}

/* ---- Periods ---- */

gboolean
presentation_needs_period (const Presentation *self, const SegmenterRow *row)
{
  if (row->new_period || self->force_period || !self->period)
    return TRUE;
  if (presentation_is_low_latency (self))
    return self->count.renew;
  return self->count.on && !segment_grid_fits (&self->count.grid, row);
}

static gint
compare_sets (gconstpointer a, gconstpointer b)
{
  const MpdTrack *x = *(MpdTrack *const *) a, *y = *(MpdTrack *const *) b;

  if (x->set_id != y->set_id)
    return (gint) x->set_id - (gint) y->set_id;
  return strcmp (x->id, y->id);
}

/* Players go from one to the other within a set. */
static gboolean
can_switch (const CmafFormat *a, const CmafFormat *b)
{
  return a->kind == CMAF_VIDEO && b->kind == CMAF_VIDEO &&
      a->codec == b->codec && a->in_band == b->in_band &&
      (guint64) a->width * a->par_n * b->height * b->par_d ==
      (guint64) b->width * b->par_n * a->height * a->par_d;
}

/* That of the first track one can switch to, or its own. */
static guint
choose_set (
    const TrackState *state, const CmafFormat *format, const MpdPeriod *period)
{
  for (guint i = 0; i < period->tracks->len; i++) {
    const MpdTrack *other = g_ptr_array_index (period->tracks, i);

    if (can_switch (other->format, format))
      return other->set_id;
  }
  return state->set_id;
}

static MpdTrack *
begin_track (Presentation *self, guint n, MpdPeriod *period,
    const MpdPeriod *before, const SegmenterRow *row)
{
  TrackState *state = &self->tracks[n];
  MpdTrack *track = mpd_track_new (
      state->id, choose_set (state, row->formats[n], period), row->formats[n]);
  const MpdTrack *old =
      before ? presentation_find_track (before, state->id) : NULL;

  track->language = g_strdup (state->language);
  track->origin = row->origins[n];
  track->first_number = state->next_number = period->header;
  if (self->count.grid.ticks)
    track->nominal =
        segment_grid_ticks (&self->count.grid, track->format->timescale);
  if (old && old->segments->len &&
      cmaf_format_equal (old->format, track->format))
    track->continues = g_strdup (before->id);
  g_ptr_array_add (period->tracks, track);
  return track;
}

/* The Period before ends, no later than its rows do. */
static void
end_before (Presentation *self, MpdPeriod *before, GstClockTime start)
{
  presentation_stop_counting (self, before);
  if (!GST_CLOCK_TIME_IS_VALID (before->duration))
    before->duration = MIN (start, self->edge) - before->start;
}

void
presentation_begin_period (Presentation *self, const SegmenterRow *row,
    GstClockTime now, PresentationRow *files, GQueue *changes)
{
  MpdPeriod *before = self->period;
  gboolean continuous =
      before && !self->force_period && (row->continuous || !row->new_period);
  GstClockTime start = self->zero + row->start;
  MpdPeriod *period;

  if (continuous)
    start = before->start + (row->start - self->period_start);
  else
    start = MAX (start, self->edge);
  if (before)
    end_before (self, before, start);

  period = mpd_period_new (next_number (self, start, now), start);
  period->ordinal = self->n_periods;
  if (self->n_periods == 0) {
    self->first_discontinuity = period->header / NUMBERS_A_DISCONTINUITY;
    self->sequence = self->sequence_before_row = period->header - 1;
  }
  period->discontinuity = self->first_discontinuity + self->n_periods;
  choose_grid (self, row, continuous);
  self->count.on = self->count.grid.ticks != 0;
  self->count.start = start;
  self->count.number = period->header;
  self->count.renew = FALSE;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    g_autofree gchar *path = NULL;
    const MpdTrack *track;

    if (!(row->tracks & (1u << i)))
      continue;
    track = begin_track (self, i, period, continuous ? before : NULL, row);
    path = mpd_header_path (track->id, period->header);
    presentation_put_media (self, files, path, track->format,
        cmaf_header_write (track->format, track->language), changes)
        ->header = TRUE;
  }
  g_ptr_array_sort (period->tracks, compare_sets);
  g_ptr_array_add (self->mpd.periods, period);
  self->period = period;
  self->period_start = row->start;
  self->force_period = FALSE;
  self->n_periods++;
}

static GstClockTime
track_end (const Presentation *self, const MpdTrack *track)
{
  const MpdSegment *last;
  gint64 ticks;

  if (track->segments->len == 0)
    return self->edge;
  last = &g_array_index (track->segments, MpdSegment, track->segments->len - 1);
  ticks = (gint64) (last->start + last->duration - track->origin);
  return self->period->start +
      presentation_ticks_to_time (MAX (ticks, 0), track->format);
}

void
presentation_close_period (Presentation *self)
{
  MpdPeriod *period = self->period;
  GstClockTime end = self->edge;

  for (guint i = 0; i < period->tracks->len; i++) {
    GstClockTime e = track_end (self, g_ptr_array_index (period->tracks, i));

    if (e + END_TOLERANCE < end)
      end = e;
  }
  period->duration = end - period->start;
  presentation_stop_counting (self, period);
}
