/* SPDX-License-Identifier: MIT
 *
 * penstockchannelsink and penstockchannelsrc around one channel. */

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "channel/channel.h"

#define FRAME (40 * GST_MSECOND)
#define VIDEO_CAPS                                                             \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au, "            \
  "width=(int)320, height=(int)240, framerate=(fraction)25/1"
#define OTHER_VIDEO_CAPS                                                       \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au, "            \
  "width=(int)640, height=(int)480, framerate=(fraction)25/1"
#define AUDIO_CAPS                                                             \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true, rate=(int)48000, channels=(int)2"
#define AUDIO_TRACK 16

/* --- writing by hand ---------------------------------------------------- */

static void
set_layout (PenstockChannel *channel, const gchar *video, const gchar *audio,
    gboolean new_epoch)
{
  PenstockTrack tracks[2];
  guint n = 0;

  if (video)
    tracks[n++] = (PenstockTrack){ 0, PENSTOCK_TRACK_VIDEO,
      gst_caps_from_string (video) };
  if (audio)
    tracks[n++] = (PenstockTrack){ AUDIO_TRACK, PENSTOCK_TRACK_AUDIO,
      gst_caps_from_string (audio) };
  penstock_channel_set_layout (channel, tracks, n, new_epoch);
  for (guint i = 0; i < n; i++)
    gst_caps_unref (tracks[i].caps);
}

static void
append (
    PenstockChannel *channel, guint track, GstClockTime time, gboolean keyframe)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);

  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = FRAME;
  if (!keyframe)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  penstock_channel_append (channel, track, buffer);
}

/* --- reading ------------------------------------------------------------ */

typedef struct {
  GstElement *element;
  GstHarness *video, *audio;
} Reader;

static GstHarness *
harness_for (GstElement *element, const gchar *pad_name)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, pad_name);

  if (!pad)
    return NULL;
  GstHarness *harness = gst_harness_new_with_element (element, NULL, NULL);
  gst_harness_add_element_src_pad (harness, pad);
  return harness;
}

/* A playing source of the channel, whose layout is known. */
static Reader
reader_new (const gchar *channel)
{
  Reader reader = { 0 };

  reader.element = gst_object_ref_sink (
      gst_element_factory_make ("penstockchannelsrc", NULL));
  g_object_set (reader.element, "channel", channel, NULL);
  fail_unless_equals_int (
      gst_element_set_state (reader.element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_NO_PREROLL);
  reader.video = harness_for (reader.element, "video_0");
  reader.audio = harness_for (reader.element, "audio_0");
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  gst_element_set_clock (reader.element, clock);
  gst_element_set_base_time (reader.element, 0);
  gst_element_set_state (reader.element, GST_STATE_PLAYING);
  return reader;
}

static void
reader_free (Reader *reader)
{
  gst_element_set_state (reader->element, GST_STATE_NULL);
  g_clear_pointer (&reader->video, gst_harness_teardown);
  g_clear_pointer (&reader->audio, gst_harness_teardown);
  gst_object_unref (reader->element);
}

GST_START_TEST (source_knows_caps_before_data)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("caps");

  set_layout (channel, VIDEO_CAPS, AUDIO_CAPS, TRUE);
  Reader reader = reader_new ("caps");
  fail_unless (reader.video != NULL);
  fail_unless (reader.audio != NULL);
  g_autoptr (GstPad) pad =
      gst_element_get_static_pad (reader.element, "video_0");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autoptr (GstCaps) expected = gst_caps_from_string (VIDEO_CAPS);
  fail_unless (gst_caps_is_equal (caps, expected));
  reader_free (&reader);
}
GST_END_TEST;

GST_START_TEST (late_source_starts_at_the_newest_keyframe)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("late");
  GstClockTime start = penstock_channel_now ();

  set_layout (channel, VIDEO_CAPS, AUDIO_CAPS, TRUE);
  for (guint i = 0; i < 30; i++) {
    append (channel, 0, start + i * FRAME, i % 25 == 0);
    append (channel, AUDIO_TRACK, start + i * FRAME, TRUE);
  }
  Reader reader = reader_new ("late");
  for (guint i = 25; i < 30; i++) {
    g_autoptr (GstBuffer) buffer = gst_harness_pull (reader.video);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), start + i * FRAME);
    fail_unless_equals_int (
        GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT), i != 25);
    fail_unless_equals_int (
        GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT), i == 25);
  }
  g_autoptr (GstBuffer) audio = gst_harness_pull (reader.audio);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (audio), start + 25 * FRAME);
  reader_free (&reader);
}
GST_END_TEST;

