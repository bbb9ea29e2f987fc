/* SPDX-License-Identifier: MIT
 *
 * Connections by address. See rtmp-peers.h. */

#include "rtmp-peers.h"

#include <string.h>

#include "io/ip-host.h"

#define MINUTE_MS 60000

/* Lines of one kind. */
typedef struct {
  gint64 since; /* the first one of this minute */
  guint n, n_unlogged;
} Lines;

/* An address, or a network when only n_connections counts. */
typedef struct {
  PenstockRtmpAddress address;
  guint n_connections, n_half_open;
  gint64 tokens; /* thousandths of a connection that may come */
  gint64 tokens_at;
  guint n_failures; /* since failures_at */
  gint64 failures_at, blocked_until;
  Lines lines[PENSTOCK_RTMP_N_LINES];
  gint64 seen_at;
  GList link; /* in idle, oldest first, while n_connections is 0 */
} Peer;

struct _PenstockRtmpPeers {
  GHashTable *addresses; /* of Peer, by the address in it */
  GHashTable *networks;  /* the same */
  GQueue idle;           /* of addresses */
  PenstockRtmpPeersStats stats;
};

const gchar *
penstock_rtmp_admission_to_string (PenstockRtmpAdmission admission)
{
  static const gchar *const names[] = { "admitted", "total", "address",
    "network", "rate", "blocked" };

  g_return_val_if_fail (admission < G_N_ELEMENTS (names), NULL);
  return names[admission];
}

static guint
address_hash (gconstpointer key)
{
  const guint8 *bytes = key;
  guint hash = 5381;

  for (guint i = 0; i < sizeof (PenstockRtmpAddress); i++)
    hash = hash * 33 + bytes[i];
  return hash;
}

static gboolean
address_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (PenstockRtmpAddress)) == 0;
}

PenstockRtmpPeers *
penstock_rtmp_peers_new (void)
{
  PenstockRtmpPeers *self = g_new0 (PenstockRtmpPeers, 1);

  self->addresses =
      g_hash_table_new_full (address_hash, address_equal, NULL, g_free);
  self->networks =
      g_hash_table_new_full (address_hash, address_equal, NULL, g_free);
  g_queue_init (&self->idle);
  return self;
}

void
penstock_rtmp_peers_free (PenstockRtmpPeers *self)
{
  g_hash_table_unref (self->addresses);
  g_hash_table_unref (self->networks);
  g_free (self);
}

/* What counts as one address. */
static PenstockRtmpAddress
host_of (const PenstockRtmpAddress *address)
{
  PenstockRtmpAddress host;

  penstock_ip_host (address->bytes, host.bytes);
  return host;
}

static PenstockRtmpAddress
network_of (const PenstockRtmpAddress *address)
{
  PenstockRtmpAddress network = host_of (address);

  if (penstock_ip_is_mapped (address->bytes))
    network.bytes[15] = 0;
  return network;
}

static Peer *
find (GHashTable *table, const PenstockRtmpAddress *address)
{
  return g_hash_table_lookup (table, address);
}

static Peer *
add (GHashTable *table, const PenstockRtmpAddress *address)
{
  Peer *peer = g_new0 (Peer, 1);

  peer->address = *address;
  peer->link.data = peer;
  g_hash_table_insert (table, &peer->address, peer);
  return peer;
}

static void
forget (PenstockRtmpPeers *self, Peer *peer)
{
  g_queue_unlink (&self->idle, &peer->link);
  g_hash_table_remove (self->addresses, &peer->address);
}

/* Nothing of it matters any more. */
static gboolean
is_stale (const Peer *peer, gint64 now_ms)
{
  return now_ms >= peer->blocked_until && now_ms - peer->seen_at >= MINUTE_MS;
}

/* The entry of an address; old ones without a connection make room. */
static Peer *
get_host (PenstockRtmpPeers *self, const PenstockRtmpAddress *address,
    const PenstockRtmpLimits *limits, gint64 now_ms)
{
  const PenstockRtmpAddress host = host_of (address);
  Peer *peer = find (self->addresses, &host);

  if (peer) {
    peer->seen_at = now_ms;
    return peer;
  }
  while (self->idle.head &&
      (self->idle.length >= PENSTOCK_RTMP_MAX_ADDRESSES ||
          is_stale (self->idle.head->data, now_ms)))
    forget (self, self->idle.head->data);
  peer = add (self->addresses, &host);
  peer->tokens = limits ? (gint64) limits->connects_per_second * 1000 : 0;
  peer->tokens_at = now_ms;
  peer->failures_at = peer->seen_at = now_ms;
  g_queue_push_tail_link (&self->idle, &peer->link);
  return peer;
}

static gboolean
take_token (Peer *peer, guint rate, gint64 now_ms)
{
  if (rate == 0)
    return TRUE;
  peer->tokens += MIN (now_ms - peer->tokens_at, MINUTE_MS) * rate;
  peer->tokens = MIN (peer->tokens, (gint64) rate * 1000);
  peer->tokens_at = now_ms;
  if (peer->tokens < 1000)
    return FALSE;
  peer->tokens -= 1000;
  return TRUE;
}

