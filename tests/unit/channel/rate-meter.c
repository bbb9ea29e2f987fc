/* SPDX-License-Identifier: MIT
 *
 * Rates of a track, from its first second on. */

#include <gst/check/gstcheck.h>

#include "channel/rate-meter.h"

#define MS GST_MSECOND
#define FRAME (40 * MS)
#define FRAME_BYTES 5000
#define FRAME_RATE 25.0
#define BITRATE (8 * FRAME_BYTES * FRAME_RATE)

/* One access unit each 40 ms, from @begin to before @end. */
static void
feed (PenstockRateMeter *meter, GstClockTime begin, GstClockTime end)
{
  for (GstClockTime time = begin; time < end; time += FRAME)
    penstock_rate_meter_add (meter, time, FRAME_BYTES);
}

/* A steady stream from @begin on has its true rates at @now, to the access unit
 * that makes the difference at the edges; NULL before one second is seen. */
static const struct {
  guint begin_ms, now_ms;
  gboolean known;
} steady_rows[] = {
  { 7000, 7500, FALSE },
  { 7000, 7999, FALSE },
  { 7000, 8000, TRUE },
  { 7999, 8500, FALSE },
  { 7999, 8998, FALSE },
  { 7999, 9000, TRUE },
  { 7100, 8999, FALSE }, /* the whole second before the present one is none */
  { 7100, 9000, TRUE },
  { 7900, 9300, TRUE },
  { 7900, 10900, TRUE },
  { 7500, 12000, TRUE },
  { 7500, 13999, TRUE },
  { 7500, 100000, TRUE },
  { 0, 999, FALSE },
  { 0, 1000, TRUE },
  { 0, 4700, TRUE },
};

GST_START_TEST (steady_stream_has_its_rates_from_the_first_seconds_on)
{
  PenstockRateMeter meter = { 0 };
  GstClockTime begin = steady_rows[__i__].begin_ms * MS;
  GstClockTime now = steady_rows[__i__].now_ms * MS;
  gdouble bitrate = -1, rate = -1;

  feed (&meter, begin, now);
  fail_unless_equals_int (
      penstock_rate_meter_get (&meter, now, &bitrate, &rate),
      steady_rows[__i__].known);
  if (!steady_rows[__i__].known) {
    fail_unless (bitrate == 0 && rate == 0);
    return;
  }
  fail_unless (ABS (rate - FRAME_RATE) <= 1.0);
  fail_unless (ABS (bitrate - BITRATE) <= BITRATE / FRAME_RATE);
}
GST_END_TEST

GST_START_TEST (nothing_observed_is_not_known)
{
  PenstockRateMeter meter = { 0 };
  gdouble bitrate, rate;

  fail_if (penstock_rate_meter_get (&meter, 0, &bitrate, &rate));
  fail_if (penstock_rate_meter_get (&meter, GST_SECOND, &bitrate, &rate));
  fail_if (penstock_rate_meter_get (&meter, 90 * GST_SECOND, &bitrate, &rate));
}
GST_END_TEST

GST_START_TEST (silence_counts)
{
  PenstockRateMeter meter = { 0 };
  gdouble bitrate, rate;

  feed (&meter, 0, 10 * GST_SECOND);
  fail_unless (
      penstock_rate_meter_get (&meter, 12 * GST_SECOND, &bitrate, &rate));
  fail_unless (ABS (rate - FRAME_RATE * 3 / 5) < 0.01);
  fail_unless (
      penstock_rate_meter_get (&meter, 15 * GST_SECOND, &bitrate, &rate));
  fail_unless (bitrate == 0 && rate == 0);
}
GST_END_TEST

GST_START_TEST (new_observation_owes_nothing_to_the_old_one)
{
  PenstockRateMeter meter = { 0 };
  gdouble bitrate, rate;

  feed (&meter, 0, 10 * GST_SECOND);
  penstock_rate_meter_reset (&meter);
  fail_if (penstock_rate_meter_get (&meter, 10 * GST_SECOND, &bitrate, &rate));
  feed (&meter, 12500 * MS, 14 * GST_SECOND);
  fail_if (penstock_rate_meter_get (&meter, 13400 * MS, &bitrate, &rate));
  fail_unless (
      penstock_rate_meter_get (&meter, 14 * GST_SECOND, &bitrate, &rate));
  fail_unless (ABS (rate - FRAME_RATE) <= 1.0);
}
GST_END_TEST

static Suite *
rate_meter_suite (void)
{
  Suite *suite = suite_create ("rate-meter");
  TCase *tc = tcase_create ("rate-meter");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc,
      steady_stream_has_its_rates_from_the_first_seconds_on, 0,
      G_N_ELEMENTS (steady_rows));
  tcase_add_test (tc, nothing_observed_is_not_known);
  tcase_add_test (tc, silence_counts);
  tcase_add_test (tc, new_observation_owes_nothing_to_the_old_one);
  return suite;
}

GST_CHECK_MAIN (rate_meter);
