/* SPDX-License-Identifier: MIT
 *
 * The RTMP handshake (RTMP 1.0, 5.2), plain and with digests, both roles.
 * Pure; works on any split and any coalescing of the bytes. */
#ifndef PENSTOCK_RTMP_HANDSHAKE_H
#define PENSTOCK_RTMP_HANDSHAKE_H

#include "rtmp-message.h"

G_BEGIN_DECLS

#define PENSTOCK_RTMP_VERSION 3
#define PENSTOCK_RTMP_HANDSHAKE_SIZE 1536

typedef enum
{
  PENSTOCK_RTMP_HANDSHAKE_SERVER,
  PENSTOCK_RTMP_HANDSHAKE_CLIENT,        /* plain: what we use */
  PENSTOCK_RTMP_HANDSHAKE_CLIENT_DIGEST, /* as Flash players since 9.0.124 */
} PenstockRtmpHandshakeRole;

typedef struct _PenstockRtmpHandshake PenstockRtmpHandshake;

/**
 * penstock_rtmp_handshake_new:
 * @seed: any number; filler bytes are made from it and protect nothing
 * @out: a client's first bytes are appended
 */
PenstockRtmpHandshake *penstock_rtmp_handshake_new (
    PenstockRtmpHandshakeRole role, guint64 seed, GByteArray *out);
void penstock_rtmp_handshake_free (PenstockRtmpHandshake *handshake);

/**
 * penstock_rtmp_handshake_feed:
 * @consumed: (out): bytes taken, all of them with MORE
 * @out: answers are appended
 *
 * Returns: DONE when the other side's part is complete, ERROR when the first
 *   byte is not version 3 (RTMPE, HTTP, TLS, ...)
 */
PenstockRtmpParse penstock_rtmp_handshake_feed (
    PenstockRtmpHandshake *handshake, const guint8 *data, gsize size,
    gsize *consumed, GByteArray *out);

/* The other side used digests that verify. */
gboolean penstock_rtmp_handshake_is_signed (
    const PenstockRtmpHandshake *handshake);

/* Where the digest of a handshake block lies in schema 0 or 1. */
guint penstock_rtmp_handshake_digest_offset (
    const guint8 block[PENSTOCK_RTMP_HANDSHAKE_SIZE], guint schema);

G_END_DECLS

#endif /* PENSTOCK_RTMP_HANDSHAKE_H */
