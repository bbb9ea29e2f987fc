/* SPDX-License-Identifier: MIT
 *
 * The HTTP server (see http-server.h): a thread with a main context, libsoup's
 * server in it, and its connections in contexts of their own (http-nests.h).
 *
 * libsoup keeps a connection alive only while it has a listener. Ours accepts
 * itself (http-listener.c), so libsoup is given the same socket in a context
 * that is never iterated: it has a listener, and never accepts. */

#include "http-server.h"

#include "http-connection.h"
#include "http-listener.h"
#include "http-nests.h"
#include "http-pages.h"
#include "http-router.h"
#include "http-server-private.h"
#include "../log.h"
#include "../penstock-error.h"

/* How long stopping waits for libsoup to let go of connections. */
#define DRAIN_US (2 * G_TIME_SPAN_SECOND)

#define METHODS "GET, HEAD, OPTIONS"

struct _PenstockHttpServer {
  GObject parent;

  /* Set before the start. */
  PenstockListenAddress listen, tls_listen;
  GMainContext *control, *context;
  PenstockHttpStatusFunc status_func;
  gpointer status_data;

  /* Control context. */
  HttpLimits limits;
  GTlsCertificate *certificate; /* NULL: no TLS */
  GThread *thread;              /* NULL: stopped */
  guint16 port, tls_port;
  HttpStatus *status;

  HttpRouter *router;    /* locks itself */
  HttpCounters counters; /* atomic */

  /* HTTP thread, from its start to its end. */
  GSocket *socket, *tls_socket; /* NULL: not listening */
  GMainLoop *loop;
  SoupServer *soup;
  HttpNests *nests;
  HttpConnections *connections;
  HttpListener *listener;
  guint n_messages; /* that libsoup holds */
};

G_DEFINE_FINAL_TYPE (PenstockHttpServer, penstock_http_server, G_TYPE_OBJECT)

/* ---- routes ---- */

static gboolean
close_dash (gpointer dash)
{
  http_dash_close (dash);
  return G_SOURCE_REMOVE;
}

/* Requests that wait belong to the HTTP thread. Takes @dash. */
static void
take_to_close (PenstockHttpServer *self, HttpDash *dash)
{
  if (!dash)
    return;
  if (self->thread) {
    penstock_control_post (
        self->context, close_dash, dash, (GDestroyNotify) http_dash_unref);
  } else {
    http_dash_close (dash);
    http_dash_unref (dash);
  }
}

void
penstock_http_server_remove_route (PenstockHttpServer *self, const gchar *path)
{
  g_return_if_fail (PENSTOCK_IS_HTTP_SERVER (self));
  g_return_if_fail (path);

  take_to_close (self, http_router_remove (self->router, path));
}

void
penstock_http_server_add_route (
    PenstockHttpServer *self, const gchar *path, const gchar *store)
{
  g_return_if_fail (PENSTOCK_IS_HTTP_SERVER (self));
  g_return_if_fail (path && *path);

  penstock_http_server_remove_route (self, path);
  http_router_add (self->router, path,
      store ? http_dash_new (store, self->context, &self->limits) : NULL);
}

guint
penstock_http_server_count_viewers (PenstockHttpServer *self, const gchar *path)
{
  g_return_val_if_fail (PENSTOCK_IS_HTTP_SERVER (self), 0);
  g_return_val_if_fail (path, 0);

  return http_router_count_viewers (self->router, path);
}

/* ---- libsoup ---- */

/* CORS preflight (Fetch, 3.2.2), and OPTIONS of RFC 9110. */
static void
answer_options (HttpRequest *request)
{
  http_request_set_header (request, "Allow", METHODS);
  http_request_set_header (request, "Access-Control-Allow-Methods", METHODS);
  http_request_set_header (request, "Access-Control-Allow-Headers",
      "Range, If-Range, If-None-Match, Cache-Control, Content-Type, "
      "X-Requested-With, CMCD-Object, CMCD-Request, CMCD-Session, "
      "CMCD-Status");
  http_request_set_header (request, "Access-Control-Max-Age", "86400");
  http_request_answer_empty (request, SOUP_STATUS_NO_CONTENT);
}

