/* SPDX-License-Identifier: MIT
 *
 * What HLS players of low latency ask for: parts of segments, and playlists
 * that have come to a certain place. */

#include <gst/check/gstcheck.h>

#include "http-fixture.h"

#define TYPE "application/vnd.apple.mpegurl"

/* Segment 1 is complete; of segment 2 there are @n_parts parts. */
static void
put_playlist (Setup *setup, guint n_parts)
{
  GString *text = g_string_new (
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n"
      "#EXTINF:2.0,\n1.m4s\n");

  for (guint i = 0; i < n_parts; i++)
    g_string_append_printf (
        text, "#EXT-X-PART:DURATION=0.2,URI=\"2.%u.m4s\"\n", i);
  store_put (setup->store, "v0/media.m3u8", TYPE, text->str);
  g_string_free (text, TRUE);
}

GST_START_TEST (playlist_is_held_until_it_has_the_part)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  put_playlist (&setup, 1);
  client_send (client,
      "GET /live/one/v0/media.m3u8?_HLS_msn=2&_HLS_part=1 HTTP/1.1\r\n"
      "Host: x\r\n\r\n");
  settle (&setup);
  put_playlist (&setup, 1); /* nothing new */
  settle (&setup);
  put_playlist (&setup, 2);
  g_autoptr (Answer) answer = client_read (client, FALSE);
  fail_unless_equals_int (answer->status, 200);
  fail_unless_equals_string (answer_header (answer, "content-type"), TYPE);
  fail_unless_equals_string (
      answer_header (answer, "cache-control"), "public, max-age=12");
  fail_unless (strstr (answer->body->str, "2.1.m4s") != NULL);
  teardown (&setup);
}
GST_END_TEST;

static const struct {
  const gchar *path;
  guint status;
  const gchar *cache;
} asked[] = {
  { "/live/one/v0/media.m3u8", 200, "no-cache" },
  { "/live/one/v0/media.m3u8?_HLS_msn=1", 200, "public, max-age=12" },
  { "/live/one/v0/media.m3u8?_HLS_msn=2&_HLS_part=0", 200,
      "public, max-age=12" },
  { "/live/one/v0/media.m3u8?_HLS_msn=4", 400, "no-store" },
  { "/live/one/v0/media.m3u8?_HLS_part=0", 400, "no-store" },
  { "/live/one/v1/media.m3u8?_HLS_msn=2", 404, "no-store" },
  { "/live/one/master.m3u8?_HLS_msn=2", 404, "no-store" },
  { "/live/one/v0/1.0.m4s", 200, "public, max-age=30" },
  { "/live/one/v0/1.1.m4s", 200, "public, max-age=30" },
  { "/live/one/v0/1.2.m4s", 404, "no-store" },
  { "/live/one/v0/2.0.m4s", 404, NULL },
};

GST_START_TEST (what_is_there_is_answered_at_once)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = limits.max_hold_ms = 10 * 60 * 1000;
  Setup setup = setup_with (&limits);

  put_playlist (&setup, 1);
  g_autoptr (Answer) answer =
      get (setup.fixture->port, asked[__i__].path, NULL);
  fail_unless_equals_int (answer->status, asked[__i__].status);
  if (asked[__i__].cache)
    fail_unless_equals_string (
        answer_header (answer, "cache-control"), asked[__i__].cache);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (playlist_that_does_not_go_on_is_unavailable)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.max_hold_ms = 100;
  Setup setup = setup_with (&limits);

  put_playlist (&setup, 1);
  g_autoptr (Answer) answer = get (setup.fixture->port,
      "/live/one/v0/media.m3u8?_HLS_msn=2&_HLS_part=1", NULL);
  fail_unless_equals_int (answer->status, 503);
  fail_unless_equals_string (
      answer_header (answer, "cache-control"), "no-store");
  teardown (&setup);
}
GST_END_TEST;

static const gchar *const first[] = { "/live/one/master.m3u8",
  "/live/one/v0/media.m3u8?_HLS_msn=1" };

GST_START_TEST (first_playlist_of_a_route_is_waited_for)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.max_hold_ms = 60 * 1000;
  Setup setup = setup_with (&limits);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  penstock_segment_store_clear (setup.store);
  client_send (client, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", first[__i__]);
  settle (&setup);
  put_playlist (&setup, 1);
  store_put (setup.store, "master.m3u8", TYPE, "#EXTM3U\n");
  store_put (setup.store, "manifest.mpd", "application/dash+xml", MPD);
  g_autoptr (Answer) answer = client_read (client, FALSE);
  fail_unless_equals_int (answer->status, 200);
  fail_unless (g_str_has_prefix (answer->body->str, "#EXTM3U\n"));
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (first_playlist_is_not_waited_for_for_ever)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.max_hold_ms = 100;
  Setup setup = setup_with (&limits);

  penstock_segment_store_clear (setup.store);
  g_autoptr (Answer) answer = get (setup.fixture->port, first[0], NULL);
  fail_unless_equals_int (answer->status, 404);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (part_is_waited_for_as_the_hint_says)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = limits.max_hold_ms = 60 * 1000;
  Setup setup = setup_with (&limits);
  g_autoptr (Client) first = client_new (setup.fixture->port);
  g_autoptr (Client) second = client_new (setup.fixture->port);
  g_autoptr (Client) third = client_new (setup.fixture->port);

  penstock_segment_store_expect (
      setup.store, "v0/2.m4s", g_get_real_time () + G_USEC_PER_SEC);
  client_send (first, "GET /live/one/v0/2.0.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  settle (&setup);
  store_append (setup.store, "v0/2.m4s", "one");
  g_autoptr (Answer) one = client_read (first, FALSE);
  fail_unless_equals_string (answer_header (one, "content-length"), "3");
  fail_unless_equals_string (one->body->str, "one");

  client_send (second, "GET /live/one/v0/2.1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  client_send (third, "GET /live/one/v0/2.1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  settle (&setup);
  store_append (setup.store, "v0/2.m4s", "two");
  g_autoptr (Answer) two = client_read (second, FALSE);
  g_autoptr (Answer) too = client_read (third, FALSE);
  fail_unless_equals_string (two->body->str, "two");
  fail_unless_equals_string (too->body->str, "two");

  /* The segment ends before the part that was hinted at. */
  client_send (second, "GET /live/one/v0/2.2.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  settle (&setup);
  penstock_segment_store_finish (setup.store, "v0/2.m4s");
  g_autoptr (Answer) none = client_read (second, FALSE);
  fail_unless_equals_int (none->status, 404);
  teardown (&setup);
}
GST_END_TEST;

static Suite *
http_playlists_suite (void)
{
  Suite *suite = suite_create ("http-playlists");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, playlist_is_held_until_it_has_the_part);
  tcase_add_loop_test (
      tc, what_is_there_is_answered_at_once, 0, G_N_ELEMENTS (asked));
  tcase_add_test (tc, playlist_that_does_not_go_on_is_unavailable);
  tcase_add_loop_test (
      tc, first_playlist_of_a_route_is_waited_for, 0, G_N_ELEMENTS (first));
  tcase_add_test (tc, first_playlist_is_not_waited_for_for_ever);
  tcase_add_test (tc, part_is_waited_for_as_the_hint_says);
  return suite;
}

GST_CHECK_MAIN (http_playlists);
