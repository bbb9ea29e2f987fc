/* SPDX-License-Identifier: MIT
 *
 * Tests of the benchmark's watch on RTP packets, its stamps and percentiles:
 * packets written by hand, what a viewer must be told of them. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "rtp-watch.h"
#include "samples.h"
#include "stamp.h"

#define STEP 3600
#define MARKER 0x80
#define H264 96

#define FU_IDR_START 0x7c, 0x85, 0x88
#define FU_IDR_MIDDLE 0x7c, 0x05, 0x00
#define FU_IDR_END 0x7c, 0x45, 0x00
#define SLICE 0x41, 0x9a, 0x00
#define SECOND_SLICE 0x41, 0x22, 0x00

/* @flags: MARKER or 0; @time in steps. */
typedef struct {
  guint16 seq;
  guint8 flags;
  guint time;
  guint8 payload[3];
} Packet;

typedef struct {
  const gchar *name;
  Packet packets[8];
  guint n_packets;
  guint units, broken, lost, late, skips, backwards, without_key;
  gboolean first_is_key;
} Row;

static const Row rows[] = {
  { "a keyframe in three packets and a slice",
      { { 10, 0, 0, { FU_IDR_START } }, { 11, 0, 0, { FU_IDR_MIDDLE } },
          { 12, MARKER, 0, { FU_IDR_END } }, { 13, MARKER, 1, { SLICE } } },
      4, .units = 2, .first_is_key = TRUE },
  { "the sequence number wraps",
      { { 65535, MARKER, 0, { SLICE } }, { 0, MARKER, 1, { SLICE } } }, 2,
      .units = 2 },
  { "a join inside a keyframe does not count as one",
      { { 11, 0, 0, { FU_IDR_MIDDLE } }, { 12, MARKER, 0, { FU_IDR_END } },
          { 13, MARKER, 1, { SLICE } } },
      3, .units = 1, .broken = 1, .without_key = 0 },
  { "a join at a picture's second slice is no complete picture",
      { { 1, MARKER, 0, { SECOND_SLICE } }, { 2, MARKER, 1, { SLICE } } }, 2,
      .units = 1, .broken = 1 },
  { "a lost middle breaks the picture, and the next one is no keyframe",
      { { 10, 0, 0, { FU_IDR_START } }, { 12, MARKER, 0, { FU_IDR_END } },
          { 13, MARKER, 1, { SLICE } } },
      3, .units = 1, .broken = 1, .lost = 1, .without_key = 1 },
  { "a lost end breaks the picture",
      { { 10, 0, 0, { FU_IDR_START } }, { 12, MARKER, 1, { SLICE } } }, 2,
      .units = 1, .broken = 1, .lost = 1, .without_key = 1 },
  { "a lost picture: the next is whole, but late by one step and no keyframe",
      { { 1, MARKER, 0, { SLICE } }, { 3, MARKER, 2, { SLICE } } }, 2,
      .units = 2, .lost = 1, .skips = 1, .without_key = 1 },
  { "a skip to a keyframe with continuous sequence numbers",
      { { 1, MARKER, 0, { SLICE } }, { 2, 0, 50, { FU_IDR_START } },
          { 3, MARKER, 50, { FU_IDR_END } } },
      3, .units = 2, .skips = 1 },
  { "a repeated packet is not counted twice",
      { { 1, MARKER, 0, { SLICE } }, { 1, MARKER, 0, { SLICE } },
          { 2, MARKER, 1, { SLICE } } },
      3, .units = 2, .late = 1 },
  { "time that goes back",
      { { 1, MARKER, 9, { SLICE } }, { 2, MARKER, 5, { SLICE } } }, 2,
      .units = 2, .backwards = 1 },
};

static gboolean
feed (RtpWatch *watch, const Packet *packet, RtpWatchUnit *unit)
{
  guint32 time = packet->time * STEP;
  guint8 data[15] = { 0x80, (guint8) (packet->flags | H264),
    (guint8) (packet->seq >> 8), (guint8) packet->seq, (guint8) (time >> 24),
    (guint8) (time >> 16), (guint8) (time >> 8), (guint8) time };

  memcpy (data + 12, packet->payload, 3);
  return rtp_watch_packet (watch, data, sizeof data, unit);
}

GST_START_TEST (watch_tells_units_losses_and_skips)
{
  const Row *row = &rows[__i__];
  RtpWatch watch;
  RtpWatchUnit unit;

  rtp_watch_init (&watch, TRUE, H264, STEP);
  for (guint i = 0; i < row->n_packets; i++)
    feed (&watch, &row->packets[i], &unit);
  ck_assert_msg (watch.n_units == row->units && watch.n_broken == row->broken,
      "%s: %u units, %u broken", row->name, (guint) watch.n_units,
      (guint) watch.n_broken);
  ck_assert_msg (watch.n_lost == row->lost && watch.n_late == row->late,
      "%s: %u lost, %u late", row->name, (guint) watch.n_lost,
      (guint) watch.n_late);
  ck_assert_msg (watch.n_skips == row->skips &&
          watch.n_backwards == row->backwards &&
          watch.n_resumed_without_key == row->without_key,
      "%s: %u skips, %u backwards, %u without a keyframe", row->name,
      (guint) watch.n_skips, (guint) watch.n_backwards,
      (guint) watch.n_resumed_without_key);
  ck_assert_msg (watch.first_is_key == row->first_is_key, "%s", row->name);
}
GST_END_TEST;

