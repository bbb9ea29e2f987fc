/* SPDX-License-Identifier: MIT
 *
 * The text side of HTTP (see http-text.h). No sockets, no state. */

#include "http-text.h"

#include <stdarg.h>
#include <string.h>

/* ---- paths ---- */

/* One decoded segment: not empty, not a dot segment, nothing that a terminal,
 * a log or a file system would take for something else. */
static gboolean
segment_is_valid (const gchar *segment)
{
  if (*segment == '\0' || g_str_equal (segment, ".") ||
      g_str_equal (segment, ".."))
    return FALSE;
  if (!g_utf8_validate (segment, -1, NULL))
    return FALSE;
  for (const gchar *p = segment; *p; p++)
    if ((guchar) *p < 0x20 || *p == 0x7f || *p == '/' || *p == '\\')
      return FALSE;
  return TRUE;
}

gchar *
penstock_priv_http_decode_path (const gchar *raw)
{
  if (*raw != '/')
    return NULL;

  g_auto (GStrv) parts = g_strsplit (raw + 1, "/", -1);
  guint n = g_strv_length (parts);

  for (guint i = 0; i < n; i++) {
    if (i == n - 1 && *parts[i] == '\0')
      break; /* the trailing slash */
    /* An encoded NUL or slash makes it fail. */
    gchar *decoded = g_uri_unescape_string (parts[i], "/");
    if (!decoded || !segment_is_valid (decoded)) {
      g_free (decoded);
      return NULL;
    }
    g_free (parts[i]);
    parts[i] = decoded;
  }
  return g_strjoinv ("/", parts);
}

gchar *
penstock_priv_http_encode_path (const gchar *path)
{
  return g_uri_escape_string (path, "/", FALSE);
}

gchar *
penstock_priv_http_base (const gchar *raw)
{
  GString *base = g_string_new (NULL);

  for (const gchar *p = raw + (*raw == '/'); *p; p++)
    if (*p == '/')
      g_string_append (base, "../");
  if (base->len == 0)
    g_string_append (base, "./");
  return g_string_free (base, FALSE);
}

/* ---- ranges and entity tags ---- */

/* Digits at *@p; FALSE when there are none or they do not fit. */
static gboolean
read_number (const gchar **p, guint64 *value)
{
  gchar *end;

  if (!g_ascii_isdigit (**p))
    return FALSE;
  *value = g_ascii_strtoull (*p, &end, 10);
  *p = end;
  return *value != G_MAXUINT64;
}

HttpRange
penstock_priv_http_parse_range (
    const gchar *header, guint64 size, guint64 *first, guint64 *last)
{
  guint64 a = 0, b = 0;

  if (!header || g_ascii_strncasecmp (header, "bytes=", 6) != 0)
    return HTTP_RANGE_NONE;
  const gchar *p = header + 6;
  gboolean has_first = read_number (&p, &a);
  if (*p++ != '-')
    return HTTP_RANGE_NONE;
  gboolean has_last = read_number (&p, &b);
  if (*p != '\0' || (!has_first && !has_last))
    return HTTP_RANGE_NONE;
  if (has_first && has_last && b < a)
    return HTTP_RANGE_NONE; /* invalid, not unsatisfiable */

  if (!has_first) { /* the last b bytes */
    if (b == 0 || size == 0)
      return HTTP_RANGE_UNSATISFIED;
    *first = b >= size ? 0 : size - b;
    *last = size - 1;
    return HTTP_RANGE_PART;
  }
  if (a >= size)
    return HTTP_RANGE_UNSATISFIED;
  *first = a;
  *last = has_last ? MIN (b, size - 1) : size - 1;
  return HTTP_RANGE_PART;
}

static const gchar *
skip_weak (const gchar *tag)
{
  return g_str_has_prefix (tag, "W/") ? tag + 2 : tag;
}

gboolean
penstock_priv_http_etag_matches (const gchar *header, const gchar *etag)
{
  if (!header || !etag)
    return FALSE;

  /* Our own tags have no comma, so a split inside a foreign one is harmless. */
  g_auto (GStrv) tags = g_strsplit (header, ",", -1);
  for (guint i = 0; tags[i]; i++) {
    const gchar *tag = g_strstrip (tags[i]);
    if (g_str_equal (tag, "*") ||
        g_str_equal (skip_weak (tag), skip_weak (etag)))
      return TRUE;
  }
  return FALSE;
}

/* ---- names of media segments ---- */

/* @stem: bytes of @path before the number. */
static gboolean
read_segment (const gchar *path, int *stem, guint64 *number)
{
  if (!g_str_has_suffix (path, ".m4s"))
    return FALSE;

  const gchar *end = path + strlen (path) - strlen (".m4s");
  const gchar *digits = end;
  while (digits > path && g_ascii_isdigit (digits[-1]))
    digits--;

  const gchar *p = digits;
  *stem = (int) (digits - path);
  /* Only names as we write them: no leading zeros. */
  return read_number (&p, number) && p == end && *digits != '0';
}

gchar *
penstock_priv_http_previous_segment (const gchar *path)
{
  int stem;
  guint64 number;

  if (!read_segment (path, &stem, &number) || number == 1)
    return NULL;
  return g_strdup_printf (
      "%.*s%" G_GUINT64_FORMAT ".m4s", stem, path, number - 1);
}

