/* SPDX-License-Identifier: MIT
 *
 * What a connection publishes (RFC 2326, 10.3 and 10.11): one publication at a
 * time, from its ANNOUNCE to its end. The connection tells it of its requests,
 * in its own thread; it may end in any other. */
#ifndef PENSTOCK_RTSP_RECORD_H
#define PENSTOCK_RTSP_RECORD_H

#include <gst/rtsp-server/rtsp-server.h>

#include "../inputs/publish-ports.h"

G_BEGIN_DECLS

/* A publisher that sends nothing for so long is gone. */
#define PENSTOCK_RTSP_RECORD_SILENCE_US (10 * G_USEC_PER_SEC)

#define PENSTOCK_TYPE_RTSP_RECORD (penstock_rtsp_record_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockRtspRecord, penstock_rtsp_record, PENSTOCK, RTSP_RECORD, GObject)

/* Cuts the connection of a publisher that has to go. Any thread. */
typedef void (*PenstockRtspRecordCutFunc) (GstRTSPClient *client);

/**
 * penstock_rtsp_record_new:
 * @client: not kept
 * @ports: where routes take publishers
 * @peer: address and port
 */
PenstockRtspRecord *penstock_rtsp_record_new (GstRTSPClient *client,
    PenstockPublishPorts *ports, const gchar *peer,
    PenstockRtspRecordCutFunc cut);

/* --- requests (client's thread) ------------------------------------------- */

/**
 * penstock_rtsp_record_begin:
 * @uri: what is to be announced; may hold a key
 * @name: the route that it belongs to
 *
 * An ANNOUNCE that may be: from now on requests for @uri are about what is
 * published. FALSE while the connection publishes already.
 */
gboolean penstock_rtsp_record_begin (
    PenstockRtspRecord *self, const GstRTSPUrl *uri, const gchar *name);

/* Whether a request is about what is published here, and thus asks for no
 * further permission. */
gboolean penstock_rtsp_record_covers (
    PenstockRtspRecord *self, const GstRTSPUrl *uri);

/* (transfer full) (nullable): where the library finds it; %NULL: not ours. */
gchar *penstock_rtsp_record_make_path (
    PenstockRtspRecord *self, const GstRTSPUrl *uri);

/* The description: takes the place of the route's publisher. FALSE: refused,
 * see below. To be followed by the library's own handling, and
 * penstock_rtsp_record_fail() when that fails. */
gboolean penstock_rtsp_record_announce (PenstockRtspRecord *self,
    GstRTSPContext *ctx, GstRTSPMedia *media, const GstSDPMessage *sdp);
void penstock_rtsp_record_fail (PenstockRtspRecord *self);

/* Whether @media is what is published here. */
gboolean penstock_rtsp_record_has_media (
    PenstockRtspRecord *self, GstRTSPMedia *media);

void penstock_rtsp_record_set_up (
    PenstockRtspRecord *self, GstRTSPContext *ctx);
/* Before and after RECORD: media flows in between. */
GstRTSPStatusCode penstock_rtsp_record_prepare (
    PenstockRtspRecord *self, GstRTSPContext *ctx);
void penstock_rtsp_record_recorded (
    PenstockRtspRecord *self, GstRTSPContext *ctx);

/* An answer goes out. */
void penstock_rtsp_record_answered (
    PenstockRtspRecord *self, GstRTSPMessage *answer, GstRTSPStatusCode code);

/* Why the request that runs is refused; 0: it is not. */
GstRTSPStatusCode penstock_rtsp_record_get_refusal (PenstockRtspRecord *self);

/* --- the end (any thread) --------------------------------------------------- */

/* FALSE: it was over. */
gboolean penstock_rtsp_record_end (
    PenstockRtspRecord *self, const gchar *reason);
/* From ANNOUNCE to its end. */
gboolean penstock_rtsp_record_is_live (PenstockRtspRecord *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_RECORD_H */
