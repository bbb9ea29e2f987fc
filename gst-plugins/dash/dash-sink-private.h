/* SPDX-License-Identifier: MIT
 *
 * Between the parts of penstockdashsink: the element with its states and rows
 * (dash-sink.c), its properties (dash-properties.c), what enters on its pads
 * (dash-sink-pad.c), and which track of the segmenter a pad is
 * (dash-tracks.c). */
#ifndef PENSTOCK_DASH_SINK_PRIVATE_H
#define PENSTOCK_DASH_SINK_PRIVATE_H

#include "dash-alarm.h"
#include "dash-output.h"
#include "dash-sink.h"
#include "presentation.h"
#include "segmenter.h"

G_BEGIN_DECLS

/* Values of the properties. */
typedef struct {
  gchar *store, *directory, *title, *utc_timing_url;
  guint64 segment_duration, window, retention, max_bytes;
  guint64 wall_clock, start_number;
  PenstockDashAddressing addressing;
  gboolean low_latency, hls, keep;
  guint64 chunk_duration, latency;
} DashSettings;

#define PENSTOCK_TYPE_DASH_SINK_PAD (penstock_dash_sink_pad_get_type ())
G_DECLARE_FINAL_TYPE (PenstockDashSinkPad, penstock_dash_sink_pad, PENSTOCK,
    DASH_SINK_PAD, GstPad)

struct _PenstockDashSinkPad {
  GstPad parent;

  CmafKind kind; /* set at creation */

  /* Guarded by the element's lock. */
  gint track;             /* of the segmenter; -1: none */
  CmafFormat *unfinished; /* the next unit completes it; NULL: none */
  guint index;            /* of the Representation among its kind */
  gboolean eos;
  gboolean gone;         /* unlinked; its last units may still wait */
  gboolean discont;      /* units were lost before the next one */
  gboolean live;         /* its source is; nothing is held */
  gboolean missing;      /* nobody is held for it until it moves */
  gboolean left_out;     /* its keyframes are not those of the first video */
  GstClockTime position; /* running time of the newest unit or gap, or NONE */
  GstSegment segment;
};

struct _PenstockDashSink {
  GstElement parent;

  DashSettings settings; /* object lock */
  DashOutput *output;    /* locks itself; open from PAUSED on */

  /* Guards the rest and the pads. Order: stream lock, lock, the output's lock,
   * object lock. Never held while pushing, posting or storing: changes go to
   * the output under it and are delivered after it. */
  GMutex lock;
  GCond moved;          /* a track moved, ended, left or flushes */
  guint64 moves;        /* counts them */
  Segmenter *segmenter; /* NULL in READY and below */
  Presentation *presentation;
  DashAlarm alarm; /* at or before the presentation's deadline */

  gboolean have_zero;     /* the presentation knows its wall clock */
  GstClockTime best_zero; /* smallest UTC of arrival minus PTS so far */
  gboolean use_wall_clock;

  gboolean gave_way; /* that others have room, as has been told */

  PenstockDashSinkPad *left_out; /* owned: a warning is due */

  gboolean ended;   /* EOS on every pad, static MPD on its way */
  gboolean eos_due; /* everything is delivered */
  gboolean retried; /* to fill the folder at the end */
  gboolean playing;
  guint32 eos_seqnum;
  gboolean failing; /* the folder, as has been told */
  guint64 no_timestamp, write_failures;
};

/* ---- dash-sink.c ---- */

/* Files of all rows that are complete. With the lock; deliver after it. */
void dash_sink_make_rows (PenstockDashSink *self);

/* The presentation ends when every stream that is there has. With the lock. */
void dash_sink_check_end (PenstockDashSink *self);

/* Without the lock. */
void dash_sink_deliver (PenstockDashSink *self);

/* ---- dash-properties.c ---- */

void dash_properties_install (GObjectClass *object_class);

/* Of a new element. */
void dash_settings_init (DashSettings *settings);
/* Strings are copied, under the object lock. */
void dash_settings_copy (PenstockDashSink *self, DashSettings *out);
void dash_settings_clear (DashSettings *settings);

/* ---- dash-sink-pad.c ---- */

/* (transfer floating) */
PenstockDashSinkPad *dash_sink_pad_new (PenstockDashSink *self, CmafKind kind,
    GstPadTemplate *template, const gchar *name);

/* Forgets the stream; the pad has no track any more. With the lock. */
void dash_sink_pad_reset (PenstockDashSinkPad *pad);

/* ---- dash-tracks.c (with the lock) ---- */

/* Gives the pad a track of the segmenter unless it has one. FALSE when there
 * is none to be had. */
gboolean dash_tracks_attach (PenstockDashSink *self, PenstockDashSinkPad *pad);
void dash_tracks_detach (PenstockDashSink *self, PenstockDashSinkPad *pad);

/* Is there room for another track? */
gboolean dash_tracks_is_full (PenstockDashSink *self, CmafKind kind);

/* Has every stream that is there ended? */
gboolean dash_tracks_all_ended (PenstockDashSink *self);

/* (transfer full) (nullable): a video that is left out since the last call */
PenstockDashSinkPad *dash_tracks_find_left_out (PenstockDashSink *self);

/* Wakes the pads that are held: one of them moved, ended, left or flushes. */
void dash_tracks_moved (PenstockDashSink *self);

/* Sources that are not live run as fast as they can: the track that is ahead
 * waits for the others, so that they arrive together. The lock is released
 * meanwhile. @pts: running time */
void dash_tracks_hold (
    PenstockDashSink *self, PenstockDashSinkPad *pad, GstClockTime pts);

G_END_DECLS

#endif /* PENSTOCK_DASH_SINK_PRIVATE_H */
