/* SPDX-License-Identifier: MIT
 *
 * The listening port of the HTTP server and the connections on it: accepts,
 * counts, hands them to libsoup, and closes those that do not get on with it.
 * libsoup's server has neither a limit of connections nor a deadline.
 *
 * All but http_listener_bind() belongs to the HTTP thread. */
#ifndef PENSTOCK_HTTP_LISTENER_H
#define PENSTOCK_HTTP_LISTENER_H

#include <libsoup/soup.h>

#include "http-limits.h"
#include "../config-types.h"

G_BEGIN_DECLS

typedef struct _HttpListener HttpListener;
typedef struct _HttpConnection HttpConnection;

/* Who has to do something for a connection to get on. */
typedef enum {
  HTTP_CONNECTION_IDLE,    /* the client: a request */
  HTTP_CONNECTION_READING, /* the client: the body of a request */
  HTTP_CONNECTION_WORKING, /* we: an answer, or more of it. No deadline */
  HTTP_CONNECTION_WRITING, /* the client: to take the bytes */
  HTTP_CONNECTION_DROPPED, /* nobody: it is being closed */
} HttpConnectionState;

/* Opens a listening socket on @listen (any thread). "::" and no host are dual
 * stack, or IPv4 where the system has no IPv6. Errors of PENSTOCK_ERROR name
 * the address. (transfer full) */
GSocket *http_listener_bind (
    const PenstockListenAddress *listen, GError **error);

/* Starts to accept from @socket in the thread-default context. */
HttpListener *http_listener_new (
    GSocket *socket, SoupServer *server, const HttpLimits *limits);
/* No more connections are accepted, those that are there are closed. */
void http_listener_free (HttpListener *self);
/* Connections that libsoup still holds. */
guint http_listener_get_n_connections (HttpListener *self);

/* The connection that a request came by; NULL once the listener is gone. */
HttpConnection *http_connection_of (SoupServerMessage *message);
const gchar *http_connection_get_peer (HttpConnection *self);
HttpConnectionState http_connection_get_state (HttpConnection *self);
void http_connection_set_state (
    HttpConnection *self, HttpConnectionState state);
/* For the server: libsoup has begun to read a request, has read its headers,
 * and is done with it and its answer. */
void http_connection_request_started (HttpConnection *self);
void http_connection_headers_read (HttpConnection *self);
void http_connection_request_over (HttpConnection *self);
/* @gone is called once if the client closes its side, also only for sending,
 * before the request is over. For answers that are waited for: libsoup looks
 * at the socket only when it reads or writes. */
typedef void (*HttpConnectionGone) (gpointer user_data);
void http_connection_watch (
    HttpConnection *self, HttpConnectionGone gone, gpointer user_data);
/* @bytes were queued for the client, or taken by it. The state follows:
 * WRITING while there are any. */
void http_connection_queued (HttpConnection *self, gsize bytes);
void http_connection_sent (HttpConnection *self, gsize bytes);
gsize http_connection_get_pending (HttpConnection *self);
/* Ends it at once, whatever it does; libsoup notices by itself unless it has
 * paused the message. @reason goes to the log. */
void http_connection_drop (HttpConnection *self, const gchar *reason);

G_END_DECLS

#endif /* PENSTOCK_HTTP_LISTENER_H */
