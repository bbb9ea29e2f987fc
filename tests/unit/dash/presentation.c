/* SPDX-License-Identifier: MIT
 *
 * Files and MPD of a presentation: names, Periods, the window, what is kept
 * and what is deleted, the end. Rows are made by the real segmenter. */

#include <gst/check/gstcheck.h>

#include "../../support/box-reader.h"
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
  GHashTable *files; /* path -> GBytes: what a disk would hold */
  GString *log;      /* "+path" and "-path" */
  gchar *mpd;        /* the newest */
  gint64 now_us;
} Rig;

static void
apply (Rig *rig, GQueue *changes)
{
  PresentationChange *change;

  while ((change = g_queue_pop_head (changes))) {
    if (g_str_equal (change->path, PRESENTATION_MPD_PATH)) {
      gsize size;
      const gchar *text = g_bytes_get_data (change->bytes, &size);

      g_free (rig->mpd);
      rig->mpd = g_strndup (text, size);
      assert_equals_string (change->content_type, "application/dash+xml");
      g_string_append (rig->log, "+mpd ");
    } else if (change->bytes) {
      fail_if (g_hash_table_contains (rig->files, change->path),
          "%s is used again", change->path);
      assert_equals_string (change->content_type,
          change->path[0] == 'v' ? "video/mp4" : "audio/mp4");
      g_hash_table_insert (
          rig->files, g_strdup (change->path), g_bytes_ref (change->bytes));
      g_string_append_printf (rig->log, "+%s ", change->path);
    } else {
      fail_unless (g_hash_table_remove (rig->files, change->path),
          "%s is not there", change->path);
      g_string_append_printf (rig->log, "-%s ", change->path);
    }
    presentation_change_free (change);
  }
}

static void
drain (Rig *rig)
{
  SegmenterRow *row;

  while ((row = segmenter_next_row (rig->segmenter))) {
    GQueue changes = G_QUEUE_INIT;

    rig->now_us += G_USEC_PER_SEC;
    presentation_add_row (rig->presentation, row, rig->now_us, &changes);
    segmenter_row_free (row);
    apply (rig, &changes);
  }
}

static void
set_caps (Rig *rig, guint track, const gchar *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  g_autoptr (CmafFormat) format = cmaf_format_new_from_caps (caps, NULL);

  segmenter_set_format (rig->segmenter, track, format);
}

static void
start_with (Rig *rig, const PresentationSettings *settings)
{
  SegmenterSettings segmenter = SEGMENTER_DEFAULT_SETTINGS;

  *rig = (Rig){ 0 };
  rig->segmenter = segmenter_new (&segmenter);
  segmenter_add_track (rig->segmenter, CMAF_VIDEO);
  segmenter_add_track (rig->segmenter, CMAF_AUDIO);
  set_caps (rig, 0, VIDEO_25);
  set_caps (rig, 1, AAC);
  rig->presentation = presentation_new (settings);
  presentation_set_track (rig->presentation, 0, CMAF_VIDEO, 0);
  presentation_set_track (rig->presentation, 1, CMAF_AUDIO, 0);
  presentation_set_zero (rig->presentation, NEW_YEAR);
  rig->files = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  rig->log = g_string_new (NULL);
  rig->now_us = NEW_YEAR / 1000;
}

static const PresentationSettings defaults = { .target = 2 * GST_SECOND,
  .window = 60 * GST_SECOND,
  .max_bytes = 1000 * 1000 * 1000,
  .first_number = 10,
  .timeline = TRUE,
  .title = "A & B",
  .utc_timing_url = "/time?a=1&b=2" };

static void
start (Rig *rig)
{
  start_with (rig, &defaults);
}

static void
stop (Rig *rig)
{
  segmenter_free (rig->segmenter);
  presentation_free (rig->presentation);
  g_hash_table_unref (rig->files);
  g_string_free (rig->log, TRUE);
  g_free (rig->mpd);
}

static void
push (Rig *rig, guint track, GstClockTime pts, gsize size, SegmenterFlags flags)
{
  segmenter_push (rig->segmenter, track,
      gst_buffer_new_allocate (NULL, size, NULL), pts, GST_CLOCK_TIME_NONE,
      flags);
  drain (rig);
}

