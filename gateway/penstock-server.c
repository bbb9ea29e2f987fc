/* SPDX-License-Identifier: MIT
 *
 * The gateway: the routes of the configuration, and routes made from templates
 * while a publisher lives. One main context, no locks. */

#include "server-private.h"

#include "log.h"
#include "penstock-error.h"

#include "media.h"

/* A route made from a template goes this long after its publisher ended, so
 * that DASH players can finish. */
#define TEMPLATE_LINGER_MS 30000

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

PenstockRoute *
penstock_server_add_route (
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

/* --- lists ----------------------------------------------------------------- */

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

/* --- start and stop ----------------------------------------------------- */

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
    penstock_server_add_route (self, config->name, config);
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
  if (!penstock_server_start_listeners (self, error))
    return FALSE;

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
  penstock_server_stop_listeners (self);
  if (--self->n_stopping == 0)
    finish_stop (self);
}

/* --- reload --------------------------------------------------------------- */

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
  if (!penstock_server_check_same_listeners (self->data, now, error) ||
      !penstock_server_reload_certificate (self, now, error))
    return FALSE;
  take_config (self, config);
  penstock_server_apply_limits (self);
  reload_existing (self, &changed, &removed);
  guint added = start_missing_routes (self);
  penstock_info ("gateway",
      "route map reloaded: %u routes added, %u changed, %u removed", added,
      changed, removed);
  return TRUE;
}

/* --- what the RTSP server says ---------------------------------------------- */

void
penstock_server_viewer_joined (
    PenstockRtspServer *rtsp, PenstockViewer *viewer, PenstockServer *self)
{
  g_signal_emit (self, signals[SIGNAL_VIEWER_JOINED], 0, viewer);
}

void
penstock_server_viewer_left (
    PenstockRtspServer *rtsp, PenstockViewer *viewer, PenstockServer *self)
{
  g_signal_emit (self, signals[SIGNAL_VIEWER_LEFT], 0, viewer);
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
