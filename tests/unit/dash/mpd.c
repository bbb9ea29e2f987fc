/* SPDX-License-Identifier: MIT
 *
 * Names of files. */

#include <gst/check/gstcheck.h>

#include "dash/mpd.h"

static const struct {
  const gchar *path;
  gboolean ours;
  guint64 number;
} paths[] = {
  { "v0/17.m4s", TRUE, 17 },
  { "a12/init-434816315.mp4", TRUE, 434816315 },
  { "v0/17.mp4", FALSE },
  { "v0/init-17.m4s", FALSE },
  { "v0/17.m4s.tmp", FALSE },
  { "v0/.m4s", FALSE },
  { "v/17.m4s", FALSE },
  { "x0/17.m4s", FALSE },
  { "v0", FALSE },
  { "v0/", FALSE },
  { "manifest.mpd", FALSE },
  { "", FALSE },
};

GST_START_TEST (only_our_own_names_are_recognised)
{
  guint64 number = 0;

  assert_equals_int (
      mpd_parse_path (paths[__i__].path, &number), paths[__i__].ours);
  if (paths[__i__].ours)
    assert_equals_uint64 (number, paths[__i__].number);
}
GST_END_TEST;

static Suite *
mpd_suite (void)
{
  Suite *suite = suite_create ("mpd");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, only_our_own_names_are_recognised, 0, G_N_ELEMENTS (paths));
  return suite;
}

GST_CHECK_MAIN (mpd);
