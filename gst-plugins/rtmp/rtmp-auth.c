/* SPDX-License-Identifier: MIT
 *
 * authmod=adobe: base64 of MD5 over user, salt, password and challenges.
 * authmod=llnw: like HTTP's digest (RFC 2617, 3.2.2) with fixed realm, method
 * and quality of protection. */

#include "rtmp-auth.h"

#include <stdarg.h>
#include <string.h>

#include "rtmp-path.h"

#define MD5_SIZE 16

/* base64 (md5 (all strings together)); the list ends with NULL. */
static gchar *
md5_base64 (const gchar *first, ...)
{
  GChecksum *sum = g_checksum_new (G_CHECKSUM_MD5);
  guint8 digest[MD5_SIZE];
  gsize size = sizeof digest;
  va_list args;

  va_start (args, first);
  for (const gchar *s = first; s; s = va_arg (args, const gchar *))
    g_checksum_update (sum, (const guint8 *) s, strlen (s));
  va_end (args);
  g_checksum_get_digest (sum, digest, &size);
  g_checksum_free (sum);
  return g_base64_encode (digest, size);
}

static gchar *
answer_adobe (const gchar *query, const gchar *user, const gchar *password,
    const gchar *ours)
{
  g_autofree gchar *salt = penstock_rtmp_path_dup_parameter (query, "salt");
  g_autofree gchar *challenge =
      penstock_rtmp_path_dup_parameter (query, "challenge");
  g_autofree gchar *opaque = penstock_rtmp_path_dup_parameter (query, "opaque");
  const gchar *theirs = opaque ? opaque : challenge;

  if (!salt || !theirs)
    return NULL;
  g_autofree gchar *inner = md5_base64 (user, salt, password, NULL);
  g_autofree gchar *response = md5_base64 (inner, theirs, ours, NULL);
  return g_strdup_printf ("?authmod=adobe&user=%s&challenge=%s&response=%s%s%s",
      user, ours, response, opaque ? "&opaque=" : "", opaque ? opaque : "");
}

static gchar *
md5_hex (const gchar *text)
{
  return g_compute_checksum_for_string (G_CHECKSUM_MD5, text, -1);
}

static gchar *
answer_llnw (const gchar *query, const gchar *app, const gchar *user,
    const gchar *password, const gchar *cnonce)
{
  g_autofree gchar *nonce = penstock_rtmp_path_dup_parameter (query, "nonce");

  if (!nonce)
    return NULL;
  g_autofree gchar *a1 = g_strdup_printf ("%s:live:%s", user, password);
  g_autofree gchar *a2 = g_strdup_printf (
      "publish:/%s%s", app, strchr (app, '/') ? "" : "/_definst_");
  g_autofree gchar *hash1 = md5_hex (a1);
  g_autofree gchar *hash2 = md5_hex (a2);
  g_autofree gchar *all = g_strdup_printf (
      "%s:%s:00000001:%s:auth:%s", hash1, nonce, cnonce, hash2);
  g_autofree gchar *response = md5_hex (all);
  return g_strdup_printf (
      "?authmod=llnw&user=%s&nonce=%s&cnonce=%s&nc=00000001&response=%s", user,
      nonce, cnonce, response);
}

gchar *
penstock_rtmp_auth_answer (const gchar *refusal, const gchar *app,
    const gchar *user, const gchar *password, guint32 nonce)
{
  g_autofree gchar *ours = g_strdup_printf ("%08x", nonce);
  const gchar *query = strstr (refusal, "?reason=needauth");
  gboolean adobe = strstr (refusal, "authmod=adobe") != NULL;
  gboolean llnw = strstr (refusal, "authmod=llnw") != NULL;

  if (!adobe && !llnw)
    return NULL;
  if (strstr (refusal, "code=403 need auth"))
    return g_strdup_printf (
        "?authmod=%s&user=%s", adobe ? "adobe" : "llnw", user);
  if (!query)
    return NULL; /* authfailed, nosuchuser */
  return adobe ? answer_adobe (query + 1, user, password, ours)
               : answer_llnw (query + 1, app, user, password, ours);
}
