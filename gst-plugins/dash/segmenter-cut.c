/* SPDX-License-Identifier: MIT
 *
 * Where a row of the segmenter ends: which track decides, at which of its
 * units, and whether the others have come so far (see segmenter-private.h). */

#include "segmenter-private.h"

/* Audio that has waited this long for a keyframe goes on without video. It is
 * also the longest row next to audio: twice the GOP that a channel keeps. */
#define MAX_KEYFRAME_WAIT (60 * GST_SECOND)

/* In target durations: so long a row waits for a keyframe that all videos have.
 */
#define MAX_ALIGNED_TARGETS 3

/* ---- who leads ---- */

static void
drop_undecodable (Segmenter *self, SegmenterTrack *video)
{
  guint n = 0;

  while (n < video->units->len && !segmenter_unit_at (video, n)->keyframe)
    n++;
  segmenter_take_units (self, video, n, NULL);
  self->stats.before_keyframe += n;
}

/* Video that is silent for so long has stopped; slow video is not. */
static GstClockTime
silence (Segmenter *self, const SegmenterTrack *video)
{
  return MAX (self->settings.video_wait, 4 * video->step);
}

/* How far audio has come without news from video. */
static gboolean
audio_runs_ahead (Segmenter *self, const SegmenterTrack *video)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    const SegmenterTrack *track = &self->tracks[i];
    GstClockTime since;

    if (!track->used || track->kind == CMAF_VIDEO || track->units->len == 0)
      continue;
    since = segmenter_unit_at (track, 0)->pts;
    if (track->position > since + MAX_KEYFRAME_WAIT)
      return TRUE;
    if (GST_CLOCK_TIME_IS_VALID (video->position))
      since = MAX (since, video->position);
    if (track->position > since + silence (self, video))
      return TRUE;
  }
  return FALSE;
}

static SegmenterTrack *
first_audio (Segmenter *self)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    SegmenterTrack *track = &self->tracks[i];

    if (track->used && track->kind == CMAF_AUDIO && track->units->len)
      return track;
  }
  return NULL;
}

/* What audio leaves after the end of video is no Period of its own. */
static gboolean
is_remainder (Segmenter *self, SegmenterTrack *audio)
{
  const SegmenterTrack *video = segmenter_find_video (self);

  if (!video || !video->eos ||
      self->leader != segmenter_track_number (self, video) ||
      audio->position >=
          segmenter_unit_at (audio, 0)->pts + SEGMENTER_JOIN_TOLERANCE)
    return FALSE;
  if (audio->eos) {
    self->stats.outside += audio->units->len;
    segmenter_take_units (self, audio, audio->units->len, NULL);
  }
  return TRUE;
}

/* In a Period that audio leads, video takes over where its keyframe meets the
 * next audio unit; keyframes from before are of no use. */
static gboolean
video_takes_over (Segmenter *self, SegmenterTrack *video)
{
  SegmenterTrack *audio = &self->tracks[self->leader];
  const MediaUnit *head;

  if (!self->in_period || audio == video || audio->units->len == 0)
    return TRUE;
  head = segmenter_unit_at (audio, 0);
  while (video->units->len &&
      media_unit_get_end (segmenter_unit_at (video, 0)) < head->pts) {
    guint n = 1;

    while (n < video->units->len && !segmenter_unit_at (video, n)->keyframe)
      n++;
    segmenter_take_units (self, video, n, NULL);
    self->stats.before_keyframe += n;
  }
  return video->units->len &&
      !segmenter_is_before (head, segmenter_unit_at (video, 0)->pts);
}

