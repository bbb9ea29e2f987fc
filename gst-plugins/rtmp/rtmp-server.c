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

static void
hand_over (gpointer data)
{
  PenstockRtmpAccepted *accepted = data;

  penstock_rtmp_publisher_new (accepted);
  g_clear_object (&accepted->certificate);
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
pause_accepting (PenstockRtmpDoor *door)
{
  PenstockLoop *loop = door->server->loop;

  GST_WARNING ("out of file descriptors: not accepting for %d ms on port %u",
      ACCEPT_AGAIN_MS, door->port);
  penstock_loop_unwatch (loop, &door->watch);
  penstock_loop_set_timer (loop, &door->accept_again, ACCEPT_AGAIN_MS);
}

static void
watch_door (gpointer data)
{
  PenstockRtmpDoor *door = data;

  door->watch.fd = door->fd;
  if (!penstock_loop_watch (door->server->loop, &door->watch, EPOLLIN))
    GST_ERROR ("cannot watch port %u: %s", door->port, g_strerror (errno));
}

static GTlsCertificate *
dup_certificate (PenstockRtmpServer *server)
{
  g_mutex_lock (&server->lock);
  GTlsCertificate *certificate = g_object_ref (server->certificate);
  g_mutex_unlock (&server->lock);
  return certificate;
}

static const gchar *
describe_refusal (PenstockRtmpAdmission why)
{
  static const gchar *const sentences[] = {
    [PENSTOCK_RTMP_REFUSE_TOTAL] = "too many connections",
    [PENSTOCK_RTMP_REFUSE_ADDRESS] = "too many connections of this address",
    [PENSTOCK_RTMP_REFUSE_NETWORK] = "too many connections of this network",
    [PENSTOCK_RTMP_REFUSE_RATE] = "it connects too often",
    [PENSTOCK_RTMP_REFUSE_BLOCKED] = "it has sent too many wrong keys",
  };

  return sentences[why];
}

static void
tell_refused (
    PenstockRtmpServer *server, const gchar *peer, PenstockRtmpAdmission why)
{
  g_rec_mutex_lock (&server->handler_lock);
  if (server->refused)
    server->refused (peer, FALSE, describe_refusal (why), server->refused_data);
  g_rec_mutex_unlock (&server->handler_lock);
}

/* Counts the connection, or refuses it. */
static gboolean
admit (PenstockRtmpServer *server, PenstockRtmpAccepted *accepted)
{
  gint64 now = penstock_loop_now (server->loop);
  gboolean may_log = FALSE;
  guint more = 0;

  g_mutex_lock (&server->lock);
  accepted->limits = server->limits;
  PenstockRtmpAdmission result = penstock_rtmp_peers_admit (
      server->peers, &accepted->address, &server->limits, now);
  if (result != PENSTOCK_RTMP_ADMIT)
    may_log = penstock_rtmp_peers_may_log (server->peers, &accepted->address,
        PENSTOCK_RTMP_LINE_NOT_ADMITTED, now, &more);
  g_mutex_unlock (&server->lock);
  if (may_log) {
    GST_INFO ("connection refused (%s), %u more before peer=%s",
        describe_refusal (result), more, accepted->peer);
    tell_refused (server, accepted->peer, result);
  }
  return result == PENSTOCK_RTMP_ADMIT;
}

/* Takes @fd. */
static void
take_connection (PenstockRtmpDoor *door, int fd,
    const PenstockRtmpAddress *address, guint16 port)
{
  PenstockRtmpServer *server = door->server;
  PenstockRtmpAccepted *accepted = g_new0 (PenstockRtmpAccepted, 1);

  accepted->server = server;
  accepted->fd = fd;
  accepted->address = *address;
  accepted->peer = penstock_rtmp_socket_peer_text (address, port);
  if (admit (server, accepted)) {
    if (door->security != PENSTOCK_RTMP_PLAIN)
      accepted->certificate = dup_certificate (server);
    accepted->may_be_plain = door->security == PENSTOCK_RTMP_DETECT;
    penstock_rtmp_socket_tune (fd);
    accepted->loop = penstock_rtmp_io_next_loop ();
    penstock_loop_post (accepted->loop, hand_over, accepted);
  } else {
    penstock_rtmp_socket_reset (fd);
    g_free (accepted->peer);
    g_free (accepted);
  }
}

static void
on_connection (gpointer data, guint32 events)
{
  PenstockRtmpDoor *door = data;

  for (guint i = 0; i < ACCEPTS_PER_ROUND; i++) {
    PenstockRtmpAddress address;
    guint16 port;
    int fd = penstock_rtmp_socket_accept (door->fd, &address, &port);

    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
          errno == ENOMEM)
        pause_accepting (door);
      else if (errno == EINVAL) /* shut down: about to be closed */
        penstock_loop_unwatch (door->server->loop, &door->watch);
      return;
    }
    if (is_reserved (fd)) {
      close (fd);
      pause_accepting (door);
      return;
    }
    take_connection (door, fd, &address, port);
  }
}

