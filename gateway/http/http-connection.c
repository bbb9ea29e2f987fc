/* SPDX-License-Identifier: MIT
 *
 * Connections and their deadlines (see http-connection.h).
 *
 * libsoup gives no way from a message to the stream it came by, but hands out
 * the very GSocketAddress object it was given: our connection hangs on that. */

#include "http-connection.h"

#include <glib-unix.h>
#include <poll.h>

#include "http-addresses.h"
#include "../log.h"

struct _HttpConnections {
  HttpLimits limits;
  HttpCounters *counters;
  GSource *timer;           /* ready at the earliest deadline */
  GHashTable *all;          /* set of HttpConnection */
  HttpAddresses *addresses; /* of those that are not dropped */
  guint n_alive;            /* how many that are */
  GQueue idle;              /* of HttpConnection, longest idle first */
};

struct _HttpConnection {
  HttpConnections *owner; /* NULL once they are freed */
  GMainContext *nest;     /* of its sources; lives as long as the owner */
  GSocket *socket;
  PenstockHttpStream *stream; /* libsoup's; we end with it */
  GSocketAddress *remote;     /* the key that messages bring back */
  guint64 address;
  gchar *peer;
  gboolean secure;

  HttpConnectionState state;
  GList idle_link; /* in owner->idle while IDLE */
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

/* ---- deadlines ---- */

/* A deadline that moves away leaves the timer alone: it then fires too early
 * once, and looks for the next one. */
static void
arm (HttpConnections *self, gint64 deadline)
{
  gint64 ready = g_source_get_ready_time (self->timer);

  if (deadline && (ready < 0 || deadline < ready))
    g_source_set_ready_time (self->timer, deadline);
}

static void
set_deadline (HttpConnection *self, gint64 deadline)
{
  self->deadline = deadline;
  if (self->owner)
    arm (self->owner, deadline);
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

static gboolean
on_timer (gpointer user_data)
{
  HttpConnections *self = user_data;
  gint64 now = g_get_monotonic_time ();
  gint64 next = 0;
  g_autoptr (GPtrArray) overdue = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  g_source_set_ready_time (self->timer, -1);
  g_hash_table_iter_init (&iter, self->all);
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
  if (!self->owner || self->state == HTTP_CONNECTION_DROPPED)
    return;
  stop_watching (self);
  self->gone = gone;
  self->gone_data = user_data;
  /* Not for input: a further request may be waiting there. */
  self->gone_source = g_unix_fd_source_new (
      g_socket_get_fd (self->socket), (GIOCondition) POLLRDHUP | G_IO_HUP);
  g_source_set_callback (
      self->gone_source, G_SOURCE_FUNC (on_gone), self, NULL);
  g_source_attach (self->gone_source, self->nest);
}

/* ---- connections ---- */

/* It does not count any more. */
static void
forget (HttpConnection *self)
{
  self->owner->n_alive--;
  http_counter_add (&self->owner->counters->connections, -1);
  penstock_priv_http_addresses_remove (self->owner->addresses, self->address);
}

/* libsoup has let go of the stream. */
static void
on_stream_gone (gpointer user_data, GObject *stream)
{
  HttpConnection *self = user_data;

  stop_watching (self);
  if (self->owner) {
    if (self->state == HTTP_CONNECTION_IDLE)
      g_queue_unlink (&self->owner->idle, &self->idle_link);
    if (self->state != HTTP_CONNECTION_DROPPED)
      forget (self);
    g_hash_table_remove (self->owner->all, self);
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

gboolean
http_connection_is_secure (HttpConnection *self)
{
  return self->secure;
}

GMainContext *
http_connection_get_nest (HttpConnection *self)
{
  return self->nest;
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
  HttpConnections *owner = self->owner;

  if (!owner || self->state == HTTP_CONNECTION_DROPPED)
    return;
  if (self->state == HTTP_CONNECTION_IDLE)
    g_queue_unlink (&owner->idle, &self->idle_link);
  if (state == HTTP_CONNECTION_IDLE)
    g_queue_push_tail_link (&owner->idle, &self->idle_link);

  const HttpLimits *limits = &owner->limits;
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
    forget (self);
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

/* ---- all of them ---- */

HttpAdmission
http_connections_admit (HttpConnections *self, GSocketAddress *remote)
{
  guint64 address = penstock_priv_http_address_key (remote);

  if (self->limits.max_per_address > 0 &&
      penstock_priv_http_addresses_count (self->addresses, address) >=
          self->limits.max_per_address)
    return HTTP_REFUSE_ADDRESS;
  /* More than one, after the limit has become smaller. */
  while (self->n_alive >= self->limits.max_connections) {
    HttpConnection *oldest = g_queue_peek_head (&self->idle);
    if (!oldest)
      return HTTP_REFUSE_TOTAL;
    http_connection_drop (oldest, "idle, and its place is needed");
  }
  return HTTP_ADMIT;
}

PenstockHttpStream *
http_connections_add (HttpConnections *self, GMainContext *nest,
    GSocket *socket, GSocketAddress *remote, GIOStream *base, gboolean secure)
{
  HttpConnection *connection = g_new0 (HttpConnection, 1);
  PenstockHttpStream *stream = penstock_priv_http_stream_new (
      base, socket, self->limits.max_header_bytes);

  connection->owner = self;
  connection->nest = nest;
  connection->socket = g_object_ref (socket);
  connection->stream = stream;
  connection->remote = g_object_ref (remote);
  connection->address = penstock_priv_http_address_key (remote);
  connection->peer = address_to_string (remote);
  connection->secure = secure;
  connection->idle_link.data = connection;
  connection->state = HTTP_CONNECTION_READING;
  g_object_weak_ref (G_OBJECT (stream), on_stream_gone, connection);
  g_object_set_qdata (G_OBJECT (remote), connection_quark (), connection);

  g_hash_table_add (self->all, connection);
  self->n_alive++;
  http_counter_add (&self->counters->connections, 1);
  penstock_priv_http_addresses_add (self->addresses, connection->address);
  /* In the queue of those that may go, but with the shorter deadline of
   * somebody who has not asked for anything yet. */
  http_connection_set_state (connection, HTTP_CONNECTION_IDLE);
  set_deadline (connection,
      g_get_monotonic_time () +
          self->limits.request_ms * G_TIME_SPAN_MILLISECOND);
  return stream;
}

HttpConnections *
http_connections_new (const HttpLimits *limits, HttpCounters *counters)
{
  HttpConnections *self = g_new0 (HttpConnections, 1);

  self->limits = *limits;
  self->counters = counters;
  self->all = g_hash_table_new (NULL, NULL);
  self->addresses = penstock_priv_http_addresses_new ();
  g_queue_init (&self->idle);
  self->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  return self;
}

void
http_connections_set_limits (HttpConnections *self, const HttpLimits *limits)
{
  self->limits = *limits;
}

guint
http_connections_get_n (HttpConnections *self)
{
  return g_hash_table_size (self->all);
}

void
http_connections_close (HttpConnections *self)
{
  GHashTableIter iter;
  gpointer connection;

  g_hash_table_iter_init (&iter, self->all);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    http_connection_drop (connection, "the server stops");
}

void
http_connections_free (HttpConnections *self)
{
  GHashTableIter iter;
  gpointer connection;

  if (!self)
    return;
  http_connections_close (self);
  g_hash_table_iter_init (&iter, self->all);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    ((HttpConnection *) connection)->owner = NULL;
  g_hash_table_unref (self->all);
  penstock_priv_http_addresses_free (self->addresses);
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  g_free (self);
}
