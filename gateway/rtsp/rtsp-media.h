/* SPDX-License-Identifier: MIT
 *
 * The one pipeline from a channel to RTP that all viewers of a mount share.
 * Its factory decides when it is replaced (rtsp-factory.h); what goes wrong in
 * it is told to the factory and never reaches gst-rtsp-server, which would
 * keep a broken media for ever. */
#ifndef PENSTOCK_RTSP_MEDIA_H
#define PENSTOCK_RTSP_MEDIA_H

#include <gst/rtsp-server/rtsp-server.h>

#include "channel/channel.h"
#include "rtp-hub.h"
#include "rtp-receptions.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTSP_MEDIA (penstock_rtsp_media_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockRtspMedia, penstock_rtsp_media, PENSTOCK, RTSP_MEDIA, GstRTSPMedia)

typedef struct _PenstockRtspFactory PenstockRtspFactory;

/* Once, before it is prepared: whose it is and what it carries. */
void penstock_rtsp_media_configure (PenstockRtspMedia *self,
    PenstockRtspFactory *factory, PenstockLayout *layout);

/* (transfer full) (nullable) */
PenstockRtspFactory *penstock_rtsp_media_get_factory (PenstockRtspMedia *self);
/* (transfer none): the layout that viewers were told. */
PenstockLayout *penstock_rtsp_media_get_layout (PenstockRtspMedia *self);

/* (transfer none): what its viewers read; there once it is prepared. */
PenstockRtpHub *penstock_rtsp_media_get_hub (PenstockRtspMedia *self);

/* (transfer none): what its viewers say of how packets reach them. */
PenstockRtpReceptions *penstock_rtsp_media_get_receptions (
    PenstockRtspMedia *self);

/* Blocks a request until the media runs and its viewers have something to begin
 * with. Any thread but the media's. FALSE: it does not run within five
 * seconds. */
gboolean penstock_rtsp_media_wait_running (PenstockRtspMedia *self);

/* What its factory keeps with it; guarded by the factory's lock. */
typedef struct {
  guint n_viewers;
  gboolean played;  /* data has gone to a viewer */
  gboolean retired; /* not offered any more */
  gint64 over_us;   /* monotonic; when its viewers had to go; 0 = not */
} PenstockRtspMediaUse;

PenstockRtspMediaUse *penstock_rtsp_media_get_use (PenstockRtspMedia *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_MEDIA_H */
