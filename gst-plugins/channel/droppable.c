/* SPDX-License-Identifier: MIT
 *
 * Pictures that no other refers to. See droppable.h. */

#include "droppable.h"

/* Where configuration records (ISO/IEC 14496-15) keep the length size in the
 * low two bits; that of H.265 also has the number of temporal layers there. */
#define AVCC_LENGTH_SIZE 4
#define HVCC_LENGTH_SIZE 21

void
penstock_droppable_init_from_caps (
    PenstockDroppable *droppable, const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gboolean hevc = gst_structure_has_name (s, "video/x-h265");
  const GValue *value = gst_structure_get_value (s, "codec_data");
  guint offset = hevc ? HVCC_LENGTH_SIZE : AVCC_LENGTH_SIZE;
  guint8 byte = 0;

  *droppable = (PenstockDroppable){ 0 };
  if (!hevc && !gst_structure_has_name (s, "video/x-h264"))
    return;
  if (g_strcmp0 (
          gst_structure_get_string (s, "stream-format"), "byte-stream") == 0) {
    droppable->known = TRUE;
    droppable->stream = (PenstockNalStream){ .hevc = hevc, .length_size = 4 };
    return;
  }
  if (!value || !GST_VALUE_HOLDS_BUFFER (value) ||
      gst_buffer_extract (gst_value_get_buffer (value), offset, &byte, 1) != 1)
    return;
  droppable->known = TRUE;
  droppable->stream = (PenstockNalStream){ .hevc = hevc,
    .length_size = (byte & 3) + 1,
    .n_temporal_layers = hevc ? (byte >> 3) & 7 : 0 };
}

gboolean
penstock_droppable_check (const PenstockDroppable *droppable, GstBuffer *buffer)
{
  GstMapInfo map;
  PenstockNalScan scan;

  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DROPPABLE))
    return TRUE;
  if (!droppable->known ||
      !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT) ||
      !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  gboolean yes = penstock_nal_scan (
                     &droppable->stream, map.data, map.size, FALSE, &scan) &&
      scan.droppable;
  gst_buffer_unmap (buffer, &map);
  return yes;
}
