/* SPDX-License-Identifier: MIT
 *
 * What is asked of an RTSP connection: the mount that a request is about,
 * DESCRIBE, what publishers say, and answers. See rtsp-client-private.h. */

#include "rtsp-client-private.h"

#include <string.h>

#include "../log.h"
#include "rtsp-channels.h"
#include "rtsp-message.h"
#include "rtsp-record-factory.h"
#include "rtsp-url.h"

/* Told to clients that come before there is anything to describe. */
#define RETRY_AFTER_S "1"
#define SERVER_NAME "Penstock"

static GstRTSPClientClass *parent_class; /* set by class_init */

/* --- mounts ---------------------------------------------------------------- */

/* The mount of a request. The library takes the longest mount that the path
 * begins with; we take the path itself, or its @stream ("/stream=0"). */
PenstockRtspFactory *
penstock_rtsp_client_find_mount (
    PenstockRtspClient *self, const GstRTSPContext *ctx, gboolean stream)
{
  if (!ctx->uri)
    return NULL;
  g_autoptr (GstRTSPMountPoints) mounts =
      gst_rtsp_client_get_mount_points (GST_RTSP_CLIENT (self));
  g_autofree gchar *plain = penstock_rtsp_url_dup_path (ctx->uri);
  GstRTSPUrl url = *ctx->uri;
  url.abspath = plain;
  g_autofree gchar *path = gst_rtsp_mount_points_make_path (mounts, &url);
  if (!path)
    return NULL;

  gint matched = 0;
  GstRTSPMediaFactory *factory =
      gst_rtsp_mount_points_match (mounts, path, &matched);
  if (!factory)
    return NULL;
  const gchar *rest = path + matched;
  gboolean exact = *rest == '\0' ||
      (stream && g_str_has_prefix (rest, "/stream=") &&
          !strchr (rest + 1, '/'));
  if (!exact || !PENSTOCK_IS_RTSP_FACTORY (factory)) {
    g_object_unref (factory);
    return NULL;
  }
  return PENSTOCK_RTSP_FACTORY (factory);
}

/* A query says something about the viewer, nothing about what is viewed. */
static gchar *
make_path_from_uri (GstRTSPClient *client, const GstRTSPUrl *uri)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  gchar *path =
      self->record ? penstock_rtsp_record_make_path (self->record, uri) : NULL;

  return path ? path : penstock_rtsp_url_dup_path (uri);
}

static gboolean
session_has_media (PenstockRtspClient *self, const GstRTSPContext *ctx)
{
  g_autofree gchar *path =
      make_path_from_uri (GST_RTSP_CLIENT (self), ctx->uri);
  gint matched = 0;
  g_autoptr (GstRTSPSessionMedia) media =
      gst_rtsp_session_dup_media (ctx->session, path, &matched);

  return media != NULL;
}

/* --- requests -------------------------------------------------------------- */

void
penstock_rtsp_client_end_request (PenstockRtspClient *self, gboolean failed)
{
  if (self->request)
    penstock_rtsp_factory_end_request (self->request, failed);
  g_clear_object (&self->request);
}

GstRTSPStatusCode
penstock_rtsp_client_begin_request (
    PenstockRtspClient *self, GstRTSPContext *ctx, gboolean stream)
{
  g_atomic_int_inc (&self->n_requests);
  g_autoptr (PenstockRtspFactory) factory =
      penstock_rtsp_client_find_mount (self, ctx, stream);

  penstock_rtsp_client_end_request (self, FALSE);
  if (!factory)
    return GST_RTSP_STS_NOT_FOUND;
  GstRTSPStatusCode status = penstock_rtsp_factory_begin_request (factory);
  if (status == GST_RTSP_STS_OK)
    self->request = g_steal_pointer (&factory);
  return status;
}

void
penstock_rtsp_client_hold_mount (
    PenstockRtspClient *self, PenstockRtspFactory *factory)
{
  if (self->request == factory)
    return;
  penstock_rtsp_client_end_request (self, FALSE);
  self->request = g_object_ref (factory);
  penstock_rtsp_factory_hold (factory);
}

gboolean
penstock_rtsp_client_read_wish (
    PenstockRtspClient *self, const GstRTSPContext *ctx, PenstockRtspWish *wish)
{
  const gchar *query = ctx->uri ? ctx->uri->query : NULL;
  g_autofree gchar *why = NULL;

  if (penstock_rtsp_url_read_wish (query, wish, &why))
    return TRUE;
  penstock_info ("rtsp", "%s refused: %s session=%u peer=%s",
      gst_rtsp_method_as_text (ctx->method), why, self->id, self->peer);
  return FALSE;
}

static GstRTSPStatusCode
pre_options (GstRTSPClient *client, GstRTSPContext *context)
{
  g_atomic_int_inc (&PENSTOCK_RTSP_CLIENT (client)->n_requests);
  return GST_RTSP_STS_OK;
}

static GstRTSPStatusCode
pre_describe (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);

  /* The library would take what is announced down. */
  if (self->record && penstock_rtsp_record_is_live (self->record))
    return GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE;
  if (!penstock_rtsp_client_read_wish (self, ctx, &self->wish))
    return GST_RTSP_STS_BAD_REQUEST;
  GstRTSPStatusCode status =
      penstock_rtsp_client_begin_request (self, ctx, FALSE);
  g_free (self->wish_path);
  self->wish_path = self->request
      ? g_strdup (penstock_rtsp_factory_get_path (self->request))
      : NULL;
  return status;
}

