/* SPDX-License-Identifier: MIT
 *
 * The row of the segmenter: its tracks, its Period, and its segments with exact
 * times (see segmenter-private.h). */

#include "segmenter-private.h"

static void
segment_free (SegmenterSegment *segment)
{
  g_array_unref (segment->samples);
  g_free (segment);
}

void
segmenter_row_free (SegmenterRow *row)
{
  if (!row)
    return;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    cmaf_format_unref (row->formats[i]);
  g_ptr_array_unref (row->segments);
  g_ptr_array_unref (row->units);
  g_free (row);
}

SegmenterRow *
segmenter_row_new (void)
{
  SegmenterRow *row = g_new0 (SegmenterRow, 1);

  row->segments =
      g_ptr_array_new_with_free_func ((GDestroyNotify) segment_free);
  row->units =
      g_ptr_array_new_with_free_func ((GDestroyNotify) media_unit_free);
  return row;
}

SegmenterSegment *
segmenter_add_segment (Segmenter *self, SegmenterRow *row,
    const SegmenterTrack *track, guint64 start)
{
  SegmenterSegment *segment = g_new0 (SegmenterSegment, 1);

  segment->track = segmenter_track_number (self, track);
  segment->begins = TRUE;
  segment->format = track->period_format;
  segment->start = start;
  segment->samples = g_array_new (FALSE, FALSE, sizeof (CmafSample));
  g_ptr_array_add (row->segments, segment);
  return segment;
}

/* The units of a track that are in the row: all of one format. */
static guint
row_units (const SegmenterTrack *track, const SegmenterTrack *leader,
    const SegmenterCut *cut)
{
  guint n = track == leader ? cut->n : segmenter_cut_boundary (track, cut);
  guint i = 0;

  while (i < n &&
      cmaf_format_equal (segmenter_unit_at (track, i)->format,
          segmenter_unit_at (track, 0)->format))
    i++;
  return i;
}

/* The first unit after a break is news only once. */
static void
drop_units (Segmenter *self, SegmenterTrack *track, guint n)
{
  segmenter_take_units (self, track, n, NULL);
  self->stats.outside += n;
  if (track->units->len)
    segmenter_unit_at (track, 0)->breaks = FALSE;
}

/* A track that is not in the Period yet begins with the row. */
static void
drop_before (Segmenter *self, SegmenterTrack *track, GstClockTime time)
{
  guint n = 0;

  while (n < track->units->len &&
      segmenter_is_before (segmenter_unit_at (track, n), time))
    n++;
  drop_units (self, track, n);
}

/* Another video is in the row from its start to its end, or not at all. */
static gboolean
video_takes_part (SegmenterTrack *track, SegmenterTrack *leader,
    GstClockTime start, const SegmenterCut *cut)
{
  guint n = cut ? row_units (track, leader, cut) : 0;

  return n > 0 &&
      segmenter_is_keyframe_at (segmenter_unit_at (track, 0), start) &&
      n == segmenter_cut_boundary (track, cut) &&
      (cut->ends_period || segmenter_cut_is_reached (track, cut)) &&
      !track->misaligned;
}

static gboolean
takes_part (SegmenterTrack *track, SegmenterTrack *leader, GstClockTime start,
    const SegmenterCut *cut)
{
  guint n = cut ? row_units (track, leader, cut) : track->units->len;

  return n > 0 &&
      segmenter_unit_at (track, 0)->pts <= start + SEGMENTER_JOIN_TOLERANCE &&
      (track->expected || !cut || segmenter_cut_is_reached (track, cut));
}

guint32
segmenter_find_participants (
    Segmenter *self, SegmenterTrack *leader, const SegmenterCut *cut)
{
  GstClockTime start = segmenter_unit_at (leader, 0)->pts;
  guint32 mask = 1u << segmenter_track_number (self, leader);

  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    SegmenterTrack *track = &self->tracks[i];

    if (!track->used || track == leader)
      continue;
    if (!self->in_period || !(self->period_tracks & (1u << i)))
      drop_before (self, track, start);
    if (track->kind == CMAF_VIDEO ? video_takes_part (track, leader, start, cut)
                                  : takes_part (track, leader, start, cut))
      mask |= 1u << i;
    else
      track->expected = FALSE;
  }
  return mask;
}

static gboolean
formats_changed (Segmenter *self, guint32 mask)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    if ((mask & (1u << i)) &&
        !cmaf_format_equal (self->tracks[i].period_format,
            segmenter_unit_at (&self->tracks[i], 0)->format))
      return TRUE;
  return FALSE;
}

/* A track that goes on unchanged keeps its timeline, so that nothing moves by
 * a rounding; all others are anchored anew. */
static void
enter_period (Segmenter *self, guint n, gboolean goes_on)
{
  SegmenterTrack *track = &self->tracks[n];
  CmafFormat *format = segmenter_unit_at (track, 0)->format;

  goes_on = goes_on && (self->period_tracks & (1u << n)) &&
      cmaf_format_equal (track->period_format, format);
  if (goes_on)
    return;
  cmaf_format_unref (track->period_format);
  track->period_format = cmaf_format_ref (format);
  track->anchor = tick_anchor_at (self->period_start, format->timescale);
  track->clock.next = G_MAXUINT64;
  video_clock_break (&track->pictures);
}

