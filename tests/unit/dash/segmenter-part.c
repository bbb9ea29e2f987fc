/* SPDX-License-Identifier: MIT
 *
 * Rows of the segmenter in parts. A script feeds it; what comes out is compared
 * as text, one line a row:
 *
 *   P 0: v5@0 a9@0 v5+18000 a10+9216 end 400 last
 *
 * A new Period (`P`, `p` when its timeline goes on) from 0 ms: a video segment
 * begins with 5 samples at tick 0, an audio segment with 9, both grow by a
 * chunk, and the row, the last of its Period, ends at 400 ms. */

#include <gst/check/gstcheck.h>

#include "dash/segmenter.h"

#define AVCC "01640028ffe100046764002801000468ee3c80"
#define VIDEO(fps)                                                             \
  "video/x-h264, stream-format=avc, width=16, height=16, " fps                 \
  "codec_data=(buffer)" AVCC
#define VIDEO_25 VIDEO ("framerate=(fraction)25/1, ")
#define VIDEO_UNKNOWN VIDEO ("")
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
  guint64 next[2]; /* tick where a chunk of video, audio has to go on */
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
print_chunk (Rig *rig, const SegmenterSegment *s)
{
  gboolean video = (gint) s->track == rig->video;
  guint64 sum = 0;

  for (guint n = 0; n < s->samples->len; n++)
    sum += g_array_index (s->samples, CmafSample, n).duration;
  assert_equals_uint64 (sum, s->duration);
  if (!s->begins)
    fail_unless (s->start >= rig->next[video]);
  rig->next[video] = s->start + s->duration;
  g_string_append_printf (rig->out, " %c%u%c%" G_GUINT64_FORMAT,
      video ? 'v' : 'a', s->samples->len, s->begins ? '@' : '+', s->start);
}

static void
print_part (Rig *rig, const SegmenterRow *row)
{
  if (row->begins && row->new_period)
    g_string_append (rig->out, row->continuous ? "p " : "P ");
  if (row->begins)
    g_string_append_printf (
        rig->out, "%u:", (guint) GST_TIME_AS_MSECONDS (row->start));
  for (guint i = 0; i < row->segments->len; i++)
    print_chunk (rig, g_ptr_array_index (row->segments, i));
  if (row->ends)
    g_string_append_printf (rig->out, " end %u%s\n",
        (guint) GST_TIME_AS_MSECONDS (row->end), row->last ? " last" : "");
}

