/* SPDX-License-Identifier: MIT
 *
 * NAL units in all the forms that encoders send. */

#include <gst/check/gstcheck.h>

#include "rtmp/nal.h"
#include "tests/support/hex.h"

#define LENGTHS PENSTOCK_NAL_LENGTHS
#define START_CODES PENSTOCK_NAL_START_CODES
#define BROKEN PENSTOCK_NAL_BROKEN

/* Slices: 65 88 = IDR, first_mb 0, I (7); 41 9a = P (5), referred to; 01 9e =
 * B (6), not referred to; 41 88 = I (7) without IDR; 41 2x = first_mb 3. */
typedef struct {
  const gchar *name;
  gboolean hevc;
  guint length_size;
  guint n_layers;
  gboolean says_key;
  const gchar *hex;
  PenstockNalForm form;
  const gchar *flags; /* p in place, k key, d droppable, s slice, f first slice,
                       * x parameter sets */
  const gchar *written; /* NULL = as it came */
} Row;

static const Row rows[] = {
  { "an IDR", FALSE, 4, 0, TRUE, "00000003 658880", LENGTHS, "pksf", NULL },
  { "a P picture", FALSE, 4, 0, FALSE, "00000003 419a20", LENGTHS, "psf",
      NULL },
  { "a B picture that nobody refers to", FALSE, 4, 0, FALSE, "00000003 019e20",
      LENGTHS, "pdsf", NULL },
  { "a P picture flagged as key", FALSE, 4, 0, TRUE, "00000003 419a20", LENGTHS,
      "psf", NULL },
  { "an intra picture flagged as key", FALSE, 4, 0, TRUE, "00000003 418880",
      LENGTHS, "pksf", NULL },
  { "an intra picture not flagged", FALSE, 4, 0, FALSE, "00000003 418880",
      LENGTHS, "psf", NULL },
  { "an IDR not flagged", FALSE, 4, 0, FALSE, "00000003 658880", LENGTHS,
      "pksf", NULL },
  { "a recovery point", FALSE, 4, 0, FALSE,
      "00000005 0606 01 c4 80 00000003 418880", LENGTHS, "pksf", NULL },
  { "another SEI is no recovery point", FALSE, 4, 0, FALSE,
      "00000005 0605 01 c4 80 00000003 418880", LENGTHS, "psf", NULL },
  { "an I and a P slice are no keyframe", FALSE, 4, 0, TRUE,
      "00000003 418880 00000003 419a20", LENGTHS, "psf", NULL },
  { "a continued picture", FALSE, 4, 0, FALSE, "00000003 412628", LENGTHS, "ps",
      NULL },
  { "SPS, PPS and IDR", FALSE, 4, 0, TRUE,
      "00000004 6742c00a 00000002 68cb 00000003 658880", LENGTHS, "pksfx",
      NULL },
  { "parameter sets alone", FALSE, 4, 0, TRUE,
      "00000004 6742c00a 00000002 68cb", LENGTHS, "px", NULL },
  { "2 byte lengths", FALSE, 2, 0, TRUE, "0003 658880 0003 658880", LENGTHS,
      "ksf", "00000003 658880 00000003 658880" },
  { "1 byte lengths", FALSE, 1, 0, TRUE, "03 658880", LENGTHS, "ksf",
      "00000003 658880" },
  { "empty units are left out", FALSE, 4, 0, TRUE,
      "00000000 00000003 658880 00000000", LENGTHS, "ksf", "00000003 658880" },
  { "zeros at the end are left out", FALSE, 4, 0, TRUE,
      "00000003 658880 000000", LENGTHS, "pksf", "00000003 658880" },
  { "start codes of four bytes", FALSE, 4, 0, TRUE,
      "00000001 6742c00a 00000001 658880", START_CODES, "ksfx",
      "00000004 6742c00a 00000003 658880" },
  { "start codes of three bytes", FALSE, 4, 0, TRUE, "000001 658880 000001 06",
      START_CODES, "ksf", "00000003 658880 00000001 06" },
  { "zeros between start codes belong to them", FALSE, 4, 0, TRUE,
      "00000001 658880 0000 00000001 06", START_CODES, "ksf",
      "00000003 658880 00000001 06" },
  { "start codes where lengths have 2 bytes", FALSE, 2, 0, TRUE,
      "00000001 658880", START_CODES, "ksf", "00000003 658880" },
  { "start codes inside a length", FALSE, 4, 0, TRUE,
      "0000000e 00000001 6742c00a 000001 658880", LENGTHS, "ksfx",
      "00000004 6742c00a 00000003 658880" },
  { "a length beyond the end", FALSE, 4, 0, TRUE, "00000004 658880", BROKEN, "",
      "" },
  { "half a length at the end", FALSE, 4, 0, TRUE, "00000003 658880 0001",
      BROKEN, "", "" },
  { "nothing", FALSE, 4, 0, TRUE, "", BROKEN, "", "" },
  { "only zeros", FALSE, 4, 0, TRUE, "00000000 0000", BROKEN, "", "" },

  { "HEVC IDR_W_RADL", TRUE, 4, 1, FALSE, "00000004 2601 af00", LENGTHS, "pksf",
      NULL },
  { "HEVC CRA", TRUE, 4, 1, FALSE, "00000004 2a01 af00", LENGTHS, "pksf",
      NULL },
  { "HEVC TRAIL_R flagged as key", TRUE, 4, 1, TRUE, "00000004 0201 d000",
      LENGTHS, "psf", NULL },
  { "HEVC TRAIL_N", TRUE, 4, 1, FALSE, "00000004 0001 d000", LENGTHS, "pdsf",
      NULL },
  { "HEVC TRAIL_N below the highest layer", TRUE, 4, 2, FALSE,
      "00000004 0001 d000", LENGTHS, "psf", NULL },
  { "HEVC TSA_N of the highest layer", TRUE, 4, 2, FALSE, "00000004 0402 d000",
      LENGTHS, "pdsf", NULL },
  { "HEVC second slice segment", TRUE, 4, 1, FALSE, "00000004 0201 5000",
      LENGTHS, "ps", NULL },
  { "HEVC parameter sets with start codes", TRUE, 4, 1, TRUE,
      "00000001 4001 0c 000001 2601 af00", START_CODES, "ksfx",
      "00000003 40010c 00000003 2601af" },
};

