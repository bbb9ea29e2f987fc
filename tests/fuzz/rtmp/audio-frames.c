/* SPDX-License-Identifier: MIT
 *
 * Messages of several audio frames. Input: the codec (1 byte: 0 MP3, 1 AC-3, 2
 * E-AC-3), then the message. */

#include "rtmp/audio-frames.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const PenstockFlvCodec codecs[] = { PENSTOCK_FLV_CODEC_MP3,
    PENSTOCK_FLV_CODEC_AC3, PENSTOCK_FLV_CODEC_EAC3 };
  gsize position = 0, end = 0;
  PenstockAudioFrame frame;
  guint sum = 0;

  if (size < 1)
    return 0;
  const PenstockFlvCodec codec = codecs[data[0] % G_N_ELEMENTS (codecs)];
  data++;
  size--;
  while (penstock_audio_frames_next (codec, data, size, &position, &frame)) {
    /* In order, without overlap, all of it there. */
    g_assert (frame.size > 0 && frame.offset >= end);
    g_assert (frame.offset <= size && frame.size <= size - frame.offset);
    end = frame.offset + frame.size;
    for (gsize i = frame.offset; i < end; i++)
      sum += data[i];
  }
  g_assert (sum <= size * 255);
  return 0;
}
