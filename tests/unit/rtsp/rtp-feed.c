/* SPDX-License-Identifier: MIT
 *
 * What a viewer gets of a log of RTP packets: the start and what it is told of
 * it, numbers after skips, audio of slow viewers, and bursts brought nearer. */

#include "rtp-test.h"
#include "rtsp/rtcp-report.h"
#include "rtsp/rtp-feed.h"

#define VIDEO 0
#define AUDIO 1
#define VIDEO_RATE 90000
#define AUDIO_RATE 48000
#define VIDEO_BASE 0xfffff000
#define AUDIO_BASE 5000
#define VIDEO_PACKETS 3 /* of a picture */
#define MS GST_MSECOND

/* A stream as it comes out of payloaders: 25 pictures and 50 audio frames a
 * second, a keyframe each @gop pictures. */
typedef struct {
  PenstockGopLog *log;
  PenstockRtpClock clocks[2];
  guint gop, n_video, n_audio;
  GstClockTime newest;
} Source;

static void
source_init (Source *s, guint gop)
{
  static const PenstockGopLogLimits limits = { 1 << 30, 60 * GST_SECOND, 100000,
    30 * GST_SECOND };

  *s = (Source){ .log = penstock_gop_log_new (&limits), .gop = gop };
  s->clocks[VIDEO] = (PenstockRtpClock){ VIDEO_RATE, VIDEO_BASE, 65530 };
  s->clocks[AUDIO] = (PenstockRtpClock){ AUDIO_RATE, AUDIO_BASE, 100 };
}

static void
source_clear (Source *s)
{
  penstock_gop_log_unref (s->log);
  g_clear_pointer (&s->clocks[VIDEO].report, penstock_rtp_packets_unref);
  g_clear_pointer (&s->clocks[AUDIO].report, penstock_rtp_packets_unref);
}

static void
append (Source *s, guint stream, guint n, gboolean key, GstClockTime time)
{
  PenstockRtpClock *clock = &s->clocks[stream];
  PenstockRtpPackets *packets = make_packets (stream, clock->next_seq, n,
      penstock_rtp_clock_get_time (clock, time), key, time);

  clock->next_seq = (guint16) (clock->next_seq + n);
  s->newest = MAX (s->newest, time);
  penstock_gop_log_append (s->log, stream,
      (stream == VIDEO ? PENSTOCK_ENTRY_VIDEO : 0) |
          (key ? PENSTOCK_ENTRY_KEYFRAME : 0),
      time, packets->size, GST_MINI_OBJECT_CAST (packets), NULL);
}

static void
append_audio (Source *s, guint n)
{
  for (guint i = 0; i < n; i++)
    append (s, AUDIO, 1, FALSE, s->n_audio++ * 20 * MS);
}

/* Pictures, each with the two audio frames of its time. */
static void
append_pictures (Source *s, guint n)
{
  for (guint i = 0; i < n; i++, s->n_video++) {
    append (s, VIDEO, VIDEO_PACKETS, s->n_video % s->gop == 0,
        s->n_video * 40 * MS);
    append_audio (s, 2);
  }
}

static void
append_report (Source *s, guint stream, guint64 ntp, GstClockTime time)
{
  PenstockRtpClock *clock = &s->clocks[stream];
  PenstockRtpPackets *report =
      make_report (stream, ntp, penstock_rtp_clock_get_time (clock, time));

  if (clock->report)
    g_atomic_int_set (&clock->report->superseded, TRUE);
  g_clear_pointer (&clock->report, penstock_rtp_packets_unref);
  clock->report = penstock_rtp_packets_ref (report);
  penstock_gop_log_append (s->log, PENSTOCK_RTP_RTCP_TRACK, 0, s->newest,
      report->size, GST_MINI_OBJECT_CAST (report), NULL);
}

/* A viewer that keeps what the tests ask about. */
typedef struct {
  PenstockRtpFeed *feed;
  PenstockRtpStart starts[2];
  guint n[2], n_reports, n_keyframes;
  guint16 first_seq[2], next_seq[2];
  guint32 first_time[2], last_time[2];
  gboolean first_is_key;
  PenstockRtcpReport report; /* the last one */
} Viewer;

