/* SPDX-License-Identifier: MIT
 *
 * What a CMAF track must know about its elementary stream: taken once from
 * caps, then shared by the header, the segmenter and the MPD. Pure. */
#ifndef PENSTOCK_CMAF_FORMAT_H
#define PENSTOCK_CMAF_FORMAT_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Ticks a second of every video track: 90 in a millisecond, and exact for
 * 30000/1001. Audio tracks count samples. */
#define CMAF_VIDEO_TIMESCALE 90000

typedef enum {
  CMAF_VIDEO,
  CMAF_AUDIO,
} CmafKind;

typedef enum {
  CMAF_CODEC_H264,
  CMAF_CODEC_H265,
  CMAF_CODEC_AV1,
  CMAF_CODEC_VP9,
  CMAF_CODEC_AAC,
  CMAF_CODEC_MP3,
  CMAF_CODEC_OPUS,
  CMAF_CODEC_FLAC,
  CMAF_CODEC_AC3,
  CMAF_CODEC_EAC3,
} CmafCodec;

/**
 * CmafFormat:
 * @in_band: parameter sets may change inside the stream (avc3, hev1)
 * @timescale: ticks a second of the track's media timeline
 * @par_n, @par_d: shape of a pixel; 1/1 when unknown
 * @fps_n, @fps_d: nominal frame rate; 0/1 when unknown
 * @colour_primaries, @transfer, @matrix: ISO/IEC 23091-2 code points, 2 when
 *   unknown
 * @rate: audio samples a second after decoding
 * @frame_samples: ticks of one access unit; 0 when each one says it itself
 * @config: what the sample entry carries about the codec: content of avcC,
 *   hvcC, av1C, vpcC, dOps, dfLa, dac3 or dec3; the AudioSpecificConfig of AAC;
 *   %NULL for MP3, and for AC-3, E-AC-3 and AV1 where the stream says it
 * @codecs: value of the MIME type's `codecs` parameter (RFC 6381)
 *
 * Immutable and reference counted.
 */
typedef struct {
  CmafKind kind;
  CmafCodec codec;
  gboolean in_band;
  guint timescale;

  guint width, height;
  guint par_n, par_d;
  guint fps_n, fps_d;
  guint8 colour_primaries, transfer, matrix;
  gboolean full_range;

  guint rate, channels;
  guint frame_samples;

  GBytes *config;
  gchar *codecs;
} CmafFormat;

/**
 * cmaf_format_new_from_caps:
 * @caps: fixed caps of an elementary stream in the form MP4 stores it
 * @error: return location; domain %GST_STREAM_ERROR
 *
 * Returns: (transfer full) (nullable): the format, or %NULL with
 *   %GST_STREAM_ERROR_WRONG_TYPE (a codec we do not carry) or
 *   %GST_STREAM_ERROR_FORMAT (decoder configuration missing or broken)
 */
CmafFormat *cmaf_format_new_from_caps (const GstCaps *caps, GError **error);

CmafFormat *cmaf_format_ref (CmafFormat *format);
void cmaf_format_unref (CmafFormat *format);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CmafFormat, cmaf_format_unref)

/* Would both make the same CMAF header and Representation? NULL equals NULL. */
gboolean cmaf_format_equal (const CmafFormat *a, const CmafFormat *b);

/* Is the configuration to be read from an access unit? */
gboolean cmaf_format_is_incomplete (const CmafFormat *format);

/* (transfer full) (nullable): the same with what @data says, an access unit;
 * %NULL when it is broken */
CmafFormat *cmaf_format_complete (
    const CmafFormat *format, const guint8 *data, gsize size);

/* So much time, or the whole pictures in it where the frame rate is known: one
 * at least. It may be longer by 2 %, which is what milliseconds make of a frame
 * rate. */
GstClockTime cmaf_format_get_whole_pictures (
    const CmafFormat *format, GstClockTime time);

/**
 * cmaf_format_access_unit_ticks:
 * @format: an audio format
 * @data, @size: one access unit
 *
 * Returns: its duration in ticks as the codec defines it, 0 when the codec
 *   does not tell
 */
guint cmaf_format_access_unit_ticks (
    const CmafFormat *format, const guint8 *data, gsize size);

G_END_DECLS

#endif /* PENSTOCK_CMAF_FORMAT_H */
