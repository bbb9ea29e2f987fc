/* SPDX-License-Identifier: MIT
 *
 * Viewers over UDP. See rtp-datagrams.h. */

#include "rtp-datagrams.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Items taken from the log at once. */
#define BATCH 8
/* Messages and pieces of one system call. */
#define MAX_MESSAGES 32
#define MAX_PIECES 256
/* What the kernel cuts out of one block (udp(7), UDP_SEGMENT). */
#define MAX_TRAIN 60
#define MAX_TRAIN_BYTES 65000
#define NO_TRAINS 1
/* How often a burst goes on. */
#define TICK_MS 5

typedef struct {
  GSocket *rtp, *rtcp; /* owned; the hub's media has them too */
  struct sockaddr_storage rtp_to, rtcp_to;
  socklen_t to_size;
} Target;

typedef struct {
  PenstockRtpViewer viewer;
  PenstockLoop *loop;
  guint loop_number;
  int over_fd;

  /* Loop's thread. */
  PenstockLoopWatch watch;  /* of a duplicate, while blocked */
  PenstockLoopTimer tick;   /* while there is more than may go now */
  gboolean one_by_one;      /* the kernel does not cut blocks on this way */
  guint64 rate;             /* bit/s */
  gint64 tokens, filled_us; /* bytes that may go at once, as of a time */
  PenstockRtpItem items[BATCH];
  guint n, position, packet; /* items[position] is sent up to @packet */
  Target targets[];
} Datagrams;

/* One system call in the making. */
typedef struct {
  int fd;
  struct mmsghdr messages[MAX_MESSAGES];
  guint n_packets[MAX_MESSAGES];
  gsize bytes[MAX_MESSAGES];
  guint n;
  PenstockRtpPieces pieces;
  struct iovec iovecs[MAX_PIECES];
  guint8 headers[MAX_PIECES / 2][PENSTOCK_RTP_OWN_HEADER];
  union {
    gchar bytes[CMSG_SPACE (sizeof (guint16))];
    struct cmsghdr align;
  } controls[MAX_MESSAGES];
} Call;

/* --- blocking ---------------------------------------------------------------------- */

static gboolean
is_blocked (const Datagrams *self)
{
  return self->watch.fd >= 0;
}

/* Several viewers may wait for one socket, which epoll takes only once. */
static void
block (Datagrams *self, int fd)
{
  self->watch.fd = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (self->watch.fd >= 0 &&
      !penstock_loop_watch (self->loop, &self->watch, EPOLLOUT)) {
    close (self->watch.fd);
    self->watch.fd = -1;
  }
  if (self->watch.fd < 0)
    penstock_loop_set_timer (self->loop, &self->tick, TICK_MS);
  else
    __atomic_store_n (&self->viewer.stats->waiting, TRUE, __ATOMIC_RELAXED);
}

static void
unblock (Datagrams *self)
{
  int fd = self->watch.fd;

  if (fd < 0)
    return;
  penstock_loop_unwatch (self->loop, &self->watch);
  close (fd);
  __atomic_store_n (&self->viewer.stats->waiting, FALSE, __ATOMIC_RELAXED);
}

/* --- pacing -------------------------------------------------------------------------- */

static void
choose_rate (Datagrams *self)
{
  PenstockGopLogStats stats;
  guint64 bitrate = 0;

  penstock_rtp_hub_get_log_stats (self->viewer.hub, &stats);
  if (stats.duration > 0)
    bitrate =
        gst_util_uint64_scale (stats.bytes, 8 * GST_SECOND, stats.duration);
  self->rate = CLAMP (PENSTOCK_RTP_UDP_FACTOR * bitrate,
      PENSTOCK_RTP_UDP_MIN_RATE, PENSTOCK_RTP_UDP_MAX_RATE);
  /* Never slower than the stream. */
  self->rate = MAX (self->rate, 2 * bitrate);
  self->tokens = PENSTOCK_RTP_UDP_BURST;
  self->filled_us = g_get_monotonic_time ();
}

static void
fill (Datagrams *self)
{
  gint64 now = g_get_monotonic_time ();
  guint64 more = gst_util_uint64_scale (
      (guint64) (now - self->filled_us), self->rate, 8 * G_USEC_PER_SEC);

  self->tokens = MIN (self->tokens + (gint64) more, PENSTOCK_RTP_UDP_BURST);
  self->filled_us = now;
}

/* --- one system call ---------------------------------------------------------------------- */

static void
call_init (Call *call)
{
  call->fd = -1;
  call->n = 0;
  call->pieces =
      (PenstockRtpPieces){ call->iovecs, 0, MAX_PIECES, call->headers, 0 };
}

