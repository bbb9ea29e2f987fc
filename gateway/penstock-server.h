/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_SERVER_H
#define PENSTOCK_SERVER_H

#include "penstock-config.h"
#include "penstock-route.h"
#include "penstock-viewer.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_SERVER (penstock_server_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockServer, penstock_server, PENSTOCK, SERVER, GObject)

/**
 * PenstockServer:
 *
 * The gateway: listeners and routes of one configuration. Everything happens
 * in the thread-default main context of the thread that made it.
 *
 * Since: 0.1
 */

/**
 * penstock_server_new:
 * @config: a checked configuration
 *
 * Returns: (transfer full): a server that is not started
 *
 * Since: 0.1
 */
PenstockServer *penstock_server_new (PenstockConfig *config);

/**
 * penstock_server_start:
 * @self: a server
 * @error: return location for a #GError
 *
 * Binds the ports and starts every route. When it returns %TRUE the ports are
 * served; routes come up by themselves, an unreachable source is no error.
 *
 * Returns: %TRUE, or %FALSE with %PENSTOCK_ERROR_ADDRESS_IN_USE or
 *   %PENSTOCK_ERROR_FAILED; nothing is left running then
 *
 * Since: 0.1
 */
gboolean penstock_server_start (PenstockServer *self, GError **error);

/**
 * penstock_server_reload:
 * @self: a started server
 * @config: another checked configuration
 * @error: return location for a #GError
 *
 * Goes over to @config and touches only what differs. Routes that are the same
 * go on, their readers notice nothing. Of a route that differs, the outputs
 * that are the same go on with their readers, and so does the input; routes
 * that are no longer there end, new ones start. A publisher stays if its route
 * can still be made from a template. TLS certificates are read again and count
 * for new connections. Listeners cannot change.
 *
 * Returns: %TRUE, or %FALSE with %PENSTOCK_ERROR_CONFIG (a listener differs, or
 *   the certificate cannot be used) or %PENSTOCK_ERROR_FAILED (not running);
 *   nothing has changed then
 *
 * Since: 0.1
 */
gboolean penstock_server_reload (
    PenstockServer *self, PenstockConfig *config, GError **error);

/**
 * penstock_server_stop:
 * @self: a server
 *
 * Drains and closes everything. The signal #PenstockServer::stopped is emitted
 * when nothing is left.
 *
 * Since: 0.1
 */
void penstock_server_stop (PenstockServer *self);

/**
 * penstock_server_list_routes:
 * @self: a server
 *
 * Returns: (transfer container) (element-type PenstockRoute): the routes that
 *   exist now, those made from templates included, by name
 *
 * Since: 0.1
 */
GPtrArray *penstock_server_list_routes (PenstockServer *self);

/**
 * penstock_server_get_route:
 * @self: a server
 * @name: name of a route
 *
 * Returns: (transfer none) (nullable): the route
 *
 * Since: 0.1
 */
PenstockRoute *penstock_server_get_route (
    PenstockServer *self, const gchar *name);

/**
 * penstock_server_list_viewers:
 * @self: a server
 * @route: (nullable): name of a route, %NULL = of all
 *
 * Who has set up an RTSP output now, playing or not. Readers by RTMP and HTTP
 * are only counted, see penstock_server_get_status().
 *
 * Returns: (transfer container) (element-type PenstockViewer): the viewers as
 *   they are at this moment
 *
 * Since: 0.1
 */
GPtrArray *penstock_server_list_viewers (
    PenstockServer *self, const gchar *route);

/**
 * penstock_server_kick_viewer:
 * @self: a server
 * @id: of the viewer, see penstock_viewer_get_id()
 *
 * Closes the connection of a viewer. It is gone when #PenstockServer::viewer-left
 * tells so; nothing keeps it from coming again.
 *
 * Returns: %FALSE when there is no such viewer
 *
 * Since: 0.1
 */
gboolean penstock_server_kick_viewer (PenstockServer *self, guint id);

/**
 * penstock_server_control:
 * @self: a server
 * @request: JSON text, an object with the member `method`
 *
 * Does what a program asks for, in JSON: `list-viewers`, `kick-viewer`. The
 * answer is an object with the member `result`, or `error` with a `code` and a
 * `message`. docs/control.md tells of all methods. Call from the server's
 * context.
 *
 * Returns: (transfer full): JSON text
 *
 * Since: 0.1
 */
gchar *penstock_server_control (PenstockServer *self, const gchar *request);

/**
 * penstock_server_get_port:
 * @self: a started server
 * @protocol: `rtmp`, `rtsp` or `http`
 *
 * Returns: the port it listens on, 0 = it does not listen
 *
 * Since: 0.1
 */
guint penstock_server_get_port (PenstockServer *self, const gchar *protocol);

/**
 * penstock_server_get_status:
 * @self: a server
 *
 * What `/status.json` shows: routes, inputs with state, reason and since,
 * codecs, rates, GOPs, readers. Secrets are not in it.
 *
 * Returns: (transfer full): JSON text
 *
 * Since: 0.1
 */
gchar *penstock_server_get_status (PenstockServer *self);

G_END_DECLS

#endif /* PENSTOCK_SERVER_H */
