/* SPDX-License-Identifier: MIT
 *
 * What clients of the HTTP server cannot do: keep it busy, keep its memory,
 * keep its places; and what is left of it when it has stopped: nothing. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "http-fixture.h"

/* Far more than socket buffers hold, so that a reader must read. */
#define BIG (64 * 1024 * 1024)

/* Deadlines short enough to be waited for, long enough for a loaded machine to
 * keep those that must not expire. */
#define SHORT_MS 300

/* ---- bytes whose end is seen ---- */

typedef struct {
  GMutex lock;
  GCond cond;
  gboolean freed;
  gchar *data;
} Watched;

static void
on_bytes_freed (gpointer data)
{
  Watched *self = data;

  g_mutex_lock (&self->lock);
  g_free (self->data);
  self->freed = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static GBytes *
watched_bytes (Watched *self, gsize size)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->freed = FALSE;
  self->data = g_malloc0 (size);
  return g_bytes_new_with_free_func (self->data, size, on_bytes_freed, self);
}

static void
wait_until_freed (Watched *self)
{
  gint64 end = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  g_mutex_lock (&self->lock);
  while (!self->freed)
    fail_unless (g_cond_wait_until (&self->cond, &self->lock, end),
        "somebody still holds the bytes");
  g_mutex_unlock (&self->lock);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
}

static gboolean
is_freed (Watched *self)
{
  g_mutex_lock (&self->lock);
  gboolean freed = self->freed;
  g_mutex_unlock (&self->lock);
  return freed;
}

/* ---- slow and vanished readers ---- */

GST_START_TEST (reader_that_takes_nothing_is_dropped)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.stall_ms = SHORT_MS;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  Watched watched;
  g_autoptr (GBytes) big = watched_bytes (&watched, BIG);

  fixture_add_route (fixture, "r", "s");
  penstock_segment_store_put (store, "1.m4s", "video/mp4", big);
  g_clear_pointer (&big, g_bytes_unref);

  g_autoptr (Client) slow = client_new (fixture->port);
  client_send (slow, "GET /r/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) head = client_read_head (slow);
  fail_unless_equals_int (head->status, 200);
  penstock_segment_store_remove (store, "1.m4s");
  fail_if (is_freed (&watched));

  /* Another reader does not notice. */
  store_put (store, "2.m4s", "video/mp4", "hello");
  g_autoptr (Answer) other = get (fixture->port, "/r/2.m4s", NULL);
  fail_unless_equals_string (other->body->str, "hello");
  wait_until_freed (&watched);
}
GST_END_TEST;

GST_START_TEST (reader_that_takes_too_long_is_dropped)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.write_ms = SHORT_MS;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  Watched watched;
  g_autoptr (GBytes) big = watched_bytes (&watched, BIG);
  gchar buffer[1024];
  gsize total = 0;
  gssize got;

  fixture_add_route (fixture, "r", "s");
  penstock_segment_store_put (store, "1.m4s", "video/mp4", big);
  penstock_segment_store_remove (store, "0.m4s");
  g_clear_pointer (&big, g_bytes_unref);

  /* Reads steadily, but a little at a time. */
  g_autoptr (Client) slow = client_new (fixture->port);
  client_send (slow, "GET /r/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) head = client_read_head (slow);
  fail_unless_equals_int (head->status, 200);
  penstock_segment_store_remove (store, "1.m4s");
  GInputStream *input = G_INPUT_STREAM (slow->input);
  while (!is_freed (&watched)) {
    got = g_input_stream_read (input, buffer, sizeof buffer, NULL, NULL);
    if (got <= 0)
      break;
    total += got;
    g_usleep (1000); /* this is the slowness, not a wait for something */
  }
  fail_unless (total < BIG);
  wait_until_freed (&watched);
}
GST_END_TEST;

