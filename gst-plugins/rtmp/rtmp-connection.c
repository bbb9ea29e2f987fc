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
#include "rtmp-io.h"

/* Pieces of one write, and bytes of one connection in one round. */
#define MAX_PIECES 64
#define MAX_SENT (1024 * 1024)
/* What the kernel may hold for a player, and how much of it unsent. */
#define KERNEL_BUFFER (256 * 1024)
#define KERNEL_UNSENT (128 * 1024)
/* The same when it gets much at a time, which should be one write. */
#define KERNEL_BURST (512 * 1024)
/* For the kernel a peer that does not read is gone one day, like one that does
 * not answer: so much after we give it up. */
#define KERNEL_PATIENCE_MS 5000

typedef enum {
  STATE_OPEN,
  STATE_PAUSED,
  STATE_FINISHING, /* sends the rest, throws away what comes */
  STATE_CLOSED,
} State;

typedef enum {
  TLS_NONE,
  TLS_EXPECTED, /* the first byte will tell */
  TLS_HANDSHAKE,
  TLS_READY,
} TlsState;

struct _PenstockRtmpConnection {
  /* What sending touches. */
  PenstockLoop *loop;
  PenstockRtmpSession *session;
  const PenstockRtmpConnectionHandler *handler;
  gpointer owner;
  int fd;
  State state;
  guint32 events; /* watched now */
  gboolean feeding;
  gboolean congested; /* too much to send: not reading */
  gboolean blocked;   /* there is more to send than the socket takes */
  gboolean in_piece;  /* a gathered piece was sent in part */
  gboolean has_send_deadline;
  TlsState tls_state;
  PenstockLoopTls *tls; /* HANDSHAKE, READY */
  GByteArray *sealing;  /* given to TLS, which did not take it; NULL = none */

  PenstockLoopWatch watch; /* and what is not touched: from here on */
  gsize read_size;
  GTlsCertificate *certificate; /* EXPECTED */
  gboolean may_be_plain;        /* EXPECTED */
  guint8 address[PENSTOCK_TLS_ADDRESS_SIZE];
  PenstockLoopTimer again; /* TLS may have more to read */
  gint64 *activity;
  GByteArray *kept; /* received while paused; NULL = nothing */
  PenstockLoopTimer deadline;
  PenstockLoopTimer send_deadline;
};

#define HOT_SIZE G_STRUCT_OFFSET (PenstockRtmpConnection, watch)
#define CACHE_LINE 64

static void
connection_free (gpointer data)
{
  PenstockRtmpConnection *connection = data;

  penstock_rtmp_session_free (connection->session);
  g_clear_pointer (&connection->kept, g_byte_array_unref);
  g_clear_pointer (&connection->sealing, g_byte_array_unref);
  g_clear_object (&connection->certificate);
  g_free (connection);
}

void
penstock_rtmp_connection_close (PenstockRtmpConnection *connection)
{
  if (connection->state == STATE_CLOSED)
    return;
  connection->state = STATE_CLOSED;
  penstock_loop_clear_timer (connection->loop, &connection->again);
  penstock_loop_clear_timer (connection->loop, &connection->deadline);
  penstock_loop_clear_timer (connection->loop, &connection->send_deadline);
  penstock_loop_unwatch (connection->loop, &connection->watch);
  if (connection->tls)
    g_clear_pointer (&connection->tls, penstock_loop_tls_free);
  else
    close (connection->fd);
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

  if (connection->state == STATE_CLOSED || connection->watch.fd < 0)
    return;
  if (connection->state == STATE_FINISHING ||
      (connection->state == STATE_OPEN && !connection->congested))
    events |= EPOLLIN;
  if (connection->blocked)
    events |= EPOLLOUT;
  if (events == connection->events)
    return;
  /* What TLS has read already the socket does not tell of. */
  if (connection->tls && events & EPOLLIN && !(connection->events & EPOLLIN))
    penstock_loop_set_timer (connection->loop, &connection->again, 0);
  connection->events = events;
  penstock_loop_rewatch (connection->loop, &connection->watch, events);
}

