/* SPDX-License-Identifier: MIT
 *
 * Rows of the segmenter in parts, for low latency (see segmenter-private.h).
 *
 * A row is open from the first unit of its leader on. Chunks of all its tracks
 * end on one clock that starts with the row. Video leaves as it comes; audio as
 * far as no keyframe can cut it off any more. A row begins only when the one
 * before it has ended on every track. */

#include "segmenter-private.h"

/* So much video may come before a new stream begins without its audio. */
#define FIRST_AUDIO_WAIT (500 * GST_MSECOND)

/* ---- a row begins ---- */

/* May @track still come in time for a row that begins at @start? */
static gboolean
is_awaited (Segmenter *self, const SegmenterTrack *track,
    const SegmenterTrack *leader, GstClockTime start)
{
  guint number = segmenter_track_number (self, track);
  GstClockTime wait = self->settings.audio_wait;

  if (!track->used || track == leader || track->kind == CMAF_VIDEO ||
      !track->expected || track->eos)
    return FALSE;
  for (guint i = 0; i < track->units->len; i++)
    if (!segmenter_is_before (segmenter_unit_at (track, i), start))
      return FALSE;
  if (GST_CLOCK_TIME_IS_VALID (track->position) &&
      track->position >= start + SEGMENTER_JOIN_TOLERANCE)
    return FALSE;
  if (!self->in_period || !(self->period_tracks & (1u << number)))
    wait = MIN (wait, FIRST_AUDIO_WAIT);
  return leader->top < start + wait;
}

static guint64
first_audio_tick (const SegmenterTrack *track)
{
  AudioClock clock = track->clock; /* nothing is placed yet */
  guint64 tick = clock.next;
  guint32 duration;

  audio_clock_place (
      &clock, &track->anchor, segmenter_unit_at (track, 0), &tick, &duration);
  return tick;
}

/* Where the leader's segment starts. */
static GstClockTime
exact_start (SegmenterTrack *leader)
{
  guint64 tick = leader->kind == CMAF_AUDIO
      ? first_audio_tick (leader)
      : video_clock_begin (
            &leader->pictures, &leader->anchor, segmenter_unit_at (leader, 0));

  return tick_anchor_time (
      &leader->anchor, leader->period_format->timescale, tick);
}

static gboolean
begin_row (Segmenter *self)
{
  SegmenterTrack *leader = segmenter_choose_leader (self);
  SegmenterOpenRow *open = &self->open;
  SegmenterRow head = { 0 };
  GstClockTime pts;

  if (!leader || leader->units->len == 0)
    return FALSE;
  pts = segmenter_unit_at (leader, 0)->pts;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    if (is_awaited (self, &self->tracks[i], leader, pts))
      return FALSE;

  *open = (SegmenterOpenRow){ .is_open = TRUE,
    .leader = segmenter_track_number (self, leader),
    .tracks = segmenter_find_participants (self, leader, NULL),
    .pts = pts };
  segmenter_enter_period (self, leader, open->tracks, &head);
  open->chunk = cmaf_format_get_whole_pictures (
      leader->period_format, self->settings.chunk);
  open->new_period = head.new_period;
  open->continuous = head.continuous;
  open->start = open->end = exact_start (leader);
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    self->tracks[i].begun = FALSE;
  return TRUE;
}

/* ---- chunks ---- */

/* Where the chunk ends that begins at @time: no chunk is shorter than half of
 * what it should be. */
static GstClockTime
chunk_end (const Segmenter *self, GstClockTime time)
{
  GstClockTime chunk = self->open.chunk;
  GstClockTime since = time - MIN (self->open.start, time) + chunk / 2;

  return self->open.start + (since + chunk - 1) / chunk * chunk;
}

/* @n units of @track, which are in @part now, have left. */
static void
note_left (Segmenter *self, SegmenterTrack *track, guint n, SegmenterRow *part)
{
  SegmenterOpenRow *open = &self->open;

  if (segmenter_track_number (self, track) == open->leader) {
    open->n_left += n;
    for (guint i = 0; i < n; i++)
      open->end =
          MAX (open->end, media_unit_get_end (segmenter_unit_at (track, i)));
  }
  segmenter_take_units (self, track, n, part->units);
}

