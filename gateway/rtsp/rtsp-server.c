/* SPDX-License-Identifier: MIT
 *
 * The RTSP server: port, threads, mounts and the timer that ends what has
 * expired. See rtsp-server.h. */

#include "rtsp-server.h"

#include <gst/rtsp-server/rtsp-server.h>

#include "../log.h"
#include "../penstock-error.h"
#include "../tls-certificate.h"
#include "rtsp-auth.h"
#include "rtsp-client.h"
#include "rtsp-factory.h"
#include "rtsp-listener.h"
#include "rtsp-record-factory.h"
#include "rtsp-session-pool.h"

/* Threads that serve requests, however many cores there are. */
#define MIN_REQUEST_THREADS 4
/* How often sessions and idle media are looked at. */
#define TICK_S 2
/* Longest wait for the connections to be closed when the server stops. */
#define STOP_TIMEOUT_US (3 * G_USEC_PER_SEC)

/* --- the library's server, with our kind of client -------------------------- */

#define PENSTOCK_TYPE_RTSP_CORE (penstock_rtsp_core_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockRtspCore, penstock_rtsp_core, PENSTOCK, RTSP_CORE, GstRTSPServer)

struct _PenstockRtspCore {
  GstRTSPServer parent;

  PenstockRtspCounter *counter; /* set at construction */
  PenstockRtspCensus *census;   /* owned; set before the first client */
  PenstockPublishPorts *ports;  /* owned; set before the first client */
  /* Of the connection that is being handed over, not owned; NULL: no TLS.
   * Control context, in which the library makes the client at once. */
  GTlsCertificate *certificate;
};

G_DEFINE_FINAL_TYPE (PenstockRtspCore, penstock_rtsp_core, GST_TYPE_RTSP_SERVER)

static GstRTSPClient *
create_client (GstRTSPServer *server)
{
  PenstockRtspCore *self = PENSTOCK_RTSP_CORE (server);
  g_autoptr (GstRTSPSessionPool) sessions =
      gst_rtsp_server_get_session_pool (server);
  g_autoptr (GstRTSPMountPoints) mounts =
      gst_rtsp_server_get_mount_points (server);
  g_autoptr (GstRTSPThreadPool) threads =
      gst_rtsp_server_get_thread_pool (server);
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_server_get_auth (server);
  GstRTSPClient *client =
      penstock_rtsp_client_new (self->counter, self->census);
  PenstockRtspLimits limits;

  if (self->ports)
    penstock_rtsp_client_set_ports (PENSTOCK_RTSP_CLIENT (client), self->ports);

  gst_rtsp_client_set_session_pool (client, sessions);
  gst_rtsp_client_set_mount_points (client, mounts);
  gst_rtsp_client_set_thread_pool (client, threads);
  gst_rtsp_client_set_auth (client, auth);
  penstock_rtsp_census_get_limits (self->census, &limits);
  gst_rtsp_client_set_content_length_limit (client, limits.max_body);
  return client;
}

static void
client_connected (GstRTSPServer *server, GstRTSPClient *client)
{
  penstock_rtsp_client_connected (
      PENSTOCK_RTSP_CLIENT (client), PENSTOCK_RTSP_CORE (server)->certificate);
}

static void
penstock_rtsp_core_finalize (GObject *object)
{
  PenstockRtspCore *self = PENSTOCK_RTSP_CORE (object);

  penstock_rtsp_counter_unref (self->counter);
  penstock_rtsp_census_unref (self->census);
  g_clear_pointer (&self->ports, penstock_publish_ports_unref);
  G_OBJECT_CLASS (penstock_rtsp_core_parent_class)->finalize (object);
}

static void
penstock_rtsp_core_class_init (PenstockRtspCoreClass *klass)
{
  GstRTSPServerClass *server_class = GST_RTSP_SERVER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_core_finalize;
  server_class->create_client = create_client;
  server_class->client_connected = client_connected;
}

static void
penstock_rtsp_core_init (PenstockRtspCore *self)
{
  self->counter = penstock_rtsp_counter_new ();
}

/* --- the gateway's server ---------------------------------------------------- */

struct _PenstockRtspServer {
  GObject parent;

  /* Set at construction. */
  PenstockListenAddress listen;
  GstClock *clock;
  GstClockTime base_time;

  /* Set before the start; routes also later. */
  GPtrArray *routes;           /* NULL: no credentials */
  PenstockPublishPorts *ports; /* owned; NULL: no publishers */
  PenstockListenAddress tls_listen;
  gchar *certificate_file, *key_file;

