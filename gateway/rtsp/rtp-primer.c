/* SPDX-License-Identifier: MIT
 *
 * Primers. See rtp-primer.h. */

#include "rtp-primer.h"

void
penstock_rtp_primer_start (PenstockRtpPrimer *primer, guint32 sound)
{
  primer->active = TRUE;
  primer->late = primer->silent = sound;
  primer->since_us = primer->live_us = 0;
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

static gboolean
is_over (const PenstockRtpPrimer *primer, gint64 now_us)
{
  if (primer->live_us == 0)
    return now_us - primer->since_us > PENSTOCK_RTP_PRIMING_US;
  gint64 waited = now_us - primer->live_us;
  if (primer->late == primer->silent)
    return primer->late == 0 || waited > PENSTOCK_RTP_SILENT_US;
  return waited > PENSTOCK_RTP_PRIMING_US;
}

void
penstock_rtp_primer_push (PenstockRtpPrimer *primer,
    PenstockRtpPackets *packets, gboolean video, GstClockTime now,
    gint64 now_us, GQueue *out)
{
  gboolean live = !GST_CLOCK_TIME_IS_VALID (packets->time) ||
      packets->time + PENSTOCK_RTP_LIVE_TIME >= now;
  guint32 bit = 1u << packets->stream;

  if (!primer->active) {
    g_queue_push_tail (out, packets);
    return;
  }
  if (video || primer->since_us == 0)
    primer->since_us = now_us;
  if (video) {
    release (primer, packets->time, out);
    g_queue_push_tail (out, packets);
    if (live && primer->live_us == 0)
      primer->live_us = now_us;
  } else {
    g_queue_push_tail (&primer->held, packets);
    primer->silent &= ~bit;
    if (live)
      primer->late &= ~bit;
  }
  if (!is_over (primer, now_us))
    return;
  release (primer, GST_CLOCK_TIME_NONE, out);
  primer->active = FALSE;
}
