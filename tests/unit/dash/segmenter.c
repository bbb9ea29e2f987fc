/* SPDX-License-Identifier: MIT
 *
 * Where rows and Periods begin and end. A script feeds the segmenter; what
 * comes out is compared as text, one line a row:
 *
 *   P 0-2000 v50@0 a94@0 last
 *
 * A new Period (`P`, `p` when its timeline goes on) from 0 to 2000 ms with 50
 * video samples from tick 0 and 94 audio samples from tick 0; its last row. */

#include <gst/check/gstcheck.h>

#include "dash/segmenter.h"

#define AVCC "01640028ffe100046764002801000468ee3c80"
#define VIDEO_25                                                               \
  "video/x-h264, stream-format=avc, width=16, height=16, "                     \
  "framerate=(fraction)25/1, codec_data=(buffer)" AVCC
#define VIDEO_25_LARGER                                                        \
  "video/x-h264, stream-format=avc, width=32, height=32, "                     \
  "framerate=(fraction)25/1, codec_data=(buffer)" AVCC
#define AAC                                                                    \
  "audio/mpeg, mpegversion=4, rate=48000, channels=2, codec_data=(buffer)1190"
#define AAC_MONO                                                               \
  "audio/mpeg, mpegversion=4, rate=48000, channels=1, codec_data=(buffer)1188"

#define FRAME (40 * GST_MSECOND)
#define AUDIO_FRAME(i) gst_util_uint64_scale (i, 1024 * GST_SECOND, 48000)

typedef struct {
  Segmenter *segmenter;
  gint video, audio;
  GString *out;
} Rig;

static void
set_caps (Rig *rig, gint track, const gchar *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  g_autoptr (CmafFormat) format = cmaf_format_new_from_caps (caps, NULL);

  fail_unless (format != NULL);
  segmenter_set_format (rig->segmenter, track, format);
}

static void
print_row (Rig *rig, const SegmenterRow *row)
{
  if (row->new_period)
    g_string_append (rig->out, row->continuous ? "p " : "P ");
  g_string_append_printf (rig->out, "%u-%u",
      (guint) GST_TIME_AS_MSECONDS (row->start),
      (guint) GST_TIME_AS_MSECONDS (row->end));
  for (guint i = 0; i < row->segments->len; i++) {
    const SegmenterSegment *s = g_ptr_array_index (row->segments, i);
    guint64 sum = 0;

    for (guint n = 0; n < s->samples->len; n++)
      sum += g_array_index (s->samples, CmafSample, n).duration;
    assert_equals_uint64 (sum, s->duration);
    g_string_append_printf (rig->out, " %c%u@%" G_GUINT64_FORMAT,
        (gint) s->track == rig->video ? 'v' : 'a', s->samples->len, s->start);
  }
  g_string_append (rig->out, row->last ? " last\n" : "\n");
}

static void
drain (Rig *rig)
{
  SegmenterRow *row;

  while ((row = segmenter_next_row (rig->segmenter))) {
    print_row (rig, row);
    segmenter_row_free (row);
  }
}

static void
push (Rig *rig, gint track, GstClockTime pts, SegmenterFlags flags)
{
  segmenter_push (rig->segmenter, track,
      gst_buffer_new_allocate (NULL, 100, NULL), pts, GST_CLOCK_TIME_NONE,
      flags);
  drain (rig);
}

static void
start_with_first (Rig *rig, gboolean video, gboolean audio, GstClockTime first)
{
  SegmenterSettings settings = SEGMENTER_DEFAULT_SETTINGS;

  settings.first = first;
  settings.max_bytes = 1000 * 1000;
  rig->segmenter = segmenter_new (&settings);
  rig->out = g_string_new (NULL);
  rig->video = rig->audio = -1;
  if (video) {
    rig->video = segmenter_add_track (rig->segmenter, CMAF_VIDEO);
    set_caps (rig, rig->video, VIDEO_25);
  }
  if (audio) {
    rig->audio = segmenter_add_track (rig->segmenter, CMAF_AUDIO);
    set_caps (rig, rig->audio, AAC);
  }
}

static void
start (Rig *rig, gboolean video, gboolean audio)
{
  start_with_first (rig, video, audio, 2 * GST_SECOND);
}

