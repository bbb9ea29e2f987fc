/* SPDX-License-Identifier: MIT
 *
 * Which rows are on a grid of regular segments: one video and one audio track,
 * times in milliseconds. */

#include <gst/check/gstcheck.h>

#include "dash/segment-grid.h"

#define VIDEO                                                                  \
  "video/x-h264, stream-format=avc, width=16, height=16, "                     \
  "framerate=(fraction)25/1, "                                                 \
  "codec_data=(buffer)01640028ffe100046764002801000468ee3c80"
#define AUDIO                                                                  \
  "audio/mpeg, mpegversion=4, rate=48000, channels=2, codec_data=(buffer)1190"

#define TARGET (2 * GST_SECOND)

static CmafFormat *
format (const gchar *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  CmafFormat *result = cmaf_format_new_from_caps (caps, NULL);

  fail_unless (result != NULL);
  return result;
}

static void
free_segment (gpointer segment)
{
  g_free (segment);
}

static SegmenterRow *
new_row (guint start, guint end)
{
  SegmenterRow *row = g_new0 (SegmenterRow, 1);

  row->segments = g_ptr_array_new_with_free_func (free_segment);
  row->units = g_ptr_array_new ();
  row->start = start * GST_MSECOND;
  row->end = end * GST_MSECOND;
  return row;
}

static void
add (SegmenterRow *row, guint track, guint start, guint end)
{
  SegmenterSegment *segment = g_new0 (SegmenterSegment, 1);
  CmafFormat *f = row->formats[track];

  if (!f)
    f = row->formats[track] = format (track == 0 ? VIDEO : AUDIO);
  segment->track = track;
  segment->format = f;
  segment->start = (guint64) start * f->timescale / 1000;
  segment->duration = (guint64) (end - start) * f->timescale / 1000;
  row->tracks |= 1u << track;
  row->origins[track] = row->start / GST_MSECOND * f->timescale / 1000;
  g_ptr_array_add (row->segments, segment);
}

/* A row of both tracks that start and end with it. */
static SegmenterRow *
plain_row (guint start, guint end)
{
  SegmenterRow *row = new_row (start, end);

  add (row, 0, start, end);
  add (row, 1, start, end);
  return row;
}

/* The grid of 2 s that begins at 1 s and has @n rows already. */
static SegmentGrid
grid_of (guint n)
{
  g_autoptr (SegmenterRow) row = plain_row (1000, 3000);
  SegmentGrid grid = segment_grid_guess (row, TARGET);

  grid.rows = n;
  return grid;
}

/* ---- the next row; the grid has one row, its place is 3000 to 5000 ---- */

typedef struct {
  const gchar *name;
  guint start, end;             /* of row and video */
  guint audio_start, audio_end; /* 0-0: none */
  gboolean fits, last;
  guint second_start; /* of a second audio segment; 0: none */
} NextRow;

static const NextRow rows[] = {
  { "in its place", 3000, 5000, 3000, 5000, TRUE },
  { "audio ends with its unit", 3000, 5000, 2990, 5011, TRUE },
  { "half a frame early", 2980, 4980, 2980, 4980, TRUE },
  { "almost half a duration early", 2010, 4010, 2010, 4010, TRUE },
  { "more than half a duration early", 1990, 3990, 1990, 3990, FALSE },
  { "within what a player may be early", 3050, 5050, 3050, 5050, TRUE },
  { "later than players ask for it", 3051, 5051, 3051, 5051, FALSE },
  { "half as long", 3000, 4000, 3000, 4000, TRUE },
  { "less than half as long", 3000, 3990, 3000, 3990, FALSE },
  { "less than half as long, the last", 3000, 3400, 3000, 3400, TRUE, TRUE },
  { "half as long again from early on", 2000, 5000, 2000, 5000, TRUE },
  { "more than half as long again", 2000, 5010, 2000, 5010, FALSE },
  { "a GOP of twice the duration", 3000, 7000, 3000, 7000, FALSE },
  { "the last and too long", 3000, 5100, 3000, 5100, FALSE, TRUE },
  { "the last and over before its place", 2900, 3000, 2900, 3000, FALSE, TRUE },
  { "without audio", 3000, 5000, 0, 0, FALSE },
  { "a hole in the audio", 3000, 5000, 3000, 4200, FALSE, FALSE, 4500 },
  { "audio is late by half a duration", 3000, 5000, 4010, 5010, FALSE },
  { "audio ends much too early", 3000, 5000, 3000, 3990, FALSE },
};

GST_START_TEST (a_row_fits_when_players_find_it_in_its_place)
{
  const NextRow *next = &rows[__i__];
  SegmentGrid grid = grid_of (1);
  g_autoptr (SegmenterRow) row = new_row (next->start, next->end);

  add (row, 0, next->start, next->end);
  if (next->audio_end)
    add (row, 1, next->audio_start, next->audio_end);
  else
    row->formats[1] = format (AUDIO), row->tracks |= 2;
  if (next->second_start)
    add (row, 1, next->second_start, next->end);
  row->last = next->last;
  fail_unless (segment_grid_fits (&grid, row) == next->fits, "%s", next->name);
}
GST_END_TEST;

