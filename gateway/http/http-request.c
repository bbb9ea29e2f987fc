/* SPDX-License-Identifier: MIT
 *
 * One request and its answer (see http-request.h). Bodies are appended by
 * reference, one GBytes a chunk of media, and forgotten once sent. */

#include "http-request.h"

#include <string.h>

#define HTTP_PORT 80

struct _HttpRequest {
  SoupServerMessage *message; /* owns us; NULL when it is over */
  gboolean begun;             /* there is a status */
  /* http_request_wait() was called: libsoup may be pausing, and has to be told
   * of everything that is new. */
  gboolean late;
  HttpRequestEnded ended;
  gpointer ended_data;
};

static GQuark
request_quark (void)
{
  static GQuark quark;

  if (!quark)
    quark = g_quark_from_static_string ("penstock-http-request");
  return quark;
}

void
http_request_over (HttpRequest *self)
{
  HttpRequestEnded ended = self->ended;

  self->message = NULL;
  self->ended = NULL;
  if (ended)
    ended (self, self->ended_data);
}

/* The message goes without having been finished: the server stops. */
static void
http_request_free (gpointer data)
{
  http_request_over (data);
  g_free (data);
}

static void
on_wrote_body_data (SoupServerMessage *message, guint size, gpointer unused)
{
  HttpConnection *connection = http_connection_of (message);

  if (connection)
    http_connection_sent (connection, size);
}

HttpRequest *
http_request_new (SoupServerMessage *message)
{
  HttpRequest *self = g_new0 (HttpRequest, 1);

  self->message = message;
  g_object_set_qdata_full (
      G_OBJECT (message), request_quark (), self, http_request_free);
  g_signal_connect (
      message, "wrote-body-data", G_CALLBACK (on_wrote_body_data), NULL);
  return self;
}

HttpRequest *
http_request_of (SoupServerMessage *message)
{
  return g_object_get_qdata (G_OBJECT (message), request_quark ());
}

gboolean
http_request_is_head (HttpRequest *self)
{
  return soup_server_message_get_method (self->message) == SOUP_METHOD_HEAD;
}

const gchar *
http_request_get_raw_path (HttpRequest *self)
{
  const gchar *path =
      g_uri_get_path (soup_server_message_get_uri (self->message));

  return *path ? path : "/";
}

const gchar *
http_request_get_query (HttpRequest *self)
{
  return g_uri_get_query (soup_server_message_get_uri (self->message));
}

const gchar *
http_request_get_header (HttpRequest *self, const gchar *name)
{
  return soup_message_headers_get_one (
      soup_server_message_get_request_headers (self->message), name);
}

const gchar *
http_request_get_host (HttpRequest *self)
{
  return soup_server_message_get_remote_host (self->message);
}

HttpConnection *
http_request_get_connection (HttpRequest *self)
{
  return self->message ? http_connection_of (self->message) : NULL;
}

gchar *
http_request_get_origin (HttpRequest *self)
{
  GUri *uri = soup_server_message_get_uri (self->message);
  const gchar *host = g_uri_get_host (uri);
  const gchar *forwarded = http_request_get_header (self, "X-Forwarded-Proto");
  gint port = g_uri_get_port (uri);
  gboolean v6 = strchr (host, ':') != NULL;
  HttpConnection *connection = http_connection_of (self->message);
  /* Or a proxy speaks TLS for us: an http: address would be refused by the
   * browser as mixed content. */
  gboolean secure = (connection && http_connection_is_secure (connection)) ||
      (forwarded && g_ascii_strcasecmp (forwarded, "https") == 0);
  GString *origin = g_string_new (NULL);

  g_string_printf (origin, "%s://%s%s%s", secure ? "https" : "http",
      v6 ? "[" : "", host, v6 ? "]" : "");
  /* libsoup takes all for HTTP: of a host without a port it says 80. */
  if (port > 0 && port != HTTP_PORT)
    g_string_append_printf (origin, ":%d", port);
  return g_string_free (origin, FALSE);
}

