/* SPDX-License-Identifier: MIT
 *
 * What the HTTP server answers: pages, files, headers, ranges, waiting. */

#include <gst/check/gstcheck.h>
#include <stdlib.h>
#include <string.h>

#include "http-fixture.h"
#include "penstock-error.h"

/* ---- where things are ---- */

static const struct {
  const gchar *path;
  guint status;
  const gchar *type, *contains;
} places[] = {
  { "/", 200, "text/html; charset=utf-8", "href=\"./live/one/\"" },
  { "/live/one/", 200, "text/html; charset=utf-8", "data-mode=" },
  { "/live/one", 302, NULL, NULL },
  { "/live/one/manifest.mpd", 200, "application/dash+xml", "<Period" },
  { "/live/one/manifest.mpd?token=x", 200, "application/dash+xml", NULL },
  { "/live/one/master.m3u8", 200, "application/vnd.apple.mpegurl", NULL },
  { "/live/one/v0/init-0.mp4", 200, "video/mp4", "init" },
  { "/live/one/v0/1.m4s", 200, "video/mp4", "0123456789" },
  { "/live/one/a0/1.m4s", 200, "audio/mp4", "sound" },
  { "/l%69ve/one/v0/1.m4s", 200, "video/mp4", "0123456789" },
  { "/time", 200, "text/plain", "T" },
  { "/status.json", 200, "application/json; charset=utf-8", "\"call\"" },
  { "/assets/style.css", 200, "text/css; charset=utf-8", ":root" },
  { "/assets/player.js", 200, "text/javascript; charset=utf-8", "penstock" },
  { "/assets/icon.svg", 200, "image/svg+xml", "<svg" },
  { "/assets/nothing.css", 404, "text/plain; charset=utf-8", NULL },
  { "/assets/", 404, "text/plain; charset=utf-8", NULL },
  { "/assets/index.html", 404, "text/plain; charset=utf-8", NULL },
  { "/live", 404, "text/plain; charset=utf-8", NULL },
  { "/live/two", 404, "text/plain; charset=utf-8", NULL },
  { "/live/two/", 404, "text/html; charset=utf-8", "live/two" },
  { "/live/one/v0", 404, "text/plain; charset=utf-8", NULL },
  { "/live/one/v0/", 404, "text/plain; charset=utf-8", NULL },
  { "/live/one/nothing.mp4", 404, "text/plain; charset=utf-8", NULL },
  { "/live/one/v0/9.m4s", 404, "text/plain; charset=utf-8", NULL },
  { "/manifest.mpd", 404, "text/plain; charset=utf-8", NULL },
  { "/live/onemanifest.mpd", 404, "text/plain; charset=utf-8", NULL },
  /* Out of the root and other tricks: resolved within it (RFC 3986, 5.2.4) or
   * refused before anything is looked up. */
  { "/live/one/../../status.json", 200, NULL, "\"call\"" },
  { "/live/one/%2e%2e/%2e%2e/time", 200, "text/plain", "T" },
  { "/live/one/../../../../../etc/passwd", 404, NULL, NULL },
  { "/assets/../../../../../etc/passwd", 0, NULL, NULL },
  { "/assets/%2e%2e/index.html", 0, NULL, NULL },
  { "/assets/..%2findex.html", 400, NULL, NULL },
  { "/assets%2fstyle.css", 400, NULL, NULL },
  { "/live/one//manifest.mpd", 400, NULL, NULL },
  { "//live/one/", 0, NULL, NULL },
  { "/live/one/%00", 400, NULL, NULL },
  { "/live/one/%0d%0aSet-Cookie:x", 400, NULL, NULL },
  { "/%ff/", 400, NULL, NULL },
};

