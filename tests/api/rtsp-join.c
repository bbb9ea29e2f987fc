/* SPDX-License-Identifier: MIT
 *
 * What an RTSP viewer begins with: the first picture, and what the answer to
 * PLAY says about it (RTP-Info). */

#include <string.h>

#include "rtsp-fixture.h"

GST_START_TEST (first_viewer_starts_with_the_cached_keyframe)
{
  Fixture f;

  fixture_init (&f, "first");
  /* One GOP that goes on for ever: a picture can only come from the cache. */
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 100000) AUDIO);
  wait_channel (&f, 2, 50);
  Viewer *viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 60, 60);
  fail_unless_equals_int (viewer->first_is_key, 1);
  fail_unless_equals_int (viewer->discont, 0);
  fail_unless_equals_int (viewer->width, 320);
  GstClockTimeDiff offset =
      GST_CLOCK_DIFF (viewer->video_pts, viewer->audio_pts);
  ck_assert_msg (ABS (offset) < 200 * GST_MSECOND,
      "audio starts %" GST_STIME_FORMAT " from video", GST_STIME_ARGS (offset));
  fail_unless (viewer->error == NULL);
  fail_unless_equals_int (
      penstock_rtsp_server_get_n_viewers (f.server, f.name), 1);
  viewer_free (viewer);
  fail_unless (wait_for (no_viewers, &f));
  fail_unless (wait_for (no_readers, &f));
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* --- RTP-Info -------------------------------------------------------------- */

/* The number after @name in the part of RTP-Info about @stream. */
static guint
rtp_info (const gchar *info, const gchar *stream, const gchar *name)
{
  const gchar *part = strstr (info, stream);
  const gchar *value = part ? strstr (part, name) : NULL;

  ck_assert_msg (value != NULL, "no %s%s in %s", stream, name, info);
  return (guint) g_ascii_strtoull (value + strlen (name), NULL, 10);
}

/* Plays streams 0 and 1 over TCP, on channels 0 and 2; the answer to PLAY. */
static gchar *
plain_play (Plain *p)
{
  g_autofree gchar *describe = plain_request (p, "DESCRIBE", "", "");
  ck_assert_status (describe, 200);
  g_autofree gchar *first = plain_request (p, "SETUP", "/stream=0", TCP_SETUP);
  ck_assert_status (first, 200);
  g_autofree gchar *session = session_of (first);
  g_autofree gchar *headers = g_strdup_printf ("Session: %s\r\n", session);
  g_autofree gchar *second_headers = g_strdup_printf (
      "%sTransport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n", headers);
  g_autofree gchar *second =
      plain_request (p, "SETUP", "/stream=1", second_headers);
  ck_assert_status (second, 200);
  gchar *play = plain_request (p, "PLAY", "", headers);
  ck_assert_status (play, 200);
  return play;
}

GST_START_TEST (rtp_info_names_the_first_packet_of_the_first_viewer)
{
  Fixture f;
  Plain p;

  fixture_init (&f, "info");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 100000) AUDIO);
  wait_channel (&f, 2, 30);
  plain_open (&p, &f, "info");
  g_autofree gchar *play = plain_play (&p);
  g_autofree gchar *info = header_of (play, "RTP-Info");
  ck_assert_msg (info != NULL, "%s", play);

  while (!p.seen[0] || !p.seen[2])
    read_interleaved (&p);
  for (guint i = 0; i < 2; i++) {
    const gchar *stream = i == 0 ? "stream=0" : "stream=1";
    const guint8 *header = p.first[2 * i];
    fail_unless_equals_int (
        GST_READ_UINT16_BE (header + 2), rtp_info (info, stream, "seq="));
    gint32 ahead = (gint32) (GST_READ_UINT32_BE (header + 4) -
        rtp_info (info, stream, "rtptime="));
    /* Audio begins up to a frame or two after the picture. */
    ck_assert_msg (ahead >= -4800 && ahead <= 4800,
        "%s starts %d ticks after its RTP-Info", stream, ahead);
  }
  plain_close (&p);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

static GstClockTime
running_time (GstPad *pad, GstPadProbeInfo *info)
{
  g_autoptr (GstEvent) event =
      gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  return gst_segment_to_running_time (segment, GST_FORMAT_TIME,
      GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)));
}

/* Running time of the newest keyframe. */
static GstPadProbeReturn
note_keyframe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    *(GstClockTime *) data = running_time (pad, info);
  return GST_PAD_PROBE_OK;
}

typedef struct {
  gint closed;         /* atomic */
  gint n_dropped;      /* atomic */
  GstClockTime opened; /* running time of what came through first since then */
} Gate;

