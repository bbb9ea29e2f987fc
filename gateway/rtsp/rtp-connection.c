/* SPDX-License-Identifier: MIT
 *
 * Sending inside RTSP connections. See rtp-connection.h.
 *
 * A connection that takes everything is never in the loop's epoll set: only
 * one that is blocked waits there for room. */

#include "rtp-connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Items taken from the log at once: what a blocked connection holds on to. */
#define BATCH 8
/* Pieces of one system call, and bytes of one connection in one round. */
#define MAX_PIECES 128
#define MAX_SENT (1024 * 1024)
/* What the kernel may hold for a viewer, and how much of it unsent before it
 * takes no more, in blocks of up to 64 KiB: what is there cannot be skipped any
 * more, and the player shows it at its pace before the next keyframe. */
#define KERNEL_BUFFER (256 * 1024)
#define KERNEL_UNSENT (16 * 1024)
/* Answers to a peer that asks and does not read, behind those being sent. */
#define MAX_ANSWERS (64 * 1024)
/* TLS can be busy with itself while the socket takes more. */
#define TLS_RETRY_MS 5

typedef struct {
  PenstockRtpViewer viewer;
  PenstockRtpConnection *connection;
  GList link; /* while it plays */
} Viewer;

/* What was taken from the feeds. */
typedef struct {
  PenstockRtpItem items[BATCH];
  Viewer *owners[BATCH]; /* of the items; NULL = gone */
  guint n, position;
  gsize offset; /* sent of items[position] */
} Outbox;

struct _PenstockRtpConnection {
  PenstockLoopPool *pool;
  PenstockLoop *loop;
  guint loop_number;
  int fd;
  GTlsConnection *tls; /* NULL: none */

  GMutex lock; /* guards what follows */
  GByteArray *answers;
  gboolean last; /* cut the connection when @answers are sent */

  gint has_answers; /* atomic; or @last */

  /* Loop's thread. */
  PenstockLoopWatch watch; /* set while blocked */
  PenstockLoopTimer retry;
  gboolean failed;
  gboolean cut;    /* when all is sent */
  GByteArray *own; /* answers that are being sent; NULL = none */
  GQueue viewers;  /* of Viewer that play, not owned */
  /* On the stack of flush(); allocated while something in it is left over, as
   * most connections never have anything. NULL = empty. */
  Outbox *outbox;
  GByteArray *encrypting; /* given to TLS, which did not take it; NULL = none */
};

/* --- state ---------------------------------------------------------------------- */

static gboolean
is_blocked (const PenstockRtpConnection *self)
{
  return self->watch.fd >= 0 || self->retry.position > 0;
}

static void
set_waiting (Viewer *viewer, gboolean waiting)
{
  __atomic_store_n (&viewer->viewer.stats->waiting, waiting, __ATOMIC_RELAXED);
}

static void
set_all_waiting (PenstockRtpConnection *self, gboolean waiting)
{
  for (GList *l = self->viewers.head; l; l = l->next)
    set_waiting (l->data, waiting);
}

static void
block (PenstockRtpConnection *self)
{
  if (is_blocked (self))
    return;
  self->watch.fd = self->fd;
  if (!penstock_loop_watch (self->loop, &self->watch, EPOLLOUT))
    self->watch.fd = -1;
  else
    set_all_waiting (self, TRUE);
}

static void
unblock (PenstockRtpConnection *self)
{
  if (!is_blocked (self))
    return;
  penstock_loop_unwatch (self->loop, &self->watch);
  penstock_loop_clear_timer (self->loop, &self->retry);
  set_all_waiting (self, FALSE);
}

/* Items that have not begun to be sent: all, or those of one viewer. One that
 * has begun goes on without its owner. */
static void
drop_items (PenstockRtpConnection *self, const Viewer *owner)
{
  Outbox *outbox = self->outbox;
  guint kept = 0;

  if (!outbox)
    return;
  for (guint i = outbox->position; i < outbox->n; i++) {
    gboolean begun = i == outbox->position && outbox->offset > 0;
    gboolean mine = !owner || outbox->owners[i] == owner;
    if (mine && !begun) {
      penstock_rtp_item_clear (&outbox->items[i]);
      continue;
    }
    outbox->items[kept] = outbox->items[i];
    outbox->owners[kept++] = mine ? NULL : outbox->owners[i];
  }
  outbox->position = 0;
  outbox->n = kept;
}

/* All of them, also one that has begun. */
static void
drop_all (PenstockRtpConnection *self)
{
  if (self->outbox)
    self->outbox->offset = 0;
  drop_items (self, NULL);
}

