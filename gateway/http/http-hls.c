/* SPDX-License-Identifier: MIT
 *
 * What the HTTP server reads in HLS (see http-hls.h). No sockets, no state. */

#include "http-hls.h"

#include <string.h>

#define MEDIA_SEGMENT ".m4s"
#define MAX_PART 100000 /* far more than a segment has */

/* Digits from @text to @end alone, as we write them: no leading zeros. */
static gboolean
read_number (const gchar *text, const gchar *end, guint64 *value)
{
  gchar *stop;

  if (text == end || !g_ascii_isdigit (*text) ||
      (*text == '0' && end - text > 1))
    return FALSE;
  *value = g_ascii_strtoull (text, &stop, 10);
  return stop == end && *value != G_MAXUINT64;
}

gboolean
penstock_priv_http_hls_parse_part (const gchar *path, gchar **file, guint *part)
{
  gsize length = strlen (path);
  const gchar *end = path + length - strlen (MEDIA_SEGMENT);
  const gchar *dot, *name;
  guint64 number, index;

  if (!g_str_has_suffix (path, MEDIA_SEGMENT))
    return FALSE;
  dot = g_strrstr_len (path, end - path, ".");
  name = strrchr (path, '/');
  name = name ? name + 1 : path;
  if (!dot || dot < name || !read_number (name, dot, &number) ||
      !read_number (dot + 1, end, &index) || index > MAX_PART)
    return FALSE;
  *file = g_strdup_printf ("%.*s" MEDIA_SEGMENT, (int) (dot - path), path);
  *part = (guint) index;
  return TRUE;
}

/* The value of the first parameter called @name. */
static gboolean
find_parameter (const gchar *query, const gchar *name, const gchar **value,
    const gchar **end)
{
  gsize length = strlen (name);

  for (const gchar *p = query; p; p = strchr (p, '&')) {
    p += *p == '&';
    if (strncmp (p, name, length) != 0 || p[length] != '=')
      continue;
    *value = p + length + 1;
    *end = *value + strcspn (*value, "&");
    return TRUE;
  }
  return FALSE;
}

HttpHlsDirectives
penstock_priv_http_hls_parse_query (const gchar *query, HttpHlsWish *wish)
{
  const gchar *value, *end;
  guint64 part;

  *wish = (HttpHlsWish){ 0, -1 };
  if (!query)
    return HTTP_HLS_NO_WISH;
  if (!find_parameter (query, "_HLS_msn", &value, &end))
    return find_parameter (query, "_HLS_part", &value, &end) ? HTTP_HLS_BAD_WISH
                                                             : HTTP_HLS_NO_WISH;
  if (!read_number (value, end, &wish->sequence))
    return HTTP_HLS_BAD_WISH;
  if (find_parameter (query, "_HLS_part", &value, &end)) {
    if (!read_number (value, end, &part) || part > MAX_PART)
      return HTTP_HLS_BAD_WISH;
    wish->part = (gint) part;
  }
  return HTTP_HLS_WISH;
}

static gboolean
starts_with (const gchar *line, gsize length, const gchar *prefix)
{
  gsize n = strlen (prefix);

  return length >= n && memcmp (line, prefix, n) == 0;
}

/* The number behind the name of a tag; lines end before the text does. */
static guint64
tag_value (const gchar *line, const gchar *tag)
{
  return g_ascii_strtoull (line + strlen (tag), NULL, 10);
}

#define TARGET "#EXT-X-TARGETDURATION:"
#define SEQUENCE "#EXT-X-MEDIA-SEQUENCE:"

static void
read_line (const gchar *line, gsize length, HttpHlsPosition *position)
{
  if (length == 0)
    return;
  if (*line != '#') {
    position->next++;
    position->n_last_parts = position->n_parts;
    position->n_parts = 0;
  } else if (starts_with (line, length, "#EXT-X-PART:")) {
    position->n_parts++;
  } else if (starts_with (line, length, TARGET)) {
    position->target_s = (guint) MIN (tag_value (line, TARGET), 3600);
  } else if (starts_with (line, length, SEQUENCE)) {
    position->next = tag_value (line, SEQUENCE);
  } else if (starts_with (line, length, "#EXT-X-ENDLIST")) {
    position->ended = TRUE;
  }
}

gboolean
penstock_priv_http_hls_read_position (
    const gchar *text, gsize size, HttpHlsPosition *position)
{
  const gchar *end = text + size, *next;

  *position = (HttpHlsPosition){ 0 };
  for (const gchar *line = text; line < end; line = next + 1) {
    next = memchr (line, '\n', end - line);
    if (!next) /* ours all end so */
      break;
    read_line (line, next - line, position);
  }
  return position->target_s > 0;
}

HttpHlsOutlook
penstock_priv_http_hls_look (
    const HttpHlsPosition *position, const HttpHlsWish *wish)
{
  guint64 sequence = wish->sequence;
  gint part = wish->part;

  if (position->ended)
    return HTTP_HLS_THERE;
  if (part >= 0 && sequence + 1 == position->next &&
      position->n_last_parts > 0 && (guint) part >= position->n_last_parts) {
    sequence++;
    part = 0;
  }
  if (sequence < position->next ||
      (sequence == position->next && part >= 0 &&
          (guint) part < position->n_parts))
    return HTTP_HLS_THERE;
  return sequence > position->next + 1 ? HTTP_HLS_TOO_FAR : HTTP_HLS_SOON;
}
