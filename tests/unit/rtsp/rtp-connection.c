/* SPDX-License-Identifier: MIT
 *
 * A viewer inside a connection whose other end does not read: what becomes of
 * it by its policy. */

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtp-test.h"
#include "rtsp/rtp-connection.h"

#define WAIT_MS 20000
#define RATE 90000
#define GOP 25
#define PICTURE (40 * GST_MSECOND)
/* Packets of a picture: some seconds do not fit into the kernel's buffers. */
#define PACKETS 400
/* What the kernel may hold unsent for a viewer that does not read. */
#define MAX_UNSENT (80 * 1024)

typedef struct {
  PenstockLoopPool *pool;
  PenstockRtpHub *hub;
  PenstockRtpViewerStats *stats;
  PenstockRtpConnection *connection;
  PenstockRtpViewer *viewer;
  int ours;
  guint n_pictures;
  guint16 seq;
} Fixture;

static void
append_pictures (Fixture *f, guint n)
{
  for (guint i = 0; i < n; i++, f->n_pictures++) {
    GstClockTime time = f->n_pictures * PICTURE;
    penstock_rtp_hub_append (f->hub,
        make_packets (0, f->seq, PACKETS,
            (guint32) gst_util_uint64_scale (time, RATE, GST_SECOND),
            f->n_pictures % GOP == 0, time),
        time);
    f->seq = (guint16) (f->seq + PACKETS);
  }
}

/* One viewer that plays at the other end of @fds, and has a picture. */
static void
fixture_init_with (Fixture *f, PenstockSlowPolicy policy, const int fds[2])
{
  static const PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockRtpStart starts[PENSTOCK_RTP_MAX_STREAMS];

  *f = (Fixture){ .pool = penstock_loop_pool_new ("connection", NULL) };
  f->hub = penstock_rtp_hub_new (f->pool, &limits, 1, 1, FALSE, 0);
  f->stats = penstock_rtp_viewer_stats_new ();
  penstock_rtp_hub_set_clock (f->hub, 0, RATE, 0, 0, 1);
  append_pictures (f, 1);
  f->ours = fds[0];
  f->connection = penstock_rtp_connection_new (f->pool, fds[1], NULL);
  close (fds[1]);
  f->viewer =
      penstock_rtp_connection_add_viewer (f->connection, f->hub, f->stats);
  f->viewer->feed->streams[0].wanted = TRUE;
  settings.policy = policy;
  penstock_rtp_hub_begin (f->hub, f->viewer, &settings, 0, starts);
  penstock_rtp_connection_play (f->connection, f->viewer);
}

static void
fixture_init (Fixture *f, PenstockSlowPolicy policy)
{
  int fds[2];

  fail_unless_equals_int (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), 0);
  fixture_init_with (f, policy, fds);
}

static void
make_tcp_pair (int fds[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM, 0);

  fail_unless_equals_int (
      bind (listener, (struct sockaddr *) &address, size), 0);
  fail_unless_equals_int (listen (listener, 1), 0);
  fail_unless_equals_int (
      getsockname (listener, (struct sockaddr *) &address, &size), 0);
  fds[0] = socket (AF_INET, SOCK_STREAM, 0);
  fail_unless_equals_int (
      connect (fds[0], (struct sockaddr *) &address, size), 0);
  fds[1] = accept (listener, NULL, NULL);
  fail_unless (fds[1] >= 0);
  close (listener);
}

static void
fixture_clear (Fixture *f)
{
  penstock_rtp_connection_remove_viewer (f->connection, f->viewer);
  penstock_rtp_connection_free (f->connection);
  penstock_rtp_viewer_stats_unref (f->stats);
  penstock_rtp_hub_unref (f->hub);
  penstock_loop_pool_unref (f->pool);
  close (f->ours);
}

/* Whether the server has cut the connection, without reading from it. */
static gboolean
is_cut (Fixture *f, int wait_ms)
{
  struct pollfd end = { .fd = f->ours, .events = POLLRDHUP };

  return poll (&end, 1, wait_ms) == 1;
}

static void
wait_blocked (Fixture *f)
{
  PenstockRtpViewerStats stats = { 0 };
  gint64 end = g_get_monotonic_time () + WAIT_MS * 1000;

  while (!stats.waiting && g_get_monotonic_time () < end) {
    g_thread_yield ();
    penstock_rtp_viewer_stats_read (f->stats, &stats);
  }
  fail_unless (stats.waiting);
}

static gboolean
is_told_too_slow (Fixture *f)
{
  PenstockRtpViewerStats stats;

  penstock_rtp_viewer_stats_read (f->stats, &stats);
  return stats.too_slow;
}

