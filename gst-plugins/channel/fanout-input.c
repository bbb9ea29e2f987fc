/* SPDX-License-Identifier: MIT
 *
 * The sink pads of penstockfanout: data and events into the log. See fanout.c. */

#include "fanout-private.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_fanout_debug);
#define GST_CAT_DEFAULT penstock_fanout_debug

/* Pads of a silent stream are woken for each so many entries of the others, so
 * that their positions keep up. */
#define MAX_FOREIGN 16

/* --- to readers (all with the lock) ------------------------------------- */

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
void
penstock_fanout_set_eos (
    PenstockFanout *self, PenstockFanoutStream *stream, GstEvent *eos)
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
  PenstockFanoutStream *stream = penstock_fanout_find_input (self, pad);
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
      ? penstock_fanout_end_blocked_readers (self)
      : NULL;
  g_mutex_unlock (&self->lock);

  for (guint i = 0; ended && i < ended->len; i++)
    penstock_fanout_post_reader (
        self, g_array_index (ended, guint, i), PENSTOCK_FANOUT_DISCONNECTED);
  return GST_FLOW_OK;
}

/* --- events ------------------------------------------------------------- */

static void
take_sticky (PenstockFanout *self, GstPad *pad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  PenstockFanoutStream *stream = penstock_fanout_find_input (self, pad);
  if (stream) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
      penstock_fanout_set_eos (self, stream, NULL);
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
  PenstockFanoutStream *stream = penstock_fanout_find_input (self, pad);
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
  PenstockFanoutStream *stream = penstock_fanout_find_input (self, pad);
  if (stream)
    penstock_fanout_set_eos (self, stream, event);
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
  PenstockFanoutStream *stream = penstock_fanout_find_input (self, sinkpad);
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
  PenstockFanoutStream *stream = penstock_fanout_find_input (self, sinkpad);
  if (stream) {
    stream->flushing = FALSE;
    stream->discont = TRUE;
    stream->floor = log_position (self);
    gst_segment_init (&stream->segment, GST_FORMAT_UNDEFINED);
    penstock_fanout_set_eos (self, stream, NULL);
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

void
penstock_fanout_set_up_input (GstPad *pad)
{
  gst_pad_set_chain_function (pad, sink_chain);
  gst_pad_set_event_function (pad, sink_event);
  gst_pad_set_query_function (pad, sink_query);
}
