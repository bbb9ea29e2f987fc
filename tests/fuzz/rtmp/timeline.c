/* SPDX-License-Identifier: MIT
 *
 * Any timestamps and arrival times: the timeline stays near real time and does
 * not overflow.
 *
 * Input: records of kind (1 bit), wire time (4 bytes) and time since the last
 * arrival (2 bytes, milliseconds). */

#include <gst/gst.h>

#include "rtmp/rtmp-timeline.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  PenstockRtmpTimeline timeline;
  GstClockTime arrival = GST_SECOND;
  guint64 n = 0;

  penstock_rtmp_timeline_init (&timeline);
  for (; size >= 7; data += 7, size -= 7) {
    gint64 out;

    arrival += (data[5] << 8 | data[6]) * GST_MSECOND;
    penstock_rtmp_timeline_next (&timeline, data[0] & 1,
        (guint32) data[1] << 24 | data[2] << 16 | data[3] << 8 | data[4],
        arrival, &out);
    n++;
    /* Each message may move time by the largest gap, or by real time. */
    g_assert (ABS (out) <= (gint64) (n * (PENSTOCK_RTMP_MAX_GAP_MS + 1) +
                               2 * (arrival / GST_MSECOND)) +
            2 * 2000 * (gint64) n);
  }
  return 0;
}
