/* SPDX-License-Identifier: MIT
 *
 * RTSP connections. See rtsp-client.h. */

#include "rtsp-client.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../http/http-addresses.h"
#include "../log.h"
#include "../tls-certificate.h"
#include "rtsp-channels.h"
#include "rtsp-message.h"
#include "rtsp-url.h"

/* Told to clients that come before there is anything to describe. */
#define RETRY_AFTER_S "1"
#define SERVER_NAME "Penstock"

struct _PenstockRtspClient {
  GstRTSPClient parent;

  PenstockRtspCounter *counter; /* set at construction */
  PenstockRtspCensus *census;   /* set at construction */
  guint id;                     /* set at construction */
  gint fd; /* duplicate of the socket, -1 before; shutdown() is safe on it */
  gchar *peer;                  /* set by connected */
  GSocketAddress *peer_address; /* owned; set by connected; NULL = gone */
  gboolean tls;                 /* set by connected */
  guint64 address;              /* as it is counted; set by connected */
  gboolean counted;             /* set by connected */

  PenstockRtspRecord *record; /* owned; set before the connection; NULL: none */

  gint n_requests; /* atomic; that need no session, and answers */

  /* Tick. */
  gint n_requests_seen;
  gint64 active; /* monotonic time */

  /* The client's thread. */
  gint rtp_channel; /* while SETUP runs: hidden from the library; -1 = none */
  PenstockRtspFactory *request; /* owned; of the request that runs */
  PenstockRtspFactory *admits;  /* owned; admits the viewer of a SETUP */
  PenstockRtspWish wish;        /* of the last DESCRIBE */
  gchar *wish_path;             /* mount of that */
  GstRTSPSession *guarded;      /* owned; must not expire while PLAY runs */
  GPtrArray *viewers;           /* of PenstockRtspViewer, owned */
  PenstockRtpConnection
      *inside; /* sends all, once media is in it; NULL before */
};

G_DEFINE_FINAL_TYPE (
    PenstockRtspClient, penstock_rtsp_client, GST_TYPE_RTSP_CLIENT)

/* --- mounts ---------------------------------------------------------------- */

/* The mount of a request. The library takes the longest mount that the path
 * begins with; we take the path itself, or its @stream ("/stream=0"). */
static PenstockRtspFactory *
find_mount (
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

static PenstockRtspViewer *
find_viewer (PenstockRtspClient *self, GstRTSPMedia *media)
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
  return ctx->sessmedia
      ? find_viewer (self, gst_rtsp_session_media_get_media (ctx->sessmedia))
      : NULL;
}

/* --- requests --------------------------------------------------------------- */

static void
end_request (PenstockRtspClient *self, gboolean failed)
{
  if (self->request)
    penstock_rtsp_factory_end_request (self->request, failed);
  g_clear_object (&self->request);
}

static GstRTSPStatusCode
begin_request (PenstockRtspClient *self, GstRTSPContext *ctx, gboolean stream)
{
  g_atomic_int_inc (&self->n_requests);
  g_autoptr (PenstockRtspFactory) factory = find_mount (self, ctx, stream);

  end_request (self, FALSE);
  if (!factory)
    return GST_RTSP_STS_NOT_FOUND;
  GstRTSPStatusCode status = penstock_rtsp_factory_begin_request (factory);
  if (status == GST_RTSP_STS_OK)
    self->request = g_steal_pointer (&factory);
  return status;
}

/* FALSE: its URL asks for what there is not. */
static gboolean
read_wish (
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
pre_describe (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);

  /* The library would take what is announced down. */
  if (self->record && penstock_rtsp_record_is_live (self->record))
    return GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE;
  if (!read_wish (self, ctx, &self->wish))
    return GST_RTSP_STS_BAD_REQUEST;
  GstRTSPStatusCode status = begin_request (self, ctx, FALSE);
  g_free (self->wish_path);
  self->wish_path = self->request
      ? g_strdup (penstock_rtsp_factory_get_path (self->request))
      : NULL;
  return status;
}

void
penstock_rtsp_client_hold_mount (
    PenstockRtspClient *self, PenstockRtspFactory *factory)
{
  if (self->request == factory)
    return;
  end_request (self, FALSE);
  self->request = g_object_ref (factory);
  penstock_rtsp_factory_hold (factory);
}

/* A request about what the connection publishes itself. */
static gboolean
publishes (PenstockRtspClient *self, const GstRTSPContext *ctx)
{
  return self->record &&
      penstock_rtsp_record_has_media (self->record, ctx->media);
}

/* --- admission -------------------------------------------------------------- */

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

