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

static Suite *
rtp_hub_suite (void)
{
  Suite *suite = suite_create ("rtp-hub");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, reports_of_all_streams_tell_one_wall_clock);
  return suite;
}

GST_CHECK_MAIN (rtp_hub);
