/* SPDX-License-Identifier: MIT
 *
 * Parameter sets and configuration records. See parameter-sets.h. */

#include "parameter-sets.h"

#include <string.h>

#include <gst/base/gstbytereader.h>

#include "nal.h"

/* Fixed head of an hvcC up to numOfArrays. */
#define HVCC_HEAD 23
/* profile_tier_level() without sub-layers, H.265, 7.3.3. */
#define PTL_SIZE 12
/* A NAL length in a record has 16 bits. */
#define MAX_SET_SIZE G_MAXUINT16

PenstockParameterSets *
penstock_parameter_sets_new (gboolean hevc)
{
  PenstockParameterSets *self = g_new0 (PenstockParameterSets, 1);

  self->hevc = hevc;
  self->length_size = 4;
  for (guint i = 0; i < PENSTOCK_N_SET_KINDS; i++)
    self->sets[i] =
        g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return self;
}

void
penstock_parameter_sets_free (PenstockParameterSets *self)
{
  if (!self)
    return;
  for (guint i = 0; i < PENSTOCK_N_SET_KINDS; i++)
    g_ptr_array_unref (self->sets[i]);
  g_free (self);
}

GBytes *
penstock_parameter_sets_first (
    const PenstockParameterSets *self, PenstockSetKind kind)
{
  return self->sets[kind]->len > 0 ? g_ptr_array_index (self->sets[kind], 0)
                                   : NULL;
}

gboolean
penstock_parameter_sets_is_complete (const PenstockParameterSets *self)
{
  return self->sets[PENSTOCK_SET_SPS]->len > 0 &&
      self->sets[PENSTOCK_SET_PPS]->len > 0 &&
      (!self->hevc || self->sets[PENSTOCK_SET_VPS]->len > 0);
}

static gboolean
kind_of_nal (
    gboolean hevc, const guint8 *nal, gsize size, PenstockSetKind *kind)
{
  guint type = penstock_nal_type (hevc, nal);

  /* A header, and enough to tell profile and level of an SPS. */
  if (size < 3 || size > MAX_SET_SIZE)
    return FALSE;
  if (hevc && type >= PENSTOCK_H265_VPS && type <= PENSTOCK_H265_PPS)
    *kind = PENSTOCK_SET_VPS + (type - PENSTOCK_H265_VPS);
  else if (!hevc && type == PENSTOCK_H264_SPS && size >= 4)
    *kind = PENSTOCK_SET_SPS;
  else if (!hevc && type == PENSTOCK_H264_PPS)
    *kind = PENSTOCK_SET_PPS;
  else
    return FALSE;
  return TRUE;
}

