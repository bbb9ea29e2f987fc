/* SPDX-License-Identifier: MIT
 *
 * Puts what a media gets from the channel's cache at its start into order. Each
 * stream has a thread of its own, so a burst of sound overtakes the pictures;
 * behind the primer no sound comes before the picture it belongs to, and viewers
 * that start at a keyframe have all the sound of it. What is live is never held.
 * Pure. */
#ifndef PENSTOCK_RTP_PRIMER_H
#define PENSTOCK_RTP_PRIMER_H

#include "rtp-packets.h"

G_BEGIN_DECLS

/* Pictures are live when they are not older than this. */
#define PENSTOCK_RTP_LIVE_TIME (200 * GST_MSECOND)
/* Sound is held at most so long when no picture comes. */
#define PENSTOCK_RTP_PRIMING_US G_USEC_PER_SEC

/* Zeroed: nothing is held, everything is live. */
typedef struct {
  gboolean active;
  /*< private >*/
  gint64 since_us; /* monotonic, of the last picture; 0 = nothing came yet */
  GQueue held;     /* of PenstockRtpPackets, owned */
} PenstockRtpPrimer;

void penstock_rtp_primer_start (PenstockRtpPrimer *primer);
void penstock_rtp_primer_clear (PenstockRtpPrimer *primer);

/**
 * penstock_rtp_primer_push:
 * @packets: (transfer full): what came
 * @video: whether it is a picture
 * @now: running time
 * @now_us: monotonic time
 * @out: what goes on is put at its tail
 */
void penstock_rtp_primer_push (PenstockRtpPrimer *primer,
    PenstockRtpPackets *packets, gboolean video, GstClockTime now,
    gint64 now_us, GQueue *out);

G_END_DECLS

#endif /* PENSTOCK_RTP_PRIMER_H */
