/* SPDX-License-Identifier: MIT
 *
 * SECTION:element-penstockchannelsrc
 *
 * A live source that reads a channel: one pad a track, from the newest
 * keyframe on, so that a late pipeline starts with a picture. A source that
 * goes away and comes back is silence and a discontinuity, never an error; EOS
 * comes only when the channel has ended. A reader that lags is skipped to a
 * newer keyframe, its audio goes on.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true num-buffers=100 ! video/x-raw,format=I420 ! x264enc tune=zerolatency ! h264parse ! penstockchannelsink channel=demo penstockchannelsrc channel=demo ! h264parse ! fakesink
 * ]|
 *
 * Since: 0.1
 */

#include "channel-src.h"

#include <gst/base/gstflowcombiner.h>

#include "channel.h"

GST_DEBUG_CATEGORY_STATIC (channel_src_debug);
#define GST_CAT_DEFAULT channel_src_debug

/* Entries taken from the log at once. */
#define READ_BATCH 32
/* A track without data is announced with a GAP event after this long. */
#define ANNOUNCE_AFTER_US (250 * 1000)
/* With send-gaps: how far a silent track may fall behind the others. */
#define GAP_AFTER (500 * GST_MSECOND)

#define DEFAULT_START PENSTOCK_START_CACHE
#define DEFAULT_MAX_LAG (2 * GST_SECOND)
#define DEFAULT_SEND_GAPS FALSE

enum {
  PROP_0,
  PROP_CHANNEL,
  PROP_START,
  PROP_MAX_LAG,
  PROP_SEND_GAPS,
  PROP_STATS,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

typedef struct {
  guint id;
  PenstockTrackKind kind;
  GstPad *pad;   /* owned by the element */
  GstCaps *caps; /* last sent */
  gboolean need_segment;
  gboolean discont;
  gboolean in_layout;    /* the newest layout has it */
  GstClockTime position; /* running time up to which the pad has data */
} SrcTrack;

typedef struct {
  gchar *channel_name;
  PenstockStart start;
  GstClockTime max_lag;
  gboolean send_gaps;
} SrcSettings;

struct _PenstockChannelSrc {
  GstElement parent;

  SrcSettings settings; /* properties; object lock */

  PenstockChannel *channel; /* READY→PAUSED to PAUSED→READY */
  gulong state_handler, layout_handler;
  guint waker;
  GstTask *task;
  GRecMutex task_lock;

  /* Streaming thread (before it starts: the state change). */
  PenstockCursor cursor;
  GstFlowCombiner *combiner;
  PenstockLayout *layout; /* last seen */
  SrcTrack tracks[PENSTOCK_GOP_LOG_MAX_TRACKS];
  guint n_tracks;
  guint group_id;
  gboolean send_gaps;
  gint64 announce_us; /* monotonic; when silent tracks are announced; 0 unset */
  gboolean have_offset;
  GstClockTimeDiff offset; /* running time - channel time */

  GMutex lock; /* guards the rest; taken alone */
  GCond cond;
  gboolean flushing, woken;
  PenstockCursorStats stats;
};

static GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE (
    "video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
    GST_STATIC_CAPS (
        "video/x-h264, stream-format=(string)avc, alignment=(string)au; "
        "video/x-h265, stream-format=(string)hvc1, alignment=(string)au; "
        "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu; "
        "video/x-vp8; video/x-vp9; image/jpeg"));

static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
    GST_STATIC_CAPS (
        "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "
        "framed=(boolean)true; audio/mpeg, mpegversion=(int)1; audio/x-opus; "
        "audio/x-alaw; audio/x-mulaw; audio/G722; "
        "audio/x-adpcm, layout=(string)g726; "
        "audio/x-flac, framed=(boolean)true; audio/x-ac3, "
        "framed=(boolean)true; "
        "audio/x-eac3, framed=(boolean)true; audio/x-raw"));

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockChannelSrc, penstock_channel_src,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        channel_src_debug, "penstockchannelsrc", 0, "Penstock channel source"))

#define PENSTOCK_TYPE_CHANNEL_SRC_START (channel_src_start_get_type ())

