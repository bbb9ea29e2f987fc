/* SPDX-License-Identifier: MIT
 *
 * What tests may do to the HTTP server that nobody else may. */
#ifndef PENSTOCK_HTTP_SERVER_PRIVATE_H
#define PENSTOCK_HTTP_SERVER_PRIVATE_H

#include "http-limits.h"
#include "http-server.h"

G_BEGIN_DECLS

/* Before penstock_http_server_start(), and before routes are added. */
void penstock_priv_http_server_set_limits (
    PenstockHttpServer *self, const HttpLimits *limits);
/* Connections held now. Any thread. */
guint penstock_priv_http_server_get_n_connections (PenstockHttpServer *self);

G_END_DECLS

#endif /* PENSTOCK_HTTP_SERVER_PRIVATE_H */
