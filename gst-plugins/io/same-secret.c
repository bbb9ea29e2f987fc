/* SPDX-License-Identifier: MIT
 *
 * See same-secret.h. */

#include "same-secret.h"

#include <string.h>

gboolean
penstock_same_secret (const gchar *secret, const gchar *given)
{
  const gsize length = strlen (given), turn = strlen (secret) + 1;
  gsize difference = length ^ (turn - 1);

  /* The secret begins again when it is over, its NUL included. */
  for (gsize i = 0; i < length; i++)
    difference |= (guchar) given[i] ^ (guchar) secret[i % turn];
  return difference == 0;
}
