/* SPDX-License-Identifier: MIT
 *
 * A route: one supervised input, one channel, any number of outputs. */

#include "penstock-route.h"

#include "config-structs.h"
#include "log.h"
#include "penstock-config.h"
#include "route-private.h"

/* A running output and what the status says of one that could not start. */
typedef struct {
  const PenstockOutputType *type;
  const PenstockOutputConfig *config;
  GPtrArray *routes;      /* owned: keeps config */
  PenstockOutput *output; /* NULL: failed */
  gchar *reason;
} RouteOutput;

struct _PenstockRoute {
  GObject parent;

  gchar *name;
  const PenstockRouteConfig *config;
  GPtrArray *routes; /* owned: keeps config */
  PenstockRouteServices services;
  GMainContext *context; /* control */

  PenstockChannel *channel;
  PenstockGopLogLimits cache;
  gulong channel_handler;
  PenstockSupervisor *supervisor;
  GPtrArray *input_routes; /* owned: keeps the supervisor's configuration */
  gboolean replaces_input; /* the supervisor stops to make place for another */
  GPtrArray *outputs;      /* of RouteOutput */
  PenstockRouteState state;
};

G_DEFINE_FINAL_TYPE (PenstockRoute, penstock_route, G_TYPE_OBJECT)

enum { SIGNAL_STATE_CHANGED, SIGNAL_STOPPED, N_SIGNALS };
static guint signals[N_SIGNALS];

GType
penstock_route_state_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_ROUTE_OFFLINE, "PENSTOCK_ROUTE_OFFLINE", "offline" },
    { PENSTOCK_ROUTE_ONLINE, "PENSTOCK_ROUTE_ONLINE", "online" },
    { PENSTOCK_ROUTE_ENDED, "PENSTOCK_ROUTE_ENDED", "ended" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockRouteState", values));
  return type;
}

static const gchar *
state_name (PenstockRouteState state)
{
  static const gchar *const names[] = { "offline", "online", "ended" };

  return names[state];
}

static void
route_output_free (RouteOutput *output)
{
  if (output->output)
    output->type->stop (output->output);
  g_ptr_array_unref (output->routes);
  g_free (output->reason);
  g_free (output);
}

/* --- state -------------------------------------------------------------- */

static gboolean
follow_channel (gpointer user_data)
{
  PenstockRoute *self = user_data;
  /* The enums name the same states. */
  PenstockRouteState state =
      (PenstockRouteState) penstock_channel_get_state (self->channel);

  if (state != self->state) {
    self->state = state;
    penstock_info ("route", "%s route=%s", state_name (state), self->name);
    g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0, state);
  }
  return G_SOURCE_REMOVE;
}

/* Any thread. */
static void
channel_state_changed (
    PenstockChannel *channel, guint state, PenstockRoute *self)
{
  penstock_control_post (
      self->context, follow_channel, g_object_ref (self), g_object_unref);
}

/* --- life --------------------------------------------------------------- */

static void
set_cache_limits (PenstockRoute *self)
{
  self->cache = (PenstockGopLogLimits) PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  self->cache.max_bytes = self->config->cache_max_bytes;
  self->cache.max_time = self->config->cache_max_time_ms * GST_MSECOND;
  self->cache.max_entries = self->config->cache_max_entries;
  penstock_channel_set_limits (self->channel, &self->cache);
}

PenstockRoute *
penstock_route_new (const gchar *name, const PenstockRouteConfig *config,
    GPtrArray *routes, const PenstockRouteServices *services)
{
  PenstockRoute *self = g_object_new (PENSTOCK_TYPE_ROUTE, NULL);

  self->name = g_strdup (name);
  self->config = config;
  self->routes = g_ptr_array_ref (routes);
  self->services = *services;
  self->context = g_main_context_ref_thread_default ();
  self->channel = penstock_channel_get (name);
  set_cache_limits (self);
  self->channel_handler = g_signal_connect (
      self->channel, "state-changed", G_CALLBACK (channel_state_changed), self);
  return self;
}

static PenstockOutputSettings
output_settings (PenstockRoute *self, const PenstockOutputConfig *config)
{
  return (PenstockOutputSettings){
    .route = self->name,
    .config = config,
    .channel = self->channel,
    .cache = self->cache,
    .clock = self->services.clock,
    .base_time = self->services.base_time,
    .rtmp_listen = self->services.rtmp_listen,
    .rtsp = self->services.rtsp,
    .http = self->services.http,
  };
}

