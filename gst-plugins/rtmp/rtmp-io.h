/* SPDX-License-Identifier: MIT
 *
 * The I/O threads of RTMP: a few loops for the whole process, started by the
 * first user and gone with the last. */
#ifndef PENSTOCK_RTMP_IO_H
#define PENSTOCK_RTMP_IO_H

#include "io/loop-pool.h"

G_BEGIN_DECLS

/* Each user holds the pool once; the loops run while somebody does. FALSE with
 * %G_IO_ERROR when there are no file descriptors left for them. */
gboolean penstock_rtmp_io_acquire (GError **error);
/* The last release ends the threads and waits for that (called on one of them:
 * soon after). */
void penstock_rtmp_io_release (void);
/* (transfer none): while one holds it. */
PenstockLoopPool *penstock_rtmp_io_get_pool (void);
guint penstock_rtmp_io_get_n_loops (void);
PenstockLoop *penstock_rtmp_io_get_loop (guint i);
/* The loops in turn. */
PenstockLoop *penstock_rtmp_io_next_loop (void);

G_END_DECLS

#endif /* PENSTOCK_RTMP_IO_H */
