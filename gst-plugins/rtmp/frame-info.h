/* SPDX-License-Identifier: MIT
 *
 * What the head of a coded frame or a small codec header says: size, rate,
 * channels, keyframe. For codecs other than H.264 and H.265. Pure, bounded. */
#ifndef PENSTOCK_FRAME_INFO_H
#define PENSTOCK_FRAME_INFO_H

#include <glib.h>

G_BEGIN_DECLS

/**
 * PenstockVideoInfo:
 * @keyframe: decoding can start here
 * @width, @height: pixels, 0 = not told here
 * @profile: VP9 and AV1
 * @skip: bytes in front of the frame that do not belong to it
 */
typedef struct {
  gboolean keyframe;
  guint width, height;
  guint profile;
  gsize skip;
} PenstockVideoInfo;

/* One frame; FALSE when it is damaged. AV1: a temporal unit of OBUs. */
gboolean penstock_vp8_frame_parse (
    const guint8 *data, gsize size, PenstockVideoInfo *info);
gboolean penstock_vp9_frame_parse (
    const guint8 *data, gsize size, PenstockVideoInfo *info);
gboolean penstock_av1_frame_parse (
    const guint8 *data, gsize size, PenstockVideoInfo *info);

/**
 * PenstockAudioInfo:
 * @rate: Hz
 * @channels: 0 = not told
 * @frame_samples: samples of one frame, 0 = varies
 * @frame_size: bytes of the frame that was parsed, 0 = not told
 * @continues: E-AC-3: a further substream of the frame before
 */
typedef struct {
  guint rate, channels;
  guint frame_samples;
  gsize frame_size;
  gboolean continues;
} PenstockAudioInfo;

/* AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1). @rate is the base rate, not
 * the SBR one. */
gboolean penstock_aac_config_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info);
/* Length of an ADTS header in front of a raw frame, 0 = none. */
gsize penstock_aac_adts_header (const guint8 *data, gsize size);
/* Writes the two bytes that describe plain AAC-LC; FALSE for a rate or number
 * of channels it has no code for. */
gboolean penstock_aac_config_write (
    guint rate, guint channels, guint8 config[2]);

/* Frame headers: ISO/IEC 11172-3, 2.4.1.3 (layer 3), ETSI TS 102 366. */
gboolean penstock_mp3_frame_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info);
gboolean penstock_ac3_frame_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info);
gboolean penstock_eac3_frame_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info);

/* A STREAMINFO block of FLAC: bare, with its block header, or behind "fLaC".
 * @offset: (out): where the 34 bytes begin */
gboolean penstock_flac_config_parse (
    const guint8 *data, gsize size, PenstockAudioInfo *info, gsize *offset);
#define PENSTOCK_FLAC_STREAMINFO_SIZE 34

G_END_DECLS

#endif /* PENSTOCK_FRAME_INFO_H */
