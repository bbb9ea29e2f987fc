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
add_string (JsonBuilder *builder, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_number (JsonBuilder *builder, const gchar *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_stats (const PenstockRtspViewer *viewer, JsonBuilder *builder)
{
  PenstockRtpViewerStats stats;

  if (!viewer->stats)
    return;
  penstock_rtp_viewer_stats_read (viewer->stats, &stats);
  GstClockTime lag = penstock_rtp_hub_get_lag (
      penstock_rtsp_media_get_hub (viewer->media), viewer->stats);
  add_number (builder, "bytes", (gint64) stats.bytes);
  add_number (builder, "lag-ms", (gint64) GST_TIME_AS_MSECONDS (lag));
  add_number (builder, "skips", (gint64) stats.skips);
  if (stats.join_us > 0)
    add_number (builder, "join-ms", stats.join_us / 1000);
}

void
penstock_rtsp_viewer_add_status (
    const PenstockRtspViewer *viewer, JsonBuilder *builder)
{
  g_autoptr (GDateTime) since =
      g_date_time_new_from_unix_utc (viewer->since_us / G_USEC_PER_SEC);
  g_autofree gchar *text = g_date_time_format_iso8601 (since);

  json_builder_begin_object (builder);
  add_number (builder, "id", viewer->id);
  add_string (builder, "peer", viewer->peer);
  if (viewer->agent)
    add_string (builder, "agent", viewer->agent);
  add_string (builder, "transport", viewer->transport);
  add_string (builder, "since", text);
  json_builder_set_member_name (builder, "playing");
  json_builder_add_boolean_value (builder, viewer->playing);
  add_stats (viewer, builder);
  json_builder_end_object (builder);
}