static void
set_train (Call *call, struct msghdr *header, gsize segment)
{
  const guint16 size = (guint16) segment;

  header->msg_control = call->controls[call->n].bytes;
  header->msg_controllen = sizeof (call->controls[call->n].bytes);
  struct cmsghdr *cmsg = CMSG_FIRSTHDR (header);
  cmsg->cmsg_level = SOL_UDP;
  cmsg->cmsg_type = UDP_SEGMENT;
  cmsg->cmsg_len = CMSG_LEN (sizeof (size));
  memcpy (CMSG_DATA (cmsg), &size, sizeof (size));
}

/* Adds packets of @item from @index on. Returns: how many, 0 = no room */
static guint
call_add (Call *call, Target *target, const PenstockRtpItem *item, guint index,
    guint max_train)
{
  guint max = MIN (max_train, (MAX_PIECES - call->pieces.n) / 2);
  guint first_piece = call->pieces.n;
  gsize bytes = 0;

  if (call->n == MAX_MESSAGES || max == 0)
    return 0;
  guint n = penstock_rtp_item_get_train (item, index, max, MAX_TRAIN_BYTES);
  for (guint i = index; i < index + n; i++) {
    penstock_rtp_item_add_packet (item, i, &call->pieces);
    bytes += penstock_rtp_item_get_packet_size (item, i);
  }
  struct msghdr *header = &call->messages[call->n].msg_hdr;
  *header = (struct msghdr){
    .msg_name = item->packets->rtcp ? &target->rtcp_to : &target->rtp_to,
    .msg_namelen = target->to_size,
    .msg_iov = call->iovecs + first_piece,
    .msg_iovlen = call->pieces.n - first_piece,
  };
  if (n > 1)
    set_train (call, header, penstock_rtp_item_get_packet_size (item, index));
  call->n_packets[call->n] = n;
  call->bytes[call->n++] = bytes;
  return n;
}

/* --- sending --------------------------------------------------------------------------------- */

static int
fd_of (Datagrams *self, const PenstockRtpItem *item)
{
  Target *target = &self->targets[item->packets->stream];
  GSocket *socket = item->packets->rtcp ? target->rtcp : target->rtp;

  return socket ? g_socket_get_fd (socket) : -1;
}

/* FALSE: there is nothing to send. */
static gboolean
refill (Datagrams *self)
{
  /* First: what was appended before the end is still read. */
  gboolean ended = penstock_rtp_hub_has_ended (self->viewer.hub);

  self->position = self->packet = 0;
  self->n = penstock_rtp_feed_next (self->viewer.feed, self->items, BATCH);
  if ((self->n == 0 && ended) ||
      penstock_rtp_viewer_is_too_slow (&self->viewer))
    shutdown (self->over_fd, SHUT_RDWR);
  return self->n > 0;
}

/* What is next for one socket, as far as the tokens go. */
static void
collect (Datagrams *self, Call *call)
{
  guint packet = self->packet;
  gint64 tokens = self->tokens;

  call_init (call);
  for (guint i = self->position; i < self->n; i++, packet = 0) {
    const PenstockRtpItem *item = &self->items[i];
    int fd = fd_of (self, item);
    if (fd < 0 || (call->n > 0 && fd != call->fd))
      return;
    call->fd = fd;
    while (packet < item->packets->n_packets) {
      if (tokens <= 0)
        return;
      guint n = call_add (call, &self->targets[item->packets->stream], item,
          packet, self->one_by_one ? NO_TRAINS : MAX_TRAIN);
      if (n == 0)
        return;
      tokens -= (gint64) call->bytes[call->n - 1];
      packet += n;
    }
  }
}

static void
item_done (Datagrams *self)
{
  penstock_rtp_item_clear (&self->items[self->position]);
  self->position++;
  self->packet = 0;
}

/* The first @n messages are on their way, or lost like any datagram. */
static void
sent (Datagrams *self, const Call *call, guint n)
{
  for (guint i = 0; i < n; i++) {
    const PenstockRtpItem *item = &self->items[self->position];
    self->packet += call->n_packets[i];
    self->tokens -= (gint64) call->bytes[i];
    gboolean whole = self->packet == item->packets->n_packets;
    penstock_rtp_viewer_sent (&self->viewer, item, call->bytes[i], whole);
    if (whole)
      item_done (self);
  }
}

/* FALSE: the socket takes no more now. */
static gboolean
send_call (Datagrams *self, Call *call)
{
  int n;

  do
    n = sendmmsg (
        call->fd, call->messages, call->n, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    sent (self, call, (guint) n);
    return TRUE;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
    block (self, call->fd);
    return FALSE;
  }
  if (call->n_packets[0] > 1 && !self->one_by_one)
    self->one_by_one = TRUE; /* no such thing, or a narrow way: once more */
  else
    sent (self, call, 1); /* nobody is there any more */
  return TRUE;
}

