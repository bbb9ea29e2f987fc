/* SPDX-License-Identifier: MIT
 *
 * Decoder configuration of AC-3 and Enhanced AC-3 (see cmaf-ac3.h). */

#include "cmaf-ac3.h"

#include <gst/base/gstbitreader.h>
#include <gst/base/gstbitwriter.h>

#define SYNC_WORD 0x0b77
#define MAX_AC3_BSID 10
#define MIN_EAC3_BSID 11
#define MAX_EAC3_BSID 16

static guint32
bits (GstBitReader *br, guint n, gboolean *ok)
{
  guint32 value = 0;

  *ok = *ok && gst_bit_reader_get_bits_uint32 (br, &value, n);
  return value;
}

static GBytes *
finish (GstBitWriter *bw)
{
  guint size = gst_bit_writer_get_size (bw) / 8;

  return g_bytes_new_take (gst_bit_writer_reset_and_get_data (bw), size);
}

static void
put (GstBitWriter *bw, guint32 value, guint n)
{
  gst_bit_writer_put_bits_uint32 (bw, value, n);
}

/* 4.4.1 and 4.4.2 */
GBytes *
cmaf_ac3_config (const guint8 *data, gsize size)
{
  GstBitReader br = GST_BIT_READER_INIT (data, MIN (size, 64));
  gboolean ok = TRUE;
  guint sync = bits (&br, 16, &ok);
  guint fscod, frmsizecod, bsid, bsmod, acmod, lfeon;
  GstBitWriter bw;

  bits (&br, 16, &ok); /* crc1 */
  fscod = bits (&br, 2, &ok);
  frmsizecod = bits (&br, 6, &ok);
  bsid = bits (&br, 5, &ok);
  bsmod = bits (&br, 3, &ok);
  acmod = bits (&br, 3, &ok);
  if ((acmod & 1) && acmod != 1)
    bits (&br, 2, &ok); /* cmixlev */
  if (acmod & 4)
    bits (&br, 2, &ok); /* surmixlev */
  if (acmod == 2)
    bits (&br, 2, &ok); /* dsurmod */
  lfeon = bits (&br, 1, &ok);
  if (!ok || sync != SYNC_WORD || fscod == 3 || bsid > MAX_AC3_BSID)
    return NULL;

  gst_bit_writer_init_with_size (&bw, 3, FALSE);
  put (&bw, fscod, 2);
  put (&bw, bsid, 5);
  put (&bw, bsmod, 3);
  put (&bw, acmod, 3);
  put (&bw, lfeon, 1);
  put (&bw, frmsizecod >> 1, 5); /* bit_rate_code */
  put (&bw, 0, 5);
  return finish (&bw);
}

/* ---- Enhanced AC-3 ---- */

typedef struct {
  guint type; /* strmtyp: 0 independent, 1 dependent, 2 converted AC-3 */
  guint id;
  guint bytes;
  guint fscod, bsid, acmod, lfeon;
  guint chanmap; /* of a dependent one, 0: none */
} Syncframe;

/* E.1.2.1 and E.1.2.2, up to the channel map */
static gboolean
read_syncframe (const guint8 *data, gsize size, Syncframe *out)
{
  GstBitReader br = GST_BIT_READER_INIT (data, MIN (size, 64));
  gboolean ok = TRUE;

  *out = (Syncframe){ 0 };
  if (bits (&br, 16, &ok) != SYNC_WORD)
    return FALSE;
  out->type = bits (&br, 2, &ok);
  out->id = bits (&br, 3, &ok);
  out->bytes = 2 * (bits (&br, 11, &ok) + 1);
  out->fscod = bits (&br, 2, &ok);
  bits (&br, 2, &ok); /* fscod2 or numblkscod */
  out->acmod = bits (&br, 3, &ok);
  out->lfeon = bits (&br, 1, &ok);
  out->bsid = bits (&br, 5, &ok);
  for (guint i = 0; i < (out->acmod == 0 ? 2u : 1u); i++) {
    bits (&br, 5, &ok); /* dialnorm */
    if (bits (&br, 1, &ok))
      bits (&br, 8, &ok); /* compr */
  }
  if (out->type == 1 && bits (&br, 1, &ok))
    out->chanmap = bits (&br, 16, &ok);
  return ok && out->type != 3 && out->bsid >= MIN_EAC3_BSID &&
      out->bsid <= MAX_EAC3_BSID && out->bytes <= size;
}

/* Table E.1.3 to table F.6.2: its locations 5 to 12 and 14, the first of them
 * in the highest bit of both. */
static guint
chan_loc (guint chanmap)
{
  return ((chanmap >> 3 & 0xff) << 1) | (chanmap >> 1 & 1);
}

GBytes *
cmaf_eac3_config (const guint8 *data, gsize size, guint rate)
{
  Syncframe first = { 0 }, frame;
  guint n_dependent = 0, locations = 0;
  gsize offset = 0, program = 0;
  GstBitWriter bw;

  while (
      offset < size && read_syncframe (data + offset, size - offset, &frame)) {
    if (offset == 0)
      first = frame;
    if (frame.id == 0 && frame.type != 1) {
      program += frame.bytes;
    } else if (frame.type == 1 && program == offset) {
      n_dependent += frame.id == n_dependent; /* once, of several blocks */
      locations |= chan_loc (frame.chanmap);
      program += frame.bytes;
    } else {
      break; /* another program */
    }
    offset += frame.bytes;
  }
  if (offset == 0 || first.type == 1 || rate == 0)
    return NULL;

  gst_bit_writer_init_with_size (&bw, 6, FALSE);
  put (&bw, program * 8 * rate / CMAF_AC3_SAMPLES / 1000, 13);
  put (&bw, 0, 3); /* num_ind_sub: one */
  put (&bw, first.fscod, 2);
  put (&bw, first.bsid, 5);
  put (&bw, 0, 1 + 1 + 3); /* reserved, asvc, bsmod: main audio */
  put (&bw, first.acmod, 3);
  put (&bw, first.lfeon, 1);
  put (&bw, 0, 3);
  put (&bw, n_dependent, 4);
  if (n_dependent)
    put (&bw, locations, 9);
  else
    put (&bw, 0, 1);
  return finish (&bw);
}
