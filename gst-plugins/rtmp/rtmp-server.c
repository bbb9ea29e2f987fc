/* SPDX-License-Identifier: MIT
 *
 * The listener: a table of listeners of the process, accepting, and shutting
 * down. Publishers are in rtmp-publisher.c, claims in rtmp-claim.c. */

#include "rtmp-server.h"

#include <errno.h>
#include <gst/gst.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtmp-limits.h"
#include "rtmp-server-private.h"
#include "rtmp-socket.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_debug);
#define GST_CAT_DEFAULT penstock_rtmp_debug

#define ACCEPTS_PER_ROUND 64
#define ACCEPT_AGAIN_MS 100

static GMutex listeners_lock; /* guards the list and the last unref */
static GList *listeners;      /* of PenstockRtmpServer, not owned */

/* Accepting */

typedef struct {
  PenstockRtmpServer *server;
  PenstockRtmpLoop *loop;
  int fd;
  gchar *peer;
} Accepted;

static void
hand_over (gpointer data)
{
  Accepted *accepted = data;

  penstock_rtmp_publisher_new (
      accepted->server, accepted->loop, accepted->fd, accepted->peer);
  g_free (accepted);
}

/* The rest of the process needs descriptors too. */
static gboolean
is_reserved (int fd)
{
  struct rlimit limit;

  return getrlimit (RLIMIT_NOFILE, &limit) == 0 &&
      limit.rlim_cur != RLIM_INFINITY &&
      (rlim_t) fd + PENSTOCK_RTMP_FD_RESERVE >= limit.rlim_cur;
}

/* Out of descriptors: waiting connections stay in the kernel's queue. */
static void
pause_accepting (PenstockRtmpServer *server)
{
  GST_WARNING ("out of file descriptors: not accepting for %d ms on port %u",
      ACCEPT_AGAIN_MS, server->port);
  penstock_rtmp_loop_unwatch (server->loop, &server->listener);
  penstock_rtmp_loop_set_timer (
      server->loop, &server->accept_again, ACCEPT_AGAIN_MS);
}

static void
watch_listener (gpointer data)
{
  PenstockRtmpServer *server = data;

  server->listener.fd = server->listen_fd;
  if (!penstock_rtmp_loop_watch (server->loop, &server->listener, EPOLLIN))
    GST_ERROR ("cannot watch port %u: %s", server->port, g_strerror (errno));
}

static void
on_connection (gpointer data, guint32 events)
{
  PenstockRtmpServer *server = data;

  for (guint i = 0; i < ACCEPTS_PER_ROUND; i++) {
    gchar *peer = NULL;
    int fd = penstock_rtmp_socket_accept (server->listen_fd, &peer);

    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
          errno == ENOMEM)
        pause_accepting (server);
      else if (errno == EINVAL) /* shut down: about to be closed */
        penstock_rtmp_loop_unwatch (server->loop, &server->listener);
      return;
    }
    if (is_reserved (fd)) {
      close (fd);
      g_free (peer);
      pause_accepting (server);
      return;
    }
    Accepted *accepted = g_new0 (Accepted, 1);
    accepted->server = server;
    accepted->loop = penstock_rtmp_io_next_loop ();
    accepted->fd = fd;
    accepted->peer = peer;
    penstock_rtmp_loop_post (accepted->loop, hand_over, accepted);
  }
}

/* Life */

static PenstockRtmpServer *
server_new (int fd, guint16 port, gchar *address)
{
  PenstockRtmpServer *server = g_new0 (PenstockRtmpServer, 1);

  server->ref_count = 1;
  server->address = address;
  server->port = port;
  server->times = (PenstockRtmpTimes){
    .handshake_ms = PENSTOCK_RTMP_HANDSHAKE_MS,
    .connect_ms = PENSTOCK_RTMP_CONNECT_MS,
    .publish_ms = PENSTOCK_RTMP_PUBLISH_MS,
    .first_media_ms = PENSTOCK_RTMP_FIRST_MEDIA_MS,
    .silence_ms = PENSTOCK_RTMP_SILENCE_MS,
    .message_ms = PENSTOCK_RTMP_MESSAGE_MS,
    .defer_ms = PENSTOCK_RTMP_DEFER_MS,
    .stale_ms = PENSTOCK_RTMP_STALE_MS,
    .play_ms = PENSTOCK_RTMP_PLAY_MS,
    .ping_ms = PENSTOCK_RTMP_PING_MS,
  };
  g_rec_mutex_init (&server->handler_lock);
  g_mutex_init (&server->lock);
  server->claims = g_hash_table_new (g_str_hash, g_str_equal);
  server->playbacks = g_hash_table_new (g_str_hash, g_str_equal);
  server->publishers = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_queue_init (&server->half_open);

  server->loop = penstock_rtmp_io_next_loop ();
  server->listen_fd = fd;
  server->listener.ready = on_connection;
  server->listener.data = server;
  server->accept_again.fire = watch_listener;
  server->accept_again.data = server;
  penstock_rtmp_loop_post (server->loop, watch_listener, server);
  return server;
}

/* A listener on every IPv4 and IPv6 address also serves every IPv4 one. */
static gboolean
serves (const PenstockRtmpServer *server, const gchar *address, guint16 port)
{
  return server->port == port &&
      (g_str_equal (server->address, address) ||
          (g_str_equal (server->address, "::") &&
              g_str_equal (address, "0.0.0.0")));
}

static PenstockRtmpServer *
find_listener (const gchar *host, guint16 port)
{
  const gchar *address = host && *host ? host : "::";
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address);
  g_autofree gchar *normal =
      parsed ? g_inet_address_to_string (parsed) : g_strdup ("127.0.0.1");

  if (!parsed && g_ascii_strcasecmp (address, "localhost") != 0)
    return NULL;
  for (GList *l = listeners; l && port != 0; l = l->next)
    if (serves (l->data, normal, port))
      return penstock_rtmp_server_ref (l->data);
  return NULL;
}

