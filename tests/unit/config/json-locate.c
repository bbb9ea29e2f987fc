/* SPDX-License-Identifier: MIT
 *
 * Strict JSON: what is refused, with what words and where; what is accepted;
 * where things stand. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "json-locate.h"

typedef struct {
  const gchar *text;
  guint line, column;
  const gchar *message;
} Wrong;

/* RFC 8259 clause by clause. */
static const Wrong wrongs[] = {
  /* 2: grammar */
  { "", 1, 1, "the file is empty" }, { " \n ", 2, 2, "the file is empty" },
  { "{", 1, 2,
      "expected a key in double quotes, found the end of the file; the '{' at "
      "1:1 is not closed" },
  { "[1", 1, 3,
      "expected ',' or ']', found the end of the file; the '[' at 1:1 is not "
      "closed" },
  { "{\n \"a\": [\n", 3, 1,
      "expected a value, found the end of the file; the '[' at 2:7 is not "
      "closed" },
  { "{}{", 1, 3, "expected nothing after the end of the document, found '{'" },
  { "1 2", 1, 3, "expected nothing after the end of the document, found '2'" },
  { "]", 1, 1, "expected a value, found ']'" },
  { "[1}", 1, 3, "expected ',' or ']', found '}'" },
  { "{\"a\":1]", 1, 7, "expected ',' or '}', found ']'" },
  { "[1,]", 1, 4, "no comma is allowed before ']'" },
  { "{\"a\":1,}", 1, 8, "no comma is allowed before '}'" },
  { "[,1]", 1, 2, "expected a value, found ','" },
  { "[1 2]", 1, 4, "expected ',' or ']', found '2'" },
  { "[\v1]", 1, 2, "expected a value, found control character U+000B" },
  { "[\xc2\xa0"
    "1]",
      1, 2, "expected a value, found '\xc2\xa0'" },
  { "// x\n{}", 1, 1, "comments are not allowed in JSON" },
  { "{} # x", 1, 4, "comments are not allowed in JSON" },
  { "[1, /* x */ 2]", 1, 5, "comments are not allowed in JSON" },
  /* 3: values */
  { "True", 1, 1, "expected a value; strings stand in double quotes" },
  { "[nul]", 1, 2, "expected a value; strings stand in double quotes" },
  { "[truee]", 1, 2, "expected a value; strings stand in double quotes" },
  { "[NaN]", 1, 2, "expected a value; strings stand in double quotes" },
  { "['a']", 1, 2, "expected a value, found '''" },
  /* 4: objects */
  { "{a:1}", 1, 2, "expected a key in double quotes, found 'a'" },
  { "{1:1}", 1, 2, "expected a key in double quotes, found '1'" },
  { "{\"a\" 1}", 1, 6, "expected ':' after the key, found '1'" },
  { "{\"a\":}", 1, 6, "expected a value, found '}'" },
  { "{\"a\":1,\n\"b\":2,\n\"a\":3}", 3, 1,
      "duplicate key \"a\", first at 1:2" },
  { "{\"a\":1,\"\\u0061\":2}", 1, 8, "duplicate key \"a\", first at 1:2" },
  { "[{\"x\":{\"k\":1,\"k\":2}}]", 1, 14, "duplicate key \"k\", first at 1:8" },
  /* 6: numbers */
  { "[01]", 1, 2, "a number must not start with 0" },
  { "[-01]", 1, 2, "a number must not start with 0" },
  { "[+1]", 1, 2, "a number must not start with '+'" },
  { "[.5]", 1, 2, "a number must not start with '.'" },
  { "[1.]", 1, 2, "a number needs digits after its point" },
  { "[-]", 1, 2, "a number needs digits after its sign" },
  { "[1e]", 1, 2, "a number needs digits in its exponent" },
  { "[1e+]", 1, 2, "a number needs digits in its exponent" },
  { "[0x10]", 1, 3, "expected ',' or ']', found 'x'" },
  /* 7: strings */
  { "[\"a", 1, 2, "the string is not closed" },
  { "[\"a\nb\"]", 1, 2, "the string is not closed on its line" },
  { "[\"a\tb\"]", 1, 4,
      "control character U+0009 in a string must be escaped" },
  { "[\"\\x41\"]", 1, 3,
      "invalid escape in a string; a backslash is written \\\\" },
  { "[\"C:\\dir\"]", 1, 5,
      "invalid escape in a string; a backslash is written \\\\" },
  { "[\"\\", 1, 3, "invalid escape in a string; a backslash is written \\\\" },
  { "[\"\\u12g4\"]", 1, 3, "\\u needs four hexadecimal digits" },
  { "[\"\\u12", 1, 3, "\\u needs four hexadecimal digits" },
  { "[\"\\u0000\"]", 1, 3, "\\u0000 is not allowed" },
  { "[\"\\ud800\"]", 1, 3, "unpaired surrogate in a \\u escape" },
  { "[\"\\ud800\\u0041\"]", 1, 3, "unpaired surrogate in a \\u escape" },
  { "[\"\\udc00\"]", 1, 3, "unpaired surrogate in a \\u escape" },
  /* 8.1: UTF-8 */
  { "\xef\xbb\xbf{}", 1, 1,
      "starts with a byte order mark; save it as UTF-8 without one" },
  { "[\"\xff\"]", 1, 3, "not UTF-8: byte 0xFF" },
  { "[\"\xc3\xa4\xe4\"]", 1, 4, "not UTF-8: byte 0xE4" },
  { "[\"\xed\xa0\x80\"]", 1, 3, "not UTF-8: byte 0xED" }, /* surrogate */
};

