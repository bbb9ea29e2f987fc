/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: the values of Range and If-None-Match headers. Up to the first
 * line break stands the size of the file, in decimal. */

#include <string.h>

#include "http/http-text.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_range (const gchar *header, guint64 size)
{
  guint64 first = G_MAXUINT64, last = G_MAXUINT64;

  switch (penstock_priv_http_parse_range (header, size, &first, &last)) {
  case HTTP_RANGE_PART:
    g_assert_true (first <= last && last < size);
    break;
  case HTTP_RANGE_NONE:
  case HTTP_RANGE_UNSATISFIED:
    g_assert_true (first == G_MAXUINT64 && last == G_MAXUINT64);
    break;
  }
}

static void
check_etag (const gchar *header)
{
  gboolean matches = penstock_priv_http_etag_matches (header, "\"5-17\"");

  g_assert_true (!matches || strchr (header, '*') || strstr (header, "5-17"));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);
  gchar *header = NULL;
  guint64 file_size = g_ascii_strtoull (text, &header, 10);

  header += *header == '\n';
  check_range (header, file_size);
  check_etag (header);
  return 0;
}
