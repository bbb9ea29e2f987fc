/* SPDX-License-Identifier: MIT
 *
 * Unit tests of the AMF decoder and encoder. */

#include "rtmp/rtmp-amf.h"

#include <math.h>

#include "rtmp-test.h"
#include "rtmp/rtmp-limits.h"

/* A value as text, to compare with: numbers as %g, strings quoted, objects as
 * {name:value}, maps as M{...}, arrays as [...], null as -. */
static void
describe (const PenstockAmfValue *value, GString *text)
{
  static const gchar *const open[] = { "{", "M{", "[" };
  static const gchar *const close[] = { "}", "}", "]" };

  switch (value->type) {
  case PENSTOCK_AMF_NULL:
    g_string_append_c (text, '-');
    break;
  case PENSTOCK_AMF_NUMBER:
    g_string_append_printf (text, "%g", value->number);
    break;
  case PENSTOCK_AMF_BOOLEAN:
    g_string_append (text, value->number != 0 ? "true" : "false");
    break;
  case PENSTOCK_AMF_STRING:
    g_string_append_printf (text, "\"%s\"", value->string);
    break;
  case PENSTOCK_AMF_DATE:
    g_string_append_printf (text, "D%g", value->number);
    break;
  default:
    g_string_append (text, open[value->type - PENSTOCK_AMF_OBJECT]);
    for (guint i = 0; i < value->length; i++) {
      if (i > 0)
        g_string_append_c (text, ',');
      if (value->items[i].name)
        g_string_append_printf (text, "%s:", value->items[i].name);
      describe (&value->items[i].value, text);
    }
    g_string_append (text, close[value->type - PENSTOCK_AMF_OBJECT]);
    break;
  }
}

static void
assert_value (const PenstockAmfValue *value, const gchar *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  describe (value, text);
  assert_equals_string (text->str, expected);
}

typedef PenstockRtmpParse (*ParseFunc) (
    const guint8 *data, gsize size, gsize *consumed, PenstockAmfValue *out);

/* The whole row is one value; cut anywhere it wants more. */
static void
check_row (ParseFunc parse, const gchar *hex, const gchar *expected)
{
  g_autoptr (GByteArray) bytes = bytes_from_hex (hex);

  for (gsize size = 0; size <= bytes->len; size++) {
    g_autofree guint8 *exact = g_memdup2 (bytes->data, size);
    PenstockAmfValue value = { PENSTOCK_AMF_NULL };
    gsize consumed = 4711;
    PenstockRtmpParse result = parse (exact, size, &consumed, &value);
    if (size < bytes->len) {
      assert_equals_int (result, PENSTOCK_RTMP_PARSE_MORE);
      assert_equals_int (consumed, 4711);
    } else {
      assert_equals_int (result, PENSTOCK_RTMP_PARSE_DONE);
      assert_equals_int (consumed, bytes->len);
      assert_value (&value, expected);
    }
    penstock_amf_value_clear (&value);
  }
}

typedef struct {
  const gchar *name;
  const gchar *hex;
  const gchar *expected;
} Row;

static const Row amf0_rows[] = {
  { "number, 2.2", "00 3ff8000000000000", "1.5" },
  { "not a number", "00 7ff8000000000000", "nan" },
  { "boolean, 2.3", "01 01", "true" },
  { "boolean of any non-zero byte", "01 7f", "true" },
  { "string, 2.4", "02 0003 616263", "\"abc\"" },
  { "empty string", "02 0000", "\"\"" },
  { "object, 2.5", "03 0001 61 0101 0001 62 05 000009", "{a:true,b:-}" },
  { "object with an empty name in it", "03 0000 0100 0001 62 05 000009",
      "{:false,b:-}" },
  { "null, 2.7", "05", "-" },
  { "undefined, 2.8", "06", "-" },
  { "reference becomes null, 2.9", "07 0001", "-" },
  { "ECMA array with count 0, 2.10",
      "08 00000000 0001 77 00 4094000000000000 000009", "M{w:1280}" },
  { "ECMA array with count 65535", "08 0000ffff 0001 77 0100 000009",
      "M{w:false}" },
  { "strict array, 2.12", "0a 00000002 05 0101", "[-,true]" },
  { "date, 2.13", "0b 4059000000000000 0000", "D100" },
  { "long string, 2.14", "0c 00000002 6869", "\"hi\"" },
  { "unsupported, 2.15", "0d", "-" },
  { "XML document, 2.17", "0f 00000003 3c612f", "\"<a/\"" },
  { "typed object, 2.18", "10 0003 466f6f 0001 61 05 000009", "{a:-}" },
  { "switch to AMF3, 3.1", "11 04 7f", "127" },
  { "nested", "03 0001 61 03 0001 62 0a 00000001 05 000009 000009",
      "{a:{b:[-]}}" },
};

