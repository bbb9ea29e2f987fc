/* SPDX-License-Identifier: MIT
 *
 * The ports of the gateway: opened once, their limits and certificate changed
 * while it runs. */

#include "server-private.h"

#include "dash/segment-budget.h"
#include "log.h"
#include "penstock-error.h"
#include "tls-certificate.h"

guint
penstock_server_get_port (PenstockServer *self, const gchar *protocol)
{
  g_return_val_if_fail (PENSTOCK_IS_SERVER (self), 0);

  if (g_str_equal (protocol, "rtmp"))
    return self->rtmp ? self->rtmp_port : 0;
  if (g_str_equal (protocol, "rtmps"))
    return self->rtmp ? self->rtmps_port : 0;
  if (g_str_equal (protocol, "rtsp"))
    return self->rtsp ? penstock_rtsp_server_get_port (self->rtsp) : 0;
  if (g_str_equal (protocol, "rtsps"))
    return self->rtsp ? penstock_rtsp_server_get_tls_port (self->rtsp) : 0;
  if (g_str_equal (protocol, "http"))
    return self->http ? penstock_http_server_get_port (self->http) : 0;
  if (g_str_equal (protocol, "https"))
    return self->http ? penstock_http_server_get_tls_port (self->http) : 0;
  return 0;
}

static void
set_rtmp_limits (PenstockServer *self)
{
  if (self->rtmp &&
      !penstock_rtmp_server_set_limits (
          self->rtmp, &self->data->rtmp_limits, self))
    penstock_warning ("rtmp",
        "another part of this process listens on the "
        "same port, with other limits");
}

static gboolean
listen_failed (GError **error, const gchar *name, const GError *why)
{
  gboolean in_use =
      g_error_matches (why, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);

  g_set_error (error, PENSTOCK_ERROR,
      in_use ? PENSTOCK_ERROR_ADDRESS_IN_USE : PENSTOCK_ERROR_FAILED, "%s: %s",
      name, why->message);
  return FALSE;
}

/* The port is the listener's first one, or one more. */
static gboolean
open_rtmp_port (PenstockServer *self, const PenstockListenAddress *listen,
    PenstockRtmpSecurity security, GTlsCertificate *certificate, guint16 *port,
    GError **error)
{
  *port = listen->port;
  if (self->rtmp)
    return penstock_rtmp_server_add_port (
        self->rtmp, listen->host, port, security, certificate, error);
  self->rtmp = penstock_rtmp_server_get_secure (
      listen->host, port, security, certificate, error);
  if (!self->rtmp)
    return FALSE;
  g_free (self->rtmp_listen.host);
  self->rtmp_listen = *listen;
  self->rtmp_listen.host = g_strdup (listen->host);
  self->rtmp_listen.port = *port;
  self->rtmp_listen.tls = security == PENSTOCK_RTMP_TLS;
  return TRUE;
}

static gboolean
has_rtmp_tls (const PenstockConfigData *data)
{
  return data->listen_rtmps.set ||
      (data->listen_rtmp.set && data->rtmp_detect_tls);
}

static gboolean
open_rtmp_ports (
    PenstockServer *self, GTlsCertificate *certificate, GError **error)
{
  const PenstockConfigData *data = self->data;
  g_autoptr (GError) local = NULL;

  if (data->listen_rtmp.set &&
      !open_rtmp_port (self, &data->listen_rtmp,
          data->rtmp_detect_tls ? PENSTOCK_RTMP_DETECT : PENSTOCK_RTMP_PLAIN,
          certificate, &self->rtmp_port, &local))
    return listen_failed (error, "rtmp", local);
  if (data->listen_rtmps.set &&
      !open_rtmp_port (self, &data->listen_rtmps, PENSTOCK_RTMP_TLS,
          certificate, &self->rtmps_port, &local))
    return listen_failed (error, "rtmps", local);
  return TRUE;
}

static gboolean
start_rtmp (PenstockServer *self, GError **error)
{
  const PenstockConfigData *data = self->data;
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (has_rtmp_tls (data)) {
    certificate = penstock_tls_certificate_load (
        data->tls_certificate_file, data->tls_key_file, error);
    if (!certificate)
      return FALSE;
  }
  if (!open_rtmp_ports (self, certificate, error))
    return FALSE;
  if (!self->rtmp)
    return TRUE;
  set_rtmp_limits (self);
  penstock_rtmp_server_set_unclaimed_handler (
      self->rtmp, penstock_server_unclaimed_publish, self, NULL);
  penstock_rtmp_server_set_refused_handler (
      self->rtmp, penstock_server_publish_refused, NULL);
  return TRUE;
}

