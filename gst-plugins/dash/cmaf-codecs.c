/* SPDX-License-Identifier: MIT
 *
 * Decoder configurations and RFC 6381 codec names (see cmaf-codecs.h). */

#include "cmaf-codecs.h"

#include <gst/base/gstbitreader.h>
#include <gst/base/gstbytereader.h>
#include <string.h>

#include "isobmff.h"

/* ---- video ---- */

gchar *
cmaf_codecs_h264 (const guint8 *config, gsize size, const gchar *entry)
{
  if (size < 7 || config[0] != 1)
    return NULL;
  return g_strdup_printf (
      "%s.%02x%02x%02x", entry, config[1], config[2], config[3]);
}

static guint32
reverse_bits (guint32 v)
{
  guint32 out = 0;

  for (guint i = 0; i < 32; i++)
    out |= ((v >> i) & 1) << (31 - i);
  return out;
}

gchar *
cmaf_codecs_h265 (const guint8 *config, gsize size, const gchar *entry)
{
  static const gchar *const spaces[] = { "", "A", "B", "C" };
  GString *out;
  guint last = 0;

  if (size < 23 || config[0] != 1)
    return NULL;

  out = g_string_new (entry);
  g_string_append_printf (out, ".%s%u.%x.%c%u", spaces[config[1] >> 6],
      config[1] & 0x1f, reverse_bits (GST_READ_UINT32_BE (config + 2)),
      config[1] & 0x20 ? 'H' : 'L', config[12]);
  for (guint i = 0; i < 6; i++) /* constraint bytes, trailing zeros omitted */
    if (config[6 + i])
      last = i + 1;
  for (guint i = 0; i < last; i++)
    g_string_append_printf (out, ".%x", config[6 + i]);
  return g_string_free (out, FALSE);
}

gchar *
cmaf_codecs_av1 (const guint8 *config, gsize size)
{
  guint profile, level, depth = 8;

  if (size < 4 || config[0] != 0x81) /* marker 1, version 1 */
    return NULL;

  profile = config[1] >> 5;
  level = config[1] & 0x1f;
  if (config[2] & 0x40)
    depth = profile == 2 && (config[2] & 0x20) ? 12 : 10;
  return g_strdup_printf ("av01.%u.%02u%c.%02u", profile, level,
      config[2] & 0x80 ? 'H' : 'M', depth);
}

gchar *
cmaf_codecs_vp9 (const guint8 *config, gsize size)
{
  if (size < 8)
    return NULL;
  return g_strdup_printf (
      "vp09.%02u.%02u.%02u", config[0], config[1], config[2] >> 4);
}

/* Annex A of the VP9 bitstream specification: luma samples a second and a
 * picture of each level. */
static guint8
vp9_level (guint width, guint height, gdouble fps)
{
  static const struct {
    guint8 level;
    guint64 rate;
    guint32 picture;
  } levels[] = {
    { 10, 829440, 36864 },
    { 11, 2764800, 73728 },
    { 20, 4608000, 122880 },
    { 21, 9216000, 245760 },
    { 30, 20736000, 552960 },
    { 31, 36864000, 983040 },
    { 40, 83558400, 2228224 },
    { 41, 160432128, 2228224 },
    { 50, 311951360, 8912896 },
    { 51, 588251136, 8912896 },
    { 52, 1176502272, 8912896 },
    { 60, 1176502272, 35651584 },
    { 61, 2353004544, 35651584 },
  };
  guint64 picture = (guint64) width * height;

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (picture <= levels[i].picture && picture * fps <= levels[i].rate)
      return levels[i].level;
  return 62;
}

GBytes *
cmaf_vp9_config (guint profile, guint bit_depth, guint chroma, guint width,
    guint height, gdouble fps, guint8 primaries, guint8 transfer, guint8 matrix,
    gboolean full_range)
{
  GByteArray *out = g_byte_array_new ();

  iso_put_u8 (out, profile);
  iso_put_u8 (out, vp9_level (width, height, fps));
  iso_put_u8 (out, bit_depth << 4 | chroma << 1 | (full_range ? 1 : 0));
  iso_put_u8 (out, primaries);
  iso_put_u8 (out, transfer);
  iso_put_u8 (out, matrix);
  iso_put_u16 (out, 0); /* codecInitializationDataSize */
  return g_byte_array_free_to_bytes (out);
}

/* ---- AAC ---- */

static gboolean
aac_object_type (GstBitReader *br, guint *type)
{
  guint32 v;

  if (!gst_bit_reader_get_bits_uint32 (br, &v, 5))
    return FALSE;
  if (v == 31) {
    if (!gst_bit_reader_get_bits_uint32 (br, &v, 6))
      return FALSE;
    v += 32;
  }
  *type = v;
  return TRUE;
}

static gboolean
aac_rate (GstBitReader *br, guint *rate)
{
  static const guint rates[] = { 96000, 88200, 64000, 48000, 44100, 32000,
    24000, 22050, 16000, 12000, 11025, 8000, 7350 };
  guint32 v;

  if (!gst_bit_reader_get_bits_uint32 (br, &v, 4))
    return FALSE;
  if (v == 15)
    return gst_bit_reader_get_bits_uint32 (br, rate, 24) && *rate > 0;
  if (v >= G_N_ELEMENTS (rates))
    return FALSE;
  *rate = rates[v];
  return TRUE;
}

