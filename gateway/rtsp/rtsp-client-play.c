/* SPDX-License-Identifier: MIT
 *
 * PLAY, PAUSE and TEARDOWN of an RTSP connection, and the viewers that it is.
 * See rtsp-client-private.h. */

#include "rtsp-client-private.h"

#include "../log.h"
#include "rtsp-message.h"

/* --- viewers --------------------------------------------------------------- */

PenstockRtspViewer *
penstock_rtsp_client_find_viewer (PenstockRtspClient *self, GstRTSPMedia *media)
{
  for (guint i = 0; i < self->viewers->len; i++) {
    PenstockRtspViewer *viewer = self->viewers->pdata[i];
    if (GST_RTSP_MEDIA (viewer->media) == media)
      return viewer;
  }
  return NULL;
}

static PenstockRtspViewer *
viewer_of (PenstockRtspClient *self, const GstRTSPContext *ctx)
{
  if (!ctx->sessmedia)
    return NULL;
  return penstock_rtsp_client_find_viewer (
      self, gst_rtsp_session_media_get_media (ctx->sessmedia));
}

static void
drop_viewer (PenstockRtspClient *self, PenstockRtspViewer *viewer)
{
  gint64 watched_us = g_get_real_time () - viewer->since_us;
  const gchar *why = penstock_rtsp_factory_get_why_closed (viewer);

  penstock_info ("rtsp",
      "reader %s after %" G_GINT64_FORMAT " s%s%s route=%s session=%u peer=%s",
      why ? "closed" : "left", watched_us / G_USEC_PER_SEC, why ? ": " : "",
      why ? why : "", penstock_rtsp_factory_get_path (viewer->factory),
      self->id, self->peer);
  g_ptr_array_remove_fast (self->viewers, viewer);
  penstock_rtsp_factory_remove_viewer (viewer);
}

void
penstock_rtsp_client_drop_viewers (PenstockRtspClient *self)
{
  while (self->viewers->len > 0)
    drop_viewer (self, self->viewers->pdata[0]);
}

/* --- PLAY ------------------------------------------------------------------ */

void
penstock_rtsp_client_end_guard (PenstockRtspClient *self)
{
  if (self->guarded)
    gst_rtsp_session_allow_expire (self->guarded);
  g_clear_object (&self->guarded);
}

static GstRTSPStatusCode
pre_play (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  PenstockRtspViewer *viewer = viewer_of (self, ctx);
  PenstockRtspWish wish;

  if (!penstock_rtsp_client_read_wish (self, ctx, &wish))
    return GST_RTSP_STS_BAD_REQUEST;
  if (viewer && wish.said)
    viewer->wish = wish;
  if (!penstock_rtsp_client_wait_for_media (ctx))
    return GST_RTSP_STS_SERVICE_UNAVAILABLE;
  if (ctx->session && !self->guarded) {
    self->guarded = g_object_ref (ctx->session);
    gst_rtsp_session_prevent_expire (self->guarded);
  }
  /* With a Range, the library puts it into an answer that is not there yet
   * (1.22.0, gst_rtsp_message_take_header). */
  gst_rtsp_message_remove_header (ctx->request, GST_RTSP_HDR_SEEK_STYLE, -1);
  return GST_RTSP_STS_OK;
}

/* Live: no ranges, no other speeds. What the headers say is dropped, as odd
 * values bring the library down. */
static GstRTSPStatusCode
adjust_play_mode (GstRTSPClient *client, GstRTSPContext *ctx,
    GstRTSPTimeRange **range, GstSeekFlags *flags, gdouble *rate,
    GstClockTime *trickmode_interval, gboolean *enable_rate_control)
{
  g_clear_pointer (range, gst_rtsp_range_free);
  *flags = GST_SEEK_FLAG_NONE;
  *rate = 1.0;
  *trickmode_interval = 0;
  *enable_rate_control = TRUE;
  return GST_RTSP_STS_OK;
}

/* Where a message of ours goes that has media beside it in its connection. */
static gboolean
send_inside (GstRTSPClient *client, GstRTSPMessage *messages, guint n_messages,
    gboolean close, gpointer user_data)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);

  for (guint i = 0; i < n_messages; i++) {
    GBytes *bytes = penstock_rtsp_message_to_bytes (&messages[i]);
    if (bytes)
      penstock_rtp_connection_answer (
          self->inside, bytes, close && i == n_messages - 1);
  }
  return TRUE;
}

/* From now on all that is sent in the connection is sent by one thread. The
 * answers up to now have gone out: players wait for them. */
