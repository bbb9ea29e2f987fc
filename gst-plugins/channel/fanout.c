/* SPDX-License-Identifier: MIT
 *
 * SECTION:element-penstockfanout
 *
 * Gives the streams of a pipeline to any number of readers, which come and go
 * while it plays. What goes in is any number of elementary streams, one a sink
 * pad; keyframes are told by the flag DELTA_UNIT, so a parser belongs in front.
 * What comes out is the same buffers and events, one source pad for each stream
 * of each reader: pad `src_2_0` is stream 0 (`sink_0`) of reader 2. A source
 * pad may be asked for before its sink pad; one asked for without a number
 * begins a new reader.
 *
 * A reader starts at the newest keyframe, from a cache of the GOP, or at the
 * next (property `start`). Each source pad has a thread of its own, and none
 * ever makes the input or another reader wait: who is beyond a limit loses what
 * the reader's `policy` says, and goes on at a keyframe with the flag DISCONT.
 * Set them on the element for readers to come, or on a pad for its reader. The
 * element never waits, so what feeds it must be live or timed.
 *
 * A reader whose elements fail ends with a warning, the others go on. One that
 * is ended by its policy is told of by an element message
 * `penstock-fanout-reader` with the fields `reader` (guint) and `state`
 * (`disconnected` or `audio-only`). Releasing a pad waits for the push that is
 * going on: shut down what follows it first.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true num-buffers=100 ! video/x-raw,format=I420 ! x264enc tune=zerolatency key-int-max=30 ! h264parse ! penstockfanout name=f f.src_0_0 ! h264parse ! avdec_h264 ! fakesink f.src_1_0 ! h264parse ! fakesink
 * ]|
 *
 * Since: 0.1
 */

#include "fanout.h"

#include <stdio.h>

#include "fanout-pad.h"
#include "fanout-stream.h"

GST_DEBUG_CATEGORY (penstock_fanout_debug);
#define GST_CAT_DEFAULT penstock_fanout_debug

/* Pads of one reader that begin to read within this time begin at one place. */
#define JOIN_TOGETHER_US G_USEC_PER_SEC
/* Pads of a silent stream are woken for each so many entries of the others, so
 * that their positions keep up. */
#define MAX_FOREIGN 16
/* Kept beyond the longest limit of a reader, so that the limit decides. */
#define RETENTION_MARGIN GST_SECOND

enum {
  PROP_CACHE_BYTES = PENSTOCK_FANOUT_N_READER_PROPS,
  PROP_CACHE_TIME,
  PROP_CACHE_ENTRIES,
  PROP_STATS,
};

struct _PenstockFanout {
  GstElement parent;

  PenstockGopLog *log; /* set at construction */

  GMutex lock; /* guards the rest, and appends. Order: see fanout-pad.h */
  PenstockCursorSettings defaults; /* of readers to come */
  PenstockGopLogLimits limits;
  GPtrArray *streams; /* of PenstockFanoutStream, owned */
  GPtrArray *readers; /* of PenstockFanoutReader, owned */
  guint next_reader;
  gboolean running; /* PAUSED or PLAYING */
};

#define VIDEO_CAPS                                                             \
  "video/x-h264, stream-format=(string){ avc, avc3, byte-stream }, "           \
  "alignment=(string)au; "                                                     \
  "video/x-h265, stream-format=(string){ hvc1, hev1, byte-stream }, "          \
  "alignment=(string)au; "                                                     \
  "video/x-av1, alignment=(string){ tu, frame }; "                             \
  "video/x-vp8; video/x-vp9; "                                                 \
  "video/mpeg, mpegversion=(int){ 1, 2, 4 }, systemstream=(boolean)false; "    \
  "image/jpeg; video/x-raw"
#define AUDIO_CAPS                                                             \
  "audio/mpeg; audio/x-opus; audio/x-vorbis; audio/x-flac; audio/x-ac3; "      \
  "audio/x-eac3; audio/x-dts; audio/x-true-hd; audio/x-alaw; "                 \
  "audio/x-mulaw; audio/G722; audio/x-adpcm; audio/AMR; audio/AMR-WB; "        \
  "audio/x-speex; audio/x-gsm; audio/x-iLBC; audio/G729; audio/x-sbc; "        \
  "audio/x-wma; audio/x-alac; audio/x-siren; audio/x-raw"

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (VIDEO_CAPS "; " AUDIO_CAPS));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src_%u_%u",
    GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS (VIDEO_CAPS "; " AUDIO_CAPS));

static void child_proxy_init (gpointer iface, gpointer data);

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockFanout, penstock_fanout,
    GST_TYPE_ELEMENT,
    G_IMPLEMENT_INTERFACE (GST_TYPE_CHILD_PROXY, child_proxy_init)
        GST_DEBUG_CATEGORY_INIT (
            penstock_fanout_debug, "penstockfanout", 0, "Penstock fan-out"))

/* --- streams and readers (all with the lock) ---------------------------- */

static PenstockFanoutStream *
find_stream (PenstockFanout *self, guint number)
{
  for (guint i = 0; i < self->streams->len; i++) {
    PenstockFanoutStream *stream = g_ptr_array_index (self->streams, i);
    if (stream->number == number)
      return stream;
  }
  return NULL;
}

