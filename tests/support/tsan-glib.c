/* SPDX-License-Identifier: MIT
 *
 * Preload library for ThreadSanitizer runs. GLib's locks are futexes of its
 * own, which the sanitizer cannot see; this tells it of them. Build with
 * -Dtests=enabled -Db_sanitize=thread and run with LD_PRELOAD. */

#include <dlfcn.h>
#include <gst/gst.h>

void __tsan_acquire (void *address) __attribute__ ((weak));
void __tsan_release (void *address) __attribute__ ((weak));

static void
acquire (gconstpointer address)
{
  if (__tsan_acquire)
    __tsan_acquire ((void *) address);
}

static void
release (gconstpointer address)
{
  if (__tsan_release)
    __tsan_release ((void *) address);
}

/* The next definition of the function with this name and signature. */
#define REAL(name, result, ...)                                                \
  static result (*real) (__VA_ARGS__);                                         \
  if (!real)                                                                   \
  real = dlsym (RTLD_NEXT, #name)

#define LOCK(name, type)                                                       \
  void name (type *lock)                                                       \
  {                                                                            \
    REAL (name, void, type *);                                                 \
    real (lock);                                                               \
    acquire (lock);                                                            \
  }
#define TRYLOCK(name, type)                                                    \
  gboolean name (type *lock)                                                   \
  {                                                                            \
    REAL (name, gboolean, type *);                                             \
    gboolean locked = real (lock);                                             \
    if (locked)                                                                \
      acquire (lock);                                                          \
    return locked;                                                             \
  }
#define UNLOCK(name, type)                                                     \
  void name (type *lock)                                                       \
  {                                                                            \
    REAL (name, void, type *);                                                 \
    release (lock);                                                            \
    real (lock);                                                               \
  }
/* The last reference frees: everything done before is ordered before that. */
#define UNREF(name, type)                                                      \
  void name (type *object)                                                     \
  {                                                                            \
    REAL (name, void, type *);                                                 \
    release (object);                                                          \
    acquire (object);                                                          \
    real (object);                                                             \
  }

LOCK (g_mutex_lock, GMutex)
TRYLOCK (g_mutex_trylock, GMutex)
UNLOCK (g_mutex_unlock, GMutex)
LOCK (g_rec_mutex_lock, GRecMutex)
TRYLOCK (g_rec_mutex_trylock, GRecMutex)
UNLOCK (g_rec_mutex_unlock, GRecMutex)
LOCK (g_rw_lock_writer_lock, GRWLock)
UNLOCK (g_rw_lock_writer_unlock, GRWLock)
LOCK (g_rw_lock_reader_lock, GRWLock)
UNLOCK (g_rw_lock_reader_unlock, GRWLock)
UNREF (gst_mini_object_unref, GstMiniObject)
UNREF (g_bytes_unref, GBytes)
UNREF (g_main_context_unref, GMainContext)
UNREF (g_source_unref, GSource)

void
g_object_unref (gpointer object)
{
  REAL (g_object_unref, void, gpointer);
  release (object);
  acquire (object);
  real (object);
}

void
g_atomic_rc_box_release_full (gpointer block, GDestroyNotify clear)
{
  REAL (g_atomic_rc_box_release_full, void, gpointer, GDestroyNotify);
  release (block);
  acquire (block);
  real (block, clear);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL (g_cond_wait, void, GCond *, GMutex *);
  release (mutex);
  real (cond, mutex);
  acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  REAL (g_cond_wait_until, gboolean, GCond *, GMutex *, gint64);
  release (mutex);
  gboolean signalled = real (cond, mutex, end_time);
  acquire (mutex);
  return signalled;
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  REAL (g_async_queue_push, void, GAsyncQueue *, gpointer);
  release (queue);
  real (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  REAL (g_async_queue_pop, gpointer, GAsyncQueue *);
  gpointer data = real (queue);
  acquire (queue);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  REAL (g_async_queue_try_pop, gpointer, GAsyncQueue *);
  gpointer data = real (queue);
  acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  REAL (g_async_queue_timeout_pop, gpointer, GAsyncQueue *, guint64);
  gpointer data = real (queue, timeout);
  acquire (queue);
  return data;
}

gboolean (g_once_init_enter) (volatile void *location)
{
  REAL (g_once_init_enter, gboolean, volatile void *);
  gboolean enter = real (location);
  acquire ((gconstpointer) location);
  return enter;
}

void (g_once_init_leave) (volatile void *location, gsize result)
{
  REAL (g_once_init_leave, void, volatile void *, gsize);
  release ((gconstpointer) location);
  real (location, result);
}

/* A source's callback sees what was written before it was attached: the
 * callback is wrapped. */
typedef struct {
  GSourceFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Callback;

static gboolean
run_callback (gpointer data)
{
  Callback *callback = data;

  acquire (callback);
  return callback->func (callback->data);
}

static void
free_callback (gpointer data)
{
  Callback *callback = data;

  acquire (callback);
  if (callback->destroy)
    callback->destroy (callback->data);
  g_free (callback);
}

/* Only sources whose callback is a plain GSourceFunc: idle and time-out. */
void
g_source_set_callback (
    GSource *source, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  REAL (g_source_set_callback, void, GSource *, GSourceFunc, gpointer,
      GDestroyNotify);
  if (source->source_funcs != &g_idle_funcs &&
      source->source_funcs != &g_timeout_funcs) {
    real (source, func, data, destroy);
    return;
  }
  Callback *callback = g_new (Callback, 1);
  *callback = (Callback){ func, data, destroy };
  release (callback);
  real (source, run_callback, callback, free_callback);
}

/* A task's function sees what was written before the start, and who joins it
 * sees what it wrote. */
typedef struct {
  GstTaskFunction func;
  gpointer data;
  GDestroyNotify notify;
} TaskCallback;

static void
run_task (gpointer data)
{
  TaskCallback *callback = data;

  acquire (callback);
  callback->func (callback->data);
  release (callback);
}

static void
free_task (gpointer data)
{
  TaskCallback *callback = data;

  acquire (callback);
  if (callback->notify)
    callback->notify (callback->data);
  g_free (callback);
}

GstTask *
gst_task_new (GstTaskFunction func, gpointer data, GDestroyNotify notify)
{
  REAL (gst_task_new, GstTask *, GstTaskFunction, gpointer, GDestroyNotify);
  TaskCallback *callback = g_new (TaskCallback, 1);
  *callback = (TaskCallback){ func, data, notify };
  GstTask *task = real (run_task, callback, free_task);
  g_object_set_data (G_OBJECT (task), "tsan-callback", callback);
  return task;
}

gboolean
gst_task_start (GstTask *task)
{
  REAL (gst_task_start, gboolean, GstTask *);
  gpointer callback = g_object_get_data (G_OBJECT (task), "tsan-callback");
  if (callback)
    release (callback);
  return real (task);
}

gboolean
gst_task_join (GstTask *task)
{
  REAL (gst_task_join, gboolean, GstTask *);
  gboolean joined = real (task);
  gpointer callback = g_object_get_data (G_OBJECT (task), "tsan-callback");
  if (callback)
    acquire (callback);
  return joined;
}
