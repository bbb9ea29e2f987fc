/* SPDX-License-Identifier: MIT
 *
 * Configuration records and parameter sets of H.264 and H.265. */

#include <gst/check/gstcheck.h>

#include "rtmp/parameter-sets.h"
#include "tests/support/hex.h"

/* x264, 128x72, baseline. */
#define SPS "6742c00ad9020bf97011000003000100000300320f122648"
#define PPS "68cb83cb20"
#define AVCC "0142c00affe10018" SPS "010005" PPS
/* x264, 320x240, high. */
#define HIGH_SPS "6764000dacd94141fb011000000300100000030320f14299 60"
#define HIGH_PPS "68ebe3cb22c0"
#define HIGH_AVCC "0164000dffe10019" HIGH_SPS "010006" HIGH_PPS "fdf8f800"
/* x265, 64x64, main. */
#define VPS "40010c01ffff01600000030090000003000003001e959409"
#define H265_SPS                                                               \
  "42010101600000030090000003000003001ea01020496595964932bc05a020000003002000" \
  "00030321"
#define H265_PPS "4401c172b42240"
#define HVCC                                                                   \
  "0101600000009000000000001ef000fcfdf8f800000f03"                             \
  "2000010018" VPS "2100010029" H265_SPS "2200010007" H265_PPS

typedef struct {
  const gchar *name;
  gboolean announced_hevc;
  const gchar *hex;
  gboolean ok, hevc, complete;
  guint length_size;
  const gchar *record; /* as written, NULL = none */
} Row;

#define OUR_HVCC                                                               \
  "0101600000009000000000001ef000fcfdf8f800000f03"                             \
  "2000010018" VPS "2100010029" H265_SPS "2200010007" H265_PPS

static const Row rows[] = {
  { "baseline record", FALSE, AVCC, TRUE, FALSE, TRUE, 4, AVCC },
  { "high record with its extension", FALSE, HIGH_AVCC, TRUE, FALSE, TRUE, 4,
      HIGH_AVCC },
  { "2 byte lengths", FALSE, "0142c00afde10018" SPS "010005" PPS, TRUE, FALSE,
      TRUE, 2, AVCC },
  { "no PPS yet", FALSE, "0142c00affe10018" SPS "00", TRUE, FALSE, FALSE, 4,
      "0142c00affe10018" SPS "00" },
  { "cut in the PPS", FALSE, "0142c00affe10018" SPS "010005 68cb", TRUE, FALSE,
      FALSE, 4, "0142c00affe10018" SPS "00" },
  { "start codes in H.264", FALSE, "00000001" SPS "000001" PPS, TRUE, FALSE,
      TRUE, 4, AVCC },
  { "hvcC where an avcC is announced", FALSE, HVCC, TRUE, TRUE, TRUE, 4,
      OUR_HVCC },
  { "hvcC", TRUE, HVCC, TRUE, TRUE, TRUE, 4, OUR_HVCC },
  { "avcC where an hvcC is announced", TRUE, AVCC, TRUE, FALSE, TRUE, 4, AVCC },
  { "start codes in H.265", TRUE,
      "00000001" VPS "00000001" H265_SPS "00000001" H265_PPS, TRUE, TRUE, TRUE,
      4, OUR_HVCC },
  { "3 byte lengths do not exist", FALSE, "0142c00afee10018" SPS "010005" PPS,
      FALSE, FALSE, FALSE, 0, NULL },
  { "an SPS that is none", FALSE, "0142c00affe10005" PPS "00", FALSE, FALSE,
      FALSE, 0, NULL },
  { "an SPS longer than the record", FALSE, "0142c00affe1ffff" SPS, FALSE,
      FALSE, FALSE, 0, NULL },
  { "no SPS", FALSE, "0142c00affe000", FALSE, FALSE, FALSE, 0, NULL },
  { "nothing", FALSE, "", FALSE, FALSE, FALSE, 0, NULL },
};

static void
assert_bytes (const gchar *name, GBytes *got, const gchar *hex)
{
  g_autoptr (GBytes) expected = bytes_from_hex (hex);

  fail_unless (got && g_bytes_equal (got, expected), "%s", name);
}

