/* SPDX-License-Identifier: MIT
 *
 * Viewers over UDP: packets from the stream's own sockets to the ports of the
 * viewer, several with one system call, a burst at a bounded rate. */
#ifndef PENSTOCK_RTP_DATAGRAMS_H
#define PENSTOCK_RTP_DATAGRAMS_H

#include <gio/gio.h>

#include "rtp-hub.h"

G_BEGIN_DECLS

/* A viewer gets so much at once and goes on at so many bit/s, or a multiple of
 * the stream's bitrate: a third of what the default socket buffer of Linux
 * takes, and what home routers take without losses. */
#define PENSTOCK_RTP_UDP_BURST (48 * 1024)
#define PENSTOCK_RTP_UDP_MIN_RATE (20 * 1000 * 1000)
#define PENSTOCK_RTP_UDP_MAX_RATE (50 * 1000 * 1000)
#define PENSTOCK_RTP_UDP_FACTOR 4

/* (transfer full): to be told its streams. The functions below are called by
 * one thread at a time. @over_fd: what is shut down when the stream is over;
 * duplicated. */
PenstockRtpViewer *penstock_rtp_datagrams_new (
    PenstockRtpHub *hub, PenstockRtpViewerStats *stats, int over_fd);
/* Sends no more. */
void penstock_rtp_datagrams_free (PenstockRtpViewer *viewer);

/* Where the packets of @stream go from and to; @address is an IP address.
 * FALSE: that is no address. Before it plays. */
gboolean penstock_rtp_datagrams_set_stream (PenstockRtpViewer *viewer,
    guint stream, GSocket *rtp, GSocket *rtcp, const gchar *address,
    guint16 rtp_port, guint16 rtcp_port);

/* As of penstock_rtp_connection_play() and _pause(). */
void penstock_rtp_datagrams_play (PenstockRtpViewer *viewer);
void penstock_rtp_datagrams_pause (PenstockRtpViewer *viewer);

G_END_DECLS

#endif /* PENSTOCK_RTP_DATAGRAMS_H */