/* Seconds of both tracks, 1000 bytes a picture, 200 an audio frame. */
static void
feed (Rig *rig, gdouble from, gdouble to, guint gop)
{
  GstClockTime base = from * GST_SECOND, end = to * GST_SECOND;
  guint v = 0, a = 0;

  while (base + v * FRAME < end || base + AUDIO_FRAME (a) < end) {
    if (base + v * FRAME <= base + AUDIO_FRAME (a)) {
      push (rig, 0, base + v * FRAME, 1000,
          v % gop == 0 ? SEGMENTER_KEYFRAME : 0);
      v++;
    } else {
      push (rig, 1, base + AUDIO_FRAME (a), 200, 0);
      a++;
    }
  }
}

static void
end (Rig *rig)
{
  GQueue changes = G_QUEUE_INIT;

  segmenter_eos (rig->segmenter, 0);
  segmenter_eos (rig->segmenter, 1);
  drain (rig);
  presentation_end (rig->presentation, ++rig->now_us, &changes);
  apply (rig, &changes);
}

static void
assert_in_mpd (const Rig *rig, const gchar *text)
{
  fail_unless (rig->mpd && strstr (rig->mpd, text) != NULL, "no %s in\n%s",
      text, rig->mpd);
}

static guint
count_in_mpd (const Rig *rig, const gchar *text)
{
  guint n = 0;

  for (const gchar *at = rig->mpd; (at = strstr (at, text)); at++)
    n++;
  return n;
}