/* Both tracks from @from to @to seconds in time order, a keyframe every @gop
 * frames. Tracks that the rig does not have are left out. */
static void
feed (Rig *rig, gdouble from, gdouble to, guint gop)
{
  GstClockTime base = from * GST_SECOND, end = to * GST_SECOND;
  guint v = 0, a = 0;

  for (;;) {
    GstClockTime vt = rig->video >= 0 ? base + v * FRAME : end;
    GstClockTime at = rig->audio >= 0 ? base + AUDIO_FRAME (a) : end;

    if (vt >= end && at >= end)
      break;
    if (vt <= at) {
      push (rig, rig->video, vt, v % gop == 0 ? SEGMENTER_KEYFRAME : 0);
      v++;
    } else {
      push (rig, rig->audio, at, 0);
      a++;
    }
  }
}

static void
finish (Rig *rig, const gchar *expected)
{
  if (rig->video >= 0)
    segmenter_eos (rig->segmenter, rig->video);
  if (rig->audio >= 0)
    segmenter_eos (rig->segmenter, rig->audio);
  drain (rig);
  assert_equals_string (rig->out->str, expected);
  assert_equals_uint64 (segmenter_get_bytes (rig->segmenter), 0);
  segmenter_free (rig->segmenter);
  g_string_free (rig->out, TRUE);
}

/* Only @track of both. */
static void
feed_only (Rig *rig, gint track, gdouble from, gdouble to, guint gop)
{
  Rig half = *rig;

  half.video = track == rig->video ? track : -1;
  half.audio = track == rig->audio ? track : -1;
  /* drain() prints by number, so the other one must stay known */
  for (guint i = 0;; i++) {
    GstClockTime t = (GstClockTime) (from * GST_SECOND) +
        (half.video >= 0 ? i * FRAME : AUDIO_FRAME (i));

    if (t >= to * GST_SECOND)
      break;
    push (rig, track, t,
        half.video >= 0 && i % gop == 0 ? SEGMENTER_KEYFRAME : 0);
  }
}

GST_START_TEST (rows_end_at_keyframes_and_audio_at_the_nearest_frame)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 5, 50);
  finish (&rig,
      "P 0-2000 v50@0 a94@0\n"
      "2000-4000 v50@180000 a94@96256\n"
      "4000-5000 v25@360000 a46@192512 last\n");
}
GST_END_TEST;

GST_START_TEST (a_long_gop_makes_a_long_segment)
{
  Rig rig;

  start (&rig, TRUE, FALSE);
  feed (&rig, 0, 20, 250);
  finish (&rig, "P 0-10000 v250@0\n10000-20000 v250@900000 last\n");
}
GST_END_TEST;

GST_START_TEST (short_gops_are_joined_up_to_the_target)
{
  Rig rig;

  start (&rig, TRUE, FALSE);
  feed (&rig, 0, 4, 12); /* 480 ms: the cut is at 1920 */
  finish (&rig,
      "P 0-1920 v48@0\n1920-3840 v48@172800\n"
      "3840-4000 v4@345600 last\n");
}
GST_END_TEST;

GST_START_TEST (audio_alone_is_cut_on_a_grid)
{
  Rig rig;

  start (&rig, FALSE, TRUE);
  feed (&rig, 0, 7, 1);
  finish (&rig,
      "P 0-2005 a94@0\n2005-4010 a94@96256\n4010-5994 a93@192512\n"
      "5994-7018 a48@287744 last\n");
}
GST_END_TEST;

GST_START_TEST (a_new_stream_may_begin_with_a_shorter_row)
{
  Rig rig;

  start_with_first (&rig, TRUE, FALSE, GST_SECOND);
  feed (&rig, 0, 6, 25);
  push (
      &rig, rig.video, 10 * GST_SECOND, SEGMENTER_KEYFRAME | SEGMENTER_DISCONT);
  feed (&rig, 10.04, 12.5, 24);
  finish (&rig,
      "P 0-1000 v25@0\n1000-3000 v50@90000\n3000-5000 v50@270000\n"
      "5000-6000 v25@450000 last\n"
      "P 10000-11000 v25@900000\n11000-12520 v38@990000 last\n");
}
GST_END_TEST;

