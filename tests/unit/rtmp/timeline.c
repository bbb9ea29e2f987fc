/* SPDX-License-Identifier: MIT
 *
 * Timestamps of a publication: steps of (kind, wire time, arrival) and the
 * time that comes out. */

#include <gst/check/gstcheck.h>

#include "rtmp/rtmp-timeline.h"

#define V PENSTOCK_FLV_VIDEO
#define A PENSTOCK_FLV_AUDIO
#define MAX_STEPS 10
#define OK PENSTOCK_RTMP_TIME_OK
#define RESYNC PENSTOCK_RTMP_TIME_RESYNC

typedef struct {
  PenstockFlvKind kind;
  guint32 wire;
  guint arrival_ms;
  gint64 out_ms;
  PenstockRtmpTimeResult result;
} Step;

typedef struct {
  const gchar *name;
  guint n_steps;
  Step steps[MAX_STEPS];
} Row;

static const Row rows[] = {
  { "the first message is time 0", 3,
      { { V, 5000, 0, 0, OK }, { A, 5010, 5, 10, OK },
          { V, 5040, 40, 40, OK } } },
  { "the second kind may begin earlier", 2,
      { { V, 5000, 0, 0, OK }, { A, 4900, 5, -100, OK } } },
  { "32 bits wrap", 3,
      { { V, 0xfffffff0, 0, 0, OK }, { V, 0x18, 40, 40, OK },
          { A, 0x20, 45, 48, OK } } },
  { "31 bits wrap", 3,
      { { V, 0x7ffffff0, 0, 0, OK }, { V, 0x18, 40, 40, OK },
          { V, 0x40, 80, 80, OK } } },
  { "31 bits wrap for both kinds", 4,
      { { V, 0x7ffffff0, 0, 0, OK }, { A, 0x7ffffff8, 1, 8, OK },
          { V, 0x18, 40, 40, OK }, { A, 0x20, 41, 48, OK } } },
  { "a small step back is jitter", 3,
      { { V, 1000, 0, 0, OK }, { V, 1900, 40, 900, OK },
          { V, 901, 80, -99, OK } } },
  { "a step back of a second is a jump, and time goes on", 3,
      { { V, 10000, 0, 0, OK }, { V, 10040, 40, 40, OK },
          { V, 0, 80, 80, RESYNC } } },
  { "both kinds jump together and stay together", 6,
      { { V, 100000, 0, 0, OK }, { A, 100010, 1, 10, OK },
          { V, 100040, 40, 40, OK }, { V, 0, 80, 80, RESYNC },
          { A, 5, 85, 85, RESYNC }, { V, 40, 120, 120, OK } } },
  { "one kind jumps alone", 5,
      { { V, 1000, 0, 0, OK }, { A, 1000, 0, 0, OK }, { A, 1020, 20, 20, OK },
          { A, 900020, 40, 40, RESYNC }, { V, 1040, 41, 40, OK } } },
  { "a jump forward without time passing", 3,
      { { V, 0, 0, 0, OK }, { V, 40, 40, 40, OK },
          { V, 20040, 80, 80, RESYNC } } },
  { "a stall is no jump", 3,
      { { V, 0, 0, 0, OK }, { V, 40, 40, 40, OK },
          { V, 20040, 19900, 20040, OK } } },
  { "ten seconds are no jump", 2,
      { { V, 0, 0, 0, OK }, { V, 10000, 40, 10000, OK } } },
  { "time after a pause with new timestamps is real", 3,
      { { V, 500000, 0, 0, OK }, { V, 500040, 40, 40, OK },
          { V, 0, 8040, 8040, RESYNC } } },
  { "kinds with unrelated clocks start together", 3,
      { { V, 0, 0, 0, OK }, { A, 3600000, 10, 0, RESYNC },
          { A, 3600020, 30, 20, OK } } },
};

GST_START_TEST (times_follow_the_table)
{
  const Row *row = &rows[__i__];
  PenstockRtmpTimeline timeline;

  penstock_rtmp_timeline_init (&timeline);
  for (guint i = 0; i < row->n_steps; i++) {
    const Step *step = &row->steps[i];
    gint64 out = G_MININT64;
    PenstockRtmpTimeResult result =
        penstock_rtmp_timeline_next (&timeline, step->kind, step->wire,
            GST_SECOND + step->arrival_ms * GST_MSECOND, &out);

    fail_unless (out == step->out_ms, "%s: step %u: %" G_GINT64_FORMAT " ms",
        row->name, i, out);
    fail_unless (
        result == step->result, "%s: step %u: %u", row->name, i, result);
  }
}
GST_END_TEST;

GST_START_TEST (frozen_time_becomes_arrival_time)
{
  PenstockRtmpTimeline timeline;
  gint64 out, last = -1;

  penstock_rtmp_timeline_init (&timeline);
  for (guint i = 0; i < 200; i++) {
    penstock_rtmp_timeline_next (
        &timeline, PENSTOCK_FLV_VIDEO, 0, i * 40 * GST_MSECOND, &out);
    fail_unless (out >= last);
    if (timeline.frozen && last > 0)
      assert_equals_int64 (out - last, 40);
    last = out;
  }
  fail_unless (timeline.frozen);
  fail_unless (out > 100 * 40);
}
GST_END_TEST;

GST_START_TEST (a_burst_of_one_time_is_not_frozen)
{
  PenstockRtmpTimeline timeline;
  gint64 out;

  penstock_rtmp_timeline_init (&timeline);
  for (guint i = 0; i < 100; i++)
    penstock_rtmp_timeline_next (
        &timeline, PENSTOCK_FLV_VIDEO, 7, i * GST_USECOND, &out);
  fail_if (timeline.frozen);
  penstock_rtmp_timeline_next (
      &timeline, PENSTOCK_FLV_VIDEO, 47, 40 * GST_MSECOND, &out);
  assert_equals_int64 (out, 40);
}
GST_END_TEST;

static Suite *
timeline_suite (void)
{
  Suite *s = suite_create ("rtmp-timeline");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, times_follow_the_table, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tc, frozen_time_becomes_arrival_time);
  tcase_add_test (tc, a_burst_of_one_time_is_not_frozen);
  return s;
}

GST_CHECK_MAIN (timeline);
