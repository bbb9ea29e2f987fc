/* SPDX-License-Identifier: MIT
 *
 * Messages of audio and video tracks. See flv-writer.h. */

#include "flv-writer.h"

#include <gst/pbutils/pbutils.h>
#include <stdlib.h>
#include <string.h>

#include "dash/cmaf-codecs.h"
#include "rtmp-amf.h"

#define FOURCC PENSTOCK_FLV_FOURCC

/* FLV 10.1, E.4.3.1 and E.4.2.1. */
#define VIDEO_ID_AVC 7
#define AUDIO_ID_MP3 2
#define AUDIO_ID_ALAW 7
#define AUDIO_ID_MULAW 8
#define AUDIO_ID_AAC 10
#define AUDIO_ID_MP3_8K 14
#define AUDIO_16_BIT 2
#define AUDIO_STEREO 1
/* The flags say 44.1 kHz stereo for any AAC. */
#define AAC_HEAD (AUDIO_ID_AAC << 4 | 3 << 2 | AUDIO_16_BIT | AUDIO_STEREO)

/* Enhanced RTMP: packet types and the heads they go with. */
#define PACKET_SEQUENCE_START 0
#define PACKET_CODED_FRAMES 1
#define ENHANCED_VIDEO 0x80
#define ENHANCED_AUDIO (9 << 4)

/* For the level of a VP9 stream that does not say its rate. */
#define USUAL_FPS 30

#define MAX_CTS_MS 0x7fffff

/* Ogg mapping of FLAC (RFC 9639, 10.1): what stands before "fLaC". */
#define OGG_FLAC_HEAD 9

static const struct {
  const gchar *name;
  PenstockFlvKind kind;
  PenstockFlvCodec codec;
  guint32 fourcc; /* 0 = legacy form */
} formats[] = {
  { "video/x-h264", PENSTOCK_FLV_VIDEO, PENSTOCK_FLV_CODEC_H264, 0 },
  { "video/x-h265", PENSTOCK_FLV_VIDEO, PENSTOCK_FLV_CODEC_H265,
      FOURCC ('h', 'v', 'c', '1') },
  { "video/x-av1", PENSTOCK_FLV_VIDEO, PENSTOCK_FLV_CODEC_AV1,
      FOURCC ('a', 'v', '0', '1') },
  { "video/x-vp9", PENSTOCK_FLV_VIDEO, PENSTOCK_FLV_CODEC_VP9,
      FOURCC ('v', 'p', '0', '9') },
  { "video/x-vp8", PENSTOCK_FLV_VIDEO, PENSTOCK_FLV_CODEC_VP8,
      FOURCC ('v', 'p', '0', '8') },
  { "audio/x-opus", PENSTOCK_FLV_AUDIO, PENSTOCK_FLV_CODEC_OPUS,
      FOURCC ('O', 'p', 'u', 's') },
  { "audio/x-flac", PENSTOCK_FLV_AUDIO, PENSTOCK_FLV_CODEC_FLAC,
      FOURCC ('f', 'L', 'a', 'C') },
  { "audio/x-ac3", PENSTOCK_FLV_AUDIO, PENSTOCK_FLV_CODEC_AC3,
      FOURCC ('a', 'c', '-', '3') },
  { "audio/x-eac3", PENSTOCK_FLV_AUDIO, PENSTOCK_FLV_CODEC_EAC3,
      FOURCC ('e', 'c', '-', '3') },
  { "audio/x-alaw", PENSTOCK_FLV_AUDIO, PENSTOCK_FLV_CODEC_ALAW, 0 },
  { "audio/x-mulaw", PENSTOCK_FLV_AUDIO, PENSTOCK_FLV_CODEC_MULAW, 0 },
};

static gint
get_int (const GstStructure *s, const gchar *name)
{
  gint value = 0;

  gst_structure_get_int (s, name, &value);
  return value;
}

