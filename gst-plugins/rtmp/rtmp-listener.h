/* SPDX-License-Identifier: MIT
 *
 * What the RTMP elements do with a listener that they share. */
#ifndef PENSTOCK_RTMP_LISTENER_H
#define PENSTOCK_RTMP_LISTENER_H

#include <gst/gst.h>

#include "rtmp-server.h"
#include "rtmp-tls.h"

G_BEGIN_DECLS

/**
 * penstock_rtmp_listener_open:
 * @element: posts a warning when the listener exists with other limits, or with
 *   another certificate
 * @location: rtmp://address[:port]/path, or rtmps://
 * @tls: a certificate is needed for rtmps://, unless the port exists; with
 *   rtmp:// it makes a new port take both
 * @limits: (nullable): the property `limits` of @element
 * @enhanced: likewise; AUTO: whatever is in force
 * @port: (out): of @location, or the one that the system picked
 * @path: (out) (transfer full): of @location
 * @error: %G_IO_ERROR_INVALID_ARGUMENT when something given is none, and as for
 *   penstock_rtmp_server_get_secure()
 *
 * Returns: (transfer full) (nullable): the listener
 */
PenstockRtmpServer *penstock_rtmp_listener_open (GstElement *element,
    const gchar *location, const PenstockRtmpTls *tls,
    const GstStructure *limits, PenstockRtmpEnhanced enhanced, guint16 *port,
    gchar **path, GError **error);

#define PENSTOCK_TYPE_RTMP_ENHANCED (penstock_rtmp_enhanced_get_type ())
GType penstock_rtmp_enhanced_get_type (void);

G_END_DECLS

#endif /* PENSTOCK_RTMP_LISTENER_H */
