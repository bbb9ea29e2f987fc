/* SPDX-License-Identifier: MIT
 *
 * Credentials of viewers, by plain requests over sockets. The channels have
 * nothing to send, so who gets past the credentials reads 503. */

#include <gio/gio.h>
#include <gst/check/gstcheck.h>
#include <string.h>

#include <gst/rtsp-server/rtsp-server.h>

#include "config-parse.h"
#include "config-structs.h"
#include "log.h"
#include "media.h"
#include "rtsp/rtsp-failures.h"
#include "rtsp/rtsp-server.h"

#define WAIT_S 20

#define MAP                                                                    \
  "{ \"listen\": { \"rtsp\": \"127.0.0.1:0\", \"rtmp\": \"127.0.0.1:0\" }, "   \
  "\"routes\": { "                                                             \
  "\"guarded\": { \"input\": \"test\", \"outputs\": [{ \"type\": \"rtsp\", "   \
  "\"user\": \"ann\", \"password\": \"SESAME\" }] }, "                         \
  "\"other\": { \"input\": \"test\", \"outputs\": [{ \"type\": \"rtsp\", "     \
  "\"user\": \"bob\", \"password\": \"SIMSIM\" }] }, "                         \
  "\"parts/*\": { \"input\": \"publish\", \"outputs\": [{ \"type\": \"rtsp\"," \
  "\"user\": \"ann\", \"password\": \"SESAME\" }] }, "                         \
  "\"*/*\": { \"input\": \"publish\", \"outputs\": [\"rtsp\"] }, "             \
  "\"open\": { \"input\": \"test\", \"outputs\": [\"rtsp\"] } } }"
#define OPEN_MAP                                                               \
  "{ \"listen\": { \"rtsp\": \"127.0.0.1:0\" }, \"routes\": { \"open\": "      \
  "{ \"input\": \"test\", \"outputs\": [\"rtsp\"] } } }"

typedef struct {
  GstClock *clock;
  PenstockConfigData *data;
  PenstockRtspServer *server;
  GPtrArray *channels;
  GSocketConnection *connection;
  guint cseq;
} Fixture;

static void
mount (Fixture *f, const gchar *path)
{
  PenstockChannel *channel = penstock_channel_get (path);

  g_ptr_array_add (f->channels, channel);
  penstock_rtsp_server_add_mount (f->server, path, channel);
}

static void
fixture_init (Fixture *f, const gchar *map)
{
  static const gchar *const nothing[] = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree gchar *warnings = NULL;

  *f = (Fixture){ 0 };
  f->data = penstock_config_parse (
      map, strlen (map), NULL, nothing, &warnings, &error);
  g_assert_no_error (error);
  f->clock = gst_system_clock_obtain ();
  f->channels = g_ptr_array_new_with_free_func (g_object_unref);
  f->server = penstock_rtsp_server_new (
      &f->data->listen_rtsp, f->clock, gst_clock_get_time (f->clock));
  penstock_rtsp_server_set_routes (f->server, f->data->routes);
  fail_unless (penstock_rtsp_server_start (f->server, &error));
  g_assert_no_error (error);
  mount (f, "guarded");
  mount (f, "other");
  mount (f, "open");
}

static void
reconnect (Fixture *f)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;

  g_clear_object (&f->connection);
  f->connection = g_socket_client_connect_to_host (client, "127.0.0.1",
      penstock_rtsp_server_get_port (f->server), NULL, &error);
  g_assert_no_error (error);
  g_main_context_iteration (NULL, TRUE); /* the server accepts */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_socket_set_timeout (g_socket_connection_get_socket (f->connection), WAIT_S);
}

static void
fixture_clear (Fixture *f)
{
  g_clear_object (&f->connection);
  penstock_rtsp_server_stop (f->server);
  g_object_unref (f->server);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  /* Threads of requests let go of their last objects a moment later. */
  gst_rtsp_thread_pool_cleanup ();
  g_ptr_array_unref (f->channels);
  gst_object_unref (f->clock);
  penstock_config_data_free (f->data);
}

/* Sends a request and reads the head of the answer. */
static gchar *
request (Fixture *f, const gchar *method, const gchar *path,
    const gchar *authorization)
{
  g_autofree gchar *header = authorization
      ? g_strdup_printf ("Authorization: %s\r\n", authorization)
      : g_strdup ("");
  g_autofree gchar *text =
      g_strdup_printf ("%s rtsp://127.0.0.1/%s RTSP/1.0\r\nCSeq: %u\r\n"
                       "Transport: RTP/AVP/TCP;interleaved=0-1\r\n%s\r\n",
          method, path, ++f->cseq, header);
  GIOStream *stream = G_IO_STREAM (f->connection);
  GString *answer = g_string_new (NULL);
  gchar c;

  fail_unless (
      g_output_stream_write_all (g_io_stream_get_output_stream (stream), text,
          strlen (text), NULL, NULL, NULL));
  while (!strstr (answer->str, "\r\n\r\n") &&
      g_input_stream_read (
          g_io_stream_get_input_stream (stream), &c, 1, NULL, NULL) == 1)
    g_string_append_c (answer, c);
  return g_string_free (answer, FALSE);
}

