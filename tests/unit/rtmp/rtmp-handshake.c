/* SPDX-License-Identifier: MIT
 *
 * Unit tests of the handshake: both forms, both roles, any split. */

#include "rtmp/rtmp-handshake.h"

#include "rtmp-test.h"

#define SIZE PENSTOCK_RTMP_HANDSHAKE_SIZE
#define DIGEST 32

static const gchar player_key[] = "Genuine Adobe Flash Player 001";
static const gchar server_key[] = "Genuine Adobe Flash Media Server 001";

static PenstockRtmpParse
feed (PenstockRtmpHandshake *handshake, const guint8 *data, gsize size,
    gsize piece, GByteArray *out)
{
  PenstockRtmpParse result = PENSTOCK_RTMP_PARSE_MORE;

  for (gsize pos = 0; pos < size;) {
    gsize n = MIN (piece, size - pos);
    g_autofree guint8 *exact = g_memdup2 (data + pos, n);
    gsize consumed;
    result = penstock_rtmp_handshake_feed (handshake, exact, n, &consumed, out);
    pos += consumed;
    if (result != PENSTOCK_RTMP_PARSE_MORE)
      return result;
    assert_equals_int (consumed, n);
  }
  return result;
}

/* Version byte, C1 with @version in bytes 4 to 7, C2. */
static GByteArray *
client_bytes (guint32 version)
{
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_set_size (bytes, 1 + 2 * SIZE);
  for (guint i = 0; i < bytes->len; i++)
    bytes->data[i] = i * 13 + 5;
  bytes->data[0] = 3;
  GST_WRITE_UINT32_BE (bytes->data + 5, version);
  return bytes;
}

static void
digest_of (
    const guint8 *block, guint offset, const gchar *key, guint8 out[DIGEST])
{
  GHmac *h = g_hmac_new (G_CHECKSUM_SHA256, (const guint8 *) key, strlen (key));
  gsize size = DIGEST;

  g_hmac_update (h, block, offset);
  g_hmac_update (h, block + offset + DIGEST, SIZE - offset - DIGEST);
  g_hmac_get_digest (h, out, &size);
  g_hmac_unref (h);
}

static gboolean
has_digest (const guint8 *block, guint schema, const gchar *key)
{
  guint offset = penstock_rtmp_handshake_digest_offset (block, schema);
  guint8 digest[DIGEST];

  digest_of (block, offset, key, digest);
  return memcmp (block + offset, digest, DIGEST) == 0;
}

static const gsize pieces[] = { 1, 2, 700, 1536, 1537, 1538, 3072, 3073 };

GST_START_TEST (plain_client_is_answered)
{
  g_autoptr (GByteArray) bytes = client_bytes (0);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  PenstockRtmpHandshake *server =
      penstock_rtmp_handshake_new (PENSTOCK_RTMP_HANDSHAKE_SERVER, 7, out);

  assert_equals_int (out->len, 0);
  assert_equals_int (feed (server, bytes->data, bytes->len, pieces[__i__], out),
      PENSTOCK_RTMP_PARSE_DONE);
  fail_if (penstock_rtmp_handshake_is_signed (server));
  assert_equals_int (out->len, 1 + 2 * SIZE);
  assert_equals_int (out->data[0], 3);
  assert_equals_uint64 (GST_READ_UINT32_BE (out->data + 5), 0);
  fail_unless (memcmp (out->data + 1 + SIZE, bytes->data + 1, SIZE) == 0);
  penstock_rtmp_handshake_free (server);
}
GST_END_TEST;

GST_START_TEST (everything_is_sent_before_the_second_block_comes)
{
  g_autoptr (GByteArray) bytes = client_bytes (0);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  PenstockRtmpHandshake *server =
      penstock_rtmp_handshake_new (PENSTOCK_RTMP_HANDSHAKE_SERVER, 7, out);

  assert_equals_int (
      feed (server, bytes->data, SIZE, 4096, out), PENSTOCK_RTMP_PARSE_MORE);
  assert_equals_int (out->len, 0);
  assert_equals_int (feed (server, bytes->data + SIZE, 1, 4096, out),
      PENSTOCK_RTMP_PARSE_MORE);
  assert_equals_int (out->len, 1 + 2 * SIZE);
  penstock_rtmp_handshake_free (server);
}
GST_END_TEST;

