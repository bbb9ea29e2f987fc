/* SPDX-License-Identifier: MIT
 *
 * See channel-sink-pad.h. */

#include "channel-sink-pad.h"

/* Source times are signed (a first DTS may lie before the segment); this makes
 * them positive. */
#define SOURCE_BIAS (G_GUINT64_CONSTANT (86400) * GST_SECOND)
/* Of an AAC frame (ISO/IEC 14496-3, 4.5.2.1.1). */
#define AAC_FRAME_SAMPLES 1024

enum { PROP_GROUP = 1 };

G_DEFINE_FINAL_TYPE (
    PenstockChannelSinkPad, penstock_channel_sink_pad, GST_TYPE_PAD)

/* --- times ---------------------------------------------------------------- */

static GstClockTime
to_source_time (const GstSegment *segment, GstClockTime time)
{
  guint64 running = 0;

  if (time == GST_CLOCK_TIME_NONE)
    return GST_CLOCK_TIME_NONE;
  gint sign = gst_segment_to_running_time_full (
      segment, GST_FORMAT_TIME, time, &running);
  if (sign == 0 || running > SOURCE_BIAS)
    return sign > 0 ? SOURCE_BIAS + running : GST_CLOCK_TIME_NONE;
  return sign > 0 ? SOURCE_BIAS + running : SOURCE_BIAS - running;
}

/* Of the frames of AAC, which have neither times nor durations when an RTP
 * packet brings several; only the first of them has a time. */
static GstClockTime
frame_duration (const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gint version = 0, rate = 0;

  if (!gst_structure_has_name (s, "audio/mpeg") ||
      !gst_structure_get_int (s, "mpegversion", &version) || version != 4 ||
      !gst_structure_get_int (s, "rate", &rate) || rate <= 0)
    return 0;
  return gst_util_uint64_scale_int (AAC_FRAME_SAMPLES, GST_SECOND, rate);
}

void
penstock_channel_sink_pad_times (PenstockChannelSinkPad *pad, GstBuffer *buffer,
    GstClockTime now, GstClockTime *pts, GstClockTime *dts)
{
  *pts = to_source_time (&pad->segment, GST_BUFFER_PTS (buffer));
  *dts = to_source_time (&pad->segment, GST_BUFFER_DTS (buffer));
  if (*pts == GST_CLOCK_TIME_NONE && *dts == GST_CLOCK_TIME_NONE)
    *pts = *dts = pad->next_source != GST_CLOCK_TIME_NONE ? pad->next_source
                                                          : SOURCE_BIAS + now;
  else if (*pts == GST_CLOCK_TIME_NONE)
    *pts = *dts;
  else if (*dts == GST_CLOCK_TIME_NONE)
    *dts = pad->kind == PENSTOCK_TRACK_VIDEO
        ? penstock_dts_next (&pad->dts, *pts)
        : *pts;
  pad->next_source = *pts;
  pad->next_source += GST_BUFFER_DURATION_IS_VALID (buffer)
      ? GST_BUFFER_DURATION (buffer)
      : pad->frame;
}

void
penstock_channel_sink_pad_set_caps (PenstockChannelSinkPad *pad, GstCaps *caps)
{
  gst_caps_replace (&pad->caps, caps);
  pad->frame = frame_duration (caps);
  penstock_droppable_init_from_caps (&pad->droppable, caps);
}

/* --- object --------------------------------------------------------------- */

static void
penstock_channel_sink_pad_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_GROUP)
    PENSTOCK_CHANNEL_SINK_PAD (object)->group = g_value_get_uint (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
penstock_channel_sink_pad_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_GROUP)
    g_value_set_uint (value, PENSTOCK_CHANNEL_SINK_PAD (object)->group);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
penstock_channel_sink_pad_finalize (GObject *object)
{
  gst_caps_replace (&PENSTOCK_CHANNEL_SINK_PAD (object)->caps, NULL);
  G_OBJECT_CLASS (penstock_channel_sink_pad_parent_class)->finalize (object);
}

static void
penstock_channel_sink_pad_class_init (PenstockChannelSinkPadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = penstock_channel_sink_pad_set_property;
  object_class->get_property = penstock_channel_sink_pad_get_property;
  object_class->finalize = penstock_channel_sink_pad_finalize;

  /**
   * PenstockChannelSinkPad:group:
   *
   * Streams of one number belong together; the group whose stream starts last
   * has its turn. To be set before the stream starts.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_GROUP,
      g_param_spec_uint ("group", "Group",
          "Which streams belong together, of sources that take turns", 0,
          G_MAXUINT, 0,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
}

static void
penstock_channel_sink_pad_init (PenstockChannelSinkPad *pad)
{
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
  pad->last_dts = GST_CLOCK_TIME_NONE;
  pad->next_source = GST_CLOCK_TIME_NONE;
}
