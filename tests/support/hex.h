/* SPDX-License-Identifier: MIT
 *
 * Bytes in tests, written as hexadecimal digits; spaces may part them. */
#ifndef PENSTOCK_TESTS_HEX_H
#define PENSTOCK_TESTS_HEX_H

#include <glib.h>

static inline GBytes *
bytes_from_hex (const gchar *hex)
{
  GByteArray *out = g_byte_array_new ();
  gint high = -1;

  for (; *hex; hex++) {
    gint digit = g_ascii_xdigit_value (*hex);

    if (digit < 0)
      continue;
    if (high < 0) {
      high = digit;
    } else {
      guint8 byte = high << 4 | digit;
      g_byte_array_append (out, &byte, 1);
      high = -1;
    }
  }
  g_assert_cmpint (high, <, 0);
  return g_byte_array_free_to_bytes (out);
}

#endif /* PENSTOCK_TESTS_HEX_H */