GST_START_TEST (wrong_json_is_refused_at_its_place)
{
  const Wrong *row = &wrongs[__i__];
  PenstockJsonProblem problem = { 0 };
  PenstockJson *json =
      penstock_json_parse (row->text, strlen (row->text), &problem);

  fail_unless (json == NULL, "accepted: %s", row->text);
  fail_unless (g_str_equal (problem.message, row->message), "%s:\n%s",
      row->text, problem.message);
  fail_unless (problem.line == row->line && problem.column == row->column,
      "%s: %u:%u", row->text, problem.line, problem.column);
}
GST_END_TEST;

static const gchar *const rights[] = { "{}", "[]", " [ ] ", "null", "\"\"", "0",
  "-0", "-0.0e-0", "1E400", "123456789012345678901234567890",
  "\r\n\t{\"\":[true,false,null]}\n", "[[[[]],{}]]", "\"\\ud83d\\ude00\"",
  "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"", "[\"\xf0\x9f\x98\x80\", \"\x7f\"]",
  "{\"a\":{\"a\":1},\"b\":{\"a\":1}}" };

/* A prefix of a document is never a document, a number apart. */
GST_START_TEST (right_json_is_accepted_but_not_cut)
{
  const gchar *text = rights[__i__];
  gsize size = strlen (text);
  PenstockJsonProblem problem;
  g_autoptr (PenstockJson) json = penstock_json_parse (text, size, &problem);

  fail_unless (json != NULL, "%s: %s", text, problem.message);
  if (penstock_json_get_root (json)->type == PENSTOCK_JSON_NUMBER)
    return;
  while (size > 0 && strchr (" \r\n\t", text[size - 1]))
    size--;
  while (size-- > 0)
    fail_if (penstock_json_parse (text, size, &problem) != NULL, "%s cut at %u",
        text, (guint) size);
}
GST_END_TEST;

GST_START_TEST (strings_are_unescaped)
{
  const gchar *text = "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00x\"";
  PenstockJsonProblem problem;
  g_autoptr (PenstockJson) json =
      penstock_json_parse (text, strlen (text), &problem);

  assert_equals_string (penstock_json_get_root (json)->text,
      "\"\\/\b\f\n\r\t\xc3\xa4\xf0\x9f\x98\x80x");
}
GST_END_TEST;

/* --- places --------------------------------------------------------------------- */

static const gchar document[] =
    "{\n"
    "  \"a/b\": [10, \"\xc3\xa4\", {\"m~n\": null}],\n"
    "  \"\": { \"x\": true }\n"
    "}\n";

static const struct {
  const gchar *pointer;
  guint line, column;
} places[] = {
  { "", 1, 1 },
  { "/a~1b", 2, 10 },
  { "/a~1b/0", 2, 11 },
  { "/a~1b/1", 2, 15 },
  { "/a~1b/2", 2, 20 }, /* the umlaut is one column */
  { "/a~1b/2/m~0n", 2, 28 },
  { "/", 3, 7 },
  { "//x", 3, 14 },
};

GST_START_TEST (pointers_lead_to_places_and_back)
{
  PenstockJsonProblem problem;
  g_autoptr (PenstockJson) json =
      penstock_json_parse (document, strlen (document), &problem);
  const PenstockJsonNode *node =
      penstock_json_find (json, places[__i__].pointer);
  guint line, column;

  fail_unless (node != NULL, "%s", places[__i__].pointer);
  penstock_json_locate (json, node->offset, &line, &column);
  fail_unless (line == places[__i__].line && column == places[__i__].column,
      "%s: %u:%u", places[__i__].pointer, line, column);
  g_autofree gchar *pointer = penstock_json_node_pointer (node);
  assert_equals_string (pointer, places[__i__].pointer);
}
GST_END_TEST;

GST_START_TEST (pointers_to_nothing_find_nothing)
{
  static const gchar *const nowhere[] = { "x", "/a", "/a/b", "/a~1b/3",
    "/a~1b/-1", "/a~1b/x", "/a~1b/0/0", "//x/", "/a~1b/" };
  PenstockJsonProblem problem;
  g_autoptr (PenstockJson) json =
      penstock_json_parse (document, strlen (document), &problem);

  for (guint i = 0; i < G_N_ELEMENTS (nowhere); i++)
    fail_unless (
        penstock_json_find (json, nowhere[i]) == NULL, "%s", nowhere[i]);
}
GST_END_TEST;

/* --- bounds ----------------------------------------------------------------------- */

static gchar *
nested (guint depth)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append (text, "[");
  for (guint i = 0; i < depth; i++)
    g_string_append (text, "]");
  return g_string_free (text, FALSE);
}