static GType
channel_src_start_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_START_CACHE, "At the newest keyframe, from the cache", "cache" },
    { PENSTOCK_START_KEYFRAME, "At the next keyframe", "keyframe" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockChannelSrcStart", values));
  return type;
}

/* --- tracks and pads ---------------------------------------------------- */

static SrcTrack *
find_track (PenstockChannelSrc *self, guint id)
{
  for (guint i = 0; i < self->n_tracks; i++)
    if (self->tracks[i].id == id)
      return &self->tracks[i];
  return NULL;
}

static gboolean
src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return gst_pad_query_default (pad, parent, query);
}

static gboolean
src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_RECONFIGURE:
  case GST_EVENT_LATENCY:
    gst_event_unref (event);
    return TRUE;
  default:
    /* Live and shared: no seeks, and nobody upstream to ask for keyframes. */
    gst_event_unref (event);
    return FALSE;
  }
}

/* A pad for a track that readers have not seen; its events are stored on it,
 * so that caps are known before data flows. */
static void
add_track (PenstockChannelSrc *self, const PenstockTrack *info)
{
  gboolean audio = info->kind == PENSTOCK_TRACK_AUDIO;
  guint index = 0;

  for (guint i = 0; i < self->n_tracks; i++)
    index += self->tracks[i].kind == info->kind;

  g_autofree gchar *name =
      g_strdup_printf (audio ? "audio_%u" : "video_%u", index);
  SrcTrack *track = &self->tracks[self->n_tracks++];
  *track = (SrcTrack){ .id = info->id,
    .kind = info->kind,
    .discont = TRUE,
    .caps = gst_caps_ref (info->caps),
    .position = GST_CLOCK_TIME_NONE };
  track->pad = gst_pad_new_from_static_template (
      audio ? &audio_template : &video_template, name);
  gst_pad_use_fixed_caps (track->pad);
  gst_pad_set_query_function (track->pad, src_query);
  gst_pad_set_event_function (track->pad, src_event);
  gst_pad_set_active (track->pad, TRUE);

  g_autofree gchar *stream_id = g_strdup_printf (
      "%s/%s", penstock_channel_get_name (self->channel), name);
  GstEvent *start = gst_event_new_stream_start (stream_id);
  gst_event_set_group_id (start, self->group_id);
  gst_pad_store_sticky_event (track->pad, start);
  gst_event_unref (start);

  GstEvent *caps = gst_event_new_caps (track->caps);
  gst_pad_store_sticky_event (track->pad, caps);
  gst_event_unref (caps);

  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  GstEvent *segment_event = gst_event_new_segment (&segment);
  gst_pad_store_sticky_event (track->pad, segment_event);
  gst_event_unref (segment_event);

  gst_flow_combiner_add_pad (self->combiner, track->pad);
  gst_element_add_pad (GST_ELEMENT (self), track->pad);
}

/* Takes over what readers must know before the data of @layout. */
static void
follow_layout (PenstockChannelSrc *self, PenstockLayout *layout)
{
  gboolean first = self->n_tracks == 0, added = FALSE;

  if (self->layout == layout)
    return;
  gboolean new_epoch = self->layout && self->layout->epoch != layout->epoch;
  g_clear_pointer (&self->layout, penstock_layout_unref);
  self->layout = penstock_layout_ref (layout);

  for (guint i = 0; i < self->n_tracks; i++)
    self->tracks[i].in_layout = FALSE;
  for (guint i = 0; i < layout->n_tracks; i++) {
    const PenstockTrack *info = &layout->tracks[i];
    SrcTrack *track = find_track (self, info->id);
    if (!track) {
      add_track (self, info);
      track = find_track (self, info->id);
      added = TRUE;
    } else if (!gst_caps_is_equal (track->caps, info->caps)) {
      gst_caps_replace (&track->caps, info->caps);
      gst_pad_push_event (track->pad, gst_event_new_caps (info->caps));
    }
    track->in_layout = TRUE;
    if (new_epoch)
      track->discont = TRUE;
  }
  if (first && added)
    gst_element_no_more_pads (GST_ELEMENT (self));
}

/* --- streaming ---------------------------------------------------------- */

