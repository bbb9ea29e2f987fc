/* SPDX-License-Identifier: MIT
 *
 * The RTMP handshake: C0 C1 C2 and S0 S1 S2 (RTMP 1.0, 5.2). The form with
 * digests is not in that text; it came with Flash Player 9.0.124. */

#include "rtmp-handshake.h"

#include <string.h>

#define SIZE PENSTOCK_RTMP_HANDSHAKE_SIZE
#define DIGEST 32
#define SCHEMAS 2

/* Text keys sign a block, text + tail the answer to a block. */
#define SERVER_KEY_TEXT 36
#define PLAYER_KEY_TEXT 30
#define KEY_TAIL 32

static const guint8 server_key[SERVER_KEY_TEXT + KEY_TAIL] =
    "Genuine Adobe Flash Media Server 001"
    "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57"
    "\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae";
static const guint8 player_key[PLAYER_KEY_TEXT + KEY_TAIL] =
    "Genuine Adobe Flash Player 001"
    "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57"
    "\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae";

struct _PenstockRtmpHandshake {
  PenstockRtmpHandshakeRole role;
  guint64 random;
  gboolean is_signed;
  guint received;
  guint8 block[1 + SIZE]; /* version and first block of the other side */
};

static void
hmac (const guint8 *key, gsize key_size, const guint8 *a, gsize a_size,
    const guint8 *b, gsize b_size, guint8 out[DIGEST])
{
  GHmac *h = g_hmac_new (G_CHECKSUM_SHA256, key, key_size);
  gsize size = DIGEST;

  g_hmac_update (h, a, a_size);
  if (b_size > 0)
    g_hmac_update (h, b, b_size);
  g_hmac_get_digest (h, out, &size);
  g_hmac_unref (h);
}

/* Filler (xorshift64*): different for each connection, not secret. */
static void
fill (PenstockRtmpHandshake *handshake, guint8 *out, gsize size)
{
  for (gsize i = 0; i < size; i++) {
    guint64 x = handshake->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    handshake->random = x;
    out[i] = (x * G_GUINT64_CONSTANT (0x2545f4914f6cdd1d)) >> 56;
  }
}

guint
penstock_rtmp_handshake_digest_offset (
    const guint8 block[PENSTOCK_RTMP_HANDSHAKE_SIZE], guint schema)
{
  guint at = schema == 0 ? 8 : 772;

  return (block[at] + block[at + 1] + block[at + 2] + block[at + 3]) % 728 +
      at + 4;
}

/* Digest over the block without the digest itself. */
static void
block_digest (const guint8 *block, guint offset, const guint8 *key,
    gsize key_size, guint8 out[DIGEST])
{
  hmac (key, key_size, block, offset, block + offset + DIGEST,
      SIZE - offset - DIGEST, out);
}

/* Digest of a block that verifies in either schema, or NULL. */
static const guint8 *
find_digest (
    const guint8 *block, const guint8 *key, gsize key_size, guint *schema)
{
  for (guint i = 0; i < SCHEMAS; i++) {
    guint8 digest[DIGEST];
    guint offset = penstock_rtmp_handshake_digest_offset (block, i);
    block_digest (block, offset, key, key_size, digest);
    if (memcmp (digest, block + offset, DIGEST) == 0) {
      *schema = i;
      return block + offset;
    }
  }
  return NULL;
}

static void
sign_block (guint8 *block, guint schema, const guint8 *key, gsize key_size)
{
  guint offset = penstock_rtmp_handshake_digest_offset (block, schema);
  guint8 digest[DIGEST];

  block_digest (block, offset, key, key_size, digest);
  memcpy (block + offset, digest, DIGEST);
}

/* S2 or C2 of the signed form: filler, then a digest that answers theirs. */
static void
append_answer (PenstockRtmpHandshake *handshake, const guint8 *their_digest,
    const guint8 *key, gsize key_size, GByteArray *out)
{
  guint8 block[SIZE];
  guint8 derived[DIGEST];

  fill (handshake, block, SIZE - DIGEST);
  hmac (key, key_size, their_digest, DIGEST, NULL, 0, derived);
  hmac (derived, DIGEST, block, SIZE - DIGEST, NULL, 0, block + SIZE - DIGEST);
  g_byte_array_append (out, block, SIZE);
}

