/* SPDX-License-Identifier: MIT
 *
 * Unit tests of the chunk layer. */

#include "rtmp/rtmp-chunk.h"

#include "rtmp-test.h"
#include "rtmp/rtmp-limits.h"

/* Headers */

typedef struct {
  const gchar *name;
  const gchar *hex;
  PenstockRtmpChunkHeader expected;
} HeaderRow;

static const HeaderRow header_rows[] = {
  { "type 0, 5.3.1.2.1", "03 000102 000304 14 01000000",
      { 0, 3, 0x102, 0x304, 20, 1, 12 } },
  { "type 1, 5.3.1.2.2", "44 000028 000105 08",
      { 1, 4, 0x28, 0x105, 8, 0, 8 } },
  { "type 2, 5.3.1.2.3", "86 000021", { 2, 6, 0x21, 0, 0, 0, 4 } },
  { "type 3, 5.3.1.2.4", "c6", { 3, 6, 0, 0, 0, 0, 1 } },
  { "two byte form, lowest", "c0 00", { 3, 64, 0, 0, 0, 0, 2 } },
  { "two byte form, highest", "c0 ff", { 3, 319, 0, 0, 0, 0, 2 } },
  { "three byte form of a low number", "c1 00 00", { 3, 64, 0, 0, 0, 0, 3 } },
  { "three byte form is little endian", "c1 2c 01",
      { 3, 64 + 0x12c, 0, 0, 0, 0, 3 } },
  { "three byte form, highest", "c1 ff ff", { 3, 65599, 0, 0, 0, 0, 3 } },
  { "largest header", "01 ff ff ffffff ffffff ff ffffffff",
      { 0, 65599, 0xffffff, 0xffffff, 255, G_MAXUINT32, 14 } },
};

