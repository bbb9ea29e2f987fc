/* SPDX-License-Identifier: MIT
 *
 * The chunk layer (RTMP 1.0, 5.3): bytes to messages and back. Pure. A reader
 * accepts any chunk stream number, interleaving, and both populations of
 * senders of extended timestamps; memory grows with the bytes received. */
#ifndef PENSTOCK_RTMP_CHUNK_H
#define PENSTOCK_RTMP_CHUNK_H

#include "rtmp-message.h"
#include "rtmp-quirks.h"

G_BEGIN_DECLS

/**
 * PenstockRtmpChunkHeader:
 * @format: 0 full, 1 without stream id, 2 delta only, 3 nothing
 * @chunk_stream: 2 to 65599
 * @time: 24 bit field of formats 0 (absolute), 1 and 2 (delta); 0xffffff means
 *   the extended field holds it
 * @length: of the message, formats 0 and 1
 * @type: of the message, formats 0 and 1
 * @stream_id: format 0
 * @size: bytes of the header, without the extended timestamp
 */
typedef struct {
  guint8 format;
  guint32 chunk_stream;
  guint32 time;
  guint32 length;
  guint8 type;
  guint32 stream_id;
  guint size;
} PenstockRtmpChunkHeader;

/* Basic header and message header; the extended timestamp is the reader's
 * matter, because only it knows whether one follows. Never ERROR. */
PenstockRtmpParse penstock_rtmp_chunk_header_parse (
    const guint8 *data, gsize size, PenstockRtmpChunkHeader *out);

/* Longest header: basic 3, message 11, extended timestamp 4. */
#define PENSTOCK_RTMP_CHUNK_HEADER_MAX 18

typedef struct _PenstockRtmpChunkReader PenstockRtmpChunkReader;

PenstockRtmpChunkReader *penstock_rtmp_chunk_reader_new (
    const PenstockRtmpQuirks *quirks);
void penstock_rtmp_chunk_reader_free (PenstockRtmpChunkReader *reader);

/* Other bounds than the default ones; they must stay valid. */
void penstock_rtmp_chunk_reader_set_limits (
    PenstockRtmpChunkReader *reader, const PenstockRtmpLimits *limits);
/* Where messages are counted; (nullable). */
void penstock_rtmp_chunk_reader_set_memory (
    PenstockRtmpChunkReader *reader, PenstockRtmpMemory *memory);
/* Bounds of an accepted connection instead of those of a stranger. */
void penstock_rtmp_chunk_reader_trust (PenstockRtmpChunkReader *reader);

/**
 * penstock_rtmp_chunk_reader_feed:
 * @now_ms: any clock; kept as the begin of messages
 * @consumed: (out): bytes taken, all of them with MORE
 * @out: (out) (transfer full): a message, with DONE
 * @error: (out): a sentence, with ERROR; static
 *
 * Takes bytes until a message is complete. Control messages are messages like
 * others: the caller applies them before it feeds the rest.
 */
PenstockRtmpParse penstock_rtmp_chunk_reader_feed (
    PenstockRtmpChunkReader *reader, const guint8 *data, gsize size,
    gint64 now_ms, gsize *consumed, PenstockRtmpMessage **out,
    const gchar **error);

/**
 * penstock_rtmp_chunk_reader_get_room:
 * @size: (out): bytes of the room, 0 if there is none
 *
 * Where the next bytes of the connection belong when they are payload of a
 * message whose block has room for them: an owner may receive straight into it
 * and then call penstock_rtmp_chunk_reader_fill() with the count. Valid until
 * the reader is used otherwise.
 */
guint8 *penstock_rtmp_chunk_reader_get_room (
    PenstockRtmpChunkReader *reader, gsize *size);
/* @n bytes were put into the room; at most its size - 1, so that the message
 * is completed by penstock_rtmp_chunk_reader_feed(). */
void penstock_rtmp_chunk_reader_fill (PenstockRtmpChunkReader *reader, gsize n);

/* FALSE for sizes the protocol forbids (0, bit 31). Applies at once, also to
 * messages in progress (RTMP 1.0, 5.4.1). */
gboolean penstock_rtmp_chunk_reader_set_chunk_size (
    PenstockRtmpChunkReader *reader, guint32 size);
/* Drops the unfinished message of a chunk stream (RTMP 1.0, 5.4.2). */
void penstock_rtmp_chunk_reader_abort (
    PenstockRtmpChunkReader *reader, guint32 chunk_stream);

/* Begin of the oldest unfinished message, or -1. */
gint64 penstock_rtmp_chunk_reader_get_unfinished_since (
    const PenstockRtmpChunkReader *reader);

/* Writes a header with format 0 (or 3, for the next chunks of the message),
 * with the extended timestamp where the time needs it. Returns its length, at
 * most %PENSTOCK_RTMP_CHUNK_HEADER_MAX. */
guint penstock_rtmp_chunk_write_header (guint8 *out, guint8 format,
    guint32 chunk_stream, const PenstockRtmpMessage *message);

/* Appends @message to @out, cut into chunks of at most @chunk_size bytes. */
void penstock_rtmp_chunk_write (GByteArray *out, guint32 chunk_stream,
    const PenstockRtmpMessage *message, guint32 chunk_size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    PenstockRtmpChunkReader, penstock_rtmp_chunk_reader_free)

G_END_DECLS

#endif /* PENSTOCK_RTMP_CHUNK_H */
