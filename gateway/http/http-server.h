/* SPDX-License-Identifier: MIT
 *
 * The gateway's one HTTP server (libsoup 3) on a thread and main context of
 * its own: index, status, player pages and assets, DASH files, /time. */
#ifndef PENSTOCK_HTTP_SERVER_H
#define PENSTOCK_HTTP_SERVER_H

#include <gio/gio.h>

#include "http-counters.h"
#include "http-limits.h"
#include "../config-types.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_HTTP_SERVER (penstock_http_server_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockHttpServer, penstock_http_server, PENSTOCK, HTTP_SERVER, GObject)

/* Makes the newest status as JSON text, (transfer full). Called in the context
 * that made the server (control), never in the HTTP thread; the server caches
 * the answer for a moment so that page loads cannot load the control plane. */
typedef GBytes *(*PenstockHttpStatusFunc) (gpointer user_data);

/* @listen: for HTTP; not set: only HTTPS, see penstock_http_server_set_tls().
 */
PenstockHttpServer *penstock_http_server_new (
    const PenstockListenAddress *listen, PenstockHttpStatusFunc status,
    gpointer user_data);
/* HTTPS too, before the start. */
void penstock_http_server_set_tls (PenstockHttpServer *self,
    const PenstockListenAddress *listen, GTlsCertificate *certificate);
/* Another certificate, for connections from now on. */
void penstock_http_server_set_certificate (
    PenstockHttpServer *self, GTlsCertificate *certificate);
/* Other limits, for what comes from now on. */
void penstock_http_server_set_limits (
    PenstockHttpServer *self, const HttpLimits *limits);
/* Binds the ports; PENSTOCK_ERROR_ADDRESS_IN_USE names the one. */
gboolean penstock_http_server_start (PenstockHttpServer *self, GError **error);
void penstock_http_server_stop (PenstockHttpServer *self);
/* 0: not listening. */
guint16 penstock_http_server_get_port (PenstockHttpServer *self);
guint16 penstock_http_server_get_tls_port (PenstockHttpServer *self);
/* Any thread; lives as long as @self. */
const HttpCounters *penstock_http_server_get_counters (
    PenstockHttpServer *self);

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
