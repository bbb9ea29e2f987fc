/* SPDX-License-Identifier: MIT
 *
 * Synchronisation by RTP-Info. See rtsp-sync.h. */

#include "rtsp-sync.h"

#include <gst/rtp/rtp.h>

/* An RTP-Info that is further off than this is wrong. */
#define MAX_OFFSET (500 * GST_MSECOND)

/* One stream. Its jitter buffer gives its first packet the time 0
 * (buffer-mode none), whenever it arrives. */
typedef struct {
  GWeakRef buffer;        /* its jitter buffer */
  GstClockTimeDiff begin; /* of its first packet, since the RTP-Info */
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

typedef struct {
  guint type;
  guint16 seqnum;
  guint32 time;
} Header;

static gboolean
read_header (GstBuffer *buffer, Header *header)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  if (!gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp))
    return FALSE;
  header->type = gst_rtp_buffer_get_payload_type (&rtp);
  header->seqnum = gst_rtp_buffer_get_seq (&rtp);
  header->time = gst_rtp_buffer_get_timestamp (&rtp);
  gst_rtp_buffer_unmap (&rtp);
  return TRUE;
}

/* The jitter buffer drops packets from before the RTP-Info. */
static gboolean
is_before (const Header *header, const GstStructure *s)
{
  guint base;

  return gst_structure_get_uint (s, "seqnum-base", &base) &&
      gst_rtp_buffer_compare_seqnum (base, header->seqnum) < 0;
}

/* Time since the moment of RTP-Info, in ns. */
static gboolean
presentation_time (
    const Header *header, const GstStructure *s, GstClockTimeDiff *time)
{
  guint base;
  gint rate;

  if (!gst_structure_get_uint (s, "clock-base", &base) ||
      !gst_structure_get_int (s, "clock-rate", &rate) || rate <= 0)
    return FALSE;
  /* Wraps like RTP time. */
  gint64 difference = (gint32) (header->time - base);
  *time = gst_util_uint64_scale (ABS (difference), GST_SECOND, rate);
  if (difference < 0)
    *time = -*time;
  return TRUE;
}

/* Under the lock. The stream that begins first stays as it is. */
static void
set_offsets (Sync *sync, GstClockTimeDiff first)
{
  for (guint i = 0; i < sync->streams->len; i++) {
    Stream *stream = g_ptr_array_index (sync->streams, i);
    g_autoptr (GstElement) buffer = g_weak_ref_get (&stream->buffer);

    if (buffer)
      g_object_set (
          buffer, "ts-offset", (gint64) (stream->begin - first), NULL);
  }
}

/* Under the lock. */
static void
add_stream (Sync *sync, GstElement *jitter_buffer, GstClockTimeDiff begin)
{
  Stream *stream = g_new0 (Stream, 1);
  GstClockTimeDiff first = begin, last = begin;

  g_weak_ref_init (&stream->buffer, jitter_buffer);
  stream->begin = begin;
  g_ptr_array_add (sync->streams, stream);
  for (guint i = 0; i < sync->streams->len; i++) {
    Stream *one = g_ptr_array_index (sync->streams, i);
    first = MIN (first, one->begin);
    last = MAX (last, one->begin);
  }
  if (last - first > (GstClockTimeDiff) MAX_OFFSET)
    sync->useless = TRUE;
  else
    set_offsets (sync, first);
}

/* FALSE: not one that the jitter buffer takes. */
static gboolean
take_first (Sync *sync, GstElement *jitter_buffer, GstBuffer *buffer)
{
  g_autoptr (GstCaps) caps = NULL;
  Header header;
  GstClockTimeDiff begin;

  if (!read_header (buffer, &header))
    return FALSE;
  g_signal_emit_by_name (jitter_buffer, "request-pt-map", header.type, &caps);
  const GstStructure *s = caps ? gst_caps_get_structure (caps, 0) : NULL;
  if (s && is_before (&header, s))
    return FALSE;

  g_mutex_lock (&sync->lock);
  if (!s || !presentation_time (&header, s, &begin))
    sync->useless = TRUE;
  else if (!sync->useless)
    add_stream (sync, jitter_buffer, begin);
  g_mutex_unlock (&sync->lock);
  return TRUE;
}

static GstPadProbeReturn
take_packets (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  g_autoptr (GstElement) jitter_buffer = gst_pad_get_parent_element (pad);
  gboolean taken = FALSE;

  if (!jitter_buffer)
    return GST_PAD_PROBE_REMOVE;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (guint i = 0; i < gst_buffer_list_length (list) && !taken; i++)
      taken =
          take_first (user_data, jitter_buffer, gst_buffer_list_get (list, i));
  } else {
    taken =
        take_first (user_data, jitter_buffer, GST_PAD_PROBE_INFO_BUFFER (info));
  }
  return taken ? GST_PAD_PROBE_REMOVE : GST_PAD_PROBE_OK;
}

/* --- attaching ------------------------------------------------------------- */

static void
new_jitter_buffer (GstElement *rtpbin, GstElement *jitter_buffer, guint session,
    guint ssrc, gpointer user_data)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (jitter_buffer, "sink");

  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, take_packets,
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
