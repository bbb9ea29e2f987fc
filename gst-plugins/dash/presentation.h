/* SPDX-License-Identifier: MIT
 *
 * A live presentation: rows of the segmenter in, files out (CMAF headers,
 * media segments, the MPD) and the names of files to delete. Pure: the caller
 * brings the wall clock and keeps the files.
 *
 * The availability start is 1970 and segment numbers follow the clock, so a
 * presentation that starts again goes on where the one before it stopped:
 * same timeline, new Period, no name used twice. */
#ifndef PENSTOCK_PRESENTATION_H
#define PENSTOCK_PRESENTATION_H

#include "mpd.h"
#include "segmenter.h"

G_BEGIN_DECLS

#define PRESENTATION_MPD_PATH "manifest.mpd"
/* What was kept, from its beginning, once it is over. */
#define PRESENTATION_RECORDING_PATH "recording.mpd"

/* Media is promised this much later than it is expected, so that it is never
 * asked for before it is there. With low latency it is not: there the length of
 * a picture, which arrives when its time begins, is all the margin. */
#define PRESENTATION_MARGIN (50 * GST_MSECOND)

/* Where players count the segments, the next row may be so much later than
 * they expect it: until then their requests are held. */
#define PRESENTATION_PATIENCE (1 * GST_SECOND)

/**
 * PresentationSettings:
 * @target: nanoseconds of a segment
 * @latency: for low latency, where rows come in parts: see #MpdLatency
 * @window: nanoseconds that a viewer may go back, at least three segments
 *   more than the delay
 * @retention: nanoseconds that files stay after the window and one segment more,
 *   at least three segments; 0: they do not
 * @max_bytes: of all files; the window shrinks rather than exceed it
 * @first_number: of the first segment; 0 takes it from the clock
 * @timeline: list segments one by one also when they are regular
 * @hls: write playlists as well
 * @keep: everything stays, whatever @window and @max_bytes say
 * @title, @utc_timing_url: (nullable)
 */
typedef struct {
  GstClockTime target, window, retention;
  MpdLatency latency;
  guint64 max_bytes;
  guint64 first_number;
  gboolean timeline, hls, keep;
  const gchar *title, *utc_timing_url;
} PresentationSettings;

typedef enum {
  PRESENTATION_PUT,    /* a whole file, new or in place of another */
  PRESENTATION_APPEND, /* one more chunk of a file that grows */
  PRESENTATION_FINISH, /* it is complete */
  PRESENTATION_REMOVE,
  PRESENTATION_EXPECT, /* the next file of its folder is this one */
} PresentationAction;

/**
 * PresentationChange:
 * @path: relative to the MPD
 * @content_type: of a file to put or append to
 * @bytes: to put or append
 * @plain: (nullable): to put in the place of @bytes where files can be had only
 *   when they are complete
 * @growing_only: not to be put there at all
 * @due_us: UTC, microseconds since 1970, when what is expected can be had
 *
 * Changes are to be done in the order they are given in.
 */
typedef struct {
  PresentationAction action;
  gchar *path;
  const gchar *content_type;
  GBytes *bytes, *plain;
  gboolean growing_only;
  gint64 due_us;
} PresentationChange;

void presentation_change_free (PresentationChange *change);

typedef struct _Presentation Presentation;

Presentation *presentation_new (const PresentationSettings *settings);
void presentation_free (Presentation *self);

/* Names track @n of the segmenter: `v0`, `a1`. */
void presentation_set_track (
    Presentation *self, guint n, CmafKind kind, guint index);
/* (nullable): from the next Period on */
void presentation_set_language (
    Presentation *self, guint n, const gchar *language);
/* Bits a second the source declares; 0: unknown. From the next Period on. */
void presentation_set_bandwidth (
    Presentation *self, guint n, guint64 bandwidth);

/* UTC in nanoseconds since 1970 of running time 0. Before the first row. */
void presentation_set_zero (Presentation *self, GstClockTime utc);

/* A file of an earlier run: its number is not used again and it is deleted
 * when no viewer can ask for it any more. @bytes: what it takes of
 * PresentationSettings::max_bytes. Before the first row. */
void presentation_adopt (
    Presentation *self, const gchar *path, guint64 number, guint64 bytes);

/**
 * presentation_add_row:
 * @row: a complete row; for low latency the next part of one
 * @now_us: UTC, microseconds since 1970
 * @changes: (element-type PresentationChange): appended to
 */
void presentation_add_row (Presentation *self, const SegmenterRow *row,
    gint64 now_us, GQueue *changes);

/* When presentation_tick() is due unless a row comes before: UTC, microseconds
 * since 1970. %G_MAXINT64: never, as always while segments are listed. */
gint64 presentation_get_deadline (const Presentation *self);

/* Once the next row is overdue, the segments of the Period are listed, so that
 * players stop to count on what may never come. */
void presentation_tick (Presentation *self, gint64 now_us, GQueue *changes);

/* The presentation is over: its MPD becomes static. More rows re-open it. */
void presentation_end (Presentation *self, gint64 now_us, GQueue *changes);

/* Is this file there, all @bytes of it? */
typedef gboolean (*PresentationKept) (
    const gchar *path, guint64 bytes, gpointer user_data);

/* Files could not be kept: the newest rows, as far as not all of them is there,
 * are withdrawn, and the next row is the first of a Period. What was kept before
 * stays. Not between two parts of a row. */
void presentation_forget (Presentation *self, PresentationKept kept,
    gpointer user_data, GQueue *changes);

/**
 * PresentationStats:
 * @segments: made so far, of all tracks
 * @periods: begun so far
 * @bytes: of all files kept now
 * @edge: nanoseconds since 1970 where the newest row ends; 0 before it
 */
typedef struct {
  guint64 segments, periods, bytes;
  GstClockTime edge;
} PresentationStats;

/* Others need @bytes of what it has: as much goes, from the oldest on, and the
 * window gets shorter, but the newest rows stay. Not where everything is kept.
 * Returns how many bytes go. Any time. */
guint64 presentation_give_way (
    Presentation *self, guint64 bytes, gint64 now_us, GQueue *changes);

/* Is the row that goes on more than there is room for? */
gboolean presentation_is_over_full (const Presentation *self);

void presentation_get_stats (Presentation *self, PresentationStats *stats);

G_END_DECLS

#endif /* PENSTOCK_PRESENTATION_H */
