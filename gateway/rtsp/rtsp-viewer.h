/* SPDX-License-Identifier: MIT
 *
 * One connection that has set up a mount, as the mount knows it: who it is and
 * how it fares. */
#ifndef PENSTOCK_RTSP_VIEWER_H
#define PENSTOCK_RTSP_VIEWER_H

#include <gst/rtsp-server/rtsp-server.h>

#include "../penstock-viewer-private.h"
#include "rtsp-media.h"
#include "rtsp-play.h"
#include "rtsp-url.h"

G_BEGIN_DECLS

/**
 * PenstockRtspViewer:
 * @id: of the connection
 * @fd: a duplicate of its socket; not owned
 * @address: as it is counted
 * @agent: (nullable): what it says it is
 * @transport: "tcp" or "udp", of the stream it has set up first; static
 * @since_us: UTC, of the first SETUP
 * @wish: what it asked for by its URL; the connection's thread
 * @playing: whether it plays
 * @joined: whether it has played
 * @why_closed: (nullable): by us; static
 * @media: (owned): what it has set up
 * @session: of that, which may end before
 * @play: (owned) (nullable): once it has played; the connection's thread
 * @stats: (owned) (nullable): likewise, for anybody
 * @receptions: (owned) (nullable): likewise, of its streams
 *
 * Owned by the connection, in the list of the factory from
 * penstock_rtsp_factory_add_viewer() to penstock_rtsp_factory_remove_viewer().
 * What changes meanwhile is guarded by the factory.
 */
typedef struct {
  guint id;
  gint fd;
  guint64 address;
  gchar *peer, *agent;
  const gchar *transport;
  gint64 since_us;
  PenstockRtspWish wish;
  gboolean playing, joined;
  const gchar *why_closed;
  PenstockRtspMedia *media;
  GWeakRef session; /* of GstRTSPSession */
  PenstockRtspPlay *play;
  PenstockRtpViewerStats *stats;
  PenstockRtpReception *receptions;
  /*< private >*/
  PenstockRtspFactory *factory; /* owned */
  gint64 seen_us;               /* its progress when it was last looked at */
  GList link;
} PenstockRtspViewer;

/* Of the members above, with what they own. Not while it is in a list. */
void penstock_rtsp_viewer_free (PenstockRtspViewer *viewer);

/* With the factory's lock, every few seconds. What the viewer has read inside
 * its connection is a sign of life, as RTCP and requests are. FALSE: it has not
 * read for @stall_us, and is to go. @now: monotonic. @touched: (element-type
 * GstRTSPSession): grows; to be freed without the lock. */
gboolean penstock_rtsp_viewer_check (PenstockRtspViewer *viewer, gint64 now,
    gint64 stall_us, GPtrArray *touched);

/**
 * penstock_rtsp_viewer_expect_reports:
 * @media: that it plays
 * @session: of that
 * @peer: (nullable): where its connection comes from
 *
 * Returns: (transfer full) (nullable): how packets reach it, once it tells
 */
PenstockRtpReception *penstock_rtsp_viewer_expect_reports (
    PenstockRtspMedia *media, GstRTSPSessionMedia *session,
    GSocketAddress *peer);

/* With the factory's lock: cuts its connection, which the library notices in
 * its own threads, and cleans up there. */
void penstock_rtsp_viewer_close (PenstockRtspViewer *viewer, const gchar *why);
/* (nullable): why it was closed by us. Static. */
const gchar *penstock_rtsp_viewer_why_closed (const PenstockRtspViewer *viewer);

/* With the factory's lock; (transfer full). */
PenstockViewer *penstock_rtsp_viewer_describe (
    const PenstockRtspViewer *viewer, const gchar *route);

G_END_DECLS

#endif /* PENSTOCK_RTSP_VIEWER_H */
