/* SPDX-License-Identifier: MIT
 *
 * Writer of CMAF chunks (see cmaf-chunk.h). Clauses are those of
 * ISO/IEC 14496-12:2022. */

#include "cmaf-chunk.h"

#include <string.h>

#include "isobmff.h"
#include "media-block.h"

#define TRACK_ID 1
#define MDAT_HEADER 8

#define PRFT_ENCODER_OUTPUT 1 /* flags of prft, 8.16.5.2 */
#define NTP_TO_UNIX G_GUINT64_CONSTANT (2208988800) /* from 1900 to 1970 */

/* 8.8.7.1 */
#define TFHD_DEFAULT_DURATION 0x000008
#define TFHD_DEFAULT_SIZE 0x000010
#define TFHD_DEFAULT_FLAGS 0x000020
#define TFHD_DEFAULT_BASE_IS_MOOF 0x020000

/* 8.8.8.1 */
#define TRUN_DATA_OFFSET 0x000001
#define TRUN_FIRST_SAMPLE_FLAGS 0x000004
#define TRUN_DURATION 0x000100
#define TRUN_SIZE 0x000200
#define TRUN_FLAGS 0x000400
#define TRUN_COMPOSITION_OFFSET 0x000800

/* 8.8.3.1: sample_depends_on, sample_is_depended_on, is_non_sync_sample */
#define SAMPLE_SYNC 0x02000000
#define SAMPLE_NON_SYNC 0x01010000
#define SAMPLE_DROPPABLE 0x00800000

/* What all samples share goes into tfhd; the rest is said one by one. */
typedef struct {
  gboolean same_duration, same_size, same_flags;
  gboolean first_flags; /* only the first sample has flags of its own */
  gboolean composition;
  guint32 flags; /* default */
} Layout;

static guint32
sample_flags (const CmafSample *sample)
{
  if (sample->keyframe)
    return SAMPLE_SYNC;
  return SAMPLE_NON_SYNC | (sample->droppable ? SAMPLE_DROPPABLE : 0);
}

static void
find_layout (Layout *layout, const CmafSample *samples, guint n)
{
  gsize size = gst_buffer_get_size (samples[0].buffer);
  gboolean rest_same = TRUE;

  *layout = (Layout){ TRUE, TRUE, TRUE, FALSE, FALSE, 0 };
  layout->flags = sample_flags (&samples[n > 1 ? 1 : 0]);
  for (guint i = 0; i < n; i++) {
    layout->same_duration &= samples[i].duration == samples[0].duration;
    layout->same_size &= gst_buffer_get_size (samples[i].buffer) == size;
    layout->composition |= samples[i].composition_offset != 0;
    if (i > 0)
      rest_same &= sample_flags (&samples[i]) == layout->flags;
  }
  layout->same_flags = rest_same && sample_flags (&samples[0]) == layout->flags;
  layout->first_flags = rest_same && !layout->same_flags;
}

/* 8.16.2 */
static void
put_styp (GByteArray *out)
{
  guint box = iso_box_begin (out, "styp");

  iso_put_fourcc (out, "msdh");
  iso_put_u32 (out, 0);
  iso_put_fourcc (out, "msdh");
  iso_put_fourcc (out, "cmfs");
  iso_put_fourcc (out, "cmff");
  iso_put_fourcc (out, "cmf2");
  iso_box_end (out, box);
}

/* 8.16.5: UTC of the output of the encoder, as NTP time (RFC 5905, 6). */
static void
put_prft (GByteArray *out, const CmafChunk *chunk)
{
  guint64 seconds = chunk->produced / GST_SECOND + NTP_TO_UNIX;
  guint64 fraction = gst_util_uint64_scale (
      chunk->produced % GST_SECOND, G_GUINT64_CONSTANT (1) << 32, GST_SECOND);
  guint box = iso_full_box_begin (out, "prft", 1, PRFT_ENCODER_OUTPUT);

  iso_put_u32 (out, TRACK_ID);
  iso_put_u32 (out, seconds);
  iso_put_u32 (out, fraction);
  iso_put_u64 (out, chunk->decode_time);
  iso_box_end (out, box);
}

