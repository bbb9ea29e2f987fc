/* SPDX-License-Identifier: MIT
 *
 * TLS handshakes for connections that live on loops. GIO shakes hands in a
 * thread that waits for the peer, so that is done by a pool of threads of its
 * own, of which one address cannot take all. Connections that we made have
 * another pool: whoever fills the one of the listeners does not stop them. */
#ifndef PENSTOCK_TLS_HANDSHAKES_H
#define PENSTOCK_TLS_HANDSHAKES_H

#include <gio/gio.h>

#include "ip-host.h"

G_BEGIN_DECLS

/* At a time in each pool, and of one address at a time (of IPv6: its /64). The
 * others wait for their turn. Each takes one of GIO's threads too, of which there
 * are ten at once and more only slowly: one address shall not have all of them. */
#define PENSTOCK_TLS_HANDSHAKES_MAX 64
#define PENSTOCK_TLS_HANDSHAKES_MAX_PER_ADDRESS 8

#define PENSTOCK_TLS_ADDRESS_SIZE PENSTOCK_IP_SIZE

/* @error: (transfer none) (nullable): why it failed. In a thread of the pool:
 * must not block. */
typedef void (*PenstockTlsHandshakeDone) (
    const GError *error, gpointer user_data);

/**
 * penstock_tls_handshake:
 * @connection: referenced until it is done; whether it is a client's tells the
 *   pool
 * @address: PENSTOCK_TLS_ADDRESS_SIZE bytes that stand for the peer
 * @done: called once
 *
 * Shakes hands. Whoever loses patience shuts the socket down. Any thread.
 */
void penstock_tls_handshake (GTlsConnection *connection, const guint8 *address,
    PenstockTlsHandshakeDone done, gpointer user_data);

/**
 * penstock_tls_is_too_old:
 * @connection: after its handshake
 *
 * GIO shakes hands by anything that the system allows, TLS 1.0 on Debian 12.
 * RFC 8996 has everything before 1.2 end. Any thread.
 */
gboolean penstock_tls_is_too_old (GTlsConnection *connection);

/* For tests; before the first handshake. */
void penstock_priv_tls_handshakes_set_max (guint max);

G_END_DECLS

#endif /* PENSTOCK_TLS_HANDSHAKES_H */
