/* SPDX-License-Identifier: MIT
 *
 * The connections of the HTTP server: counts them, knows whose turn it is on
 * each, and closes those that do not get on. libsoup's server has neither a
 * limit of connections nor a deadline. HTTP thread only. */
#ifndef PENSTOCK_HTTP_CONNECTION_H
#define PENSTOCK_HTTP_CONNECTION_H

#include <libsoup/soup.h>

#include "http-counters.h"
#include "http-limits.h"
#include "http-stream.h"

G_BEGIN_DECLS

/* All of a server. */
typedef struct _HttpConnections HttpConnections;
typedef struct _HttpConnection HttpConnection;

/* Works in the thread-default context. @counters: must outlive them. */
HttpConnections *http_connections_new (
    const HttpLimits *limits, HttpCounters *counters);
/* Closes every connection; they go as libsoup lets go of them. */
void http_connections_close (HttpConnections *self);
void http_connections_free (HttpConnections *self);
/* For connections that come, and deadlines that are set, from now on. */
void http_connections_set_limits (
    HttpConnections *self, const HttpLimits *limits);
/* Those that libsoup still holds. */
guint http_connections_get_n (HttpConnections *self);

typedef enum {
  HTTP_ADMIT,
  HTTP_REFUSE_TOTAL,   /* as many as there may be, and none of them idle */
  HTTP_REFUSE_ADDRESS, /* as many as one address may have */
} HttpAdmission;

/* May @remote have one more? An idle connection goes if it must. */
HttpAdmission http_connections_admit (
    HttpConnections *self, GSocketAddress *remote);

/* A client that has just connected. Returns what libsoup is to read it by; the
 * connection ends with that. @nest: the context that libsoup runs it in. @base:
 * @socket's stream, or TLS on it. @remote: the very object that libsoup will
 * get: messages bring it back. (transfer full) */
PenstockHttpStream *http_connections_add (HttpConnections *self,
    GMainContext *nest, GSocket *socket, GSocketAddress *remote,
    GIOStream *base, gboolean secure);

/* Who has to do something for a connection to get on. */
typedef enum {
  HTTP_CONNECTION_IDLE,    /* the client: a request */
  HTTP_CONNECTION_READING, /* the client: the body of a request */
  HTTP_CONNECTION_WORKING, /* we: an answer, or more of it. No deadline */
  HTTP_CONNECTION_WRITING, /* the client: to take the bytes */
  HTTP_CONNECTION_DROPPED, /* nobody: it is being closed */
} HttpConnectionState;

/* The connection that a request came by; NULL once the server stops. */
HttpConnection *http_connection_of (SoupServerMessage *message);

const gchar *http_connection_get_peer (HttpConnection *self);
gboolean http_connection_is_secure (HttpConnection *self);
/* The context of what waits for this connection. (transfer none) */
GMainContext *http_connection_get_nest (HttpConnection *self);
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

#endif /* PENSTOCK_HTTP_CONNECTION_H */
