/* SPDX-License-Identifier: MIT
 *
 * RTP-Info. See rtsp-info.h.
 *
 * The library (1.22.0) counts back from the packet that comes next. For a stream
 * that has none yet it tells the RTP time of running time 0, as if that were the
 * common moment; players then put sound and picture apart by the age of the
 * gateway. The payloader knows what each running time is in RTP time. */

#include "rtsp-info.h"

#define RTPTIME ";rtptime="

/* RTP time of @moment, a running time, in stream @index. */
static gboolean
rtp_time (GstBin *bin, guint index, GstClockTime moment, guint32 *time)
{
  g_autofree gchar *name = g_strdup_printf ("pay%u", index);
  g_autoptr (GstElement) payloader = gst_bin_get_by_name (bin, name);
  g_autoptr (GstStructure) stats = NULL;
  guint base, clock_rate;

  if (!payloader)
    return FALSE;
  g_object_get (payloader, "stats", &stats, NULL);
  if (!stats || !gst_structure_get_uint (stats, "timestamp-offset", &base) ||
      !gst_structure_get_uint (stats, "clock-rate", &clock_rate) ||
      clock_rate == 0)
    return FALSE;
  /* Wraps. */
  *time =
      base + (guint32) gst_util_uint64_scale (moment, clock_rate, GST_SECOND);
  return TRUE;
}

/* Of the packets that come next; NONE when no stream has one. */
static GstClockTime
first_moment (GstRTSPSessionMedia *session, guint n_streams)
{
  GstClockTime first = GST_CLOCK_TIME_NONE;

  for (guint i = 0; i < n_streams; i++) {
    GstRTSPStreamTransport *transport =
        gst_rtsp_session_media_get_transport (session, i);
    GstClockTime moment = GST_CLOCK_TIME_NONE;
    if (transport &&
        gst_rtsp_stream_get_rtpinfo (
            gst_rtsp_stream_transport_get_stream (transport), NULL, NULL, NULL,
            &moment))
      first = MIN (first, moment); /* NONE is the largest */
  }
  return first;
}

/* One stream's part. The library's word for its URL and number holds. */
static void
append_stream (GString *info, GstBin *bin, GstRTSPStreamTransport *transport,
    guint index, GstClockTime moment)
{
  g_autofree gchar *text =
      gst_rtsp_stream_transport_get_rtpinfo (transport, moment);
  gchar *end = text ? g_strrstr (text, RTPTIME) : NULL;
  guint32 time;

  if (!end)
    return;
  if (info->len > 0)
    g_string_append (info, ", ");
  if (rtp_time (bin, index, moment, &time)) {
    *end = '\0';
    g_string_append_printf (info, "%s" RTPTIME "%u", text, time);
  } else {
    g_string_append (info, text);
  }
}

gchar *
penstock_rtsp_info_new (GstRTSPSessionMedia *session)
{
  GstRTSPMedia *media = gst_rtsp_session_media_get_media (session);
  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (media);
  guint n_streams = gst_rtsp_media_n_streams (media);
  GstClockTime moment = first_moment (session, n_streams);
  g_autoptr (GString) info = g_string_new (NULL);

  if (moment == GST_CLOCK_TIME_NONE)
    moment = gst_element_get_current_running_time (bin);
  for (guint i = 0; i < n_streams && moment != GST_CLOCK_TIME_NONE; i++) {
    GstRTSPStreamTransport *transport =
        gst_rtsp_session_media_get_transport (session, i);
    if (transport)
      append_stream (info, GST_BIN (bin), transport, i, moment);
  }
  return info->len > 0 ? g_string_free (g_steal_pointer (&info), FALSE) : NULL;
}
