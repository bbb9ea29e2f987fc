/* SPDX-License-Identifier: MIT
 *
 * Slows down what is late on its way to a UDP sink: a burst from the channel's
 * cache at full speed would overrun the receivers' socket buffers. What is on
 * time passes untouched. */
#ifndef PENSTOCK_RTSP_PACER_H
#define PENSTOCK_RTSP_PACER_H

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * penstock_rtsp_pacer_attach:
 * @sink: a sink in a pipeline that runs on @clock
 * @clock: its clock
 * @bitrate: bit/s of a burst
 * @n_receivers: atomic; nothing is slowed down while it is 0. Lives as long as
 *   @sink is running
 */
void penstock_rtsp_pacer_attach (GstElement *sink, GstClock *clock,
    guint64 bitrate, const gint *n_receivers);

G_END_DECLS

#endif /* PENSTOCK_RTSP_PACER_H */
