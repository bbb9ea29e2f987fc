/* SPDX-License-Identifier: MIT
 *
 * RTSP sessions with unguessable identifiers: who knows one can control the
 * session from another connection. */
#ifndef PENSTOCK_RTSP_SESSION_POOL_H
#define PENSTOCK_RTSP_SESSION_POOL_H

#include <gst/rtsp-server/rtsp-server.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTSP_SESSION_POOL (penstock_rtsp_session_pool_get_type ())
G_DECLARE_FINAL_TYPE (PenstockRtspSessionPool, penstock_rtsp_session_pool,
    PENSTOCK, RTSP_SESSION_POOL, GstRTSPSessionPool)

GstRTSPSessionPool *penstock_rtsp_session_pool_new (void);

G_END_DECLS

#endif /* PENSTOCK_RTSP_SESSION_POOL_H */
