/* SPDX-License-Identifier: MIT
 *
 * One media in one session that plays: its viewers in the hub, one for the
 * streams inside the connection and one for those over UDP, and what the answer
 * to PLAY says of them (RTP-Info: RFC 2326, 12.33). Called by the thread of the
 * connection. */
#ifndef PENSTOCK_RTSP_PLAY_H
#define PENSTOCK_RTSP_PLAY_H

#include <gst/rtsp-server/rtsp-server.h>

#include "rtp-connection.h"

G_BEGIN_DECLS

typedef struct _PenstockRtspPlay PenstockRtspPlay;

/* @fd: of the connection, which ends with the stream. */
PenstockRtspPlay *penstock_rtsp_play_new (
    PenstockRtpHub *hub, GstRTSPSessionMedia *session, int fd);
/* Nothing comes any more. The connection must be there still. */
void penstock_rtsp_play_free (PenstockRtspPlay *play);

/* Whether a session has a stream inside the connection. */
gboolean penstock_rtsp_play_needs_connection (GstRTSPSessionMedia *session);

/**
 * penstock_rtsp_play_begin:
 * @connection: (nullable): for streams inside it; the same each time
 * @now: running time of the media
 *
 * Fixes where it begins. When it plays already nothing changes.
 *
 * Returns: (transfer full) (nullable): the value of RTP-Info; %NULL when nothing
 *   changes
 */
gchar *penstock_rtsp_play_begin (PenstockRtspPlay *play,
    PenstockRtpConnection *connection, const PenstockCursorSettings *settings,
    GstClockTime now);
/* After the answer: packets come. */
void penstock_rtsp_play_start (PenstockRtspPlay *play);
void penstock_rtsp_play_pause (PenstockRtspPlay *play);

/* (transfer none): of all its viewers. */
PenstockRtpViewerStats *penstock_rtsp_play_get_stats (PenstockRtspPlay *play);

G_END_DECLS

#endif /* PENSTOCK_RTSP_PLAY_H */
