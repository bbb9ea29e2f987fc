/* SPDX-License-Identifier: MIT
 *
 * The chunk layer (RTMP 1.0, 5.3). */

#include "rtmp-chunk.h"

#include <string.h>

#define DEFAULT_CHUNK_SIZE 128
#define EXTENDED 0xffffff
#define DIRECT_STREAMS 32
/* First block of a message that is not here as a whole. */
#define FIRST_BLOCK 4096

/* One chunk stream. */
typedef struct {
  guint32 id;
  guint8 type;
  guint32 length;
  guint32 stream_id;
  guint32 timestamp; /* absolute, of the current or last message */
  guint32 field;     /* time or delta of the last header, as transmitted */
  gboolean extended; /* ... in the extended field */
  gboolean absolute; /* ... of a type 0 header */
  gboolean skip;     /* payload is not kept */

  gboolean unfinished;
  guint32 received; /* bytes of the unfinished message */
  gint64 since;
  PenstockRtmpMessage *message; /* NULL when skipped */
} Stream;

typedef enum {
  READ_HEADER,
  READ_EXTENDED,
  READ_PAYLOAD,
} ReadState;

typedef enum {
  REPEATS_UNKNOWN,
  REPEATS_YES,
  REPEATS_NO,
} Repeats;

struct _PenstockRtmpChunkReader {
  const PenstockRtmpQuirks *quirks;
  const PenstockRtmpLimits *limits;
  gboolean trusted;
  PenstockRtmpMemory *memory; /* may be NULL */
  guint32 chunk_size;

  Stream *direct[DIRECT_STREAMS]; /* by number */
  GHashTable *others;             /* number → Stream; NULL until needed */
  guint n_streams;
  gsize unfinished; /* bytes of all unfinished messages */

  Repeats repeats; /* extended timestamps in type 3 chunks */
  gint observed;   /* > 0 repeated so often in a row, < 0 not */

  ReadState state;
  PenstockRtmpChunkHeader header; /* of the chunk being read */
  Stream *stream;
  guint32 chunk_left;
  guint8 pending[PENSTOCK_RTMP_CHUNK_HEADER_MAX];
  guint n_pending;
};

PenstockRtmpParse
penstock_rtmp_chunk_header_parse (
    const guint8 *data, gsize size, PenstockRtmpChunkHeader *out)
{
  static const guint8 message_header[] = { 11, 7, 3, 0 };
  PenstockRtmpChunkHeader h = { 0 };
  guint basic = 1;

  if (size < 1)
    return PENSTOCK_RTMP_PARSE_MORE;
  h.format = data[0] >> 6;
  h.chunk_stream = data[0] & 0x3f;
  if (h.chunk_stream <= 1)
    basic += h.chunk_stream + 1;
  h.size = basic + message_header[h.format];
  if (size < h.size)
    return PENSTOCK_RTMP_PARSE_MORE;

  /* RTMP 1.0, 5.3.1.1: the three byte form is little endian. */
  if (basic == 2)
    h.chunk_stream = 64 + data[1];
  else if (basic == 3)
    h.chunk_stream = 64 + data[1] + 256 * data[2];
  data += basic;
  if (h.format <= 2)
    h.time = GST_READ_UINT24_BE (data);
  if (h.format <= 1) {
    h.length = GST_READ_UINT24_BE (data + 3);
    h.type = data[6];
  }
  if (h.format == 0)
    h.stream_id = GST_READ_UINT32_LE (data + 7);
  *out = h;
  return PENSTOCK_RTMP_PARSE_DONE;
}

static void
stream_free (gpointer data)
{
  Stream *stream = data;

  if (!stream)
    return;
  penstock_rtmp_message_unref (stream->message);
  g_free (stream);
}

