/* SPDX-License-Identifier: MIT
 *
 * Viewers of a mount. See rtsp-viewer.h. */

#include "rtsp-viewer.h"

#include <sys/socket.h>

void
penstock_rtsp_viewer_free (PenstockRtspViewer *viewer)
{
  penstock_rtsp_play_free (viewer->play);
  g_clear_pointer (&viewer->stats, penstock_rtp_viewer_stats_unref);
  g_weak_ref_clear (&viewer->session);
  g_clear_object (&viewer->media);
  g_free (viewer->peer);
  g_free (viewer->agent);
  g_free (viewer);
}

static void
touch_session (PenstockRtspViewer *viewer)
{
  g_autoptr (GstRTSPSession) session = g_weak_ref_get (&viewer->session);

  if (session)
    gst_rtsp_session_touch (session);
}

gboolean
penstock_rtsp_viewer_check (
    PenstockRtspViewer *viewer, gint64 now, gint64 stall_us)
{
  PenstockRtpViewerStats stats;

  if (!viewer->playing || !viewer->stats)
    return TRUE;
  penstock_rtp_viewer_stats_read (viewer->stats, &stats);
  gboolean reads = stats.progress_us != viewer->seen_us;
  viewer->seen_us = stats.progress_us;
  if (reads && g_str_equal (viewer->transport, "tcp"))
    touch_session (viewer);
  return !stats.waiting || stats.progress_us == 0 ||
      now - stats.progress_us < stall_us;
}

void
penstock_rtsp_viewer_close (PenstockRtspViewer *viewer, const gchar *why)
{
  if (!viewer->why_closed)
    viewer->why_closed = why;
  shutdown (viewer->fd, SHUT_RDWR);
}

const gchar *
penstock_rtsp_viewer_why_closed (const PenstockRtspViewer *viewer)
{
  PenstockRtpViewerStats stats = { 0 };

  if (viewer->stats)
    penstock_rtp_viewer_stats_read (viewer->stats, &stats);
  return stats.too_slow ? "too slow" : viewer->why_closed;
}

static void
describe_stats (const PenstockRtspViewer *viewer, PenstockViewer *out)
{
  PenstockRtpViewerStats stats;

  if (!viewer->stats)
    return;
  penstock_rtp_viewer_stats_read (viewer->stats, &stats);
  out->bytes = stats.bytes;
  out->skips = stats.skips;
  out->lag_ms = GST_TIME_AS_MSECONDS (penstock_rtp_hub_get_lag (
      penstock_rtsp_media_get_hub (viewer->media), viewer->stats));
  if (stats.join_us > 0)
    out->join_ms = (gdouble) stats.join_us / G_TIME_SPAN_MILLISECOND;
}

PenstockViewer *
penstock_rtsp_viewer_describe (
    const PenstockRtspViewer *viewer, const gchar *route)
{
  PenstockViewer *out = penstock_viewer_new ();

  out->id = viewer->id;
  out->route = g_strdup (route);
  out->protocol = "rtsp";
  out->peer = g_strdup (viewer->peer);
  out->agent = g_strdup (viewer->agent);
  out->transport = viewer->transport;
  out->since_us = viewer->since_us;
  out->playing = viewer->playing;
  describe_stats (viewer, out);
  return out;
}