GST_START_TEST (headers_are_read)
{
  const HeaderRow *row = &header_rows[__i__];
  g_autoptr (GByteArray) bytes = bytes_from_hex (row->hex);
  PenstockRtmpChunkHeader header = { 0 };

  for (gsize size = 0; size < bytes->len; size++) {
    g_autofree guint8 *exact = g_memdup2 (bytes->data, size);
    assert_equals_int (penstock_rtmp_chunk_header_parse (exact, size, &header),
        PENSTOCK_RTMP_PARSE_MORE);
    assert_equals_int (header.size, 0);
  }
  assert_equals_int (
      penstock_rtmp_chunk_header_parse (bytes->data, bytes->len, &header),
      PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (header.format, row->expected.format);
  assert_equals_int (header.chunk_stream, row->expected.chunk_stream);
  assert_equals_int (header.time, row->expected.time);
  assert_equals_int (header.length, row->expected.length);
  assert_equals_int (header.type, row->expected.type);
  assert_equals_uint64 (header.stream_id, row->expected.stream_id);
  assert_equals_int (header.size, row->expected.size);
}
GST_END_TEST;

/* Streams of chunks */

typedef struct {
  const gchar *name;
  const gchar *hex;
  const gchar *expected; /* type@time/stream:bytes ...; the error if any */
} StreamRow;

#define TEN "00010203040506070809"

static const StreamRow stream_rows[] = {
  { "one chunk", "04 000005 00000a 08 01000000" TEN, "8@5/1:10" },
  { "delta headers",
      "04 000005 00000a 08 01000000" TEN "44 000007 000001 09 00"
      "84 000001 01 c4 02",
      "8@5/1:10 9@12/1:1 9@13/1:1 9@14/1:1" },
  { "type 3 after type 0 repeats the time as a delta",
      "04 000005 000001 08 01000000 00 c4 00 c4 00",
      "8@5/1:1 8@10/1:1 8@15/1:1" },
  { "type 3 after type 0 with a large time means the same time",
      "04 0003e9 000001 08 01000000 00 c4 00", "8@1001/1:1 8@1001/1:1" },
  { "type 1 begins a chunk stream", "44 000007 000001 09 00", "9@7/0:1" },
  { "time wraps", "04 ffffff 000001 08 01000000 ffffffff 00 84 000002 00",
      "8@4294967295/1:1 8@1/1:1" },
  { "extended field with a small time is taken",
      "04 ffffff 000001 08 01000000 00000009 00", "8@9/1:1" },
  { "empty message", "04 000005 000000 08 01000000", "8@5/1:0" },
  { "unknown types are skipped",
      "04 000005 00000a 63 01000000" TEN "05 000000 000001 08 01000000 00",
      "8@0/1:1" },
  { "too long control messages are skipped", "02 000000 000401 04 00000000",
      "" },
  { "type 2 cannot begin a chunk stream", "84 000001 00",
      "first chunk of a chunk stream has no header" },
  { "type 3 cannot begin a chunk stream", "c4",
      "first chunk of a chunk stream has no header" },
  { "audio above 1 MiB", "04 000000 100001 08 01000000",
      "message is longer than its type allows" },
  { "audio of 1 MiB", "04 000000 100000 08 01000000", "" },
  { "command above 1 MiB", "03 000000 100001 14 00000000",
      "message is longer than its type allows" },
};

static gchar *
read_stream (const guint8 *data, gsize size, gsize piece,
    const PenstockRtmpQuirks *quirks)
{
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (quirks);
  GString *text = g_string_new (NULL);

  for (gsize pos = 0; pos < size;) {
    gsize n = MIN (piece, size - pos);
    g_autofree guint8 *exact = g_memdup2 (data + pos, n);
    gsize used = 0;
    PenstockRtmpParse result;
    do {
      PenstockRtmpMessage *message = NULL;
      const gchar *error = NULL;
      gsize consumed = 0;
      result = penstock_rtmp_chunk_reader_feed (
          reader, exact + used, n - used, 0, &consumed, &message, &error);
      used += consumed;
      if (result == PENSTOCK_RTMP_PARSE_MORE)
        break;
      g_string_append (text, text->len ? " " : "");
      if (result == PENSTOCK_RTMP_PARSE_ERROR) {
        g_string_append (text, error);
        return g_string_free (text, FALSE);
      }
      g_string_append_printf (text, "%u@%u/%u:%" G_GSIZE_FORMAT, message->type,
          message->timestamp, message->stream_id, message->size);
      for (gsize i = 0; i < message->size && message->size == 10; i++)
        assert_equals_int (message->data[i], i);
      penstock_rtmp_message_unref (message);
    } while (result == PENSTOCK_RTMP_PARSE_DONE);
    assert_equals_int (used, n);
    pos += n;
  }
  return g_string_free (text, FALSE);
}

GST_START_TEST (streams_of_chunks_are_read)
{
  const StreamRow *row = &stream_rows[__i__];
  g_autoptr (GByteArray) bytes = bytes_from_hex (row->hex);

  for (gsize piece = 1; piece <= bytes->len; piece++) {
    g_autofree gchar *text = read_stream (
        bytes->data, bytes->len, piece, &penstock_rtmp_quirks_lenient);
    assert_equals_string (text, row->expected);
  }
}
GST_END_TEST;

/* @n messages on chunk streams of their own, the first byte only. */
static gchar *
begin_messages (guint n, gboolean trusted)
{
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_lenient);
  const gchar *error = NULL;

  if (trusted)
    penstock_rtmp_chunk_reader_trust (reader);
  for (guint i = 0; i < n && !error; i++) {
    const PenstockRtmpMessage message = { .type = PENSTOCK_RTMP_VIDEO,
      .size = 1000 };
    guint8 bytes[PENSTOCK_RTMP_CHUNK_HEADER_MAX + 1] = { 0 };
    guint size = penstock_rtmp_chunk_write_header (bytes, 0, 3 + i, &message);
    PenstockRtmpMessage *out;
    gsize consumed;
    penstock_rtmp_chunk_reader_feed (
        reader, bytes, size + 1, 0, &consumed, &out, &error);
    /* Its chunk is 128 bytes long. */
    for (guint k = 1; k < 128 && !error; k++)
      penstock_rtmp_chunk_reader_feed (
          reader, bytes, 1, 0, &consumed, &out, &error);
  }
  return g_strdup (error);
}

