/* SPDX-License-Identifier: MIT
 *
 * penstockdashsink: encoded video and audio in, a live DASH presentation out,
 * into a segment store (memory), a folder, or both. The work is done by pure
 * code (segmenter, presentation); this file is rows, clock and states. Its
 * other parts: dash-sink-private.h. */

#include "dash-sink-private.h"

/**
 * SECTION:element-penstockdashsink
 * @title: penstockdashsink
 *
 * Writes a live MPEG-DASH presentation of CMAF segments. Elementary streams
 * enter on request pads; an MPD, CMAF headers and media segments appear in
 * the segment store #PenstockDashSink:store, where the gateway's HTTP server
 * finds them, and in the folder #PenstockDashSink:directory, which any web
 * server can serve.
 *
 * A media segment starts at a keyframe only, so it lasts at least a GOP. The
 * element never waits for its clock, for the disk, or for a live track that
 * does not come: such a track leaves the presentation and joins it again later.
 * In a pipeline that is not live it holds the track that is ahead.
 *
 * EOS is posted when the folder has everything that was written, or a WARNING
 * has told that it could not have it: a folder that has failed is tried once
 * more at the end.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true num-buffers=250 ! video/x-raw,format=I420 ! x264enc key-int-max=50 tune=zerolatency ! h264parse ! penstockdashsink directory=/tmp/dash
 * ]|
 *
 * Several videos of the same codec and shape are Representations that players
 * choose from. Their encoders have to make keyframes at the same pictures;
 * segments end where all have one, and a video that has none there for three
 * segment durations is left out with a warning. With
 * #PenstockDashSink:low-latency there is one video.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true num-buffers=250 ! video/x-raw,format=I420,width=320,height=240 ! tee name=t ! queue ! x264enc key-int-max=30 option-string=scenecut=0 tune=zerolatency ! h264parse ! penstockdashsink name=d directory=/tmp/dash t. ! queue ! videoscale ! video/x-raw,width=160,height=120 ! x264enc key-int-max=30 option-string=scenecut=0 tune=zerolatency ! h264parse ! d.
 * ]|
 *
 * Since: 0.1
 */

GST_DEBUG_CATEGORY (dash_sink_debug);
#define GST_CAT_DEFAULT dash_sink_debug

/* Parts of max-bytes: what waits for the end of its segment, and what waits
 * for the disk. The rest holds files. */
#define PENDING_PART 4
#define DISK_PART 4

/* The first segment of a new stream is no longer than it must be, so that its
 * players need not wait for a whole one. */
#define FIRST_SEGMENT GST_SECOND

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockDashSink, penstock_dash_sink,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        dash_sink_debug, "penstockdashsink", 0, "Penstock DASH sink"))

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("video/x-h264, stream-format=(string){ avc, avc3 }, "
                         "alignment=(string)au; "
                         "video/x-h265, stream-format=(string){ hvc1, hev1 }, "
                         "alignment=(string)au; "
                         "video/x-av1, stream-format=(string)obu-stream, "
                         "alignment=(string)tu; "
                         "video/x-vp9"));

static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (
            "audio/mpeg, mpegversion=(int){ 2, 4 }, stream-format=(string)raw, "
            "framed=(boolean)true; "
            "audio/mpeg, mpegversion=(int)1, layer=(int)3; "
            "audio/x-opus; "
            "audio/x-flac, framed=(boolean)true; "
            "audio/x-ac3, framed=(boolean)true, alignment=(string)frame; "
            "audio/x-eac3, framed=(boolean)true, alignment=(string)frame"));

/* ---- delivery ---- */

static void
post_eos (PenstockDashSink *self)
{
  GstMessage *message = NULL;

  g_mutex_lock (&self->lock);
  if (self->eos_due && self->playing) {
    message = gst_message_new_eos (GST_OBJECT (self));
    gst_message_set_seqnum (message, self->eos_seqnum);
    self->eos_due = FALSE;
  }
  g_mutex_unlock (&self->lock);
  if (message)
    gst_element_post_message (GST_ELEMENT (self), message);
}

