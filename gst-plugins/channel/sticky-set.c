/* SPDX-License-Identifier: MIT
 *
 * Immutable sets of sticky events. See sticky-set.h. */

#include "sticky-set.h"

struct _PenstockStickySet {
  GstMiniObject parent;
  GPtrArray *events; /* of GstEvent, in the order of their types */
};

GST_DEFINE_MINI_OBJECT_TYPE (PenstockStickySet, penstock_sticky_set);

static void
sticky_set_free (PenstockStickySet *self)
{
  g_ptr_array_unref (self->events);
  g_free (self);
}

PenstockStickySet *
penstock_sticky_set_new_empty (void)
{
  PenstockStickySet *self = g_new0 (PenstockStickySet, 1);

  gst_mini_object_init (GST_MINI_OBJECT_CAST (self), 0,
      penstock_sticky_set_get_type (), NULL, NULL,
      (GstMiniObjectFreeFunction) sticky_set_free);
  self->events =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_event_unref);
  return self;
}

static gboolean
has_event (const PenstockStickySet *self, const GstEvent *event)
{
  return g_ptr_array_find (self->events, event, NULL);
}

/* Whether @event takes the place of @old. */
static gboolean
replaces (const GstEvent *event, const GstEvent *old)
{
  if (GST_EVENT_TYPE (event) != GST_EVENT_TYPE (old))
    return FALSE;
  return !(gst_event_type_get_flags (GST_EVENT_TYPE (event)) &
             GST_EVENT_TYPE_STICKY_MULTI) ||
      gst_event_has_name_id ((GstEvent *) event,
          gst_structure_get_name_id (
              gst_event_get_structure ((GstEvent *) old)));
}

static gboolean
is_other_stream (GstEvent *event, GstEvent *old)
{
  const gchar *id, *old_id;

  gst_event_parse_stream_start (event, &id);
  gst_event_parse_stream_start (old, &old_id);
  return g_strcmp0 (id, old_id) != 0;
}

GstEvent *
penstock_sticky_set_get (const PenstockStickySet *self, GstEventType type)
{
  for (guint i = 0; i < self->events->len; i++) {
    GstEvent *event = g_ptr_array_index (self->events, i);
    if (GST_EVENT_TYPE (event) == type)
      return event;
  }
  return NULL;
}

PenstockStickySet *
penstock_sticky_set_with (const PenstockStickySet *self, GstEvent *event)
{
  PenstockStickySet *set = penstock_sticky_set_new_empty ();
  GstEvent *start = penstock_sticky_set_get (self, GST_EVENT_STREAM_START);
  gboolean added = FALSE;

  if (start && GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START &&
      is_other_stream (event, start)) {
    g_ptr_array_add (set->events, gst_event_ref (event));
    return set;
  }
  for (guint i = 0; i < self->events->len; i++) {
    GstEvent *old = g_ptr_array_index (self->events, i);
    if (!added && GST_EVENT_TYPE (old) > GST_EVENT_TYPE (event)) {
      g_ptr_array_add (set->events, gst_event_ref (event));
      added = TRUE;
    }
    if (!replaces (event, old))
      g_ptr_array_add (set->events, gst_event_ref (old));
  }
  if (!added)
    g_ptr_array_add (set->events, gst_event_ref (event));
  return set;
}

PenstockStickySet *
penstock_sticky_set_flushed (const PenstockStickySet *self)
{
  PenstockStickySet *set = penstock_sticky_set_new_empty ();

  for (guint i = 0; i < self->events->len; i++) {
    GstEvent *event = g_ptr_array_index (self->events, i);
    if (GST_EVENT_TYPE (event) != GST_EVENT_SEGMENT)
      g_ptr_array_add (set->events, gst_event_ref (event));
  }
  return set;
}

void
penstock_sticky_set_push (
    const PenstockStickySet *self, const PenstockStickySet *before, GstPad *pad)
{
  for (guint i = 0; i < self->events->len; i++) {
    GstEvent *event = g_ptr_array_index (self->events, i);
    /* A pad does not send an event again that it has sent; the same one as
     * another object it does. */
    if (!before)
      gst_pad_push_event (pad, gst_event_copy (event));
    else if (!has_event (before, event))
      gst_pad_push_event (pad, gst_event_ref (event));
  }
}
