/* SPDX-License-Identifier: MIT
 *
 * URLs of RTSP requests: the path, and what the query asks for. Players append
 * the name of a stream to the whole URL, also behind a query. Pure. */
#ifndef PENSTOCK_RTSP_URL_H
#define PENSTOCK_RTSP_URL_H

#include <gst/rtsp/gstrtspurl.h>

#include "channel/gop-log.h"

G_BEGIN_DECLS

/* (transfer full): "/live/one/stream=0", without the query, for both
 * "/live/one/stream=0?x=1" and "/live/one?x=1/stream=0". */
gchar *penstock_rtsp_url_dup_path (const GstRTSPUrl *url);

/**
 * PenstockRtspWish:
 * @said: whether the rest is
 * @start: where the viewer wants to begin
 *
 * What the query of a URL asks for.
 */
typedef struct {
  gboolean said;
  PenstockStart start;
} PenstockRtspWish;

/**
 * penstock_rtsp_url_read_wish:
 * @query: (nullable): of a URL, what is behind its "?"
 * @wish: (out): of a query without `start`: nothing is said
 * @why: (out) (transfer full): what is wrong, for the log
 *
 * Reads `start=cache`, `start=catch-up` or `start=keyframe`; other keys are not
 * looked at.
 *
 * Returns: %FALSE with @why when it says something else, or says it twice
 */
gboolean penstock_rtsp_url_read_wish (
    const gchar *query, PenstockRtspWish *wish, gchar **why);

G_END_DECLS

#endif /* PENSTOCK_RTSP_URL_H */