/* @n: of the units that wait, those that are in the row; @cut: (nullable).
 * Returns how many leave. */
static guint
add_video_chunk (Segmenter *self, SegmenterTrack *track, guint n,
    const SegmenterCut *cut, SegmenterRow *part)
{
  guint timescale = track->period_format->timescale;
  GstClockTime from =
      tick_anchor_time (&track->anchor, timescale, track->pictures.next);
  guint64 until =
      tick_anchor_tick (&track->anchor, timescale, chunk_end (self, from));
  guint64 end = cut ? sample_times_video_tick (
                          &track->anchor, track->period_format, cut->time)
                    : G_MAXUINT64;
  guint64 start = track->pictures.next;
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (CmafSample));
  SegmenterSegment *segment;

  n = video_clock_take (&track->pictures, &track->anchor,
      (MediaUnit *const *) track->units->pdata, n, until, end, samples);
  if (n == 0)
    return 0;
  segment = segmenter_add_segment (self, part, track, start);
  segment->begins = !track->begun;
  segment->duration = track->pictures.next - start;
  g_array_append_vals (segment->samples, samples->data, samples->len);
  return n;
}

/* How many of the first @limit units are the next chunk; 0: not yet.
 * @is_rest: nothing more comes in the row. */
static guint
audio_chunk_length (
    Segmenter *self, const SegmenterTrack *track, guint limit, gboolean is_rest)
{
  GstClockTime from, until;
  const MediaUnit *last;
  guint n = 0;

  if (limit == 0)
    return 0;
  from = segmenter_unit_at (track, 0)->pts;
  if (track->clock.next != G_MAXUINT64)
    from = MAX (from,
        tick_anchor_time (&track->anchor, track->period_format->timescale,
            track->clock.next));
  until = chunk_end (self, from);
  while (n < track->units->len &&
      segmenter_is_before (segmenter_unit_at (track, n), until))
    n++;
  n = MAX (n, 1); /* of units longer than a chunk */
  if (n >= limit && is_rest)
    return limit;
  if (n > limit)
    return 0;
  last = segmenter_unit_at (track, n - 1);
  if (n < track->units->len || track->position >= until ||
      media_unit_get_end (last) + media_unit_get_duration (last) / 2 > until)
    return n;
  return 0;
}

static guint
add_audio_chunk (Segmenter *self, SegmenterTrack *track, guint limit,
    gboolean is_rest, SegmenterRow *part)
{
  guint n = audio_chunk_length (self, track, limit, is_rest);
  guint first = part->segments->len;

  segmenter_place_audio (self, track, n, part);
  for (guint i = first; i < part->segments->len; i++) {
    SegmenterSegment *segment = g_ptr_array_index (part->segments, i);

    segment->begins = !track->begun && i == first;
  }
  return n;
}

static gboolean
is_of_period (const SegmenterTrack *track, guint i)
{
  return cmaf_format_equal (
      segmenter_unit_at (track, i)->format, track->period_format);
}

/* The units of an audio track that are in the row for sure. */
static guint
audio_units (
    Segmenter *self, const SegmenterTrack *track, const SegmenterCut *cut)
{
  const SegmenterTrack *leader = &self->tracks[self->open.leader];
  GstClockTime safe = segmenter_get_safe_time (self, leader);
  guint limit = cut ? segmenter_cut_boundary (track, cut) : track->units->len;
  guint n = 0;

  if (cut && track == leader)
    limit = cut->n;
  while (n < limit &&
      (cut || segmenter_is_before (segmenter_unit_at (track, n), safe)) &&
      is_of_period (track, n))
    n++;
  return n;
}

/* @cut: (nullable): follows the leader's queue. Returns whether there was a
 * chunk. */
