/* SPDX-License-Identifier: MIT
 *
 * Heads of coded frames and small codec headers. See frame-info.h. */

#include "frame-info.h"

#include <string.h>

#include <gst/base/gstbitreader.h>

/* Bits that may run out: after a failure every further read gives 0, and
 * `failed` tells at the end. */
typedef struct {
  GstBitReader reader;
  gboolean failed;
} Bits;

static void
bits_init (Bits *bits, const guint8 *data, gsize size)
{
  gst_bit_reader_init (&bits->reader, data, MIN (size, G_MAXINT / 16));
  bits->failed = FALSE;
}

static guint32
bits_get (Bits *bits, guint n)
{
  guint32 value = 0;

  if (bits->failed || n == 0 ||
      !gst_bit_reader_get_bits_uint32 (&bits->reader, &value, n)) {
    bits->failed |= n > 0;
    return 0;
  }
  return value;
}

/* --- VP8 and VP9 --- */

/* RFC 6386, 9.1. */
gboolean
penstock_vp8_frame_parse (
    const guint8 *data, gsize size, PenstockVideoInfo *info)
{
  *info = (PenstockVideoInfo){ 0 };
  if (size < 3)
    return FALSE;
  info->keyframe = (data[0] & 1) == 0;
  if (!info->keyframe)
    return TRUE;
  if (size < 10 || data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a)
    return FALSE;
  info->width = (data[6] | data[7] << 8) & 0x3fff;
  info->height = (data[8] | data[9] << 8) & 0x3fff;
  return TRUE;
}

/* VP9 bitstream specification, 6.2 and 6.2.2. */
gboolean
penstock_vp9_frame_parse (
    const guint8 *data, gsize size, PenstockVideoInfo *info)
{
  const guint sync_code = 0x498342, color_space_rgb = 7;
  Bits bits;

  *info = (PenstockVideoInfo){ 0 };
  bits_init (&bits, data, size);
  if (bits_get (&bits, 2) != 2)
    return FALSE;
  info->profile = bits_get (&bits, 1);
  info->profile |= bits_get (&bits, 1) << 1;
  if (info->profile == 3)
    bits_get (&bits, 1);
  if (bits_get (&bits, 1)) /* show_existing_frame */
    return !bits.failed;
  info->keyframe = bits_get (&bits, 1) == 0;
  bits_get (&bits, 2); /* show_frame, error_resilient_mode */
  if (!info->keyframe)
    return !bits.failed;

  if (bits_get (&bits, 24) != sync_code)
    return FALSE;
  if (info->profile >= 2)
    bits_get (&bits, 1); /* ten_or_twelve_bit */
  if (bits_get (&bits, 3) != color_space_rgb)
    bits_get (&bits, info->profile & 1 ? 4 : 1);
  else if (info->profile & 1)
    bits_get (&bits, 1);
  info->width = bits_get (&bits, 16) + 1;
  info->height = bits_get (&bits, 16) + 1;
  return !bits.failed;
}

/* --- AV1 --- */

enum {
  OBU_SEQUENCE_HEADER = 1,
  OBU_TEMPORAL_DELIMITER = 2,
  OBU_FRAME_HEADER = 3,
  OBU_FRAME = 6,
};

/* AV1 bitstream specification, 5.5.3 and 5.5.4: timing_info() and
 * decoder_model_info(). Returns buffer_delay_length, 0 = no decoder model. */
static guint
skip_av1_timing (Bits *bits)
{
  guint delay_length;

  if (!bits_get (bits, 1)) /* timing_info_present_flag */
    return 0;
  bits_get (bits, 32);
  bits_get (bits, 32);
  if (bits_get (bits, 1)) { /* equal_picture_interval, then uvlc() */
    guint zeros = 0;
    while (!bits_get (bits, 1) && !bits->failed && zeros < 32)
      zeros++;
    bits_get (bits, zeros);
  }
  if (!bits_get (bits, 1)) /* decoder_model_info_present_flag */
    return 0;
  delay_length = bits_get (bits, 5) + 1;
  bits_get (bits, 32);
  bits_get (bits, 10);
  return delay_length;
}

