/* SPDX-License-Identifier: MIT
 *
 * Stream paths, query parameters and rtmp:// URLs. */

#include "rtmp-path.h"

#include <string.h>

#include "rtmp-limits.h"

#define MASK "***"
#define DEFAULT_PORT 1935
#define DEFAULT_TLS_PORT 443

static gboolean
is_clean_text (const gchar *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const gchar *p = text; *p; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

/* Adds the segments of @text; FALSE when one of them is not allowed. */
static gboolean
add_segments (GPtrArray *segments, const gchar *text)
{
  if (strlen (text) > PENSTOCK_RTMP_MAX_PATH)
    return FALSE;
  g_auto (GStrv) parts = g_strsplit (text, "/", -1);
  for (guint i = 0; parts[i]; i++) {
    if (*parts[i] == '\0')
      continue;
    if (g_str_equal (parts[i], "..") || g_str_equal (parts[i], ".") ||
        segments->len >= PENSTOCK_RTMP_MAX_PATH_SEGMENTS)
      return FALSE;
    g_ptr_array_add (segments, g_strdup (parts[i]));
  }
  return TRUE;
}

static gchar *
join_segments (GPtrArray *segments)
{
  if (segments->len == 0)
    return NULL;
  g_ptr_array_add (segments, NULL);
  g_autofree gchar *path = g_strjoinv ("/", (gchar **) segments->pdata);
  if (strlen (path) > PENSTOCK_RTMP_MAX_PATH || !is_clean_text (path))
    return NULL;
  return g_steal_pointer (&path);
}

gchar *
penstock_rtmp_path_without_query (const gchar *text)
{
  return g_strndup (text, strcspn (text, "?"));
}

/* Path of a URL without its leading slash; "" when it has none. */
static const gchar *
url_path (const gchar *url)
{
  const gchar *authority = strstr (url, "://");
  const gchar *path = strchr (authority ? authority + 3 : url, '/');

  return path ? path + 1 : "";
}

static const gchar *
skip_prefix (const gchar *name)
{
  static const gchar *const prefixes[] = { "mp4:", "flv:", "mp3:" };

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (name, prefixes[i]))
      return name + strlen (prefixes[i]);
  return name;
}

gchar *
penstock_rtmp_path_canonical (
    const gchar *app, const gchar *tc_url, const gchar *name)
{
  g_autoptr (GPtrArray) segments = g_ptr_array_new_with_free_func (g_free);
  g_autofree gchar *plain_app =
      penstock_rtmp_path_without_query (app && *app ? app
              : tc_url                              ? url_path (tc_url)
                                                    : "");
  g_autofree gchar *plain_name =
      penstock_rtmp_path_without_query (name ? skip_prefix (name) : "");

  if (!add_segments (segments, plain_app))
    return NULL;
  if (segments->len > 0 &&
      g_str_equal (segments->pdata[segments->len - 1], "_definst_"))
    g_ptr_array_remove_index (segments, segments->len - 1);
  if (!add_segments (segments, plain_name))
    return NULL;
  return join_segments (segments);
}

gchar *
penstock_rtmp_path_clean (const gchar *path)
{
  g_autoptr (GPtrArray) segments = g_ptr_array_new_with_free_func (g_free);

  return add_segments (segments, path) ? join_segments (segments) : NULL;
}

void
penstock_rtmp_path_add_query (GString *query, const gchar *text)
{
  const gchar *mark = text ? strchr (text, '?') : NULL;

  if (!mark || mark[1] == '\0')
    return;
  if (query->len > 0)
    g_string_append_c (query, '&');
  g_string_append (query, mark + 1);
}

gchar *
penstock_rtmp_path_dup_parameter (const gchar *query, const gchar *name)
{
  gsize name_length = strlen (name);
  const gchar *found = NULL;
  gsize length = 0;

  for (const gchar *p = query; p && *p;) {
    gsize n = strcspn (p, "&?");
    if (n > name_length && p[name_length] == '=' &&
        strncmp (p, name, name_length) == 0) {
      found = p + name_length + 1;
      length = n - name_length - 1;
    }
    p += n;
    if (*p)
      p++;
  }
  return found ? g_uri_unescape_segment (found, found + length, NULL) : NULL;
}

