/* SPDX-License-Identifier: MIT
 *
 * What the answer to PLAY says about the packets to come: RTP-Info (RFC 2326,
 * 12.33). Players put streams together by it until the first sender reports. */
#ifndef PENSTOCK_RTSP_INFO_H
#define PENSTOCK_RTSP_INFO_H

#include <gst/rtsp-server/rtsp-server.h>

G_BEGIN_DECLS

/**
 * penstock_rtsp_info_new:
 * @session: a media of ours in a session
 *
 * For each stream that is set up, the number of its first packet, and its RTP
 * time at one moment: the earliest first packet of all. A stream that has had
 * no packet yet is no exception. Call from the client's thread.
 *
 * Returns: (transfer full) (nullable): the header's value, %NULL without streams
 */
gchar *penstock_rtsp_info_new (GstRTSPSessionMedia *session);

G_END_DECLS

#endif /* PENSTOCK_RTSP_INFO_H */
