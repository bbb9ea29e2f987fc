/* SPDX-License-Identifier: MIT
 *
 * Unit tests of stream paths, query parameters, URLs and the client's answers
 * to servers that ask for credentials. */

#include "rtmp/rtmp-path.h"

#include "rtmp-test.h"
#include "rtmp/rtmp-auth.h"
#include "rtmp/rtmp-limits.h"

typedef struct {
  const gchar *app, *tc_url, *name;
  const gchar *expected; /* NULL: refused */
} PathRow;

static const PathRow path_rows[] = {
  { "live", NULL, "KEY", "live/KEY" },
  { "live/", NULL, "/KEY", "live/KEY" },
  { "", NULL, "live/KEY", "live/KEY" },
  { "live/KEY", NULL, "", "live/KEY" },
  { "live/KEY", NULL, NULL, "live/KEY" },
  { "live//sub/", NULL, "KEY", "live/sub/KEY" },
  { "live/_definst_", NULL, "KEY", "live/KEY" },
  { "live?x=y", NULL, "KEY?token=/../", "live/KEY" },
  { NULL, "rtmp://host:1935/live", "KEY", "live/KEY" },
  { NULL, "rtmp://host/live?x=a/b", "KEY", "live/KEY" },
  { NULL, "rtmp://host", "KEY", "KEY" },
  { "live", "rtmp://host/other", "KEY", "live/KEY" },
  { "live", NULL, "mp4:KEY", "live/KEY" },
  { "live", NULL, "flv:KEY", "live/KEY" },
  { "live", NULL, "gr\xc3\xbc\xc3\x9f", "live/gr\xc3\xbc\xc3\x9f" },
  { NULL, NULL, NULL, NULL },
  { "/", NULL, "//", NULL },
  { "live", NULL, "../KEY", NULL },
  { "live/..", NULL, "KEY", NULL },
  { "live", NULL, "a/./b", NULL },
  { "live", NULL, "a\nb", NULL },
  { "live", NULL, "a\xff", NULL },
  { "1/2/3/4/5/6/7/8", NULL, "9/10/11/12/13/14/15/16",
      "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16" },
  { "1/2/3/4/5/6/7/8", NULL, "9/10/11/12/13/14/15/16/17", NULL },
};

GST_START_TEST (application_and_name_make_one_path)
{
  const PathRow *row = &path_rows[__i__];
  g_autofree gchar *path =
      penstock_rtmp_path_canonical (row->app, row->tc_url, row->name);

  fail_unless (g_strcmp0 (path, row->expected) == 0, "row %d: %s, not %s",
      __i__, path, row->expected);
}
GST_END_TEST;

GST_START_TEST (path_length_is_bounded)
{
  g_autofree gchar *full = g_strnfill (PENSTOCK_RTMP_MAX_PATH, 'x');
  g_autofree gchar *over = g_strnfill (PENSTOCK_RTMP_MAX_PATH + 1, 'x');
  g_autofree gchar *kept = penstock_rtmp_path_clean (full);
  g_autofree gchar *refused = penstock_rtmp_path_clean (over);
  g_autofree gchar *joined = penstock_rtmp_path_canonical ("a", NULL, full);

  assert_equals_string (kept, full);
  fail_unless (refused == NULL);
  fail_unless (joined == NULL);
}
GST_END_TEST;

GST_START_TEST (the_last_parameter_counts)
{
  g_autoptr (GString) query = g_string_new (NULL);

  penstock_rtmp_path_add_query (query, "rtmp://h/live?key=first&a=1");
  penstock_rtmp_path_add_query (query, "live");
  penstock_rtmp_path_add_query (query, "live?");
  penstock_rtmp_path_add_query (query, NULL);
  penstock_rtmp_path_add_query (query, "KEY?key=se%63ond&akey=x&b");
  assert_equals_string (query->str, "key=first&a=1&key=se%63ond&akey=x&b");

  g_autofree gchar *key = penstock_rtmp_path_dup_parameter (query->str, "key");
  g_autofree gchar *a = penstock_rtmp_path_dup_parameter (query->str, "a");
  g_autofree gchar *b = penstock_rtmp_path_dup_parameter (query->str, "b");
  g_autofree gchar *k = penstock_rtmp_path_dup_parameter (query->str, "k");
  g_autofree gchar *bad = penstock_rtmp_path_dup_parameter ("x=%g1", "x");
  g_autofree gchar *none = penstock_rtmp_path_dup_parameter (NULL, "x");
  assert_equals_string (key, "second");
  assert_equals_string (a, "1");
  fail_unless (b == NULL);
  fail_unless (k == NULL);
  fail_unless (bad == NULL);
  fail_unless (none == NULL);
}
GST_END_TEST;

typedef struct {
  const gchar *url;
  /* host port user password app name tc_url; NULL: refused */
  const gchar *expected;
} UrlRow;

static const UrlRow url_rows[] = {
  { "rtmp://host/live/one",
      "host 1935 (null) (null) live one rtmp://host:1935/live" },
  { "rtmp://host:1936/live/sub/one?a=b/c",
      "host 1936 (null) (null) live/sub one?a=b/c rtmp://host:1936/live/sub" },
  { "rtmp://u%40x:p%3ax@host/live/one",
      "host 1935 u@x p:x live one rtmp://host:1935/live" },
  { "rtmp://[2001:db8::1]/live/one",
      "2001:db8::1 1935 (null) (null) live one "
      "rtmp://[2001:db8::1]:1935/live" },
  { "RTMP://host/one", "host 1935 (null) (null)  one rtmp://host:1935/" },
  { "rtsp://host/live/one", NULL },
  { "rtmps://host/live/one",
      "host 443 (null) (null) live one rtmps://host:443/live" },
  { "rtmpt://host/live/one", NULL },
  { "rtmp://host/live/", NULL },
  { "rtmp://host", NULL },
  { "rtmp:///live/one", NULL },
  { "live/one", NULL },
  { "", NULL },
};

