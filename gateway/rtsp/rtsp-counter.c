/* SPDX-License-Identifier: MIT
 *
 * Connections that exist. See rtsp-counter.h. */

#include "rtsp-counter.h"

struct _PenstockRtspCounter {
  GMutex lock; /* guards n */
  GCond cond;
  guint n;
};

PenstockRtspCounter *
penstock_rtsp_counter_new (void)
{
  PenstockRtspCounter *counter = g_atomic_rc_box_new0 (PenstockRtspCounter);

  g_mutex_init (&counter->lock);
  g_cond_init (&counter->cond);
  return counter;
}

PenstockRtspCounter *
penstock_rtsp_counter_ref (PenstockRtspCounter *counter)
{
  return g_atomic_rc_box_acquire (counter);
}

static void
counter_clear (gpointer data)
{
  PenstockRtspCounter *counter = data;

  g_mutex_clear (&counter->lock);
  g_cond_clear (&counter->cond);
}

void
penstock_rtsp_counter_unref (PenstockRtspCounter *counter)
{
  g_atomic_rc_box_release_full (counter, counter_clear);
}

gboolean
penstock_rtsp_counter_wait (PenstockRtspCounter *counter, gint64 end_us)
{
  gboolean in_time = TRUE;

  g_mutex_lock (&counter->lock);
  while (counter->n > 0 && in_time)
    in_time = g_cond_wait_until (&counter->cond, &counter->lock, end_us);
  gboolean none = counter->n == 0;
  g_mutex_unlock (&counter->lock);
  return none;
}

guint
penstock_rtsp_counter_get (PenstockRtspCounter *counter)
{
  g_mutex_lock (&counter->lock);
  guint n = counter->n;
  g_mutex_unlock (&counter->lock);
  return n;
}

void
penstock_rtsp_counter_add (PenstockRtspCounter *counter, gint step)
{
  g_mutex_lock (&counter->lock);
  counter->n += step;
  g_cond_broadcast (&counter->cond);
  g_mutex_unlock (&counter->lock);
}
