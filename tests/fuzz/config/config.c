/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: a route map, from bytes to settings and their description. */

#include <string.h>

#include "config-describe.h"
#include "config-parse.h"
#include "config-structs.h"
#include "route-table.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Every value can be found again by its pointer. */
static void
check_pointers (const gchar *text, gsize size)
{
  PenstockJsonProblem problem = { 0 };
  g_autoptr (PenstockJson) json = penstock_json_parse (text, size, &problem);

  if (!json) {
    g_assert_cmpuint (problem.line, >=, 1);
    g_assert_cmpuint (problem.column, >=, 1);
    g_assert_true (g_utf8_validate (problem.message, -1, NULL));
    return;
  }
  const PenstockJsonNode *node = penstock_json_get_root (json);
  while (node) {
    g_autofree gchar *pointer = penstock_json_node_pointer (node);
    g_assert_true (penstock_json_find (json, pointer) == node);
    g_assert_cmpuint (node->offset, <, size);
    /* Depth first, the last child of each: one branch is enough. */
    node = node->last;
  }
}

static void
use (const PenstockConfigData *data)
{
  const PenstockPorts ports = {
    .rtmp = data->listen_rtmp.set ? 1935 : 0,
    .rtsp = data->listen_rtsp.set ? 8554 : 0,
    .rtsps = data->listen_rtsps.set ? 8322 : 0,
    .http = data->listen_http.set ? 8080 : 0,
  };
  g_autofree gchar *text = penstock_config_data_describe (data);
  g_autoptr (PenstockRouteTable) table =
      penstock_route_table_new (data->routes);

  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_true (penstock_fields_equal (data, data, ""));
  for (guint i = 0; i < data->routes->len; i++) {
    const PenstockRouteConfig *route = g_ptr_array_index (data->routes, i);
    if (!route->is_template)
      g_assert_true (penstock_route_table_match (table, route->name) == route);
  }
  if (data->listen_rtmp.set && data->listen_rtsp.set && data->listen_http.set) {
    g_autofree gchar *urls = penstock_config_data_describe_urls (data, &ports);
    g_assert_true (g_utf8_validate (urls, -1, NULL));
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const gchar *const environment[] = { NULL };
  const gchar *text = (const gchar *) data;
  g_autofree gchar *warnings = NULL;
  g_autoptr (GError) error = NULL;

  check_pointers (text, size);
  g_autoptr (PenstockConfigData) config = penstock_config_parse (
      text, size, "/nonexistent/map.json", environment, &warnings, &error);
  g_assert_true ((config != NULL) == (error == NULL));
  if (config)
    use (config);
  else
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  return 0;
}
