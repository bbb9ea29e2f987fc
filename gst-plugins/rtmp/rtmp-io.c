/* SPDX-License-Identifier: MIT
 *
 * epoll loops with posts and timers (see rtmp-io.h). GMainContext is not used
 * here: it rebuilds and scans all descriptors on every wake-up, which costs
 * more than the work itself from a hundred connections on. */

#include "rtmp-io.h"

#include <errno.h>
#include <gst/gst.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

GST_DEBUG_CATEGORY (penstock_rtmp_debug);

#define EVENTS_PER_ROUND 64

typedef struct {
  PenstockRtmpFunc func;
  gpointer data;
} Call;

struct _PenstockRtmpLoop {
  GThread *thread;
  int epoll_fd;
  int wake_fd;

  GMutex lock;   /* guards posts and quit */
  GArray *posts; /* of Call */
  gboolean quit;

  /* Thread only. */
  gint64 now;
  GArray *disposals; /* of Call */
  GPtrArray *timers; /* heap of PenstockRtmpTimer, earliest first */
  guint8 *scratch;
};

static GMutex pool_lock; /* guards the three below */
static guint pool_users;
static guint n_loops;
static PenstockRtmpLoop *loops[PENSTOCK_RTMP_MAX_LOOPS];
static gint next_loop; /* atomic */

static GPrivate current_loop;

/* Timers: a binary heap; positions count from 1. */

static PenstockRtmpTimer *
timer_at (PenstockRtmpLoop *loop, guint position)
{
  return g_ptr_array_index (loop->timers, position - 1);
}

static void
place (PenstockRtmpLoop *loop, PenstockRtmpTimer *timer, guint position)
{
  g_ptr_array_index (loop->timers, position - 1) = timer;
  timer->position = position;
}

static void
sift_up (PenstockRtmpLoop *loop, PenstockRtmpTimer *timer)
{
  guint position = timer->position;

  while (position > 1 && timer_at (loop, position / 2)->at > timer->at) {
    place (loop, timer_at (loop, position / 2), position);
    position /= 2;
  }
  place (loop, timer, position);
}

static void
sift_down (PenstockRtmpLoop *loop, PenstockRtmpTimer *timer)
{
  guint position = timer->position;
  guint n = loop->timers->len;

  for (;;) {
    guint child = 2 * position;
    if (child > n)
      break;
    if (child < n &&
        timer_at (loop, child + 1)->at < timer_at (loop, child)->at)
      child++;
    if (timer_at (loop, child)->at >= timer->at)
      break;
    place (loop, timer_at (loop, child), position);
    position = child;
  }
  place (loop, timer, position);
}

void
penstock_rtmp_loop_set_timer (
    PenstockRtmpLoop *loop, PenstockRtmpTimer *timer, gint64 delay_ms)
{
  timer->at = loop->now + MAX (delay_ms, 0);
  if (timer->position == 0) {
    g_ptr_array_add (loop->timers, timer);
    timer->position = loop->timers->len;
  }
  sift_up (loop, timer);
  sift_down (loop, timer);
}

void
penstock_rtmp_loop_clear_timer (
    PenstockRtmpLoop *loop, PenstockRtmpTimer *timer)
{
  guint position = timer->position;

  if (position == 0)
    return;
  PenstockRtmpTimer *last = timer_at (loop, loop->timers->len);
  g_ptr_array_set_size (loop->timers, loop->timers->len - 1);
  timer->position = 0;
  if (last == timer)
    return;
  place (loop, last, position);
  sift_up (loop, last);
  sift_down (loop, last);
}

static void
fire_timers (PenstockRtmpLoop *loop)
{
  while (loop->timers->len > 0 && timer_at (loop, 1)->at <= loop->now) {
    PenstockRtmpTimer *timer = timer_at (loop, 1);
    penstock_rtmp_loop_clear_timer (loop, timer);
    timer->fire (timer->data);
  }
}

/* Milliseconds until the first timer, -1 = none. */
static int
wait_time (PenstockRtmpLoop *loop)
{
  if (loop->timers->len == 0)
    return -1;
  return (int) CLAMP (timer_at (loop, 1)->at - loop->now, 0, G_MAXINT);
}

/* Descriptors */

