/* SPDX-License-Identifier: MIT
 *
 * Settings of mounts. See rtsp-mount-settings.h. */

#include "rtsp-mount-settings.h"

void
penstock_rtsp_mount_settings_init (PenstockRtspMountSettings *settings,
    const PenstockOutputConfig *output, const PenstockGopLogLimits *cache)
{
  static const PenstockGopLogLimits default_cache =
      PENSTOCK_GOP_LOG_DEFAULT_LIMITS;

  *settings = (PenstockRtspMountSettings){
    .viewers = PENSTOCK_CURSOR_DEFAULT_SETTINGS,
    .cache = cache ? *cache : default_cache,
  };
  settings->stall_us = PENSTOCK_RTSP_STALL_US;
  settings->viewers.free_burst = TRUE;
  settings->viewers.max_audio_lag = 0; /* as far back as the log goes */
  if (!output)
    return;
  settings->viewers.start = output->start;
  settings->viewers.policy = output->policy;
  settings->viewers.max_lag = output->max_lag_ms * GST_MSECOND;
  settings->viewers.max_lag_bytes = output->max_lag_bytes;
  settings->viewers.max_audio_lag = output->max_audio_lag_ms * GST_MSECOND;
  settings->max_viewers = output->max_viewers;
  settings->stall_us = output->stall_timeout_ms * G_TIME_SPAN_MILLISECOND;
}
