/* SPDX-License-Identifier: MIT
 *
 * The sequence header of AV1 (AV1 Bitstream & Decoding Process Specification,
 * 5.5) as far as av1C needs it (see cmaf-av1.h). */

#include "cmaf-av1.h"

#include <gst/base/gstbitreader.h>

#define OBU_SEQUENCE_HEADER 1
#define SELECT_SCREEN_CONTENT_TOOLS 2

/* 6.4.2 */
#define CP_BT_709 1
#define TC_SRGB 13
#define MC_IDENTITY 0

typedef struct {
  guint profile, level, tier;
  gboolean high_bit_depth, twelve_bit, monochrome;
  guint subsampling_x, subsampling_y, chroma_position;
} SequenceHeader;

typedef struct {
  GstBitReader bits;
  gboolean ok;
} Reader;

static guint32
f (Reader *r, guint n)
{
  guint32 value = 0;

  r->ok = r->ok && gst_bit_reader_get_bits_uint32 (&r->bits, &value, n);
  return value;
}

/* 4.10.3 */
static void
skip_uvlc (Reader *r)
{
  guint zeros = 0;

  while (r->ok && f (r, 1) == 0)
    zeros++;
  if (zeros < 32 && zeros > 0)
    f (r, zeros);
}

/* 5.5.3 and 5.5.4; returns bits of a buffer delay, 0: there is no model. */
static guint
read_timing (Reader *r)
{
  guint length;

  f (r, 32);
  f (r, 32);
  if (f (r, 1))
    skip_uvlc (r);
  if (!f (r, 1))
    return 0;
  length = f (r, 5) + 1;
  f (r, 32);
  f (r, 10);
  return length;
}

static void
read_operating_points (Reader *r, SequenceHeader *out)
{
  guint delay_bits = f (r, 1) ? read_timing (r) : 0;
  gboolean has_display_delay = f (r, 1);
  guint n = f (r, 5) + 1;

  for (guint i = 0; i < n && r->ok; i++) {
    guint level, tier;

    f (r, 12);
    level = f (r, 5);
    tier = level > 7 ? f (r, 1) : 0;
    if (delay_bits && f (r, 1)) {
      f (r, delay_bits);
      f (r, delay_bits);
      f (r, 1);
    }
    if (has_display_delay && f (r, 1))
      f (r, 4);
    if (i == 0) {
      out->level = level;
      out->tier = tier;
    }
  }
}

/* What lies between the size and the colours. */
static void
skip_tools (Reader *r, gboolean reduced)
{
  guint width_bits = f (r, 4) + 1, height_bits = f (r, 4) + 1;
  guint force = SELECT_SCREEN_CONTENT_TOOLS;
  gboolean order_hint;

  f (r, width_bits);
  f (r, height_bits);
  if (!reduced && f (r, 1))
    f (r, 7);
  f (r, 3);
  if (!reduced) {
    f (r, 4);
    order_hint = f (r, 1);
    if (order_hint)
      f (r, 2);
    if (!f (r, 1))
      force = f (r, 1);
    if (force && !f (r, 1))
      f (r, 1);
    if (order_hint)
      f (r, 3);
  }
  f (r, 3);
}

/* 5.5.2 */
static void
read_colours (Reader *r, SequenceHeader *out)
{
  guint primaries = 2, transfer = 2, matrix = 2;

  out->high_bit_depth = f (r, 1);
  out->twelve_bit = out->profile == 2 && out->high_bit_depth && f (r, 1);
  out->monochrome = out->profile != 1 && f (r, 1);
  if (f (r, 1)) {
    primaries = f (r, 8);
    transfer = f (r, 8);
    matrix = f (r, 8);
  }
  out->subsampling_x = out->subsampling_y = out->profile == 0;
  if (out->monochrome) {
    f (r, 1);
    out->subsampling_x = out->subsampling_y = 1;
    return;
  }
  if (primaries == CP_BT_709 && transfer == TC_SRGB && matrix == MC_IDENTITY)
    return;
  f (r, 1); /* color_range */
  if (out->profile == 2) {
    out->subsampling_x = out->twelve_bit ? f (r, 1) : 1;
    out->subsampling_y = out->twelve_bit && out->subsampling_x ? f (r, 1) : 0;
  }
  if (out->subsampling_x && out->subsampling_y)
    out->chroma_position = f (r, 2);
}

static gboolean
read_sequence_header (const guint8 *data, gsize size, SequenceHeader *out)
{
  Reader r = { GST_BIT_READER_INIT (data, MIN (size, 1024)), TRUE };
  gboolean reduced;

  *out = (SequenceHeader){ 0 };
  out->profile = f (&r, 3);
  f (&r, 1); /* still_picture */
  reduced = f (&r, 1);
  if (reduced)
    out->level = f (&r, 5);
  else
    read_operating_points (&r, out);
  skip_tools (&r, reduced);
  read_colours (&r, out);
  return r.ok && out->profile <= 2;
}

/* 4.10.5; FALSE: it does not end */
static gboolean
read_leb128 (const guint8 *data, gsize size, guint64 *value, gsize *length)
{
  *value = 0;
  for (gsize i = 0; i < MIN (size, 8); i++) {
    *value |= (guint64) (data[i] & 0x7f) << (7 * i);
    if (!(data[i] & 0x80)) {
      *length = i + 1;
      return TRUE;
    }
  }
  return FALSE;
}

/* @obu: with its header */
static GBytes *
write_config (const SequenceHeader *h, const guint8 *obu, gsize size)
{
  const guint8 head[] = { 0x81, (guint8) (h->profile << 5 | h->level),
    (guint8) (h->tier << 7 | h->high_bit_depth << 6 | h->twelve_bit << 5 |
        h->monochrome << 4 | h->subsampling_x << 3 | h->subsampling_y << 2 |
        h->chroma_position),
    0 };
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, head, sizeof head);
  g_byte_array_append (out, obu, size);
  return g_byte_array_free_to_bytes (out);
}

/* 5.3: every OBU of a temporal unit has its size. */
GBytes *
cmaf_av1_config (const guint8 *data, gsize size)
{
  gsize offset = 0;

  while (offset + 2 <= size) {
    const guint8 *obu = data + offset;
    guint type = obu[0] >> 3 & 0xf;
    gsize head = obu[0] & 4 ? 2 : 1, length;
    SequenceHeader header;
    guint64 payload;

    if ((obu[0] & 0x82) != 2 || offset + head >= size ||
        !read_leb128 (obu + head, size - offset - head, &payload, &length))
      return NULL;
    head += length;
    if (payload > size - offset - head)
      return NULL;
    if (type == OBU_SEQUENCE_HEADER)
      return read_sequence_header (obu + head, payload, &header)
          ? write_config (&header, obu, head + payload)
          : NULL;
    offset += head + payload;
  }
  return NULL;
}
