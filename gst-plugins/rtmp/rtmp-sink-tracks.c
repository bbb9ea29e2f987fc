/* SPDX-License-Identifier: MIT
 *
 * The pads of penstockrtmpsink, and the messages that are made of what comes in
 * on them (see rtmp-sink-private.h). */

#include "rtmp-sink-private.h"

/* --- tracks (lock held) --------------------------------------------------- */

static void
track_clear (PenstockRtmpSinkTrack *track)
{
  gst_caps_replace (&track->caps, NULL);
  g_clear_pointer (&track->config, g_bytes_unref);
  gst_segment_init (&track->segment, GST_FORMAT_UNDEFINED);
  track->newest = 0;
  track->eos = FALSE;
}

void
penstock_rtmp_sink_tracks_clear (PenstockRtmpSink *self)
{
  for (guint i = 0; i < PENSTOCK_RTMP_SINK_N_TRACKS; i++)
    track_clear (&self->tracks[i]);
}

static PenstockRtmpSinkTrack *
find_track (PenstockRtmpSink *self, GstPad *pad)
{
  for (guint i = 0; i < PENSTOCK_RTMP_SINK_N_TRACKS; i++)
    if (self->tracks[i].pad == pad)
      return &self->tracks[i];
  g_return_val_if_reached (NULL);
}

static void
tell_config (PenstockRtmpSink *self)
{
  PenstockRtmpTargetTrack tracks[PENSTOCK_RTMP_SINK_N_TRACKS];

  if (!self->target)
    return;
  for (guint i = 0; i < PENSTOCK_RTMP_SINK_N_TRACKS; i++)
    tracks[i] = (PenstockRtmpTargetTrack){ self->tracks[i].caps,
      &self->tracks[i].format, self->tracks[i].config };
  penstock_rtmp_target_set_tracks (
      self->target, &tracks[PENSTOCK_FLV_VIDEO], &tracks[PENSTOCK_FLV_AUDIO]);
}

/* --- data ----------------------------------------------------------------- */

/* Running time of @time; times before the segment count on backwards. */
static gboolean
to_running_time (
    const GstSegment *segment, GstClockTime time, GstClockTimeDiff *out)
{
  guint64 running;
  gint sign = gst_segment_to_running_time_full (
      segment, GST_FORMAT_TIME, time, &running);

  *out = sign < 0 ? -(GstClockTimeDiff) running : (GstClockTimeDiff) running;
  return sign != 0;
}

/* Decoding time since the first frame, and the presentation time's distance
 * from it as players will compute it. */
static gboolean
get_times (PenstockRtmpSink *self, PenstockRtmpSinkTrack *track,
    GstBuffer *buffer, GstClockTime *time, gint32 *cts_ms)
{
  GstClockTime dts = GST_BUFFER_DTS_OR_PTS (buffer);
  GstClockTime pts =
      GST_BUFFER_PTS_IS_VALID (buffer) ? GST_BUFFER_PTS (buffer) : dts;
  GstClockTimeDiff decode, present;

  if (!GST_CLOCK_TIME_IS_VALID (dts) ||
      !to_running_time (&track->segment, dts, &decode) ||
      !to_running_time (&track->segment, pts, &present))
    return FALSE;
  if (!self->have_base) {
    self->base = decode;
    self->have_base = TRUE;
  }
  *time = MAX (decode - self->base, 0);
  *time = MAX (*time, track->newest);
  track->newest = *time;
  present = MAX (present - self->base, 0);
  *cts_ms = present / (GstClockTimeDiff) GST_MSECOND -
      (GstClockTimeDiff) (*time / GST_MSECOND);
  return TRUE;
}

/* Lock held. */
static GstFlowReturn
append (PenstockRtmpSink *self, PenstockRtmpSinkTrack *track, GstBuffer *buffer)
{
  const gboolean key =
      !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  guint8 header[PENSTOCK_FLV_FRAME_HEADER_MAX];
  PenstockRtmpFrame frame = {
    .kind = track->format.kind, .header = header, .frame = buffer
  };
  gint32 cts_ms;

  if (!self->target)
    return GST_FLOW_FLUSHING;
  if (self->ended || track->eos)
    return GST_FLOW_EOS;
  if (!track->caps)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!get_times (self, track, buffer, &frame.time, &cts_ms)) {
    GST_DEBUG_OBJECT (track->pad, "dropping a frame without a time");
    return GST_FLOW_OK;
  }
  frame.timestamp = (guint32) (frame.time / GST_MSECOND);
  frame.header_size =
      penstock_flv_write_frame_header (&track->format, key, cts_ms, header);
  if (key && frame.kind == PENSTOCK_FLV_VIDEO)
    frame.flags |= PENSTOCK_ENTRY_KEYFRAME;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DROPPABLE))
    frame.flags |= PENSTOCK_ENTRY_DROPPABLE;
  if (GST_BUFFER_IS_DISCONT (buffer))
    frame.flags |= PENSTOCK_ENTRY_DISCONT;
  if (!penstock_rtmp_target_append (self->target, &frame))
    GST_WARNING_OBJECT (track->pad, "dropping a frame that is too long");
  return GST_FLOW_OK;
}

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (parent);
  GstFlowReturn ret;

  g_mutex_lock (&self->lock);
  ret = append (self, find_track (self, pad), buffer);
  g_mutex_unlock (&self->lock);
  gst_buffer_unref (buffer);
  return ret;
}

