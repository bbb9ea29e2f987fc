/* SPDX-License-Identifier: MIT
 *
 * Shared media. See rtsp-media.h. */

#include "rtsp-media.h"

#include "../log.h"
#include "rtcp-screen.h"
#include "rtp-tap.h"
#include "rtsp-factory.h"
#include "rtsp-payload.h"

/* A media prerolls from the channel's cache in milliseconds. One that does not
 * is given up before the viewer does, and long before the library's 20 s. */
#define PREROLL_TIMEOUT_MS 5000
/* Far more than it takes to build the branches for the transports. */
#define RUNNING_TIMEOUT_US (5 * G_USEC_PER_SEC)
/* And more than it takes to bring the channel's cache into the hub. */
#define START_TIMEOUT_US (3 * G_USEC_PER_SEC)

struct _PenstockRtspMedia {
  GstRTSPMedia parent;

  GWeakRef factory;         /* of PenstockRtspFactory; set by configure */
  PenstockLayout *layout;   /* set by configure */
  PenstockRtpHub *hub;      /* set while it is prepared; NULL before */
  PenstockRtspMediaUse use; /* factory's lock */
  PenstockRtpReceptions *receptions;

  gint prepared; /* atomic; TRUE from the first preroll on */

  GMutex lock; /* guards the rest */
  GCond cond;
  gboolean running;
  GSource *preroll_timeout;
};

G_DEFINE_FINAL_TYPE (
    PenstockRtspMedia, penstock_rtsp_media, GST_TYPE_RTSP_MEDIA)

void
penstock_rtsp_media_configure (PenstockRtspMedia *self,
    PenstockRtspFactory *factory, PenstockLayout *layout)
{
  g_weak_ref_set (&self->factory, factory);
  g_clear_pointer (&self->layout, penstock_layout_unref);
  self->layout = penstock_layout_ref (layout);
}

PenstockRtspFactory *
penstock_rtsp_media_get_factory (PenstockRtspMedia *self)
{
  return g_weak_ref_get (&self->factory);
}

PenstockLayout *
penstock_rtsp_media_get_layout (PenstockRtspMedia *self)
{
  return self->layout;
}

PenstockRtpHub *
penstock_rtsp_media_get_hub (PenstockRtspMedia *self)
{
  return self->hub;
}

PenstockRtpReceptions *
penstock_rtsp_media_get_receptions (PenstockRtspMedia *self)
{
  return self->receptions;
}

PenstockRtspMediaUse *
penstock_rtsp_media_get_use (PenstockRtspMedia *self)
{
  return &self->use;
}

/* --- preroll ------------------------------------------------------------ */

static void
clear_preroll_timeout (PenstockRtspMedia *self)
{
  g_mutex_lock (&self->lock);
  GSource *source = g_steal_pointer (&self->preroll_timeout);
  g_mutex_unlock (&self->lock);

  if (source) {
    g_source_destroy (source);
    g_source_unref (source);
  }
}

static gboolean
preroll_timed_out (gpointer user_data)
{
  PenstockRtspMedia *self = user_data;

  if (g_atomic_int_get (&self->prepared))
    return G_SOURCE_REMOVE;
  g_autoptr (GstElement) element =
      gst_rtsp_media_get_element (GST_RTSP_MEDIA (self));
  GST_ELEMENT_ERROR (element, STREAM, FAILED,
      ("The channel did not deliver in time."), (NULL));
  return G_SOURCE_REMOVE;
}

