/* SPDX-License-Identifier: MIT
 *
 * What a client of the HTTP server can make us hold, and for how long. `http` in
 * the route map sets each of them; these are its defaults, a test says so. */
#ifndef PENSTOCK_HTTP_LIMITS_H
#define PENSTOCK_HTTP_LIMITS_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  /* Connections at a time. Beyond it the one that is idle for longest goes;
   * with none idle the new one is answered 503. */
  guint max_connections;
  guint max_per_address;  /* connections of one address; 0: no such limit */
  guint max_header_bytes; /* of a request; a longer one ends its connection */
  guint request_ms;       /* from accept to the headers of a request, and from
                     * headers to the end of the body */
  guint idle_ms;  /* between two requests, up to the headers of the second */
  guint stall_ms; /* with bytes to send and none taken */
  guint write_ms; /* until everything that was queued has been taken */
  guint64 max_pending_bytes; /* a growing file ends at a reader so far behind */
  guint hold_ms;             /* for the next media segment, beyond its time */
  guint max_hold_ms;         /* for the next media segment, in all */
  guint status_cache_ms;     /* age up to which a status is given again */
  guint status_wait_ms;      /* for the control context to make one */
  guint viewer_ms;           /* a client is a viewer since it asked for media */
} HttpLimits;

#define HTTP_LIMITS_DEFAULT                                                    \
  {                                                                            \
    .max_connections = 4096, .max_header_bytes = 16 * 1024,                    \
    .request_ms = 10 * 1000, .idle_ms = 75 * 1000, .stall_ms = 15 * 1000,      \
    .write_ms = 120 * 1000, .max_pending_bytes = 32 * 1024 * 1024,             \
    .hold_ms = 1000, .max_hold_ms = 15000, .status_cache_ms = 250,             \
    .status_wait_ms = 5 * 1000, .viewer_ms = 15 * 1000                         \
  }

G_END_DECLS

#endif /* PENSTOCK_HTTP_LIMITS_H */
