/* SPDX-License-Identifier: MIT
 *
 * Who publishes to a path now: one at a time, by whatever protocol. Those who
 * can publish there share a seat; each is a holder of it, one that stands for
 * the publishers of a protocol or a single publisher. Thread-safe. */
#ifndef PENSTOCK_PUBLISHER_SEAT_H
#define PENSTOCK_PUBLISHER_SEAT_H

#include <glib-object.h>

G_BEGIN_DECLS

/* Quiet for so long may be replaced. */
#define PENSTOCK_SEAT_STALE_MS 3000

typedef enum {
  PENSTOCK_SEAT_TAKEOVER_STALE, /* the first stays while it delivers */
  PENSTOCK_SEAT_TAKEOVER,       /* the new one wins at once */
  PENSTOCK_SEAT_REJECT,         /* the first one stays */
} PenstockSeatPolicy;

typedef struct _PenstockSeatHolder PenstockSeatHolder;

/* Somebody else has the seat: end the publication. Any thread, without locks;
 * must not block. */
typedef void (*PenstockSeatEvictFunc) (gpointer user_data);

/**
 * penstock_seat_holder_new:
 * @user_data: given to @evict, with a reference of its own while that runs
 */
PenstockSeatHolder *penstock_seat_holder_new (PenstockSeatEvictFunc evict,
    gpointer user_data, gpointer (*ref) (gpointer), GDestroyNotify unref);
/* Before @user_data goes: it is not asked any more. */
void penstock_seat_holder_detach (PenstockSeatHolder *holder);
/* Accepts %NULL. */
void penstock_seat_holder_unref (PenstockSeatHolder *holder);
/* Without locks. Accepts %NULL; drops the reference. */
void penstock_seat_holder_evict (PenstockSeatHolder *holder);

typedef struct _PenstockPublisherSeat PenstockPublisherSeat;

#define PENSTOCK_TYPE_PUBLISHER_SEAT (penstock_publisher_seat_get_type ())
GType penstock_publisher_seat_get_type (void); /* boxed: references */

PenstockPublisherSeat *penstock_publisher_seat_new (PenstockSeatPolicy policy);
PenstockPublisherSeat *penstock_publisher_seat_ref (
    PenstockPublisherSeat *seat);
void penstock_publisher_seat_unref (PenstockPublisherSeat *seat);

/* Whether a second publisher may replace the first now, by the policy.
 * @stale_ms: what counts as quiet. */
gboolean penstock_publisher_seat_may_take_over (
    PenstockPublisherSeat *seat, guint stale_ms);

/**
 * penstock_publisher_seat_take:
 * @evicted: (out) (transfer full) (nullable): who has lost it; for
 *   penstock_seat_holder_evict() once the caller holds no lock
 *
 * Returns: %FALSE when another holder keeps the seat, by the policy. TRUE also
 *   when @holder has it already
 */
gboolean penstock_publisher_seat_take (PenstockPublisherSeat *seat,
    PenstockSeatHolder *holder, guint stale_ms, PenstockSeatHolder **evicted);
/* Nothing when @holder does not have it. */
void penstock_publisher_seat_leave (
    PenstockPublisherSeat *seat, PenstockSeatHolder *holder);
gboolean penstock_publisher_seat_is_held_by (
    PenstockPublisherSeat *seat, PenstockSeatHolder *holder);

/* Who has the seat begins to publish. */
void penstock_publisher_seat_begin (PenstockPublisherSeat *seat);
/* Another number with each beginning: what waits for the return of a publisher
 * that is gone compares it. */
guint penstock_publisher_seat_get_serial (PenstockPublisherSeat *seat);

/* The publisher delivers. Cheap. */
void penstock_publisher_seat_touch (PenstockPublisherSeat *seat);
/* The same for who keeps time itself: atomic, monotonic milliseconds; lives as
 * long as the seat. */
gint64 *penstock_publisher_seat_get_activity (PenstockPublisherSeat *seat);

G_END_DECLS

#endif /* PENSTOCK_PUBLISHER_SEAT_H */