GST_START_TEST (outage_and_new_caps_are_a_discontinuity)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("outage");
  GstClockTime start = penstock_channel_now ();

  set_layout (channel, VIDEO_CAPS, NULL, TRUE);
  append (channel, 0, start, TRUE);
  Reader reader = reader_new ("outage");
  gst_buffer_unref (gst_harness_pull (reader.video));

  penstock_channel_set_state (channel, PENSTOCK_CHANNEL_OFFLINE);
  set_layout (channel, OTHER_VIDEO_CAPS, NULL, TRUE);
  append (channel, 0, start + 35 * GST_SECOND, TRUE);
  g_autoptr (GstBuffer) buffer = gst_harness_pull (reader.video);
  fail_unless (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT));
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), start + 35 * GST_SECOND);
  g_autoptr (GstPad) pad =
      gst_element_get_static_pad (reader.element, "video_0");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autoptr (GstCaps) expected = gst_caps_from_string (OTHER_VIDEO_CAPS);
  fail_unless (gst_caps_is_equal (caps, expected));
  reader_free (&reader);
}
GST_END_TEST;

static GstPadProbeReturn
note_eos (GstPad *pad, GstPadProbeInfo *info, gpointer queue)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS)
    g_async_queue_push (queue, GINT_TO_POINTER (1));
  return GST_PAD_PROBE_OK;
}

GST_START_TEST (eos_comes_only_when_the_channel_has_ended)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("ended");
  g_autoptr (GAsyncQueue) eos = g_async_queue_new ();
  GstClockTime start = penstock_channel_now ();

  set_layout (channel, VIDEO_CAPS, NULL, TRUE);
  append (channel, 0, start, TRUE);
  Reader reader = reader_new ("ended");
  g_autoptr (GstPad) pad =
      gst_element_get_static_pad (reader.element, "video_0");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, note_eos, eos, NULL);
  gst_buffer_unref (gst_harness_pull (reader.video));

  penstock_channel_set_state (channel, PENSTOCK_CHANNEL_OFFLINE);
  append (channel, 0, start + FRAME, FALSE);
  gst_buffer_unref (gst_harness_pull (reader.video));
  fail_unless (g_async_queue_try_pop (eos) == NULL);
  append (channel, 0, start + 2 * FRAME, FALSE);
  penstock_channel_set_state (channel, PENSTOCK_CHANNEL_ENDED);
  /* What was there before the end is still delivered. */
  gst_buffer_unref (gst_harness_pull (reader.video));
  fail_unless (g_async_queue_pop (eos) != NULL);
  reader_free (&reader);
}
GST_END_TEST;

GST_START_TEST (source_restarts_from_ready)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("restart");
  GstClockTime start = penstock_channel_now ();

  set_layout (channel, VIDEO_CAPS, NULL, TRUE);
  append (channel, 0, start, TRUE);
  for (guint i = 0; i < 2; i++) {
    Reader reader = reader_new ("restart");
    gst_buffer_unref (gst_harness_pull (reader.video));
    reader_free (&reader);
  }
  PenstockChannelStats stats;
  penstock_channel_get_stats (channel, &stats);
  fail_unless_equals_int (stats.n_readers, 0);
}
GST_END_TEST;

/* --- the sink ----------------------------------------------------------- */

typedef struct {
  GstElement *element;
  GstHarness *pads[2]; /* video, audio */
} Writer;

static void
writer_add_audio (Writer *writer)
{
  writer->pads[1] =
      gst_harness_new_with_element (writer->element, "sink_1", NULL);
  gst_harness_set_src_caps_str (writer->pads[1], AUDIO_CAPS);
}

static Writer
writer_new (const gchar *channel, gboolean audio)
{
  Writer writer = { 0 };

  writer.element = gst_object_ref_sink (
      gst_element_factory_make ("penstockchannelsink", NULL));
  g_object_set (writer.element, "channel", channel, NULL);
  writer.pads[0] =
      gst_harness_new_with_element (writer.element, "sink_0", NULL);
  gst_harness_set_src_caps_str (writer.pads[0], VIDEO_CAPS);
  if (audio)
    writer_add_audio (&writer);
  return writer;
}

