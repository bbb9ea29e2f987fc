/* SPDX-License-Identifier: MIT
 *
 * onMetaData. Input: whether the message is AMF3 (1 byte), then its payload. */

#include <math.h>

#include "rtmp/rtmp-metadata.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  PenstockRtmpMetadata metadata = { { 0 }, FALSE, FALSE };

  if (size < 1)
    return 0;
  g_autoptr (PenstockRtmpMessage) message = penstock_rtmp_message_new (
      data[0] & 1 ? PENSTOCK_RTMP_DATA_AMF3 : PENSTOCK_RTMP_DATA, 1, 0,
      data + 1, size - 1);
  if (!penstock_rtmp_metadata_parse (message, &metadata))
    return 0;
  /* What goes into caps makes sense there. */
  g_assert (isfinite (metadata.hints.framerate));
  g_assert (metadata.hints.framerate >= 0);
  g_assert (metadata.hints.width <= G_MAXINT);
  g_assert (metadata.hints.height <= G_MAXINT);
  g_assert (metadata.hints.audio_rate <= G_MAXINT);
  g_assert (metadata.hints.audio_channels <= G_MAXINT);
  return 0;
}
