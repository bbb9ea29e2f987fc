/* SPDX-License-Identifier: MIT
 *
 * The RTMP client against a small server of the test's own: pulling, being
 * refused, credentials, time limits, and what is left afterwards. */

#include "rtmp/rtmp-client.h"

#include "../support/rtmp-peer.h"
#include "../support/threads.h"
#include "rtmp/rtmp-amf.h"
#include "rtmp/rtmp-auth.h"
#include "rtmp/rtmp-chunk.h"

/* The server: takes one connection after the other on a thread; each goes as
 * far as its step says. */
typedef enum {
  STEP_SILENT,     /* accepts and says nothing */
  STEP_PLAY,       /* two messages, then closes */
  STEP_PLAY_STOP,  /* two messages, then NetStream.Play.Stop */
  STEP_PLAY_STALL, /* one message, then nothing */
  STEP_NOT_FOUND,
  STEP_ASK_USER, /* authmod=adobe */
  STEP_CHALLENGE,
  STEP_CHECK, /* plays when the response is right */
  STEP_AUTH_FAILED,
  STEP_END,
} Step;

typedef struct {
  int listener;
  guint16 port;
  const Step *steps;
  GThread *thread;
  PenstockRtmpSession *session;
  int fd;
} Server;

static void
send_message (
    Server *server, guint8 type, guint32 time, const guint8 *data, gsize size)
{
  g_autoptr (PenstockRtmpMessage) message =
      penstock_rtmp_message_new (type, 1, time, data, size);
  GByteArray *out = penstock_rtmp_session_get_output (server->session);

  penstock_rtmp_chunk_write (out, 5, message, 65536);
}

static void
send_status (Server *server, const gchar *code)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  penstock_amf0_write_string (payload, "onStatus");
  penstock_amf0_write_number (payload, 0);
  penstock_amf0_write_null (payload);
  penstock_amf0_begin_object (payload);
  penstock_amf0_write_name (payload, "level");
  penstock_amf0_write_string (payload, "status");
  penstock_amf0_write_name (payload, "code");
  penstock_amf0_write_string (payload, code);
  penstock_amf0_end_object (payload);
  send_message (server, PENSTOCK_RTMP_COMMAND, 0, payload->data, payload->len);
}

/* Answers a connect; FALSE when it was refused. */
static gboolean
answer_connect (Server *server, Step step)
{
  PenstockRtmpSession *session = server->session;
  g_autofree gchar *challenge =
      penstock_rtmp_session_dup_parameter (session, "challenge");
  g_autofree gchar *response =
      penstock_rtmp_session_dup_parameter (session, "response");
  const gchar *refusal = NULL;

  if (step == STEP_ASK_USER) {
    refusal = "[ AccessManager.Reject ] : [ code=403 need auth; "
              "authmod=adobe ] : ";
  } else if (step == STEP_CHALLENGE) {
    refusal = "[ AccessManager.Reject ] : [ authmod=adobe ] : "
              "?reason=needauth&user=joe&salt=abc&challenge=xyz&opaque=opq";
  } else if (step == STEP_AUTH_FAILED) {
    refusal = "[ AccessManager.Reject ] : [ authmod=adobe ] : "
              "?reason=authfailed&opaque=opq";
  } else if (step == STEP_CHECK) {
    g_autofree gchar *right = penstock_rtmp_auth_answer (
        "[ authmod=adobe ] : ?reason=needauth&salt=abc&challenge=xyz"
        "&opaque=opq",
        "live", "joe", "secret", g_ascii_strtoull (challenge, NULL, 16));
    g_autofree gchar *expected = g_strdup_printf ("&response=%s&", response);
    refusal = strstr (right, expected) ? NULL : "wrong response";
  }
  if (refusal)
    penstock_rtmp_session_refuse_connect (
        session, "NetConnection.Connect.Rejected", refusal);
  else
    penstock_rtmp_session_accept_connect (session);
  return refusal == NULL;
}

static void
answer_play (Server *server, Step step)
{
  if (step == STEP_NOT_FOUND) {
    penstock_rtmp_session_refuse_play (
        server->session, "NetStream.Play.StreamNotFound", "Not here.");
    return;
  }
  send_status (server, "NetStream.Play.Reset");
  send_status (server, "NetStream.Play.Start");
  send_message (server, PENSTOCK_RTMP_AUDIO, 5, (const guint8 *) "\xaf\1", 2);
  if (step == STEP_PLAY_STALL)
    return;
  send_message (
      server, PENSTOCK_RTMP_VIDEO, 6, (const guint8 *) "\x17\1\0\0\0", 5);
  if (step == STEP_PLAY_STOP)
    send_status (server, "NetStream.Play.Stop");
}

