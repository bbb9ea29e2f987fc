/* SPDX-License-Identifier: MIT
 *
 * Unit tests of messages, control payloads and aggregates. */

#include "rtmp/rtmp-message.h"

#include "rtmp-test.h"
#include "rtmp/rtmp-limits.h"

typedef struct {
  const gchar *name;
  guint8 type;
  const gchar *hex;
  PenstockRtmpControl expected;
} ControlRow;

static const ControlRow control_rows[] = {
  { "set chunk size, 5.4.1", 1, "00001000", { 1, 4096 } },
  { "abort, 5.4.2", 2, "00000006", { 2, 6 } },
  { "acknowledgement, 5.4.3", 3, "ffffffff", { 3, G_MAXUINT32 } },
  { "stream begin, 7.1.7", 4, "0000 00000001", { 4, 1, 0 } },
  { "set buffer length", 4, "0003 00000001 00000bb8", { 4, 1, 3, 3000 } },
  { "ping request", 4, "0006 01020304", { 4, 0x01020304, 6 } },
  { "unknown event", 4, "001f 00000001", { 4, 1, 31 } },
  { "window acknowledgement size, 5.4.4", 5, "002625a0", { 5, 2500000 } },
  { "set peer bandwidth, 5.4.5", 6, "002625a0 02", { 6, 2500000, 0, 0, 2 } },
};

static void
assert_control (
    const PenstockRtmpControl *is, const PenstockRtmpControl *expected)
{
  assert_equals_int (is->type, expected->type);
  assert_equals_uint64 (is->value, expected->value);
  assert_equals_int (is->event, expected->event);
  assert_equals_uint64 (is->value2, expected->value2);
  assert_equals_int (is->limit, expected->limit);
}

GST_START_TEST (control_messages_are_read_and_written)
{
  const ControlRow *row = &control_rows[__i__];
  g_autoptr (GByteArray) bytes = bytes_from_hex (row->hex);
  g_autoptr (GByteArray) written = g_byte_array_new ();
  PenstockRtmpControl control = { 0 };

  for (gsize size = 0; size < bytes->len; size++) {
    g_autofree guint8 *exact = g_memdup2 (bytes->data, size);
    assert_equals_int (
        penstock_rtmp_control_parse (row->type, exact, size, &control),
        PENSTOCK_RTMP_PARSE_MORE);
    assert_equals_int (control.type, 0);
  }
  assert_equals_int (penstock_rtmp_control_parse (
                         row->type, bytes->data, bytes->len, &control),
      PENSTOCK_RTMP_PARSE_DONE);
  assert_control (&control, &row->expected);

  penstock_rtmp_control_write (&control, written);
  assert_equals_int (written->len, bytes->len);
  fail_unless (memcmp (written->data, bytes->data, bytes->len) == 0);
}
GST_END_TEST;

GST_START_TEST (other_types_are_no_control_messages)
{
  const guint8 bytes[16] = { 0 };
  PenstockRtmpControl control;

  for (guint type = 7; type < 256; type++)
    assert_equals_int (
        penstock_rtmp_control_parse (type, bytes, sizeof bytes, &control),
        PENSTOCK_RTMP_PARSE_ERROR);
}
GST_END_TEST;

/* Audio at 1000 and 1023, video at 1010; back pointers as told. */
#define AUDIO_TAG "08 000002 0003e8 00 000000 af01 0000000d"
#define VIDEO_TAG "09 000003 0003f2 00 000000 170100 0000000e"
#define LATER_AUDIO_TAG "08 000001 0003ff 00 000000 af"

typedef struct {
  const gchar *name;
  const gchar *hex;
  const gchar *expected; /* type@time:bytes ...; then ok or broken */
} AggregateRow;

static const AggregateRow aggregate_rows[] = {
  { "two parts", AUDIO_TAG VIDEO_TAG, "8@5000:2 9@5010:3 ok" },
  { "last back pointer missing", VIDEO_TAG LATER_AUDIO_TAG,
      "9@5000:3 8@5013:1 ok" },
  { "time above 24 bits",
      "08 000001 000000 01 000000 af 00000000"
      "08 000001 000005 01 000000 af 00000000",
      "8@5000:1 8@5005:1 ok" },
  { "other types and empty parts are skipped",
      "12 000001 000000 00 000000 05 00000000"
      "16 000001 000000 00 000000 05 00000000"
      "08 000000 000000 00 000000 00000000"
      "14 000001 000000 00 000000 05",
      "18@5000:1 ok" },
  { "length beyond the message", AUDIO_TAG "09 000004 0003f2 00 000000 170100",
      "8@5000:2 broken" },
  { "cut header", AUDIO_TAG "09 0000", "8@5000:2 broken" },
  { "empty", "", "ok" },
};

GST_START_TEST (aggregates_are_taken_apart)
{
  const AggregateRow *row = &aggregate_rows[__i__];
  g_autoptr (GByteArray) bytes = bytes_from_hex (row->hex);
  g_autoptr (PenstockRtmpMessage) aggregate = penstock_rtmp_message_new (
      PENSTOCK_RTMP_AGGREGATE, 1, 5000, bytes->data, bytes->len);
  g_autoptr (GString) text = g_string_new (NULL);
  gsize position = 0;
  guint32 base = 0;
  PenstockRtmpMessage *part;
  PenstockRtmpParse result;

  while ((result = penstock_rtmp_aggregate_next (aggregate, &position, &base,
              &part)) == PENSTOCK_RTMP_PARSE_DONE) {
    g_string_append_printf (text, "%u@%u:%" G_GSIZE_FORMAT " ", part->type,
        part->timestamp, part->size);
    assert_equals_int (part->stream_id, 1);
    penstock_rtmp_message_unref (part);
  }
  g_string_append (text, result == PENSTOCK_RTMP_PARSE_ERROR ? "broken" : "ok");
  assert_equals_string (text->str, row->expected);
}
GST_END_TEST;

GST_START_TEST (memory_shares_the_payload)
{
  PenstockRtmpMessage *message = penstock_rtmp_message_new (
      PENSTOCK_RTMP_VIDEO, 1, 0, (const guint8 *) "0123456789", 10);
  const guint8 *data = message->data;
  GstMemory *memory = penstock_rtmp_message_share (message, 2, 5);
  GstMapInfo map;

  penstock_rtmp_message_unref (message);
  fail_unless (gst_memory_map (memory, &map, GST_MAP_READ));
  assert_equals_int (map.size, 5);
  fail_unless (map.data == data + 2);
  gst_memory_unmap (memory, &map);
  fail_if (gst_memory_map (memory, &map, GST_MAP_WRITE));
  gst_memory_unref (memory);
}
GST_END_TEST;

static Suite *
rtmp_message_suite (void)
{
  Suite *suite = suite_create ("rtmp-message");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, control_messages_are_read_and_written, 0,
      G_N_ELEMENTS (control_rows));
  tcase_add_test (tcase, other_types_are_no_control_messages);
  tcase_add_loop_test (
      tcase, aggregates_are_taken_apart, 0, G_N_ELEMENTS (aggregate_rows));
  tcase_add_test (tcase, memory_shares_the_payload);
  return suite;
}

GST_CHECK_MAIN (rtmp_message);
