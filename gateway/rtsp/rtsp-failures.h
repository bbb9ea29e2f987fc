/* SPDX-License-Identifier: MIT
 *
 * How many wrong credentials an address may send. Ten at once, then one every
 * six seconds; beyond that its credentials are not looked at. IPv6 counts by
 * /64, which is what one host has. Pure; not thread-safe. */
#ifndef PENSTOCK_RTSP_FAILURES_H
#define PENSTOCK_RTSP_FAILURES_H

#include <glib.h>

G_BEGIN_DECLS

#define PENSTOCK_RTSP_FAILURES_AT_ONCE 10
#define PENSTOCK_RTSP_FAILURES_INTERVAL_S 6
/* Addresses remembered; beyond that the oldest entry goes. */
#define PENSTOCK_RTSP_FAILURES_ADDRESSES 4096

typedef struct _PenstockRtspFailures PenstockRtspFailures;

PenstockRtspFailures *penstock_rtsp_failures_new (void);
void penstock_rtsp_failures_free (PenstockRtspFailures *self);

/* TRUE while @ip has no failure left. @now_s: of a clock that never steps
 * back, as below. */
gboolean penstock_rtsp_failures_is_blocked (
    PenstockRtspFailures *self, const gchar *ip, guint64 now_s);

/* Counts one. TRUE when it is the one that blocks @ip. */
gboolean penstock_rtsp_failures_add (
    PenstockRtspFailures *self, const gchar *ip, guint64 now_s);

guint penstock_rtsp_failures_get_n_addresses (PenstockRtspFailures *self);

G_END_DECLS

#endif /* PENSTOCK_RTSP_FAILURES_H */
