/* SPDX-License-Identifier: MIT
 *
 * FLV tag bodies, legacy and enhanced. See flv-tag.h. */

#include "flv-tag.h"

#include <gst/base/gstbytereader.h>

/* FLV 10.1, E.4.3.1, and the numbers 12 to 14 of common use. */
static const PenstockFlvCodec legacy_video[16] = {
  [2] = PENSTOCK_FLV_CODEC_H263,
  [3] = PENSTOCK_FLV_CODEC_SCREEN,
  [4] = PENSTOCK_FLV_CODEC_VP6,
  [5] = PENSTOCK_FLV_CODEC_VP6,
  [6] = PENSTOCK_FLV_CODEC_SCREEN,
  [7] = PENSTOCK_FLV_CODEC_H264,
  [12] = PENSTOCK_FLV_CODEC_H265,
  [13] = PENSTOCK_FLV_CODEC_AV1,
  [14] = PENSTOCK_FLV_CODEC_H266,
};

/* FLV 10.1, E.4.2.1, and 13 of common use. 9 is Enhanced RTMP. */
static const PenstockFlvCodec legacy_audio[16] = {
  [0] =
      PENSTOCK_FLV_CODEC_PCM, /* "platform endian": little endian in practice */
  [1] = PENSTOCK_FLV_CODEC_ADPCM,
  [2] = PENSTOCK_FLV_CODEC_MP3,
  [3] = PENSTOCK_FLV_CODEC_PCM,
  [4] = PENSTOCK_FLV_CODEC_NELLYMOSER,
  [5] = PENSTOCK_FLV_CODEC_NELLYMOSER,
  [6] = PENSTOCK_FLV_CODEC_NELLYMOSER,
  [7] = PENSTOCK_FLV_CODEC_ALAW,
  [8] = PENSTOCK_FLV_CODEC_MULAW,
  [10] = PENSTOCK_FLV_CODEC_AAC,
  [11] = PENSTOCK_FLV_CODEC_SPEEX,
  [13] = PENSTOCK_FLV_CODEC_OPUS,
  [14] = PENSTOCK_FLV_CODEC_MP3,
};
#define SOUND_FORMAT_EX 9

/* Enhanced RTMP v2, VideoPacketType and AudioPacketType share most values. */
enum {
  PACKET_SEQUENCE_START = 0,
  PACKET_CODED_FRAMES = 1,
  PACKET_SEQUENCE_END = 2,
  PACKET_CODED_FRAMES_X = 3,    /* video */
  PACKET_METADATA = 4,          /* video; audio: MultichannelConfig */
  PACKET_TS_SEQUENCE_START = 5, /* video; audio: Multitrack */
  PACKET_AUDIO_MULTITRACK = 5,
  PACKET_VIDEO_MULTITRACK = 6,
  PACKET_MOD_EX = 7,
};
enum {
  MULTITRACK_ONE = 0,
  MULTITRACK_ONE_CODEC = 1,
  MULTITRACK_MANY_CODECS = 2,
};
#define MOD_EX_NANO_OFFSET 0
#define NANO_OFFSET_MAX 999999

static const struct {
  guint32 fourcc;
  PenstockFlvCodec codec;
} fourccs[] = {
  { PENSTOCK_FLV_FOURCC ('a', 'v', 'c', '1'), PENSTOCK_FLV_CODEC_H264 },
  { PENSTOCK_FLV_FOURCC ('h', 'v', 'c', '1'), PENSTOCK_FLV_CODEC_H265 },
  { PENSTOCK_FLV_FOURCC ('v', 'v', 'c', '1'), PENSTOCK_FLV_CODEC_H266 },
  { PENSTOCK_FLV_FOURCC ('a', 'v', '0', '1'), PENSTOCK_FLV_CODEC_AV1 },
  { PENSTOCK_FLV_FOURCC ('v', 'p', '0', '8'), PENSTOCK_FLV_CODEC_VP8 },
  { PENSTOCK_FLV_FOURCC ('v', 'p', '0', '9'), PENSTOCK_FLV_CODEC_VP9 },
  { PENSTOCK_FLV_FOURCC ('m', 'p', '4', 'a'), PENSTOCK_FLV_CODEC_AAC },
  { PENSTOCK_FLV_FOURCC ('.', 'm', 'p', '3'), PENSTOCK_FLV_CODEC_MP3 },
  { PENSTOCK_FLV_FOURCC ('O', 'p', 'u', 's'), PENSTOCK_FLV_CODEC_OPUS },
  { PENSTOCK_FLV_FOURCC ('f', 'L', 'a', 'C'), PENSTOCK_FLV_CODEC_FLAC },
  { PENSTOCK_FLV_FOURCC ('a', 'c', '-', '3'), PENSTOCK_FLV_CODEC_AC3 },
  { PENSTOCK_FLV_FOURCC ('e', 'c', '-', '3'), PENSTOCK_FLV_CODEC_EAC3 },
};

