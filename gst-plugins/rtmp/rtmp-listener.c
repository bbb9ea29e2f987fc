/* SPDX-License-Identifier: MIT
 *
 * Elements and their listener. See rtmp-listener.h. */

#include "rtmp-listener.h"

#include "rtmp-location.h"

GType
penstock_rtmp_enhanced_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_RTMP_ENHANCED_AUTO, "Who announces it is told what we can",
        "auto" },
    { PENSTOCK_RTMP_ENHANCED_LEGACY, "Nobody is told", "legacy" },
    { PENSTOCK_RTMP_ENHANCED_ONLY, "Who does not announce it is rejected",
        "only" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockRtmpEnhanced", values));
  return type;
}

static gboolean
set_limits (GstElement *element, PenstockRtmpServer *server, guint16 port,
    const GstStructure *structure, PenstockRtmpEnhanced enhanced,
    GError **error)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  g_autofree gchar *problem = NULL;

  if (!structure && enhanced == PENSTOCK_RTMP_ENHANCED_AUTO)
    return TRUE;
  limits.enhanced = enhanced;
  if (structure && !penstock_rtmp_limits_apply (&limits, structure, &problem)) {
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, problem);
    return FALSE;
  }
  if (!penstock_rtmp_server_set_limits (server, &limits, element))
    GST_ELEMENT_WARNING (element, RESOURCE, SETTINGS,
        ("Port %u has other limits already.", port), (NULL));
  return TRUE;
}

/* (transfer full) (nullable): %NULL without @error: there is none. */
static GTlsCertificate *
load_certificate (const PenstockRtmpTls *tls, GError **error)
{
  if (!tls->certificate_file)
    return NULL;
  return g_tls_certificate_new_from_files (tls->certificate_file,
      tls->key_file ? tls->key_file : tls->certificate_file, error);
}

PenstockRtmpServer *
penstock_rtmp_listener_open (GstElement *element, const gchar *location,
    const PenstockRtmpTls *tls, const GstStructure *limits,
    PenstockRtmpEnhanced enhanced, guint16 *port, gchar **path, GError **error)
{
  g_autofree gchar *host = NULL;
  g_autoptr (GError) local = NULL;
  gboolean is_tls;

  if (!penstock_rtmp_location_parse (location, &is_tls, &host, port, path)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "expected rtmp://address[:port]/path");
    return NULL;
  }
  g_autoptr (GTlsCertificate) certificate = load_certificate (tls, &local);
  if (local) {
    g_propagate_error (error, g_steal_pointer (&local));
    return NULL;
  }
  PenstockRtmpSecurity security = is_tls ? PENSTOCK_RTMP_TLS
      : certificate                      ? PENSTOCK_RTMP_DETECT
                                         : PENSTOCK_RTMP_PLAIN;
  PenstockRtmpServer *server = penstock_rtmp_server_get_secure (
      host, port, security, certificate, error);
  if (server && !set_limits (element, server, *port, limits, enhanced, error))
    g_clear_pointer (&server, penstock_rtmp_server_unref);
  if (server && certificate &&
      !penstock_rtmp_server_has_certificate (server, certificate))
    GST_ELEMENT_WARNING (element, RESOURCE, SETTINGS,
        ("Port %u has another certificate already.", *port), (NULL));
  return server;
}
