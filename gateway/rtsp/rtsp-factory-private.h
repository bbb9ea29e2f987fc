/* SPDX-License-Identifier: MIT
 *
 * The inside of a mount, shared by rtsp-factory.c (object, making a media),
 * rtsp-factory-life.c (which media is offered, and how long) and
 * rtsp-factory-viewers.c (who watches, status). */
#ifndef PENSTOCK_RTSP_FACTORY_PRIVATE_H
#define PENSTOCK_RTSP_FACTORY_PRIVATE_H

#include "rtsp-factory.h"

G_BEGIN_DECLS

struct _PenstockRtspFactory {
  GstRTSPMediaFactory parent;

  /* Set at construction. */
  gchar *path;
  PenstockChannel *channel;
  GstClock *clock;
  GstClockTime base_time;
  GMainContext *context;
  PenstockRtspReaper *reaper;
  gulong layout_handler, state_handler; /* control context */
  PenstockRtspCensus *census;
  PenstockRtspEvents *events;
  PenstockLoopPool *writers; /* set while it is mounted first */

  GMutex lock; /* guards the rest and the viewers; taken last */
  gboolean closed;
  guint generation;           /* key in the library's cache */
  PenstockRtspMedia *current; /* owned, pinned */
  GPtrArray *retired;         /* of PenstockRtspMedia, owned, pinned */
  GQueue viewers;             /* of PenstockRtspViewer */
  guint n_admitted;           /* that are to be added */
  guint n_requests;
  gint64 last_request_us; /* monotonic */
  gint64 reduced_us;      /* since when the layout lacks a track; 0 = not */
  PenstockRtspMountSettings settings;
  guint n_rebuilds; /* media given up for its layout or an error */
  gchar *reason;    /* of the last one */
};

/* Whether the channel goes on and has a track that RTP carries. */
gboolean penstock_rtsp_factory_can_play (PenstockRtspFactory *self);
/* Once: follows the channel's layout and state until the mount is closed. */
void penstock_rtsp_factory_watch_channel (PenstockRtspFactory *self);
/* With the lock, when a request or a viewer has gone: a media that has nobody
 * left goes, and what nobody uses is freed. */
void penstock_rtsp_factory_let_go (PenstockRtspFactory *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_FACTORY_PRIVATE_H */