/* Headers of every answer, libsoup's own refusals too. */
static void
set_common_headers (SoupServerMessage *message)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (message);

  soup_message_headers_append (headers, "Access-Control-Allow-Origin", "*");
  soup_message_headers_append (headers, "Access-Control-Expose-Headers",
      "Date, Content-Length, Content-Range, ETag");
  soup_message_headers_append (
      headers, "Cross-Origin-Resource-Policy", "cross-origin");
  soup_message_headers_append (headers, "Timing-Allow-Origin", "*");
  soup_message_headers_append (headers, "X-Content-Type-Options", "nosniff");
}

static void
on_message_gone (gpointer user_data, GObject *message)
{
  PenstockHttpServer *self = user_data;

  self->n_messages--;
}

static void
on_request_started (
    SoupServer *soup, SoupServerMessage *message, PenstockHttpServer *self)
{
  HttpConnection *connection = http_connection_of (message);

  self->n_messages++;
  g_object_weak_ref (G_OBJECT (message), on_message_gone, self);
  if (connection)
    http_connection_request_started (connection);
  http_request_new (message);
  /* What clients send is never kept: nothing here takes a body. */
  soup_message_body_set_accumulate (
      soup_server_message_get_request_body (message), FALSE);
  set_common_headers (message);
}

static void
log_request (SoupServerMessage *message)
{
  HttpConnection *connection = http_connection_of (message);
  GUri *uri = soup_server_message_get_uri (message);

  /* Without the query: it may carry a token. */
  penstock_debug ("http", "%s %s %u peer=%s",
      soup_server_message_get_method (message),
      uri ? g_uri_get_path (uri) : "?",
      soup_server_message_get_status (message),
      connection ? http_connection_get_peer (connection) : "?");
}

static void
on_request_over (
    SoupServer *soup, SoupServerMessage *message, PenstockHttpServer *self)
{
  HttpConnection *connection = http_connection_of (message);
  HttpRequest *request = http_request_of (message);

  log_request (message);
  http_counter_add (&self->counters.requests, 1);
  if (connection)
    http_connection_request_over (connection);
  if (request)
    http_request_over (request);
}

static gboolean
has_body (SoupServerMessage *message)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);

  return soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CHUNKED ||
      soup_message_headers_get_content_length (headers) > 0;
}

/* Before a body is read. Other methods and bodies end the connection, so that
 * nobody has to read what nobody wants. */
static void
on_request_headers (SoupServer *soup, SoupServerMessage *message,
    const char *path, GHashTable *query, gpointer user_data)
{
  const gchar *method = soup_server_message_get_method (message);
  HttpRequest *request = http_request_of (message);
  HttpConnection *connection = http_connection_of (message);
  gboolean known = method == SOUP_METHOD_GET || method == SOUP_METHOD_HEAD ||
      method == SOUP_METHOD_OPTIONS;

  if (connection)
    http_connection_headers_read (connection);
  if (known && !has_body (message))
    return;
  http_request_set_header (request, "Connection", "close");
  if (known) {
    http_pages_answer_error (request, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE,
        "A body is not expected.");
    return;
  }
  http_request_set_header (request, "Allow", METHODS);
  http_pages_answer_error (request, SOUP_STATUS_METHOD_NOT_ALLOWED,
      "This server only hands out: " METHODS ".");
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer user_data)
{
  PenstockHttpServer *self = user_data;
  HttpRequest *request = http_request_of (message);

  if (soup_server_message_get_method (message) == SOUP_METHOD_OPTIONS)
    answer_options (request);
  else
    http_router_answer (self->router, request, self->status);
}

