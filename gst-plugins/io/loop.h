/* SPDX-License-Identifier: MIT
 *
 * An epoll loop on a thread of its own, with posts and timers. What belongs to
 * a connection is touched on its loop's thread only, so nothing there needs a
 * lock. GMainContext is not used: it rebuilds and scans all descriptors on
 * every wake-up, which costs more than the work itself from a hundred
 * connections on. */
#ifndef PENSTOCK_LOOP_H
#define PENSTOCK_LOOP_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _PenstockLoop PenstockLoop;

typedef void (*PenstockLoopFunc) (gpointer data);

/* Bytes of a loop's shared buffer. */
#define PENSTOCK_LOOP_SCRATCH (256 * 1024)

/* A loop without its thread; %NULL with errno when there are no file
 * descriptors left. */
PenstockLoop *penstock_loop_new (void);
/* Once: starts the thread. */
void penstock_loop_start (PenstockLoop *loop, const gchar *name);
/* Runs what was posted, ends the thread and waits for that. Not from it. */
void penstock_loop_free (PenstockLoop *loop);
/* Is this the thread of a loop? */
gboolean penstock_loop_is_loop_thread (void);

/* Runs @func on the loop's thread, in order of the posts. Any thread. */
void penstock_loop_post (
    PenstockLoop *loop, PenstockLoopFunc func, gpointer data);
/* The same and waits until it has run. Not from a loop's thread. */
void penstock_loop_call (
    PenstockLoop *loop, PenstockLoopFunc func, gpointer data);
/* Runs @func when the current round of events is over, when nothing can point
 * to @data any more: how things on a loop are freed. Loop's thread. */
void penstock_loop_dispose (
    PenstockLoop *loop, PenstockLoopFunc func, gpointer data);

/* Monotonic milliseconds, read once per round. Loop's thread. */
gint64 penstock_loop_now (PenstockLoop *loop);
/* Shared by all on the loop; valid until one returns. */
guint8 *penstock_loop_get_scratch (PenstockLoop *loop);

/**
 * PenstockLoopWatch:
 * @fd: -1 when not watched
 * @ready: called with the epoll events
 *
 * A file descriptor on a loop; part of its owner's struct. All functions on
 * the loop's thread.
 */
typedef struct {
  int fd;
  void (*ready) (gpointer data, guint32 events);
  gpointer data;
} PenstockLoopWatch;

/* Level triggered. FALSE with errno. */
gboolean penstock_loop_watch (
    PenstockLoop *loop, PenstockLoopWatch *watch, guint32 events);
void penstock_loop_rewatch (
    PenstockLoop *loop, PenstockLoopWatch *watch, guint32 events);
/* Does not close the descriptor. */
void penstock_loop_unwatch (PenstockLoop *loop, PenstockLoopWatch *watch);

/**
 * PenstockLoopTimer:
 * @fire: called once when the time has come
 * @destroy: (nullable): called with @data when the loop ends before that
 *
 * One deadline; part of its owner's struct, zero-initialised. Loop's thread.
 */
typedef struct {
  PenstockLoopFunc fire;
  PenstockLoopFunc destroy;
  gpointer data;
  /*< private >*/
  gint64 at;
  guint position; /* in the heap, counted from 1; 0 = not set */
} PenstockLoopTimer;

/* Sets or moves the deadline to @delay_ms from now. */
void penstock_loop_set_timer (
    PenstockLoop *loop, PenstockLoopTimer *timer, gint64 delay_ms);
void penstock_loop_clear_timer (PenstockLoop *loop, PenstockLoopTimer *timer);

G_END_DECLS

#endif /* PENSTOCK_LOOP_H */
