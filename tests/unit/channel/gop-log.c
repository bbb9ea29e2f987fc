/* SPDX-License-Identifier: MIT
 *
 * The GOP log: joining, retention, bounds, slow readers. */

#include <gst/check/gstcheck.h>

#include "channel/gop-log.h"

#define VIDEO 0
#define AUDIO 1
#define FRAME (40 * GST_MSECOND)

/* Appends an entry whose payload is a buffer of @size bytes. */
static guint64
append (PenstockGopLog *log, guint track, PenstockEntryFlags flags,
    GstClockTime time, gsize size)
{
  return penstock_gop_log_append (log, track, flags, time, size,
      GST_MINI_OBJECT_CAST (gst_buffer_new ()), NULL);
}

/* @n video frames from @first on, a keyframe each @gop frames, one audio entry
 * behind each. */
static void
append_av (PenstockGopLog *log, guint first, guint n, guint gop)
{
  for (guint i = first; i < first + n; i++) {
    append (log, VIDEO,
        PENSTOCK_ENTRY_VIDEO |
            (i % gop == 0 ? PENSTOCK_ENTRY_KEYFRAME
                          : (i % 2 ? PENSTOCK_ENTRY_DROPPABLE : 0)),
        i * FRAME, 1000);
    append (log, AUDIO, 0, i * FRAME, 100);
  }
}

static guint
read_all (PenstockGopLog *log, PenstockCursor *cursor, PenstockGopEntry *out,
    guint max)
{
  guint n = 0, total = 0;

  while (total < max &&
      penstock_gop_log_read (log, cursor, out + total, MIN (7, max - total),
          &n) == PENSTOCK_READ_OK)
    total += n;
  return total;
}

static void
clear_all (PenstockGopEntry *entries, guint n)
{
  for (guint i = 0; i < n; i++)
    penstock_gop_entry_clear (&entries[i]);
}

GST_START_TEST (joiner_starts_at_newest_keyframe_with_audio_from_there_on)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursor cursor;
  PenstockGopEntry out[200];

  append_av (log, 0, 60, 25);
  penstock_cursor_init (&cursor, NULL);
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  /* Frames 50 to 59 and their audio. */
  fail_unless_equals_int (n, 20);
  fail_unless (out[0].flags & PENSTOCK_ENTRY_KEYFRAME);
  fail_unless_equals_uint64 (out[0].time, 50 * FRAME);
  for (guint i = 1; i < n; i++) {
    fail_unless_equals_uint64 (out[i].seq, out[i - 1].seq + 1);
    fail_if (out[i].flags & PENSTOCK_ENTRY_DISCONT);
  }
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (joiner_can_wait_for_the_next_keyframe)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockCursor cursor;
  PenstockGopEntry out[200];
  guint n_read = 0;

  settings.start = PENSTOCK_START_KEYFRAME;
  penstock_cursor_init (&cursor, &settings);
  append_av (log, 0, 30, 25);
  fail_unless_equals_int (penstock_gop_log_read (log, &cursor, out, 1, &n_read),
      PENSTOCK_READ_EMPTY);
  append_av (log, 30, 30, 25);
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  for (guint i = 0; i < n; i++)
    if (out[i].track == VIDEO) {
      fail_unless (out[i].flags & PENSTOCK_ENTRY_KEYFRAME);
      fail_unless_equals_uint64 (out[i].time, 50 * FRAME);
      break;
    }
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (nothing_is_read_before_the_first_keyframe)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursor cursor;
  PenstockGopEntry out[200];

  penstock_cursor_init (&cursor, NULL);
  guint n_read;
  penstock_gop_log_read (log, &cursor, out, 1, &n_read);
  append_av (log, 1, 10, 25);
  append_av (log, 25, 5, 25);
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out)), n_video = 0;
  for (guint i = 0; i < n; i++)
    n_video += out[i].track == VIDEO;
  fail_unless_equals_int (n_video, 5);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (whole_long_gop_is_kept)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursor cursor;
  PenstockGopEntry out[1200];

  /* 20 s at 25 fps and audio. */
  append_av (log, 0, 500, 500);
  penstock_cursor_init (&cursor, NULL);
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  fail_unless_equals_int (n, 1000);
  fail_unless (out[0].flags & PENSTOCK_ENTRY_KEYFRAME);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

