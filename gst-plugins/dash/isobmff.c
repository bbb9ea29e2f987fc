/* SPDX-License-Identifier: MIT
 *
 * Writer of ISO base media file format boxes (see isobmff.h). */

#include "isobmff.h"

#include <string.h>

void
iso_put_data (GByteArray *out, const guint8 *data, guint size)
{
  if (size)
    g_byte_array_append (out, data, size);
}

void
iso_put_u8 (GByteArray *out, guint8 value)
{
  iso_put_data (out, &value, 1);
}

void
iso_put_u16 (GByteArray *out, guint16 value)
{
  value = GUINT16_TO_BE (value);
  iso_put_data (out, (const guint8 *) &value, 2);
}

void
iso_put_u24 (GByteArray *out, guint32 value)
{
  value = GUINT32_TO_BE (value);
  iso_put_data (out, (const guint8 *) &value + 1, 3);
}

void
iso_put_u32 (GByteArray *out, guint32 value)
{
  value = GUINT32_TO_BE (value);
  iso_put_data (out, (const guint8 *) &value, 4);
}

void
iso_put_u64 (GByteArray *out, guint64 value)
{
  value = GUINT64_TO_BE (value);
  iso_put_data (out, (const guint8 *) &value, 8);
}

void
iso_put_zeros (GByteArray *out, guint n)
{
  guint old = out->len;

  g_byte_array_set_size (out, old + n);
  memset (out->data + old, 0, n);
}

void
iso_put_fourcc (GByteArray *out, const gchar *fourcc)
{
  iso_put_data (out, (const guint8 *) fourcc, 4);
}

void
iso_patch_u32 (GByteArray *out, guint position, guint32 value)
{
  value = GUINT32_TO_BE (value);
  memcpy (out->data + position, &value, 4);
}

guint
iso_box_begin (GByteArray *out, const gchar *fourcc)
{
  guint box = out->len;

  iso_put_u32 (out, 0);
  iso_put_fourcc (out, fourcc);
  return box;
}

guint
iso_full_box_begin (
    GByteArray *out, const gchar *fourcc, guint8 version, guint32 flags)
{
  guint box = iso_box_begin (out, fourcc);

  iso_put_u8 (out, version);
  iso_put_u24 (out, flags);
  return box;
}

void
iso_box_end (GByteArray *out, guint box)
{
  iso_patch_u32 (out, box, out->len - box);
}
