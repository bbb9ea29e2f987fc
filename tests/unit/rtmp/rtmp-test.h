/* SPDX-License-Identifier: MIT
 *
 * Helpers of the RTMP unit tests: byte rows from hexadecimal text. */
#ifndef PENSTOCK_TEST_RTMP_H
#define PENSTOCK_TEST_RTMP_H

#include <gst/check/gstcheck.h>

/* Bytes of "03 0a ff"; anything but hexadecimal digits separates. */
static inline GByteArray *
bytes_from_hex (const gchar *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (const gchar *p = hex; *p; p++) {
    if (!g_ascii_isxdigit (*p))
      continue;
    fail_unless (g_ascii_isxdigit (p[1]), "odd number of digits in %s", hex);
    guint8 byte =
        g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]);
    g_byte_array_append (bytes, &byte, 1);
    p++;
  }
  return bytes;
}

static inline gchar *
bytes_to_hex (const guint8 *data, gsize size)
{
  GString *hex = g_string_new (NULL);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (hex, i ? " %02x" : "%02x", data[i]);
  return g_string_free (hex, FALSE);
}

#endif /* PENSTOCK_TEST_RTMP_H */
