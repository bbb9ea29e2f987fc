/* SPDX-License-Identifier: MIT
 *
 * Caps of RTMP tracks. See flv-caps.h. */

#include "flv-caps.h"

#include <string.h>

#include <gst/pbutils/pbutils.h>

#include "frame-info.h"

/* Larger than any level allows; a damaged SPS may say so. */
#define MAX_DIMENSION 65535
/* Frames a second above this are a broken VUI. */
#define MAX_FRAMERATE 1000

/* --- Fields --- */

static void
set_size (
    GstCaps *caps, guint width, guint height, const PenstockFlvHints *hints)
{
  if ((width == 0 || height == 0) && hints) {
    width = hints->width;
    height = hints->height;
  }
  if (width > 0 && height > 0 && width <= MAX_DIMENSION &&
      height <= MAX_DIMENSION)
    gst_caps_set_simple (
        caps, "width", G_TYPE_INT, width, "height", G_TYPE_INT, height, NULL);
}

static void
set_framerate (GstCaps *caps, gint num, gint den, const PenstockFlvHints *hints)
{
  if ((num <= 0 || den <= 0) && hints && hints->framerate > 0 &&
      hints->framerate <= MAX_FRAMERATE)
    gst_util_double_to_fraction (hints->framerate, &num, &den);
  if (num > 0 && den > 0 && num / den <= MAX_FRAMERATE)
    gst_caps_set_simple (caps, "framerate", GST_TYPE_FRACTION, num, den, NULL);
}

static void
set_codec_data (GstCaps *caps, GBytes *config)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (config);

  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
}

static void
set_samples (
    GstCaps *caps, guint luma_minus8, guint chroma_minus8, guint chroma_format)
{
  static const gchar *const formats[] = { "4:0:0", "4:2:0", "4:2:2", "4:4:4" };

  if (chroma_format >= G_N_ELEMENTS (formats))
    return;
  gst_caps_set_simple (caps, "chroma-format", G_TYPE_STRING,
      formats[chroma_format], "bit-depth-luma", G_TYPE_UINT, luma_minus8 + 8,
      NULL);
  if (chroma_format > 0)
    gst_caps_set_simple (
        caps, "bit-depth-chroma", G_TYPE_UINT, chroma_minus8 + 8, NULL);
}

static void
set_streamheader (GstCaps *caps, GstBuffer *header)
{
  GValue array = G_VALUE_INIT, value = G_VALUE_INIT;

  g_value_init (&array, GST_TYPE_ARRAY);
  g_value_init (&value, GST_TYPE_BUFFER);
  gst_value_set_buffer (&value, header);
  gst_value_array_append_and_take_value (&array, &value);
  gst_caps_set_value (caps, "streamheader", &array);
  g_value_unset (&array);
}

/* --- Video --- */

static void
set_h264_sps (GstCaps *caps, GBytes *nal, const PenstockFlvHints *hints)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (nal, &size);
  GstH264SPS sps;
  gint num = 0, den = 0;

  if (size >= 4)
    gst_codec_utils_h264_caps_set_level_and_profile (caps, data + 1, size - 1);
  if (!penstock_parse_h264_sps (nal, &sps)) {
    set_size (caps, 0, 0, hints);
    set_framerate (caps, 0, 0, hints);
    return;
  }
  if (sps.frame_cropping_flag)
    set_size (caps, sps.crop_rect_width, sps.crop_rect_height, hints);
  else
    set_size (caps, sps.width, sps.height, hints);
  gst_h264_video_calculate_framerate (&sps, 0, 0, &num, &den);
  set_framerate (caps, num, den, hints);
  if (sps.vui_parameters_present_flag && sps.vui_parameters.par_n > 0 &&
      sps.vui_parameters.par_d > 0)
    gst_caps_set_simple (caps, "pixel-aspect-ratio", GST_TYPE_FRACTION,
        sps.vui_parameters.par_n, sps.vui_parameters.par_d, NULL);
  set_samples (caps, sps.bit_depth_luma_minus8, sps.bit_depth_chroma_minus8,
      sps.chroma_format_idc);
  gst_h264_sps_clear (&sps);
}

