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

#include "fanout-private.h"

GST_DEBUG_CATEGORY (penstock_fanout_debug);
#define GST_CAT_DEFAULT penstock_fanout_debug

/* Kept beyond the longest limit of a reader, so that the limit decides. */
#define RETENTION_MARGIN GST_SECOND

enum {
  PROP_CACHE_BYTES = PENSTOCK_FANOUT_N_READER_PROPS,
  PROP_CACHE_TIME,
  PROP_CACHE_ENTRIES,
  PROP_STATS,
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

PenstockFanoutStream *
penstock_fanout_find_input (PenstockFanout *self, GstPad *sinkpad)
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
void
penstock_fanout_update_limits (PenstockFanout *self)
{
  GstClockTime retention = 0;

  for (guint i = 0; i < self->readers->len; i++) {
    const PenstockFanoutReader *reader = g_ptr_array_index (self->readers, i);
    retention = MAX (retention, longest_lag (&reader->settings, &self->limits));
  }
  self->limits.retention = retention;
  penstock_gop_log_set_limits (self->log, &self->limits);
}

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
  penstock_fanout_set_up_input (pad);
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
  PenstockFanoutPad *pad = penstock_fanout_pad_new (
      templ, pad_name, self->log, &penstock_fanout_pad_owner);
  penstock_fanout_set_up_output (GST_PAD (pad));
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
  penstock_fanout_update_limits (self);
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
  PenstockFanoutStream *stream = penstock_fanout_find_input (self, pad);
  if (stream) {
    stream->sinkpad = NULL;
    if (stream->kind != PENSTOCK_FANOUT_UNKNOWN && !stream->eos)
      penstock_fanout_set_eos (self, stream, eos);
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
    penstock_fanout_update_limits (self);
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
    penstock_fanout_update_limits (self);
    break;
  case PROP_CACHE_TIME:
    self->limits.max_time = g_value_get_uint64 (value);
    penstock_fanout_update_limits (self);
    break;
  case PROP_CACHE_ENTRIES:
    self->limits.max_entries = g_value_get_uint (value);
    penstock_fanout_update_limits (self);
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
  penstock_fanout_update_limits (self);
}
