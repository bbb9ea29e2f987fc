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
  penstock_rtp_receptions_remove (
      penstock_rtsp_media_get_receptions (viewer->media), viewer->receptions);
  g_weak_ref_clear (&viewer->session);
  g_clear_object (&viewer->media);
  g_free (viewer->peer);
  g_free (viewer->agent);
  g_free (viewer);
}

/* Of reports over UDP. */
static GSocketAddress *
report_address (const GstRTSPTransport *transport)
{
  return g_inet_socket_address_new_from_string (
      transport->destination, (guint) transport->client_port.max);
}

PenstockRtpReception *
penstock_rtsp_viewer_expect_reports (PenstockRtspMedia *media,
    GstRTSPSessionMedia *session, GSocketAddress *peer)
{
  PenstockRtpReceptions *receptions =
      penstock_rtsp_media_get_receptions (media);
  PenstockRtpReception *list = NULL;
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < gst_rtsp_media_n_streams (GST_RTSP_MEDIA (media));
       i++) {
    GstRTSPStreamTransport *stream =
        gst_rtsp_session_media_get_transport (session, i);
    if (!stream)
      continue;
    const GstRTSPTransport *transport =
        gst_rtsp_stream_transport_get_transport (stream);
    g_autoptr (GSocketAddress) from =
        transport->lower_transport == GST_RTSP_LOWER_TRANS_TCP
        ? (peer ? g_object_ref (peer) : NULL)
        : report_address (transport);
    if (from)
      list = penstock_rtp_receptions_add (receptions, list, i, from, now);
  }
  return list;
}

/* Its last reference may be this one by then, and ending it takes locks: @touched
 * is freed without any. */
static void
touch_session (PenstockRtspViewer *viewer, GPtrArray *touched)
{
  GstRTSPSession *session = g_weak_ref_get (&viewer->session);

  if (!session)
    return;
  gst_rtsp_session_touch (session);
  g_ptr_array_add (touched, session);
}

gboolean
penstock_rtsp_viewer_check (
    PenstockRtspViewer *viewer, gint64 now, gint64 stall_us, GPtrArray *touched)
{
  PenstockRtpViewerStats stats;

  if (!viewer->playing || !viewer->stats)
    return TRUE;
  penstock_rtp_viewer_stats_read (viewer->stats, &stats);
  gboolean reads = stats.progress_us != viewer->seen_us;
  viewer->seen_us = stats.progress_us;
  if (reads && g_str_equal (viewer->transport, "tcp"))
    touch_session (viewer, touched);
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

static void
describe_reception (const PenstockRtspViewer *viewer, PenstockViewer *out)
{
  PenstockRtpReceptionStats stats;

  penstock_rtp_receptions_get (
      penstock_rtsp_media_get_receptions (viewer->media), viewer->receptions,
      &stats);
  if (!stats.known)
    return;
  if (stats.rtt_us >= 0)
    out->rtt_ms = (gdouble) stats.rtt_us / G_TIME_SPAN_MILLISECOND;
  out->jitter_ms = (gdouble) stats.jitter_us / G_TIME_SPAN_MILLISECOND;
  out->loss = stats.loss;
  out->lost = stats.lost;
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
  describe_reception (viewer, out);
  return out;
}
