/* SPDX-License-Identifier: MIT
 *
 * SETUP of an RTSP connection: who may view, and by which transport. See
 * rtsp-client-private.h. */

#include "rtsp-client-private.h"

#include "../log.h"
#include "rtsp-channels.h"

static GstRTSPClientClass *parent_class; /* set by class_init */

/* --- admission ------------------------------------------------------------- */

static gboolean
views (PenstockRtspClient *self, PenstockRtspFactory *factory)
{
  for (guint i = 0; i < self->viewers->len; i++) {
    const PenstockRtspViewer *viewer = self->viewers->pdata[i];
    if (viewer->factory == factory)
      return TRUE;
  }
  return FALSE;
}

void
penstock_rtsp_client_end_admission (PenstockRtspClient *self)
{
  if (self->admits)
    penstock_rtsp_factory_dismiss (self->admits, self->address);
  g_clear_object (&self->admits);
}

static GstRTSPStatusCode
admit (PenstockRtspClient *self, PenstockRtspFactory *factory)
{
  penstock_rtsp_client_end_admission (self);
  const gchar *why = penstock_rtsp_factory_admit (factory, self->address);
  if (!why) {
    self->admits = g_object_ref (factory);
    return GST_RTSP_STS_OK;
  }
  penstock_info ("rtsp", "reader refused: %s route=%s session=%u peer=%s", why,
      penstock_rtsp_factory_get_path (factory), self->id, self->peer);
  return GST_RTSP_STS_NOT_ENOUGH_BANDWIDTH;
}

/* A SETUP that begins a session. The mount's media may have been taken just
 * now; one connection has one session of a mount. */
static GstRTSPStatusCode
begin_session (
    PenstockRtspClient *self, GstRTSPContext *ctx, PenstockRtspFactory *factory)
{
  if (!self->request) {
    GstRTSPStatusCode status =
        penstock_rtsp_client_begin_request (self, ctx, TRUE);
    if (status != GST_RTSP_STS_OK)
      return status;
  }
  if (!factory || factory != self->request)
    return GST_RTSP_STS_NOT_FOUND;
  return views (self, factory) ? GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE
                               : GST_RTSP_STS_OK;
}

/* Of a viewer. */
static GstRTSPStatusCode
check_setup (PenstockRtspClient *self, GstRTSPContext *ctx)
{
  PenstockRtspWish wish;

  if (!penstock_rtsp_client_read_wish (self, ctx, &wish))
    return GST_RTSP_STS_BAD_REQUEST;
  g_autoptr (PenstockRtspFactory) factory =
      penstock_rtsp_client_find_mount (self, ctx, TRUE);
  GstRTSPStatusCode status =
      ctx->session ? GST_RTSP_STS_OK : begin_session (self, ctx, factory);
  if (status == GST_RTSP_STS_OK && factory && !views (self, factory))
    status = admit (self, factory);
  return status;
}

/* A SETUP that is checked before the library handles it. */
static gboolean
is_screened_setup (PenstockRtspClient *self, const GstRTSPContext *ctx)
{
  return ctx->session &&
      !(self->record && penstock_rtsp_record_covers (self->record, ctx->uri));
}

GstRTSPStatusCode
penstock_rtsp_client_screen_setup (
    PenstockRtspClient *self, GstRTSPContext *ctx)
{
  return is_screened_setup (self, ctx) ? check_setup (self, ctx)
                                       : GST_RTSP_STS_OK;
}

static GstRTSPStatusCode
pre_setup (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);

  if (penstock_rtsp_client_publishes (self, ctx) ||
      is_screened_setup (self, ctx))
    return GST_RTSP_STS_OK;
  return check_setup (self, ctx);
}

/* --- transports ------------------------------------------------------------ */

/* The request that found the mount idle builds its media; this one may have
 * come while that was still at it. */
gboolean
penstock_rtsp_client_wait_for_media (const GstRTSPContext *ctx)
{
  return !PENSTOCK_IS_RTSP_MEDIA (ctx->media) ||
      penstock_rtsp_media_wait_running (PENSTOCK_RTSP_MEDIA (ctx->media));
}

