/* SPDX-License-Identifier: MIT
 *
 * See rtsp-record-media.h. A track's way: packets are noted where they enter
 * rtpbin, get times of their own when they leave its jitter buffer, and become
 * access units in a depayloader and a parser. A sink without a clock hands those
 * to the publication. */

#include "rtsp-record-media.h"

#include <gio/gnetworking.h>
#include <gst/net/gstnetaddressmeta.h>
#include <gst/rtp/rtp.h>
#include <stdio.h>

#include "../inputs/input.h"
#include "../log.h"
#include "rtsp-record-clock.h"

/* Added to a track's time, which may be negative, on its way to the sink. */
#define TIME_BIAS (10 * GST_SECOND)
/* Room in the kernel for a keyframe that comes at once by UDP. */
#define UDP_RECEIVE_BUFFER (1024 * 1024)

typedef struct {
  PenstockRtspRecordMedia *media; /* not owned: holds the elements */
  guint number;
  const PenstockRecordTrack *track; /* of the media's list */

  /* The media's lock. */
  gboolean set_up, tcp;
  gboolean has_ssrc; /* from the first packet on */
  guint32 ssrc;
  guint port; /* that the last packet of it came from; 0: by TCP */
  /* Owned; NULL: nothing is taken. Stays once it is set: what flows behind the
   * receiving threads does so because they have seen it. */
  GstPad *out;

  GQueue held; /* of GstBuffer; streaming thread of the track */
} Chain;

struct _PenstockRtspRecordMedia {
  GstRTSPMedia parent;

  GWeakRef owner;
  PenstockRtspRecordMediaFunc over; /* set by set_owner */
  GInetAddress *ip;                 /* set by set_owner; NULL: any */

  GPtrArray *tracks; /* of PenstockRecordTrack; set by take_tracks */
  Chain *chains;     /* as many */

  gint64 last_packet;               /* atomic; monotonic us */
  PenstockPublication *publication; /* owned; set by start, ahead of pads */

  GMutex lock;                /* guards the clock and parts of the chains */
  PenstockRecordClock *clock; /* owned */
};

G_DEFINE_FINAL_TYPE (
    PenstockRtspRecordMedia, penstock_rtsp_record_media, GST_TYPE_RTSP_MEDIA)

void
penstock_rtsp_record_media_set_owner (PenstockRtspRecordMedia *self,
    GObject *owner, PenstockRtspRecordMediaFunc over, const gchar *ip)
{
  g_weak_ref_set (&self->owner, owner);
  self->over = over;
  g_clear_object (&self->ip);
  self->ip = ip ? g_inet_address_new_from_string (ip) : NULL;
}

gint64
penstock_rtsp_record_media_get_last_packet (PenstockRtspRecordMedia *self)
{
  return __atomic_load_n (&self->last_packet, __ATOMIC_RELAXED);
}

static void
tell_over (PenstockRtspRecordMedia *self, const gchar *reason)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);

  if (owner)
    self->over (owner, reason);
}

/* On the timeline of the gateway's pipelines. */
static gint64
running_time (PenstockRtspRecordMedia *self)
{
  g_autoptr (GstElement) element =
      gst_rtsp_media_get_element (GST_RTSP_MEDIA (self));
  GstClockTime now = gst_element_get_current_running_time (element);

  return GST_CLOCK_TIME_IS_VALID (now) ? (gint64) now : 0;
}

/* --- what comes in (receiving threads) --------------------------------------- */

/* rtpbin makes threads and memory for each source that it hears of, in any kind
 * of packet: it gets those of one source, and of those only what it needs. */

/* By UDP anybody can send to our ports. */
static gboolean
is_of_publisher (Chain *chain, GstBuffer *buffer)
{
  const GstNetAddressMeta *meta = gst_buffer_get_net_address_meta (buffer);

  if (!meta || !chain->media->ip || !G_IS_INET_SOCKET_ADDRESS (meta->addr))
    return TRUE;
  return g_inet_address_equal (chain->media->ip,
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (meta->addr)));
}

/* 0: by TCP. */
static guint
source_port (GstBuffer *buffer)
{
  const GstNetAddressMeta *meta = gst_buffer_get_net_address_meta (buffer);

  return meta && G_IS_INET_SOCKET_ADDRESS (meta->addr)
      ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (meta->addr))
      : 0;
}