static gboolean
add_chunk (Segmenter *self, SegmenterTrack *track, SegmenterCut *cut,
    gboolean row_ends, SegmenterRow *part)
{
  gboolean leads = segmenter_track_number (self, track) == self->open.leader;
  guint n_segments = part->segments->len;
  guint n;

  if (track->kind == CMAF_VIDEO) {
    n = cut ? cut->n : track->units->len;
    n = add_video_chunk (self, track, n, cut, part);
  } else {
    gboolean is_rest =
        row_ends || (cut && (leads || segmenter_cut_is_reached (track, cut)));

    n = audio_units (self, track, cut);
    is_rest |= n < track->units->len && !is_of_period (track, n);
    n = add_audio_chunk (self, track, n, is_rest, part);
  }
  note_left (self, track, n, part);
  if (cut && leads)
    cut->n -= n;
  track->begun |= part->segments->len > n_segments;
  return n > 0;
}

/* ---- parts ---- */

static GstClockTime
leader_end (const Segmenter *self, const SegmenterTrack *leader)
{
  guint64 tick =
      leader->kind == CMAF_AUDIO ? leader->clock.next : leader->pictures.next;

  if (tick == G_MAXUINT64) /* nothing of it has been placed */
    return self->open.start;
  return tick_anchor_time (
      &leader->anchor, leader->period_format->timescale, tick);
}

static void
end_row (Segmenter *self, const SegmenterCut *cut, SegmenterRow *part)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    SegmenterTrack *track = &self->tracks[i];

    if (track->used && track->kind == CMAF_AUDIO && i != self->open.leader)
      segmenter_drop_after (self, track, cut);
  }
  part->ends = TRUE;
  part->last = cut->ends_period;
  self->period_rows++;
  self->open.is_open = FALSE;
  if (cut->ends_period)
    self->in_period = FALSE;
}

/* What the first part says, and the others repeat. */
static void
describe_row (Segmenter *self, SegmenterRow *part)
{
  SegmenterOpenRow *open = &self->open;

  part->begins = !open->announced;
  part->new_period = part->begins && open->new_period;
  part->continuous = part->begins && open->continuous;
  part->start = open->start;
  part->tracks = open->tracks;
}

/* All that is known is where the row has come to. */
static SegmenterRow *
close_given_up (Segmenter *self)
{
  SegmenterOpenRow *open = &self->open;
  SegmenterRow *part;

  open->given_up = open->is_open = FALSE;
  if (!open->announced)
    return NULL;
  part = segmenter_row_new ();
  describe_row (self, part);
  part->tracks = 0;
  part->end = open->end;
  part->ends = part->last = TRUE;
  return part;
}

static SegmenterRow *
next_part (Segmenter *self)
{
  SegmenterOpenRow *open = &self->open;
  SegmenterTrack *leader = &self->tracks[open->leader];
  SegmenterRow *part = segmenter_row_new ();
  SegmenterCut cut;
  gboolean known, ends;

  describe_row (self, part);
  known = segmenter_find_cut (self, leader, &cut);
  ends = known && segmenter_others_have_come (self, leader, &cut);
  segmenter_describe_tracks (self, part);
  if (leader->kind == CMAF_VIDEO) /* whose first tick may be off its grid */
    part->origins[open->leader] = leader->pictures.start;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++)
    while ((open->tracks & (1u << i)) &&
        add_chunk (self, &self->tracks[i], known ? &cut : NULL, ends, part))
      ;
  part->end = leader_end (self, leader);
  if (ends)
    end_row (self, &cut, part);
  if (part->segments->len == 0 && !ends)
    g_clear_pointer (&part, segmenter_row_free);
  else
    open->announced = TRUE;
  return part;
}

SegmenterRow *
segmenter_make_part (Segmenter *self)
{
  SegmenterRow *part = NULL;

  if (self->open.given_up && (part = close_given_up (self)))
    return part;
  if (self->open.is_open || begin_row (self))
    part = next_part (self);
  return part;
}

void
segmenter_give_up_open_row (Segmenter *self)
{
  self->open.given_up = self->open.is_open;
}
