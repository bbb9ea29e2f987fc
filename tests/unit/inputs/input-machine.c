/* SPDX-License-Identifier: MIT
 *
 * The life of an input with a clock made of numbers. */

#include <gst/check/gstcheck.h>

#include "inputs/input-machine.h"

#define S G_USEC_PER_SEC
/* In the middle of the jitter: the nominal back-off. */
#define NO_JITTER 0.5

static const PenstockInputRules camera = { .connect_timeout_ms = 10000,
  .no_data_timeout_ms = 5000 };
static const PenstockInputRules publisher = { .waits = TRUE };
static const PenstockInputRules once = { .once = TRUE };

static PenstockInputMachine
make (const PenstockInputRules *rules)
{
  PenstockInputMachine machine;

  penstock_input_machine_init (&machine, rules);
  return machine;
}

static void
assert_state (const PenstockInputMachine *machine, PenstockInputState state)
{
  ck_assert_int_eq (machine->state, state);
}

/* From a start at 0 to the n-th failure right after the attempt began; returns
 * the time when the back-off began. */
static gint64
fail_at_once (PenstockInputMachine *machine, gint64 now, gint64 *delay)
{
  ck_assert_int_eq (penstock_input_machine_fail (
                        machine, PENSTOCK_INPUT_FAILURE_LOST, now, NO_JITTER),
      PENSTOCK_INPUT_ACTION_TAKE_DOWN);
  assert_state (machine, PENSTOCK_INPUT_STATE_STOPPING);
  ck_assert_int_eq (
      penstock_input_machine_down (machine, now), PENSTOCK_INPUT_ACTION_NONE);
  assert_state (machine, PENSTOCK_INPUT_STATE_BACKOFF);
  *delay = machine->deadline - now;
  return machine->deadline;
}

GST_START_TEST (back_off_grows_to_thirty_seconds)
{
  static const gint64 expected[] = { 1 * S, 2 * S, 5 * S, 10 * S, 30 * S,
    30 * S, 30 * S };
  PenstockInputMachine machine = make (&camera);
  gint64 now = 0, delay;

  ck_assert_int_eq (penstock_input_machine_start (&machine, now),
      PENSTOCK_INPUT_ACTION_BUILD);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    now = fail_at_once (&machine, now, &delay);
    ck_assert_int_eq (delay, expected[i]);
    ck_assert_int_eq (penstock_input_machine_tick (&machine, 0, now - 1),
        PENSTOCK_INPUT_TICK_NONE);
    ck_assert_int_eq (penstock_input_machine_tick (&machine, 0, now),
        PENSTOCK_INPUT_TICK_BUILD);
    assert_state (&machine, PENSTOCK_INPUT_STATE_CONNECTING);
    ck_assert_uint_eq (machine.attempts, i + 2);
    ck_assert_uint_eq (machine.restarts, i + 1);
  }
}
GST_END_TEST

GST_START_TEST (thirty_good_seconds_reset_the_back_off)
{
  PenstockInputMachine machine = make (&camera);
  gint64 now = 0, delay;

  penstock_input_machine_start (&machine, now);
  for (guint i = 0; i < 3; i++) {
    now = fail_at_once (&machine, now, &delay);
    penstock_input_machine_tick (&machine, 0, now);
  }
  /* 29 s are not enough ... */
  penstock_input_machine_data (&machine, now);
  now = fail_at_once (&machine, now + 29 * S, &delay);
  ck_assert_int_eq (delay, 10 * S);
  penstock_input_machine_tick (&machine, 0, now);
  /* ... 30 are. */
  penstock_input_machine_data (&machine, now);
  now = fail_at_once (&machine, now + 30 * S, &delay);
  ck_assert_int_eq (delay, 1 * S);
  penstock_input_machine_tick (&machine, 0, now);
  ck_assert_uint_eq (machine.attempts, 1);
  ck_assert_uint_eq (machine.restarts, 5);
}
GST_END_TEST

GST_START_TEST (time_without_data_is_no_good_run)
{
  PenstockInputMachine machine = make (&camera);
  gint64 now = 0, delay;

  penstock_input_machine_start (&machine, now);
  now = fail_at_once (&machine, now, &delay);
  penstock_input_machine_tick (&machine, 0, now);
  fail_at_once (&machine, now + 100 * S, &delay);
  ck_assert_int_eq (delay, 2 * S);
}
GST_END_TEST

