/* SPDX-License-Identifier: MIT
 *
 * RTMP output: players of the gateway's RTMP listener play the channel at the
 * route's path. Nothing is encoded: a track that RTMP does not carry is left
 * out and named in the status. */

#include "output-pipeline.h"

#include "../config-url.h"
#include "../log.h"
#include "../penstock-error.h"

struct _PenstockOutput {
  gchar *route;
  gchar *location;
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
rtmp_configure (GstElement *sink, gpointer owner)
{
  PenstockOutput *self = owner;

  g_object_set (sink, "location", self->location, "cache-max-bytes",
      self->cache.max_bytes, "cache-max-time", self->cache.max_time,
      "cache-max-entries", self->cache.max_entries, NULL);
}

static const PenstockOutputPipelineType pipeline_type = {
  .name = "rtmp",
  .element = "penstockrtmpsink",
  .configure = rtmp_configure,
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
  g_free (self->route);
  g_free (self);
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
  PenstockOutput *self = g_new0 (PenstockOutput, 1);
  self->route = g_strdup (settings->route);
  g_autofree gchar *address =
      penstock_listen_address_to_string (settings->rtmp_listen);
  self->location = g_strdup_printf ("rtmp://%s/%s", address, self->route);
  self->cache = settings->cache;
  g_mutex_init (&self->lock);
  self->pipeline =
      penstock_output_pipeline_new (&pipeline_type, settings, self, error);
  if (!self->pipeline) {
    rtmp_stop (self);
    return NULL;
  }
  return self;
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
add_readers (PenstockOutput *self, JsonBuilder *builder)
{
  static const gchar *const counters[] = { "readers-total", "bytes-sent",
    "skips" };
  g_autoptr (GstElement) sink =
      penstock_output_pipeline_dup_sink (self->pipeline);
  g_autoptr (GstStructure) stats = NULL;
  guint readers = 0;

  if (!sink)
    return;
  g_object_get (sink, "stats", &stats, NULL);
  gst_structure_get_uint (stats, "readers", &readers);
  add_number (builder, "readers", readers);
  for (guint i = 0; i < G_N_ELEMENTS (counters); i++) {
    guint64 value = 0;
    gst_structure_get_uint64 (stats, counters[i], &value);
    add_number (builder, counters[i], value);
  }
}

static void
rtmp_add_status (PenstockOutput *self, JsonBuilder *builder)
{
  add_readers (self, builder);
  g_mutex_lock (&self->lock);
  add_text (builder, "video", self->notes[TRUE]);
  add_text (builder, "audio", self->notes[FALSE]);
  g_mutex_unlock (&self->lock);
  add_text (
      builder, "reason", penstock_output_pipeline_get_reason (self->pipeline));
  add_number (builder, "restarts",
      penstock_output_pipeline_get_restarts (self->pipeline));
}

const PenstockOutputType penstock_output_rtmp = {
  .name = "rtmp",
  .start = rtmp_start,
  .stop = rtmp_stop,
  .add_status = rtmp_add_status,
};
