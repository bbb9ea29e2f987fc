/* SPDX-License-Identifier: MIT
 *
 * Makes RTP packets for the tests of what handles them. */

#pragma once

#include <gst/check/gstcheck.h>
#include <string.h>

#include "rtsp/rtp-packets.h"

#define TEST_PAYLOAD 20
#define TEST_SSRC 0xcafe0001

/* One access unit in @n packets; the payload of each is its number's low
 * byte, over and over. */
static inline PenstockRtpPackets *
make_packets (guint stream, guint16 seq, guint n, guint32 rtptime,
    gboolean keyframe, GstClockTime time)
{
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;

  penstock_rtp_assembler_init (&assembler, stream, FALSE);
  for (guint i = 0; i < n; i++) {
    guint8 packet[12 + TEST_PAYLOAD] = { 0x80, (guint8) (96 + stream) };
    GST_WRITE_UINT16_BE (packet + 2, (guint16) (seq + i));
    GST_WRITE_UINT32_BE (packet + 4, rtptime);
    GST_WRITE_UINT32_BE (packet + 8, TEST_SSRC);
    memset (packet + 12, (seq + i) & 0xff, TEST_PAYLOAD);
    fail_unless (penstock_rtp_assembler_push (
        &assembler, packet, sizeof (packet), keyframe, time, time, &done));
  }
  penstock_rtp_assembler_flush (&assembler, &done);
  penstock_rtp_assembler_clear (&assembler);
  fail_unless_equals_int ((gint) done.length, 1);
  return g_queue_pop_head (&done);
}

/* A sender report with an empty SDES. */
static inline PenstockRtpPackets *
make_report (guint stream, guint64 ntp, guint32 rtptime)
{
  guint8 report[36] = { 0x80, 200, 0, 6 };

  GST_WRITE_UINT32_BE (report + 4, TEST_SSRC);
  GST_WRITE_UINT64_BE (report + 8, ntp);
  GST_WRITE_UINT32_BE (report + 16, rtptime);
  report[28] = 0x80;
  report[29] = 202;
  report[31] = 1;
  return penstock_rtp_packets_new_rtcp (stream, report, sizeof (report));
}
