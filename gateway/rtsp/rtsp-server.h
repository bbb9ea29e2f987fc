/* SPDX-License-Identifier: MIT
 *
 * The gateway's one RTSP server on top of gst-rtsp-server. Control context;
 * requests run in a small pool of its own. */
#ifndef PENSTOCK_RTSP_SERVER_H
#define PENSTOCK_RTSP_SERVER_H

#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include "../config-types.h"
#include "channel/channel.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTSP_SERVER (penstock_rtsp_server_get_type ())
G_DECLARE_FINAL_TYPE (PenstockRtspServer, penstock_rtsp_server, PENSTOCK,
    RTSP_SERVER, GObject)

PenstockRtspServer *penstock_rtsp_server_new (
    const PenstockListenAddress *listen, GstClock *clock,
    GstClockTime base_time);
/* Binds the port; PENSTOCK_ERROR_ADDRESS_IN_USE names it. */
gboolean penstock_rtsp_server_start (PenstockRtspServer *self, GError **error);
/* Closes every viewer and the port; nothing is left when it returns. */
void penstock_rtsp_server_stop (PenstockRtspServer *self);
guint16 penstock_rtsp_server_get_port (PenstockRtspServer *self);

/* A mount at "/" + @path that plays @channel to any number of viewers. */
void penstock_rtsp_server_add_mount (PenstockRtspServer *self,
    const gchar *path, PenstockChannel *channel);
/* Removes it and closes its viewers. */
void penstock_rtsp_server_remove_mount (PenstockRtspServer *self,
    const gchar *path);
guint penstock_rtsp_server_get_n_viewers (PenstockRtspServer *self,
    const gchar *path);

G_END_DECLS

#endif /* PENSTOCK_RTSP_SERVER_H */