  PenstockRtspCensus *census;
  PenstockRtspEvents *events;
  PenstockRtspReaper *reaper;
  GHashTable *mounts; /* path -> PenstockRtspFactory, owned */
  GPtrArray *closing; /* of PenstockRtspFactory that still have media */

  /* From start to stop. */
  PenstockRtspCore *core;
  PenstockLoopPool *writers;
  PenstockRtspListener *listener, *tls_listener; /* NULL: not listening */
  GTlsCertificate *certificate;                  /* NULL: no TLS */
  GSource *tick;
};

G_DEFINE_FINAL_TYPE (PenstockRtspServer, penstock_rtsp_server, G_TYPE_OBJECT)

enum { SIGNAL_VIEWER_JOINED, SIGNAL_VIEWER_LEFT, N_SIGNALS };
static guint signals[N_SIGNALS];

/* Route names may hold characters that a URL has to escape. */
static gchar *
mount_point (const gchar *path)
{
  g_autofree gchar *escaped =
      g_uri_escape_string (path, G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, FALSE);

  return g_strconcat ("/", escaped, NULL);
}

static void
mount (PenstockRtspServer *self, PenstockRtspFactory *factory)
{
  g_autoptr (GstRTSPMountPoints) mounts =
      gst_rtsp_server_get_mount_points (GST_RTSP_SERVER (self->core));
  g_autofree gchar *point =
      mount_point (penstock_rtsp_factory_get_path (factory));

  penstock_rtsp_factory_set_writers (factory, self->writers);
  gst_rtsp_mount_points_add_factory (
      mounts, point, GST_RTSP_MEDIA_FACTORY (g_object_ref (factory)));
}

static void
unmount (PenstockRtspServer *self, const gchar *path)
{
  g_autoptr (GstRTSPMountPoints) mounts =
      gst_rtsp_server_get_mount_points (GST_RTSP_SERVER (self->core));
  g_autofree gchar *point = mount_point (path);

  gst_rtsp_mount_points_remove_factory (mounts, point);
}

void
penstock_rtsp_server_add_mount (
    PenstockRtspServer *self, const gchar *path, PenstockChannel *channel)
{
  penstock_rtsp_server_remove_mount (self, path);
  PenstockRtspFactory *factory = penstock_rtsp_factory_new (path, channel,
      self->clock, self->base_time, self->reaper, self->census, self->events);
  g_hash_table_insert (self->mounts, g_strdup (path), factory);
  if (self->core)
    mount (self, factory);
}

void
penstock_rtsp_server_set_mount (PenstockRtspServer *self, const gchar *path,
    const PenstockRtspMountSettings *settings)
{
  PenstockRtspFactory *factory = g_hash_table_lookup (self->mounts, path);

  if (factory)
    penstock_rtsp_factory_set_settings (factory, settings);
}

void
penstock_rtsp_server_remove_mount (PenstockRtspServer *self, const gchar *path)
{
  PenstockRtspFactory *factory = g_hash_table_lookup (self->mounts, path);

  if (!factory)
    return;
  g_object_ref (factory);
  if (self->core)
    unmount (self, path);
  g_hash_table_remove (self->mounts, path);
  penstock_rtsp_factory_close (factory);
  g_ptr_array_add (self->closing, factory);
}

void
penstock_rtsp_server_set_limits (
    PenstockRtspServer *self, const PenstockRtspLimits *limits)
{
  penstock_rtsp_census_set_limits (self->census, limits);
}

void
penstock_rtsp_server_get_census (
    PenstockRtspServer *self, PenstockRtspCensusStats *stats)
{
  penstock_rtsp_census_get_stats (self->census, stats);
}

GPtrArray *
penstock_rtsp_server_list_viewers (PenstockRtspServer *self, const gchar *path)
{
  GPtrArray *viewers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) penstock_viewer_unref);
  GHashTableIter iter;
  gpointer name, factory;

  g_hash_table_iter_init (&iter, self->mounts);
  while (g_hash_table_iter_next (&iter, &name, &factory))
    if (!path || g_str_equal (path, name))
      penstock_rtsp_factory_list_viewers (factory, viewers);
  return viewers;
}

gboolean
penstock_rtsp_server_kick_viewer (PenstockRtspServer *self, guint id)
{
  GHashTableIter iter;
  gpointer factory;
  gboolean found = FALSE;

  g_hash_table_iter_init (&iter, self->mounts);
  while (g_hash_table_iter_next (&iter, NULL, &factory))
    found |= penstock_rtsp_factory_kick_viewer (factory, id);
  return found;
}

