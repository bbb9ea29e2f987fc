/* SPDX-License-Identifier: MIT
 *
 * What tests may do to the HTTP server that nobody else may. */
#ifndef PENSTOCK_HTTP_SERVER_PRIVATE_H
#define PENSTOCK_HTTP_SERVER_PRIVATE_H

#include "http-limits.h"
#include "http-server.h"

G_BEGIN_DECLS

/* What libsoup holds now: connections that are not freed, and requests that
 * have started and are not freed. Any thread. */
typedef struct {
  guint connections, messages;
} HttpServerCounts;

HttpServerCounts penstock_priv_http_server_count (PenstockHttpServer *self);

G_END_DECLS

#endif /* PENSTOCK_HTTP_SERVER_PRIVATE_H */