GST_START_TEST (chunk_streams_are_bounded)
{
  g_autofree gchar *stranger_at =
      begin_messages (PENSTOCK_RTMP_MAX_CHUNK_STREAMS_EARLY, FALSE);
  g_autofree gchar *stranger_over =
      begin_messages (PENSTOCK_RTMP_MAX_CHUNK_STREAMS_EARLY + 1, FALSE);
  g_autofree gchar *trusted_at =
      begin_messages (PENSTOCK_RTMP_MAX_CHUNK_STREAMS, TRUE);
  g_autofree gchar *trusted_over =
      begin_messages (PENSTOCK_RTMP_MAX_CHUNK_STREAMS + 1, TRUE);

  fail_unless (stranger_at == NULL, "%s", stranger_at);
  assert_equals_string (stranger_over, "too many chunk streams");
  fail_unless (trusted_at == NULL, "%s", trusted_at);
  assert_equals_string (trusted_over, "too many chunk streams");
}
GST_END_TEST;

/* Sends @size bytes of one long message to a stranger's reader. */
static const gchar *
begin_long_message (gsize size)
{
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_lenient);
  const PenstockRtmpMessage message = { .type = PENSTOCK_RTMP_VIDEO,
    .size = 0xffffff };
  guint8 header[PENSTOCK_RTMP_CHUNK_HEADER_MAX];
  guint n = penstock_rtmp_chunk_write_header (header, 0, 6, &message);
  g_autofree guint8 *payload = g_malloc0 (size);
  const gchar *error = NULL;
  PenstockRtmpMessage *out;
  gsize consumed;

  penstock_rtmp_chunk_reader_set_chunk_size (reader, 0xffffff);
  penstock_rtmp_chunk_reader_feed (
      reader, header, n, 0, &consumed, &out, &error);
  penstock_rtmp_chunk_reader_feed (
      reader, payload, size, 0, &consumed, &out, &error);
  return error;
}

GST_START_TEST (unfinished_bytes_are_bounded)
{
  fail_unless (begin_long_message (PENSTOCK_RTMP_MAX_UNFINISHED_EARLY) == NULL);
  assert_equals_string (
      begin_long_message (PENSTOCK_RTMP_MAX_UNFINISHED_EARLY + 1),
      "too many unfinished bytes");
}
GST_END_TEST;

/* A message of this type and announced length begins. */
static const struct {
  guint8 type;
  gsize at;
  const gchar *above; /* error, NULL: it is skipped */
} length_rows[] = {
  { PENSTOCK_RTMP_VIDEO, 70000, "message is longer than its type allows" },
  { PENSTOCK_RTMP_AUDIO, 9000, "message is longer than its type allows" },
  { PENSTOCK_RTMP_COMMAND, 5000, "message is longer than its type allows" },
  { PENSTOCK_RTMP_COMMAND_AMF3, 5000,
      "message is longer than its type allows" },
  { PENSTOCK_RTMP_DATA, 6000, NULL },
  { PENSTOCK_RTMP_DATA_AMF3, 6000, NULL },
  { PENSTOCK_RTMP_SET_CHUNK_SIZE, PENSTOCK_RTMP_MAX_CONTROL, NULL },
};

/* Feeds one message; whether it was handed out. */
static gboolean
feed_message_of (guint8 type, gsize size, const gchar **error)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_lenient);
  g_autofree guint8 *payload = g_malloc0 (size);
  g_autoptr (PenstockRtmpMessage) message =
      penstock_rtmp_message_new (type, 1, 0, payload, size);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  PenstockRtmpMessage *out = NULL;
  gsize consumed;

  limits.max_video = 70000;
  limits.max_audio = 9000;
  limits.max_command = 5000;
  limits.max_data = 6000;
  penstock_rtmp_chunk_reader_set_limits (reader, &limits);
  penstock_rtmp_chunk_reader_trust (reader);
  penstock_rtmp_chunk_write (bytes, 3, message, 128);
  *error = NULL;
  penstock_rtmp_chunk_reader_feed (
      reader, bytes->data, bytes->len, 0, &consumed, &out, error);
  penstock_rtmp_message_unref (out);
  return out != NULL;
}

