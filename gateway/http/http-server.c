/* SPDX-License-Identifier: MIT
 *
 * The HTTP server (see http-server.h): a thread with a main context, libsoup's
 * server in it, and the table of what is found where.
 *
 * libsoup keeps a connection alive only while it has a listener. Ours accepts
 * itself (http-listener.c), so libsoup is given the same socket in a context
 * that is never iterated: it has a listener, and never accepts. */

#include "http-server.h"

#include <string.h>

#include "http-dash.h"
#include "http-listener.h"
#include "http-pages.h"
#include "http-server-private.h"
#include "http-status.h"
#include "http-text.h"
#include "../log.h"
#include "../penstock-error.h"

/* How long stopping waits for libsoup to let go of connections. */
#define DRAIN_US (2 * G_TIME_SPAN_SECOND)

#define METHODS "GET, HEAD, OPTIONS"

typedef struct {
  HttpDash *dash; /* NULL: no DASH output */
} HttpRoute;

struct _PenstockHttpServer {
  GObject parent;

  /* Set in new(), never changed. */
  PenstockListenAddress listen;
  GMainContext *control, *context;
  PenstockHttpStatusFunc status_func;
  gpointer status_data;

  /* Control context. */
  HttpLimits limits;
  GThread *thread; /* NULL: stopped */
  guint16 port;
  HttpStatus *status;

  GMutex lock;        /* guards routes */
  GHashTable *routes; /* name -> HttpRoute */

  /* HTTP thread, from its start to its end. */
  GSocket *socket;
  GMainLoop *loop;
  SoupServer *soup;
  HttpListener *listener;
  guint n_messages; /* that libsoup holds */
};

G_DEFINE_FINAL_TYPE (PenstockHttpServer, penstock_http_server, G_TYPE_OBJECT)

/* ---- routes ---- */

static void
route_free (HttpRoute *route)
{
  http_dash_unref (route->dash);
  g_free (route);
}

static gboolean
close_dash (gpointer dash)
{
  http_dash_close (dash);
  return G_SOURCE_REMOVE;
}

/* Requests that wait belong to the HTTP thread. */
static void
close_route (PenstockHttpServer *self, HttpRoute *route)
{
  if (!route->dash)
    return;
  if (self->thread)
    penstock_control_post (self->context, close_dash,
        http_dash_ref (route->dash), (GDestroyNotify) http_dash_unref);
  else
    http_dash_close (route->dash);
}

void
penstock_http_server_remove_route (PenstockHttpServer *self, const gchar *path)
{
  HttpRoute *route = NULL;
  g_autofree gchar *key = NULL;

  g_return_if_fail (PENSTOCK_IS_HTTP_SERVER (self));
  g_return_if_fail (path);

  g_mutex_lock (&self->lock);
  g_hash_table_steal_extended (
      self->routes, path, (gpointer *) &key, (gpointer *) &route);
  g_mutex_unlock (&self->lock);
  if (!route)
    return;
  close_route (self, route);
  route_free (route);
}

void
penstock_http_server_add_route (
    PenstockHttpServer *self, const gchar *path, const gchar *store)
{
  g_return_if_fail (PENSTOCK_IS_HTTP_SERVER (self));
  g_return_if_fail (path && *path);

  HttpRoute *route = g_new0 (HttpRoute, 1);
  if (store)
    route->dash = http_dash_new (store, self->context, &self->limits);

  penstock_http_server_remove_route (self, path);
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->routes, g_strdup (path), route);
  g_mutex_unlock (&self->lock);
}

guint
penstock_http_server_count_viewers (PenstockHttpServer *self, const gchar *path)
{
  g_return_val_if_fail (PENSTOCK_IS_HTTP_SERVER (self), 0);
  g_return_val_if_fail (path, 0);

  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  HttpRoute *route = g_hash_table_lookup (self->routes, path);
  return route && route->dash ? http_dash_count_viewers (route->dash) : 0;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

static GPtrArray *
list_routes (PenstockHttpServer *self)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->routes);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_mutex_unlock (&self->lock);
  g_ptr_array_sort (names, compare_names);
  return names;
}

