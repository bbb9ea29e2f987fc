/* SPDX-License-Identifier: MIT
 *
 * The known word nearest to a mistyped one. */

#include "config-suggest.h"

#include <string.h>

/* Longer words are not mistyped keys. */
#define MAX_WORD 40

guint
penstock_suggest_distance (const gchar *a, const gchar *b)
{
  gsize n = strlen (a), m = strlen (b);
  guint rows[3][MAX_WORD + 1];

  if (n > MAX_WORD || m > MAX_WORD)
    return G_MAXUINT;
  for (gsize j = 0; j <= m; j++)
    rows[0][j] = j;
  for (gsize i = 1; i <= n; i++) {
    guint *row = rows[i % 3], *above = rows[(i + 2) % 3];
    const guint *second = rows[(i + 1) % 3];
    gchar c = g_ascii_tolower (a[i - 1]);
    row[0] = i;
    for (gsize j = 1; j <= m; j++) {
      gchar d = g_ascii_tolower (b[j - 1]);
      row[j] = MIN (MIN (above[j], row[j - 1]) + 1, above[j - 1] + (c != d));
      if (i > 1 && j > 1 && c == g_ascii_tolower (b[j - 2]) &&
          g_ascii_tolower (a[i - 2]) == d)
        row[j] = MIN (row[j], second[j - 2] + 1);
    }
  }
  return rows[n % 3][m];
}

const gchar *
penstock_suggest (const gchar *word, const gchar *const *words)
{
  const gchar *best = NULL;
  /* A third of the letters may be wrong: "dahs", "maxbytes", "pubilsh". */
  guint limit = MIN ((strlen (word) + 2) / 3, 3);

  for (; *words; words++) {
    guint distance = penstock_suggest_distance (word, *words);
    if (distance <= limit && distance < strlen (*words)) {
      best = *words;
      if (distance == 0)
        break;
      limit = distance - 1;
    }
  }
  return best;
}
