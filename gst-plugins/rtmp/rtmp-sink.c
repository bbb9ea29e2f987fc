/* SPDX-License-Identifier: MIT
 *
 * penstockrtmpsink: encoded video and audio in; out comes a stream that players
 * of the RTMP listener can play, or that is published to another server.
 * Its parts are in rtmp-sink-private.h. */

#include "rtmp-listener.h"
#include "rtmp-signals.h"
#include "rtmp-sink-private.h"

/**
 * SECTION:element-penstockrtmpsink
 * @title: penstockrtmpsink
 *
 * With #PenstockRtmpSink:mode `serve`, serves one stream to RTMP players:
 * whoever plays #PenstockRtmpSink:location gets the newest keyframe and what came after it at once, then what comes
 * next. The listener is shared with every other RTMP element of the process on
 * the same address and port. An application decides who may play by the signal
 * #PenstockRtmpSink::play.
 *
 * With the mode `push`, publishes the stream to the server of
 * #PenstockRtmpSink:location, and connects again whenever that fails: with
 * growing waits, and only while there is media. Each failure with a new reason
 * is a warning on the bus, never an error. A server that is too slow loses video
 * up to a newer keyframe. It gets H.265, AV1 and the like only if it announces
 * them; user and password go by authmod adobe or llnw.
 *
 * At most one video and one audio track. H.264, AAC, MP3 and G.711 go in the
 * form every player knows, H.265, AV1, VP9, VP8, Opus, FLAC, AC-3 and E-AC-3 as
 * Enhanced RTMP. The element never waits for its peers nor for its clock: put
 * `identity sync=true` in front of it when the source is a file.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! video/x-raw,format=I420 ! x264enc key-int-max=50 tune=zerolatency ! h264parse ! penstockrtmpsink location=rtmp://0.0.0.0:1935/live/test
 * ]|
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! video/x-raw,format=I420 ! x264enc key-int-max=50 tune=zerolatency ! h264parse ! penstockrtmpsink mode=push location=rtmp://127.0.0.1:1935/live/test
 * ]|
 *
 * Since: 0.1
 */

GST_DEBUG_CATEGORY (penstock_rtmp_sink_debug);

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (PENSTOCK_FLV_VIDEO_CAPS));
static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (PENSTOCK_FLV_AUDIO_CAPS));

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockRtmpSink, penstock_rtmp_sink,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        penstock_rtmp_sink_debug, "penstockrtmpsink", 0, "Penstock RTMP sink"))

/* --- states --------------------------------------------------------------- */

/* (transfer full) (nullable) */
static PenstockRtmpOwner *
dup_owner (PenstockRtmpSink *self)
{
  g_mutex_lock (&self->lock);
  PenstockRtmpOwner *owner =
      self->owner ? penstock_rtmp_owner_ref (self->owner) : NULL;
  g_mutex_unlock (&self->lock);
  return owner;
}

/* The handlers of the action signals. */

static void
decide (
    PenstockRtmpSink *self, guint64 id, gboolean accept, const gchar *reason)
{
  penstock_rtmp_signals_decide (dup_owner (self), id, accept, reason);
}

static void
redirect (PenstockRtmpSink *self, guint64 id, const gchar *url)
{
  penstock_rtmp_signals_redirect (dup_owner (self), id, url);
}

/* A push has another state. I/O thread. */
static void
push_changed (
    PenstockRtmpPushState state, const gchar *reason, gpointer user_data)
{
  PenstockRtmpSink *self = user_data;

  if (state == PENSTOCK_RTMP_PUSH_ENDED) {
    g_mutex_lock (&self->lock);
    guint32 seqnum = self->eos_seqnum;
    g_mutex_unlock (&self->lock);
    penstock_rtmp_sink_post_eos (self, seqnum);
  }
  GST_INFO_OBJECT (self, "push is %s (%s)",
      penstock_rtmp_push_state_to_string (state), reason ? reason : "-");
  if (reason && g_strcmp0 (reason, self->warned) != 0)
    GST_ELEMENT_WARNING (
        self, RESOURCE, WRITE, ("Push failed: %s.", reason), (NULL));
  /* It stays while the next attempt is under way. */
  if (reason || state == PENSTOCK_RTMP_PUSH_PUBLISHING) {
    g_free (self->warned);
    self->warned = g_strdup (reason);
  }
}

