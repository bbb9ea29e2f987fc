/* SPDX-License-Identifier: MIT
 *
 * How TLS handshakes share their threads: by host, and between the connections
 * of listeners and our own. */

#include <gst/check/gstcheck.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/tls-handshakes.h"

#define WAIT_S 20
#define N_OF_ONE_HOST PENSTOCK_TLS_HANDSHAKES_MAX_PER_ADDRESS

typedef struct {
  GIOStream *tls;
  int peer;
  GAsyncQueue *done; /* of Connection */
} Connection;

static void
on_done (const GError *error, gpointer user_data)
{
  Connection *connection = user_data;

  g_async_queue_push (connection->done, connection);
}

/* A handshake with a peer that says nothing, until the peer is closed. */
static void
start (Connection *connection, gboolean client, const gchar *address,
    GAsyncQueue *done)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);
  int fds[2];

  fail_unless_equals_int (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), 0);
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fds[0], NULL);
  g_autoptr (GIOStream) base =
      G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  connection->peer = fds[1];
  connection->done = done;
  connection->tls = client ? g_tls_client_connection_new (base, NULL, NULL)
                           : g_tls_server_connection_new (base, NULL, NULL);
  fail_unless (connection->tls != NULL);
  penstock_tls_handshake (G_TLS_CONNECTION (connection->tls),
      g_inet_address_to_bytes (inet), on_done, connection);
}

static Connection *
next_done (GAsyncQueue *done)
{
  Connection *connection =
      g_async_queue_timeout_pop (done, WAIT_S * G_USEC_PER_SEC);

  fail_unless (connection != NULL, "no handshake ended");
  g_object_unref (connection->tls);
  return connection;
}

/* Ends it: the next one that ends must be it. */
static void
finish (Connection *connection)
{
  close (connection->peer);
  fail_unless (
      next_done (connection->done) == connection, "another handshake ended");
}

static const struct {
  const gchar *first, *same, *other;
} rows[] = {
  { "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1" },
  { "::ffff:192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
};

GST_START_TEST (one_host_cannot_take_all_threads)
{
  g_autoptr (GAsyncQueue) done = g_async_queue_new ();
  Connection first[N_OF_ONE_HOST], more, other;

  for (guint i = 0; i < N_OF_ONE_HOST; i++)
    start (&first[i], FALSE, rows[__i__].first, done);
  start (&more, FALSE, rows[__i__].same, done);
  close (more.peer);
  /* Theirs end at once, that one has to wait. */
  for (guint i = 0; i < 5; i++) {
    start (&other, FALSE, rows[__i__].other, done);
    finish (&other);
  }
  /* With the first one it has its turn; their threads tell in any order. */
  close (first[0].peer);
  const Connection *ended = next_done (done), *last = next_done (done);
  fail_unless (ended == &first[0] || last == &first[0]);
  fail_unless (ended == &more || last == &more);
  for (guint i = 1; i < N_OF_ONE_HOST; i++)
    finish (&first[i]);
}
GST_END_TEST

GST_START_TEST (listeners_do_not_stop_our_own_connections)
{
  g_autoptr (GAsyncQueue) done = g_async_queue_new ();
  Connection theirs[N_OF_ONE_HOST], ours;

  penstock_priv_tls_handshakes_set_max (N_OF_ONE_HOST);
  for (guint i = 0; i < N_OF_ONE_HOST; i++)
    start (&theirs[i], FALSE, "::ffff:192.0.2.1", done);
  start (&ours, TRUE, "::ffff:192.0.2.2", done);
  finish (&ours);
  for (guint i = 0; i < N_OF_ONE_HOST; i++)
    finish (&theirs[i]);
}
GST_END_TEST

static Suite *
tls_handshakes_suite (void)
{
  Suite *suite = suite_create ("tls-handshakes");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, one_host_cannot_take_all_threads, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tcase, listeners_do_not_stop_our_own_connections);
  return suite;
}

GST_CHECK_MAIN (tls_handshakes);