static PenstockFanoutStream *
find_stream_of_sink (PenstockFanout *self, GstPad *sinkpad)
{
  for (guint i = 0; i < self->streams->len; i++) {
    PenstockFanoutStream *stream = g_ptr_array_index (self->streams, i);
    if (stream->sinkpad == sinkpad)
      return stream;
  }
  return NULL;
}

/* NULL: there are as many as a log can have. */
static PenstockFanoutStream *
ensure_stream (PenstockFanout *self, guint number)
{
  PenstockFanoutStream *stream = find_stream (self, number);
  guint32 used = 0;
  guint track = 0;

  if (stream)
    return stream;
  for (guint i = 0; i < self->streams->len; i++)
    used |=
        1u << ((PenstockFanoutStream *) g_ptr_array_index (self->streams, i))
                  ->track;
  while (track < PENSTOCK_GOP_LOG_MAX_TRACKS && (used & (1u << track)))
    track++;
  if (track == PENSTOCK_GOP_LOG_MAX_TRACKS)
    return NULL;
  stream = penstock_fanout_stream_new (number, track);
  g_ptr_array_add (self->streams, stream);
  return stream;
}

static void
forget_stream_if_unused (PenstockFanout *self, PenstockFanoutStream *stream)
{
  if (!stream->sinkpad && stream->pads->len == 0)
    g_ptr_array_remove (self->streams, stream);
}

static void
reader_free (PenstockFanoutReader *reader)
{
  g_ptr_array_unref (reader->pads);
  g_free (reader);
}

static PenstockFanoutReader *
ensure_reader (PenstockFanout *self, guint number)
{
  for (guint i = 0; i < self->readers->len; i++) {
    PenstockFanoutReader *reader = g_ptr_array_index (self->readers, i);
    if (reader->number == number)
      return reader;
  }
  PenstockFanoutReader *reader = g_new0 (PenstockFanoutReader, 1);
  reader->number = number;
  reader->settings = self->defaults;
  reader->pads = g_ptr_array_new ();
  g_ptr_array_add (self->readers, reader);
  self->next_reader = MAX (self->next_reader, number + 1);
  return reader;
}

static GstClockTime
longest_lag (
    const PenstockCursorSettings *settings, const PenstockGopLogLimits *limits)
{
  if (settings->max_lag == 0 || settings->max_audio_lag == 0)
    return limits->max_time;
  return MAX (settings->max_lag, settings->max_audio_lag) + RETENTION_MARGIN;
}

/* The log keeps what the most patient reader may still want. */
static void
update_limits (PenstockFanout *self)
{
  GstClockTime retention = 0;

  for (guint i = 0; i < self->readers->len; i++) {
    const PenstockFanoutReader *reader = g_ptr_array_index (self->readers, i);
    retention = MAX (retention, longest_lag (&reader->settings, &self->limits));
  }
  self->limits.retention = retention;
  penstock_gop_log_set_limits (self->log, &self->limits);
}

static void
wake_pads (PenstockFanoutStream *stream)
{
  stream->n_foreign = 0;
  for (guint i = 0; i < stream->pads->len; i++)
    penstock_fanout_pad_wake (g_ptr_array_index (stream->pads, i));
}

/* Pads of other streams only when a GOP begins, or to keep up. */
static void
wake_readers (
    PenstockFanout *self, PenstockFanoutStream *stream, gboolean keyframe)
{
  wake_pads (stream);
  for (guint i = 0; i < self->streams->len; i++) {
    PenstockFanoutStream *other = g_ptr_array_index (self->streams, i);
    if (other != stream && (++other->n_foreign >= MAX_FOREIGN || keyframe))
      wake_pads (other);
  }
}

static void
set_sticky (PenstockFanoutStream *stream, PenstockStickySet *sticky)
{
  g_clear_pointer (&stream->sticky, penstock_sticky_set_unref);
  stream->sticky = sticky;
  for (guint i = 0; i < stream->pads->len; i++)
    penstock_fanout_pad_set_sticky (
        g_ptr_array_index (stream->pads, i), sticky);
}

/* A stream that has ended no longer decides where GOPs begin. */
static void
set_eos (PenstockFanout *self, PenstockFanoutStream *stream, GstEvent *eos)
{
  gboolean video_goes_on = FALSE;

  if (stream->eos == eos)
    return;
  gst_event_replace (&stream->eos, eos);
  for (guint i = 0; i < stream->pads->len; i++)
    penstock_fanout_pad_set_eos (g_ptr_array_index (stream->pads, i), eos);
  for (guint i = 0; i < self->streams->len; i++) {
    const PenstockFanoutStream *other = g_ptr_array_index (self->streams, i);
    video_goes_on |= penstock_fanout_stream_is_video (other) && !other->eos;
  }
  if (eos && penstock_fanout_stream_is_video (stream) && !video_goes_on)
    penstock_gop_log_end_video (self->log);
}

static guint64
log_position (PenstockFanout *self)
{
  PenstockGopLogStats stats;

  penstock_gop_log_get_stats (self->log, &stats);
  return stats.next_seq;
}