guint16
penstock_rtmp_default_port (gboolean tls)
{
  return tls ? DEFAULT_TLS_PORT : DEFAULT_PORT;
}

/* Splits the path of the URL into application and name at the last slash
 * before the name's query. */
static gboolean
split_path (PenstockRtmpUrl *out, const gchar *path, const gchar *query)
{
  const gchar *slash = strrchr (path, '/');
  const gchar *name = slash ? slash + 1 : path;

  if (*name == '\0')
    return FALSE;
  out->app = g_strndup (path, slash ? (gsize) (slash - path) : 0);
  out->name = query ? g_strconcat (name, "?", query, NULL) : g_strdup (name);
  return TRUE;
}

PenstockRtmpUrl *
penstock_rtmp_url_parse (const gchar *url, const gchar **error)
{
  g_autoptr (PenstockRtmpUrl) out = g_new0 (PenstockRtmpUrl, 1);
  g_autoptr (GUri) uri = g_uri_parse (url,
      G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY |
          G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_PARSE_RELAXED,
      NULL);

  *error = "not a valid URL";
  if (!uri)
    return NULL;
  *error = "not an rtmp:// or rtmps:// URL";
  out->tls = g_ascii_strcasecmp (g_uri_get_scheme (uri), "rtmps") == 0;
  if (!out->tls && g_ascii_strcasecmp (g_uri_get_scheme (uri), "rtmp") != 0)
    return NULL;
  *error = "the URL has no host";
  if (!g_uri_get_host (uri) || *g_uri_get_host (uri) == '\0')
    return NULL;

  const gchar *path = g_uri_get_path (uri);
  *error = "the URL names no stream";
  if (!split_path (out, path + (*path == '/' ? 1 : 0), g_uri_get_query (uri)))
    return NULL;
  out->host = g_strdup (g_uri_get_host (uri));
  out->port = g_uri_get_port (uri) > 0 ? g_uri_get_port (uri)
                                       : penstock_rtmp_default_port (out->tls);
  out->user = g_strdup (g_uri_get_user (uri));
  out->password = g_strdup (g_uri_get_password (uri));
  gboolean v6 = strchr (out->host, ':') != NULL;
  out->tc_url =
      g_strdup_printf ("%s://%s%s%s:%u/%s", out->tls ? "rtmps" : "rtmp",
          v6 ? "[" : "", out->host, v6 ? "]" : "", out->port, out->app);
  return g_steal_pointer (&out);
}

gchar *
penstock_rtmp_url_public (const PenstockRtmpUrl *url)
{
  g_autofree gchar *app = penstock_rtmp_path_without_query (url->app);
  const gboolean v6 = strchr (url->host, ':') != NULL;

  return g_strdup_printf ("%s://%s%s%s:%u/%s", url->tls ? "rtmps" : "rtmp",
      v6 ? "[" : "", url->host, v6 ? "]" : "", url->port, app);
}

gchar *
penstock_rtmp_url_mask (const PenstockRtmpUrl *url, const gchar *text)
{
  g_autofree gchar *plain = penstock_rtmp_path_without_query (url->name);
  const gchar *app_query = strchr (url->app, '?');
  const gchar *name_query = strchr (url->name, '?');
  const gchar *const secrets[] = { url->name, name_query,
    name_query ? plain : NULL, app_query, url->password };
  GString *out = g_string_new (text);

  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++)
    if (secrets[i] && *secrets[i])
      g_string_replace (out, secrets[i], MASK, 0);
  return g_string_free (out, FALSE);
}

void
penstock_rtmp_url_free (PenstockRtmpUrl *url)
{
  if (!url)
    return;
  g_free (url->host);
  g_free (url->user);
  g_free (url->password);
  g_free (url->app);
  g_free (url->name);
  g_free (url->tc_url);
  g_free (url);
}