/* ---- MPD ---- */

/* Value of the first attribute of that name, up to @end. */
static gchar *
find_attribute (const gchar *text, const gchar *end, const gchar *name)
{
  g_autofree gchar *pattern = g_strdup_printf (" %s=\"", name);
  const gchar *value = g_strstr_len (text, end - text, pattern);

  if (!value)
    return NULL;
  value += strlen (pattern);
  const gchar *quote = memchr (value, '"', end - value);
  return quote ? g_strndup (value, quote - value) : NULL;
}

guint
penstock_priv_http_mpd_window_s (const gchar *mpd, guint fallback)
{
  g_autofree gchar *text =
      find_attribute (mpd, mpd + strlen (mpd), "timeShiftBufferDepth");
  gdouble total = 0;

  if (!text || !g_str_has_prefix (text, "PT"))
    return fallback;
  for (const gchar *p = text + 2; *p;) {
    gchar *end;
    gdouble value = g_ascii_strtod (p, &end);
    if (end == p || value < 0)
      return fallback;
    if (*end == 'H')
      total += value * 3600;
    else if (*end == 'M')
      total += value * 60;
    else if (*end == 'S')
      total += value;
    else
      return fallback;
    p = end + 1;
  }
  return total >= 1 && total < G_MAXINT ? (guint) total : fallback;
}

#define CLOCK "<UTCTiming "

/* The value of the first clock from @from on; FALSE when there is none that can
 * be read. */
static gboolean
find_clock (const gchar *from, const gchar *end, const gchar **value,
    const gchar **value_end)
{
  const gchar *timing = g_strstr_len (from, end - from, CLOCK);
  const gchar *timing_end = timing ? memchr (timing, '>', end - timing) : NULL;

  if (!timing_end)
    return FALSE;
  *value = g_strstr_len (timing, timing_end - timing, " value=\"");
  if (!*value)
    return FALSE;
  *value += strlen (" value=\"");
  *value_end = memchr (*value, '"', timing_end - *value);
  return *value_end != NULL;
}

/* The last but one element an MPD may have (ISO/IEC 23009-1, 5.3.1.3). */
static gchar *
add_clock (const gchar *mpd, gsize size, const gchar *escaped_url)
{
  const gchar *close = g_strrstr_len (mpd, size, "</MPD>");

  if (!close)
    return NULL;
  return g_strdup_printf ("%.*s  " CLOCK
                          "schemeIdUri=\"urn:mpeg:dash:utc:http-xsdate:2014\" "
                          "value=\"%s\"/>\n%.*s",
      (int) (close - mpd), mpd, escaped_url, (int) (mpd + size - close), close);
}

gchar *
penstock_priv_http_mpd_with_time (
    const gchar *mpd, gsize size, const gchar *time_url)
{
  g_autofree gchar *escaped = g_markup_escape_text (time_url, -1);
  const gchar *end = mpd + size, *from = mpd, *value, *value_end;
  g_autoptr (GString) out = NULL;
  gboolean changed = FALSE;

  if (!g_strstr_len (mpd, size, "type=\"dynamic\""))
    return NULL;
  if (!g_strstr_len (mpd, size, CLOCK))
    return add_clock (mpd, size, escaped);

  out = g_string_sized_new (size + 256);
  while (find_clock (from, end, &value, &value_end)) {
    gboolean relative = !g_strstr_len (value, value_end - value, "://");

    g_string_append_len (out, from, (relative ? value : value_end) - from);
    if (relative)
      g_string_append (out, escaped);
    changed |= relative;
    from = value_end;
  }
  if (!changed)
    return NULL;
  g_string_append_len (out, from, end - from);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* ---- pages ---- */

static GHashTable *
collect_values (va_list args)
{
  GHashTable *values = g_hash_table_new (g_str_hash, g_str_equal);
  const gchar *name;

  while ((name = va_arg (args, const gchar *)))
    g_hash_table_insert (
        values, (gpointer) name, (gpointer) va_arg (args, const gchar *));
  return values;
}

gchar *
penstock_priv_http_fill (const gchar *format, ...)
{
  GString *out = g_string_new (NULL);
  va_list args;

  va_start (args, format);
  g_autoptr (GHashTable) values = collect_values (args);
  va_end (args);

  for (const gchar *p = format;;) {
    const gchar *open = strstr (p, "{{");
    const gchar *close = open ? strstr (open, "}}") : NULL;
    if (!close) {
      g_string_append (out, p);
      return g_string_free (out, FALSE);
    }
    g_string_append_len (out, p, open - p);
    gboolean html = g_str_has_prefix (open + 2, "html:");
    const gchar *start = open + 2 + (html ? strlen ("html:") : 0);
    g_autofree gchar *name = g_strndup (start, close - start);
    const gchar *value = g_hash_table_lookup (values, name);
    g_autofree gchar *escaped =
        value && !html ? g_markup_escape_text (value, -1) : NULL;
    g_string_append (out, escaped ? escaped : value ? value : "");
    p = close + 2;
  }
}

gchar *
penstock_priv_http_xs_date (gint64 real_us)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_utc (real_us / G_USEC_PER_SEC);
  g_autofree gchar *seconds = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf (
      "%s.%03dZ", seconds, (int) (real_us % G_USEC_PER_SEC / 1000));
}