static const gchar *const codec_names[] = {
  [PENSTOCK_FLV_CODEC_UNKNOWN] = "unknown codec",
  [PENSTOCK_FLV_CODEC_H264] = "H.264",
  [PENSTOCK_FLV_CODEC_H265] = "H.265",
  [PENSTOCK_FLV_CODEC_H266] = "H.266",
  [PENSTOCK_FLV_CODEC_AV1] = "AV1",
  [PENSTOCK_FLV_CODEC_VP8] = "VP8",
  [PENSTOCK_FLV_CODEC_VP9] = "VP9",
  [PENSTOCK_FLV_CODEC_H263] = "Sorenson H.263",
  [PENSTOCK_FLV_CODEC_SCREEN] = "Screen video",
  [PENSTOCK_FLV_CODEC_VP6] = "VP6",
  [PENSTOCK_FLV_CODEC_AAC] = "AAC",
  [PENSTOCK_FLV_CODEC_MP3] = "MP3",
  [PENSTOCK_FLV_CODEC_OPUS] = "Opus",
  [PENSTOCK_FLV_CODEC_FLAC] = "FLAC",
  [PENSTOCK_FLV_CODEC_AC3] = "AC-3",
  [PENSTOCK_FLV_CODEC_EAC3] = "E-AC-3",
  [PENSTOCK_FLV_CODEC_ALAW] = "A-law",
  [PENSTOCK_FLV_CODEC_MULAW] = "mu-law",
  [PENSTOCK_FLV_CODEC_PCM] = "PCM",
  [PENSTOCK_FLV_CODEC_ADPCM] = "ADPCM",
  [PENSTOCK_FLV_CODEC_SPEEX] = "Speex",
  [PENSTOCK_FLV_CODEC_NELLYMOSER] = "Nellymoser",
};

const gchar *
penstock_flv_codec_get_name (PenstockFlvCodec codec)
{
  g_return_val_if_fail ((guint) codec < G_N_ELEMENTS (codec_names), NULL);
  return codec_names[codec];
}

PenstockFlvCodec
penstock_flv_codec_from_fourcc (guint32 fourcc)
{
  for (guint i = 0; i < G_N_ELEMENTS (fourccs); i++)
    if (fourccs[i].fourcc == fourcc)
      return fourccs[i].codec;
  return PENSTOCK_FLV_CODEC_UNKNOWN;
}

/* The rest of the reader, or @size bytes of it, as the body of @item. An item
 * over the limit makes FALSE. */
static gboolean
take_item (PenstockFlvTag *tag, const PenstockFlvItem *item,
    GstByteReader *reader, gsize size)
{
  PenstockFlvItem *out;

  if (tag->n_items == PENSTOCK_FLV_MAX_ITEMS)
    return FALSE;
  out = &tag->items[tag->n_items++];
  *out = *item;
  out->offset = gst_byte_reader_get_pos (reader);
  out->size = size;
  return gst_byte_reader_skip (reader, size);
}

static PenstockRtmpParse
take_rest (
    PenstockFlvTag *tag, const PenstockFlvItem *item, GstByteReader *reader)
{
  gsize size = gst_byte_reader_get_remaining (reader);

  /* An empty frame is nothing; an empty configuration means "the default". */
  if (size == 0 && item->kind == PENSTOCK_FLV_ITEM_FRAME)
    return PENSTOCK_RTMP_PARSE_DONE;
  return take_item (tag, item, reader, size) ? PENSTOCK_RTMP_PARSE_DONE
                                             : PENSTOCK_RTMP_PARSE_ERROR;
}