static void
start_output (PenstockRoute *self, const PenstockOutputConfig *config)
{
  g_autoptr (GError) error = NULL;
  RouteOutput *output = g_new0 (RouteOutput, 1);
  PenstockOutputSettings settings = output_settings (self, config);

  output->type = penstock_output_type_for (config->kind);
  output->config = config;
  output->routes = g_ptr_array_ref (self->routes);
  output->output = output->type->start (&settings, &error);
  if (!output->output) {
    penstock_error (
        output->type->name, "%s route=%s", error->message, self->name);
    output->reason = g_strdup (error->message);
  }
  g_ptr_array_add (self->outputs, output);
}

static void supervisor_stopped (
    PenstockSupervisor *supervisor, PenstockRoute *self);

static void
start_input (PenstockRoute *self)
{
  PenstockSupervisorSettings settings = {
    .route = self->name,
    .route_config = self->config,
    .type = penstock_input_type_for (self->config->input.kind),
    .rtmp_listen = self->services.rtmp_listen,
    .ports = self->services.ports,
    .clock = self->services.clock,
    .base_time = self->services.base_time,
  };
  self->supervisor = penstock_supervisor_new (&settings);
  self->input_routes = g_ptr_array_ref (self->routes);
  g_signal_connect (
      self->supervisor, "stopped", G_CALLBACK (supervisor_stopped), self);
  penstock_supervisor_start (self->supervisor);
}

static void
drop_input (PenstockRoute *self)
{
  if (self->supervisor)
    g_signal_handlers_disconnect_by_data (self->supervisor, self);
  g_clear_object (&self->supervisor);
  g_clear_pointer (&self->input_routes, g_ptr_array_unref);
}

static void
supervisor_stopped (PenstockSupervisor *supervisor, PenstockRoute *self)
{
  if (!self->replaces_input) {
    g_signal_emit (self, signals[SIGNAL_STOPPED], 0);
    return;
  }
  self->replaces_input = FALSE;
  drop_input (self);
  start_input (self);
}

void
penstock_route_start (PenstockRoute *self)
{
  g_return_if_fail (self->supervisor == NULL);

  for (guint i = 0; i < self->config->outputs->len; i++)
    start_output (self, g_ptr_array_index (self->config->outputs, i));
  start_input (self);
}

/* Whether an output goes on as one of this configuration. */
static gboolean
keep_output (PenstockRoute *self, RouteOutput *output,
    const PenstockOutputConfig *config, gboolean same_cache)
{
  if (!output->output || output->config->kind != config->kind)
    return FALSE;
  if (same_cache && penstock_output_config_equal (output->config, config))
    return TRUE;
  PenstockOutputSettings settings = output_settings (self, config);
  if (!output->type->reconfigure ||
      !output->type->reconfigure (output->output, output->config, &settings))
    return FALSE;
  output->config = config;
  g_ptr_array_unref (output->routes);
  output->routes = g_ptr_array_ref (self->routes);
  return TRUE;
}

/* Takes the output of this configuration out of those there are. */
static RouteOutput *
steal_output (PenstockRoute *self, const PenstockOutputConfig *config,
    gboolean same_cache)
{
  for (guint i = 0; i < self->outputs->len; i++)
    if (keep_output (
            self, g_ptr_array_index (self->outputs, i), config, same_cache))
      return g_ptr_array_steal_index (self->outputs, i);
  return NULL;
}

/* Those that end are gone before others start, which may need their places. */
static void
reconfigure_outputs (PenstockRoute *self, gboolean same_cache)
{
  GPtrArray *wanted = self->config->outputs;
  g_autofree RouteOutput **kept = g_new0 (RouteOutput *, wanted->len);

  for (guint i = 0; i < wanted->len; i++)
    kept[i] = steal_output (self, g_ptr_array_index (wanted, i), same_cache);
  g_ptr_array_set_size (self->outputs, 0);
  for (guint i = 0; i < wanted->len; i++) {
    if (kept[i])
      g_ptr_array_add (self->outputs, kept[i]);
    else
      start_output (self, g_ptr_array_index (wanted, i));
  }
}

