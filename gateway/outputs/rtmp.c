/* SPDX-License-Identifier: MIT
 *
 * The two RTMP outputs. `rtmp`: players of the gateway's RTMP listener play the
 * channel at the route's path. `rtmp-push`: it is published to another server.
 * Nothing is encoded: a track that RTMP does not carry is left out and named in
 * the status. */

#include "output-pipeline.h"

#include "../config-url.h"
#include "../log.h"
#include "../penstock-error.h"

struct _PenstockOutput {
  gchar *route;
  gchar *location; /* of a push: has the stream key */
  gchar *user, *password, *tls_ca_file;
  gboolean tls_verify;
  guint merge_window_ms, max_viewers; /* of rtmp */
  guint connect_timeout_ms, retry_max_ms;
  PenstockGopLogLimits cache;
  PenstockOutputPipeline *pipeline;

  GMutex lock;     /* guards the rest */
  gchar *notes[2]; /* audio, video: why it is left out; NULL = served */
};

/* --- tracks (streaming thread) -------------------------------------------- */

static void
leave_out (PenstockOutput *self, gboolean video, gchar *why)
{
  penstock_warning ("rtmp", "%s left out: %s route=%s",
      video ? "video" : "audio", why, self->route);
  g_mutex_lock (&self->lock);
  g_free (self->notes[video]);
  self->notes[video] = why;
  g_mutex_unlock (&self->lock);
}

static void
rtmp_link (PenstockOutputPipeline *pipeline, GstPad *pad, gboolean video,
    GstCaps *caps, gpointer owner)
{
  PenstockOutput *self = owner;
  g_autoptr (GstPad) sinkpad = NULL;

  /* Players know one track of a kind: the first. */
  if (!g_str_has_suffix (GST_PAD_NAME (pad), "_0")) {
    penstock_output_pipeline_discard (pipeline, pad);
    return;
  }
  sinkpad = penstock_output_pipeline_request_pad (pipeline, video, caps);
  if (sinkpad) {
    gst_pad_link (pad, sinkpad);
    return;
  }
  leave_out (self, video,
      g_strdup_printf ("RTMP does not carry %s",
          gst_structure_get_name (gst_caps_get_structure (caps, 0))));
  penstock_output_pipeline_discard (pipeline, pad);
}

/* --- output --------------------------------------------------------------- */

static void
set_cache (GstElement *sink, PenstockOutput *self)
{
  g_object_set (sink, "location", self->location, "cache-max-bytes",
      self->cache.max_bytes, "cache-max-time", self->cache.max_time,
      "cache-max-entries", self->cache.max_entries, NULL);
}

static void
rtmp_configure (GstElement *sink, gpointer owner)
{
  PenstockOutput *self = owner;

  g_object_set (sink, "merge-window-ms", self->merge_window_ms, "max-viewers",
      self->max_viewers, NULL);
  set_cache (sink, self);
}

static void
push_configure (GstElement *sink, gpointer owner)
{
  PenstockOutput *self = owner;

  gst_util_set_object_arg (G_OBJECT (sink), "mode", "push");
  g_object_set (sink, "user", self->user, "password", self->password,
      "connect-timeout-ms", self->connect_timeout_ms, "retry-max-ms",
      self->retry_max_ms, "tls-verify", self->tls_verify, "tls-ca-file",
      self->tls_ca_file, NULL);
  set_cache (sink, self);
}

static const PenstockOutputPipelineType rtmp_pipeline = {
  .name = "rtmp",
  .element = "penstockrtmpsink",
  .configure = rtmp_configure,
  .link = rtmp_link,
};

static const PenstockOutputPipelineType push_pipeline = {
  .name = "rtmp-push",
  .element = "penstockrtmpsink",
  .configure = push_configure,
  .link = rtmp_link,
};

static void
rtmp_stop (PenstockOutput *self)
{
  penstock_output_pipeline_free (self->pipeline);
  g_mutex_clear (&self->lock);
  g_free (self->notes[FALSE]);
  g_free (self->notes[TRUE]);
  g_free (self->location);
  g_free (self->user);
  g_free (self->password);
  g_free (self->tls_ca_file);
  g_free (self->route);
  g_free (self);
}

static PenstockOutput *
output_new (const PenstockOutputSettings *settings)
{
  PenstockOutput *self = g_new0 (PenstockOutput, 1);

  self->route = g_strdup (settings->route);
  self->cache = settings->cache;
  g_mutex_init (&self->lock);
  return self;
}

/* Takes @self. */
static PenstockOutput *
run (PenstockOutput *self, const PenstockOutputPipelineType *type,
    const PenstockOutputSettings *settings, GError **error)
{
  self->pipeline = penstock_output_pipeline_new (type, settings, self, error);
  if (!self->pipeline)
    g_clear_pointer (&self, rtmp_stop);
  return self;
}

