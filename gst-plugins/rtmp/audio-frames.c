/* SPDX-License-Identifier: MIT
 *
 * Messages of audio into frames. See audio-frames.h. */

#include "audio-frames.h"

#include "frame-info.h"

gboolean
penstock_audio_frames_apply (PenstockFlvCodec codec)
{
  return codec == PENSTOCK_FLV_CODEC_MP3 || codec == PENSTOCK_FLV_CODEC_AC3 ||
      codec == PENSTOCK_FLV_CODEC_EAC3;
}

/* A frame that begins here and ends here. */
static gboolean
read_frame (PenstockFlvCodec codec, const guint8 *data, gsize size,
    PenstockAudioInfo *info)
{
  gboolean ok;

  *info = (PenstockAudioInfo){ 0 };
  switch (codec) {
  case PENSTOCK_FLV_CODEC_MP3:
    ok = penstock_mp3_frame_parse (data, size, info);
    break;
  case PENSTOCK_FLV_CODEC_AC3:
    ok = penstock_ac3_frame_parse (data, size, info);
    break;
  default:
    ok = penstock_eac3_frame_parse (data, size, info);
    break;
  }
  return ok && info->frame_size > 0 && info->frame_size <= size;
}

/* Further substreams of E-AC-3 belong to the same time. */
static gsize
skip_substreams (const guint8 *data, gsize size)
{
  PenstockAudioInfo info;
  gsize pos = 0;

  while (read_frame (PENSTOCK_FLV_CODEC_EAC3, data + pos, size - pos, &info) &&
      info.continues)
    pos += info.frame_size;
  return pos;
}

gboolean
penstock_audio_frames_next (PenstockFlvCodec codec, const guint8 *data,
    gsize size, gsize *position, PenstockAudioFrame *out)
{
  gsize pos = *position;
  PenstockAudioInfo info;

  if (pos >= size)
    return FALSE;
  *out = (PenstockAudioFrame){ .offset = pos, .size = size - pos };
  *position = size;
  if (!read_frame (codec, data + pos, size - pos, &info))
    return pos == 0;
  out->size = info.frame_size;
  if (codec == PENSTOCK_FLV_CODEC_EAC3)
    out->size +=
        skip_substreams (data + pos + out->size, size - pos - out->size);
  if (info.rate > 0)
    out->duration =
        gst_util_uint64_scale (info.frame_samples, GST_SECOND, info.rate);
  *position = pos + out->size;
  return TRUE;
}