static guint
status_of (const gchar *answer)
{
  fail_unless (g_str_has_prefix (answer, "RTSP/1.0 "));
  return (guint) g_ascii_strtoull (answer + 9, NULL, 10);
}

static guint
status (Fixture *f, const gchar *method, const gchar *path,
    const gchar *authorization)
{
  g_autofree gchar *answer = request (f, method, path, authorization);

  return status_of (answer);
}

/* The nonce of a first, refused request. */
static gchar *
challenge (Fixture *f, const gchar *path)
{
  g_autofree gchar *answer = request (f, "DESCRIBE", path, NULL);
  const gchar *nonce = strstr (answer, "nonce=\"");

  fail_unless_equals_int (status_of (answer), 401);
  fail_unless (nonce != NULL);
  nonce += strlen ("nonce=\"");
  return g_strndup (nonce, strcspn (nonce, "\""));
}

static gchar *
hash (GChecksumType type, gchar *taken)
{
  gchar *sum = g_compute_checksum_for_string (type, taken, -1);

  g_free (taken);
  return sum;
}

static gchar *
digest (gboolean sha, const gchar *method, const gchar *uri, const gchar *nonce,
    const gchar *user, const gchar *password)
{
  GChecksumType type = sha ? G_CHECKSUM_SHA256 : G_CHECKSUM_MD5;
  g_autofree gchar *a1 =
      hash (type, g_strdup_printf ("%s:Penstock:%s", user, password));
  g_autofree gchar *a2 = hash (type, g_strdup_printf ("%s:%s", method, uri));
  g_autofree gchar *response =
      hash (type, g_strdup_printf ("%s:%s:%s", a1, nonce, a2));

  return g_strdup_printf (
      "Digest username=\"%s\", realm=\"Penstock\", nonce=\"%s\", uri=\"%s\", "
      "response=\"%s\"%s",
      user, nonce, uri, response, sha ? ", algorithm=SHA-256" : "");
}

static gchar *
basic (const gchar *user, const gchar *password)
{
  g_autofree gchar *pair = g_strdup_printf ("%s:%s", user, password);
  g_autofree gchar *text = g_base64_encode ((guchar *) pair, strlen (pair));

  return g_strconcat ("Basic ", text, NULL);
}