GST_START_TEST (jitter_spreads_attempts_by_a_fifth)
{
  static const struct {
    gdouble random;
    gint64 delay;
  } rows[] = { { 0, 800000 }, { 0.5, 1000000 }, { 1, 1200000 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    PenstockInputMachine machine = make (&camera);
    penstock_input_machine_start (&machine, 0);
    penstock_input_machine_fail (
        &machine, PENSTOCK_INPUT_FAILURE_LOST, 0, rows[i].random);
    penstock_input_machine_down (&machine, 0);
    ck_assert_int_eq (machine.deadline, rows[i].delay);
  }
}
GST_END_TEST

GST_START_TEST (wrong_password_waits_for_the_longest_step)
{
  PenstockInputMachine machine = make (&camera);

  penstock_input_machine_start (&machine, 0);
  penstock_input_machine_fail (
      &machine, PENSTOCK_INPUT_FAILURE_REFUSED, 0, NO_JITTER);
  penstock_input_machine_down (&machine, 0);
  ck_assert_int_eq (machine.deadline, 30 * S);
}
GST_END_TEST

GST_START_TEST (watchdog_waits_for_the_first_data)
{
  PenstockInputMachine machine = make (&camera);

  penstock_input_machine_start (&machine, 0);
  ck_assert_int_eq (machine.deadline, 10 * S);
  ck_assert_int_eq (penstock_input_machine_tick (&machine, 0, 10 * S),
      PENSTOCK_INPUT_TICK_NO_CONNECT);
}
GST_END_TEST

GST_START_TEST (watchdog_follows_the_data)
{
  PenstockInputMachine machine = make (&camera);

  penstock_input_machine_start (&machine, 0);
  ck_assert (penstock_input_machine_data (&machine, 1 * S));
  ck_assert (!penstock_input_machine_data (&machine, 1 * S));
  ck_assert_int_eq (machine.deadline, 6 * S);
  /* Data came at 4 s: nothing is wrong at 6 s, but at 9 s. */
  ck_assert_int_eq (penstock_input_machine_tick (&machine, 4 * S, 6 * S),
      PENSTOCK_INPUT_TICK_NONE);
  ck_assert_int_eq (machine.deadline, 9 * S);
  ck_assert_int_eq (penstock_input_machine_tick (&machine, 4 * S, 9 * S),
      PENSTOCK_INPUT_TICK_NO_DATA);
}
GST_END_TEST

GST_START_TEST (publish_waits_without_a_limit)
{
  PenstockInputMachine machine = make (&publisher);

  penstock_input_machine_start (&machine, 0);
  assert_state (&machine, PENSTOCK_INPUT_STATE_WAITING);
  ck_assert_int_eq (machine.deadline, -1);
  penstock_input_machine_data (&machine, 1000 * S);
  assert_state (&machine, PENSTOCK_INPUT_STATE_RUNNING);
  ck_assert_int_eq (machine.deadline, -1);
  penstock_input_machine_idle (&machine, 2000 * S);
  assert_state (&machine, PENSTOCK_INPUT_STATE_WAITING);
  ck_assert_uint_eq (machine.restarts, 0);
}
GST_END_TEST

GST_START_TEST (end_of_a_once_file_is_the_end)
{
  PenstockInputMachine machine = make (&once);

  penstock_input_machine_start (&machine, 0);
  penstock_input_machine_data (&machine, 0);
  ck_assert_int_eq (penstock_input_machine_eos (&machine, 1 * S, 0),
      PENSTOCK_INPUT_ACTION_TAKE_DOWN);
  penstock_input_machine_down (&machine, 1 * S);
  assert_state (&machine, PENSTOCK_INPUT_STATE_ENDED);
  ck_assert_int_eq (machine.deadline, -1);
  ck_assert_int_eq (penstock_input_machine_restart (&machine, 2 * S),
      PENSTOCK_INPUT_ACTION_BUILD);
}
GST_END_TEST

GST_START_TEST (end_of_a_camera_is_a_loss)
{
  PenstockInputMachine machine = make (&camera);

  penstock_input_machine_start (&machine, 0);
  penstock_input_machine_data (&machine, 0);
  penstock_input_machine_eos (&machine, 1 * S, NO_JITTER);
  penstock_input_machine_down (&machine, 1 * S);
  assert_state (&machine, PENSTOCK_INPUT_STATE_BACKOFF);
}
GST_END_TEST

GST_START_TEST (stop_in_any_state_ends_stopped)
{
  /* While an attempt runs ... */
  PenstockInputMachine machine = make (&camera);
  penstock_input_machine_start (&machine, 0);
  ck_assert_int_eq (penstock_input_machine_stop (&machine, 0),
      PENSTOCK_INPUT_ACTION_TAKE_DOWN);
  ck_assert_int_eq (
      penstock_input_machine_down (&machine, 0), PENSTOCK_INPUT_ACTION_STOPPED);
  /* ... while one is taken down after a failure ... */
  penstock_input_machine_start (&machine, 0);
  penstock_input_machine_fail (
      &machine, PENSTOCK_INPUT_FAILURE_LOST, 0, NO_JITTER);
  ck_assert_int_eq (
      penstock_input_machine_stop (&machine, 0), PENSTOCK_INPUT_ACTION_NONE);
  ck_assert_int_eq (
      penstock_input_machine_down (&machine, 0), PENSTOCK_INPUT_ACTION_STOPPED);
  /* ... and between two. */
  gint64 delay;
  penstock_input_machine_start (&machine, 0);
  fail_at_once (&machine, 0, &delay);
  ck_assert_int_eq (
      penstock_input_machine_stop (&machine, 0), PENSTOCK_INPUT_ACTION_STOPPED);
  assert_state (&machine, PENSTOCK_INPUT_STATE_STOPPED);
  ck_assert_int_eq (machine.deadline, -1);
}
GST_END_TEST

GST_START_TEST (restart_skips_the_back_off)
{
  PenstockInputMachine machine = make (&camera);
  gint64 delay;

  penstock_input_machine_start (&machine, 0);
  fail_at_once (&machine, 0, &delay);
  ck_assert_int_eq (penstock_input_machine_restart (&machine, 0),
      PENSTOCK_INPUT_ACTION_BUILD);
  ck_assert_int_eq (penstock_input_machine_restart (&machine, 0),
      PENSTOCK_INPUT_ACTION_TAKE_DOWN);
  ck_assert_int_eq (
      penstock_input_machine_down (&machine, 0), PENSTOCK_INPUT_ACTION_BUILD);
  /* Also when it is asked for while the old pipeline goes. */
  penstock_input_machine_fail (
      &machine, PENSTOCK_INPUT_FAILURE_LOST, 0, NO_JITTER);
  penstock_input_machine_restart (&machine, 0);
  ck_assert_int_eq (
      penstock_input_machine_down (&machine, 0), PENSTOCK_INPUT_ACTION_BUILD);
}
GST_END_TEST

GST_START_TEST (second_error_of_an_attempt_changes_nothing)
{
  PenstockInputMachine machine = make (&camera);

  penstock_input_machine_start (&machine, 0);
  penstock_input_machine_fail (
      &machine, PENSTOCK_INPUT_FAILURE_LOST, 0, NO_JITTER);
  ck_assert_int_eq (penstock_input_machine_fail (
                        &machine, PENSTOCK_INPUT_FAILURE_REFUSED, 0, NO_JITTER),
      PENSTOCK_INPUT_ACTION_NONE);
  penstock_input_machine_down (&machine, 0);
  ck_assert_int_eq (machine.deadline, 1 * S);
}
GST_END_TEST

static Suite *
input_machine_suite (void)
{
  Suite *suite = suite_create ("input-machine");
  TCase *tc = tcase_create ("input-machine");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, back_off_grows_to_thirty_seconds);
  tcase_add_test (tc, thirty_good_seconds_reset_the_back_off);
  tcase_add_test (tc, time_without_data_is_no_good_run);
  tcase_add_test (tc, jitter_spreads_attempts_by_a_fifth);
  tcase_add_test (tc, wrong_password_waits_for_the_longest_step);
  tcase_add_test (tc, watchdog_waits_for_the_first_data);
  tcase_add_test (tc, watchdog_follows_the_data);
  tcase_add_test (tc, publish_waits_without_a_limit);
  tcase_add_test (tc, end_of_a_once_file_is_the_end);
  tcase_add_test (tc, end_of_a_camera_is_a_loss);
  tcase_add_test (tc, stop_in_any_state_ends_stopped);
  tcase_add_test (tc, restart_skips_the_back_off);
  tcase_add_test (tc, second_error_of_an_attempt_changes_nothing);
  return suite;
}

GST_CHECK_MAIN (input_machine);
