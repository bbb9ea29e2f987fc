/* SPDX-License-Identifier: MIT
 *
 * RTSP connections: the object and its socket. See rtsp-client.h, and
 * rtsp-client-private.h for the other parts. */

#include "rtsp-client-private.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../http/http-addresses.h"
#include "../log.h"
#include "io/tls-handshakes.h"

G_DEFINE_FINAL_TYPE (
    PenstockRtspClient, penstock_rtsp_client, GST_TYPE_RTSP_CLIENT)

/* --- connection ------------------------------------------------------------ */

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

  penstock_rtsp_client_end_request (self, FALSE);
  penstock_rtsp_client_end_admission (self);
  penstock_rtsp_client_end_guard (self);
  penstock_rtsp_client_drop_viewers (self);
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
count_connection (PenstockRtspClient *self, GSocketAddress *address)
{
  self->address = address ? penstock_priv_http_address_key (address) : 0;
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
  g_autoptr (GSocketAddress) address =
      g_socket_get_remote_address (socket, NULL);
  self->peer = describe_peer (address);
  self->fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 0);
  self->tls = certificate != NULL;
  count_connection (self, address);
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

/* --- object ---------------------------------------------------------------- */

void
penstock_rtsp_client_set_ports (
    PenstockRtspClient *self, PenstockPublishPorts *ports)
{
  self->ports = penstock_publish_ports_ref (ports);
}

PenstockRtspRecord *
penstock_rtsp_client_get_record (PenstockRtspClient *self)
{
  return self->record;
}

static void
cut (GstRTSPClient *client)
{
  penstock_rtsp_client_kick (PENSTOCK_RTSP_CLIENT (client));
}

PenstockRtspRecord *
penstock_rtsp_client_make_record (PenstockRtspClient *self)
{
  if (!self->record && self->ports)
    self->record = penstock_rtsp_record_new (
        GST_RTSP_CLIENT (self), self->ports, self->peer, cut);
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
  g_clear_pointer (&self->ports, penstock_publish_ports_unref);
  G_OBJECT_CLASS (penstock_rtsp_client_parent_class)->finalize (object);
  penstock_rtsp_counter_add (counter, -1);
  penstock_rtsp_counter_unref (counter);
}

static void
penstock_rtsp_client_class_init (PenstockRtspClientClass *klass)
{
  GstRTSPClientClass *client_class = GST_RTSP_CLIENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_client_finalize;
  client_class->new_session = new_session;
  client_class->closed = closed;
  penstock_rtsp_client_requests_class_init (client_class);
  penstock_rtsp_client_setup_class_init (client_class);
  penstock_rtsp_client_play_class_init (client_class);
}

static void
penstock_rtsp_client_init (PenstockRtspClient *self)
{
  self->fd = -1;
  self->rtp_channel = -1;
  self->viewers = g_ptr_array_new ();
}
