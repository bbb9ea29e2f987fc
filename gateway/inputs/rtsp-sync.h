/* SPDX-License-Identifier: MIT
 *
 * Audio and video of an RTSP server together from the first packet on.
 *
 * rtspsrc takes the streams as they arrive until the server's first RTCP sender
 * reports, seconds later, tell how their clocks relate: up to then audio and
 * video are apart by the difference of their ways, tens of milliseconds, more
 * after a burst. The answer to PLAY tells it at once (RTP-Info, RFC 2326
 * section 12.33): the RTP time of each stream at one moment. The jitter buffers
 * are given the offsets that follow from it, by the rule by which rtpbin makes
 * them from sender reports (the stream that begins first has none: the picture,
 * as sound from before it is left out), so that the reports, when they come,
 * change nothing but what has drifted since. Those of the picture go first. What
 * the server describes beside its reports is screened (rtcp-screen.h). */
#ifndef PENSTOCK_RTSP_SYNC_H
#define PENSTOCK_RTSP_SYNC_H

#include <gst/gst.h>

/* @rtspsrc: an rtspsrc with buffer-mode none that has not been started. Servers
 * without RTP-Info, or with one for some streams only, are left to their sender
 * reports. */
void penstock_rtsp_sync_attach (GstElement *rtspsrc);

/* Before PLAY: a video stream is among those that are taken. Any thread. */
void penstock_rtsp_sync_expect_video (GstElement *rtspsrc);

#endif /* PENSTOCK_RTSP_SYNC_H */
