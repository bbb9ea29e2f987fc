/* SPDX-License-Identifier: MIT
 *
 * Between the parts of the segmenter: tracks and what waits in them
 * (segmenter.c), where a row ends (segmenter-cut.c), and the row itself
 * (segmenter-row.c). */
#ifndef PENSTOCK_SEGMENTER_PRIVATE_H
#define PENSTOCK_SEGMENTER_PRIVATE_H

#include "sample-times.h"
#include "segmenter.h"

G_BEGIN_DECLS

/* A track that starts this much after a row still belongs to it: the hole
 * costs a viewer less than a Period. */
#define SEGMENTER_JOIN_TOLERANCE GST_SECOND

/* A longer step between units is a break of the timeline. Slow video may step
 * four times its last step. */
#define SEGMENTER_MAX_STEP GST_SECOND

typedef struct {
  gboolean used;
  CmafKind kind;
  CmafFormat *format; /* of the next unit */
  gboolean eos;
  gboolean expected; /* a row waits for it */
  GPtrArray *units;  /* of MediaUnit */

  /* What has been pushed. */
  gboolean fresh;        /* nothing since the track was added or reset */
  GstClockTime position; /* end of the newest unit or gap, or NONE */
  GstClockTime top;      /* latest PTS */
  GstClockTime last_keyframe;
  GstClockTime step; /* between the last two PTS in rising order */

  /* The Period, while the track is in it. */
  CmafFormat *period_format;
  TickAnchor anchor;
  AudioClock clock;
} SegmenterTrack;

struct _Segmenter {
  SegmenterSettings settings;
  SegmenterTrack tracks[SEGMENTER_MAX_TRACKS];
  guint64 bytes;
  SegmenterStats stats;

  gboolean in_period;
  guint leader; /* of the Period */
  guint32 period_tracks;
  GstClockTime period_start;
  GstClockTime audio_grid; /* where the first row of the Period should end */
  guint period_rows;
};

/**
 * SegmenterCut: where a row ends
 * @n: before this unit of its leader
 * @time: running time
 * @ends_period: the timeline does not go on there
 */
typedef struct {
  guint n;
  GstClockTime time;
  gboolean ends_period;
} SegmenterCut;

/* ---- segmenter.c ---- */

static inline MediaUnit *
segmenter_unit_at (const SegmenterTrack *track, guint i)
{
  return g_ptr_array_index (track->units, i);
}

static inline guint
segmenter_track_number (const Segmenter *self, const SegmenterTrack *track)
{
  return track - self->tracks;
}

/* (nullable) */
SegmenterTrack *segmenter_find_video (Segmenter *self);

/* Moves the first @n units to @to, or drops them. */
void segmenter_take_units (
    Segmenter *self, SegmenterTrack *track, guint n, GPtrArray *to);

/* Does most of @unit lie before @time? */
static inline gboolean
segmenter_is_before (const MediaUnit *unit, GstClockTime time)
{
  return unit->pts + media_unit_get_duration (unit) / 2 < time;
}

/* ---- segmenter-cut.c ---- */

/* (nullable): the track that leads the next row, once it is known where that
 * ends and everything in it has come; @cut is set then */
SegmenterTrack *segmenter_find_cut (Segmenter *self, SegmenterCut *cut);

/* First unit that belongs to what comes after the cut. */
guint segmenter_cut_boundary (
    const SegmenterTrack *track, const SegmenterCut *cut);

/* Does nothing more come before the cut? */
gboolean segmenter_cut_is_reached (
    const SegmenterTrack *track, const SegmenterCut *cut);

/* ---- segmenter-row.c ---- */

SegmenterRow *segmenter_make_row (
    Segmenter *self, SegmenterTrack *leader, const SegmenterCut *cut);

G_END_DECLS

#endif /* PENSTOCK_SEGMENTER_PRIVATE_H */
