/* SPDX-License-Identifier: MIT
 *
 * What one viewer is sent of a shared block, in whatever parts. */

#include "rtp-test.h"
#include "rtsp/rtp-item.h"

#define MAX_PIECES 8
#define N_PACKETS 5
#define FRAME (4 + 12 + TEST_PAYLOAD)

/* All that @pieces hold, put together. */
static void
collect (const PenstockRtpPieces *pieces, GByteArray *out)
{
  for (guint i = 0; i < pieces->n; i++)
    g_byte_array_append (
        out, pieces->pieces[i].iov_base, (guint) pieces->pieces[i].iov_len);
}

/* Sends from @offset on as far as one call goes; returns what it sent. */
static gsize
send_once (const PenstockRtpItem *item, gsize offset, guint max,
    GByteArray *out, gboolean *all)
{
  struct iovec iovecs[MAX_PIECES];
  guint8 headers[MAX_PIECES / 2][PENSTOCK_RTP_OWN_HEADER];
  PenstockRtpPieces pieces = { iovecs, 0, max, headers, 0 };
  guint before = out->len;

  *all = penstock_rtp_item_add_frames (item, offset, &pieces);
  fail_unless (pieces.n <= max && pieces.n_headers <= max / 2);
  collect (&pieces, out);
  return out->len - before;
}

static void
check_frames (const GByteArray *bytes, guint8 channel, guint16 first_seq,
    guint32 rtptime, guint16 shared_seq)
{
  fail_unless_equals_int ((gint) bytes->len, N_PACKETS * FRAME);
  for (guint i = 0; i < N_PACKETS; i++) {
    const guint8 *frame = bytes->data + i * FRAME;
    fail_unless_equals_int (frame[0], '$');
    fail_unless_equals_int (frame[1], channel);
    fail_unless_equals_int (GST_READ_UINT16_BE (frame + 2), FRAME - 4);
    fail_unless_equals_int (
        GST_READ_UINT16_BE (frame + 6), (guint16) (first_seq + i));
    fail_unless_equals_int (
        (gint) GST_READ_UINT32_BE (frame + 8), (gint) rtptime);
    fail_unless_equals_int (
        (gint) GST_READ_UINT32_BE (frame + 12), (gint) TEST_SSRC);
    for (guint k = 16; k < FRAME; k++)
      fail_unless_equals_int (frame[k], (shared_seq + i) & 0xff);
  }
}

GST_START_TEST (block_of_a_usual_viewer_is_sent_as_it_is)
{
  PenstockRtpItem item = { make_packets (1, 9, N_PACKETS, 4000, TRUE, 0), 2 };
  struct iovec iovecs[1];
  PenstockRtpPieces pieces = { iovecs, 0, 1, NULL, 0 };

  fail_unless (penstock_rtp_item_is_plain (&item));
  fail_unless (penstock_rtp_item_add_frames (&item, 7, &pieces));
  fail_unless_equals_int (pieces.n, 1);
  fail_unless (iovecs[0].iov_base == item.packets->data + 7);
  fail_unless_equals_int (
      (gint) iovecs[0].iov_len, (gint) item.packets->size - 7);
  fail_if (penstock_rtp_item_add_frames (&item, 0, &pieces));
  penstock_rtp_item_clear (&item);
}
GST_END_TEST

static const struct {
  guint8 channel;
  guint16 seq_offset;
  guint32 time_offset;
} changes[] = {
  { 0, 0, 0 },
  { 7, 0, 0 },
  { 0, 65533, 0 },
  { 0, 0, 0xfffffff0 },
  { 9, 1000, 90000 },
};

/* Cut at every byte, with little room in each call. */
GST_START_TEST (each_part_goes_on_where_the_last_one_ended)
{
  PenstockRtpItem item = { make_packets (0, 65534, N_PACKETS, 77, FALSE, 0),
    changes[__i__].channel, changes[__i__].seq_offset,
    changes[__i__].time_offset };
  gboolean all;

  for (gsize cut = 0; cut < item.packets->size; cut++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    gsize offset = 0;
    while (offset < cut)
      offset += send_once (&item, offset, 4, bytes, &all);
    g_byte_array_set_size (bytes, cut);
    offset = cut;
    do
      offset += send_once (&item, offset, MAX_PIECES, bytes, &all);
    while (!all);
    check_frames (bytes, changes[__i__].channel,
        (guint16) (65534 + changes[__i__].seq_offset),
        77 + changes[__i__].time_offset, 65534);
  }
  /* The shared block is as it was. */
  fail_unless_equals_int (item.packets->data[1], 0);
  fail_unless_equals_int (GST_READ_UINT16_BE (item.packets->data + 6), 65534);
  penstock_rtp_item_clear (&item);
}
GST_END_TEST