static PenstockNalStream
stream_of (const Row *row)
{
  return (PenstockNalStream){ .hevc = row->hevc,
    .length_size = row->length_size,
    .n_temporal_layers = row->n_layers };
}

static gchar *
flags_of (const PenstockNalScan *scan)
{
  return g_strdup_printf ("%s%s%s%s%s%s", scan->in_place ? "p" : "",
      scan->keyframe ? "k" : "", scan->droppable ? "d" : "",
      scan->has_slice ? "s" : "", scan->starts_picture ? "f" : "",
      scan->has_parameter_sets ? "x" : "");
}

GST_START_TEST (access_unit_is_scanned_as_the_table_says)
{
  const Row *row = &rows[__i__];
  PenstockNalStream stream = stream_of (row);
  g_autoptr (GBytes) bytes = bytes_from_hex (row->hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autofree gchar *flags = NULL;
  PenstockNalScan scan;

  fail_unless (penstock_nal_scan (&stream, data, size, row->says_key, &scan) ==
          (row->form != BROKEN),
      "%s", row->name);
  flags = flags_of (&scan);
  fail_unless (scan.form == row->form, "%s: form %u", row->name, scan.form);
  fail_unless_equals_string (flags, row->flags);
}
GST_END_TEST;

GST_START_TEST (access_unit_is_written_with_4_byte_lengths)
{
  const Row *row = &rows[__i__];
  PenstockNalStream stream = stream_of (row);
  g_autoptr (GBytes) bytes = bytes_from_hex (row->hex);
  g_autoptr (GBytes) expected =
      bytes_from_hex (row->written ? row->written : row->hex);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  penstock_nal_write (&stream, data, size, out);
  fail_unless (out->len == g_bytes_get_size (expected) &&
          memcmp (out->data, g_bytes_get_data (expected, NULL), out->len) == 0,
      "%s", row->name);
}
GST_END_TEST;

GST_START_TEST (cut_access_unit_stays_inside)
{
  const Row *row = &rows[__i__];
  PenstockNalStream stream = stream_of (row);
  g_autoptr (GBytes) bytes = bytes_from_hex (row->hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize cut = 0; cut < size; cut++) {
    g_autofree guint8 *exact = g_memdup2 (data, cut);
    g_autoptr (GByteArray) out = g_byte_array_new ();
    PenstockNalScan scan;

    penstock_nal_scan (&stream, exact, cut, TRUE, &scan);
    fail_unless (scan.size <= cut);
    penstock_nal_write (&stream, exact, cut, out);
  }
}
GST_END_TEST;

/* A length of 256 to 511 bytes begins like a start code. */
GST_START_TEST (a_length_that_looks_like_a_start_code_is_a_length)
{
  const PenstockNalStream stream = { .length_size = 4 };

  for (guint length = 256; length < 512; length += 51) {
    g_autofree guint8 *data = g_malloc (4 + length);
    PenstockNalScan scan;

    memset (data, 0x55, 4 + length);
    GST_WRITE_UINT32_BE (data, length);
    data[4] = 0x65;
    data[5] = 0x88;
    fail_unless (penstock_nal_scan (&stream, data, 4 + length, TRUE, &scan));
    assert_equals_int (scan.form, LENGTHS);
    fail_unless (scan.in_place && scan.keyframe);
  }
}
GST_END_TEST;

GST_START_TEST (emulation_prevention_is_removed)
{
  const guint8 nal[] = { 0, 0, 3, 1, 0, 0, 3, 0, 0, 3 };
  const guint8 expected[] = { 0, 0, 1, 0, 0, 0, 0 };
  guint8 out[16];

  assert_equals_int (
      penstock_nal_unescape (nal, sizeof nal, out, sizeof out), 7);
  fail_unless (memcmp (out, expected, sizeof expected) == 0);
  assert_equals_int (penstock_nal_unescape (nal, sizeof nal, out, 3), 3);
}
GST_END_TEST;

static Suite *
nal_suite (void)
{
  Suite *s = suite_create ("nal");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (
      tc, access_unit_is_scanned_as_the_table_says, 0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (
      tc, access_unit_is_written_with_4_byte_lengths, 0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (
      tc, cut_access_unit_stays_inside, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tc, a_length_that_looks_like_a_start_code_is_a_length);
  tcase_add_test (tc, emulation_prevention_is_removed);
  return s;
}

GST_CHECK_MAIN (nal);
