/* SPDX-License-Identifier: MIT
 *
 * Writer of ISO base media file format boxes (ISO/IEC 14496-12:2022, 4.2) on a
 * growing byte array. Pure. A box is begun, filled and ended; its size is
 * patched at the end:
 *
 *   guint box = iso_full_box_begin (out, "mfhd", 0, 0);
 *   iso_put_u32 (out, sequence);
 *   iso_box_end (out, box);
 */
#ifndef PENSTOCK_ISOBMFF_H
#define PENSTOCK_ISOBMFF_H

#include <glib.h>

G_BEGIN_DECLS

/* All numbers are written big-endian. */
void iso_put_u8 (GByteArray *out, guint8 value);
void iso_put_u16 (GByteArray *out, guint16 value);
void iso_put_u24 (GByteArray *out, guint32 value);
void iso_put_u32 (GByteArray *out, guint32 value);
void iso_put_u64 (GByteArray *out, guint64 value);
void iso_put_zeros (GByteArray *out, guint n);
void iso_put_data (GByteArray *out, const guint8 *data, guint size);
/* @fourcc: four characters */
void iso_put_fourcc (GByteArray *out, const gchar *fourcc);

/* Overwrites four bytes written before, at @position. */
void iso_patch_u32 (GByteArray *out, guint position, guint32 value);

/* Both return the position of the box, for iso_box_end(). */
guint iso_box_begin (GByteArray *out, const gchar *fourcc);
guint iso_full_box_begin (
    GByteArray *out, const gchar *fourcc, guint8 version, guint32 flags);
void iso_box_end (GByteArray *out, guint box);

G_END_DECLS

#endif /* PENSTOCK_ISOBMFF_H */
