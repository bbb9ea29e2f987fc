/* SPDX-License-Identifier: MIT
 *
 * What the HTTP server reads in HLS: names of parts, delivery directives, how
 * far a playlist has come (draft-pantos-hls-rfc8216bis). Pure. */
#ifndef PENSTOCK_HTTP_HLS_H
#define PENSTOCK_HTTP_HLS_H

#include <glib.h>

G_BEGIN_DECLS

/* "v0/17.3.m4s" is part 3 of "v0/17.m4s". @file: (out) (transfer full). FALSE
 * when @path is not the name of a part as playlists write it. */
gboolean penstock_priv_http_hls_parse_part (
    const gchar *path, gchar **file, guint *part);

/**
 * HttpHlsWish: what a playlist has to contain before it is wanted
 * @sequence: media sequence number of a segment
 * @part: of it; -1: the whole segment
 */
typedef struct {
  guint64 sequence;
  gint part;
} HttpHlsWish;

typedef enum {
  HTTP_HLS_NO_WISH,
  HTTP_HLS_WISH,
  HTTP_HLS_BAD_WISH, /* not a number, or a part of nothing */
} HttpHlsDirectives;

/* Section 6.2.5.2. @query: (nullable). Other parameters are ignored. */
HttpHlsDirectives penstock_priv_http_hls_parse_query (
    const gchar *query, HttpHlsWish *wish);

/**
 * HttpHlsPosition:
 * @target_s: EXT-X-TARGETDURATION
 * @next: media sequence number of the segment that is not complete
 * @n_parts: that are listed of it
 * @n_last_parts: that are listed of the last complete segment; 0: unknown
 * @ended: nothing more comes
 */
typedef struct {
  guint target_s;
  guint64 next;
  guint n_parts, n_last_parts;
  gboolean ended;
} HttpHlsPosition;

/* FALSE when @text is not a media playlist. */
gboolean penstock_priv_http_hls_read_position (
    const gchar *text, gsize size, HttpHlsPosition *position);

typedef enum {
  HTTP_HLS_THERE,
  HTTP_HLS_SOON,
  HTTP_HLS_TOO_FAR, /* more than two segments behind the end */
} HttpHlsOutlook;

/* A part behind the last one of its segment is the first of the next. */
HttpHlsOutlook penstock_priv_http_hls_look (
    const HttpHlsPosition *position, const HttpHlsWish *wish);

G_END_DECLS

#endif /* PENSTOCK_HTTP_HLS_H */
