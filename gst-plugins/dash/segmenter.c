/* SPDX-License-Identifier: MIT
 *
 * The segmenter (see segmenter.h). Units wait in one queue per track until
 * the end of their row is known; then the row leaves as a whole. */

#include "segmenter.h"

#include "sample-times.h"

/* A track that starts this much after a row still belongs to it: the hole
 * costs a viewer less than a Period. */
#define JOIN_TOLERANCE GST_SECOND

/* A longer step between units is a break of the timeline. Slow video may step
 * four times its last step. */
#define MAX_STEP GST_SECOND

/* Audio that has waited this long for a keyframe goes on without video. It is
 * also the longest row next to audio: twice the GOP that a channel keeps. */
#define MAX_KEYFRAME_WAIT (60 * GST_SECOND)

typedef struct {
  gboolean used;
  CmafKind kind;
  CmafFormat *format; /* of the next unit */
  gboolean eos;
  gboolean expected; /* a row waits for it */
  GPtrArray *units;  /* of MediaUnit */

  /* What has been pushed. */
  gboolean fresh;        /* nothing since the track was added or reset */
  GstClockTime position; /* end of the newest unit or gap, or NONE */
  GstClockTime top;      /* latest PTS */
  GstClockTime last_keyframe;
  GstClockTime step; /* between the last two PTS in rising order */

  /* The Period, while the track is in it. */
  CmafFormat *period_format;
  TickAnchor anchor;
  AudioClock clock;
} Track;

struct _Segmenter {
  SegmenterSettings settings;
  Track tracks[SEGMENTER_MAX_TRACKS];
  guint64 bytes;
  SegmenterStats stats;

  gboolean in_period;
  guint leader; /* of the Period */
  guint32 period_tracks;
  GstClockTime period_start;
  GstClockTime audio_grid; /* where the first row of the Period should end */
  guint period_rows;
};

/* Where a row ends: before unit @n of the leader. */
typedef struct {
  guint n;
  GstClockTime time;
  gboolean ends_period;
} Cut;

/* ---- tracks and their queues ---- */

static MediaUnit *
unit_at (const Track *track, guint i)
{
  return g_ptr_array_index (track->units, i);
}

static Track *
find_video (Segmenter *self)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    if (self->tracks[i].used && self->tracks[i].kind == CMAF_VIDEO)
      return &self->tracks[i];
  return NULL;
}

static guint
track_number (const Segmenter *self, const Track *track)
{
  return track - self->tracks;
}

/* Moves the first @n units to @to, or drops them. */
static void
take_units (Segmenter *self, Track *track, guint n, GPtrArray *to)
{
  for (guint i = 0; i < n; i++) {
    MediaUnit *unit = unit_at (track, i);

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
track_reset (Segmenter *self, Track *track)
{
  take_units (self, track, track->units->len, NULL);
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
  if (kind == CMAF_VIDEO && find_video (self))
    return -1;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    Track *track = &self->tracks[i];

    if (track->used)
      continue;
    *track = (Track){ .used = TRUE,
      .kind = kind,
      .expected = TRUE,
      .fresh = TRUE,
      .units = g_ptr_array_new (),
      .position = GST_CLOCK_TIME_NONE };
    return i;
  }
  return -1;
}

void
segmenter_remove_track (Segmenter *self, guint n)
{
  Track *track = &self->tracks[n];

  track_reset (self, track);
  g_ptr_array_unref (track->units);
  g_clear_pointer (&track->format, cmaf_format_unref);
  g_clear_pointer (&track->period_format, cmaf_format_unref);
  track->used = FALSE;
  if (self->in_period && (self->period_tracks & (1u << n)))
    self->in_period = FALSE; /* a successor with this number is another track */
}

void
segmenter_flush (Segmenter *self, guint n)
{
  track_reset (self, &self->tracks[n]);
  self->tracks[n].eos = FALSE;
  self->in_period = FALSE;
}

void
segmenter_set_format (Segmenter *self, guint n, CmafFormat *format)
{
  Track *track = &self->tracks[n];
  CmafFormat *old = track->format;

  if (cmaf_format_equal (old, format))
    return;
  track->format = cmaf_format_ref (format);
  cmaf_format_unref (old);
}

/* Everything that waits is too much: start again at the next keyframe. */
static void
give_up (Segmenter *self)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    Track *track = &self->tracks[i];

    if (!track->used)
      continue;
    self->stats.given_up += track->units->len;
    take_units (self, track, track->units->len, NULL);
  }
  self->in_period = FALSE;
}

