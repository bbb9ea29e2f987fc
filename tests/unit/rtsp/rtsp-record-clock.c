/* SPDX-License-Identifier: MIT
 *
 * Tracks of a publisher on one timeline: by reports, and without. */

#include <gst/check/gstcheck.h>

#include "rtsp/rtsp-record-clock.h"

#define MS ((gint64) GST_MSECOND)
#define VIDEO 0
#define AUDIO 1
#define VIDEO_RATE 90000
#define AUDIO_RATE 48000
#define AAC_FRAME 1024
/* Of the sender's clock when media time is 0: some day in 2026. */
#define NTP_START (G_GUINT64_CONSTANT (4000000000) << 32)
/* RTP times begin anywhere. */
#define VIDEO_BASE 4294900000u /* wraps after 0.7 s */
#define AUDIO_BASE 123456789u

static guint32
video_rtp (gint64 ms)
{
  return VIDEO_BASE + (guint32) (ms * VIDEO_RATE / 1000);
}

static guint32
audio_rtp (gint64 ms)
{
  return AUDIO_BASE + (guint32) (ms * AUDIO_RATE / 1000);
}

static guint64
ntp (gint64 ms)
{
  return NTP_START + (guint64) ((ms << 32) / 1000);
}

static PenstockRecordClock *
clock_new (void)
{
  PenstockRecordClock *clock = g_new0 (PenstockRecordClock, 1);

  penstock_record_clock_add_track (clock, VIDEO, VIDEO_RATE, 0);
  penstock_record_clock_add_track (clock, AUDIO, AUDIO_RATE, AAC_FRAME);
  return clock;
}

static void
video (PenstockRecordClock *clock, gint64 ms, gint64 arrival_ms)
{
  penstock_record_clock_take_packet (
      clock, VIDEO, video_rtp (ms), arrival_ms * MS);
}

static void
audio (PenstockRecordClock *clock, gint64 ms, gint64 arrival_ms)
{
  penstock_record_clock_take_packet (
      clock, AUDIO, audio_rtp (ms), arrival_ms * MS);
}

static gboolean
is_placed (PenstockRecordClock *clock, guint track, gint64 now_ms)
{
  gint64 offset;

  return penstock_record_clock_place (clock, track, now_ms * MS, &offset);
}

/* Common time, in ms, of what a track has at @ms. */
static gdouble
common (PenstockRecordClock *clock, guint track, gint64 ms, gint64 now_ms)
{
  guint32 rtp = track == VIDEO ? video_rtp (ms) : audio_rtp (ms);
  gint64 offset = 0;

  fail_unless (
      penstock_record_clock_place (clock, track, now_ms * MS, &offset));
  return (gdouble) (penstock_record_clock_get_time (clock, track, rtp) +
             offset) /
      MS;
}

/* How much later than the picture the sound of the same moment is. */
static gdouble
audio_late (PenstockRecordClock *clock, gint64 ms, gint64 now_ms)
{
  return common (clock, AUDIO, ms, now_ms) - common (clock, VIDEO, ms, now_ms);
}

static void
assert_near (gdouble value, gdouble expected, gdouble tolerance)
{
  fail_unless (
      ABS (value - expected) <= tolerance, "%.3f, not %.3f", value, expected);
}

/* As ffmpeg: a report before the first packet of each track, sound that begins
 * with 21 ms of priming, and a picture that is sent much later than it should. */
GST_START_TEST (reports_before_the_first_packets_place_all_at_once)
{
  PenstockRecordClock *clock = clock_new ();

  penstock_record_clock_take_report (clock, AUDIO, ntp (5), audio_rtp (5));
  audio (clock, 0, 1000);
  fail_if (is_placed (clock, AUDIO, 1000));
  penstock_record_clock_take_report (clock, VIDEO, ntp (9), video_rtp (9));
  video (clock, 21, 1190);
  fail_unless (is_placed (clock, VIDEO, 1190));
  fail_unless (is_placed (clock, AUDIO, 1190));
  assert_near (audio_late (clock, 500, 1200), 0, 0.03);
  /* The least late packet is where it came. */
  assert_near (common (clock, AUDIO, 0, 1200), 1000, 0.03);
  /* RTP times wrap. */
  video (clock, 700, 1800);
  video (clock, 740, 1840);
  assert_near (common (clock, VIDEO, 740, 1840), 1740, 0.03);
  g_free (clock);
}
GST_END_TEST

GST_START_TEST (track_waits_for_reports_but_not_for_ever)
{
  PenstockRecordClock *clock = clock_new ();

  video (clock, 0, 100);
  fail_if (is_placed (clock, VIDEO, 100));
  fail_if (is_placed (clock, VIDEO, 299));
  fail_unless (is_placed (clock, VIDEO, 300));
  g_free (clock);
}
GST_END_TEST