static void
take_over (PenstockRtspClient *self, PenstockRtpHub *hub)
{
  GstRTSPConnection *connection =
      gst_rtsp_client_get_connection (GST_RTSP_CLIENT (self));
  GSocket *socket = gst_rtsp_connection_get_write_socket (connection);

  if (self->inside)
    return;
  self->inside = penstock_rtp_connection_new (penstock_rtp_hub_get_pool (hub),
      g_socket_get_fd (socket),
      self->tls ? gst_rtsp_connection_get_tls (connection, NULL) : NULL);
  gst_rtsp_client_set_send_messages_func (
      GST_RTSP_CLIENT (self), send_inside, NULL, NULL);
}

static void
make_play (PenstockRtspClient *self, PenstockRtspViewer *viewer,
    GstRTSPSessionMedia *session)
{
  PenstockRtpHub *hub = penstock_rtsp_media_get_hub (viewer->media);

  if (penstock_rtsp_play_needs_connection (session))
    take_over (self, hub);
  if (viewer->play)
    return;
  GstRTSPConnection *connection =
      gst_rtsp_client_get_connection (GST_RTSP_CLIENT (self));
  g_autoptr (GSocketAddress) peer = g_socket_get_remote_address (
      gst_rtsp_connection_get_read_socket (connection), NULL);
  penstock_rtsp_factory_set_play (viewer->factory, viewer,
      penstock_rtsp_play_new (hub, session, self->fd),
      penstock_rtsp_viewer_expect_reports (viewer->media, session, peer));
}

static GstRTSPStatusCode
adjust_play_response (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  PenstockRtspViewer *viewer = viewer_of (self, ctx);
  PenstockRtspMountSettings settings;

  if (!viewer)
    return GST_RTSP_STS_OK;
  penstock_rtsp_factory_get_settings (viewer->factory, &settings);
  if (viewer->wish.said)
    settings.viewers.start = viewer->wish.start;
  make_play (self, viewer, ctx->sessmedia);
  g_autoptr (GstElement) element =
      gst_rtsp_media_get_element (GST_RTSP_MEDIA (viewer->media));
  g_autofree gchar *info = penstock_rtsp_play_begin (viewer->play, self->inside,
      &settings.viewers, gst_element_get_current_running_time (element));
  penstock_rtsp_message_set_header (ctx->response, GST_RTSP_HDR_RTP_INFO, info);
  return GST_RTSP_STS_OK;
}

static void
play_done (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  PenstockRtspViewer *viewer = viewer_of (self, ctx);

  if (!viewer || !viewer->play)
    return;
  penstock_rtsp_play_start (viewer->play);
  if (!viewer->playing)
    penstock_info ("rtsp",
        "reader plays route=%s session=%u peer=%s transport=%s agent=%s",
        penstock_rtsp_factory_get_path (viewer->factory), self->id, self->peer,
        viewer->transport, viewer->agent ? viewer->agent : "-");
  penstock_rtsp_factory_set_playing (viewer->factory, viewer, TRUE);
}

/* --- PAUSE and TEARDOWN ---------------------------------------------------- */

/* Nothing comes after the answer to PAUSE. */
static GstRTSPStatusCode
pre_pause (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspViewer *viewer = viewer_of (PENSTOCK_RTSP_CLIENT (client), ctx);

  if (viewer && viewer->play)
    penstock_rtsp_play_pause (viewer->play);
  return GST_RTSP_STS_OK;
}

static void
pause_done (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspViewer *viewer = viewer_of (PENSTOCK_RTSP_CLIENT (client), ctx);

  if (viewer)
    penstock_rtsp_factory_set_playing (viewer->factory, viewer, FALSE);
}

static void
teardown_done (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  PenstockRtspViewer *viewer = viewer_of (self, ctx);

  if (viewer)
    drop_viewer (self, viewer);
  if (self->record &&
      penstock_rtsp_record_has_media (
          self->record, gst_rtsp_session_media_get_media (ctx->sessmedia)))
    penstock_rtsp_record_end (self->record, "the publisher said TEARDOWN");
}

void
penstock_rtsp_client_play_class_init (GstRTSPClientClass *klass)
{
  klass->pre_play_request = pre_play;
  klass->adjust_play_mode = adjust_play_mode;
  klass->adjust_play_response = adjust_play_response;
  klass->play_request = play_done;
  klass->pre_pause_request = pre_pause;
  klass->pause_request = pause_done;
  klass->teardown_request = teardown_done;
}