GST_START_TEST (every_path_has_one_answer)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Answer) answer =
      get (setup.fixture->port, places[__i__].path, NULL);

  if (places[__i__].status == 0) /* whatever it is, it is no success */
    fail_unless (answer->status == 400 || answer->status == 404, "%s: %u",
        places[__i__].path, answer->status);
  else
    fail_unless (answer->status == places[__i__].status, "%s: %u",
        places[__i__].path, answer->status);
  fail_unless (answer->whole);
  if (places[__i__].type)
    fail_unless_equals_string (
        answer_header (answer, "content-type"), places[__i__].type);
  if (places[__i__].contains)
    fail_unless (strstr (answer->body->str, places[__i__].contains), "%s: %s",
        places[__i__].path, answer->body->str);
  fail_if (strstr (answer->body->str, "root:"));

  /* R17: what scripts of other origins need is on every answer. */
  fail_unless_equals_string (
      answer_header (answer, "access-control-allow-origin"), "*");
  fail_unless_equals_string (
      answer_header (answer, "access-control-expose-headers"),
      "Date, Content-Length, Content-Range, ETag");
  fail_unless_equals_string (
      answer_header (answer, "x-content-type-options"), "nosniff");
  fail_unless (answer_header (answer, "date"));
  if (answer->status >= 400)
    fail_unless_equals_string (
        answer_header (answer, "cache-control"), "no-store");
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (longest_route_wins)
{
  Setup setup = setup_with (NULL);
  g_autoptr (PenstockSegmentStore) outer =
      penstock_segment_store_get ("store-outer");

  store_put (outer, "one/v0/1.m4s", "video/mp4", "outer");
  store_put (outer, "other.mp4", "video/mp4", "outer");
  fixture_add_route (setup.fixture, "live", "store-outer");
  g_autoptr (Answer) inner =
      get (setup.fixture->port, "/live/one/v0/1.m4s", NULL);
  g_autoptr (Answer) other = get (setup.fixture->port, "/live/other.mp4", NULL);
  fail_unless_equals_string (inner->body->str, "0123456789");
  fail_unless_equals_string (other->body->str, "outer");
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (name_may_be_any_text)
{
  static const gchar name[] = "straße/<b>&\"'x?#%";
  Setup setup = setup_with (NULL);
  g_autofree gchar *encoded = g_uri_escape_string (name, "/", FALSE);
  g_autofree gchar *page_path = g_strdup_printf ("/%s/", encoded);
  g_autofree gchar *bare_path = g_strdup_printf ("/%s?a=b", encoded);
  g_autofree gchar *file_path = g_strdup_printf ("/%s/v0/1.m4s", encoded);
  g_autofree gchar *location =
      g_strdup_printf ("./%s/?a=b", strrchr (encoded, '/') + 1);

  fixture_add_route (setup.fixture, name, "store-one");
  g_autoptr (Answer) page = get (setup.fixture->port, page_path, NULL);
  g_autoptr (Answer) bare = get (setup.fixture->port, bare_path, NULL);
  g_autoptr (Answer) file = get (setup.fixture->port, file_path, NULL);
  g_autoptr (Answer) index = get (setup.fixture->port, "/", NULL);

  fail_unless_equals_int (page->status, 200);
  fail_unless (
      strstr (page->body->str, "straße/&lt;b&gt;&amp;&quot;&apos;x?#%"));
  fail_if (strstr (page->body->str, "<b>"));
  fail_unless_equals_string (answer_header (bare, "location"), location);
  fail_unless_equals_string (file->body->str, "0123456789");
  fail_if (strstr (index->body->str, "<b>"));
  fail_unless (strstr (index->body->str, encoded));
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (pages_let_nothing_foreign_in)
{
  static const gchar *const pages[] = { "/", "/live/one/", "/none/" };
  Setup setup = setup_with (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (pages); i++) {
    g_autoptr (Answer) answer = get (setup.fixture->port, pages[i], NULL);
    const gchar *policy = answer_header (answer, "content-security-policy");
    fail_unless (policy && strstr (policy, "default-src 'none'"));
    fail_unless (strstr (policy, "script-src 'self';"));
    fail_if (strstr (policy, "unsafe"));
    fail_if (
        strstr (answer->body->str, "://"), "%s names another host", pages[i]);
    fail_if (strstr (answer->body->str, "{{"));
  }
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (page_says_when_it_cannot_play)
{
  Setup setup = setup_with (NULL);

  fixture_add_route (setup.fixture, "radio", NULL);
  g_autoptr (Answer) no_dash = get (setup.fixture->port, "/radio/", NULL);
  g_autoptr (Answer) file = get (setup.fixture->port, "/radio/x.mp4", NULL);
  g_autoptr (Answer) page = get (setup.fixture->port, "/live/one/", NULL);
  g_autoptr (Answer) player =
      get (setup.fixture->port, "/assets/dash.js", NULL);
  g_autoptr (Answer) licence =
      get (setup.fixture->port, "/assets/dash.LICENSE.txt", NULL);

  fail_unless_equals_int (no_dash->status, 200);
  fail_unless (strstr (no_dash->body->str, "data-mode=\"no-dash\""));
  fail_unless_equals_int (file->status, 404);
  if (penstock_http_has_player ()) {
    fail_unless (strstr (page->body->str, "data-mode=\"play\""));
    fail_unless (strstr (page->body->str, "../../assets/dash.js"));
    fail_unless_equals_int (player->status, 200);
    fail_unless (strstr (licence->body->str, "BSD"));
  } else {
    fail_unless (strstr (page->body->str, "data-mode=\"no-player\""));
    fail_if (strstr (page->body->str, "dash.js\""));
    fail_unless_equals_int (player->status, 404);
    fail_unless_equals_int (licence->status, 404);
  }
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (browser_gets_an_error_page)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Answer) answer = get (setup.fixture->port, "/a/b",
      "Accept: text/html,application/xhtml+xml\r\n");

  fail_unless_equals_int (answer->status, 404);
  fail_unless (strstr (answer->body->str, "<!doctype html>"));
  fail_unless (strstr (answer->body->str, "../assets/style.css"));
  teardown (&setup);
}
GST_END_TEST;

/* ---- methods and connections ---- */

GST_START_TEST (options_allows_other_origins)
{
  static const gchar *const targets[] = { "/live/one/manifest.mpd", "/none",
    "*" };
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++) {
    client_send (client,
        "OPTIONS %s HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\n"
        "Access-Control-Request-Method: GET\r\n\r\n",
        targets[i]);
    g_autoptr (Answer) answer = client_read (client, FALSE);
    fail_unless_equals_int (answer->status, 204);
    fail_if (answer_header (answer, "content-length"));
    fail_unless_equals_string (
        answer_header (answer, "access-control-allow-methods"),
        "GET, HEAD, OPTIONS");
    fail_unless (strstr (
        answer_header (answer, "access-control-allow-headers"), "Range"));
    fail_unless_equals_string (
        answer_header (answer, "access-control-allow-origin"), "*");
  }
  teardown (&setup);
}
GST_END_TEST;

static const struct {
  const gchar *request;
  guint status;
} refusals[] = {
  { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 405 },
  { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 405 },
  { "PUT /live/one/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405 },
  { "DELETE /live/one/ HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
  { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde", 413 },
  { "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      413 },
  { "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    "Content-Length: 9\r\n\r\n",
      405 },
  { "GET / HTTP/1.1\r\n\r\n", 400 },
  { "nonsense\r\n\r\n", 400 },
};

GST_START_TEST (what_is_not_for_us_is_refused_and_closed)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  client_send (client, "%s", refusals[__i__].request);
  if (strstr (refusals[__i__].request, "99999999999"))
    g_socket_shutdown (
        g_socket_connection_get_socket (client->connection), FALSE, TRUE, NULL);
  g_autoptr (Answer) answer = client_read (client, FALSE);
  if (!strstr (refusals[__i__].request, "99999999999"))
    fail_unless_equals_int (answer->status, refusals[__i__].status);
  fail_unless (client_is_closed (client));
  g_autoptr (Answer) after = get (setup.fixture->port, "/time", NULL);
  fail_unless_equals_int (after->status, 200);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (one_connection_serves_many_requests)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  for (guint i = 0; i < 20; i++) {
    gboolean head = i % 2;
    client_send (client, "%s /live/one/v0/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n",
        head ? "HEAD" : "GET");
    g_autoptr (Answer) answer = client_read (client, head);
    fail_unless_equals_int (answer->status, 200);
    fail_unless_equals_string (answer_header (answer, "content-length"), "10");
    fail_unless_equals_string (
        answer_header (answer, "accept-ranges"), "bytes");
    fail_unless_equals_string (answer->body->str, head ? "" : "0123456789");
  }
  fail_unless_equals_int (
      penstock_priv_http_server_count (setup.fixture->server).connections, 1);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (head_says_what_get_says)
{
  static const gchar *const paths[] = { "/live/one/manifest.mpd",
    "/live/one/v0/1.m4s", "/live/one/", "/none", "/time", "/status.json",
    "/live/one/v0/9.m4s" };
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.status_cache_ms = 10 * 60 * 1000;
  Setup setup = setup_with (&limits);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    GHashTableIter iter;
    gpointer name, value;
    client_send (client, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
    g_autoptr (Answer) get = client_read (client, FALSE);
    client_send (client, "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
    g_autoptr (Answer) head = client_read (client, TRUE);
    fail_unless_equals_int (head->status, get->status);
    g_hash_table_iter_init (&iter, get->headers);
    while (g_hash_table_iter_next (&iter, &name, &value))
      if (!g_str_equal (name, "date"))
        fail_unless_equals_string (answer_header (head, name), value);
    fail_unless_equals_int (
        g_hash_table_size (head->headers), g_hash_table_size (get->headers));
  }
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (pipelined_requests_are_answered_in_order)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  client_send (client,
      "GET /live/one/v0/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /none HTTP/1.1\r\nHost: x\r\n\r\n"
      "HEAD /live/one/a0/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /live/one/a0/1.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) one = client_read (client, FALSE);
  g_autoptr (Answer) two = client_read (client, FALSE);
  g_autoptr (Answer) three = client_read (client, TRUE);
  g_autoptr (Answer) four = client_read (client, FALSE);
  g_autoptr (Answer) five = client_read (client, FALSE);
  fail_unless_equals_string (one->body->str, "0123456789");
  fail_unless_equals_int (two->status, 404);
  fail_unless_equals_string (answer_header (three, "content-length"), "5");
  fail_unless_equals_string (four->body->str, "{\"call\":1}");
  fail_unless_equals_string (five->body->str, "sound");
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (http_1_0_is_answered_and_closed)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  client_send (client, "GET /live/one/v0/1.m4s HTTP/1.0\r\n\r\n");
  g_autoptr (Answer) answer = client_read (client, FALSE);
  fail_unless_equals_string (answer->body->str, "0123456789");
  fail_unless (client_is_closed (client));
  teardown (&setup);
}
GST_END_TEST;

/* ---- files ---- */

static const struct {
  const gchar *path, *cache;
} caches[] = {
  { "/live/one/manifest.mpd", "no-cache" },
  { "/live/one/master.m3u8", "no-cache" },
  { "/live/one/v0/1.m4s", "public, max-age=30" }, /* the MPD's window */
  { "/live/one/v0/init-0.mp4", "public, max-age=30" },
  { "/live/one/v0/99.m4s", "no-store" },
  { "/live/one/", "no-store" },
  { "/time", "no-store" },
  { "/status.json", "no-store" },
  { "/assets/style.css", "no-cache" },
};

GST_START_TEST (caches_are_told_how_long)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Answer) answer =
      get (setup.fixture->port, caches[__i__].path, NULL);

  fail_unless_equals_string (
      answer_header (answer, "cache-control"), caches[__i__].cache);
  teardown (&setup);
}
GST_END_TEST;

static const struct {
  const gchar *header;
  guint status;
  const gchar *content_range, *body;
} parts[] = {
  { "Range: bytes=0-3\r\n", 206, "bytes 0-3/10", "0123" },
  { "Range: bytes=3-6\r\n", 206, "bytes 3-6/10", "3456" }, /* two chunks */
  { "Range: bytes=5-\r\n", 206, "bytes 5-9/10", "56789" },
  { "Range: bytes=-2\r\n", 206, "bytes 8-9/10", "89" },
  { "Range: bytes=0-99\r\n", 206, "bytes 0-9/10", "0123456789" },
  { "Range: bytes=10-\r\n", 416, "bytes */10", "" },
  { "Range: bytes=0-1,4-5\r\n", 200, NULL, "0123456789" },
  { "Range: bytes=0-3\r\nIf-Range: \"other\"\r\n", 200, NULL, "0123456789" },
};

GST_START_TEST (range_gives_a_part_of_a_whole_file)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Answer) answer =
      get (setup.fixture->port, "/live/one/v0/1.m4s", parts[__i__].header);

  fail_unless_equals_int (answer->status, parts[__i__].status);
  fail_unless_equals_string (
      answer_header (answer, "content-range"), parts[__i__].content_range);
  fail_unless_equals_string (answer->body->str, parts[__i__].body);
  fail_unless (answer->whole);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (if_range_with_the_right_tag_gives_a_part)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Answer) whole =
      get (setup.fixture->port, "/live/one/v0/1.m4s", NULL);
  g_autofree gchar *headers = g_strdup_printf (
      "Range: bytes=0-0\r\nIf-Range: %s\r\n", answer_header (whole, "etag"));
  g_autoptr (Answer) part =
      get (setup.fixture->port, "/live/one/v0/1.m4s", headers);

  fail_unless_equals_int (part->status, 206);
  fail_unless_equals_string (part->body->str, "0");
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (unchanged_file_is_not_sent_again)
{
  static const gchar *const files[] = { "/live/one/manifest.mpd",
    "/live/one/v0/1.m4s", "/assets/style.css" };
  Setup setup = setup_with (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autoptr (Client) client = client_new (setup.fixture->port);
    g_autoptr (Answer) before = get (setup.fixture->port, files[i], NULL);
    const gchar *etag = answer_header (before, "etag");
    /* Twice: a 304 must leave the connection in step. */
    for (guint n = 0; n < 2; n++) {
      client_send (client,
          "GET %s HTTP/1.1\r\nHost: x\r\nIf-None-Match: %s\r\n\r\n", files[i],
          etag);
      g_autoptr (Answer) after = client_read (client, FALSE);
      fail_unless_equals_int (after->status, 304);
      fail_if (answer_header (after, "content-length"));
      fail_unless_equals_string (answer_header (after, "etag"), etag);
    }
  }
  store_put (setup.store, "manifest.mpd", "application/dash+xml", MPD);
  g_autoptr (Answer) changed =
      get (setup.fixture->port, files[0], "If-None-Match: \"x\"\r\n");
  fail_unless_equals_int (changed->status, 200);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (manifest_names_our_clock_as_the_client_calls_us)
{
  Setup setup = setup_with (NULL);
  g_autofree gchar *direct = g_strdup_printf (
      "value=\"http://localhost:%u/time\"", setup.fixture->port);
  g_autofree gchar *proxied = g_strdup_printf (
      "value=\"https://localhost:%u/time\"", setup.fixture->port);
  g_autoptr (Answer) one =
      get (setup.fixture->port, "/live/one/manifest.mpd", NULL);
  g_autoptr (Answer) two = get (setup.fixture->port, "/live/one/manifest.mpd",
      "X-Forwarded-Proto: https\r\n");

  fail_unless (strstr (one->body->str, direct), "%s", one->body->str);
  fail_unless (strstr (two->body->str, proxied), "%s", two->body->str);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (time_is_now_to_the_millisecond)
{
  Setup setup = setup_with (NULL);
  gint64 before = g_get_real_time () / 1000;
  g_autoptr (Answer) answer = get (setup.fixture->port, "/time", NULL);
  gint64 after = g_get_real_time () / 1000;
  g_autoptr (GDateTime) time =
      g_date_time_new_from_iso8601 (answer->body->str, NULL);

  fail_unless (time, "%s", answer->body->str);
  gint64 told = g_date_time_to_unix (time) * 1000 +
      g_date_time_get_microsecond (time) / 1000;
  fail_unless (told >= before && told <= after,
      "%" G_GINT64_FORMAT " is not in %" G_GINT64_FORMAT "..%" G_GINT64_FORMAT,
      told, before, after);
  teardown (&setup);
}
GST_END_TEST;

/* ---- status ---- */

GST_START_TEST (status_is_made_once_for_many_questions)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.status_cache_ms = 10 * 60 * 1000;
  Setup setup = setup_with (&limits);

  for (guint i = 0; i < 10; i++) {
    g_autoptr (Answer) answer = get (setup.fixture->port, "/status.json", NULL);
    fail_unless_equals_string (answer->body->str, "{\"call\":1}");
  }
  fail_unless_equals_int (g_atomic_int_get (&setup.fixture->n_status_calls), 1);
  fail_if (g_atomic_int_get (&setup.fixture->status_thread_wrong));
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (status_is_made_anew_after_a_moment)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.status_cache_ms = 0;
  Setup setup = setup_with (&limits);
  g_autoptr (Answer) one = get (setup.fixture->port, "/status.json", NULL);
  g_autoptr (Answer) two = get (setup.fixture->port, "/status.json", NULL);

  fail_unless_equals_string (one->body->str, "{\"call\":1}");
  fail_unless_equals_string (two->body->str, "{\"call\":2}");
  teardown (&setup);
}
GST_END_TEST;

typedef struct {
  GMutex lock;
  GCond cond;
  gboolean blocked, released;
} Block;

static gboolean
block_control (gpointer data)
{
  Block *block = data;

  g_mutex_lock (&block->lock);
  block->blocked = TRUE;
  g_cond_broadcast (&block->cond);
  while (!block->released)
    g_cond_wait (&block->cond, &block->lock);
  g_mutex_unlock (&block->lock);
  return G_SOURCE_REMOVE;
}

GST_START_TEST (busy_control_thread_does_not_hold_the_server)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.status_wait_ms = 200;
  Setup setup = setup_with (&limits);
  Block block = { .blocked = FALSE };
  g_autoptr (GSource) source = g_idle_source_new ();

  g_mutex_init (&block.lock);
  g_cond_init (&block.cond);
  g_source_set_callback (source, block_control, &block, NULL);
  g_source_attach (source, setup.fixture->control);
  g_mutex_lock (&block.lock);
  while (!block.blocked)
    g_cond_wait (&block.cond, &block.lock);
  g_mutex_unlock (&block.lock);

  g_autoptr (Client) client = client_new (setup.fixture->port);
  client_send (client, "GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) other = get (setup.fixture->port, "/time", NULL);
  g_autoptr (Answer) status = client_read (client, FALSE);
  fail_unless_equals_int (other->status, 200);
  fail_unless_equals_int (status->status, 503);
  fail_unless_equals_string (answer_header (status, "retry-after"), "1");

  g_mutex_lock (&block.lock);
  block.released = TRUE;
  g_cond_broadcast (&block.cond);
  g_mutex_unlock (&block.lock);
  /* The late answer is no longer waited for, and of use to the next. */
  client_send (client, "GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) later = client_read (client, FALSE);
  fail_unless_equals_int (later->status, 200);
  teardown (&setup);
  g_cond_clear (&block.cond);
  g_mutex_clear (&block.lock);
}
GST_END_TEST;

/* ---- listening ---- */

static GBytes *
no_status (gpointer unused)
{
  return g_bytes_new_static ("{}", 2);
}

GST_START_TEST (port_in_use_is_named)
{
  Fixture *fixture = fixture_new (NULL);
  gchar host[] = "127.0.0.1";
  PenstockListenAddress listen = {
    .set = TRUE, .host = host, .port = fixture->port
  };
  g_autoptr (PenstockHttpServer) second =
      penstock_http_server_new (&listen, no_status, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *address = g_strdup_printf ("127.0.0.1:%u", fixture->port);

  fail_if (penstock_http_server_start (second, &error));
  fail_unless (
      g_error_matches (error, PENSTOCK_ERROR, PENSTOCK_ERROR_ADDRESS_IN_USE));
  fail_unless (strstr (error->message, address), "%s", error->message);
  fail_unless_equals_int (penstock_http_server_get_port (second), 0);

  /* And is free once the other has stopped. */
  fixture_free (fixture);
  g_clear_error (&error);
  fail_unless (penstock_http_server_start (second, &error));
  penstock_http_server_stop (second);
}
GST_END_TEST;

GST_START_TEST (address_that_is_not_ours_is_named)
{
  gchar host[] = "192.0.2.1"; /* RFC 5737: nobody's */
  PenstockListenAddress listen = { .set = TRUE, .host = host, .port = 0 };
  g_autoptr (PenstockHttpServer) server =
      penstock_http_server_new (&listen, no_status, NULL);
  g_autoptr (GError) error = NULL;

  fail_if (penstock_http_server_start (server, &error));
  fail_unless (g_error_matches (error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED));
  fail_unless (strstr (error->message, "192.0.2.1:0"), "%s", error->message);
}
GST_END_TEST;

GST_START_TEST (every_address_means_both_families)
{
  gchar host[] = "::";
  PenstockListenAddress listen = { .set = TRUE, .host = host, .port = 0 };
  g_autoptr (PenstockHttpServer) server =
      penstock_http_server_new (&listen, no_status, NULL);
  g_autoptr (GError) error = NULL;

  fail_unless (penstock_http_server_start (server, &error));
  guint16 port = penstock_http_server_get_port (server);
  g_autoptr (Answer) v4 = get (port, "/time", NULL);
  fail_unless_equals_int (v4->status, 200);
  g_autoptr (GSocket) v6 = g_socket_new (
      G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketAddress) loopback =
      g_inet_socket_address_new_from_string ("::1", port);
  if (v6 && g_socket_connect (v6, loopback, NULL, NULL)) {
    g_autoptr (Client) client = client_new_to ("::1", port);
    client_send (client, "GET /time HTTP/1.1\r\nHost: [::1]:%u\r\n\r\n", port);
    g_autoptr (Answer) answer = client_read (client, FALSE);
    fail_unless_equals_int (answer->status, 200);
  }
  penstock_http_server_stop (server);
}
GST_END_TEST;

static Suite *
http_suite (void)
{
  Suite *suite = suite_create ("http");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, every_path_has_one_answer, 0, G_N_ELEMENTS (places));
  tcase_add_test (tc, longest_route_wins);
  tcase_add_test (tc, name_may_be_any_text);
  tcase_add_test (tc, pages_let_nothing_foreign_in);
  tcase_add_test (tc, page_says_when_it_cannot_play);
  tcase_add_test (tc, browser_gets_an_error_page);
  tcase_add_test (tc, options_allows_other_origins);
  tcase_add_loop_test (
      tc, what_is_not_for_us_is_refused_and_closed, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (tc, one_connection_serves_many_requests);
  tcase_add_test (tc, head_says_what_get_says);
  tcase_add_test (tc, pipelined_requests_are_answered_in_order);
  tcase_add_test (tc, http_1_0_is_answered_and_closed);
  tcase_add_loop_test (tc, caches_are_told_how_long, 0, G_N_ELEMENTS (caches));
  tcase_add_loop_test (
      tc, range_gives_a_part_of_a_whole_file, 0, G_N_ELEMENTS (parts));
  tcase_add_test (tc, if_range_with_the_right_tag_gives_a_part);
  tcase_add_test (tc, unchanged_file_is_not_sent_again);
  tcase_add_test (tc, manifest_names_our_clock_as_the_client_calls_us);
  tcase_add_test (tc, time_is_now_to_the_millisecond);
  tcase_add_test (tc, status_is_made_once_for_many_questions);
  tcase_add_test (tc, status_is_made_anew_after_a_moment);
  tcase_add_test (tc, busy_control_thread_does_not_hold_the_server);
  tcase_add_test (tc, port_in_use_is_named);
  tcase_add_test (tc, address_that_is_not_ours_is_named);
  tcase_add_test (tc, every_address_means_both_families);
  return suite;
}

GST_CHECK_MAIN (http);