GST_START_TEST (track_that_is_alone_waits_for_nothing)
{
  PenstockRecordClock *clock = g_new0 (PenstockRecordClock, 1);

  penstock_record_clock_add_track (clock, AUDIO, AUDIO_RATE, AAC_FRAME);
  audio (clock, 0, 100);
  assert_near (common (clock, AUDIO, 0, 100), 100, 0.01);
  g_free (clock);
}
GST_END_TEST

/* As GStreamer: reports come after a second or two. The first one moves nothing,
 * the second brings the other track in place. */
GST_START_TEST (late_report_moves_its_track_once)
{
  PenstockRecordClock *clock = clock_new ();

  for (guint i = 0; i < 25; i++) {
    video (clock, i * 40, i * 40 + 1050); /* 50 ms later than the sound */
    audio (clock, i * 40, i * 40 + 1000);
    audio (clock, i * 40 + 21, i * 40 + 1021);
  }
  assert_near (audio_late (clock, 900, 2000), -50, 1);
  gdouble before = common (clock, AUDIO, 900, 2000);
  penstock_record_clock_take_report (clock, AUDIO, ntp (990), audio_rtp (990));
  assert_near (common (clock, AUDIO, 900, 2000), before, 0.01);
  penstock_record_clock_take_report (clock, VIDEO, ntp (999), video_rtp (999));
  assert_near (audio_late (clock, 900, 2010), 0, 0.03);
  assert_near (common (clock, AUDIO, 900, 2010), before, 0.01);
  g_free (clock);
}
GST_END_TEST

/* A sound card that is 100 ppm fast, and reports that jitter by a millisecond. */
GST_START_TEST (drift_between_tracks_is_followed_smoothly)
{
  PenstockRecordClock *clock = clock_new ();
  gdouble last = 0;

  penstock_record_clock_take_report (clock, AUDIO, ntp (0), audio_rtp (0));
  penstock_record_clock_take_report (clock, VIDEO, ntp (0), video_rtp (0));
  video (clock, 0, 0);
  audio (clock, 0, 0);
  for (gint64 ms = 5000; ms <= 600000; ms += 5000) {
    gint64 fast = ms + ms / 10000; /* on its own clock */
    video (clock, ms, ms);
    audio (clock, fast, ms);
    penstock_record_clock_take_report (
        clock, VIDEO, ntp (ms + ms / 5000 % 2), video_rtp (ms));
    penstock_record_clock_take_report (
        clock, AUDIO, ntp (ms), audio_rtp (fast));
    gdouble late =
        common (clock, AUDIO, fast, ms) - common (clock, VIDEO, ms, ms);
    assert_near (late, 0, 6);
    fail_unless (ABS (late - last) < 1.5);
    last = late;
  }
  g_free (clock);
}
GST_END_TEST

GST_START_TEST (wrong_reports_are_not_followed)
{
  PenstockRecordClock *clock = clock_new ();

  /* No clock at all: 1900. */
  penstock_record_clock_take_report (clock, AUDIO, 0, audio_rtp (0));
  penstock_record_clock_take_report (clock, VIDEO, ntp (0), video_rtp (0));
  video (clock, 0, 1000);
  audio (clock, 0, 1010);
  assert_near (audio_late (clock, 0, 1010), 10, 0.1);
  penstock_record_clock_take_report (clock, AUDIO, 0, audio_rtp (500));
  assert_near (audio_late (clock, 0, 1600), 10, 0.1);
  g_free (clock);
}
GST_END_TEST

/* An encoder that begins its RTP times anew. */
GST_START_TEST (report_after_a_jump_of_rtp_time_is_followed)
{
  PenstockRecordClock *clock = clock_new ();

  penstock_record_clock_take_report (clock, AUDIO, ntp (0), audio_rtp (0));
  penstock_record_clock_take_report (clock, VIDEO, ntp (0), video_rtp (0));
  video (clock, 0, 0);
  audio (clock, 0, 0);
  assert_near (audio_late (clock, 0, 0), 0, 0.03);
  audio (clock, 3600000, 1000); /* an hour ahead */
  penstock_record_clock_take_report (
      clock, AUDIO, ntp (1000), audio_rtp (3600000));
  assert_near (common (clock, AUDIO, 3600000, 1000),
      common (clock, VIDEO, 1000, 1000), 0.03);
  g_free (clock);
}
GST_END_TEST

