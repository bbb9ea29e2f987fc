/* SPDX-License-Identifier: MIT
 *
 * SECTION:element-penstockchannelsink
 *
 * Writes any number of encoded streams into a channel, where any number of
 * penstockchannelsrc elements, in this or another pipeline of the process,
 * read them. One request pad an elementary stream. Never blocks the pipeline.
 *
 * Maps the streams' running time to the channel's time once: anchored at the
 * first access units, corrected for slow clock drift, anchored anew (with a
 * discontinuity) where the timeline jumps. End of stream, flush and restart of
 * the input become states and discontinuities, never an end for readers.
 *
 * Sources that take turns have pads of different groups (pad property `group`):
 * the group whose stream starts last writes the channel, as a timeline of its
 * own, and what still comes from the others is dropped.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true num-buffers=100 ! video/x-raw,format=I420 ! x264enc tune=zerolatency ! h264parse ! penstockchannelsink channel=demo penstockchannelsrc channel=demo ! h264parse ! fakesink
 * ]|
 *
 * Since: 0.1
 */

#include "channel-sink.h"

#include <stdio.h>

#include "channel-sink-pad.h"
#include "time-map.h"

GST_DEBUG_CATEGORY_STATIC (channel_sink_debug);
#define GST_CAT_DEFAULT channel_sink_debug

/* First track number of the audio streams; video counts from 0. */
#define FIRST_AUDIO_TRACK (PENSTOCK_GOP_LOG_MAX_TRACKS / 2)

#define DEFAULT_CORRECT_DRIFT TRUE
#define DEFAULT_EXPECTED_STREAMS 0
#define DEFAULT_MAX_HOLD GST_SECOND

enum {
  PROP_0,
  PROP_CHANNEL,
  PROP_CORRECT_DRIFT,
  PROP_EXPECTED_STREAMS,
  PROP_MAX_HOLD,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

/* An access unit that waits for the anchor. */
typedef struct {
  PenstockChannelSinkPad *pad;
  GstBuffer *buffer;
  GstClockTime pts, dts; /* source time */
} Held;

struct _PenstockChannelSink {
  GstElement parent;

  /* Properties; object lock. */
  gchar *channel_name;
  gboolean correct_drift;
  guint expected_streams;
  GstClockTime max_hold;

  PenstockChannel *channel; /* set READY→PAUSED, cleared PAUSED→READY */

  GMutex lock; /* guards the rest and the pads' fields; then channel's locks */
  PenstockTimeMap map;
  GQueue held; /* of Held; at the start of an epoch */
  GstClockTime hold_start;
  gboolean flowing;        /* past the hold */
  gboolean layout_changed; /* publish before the next access unit */
  gboolean new_epoch;      /* the next layout begins one */
  guint group;             /* whose turn it is */
  guint next_pad;
};

/* The canonical formats: what a channel carries. */
#define CANONICAL_CAPS                                                         \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au; "            \
  "video/x-h265, stream-format=(string)hvc1, alignment=(string)au; "           \
  "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu; "      \
  "video/x-vp8; video/x-vp9; image/jpeg; "                                     \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true; "                                                     \
  "audio/mpeg, mpegversion=(int)1; audio/x-opus; audio/x-alaw; "               \
  "audio/x-mulaw; audio/G722; audio/x-adpcm, layout=(string)g726; "            \
  "audio/x-flac, framed=(boolean)true; audio/x-ac3, framed=(boolean)true; "    \
  "audio/x-eac3, framed=(boolean)true; audio/x-raw"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS (CANONICAL_CAPS));

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockChannelSink, penstock_channel_sink,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        channel_sink_debug, "penstockchannelsink", 0, "Penstock channel sink"))

static void
held_free (Held *held)
{
  gst_object_unref (held->pad);
  gst_buffer_unref (held->buffer);
  g_free (held);
}

/* --- epochs and layouts (all with the lock) ------------------------------ */

static void
drop_held (PenstockChannelSink *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) held_free);
  g_queue_init (&self->held);
}

/* The next access unit is the first of a new timeline. */
static void
begin_epoch (PenstockChannelSink *self)
{
  GST_OBJECT_LOCK (self);
  gboolean correct_drift = self->correct_drift;
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    PenstockChannelSinkPad *pad = l->data;
    pad->seen = FALSE;
    pad->discont = TRUE;
    pad->next_source = GST_CLOCK_TIME_NONE;
    penstock_dts_reset (&pad->dts);
  }
  GST_OBJECT_UNLOCK (self);
  drop_held (self);
  penstock_time_map_reset (&self->map, correct_drift);
  self->flowing = FALSE;
  self->new_epoch = TRUE;
  self->layout_changed = TRUE;
}