/* ---- units in ---- */

static gboolean
video_breaks (const Track *track, const MediaUnit *unit, SegmenterFlags flags)
{
  GstClockTime limit = MAX (MAX_STEP, 4 * track->step);

  if ((flags & SEGMENTER_DISCONT) && unit->keyframe)
    return TRUE;
  if (unit->pts > track->top + limit)
    return TRUE;
  if (unit->keyframe && unit->pts <= track->last_keyframe)
    return TRUE;
  return unit->pts + MAX_STEP < track->last_keyframe;
}

static gboolean
audio_breaks (const Track *track, const MediaUnit *unit, SegmenterFlags flags)
{
  GstClockTimeDiff step =
      ABS (GST_CLOCK_DIFF (track->top + track->step, unit->pts));

  if (flags & SEGMENTER_DISCONT)
    return step > (GstClockTimeDiff) SAMPLE_TIMES_MAX_HOLE;
  return step > (GstClockTimeDiff) MAX_STEP;
}

static gboolean
unit_breaks (const Track *track, const MediaUnit *unit, SegmenterFlags flags)
{
  const MediaUnit *last;

  if (track->fresh)
    return FALSE;
  last = track->units->len ? unit_at (track, track->units->len - 1) : NULL;
  if (!cmaf_format_equal (
          last ? last->format : track->period_format, unit->format) &&
      (last || track->period_format))
    return TRUE;
  return track->kind == CMAF_VIDEO ? video_breaks (track, unit, flags)
                                   : audio_breaks (track, unit, flags);
}

static void
note_position (Track *track, const MediaUnit *unit)
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

/* Audio far behind the leader is given up; what comes in time is waited for
 * again. */
static void
note_arrival (Segmenter *self, Track *track, const MediaUnit *unit)
{
  const Track *video = find_video (self);

  if (track == video || !video || !GST_CLOCK_TIME_IS_VALID (video->position) ||
      unit->pts + self->settings.audio_wait >= video->position)
    track->expected = TRUE;
}

void
segmenter_push (Segmenter *self, guint n, GstBuffer *buffer, GstClockTime pts,
    GstClockTime duration, SegmenterFlags flags)
{
  Track *track = &self->tracks[n];
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
    give_up (self);
}

void
segmenter_gap (Segmenter *self, guint n, GstClockTime until)
{
  Track *track = &self->tracks[n];

  if (!GST_CLOCK_TIME_IS_VALID (track->position) || until > track->position)
    track->position = until;
}

void
segmenter_eos (Segmenter *self, guint n)
{
  self->tracks[n].eos = TRUE;
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

/* ---- who leads ---- */

static void
drop_undecodable (Segmenter *self, Track *video)
{
  guint n = 0;

  while (n < video->units->len && !unit_at (video, n)->keyframe)
    n++;
  take_units (self, video, n, NULL);
  self->stats.before_keyframe += n;
}

static gboolean
is_before (const MediaUnit *unit, GstClockTime time)
{
  return unit->pts + media_unit_get_duration (unit) / 2 < time;
}

/* Video that is silent for so long has stopped; slow video is not. */
static GstClockTime
silence (Segmenter *self, const Track *video)
{
  return MAX (self->settings.video_wait, 4 * video->step);
}

/* How far audio has come without news from video. */
static gboolean
audio_runs_ahead (Segmenter *self, const Track *video)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    const Track *track = &self->tracks[i];
    GstClockTime since;

    if (!track->used || track == video || track->units->len == 0)
      continue;
    since = unit_at (track, 0)->pts;
    if (track->position > since + MAX_KEYFRAME_WAIT)
      return TRUE;
    if (GST_CLOCK_TIME_IS_VALID (video->position))
      since = MAX (since, video->position);
    if (track->position > since + silence (self, video))
      return TRUE;
  }
  return FALSE;
}

static Track *
first_audio (Segmenter *self)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    Track *track = &self->tracks[i];

    if (track->used && track->kind == CMAF_AUDIO && track->units->len)
      return track;
  }
  return NULL;
}

/* What audio leaves after the end of video is no Period of its own. */
static gboolean
is_remainder (Segmenter *self, Track *audio)
{
  const Track *video = find_video (self);

  if (!video || !video->eos || self->leader != track_number (self, video) ||
      audio->position >= unit_at (audio, 0)->pts + JOIN_TOLERANCE)
    return FALSE;
  if (audio->eos) {
    self->stats.outside += audio->units->len;
    take_units (self, audio, audio->units->len, NULL);
  }
  return TRUE;
}

