/* SPDX-License-Identifier: MIT
 *
 * What a publisher announces: the tracks of a session description (RFC 8866),
 * which of them are carried, and why others are not. Pure but for the registry
 * of elements, which it asks. */
#ifndef PENSTOCK_RTSP_RECORD_SDP_H
#define PENSTOCK_RTSP_RECORD_SDP_H

#include <gst/gst.h>
#include <gst/sdp/gstsdpmessage.h>

#include "rtsp-depayload.h"

G_BEGIN_DECLS

/**
 * PenstockRecordTrack:
 * @name: for messages: "audio stream 1 (OPUS)"
 * @reason: (nullable): why it is not carried; %NULL when it is
 * @control: (nullable): its name in URLs
 * @payload: RTP payload type
 * @rate: of its RTP clock
 * @caps: application/x-rtp, for the depayloader
 * @row: how it gets to a channel
 *
 * All but @name, @reason and @control only of a track that is carried.
 */
typedef struct {
  gchar *name;
  gchar *reason;
  gchar *control;
  gboolean video;
  guint payload;
  guint rate;
  GstCaps *caps;
  const PenstockRtspDepayload *row;
} PenstockRecordTrack;

/* (transfer full) (element-type PenstockRecordTrack) (nullable): one for each
 * media of a parsed description, in order; %NULL when there are more than
 * %PENSTOCK_RECORD_MAX_TRACKS. */
GPtrArray *penstock_record_tracks_new (const GstSDPMessage *sdp);

guint penstock_record_tracks_count_carried (const GPtrArray *tracks);

G_END_DECLS

#endif /* PENSTOCK_RTSP_RECORD_SDP_H */
