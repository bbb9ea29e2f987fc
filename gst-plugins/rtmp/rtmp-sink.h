/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_RTMP_SINK_H
#define PENSTOCK_RTMP_SINK_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTMP_SINK (penstock_rtmp_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockRtmpSink, penstock_rtmp_sink, PENSTOCK, RTMP_SINK, GstElement)

G_END_DECLS

#endif /* PENSTOCK_RTMP_SINK_H */
