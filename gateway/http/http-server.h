/* SPDX-License-Identifier: MIT
 *
 * The gateway's one HTTP server (libsoup 3) on a thread and main context of
 * its own: index, status, player pages and assets, DASH files, /time. */
#ifndef PENSTOCK_HTTP_SERVER_H
#define PENSTOCK_HTTP_SERVER_H

#include <gio/gio.h>

#include "../config-types.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_HTTP_SERVER (penstock_http_server_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockHttpServer, penstock_http_server, PENSTOCK, HTTP_SERVER, GObject)

/* Makes the newest status as JSON text, (transfer full). Called in the context
 * that made the server (control), never in the HTTP thread; the server caches
 * the answer for a moment so that page loads cannot load the control plane. */
typedef GBytes *(*PenstockHttpStatusFunc) (gpointer user_data);

PenstockHttpServer *penstock_http_server_new (
    const PenstockListenAddress *listen, PenstockHttpStatusFunc status,
    gpointer user_data);
/* Binds the port; PENSTOCK_ERROR_ADDRESS_IN_USE names it. */
gboolean penstock_http_server_start (PenstockHttpServer *self, GError **error);
void penstock_http_server_stop (PenstockHttpServer *self);
guint16 penstock_http_server_get_port (PenstockHttpServer *self);

/* Routes with a page: the player at "/" + @path + "/". @store: (nullable)
 * name of the segment store (dash/segment-store.h) that holds its DASH files;
 * NULL when the route has no DASH output (the page says so). */
void penstock_http_server_add_route (
    PenstockHttpServer *self, const gchar *path, const gchar *store);
void penstock_http_server_remove_route (
    PenstockHttpServer *self, const gchar *path);

/* How many clients have asked for media of the route in the last seconds; see
 * http-viewers.h. 0 for an unknown route. Any thread. */
guint penstock_http_server_count_viewers (
    PenstockHttpServer *self, const gchar *path);

/* TRUE when the dash.js player is built in. */
gboolean penstock_http_has_player (void);

G_END_DECLS

#endif /* PENSTOCK_HTTP_SERVER_H */