static void
end_admission (PenstockRtspClient *self)
{
  if (self->admits)
    penstock_rtsp_factory_dismiss (self->admits, self->address);
  g_clear_object (&self->admits);
}

static GstRTSPStatusCode
admit (PenstockRtspClient *self, PenstockRtspFactory *factory)
{
  end_admission (self);
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
    GstRTSPStatusCode status = begin_request (self, ctx, TRUE);
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

  if (!read_wish (self, ctx, &wish))
    return GST_RTSP_STS_BAD_REQUEST;
  g_autoptr (PenstockRtspFactory) factory = find_mount (self, ctx, TRUE);
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

static GstRTSPStatusCode
pre_setup (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);

  if (publishes (self, ctx) || is_screened_setup (self, ctx))
    return GST_RTSP_STS_OK;
  return check_setup (self, ctx);
}

/* The request that found the mount idle builds its media; this one may have
 * come while that was still at it. */
static gboolean
wait_for_media (const GstRTSPContext *ctx)
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
  if (!wait_for_media (ctx) || !penstock_rtsp_channels_complete (transport) ||
      !GST_RTSP_CLIENT_CLASS (penstock_rtsp_client_parent_class)
           ->configure_client_transport (client, ctx, transport))
    return FALSE;
  PENSTOCK_RTSP_CLIENT (client)->rtp_channel =
      penstock_rtsp_channels_hide (transport);
  return TRUE;
}

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

  if (read_wish (self, ctx, &wish) && !wish.said &&
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

/* Each stream may have its own transport. */
static void
setup_done (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  GstRTSPMedia *media = gst_rtsp_session_media_get_media (ctx->sessmedia);
  PenstockRtspViewer *viewer = find_viewer (self, media);
  gboolean tcp =
      gst_rtsp_stream_transport_get_transport (ctx->trans)->lower_transport ==
      GST_RTSP_LOWER_TRANS_TCP;

  if (publishes (self, ctx))
    penstock_rtsp_record_set_up (self->record, ctx);
  if (!viewer && self->admits && PENSTOCK_IS_RTSP_MEDIA (media))
    add_viewer (self, ctx, PENSTOCK_RTSP_MEDIA (media), tcp);
  end_admission (self);
}

static GstRTSPStatusCode
pre_play (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);
  PenstockRtspViewer *viewer = viewer_of (self, ctx);
  PenstockRtspWish wish;

  if (!read_wish (self, ctx, &wish))
    return GST_RTSP_STS_BAD_REQUEST;
  if (viewer && wish.said)
    viewer->wish = wish;
  if (!wait_for_media (ctx))
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

static void
end_guard (PenstockRtspClient *self)
{
  if (self->guarded)
    gst_rtsp_session_allow_expire (self->guarded);
  g_clear_object (&self->guarded);
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

static void
set_header (
    GstRTSPMessage *message, GstRTSPHeaderField field, const gchar *value)
{
  gst_rtsp_message_remove_header (message, field, -1);
  gst_rtsp_message_add_header (message, field, value);
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
  if (!viewer->play)
    penstock_rtsp_factory_set_play (viewer->factory, viewer,
        penstock_rtsp_play_new (hub, session, self->fd),
        penstock_rtsp_viewer_expect_reports (
            viewer->media, session, self->peer_address));
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
  const gchar *info = penstock_rtsp_play_begin (viewer->play, self->inside,
      &settings.viewers, gst_element_get_current_running_time (element));
  if (info)
    set_header (ctx->response, GST_RTSP_HDR_RTP_INFO, info);
  else
    gst_rtsp_message_remove_header (ctx->response, GST_RTSP_HDR_RTP_INFO, -1);
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

static void
drop_viewers (PenstockRtspClient *self)
{
  while (self->viewers->len > 0)
    drop_viewer (self, self->viewers->pdata[0]);
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

/* --- publishing (rtsp-record.h does it) --------------------------------------- */

static gboolean
handle_sdp (GstRTSPClient *client, GstRTSPContext *ctx, GstRTSPMedia *media,
    GstSDPMessage *sdp)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);

  if (!self->record ||
      !penstock_rtsp_record_announce (self->record, ctx, media, sdp))
    return FALSE;
  gboolean ok = GST_RTSP_CLIENT_CLASS (penstock_rtsp_client_parent_class)
                    ->handle_sdp (client, ctx, media, sdp);
  if (!ok)
    penstock_rtsp_record_fail (self->record);
  return ok;
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
    return is_screened_setup (self, ctx) ? check_setup (self, ctx)
                                         : GST_RTSP_STS_OK;
  default:
    return GST_RTSP_STS_OK;
  }
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

  return self->record
      ? penstock_rtsp_record_adjust_code (self->record, ctx, code)
      : code;
}

/* --- answers ----------------------------------------------------------------- */

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
  set_header (message, field, secure->str);
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
  set_header (message, GST_RTSP_HDR_SERVER, SERVER_NAME);
  if (self->tls) {
    make_urls_secure (message, GST_RTSP_HDR_CONTENT_BASE);
    make_urls_secure (message, GST_RTSP_HDR_RTP_INFO);
  }
  show_channels (self, ctx, message);
  if (code == GST_RTSP_STS_SERVICE_UNAVAILABLE)
    set_header (message, GST_RTSP_HDR_RETRY_AFTER, RETRY_AFTER_S);
  if (self->record)
    penstock_rtsp_record_answered (self->record, message, code);
  end_request (self, code >= GST_RTSP_STS_BAD_REQUEST);
  if (code >= GST_RTSP_STS_BAD_REQUEST)
    end_admission (self);
  end_guard (self);
}

