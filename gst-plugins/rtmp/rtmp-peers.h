/* SPDX-License-Identifier: MIT
 *
 * Who is connected to a listener, by address: how many, how fast, how many
 * wrong keys. Decides who is let in. IPv6 counts by /64, which is what one host
 * has. Pure; not thread-safe. Times are of a clock that never steps back. */
#ifndef PENSTOCK_RTMP_PEERS_H
#define PENSTOCK_RTMP_PEERS_H

#include "rtmp-limits.h"

G_BEGIN_DECLS

/* An IPv6 address; an IPv4 address mapped into it. Network byte order. */
typedef struct {
  guint8 bytes[16];
} PenstockRtmpAddress;

typedef enum {
  PENSTOCK_RTMP_ADMIT,
  PENSTOCK_RTMP_REFUSE_TOTAL,   /* too many connections */
  PENSTOCK_RTMP_REFUSE_ADDRESS, /* too many of the address */
  PENSTOCK_RTMP_REFUSE_NETWORK, /* too many of its network */
  PENSTOCK_RTMP_REFUSE_RATE,    /* too many of the address in a second */
  PENSTOCK_RTMP_REFUSE_BLOCKED, /* too many wrong keys */
  PENSTOCK_RTMP_N_ADMISSIONS
} PenstockRtmpAdmission;

/* "total", "address", ...: names of counters. */
const gchar *penstock_rtmp_admission_to_string (
    PenstockRtmpAdmission admission);

typedef struct _PenstockRtmpPeers PenstockRtmpPeers;

PenstockRtmpPeers *penstock_rtmp_peers_new (void);
void penstock_rtmp_peers_free (PenstockRtmpPeers *self);

/* A connection comes; ADMIT counts it, half open, until _leave(). */
PenstockRtmpAdmission penstock_rtmp_peers_admit (PenstockRtmpPeers *self,
    const PenstockRtmpAddress *address, const PenstockRtmpLimits *limits,
    gint64 now_ms);
/* It publishes or plays: no longer half open. */
void penstock_rtmp_peers_establish (
    PenstockRtmpPeers *self, const PenstockRtmpAddress *address);
/* It is gone. */
void penstock_rtmp_peers_leave (PenstockRtmpPeers *self,
    const PenstockRtmpAddress *address, gboolean half_open);

/* A wrong key. TRUE: the address has had too many of them. */
gboolean penstock_rtmp_peers_fail (PenstockRtmpPeers *self,
    const PenstockRtmpAddress *address, const PenstockRtmpLimits *limits,
    gint64 now_ms);

/* Lines of the log that an address can cause, and how many a minute. */
typedef enum {
  PENSTOCK_RTMP_LINE_NOT_ADMITTED, /* 1 */
  PENSTOCK_RTMP_LINE_CLOSED,       /* 1: other protocols, time-outs */
  PENSTOCK_RTMP_LINE_REFUSED,      /* 10: publishers, whom somebody misses */
  PENSTOCK_RTMP_N_LINES
} PenstockRtmpLine;

/* May the log have such a line? @more: (out): how many it did not get since the
 * last one. */
gboolean penstock_rtmp_peers_may_log (PenstockRtmpPeers *self,
    const PenstockRtmpAddress *address, PenstockRtmpLine line, gint64 now_ms,
    guint *more);

typedef struct {
  guint connections, half_open; /* now */
  guint64 total;                /* admitted since the start */
  guint64 refused[PENSTOCK_RTMP_N_ADMISSIONS];
  guint64 failures; /* wrong keys */
  guint addresses;  /* remembered */
} PenstockRtmpPeersStats;

void penstock_rtmp_peers_get_stats (
    const PenstockRtmpPeers *self, PenstockRtmpPeersStats *stats);

G_END_DECLS

#endif /* PENSTOCK_RTMP_PEERS_H */
