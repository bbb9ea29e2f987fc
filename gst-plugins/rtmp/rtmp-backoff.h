/* SPDX-License-Identifier: MIT
 *
 * How long to wait before the next attempt to reach a server. Pure. */
#ifndef PENSTOCK_RTMP_BACKOFF_H
#define PENSTOCK_RTMP_BACKOFF_H

#include <glib.h>

G_BEGIN_DECLS

/* What lasted so long was no failed attempt: the waits begin anew. */
#define PENSTOCK_RTMP_BACKOFF_RESET_MS 30000

/**
 * PenstockRtmpBackoff:
 * @min_ms: the first wait; each further one is twice as long
 * @max_ms: the longest
 * @failures: attempts in a row that failed
 */
typedef struct {
  guint min_ms, max_ms;
  guint failures;
} PenstockRtmpBackoff;

/**
 * penstock_rtmp_backoff_next:
 * @lasted_ms: how long the attempt worked, 0 = never
 * @random: any number; spreads the wait over its upper half, so that not
 *   everybody comes back to a server at once
 *
 * Counts a failed attempt. Returns: milliseconds until the next one
 */
guint penstock_rtmp_backoff_next (
    PenstockRtmpBackoff *backoff, gint64 lasted_ms, guint32 random);

G_END_DECLS

#endif /* PENSTOCK_RTMP_BACKOFF_H */
