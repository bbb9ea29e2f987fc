/* SPDX-License-Identifier: MIT
 *
 * Mounts: the object, its settings, and how a media is made. See rtsp-factory.h,
 * and rtsp-factory-private.h for the other parts. */

#include "rtsp-factory-private.h"

#include "../log.h"
#include "rtsp-client.h"
#include "rtsp-payload.h"

/* Send buffer of UDP sockets: room for a keyframe in one go. */
#define UDP_SEND_BUFFER (512 * 1024)
#define LAYOUT_KEY "penstock-rtsp-layout"

G_DEFINE_FINAL_TYPE (
    PenstockRtspFactory, penstock_rtsp_factory, GST_TYPE_RTSP_MEDIA_FACTORY)

/* --- settings -------------------------------------------------------------- */

void
penstock_rtsp_factory_set_writers (
    PenstockRtspFactory *self, PenstockLoopPool *writers)
{
  g_clear_pointer (&self->writers, penstock_loop_pool_unref);
  self->writers = penstock_loop_pool_ref (writers);
}

void
penstock_rtsp_factory_set_settings (
    PenstockRtspFactory *self, const PenstockRtspMountSettings *settings)
{
  g_mutex_lock (&self->lock);
  self->settings = *settings;
  for (guint i = 0; i <= self->retired->len; i++) {
    PenstockRtspMedia *media =
        i < self->retired->len ? self->retired->pdata[i] : self->current;
    if (media)
      penstock_rtp_hub_set_limits (penstock_rtsp_media_get_hub (media),
          &settings->cache, &settings->viewers);
  }
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_factory_get_settings (
    PenstockRtspFactory *self, PenstockRtspMountSettings *settings)
{
  g_mutex_lock (&self->lock);
  *settings = self->settings;
  g_mutex_unlock (&self->lock);
}

const gchar *
penstock_rtsp_factory_get_path (PenstockRtspFactory *self)
{
  return self->path;
}

/* --- the channel ----------------------------------------------------------- */

gboolean
penstock_rtsp_factory_has_start (PenstockRtspFactory *self)
{
  PenstockGopLogStats stats;

  penstock_gop_log_get_stats (penstock_channel_get_log (self->channel), &stats);
  return stats.has_keyframe;
}

gboolean
penstock_rtsp_factory_can_play (PenstockRtspFactory *self)
{
  if (penstock_channel_get_state (self->channel) == PENSTOCK_CHANNEL_ENDED)
    return FALSE;
  g_autoptr (PenstockLayout) layout =
      penstock_channel_get_layout (self->channel);
  for (guint i = 0; layout && i < layout->n_tracks; i++) {
    g_autofree gchar *why = penstock_rtsp_payload_check (&layout->tracks[i]);
    if (!why)
      return TRUE;
  }
  return FALSE;
}

PenstockRtpHub *
penstock_rtsp_factory_make_hub (
    PenstockRtspFactory *self, guint n_streams, guint32 video)
{
  PenstockRtspMountSettings settings;

  penstock_rtsp_factory_get_settings (self, &settings);
  return penstock_rtp_hub_new (self->writers, &settings.cache, n_streams, video,
      penstock_rtsp_factory_has_start (self),
      penstock_channel_to_wall_clock (self->channel, self->base_time));
}

/* --- making a media -------------------------------------------------------- */

/* One media for all, whatever the query of the URL says. */
static gchar *
penstock_rtsp_factory_gen_key (
    GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  PenstockRtspFactory *self = PENSTOCK_RTSP_FACTORY (factory);
  GstRTSPContext *ctx = gst_rtsp_context_get_current ();

  /* A SETUP without DESCRIBE takes its media before it asks whether it may. */
  if (ctx && PENSTOCK_IS_RTSP_CLIENT (ctx->client))
    penstock_rtsp_client_hold_mount (PENSTOCK_RTSP_CLIENT (ctx->client), self);

  g_mutex_lock (&self->lock);
  gchar *key = g_strdup_printf ("%u", self->generation);
  g_mutex_unlock (&self->lock);
  return key;
}

static GstElement *
penstock_rtsp_factory_create_element (
    GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  PenstockRtspFactory *self = PENSTOCK_RTSP_FACTORY (factory);
  g_autoptr (PenstockLayout) layout =
      penstock_channel_get_layout (self->channel);
  g_autoptr (GError) error = NULL;

  if (!layout)
    return NULL;
  GstElement *bin = penstock_rtsp_payload_bin (
      penstock_channel_get_name (self->channel), layout, &error);
  if (!bin) {
    penstock_warning ("rtsp", "%s route=%s", error->message, self->path);
    return NULL;
  }
  g_object_set_data_full (G_OBJECT (bin), LAYOUT_KEY, g_steal_pointer (&layout),
      (GDestroyNotify) penstock_layout_unref);
  return bin;
}

/* A SETUP that no DESCRIBE came before. Without tracks there is nothing to make,
 * which the library would take for an error of ours. */
static GstRTSPMedia *
penstock_rtsp_factory_construct (
    GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  if (!penstock_rtsp_factory_can_play (PENSTOCK_RTSP_FACTORY (factory)))
    return NULL;
  return GST_RTSP_MEDIA_FACTORY_CLASS (penstock_rtsp_factory_parent_class)
      ->construct (factory, url);
}

/* What the library adds for viewers. Their sinks, which get nothing, join a
 * running pipeline, several at a time from threads of their own. One that
 * prerolls takes the pipeline out of PLAYING for a moment, and one that joins in
 * that moment may stay in PAUSED for good; no state change of the media waits
 * for them, so they need not preroll. What TCP viewers send by RTCP comes
 * without caps and meets that of UDP viewers in a funnel, whose events get out
 * of order then. */
static void
set_up_element (
    GstBin *pipeline, GstBin *bin, GstElement *element, gpointer user_data)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const gchar *name = factory ? GST_OBJECT_NAME (factory) : "";

  if (g_str_equal (name, "multiudpsink") || g_str_equal (name, "appsink"))
    g_object_set (element, "async", FALSE, NULL);
  if (g_str_equal (name, "appsrc")) {
    g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("application/x-rtcp");
    g_object_set (element, "caps", caps, NULL);
  }
}

