/* SPDX-License-Identifier: MIT
 *
 * SECTION:element-penstockrtmpsrc
 *
 * Receives one RTMP stream: as a server what somebody publishes to a location
 * (role=server), or as a client what another server plays (role=client). All
 * server elements of a process with the same address and port share one
 * listener.
 *
 * Sometimes pads `video_%u` and `audio_%u`, the number being the Enhanced RTMP
 * track (0 without multitrack), with caps in the form that needs no parser:
 * avc, hvc1, obu-stream, raw AAC. Live; a buffer's running time is that of the
 * first message's arrival plus the publisher's own time since then.
 *
 * Element messages:
 * - `penstock-publication`: `state` ("started", "lost", "ended"), `peer`,
 *   `encoder`, `reason` (strings; the reason is empty for "started"). After
 *   "lost" the publisher may come back within the grace time ("started" again)
 *   or not ("ended").
 * - `penstock-track-ignored`: `track`, `reason` (strings): this track cannot be
 *   carried.
 *
 * |[
 * gst-launch-1.0 penstockrtmpsrc location=rtmp://0.0.0.0:1935/live/test ! h264parse ! avdec_h264 ! autovideosink
 * ]|
 *
 * Since: 0.1
 */

#include "rtmp-src-private.h"

#include "rtmp-listener.h"
#include "rtmp-signals.h"

GST_DEBUG_CATEGORY (penstock_rtmp_src_debug);

static GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE (
    "video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
    GST_STATIC_CAPS (
        "video/x-h264, stream-format=(string)avc, alignment=(string)au; "
        "video/x-h265, stream-format=(string)hvc1, alignment=(string)au; "
        "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu; "
        "video/x-vp8; video/x-vp9"));
static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
        GST_STATIC_CAPS (
            "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "
            "framed=(boolean)true; "
            "audio/mpeg, mpegversion=(int)1, layer=(int)3, "
            "parsed=(boolean)true; audio/x-opus; "
            "audio/x-flac, framed=(boolean)true; "
            "audio/x-ac3, framed=(boolean)true; "
            "audio/x-eac3, framed=(boolean)true; "
            "audio/x-alaw; audio/x-mulaw; "
            "audio/x-raw, format=(string){ S16LE, U8 }, "
            "layout=(string)interleaved"));

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockRtmpSrc, penstock_rtmp_src,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        penstock_rtmp_src_debug, "penstockrtmpsrc", 0, "Penstock RTMP source"))

/* --- States ---------------------------------------------------------------- */

static void
resume_streaming (PenstockRtmpSrc *self)
{
  /* What waited while the clock stood still is old now; before the first
   * start it may be the only keyframe for seconds. */
  if (self->was_playing)
    penstock_rtmp_queue_resume (self->queue);
  else
    penstock_rtmp_queue_set_state (self->queue, PENSTOCK_RTMP_QUEUE_RUNNING);
  self->was_playing = TRUE;
}

