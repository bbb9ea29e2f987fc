/* SPDX-License-Identifier: MIT
 *
 * Addresses in a route map. */

#include "config-url.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_PORT 65535

/* --- listening ------------------------------------------------------------- */

static gboolean
parse_port (const gchar *text, guint16 *port)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, MAX_PORT, &value, NULL))
    return FALSE;
  *port = value;
  return TRUE;
}

/* What people write instead. */
static gchar *
guess_address (const gchar *host, const gchar *port)
{
  guint16 number;

  if (!parse_port (port, &number))
    return NULL;
  if (g_str_equal (host, "localhost"))
    return g_strdup_printf ("127.0.0.1:%u", number);
  if (g_str_equal (host, "*"))
    return g_strdup_printf (":%u", number);
  if (g_hostname_is_ip_address (host)) /* brackets where they do not belong */
    return g_strdup_printf (
        strchr (host, ':') ? "[%s]:%u" : "%s:%u", host, number);
  return NULL;
}

static gboolean
is_address_of (const gchar *host, GSocketFamily family)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address && g_inet_address_get_family (address) == family;
}

gboolean
penstock_listen_address_parse (
    const gchar *text, PenstockListenAddress *out, gchar **hint)
{
  const gchar *colon = strrchr (text, ':');
  guint16 port;

  *hint = NULL;
  if (!colon) {
    if (parse_port (text, &port))
      *hint = g_strdup_printf (":%u", port);
    return FALSE;
  }
  g_autofree gchar *host = g_strndup (text, colon - text);
  gsize length = strlen (host);
  GSocketFamily family = G_SOCKET_FAMILY_IPV4;
  if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
    family = G_SOCKET_FAMILY_IPV6;
    host[length - 1] = '\0';
    memmove (host, host + 1, length - 1);
  } else if (length == 0) {
    family = G_SOCKET_FAMILY_IPV6;
    g_free (host);
    host = g_strdup ("::");
  }
  if (!is_address_of (host, family) || !parse_port (colon + 1, &port)) {
    *hint = guess_address (host, colon + 1);
    return FALSE;
  }
  g_free (out->host);
  out->set = TRUE;
  out->host = g_steal_pointer (&host);
  out->port = port;
  return TRUE;
}

gchar *
penstock_listen_address_to_string (const PenstockListenAddress *address)
{
  if (!address->set)
    return g_strdup ("off");
  if (strchr (address->host, ':'))
    return g_strdup_printf ("[%s]:%u", address->host, address->port);
  return g_strdup_printf ("%s:%u", address->host, address->port);
}

static gboolean
is_every_address (const PenstockListenAddress *address)
{
  g_autoptr (GInetAddress) inet =
      g_inet_address_new_from_string (address->host);

  return inet && g_inet_address_get_is_any (inet);
}

gboolean
penstock_listen_address_collides (
    const PenstockListenAddress *a, const PenstockListenAddress *b)
{
  if (!a->set || !b->set || !a->host || !b->host || a->port != b->port ||
      a->port == 0)
    return FALSE;
  return g_str_equal (a->host, b->host) || is_every_address (a) ||
      is_every_address (b);
}

/* --- pulling ---------------------------------------------------------------- */

static const gchar *
check_host (const gchar *text, gsize length)
{
  g_autofree gchar *authority = g_strndup (text, length);
  gchar *port = NULL;
  guint16 number;

  if (authority[0] == '[') {
    gchar *end = strchr (authority, ']');
    if (!end)
      return "the '[' of its host is not closed";
    *end = '\0';
    if (!is_address_of (authority + 1, G_SOCKET_FAMILY_IPV6))
      return "its host in brackets is not an IPv6 address";
    if (end[1] != '\0' && end[1] != ':')
      return "only a port can follow the brackets of its host";
    port = end[1] == ':' ? end + 2 : NULL;
  } else {
    port = strchr (authority, ':');
    if (port)
      *port++ = '\0';
    if (authority[0] == '\0')
      return "it has no host";
    if (!g_hostname_is_ip_address (authority) &&
        authority[strcspn (authority, "%<>\"\\^`{|}*")] != '\0')
      return "its host has a character that no host name has";
  }
  if (port && (!parse_port (port, &number) || number == 0))
    return "its port is not a number from 1 to 65535 (in a user or password, "
           "'/' is written %2F, '?' %3F, '#' %23)";
  return NULL;
}

static const gchar *
check_text (const gchar *text)
{
  for (const gchar *p = text; *p; p++)
    if ((guchar) *p <= 0x20 || *p == 0x7f)
      return "it has a space or control character";
  if (strchr (text, '#'))
    return "'#' must be written %23";
  return NULL;
}

/* "user:password" */
static const gchar *
split_credentials (
    const gchar *text, gsize length, gchar **user, gchar **password)
{
  const gchar *end = text + length;
  const gchar *colon = memchr (text, ':', length);

  *user = g_uri_unescape_segment (text, colon ? colon : end, NULL);
  *password = colon ? g_uri_unescape_segment (colon + 1, end, NULL) : NULL;
  if (*user && **user && (!colon || *password))
    return NULL;
  const gchar *problem = *user && !**user
      ? "it has a password but no user"
      : "its user or password has a wrong percent escape ('%' is %25)";
  g_clear_pointer (user, g_free);
  g_clear_pointer (password, g_free);
  return problem;
}

const gchar *
penstock_config_url_split (const gchar *text, const gchar *scheme, gchar **url,
    gchar **user, gchar **password)
{
  gsize prefix = strlen (scheme);

  *url = *user = *password = NULL;
  if (g_ascii_strncasecmp (text, scheme, prefix) != 0 ||
      !g_str_has_prefix (text + prefix, "://"))
    return "it has another scheme";
  const gchar *problem = check_text (text);
  if (problem)
    return problem;

  const gchar *authority = text + prefix + 3;
  gsize length = strcspn (authority, "/?");
  const gchar *path = authority + length;
  const gchar *at = memrchr (authority, '@', length);
  const gchar *host = at ? at + 1 : authority;
  problem = check_host (host, path - host);
  /* "user:12/34@host" has a host "user" and a port 12: half a password would
   * pass for a path and be shown. */
  if (!problem && !at && memchr (authority, ':', length) &&
      memchr (path, '@', strcspn (path, "?")))
    problem = "'@' behind the host is written %40; in a password '/' is "
              "written %2F";
  if (!problem && at)
    problem = split_credentials (authority, at - authority, user, password);
  if (!problem)
    *url = g_strdup_printf ("%s://%s", scheme, host);
  return problem;
}
