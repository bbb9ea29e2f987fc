/* SPDX-License-Identifier: MIT
 *
 * An alarm at a moment of UTC, for an object that must not be kept alive by
 * it: used by the DASH sink while players count segments that may not come.
 * The owner guards it with a lock of its own. */
#ifndef PENSTOCK_DASH_ALARM_H
#define PENSTOCK_DASH_ALARM_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Called in the clock's thread, without locks, unless @owner is gone. */
typedef void (*DashAlarmFunc) (GObject *owner, GstClockID id);

/**
 * DashAlarm:
 * @id: set, and not rung yet; else %NULL
 */
typedef struct {
  GstClockID id;
} DashAlarm;

/* Sets the alarm unless one is set: an owner whose deadline has moved on sets
 * it again when it rings. @deadline_us: UTC, microseconds since 1970;
 * %G_MAXINT64: never. */
void dash_alarm_set (
    DashAlarm *self, gint64 deadline_us, GObject *owner, DashAlarmFunc ring);

/* For the owner whose alarm rings: FALSE when it was cleared meanwhile. */
gboolean dash_alarm_take (DashAlarm *self, GstClockID id);

/* It does not ring any more, but may just be about to. */
void dash_alarm_clear (DashAlarm *self);

G_END_DECLS

#endif /* PENSTOCK_DASH_ALARM_H */
