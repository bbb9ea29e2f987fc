/* SPDX-License-Identifier: MIT
 *
 * penstockdashsink: pads, time, delivery, states. Media is encoded once per
 * test by real encoders. What the segmenter and the presentation decide is
 * tested with them (tests/unit/dash). */

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "../support/box-reader.h"
#include "dash/mpd.h"
#include "dash/segment-store.h"

#define STORE "test/dash-sink"

#define VIDEO(frames, size, bframes)                                           \
  "videotestsrc pattern=ball num-buffers=" frames                              \
  " ! video/x-raw, format=I420, framerate=25/1, " size                         \
  " ! x264enc speed-preset=ultrafast key-int-max=50 bframes=" bframes          \
  " ! h264parse ! video/x-h264, stream-format=avc, alignment=au"
#define AUDIO(buffers)                                                         \
  "audiotestsrc num-buffers=" buffers                                          \
  " ! audio/x-raw, rate=48000, channels=2 ! avenc_aac ! aacparse"

/* ---- media ---- */

typedef struct {
  GstCaps *caps;
  GPtrArray *buffers; /* times start at 0 */
} Media;

/* (transfer full) (nullable) */
static GstSample *
pull (GstElement *appsink)
{
  GstSample *sample = NULL;

  g_signal_emit_by_name (appsink, "pull-sample", &sample);
  return sample;
}

static Media *
encode (const gchar *description)
{
  g_autofree gchar *text =
      g_strconcat (description, " ! appsink name=out sync=false", NULL);
  g_autoptr (GstElement) pipeline = gst_parse_launch (text, NULL);
  g_autoptr (GstElement) out = NULL;
  Media *media = g_new0 (Media, 1);
  GstSample *sample;

  fail_unless (pipeline != NULL, "%s", text);
  media->buffers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while ((sample = pull (out))) {
    const GstSegment *segment = gst_sample_get_segment (sample);
    GstBuffer *buffer = gst_buffer_copy (gst_sample_get_buffer (sample));

    if (!media->caps)
      media->caps = gst_caps_ref (gst_sample_get_caps (sample));
    GST_BUFFER_PTS (buffer) -= segment->start;
    GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_DISCONT);
    g_ptr_array_add (media->buffers, buffer);
    gst_sample_unref (sample);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  fail_unless (media->buffers->len > 0);
  return media;
}

static void
media_free (Media *media)
{
  gst_caps_unref (media->caps);
  g_ptr_array_unref (media->buffers);
  g_free (media);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Media, media_free)

/* ---- the element and what feeds it ---- */

typedef struct {
  GstElement *sink;
  GstHarness *video, *audio;
  PenstockSegmentStore *store;
  GstBus *bus;
} Rig;

static GstHarness *
harness (GstElement *sink, const gchar *pad, const Media *media)
{
  GstHarness *h = gst_harness_new_with_element (sink, pad, NULL);

  gst_harness_set_live (h, TRUE);
  gst_harness_set_src_caps (h, gst_caps_ref (media->caps));
  return h;
}

static void
start (Rig *rig, const Media *video, const Media *audio)
{
  *rig = (Rig){ 0 };
  rig->sink = gst_element_factory_make ("penstockdashsink", NULL);
  fail_unless (rig->sink != NULL);
  gst_object_ref_sink (rig->sink);
  rig->store = penstock_segment_store_get (STORE);
  rig->bus = gst_bus_new ();
  gst_element_set_bus (rig->sink, rig->bus);
  g_object_set (rig->sink, "store", STORE, "wall-clock",
      (guint64) 1767225600 * GST_SECOND, "start-number", (guint64) 10, NULL);
  if (video)
    rig->video = harness (rig->sink, "video_0", video);
  if (audio)
    rig->audio = harness (rig->sink, "audio_0", audio);
}

