/* SPDX-License-Identifier: MIT
 *
 * What all inputs share: the registry of types, the way from an encoded pad to
 * the channel, and messages to the supervisor. */

#include "input.h"

#include "../penstock-error.h"
#include "input-attempt.h"

const PenstockInputType *
penstock_input_type_for (PenstockInputKind kind)
{
  static const PenstockInputType *const types[] = {
    [PENSTOCK_INPUT_PUBLISH] = &penstock_input_publish,
    [PENSTOCK_INPUT_RTSP] = &penstock_input_rtsp,
    [PENSTOCK_INPUT_RTMP] = &penstock_input_rtmp,
    [PENSTOCK_INPUT_FILE] = &penstock_input_file,
    [PENSTOCK_INPUT_TEST] = &penstock_input_test,
    [PENSTOCK_INPUT_LAUNCH] = &penstock_input_launch,
  };

  g_return_val_if_fail (kind < G_N_ELEMENTS (types), NULL);
  return types[kind];
}

/* --- messages -------------------------------------------------------------- */

void
penstock_input_ignore_track (
    GstElement *element, const gchar *track, const gchar *reason)
{
  GstStructure *s = gst_structure_new ("penstock-track-ignored", "track",
      G_TYPE_STRING, track, "reason", G_TYPE_STRING, reason, NULL);

  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (element), s));
}

void
penstock_input_fail (
    GstElement *element, gboolean permanent, const gchar *reason)
{
  GstStructure *s = gst_structure_new ("penstock-input-failed", "permanent",
      G_TYPE_BOOLEAN, permanent, "reason", G_TYPE_STRING, reason, NULL);

  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (element), s));
}

/* --- parsers --------------------------------------------------------------- */

GstElement *
penstock_input_make_element (const gchar *factory, GError **error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (!element)
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_MISSING_ELEMENT,
        "the GStreamer element %s is not installed", factory);
  return element;
}

/* What a channel carries, and how an encoded stream gets there. */
static const struct {
  const gchar *caps;   /* of the source */
  const gchar *parser; /* NULL: none needed */
  const gchar *format; /* canonical caps after the parser; NULL: as it is */
} carried[] = {
  { "video/x-h264", "h264parse",
      "video/x-h264, stream-format=(string)avc, alignment=(string)au" },
  { "video/x-h265", "h265parse",
      "video/x-h265, stream-format=(string)hvc1, alignment=(string)au" },
  { "video/x-av1", "av1parse",
      "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu" },
  { "video/x-vp9", "vp9parse", "video/x-vp9, alignment=(string)super-frame" },
  { "video/x-vp8", NULL, NULL },
  { "image/jpeg", "jpegparse", NULL },
  { "audio/mpeg, mpegversion=(int){ 2, 4 }, stream-format=(string){ raw, "
    "adts, adif }",
      "aacparse",
      "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "
      "framed=(boolean)true" },
  { "audio/mpeg, mpegversion=(int)1", "mpegaudioparse", NULL },
  { "audio/x-opus", "opusparse", NULL },
  { "audio/x-ac3", "ac3parse", "audio/x-ac3, framed=(boolean)true" },
  { "audio/ac3", "ac3parse", "audio/x-ac3, framed=(boolean)true" },
  { "audio/x-eac3", "ac3parse", "audio/x-eac3, framed=(boolean)true" },
  { "audio/x-flac", "flacparse", NULL },
  { "audio/x-alaw", NULL, NULL },
  { "audio/x-mulaw", NULL, NULL },
  { "audio/G722", NULL, NULL },
  { "audio/x-adpcm, layout=(string)g726", NULL, NULL },
  { "audio/x-raw", NULL, NULL },
};

/* Gives what enters @parse the name that it wants to have when it leaves: with
 * "audio/ac3", which rtpac3depay says, a filter behind the parser makes it
 * refuse what it takes without one. */
static GstElement *
put_before (GstBin *bin, GstElement *parse, const gchar *format)
{
  GstElement *setter = gst_element_factory_make ("capssetter", NULL);
  g_autoptr (GstCaps) like = gst_caps_from_string (format);

  if (!setter)
    return parse;
  const gchar *name = gst_structure_get_name (gst_caps_get_structure (like, 0));
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple (name);
  g_object_set (setter, "caps", caps, "join", FALSE, "replace", TRUE, NULL);
  gst_bin_add (bin, setter);
  gst_element_link (setter, parse);
  return setter;
}

