/* SPDX-License-Identifier: MIT
 *
 * The media segments of a presentation, whole ones and such that grow (see
 * presentation-private.h). */

#include "presentation-private.h"

#include "cmaf-chunk.h"

/* A keyframe is as large as so many other pictures, as long as there is none to
 * compare it with. */
#define KEYFRAME_FACTOR 5

MpdTrack *
presentation_find_track (const MpdPeriod *period, const gchar *id)
{
  for (guint i = 0; i < period->tracks->len; i++) {
    MpdTrack *track = g_ptr_array_index (period->tracks, i);

    if (g_str_equal (track->id, id))
      return track;
  }
  return NULL;
}

/* Where the source does not tell its frame rate. */
static void
measure_frame_rate (MpdTrack *track, const SegmenterSegment *segment)
{
  static const guint known[][2] = { { 24000, 1001 }, { 24, 1 }, { 25, 1 },
    { 30000, 1001 }, { 30, 1 }, { 50, 1 }, { 60000, 1001 }, { 60, 1 } };
  gdouble fps = (gdouble) segment->samples->len * track->format->timescale /
      segment->duration;
  guint best = 0;

  for (guint i = 1; i < G_N_ELEMENTS (known); i++)
    if (ABS (fps * known[i][1] - known[i][0]) / known[i][1] <
        ABS (fps * known[best][1] - known[best][0]) / known[best][1])
      best = i;
  if (ABS (fps * known[best][1] / known[best][0] - 1) < 0.0005) {
    track->fps_n = known[best][0];
    track->fps_d = known[best][1];
  } else if (fps >= 1) {
    track->fps_n = (guint) (fps + 0.5);
  } else {
    track->fps_n = 1;
    track->fps_d = (guint) (1 / fps + 0.5);
  }
}

static guint64
bit_rate (guint64 bytes, guint64 ticks, const CmafFormat *format)
{
  GstClockTime duration = presentation_ticks_to_time (ticks, format);

  return gst_util_uint64_scale (bytes * 8, GST_SECOND, MAX (duration, 1));
}

/* What the segment will come to that begins with @chunk: its first picture is a
 * keyframe and far larger than those that follow. */
static guint64
expected_rate (const Presentation *self, const MpdTrack *track,
    const SegmenterSegment *chunk, gsize bytes)
{
  const CmafSample *first = (const CmafSample *) chunk->samples->data;
  gsize keyframe = gst_buffer_get_size (first->buffer);
  guint n = chunk->samples->len;
  guint64 rest = n > 1 ? (bytes - keyframe) / (n - 1) : bytes / KEYFRAME_FACTOR;
  guint64 duration = track->nominal
      ? track->nominal
      : gst_util_uint64_scale (
            self->settings.target, track->format->timescale, GST_SECOND);
  guint64 pictures = duration * n / MAX (chunk->duration, 1);

  if (track->format->kind == CMAF_AUDIO)
    return bit_rate (bytes, chunk->duration, track->format);
  return bit_rate (
      keyframe + rest * MAX (pictures, 1), MAX (duration, 1), track->format);
}

/* Said once for the whole Period: what the source declares or the largest
 * segment so far, with a reserve; at the very beginning all that is known is
 * @rate. */
static void
describe_track (const TrackState *state, MpdTrack *track,
    const SegmenterSegment *segment, guint64 rate)
{
  guint64 peak = state->peak ? state->peak : rate;

  if (track->bandwidth)
    return;
  track->bandwidth = MAX (peak / 10 * 11 + 1000, state->declared);
  if (track->format->kind == CMAF_VIDEO && track->fps_n == 0)
    measure_frame_rate (track, segment);
}

/* UTC of a tick of the newest Period. */
static GstClockTime
utc_of (const Presentation *self, const MpdTrack *track, guint64 tick)
{
  gint64 ticks = (gint64) (tick - track->origin);

  return self->period->start +
      presentation_ticks_to_time (MAX (ticks, 0), track->format);
}

/* The next segment of @state is due one duration after @time. */
static void
expect_next (const Presentation *self, const TrackState *state,
    GstClockTime time, GQueue *changes)
{
  PresentationChange *change = g_new0 (PresentationChange, 1);
  GstClockTime duration = self->count.on
      ? segment_grid_place (&self->count.grid, 1)
      : self->max_segment;

  change->action = PRESENTATION_EXPECT;
  change->path = mpd_segment_path (state->id, state->next_number);
  change->due_us = (gint64) ((time + duration) / GST_USECOND);
  g_queue_push_tail (changes, change);
}