guint
penstock_rtsp_server_get_n_viewers (PenstockRtspServer *self, const gchar *path)
{
  PenstockRtspFactory *factory = g_hash_table_lookup (self->mounts, path);

  return factory ? penstock_rtsp_factory_get_n_viewers (factory) : 0;
}

void
penstock_rtsp_server_add_status (
    PenstockRtspServer *self, const gchar *path, JsonBuilder *builder)
{
  PenstockRtspFactory *factory = g_hash_table_lookup (self->mounts, path);
  g_autofree gchar *point = mount_point (path);

  json_builder_set_member_name (builder, "url-path");
  json_builder_add_string_value (builder, point);
  if (factory)
    penstock_rtsp_factory_add_status (factory, builder);
}

guint16
penstock_rtsp_server_get_port (PenstockRtspServer *self)
{
  return self->listener ? penstock_rtsp_listener_get_port (self->listener) : 0;
}

guint16
penstock_rtsp_server_get_tls_port (PenstockRtspServer *self)
{
  return self->tls_listener
      ? penstock_rtsp_listener_get_port (self->tls_listener)
      : 0;
}

/* --- running ------------------------------------------------------------------ */

static void
release_closing (PenstockRtspServer *self)
{
  for (guint i = self->closing->len; i > 0; i--)
    if (penstock_rtsp_factory_release (self->closing->pdata[i - 1]))
      g_ptr_array_remove_index_fast (self->closing, i - 1);
}

static GstRTSPFilterResult
tick_client (GstRTSPServer *server, GstRTSPClient *client, gpointer now)
{
  penstock_rtsp_client_tick (PENSTOCK_RTSP_CLIENT (client), *(gint64 *) now);
  return GST_RTSP_FILTER_KEEP;
}

static gboolean
tick (gpointer user_data)
{
  PenstockRtspServer *self = user_data;
  g_autoptr (GstRTSPSessionPool) sessions =
      gst_rtsp_server_get_session_pool (GST_RTSP_SERVER (self->core));
  GHashTableIter iter;
  gpointer factory;
  gint64 now = g_get_monotonic_time ();
  GList *kept = gst_rtsp_server_client_filter (
      GST_RTSP_SERVER (self->core), tick_client, &now);

  g_list_free_full (kept, g_object_unref);
  gst_rtsp_session_pool_cleanup (sessions);
  g_hash_table_iter_init (&iter, self->mounts);
  while (g_hash_table_iter_next (&iter, NULL, &factory))
    penstock_rtsp_factory_tick (factory);
  release_closing (self);
  return G_SOURCE_CONTINUE;
}

static void
hand_over (
    PenstockRtspServer *self, GSocket *socket, GTlsCertificate *certificate)
{
  g_autoptr (GSocketAddress) address =
      g_socket_get_remote_address (socket, NULL);

  if (!G_IS_INET_SOCKET_ADDRESS (address)) {
    g_object_unref (socket); /* gone already */
    return;
  }
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  g_autofree gchar *ip =
      g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  self->core->certificate = certificate;
  gst_rtsp_server_transfer_connection (GST_RTSP_SERVER (self->core), socket, ip,
      g_inet_socket_address_get_port (inet), NULL);
  self->core->certificate = NULL;
}

static void
accepted (GSocket *socket, gpointer user_data)
{
  hand_over (user_data, socket, NULL);
}

static void
accepted_tls (GSocket *socket, gpointer user_data)
{
  PenstockRtspServer *self = user_data;

  hand_over (self, socket, self->certificate);
}

static void
take_publishers (PenstockRtspServer *self)
{
  if (!self->ports)
    return;
  g_autoptr (GstRTSPMountPoints) mounts =
      penstock_rtsp_record_mounts_new (self->clock, self->base_time);

  self->core->ports = penstock_publish_ports_ref (self->ports);
  gst_rtsp_server_set_mount_points (GST_RTSP_SERVER (self->core), mounts);
}

static void
make_core (PenstockRtspServer *self)
{
  g_autoptr (GstRTSPSessionPool) sessions = penstock_rtsp_session_pool_new ();
  g_autoptr (GstRTSPThreadPool) threads = gst_rtsp_thread_pool_new ();
  g_autoptr (GstRTSPAuth) auth = penstock_rtsp_auth_new (self->routes);
  GHashTableIter iter;
  gpointer factory;

  gst_rtsp_thread_pool_set_max_threads (
      threads, MAX (MIN_REQUEST_THREADS, (gint) g_get_num_processors ()));
  self->core = g_object_new (PENSTOCK_TYPE_RTSP_CORE, NULL);
  self->core->census = penstock_rtsp_census_ref (self->census);
  GstRTSPServer *server = GST_RTSP_SERVER (self->core);
  take_publishers (self);
  gst_rtsp_server_set_session_pool (server, sessions);
  gst_rtsp_server_set_thread_pool (server, threads);
  gst_rtsp_server_set_auth (server, auth);
  g_hash_table_iter_init (&iter, self->mounts);
  while (g_hash_table_iter_next (&iter, NULL, &factory))
    mount (self, factory);
}

