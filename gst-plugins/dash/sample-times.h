/* SPDX-License-Identifier: MIT
 *
 * From the times of access units (nanoseconds of running time, as rough as
 * their protocol made them) to exact ticks of a CMAF track. Pure.
 *
 * A Period anchors the timeline; every later tick is scaled from the distance
 * to the anchor, so rounding never adds up. The decoding times of a segment
 * are its presentation times in rising order: decoding starts at the earliest
 * presentation time (tfdt = EPT) and every composition offset follows. */
#ifndef PENSTOCK_SAMPLE_TIMES_H
#define PENSTOCK_SAMPLE_TIMES_H

#include "cmaf-chunk.h"

G_BEGIN_DECLS

/* Times that RTMP and FLV round to milliseconds are put back on the grid of
 * the frame rate when they are this near to it. */
#define SAMPLE_TIMES_SNAP (3 * GST_MSECOND / 2)

/* Audio timestamps may jitter by half an access unit, and at least by this. */
#define SAMPLE_TIMES_MIN_TOLERANCE (5 * GST_MSECOND)

/* A longer hole in audio is left open; a shorter one is added to the access
 * unit before it. */
#define SAMPLE_TIMES_MAX_HOLE (100 * GST_MSECOND)

/**
 * MediaUnit:
 * @buffer: the access unit, owned
 * @pts: running time
 * @duration: nanoseconds, %GST_CLOCK_TIME_NONE when unknown
 * @format: of its track at this moment, owned
 * @breaks: the timeline or the format does not go on from the unit before
 */
typedef struct {
  GstBuffer *buffer;
  GstClockTime pts, duration;
  CmafFormat *format;
  gboolean keyframe, droppable, breaks;
} MediaUnit;

void media_unit_free (MediaUnit *unit);

/* Length of a unit: its own, else the frame rate's or the codec's, else
 * 40 ms. */
GstClockTime media_unit_get_duration (const MediaUnit *unit);

/* End of the unit, in running time. */
GstClockTime media_unit_get_end (const MediaUnit *unit);

/**
 * TickAnchor:
 * @time: running time
 * @ticks: the same instant on the track's timeline
 */
typedef struct {
  GstClockTime time;
  guint64 ticks;
} TickAnchor;

/* The anchor of a Period that starts at @time, for one timescale. */
TickAnchor tick_anchor_at (GstClockTime time, guint timescale);

/* Running time to ticks, also before the anchor, and back. */
guint64 tick_anchor_tick (
    const TickAnchor *anchor, guint timescale, GstClockTime time);
GstClockTime tick_anchor_time (
    const TickAnchor *anchor, guint timescale, guint64 tick);

/* Time of a picture, on the grid of the frame rate when it is near to it. */
guint64 sample_times_video_tick (
    const TickAnchor *anchor, const CmafFormat *format, GstClockTime pts);

/**
 * sample_times_video:
 * @anchor: of the Period
 * @units: (array length=n): one segment, in decoding order
 * @start: ticks: decoding time of the first unit
 * @end: ticks: where the next segment starts
 * @samples: (out): array of #CmafSample to append to; buffers are not owned
 *
 * Returns: %FALSE when there are more units than ticks; nothing is appended
 */
gboolean sample_times_video (const TickAnchor *anchor, MediaUnit *const *units,
    guint n, guint64 start, guint64 end, GArray *samples);

/**
 * AudioClock:
 * @next: ticks: end of what was placed, %G_MAXUINT64 before the first unit
 *
 * Counts samples, and follows the timestamps only when they leave the count
 * by more than half an access unit: one has been lost, or clocks drift.
 */
typedef struct {
  guint64 next;
} AudioClock;

typedef enum {
  AUDIO_FOLLOWS, /* next to the unit before it */
  AUDIO_ABSORBS, /* after a small hole: the unit before lasts until @tick */
  AUDIO_HOLE,    /* after a hole that stays */
  AUDIO_LATE,    /* its time is taken: to be dropped */
} AudioPlace;

/**
 * audio_clock_place:
 * @tick: (out): where the unit starts
 * @duration: (out): its length in ticks
 *
 * Places one unit; moves the clock unless the unit is late.
 */
AudioPlace audio_clock_place (AudioClock *clock, const TickAnchor *anchor,
    const MediaUnit *unit, guint64 *tick, guint32 *duration);

G_END_DECLS

#endif /* PENSTOCK_SAMPLE_TIMES_H */
