/* SPDX-License-Identifier: MIT
 *
 * Listening ports (see http-listener.h). */

#include "http-listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "http-addresses.h"
#include "http-handshake.h"
#include "../log.h"
#include "../penstock-error.h"

#define BACKLOG 1024
#define ACCEPTS_PER_WAKE_UP 64
/* How long accepting rests when the process has no file descriptor left. */
#define ACCEPT_PAUSE_MS 100
/* Between two lines in the log about those that were refused. */
#define REFUSALS_US (10 * G_TIME_SPAN_SECOND)
/* What the kernel keeps of an answer beyond what is under way to the client:
 * enough until our next turn, whatever the rate. Bytes. */
#define MAX_UNSENT (256 * 1024)

static const gchar REFUSAL[] = "HTTP/1.1 503 Service Unavailable\r\n"
                               "Connection: close\r\n"
                               "Content-Length: 0\r\n"
                               "Retry-After: 5\r\n"
                               "Cache-Control: no-store\r\n"
                               "Access-Control-Allow-Origin: *\r\n\r\n";

typedef struct {
  HttpListener *listener;
  GSocket *socket;
  GTlsCertificate *certificate; /* NULL: no TLS */
  GSource *source;              /* of connections, or of the end of a rest */
} Port;

struct _HttpListener {
  SoupServer *server;
  HttpConnections *connections;
  HttpHandshakes *handshakes;
  HttpNests *nests;
  GMainContext *context;
  GPtrArray *ports; /* of Port, owned */

  HttpCounters *counters;
  guint64 n_refused; /* since the last line in the log */
  gint64 refusals_logged;
};

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

/* ---- those who are not let in ---- */

static void
refuse (Port *port, GSocket *socket, HttpAdmission why)
{
  HttpListener *self = port->listener;
  gint64 now = g_get_monotonic_time ();

  /* Best effort: a fresh socket's buffer takes it. */
  if (!port->certificate)
    g_socket_send (socket, REFUSAL, sizeof REFUSAL - 1, NULL, NULL);
  g_socket_close (socket, NULL);
  http_counter_add (why == HTTP_REFUSE_ADDRESS
          ? &self->counters->refused_address
          : &self->counters->refused_total,
      1);
  self->n_refused++;
  if (self->refusals_logged && now - self->refusals_logged < REFUSALS_US)
    return;
  penstock_warning ("http", "%" G_GUINT64_FORMAT " connections refused: %s",
      self->n_refused,
      why == HTTP_REFUSE_ADDRESS ? "there are too many of one address"
                                 : "there are too many");
  self->n_refused = 0;
  self->refusals_logged = now;
}

/* ---- handing over ---- */

/* A client that libsoup has not been given yet. */
typedef struct {
  HttpListener *listener;
  PenstockHttpStream *stream;
  GMainContext *nest; /* of its connection; lives as long as the listener */
  GSocketAddress *local, *remote;
} Newcomer;

static void
newcomer_free (gpointer data)
{
  Newcomer *newcomer = data;

  g_object_unref (newcomer->stream);
  g_object_unref (newcomer->local);
  g_object_unref (newcomer->remote);
  g_free (newcomer);
}

/* libsoup keeps to the context that is the thread's default now. */
static void
hand_over (Newcomer *newcomer)
{
  http_counter_add (&newcomer->listener->counters->accepted, 1);
  g_main_context_push_thread_default (newcomer->nest);
  soup_server_accept_iostream (newcomer->listener->server,
      G_IO_STREAM (newcomer->stream), newcomer->local, newcomer->remote, NULL);
  g_main_context_pop_thread_default (newcomer->nest);
}

/* One that failed goes with its stream. */
static void
on_handshake_done (gboolean ok, gpointer user_data)
{
  Newcomer *newcomer = user_data;

  if (ok)
    hand_over (newcomer);
  else
    http_counter_add (&newcomer->listener->counters->handshakes_failed, 1);
}

static GIOStream *
tls_stream (GIOStream *base, GTlsCertificate *certificate)
{
  static const gchar *const protocols[] = { "http/1.1", NULL };
  GType type =
      g_tls_backend_get_server_connection_type (g_tls_backend_get_default ());
  g_autoptr (GError) error = NULL;
  /* No database: nobody's certificate is verified, and left out it would be
   * all that the system trusts, loaded for each connection (8 ms, 3.7 MB).
   * HTTP says itself where an answer ends. */
  GIOStream *stream = g_initable_new (type, NULL, &error, "base-io-stream",
      base, "certificate", certificate, "database", NULL,
      "advertised-protocols", protocols, "require-close-notify", FALSE, NULL);

  if (!stream)
    penstock_warning ("http", "no TLS: %s", error->message);
  return stream;
}

static void
set_socket_options (GSocket *socket)
{
  /* A chunk of media is one write: nothing is gained by waiting for more. */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_socket_set_option (
      socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, MAX_UNSENT, NULL);
}

