/* SPDX-License-Identifier: MIT
 *
 * Listening port, connections and their deadlines (see http-listener.h).
 *
 * libsoup gives no way from a message to the stream it came by, but hands out
 * the very GSocketAddress object it was given: our connection hangs on that. */

#include "http-listener.h"

#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "http-stream.h"
#include "../log.h"
#include "../penstock-error.h"

#define BACKLOG 1024
#define ACCEPTS_PER_WAKE_UP 64
/* How long accepting rests when the process has no file descriptor left. */
#define ACCEPT_PAUSE_US (100 * 1000)

static const gchar REFUSAL[] = "HTTP/1.1 503 Service Unavailable\r\n"
                               "Connection: close\r\n"
                               "Content-Length: 0\r\n"
                               "Retry-After: 5\r\n"
                               "Cache-Control: no-store\r\n"
                               "Access-Control-Allow-Origin: *\r\n\r\n";

struct _HttpListener {
  GSocket *socket;
  SoupServer *server;
  HttpLimits limits;

  GMainContext *context;
  GSource *accept_source; /* NULL while accepting rests */
  GSource *timer;         /* ready at the earliest deadline */
  gint64 resume_at;       /* 0: accepting does not rest */
  guint64 n_refused;      /* since the last line in the log */
  gint64 refusals_logged;

  GHashTable *connections; /* set of HttpConnection */
  guint n_alive;           /* of them not dropped */
  GQueue idle;             /* of HttpConnection, longest idle first */
};

struct _HttpConnection {
  HttpListener *listener; /* NULL once the listener is gone */
  GSocket *socket;
  PenstockHttpStream *stream; /* libsoup's; we end with it */
  GSocketAddress *remote;     /* the key that messages bring back */
  gchar *peer;

  HttpConnectionState state;
  GList idle_link; /* in listener->idle while IDLE */
  gsize pending;   /* bytes queued and not taken */
  gint64 deadline; /* monotonic µs; 0: none */
  gint64 write_deadline;

  GSource *gone_source; /* NULL but while somebody waits for gone() */
  HttpConnectionGone gone;
  gpointer gone_data;
};

static GQuark
connection_quark (void)
{
  static GQuark quark;

  if (!quark)
    quark = g_quark_from_static_string ("penstock-http-connection");
  return quark;
}

/* ---- binding ---- */

static GSocket *
bind_to (GInetAddress *host, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (host, port);
  GSocketFamily family = g_inet_address_get_family (host);
  g_autoptr (GSocket) socket =
      g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (!socket)
    return NULL;
  if (family == G_SOCKET_FAMILY_IPV6)
    g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY,
        !g_inet_address_get_is_any (host), NULL);
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, address, TRUE, error) ||
      !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static GInetAddress *
resolve (const gchar *host, GError **error)
{
  GInetAddress *address = g_inet_address_new_from_string (host);

  if (address)
    return address;
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  GList *found = g_resolver_lookup_by_name (resolver, host, NULL, error);
  if (!found)
    return NULL;
  address = g_object_ref (found->data);
  g_resolver_free_addresses (found);
  return address;
}

GSocket *
http_listener_bind (const PenstockListenAddress *listen, GError **error)
{
  gboolean any = !listen->host || !*listen->host;
  const gchar *host = any ? "::" : listen->host;
  g_autoptr (GError) local = NULL;
  g_autoptr (GInetAddress) address = resolve (host, &local);
  GSocket *socket = address ? bind_to (address, listen->port, &local) : NULL;

  if (!socket && address && g_inet_address_get_is_any (address) &&
      (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ||
          g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))) {
    g_autoptr (GInetAddress) v4 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
    g_clear_error (&local);
    socket = bind_to (v4, listen->port, &local);
  }
  if (socket)
    return socket;

  gboolean v6 = strchr (host, ':') != NULL;
  gboolean in_use =
      g_error_matches (local, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_set_error (error, PENSTOCK_ERROR,
      in_use ? PENSTOCK_ERROR_ADDRESS_IN_USE : PENSTOCK_ERROR_FAILED,
      "http: cannot listen on %s%s%s:%u: %s", v6 ? "[" : "", host,
      v6 ? "]" : "", listen->port,
      in_use ? "another process listens on this port" : local->message);
  return NULL;
}

/* ---- deadlines ---- */

/* A deadline that moves away leaves the timer alone: it then fires too early
 * once, and looks for the next one. */
