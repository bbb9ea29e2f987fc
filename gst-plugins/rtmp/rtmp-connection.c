/* SPDX-License-Identifier: MIT
 *
 * A socket with a session on it. */

#include "rtmp-connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "rtmp-limits.h"

/* Pieces of one write, and bytes of one connection in one round. */
#define MAX_PIECES 64
#define MAX_SENT (1024 * 1024)
/* What the kernel may hold for a player, and how much of it unsent. */
#define KERNEL_BUFFER (256 * 1024)
#define KERNEL_UNSENT (128 * 1024)

typedef enum {
  STATE_OPEN,
  STATE_PAUSED,
  STATE_FINISHING, /* sends the rest, throws away what comes */
  STATE_CLOSED,
} State;

struct _PenstockRtmpConnection {
  PenstockLoop *loop;
  PenstockLoopWatch watch;
  PenstockRtmpSession *session;
  const PenstockRtmpConnectionHandler *handler;
  gpointer owner;

  State state;
  guint32 events; /* watched now */
  gboolean feeding;
  gboolean congested; /* too much to send: not reading */
  gboolean blocked;   /* there is more to send than the socket takes */
  gboolean in_piece;  /* a gathered piece was sent in part */
  gsize read_size;
  gint64 *activity;
  GByteArray *kept; /* received while paused; NULL = nothing */
  PenstockLoopTimer deadline;
  PenstockLoopTimer send_deadline;
};

static void
connection_free (gpointer data)
{
  PenstockRtmpConnection *connection = data;

  penstock_rtmp_session_free (connection->session);
  g_clear_pointer (&connection->kept, g_byte_array_unref);
  g_free (connection);
}

void
penstock_rtmp_connection_close (PenstockRtmpConnection *connection)
{
  int fd = connection->watch.fd;

  if (connection->state == STATE_CLOSED)
    return;
  connection->state = STATE_CLOSED;
  penstock_loop_clear_timer (connection->loop, &connection->deadline);
  penstock_loop_clear_timer (connection->loop, &connection->send_deadline);
  penstock_loop_unwatch (connection->loop, &connection->watch);
  close (fd);
  penstock_loop_dispose (connection->loop, connection_free, connection);
  connection->handler->closed (connection->owner);
}

/* The peer is gone, or as good as. */
static void
lose (PenstockRtmpConnection *connection, const gchar *detail)
{
  if (connection->state == STATE_FINISHING)
    penstock_rtmp_connection_close (connection);
  else if (connection->state != STATE_CLOSED)
    connection->handler->lost (connection->owner, detail);
}

static void
update_watch (PenstockRtmpConnection *connection)
{
  guint32 events = EPOLLRDHUP;

  if (connection->state == STATE_CLOSED)
    return;
  if (connection->state == STATE_FINISHING ||
      (connection->state == STATE_OPEN && !connection->congested))
    events |= EPOLLIN;
  if (connection->blocked)
    events |= EPOLLOUT;
  if (events == connection->events)
    return;
  connection->events = events;
  penstock_loop_rewatch (connection->loop, &connection->watch, events);
}

/* Keeps the send deadline set while there is something to send. */
static void
watch_progress (PenstockRtmpConnection *connection, gsize sent)
{
  const PenstockRtmpLimits *limits =
      penstock_rtmp_session_get_limits (connection->session);

  if (!connection->blocked)
    penstock_loop_clear_timer (connection->loop, &connection->send_deadline);
  else if (sent > 0 || connection->send_deadline.position == 0)
    penstock_loop_set_timer (
        connection->loop, &connection->send_deadline, limits->send_ms);
}

/* What to send next: the session's output, then the owner's pieces; but first
 * the rest of a piece that has begun. @own: bytes of the session's output. */
static guint
collect (PenstockRtmpConnection *connection, struct iovec *pieces, gsize *own)
{
  GByteArray *out = penstock_rtmp_session_get_output (connection->session);
  gboolean may_gather =
      connection->in_piece || connection->state < STATE_FINISHING;
  guint n = 0;

  if (connection->handler->gather && may_gather)
    n = connection->handler->gather (
        connection->owner, pieces + 1, MAX_PIECES - 1);
  *own = connection->in_piece ? 0 : out->len;
  pieces[0] = (struct iovec){ out->data, *own };
  return n + 1;
}