/* Lock of the listeners held. */
static PenstockRtmpServer *
listen_on (const gchar *host, guint16 port, GError **error)
{
  gchar *address = NULL;

  if (!penstock_rtmp_io_acquire (error))
    return NULL;
  int fd = penstock_rtmp_socket_listen (host, &port, &address, error);
  if (fd < 0) {
    penstock_rtmp_io_release ();
    return NULL;
  }
  PenstockRtmpServer *server = server_new (fd, port, address);
  listeners = g_list_prepend (listeners, server);
  GST_INFO ("listening on %s port %u", address, port);
  return server;
}

PenstockRtmpServer *
penstock_rtmp_server_get (const gchar *host, guint16 port, GError **error)
{
  g_mutex_lock (&listeners_lock);
  PenstockRtmpServer *server = find_listener (host, port);
  if (!server)
    server = listen_on (host, port, error);
  g_mutex_unlock (&listeners_lock);
  return server;
}

PenstockRtmpServer *
penstock_rtmp_server_ref (PenstockRtmpServer *server)
{
  g_atomic_int_inc (&server->ref_count);
  return server;
}

static void
stop_listening (gpointer data)
{
  PenstockRtmpServer *server = data;

  penstock_rtmp_loop_clear_timer (server->loop, &server->accept_again);
  penstock_rtmp_loop_unwatch (server->loop, &server->listener);
  close (server->listen_fd);
}

typedef struct {
  PenstockRtmpServer *server;
  PenstockRtmpLoop *loop;
} Shutdown;

static void
shut_down_publishers (gpointer data)
{
  const Shutdown *down = data;
  g_autoptr (GPtrArray) ours = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&down->server->lock);
  g_hash_table_iter_init (&iter, down->server->publishers);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    PenstockRtmpPublisher *publisher = value;
    if (publisher->loop == down->loop)
      g_ptr_array_add (ours, publisher);
  }
  g_mutex_unlock (&down->server->lock);
  for (guint i = 0; i < ours->len; i++)
    penstock_rtmp_publisher_shutdown (ours->pdata[i]);
}

static void
nothing (gpointer data)
{
}

/* Waits for the I/O threads: not on one of them. After stop_listening()
 * nothing new is handed over, and what was comes before the next call. What
 * publishers asked of each other while they were shut down has run when each
 * loop was called once more. */
static gpointer
server_destroy (gpointer data)
{
  PenstockRtmpServer *server = data;

  penstock_rtmp_loop_call (server->loop, stop_listening, server);
  for (guint i = 0; i < penstock_rtmp_io_get_n_loops (); i++) {
    Shutdown down = { server, penstock_rtmp_io_get_loop (i) };
    penstock_rtmp_loop_call (down.loop, shut_down_publishers, &down);
  }
  for (guint i = 0; i < penstock_rtmp_io_get_n_loops (); i++)
    penstock_rtmp_loop_call (penstock_rtmp_io_get_loop (i), nothing, NULL);
  penstock_rtmp_io_release ();

  if (server->unclaimed_destroy)
    server->unclaimed_destroy (server->unclaimed_data);
  g_hash_table_unref (server->claims);
  g_hash_table_unref (server->playbacks);
  g_hash_table_unref (server->publishers);
  g_rec_mutex_clear (&server->handler_lock);
  g_mutex_clear (&server->lock);
  g_free (server->address);
  g_free (server);
  return NULL;
}

void
penstock_rtmp_server_unref (PenstockRtmpServer *server)
{
  g_mutex_lock (&listeners_lock);
  gboolean last = g_atomic_int_dec_and_test (&server->ref_count);
  if (last) {
    listeners = g_list_remove (listeners, server);
    /* From now on the port can be bound again, before the loop closed it. */
    shutdown (server->listen_fd, SHUT_RDWR);
  }
  g_mutex_unlock (&listeners_lock);

  if (last && penstock_rtmp_io_is_loop_thread ())
    g_thread_unref (g_thread_new ("rtmp-close", server_destroy, server));
  else if (last)
    server_destroy (server);
}

guint16
penstock_rtmp_server_get_port (PenstockRtmpServer *server)
{
  return server->port;
}

guint
penstock_rtmp_server_get_n_connections (PenstockRtmpServer *server)
{
  g_mutex_lock (&server->lock);
  guint n = g_hash_table_size (server->publishers);
  g_mutex_unlock (&server->lock);
  return n;
}

void
penstock_rtmp_server_set_unclaimed_handler (PenstockRtmpServer *server,
    PenstockRtmpUnclaimedFunc func, gpointer user_data, GDestroyNotify destroy)
{
  g_rec_mutex_lock (&server->handler_lock);
  GDestroyNotify old_destroy = server->unclaimed_destroy;
  gpointer old_data = server->unclaimed_data;
  server->unclaimed = func;
  server->unclaimed_data = user_data;
  server->unclaimed_destroy = destroy;
  g_rec_mutex_unlock (&server->handler_lock);
  if (old_destroy)
    old_destroy (old_data);
}

void
penstock_rtmp_server_set_refused_handler (PenstockRtmpServer *server,
    PenstockRtmpRefusedFunc func, gpointer user_data)
{
  g_rec_mutex_lock (&server->handler_lock);
  server->refused = func;
  server->refused_data = user_data;
  g_rec_mutex_unlock (&server->handler_lock);
}

PenstockRtmpTimes *
penstock_priv_rtmp_server_get_times (PenstockRtmpServer *server)
{
  return &server->times;
}
