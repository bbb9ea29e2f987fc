/* SPDX-License-Identifier: MIT
 *
 * How many things each address has: connections, handshakes. An IPv6 host has
 * a whole /64, so that counts as one address. Pure; not thread-safe. */
#ifndef PENSTOCK_HTTP_ADDRESSES_H
#define PENSTOCK_HTTP_ADDRESSES_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HttpAddresses HttpAddresses;

HttpAddresses *penstock_priv_http_addresses_new (void);
void penstock_priv_http_addresses_free (HttpAddresses *self);

/* What counts as the address of a peer; IPv4 in IPv6 is IPv4. */
guint64 penstock_priv_http_address_key (GSocketAddress *peer);

guint penstock_priv_http_addresses_count (HttpAddresses *self, guint64 key);
void penstock_priv_http_addresses_add (HttpAddresses *self, guint64 key);
/* One that was added is gone. An address with none is forgotten. */
void penstock_priv_http_addresses_remove (HttpAddresses *self, guint64 key);

G_END_DECLS

#endif /* PENSTOCK_HTTP_ADDRESSES_H */