static void
publish_layout (PenstockChannelSink *self)
{
  PenstockTrack tracks[PENSTOCK_GOP_LOG_MAX_TRACKS];
  guint n = 0;

  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    PenstockChannelSinkPad *pad = l->data;
    /* A stream that has not sent anything is not promised to readers. */
    if (pad->caps && pad->seen && n < G_N_ELEMENTS (tracks))
      tracks[n++] =
          (PenstockTrack){ pad->track, pad->kind, gst_caps_ref (pad->caps) };
  }
  GST_OBJECT_UNLOCK (self);

  penstock_channel_set_layout (self->channel, tracks, n, self->new_epoch);
  self->layout_changed = self->new_epoch = FALSE;
  for (guint i = 0; i < n; i++)
    gst_caps_unref (tracks[i].caps);
}

/* Whether the wait at the start of an epoch is over: for the anchor, and for
 * all streams, so that readers learn the tracks at once instead of one by
 * one. */
static gboolean
hold_is_over (PenstockChannelSink *self, PenstockTimeMapResult mapped,
    GstClockTime held_for)
{
  guint n_seen = 0, n_pads = 0;

  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    PenstockChannelSinkPad *pad = l->data;
    if (pad->group != self->group)
      continue;
    n_pads++;
    n_seen += pad->seen || pad->eos;
  }
  gboolean all = n_seen == n_pads && n_seen >= self->expected_streams;
  gboolean enough = held_for > self->max_hold;
  GST_OBJECT_UNLOCK (self);
  return enough || (all && mapped != PENSTOCK_TIME_MAP_HOLD);
}

/* Puts one access unit into the channel. */
static void
append (PenstockChannelSink *self, PenstockChannelSinkPad *pad,
    GstBuffer *buffer, GstClockTime pts, GstClockTime dts)
{
  GstClockTime out_dts = penstock_time_map_convert (&self->map, dts);
  GstClockTime out_pts = penstock_time_map_convert (&self->map, pts);

  if (pad->last_dts != GST_CLOCK_TIME_NONE && out_dts < pad->last_dts)
    out_dts = pad->last_dts;
  pad->last_dts = out_dts;

  buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_DTS (buffer) = out_dts;
  GST_BUFFER_PTS (buffer) = MAX (out_pts, out_dts);
  if (pad->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  else
    GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_DISCONT);
  pad->discont = FALSE;
  if (penstock_droppable_check (&pad->droppable, buffer))
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DROPPABLE);

  if (self->layout_changed)
    publish_layout (self);
  penstock_channel_append (self->channel, pad->track, buffer);
}

static void
release_held (PenstockChannelSink *self)
{
  self->flowing = TRUE;
  penstock_time_map_flush (&self->map);
  for (Held *held; (held = g_queue_pop_head (&self->held));) {
    append (
        self, held->pad, gst_buffer_ref (held->buffer), held->pts, held->dts);
    held_free (held);
  }
}

/* --- data --------------------------------------------------------------- */

static GstFlowReturn
check_turn (PenstockChannelSink *self, const PenstockChannelSinkPad *pad)
{
  if (!self->channel)
    return GST_FLOW_FLUSHING;
  return pad->caps ? GST_FLOW_OK : GST_FLOW_NOT_NEGOTIATED;
}

