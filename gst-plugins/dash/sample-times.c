/* SPDX-License-Identifier: MIT
 *
 * Exact ticks from rough times (see sample-times.h). */

#include "sample-times.h"

#define FALLBACK_DURATION (40 * GST_MSECOND)
#define MAX_UNIT_DURATION (10 * GST_SECOND) /* beyond it is nonsense */

void
media_unit_free (MediaUnit *unit)
{
  gst_buffer_unref (unit->buffer);
  cmaf_format_unref (unit->format);
  g_free (unit);
}

/* Ticks the codec itself says; 0 when it does not. */
static guint
codec_ticks (const MediaUnit *unit)
{
  guint8 head[2]; /* all that an Opus packet needs */
  gsize n;

  if (unit->format->kind != CMAF_AUDIO)
    return 0;
  n = gst_buffer_extract (unit->buffer, 0, head, sizeof head);
  return cmaf_format_access_unit_ticks (unit->format, head, n);
}

GstClockTime
media_unit_get_duration (const MediaUnit *unit)
{
  const CmafFormat *format = unit->format;
  guint ticks = codec_ticks (unit);

  if (ticks)
    return gst_util_uint64_scale_round (ticks, GST_SECOND, format->timescale);
  if (GST_CLOCK_TIME_IS_VALID (unit->duration) && unit->duration > 0 &&
      unit->duration <= MAX_UNIT_DURATION)
    return unit->duration;
  if (format->kind == CMAF_VIDEO && format->fps_n)
    return gst_util_uint64_scale_round (
        GST_SECOND, format->fps_d, format->fps_n);
  return FALLBACK_DURATION;
}

GstClockTime
media_unit_get_end (const MediaUnit *unit)
{
  return unit->pts + media_unit_get_duration (unit);
}

TickAnchor
tick_anchor_at (GstClockTime time, guint timescale)
{
  return (TickAnchor){ time,
    gst_util_uint64_scale_round (time, timescale, GST_SECOND) };
}

guint64
tick_anchor_tick (const TickAnchor *anchor, guint timescale, GstClockTime time)
{
  guint64 ticks;

  if (time >= anchor->time)
    return anchor->ticks +
        gst_util_uint64_scale_round (
            time - anchor->time, timescale, GST_SECOND);
  ticks =
      gst_util_uint64_scale_round (anchor->time - time, timescale, GST_SECOND);
  return anchor->ticks - MIN (ticks, anchor->ticks);
}

GstClockTime
tick_anchor_time (const TickAnchor *anchor, guint timescale, guint64 tick)
{
  GstClockTime distance;

  if (tick >= anchor->ticks)
    return anchor->time +
        gst_util_uint64_scale_round (
            tick - anchor->ticks, GST_SECOND, timescale);
  distance =
      gst_util_uint64_scale_round (anchor->ticks - tick, GST_SECOND, timescale);
  return anchor->time - MIN (distance, anchor->time);
}

guint64
sample_times_video_tick (
    const TickAnchor *anchor, const CmafFormat *format, GstClockTime pts)
{
  if (format->fps_n && pts > anchor->time) {
    guint64 frame = gst_util_uint64_scale_round (pts - anchor->time,
        format->fps_n, (guint64) format->fps_d * GST_SECOND);
    GstClockTime ideal = anchor->time +
        gst_util_uint64_scale_round (
            frame, (guint64) format->fps_d * GST_SECOND, format->fps_n);

    if (ABS (GST_CLOCK_DIFF (ideal, pts)) <= (gint64) SAMPLE_TIMES_SNAP)
      return anchor->ticks +
          gst_util_uint64_scale_round (frame,
              (guint64) format->fps_d * format->timescale, format->fps_n);
  }
  return tick_anchor_tick (anchor, format->timescale, pts);
}

static gint
compare_ticks (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

gboolean
sample_times_video (const TickAnchor *anchor, MediaUnit *const *units, guint n,
    guint64 start, guint64 end, GArray *samples)
{
  g_autofree guint64 *presentation = g_new (guint64, n);
  g_autofree guint64 *decoding = g_new (guint64, n + 1);

  if (n == 0 || end < start || end - start < n)
    return FALSE;

  for (guint i = 0; i < n; i++)
    presentation[i] = decoding[i] =
        sample_times_video_tick (anchor, units[i]->format, units[i]->pts);
  qsort (decoding, n, sizeof *decoding, compare_ticks);

  /* Leading pictures of an open GOP, equal stamps and stamps beyond the end
   * must not make the decoding times stand still or leave the segment. */
  for (guint i = 0; i < n; i++) {
    guint64 earliest = i == 0 ? start : decoding[i - 1] + 1;

    decoding[i] = i == 0 ? start : CLAMP (decoding[i], earliest, end - (n - i));
  }
  decoding[n] = end;

  for (guint i = 0; i < n; i++) {
    CmafSample sample = { .buffer = units[i]->buffer,
      .duration = decoding[i + 1] - decoding[i],
      .composition_offset = (gint64) (presentation[i] - decoding[i]),
      .keyframe = units[i]->keyframe,
      .droppable = units[i]->droppable };

    g_array_append_val (samples, sample);
  }
  return TRUE;
}

/* Lost units leave a whole number of them missing: the grid goes on, whatever
 * the stamp was rounded to. */
static guint64
whole_units (guint64 next, guint64 stamp, guint32 duration, guint timescale)
{
  guint64 near =
      gst_util_uint64_scale (SAMPLE_TIMES_SNAP, timescale, GST_SECOND);
  guint64 grid = next + (stamp - next + duration / 2) / duration * duration;

  return grid + near >= stamp && stamp + near >= grid ? grid : stamp;
}

AudioPlace
audio_clock_place (AudioClock *clock, const TickAnchor *anchor,
    const MediaUnit *unit, guint64 *tick, guint32 *duration)
{
  guint timescale = unit->format->timescale;
  guint64 stamp = tick_anchor_tick (anchor, timescale, unit->pts);
  guint64 hole =
      gst_util_uint64_scale (SAMPLE_TIMES_MAX_HOLE, timescale, GST_SECOND);
  AudioPlace place = AUDIO_FOLLOWS;
  gint64 error, tolerance;

  *duration = codec_ticks (unit);
  if (*duration == 0)
    *duration = MAX (1,
        gst_util_uint64_scale_round (
            media_unit_get_duration (unit), timescale, GST_SECOND));

  if (clock->next == G_MAXUINT64)
    clock->next = stamp;
  error = stamp - clock->next;
  tolerance = MAX (*duration / 2,
      gst_util_uint64_scale (
          SAMPLE_TIMES_MIN_TOLERANCE, timescale, GST_SECOND));
  if (error < -tolerance)
    return AUDIO_LATE;
  if (error > tolerance) {
    place = error > (gint64) hole ? AUDIO_HOLE : AUDIO_ABSORBS;
    clock->next = whole_units (clock->next, stamp, *duration, timescale);
  }
  *tick = clock->next;
  clock->next += *duration;
  return place;
}
