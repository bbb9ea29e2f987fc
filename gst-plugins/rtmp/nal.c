/* SPDX-License-Identifier: MIT
 *
 * NAL units of H.264 and H.265. See nal.h. */

#include "nal.h"

/* Bytes of a slice header that hold first_mb_in_slice and slice_type. */
#define SLICE_HEAD 16
/* ITU-T H.264, D.1.1 */
#define SEI_RECOVERY_POINT 6

/* Length of the start code at @data, 0 when there is none. */
static gsize
start_code_length (const guint8 *data, gsize size)
{
  if (size >= 3 && data[0] == 0 && data[1] == 0 && data[2] == 1)
    return 3;
  if (size >= 4 && data[0] == 0 && data[1] == 0 && data[2] == 0 && data[3] == 1)
    return 4;
  return 0;
}

/* Offset of the next 00 00 01, or @size. */
static gsize
find_start_code (const guint8 *data, gsize size)
{
  gsize i = 0;

  while (i + 3 <= size) {
    if (data[i + 2] > 1)
      i += 3;
    else if (data[i + 2] == 0)
      i++;
    else if (data[i] == 0 && data[i + 1] == 0)
      return i;
    else
      i += 3;
  }
  return size;
}

static guint32
read_length (const guint8 *data, guint length_size)
{
  guint32 length = 0;

  for (guint i = 0; i < length_size; i++)
    length = length << 8 | data[i];
  return length;
}

typedef struct {
  gboolean valid;
  gboolean repair; /* empty units or start codes inside */
  gsize size;      /* without zeros at the end */
} LengthWalk;

static LengthWalk
walk_lengths (const guint8 *data, gsize size, guint length_size)
{
  LengthWalk walk = { 0 };
  gboolean any = FALSE;
  gsize pos = 0;

  while (size - pos >= length_size) {
    gsize length = read_length (data + pos, length_size);

    if (length > size - pos - length_size)
      return walk;
    walk.repair |=
        length == 0 || start_code_length (data + pos + length_size, length) > 0;
    any |= length > 0;
    pos += length_size + length;
  }
  walk.size = pos;
  for (; pos < size; pos++)
    if (data[pos] != 0)
      return walk;
  walk.valid = any;
  return walk;
}

static PenstockNalForm
find_form (const guint8 *data, gsize size, guint length_size, LengthWalk *walk)
{
  const gboolean start_code = start_code_length (data, size) > 0;

  *walk = walk_lengths (data, size, length_size);
  /* Short lengths read a start code as empty units; nobody begins so. */
  if (walk->valid && !(start_code && length_size < 4))
    return PENSTOCK_NAL_LENGTHS;
  return start_code ? PENSTOCK_NAL_START_CODES : PENSTOCK_NAL_BROKEN;
}

static void
reader_start (PenstockNalReader *reader, PenstockNalForm form,
    const guint8 *data, gsize size, guint length_size)
{
  *reader = (PenstockNalReader){
    .form = form, .data = data, .size = size, .length_size = length_size
  };
  if (form == PENSTOCK_NAL_BROKEN)
    reader->size = 0;
  else if (form == PENSTOCK_NAL_START_CODES)
    reader->unit_end = size;
}

PenstockNalForm
penstock_nal_reader_init (PenstockNalReader *reader, const guint8 *data,
    gsize size, guint length_size)
{
  LengthWalk walk;
  PenstockNalForm form = find_form (data, size, length_size, &walk);

  reader_start (reader, form, data,
      form == PENSTOCK_NAL_LENGTHS ? walk.size : size, length_size);
  return form;
}