static void
put_tfhd (GByteArray *out, const Layout *layout, const CmafSample *first)
{
  guint32 flags = TFHD_DEFAULT_BASE_IS_MOOF;
  guint box;

  if (layout->same_duration)
    flags |= TFHD_DEFAULT_DURATION;
  if (layout->same_size)
    flags |= TFHD_DEFAULT_SIZE;
  if (layout->same_flags || layout->first_flags)
    flags |= TFHD_DEFAULT_FLAGS;

  box = iso_full_box_begin (out, "tfhd", 0, flags);
  iso_put_u32 (out, TRACK_ID);
  if (flags & TFHD_DEFAULT_DURATION)
    iso_put_u32 (out, first->duration);
  if (flags & TFHD_DEFAULT_SIZE)
    iso_put_u32 (out, gst_buffer_get_size (first->buffer));
  if (flags & TFHD_DEFAULT_FLAGS)
    iso_put_u32 (out, layout->flags);
  iso_box_end (out, box);
}

/* Returns where the data offset is to be patched. */
static guint
put_trun (
    GByteArray *out, const Layout *layout, const CmafSample *samples, guint n)
{
  guint32 flags = TRUN_DATA_OFFSET;
  guint box, offset;

  if (!layout->same_duration)
    flags |= TRUN_DURATION;
  if (!layout->same_size)
    flags |= TRUN_SIZE;
  if (layout->first_flags)
    flags |= TRUN_FIRST_SAMPLE_FLAGS;
  else if (!layout->same_flags)
    flags |= TRUN_FLAGS;
  if (layout->composition)
    flags |= TRUN_COMPOSITION_OFFSET;

  box = iso_full_box_begin (out, "trun", 1, flags);
  iso_put_u32 (out, n);
  offset = out->len;
  iso_put_u32 (out, 0);
  if (flags & TRUN_FIRST_SAMPLE_FLAGS)
    iso_put_u32 (out, sample_flags (&samples[0]));
  for (guint i = 0; i < n; i++) {
    if (flags & TRUN_DURATION)
      iso_put_u32 (out, samples[i].duration);
    if (flags & TRUN_SIZE)
      iso_put_u32 (out, gst_buffer_get_size (samples[i].buffer));
    if (flags & TRUN_FLAGS)
      iso_put_u32 (out, sample_flags (&samples[i]));
    if (flags & TRUN_COMPOSITION_OFFSET)
      iso_put_u32 (out, (guint32) samples[i].composition_offset);
  }
  iso_box_end (out, box);
  return offset;
}

static void
put_moof (
    GByteArray *out, const CmafChunk *chunk, const CmafSample *samples, guint n)
{
  Layout layout;
  guint moof, traf, box, offset;

  find_layout (&layout, samples, n);
  moof = iso_box_begin (out, "moof");
  box = iso_full_box_begin (out, "mfhd", 0, 0);
  iso_put_u32 (out, chunk->sequence);
  iso_box_end (out, box);
  traf = iso_box_begin (out, "traf");
  put_tfhd (out, &layout, &samples[0]);
  box = iso_full_box_begin (out, "tfdt", 1, 0);
  iso_put_u64 (out, chunk->decode_time);
  iso_box_end (out, box);
  offset = put_trun (out, &layout, samples, n);
  iso_box_end (out, traf);
  iso_box_end (out, moof);
  iso_patch_u32 (out, offset, out->len - moof + MDAT_HEADER);
}

GBytes *
cmaf_chunk_write (
    const CmafChunk *chunk, const CmafSample *samples, guint n_samples)
{
  g_autoptr (GByteArray) head = g_byte_array_new ();
  gsize media = 0, position;
  guint8 *block;

  g_return_val_if_fail (n_samples > 0, NULL);

  for (guint i = 0; i < n_samples; i++)
    media += gst_buffer_get_size (samples[i].buffer);
  if (chunk->starts_segment)
    put_styp (head);
  if (chunk->produced)
    put_prft (head, chunk);
  put_moof (head, chunk, samples, n_samples);
  iso_put_u32 (head, media + MDAT_HEADER);
  iso_put_fourcc (head, "mdat");

  block = media_block_new (head->len + media);
  memcpy (block, head->data, head->len);
  position = head->len;
  for (guint i = 0; i < n_samples; i++)
    position += gst_buffer_extract (
        samples[i].buffer, 0, block + position, head->len + media - position);
  return media_block_to_bytes (block, position);
}