/* Without reports: what arrivals tell. */
static const struct {
  const gchar *name;
  gint64 audio_first, audio_step; /* times of packets */
  gint64 audio_delay;             /* from the time of a packet to its arrival */
  gboolean b_frames;
  gint64 late_first; /* the first picture, more than the others */
} arrival_rows[] = {
  { "plain", 0, 21, 0, FALSE, 0 },
  { "slow start of the video encoder", 0, 21, 0, FALSE, 90 },
  { "sound begins later", 100, 21, 0, FALSE, 0 },
  { "five access units a packet", 0, 107, 107, FALSE, 0 },
  { "pictures in another order", 0, 21, 0, TRUE, 0 },
  { "all of it", 64, 107, 107, TRUE, 30 },
};

GST_START_TEST (without_reports_arrivals_tell)
{
  /* Decoding order of I P B b b, as shown after a delay of two. */
  static const gint64 shown[] = { 80, 240, 160, 120, 200 };
  PenstockRecordClock *clock = clock_new ();
  gint64 next_audio = arrival_rows[__i__].audio_first;

  for (gint64 i = 0; i < 10; i++) {
    gint64 decoded = i * 40, time = decoded;
    if (arrival_rows[__i__].b_frames)
      time = i == 0 ? shown[0] : shown[1 + (i - 1) % 4] + (i - 1) / 4 * 160;
    while (next_audio + arrival_rows[__i__].audio_delay <= decoded) {
      audio (clock, next_audio,
          1000 + next_audio + arrival_rows[__i__].audio_delay);
      next_audio += arrival_rows[__i__].audio_step;
    }
    video (clock, time,
        1000 + decoded + (i == 0 ? arrival_rows[__i__].late_first : 0));
  }
  gdouble late = audio_late (clock, 200, 1400);
  fail_unless (ABS (late) <= 2, "%s: %.1f ms", arrival_rows[__i__].name, late);
  g_free (clock);
}
GST_END_TEST

GST_START_TEST (track_without_reports_settles_by_more_packets)
{
  PenstockRecordClock *clock = clock_new ();

  /* All of the first packets are late. */
  for (gint64 i = 0; i < 60; i++) {
    video (clock, i * 40, 1000 + i * 40);
    audio (clock, i * 40, 1000 + i * 40 + (i < 20 ? 30 : 0));
    audio (clock, i * 40 + 21, 1021 + i * 40 + (i < 20 ? 30 : 0));
    if (i == 10)
      assert_near (audio_late (clock, 200, 1400), 30, 1);
  }
  assert_near (audio_late (clock, 200, 3400), 0, 1);
  g_free (clock);
}
GST_END_TEST

GST_START_TEST (track_that_was_late_for_long_comes_back)
{
  PenstockRecordClock *clock = clock_new ();

  for (gint64 i = 0; i < 200; i++) {
    gint64 late = i < 70 ? 300 : 0;
    video (clock, i * 40, 1000 + i * 40);
    audio (clock, i * 40, 1000 + i * 40 + late);
    audio (clock, i * 40 + 21, 1021 + i * 40 + late);
    if (i > 20 && (i < 100 || i > 120)) /* the next time that it is placed */
      assert_near (
          audio_late (clock, 200, 1000 + i * 40), i < 100 ? 300 : 0, 1);
  }
  g_free (clock);
}
GST_END_TEST

GST_START_TEST (track_stays_when_its_packets_become_late)
{
  PenstockRecordClock *clock = clock_new ();

  for (gint64 i = 0; i < 400; i++) {
    video (clock, i * 40, 1000 + i * 40);
    audio (clock, i * 40, 1000 + i * 40 + (i > 40 ? 300 : 0));
    audio (clock, i * 40 + 21, 1021 + i * 40 + (i > 40 ? 300 : 0));
    if (i > 10)
      assert_near (audio_late (clock, 200, 1000 + i * 40), 0, 1);
  }
  g_free (clock);
}
GST_END_TEST

static Suite *
rtsp_record_clock_suite (void)
{
  Suite *suite = suite_create ("rtsp-record-clock");
  TCase *tc = tcase_create ("rtsp-record-clock");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, reports_before_the_first_packets_place_all_at_once);
  tcase_add_test (tc, track_waits_for_reports_but_not_for_ever);
  tcase_add_test (tc, track_that_is_alone_waits_for_nothing);
  tcase_add_test (tc, late_report_moves_its_track_once);
  tcase_add_test (tc, drift_between_tracks_is_followed_smoothly);
  tcase_add_test (tc, wrong_reports_are_not_followed);
  tcase_add_test (tc, report_after_a_jump_of_rtp_time_is_followed);
  tcase_add_loop_test (
      tc, without_reports_arrivals_tell, 0, G_N_ELEMENTS (arrival_rows));
  tcase_add_test (tc, track_without_reports_settles_by_more_packets);
  tcase_add_test (tc, track_that_was_late_for_long_comes_back);
  tcase_add_test (tc, track_stays_when_its_packets_become_late);
  return suite;
}

GST_CHECK_MAIN (rtsp_record_clock);
