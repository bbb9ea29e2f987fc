/* SPDX-License-Identifier: MIT
 *
 * DASH output: a pipeline of its own that reads the channel and writes a
 * segment store, from which the HTTP server serves. Video is copied; audio that
 * DASH or browsers do not carry is encoded to AAC, once for the route. */

#include "output.h"

#include "audio-encode.h"

#include "../http/http-server.h"
#include "../log.h"
#include "../penstock-error.h"
#include "dash/segment-store.h"

/* After an error of the pipeline it is built again this much later. */
#define REBUILD_MS 2000

struct _PenstockOutput {
  gchar *route;
  const PenstockOutputConfig *config;
  PenstockChannel *channel;
  GstClock *clock;
  GstClockTime base_time;
  PenstockHttpServer *http;
  GMainContext *context;
  PenstockSegmentStore *store; /* kept while the route lives */

  GstElement *pipeline; /* NULL between an error and the next attempt */
  GSource *bus_source, *rebuild;
  gchar *reason; /* of the last failure */
  guint restarts;
  gulong channel_handler;
  gboolean ended;   /* the pipeline got EOS */
  gboolean stopped; /* a posted call may still hold a reference */

  GMutex lock; /* guards what the streaming thread tells the status */
  gchar *audio_note;
  gchar *video_note;
};

static gboolean build (PenstockOutput *self, GError **error);

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
discard (PenstockOutput *self, GstPad *pad)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (self->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  g_autoptr (GstPad) sinkpad = gst_element_get_static_pad (sink, "sink");
  gst_pad_link (pad, sinkpad);
}

/* A request pad of the DASH sink for @kind that takes @caps, or NULL. */
static GstPad *
request_sink_pad (PenstockOutput *self, const gchar *kind, GstCaps *caps)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (self->pipeline), "dash");
  g_autofree gchar *template_name = g_strdup_printf ("%s_%%u", kind);
  GstPadTemplate *template = gst_element_get_pad_template (sink, template_name);
  g_autoptr (GstCaps) accepted = gst_pad_template_get_caps (template);

  if (!gst_caps_can_intersect (accepted, caps))
    return NULL;
  return gst_element_request_pad (sink, template, NULL, NULL);
}

static void
link_video (PenstockOutput *self, GstPad *pad, GstCaps *caps)
{
  g_autoptr (GstPad) sinkpad = request_sink_pad (self, "video", caps);

  if (!sinkpad) {
    const gchar *name =
        gst_structure_get_name (gst_caps_get_structure (caps, 0));
    penstock_warning (
        "dash", "video %s is not carried by DASH route=%s", name, self->route);
    set_note (self, &self->video_note,
        g_strdup_printf ("left out: DASH does not carry %s", name));
    discard (self, pad);
    return;
  }
  set_note (self, &self->video_note, g_strdup ("copied"));
  gst_pad_link (pad, sinkpad);
}

static gboolean
link_encoded (PenstockOutput *self, GstPad *pad, GstCaps *caps)
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
  gst_bin_add (GST_BIN (self->pipeline), encoder);
  g_autoptr (GstPad) in = gst_element_get_static_pad (encoder, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (encoder, "src");
  g_autoptr (GstCaps) aac = gst_caps_from_string (PENSTOCK_AUDIO_ENCODE_CAPS);
  g_autoptr (GstPad) sinkpad = request_sink_pad (self, "audio", aac);
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
link_audio (PenstockOutput *self, GstPad *pad, GstCaps *caps)
{
  PenstockDashAudio mode = self->config->audio;
  g_autoptr (GstCaps) aac = gst_caps_from_string (PENSTOCK_AUDIO_ENCODE_CAPS);
  gboolean is_aac = gst_caps_can_intersect (caps, aac);

  if (mode == PENSTOCK_DASH_AUDIO_NONE) {
    set_note (self, &self->audio_note, g_strdup ("left out: audio is none"));
    discard (self, pad);
    return;
  }
  gboolean copy = is_aac || mode == PENSTOCK_DASH_AUDIO_COPY ||
      (mode == PENSTOCK_DASH_AUDIO_AUTO && browser_plays (caps));
  g_autoptr (GstPad) sinkpad =
      copy ? request_sink_pad (self, "audio", caps) : NULL;
  if (sinkpad) {
    set_note (self, &self->audio_note, g_strdup ("copied"));
    gst_pad_link (pad, sinkpad);
  } else if (mode == PENSTOCK_DASH_AUDIO_COPY) {
    set_note (self, &self->audio_note,
        g_strdup_printf ("left out: DASH does not carry %s",
            gst_structure_get_name (gst_caps_get_structure (caps, 0))));
    discard (self, pad);
  } else if (!link_encoded (self, pad, caps)) {
    discard (self, pad);
  }
}

static void
pad_added (GstElement *source, GstPad *pad, PenstockOutput *self)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  if (g_str_has_prefix (GST_PAD_NAME (pad), "video"))
    link_video (self, pad, caps);
  else
    link_audio (self, pad, caps);
}

