/* SPDX-License-Identifier: MIT
 *
 * What a hub tells its viewers of clocks. */

#include "rtsp/rtcp-report.h"
#include "rtsp/rtp-hub.h"
#include "rtp-test.h"

#define VIDEO 0
#define AUDIO 1
#define VIDEO_RATE 90000
#define AUDIO_RATE 48000
#define VIDEO_BASE 0xfffff000
#define AUDIO_BASE 77
/* Running time 0, and how far the library's report is off. */
#define UTC (1796040000 * GST_SECOND)
#define NTP_AT_0 ((1796040000 + G_GUINT64_CONSTANT (2208988800)) << 32)
#define NTP_SECOND (G_GUINT64_CONSTANT (1) << 32)

static guint64
ntp_of (GstClockTime running_time)
{
  return NTP_AT_0 +
      gst_util_uint64_scale (running_time, NTP_SECOND, GST_SECOND);
}

/* A report of the library, whose thread had to wait for 30 ms in the midst. */
static void
append_late_report (PenstockRtpHub *hub, guint stream, guint32 base, guint rate,
    GstClockTime now)
{
  guint32 rtptime =
      base + (guint32) gst_util_uint64_scale (now, rate, GST_SECOND);

  penstock_rtp_hub_append (
      hub, make_report (stream, ntp_of (now + 30 * GST_MSECOND), rtptime), now);
}

GST_START_TEST (reports_of_all_streams_tell_one_wall_clock)
{
  static const PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  static const PenstockRtpViewerType nobody = { NULL };
  g_autoptr (PenstockLoopPool) pool = penstock_loop_pool_new ("hub", NULL);
  PenstockRtpHub *hub =
      penstock_rtp_hub_new (pool, &limits, 2, 1 << VIDEO, FALSE, UTC);
  PenstockRtpViewerStats *stats = penstock_rtp_viewer_stats_new ();
  const GstClockTime begin = 100 * GST_SECOND;
  PenstockRtpStart starts[PENSTOCK_RTP_MAX_STREAMS] = { 0 };
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockRtpViewer viewer = { 0 };

  penstock_rtp_hub_set_clock (hub, VIDEO, VIDEO_RATE, VIDEO_BASE, 1, 1);
  penstock_rtp_hub_set_clock (hub, AUDIO, AUDIO_RATE, AUDIO_BASE, 1, 2);
  penstock_rtp_hub_append (hub,
      make_packets (VIDEO, 1, 3, VIDEO_BASE + 100 * VIDEO_RATE, TRUE, begin),
      begin);
  append_late_report (hub, VIDEO, VIDEO_BASE, VIDEO_RATE, begin);
  append_late_report (
      hub, AUDIO, AUDIO_BASE, AUDIO_RATE, begin + 7 * GST_MSECOND);

  penstock_rtp_viewer_init (&viewer, &nobody, hub, stats);
  viewer.feed->streams[VIDEO].wanted = viewer.feed->streams[AUDIO].wanted =
      TRUE;
  penstock_rtp_hub_begin (hub, &viewer, &settings, begin, starts);
  for (guint i = 0; i < 2; i++) {
    const PenstockRtpPackets *packets = viewer.feed->streams[i].report;
    PenstockRtcpReport report;
    fail_unless (starts[i].known);
    fail_unless (packets != NULL);
    fail_unless (
        penstock_rtcp_report_read (packets->data + PENSTOCK_RTP_FRAME_HEADER,
            packets->size - PENSTOCK_RTP_FRAME_HEADER, &report));
    /* The moment of RTP-Info, in both clocks, to one tick of RTP time. */
    fail_unless_equals_int ((gint) report.rtptime, (gint) starts[i].rtptime);
    gint64 error = (gint64) (report.ntp - ntp_of (begin));
    fail_unless (ABS (error) <= (gint64) (NTP_SECOND / AUDIO_RATE), "%g s",
        (gdouble) error / NTP_SECOND);
  }
  penstock_rtp_viewer_clear (&viewer);
  penstock_rtp_viewer_stats_unref (stats);
  penstock_rtp_hub_unref (hub);
}
GST_END_TEST

/* A viewer that only notes that it was served. */
typedef struct {
  PenstockRtpViewer viewer; /* the first member */
  PenstockRtpViewerStats *stats;
  PenstockLoop *loop;
  GMutex lock;
  GCond cond;
  guint n; /* lock */
} Served;

