/* SPDX-License-Identifier: MIT
 *
 * Framing, collecting and numbering of RTP packets. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "rtsp/rtp-packets.h"

#define PAYLOAD 5

static gboolean
push_at (PenstockRtpAssembler *assembler, guint16 seq, guint32 rtptime,
    gboolean marker, gboolean keyframe, GQueue *done)
{
  guint8 packet[12 + PAYLOAD] = { 0x80, 96 };

  packet[1] |= marker ? 0x80 : 0;
  GST_WRITE_UINT16_BE (packet + 2, seq);
  GST_WRITE_UINT32_BE (packet + 4, rtptime);
  GST_WRITE_UINT32_BE (packet + 8, 0xcafe0001);
  memset (packet + 12, seq & 0xff, PAYLOAD);
  return penstock_rtp_assembler_push (
      assembler, packet, sizeof (packet), keyframe, 40, 20, done);
}

static PenstockRtpPackets *
take (GQueue *done)
{
  PenstockRtpPackets *packets = g_queue_pop_head (done);

  fail_unless (packets != NULL);
  return packets;
}

/* Each frame: its header, its number, its bytes. */
static void
check_frames (
    const PenstockRtpPackets *packets, guint8 channel, guint16 first_seq)
{
  fail_unless_equals_int (packets->first_seq, first_seq);
  fail_unless_equals_int (
      packets->offsets[packets->n_packets], (gint) packets->size);
  for (guint i = 0; i < packets->n_packets; i++) {
    const guint8 *frame = packets->data + packets->offsets[i];
    guint length = packets->offsets[i + 1] - packets->offsets[i];
    fail_unless_equals_int (frame[0], '$');
    fail_unless_equals_int (frame[1], channel);
    fail_unless_equals_int (GST_READ_UINT16_BE (frame + 2), (gint) length - 4);
    fail_unless_equals_int (
        GST_READ_UINT16_BE (frame + 6), (guint16) (first_seq + i));
  }
}

GST_START_TEST (access_unit_ends_with_its_marker)
{
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;

  penstock_rtp_assembler_init (&assembler, 1, TRUE);
  push_at (&assembler, 65534, 1000, FALSE, TRUE, &done);
  push_at (&assembler, 65535, 1000, FALSE, FALSE, &done);
  fail_unless_equals_int (done.length, 0);
  push_at (&assembler, 0, 1000, TRUE, FALSE, &done);
  fail_unless_equals_int (done.length, 1);
  g_autoptr (PenstockRtpPackets) packets = take (&done);
  fail_unless_equals_int (packets->n_packets, 3);
  fail_unless_equals_int (packets->size, 3 * (4 + 12 + PAYLOAD));
  fail_unless_equals_int (packets->rtptime, 1000);
  fail_unless_equals_uint64 (packets->pts, 40);
  fail_unless_equals_uint64 (packets->time, 20);
  fail_unless (packets->keyframe);
  check_frames (packets, 2, 65534);
  fail_unless_equals_int (packets->stream, 1);

  push_at (&assembler, 1, 2000, TRUE, FALSE, &done);
  g_autoptr (PenstockRtpPackets) second = take (&done);
  fail_if (second->keyframe);
  penstock_rtp_assembler_clear (&assembler);
}
GST_END_TEST

GST_START_TEST (access_unit_without_marker_ends_where_the_time_changes)
{
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;

  penstock_rtp_assembler_init (&assembler, 0, TRUE);
  push_at (&assembler, 1, 1000, FALSE, TRUE, &done);
  push_at (&assembler, 2, 2000, FALSE, FALSE, &done);
  fail_unless_equals_int (done.length, 1);
  g_autoptr (PenstockRtpPackets) packets = take (&done);
  fail_unless_equals_int (packets->n_packets, 1);
  fail_unless (packets->keyframe);
  penstock_rtp_assembler_clear (&assembler);
}
GST_END_TEST

GST_START_TEST (block_never_spans_a_gap_in_the_numbers)
{
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;

  penstock_rtp_assembler_init (&assembler, 0, TRUE);
  push_at (&assembler, 1, 1000, FALSE, TRUE, &done);
  push_at (&assembler, 3, 1000, TRUE, FALSE, &done);
  fail_unless_equals_int (done.length, 2);
  g_autoptr (PenstockRtpPackets) first = take (&done);
  g_autoptr (PenstockRtpPackets) second = take (&done);
  check_frames (first, 0, 1);
  check_frames (second, 0, 3);
  penstock_rtp_assembler_clear (&assembler);
}
GST_END_TEST

GST_START_TEST (marker_of_audio_ends_nothing)
{
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;

  penstock_rtp_assembler_init (&assembler, 2, FALSE);
  push_at (&assembler, 1, 1000, TRUE, FALSE, &done);
  fail_unless_equals_int (done.length, 0);
  penstock_rtp_assembler_flush (&assembler, &done);
  fail_unless_equals_int (done.length, 1);
  penstock_rtp_assembler_flush (&assembler, &done);
  fail_unless_equals_int (done.length, 1);
  penstock_rtp_packets_unref (take (&done));
  penstock_rtp_assembler_clear (&assembler);
}
GST_END_TEST

GST_START_TEST (what_is_not_rtp_is_left_out)
{
  static const struct {
    guint8 first;
    gsize size;
    gboolean ok;
  } cases[] = { { 0x80, 11, FALSE }, { 0x80, 12, TRUE }, { 0x40, 40, FALSE },
    { 0x00, 40, FALSE }, { 0x80, 65535, TRUE }, { 0x80, 65536, FALSE } };
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;
  g_autofree guint8 *data = g_malloc0 (65536);

  penstock_rtp_assembler_init (&assembler, 0, TRUE);
  data[0] = cases[__i__].first;
  fail_unless_equals_int (
      penstock_rtp_assembler_push (&assembler, data, cases[__i__].size, FALSE,
          GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, &done),
      cases[__i__].ok);
  penstock_rtp_assembler_flush (&assembler, &done);
  fail_unless_equals_int ((gint) done.length, cases[__i__].ok);
  g_queue_clear_full (&done, (GDestroyNotify) penstock_rtp_packets_unref);
  penstock_rtp_assembler_clear (&assembler);
}
GST_END_TEST

