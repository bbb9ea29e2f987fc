/* SPDX-License-Identifier: MIT
 *
 * The gateway: listeners, the routes of the configuration, and routes made
 * from templates while a publisher lives. One main context, no locks. */

#include "penstock-server.h"

#include "config-private.h"
#include "config-structs.h"
#include "http/http-server.h"
#include "log.h"
#include "penstock-error.h"
#include "publish-gate.h"
#include "route-private.h"
#include "route-table.h"
#include "rtmp/rtmp-server.h"
#include "rtsp/rtsp-server.h"
#include "tls-certificate.h"

#include "media.h"

/* A route made from a template goes this long after its publisher ended, so
 * that DASH players can finish. */
#define TEMPLATE_LINGER_MS 30000
/* Bound on routes made from templates. */
#define MAX_TEMPLATE_ROUTES 4096

struct _PenstockServer {
  GObject parent;

  PenstockConfig *config;
  const PenstockConfigData *data;
  GMainContext *context;
  gboolean started, stopping;
  gint64 started_us; /* monotonic */

  GstClock *clock;
  GstClockTime base_time;
  PenstockRouteTable *table;
  PenstockRtmpServer *rtmp;
  PenstockListenAddress rtmp_listen; /* with the real port; owns its host */
  guint16 rtmp_port, rtmps_port;     /* the real ones, 0 = none */
  PenstockRtspServer *rtsp;
  PenstockPublishPorts *ports; /* NULL: no RTSP */
  PenstockHttpServer *http;

  GHashTable *routes;   /* name -> PenstockRoute, owned */
  GHashTable *expiring; /* name -> GSource of a template route that ended */
  guint n_stopping;     /* routes that have not said `stopped` */
};

G_DEFINE_FINAL_TYPE (PenstockServer, penstock_server, G_TYPE_OBJECT)