/* The request is whole. A refusal waits for that: see on_request_headers(). */
static void
on_request_read (
    SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  HttpConnection *connection = http_connection_of (message);
  gboolean refused = soup_server_message_get_status (message) != 0;

  if (connection)
    http_connection_set_state (connection,
        refused ? HTTP_CONNECTION_WRITING : HTTP_CONNECTION_WORKING);
  /* libsoup finds no handler for "OPTIONS *". */
  if (!refused && soup_server_message_is_options_ping (message))
    answer_options (http_request_of (message));
}

/* ---- the thread ---- */

/* What the thread takes over from the control context. */
typedef struct {
  PenstockHttpServer *server;
  HttpLimits limits;
  GTlsCertificate *certificate; /* NULL: no TLS */
} Start;

static Start *
start_new (PenstockHttpServer *server)
{
  Start *start = g_new (Start, 1);

  *start = (Start){ server, server->limits,
    server->certificate ? g_object_ref (server->certificate) : NULL };
  return start;
}

static void
start_free (gpointer data)
{
  Start *start = data;

  g_clear_object (&start->certificate);
  g_free (start);
}

/* libsoup keeps connections alive while it listens, to whatever. */
static void
park_listener (PenstockHttpServer *self)
{
  g_autoptr (GMainContext) parked = g_main_context_new ();
  g_autoptr (GError) error = NULL;

  g_main_context_push_thread_default (parked);
  if (!soup_server_listen_socket (self->soup,
          self->socket ? self->socket : self->tls_socket, 0, &error))
    penstock_warning (
        "http", "connections are not kept alive: %s", error->message);
  g_main_context_pop_thread_default (parked);
}

/* @certificate: as it was at the start; (transfer none) */
static void
start_soup (PenstockHttpServer *self, const Start *start)
{
  self->soup = soup_server_new ("raw-paths", TRUE, NULL);
  soup_server_add_early_handler (
      self->soup, NULL, on_request_headers, self, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  g_signal_connect (
      self->soup, "request-started", G_CALLBACK (on_request_started), self);
  g_signal_connect (
      self->soup, "request-read", G_CALLBACK (on_request_read), NULL);
  g_signal_connect (
      self->soup, "request-finished", G_CALLBACK (on_request_over), self);
  g_signal_connect (
      self->soup, "request-aborted", G_CALLBACK (on_request_over), self);
  park_listener (self);

  self->nests = penstock_priv_http_nests_new ();
  self->connections = http_connections_new (&start->limits, &self->counters);
  self->listener = http_listener_new (
      self->soup, self->connections, self->nests, &self->counters);
  if (self->socket)
    http_listener_add_port (self->listener, self->socket, NULL);
  if (self->tls_socket)
    http_listener_add_port (
        self->listener, self->tls_socket, start->certificate);
}

static gboolean
on_drain_over (gpointer over)
{
  *(gboolean *) over = TRUE;
  return G_SOURCE_REMOVE;
}

/* Lets libsoup finish what it has begun, so that nothing is left behind. */
static void
drain (PenstockHttpServer *self)
{
  gboolean over = FALSE;
  g_autoptr (GSource) limit = g_timeout_source_new (DRAIN_US / 1000);

  g_source_set_callback (limit, on_drain_over, &over, NULL);
  g_source_attach (limit, self->context);
  while (!over &&
      (self->n_messages > 0 || http_connections_get_n (self->connections) > 0))
    g_main_context_iteration (self->context, TRUE);
  g_source_destroy (limit);
  while (g_main_context_iteration (self->context, FALSE))
    continue;
}

static void
stop_soup (PenstockHttpServer *self)
{
  g_autoptr (GPtrArray) dashes = http_router_list_dashes (self->router);

  http_status_close (self->status);
  for (guint i = 0; i < dashes->len; i++)
    http_dash_end_waiting (dashes->pdata[i]);
  http_listener_stop (self->listener);
  http_connections_close (self->connections);
  soup_server_disconnect (self->soup);
  drain (self);
  g_clear_pointer (&self->listener, http_listener_free);
  while (g_main_context_iteration (self->context, FALSE))
    continue;
  g_clear_pointer (&self->connections, http_connections_free);
  g_clear_object (&self->soup);
  g_clear_pointer (&self->nests, penstock_priv_http_nests_free);
}

static gpointer
run (gpointer data)
{
  Start *start = data;
  PenstockHttpServer *self = start->server;

  g_main_context_push_thread_default (self->context);
  start_soup (self, start);
  start_free (start);
  g_main_loop_run (self->loop);
  stop_soup (self);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

/* ---- start and stop ---- */

PenstockHttpServer *
penstock_http_server_new (const PenstockListenAddress *listen,
    PenstockHttpStatusFunc status, gpointer user_data)
{
  g_return_val_if_fail (listen && status, NULL);

  PenstockHttpServer *self = g_object_new (PENSTOCK_TYPE_HTTP_SERVER, NULL);
  self->listen = *listen;
  self->listen.host = g_strdup (listen->host);
  self->status_func = status;
  self->status_data = user_data;
  return self;
}

void
penstock_http_server_set_tls (PenstockHttpServer *self,
    const PenstockListenAddress *listen, GTlsCertificate *certificate)
{
  g_return_if_fail (PENSTOCK_IS_HTTP_SERVER (self));
  g_return_if_fail (!self->thread && !self->tls_listen.set);
  g_return_if_fail (G_IS_TLS_CERTIFICATE (certificate));

  self->tls_listen = *listen;
  self->tls_listen.host = g_strdup (listen->host);
  self->certificate = g_object_ref (certificate);
}

static guint16
port_of (GSocket *socket)
{
  g_autoptr (GSocketAddress) address =
      socket ? g_socket_get_local_address (socket, NULL) : NULL;

  return address
      ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address))
      : 0;
}