static void
release_owner (PenstockRtmpSink *self)
{
  g_mutex_lock (&self->lock);
  PenstockRtmpOwner *owner = g_steal_pointer (&self->owner);
  g_mutex_unlock (&self->lock);
  penstock_rtmp_owner_release (owner);
}

static gboolean
start (PenstockRtmpSink *self)
{
  g_autoptr (GError) error = NULL;
  PenstockRtmpSinkSettings settings;

  GST_OBJECT_LOCK (self);
  penstock_rtmp_sink_settings_copy (&self->settings, &settings);
  GST_OBJECT_UNLOCK (self);

  /* Who is asked at once may decide at once. */
  g_mutex_lock (&self->lock);
  self->owner = penstock_rtmp_signals_new_owner (GST_ELEMENT (self));
  g_mutex_unlock (&self->lock);
  PenstockRtmpTarget *target = penstock_rtmp_target_open (
      GST_ELEMENT (self), &settings, self->owner, push_changed, self, &error);
  g_mutex_lock (&self->lock);
  self->have_base = self->ended = FALSE;
  self->eos_seqnum = GST_SEQNUM_INVALID;
  self->target = target;
  g_mutex_unlock (&self->lock);
  GST_OBJECT_LOCK (self);
  self->port = target ? penstock_rtmp_target_get_port (target) : 0;
  GST_OBJECT_UNLOCK (self);
  if (!target) {
    g_autofree gchar *where = penstock_rtmp_sink_settings_describe (&settings);
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE,
        ("Cannot %s %s: %s.",
            settings.mode == PENSTOCK_RTMP_SINK_SERVE ? "serve" : "push to",
            where, error->message),
        (NULL));
    release_owner (self);
  }
  penstock_rtmp_sink_settings_clear (&settings);
  return target != NULL;
}

/* No pad is active any more. */
static void
stop (PenstockRtmpSink *self)
{
  g_mutex_lock (&self->lock);
  PenstockRtmpTarget *target = g_steal_pointer (&self->target);
  penstock_rtmp_sink_tracks_clear (self);
  g_mutex_unlock (&self->lock);
  GST_OBJECT_LOCK (self);
  self->port = 0;
  GST_OBJECT_UNLOCK (self);

  penstock_rtmp_target_close (target);
  release_owner (self);
  g_clear_pointer (&self->warned, g_free);
}

static GstStateChangeReturn
penstock_rtmp_sink_change_state (GstElement *element, GstStateChange transition)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (penstock_rtmp_sink_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

/* --- object --------------------------------------------------------------- */

static void
penstock_rtmp_sink_finalize (GObject *object)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (object);

  penstock_rtmp_sink_tracks_clear (self);
  penstock_rtmp_sink_settings_clear (&self->settings);
  g_free (self->warned);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_rtmp_sink_parent_class)->finalize (object);
}

static void
penstock_rtmp_sink_class_init (PenstockRtmpSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->finalize = penstock_rtmp_sink_finalize;
  element_class->change_state = penstock_rtmp_sink_change_state;
  element_class->request_new_pad = penstock_rtmp_sink_request_new_pad;
  element_class->release_pad = penstock_rtmp_sink_release_pad;
  penstock_rtmp_sink_properties_install (object_class);
  penstock_rtmp_signals_install_sink (object_class,
      &(const PenstockRtmpActions){
          .decide = G_CALLBACK (decide), .redirect = G_CALLBACK (redirect) });
  gst_type_mark_as_plugin_api (penstock_rtmp_sink_mode_get_type (), 0);
  gst_type_mark_as_plugin_api (penstock_rtmp_verdict_get_type (), 0);
  gst_type_mark_as_plugin_api (PENSTOCK_TYPE_RTMP_ENHANCED, 0);

  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "RTMP sink",
      "Sink/Network",
      "Serves a stream to RTMP players, or pushes it to a server",
      "The Penstock developers");
}

static void
penstock_rtmp_sink_init (PenstockRtmpSink *self)
{
  g_mutex_init (&self->lock);
  penstock_rtmp_sink_settings_init (&self->settings);
  penstock_rtmp_sink_tracks_clear (self);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