static void
writer_free (Writer *writer)
{
  for (guint i = 0; i < G_N_ELEMENTS (writer->pads); i++)
    g_clear_pointer (&writer->pads[i], gst_harness_teardown);
  gst_element_set_state (writer->element, GST_STATE_NULL);
  gst_object_unref (writer->element);
}

static void
push (
    GstHarness *harness, GstClockTime pts, GstClockTime dts, gboolean keyframe)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 10, NULL);

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DTS (buffer) = dts;
  if (!keyframe)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_OK);
}

static guint
read_all (PenstockChannel *channel, PenstockGopEntry *out, guint max)
{
  PenstockCursor cursor;
  guint total = 0, n;

  penstock_cursor_init (&cursor, NULL);
  while (penstock_gop_log_read (penstock_channel_get_log (channel), &cursor,
             out + total, max - total, &n) == PENSTOCK_READ_OK)
    total += n;
  return total;
}

GST_START_TEST (sink_publishes_all_tracks_at_once)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("sink");
  PenstockGopEntry out[64];
  Writer writer = writer_new ("sink", TRUE);

  push (writer.pads[0], 0, 0, TRUE);
  fail_unless (penstock_channel_get_layout (channel) == NULL);
  push (writer.pads[1], 0, 0, TRUE);
  /* Ends the hold: all streams have ended or sent data. */
  gst_harness_push_event (writer.pads[0], gst_event_new_eos ());
  gst_harness_push_event (writer.pads[1], gst_event_new_eos ());

  g_autoptr (PenstockLayout) layout = penstock_channel_get_layout (channel);
  fail_unless (layout != NULL);
  fail_unless_equals_int (layout->n_tracks, 2);
  fail_unless_equals_int (layout->version, 1);
  guint n = read_all (channel, out, G_N_ELEMENTS (out));
  fail_unless_equals_int (n, 2);
  for (guint i = 0; i < n; i++)
    penstock_gop_entry_clear (&out[i]);
  writer_free (&writer);
}
GST_END_TEST;

/* Sources like rtspsrc add a pad when its first packet comes. */
GST_START_TEST (sink_waits_for_streams_that_have_no_pad_yet)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("expected");
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  Writer writer = writer_new ("expected", FALSE);

  g_object_set (
      writer.element, "expected-streams", 2, "max-hold", 60 * GST_SECOND, NULL);
  /* At the pace of a camera, past the time that the anchor takes. */
  GstClockTime start = gst_clock_get_time (clock);
  for (guint i = 0; i < 8; i++) {
    GstClockID id = gst_clock_new_single_shot_id (clock, start + i * FRAME);
    gst_clock_id_wait (id, NULL);
    gst_clock_id_unref (id);
    push (writer.pads[0], i * FRAME, i * FRAME, i == 0);
    fail_unless (penstock_channel_get_layout (channel) == NULL);
  }
  writer_add_audio (&writer);
  push (writer.pads[1], 0, 0, TRUE);
  push (writer.pads[1], FRAME, FRAME, TRUE);
  g_autoptr (PenstockLayout) layout = penstock_channel_get_layout (channel);
  fail_unless (layout != NULL);
  fail_unless_equals_int (layout->n_tracks, 2);
  fail_unless_equals_int (layout->version, 1);
  writer_free (&writer);
}
GST_END_TEST;

GST_START_TEST (sink_gives_up_waiting_for_a_silent_stream)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("unexpected");
  Writer writer = writer_new ("unexpected", FALSE);

  g_object_set (
      writer.element, "expected-streams", 2, "max-hold", (guint64) 0, NULL);
  g_autoptr (PenstockLayout) layout = NULL;
  for (guint i = 0; !layout; i++) {
    push (writer.pads[0], i * FRAME, i * FRAME, i == 0);
    layout = penstock_channel_get_layout (channel);
  }
  fail_unless_equals_int (layout->n_tracks, 1);
  writer_free (&writer);
}
GST_END_TEST;

