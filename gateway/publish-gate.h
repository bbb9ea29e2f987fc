/* SPDX-License-Identifier: MIT
 *
 * Who may publish where: from what a publisher asks for to a route, whatever
 * protocol it comes by. Pure. */
#ifndef PENSTOCK_PUBLISH_GATE_H
#define PENSTOCK_PUBLISH_GATE_H

#include "route-table.h"

G_BEGIN_DECLS

/**
 * PenstockPublishRequest:
 * @route: (nullable): of the path; %NULL: none of this name takes publishers
 * @name: name of the route; the path without a key
 * @open: the key is right, or nothing is asked for. Otherwise only who is the
 *   user of the route may
 */
typedef struct {
  const PenstockRouteConfig *route;
  gchar *name;
  gboolean open;
} PenstockPublishRequest;

void penstock_publish_request_clear (PenstockPublishRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (
    PenstockPublishRequest, penstock_publish_request_clear)

/**
 * penstock_publish_request_init:
 * @path: what is to be published; a publish key may be its last segment. Secret
 *   until then
 * @key: (nullable): what came as `?key=`; secret
 * @out: overwritten
 *
 * Takes as long whatever is wrong with the key.
 */
void penstock_publish_request_init (PenstockPublishRequest *out,
    const PenstockRouteTable *table, const gchar *path, const gchar *key);

/* What a publisher is told that is not let in without being the user. */
const gchar *penstock_publish_request_explain (
    const PenstockPublishRequest *request);

G_END_DECLS

#endif /* PENSTOCK_PUBLISH_GATE_H */
