/* SPDX-License-Identifier: MIT
 *
 * TCP sockets as RTMP wants them. No state, any thread. */
#ifndef PENSTOCK_RTMP_SOCKET_H
#define PENSTOCK_RTMP_SOCKET_H

#include <gio/gio.h>

#include "rtmp-peers.h"

G_BEGIN_DECLS

/**
 * penstock_rtmp_socket_listen:
 * @host: (nullable): address; %NULL or "" = "::", dual-stack, IPv4 alone where
 *   there is no IPv6
 * @port: (inout): 0 = the system picks one
 * @address: (out) (transfer full): normal form of the address
 *
 * Returns: a listening, non-blocking descriptor, or -1 with %G_IO_ERROR
 */
int penstock_rtmp_socket_listen (const gchar *host, guint16 *port,
    gchar **address, GError **error);

/* The next connection, non-blocking, or -1 with errno. */
int penstock_rtmp_socket_accept (int listener, PenstockRtmpAddress *address,
    guint16 *port);
/* Sets the options that RTMP wants. */
void penstock_rtmp_socket_tune (int fd);
/* Closes it without a word: the peer sees a reset. */
void penstock_rtmp_socket_reset (int fd);
/* (transfer full): "192.0.2.7:50412". */
gchar *penstock_rtmp_socket_peer_text (const PenstockRtmpAddress *address,
    guint16 port);

/* Begins to connect; -1 with errno. Tuned like an accepted one. */
int penstock_rtmp_socket_connect (GInetAddress *address, guint16 port);
/* What became of it: 0 or an errno. */
int penstock_rtmp_socket_get_error (int fd);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SOCKET_H */