/* --- Legacy (FLV 10.1, E.4.2 and E.4.3) --- */

/* AVCPacketType and AACPacketType: 0 configuration, 1 data, 2 end. */
static gboolean
kind_from_packet_type (guint8 type, PenstockFlvItemKind *kind)
{
  static const PenstockFlvItemKind kinds[] = { PENSTOCK_FLV_ITEM_CONFIG,
    PENSTOCK_FLV_ITEM_FRAME, PENSTOCK_FLV_ITEM_END };

  if (type >= G_N_ELEMENTS (kinds))
    return FALSE;
  *kind = kinds[type];
  return TRUE;
}

static PenstockRtmpParse
parse_legacy_video (GstByteReader *reader, guint8 first, PenstockFlvTag *tag)
{
  PenstockFlvItem item = { .kind = PENSTOCK_FLV_ITEM_FRAME,
    .frame_type = first >> 4,
    .id = first & 0x0f,
    .codec = legacy_video[first & 0x0f] };
  guint32 cts;
  guint8 packet_type;

  if (item.frame_type == PENSTOCK_FLV_FRAME_COMMAND)
    return PENSTOCK_RTMP_PARSE_DONE;
  if (item.id != 7 && (item.id < 12 || item.id > 14))
    return take_rest (tag, &item, reader);

  if (!gst_byte_reader_get_uint8 (reader, &packet_type))
    return PENSTOCK_RTMP_PARSE_MORE;
  if (!kind_from_packet_type (packet_type, &item.kind))
    return PENSTOCK_RTMP_PARSE_ERROR;
  /* Some encoders end the sequence with two bytes. */
  if (!gst_byte_reader_get_uint24_be (reader, &cts)) {
    if (item.kind != PENSTOCK_FLV_ITEM_END)
      return PENSTOCK_RTMP_PARSE_MORE;
    cts = 0;
  }
  if (item.kind == PENSTOCK_FLV_ITEM_FRAME)
    item.cts_ms = (gint32) (cts << 8) >> 8;
  return take_rest (tag, &item, reader);
}

static PenstockRtmpParse
parse_legacy_audio (GstByteReader *reader, guint8 first, PenstockFlvTag *tag)
{
  static const guint rates[] = { 5512, 11025, 22050, 44100 };
  PenstockFlvItem item = { .kind = PENSTOCK_FLV_ITEM_FRAME,
    .id = first >> 4,
    .codec = legacy_audio[first >> 4],
    .rate = rates[first >> 2 & 3],
    .bits = first & 2 ? 16 : 8,
    .channels = first & 1 ? 2 : 1 };
  guint8 packet_type;

  if (item.codec == PENSTOCK_FLV_CODEC_ALAW ||
      item.codec == PENSTOCK_FLV_CODEC_MULAW || item.id == 14)
    item.rate = 8000;
  if (item.codec == PENSTOCK_FLV_CODEC_AAC) {
    if (!gst_byte_reader_get_uint8 (reader, &packet_type))
      return PENSTOCK_RTMP_PARSE_MORE;
    if (!kind_from_packet_type (packet_type, &item.kind))
      return PENSTOCK_RTMP_PARSE_ERROR;
  }
  return take_rest (tag, &item, reader);
}

/* --- Enhanced RTMP --- */

/* What the header of an enhanced message says before the bodies. */
typedef struct {
  PenstockFlvItem item; /* common to all tracks */
  PenstockFlvKind kind;
  guint8 packet_type;
  gboolean multitrack;
  guint8 multitrack_type;
} ExHeader;

