/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_ROUTE_H
#define PENSTOCK_ROUTE_H

#include <glib-object.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_ROUTE (penstock_route_get_type ())
G_DECLARE_FINAL_TYPE (PenstockRoute, penstock_route, PENSTOCK, ROUTE, GObject)

/**
 * PenstockRouteState:
 * @PENSTOCK_ROUTE_OFFLINE: no media now; it may come (back)
 * @PENSTOCK_ROUTE_ONLINE: media flows
 * @PENSTOCK_ROUTE_ENDED: the publisher said goodbye or the file is over
 *
 * Since: 0.1
 */
typedef enum
{
  PENSTOCK_ROUTE_OFFLINE,
  PENSTOCK_ROUTE_ONLINE,
  PENSTOCK_ROUTE_ENDED,
} PenstockRouteState;

GType penstock_route_state_get_type (void);
#define PENSTOCK_TYPE_ROUTE_STATE (penstock_route_state_get_type ())

/**
 * PenstockRoute:
 *
 * One input bound to outputs under a name. Made by #PenstockServer from its
 * configuration. Use from the server's context.
 *
 * Since: 0.1
 */

/**
 * penstock_route_get_name:
 * @self: a route
 *
 * The route's path: `lobby` is rtsp://HOST/lobby and http://HOST/lobby/.
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const gchar *penstock_route_get_name (PenstockRoute *self);

/**
 * penstock_route_get_state:
 * @self: a route
 *
 * Whether media flows. The signal #PenstockRoute::state-changed tells when it
 * changes.
 *
 * Returns: the state
 *
 * Since: 0.1
 */
PenstockRouteState penstock_route_get_state (PenstockRoute *self);

/**
 * penstock_route_restart:
 * @self: a route
 *
 * Takes the input down and up again at once. Readers stay connected.
 *
 * Since: 0.1
 */
void penstock_route_restart (PenstockRoute *self);

G_END_DECLS

#endif /* PENSTOCK_ROUTE_H */
