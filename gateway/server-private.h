/* SPDX-License-Identifier: MIT
 *
 * What the parts of the server share. Control context, unless it says otherwise. */
#ifndef PENSTOCK_SERVER_PRIVATE_H
#define PENSTOCK_SERVER_PRIVATE_H

#include "config-private.h"
#include "config-structs.h"
#include "http/http-server.h"
#include "penstock-server.h"
#include "route-private.h"
#include "route-table.h"
#include "rtmp/rtmp-server.h"
#include "rtsp/rtsp-server.h"

G_BEGIN_DECLS

struct _PenstockServer {
  GObject parent;

  PenstockConfig *config;
  const PenstockConfigData *data;
  GMainContext *context;
  gboolean started, stopping;
  gint64 started_us; /* monotonic */

  GstClock *clock;
  GstClockTime base_time;
  PenstockRouteTable *table;
  PenstockRtmpServer *rtmp;
  PenstockListenAddress rtmp_listen; /* with the real port; owns its host */
  guint16 rtmp_port, rtmps_port;     /* the real ones, 0 = none */
  PenstockRtspServer *rtsp;
  PenstockPublishPorts *ports; /* NULL: no RTSP */
  PenstockHttpServer *http;

  GHashTable *routes;   /* name -> PenstockRoute, owned */
  GHashTable *expiring; /* name -> GSource of a template route that ended */
  guint n_stopping;     /* routes that have not said `stopped` */
};

PenstockRoute *penstock_server_add_route (
    PenstockServer *self, const gchar *name, const PenstockRouteConfig *config);
void penstock_server_viewer_joined (
    PenstockRtspServer *rtsp, PenstockViewer *viewer, PenstockServer *self);
void penstock_server_viewer_left (
    PenstockRtspServer *rtsp, PenstockViewer *viewer, PenstockServer *self);

/* server-listeners.c. When the start fails nothing is open. */
gboolean penstock_server_start_listeners (PenstockServer *self, GError **error);
/* All but RTMP, which goes with the last route. */
void penstock_server_stop_listeners (PenstockServer *self);
/* Limits and credentials of the configuration as it is now. */
void penstock_server_apply_limits (PenstockServer *self);
/* Ports are bound once. All that differ are told, one a line. */
gboolean penstock_server_check_same_listeners (const PenstockConfigData *before,
    const PenstockConfigData *now, GError **error);
/* The files may be the same and say something else. */
gboolean penstock_server_reload_certificate (
    PenstockServer *self, const PenstockConfigData *now, GError **error);

/* server-publishers.c. RTMP I/O thread. */
void penstock_server_publish_refused (const gchar *peer, gboolean is_publisher,
    const gchar *why, gpointer user_data);
/* RTMP I/O thread. @user_data: the server. */
PenstockRtmpUnclaimed penstock_server_unclaimed_publish (
    PenstockRtmpServer *rtmp, const PenstockRtmpPublication *publication,
    gpointer user_data);
/* A thread of RTSP requests. @user_data: the server. */
void penstock_server_publisher_waits (
    PenstockPublishWait *wait, gpointer user_data);

/* server-status.c. @user_data: the server. */
GBytes *penstock_server_status_bytes (gpointer user_data);

G_END_DECLS

#endif
