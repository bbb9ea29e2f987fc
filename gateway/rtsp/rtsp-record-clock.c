/* SPDX-License-Identifier: MIT
 *
 * See rtsp-record-clock.h. */

#include "rtsp-record-clock.h"

#include <string.h>

/* Share of a small difference that one report corrects. */
#define FOLLOW_DIVISOR 8

/* --- the sender's clocks ---------------------------------------------------- */

/* The unwrapped RTP time nearest to @near. */
static guint64
unwrap (guint64 near, guint32 rtp)
{
  return near + (guint64) (gint64) (gint32) (rtp - (guint32) near);
}

static gint64
to_time (const PenstockRecordTrackClock *track, guint64 rtp)
{
  gint64 ticks = (gint64) (rtp - track->origin);
  gint64 time = gst_util_uint64_scale (ABS (ticks), GST_SECOND, track->rate);

  return ticks < 0 ? -time : time;
}

static gint64
ntp_to_time (guint64 ntp)
{
  return (gint64) ((ntp >> 32) * GST_SECOND +
      (((ntp & G_MAXUINT32) * GST_SECOND) >> 32));
}

void
penstock_record_clock_add_track (
    PenstockRecordClock *self, guint track, guint rate, guint frame)
{
  self->tracks[track] =
      (PenstockRecordTrackClock){ .rate = rate, .frame = frame };
}

gint64
penstock_record_clock_get_time (
    const PenstockRecordClock *self, guint track, guint32 rtp)
{
  const PenstockRecordTrackClock *clock = &self->tracks[track];

  return to_time (clock, unwrap (clock->newest, rtp));
}

/* --- when packets come ------------------------------------------------------ */

static void
note_unit (PenstockRecordTrackClock *track, gint64 time, gint64 arrival)
{
  if (track->n_units == G_N_ELEMENTS (track->times) ||
      arrival - track->window > (gint64) PENSTOCK_RECORD_CLOCK_SETTLE)
    return;
  track->times[track->n_units] = time;
  track->arrivals[track->n_units++] = arrival;
}

/* A packet with several access units goes when the next one finds no room in
 * it. Whether it had several, the next packet tells. */
