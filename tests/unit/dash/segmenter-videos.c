/* SPDX-License-Identifier: MIT
 *
 * Several videos in the segmenter: rows end where all have a keyframe. What
 * comes out is compared as text, one line a row:
 *
 *   P 0-2000 a50@0 b25@0
 *
 * A new Period from 0 to 2000 ms with 50 pictures of the first video and 25 of
 * the second, both from tick 0. */

#include <gst/check/gstcheck.h>

#include "dash/segmenter.h"

#define VIDEO(width)                                                           \
  "video/x-h264, stream-format=avc, width=" width ", height=16, "              \
  "codec_data=(buffer)01640028ffe100046764002801000468ee3c80"

typedef struct {
  Segmenter *segmenter;
  gint videos[2];
  GString *out;
} Rig;

static void
drain (Rig *rig)
{
  SegmenterRow *row;

  while ((row = segmenter_next_row (rig->segmenter))) {
    if (row->new_period)
      g_string_append (rig->out, row->continuous ? "p " : "P ");
    g_string_append_printf (rig->out, "%u-%u",
        (guint) GST_TIME_AS_MSECONDS (row->start),
        (guint) GST_TIME_AS_MSECONDS (row->end));
    for (guint i = 0; i < row->segments->len; i++) {
      const SegmenterSegment *s = g_ptr_array_index (row->segments, i);

      g_string_append_printf (rig->out, " %c%u@%" G_GUINT64_FORMAT,
          (gint) s->track == rig->videos[0] ? 'a' : 'b', s->samples->len,
          s->start);
    }
    g_string_append (rig->out, row->last ? " last\n" : "\n");
    segmenter_row_free (row);
  }
}

static void
add_video (Rig *rig, guint i)
{
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (i ? VIDEO ("16") : VIDEO ("32"));
  g_autoptr (CmafFormat) format = cmaf_format_new_from_caps (caps, NULL);

  rig->videos[i] = segmenter_add_track (rig->segmenter, CMAF_VIDEO);
  fail_unless (rig->videos[i] >= 0);
  segmenter_set_format (rig->segmenter, rig->videos[i], format);
}

static void
start (Rig *rig)
{
  SegmenterSettings settings = SEGMENTER_DEFAULT_SETTINGS;

  *rig = (Rig){ segmenter_new (&settings), { -1, -1 }, g_string_new (NULL) };
  add_video (rig, 0);
  add_video (rig, 1);
}

/* Pictures of both, @step and @gop of each, the second @late nanoseconds
 * later. One with @step 0 is left out. */
static void
feed (Rig *rig, gdouble from, gdouble to, const guint step_ms[2],
    const guint gop[2], GstClockTime late)
{
  GstClockTime base = from * GST_SECOND, end = to * GST_SECOND;
  guint n[2] = { 0, 0 };

  for (;;) {
    GstClockTime at[2];
    guint next;

    for (guint i = 0; i < 2; i++)
      at[i] = step_ms[i] ? base + n[i] * step_ms[i] * GST_MSECOND : end;
    next = at[1] < at[0];
    if (at[next] >= end)
      return;
    segmenter_push (rig->segmenter, rig->videos[next],
        gst_buffer_new_allocate (NULL, 100, NULL), at[next] + (next ? late : 0),
        GST_CLOCK_TIME_NONE, n[next] % gop[next] == 0 ? SEGMENTER_KEYFRAME : 0);
    n[next]++;
    drain (rig);
  }
}

static void
finish (Rig *rig, const gchar *expected)
{
  segmenter_eos (rig->segmenter, rig->videos[0]);
  segmenter_eos (rig->segmenter, rig->videos[1]);
  drain (rig);
  assert_equals_string (rig->out->str, expected);
  segmenter_free (rig->segmenter);
  g_string_free (rig->out, TRUE);
}

static const guint same_step[] = { 40, 40 }, half_step[] = { 40, 80 };
static const guint first_step[] = { 40, 0 }, second_step[] = { 0, 40 };
static const guint same_gop[] = { 50, 50 }, half_gop[] = { 50, 25 };