static void
stop (Rig *rig)
{
  g_clear_pointer (&rig->video, gst_harness_teardown);
  g_clear_pointer (&rig->audio, gst_harness_teardown);
  gst_element_set_bus (rig->sink, NULL);
  gst_element_set_state (rig->sink, GST_STATE_NULL);
  gst_object_unref (rig->sink);
  gst_object_unref (rig->bus);
  g_object_unref (rig->store);
  fail_unless (penstock_segment_store_lookup (STORE) == NULL);
}

static void
push (GstHarness *h, const Media *media, guint i, GstClockTime later)
{
  GstBuffer *buffer = gst_buffer_copy (g_ptr_array_index (media->buffers, i));

  GST_BUFFER_PTS (buffer) += later;
  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
}

/* All of both, in the order a live source would send them. */
static void
feed (Rig *rig, const Media *video, const Media *audio, GstClockTime later)
{
  guint v = 0, a = 0, nv = video ? video->buffers->len : 0;
  guint na = audio ? audio->buffers->len : 0;

  while (v < nv || a < na) {
    GstClockTime vt = v < nv ? v * 40 * GST_MSECOND : GST_CLOCK_TIME_NONE;
    GstClockTime at = a < na
        ? GST_BUFFER_PTS (g_ptr_array_index (audio->buffers, a))
        : GST_CLOCK_TIME_NONE;

    if (v < nv && (a >= na || vt <= at))
      push (rig->video, video, v++, later);
    else
      push (rig->audio, audio, a++, later);
  }
}

static void
end (Rig *rig)
{
  if (rig->video)
    gst_harness_push_event (rig->video, gst_event_new_eos ());
  if (rig->audio)
    gst_harness_push_event (rig->audio, gst_event_new_eos ());
}

static gchar *
read_mpd (PenstockSegmentStore *store)
{
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read (store, "manifest.mpd");

  if (!file)
    return g_strdup ("");
  return g_strndup (
      g_bytes_get_data (g_ptr_array_index (file->chunks, 0), NULL), file->size);
}

static guint
count (const gchar *text, const gchar *what)
{
  guint n = 0;

  while ((text = strstr (text, what))) {
    text++;
    n++;
  }
  return n;
}

static void
assert_mpd (Rig *rig, const gchar *what, guint expected)
{
  g_autofree gchar *mpd = read_mpd (rig->store);

  fail_unless (count (mpd, what) == expected, "%u times %s in\n%.3000s",
      count (mpd, what), what, mpd);
}

static GBytes *
read_file (Rig *rig, const gchar *path)
{
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read (rig->store, path);

  fail_unless (file && file->complete, "%s is missing", path);
  assert_equals_int (file->chunks->len, 1);
  return g_bytes_ref (g_ptr_array_index (file->chunks, 0));
}

/* Samples of the segments of @track from @number on are the buffers, byte for
 * byte, and at their times. */
static void
assert_samples (Rig *rig, const gchar *track, guint64 number,
    const Media *media, guint timescale, guint tolerance)
{
  guint i = 0;

  for (; i < media->buffers->len; number++) {
    g_autofree gchar *path = mpd_segment_path (track, number);
    g_autoptr (GBytes) segment = read_file (rig, path);
    g_autoptr (GArray) samples = box_samples (segment);

    for (guint n = 0; n < samples->len; n++, i++) {
      const BoxSample *s = &g_array_index (samples, BoxSample, n);
      GstBuffer *buffer = g_ptr_array_index (media->buffers, i);
      gint64 expected = gst_util_uint64_scale_round (
          GST_BUFFER_PTS (buffer), timescale, GST_SECOND);

      assert_equals_uint64 (s->size, gst_buffer_get_size (buffer));
      fail_unless (gst_buffer_memcmp (buffer, 0, s->data, s->size) == 0,
          "sample %u of %s differs", n, path);
      fail_unless (ABS (s->presentation_time - expected) <= (gint64) tolerance,
          "sample %u of %s at %" G_GINT64_FORMAT " not %" G_GINT64_FORMAT, n,
          path, s->presentation_time, expected);
    }
  }
}

