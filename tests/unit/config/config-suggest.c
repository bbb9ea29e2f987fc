/* SPDX-License-Identifier: MIT
 *
 * Suggestions for mistyped words. */

#include <gst/check/gstcheck.h>

#include "config-suggest.h"

static const struct {
  const gchar *a, *b;
  guint distance;
} distances[] = {
  { "", "", 0 }, { "", "abc", 3 }, { "dash", "dash", 0 }, { "DASH", "dash", 0 },
  { "dahs", "dash", 1 }, /* neighbours swapped */
  { "dsh", "dash", 1 }, { "daash", "dash", 1 }, { "bash", "dash", 1 },
  { "kitten", "sitting", 3 }, { "ca", "abc", 3 }, /* no edit inside a swap */
};

GST_START_TEST (distance_counts_edits_both_ways)
{
  assert_equals_int (
      penstock_suggest_distance (distances[__i__].a, distances[__i__].b),
      distances[__i__].distance);
  assert_equals_int (
      penstock_suggest_distance (distances[__i__].b, distances[__i__].a),
      distances[__i__].distance);
}
GST_END_TEST;

static const gchar *const words[] = { "listen", "routes", "max-bytes",
  "max-time-ms", "rtsp", "dash", "input", "url", NULL };

static const struct {
  const gchar *word, *suggestion;
} suggestions[] = {
  { "lisen", "listen" },
  { "Routes", "routes" },
  { "max_bytes", "max-bytes" },
  { "maxbytes", "max-bytes" },
  { "max-time", "max-time-ms" },
  { "dahs", "dash" },
  { "inputs", "input" },
  { "uri", "url" },
  { "outputs", NULL },
  { "x", NULL },
  { "", NULL },
  { "a-word-that-is-far-too-long-to-be-a-mistyped-key", NULL },
};

GST_START_TEST (near_words_are_suggested_far_ones_not)
{
  const gchar *suggestion = penstock_suggest (suggestions[__i__].word, words);

  fail_unless (g_strcmp0 (suggestion, suggestions[__i__].suggestion) == 0,
      "%s: %s", suggestions[__i__].word, suggestion ? suggestion : "nothing");
}
GST_END_TEST;

static Suite *
config_suggest_suite (void)
{
  Suite *suite = suite_create ("config-suggest");
  TCase *tc = tcase_create ("suggest");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, distance_counts_edits_both_ways, 0, G_N_ELEMENTS (distances));
  tcase_add_loop_test (
      tc, near_words_are_suggested_far_ones_not, 0, G_N_ELEMENTS (suggestions));
  return suite;
}

GST_CHECK_MAIN (config_suggest)
