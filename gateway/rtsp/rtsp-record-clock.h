/* SPDX-License-Identifier: MIT
 *
 * The times of a publisher's tracks on one timeline.
 *
 * RTP times of different tracks have nothing to do with each other; sender
 * reports tell how they relate (RFC 3550, 6.4.1). Some publishers send one with
 * the first packet, some after seconds, some never. So a track's data waits a
 * moment for the reports of all tracks, which place it exactly. What has none by
 * then is placed by when its packets have come so far, and moved when its report
 * comes. Pure: arrivals are arguments; not thread-safe. */
#ifndef PENSTOCK_RTSP_RECORD_CLOCK_H
#define PENSTOCK_RTSP_RECORD_CLOCK_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PENSTOCK_RECORD_MAX_TRACKS 32
/* How long a track waits for reports. */
#define PENSTOCK_RECORD_CLOCK_WAIT (200 * GST_MSECOND)
/* When a track without reports is placed once more, by all that came so far, and
 * how often. */
#define PENSTOCK_RECORD_CLOCK_SETTLE (2 * GST_SECOND)
#define PENSTOCK_RECORD_CLOCK_WINDOWS 5
/* Access units whose arrivals are remembered for that: 60 a second. */
#define PENSTOCK_RECORD_CLOCK_UNITS 128
/* A report that would move a track further, and does not fit to when its packets
 * come, is wrong. */
#define PENSTOCK_RECORD_CLOCK_MAX_MOVE (3 * GST_SECOND)
/* Less is followed bit by bit: reports are not exact to the millisecond. */
#define PENSTOCK_RECORD_CLOCK_STEP (10 * GST_MSECOND)

/* All times are nanoseconds. */
typedef struct {
  guint rate; /* RTP time in a second; 0: no such track */
  guint
      frame; /* RTP time of an access unit, where a packet may have several; 0:
                  it has one */

  gboolean started;
  guint64 newest; /* RTP time without wraps */
  guint64 origin; /* of the first packet, which is the track's time 0 */
  gint64 began;   /* arrival of that */

  /* When they came since @window: times of access units and of their first
   * packets. */
  gint64 window;
  gint64 times[PENSTOCK_RECORD_CLOCK_UNITS];
  gint64 arrivals[PENSTOCK_RECORD_CLOCK_UNITS];
  guint n_units;
  gint64 last_time, last_arrival;
  gint64 recent; /* arrival - time of the last packet */

  gboolean reported;
  gint64 report;    /* sender's clock - time */
  gboolean pending; /* a report from before the first packet */
  guint64 pending_ntp;
  guint32 pending_rtp;

  gboolean placed;
  guint n_windows; /* that are over */
  gint64 offset;   /* common time - time */
} PenstockRecordTrackClock;

typedef struct {
  PenstockRecordTrackClock tracks[PENSTOCK_RECORD_MAX_TRACKS];
  gboolean anchored;
  gint64 anchor; /* common time - sender's clock */
} PenstockRecordClock;

/* A zeroed clock has no tracks. @rate: of its RTP time, > 0; @frame: as above */
void penstock_record_clock_add_track (
    PenstockRecordClock *self, guint track, guint rate, guint frame);

/* A packet has come; in the order of their arrival. @arrival: on the common
 * timeline. */
void penstock_record_clock_take_packet (
    PenstockRecordClock *self, guint track, guint32 rtp, gint64 arrival);

/* A sender report. @ntp: 32.32 bits fixed point seconds */
void penstock_record_clock_take_report (
    PenstockRecordClock *self, guint track, guint64 ntp, guint32 rtp);

/* Time of a packet on its track's own timeline; may lie a little before 0. */
gint64 penstock_record_clock_get_time (
    const PenstockRecordClock *self, guint track, guint32 rtp);

/**
 * penstock_record_clock_place:
 * @now: on the common timeline
 * @offset: (out): what makes common time of the track's time
 *
 * Returns: %FALSE while data of @track, which has started, is to wait
 */
gboolean penstock_record_clock_place (
    PenstockRecordClock *self, guint track, gint64 now, gint64 *offset);

G_END_DECLS

#endif /* PENSTOCK_RTSP_RECORD_CLOCK_H */