GST_START_TEST (overlong_access_unit_is_passed_on_in_parts)
{
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;
  g_autofree guint8 *data = g_malloc0 (60000);
  guint n = PENSTOCK_RTP_MAX_ACCESS_UNIT / 60000 + 2;

  penstock_rtp_assembler_init (&assembler, 0, TRUE);
  data[0] = 0x80;
  for (guint i = 0; i < n; i++) {
    GST_WRITE_UINT16_BE (data + 2, i);
    penstock_rtp_assembler_push (&assembler, data, 60000, FALSE, 0, 0, &done);
  }
  fail_unless_equals_int (done.length, 1);
  g_autoptr (PenstockRtpPackets) packets = take (&done);
  fail_unless (packets->size <= PENSTOCK_RTP_MAX_ACCESS_UNIT + 4 * n);
  penstock_rtp_assembler_clear (&assembler);
}
GST_END_TEST

/* As payloaders make them: header and payload in memories of their own. */
GST_START_TEST (packet_in_several_memories_is_put_together)
{
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;
  guint8 bytes[12 + PAYLOAD] = { 0x80, 0x80 | 96, 0, 7, 0, 0, 0, 9 };

  for (guint i = 12; i < sizeof (bytes); i++)
    bytes[i] = (guint8) i;
  for (guint cut = 1; cut < sizeof (bytes); cut++) {
    g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup (bytes, cut);
    gst_buffer_append_memory (buffer,
        gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, bytes + cut,
            sizeof (bytes) - cut, 0, sizeof (bytes) - cut, NULL, NULL));
    penstock_rtp_assembler_init (&assembler, 0, TRUE);
    fail_unless (penstock_rtp_assembler_push_buffer (
        &assembler, buffer, TRUE, 40, 20, &done));
    g_autoptr (PenstockRtpPackets) packets = take (&done);
    check_frames (packets, 0, 7);
    fail_unless_equals_int (packets->rtptime, 9);
    fail_unless (memcmp (packets->data + 4, bytes, sizeof (bytes)) == 0);
    penstock_rtp_assembler_clear (&assembler);
  }
  g_autoptr (GstBuffer) empty = gst_buffer_new_memdup (bytes, 11);
  penstock_rtp_assembler_init (&assembler, 0, TRUE);
  fail_if (penstock_rtp_assembler_push_buffer (
      &assembler, empty, TRUE, 40, 20, &done));
  penstock_rtp_assembler_clear (&assembler);
}
GST_END_TEST

GST_START_TEST (rtcp_is_framed)
{
  static const guint8 report[8] = { 0x80, 200, 0, 1, 0, 0, 0, 9 };
  g_autoptr (PenstockRtpPackets) packets =
      penstock_rtp_packets_new_rtcp (1, report, sizeof (report));

  fail_unless (packets->rtcp);
  fail_unless_equals_int (packets->size, 12);
  fail_unless_equals_int (packets->data[1], 3);
  fail_unless_equals_int (GST_READ_UINT16_BE (packets->data + 2), 8);
  fail_unless (memcmp (packets->data + 4, report, sizeof (report)) == 0);
  fail_unless (penstock_rtp_packets_new_rtcp (1, report, 0) == NULL);
}
GST_END_TEST

GST_START_TEST (viewer_that_skips_gets_numbers_without_gaps)
{
  PenstockRtpSeq seq = { 0 };

  fail_unless_equals_int (penstock_rtp_seq_map (&seq, 65530, 4), 0);
  fail_unless_equals_int (penstock_rtp_seq_map (&seq, 65534, 4), 0);
  /* 10 packets are skipped. */
  guint16 offset = penstock_rtp_seq_map (&seq, 12, 3);
  fail_unless_equals_int ((guint16) (12 + offset), 2);
  offset = penstock_rtp_seq_map (&seq, 15, 1);
  fail_unless_equals_int ((guint16) (15 + offset), 5);
}
GST_END_TEST

GST_START_TEST (viewer_gets_the_number_it_was_told)
{
  PenstockRtpSeq seq = { TRUE, 500 };

  fail_unless_equals_int (
      (guint16) (7 + penstock_rtp_seq_map (&seq, 7, 2)), 500);
  fail_unless_equals_int (seq.next, 502);
}
GST_END_TEST

static Suite *
rtp_packets_suite (void)
{
  Suite *suite = suite_create ("rtp-packets");
  TCase *tcase = tcase_create ("packets");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, access_unit_ends_with_its_marker);
  tcase_add_test (
      tcase, access_unit_without_marker_ends_where_the_time_changes);
  tcase_add_test (tcase, block_never_spans_a_gap_in_the_numbers);
  tcase_add_test (tcase, marker_of_audio_ends_nothing);
  tcase_add_loop_test (tcase, what_is_not_rtp_is_left_out, 0, 6);
  tcase_add_test (tcase, overlong_access_unit_is_passed_on_in_parts);
  tcase_add_test (tcase, packet_in_several_memories_is_put_together);
  tcase_add_test (tcase, rtcp_is_framed);
  tcase_add_test (tcase, viewer_that_skips_gets_numbers_without_gaps);
  tcase_add_test (tcase, viewer_gets_the_number_it_was_told);
  return suite;
}

GST_CHECK_MAIN (rtp_packets);
