/* SPDX-License-Identifier: MIT
 *
 * From rows to files and an MPD (see presentation.h). Times in here are
 * nanoseconds since the availability start, which is 1970: UTC. */

#include "presentation-private.h"

#include <string.h>

#include "cmaf-chunk.h"
#include "cmaf-header.h"

#define MPD_TYPE "application/dash+xml"

/* Numbers count half seconds since 2020: no source makes segments faster for
 * long, and they stay below 2^32, which is where @startNumber ends, until
 * 2088. */
#define NUMBER_EPOCH (G_GUINT64_CONSTANT (1577836800) * GST_SECOND)
#define NUMBER_STEP (500 * GST_MSECOND)

/* Tracks that end further apart than an audio access unit end their Period
 * with the first of them. */
#define END_TOLERANCE (50 * GST_MSECOND)

/* Players that count segments go on with an MPD they read so long ago. */
#define STALE_TIME (10 * GST_SECOND)

/* ---- life ---- */

Presentation *
presentation_new (const PresentationSettings *settings)
{
  Presentation *self = g_new0 (Presentation, 1);

  self->settings = *settings;
  self->mpd.title = g_strdup (settings->title);
  self->mpd.utc_timing_url = g_strdup (settings->utc_timing_url);
  self->settings.title = self->settings.utc_timing_url = NULL;
  self->mpd.periods =
      g_ptr_array_new_with_free_func ((GDestroyNotify) mpd_period_free);
  return self;
}

void
presentation_free (Presentation *self)
{
  if (!self)
    return;
  presentation_clear_window (self);
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    g_free (self->tracks[i].language);
  mpd_clear (&self->mpd);
  g_free (self->mpd_text);
  g_free (self);
}

void
presentation_set_track (Presentation *self, guint n, CmafKind kind, guint index)
{
  TrackState *track = &self->tracks[n];

  g_snprintf (track->id, sizeof track->id, "%c%u",
      kind == CMAF_VIDEO ? 'v' : 'a', index);
  track->kind = kind;
  track->set_id = kind == CMAF_VIDEO ? 1 + index : 101 + index;
  track->peak = track->declared = 0;
  g_clear_pointer (&track->language, g_free);
}

void
presentation_set_language (Presentation *self, guint n, const gchar *language)
{
  g_free (self->tracks[n].language);
  self->tracks[n].language = g_strdup (language);
}

void
presentation_set_bandwidth (Presentation *self, guint n, guint64 bandwidth)
{
  self->tracks[n].declared = bandwidth;
}

void
presentation_set_zero (Presentation *self, GstClockTime utc)
{
  self->zero = utc + PRESENTATION_MARGIN;
}

void
presentation_adopt (
    Presentation *self, const gchar *path, guint64 number, guint64 bytes)
{
  g_queue_push_tail (&self->adopted, presentation_file_new (path, bytes));
  self->bytes += bytes;
  self->settings.first_number = MAX (self->settings.first_number, number + 1);
}

/* ---- Periods ---- */

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
  GstClockTime elapsed = until - MIN (self->grid_start, until) + STALE_TIME;
  guint64 passed = elapsed / segment_grid_place (&self->grid, 1);

  return self->grid_number + MAX (passed, self->grid.rows) + 1;
}

/* All tracks begin a Period with the same number. */
static guint64
next_number (const Presentation *self, GstClockTime start, GstClockTime now)
{
  guint64 number = self->settings.first_number;

  if (self->n_periods == 0)
    number = number ? number : number_at (start);
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    number = MAX (number, self->tracks[i].next_number);
  if (self->grid.ticks)
    number = MAX (number, number_beyond (self, start, now));
  return number;
}

static const MpdTrack *
find_track (const MpdPeriod *period, const gchar *id)
{
  for (guint i = 0; i < period->tracks->len; i++) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, i);

    if (g_str_equal (track->id, id))
      return track;
  }
  return NULL;
}

static gint
compare_sets (gconstpointer a, gconstpointer b)
{
  const MpdTrack *x = *(MpdTrack *const *) a, *y = *(MpdTrack *const *) b;

  return (gint) x->set_id - (gint) y->set_id;
}

static MpdTrack *
begin_track (Presentation *self, guint n, MpdPeriod *period,
    const MpdPeriod *before, const SegmenterRow *row)
{
  TrackState *state = &self->tracks[n];
  MpdTrack *track = mpd_track_new (state->id, state->set_id, row->formats[n]);
  const MpdTrack *old = before ? find_track (before, state->id) : NULL;

  track->language = g_strdup (state->language);
  track->origin = row->origins[n];
  track->first_number = state->next_number = period->header;
  if (self->grid.ticks)
    track->nominal = segment_grid_ticks (&self->grid, track->format->timescale);
  if (old && old->segments->len &&
      cmaf_format_equal (old->format, track->format))
    track->continues = g_strdup (before->id);
  g_ptr_array_add (period->tracks, track);
  return track;
}

