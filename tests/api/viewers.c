/* SPDX-License-Identifier: MIT
 *
 * A gateway whose RTSP viewers are counted, bounded, listed and closed, by the
 * library and by JSON. The test's main context is that of the gateway; viewers
 * are plain sockets. */

#include <gio/gio.h>
#include <gst/check/gstcheck.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "../support/wait.h"
#include "log.h"
#include "penstock.h"

#define WAIT_S 20

/* --- the gateway ------------------------------------------------------------- */

typedef struct {
  PenstockServer *server;
  guint n_joined, n_left;
  PenstockViewer *last; /* owned; that joined or left */
  gboolean stopped;
} Fixture;

typedef gboolean (*Condition) (Fixture *f, gpointer data);

static gboolean
wait_for (Fixture *f, Condition condition, gpointer data)
{
  gint64 end = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;
  gboolean ok = FALSE;

  WAIT_FOR ((ok = condition (f, data)) || g_get_monotonic_time () >= end);
  return ok;
}

/* Two routes with a picture a viewer can begin with; @limits and @output are
 * JSON members that begin with a comma. */
static PenstockConfig *
make_config (const gchar *limits, const gchar *output)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *json = g_strdup_printf (
      "{\"listen\":{\"rtsp\":\"127.0.0.1:0\"}%s,\"routes\":{"
      "\"one\":{\"input\":{\"type\":\"test\",\"width\":160,\"height\":120,"
      "\"keyframe-interval-ms\":400,\"audio\":false},"
      "\"outputs\":[{\"type\":\"rtsp\"%s}]},"
      "\"two\":{\"input\":{\"type\":\"test\",\"width\":160,\"height\":120,"
      "\"audio\":false},\"outputs\":[\"rtsp\"]}}}",
      limits, output);
  PenstockConfig *config = penstock_config_new_from_string (json, NULL, &error);

  g_assert_no_error (error);
  return config;
}

static void
viewer_joined (PenstockServer *server, PenstockViewer *viewer, Fixture *f)
{
  f->n_joined++;
  g_clear_pointer (&f->last, penstock_viewer_unref);
  f->last = penstock_viewer_ref (viewer);
}

static void
viewer_left (PenstockServer *server, PenstockViewer *viewer, Fixture *f)
{
  f->n_left++;
  g_clear_pointer (&f->last, penstock_viewer_unref);
  f->last = penstock_viewer_ref (viewer);
}

static void
server_stopped (PenstockServer *server, Fixture *f)
{
  f->stopped = TRUE;
}

static gboolean
is_online (Fixture *f, gpointer name)
{
  return penstock_route_get_state (penstock_server_get_route (
             f->server, name)) == PENSTOCK_ROUTE_ONLINE;
}

static void
fixture_init (Fixture *f, const gchar *limits, const gchar *output)
{
  g_autoptr (PenstockConfig) config = make_config (limits, output);
  g_autoptr (GError) error = NULL;

  *f = (Fixture){ .server = penstock_server_new (config) };
  g_signal_connect (f->server, "viewer-joined", G_CALLBACK (viewer_joined), f);
  g_signal_connect (f->server, "viewer-left", G_CALLBACK (viewer_left), f);
  g_signal_connect (f->server, "stopped", G_CALLBACK (server_stopped), f);
  penstock_server_start (f->server, &error);
  g_assert_no_error (error);
  fail_unless (wait_for (f, is_online, (gpointer) "one"));
  fail_unless (wait_for (f, is_online, (gpointer) "two"));
}

static gboolean
has_stopped (Fixture *f, gpointer data)
{
  return f->stopped;
}

static void
fixture_clear (Fixture *f)
{
  penstock_server_stop (f->server);
  fail_unless (wait_for (f, has_stopped, NULL));
  /* Everybody who came has been told to be gone. */
  fail_unless_equals_int (f->n_joined, f->n_left);
  g_object_unref (f->server);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&f->last, penstock_viewer_unref);
  /* Threads of requests let go of their last objects a moment later. */
  gst_rtsp_thread_pool_cleanup ();
}

static void
reload (Fixture *f, const gchar *limits, const gchar *output)
{
  g_autoptr (PenstockConfig) config = make_config (limits, output);
  g_autoptr (GError) error = NULL;

  penstock_server_reload (f->server, config, &error);
  g_assert_no_error (error);
}