/* The rates that the flags can say; decoders of MP3 look at the frame. */
static guint8
mp3_head (const GstStructure *s)
{
  gint rate = get_int (s, "rate");
  guint8 stereo = get_int (s, "channels") == 1 ? 0 : AUDIO_STEREO;

  if (rate == 8000)
    return AUDIO_ID_MP3_8K << 4 | AUDIO_16_BIT | stereo;
  guint8 code = rate == 11025 ? 1 : rate == 22050 ? 2 : 3;
  return AUDIO_ID_MP3 << 4 | code << 2 | AUDIO_16_BIT | stereo;
}

static guint8
legacy_head (PenstockFlvCodec codec, const GstStructure *s)
{
  guint8 stereo = get_int (s, "channels") == 2 ? AUDIO_STEREO : 0;

  switch (codec) {
  case PENSTOCK_FLV_CODEC_H264:
    return VIDEO_ID_AVC;
  case PENSTOCK_FLV_CODEC_AAC:
    return AAC_HEAD;
  case PENSTOCK_FLV_CODEC_MP3:
    return mp3_head (s);
  case PENSTOCK_FLV_CODEC_ALAW:
    return AUDIO_ID_ALAW << 4 | AUDIO_16_BIT | stereo;
  case PENSTOCK_FLV_CODEC_MULAW:
    return AUDIO_ID_MULAW << 4 | AUDIO_16_BIT | stereo;
  default:
    return 0;
  }
}

static gboolean
find_format (const GstStructure *s, PenstockFlvFormat *out)
{
  if (gst_structure_has_name (s, "audio/mpeg")) {
    out->kind = PENSTOCK_FLV_AUDIO;
    out->codec = get_int (s, "mpegversion") == 4 ? PENSTOCK_FLV_CODEC_AAC
                                                 : PENSTOCK_FLV_CODEC_MP3;
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (!gst_structure_has_name (s, formats[i].name))
      continue;
    out->kind = formats[i].kind;
    out->codec = formats[i].codec;
    out->fourcc = formats[i].fourcc;
    return TRUE;
  }
  return FALSE;
}

gboolean
penstock_flv_format_from_caps (const GstCaps *caps, PenstockFlvFormat *out)
{
  static const gchar *const carried =
      PENSTOCK_FLV_VIDEO_CAPS "; " PENSTOCK_FLV_AUDIO_CAPS;
  g_autoptr (GstCaps) known = gst_caps_from_string (carried);
  const GstStructure *s = gst_caps_get_structure (caps, 0);

  *out = (PenstockFlvFormat){ 0 };
  if (!gst_caps_can_intersect (caps, known) || !find_format (s, out))
    return FALSE;
  out->head = legacy_head (out->codec, s);
  return TRUE;
}

/* --- Configuration --- */

/* (transfer full) (nullable): first buffer of "streamheader", or "codec_data"
 * itself, from byte @offset on. */
static GBytes *
bytes_of (const GstStructure *s, const gchar *name, gsize offset)
{
  const GValue *value = gst_structure_get_value (s, name);
  gpointer data;
  gsize size;

  if (value && GST_VALUE_HOLDS_ARRAY (value) &&
      gst_value_array_get_size (value) > 0)
    value = gst_value_array_get_value (value, 0);
  if (!value || !GST_VALUE_HOLDS_BUFFER (value))
    return NULL;
  GstBuffer *buffer = gst_value_get_buffer (value);
  if (gst_buffer_get_size (buffer) <= offset)
    return NULL;
  gst_buffer_extract_dup (buffer, offset, -1, &data, &size);
  return g_bytes_new_take (data, size);
}

