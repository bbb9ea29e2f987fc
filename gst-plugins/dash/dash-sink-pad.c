/* SPDX-License-Identifier: MIT
 *
 * What enters penstockdashsink on one of its pads: access units, caps, time
 * segments, gaps, tags, flushes and the end (see dash-sink-private.h). */

#include "dash-sink-private.h"

GST_DEBUG_CATEGORY_EXTERN (dash_sink_debug);
#define GST_CAT_DEFAULT dash_sink_debug

G_DEFINE_FINAL_TYPE (PenstockDashSinkPad, penstock_dash_sink_pad, GST_TYPE_PAD)

static void
penstock_dash_sink_pad_class_init (PenstockDashSinkPadClass *klass)
{
}

static void
penstock_dash_sink_pad_init (PenstockDashSinkPad *pad)
{
  pad->track = -1;
  pad->position = GST_CLOCK_TIME_NONE;
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
}

/* ---- access units ---- */

/* Running time, or NONE when the buffer is outside of its segment. */
static GstClockTime
running_time (const PenstockDashSinkPad *pad, GstClockTime time)
{
  guint64 running;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    return GST_CLOCK_TIME_NONE;
  if (gst_segment_to_running_time_full (
          &pad->segment, GST_FORMAT_TIME, time, &running) != 1)
    return GST_CLOCK_TIME_NONE;
  return running;
}

static void
note_arrival (PenstockDashSink *self, GstClockTime pts)
{
  GstClockTime now = (GstClockTime) g_get_real_time () * GST_USECOND;

  if (!self->have_zero && !self->use_wall_clock)
    self->best_zero = MIN (self->best_zero, now - MIN (pts, now));
}

/* Setup packets of Opus and FLAC, which the CMAF header holds. */
static gboolean
is_setup_packet (const PenstockDashSinkPad *pad, GstBuffer *buffer)
{
  return pad->kind == CMAF_AUDIO &&
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER);
}

/* FALSE when the unit does not say what its codec needs. With the lock. */
static gboolean
complete_format (
    PenstockDashSink *self, PenstockDashSinkPad *pad, GstBuffer *buffer)
{
  g_autoptr (CmafFormat) format = NULL;
  GstMapInfo map;

  if (!pad->unfinished)
    return TRUE;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  format = cmaf_format_complete (pad->unfinished, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  if (!format)
    return FALSE;
  segmenter_set_format (self->segmenter, pad->track, format);
  g_clear_pointer (&pad->unfinished, cmaf_format_unref);
  return TRUE;
}

/* Takes @buffer. With the lock. */
static void
take_unit (PenstockDashSink *self, PenstockDashSinkPad *pad, GstBuffer *buffer)
{
  GstClockTime pts = running_time (pad,
      GST_BUFFER_PTS_IS_VALID (buffer) ? GST_BUFFER_PTS (buffer)
                                       : GST_BUFFER_DTS (buffer));
  SegmenterFlags flags = 0;

  if (is_setup_packet (pad, buffer) || gst_buffer_get_size (buffer) == 0 ||
      !GST_CLOCK_TIME_IS_VALID (pts) || !complete_format (self, pad, buffer)) {
    if (!is_setup_packet (pad, buffer)) {
      self->no_timestamp++;
      pad->discont = TRUE;
      GST_LOG_OBJECT (pad, "dropping a unit without data, time or header");
    }
    gst_buffer_unref (buffer);
    return;
  }
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    flags |= SEGMENTER_KEYFRAME;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DROPPABLE))
    flags |= SEGMENTER_DROPPABLE;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT) || pad->discont)
    flags |= SEGMENTER_DISCONT;
  pad->discont = FALSE;
  note_arrival (self, pts);
  pad->position = pts;
  pad->missing = FALSE;
  dash_tracks_moved (self);
  self->ended = FALSE;
  segmenter_push (self->segmenter, pad->track, buffer, pts,
      GST_BUFFER_DURATION (buffer), flags);
  dash_sink_make_rows (self);
}

