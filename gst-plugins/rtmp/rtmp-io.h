/* SPDX-License-Identifier: MIT
 *
 * The I/O threads of RTMP: a few epoll loops for the whole process, started by
 * the first user and gone with the last. What belongs to a connection is
 * touched on its loop's thread only, so nothing there needs a lock. */
#ifndef PENSTOCK_RTMP_IO_H
#define PENSTOCK_RTMP_IO_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _PenstockRtmpLoop PenstockRtmpLoop;

typedef void (*PenstockRtmpFunc) (gpointer data);

/* Most threads there are; fewer on fewer cores. */
#define PENSTOCK_RTMP_MAX_LOOPS 4
/* Bytes of a loop's shared read buffer. */
#define PENSTOCK_RTMP_SCRATCH (256 * 1024)

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
/* Is this one of the loops' threads? */
gboolean penstock_rtmp_io_is_loop_thread (void);

/* Runs @func on the loop's thread, in order of the posts. Any thread. */
void penstock_rtmp_loop_post (PenstockRtmpLoop *loop, PenstockRtmpFunc func,
    gpointer data);
/* The same and waits until it has run. Not from a loop's thread. */
void penstock_rtmp_loop_call (PenstockRtmpLoop *loop, PenstockRtmpFunc func,
    gpointer data);
/* Runs @func when the current round of events is over, when nothing can point
 * to @data any more: how things on a loop are freed. Loop's thread. */
void penstock_rtmp_loop_dispose (PenstockRtmpLoop *loop,
    PenstockRtmpFunc func, gpointer data);

/* Monotonic milliseconds, read once per round. Loop's thread. */
gint64 penstock_rtmp_loop_now (PenstockRtmpLoop *loop);
/* Shared by all connections of the loop; valid until one returns. */
guint8 *penstock_rtmp_loop_get_scratch (PenstockRtmpLoop *loop);

/**
 * PenstockRtmpWatch:
 * @fd: -1 when not watched
 * @ready: called with the epoll events
 *
 * A file descriptor on a loop; part of its owner's struct. All functions on
 * the loop's thread.
 */
typedef struct
{
  int fd;
  void (*ready) (gpointer data, guint32 events);
  gpointer data;
} PenstockRtmpWatch;

/* Level triggered. FALSE with errno. */
gboolean penstock_rtmp_loop_watch (PenstockRtmpLoop *loop,
    PenstockRtmpWatch *watch, guint32 events);
void penstock_rtmp_loop_rewatch (PenstockRtmpLoop *loop,
    PenstockRtmpWatch *watch, guint32 events);
/* Does not close the descriptor. */
void penstock_rtmp_loop_unwatch (PenstockRtmpLoop *loop,
    PenstockRtmpWatch *watch);

/**
 * PenstockRtmpTimer:
 * @fire: called once when the time has come
 * @destroy: (nullable): called with @data when the loop ends before that
 *
 * One deadline; part of its owner's struct, zero-initialised. Loop's thread.
 */
typedef struct
{
  PenstockRtmpFunc fire;
  PenstockRtmpFunc destroy;
  gpointer data;
  /*< private >*/
  gint64 at;
  guint position; /* in the heap, counted from 1; 0 = not set */
} PenstockRtmpTimer;

/* Sets or moves the deadline to @delay_ms from now. */
void penstock_rtmp_loop_set_timer (PenstockRtmpLoop *loop,
    PenstockRtmpTimer *timer, gint64 delay_ms);
void penstock_rtmp_loop_clear_timer (PenstockRtmpLoop *loop,
    PenstockRtmpTimer *timer);

G_END_DECLS

#endif /* PENSTOCK_RTMP_IO_H */