static PenstockRtmpParse
parse_mod_ex (GstByteReader *reader, ExHeader *header)
{
  guint8 size8, types;
  guint16 size16;
  guint32 nano;
  gsize size;
  const guint8 *data;

  if (!gst_byte_reader_get_uint8 (reader, &size8))
    return PENSTOCK_RTMP_PARSE_MORE;
  size = size8 + 1;
  if (size == 256) {
    if (!gst_byte_reader_get_uint16_be (reader, &size16))
      return PENSTOCK_RTMP_PARSE_MORE;
    size = size16 + 1;
  }
  if (!gst_byte_reader_get_data (reader, size, &data) ||
      !gst_byte_reader_get_uint8 (reader, &types))
    return PENSTOCK_RTMP_PARSE_MORE;

  if (types >> 4 == MOD_EX_NANO_OFFSET && size >= 3) {
    nano = data[0] << 16 | data[1] << 8 | data[2];
    if (nano <= NANO_OFFSET_MAX)
      header->item.nano_offset = nano;
  }
  header->packet_type = types & 0x0f;
  return PENSTOCK_RTMP_PARSE_DONE;
}

static gboolean
get_fourcc (GstByteReader *reader, PenstockFlvItem *item)
{
  const guint8 *data;

  if (!gst_byte_reader_get_data (reader, 4, &data))
    return FALSE;
  item->id = PENSTOCK_FLV_FOURCC (data[0], data[1], data[2], data[3]);
  item->codec = penstock_flv_codec_from_fourcc (item->id);
  return TRUE;
}

static gboolean
is_multitrack (const ExHeader *header)
{
  return header->packet_type ==
      (header->kind == PENSTOCK_FLV_VIDEO ? PACKET_VIDEO_MULTITRACK
                                          : PACKET_AUDIO_MULTITRACK);
}

/* The kind of body, FALSE for a packet type that is not known. */
static gboolean
kind_from_ex_packet_type (const ExHeader *header, PenstockFlvItemKind *kind)
{
  const gboolean video = header->kind == PENSTOCK_FLV_VIDEO;

  switch (header->packet_type) {
  case PACKET_SEQUENCE_START:
    *kind = PENSTOCK_FLV_ITEM_CONFIG;
    return TRUE;
  case PACKET_CODED_FRAMES:
    *kind = PENSTOCK_FLV_ITEM_FRAME;
    return TRUE;
  case PACKET_SEQUENCE_END:
    *kind = PENSTOCK_FLV_ITEM_END;
    return TRUE;
  case PACKET_CODED_FRAMES_X:
    *kind = PENSTOCK_FLV_ITEM_FRAME;
    return video;
  case PACKET_METADATA:
    *kind = video ? PENSTOCK_FLV_ITEM_METADATA : PENSTOCK_FLV_ITEM_CHANNELS;
    return TRUE;
  default:
    /* MPEG2TSSequenceStart has a descriptor of MPEG-2 TS, not an av1C. */
    return FALSE;
  }
}

/* One track's body of @size bytes (Enhanced RTMP v2, ExVideoTagBody and
 * ExAudioTagBody). */
static PenstockRtmpParse
parse_ex_body (GstByteReader *reader, const ExHeader *header,
    const PenstockFlvItem *track, gsize size, PenstockFlvTag *tag)
{
  PenstockFlvItem item = *track;
  guint32 cts;

  if (!kind_from_ex_packet_type (header, &item.kind))
    return gst_byte_reader_skip (reader, size) ? PENSTOCK_RTMP_PARSE_DONE
                                               : PENSTOCK_RTMP_PARSE_MORE;
  if (header->kind == PENSTOCK_FLV_VIDEO &&
      header->packet_type == PACKET_CODED_FRAMES &&
      (item.codec == PENSTOCK_FLV_CODEC_H264 ||
          item.codec == PENSTOCK_FLV_CODEC_H265 ||
          item.codec == PENSTOCK_FLV_CODEC_H266)) {
    if (size < 3 || !gst_byte_reader_get_uint24_be (reader, &cts))
      return PENSTOCK_RTMP_PARSE_MORE;
    item.cts_ms = (gint32) (cts << 8) >> 8;
    size -= 3;
  }
  if (size == 0 && item.kind == PENSTOCK_FLV_ITEM_FRAME)
    return PENSTOCK_RTMP_PARSE_DONE;
  return take_item (tag, &item, reader, size) ? PENSTOCK_RTMP_PARSE_DONE
                                              : PENSTOCK_RTMP_PARSE_ERROR;
}

