/* SPDX-License-Identifier: MIT
 *
 * Tests of the text side of HTTP: each table's rows are one case each. */

#include <gst/check/gstcheck.h>

#include "http/http-text.h"

/* ---- paths ---- */

static const struct {
  const gchar *raw, *decoded; /* NULL: invalid */
} paths[] = {
  { "/", "" },
  { "/live/one", "live/one" },
  { "/live/one/", "live/one/" },
  { "/caf%C3%A9/manifest.mpd", "café/manifest.mpd" },
  { "/caf\xc3\xa9/", "café/" },
  { "/a%20b+c", "a b+c" },
  { "/100%25", "100%" },
  { "/%252e%252e/", "%2e%2e/" }, /* decoded once, never twice */
  { "/...", "..." },
  { "/.hidden", ".hidden" },
  { "", NULL },
  { "*", NULL },
  { "live", NULL },
  { "//", NULL },
  { "/live//one", NULL },
  { "/.", NULL },
  { "/..", NULL },
  { "/../etc/passwd", NULL },
  { "/live/../one", NULL },
  { "/live/./one", NULL },
  { "/live/..", NULL },
  { "/live/../", NULL },
  { "/%2e%2e/%2e%2e/etc/passwd", NULL },
  { "/.%2e/x", NULL },
  { "/live%2fone", NULL },
  { "/live/..%2f..%2fetc", NULL },
  { "/live\\..\\x", NULL },
  { "/live/%5c..%5cx", NULL },
  { "/a%00b", NULL },
  { "/a%0d%0aX-Injected: 1", NULL },
  { "/a%7f", NULL },
  { "/%ff", NULL },
  { "/a%C0%AF", NULL }, /* an overlong slash */
  { "/%", NULL },
  { "/%4", NULL },
  { "/%zz", NULL },
};

GST_START_TEST (path_is_decoded_once_or_refused)
{
  g_autofree gchar *decoded = penstock_priv_http_decode_path (paths[__i__].raw);

  fail_unless_equals_string (decoded, paths[__i__].decoded);
}
GST_END_TEST;

GST_START_TEST (encoded_name_is_decoded_to_itself)
{
  static const gchar name[] = "live/ein Käfig?#%&<\">+;=:@'*";
  g_autofree gchar *encoded = penstock_priv_http_encode_path (name);
  g_autofree gchar *raw = g_strconcat ("/", encoded, NULL);
  g_autofree gchar *decoded = penstock_priv_http_decode_path (raw);

  fail_if (strpbrk (encoded, " ?#<\">&'"));
  fail_unless_equals_string (decoded, name);
}
GST_END_TEST;

static const struct {
  const gchar *raw, *base;
} bases[] = {
  { "/", "./" },
  { "/one", "./" },
  { "/one/", "../" },
  { "/live/one", "../" },
  { "/live/one/", "../../" },
  { "/a%2fb/", "../" },
};

GST_START_TEST (base_leads_back_to_the_index)
{
  g_autofree gchar *base = penstock_priv_http_base (bases[__i__].raw);

  fail_unless_equals_string (base, bases[__i__].base);
}
GST_END_TEST;

/* ---- ranges (RFC 9110, 14.1.2 and 14.2) ---- */

static const struct {
  const gchar *header;
  guint64 size;
  HttpRange result;
  guint64 first, last;
} ranges[] = {
  { NULL, 10, HTTP_RANGE_NONE },
  { "bytes=0-0", 10, HTTP_RANGE_PART, 0, 0 },
  { "bytes=0-4", 10, HTTP_RANGE_PART, 0, 4 },
  { "Bytes=0-4", 10, HTTP_RANGE_PART, 0, 4 },
  { "bytes=5-", 10, HTTP_RANGE_PART, 5, 9 },
  { "bytes=9-", 10, HTTP_RANGE_PART, 9, 9 },
  { "bytes=5-99", 10, HTTP_RANGE_PART, 5, 9 },
  { "bytes=-3", 10, HTTP_RANGE_PART, 7, 9 },
  { "bytes=-10", 10, HTTP_RANGE_PART, 0, 9 },
  { "bytes=-99", 10, HTTP_RANGE_PART, 0, 9 },
  { "bytes=10-", 10, HTTP_RANGE_UNSATISFIED },
  { "bytes=10-20", 10, HTTP_RANGE_UNSATISFIED },
  { "bytes=-0", 10, HTTP_RANGE_UNSATISFIED },
  { "bytes=0-", 0, HTTP_RANGE_UNSATISFIED },
  { "bytes=-5", 0, HTTP_RANGE_UNSATISFIED },
  { "bytes=18446744073709551614-", 10, HTTP_RANGE_UNSATISFIED },
  { "bytes=0-18446744073709551614", 10, HTTP_RANGE_PART, 0, 9 },
  { "bytes=4-2", 10, HTTP_RANGE_NONE },
  { "bytes=0-1,3-4", 10, HTTP_RANGE_NONE }, /* several: all is sent */
  { "bytes=", 10, HTTP_RANGE_NONE },
  { "bytes=-", 10, HTTP_RANGE_NONE },
  { "bytes=a-b", 10, HTTP_RANGE_NONE },
  { "bytes= 0-4", 10, HTTP_RANGE_NONE },
  { "bytes=+0-4", 10, HTTP_RANGE_NONE },
  { "bytes=0-4x", 10, HTTP_RANGE_NONE },
  { "bytes=--4", 10, HTTP_RANGE_NONE },
  { "bytes=18446744073709551615-", 10, HTTP_RANGE_NONE },
  { "bytes=99999999999999999999999-", 10, HTTP_RANGE_NONE },
  { "lines=0-4", 10, HTTP_RANGE_NONE },
  { "", 10, HTTP_RANGE_NONE },
};