static gboolean
folder_has (const gchar *path, guint64 bytes, gpointer user_data)
{
  return dash_output_has_file (user_data, path, bytes);
}

/* What the folder got before it failed stays. */
static void
start_anew (PenstockDashSink *self)
{
  GQueue changes = G_QUEUE_INIT;

  presentation_forget (self->presentation, folder_has, self->output, &changes);
  dash_output_add (self->output, &changes);
  dash_output_resume (self->output);
}

/* With the lock. */
static void
end_presentation (PenstockDashSink *self)
{
  GQueue changes = G_QUEUE_INIT;

  presentation_end (self->presentation, g_get_real_time (), &changes);
  dash_output_add (self->output, &changes);
  dash_output_end (self->output);
}

/* Is a folder that has failed to be filled once more? There is no next row
 * that would. With the lock. */
static gboolean
retry_at_end (PenstockDashSink *self)
{
  if (!self->ended || self->retried || !self->presentation ||
      !dash_output_has_failed (self->output))
    return FALSE;
  self->retried = TRUE;
  if (dash_output_can_restore (self->output)) {
    dash_output_restore (self->output);
    dash_output_end (self->output);
  } else {
    start_anew (self);
    end_presentation (self);
  }
  return TRUE;
}

/* Any thread: all files are where they belong, or the folder has failed. */
static void
all_delivered (gpointer user_data)
{
  PenstockDashSink *self = user_data;
  gboolean again;

  g_mutex_lock (&self->lock);
  again = retry_at_end (self);
  self->eos_due = self->ended && !again;
  g_mutex_unlock (&self->lock);
  if (again)
    dash_sink_deliver (self);
  else
    post_eos (self);
}

/* Writer's thread. Each row tries again (dash_sink_make_rows()); that it is in
 * vain is told once. */
static void
write_failed (const GError *error, gpointer user_data)
{
  PenstockDashSink *self = user_data;
  gboolean told;

  g_mutex_lock (&self->lock);
  self->write_failures++;
  told = self->failing;
  self->failing = TRUE;
  g_mutex_unlock (&self->lock);
  if (told)
    return;
  GST_ELEMENT_WARNING (self, RESOURCE, WRITE, ("%s", error->message),
      ("the folder is not updated until writing works again"));
}

/* Writer's thread. */
static void
write_recovered (gpointer user_data)
{
  PenstockDashSink *self = user_data;

  g_mutex_lock (&self->lock);
  self->failing = FALSE;
  g_mutex_unlock (&self->lock);
  GST_ELEMENT_INFO (
      self, RESOURCE, WRITE, ("The folder is written to again"), (NULL));
}

static void
warn_left_out (PenstockDashSink *self)
{
  g_autoptr (PenstockDashSinkPad) pad = NULL;

  g_mutex_lock (&self->lock);
  pad = g_steal_pointer (&self->left_out);
  g_mutex_unlock (&self->lock);
  if (pad)
    GST_ELEMENT_WARNING (self, STREAM, MUX,
        ("The video of %s is left out: its keyframes are not where those of "
         "the first are",
            GST_PAD_NAME (pad)),
        (NULL));
}

/* Any thread: all stores together have too much. */
static guint64
give_way (GObject *writer, guint64 bytes)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (writer);
  GQueue changes = G_QUEUE_INIT;
  guint64 given = 0;
  gboolean told;

  g_mutex_lock (&self->lock);
  if (self->presentation)
    given = presentation_give_way (
        self->presentation, bytes, g_get_real_time (), &changes);
  dash_output_add (self->output, &changes);
  told = self->gave_way;
  self->gave_way |= given > 0;
  g_mutex_unlock (&self->lock);
  dash_output_deliver (self->output);
  if (given > 0 && !told)
    GST_ELEMENT_WARNING (self, RESOURCE, NO_SPACE_LEFT,
        ("The window is shorter than wanted: the segments of all streams have "
         "come to their bound of %" G_GUINT64_FORMAT " bytes",
            segment_budget_get_limit ()),
        (NULL));
  return given;
}

void
dash_sink_deliver (PenstockDashSink *self)
{
  dash_output_deliver (self->output);
  warn_left_out (self);
  segment_budget_make_room ();
}

