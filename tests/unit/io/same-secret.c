/* SPDX-License-Identifier: MIT
 *
 * Comparison of secrets. */

#include <gst/check/gstcheck.h>

#include "io/same-secret.h"

static const struct {
  const gchar *secret, *given;
  gboolean same;
} rows[] = {
  { "sesame", "sesame", TRUE },
  { "s\xc3\xa9same", "s\xc3\xa9same", TRUE },
  { "", "", TRUE },
  { "sesame", "", FALSE },
  { "", "sesame", FALSE },
  { "sesame", "sesam", FALSE },
  { "sesame", "sesame1", FALSE },
  { "sesame", "sesamE", FALSE },
  { "sesame", "Sesame", FALSE },
  { "sesame", "sesamesesame", FALSE },
  { "a", "aa", FALSE },
  { "aa", "a", FALSE },
};

GST_START_TEST (only_the_same_bytes_are_the_same_secret)
{
  fail_unless (penstock_same_secret (rows[__i__].secret, rows[__i__].given) ==
          rows[__i__].same,
      "\"%s\" and \"%s\"", rows[__i__].secret, rows[__i__].given);
}
GST_END_TEST;

static Suite *
same_secret_suite (void)
{
  Suite *suite = suite_create ("same-secret");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, only_the_same_bytes_are_the_same_secret, 0, G_N_ELEMENTS (rows));
  return suite;
}

GST_CHECK_MAIN (same_secret);
