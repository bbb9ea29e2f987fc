/* SPDX-License-Identifier: MIT
 *
 * The segmenter (see segmenter.h). Units wait in one queue per track until
 * the end of their row is known; then the row leaves as a whole. */

#include "segmenter-private.h"

/* ---- tracks and their queues ---- */

SegmenterTrack *
segmenter_find_video (Segmenter *self)
{
  SegmenterTrack *first = NULL;

  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    SegmenterTrack *track = &self->tracks[i];

    if (!track->used || track->kind != CMAF_VIDEO)
      continue;
    if (!track->eos || track->units->len)
      return track;
    first = first ? first : track;
  }
  return first;
}

void
segmenter_take_units (
    Segmenter *self, SegmenterTrack *track, guint n, GPtrArray *to)
{
  for (guint i = 0; i < n; i++) {
    MediaUnit *unit = segmenter_unit_at (track, i);

    self->bytes -= gst_buffer_get_size (unit->buffer);
    if (to)
      g_ptr_array_add (to, unit);
    else
      media_unit_free (unit);
  }
  if (n)
    g_ptr_array_remove_range (track->units, 0, n);
}

static void
track_reset (Segmenter *self, SegmenterTrack *track)
{
  segmenter_take_units (self, track, track->units->len, NULL);
  track->fresh = TRUE;
  track->position = GST_CLOCK_TIME_NONE;
}

Segmenter *
segmenter_new (const SegmenterSettings *settings)
{
  Segmenter *self = g_new0 (Segmenter, 1);

  self->settings = *settings;
  return self;
}

void
segmenter_free (Segmenter *self)
{
  if (!self)
    return;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    if (self->tracks[i].used)
      segmenter_remove_track (self, i);
  g_free (self);
}

gint
segmenter_add_track (Segmenter *self, CmafKind kind)
{
  /* Chunks leave before it is known whether keyframes agree. */
  if (kind == CMAF_VIDEO && self->settings.chunk && segmenter_find_video (self))
    return -1;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    SegmenterTrack *track = &self->tracks[i];

    if (track->used)
      continue;
    *track = (SegmenterTrack){ .used = TRUE,
      .kind = kind,
      .expected = TRUE,
      .fresh = TRUE,
      .units = g_ptr_array_new (),
      .position = GST_CLOCK_TIME_NONE };
    video_clock_init (&track->pictures);
    return i;
  }
  return -1;
}

void
segmenter_remove_track (Segmenter *self, guint n)
{
  SegmenterTrack *track = &self->tracks[n];

  track_reset (self, track);
  g_ptr_array_unref (track->units);
  g_clear_pointer (&track->format, cmaf_format_unref);
  g_clear_pointer (&track->period_format, cmaf_format_unref);
  video_clock_clear (&track->pictures);
  track->used = FALSE;
  if (self->in_period && (self->period_tracks & (1u << n))) {
    self->in_period = FALSE; /* a successor with this number is another track */
    segmenter_give_up_open_row (self);
  }
}

void
segmenter_flush (Segmenter *self, guint n)
{
  track_reset (self, &self->tracks[n]);
  self->tracks[n].eos = FALSE;
  self->in_period = FALSE;
  segmenter_give_up_open_row (self);
}

void
segmenter_set_format (Segmenter *self, guint n, CmafFormat *format)
{
  SegmenterTrack *track = &self->tracks[n];
  CmafFormat *old = track->format;

  if (cmaf_format_equal (old, format))
    return;
  track->format = cmaf_format_ref (format);
  cmaf_format_unref (old);
}

void
segmenter_give_up (Segmenter *self)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    SegmenterTrack *track = &self->tracks[i];

    if (!track->used)
      continue;
    self->stats.given_up += track->units->len;
    segmenter_take_units (self, track, track->units->len, NULL);
  }
  self->in_period = FALSE;
  segmenter_give_up_open_row (self);
}

/* ---- units in ---- */

static gboolean
video_breaks (
    const SegmenterTrack *track, const MediaUnit *unit, SegmenterFlags flags)
{
  GstClockTime limit = MAX (SEGMENTER_MAX_STEP, 4 * track->step);

  if ((flags & SEGMENTER_DISCONT) && unit->keyframe)
    return TRUE;
  if (unit->pts > track->top + limit)
    return TRUE;
  if (unit->keyframe && unit->pts <= track->last_keyframe)
    return TRUE;
  return unit->pts + SEGMENTER_MAX_STEP < track->last_keyframe;
}