GST_START_TEST (packets_cut_anywhere_are_survived)
{
  static const guint8 packet[] = { 0xb1, MARKER | H264, 0, 1, 0, 0, 0, 0, 1, 2,
    3, 4, 5, 6, 7, 8, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 24, 0, 3, 0x65, 0x88, 0, 0,
    2 };
  RtpWatchUnit unit;

  for (gsize size = 0; size <= sizeof packet; size++) {
    g_autofree guint8 *copy = g_memdup2 (packet, size);
    RtpWatch watch;

    rtp_watch_init (&watch, TRUE, H264, STEP);
    rtp_watch_packet (&watch, copy, size, &unit);
    if (size < 28) /* before the IDR's NAL unit header */
      ck_assert_uint_eq (watch.n_units, 0);
    else if (size == sizeof packet)
      ck_assert_uint_eq (watch.n_units, 1);
  }
  ck_assert (unit.key);
}
GST_END_TEST;

GST_START_TEST (audio_of_two_frames_a_packet_has_no_skips)
{
  guint8 packet[16] = { 0x80, MARKER | 97, [13] = 32 };
  RtpWatch watch;
  RtpWatchUnit unit;

  rtp_watch_init (&watch, FALSE, 97, 1024);
  for (guint i = 0; i < 4; i++) {
    GST_WRITE_UINT16_BE (packet + 2, i);
    GST_WRITE_UINT32_BE (packet + 4, i * 2048 + (i == 3 ? 1024 : 0));
    rtp_watch_packet (&watch, packet, sizeof packet, &unit);
    ck_assert_uint_eq (watch.n_skips, i == 3);
  }
  ck_assert_uint_eq (watch.n_units, 8);
}
GST_END_TEST;

GST_START_TEST (stamp_comes_back_with_its_picture)
{
  guint8 packet[12 + STAMP_NAL_SIZE] = { 0x80, H264 };
  const Packet slice = { 1, MARKER, 0, { SLICE } };
  const guint64 stamp = G_GUINT64_CONSTANT (0x00000123456789ab);
  RtpWatch watch;
  RtpWatchUnit unit = { 0 };

  rtp_watch_init (&watch, TRUE, H264, STEP);
  stamp_write (stamp, packet + 12);
  fail_if (rtp_watch_packet (&watch, packet, sizeof packet, &unit));
  fail_unless (feed (&watch, &slice, &unit));
  fail_unless_equals_uint64 (unit.stamp_ns, stamp);
}
GST_END_TEST;

GST_START_TEST (stamp_needs_no_escaping_and_is_found_only_whole)
{
  guint8 nal[STAMP_NAL_SIZE];
  guint64 time = 7;

  stamp_write (0, nal);
  for (guint i = 0; i + 1 < sizeof nal; i++)
    fail_if (nal[i] == 0 && nal[i + 1] == 0);
  fail_if (stamp_read (nal, sizeof nal - 1, &time));
  nal[20] = 'x';
  fail_if (stamp_read (nal, sizeof nal, &time));
  fail_unless_equals_uint64 (time, 7);
}
GST_END_TEST;

GST_START_TEST (percentiles_are_of_the_nearest_rank)
{
  Samples samples;

  samples_init (&samples);
  fail_unless_equals_uint64 (samples_percentile (&samples, 50), 0);
  for (guint64 i = 100; i > 0; i--)
    samples_add (&samples, i);
  fail_unless_equals_uint64 (samples_percentile (&samples, 0), 1);
  fail_unless_equals_uint64 (samples_percentile (&samples, 50), 50);
  fail_unless_equals_uint64 (samples_percentile (&samples, 99), 99);
  fail_unless_equals_uint64 (samples_percentile (&samples, 100), 100);
  samples_clear (&samples);
}
GST_END_TEST;

static Suite *
rtp_watch_suite (void)
{
  Suite *suite = suite_create ("rtp-watch");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, watch_tells_units_losses_and_skips, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tcase, packets_cut_anywhere_are_survived);
  tcase_add_test (tcase, audio_of_two_frames_a_packet_has_no_skips);
  tcase_add_test (tcase, stamp_comes_back_with_its_picture);
  tcase_add_test (tcase, stamp_needs_no_escaping_and_is_found_only_whole);
  tcase_add_test (tcase, percentiles_are_of_the_nearest_rank);
  return suite;
}

GST_CHECK_MAIN (rtp_watch)