gboolean
penstock_route_reconfigure (
    PenstockRoute *self, const PenstockRouteConfig *config, GPtrArray *routes)
{
  const PenstockRouteConfig *before = self->config;
  g_autoptr (GPtrArray) keeps_before = self->routes;
  gboolean same_cache = penstock_route_config_same_cache (before, config);

  self->config = config;
  self->routes = g_ptr_array_ref (routes);
  if (penstock_route_config_equal (before, config))
    return FALSE;
  if (!same_cache)
    set_cache_limits (self);
  reconfigure_outputs (self, same_cache);
  if (!penstock_route_config_same_input (before, config) &&
      !self->replaces_input) {
    self->replaces_input = TRUE;
    penstock_supervisor_stop (self->supervisor);
  }
  return TRUE;
}

void
penstock_route_stop (PenstockRoute *self)
{
  g_ptr_array_set_size (self->outputs, 0);
  self->replaces_input = FALSE;
  if (self->supervisor)
    penstock_supervisor_stop (self->supervisor);
  else
    g_signal_emit (self, signals[SIGNAL_STOPPED], 0);
}

void
penstock_route_restart (PenstockRoute *self)
{
  g_return_if_fail (PENSTOCK_IS_ROUTE (self));

  penstock_info ("route", "input restarts on request route=%s", self->name);
  if (self->supervisor)
    penstock_supervisor_restart (self->supervisor);
}

const gchar *
penstock_route_get_name (PenstockRoute *self)
{
  g_return_val_if_fail (PENSTOCK_IS_ROUTE (self), NULL);

  return self->name;
}

PenstockRouteState
penstock_route_get_state (PenstockRoute *self)
{
  g_return_val_if_fail (PENSTOCK_IS_ROUTE (self), PENSTOCK_ROUTE_OFFLINE);

  return self->state;
}

gboolean
penstock_route_is_from_template (PenstockRoute *self)
{
  return self->config->is_template;
}

gboolean
penstock_route_can_be_published (PenstockRoute *self)
{
  PenstockInputStatus status = { 0 };

  if (!self->supervisor)
    return FALSE;
  penstock_supervisor_get_status (self->supervisor, &status);
  penstock_input_status_clear (&status);
  return status.state != PENSTOCK_INPUT_STATE_BACKOFF &&
      status.state != PENSTOCK_INPUT_STATE_STOPPED &&
      status.state != PENSTOCK_INPUT_STATE_ENDED;
}

guint
penstock_route_get_grace_ms (PenstockRoute *self)
{
  return self->config->publisher_grace_ms;
}

/* --- status ------------------------------------------------------------- */

static void
add_time (JsonBuilder *builder, const gchar *name, gint64 real_us)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_utc (real_us / G_USEC_PER_SEC);
  g_autofree gchar *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");

  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

static void
add_publisher (JsonBuilder *builder, const PenstockInputPublisher *publisher)
{
  const struct {
    const gchar *name, *value;
  } members[] = {
    { "protocol", publisher->protocol },
    { "peer", publisher->peer },
    { "encoder", publisher->encoder },
  };

  json_builder_set_member_name (builder, "publisher");
  json_builder_begin_object (builder);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++) {
    json_builder_set_member_name (builder, members[i].name);
    json_builder_add_string_value (builder, members[i].value);
  }
  json_builder_end_object (builder);
}