/* Players that counted the segments of @period see from now on which there are.
 * They do not take that for the end of everything, as they do a duration of the
 * newest Period. */
static void
stop_counting (Presentation *self, MpdPeriod *period)
{
  for (guint i = 0; i < period->tracks->len; i++)
    ((MpdTrack *) g_ptr_array_index (period->tracks, i))->nominal = 0;
  self->counting = FALSE;
}

/* The Period before ends, no later than its rows do. */
static void
end_before (Presentation *self, MpdPeriod *before, GstClockTime start)
{
  stop_counting (self, before);
  if (!GST_CLOCK_TIME_IS_VALID (before->duration))
    before->duration = MIN (start, self->edge) - before->start;
}

/* A source is taken to be regular until it is seen not to be; after a break it
 * may be another one. */
static void
choose_grid (Presentation *self, const SegmenterRow *row, gboolean continuous)
{
  SegmentGrid old = self->grid;

  if (!continuous)
    self->irregular = FALSE;
  self->grid = (SegmentGrid){ 0 };
  if (self->settings.timeline || self->irregular)
    return;
  if (continuous && old.ticks && !row->new_period) {
    self->grid = segment_grid_refine (&old, row);
    self->irregular = self->grid.ticks == 0;
  } else {
    self->grid = segment_grid_guess (row, self->settings.target);
  }
}

static void
begin_period (Presentation *self, const SegmenterRow *row, GstClockTime now,
    PresentationRow *files, GQueue *changes)
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
  choose_grid (self, row, continuous);
  self->counting = self->grid.ticks != 0;
  self->grid_start = start;
  self->grid_number = period->header;
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

/* ---- segments ---- */

static GstClockTime
ticks_to_time (guint64 ticks, const CmafFormat *format)
{
  return gst_util_uint64_scale_round (ticks, GST_SECOND, format->timescale);
}

/* Where the source does not tell its frame rate. */
static void
measure_frame_rate (MpdTrack *track, const SegmenterSegment *segment)
{
  static const guint known[][2] = { { 24000, 1001 }, { 24, 1 }, { 25, 1 },
    { 30000, 1001 }, { 30, 1 }, { 50, 1 }, { 60000, 1001 }, { 60, 1 } };
  gdouble fps = (gdouble) segment->samples->len * track->format->timescale /
      segment->duration;
  guint best = 0;

  for (guint i = 1; i < G_N_ELEMENTS (known); i++)
    if (ABS (fps * known[i][1] - known[i][0]) / known[i][1] <
        ABS (fps * known[best][1] - known[best][0]) / known[best][1])
      best = i;
  if (ABS (fps * known[best][1] / known[best][0] - 1) < 0.0005) {
    track->fps_n = known[best][0];
    track->fps_d = known[best][1];
  } else if (fps >= 1) {
    track->fps_n = (guint) (fps + 0.5);
  } else {
    track->fps_n = 1;
    track->fps_d = (guint) (1 / fps + 0.5);
  }
}

/* Said once for the whole Period: what the source declares or the largest
 * segment so far, with a reserve. */
static void
set_bandwidth (TrackState *state, MpdTrack *track)
{
  guint64 measured = state->peak / 10 * 11 + 1000;

  track->bandwidth = MAX (measured, state->declared);
}

static void
add_segment (Presentation *self, const SegmenterSegment *segment,
    PresentationRow *row, GQueue *changes)
{
  TrackState *state = &self->tracks[segment->track];
  MpdTrack *track = (MpdTrack *) find_track (self->period, state->id);
  MpdSegment entry = { segment->start, segment->duration, row->number };
  GstClockTime duration = ticks_to_time (segment->duration, segment->format);
  g_autofree gchar *path = mpd_segment_path (state->id, state->next_number);
  GBytes *bytes = cmaf_chunk_write (segment->format, ++state->sequence,
      segment->start, (const CmafSample *) segment->samples->data,
      segment->samples->len, TRUE);

  state->next_number++;
  state->peak = MAX (state->peak,
      gst_util_uint64_scale (
          g_bytes_get_size (bytes) * 8, GST_SECOND, MAX (duration, 1)));
  if (track->bandwidth == 0) {
    set_bandwidth (state, track);
    if (track->format->kind == CMAF_VIDEO && track->fps_n == 0)
      measure_frame_rate (track, segment);
  }
  g_array_append_val (track->segments, entry);
  self->max_segment = MAX (self->max_segment, duration);
  self->n_segments++;
  presentation_put_media (self, row, path, segment->format, bytes, changes);
}

