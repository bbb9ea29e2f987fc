/* SPDX-License-Identifier: MIT
 *
 * What RTP brings into a channel, pulled or published: one table row a payload
 * format. Thread-safe. */
#ifndef PENSTOCK_RTSP_DEPAYLOAD_H
#define PENSTOCK_RTSP_DEPAYLOAD_H

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PenstockRtspDepayload:
 * @encoding: encoding name in the SDP
 * @depayloader: name of an element
 * @caps: media type of what the element makes
 * @frame: RTP time of an access unit, the shortest usual one, where senders put
 *   several into a packet; 0: they do not
 */
typedef struct {
  const gchar *encoding, *depayloader, *caps;
  guint frame;
} PenstockRtspDepayload;

/* (nullable): the row of an encoding name, in upper or lower case. */
const PenstockRtspDepayload *penstock_rtsp_depayload_find (
    const gchar *encoding);

/**
 * penstock_rtsp_depayload_check:
 * @media: (nullable): kind of media in the SDP, "video"
 * @encoding: (nullable): encoding name
 *
 * Returns: (transfer full) (nullable): why a stream is not carried; %NULL when
 *   it is
 */
gchar *penstock_rtsp_depayload_check (
    const gchar *media, const gchar *encoding);

G_END_DECLS

#endif /* PENSTOCK_RTSP_DEPAYLOAD_H */
