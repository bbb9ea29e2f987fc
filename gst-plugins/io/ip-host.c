/* SPDX-License-Identifier: MIT
 *
 * Hosts by address. See ip-host.h. */

#include "ip-host.h"

#include <string.h>

/* Bytes of a mapped IPv4 address before the four of its own. */
#define MAPPED 12
/* Bytes of an IPv6 address that name the network of one host. */
#define NETWORK 8

gboolean
penstock_ip_is_mapped (const guint8 *address)
{
  static const guint8 prefix[MAPPED] = { [10] = 0xff, [11] = 0xff };

  return memcmp (address, prefix, MAPPED) == 0;
}

void
penstock_ip_host (const guint8 *address, guint8 *host)
{
  memcpy (host, address, PENSTOCK_IP_SIZE);
  if (!penstock_ip_is_mapped (address))
    memset (host + NETWORK, 0, PENSTOCK_IP_SIZE - NETWORK);
}