/* --- readers that are too slow ------------------------------------------ */

/* With the lock. FALSE: nothing is new. */
static gboolean
end_reader (PenstockFanoutReader *reader, PenstockFanoutPadState state)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < reader->pads->len; i++) {
    PenstockFanoutPad *pad = g_ptr_array_index (reader->pads, i);
    if (state == PENSTOCK_FANOUT_DISCONNECTED ||
        penstock_fanout_pad_is_video (pad))
      changed |= penstock_fanout_pad_end (pad, state);
  }
  return changed;
}

static void
post_reader (PenstockFanout *self, guint reader, PenstockFanoutPadState state)
{
  const gchar *name = penstock_fanout_pad_state_name (state);

  GST_INFO_OBJECT (self, "reader %u is too slow: %s", reader, name);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("penstock-fanout-reader", "reader", G_TYPE_UINT,
              reader, "state", G_TYPE_STRING, name, NULL)));
}

static void
pad_too_slow (
    GstElement *element, PenstockFanoutPad *pad, PenstockFanoutPadState state)
{
  PenstockFanout *self = PENSTOCK_FANOUT (element);

  g_mutex_lock (&self->lock);
  PenstockFanoutReader *reader = penstock_fanout_pad_get_reader (pad);
  guint number = reader ? reader->number : 0;
  gboolean changed = reader && end_reader (reader, state);
  g_mutex_unlock (&self->lock);
  if (changed)
    post_reader (self, number, state);
}

/* Ends readers that are blocked, and so cannot see that they are too slow.
 * With the lock. Returns: (nullable): their numbers */
static GArray *
end_blocked_readers (PenstockFanout *self)
{
  GArray *numbers = NULL;

  for (guint i = 0; i < self->readers->len; i++) {
    PenstockFanoutReader *reader = g_ptr_array_index (self->readers, i);
    gboolean too_slow = FALSE;
    if (reader->settings.policy != PENSTOCK_SLOW_DISCONNECT)
      continue;
    for (guint j = 0; j < reader->pads->len && !too_slow; j++)
      too_slow =
          penstock_fanout_pad_is_too_slow (g_ptr_array_index (reader->pads, j));
    if (!too_slow || !end_reader (reader, PENSTOCK_FANOUT_DISCONNECTED))
      continue;
    if (!numbers)
      numbers = g_array_new (FALSE, FALSE, sizeof (guint));
    g_array_append_val (numbers, reader->number);
  }
  return numbers;
}

/* --- data --------------------------------------------------------------- */

static GstClockTime
now_running_time (PenstockFanout *self)
{
  GstClockTime now = gst_element_get_current_running_time (GST_ELEMENT (self));

  return GST_CLOCK_TIME_IS_VALID (now) ? now : 0;
}

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PenstockFanout *self = PENSTOCK_FANOUT (parent);
  GstClockTime now = now_running_time (self);

  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream = find_stream_of_sink (self, pad);
  gboolean known = stream && stream->kind != PENSTOCK_FANOUT_UNKNOWN;
  g_mutex_unlock (&self->lock);
  if (!known) {
    gst_buffer_unref (buffer);
    return stream ? GST_FLOW_NOT_NEGOTIATED : GST_FLOW_FLUSHING;
  }

  /* The pad is not released before this thread has left it. */
  buffer = penstock_fanout_stream_prepare (stream, buffer);
  gsize size = gst_buffer_get_size (buffer);
  g_mutex_lock (&self->lock);
  PenstockEntryFlags flags = penstock_fanout_stream_flags (stream, buffer);
  GstClockTime time = penstock_fanout_stream_time (stream, buffer, now);
  gboolean keyframe = (flags & PENSTOCK_ENTRY_KEYFRAME) != 0;
  penstock_gop_log_append (self->log, stream->track, flags, time, size,
      GST_MINI_OBJECT_CAST (buffer), GST_MINI_OBJECT_CAST (stream->sticky));
  wake_readers (self, stream, keyframe);
  g_autoptr (GArray) ended =
      keyframe || !penstock_fanout_stream_is_video (stream)
      ? end_blocked_readers (self)
      : NULL;
  g_mutex_unlock (&self->lock);

  for (guint i = 0; ended && i < ended->len; i++)
    post_reader (
        self, g_array_index (ended, guint, i), PENSTOCK_FANOUT_DISCONNECTED);
  return GST_FLOW_OK;
}

/* --- events ------------------------------------------------------------- */

static void
take_sticky (PenstockFanout *self, GstPad *pad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream = find_stream_of_sink (self, pad);
  if (stream) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
      set_eos (self, stream, NULL);
    if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
      gst_event_copy_segment (event, &stream->segment);
    if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
      GstCaps *caps;
      gst_event_parse_caps (event, &caps);
      penstock_fanout_stream_set_caps (stream, caps);
      for (guint i = 0; i < stream->pads->len; i++)
        penstock_fanout_pad_set_video (g_ptr_array_index (stream->pads, i),
            penstock_fanout_stream_is_video (stream));
    }
    set_sticky (stream, penstock_sticky_set_with (stream->sticky, event));
  }
  g_mutex_unlock (&self->lock);
}

