/* SPDX-License-Identifier: MIT
 *
 * The table of RTP payload formats, and the bin made from it. See
 * rtsp-payload.h. */

#include "rtsp-payload.h"

#include "../log.h"
#include "../penstock-error.h"
#include "rtp-feed.h"

/* First dynamic payload type (RFC 3551, 6). */
#define FIRST_DYNAMIC_PT 96
/* RFC 2435, 3.1: width and height are sent in units of 8 pixels, in a byte. */
#define JPEG_MAX_PIXELS 2040

/* The queues hold no more than the channel's log does by default; what they
 * hold is shared with it. They separate the tracks while the media prerolls. */
#define QUEUE_LIMITS                                                           \
  "max-size-buffers=0 max-size-bytes=67108864 max-size-time=30000000000"

typedef struct {
  const gchar *caps;   /* canonical format */
  const gchar *parser; /* before the payloader, with " ! "; may be empty */
  const gchar *payloader;
  const gchar *options; /* of the payloader */
  gint pt;              /* static payload type (RFC 3551, 6); -1 dynamic */
} PayloadFormat;

/* Parameter sets are put before each keyframe by the parser: the payloader
 * would put them before each slice of it. */
static const PayloadFormat formats[] = {
  { "video/x-h264", "h264parse config-interval=-1 ! ", "rtph264pay",
      "config-interval=0", -1 },
  { "video/x-h265", "h265parse config-interval=-1 ! ", "rtph265pay",
      "config-interval=0", -1 },
  { "video/x-vp8", "", "rtpvp8pay", "", -1 },
  { "video/x-vp9", "", "rtpvp9pay", "", -1 },
  { "image/jpeg", "", "rtpjpegpay", "", 26 },
  { "audio/mpeg, mpegversion=(int)4", "", "rtpmp4gpay", "", -1 },
  { "audio/mpeg, mpegversion=(int)1", "", "rtpmpapay", "", 14 },
  { "audio/x-opus", "", "rtpopuspay", "", -1 },
  { "audio/x-alaw", "", "rtppcmapay", "", 8 },
  { "audio/x-mulaw", "", "rtppcmupay", "", 0 },
  { "audio/G722", "", "rtpg722pay", "", 9 },
  { "audio/x-raw", "audioconvert ! audio/x-raw, format=S16BE ! ", "rtpL16pay",
      "", -1 },
  { "audio/x-ac3", "", "rtpac3pay", "", -1 },
};

static const PayloadFormat *
find_format (const GstCaps *caps)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (GstCaps) accepted = gst_caps_from_string (formats[i].caps);
    if (gst_caps_can_intersect (caps, accepted))
      return &formats[i];
  }
  return NULL;
}

static const gchar *
media_type (const PenstockTrack *track)
{
  return gst_structure_get_name (gst_caps_get_structure (track->caps, 0));
}

gchar *
penstock_rtsp_payload_check (const PenstockTrack *track)
{
  const PayloadFormat *format = find_format (track->caps);

  if (!format)
    return g_strdup_printf (
        "no RTP payloader for %s in this GStreamer", media_type (track));
  g_autoptr (GstElementFactory) factory =
      gst_element_factory_find (format->payloader);
  if (!factory)
    return g_strdup_printf (
        "the GStreamer element %s is not installed", format->payloader);
  if (!*format->parser &&
      !gst_element_factory_can_sink_any_caps (factory, track->caps)) {
    g_autofree gchar *caps = gst_caps_to_string (track->caps);
    return g_strdup_printf ("%s does not take %s", format->payloader, caps);
  }
  if (g_str_equal (format->payloader, "rtpjpegpay")) {
    const GstStructure *s = gst_caps_get_structure (track->caps, 0);
    gint width = 0, height = 0;
    if (!gst_structure_get_int (s, "width", &width) ||
        !gst_structure_get_int (s, "height", &height))
      return g_strdup ("JPEG of unknown size");
    if (width > JPEG_MAX_PIXELS || height > JPEG_MAX_PIXELS)
      return g_strdup_printf ("JPEG over RTP ends at %d pixels, this is %dx%d",
          JPEG_MAX_PIXELS, width, height);
  }
  return NULL;
}

/* The pad of the channel source that will carry the track: the n-th of its
 * kind. */
static gchar *
pad_name (const PenstockLayout *layout, guint index)
{
  PenstockTrackKind kind = layout->tracks[index].kind;
  guint n = 0;

  for (guint i = 0; i < index; i++)
    n += layout->tracks[i].kind == kind;
  return g_strdup_printf (
      kind == PENSTOCK_TRACK_VIDEO ? "video_%u" : "audio_%u", n);
}

static void
append_chain (GString *description, const PenstockLayout *layout, guint index,
    guint stream)
{
  const PayloadFormat *format = find_format (layout->tracks[index].caps);
  g_autofree gchar *name = pad_name (layout, index);
  guint pt = format->pt >= 0 ? (guint) format->pt : FIRST_DYNAMIC_PT + stream;

  /* RTP times follow the access units, not the count of samples: sources lose
   * data and drift. */
  g_string_append_printf (description,
      "queue name=%s " QUEUE_LIMITS
      " ! %s%s name=pay%u pt=%u perfect-rtptime=false %s ",
      name, format->parser, format->payloader, stream, pt, format->options);
}