/* Old encoders announce SBR after the GASpecificConfig (1.6.6). */
static void
aac_sync_extension (GstBitReader *br, CmafAacConfig *config)
{
  guint32 sync;
  guint8 sbr;
  guint type, rate;

  if (!gst_bit_reader_get_bits_uint32 (br, &sync, 11) || sync != 0x2b7)
    return;
  if (!aac_object_type (br, &type) || type != 5)
    return;
  if (gst_bit_reader_get_bits_uint8 (br, &sbr, 1) && sbr &&
      aac_rate (br, &rate)) {
    config->object_type = 5;
    config->rate = rate;
  }
}

gboolean
cmaf_aac_config_parse (const guint8 *data, gsize size, CmafAacConfig *out)
{
  static const guint channels[] = { 0, 1, 2, 3, 4, 5, 6, 8 };
  GstBitReader br;
  CmafAacConfig config = { 0 };
  guint32 layout;
  guint8 short_frame = 0, flag = 0;
  guint core;

  gst_bit_reader_init (&br, data, size);
  if (!aac_object_type (&br, &config.object_type) ||
      !aac_rate (&br, &config.core_rate) ||
      !gst_bit_reader_get_bits_uint32 (&br, &layout, 4))
    return FALSE;

  config.rate = config.core_rate;
  core = config.object_type;
  if (core == 5 || core == 29) {
    if (!aac_rate (&br, &config.rate) || !aac_object_type (&br, &core))
      return FALSE;
  }
  if (core == 0)
    return FALSE;
  if (!gst_bit_reader_get_bits_uint8 (&br, &short_frame, 1))
    return FALSE;
  config.frame_samples = short_frame ? 960 : 1024;
  if (layout < G_N_ELEMENTS (channels))
    config.channels = channels[layout];

  if (core == 2 && config.object_type == 2 && layout != 0 &&
      gst_bit_reader_get_bits_uint8 (&br, &flag, 1)) {
    if (flag)
      gst_bit_reader_skip (&br, 14);  /* coreCoderDelay */
    if (gst_bit_reader_skip (&br, 1)) /* extensionFlag */
      aac_sync_extension (&br, &config);
  }
  *out = config;
  return TRUE;
}

/* ---- Opus ---- */

GBytes *
cmaf_opus_config (const guint8 *head, gsize size, guint channels, guint rate)
{
  GByteArray *out;

  if (head && (size < 19 || memcmp (head, "OpusHead", 8) != 0))
    return NULL;
  if (head && head[18] != 0 && size < 21u + head[9])
    return NULL;
  if (!head && (channels < 1 || channels > 2))
    return NULL;

  out = g_byte_array_new ();
  iso_put_u8 (out, 0); /* Version */
  if (!head) {
    iso_put_u8 (out, channels);
    iso_put_u16 (out, 312); /* PreSkip: libopus, 6.5 ms */
    iso_put_u32 (out, rate ? rate : 48000);
    iso_put_u16 (out, 0); /* OutputGain */
    iso_put_u8 (out, 0);  /* ChannelMappingFamily */
    return g_byte_array_free_to_bytes (out);
  }
  iso_put_u8 (out, head[9]);
  iso_put_u16 (out, GST_READ_UINT16_LE (head + 10));
  iso_put_u32 (out, GST_READ_UINT32_LE (head + 12));
  iso_put_u16 (out, GST_READ_UINT16_LE (head + 16));
  iso_put_u8 (out, head[18]);
  if (head[18] != 0)
    iso_put_data (out, head + 19, 2 + head[9]);
  return g_byte_array_free_to_bytes (out);
}

guint
cmaf_opus_packet_samples (const guint8 *data, gsize size)
{
  static const guint silk[] = { 480, 960, 1920, 2880 };
  static const guint celt[] = { 120, 240, 480, 960 };
  guint mode, frame, n;

  if (size < 1)
    return 0;
  mode = data[0] >> 3;
  if (mode < 12)
    frame = silk[mode & 3];
  else if (mode < 16)
    frame = mode & 1 ? 960 : 480;
  else
    frame = celt[mode & 3];

  switch (data[0] & 3) {
  case 0:
    n = 1;
    break;
  case 3:
    n = size < 2 ? 0 : data[1] & 0x3f;
    break;
  default:
    n = 2;
  }
  return frame * n <= 5760 ? frame * n : 0; /* 120 ms at most */
}

/* ---- FLAC ---- */

GBytes *
cmaf_flac_config (const guint8 *header, gsize size)
{
  const gsize streaminfo = 34;
  GByteArray *out;

  if (size >= 13 && memcmp (header, "\177FLAC", 5) == 0) {
    header += 9; /* Ogg mapping: version, number of headers */
    size -= 9;
  }
  if (size >= 4 && memcmp (header, "fLaC", 4) == 0) {
    header += 4;
    size -= 4;
  }
  if (size < 4 + streaminfo || (header[0] & 0x7f) != 0)
    return NULL;

  out = g_byte_array_new ();
  iso_put_u8 (out, 0x80); /* last block, STREAMINFO */
  iso_put_u24 (out, streaminfo);
  iso_put_data (out, header + 4, streaminfo);
  return g_byte_array_free_to_bytes (out);
}
