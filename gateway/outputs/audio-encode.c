/* SPDX-License-Identifier: MIT
 *
 * Decoders by codec, AAC encoders by preference, and the bin that joins them. */

#include "audio-encode.h"

#include "../penstock-error.h"

/* AAC frames of 1024 samples at a rate every decoder knows. */
#define RAW_CAPS                                                               \
  "audio/x-raw, rate=(int){ 48000, 44100, 32000, 16000 }, channels=(int)[1,2]"

static gboolean
exists (const gchar *factory_name)
{
  g_autoptr (GstElementFactory) factory =
      gst_element_factory_find (factory_name);

  return factory != NULL;
}

/* The first of a NULL-terminated list that is installed, or NULL. */
static const gchar *
first_installed (const gchar *const *names)
{
  for (; *names; names++)
    if (exists (*names))
      return *names;
  return NULL;
}

typedef struct {
  const gchar *caps;
  const gchar *decoders[3]; /* by preference; none: raw already */
} Decoding;

static const Decoding decodings[] = {
  { "audio/x-raw", { NULL } },
  { "audio/x-alaw", { "alawdec", "avdec_pcm_alaw", NULL } },
  { "audio/x-mulaw", { "mulawdec", "avdec_pcm_mulaw", NULL } },
  { "audio/G722", { "avdec_g722", NULL } },
  { "audio/x-adpcm", { "avdec_g726", NULL } },
  { "audio/mpeg, mpegversion=(int)1", { "mpg123audiodec", "avdec_mp3", NULL } },
  { "audio/mpeg, mpegversion=(int)4", { "avdec_aac", "fdkaacdec", NULL } },
  { "audio/x-opus", { "opusdec", "avdec_opus", NULL } },
  { "audio/x-flac", { "flacdec", "avdec_flac", NULL } },
  { "audio/x-ac3", { "avdec_ac3", "a52dec", NULL } },
  { "audio/x-eac3", { "avdec_eac3", NULL } },
};

static const Decoding *
find_decoding (const GstCaps *caps)
{
  for (guint i = 0; i < G_N_ELEMENTS (decodings); i++) {
    g_autoptr (GstCaps) known = gst_caps_from_string (decodings[i].caps);
    if (gst_caps_can_intersect (caps, known))
      return &decodings[i];
  }
  return NULL;
}

/* libavcodec's encoder begins with so many samples of silence, and GStreamer's
 * wrapper stamps them with the time of the first real one (1.22). */
#define AVENC_AAC_PRIMING 1024 /* samples */

/* Streaming thread; caps come before the segment that the offset applies to. */
static GstPadProbeReturn
make_up_for_priming (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  GstCaps *caps;
  gint rate;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  if (gst_structure_get_int (gst_caps_get_structure (caps, 0), "rate", &rate) &&
      rate > 0)
    gst_pad_set_offset (pad,
        -(gint64) gst_util_uint64_scale (
            AVENC_AAC_PRIMING, GST_SECOND, (guint) rate));
  return GST_PAD_PROBE_OK;
}

GstElement *
penstock_audio_encode_new (
    const GstCaps *caps, guint bitrate_kbps, GError **error)
{
  static const gchar *const encoders[] = { "avenc_aac", "fdkaacenc", "voaacenc",
    NULL };
  const gchar *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  const Decoding *decoding = find_decoding (caps);

  if (!decoding) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED,
        "%s can neither be copied nor decoded", name);
    return NULL;
  }
  const gchar *decoder = first_installed (decoding->decoders);
  const gchar *encoder = first_installed (encoders);
  if (!encoder || (decoding->decoders[0] && !decoder)) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_MISSING_ELEMENT,
        "no %s for %s is installed (expected %s)",
        encoder ? "decoder" : "AAC encoder", name,
        encoder ? decoding->decoders[0] : encoders[0]);
    return NULL;
  }

  g_autofree gchar *description = g_strdup_printf (
      "%s%saudioconvert ! audioresample ! " RAW_CAPS
      " ! %s name=encoder bitrate=%u ! "
      "aacparse ! capsfilter caps=\"" PENSTOCK_AUDIO_ENCODE_CAPS "\"",
      decoder ? decoder : "", decoder ? " ! " : "", encoder,
      bitrate_kbps * 1000);
  GstElement *bin = gst_parse_bin_from_description (description, TRUE, error);
  if (!bin || !g_str_equal (encoder, "avenc_aac"))
    return bin;
  g_autoptr (GstElement) element =
      gst_bin_get_by_name (GST_BIN (bin), "encoder");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      make_up_for_priming, NULL, NULL);
  return bin;
}
