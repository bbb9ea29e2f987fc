/* SPDX-License-Identifier: MIT
 *
 * Audio and video messages of RTMP from caps and frames in the canonical form
 * of a channel: the mirror of flv-tag.h and flv-caps.h. Codecs that FLV has a
 * number for go in the legacy form, which every player knows, the others as
 * Enhanced RTMP. Pure. */
#ifndef PENSTOCK_FLV_WRITER_H
#define PENSTOCK_FLV_WRITER_H

#include <gst/gst.h>

#include "flv-tag.h"

G_BEGIN_DECLS

/* What PenstockFlvFormat can be made of; `avc` and `hvc1` by access unit. */
#define PENSTOCK_FLV_VIDEO_CAPS                                                \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au; "            \
  "video/x-h265, stream-format=(string)hvc1, alignment=(string)au; "           \
  "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu; "      \
  "video/x-vp9; video/x-vp8"
#define PENSTOCK_FLV_AUDIO_CAPS                                                \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw; "                \
  "audio/mpeg, mpegversion=(int)1, layer=(int)3; "                             \
  "audio/x-opus; audio/x-flac, framed=(boolean)true; audio/x-ac3; "            \
  "audio/x-eac3; "                                                             \
  "audio/x-alaw, channels=(int)[ 1, 2 ]; "                                     \
  "audio/x-mulaw, channels=(int)[ 1, 2 ]"

/**
 * PenstockFlvFormat:
 * @fourcc: of Enhanced RTMP, 0 = legacy form
 * @head: legacy form: the first byte of an audio message, the codec number of
 *   video
 *
 * How the messages of a track look.
 */
typedef struct {
  PenstockFlvKind kind;
  PenstockFlvCodec codec;
  guint32 fourcc;
  guint8 head;
} PenstockFlvFormat;

/* FALSE when RTMP does not carry @caps (fixed). */
gboolean penstock_flv_format_from_caps (
    const GstCaps *caps, PenstockFlvFormat *out);

/* (transfer full) (nullable): the message that configures the decoder; %NULL
 * for codecs without one, and when @caps lack it. */
GBytes *penstock_flv_write_config (
    const PenstockFlvFormat *format, const GstCaps *caps);

/* Frames mean nothing to a decoder without that. */
gboolean penstock_flv_needs_config (const PenstockFlvFormat *format);

#define PENSTOCK_FLV_FRAME_HEADER_MAX 8

/* What stands before the frame in its message. @cts_ms: presentation minus
 * decoding time of video. Returns the bytes written to @out. */
guint penstock_flv_write_frame_header (const PenstockFlvFormat *format,
    gboolean keyframe, gint32 cts_ms, guint8 *out);

/* (transfer full): payload of a data message, "onMetaData" with what the caps
 * (either may be %NULL) tell. */
GBytes *penstock_flv_write_metadata (
    const GstCaps *video, const GstCaps *audio);

/* (transfer full): the same as a publisher sends it: servers keep what comes
 * behind "@setDataFrame" and tell it to their players. */
GBytes *penstock_flv_write_set_data_frame (GBytes *metadata);

G_END_DECLS

#endif /* PENSTOCK_FLV_WRITER_H */
