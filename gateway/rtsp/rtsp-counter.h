/* SPDX-License-Identifier: MIT
 *
 * Counts the connections of one server that exist, however they ended, so that
 * the server can wait for the last one. Thread-safe, refcounted. */
#ifndef PENSTOCK_RTSP_COUNTER_H
#define PENSTOCK_RTSP_COUNTER_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _PenstockRtspCounter PenstockRtspCounter;

PenstockRtspCounter *penstock_rtsp_counter_new (void);
PenstockRtspCounter *penstock_rtsp_counter_ref (PenstockRtspCounter *counter);
void penstock_rtsp_counter_unref (PenstockRtspCounter *counter);
/* Waits until there are none, at most until @end_us (monotonic). */
gboolean penstock_rtsp_counter_wait (
    PenstockRtspCounter *counter, gint64 end_us);
guint penstock_rtsp_counter_get (PenstockRtspCounter *counter);
/* One more or one less. */
void penstock_rtsp_counter_add (PenstockRtspCounter *counter, gint step);

G_END_DECLS

#endif /* PENSTOCK_RTSP_COUNTER_H */