static GstFlowReturn
penstock_dash_sink_chain (GstPad *gstpad, GstObject *parent, GstBuffer *buffer)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (parent);
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);
  GstFlowReturn ret = GST_FLOW_OK;

  g_mutex_lock (&self->lock);
  dash_tracks_hold (self, pad, running_time (pad, GST_BUFFER_PTS (buffer)));
  if (!self->segmenter || GST_PAD_IS_FLUSHING (gstpad))
    ret = GST_FLOW_FLUSHING;
  else if (pad->eos)
    ret = GST_FLOW_EOS;
  else if (pad->track < 0)
    ret = GST_FLOW_NOT_NEGOTIATED; /* no caps we know */
  else
    take_unit (self, pad, g_steal_pointer (&buffer));
  g_mutex_unlock (&self->lock);

  gst_clear_buffer (&buffer);
  if (ret == GST_FLOW_OK)
    dash_sink_deliver (self);
  return ret;
}
/* ---- events ---- */

static gboolean
upstream_is_live (PenstockDashSinkPad *pad)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (GST_PAD (pad), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  return live;
}

static gboolean
handle_caps (PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CmafFormat) format = NULL;
  GstCaps *caps;
  gboolean ok = FALSE, live;

  gst_event_parse_caps (event, &caps);
  format = cmaf_format_new_from_caps (caps, &error);
  if (format && format->kind != pad->kind)
    return FALSE;
  if (!format) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message),
        ("caps %" GST_PTR_FORMAT, caps));
    return FALSE;
  }
  GST_DEBUG_OBJECT (pad, "%s from %" GST_PTR_FORMAT, format->codecs, caps);
  live = upstream_is_live (pad);
  g_mutex_lock (&self->lock);
  pad->live = live;
  if (dash_tracks_attach (self, pad)) {
    g_clear_pointer (&pad->unfinished, cmaf_format_unref);
    if (cmaf_format_is_incomplete (format))
      pad->unfinished = g_steal_pointer (&format);
    else
      segmenter_set_format (self->segmenter, pad->track, format);
    ok = TRUE;
  }
  g_mutex_unlock (&self->lock);
  return ok;
}

static gboolean
handle_segment (
    PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  if (segment->format != GST_FORMAT_TIME) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Timestamps are needed, found a segment of %s",
            gst_format_get_name (segment->format)),
        (NULL));
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  gst_segment_copy_into (segment, &pad->segment);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
handle_gap (PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  GstClockTime time, duration;

  gst_event_parse_gap (event, &time, &duration);
  if (GST_CLOCK_TIME_IS_VALID (time) && GST_CLOCK_TIME_IS_VALID (duration))
    time += duration;
  g_mutex_lock (&self->lock);
  time = running_time (pad, time);
  if (self->segmenter && pad->track >= 0 && GST_CLOCK_TIME_IS_VALID (time)) {
    segmenter_gap (self->segmenter, pad->track, time);
    pad->position = time;
    dash_tracks_moved (self);
    dash_sink_make_rows (self);
  }
  g_mutex_unlock (&self->lock);
  dash_sink_deliver (self);
}

static void
handle_eos (PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  if (self->segmenter) {
    pad->eos = TRUE;
    dash_tracks_moved (self);
    self->eos_seqnum = gst_event_get_seqnum (event);
    if (pad->track >= 0)
      segmenter_eos (self->segmenter, pad->track);
    dash_sink_make_rows (self);
    dash_sink_check_end (self);
  }
  g_mutex_unlock (&self->lock);
  dash_sink_deliver (self);
}

static void
handle_tags (PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  g_autofree gchar *language = NULL;
  GstTagList *tags;
  guint bitrate = 0;

  gst_event_parse_tag (event, &tags);
  gst_tag_list_get_string (tags, GST_TAG_LANGUAGE_CODE, &language);
  if (!gst_tag_list_get_uint (tags, GST_TAG_MAXIMUM_BITRATE, &bitrate))
    gst_tag_list_get_uint (tags, GST_TAG_NOMINAL_BITRATE, &bitrate);
  g_mutex_lock (&self->lock);
  if (self->presentation && pad->track >= 0) {
    if (language)
      presentation_set_language (self->presentation, pad->track, language);
    if (bitrate)
      presentation_set_bandwidth (self->presentation, pad->track, bitrate);
  }
  g_mutex_unlock (&self->lock);
}

