/* SPDX-License-Identifier: MIT
 *
 * Tests of main contexts inside a main context. */

#include <gst/check/gstcheck.h>

#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http-nests.h"

#define MAX_FDS 256
#define PATIENCE_MS 10000

static GMainContext *outer;
static HttpNests *nests;

static void
setup (void)
{
  outer = g_main_context_new ();
  g_main_context_push_thread_default (outer);
  nests = penstock_priv_http_nests_new ();
}

static void
teardown (void)
{
  g_clear_pointer (&nests, penstock_priv_http_nests_free);
  g_main_context_pop_thread_default (outer);
  g_main_context_unref (outer);
}

static gboolean
on_out_of_patience (gpointer user_data)
{
  fail ("it never happened");
  return G_SOURCE_REMOVE;
}

/* Runs the outer context until @n is @wanted. */
static void
run_until (const guint *n, guint wanted)
{
  g_autoptr (GSource) limit = g_timeout_source_new (PATIENCE_MS);

  g_source_set_callback (limit, on_out_of_patience, NULL, NULL);
  g_source_attach (limit, outer);
  while (*n < wanted)
    g_main_context_iteration (outer, TRUE);
  g_source_destroy (limit);
}

static void
run_dry (void)
{
  while (g_main_context_iteration (outer, FALSE))
    continue;
}

/* One that is connected to another: @far writes what @near gets. */
typedef struct {
  int near, far;
  GMainContext *nest;
  GSource *source;
  guint n_calls;
  gboolean again;
} Peer;

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer user_data)
{
  Peer *peer = user_data;
  gchar byte;

  fail_unless_equals_pointer (g_main_context_get_thread_default (), peer->nest);
  fail_unless_equals_int (read (fd, &byte, 1), 1);
  peer->n_calls++;
  return peer->again;
}

static void
peer_wait (Peer *peer)
{
  peer->source = g_unix_fd_source_new (peer->near, G_IO_IN);
  g_source_set_callback (peer->source, G_SOURCE_FUNC (on_readable), peer, NULL);
  g_source_attach (peer->source, peer->nest);
}

static void
peer_init (Peer *peer)
{
  int fds[2];

  fail_unless (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  *peer = (Peer){ .near = fds[0],
    .far = fds[1],
    .nest = penstock_priv_http_nests_choose (nests, fds[0]),
    .again = TRUE };
  peer_wait (peer);
}

static void
peer_clear (Peer *peer)
{
  g_source_destroy (peer->source);
  g_clear_pointer (&peer->source, g_source_unref);
  close (peer->near);
  close (peer->far);
}

static void
peer_say (Peer *peer)
{
  fail_unless_equals_int (write (peer->far, "x", 1), 1);
}

GST_START_TEST (connections_are_heard_in_their_own_context)
{
  Peer peers[2 * HTTP_NESTS];

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peer_init (&peers[i]);
  run_dry ();
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++) {
    peer_say (&peers[i]);
    run_until (&peers[i].n_calls, 1);
    peer_say (&peers[i]);
    run_until (&peers[i].n_calls, 2);
  }
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peer_clear (&peers[i]);
}
GST_END_TEST;

static gint
count_polled (void)
{
  GPollFD fds[MAX_FDS];
  gint priority, timeout;

  fail_unless (g_main_context_acquire (outer));
  g_main_context_prepare (outer, &priority);
  gint n = g_main_context_query (outer, G_MAXINT, &timeout, fds, MAX_FDS);
  g_main_context_release (outer);
  return n;
}

GST_START_TEST (outer_context_polls_the_same_however_many_there_are)
{
  Peer peers[100];
  gint before = count_polled ();

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peer_init (&peers[i]);
  run_dry ();
  fail_unless_equals_int (count_polled (), before);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peer_clear (&peers[i]);
}
GST_END_TEST;

GST_START_TEST (connection_that_waits_anew_each_time_is_heard)
{
  Peer peer;

  peer_init (&peer);
  peer.again = FALSE;
  for (guint i = 1; i < 5; i++) {
    peer_say (&peer);
    run_until (&peer.n_calls, i);
    run_dry ();
    g_source_unref (peer.source);
    peer_wait (&peer);
  }
  peer_clear (&peer);
}
GST_END_TEST;

/* The kernel forgets a descriptor that is closed, and the next one that is
 * opened has its number. */