GST_START_TEST (amf0_values_are_read)
{
  check_row (
      penstock_amf0_parse, amf0_rows[__i__].hex, amf0_rows[__i__].expected);
}
GST_END_TEST;

static const Row amf3_rows[] = {
  { "undefined, 3.2", "00", "-" },
  { "null, 3.3", "01", "-" },
  { "false, 3.4", "02", "false" },
  { "true, 3.5", "03", "true" },
  { "integer of one byte, 3.6", "04 05", "5" },
  { "integer of two bytes", "04 81 00", "128" },
  { "integer of four bytes", "04 80c08001", "2.09715e+06" },
  { "negative integer", "04 ffffffff", "-1" },
  { "double, 3.7", "05 3ff8000000000000", "1.5" },
  { "string, 3.8", "06 07 616263", "\"abc\"" },
  { "empty string", "06 01", "\"\"" },
  { "string reference", "09 05 01 06 03 61 06 00", "[\"a\",\"a\"]" },
  { "XML document, 3.9", "07 05 3c61", "\"<a\"" },
  { "date, 3.10", "08 01 4059000000000000", "D100" },
  { "dense array, 3.11", "09 05 01 04 01 04 02", "[1,2]" },
  { "associative array", "09 01 03 61 04 01 01", "M{a:1}" },
  { "associative array drops its dense part", "09 03 03 61 04 01 01 04 02",
      "M{a:1}" },
  { "dynamic object, 3.12", "0a 0b 01 03 61 04 01 01", "{a:1}" },
  { "sealed object", "0a 23 01 03 61 03 62 04 01 04 02", "{a:1,b:2}" },
  { "trait reference", "09 05 01 0a 13 01 03 61 04 01 0a 01 04 02",
      "[{a:1},{a:2}]" },
  { "object reference becomes null", "0a 00", "-" },
  { "XML, 3.13", "0b 05 3c61", "\"<a\"" },
  { "byte array, 3.14", "0c 05 6869", "\"hi\"" },
};

GST_START_TEST (amf3_values_are_read)
{
  check_row (
      penstock_amf3_parse, amf3_rows[__i__].hex, amf3_rows[__i__].expected);
}
GST_END_TEST;

static const Row broken_rows[] = {
  { "movie clip, 2.6", "04", NULL },
  { "recordset, 2.16", "0e", NULL },
  { "unknown marker", "12", NULL },
  { "object end without object", "09", NULL },
  { "AMF3: unknown marker", "11 0d", NULL },
  { "AMF3: string reference beyond the table", "11 06 02", NULL },
  { "AMF3: trait reference beyond the table", "11 0a 05", NULL },
  { "AMF3: externalizable class", "11 0a 07 07 466f6f", NULL },
  { "AMF3: class of 268435455 members", "11 0a ffffffff 01", NULL },
};

GST_START_TEST (broken_values_are_errors)
{
  g_autoptr (GByteArray) bytes = bytes_from_hex (broken_rows[__i__].hex);
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };
  gsize consumed = 0;

  assert_equals_int (
      penstock_amf0_parse (bytes->data, bytes->len, &consumed, &value),
      PENSTOCK_RTMP_PARSE_ERROR);
}
GST_END_TEST;

/* @depth strict arrays of one element in each other, then null. */
static GByteArray *
nested_arrays (guint depth)
{
  GByteArray *bytes = g_byte_array_new ();

  for (guint i = 0; i < depth; i++)
    penstock_amf0_begin_array (bytes, 1);
  penstock_amf0_write_null (bytes);
  return bytes;
}

static PenstockRtmpParse
parse_all (GByteArray *bytes, PenstockAmfValue *value)
{
  gsize consumed;

  return penstock_amf0_parse (bytes->data, bytes->len, &consumed, value);
}

GST_START_TEST (nesting_is_bounded)
{
  g_autoptr (GByteArray) deep = nested_arrays (PENSTOCK_AMF_MAX_DEPTH - 1);
  g_autoptr (GByteArray) deeper = nested_arrays (PENSTOCK_AMF_MAX_DEPTH);
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };

  assert_equals_int (parse_all (deep, &value), PENSTOCK_RTMP_PARSE_DONE);
  penstock_amf_value_clear (&value);
  assert_equals_int (parse_all (deeper, &value), PENSTOCK_RTMP_PARSE_ERROR);
}
GST_END_TEST;

