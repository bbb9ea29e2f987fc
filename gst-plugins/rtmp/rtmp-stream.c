/* SPDX-License-Identifier: MIT
 *
 * The streaming half of penstockrtmpsrc. See rtmp-stream.h. */

#include "rtmp-stream.h"

#include <gst/base/gstflowcombiner.h>

#include "audio-frames.h"
#include "rtmp-metadata.h"
#include "rtmp-timeline.h"
#include "rtmp-track.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_src_debug);
#define GST_CAT_DEFAULT penstock_rtmp_src_debug

/* A track and its pad. */
typedef struct {
  PenstockRtmpTrack *track;
  GstPad *pad;           /* NULL until the first buffer */
  gboolean announce;     /* stream-start, caps and segment before data */
  GstClockTime position; /* running time up to which the pad is served */
} Output;

struct _PenstockRtmpStream {
  GstElement *element;
  GstFlowCombiner *combiner;

  /* streaming thread only */
  GPtrArray *outputs; /* of Output, owned */
  PenstockRtmpTimeline timeline;
  PenstockRtmpMetadata metadata;
  gboolean has_metadata;
  gchar *name;
  guint group_id;
  gboolean has_base;
  GstClockTimeDiff base;    /* running time of the timeline's 0 */
  GstClockTime newest;      /* DTS pushed on any pad */
  GstClockTime first_media; /* arrival, in this publication; NONE before */
  GstClockTime last_media;
  gboolean useful;        /* a buffer was pushed in this publication */
  gboolean told_too_many; /* tracks, in this publication */
  gint64 deadline;        /* for no-more-pads, -1 = not running */
  gboolean no_more_pads;  /* sent */
  guint64 malformed;      /* messages */

  GMutex lock; /* guards stats */
  PenstockRtmpStreamStats stats;
};

static void
output_free (Output *output)
{
  penstock_rtmp_track_free (output->track);
  gst_clear_object (&output->pad);
  g_free (output);
}

PenstockRtmpStream *
penstock_rtmp_stream_new (GstElement *element)
{
  PenstockRtmpStream *self = g_new0 (PenstockRtmpStream, 1);

  self->element = element;
  self->combiner = gst_flow_combiner_new ();
  self->outputs = g_ptr_array_new_with_free_func ((GDestroyNotify) output_free);
  g_mutex_init (&self->lock);
  penstock_rtmp_stream_reset (self);
  return self;
}

void
penstock_rtmp_stream_free (PenstockRtmpStream *self)
{
  g_ptr_array_unref (self->outputs);
  gst_flow_combiner_free (self->combiner);
  g_free (self->name);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
penstock_rtmp_stream_reset (PenstockRtmpStream *self)
{
  for (guint i = 0; i < self->outputs->len; i++) {
    Output *output = g_ptr_array_index (self->outputs, i);

    if (!output->pad)
      continue;
    gst_flow_combiner_remove_pad (self->combiner, output->pad);
    gst_pad_set_active (output->pad, FALSE);
    gst_element_remove_pad (self->element, output->pad);
  }
  g_ptr_array_set_size (self->outputs, 0);
  gst_flow_combiner_reset (self->combiner);
  penstock_rtmp_timeline_init (&self->timeline);
  self->has_metadata = self->has_base = self->no_more_pads = FALSE;
  self->newest = 0;
  self->first_media = GST_CLOCK_TIME_NONE;
  self->useful = FALSE;
  self->deadline = -1;
}

void
penstock_rtmp_stream_start (PenstockRtmpStream *self, const gchar *name)
{
  g_free (self->name);
  self->name = g_strdup (name);
  self->group_id = gst_util_group_id_next ();
  self->has_metadata = FALSE;
  self->metadata = (PenstockRtmpMetadata){ 0 };
  penstock_rtmp_timeline_init (&self->timeline);
  self->has_base = self->useful = self->told_too_many = FALSE;
  self->first_media = GST_CLOCK_TIME_NONE;
  for (guint i = 0; i < self->outputs->len; i++) {
    Output *output = g_ptr_array_index (self->outputs, i);

    penstock_rtmp_track_restart (output->track);
    output->announce = TRUE;
  }
}

void
penstock_rtmp_stream_rebase (PenstockRtmpStream *self)
{
  self->has_base = FALSE;
  penstock_rtmp_timeline_init (&self->timeline);
  for (guint i = 0; i < self->outputs->len; i++)
    penstock_rtmp_track_break (
        ((Output *) g_ptr_array_index (self->outputs, i))->track, TRUE);
}

/* --- Pads --- */

static gboolean
query_source_pad (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_LATENCY:
    /* Stamped at arrival with a constant offset: nothing is held back. */
    gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  default:
    return gst_pad_query_default (pad, parent, query);
  }
}