/* One write. Returns the bytes sent, < 0 with errno; @all: nothing is left. */
static gssize
send_some (PenstockRtmpConnection *connection, gboolean *all)
{
  struct iovec pieces[MAX_PIECES];
  struct msghdr header = { .msg_iov = pieces };
  gsize own, total = 0;
  gssize n;

  header.msg_iovlen = collect (connection, pieces, &own);
  for (guint i = 0; i < header.msg_iovlen; i++)
    total += pieces[i].iov_len;
  *all = total == 0;
  if (total == 0)
    return 0;
  do
    n = sendmsg (connection->watch.fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return n;
  gsize own_sent = MIN ((gsize) n, own);
  if (own_sent > 0)
    g_byte_array_remove_range (
        penstock_rtmp_session_get_output (connection->session), 0, own_sent);
  if ((gsize) n > own_sent)
    connection->in_piece =
        connection->handler->sent (connection->owner, n - own_sent);
  return n;
}

void
penstock_rtmp_connection_flush (PenstockRtmpConnection *connection)
{
  GByteArray *out = penstock_rtmp_session_get_output (connection->session);
  const PenstockRtmpLimits *limits =
      penstock_rtmp_session_get_limits (connection->session);
  gboolean had_output = out->len > 0, all = FALSE;
  gsize sent = 0;

  if (connection->state == STATE_CLOSED)
    return;
  while (!all && sent < MAX_SENT) {
    gssize n = send_some (connection, &all);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      lose (connection, g_strerror (errno));
      return;
    }
    if (n < 0)
      break;
    sent += n;
  }
  connection->blocked = !all;
  watch_progress (connection, sent);
  connection->congested = out->len > limits->max_send_queue;
  if (had_output && out->len == 0)
    penstock_rtmp_session_trim (connection->session);
  if (connection->state == STATE_FINISHING && all)
    shutdown (connection->watch.fd, SHUT_WR);
  update_watch (connection);
}

gboolean
penstock_rtmp_connection_is_blocked (PenstockRtmpConnection *connection)
{
  return connection->blocked;
}

