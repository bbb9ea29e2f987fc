/* SPDX-License-Identifier: MIT
 *
 * AC-3 and Enhanced AC-3 in CMAF (ETSI TS 102 366 V1.4.1): their decoder
 * configuration is in the stream itself. Pure. */
#ifndef PENSTOCK_CMAF_AC3_H
#define PENSTOCK_CMAF_AC3_H

#include <glib.h>

G_BEGIN_DECLS

/* Audio samples of one access unit: six blocks. */
#define CMAF_AC3_SAMPLES 1536

/* @data: one syncframe of AC-3. (transfer full) (nullable): content of dac3
 * (annex F.4), %NULL when it is none */
GBytes *cmaf_ac3_config (const guint8 *data, gsize size);

/* @data: an access unit of Enhanced AC-3, all its substreams; @rate: samples a
 * second. (transfer full) (nullable): content of dec3 (annex F.6) of the first
 * program, %NULL when it is none */
GBytes *cmaf_eac3_config (const guint8 *data, gsize size, guint rate);

G_END_DECLS

#endif /* PENSTOCK_CMAF_AC3_H */