GST_START_TEST (audio_alone_may_begin_with_a_shorter_row)
{
  Rig rig;

  start_with_first (&rig, FALSE, TRUE, GST_SECOND);
  feed (&rig, 0, 6, 1);
  finish (&rig,
      "P 0-1002 a47@0\n1002-3008 a94@48128\n3008-4992 a93@144384\n"
      "4992-6016 a48@239616 last\n");
}
GST_END_TEST;

GST_START_TEST (video_before_its_first_keyframe_is_left_out)
{
  Rig rig;
  SegmenterStats stats;

  start (&rig, TRUE, TRUE);
  push (&rig, rig.video, 0, 0);
  push (&rig, rig.audio, 0, 0);
  push (&rig, rig.video, FRAME, 0);
  feed (&rig, 1, 3.5, 50);
  segmenter_get_stats (rig.segmenter, &stats);
  assert_equals_uint64 (stats.before_keyframe, 2);
  assert_equals_uint64 (stats.outside, 1); /* audio from before */
  finish (&rig,
      "P 1000-3000 v50@90000 a94@48000\n"
      "3000-3520 v13@270000 a24@144256 last\n");
}
GST_END_TEST;

GST_START_TEST (a_discontinuity_ends_the_period_of_both_tracks)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 3, 50);
  push (
      &rig, rig.video, 10 * GST_SECOND, SEGMENTER_KEYFRAME | SEGMENTER_DISCONT);
  push (&rig, rig.audio, 10 * GST_SECOND, SEGMENTER_DISCONT);
  for (guint i = 1; i < 80; i++) {
    push (&rig, rig.video, 10 * GST_SECOND + i * FRAME,
        i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
    push (&rig, rig.audio, 10 * GST_SECOND + AUDIO_FRAME (2 * i - 1), 0);
    push (&rig, rig.audio, 10 * GST_SECOND + AUDIO_FRAME (2 * i), 0);
  }
  finish (&rig,
      "P 0-2000 v50@0 a94@0\n2000-3000 v25@180000 a47@96256 last\n"
      "P 10000-12000 v50@900000 a94@480000\n"
      "12000-13200 v30@1080000 a56@576256 last\n");
}
GST_END_TEST;

GST_START_TEST (a_step_back_in_time_ends_the_period)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 100, 103, 50);
  feed (&rig, 2, 5, 50);
  finish (&rig,
      "P 100000-102000 v50@9000000 a94@4800000\n"
      "102000-103000 v25@9180000 a47@4896256 last\n"
      "P 2000-4000 v50@180000 a94@96000\n"
      "4000-5000 v25@360000 a47@192256 last\n");
}
GST_END_TEST;

GST_START_TEST (audio_of_the_new_timeline_may_come_first)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 3, 50);
  push (&rig, rig.audio, 9990 * GST_MSECOND, SEGMENTER_DISCONT);
  push (
      &rig, rig.video, 10 * GST_SECOND, SEGMENTER_KEYFRAME | SEGMENTER_DISCONT);
  push (&rig, rig.audio, 10011 * GST_MSECOND, 0);
  push (&rig, rig.video, 10 * GST_SECOND + FRAME, 0);
  finish (&rig,
      "P 0-2000 v50@0 a94@0\n2000-3000 v25@180000 a47@96256 last\n"
      "P 10000-10080 v2@900000 a2@479520 last\n");
}
GST_END_TEST;

GST_START_TEST (lost_video_frames_do_not_end_the_period)
{
  Rig rig;

  start (&rig, TRUE, FALSE);
  feed (&rig, 0, 1, 50);
  push (&rig, rig.video, 1400 * GST_MSECOND, SEGMENTER_DISCONT);
  feed (&rig, 2, 3, 50);
  finish (&rig, "P 0-2000 v26@0\n2000-3000 v25@180000 last\n");
}
GST_END_TEST;

GST_START_TEST (new_caps_begin_a_period_at_the_keyframe)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 3, 50);
  set_caps (&rig, rig.video, VIDEO_25_LARGER);
  feed (&rig, 3, 5.5, 50);
  finish (&rig,
      "P 0-2000 v50@0 a94@0\n2000-3000 v25@180000 a47@96256 last\n"
      "P 3000-5000 v50@270000 a94@144000\n"
      "5000-5520 v13@450000 a24@240256 last\n");
}
GST_END_TEST;

