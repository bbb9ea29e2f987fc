/* SPDX-License-Identifier: MIT
 *
 * A stream that players of a listener can play, or that is published to other
 * servers (a "player" is then the connection to one): messages cut into chunks once,
 * kept in a GOP log, and read by any number of players, each a cursor. A
 * player starts at the newest keyframe; one that is too slow for its stream
 * skips to a newer keyframe, its audio goes on. */
#ifndef PENSTOCK_RTMP_PLAYBACK_H
#define PENSTOCK_RTMP_PLAYBACK_H

#include "channel/gop-log.h"
#include "flv-writer.h"
#include "rtmp-server.h"

G_BEGIN_DECLS

typedef struct _PenstockRtmpPlayback PenstockRtmpPlayback;

/**
 * PenstockRtmpPlaybackSettings:
 * @limits: of what is kept for players that join or lag
 * @max_lag: nanoseconds a player may be behind a newer keyframe before its
 *   video skips to it
 * @merge_window_ms: what is new is sent so often: fewer and larger writes for
 *   more latency; 0 = at once, and sound with the picture behind it, at most
 *   55 ms later
 * @max_players: further ones are refused; 0 = no bound
 * @owner: (nullable): decides who may play; %NULL: all
 */
typedef struct {
  PenstockGopLogLimits limits;
  GstClockTime max_lag;
  guint merge_window_ms;
  guint max_players;
  PenstockRtmpOwner *owner;
} PenstockRtmpPlaybackSettings;

/**
 * penstock_rtmp_server_add_playback:
 * @path: canonical path, as for penstock_rtmp_server_claim()
 * @error: %G_IO_ERROR_EXISTS when @path is being served, INVALID_ARGUMENT when
 *   it is no valid path
 *
 * Serves @path. Players that wait for it are let in at once; they get what is
 * appended from now on. The functions below are called by one thread at a
 * time and never wait for players.
 *
 * Returns: (transfer full): end it with penstock_rtmp_playback_remove()
 */
PenstockRtmpPlayback *penstock_rtmp_server_add_playback (
    PenstockRtmpServer *server, const gchar *path,
    const PenstockRtmpPlaybackSettings *settings, GError **error);

/* (transfer full): a stream of no listener, for clients that publish it. The
 * caller holds the pool of loops as long as it has a reference. */
PenstockRtmpPlayback *penstock_rtmp_playback_new (
    const PenstockRtmpPlaybackSettings *settings);
PenstockRtmpPlayback *penstock_rtmp_playback_ref (
    PenstockRtmpPlayback *playback);
void penstock_rtmp_playback_unref (PenstockRtmpPlayback *playback);

/* The stream is no longer served: its players are told that it is over. Not
 * from an I/O thread's callback. */
void penstock_rtmp_playback_remove (PenstockRtmpPlayback *playback);

/* What players need before the messages appended from now on: payloads as
 * made by flv-writer.h, %NULL for none. */
void penstock_rtmp_playback_set_config (PenstockRtmpPlayback *playback,
    GBytes *metadata, GBytes *video, GBytes *audio);

/**
 * PenstockRtmpFrame:
 * @flags: KEYFRAME, DROPPABLE, DISCONT; VIDEO is set by @kind
 * @time: decoding time, nanoseconds, monotonic for its kind
 * @timestamp: the same in RTMP's milliseconds
 * @header: what stands before the frame in its message
 * @frame: (transfer none): the frame
 */
typedef struct {
  PenstockFlvKind kind;
  PenstockEntryFlags flags;
  GstClockTime time;
  guint32 timestamp;
  const guint8 *header;
  gsize header_size;
  GstBuffer *frame;
} PenstockRtmpFrame;

/* FALSE: longer than a message can be. */
gboolean penstock_rtmp_playback_append (
    PenstockRtmpPlayback *playback, const PenstockRtmpFrame *frame);

/* The stream is over: players are told when they have read everything. Nothing
 * may be appended any more. */
void penstock_rtmp_playback_end (PenstockRtmpPlayback *playback);

/**
 * PenstockRtmpPlaybackStats:
 * @players: now
 * @players_total: since the start
 * @bytes_sent: to all players
 * @skips: times a slow player was moved to a newer keyframe
 */
typedef struct {
  guint players;
  guint64 players_total, bytes_sent, skips;
  PenstockGopLogStats log;
} PenstockRtmpPlaybackStats;

void penstock_rtmp_playback_get_stats (
    PenstockRtmpPlayback *playback, PenstockRtmpPlaybackStats *stats);

G_END_DECLS

#endif /* PENSTOCK_RTMP_PLAYBACK_H */
