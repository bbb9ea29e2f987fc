/* SPDX-License-Identifier: MIT
 *
 * What a viewer sees of one track: RTP packets in, complete access units,
 * losses and skips out. H.264 (RFC 6184) and MPEG-4 audio (RFC 3640, AAC-hbr). */

#pragma once

#include <glib.h>

typedef struct {
  gboolean video;     /* H.264, else AAC */
  guint payload_type; /* others are not counted */
  guint32 step;       /* duration of an access unit in RTP time; 0: unknown */

  guint64 n_packets, n_bytes;
  guint64 n_lost;      /* missing sequence numbers */
  guint64 n_late;      /* repeated ones, or out of order */
  guint64 n_units;     /* complete access units (video), all (audio) */
  guint64 n_broken;    /* video access units with a part missing */
  guint64 n_skips;     /* jumps forward in RTP time of more than 1.5 steps */
  guint64 n_backwards; /* jumps back */
  guint64 n_resumed_without_key; /* units after a skip or loss: no keyframe */

  guint16 first_seq;
  gboolean first_is_key; /* the first packet began a keyframe */

  /* The rest is private. */
  gboolean begun, broken, key, slice_seen, want_key;
  guint16 next_seq;
  guint32 timestamp, expected;
  gboolean expected_known;
  guint64 stamp;
} RtpWatch;

/* A complete video access unit. */
typedef struct {
  gboolean key;
  guint64 stamp_ns; /* see stamp.h; 0: it has none */
} RtpWatchUnit;

void rtp_watch_init (
    RtpWatch *self, gboolean video, guint payload_type, guint32 step);

/* Takes one RTP packet. TRUE: it completed a video access unit, @unit. */
gboolean rtp_watch_packet (
    RtpWatch *self, const guint8 *data, gsize size, RtpWatchUnit *unit);