static PenstockRtmpParse
parse_ex_tracks (
    GstByteReader *reader, const ExHeader *header, PenstockFlvTag *tag)
{
  do {
    PenstockFlvItem item = header->item;
    guint32 size;
    PenstockRtmpParse result;

    if (header->multitrack_type == MULTITRACK_MANY_CODECS &&
        !get_fourcc (reader, &item))
      return PENSTOCK_RTMP_PARSE_MORE;
    if (!gst_byte_reader_get_uint8 (reader, &item.track))
      return PENSTOCK_RTMP_PARSE_MORE;
    if (header->multitrack_type == MULTITRACK_ONE)
      size = gst_byte_reader_get_remaining (reader);
    else if (!gst_byte_reader_get_uint24_be (reader, &size))
      return PENSTOCK_RTMP_PARSE_MORE;
    if (size > gst_byte_reader_get_remaining (reader))
      return PENSTOCK_RTMP_PARSE_MORE;

    result = parse_ex_body (reader, header, &item, size, tag);
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
  } while (gst_byte_reader_get_remaining (reader) > 0);
  return PENSTOCK_RTMP_PARSE_DONE;
}

static PenstockRtmpParse
parse_enhanced (GstByteReader *reader, ExHeader *header, PenstockFlvTag *tag)
{
  for (guint n = 0; header->packet_type == PACKET_MOD_EX; n++) {
    PenstockRtmpParse result = n < PENSTOCK_FLV_MAX_MOD_EX
        ? parse_mod_ex (reader, header)
        : PENSTOCK_RTMP_PARSE_ERROR;
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
  }

  /* A command: one byte, no FourCC, no media. */
  if (header->kind == PENSTOCK_FLV_VIDEO &&
      header->item.frame_type == PENSTOCK_FLV_FRAME_COMMAND &&
      header->packet_type != PACKET_METADATA)
    return PENSTOCK_RTMP_PARSE_DONE;

  if (is_multitrack (header)) {
    guint8 types;

    if (!gst_byte_reader_get_uint8 (reader, &types))
      return PENSTOCK_RTMP_PARSE_MORE;
    header->multitrack = TRUE;
    header->multitrack_type = types >> 4;
    header->packet_type = types & 0x0f;
    if (header->multitrack_type > MULTITRACK_MANY_CODECS ||
        is_multitrack (header) || header->packet_type == PACKET_MOD_EX)
      return PENSTOCK_RTMP_PARSE_ERROR;
  }
  if (!(header->multitrack &&
          header->multitrack_type == MULTITRACK_MANY_CODECS) &&
      !get_fourcc (reader, &header->item))
    return PENSTOCK_RTMP_PARSE_MORE;
  if (header->multitrack)
    return parse_ex_tracks (reader, header, tag);
  return parse_ex_body (reader, header, &header->item,
      gst_byte_reader_get_remaining (reader), tag);
}

PenstockRtmpParse
penstock_flv_tag_parse (
    PenstockFlvKind kind, const guint8 *data, gsize size, PenstockFlvTag *tag)
{
  PenstockFlvTag read = { 0 };
  PenstockRtmpParse result = PENSTOCK_RTMP_PARSE_DONE;
  GstByteReader reader;
  guint8 first;

  if (size > G_MAXUINT32)
    return PENSTOCK_RTMP_PARSE_ERROR;
  gst_byte_reader_init (&reader, data, size);
  /* An empty message is legal and means nothing. */
  if (gst_byte_reader_get_uint8 (&reader, &first)) {
    if (kind == PENSTOCK_FLV_VIDEO ? first >> 7
                                   : first >> 4 == SOUND_FORMAT_EX) {
      ExHeader header = { .kind = kind, .packet_type = first & 0x0f };

      header.item.enhanced = TRUE;
      if (kind == PENSTOCK_FLV_VIDEO)
        header.item.frame_type = first >> 4 & 7;
      result = parse_enhanced (&reader, &header, &read);
    } else if (kind == PENSTOCK_FLV_VIDEO) {
      result = parse_legacy_video (&reader, first, &read);
    } else {
      result = parse_legacy_audio (&reader, first, &read);
    }
  }
  if (result == PENSTOCK_RTMP_PARSE_DONE)
    *tag = read;
  return result;
}