guint
penstock_rtsp_payload_streams (const PenstockLayout *layout, guint32 *video)
{
  guint n_streams = 0;

  *video = 0;
  for (guint i = 0; i < layout->n_tracks; i++) {
    g_autofree gchar *why = penstock_rtsp_payload_check (&layout->tracks[i]);
    if (why || n_streams == PENSTOCK_RTP_MAX_STREAMS)
      continue;
    if (layout->tracks[i].kind == PENSTOCK_TRACK_VIDEO)
      *video |= 1u << n_streams;
    n_streams++;
  }
  return n_streams;
}

static void
link_pad (GstElement *source, GstPad *pad, GstBin *bin)
{
  g_autoptr (GstElement) queue = gst_bin_get_by_name (bin, GST_PAD_NAME (pad));

  if (!queue)
    return; /* left out, or the layout has changed: the media is replaced */
  g_autoptr (GstPad) sinkpad = gst_element_get_static_pad (queue, "sink");
  if (GST_PAD_LINK_FAILED (gst_pad_link (pad, sinkpad)))
    GST_WARNING_OBJECT (bin, "could not link %s", GST_PAD_NAME (pad));
}

GstElement *
penstock_rtsp_payload_bin (
    const gchar *channel, const PenstockLayout *layout, GError **error)
{
  g_autoptr (GString) description = g_string_new (NULL);
  guint n_streams = 0;

  for (guint i = 0; i < layout->n_tracks; i++) {
    g_autofree gchar *why = penstock_rtsp_payload_check (&layout->tracks[i]);
    if (!why && n_streams < PENSTOCK_RTP_MAX_STREAMS)
      append_chain (description, layout, i, n_streams++);
  }
  if (n_streams == 0) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_NOT_READY,
        "no track of %s can be sent over RTP", channel);
    return NULL;
  }
  GstElement *source =
      gst_element_factory_make ("penstockchannelsrc", "source");
  if (!source) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_MISSING_ELEMENT,
        "the elements of the Penstock plugin are not registered");
    return NULL;
  }
  g_object_set (source, "channel", channel, NULL);

  g_autoptr (GError) parse_error = NULL;
  GstElement *bin = gst_parse_bin_from_description_full (
      description->str, FALSE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &parse_error);
  if (!bin) {
    gst_object_unref (gst_object_ref_sink (source));
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_MISSING_ELEMENT,
        "RTP payloading of %s: %s", channel, parse_error->message);
    return NULL;
  }
  gst_bin_add (GST_BIN (bin), source);
  g_signal_connect (source, "pad-added", G_CALLBACK (link_pad), bin);
  return bin;
}

/* --- comparing ---------------------------------------------------------- */

static gboolean
same_field (const GstStructure *a, const GstStructure *b, const gchar *field)
{
  const GValue *x = gst_structure_get_value (a, field);
  const GValue *y = gst_structure_get_value (b, field);

  if (!x || !y)
    return x == y;
  return gst_value_compare (x, y) == GST_VALUE_EQUAL;
}

static gboolean
same_track (const PenstockTrack *a, const PenstockTrack *b)
{
  const GstStructure *x = gst_caps_get_structure (a->caps, 0);
  const GstStructure *y = gst_caps_get_structure (b->caps, 0);

  if (find_format (a->caps) != find_format (b->caps))
    return FALSE;
  if (a->kind == PENSTOCK_TRACK_VIDEO)
    return TRUE;
  /* The AAC configuration is told in the SDP only. */
  return same_field (x, y, "rate") && same_field (x, y, "channels") &&
      same_field (x, y, "codec_data");
}

static gboolean
carried (const PenstockTrack *track)
{
  g_autofree gchar *why = penstock_rtsp_payload_check (track);

  return why == NULL;
}

PenstockRtspLayoutChange
penstock_rtsp_payload_compare (
    const PenstockLayout *before, const PenstockLayout *after)
{
  PenstockRtspLayoutChange change = PENSTOCK_RTSP_LAYOUT_SAME;

  for (guint i = 0; i < after->n_tracks; i++) {
    const PenstockTrack *track = &after->tracks[i];
    const PenstockTrack *old = penstock_layout_find (before, track->id);
    if (carried (track) && (!old || !carried (old)))
      return PENSTOCK_RTSP_LAYOUT_OTHER;
  }
  for (guint i = 0; i < before->n_tracks; i++) {
    const PenstockTrack *track = &before->tracks[i];
    if (!carried (track))
      continue;
    const PenstockTrack *now = penstock_layout_find (after, track->id);
    if (!now)
      change = PENSTOCK_RTSP_LAYOUT_REDUCED;
    else if (!same_track (track, now))
      return PENSTOCK_RTSP_LAYOUT_OTHER;
  }
  return change;
}
