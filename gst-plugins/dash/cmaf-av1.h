/* SPDX-License-Identifier: MIT
 *
 * AV1 in CMAF (AV1 Codec ISO Media File Format Binding 1.2): the decoder
 * configuration, from a stream whose caps do not have it. Pure. */
#ifndef PENSTOCK_CMAF_AV1_H
#define PENSTOCK_CMAF_AV1_H

#include <glib.h>

G_BEGIN_DECLS

/* @data: a temporal unit that has a sequence header. (transfer full)
 * (nullable): content of av1C (2.3), %NULL when there is none that can be
 * read */
GBytes *cmaf_av1_config (const guint8 *data, gsize size);

G_END_DECLS

#endif /* PENSTOCK_CMAF_AV1_H */
