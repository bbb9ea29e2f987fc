/* SPDX-License-Identifier: MIT
 *
 * From caps to CmafFormat (see cmaf-format.h). One function per codec, one
 * table that names them. */

#include "cmaf-format.h"

#include "cmaf-ac3.h"
#include "cmaf-av1.h"
#include "cmaf-codecs.h"

/* Longest AudioSpecificConfig taken: one with a program config element needs
 * less, and the descriptors around it must stay below 128 bytes. */
#define MAX_AAC_CONFIG 80

#define UNSPECIFIED 2 /* ISO/IEC 23091-2: colour unknown */

/* Names of colours in GStreamer's caps -> ISO/IEC 23091-2. */
static const struct {
  const gchar *name;
  guint8 primaries, transfer, matrix;
} colorimetries[] = {
  { "bt601", 6, 6, 6 },
  { "bt709", 1, 1, 1 },
  { "smpte240m", 7, 7, 7 },
  { "sRGB", 1, 13, 0 },
  { "bt2020", 9, 14, 9 },
  { "bt2020-10", 9, 14, 9 },
  { "bt2100-pq", 9, 16, 9 },
  { "bt2100-hlg", 9, 18, 9 },
};

static gboolean
fail (GError **error, const gchar *codec, const gchar *what)
{
  g_set_error (
      error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "%s: %s", codec, what);
  return FALSE;
}

/* (transfer full) (nullable) */
static GBytes *
buffer_bytes (GstBuffer *buffer)
{
  gpointer data;
  gsize size;

  gst_buffer_extract_dup (buffer, 0, -1, &data, &size);
  return g_bytes_new_take (data, size);
}

static GBytes *
caps_codec_data (const GstStructure *s)
{
  const GValue *value = gst_structure_get_value (s, "codec_data");

  if (!value || !GST_VALUE_HOLDS_BUFFER (value) ||
      !gst_value_get_buffer (value))
    return NULL;
  return buffer_bytes (gst_value_get_buffer (value));
}

/* First header packet of Opus and FLAC. */
static GBytes *
caps_stream_header (const GstStructure *s)
{
  const GValue *array = gst_structure_get_value (s, "streamheader");
  const GValue *value;

  if (!array || !GST_VALUE_HOLDS_ARRAY (array) ||
      gst_value_array_get_size (array) == 0)
    return NULL;
  value = gst_value_array_get_value (array, 0);
  if (!GST_VALUE_HOLDS_BUFFER (value))
    return NULL;
  return buffer_bytes (gst_value_get_buffer (value));
}

static void
read_colour (CmafFormat *format, const GstStructure *s)
{
  const gchar *name = gst_structure_get_string (s, "colorimetry");

  format->colour_primaries = UNSPECIFIED;
  format->transfer = format->matrix = UNSPECIFIED;
  for (guint i = 0; name && i < G_N_ELEMENTS (colorimetries); i++) {
    if (!g_str_equal (colorimetries[i].name, name))
      continue;
    format->colour_primaries = colorimetries[i].primaries;
    format->transfer = colorimetries[i].transfer;
    format->matrix = colorimetries[i].matrix;
    format->full_range = g_str_equal (name, "sRGB");
  }
}

static gboolean
read_video (CmafFormat *format, const GstStructure *s, GError **error)
{
  gint width = 0, height = 0, n = 0, d = 1;

  gst_structure_get_int (s, "width", &width);
  gst_structure_get_int (s, "height", &height);
  if (width <= 0 || height <= 0 || width > G_MAXUINT16 || height > G_MAXUINT16)
    return fail (
        error, gst_structure_get_name (s), "no usable width and height");
  format->width = width;
  format->height = height;

  format->fps_d = 1;
  if (gst_structure_get_fraction (s, "framerate", &n, &d) && n > 0 && d > 0 &&
      n / d < 1000) {
    format->fps_n = n;
    format->fps_d = d;
  }
  format->par_n = format->par_d = 1;
  if (gst_structure_get_fraction (s, "pixel-aspect-ratio", &n, &d) && n > 0 &&
      d > 0) {
    format->par_n = n;
    format->par_d = d;
  }
  read_colour (format, s);
  format->timescale = CMAF_VIDEO_TIMESCALE;
  return TRUE;
}

