/* SPDX-License-Identifier: MIT
 *
 * "Did you mean": the known word nearest to a mistyped one. Pure. */
#ifndef PENSTOCK_CONFIG_SUGGEST_H
#define PENSTOCK_CONFIG_SUGGEST_H

#include <glib.h>

G_BEGIN_DECLS

/**
 * penstock_suggest_distance:
 *
 * Letters to insert, delete, change or swap with their neighbour to make one
 * word of the other (optimal string alignment), without case.
 */
guint penstock_suggest_distance (const gchar *a, const gchar *b);

/* The nearest of @words (ends in NULL), or NULL when none is near. */
const gchar *penstock_suggest (const gchar *word, const gchar *const *words);

G_END_DECLS

#endif /* PENSTOCK_CONFIG_SUGGEST_H */
