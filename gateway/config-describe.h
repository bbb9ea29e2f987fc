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

G_END_DECLS

#endif /* PENSTOCK_CONFIG_DESCRIBE_H */
