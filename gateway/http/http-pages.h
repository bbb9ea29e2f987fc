/* SPDX-License-Identifier: MIT
 *
 * The pages for people and what they are made of: index, player, errors,
 * style, scripts, dash.js. Files are compiled in as a GResource; values are
 * filled in here and HTML-escaped. HTTP thread only. */
#ifndef PENSTOCK_HTTP_PAGES_H
#define PENSTOCK_HTTP_PAGES_H

#include "http-request.h"

G_BEGIN_DECLS

/* @routes: (element-type utf8): names, sorted. */
void http_pages_answer_index (HttpRequest *request, GPtrArray *routes);

typedef enum {
  HTTP_PLAYER_READY,
  HTTP_PLAYER_NO_DASH, /* the route has no DASH output */
  HTTP_PLAYER_UNKNOWN, /* no such route now: 404, and the page waits for it */
} HttpPlayer;
void http_pages_answer_player (
    HttpRequest *request, const gchar *route, HttpPlayer player);

/* A page for browsers, a line of text for the rest. @text: one sentence. */
void http_pages_answer_error (
    HttpRequest *request, guint status, const gchar *text);

/* "style.css", ...; FALSE when there is no such file. */
gboolean http_pages_answer_asset (HttpRequest *request, const gchar *name);

G_END_DECLS

#endif /* PENSTOCK_HTTP_PAGES_H */
