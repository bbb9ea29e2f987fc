/* SPDX-License-Identifier: MIT
 *
 * What the HTTP server counts in its thread and others read. All atomic. */
#ifndef PENSTOCK_HTTP_COUNTERS_H
#define PENSTOCK_HTTP_COUNTERS_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gsize connections; /* now */
  /* Since the server was made. */
  gsize accepted, refused_total, refused_address, handshakes_failed, requests;
} HttpCounters;

static inline void
http_counter_add (gsize *counter, gssize n)
{
  g_atomic_pointer_add (counter, n);
}

static inline gsize
http_counter_get (const gsize *counter)
{
  return (gsize) g_atomic_pointer_get ((gsize *) counter);
}

G_END_DECLS

#endif /* PENSTOCK_HTTP_COUNTERS_H */