static void
served_flush (PenstockRtpViewer *viewer)
{
  Served *self = (Served *) viewer;

  g_mutex_lock (&self->lock);
  self->n++;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
served_join (gpointer data)
{
  Served *self = data;

  penstock_rtp_hub_join (self->viewer.hub, &self->viewer, 0);
}

static void
served_leave (gpointer data)
{
  penstock_rtp_hub_leave (&((Served *) data)->viewer);
}

static void
served_init (Served *self, PenstockLoopPool *pool, PenstockRtpHub *hub)
{
  static const PenstockRtpViewerType type = { served_flush };

  *self = (Served){ .stats = penstock_rtp_viewer_stats_new (),
    .loop = penstock_loop_pool_get (pool, 0) };
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  penstock_rtp_viewer_init (&self->viewer, &type, hub, self->stats);
  penstock_loop_call (self->loop, served_join, self); /* flushes once */
}

static void
served_wait (Served *self)
{
  g_mutex_lock (&self->lock);
  while (self->n < 2)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static void
served_clear (Served *self)
{
  penstock_loop_call (self->loop, served_leave, self);
  penstock_rtp_viewer_clear (&self->viewer);
  penstock_rtp_viewer_stats_unref (self->stats);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
}

/* A reload may come between PLAY's answer and its first packet. */
GST_START_TEST (who_joins_after_a_change_of_limits_has_them)
{
  static const PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  g_autoptr (PenstockLoopPool) pool = penstock_loop_pool_new ("hub", NULL);
  PenstockRtpHub *hub =
      penstock_rtp_hub_new (pool, &limits, 1, 1 << VIDEO, FALSE, UTC);
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  Served viewer;

  settings.policy = PENSTOCK_SLOW_DISCONNECT;
  settings.max_lag = GST_SECOND;
  penstock_rtp_hub_set_limits (hub, &limits, &settings);
  served_init (&viewer, pool, hub);
  const PenstockCursorSettings *own = &viewer.viewer.feed->cursor.settings;
  fail_unless_equals_int (own->policy, PENSTOCK_SLOW_DISCONNECT);
  fail_unless_equals_uint64 (own->max_lag, GST_SECOND);
  served_clear (&viewer);
  penstock_rtp_hub_unref (hub);
}
GST_END_TEST

/* How a viewer over UDP would answer: what it names is found by when it was
 * served, not by when it was made. */
GST_START_TEST (report_is_found_by_its_name_once_it_was_served)
{
  static const PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  const GstClockTime begin = 100 * GST_SECOND;
  const guint32 name = penstock_rtcp_report_name (ntp_of (begin));
  PenstockLoopPool *pool = penstock_loop_pool_new ("hub", NULL);
  PenstockRtpHub *hub =
      penstock_rtp_hub_new (pool, &limits, 1, 1 << VIDEO, FALSE, UTC);
  Served served;
  guint rate;

  fail_unless_equals_int64 (
      penstock_rtp_hub_find_report (hub, VIDEO, name, &rate), 0);
  fail_unless_equals_int (rate, 0);
  penstock_rtp_hub_set_clock (hub, VIDEO, VIDEO_RATE, VIDEO_BASE, 1, 1);
  penstock_rtp_hub_append (
      hub, make_packets (VIDEO, 1, 1, VIDEO_BASE, TRUE, begin), begin);
  append_late_report (hub, VIDEO, VIDEO_BASE, VIDEO_RATE, begin);
  fail_unless_equals_int64 (
      penstock_rtp_hub_find_report (hub, VIDEO, name, &rate), 0);

  served_init (&served, pool, hub);
  gint64 before = g_get_monotonic_time ();
  penstock_rtp_hub_append (hub,
      make_packets (VIDEO, 2, 1, VIDEO_BASE, FALSE, begin + 40 * GST_MSECOND),
      begin + 40 * GST_MSECOND);
  served_wait (&served);
  gint64 sent_us = penstock_rtp_hub_find_report (hub, VIDEO, name, &rate);
  fail_unless (sent_us >= before && sent_us <= g_get_monotonic_time ());
  fail_unless_equals_int (rate, VIDEO_RATE);
  fail_unless_equals_int64 (
      penstock_rtp_hub_find_report (hub, VIDEO, name + 1, &rate), 0);
  served_clear (&served);
  penstock_rtp_hub_unref (hub);
  penstock_loop_pool_unref (pool);
}
GST_END_TEST

GST_START_TEST (report_is_superseded_by_the_next_one_of_its_stream)
{
  static const PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  PenstockLoopPool *pool = penstock_loop_pool_new ("hub", NULL);
  PenstockRtpHub *hub =
      penstock_rtp_hub_new (pool, &limits, 2, 1 << VIDEO, FALSE, UTC);
  static const guint streams[] = { VIDEO, AUDIO, VIDEO };
  PenstockRtpPackets *reports[G_N_ELEMENTS (streams)];

  for (guint i = 0; i < G_N_ELEMENTS (streams); i++) {
    reports[i] = make_report (streams[i], i, 0);
    penstock_rtp_hub_append (
        hub, penstock_rtp_packets_ref (reports[i]), GST_CLOCK_TIME_NONE);
  }
  fail_unless (g_atomic_int_get (&reports[0]->superseded));
  fail_if (g_atomic_int_get (&reports[1]->superseded));
  fail_if (g_atomic_int_get (&reports[2]->superseded));
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    penstock_rtp_packets_unref (reports[i]);
  penstock_rtp_hub_unref (hub);
  penstock_loop_pool_unref (pool);
}
GST_END_TEST

static Suite *
rtp_hub_suite (void)
{
  Suite *suite = suite_create ("rtp-hub");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, reports_of_all_streams_tell_one_wall_clock);
  tcase_add_test (tcase, who_joins_after_a_change_of_limits_has_them);
  tcase_add_test (tcase, report_is_found_by_its_name_once_it_was_served);
  tcase_add_test (tcase, report_is_superseded_by_the_next_one_of_its_stream);
  return suite;
}

GST_CHECK_MAIN (rtp_hub);
