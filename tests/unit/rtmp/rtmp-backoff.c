/* SPDX-License-Identifier: MIT
 *
 * Unit tests of the waits between attempts to reach a server. */

#include "rtmp/rtmp-backoff.h"

#include "rtmp-test.h"

GST_START_TEST (waits_double_up_to_the_longest)
{
  static const guint expected[] = { 500, 1000, 2000, 4000, 5000, 5000 };
  PenstockRtmpBackoff backoff = { .min_ms = 500, .max_ms = 5000 };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    fail_unless_equals_int (
        penstock_rtmp_backoff_next (&backoff, 0, 0), expected[i]);
}
GST_END_TEST;

GST_START_TEST (waits_are_spread_over_their_upper_half)
{
  for (guint i = 0; i < 4096; i++) {
    PenstockRtmpBackoff backoff = { .min_ms = 800, .max_ms = 5000 };
    guint wait = penstock_rtmp_backoff_next (&backoff, 0, i * 0x9e3779b1u);
    fail_unless (wait > 400 && wait <= 800, "%u", wait);
  }
}
GST_END_TEST;

GST_START_TEST (what_worked_for_long_starts_anew)
{
  PenstockRtmpBackoff backoff = {
    .min_ms = 500, .max_ms = 5000, .failures = 3
  };

  fail_unless_equals_int (penstock_rtmp_backoff_next (
                              &backoff, PENSTOCK_RTMP_BACKOFF_RESET_MS - 1, 0),
      4000);
  fail_unless_equals_int (
      penstock_rtmp_backoff_next (&backoff, PENSTOCK_RTMP_BACKOFF_RESET_MS, 0),
      500);
  fail_unless_equals_int (penstock_rtmp_backoff_next (&backoff, 0, 0), 1000);
}
GST_END_TEST;

GST_START_TEST (no_number_of_failures_overflows)
{
  PenstockRtmpBackoff backoff = {
    .min_ms = G_MAXUINT, .max_ms = G_MAXUINT, .failures = G_MAXUINT
  };

  fail_unless (penstock_rtmp_backoff_next (&backoff, 0, 0) == G_MAXUINT);
  fail_unless (backoff.failures == G_MAXUINT);
}
GST_END_TEST;

static Suite *
rtmp_backoff_suite (void)
{
  Suite *suite = suite_create ("rtmp-backoff");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, waits_double_up_to_the_longest);
  tcase_add_test (tcase, waits_are_spread_over_their_upper_half);
  tcase_add_test (tcase, what_worked_for_long_starts_anew);
  tcase_add_test (tcase, no_number_of_failures_overflows);
  return suite;
}

GST_CHECK_MAIN (rtmp_backoff);
