/* SPDX-License-Identifier: MIT
 *
 * Waits between attempts. See rtmp-backoff.h. */

#include "rtmp-backoff.h"

guint
penstock_rtmp_backoff_next (
    PenstockRtmpBackoff *backoff, gint64 lasted_ms, guint32 random)
{
  guint64 wait = backoff->min_ms;

  if (lasted_ms >= PENSTOCK_RTMP_BACKOFF_RESET_MS)
    backoff->failures = 0;
  for (guint i = 0; i < backoff->failures && wait < backoff->max_ms; i++)
    wait *= 2;
  if (backoff->failures < G_MAXUINT)
    backoff->failures++;
  wait = MIN (wait, backoff->max_ms);
  return wait - wait / 2 * (random % 1024) / 1024;
}
