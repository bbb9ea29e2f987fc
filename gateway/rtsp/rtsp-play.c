/* SPDX-License-Identifier: MIT
 *
 * Playing. See rtsp-play.h. */

#include "rtsp-play.h"

#include "rtp-datagrams.h"

struct _PenstockRtspPlay {
  PenstockRtpHub *hub;                   /* owned */
  GstRTSPSessionMedia *session;          /* not owned: it ends the play */
  PenstockRtpConnection *connection;     /* not owned; NULL: all over UDP */
  int fd;                                /* not owned */
  PenstockRtpViewerStats *stats;         /* owned */
  PenstockRtpViewer *inside, *datagrams; /* NULL: no such stream */
  gboolean playing;
};

/* The transport of stream @index; NULL when it is not set up. */
static const GstRTSPTransport *
transport_of (GstRTSPSessionMedia *session, guint index)
{
  GstRTSPStreamTransport *transport =
      gst_rtsp_session_media_get_transport (session, index);

  return transport ? gst_rtsp_stream_transport_get_transport (transport) : NULL;
}

static gboolean
is_inside (const GstRTSPTransport *transport)
{
  return transport->lower_transport == GST_RTSP_LOWER_TRANS_TCP;
}

static guint
n_streams (GstRTSPSessionMedia *session)
{
  return gst_rtsp_media_n_streams (gst_rtsp_session_media_get_media (session));
}

gboolean
penstock_rtsp_play_needs_connection (GstRTSPSessionMedia *session)
{
  for (guint i = 0; i < n_streams (session); i++) {
    const GstRTSPTransport *transport = transport_of (session, i);
    if (transport && is_inside (transport))
      return TRUE;
  }
  return FALSE;
}

/* --- setting up ------------------------------------------------------------------ */

static void
want (PenstockRtpViewer *viewer, guint index, const GstRTSPTransport *transport)
{
  PenstockRtpFeedStream *stream = &viewer->feed->streams[index];

  stream->wanted = TRUE;
  if (is_inside (transport)) {
    stream->rtp_channel = (guint8) transport->interleaved.min;
    stream->rtcp_channel = (guint8) transport->interleaved.max;
  } else {
    stream->rtp_channel = penstock_rtp_usual_channel (index, FALSE);
    stream->rtcp_channel = penstock_rtp_usual_channel (index, TRUE);
  }
}

static void
add_datagrams (
    PenstockRtspPlay *self, guint index, const GstRTSPTransport *transport)
{
  GstRTSPStream *stream = gst_rtsp_media_get_stream (
      gst_rtsp_session_media_get_media (self->session), index);
  g_autoptr (GInetAddress) address =
      g_inet_address_new_from_string (transport->destination);

  if (!address)
    return;
  GSocketFamily family = g_inet_address_get_family (address);
  g_autoptr (GSocket) rtp = gst_rtsp_stream_get_rtp_socket (stream, family);
  g_autoptr (GSocket) rtcp = gst_rtsp_stream_get_rtcp_socket (stream, family);
  if (penstock_rtp_datagrams_set_stream (self->datagrams, index, rtp, rtcp,
          transport->destination, (guint16) transport->client_port.min,
          (guint16) transport->client_port.max))
    want (self->datagrams, index, transport);
}

static void
add_streams (PenstockRtspPlay *self)
{
  for (guint i = 0; i < n_streams (self->session); i++) {
    const GstRTSPTransport *transport = transport_of (self->session, i);
    if (!transport)
      continue;
    if (is_inside (transport)) {
      if (!self->inside)
        self->inside = penstock_rtp_connection_add_viewer (
            self->connection, self->hub, self->stats);
      want (self->inside, i, transport);
    } else if (transport->lower_transport == GST_RTSP_LOWER_TRANS_UDP) {
      if (!self->datagrams)
        self->datagrams =
            penstock_rtp_datagrams_new (self->hub, self->stats, self->fd);
      add_datagrams (self, i, transport);
    }
  }
}

PenstockRtspPlay *
penstock_rtsp_play_new (
    PenstockRtpHub *hub, GstRTSPSessionMedia *session, int fd)
{
  PenstockRtspPlay *self = g_new0 (PenstockRtspPlay, 1);

  self->hub = penstock_rtp_hub_ref (hub);
  self->session = session;
  self->stats = penstock_rtp_viewer_stats_new ();
  self->fd = fd;
  return self;
}

void
penstock_rtsp_play_free (PenstockRtspPlay *self)
{
  if (!self)
    return;
  if (self->inside)
    penstock_rtp_connection_remove_viewer (self->connection, self->inside);
  penstock_rtp_datagrams_free (self->datagrams);
  penstock_rtp_viewer_stats_unref (self->stats);
  penstock_rtp_hub_unref (self->hub);
  g_free (self);
}

PenstockRtpViewerStats *
penstock_rtsp_play_get_stats (PenstockRtspPlay *self)
{
  return self->stats;
}

/* --- playing ------------------------------------------------------------------------ */

static void
append_info (PenstockRtspPlay *self, GString *info, guint index,
    const PenstockRtpStart *start)
{
  GstRTSPStreamTransport *transport =
      gst_rtsp_session_media_get_transport (self->session, index);
  g_autofree gchar *url = gst_rtsp_url_get_request_uri (
      gst_rtsp_stream_transport_get_url (transport));

  g_string_append_printf (info, "%surl=%s;seq=%u;rtptime=%u",
      info->len > 0 ? ", " : "", url, start->seq, start->rtptime);
}

static void
begin (PenstockRtspPlay *self, PenstockRtpViewer *viewer,
    const PenstockCursorSettings *settings, GstClockTime now,
    PenstockRtpStart *starts)
{
  PenstockRtpStart own[PENSTOCK_RTP_MAX_STREAMS];

  if (!viewer)
    return;
  if (viewer->play_us == 0)
    viewer->play_us = g_get_monotonic_time ();
  penstock_rtp_hub_begin (self->hub, viewer, settings, now, own);
  for (guint i = 0; i < n_streams (self->session); i++)
    if (own[i].known)
      starts[i] = own[i];
}

gchar *
penstock_rtsp_play_begin (PenstockRtspPlay *self,
    PenstockRtpConnection *connection, const PenstockCursorSettings *settings,
    GstClockTime now)
{
  PenstockRtpStart starts[PENSTOCK_RTP_MAX_STREAMS] = { 0 };
  g_autoptr (GString) info = g_string_new (NULL);

  /* What it would be told has been sent or is under way: rtspsrc drops all that
   * is older. */
  if (self->playing)
    return NULL;
  self->connection = connection;
  add_streams (self);
  begin (self, self->inside, settings, now, starts);
  begin (self, self->datagrams, settings, now, starts);
  for (guint i = 0; i < n_streams (self->session); i++)
    if (starts[i].known)
      append_info (self, info, i, &starts[i]);
  return info->len > 0 ? g_string_free (g_steal_pointer (&info), FALSE) : NULL;
}

void
penstock_rtsp_play_start (PenstockRtspPlay *self)
{
  if (self->playing)
    return;
  self->playing = TRUE;
  if (self->inside)
    penstock_rtp_connection_play (self->connection, self->inside);
  if (self->datagrams)
    penstock_rtp_datagrams_play (self->datagrams);
}

void
penstock_rtsp_play_pause (PenstockRtspPlay *self)
{
  if (!self->playing)
    return;
  self->playing = FALSE;
  if (self->inside)
    penstock_rtp_connection_pause (self->connection, self->inside);
  if (self->datagrams)
    penstock_rtp_datagrams_pause (self->datagrams);
}
