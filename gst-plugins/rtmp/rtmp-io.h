/* SPDX-License-Identifier: MIT
 *
 * The I/O threads of RTMP: a few loops for the whole process, started by the
 * first user and gone with the last. */
#ifndef PENSTOCK_RTMP_IO_H
#define PENSTOCK_RTMP_IO_H

#include "io/loop-pool.h"

G_BEGIN_DECLS

/* The loops under the names of this folder. */
typedef PenstockLoop PenstockRtmpLoop;
typedef PenstockLoopFunc PenstockRtmpFunc;
typedef PenstockLoopWatch PenstockRtmpWatch;
typedef PenstockLoopTimer PenstockRtmpTimer;
#define penstock_rtmp_loop_post penstock_loop_post
#define penstock_rtmp_loop_call penstock_loop_call
#define penstock_rtmp_loop_dispose penstock_loop_dispose
#define penstock_rtmp_loop_now penstock_loop_now
#define penstock_rtmp_loop_get_scratch penstock_loop_get_scratch
#define penstock_rtmp_loop_watch penstock_loop_watch
#define penstock_rtmp_loop_rewatch penstock_loop_rewatch
#define penstock_rtmp_loop_unwatch penstock_loop_unwatch
#define penstock_rtmp_loop_set_timer penstock_loop_set_timer
#define penstock_rtmp_loop_clear_timer penstock_loop_clear_timer
#define penstock_rtmp_io_is_loop_thread penstock_loop_is_loop_thread

/* Most threads there are; fewer on fewer cores. */
#define PENSTOCK_RTMP_MAX_LOOPS PENSTOCK_LOOP_POOL_MAX
/* Bytes of a loop's shared read buffer. */
#define PENSTOCK_RTMP_SCRATCH PENSTOCK_LOOP_SCRATCH

/* Each user holds the pool once; the loops run while somebody does. FALSE with
 * %G_IO_ERROR when there are no file descriptors left for them. */
gboolean penstock_rtmp_io_acquire (GError **error);
/* The last release ends the threads and waits for that (called on one of them:
 * soon after). */
void penstock_rtmp_io_release (void);
guint penstock_rtmp_io_get_n_loops (void);
PenstockRtmpLoop *penstock_rtmp_io_get_loop (guint i);
/* The loops in turn. */
PenstockRtmpLoop *penstock_rtmp_io_next_loop (void);

G_END_DECLS

#endif /* PENSTOCK_RTMP_IO_H */