void
penstock_rtsp_server_set_routes (PenstockRtspServer *self, GPtrArray *routes)
{
  g_clear_pointer (&self->routes, g_ptr_array_unref);
  self->routes = g_ptr_array_ref (routes);
  if (!self->core)
    return;
  g_autoptr (GstRTSPAuth) auth =
      gst_rtsp_server_get_auth (GST_RTSP_SERVER (self->core));
  penstock_rtsp_auth_set_routes (PENSTOCK_RTSP_AUTH (auth), routes);
}

void
penstock_rtsp_server_set_ports (
    PenstockRtspServer *self, PenstockPublishPorts *ports)
{
  g_return_if_fail (!self->core && !self->ports);

  self->ports = penstock_publish_ports_ref (ports);
}

void
penstock_rtsp_server_set_tls (PenstockRtspServer *self,
    const PenstockListenAddress *listen, const gchar *certificate_file,
    const gchar *key_file)
{
  g_return_if_fail (!self->core && !self->tls_listen.set);

  self->tls_listen = *listen;
  self->tls_listen.host = g_strdup (listen->host);
  self->certificate_file = g_strdup (certificate_file);
  self->key_file = g_strdup (key_file);
}

void
penstock_rtsp_server_set_certificate (
    PenstockRtspServer *self, GTlsCertificate *certificate)
{
  g_return_if_fail (self->core && self->tls_listen.set);

  g_set_object (&self->certificate, certificate);
}

static gboolean
listen_tls (PenstockRtspServer *self, GError **error)
{
  self->certificate = penstock_tls_certificate_load (
      self->certificate_file, self->key_file, error);
  if (!self->certificate)
    return FALSE;
  self->tls_listener =
      penstock_rtsp_listener_new (&self->tls_listen, accepted_tls, self, error);
  return self->tls_listener != NULL;
}

static void
stop_listening (PenstockRtspServer *self)
{
  g_clear_pointer (&self->listener, penstock_rtsp_listener_free);
  g_clear_pointer (&self->tls_listener, penstock_rtsp_listener_free);
  g_clear_object (&self->certificate);
}

static gboolean
start_listening (PenstockRtspServer *self, GError **error)
{
  if (self->listen.set) {
    self->listener =
        penstock_rtsp_listener_new (&self->listen, accepted, self, error);
    if (!self->listener)
      return FALSE;
  }
  return !self->tls_listen.set || listen_tls (self, error);
}

static PenstockLoopPool *
start_writers (GError **error)
{
  g_autoptr (GError) cause = NULL;
  PenstockLoopPool *writers = penstock_loop_pool_new ("rtsp-writer", &cause);

  if (!writers)
    g_set_error_literal (
        error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED, cause->message);
  return writers;
}

gboolean
penstock_rtsp_server_start (PenstockRtspServer *self, GError **error)
{
  g_return_val_if_fail (!self->core, FALSE);
  self->writers = start_writers (error);
  if (!self->writers)
    return FALSE;
  make_core (self);
  if (!start_listening (self, error)) {
    stop_listening (self);
    g_clear_object (&self->core);
    g_clear_pointer (&self->writers, penstock_loop_pool_unref);
    return FALSE;
  }
  self->tick = g_timeout_source_new_seconds (TICK_S);
  g_source_set_callback (self->tick, tick, self, NULL);
  g_source_attach (self->tick, g_main_context_get_thread_default ());
  return TRUE;
}

static GstRTSPFilterResult
kick_client (GstRTSPServer *server, GstRTSPClient *client, gpointer user_data)
{
  penstock_rtsp_client_kick (PENSTOCK_RTSP_CLIENT (client));
  return GST_RTSP_FILTER_KEEP;
}

static GstRTSPFilterResult
remove_session (
    GstRTSPSessionPool *pool, GstRTSPSession *session, gpointer user_data)
{
  return GST_RTSP_FILTER_REMOVE;
}

