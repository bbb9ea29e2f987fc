/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_DASH_SINK_H
#define PENSTOCK_DASH_SINK_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_DASH_SINK (penstock_dash_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockDashSink, penstock_dash_sink, PENSTOCK, DASH_SINK, GstElement)

typedef enum {
  PENSTOCK_DASH_ADDRESSING_AUTO,
  PENSTOCK_DASH_ADDRESSING_TIMELINE,
} PenstockDashAddressing;

#define PENSTOCK_TYPE_DASH_ADDRESSING (penstock_dash_addressing_get_type ())
GType penstock_dash_addressing_get_type (void);

G_END_DECLS

#endif /* PENSTOCK_DASH_SINK_H */