/* --- connection --------------------------------------------------------------- */

static void
new_session (GstRTSPClient *client, GstRTSPSession *session)
{
  PenstockRtspLimits limits;

  penstock_rtsp_census_get_limits (
      PENSTOCK_RTSP_CLIENT (client)->census, &limits);
  gst_rtsp_session_set_timeout (session, limits.session_ms / 1000);
}

static void
closed (GstRTSPClient *client)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (client);

  end_request (self, FALSE);
  end_admission (self);
  end_guard (self);
  drop_viewers (self);
  g_clear_pointer (&self->inside, penstock_rtp_connection_free);
  if (self->record)
    penstock_rtsp_record_end (self->record, "the connection closed");
}

static gchar *
describe_peer (GSocketAddress *address)
{
  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return g_strdup ("unknown");
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  GInetAddress *ip = g_inet_socket_address_get_address (inet);
  g_autofree gchar *text = g_inet_address_to_string (ip);
  gboolean v6 = g_inet_address_get_family (ip) == G_SOCKET_FAMILY_IPV6;
  return g_strdup_printf (
      v6 ? "[%s]:%u" : "%s:%u", text, g_inet_socket_address_get_port (inet));
}

/* The client's thread, or one of the handshake. */
static void
tls_version_known (
    GTlsConnection *tls, GParamSpec *pspec, PenstockRtspClient *self)
{
  if (!penstock_tls_is_too_old (tls))
    return;
  penstock_info ("rtsp",
      "closed: the client knows no TLS 1.2 or later session=%u peer=%s",
      self->id, self->peer);
  penstock_rtsp_client_kick (self);
}

/* The handshake runs with the first request, in the client's thread. */
static gboolean
start_tls (PenstockRtspClient *self, GstRTSPConnection *connection,
    GTlsCertificate *certificate)
{
  GTlsConnection *tls = gst_rtsp_connection_get_tls (connection, NULL);

  if (!tls)
    return FALSE;
  /* Nobody's certificate is verified: the connection need not keep all that the
   * system trusts, 3.7 MB. */
  g_tls_connection_set_database (tls, NULL);
  g_tls_connection_set_certificate (tls, certificate);
  g_signal_connect_object (
      tls, "notify::protocol-version", G_CALLBACK (tls_version_known), self, 0);
  return TRUE;
}

/* One too many is closed before its first request. */
static void
count_connection (PenstockRtspClient *self)
{
  self->address = self->peer_address
      ? penstock_priv_http_address_key (self->peer_address)
      : 0;
  const gchar *why =
      penstock_rtsp_census_add_connection (self->census, self->address);

  self->counted = why == NULL;
  if (!why)
    return;
  penstock_debug ("rtsp", "connection refused: %s session=%u peer=%s", why,
      self->id, self->peer);
  penstock_rtsp_client_kick (self);
}

void
penstock_rtsp_client_connected (
    PenstockRtspClient *self, GTlsCertificate *certificate)
{
  GstRTSPConnection *connection =
      gst_rtsp_client_get_connection (GST_RTSP_CLIENT (self));
  GSocket *socket = gst_rtsp_connection_get_read_socket (connection);

  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  self->peer_address = g_socket_get_remote_address (socket, NULL);
  self->peer = describe_peer (self->peer_address);
  self->fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 0);
  self->tls = certificate != NULL;
  count_connection (self);
  if (self->record)
    penstock_rtsp_record_connected (self->record, self->peer);
  if (self->tls && !start_tls (self, connection, certificate))
    penstock_rtsp_client_kick (self);
  penstock_debug ("rtsp", "connected%s session=%u peer=%s",
      self->tls ? " with TLS" : "", self->id, self->peer);
}