static void
drain (Rig *rig)
{
  SegmenterRow *row;

  while ((row = segmenter_next_row (rig->segmenter))) {
    print_part (rig, row);
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
start_with (Rig *rig, const gchar *video, gboolean audio)
{
  SegmenterSettings settings = SEGMENTER_DEFAULT_SETTINGS;

  settings.target = settings.first = GST_SECOND;
  settings.chunk = 200 * GST_MSECOND;
  *rig = (Rig){ segmenter_new (&settings), -1, -1, g_string_new (NULL) };
  if (video) {
    rig->video = segmenter_add_track (rig->segmenter, CMAF_VIDEO);
    set_caps (rig, rig->video, video);
  }
  if (audio) {
    rig->audio = segmenter_add_track (rig->segmenter, CMAF_AUDIO);
    set_caps (rig, rig->audio, AAC);
  }
}

static void
start (Rig *rig, gboolean video, gboolean audio)
{
  start_with (rig, video ? VIDEO_25 : NULL, audio);
}

/* One picture, keyframes every @gop of them. */
static void
picture (Rig *rig, guint n, guint gop)
{
  push (rig, rig->video, n * FRAME, n % gop == 0 ? SEGMENTER_KEYFRAME : 0);
}

/* Both tracks from @from to @to milliseconds in time order, a keyframe every
 * @gop frames. Tracks that the rig does not have are left out; audio is @late
 * milliseconds late. */
static void
feed_late (Rig *rig, guint from, guint to, guint gop, guint late)
{
  GstClockTime end = to * GST_MSECOND;
  guint v = from / 40, a = 0;

  while (AUDIO_FRAME (a) + late * GST_MSECOND < from * GST_MSECOND)
    a++;
  for (;;) {
    GstClockTime vt = rig->video >= 0 ? v * FRAME : GST_CLOCK_TIME_NONE;
    GstClockTime at = rig->audio >= 0 ? AUDIO_FRAME (a) + late * GST_MSECOND
                                      : GST_CLOCK_TIME_NONE;

    if (MIN (vt, at) >= end)
      break;
    if (vt <= at)
      picture (rig, v++, gop);
    else
      push (rig, rig->audio, AUDIO_FRAME (a++), 0);
  }
}

static void
feed (Rig *rig, guint from, guint to, guint gop)
{
  feed_late (rig, from, to, gop, 0);
}

static void
assert_so_far (Rig *rig, const gchar *expected)
{
  assert_equals_string (rig->out->str, expected);
}

static void
finish (Rig *rig, const gchar *expected)
{
  if (rig->video >= 0)
    segmenter_eos (rig->segmenter, rig->video);
  if (rig->audio >= 0)
    segmenter_eos (rig->segmenter, rig->audio);
  drain (rig);
  assert_so_far (rig, expected);
  assert_equals_uint64 (segmenter_get_bytes (rig->segmenter), 0);
  segmenter_free (rig->segmenter);
  g_string_free (rig->out, TRUE);
}

GST_START_TEST (a_chunk_leaves_with_its_last_picture)
{
  Rig rig;

  start (&rig, TRUE, FALSE);
  for (guint i = 0; i < 4; i++)
    picture (&rig, i, 25);
  assert_so_far (&rig, "");
  picture (&rig, 4, 25);
  assert_so_far (&rig, "P 0: v5@0");
  feed (&rig, 200, 1200, 25);
  finish (&rig,
      "P 0: v5@0 v5+18000 v5+36000 v5+54000 v5+72000 end 1000\n"
      "1000: v5@90000 end 1200 last\n");
}
GST_END_TEST;

GST_START_TEST (sound_leaves_on_the_clock_of_the_picture)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 1400, 25);
  finish (&rig,
      "P 0: v5@0 a9@0 v5+18000 a10+9216 v5+36000 a9+19456 v5+54000 a10+28672 "
      "v5+72000 a9+38912 end 1000\n"
      "1000: v5@90000 a9@48128 v5+108000 a10+57344 end 1400 last\n");
}
GST_END_TEST;

GST_START_TEST (without_a_frame_rate_a_chunk_waits_for_one_picture)
{
  Rig rig;

  start_with (&rig, VIDEO_UNKNOWN, FALSE);
  for (guint i = 0; i < 15; i++)
    picture (&rig, i, 25);
  assert_so_far (&rig, "P 0: v5@0 v5+18000");
  picture (&rig, 15, 25);
  assert_so_far (&rig, "P 0: v5@0 v5+18000 v5+36000");
  finish (&rig, "P 0: v5@0 v5+18000 v5+36000 v1+54000 end 640 last\n");
}
GST_END_TEST;

GST_START_TEST (a_row_that_ends_between_two_chunks_flushes_its_rest)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 1100, 23); /* 920 ms */
  finish (&rig,
      "P 0: v5@0 a9@0 v5+18000 a10+9216 v5+36000 a9+19456 v5+54000 a10+28672 "
      "v3+72000 a5+38912 end 920\n"
      "920: v5@82800 a9@44032 end 1120 last\n");
}
GST_END_TEST;

