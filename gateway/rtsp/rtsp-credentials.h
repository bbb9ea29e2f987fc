/* SPDX-License-Identifier: MIT
 *
 * Basic and digest credentials as RTSP carries them (RFC 2326, 1.6 and D;
 * RFC 7617; RFC 7616 with SHA-256 and MD5, and without `qop` as in RFC 2069,
 * which is what most players send). Pure: time, keys and randomness are
 * arguments. */
#ifndef PENSTOCK_RTSP_CREDENTIALS_H
#define PENSTOCK_RTSP_CREDENTIALS_H

#include <glib.h>

G_BEGIN_DECLS

/* Longest `Authorization` that is read; longer ones are malformed. */
#define PENSTOCK_RTSP_AUTHORIZATION_MAX 4096
/* Bytes of the key that makes nonces, and of what makes each one its own. */
#define PENSTOCK_RTSP_NONCE_KEY_BYTES 32
#define PENSTOCK_RTSP_NONCE_SALT_BYTES 8
/* A nonce starts a conversation for this long. */
#define PENSTOCK_RTSP_NONCE_LIFE_S 60

typedef enum {
  PENSTOCK_RTSP_SCHEME_BASIC,
  PENSTOCK_RTSP_SCHEME_DIGEST,
} PenstockRtspScheme;

/* What a client sent. Strings are owned; %NULL when absent. */
typedef struct {
  PenstockRtspScheme scheme;
  gchar *user;
  gchar *password;                       /* basic */
  gchar *realm, *nonce, *uri, *response; /* digest; never NULL */
  gchar *qop, *nc, *cnonce;              /* digest; all or none */
  GChecksumType algorithm;               /* digest */
} PenstockRtspAuthorization;

/* (transfer full) (nullable): %NULL when @header is malformed or of a scheme or
 * algorithm that is not offered. */
PenstockRtspAuthorization *penstock_rtsp_authorization_parse (
    const gchar *header);
/* Wipes the password. Accepts %NULL. */
void penstock_rtsp_authorization_free (PenstockRtspAuthorization *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    PenstockRtspAuthorization, penstock_rtsp_authorization_free)

/**
 * penstock_rtsp_authorization_verify:
 * @method: of the request, as "PLAY"
 * @realm: ours
 * @user: who may
 * @password: its password
 *
 * The time it takes does not depend on how much is right. Nonce and URI are the
 * caller's to check.
 */
gboolean penstock_rtsp_authorization_verify (
    const PenstockRtspAuthorization *self, const gchar *method,
    const gchar *realm, const gchar *user, const gchar *password);

/**
 * penstock_rtsp_nonce_new:
 * @key: %PENSTOCK_RTSP_NONCE_KEY_BYTES random bytes of this process
 * @peer: IP address that may use it
 * @now_s: time, of a clock that never steps back
 * @salt: %PENSTOCK_RTSP_NONCE_SALT_BYTES random bytes
 *
 * Returns: (transfer full): hexadecimal digits; nobody without @key can make it
 */
gchar *penstock_rtsp_nonce_new (
    const guint8 *key, const gchar *peer, guint64 now_s, const guint8 *salt);

typedef enum {
  PENSTOCK_RTSP_NONCE_FRESH,
  PENSTOCK_RTSP_NONCE_EXPIRED,
  PENSTOCK_RTSP_NONCE_FOREIGN, /* not ours, or made for another address */
} PenstockRtspNonce;

PenstockRtspNonce penstock_rtsp_nonce_check (
    const guint8 *key, const gchar *peer, guint64 now_s, const gchar *nonce);

/**
 * penstock_rtsp_request_path:
 * @uri: "rtsp://host/live/a%20b/stream=0?x=1", or only a path
 *
 * Returns: (transfer full) (nullable): path of the stream ("live/a b/stream=0"),
 *   without query and slashes around it; %NULL when its escapes are wrong
 */
gchar *penstock_rtsp_request_path (const gchar *uri);

/* (transfer full) (nullable): the path before a last "/stream=N", which is how
 * one track is set up; %NULL when @path does not end like that. */
gchar *penstock_rtsp_presentation_path (const gchar *path);

G_END_DECLS

#endif /* PENSTOCK_RTSP_CREDENTIALS_H */
