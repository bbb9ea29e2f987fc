/* SPDX-License-Identifier: MIT
 *
 * What RTSP clients can make us hold, and for how long. `rtsp` in the route map
 * sets each of them; these are its defaults, a test says so. */
#ifndef PENSTOCK_RTSP_LIMITS_H
#define PENSTOCK_RTSP_LIMITS_H

#include <glib.h>

G_BEGIN_DECLS

/* 0: no bound. */
typedef struct {
  guint max_connections;
  guint max_connections_per_address;
  guint max_viewers; /* of all routes */
  guint max_viewers_per_address;
  guint session_ms; /* without a sign of life; whole seconds */
  guint idle_ms;    /* connection without session and requests */
  guint max_body;   /* bytes of a request, without its head */
} PenstockRtspLimits;

#define PENSTOCK_RTSP_LIMITS_DEFAULT                                           \
  {                                                                            \
    .session_ms = 60 * 1000, .idle_ms = 15 * 1000, .max_body = 64 * 1024       \
  }

G_END_DECLS

#endif /* PENSTOCK_RTSP_LIMITS_H */
