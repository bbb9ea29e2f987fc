/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_CONFIG_PRIVATE_H
#define PENSTOCK_CONFIG_PRIVATE_H

#include "config-types.h"
#include "penstock-config.h"

G_BEGIN_DECLS

/* (transfer none): the settings; live as long as @self and never change. */
const PenstockConfigData *penstock_config_get_data (PenstockConfig *self);

G_END_DECLS

#endif /* PENSTOCK_CONFIG_PRIVATE_H */