static gboolean
contains (GPtrArray *sets, const guint8 *nal, gsize size)
{
  for (guint i = 0; i < sets->len; i++) {
    GBytes *set = g_ptr_array_index (sets, i);

    if (g_bytes_get_size (set) == size &&
        memcmp (g_bytes_get_data (set, NULL), nal, size) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Adds a unit if it is a parameter set that is not there yet. */
static void
add_set (PenstockParameterSets *self, const guint8 *nal, gsize size)
{
  PenstockSetKind kind;

  if (size > 0 && kind_of_nal (self->hevc, nal, size, &kind) &&
      self->sets[kind]->len < PENSTOCK_MAX_PARAMETER_SETS &&
      !contains (self->sets[kind], nal, size))
    g_ptr_array_add (self->sets[kind], g_bytes_new (nal, size));
}

/* --- Reading records --- */

/* @count units, each behind a 16 bit length, of the NAL @type. */
static gboolean
read_units (
    PenstockParameterSets *self, GstByteReader *reader, guint count, guint type)
{
  while (count-- > 0) {
    guint16 size;
    const guint8 *nal;

    if (!gst_byte_reader_get_uint16_be (reader, &size) ||
        !gst_byte_reader_get_data (reader, size, &nal))
      return FALSE;
    if (size > 0 && penstock_nal_type (self->hevc, nal) != type)
      return FALSE;
    add_set (self, nal, size);
  }
  return TRUE;
}

static gboolean
is_length_size (guint size)
{
  return size == 1 || size == 2 || size == 4;
}

/* Lenient behind the SPS: a record cut in the PPS still is one. */
static PenstockParameterSets *
parse_avcc (const guint8 *data, gsize size)
{
  g_autoptr (PenstockParameterSets) self = penstock_parameter_sets_new (FALSE);
  GstByteReader reader;
  guint8 n_pps;

  if (size < 7 || data[0] != 1)
    return NULL;
  self->length_size = (data[4] & 3) + 1;
  if (!is_length_size (self->length_size))
    return NULL;
  gst_byte_reader_init (&reader, data + 6, size - 6);
  if (!read_units (self, &reader, data[5] & 0x1f, PENSTOCK_H264_SPS) ||
      self->sets[PENSTOCK_SET_SPS]->len == 0)
    return NULL;
  if (gst_byte_reader_get_uint8 (&reader, &n_pps))
    read_units (self, &reader, n_pps, PENSTOCK_H264_PPS);
  return g_steal_pointer (&self);
}

static PenstockParameterSets *
parse_hvcc (const guint8 *data, gsize size)
{
  g_autoptr (PenstockParameterSets) self = penstock_parameter_sets_new (TRUE);
  GstByteReader reader;

  /* Version 0 is written by some muxers. */
  if (size < HVCC_HEAD || data[0] > 1)
    return NULL;
  self->length_size = (data[21] & 3) + 1;
  self->n_temporal_layers = data[21] >> 3 & 7;
  if (!is_length_size (self->length_size))
    return NULL;
  gst_byte_reader_init (&reader, data + HVCC_HEAD, size - HVCC_HEAD);
  for (guint n = data[22]; n > 0; n--) {
    guint8 type;
    guint16 count;

    if (!gst_byte_reader_get_uint8 (&reader, &type) ||
        !gst_byte_reader_get_uint16_be (&reader, &count) ||
        !read_units (self, &reader, count, type & 0x3f))
      break;
  }
  return self->sets[PENSTOCK_SET_SPS]->len > 0 ? g_steal_pointer (&self) : NULL;
}

static PenstockParameterSets *
parse_start_codes (gboolean hevc, const guint8 *data, gsize size)
{
  g_autoptr (PenstockParameterSets) self = penstock_parameter_sets_new (hevc);
  PenstockNalReader reader;
  const guint8 *nal;
  gsize nal_size;

  if (penstock_nal_reader_init (&reader, data, size, 4) !=
      PENSTOCK_NAL_START_CODES)
    return NULL;
  while (penstock_nal_reader_next (&reader, &nal, &nal_size))
    add_set (self, nal, nal_size);
  return self->sets[PENSTOCK_SET_SPS]->len > 0 ? g_steal_pointer (&self) : NULL;
}

PenstockParameterSets *
penstock_parameter_sets_parse (gboolean hevc, const guint8 *data, gsize size)
{
  PenstockParameterSets *self;

  self = hevc ? parse_hvcc (data, size) : parse_avcc (data, size);
  if (!self)
    self = hevc ? parse_avcc (data, size) : parse_hvcc (data, size);
  if (!self)
    self = parse_start_codes (hevc, data, size);
  return self;
}

/* --- In-band changes --- */

/* pic_parameter_set_id, right behind the NAL header in both codecs. */
static gint
pps_id (gboolean hevc, GBytes *pps)
{
  gsize size;
  const guint8 *nal = g_bytes_get_data (pps, &size);
  gsize header = hevc ? 2 : 1;
  guint8 head[8];
  guint32 id;
  GstBitReader bits;

  gst_bit_reader_init (&bits, head,
      penstock_nal_unescape (nal + header, size - header, head, sizeof head));
  return penstock_nal_read_ue (&bits, &id) && id <= G_MAXUINT8 ? (gint) id : -1;
}

static void
replace_pps (PenstockParameterSets *self, GBytes *pps)
{
  GPtrArray *sets = self->sets[PENSTOCK_SET_PPS];
  gint id = pps_id (self->hevc, pps);

  for (guint i = 0; i < sets->len; i++)
    if (pps_id (self->hevc, g_ptr_array_index (sets, i)) == id)
      g_ptr_array_remove_index (sets, i--);
  if (sets->len < PENSTOCK_MAX_PARAMETER_SETS)
    g_ptr_array_add (sets, g_bytes_ref (pps));
}

static gboolean
has_new_set (const PenstockParameterSets *self,
    const PenstockParameterSets *other, PenstockSetKind kind)
{
  for (guint i = 0; i < other->sets[kind]->len; i++) {
    gsize size;
    const guint8 *nal =
        g_bytes_get_data (g_ptr_array_index (other->sets[kind], i), &size);

    if (!contains (self->sets[kind], nal, size))
      return TRUE;
  }
  return FALSE;
}

static void
replace_kind (PenstockParameterSets *self, PenstockParameterSets *other,
    PenstockSetKind kind)
{
  GPtrArray *old = self->sets[kind];

  if (other->sets[kind]->len == 0)
    return;
  self->sets[kind] = other->sets[kind];
  other->sets[kind] = old;
}

gboolean
penstock_parameter_sets_merge (
    PenstockParameterSets *self, const guint8 *data, gsize size)
{
  g_autoptr (PenstockParameterSets) seen =
      penstock_parameter_sets_new (self->hevc);
  PenstockNalReader reader;
  const guint8 *nal;
  gsize nal_size;
  gboolean changed = FALSE;

  penstock_nal_reader_init (&reader, data, size, self->length_size);
  while (penstock_nal_reader_next (&reader, &nal, &nal_size))
    add_set (seen, nal, nal_size);

  if (has_new_set (self, seen, PENSTOCK_SET_SPS) ||
      has_new_set (self, seen, PENSTOCK_SET_VPS)) {
    for (guint i = 0; i < PENSTOCK_N_SET_KINDS; i++)
      replace_kind (self, seen, i);
    return TRUE;
  }
  for (guint i = 0; i < seen->sets[PENSTOCK_SET_PPS]->len; i++) {
    GBytes *pps = g_ptr_array_index (seen->sets[PENSTOCK_SET_PPS], i);
    gsize pps_size;
    const guint8 *bytes = g_bytes_get_data (pps, &pps_size);

    if (!contains (self->sets[PENSTOCK_SET_PPS], bytes, pps_size)) {
      replace_pps (self, pps);
      changed = TRUE;
    }
  }
  return changed;
}

/* --- Writing records --- */

static void
append_uint16 (GByteArray *out, guint16 value)
{
  guint8 bytes[2];

  GST_WRITE_UINT16_BE (bytes, value);
  g_byte_array_append (out, bytes, sizeof bytes);
}

static void
append_uint8 (GByteArray *out, guint8 value)
{
  g_byte_array_append (out, &value, 1);
}

static void
append_units (GByteArray *out, GPtrArray *sets)
{
  for (guint i = 0; i < sets->len; i++) {
    gsize size;
    const guint8 *nal = g_bytes_get_data (g_ptr_array_index (sets, i), &size);

    append_uint16 (out, size);
    g_byte_array_append (out, nal, size);
  }
}

/* Chroma format and bit depths, which high profiles repeat in the record. */
gboolean
penstock_parse_h264_sps (GBytes *bytes, GstH264SPS *sps)
{
  gsize size;
  const guint8 *nal = g_bytes_get_data (bytes, &size);
  g_autofree guint8 *prefixed = g_malloc (size + 2);
  GstH264NalParser *parser = gst_h264_nal_parser_new ();
  GstH264NalUnit nalu;
  gboolean ok;

  GST_WRITE_UINT16_BE (prefixed, size);
  memcpy (prefixed + 2, nal, size);
  ok = gst_h264_parser_identify_nalu_avc (
           parser, prefixed, 0, size + 2, 2, &nalu) == GST_H264_PARSER_OK &&
      gst_h264_parse_sps (&nalu, sps) == GST_H264_PARSER_OK;
  gst_h264_nal_parser_free (parser);
  return ok;
}

static GBytes *
write_avcc (const PenstockParameterSets *self)
{
  GByteArray *out = g_byte_array_new ();
  GPtrArray *sps_sets = self->sets[PENSTOCK_SET_SPS];
  GPtrArray *pps_sets = self->sets[PENSTOCK_SET_PPS];
  const guint8 *sps = g_bytes_get_data (g_ptr_array_index (sps_sets, 0), NULL);
  GstH264SPS parsed;

  append_uint8 (out, 1);
  g_byte_array_append (out, sps + 1, 3);
  append_uint8 (out, 0xfc | 3);
  append_uint8 (out, 0xe0 | sps_sets->len);
  append_units (out, sps_sets);
  append_uint8 (out, pps_sets->len);
  append_units (out, pps_sets);

  switch (sps[1]) {
  case 100:
  case 110:
  case 122:
  case 144:
    if (penstock_parse_h264_sps (g_ptr_array_index (sps_sets, 0), &parsed)) {
      append_uint8 (out, 0xfc | (parsed.chroma_format_idc & 3));
      append_uint8 (out, 0xf8 | (parsed.bit_depth_luma_minus8 & 7));
      append_uint8 (out, 0xf8 | (parsed.bit_depth_chroma_minus8 & 7));
      append_uint8 (out, 0); /* SPS extensions */
      gst_h264_sps_clear (&parsed);
    }
    break;
  default:
    break;
  }
  return g_byte_array_free_to_bytes (out);
}

gboolean
penstock_parse_h265_sps (GBytes *bytes, GstH265SPS *sps)
{
  gsize size;
  const guint8 *nal = g_bytes_get_data (bytes, &size);
  g_autofree guint8 *prefixed = g_malloc (size + 2);
  GstH265Parser *parser = gst_h265_parser_new ();
  GstH265NalUnit nalu;
  gboolean ok;

  GST_WRITE_UINT16_BE (prefixed, size);
  memcpy (prefixed + 2, nal, size);
  ok = gst_h265_parser_identify_nalu_hevc (
           parser, prefixed, 0, size + 2, 2, &nalu) == GST_H265_PARSER_OK &&
      gst_h265_parse_sps (parser, &nalu, sps, TRUE) == GST_H265_PARSER_OK;
  gst_h265_parser_free (parser);
  return ok;
}

static GBytes *
write_hvcc (const PenstockParameterSets *self)
{
  GBytes *first = penstock_parameter_sets_first (self, PENSTOCK_SET_SPS);
  gsize size;
  const guint8 *nal = g_bytes_get_data (first, &size);
  guint8 head[1 + PTL_SIZE];
  GstH265SPS sps;
  GByteArray *out;
  guint n_kinds = 0;

  /* sps_video_parameter_set_id 4, sps_max_sub_layers_minus1 3,
   * sps_temporal_id_nesting_flag 1, profile_tier_level() */
  if (size < 2 ||
      penstock_nal_unescape (nal + 2, size - 2, head, sizeof head) <
          sizeof head ||
      !penstock_parse_h265_sps (first, &sps))
    return NULL;

  out = g_byte_array_new ();
  append_uint8 (out, 1);
  g_byte_array_append (out, head + 1, PTL_SIZE);
  append_uint16 (out, 0xf000); /* min_spatial_segmentation_idc: unknown */
  append_uint8 (out, 0xfc);    /* parallelismType: unknown */
  append_uint8 (out, 0xfc | (sps.chroma_format_idc & 3));
  append_uint8 (out, 0xf8 | (sps.bit_depth_luma_minus8 & 7));
  append_uint8 (out, 0xf8 | (sps.bit_depth_chroma_minus8 & 7));
  append_uint16 (out, 0); /* avgFrameRate: unknown */
  append_uint8 (out, ((head[0] >> 1 & 7) + 1) << 3 | (head[0] & 1) << 2 | 3);
  for (guint i = 0; i < PENSTOCK_N_SET_KINDS; i++)
    n_kinds += self->sets[i]->len > 0;
  append_uint8 (out, n_kinds);
  for (guint i = 0; i < PENSTOCK_N_SET_KINDS; i++) {
    if (self->sets[i]->len == 0)
      continue;
    /* array_completeness 0: more may come in band (hev1 semantics). */
    append_uint8 (out, PENSTOCK_H265_VPS + i);
    append_uint16 (out, self->sets[i]->len);
    append_units (out, self->sets[i]);
  }
  return g_byte_array_free_to_bytes (out);
}

GBytes *
penstock_parameter_sets_to_record (const PenstockParameterSets *self)
{
  if (self->sets[PENSTOCK_SET_SPS]->len == 0)
    return NULL;
  return self->hevc ? write_hvcc (self) : write_avcc (self);
}
