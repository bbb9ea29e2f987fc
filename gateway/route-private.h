/* SPDX-License-Identifier: MIT
 *
 * What the server and the status see of a route. Control context. */
#ifndef PENSTOCK_ROUTE_PRIVATE_H
#define PENSTOCK_ROUTE_PRIVATE_H

#include "inputs/supervisor.h"
#include "outputs/output.h"
#include "penstock-route.h"

G_BEGIN_DECLS

typedef struct
{
  GstClock *clock;          /* shared by all pipelines of the server */
  GstClockTime base_time;
  const PenstockListenAddress *rtmp_listen; /* with the real port */
  PenstockRtspServer *rtsp; /* NULL: not listening */
  PenstockHttpServer *http; /* NULL: not listening */
} PenstockRouteServices;

/* @config must outlive the route. @name differs from it for a template. */
PenstockRoute *penstock_route_new (const gchar *name,
    const PenstockRouteConfig *config, const PenstockRouteServices *services);
/* Starts outputs and input; an output that cannot start is told in the status
 * and the log, the others go on. */
void penstock_route_start (PenstockRoute *self);
/* Emits `stopped` when nothing is left; outputs are gone when it returns. */
void penstock_route_stop (PenstockRoute *self);
/* How long a lost publisher may take to return. */
guint penstock_route_get_grace_ms (PenstockRoute *self);
void penstock_route_add_status (PenstockRoute *self, JsonBuilder *builder);

/* Adds the array of tracks with their statistics. */
void penstock_status_add_tracks (JsonBuilder *builder,
    PenstockChannel *channel, const PenstockChannelStats *stats);

G_END_DECLS

#endif /* PENSTOCK_ROUTE_PRIVATE_H */