/* The pads are inactive already: the thread cannot hang in a push. */
static void
stop_streaming (PenstockRtmpSrc *self)
{
  penstock_rtmp_queue_set_state (self->queue, PENSTOCK_RTMP_QUEUE_QUITTING);
  g_thread_join (g_steal_pointer (&self->thread));
  penstock_rtmp_queue_clear (self->queue);
  penstock_rtmp_stream_reset (self->stream);
  self->finished = self->was_playing = FALSE;
  GST_OBJECT_LOCK (self);
  self->publication.publishing = FALSE;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
start_streaming (PenstockRtmpSrc *self)
{
  penstock_rtmp_queue_set_state (self->queue, PENSTOCK_RTMP_QUEUE_PAUSED);
  if (!penstock_rtmp_src_source_open (self))
    return FALSE;
  self->thread =
      g_thread_new ("penstock-rtmp", penstock_rtmp_src_deliver, self);
  return TRUE;
}

static GstStateChangeReturn
penstock_rtmp_src_change_state (GstElement *element, GstStateChange transition)
{
  PenstockRtmpSrc *self = PENSTOCK_RTMP_SRC (element);
  GstStateChangeReturn ret;

  switch (transition) {
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    if (!start_streaming (self))
      return GST_STATE_CHANGE_FAILURE;
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    penstock_rtmp_queue_set_state (self->queue, PENSTOCK_RTMP_QUEUE_PAUSED);
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    penstock_rtmp_src_source_close (self);
    break;
  default:
    break;
  }
  ret = GST_ELEMENT_CLASS (penstock_rtmp_src_parent_class)
            ->change_state (element, transition);
  switch (transition) {
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    if (ret == GST_STATE_CHANGE_FAILURE) {
      penstock_rtmp_src_source_close (self);
      stop_streaming (self);
    } else {
      ret = GST_STATE_CHANGE_NO_PREROLL;
    }
    break;
  case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
    if (ret != GST_STATE_CHANGE_FAILURE)
      resume_streaming (self);
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    if (ret != GST_STATE_CHANGE_FAILURE)
      ret = GST_STATE_CHANGE_NO_PREROLL;
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    stop_streaming (self);
    break;
  default:
    break;
  }
  return ret;
}

static gboolean
penstock_rtmp_src_send_event (GstElement *element, GstEvent *event)
{
  PenstockRtmpSrc *self = PENSTOCK_RTMP_SRC (element);

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS) {
    PenstockRtmpQueueItem item = { .type = PENSTOCK_RTMP_QUEUE_EOS };

    penstock_rtmp_src_push (self, &item);
    gst_event_unref (event);
    return TRUE;
  }
  return GST_ELEMENT_CLASS (penstock_rtmp_src_parent_class)
      ->send_event (element, event);
}

/* --- Object ---------------------------------------------------------------- */

static void
penstock_rtmp_src_finalize (GObject *object)
{
  PenstockRtmpSrc *self = PENSTOCK_RTMP_SRC (object);

  penstock_rtmp_stream_free (self->stream);
  penstock_rtmp_queue_free (self->queue);
  penstock_rtmp_src_settings_clear (&self->settings);
  g_free (self->publication.peer);
  g_free (self->publication.encoder);
  g_free (self->stream_name);
  g_mutex_clear (&self->source_lock);
  G_OBJECT_CLASS (penstock_rtmp_src_parent_class)->finalize (object);
}

static void
penstock_rtmp_src_class_init (PenstockRtmpSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->finalize = penstock_rtmp_src_finalize;
  element_class->change_state = penstock_rtmp_src_change_state;
  element_class->send_event = penstock_rtmp_src_send_event;
  penstock_rtmp_src_properties_install (object_class);
  penstock_rtmp_signals_install_src (object_class,
      &(const PenstockRtmpActions){
          .decide = G_CALLBACK (penstock_rtmp_src_source_decide),
          .redirect = G_CALLBACK (penstock_rtmp_src_source_redirect) });

  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "RTMP source",
      "Source/Network",
      "Receives RTMP publications, or plays a stream of an RTMP server",
      "The Penstock developers");
  gst_type_mark_as_plugin_api (penstock_rtmp_role_get_type (), 0);
  gst_type_mark_as_plugin_api (penstock_rtmp_policy_get_type (), 0);
  gst_type_mark_as_plugin_api (penstock_rtmp_verdict_get_type (), 0);
  gst_type_mark_as_plugin_api (PENSTOCK_TYPE_RTMP_ENHANCED, 0);
}

static void
penstock_rtmp_src_init (PenstockRtmpSrc *self)
{
  penstock_rtmp_src_settings_init (&self->settings);
  g_mutex_init (&self->source_lock);
  self->queue = penstock_rtmp_queue_new ();
  self->stream = penstock_rtmp_stream_new (GST_ELEMENT (self));
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}