/* An event that goes with the data, in its place among it. */
static void
take_serialized (PenstockFanout *self, GstPad *pad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream = find_stream_of_sink (self, pad);
  if (stream && stream->last_time != GST_CLOCK_TIME_NONE) {
    penstock_gop_log_append (self->log, stream->track, 0, stream->last_time, 0,
        GST_MINI_OBJECT_CAST (gst_event_ref (event)),
        GST_MINI_OBJECT_CAST (stream->sticky));
    wake_readers (self, stream, FALSE);
  }
  g_mutex_unlock (&self->lock);
}

static void
take_eos (PenstockFanout *self, GstPad *pad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream = find_stream_of_sink (self, pad);
  if (stream)
    set_eos (self, stream, event);
  g_mutex_unlock (&self->lock);
}

/* Readers of the stream are told at once, so that those that block return; the
 * flush ends in each reader's own thread. */
static void
take_flush_start (PenstockFanout *self, GstPad *sinkpad, GstEvent *event)
{
  g_autoptr (GPtrArray) pads =
      g_ptr_array_new_with_free_func (gst_object_unref);

  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream = find_stream_of_sink (self, sinkpad);
  for (guint i = 0; stream && i < stream->pads->len; i++) {
    PenstockFanoutPad *pad = g_ptr_array_index (stream->pads, i);
    penstock_fanout_pad_start_flush (pad);
    g_ptr_array_add (pads, gst_object_ref (pad));
  }
  if (stream)
    stream->flushing = TRUE;
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < pads->len; i++)
    gst_pad_push_event (g_ptr_array_index (pads, i), gst_event_ref (event));
}

static void
take_flush_stop (PenstockFanout *self, GstPad *sinkpad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream = find_stream_of_sink (self, sinkpad);
  if (stream) {
    stream->flushing = FALSE;
    stream->discont = TRUE;
    stream->floor = log_position (self);
    gst_segment_init (&stream->segment, GST_FORMAT_UNDEFINED);
    set_eos (self, stream, NULL);
    set_sticky (stream, penstock_sticky_set_flushed (stream->sticky));
    for (guint i = 0; i < stream->pads->len; i++)
      penstock_fanout_pad_stop_flush (
          g_ptr_array_index (stream->pads, i), event);
  }
  g_mutex_unlock (&self->lock);
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PenstockFanout *self = PENSTOCK_FANOUT (parent);

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_EOS:
    take_eos (self, pad, event);
    break;
  case GST_EVENT_FLUSH_START:
    take_flush_start (self, pad, event);
    break;
  case GST_EVENT_FLUSH_STOP:
    take_flush_stop (self, pad, event);
    break;
  default:
    if (GST_EVENT_IS_STICKY (event))
      take_sticky (self, pad, event);
    else
      take_serialized (self, pad, event);
    break;
  }
  gst_event_unref (event);
  return TRUE;
}

/* No reader speaks for the others: the input's caps and memory do not depend on
 * any of them, and no query waits for one. */
static gboolean
sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_CAPS:
  case GST_QUERY_ACCEPT_CAPS:
    return gst_pad_query_default (pad, parent, query);
  default:
    return FALSE;
  }
}

/* (transfer full) (nullable): the sink pad of a source pad's stream. */
static GstPad *
get_sinkpad (PenstockFanout *self, GstPad *srcpad)
{
  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream =
      penstock_fanout_pad_get_stream (PENSTOCK_FANOUT_PAD (srcpad));
  GstPad *sinkpad =
      stream && stream->sinkpad ? gst_object_ref (stream->sinkpad) : NULL;
  g_mutex_unlock (&self->lock);
  return sinkpad;
}

static gboolean
src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PenstockFanout *self = PENSTOCK_FANOUT (parent);
  g_autoptr (GstPad) sinkpad = NULL;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_LATENCY:
  case GST_EVENT_CUSTOM_UPSTREAM: /* a request for a keyframe is one */
    sinkpad = get_sinkpad (self, pad);
    if (sinkpad)
      return gst_pad_push_event (sinkpad, event);
    gst_event_unref (event);
    return FALSE;
  case GST_EVENT_RECONFIGURE:
    penstock_fanout_pad_wake (PENSTOCK_FANOUT_PAD (pad));
    gst_event_unref (event);
    return TRUE;
  case GST_EVENT_QOS:
    gst_event_unref (event);
    return TRUE;
  default:
    /* Shared: one reader does not seek for all. */
    gst_event_unref (event);
    return FALSE;
  }
}

/* How long a buffer may wait here without being lost, ns. */
static GstClockTime
capacity (PenstockFanout *self, GstPad *pad)
{
  g_mutex_lock (&self->lock);
  const PenstockFanoutReader *reader =
      penstock_fanout_pad_get_reader (PENSTOCK_FANOUT_PAD (pad));
  GstClockTime time = self->limits.max_time;
  if (reader && reader->settings.max_lag > 0)
    time = MIN (time, reader->settings.max_lag);
  g_mutex_unlock (&self->lock);
  return time;
}

