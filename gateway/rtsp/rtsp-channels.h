/* SPDX-License-Identifier: MIT
 *
 * Channels of interleaved media (RFC 2326, 10.12), as the library is to see
 * them. What a player sends in its channel of RTP goes to a part of the stream
 * that only publishers have, and is never freed (1.22.0,
 * gst_rtsp_stream_recv_rtp). What comes in a channel that it does not know, the
 * library drops: so it does not learn this one. */
#ifndef PENSTOCK_RTSP_CHANNELS_H
#define PENSTOCK_RTSP_CHANNELS_H

#include <gst/rtsp-server/rtsp-server.h>

G_BEGIN_DECLS

/* With SETUP, first: a client that names one channel gets the next one, too, for
 * RTCP. FALSE: there is none. */
gboolean penstock_rtsp_channels_complete (GstRTSPTransport *transport);

/* Before the library takes note of the channels. Returns: the channel of RTP,
 * -1 when it is not hidden: other transports, publishers */
gint penstock_rtsp_channels_hide (GstRTSPTransport *transport);

/* With the @answer, before it is sent: @channel, which was hidden, in it and in
 * @transport. */
void penstock_rtsp_channels_show (
    gint channel, GstRTSPStreamTransport *transport, GstRTSPMessage *answer);

G_END_DECLS

#endif /* PENSTOCK_RTSP_CHANNELS_H */