SegmenterTrack *
segmenter_choose_leader (Segmenter *self)
{
  SegmenterTrack *video = segmenter_find_video (self);
  SegmenterTrack *audio = first_audio (self);

  if (self->open.is_open)
    return &self->tracks[self->open.leader];

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

/* PTS of the first unit of the row that @leader leads. */
static GstClockTime
row_start (const Segmenter *self, const SegmenterTrack *leader)
{
  return self->open.is_open ? self->open.pts
                            : segmenter_unit_at (leader, 0)->pts;
}

/* The row does not end before this unit of those that wait. */
static guint
first_candidate (const Segmenter *self)
{
  return self->open.is_open && self->open.n_left > 0 ? 0 : 1;
}

/* End of the row if it has the first @n units that wait. */
static GstClockTime
end_of_units (const Segmenter *self, const SegmenterTrack *track, guint n)
{
  GstClockTime end = self->open.is_open ? self->open.end : 0;

  for (guint i = 0; i < n; i++)
    end = MAX (end, media_unit_get_end (segmenter_unit_at (track, i)));
  return end;
}

static gboolean
cut_here (
    Segmenter *self, const SegmenterTrack *leader, guint n, SegmenterCut *cut)
{
  *cut = (SegmenterCut){ n, end_of_units (self, leader, n), TRUE };
  return TRUE;
}

static GstClockTime
target_duration (const Segmenter *self)
{
  return self->in_period ? self->settings.target : self->settings.first;
}

static GstClockTime
earliest_video_cut (const Segmenter *self, const SegmenterTrack *leader)
{
  return row_start (self, leader) + target_duration (self) / 10 * 9;
}

/* How far the leader has gone on after the cut. */
static GstClockTime
lead (const SegmenterTrack *leader, const SegmenterCut *cut)
{
  GstClockTime from = cut->time;

  if (cut->n < leader->units->len) {
    from = segmenter_unit_at (leader, cut->n)->pts;
    return leader->top > from ? leader->top - from : 0;
  }
  return leader->position > from ? leader->position - from : 0;
}

gboolean
segmenter_is_keyframe_at (const MediaUnit *unit, GstClockTime time)
{
  GstClockTimeDiff off = ABS (GST_CLOCK_DIFF (unit->pts, time));

  return unit->keyframe &&
      off <= (GstClockTimeDiff) media_unit_get_duration (unit) / 2;
}

typedef enum {
  VIDEOS_AGREE,
  VIDEOS_MISSING, /* one has not come so far */
  VIDEOS_DIFFER,
} VideosState;

/* @track: (out): the one that is not as the leader */
static VideosState
compare_videos (Segmenter *self, const SegmenterTrack *leader,
    const SegmenterCut *cut, SegmenterTrack **other)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    SegmenterTrack *track = &self->tracks[i];
    guint n;

    if (!track->used || track->kind != CMAF_VIDEO || track == leader ||
        !track->expected || track->eos)
      continue;
    *other = track;
    n = segmenter_cut_boundary (track, cut);
    if (n < track->units->len &&
        !segmenter_is_keyframe_at (segmenter_unit_at (track, n), cut->time))
      return VIDEOS_DIFFER;
    if (n == track->units->len &&
        lead (leader, cut) < self->settings.audio_wait)
      return VIDEOS_MISSING;
  }
  return VIDEOS_AGREE;
}

/* Does the row end at this keyframe of the leader? Not where other videos have
 * none, if a better one comes soon. */
static VideosState
try_cut (Segmenter *self, const SegmenterTrack *leader, const SegmenterCut *cut)
{
  GstClockTime longest = MAX_ALIGNED_TARGETS * self->settings.target;
  SegmenterTrack *other = NULL;
  VideosState state;

  while (
      (state = compare_videos (self, leader, cut, &other)) == VIDEOS_DIFFER &&
      cut->time >= row_start (self, leader) + longest) {
    other->expected = FALSE;
    other->misaligned = TRUE;
  }
  return state;
}

