/* SPDX-License-Identifier: MIT
 *
 * The memory of all segment stores of the process together: who has how much of
 * it, and who gives way when it is too much. Thread-safe; its lock is taken
 * last and never held while a writer is asked. */
#ifndef PENSTOCK_SEGMENT_BUDGET_H
#define PENSTOCK_SEGMENT_BUDGET_H

#include <glib-object.h>

G_BEGIN_DECLS

/* What one store has. */
typedef struct _SegmentAccount SegmentAccount;

SegmentAccount *segment_account_new (void);
/* The store is gone; what it had is given back. */
void segment_account_close (SegmentAccount *self);

/* It has so many bytes more, or less. */
void segment_account_add (SegmentAccount *self, gint64 bytes);

/**
 * SegmentGiveWay:
 * @bytes: that are wanted back, at least 1
 *
 * Called without locks, in the thread of whoever needs the room. Files go from
 * the oldest on, the newest stay.
 *
 * Returns: how many bytes go, now or soon
 */
typedef guint64 (*SegmentGiveWay) (GObject *writer, guint64 bytes);

/* Who can make its files fewer; no reference to @writer is kept. %NULL: nobody. */
void segment_account_set_writer (
    SegmentAccount *self, GObject *writer, SegmentGiveWay give_way);

/* Bytes that all may have together; 0: no bound. Those who have most have to
 * give way at once. */
void segment_budget_set_limit (guint64 bytes);
guint64 segment_budget_get_limit (void);

/* Bytes that all have together. */
guint64 segment_budget_get_bytes (void);

/* Asks those that have more than their share to give way, the greatest first,
 * as long as all together have too much. A share is the same for each that has
 * anything. Cheap as long as there is room. */
void segment_budget_make_room (void);

G_END_DECLS

#endif /* PENSTOCK_SEGMENT_BUDGET_H */
