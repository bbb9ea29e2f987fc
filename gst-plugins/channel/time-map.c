/* SPDX-License-Identifier: MIT
 *
 * See time-map.h. All tracks of an input share one offset, so audio and video
 * never move against each other. */

#include "time-map.h"

#include <string.h>

/* While access units come this much faster than they play, the publisher is
 * still emptying its buffer. */
#define PRIME_STEP (10 * GST_MSECOND)
/* Drift is judged by the best (smallest) delay of a window this long. */
#define DRIFT_WINDOW (10 * GST_SECOND)
/* An error below this is not worth a correction. */
#define DRIFT_DEAD_ZONE (5 * GST_MSECOND)
/* A correction takes a window, so that it goes at the pace of the drift; small
 * ones go by 1 ms a second, none by more than 5: nobody hears or sees that. */
#define DRIFT_LEAST_DIVISOR 1000
#define DRIFT_MOST_DIVISOR 200

void
penstock_time_map_reset (PenstockTimeMap *map, gboolean correct_drift)
{
  guint64 n_jumps = map->n_jumps;

  memset (map, 0, sizeof *map);
  map->correct_drift = correct_drift;
  map->n_jumps = n_jumps;
  for (guint i = 0; i < G_N_ELEMENTS (map->last_source); i++)
    map->last_source[i] = map->last_arrival[i] = GST_CLOCK_TIME_NONE;
}

static void
anchor (PenstockTimeMap *map, GstClockTimeDiff offset, GstClockTime arrival)
{
  map->anchored = TRUE;
  map->priming = FALSE;
  map->offset = offset;
  map->window_start = arrival;
  map->window_min = G_MAXINT64;
  map->pending = 0;
  map->last_adjust = arrival;
}

GstClockTime
penstock_time_map_convert (const PenstockTimeMap *map, GstClockTime source)
{
  GstClockTimeDiff out = (GstClockTimeDiff) source + map->offset;

  return out > 0 ? (GstClockTime) out : 0;
}

gboolean
penstock_time_map_flush (PenstockTimeMap *map)
{
  if (!map->priming)
    return FALSE;
  anchor (map, map->prime_offset, map->prime_start);
  return TRUE;
}

static PenstockTimeMapResult
prime (PenstockTimeMap *map, GstClockTime source, GstClockTime arrival)
{
  GstClockTimeDiff offset = (GstClockTimeDiff) (arrival - source);

  if (!map->priming) {
    map->priming = TRUE;
    map->prime_start = map->prime_improved = arrival;
    map->prime_offset = offset;
  }
  if (offset < map->prime_offset) {
    if (map->prime_offset - offset > (GstClockTimeDiff) PRIME_STEP)
      map->prime_improved = arrival;
    map->prime_offset = offset;
  }
  if (arrival - map->prime_improved < PENSTOCK_TIME_MAP_PRIME &&
      arrival - map->prime_start < PENSTOCK_TIME_MAP_MAX_PRIME)
    return PENSTOCK_TIME_MAP_HOLD;
  anchor (map, map->prime_offset, arrival);
  return PENSTOCK_TIME_MAP_OK;
}

/* A step of one track that its arrival does not explain. */
static gboolean
is_jump (const PenstockTimeMap *map, guint track, GstClockTime source,
    GstClockTime arrival)
{
  GstClockTime last = map->last_source[track];

  if (last == GST_CLOCK_TIME_NONE)
    return FALSE;
  GstClockTimeDiff step = GST_CLOCK_DIFF (last, source);
  GstClockTimeDiff waited = GST_CLOCK_DIFF (map->last_arrival[track], arrival);
  if (step < -(GstClockTimeDiff) PENSTOCK_TIME_MAP_MAX_BACK)
    return TRUE;
  return step > (GstClockTimeDiff) PENSTOCK_TIME_MAP_MAX_GAP &&
      ABS (step - waited) > (GstClockTimeDiff) PENSTOCK_TIME_MAP_MAX_GAP / 10;
}

/* The error over a window, good from both sides: a late stream is judged by
 * its least late access unit, so that network jitter does not count. */
static gboolean
check_drift (PenstockTimeMap *map, GstClockTime arrival, GstClockTimeDiff delay)
{
  map->window_min = MIN (map->window_min, delay);
  if (arrival - map->window_start < DRIFT_WINDOW)
    return FALSE;

  GstClockTimeDiff error = map->window_min;
  map->window_start = arrival;
  map->window_min = G_MAXINT64;
  if (ABS (error) > (GstClockTimeDiff) PENSTOCK_TIME_MAP_MAX_ERROR)
    return TRUE;
  if (!map->correct_drift)
    return FALSE;
  map->pending = ABS (error) > (GstClockTimeDiff) DRIFT_DEAD_ZONE ? error : 0;
  map->divisor = (guint) CLAMP (DRIFT_WINDOW / (guint64) MAX (ABS (error), 1),
      DRIFT_MOST_DIVISOR, DRIFT_LEAST_DIVISOR);
  return FALSE;
}

static void
apply_drift (PenstockTimeMap *map, GstClockTime arrival)
{
  if (map->pending == 0) {
    map->last_adjust = arrival;
    return;
  }
  GstClockTimeDiff most =
      (GstClockTimeDiff) ((arrival - map->last_adjust) / map->divisor);
  map->last_adjust = arrival;
  GstClockTimeDiff step = CLAMP (map->pending, -most, most);
  map->pending -= step;
  map->offset += step;
  map->corrected += step;
}

PenstockTimeMapResult
penstock_time_map_push (PenstockTimeMap *map, guint track, GstClockTime source,
    GstClockTime arrival)
{
  PenstockTimeMapResult result = PENSTOCK_TIME_MAP_OK;

  if (!map->anchored) {
    result = prime (map, source, arrival);
  } else {
    GstClockTimeDiff delay =
        GST_CLOCK_DIFF (penstock_time_map_convert (map, source), arrival);
    gboolean jump = is_jump (map, track, source, arrival);
    /* Far ahead of the wall clock can only be a jump; far behind may be a
     * stall of the network, which the window tells apart. */
    if (delay < -(GstClockTimeDiff) PENSTOCK_TIME_MAP_MAX_GAP)
      jump = TRUE;
    if (jump || check_drift (map, arrival, delay)) {
      for (guint i = 0; i < G_N_ELEMENTS (map->last_source); i++)
        map->last_source[i] = GST_CLOCK_TIME_NONE;
      /* The output goes on where it is, never back. */
      GstClockTime start = MAX (arrival, map->newest_out);
      anchor (map, (GstClockTimeDiff) (start - source), arrival);
      map->n_jumps++;
      result = PENSTOCK_TIME_MAP_JUMP;
    } else {
      apply_drift (map, arrival);
    }
  }

  map->last_source[track] = source;
  map->last_arrival[track] = arrival;
  if (map->anchored)
    map->newest_out =
        MAX (map->newest_out, penstock_time_map_convert (map, source));
  return result;
}
