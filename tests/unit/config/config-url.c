/* SPDX-License-Identifier: MIT
 *
 * Addresses to listen on and URLs to pull from. */

#include <gst/check/gstcheck.h>

#include "config-url.h"

/* --- listening ------------------------------------------------------------- */

static const struct {
  const gchar *text, *host;
  guint port;
  const gchar *shown;
} addresses[] = {
  { "[::]:8554", "::", 8554, "[::]:8554" },
  { ":1935", "::", 1935, "[::]:1935" },
  { "127.0.0.1:0", "127.0.0.1", 0, "127.0.0.1:0" },
  { "0.0.0.0:65535", "0.0.0.0", 65535, "0.0.0.0:65535" },
  { "[fe80::1]:80", "fe80::1", 80, "[fe80::1]:80" },
};

GST_START_TEST (addresses_are_split)
{
  PenstockListenAddress address = { 0 };
  g_autofree gchar *hint = NULL;

  fail_unless (
      penstock_listen_address_parse (addresses[__i__].text, &address, &hint));
  fail_unless (address.set);
  assert_equals_string (address.host, addresses[__i__].host);
  assert_equals_int (address.port, addresses[__i__].port);
  g_autofree gchar *shown = penstock_listen_address_to_string (&address);
  assert_equals_string (shown, addresses[__i__].shown);
  g_free (address.host);
}
GST_END_TEST;

static const struct {
  const gchar *text, *hint;
} wrong_addresses[] = {
  { "", NULL },
  { ":", NULL },
  { "8554", ":8554" },
  { "localhost:80", "127.0.0.1:80" },
  { "*:80", ":80" },
  { "::1:80", "[::1]:80" },
  { "[::1]", NULL },
  { "[]:80", NULL },
  { "[127.0.0.1]:80", "127.0.0.1:80" },
  { "[::1:80", NULL },
  { "127.0.0.1", NULL },
  { "127.0.0.1:", NULL },
  { "127.0.0.1:-1", NULL },
  { "127.0.0.1:65536", NULL },
  { "127.0.0.1:80x", NULL },
  { "127.0.0.1: 80", NULL },
  { "127.1:80", NULL },
  { "camera.example:80", NULL },
};

GST_START_TEST (wrong_addresses_are_refused_with_a_guess)
{
  PenstockListenAddress address = { 0 };
  g_autofree gchar *hint = NULL;

  fail_if (penstock_listen_address_parse (
      wrong_addresses[__i__].text, &address, &hint));
  fail_if (address.set || address.host);
  fail_unless (g_strcmp0 (hint, wrong_addresses[__i__].hint) == 0, "%s: %s",
      wrong_addresses[__i__].text, hint ? hint : "nothing");
}
GST_END_TEST;

static const struct {
  const gchar *a, *b;
  gboolean collides;
} listeners[] = {
  { ":80", ":80", TRUE },
  { ":80", "127.0.0.1:80", TRUE },
  { "0.0.0.0:80", "[::1]:80", TRUE },
  { "127.0.0.1:80", "127.0.0.1:80", TRUE },
  { "127.0.0.1:80", "127.0.0.2:80", FALSE },
  { ":80", ":81", FALSE },
  { ":0", ":0", FALSE },
};

GST_START_TEST (two_listeners_cannot_share_a_port)
{
  PenstockListenAddress a = { 0 }, b = { 0 }, off = { 0 };
  g_autofree gchar *hint = NULL;

  penstock_listen_address_parse (listeners[__i__].a, &a, &hint);
  penstock_listen_address_parse (listeners[__i__].b, &b, &hint);
  assert_equals_int (
      penstock_listen_address_collides (&a, &b), listeners[__i__].collides);
  assert_equals_int (
      penstock_listen_address_collides (&b, &a), listeners[__i__].collides);
  fail_if (penstock_listen_address_collides (&a, &off));
  g_free (a.host);
  g_free (b.host);
}
GST_END_TEST;

/* --- pulling ----------------------------------------------------------------- */