static GstFlowReturn
sink_chain (GstPad *gst_pad, GstObject *parent, GstBuffer *buffer)
{
  PenstockChannelSink *self = PENSTOCK_CHANNEL_SINK (parent);
  PenstockChannelSinkPad *pad = PENSTOCK_CHANNEL_SINK_PAD (gst_pad);
  GstClockTime now = penstock_channel_now (), pts, dts;

  g_mutex_lock (&self->lock);
  GstFlowReturn refusal = check_turn (self, pad);
  if (refusal != GST_FLOW_OK || pad->group != self->group) {
    g_mutex_unlock (&self->lock);
    gst_buffer_unref (buffer);
    return refusal;
  }

  penstock_channel_sink_pad_times (pad, buffer, now, &pts, &dts);
  if (!pad->seen) {
    pad->seen = TRUE;
    pad->discont = TRUE;
    self->layout_changed = TRUE;
  }
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
    pad->discont = TRUE;

  PenstockTimeMapResult mapped =
      penstock_time_map_push (&self->map, pad->track, dts, now);
  if (mapped == PENSTOCK_TIME_MAP_JUMP) {
    GST_WARNING_OBJECT (pad, "timeline jumps, anchoring anew");
    self->new_epoch = self->layout_changed = TRUE;
    GST_OBJECT_LOCK (self);
    for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next)
      ((PenstockChannelSinkPad *) l->data)->discont = TRUE;
    GST_OBJECT_UNLOCK (self);
  }

  gboolean started = FALSE;
  if (self->flowing) {
    append (self, pad, buffer, pts, dts);
  } else {
    if (g_queue_is_empty (&self->held))
      self->hold_start = now;
    Held *held = g_new (Held, 1);
    *held = (Held){ gst_object_ref (pad), buffer, pts, dts };
    g_queue_push_tail (&self->held, held);
    if (hold_is_over (self, mapped, now - self->hold_start)) {
      release_held (self);
      started = TRUE;
    }
  }
  g_autoptr (PenstockChannel) channel = g_object_ref (self->channel);
  g_mutex_unlock (&self->lock);

  if (started)
    penstock_channel_set_state (channel, PENSTOCK_CHANNEL_ONLINE);
  return GST_FLOW_OK;
}

static gboolean
take_caps (
    PenstockChannelSink *self, PenstockChannelSinkPad *pad, GstCaps *caps)
{
  const gchar *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  gboolean audio = g_str_has_prefix (name, "audio/");
  gboolean first = pad->caps == NULL;

  g_mutex_lock (&self->lock);
  if (!first && gst_caps_is_equal (pad->caps, caps)) {
    g_mutex_unlock (&self->lock);
    return TRUE;
  }
  penstock_channel_sink_pad_set_caps (pad, caps);
  if (first) {
    /* Streams are numbered by kind, so that a rebuilt input whose pads come
     * in another order keeps the numbers. */
    guint32 used = 0;
    pad->kind = audio ? PENSTOCK_TRACK_AUDIO : PENSTOCK_TRACK_VIDEO;
    GST_OBJECT_LOCK (self);
    for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
      PenstockChannelSinkPad *other = l->data;
      if (other != pad && other->caps && other->group == pad->group)
        used |= 1u << other->track;
    }
    GST_OBJECT_UNLOCK (self);
    pad->track = audio ? FIRST_AUDIO_TRACK : 0;
    while (pad->track < PENSTOCK_GOP_LOG_MAX_TRACKS - 1 &&
        (used & (1u << pad->track)))
      pad->track++;
  }
  if (first)
    penstock_dts_init_from_caps (&pad->dts, caps);
  else
    penstock_dts_set_depth (&pad->dts, penstock_dts_depth_from_caps (caps));
  if (pad->seen)
    self->layout_changed = TRUE;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* A stream that starts again is a new timeline for all streams, and so is one
 * of another source. */
static void
take_stream_start (PenstockChannelSink *self, PenstockChannelSinkPad *pad)
{
  g_mutex_lock (&self->lock);
  pad->eos = FALSE;
  if (pad->seen || pad->group != self->group) {
    self->group = pad->group;
    begin_epoch (self);
  }
  g_mutex_unlock (&self->lock);
}

/* The input's end is its own affair: told on its bus, not to readers. */
static void
take_eos (PenstockChannelSink *self, PenstockChannelSinkPad *pad, guint seqnum)
{
  gboolean all = TRUE;

  g_mutex_lock (&self->lock);
  pad->eos = TRUE;
  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    const PenstockChannelSinkPad *other = l->data;
    all &= other->eos || other->group != pad->group;
  }
  GST_OBJECT_UNLOCK (self);
  g_autoptr (PenstockChannel) started = NULL;
  if (all && !self->flowing && self->channel &&
      !g_queue_is_empty (&self->held)) {
    release_held (self);
    started = g_object_ref (self->channel);
  }
  g_mutex_unlock (&self->lock);

  if (started)
    penstock_channel_set_state (started, PENSTOCK_CHANNEL_ONLINE);
  if (all) {
    GstMessage *message = gst_message_new_eos (GST_OBJECT (self));
    gst_message_set_seqnum (message, seqnum);
    gst_element_post_message (GST_ELEMENT (self), message);
  }
}

