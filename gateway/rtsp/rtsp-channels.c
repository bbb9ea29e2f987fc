/* SPDX-License-Identifier: MIT
 *
 * Channels. See rtsp-channels.h. */

#include "rtsp-channels.h"

#include "rtsp-message.h"

static gboolean
is_inside (const GstRTSPTransport *transport)
{
  return transport->lower_transport == GST_RTSP_LOWER_TRANS_TCP;
}

gboolean
penstock_rtsp_channels_complete (GstRTSPTransport *transport)
{
  GstRTSPRange *channels = &transport->interleaved;

  if (!is_inside (transport))
    return TRUE;
  if (channels->min >= 0 && channels->max <= channels->min)
    channels->max = channels->min + 1;
  return channels->max <= G_MAXUINT8;
}

gint
penstock_rtsp_channels_hide (GstRTSPTransport *transport)
{
  gint channel = transport->interleaved.min;

  if (!is_inside (transport) || transport->mode_record)
    return -1;
  transport->interleaved.min = transport->interleaved.max;
  return channel;
}

void
penstock_rtsp_channels_show (
    gint channel, GstRTSPStreamTransport *stream, GstRTSPMessage *answer)
{
  /* The stream's own, which nobody reads yet. */
  GstRTSPTransport *transport =
      (GstRTSPTransport *) gst_rtsp_stream_transport_get_transport (stream);
  gint rtcp = transport->interleaved.max;
  gchar *value = NULL;

  transport->interleaved.min = channel;
  if (gst_rtsp_message_get_header (answer, GST_RTSP_HDR_TRANSPORT, &value, 0) !=
      GST_RTSP_OK)
    return;
  g_autofree gchar *hidden = g_strdup_printf ("interleaved=%d-%d", rtcp, rtcp);
  g_autofree gchar *shown =
      g_strdup_printf ("interleaved=%d-%d", channel, rtcp);
  g_autoptr (GString) text = g_string_new (value);
  g_string_replace (text, hidden, shown, 1);
  penstock_rtsp_message_set_header (answer, GST_RTSP_HDR_TRANSPORT, text->str);
}