/* S0, S1 and S2 in one piece: clients read all of it before they go on. */
static void
answer_client (PenstockRtmpHandshake *handshake, GByteArray *out)
{
  static const guint8 version = PENSTOCK_RTMP_VERSION;
  const guint8 *c1 = handshake->block + 1;
  guint8 s1[SIZE] = { 0 };
  const guint8 *digest = NULL;
  guint schema = 0;

  /* Bytes 4 to 7 are a version when the client uses digests. */
  if (GST_READ_UINT32_BE (c1 + 4) != 0)
    digest = find_digest (c1, player_key, PLAYER_KEY_TEXT, &schema);
  handshake->is_signed = digest != NULL;

  g_byte_array_append (out, &version, 1);
  fill (handshake, s1 + 8, SIZE - 8);
  if (digest) {
    /* Any server version from 3.0.0.0 makes players look at the digest. */
    memcpy (s1 + 4, "\x04\x05\x00\x01", 4);
    sign_block (s1, schema, server_key, SERVER_KEY_TEXT);
  }
  g_byte_array_append (out, s1, SIZE);
  if (digest)
    append_answer (handshake, digest, server_key, sizeof server_key, out);
  else
    g_byte_array_append (out, c1, SIZE);
}

static void
answer_server (PenstockRtmpHandshake *handshake, GByteArray *out)
{
  const guint8 *s1 = handshake->block + 1;
  const guint8 *digest = NULL;
  guint schema;

  if (handshake->role == PENSTOCK_RTMP_HANDSHAKE_CLIENT_DIGEST)
    digest = find_digest (s1, server_key, SERVER_KEY_TEXT, &schema);
  handshake->is_signed = digest != NULL;
  if (digest)
    append_answer (handshake, digest, player_key, sizeof player_key, out);
  else
    g_byte_array_append (out, s1, SIZE);
}

PenstockRtmpHandshake *
penstock_rtmp_handshake_new (
    PenstockRtmpHandshakeRole role, guint64 seed, GByteArray *out)
{
  PenstockRtmpHandshake *handshake = g_new0 (PenstockRtmpHandshake, 1);
  static const guint8 version = PENSTOCK_RTMP_VERSION;
  guint8 c1[SIZE] = { 0 };

  handshake->role = role;
  handshake->random = seed ? seed : 1;
  if (role == PENSTOCK_RTMP_HANDSHAKE_SERVER)
    return handshake;

  g_byte_array_append (out, &version, 1);
  fill (handshake, c1 + 8, SIZE - 8);
  if (role == PENSTOCK_RTMP_HANDSHAKE_CLIENT_DIGEST) {
    memcpy (c1 + 4, "\x09\x00\x7c\x02", 4);
    sign_block (c1, 0, player_key, PLAYER_KEY_TEXT);
  }
  g_byte_array_append (out, c1, SIZE);
  return handshake;
}

void
penstock_rtmp_handshake_free (PenstockRtmpHandshake *handshake)
{
  g_free (handshake);
}

PenstockRtmpParse
penstock_rtmp_handshake_feed (PenstockRtmpHandshake *handshake,
    const guint8 *data, gsize size, gsize *consumed, GByteArray *out)
{
  gsize pos = 0;
  gsize n;

  if (handshake->received < 1 + SIZE) {
    n = MIN (size, 1 + SIZE - handshake->received);
    memcpy (handshake->block + handshake->received, data, n);
    handshake->received += n;
    pos = n;
    if (handshake->received > 0 &&
        handshake->block[0] != PENSTOCK_RTMP_VERSION) {
      *consumed = pos;
      return PENSTOCK_RTMP_PARSE_ERROR;
    }
    if (handshake->received == 1 + SIZE) {
      if (handshake->role == PENSTOCK_RTMP_HANDSHAKE_SERVER)
        answer_client (handshake, out);
      else
        answer_server (handshake, out);
    }
  }
  /* The second block: only its length counts, encoders send what they like. */
  n = MIN (size - pos, 1 + 2 * SIZE - handshake->received);
  handshake->received += n;
  *consumed = pos + n;
  return handshake->received == 1 + 2 * SIZE ? PENSTOCK_RTMP_PARSE_DONE
                                             : PENSTOCK_RTMP_PARSE_MORE;
}

gboolean
penstock_rtmp_handshake_is_signed (const PenstockRtmpHandshake *handshake)
{
  return handshake->is_signed;
}
