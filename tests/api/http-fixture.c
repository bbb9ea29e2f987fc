/* SPDX-License-Identifier: MIT
 *
 * A running HTTP server and a plain client (see http-fixture.h). */

#include "http-fixture.h"

#include <gst/check/gstcheck.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A read that takes longer is a failure, not a wait. */
#define CLIENT_TIMEOUT_S 20

/* ---- the server ---- */

static GBytes *
make_status (gpointer user_data)
{
  Fixture *self = user_data;
  gint n = g_atomic_int_add (&self->n_status_calls, 1) + 1;
  gchar *text = g_strdup_printf ("{\"call\":%d}", n);

  if (g_thread_self () != self->thread)
    g_atomic_int_set (&self->status_thread_wrong, TRUE);
  return g_bytes_new_take (text, strlen (text));
}

static gpointer
run_control (gpointer data)
{
  Fixture *self = data;

  g_main_context_push_thread_default (self->control);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->control);
  return NULL;
}

typedef struct {
  GSourceFunc func;
  gpointer data;
  GMutex lock;
  GCond cond;
  gboolean done;
} Call;

static gboolean
do_call (gpointer user_data)
{
  Call *call = user_data;

  call->func (call->data);
  g_mutex_lock (&call->lock);
  call->done = TRUE;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->lock);
  return G_SOURCE_REMOVE;
}

void
fixture_run (Fixture *self, GSourceFunc func, gpointer data)
{
  Call call = { .func = func, .data = data };
  g_autoptr (GSource) source = g_idle_source_new ();

  g_mutex_init (&call.lock);
  g_cond_init (&call.cond);
  g_source_set_callback (source, do_call, &call, NULL);
  g_source_attach (source, self->control);
  g_mutex_lock (&call.lock);
  while (!call.done)
    g_cond_wait (&call.cond, &call.lock);
  g_mutex_unlock (&call.lock);
  g_cond_clear (&call.cond);
  g_mutex_clear (&call.lock);
}

typedef struct {
  Fixture *fixture;
  const gchar *path, *store;
} RouteCall;

static gboolean
do_add_route (gpointer data)
{
  RouteCall *call = data;

  penstock_http_server_add_route (
      call->fixture->server, call->path, call->store);
  return G_SOURCE_REMOVE;
}

static gboolean
do_remove_route (gpointer data)
{
  RouteCall *call = data;

  penstock_http_server_remove_route (call->fixture->server, call->path);
  return G_SOURCE_REMOVE;
}

void
fixture_add_route (Fixture *self, const gchar *path, const gchar *store)
{
  RouteCall call = { self, path, store };

  fixture_run (self, do_add_route, &call);
}

void
fixture_remove_route (Fixture *self, const gchar *path)
{
  RouteCall call = { self, path, NULL };

  fixture_run (self, do_remove_route, &call);
}

static gboolean
do_start (gpointer data)
{
  Fixture *self = data;
  GError *error = NULL;

  if (!penstock_http_server_start (self->server, &error))
    g_error ("%s", error->message);
  self->port = self->tls ? penstock_http_server_get_tls_port (self->server)
                         : penstock_http_server_get_port (self->server);
  return G_SOURCE_REMOVE;
}

static gboolean
do_stop (gpointer data)
{
  penstock_http_server_stop (((Fixture *) data)->server);
  return G_SOURCE_REMOVE;
}

void
fixture_start (Fixture *self)
{
  fixture_run (self, do_start, self);
}

void
fixture_stop (Fixture *self)
{
  fixture_run (self, do_stop, self);
}

static gboolean
do_make (gpointer data)
{
  Fixture *self = data;
  gchar host[] = "127.0.0.1";
  PenstockListenAddress nowhere = { .set = FALSE };
  PenstockListenAddress listen = { .set = TRUE, .host = host, .port = 0 };

  self->server = penstock_http_server_new (
      self->tls ? &nowhere : &listen, make_status, self);
  if (self->tls) {
    g_autoptr (GTlsCertificate) certificate = test_certificate ();
    penstock_http_server_set_tls (self->server, &listen, certificate);
  }
  return G_SOURCE_REMOVE;
}

static Fixture *
make_fixture (const HttpLimits *limits, gboolean tls)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->tls = tls;
  self->control = g_main_context_new ();
  self->loop = g_main_loop_new (self->control, FALSE);
  self->thread = g_thread_new ("test-control", run_control, self);
  fixture_run (self, do_make, self);
  if (limits)
    penstock_http_server_set_limits (self->server, limits);
  fixture_start (self);
  return self;
}

Fixture *
fixture_new (const HttpLimits *limits)
{
  return make_fixture (limits, FALSE);
}

Fixture *
fixture_new_tls (const HttpLimits *limits)
{
  return make_fixture (limits, TRUE);
}

