/* SPDX-License-Identifier: MIT
 *
 * Taps. See rtp-tap.h.
 *
 * A payloader works in the thread that gives it an access unit, and rtpbin in
 * the same: what is known of the unit in front of the payloader holds for the
 * packets behind rtpbin. Payloaders themselves do not all tell keyframes. */

#include "rtp-tap.h"

#include <string.h>

#include "channel/droppable.h"

typedef struct _Tap Tap;

typedef struct {
  Tap *tap; /* each probe holds it */
  guint index;
  gboolean video;

  /* The stream's streaming thread. */
  PenstockDroppable droppable_rule;
  gboolean keyframe, droppable; /* the access unit that is being packed */
  GstClockTime dts;
  PenstockRtpAssembler assembler;
} Stream;

/* Refcounted (g_atomic_rc_box). */
struct _Tap {
  PenstockRtpHub *hub; /* owned */
  GstElement *rtpbin;  /* not owned: its pads call the tap */
  guint n_streams;
  Stream streams[];
};

static void
tap_clear (gpointer data)
{
  Tap *tap = data;

  for (guint i = 0; i < tap->n_streams; i++)
    penstock_rtp_assembler_clear (&tap->streams[i].assembler);
  penstock_rtp_hub_unref (tap->hub);
}

static void
tap_unref (gpointer tap, GClosure *closure)
{
  g_atomic_rc_box_release_full (tap, tap_clear);
}

static void
unref_tap_of (gpointer stream)
{
  tap_unref (((Stream *) stream)->tap, NULL);
}

static void
add_probe (GstPad *pad, GstPadProbeType type, GstPadProbeCallback callback,
    Stream *stream)
{
  g_atomic_rc_box_acquire (stream->tap);
  gst_pad_add_probe (pad, type, callback, stream, unref_tap_of);
}

/* --- in front of the payloader ------------------------------------------------ */

static GstPadProbeReturn
look_at_unit (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Stream *stream = user_data;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
    stream->keyframe =
        !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    stream->droppable =
        penstock_droppable_check (&stream->droppable_rule, buffer);
    stream->dts = GST_BUFFER_DTS (buffer);
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) ==
      GST_EVENT_CAPS) {
    GstCaps *caps;
    gst_event_parse_caps (GST_PAD_PROBE_INFO_EVENT (info), &caps);
    penstock_droppable_init_from_caps (&stream->droppable_rule, caps);
  }
  return GST_PAD_PROBE_OK;
}

static void
attach_to_payloader (Tap *tap, GstBin *bin, Stream *stream)
{
  g_autofree gchar *name = g_strdup_printf ("pay%u", stream->index);
  g_autoptr (GstElement) payloader = gst_bin_get_by_name (bin, name);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (payloader, "sink");

  add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      look_at_unit, stream);
}

/* --- behind rtpbin ------------------------------------------------------------- */

static void
append (Stream *stream, PenstockRtpPackets *packets)
{
  penstock_rtp_hub_append (stream->tap->hub, packets,
      gst_element_get_current_running_time (stream->tap->rtpbin));
}

static void
take_packet (Stream *stream, GstBuffer *buffer, GQueue *done)
{
  penstock_rtp_assembler_push_buffer (&stream->assembler, buffer,
      stream->video && stream->keyframe, GST_BUFFER_PTS (buffer),
      stream->video ? stream->dts : GST_CLOCK_TIME_NONE, done);
}

static void
take_rtp (Stream *stream, GstPadProbeInfo *info)
{
  GQueue done = G_QUEUE_INIT;
  PenstockRtpPackets *packets;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (guint i = 0; i < gst_buffer_list_length (list); i++)
      take_packet (stream, gst_buffer_list_get (list, i), &done);
  } else {
    take_packet (stream, GST_PAD_PROBE_INFO_BUFFER (info), &done);
  }
  if (!stream->video)
    penstock_rtp_assembler_flush (&stream->assembler, &done);
  while ((packets = g_queue_pop_head (&done))) {
    packets->droppable = stream->droppable && !packets->keyframe;
    append (stream, packets);
  }
}

static gboolean
has_value (const GstStructure *s, const gchar *field, const gchar *value)
{
  return g_strcmp0 (gst_structure_get_string (s, field), value) == 0;
}

