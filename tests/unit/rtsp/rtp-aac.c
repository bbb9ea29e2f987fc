/* SPDX-License-Identifier: MIT
 *
 * AAC frames in one packet (RFC 3640, 3.3.6). */

#include "rtsp/rtp-aac.h"
#include "rtp-test.h"

#define RATE 48000
#define FRAME_SIZE 300
#define FRAME_NS (1024 * GST_SECOND / RATE)
#define BASE_TIME 0xfffffe00 /* wraps with the second frame */
#define BASE_SEQ 0xfffe
#define SOON 1000 /* microseconds */

typedef struct {
  PenstockRtpAac aac;
  GQueue out;
} Fixture;

static void
fixture_init (Fixture *self)
{
  memset (self, 0, sizeof *self);
  self->aac.on = TRUE;
}

static void
fixture_clear (Fixture *self)
{
  penstock_rtp_aac_clear (&self->aac);
  g_queue_clear_full (&self->out, (GDestroyNotify) penstock_rtp_packets_unref);
}

/* As rtpmp4gpay makes it; frame @i is @size bytes of @i. */
static PenstockRtpPackets *
make_frame (guint i, gsize size, guint32 rtptime)
{
  g_autofree guint8 *packet = g_malloc0 (16 + size);
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;

  packet[0] = 0x80;
  packet[1] = 0x80 | 97;
  GST_WRITE_UINT16_BE (packet + 2, (guint16) (BASE_SEQ + i));
  GST_WRITE_UINT32_BE (packet + 4, rtptime);
  GST_WRITE_UINT32_BE (packet + 8, TEST_SSRC);
  GST_WRITE_UINT16_BE (packet + 12, 16);
  GST_WRITE_UINT16_BE (packet + 14, (guint16) (size << 3));
  memset (packet + 16, (gint) i, size);
  penstock_rtp_assembler_init (&assembler, 1, FALSE);
  fail_unless (penstock_rtp_assembler_push (&assembler, packet, 16 + size,
      FALSE, i * FRAME_NS, GST_CLOCK_TIME_NONE, &done));
  penstock_rtp_assembler_flush (&assembler, &done);
  penstock_rtp_assembler_clear (&assembler);
  return g_queue_pop_head (&done);
}

static void
push (Fixture *self, guint i, gsize size, guint32 rtptime, gint64 until_us)
{
  penstock_rtp_aac_push (
      &self->aac, make_frame (i, size, rtptime), until_us, 0, &self->out);
}

static void
push_next (Fixture *self, guint i, gint64 until_us)
{
  push (self, i, FRAME_SIZE, BASE_TIME + 1024 * i, until_us);
}

/* The next packet out has number @seq and @n frames of FRAME_SIZE from @begin
 * on. */
static void
expect (Fixture *self, guint16 seq, guint begin, guint n)
{
  g_autoptr (PenstockRtpPackets) packets = g_queue_pop_head (&self->out);

  fail_unless (packets != NULL);
  const guint8 *rtp = packets->data + PENSTOCK_RTP_FRAME_HEADER;
  gsize size = 12 + 2 + n * (2 + FRAME_SIZE);
  fail_unless_equals_int (packets->n_packets, 1);
  fail_unless_equals_int ((gint) packets->stream, 1);
  fail_unless_equals_int (
      (gint) packets->size, (gint) (PENSTOCK_RTP_FRAME_HEADER + size));
  fail_unless_equals_int (GST_READ_UINT16_BE (packets->data + 2), (gint) size);
  fail_unless_equals_int (packets->first_seq, seq);
  fail_unless_equals_int (GST_READ_UINT16_BE (rtp + 2), seq);
  fail_unless_equals_int (rtp[1], 0x80 | 97);
  fail_unless_equals_int ((gint) GST_READ_UINT32_BE (rtp + 4),
      (gint) (guint32) (BASE_TIME + 1024 * begin));
  fail_unless_equals_uint64 (packets->pts, begin * FRAME_NS);
  fail_unless_equals_uint64 (packets->time, begin * FRAME_NS);
  fail_unless_equals_int (GST_READ_UINT16_BE (rtp + 12), (gint) (16 * n));
  for (guint i = 0; i < n; i++) {
    const guint8 *frame = rtp + 14 + 2 * n + i * FRAME_SIZE;
    fail_unless_equals_int (
        GST_READ_UINT16_BE (rtp + 14 + 2 * i), FRAME_SIZE << 3);
    fail_unless_equals_int (frame[0], (gint) (begin + i));
    fail_unless_equals_int (frame[FRAME_SIZE - 1], (gint) (begin + i));
  }
}

