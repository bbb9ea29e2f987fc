/* SPDX-License-Identifier: MIT
 *
 * Layout: NAL header 6, payload type 5, payload size 32, 16 bytes of UUID, the
 * time as 16 hexadecimal digits, stop bit. */

#include "stamp.h"

#include <string.h>
#include <time.h>

#define NAL_TYPE_SEI 6
#define USER_DATA_UNREGISTERED 5
#define PREFIX_SIZE 19
#define DIGITS 16

static const guint8 prefix[PREFIX_SIZE] = { NAL_TYPE_SEI,
  USER_DATA_UNREGISTERED, 32, 'p', 'e', 'n', 's', 't', 'o', 'c', 'k', '-', 'b',
  'e', 'n', 'c', 'h', '-', '1' };

guint64
stamp_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (guint64) now.tv_sec * G_GUINT64_CONSTANT (1000000000) +
      (guint64) now.tv_nsec;
}

void
stamp_write (guint64 time_ns, guint8 nal[STAMP_NAL_SIZE])
{
  memcpy (nal, prefix, PREFIX_SIZE);
  for (guint i = 0; i < DIGITS; i++)
    nal[PREFIX_SIZE + i] = "0123456789abcdef"[(time_ns >> (60 - 4 * i)) & 0x0f];
  nal[STAMP_NAL_SIZE - 1] = 0x80;
}

gboolean
stamp_read (const guint8 *nal, gsize size, guint64 *time_ns)
{
  guint64 value = 0;

  if (size < STAMP_NAL_SIZE || (nal[0] & 0x1f) != NAL_TYPE_SEI ||
      memcmp (nal + 1, prefix + 1, PREFIX_SIZE - 1) != 0)
    return FALSE;
  for (guint i = 0; i < DIGITS; i++) {
    gint digit = g_ascii_xdigit_value ((gchar) nal[PREFIX_SIZE + i]);

    if (digit < 0)
      return FALSE;
    value = value << 4 | (guint64) digit;
  }
  *time_ns = value;
  return TRUE;
}
