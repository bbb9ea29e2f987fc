/* SPDX-License-Identifier: MIT
 *
 * Blocks of media: what they hold, and that nothing is left of them. */

#include <gst/check/gstcheck.h>
#include <unistd.h>

#include "dash/cmaf-chunk.h"
#include "dash/media-block.h"

#define MIB (1024 * 1024)

static gsize
resident_bytes (void)
{
  g_autofree gchar *text = NULL;
  gchar *rest;

  fail_unless (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_ascii_strtoull (text, &rest, 10);
  return g_ascii_strtoull (rest, NULL, 10) * (gsize) sysconf (_SC_PAGESIZE);
}

static const gsize sizes[] = { 1, MEDIA_BLOCK_MIN_MAPPED - 1,
  MEDIA_BLOCK_MIN_MAPPED, MIB + 1 };

GST_START_TEST (a_block_is_aligned_and_holds_what_is_written)
{
  gsize size = sizes[__i__];
  guint8 *block = media_block_new (size);
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *data;
  gsize used;

  assert_equals_int ((guintptr) block % sizeof (gpointer), 0);
  for (gsize i = 0; i < size; i++)
    block[i] = (guint8) (i * 7);
  bytes = media_block_to_bytes (block, size - size / 2);
  data = g_bytes_get_data (bytes, &used);
  assert_equals_uint64 (used, size - size / 2);
  for (gsize i = 0; i < used; i++)
    if (data[i] != (guint8) (i * 7))
      fail ("byte %" G_GSIZE_FORMAT, i);
}
GST_END_TEST;

static GBytes *
write_segment (GstBuffer *picture)
{
  CmafSample sample = {
    .buffer = picture, .duration = 180000, .keyframe = TRUE
  };

  return cmaf_chunk_write (&(CmafChunk){ 1, 0, TRUE, 0 }, &sample, 1);
}

/* glibc takes large blocks from the heap once as large a one has been freed, and
 * what is above a hole keeps it. */
GST_START_TEST (segments_that_are_gone_leave_no_memory_behind)
{
  GstBuffer *picture = gst_buffer_new_allocate (NULL, MIB, NULL);
  GBytes *segments[48];
  gpointer above[G_N_ELEMENTS (segments)];
  gsize before, with, after;

  gst_buffer_memset (picture, 0, 1, MIB);
  g_free (g_malloc (8 * MIB));
  before = resident_bytes ();
  for (guint i = 0; i < G_N_ELEMENTS (segments); i++) {
    segments[i] = write_segment (picture);
    above[i] = g_malloc (16 * 1024);
  }
  with = resident_bytes ();
  for (guint i = 0; i < G_N_ELEMENTS (segments); i++)
    g_bytes_unref (segments[i]);
  after = resident_bytes ();
  for (guint i = 0; i < G_N_ELEMENTS (segments); i++)
    g_free (above[i]);
  gst_buffer_unref (picture);
  fail_unless (with > before + 40 * MIB);
  fail_unless (after < before + 6 * MIB,
      "%" G_GSIZE_FORMAT " bytes more than before", after - before);
}
GST_END_TEST;

GST_START_TEST (more_blocks_than_are_mapped_at_a_time_are_there_all_the_same)
{
  const guint n = MEDIA_BLOCK_MAX_MAPPED + 16;
  GBytes **blocks = g_new (GBytes *, n);

  for (guint i = 0; i < n; i++) {
    guint8 *block = media_block_new (MEDIA_BLOCK_MIN_MAPPED);

    block[0] = (guint8) i;
    blocks[i] = media_block_to_bytes (block, 1);
  }
  for (guint i = 0; i < n; i++) {
    assert_equals_int (
        *(const guint8 *) g_bytes_get_data (blocks[i], NULL), (guint8) i);
    g_bytes_unref (blocks[i]);
  }
  g_free (blocks);
}
GST_END_TEST;

static Suite *
media_block_suite (void)
{
  Suite *suite = suite_create ("media-block");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, a_block_is_aligned_and_holds_what_is_written, 0,
      G_N_ELEMENTS (sizes));
  tcase_add_test (tc, segments_that_are_gone_leave_no_memory_behind);
  tcase_add_test (
      tc, more_blocks_than_are_mapped_at_a_time_are_there_all_the_same);
  return suite;
}

GST_CHECK_MAIN (media_block);
