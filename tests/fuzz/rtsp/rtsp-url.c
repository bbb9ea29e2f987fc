/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: the query of a URL, and the path around it. */

#include <string.h>

#include "rtsp/rtsp-url.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);
  gchar abspath[] = "/live/one";
  GstRTSPUrl url = { .abspath = abspath, .query = text };
  PenstockRtspWish wish;
  g_autofree gchar *why = NULL;
  gboolean ok = penstock_rtsp_url_read_wish (text, &wish, &why);
  g_autofree gchar *path = penstock_rtsp_url_dup_path (&url);

  g_assert_true (ok == (why == NULL));
  g_assert_true (!why || strlen (why) < 128);
  g_assert_true (g_str_has_prefix (path, abspath));
  return 0;
}
