/* SPDX-License-Identifier: MIT
 *
 * Which access units are droppable: a table of codec, configuration and the
 * heads of slices. */

#include <gst/check/gstcheck.h>

#include "channel/droppable.h"
#include "tests/support/hex.h"

#define AVC(codec_data)                                                        \
  "video/x-h264, stream-format=avc, codec_data=(buffer)" codec_data
#define HVC(codec_data)                                                        \
  "video/x-h265, stream-format=hvc1, codec_data=(buffer)" codec_data
#define BYTES(codec) "video/x-" codec ", stream-format=byte-stream"
#define AVCC_4 "0142001effe10000"
#define AVCC_2 "0142001efde10000"
/* Byte 21: one and two temporal layers, 4 byte lengths. */
#define HVCC_HEAD                                                              \
  "010160000000900000000000"                                                   \
  "1ef000fcfdf8f80000"
#define HVCC_ONE HVCC_HEAD "0b00"
#define HVCC_TWO HVCC_HEAD "1300"

static const struct {
  const gchar *name, *caps, *unit;
  GstBufferFlags flags;
  gboolean droppable;
} rows[] = {
  { "H.264 slice with nal_ref_idc 0", AVC (AVCC_4), "00000003019a00",
      GST_BUFFER_FLAG_DELTA_UNIT, TRUE },
  { "H.264 slice that others refer to", AVC (AVCC_4), "00000003419a00",
      GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
  { "one of two slices is referred to", AVC (AVCC_4),
      "00000003019a0000000003419a00", GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
  { "2 byte lengths", AVC (AVCC_2), "0003019a00", GST_BUFFER_FLAG_DELTA_UNIT,
      TRUE },
  { "a keyframe is looked at no further", AVC (AVCC_4), "00000003019a00", 0,
      FALSE },
  { "what a source has marked stays", AVC (AVCC_4), "00000003419a00",
      GST_BUFFER_FLAG_DELTA_UNIT | GST_BUFFER_FLAG_DROPPABLE, TRUE },
  { "damaged lengths", AVC (AVCC_4), "000000ff019a00",
      GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
  { "no configuration", "video/x-h264, stream-format=avc", "00000003019a00",
      GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
  { "short configuration", AVC ("0142001e"), "00000003019a00",
      GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
  { "H.265 TRAIL_N of the only layer", HVC (HVCC_ONE), "000000040001d000",
      GST_BUFFER_FLAG_DELTA_UNIT, TRUE },
  { "H.265 TRAIL_R", HVC (HVCC_ONE), "000000040201d000",
      GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
  { "H.265 TRAIL_N of the lower of two layers", HVC (HVCC_TWO),
      "000000040001d000", GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
  { "H.265 TRAIL_N of the upper of two layers", HVC (HVCC_TWO),
      "000000040002d000", GST_BUFFER_FLAG_DELTA_UNIT, TRUE },
  { "H.264 byte stream, nal_ref_idc 0", BYTES ("h264"), "00000001019a00",
      GST_BUFFER_FLAG_DELTA_UNIT, TRUE },
  { "H.264 byte stream, delimiter and slice", BYTES ("h264"),
      "0000000109f0000001419a00", GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
  { "H.265 byte stream, TRAIL_R", BYTES ("h265"), "000000010201d000",
      GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
  { "another codec", "video/x-vp8", "00000003019a00",
      GST_BUFFER_FLAG_DELTA_UNIT, FALSE },
};

GST_START_TEST (droppable_units_follow_the_table)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (rows[__i__].caps);
  g_autoptr (GBytes) bytes = bytes_from_hex (rows[__i__].unit);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (bytes);
  PenstockDroppable droppable;

  GST_BUFFER_FLAG_SET (buffer, rows[__i__].flags);
  penstock_droppable_init_from_caps (&droppable, caps);
  ck_assert_msg (
      penstock_droppable_check (&droppable, buffer) == rows[__i__].droppable,
      "%s", rows[__i__].name);
}
GST_END_TEST

static Suite *
droppable_suite (void)
{
  Suite *s = suite_create ("droppable");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (
      tc, droppable_units_follow_the_table, 0, G_N_ELEMENTS (rows));
  return s;
}

GST_CHECK_MAIN (droppable);
