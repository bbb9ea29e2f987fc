/* SPDX-License-Identifier: MIT
 *
 * Names of streams: the canonical path made from application and stream name,
 * query parameters, and rtmp:// URLs. Pure. */
#ifndef PENSTOCK_RTMP_PATH_H
#define PENSTOCK_RTMP_PATH_H

#include <glib.h>

G_BEGIN_DECLS

/* Of a URL that names none: 1935, of RTMPS 443. */
guint16 penstock_rtmp_default_port (gboolean tls);

/**
 * penstock_rtmp_path_canonical:
 * @app: (nullable): application, maybe with a query
 * @tc_url: (nullable): used when @app is empty
 * @name: (nullable): stream name, maybe with a query
 *
 * Application and name joined, without queries, `_definst_`, prefixes like
 * `mp4:`, and superfluous slashes: "live" + "KEY", "live/" + "/KEY" and "" +
 * "live/KEY" are one path.
 *
 * Returns: (transfer full) (nullable): %NULL when there is nothing left or it
 *   has control characters, "..", invalid UTF-8, or too much of anything
 */
gchar *penstock_rtmp_path_canonical (
    const gchar *app, const gchar *tc_url, const gchar *name);

/* (transfer full) (nullable): @path in the same form, with the same checks. */
gchar *penstock_rtmp_path_clean (const gchar *path);

/* (transfer full): @text up to its query. */
gchar *penstock_rtmp_path_without_query (const gchar *text);

/* Adds the query of @text, if any, to @query, separated by `&`. */
void penstock_rtmp_path_add_query (GString *query, const gchar *text);

/* (transfer full) (nullable): the last value of @name in @query,
 * percent-decoded ("+" stays); %NULL when there is none or it is malformed. */
gchar *penstock_rtmp_path_dup_parameter (const gchar *query, const gchar *name);

/**
 * PenstockRtmpUrl:
 * @tls: rtmps://
 * @host: without brackets
 * @app: all segments but the last, with the query when it stands there
 * @name: last segment, with its query
 * @tc_url: rtmp://host:port/app, or rtmps://
 */
typedef struct {
  gboolean tls;
  gchar *host;
  guint16 port;
  gchar *user;
  gchar *password;
  gchar *app;
  gchar *name;
  gchar *tc_url;
} PenstockRtmpUrl;

/* %NULL with a sentence in @error (static) when @url is not rtmp:// or
 * rtmps://, or has no host or stream. */
PenstockRtmpUrl *penstock_rtmp_url_parse (
    const gchar *url, const gchar **error);
void penstock_rtmp_url_free (PenstockRtmpUrl *url);

/* (transfer full): where @url leads, without what may be secret: the name (a
 * publish key, for many services), queries, user and password. */
gchar *penstock_rtmp_url_public (const PenstockRtmpUrl *url);
/* (transfer full): @text, which a server may have made from what it was sent,
 * with the secrets of @url blotted out. */
gchar *penstock_rtmp_url_mask (const PenstockRtmpUrl *url, const gchar *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockRtmpUrl, penstock_rtmp_url_free)

G_END_DECLS

#endif /* PENSTOCK_RTMP_PATH_H */