/* ---- tests ---- */

GST_START_TEST (samples_are_the_access_units_byte_for_byte)
{
  static const gchar *const bframes[] = { VIDEO ("120", "width=160, height=120",
                                              "0"),
    VIDEO ("120", "width=160, height=120", "3") };
  g_autoptr (Media) video = encode (bframes[__i__]);
  g_autoptr (Media) audio = encode (AUDIO ("223"));
  Rig rig;

  start (&rig, video, audio);
  feed (&rig, video, audio, 0);
  end (&rig);
  assert_mpd (&rig, "<Period ", 1);
  assert_samples (&rig, "v0", 10, video, 90000, 0);
  assert_samples (&rig, "a0", 10, audio, 48000, 1);
  stop (&rig);
}
GST_END_TEST;

static void
collect_demuxed (GstElement *demux, GstPad *pad, GstElement *sink)
{
  g_autoptr (GstPad) sinkpad = gst_element_get_static_pad (sink, "sink");

  gst_pad_link (pad, sinkpad);
}

GST_START_TEST (another_demuxer_reads_what_was_pushed)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "2"));
  g_autoptr (GstElement) pipeline =
      gst_parse_launch ("appsrc name=in ! qtdemux name=demux "
                        "appsink name=out sync=false async=false",
          NULL);
  g_autoptr (GstElement) in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  g_autoptr (GstElement) demux =
      gst_bin_get_by_name (GST_BIN (pipeline), "demux");
  static const gchar *const paths[] = { "v0/init-10.mp4", "v0/10.m4s",
    "v0/11.m4s" };
  GstClockTime moved = 0;
  Rig rig;

  start (&rig, video, NULL);
  feed (&rig, video, NULL, 0);
  end (&rig);
  g_signal_connect (demux, "pad-added", G_CALLBACK (collect_demuxed), out);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (GBytes) bytes = read_file (&rig, paths[i]);

    g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (bytes);
    GstFlowReturn ret;

    g_signal_emit_by_name (in, "push-buffer", buffer, &ret);
  }
  {
    GstFlowReturn ret;

    g_signal_emit_by_name (in, "end-of-stream", &ret);
  }
  for (guint i = 0; i < video->buffers->len; i++) {
    g_autoptr (GstSample) sample = pull (out);
    GstBuffer *expected = g_ptr_array_index (video->buffers, i);
    GstBuffer *found;
    GstMapInfo map;

    fail_unless (sample != NULL, "only %u samples", i);
    found = gst_sample_get_buffer (sample);
    gst_buffer_map (found, &map, GST_MAP_READ);
    assert_equals_uint64 (map.size, gst_buffer_get_size (expected));
    fail_unless (gst_buffer_memcmp (expected, 0, map.data, map.size) == 0);
    gst_buffer_unmap (found, &map);
    if (i == 0) /* qtdemux moves all so that no time of decoding is later */
      moved = GST_BUFFER_PTS (found);
    assert_equals_uint64 (
        GST_BUFFER_PTS (found), GST_BUFFER_PTS (expected) + moved);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (video_alone_and_audio_alone_are_presentations)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) audio = encode (AUDIO ("141"));
  Rig rig;

  start (&rig, video, NULL);
  feed (&rig, video, NULL, 0);
  assert_mpd (&rig, "<AdaptationSet ", 1);
  assert_mpd (&rig, "contentType=\"video\"", 1);
  stop (&rig);

  start (&rig, NULL, audio);
  feed (&rig, NULL, audio, 0);
  assert_mpd (&rig, "<AdaptationSet ", 1);
  assert_mpd (&rig, "contentType=\"audio\"", 1);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_change_of_caps_begins_a_period)
{
  g_autoptr (Media) small = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) large = encode (VIDEO ("75", "width=320, height=240", "0"));
  Rig rig;

  start (&rig, small, NULL);
  feed (&rig, small, NULL, 0);
  gst_harness_set_src_caps (rig.video, gst_caps_ref (large->caps));
  feed (&rig, large, NULL, 3 * GST_SECOND);
  end (&rig);
  assert_mpd (&rig, "<Period ", 2);
  assert_mpd (&rig, "width=\"160\" height=\"120\"", 1);
  assert_mpd (&rig, "width=\"320\" height=\"240\"", 1);
  assert_mpd (&rig, "start=\"PT1767225603.05S\" duration=\"PT3S\"", 1);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_discontinuity_begins_a_period_of_both_tracks)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) audio = encode (AUDIO ("141"));
  Rig rig;

  start (&rig, video, audio);
  feed (&rig, video, audio, 0);
  GST_BUFFER_FLAG_SET ((GstBuffer *) g_ptr_array_index (video->buffers, 0),
      GST_BUFFER_FLAG_DISCONT);
  GST_BUFFER_FLAG_SET ((GstBuffer *) g_ptr_array_index (audio->buffers, 0),
      GST_BUFFER_FLAG_DISCONT);
  feed (&rig, video, audio, 20 * GST_SECOND);
  end (&rig);
  assert_mpd (&rig, "<Period ", 2);
  assert_mpd (&rig, "start=\"PT1767225600.05S\" duration=\"PT3S\"", 1);
  assert_mpd (&rig, "start=\"PT1767225620.05S\"", 1);
  assert_mpd (&rig, "<AdaptationSet id=\"101\"", 2);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_gap_event_lets_video_go_on)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) audio = encode (AUDIO ("40"));
  Rig rig;

  start (&rig, video, audio);
  feed (&rig, video, audio, 0);
  assert_mpd (&rig, "<S ", 0);
  gst_harness_push_event (
      rig.audio, gst_event_new_gap (GST_SECOND, GST_SECOND));
  assert_mpd (&rig, "<S ", 2);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_segment_event_decides_the_time)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  GstSegment segment;
  Rig rig;

  start (&rig, video, NULL);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 3600 * GST_SECOND;
  segment.base = 7 * GST_SECOND;
  gst_harness_push_event (rig.video, gst_event_new_segment (&segment));
  feed (&rig, video, NULL, 3600 * GST_SECOND);
  assert_mpd (&rig, "start=\"PT1767225607.05S\"", 1);
  assert_mpd (&rig, "presentationTimeOffset=\"630000\"", 1);
  stop (&rig);
}
GST_END_TEST;

