/* SPDX-License-Identifier: MIT
 *
 * Decoding times of pictures that leave chunk by chunk. A row says when the
 * pictures of one segment are shown, in decoding order, and how many have come
 * when a chunk is asked for; what leaves is compared as text, one chunk after
 * the other: the decoding times, and where the next picture is decoded. */

#include <gst/check/gstcheck.h>

#include "dash/video-clock.h"

#define CAPS(fps)                                                              \
  "video/x-h264, stream-format=avc, width=16, height=16, " fps                 \
  "codec_data=(buffer)01640028ffe100046764002801000468ee3c80"
#define CHUNK 18000 /* 200 ms */

static GPtrArray *
units (const gchar *caps_text, const guint *shown_ms, guint n)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  g_autoptr (CmafFormat) format = cmaf_format_new_from_caps (caps, NULL);
  GPtrArray *out =
      g_ptr_array_new_with_free_func ((GDestroyNotify) media_unit_free);

  for (guint i = 0; i < n; i++) {
    MediaUnit *unit = g_new0 (MediaUnit, 1);

    unit->buffer = gst_buffer_new_allocate (NULL, 10, NULL);
    unit->pts = shown_ms[i] * GST_MSECOND;
    unit->duration = GST_CLOCK_TIME_NONE;
    unit->format = cmaf_format_ref (format);
    unit->keyframe = i == 0;
    g_ptr_array_add (out, unit);
  }
  return out;
}

/* Everything that can leave of the first @n units; @first is moved on. */
static void
take_all (VideoClock *clock, const TickAnchor *anchor, GPtrArray *all,
    guint *first, guint n, guint64 end, GString *out)
{
  for (;;) {
    g_autoptr (GArray) samples =
        g_array_new (FALSE, FALSE, sizeof (CmafSample));
    guint64 tick = clock->next;
    guint64 until = clock->start +
        (tick - clock->start + CHUNK / 2 + CHUNK - 1) / CHUNK * CHUNK;
    guint taken = video_clock_take (clock, anchor,
        (MediaUnit *const *) all->pdata + *first, n - *first, until, end,
        samples);

    if (taken == 0)
      return;
    assert_equals_int (samples->len, taken);
    for (guint i = 0; i < taken; i++) {
      const CmafSample *s = &g_array_index (samples, CmafSample, i);
      const MediaUnit *unit = g_ptr_array_index (all, *first + i);
      guint64 shown = sample_times_video_tick (anchor, unit->format, unit->pts);

      if (shown >= clock->start)
        assert_equals_uint64 (tick + s->composition_offset, shown);
      g_string_append_printf (out, "%" G_GUINT64_FORMAT " ", tick / 90);
      tick += s->duration;
    }
    assert_equals_uint64 (tick, clock->next);
    g_string_append_printf (out, "|%" G_GUINT64_FORMAT " ", tick / 90);
    *first += taken;
  }
}

#define FPS_25 CAPS ("framerate=(fraction)25/1, ")
#define NO_FPS CAPS ("")

static const struct {
  const gchar *name, *caps;
  guint shown[16], n;
  guint end_ms;
  const gchar *expected;
} rows[] = {
  { "in order", FPS_25, { 0, 40, 80, 120, 160, 200, 240 }, 7, 280,
      "0 40 80 120 160 |200 200 240 |280 " },
  { "the end is not where the frame rate says", FPS_25,
      { 0, 40, 80, 120, 160, 200, 240 }, 7, 290,
      "0 40 80 120 160 |200 200 240 |290 " },
  { "two pictures between two others", FPS_25,
      { 0, 120, 40, 80, 240, 160, 200 }, 7, 280,
      "0 40 80 120 160 |200 200 240 |280 " },
  { "a pyramid of them", FPS_25, { 0, 160, 80, 40, 120, 320, 240, 200, 280 }, 9,
      360, "0 40 80 120 160 |200 200 240 280 320 |360 " },
  { "no frame rate", NO_FPS, { 0, 41, 79, 121, 160, 199, 241 }, 7, 280,
      "0 41 79 121 160 |199 199 241 |280 " },
  { "slower than the frame rate says", FPS_25, { 0, 66, 133, 200, 266, 333 }, 6,
      400, "0 66 106 146 |186 186 |333 333 |400 " },
  { "a picture is missing", FPS_25, { 0, 40, 120, 160, 200, 240 }, 6, 280,
      "0 40 80 120 160 |200 200 |280 " },
  { "long pictures", CAPS ("framerate=(fraction)2/1, "), { 0, 500, 1000 }, 3,
      1500, "0 |500 500 |1000 1000 |1500 " },
};

GST_START_TEST (pictures_are_decoded_in_the_order_they_are_shown)
{
  TickAnchor anchor = { 0, 0 };
  g_autoptr (GPtrArray) all =
      units (rows[__i__].caps, rows[__i__].shown, rows[__i__].n);
  g_autoptr (GString) out = g_string_new (NULL);
  VideoClock clock;
  guint first = 0;

  video_clock_init (&clock);
  video_clock_begin (&clock, &anchor, g_ptr_array_index (all, 0));
  for (guint n = 1; n <= all->len; n++)
    take_all (&clock, &anchor, all, &first, n, G_MAXUINT64, out);
  take_all (
      &clock, &anchor, all, &first, all->len, rows[__i__].end_ms * 90, out);
  fail_unless (g_str_equal (out->str, rows[__i__].expected), "%s: %s not %s",
      rows[__i__].name, out->str, rows[__i__].expected);
  video_clock_clear (&clock);
}
GST_END_TEST;

static const struct {
  const gchar *name, *caps;
  guint64 next;
  guint shown_ms;
  guint64 expected;
} begins[] = {
  { "nothing before it", FPS_25, G_MAXUINT64, 2003, 180270 },
  { "where the one before it ends", FPS_25, 180000, 2000, 180000 },
  { "a little later", FPS_25, 180000, 2015, 180000 },
  { "much later", FPS_25, 180000, 2030, 182700 },
  { "earlier", FPS_25, 180000, 1960, 180000 },
  { "half a short picture later", CAPS ("framerate=(fraction)100/1, "), 180000,
      2006, 180540 },
};

GST_START_TEST (a_segment_starts_where_the_one_before_it_ends)
{
  TickAnchor anchor = { 0, 0 };
  g_autoptr (GPtrArray) key =
      units (begins[__i__].caps, &begins[__i__].shown_ms, 1);
  VideoClock clock;

  video_clock_init (&clock);
  clock.next = begins[__i__].next;
  assert_equals_uint64 (
      video_clock_begin (&clock, &anchor, g_ptr_array_index (key, 0)),
      begins[__i__].expected);
  assert_equals_uint64 (clock.start, begins[__i__].expected);
  assert_equals_uint64 (clock.next, begins[__i__].expected);
  video_clock_clear (&clock);
}
GST_END_TEST;

static Suite *
video_clock_suite (void)
{
  Suite *suite = suite_create ("video-clock");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, pictures_are_decoded_in_the_order_they_are_shown, 0,
      G_N_ELEMENTS (rows));
  tcase_add_loop_test (tc, a_segment_starts_where_the_one_before_it_ends, 0,
      G_N_ELEMENTS (begins));
  return suite;
}

GST_CHECK_MAIN (video_clock);