/* Keeps the send deadline set while there is something to send. */
static void
watch_progress (PenstockRtmpConnection *connection, gsize sent)
{
  const PenstockRtmpLimits *limits =
      penstock_rtmp_session_get_limits (connection->session);

  if (connection->blocked && (sent > 0 || !connection->has_send_deadline))
    penstock_loop_set_timer (
        connection->loop, &connection->send_deadline, limits->send_ms);
  else if (connection->has_send_deadline && !connection->blocked)
    penstock_loop_clear_timer (connection->loop, &connection->send_deadline);
  connection->has_send_deadline = connection->blocked;
}

/* What to send next, in @pieces from the one that is returned on: the session's
 * output, then the owner's pieces; but first the rest of a piece that has
 * begun. @own: bytes of the session's output. */
static struct iovec *
collect (PenstockRtmpConnection *connection, struct iovec *pieces,
    guint *n_pieces, gsize *own)
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
  *n_pieces = *own > 0 ? n + 1 : n;
  return *own > 0 ? pieces : pieces + 1;
}

/* What TLS did not take has to be given to it once more, the same bytes. */
static gssize
send_sealing (PenstockRtmpConnection *connection)
{
  GByteArray *sealing = connection->sealing;
  gssize n =
      penstock_loop_tls_write (connection->tls, sealing->data, sealing->len);

  if (n > 0)
    g_byte_array_remove_range (sealing, 0, n);
  if (sealing->len == 0)
    g_clear_pointer (&connection->sealing, g_byte_array_unref);
  return n;
}

/* Up to one record. */
static gssize
send_tls (PenstockRtmpConnection *connection, const struct iovec *pieces,
    guint n_pieces)
{
  guint8 plain[PENSTOCK_LOOP_TLS_RECORD];
  gsize size = 0;

  for (guint i = 0; i < n_pieces && size < sizeof plain; i++) {
    gsize part = MIN (pieces[i].iov_len, sizeof plain - size);
    if (part > 0)
      memcpy (plain + size, pieces[i].iov_base, part);
    size += part;
  }
  gssize n = penstock_loop_tls_write (connection->tls, plain, size);
  if (n >= 0 || errno != EAGAIN)
    return n;
  connection->sealing = g_byte_array_sized_new (size);
  g_byte_array_append (connection->sealing, plain, size);
  return size;
}