static gboolean
sink_event (GstPad *gst_pad, GstObject *parent, GstEvent *event)
{
  PenstockChannelSink *self = PENSTOCK_CHANNEL_SINK (parent);
  PenstockChannelSinkPad *pad = PENSTOCK_CHANNEL_SINK_PAD (gst_pad);

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_STREAM_START:
    take_stream_start (self, pad);
    break;
  case GST_EVENT_CAPS: {
    GstCaps *caps;
    gst_event_parse_caps (event, &caps);
    gboolean ok = take_caps (self, pad, caps);
    gst_event_unref (event);
    return ok;
  }
  case GST_EVENT_SEGMENT:
    g_mutex_lock (&self->lock);
    gst_event_copy_segment (event, &pad->segment);
    g_mutex_unlock (&self->lock);
    break;
  case GST_EVENT_EOS:
    take_eos (self, pad, gst_event_get_seqnum (event));
    break;
  case GST_EVENT_FLUSH_STOP:
    g_mutex_lock (&self->lock);
    pad->discont = TRUE;
    pad->eos = FALSE;
    gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
    penstock_dts_reset (&pad->dts);
    g_mutex_unlock (&self->lock);
    break;
  default:
    break;
  }
  gst_event_unref (event);
  return TRUE;
}

/* --- element ------------------------------------------------------------ */

static GstPad *
penstock_channel_sink_request_new_pad (GstElement *element,
    GstPadTemplate *templ, const gchar *name, const GstCaps *caps)
{
  PenstockChannelSink *self = PENSTOCK_CHANNEL_SINK (element);
  g_autofree gchar *own_name = NULL;

  g_mutex_lock (&self->lock);
  guint index = 0;
  if (name && sscanf (name, "sink_%u", &index) == 1)
    self->next_pad = MAX (self->next_pad, index + 1);
  else
    own_name = g_strdup_printf ("sink_%u", self->next_pad++);
  g_mutex_unlock (&self->lock);

  GstPad *pad = g_object_new (PENSTOCK_TYPE_CHANNEL_SINK_PAD, "name",
      own_name ? own_name : name, "direction", GST_PAD_SINK, "template", templ,
      NULL);
  gst_pad_set_chain_function (pad, sink_chain);
  gst_pad_set_event_function (pad, sink_event);
  gst_pad_set_active (pad, TRUE);
  if (!gst_element_add_pad (element, pad))
    return NULL;
  return pad;
}

static void
penstock_channel_sink_release_pad (GstElement *element, GstPad *gst_pad)
{
  PenstockChannelSink *self = PENSTOCK_CHANNEL_SINK (element);
  PenstockChannelSinkPad *pad = PENSTOCK_CHANNEL_SINK_PAD (gst_pad);

  gst_pad_set_active (gst_pad, FALSE);
  g_mutex_lock (&self->lock);
  for (GList *l = self->held.head, *next; l; l = next) {
    next = l->next;
    if (((Held *) l->data)->pad == pad) {
      held_free (l->data);
      g_queue_delete_link (&self->held, l);
    }
  }
  if (pad->seen)
    self->layout_changed = TRUE;
  g_mutex_unlock (&self->lock);
  gst_element_remove_pad (element, gst_pad);
}

static gboolean
open_channel (PenstockChannelSink *self)
{
  GST_OBJECT_LOCK (self);
  g_autofree gchar *name = g_strdup (self->channel_name);
  GST_OBJECT_UNLOCK (self);

  if (!name || !*name) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("No channel name is set."),
        ("property channel is empty"));
    return FALSE;
  }
  g_autoptr (PenstockChannel) channel = penstock_channel_get (name);
  if (!penstock_channel_claim (channel, self)) {
    GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
        ("Channel \"%s\" already has a writer.", name), (NULL));
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  self->channel = g_steal_pointer (&channel);
  begin_epoch (self);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
close_channel (PenstockChannelSink *self)
{
  g_mutex_lock (&self->lock);
  g_autoptr (PenstockChannel) channel = g_steal_pointer (&self->channel);
  drop_held (self);
  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    PenstockChannelSinkPad *pad = l->data;
    gst_caps_replace (&pad->caps, NULL);
    pad->seen = pad->eos = FALSE;
    pad->last_dts = GST_CLOCK_TIME_NONE;
  }
  GST_OBJECT_UNLOCK (self);
  g_mutex_unlock (&self->lock);

  if (!channel)
    return;
  penstock_channel_release (channel, self);
  if (penstock_channel_get_state (channel) == PENSTOCK_CHANNEL_ONLINE)
    penstock_channel_set_state (channel, PENSTOCK_CHANNEL_OFFLINE);
}

