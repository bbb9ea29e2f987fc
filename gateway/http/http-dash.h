/* SPDX-License-Identifier: MIT
 *
 * The files of one DASH output over HTTP, from its segment store: whole files
 * with ranges and entity tags, files that still grow as chunks, and a moment's
 * patience for the media segment that is about to begin. */
#ifndef PENSTOCK_HTTP_DASH_H
#define PENSTOCK_HTTP_DASH_H

#include "http-limits.h"
#include "http-request.h"

G_BEGIN_DECLS

/* Reference-counted; the writer's thread of the store holds one. */
typedef struct _HttpDash HttpDash;

/* Serves the store called @store. @context: of the HTTP thread. Any thread. */
HttpDash *http_dash_new (
    const gchar *store, GMainContext *context, const HttpLimits *limits);
HttpDash *http_dash_ref (HttpDash *self);
void http_dash_unref (HttpDash *self);

/* Answers a GET or HEAD for @path, now or later. Returns FALSE when there is
 * no such file and none to wait for; the caller answers then. HTTP thread. */
gboolean http_dash_serve (
    HttpDash *self, HttpRequest *request, const gchar *path);
/* For requests from now on. HTTP thread. */
void http_dash_set_limits (HttpDash *self, const HttpLimits *limits);
/* How many clients watch. Any thread. */
guint http_dash_count_viewers (HttpDash *self);
/* Ends the requests that wait. HTTP thread. */
void http_dash_end_waiting (HttpDash *self);
/* The route is gone: nothing is served or waited for any more. HTTP thread, or
 * any other when there is none. */
void http_dash_close (HttpDash *self);

G_END_DECLS

#endif /* PENSTOCK_HTTP_DASH_H */
