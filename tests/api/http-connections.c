/* SPDX-License-Identifier: MIT
 *
 * What clients of the HTTP server leave behind when they go, at whatever
 * moment and in whatever way: nothing; and what they cost while they are idle.
 *
 * The clients are bare sockets, so that what is measured is the server's. */

#include <gst/check/gstcheck.h>
#include <malloc.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define BIG (4 * 1024 * 1024)

/* Clients at a time, and times over. */
#define N_CLIENTS 50
#ifdef __SANITIZE_ADDRESS__ /* mallinfo2() counts nothing */
#define N_ROUNDS 2
#else
#define N_ROUNDS 6
#endif
/* Tables grow now and then; what each client leaves shows in every round.
 * Bytes. The build turns the caches of malloc() and GLib off for this test. */
#define MAX_LEFT 16
/* What an idle client may cost, in bytes; docs/limits.md names it. */
#define MAX_IDLE_BYTES (8 * 1024)

/* ---- clients ---- */

static int
bare_connect (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct timeval patience = { .tv_sec = 20 };

  fail_unless (fd >= 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  fail_unless_equals_int (
      connect (fd, (struct sockaddr *) &address, sizeof address), 0);
  return fd;
}

static void
bare_send (int fd, const gchar *text)
{
  fail_unless_equals_int (
      send (fd, text, strlen (text), MSG_NOSIGNAL), strlen (text));
}

/* Reads until @mark has come @n times. */
static void
bare_read_until (int fd, const gchar *mark, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const gchar *found;
  gchar buffer[4096];
  gsize done = 0;

  while (n > 0) {
    ssize_t got = recv (fd, buffer, sizeof buffer, 0);
    fail_unless (got > 0, "no %s", mark);
    g_string_append_len (text, buffer, got);
    while (n > 0 && (found = strstr (text->str + done, mark))) {
      done = found + strlen (mark) - text->str;
      n--;
    }
  }
}

typedef enum { LEAVE_CLOSE, LEAVE_RESET, LEAVE_HALF, N_LEAVE } Leave;

static void
bare_leave (int fd, Leave how)
{
  struct linger none = { .l_onoff = 1, .l_linger = 0 };

  if (how == LEAVE_RESET)
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  if (how == LEAVE_HALF)
    shutdown (fd, SHUT_WR);
  else
    close (fd);
}

/* ---- moments ---- */

/* A client sends @first, reads as many ends of headers as it says, sends
 * @second, and goes. */
static const struct {
  const gchar *name, *first;
  guint n_answers;
  const gchar *second;
} moments[] = {
  { "before the first request", NULL, 0, NULL },
  { "in the first line", "GET /ti", 0, NULL },
  { "in the headers", "GET /time HTTP/1.1\r\nHo", 0, NULL },
  { "before the empty line", "GET /time HTTP/1.1\r\nHost: x\r\n", 0, NULL },
  { "without a look at the answer", GET ("/time"), 0, NULL },
  { "after a request", GET ("/time"), 1, NULL },
  { "after two", GET ("/time") GET ("/none"), 2, NULL },
  { "after a refusal", GET ("/time") "nonsense\r\n\r\n", 2, NULL },
  { "in the second line", GET ("/time"), 1, "GET /ti" },
  { "in the second headers", GET ("/time"), 1, "GET /time HTTP/1.1\r\nHo" },
  { "before the second empty line", GET ("/time"), 1,
      "GET /time HTTP/1.1\r\nHost: x\r\n" },
  { "in the middle of a line end", GET ("/time"), 1,
      "GET /time HTTP/1.1\r\nHost: x\r\n\r" },
  { "in a second that came with the first", GET ("/time") "GET /ti", 1, NULL },
  { "in a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na", 0,
      NULL },
  { "in a second's body", GET ("/time"), 1,
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na" },
  { "while it is held", GET ("/r/v0/2.m4s"), 0, NULL },
  { "while it is held, again", GET ("/time"), 1, GET ("/r/v0/2.m4s") },
  { "while a file grows", GET ("/r/v1/1.m4s"), 1, NULL },
  { "while a file grows, again", GET ("/time"), 1, GET ("/r/v1/1.m4s") },
  { "with a further request behind it", GET ("/r/v1/1.m4s") GET ("/time"), 1,
      NULL },
  { "while a file is sent", GET ("/r/big.mp4"), 1, NULL },
  { "while a file is sent, again", GET ("/time"), 1, GET ("/r/big.mp4") },
};

static Setup
setup_moments (const HttpLimits *limits)
{
  Setup setup = { fixture_new (limits), penstock_segment_store_get ("gone") };
  g_autoptr (GBytes) big = g_bytes_new_take (g_malloc0 (BIG), BIG);

  store_put (setup.store, "v0/1.m4s", "video/mp4", "x");
  store_append (setup.store, "v1/1.m4s", "x");
  penstock_segment_store_put (setup.store, "big.mp4", "video/mp4", big);
  fixture_add_route (setup.fixture, "r", "gone");
  return setup;
}

/* Until the server holds nothing of those that have come so far: it accepts
 * in order, and each question goes behind what it has to do already. */
static void
wait_until_alone (Setup *setup, const gchar *when)
{
  gint64 end = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  int last = bare_connect (setup->fixture->port);
  HttpServerCounts left;

  bare_send (last, GET ("/time"));
  bare_read_until (last, "\r\n\r\n", 1);
  close (last);
  do {
    left = penstock_priv_http_server_count (setup->fixture->server);
    fail_unless (g_get_monotonic_time () < end,
        "%s: %u connections and %u requests are left", when, left.connections,
        left.messages);
  } while (left.connections > 0 || left.messages > 0);
}

static void
join_and_leave (Setup *setup, guint moment, Leave how)
{
  int clients[N_CLIENTS];

  for (guint i = 0; i < N_CLIENTS; i++) {
    clients[i] = bare_connect (setup->fixture->port);
    if (moments[moment].first)
      bare_send (clients[i], moments[moment].first);
    bare_read_until (clients[i], "\r\n\r\n", moments[moment].n_answers);
    if (moments[moment].second)
      bare_send (clients[i], moments[moment].second);
  }
  for (guint i = 0; i < N_CLIENTS; i++)
    bare_leave (clients[i], how);
  /* One that only sends no more may still be given what it asked for. */
  for (guint i = 0; i < N_CLIENTS && how == LEAVE_HALF; i++) {
    gchar buffer[4096];
    recv (clients[i], buffer, sizeof buffer, 0);
    close (clients[i]);
  }
  wait_until_alone (setup, moments[moment].name);
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
all_ways (Setup *setup, guint moment)
{
  for (guint how = 0; how < N_LEAVE; how++)
    join_and_leave (setup, moment, how);
}

GST_START_TEST (client_that_goes_leaves_nothing)
{
  const gchar *name = moments[__i__].name;
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  /* Nothing ends because of its time. */
  limits.request_ms = limits.idle_ms = limits.stall_ms = limits.write_ms =
      limits.hold_ms = limits.max_hold_ms = 10 * 60 * 1000;
  Setup setup = setup_moments (&limits);

  /* The first round makes what the process keeps. */
  all_ways (&setup, __i__);
  guint files = count_descriptors ();
  gsize before = mallinfo2 ().uordblks;
  gssize least = G_MAXSSIZE;
  for (guint i = 1; i < N_ROUNDS; i++) {
    all_ways (&setup, __i__);
    gsize after = mallinfo2 ().uordblks;
    least = MIN (least, (gssize) (after - before));
    before = after;
  }
  fail_unless (least < N_CLIENTS * N_LEAVE * MAX_LEFT,
      "%s: %" G_GSSIZE_FORMAT " bytes are left in each round", name, least);
  fail_unless_equals_int (count_descriptors (), files);
  teardown (&setup);
}
GST_END_TEST;

/* Those that we close, too. */
GST_START_TEST (client_that_is_closed_leaves_nothing)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.request_ms = limits.idle_ms = limits.stall_ms = 100;
  Setup setup = setup_moments (&limits);
  int clients[G_N_ELEMENTS (moments)];

  /* None of these waits for the server. */
  for (guint i = 0; i < G_N_ELEMENTS (moments); i++) {
    clients[i] = bare_connect (setup.fixture->port);
    if (moments[i].first && !strstr (moments[i].first, "/r/v"))
      bare_send (clients[i], moments[i].first);
  }
  wait_until_alone (&setup, "after the deadlines");
  for (guint i = 0; i < G_N_ELEMENTS (moments); i++)
    close (clients[i]);
  teardown (&setup);
}
GST_END_TEST;

/* ---- those that stay ---- */

GST_START_TEST (idle_client_costs_little)
{
  Setup setup = setup_moments (NULL);
  int clients[N_CLIENTS];

  join_and_leave (&setup, 5, LEAVE_CLOSE);
  gsize before = mallinfo2 ().uordblks;
  for (guint i = 0; i < N_CLIENTS; i++) {
    clients[i] = bare_connect (setup.fixture->port);
    bare_send (clients[i], GET ("/r/v0/1.m4s"));
    bare_read_until (clients[i], "\r\n\r\nx", 1);
  }
  /* The answer is with the client before its request is over. */
  while (penstock_priv_http_server_count (setup.fixture->server).messages > 0)
    continue;
  gssize each = ((gssize) mallinfo2 ().uordblks - (gssize) before) / N_CLIENTS;
  fail_unless (
      each < MAX_IDLE_BYTES, "%" G_GSSIZE_FORMAT " bytes a client", each);
  GST_INFO ("%" G_GSSIZE_FORMAT " bytes a client", each);
  for (guint i = 0; i < N_CLIENTS; i++)
    close (clients[i]);
  wait_until_alone (&setup, "when they have gone");
  teardown (&setup);
}
GST_END_TEST;

static Suite *
http_connections_suite (void)
{
  Suite *suite = suite_create ("http-connections");
  TCase *tc = tcase_create ("general");
  struct rlimit files;

  /* Both ends of every connection are here. */
  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, client_that_goes_leaves_nothing, 0, G_N_ELEMENTS (moments));
  tcase_add_test (tc, client_that_is_closed_leaves_nothing);
  tcase_add_test (tc, idle_client_costs_little);
  return suite;
}

GST_CHECK_MAIN (http_connections);
