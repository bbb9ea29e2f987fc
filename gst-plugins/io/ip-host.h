/* SPDX-License-Identifier: MIT
 *
 * What counts as one host when peers are bounded by address. Pure. */
#ifndef PENSTOCK_IP_HOST_H
#define PENSTOCK_IP_HOST_H

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of an IPv6 address. */
#define PENSTOCK_IP_SIZE 16

/* @address: an IPv6 address in network byte order, or an IPv4 one mapped into it
 * (RFC 4291, 2.5.5.2). */
gboolean penstock_ip_is_mapped (const guint8 *address);

/* @host: the address, of IPv6 its /64, which is what one host has. */
void penstock_ip_host (const guint8 *address, guint8 *host);

G_END_DECLS

#endif /* PENSTOCK_IP_HOST_H */
