/* SPDX-License-Identifier: MIT
 *
 * Measured values and their percentiles. All are kept: exact, 8 bytes each. */

#pragma once

#include <glib.h>

typedef struct {
  GArray *values; /* of guint64 */
  gboolean sorted;
} Samples;

void samples_init (Samples *self);
void samples_clear (Samples *self);
void samples_add (Samples *self, guint64 value);

/* The smallest value that at least @percent of all do not exceed (nearest
 * rank); 0 ≤ @percent ≤ 100, where 0 is the minimum. 0 without values. */
guint64 samples_percentile (Samples *self, gdouble percent);
