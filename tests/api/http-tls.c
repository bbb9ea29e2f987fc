/* SPDX-License-Identifier: MIT
 *
 * HTTPS: the same answers by TLS, and what those who do not get on with their
 * handshake can do to the others: nothing. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "http-fixture.h"
#include "http/http-handshake.h"

#define BIG (8 * 1024 * 1024)
#define SHORT_MS 300

static Answer *
get_tls (guint16 port, const gchar *path)
{
  g_autoptr (Client) client = client_new_tls (port);

  client_send (
      client, "GET %s HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", path, port);
  return client_read (client, FALSE);
}

/* Until the server holds nobody. */
static void
wait_until_alone (Fixture *fixture)
{
  gint64 end = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  HttpServerCounts left;

  do {
    left = penstock_priv_http_server_count (fixture->server);
    fail_unless (g_get_monotonic_time () < end,
        "%u connections and %u requests are left", left.connections,
        left.messages);
  } while (left.connections > 0 || left.messages > 0);
}

GST_START_TEST (requests_are_answered_by_tls)
{
  g_autoptr (Fixture) fixture = fixture_new_tls (NULL);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  gchar *data = g_malloc (BIG);
  g_autofree gchar *clock =
      g_strdup_printf ("value=\"https://localhost:%u/time\"", fixture->port);

  memset (data, 'x', BIG);
  g_autoptr (GBytes) big = g_bytes_new_take (data, BIG);
  fixture_add_route (fixture, "r", "s");
  store_put (store, "manifest.mpd", "application/dash+xml", MPD);
  penstock_segment_store_put (store, "v0/1.m4s", "video/mp4", big);
  fail_unless_equals_int (penstock_http_server_get_port (fixture->server), 0);

  /* On one connection, which speaks HTTP/1.1 although the client offers 2. */
  g_autoptr (Client) client = client_new_tls (fixture->port);
  fail_unless_equals_string (g_tls_connection_get_negotiated_protocol (
                                 G_TLS_CONNECTION (client->stream)),
      "http/1.1");
  client_send (client,
      "GET /r/v0/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /r/manifest.mpd HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
      fixture->port);
  g_autoptr (Answer) media = client_read (client, FALSE);
  fail_unless_equals_int (media->body->len, BIG);
  fail_unless (memcmp (media->body->str, data, BIG) == 0);
  g_autoptr (Answer) manifest = client_read (client, FALSE);
  fail_unless (strstr (manifest->body->str, clock), "%s", manifest->body->str);
}
GST_END_TEST;

GST_START_TEST (default_port_is_not_named)
{
  g_autoptr (Fixture) fixture = fixture_new_tls (NULL);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  g_autoptr (Client) client = client_new_tls (fixture->port);

  fixture_add_route (fixture, "r", "s");
  store_put (store, "manifest.mpd", "application/dash+xml", MPD);
  client_send (client, "GET /r/manifest.mpd HTTP/1.1\r\nHost: tv\r\n\r\n");
  g_autoptr (Answer) answer = client_read (client, FALSE);
  fail_unless (strstr (answer->body->str, "value=\"https://tv/time\""), "%s",
      answer->body->str);
}
GST_END_TEST;

