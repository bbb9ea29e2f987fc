/* SPDX-License-Identifier: MIT
 *
 * Credentials: what is read, what is right, and whose nonces are good. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "rtsp/rtsp-credentials.h"

/* --- right ones, by the examples of the RFCs ---------------------------------- */

#define RFC7616(algorithm, response)                                           \
  "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "              \
  "uri=\"/dir/index.html\", algorithm=" algorithm ", "                         \
  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "      \
  "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "        \
  "response=\"" response "\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzC"  \
  "UYo5tdS\""

static const struct {
  const gchar *name, *header, *method, *realm, *user, *password;
} right[] = {
  { "RFC 7616, 3.9.1, MD5", RFC7616 ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
      "GET", "http-auth@example.org", "Mufasa", "Circle of Life" },
  { "RFC 7616, 3.9.1, SHA-256",
      RFC7616 ("SHA-256",
          "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8"
          "db5856cb6c1"),
      "GET", "http-auth@example.org", "Mufasa", "Circle of Life" },
  { "RFC 2069, 2.4 with its erratum",
      "Digest username=\"Mufasa\",realm=\"testrealm@host.com\","
      "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\",uri=\"/dir/index.html\","
      "response=\"1949323746fe6a43ef61f9606e7febea\"",
      "GET", "testrealm@host.com", "Mufasa", "CircleOfLife" },
  { "RFC 7617, 2", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "PLAY", "any",
      "Aladdin", "open sesame" },
  { "RFC 7617, 2.1, UTF-8", "basic dGVzdDoxMjPCow==", "PLAY", "any", "test",
      "123\302\243" },
};

GST_START_TEST (right_credentials_pass_and_others_do_not)
{
  g_autoptr (PenstockRtspAuthorization) sent =
      penstock_rtsp_authorization_parse (right[__i__].header);
  const gchar *method = right[__i__].method, *realm = right[__i__].realm;
  const gchar *user = right[__i__].user, *password = right[__i__].password;
  g_autofree gchar *longer = g_strconcat (password, "x", NULL);
  g_autofree gchar *shorter = g_strndup (password, strlen (password) - 1);

  ck_assert_msg (sent != NULL, "%s", right[__i__].name);
  ck_assert_msg (
      penstock_rtsp_authorization_verify (sent, method, realm, user, password),
      "%s", right[__i__].name);
  fail_if (
      penstock_rtsp_authorization_verify (sent, method, realm, user, longer));
  fail_if (
      penstock_rtsp_authorization_verify (sent, method, realm, user, shorter));
  fail_if (penstock_rtsp_authorization_verify (sent, method, realm, user, ""));
  fail_if (penstock_rtsp_authorization_verify (
      sent, method, realm, "somebody", password));
  fail_if (
      penstock_rtsp_authorization_verify (sent, method, realm, "", password));
  if (sent->scheme == PENSTOCK_RTSP_SCHEME_BASIC)
    return;
  fail_if (
      penstock_rtsp_authorization_verify (sent, "PUT", realm, user, password));
  fail_if (penstock_rtsp_authorization_verify (
      sent, method, "other", user, password));
}
GST_END_TEST

/* Where the last thing that counts ends. */
static gsize
needed_length (const gchar *header)
{
  const gchar *response = strstr (header, "response=\"");

  if (!response) /* Base64; its padding may be missing */
    return strcspn (header + strlen ("basic "), "=") + strlen ("basic ");
  response += strlen ("response=\"");
  return response - header + strcspn (response, "\"") + 1;
}

GST_START_TEST (cut_header_is_never_right)
{
  const gchar *header = right[__i__].header;

  for (gsize length = 0; length < needed_length (header); length++) {
    g_autofree gchar *cut = g_strndup (header, length);
    g_autoptr (PenstockRtspAuthorization) sent =
        penstock_rtsp_authorization_parse (cut);
    if (sent)
      fail_if (penstock_rtsp_authorization_verify (sent, right[__i__].method,
          right[__i__].realm, right[__i__].user, right[__i__].password));
  }
}
GST_END_TEST

/* --- malformed ------------------------------------------------------------------- */

#define COMPLETE "realm=\"r\", nonce=\"n\", uri=\"/u\", response=\"0\""

static const gchar *const malformed[] = {
  "",
  "Basic",
  "Basic ",
  "Basic QWxhZGRpbg==", /* no colon */
  "Basic YQBiOmM=",     /* a NUL inside */
  "Bearer abc",
  "Digest",
  "Digest ",
  "Digest " COMPLETE, /* no user */
  "Digest username=\"a\"",
  "Digest username=\"a, " COMPLETE,
  "Digest username=\"a\" " COMPLETE,
  "Digest username \"a\", " COMPLETE,
  "Digest =\"a\", username=\"a\", " COMPLETE,
  "Digest username=\"a\", username=\"b\", " COMPLETE,
  "Digest username=\"a\", algorithm=SHA-512-256, " COMPLETE,
  "Digest username=\"a\", algorithm=MD5-sess, " COMPLETE,
  "Digest username=\"a\", qop=auth, " COMPLETE, /* no nc, cnonce */
  "Digest username=\"a\", qop=auth-int, nc=1, cnonce=\"c\", " COMPLETE,
};

GST_START_TEST (malformed_header_is_refused)
{
  ck_assert_msg (penstock_rtsp_authorization_parse (malformed[__i__]) == NULL,
      "%s", malformed[__i__]);
}
GST_END_TEST

