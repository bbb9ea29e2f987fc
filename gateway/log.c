/* SPDX-License-Identifier: MIT
 *
 * One line an event on standard error, and the way from media threads to the
 * control context. */

#include "log.h"

#include <stdio.h>
#include <string.h>

static gint current_level = PENSTOCK_LOG_INFO; /* atomic */

static const gchar *const level_names[] = { "ERROR", "WARN ", "INFO ",
  "DEBUG" };

void
penstock_log_set_level (PenstockLogLevel level)
{
  g_atomic_int_set (&current_level, level);
}

void
penstock_log (
    PenstockLogLevel level, const gchar *component, const gchar *format, ...)
{
  if ((gint) level > g_atomic_int_get (&current_level))
    return;

  va_list args;
  va_start (args, format);
  g_autofree gchar *text = g_strdup_vprintf (format, args);
  va_end (args);

  /* Names and error texts come from peers: no line breaks, no escapes. */
  for (gchar *p = text; *p; p++)
    if ((guchar) *p < 0x20 || *p == 0x7f)
      *p = ' ';

  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *stamp = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S");
  fprintf (stderr, "%s.%03dZ %s %s: %s\n", stamp,
      g_date_time_get_microsecond (now) / 1000, level_names[level], component,
      text);
}

static GLogWriterOutput
write_glib_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields,
    gpointer user_data)
{
  const gchar *message = "", *domain = "glib";

  for (gsize i = 0; i < n_fields; i++) {
    if (g_str_equal (fields[i].key, "MESSAGE"))
      message = fields[i].value;
    else if (g_str_equal (fields[i].key, "GLIB_DOMAIN"))
      domain = fields[i].value;
  }
  PenstockLogLevel ours = PENSTOCK_LOG_DEBUG;
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    ours = PENSTOCK_LOG_ERROR;
  else if (level & G_LOG_LEVEL_WARNING)
    ours = PENSTOCK_LOG_WARNING;
  penstock_log (ours, domain, "%s", message);
  return G_LOG_WRITER_HANDLED;
}

void
penstock_log_install (void)
{
  g_log_set_writer_func (write_glib_log, NULL, NULL);
}

gchar *
penstock_log_mask_uri (const gchar *uri)
{
  if (!uri)
    return g_strdup ("(none)");

  const gchar *scheme_end = strstr (uri, "://");
  const gchar *authority = scheme_end ? scheme_end + 3 : uri;
  gsize authority_len = strcspn (authority, "/?#");
  const gchar *at = NULL;
  for (gsize i = 0; i < authority_len; i++)
    if (authority[i] == '@')
      at = authority + i;

  GString *masked = g_string_new_len (uri, authority - uri);
  const gchar *rest = at ? at + 1 : authority;
  if (at)
    g_string_append (masked, "***@");
  const gchar *query = strchr (rest, '?');
  if (query) {
    g_string_append_len (masked, rest, query - rest);
    g_string_append (masked, "?***");
  } else {
    g_string_append (masked, rest);
  }
  return g_string_free (masked, FALSE);
}

void
penstock_control_post (GMainContext *context, GSourceFunc func, gpointer data,
    GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, destroy);
  g_source_attach (source, context);
}
