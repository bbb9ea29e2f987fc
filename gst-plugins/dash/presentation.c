/* SPDX-License-Identifier: MIT
 *
 * From rows to files and an MPD (see presentation.h). Times in here are
 * nanoseconds since the availability start, which is 1970: UTC. */

#include "presentation-private.h"

#include <string.h>

#define MPD_TYPE "application/dash+xml"

/* ---- life ---- */

Presentation *
presentation_new (const PresentationSettings *settings)
{
  Presentation *self = g_new0 (Presentation, 1);

  self->settings = *settings;
  self->mpd.latency = settings->latency;
  self->mpd.kept = settings->keep;
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
  g_free (self->variants_text);
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
  self->zero = utc;
  if (!presentation_is_low_latency (self))
    self->zero += PRESENTATION_MARGIN;
}

void
presentation_adopt (
    Presentation *self, const gchar *path, guint64 number, guint64 bytes)
{
  g_queue_push_tail (&self->adopted, presentation_file_new (path, bytes));
  self->bytes += bytes;
  self->adopted_number = MAX (self->adopted_number, number);
}

/* ---- the MPD ---- */

/* What is published is the same until something changes. */
static void
put_mpd (Presentation *self, gint64 now_us, GQueue *changes)
{
  g_autofree gchar *same = NULL;
  GBytes *text;

  self->mpd_due = FALSE;
  self->mpd.update_period = self->settings.target;
  self->mpd.max_segment = self->max_segment;
  if (self->count.on)
    self->mpd.max_segment =
        MAX (self->max_segment, segment_grid_place (&self->count.grid, 1));
  self->mpd.min_buffer = self->mpd.max_segment;
  self->mpd.delay = presentation_get_delay (self);
  self->mpd.window = presentation_get_announced_window (self);
  same = mpd_write (&self->mpd);
  if (g_strcmp0 (same, self->mpd_text) == 0)
    return;
  self->mpd.publish_us = now_us;
  g_free (self->mpd_text);
  self->mpd_text = mpd_write (&self->mpd);
  text = g_bytes_new (self->mpd_text, strlen (self->mpd_text));
  presentation_put_change (changes, PRESENTATION_MPD_PATH, MPD_TYPE, text);
  if (presentation_is_low_latency (self)) {
    gchar *plain = mpd_write_plain (&self->mpd);
    PresentationChange *change = g_queue_peek_tail (changes);

    change->plain = g_bytes_new_take (plain, strlen (plain));
  }
}

/* ---- rows ---- */

static void
open_row (
    Presentation *self, const SegmenterRow *row, gint64 now_us, GQueue *changes)
{
  PresentationRow *listed = g_new0 (PresentationRow, 1);

  self->mpd.ended = FALSE;
  listed->number = self->n_rows++;
  if (presentation_needs_period (self, row)) {
    presentation_begin_period (
        self, row, now_us * GST_USECOND, listed, changes);
    self->mpd_due = TRUE;
  }
  listed->period = self->period;
  listed->start = self->period->start + (row->start - self->period_start);
  self->period->duration = GST_CLOCK_TIME_NONE;
  self->open = listed;
}

static void
close_row (Presentation *self, const SegmenterRow *row, GQueue *changes)
{
  PresentationRow *listed = g_steal_pointer (&self->open);
  PresentationFile *file;

  presentation_count_row (self, row);
  presentation_finish_segments (self, changes);
  listed->end = self->edge =
      self->period->start + (row->end - self->period_start);
  g_queue_push_tail (&self->rows, listed);
  while ((file = g_queue_pop_head (&self->adopted)))
    presentation_retire (self, file, self->edge);
  if (row->last)
    presentation_close_period (self);
  self->mpd_due = TRUE;
}