GST_START_TEST (descriptor_that_comes_again_is_heard)
{
  Peer peers[HTTP_NESTS];
  int number;

  for (guint i = 0; i < HTTP_NESTS; i++)
    peer_init (&peers[i]);
  run_dry ();
  /* In the same nest, */
  number = peers[0].near;
  peer_clear (&peers[0]);
  peer_init (&peers[0]);
  fail_unless_equals_int (peers[0].near, number);
  /* in one that has its turn before the old one, and in one after it. */
  for (gint i = 3; i > 0; i -= 2) {
    number = peers[i].near;
    GMainContext *nest = peers[i].nest;
    peer_clear (&peers[i]);
    peer_init (&peers[i]);
    fail_unless_equals_int (peers[i].near, number);
    fail_unless (peers[i].nest != nest);
  }
  run_dry ();
  for (guint i = 0; i < HTTP_NESTS; i++) {
    peer_say (&peers[i]);
    run_until (&peers[i].n_calls, 1);
  }
  for (guint i = 0; i < HTTP_NESTS; i++)
    peer_clear (&peers[i]);
}
GST_END_TEST;

typedef struct {
  GMainContext *nest;
  guint n_calls;
} Count;

static gboolean
count_one (gpointer user_data)
{
  Count *count = user_data;

  fail_unless_equals_pointer (
      g_main_context_get_thread_default (), count->nest);
  count->n_calls++;
  return G_SOURCE_REMOVE;
}

static void
attach_count (GSource *source, Count *count)
{
  g_source_set_callback (source, count_one, count, NULL);
  g_source_attach (source, count->nest);
  g_source_unref (source);
}

static gpointer
attach_idle (gpointer count)
{
  attach_count (g_idle_source_new (), count);
  return NULL;
}

GST_START_TEST (source_of_another_thread_wakes_the_outer_context)
{
  Count count = { penstock_priv_http_nests_choose (nests, -1), 0 };

  for (guint i = 1; i < 20; i++) {
    run_dry ();
    GThread *thread = g_thread_new ("other", attach_idle, &count);
    run_until (&count.n_calls, i);
    g_thread_join (thread);
  }
}
GST_END_TEST;

GST_START_TEST (timeouts_of_nests_come_in_time)
{
  Count early = { penstock_priv_http_nests_choose (nests, -1), 0 };
  Count late = { penstock_priv_http_nests_choose (nests, -1), 0 };
  gint64 begin = g_get_monotonic_time ();

  attach_count (g_timeout_source_new (60), &late);
  attach_count (g_timeout_source_new (20), &early);
  run_until (&early.n_calls, 1);
  fail_unless_equals_int (late.n_calls, 0);
  fail_unless (g_get_monotonic_time () - begin >= 20 * G_TIME_SPAN_MILLISECOND);
  run_until (&late.n_calls, 1);
  fail_unless (g_get_monotonic_time () - begin >= 60 * G_TIME_SPAN_MILLISECOND);
}
GST_END_TEST;

static gboolean
go_on (gpointer n_calls)
{
  ++*(guint *) n_calls;
  return G_SOURCE_CONTINUE;
}

GST_START_TEST (busy_nest_keeps_nobody_waiting)
{
  g_autoptr (GSource) busy = g_idle_source_new ();
  g_autoptr (GSource) outside = g_idle_source_new ();
  guint n_busy = 0, n_outside = 0;
  Peer peer;

  g_source_set_priority (busy, G_PRIORITY_HIGH);
  g_source_set_callback (busy, go_on, &n_busy, NULL);
  g_source_attach (busy, penstock_priv_http_nests_choose (nests, -1));
  g_source_set_priority (outside, G_PRIORITY_DEFAULT);
  g_source_set_callback (outside, go_on, &n_outside, NULL);
  g_source_attach (outside, outer);
  peer_init (&peer);
  peer_say (&peer);
  run_until (&n_busy, 10);
  run_until (&n_outside, 10);
  run_until (&peer.n_calls, 1);
  /* Within the busy nest too, once its busy one has gone. */
  g_source_destroy (busy);
  g_source_destroy (outside);
  peer_say (&peer);
  run_until (&peer.n_calls, 2);
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (sources_that_are_left_go_with_the_nests)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_attach (source, penstock_priv_http_nests_choose (nests, -1));
  g_clear_pointer (&nests, penstock_priv_http_nests_free);
  fail_unless (g_source_is_destroyed (source));
}
GST_END_TEST;

static Suite *
http_nests_suite (void)
{
  Suite *suite = suite_create ("http-nests");
  TCase *tc = tcase_create ("nests");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, connections_are_heard_in_their_own_context);
  tcase_add_test (tc, outer_context_polls_the_same_however_many_there_are);
  tcase_add_test (tc, connection_that_waits_anew_each_time_is_heard);
  tcase_add_test (tc, descriptor_that_comes_again_is_heard);
  tcase_add_test (tc, source_of_another_thread_wakes_the_outer_context);
  tcase_add_test (tc, timeouts_of_nests_come_in_time);
  tcase_add_test (tc, busy_nest_keeps_nobody_waiting);
  tcase_add_test (tc, sources_that_are_left_go_with_the_nests);
  return suite;
}

GST_CHECK_MAIN (http_nests);