static gboolean
audio_breaks (
    const SegmenterTrack *track, const MediaUnit *unit, SegmenterFlags flags)
{
  GstClockTimeDiff step =
      ABS (GST_CLOCK_DIFF (track->top + track->step, unit->pts));

  if (flags & SEGMENTER_DISCONT)
    return step > (GstClockTimeDiff) SAMPLE_TIMES_MAX_HOLE;
  return step > (GstClockTimeDiff) SEGMENTER_MAX_STEP;
}

static gboolean
unit_breaks (
    const SegmenterTrack *track, const MediaUnit *unit, SegmenterFlags flags)
{
  const MediaUnit *last;

  if (track->fresh)
    return FALSE;
  last = track->units->len ? segmenter_unit_at (track, track->units->len - 1)
                           : NULL;
  if (!cmaf_format_equal (
          last ? last->format : track->period_format, unit->format) &&
      (last || track->period_format))
    return TRUE;
  return track->kind == CMAF_VIDEO ? video_breaks (track, unit, flags)
                                   : audio_breaks (track, unit, flags);
}

static void
note_position (SegmenterTrack *track, const MediaUnit *unit)
{
  GstClockTime end = media_unit_get_end (unit);

  if (track->fresh || unit->breaks) {
    track->top = unit->pts;
    track->position = end;
    track->step = end - unit->pts;
    track->last_keyframe = unit->pts;
  } else if (unit->pts > track->top) {
    track->step =
        track->kind == CMAF_VIDEO ? unit->pts - track->top : end - unit->pts;
    track->top = unit->pts;
    track->position = MAX (track->position, end);
  }
  if (unit->keyframe)
    track->last_keyframe = unit->pts;
  track->fresh = FALSE;
}

/* What is far behind the leader is given up; what comes in time is waited for
 * again, unless it is video whose keyframes are elsewhere. */
static void
note_arrival (Segmenter *self, SegmenterTrack *track, const MediaUnit *unit)
{
  const SegmenterTrack *video = segmenter_find_video (self);

  track->misaligned &= !unit->breaks;
  if (track->misaligned)
    return;
  if (track == video || !video || !GST_CLOCK_TIME_IS_VALID (video->position) ||
      unit->pts + self->settings.audio_wait >= video->position)
    track->expected = TRUE;
}

void
segmenter_push (Segmenter *self, guint n, GstBuffer *buffer, GstClockTime pts,
    GstClockTime duration, SegmenterFlags flags)
{
  SegmenterTrack *track = &self->tracks[n];
  MediaUnit *unit;

  g_return_if_fail (track->used && track->format);
  g_return_if_fail (GST_CLOCK_TIME_IS_VALID (pts));

  unit = g_new0 (MediaUnit, 1);
  unit->buffer = buffer;
  unit->pts = pts;
  unit->duration = duration;
  unit->format = cmaf_format_ref (track->format);
  unit->keyframe =
      track->kind == CMAF_AUDIO || (flags & SEGMENTER_KEYFRAME) != 0;
  unit->droppable = (flags & SEGMENTER_DROPPABLE) != 0;
  unit->breaks = unit_breaks (track, unit, flags);
  note_position (track, unit);
  note_arrival (self, track, unit);
  track->eos = FALSE;

  g_ptr_array_add (track->units, unit);
  self->bytes += gst_buffer_get_size (buffer);
  if (self->bytes > self->settings.max_bytes)
    segmenter_give_up (self);
}

void
segmenter_gap (Segmenter *self, guint n, GstClockTime until)
{
  SegmenterTrack *track = &self->tracks[n];

  if (!GST_CLOCK_TIME_IS_VALID (track->position) || until > track->position)
    track->position = until;
}

void
segmenter_eos (Segmenter *self, guint n)
{
  self->tracks[n].eos = TRUE;
}

gboolean
segmenter_is_misaligned (const Segmenter *self, guint n)
{
  return self->tracks[n].misaligned;
}

void
segmenter_get_stats (Segmenter *self, SegmenterStats *stats)
{
  *stats = self->stats;
}

guint64
segmenter_get_bytes (Segmenter *self)
{
  return self->bytes;
}

SegmenterRow *
segmenter_next_row (Segmenter *self)
{
  SegmenterTrack *leader;
  SegmenterCut cut;

  if (self->settings.chunk)
    return segmenter_make_part (self);
  leader = segmenter_choose_leader (self);
  if (!leader || !segmenter_find_cut (self, leader, &cut) ||
      !segmenter_others_have_come (self, leader, &cut))
    return NULL;
  return segmenter_make_row (self, leader, &cut);
}
