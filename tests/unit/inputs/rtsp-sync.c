/* SPDX-License-Identifier: MIT
 *
 * Audio and video of an RTSP server together: rtpbin is fed with packets and
 * sender reports as rtspsrc feeds it, in orders that networks choose. */

#include <gst/check/gstcheck.h>
#include <gst/rtp/rtp.h>

#include "inputs/rtsp-sync.h"

/* Wall clock of the server at the moment of RTP-Info, in seconds. */
#define NTP_S 3900000000u
#define CNAME "camera"
/* The length of its prefix, and less than that of text. */
#define STRANGE_ITEM "\377penstock"

typedef struct {
  const gchar *media;
  guint pt;
  gint clock_rate;
  guint32 ssrc, base; /* base: RTP time and number of RTP-Info */
  GstPad *rtp, *rtcp; /* into rtpbin */
  guint16 seqnum;     /* next */
  GstElement *jitter_buffer;
  gboolean strange; /* its reports describe it oddly, too */
} Stream;

typedef struct {
  GstElement *pipeline, *source, *bin;
  Stream streams[2]; /* picture, sound */
} Fixture;

static GstCaps *
pt_map (GstElement *bin, guint session, guint pt, Fixture *f)
{
  const Stream *stream = &f->streams[session];

  return gst_caps_new_simple ("application/x-rtp", "media", G_TYPE_STRING,
      stream->media, "payload", G_TYPE_INT, (gint) stream->pt, "clock-rate",
      G_TYPE_INT, stream->clock_rate, "encoding-name", G_TYPE_STRING, "X",
      "clock-base", G_TYPE_UINT, stream->base, "seqnum-base", G_TYPE_UINT,
      stream->base, NULL);
}

static void
note_jitter_buffer (GstElement *bin, GstElement *jitter_buffer, guint session,
    guint ssrc, Fixture *f)
{
  f->streams[session].jitter_buffer = jitter_buffer;
}

