/* SPDX-License-Identifier: MIT
 *
 * Reading and moving sender reports. */

#include "rtsp/rtcp-report.h"
#include "rtp-test.h"

#define SECOND (G_GUINT64_CONSTANT (1) << 32)

static guint8 *
bytes_of (const PenstockRtpPackets *packets)
{
  return packets->data + PENSTOCK_RTP_FRAME_HEADER;
}

static gsize
size_of (const PenstockRtpPackets *packets)
{
  return packets->size - PENSTOCK_RTP_FRAME_HEADER;
}

GST_START_TEST (report_is_read)
{
  g_autoptr (PenstockRtpPackets) packets = make_report (0, 77 * SECOND, 1234);
  PenstockRtcpReport report;

  fail_unless (penstock_rtcp_report_read (
      bytes_of (packets), size_of (packets), &report));
  fail_unless_equals_uint64 (report.ntp, 77 * SECOND);
  fail_unless_equals_int (report.rtptime, 1234);
}
GST_END_TEST

GST_START_TEST (what_is_no_report_is_left_alone)
{
  static const struct {
    guint8 first, type;
    gsize size;
  } cases[] = { { 0x80, 201, 36 }, { 0x40, 200, 36 }, { 0x80, 200, 27 },
    { 0x80, 200, 0 } };
  guint8 data[36] = { cases[__i__].first, cases[__i__].type };
  guint8 before[36];
  PenstockRtcpReport report;

  memcpy (before, data, sizeof (data));
  fail_if (penstock_rtcp_report_read (data, cases[__i__].size, &report));
  fail_if (penstock_rtcp_report_move (data, cases[__i__].size, 5, 90000));
  fail_if (penstock_rtcp_report_set (data, cases[__i__].size, 5, GST_SECOND));
  fail_unless (memcmp (before, data, sizeof (data)) == 0);
}
GST_END_TEST

GST_START_TEST (report_tells_another_moment)
{
  g_autoptr (PenstockRtpPackets) packets = make_report (0, 77 * SECOND, 1234);
  PenstockRtcpReport report;

  /* 2026-11-30 12:00:00.25 UTC */
  fail_unless (penstock_rtcp_report_set (bytes_of (packets), size_of (packets),
      0xfffffff0, 1796040000 * GST_SECOND + GST_SECOND / 4));
  fail_unless (penstock_rtcp_report_read (
      bytes_of (packets), size_of (packets), &report));
  fail_unless_equals_uint64 (
      report.ntp, (1796040000 + 2208988800) * SECOND + SECOND / 4);
  fail_unless (report.rtptime == 0xfffffff0);
}
GST_END_TEST

/* Both clocks go on at the same speed, in both directions and over the wrap of
 * RTP time. */
static const struct {
  guint32 rtptime, to;
  guint clock_rate;
  gint64 ms;
} moves[] = {
  { 1000, 1000, 90000, 0 },
  { 0, 90000, 90000, 1000 },
  { 90000, 0, 90000, -1000 },
  { 0xffffff00, 44, 48000, 0 + 300 * 1000 / 48000 },
  { 45000, 0xffffffff - 44999, 90000, -1000 },
  { 0, 0x7fffffff, 8000, 268435455 },
  { 0, 0x80000000, 8000, -268435456 },
};

GST_START_TEST (moved_report_tells_the_same_clocks)
{
  g_autoptr (PenstockRtpPackets) packets =
      make_report (1, 3900000000 * SECOND, moves[__i__].rtptime);
  PenstockRtcpReport report;

  fail_unless (penstock_rtcp_report_move (bytes_of (packets), size_of (packets),
      moves[__i__].to, moves[__i__].clock_rate));
  fail_unless (penstock_rtcp_report_read (
      bytes_of (packets), size_of (packets), &report));
  fail_unless_equals_int ((gint) report.rtptime, (gint) moves[__i__].to);
  gint64 error = (gint64) (report.ntp - 3900000000 * SECOND) -
      moves[__i__].ms * (gint64) SECOND / 1000;
  ck_assert_msg (ABS (error) < (gint64) (SECOND / 900), "off by %f s",
      (gdouble) error / SECOND);
}
GST_END_TEST

/* Blocks as hexadecimal digits, by what they begin with. */
#define BLOCK                                                                  \
  "00000002"                                                                   \
  "40fffffe"                                                                   \
  "00000003"                                                                   \
  "00000004"                                                                   \
  "00000005"                                                                   \
  "00000006"
#define RR                                                                     \
  "81c90007"                                                                   \
  "00000001" BLOCK
#define SDES                                                                   \
  "81ca0002"                                                                   \
  "00000001"                                                                   \
  "00000000"
#define SR_HEAD                                                                \
  "00000001"                                                                   \
  "0000000000000000"                                                           \
  "00000000"                                                                   \
  "00000000"                                                                   \
  "00000000"

static const struct {
  const gchar *what, *hex;
  gboolean found;
} compounds[] = {
  { "receiver report", RR SDES, TRUE },
  { "sender report with a block", "81c8000c" SR_HEAD BLOCK, TRUE },
  { "behind something else", SDES RR, TRUE },
  { "behind an empty report",
      "80c90001"
      "00000001" RR,
      TRUE },
  { "the first of two",
      "82c9000d"
      "00000001" BLOCK RR,
      TRUE },
  { "sender report without a block", "80c80006" SR_HEAD, FALSE },
  { "nothing but SDES", SDES, FALSE },
  { "a count that lies",
      "81c90001"
      "00000001",
      FALSE },
  { "a length that lies",
      "81c900ff"
      "00000001" BLOCK,
      FALSE },
  { "another version",
      "41c90007"
      "00000001" BLOCK,
      FALSE },
  { "too short for a header", "81c9", FALSE },
  { "nothing", "", FALSE },
};

GST_START_TEST (first_report_block_is_found)
{
  const gchar *hex = compounds[__i__].hex;
  gsize size = strlen (hex) / 2;
  /* Of its own size, for the sanitizer to see what is behind. */
  g_autofree guint8 *data = g_malloc (MAX (size, 1));
  PenstockRtcpBlock block;

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (g_ascii_xdigit_value (hex[2 * i]) << 4 |
        g_ascii_xdigit_value (hex[2 * i + 1]));
  gboolean found = penstock_rtcp_report_read_block (data, size, &block);
  ck_assert_msg (found == compounds[__i__].found, "%s", compounds[__i__].what);
  if (!found)
    return;
  fail_unless_equals_int (block.fraction_lost, 0x40);
  fail_unless_equals_int (block.lost, -2);
  fail_unless_equals_int (block.jitter, 4);
  fail_unless_equals_int (block.last_report, 5);
  fail_unless_equals_int (block.since_last_report, 6);
  for (gsize cut = 0; cut + 1 < size && size == 32; cut++)
    fail_if (penstock_rtcp_report_read_block (data, cut, &block));
}
GST_END_TEST

static Suite *
rtcp_report_suite (void)
{
  Suite *suite = suite_create ("rtcp-report");
  TCase *tcase = tcase_create ("reports");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, report_is_read);
  tcase_add_test (tcase, report_tells_another_moment);
  tcase_add_loop_test (tcase, what_is_no_report_is_left_alone, 0, 4);
  tcase_add_loop_test (
      tcase, moved_report_tells_the_same_clocks, 0, G_N_ELEMENTS (moves));
  tcase_add_loop_test (
      tcase, first_report_block_is_found, 0, G_N_ELEMENTS (compounds));
  return suite;
}

GST_CHECK_MAIN (rtcp_report);