static gssize
send_plain (PenstockRtmpConnection *connection, struct iovec *pieces, guint n)
{
  const struct msghdr header = { .msg_iov = pieces, .msg_iovlen = n };
  gssize sent;

  do
    sent = sendmsg (connection->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent;
}

/* One write. Returns the bytes sent, < 0 with errno; @all: nothing is left. */
static gssize
send_some (PenstockRtmpConnection *connection, gboolean *all)
{
  struct iovec room[MAX_PIECES];
  guint n_pieces;
  gsize own, total = 0;

  if (connection->sealing)
    return send_sealing (connection);
  struct iovec *pieces = collect (connection, room, &n_pieces, &own);
  for (guint i = 0; i < n_pieces; i++)
    total += pieces[i].iov_len;
  *all = total == 0;
  if (total == 0)
    return 0;
  gssize n = connection->tls ? send_tls (connection, pieces, n_pieces)
                             : send_plain (connection, pieces, n_pieces);
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

  if (connection->state == STATE_CLOSED ||
      connection->tls_state == TLS_EXPECTED ||
      connection->tls_state == TLS_HANDSHAKE)
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
  connection->congested = out->len > 0 && out->len > limits->max_send_queue;
  if (had_output && out->len == 0)
    penstock_rtmp_session_trim (connection->session);
  if (connection->state == STATE_FINISHING && all) {
    if (connection->tls)
      penstock_loop_tls_end (connection->tls);
    shutdown (connection->fd, SHUT_WR);
  }
  update_watch (connection);
}

void
penstock_rtmp_connection_prefetch (const PenstockRtmpConnection *connection)
{
  for (gsize at = 0; at < HOT_SIZE; at += CACHE_LINE)
    __builtin_prefetch ((const guint8 *) connection + at);
}

gboolean
penstock_rtmp_connection_is_blocked (PenstockRtmpConnection *connection)
{
  return connection->blocked;
}

void
penstock_rtmp_connection_limit_kernel (
    PenstockRtmpConnection *connection, gboolean bursts)
{
  const int size = bursts ? KERNEL_BURST : KERNEL_BUFFER;
  const int unsent = bursts ? KERNEL_BURST : KERNEL_UNSENT;
  const int patience =
      penstock_rtmp_session_get_limits (connection->session)->send_ms +
      KERNEL_PATIENCE_MS;

  (void) setsockopt (connection->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  (void) setsockopt (
      connection->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  (void) setsockopt (connection->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience,
      sizeof patience);
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

/* What is smaller the kernel acknowledges up to 40 ms later. */
#define SMALL_PIECE 2048

/* Many clients send with Nagle's algorithm on: behind a command or a frame of sound
 * the next small piece, or a picture, waits for our acknowledgement. The kernel
 * forgets this soon. */
static void
acknowledge_now (PenstockRtmpConnection *connection)
{
  const int one = 1;

  (void) setsockopt (
      connection->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

/* Below that a second piece costs more than it saves. */
#define MIN_ROOM 1024

/* One record's worth, into @into (nullable) or the loop's buffer. */
static gssize
read_tls (PenstockRtmpConnection *connection, guint8 *into, gsize room,
    guint8 *scratch, gsize *n_scratch)
{
  gssize n = penstock_loop_tls_read (connection->tls, into ? into : scratch,
      into ? room : connection->read_size);

  if (n > 0 && into)
    penstock_rtmp_session_fill (connection->session, n);
  *n_scratch = n > 0 && !into ? n : 0;
  return n;
}

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
  if (connection->tls)
    return read_tls (
        connection, room >= MIN_ROOM ? into : NULL, room, scratch, n_scratch);
  if (room >= MIN_ROOM) {
    pieces[1] = pieces[0];
    pieces[0] = (struct iovec){ into, room };
    header.msg_iovlen = 2;
  } else {
    room = 0;
  }
  gssize n = recvmsg (connection->fd, &header, MSG_DONTWAIT);
  gsize in_place = n > 0 ? MIN ((gsize) n, room) : 0;
  if (in_place > 0)
    penstock_rtmp_session_fill (connection->session, in_place);
  *n_scratch = n > 0 ? n - in_place : 0;
  return n;
}

/* Returns the bytes read; 0 when there was nothing, or it is lost. */
static gsize
receive_some (PenstockRtmpConnection *connection)
{
  guint8 *scratch = penstock_loop_get_scratch (connection->loop);
  gsize n_scratch;
  gssize n = read_some (connection, scratch, &n_scratch);

  if (n < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
      lose (connection, g_strerror (errno));
    return 0;
  }
  if (n == 0) {
    /* A half-closed connection can bring nothing more. */
    lose (connection, "the peer closed the connection");
    return 0;
  }
  if (connection->activity)
    __atomic_store_n (connection->activity,
        penstock_loop_now (connection->loop), __ATOMIC_RELAXED);
  if (n < SMALL_PIECE)
    acknowledge_now (connection);
  if (connection->state == STATE_OPEN)
    feed (connection, scratch, n_scratch);
  return n;
}

static gboolean
is_reading (const PenstockRtmpConnection *connection)
{
  return connection->state != STATE_CLOSED && connection->events & EPOLLIN;
}

static void
receive (PenstockRtmpConnection *connection)
{
  gsize n = receive_some (connection);
  gsize total = n;

  while (connection->tls && n > 0 && is_reading (connection) &&
      total < connection->read_size) {
    n = receive_some (connection);
    total += n;
  }
  if (connection->tls && n > 0 && is_reading (connection))
    penstock_loop_set_timer (connection->loop, &connection->again, 1);
}

static void
on_again (gpointer data)
{
  PenstockRtmpConnection *connection = data;

  if (is_reading (connection))
    receive (connection);
}

/* --- TLS ------------------------------------------------------------------ */

static void
on_secured (const gchar *problem, gpointer data)
{
  PenstockRtmpConnection *connection = data;

  connection->tls_state = TLS_READY;
  connection->watch.fd = connection->fd;
  connection->events = EPOLLIN | EPOLLRDHUP;
  if (problem) {
    g_autofree gchar *detail = g_strdup_printf ("no TLS: %s", problem);
    lose (connection, detail);
  } else if (!penstock_loop_watch (
                 connection->loop, &connection->watch, connection->events)) {
    lose (connection, g_strerror (errno));
  } else {
    penstock_rtmp_connection_flush (connection);
    if (is_reading (connection))
      receive (connection);
  }
}

/* @tls: (nullable): it could not be made, and the socket is closed. */
static void
shake_hands (
    PenstockRtmpConnection *connection, PenstockLoopTls *tls, GError *error)
{
  connection->tls = tls;
  connection->tls_state = TLS_HANDSHAKE;
  if (tls) {
    penstock_loop_tls_start (tls, penstock_rtmp_io_get_pool (),
        connection->loop, connection->address, on_secured, connection);
    return;
  }
  connection->fd = -1;
  lose (connection, error->message);
}

/* The first byte tells who comes by TLS. */
static void
look_at_first_byte (PenstockRtmpConnection *connection)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;
  guint8 first;
  gssize n = recv (connection->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    lose (connection,
        n == 0 ? "the peer closed the connection" : g_strerror (errno));
    return;
  }
  if (first != PENSTOCK_LOOP_TLS_FIRST_BYTE && !connection->may_be_plain) {
    lose (connection, "it does not begin with TLS");
    return;
  }
  certificate = g_steal_pointer (&connection->certificate);
  connection->tls_state = TLS_NONE;
  if (first != PENSTOCK_LOOP_TLS_FIRST_BYTE) {
    receive (connection);
    return;
  }
  /* From here on the handshake watches the socket. */
  penstock_loop_unwatch (connection->loop, &connection->watch);
  shake_hands (connection,
      penstock_loop_tls_new_server (connection->fd, certificate, &error),
      error);
}

void
penstock_rtmp_connection_expect_tls (PenstockRtmpConnection *connection,
    GTlsCertificate *certificate, gboolean may_be_plain, const guint8 *address)
{
  connection->tls_state = TLS_EXPECTED;
  connection->certificate = g_object_ref (certificate);
  connection->may_be_plain = may_be_plain;
  memcpy (connection->address, address, sizeof connection->address);
}

void
penstock_rtmp_connection_start_tls (
    PenstockRtmpConnection *connection, const PenstockLoopTlsClient *settings)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *whom =
      g_strdup_printf ("%s:%u", settings->host, settings->port);
  const guint32 hash = g_str_hash (whom);

  memcpy (connection->address, &hash, sizeof hash);
  penstock_loop_unwatch (connection->loop, &connection->watch);
  shake_hands (connection,
      penstock_loop_tls_new_client (connection->fd, settings, &error), error);
}

/* --- events ------------------------------------------------------------- */

static void
on_ready (gpointer data, guint32 events)
{
  PenstockRtmpConnection *connection = data;

  if (connection->tls_state == TLS_EXPECTED) {
    look_at_first_byte (connection);
    return;
  }
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
  PenstockRtmpConnection *connection = data;

  connection->has_send_deadline = FALSE;
  lose (connection, "the peer does not read what it is sent");
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
  connection->fd = fd;
  connection->again.fire = on_again;
  connection->again.data = connection;
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
  if (connection->tls_state == TLS_EXPECTED ||
      connection->tls_state == TLS_HANDSHAKE) {
    penstock_rtmp_connection_close (connection);
    return;
  }
  connection->state = STATE_FINISHING;
  connection->activity = NULL;
  penstock_loop_set_timer (
      connection->loop, &connection->deadline, PENSTOCK_RTMP_FLUSH_MS);
  penstock_rtmp_connection_flush (connection);
}