static gboolean
start_rtsp (PenstockServer *self, GError **error)
{
  if (!self->data->listen_rtsp.set && !self->data->listen_rtsps.set)
    return TRUE;
  self->rtsp = penstock_rtsp_server_new (
      &self->data->listen_rtsp, self->clock, self->base_time);
  g_signal_connect (self->rtsp, "viewer-joined",
      G_CALLBACK (penstock_server_viewer_joined), self);
  g_signal_connect (self->rtsp, "viewer-left",
      G_CALLBACK (penstock_server_viewer_left), self);
  penstock_rtsp_server_set_routes (self->rtsp, self->data->routes);
  penstock_rtsp_server_set_limits (self->rtsp, &self->data->rtsp_limits);
  self->ports = penstock_publish_ports_new ();
  penstock_publish_ports_set_handler (
      self->ports, penstock_server_publisher_waits, self);
  penstock_rtsp_server_set_ports (self->rtsp, self->ports);
  if (self->data->listen_rtsps.set)
    penstock_rtsp_server_set_tls (self->rtsp, &self->data->listen_rtsps,
        self->data->tls_certificate_file, self->data->tls_key_file);
  return penstock_rtsp_server_start (self->rtsp, error);
}

static gboolean
start_http (PenstockServer *self, GError **error)
{
  const PenstockConfigData *data = self->data;

  if (!data->listen_http.set && !data->listen_https.set)
    return TRUE;
  self->http = penstock_http_server_new (
      &data->listen_http, penstock_server_status_bytes, self);
  penstock_http_server_set_limits (self->http, &data->http_limits);
  if (data->listen_https.set) {
    g_autoptr (GTlsCertificate) certificate = penstock_tls_certificate_load (
        data->tls_certificate_file, data->tls_key_file, error);
    if (!certificate)
      return FALSE;
    penstock_http_server_set_tls (self->http, &data->listen_https, certificate);
  }
  return penstock_http_server_start (self->http, error);
}

void
penstock_server_stop_listeners (PenstockServer *self)
{
  if (self->http)
    penstock_http_server_stop (self->http);
  g_clear_object (&self->http);
  if (self->ports)
    penstock_publish_ports_set_handler (self->ports, NULL, NULL);
  if (self->rtsp) {
    penstock_rtsp_server_stop (self->rtsp);
    g_signal_handlers_disconnect_by_data (self->rtsp, self);
  }
  g_clear_object (&self->rtsp);
  g_clear_pointer (&self->ports, penstock_publish_ports_unref);
}

gboolean
penstock_server_start_listeners (PenstockServer *self, GError **error)
{
  segment_budget_set_limit (self->data->dash_max_memory);
  if (start_rtmp (self, error) && start_rtsp (self, error) &&
      start_http (self, error))
    return TRUE;
  penstock_server_stop_listeners (self);
  g_clear_pointer (&self->rtmp, penstock_rtmp_server_unref);
  return FALSE;
}

void
penstock_server_apply_limits (PenstockServer *self)
{
  set_rtmp_limits (self);
  segment_budget_set_limit (self->data->dash_max_memory);
  if (self->http)
    penstock_http_server_set_limits (self->http, &self->data->http_limits);
  if (self->rtsp) {
    penstock_rtsp_server_set_routes (self->rtsp, self->data->routes);
    penstock_rtsp_server_set_limits (self->rtsp, &self->data->rtsp_limits);
  }
}

/* --- reload ------------------------------------------------------------------ */

/* Ports are bound once. All that differ are told, one a line. */
gboolean
penstock_server_check_same_listeners (const PenstockConfigData *before,
    const PenstockConfigData *now, GError **error)
{
  const struct {
    const gchar *pointer;
    const PenstockListenAddress *before, *now;
  } listeners[] = {
    { "/listen/rtmp", &before->listen_rtmp, &now->listen_rtmp },
    { "/listen/rtmps", &before->listen_rtmps, &now->listen_rtmps },
    { "/listen/rtsp", &before->listen_rtsp, &now->listen_rtsp },
    { "/listen/rtsps", &before->listen_rtsps, &now->listen_rtsps },
    { "/listen/http", &before->listen_http, &now->listen_http },
    { "/listen/https", &before->listen_https, &now->listen_https },
  };
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (listeners); i++)
    if (!penstock_listen_address_equal (listeners[i].before, listeners[i].now))
      g_string_append_printf (text,
          "%s%s: cannot change while the gateway runs; restart it",
          text->len ? "\n" : "", listeners[i].pointer);
  if (before->rtmp_detect_tls != now->rtmp_detect_tls)
    g_string_append_printf (text,
        "%s/rtmp/detect-tls: cannot change while the gateway runs; restart it",
        text->len ? "\n" : "");
  if (text->len == 0)
    return TRUE;
  g_set_error_literal (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG, text->str);
  return FALSE;
}

/* The files may be the same and say something else. */
gboolean
penstock_server_reload_certificate (
    PenstockServer *self, const PenstockConfigData *now, GError **error)
{
  if (!has_rtmp_tls (now) && !now->listen_rtsps.set && !now->listen_https.set)
    return TRUE;
  g_autoptr (GTlsCertificate) certificate = penstock_tls_certificate_load (
      now->tls_certificate_file, now->tls_key_file, error);
  if (certificate && has_rtmp_tls (now))
    penstock_rtmp_server_set_certificate (self->rtmp, certificate);
  if (certificate && now->listen_rtsps.set)
    penstock_rtsp_server_set_certificate (self->rtsp, certificate);
  if (certificate && now->listen_https.set)
    penstock_http_server_set_certificate (self->http, certificate);
  return certificate != NULL;
}
