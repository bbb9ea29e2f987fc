/* SPDX-License-Identifier: MIT
 *
 * From rows to files and an MPD (see presentation.h). Times in here are
 * nanoseconds since the availability start, which is 1970: UTC. */

#include "presentation.h"

#include <string.h>

#include "cmaf-chunk.h"
#include "cmaf-header.h"

#define MPD_TYPE "application/dash+xml"

/* Numbers count half seconds since 2020: no source makes segments faster for
 * long, and they stay below 2^32, which is where @startNumber ends, until
 * 2088. */
#define NUMBER_EPOCH (G_GUINT64_CONSTANT (1577836800) * GST_SECOND)
#define NUMBER_STEP (500 * GST_MSECOND)

#define DELAY_SEGMENTS 3  /* behind the live edge */
#define MIN_LISTED_ROWS 2 /* also when they are over max_bytes */

/* After the window: one segment, and the longer of these. */
#define RETAIN_SEGMENTS 3
#define RETAIN_TIME (10 * GST_SECOND)

/* Tracks that end further apart than an audio access unit end their Period
 * with the first of them. */
#define END_TOLERANCE (50 * GST_MSECOND)

typedef struct {
  gchar id[8];
  guint set_id;
  CmafKind kind;
  gchar *language;
  guint64 declared; /* bits a second, 0 unknown */
  guint64 peak;     /* bits a second of the largest segment */
  guint64 next_number;
  guint32 sequence; /* of movie fragments */
} TrackState;

typedef struct {
  gchar *path;
  guint64 bytes;
  gboolean header; /* needed as long as its Period has rows */
} File;

/* What the MPD lists of one row, and its files. */
typedef struct {
  guint64 number;
  GstClockTime end;
  MpdPeriod *period; /* not owned; alive while it has rows */
  GQueue files;      /* of File */
} Row;

/* A file that no MPD lists any more. */
typedef struct {
  File *file;
  GstClockTime due;
} Retired;

struct _Presentation {
  PresentationSettings settings;
  Mpd mpd;
  TrackState tracks[SEGMENTER_MAX_TRACKS];

  GstClockTime zero;         /* UTC of running time 0, margin included */
  MpdPeriod *period;         /* the newest; not owned */
  GstClockTime period_start; /* running time */
  GstClockTime edge;
  GstClockTime max_segment;
  gboolean force_period;

  guint64 n_rows;
  GQueue rows;    /* of Row: listed */
  GQueue retired; /* of Retired: in order of their time */
  GQueue adopted; /* of File: until the first row */
  guint64 bytes;
  guint64 n_segments, n_periods;
};

/* ---- files ---- */

static File *
file_new (const gchar *path, guint64 bytes)
{
  File *file = g_new0 (File, 1);

  file->path = g_strdup (path);
  file->bytes = bytes;
  return file;
}

static void
file_free (File *file)
{
  g_free (file->path);
  g_free (file);
}

static void
row_free (Row *row)
{
  g_queue_clear_full (&row->files, (GDestroyNotify) file_free);
  g_free (row);
}

static void
retired_free (Retired *retired)
{
  file_free (retired->file);
  g_free (retired);
}

void
presentation_change_free (PresentationChange *change)
{
  g_free (change->path);
  g_clear_pointer (&change->bytes, g_bytes_unref);
  g_free (change);
}

/* Takes @bytes. */
static void
put_change (
    GQueue *changes, const gchar *path, const gchar *type, GBytes *bytes)
{
  PresentationChange *change = g_new0 (PresentationChange, 1);

  change->path = g_strdup (path);
  change->content_type = type;
  change->bytes = bytes;
  g_queue_push_tail (changes, change);
}

static const gchar *
content_type (const CmafFormat *format)
{
  return format->kind == CMAF_VIDEO ? "video/mp4" : "audio/mp4";
}

/* Takes @bytes; the file belongs to @row. */
static File *
put_media (Presentation *self, Row *row, const gchar *path,
    const CmafFormat *format, GBytes *bytes, GQueue *changes)
{
  File *file = file_new (path, g_bytes_get_size (bytes));

  g_queue_push_tail (&row->files, file);
  self->bytes += file->bytes;
  put_change (changes, path, content_type (format), bytes);
  return file;
}

static void
delete_oldest (Presentation *self, GQueue *changes)
{
  Retired *retired = g_queue_pop_head (&self->retired);

  self->bytes -= retired->file->bytes;
  put_change (changes, retired->file->path, NULL, NULL);
  retired_free (retired);
}

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
  g_queue_clear_full (&self->rows, (GDestroyNotify) row_free);
  g_queue_clear_full (&self->retired, (GDestroyNotify) retired_free);
  g_queue_clear_full (&self->adopted, (GDestroyNotify) file_free);
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    g_free (self->tracks[i].language);
  mpd_clear (&self->mpd);
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
  g_queue_push_tail (&self->adopted, file_new (path, bytes));
  self->bytes += bytes;
  self->settings.first_number = MAX (self->settings.first_number, number + 1);
}

/* ---- Periods ---- */

static guint64
number_at (GstClockTime utc)
{
  return utc > NUMBER_EPOCH ? (utc - NUMBER_EPOCH) / NUMBER_STEP : 1;
}

/* All tracks begin a Period with the same number. */
static guint64
next_number (Presentation *self, GstClockTime start, guint64 requested)
{
  guint64 number = requested;

  if (self->n_periods == 0)
    number = requested ? MAX (requested, 1) : number_at (start);
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    number = MAX (number, self->tracks[i].next_number);
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
  if (old && old->segments->len &&
      cmaf_format_equal (old->format, track->format))
    track->continues = g_strdup (before->id);
  g_ptr_array_add (period->tracks, track);
  return track;
}