/* Ports */

static void
door_free (gpointer data)
{
  PenstockRtmpDoor *door = data;

  g_free (door->address);
  g_free (door);
}

/* Takes @fd and @address. */
static PenstockRtmpDoor *
door_new (PenstockRtmpServer *server, int fd, guint16 port, gchar *address,
    PenstockRtmpSecurity security)
{
  PenstockRtmpDoor *door = g_new0 (PenstockRtmpDoor, 1);

  door->server = server;
  door->address = address;
  door->port = port;
  door->security = security;
  door->fd = fd;
  door->watch = (PenstockLoopWatch){ -1, on_connection, door };
  door->accept_again.fire = watch_door;
  door->accept_again.data = door;
  g_ptr_array_add (server->doors, door);
  GST_INFO ("listening on %s port %u", address, port);
  penstock_loop_post (server->loop, watch_door, door);
  return door;
}

/* An IPv6 listener on every address serves the IPv4 one. */
static gboolean
serves (const PenstockRtmpDoor *door, const gchar *address, guint16 port)
{
  return door->port == port &&
      (g_str_equal (door->address, address) ||
          (g_str_equal (door->address, "::") &&
              g_str_equal (address, "0.0.0.0")));
}

/* Lock of the listeners held. */
static PenstockRtmpDoor *
find_door (const gchar *host, guint16 port)
{
  const gchar *address = host && *host ? host : "::";
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address);
  g_autofree gchar *normal =
      parsed ? g_inet_address_to_string (parsed) : g_strdup ("127.0.0.1");

  if (!parsed && g_ascii_strcasecmp (address, "localhost") != 0)
    return NULL;
  for (GList *l = listeners; l && port != 0; l = l->next) {
    PenstockRtmpServer *server = l->data;
    for (guint i = 0; i < server->doors->len; i++)
      if (serves (server->doors->pdata[i], normal, port))
        return server->doors->pdata[i];
  }
  return NULL;
}

/* Life */

static PenstockRtmpServer *
server_new (void)
{
  PenstockRtmpServer *server = g_new0 (PenstockRtmpServer, 1);

  server->ref_count = 1;
  server->times = (PenstockRtmpTimes){
    .defer_ms = PENSTOCK_RTMP_DEFER_MS,
    .stale_ms = PENSTOCK_RTMP_STALE_MS,
    .ping_ms = PENSTOCK_RTMP_PING_MS,
    .penalty_ms = PENSTOCK_RTMP_PENALTY_MS,
    .drip_ms = PENSTOCK_RTMP_DRIP_MS,
  };
  server->limits = penstock_rtmp_default_limits;
  server->peers = penstock_rtmp_peers_new ();
  server->memory = penstock_rtmp_memory_new ();
  g_rec_mutex_init (&server->handler_lock);
  g_mutex_init (&server->lock);
  server->doors = g_ptr_array_new_with_free_func (door_free);
  server->claims = g_hash_table_new (g_str_hash, g_str_equal);
  server->playbacks = g_hash_table_new (g_str_hash, g_str_equal);
  server->publishers = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_queue_init (&server->half_open);
  server->hearers = g_ptr_array_new_with_free_func (
      (GDestroyNotify) penstock_rtmp_owner_unref);
  server->loop = penstock_rtmp_io_next_loop ();
  return server;
}