static gboolean
read_audio (CmafFormat *format, const GstStructure *s)
{
  gint rate = 0, channels = 0;

  gst_structure_get_int (s, "rate", &rate);
  gst_structure_get_int (s, "channels", &channels);
  format->rate = MAX (rate, 0);
  format->channels = MAX (channels, 0);
  format->timescale = format->rate;
  return rate > 0;
}

/* ---- one function a codec ---- */

static gboolean
read_h264 (CmafFormat *format, const GstStructure *s, GError **error)
{
  const gchar *kind = gst_structure_get_string (s, "stream-format");
  const guint8 *data;
  gsize size;

  if (g_strcmp0 (kind, "avc") != 0 && g_strcmp0 (kind, "avc3") != 0)
    return fail (error, "H.264", "stream-format must be avc or avc3");
  format->in_band = g_str_equal (kind, "avc3");
  format->config = caps_codec_data (s);
  if (!format->config)
    return fail (error, "H.264", "codec_data is missing");
  data = g_bytes_get_data (format->config, &size);
  format->codecs =
      cmaf_codecs_h264 (data, size, format->in_band ? "avc3" : "avc1");
  if (!format->codecs)
    return fail (error, "H.264", "codec_data is not an avcC record");
  return TRUE;
}

static gboolean
read_h265 (CmafFormat *format, const GstStructure *s, GError **error)
{
  const gchar *kind = gst_structure_get_string (s, "stream-format");
  const guint8 *data;
  gsize size;

  if (g_strcmp0 (kind, "hvc1") != 0 && g_strcmp0 (kind, "hev1") != 0)
    return fail (error, "H.265", "stream-format must be hvc1 or hev1");
  format->in_band = g_str_equal (kind, "hev1");
  format->config = caps_codec_data (s);
  if (!format->config)
    return fail (error, "H.265", "codec_data is missing");
  data = g_bytes_get_data (format->config, &size);
  format->codecs = cmaf_codecs_h265 (data, size, kind);
  if (!format->codecs)
    return fail (error, "H.265", "codec_data is not an hvcC record");
  return TRUE;
}

static gboolean
read_av1 (CmafFormat *format, const GstStructure *s, GError **error)
{
  const guint8 *data;
  gsize size;

  format->config = caps_codec_data (s);
  if (!format->config) { /* the first keyframe says it */
    format->codecs = g_strdup ("av01");
    return TRUE;
  }
  data = g_bytes_get_data (format->config, &size);
  format->codecs = cmaf_codecs_av1 (data, size);
  if (!format->codecs)
    return fail (error, "AV1", "codec_data is not an av1C record");
  return TRUE;
}

static gboolean
read_vp9 (CmafFormat *format, const GstStructure *s, GError **error)
{
  const gchar *text = gst_structure_get_string (s, "profile");
  const gchar *chroma_name = gst_structure_get_string (s, "chroma-format");
  guint profile = text ? g_ascii_strtoull (text, NULL, 10) : 0;
  guint depth = profile >= 2 ? 10 : 8;
  guint chroma = 1;

  gst_structure_get_uint (s, "bit-depth-luma", &depth);
  if (g_strcmp0 (chroma_name, "4:2:2") == 0)
    chroma = 2;
  else if (g_strcmp0 (chroma_name, "4:4:4") == 0)
    chroma = 3;
  if (profile > 3 || depth < 8 || depth > 12)
    return fail (error, "VP9", "profile or bit depth out of range");
  format->config =
      cmaf_vp9_config (profile, depth, chroma, format->width, format->height,
          format->fps_n ? (gdouble) format->fps_n / format->fps_d : 30,
          format->colour_primaries, format->transfer, format->matrix,
          format->full_range);
  format->codecs = cmaf_codecs_vp9 (g_bytes_get_data (format->config, NULL), 8);
  return TRUE;
}

static gboolean
read_aac (CmafFormat *format, const GstStructure *s, GError **error)
{
  CmafAacConfig config;
  const guint8 *data;
  gsize size;

  format->config = caps_codec_data (s);
  if (!format->config)
    return fail (error, "AAC", "codec_data is missing");
  data = g_bytes_get_data (format->config, &size);
  if (size > MAX_AAC_CONFIG || !cmaf_aac_config_parse (data, size, &config))
    return fail (error, "AAC", "codec_data is not an AudioSpecificConfig");
  format->timescale = config.core_rate;
  format->rate = config.rate;
  if (config.channels)
    format->channels = config.channels;
  format->frame_samples = config.frame_samples;
  format->codecs = g_strdup_printf ("mp4a.40.%u", config.object_type);
  return TRUE;
}

