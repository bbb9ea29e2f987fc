/* SPDX-License-Identifier: MIT
 *
 * What the source pads of penstockfanout ask of it and of its input. See fanout.c. */

#include "fanout-private.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_fanout_debug);
#define GST_CAT_DEFAULT penstock_fanout_debug

/* Pads of one reader that begin to read within this time begin at one place. */
#define JOIN_TOGETHER_US G_USEC_PER_SEC

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

void
penstock_fanout_post_reader (
    PenstockFanout *self, guint reader, PenstockFanoutPadState state)
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
    penstock_fanout_post_reader (self, number, state);
}

/* Ends readers that are blocked, and so cannot see that they are too slow.
 * With the lock. Returns: (nullable): their numbers */
GArray *
penstock_fanout_end_blocked_readers (PenstockFanout *self)
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

/* --- events and queries ------------------------------------------------- */

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
    penstock_fanout_update_limits (self);
  }
  g_mutex_unlock (&self->lock);
}

const PenstockFanoutPadOwner penstock_fanout_pad_owner = {
  .join = pad_join,
  .too_slow = pad_too_slow,
  .set_reader_property = pad_set_reader_property,
};

void
penstock_fanout_set_up_output (GstPad *pad)
{
  gst_pad_set_event_function (pad, src_event);
  gst_pad_set_query_function (pad, src_query);
  gst_pad_set_iterate_internal_links_function (pad, src_internal_links);
}