static void
wake (PenstockDashSink *self)
{
  g_mutex_lock (&self->lock);
  dash_tracks_moved (self);
  g_mutex_unlock (&self->lock);
}

static void
handle_flush (PenstockDashSink *self, PenstockDashSinkPad *pad)
{
  g_mutex_lock (&self->lock);
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
  pad->position = GST_CLOCK_TIME_NONE;
  pad->eos = FALSE;
  self->ended = self->eos_due = FALSE;
  if (self->segmenter && pad->track >= 0)
    segmenter_flush (self->segmenter, pad->track);
  g_mutex_unlock (&self->lock);
}

static gboolean
penstock_dash_sink_event (GstPad *gstpad, GstObject *parent, GstEvent *event)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (parent);
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);
  gboolean ok = TRUE;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    ok = handle_caps (self, pad, event);
    break;
  case GST_EVENT_SEGMENT:
    ok = handle_segment (self, pad, event);
    break;
  case GST_EVENT_GAP:
    handle_gap (self, pad, event);
    break;
  case GST_EVENT_EOS:
    handle_eos (self, pad, event);
    break;
  case GST_EVENT_TAG:
    handle_tags (self, pad, event);
    break;
  case GST_EVENT_FLUSH_START: /* the pad is flushing already: wake its thread */
    wake (self);
    break;
  case GST_EVENT_FLUSH_STOP:
    handle_flush (self, pad);
    break;
  case GST_EVENT_STREAM_START: /* the end of the stream before is over */
    g_mutex_lock (&self->lock);
    pad->eos = FALSE;
    g_mutex_unlock (&self->lock);
    break;
  default:
    return gst_pad_event_default (gstpad, parent, event);
  }
  gst_event_unref (event);
  return ok;
}

/* ---- links ---- */

/* What the stream left is still made into segments; the track goes when its
 * successor or nobody needs it. */
static void
pad_unlinked (GstPad *gstpad, GstPad *peer, PenstockDashSink *self)
{
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);

  g_mutex_lock (&self->lock);
  pad->gone = TRUE;
  dash_tracks_moved (self);
  if (self->segmenter && pad->track >= 0) {
    segmenter_eos (self->segmenter, pad->track);
    dash_sink_make_rows (self);
  }
  g_mutex_unlock (&self->lock);
  dash_sink_deliver (self);
}

static void
pad_linked (GstPad *gstpad, GstPad *peer, PenstockDashSink *self)
{
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);

  g_mutex_lock (&self->lock);
  pad->gone = FALSE;
  g_mutex_unlock (&self->lock);
}

PenstockDashSinkPad *
dash_sink_pad_new (PenstockDashSink *self, CmafKind kind,
    GstPadTemplate *template, const gchar *name)
{
  PenstockDashSinkPad *pad = g_object_new (PENSTOCK_TYPE_DASH_SINK_PAD, "name",
      name, "direction", GST_PAD_SINK, "template", template, NULL);

  pad->kind = kind;
  gst_pad_set_chain_function (GST_PAD (pad), penstock_dash_sink_chain);
  gst_pad_set_event_function (GST_PAD (pad), penstock_dash_sink_event);
  g_signal_connect_object (pad, "unlinked", G_CALLBACK (pad_unlinked), self, 0);
  g_signal_connect_object (pad, "linked", G_CALLBACK (pad_linked), self, 0);
  return pad;
}

void
dash_sink_pad_reset (PenstockDashSinkPad *pad)
{
  pad->eos = pad->discont = pad->missing = FALSE;
  g_clear_pointer (&pad->unfinished, cmaf_format_unref);
  pad->position = GST_CLOCK_TIME_NONE;
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
}
