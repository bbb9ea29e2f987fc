/* SPDX-License-Identifier: MIT
 *
 * For tests of penstockdashsink: media of real encoders, an element that is
 * fed by hand, and what it left in its segment store. */
#ifndef PENSTOCK_TEST_DASH_RIG_H
#define PENSTOCK_TEST_DASH_RIG_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "box-reader.h"
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
static inline GstSample *
media_pull (GstElement *appsink)
{
  GstSample *sample = NULL;

  g_signal_emit_by_name (appsink, "pull-sample", &sample);
  return sample;
}

static inline Media *
media_encode (const gchar *description)
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
  while ((sample = media_pull (out))) {
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

static inline void
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

static inline GstHarness *
rig_harness (GstElement *sink, const gchar *pad, const Media *media)
{
  GstHarness *h = gst_harness_new_with_element (sink, pad, NULL);

  gst_harness_set_live (h, TRUE);
  gst_harness_set_src_caps (h, gst_caps_ref (media->caps));
  return h;
}

/* @first, ...: properties of the element */
static inline void
rig_start_with (
    Rig *rig, const Media *video, const Media *audio, const gchar *first, ...)
{
  va_list properties;

  *rig = (Rig){ 0 };
  rig->sink = gst_element_factory_make ("penstockdashsink", NULL);
  fail_unless (rig->sink != NULL);
  gst_object_ref_sink (rig->sink);
  rig->store = penstock_segment_store_get (STORE);
  rig->bus = gst_bus_new ();
  gst_element_set_bus (rig->sink, rig->bus);
  g_object_set (rig->sink, "store", STORE, "wall-clock",
      (guint64) 1767225600 * GST_SECOND, "start-number", (guint64) 10, NULL);
  va_start (properties, first);
  g_object_set_valist (G_OBJECT (rig->sink), first, properties);
  va_end (properties);
  if (video)
    rig->video = rig_harness (rig->sink, "video_0", video);
  if (audio)
    rig->audio = rig_harness (rig->sink, "audio_0", audio);
}

static inline void
rig_start (Rig *rig, const Media *video, const Media *audio)
{
  rig_start_with (rig, video, audio, NULL);
}

static inline void
rig_stop (Rig *rig)
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

static inline void
rig_push (GstHarness *h, const Media *media, guint i, GstClockTime later)
{
  GstBuffer *buffer = gst_buffer_copy (g_ptr_array_index (media->buffers, i));

  GST_BUFFER_PTS (buffer) += later;
  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
}

/* All of both, in the order a live source would send them. */
static inline void
rig_feed (Rig *rig, const Media *video, const Media *audio, GstClockTime later)
{
  guint v = 0, a = 0, nv = video ? video->buffers->len : 0;
  guint na = audio ? audio->buffers->len : 0;

  while (v < nv || a < na) {
    GstClockTime vt = v < nv ? v * 40 * GST_MSECOND : GST_CLOCK_TIME_NONE;
    GstClockTime at = a < na
        ? GST_BUFFER_PTS (g_ptr_array_index (audio->buffers, a))
        : GST_CLOCK_TIME_NONE;

    if (v < nv && (a >= na || vt <= at))
      rig_push (rig->video, video, v++, later);
    else
      rig_push (rig->audio, audio, a++, later);
  }
}

static inline void
rig_end (Rig *rig)
{
  if (rig->video)
    gst_harness_push_event (rig->video, gst_event_new_eos ());
  if (rig->audio)
    gst_harness_push_event (rig->audio, gst_event_new_eos ());
}

static inline gchar *
rig_read_mpd (PenstockSegmentStore *store)
{
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read (store, "manifest.mpd");

  if (!file)
    return g_strdup ("");
  return g_strndup (
      g_bytes_get_data (g_ptr_array_index (file->chunks, 0), NULL), file->size);
}

static inline guint
count_text (const gchar *text, const gchar *what)
{
  guint n = 0;

  while ((text = strstr (text, what))) {
    text++;
    n++;
  }
  return n;
}

static inline void
rig_assert_mpd (Rig *rig, const gchar *what, guint expected)
{
  g_autofree gchar *mpd = rig_read_mpd (rig->store);

  fail_unless (count_text (mpd, what) == expected, "%u times %s in\n%.3000s",
      count_text (mpd, what), what, mpd);
}

static inline GBytes *
rig_read_file (Rig *rig, const gchar *path)
{
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read (rig->store, path);

  fail_unless (file && file->complete, "%s is missing", path);
  assert_equals_int (file->chunks->len, 1);
  return g_bytes_ref (g_ptr_array_index (file->chunks, 0));
}

/* The samples of one chunk are @media's buffers from number @first on, byte for
 * byte, and at their times. Returns how many. */
static inline guint
rig_assert_chunk (GBytes *chunk, const Media *media, guint first,
    guint timescale, guint tolerance)
{
  g_autoptr (GArray) samples = box_samples (chunk);

  for (guint n = 0; n < samples->len; n++) {
    const BoxSample *s = &g_array_index (samples, BoxSample, n);
    GstBuffer *buffer = g_ptr_array_index (media->buffers, first + n);
    gint64 expected = gst_util_uint64_scale_round (
        GST_BUFFER_PTS (buffer), timescale, GST_SECOND);

    assert_equals_uint64 (s->size, gst_buffer_get_size (buffer));
    fail_unless (gst_buffer_memcmp (buffer, 0, s->data, s->size) == 0,
        "sample %u differs", first + n);
    fail_unless (ABS (s->presentation_time - expected) <= (gint64) tolerance,
        "sample %u at %" G_GINT64_FORMAT " not %" G_GINT64_FORMAT, first + n,
        s->presentation_time, expected);
  }
  return samples->len;
}

/* Those of the segments of @track from @number on are all of @media. */
static inline void
rig_assert_samples (Rig *rig, const gchar *track, guint64 number,
    const Media *media, guint timescale, guint tolerance)
{
  for (guint i = 0; i < media->buffers->len; number++) {
    g_autofree gchar *path = mpd_segment_path (track, number);
    g_autoptr (PenstockStoredFile) file =
        penstock_segment_store_read (rig->store, path);

    fail_unless (file && file->complete, "%s is missing", path);
    for (guint n = 0; n < file->chunks->len; n++)
      i += rig_assert_chunk (
          g_ptr_array_index (file->chunks, n), media, i, timescale, tolerance);
  }
}

static inline GstMessage *
rig_pop (Rig *rig, GstMessageType type)
{
  return gst_bus_pop_filtered (rig->bus, type);
}

#endif /* PENSTOCK_TEST_DASH_RIG_H */