/* The keyframe might come as late as it does and cut off what has left. */
GST_START_TEST (sound_that_is_early_waits_for_the_picture_near_the_end)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  picture (&rig, 0, 25);
  for (guint i = 0; i < 60; i++)
    push (&rig, rig.audio, AUDIO_FRAME (i), 0);
  assert_so_far (&rig, "P 0: a9@0 a10+9216 a9+19456 a10+28672");
  for (guint i = 1; i < 25; i++)
    picture (&rig, i, 25);
  picture (&rig, 25, 25);
  assert_so_far (&rig,
      "P 0: a9@0 a10+9216 a9+19456 a10+28672 v5@0 v5+18000 v5+36000 v5+54000 "
      "v5+72000 a9+38912 end 1000\n"
      "1000: a9@48128");
  finish (&rig,
      "P 0: a9@0 a10+9216 a9+19456 a10+28672 v5@0 v5+18000 v5+36000 v5+54000 "
      "v5+72000 a9+38912 end 1000\n"
      "1000: a9@48128 v1@90000 end 1040 last\n");
}
GST_END_TEST;

GST_START_TEST (sound_that_is_late_holds_the_next_row_up)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed_late (&rig, 0, 1280, 25, 300);
  assert_so_far (&rig,
      "P 0: v5@0 v5+18000 a9@0 v5+36000 a10+9216 v5+54000 a9+19456 v5+72000 "
      "a10+28672");
  feed_late (&rig, 1280, 1400, 25, 300);
  finish (&rig,
      "P 0: v5@0 v5+18000 a9@0 v5+36000 a10+9216 v5+54000 a9+19456 v5+72000 "
      "a10+28672 a9+38912 end 1000\n"
      "1000: v5@90000 v5+108000 a5@48128 end 1400 last\n");
}
GST_END_TEST;

GST_START_TEST (sound_that_stops_is_waited_for_only_so_long)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 600, 25);
  for (guint i = 15; i <= 49; i++)
    picture (&rig, i, 25);
  assert_so_far (&rig,
      "P 0: v5@0 a9@0 v5+18000 a10+9216 v5+36000 a9+19456 v5+54000 v5+72000");
  for (guint i = 50; i <= 55; i++)
    picture (&rig, i, 25);
  rig.audio = -1;
  finish (&rig,
      "P 0: v5@0 a9@0 v5+18000 a10+9216 v5+36000 a9+19456 v5+54000 v5+72000 "
      "a1+28672 end 1000\n"
      "p 1000: v5@90000 v5+108000 v5+126000 v5+144000 v5+162000 end 2000\n"
      "2000: v5@180000 v1+198000 end 2240 last\n");
}
GST_END_TEST;

GST_START_TEST (a_stream_begins_without_sound_that_does_not_come)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  for (guint i = 0; i < 13; i++)
    picture (&rig, i, 25);
  assert_so_far (&rig, "");
  picture (&rig, 13, 25);
  assert_so_far (&rig, "P 0: v5@0 v5+18000");
  rig.audio = -1;
  finish (&rig, "P 0: v5@0 v5+18000 v4+36000 end 560 last\n");
}
GST_END_TEST;

GST_START_TEST (sound_joins_where_a_row_begins)
{
  Rig rig;
  gint audio;

  start (&rig, TRUE, TRUE);
  audio = rig.audio;
  for (guint i = 0; i < 14; i++)
    picture (&rig, i, 25);
  rig.audio = audio;
  feed (&rig, 560, 1400, 25);
  finish (&rig,
      "P 0: v5@0 v5+18000 v5+36000 v5+54000 v5+72000 end 1000\n"
      "p 1000: v5@90000 a9@48128 v5+108000 a10+57344 end 1400 last\n");
}
GST_END_TEST;

GST_START_TEST (pictures_that_are_reordered_keep_their_times)
{
  static const guint order[] = { 0, 3, 1, 2, 6, 4, 5, 9, 7, 8 };
  Rig rig;

  start (&rig, TRUE, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    push (&rig, rig.video, order[i] * FRAME,
        order[i] == 0 ? SEGMENTER_KEYFRAME : 0);
  finish (&rig, "P 0: v5@0 v5+18000 end 400 last\n");
}
GST_END_TEST;

GST_START_TEST (a_break_ends_the_row_and_the_period)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 500, 25);
  feed (&rig, 10000, 10400, 25);
  finish (&rig,
      "P 0: v5@0 a9@0 v5+18000 a10+9216 v3+36000 a5+19456 end 520 last\n"
      "P 10000: v5@900000 a9@480256 v5+918000 a10+489472 end 10400 last\n");
}
GST_END_TEST;

