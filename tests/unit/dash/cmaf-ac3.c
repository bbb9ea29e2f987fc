/* SPDX-License-Identifier: MIT
 *
 * Configuration of AC-3 and Enhanced AC-3, read from the stream. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "dash/cmaf-ac3.h"

/* Heads of syncframes of libavcodec's encoders, and what its muxer makes of
 * them. */
#define AC3_SURROUND "0b771e8b1c40ebf8403eff74fe1e1080"
#define AC3_STEREO "0b77fe95144043e106f4"
#define EAC3_STEREO "0b77017f3487c0002084210838008c06"
#define EAC3_BYTES 768
#define EAC3_SECOND "0b77080334" /* another program */

static guint8 *
bytes_of (const gchar *hex, gsize *size)
{
  guint8 *data = g_malloc (strlen (hex) / 2);

  *size = strlen (hex) / 2;
  for (gsize i = 0; i < *size; i++)
    data[i] = g_ascii_xdigit_value (hex[2 * i]) << 4 |
        g_ascii_xdigit_value (hex[2 * i + 1]);
  return data;
}

static void
assert_bytes (GBytes *found, const gchar *hex)
{
  gsize size;
  g_autofree guint8 *expected = bytes_of (hex, &size);
  g_autoptr (GBytes) wanted = g_bytes_new (expected, size);

  fail_unless (found && g_bytes_equal (found, wanted));
}

static const struct {
  const gchar *frame, *config;
} frames[] = { { AC3_SURROUND, "103dc0" }, { AC3_STEREO, "101140" } };

GST_START_TEST (an_ac3_frame_says_all)
{
  gsize size;
  g_autofree guint8 *data = bytes_of (frames[__i__].frame, &size);
  g_autoptr (GBytes) config = cmaf_ac3_config (data, size);

  assert_bytes (config, frames[__i__].config);
  data[1] = 0;
  fail_if (cmaf_ac3_config (data, size));
}
GST_END_TEST;

/* @more: (nullable): what follows the first frame of 768 bytes */
static guint8 *
access_unit (const gchar *more, gsize *size)
{
  gsize head, tail = 0;
  g_autofree guint8 *start = bytes_of (EAC3_STEREO, &head);
  g_autofree guint8 *end = more ? bytes_of (more, &tail) : NULL;
  guint8 *data = g_malloc0 (EAC3_BYTES + tail);

  memcpy (data, start, head);
  if (tail)
    memcpy (data + EAC3_BYTES, end, tail);
  *size = EAC3_BYTES + tail;
  return data;
}

GST_START_TEST (an_access_unit_of_eac3_says_its_rate_too)
{
  gsize size;
  g_autofree guint8 *data = access_unit (NULL, &size);
  g_autoptr (GBytes) config = cmaf_eac3_config (data, size, 48000);

  assert_bytes (config, "0600200400");
}
GST_END_TEST;

GST_START_TEST (a_program_that_is_not_the_first_is_left_out)
{
  gsize size;
  g_autofree guint8 *data = access_unit (EAC3_SECOND "000000", &size);
  g_autoptr (GBytes) config = cmaf_eac3_config (data, size, 48000);

  assert_bytes (config, "0600200400");
}
GST_END_TEST;

GST_START_TEST (a_frame_cut_off_is_none)
{
  gsize size;
  g_autofree guint8 *data = access_unit (NULL, &size);
  g_autofree guint8 *ac3 = bytes_of (AC3_STEREO, &size);

  for (gsize n = 0; n < 7; n++) {
    g_autofree guint8 *copy = g_memdup2 (ac3, n);

    fail_if (cmaf_ac3_config (copy, n));
  }
  for (gsize n = 0; n < EAC3_BYTES; n += 31) {
    g_autofree guint8 *copy = g_memdup2 (data, n);

    fail_if (cmaf_eac3_config (copy, n, 48000));
  }
}
GST_END_TEST;

static Suite *
cmaf_ac3_suite (void)
{
  Suite *suite = suite_create ("cmaf-ac3");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, an_ac3_frame_says_all, 0, G_N_ELEMENTS (frames));
  tcase_add_test (tc, an_access_unit_of_eac3_says_its_rate_too);
  tcase_add_test (tc, a_program_that_is_not_the_first_is_left_out);
  tcase_add_test (tc, a_frame_cut_off_is_none);
  return suite;
}

GST_CHECK_MAIN (cmaf_ac3);
