/* SPDX-License-Identifier: MIT
 *
 * The sticky events of one stream at one moment, as an immutable object: what a
 * reader must have been told before the data that goes with it. Kept with each
 * entry of a log, so that readers that skip still learn what is new. */
#ifndef PENSTOCK_STICKY_SET_H
#define PENSTOCK_STICKY_SET_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _PenstockStickySet PenstockStickySet;

GType penstock_sticky_set_get_type (void);

PenstockStickySet *penstock_sticky_set_new_empty (void);

static inline PenstockStickySet *
penstock_sticky_set_ref (PenstockStickySet *self)
{
  return (PenstockStickySet *) gst_mini_object_ref (
      GST_MINI_OBJECT_CAST (self));
}

static inline void
penstock_sticky_set_unref (PenstockStickySet *self)
{
  gst_mini_object_unref (GST_MINI_OBJECT_CAST (self));
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockStickySet, penstock_sticky_set_unref)

/**
 * penstock_sticky_set_with:
 * @self: a set
 * @event: a sticky event
 *
 * The set after @event: it takes the place of the one it replaces (of tags and
 * custom events, the one of the same name). Another stream's STREAM_START
 * leaves nothing of the stream before.
 *
 * Returns: (transfer full): a new set
 */
PenstockStickySet *penstock_sticky_set_with (
    const PenstockStickySet *self, GstEvent *event);

/* (transfer full): the set after a flush, which ends the segment. */
PenstockStickySet *penstock_sticky_set_flushed (const PenstockStickySet *self);

/* (transfer none) (nullable) */
GstEvent *penstock_sticky_set_get (
    const PenstockStickySet *self, GstEventType type);

/**
 * penstock_sticky_set_push:
 * @self: a set
 * @before: (nullable): what the pad has been told; NULL = nothing
 * @pad: a source pad
 *
 * Pushes, in order, the events that are not in @before.
 */
void penstock_sticky_set_push (const PenstockStickySet *self,
    const PenstockStickySet *before, GstPad *pad);

G_END_DECLS

#endif /* PENSTOCK_STICKY_SET_H */
