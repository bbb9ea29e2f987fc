/* SPDX-License-Identifier: MIT
 *
 * Mapping an input's timeline to the system clock. */

#include <gst/check/gstcheck.h>

#include "channel/time-map.h"

#define MS GST_MSECOND
#define SOURCE_START (1000 * GST_SECOND)
#define ARRIVAL_START (5000 * GST_SECOND)
#define FRAME (40 * MS)

/* Feeds @n frames at their pace and returns the last result; *source and
 * *arrival move on. */
static PenstockTimeMapResult
feed (PenstockTimeMap *map, guint n, GstClockTime *source,
    GstClockTime *arrival, GstClockTime source_step, GstClockTime arrival_step)
{
  PenstockTimeMapResult result = PENSTOCK_TIME_MAP_OK;

  for (guint i = 0; i < n; i++) {
    result = penstock_time_map_push (map, 0, *source, *arrival);
    *source += source_step;
    *arrival += arrival_step;
  }
  return result;
}

static GstClockTimeDiff
error_of (PenstockTimeMap *map, GstClockTime source, GstClockTime arrival)
{
  return GST_CLOCK_DIFF (arrival, penstock_time_map_convert (map, source));
}

GST_START_TEST (steady_source_is_anchored_at_its_arrival)
{
  PenstockTimeMap map = { 0 };
  GstClockTime source = SOURCE_START, arrival = ARRIVAL_START;

  penstock_time_map_reset (&map, TRUE);
  fail_unless_equals_int (
      feed (&map, 1, &source, &arrival, FRAME, FRAME), PENSTOCK_TIME_MAP_HOLD);
  fail_unless_equals_int (
      feed (&map, 3, &source, &arrival, FRAME, FRAME), PENSTOCK_TIME_MAP_OK);
  fail_unless_equals_int64 (error_of (&map, source, arrival), 0);
}
GST_END_TEST;

GST_START_TEST (burst_at_the_start_is_put_into_the_past)
{
  PenstockTimeMap map = { 0 };
  GstClockTime source = SOURCE_START, arrival = ARRIVAL_START;

  penstock_time_map_reset (&map, TRUE);
  /* 5 s of media within 250 ms, then at its pace. */
  fail_unless_equals_int (feed (&map, 125, &source, &arrival, FRAME, 2 * MS),
      PENSTOCK_TIME_MAP_HOLD);
  feed (&map, 4, &source, &arrival, FRAME, FRAME);
  fail_unless (ABS (error_of (&map, source, arrival)) < 50 * MS);
}
GST_END_TEST;

GST_START_TEST (flush_ends_the_hold)
{
  PenstockTimeMap map = { 0 };

  penstock_time_map_reset (&map, TRUE);
  penstock_time_map_push (&map, 0, SOURCE_START, ARRIVAL_START);
  fail_unless (penstock_time_map_flush (&map));
  fail_if (penstock_time_map_flush (&map));
  fail_unless_equals_uint64 (
      penstock_time_map_convert (&map, SOURCE_START), ARRIVAL_START);
}
GST_END_TEST;

/* Source clocks that are off, in parts per million, for ten minutes: the error
 * stays small, and the correction is not much faster than the drift. */
static const struct {
  gint ppm;
  guint most; /* ms of correction in 10 s */
} drifts[] = { { 100, 10 }, { -100, 10 }, { 500, 12 }, { -500, 12 },
  { 2000, 45 }, { -2000, 45 }, { 4500, 50 }, { -4500, 50 } };

GST_START_TEST (drift_is_followed_slowly)
{
  PenstockTimeMap map = { 0 };
  GstClockTime source = SOURCE_START, arrival = ARRIVAL_START;
  GstClockTime step =
      FRAME + (GstClockTimeDiff) FRAME * drifts[__i__].ppm / 1000000;
  GstClockTimeDiff most =
      (GstClockTimeDiff) FRAME * drifts[__i__].most / 10000 + 1;
  GstClockTime last = 0;

  penstock_time_map_reset (&map, TRUE);
  for (guint i = 0; i < 15000; i++) {
    PenstockTimeMapResult result =
        feed (&map, 1, &source, &arrival, step, FRAME);
    fail_if (result == PENSTOCK_TIME_MAP_JUMP);
    GstClockTime out = penstock_time_map_convert (&map, source);
    if (last && i > 10) {
      GstClockTimeDiff change = GST_CLOCK_DIFF (last + step, out);
      fail_unless (ABS (change) <= most);
    }
    last = out;
  }
  fail_unless (ABS (error_of (&map, source, arrival)) < 60 * MS);
}
GST_END_TEST;

