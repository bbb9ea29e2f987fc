/* SPDX-License-Identifier: MIT
 *
 * RTSP messages as they go out (RFC 2326, 4 to 7). */
#ifndef PENSTOCK_RTSP_MESSAGE_H
#define PENSTOCK_RTSP_MESSAGE_H

#include <gst/rtsp/rtsp.h>

G_BEGIN_DECLS

/* (transfer full) (nullable): a request or response as bytes, with Date and
 * Content-Length; %NULL for what is neither. */
GBytes *penstock_rtsp_message_to_bytes (GstRTSPMessage *message);

/* @value: the only one from now on; %NULL: there is none. */
void penstock_rtsp_message_set_header (
    GstRTSPMessage *message, GstRTSPHeaderField field, const gchar *value);

G_END_DECLS

#endif /* PENSTOCK_RTSP_MESSAGE_H */