void
penstock_rtsp_client_kick (PenstockRtspClient *self)
{
  shutdown (self->fd, SHUT_RDWR);
}

/* The library's own post-session-timeout ends in an assertion when a client
 * goes while its timer is made (1.22.0, gst_rtsp_client_finalize). */
void
penstock_rtsp_client_tick (PenstockRtspClient *self, gint64 now)
{
  GList *sessions =
      gst_rtsp_client_session_filter (GST_RTSP_CLIENT (self), NULL, NULL);
  gint n_requests = g_atomic_int_get (&self->n_requests);
  PenstockRtspLimits limits;

  if (sessions || n_requests != self->n_requests_seen || !self->active)
    self->active = now;
  self->n_requests_seen = n_requests;
  g_list_free_full (sessions, g_object_unref);
  penstock_rtsp_census_get_limits (self->census, &limits);
  if (now - self->active > limits.idle_ms * G_TIME_SPAN_MILLISECOND)
    penstock_rtsp_client_kick (self);
}

static GstRTSPStatusCode
pre_options (GstRTSPClient *client, GstRTSPContext *context)
{
  g_atomic_int_inc (&PENSTOCK_RTSP_CLIENT (client)->n_requests);
  return GST_RTSP_STS_OK;
}

void
penstock_rtsp_client_take_record (
    PenstockRtspClient *self, PenstockRtspRecord *record)
{
  self->record = record;
}

PenstockRtspRecord *
penstock_rtsp_client_get_record (PenstockRtspClient *self)
{
  return self->record;
}

GstRTSPClient *
penstock_rtsp_client_new (
    PenstockRtspCounter *counter, PenstockRtspCensus *census)
{
  static gint last_id; /* atomic */
  PenstockRtspClient *self = g_object_new (PENSTOCK_TYPE_RTSP_CLIENT, NULL);

  self->counter = penstock_rtsp_counter_ref (counter);
  self->census = penstock_rtsp_census_ref (census);
  self->id = (guint) g_atomic_int_add (&last_id, 1) + 1;
  penstock_rtsp_counter_add (counter, 1);
  return GST_RTSP_CLIENT (self);
}

static void
penstock_rtsp_client_finalize (GObject *object)
{
  PenstockRtspClient *self = PENSTOCK_RTSP_CLIENT (object);
  PenstockRtspCounter *counter = self->counter;

  closed (GST_RTSP_CLIENT (self));
  g_clear_object (&self->record);
  penstock_debug ("rtsp", "disconnected session=%u peer=%s", self->id,
      self->peer ? self->peer : "-");
  if (self->counted)
    penstock_rtsp_census_remove_connection (self->census, self->address);
  penstock_rtsp_census_unref (self->census);
  if (self->fd >= 0)
    close (self->fd);
  g_ptr_array_unref (self->viewers);
  g_free (self->wish_path);
  g_free (self->peer);
  g_clear_object (&self->peer_address);
  G_OBJECT_CLASS (penstock_rtsp_client_parent_class)->finalize (object);
  penstock_rtsp_counter_add (counter, -1);
  penstock_rtsp_counter_unref (counter);
}

static void
penstock_rtsp_client_class_init (PenstockRtspClientClass *klass)
{
  GstRTSPClientClass *client_class = GST_RTSP_CLIENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_client_finalize;
  client_class->pre_options_request = pre_options;
  client_class->pre_describe_request = pre_describe;
  client_class->pre_setup_request = pre_setup;
  client_class->configure_client_transport = configure_transport;
  client_class->pre_play_request = pre_play;
  client_class->handle_sdp = handle_sdp;
  client_class->make_path_from_uri = make_path_from_uri;
  client_class->pre_record_request = pre_record;
  client_class->record_request = record_done;
  client_class->adjust_error_code = adjust_error_code;
  client_class->setup_request = setup_done;
  client_class->play_request = play_done;
  client_class->pre_pause_request = pre_pause;
  client_class->pause_request = pause_done;
  client_class->teardown_request = teardown_done;
  client_class->adjust_play_mode = adjust_play_mode;
  client_class->adjust_play_response = adjust_play_response;
  client_class->send_message = send_message;
  client_class->new_session = new_session;
  client_class->closed = closed;
}

static void
penstock_rtsp_client_init (PenstockRtspClient *self)
{
  self->fd = -1;
  self->rtp_channel = -1;
  self->viewers = g_ptr_array_new ();
}