GST_START_TEST (urls_are_taken_apart)
{
  const UrlRow *row = &url_rows[__i__];
  const gchar *error = NULL;
  g_autoptr (PenstockRtmpUrl) url = penstock_rtmp_url_parse (row->url, &error);
  g_autofree gchar *text = NULL;

  if (!row->expected) {
    fail_unless (url == NULL);
    fail_unless (error != NULL);
    return;
  }
  fail_unless (url != NULL, "%s: %s", row->url, error);
  text = g_strdup_printf ("%s %u %s %s %s %s %s", url->host, url->port,
      url->user ? url->user : "(null)",
      url->password ? url->password : "(null)", url->app, url->name,
      url->tc_url);
  assert_equals_string (text, row->expected);
}
GST_END_TEST;

typedef struct {
  const gchar *name;
  const gchar *refusal;
  const gchar *expected; /* NULL: no answer */
} AuthRow;

/* Responses computed with Python's hashlib. */
static const AuthRow auth_rows[] = {
  { "adobe, no user told",
      "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ",
      "?authmod=adobe&user=joe" },
  { "adobe, challenge with opaque",
      "[ AccessManager.Reject ] : [ authmod=adobe ] : "
      "?reason=needauth&user=joe&salt=abc&challenge=xyz&opaque=opq",
      "?authmod=adobe&user=joe&challenge=0000002a"
      "&response=XKqjPuWlgcwelTH/gTeiKg==&opaque=opq" },
  { "adobe, challenge alone",
      "[ authmod=adobe ] : ?reason=needauth&user=joe&salt=abc&challenge=xyz",
      "?authmod=adobe&user=joe&challenge=0000002a&response=CpPgNG1a4L+"
      "4WU4NK9m4yQ==" },
  { "adobe, wrong password",
      "[ AccessManager.Reject ] : [ authmod=adobe ] : "
      "?reason=authfailed&opaque=opq",
      NULL },
  { "llnw, no user told", "[ code=403 need auth; authmod=llnw ]",
      "?authmod=llnw&user=joe" },
  { "llnw, challenge", "[ authmod=llnw ] : ?reason=needauth&nonce=n0nce",
      "?authmod=llnw&user=joe&nonce=n0nce&cnonce=0000002a&nc=00000001"
      "&response=8181f3889256cfe39d279bc1753612ab" },
  { "llnw, without nonce", "[ authmod=llnw ] : ?reason=needauth", NULL },
  { "something else", "NetConnection.Connect.Rejected", NULL },
};

GST_START_TEST (requests_for_credentials_are_answered)
{
  const AuthRow *row = &auth_rows[__i__];
  g_autofree gchar *answer =
      penstock_rtmp_auth_answer (row->refusal, "live", "joe", "secret", 42);

  fail_unless (
      g_strcmp0 (answer, row->expected) == 0, "%s: %s", row->name, answer);
}
GST_END_TEST;

static const struct {
  const gchar *url, *shown, *text, *masked;
} mask_rows[] = {
  { "rtmp://host/live/KEY", "rtmp://host:1935/live", "live/KEY is taken",
      "live/*** is taken" },
  { "rtmp://u:pass@host:1936/a/b/KEY?token=t0", "rtmp://host:1936/a/b",
      "KEY?token=t0, KEY and ?token=t0 of u with pass",
      "***, *** and *** of u with ***" },
  { "rtmp://[::1]/live?x=secret/KEY", "rtmp://[::1]:1935/",
      "no live?x=secret/KEY", "no ***" },
  { "rtmps://host/live/KEY", "rtmps://host:443/live", "live/KEY is taken",
      "live/*** is taken" },
  { "rtmp://host/*", "rtmp://host:1935/", "the * is taken",
      "the *** is taken" },
  { "rtmp://host/live/KEY", "rtmp://host:1935/live", "", "" },
};

GST_START_TEST (secrets_of_a_url_are_blotted_out)
{
  const gchar *error;
  g_autoptr (PenstockRtmpUrl) url =
      penstock_rtmp_url_parse (mask_rows[__i__].url, &error);
  fail_unless (url != NULL);
  g_autofree gchar *shown = penstock_rtmp_url_public (url);
  g_autofree gchar *masked =
      penstock_rtmp_url_mask (url, mask_rows[__i__].text);

  assert_equals_string (shown, mask_rows[__i__].shown);
  assert_equals_string (masked, mask_rows[__i__].masked);
}
GST_END_TEST;

static Suite *
rtmp_path_suite (void)
{
  Suite *suite = suite_create ("rtmp-path");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, application_and_name_make_one_path, 0, G_N_ELEMENTS (path_rows));
  tcase_add_test (tcase, path_length_is_bounded);
  tcase_add_test (tcase, the_last_parameter_counts);
  tcase_add_loop_test (tcase, urls_are_taken_apart, 0, G_N_ELEMENTS (url_rows));
  tcase_add_loop_test (tcase, requests_for_credentials_are_answered, 0,
      G_N_ELEMENTS (auth_rows));
  tcase_add_loop_test (
      tcase, secrets_of_a_url_are_blotted_out, 0, G_N_ELEMENTS (mask_rows));
  return suite;
}

GST_CHECK_MAIN (rtmp_path);