static gboolean
penstock_rtsp_media_prepare (GstRTSPMedia *media, GstRTSPThread *thread)
{
  PenstockRtspMedia *self = PENSTOCK_RTSP_MEDIA (media);

  if (!GST_RTSP_MEDIA_CLASS (penstock_rtsp_media_parent_class)
           ->prepare (media, thread))
    return FALSE;

  g_mutex_lock (&self->lock);
  self->preroll_timeout = g_timeout_source_new (PREROLL_TIMEOUT_MS);
  g_source_set_callback (self->preroll_timeout, preroll_timed_out,
      g_object_ref (self), g_object_unref);
  g_source_attach (self->preroll_timeout, thread ? thread->context : NULL);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* Builds the branches for both transports while the pads are still blocked:
 * reports of viewers come in by them. What goes out does not reach them, but
 * the library wants them, and would build each at the first viewer that sets it
 * up, in full flow. */
static void
complete_streams (GstRTSPMedia *media)
{
  static const GSocketFamily families[] = { G_SOCKET_FAMILY_IPV4,
    G_SOCKET_FAMILY_IPV6 };
  GstRTSPTransport *transport = NULL;

  gst_rtsp_transport_new (&transport);
  for (guint i = 0; i < gst_rtsp_media_n_streams (media); i++) {
    GstRTSPStream *stream = gst_rtsp_media_get_stream (media, i);
    transport->lower_transport = GST_RTSP_LOWER_TRANS_UDP;
    for (guint f = 0; f < G_N_ELEMENTS (families); f++)
      gst_rtsp_stream_allocate_udp_sockets (
          stream, families[f], transport, FALSE);
    gst_rtsp_stream_complete_stream (stream, transport);
    transport->lower_transport = GST_RTSP_LOWER_TRANS_TCP;
    gst_rtsp_stream_complete_stream (stream, transport);
  }
  gst_rtsp_transport_free (transport);
}

/* Whether the channel has a picture for those who come now. */
static gboolean
channel_has_start (PenstockRtspMedia *self)
{
  g_autoptr (PenstockRtspFactory) factory =
      penstock_rtsp_media_get_factory (self);

  return factory && penstock_rtsp_factory_has_start (factory);
}

gboolean
penstock_rtsp_media_wait_running (PenstockRtspMedia *self)
{
  gint64 now = g_get_monotonic_time ();
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  while (!self->running && in_time)
    in_time =
        g_cond_wait_until (&self->cond, &self->lock, now + RUNNING_TIMEOUT_US);
  gboolean running = self->running;
  g_mutex_unlock (&self->lock);
  if (running && channel_has_start (self))
    penstock_rtp_hub_wait_start (self->hub, now + START_TIMEOUT_US);
  return running;
}

/* The hub takes packets from now on, whether there are viewers or not. */
static void
run (PenstockRtspMedia *self)
{
  GstRTSPMedia *media = GST_RTSP_MEDIA (self);
  g_autoptr (GPtrArray) no_transports = g_ptr_array_new ();

  gst_rtsp_media_unsuspend (media); /* its RTCP is held up, too */
  gst_rtsp_media_set_state (media, GST_STATE_PLAYING, no_transports);
  g_mutex_lock (&self->lock);
  self->running = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* In the thread of the request that prepared it; more than once when several
 * waited. Requests that find it prepared do not come here. */
static void
penstock_rtsp_media_prepared (GstRTSPMedia *media)
{
  PenstockRtspMedia *self = PENSTOCK_RTSP_MEDIA (media);

  clear_preroll_timeout (self);
  if (!g_atomic_int_compare_and_exchange (&self->prepared, FALSE, TRUE))
    return;
  complete_streams (media);
  g_autoptr (PenstockRtspFactory) factory =
      penstock_rtsp_media_get_factory (self);
  if (factory)
    penstock_rtsp_factory_media_prepared (factory, self);
  run (self);
}

static void
penstock_rtsp_media_unprepared (GstRTSPMedia *media)
{
  clear_preroll_timeout (PENSTOCK_RTSP_MEDIA (media));
}

static gboolean
attach_hub (PenstockRtspMedia *self, GstElement *rtpbin)
{
  g_autoptr (PenstockRtspFactory) factory =
      penstock_rtsp_media_get_factory (self);
  g_autoptr (GstElement) bin =
      gst_rtsp_media_get_element (GST_RTSP_MEDIA (self));
  guint32 video;
  guint n_streams = penstock_rtsp_payload_streams (self->layout, &video);

  if (!factory)
    return FALSE;
  self->hub = penstock_rtsp_factory_make_hub (factory, n_streams, video);
  penstock_rtp_tap_attach (self->hub, GST_BIN (bin), rtpbin);
  penstock_rtp_receptions_attach (self->receptions, self->hub, rtpbin);
  penstock_rtcp_screen_attach (rtpbin);
  return TRUE;
}

/* Sender reports tell when a packet was captured. When it is sent, the default,
 * is not known before the pipeline's latency is: reports up to then would put
 * audio and video apart, and some players keep to the first. */
static gboolean
penstock_rtsp_media_setup_rtpbin (GstRTSPMedia *media, GstElement *rtpbin)
{
  g_object_set (rtpbin, "rtcp-sync-send-time", FALSE, NULL);
  return attach_hub (PENSTOCK_RTSP_MEDIA (media), rtpbin);
}

/* --- messages (media thread, with the media's state lock) ---------------- */

static gboolean
handle_error (PenstockRtspMedia *self, GstMessage *message)
{
  g_autoptr (PenstockRtspFactory) factory =
      penstock_rtsp_media_get_factory (self);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  gst_message_parse_error (message, &error, &debug);
  penstock_debug ("rtsp", "%s: %s", error->message, debug ? debug : "-");
  if (factory)
    penstock_rtsp_factory_media_failed (factory, self, error->message);
  /* One that does not preroll must fail, so that the request does. */
  if (g_atomic_int_get (&self->prepared))
    return TRUE;
  return GST_RTSP_MEDIA_CLASS (penstock_rtsp_media_parent_class)
      ->handle_message (GST_RTSP_MEDIA (self), message);
}

static gboolean
penstock_rtsp_media_handle_message (GstRTSPMedia *media, GstMessage *message)
{
  PenstockRtspMedia *self = PENSTOCK_RTSP_MEDIA (media);

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
    return handle_error (self, message);
  case GST_MESSAGE_EOS: {
    g_autoptr (PenstockRtspFactory) factory =
        penstock_rtsp_media_get_factory (self);
    if (factory)
      penstock_rtsp_factory_media_ended (factory, self);
    break;
  }
  default:
    break;
  }
  return GST_RTSP_MEDIA_CLASS (penstock_rtsp_media_parent_class)
      ->handle_message (media, message);
}

/* --- object ------------------------------------------------------------- */

static void
penstock_rtsp_media_finalize (GObject *object)
{
  PenstockRtspMedia *self = PENSTOCK_RTSP_MEDIA (object);

  clear_preroll_timeout (self);
  g_weak_ref_clear (&self->factory);
  g_clear_pointer (&self->layout, penstock_layout_unref);
  g_clear_pointer (&self->hub, penstock_rtp_hub_unref);
  penstock_rtp_receptions_unref (self->receptions);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_rtsp_media_parent_class)->finalize (object);
}

static void
penstock_rtsp_media_class_init (PenstockRtspMediaClass *klass)
{
  GstRTSPMediaClass *media_class = GST_RTSP_MEDIA_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_media_finalize;
  media_class->prepare = penstock_rtsp_media_prepare;
  media_class->prepared = penstock_rtsp_media_prepared;
  media_class->unprepared = penstock_rtsp_media_unprepared;
  media_class->setup_rtpbin = penstock_rtsp_media_setup_rtpbin;
  media_class->handle_message = penstock_rtsp_media_handle_message;
}

static void
penstock_rtsp_media_init (PenstockRtspMedia *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_weak_ref_init (&self->factory, NULL);
  self->receptions = penstock_rtp_receptions_new ();
}
