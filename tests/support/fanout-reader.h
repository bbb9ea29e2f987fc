/* SPDX-License-Identifier: MIT
 *
 * For tests of penstockfanout: an element that is fed by hand, and sink pads
 * behind its source pads that note all that comes, and block when told to. */
#ifndef PENSTOCK_TEST_FANOUT_READER_H
#define PENSTOCK_TEST_FANOUT_READER_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#define FRAME (40 * GST_MSECOND)
#define VIDEO_CAPS                                                             \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au, "            \
  "width=(int)320, height=(int)240, framerate=(fraction)25/1"
#define OTHER_VIDEO_CAPS                                                       \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au, "            \
  "width=(int)640, height=(int)480, framerate=(fraction)25/1"
#define RAW_CAPS                                                               \
  "video/x-raw, format=(string)I420, width=(int)320, height=(int)240, "        \
  "framerate=(fraction)25/1"
#define AUDIO_CAPS "audio/x-opus, channel-mapping-family=(int)0"

/* --- the element and its input ------------------------------------------ */

typedef struct {
  GstElement *element;
  GstBus *bus;
  GstHarness *video, *audio; /* sink_0 and sink_1 */
} TestFanout;

static inline GstHarness *
test_fanout_add_input (
    GstElement *element, const gchar *name, const gchar *caps)
{
  g_autoptr (GstPad) pad = gst_element_request_pad_simple (element, name);
  GstHarness *input = gst_harness_new_with_element (element, NULL, NULL);

  fail_unless (pad != NULL);
  gst_harness_add_element_sink_pad (input, pad);
  gst_harness_set_src_caps_str (input, caps);
  return input;
}

/* Playing; @video and @audio are caps or NULL. */
static inline TestFanout
test_fanout_new (const gchar *video, const gchar *audio)
{
  TestFanout fanout = { 0 };

  fanout.element =
      gst_object_ref_sink (gst_element_factory_make ("penstockfanout", NULL));
  fanout.bus = gst_bus_new ();
  gst_element_set_bus (fanout.element, fanout.bus);
  gst_element_set_state (fanout.element, GST_STATE_PLAYING);
  if (video)
    fanout.video = test_fanout_add_input (fanout.element, "sink_0", video);
  if (audio)
    fanout.audio = test_fanout_add_input (fanout.element, "sink_1", audio);
  return fanout;
}

static inline void
test_fanout_free (TestFanout *fanout)
{
  gst_element_set_state (fanout->element, GST_STATE_NULL);
  gst_element_set_bus (fanout->element, NULL);
  gst_object_unref (fanout->bus);
  g_clear_pointer (&fanout->video, gst_harness_teardown);
  g_clear_pointer (&fanout->audio, gst_harness_teardown);
  gst_object_unref (fanout->element);
}

/* Frame number @n of 1000 bytes; DTS and PTS tell the number. */
static inline GstBuffer *
test_fanout_buffer (guint n, GstBufferFlags flags)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 1000, NULL);

  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = n * FRAME;
  GST_BUFFER_DURATION (buffer) = FRAME;
  GST_BUFFER_FLAG_SET (buffer, flags);
  return buffer;
}

/* Frames @first to before @end: keyframes each @gop frames, odd ones droppable,
 * and one of audio behind each where there is audio. */
static inline void
test_fanout_push (TestFanout *fanout, guint first, guint end, guint gop)
{
  for (guint i = first; i < end; i++) {
    GstBufferFlags flags = i % gop == 0 ? 0
        : i % 2 ? GST_BUFFER_FLAG_DELTA_UNIT | GST_BUFFER_FLAG_DROPPABLE
                : GST_BUFFER_FLAG_DELTA_UNIT;
    if (fanout->video)
      fail_unless_equals_int (
          gst_harness_push (fanout->video, test_fanout_buffer (i, flags)),
          GST_FLOW_OK);
    if (fanout->audio)
      fail_unless_equals_int (
          gst_harness_push (fanout->audio, test_fanout_buffer (i, 0)),
          GST_FLOW_OK);
  }
}

/* --- readers ------------------------------------------------------------ */

typedef struct {
  GstElement *element;
  GstPad *src, *sink;
  GAsyncQueue *items; /* of buffers and events, in order */

  GMutex lock; /* guards the rest */
  GCond cond;
  gboolean is_open; /* else a buffer blocks */
  gboolean flushing;
  guint n_blocked;
  GstFlowReturn ret; /* for each buffer */
} TestReader;

static inline GstFlowReturn
test_reader_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  TestReader *reader = gst_pad_get_element_private (pad);

  g_mutex_lock (&reader->lock);
  reader->n_blocked++;
  g_cond_broadcast (&reader->cond);
  while (!reader->is_open && !reader->flushing)
    g_cond_wait (&reader->cond, &reader->lock);
  reader->n_blocked--;
  GstFlowReturn ret = reader->flushing ? GST_FLOW_FLUSHING : reader->ret;
  g_mutex_unlock (&reader->lock);
  g_async_queue_push (reader->items, buffer);
  return ret;
}

static inline gboolean
test_reader_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  TestReader *reader = gst_pad_get_element_private (pad);

  g_mutex_lock (&reader->lock);
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START)
    reader->flushing = TRUE;
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    reader->flushing = FALSE;
  g_cond_broadcast (&reader->cond);
  g_mutex_unlock (&reader->lock);
  g_async_queue_push (reader->items, event);
  return TRUE;
}

