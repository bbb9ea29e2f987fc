/* SPDX-License-Identifier: MIT
 *
 * How long wrong credentials shut an address out. */

#include <gst/check/gstcheck.h>

#include "rtsp/rtsp-failures.h"

#define AT_ONCE PENSTOCK_RTSP_FAILURES_AT_ONCE
#define INTERVAL PENSTOCK_RTSP_FAILURES_INTERVAL_S

static void
fail_times (PenstockRtspFailures *failures, const gchar *ip, guint n)
{
  for (guint i = 0; i < n; i++)
    fail_if (penstock_rtsp_failures_add (failures, ip, 100));
}

GST_START_TEST (last_allowed_failure_blocks_the_address_for_an_interval)
{
  PenstockRtspFailures *failures = penstock_rtsp_failures_new ();

  fail_times (failures, "192.0.2.1", AT_ONCE - 1);
  fail_if (penstock_rtsp_failures_is_blocked (failures, "192.0.2.1", 100));
  fail_unless (penstock_rtsp_failures_add (failures, "192.0.2.1", 100));
  fail_unless (penstock_rtsp_failures_is_blocked (failures, "192.0.2.1", 100));
  fail_if (penstock_rtsp_failures_is_blocked (failures, "192.0.2.2", 100));
  fail_unless (penstock_rtsp_failures_is_blocked (
      failures, "192.0.2.1", 100 + INTERVAL - 1));
  fail_if (penstock_rtsp_failures_is_blocked (
      failures, "192.0.2.1", 100 + INTERVAL));
  /* Only one more now. */
  fail_unless (
      penstock_rtsp_failures_add (failures, "192.0.2.1", 100 + INTERVAL));
  penstock_rtsp_failures_free (failures);
}
GST_END_TEST

GST_START_TEST (failures_while_blocked_do_not_lengthen_it)
{
  PenstockRtspFailures *failures = penstock_rtsp_failures_new ();

  fail_times (failures, "192.0.2.1", AT_ONCE - 1);
  fail_unless (penstock_rtsp_failures_add (failures, "192.0.2.1", 100));
  fail_times (failures, "192.0.2.1", 1000);
  fail_if (penstock_rtsp_failures_is_blocked (
      failures, "192.0.2.1", 100 + INTERVAL));
  penstock_rtsp_failures_free (failures);
}
GST_END_TEST

GST_START_TEST (addresses_of_one_ipv6_network_count_together)
{
  PenstockRtspFailures *failures = penstock_rtsp_failures_new ();

  fail_times (failures, "2001:db8:1:2::3", AT_ONCE - 1);
  fail_unless (penstock_rtsp_failures_add (failures, "2001:db8:1:2:9::", 100));
  fail_unless (
      penstock_rtsp_failures_is_blocked (failures, "2001:db8:1:2::7", 100));
  fail_if (
      penstock_rtsp_failures_is_blocked (failures, "2001:db8:1:3::3", 100));
  penstock_rtsp_failures_free (failures);
}
GST_END_TEST

GST_START_TEST (only_so_many_addresses_are_remembered_and_the_newest)
{
  PenstockRtspFailures *failures = penstock_rtsp_failures_new ();

  fail_times (failures, "192.0.2.1", AT_ONCE - 1);
  for (guint i = 0; i < PENSTOCK_RTSP_FAILURES_ADDRESSES + 10; i++) {
    g_autofree gchar *ip = g_strdup_printf ("10.0.%u.%u", i >> 8, i & 255);
    penstock_rtsp_failures_add (failures, ip, 100);
    if (i == 100) /* it is not the oldest any more */
      fail_unless (penstock_rtsp_failures_add (failures, "192.0.2.1", 100));
  }
  fail_unless_equals_int (penstock_rtsp_failures_get_n_addresses (failures),
      PENSTOCK_RTSP_FAILURES_ADDRESSES);
  fail_unless (penstock_rtsp_failures_is_blocked (failures, "192.0.2.1", 100));
  penstock_rtsp_failures_free (failures);
}
GST_END_TEST

static Suite *
rtsp_failures_suite (void)
{
  Suite *s = suite_create ("rtsp-failures");
  TCase *tc = tcase_create ("rtsp-failures");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, last_allowed_failure_blocks_the_address_for_an_interval);
  tcase_add_test (tc, failures_while_blocked_do_not_lengthen_it);
  tcase_add_test (tc, addresses_of_one_ipv6_network_count_together);
  tcase_add_test (tc, only_so_many_addresses_are_remembered_and_the_newest);
  return s;
}

GST_CHECK_MAIN (rtsp_failures);
