/* SPDX-License-Identifier: MIT
 *
 * Main contexts inside a main context (see http-nests.h).
 *
 * A nest's descriptors are in the epoll instance as of the end of its last
 * round. Whatever changes in it later, in whatever thread, is told by its
 * wake-up descriptor, which is one of them: that is what ownerless polling
 * means. Nothing is polled a second time; what is ready and was not told is told
 * in the next round of the outer context. */

#include "http-nests.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Rounds of a nest before the others have their turn. */
#define MAX_ROUNDS 4
#define MAX_EVENTS 64

typedef struct {
  HttpNests *owner;
  GMainContext *context;
  int wake_fd;
  GPollFD *fds; /* what GLib wants polled, by descriptor */
  gint n_fds, max_fds;
  GArray *happened; /* of GPollFD, since the last turn */
  GArray *watched;  /* of GPollFD: the same, as it is in the epoll instance */
  gint64 due;       /* monotonic µs; -1: not before something happens */
  gboolean queued;  /* has a turn in this round of the outer context */
} Nest;

struct _HttpNests {
  Nest nests[HTTP_NESTS];
  guint next;
  int epoll_fd;
  GSource *source;     /* of the outer context */
  GHashTable *holders; /* descriptor → the Nest that has it watched */
};

typedef struct {
  GSource source;
  HttpNests *nests;
} NestsSource;

/* ---- the epoll instance ---- */

static guint32
epoll_events (const GPollFD *fd)
{
  return ((fd->events & G_IO_IN) ? EPOLLIN : 0u) |
      ((fd->events & G_IO_OUT) ? EPOLLOUT : 0u) |
      ((fd->events & G_IO_PRI) ? EPOLLPRI : 0u) |
      /* Not in GIOCondition, but poll(2) takes it. */
      ((fd->events & EPOLLRDHUP) ? EPOLLRDHUP : 0u);
}

static void
watch (Nest *nest, const GPollFD *fd)
{
  HttpNests *self = nest->owner;
  guint number = (guint) (nest - self->nests);
  struct epoll_event event = { epoll_events (fd),
    { .u64 = (guint64) number << 32 | (guint32) fd->fd } };

  /* It can be there, with other events or for another nest. */
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd->fd, &event) != 0 &&
      errno == EEXIST)
    epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, fd->fd, &event);
  g_hash_table_insert (self->holders, GINT_TO_POINTER (fd->fd), nest);
}

static void
unwatch (Nest *nest, int fd)
{
  HttpNests *self = nest->owner;

  if (g_hash_table_lookup (self->holders, GINT_TO_POINTER (fd)) != nest)
    return; /* was closed, and is somebody else's now */
  g_hash_table_remove (self->holders, GINT_TO_POINTER (fd));
  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static gboolean
is_watched (Nest *nest, const GPollFD *watched, const GPollFD *fd)
{
  return watched->events == fd->events &&
      g_hash_table_lookup (nest->owner->holders, GINT_TO_POINTER (fd->fd)) ==
      nest;
}

/* Both lists are in the order of the descriptors. */
static void
watch_what_is_polled (Nest *nest)
{
  const GPollFD *old = (const GPollFD *) (void *) nest->watched->data;
  const GPollFD *old_end = old + nest->watched->len;

  for (gint i = 0; i < nest->n_fds; i++) {
    const GPollFD *fd = &nest->fds[i];
    for (; old < old_end && old->fd < fd->fd; old++)
      unwatch (nest, old->fd);
    gboolean same = old < old_end && old->fd == fd->fd;
    if (!same || !is_watched (nest, old, fd))
      watch (nest, fd);
    old += same;
  }
  for (; old < old_end; old++)
    unwatch (nest, old->fd);
  g_array_set_size (nest->watched, 0);
  g_array_append_vals (nest->watched, nest->fds, (guint) nest->n_fds);
}

/* ---- a nest ---- */

/* Asks the sources what they wait for. Returns: milliseconds, -1 = for ever */
static gint
query (Nest *nest, gint *priority)
{
  gint timeout = -1;
  gint n;

  gboolean ready = g_main_context_prepare (nest->context, priority);
  while ((n = g_main_context_query (nest->context, *priority, &timeout,
              nest->fds, nest->max_fds)) > nest->max_fds) {
    nest->max_fds = 2 * n;
    nest->fds = g_renew (GPollFD, nest->fds, nest->max_fds);
  }
  nest->n_fds = n;
  return ready ? 0 : timeout;
}

static void
tell (Nest *nest, int fd, gushort events)
{
  for (gint i = 0; i < nest->n_fds; i++)
    if (nest->fds[i].fd == fd)
      nest->fds[i].revents =
          events & (nest->fds[i].events | (G_IO_ERR | G_IO_HUP | G_IO_NVAL));
}

/* @first: with what has happened; afterwards only the wake-ups by the sources
 * that were just attached are taken back. FALSE: there was nothing to do. */
static gboolean
do_round (Nest *nest, gboolean first, gint *timeout)
{
  gint priority;

  *timeout = query (nest, &priority);
  for (gint i = 0; i < nest->n_fds; i++)
    nest->fds[i].revents = 0;
  for (guint i = 0; first && i < nest->happened->len; i++) {
    const GPollFD *fd = &g_array_index (nest->happened, GPollFD, i);
    tell (nest, fd->fd, fd->revents);
  }
  if (!first)
    tell (nest, nest->wake_fd, G_IO_IN);
  if (!g_main_context_check (nest->context, priority, nest->fds, nest->n_fds))
    return FALSE;
  g_main_context_dispatch (nest->context);
  return TRUE;
}

static void
take_turn (Nest *nest)
{
  gint timeout, priority;
  gboolean busy = TRUE;

  g_main_context_push_thread_default (nest->context);
  for (guint i = 0; busy && i < MAX_ROUNDS; i++)
    busy = do_round (nest, i == 0, &timeout);
  if (busy)
    timeout = query (nest, &priority);
  g_main_context_pop_thread_default (nest->context);
  g_array_set_size (nest->happened, 0);
  watch_what_is_polled (nest);
  nest->due = timeout < 0
      ? -1
      : g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND;
}

/* ---- the outer source ---- */

static void
collect_happened (HttpNests *self)
{
  struct epoll_event events[MAX_EVENTS];

  int n = epoll_wait (self->epoll_fd, events, MAX_EVENTS, 0);
  for (int i = 0; i < n; i++) {
    Nest *nest = &self->nests[events[i].data.u64 >> 32];
    /* The bits are those of poll(2). */
    const GPollFD fd = { .fd = (gint) (guint32) events[i].data.u64,
      .revents = (gushort) events[i].events };
    g_array_append_val (nest->happened, fd);
    nest->queued = TRUE;
  }
}

static void
collect_due (HttpNests *self)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < HTTP_NESTS; i++)
    if (self->nests[i].due >= 0 && self->nests[i].due <= now)
      self->nests[i].queued = TRUE;
}

