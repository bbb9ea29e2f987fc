/* SPDX-License-Identifier: MIT
 *
 * What can be set of a mount, and changed while it has viewers. */
#ifndef PENSTOCK_RTSP_MOUNT_SETTINGS_H
#define PENSTOCK_RTSP_MOUNT_SETTINGS_H

#include "../config-types.h"
#include "channel/gop-log.h"

G_BEGIN_DECLS

/**
 * PenstockRtspMountSettings:
 * @viewers: where viewers begin and what happens to slow ones; for those that
 *   PLAY from now on
 * @cache: bounds of the log of packets, for all
 *
 * Of a mount.
 */
typedef struct {
  PenstockCursorSettings viewers;
  PenstockGopLogLimits cache;
} PenstockRtspMountSettings;

/* @output: %NULL = the defaults. @cache: of the route. */
void penstock_rtsp_mount_settings_init (PenstockRtspMountSettings *settings,
    const PenstockOutputConfig *output, const PenstockGopLogLimits *cache);

G_END_DECLS

#endif /* PENSTOCK_RTSP_MOUNT_SETTINGS_H */