GST_START_TEST (depth_has_a_limit)
{
  g_autofree gchar *deepest = nested (PENSTOCK_JSON_MAX_DEPTH);
  g_autofree gchar *deeper = nested (PENSTOCK_JSON_MAX_DEPTH + 1);
  PenstockJsonProblem problem;
  g_autoptr (PenstockJson) json =
      penstock_json_parse (deepest, strlen (deepest), &problem);

  fail_unless (json != NULL);
  fail_if (penstock_json_parse (deeper, strlen (deeper), &problem) != NULL);
  assert_equals_string (problem.message, "nested deeper than 32 levels");
  assert_equals_int (problem.column, PENSTOCK_JSON_MAX_DEPTH + 1);
}
GST_END_TEST;

GST_START_TEST (size_has_a_limit)
{
  g_autofree gchar *text = g_strnfill (PENSTOCK_JSON_MAX_SIZE + 1, ' ');
  PenstockJsonProblem problem;

  text[0] = '1';
  g_autoptr (PenstockJson) json =
      penstock_json_parse (text, PENSTOCK_JSON_MAX_SIZE, &problem);
  fail_unless (json != NULL);
  fail_if (
      penstock_json_parse (text, PENSTOCK_JSON_MAX_SIZE + 1, &problem) != NULL);
  assert_equals_string (problem.message, "larger than 8388608 bytes");
}
GST_END_TEST;

GST_START_TEST (a_zero_byte_is_refused)
{
  PenstockJsonProblem problem;

  fail_if (penstock_json_parse ("{\0}", 3, &problem) != NULL);
  assert_equals_string (problem.message, "the file has a zero byte");
  assert_equals_int (problem.column, 2);
}
GST_END_TEST;

GST_START_TEST (quoting_escapes_and_shortens)
{
  g_autofree gchar *plain = penstock_json_quote ("a\"b\\c\n\xc3\xa4", 99);
  g_autofree gchar *long_text = g_strnfill (100, 'x');
  g_autofree gchar *shortened = penstock_json_quote (long_text, 48);

  assert_equals_string (plain, "\"a\\\"b\\\\c\\u000a\xc3\xa4\"");
  fail_unless (g_str_has_suffix (shortened, "xxx...\""));
  assert_equals_int (strlen (shortened), 48 + 5);
  g_autofree gchar *repaired = penstock_json_quote ("a\xff", 99);
  assert_equals_string (repaired, "\"a\xef\xbf\xbd\"");
}
GST_END_TEST;

static Suite *
json_locate_suite (void)
{
  Suite *suite = suite_create ("json-locate");
  TCase *tc = tcase_create ("json");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, wrong_json_is_refused_at_its_place, 0, G_N_ELEMENTS (wrongs));
  tcase_add_loop_test (
      tc, right_json_is_accepted_but_not_cut, 0, G_N_ELEMENTS (rights));
  tcase_add_test (tc, strings_are_unescaped);
  tcase_add_loop_test (
      tc, pointers_lead_to_places_and_back, 0, G_N_ELEMENTS (places));
  tcase_add_test (tc, pointers_to_nothing_find_nothing);
  tcase_add_test (tc, depth_has_a_limit);
  tcase_add_test (tc, size_has_a_limit);
  tcase_add_test (tc, a_zero_byte_is_refused);
  tcase_add_test (tc, quoting_escapes_and_shortens);
  return suite;
}

GST_CHECK_MAIN (json_locate)
