/* SPDX-License-Identifier: MIT
 *
 * One stream into penstockfanout. See fanout-stream.h. */

#include "fanout-stream.h"

/* Running times are signed (a first DTS may lie before the segment); this makes
 * them positive. */
#define BIAS (G_GUINT64_CONSTANT (86400) * GST_SECOND)
/* A larger step back is a new timeline, not reordering. */
#define MAX_STEP_BACK GST_SECOND

PenstockFanoutStream *
penstock_fanout_stream_new (guint number, guint track)
{
  PenstockFanoutStream *self = g_new0 (PenstockFanoutStream, 1);

  self->number = number;
  self->track = track;
  self->pads = g_ptr_array_new ();
  penstock_fanout_stream_reset (self);
  return self;
}

void
penstock_fanout_stream_free (PenstockFanoutStream *self)
{
  gst_event_replace (&self->eos, NULL);
  gst_object_replace ((GstObject **) &self->pool, NULL);
  penstock_sticky_set_unref (self->sticky);
  g_ptr_array_unref (self->pads);
  g_free (self);
}

void
penstock_fanout_stream_reset (PenstockFanoutStream *self)
{
  g_clear_pointer (&self->sticky, penstock_sticky_set_unref);
  self->sticky = penstock_sticky_set_new_empty ();
  gst_event_replace (&self->eos, NULL);
  gst_object_replace ((GstObject **) &self->pool, NULL);
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  self->kind = PENSTOCK_FANOUT_UNKNOWN;
  self->flushing = self->discont = FALSE;
  self->last_time = self->next_time = GST_CLOCK_TIME_NONE;
  self->offset = 0;
  self->droppable = (PenstockDroppable){ 0 };
}

gboolean
penstock_fanout_stream_is_video (const PenstockFanoutStream *self)
{
  return self->kind >= PENSTOCK_FANOUT_VIDEO;
}

void
penstock_fanout_stream_set_caps (
    PenstockFanoutStream *self, const GstCaps *caps)
{
  const gchar *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));

  if (g_str_has_prefix (name, "audio/"))
    self->kind = PENSTOCK_FANOUT_AUDIO;
  else if (g_str_equal (name, "video/x-raw") ||
      g_str_equal (name, "image/jpeg"))
    self->kind = PENSTOCK_FANOUT_ALL_INTRA;
  else
    self->kind = PENSTOCK_FANOUT_VIDEO;
  penstock_droppable_init_from_caps (&self->droppable, caps);
}

/* Whether @pool has a fixed number of buffers. */
static gboolean
is_bounded (GstBufferPool *pool)
{
  GstStructure *config = gst_buffer_pool_get_config (pool);
  guint max = 0;

  gst_buffer_pool_config_get_params (config, NULL, NULL, NULL, &max);
  gst_structure_free (config);
  return max > 0;
}

GstBuffer *
penstock_fanout_stream_prepare (PenstockFanoutStream *self, GstBuffer *buffer)
{
  if (buffer->pool && buffer->pool != self->pool) {
    gst_object_replace ((GstObject **) &self->pool, GST_OBJECT (buffer->pool));
    self->pool_is_bounded = is_bounded (buffer->pool);
  }
  if (buffer->pool && self->pool_is_bounded) {
    GstBuffer *copy = gst_buffer_copy_deep (buffer);
    gst_buffer_unref (buffer);
    buffer = copy;
  }
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DROPPABLE) &&
      penstock_droppable_check (&self->droppable, buffer)) {
    buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DROPPABLE);
  }
  return buffer;
}

/* Biased running time; NONE when it cannot be told. */
static GstClockTime
running_time (const GstSegment *segment, GstClockTime time)
{
  guint64 running = 0;

  if (segment->format != GST_FORMAT_TIME || time == GST_CLOCK_TIME_NONE)
    return GST_CLOCK_TIME_NONE;
  gint sign = gst_segment_to_running_time_full (
      segment, GST_FORMAT_TIME, time, &running);
  if (sign == 0 || running > G_MAXINT64 / 2)
    return GST_CLOCK_TIME_NONE;
  return sign > 0 ? BIAS + running : BIAS - MIN (running, BIAS);
}

GstClockTime
penstock_fanout_stream_time (
    PenstockFanoutStream *self, const GstBuffer *buffer, GstClockTime now)
{
  GstClockTime time =
      running_time (&self->segment, GST_BUFFER_DTS_OR_PTS (buffer));

  if (time != GST_CLOCK_TIME_NONE)
    time += self->offset;
  else if (self->next_time != GST_CLOCK_TIME_NONE)
    time = self->next_time;
  else
    time = BIAS + now;
  if (self->last_time != GST_CLOCK_TIME_NONE && time < self->last_time) {
    if (self->last_time - time > MAX_STEP_BACK)
      self->offset += self->last_time - time;
    time = self->last_time;
  }
  self->last_time = time;
  self->next_time = GST_BUFFER_DURATION_IS_VALID (buffer)
      ? time + GST_BUFFER_DURATION (buffer)
      : GST_CLOCK_TIME_NONE;
  return time;
}

PenstockEntryFlags
penstock_fanout_stream_flags (
    PenstockFanoutStream *self, const GstBuffer *buffer)
{
  PenstockEntryFlags flags = 0;

  if (penstock_fanout_stream_is_video (self)) {
    flags |= PENSTOCK_ENTRY_VIDEO;
    if (self->kind == PENSTOCK_FANOUT_ALL_INTRA ||
        !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
      flags |= PENSTOCK_ENTRY_KEYFRAME;
  }
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DROPPABLE))
    flags |= PENSTOCK_ENTRY_DROPPABLE;
  if (self->discont || GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
    flags |= PENSTOCK_ENTRY_DISCONT;
  self->discont = FALSE;
  return flags;
}