/* ---- rows ---- */

static GstClockTime
track_end (const Presentation *self, const MpdTrack *track)
{
  const MpdSegment *last;
  gint64 ticks;

  if (track->segments->len == 0)
    return self->edge;
  last = &g_array_index (track->segments, MpdSegment, track->segments->len - 1);
  ticks = (gint64) (last->start + last->duration - track->origin);
  return self->period->start + ticks_to_time (MAX (ticks, 0), track->format);
}

/* The Period lasts as long as all its tracks do. */
static void
close_period (Presentation *self)
{
  MpdPeriod *period = self->period;
  GstClockTime end = self->edge;

  for (guint i = 0; i < period->tracks->len; i++) {
    GstClockTime e = track_end (self, g_ptr_array_index (period->tracks, i));

    if (e + END_TOLERANCE < end)
      end = e;
  }
  period->duration = end - period->start;
  stop_counting (self, period);
}

/* What is published is the same until something changes. */
static void
put_mpd (Presentation *self, gint64 now_us, GQueue *changes)
{
  g_autofree gchar *same = NULL;

  self->mpd.update_period = self->settings.target;
  self->mpd.max_segment = self->mpd.min_buffer = self->max_segment;
  self->mpd.delay = presentation_get_delay (self);
  self->mpd.window = presentation_get_announced_window (self);
  same = mpd_write (&self->mpd);
  if (g_strcmp0 (same, self->mpd_text) == 0)
    return;
  self->mpd.publish_us = now_us;
  g_free (self->mpd_text);
  self->mpd_text = mpd_write (&self->mpd);
  presentation_put_change (changes, PRESENTATION_MPD_PATH, MPD_TYPE,
      g_bytes_new (self->mpd_text, strlen (self->mpd_text)));
}

void
presentation_add_row (
    Presentation *self, const SegmenterRow *row, gint64 now_us, GQueue *changes)
{
  GQueue deletions = G_QUEUE_INIT;
  PresentationChange *change;
  PresentationRow *listed;
  PresentationFile *file;

  if (row->segments->len == 0) {
    self->force_period |= row->new_period;
    return;
  }
  self->mpd.ended = FALSE;
  listed = g_new0 (PresentationRow, 1);
  listed->number = self->n_rows++;
  if (row->new_period || self->force_period || !self->period ||
      (self->counting && !segment_grid_fits (&self->grid, row)))
    begin_period (self, row, now_us * GST_USECOND, listed, changes);
  listed->period = self->period;
  self->grid.rows++;
  self->period->duration = GST_CLOCK_TIME_NONE;
  for (guint i = 0; i < row->segments->len; i++)
    add_segment (self, g_ptr_array_index (row->segments, i), listed, changes);
  listed->start = self->period->start + (row->start - self->period_start);
  listed->end = self->edge =
      self->period->start + (row->end - self->period_start);
  g_queue_push_tail (&self->rows, listed);

  while ((file = g_queue_pop_head (&self->adopted)))
    presentation_retire (self, file, self->edge);
  if (row->last)
    close_period (self);
  presentation_slide_window (self, &deletions);
  put_mpd (self, now_us, changes);
  while ((change = g_queue_pop_head (&deletions)))
    g_queue_push_tail (changes, change); /* nothing listed is missing */
}

gint64
presentation_get_deadline (const Presentation *self)
{
  GstClockTime due;

  if (!self->period || !self->counting)
    return G_MAXINT64;
  due = self->grid_start +
      segment_grid_place (&self->grid, self->grid.rows + 1) +
      PRESENTATION_PATIENCE;
  return (gint64) ((due + GST_USECOND - 1) / GST_USECOND);
}

void
presentation_tick (Presentation *self, gint64 now_us, GQueue *changes)
{
  if (now_us < presentation_get_deadline (self))
    return;
  stop_counting (self, self->period);
  put_mpd (self, now_us, changes);
}

void
presentation_end (Presentation *self, gint64 now_us, GQueue *changes)
{
  if (self->mpd.periods->len == 0)
    return;
  if (self->period && !GST_CLOCK_TIME_IS_VALID (self->period->duration))
    close_period (self);
  self->mpd.ended = TRUE;
  put_mpd (self, now_us, changes);
}

void
presentation_forget (Presentation *self, GQueue *changes)
{
  presentation_empty_window (self, changes);
  self->force_period = TRUE;
}

void
presentation_get_stats (Presentation *self, PresentationStats *stats)
{
  *stats = (PresentationStats){ self->n_segments, self->n_periods, self->bytes,
    self->edge };
}