/* OpusHead (RFC 7845, 5.1). */
static GBytes *
opus_head (const GstCaps *caps)
{
  guint8 channels, family, streams, coupled, mapping[256];
  guint32 rate;
  GBytes *header =
      bytes_of (gst_caps_get_structure (caps, 0), "streamheader", 0);

  if (header ||
      !gst_codec_utils_opus_parse_caps ((GstCaps *) caps, &rate, &channels,
          &family, &streams, &coupled, mapping))
    return header;
  g_autoptr (GstBuffer) made = gst_codec_utils_opus_create_header (
      rate, channels, family, streams, coupled, mapping, 0, 0);
  gpointer data;
  gsize size;
  if (!made)
    return NULL;
  gst_buffer_extract_dup (made, 0, -1, &data, &size);
  return g_bytes_new_take (data, size);
}

/* VPCodecConfigurationRecord (VP Codec ISO Media File Format Binding). */
static GBytes *
vpx_record (const GstStructure *s)
{
  const guint8 unspecified = 2; /* ISO/IEC 23091-2 */
  const gchar *profile_text = gst_structure_get_string (s, "profile");
  const gchar *chroma_text = gst_structure_get_string (s, "chroma-format");
  guint profile = profile_text ? CLAMP (atoi (profile_text), 0, 3) : 0;
  guint depth = profile >= 2 ? 10 : 8;
  guint chroma = 1;
  gint n = 0, d = 1;

  gst_structure_get_uint (s, "bit-depth-luma", &depth);
  if (g_strcmp0 (chroma_text, "4:2:2") == 0)
    chroma = 2;
  else if (g_strcmp0 (chroma_text, "4:4:4") == 0)
    chroma = 3;
  gst_structure_get_fraction (s, "framerate", &n, &d);
  return cmaf_vp9_config (profile, depth, chroma, get_int (s, "width"),
      get_int (s, "height"), n > 0 && d > 0 ? (gdouble) n / d : USUAL_FPS,
      unspecified, unspecified, unspecified, FALSE);
}

static GBytes *
config_of (const PenstockFlvFormat *format, const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);

  switch (format->codec) {
  case PENSTOCK_FLV_CODEC_VP8:
  case PENSTOCK_FLV_CODEC_VP9:
    return vpx_record (s);
  case PENSTOCK_FLV_CODEC_OPUS:
    return opus_head (caps);
  case PENSTOCK_FLV_CODEC_FLAC:
    return bytes_of (s, "streamheader", OGG_FLAC_HEAD);
  case PENSTOCK_FLV_CODEC_H264:
  case PENSTOCK_FLV_CODEC_H265:
  case PENSTOCK_FLV_CODEC_AV1:
  case PENSTOCK_FLV_CODEC_AAC:
    return bytes_of (s, "codec_data", 0);
  default:
    return NULL;
  }
}

/* --- Messages --- */

static guint
write_head (const PenstockFlvFormat *format, guint8 packet_type,
    gboolean keyframe, guint8 *out)
{
  guint8 frame_type =
      keyframe ? PENSTOCK_FLV_FRAME_KEY : PENSTOCK_FLV_FRAME_INTER;

  if (format->fourcc != 0) {
    out[0] = format->kind == PENSTOCK_FLV_VIDEO
        ? ENHANCED_VIDEO | frame_type << 4 | packet_type
        : ENHANCED_AUDIO | packet_type;
    GST_WRITE_UINT32_BE (out + 1, format->fourcc);
    return 5;
  }
  if (format->kind == PENSTOCK_FLV_VIDEO) {
    out[0] = frame_type << 4 | format->head;
    out[1] = packet_type;
    return 2;
  }
  out[0] = format->head;
  out[1] = packet_type;
  return format->codec == PENSTOCK_FLV_CODEC_AAC ? 2 : 1;
}

/* Legacy AVC has it in every message, Enhanced RTMP in the frames of the codecs
 * that reorder. */
static gboolean
has_cts (const PenstockFlvFormat *format, guint8 packet_type)
{
  return format->codec == PENSTOCK_FLV_CODEC_H264 ||
      (format->codec == PENSTOCK_FLV_CODEC_H265 &&
          packet_type == PACKET_CODED_FRAMES);
}

