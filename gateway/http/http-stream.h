/* SPDX-License-Identifier: MIT
 *
 * What libsoup reads and writes a client by: the stream of a socket (or of TLS
 * on it) that bounds the headers of a request, and whose end libsoup cannot
 * overlook.
 *
 * libsoup 3.2 (up to 3.3.0) learns of a request with its first line. A
 * connection that ends before that line, but after an earlier request, has no
 * owner there: it is neither closed nor freed. So between two requests the end
 * is told as a line and then an error: that begins a request, and its failure
 * ends the connection. HTTP thread only. */
#ifndef PENSTOCK_HTTP_STREAM_H
#define PENSTOCK_HTTP_STREAM_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_HTTP_STREAM (penstock_http_stream_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockHttpStream, penstock_http_stream, PENSTOCK, HTTP_STREAM, GIOStream)

/* What libsoup reads. */
typedef enum {
  HTTP_STREAM_BETWEEN, /* a request that it does not know of yet */
  HTTP_STREAM_HEADERS, /* the headers of one that has started */
  HTTP_STREAM_BODY,    /* what comes behind: of any length */
} HttpStreamPhase;

/* @base: @socket's stream, or TLS on it. @max_header_bytes: reading fails when
 * the headers of a request are not complete with so many. In phase HEADERS:
 * libsoup starts the first request at once. (transfer full) */
PenstockHttpStream *penstock_priv_http_stream_new (
    GIOStream *base, GSocket *socket, gsize max_header_bytes);

void penstock_priv_http_stream_set_phase (
    PenstockHttpStream *self, HttpStreamPhase phase);

G_END_DECLS

#endif /* PENSTOCK_HTTP_STREAM_H */
