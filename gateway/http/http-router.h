/* SPDX-License-Identifier: MIT
 *
 * What is found where on the HTTP server: the routes by name, and what their
 * paths and the few fixed ones are answered with. */
#ifndef PENSTOCK_HTTP_ROUTER_H
#define PENSTOCK_HTTP_ROUTER_H

#include "http-dash.h"
#include "http-status.h"

G_BEGIN_DECLS

/* Any thread, but for answers. */
typedef struct _HttpRouter HttpRouter;

HttpRouter *http_router_new (void);
void http_router_free (HttpRouter *self);

/* @dash: (nullable) (transfer full): NULL when the route has no DASH output. */
void http_router_add (HttpRouter *self, const gchar *name, HttpDash *dash);
/* (transfer full) (nullable): what is to be closed of it. */
HttpDash *http_router_remove (HttpRouter *self, const gchar *name);
/* (transfer full): of HttpDash, owned. */
GPtrArray *http_router_list_dashes (HttpRouter *self);
guint http_router_count_viewers (HttpRouter *self, const gchar *name);

/* HTTP thread. A GET or HEAD, now or later. */
void http_router_answer (
    HttpRouter *self, HttpRequest *request, HttpStatus *status);

G_END_DECLS

#endif /* PENSTOCK_HTTP_ROUTER_H */