static gboolean
check_certificate (
    PenstockRtmpSecurity security, GTlsCertificate *certificate, GError **error)
{
  if (security == PENSTOCK_RTMP_PLAIN || certificate)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "cannot listen for RTMP over TLS without a certificate");
  return FALSE;
}

/* Lock of the listeners held. */
static PenstockRtmpServer *
listen_on (const gchar *host, guint16 *port, PenstockRtmpSecurity security,
    GTlsCertificate *certificate, GError **error)
{
  gchar *address = NULL;

  if (!check_certificate (security, certificate, error) ||
      !penstock_rtmp_io_acquire (error))
    return NULL;
  int fd = penstock_rtmp_socket_listen (host, port, &address, error);
  if (fd < 0) {
    penstock_rtmp_io_release ();
    return NULL;
  }
  PenstockRtmpServer *server = server_new ();
  g_set_object (&server->certificate, certificate);
  listeners = g_list_prepend (listeners, server);
  door_new (server, fd, *port, address, security);
  return server;
}

/* (transfer full) (nullable): the one of @door, if that is as wanted. */
static PenstockRtmpServer *
share (PenstockRtmpDoor *door, PenstockRtmpSecurity security, GError **error)
{
  if (door->security == security || door->security == PENSTOCK_RTMP_DETECT)
    return penstock_rtmp_server_ref (door->server);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
      "cannot listen for RTMP%s on port %u: it is in use for RTMP%s",
      security == PENSTOCK_RTMP_PLAIN ? "" : " over TLS", door->port,
      door->security == PENSTOCK_RTMP_PLAIN ? "" : " over TLS");
  return NULL;
}

PenstockRtmpServer *
penstock_rtmp_server_get_secure (const gchar *host, guint16 *port,
    PenstockRtmpSecurity security, GTlsCertificate *certificate, GError **error)
{
  g_mutex_lock (&listeners_lock);
  PenstockRtmpDoor *door = find_door (host, *port);
  PenstockRtmpServer *server = door
      ? share (door, security, error)
      : listen_on (host, port, security, certificate, error);
  g_mutex_unlock (&listeners_lock);
  return server;
}

PenstockRtmpServer *
penstock_rtmp_server_get (const gchar *host, guint16 port, GError **error)
{
  return penstock_rtmp_server_get_secure (
      host, &port, PENSTOCK_RTMP_PLAIN, NULL, error);
}

gboolean
penstock_rtmp_server_add_port (PenstockRtmpServer *server, const gchar *host,
    guint16 *port, PenstockRtmpSecurity security, GTlsCertificate *certificate,
    GError **error)
{
  gchar *address = NULL;
  int fd = -1;

  g_mutex_lock (&server->lock);
  gboolean ok = check_certificate (
      security, certificate ? certificate : server->certificate, error);
  g_mutex_unlock (&server->lock);
  g_mutex_lock (&listeners_lock);
  if (ok)
    fd = penstock_rtmp_socket_listen (host, port, &address, error);
  if (fd >= 0) {
    if (certificate)
      penstock_rtmp_server_set_certificate (server, certificate);
    door_new (server, fd, *port, address, security);
  }
  g_mutex_unlock (&listeners_lock);
  return fd >= 0;
}

gboolean
penstock_rtmp_server_has_certificate (
    PenstockRtmpServer *server, GTlsCertificate *certificate)
{
  g_mutex_lock (&server->lock);
  gboolean result = server->certificate &&
      g_tls_certificate_is_same (server->certificate, certificate);
  g_mutex_unlock (&server->lock);
  return result;
}

