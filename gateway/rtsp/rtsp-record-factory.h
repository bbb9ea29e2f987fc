/* SPDX-License-Identifier: MIT
 *
 * Where the library finds what publishers record. A publication belongs to its
 * connection and not to a mount: a route need not have an RTSP output, and may
 * be made while the publisher waits. So all of them are found at the root, "/",
 * which players cannot reach. */
#ifndef PENSTOCK_RTSP_RECORD_FACTORY_H
#define PENSTOCK_RTSP_RECORD_FACTORY_H

#include <gst/rtsp-server/rtsp-server.h>

G_BEGIN_DECLS

#define PENSTOCK_RTSP_RECORD_ROOT "/"

#define PENSTOCK_TYPE_RTSP_RECORD_FACTORY                                      \
  (penstock_rtsp_record_factory_get_type ())
G_DECLARE_FINAL_TYPE (PenstockRtspRecordFactory, penstock_rtsp_record_factory,
    PENSTOCK, RTSP_RECORD_FACTORY, GstRTSPMediaFactory)

/**
 * penstock_rtsp_record_mounts_new:
 * @clock: of every pipeline of the gateway, as @base_time
 *
 * Mount points that lead announcements to the root, with a factory there.
 */
GstRTSPMountPoints *penstock_rtsp_record_mounts_new (
    GstClock *clock, GstClockTime base_time);

G_END_DECLS

#endif /* PENSTOCK_RTSP_RECORD_FACTORY_H */