/* The next unit up to unit_end, separated by start codes. */
static gboolean
next_in_unit (PenstockNalReader *reader, const guint8 **nal, gsize *size)
{
  while (reader->pos < reader->unit_end) {
    const guint8 *data = reader->data + reader->pos;
    gsize left = reader->unit_end - reader->pos;
    gsize code = start_code_length (data, left);
    gsize end = code + find_start_code (data + code, left - code);

    reader->pos += end;
    /* Zeros before the next start code belong to it (B.1.2). */
    while (end > code && data[end - 1] == 0)
      end--;
    if (end > code) {
      *nal = data + code;
      *size = end - code;
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
penstock_nal_reader_next (
    PenstockNalReader *reader, const guint8 **nal, gsize *size)
{
  if (next_in_unit (reader, nal, size))
    return TRUE;
  if (reader->form != PENSTOCK_NAL_LENGTHS)
    return FALSE;

  while (reader->size - reader->pos >= reader->length_size) {
    const guint8 *data = reader->data + reader->pos + reader->length_size;
    gsize length =
        read_length (reader->data + reader->pos, reader->length_size);

    reader->pos += reader->length_size;
    if (start_code_length (data, length) > 0) {
      reader->unit_end = reader->pos + length;
      if (next_in_unit (reader, nal, size))
        return TRUE;
      continue;
    }
    reader->pos += length;
    if (length > 0) {
      *nal = data;
      *size = length;
      return TRUE;
    }
  }
  return FALSE;
}

guint
penstock_nal_type (gboolean hevc, const guint8 *nal)
{
  return hevc ? nal[0] >> 1 & 0x3f : nal[0] & 0x1f;
}

gsize
penstock_nal_unescape (const guint8 *nal, gsize size, guint8 *out, gsize max)
{
  guint zeros = 0;
  gsize n = 0;

  for (gsize i = 0; i < size && n < max; i++) {
    if (zeros >= 2 && nal[i] == 3) {
      zeros = 0;
      continue;
    }
    zeros = nal[i] == 0 ? zeros + 1 : 0;
    out[n++] = nal[i];
  }
  return n;
}

gboolean
penstock_nal_read_ue (GstBitReader *bits, guint32 *value)
{
  guint zeros = 0;
  guint8 bit = 0;
  guint32 rest = 0;

  while (gst_bit_reader_get_bits_uint8 (bits, &bit, 1) && bit == 0)
    if (++zeros > 31)
      return FALSE;
  if (bit == 0 ||
      (zeros > 0 && !gst_bit_reader_get_bits_uint32 (bits, &rest, zeros)))
    return FALSE;
  *value = (1u << zeros) - 1 + rest;
  return TRUE;
}

/* What the slices of a picture say together. */
typedef struct {
  guint n_slices;
  gboolean all_intra, random_access, recovery_point, referred;
} Picture;

static void
add_h264_slice (
    const guint8 *nal, gsize size, Picture *picture, PenstockNalScan *scan)
{
  guint8 head[SLICE_HEAD];
  guint32 first_mb = 1, slice_type = 0;
  GstBitReader bits;

  gst_bit_reader_init (
      &bits, head, penstock_nal_unescape (nal + 1, size - 1, head, SLICE_HEAD));
  if (!penstock_nal_read_ue (&bits, &first_mb) ||
      !penstock_nal_read_ue (&bits, &slice_type))
    picture->all_intra = FALSE;
  /* 2 and 7 are I, 4 and 9 are SI (table 7-6). */
  if (slice_type % 5 != 2 && slice_type % 5 != 4)
    picture->all_intra = FALSE;
  if (picture->n_slices == 0)
    scan->starts_picture = first_mb == 0;
  picture->n_slices++;
  picture->referred |= (nal[0] & 0x60) != 0;
}

/* Whether an SEI unit has a recovery point message (7.3.2.3.1). */
static gboolean
has_recovery_point (const guint8 *nal, gsize size)
{
  gsize pos = 1;

  while (pos + 2 <= size && nal[pos] != 0x80) {
    gsize type = 0, length = 0;

    for (; pos < size && nal[pos] == 0xff; pos++)
      type += 255;
    if (pos < size)
      type += nal[pos++];
    for (; pos < size && nal[pos] == 0xff; pos++)
      length += 255;
    if (pos < size)
      length += nal[pos++];
    if (type == SEI_RECOVERY_POINT)
      return TRUE;
    if (length >= size - pos)
      return FALSE;
    pos += length;
  }
  return FALSE;
}

static void
add_h264 (
    const guint8 *nal, gsize size, Picture *picture, PenstockNalScan *scan)
{
  guint type = penstock_nal_type (FALSE, nal);

  if (type >= PENSTOCK_H264_SLICE && type <= PENSTOCK_H264_IDR) {
    /* Partitions B and C begin with a slice_id instead. */
    if (type != 3 && type != PENSTOCK_H264_SLICE_DPC)
      add_h264_slice (nal, size, picture, scan);
    picture->random_access |= type == PENSTOCK_H264_IDR;
  } else if (type == PENSTOCK_H264_SEI) {
    picture->recovery_point |= has_recovery_point (nal, size);
  } else if (type == PENSTOCK_H264_SPS || type == PENSTOCK_H264_PPS) {
    scan->has_parameter_sets = TRUE;
  }
}

/* Not referred to by pictures of its own sub-layer, and no higher one exists. */
static gboolean
is_h265_droppable (const PenstockNalStream *stream, const guint8 *nal)
{
  guint type = penstock_nal_type (TRUE, nal);
  guint layer = (nal[1] & 7) > 0 ? (nal[1] & 7) - 1 : 0;

  if (type > PENSTOCK_H265_LAST_SUB_LAYER_N || type % 2 != 0)
    return FALSE;
  return stream->n_temporal_layers > 1 ? layer + 1 >= stream->n_temporal_layers
                                       : layer == 0;
}

static void
add_h265 (const PenstockNalStream *stream, const guint8 *nal, gsize size,
    Picture *picture, PenstockNalScan *scan)
{
  guint type = penstock_nal_type (TRUE, nal);

  if (type <= PENSTOCK_H265_LAST_VCL) {
    if (size < 3)
      return;
    if (picture->n_slices == 0)
      scan->starts_picture = (nal[2] & 0x80) != 0;
    picture->n_slices++;
    picture->all_intra = FALSE; /* not looked at: IRAP tells all */
    picture->random_access |=
        type >= PENSTOCK_H265_FIRST_IRAP && type <= PENSTOCK_H265_LAST_IRAP;
    picture->referred |= !is_h265_droppable (stream, nal);
  } else if (type >= PENSTOCK_H265_VPS && type <= PENSTOCK_H265_PPS) {
    scan->has_parameter_sets = TRUE;
  }
}

gboolean
penstock_nal_scan (const PenstockNalStream *stream, const guint8 *data,
    gsize size, gboolean encoder_says_key, PenstockNalScan *scan)
{
  PenstockNalReader reader;
  Picture picture = { .all_intra = TRUE };
  LengthWalk walk;
  const guint8 *nal;
  gsize nal_size;

  *scan = (PenstockNalScan){ 0 };
  scan->form = find_form (data, size, stream->length_size, &walk);
  if (scan->form == PENSTOCK_NAL_BROKEN)
    return FALSE;
  scan->size = scan->form == PENSTOCK_NAL_LENGTHS ? walk.size : size;
  scan->in_place = scan->form == PENSTOCK_NAL_LENGTHS &&
      stream->length_size == 4 && !walk.repair;

  reader_start (&reader, scan->form, data, scan->size, stream->length_size);
  while (penstock_nal_reader_next (&reader, &nal, &nal_size)) {
    if (stream->hevc)
      add_h265 (stream, nal, nal_size, &picture, scan);
    else
      add_h264 (nal, nal_size, &picture, scan);
  }

  scan->has_slice = picture.n_slices > 0;
  scan->keyframe = scan->has_slice &&
      (picture.random_access || picture.recovery_point ||
          (encoder_says_key && picture.all_intra));
  scan->droppable = scan->has_slice && !picture.referred && !scan->keyframe;
  return TRUE;
}

void
penstock_nal_write (const PenstockNalStream *stream, const guint8 *data,
    gsize size, GByteArray *out)
{
  PenstockNalReader reader;
  const guint8 *nal;
  gsize nal_size;

  penstock_nal_reader_init (&reader, data, size, stream->length_size);
  while (penstock_nal_reader_next (&reader, &nal, &nal_size)) {
    guint32 length = GUINT32_TO_BE ((guint32) nal_size);

    g_byte_array_append (out, (const guint8 *) &length, sizeof length);
    g_byte_array_append (out, nal, nal_size);
  }
}
