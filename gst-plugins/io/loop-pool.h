/* SPDX-License-Identifier: MIT
 *
 * A few loops that share a kind of work, one a core at most. */
#ifndef PENSTOCK_LOOP_POOL_H
#define PENSTOCK_LOOP_POOL_H

#include <gio/gio.h>

#include "loop.h"

G_BEGIN_DECLS

typedef struct _PenstockLoopPool PenstockLoopPool;

/* Most loops of a pool; fewer on fewer cores. */
#define PENSTOCK_LOOP_POOL_MAX 4

/**
 * penstock_loop_pool_new:
 * @name: of its threads
 * @error: %G_IO_ERROR when there are no file descriptors left
 *
 * All its loops run, or there is no pool.
 */
PenstockLoopPool *penstock_loop_pool_new (const gchar *name, GError **error);
PenstockLoopPool *penstock_loop_pool_ref (PenstockLoopPool *pool);
/* The last one ends the threads and waits for that; on one of them: soon
 * after. */
void penstock_loop_pool_unref (PenstockLoopPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockLoopPool, penstock_loop_pool_unref)

/* Waits until what was posted to its loops is done, and what that disposed of is
 * gone. Not on one of its threads. */
void penstock_loop_pool_drain (PenstockLoopPool *pool);

guint penstock_loop_pool_get_n (PenstockLoopPool *pool);
PenstockLoop *penstock_loop_pool_get (PenstockLoopPool *pool, guint i);
/* The number of one loop after the other. */
guint penstock_loop_pool_next (PenstockLoopPool *pool);

G_END_DECLS

#endif /* PENSTOCK_LOOP_POOL_H */