/* FALSE: RTMP does not carry them, or they lack the configuration. */
static gboolean
take_caps (PenstockRtmpSink *self, GstPad *pad, GstCaps *caps)
{
  PenstockFlvFormat format;
  gboolean ok = penstock_flv_format_from_caps (caps, &format);
  g_autoptr (GBytes) config =
      ok ? penstock_flv_write_config (&format, caps) : NULL;

  if (!ok || (!config && penstock_flv_needs_config (&format))) {
    GST_WARNING_OBJECT (pad, "RTMP cannot carry %" GST_PTR_FORMAT, caps);
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  PenstockRtmpSinkTrack *track = find_track (self, pad);
  if (!track->caps || !gst_caps_is_equal (track->caps, caps)) {
    gst_caps_replace (&track->caps, caps);
    track->format = format;
    /* Players are told again only what is different. */
    if (!config || !track->config || !g_bytes_equal (config, track->config)) {
      g_clear_pointer (&track->config, g_bytes_unref);
      track->config = g_steal_pointer (&config);
    }
    tell_config (self);
  }
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* Lock held. TRUE: nothing more will come on any pad, and the application can
 * be told; a push tells it when everything is sent. */
static gboolean
all_ended (PenstockRtmpSink *self)
{
  guint n = 0;

  if (self->ended || !self->target)
    return FALSE;
  for (guint i = 0; i < PENSTOCK_RTMP_SINK_N_TRACKS; i++) {
    if (self->tracks[i].pad && !self->tracks[i].eos)
      return FALSE;
    n += self->tracks[i].pad != NULL;
  }
  if (n == 0)
    return FALSE;
  self->ended = TRUE;
  return !penstock_rtmp_target_end (self->target);
}

void
penstock_rtmp_sink_post_eos (PenstockRtmpSink *self, guint32 seqnum)
{
  GstMessage *message = gst_message_new_eos (GST_OBJECT (self));

  if (seqnum != GST_SEQNUM_INVALID)
    gst_message_set_seqnum (message, seqnum);
  gst_element_post_message (GST_ELEMENT (self), message);
}

static void
take_eos (PenstockRtmpSink *self, GstPad *pad, guint32 seqnum)
{
  g_mutex_lock (&self->lock);
  find_track (self, pad)->eos = TRUE;
  self->eos_seqnum = seqnum;
  gboolean over = all_ended (self);
  g_mutex_unlock (&self->lock);
  if (over)
    penstock_rtmp_sink_post_eos (self, seqnum);
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (parent);
  gboolean ok = TRUE;
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    ok = take_caps (self, pad, caps);
    break;
  case GST_EVENT_SEGMENT:
    g_mutex_lock (&self->lock);
    gst_event_copy_segment (event, &find_track (self, pad)->segment);
    g_mutex_unlock (&self->lock);
    break;
  case GST_EVENT_FLUSH_STOP:
    g_mutex_lock (&self->lock);
    find_track (self, pad)->eos = FALSE;
    gst_segment_init (&find_track (self, pad)->segment, GST_FORMAT_UNDEFINED);
    g_mutex_unlock (&self->lock);
    break;
  case GST_EVENT_EOS:
    take_eos (self, pad, gst_event_get_seqnum (event));
    break;
  default:
    break;
  }
  gst_event_unref (event);
  return ok;
}

/* --- pads ----------------------------------------------------------------- */

GstPad *
penstock_rtmp_sink_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *name, const GstCaps *caps)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (element);
  const gboolean video =
      g_str_has_prefix (GST_PAD_TEMPLATE_NAME_TEMPLATE (templ), "video");
  PenstockRtmpSinkTrack *track =
      &self->tracks[video ? PENSTOCK_FLV_VIDEO : PENSTOCK_FLV_AUDIO];
  GstPad *pad = gst_pad_new_from_template (templ,
      name        ? name
          : video ? "video_0"
                  : "audio_0");

  gst_pad_set_chain_function (pad, sink_chain);
  gst_pad_set_event_function (pad, sink_event);
  g_mutex_lock (&self->lock);
  gboolean taken = track->pad != NULL;
  if (!taken)
    track->pad = pad;
  g_mutex_unlock (&self->lock);
  if (taken) {
    GST_WARNING_OBJECT (
        self, "there is one %s track at most", video ? "video" : "audio");
    gst_object_unref (gst_object_ref_sink (pad));
    return NULL;
  }
  gst_element_add_pad (element, pad);
  return pad;
}

void
penstock_rtmp_sink_release_pad (GstElement *element, GstPad *pad)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (element);

  /* Its streaming thread is out of it after that. */
  gst_pad_set_active (pad, FALSE);
  g_mutex_lock (&self->lock);
  PenstockRtmpSinkTrack *track = find_track (self, pad);
  track->pad = NULL;
  track_clear (track);
  tell_config (self);
  gboolean over = all_ended (self);
  g_mutex_unlock (&self->lock);
  if (over)
    penstock_rtmp_sink_post_eos (self, GST_SEQNUM_INVALID);
  gst_element_remove_pad (element, pad);
}
