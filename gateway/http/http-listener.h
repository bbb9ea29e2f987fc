/* SPDX-License-Identifier: MIT
 *
 * The listening ports of the HTTP server: accepts what connects, has TLS shake
 * hands, and hands it to libsoup.
 *
 * All but http_listener_bind() belongs to the HTTP thread. */
#ifndef PENSTOCK_HTTP_LISTENER_H
#define PENSTOCK_HTTP_LISTENER_H

#include "http-connection.h"
#include "http-nests.h"
#include "../config-types.h"

G_BEGIN_DECLS

typedef struct _HttpListener HttpListener;

/* Opens a listening socket on @listen (any thread). "::" and no host are dual
 * stack, or IPv4 where the system has no IPv6. Errors of PENSTOCK_ERROR name
 * the address. (transfer full) */
GSocket *http_listener_bind (
    const PenstockListenAddress *listen, GError **error);

/* Works in the thread-default context; does not own what it is given. */
HttpListener *http_listener_new (SoupServer *server,
    HttpConnections *connections, HttpNests *nests, HttpCounters *counters);
/* Starts to accept from @socket. @certificate: (nullable): for TLS. */
void http_listener_add_port (
    HttpListener *self, GSocket *socket, GTlsCertificate *certificate);
/* For connections by TLS from now on. */
void http_listener_set_certificate (
    HttpListener *self, GTlsCertificate *certificate);
/* Accepts no more. Those who shake hands finish or are closed, by their
 * connections, before http_listener_free(). */
void http_listener_stop (HttpListener *self);
void http_listener_free (HttpListener *self);

G_END_DECLS

#endif /* PENSTOCK_HTTP_LISTENER_H */
