/* SPDX-License-Identifier: MIT
 *
 * The inside of a connection, shared by rtsp-client.c (object, connection),
 * rtsp-client-requests.c (what is asked for, answers), rtsp-client-setup.c (who
 * may view) and rtsp-client-play.c (who views). The client's thread. */
#ifndef PENSTOCK_RTSP_CLIENT_PRIVATE_H
#define PENSTOCK_RTSP_CLIENT_PRIVATE_H

#include "rtsp-client.h"

G_BEGIN_DECLS

struct _PenstockRtspClient {
  GstRTSPClient parent;

  PenstockRtspCounter *counter; /* set at construction */
  PenstockRtspCensus *census;   /* set at construction */
  guint id;                     /* set at construction */
  gint fd; /* duplicate of the socket, -1 before; shutdown() is safe on it */
  gchar *peer;      /* set by connected */
  gboolean tls;     /* set by connected */
  guint64 address;  /* as it is counted; set by connected */
  gboolean counted; /* set by connected */

  PenstockPublishPorts
      *ports;                 /* owned; set before the connection; NULL: none */
  PenstockRtspRecord *record; /* owned; from its first ANNOUNCE on */

  gint n_requests; /* atomic; that need no session, and answers */

  /* Tick. */
  gint n_requests_seen;
  gint64 active; /* monotonic time */

  /* The client's thread. */
  gint rtp_channel; /* while SETUP runs: hidden from the library; -1 = none */
  PenstockRtspFactory *request; /* owned; of the request that runs */
  PenstockRtspFactory *admits;  /* owned; admits the viewer of a SETUP */
  PenstockRtspWish wish;        /* of the last DESCRIBE */
  gchar *wish_path;             /* mount of that */
  GstRTSPSession *guarded;      /* owned; must not expire while PLAY runs */
  GPtrArray *viewers;           /* of PenstockRtspViewer, owned */
  PenstockRtpConnection
      *inside; /* sends all, once media is in it; NULL before */
};

/* Each sets the virtual functions of its part. */
void penstock_rtsp_client_requests_class_init (GstRTSPClientClass *klass);
void penstock_rtsp_client_setup_class_init (GstRTSPClientClass *klass);
void penstock_rtsp_client_play_class_init (GstRTSPClientClass *klass);

/* Requests. */

/* (transfer full) (nullable): the mount of a request; with @stream its path may
 * be that of a stream. */
PenstockRtspFactory *penstock_rtsp_client_find_mount (
    PenstockRtspClient *self, const GstRTSPContext *ctx, gboolean stream);
/* Holds the mount until the request ends. */
GstRTSPStatusCode penstock_rtsp_client_begin_request (
    PenstockRtspClient *self, GstRTSPContext *ctx, gboolean stream);
/* Nothing when none runs. */
void penstock_rtsp_client_end_request (
    PenstockRtspClient *self, gboolean failed);
/* FALSE: its URL asks for what there is not. */
gboolean penstock_rtsp_client_read_wish (PenstockRtspClient *self,
    const GstRTSPContext *ctx, PenstockRtspWish *wish);
/* A request about what the connection publishes itself. */
gboolean penstock_rtsp_client_publishes (
    PenstockRtspClient *self, const GstRTSPContext *ctx);

/* SETUP. */

/* Before the library handles it: the status that refuses it, or OK. */
GstRTSPStatusCode penstock_rtsp_client_screen_setup (
    PenstockRtspClient *self, GstRTSPContext *ctx);
/* Dismisses the viewer that was admitted and has not been added. */
void penstock_rtsp_client_end_admission (PenstockRtspClient *self);
/* FALSE: the media of the request does not come. */
gboolean penstock_rtsp_client_wait_for_media (const GstRTSPContext *ctx);

/* PLAY, and the viewers. */

/* (transfer none) (nullable) */
PenstockRtspViewer *penstock_rtsp_client_find_viewer (
    PenstockRtspClient *self, GstRTSPMedia *media);
void penstock_rtsp_client_drop_viewers (PenstockRtspClient *self);
/* The session may expire again. */
void penstock_rtsp_client_end_guard (PenstockRtspClient *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_CLIENT_PRIVATE_H */
