/* SPDX-License-Identifier: MIT
 *
 * What can be set of a mount, and changed while it has viewers. */
#ifndef PENSTOCK_RTSP_MOUNT_SETTINGS_H
#define PENSTOCK_RTSP_MOUNT_SETTINGS_H

#include "../config-types.h"
#include "channel/gop-log.h"

G_BEGIN_DECLS

/* A viewer that takes no byte, though there is something for it, is closed
 * after this time, unless its route says another. */
#define PENSTOCK_RTSP_STALL_US (60 * G_USEC_PER_SEC)

/**
 * PenstockRtspMountSettings:
 * @viewers: where viewers begin and what happens to slow ones
 * @cache: bounds of the log of packets
 * @stall_us: how long a viewer may take no byte
 * @max_viewers: of this mount; 0 = no bound
 *
 * Of a mount.
 */
typedef struct {
  PenstockCursorSettings viewers;
  PenstockGopLogLimits cache;
  gint64 stall_us;
  guint max_viewers;
} PenstockRtspMountSettings;

/* @output: %NULL = the defaults. @cache: of the route. */
void penstock_rtsp_mount_settings_init (PenstockRtspMountSettings *settings,
    const PenstockOutputConfig *output, const PenstockGopLogLimits *cache);

G_END_DECLS

#endif /* PENSTOCK_RTSP_MOUNT_SETTINGS_H */
