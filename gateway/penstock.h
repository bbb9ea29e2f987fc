/* SPDX-License-Identifier: MIT
 *
 * The one header an application includes. */
#ifndef PENSTOCK_H
#define PENSTOCK_H

#include "penstock-config.h"
#include "penstock-error.h"
#include "penstock-route.h"
#include "penstock-server.h"
#include "penstock-viewer.h"

#endif /* PENSTOCK_H */