/* Running time of the pipeline for channel time 0. The gateway's pipelines run
 * on the monotonic system clock; any other clock is compared once. */
static GstClockTimeDiff
running_time_offset (PenstockChannelSrc *self)
{
  GstClockTime base_time = gst_element_get_base_time (GST_ELEMENT (self));
  g_autoptr (GstClock) clock = gst_element_get_clock (GST_ELEMENT (self));
  GstClockTime now = penstock_channel_now ();
  GstClockTime clock_now = clock ? gst_clock_get_time (clock) : now;

  GstClockTimeDiff difference = GST_CLOCK_DIFF (now, clock_now);
  /* The same clock read twice: no difference but the time in between. */
  if (ABS (difference) < (GstClockTimeDiff) GST_MSECOND)
    difference = 0;
  return difference - (GstClockTimeDiff) base_time;
}

static GstClockTime
to_running_time (PenstockChannelSrc *self, GstClockTime time)
{
  GstClockTimeDiff running = (GstClockTimeDiff) time + self->offset;

  return running > 0 ? (GstClockTime) running : 0;
}

/* A pipeline younger than the cached keyframe would get negative times: it
 * plays behind by the age of the keyframe instead. */
static void
set_offset (PenstockChannelSrc *self, GstClockTime first)
{
  self->offset = running_time_offset (self);
  if ((GstClockTimeDiff) first + self->offset < 0)
    self->offset = -(GstClockTimeDiff) first;
  self->have_offset = TRUE;
}

static GstFlowReturn
push_entry (PenstockChannelSrc *self, const PenstockGopEntry *entry)
{
  if (entry->context)
    follow_layout (self, (PenstockLayout *) entry->context);
  SrcTrack *track = find_track (self, entry->track);
  if (!track)
    return GST_FLOW_OK;
  if (!self->have_offset)
    set_offset (self, entry->time);

  GstBuffer *buffer = gst_buffer_copy (GST_BUFFER_CAST (entry->payload));
  GST_BUFFER_PTS (buffer) = to_running_time (self, GST_BUFFER_PTS (buffer));
  GST_BUFFER_DTS (buffer) = to_running_time (self, GST_BUFFER_DTS (buffer));
  if (track->discont || (entry->flags & PENSTOCK_ENTRY_DISCONT))
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  track->discont = FALSE;
  track->position = GST_BUFFER_DTS (buffer);
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    track->position += GST_BUFFER_DURATION (buffer);

  GstFlowReturn ret = gst_pad_push (track->pad, buffer);
  return gst_flow_combiner_update_pad_flow (self->combiner, track->pad, ret);
}

/* Tells muxers that a track has nothing up to @now (running time). */
static void
push_gaps (PenstockChannelSrc *self, GstClockTime now)
{
  for (guint i = 0; i < self->n_tracks; i++) {
    SrcTrack *track = &self->tracks[i];
    GstClockTime from = track->position;
    if (from == GST_CLOCK_TIME_NONE)
      from = now > GAP_AFTER ? now - GAP_AFTER : 0;
    if (now < from + GAP_AFTER)
      continue;
    GstClockTime to = now - GAP_AFTER / 2;
    gst_pad_push_event (track->pad, gst_event_new_gap (from, to - from));
    track->position = to;
  }
}

static void
push_eos (PenstockChannelSrc *self)
{
  for (guint i = 0; i < self->n_tracks; i++)
    gst_pad_push_event (self->tracks[i].pad, gst_event_new_eos ());
}

/* Tracks of which nothing has been read yet. */
static gboolean
has_silent_track (PenstockChannelSrc *self)
{
  for (guint i = 0; i < self->n_tracks; i++)
    if (self->tracks[i].position == GST_CLOCK_TIME_NONE)
      return TRUE;
  return FALSE;
}

/* Tells downstream the caps and segment of tracks that have no data for now, so
 * that it can preroll. */
