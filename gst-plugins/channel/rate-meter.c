/* SPDX-License-Identifier: MIT
 *
 * Counts by whole seconds in a ring. See rate-meter.h. */

#include "rate-meter.h"

void
penstock_rate_meter_reset (PenstockRateMeter *meter)
{
  *meter = (PenstockRateMeter){ 0 };
}

void
penstock_rate_meter_add (
    PenstockRateMeter *meter, GstClockTime time, gsize bytes)
{
  guint64 second = time / GST_SECOND;
  PenstockRateBucket *bucket =
      &meter->buckets[second % G_N_ELEMENTS (meter->buckets)];

  if (!meter->observing) {
    meter->observing = TRUE;
    meter->begin = time;
  }
  if (bucket->second != second)
    *bucket = (PenstockRateBucket){ .second = second };
  bucket->bytes += bytes;
  bucket->access_units++;
}

gboolean
penstock_rate_meter_get (const PenstockRateMeter *meter, GstClockTime now,
    gdouble *bitrate, gdouble *rate)
{
  guint64 end = now / GST_SECOND, bytes = 0, units = 0;
  guint64 first = end - MIN (end, PENSTOCK_RATE_METER_SECONDS);
  GstClockTime begin = MAX (meter->begin, first * GST_SECOND);

  *bitrate = *rate = 0;
  if (!meter->observing || end * GST_SECOND < begin + GST_SECOND)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (meter->buckets); i++) {
    const PenstockRateBucket *bucket = &meter->buckets[i];
    if (bucket->second < first || bucket->second >= end)
      continue;
    bytes += bucket->bytes;
    units += bucket->access_units;
  }
  gdouble seconds = (gdouble) (end * GST_SECOND - begin) / GST_SECOND;
  *bitrate = 8.0 * bytes / seconds;
  *rate = units / seconds;
  return TRUE;
}
