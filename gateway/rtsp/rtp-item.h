/* SPDX-License-Identifier: MIT
 *
 * Packets on their way to one viewer: the shared block, and what is different
 * in it for this viewer. What is different is written into the few bytes in
 * front of each packet, beside the block; the block itself is never copied.
 * Pure. */
#ifndef PENSTOCK_RTP_ITEM_H
#define PENSTOCK_RTP_ITEM_H

#include <sys/uio.h>

#include "rtp-packets.h"

G_BEGIN_DECLS

/* Bytes in front of a packet that can be different: the frame header and the
 * RTP header up to its time stamp. */
#define PENSTOCK_RTP_OWN_HEADER (PENSTOCK_RTP_FRAME_HEADER + 8)

/**
 * PenstockRtpItem:
 * @packets: (owned)
 * @channel: of the interleaved frames
 * @seq_offset: added to all sequence numbers
 * @time_offset: added to all RTP times
 */
typedef struct {
  PenstockRtpPackets *packets;
  guint8 channel;
  guint16 seq_offset;
  guint32 time_offset;
} PenstockRtpItem;

void penstock_rtp_item_clear (PenstockRtpItem *item);

/* Whether the block can be sent as it is. */
gboolean penstock_rtp_item_is_plain (const PenstockRtpItem *item);

/* The viewer's own bytes in front of packet @index, from the frame header on.
 * Returns how many there are. */
guint penstock_rtp_item_write_header (const PenstockRtpItem *item, guint index,
    guint8 out[PENSTOCK_RTP_OWN_HEADER]);

/**
 * PenstockRtpPieces:
 * @pieces: filled from 0 on
 * @n: how many are filled
 * @max: room in @pieces
 * @headers: room for @max / 2 headers, which @pieces point into
 * @n_headers: how many are written
 *
 * What one system call sends.
 */
typedef struct {
  struct iovec *pieces;
  guint n, max;
  guint8 (*headers)[PENSTOCK_RTP_OWN_HEADER];
  guint n_headers;
} PenstockRtpPieces;

/* Adds the frames of @item from byte @offset on. FALSE: not all of them had
 * room. */
gboolean penstock_rtp_item_add_frames (
    const PenstockRtpItem *item, gsize offset, PenstockRtpPieces *pieces);

/* Adds packet @index without its frame header. FALSE: it had no room. */
gboolean penstock_rtp_item_add_packet (
    const PenstockRtpItem *item, guint index, PenstockRtpPieces *pieces);

/**
 * penstock_rtp_item_get_train:
 * @index: the first packet
 * @max_packets: at least 1
 * @max_bytes: of the packets together; the first one goes in any case
 *
 * How many packets from @index on have the same size, but for the last one,
 * which may be smaller: what the kernel can cut out of one block by itself.
 */
guint penstock_rtp_item_get_train (const PenstockRtpItem *item, guint index,
    guint max_packets, gsize max_bytes);

/* Size of packet @index without its frame header. */
gsize penstock_rtp_item_get_packet_size (
    const PenstockRtpItem *item, guint index);

G_END_DECLS

#endif /* PENSTOCK_RTP_ITEM_H */
