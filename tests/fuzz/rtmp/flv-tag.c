/* SPDX-License-Identifier: MIT
 *
 * Audio and video messages through tag parser, tracks, parameter sets and
 * caps: what a publisher can reach with payloads.
 *
 * Input: records of kind (1 byte, 0 video, 1 audio), length (2 bytes, big
 * endian) and payload. */

#include <gst/gst.h>

#include "rtmp/flv-tag.h"
#include "rtmp/rtmp-track.h"

#define MAX_TRACKS 4

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Bytes of the buffer are all there, times are in order. */
static void
check_buffer (GstBuffer *buffer, GstClockTime *last_dts)
{
  GstMapInfo map;
  guint sum = 0;

  g_assert (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (gsize i = 0; i < map.size; i++)
    sum += map.data[i];
  gst_buffer_unmap (buffer, &map);
  g_assert (sum <= map.size * 255);
  g_assert (GST_BUFFER_DTS (buffer) >= *last_dts);
  g_assert (GST_BUFFER_PTS (buffer) >= GST_BUFFER_DTS (buffer));
  *last_dts = GST_BUFFER_DTS (buffer);
}

static void
take_message (PenstockRtmpTrack *tracks[2][MAX_TRACKS],
    GstClockTime last_dts[2][MAX_TRACKS], PenstockFlvKind kind,
    PenstockRtmpMessage *message, gint64 time_ms)
{
  const PenstockFlvHints hints = { 320, 240, 25, 44100, 2 };
  PenstockFlvTag tag;

  if (penstock_flv_tag_parse (kind, message->data, message->size, &tag) !=
      PENSTOCK_RTMP_PARSE_DONE)
    return;
  for (guint i = 0; i < tag.n_items; i++) {
    guint id = tag.items[i].track % MAX_TRACKS;
    g_autofree gchar *reason = NULL;
    g_autoptr (GstBuffer) buffer = NULL;

    g_assert (tag.items[i].offset + tag.items[i].size <= message->size);
    if (penstock_rtmp_track_take (tracks[kind][id], message, &tag.items[i],
            time_ms * (gint64) GST_MSECOND, &hints, &buffer,
            &reason) == PENSTOCK_RTMP_TRACK_NEW_CAPS)
      g_assert (gst_caps_is_fixed (tracks[kind][id]->caps));
    if (buffer)
      check_buffer (buffer, &last_dts[kind][id]);
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  PenstockRtmpTrack *tracks[2][MAX_TRACKS];
  GstClockTime last_dts[2][MAX_TRACKS] = { { 0 } };
  gint64 time_ms = 0;

  if (!gst_is_initialized ())
    gst_init (NULL, NULL);
  for (guint kind = 0; kind < 2; kind++)
    for (guint id = 0; id < MAX_TRACKS; id++)
      tracks[kind][id] = penstock_rtmp_track_new (kind, id);

  while (size >= 3) {
    PenstockFlvKind kind = data[0] & 1;
    gsize length = MIN ((gsize) (data[1] << 8 | data[2]), size - 3);
    g_autoptr (PenstockRtmpMessage) message = penstock_rtmp_message_new (
        kind == PENSTOCK_FLV_VIDEO ? PENSTOCK_RTMP_VIDEO : PENSTOCK_RTMP_AUDIO,
        1, 0, data + 3, length);

    take_message (tracks, last_dts, kind, message, time_ms);
    time_ms += 40;
    data += 3 + length;
    size -= 3 + length;
  }

  for (guint kind = 0; kind < 2; kind++)
    for (guint id = 0; id < MAX_TRACKS; id++)
      penstock_rtmp_track_free (tracks[kind][id]);
  return 0;
}