static void
begin_period (
    Presentation *self, const SegmenterRow *row, Row *files, GQueue *changes)
{
  MpdPeriod *before = self->period;
  gboolean continuous = before && row->continuous && !self->force_period;
  GstClockTime start = self->zero + row->start;
  MpdPeriod *period;

  if (continuous)
    start = before->start + (row->start - self->period_start);
  else
    start = MAX (start, self->edge);
  if (before && !GST_CLOCK_TIME_IS_VALID (before->duration))
    before->duration = MIN (start, self->edge) - before->start;

  period = mpd_period_new (
      next_number (self, start, self->settings.first_number), start);
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    g_autofree gchar *path = NULL;
    const MpdTrack *track;

    if (!(row->tracks & (1u << i)))
      continue;
    track = begin_track (self, i, period, continuous ? before : NULL, row);
    path = mpd_header_path (track->id, period->header);
    put_media (self, files, path, track->format,
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
add_segment (Presentation *self, const SegmenterSegment *segment, Row *row,
    GQueue *changes)
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
  put_media (self, row, path, segment->format, bytes, changes);
}

/* ---- window ---- */

static GstClockTime
delay (const Presentation *self)
{
  return DELAY_SEGMENTS * self->max_segment;
}

static GstClockTime
window (const Presentation *self)
{
  return MAX (self->settings.window, delay (self) + 3 * self->max_segment);
}

static void
retire (Presentation *self, File *file, GstClockTime end)
{
  Retired *retired = g_new0 (Retired, 1);

  retired->file = file;
  retired->due = end + window (self) + self->max_segment +
      MAX (RETAIN_TIME, RETAIN_SEGMENTS * self->max_segment);
  g_queue_push_tail (&self->retired, retired);
}

/* Takes the oldest row out of the MPD. */
static void
unlist_row (Presentation *self)
{
  Row *row = g_queue_pop_head (&self->rows);
  Row *next = g_queue_peek_head (&self->rows);
  MpdPeriod *period = row->period;
  gboolean empty = TRUE;
  File *file;

  for (guint i = 0; i < period->tracks->len; i++) {
    MpdTrack *track = g_ptr_array_index (period->tracks, i);
    guint n = 0;

    while (n < track->segments->len &&
        g_array_index (track->segments, MpdSegment, n).row <= row->number)
      n++;
    if (n)
      g_array_remove_range (track->segments, 0, n);
    track->first_number += n;
    empty &= track->segments->len == 0;
  }
  while ((file = g_queue_pop_head (&row->files))) {
    if (file->header && !empty)
      g_queue_push_tail (&next->files, file);
    else
      retire (self, file, row->end);
  }
  row_free (row);
  if (!empty)
    return;
  if (period == self->period) {
    self->force_period = TRUE;
    self->period = NULL;
  }
  g_ptr_array_remove (self->mpd.periods, period);
}

static void
slide_window (Presentation *self, GQueue *changes)
{
  const Row *oldest;
  const Retired *next;

  while ((oldest = g_queue_peek_head (&self->rows)) &&
      oldest->end + window (self) < self->edge)
    unlist_row (self);
  while (self->bytes > self->settings.max_bytes) {
    if (self->retired.length == 0 && self->rows.length <= MIN_LISTED_ROWS)
      break;
    if (self->retired.length == 0)
      unlist_row (self);
    delete_oldest (self, changes);
  }
  while ((next = g_queue_peek_head (&self->retired)) && next->due <= self->edge)
    delete_oldest (self, changes);
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
}

static void
put_mpd (Presentation *self, gint64 now_us, GQueue *changes)
{
  gchar *text;

  self->mpd.publish_us = now_us;
  self->mpd.update_period = self->settings.target;
  self->mpd.max_segment = self->mpd.min_buffer = self->max_segment;
  self->mpd.delay = delay (self);
  self->mpd.window = window (self);
  text = mpd_write (&self->mpd);
  put_change (changes, PRESENTATION_MPD_PATH, MPD_TYPE,
      g_bytes_new_take (text, strlen (text)));
}

void
presentation_add_row (
    Presentation *self, const SegmenterRow *row, gint64 now_us, GQueue *changes)
{
  GQueue deletions = G_QUEUE_INIT;
  PresentationChange *change;
  Row *listed;
  File *file;

  if (row->segments->len == 0) {
    self->force_period |= row->new_period;
    return;
  }
  self->mpd.ended = FALSE;
  listed = g_new0 (Row, 1);
  listed->number = self->n_rows++;
  if (row->new_period || self->force_period || !self->period)
    begin_period (self, row, listed, changes);
  listed->period = self->period;
  self->period->duration = GST_CLOCK_TIME_NONE;
  for (guint i = 0; i < row->segments->len; i++)
    add_segment (self, g_ptr_array_index (row->segments, i), listed, changes);
  listed->end = self->edge =
      self->period->start + (row->end - self->period_start);
  g_queue_push_tail (&self->rows, listed);

  while ((file = g_queue_pop_head (&self->adopted)))
    retire (self, file, self->edge);
  if (row->last)
    close_period (self);
  slide_window (self, &deletions);
  put_mpd (self, now_us, changes);
  while ((change = g_queue_pop_head (&deletions)))
    g_queue_push_tail (changes, change); /* nothing listed is missing */
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
  while (self->rows.length)
    unlist_row (self);
  while (self->retired.length)
    delete_oldest (self, changes);
  self->force_period = TRUE;
}

void
presentation_get_stats (Presentation *self, PresentationStats *stats)
{
  *stats = (PresentationStats){ self->n_segments, self->n_periods, self->bytes,
    self->edge };
}
