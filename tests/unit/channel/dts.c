/* SPDX-License-Identifier: MIT
 *
 * Decoding times from presentation times: tables of frames in decoding order,
 * and the reorder depth of configuration records. */

#include <gst/check/gstcheck.h>

#include "channel/dts.h"

/* One tick of the tables. */
#define FRAME ((GstClockTime) 40 * GST_MSECOND)
#define BASE (1000 * FRAME)
#define MAX_FRAMES 16
#define END -1

/* PTS and expected DTS in frames; END closes both. */
typedef struct {
  const gchar *name;
  gint depth;
  gint pts[MAX_FRAMES];
  gint dts[MAX_FRAMES];
  guint depth_after, n_late;
} OrderRow;

static const OrderRow order_rows[] = {
  { "without reordering DTS is PTS", 0, { 10, 11, 12, 13, END },
      { 10, 11, 12, 13 }, 0, 0 },
  { "a P-only stream that announces two starts two early", 2,
      { 10, 11, 12, 13, 14, END }, { 8, 9, 10, 11, 12 }, 2, 0 },
  { "I P B B", 1, { 10, 13, 11, 12, 16, 14, 15, 19, END },
      { 9, 10, 11, 12, 13, 14, 15, 16 }, 1, 0 },
  { "B-pyramid: I P B b b", 2, { 10, 14, 12, 11, 13, 18, 16, 15, 17, END },
      { 8, 9, 10, 11, 12, 13, 14, 15, 16 }, 2, 0 },
  { "an unknown depth carries a B-pyramid from the first frame", -1,
      { 10, 14, 12, 11, 13, 18, 16, 15, 17, END },
      { 8, 9, 10, 11, 12, 13, 14, 15, 16 }, 2, 0 },
  { "a depth found too small grows and never steps back", 0,
      { 10, 13, 11, 12, 16, 14, 15, 19, END },
      { 10, 13, 13, 13, 13, 14, 15, 16 }, 1, 2 },
  { "an open GOP starts with leading pictures", 1,
      { 12, 10, 11, 15, 13, 14, END }, { 11, 11, 11, 12, 13, 14 }, 1, 1 },
  { "two fields with one PTS", 0, { 10, 10, 11, 11, END }, { 10, 10, 11, 11 },
      0, 0 },
  { "a gap does not drag old times along", 1,
      { 10, 13, 11, 12, 110, 113, 111, 112, END },
      { 9, 10, 11, 12, 109, 110, 111, 112 }, 1, 0 },
  { "a step back of the timeline starts over", 1,
      { 900, 903, 901, 902, 10, 13, 11, 12, END },
      { 899, 900, 901, 902, 9, 10, 11, 12 }, 1, 0 },
};

GST_START_TEST (decoding_times_follow_the_table)
{
  const OrderRow *row = &order_rows[__i__];
  PenstockDts dts;

  penstock_dts_init (&dts, row->depth, FRAME);
  for (guint i = 0; row->pts[i] != END; i++) {
    GstClockTime got = penstock_dts_next (&dts, BASE + row->pts[i] * FRAME);

    fail_unless (got == BASE + row->dts[i] * FRAME,
        "%s: frame %u: DTS %" GST_TIME_FORMAT " instead of %d frames",
        row->name, i, GST_TIME_ARGS (got - BASE), row->dts[i]);
  }
  fail_unless (
      dts.depth == row->depth_after, "%s: depth %u", row->name, dts.depth);
  fail_unless (dts.n_late == row->n_late, "%s: %u late", row->name, dts.n_late);
}
GST_END_TEST;

GST_START_TEST (times_never_become_negative)
{
  PenstockDts dts;

  penstock_dts_init (&dts, 2, FRAME);
  assert_equals_uint64 (penstock_dts_next (&dts, 0), 0);
  assert_equals_uint64 (penstock_dts_next (&dts, FRAME), 0);
  assert_equals_uint64 (penstock_dts_next (&dts, 2 * FRAME), 0);
  assert_equals_uint64 (penstock_dts_next (&dts, 3 * FRAME), FRAME);
}
GST_END_TEST;