static void
arm (HttpListener *self, gint64 deadline)
{
  gint64 ready = g_source_get_ready_time (self->timer);

  if (deadline && (ready < 0 || deadline < ready))
    g_source_set_ready_time (self->timer, deadline);
}

static void
set_deadline (HttpConnection *self, gint64 deadline)
{
  self->deadline = deadline;
  if (self->listener)
    arm (self->listener, deadline);
}

static const gchar *
overdue_reason (HttpConnection *self)
{
  switch (self->state) {
  case HTTP_CONNECTION_IDLE:
    return "idle for too long";
  case HTTP_CONNECTION_READING:
    return "the request did not arrive in time";
  case HTTP_CONNECTION_WRITING:
    return "the reader is too slow";
  case HTTP_CONNECTION_WORKING:
  case HTTP_CONNECTION_DROPPED:
    break;
  }
  return "closing";
}

static void start_accepting (HttpListener *self);

static gboolean
on_timer (gpointer user_data)
{
  HttpListener *self = user_data;
  gint64 now = g_get_monotonic_time ();
  gint64 next = self->resume_at;
  g_autoptr (GPtrArray) overdue = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  g_source_set_ready_time (self->timer, -1);
  if (next && next <= now) {
    next = self->resume_at = 0;
    start_accepting (self);
  }
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    HttpConnection *connection = key;
    if (!connection->deadline)
      continue;
    if (connection->deadline <= now)
      g_ptr_array_add (overdue, connection);
    else if (!next || connection->deadline < next)
      next = connection->deadline;
  }
  arm (self, next);
  for (guint i = 0; i < overdue->len; i++) {
    HttpConnection *connection = g_ptr_array_index (overdue, i);
    http_connection_drop (connection, overdue_reason (connection));
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_timer (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs timer_funcs = { .dispatch = dispatch_timer };

/* ---- clients that go while we make them wait ---- */

static void
stop_watching (HttpConnection *self)
{
  if (!self->gone_source)
    return;
  g_source_destroy (self->gone_source);
  g_clear_pointer (&self->gone_source, g_source_unref);
}

static gboolean
on_gone (gint fd, GIOCondition condition, gpointer user_data)
{
  HttpConnection *self = user_data;

  g_clear_pointer (&self->gone_source, g_source_unref);
  self->gone (self->gone_data);
  return G_SOURCE_REMOVE;
}

void
http_connection_watch (
    HttpConnection *self, HttpConnectionGone gone, gpointer user_data)
{
  if (!self->listener || self->state == HTTP_CONNECTION_DROPPED)
    return;
  stop_watching (self);
  self->gone = gone;
  self->gone_data = user_data;
  /* Not for input: a further request may be waiting there. */
  self->gone_source = g_unix_fd_source_new (
      g_socket_get_fd (self->socket), (GIOCondition) POLLRDHUP | G_IO_HUP);
  g_source_set_callback (
      self->gone_source, G_SOURCE_FUNC (on_gone), self, NULL);
  g_source_attach (self->gone_source, self->listener->context);
}

/* ---- connections ---- */

/* libsoup has let go of the stream. */
static void
on_stream_gone (gpointer user_data, GObject *stream)
{
  HttpConnection *self = user_data;

  stop_watching (self);
  if (self->listener) {
    if (self->state == HTTP_CONNECTION_IDLE)
      g_queue_unlink (&self->listener->idle, &self->idle_link);
    if (self->state != HTTP_CONNECTION_DROPPED)
      self->listener->n_alive--;
    g_hash_table_remove (self->listener->connections, self);
  }
  g_object_set_qdata (G_OBJECT (self->remote), connection_quark (), NULL);
  g_object_unref (self->remote);
  g_object_unref (self->socket);
  g_free (self->peer);
  g_free (self);
}

static gchar *
address_to_string (GSocketAddress *address)
{
  g_autofree gchar *host = NULL;
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  GInetAddress *ip = g_inet_socket_address_get_address (inet);

  host = g_inet_address_to_string (ip);
  /* IPv4 clients of a dual-stack socket. */
  const gchar *shown = g_str_has_prefix (host, "::ffff:") ? host + 7 : host;
  gboolean v6 = strchr (shown, ':') != NULL;
  return g_strdup_printf ("%s%s%s:%u", v6 ? "[" : "", shown, v6 ? "]" : "",
      g_inet_socket_address_get_port (inet));
}

HttpConnection *
http_connection_of (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  return address ? g_object_get_qdata (G_OBJECT (address), connection_quark ())
                 : NULL;
}

const gchar *
http_connection_get_peer (HttpConnection *self)
{
  return self->peer;
}

HttpConnectionState
http_connection_get_state (HttpConnection *self)
{
  return self->state;
}

gsize
http_connection_get_pending (HttpConnection *self)
{
  return self->pending;
}

void
http_connection_set_state (HttpConnection *self, HttpConnectionState state)
{
  HttpListener *listener = self->listener;

  if (!listener || self->state == HTTP_CONNECTION_DROPPED)
    return;
  if (self->state == HTTP_CONNECTION_IDLE)
    g_queue_unlink (&listener->idle, &self->idle_link);
  if (state == HTTP_CONNECTION_IDLE)
    g_queue_push_tail_link (&listener->idle, &self->idle_link);

  const HttpLimits *limits = &listener->limits;
  gint64 now = g_get_monotonic_time ();
  gint64 deadline = 0;
  switch (state) {
  case HTTP_CONNECTION_IDLE:
    deadline = now + limits->idle_ms * G_TIME_SPAN_MILLISECOND;
    self->pending = 0;
    break;
  case HTTP_CONNECTION_READING:
    deadline = now + limits->request_ms * G_TIME_SPAN_MILLISECOND;
    break;
  case HTTP_CONNECTION_WRITING:
    if (self->state != HTTP_CONNECTION_WRITING)
      self->write_deadline = now + limits->write_ms * G_TIME_SPAN_MILLISECOND;
    deadline = MIN (
        self->write_deadline, now + limits->stall_ms * G_TIME_SPAN_MILLISECOND);
    break;
  case HTTP_CONNECTION_WORKING:
    break;
  case HTTP_CONNECTION_DROPPED:
    listener->n_alive--;
    break;
  }
  if (state == HTTP_CONNECTION_IDLE || state == HTTP_CONNECTION_DROPPED)
    stop_watching (self);
  self->state = state;
  set_deadline (self, deadline);
}

void
http_connection_request_started (HttpConnection *self)
{
  penstock_priv_http_stream_set_phase (self->stream, HTTP_STREAM_HEADERS);
}

void
http_connection_headers_read (HttpConnection *self)
{
  penstock_priv_http_stream_set_phase (self->stream, HTTP_STREAM_BODY);
  http_connection_set_state (self, HTTP_CONNECTION_READING);
}

void
http_connection_request_over (HttpConnection *self)
{
  penstock_priv_http_stream_set_phase (self->stream, HTTP_STREAM_BETWEEN);
  http_connection_set_state (self, HTTP_CONNECTION_IDLE);
}

void
http_connection_queued (HttpConnection *self, gsize bytes)
{
  self->pending += bytes;
  if (self->state == HTTP_CONNECTION_WORKING)
    http_connection_set_state (self, HTTP_CONNECTION_WRITING);
}

void
http_connection_sent (HttpConnection *self, gsize bytes)
{
  self->pending -= MIN (bytes, self->pending);
  http_connection_set_state (
      self, self->pending ? HTTP_CONNECTION_WRITING : HTTP_CONNECTION_WORKING);
}

void
http_connection_drop (HttpConnection *self, const gchar *reason)
{
  if (self->state == HTTP_CONNECTION_DROPPED)
    return;
  penstock_debug ("http", "connection closed: %s peer=%s", reason, self->peer);
  http_connection_set_state (self, HTTP_CONNECTION_DROPPED);
  /* Both directions: libsoup's poll returns, reading ends, writing fails. */
  g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
}

/* ---- accepting ---- */

static void
refuse (HttpListener *self, GSocket *socket)
{
  gint64 now = g_get_monotonic_time ();

  /* Best effort: a fresh socket's buffer takes it. */
  g_socket_send (socket, REFUSAL, sizeof REFUSAL - 1, NULL, NULL);
  g_socket_close (socket, NULL);
  self->n_refused++;
  if (self->refusals_logged &&
      now - self->refusals_logged < 10 * G_TIME_SPAN_SECOND)
    return;
  penstock_warning ("http",
      "%" G_GUINT64_FORMAT
      " connections refused: the limit of %u connections is reached",
      self->n_refused, self->limits.max_connections);
  self->n_refused = 0;
  self->refusals_logged = now;
}

static gboolean
make_room (HttpListener *self)
{
  if (self->n_alive < self->limits.max_connections)
    return TRUE;

  HttpConnection *oldest = g_queue_peek_head (&self->idle);
  if (!oldest)
    return FALSE;
  http_connection_drop (oldest, "idle, and its place is needed");
  return TRUE;
}

static void
take_connection (HttpListener *self, GSocket *socket)
{
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (socket, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_get_remote_address (socket, NULL);
  if (!local || !remote) { /* gone already */
    g_socket_close (socket, NULL);
    return;
  }
  if (!make_room (self)) {
    refuse (self, socket);
    return;
  }

  HttpConnection *connection = g_new0 (HttpConnection, 1);
  connection->listener = self;
  connection->socket = g_object_ref (socket);
  connection->remote = g_object_ref (remote);
  connection->peer = address_to_string (remote);
  connection->idle_link.data = connection;
  connection->state = HTTP_CONNECTION_READING;
  g_hash_table_add (self->connections, connection);
  self->n_alive++;
  g_object_set_qdata (G_OBJECT (remote), connection_quark (), connection);
  /* In the queue of those that may go, but with the shorter deadline of
   * somebody who has not asked for anything yet. */
  http_connection_set_state (connection, HTTP_CONNECTION_IDLE);
  set_deadline (connection,
      g_get_monotonic_time () +
          self->limits.request_ms * G_TIME_SPAN_MILLISECOND);

  /* A chunk of media is one write: nothing is gained by waiting for more. */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_autoptr (GSocketConnection) base =
      g_socket_connection_factory_create_connection (socket);
  g_autoptr (PenstockHttpStream) stream = penstock_priv_http_stream_new (
      G_IO_STREAM (base), self->limits.max_header_bytes);
  connection->stream = stream;
  g_object_weak_ref (G_OBJECT (stream), on_stream_gone, connection);
  soup_server_accept_iostream (
      self->server, G_IO_STREAM (stream), local, remote, NULL);
}

/* Leaves the descriptors that the rest of the process needs alone: poll would
 * report the port as ready for ever. */
static void
rest (HttpListener *self, const GError *error)
{
  penstock_warning ("http", "cannot accept connections: %s", error->message);
  g_source_destroy (self->accept_source);
  g_clear_pointer (&self->accept_source, g_source_unref);
  self->resume_at = g_get_monotonic_time () + ACCEPT_PAUSE_US;
  arm (self, self->resume_at);
}

static gboolean
on_acceptable (GSocket *listening, GIOCondition condition, gpointer user_data)
{
  HttpListener *self = user_data;

  for (guint i = 0; i < ACCEPTS_PER_WAKE_UP; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GSocket) socket = g_socket_accept (listening, NULL, &error);
    if (socket) {
      g_socket_set_blocking (socket, FALSE);
      take_connection (self, socket);
    } else if (g_error_matches (
                   error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES)) {
      rest (self, error);
      return G_SOURCE_REMOVE;
    } else {
      break; /* none left, or one that has gone again */
    }
  }
  return G_SOURCE_CONTINUE;
}

static void
start_accepting (HttpListener *self)
{
  self->accept_source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (
      self->accept_source, G_SOURCE_FUNC (on_acceptable), self, NULL);
  g_source_attach (self->accept_source, self->context);
}

HttpListener *
http_listener_new (
    GSocket *socket, SoupServer *server, const HttpLimits *limits)
{
  HttpListener *self = g_new0 (HttpListener, 1);

  self->socket = g_object_ref (socket);
  self->server = server;
  self->limits = *limits;
  self->context = g_main_context_ref_thread_default ();
  self->connections = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->idle);
  self->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, self->context);
  start_accepting (self);
  return self;
}

guint
http_listener_get_n_connections (HttpListener *self)
{
  return g_hash_table_size (self->connections);
}

void
http_listener_free (HttpListener *self)
{
  GHashTableIter iter;
  gpointer key;

  if (!self)
    return;
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    HttpConnection *connection = key;
    http_connection_drop (connection, "the server stops");
    stop_watching (connection);
    connection->listener = NULL;
  }
  g_hash_table_unref (self->connections);
  if (self->accept_source)
    g_source_destroy (self->accept_source);
  g_clear_pointer (&self->accept_source, g_source_unref);
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_main_context_unref (self->context);
  g_free (self);
}