static GstMessage *
pop (Rig *rig, GstMessageType type)
{
  return gst_bus_pop_filtered (rig->bus, type);
}

GST_START_TEST (the_end_is_static_and_told_once_all_streams_ended)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (Media) audio = encode (AUDIO ("141"));
  g_autoptr (GstMessage) message = NULL;
  Rig rig;

  start (&rig, video, audio);
  feed (&rig, video, audio, 0);
  gst_harness_push_event (rig.video, gst_event_new_eos ());
  fail_if (pop (&rig, GST_MESSAGE_EOS));
  assert_mpd (&rig, "type=\"dynamic\"", 1);
  gst_harness_push_event (rig.audio, gst_event_new_eos ());
  assert_mpd (&rig, "type=\"static\"", 1);
  message = pop (&rig, GST_MESSAGE_EOS);
  fail_unless (message != NULL);
  fail_if (pop (&rig, GST_MESSAGE_EOS));
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (the_end_before_playing_is_told_when_playing)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (GstMessage) message = NULL;
  Rig rig;

  start (&rig, video, NULL);
  gst_element_set_state (rig.sink, GST_STATE_PAUSED);
  feed (&rig, video, NULL, 0);
  end (&rig);
  fail_if (pop (&rig, GST_MESSAGE_EOS));
  gst_element_set_state (rig.sink, GST_STATE_PLAYING);
  message = pop (&rig, GST_MESSAGE_EOS);
  fail_unless (message != NULL);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_second_run_goes_on_with_its_numbers)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  GstSegment segment;
  Rig rig;

  start (&rig, video, NULL);
  feed (&rig, video, NULL, 0);
  end (&rig);
  assert_mpd (&rig, "startNumber=\"10\"", 1);
  gst_element_set_state (rig.sink, GST_STATE_READY);
  gst_element_set_state (rig.sink, GST_STATE_PLAYING);
  gst_harness_push_event (rig.video, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (rig.video, gst_event_new_stream_start ("again"));
  gst_harness_push_event (rig.video, gst_event_new_caps (video->caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (rig.video, gst_event_new_segment (&segment));
  feed (&rig, video, NULL, 3 * GST_SECOND);
  assert_mpd (&rig, "<Period ", 1);
  assert_mpd (&rig, "startNumber=\"12\"", 1);
  assert_samples (&rig, "v0", 10, video, 90000, 0); /* still served */
  stop (&rig);
}
GST_END_TEST;

/* ---- segments that players count ---- */

static void
start_counted (Rig *rig, const Media *video, GstClockTime wall_clock)
{
  GstSegment segment;

  start (rig, video, NULL);
  gst_element_set_state (rig->sink, GST_STATE_READY);
  gst_util_set_object_arg (G_OBJECT (rig->sink), "addressing", "auto");
  g_object_set (rig->sink, "wall-clock", wall_clock, NULL);
  gst_element_set_state (rig->sink, GST_STATE_PLAYING);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (rig->video, gst_event_new_caps (video->caps));
  gst_harness_push_event (rig->video, gst_event_new_segment (&segment));
}

typedef struct {
  GMutex lock;
  GCond changed;
  guint n_counted, n_listed; /* MPDs */
} Seen;

static void
see (PenstockSegmentStore *store, const gchar *path, Seen *seen)
{
  g_autofree gchar *mpd = NULL;

  if (!g_str_equal (path, "manifest.mpd"))
    return;
  mpd = read_mpd (store);
  g_mutex_lock (&seen->lock);
  if (strstr (mpd, "<SegmentTimeline>"))
    seen->n_listed++;
  else
    seen->n_counted++;
  g_cond_broadcast (&seen->changed);
  g_mutex_unlock (&seen->lock);
}

GST_START_TEST (counting_ends_without_media_when_the_next_segment_is_overdue)
{
  g_autoptr (Media) video = encode (VIDEO ("51", "width=160, height=120", "0"));
  Seen seen = { 0 };
  Rig rig;

  start_counted (&rig, video, (guint64) 1767225600 * GST_SECOND);
  g_mutex_init (&seen.lock);
  g_cond_init (&seen.changed);
  g_signal_connect (rig.store, "changed", G_CALLBACK (see), &seen);
  feed (&rig, video, NULL, 0);
  g_mutex_lock (&seen.lock);
  while (seen.n_listed == 0)
    g_cond_wait (&seen.changed, &seen.lock);
  fail_unless_equals_int (seen.n_counted, 1);
  g_mutex_unlock (&seen.lock);
  assert_mpd (&rig, "<S t=\"0\" d=\"180000\"/>", 1);
  assert_mpd (&rig, "type=\"dynamic\"", 1);
  g_signal_handlers_disconnect_by_func (rig.store, see, &seen);
  stop (&rig);
  g_mutex_clear (&seen.lock);
  g_cond_clear (&seen.changed);
}
GST_END_TEST;

GST_START_TEST (going_down_while_segments_are_counted_leaves_nothing)
{
  g_autoptr (Media) video = encode (VIDEO ("51", "width=160, height=120", "0"));
  Rig rig;

  start_counted (&rig, video, g_get_real_time () * GST_USECOND);
  feed (&rig, video, NULL, 0);
  assert_mpd (&rig, "SegmentTimeline", 0);
  assert_mpd (&rig, "duration=\"180000\" startNumber=\"10\"", 1);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (old_segments_leave_memory)
{
  g_autoptr (Media) video = encode (VIDEO ("50", "width=160, height=120", "0"));
  guint64 bytes = 0;
  Rig rig;

  start (&rig, video, NULL);
  g_object_set (rig.sink, "window", (guint64) 0, NULL);
  gst_element_set_state (rig.sink, GST_STATE_READY);
  gst_element_set_state (rig.sink, GST_STATE_PLAYING);
  gst_harness_push_event (rig.video, gst_event_new_caps (video->caps));
  gst_harness_push_event (rig.video,
      gst_event_new_segment (&(GstSegment){ .rate = 1.0,
          .applied_rate = 1.0,
          .format = GST_FORMAT_TIME,
          .stop = GST_CLOCK_TIME_NONE,
          .duration = GST_CLOCK_TIME_NONE }));
  for (guint i = 0; i < 60; i++) {
    feed (&rig, video, NULL, i * 2 * GST_SECOND);
    if (i == 20)
      bytes = penstock_segment_store_get_bytes (rig.store);
  }
  fail_unless (penstock_segment_store_get_bytes (rig.store) <= bytes + 3000);
  assert_mpd (&rig, "<S ", 1);
  stop (&rig);
}
GST_END_TEST;

GST_START_TEST (a_stream_that_dash_cannot_carry_is_an_error_with_its_name)
{
  static const struct {
    const gchar *pad, *caps, *expected;
  } rows[] = {
    { "audio_0",
        "audio/mpeg, mpegversion=4, stream-format=raw, framed=true, "
        "rate=48000, "
        "channels=2",
        "codec_data is missing" },
    { "video_0",
        "video/x-h264, stream-format=avc, alignment=au, width=16, height=16",
        "codec_data is missing" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstMessage) message = NULL;
    g_autoptr (GError) error = NULL;
    GstHarness *h;
    Rig rig;

    start (&rig, NULL, NULL);
    h = gst_harness_new_with_element (rig.sink, rows[i].pad, NULL);
    gst_element_set_bus (rig.sink, rig.bus);
    gst_harness_set_src_caps_str (h, rows[i].caps);
    message = pop (&rig, GST_MESSAGE_ERROR);
    fail_unless (message != NULL);
    gst_message_parse_error (message, &error, NULL);
    fail_unless (strstr (error->message, rows[i].expected) != NULL, "%s",
        error->message);
    gst_harness_teardown (h);
    stop (&rig);
  }
}
GST_END_TEST;

GST_START_TEST (without_a_place_to_write_it_does_not_start)
{
  GstElement *sink = gst_element_factory_make ("penstockdashsink", NULL);

  gst_object_ref_sink (sink);
  assert_equals_int (
      gst_element_set_state (sink, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  g_object_set (sink, "directory", "/dev/null/x", NULL);
  assert_equals_int (
      gst_element_set_state (sink, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (sink, GST_STATE_NULL);
  gst_object_unref (sink);
}
GST_END_TEST;

GST_START_TEST (a_pad_that_went_makes_room_for_another)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autoptr (GstPad) second = NULL;
  Rig rig;

  start (&rig, video, NULL);
  feed (&rig, video, NULL, 0);
  fail_if (gst_element_request_pad_simple (rig.sink, "video_%u"));
  {
    g_autoptr (GstPad) pad = gst_element_get_static_pad (rig.sink, "video_0");
    g_autoptr (GstPad) peer = gst_pad_get_peer (pad);

    gst_pad_unlink (peer, pad);
  }
  second = gst_element_request_pad_simple (rig.sink, "video_%u");
  fail_unless (second != NULL);
  gst_element_release_request_pad (rig.sink, second);
  stop (&rig);
}
GST_END_TEST;

/* ---- folders ---- */

static gchar *
make_folder (void)
{
  return g_dir_make_tmp ("penstock-dash-XXXXXX", NULL);
}

static void
delete_folder (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *child = g_build_filename (path, name, NULL);

    if (g_file_test (child, G_FILE_TEST_IS_DIR))
      delete_folder (child);
    else
      g_unlink (child);
  }
  g_rmdir (path);
}

static void
start_in_folder (Rig *rig, const Media *video, const gchar *folder)
{
  start (rig, NULL, NULL);
  g_object_set (rig->sink, "directory", folder, NULL);
  rig->video = harness (rig->sink, "video_0", video);
}

static gboolean
exists (const gchar *folder, const gchar *path)
{
  g_autofree gchar *full = g_build_filename (folder, path, NULL);

  return g_file_test (full, G_FILE_TEST_IS_REGULAR);
}

GST_START_TEST (the_folder_holds_what_the_store_holds)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autoptr (GstMessage) message = NULL;
  g_auto (GStrv) paths = NULL;
  Rig rig;

  start_in_folder (&rig, video, folder);
  feed (&rig, video, NULL, 0);
  end (&rig);
  message = gst_bus_timed_pop_filtered (
      rig.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS);
  paths = penstock_segment_store_list (rig.store);
  assert_equals_int (g_strv_length (paths), 4);
  for (guint i = 0; paths[i]; i++) {
    g_autofree gchar *full = g_build_filename (folder, paths[i], NULL);
    g_autofree gchar *data = NULL;
    g_autoptr (GBytes) stored = read_file (&rig, paths[i]);
    gsize size;

    fail_unless (g_file_get_contents (full, &data, &size, NULL), "%s", full);
    assert_equals_uint64 (size, g_bytes_get_size (stored));
    fail_unless (memcmp (data, g_bytes_get_data (stored, NULL), size) == 0);
  }
  stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

GST_START_TEST (a_later_run_passes_over_what_it_finds)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *left = g_build_filename (folder, "v0", NULL);
  g_autofree gchar *segment = g_build_filename (left, "99.m4s", NULL);
  g_autofree gchar *half = g_build_filename (left, "98.m4s.tmp", NULL);
  g_autofree gchar *other = g_build_filename (left, "notes.txt", NULL);
  Rig rig;

  g_mkdir (left, 0755);
  g_file_set_contents (segment, "old", 3, NULL);
  g_file_set_contents (half, "old", 3, NULL);
  g_file_set_contents (other, "mine", 4, NULL);
  start_in_folder (&rig, video, folder);
  feed (&rig, video, NULL, 0);
  assert_mpd (&rig, "startNumber=\"100\"", 1);
  feed (&rig, video, NULL, 1000 * GST_SECOND);
  feed (&rig, video, NULL, 2000 * GST_SECOND);
  stop (&rig); /* all is written */
  fail_if (exists (folder, "v0/98.m4s.tmp"));
  fail_if (exists (folder, "v0/99.m4s"));
  fail_unless (exists (folder, "v0/notes.txt"));
  delete_folder (folder);
}
GST_END_TEST;

GST_START_TEST (a_disk_that_fails_is_told_and_the_stream_goes_on)
{
  g_autoptr (Media) video = encode (VIDEO ("75", "width=160, height=120", "0"));
  g_autofree gchar *folder = make_folder ();
  g_autofree gchar *obstacle = g_build_filename (folder, "v0", NULL);
  g_autofree gchar *mpd = g_build_filename (folder, "manifest.mpd", NULL);
  g_autofree gchar *text = NULL;
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) message = NULL;
  Rig rig;

  g_file_set_contents (
      obstacle, "", 0, NULL); /* a file where a folder is due */
  start_in_folder (&rig, video, folder);
  feed (&rig, video, NULL, 0);
  warning = gst_bus_timed_pop_filtered (
      rig.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_WARNING);
  fail_if (g_file_test (mpd, G_FILE_TEST_EXISTS)); /* nothing to announce */
  assert_mpd (&rig, "<Period ", 1);                /* memory has it */

  g_unlink (obstacle);
  feed (&rig, video, NULL, 3 * GST_SECOND);
  end (&rig);
  message = gst_bus_timed_pop_filtered (
      rig.bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS);
  fail_unless (g_file_get_contents (mpd, &text, NULL, NULL));
  fail_unless (count (text, "<Period ") == 1, "%.3000s", text);
  for (const gchar *at = text; (at = strstr (at, "startNumber=\"")); at++) {
    g_autofree gchar *path = mpd_segment_path (
        "v0", g_ascii_strtoull (at + strlen ("startNumber=\""), NULL, 10));

    fail_unless (exists (folder, path), "%s", path);
  }
  stop (&rig);
  delete_folder (folder);
}
GST_END_TEST;

/* ---- pipelines ---- */

static void
run (const gchar *description, gboolean to_the_end)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, &error);
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  fail_unless (pipeline != NULL, "%s", error ? error->message : "?");
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  if (to_the_end) {
    message = gst_bus_timed_pop_filtered (
        bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    assert_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

GST_START_TEST (sources_that_are_not_live_arrive_together)
{
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get (STORE);
  g_autofree gchar *mpd = NULL;

  run (VIDEO ("150", "width=160, height=120", "2") " ! penstockdashsink "
                                                   "name=d store=" STORE
                                                   " " AUDIO ("282") " ! d.",
      TRUE);
  mpd = read_mpd (store);
  assert_equals_int (count (mpd, "<Period "), 1);
  assert_equals_int (count (mpd, "<AdaptationSet "), 2);
  assert_equals_int (count (mpd, "duration=\"PT6S\""), 1);
}
GST_END_TEST;

GST_START_TEST (going_down_ends_a_wait_for_the_other_track)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      AUDIO ("-1") " ! penstockdashsink name=d store=" STORE
                   " appsrc name=silent format=time caps=\"video/x-h264, "
                   "stream-format=avc, alignment=au\" ! d.",
      &error);
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GstPad) pad = NULL;

  fail_unless (pipeline != NULL, "%s", error ? error->message : "?");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "d");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  pad = gst_element_get_static_pad (sink, "audio_0");
  while (!gst_pad_has_current_caps (pad))
    g_thread_yield ();
  gst_element_set_state (pipeline, GST_STATE_NULL); /* returns */
}
GST_END_TEST;