/* Another source is another timeline: the publisher has to begin anew, too. From
 * another port it is somebody else, who sends to whoever had our port before. */
static gboolean
take_packet_of (Chain *chain, guint32 ssrc, guint32 time, guint port)
{
  PenstockRtspRecordMedia *self = chain->media;
  gint64 arrival = running_time (self);

  g_mutex_lock (&self->lock);
  gboolean taken = chain->out != NULL;
  gboolean ours = taken && (!chain->has_ssrc || chain->ssrc == ssrc);
  gboolean anew = taken && !ours && chain->port == port;
  if (ours) {
    chain->has_ssrc = TRUE;
    chain->ssrc = ssrc;
    chain->port = port;
    penstock_record_clock_take_packet (
        self->clock, chain->number, time, arrival);
  }
  g_mutex_unlock (&self->lock);
  if (anew)
    tell_over (self, "the publisher began a stream anew");
  return ours;
}

static gboolean
take_packet (Chain *chain, GstBuffer *buffer)
{
  PenstockRtspRecordMedia *self = chain->media;
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  if (!is_of_publisher (chain, buffer) ||
      !gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp))
    return FALSE;
  gboolean ours =
      gst_rtp_buffer_get_payload_type (&rtp) == chain->track->payload;
  guint32 time = gst_rtp_buffer_get_timestamp (&rtp);
  guint32 ssrc = gst_rtp_buffer_get_ssrc (&rtp);
  gst_rtp_buffer_unmap (&rtp);
  if (!ours || !take_packet_of (chain, ssrc, time, source_port (buffer)))
    return FALSE;
  __atomic_store_n (
      &self->last_packet, g_get_monotonic_time (), __ATOMIC_RELAXED);
  penstock_publication_touch (self->publication);
  return TRUE;
}

static GstPadProbeReturn
take_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return take_packet (user_data, GST_PAD_PROBE_INFO_BUFFER (info))
      ? GST_PAD_PROBE_OK
      : GST_PAD_PROBE_DROP;
}

typedef struct {
  guint32 ssrc, rtp_time, packets, octets;
  guint64 ntp;
} Report;

static gboolean
find_report (GstBuffer *buffer, Report *report)
{
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  gboolean found = FALSE;

  if (!gst_rtcp_buffer_validate_reduced (buffer) ||
      !gst_rtcp_buffer_map (buffer, GST_MAP_READ, &rtcp))
    return FALSE;
  for (gboolean more = gst_rtcp_buffer_get_first_packet (&rtcp, &packet);
       more && !found; more = gst_rtcp_packet_move_to_next (&packet)) {
    found = gst_rtcp_packet_get_type (&packet) == GST_RTCP_TYPE_SR;
    if (found)
      gst_rtcp_packet_sr_get_sender_info (&packet, &report->ssrc, &report->ntp,
          &report->rtp_time, &report->packets, &report->octets);
  }
  gst_rtcp_buffer_unmap (&rtcp);
  return found;
}

/* For rtpbin, whose own reports answer it. */
static GstBuffer *
make_report (const Report *report)
{
  GstBuffer *buffer = gst_rtcp_buffer_new (64);
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;

  gst_rtcp_buffer_map (buffer, GST_MAP_READWRITE, &rtcp);
  gst_rtcp_buffer_add_packet (&rtcp, GST_RTCP_TYPE_SR, &packet);
  gst_rtcp_packet_sr_set_sender_info (&packet, report->ssrc, report->ntp,
      report->rtp_time, report->packets, report->octets);
  gst_rtcp_buffer_unmap (&rtcp);
  return buffer;
}

static GstPadProbeReturn
take_rtcp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Chain *chain = user_data;
  PenstockRtspRecordMedia *self = chain->media;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  Report report;

  if (!is_of_publisher (chain, buffer) || !find_report (buffer, &report))
    return GST_PAD_PROBE_DROP;
  g_mutex_lock (&self->lock);
  gboolean ours = chain->has_ssrc && chain->ssrc == report.ssrc;
  if (chain->out && (ours || !chain->has_ssrc))
    penstock_record_clock_take_report (
        self->clock, chain->number, report.ntp, report.rtp_time);
  g_mutex_unlock (&self->lock);
  if (!ours)
    return GST_PAD_PROBE_DROP;
  info->data = make_report (&report);
  gst_buffer_unref (buffer);
  return GST_PAD_PROBE_OK;
}