static void
set_h265_sps (GstCaps *caps, GBytes *nal, const PenstockFlvHints *hints)
{
  GstH265SPS sps;

  if (!penstock_parse_h265_sps (nal, &sps)) {
    set_size (caps, 0, 0, hints);
    set_framerate (caps, 0, 0, hints);
    return;
  }
  if (sps.conformance_window_flag)
    set_size (caps, sps.crop_rect_width, sps.crop_rect_height, hints);
  else
    set_size (caps, sps.width, sps.height, hints);
  /* The parser's own fps fields stay 0 for progressive video. */
  if (sps.vui_parameters_present_flag &&
      sps.vui_params.timing_info_present_flag)
    set_framerate (caps, MIN (sps.vui_params.time_scale, G_MAXINT),
        MIN (sps.vui_params.num_units_in_tick, G_MAXINT), hints);
  else
    set_framerate (caps, 0, 0, hints);
  if (sps.vui_parameters_present_flag && sps.vui_params.par_n > 0 &&
      sps.vui_params.par_d > 0)
    gst_caps_set_simple (caps, "pixel-aspect-ratio", GST_TYPE_FRACTION,
        sps.vui_params.par_n, sps.vui_params.par_d, NULL);
  set_samples (caps, sps.bit_depth_luma_minus8, sps.bit_depth_chroma_minus8,
      sps.chroma_format_idc);
}

/* H.264 and H.265: the record decides, frames add nothing. */
static GstCaps *
h26x_caps (const PenstockFlvCapsInput *input)
{
  const gboolean hevc = input->codec == PENSTOCK_FLV_CODEC_H265;
  GBytes *sps;
  GstCaps *caps;

  if (!input->config || !input->sets ||
      !penstock_parameter_sets_is_complete (input->sets))
    return NULL;
  sps = penstock_parameter_sets_first (input->sets, PENSTOCK_SET_SPS);
  caps = gst_caps_new_simple (hevc ? "video/x-h265" : "video/x-h264",
      "stream-format", G_TYPE_STRING, hevc ? "hvc1" : "avc", "alignment",
      G_TYPE_STRING, "au", NULL);
  set_codec_data (caps, input->config);
  if (hevc) {
    gsize size;
    const guint8 *record = g_bytes_get_data (input->config, &size);
    const gsize ptl_size = 12;

    if (size > ptl_size)
      gst_codec_utils_h265_caps_set_level_tier_and_profile (
          caps, record + 1, ptl_size);
    set_h265_sps (caps, sps, input->hints);
  } else {
    set_h264_sps (caps, sps, input->hints);
  }
  return caps;
}

static GstCaps *
vpx_caps (const PenstockFlvCapsInput *input)
{
  const gboolean vp9 = input->codec == PENSTOCK_FLV_CODEC_VP9;
  PenstockVideoInfo info;
  GstCaps *caps;

  if (!input->frame ||
      !(vp9 ? penstock_vp9_frame_parse : penstock_vp8_frame_parse) (
          input->frame, input->frame_size, &info) ||
      !info.keyframe)
    return NULL;
  caps = gst_caps_new_empty_simple (vp9 ? "video/x-vp9" : "video/x-vp8");
  if (vp9) {
    const gchar profile[] = { '0' + (info.profile & 3), '\0' };
    gst_caps_set_simple (caps, "profile", G_TYPE_STRING, profile, "alignment",
        G_TYPE_STRING, "super-frame", NULL);
  }
  set_size (caps, info.width, info.height, input->hints);
  set_framerate (caps, 0, 0, input->hints);
  return caps;
}

/* AV1CodecConfigurationRecord (AV1 in ISOBMFF, 2.3): 4 bytes, then OBUs. */
static gboolean
is_av1c (GBytes *config)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (config, &size);

  return size >= 4 && data[0] == 0x81;
}

static GstCaps *
av1_caps (const PenstockFlvCapsInput *input)
{
  static const gchar *const profiles[] = { "main", "high", "professional" };
  PenstockVideoInfo info = { 0 };
  gboolean record = input->config && is_av1c (input->config);
  GstCaps *caps;

  if (input->frame)
    penstock_av1_frame_parse (input->frame, input->frame_size, &info);
  if (info.width == 0 && record) {
    gsize size;
    const guint8 *data = g_bytes_get_data (input->config, &size);
    penstock_av1_frame_parse (data + 4, size - 4, &info);
  }
  /* The size comes with the first keyframe at the latest. */
  if (info.width == 0)
    return NULL;
  caps = gst_caps_new_simple ("video/x-av1", "stream-format", G_TYPE_STRING,
      "obu-stream", "alignment", G_TYPE_STRING, "tu", NULL);
  if (record)
    set_codec_data (caps, input->config);
  if (info.profile < G_N_ELEMENTS (profiles))
    gst_caps_set_simple (
        caps, "profile", G_TYPE_STRING, profiles[info.profile], NULL);
  set_size (caps, info.width, info.height, input->hints);
  set_framerate (caps, 0, 0, input->hints);
  return caps;
}

/* --- Audio --- */

