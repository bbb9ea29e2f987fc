/* SPDX-License-Identifier: MIT
 *
 * The hub of a media: all its RTP and RTCP packets in one log, and the viewers
 * that read it, each a position. The writer (rtp-tap) appends and never waits;
 * viewers are served on a few loops, several packets with one system call.
 * Refcounted. */
#ifndef PENSTOCK_RTP_HUB_H
#define PENSTOCK_RTP_HUB_H

#include "io/loop-pool.h"
#include "rtp-feed.h"

G_BEGIN_DECLS

typedef struct _PenstockRtpHub PenstockRtpHub;
typedef struct _PenstockRtpAudience PenstockRtpAudience;

/**
 * penstock_rtp_hub_new:
 * @pool: loops that serve the viewers
 * @limits: of the log
 * @n_streams: at most %PENSTOCK_RTP_MAX_STREAMS
 * @video: which of them wait for keyframes, a bit each
 * @prime: whether it begins with a burst, which is put into order
 * @utc: of running time 0, nanoseconds since 1970: what sender reports tell
 */
PenstockRtpHub *penstock_rtp_hub_new (PenstockLoopPool *pool,
    const PenstockGopLogLimits *limits, guint n_streams, guint32 video,
    gboolean prime, GstClockTime utc);
PenstockRtpHub *penstock_rtp_hub_ref (PenstockRtpHub *hub);
void penstock_rtp_hub_unref (PenstockRtpHub *hub);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockRtpHub, penstock_rtp_hub_unref)

guint penstock_rtp_hub_get_n_streams (PenstockRtpHub *hub);
gboolean penstock_rtp_hub_is_video (PenstockRtpHub *hub, guint stream);
PenstockLoopPool *penstock_rtp_hub_get_pool (PenstockRtpHub *hub);

/* Other bounds of the log, from the next packets on, and other limits of the
 * viewers there are. Any thread. */
void penstock_rtp_hub_set_limits (PenstockRtpHub *hub,
    const PenstockGopLogLimits *limits, const PenstockCursorSettings *viewers);

/* --- writers (streaming threads) ------------------------------------------- */

/* The clock of a stream, and the number of its next packet. Another @ssrc than
 * before: what is in the log is of no use any more. */
void penstock_rtp_hub_set_clock (PenstockRtpHub *hub, guint stream,
    guint clock_rate, guint32 base, guint16 next_seq, guint32 ssrc);

/* @stream is AAC, of which several frames fit into a packet (rtp-aac). */
void penstock_rtp_hub_set_aac (
    PenstockRtpHub *hub, guint stream, gboolean is_aac);

/* Appends @packets (transfer full). @now: running time. */
void penstock_rtp_hub_append (
    PenstockRtpHub *hub, PenstockRtpPackets *packets, GstClockTime now);

/* Nothing is appended any more: viewers get the rest, and then are over. */
void penstock_rtp_hub_end (PenstockRtpHub *hub);

/**
 * penstock_rtp_hub_find_report:
 * @name: of a sender report, as receivers name it
 * @clock_rate: (out): of the stream; 0 = not known yet
 *
 * Any thread.
 *
 * Returns: monotonic time when viewers were served with it; 0 when it is none of
 *   the newest
 */
gint64 penstock_rtp_hub_find_report (
    PenstockRtpHub *hub, guint stream, guint32 name, guint *clock_rate);

/* --- viewers ----------------------------------------------------------------- */

/**
 * PenstockRtpViewerStats:
 * @bytes: sent, with all framing
 * @skips: times it lost pictures for being slow
 * @position: decoding time of what was sent last; 0 before
 * @join_us: from PLAY to the whole first keyframe (without video: the first
 *   packets) being on its way; 0 before
 * @progress_us: monotonic time when something was last sent
 * @waiting: whether there is more to send than the network takes
 * @too_slow: whether that has ended it
 *
 * Of whoever gets packets, by one or two ways. Refcounted; the fields are atomic:
 * written on loops, read by anybody.
 */
