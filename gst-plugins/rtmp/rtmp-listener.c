/* SPDX-License-Identifier: MIT
 *
 * Elements and their listener. See rtmp-listener.h. */

#include "rtmp-listener.h"

gboolean
penstock_rtmp_listener_set_limits (GstElement *element,
    PenstockRtmpServer *server, const GstStructure *structure, GError **error)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  g_autofree gchar *problem = NULL;

  if (!structure)
    return TRUE;
  if (!penstock_rtmp_limits_apply (&limits, structure, &problem)) {
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, problem);
    return FALSE;
  }
  if (!penstock_rtmp_server_set_limits (server, &limits, element))
    GST_ELEMENT_WARNING (element, RESOURCE, SETTINGS,
        ("Port %u has other limits already.",
            penstock_rtmp_server_get_port (server)),
        (NULL));
  return TRUE;
}
