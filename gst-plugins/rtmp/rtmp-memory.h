/* SPDX-License-Identifier: MIT
 *
 * Bytes of messages that are held at the same time, over all connections of a
 * listener and everything their messages were handed to. Pure, any thread. */
#ifndef PENSTOCK_RTMP_MEMORY_H
#define PENSTOCK_RTMP_MEMORY_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _PenstockRtmpMemory PenstockRtmpMemory;

/* Without a bound at first. */
PenstockRtmpMemory *penstock_rtmp_memory_new (void);
PenstockRtmpMemory *penstock_rtmp_memory_ref (PenstockRtmpMemory *memory);
/* %NULL is nothing, here and below. */
void penstock_rtmp_memory_unref (PenstockRtmpMemory *memory);

/* 0 = no bound. */
void penstock_rtmp_memory_set_max (PenstockRtmpMemory *memory, guint64 max);

/* Counts @n more bytes; FALSE, and they are not counted, above the bound. */
gboolean penstock_rtmp_memory_take (PenstockRtmpMemory *memory, gsize n);
void penstock_rtmp_memory_give (PenstockRtmpMemory *memory, gsize n);

guint64 penstock_rtmp_memory_get_bytes (PenstockRtmpMemory *memory);
/* Nobody new should come: more than PENSTOCK_RTMP_MEMORY_FULL percent. */
gboolean penstock_rtmp_memory_is_full (PenstockRtmpMemory *memory);

G_END_DECLS

#endif /* PENSTOCK_RTMP_MEMORY_H */
