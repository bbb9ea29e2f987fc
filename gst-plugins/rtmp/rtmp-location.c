/* SPDX-License-Identifier: MIT
 *
 * Locations of the RTMP elements. See rtmp-location.h. */

#include "rtmp-location.h"

#include <string.h>

#define SCHEME PENSTOCK_RTMP_SCHEME

gboolean
penstock_rtmp_location_parse (
    const gchar *location, gchar **host, guint16 *port, gchar **path)
{
  g_autofree gchar *authority = NULL;
  const gchar *slash;
  gchar *colon;
  guint64 number = PENSTOCK_RTMP_DEFAULT_PORT;

  if (!location || g_ascii_strncasecmp (location, SCHEME, strlen (SCHEME)) != 0)
    return FALSE;
  location += strlen (SCHEME);
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
  gsize start = strlen (SCHEME);
  gsize authority;
  const gchar *at;

  if (!location || g_ascii_strncasecmp (location, SCHEME, start) != 0)
    return g_strdup ("(no RTMP location)");
  authority = strcspn (location + start, "/?");
  at = g_strrstr_len (location + start, authority, "@");
  if (at)
    return g_strdup_printf (
        SCHEME "%.*s", (gint) strcspn (at + 1, "?"), at + 1);
  return g_strndup (location, strcspn (location, "?"));
}
