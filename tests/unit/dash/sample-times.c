/* SPDX-License-Identifier: MIT
 *
 * From rough times to exact ticks. */

#include <gst/check/gstcheck.h>

#include "dash/sample-times.h"

#define AVCC "01640028ffe100046764002801000468ee3c80"

static CmafFormat *
video_format (const gchar *rate)
{
  g_autofree gchar *text =
      g_strdup_printf ("video/x-h264, stream-format=avc, width=16, height=16, "
                       "framerate=(fraction)%s, codec_data=(buffer)" AVCC,
          rate);
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);

  return cmaf_format_new_from_caps (caps, NULL);
}

static CmafFormat *
audio_format (const gchar *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);

  return cmaf_format_new_from_caps (caps, NULL);
}

#define AAC_48000                                                              \
  "audio/mpeg, mpegversion=4, rate=48000, channels=2, codec_data=(buffer)1190"
#define AAC_44100                                                              \
  "audio/mpeg, mpegversion=4, rate=44100, channels=2, codec_data=(buffer)1210"

/* Frame @i of a source that rounds its times as its protocol does. */
static GstClockTime
stamp (guint64 i, guint fps_n, guint fps_d, GstClockTime unit)
{
  GstClockTime time = gst_util_uint64_scale (i, fps_d * GST_SECOND, fps_n);

  return time / unit * unit;
}

static const struct {
  const gchar *name, *rate;
  guint fps_n, fps_d;
  GstClockTime unit; /* what the source rounds to */
  guint step;        /* ticks from frame to frame */
} grids[] = {
  { "30000/1001, exact", "30000/1001", 30000, 1001, 1, 3003 },
  { "25, exact", "25/1", 25, 1, 1, 3600 },
  { "30000/1001, RTMP milliseconds", "30000/1001", 30000, 1001, GST_MSECOND,
      3003 },
  { "30, RTMP milliseconds", "30/1", 30, 1, GST_MSECOND, 3000 },
  { "60, RTMP milliseconds", "60/1", 60, 1, GST_MSECOND, 1500 },
};

GST_START_TEST (frames_fall_on_the_grid_of_their_rate)
{
  g_autoptr (CmafFormat) format = video_format (grids[__i__].rate);
  GstClockTime zero = 1234567891;
  TickAnchor anchor = tick_anchor_at (zero, format->timescale);

  for (guint i = 0; i < 200000; i += 997) /* hours: nothing adds up */
    assert_equals_uint64 (sample_times_video_tick (&anchor, format,
                              zero +
                                  stamp (i, grids[__i__].fps_n,
                                      grids[__i__].fps_d, grids[__i__].unit)),
        anchor.ticks + (guint64) i * grids[__i__].step);
}
GST_END_TEST;

GST_START_TEST (frames_off_the_grid_keep_their_time)
{
  g_autoptr (CmafFormat) format = video_format ("25/1");
  TickAnchor anchor = tick_anchor_at (GST_SECOND, format->timescale);

  assert_equals_uint64 (
      sample_times_video_tick (&anchor, format, GST_SECOND + 20 * GST_MSECOND),
      90000 + 1800);
  assert_equals_uint64 (
      sample_times_video_tick (&anchor, format, GST_SECOND - GST_MSECOND),
      90000 - 90);
  assert_equals_uint64 (
      tick_anchor_time (&anchor, 90000, 90000 - 90), GST_SECOND - GST_MSECOND);
  assert_equals_uint64 (tick_anchor_tick (&anchor, 90000, 0), 0);
}
GST_END_TEST;

static MediaUnit *
unit_new (CmafFormat *format, GstClockTime pts)
{
  MediaUnit *unit = g_new0 (MediaUnit, 1);

  unit->buffer = gst_buffer_new_allocate (NULL, 10, NULL);
  unit->format = cmaf_format_ref (format);
  unit->pts = pts;
  unit->duration = GST_CLOCK_TIME_NONE;
  return unit;
}

/* Frame numbers in decoding order; the segment starts at 0 and has as many
 * frames as are listed. */
static const struct {
  const gchar *name;
  gint pts_ms[8];
  guint n;
  guint64 end;
  gboolean ok;
  guint durations[8];
  gint offsets[8];
} segments[] = {
  { "no reordering", { 0, 40, 80 }, 3, 10800, TRUE, { 3600, 3600, 3600 },
      { 0, 0, 0 } },
  { "B-frames: decoding starts at the earliest presentation time",
      { 0, 120, 40, 80, 200, 160 }, 6, 21600, TRUE,
      { 3600, 3600, 3600, 3600, 3600, 3600 },
      { 0, 7200, -3600, -3600, 3600, -3600 } },
  { "a frame is missing", { 0, 40, 120 }, 3, 14400, TRUE, { 3600, 7200, 3600 },
      { 0, 0, 0 } },
  { "two frames with the same time", { 0, 40, 40 }, 3, 10800, TRUE,
      { 3600, 1, 7199 }, { 0, 0, -1 } },
  { "a frame beyond the end is pressed in", { 0, 40, 200 }, 3, 10800, TRUE,
      { 3600, 7199, 1 }, { 0, 0, 18000 - 10799 } },
  { "leading pictures of an open GOP", { 80, 0, 40, 120 }, 4, 7200 + 10800,
      TRUE, { 1, 1, 3598, 7200 }, { 0, -7201, -3602, 0 } },
  { "more frames than ticks", { 0, 40, 80 }, 3, 2, FALSE },
  { "no frames", { 0 }, 0, 3600, FALSE },
};