/* Media beside a TLS connection would be in the clear. */
static gboolean
configure_transport (
    GstRTSPClient *client, GstRTSPContext *ctx, GstRTSPTransport *transport)
{
  if (PENSTOCK_RTSP_CLIENT (client)->tls &&
      transport->lower_transport != GST_RTSP_LOWER_TRANS_TCP)
    return FALSE;
  /* A transport that a stream gets before its branches exist stays silent. */
  if (!penstock_rtsp_client_wait_for_media (ctx) ||
      !penstock_rtsp_channels_complete (transport) ||
      !parent_class->configure_client_transport (client, ctx, transport))
    return FALSE;
  PENSTOCK_RTSP_CLIENT (client)->rtp_channel =
      penstock_rtsp_channels_hide (transport);
  return TRUE;
}

/* --- the viewer ------------------------------------------------------------ */

static gchar *
user_agent (const GstRTSPContext *ctx)
{
  gchar *agent = NULL;

  gst_rtsp_message_get_header (
      ctx->request, GST_RTSP_HDR_USER_AGENT, &agent, 0);
  return g_strdup (agent);
}

/* What the URL of a SETUP asks for, or that of the DESCRIBE before it: answers
 * to DESCRIBE name the presentation without a query. */
static PenstockRtspWish
wish_of_setup (PenstockRtspClient *self, const GstRTSPContext *ctx,
    PenstockRtspFactory *factory)
{
  PenstockRtspWish wish = { FALSE, PENSTOCK_START_CACHE };

  if (penstock_rtsp_client_read_wish (self, ctx, &wish) && !wish.said &&
      g_strcmp0 (self->wish_path, penstock_rtsp_factory_get_path (factory)) ==
          0)
    wish = self->wish;
  return wish;
}

static void
add_viewer (PenstockRtspClient *self, GstRTSPContext *ctx,
    PenstockRtspMedia *media, gboolean tcp)
{
  g_autoptr (PenstockRtspFactory) factory =
      penstock_rtsp_media_get_factory (media);
  if (!factory)
    return;

  PenstockRtspViewer *viewer = g_new0 (PenstockRtspViewer, 1);
  viewer->id = self->id;
  viewer->fd = self->fd;
  viewer->address = self->address;
  viewer->peer = g_strdup (self->peer);
  viewer->agent = user_agent (ctx);
  viewer->transport = tcp ? "tcp" : "udp";
  viewer->since_us = g_get_real_time ();
  viewer->wish = wish_of_setup (self, ctx, factory);
  viewer->media = g_object_ref (media);
  g_weak_ref_init (&viewer->session, ctx->session);
  g_ptr_array_add (self->viewers, viewer);
  penstock_rtsp_factory_add_viewer (factory, viewer);
  g_clear_object (&self->admits);
}

/* A later SETUP may ask for another start. */
static void
renew_wish (PenstockRtspClient *self, const GstRTSPContext *ctx,
    PenstockRtspViewer *viewer)
{
  PenstockRtspWish wish;

  if (penstock_rtsp_client_read_wish (self, ctx, &wish) && wish.said)
    viewer->wish = wish;
}

/* Each stream may have its own transport. */
static void
setup_done (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  GstRTSPMedia *media = gst_rtsp_session_media_get_media (ctx->sessmedia);
  PenstockRtspViewer *viewer = penstock_rtsp_client_find_viewer (self, media);
  gboolean tcp =
      gst_rtsp_stream_transport_get_transport (ctx->trans)->lower_transport ==
      GST_RTSP_LOWER_TRANS_TCP;

  if (penstock_rtsp_client_publishes (self, ctx))
    penstock_rtsp_record_set_up (self->record, ctx);
  if (viewer)
    renew_wish (self, ctx, viewer);
  else if (self->admits && PENSTOCK_IS_RTSP_MEDIA (media))
    add_viewer (self, ctx, PENSTOCK_RTSP_MEDIA (media), tcp);
  penstock_rtsp_client_end_admission (self);
}

void
penstock_rtsp_client_setup_class_init (GstRTSPClientClass *klass)
{
  parent_class = g_type_class_peek_parent (klass);
  klass->pre_setup_request = pre_setup;
  klass->configure_client_transport = configure_transport;
  klass->setup_request = setup_done;
}
