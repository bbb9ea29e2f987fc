/* SPDX-License-Identifier: MIT
 *
 * The Media Presentation Description of DASH (ISO/IEC 23009-1:2022): what one
 * says, and its text. Pure. */
#ifndef PENSTOCK_MPD_H
#define PENSTOCK_MPD_H

#include "cmaf-format.h"

G_BEGIN_DECLS

/**
 * MpdSegment:
 * @start, @duration: ticks of the track
 * @row: the row it belongs to; all tracks lose a row together
 * @sequence: its place in the order of the track, for HLS; what is left out
 *   between two of them is a hole
 */
typedef struct {
  guint64 start, duration;
  guint64 row;
  guint64 sequence;
} MpdSegment;

/**
 * MpdPart:
 * @number: of its segment
 * @index: in the segment, from 0 on
 * @duration: ticks
 * @independent: decoding can start in it
 *
 * A chunk of a segment, for HLS.
 */
typedef struct {
  guint64 number;
  guint index;
  guint64 duration;
  gboolean independent;
} MpdPart;

/**
 * MpdTrack:
 * @id: Representation@id, also the folder of its files
 * @set_id: AdaptationSet@id
 * @language: BCP 47 tag, %NULL when unknown
 * @origin: tick that is the Period's start
 * @first_number: number of the first segment of @segments
 * @nominal: ticks of each segment, which players count from the Period's start
 *   on; 0: the segments are listed
 * @bandwidth: bits a second, never 0
 * @fps_n, @fps_d: nominal or measured; 0/1 when there is neither
 * @continues: (nullable): id of the Period whose timeline goes on here
 * @segments: (element-type MpdSegment): complete, in order
 * @parts: (element-type MpdPart): of the last segments and, behind them, of the
 *   one that goes on
 * @open: the segment that goes on, so far
 * @longest_part: nanoseconds of the longest part that is to be expected
 *
 * One Representation; those with the same @set_id are in one AdaptationSet.
 */
typedef struct {
  gchar *id;
  guint set_id;
  CmafFormat *format;
  gchar *language;
  guint64 origin;
  guint64 first_number;
  guint64 nominal;
  guint64 bandwidth;
  guint fps_n, fps_d;
  gchar *continues;
  GArray *segments;
  GArray *parts;
  MpdSegment open;
  GstClockTime longest_part;
} MpdTrack;

/**
 * MpdPeriod:
 * @id: unique for ever
 * @header: number in the name of its CMAF headers and of its first segment
 * @ordinal: how many Periods were before it
 * @discontinuity: grows by one with each Period, also over restarts, for HLS
 * @start: nanoseconds after the availability start
 * @duration: nanoseconds, %GST_CLOCK_TIME_NONE while it goes on
 * @tracks: (element-type MpdTrack): in the order of their set_id
 */
typedef struct {
  gchar *id;
  guint64 header, ordinal, discontinuity;
  GstClockTime start, duration;
  GPtrArray *tracks;
} MpdPeriod;

/**
 * MpdLatency:
 * @chunk: nanoseconds: counted segments can be had so long after they start, as
 *   far as they have come; 0: when they are complete
 * @target, @min, @max: nanoseconds that players stay behind
 */
typedef struct {
  GstClockTime chunk;
  GstClockTime target, min, max;
} MpdLatency;

/**
 * Mpd:
 * @ended: nothing more comes: a static presentation
 * @kept: nothing of it goes
 * @recording: a static presentation that starts at 0, without the time between
 *   its Periods
 * @availability_start_us, @publish_us: microseconds of UTC since 1970
 * @update_period, @window, @max_segment, @min_buffer, @delay: nanoseconds
 * @latency: of a presentation of low latency
 * @title, @utc_timing_url: (nullable)
 * @periods: (element-type MpdPeriod): those that have segments
 */
typedef struct {
  gboolean ended, kept, recording;
  gint64 availability_start_us, publish_us;
  GstClockTime update_period, window, max_segment, min_buffer, delay;
  MpdLatency latency;
  gchar *title, *utc_timing_url;
  GPtrArray *periods;
} Mpd;

MpdPeriod *mpd_period_new (guint64 number, GstClockTime start);
MpdTrack *mpd_track_new (const gchar *id, guint set_id, CmafFormat *format);
void mpd_period_free (MpdPeriod *period);
void mpd_clear (Mpd *mpd);

/* Names of files, relative to the MPD. (transfer full) */
gchar *mpd_header_path (const gchar *track_id, guint64 number);
gchar *mpd_segment_path (const gchar *track_id, guint64 number);

/* Is this the name of a header or segment, and of which number? */
gboolean mpd_parse_path (const gchar *path, guint64 *number);

/* (transfer full): the text, UTF-8 */
gchar *mpd_write (const Mpd *mpd);

/* (transfer full): an ended presentation, to be played from its beginning. */
gchar *mpd_write_recording (const Mpd *mpd);

/* (transfer full): the same presentation for places where a segment can be had
 * only when it is complete. */
gchar *mpd_write_plain (const Mpd *mpd);

G_END_DECLS

#endif /* PENSTOCK_MPD_H */
