/* SPDX-License-Identifier: MIT
 *
 * Takes media down that nobody uses any more, in threads of its own: a pipeline
 * that takes its time must not hold up the control context. Refcounted. */
#ifndef PENSTOCK_RTSP_REAPER_H
#define PENSTOCK_RTSP_REAPER_H

#include <gst/rtsp-server/rtsp-server.h>

G_BEGIN_DECLS

typedef struct _PenstockRtspReaper PenstockRtspReaper;

PenstockRtspReaper *penstock_rtsp_reaper_new (void);
PenstockRtspReaper *penstock_rtsp_reaper_ref (PenstockRtspReaper *self);
/* The last one waits for what is going on. */
void penstock_rtsp_reaper_unref (PenstockRtspReaper *self);

/* Unprepares @media (transfer full) and lets go of it. Any thread. */
void penstock_rtsp_reaper_take (PenstockRtspReaper *self, GstRTSPMedia *media);

/* Until nothing is left to do. */
void penstock_rtsp_reaper_drain (PenstockRtspReaper *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_REAPER_H */
