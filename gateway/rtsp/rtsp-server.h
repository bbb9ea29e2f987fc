/* SPDX-License-Identifier: MIT
 *
 * The gateway's one RTSP server on top of gst-rtsp-server. Its functions are
 * called in the context that made it (control); requests run in a small pool
 * of threads of its own. */
#ifndef PENSTOCK_RTSP_SERVER_H
#define PENSTOCK_RTSP_SERVER_H

#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include "../config-types.h"
#include "../inputs/publish-ports.h"
#include "channel/channel.h"
#include "rtsp-census.h"
#include "rtsp-mount-settings.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTSP_SERVER (penstock_rtsp_server_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockRtspServer, penstock_rtsp_server, PENSTOCK, RTSP_SERVER, GObject)

/* @listen: may be unset, for a server that speaks only TLS. @clock and
 * @base_time: those of every pipeline of the gateway. */
PenstockRtspServer *penstock_rtsp_server_new (
    const PenstockListenAddress *listen, GstClock *clock,
    GstClockTime base_time);

/* The credentials of viewers are those of the outputs of @routes, of
 * PenstockRouteConfig, which the array owns. Also later: counts from the next
 * request on. */
void penstock_rtsp_server_set_routes (
    PenstockRtspServer *self, GPtrArray *routes);

/* Of a started server with TLS: connections from now on get @certificate. */
void penstock_rtsp_server_set_certificate (
    PenstockRtspServer *self, GTlsCertificate *certificate);

/* Takes publishers, too: for the routes whose inputs are open ports. Before the
 * start. */
void penstock_rtsp_server_set_ports (
    PenstockRtspServer *self, PenstockPublishPorts *ports);

/* Also listens at @listen for RTSP over TLS, with the certificate and key of
 * PEM files (@key_file: NULL = in the other). Before the start. */
void penstock_rtsp_server_set_tls (PenstockRtspServer *self,
    const PenstockListenAddress *listen, const gchar *certificate_file,
    const gchar *key_file);

/**
 * penstock_rtsp_server_start:
 *
 * Binds the ports and serves. Can be started again after a stop.
 *
 * Returns: %FALSE with %PENSTOCK_ERROR_ADDRESS_IN_USE or
 *   %PENSTOCK_ERROR_FAILED, which name the address and port
 */
gboolean penstock_rtsp_server_start (PenstockRtspServer *self, GError **error);

/* Closes the port, every mount and every viewer. Waits for their connections
 * to be closed, which takes milliseconds (3 s at most). */
void penstock_rtsp_server_stop (PenstockRtspServer *self);

/* The real ports; 0 when it is not started or does not listen so. */
guint16 penstock_rtsp_server_get_port (PenstockRtspServer *self);
guint16 penstock_rtsp_server_get_tls_port (PenstockRtspServer *self);

/**
 * penstock_rtsp_server_add_mount:
 * @path: name of the route: "live/one" is rtsp://host/live/one
 * @channel: what it plays
 *
 * Adds a mount that plays @channel to any number of viewers. It answers 503
 * with Retry-After while the channel has nothing to describe. A mount of the
 * same path is replaced and its viewers are closed.
 */
void penstock_rtsp_server_add_mount (
    PenstockRtspServer *self, const gchar *path, PenstockChannel *channel);

/* Changes what a mount was made with, the defaults. Its viewers stay. */
void penstock_rtsp_server_set_mount (PenstockRtspServer *self,
    const gchar *path, const PenstockRtspMountSettings *settings);

/* Removes it and closes its viewers; the path answers 404 from now on. */
void penstock_rtsp_server_remove_mount (
    PenstockRtspServer *self, const gchar *path);

/* Also later; who is there stays. */
void penstock_rtsp_server_set_limits (
    PenstockRtspServer *self, const PenstockRtspLimits *limits);
void penstock_rtsp_server_get_census (
    PenstockRtspServer *self, PenstockRtspCensusStats *stats);

/* (transfer full) (element-type PenstockViewer): of one mount; NULL = of all.
 * Those that play for the first time, and those of them that go, are told by
 * the signals viewer-joined and viewer-left with a PenstockViewer. */
GPtrArray *penstock_rtsp_server_list_viewers (
    PenstockRtspServer *self, const gchar *path);
/* Closes a viewer's connection. FALSE: there is no such viewer. */
gboolean penstock_rtsp_server_kick_viewer (PenstockRtspServer *self, guint id);

/* Connections that have set up the mount. */
guint penstock_rtsp_server_get_n_viewers (
    PenstockRtspServer *self, const gchar *path);

/* Adds the members `url-path`, `readers`, `sessions`, `left-out`, `rebuilds`
 * and, after a failure, `reason` to the open JSON object. */
void penstock_rtsp_server_add_status (
    PenstockRtspServer *self, const gchar *path, JsonBuilder *builder);

G_END_DECLS

#endif /* PENSTOCK_RTSP_SERVER_H */