/* --- pipeline (control context) ----------------------------------------- */

static void
take_down (PenstockOutput *self)
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
  PenstockOutput *self = user_data;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->rebuild, g_source_unref);
  self->restarts++;
  if (!build (self, &error))
    penstock_error ("dash", "%s route=%s", error->message, self->route);
  return G_SOURCE_REMOVE;
}

static void
schedule_rebuild (PenstockOutput *self, guint delay_ms)
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
  PenstockOutput *self = user_data;

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR: {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *debug = NULL;
    gst_message_parse_error (message, &error, &debug);
    penstock_error ("dash", "%s (%s) route=%s", error->message,
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
    penstock_warning ("dash", "%s route=%s", error->message, self->route);
    break;
  }
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

static void
configure_sink (PenstockOutput *self, GstElement *sink)
{
  g_object_set (sink, "store", self->route, "segment-duration",
      (guint64) self->config->segment_ms * GST_MSECOND, "window",
      (guint64) self->config->window_s * GST_SECOND, "max-bytes",
      self->config->max_bytes, "directory", self->config->directory,
      "utc-timing-url", "/time", "wall-clock",
      penstock_channel_to_wall_clock (self->channel, self->base_time), NULL);
}

static gboolean
build (PenstockOutput *self, GError **error)
{
  GstElement *source =
      gst_element_factory_make ("penstockchannelsrc", "source");
  GstElement *sink = gst_element_factory_make ("penstockdashsink", "dash");

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
  g_object_set (source, "channel", self->route, "send-gaps", TRUE, NULL);
  configure_sink (self, sink);
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

/* --- output ------------------------------------------------------------- */

static void
output_free (gpointer data)
{
  PenstockOutput *self = data;

  g_clear_object (&self->store);
  g_clear_object (&self->channel);
  g_clear_object (&self->http);
  g_clear_object (&self->clock);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self->audio_note);
  g_free (self->video_note);
  g_free (self->reason);
  g_free (self->route);
}

static void
output_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, output_free);
}

/* A channel that has ended sent EOS down the pipeline; when it opens again the
 * pipeline is built anew. The store and its numbering go on. */
static gboolean
follow_channel (gpointer user_data)
{
  PenstockOutput *self = user_data;

  if (self->stopped)
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
    PenstockChannel *channel, guint state, PenstockOutput *self)
{
  penstock_control_post (self->context, follow_channel,
      g_atomic_rc_box_acquire (self), output_unref);
}

static void
dash_stop (PenstockOutput *self)
{
  self->stopped = TRUE;
  g_clear_signal_handler (&self->channel_handler, self->channel);
  if (self->http)
    penstock_http_server_remove_route (self->http, self->route);
  if (self->rebuild) {
    g_source_destroy (self->rebuild);
    g_clear_pointer (&self->rebuild, g_source_unref);
  }
  take_down (self);
  output_unref (self);
}

static PenstockOutput *
dash_start (const PenstockOutputSettings *settings, GError **error)
{
  PenstockOutput *self = g_atomic_rc_box_new0 (PenstockOutput);

  self->route = g_strdup (settings->route);
  self->config = settings->config;
  self->channel = g_object_ref (settings->channel);
  self->clock = gst_object_ref (settings->clock);
  self->base_time = settings->base_time;
  self->http = settings->http ? g_object_ref (settings->http) : NULL;
  self->context = g_main_context_ref_thread_default ();
  self->store = penstock_segment_store_get (self->route);
  g_mutex_init (&self->lock);
  if (!build (self, error)) {
    output_unref (self);
    return NULL;
  }
  self->channel_handler = g_signal_connect (
      self->channel, "state-changed", G_CALLBACK (channel_state_changed), self);
  if (self->http)
    penstock_http_server_add_route (self->http, self->route, self->route);
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
  json_builder_set_member_name (builder, "bytes");
  json_builder_add_int_value (
      builder, penstock_segment_store_get_bytes (self->store));
  g_mutex_lock (&self->lock);
  add_note (builder, "video", self->video_note);
  add_note (builder, "audio", self->audio_note);
  g_mutex_unlock (&self->lock);
  add_note (builder, "reason", self->reason);
  json_builder_set_member_name (builder, "restarts");
  json_builder_add_int_value (builder, self->restarts);
}

const PenstockOutputType penstock_output_dash = {
  .name = "dash",
  .start = dash_start,
  .stop = dash_stop,
  .add_status = dash_add_status,
};