/* Nothing more can be sent. The library sees the end of the connection and
 * cleans up in its own thread. */
static void
fail (PenstockRtpConnection *self)
{
  if (self->failed)
    return;
  self->failed = TRUE;
  unblock (self);
  drop_all (self);
  g_clear_pointer (&self->encrypting, g_byte_array_unref);
  shutdown (self->fd, SHUT_RDWR);
}

/* --- what to send ------------------------------------------------------------------ */

static void
take_answers (PenstockRtpConnection *self)
{
  if (self->own || !g_atomic_int_get (&self->has_answers))
    return;
  g_mutex_lock (&self->lock);
  self->own = g_steal_pointer (&self->answers);
  self->cut |= self->last;
  g_atomic_int_set (&self->has_answers, FALSE);
  g_mutex_unlock (&self->lock);
}

static void
refill_from (PenstockRtpConnection *self, Viewer *viewer)
{
  PenstockRtpFeed *feed = viewer->viewer.feed;
  Outbox *outbox = self->outbox;
  /* First: what was appended before the end is still read. */
  gboolean ended = penstock_rtp_hub_has_ended (viewer->viewer.hub);
  guint n = penstock_rtp_feed_next (
      feed, outbox->items + outbox->n, BATCH - outbox->n);

  for (guint i = 0; i < n; i++)
    outbox->owners[outbox->n++] = viewer;
  self->cut |=
      (ended && n == 0) || penstock_rtp_viewer_is_too_slow (&viewer->viewer);
}

static void
refill (PenstockRtpConnection *self)
{
  self->outbox->n = self->outbox->position = 0;
  for (GList *l = self->viewers.head; l && self->outbox->n < BATCH; l = l->next)
    refill_from (self, l->data);
}

/* Returns: bytes of answers, which come first */
static gsize
collect (PenstockRtpConnection *self, PenstockRtpPieces *pieces)
{
  Outbox *outbox = self->outbox;
  gsize own = 0;

  if (outbox->offset == 0) {
    take_answers (self);
    if (self->own) {
      own = self->own->len;
      pieces->pieces[pieces->n++] = (struct iovec){ self->own->data, own };
    }
  }
  if (outbox->position == outbox->n)
    refill (self);
  /* An answer is not to wait for more than the item that has begun. */
  guint end = outbox->offset > 0 && g_atomic_int_get (&self->has_answers)
      ? outbox->position + 1
      : outbox->n;
  for (guint i = outbox->position; i < end; i++)
    if (!penstock_rtp_item_add_frames (&outbox->items[i],
            i == outbox->position ? outbox->offset : 0, pieces))
      break;
  return own;
}

static void
items_sent (PenstockRtpConnection *self, gsize size)
{
  Outbox *outbox = self->outbox;

  while (size > 0) {
    PenstockRtpItem *item = &outbox->items[outbox->position];
    Viewer *owner = outbox->owners[outbox->position];
    gsize part = MIN (size, item->packets->size - outbox->offset);
    outbox->offset += part;
    size -= part;
    gboolean whole = outbox->offset == item->packets->size;
    if (owner)
      penstock_rtp_viewer_sent (&owner->viewer, item, part, whole);
    if (!whole)
      break;
    penstock_rtp_item_clear (item);
    outbox->position++;
    outbox->offset = 0;
  }
}

/* @size bytes of what was collected, @own of them answers, are on their way. */
static void
sent (PenstockRtpConnection *self, gsize own, gsize size)
{
  gsize part = MIN (size, own);

  if (own > 0 && part == own)
    g_clear_pointer (&self->own, g_byte_array_unref);
  else if (part > 0)
    g_byte_array_remove_range (self->own, 0, (guint) part);
  items_sent (self, size - part);
}

/* --- sending -------------------------------------------------------------------------- */

typedef enum {
  SENT_SOME,
  SENT_ALL, /* there is nothing more */
  SENT_BLOCKED,
  SENT_FAILED,
} Sent;

static gsize
size_of (const PenstockRtpPieces *pieces)
{
  gsize size = 0;

  for (guint i = 0; i < pieces->n; i++)
    size += pieces->pieces[i].iov_len;
  return size;
}