static void
skip_av1_operating_points (Bits *bits, guint delay_length)
{
  gboolean display_delay = bits_get (bits, 1);
  guint n_points = bits_get (bits, 5) + 1;

  for (guint i = 0; i < n_points && !bits->failed; i++) {
    bits_get (bits, 12);
    if (bits_get (bits, 5) > 7)
      bits_get (bits, 1);
    if (delay_length > 0 && bits_get (bits, 1)) {
      bits_get (bits, delay_length);
      bits_get (bits, delay_length);
      bits_get (bits, 1);
    }
    if (display_delay && bits_get (bits, 1))
      bits_get (bits, 4);
  }
}

/* sequence_header_obu(), 5.5.1, up to the frame size. */
static gboolean
parse_av1_sequence (const guint8 *data, gsize size, PenstockVideoInfo *info)
{
  Bits bits;
  guint width_bits, height_bits;

  bits_init (&bits, data, size);
  info->profile = bits_get (&bits, 3);
  bits_get (&bits, 1);       /* still_picture */
  if (bits_get (&bits, 1)) { /* reduced_still_picture_header */
    bits_get (&bits, 5);
  } else {
    guint delay_length = skip_av1_timing (&bits);
    skip_av1_operating_points (&bits, delay_length);
  }
  width_bits = bits_get (&bits, 4) + 1;
  height_bits = bits_get (&bits, 4) + 1;
  info->width = bits_get (&bits, width_bits) + 1;
  info->height = bits_get (&bits, height_bits) + 1;
  return !bits.failed;
}

/* leb128(), 4.10.5. Returns bytes read, 0 when it does not end. */
static gsize
read_leb128 (const guint8 *data, gsize size, guint64 *value)
{
  *value = 0;
  for (gsize i = 0; i < size && i < 8; i++) {
    *value |= (guint64) (data[i] & 0x7f) << (7 * i);
    if (!(data[i] & 0x80))
      return i + 1;
  }
  return 0;
}

gboolean
penstock_av1_frame_parse (
    const guint8 *data, gsize size, PenstockVideoInfo *info)
{
  gboolean sequence = FALSE, header_seen = FALSE;
  gsize pos = 0;

  *info = (PenstockVideoInfo){ 0 };
  while (pos < size) {
    const guint8 header = data[pos];
    const guint type = header >> 3 & 0xf;
    gsize start = pos;
    guint64 obu_size;

    if (header & 0x80)
      return FALSE;
    pos += header & 4 ? 2 : 1;
    if (pos > size)
      return FALSE;
    obu_size = size - pos;
    if (header & 2) {
      gsize n = read_leb128 (data + pos, size - pos, &obu_size);
      pos += n;
      if (n == 0 || obu_size > size - pos)
        return FALSE;
    }
    if (type == OBU_TEMPORAL_DELIMITER && start == info->skip)
      info->skip = pos + obu_size;
    if (type == OBU_SEQUENCE_HEADER)
      sequence = parse_av1_sequence (data + pos, obu_size, info);
    /* show_existing_frame 0, frame_type KEY_FRAME 0 */
    if ((type == OBU_FRAME || type == OBU_FRAME_HEADER) && !header_seen) {
      header_seen = TRUE;
      info->keyframe = obu_size > 0 && (data[pos] & 0xe0) == 0;
    }
    pos += obu_size;
  }
  /* Without a sequence header a decoder cannot start. */
  info->keyframe &= sequence;
  return header_seen || sequence;
}

/* --- AAC --- */

static const guint aac_rates[] = { 96000, 88200, 64000, 48000, 44100, 32000,
  24000, 22050, 16000, 12000, 11025, 8000, 7350 };
#define AAC_RATE_EXPLICIT 15

static guint
get_aac_object_type (Bits *bits)
{
  guint type = bits_get (bits, 5);

  return type == 31 ? 32 + bits_get (bits, 6) : type;
}

static guint
get_aac_rate (Bits *bits)
{
  guint index = bits_get (bits, 4);

  if (index == AAC_RATE_EXPLICIT)
    return bits_get (bits, 24);
  return index < G_N_ELEMENTS (aac_rates) ? aac_rates[index] : 0;
}