void
penstock_rtmp_connection_limit_kernel (PenstockRtmpConnection *connection)
{
  const int size = KERNEL_BUFFER, unsent = KERNEL_UNSENT;

  (void) setsockopt (
      connection->watch.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  (void) setsockopt (connection->watch.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
      &unsent, sizeof unsent);
}

gsize
penstock_rtmp_connection_get_queued (PenstockRtmpConnection *connection)
{
  return penstock_rtmp_session_get_output (connection->session)->len;
}

/* Feeds the session; what is left when the handler paused is kept. */
static void
feed (PenstockRtmpConnection *connection, const guint8 *data, gsize size)
{
  gsize pos = 0;

  connection->feeding = TRUE;
  while (connection->state == STATE_OPEN) {
    PenstockRtmpEvent event;
    gsize consumed;
    PenstockRtmpParse result =
        penstock_rtmp_session_feed (connection->session, data + pos, size - pos,
            penstock_loop_now (connection->loop), &consumed, &event);
    pos += consumed;
    if (result == PENSTOCK_RTMP_PARSE_MORE)
      break;
    connection->handler->event (connection->owner, &event);
  }
  connection->feeding = FALSE;
  if (connection->state == STATE_PAUSED && pos < size) {
    if (!connection->kept)
      connection->kept = g_byte_array_new ();
    g_byte_array_append (connection->kept, data + pos, size - pos);
  }
  penstock_rtmp_connection_flush (connection);
}

/* Many clients send their commands in small pieces with Nagle's algorithm on:
 * each one waits for our acknowledgement. The kernel forgets this soon. */
static void
acknowledge_now (PenstockRtmpConnection *connection)
{
  const int one = 1;

  (void) setsockopt (
      connection->watch.fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

/* Below that a second piece costs more than it saves. */
#define MIN_ROOM 1024

/* One read: payload of the message under way into its final block, what is
 * behind it into the loop's buffer. @n_scratch: bytes there. */
static gssize
read_some (
    PenstockRtmpConnection *connection, guint8 *scratch, gsize *n_scratch)
{
  struct iovec pieces[2] = { { scratch, connection->read_size } };
  struct msghdr header = { .msg_iov = pieces, .msg_iovlen = 1 };
  guint8 *into = NULL;
  gsize room = 0;

  if (connection->state == STATE_OPEN)
    into = penstock_rtmp_session_get_room (connection->session, &room);
  if (room >= MIN_ROOM) {
    pieces[1] = pieces[0];
    pieces[0] = (struct iovec){ into, room };
    header.msg_iovlen = 2;
  } else {
    room = 0;
  }
  gssize n = recvmsg (connection->watch.fd, &header, MSG_DONTWAIT);
  gsize in_place = n > 0 ? MIN ((gsize) n, room) : 0;
  if (in_place > 0)
    penstock_rtmp_session_fill (connection->session, in_place);
  *n_scratch = n > 0 ? n - in_place : 0;
  return n;
}

static void
receive (PenstockRtmpConnection *connection)
{
  guint8 *scratch = penstock_loop_get_scratch (connection->loop);
  gsize n_scratch;
  gssize n = read_some (connection, scratch, &n_scratch);

  if (n < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
      lose (connection, g_strerror (errno));
    return;
  }
  if (n == 0) {
    /* A half-closed connection can bring nothing more. */
    lose (connection, "the peer closed the connection");
    return;
  }
  if (connection->activity)
    __atomic_store_n (connection->activity,
        penstock_loop_now (connection->loop), __ATOMIC_RELAXED);
  else
    acknowledge_now (connection);
  if (connection->state == STATE_OPEN)
    feed (connection, scratch, n_scratch);
}

static void
on_ready (gpointer data, guint32 events)
{
  PenstockRtmpConnection *connection = data;

  if (events & EPOLLOUT)
    penstock_rtmp_connection_flush (connection);
  if (connection->state == STATE_CLOSED)
    return;
  if (connection->events & EPOLLIN && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    receive (connection);
  else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    lose (connection, "the peer closed the connection");
}

static void
on_deadline (gpointer data)
{
  PenstockRtmpConnection *connection = data;

  if (connection->state == STATE_FINISHING)
    penstock_rtmp_connection_close (connection);
  else
    connection->handler->deadline (connection->owner);
}

static void
on_send_deadline (gpointer data)
{
  lose (data, "the peer does not read what it is sent");
}

PenstockRtmpConnection *
penstock_rtmp_connection_new (PenstockLoop *loop, int fd,
    PenstockRtmpSession *session, const PenstockRtmpConnectionHandler *handler,
    gpointer owner)
{
  PenstockRtmpConnection *connection = g_new0 (PenstockRtmpConnection, 1);

  connection->loop = loop;
  connection->session = session;
  connection->handler = handler;
  connection->owner = owner;
  connection->read_size = PENSTOCK_RTMP_MAX_DEFERRED;
  connection->watch.fd = fd;
  connection->watch.ready = on_ready;
  connection->watch.data = connection;
  connection->deadline.fire = on_deadline;
  connection->deadline.data = connection;
  connection->send_deadline.fire = on_send_deadline;
  connection->send_deadline.data = connection;
  connection->events = EPOLLIN | EPOLLRDHUP;
  if (!penstock_loop_watch (loop, &connection->watch, connection->events)) {
    close (fd);
    connection_free (connection);
    return NULL;
  }
  return connection;
}

PenstockRtmpSession *
penstock_rtmp_connection_get_session (PenstockRtmpConnection *connection)
{
  return connection->session;
}

void
penstock_rtmp_connection_pause (PenstockRtmpConnection *connection)
{
  if (connection->state != STATE_OPEN)
    return;
  connection->state = STATE_PAUSED;
  update_watch (connection);
}

void
penstock_rtmp_connection_resume (PenstockRtmpConnection *connection)
{
  if (connection->state != STATE_PAUSED)
    return;
  connection->state = STATE_OPEN;
  update_watch (connection);
  if (connection->feeding)
    return; /* the loop in feed() goes on */
  g_autoptr (GByteArray) kept = g_steal_pointer (&connection->kept);
  if (kept)
    feed (connection, kept->data, kept->len);
  else
    feed (connection, (const guint8 *) "", 0);
}

void
penstock_rtmp_connection_set_activity (
    PenstockRtmpConnection *connection, gint64 *activity)
{
  connection->activity = activity;
  connection->read_size =
      activity ? PENSTOCK_LOOP_SCRATCH : PENSTOCK_RTMP_MAX_DEFERRED;
}

void
penstock_rtmp_connection_set_deadline (
    PenstockRtmpConnection *connection, gint64 delay_ms)
{
  if (connection->state >= STATE_FINISHING)
    return;
  if (delay_ms < 0)
    penstock_loop_clear_timer (connection->loop, &connection->deadline);
  else
    penstock_loop_set_timer (connection->loop, &connection->deadline, delay_ms);
}

void
penstock_rtmp_connection_finish (PenstockRtmpConnection *connection)
{
  if (connection->state >= STATE_FINISHING)
    return;
  connection->state = STATE_FINISHING;
  connection->activity = NULL;
  penstock_loop_set_timer (
      connection->loop, &connection->deadline, PENSTOCK_RTMP_FLUSH_MS);
  penstock_rtmp_connection_flush (connection);
}
