/* SPDX-License-Identifier: MIT
 *
 * Listening sockets of one address. "::" listens on IPv4 and IPv6 with a socket
 * each, so that IPv4 peers have plain IPv4 addresses. */
#ifndef PENSTOCK_RTSP_LISTENER_H
#define PENSTOCK_RTSP_LISTENER_H

#include <gio/gio.h>

#include "../config-types.h"

G_BEGIN_DECLS

typedef struct _PenstockRtspListener PenstockRtspListener;

/* A connection came. @socket: (transfer full). In the listener's context. */
typedef void (*PenstockRtspAcceptFunc) (GSocket *socket, gpointer user_data);

/**
 * penstock_rtsp_listener_new:
 * @listen: where
 * @func: called for each connection in the thread-default context of the caller
 * @user_data: for @func
 * @error: return location for a #GError
 *
 * Binds and listens. When the process is out of file descriptors, accepting
 * pauses instead of spinning.
 *
 * Returns: (transfer full): the listener, or %NULL with
 *   %PENSTOCK_ERROR_ADDRESS_IN_USE, %PENSTOCK_ERROR_FAILED
 */
PenstockRtspListener *penstock_rtsp_listener_new (
    const PenstockListenAddress *listen, PenstockRtspAcceptFunc func,
    gpointer user_data, GError **error);
guint16 penstock_rtsp_listener_get_port (PenstockRtspListener *self);
/* Closes the sockets; @func is not called any more. */
void penstock_rtsp_listener_free (PenstockRtspListener *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_LISTENER_H */