static GstStateChangeReturn
penstock_channel_sink_change_state (
    GstElement *element, GstStateChange transition)
{
  PenstockChannelSink *self = PENSTOCK_CHANNEL_SINK (element);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open_channel (self))
    return GST_STATE_CHANGE_FAILURE;

  GstStateChangeReturn ret =
      GST_ELEMENT_CLASS (penstock_channel_sink_parent_class)
          ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    close_channel (self);
  return ret;
}

static void
penstock_channel_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PenstockChannelSink *self = PENSTOCK_CHANNEL_SINK (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_CHANNEL:
    g_free (self->channel_name);
    self->channel_name = g_value_dup_string (value);
    break;
  case PROP_CORRECT_DRIFT:
    self->correct_drift = g_value_get_boolean (value);
    break;
  case PROP_EXPECTED_STREAMS:
    self->expected_streams = g_value_get_uint (value);
    break;
  case PROP_MAX_HOLD:
    self->max_hold = g_value_get_uint64 (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
penstock_channel_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PenstockChannelSink *self = PENSTOCK_CHANNEL_SINK (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_CHANNEL:
    g_value_set_string (value, self->channel_name);
    break;
  case PROP_CORRECT_DRIFT:
    g_value_set_boolean (value, self->correct_drift);
    break;
  case PROP_EXPECTED_STREAMS:
    g_value_set_uint (value, self->expected_streams);
    break;
  case PROP_MAX_HOLD:
    g_value_set_uint64 (value, self->max_hold);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
penstock_channel_sink_finalize (GObject *object)
{
  PenstockChannelSink *self = PENSTOCK_CHANNEL_SINK (object);

  g_free (self->channel_name);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_channel_sink_parent_class)->finalize (object);
}

static void
penstock_channel_sink_class_init (PenstockChannelSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = penstock_channel_sink_set_property;
  object_class->get_property = penstock_channel_sink_get_property;
  object_class->finalize = penstock_channel_sink_finalize;
  element_class->change_state = penstock_channel_sink_change_state;
  element_class->request_new_pad = penstock_channel_sink_request_new_pad;
  element_class->release_pad = penstock_channel_sink_release_pad;

  /**
   * PenstockChannelSink:channel:
   *
   * Name of the channel to write. One writer at a time.
   *
   * Since: 0.1
   */
  props[PROP_CHANNEL] = g_param_spec_string ("channel", "Channel",
      "Name of the channel to write, one in the process", NULL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * PenstockChannelSink:correct-drift:
   *
   * Whether the channel's time follows a source clock that runs faster or
   * slower than the system's, by at most 5 ms a second.
   *
   * Since: 0.1
   */
  props[PROP_CORRECT_DRIFT] =
      g_param_spec_boolean ("correct-drift", "Correct drift",
          "Follow a source clock that drifts, by at most 5 ms a second",
          DEFAULT_CORRECT_DRIFT,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * PenstockChannelSink:expected-streams:
   *
   * How many streams are to come, for sources whose pads appear one by one.
   * Readers see nothing before all of them have sent data, or #max-hold.
   *
   * Since: 0.1
   */
  props[PROP_EXPECTED_STREAMS] = g_param_spec_uint ("expected-streams",
      "Expected streams",
      "Streams to wait for at the start (0 = as many as there are pads)", 0,
      PENSTOCK_GOP_LOG_MAX_TRACKS, DEFAULT_EXPECTED_STREAMS,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

  /**
   * PenstockChannelSink:max-hold:
   *
   * Longest wait at the start, in nanoseconds from the first access unit, for
   * streams that are silent.
   *
   * Since: 0.1
   */
  props[PROP_MAX_HOLD] = g_param_spec_uint64 ("max-hold", "Maximum hold",
      "Nanoseconds to wait at the start for streams that are silent", 0,
      G_MAXINT64, DEFAULT_MAX_HOLD,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  g_object_class_install_properties (object_class, N_PROPS, props);

  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &sink_template, PENSTOCK_TYPE_CHANNEL_SINK_PAD);
  gst_element_class_set_static_metadata (element_class, "Channel sink",
      "Sink/Network",
      "Writes encoded streams into a named channel with a GOP cache",
      "The Penstock developers");
}

static void
penstock_channel_sink_init (PenstockChannelSink *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->held);
  self->correct_drift = DEFAULT_CORRECT_DRIFT;
  self->expected_streams = DEFAULT_EXPECTED_STREAMS;
  self->max_hold = DEFAULT_MAX_HOLD;
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
