/* SPDX-License-Identifier: MIT
 *
 * TCP sockets as RTMP wants them. No state, any thread. */
#ifndef PENSTOCK_RTMP_SOCKET_H
#define PENSTOCK_RTMP_SOCKET_H

#include <gio/gio.h>

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

/* The next connection, non-blocking and tuned, or -1 with errno. @peer
 * (transfer full): "192.0.2.7:50412". */
int penstock_rtmp_socket_accept (int listener, gchar **peer);

/* Begins to connect; -1 with errno. Tuned like an accepted one. */
int penstock_rtmp_socket_connect (GInetAddress *address, guint16 port);
/* What became of it: 0 or an errno. */
int penstock_rtmp_socket_get_error (int fd);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SOCKET_H */