static gboolean
find_video_cut (Segmenter *self, SegmenterTrack *leader, SegmenterCut *cut)
{
  guint n = leader->units->len;
  GstClockTime earliest = earliest_video_cut (self, leader);

  for (guint i = first_candidate (self); i < n; i++) {
    const MediaUnit *unit = segmenter_unit_at (leader, i);

    if (unit->breaks)
      return cut_here (self, leader, i, cut);
    if (unit->keyframe && unit->pts >= earliest) {
      *cut = (SegmenterCut){ i, unit->pts, FALSE };
      VideosState state = try_cut (self, leader, cut);
      if (state != VIDEOS_DIFFER)
        return state == VIDEOS_AGREE;
    }
  }
  if (leader->eos ||
      leader->position >= end_of_units (self, leader, n) + SEGMENTER_MAX_STEP ||
      audio_runs_ahead (self, leader))
    return cut_here (self, leader, n, cut);
  return FALSE;
}

/* Audio is cut on a grid that starts with the Period, and where video is about
 * to begin, unless it has gone past that already. */
static GstClockTime
audio_cut_time (Segmenter *self, const SegmenterTrack *leader)
{
  const SegmenterTrack *video = segmenter_find_video (self);
  GstClockTime start = row_start (self, leader);
  GstClockTime target = self->settings.target;
  GstClockTime time = start + target_duration (self);

  if (self->in_period &&
      self->leader == segmenter_track_number (self, leader)) {
    time = self->audio_grid + self->period_rows * target;
    while (time < start + target / 2)
      time += target;
  }
  if (video && video->units->len) {
    GstClockTime begin = segmenter_unit_at (video, 0)->pts;

    if (!self->open.is_open || begin >= self->open.end)
      time = MIN (time, begin);
  }
  return time;
}

static gboolean
find_audio_cut (Segmenter *self, SegmenterTrack *leader, SegmenterCut *cut)
{
  guint n = leader->units->len;
  GstClockTime time = audio_cut_time (self, leader);

  for (guint i = first_candidate (self); i < n; i++) {
    const MediaUnit *unit = segmenter_unit_at (leader, i);

    if (unit->breaks)
      return cut_here (self, leader, i, cut);
    if (!segmenter_is_before (unit, time)) {
      *cut = (SegmenterCut){ i, unit->pts, FALSE };
      return TRUE;
    }
  }
  if (leader->eos ||
      leader->position >= end_of_units (self, leader, n) + SEGMENTER_MAX_STEP)
    return cut_here (self, leader, n, cut);
  return FALSE;
}

gboolean
segmenter_find_cut (Segmenter *self, SegmenterTrack *leader, SegmenterCut *cut)
{
  return leader->kind == CMAF_VIDEO ? find_video_cut (self, leader, cut)
                                    : find_audio_cut (self, leader, cut);
}

/* Pictures that are not there yet are shown after those that are: a keyframe
 * among them is, and so is the end. */
GstClockTime
segmenter_get_safe_time (Segmenter *self, const SegmenterTrack *leader)
{
  if (leader->kind == CMAF_AUDIO)
    return audio_cut_time (self, leader);
  return MAX (earliest_video_cut (self, leader),
      GST_CLOCK_TIME_IS_VALID (leader->position) ? leader->position : 0);
}

guint
segmenter_cut_boundary (const SegmenterTrack *track, const SegmenterCut *cut)
{
  guint i = 0;

  while (i < track->units->len &&
      segmenter_is_before (segmenter_unit_at (track, i), cut->time) &&
      !(cut->ends_period && segmenter_unit_at (track, i)->breaks))
    i++;
  return i;
}

gboolean
segmenter_cut_is_reached (const SegmenterTrack *track, const SegmenterCut *cut)
{
  return track->eos ||
      segmenter_cut_boundary (track, cut) < track->units->len ||
      (GST_CLOCK_TIME_IS_VALID (track->position) &&
          track->position >= cut->time);
}

gboolean
segmenter_others_have_come (
    Segmenter *self, const SegmenterTrack *leader, const SegmenterCut *cut)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    const SegmenterTrack *track = &self->tracks[i];

    if (!track->used || track == leader || !track->expected ||
        segmenter_cut_is_reached (track, cut))
      continue;
    if (lead (leader, cut) < self->settings.audio_wait)
      return FALSE;
  }
  return TRUE;
}
