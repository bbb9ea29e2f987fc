/* SPDX-License-Identifier: MIT
 *
 * Which source descriptions are passed on. */

#include "rtsp/rtcp-sdes.h"

#include <gst/check/gstcheck.h>
#include <gst/rtp/gstrtcpbuffer.h>
#include <string.h>

#define MAX_SIZE 64

/* An empty receiver report in front; words: of the description, with its header.
 * Trailing zeros are zeros of the packet. */
static const struct {
  const gchar *name;
  guint8 count, words;
  const gchar *chunks;
  gsize size;
  gboolean plain, damaged;
} rows[] = {
#define ROW(name, count, words, chunks, ...)                                   \
  {                                                                            \
    name, count, words, chunks, sizeof (chunks) - 1, __VA_ARGS__               \
  }
  ROW ("no chunk", 0, 1, "", TRUE),
  ROW ("CNAME", 1, 4, "SSRC\1\4host", TRUE),
  ROW ("a chunk of no items", 1, 3, "SSRC", TRUE),
  ROW ("items up to the last zero", 1, 4, "SSRC\1\1a\7\2hi", TRUE),
  ROW ("two chunks", 2, 6, "SSRC\1\1a\0SSRC\2\2me", TRUE),
  ROW ("no zero at the end", 1, 4, "SSRC\1\6host..", FALSE, TRUE),
  ROW ("text beyond the end", 1, 4, "SSRC\1\377host", FALSE, TRUE),
  ROW (
      "the length of an item is missing", 1, 4, "SSRC\1\5hello\1", FALSE, TRUE),
  ROW ("a chunk without SSRC", 2, 4, "SSRC\1\4host", FALSE, TRUE),
  ROW ("a chunk that is not there", 1, 1, "", FALSE, TRUE),
  ROW ("PRIV", 1, 5, "SSRC\10\6\2hiyou", FALSE),
  ROW ("PRIV with a prefix beyond its end", 1, 5, "SSRC\10\4ahiy", FALSE),
  ROW ("PRIV behind others", 2, 7, "SSRC\1\1a\0SSRC\1\1a\10\1\0", FALSE),
  ROW ("an item that nobody has named", 1, 4, "SSRC\11\4host", FALSE),
#undef ROW
};

/* Returns: its length */
static gsize
make_compound (guint8 data[MAX_SIZE], guint row)
{
  static const guint8 report[] = { 0x80, 201, 0, 1, 'S', 'S', 'R', 'C' };
  guint8 *description = data + sizeof (report);

  memset (data, 0, MAX_SIZE);
  memcpy (data, report, sizeof (report));
  description[0] = (guint8) (0x80 | rows[row].count);
  description[1] = 202;
  description[3] = (guint8) (rows[row].words - 1);
  memcpy (description + 4, rows[row].chunks, rows[row].size);
  return sizeof (report) + rows[row].words * 4u;
}

GST_START_TEST (plain_descriptions_are_told_from_others)
{
  guint8 data[MAX_SIZE];
  gsize size = make_compound (data, (guint) __i__);

  ck_assert_msg (penstock_rtcp_sdes_is_plain (data, size) == rows[__i__].plain,
      "%s", rows[__i__].name);
  /* Behind the report alone it is whole, too. */
  for (gsize cut = 0; cut < size; cut++) {
    g_autofree guint8 *part = g_memdup2 (data, cut);
    fail_unless (
        penstock_rtcp_sdes_is_plain (part, cut) == (cut == 0 || cut == 8));
  }
}
GST_END_TEST

/* In the rows these numbers are types only. */
static void
rename_items (guint8 data[MAX_SIZE])
{
  for (guint i = 8; i < MAX_SIZE; i++)
    if (data[i] == GST_RTCP_SDES_PRIV || data[i] == GST_RTCP_SDES_PRIV + 1)
      data[i] = GST_RTCP_SDES_NOTE;
}

GST_START_TEST (strange_items_become_notes_and_what_is_damaged_goes)
{
  guint8 before[MAX_SIZE], data[MAX_SIZE];
  gsize size = make_compound (data, (guint) __i__);

  make_compound (before, (guint) __i__);
  rename_items (before);
  penstock_rtcp_sdes_make_plain (data, size);
  fail_unless (penstock_rtcp_sdes_is_plain (data, size));
  fail_unless (gst_rtcp_buffer_validate_data_reduced (data, (guint) size));
  if (rows[__i__].damaged) {
    fail_unless_equals_int (data[8], 0x80);
    data[8] = before[8];
  }
  fail_unless (memcmp (data, before, MAX_SIZE) == 0);
}
GST_END_TEST

GST_START_TEST (what_is_no_rtcp_is_not_plain)
{
  guint8 data[MAX_SIZE];
  gsize size = make_compound (data, 1);

  data[0] = 0x40;
  fail_if (penstock_rtcp_sdes_is_plain (data, size));
  penstock_rtcp_sdes_make_plain (data, size);
  data[0] = 0x80;
  fail_unless (penstock_rtcp_sdes_is_plain (data, size));
}
GST_END_TEST

static Suite *
rtcp_sdes_suite (void)
{
  Suite *suite = suite_create ("rtcp-sdes");
  TCase *tcase = tcase_create ("descriptions");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, plain_descriptions_are_told_from_others, 0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (tcase,
      strange_items_become_notes_and_what_is_damaged_goes, 0,
      G_N_ELEMENTS (rows));
  tcase_add_test (tcase, what_is_no_rtcp_is_not_plain);
  return suite;
}

GST_CHECK_MAIN (rtcp_sdes);
