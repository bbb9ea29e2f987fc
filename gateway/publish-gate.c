/* SPDX-License-Identifier: MIT
 *
 * See publish-gate.h. */

#include "publish-gate.h"

#include <string.h>

#include "io/same-secret.h"

static const PenstockRouteConfig *
find_route (const PenstockRouteTable *table, const gchar *path)
{
  const PenstockRouteConfig *route = penstock_route_table_match (table, path);

  return route && route->input.kind == PENSTOCK_INPUT_PUBLISH ? route : NULL;
}

void
penstock_publish_request_clear (PenstockPublishRequest *request)
{
  g_clear_pointer (&request->name, g_free);
}

void
penstock_publish_request_init (PenstockPublishRequest *out,
    const PenstockRouteTable *table, const gchar *path, const gchar *key)
{
  g_autofree gchar *clean = penstock_route_path_normalize (path);
  const gchar *slash = strrchr (clean, '/');

  g_autofree gchar *parent = g_strndup (clean, slash ? slash - clean : 0);
  const PenstockRouteConfig *keyed = find_route (table, parent);
  gboolean right = keyed && keyed->publish_key &&
      penstock_same_secret (keyed->publish_key, slash + 1);

  *out = (PenstockPublishRequest){ NULL };
  out->route = right ? NULL : find_route (table, clean);
  if (out->route) {
    out->name = g_steal_pointer (&clean);
    out->open = out->route->publish_key
        ? key && penstock_same_secret (out->route->publish_key, key)
        : !out->route->publish_user;
  } else if (keyed && keyed->publish_key) {
    out->route = keyed;
    out->name = g_steal_pointer (&parent);
    out->open = right;
  }
}

const gchar *
penstock_publish_request_explain (const PenstockPublishRequest *request)
{
  if (!request->route)
    return "No route of this name takes a publisher.";
  return request->route->publish_key
      ? "The publish key is missing or wrong."
      : "The route asks for user and password, by RTSP.";
}