GST_START_TEST (a_segment_comes_after_its_header_and_before_the_mpd)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 4.1, 50);
  assert_equals_string (rig.log->str,
      "+v0/init-10.mp4 +a0/init-10.mp4 +v0/10.m4s +a0/10.m4s +mpd "
      "+v0/11.m4s +a0/11.m4s +mpd ");
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_live_mpd_says_all_that_players_need)
{
  static const gchar *const expected[] = {
    " profiles=\"urn:mpeg:dash:profile:isoff-live:2011,"
    "urn:mpeg:dash:profile:cmaf:2019\"",
    " type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:00:00.000Z\" "
    "publishTime=\"2026-01-01T00:00:02.000Z\" minimumUpdatePeriod=\"PT2S\" "
    "timeShiftBufferDepth=\"PT60S\" suggestedPresentationDelay=\"PT6.016S\" "
    "maxSegmentDuration=\"PT2.005333S\" minBufferTime=\"PT2.005333S\">",
    "<Title>A &amp; B</Title>",
    "<Period id=\"p10\" start=\"PT1767225600.05S\">",
    "<AdaptationSet id=\"1\" contentType=\"video\" mimeType=\"video/mp4\" "
    "lang=\"und\" segmentAlignment=\"true\" startWithSAP=\"1\" par=\"16:9\" "
    "maxWidth=\"1280\" maxHeight=\"720\" maxFrameRate=\"25\">",
    "<SegmentTemplate timescale=\"90000\" presentationTimeOffset=\"0\" "
    "startNumber=\"10\" initialization=\"$RepresentationID$/init-10.mp4\" "
    "media=\"$RepresentationID$/$Number$.m4s\">",
    "<S t=\"0\" d=\"180000\" r=\"1\"/>",
    "codecs=\"avc1.640028\" width=\"1280\" height=\"720\" sar=\"1:1\" "
    "frameRate=\"25\"/>",
    "<AdaptationSet id=\"101\" contentType=\"audio\" mimeType=\"audio/mp4\"",
    "<S t=\"0\" d=\"96256\" r=\"1\"/>",
    "codecs=\"mp4a.40.2\" audioSamplingRate=\"48000\">",
    "audio_channel_configuration:2011\" value=\"2\"/>",
    "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-xsdate:2014\" "
    "value=\"/time?a=1&amp;b=2\"/>",
  };
  Rig rig;

  start (&rig);
  feed (&rig, 0, 4.1, 50);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    assert_in_mpd (&rig, expected[i]);
  fail_if (strstr (rig.mpd, "bandwidth=\"0\""));
  fail_if (strstr (rig.mpd, "mediaPresentationDuration"));
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (segments_decode_from_where_the_mpd_says)
{
  Rig rig;
  GBytes *segment;
  g_autoptr (GArray) samples = NULL;

  start (&rig);
  feed (&rig, 0, 4.1, 50);
  segment = g_hash_table_lookup (rig.files, "v0/11.m4s");
  samples = box_samples (segment);
  assert_equals_int (samples->len, 50);
  assert_equals_uint64 (
      g_array_index (samples, BoxSample, 0).decode_time, 180000);
  assert_equals_uint64 (box_value (box_find (segment, "moof/mfhd"), 4, 4), 2);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_end_is_static_with_exact_durations)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 3, 50);
  end (&rig);
  assert_in_mpd (&rig, " type=\"static\"");
  assert_in_mpd (&rig, " mediaPresentationDuration=\"PT1767225603.05S\"");
  assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT3S\">");
  assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\"/>");
  assert_in_mpd (&rig, "<S d=\"90000\"/>");
  assert_equals_int (count_in_mpd (&rig, "minimumUpdatePeriod"), 0);
  assert_equals_int (count_in_mpd (&rig, "timeShiftBufferDepth"), 0);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (more_media_opens_an_ended_presentation)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 3, 50);
  end (&rig);
  feed (&rig, 20, 22.1, 50);
  assert_in_mpd (&rig, " type=\"dynamic\"");
  assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225620.05S\">");
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_break_begins_a_period_with_a_header_and_number_of_its_own)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 3, 50);
  feed (&rig, 10, 12.1, 50);
  assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT3S\">");
  assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225610.05S\">");
  assert_in_mpd (&rig,
      "presentationTimeOffset=\"900000\" startNumber=\"12\" "
      "initialization=\"$RepresentationID$/init-12.mp4\"");
  assert_in_mpd (&rig, "presentationTimeOffset=\"480000\" startNumber=\"12\"");
  assert_in_mpd (&rig, "<S t=\"900000\" d=\"180000\"/>");
  assert_equals_int (count_in_mpd (&rig, "period-continuity"), 0);
  assert_equals_int (count_in_mpd (&rig, "<AdaptationSet id=\"1\""), 2);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_timeline_that_goes_back_is_presented_after_the_one_before)
{
  Rig rig;

  start (&rig);
  feed (&rig, 100, 103, 50);
  feed (&rig, 2, 4.1, 50);
  assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225700.05S\">");
  assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225703.05S\">");
  assert_in_mpd (&rig, "presentationTimeOffset=\"180000\"");
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_track_that_joins_leaves_the_others_timeline_alone)
{
  Rig rig;

  start (&rig);
  for (guint i = 0; i < 100; i++)
    push (&rig, 0, i * FRAME, 1000, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
  feed (&rig, 4, 6.1, 50);
  assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225600.05S\">");
  assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225604.05S\">");
  assert_in_mpd (&rig,
      "schemeIdUri=\"urn:mpeg:dash:period-continuity:2015\" value=\"p10\"/>");
  assert_equals_int (count_in_mpd (&rig, "period-continuity"), 1);
  assert_equals_int (count_in_mpd (&rig, "contentType=\"audio\""), 1);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (segments_leave_the_mpd_first_and_the_disk_later)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 62.2, 50); /* 31 rows: the window is full */
  assert_in_mpd (&rig, " startNumber=\"10\"");
  feed (&rig, 62.2, 62.2, 50);
  stop (&rig);

  start (&rig);
  feed (&rig, 0, 64.2, 50);
  assert_in_mpd (&rig, " startNumber=\"11\"");
  assert_in_mpd (&rig, "<S t=\"180000\" d=\"180000\"");
  fail_unless (g_hash_table_contains (rig.files, "v0/10.m4s"));
  stop (&rig);

  /* Row 10 ends at 2 s: kept for window + segment + 10 s after that. */
  start (&rig);
  feed (&rig, 0, 74.2, 50);
  fail_unless (g_hash_table_contains (rig.files, "v0/10.m4s"));
  feed (&rig, 76, 78.2, 50);
  fail_if (g_hash_table_contains (rig.files, "v0/10.m4s"));
  fail_if (g_hash_table_contains (rig.files, "a0/10.m4s"));
  fail_unless (g_hash_table_contains (rig.files, "v0/init-10.mp4"));
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_period_leaves_with_its_last_segment_and_so_does_its_header)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 2.9, 50);
  feed (&rig, 300, 302.2, 50);
  assert_equals_int (count_in_mpd (&rig, "<Period "), 1);
  assert_in_mpd (&rig, "<Period id=\"p12\"");
  fail_unless (g_hash_table_contains (rig.files, "v0/init-10.mp4") ||
      strstr (rig.log->str, "-v0/init-10.mp4"));
  feed (&rig, 400, 402.2, 50);
  fail_if (g_hash_table_contains (rig.files, "v0/init-10.mp4"));
  fail_if (g_hash_table_contains (rig.files, "a0/11.m4s"));
  fail_unless (g_hash_table_contains (rig.files, "v0/init-14.mp4"));
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (everything_the_mpd_lists_is_there)
{
  Rig rig;

  start (&rig);
  for (guint i = 0; i < 12; i++)
    feed (&rig, i * 20, i * 20 + 15.5, 50);
  /* 4 Periods of 15.5 s in a window of 60 s; each with its 8 segments */
  for (const gchar *at = rig.mpd; (at = strstr (at, "startNumber=\"")); at++) {
    guint64 number = g_ascii_strtoull (at + 13, NULL, 10);
    g_autofree gchar *path = mpd_segment_path ("v0", number);
    g_autofree gchar *audio = mpd_segment_path ("a0", number);

    fail_unless (g_hash_table_contains (rig.files, path), "%s", path);
    fail_unless (g_hash_table_contains (rig.files, audio), "%s", audio);
  }
  fail_unless (count_in_mpd (&rig, "<Period ") >= 3);
  fail_unless (g_hash_table_size (rig.files) < 120);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (memory_is_bounded_and_the_newest_rows_stay)
{
  PresentationSettings settings = defaults;
  PresentationStats stats;
  Rig rig;

  settings.max_bytes = 500 * 1000; /* a row is about 70 kB */
  start_with (&rig, &settings);
  for (guint i = 0; i < 20; i++) {
    feed (&rig, i * 4, i * 4 + 3.99, 50);
    presentation_get_stats (rig.presentation, &stats);
    fail_unless (stats.bytes <= settings.max_bytes);
  }
  fail_unless (g_hash_table_contains (rig.files, "v0/48.m4s"));
  fail_unless (g_hash_table_size (rig.files) < 20);
  assert_in_mpd (&rig, "<S t=\"");
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_long_gop_makes_the_window_long_enough_for_players)
{
  PresentationSettings settings = defaults;
  Rig rig;

  settings.window = 0;
  start_with (&rig, &settings);
  feed (&rig, 0, 20.1, 250);
  assert_in_mpd (&rig, "suggestedPresentationDelay=\"PT30");
  assert_in_mpd (&rig, "timeShiftBufferDepth=\"PT60");
  assert_in_mpd (&rig, "minimumUpdatePeriod=\"PT2S\"");
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (numbers_follow_the_clock_over_restarts)
{
  PresentationSettings settings = defaults;
  Rig rig;
  guint64 first, second;

  settings.first_number = 0;
  start_with (&rig, &settings);
  feed (&rig, 0, 10.1, 50);
  first = g_ascii_strtoull (strstr (rig.mpd, "startNumber=\"") + 13, NULL, 10);
  stop (&rig);

  start_with (&rig, &settings);
  presentation_set_zero (rig.presentation, NEW_YEAR + 11 * GST_SECOND);
  feed (&rig, 0, 2.1, 50);
  second = g_ascii_strtoull (strstr (rig.mpd, "startNumber=\"") + 13, NULL, 10);
  fail_unless (second > first + 4 && second < first + 40);
  fail_unless (second < G_MAXUINT32); /* xs:unsignedInt */
  assert_in_mpd (&rig, "availabilityStartTime=\"1970-01-01T00:00:00.000Z\"");
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (files_of_an_earlier_run_are_passed_over_and_deleted_in_time)
{
  Rig rig;

  start (&rig);
  g_hash_table_insert (
      rig.files, g_strdup ("v0/500.m4s"), g_bytes_new_static ("x", 1));
  presentation_adopt (rig.presentation, "v0/500.m4s", 500, 1);
  feed (&rig, 0, 2.1, 50);
  assert_in_mpd (&rig, " startNumber=\"501\"");
  fail_unless (g_hash_table_contains (rig.files, "v0/500.m4s"));
  feed (&rig, 100, 102.1, 50);
  fail_if (g_hash_table_contains (rig.files, "v0/500.m4s"));
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (what_could_not_be_kept_is_withdrawn)
{
  Rig rig;
  GQueue changes = G_QUEUE_INIT;

  start (&rig);
  feed (&rig, 0, 4.1, 50);
  presentation_forget (rig.presentation, &changes);
  apply (&rig, &changes);
  assert_equals_int (g_hash_table_size (rig.files), 0);
  push (&rig, 1, 6 * GST_SECOND, 200, 0); /* the row goes on */
  for (guint i = 103; i <= 151; i++)
    push (&rig, 0, i * FRAME, 1000, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
  assert_equals_int (count_in_mpd (&rig, "<Period "), 1);
  assert_in_mpd (&rig, "<Period id=\"p12\" start=\"PT1767225604.05S\">");
  fail_unless (g_hash_table_contains (rig.files, "v0/init-12.mp4"));
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_declared_bit_rate_and_language_are_announced)
{
  Rig rig;

  start (&rig);
  presentation_set_bandwidth (rig.presentation, 0, 5000000);
  presentation_set_language (rig.presentation, 1, "deu");
  feed (&rig, 0, 2.1, 50);
  assert_in_mpd (&rig, "id=\"v0\" bandwidth=\"5000000\"");
  assert_in_mpd (&rig, "mimeType=\"audio/mp4\" lang=\"deu\"");
  stop (&rig);
}
GST_END_TEST;

/* ---- segments that players count ---- */

static void
start_counted (Rig *rig)
{
  PresentationSettings settings = defaults;

  settings.timeline = FALSE;
  start_with (rig, &settings);
}

/* Microseconds of UTC where the presentation's time is @seconds. */
static gint64
utc_us (gdouble seconds)
{
  return (NEW_YEAR + PRESENTATION_MARGIN) / 1000 +
      (gint64) (seconds * G_USEC_PER_SEC);
}

static void
tick (Rig *rig, gint64 now_us)
{
  GQueue changes = G_QUEUE_INIT;

  presentation_tick (rig->presentation, now_us, &changes);
  apply (rig, &changes);
}

/* One more row after feed (rig, 0, 4.1, 50), which left the tracks there. */
static void
complete_row (Rig *rig)
{
  push (rig, 1, 6 * GST_SECOND, 200, 0);
  for (guint i = 103; i <= 151; i++)
    push (rig, 0, i * FRAME, 1000, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
}

GST_START_TEST (regular_segments_are_counted_from_the_first_on)
{
  Rig rig;

  start_counted (&rig);
  feed (&rig, 0, 2.1, 50);
  assert_in_mpd (&rig,
      "presentationTimeOffset=\"0\" duration=\"180000\" startNumber=\"10\"");
  assert_in_mpd (&rig,
      "presentationTimeOffset=\"0\" duration=\"96000\" startNumber=\"10\"");
  assert_equals_int (count_in_mpd (&rig, "SegmentTimeline"), 0);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (an_mpd_that_counts_stays_as_it_is)
{
  Rig rig;
  g_autofree gchar *before = NULL;

  start_counted (&rig);
  feed (&rig, 0, 20, 50);
  before = g_strdup (rig.mpd);
  feed (&rig, 20, 74.2, 50);
  assert_equals_string (rig.mpd, before);
  assert_in_mpd (&rig, " startNumber=\"10\"");
  assert_in_mpd (&rig, " timeShiftBufferDepth=\"PT60S\"");
  fail_unless (g_hash_table_contains (rig.files, "v0/45.m4s"));
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_window_short_of_bytes_is_announced_as_short_as_it_is)
{
  PresentationSettings settings = defaults;
  Rig rig;
  gdouble window;

  settings.timeline = FALSE;
  settings.max_bytes = 500 * 1000; /* a row is about 70 kB */
  start_with (&rig, &settings);
  feed (&rig, 0, 60, 50);
  assert_in_mpd (&rig, " startNumber=\"10\"");
  window =
      g_ascii_strtod (strstr (rig.mpd, "timeShiftBufferDepth=\"PT") + 24, NULL);
  fail_unless (window >= 6 && window <= 14, "%g s", window);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_segment_of_another_length_begins_a_period_that_lists)
{
  Rig rig;

  start_counted (&rig);
  feed (&rig, 0, 6, 50);
  assert_equals_int (count_in_mpd (&rig, "SegmentTimeline"), 0);
  feed (&rig, 6, 14.1, 100);
  /* 10 to 12 are there, up to 17 are counted in the 10 s after them. */
  assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225600.05S\">");
  assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\" r=\"2\"/>");
  assert_in_mpd (&rig, "<Period id=\"p19\" start=\"PT1767225606.05S\">");
  assert_in_mpd (&rig, "<S t=\"540000\" d=\"360000\" r=\"1\"/>");
  assert_equals_int (count_in_mpd (&rig, " duration=\""), 0);
  assert_equals_int (count_in_mpd (&rig, "period-continuity"), 2);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_break_ends_counting_exactly_and_leaves_numbers_out)
{
  Rig rig;

  start_counted (&rig);
  feed (&rig, 0, 3, 50);
  feed (&rig, 10, 12.1, 50);
  assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT3S\">");
  assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\"/>");
  assert_in_mpd (&rig, "<S d=\"90000\"/>");
  assert_in_mpd (&rig, "<Period id=\"p21\" start=\"PT1767225610.05S\">");
  assert_in_mpd (&rig, "duration=\"180000\" startNumber=\"21\"");
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (segments_are_listed_once_the_next_is_overdue)
{
  Rig rig;
  gint64 due = utc_us (6) + PRESENTATION_PATIENCE / 1000;

  start_counted (&rig);
  feed (&rig, 0, 4.1, 50);
  assert_equals_int64 (presentation_get_deadline (rig.presentation), due);
  tick (&rig, due - 1);
  assert_equals_int (count_in_mpd (&rig, "SegmentTimeline"), 0);
  tick (&rig, due);
  assert_in_mpd (&rig, "<Period id=\"p10\" start=\"PT1767225600.05S\">");
  assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\" r=\"1\"/>");
  assert_in_mpd (&rig, "<S t=\"0\" d=\"96256\" r=\"1\"/>");
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (an_overdue_segment_goes_on_with_its_period)
{
  Rig rig;

  start_counted (&rig);
  feed (&rig, 0, 4.1, 50);
  tick (&rig, utc_us (8));
  complete_row (&rig);
  assert_equals_int (count_in_mpd (&rig, "<Period "), 1);
  assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\" r=\"2\"/>");
  fail_unless (g_hash_table_contains (rig.files, "v0/12.m4s"));
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_source_that_returns_is_counted_again_with_other_numbers)
{
  Rig rig;

  start_counted (&rig);
  feed (&rig, 0, 4, 50);
  tick (&rig, utc_us (7));
  feed (&rig, 30, 32.1, 50);
  assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT4S\">");
  assert_in_mpd (&rig, "<Period id=\"p31\" start=\"PT1767225630.05S\">");
  assert_in_mpd (&rig, "duration=\"180000\" startNumber=\"31\"");
  assert_equals_int64 (presentation_get_deadline (rig.presentation),
      utc_us (34) + PRESENTATION_PATIENCE / 1000);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (withdrawn_numbers_are_left_out_as_well)
{
  Rig rig;
  GQueue changes = G_QUEUE_INIT;

  start_counted (&rig);
  feed (&rig, 0, 4.1, 50);
  presentation_forget (rig.presentation, &changes);
  apply (&rig, &changes);
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  complete_row (&rig);
  assert_in_mpd (&rig, "<Period id=\"p18\" start=\"PT1767225604.05S\">");
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (numbers_are_left_out_up_to_the_present)
{
  Rig rig;
  GQueue changes = G_QUEUE_INIT;

  start_counted (&rig);
  feed (&rig, 0, 4.1, 50);
  presentation_forget (rig.presentation, &changes);
  apply (&rig, &changes);
  rig.now_us = utc_us (30); /* the row is old */
  complete_row (&rig);
  assert_in_mpd (&rig, "<Period id=\"p31\" start=\"PT1767225604.05S\">");
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_end_lists_what_was_counted)
{
  Rig rig;

  start_counted (&rig);
  feed (&rig, 0, 3, 50);
  end (&rig);
  assert_in_mpd (&rig, " type=\"static\"");
  assert_in_mpd (
      &rig, "<Period id=\"p10\" start=\"PT1767225600.05S\" duration=\"PT3S\">");
  assert_in_mpd (&rig, "<S t=\"0\" d=\"180000\"/>");
  assert_in_mpd (&rig, "<S d=\"90000\"/>");
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (listed_segments_have_no_deadline)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 4.1, 50);
  assert_equals_int64 (
      presentation_get_deadline (rig.presentation), G_MAXINT64);
  stop (&rig);
}
GST_END_TEST;

static const struct {
  const gchar *path;
  gboolean ours;
  guint64 number;
} paths[] = {
  { "v0/17.m4s", TRUE, 17 },
  { "a12/init-434816315.mp4", TRUE, 434816315 },
  { "v0/17.mp4", FALSE },
  { "v0/init-17.m4s", FALSE },
  { "v0/17.m4s.tmp", FALSE },
  { "v0/.m4s", FALSE },
  { "v/17.m4s", FALSE },
  { "x0/17.m4s", FALSE },
  { "v0", FALSE },
  { "v0/", FALSE },
  { "manifest.mpd", FALSE },
  { "", FALSE },
};

GST_START_TEST (only_our_own_names_are_recognised)
{
  guint64 number = 0;

  assert_equals_int (
      mpd_parse_path (paths[__i__].path, &number), paths[__i__].ours);
  if (paths[__i__].ours)
    assert_equals_uint64 (number, paths[__i__].number);
}
GST_END_TEST;

static Suite *
presentation_suite (void)
{
  Suite *suite = suite_create ("presentation");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, a_segment_comes_after_its_header_and_before_the_mpd);
  tcase_add_test (tc, a_live_mpd_says_all_that_players_need);
  tcase_add_test (tc, segments_decode_from_where_the_mpd_says);
  tcase_add_test (tc, the_end_is_static_with_exact_durations);
  tcase_add_test (tc, more_media_opens_an_ended_presentation);
  tcase_add_test (
      tc, a_break_begins_a_period_with_a_header_and_number_of_its_own);
  tcase_add_test (
      tc, a_timeline_that_goes_back_is_presented_after_the_one_before);
  tcase_add_test (tc, a_track_that_joins_leaves_the_others_timeline_alone);
  tcase_add_test (tc, segments_leave_the_mpd_first_and_the_disk_later);
  tcase_add_test (
      tc, a_period_leaves_with_its_last_segment_and_so_does_its_header);
  tcase_add_test (tc, everything_the_mpd_lists_is_there);
  tcase_add_test (tc, memory_is_bounded_and_the_newest_rows_stay);
  tcase_add_test (tc, a_long_gop_makes_the_window_long_enough_for_players);
  tcase_add_test (tc, numbers_follow_the_clock_over_restarts);
  tcase_add_test (
      tc, files_of_an_earlier_run_are_passed_over_and_deleted_in_time);
  tcase_add_test (tc, what_could_not_be_kept_is_withdrawn);
  tcase_add_test (tc, a_declared_bit_rate_and_language_are_announced);
  tcase_add_test (tc, regular_segments_are_counted_from_the_first_on);
  tcase_add_test (tc, an_mpd_that_counts_stays_as_it_is);
  tcase_add_test (tc, a_window_short_of_bytes_is_announced_as_short_as_it_is);
  tcase_add_test (tc, a_segment_of_another_length_begins_a_period_that_lists);
  tcase_add_test (tc, a_break_ends_counting_exactly_and_leaves_numbers_out);
  tcase_add_test (tc, segments_are_listed_once_the_next_is_overdue);
  tcase_add_test (tc, an_overdue_segment_goes_on_with_its_period);
  tcase_add_test (
      tc, a_source_that_returns_is_counted_again_with_other_numbers);
  tcase_add_test (tc, withdrawn_numbers_are_left_out_as_well);
  tcase_add_test (tc, numbers_are_left_out_up_to_the_present);
  tcase_add_test (tc, the_end_lists_what_was_counted);
  tcase_add_test (tc, listed_segments_have_no_deadline);
  tcase_add_loop_test (
      tc, only_our_own_names_are_recognised, 0, G_N_ELEMENTS (paths));
  return suite;
}

GST_CHECK_MAIN (presentation);