enum {
  SIGNAL_ROUTE_ADDED,
  SIGNAL_ROUTE_REMOVED,
  SIGNAL_VIEWER_JOINED,
  SIGNAL_VIEWER_LEFT,
  SIGNAL_STOPPED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* --- routes ------------------------------------------------------------- */

static void
finish_stop (PenstockServer *self)
{
  if (self->rtmp) {
    penstock_rtmp_server_set_unclaimed_handler (self->rtmp, NULL, NULL, NULL);
    penstock_rtmp_server_set_refused_handler (self->rtmp, NULL, NULL);
  }
  g_clear_pointer (&self->rtmp, penstock_rtmp_server_unref);
  self->started = FALSE;
  self->stopping = FALSE;
  g_signal_emit (self, signals[SIGNAL_STOPPED], 0);
}

static void
route_stopped (PenstockRoute *route, PenstockServer *self)
{
  g_signal_handlers_disconnect_by_data (route, self);
  g_signal_emit (self, signals[SIGNAL_ROUTE_REMOVED], 0, route);
  g_object_unref (route);
  self->n_stopping--;
  if (self->stopping && self->n_stopping == 0)
    finish_stop (self);
  g_object_unref (self);
}

/* Takes the route out of the table at once; it goes when its input is down. */
static void
remove_route (PenstockServer *self, const gchar *name)
{
  PenstockRoute *route = g_hash_table_lookup (self->routes, name);

  g_hash_table_remove (self->expiring, name);
  if (!route)
    return;
  g_object_ref (route);
  g_hash_table_remove (self->routes, name);
  g_object_ref (self);
  self->n_stopping++;
  g_signal_connect (route, "stopped", G_CALLBACK (route_stopped), self);
  penstock_route_stop (route);
}

static void
destroy_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

typedef struct {
  PenstockServer *server; /* not owned: the source goes with the server */
  gchar *name;
} Expiry;

static void
expiry_free (Expiry *expiry)
{
  g_free (expiry->name);
  g_free (expiry);
}

static gboolean
expire_route (gpointer user_data)
{
  Expiry *expiry = user_data;
  g_autofree gchar *name = g_strdup (expiry->name);

  penstock_info ("route", "removed, its publisher is gone route=%s", name);
  remove_route (expiry->server, name);
  return G_SOURCE_REMOVE;
}

/* A route from a template lives while it is online, and a while after. */
static void
watch_lifetime (PenstockServer *self, PenstockRoute *route)
{
  const gchar *name = penstock_route_get_name (route);

  if (!penstock_route_is_from_template (route) ||
      penstock_route_get_state (route) == PENSTOCK_ROUTE_ONLINE) {
    g_hash_table_remove (self->expiring, name);
    return;
  }
  if (g_hash_table_contains (self->expiring, name))
    return;
  guint delay_ms = TEMPLATE_LINGER_MS;
  if (penstock_route_get_state (route) == PENSTOCK_ROUTE_OFFLINE)
    delay_ms += penstock_route_get_grace_ms (route);
  Expiry *expiry = g_new (Expiry, 1);
  *expiry = (Expiry){ self, g_strdup (name) };
  GSource *source = g_timeout_source_new (delay_ms);
  g_source_set_callback (
      source, expire_route, expiry, (GDestroyNotify) expiry_free);
  g_source_attach (source, self->context);
  g_hash_table_insert (self->expiring, g_strdup (name), source);
}

static void
route_changed (
    PenstockRoute *route, PenstockRouteState state, PenstockServer *self)
{
  watch_lifetime (self, route);
}

static PenstockRoute *
add_route (
    PenstockServer *self, const gchar *name, const PenstockRouteConfig *config)
{
  PenstockRouteServices services = {
    .clock = self->clock,
    .base_time = self->base_time,
    .rtmp_listen = &self->rtmp_listen,
    .ports = self->ports,
    .rtsp = self->rtsp,
    .http = self->http,
  };
  PenstockRoute *route =
      penstock_route_new (name, config, self->data->routes, &services);

  g_hash_table_insert (self->routes, g_strdup (name), route);
  g_signal_connect (route, "state-changed", G_CALLBACK (route_changed), self);
  watch_lifetime (self, route);
  penstock_route_start (route);
  g_signal_emit (self, signals[SIGNAL_ROUTE_ADDED], 0, route);
  return route;
}

/* --- publishers without a route ----------------------------------------- */

typedef struct {
  PenstockServer *server;
  PenstockRtmpServer *rtmp;
  gchar *path; /* may end in a publish key: never logged */
  gchar *peer;
  guint64 id;
  gchar *key; /* NULL = none told; secret */
} PublishRequest;

static void
publish_request_free (PublishRequest *request)
{
  g_object_unref (request->server);
  penstock_rtmp_server_unref (request->rtmp);
  g_free (request->path);
  g_free (request->peer);
  g_free (request->key);
  g_free (request);
}

/* Makes the route if there is none yet. Why not, or NULL. */
static const gchar *
admit_publisher (PenstockServer *self, const PenstockPublishRequest *request,
    const gchar *peer)
{
  if (self->stopping || !self->started)
    return "The gateway is shutting down.";
  if (g_hash_table_contains (self->routes, request->name))
    return NULL;
  if (g_hash_table_size (self->routes) >=
      self->data->routes->len + MAX_TEMPLATE_ROUTES)
    return "Too many streams.";
  penstock_info ("route", "made from template %s for peer=%s route=%s",
      request->route->name, peer, request->name);
  add_route (self, request->name, request->route);
  return NULL;
}

static gboolean
handle_publish_request (gpointer user_data)
{
  PublishRequest *request = user_data;
  PenstockServer *self = request->server;
  g_auto (PenstockPublishRequest) asked = { NULL };

  penstock_publish_request_init (
      &asked, self->table, request->path, request->key);
  const gchar *why = asked.open ? admit_publisher (self, &asked, request->peer)
                                : penstock_publish_request_explain (&asked);
  if (why)
    penstock_rtmp_server_refuse (request->rtmp, request->id,
        asked.route && !asked.open ? "NetStream.Publish.Denied"
                                   : "NetStream.Publish.BadName",
        why);
  return G_SOURCE_REMOVE;
}

/* RTMP I/O thread. */
static void
publish_refused (const gchar *peer, gboolean is_publisher, const gchar *why,
    gpointer user_data)
{
  penstock_warning ("rtmp", "%s refused: %s peer=%s",
      is_publisher ? "publisher" : "connection", why, peer);
}

/* RTMP I/O thread. */
static PenstockRtmpUnclaimed
unclaimed_publish (PenstockRtmpServer *rtmp,
    const PenstockRtmpPublication *publication, gpointer user_data)
{
  PenstockServer *self = user_data;
  PublishRequest *request = g_new (PublishRequest, 1);

  *request =
      (PublishRequest){ g_object_ref (self), penstock_rtmp_server_ref (rtmp),
        g_strdup (publication->path), g_strdup (publication->peer),
        publication->id, g_strdup (publication->key) };
  penstock_control_post (self->context, handle_publish_request, request,
      (GDestroyNotify) publish_request_free);
  return PENSTOCK_RTMP_UNCLAIMED_DEFER;
}

typedef struct {
  PenstockServer *server;
  PenstockPublishWait *wait;
} WaitingPublisher;

static void
waiting_publisher_free (WaitingPublisher *waiting)
{
  g_object_unref (waiting->server);
  penstock_publish_wait_unref (waiting->wait);
  g_free (waiting);
}

/* A thread waits: nothing that would take long. */
static const gchar *
admit_waiting_publisher (PenstockServer *self, PenstockPublishWait *wait)
{
  const gchar *name = penstock_publish_wait_get_name (wait);
  g_auto (PenstockPublishRequest) asked = { NULL };

  /* It has shown its key or credentials already. */
  penstock_publish_request_init (&asked, self->table, name, NULL);
  if (!asked.route)
    return penstock_publish_request_explain (&asked);
  const gchar *why =
      admit_publisher (self, &asked, penstock_publish_wait_get_peer (wait));
  PenstockRoute *route = g_hash_table_lookup (self->routes, name);
  if (!why && route && !penstock_route_can_be_published (route))
    why = "The input of the route is not ready.";
  return why;
}

static gboolean
handle_waiting_publisher (gpointer user_data)
{
  WaitingPublisher *waiting = user_data;
  const gchar *why = admit_waiting_publisher (waiting->server, waiting->wait);

  if (why)
    penstock_publish_wait_refuse (waiting->wait, why);
  return G_SOURCE_REMOVE;
}

/* A thread of RTSP requests. */
static void
publisher_waits (PenstockPublishWait *wait, gpointer user_data)
{
  PenstockServer *self = user_data;
  WaitingPublisher *waiting = g_new (WaitingPublisher, 1);

  *waiting = (WaitingPublisher){ g_object_ref (self),
    penstock_publish_wait_ref (wait) };
  penstock_control_post (self->context, handle_waiting_publisher, waiting,
      (GDestroyNotify) waiting_publisher_free);
}

/* --- viewers ----------------------------------------------------------------- */

static void
viewer_joined (
    PenstockRtspServer *rtsp, PenstockViewer *viewer, PenstockServer *self)
{
  g_signal_emit (self, signals[SIGNAL_VIEWER_JOINED], 0, viewer);
}

static void
viewer_left (
    PenstockRtspServer *rtsp, PenstockViewer *viewer, PenstockServer *self)
{
  g_signal_emit (self, signals[SIGNAL_VIEWER_LEFT], 0, viewer);
}

GPtrArray *
penstock_server_list_viewers (PenstockServer *self, const gchar *route)
{
  g_return_val_if_fail (PENSTOCK_IS_SERVER (self), NULL);

  return self->rtsp
      ? penstock_rtsp_server_list_viewers (self->rtsp, route)
      : g_ptr_array_new_with_free_func ((GDestroyNotify) penstock_viewer_unref);
}

gboolean
penstock_server_kick_viewer (PenstockServer *self, guint id)
{
  g_return_val_if_fail (PENSTOCK_IS_SERVER (self), FALSE);

  return self->rtsp && penstock_rtsp_server_kick_viewer (self->rtsp, id);
}

/* --- status ------------------------------------------------------------- */

static gint
compare_routes (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (penstock_route_get_name (*(PenstockRoute **) a),
      penstock_route_get_name (*(PenstockRoute **) b));
}

GPtrArray *
penstock_server_list_routes (PenstockServer *self)
{
  g_return_val_if_fail (PENSTOCK_IS_SERVER (self), NULL);

  GPtrArray *routes = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer route;
  g_hash_table_iter_init (&iter, self->routes);
  while (g_hash_table_iter_next (&iter, NULL, &route))
    g_ptr_array_add (routes, g_object_ref (route));
  g_ptr_array_sort (routes, compare_routes);
  return routes;
}

PenstockRoute *
penstock_server_get_route (PenstockServer *self, const gchar *name)
{
  g_return_val_if_fail (PENSTOCK_IS_SERVER (self), NULL);

  return g_hash_table_lookup (self->routes, name);
}

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
add_listeners (PenstockServer *self, JsonBuilder *builder)
{
  static const gchar *const protocols[] = { "rtmp", "rtmps", "rtsp", "rtsps",
    "http", "https" };

  json_builder_set_member_name (builder, "listen");
  json_builder_begin_object (builder);
  for (guint i = 0; i < G_N_ELEMENTS (protocols); i++) {
    guint port = penstock_server_get_port (self, protocols[i]);
    if (port == 0)
      continue;
    json_builder_set_member_name (builder, protocols[i]);
    json_builder_add_int_value (builder, port);
  }
  json_builder_end_object (builder);
}

static void
add_int (JsonBuilder *builder, const gchar *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

/* Who is connected to the RTMP listener, and who was not let in. */
static void
add_rtmp (PenstockServer *self, JsonBuilder *builder)
{
  PenstockRtmpServerStats stats;

  if (!self->rtmp)
    return;
  penstock_rtmp_server_get_stats (self->rtmp, &stats);
  json_builder_set_member_name (builder, "rtmp");
  json_builder_begin_object (builder);
  add_int (builder, "connections", stats.peers.connections);
  add_int (builder, "half-open", stats.peers.half_open);
  add_int (builder, "connections-total", stats.peers.total);
  add_int (builder, "wrong-keys", stats.peers.failures);
  add_int (builder, "memory-bytes", stats.memory);
  json_builder_set_member_name (builder, "refused");
  json_builder_begin_object (builder);
  for (guint i = PENSTOCK_RTMP_ADMIT + 1; i < PENSTOCK_RTMP_N_ADMISSIONS; i++)
    add_int (
        builder, penstock_rtmp_admission_to_string (i), stats.peers.refused[i]);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

/* Who is connected to the RTSP listeners, and who was not let in. */
static void
add_rtsp (PenstockServer *self, JsonBuilder *builder)
{
  PenstockRtspCensusStats stats;

  if (!self->rtsp)
    return;
  penstock_rtsp_server_get_census (self->rtsp, &stats);
  json_builder_set_member_name (builder, "rtsp");
  json_builder_begin_object (builder);
  add_int (builder, "connections", stats.connections);
  add_int (builder, "connections-total", stats.connections_total);
  add_int (builder, "readers", stats.viewers);
  json_builder_set_member_name (builder, "refused");
  json_builder_begin_object (builder);
  add_int (builder, "connections", stats.connections_refused);
  add_int (builder, "readers", stats.viewers_refused);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

/* Who is connected to the HTTP listeners, and who was not let in. */
static void
add_http (PenstockServer *self, JsonBuilder *builder)
{
  if (!self->http)
    return;
  const HttpCounters *counters = penstock_http_server_get_counters (self->http);
  json_builder_set_member_name (builder, "http");
  json_builder_begin_object (builder);
  add_int (builder, "connections", http_counter_get (&counters->connections));
  add_int (
      builder, "connections-total", http_counter_get (&counters->accepted));
  add_int (builder, "requests", http_counter_get (&counters->requests));
  add_int (builder, "failed-handshakes",
      http_counter_get (&counters->handshakes_failed));
  json_builder_set_member_name (builder, "refused");
  json_builder_begin_object (builder);
  add_int (builder, "total", http_counter_get (&counters->refused_total));
  add_int (builder, "address", http_counter_get (&counters->refused_address));
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

/* Names that a publisher may make routes of. */
static void
add_templates (PenstockServer *self, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "templates");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->data->routes->len; i++) {
    const PenstockRouteConfig *route = self->data->routes->pdata[i];
    if (route->is_template)
      json_builder_add_string_value (builder, route->name);
  }
  json_builder_end_array (builder);
}

gchar *
penstock_server_get_status (PenstockServer *self)
{
  g_return_val_if_fail (PENSTOCK_IS_SERVER (self), NULL);

  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GPtrArray) routes = penstock_server_list_routes (self);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "version");
  json_builder_add_string_value (builder, PENSTOCK_VERSION);
  json_builder_set_member_name (builder, "time");
  json_builder_add_string_value (builder, time);
  json_builder_set_member_name (builder, "uptime-s");
  json_builder_add_int_value (
      builder, (g_get_monotonic_time () - self->started_us) / G_USEC_PER_SEC);
  add_listeners (self, builder);
  add_rtmp (self, builder);
  add_rtsp (self, builder);
  add_http (self, builder);
  add_templates (self, builder);
  json_builder_set_member_name (builder, "routes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < routes->len; i++)
    penstock_route_add_status (g_ptr_array_index (routes, i), builder);
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static GBytes *
status_bytes (gpointer user_data)
{
  gchar *text = penstock_server_get_status (user_data);

  return g_bytes_new_take (text, strlen (text));
}

/* --- start and stop ----------------------------------------------------- */

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
      listen->host, listen->port, security, certificate, error);
  if (!self->rtmp)
    return FALSE;
  *port = penstock_rtmp_server_get_port (self->rtmp);
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
      self->rtmp, unclaimed_publish, self, NULL);
  penstock_rtmp_server_set_refused_handler (self->rtmp, publish_refused, NULL);
  return TRUE;
}

