/* SPDX-License-Identifier: MIT
 *
 * Locations of the RTMP elements. See rtmp-location.h. */

#include "rtmp-location.h"

#include <string.h>

#include "rtmp-path.h"

/* Length of the scheme with its slashes, 0 when it is another. */
static gsize
scheme_of (const gchar *location, gboolean *tls)
{
  static const gchar *const schemes[] = { "rtmp://", "rtmps://" };

  for (guint i = 0; location && i < G_N_ELEMENTS (schemes); i++)
    if (g_ascii_strncasecmp (location, schemes[i], strlen (schemes[i])) == 0) {
      *tls = i == 1;
      return strlen (schemes[i]);
    }
  return 0;
}

gboolean
penstock_rtmp_location_parse (const gchar *location, gboolean *tls,
    gchar **host, guint16 *port, gchar **path)
{
  g_autofree gchar *authority = NULL;
  const gchar *slash;
  gchar *colon;
  gsize scheme = scheme_of (location, tls);

  if (scheme == 0)
    return FALSE;
  guint64 number = penstock_rtmp_default_port (*tls);
  location += scheme;
  slash = strchr (location, '/');
  if (!slash || slash[1] == '\0')
    return FALSE;
  authority = g_strndup (location, slash - location);
  colon = strrchr (authority, ':');
  /* A colon inside the brackets belongs to an IPv6 address. */
  if (colon && !strchr (colon, ']')) {
    if (!g_ascii_string_to_unsigned (
            colon + 1, 10, 0, G_MAXUINT16, &number, NULL))
      return FALSE;
    *colon = '\0';
  }
  if (authority[0] == '[' && g_str_has_suffix (authority, "]")) {
    authority[strlen (authority) - 1] = '\0';
    *host = g_strdup (authority + 1);
  } else {
    *host = g_strdup (
        g_strcmp0 (authority, "localhost") == 0 ? "127.0.0.1" : authority);
  }
  *port = number;
  *path = g_strndup (slash + 1, strcspn (slash + 1, "?"));
  return TRUE;
}

gchar *
penstock_rtmp_location_public (const gchar *location)
{
  gboolean tls = FALSE;
  gsize start = scheme_of (location, &tls);
  gsize authority;
  const gchar *at;

  if (start == 0)
    return g_strdup ("(no RTMP location)");
  authority = strcspn (location + start, "/?");
  at = g_strrstr_len (location + start, authority, "@");
  if (at)
    return g_strdup_printf ("%.*s%.*s", (gint) start, location,
        (gint) strcspn (at + 1, "?"), at + 1);
  return g_strndup (location, strcspn (location, "?"));
}