void
http_request_set_header (
    HttpRequest *self, const gchar *name, const gchar *value)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (self->message), name, value);
}

static void
resume (HttpRequest *self)
{
  if (self->late)
    soup_server_message_unpause (self->message);
}

void
http_request_begin (
    HttpRequest *self, guint status, const gchar *type, gint64 size)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (self->message);
  HttpConnection *connection = http_connection_of (self->message);

  g_return_if_fail (!self->begun);
  self->begun = TRUE;
  soup_server_message_set_status (self->message, status, NULL);
  if (type)
    soup_message_headers_replace (headers, "Content-Type", type);
  if (size >= 0)
    soup_message_headers_set_content_length (headers, size);
  else if (soup_server_message_get_http_version (self->message) ==
      SOUP_HTTP_1_0)
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_EOF);
  else
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (
      soup_server_message_get_response_body (self->message), FALSE);
  /* libsoup reads a refused body to its end before it answers: until then the
   * client is the one to act. */
  if (connection &&
      http_connection_get_state (connection) != HTTP_CONNECTION_READING)
    http_connection_set_state (connection, HTTP_CONNECTION_WRITING);
  resume (self);
}

void
http_request_add (HttpRequest *self, GBytes *bytes)
{
  HttpConnection *connection = http_request_get_connection (self);
  gsize size = g_bytes_get_size (bytes);

  /* An empty chunk would be the end of a chunked body. */
  if (http_request_is_head (self) || size == 0)
    return;
  soup_message_body_append_bytes (
      soup_server_message_get_response_body (self->message), bytes);
  if (connection)
    http_connection_queued (connection, size);
  resume (self);
}

void
http_request_finish (HttpRequest *self)
{
  soup_message_body_complete (
      soup_server_message_get_response_body (self->message));
  resume (self);
}

void
http_request_abort (HttpRequest *self, const gchar *reason)
{
  HttpConnection *connection = http_request_get_connection (self);

  if (connection)
    http_connection_drop (connection, reason);
  /* libsoup sleeps while it waits for us: let it see the broken socket. */
  http_request_finish (self);
}

void
http_request_answer (
    HttpRequest *self, guint status, const gchar *type, GBytes *body)
{
  http_request_begin (self, status, type, body ? g_bytes_get_size (body) : 0);
  if (body)
    http_request_add (self, body);
  http_request_finish (self);
}

/* Neither a 204 nor a 304 says how long its body is (RFC 9110, 8.6). libsoup
 * takes an answer without a length for one that ends with the connection. */
static void
set_no_encoding (SoupServerMessage *message)
{
  soup_message_headers_set_encoding (
      soup_server_message_get_response_headers (message), SOUP_ENCODING_NONE);
}

void
http_request_answer_empty (HttpRequest *self, guint status)
{
  http_request_begin (self, status, NULL, 0);
  set_no_encoding (self->message);
  /* For 204 it is forgotten when the headers are written. */
  g_signal_connect (
      self->message, "wrote-headers", G_CALLBACK (set_no_encoding), NULL);
}

static void
on_client_gone (gpointer request)
{
  http_request_abort (request, "the client has gone");
}

void
http_request_wait (
    HttpRequest *self, HttpRequestEnded ended, gpointer user_data)
{
  HttpConnection *connection = http_connection_of (self->message);

  self->ended = ended;
  self->ended_data = user_data;
  self->late = TRUE;
  /* Once begun, libsoup pauses by itself when it runs out of body. */
  if (!self->begun)
    soup_server_message_pause (self->message);
  if (!connection)
    return;
  if (http_connection_get_pending (connection) == 0)
    http_connection_set_state (connection, HTTP_CONNECTION_WORKING);
  http_connection_watch (connection, on_client_gone, self);
}

void
http_request_forget (HttpRequest *self)
{
  self->ended = NULL;
}