GST_START_TEST (bytes_behind_the_handshake_are_left)
{
  g_autoptr (GByteArray) bytes = client_bytes (0);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  PenstockRtmpHandshake *server =
      penstock_rtmp_handshake_new (PENSTOCK_RTMP_HANDSHAKE_SERVER, 7, out);
  gsize consumed;

  g_byte_array_append (bytes, (const guint8 *) "more", 4);
  assert_equals_int (penstock_rtmp_handshake_feed (
                         server, bytes->data, bytes->len, &consumed, out),
      PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (consumed, bytes->len - 4);
  penstock_rtmp_handshake_free (server);
}
GST_END_TEST;

GST_START_TEST (signed_client_gets_a_signed_answer)
{
  guint schema = __i__;
  g_autoptr (GByteArray) bytes = client_bytes (0x09007c02);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint8 *c1 = bytes->data + 1;
  guint offset = penstock_rtmp_handshake_digest_offset (c1, schema);
  PenstockRtmpHandshake *server =
      penstock_rtmp_handshake_new (PENSTOCK_RTMP_HANDSHAKE_SERVER, 7, out);

  digest_of (c1, offset, player_key, c1 + offset);
  assert_equals_int (feed (server, bytes->data, bytes->len, 4096, out),
      PENSTOCK_RTMP_PARSE_DONE);
  fail_unless (penstock_rtmp_handshake_is_signed (server));
  assert_equals_int (out->len, 1 + 2 * SIZE);
  fail_unless (has_digest (out->data + 1, schema, server_key));
  /* Players look at the digest from version 3 on. */
  fail_unless (out->data[5] >= 3);
  penstock_rtmp_handshake_free (server);
}
GST_END_TEST;

GST_START_TEST (version_without_digest_gets_a_plain_answer)
{
  g_autoptr (GByteArray) bytes = client_bytes (0x09007c02);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  PenstockRtmpHandshake *server =
      penstock_rtmp_handshake_new (PENSTOCK_RTMP_HANDSHAKE_SERVER, 7, out);

  assert_equals_int (feed (server, bytes->data, bytes->len, 4096, out),
      PENSTOCK_RTMP_PARSE_DONE);
  fail_if (penstock_rtmp_handshake_is_signed (server));
  assert_equals_uint64 (GST_READ_UINT32_BE (out->data + 5), 0);
  fail_unless (memcmp (out->data + 1 + SIZE, bytes->data + 1, SIZE) == 0);
  penstock_rtmp_handshake_free (server);
}
GST_END_TEST;

static const PenstockRtmpHandshakeRole client_roles[] = {
  PENSTOCK_RTMP_HANDSHAKE_CLIENT, PENSTOCK_RTMP_HANDSHAKE_CLIENT_DIGEST
};

GST_START_TEST (both_roles_shake_hands)
{
  gboolean digest =
      client_roles[__i__] == PENSTOCK_RTMP_HANDSHAKE_CLIENT_DIGEST;
  g_autoptr (GByteArray) up = g_byte_array_new ();
  g_autoptr (GByteArray) down = g_byte_array_new ();
  PenstockRtmpHandshake *client =
      penstock_rtmp_handshake_new (client_roles[__i__], 1, up);
  PenstockRtmpHandshake *server =
      penstock_rtmp_handshake_new (PENSTOCK_RTMP_HANDSHAKE_SERVER, 2, down);

  assert_equals_int (up->len, 1 + SIZE);
  assert_equals_int (
      feed (server, up->data, up->len, 100, down), PENSTOCK_RTMP_PARSE_MORE);
  assert_equals_int (
      feed (client, down->data, down->len, 100, up), PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (up->len, 1 + 2 * SIZE);
  assert_equals_int (feed (server, up->data + 1 + SIZE, SIZE, 100, down),
      PENSTOCK_RTMP_PARSE_DONE);
  assert_equals_int (penstock_rtmp_handshake_is_signed (client), digest);
  assert_equals_int (penstock_rtmp_handshake_is_signed (server), digest);
  if (!digest)
    fail_unless (memcmp (up->data + 1 + SIZE, down->data + 1, SIZE) == 0);
  penstock_rtmp_handshake_free (client);
  penstock_rtmp_handshake_free (server);
}
GST_END_TEST;

static const guint8 other_versions[] = { 0, 1, 2, 4, 6, 8, 'G', 'P', 0x16,
  255 };

GST_START_TEST (other_versions_are_refused)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  PenstockRtmpHandshake *server =
      penstock_rtmp_handshake_new (PENSTOCK_RTMP_HANDSHAKE_SERVER, 7, out);

  assert_equals_int (feed (server, &other_versions[__i__], 1, 1, out),
      PENSTOCK_RTMP_PARSE_ERROR);
  assert_equals_int (out->len, 0);
  penstock_rtmp_handshake_free (server);
}
GST_END_TEST;

static Suite *
rtmp_handshake_suite (void)
{
  Suite *suite = suite_create ("rtmp-handshake");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, plain_client_is_answered, 0, G_N_ELEMENTS (pieces));
  tcase_add_test (tcase, everything_is_sent_before_the_second_block_comes);
  tcase_add_test (tcase, bytes_behind_the_handshake_are_left);
  tcase_add_loop_test (tcase, signed_client_gets_a_signed_answer, 0, 2);
  tcase_add_test (tcase, version_without_digest_gets_a_plain_answer);
  tcase_add_loop_test (
      tcase, both_roles_shake_hands, 0, G_N_ELEMENTS (client_roles));
  tcase_add_loop_test (
      tcase, other_versions_are_refused, 0, G_N_ELEMENTS (other_versions));
  return suite;
}

GST_CHECK_MAIN (rtmp_handshake);