static void
announce_silent_tracks (PenstockChannelSrc *self)
{
  GstClockTimeDiff offset =
      self->have_offset ? self->offset : running_time_offset (self);
  GstClockTimeDiff now = (GstClockTimeDiff) penstock_channel_now () + offset;

  for (guint i = 0; i < self->n_tracks; i++) {
    SrcTrack *track = &self->tracks[i];
    if (track->position != GST_CLOCK_TIME_NONE)
      continue;
    track->position = MAX (now, 0);
    gst_pad_push_event (
        track->pad, gst_event_new_gap (track->position, GST_CLOCK_TIME_NONE));
  }
}

/* Microseconds until it wants to be called again; 0 = never. */
static gint64
handle_silent_tracks (PenstockChannelSrc *self)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->send_gaps || !has_silent_track (self))
    return 0; /* gaps are sent anyway */
  if (self->announce_us == 0)
    self->announce_us = now_us + ANNOUNCE_AFTER_US;
  if (now_us < self->announce_us)
    return self->announce_us - now_us;
  announce_silent_tracks (self);
  return 0;
}

/* Waits for the log, the channel's state or the end of streaming, or at most
 * @timeout_us (0 = no limit). FALSE: the task is to stop. */
static gboolean
wait_for_more (PenstockChannelSrc *self, gint64 timeout_us)
{
  gint64 end_us = g_get_monotonic_time () + timeout_us;
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  while (!self->woken && !self->flushing && in_time) {
    if (timeout_us == 0)
      g_cond_wait (&self->cond, &self->lock);
    else
      in_time = g_cond_wait_until (&self->cond, &self->lock, end_us);
  }
  self->woken = FALSE;
  gboolean go_on = !self->flushing;
  g_mutex_unlock (&self->lock);
  return go_on;
}

static gboolean
is_flushing (PenstockChannelSrc *self)
{
  g_mutex_lock (&self->lock);
  gboolean flushing = self->flushing;
  g_mutex_unlock (&self->lock);
  return flushing;
}

static void
end_streaming (PenstockChannelSrc *self, GstFlowReturn ret)
{
  /* Not after the task was told to stop: it would only pause. */
  g_mutex_lock (&self->lock);
  if (!self->flushing)
    gst_task_pause (self->task);
  g_mutex_unlock (&self->lock);
  if (ret == GST_FLOW_EOS) {
    push_eos (self);
  } else if (ret < GST_FLOW_EOS || ret == GST_FLOW_NOT_LINKED) {
    GST_ELEMENT_FLOW_ERROR (self, ret);
    push_eos (self);
  }
}

static void
src_loop (PenstockChannelSrc *self)
{
  PenstockGopEntry entries[READ_BATCH];
  PenstockGopLog *log = penstock_channel_get_log (self->channel);
  GstFlowReturn ret = GST_FLOW_OK;
  guint n = 0;

  penstock_gop_log_rearm_waker (log, self->waker);
  /* The state first: what was appended before the end is still read. */
  PenstockChannelState state = penstock_channel_get_state (self->channel);
  PenstockReadResult result = penstock_gop_log_read (
      log, &self->cursor, entries, G_N_ELEMENTS (entries), &n);

  for (guint i = 0; i < n; i++) {
    if (ret == GST_FLOW_OK && !is_flushing (self))
      ret = push_entry (self, &entries[i]);
    if (ret == GST_FLOW_OK && self->send_gaps && self->have_offset)
      push_gaps (self, to_running_time (self, entries[i].time));
    penstock_gop_entry_clear (&entries[i]);
  }
  g_mutex_lock (&self->lock);
  self->stats = self->cursor.stats;
  g_mutex_unlock (&self->lock);

  gint64 announce_in_us = ret == GST_FLOW_OK ? handle_silent_tracks (self) : 0;
  if (result == PENSTOCK_READ_EMPTY) {
    if (state == PENSTOCK_CHANNEL_ENDED)
      ret = GST_FLOW_EOS;
    else if (!wait_for_more (self, announce_in_us))
      ret = GST_FLOW_FLUSHING;
  }
  if (ret != GST_FLOW_OK)
    end_streaming (self, ret);
}

/* --- element ------------------------------------------------------------ */