static PenstockOutput *
rtmp_start (const PenstockOutputSettings *settings, GError **error)
{
  if (!settings->rtmp_listen || !settings->rtmp_listen->set) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED,
        "route %s has an RTMP output, but the gateway does not listen for RTMP",
        settings->route);
    return NULL;
  }
  PenstockOutput *self = output_new (settings);
  self->merge_window_ms = settings->config->merge_window_ms;
  self->max_viewers = settings->config->max_viewers;
  g_autofree gchar *address =
      penstock_listen_address_to_string (settings->rtmp_listen);
  self->location = g_strdup_printf ("rtmp%s://%s/%s",
      settings->rtmp_listen->tls ? "s" : "", address, self->route);
  return run (self, &rtmp_pipeline, settings, error);
}

static PenstockOutput *
push_start (const PenstockOutputSettings *settings, GError **error)
{
  const PenstockOutputConfig *config = settings->config;
  PenstockOutput *self = output_new (settings);
  gboolean slash = g_str_has_suffix (config->url, "/");

  self->location = config->key
      ? g_strconcat (config->url, slash ? "" : "/", config->key, NULL)
      : g_strdup (config->url);
  self->user = g_strdup (config->user);
  self->password = g_strdup (config->password);
  self->tls_verify = config->tls_verify;
  self->tls_ca_file = g_strdup (config->tls_ca_file);
  self->connect_timeout_ms = config->connect_timeout_ms;
  self->retry_max_ms = config->retry_max_ms;
  return run (self, &push_pipeline, settings, error);
}

/* --- status --------------------------------------------------------------- */

static void
add_number (JsonBuilder *builder, const gchar *name, guint64 number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, number);
}

static void
add_text (JsonBuilder *builder, const gchar *name, const gchar *text)
{
  if (!text)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

static void
add_counters (
    JsonBuilder *builder, const GstStructure *stats, const gchar *const *names)
{
  for (; *names; names++) {
    guint64 value = 0;
    gst_structure_get_uint64 (stats, *names, &value);
    add_number (builder, *names, value);
  }
}

/* (transfer full) (nullable): of the sink now. */
static GstStructure *
dup_stats (PenstockOutput *self)
{
  g_autoptr (GstElement) sink =
      penstock_output_pipeline_dup_sink (self->pipeline);
  GstStructure *stats = NULL;

  if (sink)
    g_object_get (sink, "stats", &stats, NULL);
  return stats;
}

/* What both outputs tell at the end. @reason: (nullable) */
static void
add_rest (PenstockOutput *self, JsonBuilder *builder, const gchar *reason)
{
  g_mutex_lock (&self->lock);
  add_text (builder, "video", self->notes[TRUE]);
  add_text (builder, "audio", self->notes[FALSE]);
  g_mutex_unlock (&self->lock);
  add_text (builder, "reason", reason);
  add_number (builder, "restarts",
      penstock_output_pipeline_get_restarts (self->pipeline));
}

static void
rtmp_add_status (PenstockOutput *self, JsonBuilder *builder)
{
  static const gchar *const counters[] = { "readers-total", "bytes-sent",
    "skips", NULL };
  g_autoptr (GstStructure) stats = dup_stats (self);
  guint readers = 0;

  if (stats) {
    gst_structure_get_uint (stats, "readers", &readers);
    add_number (builder, "readers", readers);
    add_counters (builder, stats, counters);
  }
  add_rest (
      self, builder, penstock_output_pipeline_get_reason (self->pipeline));
}

const PenstockOutputType penstock_output_rtmp = {
  .name = "rtmp",
  .start = rtmp_start,
  .stop = rtmp_stop,
  .add_status = rtmp_add_status,
};

static void
add_since (JsonBuilder *builder, gint64 real_us)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_utc (real_us / G_USEC_PER_SEC);
  g_autofree gchar *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");

  add_text (builder, "since", text);
}

static void
push_add_status (PenstockOutput *self, JsonBuilder *builder)
{
  static const gchar *const counters[] = { "connections", "failures",
    "bytes-sent", "skips", NULL };
  g_autoptr (GstElement) sink =
      penstock_output_pipeline_dup_sink (self->pipeline);
  g_autoptr (GstStructure) stats = dup_stats (self);
  g_autofree gchar *location = NULL;
  const gchar *reason = penstock_output_pipeline_get_reason (self->pipeline);
  gint64 since = 0;

  if (sink)
    g_object_get (sink, "location", &location, NULL); /* without the name */
  add_text (builder, "url", location);
  if (stats) {
    gst_structure_get_int64 (stats, "since", &since);
    add_text (builder, "state", gst_structure_get_string (stats, "state"));
    add_since (builder, since);
    add_counters (builder, stats, counters);
    reason = gst_structure_get_string (stats, "reason");
  }
  add_rest (self, builder, reason);
}

const PenstockOutputType penstock_output_rtmp_push = {
  .name = "rtmp-push",
  .start = push_start,
  .stop = rtmp_stop,
  .add_status = push_add_status,
};
