/* SPDX-License-Identifier: MIT
 *
 * Caps in the canonical form of a channel (avc, hvc1, obu-stream, raw AAC,
 * ...) from the configuration and the first frame of an RTMP track. Pure. */
#ifndef PENSTOCK_FLV_CAPS_H
#define PENSTOCK_FLV_CAPS_H

#include <gst/gst.h>

#include "flv-tag.h"
#include "parameter-sets.h"

G_BEGIN_DECLS

/**
 * PenstockFlvHints:
 *
 * What onMetaData says; 0 = nothing. Never decides the codec, only fills what
 * the bits leave out.
 */
typedef struct {
  guint width, height;
  gdouble framerate;
  guint audio_rate, audio_channels;
} PenstockFlvHints;

/**
 * PenstockFlvCapsInput:
 * @codec: what the frames are (an H.265 track may travel as H.264)
 * @config: (nullable): for H.264 and H.265 the canonical record (4 byte
 *   lengths), for the others the configuration as it came; %NULL = none yet
 * @sets: (nullable): parsed @config of H.264 and H.265
 * @frame: (nullable): first frame (video: keyframe), without tag header
 * @frame_size: its length
 * @item: (nullable): that frame's item; flags of legacy audio
 * @hints: (nullable): metadata
 */
typedef struct {
  PenstockFlvCodec codec;
  GBytes *config;
  const PenstockParameterSets *sets;
  const guint8 *frame;
  gsize frame_size;
  const PenstockFlvItem *item;
  const PenstockFlvHints *hints;
} PenstockFlvCapsInput;

/**
 * penstock_flv_caps_new:
 * @input: what is known
 * @reason: (out) (transfer full): why the track will never have caps
 *
 * Returns: (transfer full) (nullable): caps; %NULL with @reason when the codec
 *   is not carried, %NULL with @reason %NULL when more is needed: a
 *   configuration, or an intact first frame
 */
GstCaps *penstock_flv_caps_new (
    const PenstockFlvCapsInput *input, gchar **reason);

/* Duration of an audio frame of @size bytes in ns; %GST_CLOCK_TIME_NONE when
 * @caps do not tell (Opus, FLAC, several frames in one message). */
GstClockTime penstock_flv_audio_duration (
    PenstockFlvCodec codec, const GstCaps *caps, gsize size);

G_END_DECLS

#endif /* PENSTOCK_FLV_CAPS_H */