/* One row a bound; each is hit by 100 frames without a second keyframe. */
static const struct {
  const gchar *name;
  PenstockGopLogLimits limits;
} bounds[] = {
  { "bytes", { 40000, 30 * GST_SECOND, 4096, GST_SECOND } },
  { "time", { 64 << 20, 2 * GST_SECOND, 4096, GST_SECOND } },
  { "entries", { 64 << 20, 30 * GST_SECOND, 80, GST_SECOND } },
};

GST_START_TEST (gop_over_a_bound_is_given_up_but_live_readers_go_on)
{
  PenstockGopLog *log = penstock_gop_log_new (&bounds[__i__].limits);
  PenstockCursor live, joiner;
  PenstockGopEntry out[32];
  PenstockGopLogStats stats;
  guint n_video = 0;

  penstock_cursor_init (&live, NULL);
  for (guint i = 0; i < 100; i++) {
    append_av (log, i, 1, 1000);
    guint n = read_all (log, &live, out, G_N_ELEMENTS (out));
    for (guint j = 0; j < n; j++)
      n_video += out[j].track == VIDEO;
    clear_all (out, n);
  }
  fail_unless_equals_int (n_video, 100);
  fail_unless_equals_uint64 (live.stats.n_skips, 0);

  penstock_gop_log_get_stats (log, &stats);
  fail_if (stats.has_keyframe);
  fail_unless_equals_uint64 (stats.gops_given_up, 1);
  fail_unless (stats.bytes <= bounds[__i__].limits.max_bytes);
  fail_unless (stats.entries <= bounds[__i__].limits.max_entries);
  fail_unless (stats.duration <= bounds[__i__].limits.max_time);

  /* A joiner gets no picture from a headless GOP, but the next keyframe. */
  penstock_cursor_init (&joiner, NULL);
  guint n = read_all (log, &joiner, out, G_N_ELEMENTS (out));
  for (guint i = 0; i < n; i++)
    fail_if (out[i].track == VIDEO);
  clear_all (out, n);
  append_av (log, 1000, 1, 1000);
  n = read_all (log, &joiner, out, G_N_ELEMENTS (out));
  fail_unless (n > 0);
  fail_unless (out[0].flags & PENSTOCK_ENTRY_KEYFRAME);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (old_gops_are_kept_for_the_retention_only)
{
  PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  PenstockGopLogStats stats;

  limits.retention = 2 * GST_SECOND;
  PenstockGopLog *log = penstock_gop_log_new (&limits);
  append_av (log, 0, 1000, 25);
  penstock_gop_log_get_stats (log, &stats);
  fail_unless (stats.duration >= 2 * GST_SECOND);
  fail_unless (stats.duration <= 4 * GST_SECOND);
  fail_unless (stats.has_keyframe);
  fail_unless_equals_uint64 (stats.gops_given_up, 0);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (slow_reader_skips_video_to_newest_keyframe_and_keeps_audio)
{
  PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  PenstockCursor cursor;
  PenstockGopEntry out[2000];
  guint n;

  limits.retention = 10 * GST_SECOND;
  PenstockGopLog *log = penstock_gop_log_new (&limits);
  append_av (log, 0, 1, 25);
  penstock_cursor_init (&cursor, NULL);
  n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  clear_all (out, n);

  append_av (log, 1, 130, 25); /* 5.2 s; keyframes at 25 ... 125 */
  n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  guint audio = 0, video = 0;
  for (guint i = 0; i < n; i++) {
    if (out[i].track == AUDIO) {
      audio++;
      continue;
    }
    if (video++ == 0) {
      fail_unless (out[i].flags & PENSTOCK_ENTRY_KEYFRAME);
      fail_unless (out[i].flags & PENSTOCK_ENTRY_DISCONT);
      fail_unless_equals_uint64 (out[i].time, 125 * FRAME);
    }
  }
  fail_unless_equals_int (audio, 130);
  fail_unless_equals_int (video, 6);
  fail_unless_equals_uint64 (cursor.stats.skipped_lag, 124);
  fail_unless_equals_uint64 (cursor.stats.skipped_audio, 0);
  fail_unless_equals_uint64 (cursor.stats.n_skips, 1);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (joiner_at_the_head_of_a_long_gop_is_never_slow)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursor cursor;
  PenstockGopEntry out[1000];

  append_av (log, 0, 250, 250); /* 10 s old head, no newer keyframe */
  penstock_cursor_init (&cursor, NULL);
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  fail_unless_equals_int (n, 500);
  fail_unless_equals_uint64 (cursor.stats.n_skips, 0);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

/* It gets the frames of a GOP of 10 s one by one, at 1.2 times their rate,
 * while new ones come: behind, but never further than it was. */
GST_START_TEST (reader_that_begins_far_behind_may_take_its_time)
{
  static const PenstockGopLogLimits limits = { 1 << 30, 60 * GST_SECOND, 100000,
    30 * GST_SECOND };
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockGopLog *log = penstock_gop_log_new (&limits);
  PenstockCursor cursor;
  PenstockGopEntry entry;
  guint n, frame = 225;

  settings.free_burst = TRUE;
  append_av (log, 0, frame, 250);
  penstock_cursor_init (&cursor, &settings);
  penstock_gop_log_start (log, &cursor, PENSTOCK_START_BY_SETTINGS);
  for (; frame < 1500; frame++) {
    append_av (log, frame, 1, 250);
    for (guint i = 0; i < (frame % 5 == 0 ? 4 : 2); i++)
      if (penstock_gop_log_read (log, &cursor, &entry, 1, &n) ==
          PENSTOCK_READ_OK)
        penstock_gop_entry_clear (&entry);
  }
  fail_unless_equals_uint64 (cursor.stats.n_skips, 0);
  fail_unless_equals_uint64 (cursor.burst, 0);
  /* Now it is like any other. */
  append_av (log, frame, 500, 250);
  penstock_gop_log_read (log, &cursor, &entry, 1, &n);
  penstock_gop_entry_clear (&entry);
  fail_unless_equals_uint64 (cursor.stats.n_skips, 1);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (reader_that_falls_behind_its_burst_skips)
{
  static const PenstockGopLogLimits limits = { 1 << 30, 60 * GST_SECOND, 100000,
    30 * GST_SECOND };
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockGopLog *log = penstock_gop_log_new (&limits);
  PenstockCursor cursor;
  PenstockGopEntry entry;
  guint n;

  settings.free_burst = TRUE;
  append_av (log, 0, 225, 250); /* 9 s */
  penstock_cursor_init (&cursor, &settings);
  penstock_gop_log_read (log, &cursor, &entry, 1, &n);
  penstock_gop_entry_clear (&entry);
  append_av (log, 225, 26, 250); /* a keyframe 10 s behind the reader */
  penstock_gop_log_read (log, &cursor, &entry, 1, &n);
  penstock_gop_entry_clear (&entry);
  fail_unless_equals_uint64 (cursor.stats.n_skips, 0);
  append_av (log, 251, 250, 250); /* and one 20 s behind */
  penstock_gop_log_read (log, &cursor, &entry, 1, &n);
  penstock_gop_entry_clear (&entry);
  fail_unless_equals_uint64 (cursor.stats.n_skips, 1);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (frozen_reader_costs_no_memory_and_resumes_at_a_keyframe)
{
  PenstockCursor cursor;
  PenstockGopEntry out[2000];
  PenstockGopLogStats stats;

  PenstockGopLog *log = penstock_gop_log_new (NULL);
  append_av (log, 0, 10, 25);
  penstock_cursor_init (&cursor, NULL);
  guint n = read_all (log, &cursor, out, 4);
  clear_all (out, n);
  append_av (log, 10, 1500, 25); /* a minute */
  penstock_gop_log_get_stats (log, &stats);
  fail_unless (stats.duration < 5 * GST_SECOND);

  n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  fail_unless (n > 0);
  fail_unless (out[0].flags & PENSTOCK_ENTRY_KEYFRAME);
  fail_unless (out[0].flags & PENSTOCK_ENTRY_DISCONT);
  fail_unless_equals_uint64 (out[0].time, 1500 * FRAME);
  fail_unless (cursor.stats.skipped_overrun > 0);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (policy_disconnect_reports_the_slow_reader)
{
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockCursor cursor;
  PenstockGopEntry out[64];
  guint n;

  settings.policy = PENSTOCK_SLOW_DISCONNECT;
  PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  limits.retention = 10 * GST_SECOND;
  PenstockGopLog *log = penstock_gop_log_new (&limits);
  append_av (log, 0, 1, 25);
  penstock_cursor_init (&cursor, &settings);
  n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  clear_all (out, n);
  append_av (log, 1, 100, 25);
  fail_unless_equals_int (penstock_gop_log_read (log, &cursor, out, 64, &n),
      PENSTOCK_READ_TOO_SLOW);
  fail_unless_equals_int (n, 0);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (policy_audio_only_drops_video_for_good)
{
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockGopLogLimits limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  PenstockCursor cursor;
  PenstockGopEntry out[512];

  settings.policy = PENSTOCK_SLOW_AUDIO_ONLY;
  limits.retention = 10 * GST_SECOND;
  PenstockGopLog *log = penstock_gop_log_new (&limits);
  append_av (log, 0, 1, 25);
  penstock_cursor_init (&cursor, &settings);
  clear_all (out, read_all (log, &cursor, out, 4));
  append_av (log, 1, 150, 25);
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  fail_unless_equals_int (n, 150);
  for (guint i = 0; i < n; i++)
    fail_unless_equals_int (out[i].track, AUDIO);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (policy_non_reference_first_thins_before_it_skips)
{
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockCursor cursor;
  PenstockGopEntry out[512];

  settings.policy = PENSTOCK_SLOW_DROP_NON_REFERENCE_FIRST;
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  append_av (log, 0, 1, 1000);
  penstock_cursor_init (&cursor, &settings);
  clear_all (out, read_all (log, &cursor, out, 4));
  append_av (log, 1, 60, 1000); /* 2.4 s behind, no newer keyframe */
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  /* Frames further back than half the limit (1 s = 25 frames) are thinned. */
  fail_unless_equals_uint64 (cursor.stats.skipped_non_reference, 17);
  fail_unless_equals_uint64 (cursor.stats.n_skips, 0);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (track_mask_selects_tracks)
{
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockCursor cursor;
  PenstockGopEntry out[64];

  settings.track_mask = 1u << AUDIO;
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  append_av (log, 0, 10, 25);
  penstock_cursor_init (&cursor, &settings);
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  fail_unless_equals_int (n, 10);
  for (guint i = 0; i < n; i++)
    fail_unless_equals_int (out[i].track, AUDIO);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (audio_alone_starts_with_the_newest_second)
{
  PenstockCursor cursor;
  PenstockGopEntry out[256];

  PenstockGopLog *log = penstock_gop_log_new (NULL);
  for (guint i = 0; i < 500; i++)
    append (log, AUDIO, 0, i * 20 * GST_MSECOND, 100);
  penstock_cursor_init (&cursor, NULL);
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  fail_unless (n > 0 && n <= 50);
  fail_unless_equals_uint64 (out[n - 1].time, 499 * 20 * GST_MSECOND);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

static void
count_wake (gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* Three GOPs of 10 frames and as much audio; the reader has the first frame.
 * The newest keyframe is 39 entries and 21,000 bytes after what is next. */
static const struct {
  guint64 max_bytes;
  guint max_entries;
  gboolean skips;
} size_limits[] = {
  { 20999, 0, TRUE },
  { 21000, 0, FALSE },
  { 0, 39, FALSE },
  { 0, 38, TRUE },
};

GST_START_TEST (limits_of_bytes_and_entries_count_all_tracks)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockCursor cursor;
  PenstockGopEntry out[64];

  settings.max_lag = 0;
  settings.max_lag_bytes = size_limits[__i__].max_bytes;
  settings.max_lag_entries = size_limits[__i__].max_entries;
  penstock_cursor_init (&cursor, &settings);
  append_av (log, 0, 1, 10);
  guint n = 0;
  fail_unless_equals_int (
      penstock_gop_log_read (log, &cursor, out, 1, &n), PENSTOCK_READ_OK);
  clear_all (out, n);
  append_av (log, 1, 29, 10);
  n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  fail_unless_equals_uint64 (
      cursor.stats.skipped_lag, size_limits[__i__].skips ? 19 : 0);
  fail_unless_equals_int (n, size_limits[__i__].skips ? 40 : 59);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (audio_alone_obeys_all_limits_and_the_policy)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockCursor skips, leaves;
  PenstockGopEntry out[64];
  guint n = 0;

  settings.max_lag_entries = 5;
  penstock_cursor_init (&skips, &settings);
  settings.policy = PENSTOCK_SLOW_DISCONNECT;
  penstock_cursor_init (&leaves, &settings);
  append (log, AUDIO, 0, 0, 100);
  penstock_gop_log_read (log, &skips, out, 1, &n);
  clear_all (out, n);
  penstock_gop_log_read (log, &leaves, out, 1, &n);
  clear_all (out, n);
  for (guint i = 1; i < 20; i++)
    append (log, AUDIO, 0, i * FRAME, 100);
  n = read_all (log, &skips, out, G_N_ELEMENTS (out));
  fail_unless_equals_int (n, 5);
  fail_unless_equals_uint64 (skips.stats.skipped_audio, 14);
  clear_all (out, n);
  fail_unless (penstock_gop_log_is_too_slow (log, &leaves));
  fail_unless_equals_int (
      penstock_gop_log_read (log, &leaves, out, 1, &n), PENSTOCK_READ_TOO_SLOW);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (reader_whose_place_is_gone_is_beyond_any_limit)
{
  const PenstockGopLogLimits limits = { 64 << 20, 30 * GST_SECOND, 64,
    GST_SECOND };
  static const PenstockReadResult results[] = {
    [PENSTOCK_SLOW_SKIP_TO_KEYFRAME] = PENSTOCK_READ_OK,
    [PENSTOCK_SLOW_DROP_NON_REFERENCE_FIRST] = PENSTOCK_READ_OK,
    [PENSTOCK_SLOW_AUDIO_ONLY] = PENSTOCK_READ_OK,
    [PENSTOCK_SLOW_DISCONNECT] = PENSTOCK_READ_TOO_SLOW,
  };
  PenstockGopLog *log = penstock_gop_log_new (&limits);
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockCursor cursor;
  PenstockGopEntry out[64];
  guint n = 0;

  settings.policy = __i__;
  penstock_cursor_init (&cursor, &settings);
  append_av (log, 0, 1, 10);
  penstock_gop_log_read (log, &cursor, out, 1, &n);
  clear_all (out, n);
  append_av (log, 1, 200, 10);
  fail_unless_equals_int (
      penstock_gop_log_read (log, &cursor, out, 1, &n), results[__i__]);
  fail_unless_equals_int (cursor.audio_only, __i__ == PENSTOCK_SLOW_AUDIO_ONLY);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (entries_of_other_tracks_are_no_lag)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockCursor cursor;
  PenstockGopEntry out[4];
  guint n = 0;

  settings.policy = PENSTOCK_SLOW_DISCONNECT;
  settings.track_mask = 1 << AUDIO;
  penstock_cursor_init (&cursor, &settings);
  append_av (log, 0, 1, 10);
  n = read_all (log, &cursor, out, G_N_ELEMENTS (out));
  clear_all (out, n);
  for (guint i = 1; i < 1000; i++)
    append (log, VIDEO, PENSTOCK_ENTRY_VIDEO | PENSTOCK_ENTRY_KEYFRAME,
        i * FRAME, 1000);
  fail_if (penstock_gop_log_is_too_slow (log, &cursor));
  fail_unless_equals_uint64 (penstock_gop_log_get_lag (log, &cursor), 0);
  fail_unless_equals_int (
      penstock_gop_log_read (log, &cursor, out, 1, &n), PENSTOCK_READ_EMPTY);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (cursors_can_begin_at_one_place)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursor first, second, late;
  PenstockGopEntry out[4];
  PenstockBacklog backlog;
  guint n = 0;

  append_av (log, 0, 15, 10);
  penstock_cursor_init (&first, NULL);
  guint64 at = penstock_gop_log_start (log, &first, PENSTOCK_START_BY_SETTINGS);
  append_av (log, 15, 10, 10);
  penstock_cursor_init (&second, NULL);
  fail_unless_equals_uint64 (penstock_gop_log_start (log, &second, at), at);
  penstock_gop_log_get_backlog (log, &second, &backlog);
  fail_unless_equals_int (backlog.entries, 30);
  fail_unless_equals_uint64 (backlog.bytes, 15 * 1100);
  fail_unless_equals_uint64 (backlog.lag, 14 * FRAME);
  penstock_gop_log_read (log, &second, out, 1, &n);
  fail_unless_equals_uint64 (out[0].time, 10 * FRAME);
  clear_all (out, n);

  /* A place that is gone counts as none. */
  penstock_gop_log_clear (log);
  append_av (log, 30, 5, 10);
  penstock_cursor_init (&late, NULL);
  penstock_gop_log_start (log, &late, at);
  penstock_gop_log_read (log, &late, out, 1, &n);
  fail_unless_equals_uint64 (out[0].time, 30 * FRAME);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (audio_decides_where_gops_begin_when_video_has_ended)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursor cursor;
  PenstockGopEntry out[4];
  guint n = 0;

  append_av (log, 0, 5, 10);
  penstock_gop_log_end_video (log);
  for (guint i = 5; i < 200; i++)
    append (log, AUDIO, 0, i * FRAME, 100);
  penstock_cursor_init (&cursor, NULL);
  penstock_gop_log_read (log, &cursor, out, 1, &n);
  fail_unless (out[0].time + 2 * GST_SECOND > 199 * FRAME);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (waker_fires_once_until_rearmed)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  guint n = 0;

  guint id = penstock_gop_log_add_waker (log, count_wake, &n);
  append_av (log, 0, 5, 25);
  fail_unless_equals_int (n, 1);
  penstock_gop_log_rearm_waker (log, id);
  append_av (log, 5, 5, 25);
  fail_unless_equals_int (n, 2);
  penstock_gop_log_remove_waker (log, id);
  append_av (log, 10, 5, 25);
  fail_unless_equals_int (n, 2);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

#define N_PICTURES 100000

/* As a woken reader does; returns how often a picture was counted that was not
 * there to be read. The log has nothing but keyframes. */
static gpointer
read_what_is_counted (gpointer user_data)
{
  PenstockGopLog *log = user_data;
  PenstockCursor cursor;
  PenstockGopEntry out[8];
  guint n = 0, n_early = 0;
  guint64 end = 0;

  penstock_cursor_init (&cursor, NULL);
  while (end < N_PICTURES) {
    guint64 counted = penstock_gop_log_get_n_video (log);
    while (penstock_gop_log_read (log, &cursor, out, G_N_ELEMENTS (out), &n) ==
        PENSTOCK_READ_OK) {
      end = out[n - 1].seq + 1;
      clear_all (out, n);
    }
    n_early += counted > end;
  }
  return GUINT_TO_POINTER (n_early);
}

GST_START_TEST (pictures_that_are_counted_can_be_read)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);

  GThread *reader = g_thread_new ("reader", read_what_is_counted, log);
  for (guint i = 0; i < N_PICTURES; i++)
    append (log, VIDEO, PENSTOCK_ENTRY_VIDEO | PENSTOCK_ENTRY_KEYFRAME, i, 1);
  guint n_early = GPOINTER_TO_UINT (g_thread_join (reader));
  fail_unless_equals_int (n_early, 0);
  fail_unless_equals_int (penstock_gop_log_get_n_video (log), N_PICTURES);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

GST_START_TEST (clear_lets_video_wait_for_a_keyframe)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  PenstockCursor cursor;
  PenstockGopEntry out[64];

  append_av (log, 0, 10, 25);
  penstock_cursor_init (&cursor, NULL);
  clear_all (out, read_all (log, &cursor, out, 5));
  penstock_gop_log_clear (log);
  append_av (log, 11, 4, 25);
  append_av (log, 25, 1, 25);
  guint n = read_all (log, &cursor, out, G_N_ELEMENTS (out)), n_video = 0;
  for (guint i = 0; i < n; i++)
    n_video += out[i].track == VIDEO;
  fail_unless_equals_int (n_video, 1);
  clear_all (out, n);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

#define STRESS_ENTRIES 20000

static gpointer
stress_reader (gpointer data)
{
  PenstockGopLog *log = data;
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  PenstockCursor cursor;
  PenstockGopEntry out[16];
  guint64 last = 0;

  settings.max_lag = 100 * FRAME;
  penstock_cursor_init (&cursor, &settings);
  while (last < STRESS_ENTRIES - 1) {
    guint n = 0;
    if (penstock_gop_log_read (log, &cursor, out, 16, &n) != PENSTOCK_READ_OK) {
      g_thread_yield ();
      continue;
    }
    for (guint i = 0; i < n; i++) {
      g_assert_true (last == 0 || out[i].seq > last);
      g_assert_true (GST_IS_BUFFER (out[i].payload));
      last = out[i].seq;
    }
    clear_all (out, n);
  }
  return NULL;
}

GST_START_TEST (writer_and_readers_run_at_once)
{
  PenstockGopLog *log = penstock_gop_log_new (NULL);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("reader", stress_reader, log);
  append_av (log, 0, STRESS_ENTRIES / 2, 25);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  penstock_gop_log_unref (log);
}
GST_END_TEST;

static Suite *
gop_log_suite (void)
{
  Suite *suite = suite_create ("gop-log");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (
      tcase, joiner_starts_at_newest_keyframe_with_audio_from_there_on);
  tcase_add_test (tcase, joiner_can_wait_for_the_next_keyframe);
  tcase_add_test (tcase, nothing_is_read_before_the_first_keyframe);
  tcase_add_test (tcase, whole_long_gop_is_kept);
  tcase_add_loop_test (tcase,
      gop_over_a_bound_is_given_up_but_live_readers_go_on, 0,
      G_N_ELEMENTS (bounds));
  tcase_add_test (tcase, old_gops_are_kept_for_the_retention_only);
  tcase_add_test (
      tcase, slow_reader_skips_video_to_newest_keyframe_and_keeps_audio);
  tcase_add_test (tcase, joiner_at_the_head_of_a_long_gop_is_never_slow);
  tcase_add_test (tcase, reader_that_begins_far_behind_may_take_its_time);
  tcase_add_test (tcase, reader_that_falls_behind_its_burst_skips);
  tcase_add_test (
      tcase, frozen_reader_costs_no_memory_and_resumes_at_a_keyframe);
  tcase_add_test (tcase, policy_disconnect_reports_the_slow_reader);
  tcase_add_test (tcase, policy_audio_only_drops_video_for_good);
  tcase_add_test (tcase, policy_non_reference_first_thins_before_it_skips);
  tcase_add_test (tcase, track_mask_selects_tracks);
  tcase_add_test (tcase, audio_alone_starts_with_the_newest_second);
  tcase_add_loop_test (tcase, limits_of_bytes_and_entries_count_all_tracks, 0,
      G_N_ELEMENTS (size_limits));
  tcase_add_test (tcase, audio_alone_obeys_all_limits_and_the_policy);
  tcase_add_loop_test (tcase, reader_whose_place_is_gone_is_beyond_any_limit, 0,
      PENSTOCK_SLOW_DISCONNECT + 1);
  tcase_add_test (tcase, entries_of_other_tracks_are_no_lag);
  tcase_add_test (tcase, cursors_can_begin_at_one_place);
  tcase_add_test (tcase, audio_decides_where_gops_begin_when_video_has_ended);
  tcase_add_test (tcase, waker_fires_once_until_rearmed);
  tcase_add_test (tcase, pictures_that_are_counted_can_be_read);
  tcase_add_test (tcase, clear_lets_video_wait_for_a_keyframe);
  tcase_add_test (tcase, writer_and_readers_run_at_once);
  return suite;
}

GST_CHECK_MAIN (gop_log);