/* On the gateway's clock and base time, so that the channel's times hold. */
static GstElement *
penstock_rtsp_factory_create_pipeline (
    GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  PenstockRtspFactory *self = PENSTOCK_RTSP_FACTORY (factory);
  GstElement *pipeline =
      GST_RTSP_MEDIA_FACTORY_CLASS (penstock_rtsp_factory_parent_class)
          ->create_pipeline (factory, media);

  if (!pipeline)
    return NULL;
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), self->clock);
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline, self->base_time);
  g_signal_connect (
      pipeline, "deep-element-added", G_CALLBACK (set_up_element), NULL);
  return pipeline;
}

static void
penstock_rtsp_factory_configure (
    GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  GST_RTSP_MEDIA_FACTORY_CLASS (penstock_rtsp_factory_parent_class)
      ->configure (factory, media);
  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (media);
  penstock_rtsp_media_configure (PENSTOCK_RTSP_MEDIA (media),
      PENSTOCK_RTSP_FACTORY (factory),
      g_object_get_data (G_OBJECT (bin), LAYOUT_KEY));
  gst_rtsp_media_set_reusable (media, FALSE);
  gst_rtsp_media_set_do_retransmission (media, FALSE);
}

/* --- object ---------------------------------------------------------------- */

PenstockRtspFactory *
penstock_rtsp_factory_new (const gchar *path, PenstockChannel *channel,
    GstClock *clock, GstClockTime base_time, PenstockRtspReaper *reaper,
    PenstockRtspCensus *census, PenstockRtspEvents *events)
{
  PenstockRtspFactory *self = g_object_new (PENSTOCK_TYPE_RTSP_FACTORY, NULL);
  GstRTSPMediaFactory *factory = GST_RTSP_MEDIA_FACTORY (self);

  self->path = g_strdup (path);
  self->channel = g_object_ref (channel);
  self->clock = gst_object_ref (clock);
  self->base_time = base_time;
  self->context = g_main_context_ref_thread_default ();
  self->reaper = penstock_rtsp_reaper_ref (reaper);
  self->census = penstock_rtsp_census_ref (census);
  self->events = penstock_rtsp_events_ref (events);

  gst_rtsp_media_factory_set_media_gtype (factory, PENSTOCK_TYPE_RTSP_MEDIA);
  gst_rtsp_media_factory_set_shared (factory, TRUE);
  gst_rtsp_media_factory_set_eos_shutdown (factory, FALSE);
  gst_rtsp_media_factory_set_suspend_mode (factory, GST_RTSP_SUSPEND_MODE_NONE);
  gst_rtsp_media_factory_set_stop_on_disconnect (factory, TRUE);
  gst_rtsp_media_factory_set_latency (factory, 0);
  gst_rtsp_media_factory_set_retransmission_time (factory, 0);
  gst_rtsp_media_factory_set_buffer_size (factory, UDP_SEND_BUFFER);
  gst_rtsp_media_factory_set_protocols (
      factory, GST_RTSP_LOWER_TRANS_UDP | GST_RTSP_LOWER_TRANS_TCP);

  penstock_rtsp_factory_watch_channel (self);
  return self;
}

static void
penstock_rtsp_factory_finalize (GObject *object)
{
  PenstockRtspFactory *self = PENSTOCK_RTSP_FACTORY (object);

  g_ptr_array_unref (self->retired);
  g_clear_pointer (&self->writers, penstock_loop_pool_unref);
  g_clear_object (&self->channel);
  g_clear_object (&self->clock);
  g_main_context_unref (self->context);
  penstock_rtsp_reaper_unref (self->reaper);
  penstock_rtsp_census_unref (self->census);
  penstock_rtsp_events_unref (self->events);
  g_mutex_clear (&self->lock);
  g_free (self->reason);
  g_free (self->path);
  G_OBJECT_CLASS (penstock_rtsp_factory_parent_class)->finalize (object);
}

static void
penstock_rtsp_factory_class_init (PenstockRtspFactoryClass *klass)
{
  GstRTSPMediaFactoryClass *factory_class =
      GST_RTSP_MEDIA_FACTORY_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_factory_finalize;
  factory_class->gen_key = penstock_rtsp_factory_gen_key;
  factory_class->construct = penstock_rtsp_factory_construct;
  factory_class->create_element = penstock_rtsp_factory_create_element;
  factory_class->create_pipeline = penstock_rtsp_factory_create_pipeline;
  factory_class->configure = penstock_rtsp_factory_configure;
}

static void
penstock_rtsp_factory_init (PenstockRtspFactory *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->viewers);
  penstock_rtsp_mount_settings_init (&self->settings, NULL, NULL);
  self->retired = g_ptr_array_new_with_free_func (g_object_unref);
}
