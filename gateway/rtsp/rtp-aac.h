/* SPDX-License-Identifier: MIT
 *
 * Puts several AAC frames into one RTP packet (RFC 3640, 3.3.6). To the network
 * a packet of 400 bytes costs what one of 1400 does, and the payloader makes one
 * of each frame: over UDP that is as much as the video beside it. Pure: no
 * sockets, clocks, threads or logs. */
#ifndef PENSTOCK_RTP_AAC_H
#define PENSTOCK_RTP_AAC_H

#include "rtp-packets.h"

G_BEGIN_DECLS

/* Frames in a packet, and its bytes, which are those of the payloaders. */
#define PENSTOCK_RTP_AAC_MAX_FRAMES 4
#define PENSTOCK_RTP_AAC_MAX_PACKET 1400

/**
 * PenstockRtpAac:
 * @on: whether the stream is of the mode AAC-hbr with headers of 16 bits
 *
 * Of one stream; zero-initialised. Packets are numbered anew, without gaps.
 */
typedef struct {
  gboolean on;
  /*< private >*/
  guint16 saved; /* packets fewer than there were */
  PenstockRtpPackets *frames[PENSTOCK_RTP_AAC_MAX_FRAMES]; /* owned */
  guint n;
  gsize size; /* of the packet that the frames would make */
} PenstockRtpAac;

/* Drops what is held, and numbers as the payloader does. */
void penstock_rtp_aac_clear (PenstockRtpAac *self);

/**
 * penstock_rtp_aac_push:
 * @packets: (transfer full): not seen by anybody else
 * @until_us: monotonic time until which a frame may wait for the next; in the
 *   past: not at all
 * @now_us: monotonic time
 * @out: what is finished is put at its tail
 */
void penstock_rtp_aac_push (PenstockRtpAac *self, PenstockRtpPackets *packets,
    gint64 until_us, gint64 now_us, GQueue *out);

/* Finishes what is held. */
void penstock_rtp_aac_flush (PenstockRtpAac *self, GQueue *out);

G_END_DECLS

#endif /* PENSTOCK_RTP_AAC_H */
