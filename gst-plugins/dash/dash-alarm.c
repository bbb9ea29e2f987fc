/* SPDX-License-Identifier: MIT
 *
 * An alarm on the system clock (see dash-alarm.h). */

#include "dash-alarm.h"

typedef struct {
  GWeakRef owner;
  DashAlarmFunc ring;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_weak_ref_clear (&call->owner);
  g_free (call);
}

/* Clock's thread. */
static gboolean
on_time (GstClock *clock, GstClockTime time, GstClockID id, gpointer user_data)
{
  Call *call = user_data;
  g_autoptr (GObject) owner = g_weak_ref_get (&call->owner);

  if (owner)
    call->ring (owner, id);
  return TRUE;
}

void
dash_alarm_set (
    DashAlarm *self, gint64 deadline_us, GObject *owner, DashAlarmFunc ring)
{
  g_autoptr (GstClock) clock = NULL;
  Call *call;
  gint64 wait;

  if (self->id || deadline_us == G_MAXINT64)
    return;
  wait = MAX (deadline_us - g_get_real_time (), 0);
  clock = gst_system_clock_obtain ();
  self->id = gst_clock_new_single_shot_id (
      clock, gst_clock_get_time (clock) + (GstClockTime) wait * GST_USECOND);
  call = g_new0 (Call, 1);
  g_weak_ref_init (&call->owner, owner);
  call->ring = ring;
  gst_clock_id_wait_async (self->id, on_time, call, call_free);
}

gboolean
dash_alarm_take (DashAlarm *self, GstClockID id)
{
  if (self->id != id)
    return FALSE;
  g_clear_pointer (&self->id, gst_clock_id_unref);
  return TRUE;
}

void
dash_alarm_clear (DashAlarm *self)
{
  if (self->id)
    gst_clock_id_unschedule (self->id);
  g_clear_pointer (&self->id, gst_clock_id_unref);
}