static gboolean
read_mp3 (CmafFormat *format, const GstStructure *s, GError **error)
{
  gint layer = 3, version = 1;

  gst_structure_get_int (s, "layer", &layer);
  gst_structure_get_int (s, "mpegaudioversion", &version);
  if (layer != 3)
    return fail (error, "MPEG audio", "only layer 3 is carried");
  format->frame_samples = version == 1 ? 1152 : 576;
  format->codecs = g_strdup (version == 1 ? "mp4a.6b" : "mp4a.69");
  return TRUE;
}

static gboolean
read_opus (CmafFormat *format, const GstStructure *s, GError **error)
{
  g_autoptr (GBytes) head = caps_stream_header (s);
  const guint8 *data = NULL;
  gsize size = 0;
  gint family = 0;

  if (!head)
    head = caps_codec_data (s);
  if (head)
    data = g_bytes_get_data (head, &size);
  gst_structure_get_int (s, "channel-mapping-family", &family);
  if (!head && family != 0)
    return fail (error, "Opus", "more than two channels need an OpusHead");
  format->config =
      cmaf_opus_config (data, size, format->channels, format->rate);
  if (!format->config)
    return fail (error, "Opus", "broken OpusHead or channels missing");
  format->channels =
      ((const guint8 *) g_bytes_get_data (format->config, NULL))[1];
  format->timescale = format->rate = 48000; /* whatever was recorded */
  format->codecs = g_strdup ("opus");
  return TRUE;
}

static gboolean
read_flac (CmafFormat *format, const GstStructure *s, GError **error)
{
  g_autoptr (GBytes) header = caps_stream_header (s);
  const guint8 *data;
  gsize size;

  if (!header)
    header = caps_codec_data (s);
  if (!header)
    return fail (error, "FLAC", "stream header is missing");
  data = g_bytes_get_data (header, &size);
  format->config = cmaf_flac_config (data, size);
  if (!format->config)
    return fail (error, "FLAC", "stream header without STREAMINFO");
  format->codecs = g_strdup ("flac");
  return TRUE;
}

/* What more there is to know, the first access unit says. */
static gboolean
read_ac3 (CmafFormat *format, const GstStructure *s, GError **error)
{
  gboolean enhanced = format->codec == CMAF_CODEC_EAC3;

  format->frame_samples = CMAF_AC3_SAMPLES;
  format->codecs = g_strdup (enhanced ? "ec-3" : "ac-3");
  return TRUE;
}

static const struct {
  const gchar *media_type;
  gint mpeg_version; /* -1: none */
  CmafKind kind;
  CmafCodec codec;
  gboolean (*read) (CmafFormat *, const GstStructure *, GError **);
} codecs[] = {
  { "video/x-h264", -1, CMAF_VIDEO, CMAF_CODEC_H264, read_h264 },
  { "video/x-h265", -1, CMAF_VIDEO, CMAF_CODEC_H265, read_h265 },
  { "video/x-av1", -1, CMAF_VIDEO, CMAF_CODEC_AV1, read_av1 },
  { "video/x-vp9", -1, CMAF_VIDEO, CMAF_CODEC_VP9, read_vp9 },
  { "audio/mpeg", 4, CMAF_AUDIO, CMAF_CODEC_AAC, read_aac },
  { "audio/mpeg", 2, CMAF_AUDIO, CMAF_CODEC_AAC, read_aac },
  { "audio/mpeg", 1, CMAF_AUDIO, CMAF_CODEC_MP3, read_mp3 },
  { "audio/x-opus", -1, CMAF_AUDIO, CMAF_CODEC_OPUS, read_opus },
  { "audio/x-flac", -1, CMAF_AUDIO, CMAF_CODEC_FLAC, read_flac },
  { "audio/x-ac3", -1, CMAF_AUDIO, CMAF_CODEC_AC3, read_ac3 },
  { "audio/x-eac3", -1, CMAF_AUDIO, CMAF_CODEC_EAC3, read_ac3 },
};