GST_START_TEST (header_at_the_limit_is_read_and_a_longer_one_is_not)
{
  GString *header = g_string_new ("Digest username=\"a\", " COMPLETE ", x=");

  while (header->len < PENSTOCK_RTSP_AUTHORIZATION_MAX)
    g_string_append_c (header, 'y');
  g_autoptr (PenstockRtspAuthorization) sent =
      penstock_rtsp_authorization_parse (header->str);
  fail_unless (sent != NULL);
  g_string_append_c (header, 'y');
  fail_unless (penstock_rtsp_authorization_parse (header->str) == NULL);
  g_string_free (header, TRUE);
}
GST_END_TEST

GST_START_TEST (quoted_strings_keep_commas_and_escapes)
{
  g_autoptr (PenstockRtspAuthorization) sent =
      penstock_rtsp_authorization_parse (
          "Digest USERNAME = \"a, \\\"b\\\"=\\\\\" ,, " COMPLETE);

  fail_unless (sent != NULL);
  assert_equals_string (sent->user, "a, \"b\"=\\");
  assert_equals_string (sent->uri, "/u");
}
GST_END_TEST

/* --- nonces ------------------------------------------------------------------------ */

static const guint8 key[PENSTOCK_RTSP_NONCE_KEY_BYTES] = { 1, 2, 3 };
static const guint8 salt[PENSTOCK_RTSP_NONCE_SALT_BYTES] = { 4, 5 };

GST_START_TEST (nonce_is_good_for_its_time_and_address)
{
  g_autofree gchar *nonce = penstock_rtsp_nonce_new (key, "::1", 100, salt);
  guint64 end = 100 + PENSTOCK_RTSP_NONCE_LIFE_S;

  fail_unless_equals_int (penstock_rtsp_nonce_check (key, "::1", 100, nonce),
      PENSTOCK_RTSP_NONCE_FRESH);
  fail_unless_equals_int (
      penstock_rtsp_nonce_check (key, "::1", end - 1, nonce),
      PENSTOCK_RTSP_NONCE_FRESH);
  fail_unless_equals_int (penstock_rtsp_nonce_check (key, "::1", end, nonce),
      PENSTOCK_RTSP_NONCE_EXPIRED);
  fail_unless_equals_int (penstock_rtsp_nonce_check (key, "::1", 99, nonce),
      PENSTOCK_RTSP_NONCE_EXPIRED);
  fail_unless_equals_int (penstock_rtsp_nonce_check (key, "::2", 100, nonce),
      PENSTOCK_RTSP_NONCE_FOREIGN);
}
GST_END_TEST

GST_START_TEST (changed_nonce_is_foreign)
{
  g_autofree gchar *nonce = penstock_rtsp_nonce_new (key, "::1", 100, salt);
  static const guint8 other_key[PENSTOCK_RTSP_NONCE_KEY_BYTES] = { 9 };

  fail_unless_equals_int (
      penstock_rtsp_nonce_check (other_key, "::1", 100, nonce),
      PENSTOCK_RTSP_NONCE_FOREIGN);
  for (gsize i = 0; i < strlen (nonce); i++) {
    g_autofree gchar *changed = g_strdup (nonce);
    g_autofree gchar *cut = g_strndup (nonce, i);
    changed[i] = changed[i] == '0' ? '1' : '0';
    fail_unless_equals_int (
        penstock_rtsp_nonce_check (key, "::1", 100, changed),
        PENSTOCK_RTSP_NONCE_FOREIGN);
    fail_unless_equals_int (penstock_rtsp_nonce_check (key, "::1", 100, cut),
        PENSTOCK_RTSP_NONCE_FOREIGN);
  }
}
GST_END_TEST

/* --- paths --------------------------------------------------------------------------- */

static const struct {
  const gchar *uri, *path, *presentation;
} paths[] = {
  { "rtsp://host/live/one", "live/one", NULL },
  { "rtsp://host:8554/live/one/?x=/y", "live/one", NULL },
  { "/a%20b/stream=0", "a b/stream=0", "a b" },
  { "rtsp://host/a/stream=0/", "a/stream=0", "a" },
  { "rtsp://host", "", NULL },
  { "rtsp://host?x", "", NULL },
  { "/", "", NULL },
  { "*", "*", NULL },
  { "/a%2", NULL, NULL },
  { "/a%00b", NULL, NULL },
};

GST_START_TEST (path_of_a_request_is_found)
{
  g_autofree gchar *path = penstock_rtsp_request_path (paths[__i__].uri);

  fail_unless (g_strcmp0 (path, paths[__i__].path) == 0);
  if (!path)
    return;
  g_autofree gchar *presentation = penstock_rtsp_presentation_path (path);
  fail_unless (g_strcmp0 (presentation, paths[__i__].presentation) == 0);
}
GST_END_TEST

static Suite *
rtsp_credentials_suite (void)
{
  Suite *s = suite_create ("rtsp-credentials");
  TCase *tc = tcase_create ("rtsp-credentials");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (
      tc, right_credentials_pass_and_others_do_not, 0, G_N_ELEMENTS (right));
  tcase_add_loop_test (tc, cut_header_is_never_right, 0, G_N_ELEMENTS (right));
  tcase_add_loop_test (
      tc, malformed_header_is_refused, 0, G_N_ELEMENTS (malformed));
  tcase_add_test (tc, header_at_the_limit_is_read_and_a_longer_one_is_not);
  tcase_add_test (tc, quoted_strings_keep_commas_and_escapes);
  tcase_add_test (tc, nonce_is_good_for_its_time_and_address);
  tcase_add_test (tc, changed_nonce_is_foreign);
  tcase_add_loop_test (tc, path_of_a_request_is_found, 0, G_N_ELEMENTS (paths));
  return s;
}

GST_CHECK_MAIN (rtsp_credentials);
