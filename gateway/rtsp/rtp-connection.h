/* SPDX-License-Identifier: MIT
 *
 * The sending side of an RTSP connection whose viewers get packets inside it:
 * answers to requests and interleaved frames, never one inside the other. It
 * writes to the socket, or through TLS; reading stays with the library. */
#ifndef PENSTOCK_RTP_CONNECTION_H
#define PENSTOCK_RTP_CONNECTION_H

#include <gio/gio.h>

#include "rtp-hub.h"

G_BEGIN_DECLS

typedef struct _PenstockRtpConnection PenstockRtpConnection;

/**
 * penstock_rtp_connection_new:
 * @pool: loops, one of which serves it from now on
 * @fd: the socket, which is duplicated
 * @tls: (nullable): what is spoken on it
 *
 * The functions below are called by one thread at a time.
 */
PenstockRtpConnection *penstock_rtp_connection_new (
    PenstockLoopPool *pool, int fd, GTlsConnection *tls);
/* Sends no more. */
void penstock_rtp_connection_free (PenstockRtpConnection *connection);

/* Sends @bytes (transfer full) in front of packets that have not begun. @last:
 * then cuts the connection. */
void penstock_rtp_connection_answer (
    PenstockRtpConnection *connection, GBytes *bytes, gboolean last);

/**
 * penstock_rtp_connection_add_viewer:
 * @hub: of the same pool
 *
 * Returns: (transfer none): to be told its streams, and to be begun
 */
PenstockRtpViewer *penstock_rtp_connection_add_viewer (
    PenstockRtpConnection *connection, PenstockRtpHub *hub,
    PenstockRtpViewerStats *stats);
/* Sends it what it has begun with, after the answers given before. */
void penstock_rtp_connection_play (
    PenstockRtpConnection *connection, PenstockRtpViewer *viewer);
/* Until it plays again. On return its feed can be begun anew. Waits for the
 * loop. */
void penstock_rtp_connection_pause (
    PenstockRtpConnection *connection, PenstockRtpViewer *viewer);
/* Frees the viewer. */
void penstock_rtp_connection_remove_viewer (
    PenstockRtpConnection *connection, PenstockRtpViewer *viewer);

G_END_DECLS

#endif /* PENSTOCK_RTP_CONNECTION_H */
