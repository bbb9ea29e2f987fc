/* SPDX-License-Identifier: MIT
 *
 * Between the two halves of a presentation: its Periods (presentation.c), and
 * the files it keeps (presentation-window.c). */
#ifndef PENSTOCK_PRESENTATION_PRIVATE_H
#define PENSTOCK_PRESENTATION_PRIVATE_H

#include "presentation.h"
#include "segment-grid.h"

G_BEGIN_DECLS

typedef struct {
  gchar id[8];
  guint set_id;
  CmafKind kind;
  gchar *language;
  guint64 declared; /* bits a second, 0 unknown */
  guint64 peak;     /* bits a second of the largest segment */
  guint64 next_number;
  guint32 sequence; /* of movie fragments */
} TrackState;

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

struct _Presentation {
  PresentationSettings settings;
  Mpd mpd;
  TrackState tracks[SEGMENTER_MAX_TRACKS];

  GstClockTime zero;         /* UTC of running time 0, margin included */
  MpdPeriod *period;         /* the newest; not owned */
  GstClockTime period_start; /* running time */
  SegmentGrid grid;        /* what players counted last, also when it is over */
  GstClockTime grid_start; /* UTC */
  guint64 grid_number;     /* of its first row */
  gboolean counting;       /* the newest Period is on the grid */
  gboolean irregular;      /* the source, as far as is known */
  GstClockTime edge;
  GstClockTime max_segment;
  gboolean force_period;
  gboolean short_of_bytes; /* the window is shorter than wanted */
  gchar *mpd_text;         /* as published */

  guint64 n_rows;
  GQueue rows;    /* of PresentationRow: listed */
  GQueue retired; /* no MPD lists them any more */
  GQueue adopted; /* of PresentationFile: until the first row */
  guint64 bytes;
  guint64 n_segments, n_periods;
};

/* Takes @bytes. */
void presentation_put_change (
    GQueue *changes, const gchar *path, const gchar *type, GBytes *bytes);

PresentationFile *presentation_file_new (const gchar *path, guint64 bytes);

/* Takes @bytes; the file belongs to @row and to it alone. */
PresentationFile *presentation_put_media (Presentation *self,
    PresentationRow *row, const gchar *path, const CmafFormat *format,
    GBytes *bytes, GQueue *changes);

/* Players stay so far behind the live edge. */
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

/* Takes all rows out of the MPD and deletes all files. */
void presentation_empty_window (Presentation *self, GQueue *changes);

/* Frees what the window holds. */
void presentation_clear_window (Presentation *self);

G_END_DECLS

#endif /* PENSTOCK_PRESENTATION_PRIVATE_H */
