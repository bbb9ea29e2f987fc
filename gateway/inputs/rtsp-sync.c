/* SPDX-License-Identifier: MIT
 *
 * Synchronisation by RTP-Info. See rtsp-sync.h. */

#include "rtsp-sync.h"

#include <gst/rtp/rtp.h>

/* An RTP-Info that is further off than this is wrong. */
#define MAX_OFFSET (500 * GST_MSECOND)

/* One stream. Arrival minus presentation time of its first packet tells how
 * late it is. */
typedef struct {
  GWeakRef buffer; /* its jitter buffer */
  GstClockTimeDiff lateness;
} Stream;

typedef struct {
  GMutex lock;        /* guards the rest */
  GPtrArray *streams; /* of Stream: those that have brought something */
  gboolean useless;   /* a stream without RTP-Info, or a wrong one */
} Sync;

static void
stream_free (gpointer data)
{
  Stream *stream = data;

  g_weak_ref_clear (&stream->buffer);
  g_free (stream);
}

static void
sync_free (gpointer data)
{
  Sync *sync = data;

  g_ptr_array_unref (sync->streams);
  g_mutex_clear (&sync->lock);
  g_free (sync);
}

/* --- one packet ------------------------------------------------------------ */

/* Time since the moment of RTP-Info, in ns. */
static gboolean
presentation_time (
    GstElement *jitter_buffer, GstBuffer *buffer, GstClockTimeDiff *time)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  g_autoptr (GstCaps) caps = NULL;
  guint base;
  gint rate;

  if (!gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp))
    return FALSE;
  guint type = gst_rtp_buffer_get_payload_type (&rtp);
  guint32 stamp = gst_rtp_buffer_get_timestamp (&rtp);
  gst_rtp_buffer_unmap (&rtp);

  g_signal_emit_by_name (jitter_buffer, "request-pt-map", type, &caps);
  if (!caps)
    return FALSE;
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  if (!gst_structure_get_uint (s, "clock-base", &base) ||
      !gst_structure_get_int (s, "clock-rate", &rate) || rate <= 0)
    return FALSE;
  /* Wraps like RTP time. */
  *time = gst_util_uint64_scale (
      ABS ((gint64) (gint32) (stamp - base)), GST_SECOND, rate);
  if ((gint32) (stamp - base) < 0)
    *time = -*time;
  return TRUE;
}

/* Under the lock. The latest stream stays as it is, the others wait for it. */
static void
set_offsets (Sync *sync, GstClockTimeDiff latest)
{
  for (guint i = 0; i < sync->streams->len; i++) {
    Stream *stream = g_ptr_array_index (sync->streams, i);
    g_autoptr (GstElement) buffer = g_weak_ref_get (&stream->buffer);

    if (buffer)
      g_object_set (
          buffer, "ts-offset", (gint64) (latest - stream->lateness), NULL);
  }
}

static void
take_first (Sync *sync, GstElement *jitter_buffer, GstBuffer *buffer)
{
  GstClockTime now = gst_element_get_current_running_time (jitter_buffer);
  GstClockTimeDiff time, earliest = G_MAXINT64, latest = G_MININT64;
  gboolean known = GST_CLOCK_TIME_IS_VALID (now) &&
      presentation_time (jitter_buffer, buffer, &time);

  g_mutex_lock (&sync->lock);
  if (known && !sync->useless) {
    Stream *stream = g_new0 (Stream, 1);
    g_weak_ref_init (&stream->buffer, jitter_buffer);
    stream->lateness = GST_CLOCK_DIFF (time, now);
    g_ptr_array_add (sync->streams, stream);
    for (guint i = 0; i < sync->streams->len; i++) {
      Stream *one = g_ptr_array_index (sync->streams, i);
      earliest = MIN (earliest, one->lateness);
      latest = MAX (latest, one->lateness);
    }
    sync->useless = latest - earliest > (GstClockTimeDiff) MAX_OFFSET;
  } else {
    sync->useless = TRUE;
  }
  if (!sync->useless)
    set_offsets (sync, latest);
  g_mutex_unlock (&sync->lock);
}

static GstPadProbeReturn
first_packet (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  g_autoptr (GstElement) jitter_buffer = gst_pad_get_parent_element (pad);
  GstBuffer *buffer = NULL;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    if (gst_buffer_list_length (list) > 0)
      buffer = gst_buffer_list_get (list, 0);
  } else {
    buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  }
  if (jitter_buffer && buffer)
    take_first (user_data, jitter_buffer, buffer);
  return GST_PAD_PROBE_REMOVE;
}

/* --- attaching ------------------------------------------------------------- */

static void
new_jitter_buffer (GstElement *rtpbin, GstElement *jitter_buffer, guint session,
    guint ssrc, gpointer user_data)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (jitter_buffer, "sink");

  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, first_packet,
      user_data, NULL);
}

static void
new_manager (GstElement *rtspsrc, GstElement *rtpbin, gpointer user_data)
{
  g_signal_connect (
      rtpbin, "new-jitterbuffer", G_CALLBACK (new_jitter_buffer), user_data);
}

void
penstock_rtsp_sync_attach (GstElement *rtspsrc)
{
  Sync *sync = g_new0 (Sync, 1);

  g_mutex_init (&sync->lock);
  sync->streams = g_ptr_array_new_with_free_func (stream_free);
  /* Its manager and jitter buffers go before it. */
  g_object_set_data_full (
      G_OBJECT (rtspsrc), "penstock-rtsp-sync", sync, sync_free);
  g_signal_connect (rtspsrc, "new-manager", G_CALLBACK (new_manager), sync);
}
