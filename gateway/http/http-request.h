/* SPDX-License-Identifier: MIT
 *
 * One request and its answer: what the handlers of the HTTP server work with
 * instead of the bare message. HTTP thread only. */
#ifndef PENSTOCK_HTTP_REQUEST_H
#define PENSTOCK_HTTP_REQUEST_H

#include <libsoup/soup.h>

#include "http-connection.h"

G_BEGIN_DECLS

typedef struct _HttpRequest HttpRequest;

/* The request is over, whatever the reason. The request must not be used any
 * more; called once at most, and not after http_request_forget(). */
typedef void (*HttpRequestEnded) (HttpRequest *request, gpointer user_data);

/* Lives as long as @message does. */
HttpRequest *http_request_new (SoupServerMessage *message);
HttpRequest *http_request_of (SoupServerMessage *message);

gboolean http_request_is_head (HttpRequest *self);
/* The undecoded path, "/" at least. */
const gchar *http_request_get_raw_path (HttpRequest *self);
/* (nullable): the undecoded text behind "?". */
const gchar *http_request_get_query (HttpRequest *self);
/* (nullable): first value of a request header. */
const gchar *http_request_get_header (HttpRequest *self, const gchar *name);
/* (nullable): address of the client, without a port. */
const gchar *http_request_get_host (HttpRequest *self);
HttpConnection *http_request_get_connection (HttpRequest *self);
/* "http://host:port", or "https", as the client knows us. (transfer full) */
gchar *http_request_get_origin (HttpRequest *self);

/* Sets a header of the answer. */
void http_request_set_header (
    HttpRequest *self, const gchar *name, const gchar *value);
/* A whole answer. @type is (nullable), for an answer without a body. */
void http_request_answer (
    HttpRequest *self, guint status, const gchar *type, GBytes *body);
/* 304 or 204: no body, and no length of one. */
void http_request_answer_empty (HttpRequest *self, guint status);

/* A long answer: begin it, add to it, finish it. @size is the length when it
 * is known (then exactly so much must follow), -1 when not. */
void http_request_begin (
    HttpRequest *self, guint status, const gchar *type, gint64 size);
void http_request_add (HttpRequest *self, GBytes *bytes);
void http_request_finish (HttpRequest *self);
/* Breaks the connection: the client must not take the answer for whole. */
void http_request_abort (HttpRequest *self, const gchar *reason);

/* The answer comes later. @ended tells when nobody waits for it any more. */
void http_request_wait (
    HttpRequest *self, HttpRequestEnded ended, gpointer user_data);
/* @ended of http_request_wait() is not called any more. */
void http_request_forget (HttpRequest *self);

/* For the server: the message is over. */
void http_request_over (HttpRequest *self);

G_END_DECLS

#endif /* PENSTOCK_HTTP_REQUEST_H */