static void
add_input (PenstockRoute *self, JsonBuilder *builder)
{
  const PenstockInputConfig *input = &self->config->input;
  PenstockInputStatus status = { 0 };

  json_builder_set_member_name (builder, "input");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "type");
  json_builder_add_string_value (
      builder, penstock_input_type_for (input->kind)->name);
  if (input->url || input->path) {
    g_autofree gchar *masked =
        input->url ? penstock_log_mask_uri (input->url) : NULL;
    json_builder_set_member_name (builder, input->url ? "url" : "path");
    json_builder_add_string_value (builder, masked ? masked : input->path);
  }
  if (self->supervisor) {
    penstock_supervisor_get_status (self->supervisor, &status);
    json_builder_set_member_name (builder, "state");
    json_builder_add_string_value (
        builder, penstock_input_state_to_string (status.state));
    json_builder_set_member_name (builder, "reason");
    if (status.reason)
      json_builder_add_string_value (builder, status.reason);
    else
      json_builder_add_null_value (builder);
    add_time (builder, "since", status.since_us);
    json_builder_set_member_name (builder, "attempts");
    json_builder_add_int_value (builder, status.attempts);
    json_builder_set_member_name (builder, "restarts");
    json_builder_add_int_value (builder, status.restarts);
    if (status.state == PENSTOCK_INPUT_STATE_BACKOFF) {
      json_builder_set_member_name (builder, "retry-in-ms");
      json_builder_add_int_value (builder, status.retry_in_ms);
    }
    if (status.publisher.protocol)
      add_publisher (builder, &status.publisher);
    json_builder_set_member_name (builder, "ignored");
    json_builder_begin_array (builder);
    for (guint i = 0; status.ignored && i < status.ignored->len; i++)
      json_builder_add_string_value (
          builder, g_ptr_array_index (status.ignored, i));
    json_builder_end_array (builder);
    penstock_input_status_clear (&status);
  }
  json_builder_end_object (builder);
}

static void
add_outputs (PenstockRoute *self, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "outputs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->outputs->len; i++) {
    RouteOutput *output = g_ptr_array_index (self->outputs, i);
    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "type");
    json_builder_add_string_value (builder, output->type->name);
    if (output->output) {
      output->type->add_status (output->output, builder);
    } else {
      json_builder_set_member_name (builder, "reason");
      json_builder_add_string_value (builder, output->reason);
    }
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

void
penstock_route_add_status (PenstockRoute *self, JsonBuilder *builder)
{
  PenstockChannelStats stats;

  penstock_channel_get_stats (self->channel, &stats);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, self->name);
  if (self->config->is_template) {
    json_builder_set_member_name (builder, "template");
    json_builder_add_string_value (builder, self->config->name);
  }
  json_builder_set_member_name (builder, "state");
  json_builder_add_string_value (builder, state_name (self->state));
  add_time (builder, "since",
      penstock_channel_to_wall_clock (self->channel, stats.since) /
          GST_USECOND);
  add_input (self, builder);
  penstock_status_add_tracks (builder, self->channel, &stats);

  json_builder_set_member_name (builder, "gop-cache");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "bytes");
  json_builder_add_int_value (builder, stats.log.bytes);
  json_builder_set_member_name (builder, "duration-ms");
  json_builder_add_int_value (builder, stats.log.duration / GST_MSECOND);
  json_builder_set_member_name (builder, "ready");
  json_builder_add_boolean_value (builder, stats.log.has_keyframe);
  json_builder_set_member_name (builder, "given-up");
  json_builder_add_int_value (builder, stats.log.gops_given_up);
  json_builder_set_member_name (builder, "cursors");
  json_builder_add_int_value (builder, stats.n_readers);
  json_builder_end_object (builder);
  add_outputs (self, builder);
  json_builder_end_object (builder);
}

/* --- object ------------------------------------------------------------- */

static void
penstock_route_finalize (GObject *object)
{
  PenstockRoute *self = PENSTOCK_ROUTE (object);

  g_ptr_array_unref (self->outputs);
  drop_input (self);
  g_clear_pointer (&self->routes, g_ptr_array_unref);
  if (self->channel)
    g_clear_signal_handler (&self->channel_handler, self->channel);
  g_clear_object (&self->channel);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self->name);
  G_OBJECT_CLASS (penstock_route_parent_class)->finalize (object);
}

static void
penstock_route_class_init (PenstockRouteClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_route_finalize;

  /**
   * PenstockRoute::state-changed:
   * @self: the route
   * @state: the new state
   *
   * Media begins or stops to flow. In the server's context.
   *
   * Since: 0.1
   */
  signals[SIGNAL_STATE_CHANGED] = g_signal_new ("state-changed",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 1, PENSTOCK_TYPE_ROUTE_STATE);

  /**
   * PenstockRoute::stopped:
   * @self: the route
   *
   * Nothing of the route is left running.
   *
   * Since: 0.1
   */
  signals[SIGNAL_STOPPED] = g_signal_new ("stopped", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
penstock_route_init (PenstockRoute *self)
{
  self->outputs =
      g_ptr_array_new_with_free_func ((GDestroyNotify) route_output_free);
}
