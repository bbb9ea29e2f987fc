/* SPDX-License-Identifier: MIT
 *
 * Media of a CMAF track: `moof` and `mdat` (ISO/IEC 23000-19:2020, 7.3.2).
 * Pure. */
#ifndef PENSTOCK_CMAF_CHUNK_H
#define PENSTOCK_CMAF_CHUNK_H

#include "cmaf-format.h"

G_BEGIN_DECLS

/**
 * CmafSample:
 * @buffer: (transfer none): the access unit
 * @duration: ticks to the next sample in decoding order
 * @composition_offset: presentation minus decoding time, in ticks; may be
 *   negative
 * @keyframe: decoding can start here
 * @droppable: no other sample refers to it
 */
typedef struct {
  GstBuffer *buffer;
  guint32 duration;
  gint32 composition_offset;
  gboolean keyframe;
  gboolean droppable;
} CmafSample;

/**
 * CmafChunk:
 * @sequence: number of the movie fragment, grows by one over a track's life
 * @decode_time: decoding time of the first sample, in ticks
 * @starts_segment: a `styp` comes first
 * @produced: UTC of @decode_time, in nanoseconds since 1970, for a `prft`; 0:
 *   there is none
 */
typedef struct {
  guint32 sequence;
  guint64 decode_time;
  gboolean starts_segment;
  GstClockTime produced;
} CmafChunk;

/**
 * cmaf_chunk_write:
 * @samples: the samples in decoding order
 * @n_samples: 1 or more
 *
 * Returns: (transfer full): one contiguous block, the only copy of the media
 */
GBytes *cmaf_chunk_write (
    const CmafChunk *chunk, const CmafSample *samples, guint n_samples);

G_END_DECLS

#endif /* PENSTOCK_CMAF_CHUNK_H */