GST_START_TEST (range_is_read_as_the_rfc_says)
{
  guint64 from = 77, to = 77;
  HttpRange result = penstock_priv_http_parse_range (
      ranges[__i__].header, ranges[__i__].size, &from, &to);

  fail_unless_equals_int (result, ranges[__i__].result);
  if (result == HTTP_RANGE_PART) {
    fail_unless_equals_uint64 (from, ranges[__i__].first);
    fail_unless_equals_uint64 (to, ranges[__i__].last);
  } else {
    fail_unless_equals_uint64 (from, 77);
    fail_unless_equals_uint64 (to, 77);
  }
}
GST_END_TEST;

static const struct {
  const gchar *header, *etag;
  gboolean matches;
} etags[] = {
  { "\"a\"", "\"a\"", TRUE },
  { "W/\"a\"", "\"a\"", TRUE },
  { "\"b\", \"a\"", "\"a\"", TRUE },
  { " \"b\" ,\t\"a\" ", "\"a\"", TRUE },
  { "*", "\"a\"", TRUE },
  { "\"b\"", "\"a\"", FALSE },
  { "a", "\"a\"", FALSE },
  { "", "\"a\"", FALSE },
  { NULL, "\"a\"", FALSE },
};

GST_START_TEST (entity_tags_are_compared_weakly)
{
  fail_unless_equals_int (
      penstock_priv_http_etag_matches (etags[__i__].header, etags[__i__].etag),
      etags[__i__].matches);
}
GST_END_TEST;

/* ---- media ---- */

static const struct {
  const gchar *path, *previous;
} segments[] = {
  { "v0/17.m4s", "v0/16.m4s" },
  { "v0/2.m4s", "v0/1.m4s" },
  { "v0/1.m4s", NULL }, /* the first */
  { "10.m4s", "9.m4s" },
  { "v0/chunk-100.m4s", "v0/chunk-99.m4s" },
  { "v0/0.m4s", NULL },
  { "v0/017.m4s", NULL },
  { "v0/x.m4s", NULL },
  { "v0/.m4s", NULL },
  { ".m4s", NULL },
  { "v0/init-1.mp4", NULL },
  { "manifest.mpd", NULL },
  { "v0/99999999999999999999999.m4s", NULL },
};

GST_START_TEST (segment_before_is_named)
{
  g_autofree gchar *previous =
      penstock_priv_http_previous_segment (segments[__i__].path);

  fail_unless_equals_string (previous, segments[__i__].previous);
}
GST_END_TEST;

static const struct {
  const gchar *mpd;
  guint window_s;
} windows[] = {
  { "<MPD timeShiftBufferDepth=\"PT30S\">", 30 },
  { "<MPD a=\"b\" timeShiftBufferDepth=\"PT1M30.5S\" c=\"d\">", 90 },
  { "<MPD timeShiftBufferDepth=\"PT2H\">", 7200 },
  { "<MPD>", 60 },
  { "<MPD timeShiftBufferDepth=\"\">", 60 },
  { "<MPD timeShiftBufferDepth=\"PT\">", 60 },
  { "<MPD timeShiftBufferDepth=\"P1D\">", 60 },
  { "<MPD timeShiftBufferDepth=\"PT30\">", 60 },
  { "<MPD timeShiftBufferDepth=\"PT-30S\">", 60 },
  { "<MPD timeShiftBufferDepth=\"PT1e300S\">", 60 },
  { "<MPD timeShiftBufferDepth=\"PT30S", 60 },
};