/* program_config_element(), 4.4.1.1: the channels of its elements. */
static guint
count_pce_channels (Bits *bits)
{
  guint front, side, back, lfe, channels;

  bits_get (bits, 10); /* element_instance_tag, object_type, rate index */
  front = bits_get (bits, 4);
  side = bits_get (bits, 4);
  back = bits_get (bits, 4);
  lfe = bits_get (bits, 2);
  bits_get (bits, 7); /* assoc data and coupling elements */
  for (guint i = 0; i < 2; i++)
    if (bits_get (bits, 1)) /* mono and stereo mixdown */
      bits_get (bits, 4);
  if (bits_get (bits, 1)) /* matrix mixdown */
    bits_get (bits, 3);
  channels = lfe;
  for (guint i = 0; i < front + side + back; i++) {
    channels += bits_get (bits, 1) ? 2 : 1;
    bits_get (bits, 4);
  }
  return bits->failed ? 0 : channels;
}

gboolean
penstock_aac_config_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info)
{
  static const guint channels[] = { 0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24,
    8, 0 };
  const guint sbr = 5, parametric_stereo = 29;
  guint object_type, configuration;
  Bits bits;

  *info = (PenstockAudioInfo){ .frame_samples = 1024 };
  bits_init (&bits, data, size);
  object_type = get_aac_object_type (&bits);
  info->rate = get_aac_rate (&bits);
  configuration = bits_get (&bits, 4);
  if (object_type == sbr || object_type == parametric_stereo) {
    get_aac_rate (&bits); /* of the extension */
    object_type = get_aac_object_type (&bits);
  }
  if (bits.failed || object_type == 0 || info->rate == 0)
    return FALSE;
  info->channels = channels[configuration];

  /* GASpecificConfig(), 4.4.1; absent in configurations of two bytes */
  if (object_type <= 4 && gst_bit_reader_get_remaining (&bits.reader) >= 3) {
    if (bits_get (&bits, 1)) /* frameLengthFlag */
      info->frame_samples = 960;
    if (bits_get (&bits, 1)) /* dependsOnCoreCoder */
      bits_get (&bits, 14);
    bits_get (&bits, 1); /* extensionFlag */
    if (configuration == 0)
      info->channels = count_pce_channels (&bits);
  }
  return TRUE;
}

gsize
penstock_aac_adts_header (const guint8 *data, gsize size)
{
  gsize header, length;

  if (size < 7 || data[0] != 0xff || (data[1] & 0xf6) != 0xf0)
    return 0;
  header = data[1] & 1 ? 7 : 9;
  length = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5;
  /* A raw frame may begin with these bits too: the length decides. */
  return length == size && size > header ? header : 0;
}

gboolean
penstock_aac_config_write (guint rate, guint channels, guint8 config[2])
{
  const guint low_complexity = 2;
  guint configuration = channels == 8 ? 7 : channels;

  if (channels == 0 || channels == 7 || channels > 8)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (aac_rates); i++) {
    if (aac_rates[i] == rate) {
      config[0] = low_complexity << 3 | i >> 1;
      config[1] = (i & 1) << 7 | configuration << 3;
      return TRUE;
    }
  }
  return FALSE;
}

/* --- MP3, AC-3, FLAC --- */

gboolean
penstock_mp3_frame_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info)
{
  static const guint rates[] = { 44100, 48000, 32000 };
  /* kbit/s of layer 3: MPEG-1, and the other two. 0: free format. */
  static const guint kbps[2][16] = { { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128,
                                         160, 192, 224, 256, 320, 0 },
    { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0 } };
  const guint layer_3 = 1, mpeg_1 = 3;
  guint version, rate;

  if (size < 4 || data[0] != 0xff || (data[1] & 0xe0) != 0xe0)
    return FALSE;
  version = data[1] >> 3 & 3; /* 3 MPEG-1, 2 MPEG-2, 0 MPEG-2.5 */
  rate = data[2] >> 2 & 3;
  if (version == 1 || (data[1] >> 1 & 3) != layer_3 ||
      rate >= G_N_ELEMENTS (rates))
    return FALSE;
  info->rate = rates[rate] >> (version == mpeg_1 ? 0 : version == 2 ? 1 : 2);
  info->channels = data[3] >> 6 == 3 ? 1 : 2;
  info->frame_samples = version == mpeg_1 ? 1152 : 576;
  guint bit_rate = 1000 * kbps[version != mpeg_1][data[2] >> 4];
  info->frame_size = bit_rate == 0
      ? 0
      : info->frame_samples / 8 * bit_rate / info->rate + (data[2] >> 1 & 1);
  return TRUE;
}

