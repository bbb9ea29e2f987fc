/* SPDX-License-Identifier: MIT
 *
 * Audio and video messages of RTMP, which are FLV tag bodies (FLV 10.1, E.4;
 * Enhanced RTMP v1 and v2): message payload → items, each a configuration or
 * a frame of one track. Pure; nothing is copied. */
#ifndef PENSTOCK_FLV_TAG_H
#define PENSTOCK_FLV_TAG_H

#include "rtmp-message.h"

G_BEGIN_DECLS

/* Tracks in one multitrack message. Enhanced RTMP allows 256; encoders send
 * a handful, and each becomes a pad. */
#define PENSTOCK_FLV_MAX_ITEMS 16
/* ModEx headers in one message. The specification has one kind. */
#define PENSTOCK_FLV_MAX_MOD_EX 8

typedef enum {
  PENSTOCK_FLV_VIDEO,
  PENSTOCK_FLV_AUDIO,
} PenstockFlvKind;

typedef enum {
  PENSTOCK_FLV_CODEC_UNKNOWN,
  /* video */
  PENSTOCK_FLV_CODEC_H264,
  PENSTOCK_FLV_CODEC_H265,
  PENSTOCK_FLV_CODEC_H266,
  PENSTOCK_FLV_CODEC_AV1,
  PENSTOCK_FLV_CODEC_VP8,
  PENSTOCK_FLV_CODEC_VP9,
  PENSTOCK_FLV_CODEC_H263,
  PENSTOCK_FLV_CODEC_SCREEN,
  PENSTOCK_FLV_CODEC_VP6,
  /* audio */
  PENSTOCK_FLV_CODEC_AAC,
  PENSTOCK_FLV_CODEC_MP3,
  PENSTOCK_FLV_CODEC_OPUS,
  PENSTOCK_FLV_CODEC_FLAC,
  PENSTOCK_FLV_CODEC_AC3,
  PENSTOCK_FLV_CODEC_EAC3,
  PENSTOCK_FLV_CODEC_ALAW,
  PENSTOCK_FLV_CODEC_MULAW,
  PENSTOCK_FLV_CODEC_PCM,
  PENSTOCK_FLV_CODEC_ADPCM,
  PENSTOCK_FLV_CODEC_SPEEX,
  PENSTOCK_FLV_CODEC_NELLYMOSER,
} PenstockFlvCodec;

typedef enum {
  PENSTOCK_FLV_ITEM_CONFIG, /* decoder configuration (sequence start) */
  PENSTOCK_FLV_ITEM_FRAME,  /* coded data */
  PENSTOCK_FLV_ITEM_END, /* end of sequence; a new configuration may follow */
  PENSTOCK_FLV_ITEM_METADATA, /* AMF0 name and value, Enhanced RTMP ("colorInfo") */
  PENSTOCK_FLV_ITEM_CHANNELS, /* MultichannelConfig, Enhanced RTMP */
} PenstockFlvItemKind;

/* What the encoder says of a video frame; not to be trusted. */
typedef enum {
  PENSTOCK_FLV_FRAME_KEY = 1,
  PENSTOCK_FLV_FRAME_INTER = 2,
  PENSTOCK_FLV_FRAME_DISPOSABLE = 3,
  PENSTOCK_FLV_FRAME_GENERATED_KEY = 4,
  PENSTOCK_FLV_FRAME_COMMAND = 5,
} PenstockFlvFrameType;

/**
 * PenstockFlvItem:
 * @kind: what @offset and @size span
 * @codec: %PENSTOCK_FLV_CODEC_UNKNOWN for an id or FourCC that is not known
 * @track: Enhanced RTMP track id, 0 = the default track
 * @enhanced: came with a FourCC; @id is that FourCC, else the legacy number
 * @frame_type: video only
 * @cts_ms: composition time of a video frame, signed 24 bit
 * @nano_offset: nanoseconds to add to the presentation time, 0 to 999,999
 * @rate, @channels, @bits: what the flags of legacy audio say
 * @offset, @size: the body inside the message
 * @delay: time of the frame behind that of the message, ns; a part of an item
 *   (audio-frames.h) has one
 * @duration: ns, 0 = not known; likewise
 */
typedef struct {
  PenstockFlvItemKind kind;
  PenstockFlvCodec codec;
  guint8 track;
  gboolean enhanced;
  guint32 id;
  PenstockFlvFrameType frame_type;
  gint32 cts_ms;
  guint32 nano_offset;
  guint rate, channels, bits;
  gsize offset, size;
  GstClockTime delay, duration;
} PenstockFlvItem;

/**
 * PenstockFlvTag:
 * @n_items: 0 for an empty message, a command frame and an empty body
 * @items: in the order of the message
 */
typedef struct {
  guint n_items;
  PenstockFlvItem items[PENSTOCK_FLV_MAX_ITEMS];
} PenstockFlvTag;

/**
 * penstock_flv_tag_parse:
 * @kind: video message (type 9) or audio message (type 8)
 * @data: payload of the message
 * @size: its length
 * @tag: (out): written only on %PENSTOCK_RTMP_PARSE_DONE
 *
 * Reads one complete message. MORE: it ends inside a header. ERROR: it
 * contradicts itself or is over a limit.
 */
PenstockRtmpParse penstock_flv_tag_parse (
    PenstockFlvKind kind, const guint8 *data, gsize size, PenstockFlvTag *tag);

/* "H.264", "Speex"; "unknown codec". */
const gchar *penstock_flv_codec_get_name (PenstockFlvCodec codec);
/* The codec of a FourCC as a big-endian number, UNKNOWN for others. */
PenstockFlvCodec penstock_flv_codec_from_fourcc (guint32 fourcc);

#define PENSTOCK_FLV_FOURCC(a, b, c, d)                                        \
  ((guint32) (a) << 24 | (guint32) (b) << 16 | (guint32) (c) << 8 |            \
      (guint32) (d))

G_END_DECLS

#endif /* PENSTOCK_FLV_TAG_H */
