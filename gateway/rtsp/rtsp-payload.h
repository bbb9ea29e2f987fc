/* SPDX-License-Identifier: MIT
 *
 * What RTP carries of a channel, and the bin that turns a channel into RTP
 * packets. One table row a codec. Thread-safe. */
#ifndef PENSTOCK_RTSP_PAYLOAD_H
#define PENSTOCK_RTSP_PAYLOAD_H

#include <gst/gst.h>

#include "channel/channel.h"

G_BEGIN_DECLS

/**
 * penstock_rtsp_payload_check:
 * @track: a track
 *
 * Returns: (transfer full) (nullable): why RTP does not carry the track, one
 *   sentence without full stop; %NULL when it does
 */
gchar *penstock_rtsp_payload_check (const PenstockTrack *track);

/**
 * penstock_rtsp_payload_bin:
 * @channel: name of the channel to read
 * @layout: its tracks
 * @error: return location for a #GError
 *
 * A bin with a `penstockchannelsrc` and one chain of queue, parser and
 * payloader (`pay0`, `pay1`, ...) for each track that RTP carries, as
 * GstRTSPMediaFactory wants it. A source pad finds its queue by name.
 *
 * Returns: (transfer floating): the bin, or %NULL with
 *   %PENSTOCK_ERROR_NOT_READY when no track can be carried,
 *   %PENSTOCK_ERROR_MISSING_ELEMENT
 */
GstElement *penstock_rtsp_payload_bin (
    const gchar *channel, const PenstockLayout *layout, GError **error);

/* How many streams that bin has, and which are video, a bit each. */
guint penstock_rtsp_payload_streams (
    const PenstockLayout *layout, guint32 *video);

typedef enum {
  PENSTOCK_RTSP_LAYOUT_SAME,    /* what was described still holds */
  PENSTOCK_RTSP_LAYOUT_REDUCED, /* a track is missing, the rest holds */
  PENSTOCK_RTSP_LAYOUT_OTHER,   /* needs a new description */
} PenstockRtspLayoutChange;

/* Whether viewers that were told @before can go on with @after. Parameters
 * that travel in the stream (resolution, parameter sets) may change; the set of
 * tracks, codecs, audio rate, channels and the AAC configuration may not. */
PenstockRtspLayoutChange penstock_rtsp_payload_compare (
    const PenstockLayout *before, const PenstockLayout *after);

G_END_DECLS

#endif /* PENSTOCK_RTSP_PAYLOAD_H */