GST_START_TEST (request_without_credentials_is_offered_the_strongest_first)
{
  Fixture f;

  fixture_init (&f, MAP);
  reconnect (&f);
  g_autofree gchar *answer = request (&f, "DESCRIBE", "guarded", NULL);
  fail_unless_equals_int (status_of (answer), 401);
  const gchar *sha = strstr (answer, "algorithm=SHA-256");
  const gchar *md5 = strstr (answer, "algorithm=MD5");
  const gchar *plain = strstr (answer, "WWW-Authenticate: Basic ");
  fail_unless (sha && md5 && plain && sha < md5 && md5 < plain);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (right_credentials_open_the_route_and_wrong_ones_do_not)
{
  Fixture f;

  fixture_init (&f, MAP);
  reconnect (&f);
  for (guint wrong = 0; wrong < 2; wrong++) {
    const gchar *password = wrong ? "sesame" : "SESAME";
    g_autofree gchar *nonce = challenge (&f, "guarded");
    g_autofree gchar *sent = __i__ == 2
        ? basic ("ann", password)
        : digest (__i__ == 1, "DESCRIBE", "rtsp://127.0.0.1/guarded", nonce,
              "ann", password);
    fail_unless_equals_int (
        status (&f, "DESCRIBE", "guarded", sent), wrong ? 401 : 503);
  }
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (credentials_of_one_route_do_not_open_another)
{
  Fixture f;

  fixture_init (&f, MAP);
  reconnect (&f);
  g_autofree gchar *plain = basic ("ann", "SESAME");
  fail_unless_equals_int (status (&f, "DESCRIBE", "other", plain), 401);
  /* Nor does a digest made for the one. */
  g_autofree gchar *nonce = challenge (&f, "guarded");
  g_autofree gchar *sent = digest (
      TRUE, "DESCRIBE", "rtsp://127.0.0.1/guarded", nonce, "bob", "SIMSIM");
  fail_unless_equals_int (status (&f, "DESCRIBE", "other", sent), 401);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (forged_nonce_is_refused)
{
  Fixture f;

  fixture_init (&f, MAP);
  reconnect (&f);
  g_autofree gchar *nonce = challenge (&f, "guarded");
  nonce[0] = nonce[0] == '1' ? '2' : '1';
  g_autofree gchar *sent = digest (
      TRUE, "DESCRIBE", "rtsp://127.0.0.1/guarded", nonce, "ann", "SESAME");
  g_autofree gchar *answer = request (&f, "DESCRIBE", "guarded", sent);
  fail_unless_equals_int (status_of (answer), 401);
  fail_unless (strstr (answer, "stale") == NULL);
  fixture_clear (&f);
}
GST_END_TEST

/* Lines of an answer with what differs each time left out. */
static gchar *
shape_of (const gchar *answer)
{
  g_autoptr (GRegex) varies =
      g_regex_new ("nonce=\"[0-9a-f]*\"|CSeq: [0-9]*|Date: [^\r]*", 0, 0, NULL);

  return g_regex_replace_literal (varies, answer, -1, 0, "", 0, NULL);
}

GST_START_TEST (path_without_a_route_answers_like_a_guarded_one)
{
  Fixture f;

  fixture_init (&f, MAP);
  reconnect (&f);
  g_autofree gchar *wrong = basic ("ann", "wrong");
  const gchar *const sent[] = { NULL, wrong };
  for (guint i = 0; i < G_N_ELEMENTS (sent); i++) {
    g_autofree gchar *one = request (&f, "DESCRIBE", "guarded", sent[i]);
    g_autofree gchar *two = request (&f, "DESCRIBE", "nowhere", sent[i]);
    g_autofree gchar *one_shape = shape_of (one);
    g_autofree gchar *two_shape = shape_of (two);
    assert_equals_string (one_shape, two_shape);
  }
  /* Whom one route lets in learns nothing of others either. */
  g_autofree gchar *right = basic ("ann", "SESAME");
  fail_unless_equals_int (status (&f, "DESCRIBE", "nowhere", right), 401);
  g_autofree gchar *nobody = basic ("", "");
  fail_unless_equals_int (status (&f, "DESCRIBE", "nowhere", nobody), 401);
  fixture_clear (&f);
}
GST_END_TEST

static const struct {
  const gchar *method, *path;
  guint status;
} without[] = {
  { "OPTIONS", "guarded", 200 },
  { "DESCRIBE", "open", 503 },
  { "SETUP", "guarded/stream=0", 401 },
  { "SETUP", "guarded", 401 },
  { "PLAY", "guarded", 401 },
  { "TEARDOWN", "guarded", 401 },
  { "GET_PARAMETER", "guarded", 401 },
  { "ANNOUNCE", "guarded", 405 }, /* no publishers here */
  { "DESCRIBE", "guarded/", 401 },
  { "DESCRIBE", "guarded?a=b", 401 },
  { "DESCRIBE", "%67uarded", 401 },
  { "DESCRIBE", "guarded/stream=0", 401 },
  { "DESCRIBE", "parts/one", 401 },
  { "DESCRIBE", "pa%72ts/one", 401 },
};

GST_START_TEST (request_without_credentials_gets_as_far_as_its_route_allows)
{
  Fixture f;

  fixture_init (&f, MAP);
  reconnect (&f);
  guint code = status (&f, without[__i__].method, without[__i__].path, NULL);
  ck_assert_msg (code == without[__i__].status, "%s %s: %u, not %u",
      without[__i__].method, without[__i__].path, code, without[__i__].status);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (unknown_path_is_not_found_where_no_route_has_credentials)
{
  Fixture f;

  fixture_init (&f, OPEN_MAP);
  reconnect (&f);
  fail_unless_equals_int (status (&f, "DESCRIBE", "nowhere", NULL), 404);
  fail_unless_equals_int (status (&f, "DESCRIBE", "open", NULL), 503);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (guessing_is_stopped)
{
  g_autofree gchar *wrong = basic ("ann", "wrong");
  g_autofree gchar *right = basic ("ann", "SESAME");
  Fixture f;

  fixture_init (&f, MAP);
  for (guint i = 0; i < PENSTOCK_RTSP_FAILURES_AT_ONCE; i++) {
    if (i % 4 == 0) /* a new connection changes nothing */
      reconnect (&f);
    fail_unless_equals_int (status (&f, "DESCRIBE", "guarded", wrong), 401);
  }
  reconnect (&f);
  g_autofree gchar *answer = request (&f, "DESCRIBE", "guarded", right);
  fail_unless_equals_int (status_of (answer), 403);
  fail_unless (strstr (answer, "Retry-After: ") != NULL);
  /* What needs no credentials goes on. */
  fail_unless_equals_int (status (&f, "DESCRIBE", "open", NULL), 503);
  fixture_clear (&f);
}
GST_END_TEST

static void
set_up (void)
{
  penstock_log_set_level (PENSTOCK_LOG_ERROR);
  penstock_media_register (NULL);
}

static Suite *
rtsp_auth_suite (void)
{
  Suite *s = suite_create ("rtsp-auth");
  TCase *tc = tcase_create ("rtsp-auth");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, set_up, NULL);
  tcase_add_test (
      tc, request_without_credentials_is_offered_the_strongest_first);
  tcase_add_loop_test (
      tc, right_credentials_open_the_route_and_wrong_ones_do_not, 0, 3);
  tcase_add_test (tc, credentials_of_one_route_do_not_open_another);
  tcase_add_test (tc, forged_nonce_is_refused);
  tcase_add_test (tc, path_without_a_route_answers_like_a_guarded_one);
  tcase_add_loop_test (tc,
      request_without_credentials_gets_as_far_as_its_route_allows, 0,
      G_N_ELEMENTS (without));
  tcase_add_test (tc, unknown_path_is_not_found_where_no_route_has_credentials);
  tcase_add_test (tc, guessing_is_stopped);
  return s;
}

GST_CHECK_MAIN (rtsp_auth);