/* FALSE when the connection is done with. */
static gboolean
handle (Server *server, Step step, PenstockRtmpEvent *event)
{
  RtmpPeer peer = { .fd = server->fd, .session = server->session };
  gboolean go_on = TRUE;

  if (event->type == PENSTOCK_RTMP_EVENT_CONNECT)
    go_on = answer_connect (server, step);
  else if (event->type == PENSTOCK_RTMP_EVENT_PLAY) {
    answer_play (server, step);
    go_on = step == STEP_PLAY_STALL;
  }
  rtmp_peer_flush (&peer);
  return go_on;
}

static void
serve (Server *server, Step step)
{
  guint8 buffer[4096];
  gboolean open = TRUE;
  gssize n;

  while (open && (n = recv (server->fd, buffer, sizeof buffer, 0)) > 0) {
    gsize pos = 0;
    while (open && step != STEP_SILENT) {
      PenstockRtmpEvent event;
      gsize consumed;
      PenstockRtmpParse result = penstock_rtmp_session_feed (
          server->session, buffer + pos, n - pos, 0, &consumed, &event);
      pos += consumed;
      if (result == PENSTOCK_RTMP_PARSE_MORE)
        break;
      open = handle (server, step, &event);
    }
    RtmpPeer peer = { .fd = server->fd, .session = server->session };
    rtmp_peer_flush (&peer);
  }
  /* What the client has sent is read, so that closing does not reset. */
  shutdown (server->fd, SHUT_WR);
  rtmp_peer_is_closed (server->fd);
}

static gpointer
server_thread (gpointer data)
{
  Server *server = data;

  for (guint i = 0; server->steps[i] != STEP_END; i++) {
    server->fd = accept (server->listener, NULL, NULL);
    server->session = penstock_rtmp_session_new_server (i + 1);
    serve (server, server->steps[i]);
    close (server->fd);
    penstock_rtmp_session_free (server->session);
  }
  return NULL;
}

static void
server_start (Server *server, const Step *steps)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;

  server->steps = steps;
  server->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  fail_unless (
      bind (server->listener, (struct sockaddr *) &address, size) == 0);
  fail_unless (listen (server->listener, 4) == 0);
  fail_unless (
      getsockname (server->listener, (struct sockaddr *) &address, &size) == 0);
  server->port = ntohs (address.sin_port);
  server->thread = g_thread_new ("server", server_thread, server);
}

static void
server_join (Server *server)
{
  g_thread_join (server->thread);
  close (server->listener);
}

/* The client's owner */

static void
on_started (const PenstockRtmpPublication *publication, gpointer events)
{
  g_async_queue_push (events,
      g_strdup_printf (
          "started %s app=%s", publication->path, publication->app));
}

static void
on_message (PenstockRtmpMessage *message, gpointer events)
{
  g_async_queue_push (events,
      g_strdup_printf ("message %u@%u", message->type, message->timestamp));
}

static void
on_ended (PenstockRtmpEnd end, const gchar *detail, gpointer events)
{
  g_async_queue_push (events,
      g_strdup_printf (
          "ended %s: %s", penstock_rtmp_end_to_string (end), detail));
}

static const PenstockRtmpCallbacks callbacks = { on_started, on_message,
  on_ended, NULL };

/* @path: "live/one"; credentials before the host with @user_info */
static PenstockRtmpClient *
play (
    guint16 port, const gchar *user_info, GAsyncQueue *events, guint timeout_ms)
{
  g_autofree gchar *url = g_strdup_printf (
      "rtmp://%s127.0.0.1:%u/live/one?token=x", user_info, port);
  const PenstockRtmpClientSettings settings = {
    .url = url,
    .connect_timeout_ms = timeout_ms,
    .silence_timeout_ms = timeout_ms,
  };
  g_autoptr (GError) error = NULL;
  PenstockRtmpClient *client =
      penstock_rtmp_client_play (&settings, &callbacks, events, &error);

  fail_unless (client != NULL, "%s", error ? error->message : "");
  return client;
}

