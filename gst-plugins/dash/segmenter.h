/* SPDX-License-Identifier: MIT
 *
 * The segmenter: access units of video and audio tracks in, rows of media
 * segments out. Pure; one thread at a time.
 *
 * A row is one stretch of the presentation. Video decides where it ends: at
 * the first keyframe past the target duration; audio is cut at the access unit
 * nearest to it. Of several videos the first decides, where the others have
 * keyframes too; one that has not for long is left out. Without video the first
 * audio track decides. A row ends early
 * where the timeline or a format breaks; the next one then opens a new Period.
 * Audio that does not come is waited for only so long; its absence and its
 * return each open a new Period as well.
 *
 * For low latency a row leaves in parts, chunk by chunk, before it is known
 * where it ends. */
#ifndef PENSTOCK_SEGMENTER_H
#define PENSTOCK_SEGMENTER_H

#include "cmaf-chunk.h"

G_BEGIN_DECLS

#define SEGMENTER_MAX_TRACKS 8

/**
 * SegmenterSettings:
 * @target: nanoseconds: a row ends at the first keyframe past 90 % of it
 * @first: the same for the first row of a Period that does not go on from the
 *   one before it; shorter, it makes players wait less for a new stream
 * @audio_wait: nanoseconds of video that may come after the end of a row
 *   before audio that has not come is given up
 * @video_wait: nanoseconds of audio that may come before video that does not
 *   come is given up
 * @chunk: nanoseconds of media after which a part of a row leaves; 0: rows
 *   leave as a whole
 * @max_bytes: of all that waits for the end of its row; beyond it everything
 *   is dropped up to the next keyframe
 */
typedef struct {
  GstClockTime target, first;
  GstClockTime audio_wait, video_wait;
  GstClockTime chunk;
  guint64 max_bytes;
} SegmenterSettings;

#define SEGMENTER_DEFAULT_SETTINGS                                             \
  {                                                                            \
    2 * GST_SECOND, 2 * GST_SECOND, GST_SECOND, 5 * GST_SECOND, 0,             \
        64 * 1024 * 1024                                                       \
  }

/**
 * SegmenterSegment:
 * @track: number of the track
 * @begins: it is the first of the row on its track, not one more chunk of it
 * @format: (transfer none): lives as long as the row
 * @start: ticks: decoding time, and where it begins earliest presentation time
 * @duration: ticks
 * @samples: (element-type CmafSample): buffers live as long as the row
 */
typedef struct {
  guint track;
  gboolean begins;
  CmafFormat *format;
  guint64 start, duration;
  GArray *samples;
} SegmenterSegment;

/**
 * SegmenterRow: a row, or a part of one
 * @begins, @ends: the first, the last part of its row
 * @new_period: a Period starts with this row; said where it begins
 * @continuous: for a new Period: the timeline goes on from the Period before
 * @start: running time, exact to the tick
 * @end: the same, of the row as far as it is known
 * @tracks: mask of the tracks of the Period
 * @origins: the tick of @start on each of these tracks
 * @formats: format of each of these tracks
 * @last: the Period ends with this row; said where it ends
 * @segments: (element-type SegmenterSegment): a track has one, none when it
 *   has a hole, or several around a hole; of a part: chunks
 */
typedef struct {
  gboolean begins, ends;
  gboolean new_period, continuous, last;
  GstClockTime start, end;
  guint32 tracks;
  guint64 origins[SEGMENTER_MAX_TRACKS];
  CmafFormat *formats[SEGMENTER_MAX_TRACKS];
  GPtrArray *segments;
  /*< private >*/
  GPtrArray *units;
} SegmenterRow;

/* (nullable) to free */
void segmenter_row_free (SegmenterRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SegmenterRow, segmenter_row_free)

/**
 * SegmenterStats: access units that no segment holds, since the start
 * @before_keyframe: video that nothing can be decoded from
 * @late_audio: audio whose time was taken
 * @outside: audio before the start or after the end of a Period
 * @given_up: over SegmenterSettings::max_bytes
 */
typedef struct {
  guint64 before_keyframe, late_audio, outside, given_up;
} SegmenterStats;

typedef struct _Segmenter Segmenter;

Segmenter *segmenter_new (const SegmenterSettings *settings);
void segmenter_free (Segmenter *self);

/* Number of the new track, -1 when there are too many; rows in parts have one
 * video. */
gint segmenter_add_track (Segmenter *self, CmafKind kind);
/* What waits is dropped; the number is free again. */
void segmenter_remove_track (Segmenter *self, guint track);

/* Forgets what waits and where the track was. */
void segmenter_flush (Segmenter *self, guint track);

/* Takes effect with the next unit; the same format again changes nothing. */
void segmenter_set_format (Segmenter *self, guint track, CmafFormat *format);

typedef enum {
  SEGMENTER_KEYFRAME = 1 << 0,
  SEGMENTER_DROPPABLE = 1 << 1,
  SEGMENTER_DISCONT = 1 << 2,
} SegmenterFlags;

/**
 * segmenter_push:
 * @buffer: (transfer full): one access unit, in decoding order
 * @pts: running time of presentation
 * @duration: nanoseconds or %GST_CLOCK_TIME_NONE
 *
 * Adds an access unit to a track that has a format.
 */
void segmenter_push (Segmenter *self, guint track, GstBuffer *buffer,
    GstClockTime pts, GstClockTime duration, SegmenterFlags flags);

/* Nothing more comes on this track before running time @until. */
void segmenter_gap (Segmenter *self, guint track, GstClockTime until);

/* Nothing more comes on this track until the next push. */
void segmenter_eos (Segmenter *self, guint track);

/* (transfer full) (nullable): the next row that is complete, or the next part
 * of one. Call until NULL after each of the functions above. */
SegmenterRow *segmenter_next_row (Segmenter *self);

/* Is this video left out because its keyframes are not those of the first? */
gboolean segmenter_is_misaligned (const Segmenter *self, guint track);

/* There is no room for what waits and goes on: it is dropped, up to the next
 * keyframe. */
void segmenter_give_up (Segmenter *self);

void segmenter_get_stats (Segmenter *self, SegmenterStats *stats);
/* Bytes that wait for the end of their row. */
guint64 segmenter_get_bytes (Segmenter *self);

G_END_DECLS

#endif /* PENSTOCK_SEGMENTER_H */