typedef struct {
  gchar *name;    /* of the route */
  HttpDash *dash; /* (nullable) */
  gchar *rest;    /* behind it: NULL, "" after a slash, "manifest.mpd", ... */
} Found;

static void
found_free (Found *found)
{
  g_free (found->name);
  http_dash_unref (found->dash);
  g_free (found->rest);
  g_free (found);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Found, found_free)

/* The route with the longest name that @path begins with, segment by segment.
 */
static Found *
find_route (PenstockHttpServer *self, const gchar *path)
{
  g_autofree gchar *name = g_strdup (path);
  Found *found = NULL;

  g_mutex_lock (&self->lock);
  for (;;) {
    HttpRoute *route = g_hash_table_lookup (self->routes, name);
    if (route) {
      const gchar *rest = path + strlen (name);
      found = g_new0 (Found, 1);
      found->name = g_strdup (name);
      found->dash = route->dash ? http_dash_ref (route->dash) : NULL;
      found->rest = *rest == '/' ? g_strdup (rest + 1) : NULL;
      break;
    }
    gchar *slash = strrchr (name, '/');
    if (!slash)
      break;
    *slash = '\0';
  }
  g_mutex_unlock (&self->lock);
  return found;
}

/* ---- answers ---- */

static void
answer_time (HttpRequest *request)
{
  gchar *text = penstock_priv_http_xs_date (g_get_real_time ());
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  http_request_set_header (request, "Cache-Control", "no-store");
  http_request_answer (request, SOUP_STATUS_OK, "text/plain", bytes);
}

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

/* "/live/one" → "/live/one/", as a reference relative to the request. */
static void
answer_redirect (HttpRequest *request, SoupServerMessage *message)
{
  const gchar *raw = http_request_get_raw_path (request);
  const gchar *query = g_uri_get_query (soup_server_message_get_uri (message));
  g_autofree gchar *location = g_strconcat (
      "./", strrchr (raw, '/') + 1, "/", query ? "?" : NULL, query, NULL);

  http_request_set_header (request, "Location", location);
  http_request_set_header (request, "Cache-Control", "no-store");
  http_request_answer (request, SOUP_STATUS_FOUND, NULL, NULL);
}

static void
answer_not_found (HttpRequest *request)
{
  http_pages_answer_error (
      request, SOUP_STATUS_NOT_FOUND, "There is nothing at this address.");
}

static void
answer_route (
    HttpRequest *request, SoupServerMessage *message, const Found *found)
{
  if (!found->rest)
    answer_redirect (request, message);
  else if (*found->rest == '\0')
    http_pages_answer_player (request, found->name,
        found->dash ? HTTP_PLAYER_READY : HTTP_PLAYER_NO_DASH);
  else if (!found->dash || !http_dash_serve (found->dash, request, found->rest))
    answer_not_found (request);
}

static void
answer_get (
    PenstockHttpServer *self, HttpRequest *request, SoupServerMessage *message)
{
  g_autofree gchar *path =
      penstock_priv_http_decode_path (http_request_get_raw_path (request));

  if (!path) {
    http_pages_answer_error (
        request, SOUP_STATUS_BAD_REQUEST, "The address is not valid.");
    return;
  }
  if (*path == '\0') {
    g_autoptr (GPtrArray) routes = list_routes (self);
    http_pages_answer_index (request, routes);
    return;
  }
  if (g_str_equal (path, "status.json")) {
    http_status_serve (self->status, request);
    return;
  }
  if (g_str_equal (path, "time")) {
    answer_time (request);
    return;
  }
  if (g_str_has_prefix (path, "assets/")) {
    if (!http_pages_answer_asset (request, path + strlen ("assets/")))
      answer_not_found (request);
    return;
  }

  g_autoptr (Found) found = find_route (self, path);
  if (found) {
    answer_route (request, message, found);
  } else if (g_str_has_suffix (path, "/")) {
    g_autofree gchar *name = g_strndup (path, strlen (path) - 1);
    http_pages_answer_player (request, name, HTTP_PLAYER_UNKNOWN);
  } else {
    answer_not_found (request);
  }
}

