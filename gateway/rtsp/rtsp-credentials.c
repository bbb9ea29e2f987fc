/* SPDX-License-Identifier: MIT
 *
 * Reading and checking credentials. See rtsp-credentials.h. */

#include "rtsp-credentials.h"

#include <string.h>

#include "io/same-secret.h"

/* A nonce is time, salt and the start of an HMAC-SHA-256, in hexadecimal. */
#define TIME_DIGITS 16
#define SALT_DIGITS (2 * PENSTOCK_RTSP_NONCE_SALT_BYTES)
#define MAC_DIGITS 32
#define NONCE_DIGITS (TIME_DIGITS + SALT_DIGITS + MAC_DIGITS)

static void
free_secret (gchar *text)
{
  if (text)
    explicit_bzero (text, strlen (text));
  g_free (text);
}

/* --- basic (RFC 7617) -------------------------------------------------------- */

static gboolean
parse_basic (PenstockRtspAuthorization *self, const gchar *text)
{
  gsize length = 0;
  g_autofree guchar *bytes = g_base64_decode (text, &length);
  g_autofree gchar *pair = g_strndup ((const gchar *) bytes, length);
  gchar *colon = strchr (pair, ':');
  gboolean ok = strlen (pair) == length && colon;

  if (ok) {
    self->scheme = PENSTOCK_RTSP_SCHEME_BASIC;
    self->user = g_strndup (pair, colon - pair);
    self->password = g_strdup (colon + 1);
  }
  explicit_bzero (bytes, length);
  explicit_bzero (pair, strlen (pair));
  return ok;
}

/* --- digest (RFC 7616, 3.4) --------------------------------------------------- */

static const gchar *
skip_space (const gchar *p)
{
  return p + strspn (p, " \t");
}

/* A token or quoted string at *@p; NULL when it does not end. */
static gchar *
take_value (const gchar **p)
{
  GString *out = g_string_new (NULL);
  const gchar *c = *p;

  if (*c != '"') {
    gsize length = strcspn (c, ", \t");
    *p = c + length;
    g_string_append_len (out, c, length);
    return g_string_free (out, FALSE);
  }
  for (c++; *c && *c != '"'; c++) {
    if (*c == '\\' && c[1])
      c++;
    g_string_append_c (out, *c);
  }
  *p = *c ? c + 1 : c;
  return g_string_free (out, *c != '"');
}

static gboolean
set_algorithm (PenstockRtspAuthorization *self, const gchar *name)
{
  if (g_ascii_strcasecmp (name, "SHA-256") == 0)
    self->algorithm = G_CHECKSUM_SHA256;
  else if (g_ascii_strcasecmp (name, "MD5") == 0)
    self->algorithm = G_CHECKSUM_MD5;
  else
    return FALSE;
  return TRUE;
}

/* FALSE when the parameter stands twice or is one we cannot do. */
static gboolean
set_parameter (
    PenstockRtspAuthorization *self, const gchar *name, const gchar *value)
{
  const struct {
    const gchar *name;
    gchar **member;
  } members[] = {
    { "username", &self->user },
    { "realm", &self->realm },
    { "nonce", &self->nonce },
    { "uri", &self->uri },
    { "response", &self->response },
    { "qop", &self->qop },
    { "nc", &self->nc },
    { "cnonce", &self->cnonce },
  };

  if (g_ascii_strcasecmp (name, "algorithm") == 0)
    return set_algorithm (self, value);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++) {
    if (g_ascii_strcasecmp (name, members[i].name) != 0)
      continue;
    if (*members[i].member)
      return FALSE;
    *members[i].member = g_strdup (value);
    return TRUE;
  }
  return TRUE; /* unknown ones are skipped (RFC 7616, 3.4) */
}

static gboolean
is_complete (const PenstockRtspAuthorization *self)
{
  if (!self->user || !self->realm || !self->nonce || !self->uri ||
      !self->response)
    return FALSE;
  if (!self->qop)
    return TRUE;
  return g_ascii_strcasecmp (self->qop, "auth") == 0 && self->nc &&
      self->cnonce;
}

static gboolean
parse_digest (PenstockRtspAuthorization *self, const gchar *p)
{
  self->scheme = PENSTOCK_RTSP_SCHEME_DIGEST;
  self->algorithm = G_CHECKSUM_MD5; /* when none is told */
  for (p = skip_space (p); *p; p = skip_space (p)) {
    if (*p == ',') {
      p++;
      continue;
    }
    gsize length = strcspn (p, "=, \t\"");
    if (length == 0)
      return FALSE;
    g_autofree gchar *name = g_strndup (p, length);
    p = skip_space (p + length);
    if (*p != '=')
      return FALSE;
    p = skip_space (p + 1);
    g_autofree gchar *value = take_value (&p);
    p = skip_space (p);
    if (!value || (*p && *p != ',') || !set_parameter (self, name, value))
      return FALSE;
  }
  return is_complete (self);
}

static gchar *
hash (GChecksumType type, const gchar *a, const gchar *b, const gchar *c)
{
  g_autoptr (GChecksum) sum = g_checksum_new (type);

  g_checksum_update (sum, (const guchar *) a, -1);
  if (b) {
    g_checksum_update (sum, (const guchar *) ":", 1);
    g_checksum_update (sum, (const guchar *) b, -1);
  }
  if (c) {
    g_checksum_update (sum, (const guchar *) ":", 1);
    g_checksum_update (sum, (const guchar *) c, -1);
  }
  return g_strdup (g_checksum_get_string (sum));
}

