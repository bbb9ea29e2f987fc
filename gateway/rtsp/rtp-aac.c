/* SPDX-License-Identifier: MIT
 *
 * AAC frames together. See rtp-aac.h. */

#include "rtp-aac.h"

#include <string.h>

/* RFC 3550, 5.1, without contributing sources. */
#define RTP_HEADER 12
#define RTP_FLAGS 0x3f /* in the first byte: padding, extension, sources */
#define MARKER 0x80    /* in the second byte */
/* AU-headers-length, in bits, and one header: 13 bits of size, 3 of index or
 * its step, which is 0 for frames in order (RFC 3640, 3.2.1 and 3.3.6). */
#define AU_HEADERS_LENGTH 2
#define AU_HEADER 2
#define AU_HEADER_BITS 16
#define AU_INDEX_BITS 3
/* RTP times of frames in a packet follow from the first one: a frame has 1024
 * samples (ISO/IEC 14496-3, 4.5.2.1.1), and sources round to milliseconds. */
#define FRAME_SAMPLES 1024
#define FRAME_TOLERANCE 128

/* A packet's own bytes. */
static const guint8 *
rtp_of (const PenstockRtpPackets *packets)
{
  return packets->data + PENSTOCK_RTP_FRAME_HEADER;
}

static gsize
rtp_size (const PenstockRtpPackets *packets)
{
  return packets->size - PENSTOCK_RTP_FRAME_HEADER;
}

/* Bytes of the AAC frame, behind all headers; 0 when it is not one packet of
 * one whole frame. */
static gsize
frame_size (const PenstockRtpPackets *packets)
{
  const gsize headers = RTP_HEADER + AU_HEADERS_LENGTH + AU_HEADER;
  const guint8 *rtp = rtp_of (packets);

  if (packets->rtcp || packets->n_packets != 1 || rtp_size (packets) <= headers)
    return 0;
  gsize size = rtp_size (packets) - headers;
  guint header = GST_READ_UINT16_BE (rtp + RTP_HEADER + AU_HEADERS_LENGTH);
  return (rtp[0] & RTP_FLAGS) == 0 && (rtp[1] & MARKER) != 0 &&
          GST_READ_UINT16_BE (rtp + RTP_HEADER) == AU_HEADER_BITS &&
          header == size << AU_INDEX_BITS
      ? size
      : 0;
}

/* Whether it goes behind the frames that are held. */
static gboolean
follows (const PenstockRtpAac *self, const PenstockRtpPackets *packets)
{
  const PenstockRtpPackets *last = self->frames[self->n - 1];
  gint32 step = (gint32) (packets->rtptime - last->rtptime);

  return self->n < PENSTOCK_RTP_AAC_MAX_FRAMES &&
      ABS (step - FRAME_SAMPLES) <= FRAME_TOLERANCE &&
      self->size + AU_HEADER + frame_size (packets) <=
      PENSTOCK_RTP_AAC_MAX_PACKET;
}

static void
emit (PenstockRtpAac *self, PenstockRtpPackets *packets, GQueue *out)
{
  if (self->saved != 0)
    penstock_rtp_packets_renumber (
        packets, (guint16) (packets->first_seq - self->saved));
  g_queue_push_tail (out, packets);
}

/* One packet of all frames; they are not used up. */
static PenstockRtpPackets *
merge (const PenstockRtpAac *self)
{
  const PenstockRtpPackets *first = self->frames[0];
  gsize header_at = RTP_HEADER + AU_HEADERS_LENGTH;
  gsize frame_at = header_at + self->n * AU_HEADER;
  guint8 *packet = g_alloca (PENSTOCK_RTP_AAC_MAX_PACKET);
  PenstockRtpPackets *merged;
  PenstockRtpAssembler assembler;
  GQueue done = G_QUEUE_INIT;

  memcpy (packet, rtp_of (first), RTP_HEADER);
  GST_WRITE_UINT16_BE (
      packet + RTP_HEADER, (guint16) (self->n * AU_HEADER_BITS));
  for (guint i = 0; i < self->n; i++) {
    const guint8 *rtp = rtp_of (self->frames[i]);
    gsize size = frame_size (self->frames[i]);
    memcpy (packet + header_at + i * AU_HEADER,
        rtp + RTP_HEADER + AU_HEADERS_LENGTH, AU_HEADER);
    memcpy (packet + frame_at, rtp + RTP_HEADER + AU_HEADERS_LENGTH + AU_HEADER,
        size);
    frame_at += size;
  }
  penstock_rtp_assembler_init (&assembler, first->stream, FALSE);
  penstock_rtp_assembler_push (
      &assembler, packet, frame_at, FALSE, first->pts, first->time, &done);
  penstock_rtp_assembler_flush (&assembler, &done);
  penstock_rtp_assembler_clear (&assembler);
  merged = g_queue_pop_head (&done);
  return merged;
}

void
penstock_rtp_aac_flush (PenstockRtpAac *self, GQueue *out)
{
  guint n = self->n;

  if (n == 0)
    return;
  if (n == 1) {
    emit (self, self->frames[0], out);
  } else {
    emit (self, merge (self), out);
    self->saved = (guint16) (self->saved + n - 1);
    for (guint i = 0; i < n; i++)
      penstock_rtp_packets_unref (self->frames[i]);
  }
  self->n = 0;
}

void
penstock_rtp_aac_push (PenstockRtpAac *self, PenstockRtpPackets *packets,
    gint64 until_us, gint64 now_us, GQueue *out)
{
  gsize size = self->on ? frame_size (packets) : 0;
  gboolean may_wait = size > 0 && until_us > now_us;

  if (self->n > 0 && !(size > 0 && follows (self, packets)))
    penstock_rtp_aac_flush (self, out);
  if (self->n == 0 && !may_wait) {
    emit (self, packets, out);
    return;
  }
  self->size =
      self->n == 0 ? rtp_size (packets) : self->size + AU_HEADER + size;
  self->frames[self->n++] = packets;
  if (!may_wait)
    penstock_rtp_aac_flush (self, out);
}

void
penstock_rtp_aac_clear (PenstockRtpAac *self)
{
  for (guint i = 0; i < self->n; i++)
    penstock_rtp_packets_unref (self->frames[i]);
  self->n = 0;
  self->saved = 0;
}