static void
list_segment (Presentation *self, TrackState *state, MpdTrack *track,
    const MpdSegment *segment, guint64 bytes)
{
  GstClockTime duration =
      presentation_ticks_to_time (segment->duration, track->format);

  state->peak =
      MAX (state->peak, bit_rate (bytes, segment->duration, track->format));
  g_array_append_val (track->segments, *segment);
  state->playlist_due = TRUE;
  self->max_segment = MAX (self->max_segment, duration);
  self->n_segments++;
}

void
presentation_add_segment (Presentation *self, const SegmenterSegment *segment,
    PresentationRow *row, GQueue *changes)
{
  TrackState *state = &self->tracks[segment->track];
  MpdTrack *track = presentation_find_track (self->period, state->id);
  MpdSegment entry = { segment->start, segment->duration, row->number,
    presentation_take_sequence (self, track, row->number) };
  CmafChunk chunk = { ++state->sequence, segment->start, TRUE, 0 };
  GBytes *bytes = cmaf_chunk_write (&chunk,
      (const CmafSample *) segment->samples->data, segment->samples->len);
  g_autofree gchar *path = mpd_segment_path (state->id, state->next_number++);

  list_segment (self, state, track, &entry, g_bytes_get_size (bytes));
  describe_track (state, track, segment, 0);
  presentation_put_media (self, row, path, segment->format, bytes, changes);
  expect_next (self, state,
      utc_of (self, track, segment->start + segment->duration), changes);
}

/* ---- segments that grow ---- */

static void
begin_file (Presentation *self, TrackState *state, const MpdTrack *track,
    const SegmenterSegment *segment, PresentationRow *row)
{
  g_autofree gchar *path = mpd_segment_path (state->id, state->next_number++);

  state->file = presentation_file_new (path, 0);
  state->segment = (MpdSegment){ segment->start, 0, row->number,
    presentation_take_sequence (self, track, row->number) };
  state->n_chunks = 0;
  g_queue_push_tail (&row->files, state->file);
}

void
presentation_add_chunk (Presentation *self, const SegmenterSegment *segment,
    PresentationRow *row, GQueue *changes)
{
  TrackState *state = &self->tracks[segment->track];
  MpdTrack *track = presentation_find_track (self->period, state->id);
  CmafChunk chunk = { ++state->sequence, segment->start, !state->file, 0 };
  GstClockTime utc = utc_of (self, track, segment->start);
  GBytes *bytes;

  if (chunk.starts_segment) {
    begin_file (self, state, track, segment, row);
    chunk.produced = utc;
  }
  bytes = cmaf_chunk_write (&chunk, (const CmafSample *) segment->samples->data,
      segment->samples->len);
  state->segment.duration =
      segment->start + segment->duration - state->segment.start;
  describe_track (state, track, segment,
      expected_rate (self, track, segment, g_bytes_get_size (bytes)));
  presentation_append_media (
      self, state->file, segment->format, bytes, changes);
  if (self->settings.hls)
    presentation_add_part (self, state, track, segment);
  state->n_chunks++;
  state->playlist_due = TRUE;
  if (chunk.starts_segment)
    expect_next (self, state, utc + self->settings.latency.chunk, changes);
}

gboolean
presentation_all_have_begun (const Presentation *self)
{
  for (guint i = 0; i < self->period->tracks->len; i++) {
    const MpdTrack *track = g_ptr_array_index (self->period->tracks, i);

    if (track->bandwidth == 0)
      return FALSE;
  }
  return TRUE;
}

void
presentation_finish_segments (Presentation *self, GQueue *changes)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    TrackState *state = &self->tracks[i];
    PresentationChange *change;

    if (!state->file)
      continue;
    list_segment (self, state,
        presentation_find_track (self->period, state->id), &state->segment,
        state->file->bytes);
    change = g_new0 (PresentationChange, 1);
    change->action = PRESENTATION_FINISH;
    change->path = g_strdup (state->file->path);
    g_queue_push_tail (changes, change);
    state->file = NULL;
  }
}
