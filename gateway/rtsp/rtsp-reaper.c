/* SPDX-License-Identifier: MIT
 *
 * See rtsp-reaper.h. */

#include "rtsp-reaper.h"

/* A pipeline is mostly waited for, not worked on. */
#define MAX_THREADS 4

struct _PenstockRtspReaper {
  GThreadPool *pool;

  GMutex lock; /* guards the rest */
  GCond cond;
  guint n; /* media that are not down */
};

static void
take_down (gpointer data, gpointer user_data)
{
  PenstockRtspReaper *self = user_data;
  GstRTSPMedia *media = data;

  gst_rtsp_media_unprepare (media);
  g_object_unref (media);
  g_mutex_lock (&self->lock);
  if (--self->n == 0)
    g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

PenstockRtspReaper *
penstock_rtsp_reaper_new (void)
{
  PenstockRtspReaper *self = g_atomic_rc_box_new0 (PenstockRtspReaper);

  self->pool = g_thread_pool_new (take_down, self, MAX_THREADS, FALSE, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  return self;
}

PenstockRtspReaper *
penstock_rtsp_reaper_ref (PenstockRtspReaper *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
reaper_clear (gpointer data)
{
  PenstockRtspReaper *self = data;

  g_thread_pool_free (self->pool, FALSE, TRUE);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
}

void
penstock_rtsp_reaper_unref (PenstockRtspReaper *self)
{
  g_atomic_rc_box_release_full (self, reaper_clear);
}

void
penstock_rtsp_reaper_take (PenstockRtspReaper *self, GstRTSPMedia *media)
{
  g_mutex_lock (&self->lock);
  self->n++;
  g_mutex_unlock (&self->lock);
  g_thread_pool_push (self->pool, media, NULL);
}

void
penstock_rtsp_reaper_drain (PenstockRtspReaper *self)
{
  g_mutex_lock (&self->lock);
  while (self->n > 0)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}
