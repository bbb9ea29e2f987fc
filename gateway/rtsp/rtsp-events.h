/* SPDX-License-Identifier: MIT
 *
 * Viewers that come and go, told in the control context in the order in which
 * it happened. Refcounted. */
#ifndef PENSTOCK_RTSP_EVENTS_H
#define PENSTOCK_RTSP_EVENTS_H

#include "../penstock-viewer.h"

G_BEGIN_DECLS

typedef struct _PenstockRtspEvents PenstockRtspEvents;

/* @joined: it plays for the first time; else it is gone. */
typedef void (*PenstockRtspEventFunc) (
    PenstockViewer *viewer, gboolean joined, gpointer user_data);

/* Calls @func in the context that is the thread's default now. */
PenstockRtspEvents *penstock_rtsp_events_new (
    PenstockRtspEventFunc func, gpointer user_data);
PenstockRtspEvents *penstock_rtsp_events_ref (PenstockRtspEvents *self);
void penstock_rtsp_events_unref (PenstockRtspEvents *self);

/* Any thread. @viewer: (transfer full). */
void penstock_rtsp_events_tell (
    PenstockRtspEvents *self, PenstockViewer *viewer, gboolean joined);

/* Control context: tells what has happened up to now. */
void penstock_rtsp_events_dispatch (PenstockRtspEvents *self);
/* Control context: nothing is told any more. */
void penstock_rtsp_events_close (PenstockRtspEvents *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_EVENTS_H */