typedef struct {
  guint64 bytes, skips, position;
  gint64 join_us, progress_us;
  gint waiting, too_slow;
} PenstockRtpViewerStats;

PenstockRtpViewerStats *penstock_rtp_viewer_stats_new (void);
PenstockRtpViewerStats *penstock_rtp_viewer_stats_ref (
    PenstockRtpViewerStats *stats);
void penstock_rtp_viewer_stats_unref (PenstockRtpViewerStats *stats);
/* A copy that does not change. */
void penstock_rtp_viewer_stats_read (
    const PenstockRtpViewerStats *stats, PenstockRtpViewerStats *out);

typedef struct _PenstockRtpViewer PenstockRtpViewer;

/**
 * PenstockRtpViewerType:
 * @flush: sends what is new, as far as the network takes it
 *
 * How a viewer is reached. On its loop.
 */
typedef struct {
  void (*flush) (PenstockRtpViewer *viewer);
} PenstockRtpViewerType;

/**
 * PenstockRtpViewer:
 * @hub: (owned)
 * @feed: (owned): loop's thread once it has joined
 * @stats: (owned)
 * @play_us: monotonic time of PLAY
 * @audience: (read-only) (nullable): where it has joined; loop's thread
 *
 * Somebody who gets the hub's packets; the first member of its owner's struct.
 */
struct _PenstockRtpViewer {
  const PenstockRtpViewerType *type;
  PenstockRtpHub *hub;
  PenstockRtpFeed *feed;
  PenstockRtpViewerStats *stats;
  gint64 play_us;
  PenstockRtpAudience *audience;
  /*< private >*/
  GList link;
};

void penstock_rtp_viewer_init (PenstockRtpViewer *viewer,
    const PenstockRtpViewerType *type, PenstockRtpHub *hub,
    PenstockRtpViewerStats *stats);
/* Not while it has joined. */
void penstock_rtp_viewer_clear (PenstockRtpViewer *viewer);
/* Loop's thread: whether its policy ends it, which the stats tell from now on. */
gboolean penstock_rtp_viewer_is_too_slow (PenstockRtpViewer *viewer);
/* Loop's thread: @size bytes of @item, whole or in part, are on their way. */
void penstock_rtp_viewer_sent (PenstockRtpViewer *viewer,
    const PenstockRtpItem *item, gsize size, gboolean whole);

/**
 * penstock_rtp_hub_begin:
 * @now: running time of the media
 * @starts: (out caller-allocates): as many as there are streams
 *
 * Fixes where @viewer begins, and what it is to be told of that. Before it
 * joins. Any thread.
 */
void penstock_rtp_hub_begin (PenstockRtpHub *hub, PenstockRtpViewer *viewer,
    const PenstockCursorSettings *settings, GstClockTime now,
    PenstockRtpStart *starts);

/* Waits until there is something to begin with, a keyframe or what there is
 * without video, and the burst of the start is over. FALSE: not until @end_us
 * (monotonic). */
gboolean penstock_rtp_hub_wait_start (PenstockRtpHub *hub, gint64 end_us);

/* Serves @viewer from now on, which is flushed at once. Loop @loop's thread. */
void penstock_rtp_hub_join (
    PenstockRtpHub *hub, PenstockRtpViewer *viewer, guint loop);
/* No more. Loop's thread, also out of a flush. */
void penstock_rtp_hub_leave (PenstockRtpViewer *viewer);

/* Whether the viewer has got all there will ever be. Loop's thread; to be asked
 * before the feed is found empty. */
gboolean penstock_rtp_hub_has_ended (PenstockRtpHub *hub);

/* How far a viewer is behind the newest packets, nanoseconds. Any thread. */
GstClockTime penstock_rtp_hub_get_lag (
    PenstockRtpHub *hub, const PenstockRtpViewerStats *stats);

void penstock_rtp_hub_get_log_stats (
    PenstockRtpHub *hub, PenstockGopLogStats *stats);

G_END_DECLS

#endif /* PENSTOCK_RTP_HUB_H */
