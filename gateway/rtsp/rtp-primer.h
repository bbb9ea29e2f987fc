/* SPDX-License-Identifier: MIT
 *
 * Puts what a media gets from the channel's cache at its start into order. Each
 * stream has a thread of its own, so a burst of sound overtakes the pictures;
 * behind the primer no sound comes before the picture it belongs to, and viewers
 * that start at a keyframe have all the sound of it. It ends when all streams have
 * come to what is live: nobody who begins then gets the rest of a burst. Pure. */
#ifndef PENSTOCK_RTP_PRIMER_H
#define PENSTOCK_RTP_PRIMER_H

#include "rtp-packets.h"

G_BEGIN_DECLS

/* What is not older than this is live. */
#define PENSTOCK_RTP_LIVE_TIME (200 * GST_MSECOND)
/* Sound is held at most so long when no picture comes; and pictures that are live
 * wait at most so long for sound that is not, as there is sound that always is late. */
#define PENSTOCK_RTP_PRIMING_US G_USEC_PER_SEC
/* Nor longer than this for sound of which nothing has come yet. */
#define PENSTOCK_RTP_SILENT_US (G_USEC_PER_SEC / 10)

/* Zeroed: nothing is held, everything is live. */
typedef struct {
  gboolean active;
  /*< private >*/
  guint32 late;    /* mask of streams of sound: not live yet */
  guint32 silent;  /* of these: nothing has come */
  gint64 since_us; /* monotonic, of the last picture; 0 = nothing came yet */
  gint64 live_us;  /* monotonic, of the first live picture; 0 = none yet */
  GQueue held;     /* of PenstockRtpPackets, owned */
} PenstockRtpPrimer;

/* @sound: mask of the streams that are not pictures */
void penstock_rtp_primer_start (PenstockRtpPrimer *primer, guint32 sound);
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