GST_START_TEST (vanished_reader_frees_what_it_held)
{
  g_autoptr (Fixture) fixture = fixture_new (NULL);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  Watched watched;
  g_autoptr (GBytes) big = watched_bytes (&watched, BIG);

  fixture_add_route (fixture, "r", "s");
  penstock_segment_store_put (store, "1.m4s", "video/mp4", big);
  g_clear_pointer (&big, g_bytes_unref);
  Client *client = client_new (fixture->port);
  client_send (client, "GET /r/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) head = client_read_head (client);
  penstock_segment_store_remove (store, "1.m4s");
  fail_if (is_freed (&watched));
  client_free (client);
  wait_until_freed (&watched);
}
GST_END_TEST;

GST_START_TEST (reader_of_a_growing_file_cannot_fall_behind_for_ever)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.max_pending_bytes = 1024 * 1024;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  Watched watched;

  fixture_add_route (fixture, "r", "s");
  store_append (store, "1.m4s", "a");
  g_autoptr (Client) slow = client_new (fixture->port);
  client_send (slow, "GET /r/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) head = client_read_head (slow);
  gboolean broken = FALSE;
  g_autofree gchar *chunk = client_read_chunk (slow, &broken);
  fail_unless_equals_string (chunk, "a");

  g_autoptr (GBytes) big = watched_bytes (&watched, BIG);
  penstock_segment_store_append (store, "1.m4s", "video/mp4", big);
  g_clear_pointer (&big, g_bytes_unref);
  /* Its connection goes although the file is still there. */
  gchar buffer[65536];
  gsize total = 0;
  gssize got;
  while ((got = g_input_stream_read (G_INPUT_STREAM (slow->input), buffer,
              sizeof buffer, NULL, NULL)) > 0)
    total += got;
  fail_unless (total < BIG);
  penstock_segment_store_clear (store);
  wait_until_freed (&watched);
}
GST_END_TEST;

/* ---- connections ---- */

GST_START_TEST (silent_connection_is_closed)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.request_ms = SHORT_MS;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (Client) silent = client_new (fixture->port);
  g_autoptr (Client) half = client_new (fixture->port);
  g_autoptr (Client) body = client_new (fixture->port);

  client_send (half, "GET /time HTTP/1.1\r\nHost: x\r\nX-Never");
  client_send (
      body, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc");
  fail_unless (client_is_closed (silent));
  fail_unless (client_is_closed (half));
  fail_unless (client_is_closed (body));
}
GST_END_TEST;

GST_START_TEST (trickled_headers_do_not_extend_the_deadline)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.request_ms = SHORT_MS;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (Client) client = client_new (fixture->port);
  GSocket *socket = g_socket_connection_get_socket (client->connection);
  gint64 start = g_get_monotonic_time ();

  client_send (client, "GET /time HTTP/1.1\r\n");
  while (!(g_socket_condition_check (socket, G_IO_IN | G_IO_HUP))) {
    client_send (client, "X-A: b\r\n");
    g_usleep (20 * 1000); /* the trickle itself */
    fail_unless (g_get_monotonic_time () - start < 15 * G_TIME_SPAN_SECOND);
  }
  fail_unless (client_is_closed (client));
}
GST_END_TEST;

/* One endless line, or lines without end. */
static const gchar *const endless[] = {
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
};

GST_START_TEST (headers_without_end_are_not_kept)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (Client) client = client_new (fixture->port);
  GOutputStream *out =
      g_io_stream_get_output_stream (G_IO_STREAM (client->connection));
  g_autoptr (GString) piece = g_string_new (NULL);
  gsize sent = 0;

  while (piece->len < 64 * 1024)
    g_string_append (piece, endless[__i__]);
  client_send (client, "GET /time HTTP/1.1\r\nHost: x\r\n");
  while (sent < BIG &&
      g_output_stream_write_all (out, piece->str, piece->len, NULL, NULL, NULL))
    sent += piece->len;
  fail_unless (sent < BIG, "headers of any length are read");
  g_autoptr (Answer) answer = get (fixture->port, "/time", NULL);
  fail_unless_equals_int (answer->status, 200);
}
GST_END_TEST;

GST_START_TEST (long_headers_are_read_and_longer_ones_are_not)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  g_autoptr (Fixture) fixture = fixture_new (&limits);

  /* As the first request of a connection, and as the second. */
  for (guint n = 0; n < 2; n++) {
    g_autoptr (Client) client = client_new (fixture->port);
    g_autofree gchar *value = g_strnfill (limits.max_header_bytes, 'a');
    for (guint i = 0; i < n + 1; i++) {
      client_send (client, "GET /time HTTP/1.1\r\nHost: x\r\nX-A: %.*s\r\n\r\n",
          (int) limits.max_header_bytes - 100, value);
      g_autoptr (Answer) answer = client_read (client, FALSE);
      fail_unless_equals_int (answer->status, 200);
    }
    client_send (
        client, "GET /time HTTP/1.1\r\nHost: x\r\nX-A: %s\r\n\r\n", value);
    g_autoptr (Answer) answer = client_read (client, FALSE);
    fail_unless_equals_int (answer->status, 0);
  }
}
GST_END_TEST;

GST_START_TEST (idle_connection_is_closed_after_its_time)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.idle_ms = SHORT_MS;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (Client) client = client_new (fixture->port);

  client_send (client, "GET /time HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) answer = client_read (client, FALSE);
  fail_unless_equals_int (answer->status, 200);
  fail_unless (client_is_closed (client));
}
GST_END_TEST;

