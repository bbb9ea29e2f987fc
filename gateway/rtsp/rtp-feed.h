/* SPDX-License-Identifier: MIT
 *
 * What one viewer gets of a log of RTP packets: a cursor, and how the viewer's
 * own channels, numbers and times follow from those in the log. No sockets,
 * clocks or threads; used by one thread at a time. */
#ifndef PENSTOCK_RTP_FEED_H
#define PENSTOCK_RTP_FEED_H

#include "channel/gop-log.h"
#include "rtp-item.h"

G_BEGIN_DECLS

/* Tracks of the log: stream number i is track i, RTCP of all is this one. */
#define PENSTOCK_RTP_RTCP_TRACK (PENSTOCK_GOP_LOG_MAX_TRACKS - 1)
#define PENSTOCK_RTP_MAX_STREAMS PENSTOCK_RTP_RTCP_TRACK

/* With catch-up times in the burst pass so much faster: as fast as it may come, and
 * not so fast that two of 120 pictures a second are given one RTP time. ffmpeg
 * warns when a step is a thousand times larger than those before. */
#define PENSTOCK_RTP_CATCH_UP_SPEED 500

/**
 * PenstockRtpClock:
 * @clock_rate: RTP ticks a second; 0 = not known
 * @base: RTP time of running time 0
 * @next_seq: sequence number of the next packet
 * @report: (nullable): the newest sender report
 *
 * What is known of a stream besides its packets.
 */
typedef struct {
  guint clock_rate;
  guint32 base;
  guint16 next_seq;
  PenstockRtpPackets *report;
} PenstockRtpClock;

/* RTP time of a running time. */
guint32 penstock_rtp_clock_get_time (
    const PenstockRtpClock *clock, GstClockTime running_time);

/**
 * PenstockRtpStart:
 * @known: whether the rest is
 * @seq: sequence number of the first packet that this viewer gets
 * @rtptime: RTP time of the moment the viewer begins at, the same for all
 *   streams
 *
 * What the viewer is told of a stream before it begins.
 */
typedef struct {
  gboolean known;
  guint16 seq;
  guint32 rtptime;
} PenstockRtpStart;

/**
 * PenstockRtpFeedStream:
 * @wanted: whether the viewer has set it up
 * @rtp_channel: of its interleaved frames
 * @rtcp_channel: of its interleaved frames
 */
typedef struct {
  gboolean wanted;
  guint8 rtp_channel, rtcp_channel;
  /*< private >*/
  guint clock_rate;
  PenstockRtpSeq seq;
  PenstockRtpPackets *report; /* owned; goes next, unless others are awaited */
  gboolean missed;            /* the last report, which came late */
} PenstockRtpFeedStream;

/**
 * PenstockRtpFeed:
 * @too_slow: (read-only): the policy is to disconnect, and it has struck
 * @newest: (read-only): time of the last packets taken; before that, of the
 *   first ones to come; NONE before it begins
 */
typedef struct {
  gboolean too_slow;
  GstClockTime newest;
  /*< private >*/
  PenstockGopLog *log;
  PenstockCursor cursor;
  GstClockTime audio_from; /* sound of before is left out */
  /* With catch-up: what is in the log below @live is brought near to @live_time. */
  guint64 live;
  GstClockTime live_time;
  /* Meanwhile live sound is read ahead, until @cursor is where it is or at the
   * end. Owned; NULL = the burst is over. */
  PenstockCursor *sound;
  guint32 sound_tracks; /* mask; 0 = the burst is over, or there is no sound */
  guint64 sound_next;   /* what is below has been read ahead */
  guint32 awaited; /* mask of streams whose reports go together with others */
  guint n_streams;
  PenstockRtpFeedStream streams[];
} PenstockRtpFeed;

/* (transfer full): of a log that has @n_streams, none of them wanted. */
PenstockRtpFeed *penstock_rtp_feed_new (PenstockGopLog *log, guint n_streams);
void penstock_rtp_feed_free (PenstockRtpFeed *feed);

/**
 * penstock_rtp_feed_begin:
 * @settings: where it begins and what happens when it lags
 * @clocks: of the streams, now
 * @newest: presentation time of the newest packets, in running time; now when
 *   there are none
 * @starts: (out caller-allocates): of the streams; only wanted ones are known
 *
 * Begins, or begins anew: numbers go on where they were. Nothing may be
 * appended to the log meanwhile.
 */
void penstock_rtp_feed_begin (PenstockRtpFeed *feed,
    const PenstockCursorSettings *settings, const PenstockRtpClock *clocks,
    GstClockTime newest, PenstockRtpStart *starts);

/* Other limits and another policy; where it began stays. */
void penstock_rtp_feed_set_limits (
    PenstockRtpFeed *feed, const PenstockCursorSettings *settings);

/* Whether it is @too_slow, also when it is not read from. */
gboolean penstock_rtp_feed_check (PenstockRtpFeed *feed);

/**
 * penstock_rtp_feed_next:
 * @items: (out caller-allocates): what comes next, to be cleared
 * @max: length of @items
 *
 * Returns: how many items there are; 0 when there is nothing now
 */
guint penstock_rtp_feed_next (
    PenstockRtpFeed *feed, PenstockRtpItem *items, guint max);

G_END_DECLS

#endif /* PENSTOCK_RTP_FEED_H */