/* --- viewers ------------------------------------------------------------------ */

typedef struct {
  GSocketConnection *connection;
  GString *received;
  gchar *url, *session;
  guint cseq;
  gboolean closed;
} Viewer;

static void
viewer_open (Viewer *v, Fixture *f, const gchar *route)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  guint port = penstock_server_get_port (f->server, "rtsp");

  *v = (Viewer){ .received = g_string_new (NULL),
    .url = g_strdup_printf ("rtsp://127.0.0.1:%u/%s", port, route) };
  v->connection = g_socket_client_connect_to_host (
      client, "127.0.0.1", (guint16) port, NULL, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (g_socket_connection_get_socket (v->connection), FALSE);
}

static void
viewer_close (Viewer *v)
{
  g_object_unref (v->connection);
  g_string_free (v->received, TRUE);
  g_free (v->url);
  g_free (v->session);
}

/* Reads what there is. */
static void
viewer_receive (Viewer *v)
{
  gchar part[65536];
  g_autoptr (GError) error = NULL;
  gssize n = 1;

  while (n > 0) {
    n = g_socket_receive (g_socket_connection_get_socket (v->connection), part,
        sizeof part, NULL, &error);
    if (n > 0)
      g_string_append_len (v->received, part, n);
  }
  v->closed |=
      n == 0 || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

/* The head of the answer to the last request, somewhere between frames; (transfer
 * full); NULL: not yet. */
static gchar *
find_answer (const Viewer *v)
{
  static const gchar start[] = "RTSP/1.0 ", stop[] = "\r\n\r\n";
  g_autofree gchar *cseq = g_strdup_printf ("CSeq: %u\r\n", v->cseq);
  const gchar *end = v->received->str + v->received->len;
  const gchar *found = v->received->str;

  while (
      (found = memmem (found, (gsize) (end - found), start, strlen (start)))) {
    const gchar *head_end =
        memmem (found, (gsize) (end - found), stop, strlen (stop));
    g_autofree gchar *head =
        head_end ? g_strndup (found, (gsize) (head_end - found) + 2) : NULL;
    if (head && strstr (head, cseq))
      return g_steal_pointer (&head);
    found++;
  }
  return NULL;
}

static gboolean
has_answer (Fixture *f, gpointer data)
{
  Viewer *v = data;

  viewer_receive (v);
  g_autofree gchar *answer = find_answer (v);
  return v->closed || answer;
}

static gboolean
is_closed (Fixture *f, gpointer data)
{
  Viewer *v = data;

  viewer_receive (v);
  return v->closed;
}

/* Returns: the status; 0 when the connection is closed */
static guint
viewer_ask (Fixture *f, Viewer *v, const gchar *method, const gchar *suffix,
    const gchar *headers)
{
  g_autofree gchar *session =
      v->session ? g_strdup_printf ("Session: %s\r\n", v->session) : NULL;
  g_autofree gchar *request = g_strdup_printf (
      "%s %s%s RTSP/1.0\r\nCSeq: %u\r\nUser-Agent: test\xff\r\n%s%s\r\n",
      method, v->url, suffix, ++v->cseq, headers, session ? session : "");

  g_socket_send (g_socket_connection_get_socket (v->connection), request,
      strlen (request), NULL, NULL);
  fail_unless (wait_for (f, has_answer, v));
  g_autofree gchar *answer = find_answer (v);
  if (!answer)
    return 0;
  const gchar *header = strstr (answer, "Session: ");
  if (header && !v->session) {
    header += strlen ("Session: ");
    v->session = g_strndup (header, strcspn (header, ";\r"));
  }
  return (guint) g_ascii_strtoull (answer + strlen ("RTSP/1.0 "), NULL, 10);
}

#define TCP "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"

static guint
viewer_set_up (Fixture *f, Viewer *v)
{
  guint status = viewer_ask (f, v, "DESCRIBE", "", "");

  return status == 200 ? viewer_ask (f, v, "SETUP", "/stream=0", TCP) : status;
}

static void
viewer_play (Viewer *v, Fixture *f, const gchar *route)
{
  viewer_open (v, f, route);
  fail_unless_equals_int (viewer_set_up (f, v), 200);
  fail_unless_equals_int (viewer_ask (f, v, "PLAY", "", ""), 200);
}

static gboolean
has_viewers (Fixture *f, gpointer n)
{
  g_autoptr (GPtrArray) viewers =
      penstock_server_list_viewers (f->server, NULL);

  return viewers->len == GPOINTER_TO_UINT (n);
}

static gboolean
has_left (Fixture *f, gpointer n)
{
  return f->n_left == GPOINTER_TO_UINT (n);
}

static gboolean
has_joined (Fixture *f, gpointer n)
{
  return f->n_joined == GPOINTER_TO_UINT (n);
}

/* The first one of a route, once it has its picture. */
static gboolean
find_begun (Fixture *f, gpointer found)
{
  g_autoptr (GPtrArray) viewers =
      penstock_server_list_viewers (f->server, "one");
  PenstockViewer *viewer = viewers->len > 0 ? viewers->pdata[0] : NULL;

  if (!viewer || penstock_viewer_get_join_time (viewer) < 0)
    return FALSE;
  *(PenstockViewer **) found = penstock_viewer_ref (viewer);
  return TRUE;
}

/* --- control ------------------------------------------------------------------- */

/* (transfer full): of a request with " for ' */
static JsonObject *
control (Fixture *f, const gchar *request)
{
  g_autofree gchar *json = g_strdelimit (g_strdup (request), "'", '"');
  g_autofree gchar *answer = penstock_server_control (f->server, json);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = json_from_string (answer, &error);

  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (root));
}