/* --- between jitter buffer and depayloader (streaming threads) ---------------- */

/* The times of the jitter buffer are of no use: they begin at 0 for each track,
 * with the first packet that it lets through. */
static GstPadProbeReturn
stamp_packet (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Chain *chain = user_data;
  PenstockRtspRecordMedia *self = chain->media;
  GstBuffer *buffer =
      gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  info->data = buffer;
  if (!gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp))
    return GST_PAD_PROBE_DROP;
  guint32 rtp_time = gst_rtp_buffer_get_timestamp (&rtp);
  gst_rtp_buffer_unmap (&rtp);
  g_mutex_lock (&self->lock);
  gint64 time =
      penstock_record_clock_get_time (self->clock, chain->number, rtp_time);
  g_mutex_unlock (&self->lock);
  GST_BUFFER_PTS (buffer) = MAX (0, time + (gint64) TIME_BIAS);
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  return GST_PAD_PROBE_OK;
}

/* --- access units (streaming threads) ----------------------------------------- */

static GstClockTime
move_time (GstClockTime time, gint64 offset)
{
  if (!GST_CLOCK_TIME_IS_VALID (time))
    return time;
  return MAX (0, (gint64) time - (gint64) TIME_BIAS + offset);
}

static void
push_held (Chain *chain, gint64 offset)
{
  for (GstBuffer *buffer; (buffer = g_queue_pop_head (&chain->held));) {
    buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_PTS (buffer) = move_time (GST_BUFFER_PTS (buffer), offset);
    GST_BUFFER_DTS (buffer) = move_time (GST_BUFFER_DTS (buffer), offset);
    gst_pad_push (chain->out, buffer); /* refused after the end */
  }
}

static void
take_unit (Chain *chain, GstBuffer *buffer)
{
  PenstockRtspRecordMedia *self = chain->media;
  gint64 now = running_time (self), offset = 0;

  g_queue_push_tail (&chain->held, gst_buffer_ref (buffer));
  g_mutex_lock (&self->lock);
  gboolean placed =
      penstock_record_clock_place (self->clock, chain->number, now, &offset);
  g_mutex_unlock (&self->lock);
  if (placed)
    push_held (chain, offset);
}

static void
take_event (Chain *chain, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_STREAM_START:
  case GST_EVENT_CAPS:
  case GST_EVENT_SEGMENT:
    gst_pad_push_event (chain->out, gst_event_ref (event));
    break;
  default:
    break; /* the end of a publisher is no end of the stream */
  }
}

static GstPadProbeReturn
take_output (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Chain *chain = user_data;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    take_unit (chain, GST_PAD_PROBE_INFO_BUFFER (info));
  else
    take_event (chain, GST_PAD_PROBE_INFO_EVENT (info));
  return GST_PAD_PROBE_OK;
}

/* --- rtpbin --------------------------------------------------------------------- */

static Chain *
find_chain (PenstockRtspRecordMedia *self, guint number)
{
  return number < self->tracks->len ? &self->chains[number] : NULL;
}

static void
pad_added (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  PenstockRtspRecordMedia *self = user_data;
  guint number = G_MAXUINT;
  GstPadProbeCallback probe = NULL;
  Chain *chain;

  if (sscanf (GST_PAD_NAME (pad), "recv_rtp_sink_%u", &number) == 1)
    probe = take_rtp;
  else if (sscanf (GST_PAD_NAME (pad), "recv_rtcp_sink_%u", &number) == 1)
    probe = take_rtcp;
  else if (sscanf (GST_PAD_NAME (pad), "recv_rtp_src_%u_", &number) == 1)
    probe = stamp_packet;
  if (!probe || !(chain = find_chain (self, number)))
    return;
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, chain, NULL);
}

/* TCP neither loses nor reorders. */
static void
new_jitter_buffer (GstElement *rtpbin, GstElement *jitter_buffer, guint session,
    guint ssrc, gpointer user_data)
{
  PenstockRtspRecordMedia *self = user_data;
  Chain *chain = find_chain (self, session);

  g_mutex_lock (&self->lock);
  gboolean tcp = chain && chain->tcp;
  g_mutex_unlock (&self->lock);
  if (tcp)
    g_object_set (jitter_buffer, "latency", 0, NULL);
}