/* Slow readers lose these first, and parsers do not mark them. */
GST_START_TEST (pictures_that_no_other_refers_to_are_marked)
{
  static const guint8 slices[][7] = {
    { 0, 0, 0, 3, 0x65, 0x88, 0 }, /* IDR */
    { 0, 0, 0, 3, 0x41, 0x9a, 0 }, /* P, referred to */
    { 0, 0, 0, 3, 0x01, 0x9a, 0 }, /* B, not */
  };
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("droppable");
  PenstockGopEntry out[8];
  Writer writer = writer_new ("droppable", FALSE);

  gst_harness_set_src_caps_str (
      writer.pads[0], VIDEO_CAPS ", codec_data=(buffer)0142001effe10000");
  for (guint i = 0; i < G_N_ELEMENTS (slices); i++) {
    GstBuffer *buffer = gst_buffer_new_memdup (slices[i], sizeof (slices[i]));
    GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = i * FRAME;
    if (i > 0)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    gst_harness_push (writer.pads[0], buffer);
  }
  gst_harness_push_event (writer.pads[0], gst_event_new_eos ());
  fail_unless_equals_int (
      read_all (channel, out, G_N_ELEMENTS (out)), G_N_ELEMENTS (slices));
  for (guint i = 0; i < G_N_ELEMENTS (slices); i++) {
    fail_unless_equals_int (
        (out[i].flags & PENSTOCK_ENTRY_DROPPABLE) != 0, i == 2);
    penstock_gop_entry_clear (&out[i]);
  }
  writer_free (&writer);
}
GST_END_TEST;

GST_START_TEST (second_writer_is_refused)
{
  Writer writer = writer_new ("busy", FALSE);
  GstElement *second = gst_object_ref_sink (
      gst_element_factory_make ("penstockchannelsink", NULL));

  g_object_set (second, "channel", "busy", NULL);
  fail_unless_equals_int (gst_element_set_state (second, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (second, GST_STATE_NULL);
  gst_object_unref (second);
  writer_free (&writer);
}
GST_END_TEST;

GST_START_TEST (missing_dts_is_made_from_pts)
{
  static const guint order[] = { 0, 3, 1, 2, 6, 4, 5, 9, 7, 8 };
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("dts");
  PenstockGopEntry out[64];
  Writer writer = writer_new ("dts", FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    push (writer.pads[0], GST_SECOND + order[i] * FRAME, GST_CLOCK_TIME_NONE,
        i == 0);
  gst_harness_push_event (writer.pads[0], gst_event_new_eos ());
  guint n = read_all (channel, out, G_N_ELEMENTS (out));
  fail_unless_equals_int (n, G_N_ELEMENTS (order));
  for (guint i = 0; i < n; i++) {
    GstBuffer *buffer = GST_BUFFER_CAST (out[i].payload);
    fail_unless (GST_BUFFER_DTS (buffer) <= GST_BUFFER_PTS (buffer));
    if (i > 0)
      fail_unless (out[i].time >= out[i - 1].time);
  }
  /* Presentation order and distance are kept. */
  GstClockTimeDiff distance =
      GST_CLOCK_DIFF (GST_BUFFER_PTS (GST_BUFFER_CAST (out[0].payload)),
          GST_BUFFER_PTS (GST_BUFFER_CAST (out[7].payload)));
  fail_unless_equals_int64 (distance, 9 * FRAME);
  for (guint i = 0; i < n; i++)
    penstock_gop_entry_clear (&out[i]);
  writer_free (&writer);
}
GST_END_TEST;

GST_START_TEST (new_stream_start_is_a_new_epoch)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("epoch");
  PenstockChannelStats stats;
  Writer writer = writer_new ("epoch", FALSE);

  push (writer.pads[0], 0, 0, TRUE);
  gst_harness_push_event (writer.pads[0], gst_event_new_eos ());
  penstock_channel_get_stats (channel, &stats);
  fail_unless_equals_int (stats.epoch, 1);
  fail_unless_equals_uint64 (stats.tracks[0].gaps, 0);

  gst_harness_push_event (writer.pads[0], gst_event_new_stream_start ("again"));
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (writer.pads[0], gst_event_new_segment (&segment));
  push (writer.pads[0], 7 * GST_SECOND, 7 * GST_SECOND, TRUE);
  gst_harness_push_event (writer.pads[0], gst_event_new_eos ());
  penstock_channel_get_stats (channel, &stats);
  fail_unless_equals_int (stats.epoch, 2);
  fail_unless_equals_uint64 (stats.tracks[0].gaps, 1);
  fail_unless_equals_int (stats.state, PENSTOCK_CHANNEL_ONLINE);
  writer_free (&writer);
  penstock_channel_get_stats (channel, &stats);
  fail_unless_equals_int (stats.state, PENSTOCK_CHANNEL_OFFLINE);
}
GST_END_TEST;

static GstHarness *
writer_add_group (Writer *writer, const gchar *pad_name, guint group)
{
  g_autoptr (GstPad) pad =
      gst_element_request_pad_simple (writer->element, pad_name);

  g_object_set (pad, "group", group, NULL);
  GstHarness *harness =
      gst_harness_new_with_element (writer->element, pad_name, NULL);
  gst_harness_set_src_caps_str (harness, OTHER_VIDEO_CAPS);
  return harness;
}

/* The sizes of the pictures in the channel's layout. */
static gint
layout_width (PenstockChannel *channel)
{
  g_autoptr (PenstockLayout) layout = penstock_channel_get_layout (channel);
  gint width = 0;

  fail_unless_equals_int (layout->n_tracks, 1);
  fail_unless_equals_int (layout->tracks[0].id, 0);
  gst_structure_get_int (
      gst_caps_get_structure (layout->tracks[0].caps, 0), "width", &width);
  return width;
}

static void
start_stream (GstHarness *harness)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (harness, gst_event_new_stream_start ("again"));
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
}

/* Encoders of different protocols: the one that starts has its turn, with the
 * track numbers of the other and without what that still sends. */
GST_START_TEST (groups_of_streams_take_turns)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("turns");
  PenstockChannelStats stats;
  Writer writer = writer_new ("turns", FALSE);

  g_object_set (writer.element, "max-hold", (guint64) 0, NULL);
  push (writer.pads[0], 0, 0, TRUE);
  push (writer.pads[0], FRAME, FRAME, TRUE);
  assert_equals_int (layout_width (channel), 320);

  GstHarness *other = writer_add_group (&writer, "sink_7", 1);
  push (writer.pads[0], 2 * FRAME, 2 * FRAME, TRUE); /* too late */
  penstock_channel_get_stats (channel, &stats);
  assert_equals_int (stats.epoch, 1);
  guint64 before = stats.tracks[0].access_units;
  push (other, 0, 0, TRUE);
  push (writer.pads[0], 3 * FRAME, 3 * FRAME, TRUE); /* too late */
  push (other, FRAME, FRAME, TRUE);
  assert_equals_int (layout_width (channel), 640);
  penstock_channel_get_stats (channel, &stats);
  assert_equals_int (stats.epoch, 2);
  assert_equals_uint64 (stats.tracks[0].access_units, before + 2);

  start_stream (writer.pads[0]);
  push (writer.pads[0], 0, 0, TRUE);
  push (writer.pads[0], FRAME, FRAME, TRUE);
  assert_equals_int (layout_width (channel), 320);
  gst_harness_teardown (other);
  writer_free (&writer);
}
GST_END_TEST;