void
presentation_add_row (
    Presentation *self, const SegmenterRow *row, gint64 now_us, GQueue *changes)
{
  GQueue deletions = G_QUEUE_INIT;
  PresentationChange *change;

  if (row->begins && row->ends && row->segments->len == 0) {
    self->force_period |= row->new_period;
    return;
  }
  if (row->begins)
    open_row (self, row, now_us, changes);
  for (guint i = 0; i < row->segments->len; i++) {
    const SegmenterSegment *segment = g_ptr_array_index (row->segments, i);

    if (presentation_is_low_latency (self))
      presentation_add_chunk (self, segment, self->open, changes);
    else
      presentation_add_segment (self, segment, self->open, changes);
  }
  if (row->ends)
    close_row (self, row, changes);
  presentation_slide_window (self, &deletions);
  if (self->mpd_due &&
      (row->ends || (self->count.on && presentation_all_have_begun (self))))
    put_mpd (self, now_us, changes);
  presentation_put_playlists (self, row->ends, changes);
  while ((change = g_queue_pop_head (&deletions)))
    g_queue_push_tail (changes, change); /* nothing listed is missing */
}

/* ---- when the next row does not come ---- */

gint64
presentation_get_deadline (const Presentation *self)
{
  GstClockTime due;

  if (!self->period || !self->count.on)
    return G_MAXINT64;
  due = presentation_get_place (self, self->count.grid.rows + 1) +
      PRESENTATION_PATIENCE + self->settings.latency.chunk;
  return (gint64) ((due + GST_USECOND - 1) / GST_USECOND);
}

/* While its first row goes on a Period has nothing to list; what is counted is
 * this row only, however long it gets. */
static void
count_longer (Presentation *self)
{
  SegmentGrid *grid = &self->count.grid;

  grid->ticks *= 2;
  for (guint i = 0; i < self->period->tracks->len; i++) {
    MpdTrack *track = g_ptr_array_index (self->period->tracks, i);

    track->nominal = segment_grid_ticks (grid, track->format->timescale);
  }
}

void
presentation_tick (Presentation *self, gint64 now_us, GQueue *changes)
{
  if (now_us < presentation_get_deadline (self))
    return;
  if (self->open && self->count.grid.rows == 0)
    count_longer (self);
  else
    presentation_stop_counting (self, self->period);
  put_mpd (self, now_us, changes);
}

/* Not while a Period has nothing to list, and tracks of which nothing is known.
 */
static gboolean
can_be_told (const Presentation *self)
{
  const MpdTrack *track;

  if (!self->open)
    return TRUE;
  track = g_ptr_array_index (self->period->tracks, 0);
  return presentation_all_have_begun (self) &&
      (self->count.on || track->segments->len > 0);
}

guint64
presentation_give_way (
    Presentation *self, guint64 bytes, gint64 now_us, GQueue *changes)
{
  GQueue deletions = G_QUEUE_INIT;
  PresentationChange *change;
  guint64 given;

  if (!can_be_told (self))
    return 0;
  given = presentation_shrink_window (self, bytes, &deletions);
  if (self->mpd_due && self->mpd_text) {
    put_mpd (self, now_us, changes);
    presentation_put_all_playlists (self, changes);
  }
  while ((change = g_queue_pop_head (&deletions)))
    g_queue_push_tail (changes, change); /* nothing listed is missing */
  return given;
}

void
presentation_end (Presentation *self, gint64 now_us, GQueue *changes)
{
  if (self->mpd.periods->len == 0)
    return;
  if (self->period && !GST_CLOCK_TIME_IS_VALID (self->period->duration))
    presentation_close_period (self);
  self->mpd.ended = TRUE;
  put_mpd (self, now_us, changes);
  if (self->settings.keep) {
    gchar *text = mpd_write_recording (&self->mpd);

    presentation_put_change (changes, PRESENTATION_RECORDING_PATH, MPD_TYPE,
        g_bytes_new_take (text, strlen (text)));
  }
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    self->tracks[i].playlist_due = TRUE;
  presentation_put_playlists (self, TRUE, changes);
}

void
presentation_forget (Presentation *self, PresentationKept kept,
    gpointer user_data, GQueue *changes)
{
  presentation_withdraw (self, kept, user_data, changes);
  self->force_period = TRUE;
  /* Nor may these have been kept: they are to be put again. */
  g_clear_pointer (&self->mpd_text, g_free);
  g_clear_pointer (&self->variants_text, g_free);
}

gboolean
presentation_is_over_full (const Presentation *self)
{
  return self->open && self->bytes > self->settings.max_bytes;
}

void
presentation_get_stats (Presentation *self, PresentationStats *stats)
{
  *stats = (PresentationStats){ self->n_segments, self->n_periods, self->bytes,
    self->edge };
}
