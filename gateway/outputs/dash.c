/* SPDX-License-Identifier: MIT
 *
 * DASH output: a pipeline of its own that reads the channel and writes a
 * segment store, from which the HTTP server serves. Video is copied; audio that
 * DASH or browsers do not carry is encoded to AAC, once for the route. */

#include "audio-encode.h"
#include "output-pipeline.h"

#include "../http/http-server.h"
#include "../log.h"
#include "dash/segment-store.h"

struct _PenstockOutput {
  gchar *route;
  const PenstockOutputConfig *config;
  GstClockTime wall_clock; /* UTC of running time 0 */
  PenstockHttpServer *http;
  PenstockSegmentStore *store; /* kept while the route lives */
  PenstockOutputPipeline *pipeline;

  GMutex lock; /* guards what the streaming thread tells the status */
  gchar *audio_note;
  gchar *video_note;
};

/* --- pads (streaming thread) -------------------------------------------- */

static void
set_note (PenstockOutput *self, gchar **note, gchar *text)
{
  g_mutex_lock (&self->lock);
  g_free (*note);
  *note = text;
  g_mutex_unlock (&self->lock);
}

static void
link_video (PenstockOutput *self, PenstockOutputPipeline *pipeline, GstPad *pad,
    GstCaps *caps)
{
  g_autoptr (GstPad) sinkpad =
      penstock_output_pipeline_request_pad (pipeline, TRUE, caps);

  if (!sinkpad) {
    const gchar *name =
        gst_structure_get_name (gst_caps_get_structure (caps, 0));
    penstock_warning (
        "dash", "video %s is not carried by DASH route=%s", name, self->route);
    set_note (self, &self->video_note,
        g_strdup_printf ("left out: DASH does not carry %s", name));
    penstock_output_pipeline_discard (pipeline, pad);
    return;
  }
  set_note (self, &self->video_note, g_strdup ("copied"));
  gst_pad_link (pad, sinkpad);
}