PenstockRtmpChunkReader *
penstock_rtmp_chunk_reader_new (const PenstockRtmpQuirks *quirks)
{
  PenstockRtmpChunkReader *reader = g_new0 (PenstockRtmpChunkReader, 1);

  reader->quirks = quirks;
  reader->chunk_size = DEFAULT_CHUNK_SIZE;
  reader->limits = &penstock_rtmp_default_limits;
  reader->repeats = quirks->detect_extended ? REPEATS_UNKNOWN : REPEATS_YES;
  return reader;
}

void
penstock_rtmp_chunk_reader_free (PenstockRtmpChunkReader *reader)
{
  if (!reader)
    return;
  for (guint i = 0; i < DIRECT_STREAMS; i++)
    stream_free (reader->direct[i]);
  g_clear_pointer (&reader->others, g_hash_table_unref);
  penstock_rtmp_memory_unref (reader->memory);
  g_free (reader);
}

void
penstock_rtmp_chunk_reader_set_limits (
    PenstockRtmpChunkReader *reader, const PenstockRtmpLimits *limits)
{
  reader->limits = limits;
}

void
penstock_rtmp_chunk_reader_set_memory (
    PenstockRtmpChunkReader *reader, PenstockRtmpMemory *memory)
{
  penstock_rtmp_memory_unref (reader->memory);
  reader->memory = memory ? penstock_rtmp_memory_ref (memory) : NULL;
}

void
penstock_rtmp_chunk_reader_trust (PenstockRtmpChunkReader *reader)
{
  reader->trusted = TRUE;
}

static gsize
max_unfinished (const PenstockRtmpChunkReader *reader)
{
  return reader->trusted ? reader->limits->max_unfinished
                         : reader->limits->max_unfinished_early;
}

static guint
max_streams (const PenstockRtmpChunkReader *reader)
{
  return reader->trusted ? reader->limits->max_chunk_streams
                         : PENSTOCK_RTMP_MAX_CHUNK_STREAMS_EARLY;
}

static Stream *
find_stream (const PenstockRtmpChunkReader *reader, guint32 id)
{
  if (id < DIRECT_STREAMS)
    return reader->direct[id];
  return reader->others
      ? g_hash_table_lookup (reader->others, GUINT_TO_POINTER (id))
      : NULL;
}

static Stream *
add_stream (PenstockRtmpChunkReader *reader, guint32 id)
{
  Stream *stream = g_new0 (Stream, 1);

  stream->id = id;
  reader->n_streams++;
  if (id < DIRECT_STREAMS) {
    reader->direct[id] = stream;
    return stream;
  }
  if (!reader->others)
    reader->others = g_hash_table_new_full (NULL, NULL, NULL, stream_free);
  g_hash_table_insert (reader->others, GUINT_TO_POINTER (id), stream);
  return stream;
}

static void
drop_unfinished (PenstockRtmpChunkReader *reader, Stream *stream)
{
  if (!stream->unfinished)
    return;
  if (stream->message)
    reader->unfinished -= stream->received;
  g_clear_pointer (&stream->message, penstock_rtmp_message_unref);
  stream->unfinished = FALSE;
  stream->received = 0;
}

/* Types we never look at are not stored. */
static gboolean
is_stored (const PenstockRtmpLimits *limits, guint8 type, guint32 length)
{
  switch (type) {
  case PENSTOCK_RTMP_SET_CHUNK_SIZE:
  case PENSTOCK_RTMP_ABORT:
  case PENSTOCK_RTMP_ACKNOWLEDGEMENT:
  case PENSTOCK_RTMP_USER_CONTROL:
  case PENSTOCK_RTMP_WINDOW_ACK_SIZE:
  case PENSTOCK_RTMP_SET_PEER_BANDWIDTH:
  case PENSTOCK_RTMP_AUDIO:
  case PENSTOCK_RTMP_VIDEO:
  case PENSTOCK_RTMP_DATA:
  case PENSTOCK_RTMP_DATA_AMF3:
  case PENSTOCK_RTMP_COMMAND:
  case PENSTOCK_RTMP_COMMAND_AMF3:
  case PENSTOCK_RTMP_AGGREGATE:
    return length <= penstock_rtmp_message_limit (limits, type);
  default:
    return FALSE;
  }
}