GST_START_TEST (drift_is_left_alone_when_not_wanted)
{
  PenstockTimeMap map = { 0 };
  GstClockTime source = SOURCE_START, arrival = ARRIVAL_START;

  penstock_time_map_reset (&map, FALSE);
  feed (&map, 2500, &source, &arrival, FRAME + FRAME / 10000, FRAME);
  fail_unless_equals_int64 (map.corrected, 0);
  /* 100 ppm over 100 s. */
  fail_unless (error_of (&map, source, arrival) > 9 * MS);
}
GST_END_TEST;

static const struct {
  const gchar *name;
  GstClockTimeDiff source_step, arrival_step;
  PenstockTimeMapResult expected;
} steps[] = {
  { "jitter back below a second", -900 * MS, 40 * MS, PENSTOCK_TIME_MAP_OK },
  { "back beyond a second", -1100 * MS, 40 * MS, PENSTOCK_TIME_MAP_JUMP },
  { "back to zero", -(GstClockTimeDiff) SOURCE_START, 40 * MS,
      PENSTOCK_TIME_MAP_JUMP },
  { "gap of 9 s that arrives late", 9000 * MS, 9000 * MS,
      PENSTOCK_TIME_MAP_OK },
  { "gap of an hour that arrives late", 3600000 * MS, 3600000 * MS,
      PENSTOCK_TIME_MAP_OK },
  { "forward 11 s at once", 11000 * MS, 40 * MS, PENSTOCK_TIME_MAP_JUMP },
  { "stall of the network", 40 * MS, 3000 * MS, PENSTOCK_TIME_MAP_OK },
};

GST_START_TEST (jumps_are_told_from_gaps)
{
  PenstockTimeMap map = { 0 };
  GstClockTime source = SOURCE_START, arrival = ARRIVAL_START;

  penstock_time_map_reset (&map, TRUE);
  feed (&map, 50, &source, &arrival, FRAME, FRAME);
  GstClockTime newest = penstock_time_map_convert (&map, source - FRAME);
  source = source - FRAME + steps[__i__].source_step;
  arrival = arrival - FRAME + steps[__i__].arrival_step;
  PenstockTimeMapResult result =
      penstock_time_map_push (&map, 0, source, arrival);
  fail_unless (result == steps[__i__].expected, "%s", steps[__i__].name);
  if (result == PENSTOCK_TIME_MAP_JUMP)
    fail_unless (penstock_time_map_convert (&map, source) >= newest);
}
GST_END_TEST;

GST_START_TEST (lasting_error_is_a_jump_after_a_window)
{
  PenstockTimeMap map = { 0 };
  GstClockTime source = SOURCE_START, arrival = ARRIVAL_START;
  gboolean jumped = FALSE;

  penstock_time_map_reset (&map, TRUE);
  feed (&map, 50, &source, &arrival, FRAME, FRAME);
  arrival += GST_SECOND; /* the publisher lost a second for good */
  for (guint i = 0; i < 600 && !jumped; i++)
    jumped = feed (&map, 1, &source, &arrival, FRAME, FRAME) ==
        PENSTOCK_TIME_MAP_JUMP;
  fail_unless (jumped);
  fail_unless (ABS (error_of (&map, source, arrival)) < 50 * MS);
}
GST_END_TEST;

GST_START_TEST (tracks_keep_their_distance)
{
  PenstockTimeMap map = { 0 };
  GstClockTime source = SOURCE_START, arrival = ARRIVAL_START;

  penstock_time_map_reset (&map, TRUE);
  for (guint i = 0; i < 5000; i++) {
    penstock_time_map_push (&map, 0, source, arrival);
    penstock_time_map_push (&map, 1, source - 300 * MS, arrival);
    source += FRAME + FRAME / 2000;
    arrival += FRAME;
  }
  GstClockTime video = penstock_time_map_convert (&map, source);
  GstClockTime audio = penstock_time_map_convert (&map, source - 300 * MS);
  fail_unless_equals_uint64 (video - audio, 300 * MS);
}
GST_END_TEST;

static Suite *
time_map_suite (void)
{
  Suite *suite = suite_create ("time-map");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, steady_source_is_anchored_at_its_arrival);
  tcase_add_test (tcase, burst_at_the_start_is_put_into_the_past);
  tcase_add_test (tcase, flush_ends_the_hold);
  tcase_add_loop_test (
      tcase, drift_is_followed_slowly, 0, G_N_ELEMENTS (drifts));
  tcase_add_test (tcase, drift_is_left_alone_when_not_wanted);
  tcase_add_loop_test (
      tcase, jumps_are_told_from_gaps, 0, G_N_ELEMENTS (steps));
  tcase_add_test (tcase, lasting_error_is_a_jump_after_a_window);
  tcase_add_test (tcase, tracks_keep_their_distance);
  return suite;
}

GST_CHECK_MAIN (time_map);