/* In a Period that audio leads, video takes over where its keyframe meets the
 * next audio unit; keyframes from before are of no use. */
static gboolean
video_takes_over (Segmenter *self, Track *video)
{
  Track *audio = &self->tracks[self->leader];
  const MediaUnit *head;

  if (!self->in_period || audio == video || audio->units->len == 0)
    return TRUE;
  head = unit_at (audio, 0);
  while (video->units->len &&
      media_unit_get_end (unit_at (video, 0)) < head->pts) {
    guint n = 1;

    while (n < video->units->len && !unit_at (video, n)->keyframe)
      n++;
    take_units (self, video, n, NULL);
    self->stats.before_keyframe += n;
  }
  return video->units->len && !is_before (head, unit_at (video, 0)->pts);
}

static Track *
choose_leader (Segmenter *self)
{
  Track *video = find_video (self);
  Track *audio = first_audio (self);

  if (video) {
    drop_undecodable (self, video);
    if (video->units->len && video_takes_over (self, video))
      return video;
    if (video->units->len == 0 && !video->eos && video->expected) {
      if (!audio_runs_ahead (self, video))
        return NULL;
      video->expected = FALSE;
    }
  }
  return audio && !is_remainder (self, audio) ? audio : NULL;
}

/* ---- where the row ends ---- */

static GstClockTime
end_of_units (const Track *track, guint n)
{
  GstClockTime end = 0;

  for (guint i = 0; i < n; i++)
    end = MAX (end, media_unit_get_end (unit_at (track, i)));
  return end;
}

static gboolean
cut_here (const Track *leader, guint n, Cut *cut)
{
  *cut = (Cut){ n, end_of_units (leader, n), TRUE };
  return TRUE;
}

static gboolean
find_video_cut (Segmenter *self, Track *leader, Cut *cut)
{
  guint n = leader->units->len;
  GstClockTime target =
      self->in_period ? self->settings.target : self->settings.first;
  GstClockTime earliest = unit_at (leader, 0)->pts + target / 10 * 9;

  for (guint i = 1; i < n; i++) {
    const MediaUnit *unit = unit_at (leader, i);

    if (unit->breaks)
      return cut_here (leader, i, cut);
    if (unit->keyframe && unit->pts >= earliest) {
      *cut = (Cut){ i, unit->pts, FALSE };
      return TRUE;
    }
  }
  if (leader->eos || leader->position >= end_of_units (leader, n) + MAX_STEP ||
      audio_runs_ahead (self, leader))
    return cut_here (leader, n, cut);
  return FALSE;
}

/* Audio is cut on a grid that starts with the Period, and where video is about
 * to begin. */
static gboolean
find_audio_cut (Segmenter *self, Track *leader, Cut *cut)
{
  const Track *video = find_video (self);
  const MediaUnit *head = unit_at (leader, 0);
  guint n = leader->units->len;
  GstClockTime target = self->settings.target;
  GstClockTime time =
      head->pts + (self->in_period ? target : self->settings.first);

  if (self->in_period && self->leader == track_number (self, leader)) {
    time = self->audio_grid + self->period_rows * target;
    while (time < head->pts + target / 2)
      time += target;
  }
  if (video && video->units->len)
    time = MIN (time, unit_at (video, 0)->pts);

  for (guint i = 1; i < n; i++) {
    const MediaUnit *unit = unit_at (leader, i);

    if (unit->breaks)
      return cut_here (leader, i, cut);
    if (!is_before (unit, time)) {
      *cut = (Cut){ i, unit->pts, FALSE };
      return TRUE;
    }
  }
  if (leader->eos || leader->position >= end_of_units (leader, n) + MAX_STEP)
    return cut_here (leader, n, cut);
  return FALSE;
}

/* First unit that belongs to what comes after the cut. */
static guint
boundary (const Track *track, const Cut *cut)
{
  guint i = 0;

  while (i < track->units->len && is_before (unit_at (track, i), cut->time) &&
      !(cut->ends_period && unit_at (track, i)->breaks))
    i++;
  return i;
}

static gboolean
has_come (const Track *track, const Cut *cut)
{
  return track->eos || boundary (track, cut) < track->units->len ||
      (GST_CLOCK_TIME_IS_VALID (track->position) &&
          track->position >= cut->time);
}