static GstPadProbeReturn
pass_gate (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Gate *gate = data;

  if (g_atomic_int_get (&gate->closed)) {
    gate->opened = GST_CLOCK_TIME_NONE;
    g_atomic_int_inc (&gate->n_dropped);
    return GST_PAD_PROBE_DROP;
  }
  if (gate->opened == GST_CLOCK_TIME_NONE)
    gate->opened = running_time (pad, info);
  return GST_PAD_PROBE_OK;
}

static GstPad *
channel_pad (GstElement *pipeline, const gchar *name)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");

  return gst_element_get_static_pad (sink, name);
}

/* Time from the moment of RTP-Info to the first packet of stream @i. */
static GstClockTimeDiff
since_rtp_info (const Plain *p, const gchar *info, guint i, gint clock_rate)
{
  g_autofree gchar *stream = g_strdup_printf ("stream=%u", i);
  const guint8 *header = p->first[2 * i];
  gint32 ticks = (gint32) (GST_READ_UINT32_BE (header + 4) -
      rtp_info (info, stream, "rtptime="));

  fail_unless_equals_int (
      GST_READ_UINT16_BE (header + 2), rtp_info (info, stream, "seq="));
  return (GstClockTimeDiff) ticks * (GstClockTimeDiff) GST_SECOND / clock_rate;
}

/* Long enough for pictures to be later than all sound that was let through. */
static gboolean
has_dropped (gpointer data)
{
  return g_atomic_int_get (&((Gate *) data)->n_dropped) >= 10;
}

static gboolean
has_second_keyframe (gpointer data)
{
  PenstockChannelStats stats;

  penstock_channel_get_stats (data, &stats);
  return stats.tracks[0].keyframes == 2;
}

/* A camera's sound may come later than its picture. What the answer to PLAY
 * says about it must hold all the same, or players put them apart. */
GST_START_TEST (rtp_info_is_right_for_a_stream_that_has_not_begun)
{
  Fixture f;
  Plain p;
  GstClockTime keyframe = GST_CLOCK_TIME_NONE;
  Gate gate = { .opened = GST_CLOCK_TIME_NONE };

  fixture_init (&f, "late");
  GstElement *pipeline = prepare (&f, VIDEO (320, 240, 100000) AUDIO);
  g_autoptr (GstPad) video = channel_pad (pipeline, "sink_0");
  g_autoptr (GstPad) audio = channel_pad (pipeline, "sink_1");
  gst_pad_add_probe (
      video, GST_PAD_PROBE_TYPE_BUFFER, note_keyframe, &keyframe, NULL);
  gst_pad_add_probe (audio, GST_PAD_PROBE_TYPE_BUFFER, pass_gate, &gate, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  wait_channel (&f, 2, 5);
  g_atomic_int_set (&gate.closed, TRUE);
  fail_unless (wait_for (has_dropped, &gate));
  gst_pad_push_event (video,
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new_empty ("GstForceKeyUnit")));
  fail_unless (wait_for (has_second_keyframe, f.channel));
  plain_open (&p, &f, "late");
  g_autofree gchar *play = plain_play (&p);
  g_autofree gchar *info = header_of (play, "RTP-Info");
  ck_assert_msg (info != NULL, "%s", play);

  g_atomic_int_set (&gate.closed, FALSE);
  while (!p.seen[0] || !p.seen[2])
    read_interleaved (&p);
  GstClockTimeDiff sent =
      since_rtp_info (&p, info, 1, 48000) - since_rtp_info (&p, info, 0, 90000);
  plain_close (&p);
  unpublish (pipeline);
  GstClockTimeDiff published = GST_CLOCK_DIFF (keyframe, gate.opened);
  ck_assert_msg (ABS (sent - published) < 5 * GST_MSECOND,
      "sound begins %" GST_STIME_FORMAT
      " after the picture, is sent as %" GST_STIME_FORMAT,
      GST_STIME_ARGS (published), GST_STIME_ARGS (sent));
  fixture_clear (&f);
}
GST_END_TEST

static Suite *
rtsp_join_suite (void)
{
  Suite *s = suite_create ("rtsp-join");
  TCase *tc = tcase_create ("rtsp-join");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, first_viewer_starts_with_the_cached_keyframe, 0, 2);
  tcase_add_test (tc, rtp_info_names_the_first_packet_of_the_first_viewer);
  tcase_add_test (tc, rtp_info_is_right_for_a_stream_that_has_not_begun);
  return s;
}

GST_CHECK_MAIN (rtsp_join);
