/* SPDX-License-Identifier: MIT
 *
 * Wrong credentials by address. See rtsp-failures.h. */

#include "rtsp-failures.h"

#include <gio/gio.h>
#include <string.h>

/* When everything the address did is forgiven; each failure moves it. */
typedef struct {
  gchar *key;
  guint64 clean_s;
  GList link; /* in `order`, oldest failure first */
} Address;

struct _PenstockRtspFailures {
  GHashTable *addresses; /* key -> Address, owned */
  GQueue order;
};

static void
address_free (gpointer data)
{
  Address *address = data;

  g_free (address->key);
  g_free (address);
}

PenstockRtspFailures *
penstock_rtsp_failures_new (void)
{
  PenstockRtspFailures *self = g_new0 (PenstockRtspFailures, 1);

  self->addresses =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, address_free);
  g_queue_init (&self->order);
  return self;
}

void
penstock_rtsp_failures_free (PenstockRtspFailures *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->addresses);
  g_free (self);
}

/* The address, or the first half of an IPv6 one. */
static gchar *
key_of (const gchar *ip)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (ip);

  if (!address || g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
    return g_strdup (ip);
  guint8 bytes[16] = { 0 };
  memcpy (bytes, g_inet_address_to_bytes (address), 8);
  g_autoptr (GInetAddress) network =
      g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV6);
  return g_inet_address_to_string (network);
}

static gboolean
is_blocked (const Address *address, guint64 now_s)
{
  guint64 allowed_s = (guint64) (PENSTOCK_RTSP_FAILURES_AT_ONCE - 1) *
      PENSTOCK_RTSP_FAILURES_INTERVAL_S;

  return address->clean_s > now_s + allowed_s;
}

gboolean
penstock_rtsp_failures_is_blocked (
    PenstockRtspFailures *self, const gchar *ip, guint64 now_s)
{
  g_autofree gchar *key = key_of (ip);
  const Address *address = g_hash_table_lookup (self->addresses, key);

  return address && is_blocked (address, now_s);
}

static void
forget (PenstockRtspFailures *self, Address *address)
{
  g_queue_unlink (&self->order, &address->link);
  g_hash_table_remove (self->addresses, address->key);
}

static Address *
remember (PenstockRtspFailures *self, gchar *taken_key)
{
  Address *address = g_new0 (Address, 1);

  if (g_hash_table_size (self->addresses) >= PENSTOCK_RTSP_FAILURES_ADDRESSES)
    forget (self, g_queue_peek_head (&self->order));
  address->key = taken_key;
  address->link.data = address;
  g_queue_push_tail_link (&self->order, &address->link);
  g_hash_table_insert (self->addresses, address->key, address);
  return address;
}

gboolean
penstock_rtsp_failures_add (
    PenstockRtspFailures *self, const gchar *ip, guint64 now_s)
{
  g_autofree gchar *key = key_of (ip);
  Address *address = g_hash_table_lookup (self->addresses, key);

  if (!address) {
    address = remember (self, g_steal_pointer (&key));
  } else {
    g_queue_unlink (&self->order, &address->link);
    g_queue_push_tail_link (&self->order, &address->link);
  }
  gboolean was_blocked = is_blocked (address, now_s);
  if (!was_blocked)
    address->clean_s =
        MAX (address->clean_s, now_s) + PENSTOCK_RTSP_FAILURES_INTERVAL_S;
  return !was_blocked && is_blocked (address, now_s);
}

guint
penstock_rtsp_failures_get_n_addresses (PenstockRtspFailures *self)
{
  return g_hash_table_size (self->addresses);
}