static gint64
earliest_due (HttpNests *self)
{
  gint64 due = -1;

  for (guint i = 0; i < HTTP_NESTS; i++)
    if (self->nests[i].due >= 0 && (due < 0 || self->nests[i].due < due))
      due = self->nests[i].due;
  return due;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  HttpNests *self = ((NestsSource *) source)->nests;

  collect_happened (self);
  collect_due (self);
  for (guint i = 0; i < HTTP_NESTS; i++) {
    if (!self->nests[i].queued)
      continue;
    self->nests[i].queued = FALSE;
    take_turn (&self->nests[i]);
  }
  g_source_set_ready_time (source, earliest_due (self));
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = dispatch };

/* ---- all of them ---- */

GMainContext *
penstock_priv_http_nests_choose (HttpNests *self, int fd)
{
  Nest *nest = &self->nests[self->next];

  self->next = (self->next + 1) % HTTP_NESTS;
  /* Who had the same descriptor before may not have noticed its end yet. */
  g_hash_table_remove (self->holders, GINT_TO_POINTER (fd));
  return nest->context;
}

static void
nest_init (Nest *nest, HttpNests *owner)
{
  nest->owner = owner;
  nest->context =
      g_main_context_new_with_flags (G_MAIN_CONTEXT_FLAGS_OWNERLESS_POLLING);
  nest->watched = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  nest->happened = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  g_main_context_acquire (nest->context);
  take_turn (nest);
  nest->wake_fd = nest->fds[0].fd; /* there is no other yet */
}

static void
nest_clear (Nest *nest)
{
  g_main_context_release (nest->context);
  g_main_context_unref (nest->context);
  g_array_unref (nest->watched);
  g_array_unref (nest->happened);
  g_free (nest->fds);
}

HttpNests *
penstock_priv_http_nests_new (void)
{
  HttpNests *self = g_new0 (HttpNests, 1);

  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll_fd < 0) /* as for GLib's own descriptors */
    g_error ("http: no epoll instance: %s", g_strerror (errno));
  self->holders = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < HTTP_NESTS; i++)
    nest_init (&self->nests[i], self);
  self->source = g_source_new (&source_funcs, sizeof (NestsSource));
  ((NestsSource *) self->source)->nests = self;
  g_source_set_static_name (self->source, "penstock-http-nests");
  g_source_add_unix_fd (self->source, self->epoll_fd, G_IO_IN);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
penstock_priv_http_nests_free (HttpNests *self)
{
  if (!self)
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  for (guint i = 0; i < HTTP_NESTS; i++)
    nest_clear (&self->nests[i]);
  g_hash_table_unref (self->holders);
  close (self->epoll_fd);
  g_free (self);
}