GST_START_TEST (pipelines_meet_in_a_channel)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "videotestsrc is-live=true num-buffers=60 ! "
      "video/x-raw,format=I420,width=160,height=120,framerate=25/1 ! "
      "x264enc tune=zerolatency key-int-max=25 ! h264parse ! "
      "penstockchannelsink channel=meet penstockchannelsrc channel=meet ! "
      "h264parse ! avdec_h264 ! fakesink name=out sync=false "
      "signal-handoffs=true num-buffers=30",
      &error);

  fail_unless (error == NULL, "%s", error ? error->message : "");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  /* The reader's sink ends by itself after 30 frames, the writer after 60. */
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}
GST_END_TEST;

static Suite *
channel_suite (void)
{
  Suite *suite = suite_create ("channel");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, source_knows_caps_before_data);
  tcase_add_test (tcase, late_source_starts_at_the_newest_keyframe);
  tcase_add_test (tcase, outage_and_new_caps_are_a_discontinuity);
  tcase_add_test (tcase, eos_comes_only_when_the_channel_has_ended);
  tcase_add_test (tcase, source_restarts_from_ready);
  tcase_add_test (tcase, sink_publishes_all_tracks_at_once);
  tcase_add_test (tcase, sink_waits_for_streams_that_have_no_pad_yet);
  tcase_add_test (tcase, sink_gives_up_waiting_for_a_silent_stream);
  tcase_add_test (tcase, pictures_that_no_other_refers_to_are_marked);
  tcase_add_test (tcase, second_writer_is_refused);
  tcase_add_test (tcase, missing_dts_is_made_from_pts);
  tcase_add_test (tcase, new_stream_start_is_a_new_epoch);
  tcase_add_test (tcase, groups_of_streams_take_turns);
  tcase_add_test (tcase, pipelines_meet_in_a_channel);
  return suite;
}

GST_CHECK_MAIN (channel);
