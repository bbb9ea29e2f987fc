/* SPDX-License-Identifier: MIT
 *
 * For tests of the presentation: rows of the real segmenter, and the files that
 * a disk would hold. */
#ifndef PENSTOCK_TEST_PRESENTATION_RIG_H
#define PENSTOCK_TEST_PRESENTATION_RIG_H

#include <gst/check/gstcheck.h>

#include "box-reader.h"
#include "dash/presentation.h"

#define VIDEO_25                                                               \
  "video/x-h264, stream-format=avc, width=1280, height=720, "                  \
  "framerate=(fraction)25/1, "                                                 \
  "codec_data=(buffer)01640028ffe100046764002801000468ee3c80"
#define AAC                                                                    \
  "audio/mpeg, mpegversion=4, rate=48000, channels=2, codec_data=(buffer)1190"

#define FRAME (40 * GST_MSECOND)
#define AUDIO_FRAME(i) gst_util_uint64_scale (i, 1024 * GST_SECOND, 48000)

/* 2026-01-01T00:00:00Z */
#define NEW_YEAR (G_GUINT64_CONSTANT (1767225600) * GST_SECOND)

typedef struct {
  Segmenter *segmenter;
  Presentation *presentation;
  GHashTable *files;    /* path -> GBytes: what a disk would hold */
  GHashTable *growing;  /* path -> GByteArray: what it holds unfinished */
  GHashTable *expected; /* folder -> "path at time": what comes next */
  GHashTable *playlists, *plain_playlists; /* path -> text, here, in a folder */
  GString *log;     /* "+path" and "-path", ">path" for a chunk */
  gchar *mpd;       /* the newest */
  gchar *plain_mpd; /* as a folder has it, if that is another */
  gchar *recording; /* at the end, if everything is kept */
  gint64 now_us;
} Rig;

static inline void
rig_take_mpd (Rig *rig, const PresentationChange *change)
{
  gsize size;
  const gchar *text = g_bytes_get_data (change->bytes, &size);

  g_free (rig->mpd);
  rig->mpd = g_strndup (text, size);
  g_clear_pointer (&rig->plain_mpd, g_free);
  if (change->plain)
    rig->plain_mpd = g_strndup (g_bytes_get_data (change->plain, NULL),
        g_bytes_get_size (change->plain));
  assert_equals_string (change->content_type, "application/dash+xml");
  g_string_append (rig->log, "+mpd ");
}

static inline gchar *
rig_text_of (GBytes *bytes)
{
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static inline void
rig_take_playlist (Rig *rig, const PresentationChange *change)
{
  assert_equals_string (change->content_type, "application/vnd.apple.mpegurl");
  g_hash_table_insert (
      rig->playlists, g_strdup (change->path), rig_text_of (change->bytes));
  if (!change->growing_only)
    g_hash_table_insert (rig->plain_playlists, g_strdup (change->path),
        rig_text_of (change->plain ? change->plain : change->bytes));
}

/* Takes @bytes. */
static inline void
rig_take_file (Rig *rig, const gchar *path, GBytes *bytes)
{
  fail_if (g_hash_table_contains (rig->files, path), "%s is used again", path);
  g_hash_table_insert (rig->files, g_strdup (path), bytes);
  g_string_append_printf (rig->log, "+%s ", path);
}

static inline void
rig_grow (Rig *rig, const PresentationChange *change)
{
  GByteArray *file = g_hash_table_lookup (rig->growing, change->path);

  if (!file) {
    file = g_byte_array_new ();
    g_hash_table_insert (rig->growing, g_strdup (change->path), file);
  }
  g_byte_array_append (file, g_bytes_get_data (change->bytes, NULL),
      g_bytes_get_size (change->bytes));
  g_string_append_printf (rig->log, ">%s ", change->path);
}

static inline void
rig_finish (Rig *rig, const gchar *path)
{
  GByteArray *file = g_hash_table_lookup (rig->growing, path);

  fail_unless (file != NULL, "%s never grew", path);
  rig_take_file (rig, path, g_bytes_new (file->data, file->len));
  g_hash_table_remove (rig->growing, path);
}

static inline void
rig_assert_type (const PresentationChange *change)
{
  assert_equals_string (
      change->content_type, change->path[0] == 'v' ? "video/mp4" : "audio/mp4");
}

static inline void
rig_apply (Rig *rig, GQueue *changes)
{
  PresentationChange *change;

  while ((change = g_queue_pop_head (changes))) {
    switch (change->action) {
    case PRESENTATION_PUT:
      if (g_str_equal (change->path, PRESENTATION_MPD_PATH)) {
        rig_take_mpd (rig, change);
        break;
      }
      if (g_str_equal (change->path, PRESENTATION_RECORDING_PATH)) {
        rig->recording = rig_text_of (change->bytes);
        break;
      }
      if (g_str_has_suffix (change->path, ".m3u8")) {
        rig_take_playlist (rig, change);
        break;
      }
      rig_assert_type (change);
      rig_take_file (rig, change->path, g_bytes_ref (change->bytes));
      break;
    case PRESENTATION_APPEND:
      rig_assert_type (change);
      rig_grow (rig, change);
      break;
    case PRESENTATION_FINISH:
      rig_finish (rig, change->path);
      break;
    case PRESENTATION_REMOVE:
      if (g_str_has_suffix (change->path, ".m3u8")) {
        g_hash_table_remove (rig->playlists, change->path);
        g_hash_table_remove (rig->plain_playlists, change->path);
        break;
      }
      fail_unless (g_hash_table_remove (rig->files, change->path),
          "%s is not there", change->path);
      g_string_append_printf (rig->log, "-%s ", change->path);
      break;
    case PRESENTATION_EXPECT:
      fail_if (g_hash_table_contains (rig->files, change->path));
      g_hash_table_insert (rig->expected, g_path_get_dirname (change->path),
          g_strdup_printf (
              "%s at %" G_GINT64_FORMAT, change->path, change->due_us));
      break;
    }
    presentation_change_free (change);
  }
}

static inline void
rig_drain (Rig *rig)
{
  SegmenterRow *row;

  while ((row = segmenter_next_row (rig->segmenter))) {
    GQueue changes = G_QUEUE_INIT;

    if (row->ends)
      rig->now_us += G_USEC_PER_SEC;
    presentation_add_row (rig->presentation, row, rig->now_us, &changes);
    segmenter_row_free (row);
    rig_apply (rig, &changes);
  }
}

static inline void
rig_set_caps (Rig *rig, guint track, const gchar *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  g_autoptr (CmafFormat) format = cmaf_format_new_from_caps (caps, NULL);

  segmenter_set_format (rig->segmenter, track, format);
}

static inline void
rig_start_with (Rig *rig, const PresentationSettings *settings)
{
  SegmenterSettings segmenter = SEGMENTER_DEFAULT_SETTINGS;

  *rig = (Rig){ 0 };
  segmenter.chunk = settings->latency.chunk;
  rig->segmenter = segmenter_new (&segmenter);
  segmenter_add_track (rig->segmenter, CMAF_VIDEO);
  segmenter_add_track (rig->segmenter, CMAF_AUDIO);
  rig_set_caps (rig, 0, VIDEO_25);
  rig_set_caps (rig, 1, AAC);
  rig->presentation = presentation_new (settings);
  presentation_set_track (rig->presentation, 0, CMAF_VIDEO, 0);
  presentation_set_track (rig->presentation, 1, CMAF_AUDIO, 0);
  presentation_set_zero (rig->presentation, NEW_YEAR);
  rig->files = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  rig->growing = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_byte_array_unref);
  rig->expected =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rig->playlists =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rig->plain_playlists =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rig->log = g_string_new (NULL);
  rig->now_us = NEW_YEAR / 1000;
}