gboolean
penstock_rtmp_loop_watch (
    PenstockRtmpLoop *loop, PenstockRtmpWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  return epoll_ctl (loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0;
}

void
penstock_rtmp_loop_rewatch (
    PenstockRtmpLoop *loop, PenstockRtmpWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  epoll_ctl (loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void
penstock_rtmp_loop_unwatch (PenstockRtmpLoop *loop, PenstockRtmpWatch *watch)
{
  if (watch->fd < 0)
    return;
  epoll_ctl (loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  watch->fd = -1;
}

/* Calls */

static void
run_calls (GArray *calls)
{
  for (guint i = 0; i < calls->len; i++) {
    Call call = g_array_index (calls, Call, i);
    call.func (call.data);
  }
  g_array_set_size (calls, 0);
}

void
penstock_rtmp_loop_dispose (
    PenstockRtmpLoop *loop, PenstockRtmpFunc func, gpointer data)
{
  const Call call = { func, data };

  g_array_append_val (loop->disposals, call);
}

static void
wake (PenstockRtmpLoop *loop)
{
  guint64 one = 1;
  gssize n;

  do
    n = write (loop->wake_fd, &one, sizeof one);
  while (n < 0 && errno == EINTR);
}

void
penstock_rtmp_loop_post (
    PenstockRtmpLoop *loop, PenstockRtmpFunc func, gpointer data)
{
  const Call call = { func, data };

  g_mutex_lock (&loop->lock);
  gboolean first = loop->posts->len == 0;
  g_array_append_val (loop->posts, call);
  g_mutex_unlock (&loop->lock);
  if (first)
    wake (loop);
}

typedef struct {
  PenstockRtmpFunc func;
  gpointer data;
  GMutex lock;
  GCond done_cond;
  gboolean done;
} SyncCall;

static void
run_sync (gpointer data)
{
  SyncCall *call = data;

  call->func (call->data);
  g_mutex_lock (&call->lock);
  call->done = TRUE;
  g_cond_signal (&call->done_cond);
  g_mutex_unlock (&call->lock);
}

void
penstock_rtmp_loop_call (
    PenstockRtmpLoop *loop, PenstockRtmpFunc func, gpointer data)
{
  SyncCall call = { .func = func, .data = data };

  g_return_if_fail (!penstock_rtmp_io_is_loop_thread ());
  g_mutex_init (&call.lock);
  g_cond_init (&call.done_cond);
  penstock_rtmp_loop_post (loop, run_sync, &call);
  g_mutex_lock (&call.lock);
  while (!call.done)
    g_cond_wait (&call.done_cond, &call.lock);
  g_mutex_unlock (&call.lock);
  g_cond_clear (&call.done_cond);
  g_mutex_clear (&call.lock);
}

/* The loop */

gint64
penstock_rtmp_loop_now (PenstockRtmpLoop *loop)
{
  return loop->now;
}

guint8 *
penstock_rtmp_loop_get_scratch (PenstockRtmpLoop *loop)
{
  return loop->scratch;
}

/* Runs what was posted; FALSE when the loop shall end. */
static gboolean
run_posts (PenstockRtmpLoop *loop, GArray *spare)
{
  guint64 count;

  /* Before the queue is looked at: a later post wakes again. */
  if (read (loop->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
    return FALSE;
  g_mutex_lock (&loop->lock);
  g_array_append_vals (spare, loop->posts->data, loop->posts->len);
  g_array_set_size (loop->posts, 0);
  gboolean quit = loop->quit;
  g_mutex_unlock (&loop->lock);
  run_calls (spare);
  return !quit;
}

static gpointer
loop_thread (gpointer data)
{
  PenstockRtmpLoop *loop = data;
  g_autoptr (GArray) spare = g_array_new (FALSE, FALSE, sizeof (Call));
  gboolean running = TRUE;

  g_private_set (&current_loop, loop);
  while (running) {
    struct epoll_event events[EVENTS_PER_ROUND];
    int n =
        epoll_wait (loop->epoll_fd, events, EVENTS_PER_ROUND, wait_time (loop));
    loop->now = g_get_monotonic_time () / 1000;
    for (int i = 0; i < n; i++) {
      PenstockRtmpWatch *watch = events[i].data.ptr;
      if (!watch)
        running = run_posts (loop, spare);
      else if (watch->fd >= 0)
        watch->ready (watch->data, events[i].events);
    }
    fire_timers (loop);
    run_calls (loop->disposals);
  }
  return NULL;
}

static void
loop_free (PenstockRtmpLoop *loop)
{
  if (loop->thread) {
    g_mutex_lock (&loop->lock);
    loop->quit = TRUE;
    g_mutex_unlock (&loop->lock);
    wake (loop);
    g_thread_join (loop->thread);
  }

  run_calls (loop->disposals);
  for (guint i = 0; i < loop->timers->len; i++) {
    PenstockRtmpTimer *timer = g_ptr_array_index (loop->timers, i);
    if (timer->destroy)
      timer->destroy (timer->data);
  }
  if (loop->epoll_fd >= 0)
    close (loop->epoll_fd);
  if (loop->wake_fd >= 0)
    close (loop->wake_fd);
  g_array_unref (loop->posts);
  g_array_unref (loop->disposals);
  g_ptr_array_unref (loop->timers);
  g_mutex_clear (&loop->lock);
  g_free (loop->scratch);
  g_free (loop);
}

/* Without its thread; NULL with errno. */
static PenstockRtmpLoop *
loop_new (void)
{
  PenstockRtmpLoop *loop = g_new0 (PenstockRtmpLoop, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

  g_mutex_init (&loop->lock);
  loop->posts = g_array_new (FALSE, FALSE, sizeof (Call));
  loop->disposals = g_array_new (FALSE, FALSE, sizeof (Call));
  loop->timers = g_ptr_array_new ();
  loop->now = g_get_monotonic_time () / 1000;
  loop->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  loop->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
      epoll_ctl (loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) < 0) {
    int saved = errno;
    loop_free (loop);
    errno = saved;
    return NULL;
  }
  loop->scratch = g_malloc (PENSTOCK_RTMP_SCRATCH);
  return loop;
}

/* Pool's lock held. All loops, or none. */
static gboolean
start_loops (GError **error)
{
  guint n = CLAMP (g_get_num_processors (), 1, PENSTOCK_RTMP_MAX_LOOPS);

  for (guint i = 0; i < n; i++) {
    loops[i] = loop_new ();
    if (loops[i])
      continue;
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "cannot start the RTMP threads: %s", g_strerror (errno));
    while (i > 0)
      g_clear_pointer (&loops[--i], loop_free);
    return FALSE;
  }
  n_loops = n;
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *name = g_strdup_printf ("rtmp-io-%u", i);
    loops[i]->thread = g_thread_new (name, loop_thread, loops[i]);
  }
  return TRUE;
}

gboolean
penstock_rtmp_io_acquire (GError **error)
{
  gboolean ok = TRUE;

  g_mutex_lock (&pool_lock);
  if (!penstock_rtmp_debug)
    GST_DEBUG_CATEGORY_INIT (
        penstock_rtmp_debug, "penstockrtmp", 0, "RTMP listener and client");
  if (pool_users == 0)
    ok = start_loops (error);
  if (ok)
    pool_users++;
  g_mutex_unlock (&pool_lock);
  return ok;
}

static gpointer
release (gpointer unused)
{
  g_mutex_lock (&pool_lock);
  if (--pool_users == 0)
    for (guint i = 0; i < n_loops; i++)
      g_clear_pointer (&loops[i], loop_free);
  g_mutex_unlock (&pool_lock);
  return NULL;
}

void
penstock_rtmp_io_release (void)
{
  /* A loop cannot wait for its own end. */
  if (penstock_rtmp_io_is_loop_thread ())
    g_thread_unref (g_thread_new ("rtmp-close", release, NULL));
  else
    release (NULL);
}

guint
penstock_rtmp_io_get_n_loops (void)
{
  return n_loops;
}

PenstockRtmpLoop *
penstock_rtmp_io_get_loop (guint i)
{
  return loops[i];
}

PenstockRtmpLoop *
penstock_rtmp_io_next_loop (void)
{
  return loops[(guint) g_atomic_int_add (&next_loop, 1) % n_loops];
}

gboolean
penstock_rtmp_io_is_loop_thread (void)
{
  return g_private_get (&current_loop) != NULL;
}
