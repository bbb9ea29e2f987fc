/* SPDX-License-Identifier: MIT
 *
 * Source descriptions of RTCP (RFC 3550, 6.5) that others can read without harm.
 * GStreamer's rtpsession (1.22) believes the lengths inside of a PRIV item, keeps
 * the name of each for ever, and does not look whether items end with the packet.
 * Pure. */
#ifndef PENSTOCK_RTCP_SDES_H
#define PENSTOCK_RTCP_SDES_H

#include <glib.h>

G_BEGIN_DECLS

/* Whether a compound packet has whole descriptions only, of items that RFC 3550
 * names, and none of them PRIV. FALSE as well for one that is cut. */
gboolean penstock_rtcp_sdes_is_plain (const guint8 *data, gsize size);

/* PRIV and items that nobody has named become notes: the name of the source, by
 * which its streams belong together, stays. A description that is damaged loses its
 * chunks. The rest of the compound packet, and its length, stay. */
void penstock_rtcp_sdes_make_plain (guint8 *data, gsize size);

G_END_DECLS

#endif /* PENSTOCK_RTCP_SDES_H */
