/* SPDX-License-Identifier: MIT
 *
 * The text side of HTTP, as pure functions: paths, ranges, entity tags, names
 * of media segments, and the few things the server reads in an MPD. */
#ifndef PENSTOCK_HTTP_TEXT_H
#define PENSTOCK_HTTP_TEXT_H

#include <glib.h>

G_BEGIN_DECLS

/* Decodes the path of a request: "/live/caf%C3%A9/" → "live/café/". Segments
 * stay segments: an empty one, ".", "..", one with an encoded slash, a control
 * character or text that is not UTF-8 makes the path invalid. A trailing slash
 * is kept. Returns (transfer full) (nullable): NULL when invalid. */
gchar *penstock_priv_http_decode_path (const gchar *raw);

/* Encodes a route's name for use in a URL; slashes stay. (transfer full) */
gchar *penstock_priv_http_encode_path (const gchar *path);

/* "../" as often as it takes from the path @raw back to "/"; "./" when it is
 * there. Relative links keep working behind a proxy that adds a prefix.
 * (transfer full) */
gchar *penstock_priv_http_base (const gchar *raw);

typedef enum {
  HTTP_RANGE_NONE,        /* send everything */
  HTTP_RANGE_PART,        /* 206 */
  HTTP_RANGE_UNSATISFIED, /* 416 */
} HttpRange;

/* Range: header (RFC 9110, 14.1.2) against a representation of @size bytes.
 * One range of bytes is honoured; several, another unit or bad syntax are
 * ignored, as the RFC allows. @first and @last are inclusive, set for PART. */
HttpRange penstock_priv_http_parse_range (
    const gchar *header, guint64 size, guint64 *first, guint64 *last);

/* If-None-Match (RFC 9110, 13.1.2), weak comparison; "*" matches. */
gboolean penstock_priv_http_etag_matches (
    const gchar *header, const gchar *etag);

/* The media segment before "v0/17.m4s": "v0/16.m4s". (transfer full)
 * (nullable): NULL when @path is not a numbered media segment, or the first. */
gchar *penstock_priv_http_previous_segment (const gchar *path);

/* MPD@timeShiftBufferDepth in seconds, @fallback when absent or odd. */
guint penstock_priv_http_mpd_window_s (const gchar *mpd, guint fallback);

/* A live MPD with UTCTimings whose URLs are absolute: those with a relative
 * value get @time_url, an MPD without any gets one more element. Returns
 * (transfer full) (nullable): NULL when nothing has to change. */
gchar *penstock_priv_http_mpd_with_time (
    const gchar *mpd, gsize size, const gchar *time_url);

/* @format with each {{name}} replaced by the HTML-escaped value; @... are
 * pairs of name and value, then NULL. A name that starts with "html:" is
 * looked up without it and goes in as it is. (transfer full) */
gchar *penstock_priv_http_fill (
    const gchar *format, ...) G_GNUC_NULL_TERMINATED;

/* Now, UTC, xs:dateTime with milliseconds (ISO/IEC 23009-1:2022, 5.8.5.7,
 * urn:mpeg:dash:utc:http-xsdate:2014). (transfer full) */
gchar *penstock_priv_http_xs_date (gint64 real_us);

G_END_DECLS

#endif /* PENSTOCK_HTTP_TEXT_H */
