/* SPDX-License-Identifier: MIT
 *
 * CMAF header of one track: `ftyp` and `moov` (ISO/IEC 23000-19:2020, 7.3.1).
 * Pure. */
#ifndef PENSTOCK_CMAF_HEADER_H
#define PENSTOCK_CMAF_HEADER_H

#include "cmaf-format.h"

G_BEGIN_DECLS

/* (transfer full): the initialization segment. @language: three letters of
 * ISO 639-2; %NULL for `und`. */
GBytes *cmaf_header_write (const CmafFormat *format, const gchar *language);

G_END_DECLS

#endif /* PENSTOCK_CMAF_HEADER_H */
