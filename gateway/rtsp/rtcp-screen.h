/* SPDX-License-Identifier: MIT
 *
 * Keeps from rtpbin what its sessions (GStreamer 1.22) read without care:
 * descriptions by a peer that are not plain (rtcp-sdes.h). */
#ifndef PENSTOCK_RTCP_SCREEN_H
#define PENSTOCK_RTCP_SCREEN_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* @rtpbin: before it has pads for RTCP. */
void penstock_rtcp_screen_attach (GstElement *rtpbin);

G_END_DECLS

#endif /* PENSTOCK_RTCP_SCREEN_H */
