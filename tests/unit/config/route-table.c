/* SPDX-License-Identifier: MIT
 *
 * Names of routes, and which route a path belongs to. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "config-structs.h"
#include "route-table.h"

/* --- names ------------------------------------------------------------------ */

static const struct {
  const gchar *path, *normalized;
} normal_forms[] = {
  { "live/one", "live/one" },
  { "/live/one/", "live/one" },
  { "//live///one//", "live/one" },
  { "one", "one" },
  { "/", "" },
  { "", "" },
};

GST_START_TEST (superfluous_slashes_vanish)
{
  g_autofree gchar *normalized =
      penstock_route_path_normalize (normal_forms[__i__].path);

  assert_equals_string (normalized, normal_forms[__i__].normalized);
}
GST_END_TEST;

static const struct {
  const gchar *path;
  const gchar *problem; /* NULL: good */
} paths[] = {
  { "live/one", NULL },
  { "eingang/t\xc3\xbcr", NULL },
  { "a b%20c?", NULL }, /* a peer may; a configuration may not */
  { "live/..x", NULL },
  { "apis", NULL },
  { "live/apis/timex", NULL },
  { "", "is empty" },
  { "live/..", "has a \"..\" segment" },
  { "./live", "has a \".\" segment" },
  { "live/\x01", "has a control character" },
  { "live/\xc2\x85", "has a control character" }, /* U+0085, C1 */
  { "live/\xff", "is not UTF-8" },
  { "live/\xc0\xaf", "is not UTF-8" }, /* overlong "/" */
  { "live/*", "has a wildcard segment" },
  { "live/**", "has a wildcard segment" },
  { "api", "has the segment \"api\", which is reserved" },
  { "live/time", "has the segment \"time\", which is reserved" },
  { "metrics/x", "has the segment \"metrics\", which is reserved" },
  { "status.json", "has the segment \"status.json\", which is reserved" },
  { "a/rep/b", "has the segment \"rep\", which is reserved" },
  { "ingest/a", "has the segment \"ingest\", which is reserved" },
  { "a/capture", "has the segment \"capture\", which is reserved" },
  { "a/snapshot.jpg", "has the segment \"snapshot.jpg\", which is reserved" },
  { "a/manifest.mpd", "has the segment \"manifest.mpd\", which is reserved" },
  { "a/x.m3u8", "has the segment \"x.m3u8\", which is reserved" },
};

GST_START_TEST (paths_of_peers_are_checked)
{
  g_autofree gchar *problem = penstock_route_path_check (paths[__i__].path);

  fail_unless (g_strcmp0 (problem, paths[__i__].problem) == 0, "%s: %s",
      paths[__i__].path, problem ? problem : "(good)");
}
GST_END_TEST;

GST_START_TEST (length_and_depth_have_limits)
{
  g_autofree gchar *longest = g_strnfill (PENSTOCK_ROUTE_MAX_LENGTH, 'x');
  g_autofree gchar *longer = g_strnfill (PENSTOCK_ROUTE_MAX_LENGTH + 1, 'x');
  const gchar *deepest = "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16";
  g_autofree gchar *deeper = g_strconcat (deepest, "/17", NULL);

  g_autofree gchar *none = penstock_route_path_check (longest);
  fail_unless (none == NULL);
  g_autofree gchar *too_long = penstock_route_path_check (longer);
  assert_equals_string (too_long, "is longer than 1024 bytes");
  none = penstock_route_path_check (deepest);
  fail_unless (none == NULL);
  g_autofree gchar *too_deep = penstock_route_path_check (deeper);
  assert_equals_string (too_deep, "has 17 segments, at most 16 are allowed");
}
GST_END_TEST;

/* --- matching ----------------------------------------------------------------- */

static PenstockRouteTable *
new_table (const gchar *const *names, GPtrArray *routes)
{
  for (; *names; names++) {
    PenstockRouteConfig *route = g_new0 (PenstockRouteConfig, 1);
    route->name = g_strdup (*names);
    route->is_template = penstock_route_name_is_template (*names);
    g_ptr_array_add (routes, route);
  }
  return penstock_route_table_new (routes);
}

