/* SPDX-License-Identifier: MIT
 *
 * How the packets of a media reach its viewers, from what they say themselves:
 * report blocks of RTCP (RFC 3550, 6.4.1 and 6.4.2), told apart by where they
 * come from. Thread-safe, refcounted. */
#ifndef PENSTOCK_RTP_RECEPTIONS_H
#define PENSTOCK_RTP_RECEPTIONS_H

#include <gio/gio.h>

#include "rtcp-report.h"
#include "rtp-hub.h"

G_BEGIN_DECLS

typedef struct _PenstockRtpReceptions PenstockRtpReceptions;
typedef struct _PenstockRtpReception PenstockRtpReception;

PenstockRtpReceptions *penstock_rtp_receptions_new (void);
PenstockRtpReceptions *penstock_rtp_receptions_ref (
    PenstockRtpReceptions *self);
void penstock_rtp_receptions_unref (PenstockRtpReceptions *self);

/* Takes what comes into @rtpbin, which belongs to the media of @hub, before its
 * pads are made. */
void penstock_rtp_receptions_attach (
    PenstockRtpReceptions *self, PenstockRtpHub *hub, GstElement *rtpbin);

/**
 * penstock_rtp_receptions_add:
 * @list: (nullable): what the viewer has up to now
 * @stream: number of the stream
 * @from: where its reports come from
 * @now_us: monotonic time; reports that answer to what was sent before say
 *   nothing of the way
 *
 * Returns: (transfer full): @list with one stream more
 */
PenstockRtpReception *penstock_rtp_receptions_add (PenstockRtpReceptions *self,
    PenstockRtpReception *list, guint stream, GSocketAddress *from,
    gint64 now_us);
/* Frees @list (transfer full) (nullable). */
void penstock_rtp_receptions_remove (
    PenstockRtpReceptions *self, PenstockRtpReception *list);

/**
 * PenstockRtpReceptionStats:
 * @known: whether there has been a report
 * @rtt_us: time to the viewer and back; -1 = not known. Of the newest report
 * @jitter_us: the largest of the streams
 * @loss: from 0 to 1 since the report before; the largest of the streams
 * @lost: packets, of all streams together
 */
typedef struct {
  gboolean known;
  gint64 rtt_us, jitter_us;
  gdouble loss;
  gint64 lost;
} PenstockRtpReceptionStats;

/* Of one viewer. */
void penstock_rtp_receptions_get (PenstockRtpReceptions *self,
    const PenstockRtpReception *list, PenstockRtpReceptionStats *stats);

/**
 * penstock_rtp_receptions_take:
 * @stream: that it is about
 * @from: sender's address
 * @block: what it says
 * @clock_rate: of the stream, at least 1
 * @sent_us: monotonic time when the report was sent that it names; 0 = not
 *   known
 * @now_us: monotonic
 *
 * Returns: whether it said something about a viewer
 */
gboolean penstock_rtp_receptions_take (PenstockRtpReceptions *self,
    guint stream, GSocketAddress *from, const PenstockRtcpBlock *block,
    guint clock_rate, gint64 sent_us, gint64 now_us);

G_END_DECLS

#endif /* PENSTOCK_RTP_RECEPTIONS_H */
