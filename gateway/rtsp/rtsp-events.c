/* SPDX-License-Identifier: MIT
 *
 * Viewers that come and go. See rtsp-events.h. */

#include "rtsp-events.h"

#include "../log.h"

typedef struct {
  PenstockViewer *viewer; /* owned */
  gboolean joined;
} Event;

struct _PenstockRtspEvents {
  gint refs; /* atomic */
  GMainContext *context;
  PenstockRtspEventFunc func; /* control context; NULL: closed */
  gpointer user_data;

  GMutex lock;   /* guards the rest */
  GQueue events; /* of Event */
};

PenstockRtspEvents *
penstock_rtsp_events_new (PenstockRtspEventFunc func, gpointer user_data)
{
  PenstockRtspEvents *self = g_new0 (PenstockRtspEvents, 1);

  self->refs = 1;
  self->context = g_main_context_ref_thread_default ();
  self->func = func;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_queue_init (&self->events);
  return self;
}

PenstockRtspEvents *
penstock_rtsp_events_ref (PenstockRtspEvents *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

static void
event_free (gpointer data)
{
  Event *event = data;

  penstock_viewer_unref (event->viewer);
  g_free (event);
}

void
penstock_rtsp_events_unref (PenstockRtspEvents *self)
{
  if (!self || !g_atomic_int_dec_and_test (&self->refs))
    return;
  g_queue_clear_full (&self->events, event_free);
  g_mutex_clear (&self->lock);
  g_main_context_unref (self->context);
  g_free (self);
}

static Event *
pop (PenstockRtspEvents *self)
{
  g_mutex_lock (&self->lock);
  Event *event = g_queue_pop_head (&self->events);
  g_mutex_unlock (&self->lock);
  return event;
}

void
penstock_rtsp_events_dispatch (PenstockRtspEvents *self)
{
  Event *event;

  while ((event = pop (self))) {
    if (self->func)
      self->func (event->viewer, event->joined, self->user_data);
    event_free (event);
  }
}

static gboolean
dispatch (gpointer user_data)
{
  penstock_rtsp_events_dispatch (user_data);
  return G_SOURCE_REMOVE;
}

void
penstock_rtsp_events_tell (
    PenstockRtspEvents *self, PenstockViewer *viewer, gboolean joined)
{
  Event *event = g_new (Event, 1);

  *event = (Event){ viewer, joined };
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->events, event);
  gboolean first = self->events.length == 1;
  g_mutex_unlock (&self->lock);
  if (first)
    penstock_control_post (self->context, dispatch,
        penstock_rtsp_events_ref (self),
        (GDestroyNotify) penstock_rtsp_events_unref);
}

void
penstock_rtsp_events_close (PenstockRtspEvents *self)
{
  self->func = NULL;
}
