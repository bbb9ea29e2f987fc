/* SPDX-License-Identifier: MIT
 *
 * The segment store: snapshots, growth, replacement, accounting, names. */

#include <gst/check/gstcheck.h>

#include "dash/segment-store.h"

static GBytes *
text (const gchar *s)
{
  return g_bytes_new (s, strlen (s));
}

static gchar *
content (const PenstockStoredFile *file)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < file->chunks->len; i++) {
    GBytes *chunk = g_ptr_array_index (file->chunks, i);

    g_string_append_len (
        out, g_bytes_get_data (chunk, NULL), g_bytes_get_size (chunk));
  }
  return g_string_free (out, FALSE);
}

static void
assert_content (PenstockSegmentStore *store, const gchar *path,
    const gchar *expected, gboolean complete)
{
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read (store, path);
  g_autofree gchar *found = NULL;

  fail_unless (file != NULL, "%s is missing", path);
  found = content (file);
  assert_equals_string (found, expected);
  assert_equals_int (file->complete, complete);
  assert_equals_uint64 (file->size, strlen (expected));
}

static void
put_text (PenstockSegmentStore *store, const gchar *path, const gchar *s)
{
  g_autoptr (GBytes) bytes = text (s);

  penstock_segment_store_put (store, path, "text/plain", bytes);
}

static void
append_text (PenstockSegmentStore *store, const gchar *path, const gchar *s)
{
  g_autoptr (GBytes) bytes = text (s);

  penstock_segment_store_append (store, path, "text/plain", bytes);
}

GST_START_TEST (a_store_is_found_by_name_while_somebody_holds_it)
{
  PenstockSegmentStore *a = penstock_segment_store_get ("live/one");
  PenstockSegmentStore *b = penstock_segment_store_lookup ("live/one");

  fail_unless (a == b);
  fail_unless (penstock_segment_store_lookup ("live/two") == NULL);
  g_object_unref (a);
  g_object_unref (b);
  fail_unless (penstock_segment_store_lookup ("live/one") == NULL);

  a = penstock_segment_store_get ("live/one");
  fail_unless (penstock_segment_store_read (a, "manifest.mpd") == NULL);
  g_object_unref (a);
}
GST_END_TEST;

GST_START_TEST (a_file_is_readable_while_it_grows)
{
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("grow");
  g_autoptr (PenstockStoredFile) early = NULL;
  g_autofree gchar *seen = NULL;

  append_text (store, "v0/1.m4s", "one");
  assert_content (store, "v0/1.m4s", "one", FALSE);
  early = penstock_segment_store_read (store, "v0/1.m4s");
  append_text (store, "v0/1.m4s", "two");
  assert_content (store, "v0/1.m4s", "onetwo", FALSE);
  penstock_segment_store_finish (store, "v0/1.m4s");
  assert_content (store, "v0/1.m4s", "onetwo", TRUE);

  seen = content (early);
  assert_equals_string (seen, "one");
}
GST_END_TEST;

static void
assert_more (PenstockSegmentStore *store, const gchar *path, const gchar *etag,
    guint first, const gchar *expected)
{
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read_more (store, path, etag, first);
  g_autofree gchar *found = NULL;

  fail_unless (file != NULL, "%s is gone", path);
  found = content (file);
  assert_equals_string (found, expected);
}

GST_START_TEST (a_reader_of_a_growing_file_gets_what_it_has_not_got)
{
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("more");
  g_autoptr (PenstockStoredFile) first = NULL;
  g_autoptr (PenstockStoredFile) last = NULL;

  append_text (store, "v0/1.m4s", "one");
  first = penstock_segment_store_read (store, "v0/1.m4s");
  assert_more (store, "v0/1.m4s", first->etag, 1, "");
  append_text (store, "v0/1.m4s", "two");
  append_text (store, "v0/1.m4s", "three");
  assert_more (store, "v0/1.m4s", first->etag, 1, "twothree");
  assert_more (store, "v0/1.m4s", first->etag, 2, "three");
  penstock_segment_store_finish (store, "v0/1.m4s");
  last = penstock_segment_store_read_more (store, "v0/1.m4s", first->etag, 9);
  fail_unless (last->complete);
  assert_equals_int (last->chunks->len, 0);
  assert_equals_uint64 (last->size, 11);
}
GST_END_TEST;

GST_START_TEST (a_reader_is_told_when_the_file_will_never_be_whole)
{
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("gone");
  g_autoptr (PenstockStoredFile) first = NULL;

  append_text (store, "v0/1.m4s", "one");
  first = penstock_segment_store_read (store, "v0/1.m4s");
  put_text (store, "v0/1.m4s", "another");
  fail_if (
      penstock_segment_store_read_more (store, "v0/1.m4s", first->etag, 1));
  penstock_segment_store_remove (store, "v0/1.m4s");
  fail_if (
      penstock_segment_store_read_more (store, "v0/1.m4s", first->etag, 1));
}
GST_END_TEST;

