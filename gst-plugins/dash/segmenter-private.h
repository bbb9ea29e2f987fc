/* SPDX-License-Identifier: MIT
 *
 * Between the parts of the segmenter: tracks and what waits in them
 * (segmenter.c), where a row ends (segmenter-cut.c), the row itself
 * (segmenter-row.c), and rows that leave in parts (segmenter-part.c). */
#ifndef PENSTOCK_SEGMENTER_PRIVATE_H
#define PENSTOCK_SEGMENTER_PRIVATE_H

#include "sample-times.h"
#include "segmenter.h"
#include "video-clock.h"

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
  gboolean expected;   /* a row waits for it */
  gboolean misaligned; /* video without the keyframes of the one that leads */
  GPtrArray *units;    /* of MediaUnit */

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
  VideoClock pictures; /* of rows in parts */
  gboolean begun;      /* a part of it has left in the open row */
} SegmenterTrack;

/**
 * SegmenterOpenRow: a row of which parts have left
 * @announced: its first part has
 * @given_up: its units are gone: it is to be closed as it is
 * @n_left: units of the leader that have left
 * @chunk: nanoseconds of its parts
 * @pts: running time of the leader's first unit
 * @start, @end: running time, exact: of the row, and of its leader so far
 * @new_period, @continuous: as in #SegmenterRow
 */
typedef struct {
  gboolean is_open, announced, given_up;
  guint leader;
  guint32 tracks;
  guint n_left;
  GstClockTime chunk;
  GstClockTime pts;
  GstClockTime start, end;
  gboolean new_period, continuous;
} SegmenterOpenRow;

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

  SegmenterOpenRow open;
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

/* (nullable): the one that decides for all */
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

/* (nullable): the track that leads the next row, or the one that is open. */
SegmenterTrack *segmenter_choose_leader (Segmenter *self);

/* Where does the row of @leader end? FALSE: not known yet. */
gboolean segmenter_find_cut (
    Segmenter *self, SegmenterTrack *leader, SegmenterCut *cut);

/* Is everything there that lies before the cut, or has been waited for? */
gboolean segmenter_others_have_come (
    Segmenter *self, const SegmenterTrack *leader, const SegmenterCut *cut);

/* The open row of @leader cannot end before this time. */
GstClockTime segmenter_get_safe_time (
    Segmenter *self, const SegmenterTrack *leader);

/* First unit that belongs to what comes after the cut. */
guint segmenter_cut_boundary (
    const SegmenterTrack *track, const SegmenterCut *cut);

/* Does nothing more come before the cut? */
gboolean segmenter_cut_is_reached (
    const SegmenterTrack *track, const SegmenterCut *cut);

/* Is @unit a keyframe at @time, near enough to be the same instant? */
gboolean segmenter_is_keyframe_at (const MediaUnit *unit, GstClockTime time);

/* ---- segmenter-row.c ---- */

SegmenterRow *segmenter_row_new (void);

/* Adds a segment without samples, of what the track is in its Period. */
SegmenterSegment *segmenter_add_segment (Segmenter *self, SegmenterRow *row,
    const SegmenterTrack *track, guint64 start);

/* Places @n units of audio into new segments of @row, and goes on with @track's
 * clock. They stay where they are. */
void segmenter_place_audio (
    Segmenter *self, SegmenterTrack *track, guint n, SegmenterRow *row);

/* Takes the tracks out of the running that are not in a row from @start on; the
 * rest is a mask. @cut: (nullable): where it ends, if that is known. */
guint32 segmenter_find_participants (
    Segmenter *self, SegmenterTrack *leader, const SegmenterCut *cut);

/* Begins a Period unless the row of @leader and these tracks goes on with the
 * one that is. */
void segmenter_enter_period (
    Segmenter *self, SegmenterTrack *leader, guint32 tracks, SegmenterRow *row);

/* Fills in @row's formats and origins from its tracks and start. */
void segmenter_describe_tracks (Segmenter *self, SegmenterRow *row);

/* What an audio track has left of the time of the row, or of the timeline that
 * ended with it. */
void segmenter_drop_after (
    Segmenter *self, SegmenterTrack *track, const SegmenterCut *cut);

SegmenterRow *segmenter_make_row (
    Segmenter *self, SegmenterTrack *leader, const SegmenterCut *cut);

/* ---- segmenter-part.c ---- */

/* (nullable): the next part of the row that is open or begins. */
SegmenterRow *segmenter_make_part (Segmenter *self);

/* Something of the open row is gone: it does not go on. */
void segmenter_give_up_open_row (Segmenter *self);

G_END_DECLS

#endif /* PENSTOCK_SEGMENTER_PRIVATE_H */