static const PresentationSettings defaults = { .target = 2 * GST_SECOND,
  .window = 60 * GST_SECOND,
  .retention = 10 * GST_SECOND,
  .max_bytes = 1000 * 1000 * 1000,
  .first_number = 10,
  .timeline = TRUE,
  .title = "A & B",
  .utc_timing_url = "/time?a=1&b=2" };

static inline void
rig_start (Rig *rig)
{
  rig_start_with (rig, &defaults);
}

static inline void
rig_stop (Rig *rig)
{
  segmenter_free (rig->segmenter);
  presentation_free (rig->presentation);
  g_hash_table_unref (rig->files);
  g_hash_table_unref (rig->growing);
  g_hash_table_unref (rig->expected);
  g_hash_table_unref (rig->playlists);
  g_hash_table_unref (rig->plain_playlists);
  g_string_free (rig->log, TRUE);
  g_free (rig->mpd);
  g_free (rig->plain_mpd);
  g_free (rig->recording);
}

static inline void
rig_push (
    Rig *rig, guint track, GstClockTime pts, gsize size, SegmenterFlags flags)
{
  segmenter_push (rig->segmenter, track,
      gst_buffer_new_allocate (NULL, size, NULL), pts, GST_CLOCK_TIME_NONE,
      flags);
  rig_drain (rig);
}

/* Seconds of both tracks, 1000 bytes a picture, 200 an audio frame. */
static inline void
rig_feed (Rig *rig, gdouble from, gdouble to, guint gop)
{
  GstClockTime base = from * GST_SECOND, end = to * GST_SECOND;
  guint v = 0, a = 0;

  while (base + v * FRAME < end || base + AUDIO_FRAME (a) < end) {
    if (base + v * FRAME <= base + AUDIO_FRAME (a)) {
      rig_push (rig, 0, base + v * FRAME, 1000,
          v % gop == 0 ? SEGMENTER_KEYFRAME : 0);
      v++;
    } else {
      rig_push (rig, 1, base + AUDIO_FRAME (a), 200, 0);
      a++;
    }
  }
}

static inline void
rig_end (Rig *rig)
{
  GQueue changes = G_QUEUE_INIT;

  segmenter_eos (rig->segmenter, 0);
  segmenter_eos (rig->segmenter, 1);
  rig_drain (rig);
  presentation_end (rig->presentation, ++rig->now_us, &changes);
  rig_apply (rig, &changes);
}

static inline gboolean
rig_is_kept (const gchar *path, guint64 bytes, gpointer first_lost)
{
  guint64 number;

  fail_unless (mpd_parse_path (path, &number));
  return number < GPOINTER_TO_UINT (first_lost);
}

/* Files from this number on could not be kept. */
static inline void
rig_forget (Rig *rig, guint first_lost)
{
  GQueue changes = G_QUEUE_INIT;

  presentation_forget (
      rig->presentation, rig_is_kept, GUINT_TO_POINTER (first_lost), &changes);
  rig_apply (rig, &changes);
}

static inline void
rig_assert_in_mpd (const Rig *rig, const gchar *text)
{
  fail_unless (rig->mpd && strstr (rig->mpd, text) != NULL, "no %s in\n%.3000s",
      text, rig->mpd);
}

static inline guint
rig_count_in_mpd (const Rig *rig, const gchar *text)
{
  guint n = 0;

  for (const gchar *at = rig->mpd; (at = strstr (at, text)); at++)
    n++;
  return n;
}

#endif /* PENSTOCK_TEST_PRESENTATION_RIG_H */