static void
flush (Datagrams *self)
{
  Call call;
  gboolean more = TRUE;

  penstock_loop_clear_timer (self->loop, &self->tick);
  fill (self);
  while (more && self->tokens > 0) {
    if (self->position == self->n && !refill (self))
      return;
    collect (self, &call);
    if (call.fd < 0)
      item_done (self); /* not for this viewer */
    else
      more = send_call (self, &call);
  }
  if (more)
    penstock_loop_set_timer (self->loop, &self->tick, TICK_MS);
}

static void
flush_viewer (PenstockRtpViewer *viewer)
{
  Datagrams *self = (Datagrams *) viewer;

  if (!is_blocked (self) && self->tick.position == 0)
    flush (self);
  else if (penstock_rtp_viewer_is_too_slow (viewer))
    shutdown (self->over_fd, SHUT_RDWR);
}

static const PenstockRtpViewerType viewer_type = { flush_viewer };

static void
on_ready (gpointer data, guint32 events)
{
  Datagrams *self = data;

  unblock (self);
  flush (self);
}

static void
on_tick (gpointer data)
{
  flush (data);
}

/* --- life -------------------------------------------------------------------------------------- */

PenstockRtpViewer *
penstock_rtp_datagrams_new (
    PenstockRtpHub *hub, PenstockRtpViewerStats *stats, int over_fd)
{
  Datagrams *self = g_malloc0 (sizeof (Datagrams) +
      penstock_rtp_hub_get_n_streams (hub) * sizeof (Target));
  PenstockLoopPool *pool = penstock_rtp_hub_get_pool (hub);

  penstock_rtp_viewer_init (&self->viewer, &viewer_type, hub, stats);
  self->loop_number = penstock_loop_pool_next (pool);
  self->loop = penstock_loop_pool_get (pool, self->loop_number);
  self->over_fd = fcntl (over_fd, F_DUPFD_CLOEXEC, 0);
  self->watch = (PenstockLoopWatch){ -1, on_ready, self };
  self->tick = (PenstockLoopTimer){ .fire = on_tick, .data = self };
  return &self->viewer;
}

static socklen_t
make_address (const gchar *text, guint16 port, struct sockaddr_storage *address)
{
  g_autoptr (GSocketAddress) parsed =
      g_inet_socket_address_new_from_string (text, port);

  if (!parsed ||
      !g_socket_address_to_native (parsed, address, sizeof (*address), NULL))
    return 0;
  return (socklen_t) g_socket_address_get_native_size (parsed);
}

gboolean
penstock_rtp_datagrams_set_stream (PenstockRtpViewer *viewer, guint stream,
    GSocket *rtp, GSocket *rtcp, const gchar *address, guint16 rtp_port,
    guint16 rtcp_port)
{
  Target *target = &((Datagrams *) viewer)->targets[stream];

  target->to_size = make_address (address, rtp_port, &target->rtp_to);
  if (!rtp || target->to_size == 0 ||
      make_address (address, rtcp_port, &target->rtcp_to) == 0)
    return FALSE;
  g_set_object (&target->rtp, rtp);
  g_set_object (&target->rtcp, rtcp);
  return TRUE;
}

static void
play (gpointer data)
{
  Datagrams *self = data;

  choose_rate (self);
  penstock_rtp_hub_join (self->viewer.hub, &self->viewer, self->loop_number);
}

void
penstock_rtp_datagrams_play (PenstockRtpViewer *viewer)
{
  penstock_loop_post (((Datagrams *) viewer)->loop, play, viewer);
}

static void
stop (gpointer data)
{
  Datagrams *self = data;

  penstock_rtp_hub_leave (&self->viewer);
  unblock (self);
  penstock_loop_clear_timer (self->loop, &self->tick);
  while (self->position < self->n)
    item_done (self);
}

void
penstock_rtp_datagrams_pause (PenstockRtpViewer *viewer)
{
  penstock_loop_call (((Datagrams *) viewer)->loop, stop, viewer);
}

static void
datagrams_free (gpointer data)
{
  Datagrams *self = data;

  for (guint i = 0; i < penstock_rtp_hub_get_n_streams (self->viewer.hub);
       i++) {
    g_clear_object (&self->targets[i].rtp);
    g_clear_object (&self->targets[i].rtcp);
  }
  if (self->over_fd >= 0)
    close (self->over_fd);
  penstock_rtp_viewer_clear (&self->viewer);
  g_free (self);
}

static void
end (gpointer data)
{
  Datagrams *self = data;

  stop (self);
  penstock_loop_dispose (self->loop, datagrams_free, self);
}

void
penstock_rtp_datagrams_free (PenstockRtpViewer *viewer)
{
  if (viewer)
    penstock_loop_post (((Datagrams *) viewer)->loop, end, viewer);
}