GST_START_TEST (waiting_for_us_has_no_deadline)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.request_ms = limits.idle_ms = limits.stall_ms = limits.write_ms = 50;
  limits.hold_ms = limits.max_hold_ms = 500;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");

  fixture_add_route (fixture, "r", "s");
  store_put (store, "1.m4s", "video/mp4", "x");
  g_autoptr (Answer) answer = get (fixture->port, "/r/2.m4s", NULL);
  fail_unless_equals_int (answer->status, 404);
}
GST_END_TEST;

GST_START_TEST (idle_connections_cannot_take_all_places)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.max_connections = 50;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  Client *idle[200];

  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    idle[i] = client_new (fixture->port);
  /* In order of arrival: when this one is answered the others are known. */
  g_autoptr (Answer) answer = get (fixture->port, "/time", NULL);
  fail_unless_equals_int (answer->status, 200);
  /* libsoup lets go of those that had to go when it comes to them. */
  while (penstock_priv_http_server_count (fixture->server).connections >
      limits.max_connections + 1)
    continue;
  /* The oldest had to go. */
  fail_unless (client_is_closed (idle[0]));
  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    client_free (idle[i]);
}
GST_END_TEST;

GST_START_TEST (busy_server_says_so)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.max_connections = 4;
  limits.hold_ms = 10 * 60 * 1000;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  Client *held[4];

  fixture_add_route (fixture, "r", "s");
  for (guint i = 0; i < G_N_ELEMENTS (held); i++) {
    gboolean broken;
    g_autofree gchar *path = g_strdup_printf ("%u.m4s", i + 10);
    held[i] = client_new (fixture->port);
    store_append (store, path, "a");
    client_send (held[i], "GET /r/%s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    answer_free (client_read_head (held[i]));
    g_free (client_read_chunk (held[i], &broken));
  }
  g_autoptr (Client) refused = client_new (fixture->port);
  g_autoptr (Answer) answer = client_read (refused, FALSE);
  fail_unless_equals_int (answer->status, 503);
  fail_unless (answer_header (answer, "retry-after"));
  fail_unless (client_is_closed (refused));
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    client_free (held[i]);
}
GST_END_TEST;

GST_START_TEST (address_may_have_no_more_connections_than_said)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.max_per_address = 2;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (Client) one = client_new_from ("127.0.0.2", fixture->port);
  g_autoptr (Client) two = client_new_from ("127.0.0.2", fixture->port);
  g_autoptr (Client) three = client_new_from ("127.0.0.2", fixture->port);
  const HttpCounters *counters =
      penstock_http_server_get_counters (fixture->server);

  g_autoptr (Answer) refused = client_read (three, FALSE);
  fail_unless_equals_int (refused->status, 503);
  fail_unless (client_is_closed (three));
  g_autoptr (Answer) other = get (fixture->port, "/time", NULL);
  fail_unless_equals_int (other->status, 200);
  fail_unless_equals_int (http_counter_get (&counters->refused_address), 1);
  fail_unless_equals_int (http_counter_get (&counters->refused_total), 0);
}
GST_END_TEST;

static gboolean
do_allow_one (gpointer data)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;

  limits.max_connections = 1;
  penstock_http_server_set_limits (((Fixture *) data)->server, &limits);
  return G_SOURCE_REMOVE;
}

GST_START_TEST (limits_may_change_while_it_runs)
{
  g_autoptr (Fixture) fixture = fixture_new (NULL);
  Client *clients[5];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    clients[i] = client_new (fixture->port);
    client_send (clients[i], "GET /time HTTP/1.1\r\nHost: x\r\n\r\n");
    answer_free (client_read (clients[i], FALSE));
  }
  fixture_run (fixture, do_allow_one, fixture);
  /* Answered behind the change. */
  penstock_priv_http_server_count (fixture->server);
  /* All of them are idle: there is room, and it takes all their places. */
  g_autoptr (Answer) answer = get (fixture->port, "/time", NULL);
  fail_unless_equals_int (answer->status, 200);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    fail_unless (client_is_closed (clients[i]));
    client_free (clients[i]);
  }
}
GST_END_TEST;

/* ---- the end ---- */

static guint
count_files (const gchar *path, const gchar *comm)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *file = g_build_filename (path, name, "comm", NULL);
    g_autofree gchar *text = NULL;
    if (!comm)
      n++;
    else if (g_file_get_contents (file, &text, NULL, NULL) &&
        g_str_has_prefix (text, comm))
      n++;
  }
  return n;
}

/* Every kind of connection there is, on one server. */
typedef struct {
  Client *clients[5];
} Crowd;

