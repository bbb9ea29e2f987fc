/* SPDX-License-Identifier: MIT
 *
 * penstockfanout: one pipeline's streams to many readers. See fanout.c. */
#ifndef PENSTOCK_FANOUT_H
#define PENSTOCK_FANOUT_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_FANOUT (penstock_fanout_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockFanout, penstock_fanout, PENSTOCK, FANOUT, GstElement)

G_END_DECLS

#endif /* PENSTOCK_FANOUT_H */