void
penstock_rtmp_server_set_certificate (
    PenstockRtmpServer *server, GTlsCertificate *certificate)
{
  g_mutex_lock (&server->lock);
  g_set_object (&server->certificate, certificate);
  g_mutex_unlock (&server->lock);
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

  for (guint i = 0; i < server->doors->len; i++) {
    PenstockRtmpDoor *door = server->doors->pdata[i];
    penstock_loop_clear_timer (server->loop, &door->accept_again);
    penstock_loop_unwatch (server->loop, &door->watch);
    close (door->fd);
  }
}

typedef struct {
  PenstockRtmpServer *server;
  PenstockLoop *loop;
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

  penstock_loop_call (server->loop, stop_listening, server);
  for (guint i = 0; i < penstock_rtmp_io_get_n_loops (); i++) {
    Shutdown down = { server, penstock_rtmp_io_get_loop (i) };
    penstock_loop_call (down.loop, shut_down_publishers, &down);
  }
  for (guint i = 0; i < penstock_rtmp_io_get_n_loops (); i++)
    penstock_loop_call (penstock_rtmp_io_get_loop (i), nothing, NULL);
  penstock_rtmp_io_release ();

  if (server->unclaimed_destroy)
    server->unclaimed_destroy (server->unclaimed_data);
  g_hash_table_unref (server->claims);
  g_hash_table_unref (server->playbacks);
  g_hash_table_unref (server->publishers);
  g_ptr_array_unref (server->hearers);
  penstock_rtmp_peers_free (server->peers);
  penstock_rtmp_memory_unref (server->memory);
  g_rec_mutex_clear (&server->handler_lock);
  g_mutex_clear (&server->lock);
  g_ptr_array_unref (server->doors);
  g_clear_object (&server->certificate);
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
    for (guint i = 0; i < server->doors->len; i++)
      shutdown (((PenstockRtmpDoor *) server->doors->pdata[i])->fd, SHUT_RDWR);
  }
  g_mutex_unlock (&listeners_lock);

  if (last && penstock_loop_is_loop_thread ())
    g_thread_unref (g_thread_new ("rtmp-close", server_destroy, server));
  else if (last)
    server_destroy (server);
}

guint16
penstock_rtmp_server_get_port (PenstockRtmpServer *server)
{
  g_mutex_lock (&listeners_lock);
  guint16 port = ((PenstockRtmpDoor *) server->doors->pdata[0])->port;
  g_mutex_unlock (&listeners_lock);
  return port;
}

static gboolean
limits_equal (const PenstockRtmpLimits *a, const PenstockRtmpLimits *b)
{
  guint n;
  const PenstockRtmpLimit *table = penstock_rtmp_limits_get_table (&n);

  for (guint i = 0; i < n; i++)
    if (penstock_rtmp_limits_get (a, &table[i]) !=
        penstock_rtmp_limits_get (b, &table[i]))
      return FALSE;
  return a->enhanced == b->enhanced;
}

gboolean
penstock_rtmp_server_set_limits (PenstockRtmpServer *server,
    const PenstockRtmpLimits *limits, gconstpointer owner)
{
  g_mutex_lock (&server->lock);
  if (!server->limits_owner || server->limits_owner == owner) {
    server->limits = *limits;
    server->limits_owner = owner;
    penstock_rtmp_memory_set_max (server->memory, limits->max_memory);
  }
  gboolean equal = limits_equal (&server->limits, limits);
  g_mutex_unlock (&server->lock);
  return equal;
}

void
penstock_rtmp_server_get_stats (
    PenstockRtmpServer *server, PenstockRtmpServerStats *stats)
{
  g_mutex_lock (&server->lock);
  penstock_rtmp_peers_get_stats (server->peers, &stats->peers);
  g_mutex_unlock (&server->lock);
  stats->memory = penstock_rtmp_memory_get_bytes (server->memory);
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

PenstockRtmpLimits *
penstock_priv_rtmp_server_get_limits (PenstockRtmpServer *server)
{
  return &server->limits;
}