static void
wake (gpointer user_data)
{
  PenstockChannelSrc *self = user_data;

  g_mutex_lock (&self->lock);
  self->woken = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
channel_changed (PenstockChannel *channel, guint state, gpointer user_data)
{
  wake (user_data);
}

static gboolean
open_channel (PenstockChannelSrc *self)
{
  GST_OBJECT_LOCK (self);
  g_autofree gchar *name = g_strdup (self->settings.channel_name);
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;
  settings.start = self->settings.start;
  settings.max_lag = self->settings.max_lag;
  self->send_gaps = self->settings.send_gaps;
  GST_OBJECT_UNLOCK (self);

  if (!name || !*name) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("No channel name is set."),
        ("property channel is empty"));
    return FALSE;
  }
  self->channel = penstock_channel_get (name);
  penstock_cursor_init (&self->cursor, &settings);
  self->group_id = gst_util_group_id_next ();
  self->combiner = gst_flow_combiner_new ();
  self->have_offset = FALSE;
  self->announce_us = 0;
  self->flushing = self->woken = FALSE;
  self->waker = penstock_gop_log_add_waker (
      penstock_channel_get_log (self->channel), wake, self);
  self->state_handler = g_signal_connect (
      self->channel, "state-changed", G_CALLBACK (channel_changed), self);

  g_autoptr (PenstockLayout) layout =
      penstock_channel_get_layout (self->channel);
  if (layout)
    follow_layout (self, layout);
  penstock_channel_add_reader (self->channel);
  return TRUE;
}

static void
start_streaming (PenstockChannelSrc *self)
{
  g_mutex_lock (&self->lock);
  self->flushing = FALSE;
  g_mutex_unlock (&self->lock);
  gst_task_start (self->task);
}

/* Ends the wait and any blocked push; pads go inactive in the parent's state
 * change, so the task is joined after it. */