static guint
write_header (const PenstockFlvFormat *format, guint8 packet_type,
    gboolean keyframe, gint32 cts_ms, guint8 *out)
{
  guint n = write_head (format, packet_type, keyframe, out);

  if (!has_cts (format, packet_type))
    return n;
  GST_WRITE_UINT24_BE (
      out + n, CLAMP (cts_ms, -MAX_CTS_MS, MAX_CTS_MS) & 0xffffff);
  return n + 3;
}

guint
penstock_flv_write_frame_header (const PenstockFlvFormat *format,
    gboolean keyframe, gint32 cts_ms, guint8 *out)
{
  return write_header (format, PACKET_CODED_FRAMES, keyframe, cts_ms, out);
}

GBytes *
penstock_flv_write_config (const PenstockFlvFormat *format, const GstCaps *caps)
{
  g_autoptr (GBytes) config = config_of (format, caps);
  guint8 header[PENSTOCK_FLV_FRAME_HEADER_MAX];
  gsize size;

  if (!config)
    return NULL;
  const guint8 *data = g_bytes_get_data (config, &size);
  guint n = write_header (format, PACKET_SEQUENCE_START, TRUE, 0, header);
  GByteArray *message = g_byte_array_sized_new (n + size);
  g_byte_array_append (message, header, n);
  g_byte_array_append (message, data, size);
  return g_byte_array_free_to_bytes (message);
}

gboolean
penstock_flv_needs_config (const PenstockFlvFormat *format)
{
  return format->codec == PENSTOCK_FLV_CODEC_H264 ||
      format->codec == PENSTOCK_FLV_CODEC_H265 ||
      format->codec == PENSTOCK_FLV_CODEC_AAC ||
      format->codec == PENSTOCK_FLV_CODEC_FLAC;
}

/* --- onMetaData --- */

static void
add_number (GByteArray *out, const gchar *name, gdouble number)
{
  if (number <= 0)
    return;
  penstock_amf0_write_name (out, name);
  penstock_amf0_write_number (out, number);
}

static void
add_video (GByteArray *out, const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  PenstockFlvFormat format;
  gint n, d;

  if (!penstock_flv_format_from_caps (caps, &format))
    return;
  add_number (out, "videocodecid", format.fourcc ? format.fourcc : format.head);
  add_number (out, "width", get_int (s, "width"));
  add_number (out, "height", get_int (s, "height"));
  if (gst_structure_get_fraction (s, "framerate", &n, &d) && d > 0)
    add_number (out, "framerate", (gdouble) n / d);
}

static void
add_audio (GByteArray *out, const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  PenstockFlvFormat format;

  if (!penstock_flv_format_from_caps (caps, &format))
    return;
  add_number (
      out, "audiocodecid", format.fourcc ? format.fourcc : format.head >> 4);
  add_number (out, "audiosamplerate", get_int (s, "rate"));
  add_number (out, "audiosamplesize", 16);
  add_number (out, "audiochannels", get_int (s, "channels"));
  penstock_amf0_write_name (out, "stereo");
  penstock_amf0_write_boolean (out, get_int (s, "channels") == 2);
}

GBytes *
penstock_flv_write_metadata (const GstCaps *video, const GstCaps *audio)
{
  GByteArray *out = g_byte_array_new ();

  penstock_amf0_write_string (out, "onMetaData");
  penstock_amf0_begin_map (out, 0);
  if (video)
    add_video (out, video);
  if (audio)
    add_audio (out, audio);
  penstock_amf0_write_name (out, "server");
  penstock_amf0_write_string (out, "Penstock");
  penstock_amf0_end_object (out);
  return g_byte_array_free_to_bytes (out);
}

GBytes *
penstock_flv_write_set_data_frame (GBytes *metadata)
{
  GByteArray *out = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (metadata, &size);

  penstock_amf0_write_string (out, "@setDataFrame");
  g_byte_array_append (out, data, size);
  return g_byte_array_free_to_bytes (out);
}
