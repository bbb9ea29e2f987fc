/* SPDX-License-Identifier: MIT
 *
 * HLS playlists of a presentation: what they count, and when they are written
 * (see presentation-private.h). */

#include "presentation-private.h"

#include <string.h>

#include "hls-playlist.h"

/* ---- places ---- */

static const MpdSegment *
last_segment (const MpdTrack *track)
{
  guint n = track ? track->segments->len : 0;

  return n ? &g_array_index (track->segments, MpdSegment, n - 1) : NULL;
}

static guint64
next_sequence (const Presentation *self, const MpdTrack *track, guint64 row)
{
  guint n_periods = self->mpd.periods->len;
  const MpdSegment *last = last_segment (track);
  const MpdTrack *before = NULL;

  if (last)
    return last->sequence + MAX (row, last->row + 1) - last->row;
  if (n_periods > 1)
    before = presentation_find_track (
        g_ptr_array_index (self->mpd.periods, n_periods - 2), track->id);
  last = last_segment (before);
  return 1 + (last ? last->sequence : self->sequence_before_row);
}

/* A Period goes on with the places of the one before it. What is new begins
 * behind all that has been, so that no place is taken twice. */
guint64
presentation_take_sequence (
    Presentation *self, const MpdTrack *track, guint64 row)
{
  guint64 sequence;

  if (row != self->sequence_row)
    self->sequence_before_row = self->sequence;
  self->sequence_row = row;
  sequence = next_sequence (self, track, row);
  self->sequence = MAX (self->sequence, sequence);
  return sequence;
}

/* ---- parts ---- */

/* Players read parts near the end alone. */
static void
drop_old_parts (MpdTrack *track, guint64 open_number)
{
  guint n = 0;

  while (n < track->parts->len &&
      g_array_index (track->parts, MpdPart, n).number + HLS_SEGMENTS_IN_PARTS <
          open_number)
    n++;
  if (n)
    g_array_remove_range (track->parts, 0, n);
}

void
presentation_add_part (const Presentation *self, const TrackState *state,
    MpdTrack *track, const SegmenterSegment *chunk)
{
  const CmafSample *first = (const CmafSample *) chunk->samples->data;
  MpdPart part = { state->next_number - 1, state->n_chunks, chunk->duration,
    track->format->kind == CMAF_AUDIO || first->keyframe };

  if (track->longest_part == 0) {
    guint n_periods = self->mpd.periods->len;
    const MpdTrack *before = n_periods > 1
        ? presentation_find_track (
              g_ptr_array_index (self->mpd.periods, n_periods - 2), track->id)
        : NULL;

    hls_expect_parts (track, self->settings.latency.chunk);
    if (before) /* the target of a playlist does not shrink */
      track->longest_part = MAX (track->longest_part, before->longest_part);
  }
  track->longest_part = MAX (track->longest_part,
      presentation_ticks_to_time (chunk->duration, track->format));
  track->open = state->segment;
  drop_old_parts (track, part.number);
  g_array_append_val (track->parts, part);
}

/* ---- files ---- */

/* Takes @text. */
static PresentationChange *
put_text (GQueue *changes, const gchar *path, gchar *text)
{
  presentation_put_change (
      changes, path, HLS_CONTENT_TYPE, g_bytes_new_take (text, strlen (text)));
  return g_queue_peek_tail (changes);
}

static void
remove_playlist (GQueue *changes, CmafKind kind, guint index)
{
  PresentationChange *change = g_new0 (PresentationChange, 1);
  g_autofree gchar *id =
      g_strdup_printf ("%c%u", kind == CMAF_VIDEO ? 'v' : 'a', index);

  change->action = PRESENTATION_REMOVE;
  change->path = hls_media_path (id);
  g_queue_push_tail (changes, change);
}

/* Also those that somebody else has left. */
static void
remove_others (const Presentation *self, GQueue *changes)
{
  const CmafKind kinds[] = { CMAF_VIDEO, CMAF_AUDIO };

  for (guint i = 0; i < G_N_ELEMENTS (kinds) * SEGMENTER_MAX_TRACKS; i++) {
    CmafKind kind = kinds[i / SEGMENTER_MAX_TRACKS];
    guint index = i % SEGMENTER_MAX_TRACKS;
    gchar id[8];

    g_snprintf (id, sizeof id, "%c%u", kind == CMAF_VIDEO ? 'v' : 'a', index);
    if (!presentation_find_track (self->period, id))
      remove_playlist (changes, kind, index);
  }
}

/* Where files have to be complete the variants come with the first of them. */
static void
put_variants (Presentation *self, gboolean complete, GQueue *changes)
{
  g_autofree gchar *text = hls_write_multivariant (&self->mpd);
  PresentationChange *change;
  gboolean same = g_strcmp0 (text, self->variants_text) == 0;

  if (!text || (same && !(complete && self->variants_due)))
    return;
  change = put_text (changes, HLS_MULTIVARIANT_PATH, g_strdup (text));
  change->growing_only = self->variants_due = !complete;
  if (same)
    return;
  remove_others (self, changes);
  g_free (self->variants_text);
  self->variants_text = g_steal_pointer (&text);
}

static void
put_playlist (
    Presentation *self, const gchar *id, gboolean row_ends, GQueue *changes)
{
  gchar *text = hls_write_media (&self->mpd, id, HLS_SERVER_OURS);
  gchar *plain =
      row_ends ? hls_write_media (&self->mpd, id, HLS_SERVER_ANY) : NULL;
  g_autofree gchar *path = hls_media_path (id);
  PresentationChange *change;

  if (!text) {
    g_free (plain);
    return;
  }
  change = put_text (changes, path, text);
  change->growing_only = plain == NULL;
  if (plain)
    change->plain = g_bytes_new_take (plain, strlen (plain));
}

void
presentation_put_all_playlists (Presentation *self, GQueue *changes)
{
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS && self->settings.hls; i++)
    if (self->tracks[i].id[0])
      put_playlist (self, self->tracks[i].id, TRUE, changes);
}

void
presentation_put_playlists (
    Presentation *self, gboolean row_ends, GQueue *changes)
{
  if (!self->settings.hls || !self->period ||
      (!row_ends && !presentation_all_have_begun (self)))
    return;
  for (guint i = 0; i < SEGMENTER_MAX_TRACKS; i++) {
    TrackState *state = &self->tracks[i];

    if (state->playlist_due)
      put_playlist (self, state->id, row_ends, changes);
    state->playlist_due = FALSE;
  }
  put_variants (self, row_ends, changes);
}