/* How far the leader has gone on after the cut. */
static GstClockTime
lead (const Track *leader, const Cut *cut)
{
  GstClockTime from = cut->time;

  if (cut->n < leader->units->len) {
    from = unit_at (leader, cut->n)->pts;
    return leader->top > from ? leader->top - from : 0;
  }
  return leader->position > from ? leader->position - from : 0;
}

static gboolean
others_have_come (Segmenter *self, const Track *leader, const Cut *cut)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    const Track *track = &self->tracks[i];

    if (!track->used || track->kind == CMAF_VIDEO || track == leader ||
        !track->expected || has_come (track, cut))
      continue;
    if (lead (leader, cut) < self->settings.audio_wait)
      return FALSE;
  }
  return TRUE;
}

/* ---- the row ---- */

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

static SegmenterSegment *
add_segment (SegmenterRow *row, guint track, CmafFormat *format, guint64 start)
{
  SegmenterSegment *segment = g_new0 (SegmenterSegment, 1);

  segment->track = track;
  segment->format = format;
  segment->start = start;
  segment->samples = g_array_new (FALSE, FALSE, sizeof (CmafSample));
  g_ptr_array_add (row->segments, segment);
  return segment;
}

/* The units of a track that are in the row: all of one format. */
static guint
row_units (const Track *track, const Track *leader, const Cut *cut)
{
  guint n = track == leader ? cut->n : boundary (track, cut);
  guint i = 0;

  while (i < n &&
      cmaf_format_equal (
          unit_at (track, i)->format, unit_at (track, 0)->format))
    i++;
  return i;
}

/* The first unit after a break is news only once. */
static void
drop_units (Segmenter *self, Track *track, guint n)
{
  take_units (self, track, n, NULL);
  self->stats.outside += n;
  if (track->units->len)
    unit_at (track, 0)->breaks = FALSE;
}

/* A track that is not in the Period yet begins with the row. */
static void
drop_before (Segmenter *self, Track *track, GstClockTime time)
{
  guint n = 0;

  while (n < track->units->len && is_before (unit_at (track, n), time))
    n++;
  drop_units (self, track, n);
}

static guint32
find_participants (Segmenter *self, Track *leader, const Cut *cut)
{
  GstClockTime start = unit_at (leader, 0)->pts;
  guint32 mask = 1u << track_number (self, leader);

  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    Track *track = &self->tracks[i];

    if (!track->used || track == leader || track->kind == CMAF_VIDEO)
      continue;
    if (!self->in_period || !(self->period_tracks & (1u << i)))
      drop_before (self, track, start);
    if (row_units (track, leader, cut) > 0 &&
        unit_at (track, 0)->pts <= start + JOIN_TOLERANCE &&
        (track->expected || has_come (track, cut)))
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
            unit_at (&self->tracks[i], 0)->format))
      return TRUE;
  return FALSE;
}

/* A track that goes on unchanged keeps its timeline, so that nothing moves by
 * a rounding; all others are anchored anew. */
static void
enter_period (Segmenter *self, guint n, gboolean goes_on)
{
  Track *track = &self->tracks[n];
  CmafFormat *format = unit_at (track, 0)->format;

  goes_on = goes_on && (self->period_tracks & (1u << n)) &&
      cmaf_format_equal (track->period_format, format);
  if (goes_on)
    return;
  cmaf_format_unref (track->period_format);
  track->period_format = cmaf_format_ref (format);
  track->anchor = tick_anchor_at (self->period_start, format->timescale);
  track->clock.next = G_MAXUINT64;
}

static void
begin_period (Segmenter *self, Track *leader, guint32 mask, SegmenterRow *row)
{
  row->new_period = TRUE;
  row->continuous = self->in_period;
  self->period_start = unit_at (leader, 0)->pts;
  self->audio_grid = self->period_start +
      (row->continuous ? self->settings.target : self->settings.first);
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    if (mask & (1u << i))
      enter_period (self, i, row->continuous);
  self->period_tracks = mask;
  self->period_rows = 0;
  self->leader = track_number (self, leader);
  self->in_period = TRUE;
}

static guint64
track_tick (const Track *track, GstClockTime time)
{
  const CmafFormat *format = track->period_format;

  if (format->kind == CMAF_VIDEO)
    return sample_times_video_tick (&track->anchor, format, time);
  return tick_anchor_tick (&track->anchor, format->timescale, time);
}