GST_START_TEST (invalid_times_repeat_the_last)
{
  PenstockDts dts;

  penstock_dts_init (&dts, 0, GST_CLOCK_TIME_NONE);
  assert_equals_uint64 (
      penstock_dts_next (&dts, GST_CLOCK_TIME_NONE), GST_CLOCK_TIME_NONE);
  assert_equals_uint64 (penstock_dts_next (&dts, BASE), BASE);
  assert_equals_uint64 (penstock_dts_next (&dts, GST_CLOCK_TIME_NONE), BASE);
}
GST_END_TEST;

GST_START_TEST (reset_starts_a_new_timeline)
{
  PenstockDts dts;

  penstock_dts_init (&dts, 0, FRAME);
  assert_equals_uint64 (penstock_dts_next (&dts, BASE), BASE);
  penstock_dts_reset (&dts);
  assert_equals_uint64 (
      penstock_dts_next (&dts, BASE - 10 * FRAME), BASE - 10 * FRAME);
}
GST_END_TEST;

GST_START_TEST (a_smaller_depth_catches_up_without_a_step_back)
{
  PenstockDts dts;

  penstock_dts_init (&dts, 3, FRAME);
  for (guint i = 0; i < 6; i++)
    penstock_dts_next (&dts, BASE + i * FRAME);
  penstock_dts_set_depth (&dts, 0);
  assert_equals_uint64 (
      penstock_dts_next (&dts, BASE + 6 * FRAME), BASE + 6 * FRAME);
  penstock_dts_set_depth (&dts, -1);
  assert_equals_uint64 (
      penstock_dts_next (&dts, BASE + 7 * FRAME), BASE + 7 * FRAME);
}
GST_END_TEST;

/* Any order of arrival: never decreasing, and never above the PTS once the
 * depth has settled. */
GST_START_TEST (any_order_stays_monotonic)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (__i__ + 1);
  PenstockDts dts;
  GstClockTime last = 0;
  GstClockTime mini_gop[6];

  penstock_dts_init (&dts, G_N_ELEMENTS (mini_gop), FRAME);
  for (guint gop = 0; gop < 200; gop++) {
    for (guint i = 0; i < G_N_ELEMENTS (mini_gop); i++)
      mini_gop[i] = BASE + (gop * G_N_ELEMENTS (mini_gop) + i) * FRAME;
    for (guint i = 0; i < G_N_ELEMENTS (mini_gop); i++) {
      guint j = g_rand_int_range (rand, i, G_N_ELEMENTS (mini_gop));
      GstClockTime pts = mini_gop[j];
      GstClockTime got;

      mini_gop[j] = mini_gop[i];
      got = penstock_dts_next (&dts, pts);
      fail_unless (got <= pts && got >= last);
      last = got;
    }
  }
  assert_equals_int (dts.n_late, 0);
}
GST_END_TEST;

/* Configuration records of x264 and x265 (encoded here with ffmpeg), and
 * damaged ones. */
typedef struct {
  const gchar *name;
  gboolean hevc;
  const gchar *hex;
  gint depth;
} DepthRow;