/* ---- rows (with the lock) ---- */

static void
set_zero (PenstockDashSink *self)
{
  if (self->have_zero)
    return;
  presentation_set_zero (self->presentation, self->best_zero);
  self->have_zero = TRUE;
}

static void set_alarm (PenstockDashSink *self);

/* Clock's thread: segments that players count do not come. */
static void
alarm_rings (GObject *owner, GstClockID id)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (owner);
  GQueue changes = G_QUEUE_INIT;

  g_mutex_lock (&self->lock);
  if (dash_alarm_take (&self->alarm, id)) {
    presentation_tick (self->presentation, g_get_real_time (), &changes);
    dash_output_add (self->output, &changes);
    set_alarm (self);
  }
  g_mutex_unlock (&self->lock);
  dash_sink_deliver (self);
}

/* The deadline moves on with each row; an alarm that rings too early is set
 * again. */
static void
set_alarm (PenstockDashSink *self)
{
  dash_alarm_set (&self->alarm, presentation_get_deadline (self->presentation),
      G_OBJECT (self), alarm_rings);
}

/* Viewers of what is in memory notice nothing. While the folder is busy the
 * failure stays. */
static void
try_folder (PenstockDashSink *self)
{
  if (!dash_output_can_restore (self->output))
    start_anew (self);
  else if (dash_output_is_idle (self->output))
    dash_output_restore (self->output);
}

static void
log_row (PenstockDashSink *self, const SegmenterRow *row)
{
  if (row->begins && row->ends)
    GST_DEBUG_OBJECT (self,
        "row %" GST_TIME_FORMAT " to %" GST_TIME_FORMAT ", %u segments%s%s",
        GST_TIME_ARGS (row->start), GST_TIME_ARGS (row->end),
        row->segments->len, row->new_period ? ", new Period" : "",
        row->last ? ", last of its Period" : "");
  else
    GST_LOG_OBJECT (self,
        "part of row %" GST_TIME_FORMAT " to %" GST_TIME_FORMAT
        ", %u chunks%s%s%s",
        GST_TIME_ARGS (row->start), GST_TIME_ARGS (row->end),
        row->segments->len, row->new_period ? ", new Period" : "",
        row->ends ? ", end" : "", row->last ? " of the Period" : "");
}

void
dash_sink_make_rows (PenstockDashSink *self)
{
  SegmenterRow *row;

  while ((row = segmenter_next_row (self->segmenter))) {
    GQueue changes = G_QUEUE_INIT;

    log_row (self, row);
    set_zero (self);
    if (row->begins && dash_output_has_failed (self->output))
      try_folder (self);
    presentation_add_row (
        self->presentation, row, g_get_real_time (), &changes);
    dash_output_add (self->output, &changes);
    segmenter_row_free (row);
    set_alarm (self);
    if (!self->left_out)
      self->left_out = dash_tracks_find_left_out (self);
    if (presentation_is_over_full (self->presentation))
      segmenter_give_up (self->segmenter);
  }
}

void
dash_sink_check_end (PenstockDashSink *self)
{
  if (self->ended || !dash_tracks_all_ended (self))
    return;
  self->ended = TRUE;
  self->retried = FALSE;
  end_presentation (self);
}

/* ---- pads ---- */

static gchar *
free_pad_name (PenstockDashSink *self, CmafKind kind)
{
  for (guint i = 0;; i++) {
    g_autofree gchar *name =
        g_strdup_printf (kind == CMAF_VIDEO ? "video_%u" : "audio_%u", i);
    g_autoptr (GstPad) taken =
        gst_element_get_static_pad (GST_ELEMENT (self), name);

    if (!taken)
      return g_steal_pointer (&name);
  }
}

