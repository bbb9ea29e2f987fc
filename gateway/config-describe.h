/* SPDX-License-Identifier: MIT
 *
 * What a configuration would run, for people. Pure. */
#ifndef PENSTOCK_CONFIG_DESCRIBE_H
#define PENSTOCK_CONFIG_DESCRIBE_H

#include "config-types.h"

G_BEGIN_DECLS

/* (transfer full): listeners, then a line for each route; no secrets. Ends in
 * a line break. */
gchar *penstock_config_data_describe (const PenstockConfigData *data);

/* Ports that are listened on; 0: not listening. */
typedef struct
{
  guint rtmp, rtmps, rtsp, rtsps, http, https;
} PenstockPorts;

/* (transfer full): the URLs of the status page and of every route, for people
 * on this host. Ends in a line break. */
gchar *penstock_config_data_describe_urls (const PenstockConfigData *data,
    const PenstockPorts *ports);

G_END_DECLS

#endif /* PENSTOCK_CONFIG_DESCRIBE_H */