/* In an order that is not the order of preference. */
static const gchar *const names[] = { "**", "*", "live/**", "live/*", "*/*",
  "live/*/**", "live/*/cam", "live/one", "lobby", "*/x/y", "a/b/**", NULL };

static const struct {
  const gchar *path, *name;
} matches[] = {
  { "live/one", "live/one" },    /* exact beats pattern */
  { "/live//one/", "live/one" }, /* normalized first */
  { "live/two", "live/*" },      /* `*` beats `**` */
  { "other/two", "*/*" },
  { "lobby", "lobby" },
  { "garden", "*" },
  { "live", "*" },                /* `**` is one segment or more */
  { "live/a/b", "live/*/**" },    /* one more `*` says more */
  { "live/a/cam", "live/*/cam" }, /* more literal segments */
  { "live/a/cam/x", "live/*/**" },
  { "live/x/y", "*/x/y" }, /* two literals beat one */
  { "a/b/c/d/e", "a/b/**" },
  { "a/b", "*/*" },
  { "u/v/w", "**" },
  { "Live/One", "*/*" }, /* case matters */
  { "live/*", NULL },
  { "live/../lobby", NULL },
  { "live/manifest.mpd", NULL },
  { "", NULL },
  { "/", NULL },
};

GST_START_TEST (the_most_specific_route_takes_the_path)
{
  g_autoptr (GPtrArray) routes =
      g_ptr_array_new_with_free_func (penstock_route_config_free);
  g_autoptr (PenstockRouteTable) table = new_table (names, routes);
  const PenstockRouteConfig *route =
      penstock_route_table_match (table, matches[__i__].path);
  const gchar *name = route ? route->name : NULL;

  fail_unless (g_strcmp0 (name, matches[__i__].name) == 0, "%s took %s",
      name ? name : "nothing", matches[__i__].path);
}
GST_END_TEST;

GST_START_TEST (without_templates_only_names_match)
{
  static const gchar *const only[] = { "lobby", NULL };
  g_autoptr (GPtrArray) routes =
      g_ptr_array_new_with_free_func (penstock_route_config_free);
  g_autoptr (PenstockRouteTable) table = new_table (only, routes);

  fail_unless (penstock_route_table_match (table, "lobby") != NULL);
  fail_unless (penstock_route_table_match (table, "lobby/x") == NULL);
  fail_unless (penstock_route_table_match (table, "lob") == NULL);
}
GST_END_TEST;

/* --- ties ------------------------------------------------------------------------ */

static const struct {
  const gchar *a, *b;
  gboolean tie;
} pairs[] = {
  { "a/*", "*/b", TRUE },     /* a/b */
  { "a/*/c", "*/b/c", TRUE }, /* a/b/c */
  { "a/*/**", "*/b/**", TRUE },
  { "a/*", "b/*", FALSE },
  { "a/*", "*/*", FALSE },
  { "a/*", "a/**", FALSE },
  { "a/*", "*/b/c", FALSE },
  { "*", "*/*", FALSE },
  { "**", "*/**", FALSE },
  { "a/*/c", "a/*/d", FALSE },
};

GST_START_TEST (ties_between_templates_are_seen_both_ways)
{
  assert_equals_int (
      penstock_route_templates_tie (pairs[__i__].a, pairs[__i__].b),
      pairs[__i__].tie);
  assert_equals_int (
      penstock_route_templates_tie (pairs[__i__].b, pairs[__i__].a),
      pairs[__i__].tie);
}
GST_END_TEST;

static Suite *
route_table_suite (void)
{
  Suite *suite = suite_create ("route-table");
  TCase *tc = tcase_create ("routes");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, superfluous_slashes_vanish, 0, G_N_ELEMENTS (normal_forms));
  tcase_add_loop_test (tc, paths_of_peers_are_checked, 0, G_N_ELEMENTS (paths));
  tcase_add_test (tc, length_and_depth_have_limits);
  tcase_add_loop_test (
      tc, the_most_specific_route_takes_the_path, 0, G_N_ELEMENTS (matches));
  tcase_add_test (tc, without_templates_only_names_match);
  tcase_add_loop_test (
      tc, ties_between_templates_are_seen_both_ways, 0, G_N_ELEMENTS (pairs));
  return suite;
}

GST_CHECK_MAIN (route_table)