/* A longer message of these types ends the connection; others are skipped. */
static gboolean
is_too_long (const PenstockRtmpLimits *limits, guint8 type, guint32 length)
{
  switch (type) {
  case PENSTOCK_RTMP_AUDIO:
  case PENSTOCK_RTMP_VIDEO:
  case PENSTOCK_RTMP_COMMAND:
  case PENSTOCK_RTMP_COMMAND_AMF3:
    return length > penstock_rtmp_message_limit (limits, type);
  default:
    return FALSE;
  }
}

/* A new message begins with the header in stream. */
static const gchar *
begin_message (PenstockRtmpChunkReader *reader, Stream *stream, gint64 now_ms)
{
  if (is_too_long (reader->limits, stream->type, stream->length))
    return "message is longer than its type allows";
  stream->skip = !is_stored (reader->limits, stream->type, stream->length);
  stream->unfinished = TRUE;
  stream->received = 0;
  stream->since = now_ms;
  if (stream->skip)
    return NULL;
  stream->message = penstock_rtmp_message_new (
      stream->type, stream->stream_id, stream->timestamp, NULL, 0);
  stream->message->chunk_stream = stream->id;
  penstock_rtmp_message_count (stream->message, reader->memory);
  return NULL;
}

/* Header of format 0 to 2 with its full time field. */
static const gchar *
apply_header (PenstockRtmpChunkReader *reader, Stream *stream, guint32 field,
    gboolean extended, gint64 now_ms)
{
  const PenstockRtmpChunkHeader *h = &reader->header;

  if (stream->unfinished) {
    if (!reader->quirks->restart_message)
      return "new header in the middle of a message";
    drop_unfinished (reader, stream);
  }
  if (h->format <= 1) {
    stream->length = h->length;
    stream->type = h->type;
  }
  if (h->format == 0)
    stream->stream_id = h->stream_id;
  stream->field = field;
  stream->extended = extended;
  stream->absolute = h->format == 0;
  stream->timestamp = h->format == 0 ? field : stream->timestamp + field;
  return begin_message (reader, stream, now_ms);
}

/* A type 3 chunk that starts a message (RTMP 1.0, 5.3.1.2.4). */
static const gchar *
repeat_header (PenstockRtmpChunkReader *reader, Stream *stream, gint64 now_ms)
{
  guint32 delta = stream->field;

  if (stream->absolute)
    delta = penstock_rtmp_quirks_first_delta (reader->quirks, delta);
  stream->timestamp += delta;
  return begin_message (reader, stream, now_ms);
}

/* Does an extended timestamp follow a type 3 header? DONE = yes, ERROR = no,
 * MORE = the bytes so far could be either. */
static PenstockRtmpParse
peek_repeated (PenstockRtmpChunkReader *reader, const guint8 *data, gsize size)
{
  guint8 field[4];

  if (reader->repeats == REPEATS_NO)
    return PENSTOCK_RTMP_PARSE_ERROR;
  if (reader->repeats == REPEATS_YES)
    return size >= 4 ? PENSTOCK_RTMP_PARSE_DONE : PENSTOCK_RTMP_PARSE_MORE;

  GST_WRITE_UINT32_BE (field, reader->stream->field);
  if (memcmp (data, field, MIN (size, 4)) != 0) {
    reader->observed = MIN (reader->observed, 0) - 1;
    if (reader->observed <= -PENSTOCK_RTMP_EXTENDED_STICKY)
      reader->repeats = REPEATS_NO;
    return PENSTOCK_RTMP_PARSE_ERROR;
  }
  if (size < 4)
    return PENSTOCK_RTMP_PARSE_MORE;
  reader->observed = MAX (reader->observed, 0) + 1;
  if (reader->observed >= PENSTOCK_RTMP_EXTENDED_STICKY)
    reader->repeats = REPEATS_YES;
  return PENSTOCK_RTMP_PARSE_DONE;
}