static void
format_clear (CmafFormat *format)
{
  g_clear_pointer (&format->config, g_bytes_unref);
  g_free (format->codecs);
}

CmafFormat *
cmaf_format_ref (CmafFormat *format)
{
  return g_atomic_rc_box_acquire (format);
}

void
cmaf_format_unref (CmafFormat *format)
{
  if (format)
    g_atomic_rc_box_release_full (format, (GDestroyNotify) format_clear);
}

CmafFormat *
cmaf_format_new_from_caps (const GstCaps *caps, GError **error)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gint version = -1;

  gst_structure_get_int (s, "mpegversion", &version);
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++) {
    g_autoptr (CmafFormat) format = NULL;
    gboolean ok;

    if (!gst_structure_has_name (s, codecs[i].media_type) ||
        (codecs[i].mpeg_version >= 0 && codecs[i].mpeg_version != version))
      continue;
    format = g_atomic_rc_box_new0 (CmafFormat);
    format->kind = codecs[i].kind;
    format->codec = codecs[i].codec;
    if (format->kind == CMAF_VIDEO)
      ok = read_video (format, s, error);
    else if (!(ok = read_audio (format, s)))
      fail (error, codecs[i].media_type, "rate is missing");
    if (!ok || !codecs[i].read (format, s, error))
      return NULL;
    return g_steal_pointer (&format);
  }
  g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
      "DASH output cannot carry %s", gst_structure_get_name (s));
  return NULL;
}

gboolean
cmaf_format_is_incomplete (const CmafFormat *format)
{
  return !format->config &&
      (format->codec == CMAF_CODEC_AC3 || format->codec == CMAF_CODEC_EAC3 ||
          format->codec == CMAF_CODEC_AV1);
}

static GBytes *
read_config (const CmafFormat *format, const guint8 *data, gsize size)
{
  if (format->codec == CMAF_CODEC_AV1)
    return cmaf_av1_config (data, size);
  return format->codec == CMAF_CODEC_AC3
      ? cmaf_ac3_config (data, size)
      : cmaf_eac3_config (data, size, format->rate);
}

CmafFormat *
cmaf_format_complete (const CmafFormat *format, const guint8 *data, gsize size)
{
  GBytes *config = read_config (format, data, size);
  CmafFormat *copy;

  if (!config)
    return NULL;
  copy = g_atomic_rc_box_dup (sizeof *format, (CmafFormat *) format);
  copy->config = config;
  if (format->codec == CMAF_CODEC_AV1) {
    data = g_bytes_get_data (config, &size);
    copy->codecs = cmaf_codecs_av1 (data, size);
  } else {
    copy->codecs = g_strdup (format->codecs);
  }
  return copy;
}

gboolean
cmaf_format_equal (const CmafFormat *a, const CmafFormat *b)
{
  if (a == b || !a || !b)
    return a == b;
  if ((a->config == NULL) != (b->config == NULL))
    return FALSE;
  return a->codec == b->codec && a->in_band == b->in_band &&
      a->timescale == b->timescale && a->width == b->width &&
      a->height == b->height && a->par_n == b->par_n && a->par_d == b->par_d &&
      a->colour_primaries == b->colour_primaries &&
      a->transfer == b->transfer && a->matrix == b->matrix &&
      a->full_range == b->full_range && a->rate == b->rate &&
      a->channels == b->channels && g_str_equal (a->codecs, b->codecs) &&
      (!a->config || g_bytes_equal (a->config, b->config));
}

guint
cmaf_format_access_unit_ticks (
    const CmafFormat *format, const guint8 *data, gsize size)
{
  if (format->codec == CMAF_CODEC_OPUS)
    return cmaf_opus_packet_samples (data, size);
  return format->frame_samples;
}

GstClockTime
cmaf_format_get_whole_pictures (const CmafFormat *format, GstClockTime time)
{
  guint64 second = (guint64) MAX (format->fps_d, 1) * GST_SECOND;
  guint64 pictures;

  if (format->kind != CMAF_VIDEO || format->fps_n == 0)
    return time;
  pictures = gst_util_uint64_scale (time + time / 50, format->fps_n, second);
  return gst_util_uint64_scale_round (MAX (pictures, 1), second, format->fps_n);
}