static GstCaps *
aac_caps (const PenstockFlvCapsInput *input)
{
  const PenstockFlvHints *hints = input->hints;
  g_autoptr (GBytes) config = NULL;
  PenstockAudioInfo info;
  const guint8 *data;
  gsize size;
  GstCaps *caps;

  if (input->config) {
    config = g_bytes_ref (input->config);
  } else {
    guint8 made[2];

    /* No configuration at all: the metadata may replace it. */
    if (!input->frame || !hints ||
        !penstock_aac_config_write (
            hints->audio_rate, hints->audio_channels, made))
      return NULL;
    config = g_bytes_new (made, sizeof made);
  }
  data = g_bytes_get_data (config, &size);
  if (!penstock_aac_config_parse (data, size, &info))
    return NULL;

  caps = gst_caps_new_simple ("audio/mpeg", "mpegversion", G_TYPE_INT, 4,
      "framed", G_TYPE_BOOLEAN, TRUE, "stream-format", G_TYPE_STRING, "raw",
      "rate", G_TYPE_INT, info.rate, NULL);
  if (info.channels == 0 && hints)
    info.channels = hints->audio_channels;
  if (info.channels > 0)
    gst_caps_set_simple (caps, "channels", G_TYPE_INT, info.channels, NULL);
  gst_codec_utils_aac_caps_set_level_and_profile (caps, data, size);
  set_codec_data (caps, config);
  return caps;
}

/* RFC 7845, 5.1. */
static gboolean
is_opus_head (const guint8 *data, gsize size)
{
  return size >= 19 && memcmp (data, "OpusHead", 8) == 0 && data[9] > 0 &&
      (data[18] == 0 ? data[9] <= 2 : size >= 21u + data[9]);
}

static GstCaps *
opus_caps (const PenstockFlvCapsInput *input)
{
  if (input->config) {
    gsize size;
    const guint8 *data = g_bytes_get_data (input->config, &size);

    if (is_opus_head (data, size)) {
      g_autoptr (GstBuffer) header =
          gst_buffer_new_wrapped_bytes (input->config);
      GstCaps *caps =
          gst_codec_utils_opus_create_caps_from_header (header, NULL);
      if (caps)
        return caps;
    }
  } else if (!input->frame) {
    return NULL;
  }
  /* No usable header: RFC 6716, the packet itself tells mono or stereo and
   * decoders take either as stereo. */
  return gst_codec_utils_opus_create_caps (48000, 2, 0, 1, 1, NULL);
}

static GstCaps *
flac_caps (const PenstockFlvCapsInput *input)
{
  /* Ogg mapping 1.0 with an unknown number of header packets, the form of
   * "streamheader" (RFC 9639, 10.1), then a last STREAMINFO block header. */
  static const guint8 head[] = { 0x7f, 'F', 'L', 'A', 'C', 1, 0, 0, 0, 'f', 'L',
    'a', 'C', 0x80, 0, 0, PENSTOCK_FLAC_STREAMINFO_SIZE };
  PenstockAudioInfo info;
  const guint8 *data;
  gsize size, offset;
  GstCaps *caps;

  if (!input->config)
    return NULL;
  data = g_bytes_get_data (input->config, &size);
  if (!penstock_flac_config_parse (data, size, &info, &offset))
    return NULL;

  g_autoptr (GstBuffer) header = gst_buffer_new_allocate (
      NULL, sizeof head + PENSTOCK_FLAC_STREAMINFO_SIZE, NULL);
  gst_buffer_fill (header, 0, head, sizeof head);
  gst_buffer_fill (
      header, sizeof head, data + offset, PENSTOCK_FLAC_STREAMINFO_SIZE);
  caps = gst_caps_new_simple ("audio/x-flac", "framed", G_TYPE_BOOLEAN, TRUE,
      "rate", G_TYPE_INT, info.rate, "channels", G_TYPE_INT, info.channels,
      NULL);
  set_streamheader (caps, header);
  return caps;
}