static gboolean
query_latency (PenstockFanout *self, GstPad *pad, GstQuery *query)
{
  g_autoptr (GstPad) sinkpad = get_sinkpad (self, pad);
  GstClockTime min, max;
  gboolean live;

  if (!sinkpad || !gst_pad_peer_query (sinkpad, query)) {
    gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  gst_query_parse_latency (query, &live, &min, &max);
  if (max != GST_CLOCK_TIME_NONE)
    max += capacity (self, pad);
  gst_query_set_latency (query, live, min, max);
  return TRUE;
}

static gboolean
query_caps (PenstockFanout *self, GstPad *pad, GstQuery *query)
{
  g_autoptr (GstPad) sinkpad = get_sinkpad (self, pad);
  g_autoptr (GstCaps) caps = NULL;
  GstCaps *filter;

  gst_query_parse_caps (query, &filter);
  if (sinkpad)
    caps = gst_pad_get_current_caps (sinkpad);
  if (!caps && sinkpad)
    caps = gst_pad_peer_query_caps (sinkpad, filter);
  if (!caps)
    caps = gst_pad_get_pad_template_caps (pad);
  g_autoptr (GstCaps) result = filter
      ? gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST)
      : gst_caps_ref (caps);
  gst_query_set_caps_result (query, result);
  return TRUE;
}

static gboolean
src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  PenstockFanout *self = PENSTOCK_FANOUT (parent);
  GstFormat format;

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_LATENCY:
    return query_latency (self, pad, query);
  case GST_QUERY_CAPS:
    return query_caps (self, pad, query);
  case GST_QUERY_SEEKING:
    gst_query_parse_seeking (query, &format, NULL, NULL, NULL);
    gst_query_set_seeking (query, format, FALSE, 0, -1);
    return TRUE;
  default:
    return gst_pad_query_default (pad, parent, query);
  }
}

static GstIterator *
src_internal_links (GstPad *pad, GstObject *parent)
{
  g_autoptr (GstPad) sinkpad = get_sinkpad (PENSTOCK_FANOUT (parent), pad);
  g_auto (GValue) value = G_VALUE_INIT;

  if (!sinkpad)
    return NULL;
  g_value_init (&value, GST_TYPE_PAD);
  g_value_set_object (&value, sinkpad);
  return gst_iterator_new_single (GST_TYPE_PAD, &value);
}

/* --- what source pads ask ----------------------------------------------- */

static void
pad_join (GstElement *element, PenstockFanoutPad *pad, PenstockCursor *cursor,
    gboolean first)
{
  PenstockFanout *self = PENSTOCK_FANOUT (element);
  gint64 now_us = g_get_monotonic_time ();

  g_mutex_lock (&self->lock);
  PenstockFanoutReader *reader = penstock_fanout_pad_get_reader (pad);
  const PenstockFanoutStream *stream = penstock_fanout_pad_get_stream (pad);
  gboolean together = first && reader->joined_us > 0 &&
      now_us - reader->joined_us < JOIN_TOGETHER_US;
  guint64 at = penstock_gop_log_start (self->log, cursor,
      together ? reader->joined_at : PENSTOCK_START_BY_SETTINGS);
  if (at < stream->floor)
    at = penstock_gop_log_start (self->log, cursor, stream->floor);
  if (!together) {
    reader->joined_at = at;
    reader->joined_us = now_us;
  }
  g_mutex_unlock (&self->lock);
}

static void
pad_set_reader_property (
    GstElement *element, PenstockFanoutPad *pad, guint id, const GValue *value)
{
  PenstockFanout *self = PENSTOCK_FANOUT (element);

  g_mutex_lock (&self->lock);
  PenstockFanoutReader *reader = penstock_fanout_pad_get_reader (pad);
  if (reader && penstock_fanout_settings_set (&reader->settings, id, value)) {
    for (guint i = 0; i < reader->pads->len; i++)
      penstock_fanout_pad_set_settings (
          g_ptr_array_index (reader->pads, i), &reader->settings);
    update_limits (self);
  }
  g_mutex_unlock (&self->lock);
}

static const PenstockFanoutPadOwner pad_owner = {
  .join = pad_join,
  .too_slow = pad_too_slow,
  .set_reader_property = pad_set_reader_property,
};

/* --- request pads ------------------------------------------------------- */

/* With the lock. */
static GstPad *
new_sink_pad (PenstockFanout *self, GstPadTemplate *templ, const gchar *name)
{
  const PenstockFanoutStream *taken;
  guint number = 0;

  if (!name || sscanf (name, "sink_%u", &number) != 1)
    while ((taken = find_stream (self, number)) && taken->sinkpad)
      number++;
  PenstockFanoutStream *stream = ensure_stream (self, number);
  if (!stream || stream->sinkpad)
    return NULL;

  g_autofree gchar *pad_name = g_strdup_printf ("sink_%u", number);
  GstPad *pad = gst_pad_new_from_template (templ, pad_name);
  gst_pad_set_chain_function (pad, sink_chain);
  gst_pad_set_event_function (pad, sink_event);
  gst_pad_set_query_function (pad, sink_query);
  stream->sinkpad = pad;
  return pad;
}