static gboolean
start_rtsp (PenstockServer *self, GError **error)
{
  if (!self->data->listen_rtsp.set && !self->data->listen_rtsps.set)
    return TRUE;
  self->rtsp = penstock_rtsp_server_new (
      &self->data->listen_rtsp, self->clock, self->base_time);
  g_signal_connect (
      self->rtsp, "viewer-joined", G_CALLBACK (viewer_joined), self);
  g_signal_connect (self->rtsp, "viewer-left", G_CALLBACK (viewer_left), self);
  penstock_rtsp_server_set_routes (self->rtsp, self->data->routes);
  penstock_rtsp_server_set_limits (self->rtsp, &self->data->rtsp_limits);
  self->ports = penstock_publish_ports_new ();
  penstock_publish_ports_set_handler (self->ports, publisher_waits, self);
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
  self->http =
      penstock_http_server_new (&data->listen_http, status_bytes, self);
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

static void
stop_listeners (PenstockServer *self)
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

/* Returns how many. */
static guint
start_missing_routes (PenstockServer *self)
{
  guint n = 0;

  for (guint i = 0; i < self->data->routes->len; i++) {
    const PenstockRouteConfig *config =
        g_ptr_array_index (self->data->routes, i);
    if (config->is_template ||
        g_hash_table_contains (self->routes, config->name))
      continue;
    add_route (self, config->name, config);
    n++;
  }
  return n;
}

gboolean
penstock_server_start (PenstockServer *self, GError **error)
{
  g_return_val_if_fail (PENSTOCK_IS_SERVER (self), FALSE);
  g_return_val_if_fail (!self->started, FALSE);

  penstock_media_register (NULL);
  self->started_us = g_get_monotonic_time ();
  self->clock = gst_system_clock_obtain ();
  self->base_time = gst_clock_get_time (self->clock);
  if (!start_rtmp (self, error) || !start_rtsp (self, error) ||
      !start_http (self, error)) {
    stop_listeners (self);
    g_clear_pointer (&self->rtmp, penstock_rtmp_server_unref);
    return FALSE;
  }

  self->started = TRUE;
  start_missing_routes (self);
  return TRUE;
}

void
penstock_server_stop (PenstockServer *self)
{
  g_return_if_fail (PENSTOCK_IS_SERVER (self));

  if (!self->started || self->stopping)
    return;
  self->stopping = TRUE;
  self->n_stopping++; /* until every route has been asked */
  g_autoptr (GPtrArray) routes = penstock_server_list_routes (self);
  for (guint i = 0; i < routes->len; i++)
    remove_route (
        self, penstock_route_get_name (g_ptr_array_index (routes, i)));
  stop_listeners (self);
  if (--self->n_stopping == 0)
    finish_stop (self);
}

/* --- reload --------------------------------------------------------------- */

/* Ports are bound once. All that differ are told, one a line. */
static gboolean
check_same_listeners (const PenstockConfigData *before,
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
static gboolean
reload_certificate (
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

/* What the table says of a route that exists: itself, or the template that it
 * can be made from. */
static const PenstockRouteConfig *
config_of_route (PenstockServer *self, PenstockRoute *route)
{
  const PenstockRouteConfig *config =
      penstock_route_table_match (self->table, penstock_route_get_name (route));

  if (config && config->is_template && !penstock_route_is_from_template (route))
    return NULL; /* it was there without a publisher */
  return config;
}

static void
reload_existing (PenstockServer *self, guint *changed, guint *removed)
{
  g_autoptr (GPtrArray) routes = penstock_server_list_routes (self);

  for (guint i = 0; i < routes->len; i++) {
    PenstockRoute *route = g_ptr_array_index (routes, i);
    const gchar *name = penstock_route_get_name (route);
    const PenstockRouteConfig *config = config_of_route (self, route);
    if (!config) {
      penstock_info ("route", "removed by the new route map route=%s", name);
      remove_route (self, name);
      (*removed)++;
      continue;
    }
    if (penstock_route_reconfigure (route, config, self->data->routes)) {
      penstock_info ("route", "changed by the new route map route=%s", name);
      (*changed)++;
    }
    watch_lifetime (self, route);
  }
}

static void
take_config (PenstockServer *self, PenstockConfig *config)
{
  g_set_object (&self->config, config);
  self->data = penstock_config_get_data (config);
  g_clear_pointer (&self->table, penstock_route_table_free);
  self->table = penstock_route_table_new (self->data->routes);
}

gboolean
penstock_server_reload (
    PenstockServer *self, PenstockConfig *config, GError **error)
{
  g_return_val_if_fail (PENSTOCK_IS_SERVER (self), FALSE);
  g_return_val_if_fail (PENSTOCK_IS_CONFIG (config), FALSE);

  const PenstockConfigData *now = penstock_config_get_data (config);
  guint changed = 0, removed = 0;

  if (!self->started || self->stopping) {
    g_set_error_literal (error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED,
        "the gateway is not running");
    return FALSE;
  }
  if (!check_same_listeners (self->data, now, error) ||
      !reload_certificate (self, now, error))
    return FALSE;
  take_config (self, config);
  set_rtmp_limits (self);
  if (self->http)
    penstock_http_server_set_limits (self->http, &self->data->http_limits);
  if (self->rtsp) {
    penstock_rtsp_server_set_routes (self->rtsp, self->data->routes);
    penstock_rtsp_server_set_limits (self->rtsp, &self->data->rtsp_limits);
  }
  reload_existing (self, &changed, &removed);
  guint added = start_missing_routes (self);
  penstock_info ("gateway",
      "route map reloaded: %u routes added, %u changed, %u removed", added,
      changed, removed);
  return TRUE;
}

/* --- object ------------------------------------------------------------- */

PenstockServer *
penstock_server_new (PenstockConfig *config)
{
  g_return_val_if_fail (PENSTOCK_IS_CONFIG (config), NULL);

  PenstockServer *self = g_object_new (PENSTOCK_TYPE_SERVER, NULL);
  take_config (self, config);
  self->context = g_main_context_ref_thread_default ();
  return self;
}

static void
penstock_server_finalize (GObject *object)
{
  PenstockServer *self = PENSTOCK_SERVER (object);

  g_hash_table_unref (self->expiring);
  g_hash_table_unref (self->routes);
  g_clear_pointer (&self->table, penstock_route_table_free);
  g_clear_object (&self->config);
  g_free (self->rtmp_listen.host);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (penstock_server_parent_class)->finalize (object);
}

static void
penstock_server_class_init (PenstockServerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_server_finalize;

  /**
   * PenstockServer::route-added:
   * @self: the server
   * @route: the route
   *
   * A route exists, at the start or made from a template.
   *
   * Since: 0.1
   */
  signals[SIGNAL_ROUTE_ADDED] =
      g_signal_new ("route-added", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
          0, NULL, NULL, NULL, G_TYPE_NONE, 1, PENSTOCK_TYPE_ROUTE);

  /**
   * PenstockServer::route-removed:
   * @self: the server
   * @route: the route
   *
   * Nothing of the route is left running.
   *
   * Since: 0.1
   */
  signals[SIGNAL_ROUTE_REMOVED] = g_signal_new ("route-removed",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 1, PENSTOCK_TYPE_ROUTE);

  /**
   * PenstockServer::viewer-joined:
   * @self: the server
   * @viewer: who it is
   *
   * A viewer plays for the first time. In the server's context. Viewers by RTMP
   * and HTTP are not told.
   *
   * Since: 0.1
   */
  signals[SIGNAL_VIEWER_JOINED] = g_signal_new ("viewer-joined",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 1, PENSTOCK_TYPE_VIEWER);

  /**
   * PenstockServer::viewer-left:
   * @self: the server
   * @viewer: who it was, and how it fared
   *
   * A viewer that had joined is gone. In the server's context.
   *
   * Since: 0.1
   */
  signals[SIGNAL_VIEWER_LEFT] =
      g_signal_new ("viewer-left", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
          0, NULL, NULL, NULL, G_TYPE_NONE, 1, PENSTOCK_TYPE_VIEWER);

  /**
   * PenstockServer::stopped:
   * @self: the server
   *
   * Every route is down and every port closed.
   *
   * Since: 0.1
   */
  signals[SIGNAL_STOPPED] = g_signal_new ("stopped", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
penstock_server_init (PenstockServer *self)
{
  self->routes =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->expiring = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) destroy_source);
}