GST_START_TEST (length_of_messages_is_bounded_by_type)
{
  const guint8 type = length_rows[__i__].type;
  const gchar *error;

  fail_unless (feed_message_of (type, length_rows[__i__].at, &error));
  fail_unless (error == NULL);
  fail_if (feed_message_of (type, length_rows[__i__].at + 1, &error));
  assert_equals_string (error, length_rows[__i__].above);
}
GST_END_TEST;

GST_START_TEST (messages_are_counted_in_a_common_memory)
{
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_lenient);
  PenstockRtmpMemory *memory = penstock_rtmp_memory_new ();
  guint8 payload[3000] = { 0 };
  g_autoptr (PenstockRtmpMessage) message = penstock_rtmp_message_new (
      PENSTOCK_RTMP_VIDEO, 1, 0, payload, sizeof payload);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  PenstockRtmpMessage *first, *second = NULL;
  const gchar *error = NULL;
  gsize consumed;

  penstock_rtmp_memory_set_max (memory, 2 * sizeof payload - 1);
  penstock_rtmp_chunk_reader_set_memory (reader, memory);
  penstock_rtmp_chunk_write (bytes, 3, message, 128);
  penstock_rtmp_chunk_reader_feed (
      reader, bytes->data, bytes->len, 0, &consumed, &first, &error);
  assert_equals_uint64 (
      penstock_rtmp_memory_get_bytes (memory), sizeof payload);
  fail_if (penstock_rtmp_memory_is_full (memory));

  /* The first is held: there is room for almost another one. */
  penstock_rtmp_chunk_reader_feed (
      reader, bytes->data, bytes->len, 0, &consumed, &second, &error);
  assert_equals_string (error, "the listener's memory is used up");
  fail_unless (second == NULL);
  penstock_rtmp_message_unref (first);
  assert_equals_uint64 (penstock_rtmp_memory_get_bytes (memory), 0);
  penstock_rtmp_memory_unref (memory);
}
GST_END_TEST;

GST_START_TEST (memory_is_full_before_it_is_used_up)
{
  PenstockRtmpMemory *memory = penstock_rtmp_memory_new ();

  fail_unless (penstock_rtmp_memory_take (memory, G_MAXINT32));
  penstock_rtmp_memory_give (memory, G_MAXINT32);
  penstock_rtmp_memory_set_max (memory, 1000);
  fail_unless (penstock_rtmp_memory_take (memory, 899));
  fail_if (penstock_rtmp_memory_is_full (memory));
  fail_unless (penstock_rtmp_memory_take (memory, 1));
  fail_unless (penstock_rtmp_memory_is_full (memory));
  fail_unless (penstock_rtmp_memory_take (memory, 100));
  fail_if (penstock_rtmp_memory_take (memory, 1));
  assert_equals_uint64 (penstock_rtmp_memory_get_bytes (memory), 1000);
  penstock_rtmp_memory_unref (memory);
}
GST_END_TEST;

GST_START_TEST (memory_grows_with_the_bytes_received)
{
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_lenient);
  const PenstockRtmpMessage message = { .type = PENSTOCK_RTMP_VIDEO,
    .size = 0xffffff };
  guint8 bytes[PENSTOCK_RTMP_CHUNK_HEADER_MAX + 1] = { 0 };
  guint n = penstock_rtmp_chunk_write_header (bytes, 0, 6, &message);
  const gchar *error;
  PenstockRtmpMessage *out;
  gsize consumed, room;

  penstock_rtmp_chunk_reader_set_chunk_size (reader, 0xffffff);
  penstock_rtmp_chunk_reader_feed (
      reader, bytes, n + 1, 0, &consumed, &out, &error);
  fail_unless (penstock_rtmp_chunk_reader_get_room (reader, &room) != NULL);
  fail_unless (room <= 4095, "room for %" G_GSIZE_FORMAT " bytes", room);
}
GST_END_TEST;

