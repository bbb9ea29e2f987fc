/* SPDX-License-Identifier: MIT
 *
 * Takes the packets of a media out of its pipeline, behind rtpbin, and puts them
 * into the hub, one access unit a block. Nothing goes further than here: the
 * library's own sinks stay empty. */
#ifndef PENSTOCK_RTP_TAP_H
#define PENSTOCK_RTP_TAP_H

#include "rtp-hub.h"

G_BEGIN_DECLS

/**
 * penstock_rtp_tap_attach:
 * @hub: where packets go
 * @bin: has the payloaders, pay0 and following, one a stream
 * @rtpbin: has no pads yet
 *
 * Lives as long as @rtpbin.
 */
void penstock_rtp_tap_attach (
    PenstockRtpHub *hub, GstBin *bin, GstElement *rtpbin);

G_END_DECLS

#endif /* PENSTOCK_RTP_TAP_H */