GST_START_TEST (rows_of_all_videos_end_together)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 5, half_step, half_gop, 0);
  finish (&rig,
      "P 0-2000 a50@0 b25@0\n2000-4000 a50@180000 b25@180000\n"
      "4000-5000 a25@360000 b13@360000 last\n");
}
GST_END_TEST;

GST_START_TEST (a_millisecond_of_jitter_moves_no_boundary)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 5, same_step, same_gop, GST_MSECOND);
  finish (&rig,
      "P 0-2000 a50@0 b50@0\n2000-4000 a50@180000 b50@180000\n"
      "4000-5000 a25@360000 b25@360000 last\n");
}
GST_END_TEST;

GST_START_TEST (a_row_waits_for_a_keyframe_that_all_have)
{
  static const guint gop[] = { 50, 100 };
  Rig rig;

  start (&rig);
  feed (&rig, 0, 9, same_step, gop, 0);
  finish (&rig,
      "P 0-4000 a100@0 b100@0\n4000-8000 a100@360000 b100@360000\n"
      "8000-9000 a25@720000 b25@720000 last\n");
}
GST_END_TEST;

GST_START_TEST (a_video_with_other_keyframes_is_left_out)
{
  static const guint gop[] = { 50, 175 };
  Rig rig;

  start (&rig);
  feed (&rig, 0, 9, same_step, gop, 0);
  fail_if (segmenter_is_misaligned (rig.segmenter, rig.videos[0]));
  fail_unless (segmenter_is_misaligned (rig.segmenter, rig.videos[1]));
  finish (&rig,
      "P 0-6000 a150@0\n6000-8000 a50@540000\n8000-9000 a25@720000 last\n");
}
GST_END_TEST;

GST_START_TEST (a_video_joins_at_a_keyframe_that_both_have)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 4, first_step, same_gop, 0);
  feed (&rig, 4, 9, same_step, same_gop, 0);
  finish (&rig,
      "P 0-2000 a50@0\n2000-4000 a50@180000\n"
      "p 4000-6000 a50@360000 b50@360000\n6000-8000 a50@540000 b50@540000\n"
      "8000-9000 a25@720000 b25@720000 last\n");
}
GST_END_TEST;

GST_START_TEST (when_the_first_ends_the_second_goes_on)
{
  Rig rig;

  start (&rig);
  feed (&rig, 0, 4, same_step, same_gop, 0);
  segmenter_eos (rig.segmenter, rig.videos[0]);
  drain (&rig);
  feed (&rig, 4, 7, second_step, same_gop, 0);
  finish (&rig,
      "P 0-2000 a50@0 b50@0\n2000-4000 a50@180000 b50@180000 last\n"
      "P 4000-6000 b50@360000\n6000-7000 b25@540000 last\n");
}
GST_END_TEST;

GST_START_TEST (rows_in_parts_have_one_video)
{
  SegmenterSettings settings = SEGMENTER_DEFAULT_SETTINGS;
  Segmenter *segmenter;

  settings.chunk = 200 * GST_MSECOND;
  segmenter = segmenter_new (&settings);
  fail_unless (segmenter_add_track (segmenter, CMAF_VIDEO) == 0);
  fail_unless (segmenter_add_track (segmenter, CMAF_VIDEO) == -1);
  segmenter_free (segmenter);
}
GST_END_TEST;

static Suite *
segmenter_videos_suite (void)
{
  Suite *s = suite_create ("segmenter-videos");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, rows_of_all_videos_end_together);
  tcase_add_test (tc, a_millisecond_of_jitter_moves_no_boundary);
  tcase_add_test (tc, a_row_waits_for_a_keyframe_that_all_have);
  tcase_add_test (tc, a_video_with_other_keyframes_is_left_out);
  tcase_add_test (tc, a_video_joins_at_a_keyframe_that_both_have);
  tcase_add_test (tc, when_the_first_ends_the_second_goes_on);
  tcase_add_test (tc, rows_in_parts_have_one_video);
  return s;
}

GST_CHECK_MAIN (segmenter_videos);