static void
begin_payload (PenstockRtmpChunkReader *reader)
{
  Stream *stream = reader->stream;

  reader->chunk_left =
      MIN (reader->chunk_size, stream->length - stream->received);
  reader->state = READ_PAYLOAD;
}

/* The header is complete up to the extended timestamp. */
static const gchar *
header_read (PenstockRtmpChunkReader *reader, gint64 now_ms)
{
  const PenstockRtmpChunkHeader *h = &reader->header;
  Stream *stream = find_stream (reader, h->chunk_stream);

  if (!stream) {
    /* A type 1 header may begin a stream: some players send pings so. */
    if (h->format >= 2)
      return "first chunk of a chunk stream has no header";
    if (reader->n_streams >= max_streams (reader))
      return "too many chunk streams";
    stream = add_stream (reader, h->chunk_stream);
  }
  reader->stream = stream;
  if (h->format == 3 ? stream->extended : h->time == EXTENDED) {
    reader->state = READ_EXTENDED;
    return NULL;
  }
  const gchar *error = NULL;
  if (h->format < 3)
    error = apply_header (reader, stream, h->time, FALSE, now_ms);
  else if (!stream->unfinished)
    error = repeat_header (reader, stream, now_ms);
  begin_payload (reader);
  return error;
}

/* Extended timestamp, or the decision that there is none. */
static PenstockRtmpParse
read_extended (PenstockRtmpChunkReader *reader, const guint8 *data, gsize size,
    gint64 now_ms, gsize *consumed, const gchar **error)
{
  Stream *stream = reader->stream;
  PenstockRtmpParse result;

  *consumed = 4;
  *error = NULL;
  if (reader->header.format < 3) {
    if (size < 4)
      return PENSTOCK_RTMP_PARSE_MORE;
    *error =
        apply_header (reader, stream, GST_READ_UINT32_BE (data), TRUE, now_ms);
  } else {
    result = peek_repeated (reader, data, size);
    if (result == PENSTOCK_RTMP_PARSE_MORE)
      return PENSTOCK_RTMP_PARSE_MORE;
    if (result == PENSTOCK_RTMP_PARSE_ERROR)
      *consumed = 0;
    if (!stream->unfinished)
      *error = repeat_header (reader, stream, now_ms);
  }
  begin_payload (reader);
  return *error ? PENSTOCK_RTMP_PARSE_ERROR : PENSTOCK_RTMP_PARSE_DONE;
}

/* Room for @n more bytes of the message. The block is at most twice as large
 * as what was received; the rest of it is room to receive into. */
static gboolean
grow (Stream *stream, gsize n)
{
  gsize need = stream->received + n;
  gsize size = MAX (2 * need, FIRST_BLOCK);

  return need <= stream->message->allocated ||
      penstock_rtmp_message_reserve (
          stream->message, MIN (size, stream->length));
}

static const gchar *
add_payload (PenstockRtmpChunkReader *reader, const guint8 *data, gsize n)
{
  Stream *stream = reader->stream;

  if (n > 0 && !stream->skip) {
    if (reader->unfinished + n > max_unfinished (reader))
      return "too many unfinished bytes";
    if (!grow (stream, n))
      return "the listener's memory is used up";
    memcpy (stream->message->data + stream->received, data, n);
    reader->unfinished += n;
  }
  stream->received += n;
  reader->chunk_left -= n;
  return NULL;
}

/* The chunk is read; a message that is complete with it, or NULL. */
static PenstockRtmpMessage *
end_chunk (PenstockRtmpChunkReader *reader)
{
  Stream *stream = reader->stream;

  reader->state = READ_HEADER;
  if (stream->received < stream->length)
    return NULL;
  PenstockRtmpMessage *message = g_steal_pointer (&stream->message);
  if (message) {
    reader->unfinished -= stream->received;
    message->size = stream->received;
  }
  stream->unfinished = FALSE;
  stream->received = 0;
  return message;
}