/* The library (1.22.0) loses the path of a PLAY or RECORD that it does not find
 * in the session, and a reference to the session of a SETUP that its
 * pre-setup-request refuses. */
GstRTSPStatusCode
penstock_rtsp_client_screen (PenstockRtspClient *self, GstRTSPContext *ctx)
{
  if (!ctx->session || !ctx->uri)
    return GST_RTSP_STS_OK;
  switch (ctx->method) {
  case GST_RTSP_PLAY:
  case GST_RTSP_RECORD:
    return session_has_media (self, ctx) ? GST_RTSP_STS_OK
                                         : GST_RTSP_STS_NOT_FOUND;
  case GST_RTSP_SETUP:
    return penstock_rtsp_client_screen_setup (self, ctx);
  default:
    return GST_RTSP_STS_OK;
  }
}

/* --- publishing (rtsp-record.h does it) ------------------------------------ */

gboolean
penstock_rtsp_client_publishes (
    PenstockRtspClient *self, const GstRTSPContext *ctx)
{
  return self->record &&
      penstock_rtsp_record_has_media (self->record, ctx->media);
}

static gboolean
handle_sdp (GstRTSPClient *client, GstRTSPContext *ctx, GstRTSPMedia *media,
    GstSDPMessage *sdp)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);

  if (!self->record ||
      !penstock_rtsp_record_announce (self->record, ctx, media, sdp))
    return FALSE;
  gboolean ok = parent_class->handle_sdp (client, ctx, media, sdp);
  if (!ok)
    penstock_rtsp_record_fail (self->record);
  return ok;
}

static GstRTSPStatusCode
pre_record (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);

  return self->record ? penstock_rtsp_record_prepare (self->record, ctx)
                      : GST_RTSP_STS_METHOD_NOT_ALLOWED;
}

static void
record_done (GstRTSPClient *client, GstRTSPContext *ctx)
{
  penstock_rtsp_record_recorded (PENSTOCK_RTSP_CLIENT (client)->record, ctx);
}

static GstRTSPStatusCode
adjust_error_code (
    GstRTSPClient *client, GstRTSPContext *ctx, GstRTSPStatusCode code)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  GstRTSPStatusCode refusal =
      self->record ? penstock_rtsp_record_get_refusal (self->record) : 0;

  if (refusal)
    return refusal;
  /* A SETUP of what is neither announced nor played. */
  if (PENSTOCK_IS_RTSP_RECORD_FACTORY (ctx->factory) &&
      ctx->method != GST_RTSP_ANNOUNCE)
    return GST_RTSP_STS_NOT_FOUND;
  return code;
}

/* --- answers --------------------------------------------------------------- */

/* The library (1.22.0) tells a client of a TLS connection "rtsp:" URLs; some
 * go there. */
static void
make_urls_secure (GstRTSPMessage *message, GstRTSPHeaderField field)
{
  gchar *value = NULL;

  if (gst_rtsp_message_get_header (message, field, &value, 0) != GST_RTSP_OK)
    return;
  g_autoptr (GString) secure = g_string_new (value);
  g_string_replace (secure, "rtsp://", "rtsps://", 0);
  penstock_rtsp_message_set_header (message, field, secure->str);
}

/* The answer to SETUP tells the client its channels. */
static void
show_channels (
    PenstockRtspClient *self, GstRTSPContext *ctx, GstRTSPMessage *message)
{
  if (self->rtp_channel >= 0 && ctx && ctx->trans)
    penstock_rtsp_channels_show (self->rtp_channel, ctx->trans, message);
  self->rtp_channel = -1;
}

/* Every answer on its way out. */
static void
send_message (
    GstRTSPClient *client, GstRTSPContext *ctx, GstRTSPMessage *message)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  GstRTSPStatusCode code = GST_RTSP_STS_OK;

  if (gst_rtsp_message_get_type (message) != GST_RTSP_MESSAGE_RESPONSE)
    return;
  /* One that took long has kept the client waiting. */
  g_atomic_int_inc (&self->n_requests);
  gst_rtsp_message_parse_response (message, &code, NULL, NULL);
  penstock_rtsp_message_set_header (message, GST_RTSP_HDR_SERVER, SERVER_NAME);
  if (self->tls) {
    make_urls_secure (message, GST_RTSP_HDR_CONTENT_BASE);
    make_urls_secure (message, GST_RTSP_HDR_RTP_INFO);
  }
  show_channels (self, ctx, message);
  if (code == GST_RTSP_STS_SERVICE_UNAVAILABLE)
    penstock_rtsp_message_set_header (
        message, GST_RTSP_HDR_RETRY_AFTER, RETRY_AFTER_S);
  if (self->record)
    penstock_rtsp_record_answered (self->record, message, code);
  penstock_rtsp_client_end_request (self, code >= GST_RTSP_STS_BAD_REQUEST);
  if (code >= GST_RTSP_STS_BAD_REQUEST)
    penstock_rtsp_client_end_admission (self);
  penstock_rtsp_client_end_guard (self);
}

void
penstock_rtsp_client_requests_class_init (GstRTSPClientClass *klass)
{
  parent_class = g_type_class_peek_parent (klass);
  klass->make_path_from_uri = make_path_from_uri;
  klass->pre_options_request = pre_options;
  klass->pre_describe_request = pre_describe;
  klass->handle_sdp = handle_sdp;
  klass->pre_record_request = pre_record;
  klass->record_request = record_done;
  klass->adjust_error_code = adjust_error_code;
  klass->send_message = send_message;
}