static GstPad *
penstock_dash_sink_request_new_pad (GstElement *element,
    GstPadTemplate *template, const gchar *requested, const GstCaps *caps)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (element);
  CmafKind kind =
      g_str_has_prefix (GST_PAD_TEMPLATE_NAME_TEMPLATE (template), "video")
      ? CMAF_VIDEO
      : CMAF_AUDIO;
  g_autofree gchar *name = NULL;
  PenstockDashSinkPad *pad;
  gboolean full;

  g_mutex_lock (&self->lock);
  full = dash_tracks_is_full (self, kind);
  g_mutex_unlock (&self->lock);
  if (full) {
    GST_WARNING_OBJECT (self, "no room for another %s track",
        kind == CMAF_VIDEO ? "video" : "audio");
    return NULL;
  }
  name = requested && !strchr (requested, '%') ? g_strdup (requested)
                                               : free_pad_name (self, kind);
  pad = dash_sink_pad_new (self, kind, template, name);
  if (GST_STATE (self) >= GST_STATE_PAUSED)
    gst_pad_set_active (GST_PAD (pad), TRUE);
  if (!gst_element_add_pad (element, GST_PAD (pad)))
    return NULL;
  g_mutex_lock (&self->lock);
  dash_tracks_attach (self, pad);
  g_mutex_unlock (&self->lock);
  return GST_PAD (pad);
}

static void
penstock_dash_sink_release_pad (GstElement *element, GstPad *gstpad)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (element);
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);

  g_mutex_lock (&self->lock);
  pad->live = TRUE; /* ends a hold */
  dash_tracks_moved (self);
  g_mutex_unlock (&self->lock);
  gst_pad_set_active (gstpad, FALSE);
  g_mutex_lock (&self->lock);
  pad->gone = TRUE;
  dash_tracks_moved (self);
  if (self->segmenter && pad->track >= 0) {
    segmenter_eos (self->segmenter, pad->track);
    dash_sink_make_rows (self);
    dash_tracks_detach (self, pad);
    dash_sink_make_rows (self);
    dash_sink_check_end (self);
  }
  g_mutex_unlock (&self->lock);
  dash_sink_deliver (self);
  gst_element_remove_pad (element, gstpad);
}

/* ---- states ---- */

/* What an element with the same output left goes when nobody needs it. */
static void
adopt (const gchar *path, guint64 number, guint64 bytes, gpointer user_data)
{
  presentation_adopt (user_data, path, number, bytes);
}

/* Players go on where they are within these bounds, and jump beyond. */
static MpdLatency
latency_of (const DashSettings *settings)
{
  if (!settings->low_latency)
    return (MpdLatency){ 0 };
  return (MpdLatency){ .chunk = settings->chunk_duration,
    .target = settings->latency,
    .min = settings->latency / 2,
    .max = 2 * settings->latency + GST_SECOND };
}

static void
create_engine (PenstockDashSink *self, const DashSettings *settings)
{
  SegmenterSettings segmenter = SEGMENTER_DEFAULT_SETTINGS;
  const PresentationSettings presentation = {
    .target = settings->segment_duration,
    .window = settings->window,
    .retention = settings->retention,
    .latency = latency_of (settings),
    .max_bytes = settings->max_bytes - settings->max_bytes / PENDING_PART,
    .first_number = settings->start_number,
    .timeline = settings->addressing == PENSTOCK_DASH_ADDRESSING_TIMELINE &&
        !settings->low_latency,
    .hls = settings->hls,
    .keep = settings->keep,
    .title = settings->title,
    .utc_timing_url = settings->utc_timing_url,
  };

  segmenter.target = settings->segment_duration;
  segmenter.chunk = presentation.latency.chunk;
  /* What is counted is of one length. */
  segmenter.first = presentation.timeline
      ? MIN (settings->segment_duration, FIRST_SEGMENT)
      : settings->segment_duration;
  segmenter.max_bytes = settings->max_bytes / PENDING_PART;
  self->segmenter = segmenter_new (&segmenter);
  self->presentation = presentation_new (&presentation);
  self->use_wall_clock = settings->wall_clock != 0;
  self->best_zero =
      self->use_wall_clock ? settings->wall_clock : GST_CLOCK_TIME_NONE;
  self->have_zero = self->ended = self->eos_due = FALSE;
  self->failing = self->gave_way = FALSE;
  self->no_timestamp = self->write_failures = 0;
}