/* Header bytes: parsed where they are, or gathered in pending when they come
 * in pieces. DONE moves on to the next state. */
static PenstockRtmpParse
read_head (PenstockRtmpChunkReader *reader, const guint8 *data, gsize size,
    gint64 now_ms, gsize *consumed, const gchar **error)
{
  const guint8 *from = data;
  gsize have = size;
  gsize used = 0;
  guint before = reader->n_pending;
  PenstockRtmpParse result;

  if (before > 0) {
    gsize add = MIN (size, sizeof reader->pending - before);
    memcpy (reader->pending + before, data, add);
    from = reader->pending;
    have = before + add;
  }
  *error = NULL;
  if (reader->state == READ_HEADER) {
    result = penstock_rtmp_chunk_header_parse (from, have, &reader->header);
    if (result == PENSTOCK_RTMP_PARSE_DONE) {
      used = reader->header.size;
      *error = header_read (reader, now_ms);
      if (*error)
        result = PENSTOCK_RTMP_PARSE_ERROR;
    }
  } else {
    result = read_extended (reader, from, have, now_ms, &used, error);
  }
  if (result == PENSTOCK_RTMP_PARSE_MORE) {
    /* Everything that is here belongs to the header. */
    if (before == 0)
      memcpy (reader->pending, data, size);
    reader->n_pending = before + size;
    *consumed = size;
    return result;
  }
  if (used >= before) {
    reader->n_pending = 0;
    *consumed = used - before;
  } else {
    /* Bytes held back for an extended timestamp are payload: given to the
     * next state from pending. */
    reader->n_pending = before - used;
    memmove (reader->pending, reader->pending + used, reader->n_pending);
    *consumed = 0;
  }
  return result;
}

/* Payload, first what was held back in pending. */
static PenstockRtmpParse
read_payload (PenstockRtmpChunkReader *reader, const guint8 *data, gsize size,
    gsize *consumed, const gchar **error)
{
  gsize n;

  *error = NULL;
  *consumed = 0;
  if (reader->n_pending > 0) {
    n = MIN (reader->n_pending, reader->chunk_left);
    *error = add_payload (reader, reader->pending, n);
    reader->n_pending -= n;
    memmove (reader->pending, reader->pending + n, reader->n_pending);
  }
  if (!*error && reader->n_pending == 0) {
    n = MIN (size, reader->chunk_left);
    *error = add_payload (reader, data, n);
    *consumed = n;
  }
  if (*error)
    return PENSTOCK_RTMP_PARSE_ERROR;
  return reader->chunk_left == 0 ? PENSTOCK_RTMP_PARSE_DONE
                                 : PENSTOCK_RTMP_PARSE_MORE;
}

PenstockRtmpParse
penstock_rtmp_chunk_reader_feed (PenstockRtmpChunkReader *reader,
    const guint8 *data, gsize size, gint64 now_ms, gsize *consumed,
    PenstockRtmpMessage **out, const gchar **error)
{
  gsize pos = 0;

  for (;;) {
    gsize used = 0;
    PenstockRtmpParse result;

    if (reader->state == READ_PAYLOAD)
      result = read_payload (reader, data + pos, size - pos, &used, error);
    else
      result = read_head (reader, data + pos, size - pos, now_ms, &used, error);
    pos += used;
    *consumed = pos;
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
    if (reader->state == READ_PAYLOAD && reader->chunk_left == 0) {
      PenstockRtmpMessage *message = end_chunk (reader);
      if (message) {
        *out = message;
        return PENSTOCK_RTMP_PARSE_DONE;
      }
    }
  }
}

