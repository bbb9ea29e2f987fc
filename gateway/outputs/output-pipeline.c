/* SPDX-License-Identifier: MIT
 *
 * The pipeline of an output. See output-pipeline.h. */

#include "output-pipeline.h"

#include "../log.h"
#include "../penstock-error.h"

/* After an error the pipeline is built again this much later. */
#define REBUILD_MS 2000

#define SINK_NAME "sink"

/* The members up to @pipeline are set once. */
struct _PenstockOutputPipeline {
  const PenstockOutputPipelineType *type;
  gpointer owner;
  gchar *route;
  PenstockChannel *channel;
  GstClock *clock;
  GstClockTime base_time;
  GMainContext *context;

  GstElement *pipeline; /* NULL between an error and the next attempt */
  GSource *bus_source, *rebuild;
  gchar *reason; /* of the last failure */
  guint restarts;
  gulong channel_handler;
  gboolean ended; /* the pipeline got EOS */
  gboolean freed; /* a posted call may still hold a reference */
};

static gboolean build (PenstockOutputPipeline *self, GError **error);

/* --- tracks (streaming thread) ------------------------------------------ */

static void
pad_added (GstElement *source, GstPad *pad, PenstockOutputPipeline *self)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  gboolean video = g_str_has_prefix (GST_PAD_NAME (pad), "video");

  self->type->link (self, pad, video, caps, self->owner);
}

GstBin *
penstock_output_pipeline_get_bin (PenstockOutputPipeline *self)
{
  return GST_BIN (self->pipeline);
}

GstElement *
penstock_output_pipeline_dup_sink (PenstockOutputPipeline *self)
{
  return self->pipeline
      ? gst_bin_get_by_name (GST_BIN (self->pipeline), SINK_NAME)
      : NULL;
}

GstPad *
penstock_output_pipeline_request_pad (
    PenstockOutputPipeline *self, gboolean video, GstCaps *caps)
{
  g_autoptr (GstElement) sink = penstock_output_pipeline_dup_sink (self);
  GstPadTemplate *template =
      gst_element_get_pad_template (sink, video ? "video_%u" : "audio_%u");
  g_autoptr (GstCaps) accepted = gst_pad_template_get_caps (template);

  if (!gst_caps_can_intersect (accepted, caps))
    return NULL;
  return gst_element_request_pad (sink, template, NULL, NULL);
}

void
penstock_output_pipeline_discard (PenstockOutputPipeline *self, GstPad *pad)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (self->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  g_autoptr (GstPad) sinkpad = gst_element_get_static_pad (sink, "sink");
  gst_pad_link (pad, sinkpad);
}

/* --- pipeline ----------------------------------------------------------- */

static void
take_down (PenstockOutputPipeline *self)
{
  if (self->bus_source) {
    g_source_destroy (self->bus_source);
    g_clear_pointer (&self->bus_source, g_source_unref);
  }
  if (self->pipeline)
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_clear_object (&self->pipeline);
}

static gboolean
rebuild (gpointer user_data)
{
  PenstockOutputPipeline *self = user_data;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->rebuild, g_source_unref);
  self->restarts++;
  if (!build (self, &error))
    penstock_error (
        self->type->name, "%s route=%s", error->message, self->route);
  return G_SOURCE_REMOVE;
}

static void
schedule_rebuild (PenstockOutputPipeline *self, guint delay_ms)
{
  if (self->rebuild)
    return;
  self->rebuild = g_timeout_source_new (delay_ms);
  g_source_set_callback (self->rebuild, rebuild, self, NULL);
  g_source_attach (self->rebuild, self->context);
}

