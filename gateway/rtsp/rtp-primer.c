/* SPDX-License-Identifier: MIT
 *
 * Primers. See rtp-primer.h. */

#include "rtp-primer.h"

void
penstock_rtp_primer_start (PenstockRtpPrimer *primer)
{
  primer->active = TRUE;
  primer->since_us = 0;
}

void
penstock_rtp_primer_clear (PenstockRtpPrimer *primer)
{
  g_queue_clear_full (
      &primer->held, (GDestroyNotify) penstock_rtp_packets_unref);
  primer->active = FALSE;
}

/* Lets sound go that is older than @time; NONE = all. */
static void
release (PenstockRtpPrimer *primer, GstClockTime time, GQueue *out)
{
  GList *next;

  for (GList *l = primer->held.head; l; l = next) {
    const PenstockRtpPackets *packets = l->data;
    next = l->next;
    if (packets->time >= time && GST_CLOCK_TIME_IS_VALID (time))
      continue;
    g_queue_unlink (&primer->held, l);
    g_queue_push_tail_link (out, l);
  }
}

static void
push_picture (PenstockRtpPrimer *primer, PenstockRtpPackets *packets,
    GstClockTime now, gint64 now_us, GQueue *out)
{
  gboolean live = !GST_CLOCK_TIME_IS_VALID (packets->time) ||
      packets->time + PENSTOCK_RTP_LIVE_TIME >= now;

  primer->since_us = now_us;
  release (primer, packets->time, out);
  g_queue_push_tail (out, packets);
  if (!live)
    return;
  release (primer, GST_CLOCK_TIME_NONE, out);
  primer->active = FALSE;
}

void
penstock_rtp_primer_push (PenstockRtpPrimer *primer,
    PenstockRtpPackets *packets, gboolean video, GstClockTime now,
    gint64 now_us, GQueue *out)
{
  if (primer->active && primer->since_us == 0)
    primer->since_us = now_us;
  if (primer->active && now_us - primer->since_us > PENSTOCK_RTP_PRIMING_US) {
    release (primer, GST_CLOCK_TIME_NONE, out);
    primer->active = FALSE;
  }
  if (!primer->active)
    g_queue_push_tail (out, packets);
  else if (video)
    push_picture (primer, packets, now, now_us, out);
  else
    g_queue_push_tail (&primer->held, packets);
}