GST_START_TEST (record_is_read_and_written_as_the_table_says)
{
  const Row *row = &rows[__i__];
  g_autoptr (GBytes) bytes = bytes_from_hex (row->hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (PenstockParameterSets) sets =
      penstock_parameter_sets_parse (row->announced_hevc, data, size);

  fail_unless ((sets != NULL) == row->ok, "%s", row->name);
  if (!sets)
    return;
  fail_unless (sets->hevc == row->hevc, "%s: codec", row->name);
  fail_unless (sets->length_size == row->length_size, "%s", row->name);
  fail_unless (penstock_parameter_sets_is_complete (sets) == row->complete,
      "%s: complete", row->name);
  g_autoptr (GBytes) record = penstock_parameter_sets_to_record (sets);
  assert_bytes (row->name, record, row->record);
}
GST_END_TEST;

GST_START_TEST (cut_record_stays_inside)
{
  const Row *row = &rows[__i__];
  g_autoptr (GBytes) bytes = bytes_from_hex (row->hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize cut = 0; cut < size; cut++) {
    g_autofree guint8 *exact = g_memdup2 (data, cut);
    g_autoptr (PenstockParameterSets) sets =
        penstock_parameter_sets_parse (row->announced_hevc, exact, cut);
    g_autoptr (GBytes) record =
        sets ? penstock_parameter_sets_to_record (sets) : NULL;
  }
}
GST_END_TEST;

typedef struct {
  const gchar *name;
  const gchar *in_band;
  gboolean changed;
  const gchar *record;
} MergeRow;

static const MergeRow merge_rows[] = {
  { "no sets", "00000003 658880", FALSE, AVCC },
  { "the same sets", "00000018" SPS "00000005" PPS "00000003 658880", FALSE,
      AVCC },
  { "another SPS and PPS", "00000019" HIGH_SPS "00000006" HIGH_PPS, TRUE,
      HIGH_AVCC },
  { "another PPS of the same id", "00000005 68cb83cb21", TRUE,
      "0142c00affe10018" SPS "010005 68cb83cb21" },
  { "a PPS of another id", "00000005 685b83cb21", TRUE,
      "0142c00affe10018" SPS "020005" PPS "0005 685b83cb21" },
  { "start codes", "00000001" HIGH_SPS "00000001" HIGH_PPS, TRUE, HIGH_AVCC },
};

GST_START_TEST (in_band_sets_are_taken_over)
{
  const MergeRow *row = &merge_rows[__i__];
  g_autoptr (GBytes) known = bytes_from_hex (AVCC);
  g_autoptr (GBytes) in_band = bytes_from_hex (row->in_band);
  gsize size;
  const guint8 *data = g_bytes_get_data (known, &size);
  g_autoptr (PenstockParameterSets) sets =
      penstock_parameter_sets_parse (FALSE, data, size);

  data = g_bytes_get_data (in_band, &size);
  fail_unless (penstock_parameter_sets_merge (sets, data, size) == row->changed,
      "%s", row->name);
  g_autoptr (GBytes) record = penstock_parameter_sets_to_record (sets);
  assert_bytes (row->name, record, row->record);
}
GST_END_TEST;

/* Different PPS without end: the number stays bounded. */
GST_START_TEST (sets_are_bounded)
{
  g_autoptr (GBytes) known = bytes_from_hex (AVCC);
  gsize size;
  const guint8 *data = g_bytes_get_data (known, &size);
  g_autoptr (PenstockParameterSets) sets =
      penstock_parameter_sets_parse (FALSE, data, size);

  for (guint i = 0; i < 200; i++) {
    /* pic_parameter_set_id i as ue(v) in 15 bits, 128 <= i + 1 */
    guint code = (i + 128) << 1;
    const guint8 unit[] = { 0, 0, 0, 5, 0x68, code >> 8, code & 0xff, i, 0x80 };

    penstock_parameter_sets_merge (sets, unit, sizeof unit);
  }
  assert_equals_int (
      sets->sets[PENSTOCK_SET_PPS]->len, PENSTOCK_MAX_PARAMETER_SETS);
}
GST_END_TEST;

static Suite *
parameter_sets_suite (void)
{
  Suite *s = suite_create ("parameter-sets");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (
      tc, record_is_read_and_written_as_the_table_says, 0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (tc, cut_record_stays_inside, 0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (
      tc, in_band_sets_are_taken_over, 0, G_N_ELEMENTS (merge_rows));
  tcase_add_test (tc, sets_are_bounded);
  return s;
}

GST_CHECK_MAIN (parameter_sets);