GST_START_TEST (a_new_format_of_the_sound_waits_for_the_next_row)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 480, 25);
  set_caps (&rig, rig.audio, AAC_MONO);
  feed (&rig, 480, 1400, 25);
  finish (&rig,
      "P 0: v5@0 a9@0 v5+18000 a10+9216 a4+19456 v5+36000 v5+54000 v5+72000 "
      "end 1000\n"
      "p 1000: v5@90000 a9@48128 v5+108000 a10+57344 end 1400 last\n");
}
GST_END_TEST;

GST_START_TEST (sound_alone_is_cut_on_its_grid)
{
  Rig rig;

  start (&rig, FALSE, TRUE);
  feed (&rig, 0, 1400, 25);
  finish (&rig,
      "P 0: a9@0 a10+9216 a9+19456 a10+28672 a9+38912 end 1002\n"
      "1002: a9@48128 a10+57344 end 1408 last\n");
}
GST_END_TEST;

GST_START_TEST (a_hole_in_the_sound_stays_in_its_segment)
{
  Rig rig;

  start (&rig, TRUE, TRUE);
  feed (&rig, 0, 400, 25);
  for (guint i = 10; i < 20; i++)
    picture (&rig, i, 25);
  feed (&rig, 800, 1100, 25);
  finish (&rig,
      "P 0: v5@0 a9@0 v5+18000 a10+9216 v5+36000 v5+54000 v5+72000 a9+38912 "
      "end 1000\n"
      "1000: v3@90000 a5@48128 end 1120 last\n");
}
GST_END_TEST;

GST_START_TEST (a_track_that_goes_closes_the_row)
{
  Rig rig;

  start (&rig, TRUE, FALSE);
  feed (&rig, 0, 500, 25);
  segmenter_remove_track (rig.segmenter, rig.video);
  rig.video = -1;
  drain (&rig);
  finish (&rig, "P 0: v5@0 v5+18000 end 400 last\n");
}
GST_END_TEST;

GST_START_TEST (a_flush_closes_the_row)
{
  Rig rig;

  start (&rig, TRUE, FALSE);
  feed (&rig, 0, 500, 25);
  segmenter_flush (rig.segmenter, rig.video);
  feed (&rig, 1000, 1300, 25);
  finish (&rig,
      "P 0: v5@0 v5+18000 end 400 last\n"
      "P 1000: v5@90000 v3+108000 end 1320 last\n");
}
GST_END_TEST;

static Suite *
segmenter_part_suite (void)
{
  Suite *suite = suite_create ("segmenter-part");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, a_chunk_leaves_with_its_last_picture);
  tcase_add_test (tc, sound_leaves_on_the_clock_of_the_picture);
  tcase_add_test (tc, without_a_frame_rate_a_chunk_waits_for_one_picture);
  tcase_add_test (tc, a_row_that_ends_between_two_chunks_flushes_its_rest);
  tcase_add_test (tc, sound_that_is_early_waits_for_the_picture_near_the_end);
  tcase_add_test (tc, sound_that_is_late_holds_the_next_row_up);
  tcase_add_test (tc, sound_that_stops_is_waited_for_only_so_long);
  tcase_add_test (tc, a_stream_begins_without_sound_that_does_not_come);
  tcase_add_test (tc, sound_joins_where_a_row_begins);
  tcase_add_test (tc, pictures_that_are_reordered_keep_their_times);
  tcase_add_test (tc, a_break_ends_the_row_and_the_period);
  tcase_add_test (tc, a_new_format_of_the_sound_waits_for_the_next_row);
  tcase_add_test (tc, sound_alone_is_cut_on_its_grid);
  tcase_add_test (tc, a_hole_in_the_sound_stays_in_its_segment);
  tcase_add_test (tc, a_track_that_goes_closes_the_row);
  tcase_add_test (tc, a_flush_closes_the_row);
  return suite;
}

GST_CHECK_MAIN (segmenter_part);
