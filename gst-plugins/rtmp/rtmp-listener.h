/* SPDX-License-Identifier: MIT
 *
 * What the RTMP elements do with a listener that they share. */
#ifndef PENSTOCK_RTMP_LISTENER_H
#define PENSTOCK_RTMP_LISTENER_H

#include <gst/gst.h>

#include "rtmp-server.h"

G_BEGIN_DECLS

/**
 * penstock_rtmp_listener_set_limits:
 * @limits: (nullable): the property `limits` of @element
 * @error: %G_IO_ERROR_INVALID_ARGUMENT when there is no such limit
 *
 * Posts a warning when others are in force.
 */
gboolean penstock_rtmp_listener_set_limits (GstElement *element,
    PenstockRtmpServer *server, const GstStructure *limits, GError **error);

G_END_DECLS

#endif /* PENSTOCK_RTMP_LISTENER_H */