static void
close_mounts (PenstockRtspServer *self)
{
  g_autoptr (GList) paths = g_hash_table_get_keys (self->mounts);

  for (GList *l = paths; l; l = l->next) {
    g_autofree gchar *path = g_strdup (l->data);
    penstock_rtsp_server_remove_mount (self, path);
  }
}

void
penstock_rtsp_server_stop (PenstockRtspServer *self)
{
  if (!self->core)
    return;
  g_source_destroy (self->tick);
  g_clear_pointer (&self->tick, g_source_unref);
  stop_listening (self);
  close_mounts (self);

  PenstockRtspCounter *counter =
      penstock_rtsp_counter_ref (self->core->counter);
  GList *kept = gst_rtsp_server_client_filter (
      GST_RTSP_SERVER (self->core), kick_client, NULL);
  g_list_free_full (kept, g_object_unref);
  if (!penstock_rtsp_counter_wait (
          counter, g_get_monotonic_time () + STOP_TIMEOUT_US))
    penstock_warning ("rtsp", "%u connections did not close in time",
        penstock_rtsp_counter_get (counter));
  penstock_rtsp_counter_unref (counter);
  penstock_rtsp_events_dispatch (self->events);

  g_autoptr (GstRTSPSessionPool) sessions =
      gst_rtsp_server_get_session_pool (GST_RTSP_SERVER (self->core));
  GList *left = gst_rtsp_session_pool_filter (sessions, remove_session, NULL);
  g_list_free_full (left, g_object_unref);
  release_closing (self);
  penstock_rtsp_reaper_drain (self->reaper);
  g_clear_object (&self->core);
  /* Connections and hubs end in the writers' threads. */
  if (self->writers)
    penstock_loop_pool_drain (self->writers);
  g_clear_pointer (&self->writers, penstock_loop_pool_unref);
}

/* --- object -------------------------------------------------------------------- */

PenstockRtspServer *
penstock_rtsp_server_new (const PenstockListenAddress *listen, GstClock *clock,
    GstClockTime base_time)
{
  PenstockRtspServer *self = g_object_new (PENSTOCK_TYPE_RTSP_SERVER, NULL);

  self->listen = *listen;
  self->listen.host = g_strdup (listen->host);
  self->clock = gst_object_ref (clock);
  self->base_time = base_time;
  return self;
}

static void
penstock_rtsp_server_dispose (GObject *object)
{
  PenstockRtspServer *self = PENSTOCK_RTSP_SERVER (object);

  penstock_rtsp_server_stop (self);
  close_mounts (self);
  release_closing (self);
  G_OBJECT_CLASS (penstock_rtsp_server_parent_class)->dispose (object);
}

static void
penstock_rtsp_server_finalize (GObject *object)
{
  PenstockRtspServer *self = PENSTOCK_RTSP_SERVER (object);

  g_hash_table_unref (self->mounts);
  g_ptr_array_unref (self->closing);
  penstock_rtsp_reaper_unref (self->reaper);
  penstock_rtsp_census_unref (self->census);
  penstock_rtsp_events_close (self->events);
  penstock_rtsp_events_unref (self->events);
  g_clear_pointer (&self->routes, g_ptr_array_unref);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->ports, penstock_publish_ports_unref);
  g_free (self->listen.host);
  g_free (self->tls_listen.host);
  g_free (self->certificate_file);
  g_free (self->key_file);
  G_OBJECT_CLASS (penstock_rtsp_server_parent_class)->finalize (object);
}

static void
emit_event (PenstockViewer *viewer, gboolean joined, gpointer user_data)
{
  g_signal_emit (user_data,
      signals[joined ? SIGNAL_VIEWER_JOINED : SIGNAL_VIEWER_LEFT], 0, viewer);
}

static void
penstock_rtsp_server_class_init (PenstockRtspServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = penstock_rtsp_server_dispose;
  object_class->finalize = penstock_rtsp_server_finalize;
  signals[SIGNAL_VIEWER_JOINED] = g_signal_new ("viewer-joined",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 1, PENSTOCK_TYPE_VIEWER);
  signals[SIGNAL_VIEWER_LEFT] =
      g_signal_new ("viewer-left", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
          0, NULL, NULL, NULL, G_TYPE_NONE, 1, PENSTOCK_TYPE_VIEWER);
}

static void
penstock_rtsp_server_init (PenstockRtspServer *self)
{
  self->mounts =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->closing = g_ptr_array_new_with_free_func (g_object_unref);
  self->reaper = penstock_rtsp_reaper_new ();
  self->census = penstock_rtsp_census_new ();
  self->events = penstock_rtsp_events_new (emit_event, self);
}
