/* SPDX-License-Identifier: MIT
 *
 * Aggregates taken apart. Input: the time of the message (4 bytes), then its
 * payload. */

#include <gst/gst.h>

#include "rtmp/rtmp-message.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  gsize position = 0, before = 0, total = 0;
  guint32 base = 0;
  PenstockRtmpMessage *part = NULL;

  if (size < 4)
    return 0;
  g_autoptr (PenstockRtmpMessage) aggregate =
      penstock_rtmp_message_new (PENSTOCK_RTMP_AGGREGATE, 7,
          GST_READ_UINT32_BE (data), data + 4, size - 4);

  while (penstock_rtmp_aggregate_next (aggregate, &position, &base, &part) ==
      PENSTOCK_RTMP_PARSE_DONE) {
    g_assert (position > before && position <= aggregate->size);
    before = position;
    total += part->size;
    g_assert (total <= aggregate->size);
    /* Nothing that could be a command, or an aggregate again. */
    g_assert (part->type == PENSTOCK_RTMP_AUDIO ||
        part->type == PENSTOCK_RTMP_VIDEO || part->type == PENSTOCK_RTMP_DATA ||
        part->type == PENSTOCK_RTMP_DATA_AMF3);
    g_assert (part->stream_id == 7);
    penstock_rtmp_message_unref (part);
  }
  return 0;
}