GTlsCertificate *
test_certificate (void)
{
  const gchar *data = g_getenv ("PENSTOCK_TEST_DATA");
  g_autofree gchar *certificate =
      g_build_filename (data, "tls", "certificate.pem", NULL);
  g_autofree gchar *key = g_build_filename (data, "tls", "key.pem", NULL);
  GError *error = NULL;
  GTlsCertificate *pair =
      g_tls_certificate_new_from_files (certificate, key, &error);

  if (!pair)
    g_error ("%s", error->message);
  return pair;
}

static gboolean
do_quit (gpointer data)
{
  Fixture *self = data;

  g_clear_object (&self->server);
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

void
fixture_free (Fixture *self)
{
  fixture_run (self, do_quit, self);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->control);
  g_free (self);
}

/* ---- the client ---- */

/* @from: (nullable): an address of this machine. */
static GSocketConnection *
connect_to (const gchar *from, const gchar *host, guint16 port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) local =
      from ? g_inet_socket_address_new_from_string (from, 0) : NULL;
  GError *error = NULL;

  g_socket_client_set_local_address (client, local);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, CLIENT_TIMEOUT_S);
  GSocketConnection *connection =
      g_socket_client_connect_to_host (client, host, port, NULL, &error);
  if (!connection)
    g_error ("%s port %u: %s", host, port, error->message);
  return connection;
}

static Client *
client_of (GSocketConnection *connection, GIOStream *stream)
{
  Client *self = g_new0 (Client, 1);

  self->connection = connection;
  self->stream = stream;
  self->input = g_data_input_stream_new (g_io_stream_get_input_stream (stream));
  g_data_input_stream_set_newline_type (
      self->input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  return self;
}

Client *
client_new_to (const gchar *host, guint16 port)
{
  GSocketConnection *connection = connect_to (NULL, host, port);

  return client_of (connection, G_IO_STREAM (g_object_ref (connection)));
}

Client *
client_new_from (const gchar *host, guint16 port)
{
  GSocketConnection *connection = connect_to (host, "127.0.0.1", port);

  return client_of (connection, G_IO_STREAM (g_object_ref (connection)));
}

static gboolean
accept_any (GTlsConnection *connection, GTlsCertificate *certificate,
    GTlsCertificateFlags errors, gpointer unused)
{
  return TRUE;
}

Client *
client_new_tls (guint16 port)
{
  return client_new_tls_from (NULL, port);
}

Client *
client_new_tls_from (const gchar *host, guint16 port)
{
  static const gchar *const protocols[] = { "h2", "http/1.1", NULL };
  GType type =
      g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());
  GSocketConnection *connection = connect_to (host, "127.0.0.1", port);
  GError *error = NULL;
  /* Without all that the system trusts, which takes long to load. */
  GIOStream *tls = g_initable_new (type, NULL, &error, "base-io-stream",
      connection, "database", NULL, "advertised-protocols", protocols, NULL);

  if (!tls)
    g_error ("%s", error->message);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (accept_any), NULL);
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, &error))
    g_error ("%s", error->message);
  return client_of (connection, tls);
}

Client *
client_new (guint16 port)
{
  return client_new_to ("127.0.0.1", port);
}

void
client_free (Client *self)
{
  g_object_unref (self->input);
  g_object_unref (self->stream);
  g_object_unref (self->connection);
  g_free (self);
}

void
client_send (Client *self, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree gchar *text = g_strdup_vprintf (format, args);
  va_end (args);
  /* The server may have closed already: reading will tell. */
  g_output_stream_write_all (g_io_stream_get_output_stream (self->stream), text,
      strlen (text), NULL, NULL, NULL);
}

Answer *
client_read_head (Client *self)
{
  Answer *answer = g_new0 (Answer, 1);
  gchar *line = g_data_input_stream_read_line (self->input, NULL, NULL, NULL);

  answer->body = g_string_new (NULL);
  answer->headers =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!line)
    return answer;
  fail_unless (g_str_has_prefix (line, "HTTP/1."), "not HTTP: %s", line);
  answer->status = atoi (line + strlen ("HTTP/1.1 "));
  for (;;) {
    g_free (line);
    line = g_data_input_stream_read_line (self->input, NULL, NULL, NULL);
    if (!line || *line == '\0')
      break;
    gchar *colon = strstr (line, ": ");
    fail_unless (colon, "not a header: %s", line);
    g_autofree gchar *name = g_strndup (line, colon - line);
    gboolean is_new = g_hash_table_replace (
        answer->headers, g_ascii_strdown (name, -1), g_strdup (colon + 2));
    fail_unless (is_new, "%s twice", name);
  }
  g_free (line);
  return answer;
}