static void
flush_streaming (PenstockChannelSrc *self)
{
  g_mutex_lock (&self->lock);
  self->flushing = TRUE;
  gst_task_stop (self->task);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
close_channel (PenstockChannelSrc *self)
{
  if (!self->channel)
    return;
  gst_task_join (self->task);
  penstock_gop_log_remove_waker (
      penstock_channel_get_log (self->channel), self->waker);
  g_clear_signal_handler (&self->state_handler, self->channel);
  penstock_channel_remove_reader (self->channel);

  for (guint i = 0; i < self->n_tracks; i++) {
    SrcTrack *track = &self->tracks[i];
    gst_flow_combiner_remove_pad (self->combiner, track->pad);
    gst_element_remove_pad (GST_ELEMENT (self), track->pad);
    gst_caps_replace (&track->caps, NULL);
  }
  self->n_tracks = 0;
  g_clear_pointer (&self->layout, penstock_layout_unref);
  g_clear_pointer (&self->combiner, gst_flow_combiner_free);
  g_clear_object (&self->channel);
}

static GstStateChangeReturn
penstock_channel_src_change_state (
    GstElement *element, GstStateChange transition)
{
  PenstockChannelSrc *self = PENSTOCK_CHANNEL_SRC (element);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open_channel (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    flush_streaming (self);

  GstStateChangeReturn ret =
      GST_ELEMENT_CLASS (penstock_channel_src_parent_class)
          ->change_state (element, transition);
  switch (transition) {
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    if (ret == GST_STATE_CHANGE_FAILURE)
      close_channel (self);
    else
      ret = GST_STATE_CHANGE_NO_PREROLL;
    break;
  case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
    start_streaming (self);
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    ret = GST_STATE_CHANGE_NO_PREROLL;
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    close_channel (self);
    break;
  default:
    break;
  }
  return ret;
}

static GstStructure *
make_stats (PenstockChannelSrc *self)
{
  g_mutex_lock (&self->lock);
  PenstockCursorStats stats = self->stats;
  g_mutex_unlock (&self->lock);
  return gst_structure_new ("application/x-penstock-channel-src-stats", "read",
      G_TYPE_UINT64, stats.n_read, "skips", G_TYPE_UINT64, stats.n_skips,
      "skipped-lag", G_TYPE_UINT64, stats.skipped_lag, "skipped-audio",
      G_TYPE_UINT64, stats.skipped_audio, "skipped-overrun", G_TYPE_UINT64,
      stats.skipped_overrun, NULL);
}

static void
penstock_channel_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PenstockChannelSrc *self = PENSTOCK_CHANNEL_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_CHANNEL:
    g_free (self->settings.channel_name);
    self->settings.channel_name = g_value_dup_string (value);
    break;
  case PROP_START:
    self->settings.start = g_value_get_enum (value);
    break;
  case PROP_MAX_LAG:
    self->settings.max_lag = g_value_get_uint64 (value);
    break;
  case PROP_SEND_GAPS:
    self->settings.send_gaps = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
penstock_channel_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PenstockChannelSrc *self = PENSTOCK_CHANNEL_SRC (object);

  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_CHANNEL:
    g_value_set_string (value, self->settings.channel_name);
    break;
  case PROP_START:
    g_value_set_enum (value, self->settings.start);
    break;
  case PROP_MAX_LAG:
    g_value_set_uint64 (value, self->settings.max_lag);
    break;
  case PROP_SEND_GAPS:
    g_value_set_boolean (value, self->settings.send_gaps);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
penstock_channel_src_finalize (GObject *object)
{
  PenstockChannelSrc *self = PENSTOCK_CHANNEL_SRC (object);

  gst_object_unref (self->task);
  g_rec_mutex_clear (&self->task_lock);
  g_free (self->settings.channel_name);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_channel_src_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * PenstockChannelSrc:channel:
   *
   * Name of the channel to read. It need not exist yet.
   *
   * Since: 0.1
   */
  props[PROP_CHANNEL] = g_param_spec_string ("channel", "Channel",
      "Name of the channel to read; it need not exist yet", NULL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * PenstockChannelSrc:start:
   *
   * Where reading begins.
   *
   * Since: 0.1
   */
  props[PROP_START] = g_param_spec_enum ("start", "Start",
      "Where reading begins", PENSTOCK_TYPE_CHANNEL_SRC_START, DEFAULT_START,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * PenstockChannelSrc:max-lag:
   *
   * How far this reader may fall behind a newer keyframe before its video is
   * skipped to that keyframe, in nanoseconds. Audio goes on.
   *
   * Since: 0.1
   */
  props[PROP_MAX_LAG] = g_param_spec_uint64 ("max-lag", "Maximum lag",
      "Nanoseconds behind a newer keyframe before video skips to it "
      "(0 = never skip)",
      0, G_MAXINT64, DEFAULT_MAX_LAG,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * PenstockChannelSrc:send-gaps:
   *
   * Whether a silent track sends GAP events while others advance, which
   * muxers need so as not to wait for it.
   *
   * Since: 0.1
   */
  props[PROP_SEND_GAPS] = g_param_spec_boolean ("send-gaps", "Send gaps",
      "Send GAP events on a silent track while others advance (for muxers)",
      DEFAULT_SEND_GAPS,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * PenstockChannelSrc:stats:
   *
   * Access units read and skipped by cause, as a #GstStructure of guint64:
   * `read`, `skips`, `skipped-lag`, `skipped-audio`, `skipped-overrun`.
   *
   * Since: 0.1
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Access units read, and skipped by cause", GST_TYPE_STRUCTURE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
penstock_channel_src_class_init (PenstockChannelSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = penstock_channel_src_set_property;
  object_class->get_property = penstock_channel_src_get_property;
  object_class->finalize = penstock_channel_src_finalize;
  element_class->change_state = penstock_channel_src_change_state;
  install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "Channel source",
      "Source/Network",
      "Reads encoded streams from a named channel, from its newest keyframe on",
      "The Penstock developers");
  gst_type_mark_as_plugin_api (PENSTOCK_TYPE_CHANNEL_SRC_START, 0);
}

static void
penstock_channel_src_init (PenstockChannelSrc *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_rec_mutex_init (&self->task_lock);
  self->task = gst_task_new ((GstTaskFunction) src_loop, self, NULL);
  gst_task_set_lock (self->task, &self->task_lock);
  self->settings = (SrcSettings){ .start = DEFAULT_START,
    .max_lag = DEFAULT_MAX_LAG,
    .send_gaps = DEFAULT_SEND_GAPS };
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}
