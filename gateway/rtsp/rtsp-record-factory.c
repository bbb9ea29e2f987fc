/* SPDX-License-Identifier: MIT
 *
 * See rtsp-record-factory.h. */

#include "rtsp-record-factory.h"

#include "rtsp-record-media.h"

/* How long UDP packets that are missing are waited for. */
#define LATENCY_MS 200

/* --- the factory ------------------------------------------------------------- */

struct _PenstockRtspRecordFactory {
  GstRTSPMediaFactory parent;

  GstClock *clock; /* set at construction */
  GstClockTime base_time;
};

G_DEFINE_FINAL_TYPE (PenstockRtspRecordFactory, penstock_rtsp_record_factory,
    GST_TYPE_RTSP_MEDIA_FACTORY)

static gboolean
is_announcement (void)
{
  const GstRTSPContext *ctx = gst_rtsp_context_get_current ();

  return ctx && ctx->method == GST_RTSP_ANNOUNCE;
}

/* Never shared. */
static gchar *
gen_key (GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  return NULL;
}

/* Nothing but an announcement makes a media here. */
static GstRTSPMedia *
construct (GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  if (!is_announcement ())
    return NULL;
  return GST_RTSP_MEDIA_FACTORY_CLASS (
      penstock_rtsp_record_factory_parent_class)
      ->construct (factory, url);
}

/* The media fills it when it knows the description. */
static GstElement *
create_element (GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  return gst_bin_new (NULL);
}

static GstElement *
create_pipeline (GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  PenstockRtspRecordFactory *self = PENSTOCK_RTSP_RECORD_FACTORY (factory);
  GstElement *pipeline =
      GST_RTSP_MEDIA_FACTORY_CLASS (penstock_rtsp_record_factory_parent_class)
          ->create_pipeline (factory, media);

  if (!pipeline)
    return NULL;
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), self->clock);
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline, self->base_time);
  return pipeline;
}

static void
penstock_rtsp_record_factory_finalize (GObject *object)
{
  g_clear_object (&PENSTOCK_RTSP_RECORD_FACTORY (object)->clock);
  G_OBJECT_CLASS (penstock_rtsp_record_factory_parent_class)->finalize (object);
}

static void
penstock_rtsp_record_factory_class_init (PenstockRtspRecordFactoryClass *klass)
{
  GstRTSPMediaFactoryClass *factory_class =
      GST_RTSP_MEDIA_FACTORY_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_record_factory_finalize;
  factory_class->gen_key = gen_key;
  factory_class->construct = construct;
  factory_class->create_element = create_element;
  factory_class->create_pipeline = create_pipeline;
}

static void
penstock_rtsp_record_factory_init (PenstockRtspRecordFactory *self)
{
  GstRTSPMediaFactory *factory = GST_RTSP_MEDIA_FACTORY (self);

  gst_rtsp_media_factory_set_media_gtype (
      factory, PENSTOCK_TYPE_RTSP_RECORD_MEDIA);
  gst_rtsp_media_factory_set_transport_mode (
      factory, GST_RTSP_TRANSPORT_MODE_RECORD);
  gst_rtsp_media_factory_set_shared (factory, FALSE);
  gst_rtsp_media_factory_set_eos_shutdown (factory, FALSE);
  gst_rtsp_media_factory_set_suspend_mode (factory, GST_RTSP_SUSPEND_MODE_NONE);
  gst_rtsp_media_factory_set_stop_on_disconnect (factory, TRUE);
  gst_rtsp_media_factory_set_latency (factory, LATENCY_MS);
  gst_rtsp_media_factory_set_profiles (
      factory, GST_RTSP_PROFILE_AVP | GST_RTSP_PROFILE_AVPF);
  gst_rtsp_media_factory_set_protocols (
      factory, GST_RTSP_LOWER_TRANS_UDP | GST_RTSP_LOWER_TRANS_TCP);
}

/* --- the mount points ---------------------------------------------------------- */

#define PENSTOCK_TYPE_RTSP_RECORD_MOUNTS                                       \
  (penstock_rtsp_record_mounts_get_type ())
G_DECLARE_FINAL_TYPE (PenstockRtspRecordMounts, penstock_rtsp_record_mounts,
    PENSTOCK, RTSP_RECORD_MOUNTS, GstRTSPMountPoints)

struct _PenstockRtspRecordMounts {
  GstRTSPMountPoints parent;
};

G_DEFINE_FINAL_TYPE (PenstockRtspRecordMounts, penstock_rtsp_record_mounts,
    GST_TYPE_RTSP_MOUNT_POINTS)

static gchar *
make_path (GstRTSPMountPoints *mounts, const GstRTSPUrl *url)
{
  if (is_announcement ())
    return g_strdup (PENSTOCK_RTSP_RECORD_ROOT);
  return GST_RTSP_MOUNT_POINTS_CLASS (penstock_rtsp_record_mounts_parent_class)
      ->make_path (mounts, url);
}

static void
penstock_rtsp_record_mounts_class_init (PenstockRtspRecordMountsClass *klass)
{
  GST_RTSP_MOUNT_POINTS_CLASS (klass)->make_path = make_path;
}

static void
penstock_rtsp_record_mounts_init (PenstockRtspRecordMounts *self)
{
}

GstRTSPMountPoints *
penstock_rtsp_record_mounts_new (GstClock *clock, GstClockTime base_time)
{
  GstRTSPMountPoints *mounts =
      g_object_new (PENSTOCK_TYPE_RTSP_RECORD_MOUNTS, NULL);
  PenstockRtspRecordFactory *factory =
      g_object_new (PENSTOCK_TYPE_RTSP_RECORD_FACTORY, NULL);

  factory->clock = gst_object_ref (clock);
  factory->base_time = base_time;
  gst_rtsp_mount_points_add_factory (
      mounts, PENSTOCK_RTSP_RECORD_ROOT, GST_RTSP_MEDIA_FACTORY (factory));
  return mounts;
}