static void
build_video (
    Segmenter *self, Track *track, guint n, const Cut *cut, SegmenterRow *row)
{
  MediaUnit *const *units = (MediaUnit *const *) track->units->pdata;
  guint64 start = track_tick (track, units[0]->pts);
  guint64 end = track_tick (track, cut->time);
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (CmafSample));
  SegmenterSegment *segment;

  if (!sample_times_video (&track->anchor, units, n, start, end, samples)) {
    self->stats.outside += n;
    return;
  }
  segment = add_segment (
      row, track_number (self, track), track->period_format, start);
  segment->duration = end - start;
  g_array_append_vals (segment->samples, samples->data, samples->len);
}

static void
build_audio (Segmenter *self, Track *track, guint n, SegmenterRow *row)
{
  guint number = track_number (self, track);
  SegmenterSegment *segment = NULL;

  for (guint i = 0; i < n; i++) {
    const MediaUnit *unit = unit_at (track, i);
    CmafSample sample = { .buffer = unit->buffer, .keyframe = TRUE };
    guint64 tick;
    AudioPlace place = audio_clock_place (
        &track->clock, &track->anchor, unit, &tick, &sample.duration);

    if (place == AUDIO_LATE) {
      self->stats.late_audio++;
      continue;
    }
    if (!segment || place == AUDIO_HOLE)
      segment = add_segment (row, number, track->period_format, tick);
    else if (place == AUDIO_ABSORBS)
      g_array_index (segment->samples, CmafSample, segment->samples->len - 1)
          .duration += tick - (segment->start + segment->duration);
    g_array_append_val (segment->samples, sample);
    segment->duration = tick + sample.duration - segment->start;
  }
}

/* What an audio track has left of the time of the row, or of the timeline that
 * ended with it. */
static void
drop_after (Segmenter *self, Track *track, const Cut *cut)
{
  guint n = 0;

  if (!cut->ends_period) {
    n = boundary (track, cut);
    self->stats.outside += n;
    take_units (self, track, n, NULL);
    return;
  }
  while (n < track->units->len && !unit_at (track, n)->breaks)
    n++;
  if (n < track->units->len)
    drop_units (self, track, n);
}

/* Start and end as the leader's ticks say them, so that the next Period starts
 * exactly where this one ends. */
static void
set_row_times (Segmenter *self, const Track *leader, SegmenterRow *row)
{
  guint number = track_number (self, leader);
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

static void
describe_tracks (Segmenter *self, SegmenterRow *row)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    const Track *track = &self->tracks[i];

    if (!(row->tracks & (1u << i)))
      continue;
    row->origins[i] = track_tick (track, row->start);
    row->formats[i] = cmaf_format_ref (track->period_format);
  }
}

static SegmenterRow *
make_row (Segmenter *self, Track *leader, const Cut *cut)
{
  SegmenterRow *row = g_new0 (SegmenterRow, 1);
  guint32 mask;

  row->segments =
      g_ptr_array_new_with_free_func ((GDestroyNotify) segment_free);
  row->units =
      g_ptr_array_new_with_free_func ((GDestroyNotify) media_unit_free);
  row->start = unit_at (leader, 0)->pts;
  row->end = cut->time;
  row->last = cut->ends_period;

  mask = find_participants (self, leader, cut);
  if (!self->in_period || mask != self->period_tracks ||
      self->leader != track_number (self, leader) ||
      formats_changed (self, mask))
    begin_period (self, leader, mask, row);
  row->tracks = mask;

  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    Track *track = &self->tracks[i];
    guint n;

    if (!track->used)
      continue;
    n = mask & (1u << i) ? row_units (track, leader, cut) : 0;
    if (n && track->kind == CMAF_VIDEO)
      build_video (self, track, n, cut, row);
    else if (n)
      build_audio (self, track, n, row);
    take_units (self, track, n, row->units);
    if (track != leader && track->kind == CMAF_AUDIO)
      drop_after (self, track, cut);
  }
  set_row_times (self, leader, row);
  describe_tracks (self, row);
  self->period_rows++;
  if (cut->ends_period)
    self->in_period = FALSE;
  return row;
}

SegmenterRow *
segmenter_next_row (Segmenter *self)
{
  Track *leader = choose_leader (self);
  Cut cut;
  gboolean found;

  if (!leader)
    return NULL;
  found = leader->kind == CMAF_VIDEO ? find_video_cut (self, leader, &cut)
                                     : find_audio_cut (self, leader, &cut);
  if (!found || !others_have_come (self, leader, &cut))
    return NULL;
  return make_row (self, leader, &cut);
}
