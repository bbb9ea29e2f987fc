/* SPDX-License-Identifier: MIT
 *
 * An epoll loop with posts and timers. See loop.h. */

#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_PER_ROUND 64

typedef struct {
  PenstockLoopFunc func;
  gpointer data;
} Call;

struct _PenstockLoop {
  GThread *thread;
  int epoll_fd;
  int wake_fd;

  GMutex lock;   /* guards posts and quit */
  GArray *posts; /* of Call */
  gboolean quit;

  /* Thread only. */
  gint64 now;
  GArray *disposals; /* of Call */
  GPtrArray *timers; /* heap of PenstockLoopTimer, earliest first */
  guint8 *scratch;
};

static GPrivate current_loop;

/* Timers: a binary heap; positions count from 1. */

static PenstockLoopTimer *
timer_at (PenstockLoop *loop, guint position)
{
  return g_ptr_array_index (loop->timers, position - 1);
}

static void
place (PenstockLoop *loop, PenstockLoopTimer *timer, guint position)
{
  g_ptr_array_index (loop->timers, position - 1) = timer;
  timer->position = position;
}

static void
sift_up (PenstockLoop *loop, PenstockLoopTimer *timer)
{
  guint position = timer->position;

  while (position > 1 && timer_at (loop, position / 2)->at > timer->at) {
    place (loop, timer_at (loop, position / 2), position);
    position /= 2;
  }
  place (loop, timer, position);
}

static void
sift_down (PenstockLoop *loop, PenstockLoopTimer *timer)
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
penstock_loop_set_timer (
    PenstockLoop *loop, PenstockLoopTimer *timer, gint64 delay_ms)
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
penstock_loop_clear_timer (PenstockLoop *loop, PenstockLoopTimer *timer)
{
  guint position = timer->position;

  if (position == 0)
    return;
  PenstockLoopTimer *last = timer_at (loop, loop->timers->len);
  g_ptr_array_set_size (loop->timers, loop->timers->len - 1);
  timer->position = 0;
  if (last == timer)
    return;
  place (loop, last, position);
  sift_up (loop, last);
  sift_down (loop, last);
}

static void
fire_timers (PenstockLoop *loop)
{
  while (loop->timers->len > 0 && timer_at (loop, 1)->at <= loop->now) {
    PenstockLoopTimer *timer = timer_at (loop, 1);
    penstock_loop_clear_timer (loop, timer);
    timer->fire (timer->data);
  }
}

/* Milliseconds until the first timer, -1 = none. */
static int
wait_time (PenstockLoop *loop)
{
  if (loop->timers->len == 0)
    return -1;
  return (int) CLAMP (timer_at (loop, 1)->at - loop->now, 0, G_MAXINT);
}

/* Descriptors */

gboolean
penstock_loop_watch (
    PenstockLoop *loop, PenstockLoopWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  return epoll_ctl (loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0;
}

void
penstock_loop_rewatch (
    PenstockLoop *loop, PenstockLoopWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  epoll_ctl (loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void
penstock_loop_unwatch (PenstockLoop *loop, PenstockLoopWatch *watch)
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
penstock_loop_dispose (PenstockLoop *loop, PenstockLoopFunc func, gpointer data)
{
  const Call call = { func, data };

  g_array_append_val (loop->disposals, call);
}

static void
wake (PenstockLoop *loop)
{
  guint64 one = 1;
  gssize n;

  do
    n = write (loop->wake_fd, &one, sizeof one);
  while (n < 0 && errno == EINTR);
}

void
penstock_loop_post (PenstockLoop *loop, PenstockLoopFunc func, gpointer data)
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
  PenstockLoopFunc func;
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
penstock_loop_call (PenstockLoop *loop, PenstockLoopFunc func, gpointer data)
{
  SyncCall call = { .func = func, .data = data };

  g_return_if_fail (!penstock_loop_is_loop_thread ());
  g_mutex_init (&call.lock);
  g_cond_init (&call.done_cond);
  penstock_loop_post (loop, run_sync, &call);
  g_mutex_lock (&call.lock);
  while (!call.done)
    g_cond_wait (&call.done_cond, &call.lock);
  g_mutex_unlock (&call.lock);
  g_cond_clear (&call.done_cond);
  g_mutex_clear (&call.lock);
}

/* The loop */

gint64
penstock_loop_now (PenstockLoop *loop)
{
  return loop->now;
}

guint8 *
penstock_loop_get_scratch (PenstockLoop *loop)
{
  return loop->scratch;
}

/* Runs what was posted; FALSE when the loop shall end. */
static gboolean
run_posts (PenstockLoop *loop, GArray *spare)
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
  PenstockLoop *loop = data;
  g_autoptr (GArray) spare = g_array_new (FALSE, FALSE, sizeof (Call));
  gboolean running = TRUE;

  g_private_set (&current_loop, loop);
  while (running) {
    struct epoll_event events[EVENTS_PER_ROUND];
    int n =
        epoll_wait (loop->epoll_fd, events, EVENTS_PER_ROUND, wait_time (loop));
    loop->now = g_get_monotonic_time () / 1000;
    for (int i = 0; i < n; i++) {
      PenstockLoopWatch *watch = events[i].data.ptr;
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

void
penstock_loop_start (PenstockLoop *loop, const gchar *name)
{
  loop->thread = g_thread_new (name, loop_thread, loop);
}

void
penstock_loop_free (PenstockLoop *loop)
{
  if (!loop)
    return;
  if (loop->thread) {
    g_mutex_lock (&loop->lock);
    loop->quit = TRUE;
    g_mutex_unlock (&loop->lock);
    wake (loop);
    g_thread_join (loop->thread);
  }

  run_calls (loop->disposals);
  for (guint i = 0; i < loop->timers->len; i++) {
    PenstockLoopTimer *timer = g_ptr_array_index (loop->timers, i);
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

PenstockLoop *
penstock_loop_new (void)
{
  PenstockLoop *loop = g_new0 (PenstockLoop, 1);
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
    penstock_loop_free (loop);
    errno = saved;
    return NULL;
  }
  loop->scratch = g_malloc (PENSTOCK_LOOP_SCRATCH);
  return loop;
}

gboolean
penstock_loop_is_loop_thread (void)
{
  return g_private_get (&current_loop) != NULL;
}