gchar *
client_read_chunk (Client *self, gboolean *broken)
{
  g_autofree gchar *line =
      g_data_input_stream_read_line (self->input, NULL, NULL, NULL);
  gsize size, got = 0;

  *broken = line == NULL;
  if (!line)
    return NULL;
  size = g_ascii_strtoull (line, NULL, 16);
  g_autofree gchar *data = g_malloc (size + 3);
  if (!g_input_stream_read_all (
          G_INPUT_STREAM (self->input), data, size + 2, &got, NULL, NULL) ||
      got != size + 2) {
    *broken = TRUE;
    return NULL;
  }
  data[size] = '\0';
  return size ? g_steal_pointer (&data) : NULL;
}

static void
read_chunked (Client *self, Answer *answer)
{
  gboolean broken;
  gchar *chunk;

  while ((chunk = client_read_chunk (self, &broken))) {
    g_string_append (answer->body, chunk);
    g_free (chunk);
  }
  answer->whole = !broken;
}

static void
read_to_end (Client *self, Answer *answer, gsize limit)
{
  gchar buffer[16384];

  while (answer->body->len < limit) {
    gsize want = MIN (sizeof buffer, limit - answer->body->len);
    gssize got = g_input_stream_read (
        G_INPUT_STREAM (self->input), buffer, want, NULL, NULL);
    if (got <= 0)
      break;
    g_string_append_len (answer->body, buffer, got);
  }
}

Answer *
client_read (Client *self, gboolean head)
{
  Answer *answer = client_read_head (self);
  const gchar *length = answer_header (answer, "content-length");
  const gchar *coding = answer_header (answer, "transfer-encoding");

  answer->whole = answer->status != 0;
  if (head || answer->status == 0 || answer->status == 204 ||
      answer->status == 304)
    return answer;
  if (coding) {
    fail_unless_equals_string (coding, "chunked");
    fail_if (length, "both chunked and with a length");
    read_chunked (self, answer);
  } else if (length) {
    gsize size = g_ascii_strtoull (length, NULL, 10);
    read_to_end (self, answer, size);
    answer->whole = answer->body->len == size;
  } else {
    read_to_end (self, answer, G_MAXSIZE);
  }
  return answer;
}

gboolean
client_is_closed (Client *self)
{
  gchar byte;
  g_autoptr (GError) error = NULL;
  gssize got = g_input_stream_read (
      G_INPUT_STREAM (self->input), &byte, 1, NULL, &error);

  return got == 0 ||
      (got < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
}

const gchar *
answer_header (Answer *self, const gchar *name)
{
  return g_hash_table_lookup (self->headers, name);
}

void
answer_free (Answer *self)
{
  g_hash_table_unref (self->headers);
  g_string_free (self->body, TRUE);
  g_free (self);
}

Answer *
get (guint16 port, const gchar *path, const gchar *headers)
{
  g_autoptr (Client) client = client_new (port);

  client_send (client, "GET %s HTTP/1.1\r\nHost: localhost:%u\r\n%s\r\n", path,
      port, headers ? headers : "");
  return client_read (client, FALSE);
}

/* ---- stores ---- */

void
store_put (PenstockSegmentStore *store, const gchar *path, const gchar *type,
    const gchar *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  penstock_segment_store_put (store, path, type, bytes);
}

void
store_append (PenstockSegmentStore *store, const gchar *path, const gchar *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  penstock_segment_store_append (store, path, "video/mp4", bytes);
}

/* ---- a server with a route ---- */

Setup
setup_with (const HttpLimits *limits)
{
  Setup setup = { .fixture = fixture_new (limits),
    .store = penstock_segment_store_get ("store-one") };

  store_put (setup.store, "manifest.mpd", "application/dash+xml", MPD);
  store_put (
      setup.store, "master.m3u8", "application/vnd.apple.mpegurl", "#EXTM3U\n");
  store_put (setup.store, "v0/init-0.mp4", "video/mp4", "init");
  store_append (setup.store, "v0/1.m4s", "01234");
  store_append (setup.store, "v0/1.m4s", "56789");
  penstock_segment_store_finish (setup.store, "v0/1.m4s");
  store_put (setup.store, "a0/1.m4s", "audio/mp4", "sound");
  fixture_add_route (setup.fixture, "live/one", "store-one");
  return setup;
}

void
teardown (Setup *setup)
{
  fixture_free (setup->fixture);
  g_object_unref (setup->store);
}

void
settle (Setup *setup)
{
  g_autoptr (Client) client = client_new (setup->fixture->port);

  /* The first may be read in the same turn as what came before it. */
  for (guint i = 0; i < 2; i++) {
    client_send (client, "GET /time HTTP/1.1\r\nHost: x\r\n\r\n");
    g_autoptr (Answer) answer = client_read (client, FALSE);
    fail_unless_equals_int (answer->status, 200);
  }
}
