/* SPDX-License-Identifier: MIT
 *
 * Access units and bits a second of one track, over the last whole seconds.
 * Pure: times are arguments. Locking is the caller's. */
#ifndef PENSTOCK_RATE_METER_H
#define PENSTOCK_RATE_METER_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Rates are averaged over this many whole seconds at most. */
#define PENSTOCK_RATE_METER_SECONDS 5

typedef struct
{
  guint64 second; /* time / 1 s; which second it counts */
  guint64 bytes;
  guint access_units;
} PenstockRateBucket;

/* All zero: nothing was observed yet. */
typedef struct
{
  /*< private >*/
  gboolean observing;
  GstClockTime begin; /* of the first access unit */
  PenstockRateBucket buckets[PENSTOCK_RATE_METER_SECONDS + 1];
} PenstockRateMeter;

/* Forgets everything: the next access unit begins a new observation. */
void penstock_rate_meter_reset (PenstockRateMeter *meter);

/* Counts one access unit of @bytes at @time, ns. */
void penstock_rate_meter_add (PenstockRateMeter *meter, GstClockTime time,
    gsize bytes);

/**
 * penstock_rate_meter_get:
 * @meter: a meter
 * @now: the present time, ns
 * @bitrate: (out): bit/s
 * @rate: (out): access units a second
 *
 * The averages from the first access unit, or from 5 s ago, to the beginning
 * of the present second. Silence counts.
 *
 * Returns: FALSE when that is less than a second; both are 0 then.
 */
gboolean penstock_rate_meter_get (const PenstockRateMeter *meter,
    GstClockTime now, gdouble *bitrate, gdouble *rate);

G_END_DECLS

#endif /* PENSTOCK_RATE_METER_H */