static void
do_nothing (gpointer data)
{
}

/* Until all that was posted so far is done. */
static void
settle (Fixture *f)
{
  for (guint i = 0; i < penstock_loop_pool_get_n (f->pool); i++)
    penstock_loop_call (penstock_loop_pool_get (f->pool, i), do_nothing, NULL);
}

GST_START_TEST (frozen_viewer_of_the_policy_disconnect_is_cut)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_SLOW_DISCONNECT);
  append_pictures (&f, 5 * GOP);
  fail_unless (is_cut (&f, WAIT_MS));
  fail_unless (is_told_too_slow (&f));
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (frozen_viewer_that_skips_stays_until_the_policy_changes)
{
  static const PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  Fixture f;

  fixture_init (&f, PENSTOCK_SLOW_SKIP_TO_KEYFRAME);
  append_pictures (&f, 5 * GOP);
  wait_blocked (&f);
  append_pictures (&f, 1);
  fail_if (is_cut (&f, 0));
  settings.policy = PENSTOCK_SLOW_DISCONNECT;
  penstock_rtp_hub_set_limits (f.hub, &limits, &settings);
  append_pictures (&f, 1);
  fail_unless (is_cut (&f, WAIT_MS));
  fail_unless (is_told_too_slow (&f));
  fixture_clear (&f);
}
GST_END_TEST

/* It cannot be skipped any more when the viewer goes on. */
GST_START_TEST (kernel_holds_little_for_a_frozen_viewer)
{
  Fixture f;
  int fds[2], unsent;

  make_tcp_pair (fds);
  int fd = dup (fds[1]);
  fixture_init_with (&f, PENSTOCK_SLOW_SKIP_TO_KEYFRAME, fds);
  append_pictures (&f, 5 * GOP);
  wait_blocked (&f);
  append_pictures (&f, GOP);
  settle (&f);
  fail_unless_equals_int (ioctl (fd, SIOCOUTQNSD, &unsent), 0);
  fail_unless (unsent > 0 && unsent <= MAX_UNSENT, "%d bytes", unsent);
  close (fd);
  fixture_clear (&f);
}
GST_END_TEST

static gboolean
is_told_waiting (Fixture *f)
{
  PenstockRtpViewerStats stats;

  penstock_rtp_viewer_stats_read (f->stats, &stats);
  return stats.waiting;
}

/* Whose connection takes nothing waits as long as it plays. */
GST_START_TEST (paused_viewer_does_not_wait_and_waits_again_when_it_plays)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_SLOW_SKIP_TO_KEYFRAME);
  append_pictures (&f, 5 * GOP);
  wait_blocked (&f);
  penstock_rtp_connection_pause (f.connection, f.viewer);
  fail_if (is_told_waiting (&f));
  penstock_rtp_connection_play (f.connection, f.viewer);
  settle (&f);
  fail_unless (is_told_waiting (&f));
  fixture_clear (&f);
}
GST_END_TEST

/* It asks and does not read: what it is answered is bounded. */
GST_START_TEST (answers_that_nobody_reads_end_the_connection)
{
  g_autoptr (GBytes) answer = g_bytes_new_take (g_malloc0 (1024), 1024);
  Fixture f;

  fixture_init (&f, PENSTOCK_SLOW_SKIP_TO_KEYFRAME);
  append_pictures (&f, 5 * GOP);
  wait_blocked (&f);
  for (guint i = 0; i < 64; i++)
    penstock_rtp_connection_answer (f.connection, g_bytes_ref (answer), FALSE);
  settle (&f);
  fail_if (is_cut (&f, 0));
  for (guint i = 0; i < 66; i++)
    penstock_rtp_connection_answer (f.connection, g_bytes_ref (answer), FALSE);
  fail_unless (is_cut (&f, WAIT_MS));
  fixture_clear (&f);
}
GST_END_TEST

static Suite *
rtp_connection_suite (void)
{
  Suite *suite = suite_create ("rtp-connection");
  TCase *tcase = tcase_create ("slow");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, frozen_viewer_of_the_policy_disconnect_is_cut);
  tcase_add_test (
      tcase, frozen_viewer_that_skips_stays_until_the_policy_changes);
  tcase_add_test (tcase, kernel_holds_little_for_a_frozen_viewer);
  tcase_add_test (
      tcase, paused_viewer_does_not_wait_and_waits_again_when_it_plays);
  tcase_add_test (tcase, answers_that_nobody_reads_end_the_connection);
  return suite;
}

GST_CHECK_MAIN (rtp_connection);