static const struct {
  const gchar *text, *url, *user, *password;
} urls[] = {
  { "rtsp://camera/stream", "rtsp://camera/stream", NULL, NULL },
  { "RTSP://Camera:554", "rtsp://Camera:554", NULL, NULL },
  { "rtsp://a:b@camera/s?x=1", "rtsp://camera/s?x=1", "a", "b" },
  { "rtsp://a@camera", "rtsp://camera", "a", NULL },
  { "rtsp://a:@camera", "rtsp://camera", "a", "" },
  { "rtsp://a:b:c@camera", "rtsp://camera", "a", "b:c" },
  { "rtsp://a:b@c@camera", "rtsp://camera", "a", "b@c" },
  { "rtsp://a%40b:%2F%25%3a@camera", "rtsp://camera", "a@b", "/%:" },
  { "rtsp://[::1]:8554/s", "rtsp://[::1]:8554/s", NULL, NULL },
  { "rtsp://a:b@[::1]/s", "rtsp://[::1]/s", "a", "b" },
  { "rtsp://camera/a@b", "rtsp://camera/a@b", NULL, NULL },
  { "rtsp://camera:554/a?u=a@b", "rtsp://camera:554/a?u=a@b", NULL, NULL },
  { "rtsp://a:b@camera:554/a@b", "rtsp://camera:554/a@b", "a", "b" },
  { "rtsp://camera?channel=1", "rtsp://camera?channel=1", NULL, NULL },
};

GST_START_TEST (credentials_are_split_off)
{
  g_autofree gchar *url = NULL, *user = NULL, *password = NULL;
  const gchar *problem = penstock_config_url_split (
      urls[__i__].text, "rtsp", &url, &user, &password);

  fail_unless (problem == NULL, "%s: %s", urls[__i__].text, problem);
  assert_equals_string (url, urls[__i__].url);
  fail_unless (g_strcmp0 (user, urls[__i__].user) == 0);
  fail_unless (g_strcmp0 (password, urls[__i__].password) == 0);
}
GST_END_TEST;

static const gchar *const wrong_urls[] = { "", "rtsp", "rtsp:/camera",
  "rtsp://", "rtsp:///x", "rtsp://:554/x", "http://camera/", "rtsps://camera/",
  "rtsp://a:b@", "rtsp://a:b@/x", "rtsp://camera:/x", "rtsp://camera:0/x",
  "rtsp://camera:65536/x", "rtsp://camera:5x/x", "rtsp://[::1/x",
  "rtsp://[camera]/x", "rtsp://[::1]x/", "rtsp://[::1]:x/", "rtsp://cam era/x",
  "rtsp://camera/\tx", "rtsp://camera/#x", "rtsp://cam|era/",
  "rtsp://:b@camera/", "rtsp://a:%zz@camera/", "rtsp://a%00:b@camera/",
  "rtsp://a:SECRET/x@camera/", "rtsp://a:12/SECRET@camera/",
  "rtsp://a:SECRET?@camera/", "rtsp://a:SECRET#@camera/" };

GST_START_TEST (wrong_urls_are_refused_without_being_shown)
{
  g_autofree gchar *url = NULL, *user = NULL, *password = NULL;
  const gchar *problem = penstock_config_url_split (
      wrong_urls[__i__], "rtsp", &url, &user, &password);

  fail_unless (problem != NULL, "accepted: %s", wrong_urls[__i__]);
  fail_unless (url == NULL && user == NULL && password == NULL);
  fail_if (strstr (problem, "SECRET"));
}
GST_END_TEST;

static Suite *
config_url_suite (void)
{
  Suite *suite = suite_create ("config-url");
  TCase *tc = tcase_create ("addresses");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, addresses_are_split, 0, G_N_ELEMENTS (addresses));
  tcase_add_loop_test (tc, wrong_addresses_are_refused_with_a_guess, 0,
      G_N_ELEMENTS (wrong_addresses));
  tcase_add_loop_test (
      tc, two_listeners_cannot_share_a_port, 0, G_N_ELEMENTS (listeners));
  tcase_add_loop_test (tc, credentials_are_split_off, 0, G_N_ELEMENTS (urls));
  tcase_add_loop_test (tc, wrong_urls_are_refused_without_being_shown, 0,
      G_N_ELEMENTS (wrong_urls));
  return suite;
}

GST_CHECK_MAIN (config_url)
