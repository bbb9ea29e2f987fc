/* SPDX-License-Identifier: MIT
 *
 * What one publisher records: a pipeline from RTP to the pads of a publication.
 * It lives as long as the publisher's session. The first packets may come before
 * it is known how the clocks of the tracks relate; they wait in it
 * (rtsp-record-clock.h). */
#ifndef PENSTOCK_RTSP_RECORD_MEDIA_H
#define PENSTOCK_RTSP_RECORD_MEDIA_H

#include <gst/rtsp-server/rtsp-server.h>

#include "../inputs/publish-port.h"
#include "rtsp-record-sdp.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTSP_RECORD_MEDIA (penstock_rtsp_record_media_get_type ())
G_DECLARE_FINAL_TYPE (PenstockRtspRecordMedia, penstock_rtsp_record_media,
    PENSTOCK, RTSP_RECORD_MEDIA, GstRTSPMedia)

/* It cannot go on, or has been taken down. A media thread; must not block. */
typedef void (*PenstockRtspRecordMediaFunc) (
    GObject *owner, const gchar *reason);

/* Once, before the description is handled. @owner: not kept. @ip: address of
 * the publisher, the only one whose packets are taken. */
void penstock_rtsp_record_media_set_owner (PenstockRtspRecordMedia *self,
    GObject *owner, PenstockRtspRecordMediaFunc over, const gchar *ip);

/* Once, before the description is handled that they are of. */
void penstock_rtsp_record_media_take_tracks (
    PenstockRtspRecordMedia *self, GPtrArray *tracks);

/* (nullable): (transfer none) */
const GPtrArray *penstock_rtsp_record_media_get_tracks (
    PenstockRtspRecordMedia *self);

/* The transport of one of its streams is known. */
void penstock_rtsp_record_media_set_up (
    PenstockRtspRecordMedia *self, guint stream, gboolean tcp);

/* Before it plays: what has been set up goes to @publication from now on. */
void penstock_rtsp_record_media_start (
    PenstockRtspRecordMedia *self, PenstockPublication *publication);

/* When a packet came last, monotonic microseconds; 0 = never. Any thread. */
gint64 penstock_rtsp_record_media_get_last_packet (
    PenstockRtspRecordMedia *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_RECORD_MEDIA_H */
