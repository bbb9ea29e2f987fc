/* SPDX-License-Identifier: MIT
 *
 * TLS handshakes of the HTTP server. GIO shakes hands in a thread that waits
 * for the client, so they have a pool of their own, which nobody enters before
 * he has sent something, and of which one address cannot take all. HTTP thread
 * only; the pool's threads do nothing but shake hands. */
#ifndef PENSTOCK_HTTP_HANDSHAKE_H
#define PENSTOCK_HTTP_HANDSHAKE_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* At a time, and of one address at a time. The others wait for their turn. */
#define HTTP_HANDSHAKES_MAX 64
#define HTTP_HANDSHAKES_MAX_PER_ADDRESS 16

typedef struct _HttpHandshakes HttpHandshakes;

/* Works in the thread-default context. */
HttpHandshakes *http_handshakes_new (void);
/* Waits for those that are at it: close their sockets first. Their callbacks
 * are not called any more. */
void http_handshakes_free (HttpHandshakes *self);

typedef void (*HttpHandshakeDone) (gboolean ok, gpointer user_data);

/* @nest: the context in which @socket's first byte is waited for. @done is called
 * once, later, unless the handshakes are freed before; @destroy of @user_data
 * always. Whoever loses patience shuts @socket down. */
void http_handshakes_start (HttpHandshakes *self, GMainContext *nest,
    GTlsConnection *connection, GSocket *socket, guint64 address,
    HttpHandshakeDone done, gpointer user_data, GDestroyNotify destroy);

G_END_DECLS

#endif /* PENSTOCK_HTTP_HANDSHAKE_H */