static const guint ac3_rates[] = { 48000, 44100, 32000 };
/* Full bandwidth channels by acmod, ETSI TS 102 366, table 4.3. */
static const guint ac3_channels[] = { 2, 1, 2, 3, 3, 4, 4, 5 };

/* syncinfo() and bsi(), 4.3.1 and 4.3.2. */
gboolean
penstock_ac3_frame_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info)
{
  /* kbit/s by frmsizecod / 2, table 4.13 */
  static const guint kbps[] = { 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192,
    224, 256, 320, 384, 448, 512, 576, 640 };
  Bits bits;
  guint rate, mode, code;

  bits_init (&bits, data, size);
  if (bits_get (&bits, 16) != 0x0b77)
    return FALSE;
  bits_get (&bits, 16); /* crc1 */
  rate = bits_get (&bits, 2);
  code = bits_get (&bits, 6); /* frmsizecod */
  bits_get (&bits, 5 + 3);    /* bsid, bsmod */
  mode = bits_get (&bits, 3);
  if ((mode & 1) && mode != 1)
    bits_get (&bits, 2); /* cmixlev */
  if (mode & 4)
    bits_get (&bits, 2); /* surmixlev */
  if (mode == 2)
    bits_get (&bits, 2); /* dsurmod */
  if (rate >= G_N_ELEMENTS (ac3_rates))
    return FALSE;
  info->rate = ac3_rates[rate];
  info->channels = ac3_channels[mode] + bits_get (&bits, 1);
  info->frame_samples = 1536;
  /* Words of two bytes; at 44.1 kHz every other frame has one more. */
  if (code / 2 < G_N_ELEMENTS (kbps))
    info->frame_size = 2 * (kbps[code / 2] * 1000 * 1536 / 16 / info->rate);
  if (rate == 1)
    info->frame_size += 2 * (code & 1);
  return !bits.failed;
}

/* bsi() of Enhanced AC-3, annex E.1.2.2. */
gboolean
penstock_eac3_frame_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info)
{
  static const guint blocks[] = { 1, 2, 3, 6 };
  Bits bits;
  guint rate, code;

  bits_init (&bits, data, size);
  if (bits_get (&bits, 16) != 0x0b77)
    return FALSE;
  info->continues = bits_get (&bits, 2) == 1;  /* strmtyp: dependent */
  info->continues |= bits_get (&bits, 3) != 0; /* substreamid */
  info->frame_size = 2 * (bits_get (&bits, 11) + 1);
  rate = bits_get (&bits, 2);
  code = bits_get (&bits, 2); /* numblkscod, or fscod2 */
  if (rate == 3) {
    if (code == 3)
      return FALSE;
    info->rate = ac3_rates[code] / 2;
    info->frame_samples = 1536;
  } else {
    info->rate = ac3_rates[rate];
    info->frame_samples = 256 * blocks[code];
  }
  info->channels = ac3_channels[bits_get (&bits, 3)];
  info->channels += bits_get (&bits, 1);
  return !bits.failed;
}

gboolean
penstock_flac_config_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info, gsize *offset)
{
  gsize pos = 0;
  Bits bits;

  if (size >= 4 && memcmp (data, "fLaC", 4) == 0)
    pos += 4;
  /* METADATA_BLOCK_HEADER: type 0, length 34 */
  if (size - pos >= 4 && (data[pos] & 0x7f) == 0 && data[pos + 1] == 0 &&
      data[pos + 2] == 0 && data[pos + 3] == PENSTOCK_FLAC_STREAMINFO_SIZE)
    pos += 4;
  if (size - pos < PENSTOCK_FLAC_STREAMINFO_SIZE)
    return FALSE;

  /* RFC 9639, 8.2: two block sizes, two frame sizes, then the rate */
  bits_init (&bits, data + pos + 10, 8);
  info->rate = bits_get (&bits, 20);
  info->channels = bits_get (&bits, 3) + 1;
  info->frame_samples = 0;
  *offset = pos;
  return info->rate > 0;
}