static inline void
test_reader_link (TestReader *reader)
{
  fail_unless_equals_int (
      gst_pad_link (reader->src, reader->sink), GST_PAD_LINK_OK);
}

/* On a new source pad. @link: already now. */
static inline TestReader *
test_reader_new_full (
    GstElement *element, const gchar *name, gboolean is_open, gboolean link)
{
  TestReader *reader = g_new0 (TestReader, 1);

  reader->element = element;
  reader->items =
      g_async_queue_new_full ((GDestroyNotify) gst_mini_object_unref);
  g_mutex_init (&reader->lock);
  g_cond_init (&reader->cond);
  reader->is_open = is_open;
  /* With a template: a pad without one takes no other caps than its first. */
  g_autoptr (GstCaps) any = gst_caps_new_any ();
  g_autoptr (GstPadTemplate) templ = gst_object_ref_sink (
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, any));
  reader->sink = gst_pad_new_from_template (templ, NULL);
  gst_pad_set_element_private (reader->sink, reader);
  gst_pad_set_chain_function (reader->sink, test_reader_chain);
  gst_pad_set_event_function (reader->sink, test_reader_event);
  gst_pad_set_active (reader->sink, TRUE);
  reader->src = gst_element_request_pad_simple (element, name);
  fail_unless (reader->src != NULL);
  if (link)
    test_reader_link (reader);
  return reader;
}

static inline TestReader *
test_reader_new (GstElement *element, const gchar *name)
{
  return test_reader_new_full (element, name, TRUE, TRUE);
}

static inline void
test_reader_open (TestReader *reader, gboolean is_open)
{
  g_mutex_lock (&reader->lock);
  reader->is_open = is_open;
  g_cond_broadcast (&reader->cond);
  g_mutex_unlock (&reader->lock);
}

static inline void
test_reader_set_flow (TestReader *reader, GstFlowReturn ret)
{
  g_mutex_lock (&reader->lock);
  reader->ret = ret;
  g_mutex_unlock (&reader->lock);
}

static inline void
test_reader_wait_blocked (TestReader *reader)
{
  g_mutex_lock (&reader->lock);
  while (reader->n_blocked == 0)
    g_cond_wait (&reader->cond, &reader->lock);
  g_mutex_unlock (&reader->lock);
}

static inline void
test_reader_free (TestReader *reader)
{
  test_reader_open (reader, TRUE);
  if (gst_object_has_as_parent (
          GST_OBJECT (reader->src), GST_OBJECT (reader->element)))
    gst_element_release_request_pad (reader->element, reader->src);
  gst_pad_set_active (reader->sink, FALSE);
  gst_object_unref (reader->src);
  gst_object_unref (reader->sink);
  g_async_queue_unref (reader->items);
  g_cond_clear (&reader->cond);
  g_mutex_clear (&reader->lock);
  g_free (reader);
}

/* The next buffer, past events. */
static inline GstBuffer *
test_reader_pull (TestReader *reader)
{
  for (;;) {
    GstMiniObject *item = g_async_queue_pop (reader->items);
    if (GST_IS_BUFFER (item))
      return GST_BUFFER_CAST (item);
    gst_mini_object_unref (item);
  }
}

/* The next event of @type; no buffer may come before it. */
static inline GstEvent *
test_reader_pull_event (TestReader *reader, GstEventType type)
{
  for (;;) {
    GstMiniObject *item = g_async_queue_pop (reader->items);
    ck_assert_msg (GST_IS_EVENT (item), "a buffer comes before the %s event",
        gst_event_type_get_name (type));
    if (GST_EVENT_TYPE (item) == type)
      return GST_EVENT_CAST (item);
    gst_mini_object_unref (item);
  }
}

static inline void
test_reader_expect_event (TestReader *reader, GstEventType type)
{
  gst_event_unref (test_reader_pull_event (reader, type));
}

/* The next buffer is frame @n, with DISCONT or without. */
static inline void
test_reader_expect (TestReader *reader, guint n, gboolean discont)
{
  g_autoptr (GstBuffer) buffer = test_reader_pull (reader);

  assert_equals_uint64 (GST_BUFFER_PTS (buffer) / FRAME, n);
  assert_equals_int (
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT), discont);
}

/* Frames @first to before @end, without a break in between. */
static inline void
test_reader_expect_range (
    TestReader *reader, guint first, guint end, gboolean discont)
{
  for (guint i = first; i < end; i++)
    test_reader_expect (reader, i, discont && i == first);
}

/* A number among the statistics of a pad or of the element's reader. */
static inline guint64
test_stats_get (const GstStructure *stats, const gchar *field)
{
  guint64 value = 0;
  guint small = 0;

  if (gst_structure_get_uint (stats, field, &small))
    return small;
  ck_assert_msg (gst_structure_get_uint64 (stats, field, &value), "%s", field);
  return value;
}

static inline guint64
test_reader_stat (TestReader *reader, const gchar *field)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (reader->src, "stats", &stats, NULL);
  return test_stats_get (stats, field);
}

static inline gboolean
test_reader_state_is (TestReader *reader, const gchar *state)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (reader->src, "stats", &stats, NULL);
  return g_str_equal (gst_structure_get_string (stats, "state"), state);
}

#endif /* PENSTOCK_TEST_FANOUT_READER_H */
