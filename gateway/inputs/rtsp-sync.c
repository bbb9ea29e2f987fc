/* SPDX-License-Identifier: MIT
 *
 * Synchronisation by RTP-Info. See rtsp-sync.h. */

#include "rtsp-sync.h"

#include <gst/rtp/rtp.h>

#include "../rtsp/rtcp-screen.h"

/* An RTP-Info that is further off than this is wrong. A server that begins with
 * an old keyframe may have no sound from then. As rtpbin's max-ts-offset. */
#define MAX_OFFSET (3 * GST_SECOND)

#define SYNC_KEY "penstock-rtsp-sync"

/* Sound without a picture is let through after this long. */
#define MAX_WAIT_US G_USEC_PER_SEC

typedef struct {
  GMutex lock;            /* guards the rest */
  gboolean has_video;     /* among the streams that are taken */
  gboolean began;         /* the first video stream has */
  GstClockTimeDiff begin; /* of its first packet, since the RTP-Info */
  gint64 waiting_us;      /* monotonic; since when sound waits for it, or 0 */
  gboolean useless;       /* a stream without RTP-Info, or a wrong one */
  gpointer first;         /* jitter buffer of that stream; compared only */
  gboolean reported;      /* it has had a sender report that can be used */
} Sync;

static void
sync_free (gpointer data)
{
  Sync *sync = data;

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

/* Under the lock. The picture has no offset, and what sounds before it begins
 * is left out: a stream's offset must be known before its first packet goes on,
 * which is the origin of its times (buffer-mode none). */
static GstPadProbeReturn
place (Sync *sync, GstElement *jitter_buffer, gboolean is_video,
    GstClockTimeDiff begin)
{
  if (is_video && !sync->began) {
    sync->began = TRUE;
    sync->begin = begin;
    sync->first = jitter_buffer;
    return GST_PAD_PROBE_REMOVE;
  }
  if (!sync->began) {
    gint64 now = g_get_monotonic_time ();
    if (sync->waiting_us == 0)
      sync->waiting_us = now;
    sync->useless = now - sync->waiting_us > MAX_WAIT_US;
    return sync->useless ? GST_PAD_PROBE_REMOVE : GST_PAD_PROBE_DROP;
  }
  if (begin - sync->begin > (GstClockTimeDiff) MAX_OFFSET ||
      begin - sync->begin < -(GstClockTimeDiff) MAX_OFFSET) {
    sync->useless = TRUE;
    return GST_PAD_PROBE_REMOVE;
  }
  if (begin < sync->begin)
    return is_video ? GST_PAD_PROBE_REMOVE : GST_PAD_PROBE_DROP;
  g_object_set (
      jitter_buffer, "ts-offset", (gint64) (begin - sync->begin), NULL);
  return GST_PAD_PROBE_REMOVE;
}

static GstPadProbeReturn
take_packet (Sync *sync, GstElement *jitter_buffer, GstBuffer *buffer)
{
  g_autoptr (GstCaps) caps = NULL;
  Header header;
  GstClockTimeDiff begin;
  GstPadProbeReturn ret = GST_PAD_PROBE_REMOVE;

  if (!read_header (buffer, &header))
    return GST_PAD_PROBE_OK;
  g_signal_emit_by_name (jitter_buffer, "request-pt-map", header.type, &caps);
  const GstStructure *s = caps ? gst_caps_get_structure (caps, 0) : NULL;
  if (s && is_before (&header, s))
    return GST_PAD_PROBE_OK;

  g_mutex_lock (&sync->lock);
  if (!s || !presentation_time (&header, s, &begin))
    sync->useless = TRUE;
  else if (sync->has_video && !sync->useless)
    ret = place (sync, jitter_buffer,
        g_strcmp0 (gst_structure_get_string (s, "media"), "video") == 0, begin);
  g_mutex_unlock (&sync->lock);
  return ret;
}

/* Until the stream has begun. rtspsrc sends no lists; one is let through. */
static GstPadProbeReturn
take_packets (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  g_autoptr (GstElement) jitter_buffer = gst_pad_get_parent_element (pad);

  if (!jitter_buffer || (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST))
    return GST_PAD_PROBE_REMOVE;
  return take_packet (
      user_data, jitter_buffer, GST_PAD_PROBE_INFO_BUFFER (info));
}

/* --- sender reports ---------------------------------------------------------- */

/* rtpbin notes a stream whose report it cannot use (too far from the packets,
 * as after a burst) without the time in it. */
static gboolean
can_be_used (const GstStructure *report)
{
  guint64 time;

  return !gst_structure_get_uint64 (report, "sr-ext-rtptime", &time) ||
      time != G_MAXUINT64;
}

/* Comes before rtpbin's own handler, which puts the streams that have had a
 * report together and takes back what they were given by RTP-Info, also while
 * the picture is not among them. */
static void
take_report (
    GstElement *jitter_buffer, const GstStructure *report, gpointer user_data)
{
  Sync *sync = user_data;

  g_mutex_lock (&sync->lock);
  if (sync->first == jitter_buffer && can_be_used (report))
    sync->reported = TRUE;
  gboolean too_early = sync->has_video && !sync->useless && !sync->reported &&
      sync->first != jitter_buffer;
  g_mutex_unlock (&sync->lock);
  if (too_early)
    g_signal_stop_emission_by_name (jitter_buffer, "handle-sync");
}

/* --- attaching ------------------------------------------------------------- */

static void
new_jitter_buffer (GstElement *rtpbin, GstElement *jitter_buffer, guint session,
    guint ssrc, gpointer user_data)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (jitter_buffer, "sink");

  g_signal_connect (
      jitter_buffer, "handle-sync", G_CALLBACK (take_report), user_data);
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, take_packets,
      user_data, NULL);
}

static void
new_manager (GstElement *rtspsrc, GstElement *rtpbin, gpointer user_data)
{
  g_signal_connect (
      rtpbin, "new-jitterbuffer", G_CALLBACK (new_jitter_buffer), user_data);
  penstock_rtcp_screen_attach (rtpbin);
}

void
penstock_rtsp_sync_attach (GstElement *rtspsrc)
{
  Sync *sync = g_new0 (Sync, 1);

  g_mutex_init (&sync->lock);
  /* Its manager and jitter buffers go before it. */
  g_object_set_data_full (G_OBJECT (rtspsrc), SYNC_KEY, sync, sync_free);
  g_signal_connect (rtspsrc, "new-manager", G_CALLBACK (new_manager), sync);
}

void
penstock_rtsp_sync_expect_video (GstElement *rtspsrc)
{
  Sync *sync = g_object_get_data (G_OBJECT (rtspsrc), SYNC_KEY);

  g_mutex_lock (&sync->lock);
  sync->has_video = TRUE;
  g_mutex_unlock (&sync->lock);
}
