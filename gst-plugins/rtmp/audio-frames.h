/* SPDX-License-Identifier: MIT
 *
 * Takes a message of MP3, AC-3 or E-AC-3 apart: it may hold several frames, and
 * everybody behind wants them one by one. Pure. */
#ifndef PENSTOCK_AUDIO_FRAMES_H
#define PENSTOCK_AUDIO_FRAMES_H

#include "flv-tag.h"

G_BEGIN_DECLS

/**
 * PenstockAudioFrame:
 * @offset, @size: of the frame in the message
 * @duration: 0 = not known
 */
typedef struct {
  gsize offset, size;
  GstClockTime duration;
} PenstockAudioFrame;

/* Codecs whose messages have to be taken apart. */
gboolean penstock_audio_frames_apply (PenstockFlvCodec codec);

/**
 * penstock_audio_frames_next:
 * @position: (inout): 0 for the first frame, then as left by the last call
 * @out: (out): the next frame. What begins like none is one with all the rest;
 *   behind a frame it is left out
 *
 * Returns: FALSE at the end
 */
gboolean penstock_audio_frames_next (PenstockFlvCodec codec, const guint8 *data,
    gsize size, gsize *position, PenstockAudioFrame *out);

G_END_DECLS

#endif /* PENSTOCK_AUDIO_FRAMES_H */
