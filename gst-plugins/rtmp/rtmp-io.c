/* SPDX-License-Identifier: MIT
 *
 * The pool of loops of RTMP. See rtmp-io.h. */

#include "rtmp-io.h"

#include <gst/gst.h>

GST_DEBUG_CATEGORY (penstock_rtmp_debug);

static GMutex lock; /* guards what follows, for those that do not hold it */
static guint users;
static PenstockLoopPool *pool; /* while there are users */

gboolean
penstock_rtmp_io_acquire (GError **error)
{
  g_mutex_lock (&lock);
  if (!penstock_rtmp_debug)
    GST_DEBUG_CATEGORY_INIT (
        penstock_rtmp_debug, "penstockrtmp", 0, "RTMP listener and client");
  if (users == 0)
    pool = penstock_loop_pool_new ("rtmp-io", error);
  gboolean ok = pool != NULL;
  if (ok)
    users++;
  g_mutex_unlock (&lock);
  return ok;
}

/* The next pool starts when this one has ended. */
static gpointer
release (gpointer unused)
{
  g_mutex_lock (&lock);
  if (--users == 0)
    g_clear_pointer (&pool, penstock_loop_pool_unref);
  g_mutex_unlock (&lock);
  return NULL;
}

void
penstock_rtmp_io_release (void)
{
  /* A loop cannot wait for its own end. */
  if (penstock_loop_is_loop_thread ())
    g_thread_unref (g_thread_new ("rtmp-close", release, NULL));
  else
    release (NULL);
}

PenstockLoopPool *
penstock_rtmp_io_get_pool (void)
{
  return pool;
}

guint
penstock_rtmp_io_get_n_loops (void)
{
  return penstock_loop_pool_get_n (pool);
}

PenstockLoop *
penstock_rtmp_io_get_loop (guint i)
{
  return penstock_loop_pool_get (pool, i);
}

PenstockLoop *
penstock_rtmp_io_next_loop (void)
{
  return penstock_loop_pool_get (pool, penstock_loop_pool_next (pool));
}
