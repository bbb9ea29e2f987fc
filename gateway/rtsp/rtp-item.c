/* SPDX-License-Identifier: MIT
 *
 * Packets on their way to a viewer. See rtp-item.h. */

#include "rtp-item.h"

#include <string.h>

/* Behind the frame header (RFC 3550, 5.1). */
#define SEQ_AT (PENSTOCK_RTP_FRAME_HEADER + 2)
#define TIME_AT (PENSTOCK_RTP_FRAME_HEADER + 4)
/* Most pieces of a packet. */
#define PIECES 2

void
penstock_rtp_item_clear (PenstockRtpItem *item)
{
  g_clear_pointer (&item->packets, penstock_rtp_packets_unref);
}

gboolean
penstock_rtp_item_is_plain (const PenstockRtpItem *item)
{
  const PenstockRtpPackets *packets = item->packets;

  return item->seq_offset == 0 && item->time_offset == 0 &&
      item->channel ==
      penstock_rtp_usual_channel (packets->stream, packets->rtcp);
}

guint
penstock_rtp_item_write_header (const PenstockRtpItem *item, guint index,
    guint8 out[PENSTOCK_RTP_OWN_HEADER])
{
  const PenstockRtpPackets *packets = item->packets;
  const guint8 *frame = packets->data + packets->offsets[index];

  memcpy (out, frame, PENSTOCK_RTP_FRAME_HEADER);
  out[1] = item->channel;
  if (packets->rtcp)
    return PENSTOCK_RTP_FRAME_HEADER;
  memcpy (out + PENSTOCK_RTP_FRAME_HEADER, frame + PENSTOCK_RTP_FRAME_HEADER,
      PENSTOCK_RTP_OWN_HEADER - PENSTOCK_RTP_FRAME_HEADER);
  GST_WRITE_UINT16_BE (out + SEQ_AT,
      (guint16) (GST_READ_UINT16_BE (frame + SEQ_AT) + item->seq_offset));
  GST_WRITE_UINT32_BE (
      out + TIME_AT, GST_READ_UINT32_BE (frame + TIME_AT) + item->time_offset);
  return PENSTOCK_RTP_OWN_HEADER;
}

static void
add (PenstockRtpPieces *pieces, guint8 *data, gsize size)
{
  if (size > 0)
    pieces->pieces[pieces->n++] = (struct iovec){ data, size };
}

/* Packet @index from @skip bytes behind its frame header's begin on. */
static gboolean
add_patched (const PenstockRtpItem *item, guint index, gsize skip,
    PenstockRtpPieces *pieces)
{
  const PenstockRtpPackets *packets = item->packets;
  guint8 *frame = packets->data + packets->offsets[index];
  gsize length = packets->offsets[index + 1] - packets->offsets[index];

  if (pieces->n + PIECES > pieces->max)
    return FALSE;
  guint8 *header = pieces->headers[pieces->n_headers];
  gsize own = penstock_rtp_item_write_header (item, index, header);
  if (skip < own) {
    pieces->n_headers++;
    add (pieces, header + skip, own - skip);
    skip = own;
  }
  add (pieces, frame + skip, length - skip);
  return TRUE;
}

/* The packet that byte @offset is in. */
static guint
find_packet (const PenstockRtpPackets *packets, gsize offset)
{
  guint low = 0, high = packets->n_packets;

  while (high - low > 1) {
    guint middle = (low + high) / 2;
    if (packets->offsets[middle] <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

gboolean
penstock_rtp_item_add_frames (
    const PenstockRtpItem *item, gsize offset, PenstockRtpPieces *pieces)
{
  const PenstockRtpPackets *packets = item->packets;

  if (penstock_rtp_item_is_plain (item)) {
    if (pieces->n == pieces->max)
      return FALSE;
    add (pieces, packets->data + offset, packets->size - offset);
    return TRUE;
  }
  for (guint i = find_packet (packets, offset); i < packets->n_packets; i++) {
    gsize begin = packets->offsets[i];
    if (!add_patched (item, i, offset > begin ? offset - begin : 0, pieces))
      return FALSE;
  }
  return TRUE;
}

gboolean
penstock_rtp_item_add_packet (
    const PenstockRtpItem *item, guint index, PenstockRtpPieces *pieces)
{
  const PenstockRtpPackets *packets = item->packets;
  gsize begin = packets->offsets[index] + PENSTOCK_RTP_FRAME_HEADER;

  if (!penstock_rtp_item_is_plain (item))
    return add_patched (item, index, PENSTOCK_RTP_FRAME_HEADER, pieces);
  if (pieces->n == pieces->max)
    return FALSE;
  add (pieces, packets->data + begin, packets->offsets[index + 1] - begin);
  return TRUE;
}

gsize
penstock_rtp_item_get_packet_size (const PenstockRtpItem *item, guint index)
{
  const guint32 *offsets = item->packets->offsets;

  return offsets[index + 1] - offsets[index] - PENSTOCK_RTP_FRAME_HEADER;
}

guint
penstock_rtp_item_get_train (const PenstockRtpItem *item, guint index,
    guint max_packets, gsize max_bytes)
{
  gsize first = penstock_rtp_item_get_packet_size (item, index);
  gsize bytes = first;
  guint n = 1;

  while (n < max_packets && index + n < item->packets->n_packets) {
    gsize size = penstock_rtp_item_get_packet_size (item, index + n);
    if (size > first || bytes + size > max_bytes)
      break;
    bytes += size;
    n++;
    if (size < first)
      break;
  }
  return n;
}
