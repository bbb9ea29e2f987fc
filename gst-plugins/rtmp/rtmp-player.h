/* SPDX-License-Identifier: MIT
 *
 * The sending side of one connection, to a player or to a server that we
 * publish to: a cursor in a playback's log, and what is on its way to the
 * socket. Loop's thread. */
#ifndef PENSTOCK_RTMP_PLAYER_H
#define PENSTOCK_RTMP_PLAYER_H

#include "rtmp-playback-private.h"

G_BEGIN_DECLS

/* @over: everything of a stream that has ended was sent; the owner says so to
 * the peer. Runs while the connection sends. */
PenstockRtmpPlayer *penstock_rtmp_player_new (PenstockLoop *loop,
    PenstockRtmpConnection *connection, PenstockLoopFunc over, gpointer owner);
void penstock_rtmp_player_free (PenstockRtmpPlayer *player);

/* Plays from the newest keyframe on. Flush the connection after that. FALSE:
 * there are as many players as there may be. */
gboolean penstock_rtmp_player_start (
    PenstockRtmpPlayer *player, PenstockRtmpPlayback *playback);
/* Nothing more, except the rest of a message that was begun. */
void penstock_rtmp_player_stop (PenstockRtmpPlayer *player);
/* FALSE: nothing changes. */
gboolean penstock_rtmp_player_pause (PenstockRtmpPlayer *player, gboolean on);
void penstock_rtmp_player_receive (
    PenstockRtmpPlayer *player, guint track, gboolean on);
/* Has anything been sent since the start? */
gboolean penstock_rtmp_player_has_media (PenstockRtmpPlayer *player);

/* As in PenstockRtmpConnectionHandler. */
guint penstock_rtmp_player_gather (
    PenstockRtmpPlayer *player, struct iovec *pieces, guint max);
gboolean penstock_rtmp_player_sent (PenstockRtmpPlayer *player, gsize size);

G_END_DECLS

#endif /* PENSTOCK_RTMP_PLAYER_H */