static gboolean
has_pad (const PenstockFanoutReader *reader, const PenstockFanoutStream *stream)
{
  for (guint i = 0; i < reader->pads->len; i++)
    if (penstock_fanout_pad_get_stream (g_ptr_array_index (reader->pads, i)) ==
        stream)
      return TRUE;
  return FALSE;
}

/* The stream that a request without a number means. */
static guint
guess_stream (PenstockFanout *self, const GstCaps *caps)
{
  guint first = G_MAXUINT;

  for (guint i = 0; i < self->streams->len; i++) {
    const PenstockFanoutStream *stream = g_ptr_array_index (self->streams, i);
    GstEvent *event = penstock_sticky_set_get (stream->sticky, GST_EVENT_CAPS);
    GstCaps *has = NULL;
    if (event)
      gst_event_parse_caps (event, &has);
    if (has && caps && !gst_caps_can_intersect (has, caps))
      continue;
    first = MIN (first, stream->number);
  }
  return first == G_MAXUINT ? 0 : first;
}

/* With the lock. */
static GstPad *
new_src_pad (PenstockFanout *self, GstPadTemplate *templ, const gchar *name,
    const GstCaps *caps)
{
  guint reader_number = self->next_reader, stream_number = 0;

  if (!name || sscanf (name, "src_%u_%u", &reader_number, &stream_number) != 2)
    stream_number = guess_stream (self, caps);
  PenstockFanoutStream *stream = ensure_stream (self, stream_number);
  if (!stream)
    return NULL;
  PenstockFanoutReader *reader = ensure_reader (self, reader_number);
  if (has_pad (reader, stream))
    return NULL;

  g_autofree gchar *pad_name =
      g_strdup_printf ("src_%u_%u", reader_number, stream_number);
  PenstockFanoutPad *pad =
      penstock_fanout_pad_new (templ, pad_name, self->log, &pad_owner);
  gst_pad_set_event_function (GST_PAD (pad), src_event);
  gst_pad_set_query_function (GST_PAD (pad), src_query);
  gst_pad_set_iterate_internal_links_function (
      GST_PAD (pad), src_internal_links);
  PenstockCursorSettings settings = reader->settings;
  settings.track_mask = 1u << stream->track;
  penstock_fanout_pad_set_settings (pad, &settings);
  penstock_fanout_pad_bind (pad, reader, stream, stream_number);
  penstock_fanout_pad_set_video (pad, penstock_fanout_stream_is_video (stream));
  penstock_fanout_pad_set_sticky (pad, stream->sticky);
  penstock_fanout_pad_set_eos (pad, stream->eos);
  if (stream->flushing)
    penstock_fanout_pad_start_flush (pad);
  g_ptr_array_add (stream->pads, pad);
  g_ptr_array_add (reader->pads, pad);
  update_limits (self);
  return GST_PAD (pad);
}

static gboolean
is_running (PenstockFanout *self)
{
  g_mutex_lock (&self->lock);
  gboolean running = self->running;
  g_mutex_unlock (&self->lock);
  return running;
}

static GstPad *
penstock_fanout_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *name, const GstCaps *caps)
{
  PenstockFanout *self = PENSTOCK_FANOUT (element);

  g_mutex_lock (&self->lock);
  GstPad *pad = GST_PAD_TEMPLATE_DIRECTION (templ) == GST_PAD_SINK
      ? new_sink_pad (self, templ, name)
      : new_src_pad (self, templ, name, caps);
  gboolean running = self->running;
  g_mutex_unlock (&self->lock);
  if (!pad) {
    GST_WARNING_OBJECT (self, "no pad %s: it is there, or there are %u streams",
        name, PENSTOCK_GOP_LOG_MAX_TRACKS);
    return NULL;
  }

  if (running)
    gst_pad_set_active (pad, TRUE);
  gst_element_add_pad (element, pad);
  if (running && !is_running (self))
    gst_pad_set_active (pad, FALSE);
  gst_child_proxy_child_added (
      GST_CHILD_PROXY (self), G_OBJECT (pad), GST_PAD_NAME (pad));
  return pad;
}

static void
forget_sink_pad (PenstockFanout *self, GstPad *pad)
{
  g_autoptr (GstEvent) eos = gst_event_new_eos ();

  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream = find_stream_of_sink (self, pad);
  if (stream) {
    stream->sinkpad = NULL;
    if (stream->kind != PENSTOCK_FANOUT_UNKNOWN && !stream->eos)
      set_eos (self, stream, eos);
    forget_stream_if_unused (self, stream);
  }
  g_mutex_unlock (&self->lock);
}

static void
forget_src_pad (PenstockFanout *self, PenstockFanoutPad *pad)
{
  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream = penstock_fanout_pad_get_stream (pad);
  PenstockFanoutReader *reader = penstock_fanout_pad_get_reader (pad);
  if (stream) {
    g_ptr_array_remove_fast (stream->pads, pad);
    forget_stream_if_unused (self, stream);
  }
  if (reader) {
    g_ptr_array_remove_fast (reader->pads, pad);
    if (reader->pads->len == 0)
      g_ptr_array_remove_fast (self->readers, reader);
    update_limits (self);
  }
  penstock_fanout_pad_bind (pad, NULL, NULL, 0);
  g_mutex_unlock (&self->lock);
}

