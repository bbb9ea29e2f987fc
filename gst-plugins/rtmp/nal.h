/* SPDX-License-Identifier: MIT
 *
 * NAL units of H.264 and H.265 as encoders really send them: with lengths of
 * 1, 2 or 4 bytes, with start codes where lengths belong, or mixed. Pure. */
#ifndef PENSTOCK_NAL_H
#define PENSTOCK_NAL_H

#include <glib.h>
#include <gst/base/gstbitreader.h>

G_BEGIN_DECLS

/* ITU-T H.264, table 7-1 */
enum {
  PENSTOCK_H264_SLICE = 1,
  PENSTOCK_H264_SLICE_DPC = 4, /* last of the data partitions */
  PENSTOCK_H264_IDR = 5,
  PENSTOCK_H264_SEI = 6,
  PENSTOCK_H264_SPS = 7,
  PENSTOCK_H264_PPS = 8,
};
/* ITU-T H.265, table 7-1 */
enum {
  PENSTOCK_H265_LAST_SUB_LAYER_N =
      14, /* even ones up to here: not referred to */
  PENSTOCK_H265_FIRST_IRAP = 16,
  PENSTOCK_H265_LAST_IRAP = 23,
  PENSTOCK_H265_LAST_VCL = 31,
  PENSTOCK_H265_VPS = 32,
  PENSTOCK_H265_SPS = 33,
  PENSTOCK_H265_PPS = 34,
};

typedef enum {
  PENSTOCK_NAL_LENGTHS,     /* a valid walk over the lengths */
  PENSTOCK_NAL_START_CODES, /* Annex B byte stream */
  PENSTOCK_NAL_BROKEN,      /* neither */
} PenstockNalForm;

/**
 * PenstockNalReader:
 *
 * Walks over the NAL units of one access unit, whatever its form. Empty units
 * are left out; start codes inside a length-prefixed unit divide it.
 */
typedef struct {
  PenstockNalForm form;
  /*< private >*/
  const guint8 *data;
  gsize size, pos;
  guint length_size;
  gsize unit_end; /* of a length-prefixed unit that holds start codes */
} PenstockNalReader;

/**
 * penstock_nal_reader_init:
 * @length_size: bytes of a length, 1, 2 or 4
 *
 * Finds the form: the lengths are tried first, for a length of 256 to 511
 * looks like a start code.
 *
 * Returns: the form; with BROKEN there are no units
 */
PenstockNalForm penstock_nal_reader_init (PenstockNalReader *reader,
    const guint8 *data, gsize size, guint length_size);

/* The next unit, header included, at least one byte; FALSE at the end. */
gboolean penstock_nal_reader_next (
    PenstockNalReader *reader, const guint8 **nal, gsize *size);

/**
 * PenstockNalStream:
 * @hevc: H.265, else H.264
 * @length_size: from the configuration record
 * @n_temporal_layers: H.265, from the configuration record, 0 = unknown
 */
typedef struct {
  gboolean hevc;
  guint length_size;
  guint n_temporal_layers;
} PenstockNalStream;

/**
 * PenstockNalScan:
 * @form: how the units are separated
 * @in_place: the first @size bytes are canonical as they are: 4 byte lengths
 *   and nothing to repair
 * @size: bytes of units and lengths; less than given when zeros follow
 * @has_slice: there is picture data
 * @starts_picture: the first slice is the first of its picture
 * @has_parameter_sets: SPS, PPS or VPS in band
 * @keyframe: decoding can start here: IDR or IRAP, a recovery point, or an
 *   intra picture that the encoder calls a keyframe
 * @droppable: no other picture refers to it
 */
typedef struct {
  PenstockNalForm form;
  gboolean in_place;
  gsize size;
  gboolean has_slice, starts_picture, has_parameter_sets;
  gboolean keyframe, droppable;
} PenstockNalScan;

/**
 * penstock_nal_scan:
 * @encoder_says_key: the frame type of the container; counts only where the
 *   bits agree
 * @scan: (out)
 *
 * Looks at each unit's header (and little more) of one access unit.
 *
 * Returns: %FALSE when the form is BROKEN
 */
gboolean penstock_nal_scan (const PenstockNalStream *stream, const guint8 *data,
    gsize size, gboolean encoder_says_key, PenstockNalScan *scan);

/* Appends the units with 4 byte lengths. */
void penstock_nal_write (const PenstockNalStream *stream, const guint8 *data,
    gsize size, GByteArray *out);

/* Type from a unit's header; the unit has at least one byte. */
guint penstock_nal_type (gboolean hevc, const guint8 *nal);

/* Removes emulation prevention bytes (7.4.1) of at most @max output bytes.
 * Returns: bytes written to @out */
gsize penstock_nal_unescape (
    const guint8 *nal, gsize size, guint8 *out, gsize max);

/* Exp-Golomb ue(v), 9.1; FALSE when it is over 32 bits or the data ends. */
gboolean penstock_nal_read_ue (GstBitReader *bits, guint32 *value);

G_END_DECLS

#endif /* PENSTOCK_NAL_H */