static void
take_client (
    Port *port, GSocket *socket, GSocketAddress *local, GSocketAddress *remote)
{
  HttpListener *self = port->listener;
  g_autoptr (GIOStream) plain =
      G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  g_autoptr (GIOStream) tls =
      port->certificate ? tls_stream (plain, port->certificate) : NULL;

  if (port->certificate && !tls)
    return;
  set_socket_options (socket);
  Newcomer *newcomer = g_new (Newcomer, 1);
  GMainContext *nest =
      penstock_priv_http_nests_choose (self->nests, g_socket_get_fd (socket));
  *newcomer = (Newcomer){ .listener = self,
    .stream = http_connections_add (self->connections, nest, socket, remote,
        tls ? tls : plain, tls != NULL),
    .nest = nest,
    .local = g_object_ref (local),
    .remote = g_object_ref (remote) };
  if (tls) {
    http_handshakes_start (self->handshakes, nest, G_TLS_CONNECTION (tls),
        socket, penstock_priv_http_address_key (remote), on_handshake_done,
        newcomer, newcomer_free);
  } else {
    hand_over (newcomer);
    newcomer_free (newcomer);
  }
}

static void
take_connection (Port *port, GSocket *socket)
{
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (socket, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_get_remote_address (socket, NULL);
  if (!local || !remote) { /* gone already */
    g_socket_close (socket, NULL);
    return;
  }
  HttpAdmission admission =
      http_connections_admit (port->listener->connections, remote);
  if (admission == HTTP_ADMIT)
    take_client (port, socket, local, remote);
  else
    refuse (port, socket, admission);
}

/* ---- accepting ---- */

static void
set_source (Port *port, GSource *source, GSourceFunc func)
{
  if (port->source) {
    g_source_destroy (port->source);
    g_source_unref (port->source);
  }
  port->source = source;
  g_source_set_callback (source, func, port, NULL);
  g_source_attach (source, port->listener->context);
}

static void start_accepting (Port *port);

static gboolean
on_rested (gpointer port)
{
  start_accepting (port);
  return G_SOURCE_REMOVE;
}

/* Leaves the descriptors that the rest of the process needs alone: poll would
 * report the port as ready for ever. */
static void
rest (Port *port, const GError *error)
{
  penstock_warning ("http", "cannot accept connections: %s", error->message);
  set_source (port, g_timeout_source_new (ACCEPT_PAUSE_MS), on_rested);
}

static gboolean
on_acceptable (GSocket *listening, GIOCondition condition, gpointer user_data)
{
  Port *port = user_data;

  for (guint i = 0; i < ACCEPTS_PER_WAKE_UP; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GSocket) socket = g_socket_accept (listening, NULL, &error);
    if (socket) {
      g_socket_set_blocking (socket, FALSE);
      take_connection (port, socket);
    } else if (g_error_matches (
                   error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES)) {
      rest (port, error);
      return G_SOURCE_REMOVE;
    } else {
      break; /* none left, or one that has gone again */
    }
  }
  return G_SOURCE_CONTINUE;
}

static void
start_accepting (Port *port)
{
  set_source (port, g_socket_create_source (port->socket, G_IO_IN, NULL),
      G_SOURCE_FUNC (on_acceptable));
}

static void
port_free (gpointer data)
{
  Port *port = data;

  g_source_destroy (port->source);
  g_source_unref (port->source);
  g_socket_close (port->socket, NULL);
  g_object_unref (port->socket);
  g_clear_object (&port->certificate);
  g_free (port);
}

/* ---- the listener ---- */

HttpListener *
http_listener_new (SoupServer *server, HttpConnections *connections,
    HttpNests *nests, HttpCounters *counters)
{
  HttpListener *self = g_new0 (HttpListener, 1);

  self->server = server;
  self->connections = connections;
  self->nests = nests;
  self->counters = counters;
  self->context = g_main_context_ref_thread_default ();
  self->handshakes = http_handshakes_new ();
  self->ports = g_ptr_array_new_with_free_func (port_free);
  return self;
}

void
http_listener_add_port (
    HttpListener *self, GSocket *socket, GTlsCertificate *certificate)
{
  Port *port = g_new0 (Port, 1);

  port->listener = self;
  port->socket = g_object_ref (socket);
  port->certificate = certificate ? g_object_ref (certificate) : NULL;
  g_ptr_array_add (self->ports, port);
  start_accepting (port);
}

void
http_listener_set_certificate (HttpListener *self, GTlsCertificate *certificate)
{
  for (guint i = 0; i < self->ports->len; i++) {
    Port *port = self->ports->pdata[i];
    if (port->certificate)
      g_set_object (&port->certificate, certificate);
  }
}

void
http_listener_stop (HttpListener *self)
{
  g_ptr_array_set_size (self->ports, 0);
}

void
http_listener_free (HttpListener *self)
{
  if (!self)
    return;
  http_handshakes_free (self->handshakes);
  g_ptr_array_unref (self->ports);
  g_main_context_unref (self->context);
  g_free (self);
}
