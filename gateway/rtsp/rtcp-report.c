/* SPDX-License-Identifier: MIT
 *
 * Sender reports. See rtcp-report.h. */

#include "rtcp-report.h"

/* RFC 3550, 6.4.1 and 12.1. */
#define SENDER_REPORT 200
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
