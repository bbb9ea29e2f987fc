/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: the value of an Authorization header, also taken as URI and as
 * nonce. What is read is complete, and never opens anything. */

#include <string.h>

#include "rtsp/rtsp-credentials.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_authorization (const gchar *text)
{
  static const gchar password[] = "not to be found by trying";
  g_autoptr (PenstockRtspAuthorization) sent =
      penstock_rtsp_authorization_parse (text);

  if (!sent)
    return;
  g_assert_nonnull (sent->user);
  if (sent->scheme == PENSTOCK_RTSP_SCHEME_BASIC) {
    g_assert_nonnull (sent->password);
  } else {
    g_assert_true (sent->realm && sent->nonce && sent->uri && sent->response);
    g_assert_true (!sent->qop || (sent->nc && sent->cnonce));
  }
  if (g_strcmp0 (sent->password, password) != 0)
    g_assert_false (penstock_rtsp_authorization_verify (
        sent, "PLAY", sent->realm ? sent->realm : "r", sent->user, password));
}

static void
check_path (const gchar *text)
{
  g_autofree gchar *path = penstock_rtsp_request_path (text);

  if (!path)
    return;
  g_autofree gchar *presentation = penstock_rtsp_presentation_path (path);
  if (presentation)
    g_assert_true (g_str_has_prefix (path, presentation));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const guint8 key[PENSTOCK_RTSP_NONCE_KEY_BYTES];
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);

  check_authorization (text);
  check_path (text);
  /* A key of zeros is no secret, but an HMAC is not guessed either. */
  g_assert_true (penstock_rtsp_nonce_check (key, "192.0.2.1", 0, text) ==
      PENSTOCK_RTSP_NONCE_FOREIGN);
  return 0;
}
