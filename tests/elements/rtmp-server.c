/* SPDX-License-Identifier: MIT
 *
 * The RTMP listener itself, over real sockets: addresses and ports, time limits
 * of connections that do not publish, and what is left afterwards. */

#include "../support/certificates.h"
#include "../support/rtmp-owner.h"
#include "../support/threads.h"

typedef struct {
  const gchar *name;
  gsize bytes; /* of a handshake */
} StallRow;

static const StallRow stall_rows[] = {
  { "nothing", 0 },
  { "part of C1", 700 },
  { "C1 without C2", 1 + 1536 },
  { "no connect", 1 + 2 * 1536 },
};

GST_START_TEST (stalled_connection_is_closed)
{
  guint8 bytes[1 + 2 * 1536] = { 3 };
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);

  penstock_priv_rtmp_server_get_limits (server)->handshake_ms = 30;
  penstock_priv_rtmp_server_get_limits (server)->connect_ms = 30;
  int fd = rtmp_peer_connect_raw (port);
  gssize sent = send (fd, bytes, stall_rows[__i__].bytes, MSG_NOSIGNAL);
  assert_equals_int (sent, stall_rows[__i__].bytes);
  fail_unless (rtmp_peer_is_closed (fd));
  close (fd);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

/* A port that somebody else listens on. */
static int
occupy_port (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  fail_unless (bind (fd, (struct sockaddr *) &address, size) == 0);
  fail_unless (listen (fd, 1) == 0);
  fail_unless (getsockname (fd, (struct sockaddr *) &address, &size) == 0);
  *port = ntohs (address.sin_port);
  return fd;
}

GST_START_TEST (port_in_use_is_named)
{
  g_autoptr (GError) error = NULL;
  guint16 port;
  int fd = occupy_port (&port);
  g_autofree gchar *expected = g_strdup_printf (
      "cannot listen for RTMP on 127.0.0.1:%u: the port is in use", port);
  fail_unless (penstock_rtmp_server_get ("127.0.0.1", port, &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
  assert_equals_string (error->message, expected);
  close (fd);
}
GST_END_TEST;

GST_START_TEST (host_that_is_no_address_is_refused)
{
  g_autoptr (GError) error = NULL;

  fail_unless (penstock_rtmp_server_get ("no.address", 0, &error) == NULL);
  fail_unless (
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  fail_unless (strstr (error->message, "no.address") != NULL);
}
GST_END_TEST;

GST_START_TEST (listener_is_shared_by_address_and_port)
{
  guint16 port, other_port;
  PenstockRtmpServer *server = server_new (&port);
  PenstockRtmpServer *other = server_new (&other_port);
  PenstockRtmpServer *again =
      penstock_rtmp_server_get ("127.0.0.1", port, NULL);

  fail_unless (again == server);
  fail_unless (other != server && other_port != port);
  penstock_rtmp_server_unref (again);
  penstock_rtmp_server_unref (other);
  penstock_rtmp_server_unref (server);
  /* Free at once. */
  server = penstock_rtmp_server_get ("127.0.0.1", port, NULL);
  fail_unless (server != NULL);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (port_that_is_not_added_changes_nothing)
{
  g_autoptr (GTlsCertificate) old =
      test_certificate_load ("certificate.pem", "key.pem");
  g_autoptr (GTlsCertificate) other =
      test_certificate_load ("other-certificate.pem", "other-key.pem");
  g_autoptr (GError) error = NULL;
  guint16 first, busy, port = 0;
  PenstockRtmpServer *server = server_new (&first);
  int fd = occupy_port (&busy);

  penstock_rtmp_server_set_certificate (server, old);
  fail_if (penstock_rtmp_server_add_port (
      server, "127.0.0.1", &busy, PENSTOCK_RTMP_TLS, other, &error));
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
  fail_unless (penstock_rtmp_server_has_certificate (server, old));
  fail_if (penstock_rtmp_server_has_certificate (server, other));
  fail_unless (penstock_rtmp_server_add_port (
      server, "127.0.0.1", &port, PENSTOCK_RTMP_TLS, other, NULL));
  fail_unless (penstock_rtmp_server_has_certificate (server, other));
  fail_unless (port != 0 && port != first);
  close (fd);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (port_with_tls_needs_a_certificate)
{
  g_autoptr (GError) error = NULL;
  guint16 first, port = 0;
  PenstockRtmpServer *server = server_new (&first);

  fail_if (penstock_rtmp_server_add_port (
      server, "127.0.0.1", &port, PENSTOCK_RTMP_TLS, NULL, &error));
  fail_unless (
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  assert_equals_int (port, 0);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (wildcard_listener_takes_both_families)
{
  g_autoptr (GError) error = NULL;
  PenstockRtmpServer *server = penstock_rtmp_server_get (NULL, 0, &error);
  guint16 port = penstock_rtmp_server_get_port (server);
  PenstockRtmpServer *v4 = penstock_rtmp_server_get ("0.0.0.0", port, NULL);
  Owner owner;

  fail_unless (v4 == server);
  owner_init (&owner, server, "live/one", NULL);
  rtmp_peer_free (rtmp_peer_publish (port, "live", "one"));
  assert_event (&owner, "started");
  owner_clear (&owner);
  penstock_rtmp_server_unref (v4);
  penstock_rtmp_server_unref (server);
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

static void
come_and_go (guint16 port, guint i)
{
  RtmpPeer *peer;

  if (i % 3 == 0) {
    close (rtmp_peer_connect_raw (port));
    return;
  }
  peer = rtmp_peer_publish (port, "live", "one");
  if (i % 3 == 1)
    rtmp_peer_say_goodbye (peer);
  rtmp_peer_free (peer);
}

GST_START_TEST (a_hundred_connections_leave_nothing)
{
  const PenstockRtmpClaimSettings settings = {
    .policy = PENSTOCK_RTMP_POLICY_TAKEOVER
  };
  guint fds = count_entries ("/proc/self/fd");
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner;

  owner_init (&owner, server, "live/one", &settings);
  for (guint i = 0; i < 100; i++)
    come_and_go (port, i);
  /* One that is still there. */
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "one");
  PenstockRtmpServerStats stats;
  penstock_rtmp_server_get_stats (server, &stats);
  fail_unless (stats.peers.connections >= 1);
  fail_unless (test_threads_count ("rtmp") > 0);
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
  fail_unless (rtmp_peer_is_closed (peer->fd));
  rtmp_peer_free (peer);
  assert_equals_int (count_entries ("/proc/self/fd"), fds);
  test_threads_assert_gone ("rtmp");
}
GST_END_TEST;

static Suite *
rtmp_server_suite (void)
{
  Suite *suite = suite_create ("rtmp-server");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, stalled_connection_is_closed, 0, G_N_ELEMENTS (stall_rows));
  tcase_add_test (tcase, port_in_use_is_named);
  tcase_add_test (tcase, host_that_is_no_address_is_refused);
  tcase_add_test (tcase, listener_is_shared_by_address_and_port);
  tcase_add_test (tcase, port_that_is_not_added_changes_nothing);
  tcase_add_test (tcase, port_with_tls_needs_a_certificate);
  tcase_add_test (tcase, wildcard_listener_takes_both_families);
  tcase_add_test (tcase, a_hundred_connections_leave_nothing);
  return suite;
}

GST_CHECK_MAIN (rtmp_server);