/* RFC 7616, 3.4.1; without qop: RFC 2069, 2.1.2. */
static gchar *
expected_response (const PenstockRtspAuthorization *self, const gchar *method,
    const gchar *user, const gchar *password)
{
  g_autofree gchar *a1 = hash (self->algorithm, user, self->realm, password);
  g_autofree gchar *a2 = hash (self->algorithm, method, self->uri, NULL);
  g_autofree gchar *middle = self->qop
      ? g_strdup_printf (
            "%s:%s:%s:%s", self->nonce, self->nc, self->cnonce, self->qop)
      : g_strdup (self->nonce);

  return hash (self->algorithm, a1, middle, a2);
}

/* --- both ----------------------------------------------------------------------- */

PenstockRtspAuthorization *
penstock_rtsp_authorization_parse (const gchar *header)
{
  g_autoptr (PenstockRtspAuthorization) self =
      g_new0 (PenstockRtspAuthorization, 1);
  gboolean ok = FALSE;

  if (strlen (header) > PENSTOCK_RTSP_AUTHORIZATION_MAX)
    return NULL;
  header = skip_space (header);
  if (g_ascii_strncasecmp (header, "Basic ", 6) == 0)
    ok = parse_basic (self, skip_space (header + 6));
  else if (g_ascii_strncasecmp (header, "Digest ", 7) == 0)
    ok = parse_digest (self, header + 7);
  return ok ? g_steal_pointer (&self) : NULL;
}

void
penstock_rtsp_authorization_free (PenstockRtspAuthorization *self)
{
  if (!self)
    return;
  g_free (self->user);
  free_secret (self->password);
  g_free (self->realm);
  g_free (self->nonce);
  g_free (self->uri);
  g_free (self->response);
  g_free (self->qop);
  g_free (self->nc);
  g_free (self->cnonce);
  g_free (self);
}

gboolean
penstock_rtsp_authorization_verify (const PenstockRtspAuthorization *self,
    const gchar *method, const gchar *realm, const gchar *user,
    const gchar *password)
{
  gboolean user_ok = penstock_same_secret (user, self->user);
  gboolean secret_ok;

  if (self->scheme == PENSTOCK_RTSP_SCHEME_BASIC) {
    /* Digests of both: a comparison of equal lengths. */
    g_autofree gchar *sent =
        hash (G_CHECKSUM_SHA256, self->password, NULL, NULL);
    g_autofree gchar *right = hash (G_CHECKSUM_SHA256, password, NULL, NULL);
    secret_ok = penstock_same_secret (right, sent);
  } else {
    g_autofree gchar *right = expected_response (self, method, user, password);
    g_autofree gchar *sent = g_ascii_strdown (self->response, -1);
    secret_ok =
        penstock_same_secret (right, sent) && g_str_equal (self->realm, realm);
  }
  return user_ok && secret_ok;
}

/* --- nonces ------------------------------------------------------------------------ */

static gchar *
authenticate_nonce (const guint8 *key, const gchar *peer, const gchar *head)
{
  g_autoptr (GHmac) hmac =
      g_hmac_new (G_CHECKSUM_SHA256, key, PENSTOCK_RTSP_NONCE_KEY_BYTES);

  g_hmac_update (hmac, (const guchar *) head, TIME_DIGITS + SALT_DIGITS);
  g_hmac_update (hmac, (const guchar *) peer, -1);
  return g_strndup (g_hmac_get_string (hmac), MAC_DIGITS);
}

gchar *
penstock_rtsp_nonce_new (
    const guint8 *key, const gchar *peer, guint64 now_s, const guint8 *salt)
{
  GString *nonce = g_string_sized_new (NONCE_DIGITS + 1);

  g_string_append_printf (nonce, "%016" G_GINT64_MODIFIER "x", now_s);
  for (guint i = 0; i < PENSTOCK_RTSP_NONCE_SALT_BYTES; i++)
    g_string_append_printf (nonce, "%02x", salt[i]);
  g_autofree gchar *mac = authenticate_nonce (key, peer, nonce->str);
  g_string_append (nonce, mac);
  return g_string_free (nonce, FALSE);
}

PenstockRtspNonce
penstock_rtsp_nonce_check (
    const guint8 *key, const gchar *peer, guint64 now_s, const gchar *nonce)
{
  if (strlen (nonce) != NONCE_DIGITS)
    return PENSTOCK_RTSP_NONCE_FOREIGN;
  g_autofree gchar *mac = authenticate_nonce (key, peer, nonce);
  if (!penstock_same_secret (mac, nonce + TIME_DIGITS + SALT_DIGITS))
    return PENSTOCK_RTSP_NONCE_FOREIGN;
  g_autofree gchar *digits = g_strndup (nonce, TIME_DIGITS);
  guint64 made_s = g_ascii_strtoull (digits, NULL, 16);
  return now_s >= made_s && now_s - made_s < PENSTOCK_RTSP_NONCE_LIFE_S
      ? PENSTOCK_RTSP_NONCE_FRESH
      : PENSTOCK_RTSP_NONCE_EXPIRED;
}

/* --- paths ---------------------------------------------------------------------------- */

gchar *
penstock_rtsp_request_path (const gchar *uri)
{
  const gchar *authority = strstr (uri, "://");
  const gchar *path = uri;

  if (authority) {
    path = authority + 3;
    path += strcspn (path, "/?");
  }
  path += strspn (path, "/");
  gsize length = strcspn (path, "?");
  while (length > 0 && path[length - 1] == '/')
    length--;
  return g_uri_unescape_segment (path, path + length, NULL);
}

gchar *
penstock_rtsp_presentation_path (const gchar *path)
{
  const gchar *slash = strrchr (path, '/');

  return slash && g_str_has_prefix (slash, "/stream=")
      ? g_strndup (path, slash - path)
      : NULL;
}