static const gchar *
kind_name (PenstockFlvKind kind)
{
  return kind == PENSTOCK_FLV_VIDEO ? "video" : "audio";
}

static void
announce (PenstockRtmpStream *self, Output *output)
{
  g_autofree gchar *source = g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, self->name ? self->name : "", -1);
  g_autofree gchar *stream_id = g_strdup_printf (
      "%s/%s/%u", source, kind_name (output->track->kind), output->track->id);
  GstEvent *start = gst_event_new_stream_start (stream_id);
  GstSegment segment;

  gst_event_set_group_id (start, self->group_id);
  gst_pad_push_event (output->pad, start);
  gst_pad_push_event (output->pad, gst_event_new_caps (output->track->caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (output->pad, gst_event_new_segment (&segment));
  output->announce = FALSE;
}

static void
add_pad (PenstockRtmpStream *self, Output *output)
{
  const gboolean video = output->track->kind == PENSTOCK_FLV_VIDEO;
  GstPadTemplate *templ = gst_element_get_pad_template (
      self->element, video ? "video_%u" : "audio_%u");
  g_autofree gchar *name = g_strdup_printf (
      "%s_%u", kind_name (output->track->kind), output->track->id);

  output->pad = gst_object_ref_sink (gst_pad_new_from_template (templ, name));
  gst_pad_set_query_function (output->pad, query_source_pad);
  gst_pad_use_fixed_caps (output->pad);
  gst_pad_set_active (output->pad, TRUE);
  announce (self, output);
  gst_flow_combiner_add_pad (self->combiner, output->pad);
  GST_DEBUG_OBJECT (
      self->element, "new pad %s: %" GST_PTR_FORMAT, name, output->track->caps);
  gst_element_add_pad (self->element, output->pad);
}

static void
send_no_more_pads (PenstockRtmpStream *self)
{
  self->no_more_pads = TRUE;
  self->deadline = -1;
  gst_element_no_more_pads (self->element);
}

static gboolean
has_track (PenstockRtmpStream *self, PenstockFlvKind kind)
{
  for (guint i = 0; i < self->outputs->len; i++) {
    Output *output = g_ptr_array_index (self->outputs, i);

    if (output->track->kind == kind && (output->pad || output->track->ignored))
      return TRUE;
  }
  return FALSE;
}

/* All that was announced is there; without an announcement, one of each. */
static void
check_no_more_pads (PenstockRtmpStream *self)
{
  const PenstockRtmpMetadata *announced = &self->metadata;
  const gboolean any = announced->video || announced->audio;

  if (self->no_more_pads)
    return;
  if ((has_track (self, PENSTOCK_FLV_VIDEO) || (any && !announced->video)) &&
      (has_track (self, PENSTOCK_FLV_AUDIO) || (any && !announced->audio)))
    send_no_more_pads (self);
}

gint64
penstock_rtmp_stream_get_deadline (PenstockRtmpStream *self)
{
  return self->deadline;
}

void
penstock_rtmp_stream_tick (PenstockRtmpStream *self)
{
  if (self->deadline >= 0 && g_get_monotonic_time () >= self->deadline)
    send_no_more_pads (self);
}

gboolean
penstock_rtmp_stream_has_pads (PenstockRtmpStream *self)
{
  for (guint i = 0; i < self->outputs->len; i++)
    if (((Output *) g_ptr_array_index (self->outputs, i))->pad)
      return TRUE;
  return FALSE;
}

void
penstock_rtmp_stream_push_eos (PenstockRtmpStream *self)
{
  for (guint i = 0; i < self->outputs->len; i++) {
    Output *output = g_ptr_array_index (self->outputs, i);

    if (output->pad)
      gst_pad_push_event (output->pad, gst_event_new_eos ());
  }
}

gboolean
penstock_rtmp_stream_is_useless (PenstockRtmpStream *self)
{
  if (self->useful || !GST_CLOCK_TIME_IS_VALID (self->first_media) ||
      self->last_media - self->first_media < PENSTOCK_RTMP_USELESS_AFTER)
    return FALSE;
  self->useful = TRUE; /* said */
  return TRUE;
}

/* --- Times --- */

/* The first media of a publication is now: running time of its arrival, and
 * never before what was pushed already. */
static void
set_base (PenstockRtmpStream *self, gint64 out_ms, GstClockTime arrival)
{
  GstClockTime running = gst_element_get_current_running_time (self->element);
  GstClockTime now = g_get_monotonic_time () * GST_USECOND;

  if (!GST_CLOCK_TIME_IS_VALID (running))
    running = 0;
  if (now > arrival)
    running -= MIN (running, now - arrival);
  self->base = (GstClockTimeDiff) MAX (running, self->newest) -
      out_ms * (GstClockTimeDiff) GST_MSECOND;
  self->has_base = TRUE;
}

static GstClockTimeDiff
convert_time (PenstockRtmpStream *self, PenstockFlvKind kind,
    const PenstockRtmpQueueItem *item)
{
  gint64 out_ms;

  if (penstock_rtmp_timeline_next (&self->timeline, kind,
          item->message->timestamp, item->arrival,
          &out_ms) == PENSTOCK_RTMP_TIME_RESYNC) {
    GST_DEBUG_OBJECT (self->element, "%s timestamps jumped to %u ms",
        kind_name (kind), item->message->timestamp);
    for (guint i = 0; i < self->outputs->len; i++) {
      Output *output = g_ptr_array_index (self->outputs, i);
      if (output->track->kind == kind)
        penstock_rtmp_track_break (output->track, FALSE);
    }
  }
  if (!self->has_base)
    set_base (self, out_ms, item->arrival);
  return self->base + out_ms * (GstClockTimeDiff) GST_MSECOND;
}

/* --- Data --- */

static Output *
find_output (PenstockRtmpStream *self, PenstockFlvKind kind, guint8 id)
{
  guint n_same = 0;
  Output *output;

  for (guint i = 0; i < self->outputs->len; i++) {
    output = g_ptr_array_index (self->outputs, i);
    if (output->track->kind != kind)
      continue;
    if (output->track->id == id)
      return output;
    n_same++;
  }
  if (n_same >= PENSTOCK_RTMP_MAX_TRACKS)
    return NULL;
  output = g_new0 (Output, 1);
  output->track = penstock_rtmp_track_new (kind, id);
  g_ptr_array_add (self->outputs, output);
  return output;
}

static void
post_ignored (PenstockRtmpStream *self, PenstockFlvKind kind, guint id,
    const gchar *reason)
{
  g_autofree gchar *name = g_strdup_printf ("%s_%u", kind_name (kind), id);

  GST_INFO_OBJECT (self->element, "ignoring track %s: %s", name, reason);
  gst_element_post_message (self->element,
      gst_message_new_element (GST_OBJECT (self->element),
          gst_structure_new ("penstock-track-ignored", "track", G_TYPE_STRING,
              name, "reason", G_TYPE_STRING, reason, NULL)));
}

/* Pads that stay silent while this one goes on. */
static void
push_gaps (PenstockRtmpStream *self, GstClockTime until)
{
  for (guint i = 0; i < self->outputs->len; i++) {
    Output *output = g_ptr_array_index (self->outputs, i);

    if (!output->pad || output->announce ||
        output->position + PENSTOCK_RTMP_GAP_AFTER >= until)
      continue;
    gst_pad_push_event (output->pad,
        gst_event_new_gap (output->position, until - output->position));
    output->position = until;
  }
}

static GstFlowReturn
push (PenstockRtmpStream *self, Output *output, GstBuffer *buffer,
    gboolean new_caps)
{
  GstClockTime dts = GST_BUFFER_DTS (buffer);
  GstFlowReturn flow;

  if (!output->pad)
    add_pad (self, output);
  else if (output->announce)
    announce (self, output);
  else if (new_caps)
    gst_pad_push_event (output->pad, gst_event_new_caps (output->track->caps));

  self->useful = TRUE;
  output->position = GST_BUFFER_PTS (buffer);
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    output->position += GST_BUFFER_DURATION (buffer);
  self->newest = MAX (self->newest, dts);
  flow = gst_flow_combiner_update_pad_flow (
      self->combiner, output->pad, gst_pad_push (output->pad, buffer));
  push_gaps (self, dts);
  return flow == GST_FLOW_NOT_LINKED && !self->no_more_pads ? GST_FLOW_OK
                                                            : flow;
}

static GstFlowReturn
take_item (PenstockRtmpStream *self, PenstockFlvKind kind,
    const PenstockRtmpQueueItem *queued, const PenstockFlvItem *item,
    GstClockTimeDiff time)
{
  Output *output = find_output (self, kind, item->track);
  g_autofree gchar *reason = NULL;
  GstBuffer *buffer = NULL;
  PenstockRtmpTrackResult result;

  if (!output) {
    if (!self->told_too_many)
      post_ignored (self, kind, item->track, "there are too many tracks");
    self->told_too_many = TRUE;
    return GST_FLOW_OK;
  }
  if (queued->lost)
    penstock_rtmp_track_break (output->track, TRUE);
  result = penstock_rtmp_track_take (output->track, queued->message, item, time,
      self->has_metadata ? &self->metadata.hints : NULL, &buffer, &reason);
  switch (result) {
  case PENSTOCK_RTMP_TRACK_UNSUPPORTED:
    post_ignored (self, kind, item->track, reason);
    return GST_FLOW_OK;
  case PENSTOCK_RTMP_TRACK_BUFFER:
  case PENSTOCK_RTMP_TRACK_NEW_CAPS:
    return push (self, output, buffer, result == PENSTOCK_RTMP_TRACK_NEW_CAPS);
  default:
    return GST_FLOW_OK;
  }
}

/* Each frame of an item that may have several. */
static GstFlowReturn
take_frames (PenstockRtmpStream *self, PenstockFlvKind kind,
    const PenstockRtmpQueueItem *queued, const PenstockFlvItem *item,
    GstClockTimeDiff time)
{
  const guint8 *data = queued->message->data + item->offset;
  PenstockRtmpQueueItem from = *queued; /* borrowed */
  PenstockFlvItem part = *item;
  GstFlowReturn flow = GST_FLOW_OK;
  PenstockAudioFrame frame;
  gsize position = 0;

  if (item->kind != PENSTOCK_FLV_ITEM_FRAME ||
      !penstock_audio_frames_apply (item->codec))
    return take_item (self, kind, queued, item, time);
  while (flow == GST_FLOW_OK &&
      penstock_audio_frames_next (
          item->codec, data, item->size, &position, &frame)) {
    part.offset = item->offset + frame.offset;
    part.size = frame.size;
    part.duration = frame.duration;
    flow = take_item (self, kind, &from, &part, time);
    part.delay += frame.duration;
    from.lost = FALSE; /* nothing between them */
  }
  return flow;
}

static GstFlowReturn
take_media (PenstockRtmpStream *self, PenstockFlvKind kind,
    const PenstockRtmpQueueItem *queued)
{
  const PenstockRtmpMessage *message = queued->message;
  GstFlowReturn flow = GST_FLOW_OK;
  GstClockTimeDiff time = 0;
  gboolean timed = FALSE;
  PenstockFlvTag tag;

  if (penstock_flv_tag_parse (kind, message->data, message->size, &tag) !=
      PENSTOCK_RTMP_PARSE_DONE) {
    self->malformed++;
    return GST_FLOW_OK;
  }
  self->last_media = queued->arrival;
  if (tag.n_items > 0 && !GST_CLOCK_TIME_IS_VALID (self->first_media))
    self->first_media = queued->arrival;
  for (guint i = 0; i < tag.n_items && flow == GST_FLOW_OK; i++) {
    /* Sequence headers carry any time: they never move the clock. */
    if (tag.items[i].kind == PENSTOCK_FLV_ITEM_FRAME && !timed) {
      time = convert_time (self, kind, queued);
      timed = TRUE;
    }
    flow = take_frames (self, kind, queued, &tag.items[i], time);
  }
  if (timed && !self->no_more_pads && self->deadline < 0)
    self->deadline = g_get_monotonic_time () + PENSTOCK_RTMP_TRACK_WAIT;
  return flow;
}

static void
update_stats (PenstockRtmpStream *self)
{
  PenstockRtmpStreamStats stats = { .malformed = self->malformed,
    .jumps = self->timeline.n_jumps,
    .regressions = self->timeline.n_regressions };

  for (guint i = 0; i < self->outputs->len; i++) {
    const PenstockRtmpTrack *track =
        ((Output *) g_ptr_array_index (self->outputs, i))->track;

    if (track->kind == PENSTOCK_FLV_VIDEO)
      stats.video_frames += track->stats.frames;
    else
      stats.audio_frames += track->stats.frames;
    stats.keyframes += track->stats.keyframes;
    stats.malformed += track->stats.malformed;
    stats.skipped += track->stats.skipped;
  }
  g_mutex_lock (&self->lock);
  self->stats = stats;
  g_mutex_unlock (&self->lock);
}

GstFlowReturn
penstock_rtmp_stream_take (
    PenstockRtmpStream *self, const PenstockRtmpQueueItem *item)
{
  GstFlowReturn flow = GST_FLOW_OK;
  PenstockRtmpMetadata metadata;

  switch (item->message->type) {
  case PENSTOCK_RTMP_VIDEO:
    flow = take_media (self, PENSTOCK_FLV_VIDEO, item);
    break;
  case PENSTOCK_RTMP_AUDIO:
    flow = take_media (self, PENSTOCK_FLV_AUDIO, item);
    break;
  case PENSTOCK_RTMP_DATA:
  case PENSTOCK_RTMP_DATA_AMF3:
    if (penstock_rtmp_metadata_parse (item->message, &metadata)) {
      self->metadata = metadata;
      self->has_metadata = TRUE;
    }
    break;
  default:
    break;
  }
  check_no_more_pads (self);
  update_stats (self);
  return flow;
}

void
penstock_rtmp_stream_get_stats (
    PenstockRtmpStream *self, PenstockRtmpStreamStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}
