/* SPDX-License-Identifier: MIT
 *
 * See publisher-seat.h. */

#include "publisher-seat.h"

struct _PenstockSeatHolder {
  gatomicrefcount refs;
  PenstockSeatEvictFunc evict;
  gpointer (*ref) (gpointer);
  GDestroyNotify unref;

  GMutex lock;
  gpointer user_data; /* lock; NULL once detached */
};

struct _PenstockPublisherSeat {
  gatomicrefcount refs;
  PenstockSeatPolicy policy;
  gint64 activity; /* atomic; monotonic milliseconds */

  GMutex lock; /* guards the rest; nothing is called under it */
  PenstockSeatHolder *holder;
  guint serial;
};

G_DEFINE_BOXED_TYPE (PenstockPublisherSeat, penstock_publisher_seat,
    penstock_publisher_seat_ref, penstock_publisher_seat_unref)

/* --- holders -------------------------------------------------------------- */

PenstockSeatHolder *
penstock_seat_holder_new (PenstockSeatEvictFunc evict, gpointer user_data,
    gpointer (*ref) (gpointer), GDestroyNotify unref)
{
  PenstockSeatHolder *holder = g_new0 (PenstockSeatHolder, 1);

  g_atomic_ref_count_init (&holder->refs);
  g_mutex_init (&holder->lock);
  holder->evict = evict;
  holder->user_data = user_data;
  holder->ref = ref;
  holder->unref = unref;
  return holder;
}

static PenstockSeatHolder *
holder_ref (PenstockSeatHolder *holder)
{
  g_atomic_ref_count_inc (&holder->refs);
  return holder;
}

void
penstock_seat_holder_unref (PenstockSeatHolder *holder)
{
  if (!holder || !g_atomic_ref_count_dec (&holder->refs))
    return;
  g_mutex_clear (&holder->lock);
  g_free (holder);
}

void
penstock_seat_holder_detach (PenstockSeatHolder *holder)
{
  g_mutex_lock (&holder->lock);
  holder->user_data = NULL;
  g_mutex_unlock (&holder->lock);
}

void
penstock_seat_holder_evict (PenstockSeatHolder *holder)
{
  if (!holder)
    return;
  g_mutex_lock (&holder->lock);
  gpointer user_data =
      holder->user_data ? holder->ref (holder->user_data) : NULL;
  g_mutex_unlock (&holder->lock);
  if (user_data) {
    holder->evict (user_data);
    holder->unref (user_data);
  }
  penstock_seat_holder_unref (holder);
}

/* --- the seat -------------------------------------------------------------- */

PenstockPublisherSeat *
penstock_publisher_seat_new (PenstockSeatPolicy policy)
{
  PenstockPublisherSeat *seat = g_new0 (PenstockPublisherSeat, 1);

  g_atomic_ref_count_init (&seat->refs);
  g_mutex_init (&seat->lock);
  seat->policy = policy;
  return seat;
}

PenstockPublisherSeat *
penstock_publisher_seat_ref (PenstockPublisherSeat *seat)
{
  g_atomic_ref_count_inc (&seat->refs);
  return seat;
}

void
penstock_publisher_seat_unref (PenstockPublisherSeat *seat)
{
  if (!g_atomic_ref_count_dec (&seat->refs))
    return;
  penstock_seat_holder_unref (seat->holder);
  g_mutex_clear (&seat->lock);
  g_free (seat);
}

static gint64
now_ms (void)
{
  return g_get_monotonic_time () / 1000;
}

void
penstock_publisher_seat_touch (PenstockPublisherSeat *seat)
{
  __atomic_store_n (&seat->activity, now_ms (), __ATOMIC_RELAXED);
}

gint64 *
penstock_publisher_seat_get_activity (PenstockPublisherSeat *seat)
{
  return &seat->activity;
}

gboolean
penstock_publisher_seat_may_take_over (
    PenstockPublisherSeat *seat, guint stale_ms)
{
  gint64 activity = __atomic_load_n (&seat->activity, __ATOMIC_RELAXED);

  switch (seat->policy) {
  case PENSTOCK_SEAT_TAKEOVER:
    return TRUE;
  case PENSTOCK_SEAT_TAKEOVER_STALE:
    return now_ms () - activity >= (gint64) stale_ms;
  default:
    return FALSE;
  }
}

gboolean
penstock_publisher_seat_take (PenstockPublisherSeat *seat,
    PenstockSeatHolder *holder, guint stale_ms, PenstockSeatHolder **evicted)
{
  *evicted = NULL;
  g_mutex_lock (&seat->lock);
  gboolean taken = seat->holder == holder;
  if (!taken &&
      (!seat->holder ||
          penstock_publisher_seat_may_take_over (seat, stale_ms))) {
    *evicted = g_steal_pointer (&seat->holder);
    seat->holder = holder_ref (holder);
    penstock_publisher_seat_touch (seat);
    taken = TRUE;
  }
  g_mutex_unlock (&seat->lock);
  return taken;
}

void
penstock_publisher_seat_leave (
    PenstockPublisherSeat *seat, PenstockSeatHolder *holder)
{
  g_mutex_lock (&seat->lock);
  if (seat->holder == holder)
    g_clear_pointer (&seat->holder, penstock_seat_holder_unref);
  g_mutex_unlock (&seat->lock);
}

gboolean
penstock_publisher_seat_is_held_by (
    PenstockPublisherSeat *seat, PenstockSeatHolder *holder)
{
  g_mutex_lock (&seat->lock);
  gboolean held = seat->holder == holder;
  g_mutex_unlock (&seat->lock);
  return held;
}

guint
penstock_publisher_seat_get_serial (PenstockPublisherSeat *seat)
{
  g_mutex_lock (&seat->lock);
  guint serial = seat->serial;
  g_mutex_unlock (&seat->lock);
  return serial;
}

void
penstock_publisher_seat_begin (PenstockPublisherSeat *seat)
{
  g_mutex_lock (&seat->lock);
  seat->serial++;
  penstock_publisher_seat_touch (seat);
  g_mutex_unlock (&seat->lock);
}