static void
take_output (GstElement *bin, GstPad *pad, Fixture *f)
{
  if (!g_str_has_prefix (GST_PAD_NAME (pad), "recv_rtp_src"))
    return;
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  g_object_set (sink, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add (GST_BIN (f->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  g_autoptr (GstPad) in = gst_element_get_static_pad (sink, "sink");
  fail_unless_equals_int (gst_pad_link (pad, in), GST_PAD_LINK_OK);
}

/* A pad that pushes into @name of rtpbin. */
static GstPad *
open_input (Fixture *f, const gchar *name, const gchar *media_type)
{
  GstPad *pad = gst_pad_new (NULL, GST_PAD_SRC);
  g_autoptr (GstPad) in = gst_element_request_pad_simple (f->bin, name);
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple (media_type);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_set_active (pad, TRUE);
  fail_unless_equals_int (gst_pad_link (pad, in), GST_PAD_LINK_OK);
  gst_pad_push_event (pad, gst_event_new_stream_start (name));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  return pad;
}

static void
open_stream (Fixture *f, guint i, Stream stream)
{
  g_autofree gchar *rtp = g_strdup_printf ("recv_rtp_sink_%u", i);
  g_autofree gchar *rtcp = g_strdup_printf ("recv_rtcp_sink_%u", i);

  f->streams[i] = stream;
  f->streams[i].seqnum = (guint16) stream.base;
  f->streams[i].rtp = open_input (f, rtp, "application/x-rtp");
  f->streams[i].rtcp = open_input (f, rtcp, "application/x-rtcp");
  g_autoptr (GObject) session = NULL;
  g_signal_emit_by_name (f->bin, "get-internal-session", i, &session);
  g_object_set (session, "probation", 0, NULL);
}

static void
fixture_init (Fixture *f)
{
  *f = (Fixture){ .pipeline = gst_pipeline_new (NULL) };
  f->source = gst_object_ref_sink (gst_element_factory_make ("rtspsrc", NULL));
  f->bin = gst_element_factory_make ("rtpbin", NULL);
  penstock_rtsp_sync_attach (f->source);
  penstock_rtsp_sync_expect_video (f->source);
  gst_util_set_object_arg (G_OBJECT (f->bin), "buffer-mode", "none");
  g_signal_connect (f->bin, "request-pt-map", G_CALLBACK (pt_map), f);
  g_signal_connect (
      f->bin, "new-jitterbuffer", G_CALLBACK (note_jitter_buffer), f);
  g_signal_connect (f->bin, "pad-added", G_CALLBACK (take_output), f);
  g_signal_emit_by_name (f->source, "new-manager", f->bin);
  gst_bin_add (GST_BIN (f->pipeline), f->bin);
  gst_element_set_state (f->pipeline, GST_STATE_PLAYING);
  open_stream (f, 0, (Stream){ "video", 96, 90000, 0x1111, 1000 });
  open_stream (f, 1, (Stream){ "audio", 97, 48000, 0x2222, 2000 });
}

static void
fixture_clear (Fixture *f)
{
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  for (guint i = 0; i < G_N_ELEMENTS (f->streams); i++) {
    gst_object_unref (f->streams[i].rtp);
    gst_object_unref (f->streams[i].rtcp);
  }
  gst_object_unref (f->pipeline);
  gst_object_unref (f->source);
}

static guint32
rtp_time (const Stream *stream, gint ms)
{
  return stream->base + (guint32) (ms * stream->clock_rate / 1000);
}

/* A packet of @ms after the moment of RTP-Info. */
static void
push_packet (Stream *stream, gint ms)
{
  GstBuffer *buffer = gst_rtp_buffer_new_allocate (10, 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  gst_rtp_buffer_map (buffer, GST_MAP_READWRITE, &rtp);
  gst_rtp_buffer_set_payload_type (&rtp, (guint8) stream->pt);
  gst_rtp_buffer_set_ssrc (&rtp, stream->ssrc);
  gst_rtp_buffer_set_seq (&rtp, stream->seqnum++);
  gst_rtp_buffer_set_timestamp (&rtp, rtp_time (stream, ms));
  gst_rtp_buffer_unmap (&rtp);
  GST_BUFFER_DTS (buffer) = 0;
  fail_unless_equals_int (gst_pad_push (stream->rtp, buffer), GST_FLOW_OK);
}

/* rtpsession would read beyond the packet for the prefix. */
static GstPadProbeReturn
assert_no_strange_item (GstPad *pad, GstPadProbeInfo *info, gpointer n_seen)
{
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;

  gst_rtcp_buffer_map (GST_PAD_PROBE_INFO_BUFFER (info), GST_MAP_READ, &rtcp);
  gst_rtcp_buffer_get_first_packet (&rtcp, &packet);
  fail_unless (gst_rtcp_packet_move_to_next (&packet));
  fail_unless (gst_rtcp_packet_sdes_first_entry (&packet));
  do {
    GstRTCPSDESType type;
    guint8 length, *data;
    gst_rtcp_packet_sdes_get_entry (&packet, &type, &length, &data);
    fail_if (type == GST_RTCP_SDES_PRIV);
    (*(guint *) n_seen)++;
  } while (gst_rtcp_packet_sdes_next_entry (&packet));
  gst_rtcp_buffer_unmap (&rtcp);
  return GST_PAD_PROBE_OK;
}

/* "RTP time of @ms was at wall clock @clock_ms", both since RTP-Info. */
static void
push_report (Stream *stream, gint ms, gint clock_ms)
{
  GstBuffer *buffer = gst_rtcp_buffer_new (1400);
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  guint64 ntp = ((guint64) NTP_S << 32) +
      gst_util_uint64_scale (
          (guint64) clock_ms, G_GUINT64_CONSTANT (1) << 32, 1000);

  gst_rtcp_buffer_map (buffer, GST_MAP_READWRITE, &rtcp);
  gst_rtcp_buffer_add_packet (&rtcp, GST_RTCP_TYPE_SR, &packet);
  gst_rtcp_packet_sr_set_sender_info (
      &packet, stream->ssrc, ntp, rtp_time (stream, ms), 1, 10);
  gst_rtcp_buffer_add_packet (&rtcp, GST_RTCP_TYPE_SDES, &packet);
  gst_rtcp_packet_sdes_add_item (&packet, stream->ssrc);
  gst_rtcp_packet_sdes_add_entry (
      &packet, GST_RTCP_SDES_CNAME, strlen (CNAME), (const guint8 *) CNAME);
  if (stream->strange)
    gst_rtcp_packet_sdes_add_entry (&packet, GST_RTCP_SDES_PRIV,
        strlen (STRANGE_ITEM), (const guint8 *) STRANGE_ITEM);
  gst_rtcp_buffer_unmap (&rtcp);
  fail_unless_equals_int (gst_pad_push (stream->rtcp, buffer), GST_FLOW_OK);
}

static gint
offset_ms (const Stream *stream)
{
  gint64 offset = 0;

  fail_unless (stream->jitter_buffer != NULL);
  g_object_get (stream->jitter_buffer, "ts-offset", &offset, NULL);
  return (gint) (offset / (gint64) GST_MSECOND);
}

GST_START_TEST (sound_has_its_offset_from_rtp_info)
{
  Fixture f;

  fixture_init (&f);
  push_packet (&f.streams[0], 0);
  push_packet (&f.streams[1], 300);
  fail_unless_equals_int (offset_ms (&f.streams[0]), 0);
  fail_unless_equals_int (offset_ms (&f.streams[1]), 300);
  fixture_clear (&f);
}
GST_END_TEST

/* After a burst the report of the picture is ahead of its packets, and of no
 * use; that of the sound alone says nothing about the two. */
GST_START_TEST (report_of_the_sound_alone_changes_nothing)
{
  Fixture f;

  fixture_init (&f);
  push_packet (&f.streams[0], 0);
  push_packet (&f.streams[1], 300);
  push_report (&f.streams[0], 2000, 2000);
  push_report (&f.streams[1], 300, 300);
  fail_unless_equals_int (offset_ms (&f.streams[0]), 0);
  fail_unless_equals_int (offset_ms (&f.streams[1]), 300);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (reports_of_both_are_followed_in_any_order)
{
  Fixture f;

  fixture_init (&f);
  push_packet (&f.streams[0], 0);
  push_packet (&f.streams[1], 300);
  push_report (&f.streams[1], 310, 330);
  push_report (&f.streams[0], 20, 20);
  fail_unless_equals_int (offset_ms (&f.streams[1]), 300);
  push_report (&f.streams[1], 320, 340);
  fail_unless_equals_int (offset_ms (&f.streams[0]), 0);
  fail_unless_equals_int (offset_ms (&f.streams[1]), 320);
  push_report (&f.streams[0], 40, 40);
  fail_unless_equals_int (offset_ms (&f.streams[1]), 320);
  fixture_clear (&f);
}
GST_END_TEST

/* A camera may have items of its own: its streams still belong together. */
GST_START_TEST (strange_descriptions_are_screened_and_sound_is_in_time)
{
  Fixture f;
  guint n_items = 0;

  fixture_init (&f);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstPad) pad = gst_pad_get_peer (f.streams[i].rtcp);
    f.streams[i].strange = TRUE;
    gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_BUFFER, assert_no_strange_item, &n_items, NULL);
    push_packet (&f.streams[i], 0);
  }
  push_report (&f.streams[0], 0, 0);
  push_report (&f.streams[1], 0, 20);
  fail_unless_equals_int (n_items, 4);
  fail_unless (offset_ms (&f.streams[1]) >= 19); /* rounded down */
  fixture_clear (&f);
}
GST_END_TEST

static Suite *
rtsp_sync_suite (void)
{
  Suite *s = suite_create ("rtsp-sync");
  TCase *tc = tcase_create ("rtsp-sync");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, sound_has_its_offset_from_rtp_info);
  tcase_add_test (tc, report_of_the_sound_alone_changes_nothing);
  tcase_add_test (tc, reports_of_both_are_followed_in_any_order);
  tcase_add_test (tc, strange_descriptions_are_screened_and_sound_is_in_time);
  return s;
}

GST_CHECK_MAIN (rtsp_sync);
