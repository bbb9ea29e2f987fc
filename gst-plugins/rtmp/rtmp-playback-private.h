/* SPDX-License-Identifier: MIT
 *
 * The inside of a playback, shared by rtmp-playback.c (what is played) and
 * rtmp-player.c (who plays). */
#ifndef PENSTOCK_RTMP_PLAYBACK_PRIVATE_H
#define PENSTOCK_RTMP_PLAYBACK_PRIVATE_H

#include "rtmp-playback.h"
#include "rtmp-server-private.h"

G_BEGIN_DECLS

/* Tracks of the log. */
#define PENSTOCK_RTMP_TRACK_VIDEO 0
#define PENSTOCK_RTMP_TRACK_AUDIO 1

/* Largest header of a first chunk: basic 1, message 11, extended 4. */
#define PENSTOCK_RTMP_FIRST_HEADER_MAX 16

/* A message cut into chunks of PENSTOCK_RTMP_OUR_CHUNK_SIZE for message stream
 * 1: the payload of a log entry. Immutable. */
typedef struct {
  GstMiniObject parent;
  guint32 timestamp;
  guint first_header; /* bytes of the first chunk's header */
  gsize size;
  guint8 data[];
} PenstockRtmpChunks;

/* What a player must have got before an entry: the context of log entries.
 * Immutable. */
typedef struct {
  GstMiniObject parent;
  GBytes *metadata, *video, *audio; /* each may be NULL */
} PenstockRtmpConfig;

/* The players on one loop; everything on the loop's thread. */
typedef struct {
  PenstockRtmpPlayback *playback;
  PenstockLoop *loop;
  GQueue players;         /* of PenstockRtmpPlayer, not owned */
  guint waker;            /* exists while there are players */
  PenstockLoopTimer wait; /* for more to send; likewise */
  gint64 served;          /* last, milliseconds */
  guint pictures;         /* in the log then, ever */
  GstClockTime oldest;    /* atomic; time of what the slowest one is at */
} PenstockRtmpAudience;

struct _PenstockRtmpPlayback {
  gint ref_count;
  PenstockRtmpServer *server; /* owned until removed; NULL = of no listener */
  gchar *path;                /* NULL likewise */
  PenstockRtmpOwner *owner;   /* ref; NULL = none */
  PenstockGopLog *log;
  GstClockTime max_lag;
  guint merge_window_ms, max_players;
  PenstockRtmpAudience audiences[PENSTOCK_LOOP_POOL_MAX];

  /* The writer's. */
  PenstockRtmpConfig *config;
  PenstockGopLogLimits limits;
  GstClockTime retention; /* in force; in @limits: without slow players */

  /* Atomic. */
  gint ended; /* nothing is appended any more */
  gint n_players;
  guint64 players_total, bytes_sent, skips;
};

/* (transfer full) (nullable): what is served at @path and has not ended.
 * Server's lock held. */
PenstockRtmpPlayback *penstock_rtmp_playback_find (
    PenstockRtmpServer *server, const gchar *path);
/* The audience of a loop. */
PenstockRtmpAudience *penstock_rtmp_playback_get_audience (
    PenstockRtmpPlayback *playback, PenstockLoop *loop);

/* One player more. FALSE: there are as many as there may be. Any thread. */
gboolean penstock_rtmp_playback_enter (PenstockRtmpPlayback *playback);
void penstock_rtmp_playback_leave (PenstockRtmpPlayback *playback);

/* The first player has come, the last one has gone. Loop's thread. */
void penstock_rtmp_audience_open (PenstockRtmpAudience *audience);
void penstock_rtmp_audience_dissolve (PenstockRtmpAudience *audience);
/* Sends each player of the audience what is new, now or a little later; closing
 * tells them that it is over. Loop's thread. */
void penstock_rtmp_audience_serve (PenstockRtmpAudience *audience);
void penstock_rtmp_audience_close (PenstockRtmpAudience *audience);
/* Something was appended. Any thread. */
void penstock_rtmp_audience_wake (gpointer audience);

G_END_DECLS

#endif /* PENSTOCK_RTMP_PLAYBACK_PRIVATE_H */