static void
penstock_fanout_release_pad (GstElement *element, GstPad *pad)
{
  PenstockFanout *self = PENSTOCK_FANOUT (element);
  g_autofree gchar *name = gst_pad_get_name (pad);

  /* First: while the pad's thread runs, it uses what is forgotten then. */
  gst_pad_set_active (pad, FALSE);
  if (GST_PAD_IS_SINK (pad))
    forget_sink_pad (self, pad);
  else
    forget_src_pad (self, PENSTOCK_FANOUT_PAD (pad));
  gst_child_proxy_child_removed (GST_CHILD_PROXY (self), G_OBJECT (pad), name);
  gst_element_remove_pad (element, pad);
}

/* --- element ------------------------------------------------------------ */

static void
set_running (PenstockFanout *self, gboolean running)
{
  g_mutex_lock (&self->lock);
  self->running = running;
  g_mutex_unlock (&self->lock);
}

static void
forget_media (PenstockFanout *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->streams->len; i++) {
    PenstockFanoutStream *stream = g_ptr_array_index (self->streams, i);
    penstock_fanout_stream_reset (stream);
    for (guint j = 0; j < stream->pads->len; j++) {
      PenstockFanoutPad *pad = g_ptr_array_index (stream->pads, j);
      penstock_fanout_pad_set_sticky (pad, stream->sticky);
      penstock_fanout_pad_set_eos (pad, NULL);
    }
  }
  for (guint i = 0; i < self->readers->len; i++)
    ((PenstockFanoutReader *) g_ptr_array_index (self->readers, i))->joined_us =
        0;
  penstock_gop_log_clear (self->log);
  g_mutex_unlock (&self->lock);
}

static GstStateChangeReturn
penstock_fanout_change_state (GstElement *element, GstStateChange transition)
{
  PenstockFanout *self = PENSTOCK_FANOUT (element);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    set_running (self, TRUE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    set_running (self, FALSE);

  GstStateChangeReturn ret = GST_ELEMENT_CLASS (penstock_fanout_parent_class)
                                 ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
      ret == GST_STATE_CHANGE_FAILURE)
    set_running (self, FALSE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    forget_media (self);
  return ret;
}

/* With the lock. */
static GstStructure *
make_reader_stats (const PenstockFanoutReader *reader)
{
  PenstockFanoutPadStats sum = { .reader = reader->number };

  for (guint i = 0; i < reader->pads->len; i++) {
    PenstockFanoutPadStats stats;
    penstock_fanout_pad_get_stats (g_ptr_array_index (reader->pads, i), &stats);
    penstock_fanout_pad_stats_add (&sum, &stats);
  }
  return penstock_fanout_pad_stats_to_structure (
      &sum, "application/x-penstock-fanout-reader-stats");
}

static GstStructure *
make_stats (PenstockFanout *self)
{
  g_auto (GValue) readers = G_VALUE_INIT;
  PenstockGopLogStats log;

  gst_value_array_init (&readers, 0);
  penstock_gop_log_get_stats (self->log, &log);
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->readers->len; i++) {
    g_auto (GValue) value = G_VALUE_INIT;
    g_value_init (&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed (
        &value, make_reader_stats (g_ptr_array_index (self->readers, i)));
    gst_value_array_append_value (&readers, &value);
  }
  g_mutex_unlock (&self->lock);

  GstStructure *stats =
      gst_structure_new ("application/x-penstock-fanout-stats", "cached-bytes",
          G_TYPE_UINT64, log.bytes, "cached-entries", G_TYPE_UINT, log.entries,
          "cached-time", G_TYPE_UINT64, log.duration, "has-keyframe",
          G_TYPE_BOOLEAN, log.has_keyframe, "gops-given-up", G_TYPE_UINT64,
          log.gops_given_up, NULL);
  gst_structure_take_value (stats, "readers", &readers);
  readers = (GValue) G_VALUE_INIT;
  return stats;
}

static void
penstock_fanout_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PenstockFanout *self = PENSTOCK_FANOUT (object);

  g_mutex_lock (&self->lock);
  switch (id) {
  case PROP_CACHE_BYTES:
    self->limits.max_bytes = g_value_get_uint64 (value);
    update_limits (self);
    break;
  case PROP_CACHE_TIME:
    self->limits.max_time = g_value_get_uint64 (value);
    update_limits (self);
    break;
  case PROP_CACHE_ENTRIES:
    self->limits.max_entries = g_value_get_uint (value);
    update_limits (self);
    break;
  default:
    if (!penstock_fanout_settings_set (&self->defaults, id, value))
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  g_mutex_unlock (&self->lock);
}

static void
penstock_fanout_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PenstockFanout *self = PENSTOCK_FANOUT (object);

  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (self));
    return;
  }
  g_mutex_lock (&self->lock);
  switch (id) {
  case PROP_CACHE_BYTES:
    g_value_set_uint64 (value, self->limits.max_bytes);
    break;
  case PROP_CACHE_TIME:
    g_value_set_uint64 (value, self->limits.max_time);
    break;
  case PROP_CACHE_ENTRIES:
    g_value_set_uint (value, self->limits.max_entries);
    break;
  default:
    if (!penstock_fanout_settings_get (&self->defaults, id, value))
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  g_mutex_unlock (&self->lock);
}