/* ---- libsoup ---- */

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
    answer_get (self, request, message);
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

static void
start_soup (PenstockHttpServer *self)
{
  g_autoptr (GMainContext) parked = g_main_context_new ();
  g_autoptr (GError) error = NULL;

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

  g_main_context_push_thread_default (parked);
  if (!soup_server_listen_socket (self->soup, self->socket, 0, &error))
    penstock_warning (
        "http", "connections are not kept alive: %s", error->message);
  g_main_context_pop_thread_default (parked);
  self->listener = http_listener_new (self->socket, self->soup, &self->limits);
}

static GPtrArray *
list_dashes (PenstockHttpServer *self)
{
  GPtrArray *dashes =
      g_ptr_array_new_with_free_func ((GDestroyNotify) http_dash_unref);
  GHashTableIter iter;
  gpointer route;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->routes);
  while (g_hash_table_iter_next (&iter, NULL, &route))
    if (((HttpRoute *) route)->dash)
      g_ptr_array_add (dashes, http_dash_ref (((HttpRoute *) route)->dash));
  g_mutex_unlock (&self->lock);
  return dashes;
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
  while (!over && self->n_messages > 0)
    g_main_context_iteration (self->context, TRUE);
  g_source_destroy (limit);
  while (g_main_context_iteration (self->context, FALSE))
    continue;
}

static void
stop_soup (PenstockHttpServer *self)
{
  g_autoptr (GPtrArray) dashes = list_dashes (self);

  http_status_close (self->status);
  for (guint i = 0; i < dashes->len; i++)
    http_dash_end_waiting (dashes->pdata[i]);
  g_clear_pointer (&self->listener, http_listener_free);
  soup_server_disconnect (self->soup);
  drain (self);
  g_clear_object (&self->soup);
}

static gpointer
run (gpointer data)
{
  PenstockHttpServer *self = data;

  g_main_context_push_thread_default (self->context);
  start_soup (self);
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

gboolean
penstock_http_server_start (PenstockHttpServer *self, GError **error)
{
  g_return_val_if_fail (PENSTOCK_IS_HTTP_SERVER (self), FALSE);
  g_return_val_if_fail (!self->thread, FALSE);

  self->socket = http_listener_bind (&self->listen, error);
  if (!self->socket)
    return FALSE;
  g_autoptr (GSocketAddress) address =
      g_socket_get_local_address (self->socket, NULL);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  self->status = http_status_new (self->control, self->context, &self->limits,
      self->status_func, self->status_data);
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_new ("penstock-http", run, self);
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
  self->port = 0;
}

guint16
penstock_http_server_get_port (PenstockHttpServer *self)
{
  g_return_val_if_fail (PENSTOCK_IS_HTTP_SERVER (self), 0);

  return self->port;
}

void
penstock_priv_http_server_set_limits (
    PenstockHttpServer *self, const HttpLimits *limits)
{
  self->limits = *limits;
}

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
  if (server->listener)
    count->counts.connections =
        http_listener_get_n_connections (server->listener);
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
  GHashTableIter iter;
  gpointer route;

  penstock_http_server_stop (self);
  g_hash_table_iter_init (&iter, self->routes);
  while (g_hash_table_iter_next (&iter, NULL, &route))
    close_route (self, route);
  g_hash_table_unref (self->routes);
  g_main_context_unref (self->control);
  g_main_context_unref (self->context);
  g_free (self->listen.host);
  g_mutex_clear (&self->lock);
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
  g_mutex_init (&self->lock);
  self->control = g_main_context_ref_thread_default ();
  self->context = g_main_context_new ();
  self->routes = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) route_free);
}