GST_START_TEST (datagrams_have_no_frame_header)
{
  PenstockRtpItem item = { make_packets (0, 5, N_PACKETS, 77, FALSE, 0),
    changes[__i__].channel, changes[__i__].seq_offset,
    changes[__i__].time_offset };

  for (guint i = 0; i < N_PACKETS; i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    struct iovec iovecs[2];
    guint8 headers[1][PENSTOCK_RTP_OWN_HEADER];
    PenstockRtpPieces pieces = { iovecs, 0, 2, headers, 0 };
    fail_unless (penstock_rtp_item_add_packet (&item, i, &pieces));
    collect (&pieces, bytes);
    fail_unless_equals_int ((gint) bytes->len, FRAME - 4);
    fail_unless_equals_int (bytes->data[0], 0x80);
    fail_unless_equals_int (GST_READ_UINT16_BE (bytes->data + 2),
        (guint16) (5 + i + changes[__i__].seq_offset));
    fail_unless_equals_int ((gint) GST_READ_UINT32_BE (bytes->data + 4),
        (gint) (77 + changes[__i__].time_offset));
    fail_unless_equals_int (bytes->data[12], (gint) (5 + i));
  }
  penstock_rtp_item_clear (&item);
}
GST_END_TEST

GST_START_TEST (rtcp_gets_another_channel_only)
{
  PenstockRtpItem item = { make_report (0, 1, 2), 6, 1000, 1000 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gboolean all;

  send_once (&item, 0, 4, bytes, &all);
  fail_unless (all);
  fail_unless_equals_int (bytes->data[1], 6);
  fail_unless (memcmp (bytes->data + 2, item.packets->data + 2,
                   item.packets->size - 2) == 0);
  item.channel = 1;
  item.seq_offset = 0;
  item.time_offset = 0;
  fail_unless (penstock_rtp_item_is_plain (&item));
  penstock_rtp_item_clear (&item);
}
GST_END_TEST

static PenstockRtpPackets *
packets_of_sizes (const gsize *sizes, guint n)
{
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;
  guint8 packet[1500] = { 0x80, 96 };

  penstock_rtp_assembler_init (&assembler, 0, FALSE);
  for (guint i = 0; i < n; i++) {
    GST_WRITE_UINT16_BE (packet + 2, (guint16) i);
    penstock_rtp_assembler_push (
        &assembler, packet, sizes[i], FALSE, 0, 0, &done);
  }
  penstock_rtp_assembler_flush (&assembler, &done);
  penstock_rtp_assembler_clear (&assembler);
  return g_queue_pop_head (&done);
}

static const struct {
  guint index, max_packets;
  gsize max_bytes;
  guint n;
} trains[] = {
  { 0, 64, 65000, 1 }, /* a larger one comes next */
  { 1, 64, 65000, 4 }, /* up to the first smaller one */
  { 1, 3, 65000, 3 },
  { 1, 64, 2800, 2 },
  { 1, 64, 2799, 1 },
  { 1, 64, 10, 1 },
  { 4, 64, 65000, 1 },
  { 5, 64, 65000, 2 },
  { 6, 64, 65000, 1 },
};

GST_START_TEST (train_has_packets_of_one_size_and_a_smaller_one)
{
  static const gsize sizes[] = { 40, 1400, 1400, 1400, 900, 1200, 1200 };
  PenstockRtpItem item = { packets_of_sizes (sizes, G_N_ELEMENTS (sizes)) };

  fail_unless_equals_int (
      penstock_rtp_item_get_train (&item, trains[__i__].index,
          trains[__i__].max_packets, trains[__i__].max_bytes),
      (gint) trains[__i__].n);
  penstock_rtp_item_clear (&item);
}
GST_END_TEST

static Suite *
rtp_item_suite (void)
{
  Suite *suite = suite_create ("rtp-item");
  TCase *tcase = tcase_create ("items");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, block_of_a_usual_viewer_is_sent_as_it_is);
  tcase_add_loop_test (tcase, each_part_goes_on_where_the_last_one_ended, 0,
      G_N_ELEMENTS (changes));
  tcase_add_loop_test (
      tcase, datagrams_have_no_frame_header, 0, G_N_ELEMENTS (changes));
  tcase_add_test (tcase, rtcp_gets_another_channel_only);
  tcase_add_loop_test (tcase, train_has_packets_of_one_size_and_a_smaller_one,
      0, G_N_ELEMENTS (trains));
  return suite;
}

GST_CHECK_MAIN (rtp_item);