/* The mode of rtpmp4gpay for AAC (RFC 3640, 3.3.6); caps are in upper case. */
static gboolean
is_aac (const GstStructure *s)
{
  return has_value (s, "encoding-name", "MPEG4-GENERIC") &&
      has_value (s, "mode", "AAC-hbr") && has_value (s, "sizelength", "13") &&
      has_value (s, "indexlength", "3") &&
      has_value (s, "indexdeltalength", "3");
}

/* What the payloader tells of its clock (caps of application/x-rtp). */
static void
take_clock (Stream *stream, GstEvent *event)
{
  GstCaps *caps;
  gint clock_rate = 0;
  guint base = 0, next_seq = 0, ssrc = 0;

  gst_event_parse_caps (event, &caps);
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gst_structure_get_int (s, "clock-rate", &clock_rate);
  gst_structure_get_uint (s, "timestamp-offset", &base);
  gst_structure_get_uint (s, "seqnum-offset", &next_seq);
  gst_structure_get_uint (s, "ssrc", &ssrc);
  if (clock_rate > 0)
    penstock_rtp_hub_set_clock (stream->tap->hub, stream->index,
        (guint) clock_rate, base, (guint16) next_seq, ssrc);
  penstock_rtp_hub_set_aac (stream->tap->hub, stream->index, is_aac (s));
}

static GstPadProbeReturn
take_from_rtp_pad (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Stream *stream = user_data;

  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
    if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
      take_clock (stream, event);
    return GST_PAD_PROBE_OK;
  }
  take_rtp (stream, info);
  return GST_PAD_PROBE_DROP;
}

static void
append_rtcp (Stream *stream, GstBuffer *buffer)
{
  g_auto (GstBufferMapInfo) map = GST_MAP_INFO_INIT;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  PenstockRtpPackets *packets =
      penstock_rtp_packets_new_rtcp (stream->index, map.data, map.size);
  if (packets)
    append (stream, packets);
}

static GstPadProbeReturn
take_from_rtcp_pad (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Stream *stream = user_data;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (guint i = 0; i < gst_buffer_list_length (list); i++)
      append_rtcp (stream, gst_buffer_list_get (list, i));
  } else {
    append_rtcp (stream, GST_PAD_PROBE_INFO_BUFFER (info));
  }
  return GST_PAD_PROBE_DROP;
}

/* The stream whose pad of that kind it is, NULL of none. */
static Stream *
stream_of (Tap *tap, GstPad *pad, const gchar *prefix)
{
  const gchar *name = GST_PAD_NAME (pad);

  if (!g_str_has_prefix (name, prefix))
    return NULL;
  guint64 index = g_ascii_strtoull (name + strlen (prefix), NULL, 10);
  return index < tap->n_streams ? &tap->streams[index] : NULL;
}

static void
pad_added (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  Tap *tap = user_data;
  const GstPadProbeType data =
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST;
  Stream *rtp = stream_of (tap, pad, "send_rtp_src_");
  Stream *rtcp = stream_of (tap, pad, "send_rtcp_src_");

  if (rtp)
    add_probe (pad, data | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
        take_from_rtp_pad, rtp);
  if (rtcp)
    add_probe (pad, data, take_from_rtcp_pad, rtcp);
}

void
penstock_rtp_tap_attach (PenstockRtpHub *hub, GstBin *bin, GstElement *rtpbin)
{
  guint n_streams = penstock_rtp_hub_get_n_streams (hub);
  Tap *tap =
      g_atomic_rc_box_alloc0 (sizeof (Tap) + n_streams * sizeof (Stream));

  tap->hub = penstock_rtp_hub_ref (hub);
  tap->rtpbin = rtpbin;
  tap->n_streams = n_streams;
  for (guint i = 0; i < n_streams; i++) {
    Stream *stream = &tap->streams[i];
    stream->tap = tap;
    stream->index = i;
    stream->video = penstock_rtp_hub_is_video (hub, i);
    penstock_rtp_assembler_init (&stream->assembler, i, stream->video);
    if (stream->video)
      attach_to_payloader (tap, bin, stream);
  }
  g_signal_connect_data (
      rtpbin, "pad-added", G_CALLBACK (pad_added), tap, tap_unref, 0);
}
