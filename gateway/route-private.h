/* SPDX-License-Identifier: MIT
 *
 * What the server and the status see of a route. Control context. */
#ifndef PENSTOCK_ROUTE_PRIVATE_H
#define PENSTOCK_ROUTE_PRIVATE_H

#include "inputs/supervisor.h"
#include "outputs/output.h"
#include "penstock-route.h"

G_BEGIN_DECLS

typedef struct {
  GstClock *clock; /* shared by all pipelines of the server */
  GstClockTime base_time;
  const PenstockListenAddress *rtmp_listen; /* with the real port */
  PenstockPublishPorts *ports;              /* NULL: no RTSP publishers */
  PenstockRtspServer *rtsp;                 /* NULL: not listening */
  PenstockHttpServer *http;                 /* NULL: not listening */
} PenstockRouteServices;

/* @config: in @routes, of PenstockRouteConfig, which own what is in them. @name
 * differs from its name for a template. */
PenstockRoute *penstock_route_new (const gchar *name,
    const PenstockRouteConfig *config, GPtrArray *routes,
    const PenstockRouteServices *services);
/* Goes over to another @config of the same route: what says the same as before
 * goes on, what differs starts anew. FALSE: all is the same. */
gboolean penstock_route_reconfigure (
    PenstockRoute *self, const PenstockRouteConfig *config, GPtrArray *routes);
/* Starts outputs and input; an output that cannot start is told in the status
 * and the log, the others go on. */
void penstock_route_start (PenstockRoute *self);
/* Emits `stopped` when nothing is left; outputs are gone when it returns. */
void penstock_route_stop (PenstockRoute *self);
/* Whether it was made from a template, and goes with its publisher. */
gboolean penstock_route_is_from_template (PenstockRoute *self);
/* FALSE: its input waits for its next attempt, or is over; nobody can publish. */
gboolean penstock_route_can_be_published (PenstockRoute *self);
/* How long a lost publisher may take to return. */
guint penstock_route_get_grace_ms (PenstockRoute *self);
void penstock_route_add_status (PenstockRoute *self, JsonBuilder *builder);

/* Adds the array of tracks with their statistics. */
void penstock_status_add_tracks (JsonBuilder *builder, PenstockChannel *channel,
    const PenstockChannelStats *stats);

G_END_DECLS

#endif /* PENSTOCK_ROUTE_PRIVATE_H */
