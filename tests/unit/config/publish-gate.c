/* SPDX-License-Identifier: MIT
 *
 * Who may publish where: keys in the path and beside it. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "config-parse.h"
#include "config-structs.h"
#include "publish-gate.h"

static const gchar map[] =
    "{ \"listen\": { \"rtmp\": \":1935\", \"rtsp\": \":8554\" }, \"routes\": {"
    "\"open\": { \"input\": \"publish\", \"outputs\": [\"rtsp\"] },"
    "\"stage\": { \"input\": \"publish\", \"outputs\": [\"rtsp\"],"
    "  \"publish\": { \"key\": \"sesame\" } },"
    "\"cam\": { \"input\": \"publish\", \"outputs\": [\"rtsp\"],"
    "  \"publish\": { \"user\": \"ann\", \"password\": \"x\" } },"
    "\"both\": { \"input\": \"publish\", \"outputs\": [\"rtsp\"],"
    "  \"publish\": { \"key\": \"simsim\", \"user\": \"ann\","
    "  \"password\": \"x\" } },"
    "\"live/*\": { \"input\": \"publish\", \"outputs\": [\"rtsp\"],"
    "  \"publish\": { \"key\": \"sesame\" } },"
    "\"deep/**\": { \"input\": \"publish\", \"outputs\": [\"rtsp\"],"
    "  \"publish\": { \"key\": \"sesame\" } },"
    "\"film\": { \"input\": \"test\", \"outputs\": [\"rtsp\"] } } }";

static const struct {
  const gchar *path, *key;
  const gchar *name; /* NULL: no route */
  gboolean open;
} rows[] = {
  { "open", NULL, "open", TRUE },
  { "/open/", NULL, "open", TRUE },
  { "open", "whatever", "open", TRUE },
  { "open/more", NULL, NULL, FALSE },
  { "stage", NULL, "stage", FALSE },
  { "stage", "sesam", "stage", FALSE },
  { "stage", "sesames", "stage", FALSE },
  { "stage", "", "stage", FALSE },
  { "stage", "sesame", "stage", TRUE },
  { "stage/sesame", NULL, "stage", TRUE },
  { "stage//sesame/", NULL, "stage", TRUE },
  { "stage/wrong", NULL, "stage", FALSE },
  { "stage/wrong", "sesame", "stage", FALSE },
  { "cam", NULL, "cam", FALSE },
  { "cam", "x", "cam", FALSE },
  { "both", NULL, "both", FALSE },
  { "both", "simsim", "both", TRUE },
  { "both/simsim", NULL, "both", TRUE },
  { "live/one", NULL, "live/one", FALSE },
  { "live/one", "sesame", "live/one", TRUE },
  { "live/one/sesame", NULL, "live/one", TRUE },
  { "live/one/wrong", NULL, "live/one", FALSE },
  { "live/sesame", NULL, "live/sesame", FALSE },
  { "deep/a/b/sesame", NULL, "deep/a/b", TRUE },
  { "deep/a/b/c", "sesame", "deep/a/b/c", TRUE },
  { "film", NULL, NULL, FALSE },
  { "nowhere", "sesame", NULL, FALSE },
  { "", NULL, NULL, FALSE },
  { "live/../stage", "sesame", NULL, FALSE },
};

GST_START_TEST (publisher_comes_to_its_route)
{
  static const gchar *const nothing[] = { NULL };
  g_autofree gchar *warnings = NULL;
  g_autoptr (GError) error = NULL;
  PenstockConfigData *data = penstock_config_parse (
      map, strlen (map), NULL, nothing, &warnings, &error);
  g_assert_no_error (error);
  g_autoptr (PenstockRouteTable) table =
      penstock_route_table_new (data->routes);
  g_auto (PenstockPublishRequest) request = { NULL };

  penstock_publish_request_init (
      &request, table, rows[__i__].path, rows[__i__].key);
  fail_unless (g_strcmp0 (request.name, rows[__i__].name) == 0, "%s: %s",
      rows[__i__].path, request.name);
  fail_unless_equals_int (request.route != NULL, rows[__i__].name != NULL);
  fail_unless_equals_int (request.open, rows[__i__].open);
  penstock_config_data_free (data);
}
GST_END_TEST

static Suite *
publish_gate_suite (void)
{
  Suite *suite = suite_create ("publish-gate");
  TCase *tc = tcase_create ("publish-gate");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, publisher_comes_to_its_route, 0, G_N_ELEMENTS (rows));
  return suite;
}

GST_CHECK_MAIN (publish_gate);