static Sent
send_plain (PenstockRtpConnection *self, gsize *size)
{
  struct iovec iovecs[MAX_PIECES];
  guint8 headers[MAX_PIECES / 2][PENSTOCK_RTP_OWN_HEADER];
  PenstockRtpPieces pieces = { iovecs, 0, MAX_PIECES, headers, 0 };
  struct msghdr message = { .msg_iov = iovecs };
  gsize own = collect (self, &pieces);
  gsize total = size_of (&pieces);
  gssize n;

  if (total == 0)
    return SENT_ALL;
  message.msg_iovlen = pieces.n;
  do
    n = sendmsg (self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK ? SENT_BLOCKED : SENT_FAILED;
  *size += (gsize) n;
  sent (self, own, (gsize) n);
  return (gsize) n < total ? SENT_BLOCKED : SENT_SOME;
}

/* What TLS did not take has to be given to it once more, the same bytes. */
static Sent
encrypt (PenstockRtpConnection *self, const guint8 *data, gsize size)
{
  GPollableOutputStream *out = G_POLLABLE_OUTPUT_STREAM (
      g_io_stream_get_output_stream (G_IO_STREAM (self->tls)));
  g_autoptr (GError) error = NULL;

  while (size > 0) {
    gssize n = g_pollable_output_stream_write_nonblocking (
        out, data, size, NULL, &error);
    if (n < 0)
      break;
    data += n;
    size -= (gsize) n;
  }
  g_autoptr (GByteArray) before = g_steal_pointer (&self->encrypting);
  if (!error)
    return SENT_SOME;
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return SENT_FAILED;
  self->encrypting = g_byte_array_sized_new ((guint) size);
  g_byte_array_append (self->encrypting, data, (guint) size);
  return SENT_BLOCKED;
}

static Sent
send_tls (PenstockRtpConnection *self, gsize *size)
{
  struct iovec iovecs[MAX_PIECES];
  guint8 headers[MAX_PIECES / 2][PENSTOCK_RTP_OWN_HEADER];
  PenstockRtpPieces pieces = { iovecs, 0, MAX_PIECES, headers, 0 };
  guint8 *plain = penstock_loop_get_scratch (self->loop);
  gsize n = 0;

  if (self->encrypting)
    return encrypt (self, self->encrypting->data, self->encrypting->len);
  gsize own = collect (self, &pieces);
  for (guint i = 0; i < pieces.n && n < PENSTOCK_LOOP_SCRATCH; i++) {
    gsize part = MIN (iovecs[i].iov_len, PENSTOCK_LOOP_SCRATCH - n);
    memcpy (plain + n, iovecs[i].iov_base, part);
    n += part;
  }
  if (n == 0)
    return SENT_ALL;
  *size += n;
  sent (self, own, n);
  return encrypt (self, plain, n);
}

static Sent
send_out (PenstockRtpConnection *self)
{
  Outbox room;
  Sent result = SENT_SOME;
  gsize size = 0;

  if (!self->outbox) {
    self->outbox = &room;
    room.n = room.position = 0;
    room.offset = 0;
  }
  while (result == SENT_SOME && size < MAX_SENT)
    result = self->tls ? send_tls (self, &size) : send_plain (self, &size);
  gboolean empty = self->outbox->position == self->outbox->n;
  if (self->outbox == &room)
    self->outbox = empty ? NULL : g_memdup2 (&room, sizeof room);
  else if (empty)
    g_clear_pointer (&self->outbox, g_free);
  return result;
}

static void
flush (PenstockRtpConnection *self)
{
  if (self->failed)
    return;
  Sent result = send_out (self);
  if (result == SENT_FAILED || (result == SENT_ALL && self->cut))
    fail (self);
  else if (result == SENT_ALL)
    unblock (self);
  else
    block (self);
}

static void
flush_viewer (PenstockRtpViewer *viewer)
{
  PenstockRtpConnection *connection = ((Viewer *) viewer)->connection;

  if (!is_blocked (connection))
    flush (connection);
  else if (penstock_rtp_viewer_is_too_slow (viewer))
    fail (connection);
}

static const PenstockRtpViewerType viewer_type = { flush_viewer };

static void
on_ready (gpointer data, guint32 events)
{
  PenstockRtpConnection *self = data;

  if (events & (EPOLLHUP | EPOLLERR)) {
    fail (self);
    return;
  }
  gboolean was_encrypting = self->encrypting != NULL;
  guint before = was_encrypting ? self->encrypting->len : 0;
  flush (self);
  if (was_encrypting && self->encrypting && self->encrypting->len == before) {
    /* The socket would say for ever that there is room. */
    penstock_loop_unwatch (self->loop, &self->watch);
    penstock_loop_set_timer (self->loop, &self->retry, TLS_RETRY_MS);
  }
}

static void
retry (gpointer data)
{
  flush (data);
}

/* --- the connection ----------------------------------------------------------------------- */

PenstockRtpConnection *
penstock_rtp_connection_new (
    PenstockLoopPool *pool, int fd, GTlsConnection *tls)
{
  const int size = KERNEL_BUFFER, unsent = KERNEL_UNSENT;
  PenstockRtpConnection *self = g_new0 (PenstockRtpConnection, 1);

  self->pool = penstock_loop_pool_ref (pool);
  self->loop_number = penstock_loop_pool_next (pool);
  self->loop = penstock_loop_pool_get (pool, self->loop_number);
  self->fd = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  self->failed = self->fd < 0;
  self->tls = tls ? g_object_ref (tls) : NULL;
  self->watch = (PenstockLoopWatch){ -1, on_ready, self };
  self->retry = (PenstockLoopTimer){ .fire = retry, .data = self };
  g_mutex_init (&self->lock);
  g_queue_init (&self->viewers);
  (void) setsockopt (self->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  (void) setsockopt (
      self->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  return self;
}

static void
connection_free (gpointer data)
{
  PenstockRtpConnection *self = data;

  if (self->fd >= 0)
    close (self->fd);
  g_clear_object (&self->tls);
  g_free (self->outbox);
  g_clear_pointer (&self->answers, g_byte_array_unref);
  g_clear_pointer (&self->own, g_byte_array_unref);
  g_clear_pointer (&self->encrypting, g_byte_array_unref);
  g_mutex_clear (&self->lock);
  penstock_loop_pool_unref (self->pool);
  g_free (self);
}

static void
end (gpointer data)
{
  PenstockRtpConnection *self = data;

  unblock (self);
  drop_all (self);
  penstock_loop_dispose (self->loop, connection_free, self);
}

void
penstock_rtp_connection_free (PenstockRtpConnection *self)
{
  if (self)
    penstock_loop_post (self->loop, end, self);
}

static void
flush_answers (gpointer data)
{
  PenstockRtpConnection *self = data;

  if (!is_blocked (self))
    flush (self);
}

static void
fail_later (gpointer data)
{
  fail (data);
}

void
penstock_rtp_connection_answer (
    PenstockRtpConnection *self, GBytes *bytes, gboolean last)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  g_mutex_lock (&self->lock);
  if (!self->answers)
    self->answers = g_byte_array_new ();
  gboolean too_many = self->answers->len + size > MAX_ANSWERS;
  if (!too_many)
    g_byte_array_append (self->answers, data, (guint) size);
  self->last |= last;
  gboolean first =
      g_atomic_int_compare_and_exchange (&self->has_answers, FALSE, TRUE);
  g_mutex_unlock (&self->lock);
  g_bytes_unref (bytes);
  if (too_many)
    penstock_loop_post (self->loop, fail_later, self);
  else if (first)
    penstock_loop_post (self->loop, flush_answers, self);
}

/* --- viewers ---------------------------------------------------------------------------------- */

PenstockRtpViewer *
penstock_rtp_connection_add_viewer (PenstockRtpConnection *self,
    PenstockRtpHub *hub, PenstockRtpViewerStats *stats)
{
  Viewer *viewer = g_new0 (Viewer, 1);

  penstock_rtp_viewer_init (&viewer->viewer, &viewer_type, hub, stats);
  viewer->connection = self;
  viewer->link.data = viewer;
  return &viewer->viewer;
}

static void
play (gpointer data)
{
  Viewer *viewer = data;
  PenstockRtpConnection *self = viewer->connection;

  g_queue_push_tail_link (&self->viewers, &viewer->link);
  set_waiting (viewer, is_blocked (self));
  penstock_rtp_hub_join (
      viewer->viewer.hub, &viewer->viewer, self->loop_number);
}

void
penstock_rtp_connection_play (
    PenstockRtpConnection *self, PenstockRtpViewer *viewer)
{
  penstock_loop_post (self->loop, play, viewer);
}

static void
stop (gpointer data)
{
  Viewer *viewer = data;
  PenstockRtpConnection *self = viewer->connection;

  if (!viewer->viewer.audience)
    return;
  drop_items (self, viewer);
  g_queue_unlink (&self->viewers, &viewer->link);
  set_waiting (viewer, FALSE);
  penstock_rtp_hub_leave (&viewer->viewer);
}

void
penstock_rtp_connection_pause (
    PenstockRtpConnection *self, PenstockRtpViewer *viewer)
{
  penstock_loop_call (self->loop, stop, viewer);
}

static void
remove_viewer (gpointer data)
{
  Viewer *viewer = data;

  stop (viewer);
  penstock_rtp_viewer_clear (&viewer->viewer);
  g_free (viewer);
}

void
penstock_rtp_connection_remove_viewer (
    PenstockRtpConnection *self, PenstockRtpViewer *viewer)
{
  penstock_loop_post (self->loop, remove_viewer, viewer);
}
