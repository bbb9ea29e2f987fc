/* SPDX-License-Identifier: MIT
 *
 * Who may do what over RTSP: the credentials of routes, checked at each
 * request. Made in the control context; checks run in the threads of the
 * requests. One object for the life of a server. */
#ifndef PENSTOCK_RTSP_AUTH_H
#define PENSTOCK_RTSP_AUTH_H

#include <gst/rtsp-server/rtsp-server.h>

#include "../config-types.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTSP_AUTH (penstock_rtsp_auth_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockRtspAuth, penstock_rtsp_auth, PENSTOCK, RTSP_AUTH, GstRTSPAuth)

/**
 * penstock_rtsp_auth_new:
 * @routes: (nullable): of PenstockRouteConfig, which the array owns. The
 *   `user` and `password` of a route's output `rtsp` guard it from viewers, the
 *   secrets in its `publish` from publishers
 *
 * A path without a route asks for credentials too as soon as one route has
 * some, so that nobody can find out which paths exist.
 */
GstRTSPAuth *penstock_rtsp_auth_new (GPtrArray *routes);

/* Other routes, from the next request on. Control context. */
void penstock_rtsp_auth_set_routes (PenstockRtspAuth *self, GPtrArray *routes);

G_END_DECLS

#endif /* PENSTOCK_RTSP_AUTH_H */