guint8 *
penstock_rtmp_chunk_reader_get_room (
    PenstockRtmpChunkReader *reader, gsize *size)
{
  Stream *stream = reader->stream;

  *size = 0;
  if (reader->state != READ_PAYLOAD || reader->n_pending > 0 || stream->skip ||
      !stream->message->data)
    return NULL;
  *size =
      MIN (reader->chunk_left, stream->message->allocated - stream->received);
  *size = MIN (*size, max_unfinished (reader) - reader->unfinished);
  return stream->message->data + stream->received;
}

void
penstock_rtmp_chunk_reader_fill (PenstockRtmpChunkReader *reader, gsize n)
{
  g_return_if_fail (n < reader->chunk_left);

  reader->stream->received += n;
  reader->unfinished += n;
  reader->chunk_left -= n;
}

gboolean
penstock_rtmp_chunk_reader_set_chunk_size (
    PenstockRtmpChunkReader *reader, guint32 size)
{
  if (size == 0 || size > G_MAXINT32)
    return FALSE;
  reader->chunk_size = MIN (size, PENSTOCK_RTMP_MAX_CHUNK_SIZE);
  return TRUE;
}

void
penstock_rtmp_chunk_reader_abort (
    PenstockRtmpChunkReader *reader, guint32 chunk_stream)
{
  Stream *stream = find_stream (reader, chunk_stream);

  if (stream)
    drop_unfinished (reader, stream);
}

static gint64
older (const Stream *stream, gint64 since)
{
  if (!stream || !stream->unfinished)
    return since;
  return since < 0 ? stream->since : MIN (since, stream->since);
}

gint64
penstock_rtmp_chunk_reader_get_unfinished_since (
    const PenstockRtmpChunkReader *reader)
{
  gint64 since = -1;
  GHashTableIter iter;
  gpointer stream;

  for (guint i = 0; i < DIRECT_STREAMS; i++)
    since = older (reader->direct[i], since);
  if (!reader->others)
    return since;
  g_hash_table_iter_init (&iter, reader->others);
  while (g_hash_table_iter_next (&iter, NULL, &stream))
    since = older (stream, since);
  return since;
}

static guint
write_basic_header (guint8 *out, guint8 format, guint32 chunk_stream)
{
  if (chunk_stream < 64) {
    out[0] = format << 6 | chunk_stream;
    return 1;
  }
  chunk_stream -= 64;
  if (chunk_stream < 256) {
    out[0] = format << 6;
    out[1] = chunk_stream;
    return 2;
  }
  out[0] = format << 6 | 1;
  out[1] = chunk_stream & 0xff;
  out[2] = chunk_stream >> 8;
  return 3;
}

guint
penstock_rtmp_chunk_write_header (guint8 *out, guint8 format,
    guint32 chunk_stream, const PenstockRtmpMessage *message)
{
  gboolean extended = message->timestamp >= EXTENDED;
  guint n = write_basic_header (out, format, chunk_stream);

  if (format == 0) {
    GST_WRITE_UINT24_BE (out + n, extended ? EXTENDED : message->timestamp);
    GST_WRITE_UINT24_BE (out + n + 3, message->size);
    out[n + 6] = message->type;
    GST_WRITE_UINT32_LE (out + n + 7, message->stream_id);
    n += 11;
  }
  /* Repeated in every chunk: most receivers know no other way. */
  if (extended) {
    GST_WRITE_UINT32_BE (out + n, message->timestamp);
    n += 4;
  }
  return n;
}

void
penstock_rtmp_chunk_write (GByteArray *out, guint32 chunk_stream,
    const PenstockRtmpMessage *message, guint32 chunk_size)
{
  gsize pos = 0;

  do {
    guint8 header[PENSTOCK_RTMP_CHUNK_HEADER_MAX];
    gsize n = MIN (message->size - pos, chunk_size);
    guint size = penstock_rtmp_chunk_write_header (
        header, pos == 0 ? 0 : 3, chunk_stream, message);
    g_byte_array_append (out, header, size);
    if (n > 0)
      g_byte_array_append (out, message->data + pos, n);
    pos += n;
  } while (pos < message->size);
}
