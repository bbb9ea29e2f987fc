/* SPDX-License-Identifier: MIT
 *
 * Timestamps of a publication as one timeline. See rtmp-timeline.h. */

#include "rtmp-timeline.h"

/* Some senders keep 31 bits: a step of -2^31, give or take this, near there. */
#define HALF_RANGE (G_GINT64_CONSTANT (1) << 31)
#define HALF_WRAP_TOLERANCE (10 * 60 * 1000)
/* How far the wall clock may disagree with a step and still confirm it, ms. */
#define STALL_TOLERANCE 2000
/* The other kind follows a jump within this, or had its own. */
#define JUMP_TOGETHER (2 * GST_SECOND)
/* Frame distance before any is known, ms. */
#define DEFAULT_STEP 40
/* Constant times count as frozen only over a span that shows it. */
#define FROZEN_SPAN (500 * GST_MSECOND)

void
penstock_rtmp_timeline_init (PenstockRtmpTimeline *self)
{
  *self = (PenstockRtmpTimeline){ .jump_arrival = GST_CLOCK_TIME_NONE };
  for (guint i = 0; i < PENSTOCK_RTMP_N_KINDS; i++)
    self->kinds[i].step = DEFAULT_STEP;
}

static gint64
to_ms (GstClockTime time)
{
  return (gint64) (time / GST_MSECOND);
}

/* Signed distance of two wire times, either wrap undone. */
static gint64
wire_distance (guint32 from, guint32 to)
{
  gint64 delta = (gint32) (to - from);

  if (from < HALF_RANGE && from >= HALF_RANGE - HALF_WRAP_TOLERANCE &&
      delta < -(HALF_RANGE - HALF_WRAP_TOLERANCE))
    delta += HALF_RANGE;
  return delta;
}

/* The first message of a kind: beside the other kind, or time 0. */
static PenstockRtmpTimeResult
start_kind (PenstockRtmpTimeline *self, PenstockFlvKind kind, guint32 timestamp,
    GstClockTime arrival)
{
  PenstockRtmpKindTime *own = &self->kinds[kind];
  const PenstockRtmpKindTime *other = &self->kinds[!kind];
  gint64 distance;

  own->seen = TRUE;
  own->last = timestamp;
  own->arrival = arrival;
  own->unwrapped = timestamp;
  own->offset = -own->unwrapped;
  if (!other->seen)
    return PENSTOCK_RTMP_TIME_OK;

  distance = wire_distance (other->last, timestamp);
  own->unwrapped = other->unwrapped + distance;
  own->offset = other->offset;
  own->out = own->unwrapped + own->offset;
  if (ABS (distance) <=
      PENSTOCK_RTMP_MAX_GAP_MS + to_ms (arrival - other->arrival))
    return PENSTOCK_RTMP_TIME_OK;
  /* Unrelated clocks: start where the other kind is. */
  own->out = other->out;
  own->offset = own->out - own->unwrapped;
  return PENSTOCK_RTMP_TIME_RESYNC;
}

/* After a jump: with the offset of the other kind if it jumped alike, else on
 * from where this kind was, not faster than real time. */
static void
resync (PenstockRtmpTimeline *self, PenstockFlvKind kind, GstClockTime arrival)
{
  PenstockRtmpKindTime *own = &self->kinds[kind];
  gint64 together = own->unwrapped + self->jump_offset - own->out;

  self->n_jumps++;
  if (GST_CLOCK_TIME_IS_VALID (self->jump_arrival) &&
      arrival - self->jump_arrival < JUMP_TOGETHER &&
      together > -PENSTOCK_RTMP_MAX_BACK_MS &&
      together < PENSTOCK_RTMP_MAX_GAP_MS) {
    own->offset = self->jump_offset;
    return;
  }
  own->offset = own->out + MAX (own->step, to_ms (arrival - own->arrival)) -
      own->unwrapped;
  self->jump_offset = own->offset;
  self->jump_arrival = arrival;
}

/* The encoder's time stands still: from now on arrival is the time. */
static void
check_frozen (PenstockRtmpTimeline *self, PenstockFlvKind kind, gboolean same,
    GstClockTime arrival)
{
  PenstockRtmpKindTime *own = &self->kinds[kind];
  gint64 newest = own->out;

  if (!same) {
    own->n_same = 0;
    own->arrival = arrival;
    return;
  }
  if (++own->n_same < PENSTOCK_RTMP_MAX_FROZEN ||
      arrival - own->arrival < FROZEN_SPAN)
    return;
  for (guint i = 0; i < PENSTOCK_RTMP_N_KINDS; i++)
    if (self->kinds[i].seen)
      newest = MAX (newest, self->kinds[i].out);
  self->frozen = TRUE;
  self->frozen_base = newest + own->step - to_ms (arrival);
}

PenstockRtmpTimeResult
penstock_rtmp_timeline_next (PenstockRtmpTimeline *self, PenstockFlvKind kind,
    guint32 timestamp, GstClockTime arrival, gint64 *out_ms)
{
  PenstockRtmpKindTime *own = &self->kinds[kind];
  PenstockRtmpTimeResult result = PENSTOCK_RTMP_TIME_OK;
  gint64 delta, elapsed;

  if (self->frozen) {
    *out_ms = to_ms (arrival) + self->frozen_base;
    return PENSTOCK_RTMP_TIME_OK;
  }
  if (!own->seen) {
    result = start_kind (self, kind, timestamp, arrival);
    *out_ms = own->out;
    return result;
  }

  delta = wire_distance (own->last, timestamp);
  elapsed = to_ms (arrival - own->arrival);
  own->last = timestamp;
  own->unwrapped += delta;
  if (delta <= -PENSTOCK_RTMP_MAX_BACK_MS ||
      (delta > PENSTOCK_RTMP_MAX_GAP_MS && delta > elapsed + STALL_TOLERANCE)) {
    resync (self, kind, arrival);
    result = PENSTOCK_RTMP_TIME_RESYNC;
  } else if (delta < 0) {
    self->n_regressions++;
  } else if (delta > 0 && delta < PENSTOCK_RTMP_MAX_BACK_MS) {
    own->step = delta;
  }
  own->out = own->unwrapped + own->offset;
  check_frozen (self, kind, delta == 0, arrival);
  *out_ms = own->out;
  return result;
}
