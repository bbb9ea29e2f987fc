/* SPDX-License-Identifier: MIT
 *
 * Comparison of keys, passwords and what is made from them. Pure. */
#ifndef PENSTOCK_SAME_SECRET_H
#define PENSTOCK_SAME_SECRET_H

#include <glib.h>

G_BEGIN_DECLS

/* Takes as long whatever is wrong with @given: how long tells only of its own
 * length. */
gboolean penstock_same_secret (const gchar *secret, const gchar *given);

G_END_DECLS

#endif /* PENSTOCK_SAME_SECRET_H */
