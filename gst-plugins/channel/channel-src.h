/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_CHANNEL_SRC_H
#define PENSTOCK_CHANNEL_SRC_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_CHANNEL_SRC (penstock_channel_src_get_type ())
G_DECLARE_FINAL_TYPE (PenstockChannelSrc, penstock_channel_src, PENSTOCK,
    CHANNEL_SRC, GstElement)

G_END_DECLS

#endif /* PENSTOCK_CHANNEL_SRC_H */
