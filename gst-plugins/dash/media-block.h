/* SPDX-License-Identifier: MIT
 *
 * Memory of media that stays for a minute or so among allocations that come and
 * go: large blocks are pages of their own, which the system gets back as soon as
 * they are freed. On the heap they would leave holes that nothing fills. */
#ifndef PENSTOCK_MEDIA_BLOCK_H
#define PENSTOCK_MEDIA_BLOCK_H

#include <glib.h>

G_BEGIN_DECLS

/* From this size on a block is mapped; what its last page wastes is little. */
#define MEDIA_BLOCK_MIN_MAPPED (64 * 1024)

/* Most mapped blocks at a time: the system counts a process's mappings (65,530
 * by default), which threads need as well. */
#define MEDIA_BLOCK_MAX_MAPPED 16384

/* Never NULL. To be given to media_block_to_bytes(). */
guint8 *media_block_new (gsize size);

/* Takes @block, of which the first @used bytes are set. (transfer full) */
GBytes *media_block_to_bytes (guint8 *block, gsize used);

G_END_DECLS

#endif /* PENSTOCK_MEDIA_BLOCK_H */
