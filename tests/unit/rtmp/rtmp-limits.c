/* SPDX-License-Identifier: MIT
 *
 * Unit tests of the limits by name: ranges, and what is refused. */

#include "rtmp/rtmp-limits.h"

#include <gst/check/gstcheck.h>

static const struct {
  const gchar *text;
  const gchar *problem; /* NULL: applied */
} apply_rows[] = {
  { "limits, max-connections=100, handshake-timeout-ms=500", NULL },
  { "limits, max-memory-bytes=(guint64)9000000000", NULL },
  { "limits, max-connections=(guint)7", NULL },
  { "limits, max-connectoins=1", "there is no limit \"max-connectoins\"" },
  { "limits, amf-depth=33", "amf-depth is a number from 4 to 32" },
  { "limits, amf-depth=3", "amf-depth is a number from 4 to 32" },
  { "limits, amf-depth=-4", "amf-depth is a number from 4 to 32" },
  { "limits, amf-depth=(string)8", "amf-depth is a number from 4 to 32" },
  { "limits, max-connections=5, amf-depth=99",
      "amf-depth is a number from 4 to 32" },
};

GST_START_TEST (limits_are_set_by_name)
{
  g_autoptr (GstStructure) structure =
      gst_structure_from_string (apply_rows[__i__].text, NULL);
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  g_autofree gchar *problem = NULL;
  gboolean ok;

  fail_unless (structure != NULL);
  ok = penstock_rtmp_limits_apply (&limits, structure, &problem);
  assert_equals_string (problem, apply_rows[__i__].problem);
  assert_equals_int (ok, apply_rows[__i__].problem == NULL);
  /* All or nothing. */
  assert_equals_int (
      memcmp (&limits, &penstock_rtmp_default_limits, sizeof limits) != 0, ok);
}
GST_END_TEST;

GST_START_TEST (every_limit_has_its_own_member_and_its_default_in_range)
{
  const PenstockRtmpLimits none = { 0 };
  guint n;
  const PenstockRtmpLimit *table = penstock_rtmp_limits_get_table (&n);

  for (guint i = 0; i < n; i++) {
    guint64 value =
        penstock_rtmp_limits_get (&penstock_rtmp_default_limits, &table[i]);
    g_autoptr (GstStructure) structure = gst_structure_new (
        "limits", table[i].name, G_TYPE_UINT64, MAX (table[i].min, 1), NULL);
    PenstockRtmpLimits limits = none;
    g_autofree gchar *problem = NULL;
    guint changed = 0;

    fail_unless (
        value >= table[i].min && value <= table[i].max, "%s", table[i].name);
    fail_unless (penstock_rtmp_limits_apply (&limits, structure, &problem),
        "%s", problem);
    for (guint k = 0; k < n; k++)
      changed += penstock_rtmp_limits_get (&limits, &table[k]) != 0;
    assert_equals_int (changed, 1);
  }
}
GST_END_TEST;

static Suite *
rtmp_limits_suite (void)
{
  Suite *suite = suite_create ("rtmp-limits");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, limits_are_set_by_name, 0, G_N_ELEMENTS (apply_rows));
  tcase_add_test (
      tcase, every_limit_has_its_own_member_and_its_default_in_range);
  return suite;
}

GST_CHECK_MAIN (rtmp_limits);