GST_START_TEST (window_of_the_mpd_is_read)
{
  fail_unless_equals_int (
      penstock_priv_http_mpd_window_s (windows[__i__].mpd, 60),
      windows[__i__].window_s);
}
GST_END_TEST;

static const struct {
  const gchar *before, *after; /* NULL: nothing to change */
} timings[] = {
  { "<MPD type=\"dynamic\"></MPD>",
      "<MPD type=\"dynamic\">  <UTCTiming "
      "schemeIdUri=\"urn:mpeg:dash:utc:http-xsdate:2014\" "
      "value=\"http://h/time?a&amp;b\"/>\n</MPD>" },
  { "<MPD type=\"dynamic\"><UTCTiming schemeIdUri=\"x\" value=\"/time\"/>"
    "</MPD>",
      "<MPD type=\"dynamic\"><UTCTiming schemeIdUri=\"x\" "
      "value=\"http://h/time?a&amp;b\"/></MPD>" },
  { "<MPD type=\"dynamic\"><UTCTiming schemeIdUri=\"x\" "
    "value=\"https://clock.example/\"/></MPD>",
      NULL },
  { "<MPD type=\"dynamic\"><Period><UTCTiming value=\"/time\"/><UTCTiming "
    "value=\"https://clock.example/\"/></Period><UTCTiming value=\"time\"/>"
    "</MPD>",
      "<MPD type=\"dynamic\"><Period><UTCTiming "
      "value=\"http://h/time?a&amp;b\"/><UTCTiming "
      "value=\"https://clock.example/\"/></Period><UTCTiming "
      "value=\"http://h/time?a&amp;b\"/></MPD>" },
  { "<MPD type=\"static\"></MPD>", NULL },
  { "<MPD type=\"dynamic\"><UTCTiming schemeIdUri=\"x\"/></MPD>", NULL },
  { "<MPD type=\"dynamic\"><UTCTiming value=\"/time", NULL },
  { "<MPD type=\"dynamic\">", NULL },
  { "", NULL },
};

GST_START_TEST (live_mpd_gets_an_absolute_clock)
{
  const gchar *before = timings[__i__].before;
  g_autofree gchar *after = penstock_priv_http_mpd_with_time (
      before, strlen (before), "http://h/time?a&b");

  fail_unless_equals_string (after, timings[__i__].after);
}
GST_END_TEST;

/* ---- pages ---- */

GST_START_TEST (values_are_escaped_unless_they_are_html)
{
  g_autofree gchar *page = penstock_priv_http_fill (
      "{{a}}|{{html:b}}|{{missing}}|{{a", "a", "<&\"'{{b}}", "b", "<b>", NULL);

  fail_unless_equals_string (page, "&lt;&amp;&quot;&apos;{{b}}|<b>||{{a");
}
GST_END_TEST;

GST_START_TEST (date_has_milliseconds)
{
  g_autofree gchar *early = penstock_priv_http_xs_date (7000);
  g_autofree gchar *late = penstock_priv_http_xs_date (
      G_GINT64_CONSTANT (1767225599) * G_USEC_PER_SEC + 999999);

  fail_unless_equals_string (early, "1970-01-01T00:00:00.007Z");
  fail_unless_equals_string (late, "2025-12-31T23:59:59.999Z");
}
GST_END_TEST;

static Suite *
http_text_suite (void)
{
  Suite *suite = suite_create ("http-text");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, path_is_decoded_once_or_refused, 0, G_N_ELEMENTS (paths));
  tcase_add_test (tc, encoded_name_is_decoded_to_itself);
  tcase_add_loop_test (
      tc, base_leads_back_to_the_index, 0, G_N_ELEMENTS (bases));
  tcase_add_loop_test (
      tc, range_is_read_as_the_rfc_says, 0, G_N_ELEMENTS (ranges));
  tcase_add_loop_test (
      tc, entity_tags_are_compared_weakly, 0, G_N_ELEMENTS (etags));
  tcase_add_loop_test (tc, segment_before_is_named, 0, G_N_ELEMENTS (segments));
  tcase_add_loop_test (
      tc, window_of_the_mpd_is_read, 0, G_N_ELEMENTS (windows));
  tcase_add_loop_test (
      tc, live_mpd_gets_an_absolute_clock, 0, G_N_ELEMENTS (timings));
  tcase_add_test (tc, values_are_escaped_unless_they_are_html);
  tcase_add_test (tc, date_has_milliseconds);
  return suite;
}

GST_CHECK_MAIN (http_text);