static gboolean
bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  PenstockOutputPipeline *self = user_data;
  const gchar *name = self->type->name;

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR: {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *debug = NULL;
    gst_message_parse_error (message, &error, &debug);
    penstock_error (name, "%s (%s) route=%s", error->message,
        debug ? debug : "-", self->route);
    g_free (self->reason);
    self->reason = g_strdup (error->message);
    take_down (self);
    schedule_rebuild (self, REBUILD_MS);
    return G_SOURCE_REMOVE;
  }
  case GST_MESSAGE_WARNING: {
    g_autoptr (GError) error = NULL;
    gst_message_parse_warning (message, &error, NULL);
    penstock_warning (name, "%s route=%s", error->message, self->route);
    break;
  }
  case GST_MESSAGE_INFO: {
    g_autoptr (GError) error = NULL;
    gst_message_parse_info (message, &error, NULL);
    penstock_info (name, "%s route=%s", error->message, self->route);
    break;
  }
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
build (PenstockOutputPipeline *self, GError **error)
{
  GstElement *source =
      gst_element_factory_make ("penstockchannelsrc", "source");
  GstElement *sink = gst_element_factory_make (self->type->element, SINK_NAME);

  if (!source || !sink) {
    g_clear_object (&source);
    g_clear_object (&sink);
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_MISSING_ELEMENT,
        "the elements of the Penstock plugin are not registered");
    return FALSE;
  }
  self->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), self->clock);
  gst_element_set_start_time (self->pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (self->pipeline, self->base_time);
  g_object_set (
      source, "channel", self->route, "send-gaps", self->type->send_gaps, NULL);
  self->type->configure (sink, self->owner);
  gst_bin_add_many (GST_BIN (self->pipeline), source, sink, NULL);
  g_signal_connect (source, "pad-added", G_CALLBACK (pad_added), self);

  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (self->pipeline));
  self->bus_source = gst_bus_create_watch (bus);
  g_source_set_callback (
      self->bus_source, G_SOURCE_FUNC (bus_message), self, NULL);
  g_source_attach (self->bus_source, self->context);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  return TRUE;
}

/* --- channel ------------------------------------------------------------ */

static void
pipeline_free (gpointer data)
{
  PenstockOutputPipeline *self = data;

  g_clear_object (&self->channel);
  g_clear_object (&self->clock);
  g_main_context_unref (self->context);
  g_free (self->reason);
  g_free (self->route);
}

static void
pipeline_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, pipeline_free);
}

/* A channel that has ended sent EOS down the pipeline; when it opens again the
 * pipeline is built anew. */
static gboolean
follow_channel (gpointer user_data)
{
  PenstockOutputPipeline *self = user_data;

  if (self->freed)
    return G_SOURCE_REMOVE;
  switch (penstock_channel_get_state (self->channel)) {
  case PENSTOCK_CHANNEL_ENDED:
    self->ended = TRUE;
    break;
  case PENSTOCK_CHANNEL_ONLINE:
    if (self->ended) {
      self->ended = FALSE;
      take_down (self);
      schedule_rebuild (self, 0);
    }
    break;
  case PENSTOCK_CHANNEL_OFFLINE:
    break;
  }
  return G_SOURCE_REMOVE;
}

/* Any thread. */
static void
channel_state_changed (
    PenstockChannel *channel, guint state, PenstockOutputPipeline *self)
{
  penstock_control_post (self->context, follow_channel,
      g_atomic_rc_box_acquire (self), pipeline_unref);
}

PenstockOutputPipeline *
penstock_output_pipeline_new (const PenstockOutputPipelineType *type,
    const PenstockOutputSettings *settings, gpointer owner, GError **error)
{
  PenstockOutputPipeline *self = g_atomic_rc_box_new0 (PenstockOutputPipeline);

  self->type = type;
  self->owner = owner;
  self->route = g_strdup (settings->route);
  self->channel = g_object_ref (settings->channel);
  self->clock = gst_object_ref (settings->clock);
  self->base_time = settings->base_time;
  self->context = g_main_context_ref_thread_default ();
  if (!build (self, error)) {
    pipeline_unref (self);
    return NULL;
  }
  self->channel_handler = g_signal_connect (
      self->channel, "state-changed", G_CALLBACK (channel_state_changed), self);
  return self;
}

void
penstock_output_pipeline_free (PenstockOutputPipeline *self)
{
  if (!self)
    return;
  self->freed = TRUE;
  g_clear_signal_handler (&self->channel_handler, self->channel);
  if (self->rebuild) {
    g_source_destroy (self->rebuild);
    g_clear_pointer (&self->rebuild, g_source_unref);
  }
  take_down (self);
  pipeline_unref (self);
}

const gchar *
penstock_output_pipeline_get_reason (PenstockOutputPipeline *self)
{
  return self->reason;
}

guint
penstock_output_pipeline_get_restarts (PenstockOutputPipeline *self)
{
  return self->restarts;
}