/* The library puts a decoder for FEC into each stream, which ends the process at
 * the first packet that is lost (1.22.0, rtpulpfecdec: an assertion). Nobody
 * announces FEC to us; what stands in its place passes everything on. */
static GstElement *
request_fec_decoder (GstElement *rtpbin, guint session, gpointer user_data)
{
  return gst_element_factory_make ("identity", NULL);
}

static gboolean
penstock_rtsp_record_media_setup_rtpbin (
    GstRTSPMedia *media, GstElement *rtpbin)
{
  gst_util_set_object_arg (G_OBJECT (rtpbin), "buffer-mode", "none");
  g_signal_connect (rtpbin, "pad-added", G_CALLBACK (pad_added), media);
  /* Before the library's own handler. */
  g_signal_connect (
      rtpbin, "request-fec-decoder", G_CALLBACK (request_fec_decoder), NULL);
  g_signal_connect (
      rtpbin, "new-jitterbuffer", G_CALLBACK (new_jitter_buffer), media);
  return TRUE;
}

/* What the library adds for the transports joins a running pipeline: nothing
 * has to preroll. */
static void
set_up_element (
    GstBin *pipeline, GstBin *bin, GstElement *element, gpointer user_data)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const gchar *name = factory ? GST_OBJECT_NAME (factory) : "";

  if (g_str_equal (name, "multiudpsink") || g_str_equal (name, "appsink"))
    g_object_set (element, "async", FALSE, NULL);
  else if (g_str_equal (name, "udpsrc"))
    g_object_set (element, "buffer-size", UDP_RECEIVE_BUFFER, NULL);
}

/* --- description ------------------------------------------------------------------ */

void
penstock_rtsp_record_media_take_tracks (
    PenstockRtspRecordMedia *self, GPtrArray *tracks)
{
  g_return_if_fail (!self->tracks);

  self->tracks = tracks;
  self->chains = g_new0 (Chain, tracks->len);
  for (guint i = 0; i < tracks->len; i++) {
    self->chains[i] =
        (Chain){ .media = self, .number = i, .track = tracks->pdata[i] };
    g_queue_init (&self->chains[i].held);
  }
}

const GPtrArray *
penstock_rtsp_record_media_get_tracks (PenstockRtspRecordMedia *self)
{
  return self->tracks;
}

static GstElement *
make_sink (void)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  return sink;
}

/* The element that takes the packets is found by its name. */
static gboolean
build_chain (Chain *chain, GstBin *bin)
{
  const PenstockRecordTrack *track = chain->track;
  g_autofree gchar *name = g_strdup_printf ("depay%u", chain->number);
  GstElement *sink = make_sink ();

  if (track->reason) {
    gst_object_set_name (GST_OBJECT (sink), name);
    return gst_bin_add (bin, sink);
  }
  g_autoptr (GstCaps) caps = gst_caps_from_string (track->row->caps);
  g_autoptr (GError) error = NULL;
  GstElement *depayloader =
      gst_element_factory_make (track->row->depayloader, name);
  GstElement *parser = penstock_input_make_parser (caps, &error);
  if (!depayloader || !parser) {
    gst_clear_object (&depayloader);
    gst_clear_object (&parser);
    gst_object_unref (sink);
    return FALSE;
  }
  gst_bin_add_many (bin, depayloader, parser, sink, NULL);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      take_output, chain, NULL);
  return gst_element_link_many (depayloader, parser, sink, NULL);
}

/* With an absolute URL its last part is the name. */
static const gchar *
control_name (const gchar *control)
{
  return strstr (control, "://") ? strrchr (control, '/') + 1 : control;
}

static void
set_up_stream (GstRTSPMedia *media, const Chain *chain)
{
  const PenstockRecordTrack *track = chain->track;
  GstRTSPStream *stream = gst_rtsp_media_get_stream (media, chain->number);

  if (track->control)
    gst_rtsp_stream_set_control (stream, control_name (track->control));
  if (track->caps)
    gst_rtsp_stream_set_pt_map (stream, track->payload, track->caps);
}

