/* SPDX-License-Identifier: MIT
 *
 * Pools of loops. See loop-pool.h. */

#include "loop-pool.h"

#include <errno.h>
#include <sched.h>

struct _PenstockLoopPool {
  gint refs;      /* atomic */
  gint next_loop; /* atomic */
  guint n;
  PenstockLoop *loops[PENSTOCK_LOOP_POOL_MAX];
};

static gpointer
pool_free (gpointer data)
{
  PenstockLoopPool *pool = data;

  for (guint i = 0; i < pool->n; i++)
    penstock_loop_free (pool->loops[i]);
  g_free (pool);
  return NULL;
}

/* Cores that this process may use: not all of the machine in a container. */
static guint
count_cores (void)
{
  cpu_set_t cores;

  return sched_getaffinity (0, sizeof cores, &cores) == 0
      ? (guint) CPU_COUNT (&cores)
      : g_get_num_processors ();
}

PenstockLoopPool *
penstock_loop_pool_new (const gchar *name, GError **error)
{
  guint n = CLAMP (count_cores (), 1, PENSTOCK_LOOP_POOL_MAX);
  PenstockLoopPool *pool = g_new0 (PenstockLoopPool, 1);

  pool->refs = 1;
  for (pool->n = 0; pool->n < n; pool->n++) {
    pool->loops[pool->n] = penstock_loop_new ();
    if (pool->loops[pool->n])
      continue;
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "cannot start the %s threads: %s", name, g_strerror (errno));
    pool_free (pool);
    return NULL;
  }
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *thread = g_strdup_printf ("%s-%u", name, i);
    penstock_loop_start (pool->loops[i], thread);
  }
  return pool;
}

PenstockLoopPool *
penstock_loop_pool_ref (PenstockLoopPool *pool)
{
  g_atomic_int_inc (&pool->refs);
  return pool;
}

void
penstock_loop_pool_unref (PenstockLoopPool *pool)
{
  if (!pool || !g_atomic_int_dec_and_test (&pool->refs))
    return;
  /* A loop cannot wait for its own end. */
  if (penstock_loop_is_loop_thread ())
    g_thread_unref (g_thread_new ("loop-close", pool_free, pool));
  else
    pool_free (pool);
}

static void
nothing (gpointer data)
{
}

/* What a call disposes of is let go at the end of its round, before the next
 * call that is posted. */
void
penstock_loop_pool_drain (PenstockLoopPool *pool)
{
  for (guint i = 0; i < pool->n; i++) {
    penstock_loop_call (pool->loops[i], nothing, NULL);
    penstock_loop_call (pool->loops[i], nothing, NULL);
  }
}

guint
penstock_loop_pool_get_n (PenstockLoopPool *pool)
{
  return pool->n;
}

PenstockLoop *
penstock_loop_pool_get (PenstockLoopPool *pool, guint i)
{
  return pool->loops[i];
}

guint
penstock_loop_pool_next (PenstockLoopPool *pool)
{
  return (guint) g_atomic_int_add (&pool->next_loop, 1) % pool->n;
}