static void
crowd_join (Crowd *crowd, Fixture *fixture, PenstockSegmentStore *store)
{
  static const gchar *const requests[] = {
    NULL,                                         /* silent */
    "GET /ti",                                    /* half a request */
    "GET /time HTTP/1.1\r\nHost: x\r\n\r\n",      /* idle */
    "GET /r/big.m4s HTTP/1.1\r\nHost: x\r\n\r\n", /* does not read */
    "GET /r/3.m4s HTTP/1.1\r\nHost: x\r\n\r\n",   /* growing */
  };

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
    crowd->clients[i] = client_new (fixture->port);
    if (requests[i])
      client_send (crowd->clients[i], "%s", requests[i]);
    if (i >= 2)
      answer_free (client_read_head (crowd->clients[i]));
  }
}

static void
crowd_leave (Crowd *crowd)
{
  for (guint i = 0; i < G_N_ELEMENTS (crowd->clients); i++) {
    /* What is left of an answer, then the end. */
    gchar buffer[65536];
    while (g_input_stream_read (G_INPUT_STREAM (crowd->clients[i]->input),
               buffer, sizeof buffer, NULL, NULL) > 0)
      continue;
    client_free (crowd->clients[i]);
  }
}

GST_START_TEST (stopped_server_leaves_nothing)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = 10 * 60 * 1000;
  g_autoptr (Fixture) fixture = fixture_new (&limits);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  Watched watched;
  g_autoptr (GBytes) big = watched_bytes (&watched, BIG);
  guint files = 0;

  fixture_add_route (fixture, "r", "s");
  penstock_segment_store_put (store, "big.m4s", "video/mp4", big);
  g_clear_pointer (&big, g_bytes_unref);
  store_append (store, "3.m4s", "a");
  for (guint round = 0; round < 3; round++) {
    Crowd crowd;
    g_autoptr (Client) held = NULL;
    fail_unless_equals_int (
        count_files ("/proc/self/task", "penstock-http"), 1);
    crowd_join (&crowd, fixture, store);
    held = client_new (fixture->port);
    client_send (held, "GET /r/4.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
    g_autoptr (Answer) settled = get (fixture->port, "/time", NULL);
    fixture_stop (fixture);
    fail_unless_equals_int (
        count_files ("/proc/self/task", "penstock-http"), 0);
    fail_unless_equals_int (penstock_http_server_get_port (fixture->server), 0);
    crowd_leave (&crowd);
    g_clear_pointer (&held, client_free);
    /* The first round opens what the process keeps. */
    if (round == 1)
      files = count_files ("/proc/self/fd", NULL);
    if (round == 2)
      fail_unless_equals_int (count_files ("/proc/self/fd", NULL), files);
    fixture_start (fixture);
    g_autoptr (Answer) again = get (fixture->port, "/r/", NULL);
    fail_unless_equals_int (again->status, 200);
  }
  penstock_segment_store_clear (store);
  wait_until_freed (&watched);
}
GST_END_TEST;

GST_START_TEST (routes_come_and_go_under_load)
{
  g_autoptr (Fixture) fixture = fixture_new (NULL);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");

  store_append (store, "1.m4s", "a");
  for (guint i = 0; i < 100; i++) {
    g_autoptr (Client) client = client_new (fixture->port);
    fixture_add_route (fixture, "r", "s");
    client_send (client, "GET /r/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
    store_append (store, "1.m4s", "b");
    g_autoptr (Answer) head = i % 2 ? client_read_head (client) : NULL;
    fixture_remove_route (fixture, "r");
  }
  g_autoptr (Answer) answer = get (fixture->port, "/r/1.m4s", NULL);
  fail_unless_equals_int (answer->status, 404);
}
GST_END_TEST;

static Suite *
http_limits_suite (void)
{
  Suite *suite = suite_create ("http-limits");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, reader_that_takes_nothing_is_dropped);
  tcase_add_test (tc, reader_that_takes_too_long_is_dropped);
  tcase_add_test (tc, vanished_reader_frees_what_it_held);
  tcase_add_test (tc, reader_of_a_growing_file_cannot_fall_behind_for_ever);
  tcase_add_test (tc, silent_connection_is_closed);
  tcase_add_test (tc, trickled_headers_do_not_extend_the_deadline);
  tcase_add_loop_test (
      tc, headers_without_end_are_not_kept, 0, G_N_ELEMENTS (endless));
  tcase_add_test (tc, long_headers_are_read_and_longer_ones_are_not);
  tcase_add_test (tc, idle_connection_is_closed_after_its_time);
  tcase_add_test (tc, waiting_for_us_has_no_deadline);
  tcase_add_test (tc, idle_connections_cannot_take_all_places);
  tcase_add_test (tc, busy_server_says_so);
  tcase_add_test (tc, address_may_have_no_more_connections_than_said);
  tcase_add_test (tc, limits_may_change_while_it_runs);
  tcase_add_test (tc, stopped_server_leaves_nothing);
  tcase_add_test (tc, routes_come_and_go_under_load);
  return suite;
}

GST_CHECK_MAIN (http_limits);
