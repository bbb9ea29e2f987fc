/* SPDX-License-Identifier: MIT
 *
 * Framed RTP packets. See rtp-packets.h. */

#include "rtp-packets.h"

#include <string.h>

/* The fixed part of the RTP header (RFC 3550, 5.1). */
#define RTP_HEADER 12
#define RTP_VERSION 2
#define MAX_PACKET G_MAXUINT16

GST_DEFINE_MINI_OBJECT_TYPE (PenstockRtpPackets, penstock_rtp_packets);

static void
packets_free (PenstockRtpPackets *self)
{
  g_free (self->data);
  g_free (self->offsets);
  g_free (self);
}

static PenstockRtpPackets *
packets_new (void)
{
  PenstockRtpPackets *self = g_new0 (PenstockRtpPackets, 1);

  gst_mini_object_init (&self->parent, 0, penstock_rtp_packets_get_type (),
      NULL, NULL, (GstMiniObjectFreeFunction) packets_free);
  self->pts = self->time = GST_CLOCK_TIME_NONE;
  return self;
}

static void
write_frame_header (guint8 *out, guint8 channel, gsize size)
{
  out[0] = '$';
  out[1] = channel;
  GST_WRITE_UINT16_BE (out + 2, (guint16) size);
}

PenstockRtpPackets *
penstock_rtp_packets_new_rtcp (guint stream, const guint8 *data, gsize size)
{
  if (size == 0 || size > MAX_PACKET)
    return NULL;
  PenstockRtpPackets *self = packets_new ();
  self->stream = stream;
  self->rtcp = TRUE;
  self->size = PENSTOCK_RTP_FRAME_HEADER + size;
  self->data = g_malloc (self->size);
  write_frame_header (
      self->data, penstock_rtp_usual_channel (stream, TRUE), size);
  memcpy (self->data + PENSTOCK_RTP_FRAME_HEADER, data, size);
  self->n_packets = 1;
  self->offsets = g_new (guint32, 2);
  self->offsets[0] = 0;
  self->offsets[1] = (guint32) self->size;
  return self;
}

/* --- assembler --------------------------------------------------------------- */

static void
begin (PenstockRtpAssembler *self)
{
  self->data = g_byte_array_new ();
  self->offsets = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->keyframe = FALSE;
}

void
penstock_rtp_assembler_init (
    PenstockRtpAssembler *self, guint stream, gboolean wait_marker)
{
  *self =
      (PenstockRtpAssembler){ .stream = stream, .wait_marker = wait_marker };
  begin (self);
}

void
penstock_rtp_assembler_clear (PenstockRtpAssembler *self)
{
  g_clear_pointer (&self->data, g_byte_array_unref);
  g_clear_pointer (&self->offsets, g_array_unref);
}

void
penstock_rtp_assembler_flush (PenstockRtpAssembler *self, GQueue *done)
{
  guint n_packets = self->offsets->len;

  if (n_packets == 0)
    return;
  PenstockRtpPackets *packets = packets_new ();
  guint32 end = self->data->len;
  g_array_append_val (self->offsets, end);
  packets->size = end;
  packets->data = g_byte_array_free (self->data, FALSE);
  packets->offsets = (guint32 *) (gpointer) g_array_free (self->offsets, FALSE);
  packets->stream = self->stream;
  packets->n_packets = n_packets;
  packets->first_seq = self->first_seq;
  packets->rtptime = self->rtptime;
  packets->keyframe = self->keyframe;
  packets->pts = self->pts;
  packets->time = self->time;
  g_queue_push_tail (done, packets);
  begin (self);
}

static void
append (PenstockRtpAssembler *self, const guint8 *data, gsize size)
{
  guint8 header[PENSTOCK_RTP_FRAME_HEADER];
  guint32 offset = self->data->len;

  write_frame_header (
      header, penstock_rtp_usual_channel (self->stream, FALSE), size);
  g_array_append_val (self->offsets, offset);
  g_byte_array_append (self->data, header, sizeof (header));
  g_byte_array_append (self->data, data, (guint) size);
}

gboolean
penstock_rtp_assembler_push (PenstockRtpAssembler *self, const guint8 *data,
    gsize size, gboolean keyframe, GstClockTime pts, GstClockTime dts,
    GQueue *done)
{
  if (size < RTP_HEADER || size > MAX_PACKET || data[0] >> 6 != RTP_VERSION)
    return FALSE;
  gboolean marker = data[1] & 0x80;
  guint16 seq = GST_READ_UINT16_BE (data + 2);
  guint32 rtptime = GST_READ_UINT32_BE (data + 4);

  /* A block has one RTP time and numbers without gaps. */
  if (self->offsets->len > 0 &&
      (rtptime != self->rtptime || seq != self->next_seq ||
          self->data->len + size > PENSTOCK_RTP_MAX_ACCESS_UNIT))
    penstock_rtp_assembler_flush (self, done);
  if (self->offsets->len == 0) {
    self->first_seq = seq;
    self->rtptime = rtptime;
    self->pts = pts;
    self->time = GST_CLOCK_TIME_IS_VALID (dts) ? dts : pts;
  }
  append (self, data, size);
  self->next_seq = (guint16) (seq + 1);
  self->keyframe |= keyframe;
  if (marker && self->wait_marker)
    penstock_rtp_assembler_flush (self, done);
  return TRUE;
}

/* --- numbering ----------------------------------------------------------------- */

guint16
penstock_rtp_seq_map (PenstockRtpSeq *self, guint16 first_seq, guint n_packets)
{
  if (!self->started)
    self->next = first_seq;
  self->started = TRUE;
  guint16 offset = (guint16) (self->next - first_seq);
  self->next = (guint16) (self->next + n_packets);
  return offset;
}