static PenstockCursorSettings
settings_of (PenstockStart start)
{
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;

  settings.start = start;
  settings.max_audio_lag = 0;
  return settings;
}

static void
viewer_begin (Viewer *v, Source *s, PenstockStart start)
{
  PenstockCursorSettings settings = settings_of (start);

  penstock_rtp_feed_begin (v->feed, &settings, s->clocks, s->newest, v->starts);
}

static void
viewer_init (Viewer *v, Source *s, PenstockStart start)
{
  *v = (Viewer){ .feed = penstock_rtp_feed_new (s->log, 2) };
  for (guint i = 0; i < 2; i++) {
    v->feed->streams[i].wanted = TRUE;
    v->feed->streams[i].rtp_channel = penstock_rtp_usual_channel (i, FALSE);
    v->feed->streams[i].rtcp_channel = penstock_rtp_usual_channel (i, TRUE);
  }
  viewer_begin (v, s, start);
}

static void
take_rtp (Viewer *v, const PenstockRtpItem *item)
{
  const PenstockRtpPackets *packets = item->packets;
  guint stream = packets->stream;
  guint16 seq = (guint16) (packets->first_seq + item->seq_offset);
  guint32 rtptime = packets->rtptime + item->time_offset;

  if (v->n[stream] == 0) {
    v->first_seq[stream] = seq;
    v->first_time[stream] = rtptime;
    if (stream == VIDEO)
      v->first_is_key = packets->keyframe;
  } else {
    /* Never a gap for the viewer. */
    fail_unless_equals_int (seq, v->next_seq[stream]);
    fail_unless ((gint32) (rtptime - v->last_time[stream]) > 0);
  }
  v->next_seq[stream] = (guint16) (seq + packets->n_packets);
  v->last_time[stream] = rtptime;
  v->n[stream]++;
  v->n_keyframes += packets->keyframe;
}

/* Takes at most @max items; returns how many there were. */
static guint
viewer_read (Viewer *v, guint max)
{
  guint total = 0;

  for (guint n = 1; n > 0 && total < max; total += n) {
    PenstockRtpItem items[5];
    n = penstock_rtp_feed_next (
        v->feed, items, MIN (G_N_ELEMENTS (items), max - total));
    for (guint i = 0; i < n; i++) {
      const PenstockRtpPackets *packets = items[i].packets;
      if (packets->rtcp) {
        v->n_reports++;
        fail_unless (penstock_rtcp_report_read (
            packets->data + 4, packets->size - 4, &v->report));
      } else {
        take_rtp (v, &items[i]);
      }
      penstock_rtp_item_clear (&items[i]);
    }
  }
  return total;
}

static void
viewer_clear (Viewer *v)
{
  penstock_rtp_feed_free (v->feed);
}

/* The first packets are those that the viewer was told of. */
static void
check_start (const Viewer *v)
{
  for (guint i = 0; i < 2; i++) {
    fail_unless (v->starts[i].known);
    fail_unless_equals_int (v->first_seq[i], v->starts[i].seq);
  }
}

GST_START_TEST (viewer_starts_at_the_newest_keyframe_as_it_was_told)
{
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 70);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  viewer_read (&v, G_MAXUINT);
  check_start (&v);
  fail_unless (v.first_is_key);
  fail_unless_equals_int (v.n[VIDEO], 20);
  fail_unless_equals_int (v.n[AUDIO], 40);
  for (guint i = 0; i < 2; i++)
    fail_unless_equals_int ((gint) v.starts[i].rtptime,
        (gint) penstock_rtp_clock_get_time (&s.clocks[i], 2000 * MS));
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

