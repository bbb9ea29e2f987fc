/* SPDX-License-Identifier: MIT
 *
 * /status.json: asks the control context for the gateway's status and keeps
 * the answer for a moment, so that no number of pages can load it. */
#ifndef PENSTOCK_HTTP_STATUS_H
#define PENSTOCK_HTTP_STATUS_H

#include "http-limits.h"
#include "http-request.h"
#include "http-server.h"

G_BEGIN_DECLS

typedef struct _HttpStatus HttpStatus;

/* @status is called in @control only; answers are given in @http. */
HttpStatus *http_status_new (GMainContext *control, GMainContext *http,
    const HttpLimits *limits, PenstockHttpStatusFunc status,
    gpointer user_data);
/* HTTP thread. */
void http_status_set_limits (HttpStatus *self, const HttpLimits *limits);
/* HTTP thread. Answers now or later. */
void http_status_serve (HttpStatus *self, HttpRequest *request);
/* HTTP thread: nobody is answered any more but with 503. */
void http_status_close (HttpStatus *self);
/* Control context, after the HTTP thread has ended: @status is not called any
 * more when this returns. */
void http_status_free (HttpStatus *self);

G_END_DECLS

#endif /* PENSTOCK_HTTP_STATUS_H */