GST_START_TEST (growing_segment_comes_by_tls_as_it_grows)
{
  g_autoptr (Fixture) fixture = fixture_new_tls (NULL);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  g_autoptr (Client) client = client_new_tls (fixture->port);
  gboolean broken;

  fixture_add_route (fixture, "r", "s");
  store_append (store, "v0/1.m4s", "aa");
  client_send (client, "GET /r/v0/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) head = client_read_head (client);
  g_autofree gchar *a = client_read_chunk (client, &broken);
  store_append (store, "v0/1.m4s", "bbb");
  g_autofree gchar *b = client_read_chunk (client, &broken);
  fail_unless_equals_string (a, "aa");
  fail_unless_equals_string (b, "bbb");
  penstock_segment_store_finish (store, "v0/1.m4s");
  fail_if (client_read_chunk (client, &broken) || broken);
}
GST_END_TEST;

/* ---- who does not shake hands ---- */

GST_START_TEST (other_bytes_are_no_handshake)
{
  g_autoptr (Fixture) fixture = fixture_new_tls (NULL);
  g_autoptr (Client) plain = client_new (fixture->port);

  client_send (plain, "GET /time HTTP/1.1\r\nHost: x\r\n\r\n");
  fail_unless (client_is_closed (plain) ||
      !g_data_input_stream_read_line (plain->input, NULL, NULL, NULL));
  g_clear_pointer (&plain, client_free);
  wait_until_alone (fixture);
  const HttpCounters *counters =
      penstock_http_server_get_counters (fixture->server);
  fail_unless_equals_int (http_counter_get (&counters->handshakes_failed), 1);
  g_autoptr (Answer) answer = get_tls (fixture->port, "/time");
  fail_unless_equals_int (answer->status, 200);
}
GST_END_TEST;

/* More than there are threads: none of them has one before its first byte. */
GST_START_TEST (silent_clients_hold_nobody_up)
{
  g_autoptr (Fixture) fixture = fixture_new_tls (NULL);
  Client *silent[HTTP_HANDSHAKES_MAX + 10];

  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    silent[i] = client_new (fixture->port);
  g_autoptr (Answer) answer = get_tls (fixture->port, "/time");
  fail_unless_equals_int (answer->status, 200);
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    client_free (silent[i]);
}
GST_END_TEST;

/* Sends the head of a TLS record, of which the rest does not come. From
 * another address of this host, if @host is one. */
static Client *
begin_handshake (Fixture *fixture, const gchar *host)
{
  Client *client = client_new_from (host, fixture->port);

  client_send (client, "\x16\x03\x01\x02");
  return client;
}

GST_START_TEST (one_address_cannot_take_all_handshakes)
{
  g_autoptr (Fixture) fixture = fixture_new_tls (NULL);
  Client *begun[HTTP_HANDSHAKES_MAX + 1];

  for (guint i = 0; i < G_N_ELEMENTS (begun); i++)
    begun[i] = begin_handshake (fixture, "127.0.0.2");
  g_autoptr (Answer) other = get_tls (fixture->port, "/time");
  fail_unless_equals_int (other->status, 200);
  /* The same one, when it comes to its turn. */
  for (guint i = 0; i < G_N_ELEMENTS (begun); i++)
    client_free (begun[i]);
  g_autoptr (Client) same = client_new_tls_from ("127.0.0.2", fixture->port);
  client_send (same, "GET /time HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) answer = client_read (same, FALSE);
  fail_unless_equals_int (answer->status, 200);
}
GST_END_TEST;

GST_START_TEST (handshake_has_a_deadline)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.request_ms = SHORT_MS;
  g_autoptr (Fixture) fixture = fixture_new_tls (&limits);
  g_autoptr (Client) silent = client_new (fixture->port);
  g_autoptr (Client) half = begin_handshake (fixture, "127.0.0.1");

  fail_unless (client_is_closed (silent));
  fail_unless (client_is_closed (half));
  wait_until_alone (fixture);
}
GST_END_TEST;

/* ---- going ---- */

/* One that has been sent more than it reads is not said goodbye to: the server
 * would wait for it. */
GST_START_TEST (slow_client_is_closed_without_a_goodbye)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.stall_ms = SHORT_MS;
  g_autoptr (Fixture) fixture = fixture_new_tls (&limits);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");
  g_autoptr (GBytes) big = g_bytes_new_take (g_malloc0 (8 * BIG), 8 * BIG);
  g_autoptr (Client) slow = client_new_tls (fixture->port);

  fixture_add_route (fixture, "r", "s");
  penstock_segment_store_put (store, "1.m4s", "video/mp4", big);
  client_send (slow, "GET /r/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) head = client_read_head (slow);
  fail_unless_equals_int (head->status, 200);
  wait_until_alone (fixture);
  g_autoptr (Answer) answer = get_tls (fixture->port, "/time");
  fail_unless_equals_int (answer->status, 200);
}
GST_END_TEST;

GST_START_TEST (clients_that_go_leave_nothing)
{
  g_autoptr (Fixture) fixture = fixture_new_tls (NULL);
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("s");

  fixture_add_route (fixture, "r", "s");
  store_append (store, "1.m4s", "a");
  for (guint i = 0; i < 50; i++) {
    g_autoptr (Client) client = client_new_tls (fixture->port);
    if (i % 3 > 0)
      client_send (client, "GET /time HTTP/1.1\r\nHost: x\r\n\r\n");
    if (i % 3 > 1)
      client_send (client, "GET /r/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
    if (i % 3 > 0)
      answer_free (client_read (client, FALSE));
    /* With and without a goodbye. */
    if (i % 2)
      g_socket_close (
          g_socket_connection_get_socket (client->connection), NULL);
  }
  wait_until_alone (fixture);
}
GST_END_TEST;

GST_START_TEST (stopped_server_leaves_no_handshake)
{
  g_autoptr (Fixture) fixture = fixture_new_tls (NULL);

  for (guint round = 0; round < 2; round++) {
    g_autoptr (Client) silent = client_new (fixture->port);
    g_autoptr (Client) half = begin_handshake (fixture, "127.0.0.1");
    g_autoptr (Client) idle = client_new_tls (fixture->port);
    client_send (idle, "GET /time HTTP/1.1\r\nHost: x\r\n\r\n");
    answer_free (client_read (idle, FALSE));
    fixture_stop (fixture);
    fail_unless (client_is_closed (silent));
    fail_unless (client_is_closed (half));
    fail_unless (client_is_closed (idle));
    fixture_start (fixture);
  }
}
GST_END_TEST;

/* ---- certificates ---- */

static gboolean
do_renew (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GTlsCertificate) certificate = test_certificate ();

  penstock_http_server_set_certificate (fixture->server, certificate);
  return G_SOURCE_REMOVE;
}

GST_START_TEST (another_certificate_leaves_connections_alone)
{
  g_autoptr (Fixture) fixture = fixture_new_tls (NULL);
  g_autoptr (Client) before = client_new_tls (fixture->port);

  client_send (before, "GET /time HTTP/1.1\r\nHost: x\r\n\r\n");
  answer_free (client_read (before, FALSE));
  fixture_run (fixture, do_renew, fixture);
  g_autoptr (Answer) answer = get_tls (fixture->port, "/time");
  fail_unless_equals_int (answer->status, 200);
  client_send (before, "GET /time HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) again = client_read (before, FALSE);
  fail_unless_equals_int (again->status, 200);
}
GST_END_TEST;

static Suite *
http_tls_suite (void)
{
  Suite *suite = suite_create ("http-tls");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, requests_are_answered_by_tls);
  tcase_add_test (tc, default_port_is_not_named);
  tcase_add_test (tc, growing_segment_comes_by_tls_as_it_grows);
  tcase_add_test (tc, other_bytes_are_no_handshake);
  tcase_add_test (tc, silent_clients_hold_nobody_up);
  tcase_add_test (tc, one_address_cannot_take_all_handshakes);
  tcase_add_test (tc, handshake_has_a_deadline);
  tcase_add_test (tc, slow_client_is_closed_without_a_goodbye);
  tcase_add_test (tc, clients_that_go_leave_nothing);
  tcase_add_test (tc, stopped_server_leaves_no_handshake);
  tcase_add_test (tc, another_certificate_leaves_connections_alone);
  return suite;
}

GST_CHECK_MAIN (http_tls);
