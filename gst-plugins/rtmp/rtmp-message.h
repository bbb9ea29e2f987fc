/* SPDX-License-Identifier: MIT
 *
 * An RTMP message: type, time and payload in one refcounted block, shared
 * between threads without a copy. Pure. Also the payloads of the protocol
 * control messages (RTMP 1.0, 5.4, 6.2 and 7.1.7) and aggregates (7.1.6). */
#ifndef PENSTOCK_RTMP_MESSAGE_H
#define PENSTOCK_RTMP_MESSAGE_H

#include <gst/gst.h>

#include "rtmp-limits.h"
#include "rtmp-memory.h"

G_BEGIN_DECLS

/* Three outcomes of every parser here; outputs are untouched unless DONE. */
typedef enum {
  PENSTOCK_RTMP_PARSE_DONE,  /* one unit read, *consumed bytes used */
  PENSTOCK_RTMP_PARSE_MORE,  /* the unit goes on past the span */
  PENSTOCK_RTMP_PARSE_ERROR, /* the peer broke the protocol */
} PenstockRtmpParse;

/* RTMP 1.0, 5.4, 6.1 and 7.1. Other values occur and are ignored. */
typedef enum {
  PENSTOCK_RTMP_SET_CHUNK_SIZE = 1,
  PENSTOCK_RTMP_ABORT = 2,
  PENSTOCK_RTMP_ACKNOWLEDGEMENT = 3,
  PENSTOCK_RTMP_USER_CONTROL = 4,
  PENSTOCK_RTMP_WINDOW_ACK_SIZE = 5,
  PENSTOCK_RTMP_SET_PEER_BANDWIDTH = 6,
  PENSTOCK_RTMP_AUDIO = 8,
  PENSTOCK_RTMP_VIDEO = 9,
  PENSTOCK_RTMP_DATA_AMF3 = 15,
  PENSTOCK_RTMP_SHARED_OBJECT_AMF3 = 16,
  PENSTOCK_RTMP_COMMAND_AMF3 = 17,
  PENSTOCK_RTMP_DATA = 18,
  PENSTOCK_RTMP_SHARED_OBJECT = 19,
  PENSTOCK_RTMP_COMMAND = 20,
  PENSTOCK_RTMP_AGGREGATE = 22,
} PenstockRtmpMessageType;

/**
 * PenstockRtmpMessage:
 * @type: #PenstockRtmpMessageType, or a number we do not know
 * @chunk_stream: chunk stream the message came on
 * @stream_id: message stream
 * @timestamp: milliseconds, as on the wire: wraps at 2^32
 * @size: bytes of @data
 * @data: payload, contiguous. A media message of a publication is an FLV tag
 *   body. Read-only once the message is shared
 *
 * Refcounted; references may be taken and dropped on any thread. All fields
 * are read-only for whoever did not make the message.
 */
typedef struct {
  guint8 type;
  guint32 chunk_stream;
  guint32 stream_id;
  guint32 timestamp;
  gsize size;
  guint8 *data;
  /*< private >*/
  gint ref_count;
  gsize allocated;
  PenstockRtmpMemory *memory; /* where allocated is counted; may be NULL */
} PenstockRtmpMessage;

/**
 * penstock_rtmp_message_new:
 * @data: (nullable): payload, copied
 *
 * Returns: (transfer full): a message on chunk stream 0 (the writer chooses)
 */
PenstockRtmpMessage *penstock_rtmp_message_new (guint8 type, guint32 stream_id,
    guint32 timestamp, const guint8 *data, gsize size);
PenstockRtmpMessage *penstock_rtmp_message_ref (PenstockRtmpMessage *message);
void penstock_rtmp_message_unref (PenstockRtmpMessage *message);

/* Counts the bytes of an empty message in @memory (nullable) from now on. */
void penstock_rtmp_message_count (
    PenstockRtmpMessage *message, PenstockRtmpMemory *memory);
/* Room for @size bytes in a message that is not shared. FALSE: more than the
 * memory's bound. */
gboolean penstock_rtmp_message_reserve (
    PenstockRtmpMessage *message, gsize size);

/**
 * penstock_rtmp_message_share:
 * @message: a message; the memory holds a reference
 * @offset: first payload byte of the memory, 0 ≤ @offset ≤ @message->size
 * @size: its length, @offset + @size ≤ @message->size
 *
 * Part of the payload as read-only #GstMemory, without a copy.
 *
 * Returns: (transfer full): the memory
 */
GstMemory *penstock_rtmp_message_share (
    PenstockRtmpMessage *message, gsize offset, gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockRtmpMessage, penstock_rtmp_message_unref)

/* Longest message of @type that is accepted. */
gsize penstock_rtmp_message_limit (
    const PenstockRtmpLimits *limits, guint8 type);

/* User control events (RTMP 1.0, 7.1.7). */
typedef enum {
  PENSTOCK_RTMP_STREAM_BEGIN = 0,
  PENSTOCK_RTMP_STREAM_EOF = 1,
  PENSTOCK_RTMP_STREAM_DRY = 2,
  PENSTOCK_RTMP_SET_BUFFER_LENGTH = 3,
  PENSTOCK_RTMP_STREAM_IS_RECORDED = 4,
  PENSTOCK_RTMP_PING_REQUEST = 6,
  PENSTOCK_RTMP_PING_RESPONSE = 7,
} PenstockRtmpUserEvent;

/**
 * PenstockRtmpControl:
 * @type: one of the six control types
 * @value: chunk size, chunk stream, sequence number, window, bandwidth, or the
 *   first 32 bit field of a user control event
 * @event: #PenstockRtmpUserEvent or an unknown number, for user control
 * @value2: buffer length in milliseconds, for SET_BUFFER_LENGTH
 * @limit: hard 0, soft 1, dynamic 2, for SET_PEER_BANDWIDTH
 */
typedef struct {
  guint8 type;
  guint32 value;
  guint16 event;
  guint32 value2;
  guint8 limit;
} PenstockRtmpControl;

/* Reads the payload of a control message. ERROR when @type is none of them;
 * MORE when @size is too short. Bytes behind the fields are ignored. */
PenstockRtmpParse penstock_rtmp_control_parse (
    guint8 type, const guint8 *data, gsize size, PenstockRtmpControl *out);

/* Appends the payload of @control to @out. */
void penstock_rtmp_control_write (
    const PenstockRtmpControl *control, GByteArray *out);

/**
 * penstock_rtmp_aggregate_next:
 * @aggregate: a message of type AGGREGATE
 * @position: (inout): 0 for the first part, then as left by the last call
 * @base: (inout): time of the first part, kept between calls
 * @out: (out) (transfer full): the part as a message of its own, with the
 *   aggregate's stream id and a time relative to the aggregate's
 *
 * Takes an aggregate apart: FLV tags with 4 byte back pointers. Parts that are
 * neither audio, video nor data are skipped.
 *
 * Returns: DONE with a part, MORE at the end, ERROR when a length does not fit
 */
PenstockRtmpParse penstock_rtmp_aggregate_next (
    const PenstockRtmpMessage *aggregate, gsize *position, guint32 *base,
    PenstockRtmpMessage **out);

G_END_DECLS

#endif /* PENSTOCK_RTMP_MESSAGE_H */
