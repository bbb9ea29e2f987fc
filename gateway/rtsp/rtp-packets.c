/* SPDX-License-Identifier: MIT
 *
 * Framed RTP packets. See rtp-packets.h. */

#include "rtp-packets.h"

#include <string.h>

/* The fixed part of the RTP header (RFC 3550, 5.1). */
#define RTP_HEADER 12
#define RTP_VERSION 2
#define MARKER 0x80 /* in the second byte */
#define MAX_PACKET G_MAXUINT16

GST_DEFINE_MINI_OBJECT_TYPE (PenstockRtpPackets, penstock_rtp_packets);

static void
packets_free (PenstockRtpPackets *self)
{
  g_free (self);
}

/* All in one block of memory, no larger than it has to be: the log holds
 * thousands of them. @offsets: @n_packets and one more. */
static PenstockRtpPackets *
packets_new (guint stream, guint n_packets, const guint32 *offsets)
{
  gsize offsets_size = (n_packets + 1) * sizeof (guint32);
  gsize size = offsets[n_packets];
  PenstockRtpPackets *self =
      g_malloc (sizeof (PenstockRtpPackets) + offsets_size + size);

  memset (self, 0, sizeof *self);
  gst_mini_object_init (&self->parent, 0, penstock_rtp_packets_get_type (),
      NULL, NULL, (GstMiniObjectFreeFunction) packets_free);
  self->stream = stream;
  self->n_packets = n_packets;
  self->offsets = (guint32 *) (gpointer) (self + 1);
  memcpy (self->offsets, offsets, offsets_size);
  self->data = (guint8 *) self->offsets + offsets_size;
  self->size = size;
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
  const guint32 offsets[] = { 0, (guint32) (PENSTOCK_RTP_FRAME_HEADER + size) };
  PenstockRtpPackets *self = packets_new (stream, 1, offsets);
  self->rtcp = TRUE;
  write_frame_header (
      self->data, penstock_rtp_usual_channel (stream, TRUE), size);
  memcpy (self->data + PENSTOCK_RTP_FRAME_HEADER, data, size);
  return self;
}

void
penstock_rtp_packets_renumber (PenstockRtpPackets *self, guint16 first_seq)
{
  self->first_seq = first_seq;
  for (guint i = 0; i < self->n_packets; i++)
    GST_WRITE_UINT16_BE (
        self->data + self->offsets[i] + PENSTOCK_RTP_FRAME_HEADER + 2,
        (guint16) (first_seq + i)); /* RFC 3550, 5.1 */
}

/* --- assembler --------------------------------------------------------------- */

void
penstock_rtp_assembler_init (
    PenstockRtpAssembler *self, guint stream, gboolean wait_marker)
{
  *self =
      (PenstockRtpAssembler){ .stream = stream, .wait_marker = wait_marker };
  self->data = g_byte_array_new ();
  self->offsets = g_array_new (FALSE, FALSE, sizeof (guint32));
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
  guint32 end = self->data->len;
  g_array_append_val (self->offsets, end);
  PenstockRtpPackets *packets = packets_new (self->stream, n_packets,
      (const guint32 *) (gpointer) self->offsets->data);
  memcpy (packets->data, self->data->data, end);
  packets->first_seq = self->first_seq;
  packets->rtptime = self->rtptime;
  packets->keyframe = self->keyframe;
  packets->pts = self->pts;
  packets->time = self->time;
  g_queue_push_tail (done, packets);
  g_byte_array_set_size (self->data, 0);
  g_array_set_size (self->offsets, 0);
  self->keyframe = FALSE;
}

/* Room for one packet behind its frame header. */
static guint8 *
append (PenstockRtpAssembler *self, gsize size)
{
  guint32 offset = self->data->len;

  g_array_append_val (self->offsets, offset);
  g_byte_array_set_size (
      self->data, (guint) (offset + PENSTOCK_RTP_FRAME_HEADER + size));
  write_frame_header (self->data->data + offset,
      penstock_rtp_usual_channel (self->stream, FALSE), size);
  return self->data->data + offset + PENSTOCK_RTP_FRAME_HEADER;
}

/* Where a packet with this @header belongs. Returns: where to put its @size
 * bytes, or NULL */
static guint8 *
begin_packet (PenstockRtpAssembler *self, const guint8 header[RTP_HEADER],
    gsize size, GstClockTime pts, GstClockTime dts, GQueue *done)
{
  guint16 seq = GST_READ_UINT16_BE (header + 2);
  guint32 rtptime = GST_READ_UINT32_BE (header + 4);

  if (size > MAX_PACKET || header[0] >> 6 != RTP_VERSION)
    return NULL;
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
  self->next_seq = (guint16) (seq + 1);
  return append (self, size);
}

static void
end_packet (PenstockRtpAssembler *self, const guint8 header[RTP_HEADER],
    gboolean keyframe, GQueue *done)
{
  self->keyframe |= keyframe;
  if ((header[1] & MARKER) && self->wait_marker)
    penstock_rtp_assembler_flush (self, done);
}

gboolean
penstock_rtp_assembler_push (PenstockRtpAssembler *self, const guint8 *data,
    gsize size, gboolean keyframe, GstClockTime pts, GstClockTime dts,
    GQueue *done)
{
  guint8 *packet = size >= RTP_HEADER
      ? begin_packet (self, data, size, pts, dts, done)
      : NULL;

  if (!packet)
    return FALSE;
  memcpy (packet, data, size);
  end_packet (self, data, keyframe, done);
  return TRUE;
}

gboolean
penstock_rtp_assembler_push_buffer (PenstockRtpAssembler *self,
    GstBuffer *packet, gboolean keyframe, GstClockTime pts, GstClockTime dts,
    GQueue *done)
{
  guint8 header[RTP_HEADER];
  gsize size = gst_buffer_get_size (packet);

  if (gst_buffer_extract (packet, 0, header, RTP_HEADER) < RTP_HEADER)
    return FALSE;
  guint8 *data = begin_packet (self, header, size, pts, dts, done);
  if (!data)
    return FALSE;
  gst_buffer_extract (packet, 0, data, size);
  end_packet (self, header, keyframe, done);
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
