/* SPDX-License-Identifier: MIT
 *
 * Counts by address (see http-addresses.h). */

#include "http-addresses.h"

#include <string.h>

/* Bytes of an IPv4 address mapped into IPv6 (RFC 4291, 2.5.5.2) before the four
 * of its own. */
#define MAPPED 12
/* No IPv6 network begins like this: 0000:0000:0000:ffff is in the block of
 * embedded IPv4 addresses. */
#define V4 (G_GUINT64_CONSTANT (0xffff) << 32)

struct _HttpAddresses {
  GHashTable *counts; /* of guint, by guint64 */
};

HttpAddresses *
penstock_priv_http_addresses_new (void)
{
  HttpAddresses *self = g_new0 (HttpAddresses, 1);

  self->counts =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return self;
}

void
penstock_priv_http_addresses_free (HttpAddresses *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->counts);
  g_free (self);
}

guint64
penstock_priv_http_address_key (GSocketAddress *peer)
{
  static const guint8 prefix[MAPPED] = { [10] = 0xff, [11] = 0xff };

  if (!G_IS_INET_SOCKET_ADDRESS (peer))
    return 0;
  GInetAddress *inet =
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (peer));
  const guint8 *bytes = g_inet_address_to_bytes (inet);
  gboolean v6 = g_inet_address_get_family (inet) == G_SOCKET_FAMILY_IPV6;
  guint64 network;
  guint32 host;

  if (v6 && memcmp (bytes, prefix, MAPPED) != 0) {
    memcpy (&network, bytes, sizeof network);
    return GUINT64_FROM_BE (network);
  }
  memcpy (&host, v6 ? bytes + MAPPED : bytes, sizeof host);
  return V4 | GUINT32_FROM_BE (host);
}

guint
penstock_priv_http_addresses_count (HttpAddresses *self, guint64 key)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, &key));
}

void
penstock_priv_http_addresses_add (HttpAddresses *self, guint64 key)
{
  guint n = penstock_priv_http_addresses_count (self, key);

  g_hash_table_replace (
      self->counts, g_memdup2 (&key, sizeof key), GUINT_TO_POINTER (n + 1));
}

void
penstock_priv_http_addresses_remove (HttpAddresses *self, guint64 key)
{
  guint n = penstock_priv_http_addresses_count (self, key);

  g_return_if_fail (n > 0);
  if (n == 1)
    g_hash_table_remove (self->counts, &key);
  else
    g_hash_table_replace (
        self->counts, g_memdup2 (&key, sizeof key), GUINT_TO_POINTER (n - 1));
}
