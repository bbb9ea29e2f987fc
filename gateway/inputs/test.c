/* SPDX-License-Identifier: MIT
 *
 * Input `test`: a moving test pattern and a tone, encoded with what is
 * installed. */

#include "../penstock-error.h"
#include "input.h"

#define AUDIO_BITRATE 128000
#define AUDIO_RATE 48000
/* Quiet enough to leave on. */
#define TONE_VOLUME 0.1

static GstElement *
add (const PenstockInputBuild *input, const gchar *factory, GError **error)
{
  GstElement *element = penstock_input_make_element (factory, error);

  if (element)
    gst_bin_add (input->pipeline, element);
  return element;
}

static GstElement *
add_filter (const PenstockInputBuild *input, GstCaps *caps)
{
  GstElement *filter = gst_element_factory_make ("capsfilter", NULL);

  g_object_set (filter, "caps", caps, NULL);
  gst_caps_unref (caps);
  gst_bin_add (input->pipeline, filter);
  return filter;
}

/* The first of @factories that is installed. */
static GstElement *
add_first (const PenstockInputBuild *input, const gchar *const *factories,
    const gchar *what, GError **error)
{
  for (guint i = 0; factories[i]; i++) {
    GstElement *element = gst_element_factory_make (factories[i], NULL);
    if (!element)
      continue;
    gst_bin_add (input->pipeline, element);
    return element;
  }
  g_autofree gchar *names = g_strjoinv (", ", (gchar **) factories);
  g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_MISSING_ELEMENT,
      "no %s encoder is installed (any of the GStreamer elements %s)", what,
      names);
  return NULL;
}

static gboolean
is_factory (GstElement *element, const gchar *name)
{
  return g_str_equal (
      GST_OBJECT_NAME (gst_element_get_factory (element)), name);
}

static void
set_up_video_encoder (GstElement *encoder, const PenstockInputConfig *config)
{
  guint gop = MAX (1, config->framerate * config->keyframe_interval_ms / 1000);

  if (is_factory (encoder, "x264enc")) {
    /* No keyframes by scene cut: the interval is what was asked for. */
    gst_util_set_object_arg (G_OBJECT (encoder), "tune", "zerolatency");
    gst_util_set_object_arg (G_OBJECT (encoder), "speed-preset", "veryfast");
    g_object_set (encoder, "bitrate", config->bitrate_kbps, "key-int-max", gop,
        "option-string", "scenecut=0", NULL);
  } else if (is_factory (encoder, "openh264enc")) {
    g_object_set (
        encoder, "bitrate", config->bitrate_kbps * 1000, "gop-size", gop, NULL);
  } else {
    g_object_set (encoder, "target-bitrate", (gint) config->bitrate_kbps * 1000,
        "keyframe-max-dist", (gint) gop, "deadline", (gint64) 1, NULL);
  }
}

static GstElement *
add_video_source (const PenstockInputBuild *input, GError **error)
{
  const PenstockInputConfig *config = input->config;
  GstElement *source = add (input, "videotestsrc", error);

  if (!source)
    return NULL;
  g_object_set (source, "is-live", TRUE, NULL);
  if (!config->pattern)
    return source;
  GParamSpec *spec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (source), "pattern");
  if (!g_enum_get_value_by_nick (
          G_PARAM_SPEC_ENUM (spec)->enum_class, config->pattern)) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG,
        "videotestsrc has no pattern \"%s\"", config->pattern);
    return NULL;
  }
  gst_util_set_object_arg (G_OBJECT (source), "pattern", config->pattern);
  return source;
}

static gboolean
build_video (const PenstockInputBuild *input, GError **error)
{
  static const gchar *const encoders[] = { "x264enc", "openh264enc", "vp8enc",
    NULL };
  const PenstockInputConfig *config = input->config;
  GstElement *source = add_video_source (input, error);
  GstElement *encoder =
      source ? add_first (input, encoders, "video", error) : NULL;

  if (!encoder)
    return FALSE;
  set_up_video_encoder (encoder, config);
  GstElement *filter = add_filter (input,
      gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420",
          "width", G_TYPE_INT, (gint) config->width, "height", G_TYPE_INT,
          (gint) config->height, "framerate", GST_TYPE_FRACTION,
          (gint) config->framerate, 1, NULL));
  /* The clock in the picture tells delay at a glance; pango may be missing. */
  GstElement *overlay = gst_element_factory_make ("timeoverlay", NULL);
  GstElement *queue = gst_element_factory_make ("queue", NULL);
  gst_bin_add (input->pipeline, queue);
  if (overlay)
    gst_bin_add (input->pipeline, overlay);
  gboolean linked = overlay
      ? gst_element_link_many (source, filter, overlay, queue, encoder, NULL)
      : gst_element_link_many (source, filter, queue, encoder, NULL);
  if (!linked) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED,
        "%ux%u at %u pictures a second cannot be encoded", config->width,
        config->height, config->framerate);
    return FALSE;
  }
  g_autoptr (GstPad) pad = gst_element_get_static_pad (encoder, "src");
  penstock_input_link_pad (input->pipeline, input->sink, pad);
  return TRUE;
}

static gboolean
build_audio (const PenstockInputBuild *input, GError **error)
{
  static const gchar *const encoders[] = { "fdkaacenc", "avenc_aac", "voaacenc",
    "opusenc", NULL };
  GstElement *source = add (input, "audiotestsrc", error);
  GstElement *convert = source ? add (input, "audioconvert", error) : NULL;
  GstElement *encoder =
      convert ? add_first (input, encoders, "audio", error) : NULL;

  if (!encoder)
    return FALSE;
  g_object_set (source, "is-live", TRUE, "freq",
      (gdouble) input->config->tone_hz, "volume", TONE_VOLUME, NULL);
  g_object_set (encoder, "bitrate", AUDIO_BITRATE, NULL);
  GstElement *filter = add_filter (input,
      gst_caps_new_simple ("audio/x-raw", "rate", G_TYPE_INT, AUDIO_RATE,
          "channels", G_TYPE_INT, 2, NULL));
  if (!gst_element_link_many (source, convert, filter, encoder, NULL)) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED,
        "the tone cannot be encoded");
    return FALSE;
  }
  g_autoptr (GstPad) pad = gst_element_get_static_pad (encoder, "src");
  penstock_input_link_pad (input->pipeline, input->sink, pad);
  return TRUE;
}

static gboolean
build_test (const PenstockInputBuild *input, GError **error)
{
  return (!input->config->video || build_video (input, error)) &&
      (!input->config->audio || build_audio (input, error));
}

const PenstockInputType penstock_input_test = {
  .name = "test",
  .build = build_test,
};