static void
note_last (PenstockRecordTrackClock *track, gint64 time)
{
  gint64 frame =
      (gint64) gst_util_uint64_scale (track->frame, GST_SECOND, track->rate);
  gint64 length = time - track->last_time;
  gboolean several = length > frame + frame / 2;

  if (length > 0 && length < (gint64) GST_SECOND)
    note_unit (track, several ? time : track->last_time, track->last_arrival);
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/* By how many places the units differ from the order of their times. */
static guint
reorder_depth (const PenstockRecordTrackClock *track, const gint64 *sorted)
{
  guint depth = 0;

  for (guint i = 0; i < track->n_units; i++) {
    guint place = 0;
    while (sorted[place] != track->times[i])
      place++;
    depth = MAX (depth, place > i ? place - i : i - place);
  }
  return depth;
}

/* Arrival - time of the unit that is least late. Pictures are sent when it is
 * time to decode them, in another order than that of their times: decoding times
 * are the sorted times, so much earlier that none is shown before. The last ones
 * have their place in that order only when more have come. */
static gint64
lateness_of (const PenstockRecordTrackClock *track)
{
  gint64 sorted[PENSTOCK_RECORD_CLOCK_UNITS];
  gint64 delay = 0, least = G_MAXINT64;

  if (track->n_units == 0)
    return track->recent;
  memcpy (sorted, track->times, track->n_units * sizeof (sorted[0]));
  qsort (sorted, track->n_units, sizeof (sorted[0]), compare_times);
  guint depth = reorder_depth (track, sorted);
  guint n_placed = depth < track->n_units ? track->n_units - depth : 1;
  for (guint i = 0; i < track->n_units; i++)
    delay = MAX (delay, sorted[i] - track->times[i]);
  for (guint i = 0; i < n_placed; i++)
    least = MIN (least, track->arrivals[i] - sorted[i]);
  return least + delay;
}

void
penstock_record_clock_take_packet (
    PenstockRecordClock *self, guint track, guint32 rtp, gint64 arrival)
{
  PenstockRecordTrackClock *clock = &self->tracks[track];
  gboolean first = !clock->started;

  if (first) {
    clock->started = TRUE;
    /* Far from 0, so that what is older has a number too. */
    clock->newest = clock->origin = (G_GUINT64_CONSTANT (1) << 62) + rtp;
    clock->began = clock->window = arrival;
  }
  gint64 time = penstock_record_clock_get_time (self, track, rtp);
  clock->recent = arrival - time;
  if (clock->frame == 0 && (first || time != clock->last_time))
    note_unit (clock, time, arrival);
  else if (clock->frame > 0 && !first)
    note_last (clock, time);
  clock->newest = MAX (clock->newest, unwrap (clock->newest, rtp));
  clock->last_time = time;
  clock->last_arrival = arrival;
  if (clock->pending) {
    clock->pending = FALSE;
    penstock_record_clock_take_report (
        self, track, clock->pending_ntp, clock->pending_rtp);
  }
}

/* --- placing ------------------------------------------------------------------ */

static void
follow_report (
    PenstockRecordClock *self, PenstockRecordTrackClock *track, gboolean first)
{
  if (!self->anchored) {
    /* The first track that is known stays where it is. */
    self->anchor = track->offset - track->report;
    self->anchored = TRUE;
    return;
  }
  gint64 offset = track->report + self->anchor;
  gint64 move = offset - track->offset;
  if (ABS (move) > (gint64) PENSTOCK_RECORD_CLOCK_MAX_MOVE &&
      ABS (offset - track->recent) > (gint64) PENSTOCK_RECORD_CLOCK_MAX_MOVE)
    return;
  if (!first && ABS (move) < (gint64) PENSTOCK_RECORD_CLOCK_STEP)
    move /= FOLLOW_DIVISOR;
  track->offset += move;
}

void
penstock_record_clock_take_report (
    PenstockRecordClock *self, guint track, guint64 ntp, guint32 rtp)
{
  PenstockRecordTrackClock *clock = &self->tracks[track];
  gboolean first = !clock->reported;

  if (!clock->started) {
    clock->pending = TRUE;
    clock->pending_ntp = ntp;
    clock->pending_rtp = rtp;
    return;
  }
  clock->report =
      ntp_to_time (ntp) - penstock_record_clock_get_time (self, track, rtp);
  clock->reported = TRUE;
  if (clock->placed)
    follow_report (self, clock, first);
}

/* Of all tracks that are known, the one that is least late counts. */
static void
anchor (PenstockRecordClock *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->tracks); i++) {
    const PenstockRecordTrackClock *track = &self->tracks[i];
    if (track->rate == 0 || !track->reported)
      continue;
    gint64 candidate = lateness_of (track) - track->report;
    if (!self->anchored || candidate < self->anchor)
      self->anchor = candidate;
    self->anchored = TRUE;
  }
}

static gboolean
all_reported (const PenstockRecordClock *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->tracks); i++)
    if (self->tracks[i].rate > 0 && !self->tracks[i].reported)
      return FALSE;
  return TRUE;
}

static gboolean
is_alone (const PenstockRecordClock *self)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (self->tracks); i++)
    n += self->tracks[i].rate > 0;
  return n < 2;
}

static void
place_track (PenstockRecordClock *self, PenstockRecordTrackClock *track)
{
  if (!self->anchored)
    anchor (self);
  track->placed = TRUE;
  track->offset = lateness_of (track);
  if (track->reported)
    follow_report (self, track, TRUE);
}

/* The first one counts. After that a packet can only show that all so far have
 * been late. */
static void
end_window (PenstockRecordTrackClock *track, gint64 now)
{
  gint64 offset = lateness_of (track);
  gboolean first = track->n_windows++ == 0;

  if (!track->reported &&
      (first || offset < track->offset - (gint64) PENSTOCK_RECORD_CLOCK_STEP))
    track->offset = offset;
  track->window = now;
  track->n_units = 0;
}

gboolean
penstock_record_clock_place (
    PenstockRecordClock *self, guint track, gint64 now, gint64 *offset)
{
  PenstockRecordTrackClock *clock = &self->tracks[track];

  if (!clock->placed) {
    gboolean late = now - clock->began >= (gint64) PENSTOCK_RECORD_CLOCK_WAIT;
    if (!late && !all_reported (self) && !is_alone (self) &&
        !(self->anchored && clock->reported))
      return FALSE;
    place_track (self, clock);
  }
  if (clock->n_windows < PENSTOCK_RECORD_CLOCK_WINDOWS &&
      now - clock->window >= (gint64) PENSTOCK_RECORD_CLOCK_SETTLE)
    end_window (clock, now);
  *offset = clock->offset;
  return TRUE;
}