static gboolean
bind_ports (PenstockHttpServer *self, GError **error)
{
  if (self->listen.set)
    self->socket = http_listener_bind (&self->listen, error);
  if (self->listen.set && !self->socket)
    return FALSE;
  if (self->tls_listen.set)
    self->tls_socket = http_listener_bind (&self->tls_listen, error);
  if (self->tls_listen.set && !self->tls_socket) {
    g_clear_object (&self->socket);
    return FALSE;
  }
  return TRUE;
}

gboolean
penstock_http_server_start (PenstockHttpServer *self, GError **error)
{
  g_return_val_if_fail (PENSTOCK_IS_HTTP_SERVER (self), FALSE);
  g_return_val_if_fail (!self->thread, FALSE);
  g_return_val_if_fail (self->listen.set || self->tls_listen.set, FALSE);

  if (!bind_ports (self, error))
    return FALSE;
  self->port = port_of (self->socket);
  self->tls_port = port_of (self->tls_socket);
  self->status = http_status_new (self->control, self->context, &self->limits,
      self->status_func, self->status_data);
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_new ("penstock-http", run, start_new (self));
  return TRUE;
}

void
penstock_http_server_stop (PenstockHttpServer *self)
{
  g_return_if_fail (PENSTOCK_IS_HTTP_SERVER (self));

  if (!self->thread)
    return;
  penstock_control_post (self->context, quit, self->loop, NULL);
  g_thread_join (g_steal_pointer (&self->thread));
  g_clear_pointer (&self->status, http_status_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_object (&self->socket);
  g_clear_object (&self->tls_socket);
  self->port = self->tls_port = 0;
}

guint16
penstock_http_server_get_port (PenstockHttpServer *self)
{
  g_return_val_if_fail (PENSTOCK_IS_HTTP_SERVER (self), 0);

  return self->port;
}

guint16
penstock_http_server_get_tls_port (PenstockHttpServer *self)
{
  g_return_val_if_fail (PENSTOCK_IS_HTTP_SERVER (self), 0);

  return self->tls_port;
}

/* ---- changes while it runs ---- */

/* HTTP thread. */
static gboolean
apply_change (gpointer data)
{
  Start *change = data;
  PenstockHttpServer *self = change->server;
  g_autoptr (GPtrArray) dashes = http_router_list_dashes (self->router);

  for (guint i = 0; i < dashes->len; i++)
    http_dash_set_limits (dashes->pdata[i], &change->limits);
  if (self->status)
    http_status_set_limits (self->status, &change->limits);
  if (self->connections)
    http_connections_set_limits (self->connections, &change->limits);
  if (self->listener && change->certificate)
    http_listener_set_certificate (self->listener, change->certificate);
  return G_SOURCE_REMOVE;
}

static void
post_change (PenstockHttpServer *self)
{
  if (self->thread)
    penstock_control_post (
        self->context, apply_change, start_new (self), start_free);
}

void
penstock_http_server_set_certificate (
    PenstockHttpServer *self, GTlsCertificate *certificate)
{
  g_return_if_fail (PENSTOCK_IS_HTTP_SERVER (self));
  g_return_if_fail (G_IS_TLS_CERTIFICATE (certificate));

  g_set_object (&self->certificate, certificate);
  post_change (self);
}

void
penstock_http_server_set_limits (
    PenstockHttpServer *self, const HttpLimits *limits)
{
  g_return_if_fail (PENSTOCK_IS_HTTP_SERVER (self));

  self->limits = *limits;
  post_change (self);
}

const HttpCounters *
penstock_http_server_get_counters (PenstockHttpServer *self)
{
  g_return_val_if_fail (PENSTOCK_IS_HTTP_SERVER (self), NULL);

  return &self->counters;
}

/* ---- for tests ---- */

typedef struct {
  PenstockHttpServer *server;
  GMutex lock;
  GCond cond;
  gboolean done;
  HttpServerCounts counts;
} Count;

static gboolean
do_count (gpointer user_data)
{
  Count *count = user_data;
  PenstockHttpServer *server = count->server;

  g_mutex_lock (&count->lock);
  if (server->connections)
    count->counts.connections = http_connections_get_n (server->connections);
  count->counts.messages = server->n_messages;
  count->done = TRUE;
  g_cond_signal (&count->cond);
  g_mutex_unlock (&count->lock);
  return G_SOURCE_REMOVE;
}

HttpServerCounts
penstock_priv_http_server_count (PenstockHttpServer *self)
{
  Count count = { .server = self };

  if (!self->thread)
    return count.counts;
  g_mutex_init (&count.lock);
  g_cond_init (&count.cond);
  penstock_control_post (self->context, do_count, &count, NULL);
  g_mutex_lock (&count.lock);
  while (!count.done)
    g_cond_wait (&count.cond, &count.lock);
  g_mutex_unlock (&count.lock);
  g_cond_clear (&count.cond);
  g_mutex_clear (&count.lock);
  return count.counts;
}

static void
penstock_http_server_finalize (GObject *object)
{
  PenstockHttpServer *self = PENSTOCK_HTTP_SERVER (object);
  penstock_http_server_stop (self);
  g_autoptr (GPtrArray) dashes = http_router_list_dashes (self->router);
  for (guint i = 0; i < dashes->len; i++)
    http_dash_close (dashes->pdata[i]);
  http_router_free (self->router);
  g_main_context_unref (self->control);
  g_main_context_unref (self->context);
  g_free (self->listen.host);
  g_free (self->tls_listen.host);
  g_clear_object (&self->certificate);
  G_OBJECT_CLASS (penstock_http_server_parent_class)->finalize (object);
}

static void
penstock_http_server_class_init (PenstockHttpServerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_http_server_finalize;
}

static void
penstock_http_server_init (PenstockHttpServer *self)
{
  static const HttpLimits defaults = HTTP_LIMITS_DEFAULT;

  self->limits = defaults;
  self->control = g_main_context_ref_thread_default ();
  self->context = g_main_context_new ();
  self->router = http_router_new ();
}