GST_START_TEST (frames_that_wait_go_in_one_packet)
{
  Fixture f;

  fixture_init (&f);
  for (guint i = 0; i < 3; i++)
    push_next (&f, i, SOON);
  fail_unless_equals_int ((gint) f.out.length, 0);
  penstock_rtp_aac_flush (&f.aac, &f.out);
  expect (&f, BASE_SEQ, 0, 3);
  push_next (&f, 3, SOON);
  penstock_rtp_aac_flush (&f.aac, &f.out);
  /* Numbers have no gap. */
  expect (&f, (guint16) (BASE_SEQ + 1), 3, 1);
  penstock_rtp_aac_flush (&f.aac, &f.out);
  fail_unless_equals_int ((gint) f.out.length, 0);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (frame_that_may_not_wait_takes_the_others_along)
{
  Fixture f;

  fixture_init (&f);
  push_next (&f, 0, -SOON);
  expect (&f, BASE_SEQ, 0, 1);
  push_next (&f, 1, SOON);
  push_next (&f, 2, -SOON);
  expect (&f, (guint16) (BASE_SEQ + 1), 1, 2);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (packets_stay_within_their_limits)
{
  const gsize large = (PENSTOCK_RTP_AAC_MAX_PACKET - 14 - 2 * 2) / 2;
  Fixture f;

  fixture_init (&f);
  for (guint i = 0; i <= PENSTOCK_RTP_AAC_MAX_FRAMES; i++)
    push_next (&f, i, SOON);
  expect (&f, BASE_SEQ, 0, PENSTOCK_RTP_AAC_MAX_FRAMES);
  fail_unless_equals_int ((gint) f.out.length, 0); /* one is held */
  fixture_clear (&f);

  fixture_init (&f);
  push (&f, 0, large, 0, SOON);
  push (&f, 1, large, 1024, SOON);
  penstock_rtp_aac_flush (&f.aac, &f.out);
  fail_unless_equals_int ((gint) f.out.length, 1);
  fixture_clear (&f);

  fixture_init (&f);
  push (&f, 0, large, 0, SOON);
  push (&f, 1, large + 1, 1024, SOON);
  penstock_rtp_aac_flush (&f.aac, &f.out);
  fail_unless_equals_int ((gint) f.out.length, 2);
  fixture_clear (&f);
}
GST_END_TEST

/* Receivers count the times of frames inside a packet from its first. */
GST_START_TEST (frames_that_do_not_follow_each_other_stay_apart)
{
  static const gint32 steps[] = { 1024 - 129, 1024 + 129, 0, -1024, 2048 };
  static const gint32 rounded[] = { 1024 - 128, 1024, 1024 + 128 };
  Fixture f;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    fixture_init (&f);
    push (&f, 0, FRAME_SIZE, BASE_TIME, SOON);
    push (&f, 1, FRAME_SIZE, BASE_TIME + (guint32) steps[i], SOON);
    penstock_rtp_aac_flush (&f.aac, &f.out);
    fail_unless_equals_int ((gint) f.out.length, 2);
    fixture_clear (&f);
  }
  for (guint i = 0; i < G_N_ELEMENTS (rounded); i++) {
    fixture_init (&f);
    push (&f, 0, FRAME_SIZE, BASE_TIME, SOON);
    push (&f, 1, FRAME_SIZE, BASE_TIME + (guint32) rounded[i], SOON);
    penstock_rtp_aac_flush (&f.aac, &f.out);
    fail_unless_equals_int ((gint) f.out.length, 1);
    fixture_clear (&f);
  }
}
GST_END_TEST

/* Other modes, several frames already, a part of one. */
GST_START_TEST (what_is_not_one_frame_passes_as_it_is)
{
  Fixture f;

  fixture_init (&f);
  f.aac.on = FALSE;
  push_next (&f, 0, SOON);
  expect (&f, BASE_SEQ, 0, 1);
  f.aac.on = TRUE;
  push_next (&f, 1, SOON);
  PenstockRtpPackets *part = make_frame (2, FRAME_SIZE, BASE_TIME + 2048);
  part->data[PENSTOCK_RTP_FRAME_HEADER + 1] &= 0x7f;
  penstock_rtp_aac_push (&f.aac, part, SOON, 0, &f.out);
  fail_unless_equals_int ((gint) f.out.length, 2);
  fail_unless (f.out.tail->data == part);
  PenstockRtpPackets *two = make_frame (3, FRAME_SIZE, BASE_TIME + 3072);
  GST_WRITE_UINT16_BE (two->data + PENSTOCK_RTP_FRAME_HEADER + 12, 32);
  penstock_rtp_aac_push (&f.aac, two, SOON, 0, &f.out);
  fail_unless (f.out.tail->data == two);
  PenstockRtpPackets *short_one = make_packets (1, 4, 1, 0, FALSE, 0);
  penstock_rtp_aac_push (&f.aac, short_one, SOON, 0, &f.out);
  fail_unless (f.out.tail->data == short_one);
  fixture_clear (&f);
}
GST_END_TEST

static Suite *
rtp_aac_suite (void)
{
  Suite *suite = suite_create ("rtp-aac");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, frames_that_wait_go_in_one_packet);
  tcase_add_test (tcase, frame_that_may_not_wait_takes_the_others_along);
  tcase_add_test (tcase, packets_stay_within_their_limits);
  tcase_add_test (tcase, frames_that_do_not_follow_each_other_stay_apart);
  tcase_add_test (tcase, what_is_not_one_frame_passes_as_it_is);
  return suite;
}

GST_CHECK_MAIN (rtp_aac);