static void
penstock_fanout_finalize (GObject *object)
{
  PenstockFanout *self = PENSTOCK_FANOUT (object);

  g_ptr_array_unref (self->readers);
  g_ptr_array_unref (self->streams);
  penstock_gop_log_unref (self->log);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_fanout_parent_class)->finalize (object);
}

/* Pads are children, so that gst-launch-1.0 takes src_0_0::policy=... */
static guint
get_children_count (GstChildProxy *proxy)
{
  GST_OBJECT_LOCK (proxy);
  guint n = GST_ELEMENT (proxy)->numpads;
  GST_OBJECT_UNLOCK (proxy);
  return n;
}

static GObject *
get_child_by_index (GstChildProxy *proxy, guint index)
{
  GST_OBJECT_LOCK (proxy);
  GObject *pad = g_list_nth_data (GST_ELEMENT (proxy)->pads, index);
  if (pad)
    g_object_ref (pad);
  GST_OBJECT_UNLOCK (proxy);
  return pad;
}

static void
child_proxy_init (gpointer iface, gpointer data)
{
  GstChildProxyInterface *child_proxy = iface;

  child_proxy->get_children_count = get_children_count;
  child_proxy->get_child_by_index = get_child_by_index;
}

static void
install_properties (GObjectClass *object_class)
{
  const PenstockGopLogLimits defaults = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

  penstock_fanout_install_reader_properties (object_class);

  /**
   * PenstockFanout:cache-bytes:
   *
   * Most bytes kept of all streams. A GOP beyond this is not cached: readers
   * that join then wait for the next keyframe, others notice nothing.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_CACHE_BYTES,
      g_param_spec_uint64 ("cache-bytes", "Cache bytes",
          "Most bytes kept of all streams; a GOP beyond this is not cached",
          64 * 1024, G_MAXINT64, defaults.max_bytes, flags));

  /**
   * PenstockFanout:cache-time:
   *
   * Longest time kept, in nanoseconds of running time.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_CACHE_TIME,
      g_param_spec_uint64 ("cache-time", "Cache time",
          "Nanoseconds kept at most; a longer GOP is not cached", GST_SECOND,
          G_MAXINT64, defaults.max_time, flags));

  /**
   * PenstockFanout:cache-entries:
   *
   * Most buffers kept of all streams.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_CACHE_ENTRIES,
      g_param_spec_uint ("cache-entries", "Cache entries",
          "Most buffers kept of all streams; a longer GOP is not cached", 64,
          G_MAXINT, defaults.max_entries, flags));

  /**
   * PenstockFanout:stats:
   *
   * `cached-bytes` (guint64), `cached-entries` (guint), `cached-time` (guint64,
   * ns), `has-keyframe` (gboolean): a reader that joins gets a picture at once;
   * `gops-given-up` (guint64) beyond a limit of the cache; `readers`, an array
   * of a #GstStructure each:
   * `reader` (guint), its number; `state` (string): `waiting` (not linked, or
   * nothing to send yet), `reading`, `eos` (the stream has ended), `done` (it
   * wanted no more), `audio-only`, `disconnected` (by policy), `failed`;
   * `joins` (guint64), times it has begun to read; `lag` (guint64, ns) behind
   * the newest; `queued-entries` (guint) and `queued-bytes` (guint64) that wait
   * for it; `read` (guint64); `skips` (guint64), times its video jumped; and of
   * entries it did not get `skipped-lag` (video beyond a limit),
   * `skipped-non-reference`, `skipped-audio`, and `skipped-overrun` (gone from
   * the cache) (guint64).
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "What is cached, and of each reader what it has read, has queued and "
          "has skipped, by cause",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
penstock_fanout_class_init (PenstockFanoutClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = penstock_fanout_set_property;
  object_class->get_property = penstock_fanout_get_property;
  object_class->finalize = penstock_fanout_finalize;
  element_class->change_state = penstock_fanout_change_state;
  element_class->request_new_pad = penstock_fanout_request_new_pad;
  element_class->release_pad = penstock_fanout_release_pad;
  install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &src_template, PENSTOCK_TYPE_FANOUT_PAD);
  gst_element_class_set_static_metadata (element_class, "Fan-out queue",
      "Generic",
      "Gives encoded or raw streams to readers that come, go and lag, from the "
      "newest keyframe on",
      "The Penstock developers");
}

static void
penstock_fanout_init (PenstockFanout *self)
{
  g_mutex_init (&self->lock);
  self->log = penstock_gop_log_new (NULL);
  self->limits = (PenstockGopLogLimits) PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  self->defaults = (PenstockCursorSettings) PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  self->streams = g_ptr_array_new_with_free_func (
      (GDestroyNotify) penstock_fanout_stream_free);
  self->readers = g_ptr_array_new_with_free_func ((GDestroyNotify) reader_free);
  update_limits (self);
}
