/* SPDX-License-Identifier: MIT
 *
 * /status.json: the listeners, who is connected, the routes. */

#include "dash/segment-budget.h"
#include "server-private.h"

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

/* The segments of all DASH outputs. */
static void
add_dash (PenstockServer *self, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "dash");
  json_builder_begin_object (builder);
  add_int (builder, "memory-bytes", segment_budget_get_bytes ());
  add_int (builder, "max-memory-bytes", segment_budget_get_limit ());
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
  add_dash (self, builder);
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

GBytes *
penstock_server_status_bytes (gpointer user_data)
{
  gchar *text = penstock_server_get_status (user_data);

  return g_bytes_new_take (text, strlen (text));
}
