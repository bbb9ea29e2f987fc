/* SPDX-License-Identifier: MIT
 *
 * URLs of RTSP requests: where a query ends, and what it asks for. */

#include <gst/check/gstcheck.h>

#include "config-fields.h"
#include "rtsp/rtsp-url.h"

static const struct {
  const gchar *query;
  gboolean ok, said;
  PenstockStart start;
} wishes[] = {
  { NULL, TRUE, FALSE, PENSTOCK_START_CACHE },
  { "", TRUE, FALSE, PENSTOCK_START_CACHE },
  { "x=1&y", TRUE, FALSE, PENSTOCK_START_CACHE },
  { "start=cache", TRUE, TRUE, PENSTOCK_START_CACHE },
  { "start=catch-up", TRUE, TRUE, PENSTOCK_START_CATCH_UP },
  { "start=catch%2Dup", TRUE, TRUE, PENSTOCK_START_CATCH_UP },
  { "start=keyframe", TRUE, TRUE, PENSTOCK_START_KEYFRAME },
  { "key=a&start=keyframe&x", TRUE, TRUE, PENSTOCK_START_KEYFRAME },
  { "start=keyframe/stream=0", TRUE, TRUE, PENSTOCK_START_KEYFRAME },
  { "start=keyframe/", TRUE, TRUE, PENSTOCK_START_KEYFRAME },
  { "x=1/stream=0&start=keyframe", TRUE, FALSE, PENSTOCK_START_CACHE },
  { "restart=keyframe", TRUE, FALSE, PENSTOCK_START_CACHE },
  { "start", TRUE, FALSE, PENSTOCK_START_CACHE },
  { "star", TRUE, FALSE, PENSTOCK_START_CACHE },
  { "start=", FALSE },
  { "start=/stream=0", FALSE },
  { "start=live", FALSE },
  { "start=Cache", FALSE },
  { "start=cache%", FALSE },
  { "start=%00", FALSE },
  { "start=cache2", FALSE },
  { "start=cache&start=cache", FALSE },
  { "start=cache&start=", FALSE },
};

GST_START_TEST (query_says_where_to_begin)
{
  PenstockRtspWish wish;
  g_autofree gchar *why = NULL;

  gboolean ok = penstock_rtsp_url_read_wish (wishes[__i__].query, &wish, &why);
  ck_assert_msg (ok == wishes[__i__].ok, "%s", wishes[__i__].query);
  fail_unless ((why != NULL) == !ok);
  if (!ok)
    return;
  fail_unless_equals_int (wish.said, wishes[__i__].said);
  fail_unless_equals_int (wish.start, wishes[__i__].start);
}
GST_END_TEST

GST_START_TEST (url_and_route_map_have_the_same_words)
{
  const PenstockField *field = penstock_field_find (
      "/routes/*/outputs/*", "start", PENSTOCK_OUTPUT_RTSP);

  for (guint i = 0; field->values[i].name; i++) {
    g_autofree gchar *query =
        g_strconcat ("start=", field->values[i].name, NULL);
    g_autofree gchar *why = NULL;
    PenstockRtspWish wish;
    ck_assert_msg (penstock_rtsp_url_read_wish (query, &wish, &why), "%s", why);
    fail_unless_equals_int (wish.start, field->values[i].value);
  }
}
GST_END_TEST

GST_START_TEST (wrong_value_is_told_cut_and_harmless)
{
  g_autofree gchar *long_value = g_strnfill (4096, 'x');
  g_autofree gchar *query =
      g_strdup_printf ("start=\x1b[31m\"\n%s", long_value);
  g_autofree gchar *why = NULL;
  PenstockRtspWish wish;

  fail_if (penstock_rtsp_url_read_wish (query, &wish, &why));
  fail_unless (strlen (why) < 128);
  for (const gchar *p = why; *p; p++)
    fail_unless (g_ascii_isprint (*p));
  fail_unless (g_str_has_prefix (why, "start=\"?[31m??xxx"));
}
GST_END_TEST

static const struct {
  const gchar *url, *path;
} paths[] = {
  { "rtsp://host/live/one", "/live/one" },
  { "rtsp://host/live/one?start=cache", "/live/one" },
  { "rtsp://host/live/one/stream=1?start=cache", "/live/one/stream=1" },
  { "rtsp://host/live/one?start=cache/stream=1", "/live/one/stream=1" },
  { "rtsp://host/live/one?x=/y/stream=1", "/live/one/stream=1" },
  { "rtsp://host/live/one?start=cache/", "/live/one" },
  { "rtsp://host/live/one/", "/live/one/" },
  { "rtsp://host/?x", "/" },
};

GST_START_TEST (path_is_found_around_a_query)
{
  GstRTSPUrl *url = NULL;

  fail_unless_equals_int (
      gst_rtsp_url_parse (paths[__i__].url, &url), GST_RTSP_OK);
  g_autofree gchar *path = penstock_rtsp_url_dup_path (url);
  ck_assert_str_eq (path, paths[__i__].path);
  gst_rtsp_url_free (url);
}
GST_END_TEST

static Suite *
rtsp_url_suite (void)
{
  Suite *suite = suite_create ("rtsp-url");
  TCase *tcase = tcase_create ("all");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, query_says_where_to_begin, 0, G_N_ELEMENTS (wishes));
  tcase_add_test (tcase, url_and_route_map_have_the_same_words);
  tcase_add_test (tcase, wrong_value_is_told_cut_and_harmless);
  tcase_add_loop_test (
      tcase, path_is_found_around_a_query, 0, G_N_ELEMENTS (paths));
  return suite;
}

GST_CHECK_MAIN (rtsp_url);
