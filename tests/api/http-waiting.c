/* SPDX-License-Identifier: MIT
 *
 * Media segments that are not there yet, or not whole: what is sent of them,
 * what is waited for, and for how long. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "http-fixture.h"

/* Microseconds from now, as the writer tells them. */
static void
expect_in (Setup *setup, const gchar *path, gint64 us)
{
  penstock_segment_store_expect (setup->store, path, g_get_real_time () + us);
}

GST_START_TEST (growing_segment_is_sent_chunk_by_chunk)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);
  gboolean broken;

  store_append (setup.store, "v0/2.m4s", "aa");
  store_append (setup.store, "v0/2.m4s", "bbb");
  client_send (client,
      "GET /live/one/v0/2.m4s HTTP/1.1\r\nHost: x\r\n"
      "Range: bytes=0-0\r\n\r\n");
  g_autoptr (Answer) answer = client_read_head (client);
  fail_unless_equals_int (answer->status, 200);
  fail_unless_equals_string (
      answer_header (answer, "transfer-encoding"), "chunked");
  fail_if (answer_header (answer, "content-length"));
  fail_unless_equals_string (
      answer_header (answer, "cache-control"), "public, max-age=30");

  /* One chunk of HTTP for each chunk of media, at once. */
  g_autofree gchar *a = client_read_chunk (client, &broken);
  g_autofree gchar *b = client_read_chunk (client, &broken);
  fail_unless_equals_string (a, "aa");
  fail_unless_equals_string (b, "bbb");
  store_append (setup.store, "v0/2.m4s", "cccc");
  g_autofree gchar *c = client_read_chunk (client, &broken);
  fail_unless_equals_string (c, "cccc");
  penstock_segment_store_finish (setup.store, "v0/2.m4s");
  fail_if (client_read_chunk (client, &broken));
  fail_if (broken);

  /* Now it is whole, and the connection goes on. */
  client_send (client, "GET /live/one/v0/2.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) whole = client_read (client, FALSE);
  fail_unless_equals_string (answer_header (whole, "content-length"), "9");
  fail_unless_equals_string (whole->body->str, "aabbbcccc");
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (head_of_a_growing_segment_does_not_wait)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  store_append (setup.store, "v0/2.m4s", "aa");
  for (guint i = 0; i < 2; i++) {
    client_send (client, "HEAD /live/one/v0/2.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
    g_autoptr (Answer) answer = client_read (client, TRUE);
    fail_unless_equals_int (answer->status, 200);
    fail_if (answer_header (answer, "content-length"));
  }
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (http_1_0_reads_a_growing_segment_to_the_end)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  store_append (setup.store, "v0/2.m4s", "aa");
  client_send (client, "GET /live/one/v0/2.m4s HTTP/1.0\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) head = client_read_head (client);
  fail_if (answer_header (head, "transfer-encoding"));
  fail_if (answer_header (head, "content-length"));
  store_append (setup.store, "v0/2.m4s", "b");
  penstock_segment_store_finish (setup.store, "v0/2.m4s");
  gchar body[8] = "";
  gsize got = 0;
  fail_unless (g_input_stream_read_all (
      G_INPUT_STREAM (client->input), body, sizeof body, &got, NULL, NULL));
  fail_unless_equals_int (got, 3);
  fail_unless (memcmp (body, "aab", 3) == 0);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (withdrawn_segment_does_not_look_whole)
{
  Setup setup = setup_with (NULL);
  g_autoptr (Client) client = client_new (setup.fixture->port);
  gboolean broken = FALSE;

  store_append (setup.store, "v0/2.m4s", "aa");
  client_send (client, "GET /live/one/v0/2.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) answer = client_read_head (client);
  g_autofree gchar *a = client_read_chunk (client, &broken);
  fail_unless_equals_string (a, "aa");
  penstock_segment_store_remove (setup.store, "v0/2.m4s");
  fail_if (client_read_chunk (client, &broken));
  fail_unless (broken);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (next_segment_is_waited_for)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = 60 * 1000;
  Setup setup = setup_with (&limits);
  g_autoptr (Client) whole = client_new (setup.fixture->port);
  g_autoptr (Client) growing = client_new (setup.fixture->port);
  gboolean broken;

  expect_in (&setup, "a0/2.m4s", 0);
  expect_in (&setup, "v0/2.m4s", 0);
  client_send (whole, "GET /live/one/a0/2.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  client_send (growing, "GET /live/one/v0/2.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  settle (&setup);
  store_put (setup.store, "a0/2.m4s", "audio/mp4", "more sound");
  g_autoptr (Answer) answer = client_read (whole, FALSE);
  fail_unless_equals_int (answer->status, 200);
  fail_unless_equals_string (answer_header (answer, "content-length"), "10");
  fail_unless_equals_string (answer->body->str, "more sound");

  store_append (setup.store, "v0/2.m4s", "first");
  g_autoptr (Answer) head = client_read_head (growing);
  g_autofree gchar *chunk = client_read_chunk (growing, &broken);
  fail_unless_equals_int (head->status, 200);
  fail_unless_equals_string (chunk, "first");
  penstock_segment_store_finish (setup.store, "v0/2.m4s");
  fail_if (client_read_chunk (growing, &broken) || broken);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (segment_that_does_not_come_is_not_found)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = limits.max_hold_ms = 100;
  Setup setup = setup_with (&limits);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  expect_in (&setup, "v0/2.m4s", 0);
  for (guint i = 0; i < 2; i++) {
    client_send (client, "GET /live/one/v0/2.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
    g_autoptr (Answer) answer = client_read (client, FALSE);
    fail_unless_equals_int (answer->status, 404);
    fail_unless_equals_string (
        answer_header (answer, "cache-control"), "no-store");
  }
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (other_absent_segments_are_not_waited_for)
{
  static const gchar *const paths[] = { "/live/one/v0/3.m4s",
    "/live/one/v0/0.m4s", "/live/one/v1/2.m4s", "/live/one/v0/init-1.mp4" };
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = 10 * 60 * 1000; /* the client gives up long before */
  Setup setup = setup_with (&limits);

  expect_in (&setup, "v0/2.m4s", 0);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (Answer) answer = get (setup.fixture->port, paths[i], NULL);
    fail_unless_equals_int (answer->status, 404);
  }
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (expected_segment_is_waited_for_until_it_is_overdue)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = 100;
  limits.max_hold_ms = 10 * 60 * 1000;
  Setup setup = setup_with (&limits);
  g_autoptr (Client) early = client_new (setup.fixture->port);

  /* After a break the next one has any number. */
  expect_in (&setup, "v0/17.m4s", 5 * 60 * G_TIME_SPAN_SECOND);
  client_send (early, "GET /live/one/v0/17.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  settle (&setup);
  store_put (setup.store, "v0/17.m4s", "video/mp4", "hello");
  g_autoptr (Answer) answer = client_read (early, FALSE);
  fail_unless_equals_string (answer->body->str, "hello");

  expect_in (&setup, "v0/18.m4s", -5 * 60 * G_TIME_SPAN_SECOND);
  g_autoptr (Answer) overdue =
      get (setup.fixture->port, "/live/one/v0/18.m4s", NULL);
  fail_unless_equals_int (overdue->status, 404);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (segment_in_whose_place_another_comes_is_not_waited_for)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = limits.max_hold_ms = 10 * 60 * 1000;
  Setup setup = setup_with (&limits);
  g_autoptr (Client) held = client_new (setup.fixture->port);

  expect_in (&setup, "v0/2.m4s", 0);
  client_send (held, "GET /live/one/v0/2.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  settle (&setup);
  expect_in (&setup, "v0/3.m4s", 0);
  store_put (setup.store, "v0/init-1.mp4", "video/mp4", "another Period");
  g_autoptr (Answer) answer = client_read (held, FALSE);
  fail_unless_equals_int (answer->status, 404);
  teardown (&setup);
}
GST_END_TEST;

/* The one that grows tells when the next one begins; only shortly before that
 * is it waited for. */
static const struct {
  gint64 due_us;
  guint status;
} early[] = { { 100 * 1000, 200 }, { 5 * 60 * G_TIME_SPAN_SECOND, 404 } };

GST_START_TEST (segment_behind_one_that_grows_is_waited_for_at_the_end)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = limits.max_hold_ms = 60 * 1000;
  Setup setup = setup_with (&limits);
  g_autoptr (Client) client = client_new (setup.fixture->port);

  store_append (setup.store, "v0/2.m4s", "aa");
  expect_in (&setup, "v0/3.m4s", early[__i__].due_us);
  client_send (client, "GET /live/one/v0/3.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  settle (&setup);
  store_put (setup.store, "v0/3.m4s", "video/mp4", "next");
  g_autoptr (Answer) answer = client_read (client, FALSE);
  fail_unless_equals_int (answer->status, early[__i__].status);
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (segment_that_nobody_expects_is_not_waited_for)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = 10 * 60 * 1000; /* the client gives up long before */
  Setup setup = setup_with (&limits);

  g_autoptr (Answer) answer =
      get (setup.fixture->port, "/live/one/v0/2.m4s", NULL);
  fail_unless_equals_int (answer->status, 404);
  fail_unless_equals_string (
      answer_header (answer, "access-control-allow-origin"), "*");
  teardown (&setup);
}
GST_END_TEST;

GST_START_TEST (removed_route_ends_what_waits_for_it)
{
  HttpLimits limits = HTTP_LIMITS_DEFAULT;
  limits.hold_ms = 10 * 60 * 1000;
  Setup setup = setup_with (&limits);
  g_autoptr (Client) held = client_new (setup.fixture->port);
  g_autoptr (Client) growing = client_new (setup.fixture->port);
  gboolean broken = FALSE;

  store_append (setup.store, "v0/2.m4s", "aa");
  expect_in (&setup, "v0/3.m4s", 0);
  client_send (held, "GET /live/one/v0/3.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  client_send (growing, "GET /live/one/v0/2.m4s HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (Answer) head = client_read_head (growing);
  g_autofree gchar *chunk = client_read_chunk (growing, &broken);
  settle (&setup);
  fixture_remove_route (setup.fixture, "live/one");
  g_autoptr (Answer) answer = client_read (held, FALSE);
  fail_unless_equals_int (answer->status, 404);
  fail_if (client_read_chunk (growing, &broken));
  fail_unless (broken);
  g_autoptr (Answer) gone =
      get (setup.fixture->port, "/live/one/manifest.mpd", NULL);
  fail_unless_equals_int (gone->status, 404);
  teardown (&setup);
}
GST_END_TEST;

static Suite *
http_waiting_suite (void)
{
  Suite *suite = suite_create ("http-waiting");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, growing_segment_is_sent_chunk_by_chunk);
  tcase_add_test (tc, head_of_a_growing_segment_does_not_wait);
  tcase_add_test (tc, http_1_0_reads_a_growing_segment_to_the_end);
  tcase_add_test (tc, withdrawn_segment_does_not_look_whole);
  tcase_add_test (tc, next_segment_is_waited_for);
  tcase_add_test (tc, segment_that_does_not_come_is_not_found);
  tcase_add_test (tc, other_absent_segments_are_not_waited_for);
  tcase_add_test (tc, expected_segment_is_waited_for_until_it_is_overdue);
  tcase_add_test (tc, segment_in_whose_place_another_comes_is_not_waited_for);
  tcase_add_loop_test (tc,
      segment_behind_one_that_grows_is_waited_for_at_the_end, 0,
      G_N_ELEMENTS (early));
  tcase_add_test (tc, segment_that_nobody_expects_is_not_waited_for);
  tcase_add_test (tc, removed_route_ends_what_waits_for_it);
  return suite;
}

GST_CHECK_MAIN (http_waiting);
