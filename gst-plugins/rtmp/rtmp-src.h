/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_RTMP_SRC_H
#define PENSTOCK_RTMP_SRC_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTMP_SRC (penstock_rtmp_src_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockRtmpSrc, penstock_rtmp_src, PENSTOCK, RTMP_SRC, GstElement)

/**
 * PenstockRtmpRole:
 * @PENSTOCK_RTMP_ROLE_SERVER: listen, and take what is published
 * @PENSTOCK_RTMP_ROLE_CLIENT: connect, and play a stream of another server
 */
typedef enum {
  PENSTOCK_RTMP_ROLE_SERVER,
  PENSTOCK_RTMP_ROLE_CLIENT,
} PenstockRtmpRole;

GType penstock_rtmp_role_get_type (void);
GType penstock_rtmp_policy_get_type (void);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SRC_H */
