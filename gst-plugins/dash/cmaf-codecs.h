/* SPDX-License-Identifier: MIT
 *
 * Decoder configurations: reading what caps carry, writing what MP4 wants, and
 * the `codecs` parameter of MIME types (RFC 6381). Pure. Every function that
 * takes bytes checks them and answers NULL or FALSE when they are broken. */
#ifndef PENSTOCK_CMAF_CODECS_H
#define PENSTOCK_CMAF_CODECS_H

#include <glib.h>

G_BEGIN_DECLS

/* (transfer full) (nullable): from an AVCDecoderConfigurationRecord
 * (ISO/IEC 14496-15:2022, 5.3.3.1); @entry is "avc1" or "avc3". */
gchar *cmaf_codecs_h264 (const guint8 *config, gsize size, const gchar *entry);

/* (transfer full) (nullable): from an HEVCDecoderConfigurationRecord
 * (ISO/IEC 14496-15:2022, 8.3.3.1 and Annex E); "hvc1" or "hev1". */
gchar *cmaf_codecs_h265 (const guint8 *config, gsize size, const gchar *entry);

/* (transfer full) (nullable): from an AV1CodecConfigurationRecord (AV1 in ISO
 * BMFF 1.2, 2.3 and 5). */
gchar *cmaf_codecs_av1 (const guint8 *config, gsize size);

/* (transfer full) (nullable): from the content of vpcC (VP codec ISO media
 * file format binding 1.0). */
gchar *cmaf_codecs_vp9 (const guint8 *config, gsize size);

/**
 * CmafAacConfig:
 * @object_type: audio object type, the extension's when there is one
 * @core_rate: samples a second of the core codec: 1024 (960) of them make an
 *   access unit
 * @rate: samples a second after decoding (twice as many with SBR)
 *
 * What an AudioSpecificConfig says (ISO/IEC 14496-3:2019, 1.6.2.1).
 */
typedef struct {
  guint object_type;
  guint core_rate, rate;
  guint channels; /* 0: in a program config element */
  guint frame_samples;
} CmafAacConfig;

gboolean cmaf_aac_config_parse (
    const guint8 *data, gsize size, CmafAacConfig *out);

/**
 * cmaf_opus_config:
 * @head: (nullable): an OpusHead packet (RFC 7845, 5.1)
 * @size: its length
 * @channels, @rate: used without @head: mapping family 0
 *
 * Returns: (transfer full) (nullable): content of dOps (Encapsulation of Opus
 *   in ISO BMFF, 4.3.2), which is big-endian where OpusHead is not
 */
GBytes *cmaf_opus_config (
    const guint8 *head, gsize size, guint channels, guint rate);

/* Duration of an Opus packet at 48 kHz (RFC 6716, 3.1 and 3.2); 0 when it is
 * broken. */
guint cmaf_opus_packet_samples (const guint8 *data, gsize size);

/* (transfer full) (nullable): content of dfLa (after version and flags) from
 * the STREAMINFO block, alone or after "fLaC" or an Ogg mapping header. */
GBytes *cmaf_flac_config (const guint8 *header, gsize size);

/**
 * cmaf_vp9_config:
 * @profile: 0 to 3
 * @bit_depth: 8, 10 or 12
 * @chroma: 0 = 4:2:0 vertical, 1 = 4:2:0 colocated, 2 = 4:2:2, 3 = 4:4:4
 *
 * The level is the lowest that fits the size and rate.
 *
 * Returns: (transfer full): content of vpcC, after version and flags
 */
GBytes *cmaf_vp9_config (guint profile, guint bit_depth, guint chroma,
    guint width, guint height, gdouble fps, guint8 primaries, guint8 transfer,
    guint8 matrix, gboolean full_range);

G_END_DECLS

#endif /* PENSTOCK_CMAF_CODECS_H */
