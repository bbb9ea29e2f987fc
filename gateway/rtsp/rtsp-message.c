/* SPDX-License-Identifier: MIT
 *
 * RTSP messages. See rtsp-message.h. */

#include "rtsp-message.h"

static gboolean
append_first_line (GString *text, GstRTSPMessage *message)
{
  GstRTSPStatusCode code;
  const gchar *reason, *uri;
  GstRTSPVersion version;
  GstRTSPMethod method;

  switch (gst_rtsp_message_get_type (message)) {
  case GST_RTSP_MESSAGE_RESPONSE:
    gst_rtsp_message_parse_response (message, &code, &reason, &version);
    g_string_append_printf (text, "RTSP/%s %d %s\r\n",
        gst_rtsp_version_as_text (version), code, reason);
    return TRUE;
  case GST_RTSP_MESSAGE_REQUEST:
    gst_rtsp_message_parse_request (message, &method, &uri, &version);
    g_string_append_printf (text, "%s %s RTSP/%s\r\n",
        gst_rtsp_method_as_text (method), uri,
        gst_rtsp_version_as_text (version));
    return TRUE;
  default:
    return FALSE;
  }
}

/* RFC 2326, 12.18; the words are English in any locale. */
static void
append_date (GString *text)
{
  static const gchar *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
    "Sun" };
  static const gchar *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  g_string_append_printf (text, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
      days[g_date_time_get_day_of_week (now) - 1],
      g_date_time_get_day_of_month (now),
      months[g_date_time_get_month (now) - 1], g_date_time_get_year (now),
      g_date_time_get_hour (now), g_date_time_get_minute (now),
      g_date_time_get_second (now));
}

GBytes *
penstock_rtsp_message_to_bytes (GstRTSPMessage *message)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint8 *body = NULL;
  guint size = 0;

  if (!append_first_line (text, message))
    return NULL;
  gst_rtsp_message_append_headers (message, text);
  append_date (text);
  gst_rtsp_message_get_body (message, &body, &size);
  if (body && size > 0)
    g_string_append_printf (text, "Content-Length: %u\r\n", size);
  g_string_append (text, "\r\n");
  if (body)
    g_string_append_len (text, (const gchar *) body, size);
  return g_string_free_to_bytes (g_steal_pointer (&text));
}

void
penstock_rtsp_message_set_header (
    GstRTSPMessage *message, GstRTSPHeaderField field, const gchar *value)
{
  gst_rtsp_message_remove_header (message, field, -1);
  if (value)
    gst_rtsp_message_add_header (message, field, value);
}
