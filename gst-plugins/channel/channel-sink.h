/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_CHANNEL_SINK_H
#define PENSTOCK_CHANNEL_SINK_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_CHANNEL_SINK (penstock_channel_sink_get_type ())
G_DECLARE_FINAL_TYPE (PenstockChannelSink, penstock_channel_sink, PENSTOCK,
    CHANNEL_SINK, GstElement)

G_END_DECLS

#endif /* PENSTOCK_CHANNEL_SINK_H */
