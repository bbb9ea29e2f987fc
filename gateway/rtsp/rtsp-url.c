/* SPDX-License-Identifier: MIT
 *
 * URLs of requests. See rtsp-url.h. */

#include "rtsp-url.h"

#include <string.h>

#define STREAM "/stream="
#define START "start="
/* How much of a wrong value is told. */
#define SHOWN 32

/* Where the query itself ends: a stream's name, or a slash alone, may have been
 * put behind it. */
static gsize
query_length (const gchar *query)
{
  const gchar *stream = strstr (query, STREAM);
  gsize length = stream ? (gsize) (stream - query) : strlen (query);

  while (length > 0 && query[length - 1] == '/')
    length--;
  return length;
}

gchar *
penstock_rtsp_url_dup_path (const GstRTSPUrl *url)
{
  const gchar *stream = url->query ? strstr (url->query, STREAM) : NULL;

  return g_strconcat (url->abspath, stream, NULL);
}

static gboolean
read_start (const gchar *value, gsize length, PenstockRtspWish *wish)
{
  static const struct {
    const gchar *name;
    PenstockStart start;
  } starts[] = {
    { "cache", PENSTOCK_START_CACHE },
    { "catch-up", PENSTOCK_START_CATCH_UP },
    { "keyframe", PENSTOCK_START_KEYFRAME },
  };
  g_autofree gchar *plain =
      g_uri_unescape_segment (value, value + length, NULL);

  for (guint i = 0; plain && i < G_N_ELEMENTS (starts); i++)
    if (g_str_equal (plain, starts[i].name)) {
      *wish = (PenstockRtspWish){ TRUE, starts[i].start };
      return TRUE;
    }
  return FALSE;
}

/* Harmless in a line of the log. */
static gchar *
show (const gchar *value, gsize length)
{
  gchar *shown = g_strndup (value, MIN (length, SHOWN));

  for (gchar *p = shown; *p; p++)
    if (!g_ascii_isgraph (*p) || *p == '"')
      *p = '?';
  return shown;
}

gboolean
penstock_rtsp_url_read_wish (
    const gchar *query, PenstockRtspWish *wish, gchar **why)
{
  *wish = (PenstockRtspWish){ FALSE, PENSTOCK_START_CACHE };
  if (!query)
    return TRUE;

  const gchar *end = query + query_length (query);
  for (const gchar *key = query; key < end;) {
    const gchar *next = memchr (key, '&', (gsize) (end - key));
    const gchar *stop = next ? next : end;
    const gchar *value = key + strlen (START);
    if (value <= stop && memcmp (key, START, strlen (START)) == 0) {
      if (wish->said) {
        *why = g_strdup ("the URL says start twice");
        return FALSE;
      }
      if (!read_start (value, (gsize) (stop - value), wish)) {
        g_autofree gchar *shown = show (value, (gsize) (stop - value));
        *why = g_strdup_printf ("start=\"%s\" in the URL; it can be cache, "
                                "catch-up or keyframe",
            shown);
        return FALSE;
      }
    }
    key = stop + 1;
  }
  return TRUE;
}