GST_START_TEST (the_same_caps_again_change_nothing)
{
  Rig rig;

  start (&rig, TRUE, FALSE);
  feed (&rig, 0, 1, 50);
  set_caps (&rig, rig.video, VIDEO_25);
  feed_only (&rig, rig.video, 1, 1.5, 100);
  finish (&rig, "P 0-1520 v38@0 last\n");
}
GST_END_TEST;

GST_START_TEST (new_audio_caps_begin_a_period_at_the_next_cut)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 2.1, 50);
  feed_only (&rig, rig.audio, 2.1, 2.5, 1);
  set_caps (&rig, rig.audio, AAC_MONO);
  for (guint i = 0; i < 200; i++)
    push (&rig, rig.audio, 2500 * GST_MSECOND + AUDIO_FRAME (i), 0);
  for (guint i = 53; i < 106; i++)
    push (&rig, rig.video, i * FRAME, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
  g_string_truncate (rig.out, 0);
  for (guint i = 106; i < 155; i++)
    push (&rig, rig.video, i * FRAME, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
  fail_unless (g_str_has_prefix (rig.out->str, "p 4000-6000 v50@360000 a"),
      "%s", rig.out->str);
  g_string_truncate (rig.out, 0);
  finish (&rig, "6000-6200 v5@540000 a9@287936 last\n");
}
GST_END_TEST;

GST_START_TEST (audio_that_does_not_come_is_left_out_after_a_second)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed_only (&rig, rig.video, 0, 3, 50);
  assert_equals_string (rig.out->str, "");
  push (&rig, rig.video, 3 * GST_SECOND, 0);
  assert_equals_string (rig.out->str, "P 0-2000 v50@0\n");
  finish (&rig, "P 0-2000 v50@0\n2000-3040 v26@180000 last\n");
}
GST_END_TEST;

GST_START_TEST (audio_that_comes_late_joins_with_a_period)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed_only (&rig, rig.video, 0, 4, 50);
  assert_equals_string (rig.out->str, "P 0-2000 v50@0\n");
  feed (&rig, 4, 7, 50);
  finish (&rig,
      "P 0-2000 v50@0\n2000-4000 v50@180000\n"
      "p 4000-6000 v50@360000 a94@192000\n"
      "6000-7000 v25@540000 a47@288256 last\n");
}
GST_END_TEST;

GST_START_TEST (audio_that_stops_leaves_with_a_period)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 2, 50);
  feed_only (&rig, rig.video, 2, 7, 50);
  finish (&rig,
      "P 0-2000 v50@0 a94@0\n"
      "p 2000-4000 v50@180000\n4000-6000 v50@360000\n"
      "6000-7000 v25@540000 last\n");
}
GST_END_TEST;

GST_START_TEST (a_gap_event_stands_for_silence)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 1.5, 50);
  feed_only (&rig, rig.video, 1.5, 1.98, 100);
  push (&rig, rig.video, 2 * GST_SECOND, SEGMENTER_KEYFRAME);
  assert_equals_string (rig.out->str, "");
  segmenter_gap (rig.segmenter, rig.audio, 2 * GST_SECOND);
  drain (&rig);
  assert_equals_string (rig.out->str, "P 0-2000 v50@0 a71@0\n");
  finish (&rig, "P 0-2000 v50@0 a71@0\np 2000-2040 v1@180000 last\n");
}
GST_END_TEST;

GST_START_TEST (a_hole_in_audio_stays_a_hole)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  rig.audio = rig.audio; /* 0.5 s of silence inside of a row */
  for (guint i = 0; i <= 50; i++)
    push (&rig, rig.video, i * FRAME, i % 50 == 0 ? SEGMENTER_KEYFRAME : 0);
  for (guint i = 0; i < 96; i++)
    if (i < 30 || i > 53)
      push (&rig, rig.audio, AUDIO_FRAME (i), 0);
  assert_equals_string (rig.out->str, "P 0-2000 v50@0 a30@0 a40@55296\n");
  finish (&rig,
      "P 0-2000 v50@0 a30@0 a40@55296\n"
      "2000-2040 v1@180000 a2@96256 last\n");
}
GST_END_TEST;

