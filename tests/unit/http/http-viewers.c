/* SPDX-License-Identifier: MIT
 *
 * Tests of the count of viewers over HTTP. */

#include <gst/check/gstcheck.h>

#include "http/http-viewers.h"

#define MEMORY_US 1000

static HttpViewers *viewers;

static void
setup (void)
{
  viewers = penstock_priv_http_viewers_new (MEMORY_US);
}

static void
teardown (void)
{
  g_clear_pointer (&viewers, penstock_priv_http_viewers_free);
}

GST_START_TEST (client_is_known_by_address_and_program)
{
  fail_unless_equals_int (penstock_priv_http_viewers_count (viewers, 0), 0);
  penstock_priv_http_viewers_note (viewers, "10.0.0.1", "one", 0);
  penstock_priv_http_viewers_note (viewers, "10.0.0.1", "one", 1);
  fail_unless_equals_int (penstock_priv_http_viewers_count (viewers, 1), 1);
  penstock_priv_http_viewers_note (viewers, "10.0.0.1", "two", 1);
  penstock_priv_http_viewers_note (viewers, "10.0.0.2", "one", 1);
  penstock_priv_http_viewers_note (viewers, "10.0.0.2", NULL, 1);
  fail_unless_equals_int (penstock_priv_http_viewers_count (viewers, 1), 4);
}
GST_END_TEST;

GST_START_TEST (client_that_asks_no_more_is_forgotten)
{
  penstock_priv_http_viewers_note (viewers, "10.0.0.1", "one", 0);
  penstock_priv_http_viewers_note (viewers, "10.0.0.2", "one", 10);
  fail_unless_equals_int (
      penstock_priv_http_viewers_count (viewers, MEMORY_US), 2);
  fail_unless_equals_int (
      penstock_priv_http_viewers_count (viewers, MEMORY_US + 1), 1);
  fail_unless_equals_int (
      penstock_priv_http_viewers_count (viewers, MEMORY_US + 11), 0);
}
GST_END_TEST;

GST_START_TEST (made_up_programs_do_not_fill_the_memory)
{
  for (guint i = 0; i < 20000; i++) {
    g_autofree gchar *program = g_strdup_printf ("%u", i);
    penstock_priv_http_viewers_note (viewers, "10.0.0.1", program, 0);
  }
  fail_unless_equals_int (penstock_priv_http_viewers_count (viewers, 0), 10000);
  penstock_priv_http_viewers_note (viewers, "10.0.0.2", "new", MEMORY_US + 1);
  fail_unless_equals_int (
      penstock_priv_http_viewers_count (viewers, MEMORY_US + 1), 1);
}
GST_END_TEST;

static Suite *
http_viewers_suite (void)
{
  Suite *suite = suite_create ("http-viewers");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, client_is_known_by_address_and_program);
  tcase_add_test (tc, client_that_asks_no_more_is_forgotten);
  tcase_add_test (tc, made_up_programs_do_not_fill_the_memory);
  return suite;
}

GST_CHECK_MAIN (http_viewers);
