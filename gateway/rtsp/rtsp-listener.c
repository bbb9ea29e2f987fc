/* SPDX-License-Identifier: MIT
 *
 * Binding and accepting. See rtsp-listener.h. */

#include "rtsp-listener.h"

#include <netinet/in.h>
#include <string.h>

#include "../log.h"
#include "../penstock-error.h"

/* Connections the kernel holds until they are accepted. */
#define BACKLOG 1024
/* Pause after the process ran out of file descriptors. */
#define EXHAUSTED_PAUSE_MS 500
/* With port 0 on two families: tries to find a port free on both. */
#define MAX_PORT_TRIES 16
/* Accepted at one wake-up before other work gets its turn. */
#define ACCEPT_BATCH 64

typedef struct {
  PenstockRtspListener *listener;
  GSocket *socket;
  GSource *source; /* accepts, or waits while exhausted */
} Listening;

struct _PenstockRtspListener {
  PenstockRtspAcceptFunc func;
  gpointer user_data;
  GMainContext *context;
  guint16 port;
  Listening sockets[2];
  guint n_sockets;
};

/* --- accepting ------------------------------------------------------------- */

static void watch (Listening *self);

static void
unwatch (Listening *self)
{
  if (self->source)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static gboolean
accept_again (gpointer user_data)
{
  Listening *self = user_data;

  unwatch (self);
  watch (self);
  return G_SOURCE_REMOVE;
}

static void
pause_accepting (Listening *self, const GError *error)
{
  penstock_warning (
      "rtsp", "cannot accept connections: %s, pausing", error->message);
  unwatch (self);
  self->source = g_timeout_source_new (EXHAUSTED_PAUSE_MS);
  g_source_set_callback (self->source, accept_again, self, NULL);
  g_source_attach (self->source, self->listener->context);
}

static gboolean
accept_some (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Listening *self = user_data;

  for (guint i = 0; i < ACCEPT_BATCH; i++) {
    g_autoptr (GError) error = NULL;
    GSocket *connection = g_socket_accept (socket, NULL, &error);
    if (connection) {
      self->listener->func (connection, self->listener->user_data);
      continue;
    }
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES) ||
        g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
      pause_accepting (self, error);
    break; /* nothing waits, or the peer has gone before we came */
  }
  return G_SOURCE_CONTINUE;
}

static void
watch (Listening *self)
{
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (accept_some), self, NULL);
  g_source_attach (self->source, self->listener->context);
}

/* --- binding ----------------------------------------------------------------- */

static GSocket *
bind_one (GInetAddress *ip, guint16 port, gboolean v6_only, GError **error)
{
  GSocketFamily family = g_inet_address_get_family (ip);
  g_autoptr (GSocket) socket =
      g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (ip, port);

  if (!socket)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (family == G_SOCKET_FAMILY_IPV6 &&
      !g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, v6_only, error))
    return NULL;
  if (!g_socket_bind (socket, address, TRUE, error) ||
      !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static guint16
port_of (GSocket *socket)
{
  g_autoptr (GSocketAddress) address =
      g_socket_get_local_address (socket, NULL);

  return address
      ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address))
      : 0;
}

static void
add_socket (PenstockRtspListener *self, GSocket *socket)
{
  self->sockets[self->n_sockets++] =
      (Listening){ .listener = self, .socket = socket };
}

/* Both families on one port. A host without IPv6 gets IPv4 alone. */
static gboolean
bind_any (PenstockRtspListener *self, guint16 port, GError **error)
{
  g_autoptr (GInetAddress) any6 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  g_autoptr (GInetAddress) any4 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);

  for (guint i = 0; i < MAX_PORT_TRIES; i++) {
    g_autoptr (GError) error6 = NULL;
    g_autoptr (GError) error4 = NULL;
    g_autoptr (GSocket) socket6 = bind_one (any6, port, TRUE, &error6);
    if (g_error_matches (error6, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)) {
      g_propagate_error (error, g_steal_pointer (&error6));
      return FALSE;
    }
    guint16 same = socket6 ? port_of (socket6) : port;
    g_autoptr (GSocket) socket4 = bind_one (any4, same, FALSE, &error4);
    if (socket4) {
      add_socket (self, g_steal_pointer (&socket4));
      if (socket6)
        add_socket (self, g_steal_pointer (&socket6));
      return TRUE;
    }
    gboolean retry = port == 0 && i + 1 < MAX_PORT_TRIES &&
        g_error_matches (error4, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
    if (!retry) {
      g_propagate_error (error, g_steal_pointer (&error4));
      return FALSE;
    }
  }
  return FALSE;
}

static gboolean
bind_host (PenstockRtspListener *self, const PenstockListenAddress *listen,
    GError **error)
{
  if (!listen->host || g_str_equal (listen->host, "::"))
    return bind_any (self, listen->port, error);

  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (listen->host);
  if (!ip) {
    g_autoptr (GResolver) resolver = g_resolver_get_default ();
    GList *found =
        g_resolver_lookup_by_name (resolver, listen->host, NULL, error);
    if (!found)
      return FALSE;
    ip = g_object_ref (found->data);
    g_resolver_free_addresses (found);
  }
  GSocket *socket = bind_one (ip, listen->port, TRUE, error);
  if (socket)
    add_socket (self, socket);
  return socket != NULL;
}

PenstockRtspListener *
penstock_rtsp_listener_new (const PenstockListenAddress *listen,
    PenstockRtspAcceptFunc func, gpointer user_data, GError **error)
{
  PenstockRtspListener *self = g_new0 (PenstockRtspListener, 1);
  g_autoptr (GError) cause = NULL;

  self->func = func;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  if (!bind_host (self, listen, &cause)) {
    const gchar *host = listen->host ? listen->host : "::";
    gboolean in_use =
        g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
    g_set_error (error, PENSTOCK_ERROR,
        in_use ? PENSTOCK_ERROR_ADDRESS_IN_USE : PENSTOCK_ERROR_FAILED,
        strchr (host, ':') ? "cannot listen for RTSP on [%s]:%u: %s"
                           : "cannot listen for RTSP on %s:%u: %s",
        host, listen->port,
        in_use ? "another process listens there" : cause->message);
    penstock_rtsp_listener_free (self);
    return NULL;
  }
  self->port = port_of (self->sockets[0].socket);
  for (guint i = 0; i < self->n_sockets; i++)
    watch (&self->sockets[i]);
  return self;
}

guint16
penstock_rtsp_listener_get_port (PenstockRtspListener *self)
{
  return self->port;
}

void
penstock_rtsp_listener_free (PenstockRtspListener *self)
{
  if (!self)
    return;
  for (guint i = 0; i < self->n_sockets; i++) {
    unwatch (&self->sockets[i]);
    g_socket_close (self->sockets[i].socket, NULL);
    g_object_unref (self->sockets[i].socket);
  }
  g_main_context_unref (self->context);
  g_free (self);
}