GST_START_TEST (payload_can_be_received_in_place)
{
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_lenient);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 payload[3000];
  PenstockRtmpMessage *out;
  const gchar *error;
  gsize consumed, room, pos;

  for (guint i = 0; i < sizeof payload; i++)
    payload[i] = i * 7;
  g_autoptr (PenstockRtmpMessage) message = penstock_rtmp_message_new (
      PENSTOCK_RTMP_VIDEO, 1, 3, payload, sizeof payload);
  penstock_rtmp_chunk_write (bytes, 6, message, 65536);
  penstock_rtmp_chunk_reader_set_chunk_size (reader, 65536);
  fail_unless (penstock_rtmp_chunk_reader_get_room (reader, &room) == NULL);
  pos = bytes->len - 2000;
  penstock_rtmp_chunk_reader_feed (
      reader, bytes->data, pos, 0, &consumed, &out, &error);
  guint8 *into = penstock_rtmp_chunk_reader_get_room (reader, &room);
  assert_equals_int (room, 2000);
  memcpy (into, bytes->data + pos, room - 1);
  penstock_rtmp_chunk_reader_fill (reader, room - 1);
  assert_equals_int (
      penstock_rtmp_chunk_reader_feed (
          reader, bytes->data + bytes->len - 1, 1, 0, &consumed, &out, &error),
      PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (out->size, sizeof payload);
  fail_unless (memcmp (out->data, payload, sizeof payload) == 0);
  penstock_rtmp_message_unref (out);
}
GST_END_TEST;

GST_START_TEST (a_new_header_inside_a_message)
{
  /* 10 bytes announced, chunk size 4: 4 of them, then a new message. */
  g_autoptr (GByteArray) bytes =
      bytes_from_hex ("04 000000 00000a 08 01000000 00010203"
                      "04 000009 000001 08 01000000 ff");

  for (guint strict = 0; strict < 2; strict++) {
    g_autoptr (PenstockRtmpChunkReader) reader =
        penstock_rtmp_chunk_reader_new (strict ? &penstock_rtmp_quirks_strict
                                               : &penstock_rtmp_quirks_lenient);
    PenstockRtmpMessage *out = NULL;
    const gchar *error = NULL;
    gsize consumed;
    penstock_rtmp_chunk_reader_set_chunk_size (reader, 4);
    PenstockRtmpParse result = penstock_rtmp_chunk_reader_feed (
        reader, bytes->data, bytes->len, 0, &consumed, &out, &error);
    if (strict) {
      assert_equals_int (result, PENSTOCK_RTMP_PARSE_ERROR);
      assert_equals_string (error, "new header in the middle of a message");
    } else {
      assert_equals_int (result, PENSTOCK_RTMP_PARSE_DONE);
      assert_equals_int (out->size, 1);
      assert_equals_int (out->data[0], 0xff);
      penstock_rtmp_message_unref (out);
    }
  }
}
GST_END_TEST;

GST_START_TEST (chunk_size_has_bounds)
{
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_lenient);

  fail_if (penstock_rtmp_chunk_reader_set_chunk_size (reader, 0));
  fail_if (penstock_rtmp_chunk_reader_set_chunk_size (reader, 0x80000000));
  fail_unless (penstock_rtmp_chunk_reader_set_chunk_size (reader, 1));
  fail_unless (penstock_rtmp_chunk_reader_set_chunk_size (reader, 0x7fffffff));
}
GST_END_TEST;

/* Extended timestamps of senders that do not repeat them, whose payload looks
 * like the timestamp: settled after enough messages that do not. */