/* A bin of @parser and a filter that makes it produce @format. */
static GstElement *
make_converter (
    const gchar *parser, const gchar *format, gboolean rename, GError **error)
{
  GstElement *parse = penstock_input_make_element (parser, error);

  if (!parse || !format)
    return parse;
  GstElement *bin = gst_bin_new (NULL);
  GstElement *filter = gst_element_factory_make ("capsfilter", NULL);
  g_autoptr (GstCaps) caps = gst_caps_from_string (format);
  g_object_set (filter, "caps", caps, NULL);
  gst_bin_add_many (GST_BIN (bin), parse, filter, NULL);
  gst_element_link (parse, filter);
  GstElement *first =
      rename ? put_before (GST_BIN (bin), parse, format) : parse;
  g_autoptr (GstPad) in = gst_element_get_static_pad (first, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (filter, "src");
  gst_element_add_pad (bin, gst_ghost_pad_new ("sink", in));
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", out));
  return bin;
}

GstElement *
penstock_input_make_parser (const GstCaps *caps, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (carried); i++) {
    g_autoptr (GstCaps) row = gst_caps_from_string (carried[i].caps);
    if (!gst_caps_can_intersect (caps, row))
      continue;
    if (!carried[i].parser)
      return penstock_input_make_element ("identity", error);
    return make_converter (carried[i].parser, carried[i].format,
        g_str_equal (carried[i].caps, "audio/ac3"), error);
  }
  g_autofree gchar *text = gst_caps_to_string (caps);
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  const gchar *format = gst_structure_get_string (s, "stream-format");
  g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED,
      "%s%s%s is not carried", gst_structure_get_name (s), format ? " " : "",
      format ? format : "");
  return NULL;
}

/* --- linking --------------------------------------------------------------- */

void
penstock_input_discard_pad (GstBin *pipeline, GstPad *pad)
{
  GstElement *fakesink = gst_element_factory_make ("fakesink", NULL);

  /* Takes what comes when it comes, and is no part of preroll. */
  g_object_set (fakesink, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add (pipeline, fakesink);
  gst_element_sync_state_with_parent (fakesink);
  g_autoptr (GstPad) target = gst_element_get_static_pad (fakesink, "sink");
  gst_pad_link (pad, target);
}

/* A pad that waits for its caps. */
typedef struct {
  GstBin *pipeline; /* not owned: holds the pad this hangs on */
  GstElement *sink;
  GstPad *sink_pad; /* owned; requested early, so that the channel waits */
} Link;

static void
link_free (Link *link)
{
  gst_object_unref (link->sink_pad);
  g_free (link);
}

static void
mark_kind (Link *link, const GstCaps *caps)
{
  if (!g_str_has_prefix (
          gst_structure_get_name (gst_caps_get_structure (caps, 0)), "audio/"))
    penstock_input_attempt_mark_video (link->sink_pad);
}

/* What our own sources send is canonical already; without a parser they may
 * also change the codec. */
static gboolean
link_as_it_is (Link *link, GstPad *pad, const GstCaps *caps)
{
  g_autoptr (GstElement) source = gst_pad_get_parent_element (pad);
  GstElementFactory *factory = source ? gst_element_get_factory (source) : NULL;

  if (!factory || !g_str_has_prefix (GST_OBJECT_NAME (factory), "penstock"))
    return FALSE;
  mark_kind (link, caps);
  return GST_PAD_LINK_SUCCESSFUL (gst_pad_link (pad, link->sink_pad));
}

static gboolean
link_through_parser (
    Link *link, GstPad *pad, const GstCaps *caps, GError **error)
{
  GstElement *parser = penstock_input_make_parser (caps, error);

  if (!parser)
    return FALSE;
  mark_kind (link, caps);
  gst_bin_add (link->pipeline, parser);
  g_autoptr (GstPad) in = gst_element_get_static_pad (parser, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (parser, "src");
  if (!GST_PAD_LINK_SUCCESSFUL (gst_pad_link (out, link->sink_pad)) ||
      !gst_element_sync_state_with_parent (parser) ||
      !GST_PAD_LINK_SUCCESSFUL (gst_pad_link (pad, in))) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED,
        "%" GST_PTR_FORMAT " does not fit the channel", caps);
    gst_element_set_state (parser, GST_STATE_NULL);
    gst_bin_remove (link->pipeline, parser);
    return FALSE;
  }
  return TRUE;
}

static void
link_with_caps (Link *link, GstPad *pad, const GstCaps *caps)
{
  g_autoptr (GError) error = NULL;

  if (link_as_it_is (link, pad, caps) ||
      link_through_parser (link, pad, caps, &error))
    return;
  gst_element_release_request_pad (link->sink, link->sink_pad);
  g_autofree gchar *name = gst_pad_get_name (pad);
  penstock_input_ignore_track (
      GST_ELEMENT (link->pipeline), name, error->message);
  penstock_input_discard_pad (link->pipeline, pad);
}

static GstPadProbeReturn
wait_for_caps (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  link_with_caps (user_data, pad, caps);
  return GST_PAD_PROBE_REMOVE;
}

void
penstock_input_link_pad (GstBin *pipeline, GstElement *sink, GstPad *pad)
{
  Link *link = g_new0 (Link, 1);

  link->pipeline = pipeline;
  link->sink = sink;
  link->sink_pad = gst_element_request_pad_simple (sink, "sink_%u");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  if (!caps) {
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, wait_for_caps,
        link, (GDestroyNotify) link_free);
    return;
  }
  link_with_caps (link, pad, caps);
  link_free (link);
}