static gboolean
link_encoded (PenstockOutput *self, PenstockOutputPipeline *pipeline,
    GstPad *pad, GstCaps *caps)
{
  g_autoptr (GError) error = NULL;
  GstElement *encoder = penstock_audio_encode_new (
      caps, self->config->audio_bitrate_kbps, &error);

  if (!encoder) {
    penstock_warning (
        "dash", "audio left out: %s route=%s", error->message, self->route);
    set_note (self, &self->audio_note,
        g_strdup_printf ("left out: %s", error->message));
    return FALSE;
  }
  gst_bin_add (penstock_output_pipeline_get_bin (pipeline), encoder);
  g_autoptr (GstPad) in = gst_element_get_static_pad (encoder, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (encoder, "src");
  g_autoptr (GstCaps) aac = gst_caps_from_string (PENSTOCK_AUDIO_ENCODE_CAPS);
  g_autoptr (GstPad) sinkpad =
      penstock_output_pipeline_request_pad (pipeline, FALSE, aac);
  gst_pad_link (out, sinkpad);
  gst_pad_link (pad, in);
  gst_element_sync_state_with_parent (encoder);
  const gchar *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  penstock_info (
      "dash", "audio %s is encoded to AAC route=%s", name, self->route);
  set_note (self, &self->audio_note,
      g_strdup_printf ("encoded to AAC (%u kbit/s) from %s",
          self->config->audio_bitrate_kbps, name));
  return TRUE;
}

/* What browsers play in fragmented MP4. */
static gboolean
browser_plays (GstCaps *caps)
{
  static const gchar *const playable[] = {
    "audio/mpeg, mpegversion=(int)4",
    "audio/x-opus",
    "audio/x-flac",
  };

  for (guint i = 0; i < G_N_ELEMENTS (playable); i++) {
    g_autoptr (GstCaps) known = gst_caps_from_string (playable[i]);
    if (gst_caps_can_intersect (caps, known))
      return TRUE;
  }
  return FALSE;
}

static void
link_audio (PenstockOutput *self, PenstockOutputPipeline *pipeline, GstPad *pad,
    GstCaps *caps)
{
  PenstockDashAudio mode = self->config->audio;
  g_autoptr (GstCaps) aac = gst_caps_from_string (PENSTOCK_AUDIO_ENCODE_CAPS);
  gboolean is_aac = gst_caps_can_intersect (caps, aac);

  if (mode == PENSTOCK_DASH_AUDIO_NONE) {
    set_note (self, &self->audio_note, g_strdup ("left out: audio is none"));
    penstock_output_pipeline_discard (pipeline, pad);
    return;
  }
  gboolean copy = is_aac || mode == PENSTOCK_DASH_AUDIO_COPY ||
      (mode == PENSTOCK_DASH_AUDIO_AUTO && browser_plays (caps));
  g_autoptr (GstPad) sinkpad = copy
      ? penstock_output_pipeline_request_pad (pipeline, FALSE, caps)
      : NULL;
  if (sinkpad) {
    set_note (self, &self->audio_note, g_strdup ("copied"));
    gst_pad_link (pad, sinkpad);
  } else if (mode == PENSTOCK_DASH_AUDIO_COPY) {
    set_note (self, &self->audio_note,
        g_strdup_printf ("left out: DASH does not carry %s",
            gst_structure_get_name (gst_caps_get_structure (caps, 0))));
    penstock_output_pipeline_discard (pipeline, pad);
  } else if (!link_encoded (self, pipeline, pad, caps)) {
    penstock_output_pipeline_discard (pipeline, pad);
  }
}

static void
dash_link (PenstockOutputPipeline *pipeline, GstPad *pad, gboolean video,
    GstCaps *caps, gpointer owner)
{
  if (video)
    link_video (owner, pipeline, pad, caps);
  else
    link_audio (owner, pipeline, pad, caps);
}

/* --- output ------------------------------------------------------------- */

static void
dash_configure (GstElement *sink, gpointer owner)
{
  PenstockOutput *self = owner;

  g_object_set (sink, "store", self->route, "segment-duration",
      (guint64) self->config->segment_ms * GST_MSECOND, "window",
      (guint64) self->config->window_s * GST_SECOND, "retention",
      (guint64) self->config->retain_s * GST_SECOND, "max-bytes",
      self->config->max_bytes, "directory", self->config->directory,
      "addressing", self->config->addressing, "low-latency",
      self->config->low_latency, "chunk-duration",
      (guint64) self->config->chunk_ms * GST_MSECOND, "latency",
      (guint64) self->config->latency_ms * GST_MSECOND, "hls",
      self->config->hls, "utc-timing-url", "/time", "wall-clock",
      self->wall_clock, NULL);
}

static const PenstockOutputPipelineType pipeline_type = {
  .name = "dash",
  .element = "penstockdashsink",
  .send_gaps = TRUE,
  .configure = dash_configure,
  .link = dash_link,
};

/* The store and its numbering go on when the pipeline is built anew. */
static void
dash_stop (PenstockOutput *self)
{
  if (self->http)
    penstock_http_server_remove_route (self->http, self->route);
  penstock_output_pipeline_free (self->pipeline);
  g_clear_object (&self->store);
  g_clear_object (&self->http);
  g_mutex_clear (&self->lock);
  g_free (self->audio_note);
  g_free (self->video_note);
  g_free (self->route);
  g_free (self);
}

static PenstockOutput *
dash_start (const PenstockOutputSettings *settings, GError **error)
{
  PenstockOutput *self = g_new0 (PenstockOutput, 1);

  self->route = g_strdup (settings->route);
  self->config = settings->config;
  self->wall_clock =
      penstock_channel_to_wall_clock (settings->channel, settings->base_time);
  self->store = penstock_segment_store_get (self->route);
  g_mutex_init (&self->lock);
  self->pipeline =
      penstock_output_pipeline_new (&pipeline_type, settings, self, error);
  if (!self->pipeline) {
    dash_stop (self);
    return NULL;
  }
  if (settings->http) {
    self->http = g_object_ref (settings->http);
    penstock_http_server_add_route (self->http, self->route, self->route);
  }
  return self;
}

static void
add_note (JsonBuilder *builder, const gchar *name, const gchar *note)
{
  if (!note)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, note);
}

static void
dash_add_status (PenstockOutput *self, JsonBuilder *builder)
{
  g_autofree gchar *manifest =
      g_strdup_printf ("/%s/manifest.mpd", self->route);

  json_builder_set_member_name (builder, "manifest");
  json_builder_add_string_value (builder, manifest);
  if (self->config->hls) {
    g_autofree gchar *playlist =
        g_strdup_printf ("/%s/master.m3u8", self->route);

    json_builder_set_member_name (builder, "playlist");
    json_builder_add_string_value (builder, playlist);
  }
  json_builder_set_member_name (builder, "readers");
  json_builder_add_int_value (builder,
      self->http ? penstock_http_server_count_viewers (self->http, self->route)
                 : 0);
  json_builder_set_member_name (builder, "bytes");
  json_builder_add_int_value (
      builder, penstock_segment_store_get_bytes (self->store));
  g_mutex_lock (&self->lock);
  add_note (builder, "video", self->video_note);
  add_note (builder, "audio", self->audio_note);
  g_mutex_unlock (&self->lock);
  add_note (
      builder, "reason", penstock_output_pipeline_get_reason (self->pipeline));
  json_builder_set_member_name (builder, "restarts");
  json_builder_add_int_value (
      builder, penstock_output_pipeline_get_restarts (self->pipeline));
}

const PenstockOutputType penstock_output_dash = {
  .name = "dash",
  .start = dash_start,
  .stop = dash_stop,
  .add_status = dash_add_status,
};