GST_START_TEST (decoding_times_are_presentation_times_in_order)
{
  g_autoptr (CmafFormat) format = video_format ("25/1");
  TickAnchor anchor = tick_anchor_at (0, format->timescale);
  g_autoptr (GPtrArray) units =
      g_ptr_array_new_with_free_func ((GDestroyNotify) media_unit_free);
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (CmafSample));
  guint64 start = segments[__i__].pts_ms[0] * 90;

  for (guint i = 0; i < segments[__i__].n; i++)
    g_ptr_array_add (
        units, unit_new (format, segments[__i__].pts_ms[i] * GST_MSECOND));
  assert_equals_int (
      sample_times_video (&anchor, (MediaUnit *const *) units->pdata,
          units->len, start, segments[__i__].end, samples),
      segments[__i__].ok);
  assert_equals_int (samples->len, segments[__i__].ok ? segments[__i__].n : 0);
  for (guint i = 0; i < samples->len; i++) {
    const CmafSample *s = &g_array_index (samples, CmafSample, i);

    assert_equals_int (s->duration, segments[__i__].durations[i]);
    assert_equals_int (s->composition_offset, segments[__i__].offsets[i]);
  }
}
GST_END_TEST;

/* Times of AAC frames in milliseconds; what becomes of each. */
static const struct {
  const gchar *name, *caps;
  gint pts_ms[6];
  guint n;
  AudioPlace places[6];
  guint64 ticks[6];
} clocks[] = {
  { "milliseconds of 48 kHz are counted", AAC_48000, { 0, 21, 43, 64, 85, 107 },
      6, { 0 }, { 0, 1024, 2048, 3072, 4096, 5120 } },
  { "milliseconds of 44.1 kHz are counted", AAC_44100, { 0, 23, 46, 70, 93 }, 5,
      { 0 }, { 0, 1024, 2048, 3072, 4096 } },
  { "one frame lost: the one before it lasts longer", AAC_48000, { 0, 43, 64 },
      3, { AUDIO_FOLLOWS, AUDIO_ABSORBS, AUDIO_FOLLOWS }, { 0, 2048, 3072 } },
  { "two frames lost are made up for", AAC_48000, { 0, 64, 85 }, 3,
      { AUDIO_FOLLOWS, AUDIO_ABSORBS, AUDIO_FOLLOWS }, { 0, 3072, 4096 } },
  { "a long hole stays", AAC_48000, { 0, 21, 300, 321 }, 4,
      { AUDIO_FOLLOWS, AUDIO_FOLLOWS, AUDIO_HOLE, AUDIO_FOLLOWS },
      { 0, 1024, 14336, 15360 } },
  { "time that is taken is not given twice", AAC_48000, { 100, 121, 60, 143 },
      4, { AUDIO_FOLLOWS, AUDIO_FOLLOWS, AUDIO_LATE, AUDIO_FOLLOWS },
      { 4800, 5824, 0, 6848 } },
};

GST_START_TEST (audio_is_counted_and_follows_real_steps)
{
  g_autoptr (CmafFormat) format = audio_format (clocks[__i__].caps);
  TickAnchor anchor = tick_anchor_at (0, format->timescale);
  AudioClock clock = { G_MAXUINT64 };

  for (guint i = 0; i < clocks[__i__].n; i++) {
    MediaUnit *unit = unit_new (format, clocks[__i__].pts_ms[i] * GST_MSECOND);
    guint64 tick = 0;
    guint32 duration;

    assert_equals_int (
        audio_clock_place (&clock, &anchor, unit, &tick, &duration),
        clocks[__i__].places[i]);
    assert_equals_uint64 (tick, clocks[__i__].ticks[i]);
    assert_equals_int (duration, 1024);
    media_unit_free (unit);
  }
}
GST_END_TEST;

GST_START_TEST (audio_that_drifts_is_never_far_off)
{
  g_autoptr (CmafFormat) format = audio_format (AAC_48000);
  TickAnchor anchor = tick_anchor_at (0, format->timescale);

  for (gint ppm = -2000; ppm <= 2000; ppm += 1000) {
    AudioClock clock = { G_MAXUINT64 };

    for (guint64 i = 0; i < 20000; i++) {
      GstClockTime exact = gst_util_uint64_scale (i, 1024 * GST_SECOND, 48000);
      GstClockTime pts = exact + (gint64) (exact / 1000000) * ppm;
      MediaUnit *unit = unit_new (format, pts);
      guint64 tick;
      guint32 duration;

      if (audio_clock_place (&clock, &anchor, unit, &tick, &duration) !=
          AUDIO_LATE) {
        gint64 error = (gint64) tick -
            (gint64) gst_util_uint64_scale (pts, 48000, GST_SECOND);

        fail_unless (
            ABS (error) <= 514, "%d ppm: off by %" G_GINT64_FORMAT, ppm, error);
      }
      media_unit_free (unit);
    }
  }
}
GST_END_TEST;

static Suite *
sample_times_suite (void)
{
  Suite *suite = suite_create ("sample-times");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, frames_fall_on_the_grid_of_their_rate, 0, G_N_ELEMENTS (grids));
  tcase_add_test (tc, frames_off_the_grid_keep_their_time);
  tcase_add_loop_test (tc, decoding_times_are_presentation_times_in_order, 0,
      G_N_ELEMENTS (segments));
  tcase_add_loop_test (
      tc, audio_is_counted_and_follows_real_steps, 0, G_N_ELEMENTS (clocks));
  tcase_add_test (tc, audio_that_drifts_is_never_far_off);
  return suite;
}

GST_CHECK_MAIN (sample_times);
