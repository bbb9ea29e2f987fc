/* SPDX-License-Identifier: MIT
 *
 * RTP packets of one access unit in one block, framed for RTSP's interleaved
 * transport (RFC 2326, 10.12), and what makes such blocks out of a payloader's
 * packets. Pure: no sockets, clocks, threads or logs. */
#ifndef PENSTOCK_RTP_PACKETS_H
#define PENSTOCK_RTP_PACKETS_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* '$', the channel and 16 bits of length in front of each packet. */
#define PENSTOCK_RTP_FRAME_HEADER 4

/**
 * PenstockRtpPackets:
 * @stream: number of the stream they belong to
 * @data: the packets, each behind its frame header, which has the usual channel
 *   of the stream
 * @size: bytes of @data
 * @n_packets: how many there are, at least 1
 * @offsets: where in @data the frame header of each begins, and one more for
 *   the end
 * @rtcp: whether it is one compound RTCP packet; then no field below counts
 * @first_seq: sequence number of the first packet; the rest follow it
 * @rtptime: RTP time of all of them
 * @keyframe: whether decoding can start here
 * @droppable: whether it is a picture that no other refers to; set by the owner
 *   before anybody else has it
 * @pts: presentation time in nanoseconds; may be %GST_CLOCK_TIME_NONE
 * @time: decoding time, or the presentation time where there is none
 * @superseded: atomic; whether it is a report that a newer one has followed
 *
 * A refcounted block of which nothing else is ever changed.
 */
typedef struct {
  GstMiniObject parent;

  guint stream;
  guint8 *data;
  gsize size;
  guint n_packets;
  guint32 *offsets;
  gboolean rtcp;
  guint16 first_seq;
  guint32 rtptime;
  gboolean keyframe, droppable;
  GstClockTime pts, time;
  gint superseded;
} PenstockRtpPackets;

GType penstock_rtp_packets_get_type (void);

/* The channel that viewers usually choose for a stream: 0, 2, 4 and so on for
 * RTP, the next one for RTCP. */
static inline guint8
penstock_rtp_usual_channel (guint stream, gboolean rtcp)
{
  return (guint8) (2 * stream + (rtcp ? 1 : 0));
}

/* One RTCP packet; NULL when it is empty or over 65535 bytes. */
PenstockRtpPackets *penstock_rtp_packets_new_rtcp (
    guint stream, const guint8 *data, gsize size);

/* Numbers them from @first_seq on; before anybody else has them. */
void penstock_rtp_packets_renumber (
    PenstockRtpPackets *self, guint16 first_seq);

static inline PenstockRtpPackets *
penstock_rtp_packets_ref (PenstockRtpPackets *self)
{
  return (PenstockRtpPackets *) gst_mini_object_ref (&self->parent);
}

static inline void
penstock_rtp_packets_unref (PenstockRtpPackets *self)
{
  gst_mini_object_unref (&self->parent);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockRtpPackets, penstock_rtp_packets_unref)

/* An access unit longer than this is passed on in parts. */
#define PENSTOCK_RTP_MAX_ACCESS_UNIT (8 * 1024 * 1024)

/**
 * PenstockRtpAssembler:
 *
 * Collects the packets of one stream into access units. With @wait_marker (for
 * video) one ends with its marker bit (RFC 3550, 5.1) or where the RTP time
 * changes; without (for audio, where the bit means other things) it ends at
 * penstock_rtp_assembler_flush(), which the owner calls after each list of the
 * payloader.
 */
typedef struct {
  guint stream;
  gboolean wait_marker;
  /*< private >*/
  GByteArray *data;
  GArray *offsets; /* of guint32 */
  guint16 first_seq, next_seq;
  guint32 rtptime;
  gboolean keyframe;
  GstClockTime pts, time;
} PenstockRtpAssembler;

void penstock_rtp_assembler_init (
    PenstockRtpAssembler *self, guint stream, gboolean wait_marker);
void penstock_rtp_assembler_clear (PenstockRtpAssembler *self);

/**
 * penstock_rtp_assembler_push:
 * @data: one RTP packet
 * @size: its length
 * @keyframe: whether it belongs to a keyframe; one packet of it may say so
 * @pts: nanoseconds or %GST_CLOCK_TIME_NONE
 * @dts: nanoseconds or %GST_CLOCK_TIME_NONE
 * @done: finished access units are put at its tail, as PenstockRtpPackets
 *
 * Returns: %FALSE when it is not an RTP packet or too large for a frame; it is
 *   left out
 */
gboolean penstock_rtp_assembler_push (PenstockRtpAssembler *self,
    const guint8 *data, gsize size, gboolean keyframe, GstClockTime pts,
    GstClockTime dts, GQueue *done);

/* The same with the packet in a buffer, whose memory is copied once. */
gboolean penstock_rtp_assembler_push_buffer (PenstockRtpAssembler *self,
    GstBuffer *packet, gboolean keyframe, GstClockTime pts, GstClockTime dts,
    GQueue *done);

/* Finishes what is there, if anything. */
void penstock_rtp_assembler_flush (PenstockRtpAssembler *self, GQueue *done);

/**
 * PenstockRtpSeq:
 * @next: sequence number that the viewer's next packet gets
 *
 * A viewer's own numbering of one stream: without gaps, whatever it does not
 * get.
 */
typedef struct {
  gboolean started;
  guint16 next;
} PenstockRtpSeq;

/* Numbers @n_packets that were @first_seq and following; the first ones ever
 * keep their numbers unless @next was set before. Returns what is to be added
 * to them. */
guint16 penstock_rtp_seq_map (
    PenstockRtpSeq *self, guint16 first_seq, guint n_packets);

G_END_DECLS

#endif /* PENSTOCK_RTP_PACKETS_H */