/* Values and their text, at the bound and above, of a message. */
GST_START_TEST (bounds_of_a_message_can_be_changed)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  g_autoptr (GByteArray) bytes = nested_arrays (4);
  g_autoptr (GPtrArray) deep = NULL, cut = NULL;

  limits.amf_depth = 4;
  limits.amf_string = 1024;
  limits.amf_properties = 1;
  g_byte_array_remove_range (bytes, 0, 5); /* three arrays and null */
  penstock_amf0_begin_object (bytes);
  penstock_amf0_write_name (bytes, "a");
  g_autofree gchar *text = g_strnfill (1025, 'x');
  penstock_amf0_write_string (bytes, text);
  penstock_amf0_write_name (bytes, "b");
  penstock_amf0_write_null (bytes);
  penstock_amf0_end_object (bytes);
  cut = penstock_amf_parse_message_within (
      &limits, PENSTOCK_RTMP_COMMAND, bytes->data, bytes->len);
  assert_equals_int (cut->len, 2);
  assert_equals_int (penstock_amf_nth (cut, 1)->length, 1);
  assert_equals_int (
      strlen (penstock_amf_get_string (penstock_amf_nth (cut, 1), "a")), 1024);

  limits.amf_depth = 3;
  deep = penstock_amf_parse_message_within (
      &limits, PENSTOCK_RTMP_COMMAND, bytes->data, bytes->len);
  assert_equals_int (deep->len, 1);
}
GST_END_TEST;

GST_START_TEST (deeply_nested_arrays_do_not_end_the_stack)
{
  g_autoptr (GByteArray) bytes = nested_arrays (200000);
  g_autoptr (GPtrArray) values = penstock_amf_parse_message (
      PENSTOCK_RTMP_COMMAND, bytes->data, bytes->len);

  fail_unless (values->len <= 1);
}
GST_END_TEST;

GST_START_TEST (values_of_a_message_are_bounded)
{
  g_autoptr (GByteArray) full = g_byte_array_new ();
  g_autoptr (GByteArray) over = g_byte_array_new ();
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };

  /* The array counts as a value. */
  penstock_amf0_begin_array (full, PENSTOCK_AMF_MAX_VALUES - 1);
  penstock_amf0_begin_array (over, PENSTOCK_AMF_MAX_VALUES);
  for (guint i = 0; i < PENSTOCK_AMF_MAX_VALUES; i++) {
    penstock_amf0_write_null (over);
    penstock_amf0_write_null (full);
  }
  assert_equals_int (parse_all (full, &value), PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (value.length, PENSTOCK_AMF_MAX_VALUES - 1);
  penstock_amf_value_clear (&value);
  assert_equals_int (parse_all (over, &value), PENSTOCK_RTMP_PARSE_ERROR);
}
GST_END_TEST;

GST_START_TEST (properties_beyond_the_bound_are_skipped)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };

  penstock_amf0_begin_object (bytes);
  for (guint i = 0; i <= PENSTOCK_AMF_MAX_PROPERTIES; i++) {
    g_autofree gchar *name = g_strdup_printf ("p%u", i);
    penstock_amf0_write_name (bytes, name);
    penstock_amf0_write_number (bytes, i);
  }
  penstock_amf0_end_object (bytes);
  assert_equals_int (parse_all (bytes, &value), PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (value.length, PENSTOCK_AMF_MAX_PROPERTIES);
  fail_unless (penstock_amf_get (&value, "p1023") != NULL);
  fail_unless (penstock_amf_get (&value, "p1024") == NULL);
  penstock_amf_value_clear (&value);
}
GST_END_TEST;

GST_START_TEST (long_strings_are_cut)
{
  g_autofree gchar *text = g_strnfill (PENSTOCK_AMF_MAX_STRING + 1, 'x');
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };

  penstock_amf0_write_string (bytes, text);
  assert_equals_int (bytes->data[0], 0x0c); /* long string */
  assert_equals_int (parse_all (bytes, &value), PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (value.length, PENSTOCK_AMF_MAX_STRING);
  penstock_amf_value_clear (&value);
}
GST_END_TEST;

typedef struct {
  const gchar *name;
  guint8 type;
  const gchar *hex;
  const gchar *expected; /* values, joined by a space */
} MessageRow;