static void
destroy_engine (PenstockDashSink *self)
{
  g_mutex_lock (&self->lock);
  dash_alarm_clear (&self->alarm);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    dash_tracks_detach (self, l->data);
    dash_sink_pad_reset (l->data);
  }
  g_clear_object (&self->left_out);
  g_clear_pointer (&self->segmenter, segmenter_free);
  g_clear_pointer (&self->presentation, presentation_free);
  g_mutex_unlock (&self->lock);
  dash_output_close (self->output);
}

static gboolean
open_output (PenstockDashSink *self, const DashSettings *settings)
{
  g_autoptr (GError) error = NULL;

  if (!settings->store && !settings->directory) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("penstockdashsink needs a store or a directory"), (NULL));
    return FALSE;
  }
  if (settings->keep && (settings->store || !settings->directory)) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("penstockdashsink keeps everything in a directory, not in a store"),
        (NULL));
    return FALSE;
  }
  if (!dash_output_open (self->output, settings->store, settings->directory,
          settings->max_bytes / DISK_PART, &error)) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE, ("%s", error->message),
        ("directory of penstockdashsink"));
    return FALSE;
  }
  return TRUE;
}

static gboolean
start (PenstockDashSink *self)
{
  DashSettings settings;
  gboolean ok;

  dash_settings_copy (self, &settings);
  ok = open_output (self, &settings);
  if (ok) {
    g_mutex_lock (&self->lock);
    create_engine (self, &settings);
    for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next)
      dash_tracks_attach (self, l->data);
    g_mutex_unlock (&self->lock);
    dash_output_list (self->output, adopt, self->presentation);
    dash_output_set_writer (self->output, G_OBJECT (self), give_way);
  }
  dash_settings_clear (&settings);
  return ok;
}

/* Before the pads are deactivated, which waits for their threads. */
static void
stop_holding (PenstockDashSink *self)
{
  g_mutex_lock (&self->lock);
  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next)
    PENSTOCK_DASH_SINK_PAD (l->data)->live = TRUE;
  GST_OBJECT_UNLOCK (self);
  dash_tracks_moved (self);
  g_mutex_unlock (&self->lock);
}

static void
set_playing (PenstockDashSink *self, gboolean playing)
{
  g_mutex_lock (&self->lock);
  self->playing = playing;
  g_mutex_unlock (&self->lock);
  if (playing)
    post_eos (self);
}

static GstStateChangeReturn
penstock_dash_sink_change_state (GstElement *element, GstStateChange transition)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    set_playing (self, FALSE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    stop_holding (self);

  ret = GST_ELEMENT_CLASS (penstock_dash_sink_parent_class)
            ->change_state (element, transition);
  if (ret == GST_STATE_CHANGE_FAILURE)
    return ret;

  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
    set_playing (self, TRUE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    destroy_engine (self);
  return ret;
}

/* ---- class ---- */

static void
penstock_dash_sink_finalize (GObject *object)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (object);

  dash_output_free (self->output);
  dash_settings_clear (&self->settings);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->moved);
  G_OBJECT_CLASS (penstock_dash_sink_parent_class)->finalize (object);
}

static void
penstock_dash_sink_class_init (PenstockDashSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->finalize = penstock_dash_sink_finalize;
  element_class->change_state = penstock_dash_sink_change_state;
  element_class->request_new_pad = penstock_dash_sink_request_new_pad;
  element_class->release_pad = penstock_dash_sink_release_pad;
  dash_properties_install (object_class);

  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &video_template, PENSTOCK_TYPE_DASH_SINK_PAD);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &audio_template, PENSTOCK_TYPE_DASH_SINK_PAD);
  gst_element_class_set_static_metadata (element_class, "DASH sink",
      "Sink/Muxer",
      "Writes a live MPEG-DASH presentation of CMAF segments to memory or "
      "files",
      "The Penstock developers");
}

static void
penstock_dash_sink_init (PenstockDashSink *self)
{
  const DashOutputCallbacks callbacks = { write_failed, write_recovered,
    all_delivered, self };

  g_mutex_init (&self->lock);
  g_cond_init (&self->moved);
  dash_settings_init (&self->settings);
  self->output = dash_output_new (&callbacks);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
