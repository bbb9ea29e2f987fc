/* SPDX-License-Identifier: MIT
 *
 * Decoding times chunk by chunk (see video-clock.h). */

#include "video-clock.h"

/* Before much has been seen, and where a picture is missing, so many more may
 * still be shown before the newest one. */
#define USUAL_REORDER 3
#define MUCH 8

/* Codecs let no more pictures wait for an earlier one (ISO/IEC 14496-10,
 * max_num_reorder_frames). */
#define MAX_REORDER 16

void
video_clock_init (VideoClock *self)
{
  *self = (VideoClock){ .next = G_MAXUINT64,
    .shown = g_array_new (FALSE, FALSE, sizeof (guint64)) };
}

void
video_clock_clear (VideoClock *self)
{
  g_clear_pointer (&self->shown, g_array_unref);
}

void
video_clock_break (VideoClock *self)
{
  self->next = G_MAXUINT64;
  self->n_seen = self->reorder = 0;
}

/* Length of a picture in ticks; 0 when only the next one tells it. */
static guint64
picture_ticks (const MediaUnit *unit)
{
  const CmafFormat *format = unit->format;

  if (format->fps_n)
    return gst_util_uint64_scale_round (
        format->timescale, format->fps_d, format->fps_n);
  if (GST_CLOCK_TIME_IS_VALID (unit->duration) && unit->duration > 0)
    return gst_util_uint64_scale_round (
        media_unit_get_duration (unit), format->timescale, GST_SECOND);
  return 0;
}

static guint64
tolerance (const MediaUnit *unit)
{
  guint64 most = gst_util_uint64_scale (
      VIDEO_CLOCK_TOLERANCE, unit->format->timescale, GST_SECOND);
  guint64 length = picture_ticks (unit);

  return length ? MIN (most, length / 2) : most;
}

guint64
video_clock_begin (
    VideoClock *self, const TickAnchor *anchor, const MediaUnit *keyframe)
{
  guint64 tick =
      sample_times_video_tick (anchor, keyframe->format, keyframe->pts);

  if (self->next != G_MAXUINT64 && tick <= self->next + tolerance (keyframe))
    tick = self->next;
  self->start = self->next = tick;
  g_array_set_size (self->shown, 0);
  return tick;
}

/* The keyframe is shown where the segment starts; what is meant to follow it,
 * and would be shown a little before it, as well. */
static guint64
shown_at (const VideoClock *self, const TickAnchor *anchor,
    const MediaUnit *unit, gboolean first)
{
  guint64 tick = sample_times_video_tick (anchor, unit->format, unit->pts);

  if (first || (tick < self->start && self->start - tick <= tolerance (unit)))
    return self->start;
  return tick;
}

/* How many before picture @i are shown after it? */
static guint
passed_by (const guint64 *shown, guint i)
{
  guint n = 0;

  for (guint j = i; j-- > 0 && i - j <= MAX_REORDER;)
    n += shown[j] > shown[i];
  return n;
}

static gint
compare_ticks (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

/* All of the segment that has come: @shown in decoding order, @sorted. */
typedef struct {
  guint64 *shown, *sorted;
  guint n, n_left; /* of them have left */
  guint64 end;
} Pictures;

static void
look_at (VideoClock *self, const TickAnchor *anchor, MediaUnit *const *units,
    guint n, guint64 end, Pictures *out)
{
  guint n_left = self->shown->len;

  *out =
      (Pictures){ g_new (guint64, n_left + n), NULL, n_left + n, n_left, end };
  for (guint i = 0; i < out->n; i++)
    out->shown[i] = i < n_left
        ? g_array_index (self->shown, guint64, i)
        : shown_at (self, anchor, units[i - n_left], i == 0);
  for (guint i = n_left; i < out->n; i++)
    self->reorder = MAX (self->reorder, passed_by (out->shown, i));
  out->sorted = g_memdup2 (out->shown, out->n * sizeof (guint64));
  qsort (out->sorted, out->n, sizeof (guint64), compare_ticks);
}

/* Is nothing still to come that is shown between picture @i, decoded at @tick,
 * and the next one? @length: of a picture; 0: unknown. */
static gboolean
next_is_known (const VideoClock *self, const Pictures *p, guint i, guint64 tick,
    guint64 length)
{
  guint more = self->reorder;

  if (i + 1 == p->n)
    return FALSE;
  if (p->end != G_MAXUINT64)
    return TRUE;
  if (length && p->sorted[i + 1] <= tick + length + length / 2)
    return TRUE;
  if (length || self->n_seen < MUCH)
    more = MAX (more, USUAL_REORDER);
  return i + 1 + more < p->n;
}

/* Where the picture after number @i is decoded; 0: cannot be told yet. */
static guint64
decoded_after (const VideoClock *self, const Pictures *p, guint i, guint64 tick,
    guint64 length)
{
  gboolean all_there = p->end != G_MAXUINT64;
  guint64 after;

  if (i + 1 == p->n && all_there)
    after = p->end;
  else if (next_is_known (self, p, i, tick, length))
    after = p->sorted[i + 1];
  else if (length)
    after = tick + length;
  else
    return 0;
  if (all_there)
    after = MIN (after, p->end - MIN (p->end, p->n - 1 - i));
  return MAX (after, tick + 1);
}

guint
video_clock_take (VideoClock *self, const TickAnchor *anchor,
    MediaUnit *const *units, guint n, guint64 until, guint64 end,
    GArray *samples)
{
  guint n_samples = samples->len;
  guint64 tick = self->next;
  Pictures p;
  gboolean closed = FALSE;

  if (n == 0)
    return 0;
  look_at (self, anchor, units, n, end, &p);
  for (guint i = p.n_left; i < p.n && !closed; i++) {
    const MediaUnit *unit = units[i - p.n_left];
    guint64 length = picture_ticks (unit);
    guint64 after = decoded_after (self, &p, i, tick, length);
    CmafSample sample = { .buffer = unit->buffer,
      .duration = after - tick,
      .composition_offset = (gint64) (p.shown[i] - tick),
      .keyframe = unit->keyframe,
      .droppable = unit->droppable };

    if (after == 0)
      break;
    g_array_append_val (samples, sample);
    tick = after;
    closed = tick + sample.duration / 2 >= until ||
        (i + 1 == p.n && end != G_MAXUINT64);
  }
  if (closed) {
    self->next = tick;
    g_array_append_vals (
        self->shown, p.shown + p.n_left, samples->len - n_samples);
    self->n_seen += samples->len - n_samples;
  } else {
    g_array_set_size (samples, n_samples);
  }
  g_free (p.shown);
  g_free (p.sorted);
  return samples->len - n_samples;
}
