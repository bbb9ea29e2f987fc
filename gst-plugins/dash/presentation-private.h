/* SPDX-License-Identifier: MIT
 *
 * Between the parts of a presentation: its rows and MPD (presentation.c), its
 * Periods (presentation-period.c), its media segments (presentation-segment.c),
 * its playlists (presentation-hls.c), and the files it keeps
 * (presentation-window.c). */
#ifndef PENSTOCK_PRESENTATION_PRIVATE_H
#define PENSTOCK_PRESENTATION_PRIVATE_H

#include "presentation.h"
#include "segment-grid.h"

G_BEGIN_DECLS

/* One that is kept. */
typedef struct {
  gchar *path;
  guint64 bytes;
  gboolean header; /* needed as long as its Period has rows */
} PresentationFile;

/* What the MPD lists of one row, and its files. */
typedef struct {
  guint64 number;
  GstClockTime start, end;
  MpdPeriod *period; /* not owned; alive while it has rows */
  GQueue files;      /* of PresentationFile */
} PresentationRow;

typedef struct {
  gchar id[8];
  guint set_id;
  CmafKind kind;
  gchar *language;
  guint64 declared; /* bits a second, 0 unknown */
  guint64 peak;     /* bits a second of the largest segment */
  guint64 next_number;
  guint32 sequence; /* of movie fragments */

  /* The segment that grows. */
  PresentationFile *file; /* not owned; NULL: there is none */
  MpdSegment segment;     /* so far */
  guint n_chunks;         /* of it */
  gboolean playlist_due;  /* something has changed that it tells */
} TrackState;

/* Where players count the segments. */
typedef struct {
  SegmentGrid grid;   /* what they counted last, also when it is over */
  GstClockTime start; /* UTC */
  guint64 number;     /* of its first row */
  gboolean on;        /* the newest Period is on the grid */
  gboolean irregular; /* the source, as far as is known */
  guint misfits;      /* grids in a row that the source left soon */
  gboolean renew;     /* with the next row another grid begins */
  guint64 ticks;      /* of the last row; 0: unknown */
} PresentationCount;

struct _Presentation {
  PresentationSettings settings;
  Mpd mpd;
  TrackState tracks[SEGMENTER_MAX_TRACKS];

  GstClockTime zero;         /* UTC of running time 0, margin included */
  MpdPeriod *period;         /* the newest; not owned */
  GstClockTime period_start; /* running time */
  PresentationCount count;
  PresentationRow *open; /* goes on; NULL: none */
  GstClockTime edge;
  GstClockTime max_segment;
  gboolean force_period;
  gboolean short_of_bytes; /* the window is shorter than wanted */
  gboolean mpd_due;        /* something has changed that it tells */
  gchar *mpd_text;         /* as published */
  gchar *variants_text;    /* multivariant playlist, as published */
  gboolean variants_due;   /* not yet where files have to be complete */
  guint64 first_discontinuity;
  guint64 sequence; /* greatest in all playlists so far */
  guint64 sequence_row, sequence_before_row;

  guint64 n_rows;
  GQueue rows;    /* of PresentationRow: listed */
  GQueue retired; /* no MPD lists them any more */
  GQueue adopted; /* of PresentationFile: until the first row */
  guint64 adopted_number; /* the highest of them */
  guint64 bytes;
  guint64 n_segments, n_periods;
};

static inline gboolean
presentation_is_low_latency (const Presentation *self)
{
  return self->settings.latency.chunk != 0;
}

static inline GstClockTime
presentation_ticks_to_time (guint64 ticks, const CmafFormat *format)
{
  return gst_util_uint64_scale_round (ticks, GST_SECOND, format->timescale);
}

/* ---- presentation-period.c ---- */

/* Does @row, which begins, need a Period of its own? */
gboolean presentation_needs_period (
    const Presentation *self, const SegmenterRow *row);