static void
assert_event (GAsyncQueue *events, const gchar *expected)
{
  g_autofree gchar *event =
      g_async_queue_timeout_pop (events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  fail_unless (event != NULL, "\"%s\" did not come", expected);
  fail_unless (g_str_has_prefix (event, expected), "\"%s\", not \"%s\"", event,
      expected);
}

#define PLAYED "started live/one app=live", "message 8@5", "message 9@6"

typedef struct {
  const gchar *name;
  Step steps[5];
  const gchar *user_info;
  guint timeout_ms;
  const gchar *events[5];
} Row;

static const Row rows[] = {
  { "server closes", { STEP_PLAY, STEP_END }, "", 0,
      { PLAYED, "ended lost: the peer closed the connection" } },
  { "server stops", { STEP_PLAY_STOP, STEP_END }, "", 0,
      { PLAYED, "ended goodbye: NetStream.Play.Stop" } },
  { "no such stream", { STEP_NOT_FOUND, STEP_END }, "", 0,
      { "ended refused: NetStream.Play.StreamNotFound: Not here." } },
  { "server says nothing", { STEP_SILENT, STEP_END }, "", 50,
      { "ended silent: the server sent no media within" } },
  { "media stops", { STEP_PLAY_STALL, STEP_END }, "", 50,
      { "started live/one", "message 8@5",
          "ended silent: no media came for too long" } },
  { "credentials", { STEP_ASK_USER, STEP_CHALLENGE, STEP_CHECK, STEP_END },
      "joe:secret@", 0, { PLAYED, "ended lost" } },
  { "wrong password",
      { STEP_ASK_USER, STEP_CHALLENGE, STEP_AUTH_FAILED, STEP_END },
      "joe:wrong@", 0,
      { "ended refused: NetConnection.Connect.Rejected: "
        "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed" } },
  { "credentials wanted, none given", { STEP_ASK_USER, STEP_END }, "", 0,
      { "ended refused: NetConnection.Connect.Rejected" } },
  { "a server that asks for ever",
      { STEP_ASK_USER, STEP_ASK_USER, STEP_ASK_USER, STEP_END }, "joe:x@", 0,
      { "ended refused: NetConnection.Connect.Rejected" } },
};

GST_START_TEST (client_follows_the_server)
{
  const Row *row = &rows[__i__];
  GAsyncQueue *events = g_async_queue_new_full (g_free);
  Server server;

  server_start (&server, row->steps);
  PenstockRtmpClient *client =
      play (server.port, row->user_info, events, row->timeout_ms);
  for (guint i = 0; i < G_N_ELEMENTS (row->events) && row->events[i]; i++)
    assert_event (events, row->events[i]);
  penstock_rtmp_client_free (client);
  fail_unless (g_async_queue_try_pop (events) == NULL);
  server_join (&server);
  g_async_queue_unref (events);
}
GST_END_TEST;

static guint16
closed_port (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  fail_unless (bind (fd, (struct sockaddr *) &address, size) == 0);
  fail_unless (getsockname (fd, (struct sockaddr *) &address, &size) == 0);
  close (fd);
  return ntohs (address.sin_port);
}

GST_START_TEST (nobody_listens)
{
  GAsyncQueue *events = g_async_queue_new_full (g_free);
  PenstockRtmpClient *client = play (closed_port (), "", events, 0);

  assert_event (events, "ended unreachable: Connection refused");
  penstock_rtmp_client_free (client);
  g_async_queue_unref (events);
}
GST_END_TEST;

GST_START_TEST (url_must_name_a_stream)
{
  const PenstockRtmpClientSettings settings = { .url = "rtmp://host/" };
  g_autoptr (GError) error = NULL;

  fail_unless (
      penstock_rtmp_client_play (&settings, &callbacks, NULL, &error) == NULL);
  fail_unless (
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  assert_equals_string (error->message, "cannot pull: the URL names no stream");
}
GST_END_TEST;

static guint
count_entries (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

GST_START_TEST (freed_client_is_silent_and_leaves_nothing)
{
  static const Step steps[] = { STEP_PLAY_STALL, STEP_END };
  GAsyncQueue *events = g_async_queue_new_full (g_free);
  Server server;

  server_start (&server, steps);
  guint fds = count_entries ("/proc/self/fd");
  PenstockRtmpClient *client = play (server.port, "", events, 0);
  assert_event (events, "started");
  assert_event (events, "message");
  fail_unless (test_threads_count ("rtmp") > 0);
  penstock_rtmp_client_free (client);
  server_join (&server);
  fail_unless (g_async_queue_try_pop (events) == NULL);
  assert_equals_int (count_entries ("/proc/self/fd"), fds - 1);
  test_threads_assert_gone ("rtmp");
  g_async_queue_unref (events);
}
GST_END_TEST;

GST_START_TEST (client_can_be_freed_at_once)
{
  GAsyncQueue *events = g_async_queue_new_full (g_free);

  for (guint i = 0; i < 20; i++)
    penstock_rtmp_client_free (play (closed_port (), "", events, 0));
  penstock_rtmp_client_free (NULL);
  g_async_queue_unref (events);
}
GST_END_TEST;

static Suite *
rtmp_client_suite (void)
{
  Suite *suite = suite_create ("rtmp-client");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, client_follows_the_server, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tcase, nobody_listens);
  tcase_add_test (tcase, url_must_name_a_stream);
  tcase_add_test (tcase, freed_client_is_silent_and_leaves_nothing);
  tcase_add_test (tcase, client_can_be_freed_at_once);
  return suite;
}

GST_CHECK_MAIN (rtmp_client);