static Suite *
dash_sink_suite (void)
{
  Suite *suite = suite_create ("dash-sink");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, samples_are_the_access_units_byte_for_byte, 0, 2);
  tcase_add_test (tc, another_demuxer_reads_what_was_pushed);
  tcase_add_test (tc, video_alone_and_audio_alone_are_presentations);
  tcase_add_test (tc, a_change_of_caps_begins_a_period);
  tcase_add_test (tc, a_discontinuity_begins_a_period_of_both_tracks);
  tcase_add_test (tc, a_gap_event_lets_video_go_on);
  tcase_add_test (tc, the_segment_event_decides_the_time);
  tcase_add_test (tc, the_end_is_static_and_told_once_all_streams_ended);
  tcase_add_test (tc, the_end_before_playing_is_told_when_playing);
  tcase_add_test (tc, a_second_run_goes_on_with_its_numbers);
  tcase_add_test (
      tc, counting_ends_without_media_when_the_next_segment_is_overdue);
  tcase_add_test (tc, going_down_while_segments_are_counted_leaves_nothing);
  tcase_add_test (tc, old_segments_leave_memory);
  tcase_add_test (
      tc, a_stream_that_dash_cannot_carry_is_an_error_with_its_name);
  tcase_add_test (tc, without_a_place_to_write_it_does_not_start);
  tcase_add_test (tc, a_pad_that_went_makes_room_for_another);
  tcase_add_test (tc, the_folder_holds_what_the_store_holds);
  tcase_add_test (tc, a_later_run_passes_over_what_it_finds);
  tcase_add_test (tc, a_disk_that_fails_is_told_and_the_stream_goes_on);
  tcase_add_test (tc, sources_that_are_not_live_arrive_together);
  tcase_add_test (tc, going_down_ends_a_wait_for_the_other_track);
  return suite;
}

GST_CHECK_MAIN (dash_sink);