static void
check_error (
    Fixture *f, const gchar *request, const gchar *code, const gchar *message)
{
  g_autoptr (JsonObject) answer = control (f, request);

  fail_if (json_object_has_member (answer, "result"));
  JsonObject *error = json_object_get_object_member (answer, "error");
  ck_assert_str_eq (json_object_get_string_member (error, "code"), code);
  ck_assert_msg (strstr (json_object_get_string_member (error, "message"),
                     message) != NULL,
      "%s", json_object_get_string_member (error, "message"));
}

/* --- tests ------------------------------------------------------------------------ */

GST_START_TEST (viewers_are_listed_with_how_they_fare)
{
  Fixture f;
  Viewer v, other;
  g_autoptr (PenstockViewer) viewer = NULL;

  fixture_init (&f, "", "");
  gint64 before = g_get_real_time ();
  viewer_play (&v, &f, "one");
  viewer_open (&other, &f, "two");
  fail_unless_equals_int (viewer_set_up (&f, &other), 200);
  fail_unless (wait_for (&f, find_begun, &viewer));
  fail_unless (penstock_viewer_get_id (viewer) > 0);
  ck_assert_str_eq (penstock_viewer_get_route (viewer), "one");
  ck_assert_str_eq (penstock_viewer_get_protocol (viewer), "rtsp");
  ck_assert_str_eq (penstock_viewer_get_transport (viewer), "tcp");
  fail_unless (
      g_str_has_prefix (penstock_viewer_get_peer (viewer), "127.0.0.1:"));
  fail_unless (penstock_viewer_get_since (viewer) >= before);
  fail_unless (penstock_viewer_is_playing (viewer));
  fail_unless (penstock_viewer_get_bytes (viewer) > 0);
  fail_unless_equals_uint64 (penstock_viewer_get_skips (viewer), 0);
  fail_unless (penstock_viewer_get_round_trip (viewer) < 0);

  g_autoptr (GPtrArray) all = penstock_server_list_viewers (f.server, NULL);
  fail_unless_equals_int (all->len, 2);
  g_autoptr (GPtrArray) none = penstock_server_list_viewers (f.server, "no");
  fail_unless_equals_int (none->len, 0);

  g_autoptr (JsonObject) answer =
      control (&f, "{'method':'list-viewers','route':'one'}");
  JsonArray *list = json_object_get_array_member (
      json_object_get_object_member (answer, "result"), "viewers");
  fail_unless_equals_int ((gint) json_array_get_length (list), 1);
  JsonObject *told = json_array_get_object_element (list, 0);
  fail_unless_equals_int ((gint) json_object_get_int_member (told, "id"),
      (gint) penstock_viewer_get_id (viewer));
  ck_assert_str_eq (json_object_get_string_member (told, "agent"),
      "test\xef\xbf\xbd"); /* what is no UTF-8 is replaced */
  fail_unless (json_object_has_member (told, "join-ms"));
  fail_if (json_object_has_member (told, "rtt-ms"));
  viewer_close (&v);
  viewer_close (&other);
  fail_unless (wait_for (&f, has_viewers, GUINT_TO_POINTER (0)));
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (who_joins_and_leaves_is_told)
{
  Fixture f;
  Viewer v;

  fixture_init (&f, "", "");
  /* Who only sets up has not joined, and does not leave. */
  viewer_open (&v, &f, "one");
  fail_unless_equals_int (viewer_set_up (&f, &v), 200);
  fail_unless (wait_for (&f, has_viewers, GUINT_TO_POINTER (1)));
  viewer_close (&v);
  fail_unless (wait_for (&f, has_viewers, GUINT_TO_POINTER (0)));

  viewer_play (&v, &f, "one");
  fail_unless (wait_for (&f, has_joined, GUINT_TO_POINTER (1)));
  fail_unless (penstock_viewer_is_playing (f.last));
  fail_unless_equals_int (viewer_ask (&f, &v, "PAUSE", "", ""), 200);
  fail_unless_equals_int (viewer_ask (&f, &v, "PLAY", "", ""), 200);
  fail_unless_equals_int (viewer_ask (&f, &v, "TEARDOWN", "", ""), 200);
  fail_unless (wait_for (&f, has_left, GUINT_TO_POINTER (1)));
  fail_unless_equals_int (f.n_joined, 1);
  ck_assert_str_eq (penstock_viewer_get_route (f.last), "one");
  fail_if (penstock_viewer_is_playing (f.last));
  fail_unless (penstock_viewer_get_bytes (f.last) > 0);
  viewer_close (&v);

  /* Those that are there at the end are told before it. */
  viewer_play (&v, &f, "two");
  fail_unless (wait_for (&f, has_joined, GUINT_TO_POINTER (2)));
  fixture_clear (&f);
  viewer_close (&v);
}
GST_END_TEST

GST_START_TEST (one_viewer_can_be_closed)
{
  Fixture f;
  Viewer stays, goes;

  fixture_init (&f, "", "");
  viewer_play (&stays, &f, "one");
  viewer_play (&goes, &f, "two");
  g_autoptr (GPtrArray) viewers =
      penstock_server_list_viewers (f.server, "two");
  g_autofree gchar *request =
      g_strdup_printf ("{'method':'kick-viewer','id':%u}",
          penstock_viewer_get_id (viewers->pdata[0]));
  g_autoptr (JsonObject) answer = control (&f, request);
  fail_unless (json_object_has_member (answer, "result"));
  fail_unless (wait_for (&f, is_closed, &goes));
  fail_unless (wait_for (&f, has_left, GUINT_TO_POINTER (1)));
  ck_assert_str_eq (penstock_viewer_get_route (f.last), "two");
  /* Gone is gone. */
  check_error (&f, request, "not-found", "there is no viewer");
  fail_unless_equals_int (
      viewer_ask (&f, &stays, "GET_PARAMETER", "", ""), 200);
  viewer_close (&stays);
  viewer_close (&goes);
  fixture_clear (&f);
}
GST_END_TEST

static const struct {
  const gchar *request, *code, *message;
} bad_requests[] = {
  { "", "bad-request", "line 1" },
  { "[]", "bad-request", "not an object" },
  { "{}", "bad-request", "missing 'method'" },
  { "{'method':1}", "bad-request", "'method' is not a string" },
  { "{'method':'no'}", "unknown-method", "'no'" },
  { "{'method':'list-viewers','id':1}", "bad-request", "unknown key 'id'" },
  { "{'method':'list-viewers','route':1}", "bad-request", "'route'" },
  { "{'method':'list-viewers','route':'no'}", "not-found", "no such route" },
  { "{'method':'kick-viewer'}", "bad-request", "missing 'id'" },
  { "{'method':'kick-viewer','id':'1'}", "bad-request", "'id'" },
  { "{'method':'kick-viewer','id':1.5}", "bad-request", "'id'" },
  { "{'method':'kick-viewer','id':-1}", "bad-request", "'id'" },
  { "{'method':'kick-viewer','id':4294967296}", "bad-request", "'id'" },
  { "{'method':'kick-viewer','id':4294967295}", "not-found", "no viewer" },
};

GST_START_TEST (bad_requests_are_answered_with_a_reason)
{
  g_autoptr (PenstockConfig) config = make_config ("", "");
  Fixture f = { .server = penstock_server_new (config) };

  /* Also by a gateway that does not run. */
  for (guint i = 0; i < G_N_ELEMENTS (bad_requests); i++) {
    g_autofree gchar *message =
        g_strdelimit (g_strdup (bad_requests[i].message), "'", '"');
    check_error (&f, bad_requests[i].request, bad_requests[i].code, message);
  }
  g_autofree gchar *spaces = g_strnfill (70000, ' ');
  check_error (&f, spaces, "bad-request", "longer than");
  g_object_unref (f.server);
}
GST_END_TEST

GST_START_TEST (full_route_refuses_viewers_and_no_others)
{
  Fixture f;
  Viewer v[3], other;

  fixture_init (&f, "", ",\"max-viewers\":2");
  viewer_play (&v[0], &f, "one");
  viewer_play (&v[1], &f, "one");
  viewer_open (&v[2], &f, "one");
  fail_unless_equals_int (viewer_set_up (&f, &v[2]), 453);
  viewer_play (&other, &f, "two");
  /* A place that is free again is taken by the same connection. */
  viewer_close (&v[0]);
  fail_unless (wait_for (&f, has_left, GUINT_TO_POINTER (1)));
  fail_unless_equals_int (
      viewer_ask (&f, &v[2], "SETUP", "/stream=0", TCP), 200);
  /* A SETUP that fails takes none. */
  viewer_close (&v[1]);
  fail_unless (wait_for (&f, has_left, GUINT_TO_POINTER (2)));
  viewer_open (&v[0], &f, "one");
  for (guint i = 0; i < 3; i++)
    fail_unless_equals_int (
        viewer_ask (&f, &v[0], "SETUP", "/stream=9", TCP), 404);
  viewer_open (&v[1], &f, "one");
  fail_unless_equals_int (viewer_set_up (&f, &v[1]), 200);
  for (guint i = 0; i < 3; i++)
    viewer_close (&v[i]);
  viewer_close (&other);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (reload_changes_the_bounds_and_sends_nobody_away)
{
  Fixture f;
  Viewer v[2], more;

  fixture_init (&f, "", ",\"max-viewers\":2");
  viewer_play (&v[0], &f, "one");
  viewer_play (&v[1], &f, "one");
  reload (&f, "", ",\"max-viewers\":1");
  viewer_open (&more, &f, "one");
  fail_unless_equals_int (viewer_set_up (&f, &more), 453);
  reload (&f, ",\"rtsp\":{\"max-viewers\":2}", "");
  fail_unless_equals_int (
      viewer_ask (&f, &more, "SETUP", "/stream=0", TCP), 453);
  reload (&f, ",\"rtsp\":{\"max-viewers-per-address\":3}", "");
  fail_unless_equals_int (
      viewer_ask (&f, &more, "SETUP", "/stream=0", TCP), 200);
  fail_unless_equals_int (f.n_left, 0);
  for (guint i = 0; i < 2; i++) {
    fail_unless_equals_int (
        viewer_ask (&f, &v[i], "GET_PARAMETER", "", ""), 200);
    viewer_close (&v[i]);
  }
  viewer_close (&more);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (one_connection_has_one_session_of_a_route)
{
  Fixture f;
  Viewer v;

  fixture_init (&f, "", "");
  viewer_play (&v, &f, "one");
  g_autofree gchar *session = g_steal_pointer (&v.session);
  fail_unless_equals_int (viewer_ask (&f, &v, "SETUP", "/stream=0", TCP), 455);
  fail_unless (wait_for (&f, has_viewers, GUINT_TO_POINTER (1)));
  /* What it has goes on. */
  v.session = g_steal_pointer (&session);
  fail_unless_equals_int (viewer_ask (&f, &v, "PAUSE", "", ""), 200);
  viewer_close (&v);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (connection_beyond_the_bound_is_closed)
{
  Fixture f;
  Viewer v[2];

  fixture_init (&f, ",\"rtsp\":{\"max-connections\":1}", "");
  viewer_open (&v[0], &f, "one");
  fail_unless_equals_int (viewer_set_up (&f, &v[0]), 200);
  viewer_open (&v[1], &f, "one");
  fail_unless (wait_for (&f, is_closed, &v[1]));
  viewer_close (&v[1]);
  fail_unless_equals_int (viewer_ask (&f, &v[0], "GET_PARAMETER", "", ""), 200);
  reload (&f, "", "");
  viewer_open (&v[1], &f, "one");
  fail_unless_equals_int (viewer_set_up (&f, &v[1]), 200);
  viewer_close (&v[0]);
  viewer_close (&v[1]);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (idle_connections_and_silent_sessions_end_as_they_are_told)
{
  Fixture f;
  Viewer idle, silent;

  fixture_init (&f,
      ",\"rtsp\":{\"idle-timeout-ms\":1000,\"session-timeout-ms\":5000}", "");
  viewer_open (&idle, &f, "one");
  viewer_open (&silent, &f, "one");
  fail_unless_equals_int (viewer_set_up (&f, &silent), 200);
  ck_assert_msg (strstr (silent.received->str, ";timeout=5") != NULL, "%s",
      silent.received->str);
  fail_unless (wait_for (&f, is_closed, &idle));
  fail_if (is_closed (&f, &silent));
  /* The library adds 5 s to what it tells. */
  fail_unless (wait_for (&f, is_closed, &silent));
  fail_unless (wait_for (&f, has_viewers, GUINT_TO_POINTER (0)));
  viewer_close (&idle);
  viewer_close (&silent);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (body_beyond_the_bound_is_not_waited_for)
{
  Fixture f;
  Viewer v;

  fixture_init (&f, ",\"rtsp\":{\"max-body-bytes\":2000}", "");
  viewer_open (&v, &f, "one");
  fail_unless_equals_int (
      viewer_ask (&f, &v, "OPTIONS", "", "Content-Length: 2001\r\n"), 413);
  viewer_close (&v);
  fixture_clear (&f);
}
GST_END_TEST

static gboolean
note_session (GSignalInvocationHint *hint, guint n_values, const GValue *values,
    gpointer session)
{
  g_weak_ref_set (session, g_value_get_object (&values[1]));
  return TRUE;
}

static gboolean
is_gone (Fixture *f, gpointer session)
{
  g_autoptr (GObject) object = g_weak_ref_get (session);

  return !object;
}

/* The path of a PLAY or RECORD is text, so only a leak sanitizer sees it. */
GST_START_TEST (refused_requests_leave_nothing_of_their_session)
{
  static const struct {
    const gchar *method, *suffix;
    guint status;
  } rows[] = {
    { "PLAY", "/nowhere/near", 460 },
    { "PLAY", "-not-in-the-session", 404 },
    { "RECORD", "-not-in-the-session", 404 },
    { "PAUSE", "-not-in-the-session", 404 },
    { "SETUP", "-not-in-the-session/stream=0", 404 },
    { "SETUP", "/stream=0?start=nonsense", 400 },
    { "SETUP", "/stream=9", 404 },
  };
  Fixture f;
  Viewer v, full;
  GWeakRef session;

  fixture_init (&f, "", ",\"max-viewers\":1");
  viewer_play (&full, &f, "one");
  guint id = g_signal_lookup ("new-session", GST_TYPE_RTSP_CLIENT);
  g_weak_ref_init (&session, NULL);
  gulong hook =
      g_signal_add_emission_hook (id, 0, note_session, &session, NULL);
  viewer_play (&v, &f, "two");
  fail_if (is_gone (&f, &session));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    fail_unless_equals_int (
        viewer_ask (&f, &v, rows[i].method, rows[i].suffix, TCP),
        rows[i].status);
  /* One session may have several routes, if there is a place. */
  memcpy (strstr (v.url, "/two"), "/one", strlen ("/one"));
  fail_unless_equals_int (viewer_ask (&f, &v, "SETUP", "/stream=0", TCP), 453);
  /* What it has goes on. */
  memcpy (strstr (v.url, "/one"), "/two", strlen ("/two"));
  fail_unless_equals_int (viewer_ask (&f, &v, "PLAY", "", ""), 200);
  g_signal_remove_emission_hook (id, hook);
  fail_unless_equals_int (viewer_ask (&f, &v, "TEARDOWN", "", ""), 200);
  viewer_close (&v);
  fail_unless (wait_for (&f, is_gone, &session));
  g_weak_ref_clear (&session);
  viewer_close (&full);
  fixture_clear (&f);
}
GST_END_TEST

static gboolean
has_jitter (Fixture *f, gpointer data)
{
  g_autoptr (GPtrArray) viewers =
      penstock_server_list_viewers (f->server, "one");

  return penstock_viewer_get_jitter (viewers->pdata[0]) > 0;
}

/* rtpsession would keep the name of the PRIV item, and the next one would have
 * it read beyond the packet. */
GST_START_TEST (descriptions_by_viewers_are_not_believed)
{
  static const gchar prefix[] = "penstock-test-name";
  Fixture f;
  Viewer v;
  /* Receiver reports, the last with a block: its jitter is seen. */
  guint8 frames[] = "$\1\0\50"
                    "\200\311\0\1SSRC"
                    "\201\312\0\7SSRC"
                    "\10\25\22penstock-test-namehi\0"
                    "$\1\0\30"
                    "\200\311\0\1SSRC"
                    "\201\312\0\3SSRC"
                    "\10\6\377abcde"
                    "$\1\0\40"
                    "\201\311\0\7SSRCssrc"
                    "\0\0\0\0\0\0\0\0\0\0\377\377\0\0\0\0\0\0\0";

  fixture_init (&f, "", "");
  viewer_play (&v, &f, "one");
  g_socket_send (g_socket_connection_get_socket (v.connection),
      (const gchar *) frames, sizeof (frames), NULL, NULL);
  fail_unless (wait_for (&f, has_jitter, NULL));
  fail_unless_equals_int (g_quark_try_string (prefix), 0);
  viewer_close (&v);
  fixture_clear (&f);
}
GST_END_TEST

/* While nobody accepts they wait in the kernel. Where it has no room it drops
 * what they send, and they try again after a second. */
GST_START_TEST (many_connections_at_once_are_all_taken)
{
  Fixture f;
  GSocket *sockets[200];
  g_autoptr (GError) error = NULL;

  fixture_init (&f, "", "");
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (
      "127.0.0.1", penstock_server_get_port (f.server, "rtsp"));
  for (guint i = 0; i < G_N_ELEMENTS (sockets); i++) {
    sockets[i] = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
        G_SOCKET_PROTOCOL_DEFAULT, &error);
    g_socket_set_blocking (sockets[i], FALSE);
    g_socket_connect (sockets[i], address, NULL, &error);
    fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING));
    g_clear_error (&error);
  }
  for (guint i = 0; i < G_N_ELEMENTS (sockets); i++)
    fail_unless (g_socket_condition_timed_wait (
                     sockets[i], G_IO_OUT, 500 * 1000, NULL, NULL),
        "connection %u", i);
  for (guint i = 0; i < G_N_ELEMENTS (sockets); i++)
    g_object_unref (sockets[i]);
  fixture_clear (&f);
}
GST_END_TEST

static Suite *
viewers_suite (void)
{
  Suite *suite = suite_create ("viewers");
  TCase *tcase = tcase_create ("all");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 90);
  tcase_add_test (tcase, viewers_are_listed_with_how_they_fare);
  tcase_add_test (tcase, who_joins_and_leaves_is_told);
  tcase_add_test (tcase, one_viewer_can_be_closed);
  tcase_add_test (tcase, bad_requests_are_answered_with_a_reason);
  tcase_add_test (tcase, full_route_refuses_viewers_and_no_others);
  tcase_add_test (tcase, reload_changes_the_bounds_and_sends_nobody_away);
  tcase_add_test (tcase, one_connection_has_one_session_of_a_route);
  tcase_add_test (tcase, connection_beyond_the_bound_is_closed);
  tcase_add_test (
      tcase, idle_connections_and_silent_sessions_end_as_they_are_told);
  tcase_add_test (tcase, body_beyond_the_bound_is_not_waited_for);
  tcase_add_test (tcase, refused_requests_leave_nothing_of_their_session);
  tcase_add_test (tcase, descriptions_by_viewers_are_not_believed);
  tcase_add_test (tcase, many_connections_at_once_are_all_taken);
  return suite;
}

GST_CHECK_MAIN (viewers);
