/* SPDX-License-Identifier: MIT
 *
 * Who watches over HTTP. A player has no session there: it is a client, by
 * address and program, that has asked for media a short while ago. Players that
 * share both, as two tabs of one browser do, count as one. Any thread. */
#ifndef PENSTOCK_HTTP_VIEWERS_H
#define PENSTOCK_HTTP_VIEWERS_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HttpViewers HttpViewers;

/* @memory_us: how long after its last request a client is a viewer. */
HttpViewers *penstock_priv_http_viewers_new (gint64 memory_us);
void penstock_priv_http_viewers_set_memory (
    HttpViewers *self, gint64 memory_us);
void penstock_priv_http_viewers_free (HttpViewers *self);

/* A request for media at @now (monotonic µs). @program: (nullable). */
void penstock_priv_http_viewers_note (
    HttpViewers *self, const gchar *address, const gchar *program, gint64 now);
/* How many there are at @now. */
guint penstock_priv_http_viewers_count (HttpViewers *self, gint64 now);

G_END_DECLS

#endif /* PENSTOCK_HTTP_VIEWERS_H */