/* Codecs whose frames describe themselves; audio-frames.h has found them. */
static GstCaps *
framed_caps (const PenstockFlvCapsInput *input)
{
  PenstockAudioInfo info = { 0 };
  gboolean ok = FALSE;
  GstCaps *caps;

  if (!input->frame)
    return NULL;
  switch (input->codec) {
  case PENSTOCK_FLV_CODEC_MP3:
    caps = gst_caps_new_simple ("audio/mpeg", "mpegversion", G_TYPE_INT, 1,
        "layer", G_TYPE_INT, 3, "parsed", G_TYPE_BOOLEAN, TRUE, NULL);
    ok = penstock_mp3_frame_parse (input->frame, input->frame_size, &info);
    break;
  case PENSTOCK_FLV_CODEC_AC3:
    caps = gst_caps_new_simple (
        "audio/x-ac3", "framed", G_TYPE_BOOLEAN, TRUE, NULL);
    ok = penstock_ac3_frame_parse (input->frame, input->frame_size, &info);
    break;
  default:
    caps = gst_caps_new_simple (
        "audio/x-eac3", "framed", G_TYPE_BOOLEAN, TRUE, NULL);
    ok = penstock_eac3_frame_parse (input->frame, input->frame_size, &info);
    break;
  }
  if (!ok) {
    gst_caps_unref (caps);
    return NULL;
  }
  gst_caps_set_simple (caps, "rate", G_TYPE_INT, info.rate, "channels",
      G_TYPE_INT, info.channels, NULL);
  return caps;
}

/* G.711 and PCM: the flags tell all; no header can be wrong. */
static GstCaps *
sample_caps (const PenstockFlvCapsInput *input)
{
  const PenstockFlvItem *item = input->item;
  const PenstockFlvHints *hints = input->hints;
  guint rate;
  GstCaps *caps;

  if (!item || item->channels == 0 || item->rate == 0)
    return NULL;
  rate = item->rate;
  if (input->codec == PENSTOCK_FLV_CODEC_PCM) {
    caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
        item->bits == 16 ? "S16LE" : "U8", "layout", G_TYPE_STRING,
        "interleaved", NULL);
    /* "5.5 kHz" is what the two bits can say of any lower rate. */
    if (rate == 5512 && hints && hints->audio_rate > 0)
      rate = hints->audio_rate;
  } else {
    caps = gst_caps_new_empty_simple (input->codec == PENSTOCK_FLV_CODEC_ALAW
            ? "audio/x-alaw"
            : "audio/x-mulaw");
    if (hints && hints->audio_rate > 0)
      rate = hints->audio_rate;
  }
  gst_caps_set_simple (caps, "rate", G_TYPE_INT, rate, "channels", G_TYPE_INT,
      item->channels, NULL);
  return caps;
}

GstCaps *
penstock_flv_caps_new (const PenstockFlvCapsInput *input, gchar **reason)
{
  *reason = NULL;
  switch (input->codec) {
  case PENSTOCK_FLV_CODEC_H264:
  case PENSTOCK_FLV_CODEC_H265:
    return h26x_caps (input);
  case PENSTOCK_FLV_CODEC_AV1:
    return av1_caps (input);
  case PENSTOCK_FLV_CODEC_VP8:
  case PENSTOCK_FLV_CODEC_VP9:
    return vpx_caps (input);
  case PENSTOCK_FLV_CODEC_AAC:
    return aac_caps (input);
  case PENSTOCK_FLV_CODEC_OPUS:
    return opus_caps (input);
  case PENSTOCK_FLV_CODEC_FLAC:
    return flac_caps (input);
  case PENSTOCK_FLV_CODEC_MP3:
  case PENSTOCK_FLV_CODEC_AC3:
  case PENSTOCK_FLV_CODEC_EAC3:
    return framed_caps (input);
  case PENSTOCK_FLV_CODEC_ALAW:
  case PENSTOCK_FLV_CODEC_MULAW:
  case PENSTOCK_FLV_CODEC_PCM:
    return sample_caps (input);
  default:
    *reason = g_strdup_printf (
        "%s is not supported", penstock_flv_codec_get_name (input->codec));
    return NULL;
  }
}

GstClockTime
penstock_flv_audio_duration (
    PenstockFlvCodec codec, const GstCaps *caps, gsize size)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  const guint aac_samples = 1024;
  gint rate = 0, channels = 0;

  if (!gst_structure_get_int (s, "rate", &rate) || rate <= 0)
    return GST_CLOCK_TIME_NONE;
  if (codec == PENSTOCK_FLV_CODEC_AAC)
    return gst_util_uint64_scale (aac_samples, GST_SECOND, rate);
  if (!gst_structure_get_int (s, "channels", &channels) || channels <= 0)
    return GST_CLOCK_TIME_NONE;
  if (codec == PENSTOCK_FLV_CODEC_PCM &&
      g_strcmp0 (gst_structure_get_string (s, "format"), "S16LE") == 0)
    channels *= 2;
  else if (codec != PENSTOCK_FLV_CODEC_ALAW &&
      codec != PENSTOCK_FLV_CODEC_MULAW && codec != PENSTOCK_FLV_CODEC_PCM)
    return GST_CLOCK_TIME_NONE;
  return gst_util_uint64_scale (size, GST_SECOND, (guint64) rate * channels);
}
