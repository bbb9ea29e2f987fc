/* SPDX-License-Identifier: MIT
 *
 * Values are sorted when they are first asked for. */

#include "samples.h"

#include <math.h>

void
samples_init (Samples *self)
{
  self->values = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->sorted = TRUE;
}

void
samples_clear (Samples *self)
{
  g_clear_pointer (&self->values, g_array_unref);
}

void
samples_add (Samples *self, guint64 value)
{
  g_array_append_val (self->values, value);
  self->sorted = FALSE;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return (x > y) - (x < y);
}

guint64
samples_percentile (Samples *self, gdouble percent)
{
  guint n = self->values->len;
  gdouble rank = ceil (percent / 100.0 * n);

  if (n == 0)
    return 0;
  if (!self->sorted)
    g_array_sort (self->values, compare);
  self->sorted = TRUE;
  return g_array_index (
      self->values, guint64, (guint) CLAMP (rank - 1.0, 0.0, n - 1.0));
}