static void
begin_period (
    Segmenter *self, SegmenterTrack *leader, guint32 mask, SegmenterRow *row)
{
  row->new_period = TRUE;
  row->continuous = self->in_period;
  self->period_start = segmenter_unit_at (leader, 0)->pts;
  self->audio_grid = self->period_start +
      (row->continuous ? self->settings.target : self->settings.first);
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    if (mask & (1u << i))
      enter_period (self, i, row->continuous);
  self->period_tracks = mask;
  self->period_rows = 0;
  self->leader = segmenter_track_number (self, leader);
  self->in_period = TRUE;
  if (leader->kind == CMAF_VIDEO) /* all have its ticks */
    for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
      if ((mask & (1u << i)) && self->tracks[i].kind == CMAF_VIDEO)
        self->tracks[i].anchor = leader->anchor;
}

void
segmenter_enter_period (
    Segmenter *self, SegmenterTrack *leader, guint32 tracks, SegmenterRow *row)
{
  if (!self->in_period || tracks != self->period_tracks ||
      self->leader != segmenter_track_number (self, leader) ||
      formats_changed (self, tracks))
    begin_period (self, leader, tracks, row);
}

static guint64
track_tick (const SegmenterTrack *track, GstClockTime time)
{
  const CmafFormat *format = track->period_format;

  if (format->kind == CMAF_VIDEO)
    return sample_times_video_tick (&track->anchor, format, time);
  return tick_anchor_tick (&track->anchor, format->timescale, time);
}

/* Boundaries are those of the leader, to the tick. */
static void
build_video (Segmenter *self, SegmenterTrack *track, guint n,
    const SegmenterTrack *leader, const SegmenterCut *cut, SegmenterRow *row)
{
  MediaUnit *const *units = (MediaUnit *const *) track->units->pdata;
  guint64 start = track_tick (leader, row->start);
  guint64 end = track_tick (leader, cut->time);
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (CmafSample));
  SegmenterSegment *segment;

  if (!sample_times_video (&track->anchor, units, n, start, end, samples)) {
    self->stats.outside += n;
    return;
  }
  segment = segmenter_add_segment (self, row, track, start);
  segment->duration = end - start;
  g_array_append_vals (segment->samples, samples->data, samples->len);
}

void
segmenter_place_audio (
    Segmenter *self, SegmenterTrack *track, guint n, SegmenterRow *row)
{
  SegmenterSegment *segment = NULL;

  for (guint i = 0; i < n; i++) {
    const MediaUnit *unit = segmenter_unit_at (track, i);
    CmafSample sample = { .buffer = unit->buffer, .keyframe = TRUE };
    guint64 tick;
    AudioPlace place = audio_clock_place (
        &track->clock, &track->anchor, unit, &tick, &sample.duration);

    if (place == AUDIO_LATE) {
      self->stats.late_audio++;
      continue;
    }
    if (!segment || place == AUDIO_HOLE)
      segment = segmenter_add_segment (self, row, track, tick);
    else if (place == AUDIO_ABSORBS)
      g_array_index (segment->samples, CmafSample, segment->samples->len - 1)
          .duration += tick - (segment->start + segment->duration);
    g_array_append_val (segment->samples, sample);
    segment->duration = tick + sample.duration - segment->start;
  }
}

void
segmenter_drop_after (
    Segmenter *self, SegmenterTrack *track, const SegmenterCut *cut)
{
  guint n = 0;

  if (!cut->ends_period) {
    n = segmenter_cut_boundary (track, cut);
    self->stats.outside += n;
    segmenter_take_units (self, track, n, NULL);
    return;
  }
  while (n < track->units->len && !segmenter_unit_at (track, n)->breaks)
    n++;
  if (n < track->units->len)
    drop_units (self, track, n);
}

/* Start and end as the leader's ticks say them, so that the next Period starts
 * exactly where this one ends. */
static void
set_row_times (Segmenter *self, const SegmenterTrack *leader, SegmenterRow *row)
{
  guint number = segmenter_track_number (self, leader);
  guint timescale = leader->period_format->timescale;
  gboolean found = FALSE;

  for (guint i = 0; i < row->segments->len; i++) {
    const SegmenterSegment *segment = g_ptr_array_index (row->segments, i);

    if (segment->track != number)
      continue;
    if (!found)
      row->start =
          tick_anchor_time (&leader->anchor, timescale, segment->start);
    row->end = tick_anchor_time (
        &leader->anchor, timescale, segment->start + segment->duration);
    found = TRUE;
  }
}

void
segmenter_describe_tracks (Segmenter *self, SegmenterRow *row)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    const SegmenterTrack *track = &self->tracks[i];

    if (!(row->tracks & (1u << i)))
      continue;
    row->origins[i] = track_tick (track, row->start);
    row->formats[i] = cmaf_format_ref (track->period_format);
  }
}

SegmenterRow *
segmenter_make_row (
    Segmenter *self, SegmenterTrack *leader, const SegmenterCut *cut)
{
  SegmenterRow *row = segmenter_row_new ();
  guint32 mask;

  row->begins = row->ends = TRUE;
  row->start = segmenter_unit_at (leader, 0)->pts;
  row->end = cut->time;
  row->last = cut->ends_period;

  mask = segmenter_find_participants (self, leader, cut);
  segmenter_enter_period (self, leader, mask, row);
  row->tracks = mask;

  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    SegmenterTrack *track = &self->tracks[i];
    guint n;

    if (!track->used)
      continue;
    n = mask & (1u << i) ? row_units (track, leader, cut) : 0;
    if (n && track->kind == CMAF_VIDEO)
      build_video (self, track, n, leader, cut, row);
    else if (n)
      segmenter_place_audio (self, track, n, row);
    segmenter_take_units (self, track, n, row->units);
    if (track != leader && track->kind == CMAF_AUDIO)
      segmenter_drop_after (self, track, cut);
  }
  set_row_times (self, leader, row);
  segmenter_describe_tracks (self, row);
  self->period_rows++;
  if (cut->ends_period)
    self->in_period = FALSE;
  return row;
}
