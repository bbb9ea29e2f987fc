/* SPDX-License-Identifier: MIT */

#include "penstock-error.h"

G_DEFINE_QUARK (penstock - error - quark, penstock_error)