/* Sources may send sound later than the picture it belongs to. */
GST_START_TEST (sound_from_before_the_first_picture_is_left_out)
{
  Source s;
  Viewer v;

  source_init (&s, 50);
  s.n_audio = 5;
  append_audio (&s, 20);
  s.n_video = 10; /* 400 ms */
  append (&s, VIDEO, VIDEO_PACKETS, TRUE, 400 * MS);
  s.n_audio = 15;
  append_audio (&s, 10); /* from 300 ms on */
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  viewer_read (&v, G_MAXUINT);
  check_start (&v);
  fail_unless_equals_int (v.n[AUDIO], 5);
  for (guint i = 0; i < 2; i++) {
    fail_unless_equals_int ((gint) v.starts[i].rtptime,
        (gint) penstock_rtp_clock_get_time (&s.clocks[i], 400 * MS));
    fail_unless_equals_int ((gint) v.first_time[i], (gint) v.starts[i].rtptime);
  }
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (stream_without_packets_is_told_what_comes_next)
{
  Source s;
  Viewer v;

  source_init (&s, 50);
  append (&s, VIDEO, VIDEO_PACKETS, TRUE, 0);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  append_audio (&s, 3);
  viewer_read (&v, G_MAXUINT);
  check_start (&v);
  fail_unless_equals_int (v.n[AUDIO], 3);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (viewer_that_waits_for_a_keyframe_gets_the_number_it_was_told)
{
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 30);
  viewer_init (&v, &s, PENSTOCK_START_KEYFRAME);
  append_pictures (&s, 30);
  viewer_read (&v, G_MAXUINT);
  check_start (&v);
  fail_unless (v.first_is_key);
  fail_unless_equals_int (v.n[VIDEO], 10);
  fail_unless_equals_int (v.n[AUDIO], 60);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

/* Sound may be behind the pictures by a part of a second, or by many GOPs. */
GST_START_TEST (no_packet_is_before_the_time_that_is_told)
{
  static const PenstockStart starts[] = { PENSTOCK_START_KEYFRAME,
    PENSTOCK_START_CACHE, PENSTOCK_START_CATCH_UP };
  static const guint n_late[] = { 5, 28, 125 }; /* pictures without sound */
  Source s;
  Viewer v;

  source_init (&s, 20);
  append_pictures (&s, 50);
  for (guint i = 0; i < n_late[__i__ % 3]; i++, s.n_video++)
    append (
        &s, VIDEO, VIDEO_PACKETS, s.n_video % s.gop == 0, s.n_video * 40 * MS);
  viewer_init (&v, &s, starts[__i__ / 3]);
  append_audio (&s, 2 * n_late[__i__ % 3]);
  append_pictures (&s, 25);
  viewer_read (&v, G_MAXUINT);
  check_start (&v);
  for (guint i = 0; i < 2; i++)
    fail_unless ((gint32) (v.first_time[i] - v.starts[i].rtptime) >= 0);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

/* It is not waited for, nor is its past told. */
GST_START_TEST (stream_that_has_ended_does_not_move_the_start)
{
  Source s;
  Viewer v;

  source_init (&s, 1000);
  append_pictures (&s, 10);
  for (guint i = 0; i < 90; i++, s.n_video++)
    append (&s, VIDEO, VIDEO_PACKETS, FALSE, s.n_video * 40 * MS);
  viewer_init (&v, &s, PENSTOCK_START_KEYFRAME);
  fail_unless_equals_int ((gint) v.starts[VIDEO].rtptime,
      (gint) penstock_rtp_clock_get_time (&s.clocks[VIDEO], s.newest));
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (tracks_that_are_not_set_up_do_not_come)
{
  PenstockCursorSettings settings = settings_of (PENSTOCK_START_CACHE);
  Source s;
  Viewer v = { 0 };

  source_init (&s, 50);
  append_pictures (&s, 10);
  append_report (&s, VIDEO, 1, 0);
  v.feed = penstock_rtp_feed_new (s.log, 2);
  v.feed->streams[AUDIO].wanted = TRUE;
  penstock_rtp_feed_begin (v.feed, &settings, s.clocks, s.newest, v.starts);
  append_report (&s, VIDEO, 1, 0);
  fail_if (v.starts[VIDEO].known);
  viewer_read (&v, G_MAXUINT);
  fail_unless_equals_int (v.n[VIDEO], 0);
  fail_unless_equals_int (v.n[AUDIO], 20);
  fail_unless_equals_int (v.n_reports, 0);
  fail_unless_equals_int (v.first_seq[AUDIO], v.starts[AUDIO].seq);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (reports_of_the_past_tell_of_the_start)
{
  const guint64 second = G_GUINT64_CONSTANT (1) << 32;
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 60);
  append_report (&s, VIDEO, 1000 * second, 2400 * MS);
  append_pictures (&s, 10);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  viewer_read (&v, 1);
  fail_unless_equals_int (v.n_reports, 1);
  fail_unless_equals_int (
      (gint) v.report.rtptime, (gint) v.starts[VIDEO].rtptime);
  gint64 error = (gint64) (v.report.ntp - 1000 * second) +
      (gint64) (second * 2 / 5); /* 400 ms before */
  ck_assert_msg (ABS (error) < 1000, "off by %f s", (gdouble) error / second);
  /* Later ones come in their place. */
  viewer_read (&v, G_MAXUINT);
  fail_unless_equals_int (v.n_reports, 2);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

/* A report amid what a frozen viewer has missed would tell of a moment that is
 * none. */
static void
lag_with_reports (Viewer *v, Source *s)
{
  viewer_read (v, G_MAXUINT);
  v->n_reports = 0;
  for (guint i = 1; i <= 4; i++) {
    append_pictures (s, 20);
    append_report (s, VIDEO, i, s->newest);
  }
  append_report (s, AUDIO, 5, s->newest);
  append_pictures (s, 20);
  viewer_read (v, G_MAXUINT);
  fail_unless_equals_int (v->n_reports, 0);
}

GST_START_TEST (viewer_that_has_lagged_gets_the_next_reports_together)
{
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 10);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  for (guint i = 0; i < 2; i++) {
    lag_with_reports (&v, &s);
    append_report (&s, VIDEO, 6, s.newest);
    append_pictures (&s, 10);
    viewer_read (&v, G_MAXUINT);
    fail_unless_equals_int (v.n_reports, 0);
    append_report (&s, AUDIO, 7, s.newest);
    viewer_read (&v, G_MAXUINT);
    fail_unless_equals_int (v.n_reports, 2);
    fail_unless_equals_uint64 (v.report.ntp, 7);
    /* From then on each as it comes. */
    append_report (&s, VIDEO, 8, s.newest);
    viewer_read (&v, G_MAXUINT);
    fail_unless_equals_int (v.n_reports, 3);
  }
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (report_is_not_held_for_a_stream_that_has_none)
{
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 10);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  lag_with_reports (&v, &s);
  append_report (&s, VIDEO, 6, s.newest);
  viewer_read (&v, G_MAXUINT);
  fail_unless_equals_int (v.n_reports, 0);
  append_report (&s, VIDEO, 7, s.newest);
  viewer_read (&v, G_MAXUINT);
  fail_unless_equals_int (v.n_reports, 1);
  fail_unless_equals_uint64 (v.report.ntp, 7);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (viewer_that_is_always_behind_gets_reports)
{
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 14);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  for (guint i = 1; i <= 4; i++) {
    append_report (&s, VIDEO, i, s.newest);
    append_pictures (&s, 20);
    viewer_read (&v, 3 * 20);
    fail_unless_equals_int (v.n_reports, i / 2);
  }
  fail_unless_equals_uint64 (v.report.ntp, 4);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (slow_viewer_skips_pictures_and_keeps_all_audio)
{
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 60);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  viewer_read (&v, 10);
  append_pictures (&s, 500); /* 20 s */
  viewer_read (&v, G_MAXUINT);
  check_start (&v);
  fail_unless_equals_int (v.n_keyframes, 2);
  /* From picture 50 on, two each. */
  fail_unless_equals_int (v.n[AUDIO], 2 * 510);
  fail_unless (v.n[VIDEO] < 80);
  fail_unless_equals_int (v.feed->cursor.stats.n_skips, 1);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (viewer_of_the_policy_disconnect_is_told_of)
{
  PenstockCursorSettings settings = settings_of (PENSTOCK_START_CACHE);
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 10);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  settings.policy = PENSTOCK_SLOW_DISCONNECT;
  penstock_rtp_feed_begin (v.feed, &settings, s.clocks, s.newest, v.starts);
  viewer_read (&v, 5);
  fail_if (v.feed->too_slow);
  append_pictures (&s, 500);
  fail_unless_equals_int (viewer_read (&v, G_MAXUINT), 0);
  fail_unless (v.feed->too_slow);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (
    blocked_viewer_of_the_policy_disconnect_is_found_without_reading)
{
  PenstockCursorSettings settings = settings_of (PENSTOCK_START_CACHE);
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 10);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  viewer_read (&v, 5);
  append_pictures (&s, 500);
  fail_if (penstock_rtp_feed_check (v.feed));
  /* Another policy holds for viewers that are there. */
  settings.policy = PENSTOCK_SLOW_DISCONNECT;
  settings.max_lag = 30 * GST_SECOND;
  penstock_rtp_feed_set_limits (v.feed, &settings);
  fail_if (penstock_rtp_feed_check (v.feed));
  settings.max_lag = GST_SECOND;
  penstock_rtp_feed_set_limits (v.feed, &settings);
  fail_unless (penstock_rtp_feed_check (v.feed));
  fail_unless_equals_int (viewer_read (&v, G_MAXUINT), 0);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (slow_viewer_of_the_policy_audio_only_gets_no_more_pictures)
{
  PenstockCursorSettings settings = settings_of (PENSTOCK_START_CACHE);
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 10);
  settings.policy = PENSTOCK_SLOW_AUDIO_ONLY;
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  penstock_rtp_feed_begin (v.feed, &settings, s.clocks, s.newest, v.starts);
  viewer_read (&v, G_MAXUINT);
  fail_unless_equals_int (v.n[VIDEO], 10);
  append_pictures (&s, 500);
  viewer_read (&v, G_MAXUINT);
  append_pictures (&s, 100);
  viewer_read (&v, G_MAXUINT);
  fail_unless_equals_int (v.n[VIDEO], 10);
  fail_unless_equals_int (v.n[AUDIO], 2 * 610);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

GST_START_TEST (playing_again_goes_on_with_the_numbers)
{
  Source s;
  Viewer v;

  source_init (&s, 50);
  append_pictures (&s, 60);
  viewer_init (&v, &s, PENSTOCK_START_CACHE);
  viewer_read (&v, G_MAXUINT);
  guint16 next[2] = { v.next_seq[0], v.next_seq[1] };
  append_pictures (&s, 100);
  viewer_begin (&v, &s, PENSTOCK_START_CACHE);
  for (guint i = 0; i < 2; i++)
    fail_unless_equals_int (v.starts[i].seq, next[i]);
  guint keyframes = v.n_keyframes;
  viewer_read (&v, G_MAXUINT);
  fail_unless_equals_int (v.n_keyframes, keyframes + 1);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

/* The burst keeps its order and ends where the stream is; audio begins there;
 * all are told the same moment. */
GST_START_TEST (catch_up_brings_the_burst_near_to_now)
{
  Source s;
  Viewer v;

  source_init (&s, 250);
  append_pictures (&s, 200); /* 8 s old */
  GstClockTime now = s.newest;
  viewer_init (&v, &s, PENSTOCK_START_CATCH_UP);
  append_pictures (&s, 5);
  viewer_read (&v, G_MAXUINT);
  check_start (&v);
  fail_unless (v.first_is_key);
  fail_unless_equals_int (v.n[VIDEO], 205);
  fail_unless_equals_int (v.n[AUDIO], 10);
  GstClockTime moment = now - now / PENSTOCK_RTP_CATCH_UP_SPEED;
  for (guint i = 0; i < 2; i++)
    fail_unless_equals_int ((gint) v.starts[i].rtptime,
        (gint) penstock_rtp_clock_get_time (&s.clocks[i], moment));
  fail_unless_equals_int (
      (gint) v.first_time[VIDEO], (gint) v.starts[VIDEO].rtptime);
  /* What is live has its own times. */
  fail_unless_equals_int ((gint) v.last_time[VIDEO],
      (gint) penstock_rtp_clock_get_time (&s.clocks[VIDEO], 204 * 40 * MS));
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

/* It is in the place of the pictures again, though there was none meanwhile. */
GST_START_TEST (catch_up_without_sound_ends_with_the_burst)
{
  Source s;
  Viewer v;

  source_init (&s, 250);
  append (&s, VIDEO, VIDEO_PACKETS, TRUE, 0);
  viewer_init (&v, &s, PENSTOCK_START_CATCH_UP);
  viewer_read (&v, G_MAXUINT);
  s.n_video = 1;
  append (&s, VIDEO, VIDEO_PACKETS, FALSE, 40 * MS);
  append_audio (&s, 1);
  fail_unless_equals_int (viewer_read (&v, 1), 1);
  fail_unless_equals_int (v.n[VIDEO], 2);
  fail_unless_equals_int (v.n[AUDIO], 0);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

/* Depayloaders take packets of one time for one picture. */
GST_START_TEST (catch_up_gives_each_of_120_pictures_a_second_its_own_time)
{
  Source s;
  Viewer v;

  source_init (&s, 2400);
  for (guint i = 0; i < 2400; i++)
    append (
        &s, VIDEO, 1, i == 0, gst_util_uint64_scale_int (i, GST_SECOND, 120));
  viewer_init (&v, &s, PENSTOCK_START_CATCH_UP);
  viewer_read (&v, G_MAXUINT); /* take_rtp() looks */
  fail_unless_equals_int (v.n[VIDEO], 2400);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

/* However long the burst takes; then both are in order again. */
GST_START_TEST (catch_up_sends_live_sound_ahead_of_the_burst)
{
  Source s;
  Viewer v;

  source_init (&s, 250);
  append_pictures (&s, 200);
  viewer_init (&v, &s, PENSTOCK_START_CATCH_UP);
  for (guint n = 0; n < 10; n++) {
    append_pictures (&s, 1);
    viewer_read (&v, 6);
    fail_unless_equals_int (v.n[AUDIO], 2 * (n + 1));
    fail_unless_equals_int (v.n[VIDEO], 4 * (n + 1));
  }
  viewer_read (&v, G_MAXUINT);
  append_pictures (&s, 5);
  viewer_read (&v, G_MAXUINT);
  check_start (&v);
  fail_unless_equals_int (v.n[AUDIO], 30);
  fail_unless_equals_int (v.n[VIDEO], 215);
  viewer_clear (&v);
  source_clear (&s);
}
GST_END_TEST

static Suite *
rtp_feed_suite (void)
{
  Suite *suite = suite_create ("rtp-feed");
  TCase *tcase = tcase_create ("feeds");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, viewer_starts_at_the_newest_keyframe_as_it_was_told);
  tcase_add_test (tcase, sound_from_before_the_first_picture_is_left_out);
  tcase_add_test (tcase, stream_without_packets_is_told_what_comes_next);
  tcase_add_test (
      tcase, viewer_that_waits_for_a_keyframe_gets_the_number_it_was_told);
  tcase_add_loop_test (tcase, no_packet_is_before_the_time_that_is_told, 0, 9);
  tcase_add_test (tcase, stream_that_has_ended_does_not_move_the_start);
  tcase_add_test (tcase, tracks_that_are_not_set_up_do_not_come);
  tcase_add_test (tcase, reports_of_the_past_tell_of_the_start);
  tcase_add_test (tcase, viewer_that_has_lagged_gets_the_next_reports_together);
  tcase_add_test (tcase, report_is_not_held_for_a_stream_that_has_none);
  tcase_add_test (tcase, viewer_that_is_always_behind_gets_reports);
  tcase_add_test (tcase, slow_viewer_skips_pictures_and_keeps_all_audio);
  tcase_add_test (tcase, viewer_of_the_policy_disconnect_is_told_of);
  tcase_add_test (
      tcase, blocked_viewer_of_the_policy_disconnect_is_found_without_reading);
  tcase_add_test (
      tcase, slow_viewer_of_the_policy_audio_only_gets_no_more_pictures);
  tcase_add_test (tcase, playing_again_goes_on_with_the_numbers);
  tcase_add_test (tcase, catch_up_brings_the_burst_near_to_now);
  tcase_add_test (tcase, catch_up_sends_live_sound_ahead_of_the_burst);
  tcase_add_test (tcase, catch_up_without_sound_ends_with_the_burst);
  tcase_add_test (
      tcase, catch_up_gives_each_of_120_pictures_a_second_its_own_time);
  return suite;
}

GST_CHECK_MAIN (rtp_feed);