GST_START_TEST (the_next_file_of_a_folder_is_expected_until_it_is_there)
{
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("next");
  gint64 due = 0;

  fail_if (penstock_segment_store_is_expected (store, "v0/2.m4s", &due));
  penstock_segment_store_expect (store, "v0/2.m4s", 2000);
  penstock_segment_store_expect (store, "a0/2.m4s", 2100);
  fail_unless (penstock_segment_store_is_expected (store, "v0/2.m4s", &due));
  assert_equals_int64 (due, 2000);
  fail_unless (penstock_segment_store_is_expected (store, "a0/2.m4s", NULL));
  fail_if (penstock_segment_store_is_expected (store, "v0/3.m4s", NULL));
  append_text (store, "v0/2.m4s", "x");
  fail_if (penstock_segment_store_is_expected (store, "v0/2.m4s", NULL));
  penstock_segment_store_remove (store, "v0/2.m4s");
  fail_if (penstock_segment_store_is_expected (store, "v0/2.m4s", NULL));
  penstock_segment_store_expect (store, "v0/3.m4s", 4000);
  fail_unless (penstock_segment_store_is_expected (store, "v0/3.m4s", NULL));
  fail_if (penstock_segment_store_is_expected (store, "v0/2.m4s", NULL));
}
GST_END_TEST;

GST_START_TEST (each_replacement_has_an_etag_of_its_own)
{
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("etag");
  g_autoptr (PenstockStoredFile) a = NULL;
  g_autoptr (PenstockStoredFile) b = NULL;
  g_autoptr (PenstockStoredFile) again = NULL;

  put_text (store, "manifest.mpd", "a");
  a = penstock_segment_store_read (store, "manifest.mpd");
  again = penstock_segment_store_read (store, "manifest.mpd");
  put_text (store, "manifest.mpd", "b");
  b = penstock_segment_store_read (store, "manifest.mpd");

  assert_equals_string (a->etag, again->etag);
  fail_if (g_str_equal (a->etag, b->etag));
  fail_unless (a->etag[0] == '"' && g_str_has_suffix (a->etag, "\""));
}
GST_END_TEST;

GST_START_TEST (bytes_count_what_is_kept_and_nothing_else)
{
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("sum");
  g_autoptr (PenstockStoredFile) held = NULL;

  put_text (store, "a", "12345");
  append_text (store, "b", "123");
  append_text (store, "b", "45");
  assert_equals_uint64 (penstock_segment_store_get_bytes (store), 10);
  put_text (store, "a", "1");
  assert_equals_uint64 (penstock_segment_store_get_bytes (store), 6);
  held = penstock_segment_store_read (store, "b");
  penstock_segment_store_remove (store, "b");
  penstock_segment_store_remove (store, "never was");
  assert_equals_uint64 (penstock_segment_store_get_bytes (store), 1);
  assert_equals_int (held->chunks->len, 2);
  penstock_segment_store_clear (store);
  assert_equals_uint64 (penstock_segment_store_get_bytes (store), 0);
}
GST_END_TEST;

static void
note_change (PenstockSegmentStore *store, const gchar *path, GString *log)
{
  g_autoptr (PenstockStoredFile) file = /* no lock is held: this must work */
      penstock_segment_store_read (store, path);

  g_string_append_printf (log, "%s:%d ", path, file ? (gint) file->size : -1);
}

GST_START_TEST (each_change_is_told_with_its_path)
{
  g_autoptr (PenstockSegmentStore) store = penstock_segment_store_get ("tell");
  GString *log = g_string_new (NULL);

  g_signal_connect (store, "changed", G_CALLBACK (note_change), log);
  put_text (store, "a", "12");
  append_text (store, "b", "1");
  penstock_segment_store_finish (store, "b");
  penstock_segment_store_finish (store, "unknown");
  penstock_segment_store_remove (store, "a");
  penstock_segment_store_clear (store);
  assert_equals_string (log->str, "a:2 b:1 b:1 a:-1 b:-1 ");
  g_string_free (log, TRUE);
}
GST_END_TEST;

static gpointer
take_and_drop (gpointer unused)
{
  for (guint i = 0; i < 2000; i++) {
    g_autoptr (PenstockSegmentStore) store =
        penstock_segment_store_get ("race");

    append_text (store, "a", "x");
  }
  return NULL;
}

GST_START_TEST (threads_that_take_and_drop_the_same_name_agree)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("store", take_and_drop, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  fail_unless (penstock_segment_store_lookup ("race") == NULL);
}
GST_END_TEST;

static Suite *
segment_store_suite (void)
{
  Suite *suite = suite_create ("segment-store");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, a_store_is_found_by_name_while_somebody_holds_it);
  tcase_add_test (tc, a_file_is_readable_while_it_grows);
  tcase_add_test (tc, a_reader_of_a_growing_file_gets_what_it_has_not_got);
  tcase_add_test (tc, a_reader_is_told_when_the_file_will_never_be_whole);
  tcase_add_test (tc, the_next_file_of_a_folder_is_expected_until_it_is_there);
  tcase_add_test (tc, each_replacement_has_an_etag_of_its_own);
  tcase_add_test (tc, bytes_count_what_is_kept_and_nothing_else);
  tcase_add_test (tc, each_change_is_told_with_its_path);
  tcase_add_test (tc, threads_that_take_and_drop_the_same_name_agree);
  return suite;
}

GST_CHECK_MAIN (segment_store);