static const DepthRow depth_rows[] = {
  { "baseline", FALSE,
      "0142c00affe100186742c00ad9020bf97011000003000100000300"
      "320f12264801000568cb83cb20",
      0 },
  { "high without B-frames says so in the VUI", FALSE,
      "0164000affe100196764000aacb20417f2e022000003000200000300641e244c90010006"
      "68ebc3cb22c0fdf8f800",
      0 },
  { "B-frames without pyramid", FALSE,
      "0164000affe100196764000aacd1020bf97011000003000100000300320f122512010006"
      "68ebe3cb22c0fdf8f800",
      1 },
  { "B-pyramid", FALSE,
      "0164000affe100196764000aacd9420bf97011000003000100000300320f122596010006"
      "68ebe3cb22c0fdf8f800",
      2 },
  { "an SPS longer than the record", FALSE, "0142c00affe1ff186742c00a", -1 },
  { "no SPS", FALSE, "0142c00affe000", -1 },
  { "an empty record", FALSE, "", -1 },
  { "HEVC without B-frames", TRUE,
      "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff0160"
      "0000030090000003000003001e9280902100010029420101016000000300900000030000"
      "03"
      "001ea01020496592a4932bc05a02000003000200000300321022000100074401c172b422"
      "40",
      0 },
  { "HEVC with a B-pyramid", TRUE,
      "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff0160"
      "0000030090000003000003001e9594092100010029420101016000000300900000030000"
      "03"
      "001ea01020496595964932bc05a0200000030020000003032122000100074401c172b422"
      "40",
      2 },
  { "HEVC cut in the SPS", TRUE,
      "0101600000009000000000001ef000fcfdf8f800000f03210001002942010101", -1 },
  { "HEVC without arrays", TRUE,
      "0101600000009000000000001ef000fcfdf8f800000f00", -1 },
};

static GBytes *
bytes_from_hex (const gchar *hex)
{
  gsize size = strlen (hex) / 2;
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = g_ascii_xdigit_value (hex[2 * i]) << 4 |
        g_ascii_xdigit_value (hex[2 * i + 1]);
  return g_bytes_new_take (data, size);
}

static gint
depth_of (gboolean hevc, const guint8 *data, gsize size)
{
  return hevc ? penstock_dts_depth_from_hvcc (data, size)
              : penstock_dts_depth_from_avcc (data, size);
}

GST_START_TEST (configuration_records_tell_the_depth)
{
  const DepthRow *row = &depth_rows[__i__];
  g_autoptr (GBytes) bytes = bytes_from_hex (row->hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gint got = depth_of (row->hevc, data, size);

  fail_unless (got == row->depth, "%s: %d", row->name, got);
  /* Cut anywhere: no crash and no read past the end. */
  for (gsize cut = 0; cut < size; cut++) {
    g_autofree guint8 *exact = g_memdup2 (data, cut);
    depth_of (row->hevc, exact, cut);
  }
}
GST_END_TEST;

GST_START_TEST (caps_tell_depth_and_duration)
{
  g_autoptr (GBytes) bytes = bytes_from_hex (depth_rows[3].hex);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (bytes);
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("video/x-h264", "codec_data",
      GST_TYPE_BUFFER, buffer, "framerate", GST_TYPE_FRACTION, 50, 1, NULL);
  g_autoptr (GstCaps) bare = gst_caps_new_empty_simple ("video/x-h264");
  g_autoptr (GstCaps) vp9 = gst_caps_new_empty_simple ("video/x-vp9");
  PenstockDts dts;

  penstock_dts_init_from_caps (&dts, caps);
  assert_equals_int (dts.depth, 2);
  assert_equals_uint64 (
      penstock_dts_next (&dts, BASE), BASE - 40 * GST_MSECOND);
  assert_equals_int (penstock_dts_depth_from_caps (bare), -1);
  assert_equals_int (penstock_dts_depth_from_caps (vp9), 0);
}
GST_END_TEST;

static Suite *
dts_suite (void)
{
  Suite *s = suite_create ("dts");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (
      tc, decoding_times_follow_the_table, 0, G_N_ELEMENTS (order_rows));
  tcase_add_test (tc, times_never_become_negative);
  tcase_add_test (tc, invalid_times_repeat_the_last);
  tcase_add_test (tc, reset_starts_a_new_timeline);
  tcase_add_test (tc, a_smaller_depth_catches_up_without_a_step_back);
  tcase_add_loop_test (tc, any_order_stays_monotonic, 0, 5);
  tcase_add_loop_test (
      tc, configuration_records_tell_the_depth, 0, G_N_ELEMENTS (depth_rows));
  tcase_add_test (tc, caps_tell_depth_and_duration);
  return s;
}

GST_CHECK_MAIN (dts);