static gboolean
is_reached (guint n, guint limit)
{
  return limit > 0 && n >= limit;
}

static PenstockRtmpAdmission
judge (PenstockRtmpPeers *self, Peer *peer, guint n_network,
    const PenstockRtmpLimits *limits, gint64 now_ms)
{
  if (now_ms < peer->blocked_until)
    return PENSTOCK_RTMP_REFUSE_BLOCKED;
  if (!take_token (peer, limits->connects_per_second, now_ms))
    return PENSTOCK_RTMP_REFUSE_RATE;
  if (is_reached (self->stats.connections, limits->max_connections))
    return PENSTOCK_RTMP_REFUSE_TOTAL;
  if (is_reached (peer->n_connections, limits->max_per_address) ||
      is_reached (peer->n_half_open, limits->max_half_open_per_address))
    return PENSTOCK_RTMP_REFUSE_ADDRESS;
  if (is_reached (n_network, limits->max_per_network))
    return PENSTOCK_RTMP_REFUSE_NETWORK;
  return PENSTOCK_RTMP_ADMIT;
}

PenstockRtmpAdmission
penstock_rtmp_peers_admit (PenstockRtmpPeers *self,
    const PenstockRtmpAddress *address, const PenstockRtmpLimits *limits,
    gint64 now_ms)
{
  const PenstockRtmpAddress network_address = network_of (address);
  Peer *peer = get_host (self, address, limits, now_ms);
  Peer *network = find (self->networks, &network_address);
  PenstockRtmpAdmission result =
      judge (self, peer, network ? network->n_connections : 0, limits, now_ms);

  if (result != PENSTOCK_RTMP_ADMIT) {
    self->stats.refused[result]++;
    return result;
  }
  if (!network)
    network = add (self->networks, &network_address);
  if (peer->n_connections == 0)
    g_queue_unlink (&self->idle, &peer->link);
  network->n_connections++;
  peer->n_connections++;
  peer->n_half_open++;
  self->stats.connections++;
  self->stats.half_open++;
  self->stats.total++;
  return result;
}

void
penstock_rtmp_peers_establish (
    PenstockRtmpPeers *self, const PenstockRtmpAddress *address)
{
  const PenstockRtmpAddress host = host_of (address);
  Peer *peer = find (self->addresses, &host);

  g_return_if_fail (peer && peer->n_half_open > 0);
  peer->n_half_open--;
  self->stats.half_open--;
}

void
penstock_rtmp_peers_leave (PenstockRtmpPeers *self,
    const PenstockRtmpAddress *address, gboolean half_open)
{
  const PenstockRtmpAddress host = host_of (address);
  const PenstockRtmpAddress network_address = network_of (address);
  Peer *peer = find (self->addresses, &host);
  Peer *network = find (self->networks, &network_address);

  g_return_if_fail (peer && peer->n_connections > 0 && network);
  if (half_open)
    penstock_rtmp_peers_establish (self, address);
  self->stats.connections--;
  if (--network->n_connections == 0)
    g_hash_table_remove (self->networks, &network_address);
  if (--peer->n_connections == 0)
    g_queue_push_tail_link (&self->idle, &peer->link);
}

gboolean
penstock_rtmp_peers_fail (PenstockRtmpPeers *self,
    const PenstockRtmpAddress *address, const PenstockRtmpLimits *limits,
    gint64 now_ms)
{
  Peer *peer = get_host (self, address, limits, now_ms);

  self->stats.failures++;
  if (now_ms - peer->failures_at >= MINUTE_MS) {
    peer->failures_at = now_ms;
    peer->n_failures = 0;
  }
  if (++peer->n_failures <= limits->failures_per_minute ||
      limits->failures_per_minute == 0)
    return FALSE;
  peer->blocked_until = now_ms + limits->block_ms;
  peer->n_failures = 0;
  return TRUE;
}

gboolean
penstock_rtmp_peers_may_log (PenstockRtmpPeers *self,
    const PenstockRtmpAddress *address, PenstockRtmpLine line, gint64 now_ms,
    guint *more)
{
  static const guint max[] = { 1, 1, 10 };
  Lines *lines = &get_host (self, address, NULL, now_ms)->lines[line];

  if (lines->n == 0 || now_ms - lines->since >= MINUTE_MS) {
    lines->since = now_ms;
    lines->n = 0;
  }
  if (lines->n >= max[line]) {
    lines->n_unlogged++;
    return FALSE;
  }
  lines->n++;
  *more = lines->n_unlogged;
  lines->n_unlogged = 0;
  return TRUE;
}

void
penstock_rtmp_peers_get_stats (
    const PenstockRtmpPeers *self, PenstockRtmpPeersStats *stats)
{
  *stats = self->stats;
  stats->addresses = g_hash_table_size (self->addresses);
}
