/* SPDX-License-Identifier: MIT
 *
 * Names of parts, delivery directives, how far playlists have come. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "http/http-hls.h"

static const struct {
  const gchar *path, *file; /* NULL: not a part */
  guint part;
} parts[] = {
  { "v0/17.0.m4s", "v0/17.m4s", 0 },
  { "v0/17.12.m4s", "v0/17.m4s", 12 },
  { "17.3.m4s", "17.m4s", 3 },
  { "v0/17.m4s", NULL, 0 },
  { "v.0/17.m4s", NULL, 0 },
  { "v0/17.03.m4s", NULL, 0 },
  { "v0/07.3.m4s", NULL, 0 },
  { "v0/17..m4s", NULL, 0 },
  { "v0/.3.m4s", NULL, 0 },
  { "v0/17.-3.m4s", NULL, 0 },
  { "v0/17.3.mp4", NULL, 0 },
  { "v0/17.3x.m4s", NULL, 0 },
  { "v0/init-1.3.m4s", NULL, 0 },
  { "v0/17.100001.m4s", NULL, 0 },
  { "v0/17.99999999999999999999.m4s", NULL, 0 },
  { ".m4s", NULL, 0 },
  { "", NULL, 0 },
};

GST_START_TEST (part_of_a_segment_is_named)
{
  g_autofree gchar *file = NULL;
  guint part = 0;

  fail_unless_equals_int (
      penstock_priv_http_hls_parse_part (parts[__i__].path, &file, &part),
      parts[__i__].file != NULL);
  fail_unless_equals_string (file, parts[__i__].file);
  fail_unless_equals_int (part, parts[__i__].part);
}
GST_END_TEST;

static const struct {
  const gchar *query;
  HttpHlsDirectives result;
  guint64 sequence;
  gint part;
} queries[] = {
  { NULL, HTTP_HLS_NO_WISH, 0, -1 },
  { "", HTTP_HLS_NO_WISH, 0, -1 },
  { "token=1", HTTP_HLS_NO_WISH, 0, -1 },
  { "a_HLS_msn=1", HTTP_HLS_NO_WISH, 0, -1 },
  { "_HLS_msn=12", HTTP_HLS_WISH, 12, -1 },
  { "_HLS_msn=12&_HLS_part=3", HTTP_HLS_WISH, 12, 3 },
  { "_HLS_part=0&token=a&_HLS_msn=0", HTTP_HLS_WISH, 0, 0 },
  { "_HLS_msn=12&_HLS_skip=YES", HTTP_HLS_WISH, 12, -1 },
  { "_HLS_part=3", HTTP_HLS_BAD_WISH, 0, -1 },
  { "_HLS_msn=", HTTP_HLS_BAD_WISH, 0, -1 },
  { "_HLS_msn=-1", HTTP_HLS_BAD_WISH, 0, -1 },
  { "_HLS_msn=1x", HTTP_HLS_BAD_WISH, 0, -1 },
  { "_HLS_msn=99999999999999999999", HTTP_HLS_BAD_WISH, 0, -1 },
  { "_HLS_msn=1&_HLS_part=x", HTTP_HLS_BAD_WISH, 0, -1 },
};

GST_START_TEST (directives_are_read)
{
  HttpHlsWish wish;

  fail_unless_equals_int (
      penstock_priv_http_hls_parse_query (queries[__i__].query, &wish),
      queries[__i__].result);
  if (queries[__i__].result == HTTP_HLS_BAD_WISH)
    return;
  fail_unless_equals_uint64 (wish.sequence, queries[__i__].sequence);
  fail_unless_equals_int (wish.part, queries[__i__].part);
}
GST_END_TEST;

/* Segments 7 and 8 are complete, of 9 there are two parts. */
#define PLAYLIST                                                               \
  "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"                \
  "#EXTINF:2.0,\n107.m4s\n"                                                    \
  "#EXT-X-PART:DURATION=1.0,URI=\"108.0.m4s\"\n"                               \
  "#EXT-X-PART:DURATION=1.0,URI=\"108.1.m4s\"\n"                               \
  "#EXT-X-PART:DURATION=0.1,URI=\"108.2.m4s\"\n"                               \
  "#EXTINF:2.1,\n108.m4s\n"                                                    \
  "#EXT-X-PART:DURATION=1.0,URI=\"109.0.m4s\"\n"                               \
  "#EXT-X-PART:DURATION=1.0,URI=\"109.1.m4s\"\n"                               \
  "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"109.2.m4s\"\n"

static const struct {
  const gchar *more;
  guint64 sequence;
  gint part;
  HttpHlsOutlook outlook;
} wishes[] = {
  { "", 0, -1, HTTP_HLS_THERE },
  { "", 8, -1, HTTP_HLS_THERE },
  { "", 9, -1, HTTP_HLS_SOON },
  { "", 10, -1, HTTP_HLS_SOON },
  { "", 11, -1, HTTP_HLS_TOO_FAR },
  { "", 8, 2, HTTP_HLS_THERE },
  { "", 9, 1, HTTP_HLS_THERE },
  { "", 9, 2, HTTP_HLS_SOON },
  { "", 10, 0, HTTP_HLS_SOON },
  { "", 8, 3, HTTP_HLS_THERE }, /* the first part of 9 */
  { "#EXTINF:2.0,\n109.m4s\n", 9, 2, HTTP_HLS_SOON },
  { "#EXTINF:2.0,\n109.m4s\n", 9, 1, HTTP_HLS_THERE },
  { "#EXT-X-ENDLIST\n", 11, 5, HTTP_HLS_THERE },
};

GST_START_TEST (a_wish_is_there_or_soon_or_too_far)
{
  g_autofree gchar *text = g_strconcat (PLAYLIST, wishes[__i__].more, NULL);
  const HttpHlsWish wish = { wishes[__i__].sequence, wishes[__i__].part };
  HttpHlsPosition position;

  fail_unless (
      penstock_priv_http_hls_read_position (text, strlen (text), &position));
  fail_unless_equals_int (position.target_s, 2);
  fail_unless_equals_int (
      penstock_priv_http_hls_look (&position, &wish), wishes[__i__].outlook);
}
GST_END_TEST;

GST_START_TEST (a_multivariant_playlist_has_no_position)
{
  static const gchar text[] = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n";
  HttpHlsPosition position;

  fail_if (
      penstock_priv_http_hls_read_position (text, strlen (text), &position));
}
GST_END_TEST;

static Suite *
http_hls_suite (void)
{
  Suite *suite = suite_create ("http-hls");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, part_of_a_segment_is_named, 0, G_N_ELEMENTS (parts));
  tcase_add_loop_test (tc, directives_are_read, 0, G_N_ELEMENTS (queries));
  tcase_add_loop_test (
      tc, a_wish_is_there_or_soon_or_too_far, 0, G_N_ELEMENTS (wishes));
  tcase_add_test (tc, a_multivariant_playlist_has_no_position);
  return suite;
}

GST_CHECK_MAIN (http_hls);