GST_START_TEST (a_settled_sender_is_not_mistaken)
{
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_lenient);

  for (guint i = 0; i <= PENSTOCK_RTMP_EXTENDED_STICKY; i++) {
    g_autoptr (GByteArray) bytes =
        bytes_from_hex ("04 ffffff 00000c 08 01000000 01000000 0a0b0c0d");
    gboolean last = i == PENSTOCK_RTMP_EXTENDED_STICKY;
    PenstockRtmpMessage *out = NULL;
    const gchar *error;
    gsize consumed;
    /* The rest in a chunk without the field, in the end made to look so. */
    g_autoptr (GByteArray) rest = bytes_from_hex (
        last ? "c4 01000000 10111213 " : "c4 0e0f1011 10111213 ");
    penstock_rtmp_chunk_reader_set_chunk_size (reader, 4);
    penstock_rtmp_chunk_reader_feed (
        reader, bytes->data, bytes->len, 0, &consumed, &out, &error);
    penstock_rtmp_chunk_reader_set_chunk_size (reader, 8);
    assert_equals_int (penstock_rtmp_chunk_reader_feed (reader, rest->data,
                           rest->len, 0, &consumed, &out, &error),
        PENSTOCK_RTMP_PARSE_DONE);
    assert_equals_int (out->size, 12);
    assert_equals_int (out->data[4], last ? 1 : 0x0e);
    penstock_rtmp_message_unref (out);
  }
}
GST_END_TEST;

/* Writer */

static const struct {
  guint32 chunk_stream;
  guint32 time;
  gsize size;
  guint32 chunk_size;
} writer_rows[] = {
  { 2, 0, 0, 128 },
  { 3, 1, 1, 128 },
  { 63, 0xfffffe, 128, 128 },
  { 64, 0xffffff, 129, 128 },
  { 319, 0x1000000, 1000, 1 },
  { 320, G_MAXUINT32, 5000, 128 },
  { 65599, 5, 100000, 65536 },
};

GST_START_TEST (what_was_written_reads_the_same)
{
  gsize size = writer_rows[__i__].size;
  g_autofree guint8 *payload = g_malloc0 (size);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (gsize i = 0; i < size; i++)
    payload[i] = i * 31;
  g_autoptr (PenstockRtmpMessage) message = penstock_rtmp_message_new (
      PENSTOCK_RTMP_VIDEO, 0x01020304, writer_rows[__i__].time, payload, size);
  penstock_rtmp_chunk_write (bytes, writer_rows[__i__].chunk_stream, message,
      writer_rows[__i__].chunk_size);

  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_strict);
  PenstockRtmpMessage *out;
  const gchar *error;
  gsize consumed;
  penstock_rtmp_chunk_reader_trust (reader);
  penstock_rtmp_chunk_reader_set_chunk_size (
      reader, writer_rows[__i__].chunk_size);
  assert_equals_int (penstock_rtmp_chunk_reader_feed (reader, bytes->data,
                         bytes->len, 0, &consumed, &out, &error),
      PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (consumed, bytes->len);
  assert_equals_int (out->chunk_stream, writer_rows[__i__].chunk_stream);
  assert_equals_uint64 (out->timestamp, writer_rows[__i__].time);
  assert_equals_int (out->stream_id, 0x01020304);
  assert_equals_int (out->size, size);
  fail_unless (size == 0 || memcmp (out->data, payload, size) == 0);
  penstock_rtmp_message_unref (out);
}
GST_END_TEST;

static Suite *
rtmp_chunk_suite (void)
{
  Suite *suite = suite_create ("rtmp-chunk");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, headers_are_read, 0, G_N_ELEMENTS (header_rows));
  tcase_add_loop_test (
      tcase, streams_of_chunks_are_read, 0, G_N_ELEMENTS (stream_rows));
  tcase_add_test (tcase, chunk_streams_are_bounded);
  tcase_add_test (tcase, unfinished_bytes_are_bounded);
  tcase_add_loop_test (tcase, length_of_messages_is_bounded_by_type, 0,
      G_N_ELEMENTS (length_rows));
  tcase_add_test (tcase, messages_are_counted_in_a_common_memory);
  tcase_add_test (tcase, memory_is_full_before_it_is_used_up);
  tcase_add_test (tcase, memory_grows_with_the_bytes_received);
  tcase_add_test (tcase, payload_can_be_received_in_place);
  tcase_add_test (tcase, a_new_header_inside_a_message);
  tcase_add_test (tcase, chunk_size_has_bounds);
  tcase_add_test (tcase, a_settled_sender_is_not_mistaken);
  tcase_add_loop_test (
      tcase, what_was_written_reads_the_same, 0, G_N_ELEMENTS (writer_rows));
  return suite;
}

GST_CHECK_MAIN (rtmp_chunk);
