/* SPDX-License-Identifier: MIT
 *
 * Fuzzes the chunk reader. First byte: strict or lenient, stranger or trusted,
 * received in place or not; second byte: size of the pieces. Control messages
 * are obeyed. */

#include <string.h>

#include "rtmp/rtmp-chunk.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* FALSE when the reader forbids what the message says. */
static gboolean
obey (PenstockRtmpChunkReader *reader, PenstockRtmpMessage *message)
{
  PenstockRtmpControl control;

  if (penstock_rtmp_control_parse (message->type, message->data, message->size,
          &control) != PENSTOCK_RTMP_PARSE_DONE)
    return TRUE;
  if (control.type == PENSTOCK_RTMP_SET_CHUNK_SIZE)
    return penstock_rtmp_chunk_reader_set_chunk_size (reader, control.value);
  if (control.type == PENSTOCK_RTMP_ABORT)
    penstock_rtmp_chunk_reader_abort (reader, control.value);
  return TRUE;
}

/* What could be received into the message's block; bytes taken. */
static gsize
fill_in_place (PenstockRtmpChunkReader *reader, const guint8 *data, gsize size)
{
  gsize room;
  guint8 *into = penstock_rtmp_chunk_reader_get_room (reader, &room);

  if (room < 2)
    return 0;
  room = MIN (room - 1, size);
  memcpy (into, data, room);
  penstock_rtmp_chunk_reader_fill (reader, room);
  return room;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size < 2)
    return 0;
  g_autoptr (PenstockRtmpChunkReader) reader = penstock_rtmp_chunk_reader_new (
      data[0] & 1 ? &penstock_rtmp_quirks_strict
                  : &penstock_rtmp_quirks_lenient);
  if (data[0] & 2)
    penstock_rtmp_chunk_reader_trust (reader);
  gsize piece = (gsize) data[1] + 1;

  for (gsize pos = 2; pos < size;) {
    PenstockRtmpMessage *message = NULL;
    const gchar *error = NULL;
    gsize consumed = 0;
    gsize n = MIN (piece, size - pos);

    if (data[0] & 4 && (consumed = fill_in_place (reader, data + pos, n))) {
      pos += consumed;
      continue;
    }
    PenstockRtmpParse result = penstock_rtmp_chunk_reader_feed (
        reader, data + pos, n, pos, &consumed, &message, &error);
    if (consumed > n || (result == PENSTOCK_RTMP_PARSE_ERROR && !error))
      abort ();
    pos += consumed;
    penstock_rtmp_chunk_reader_get_unfinished_since (reader);
    if (result == PENSTOCK_RTMP_PARSE_ERROR)
      break;
    if (result == PENSTOCK_RTMP_PARSE_DONE) {
      gboolean ok = obey (reader, message);
      penstock_rtmp_message_unref (message);
      if (!ok)
        break;
    }
  }
  return 0;
}