/* ---- the first row ---- */

GST_START_TEST (video_lasts_as_long_as_its_first_segment)
{
  g_autoptr (SegmenterRow) row = plain_row (0, 2400);
  SegmentGrid grid = segment_grid_guess (row, TARGET);

  assert_equals_uint64 (segment_grid_ticks (&grid, 90000), 216000);
  assert_equals_uint64 (segment_grid_ticks (&grid, 48000), 115200);
  assert_equals_uint64 (segment_grid_place (&grid, 5), 12 * GST_SECOND);
}
GST_END_TEST;

GST_START_TEST (audio_alone_is_cut_at_multiples_of_the_target)
{
  g_autoptr (SegmenterRow) row = new_row (0, 2011);
  SegmentGrid grid;

  add (row, 1, 0, 2011);
  grid = segment_grid_guess (row, TARGET);
  assert_equals_uint64 (segment_grid_ticks (&grid, 48000), 96000);
}
GST_END_TEST;

GST_START_TEST (a_first_row_that_ends_the_period_has_no_grid)
{
  g_autoptr (SegmenterRow) row = plain_row (0, 2000);

  row->last = TRUE;
  fail_unless (segment_grid_guess (row, TARGET).ticks == 0);
}
GST_END_TEST;

GST_START_TEST (a_first_row_with_a_hole_has_no_grid)
{
  g_autoptr (SegmenterRow) row = new_row (0, 2000);

  add (row, 0, 0, 2000);
  add (row, 1, 0, 800);
  add (row, 1, 1000, 2000);
  fail_unless (segment_grid_guess (row, TARGET).ticks == 0);
}
GST_END_TEST;

GST_START_TEST (a_track_that_joins_late_has_no_grid)
{
  g_autoptr (SegmenterRow) row = new_row (0, 1800);

  add (row, 0, 0, 1800);
  add (row, 1, 910, 1800);
  fail_unless (segment_grid_guess (row, TARGET).ticks == 0);
}
GST_END_TEST;

GST_START_TEST (nothing_fits_without_a_grid)
{
  SegmentGrid none = { 0 };
  g_autoptr (SegmenterRow) row = plain_row (0, 2000);

  fail_if (segment_grid_fits (&none, row));
}
GST_END_TEST;

/* ---- after a wrong guess ---- */

GST_START_TEST (a_grid_that_was_proven_goes_on_with_its_average)
{
  SegmentGrid old = grid_of (SEGMENT_GRID_PROVEN), grid;
  /* 30 rows of 2002 ms */
  g_autoptr (SegmenterRow) row = plain_row (61060, 63062);

  fail_if (segment_grid_fits (&old, row));
  grid = segment_grid_refine (&old, row);
  assert_equals_uint64 (segment_grid_ticks (&grid, 90000), 180180);
  assert_equals_uint64 (grid.start, 61060 * GST_MSECOND);
  fail_unless (segment_grid_fits (&grid, row));
}
GST_END_TEST;

GST_START_TEST (a_grid_that_was_not_proven_is_given_up)
{
  SegmentGrid old = grid_of (SEGMENT_GRID_PROVEN - 1);
  g_autoptr (SegmenterRow) row = plain_row (59060, 61062);

  fail_unless (segment_grid_refine (&old, row).ticks == 0);
}
GST_END_TEST;

GST_START_TEST (a_proven_grid_is_given_up_for_a_row_of_another_length)
{
  SegmentGrid old = grid_of (SEGMENT_GRID_PROVEN);
  g_autoptr (SegmenterRow) row = plain_row (61000, 65000);

  fail_unless (segment_grid_refine (&old, row).ticks == 0);
}
GST_END_TEST;

static Suite *
segment_grid_suite (void)
{
  Suite *suite = suite_create ("segment-grid");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, a_row_fits_when_players_find_it_in_its_place, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tc, video_lasts_as_long_as_its_first_segment);
  tcase_add_test (tc, audio_alone_is_cut_at_multiples_of_the_target);
  tcase_add_test (tc, a_first_row_that_ends_the_period_has_no_grid);
  tcase_add_test (tc, a_first_row_with_a_hole_has_no_grid);
  tcase_add_test (tc, a_track_that_joins_late_has_no_grid);
  tcase_add_test (tc, nothing_fits_without_a_grid);
  tcase_add_test (tc, a_grid_that_was_proven_goes_on_with_its_average);
  tcase_add_test (tc, a_grid_that_was_not_proven_is_given_up);
  tcase_add_test (tc, a_proven_grid_is_given_up_for_a_row_of_another_length);
  return suite;
}

GST_CHECK_MAIN (segment_grid);
