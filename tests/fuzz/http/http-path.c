/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: the path of a request, undecoded, and as the name of a media
 * segment. What is decoded stays below the root and has one spelling. */

#include <string.h>

#include "http/http-text.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_decoded (const gchar *path)
{
  g_auto (GStrv) segments = g_strsplit (path, "/", -1);
  guint n = g_strv_length (segments);

  g_assert_true (g_utf8_validate (path, -1, NULL));
  for (const gchar *p = path; *p; p++)
    g_assert_true ((guchar) *p >= 0x20 && *p != 0x7f && *p != '\\');
  for (guint i = 0; i < n; i++) {
    g_assert_true (*segments[i] || i == n - 1); /* a trailing slash */
    g_assert_false (g_str_equal (segments[i], "."));
    g_assert_false (g_str_equal (segments[i], ".."));
  }
  /* As links on our pages name it. */
  g_autofree gchar *encoded = penstock_priv_http_encode_path (path);
  g_autofree gchar *raw = g_strconcat ("/", encoded, NULL);
  g_autofree gchar *again = penstock_priv_http_decode_path (raw);
  g_assert_cmpstr (again, ==, path);
}

static void
check_base (const gchar *raw)
{
  g_autofree gchar *base = penstock_priv_http_base (raw);
  gsize depth = 0;

  for (const gchar *p = raw + (*raw == '/'); *p; p++)
    depth += *p == '/';
  g_assert_cmpuint (strlen (base), ==, depth ? 3 * depth : 2);
}

static void
check_segment (const gchar *path)
{
  g_autofree gchar *before = penstock_priv_http_previous_segment (path);

  g_assert_false (penstock_priv_http_is_later_segment (path, path));
  if (!before)
    return;
  g_assert_true (penstock_priv_http_is_later_segment (path, before));
  g_assert_false (penstock_priv_http_is_later_segment (before, path));
  g_assert_cmpuint (strlen (before), <=, strlen (path));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);
  g_autofree gchar *path = penstock_priv_http_decode_path (text);

  if (path)
    check_decoded (path);
  check_base (text);
  check_segment (text);
  return 0;
}
