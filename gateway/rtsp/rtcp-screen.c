/* SPDX-License-Identifier: MIT
 *
 * Screens. See rtcp-screen.h. */

#include "rtcp-screen.h"

#include "rtcp-sdes.h"

static gboolean
is_plain (GstBuffer *buffer)
{
  g_auto (GstBufferMapInfo) map = GST_MAP_INFO_INIT;

  return gst_buffer_map (buffer, &map, GST_MAP_READ) &&
      penstock_rtcp_sdes_is_plain (map.data, map.size);
}

static gboolean
screen (GstBuffer **buffer, guint index, gpointer user_data)
{
  g_auto (GstBufferMapInfo) map = GST_MAP_INFO_INIT;

  if (is_plain (*buffer))
    return TRUE;
  *buffer = gst_buffer_make_writable (*buffer);
  if (gst_buffer_map (*buffer, &map, GST_MAP_READWRITE))
    penstock_rtcp_sdes_make_plain (map.data, map.size);
  return TRUE;
}

static GstPadProbeReturn
screen_pad (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list =
        gst_buffer_list_make_writable (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
    gst_buffer_list_foreach (list, screen, NULL);
    info->data = list;
  } else {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
    screen (&buffer, 0, NULL);
    info->data = buffer;
  }
  return GST_PAD_PROBE_OK;
}

static void
pad_added (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  if (g_str_has_prefix (GST_PAD_NAME (pad), "recv_rtcp_sink_"))
    gst_pad_add_probe (pad,
        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, screen_pad,
        NULL, NULL);
}

void
penstock_rtcp_screen_attach (GstElement *rtpbin)
{
  g_signal_connect (rtpbin, "pad-added", G_CALLBACK (pad_added), NULL);
}
