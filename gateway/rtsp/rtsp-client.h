/* SPDX-License-Identifier: MIT
 *
 * One RTSP connection: what we forbid, count and tell apart from what the
 * library does. Lives in the thread that serves its requests. */
#ifndef PENSTOCK_RTSP_CLIENT_H
#define PENSTOCK_RTSP_CLIENT_H

#include <gst/rtsp-server/rtsp-server.h>

#include "rtsp-counter.h"
#include "rtsp-factory.h"
#include "rtsp-record.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTSP_CLIENT (penstock_rtsp_client_get_type ())
G_DECLARE_FINAL_TYPE (PenstockRtspClient, penstock_rtsp_client, PENSTOCK,
    RTSP_CLIENT, GstRTSPClient)

GstRTSPClient *penstock_rtsp_client_new (
    PenstockRtspCounter *counter, PenstockRtspCensus *census);

/* Once, before it has its connection: it may publish. */
void penstock_rtsp_client_set_ports (
    PenstockRtspClient *self, PenstockPublishPorts *ports);
/* What it publishes. The client's thread; both (transfer none) (nullable): %NULL:
 * it has announced nothing; publishing is not offered. */
PenstockRtspRecord *penstock_rtsp_client_get_record (PenstockRtspClient *self);
PenstockRtspRecord *penstock_rtsp_client_make_record (PenstockRtspClient *self);

/* Once it has its connection, before its first request. @certificate: the
 * connection speaks TLS with it; NULL = it does not. */
void penstock_rtsp_client_connected (
    PenstockRtspClient *self, GTlsCertificate *certificate);

/* To be called every few seconds, by one thread: ends the connection when it
 * has no session and asks for nothing. @now: monotonic. */
void penstock_rtsp_client_tick (PenstockRtspClient *self, gint64 now);

/* The client's thread: the request that runs takes a media of @factory, which
 * is not to go before the request is answered. */
void penstock_rtsp_client_hold_mount (
    PenstockRtspClient *self, PenstockRtspFactory *factory);

/* The client's thread, for each request whose sender may make it, before the
 * library handles it: a status of 400 or more refuses it, with that answer. */
GstRTSPStatusCode penstock_rtsp_client_screen (
    PenstockRtspClient *self, GstRTSPContext *ctx);

/* Cuts the connection; the client goes in its own thread. Any thread that
 * holds a reference. */
void penstock_rtsp_client_kick (PenstockRtspClient *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_CLIENT_H */
