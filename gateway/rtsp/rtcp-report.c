/* SPDX-License-Identifier: MIT
 *
 * Reports of RTCP. See rtcp-report.h. */

#include "rtcp-report.h"

/* RFC 3550, 6.4.1 and 12.1. */
#define SENDER_REPORT 200
#define RECEIVER_REPORT 201
#define HEADER_SIZE 4
#define COUNT_MASK 0x1f
#define BLOCK_SIZE 24
/* Where blocks begin behind what is of the sender itself. */
#define SENDER_BLOCKS_AT 28
#define RECEIVER_BLOCKS_AT 8
#define VERSION 2
#define NTP_AT 8
#define RTPTIME_AT 16
#define REPORT_SIZE 28
/* From 1900, where NTP begins, to 1970 (RFC 868). */
#define NTP_TO_UNIX_S G_GUINT64_CONSTANT (2208988800)
#define NTP_SECOND (G_GUINT64_CONSTANT (1) << 32)

static gboolean
is_report (const guint8 *data, gsize size)
{
  return size >= REPORT_SIZE && data[0] >> 6 == VERSION &&
      data[1] == SENDER_REPORT;
}

gboolean
penstock_rtcp_report_read (
    const guint8 *data, gsize size, PenstockRtcpReport *report)
{
  if (!is_report (data, size))
    return FALSE;
  report->ntp = GST_READ_UINT64_BE (data + NTP_AT);
  report->rtptime = GST_READ_UINT32_BE (data + RTPTIME_AT);
  return TRUE;
}

/* 24 bits with a sign. */
static gint32
read_lost (const guint8 *data)
{
  guint32 bits = GST_READ_UINT24_BE (data);

  return (gint32) (bits << 8) >> 8;
}

static void
read_block (const guint8 *data, PenstockRtcpBlock *block)
{
  *block = (PenstockRtcpBlock){
    .fraction_lost = data[4],
    .lost = read_lost (data + 5),
    .jitter = GST_READ_UINT32_BE (data + 12),
    .last_report = GST_READ_UINT32_BE (data + 16),
    .since_last_report = GST_READ_UINT32_BE (data + 20),
  };
}

gboolean
penstock_rtcp_report_read_block (
    const guint8 *data, gsize size, PenstockRtcpBlock *block)
{
  while (size >= HEADER_SIZE && data[0] >> 6 == VERSION) {
    gsize length = ((gsize) GST_READ_UINT16_BE (data + 2) + 1) * 4;
    if (length > size)
      return FALSE;
    gsize at = data[1] == SENDER_REPORT ? SENDER_BLOCKS_AT
        : data[1] == RECEIVER_REPORT    ? RECEIVER_BLOCKS_AT
                                        : 0;
    if (at > 0 && (data[0] & COUNT_MASK) > 0 && at + BLOCK_SIZE <= length) {
      read_block (data + at, block);
      return TRUE;
    }
    data += length;
    size -= length;
  }
  return FALSE;
}

gboolean
penstock_rtcp_report_set (
    guint8 *data, gsize size, guint32 rtptime, GstClockTime utc)
{
  if (!is_report (data, size))
    return FALSE;
  guint64 seconds = utc / GST_SECOND + NTP_TO_UNIX_S;
  guint64 fraction =
      gst_util_uint64_scale (utc % GST_SECOND, NTP_SECOND, GST_SECOND);
  GST_WRITE_UINT64_BE (data + NTP_AT, (seconds << 32) + fraction);
  GST_WRITE_UINT32_BE (data + RTPTIME_AT, rtptime);
  return TRUE;
}

gboolean
penstock_rtcp_report_move (
    guint8 *data, gsize size, guint32 rtptime, guint clock_rate)
{
  PenstockRtcpReport report;

  if (clock_rate == 0 || !penstock_rtcp_report_read (data, size, &report))
    return FALSE;
  gint64 ticks = (gint32) (rtptime - report.rtptime); /* wraps */
  gint64 seconds = ticks / clock_rate;
  gint64 rest = ticks % clock_rate;
  gint64 step = seconds * (G_GINT64_CONSTANT (1) << 32) +
      rest * (G_GINT64_CONSTANT (1) << 32) / clock_rate;
  GST_WRITE_UINT64_BE (data + NTP_AT, report.ntp + (guint64) step);
  GST_WRITE_UINT32_BE (data + RTPTIME_AT, rtptime);
  return TRUE;
}
