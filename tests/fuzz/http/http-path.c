/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: the path of a request, undecoded, and as the name of a media
 * segment. What is decoded stays below the root and has one spelling. */

#include <string.h>

#include "http/http-hls.h"
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

  if (before)
    g_assert_cmpuint (strlen (before), <=, strlen (path));
}

/* Part 0 of a file has the longest name that its parts are asked by. */
static void
check_part (const gchar *path)
{
  g_autofree gchar *file = NULL;
  guint part;

  if (!penstock_priv_http_hls_parse_part (path, &file, &part))
    return;
  g_autofree gchar *stem = g_strndup (file, strlen (file) - strlen (".m4s"));
  g_autofree gchar *name = g_strdup_printf ("%s.%u.m4s", stem, part);
  g_assert_cmpstr (name, ==, path);
}

static void
check_query (const gchar *text, gsize size)
{
  HttpHlsPosition position;
  HttpHlsWish wish;

  if (penstock_priv_http_hls_parse_query (text, &wish) == HTTP_HLS_WISH)
    g_assert_cmpint (wish.part, >=, -1);
  if (penstock_priv_http_hls_read_position (text, size, &position))
    penstock_priv_http_hls_look (&position, &wish);
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
  check_part (text);
  check_query (text, strlen (text));
  return 0;
}