static gboolean
penstock_rtsp_record_media_handle_sdp (GstRTSPMedia *media, GstSDPMessage *sdp)
{
  PenstockRtspRecordMedia *self = PENSTOCK_RTSP_RECORD_MEDIA (media);
  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (media);
  g_autoptr (GstObject) pipeline = gst_object_get_parent (GST_OBJECT (bin));

  if (!self->tracks || gst_rtsp_media_n_streams (media) > 0)
    return FALSE;
  g_signal_connect (
      pipeline, "deep-element-added", G_CALLBACK (set_up_element), NULL);
  for (guint i = 0; i < self->tracks->len; i++)
    if (!build_chain (&self->chains[i], GST_BIN (bin)))
      return FALSE;
  gst_rtsp_media_collect_streams (media);
  if (gst_rtsp_media_n_streams (media) != self->tracks->len)
    return FALSE;
  for (guint i = 0; i < self->tracks->len; i++)
    set_up_stream (media, &self->chains[i]);
  return TRUE;
}

/* --- requests (client's thread) ------------------------------------------------- */

void
penstock_rtsp_record_media_set_up (
    PenstockRtspRecordMedia *self, guint stream, gboolean tcp)
{
  Chain *chain = find_chain (self, stream);

  if (!chain)
    return;
  g_mutex_lock (&self->lock);
  chain->set_up = TRUE;
  chain->tcp = tcp;
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_record_media_start (
    PenstockRtspRecordMedia *self, PenstockPublication *publication)
{
  GstPad *outs[PENSTOCK_RECORD_MAX_TRACKS] = { NULL };

  if (self->publication)
    return;
  self->publication = penstock_publication_ref (publication);
  for (guint i = 0; i < self->tracks->len; i++) {
    const Chain *chain = &self->chains[i];
    if (chain->set_up && !chain->track->reason)
      outs[i] =
          penstock_publication_add_track (publication, chain->track->video);
  }
  /* By UDP packets come already: from now on they are taken, of all tracks. */
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->tracks->len; i++) {
    Chain *chain = &self->chains[i];
    if (outs[i])
      penstock_record_clock_add_track (
          self->clock, i, chain->track->rate, chain->track->row->frame);
    chain->out = outs[i];
  }
  g_mutex_unlock (&self->lock);
}

/* --- media ------------------------------------------------------------------------ */

/* With the media's state lock. What goes wrong ends the publication, and must
 * not leave the media in a state that the library cannot take down. */
static gboolean
penstock_rtsp_record_media_handle_message (
    GstRTSPMedia *media, GstMessage *message)
{
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return GST_RTSP_MEDIA_CLASS (penstock_rtsp_record_media_parent_class)
        ->handle_message (media, message);

  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;
  gst_message_parse_error (message, &error, &debug);
  penstock_debug ("rtsp", "%s: %s", error->message, debug ? debug : "-");
  tell_over (PENSTOCK_RTSP_RECORD_MEDIA (media), error->message);
  return TRUE;
}

static void
penstock_rtsp_record_media_unprepared (GstRTSPMedia *media)
{
  tell_over (PENSTOCK_RTSP_RECORD_MEDIA (media),
      "the connection or its session is over");
}

/* Nothing flows any more: a media that is prepared is held by the library. */
static void
penstock_rtsp_record_media_finalize (GObject *object)
{
  PenstockRtspRecordMedia *self = PENSTOCK_RTSP_RECORD_MEDIA (object);

  for (guint i = 0; self->tracks && i < self->tracks->len; i++) {
    g_queue_clear_full (
        &self->chains[i].held, (GDestroyNotify) gst_buffer_unref);
    gst_clear_object (&self->chains[i].out);
  }
  g_free (self->chains);
  g_free (self->clock);
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
  g_clear_pointer (&self->publication, penstock_publication_unref);
  g_clear_object (&self->ip);
  g_weak_ref_clear (&self->owner);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_rtsp_record_media_parent_class)->finalize (object);
}

static void
penstock_rtsp_record_media_class_init (PenstockRtspRecordMediaClass *klass)
{
  GstRTSPMediaClass *media_class = GST_RTSP_MEDIA_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_record_media_finalize;
  media_class->setup_rtpbin = penstock_rtsp_record_media_setup_rtpbin;
  media_class->handle_sdp = penstock_rtsp_record_media_handle_sdp;
  media_class->handle_message = penstock_rtsp_record_media_handle_message;
  media_class->unprepared = penstock_rtsp_record_media_unprepared;
}

static void
penstock_rtsp_record_media_init (PenstockRtspRecordMedia *self)
{
  g_mutex_init (&self->lock);
  self->clock = g_new0 (PenstockRecordClock, 1);
  g_weak_ref_init (&self->owner, NULL);
}