GST_START_TEST (video_that_stops_leaves_audio_alone)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 3, 50);
  feed_only (&rig, rig.audio, 3.008, 8.3, 1);
  fail_unless (g_str_has_prefix (rig.out->str,
                   "P 0-2000 v50@0 a94@0\n"
                   "2000-3000 v25@180000 a47@96256 last\nP 3008-"),
      "%s", rig.out->str);
  feed (&rig, 8.4, 11, 50);
  fail_unless (strstr (rig.out->str, "\np 8400-10400 v50@756000 a") != NULL,
      "%s", rig.out->str);
  segmenter_free (rig.segmenter);
  g_string_free (rig.out, TRUE);
}
GST_END_TEST;

GST_START_TEST (what_is_too_much_is_given_up_until_the_next_keyframe)
{
  Rig rig;
  SegmenterStats stats;

  start (&rig, TRUE, FALSE); /* 1 MB, 100 bytes a frame */
  feed (&rig, 0, 402, 100000);
  assert_equals_string (rig.out->str, "");
  segmenter_get_stats (rig.segmenter, &stats);
  assert_equals_uint64 (stats.given_up, 10001);
  feed (&rig, 402, 405, 50);
  finish (&rig,
      "P 402000-404000 v50@36180000\n"
      "404000-405000 v25@36360000 last\n");
}
GST_END_TEST;

GST_START_TEST (a_track_that_is_replaced_begins_a_period)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 2.5, 50);
  segmenter_remove_track (rig.segmenter, rig.audio);
  rig.audio = segmenter_add_track (rig.segmenter, CMAF_AUDIO);
  set_caps (&rig, rig.audio, AAC);
  feed (&rig, 4, 6.5, 50);
  fail_unless (
      strstr (rig.out->str, "P 4000-6000 v50@360000 a94@192000\n") != NULL,
      "%s", rig.out->str);
  segmenter_free (rig.segmenter);
  g_string_free (rig.out, TRUE);
}
GST_END_TEST;

GST_START_TEST (what_audio_has_left_at_the_end_is_no_period)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 1, 50);
  feed_only (&rig, rig.audio, 1.003, 1.5, 1);
  finish (&rig, "P 0-1000 v25@0 a47@0 last\n");
}
GST_END_TEST;

static Suite *
segmenter_suite (void)
{
  Suite *suite = suite_create ("segmenter");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, rows_end_at_keyframes_and_audio_at_the_nearest_frame);
  tcase_add_test (tc, a_long_gop_makes_a_long_segment);
  tcase_add_test (tc, short_gops_are_joined_up_to_the_target);
  tcase_add_test (tc, audio_alone_is_cut_on_a_grid);
  tcase_add_test (tc, a_new_stream_may_begin_with_a_shorter_row);
  tcase_add_test (tc, audio_alone_may_begin_with_a_shorter_row);
  tcase_add_test (tc, video_before_its_first_keyframe_is_left_out);
  tcase_add_test (tc, a_discontinuity_ends_the_period_of_both_tracks);
  tcase_add_test (tc, a_step_back_in_time_ends_the_period);
  tcase_add_test (tc, audio_of_the_new_timeline_may_come_first);
  tcase_add_test (tc, lost_video_frames_do_not_end_the_period);
  tcase_add_test (tc, new_caps_begin_a_period_at_the_keyframe);
  tcase_add_test (tc, the_same_caps_again_change_nothing);
  tcase_add_test (tc, new_audio_caps_begin_a_period_at_the_next_cut);
  tcase_add_test (tc, audio_that_does_not_come_is_left_out_after_a_second);
  tcase_add_test (tc, audio_that_comes_late_joins_with_a_period);
  tcase_add_test (tc, audio_that_stops_leaves_with_a_period);
  tcase_add_test (tc, a_gap_event_stands_for_silence);
  tcase_add_test (tc, a_hole_in_audio_stays_a_hole);
  tcase_add_test (tc, video_that_stops_leaves_audio_alone);
  tcase_add_test (tc, what_is_too_much_is_given_up_until_the_next_keyframe);
  tcase_add_test (tc, a_track_that_is_replaced_begins_a_period);
  tcase_add_test (tc, what_audio_has_left_at_the_end_is_no_period);
  return suite;
}

GST_CHECK_MAIN (segmenter);
