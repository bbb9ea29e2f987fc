/* SPDX-License-Identifier: MIT
 *
 * Reports of RTCP (RFC 3550, 6.4): what wall clock time a packet was captured
 * at, and what receivers say. Pure. */
#ifndef PENSTOCK_RTCP_REPORT_H
#define PENSTOCK_RTCP_REPORT_H

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PenstockRtcpReport:
 * @ntp: seconds since 1900 in 32.32 fixed point
 * @rtptime: the same moment in RTP time
 */
typedef struct {
  guint64 ntp;
  guint32 rtptime;
} PenstockRtcpReport;

/* The report at the start of a compound packet. FALSE: it begins with something
 * else. */
gboolean penstock_rtcp_report_read (
    const guint8 *data, gsize size, PenstockRtcpReport *report);

/**
 * PenstockRtcpBlock:
 * @fraction_lost: since the report before; 256 would be all
 * @lost: packets since the start; less than 0 with duplicates
 * @jitter: RTP time
 * @last_report: name of the sender report that came last; 0 = none has
 * @since_last_report: since then, in 1/65536 s
 *
 * What a receiver says of one sender.
 */
typedef struct {
  guint8 fraction_lost;
  gint32 lost;
  guint32 jitter, last_report, since_last_report;
} PenstockRtcpBlock;

/* The first report block in a compound packet, which may be anything. FALSE:
 * there is none. */
gboolean penstock_rtcp_report_read_block (
    const guint8 *data, gsize size, PenstockRtcpBlock *block);

/* The middle 32 bits of an NTP time, by which receivers name a report. */
static inline guint32
penstock_rtcp_report_name (guint64 ntp)
{
  return (guint32) (ntp >> 16);
}

/**
 * penstock_rtcp_report_set:
 * @data: a compound packet that begins with a sender report, changed
 * @size: its length
 * @rtptime: a moment in RTP time
 * @utc: the same moment, nanoseconds since 1970
 *
 * Returns: %FALSE when there is no sender report
 */
gboolean penstock_rtcp_report_set (
    guint8 *data, gsize size, guint32 rtptime, GstClockTime utc);

/**
 * penstock_rtcp_report_move:
 * @data: a compound packet that begins with a sender report, changed
 * @size: its length
 * @rtptime: another moment, at most half a turn of RTP time away
 * @clock_rate: ticks a second
 *
 * Makes the report tell of @rtptime instead; both clocks run at the same speed.
 *
 * Returns: %FALSE when there is no sender report
 */
gboolean penstock_rtcp_report_move (
    guint8 *data, gsize size, guint32 rtptime, guint clock_rate);

G_END_DECLS

#endif /* PENSTOCK_RTCP_REPORT_H */