void presentation_begin_period (Presentation *self, const SegmenterRow *row,
    GstClockTime now, PresentationRow *files, GQueue *changes);

/* The Period lasts as long as all its tracks do. */
void presentation_close_period (Presentation *self);

/* Players that counted the segments of @period see from now on which there are.
 * They do not take that for the end of everything, as they do a duration of the
 * newest Period. */
void presentation_stop_counting (Presentation *self, MpdPeriod *period);

/* The row that ends with @row is on the grid, or ends it. */
void presentation_count_row (Presentation *self, const SegmenterRow *row);

/* Where players expect row @n of the grid, UTC. */
GstClockTime presentation_get_place (const Presentation *self, guint n);

/* ---- presentation-segment.c ---- */

/* (nullable): the track in the newest Period. */
MpdTrack *presentation_find_track (const MpdPeriod *period, const gchar *id);

/* A segment of a whole row. */
void presentation_add_segment (Presentation *self,
    const SegmenterSegment *segment, PresentationRow *row, GQueue *changes);

/* A chunk of the row that goes on. */
void presentation_add_chunk (Presentation *self,
    const SegmenterSegment *segment, PresentationRow *row, GQueue *changes);

/* No more chunks of it come. */
void presentation_finish_segments (Presentation *self, GQueue *changes);

/* Has each track of the Period begun its segment? */
gboolean presentation_all_have_begun (const Presentation *self);

/* ---- presentation-hls.c ---- */

/* Of a segment of @track that begins in @row: its place in the playlist. */
guint64 presentation_take_sequence (
    Presentation *self, const MpdTrack *track, guint64 row);

/* A part of the segment that goes on. */
void presentation_add_part (const Presentation *self, const TrackState *state,
    MpdTrack *track, const SegmenterSegment *chunk);

/* Those of all tracks, without what has left the window. */
void presentation_put_all_playlists (Presentation *self, GQueue *changes);

/* Playlists of tracks that have something new, and that of all. */
void presentation_put_playlists (
    Presentation *self, gboolean row_ends, GQueue *changes);

/* ---- presentation-window.c ---- */

/* Takes @bytes. */
void presentation_put_change (
    GQueue *changes, const gchar *path, const gchar *type, GBytes *bytes);

PresentationFile *presentation_file_new (const gchar *path, guint64 bytes);

/* Takes @bytes; the file belongs to @row and to it alone. */
PresentationFile *presentation_put_media (Presentation *self,
    PresentationRow *row, const gchar *path, const CmafFormat *format,
    GBytes *bytes, GQueue *changes);

/* Takes @bytes. The first chunk makes the file. */
void presentation_append_media (Presentation *self, PresentationFile *file,
    const CmafFormat *format, GBytes *bytes, GQueue *changes);

/* Players of complete segments stay so far behind the live edge. */
GstClockTime presentation_get_delay (const Presentation *self);

/* How far they may go back: what is wanted, and what is announced. */
GstClockTime presentation_get_window (const Presentation *self);
GstClockTime presentation_get_announced_window (Presentation *self);

/* Takes @file: no MPD lists it any more; media ended at @end. */
void presentation_retire (
    Presentation *self, PresentationFile *file, GstClockTime end);

/* Takes rows out of the MPD that left the window or are too many, and deletes
 * files that nobody can ask for any more. */
void presentation_slide_window (Presentation *self, GQueue *changes);

/* Deletes what is oldest, no less than @bytes if there is as much besides the
 * newest rows; returns how much it was. */
guint64 presentation_shrink_window (
    Presentation *self, guint64 bytes, GQueue *changes);

/* Takes the newest rows that are not all @kept out of the MPD, and deletes their
 * files. */
void presentation_withdraw (Presentation *self, PresentationKept kept,
    gpointer user_data, GQueue *changes);

/* Frees what the window holds. */
void presentation_clear_window (Presentation *self);

G_END_DECLS

#endif /* PENSTOCK_PRESENTATION_PRIVATE_H */
