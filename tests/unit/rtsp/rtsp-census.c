/* SPDX-License-Identifier: MIT
 *
 * Who may come to an RTSP server: bounds, in all and by address, and what is
 * counted. */

#include <gst/check/gstcheck.h>

#include "config-structs.h"
#include "rtsp/rtsp-census.h"

#define HERE 1
#define THERE 2

GST_START_TEST (defaults_are_those_of_the_route_map)
{
  const PenstockRtspLimits defaults = PENSTOCK_RTSP_LIMITS_DEFAULT;
  g_autoptr (PenstockConfigData) data = penstock_config_data_new ();

  fail_unless (memcmp (&data->rtsp_limits, &defaults, sizeof (defaults)) == 0);
}
GST_END_TEST

GST_START_TEST (without_bounds_everybody_is_let_in)
{
  g_autoptr (PenstockRtspCensus) census = penstock_rtsp_census_new ();
  PenstockRtspCensusStats stats;

  for (guint i = 0; i < 1000; i++) {
    fail_if (penstock_rtsp_census_add_connection (census, HERE));
    fail_if (penstock_rtsp_census_add_viewer (census, HERE));
  }
  penstock_rtsp_census_get_stats (census, &stats);
  fail_unless_equals_int (stats.connections, 1000);
  fail_unless_equals_int (stats.viewers, 1000);
  fail_unless_equals_uint64 (stats.connections_refused, 0);
}
GST_END_TEST

/* One kind of what is counted. */
static const struct {
  const gchar *(*add) (PenstockRtspCensus *self, guint64 address);
  void (*remove) (PenstockRtspCensus *self, guint64 address);
  PenstockRtspLimits in_all, of_address;
  const gchar *why_all, *why_address;
} kinds[] = {
  { penstock_rtsp_census_add_connection, penstock_rtsp_census_remove_connection,
      { .max_connections = 2 }, { .max_connections_per_address = 2 },
      "there are /rtsp/max-connections",
      "its address has /rtsp/max-connections-per-address" },
  { penstock_rtsp_census_add_viewer, penstock_rtsp_census_remove_viewer,
      { .max_viewers = 2 }, { .max_viewers_per_address = 2 },
      "there are /rtsp/max-viewers",
      "its address has /rtsp/max-viewers-per-address" },
};

GST_START_TEST (bound_in_all_holds_for_every_address)
{
  g_autoptr (PenstockRtspCensus) census = penstock_rtsp_census_new ();

  penstock_rtsp_census_set_limits (census, &kinds[__i__].in_all);
  fail_if (kinds[__i__].add (census, HERE));
  fail_if (kinds[__i__].add (census, THERE));
  ck_assert_str_eq (kinds[__i__].add (census, THERE), kinds[__i__].why_all);
  kinds[__i__].remove (census, HERE);
  fail_if (kinds[__i__].add (census, THERE));
  ck_assert_str_eq (kinds[__i__].add (census, HERE), kinds[__i__].why_all);
}
GST_END_TEST

GST_START_TEST (bound_of_an_address_leaves_others_in)
{
  g_autoptr (PenstockRtspCensus) census = penstock_rtsp_census_new ();

  penstock_rtsp_census_set_limits (census, &kinds[__i__].of_address);
  fail_if (kinds[__i__].add (census, HERE));
  fail_if (kinds[__i__].add (census, HERE));
  ck_assert_str_eq (kinds[__i__].add (census, HERE), kinds[__i__].why_address);
  fail_if (kinds[__i__].add (census, THERE));
  kinds[__i__].remove (census, HERE);
  fail_if (kinds[__i__].add (census, HERE));
}
GST_END_TEST

GST_START_TEST (smaller_bounds_send_nobody_away)
{
  g_autoptr (PenstockRtspCensus) census = penstock_rtsp_census_new ();
  const PenstockRtspLimits one = { .max_viewers = 1 };
  PenstockRtspCensusStats stats;

  fail_if (penstock_rtsp_census_add_viewer (census, HERE));
  fail_if (penstock_rtsp_census_add_viewer (census, HERE));
  penstock_rtsp_census_set_limits (census, &one);
  fail_unless (penstock_rtsp_census_add_viewer (census, HERE));
  penstock_rtsp_census_remove_viewer (census, HERE);
  fail_unless (penstock_rtsp_census_add_viewer (census, HERE));
  penstock_rtsp_census_note_refused (census);
  penstock_rtsp_census_get_stats (census, &stats);
  fail_unless_equals_int (stats.viewers, 1);
  fail_unless_equals_uint64 (stats.viewers_refused, 3);
}
GST_END_TEST

static Suite *
rtsp_census_suite (void)
{
  Suite *suite = suite_create ("rtsp-census");
  TCase *tcase = tcase_create ("all");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, defaults_are_those_of_the_route_map);
  tcase_add_test (tcase, without_bounds_everybody_is_let_in);
  tcase_add_loop_test (
      tcase, bound_in_all_holds_for_every_address, 0, G_N_ELEMENTS (kinds));
  tcase_add_loop_test (
      tcase, bound_of_an_address_leaves_others_in, 0, G_N_ELEMENTS (kinds));
  tcase_add_test (tcase, smaller_bounds_send_nobody_away);
  return suite;
}

GST_CHECK_MAIN (rtsp_census);
