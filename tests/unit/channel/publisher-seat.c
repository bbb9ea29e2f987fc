/* SPDX-License-Identifier: MIT
 *
 * One publisher at a time, whoever it is. */

#include <gst/check/gstcheck.h>

#include "channel/publisher-seat.h"

#define NEVER_STALE_MS 3600000

/* Somebody who publishes, and counts how often it was sent away. */
typedef struct {
  gint n_evicted, n_refs;
  PenstockSeatHolder *holder;
} Party;

static gpointer
party_ref (gpointer data)
{
  ((Party *) data)->n_refs++;
  return data;
}

static void
party_unref (gpointer data)
{
  ((Party *) data)->n_refs--;
}

static void
evict (gpointer data)
{
  Party *party = data;

  assert_equals_int (party->n_refs, 1); /* held while it is asked */
  party->n_evicted++;
}

static void
party_init (Party *party)
{
  *party = (Party){ 0 };
  party->holder =
      penstock_seat_holder_new (evict, party, party_ref, party_unref);
}

static void
party_clear (Party *party)
{
  assert_equals_int (party->n_refs, 0);
  penstock_seat_holder_unref (party->holder);
}

static gboolean
take (PenstockPublisherSeat *seat, Party *party, guint stale_ms)
{
  PenstockSeatHolder *evicted = NULL;
  gboolean taken =
      penstock_publisher_seat_take (seat, party->holder, stale_ms, &evicted);

  penstock_seat_holder_evict (evicted);
  return taken;
}

static const struct {
  PenstockSeatPolicy policy;
  guint stale_ms;
  gboolean takes_over;
} policy_rows[] = {
  { PENSTOCK_SEAT_REJECT, 0, FALSE },
  { PENSTOCK_SEAT_TAKEOVER, NEVER_STALE_MS, TRUE },
  { PENSTOCK_SEAT_TAKEOVER_STALE, NEVER_STALE_MS, FALSE },
  { PENSTOCK_SEAT_TAKEOVER_STALE, 0, TRUE },
};

GST_START_TEST (second_publisher_follows_the_policy)
{
  PenstockPublisherSeat *seat =
      penstock_publisher_seat_new (policy_rows[__i__].policy);
  gboolean takes_over = policy_rows[__i__].takes_over;
  Party one, two;

  party_init (&one);
  party_init (&two);
  fail_unless (take (seat, &one, policy_rows[__i__].stale_ms));
  fail_unless_equals_int (
      take (seat, &two, policy_rows[__i__].stale_ms), takes_over);
  assert_equals_int (one.n_evicted, takes_over);
  assert_equals_int (two.n_evicted, 0);
  fail_unless_equals_int (
      penstock_publisher_seat_is_held_by (seat, two.holder), takes_over);
  party_clear (&one);
  party_clear (&two);
  penstock_publisher_seat_unref (seat);
}
GST_END_TEST

GST_START_TEST (who_has_it_keeps_it_and_who_leaves_makes_room)
{
  PenstockPublisherSeat *seat =
      penstock_publisher_seat_new (PENSTOCK_SEAT_REJECT);
  Party one, two;

  party_init (&one);
  party_init (&two);
  fail_unless (take (seat, &one, 0));
  fail_unless (take (seat, &one, 0));
  penstock_publisher_seat_leave (seat, two.holder); /* has nothing */
  fail_if (take (seat, &two, 0));
  guint serial = penstock_publisher_seat_get_serial (seat);
  penstock_publisher_seat_leave (seat, one.holder);
  fail_unless (take (seat, &two, 0));
  assert_equals_int (penstock_publisher_seat_get_serial (seat), serial);
  penstock_publisher_seat_begin (seat);
  fail_unless (penstock_publisher_seat_get_serial (seat) != serial);
  assert_equals_int (one.n_evicted + two.n_evicted, 0);
  party_clear (&one);
  party_clear (&two);
  penstock_publisher_seat_unref (seat);
}
GST_END_TEST

GST_START_TEST (detached_holder_is_not_asked)
{
  PenstockPublisherSeat *seat =
      penstock_publisher_seat_new (PENSTOCK_SEAT_TAKEOVER);
  Party one, two;

  party_init (&one);
  party_init (&two);
  fail_unless (take (seat, &one, 0));
  penstock_seat_holder_detach (one.holder);
  fail_unless (take (seat, &two, 0));
  assert_equals_int (one.n_evicted, 0);
  party_clear (&one);
  party_clear (&two);
  penstock_publisher_seat_unref (seat);
}
GST_END_TEST

GST_START_TEST (who_delivers_is_not_stale)
{
  PenstockPublisherSeat *seat =
      penstock_publisher_seat_new (PENSTOCK_SEAT_TAKEOVER_STALE);
  Party one, two;

  party_init (&one);
  party_init (&two);
  fail_unless (take (seat, &one, NEVER_STALE_MS));
  /* As if nothing had come for an hour. */
  *penstock_publisher_seat_get_activity (seat) -= NEVER_STALE_MS;
  fail_unless (penstock_publisher_seat_may_take_over (seat, NEVER_STALE_MS));
  penstock_publisher_seat_touch (seat);
  fail_if (take (seat, &two, NEVER_STALE_MS));
  *penstock_publisher_seat_get_activity (seat) -= NEVER_STALE_MS;
  fail_unless (take (seat, &two, NEVER_STALE_MS));
  assert_equals_int (one.n_evicted, 1);
  /* The new one has just come. */
  fail_if (penstock_publisher_seat_may_take_over (seat, NEVER_STALE_MS));
  party_clear (&one);
  party_clear (&two);
  penstock_publisher_seat_unref (seat);
}
GST_END_TEST

static Suite *
publisher_seat_suite (void)
{
  Suite *suite = suite_create ("publisher-seat");
  TCase *tc = tcase_create ("publisher-seat");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, second_publisher_follows_the_policy, 0, G_N_ELEMENTS (policy_rows));
  tcase_add_test (tc, who_has_it_keeps_it_and_who_leaves_makes_room);
  tcase_add_test (tc, detached_holder_is_not_asked);
  tcase_add_test (tc, who_delivers_is_not_stale);
  return suite;
}

GST_CHECK_MAIN (publisher_seat);
