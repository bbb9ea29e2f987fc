/* SPDX-License-Identifier: MIT
 *
 * Parameter sets of H.264 and H.265, and the configuration records that carry
 * them: AVCDecoderConfigurationRecord and HEVCDecoderConfigurationRecord
 * (ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1). Pure. */
#ifndef PENSTOCK_PARAMETER_SETS_H
#define PENSTOCK_PARAMETER_SETS_H

#include <glib.h>
#include <gst/codecparsers/gsth264parser.h>
#include <gst/codecparsers/gsth265parser.h>

G_BEGIN_DECLS

/* Sets of one kind: what the 5 bit count of an avcC holds; real streams have a
 * few. */
#define PENSTOCK_MAX_PARAMETER_SETS 31

typedef enum {
  PENSTOCK_SET_VPS,
  PENSTOCK_SET_SPS,
  PENSTOCK_SET_PPS,
} PenstockSetKind;
#define PENSTOCK_N_SET_KINDS 3

/**
 * PenstockParameterSets:
 * @hevc: H.265, else H.264
 * @length_size: bytes of a NAL length in the frames, 1, 2 or 4
 * @n_temporal_layers: H.265, 0 = unknown
 * @sets: of #GBytes, each a NAL unit with its header, in order
 */
typedef struct {
  gboolean hevc;
  guint length_size;
  guint n_temporal_layers;
  GPtrArray *sets[PENSTOCK_N_SET_KINDS];
} PenstockParameterSets;

PenstockParameterSets *penstock_parameter_sets_new (gboolean hevc);
void penstock_parameter_sets_free (PenstockParameterSets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    PenstockParameterSets, penstock_parameter_sets_free)

/**
 * penstock_parameter_sets_parse:
 * @hevc: what the container says; an hvcC where an avcC is announced (and the
 *   other way round) is recognised
 * @data: configuration record, or parameter sets with start codes
 *
 * Returns: (transfer full) (nullable): %NULL when it is neither, or has no SPS
 */
PenstockParameterSets *penstock_parameter_sets_parse (
    gboolean hevc, const guint8 *data, gsize size);

/* There is at least one SPS and one PPS (H.265: and one VPS). */
gboolean penstock_parameter_sets_is_complete (
    const PenstockParameterSets *self);

/**
 * penstock_parameter_sets_merge:
 * @data: an access unit, NAL lengths of the stream's @length_size or start
 *   codes
 *
 * Takes over the sets that the access unit carries in band: a different SPS
 * replaces all sets of the kinds that come with it, a PPS the one of its id.
 *
 * Returns: whether anything changed
 */
gboolean penstock_parameter_sets_merge (
    PenstockParameterSets *self, const guint8 *data, gsize size);

/* The record for frames with 4 byte lengths. Needs an SPS.
 * Returns: (transfer full) (nullable): %NULL without a usable SPS */
GBytes *penstock_parameter_sets_to_record (const PenstockParameterSets *self);

/* Reads an SPS, NAL header included. Clear the first with
 * gst_h264_sps_clear(). FALSE when it is damaged. */
gboolean penstock_parse_h264_sps (GBytes *nal, GstH264SPS *sps);
gboolean penstock_parse_h265_sps (GBytes *nal, GstH265SPS *sps);

/* The first set of @kind, (transfer none) (nullable). */
GBytes *penstock_parameter_sets_first (
    const PenstockParameterSets *self, PenstockSetKind kind);

G_END_DECLS

#endif /* PENSTOCK_PARAMETER_SETS_H */