static const MessageRow message_rows[] = {
  { "command", 20, "02 0004 706c6179 00 4000000000000000 05", "\"play\" 2 -" },
  { "AMF3 command with format byte", 17, "00 02 0001 61 11 04 07", "\"a\" 7" },
  { "AMF3 command without format byte", 17, "02 0001 61 05", "\"a\" -" },
  { "object whose end is missing is kept", 18, "03 0001 61 0101 0001 62 0100",
      "{a:true,b:false}" },
  { "nested object whose end is missing is kept", 18,
      "03 0001 61 03 0001 62 0100", "{a:{b:false}}" },
  { "map with a value of unknown type keeps what came before", 18,
      "02 0001 78 08 00000002 0001 61 0101 0001 62 1f", "\"x\" M{a:true}" },
  { "trailing garbage ends the list", 18, "05 ff 05", "-" },
  { "nothing", 18, "", "" },
};

GST_START_TEST (messages_are_read_leniently)
{
  const MessageRow *row = &message_rows[__i__];
  g_autoptr (GByteArray) bytes = bytes_from_hex (row->hex);
  g_autoptr (GPtrArray) values =
      penstock_amf_parse_message (row->type, bytes->data, bytes->len);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < values->len; i++) {
    if (i > 0)
      g_string_append_c (text, ' ');
    describe (penstock_amf_nth (values, i), text);
  }
  assert_equals_string (text->str, row->expected);
  fail_unless (penstock_amf_nth (values, values->len) == NULL);
}
GST_END_TEST;

/* Rows that writing gives back byte by byte. */
GST_START_TEST (what_was_written_reads_the_same)
{
  g_autoptr (GByteArray) bytes = bytes_from_hex (amf0_rows[__i__].hex);
  g_autoptr (GByteArray) written = g_byte_array_new ();
  PenstockAmfValue original = { PENSTOCK_AMF_NULL };
  PenstockAmfValue again = { PENSTOCK_AMF_NULL };

  assert_equals_int (parse_all (bytes, &original), PENSTOCK_RTMP_PARSE_DONE);
  penstock_amf0_write_value (written, &original);
  assert_equals_int (parse_all (written, &again), PENSTOCK_RTMP_PARSE_DONE);
  assert_value (&again, amf0_rows[__i__].expected);
  penstock_amf_value_clear (&original);
  penstock_amf_value_clear (&again);
}
GST_END_TEST;

GST_START_TEST (properties_are_found_by_name)
{
  g_autoptr (GByteArray) bytes = bytes_from_hex (
      "03 0001 61 02 0001 78 0001 62 0101 0001 61 02 0001 79 000009");
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };
  gdouble number = 0;

  assert_equals_int (parse_all (bytes, &value), PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_string (penstock_amf_get_string (&value, "a"), "y");
  fail_unless (penstock_amf_get_string (&value, "b") == NULL);
  fail_unless (penstock_amf_get_number (&value, "b", &number));
  fail_unless (number == 1);
  fail_if (penstock_amf_get_number (&value, "a", &number));
  fail_unless (penstock_amf_get (NULL, "a") == NULL);
  penstock_amf_value_clear (&value);
}
GST_END_TEST;

GST_START_TEST (text_for_logs_has_no_control_characters)
{
  g_autofree gchar *text = penstock_amf_text ("a\nb\x1b[0m\xff\xc3\xa9", 64);
  g_autofree gchar *cut = penstock_amf_text ("abcdef", 3);

  assert_equals_string (text, "a?b?[0m?\xc3\xa9");
  assert_equals_string (cut, "abc");
}
GST_END_TEST;

static Suite *
rtmp_amf_suite (void)
{
  Suite *suite = suite_create ("rtmp-amf");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, amf0_values_are_read, 0, G_N_ELEMENTS (amf0_rows));
  tcase_add_loop_test (
      tcase, amf3_values_are_read, 0, G_N_ELEMENTS (amf3_rows));
  tcase_add_loop_test (
      tcase, broken_values_are_errors, 0, G_N_ELEMENTS (broken_rows));
  tcase_add_loop_test (
      tcase, messages_are_read_leniently, 0, G_N_ELEMENTS (message_rows));
  tcase_add_loop_test (
      tcase, what_was_written_reads_the_same, 0, G_N_ELEMENTS (amf0_rows));
  tcase_add_test (tcase, nesting_is_bounded);
  tcase_add_test (tcase, bounds_of_a_message_can_be_changed);
  tcase_add_test (tcase, deeply_nested_arrays_do_not_end_the_stack);
  tcase_add_test (tcase, values_of_a_message_are_bounded);
  tcase_add_test (tcase, properties_beyond_the_bound_are_skipped);
  tcase_add_test (tcase, long_strings_are_cut);
  tcase_add_test (tcase, properties_are_found_by_name);
  tcase_add_test (tcase, text_for_logs_has_no_control_characters);
  return suite;
}

GST_CHECK_MAIN (rtmp_amf);
