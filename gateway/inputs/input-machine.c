/* SPDX-License-Identifier: MIT
 *
 * See input-machine.h. STOPPED → CONNECTING → RUNNING → STOPPING → BACKOFF →
 * CONNECTING ...; WAITING stands for CONNECTING where a publisher begins. */

#include "input-machine.h"

#define NEVER (-1)
/* Share of the nominal back-off by which an attempt comes earlier or later. */
#define JITTER 0.2

static const guint backoff_s[] = { 1, 2, 5, 10, 30 };

gint64
penstock_input_backoff (guint step)
{
  return backoff_s[MIN (step, G_N_ELEMENTS (backoff_s) - 1)] *
      (gint64) G_USEC_PER_SEC;
}

void
penstock_input_machine_init (
    PenstockInputMachine *self, const PenstockInputRules *rules)
{
  *self = (PenstockInputMachine){
    .rules = *rules,
    .state = PENSTOCK_INPUT_STATE_STOPPED,
    .deadline = NEVER,
    .running_since = NEVER,
  };
}

static gint64
after_ms (gint64 now, guint ms)
{
  return ms ? now + ms * (gint64) 1000 : NEVER;
}

static gboolean
has_pipeline (const PenstockInputMachine *self)
{
  return self->state == PENSTOCK_INPUT_STATE_WAITING ||
      self->state == PENSTOCK_INPUT_STATE_CONNECTING ||
      self->state == PENSTOCK_INPUT_STATE_RUNNING;
}

static PenstockInputAction
build (PenstockInputMachine *self, gint64 now)
{
  self->attempts++;
  if (self->built_once)
    self->restarts++;
  self->built_once = TRUE;
  self->running_since = NEVER;
  if (self->rules.waits) {
    self->state = PENSTOCK_INPUT_STATE_WAITING;
    self->deadline = NEVER;
  } else {
    self->state = PENSTOCK_INPUT_STATE_CONNECTING;
    self->deadline = after_ms (now, self->rules.connect_timeout_ms);
  }
  return PENSTOCK_INPUT_ACTION_BUILD;
}

static void
note_good_run (PenstockInputMachine *self, gint64 now)
{
  if (self->running_since == NEVER ||
      now - self->running_since < PENSTOCK_INPUT_GOOD_RUN_US)
    return;
  self->step = 0;
  self->attempts = 0;
}

static PenstockInputAction
take_down (PenstockInputMachine *self, PenstockInputState next, gint64 now)
{
  note_good_run (self, now);
  self->running_since = NEVER;
  self->state = PENSTOCK_INPUT_STATE_STOPPING;
  self->next = next;
  self->deadline = NEVER;
  return PENSTOCK_INPUT_ACTION_TAKE_DOWN;
}

PenstockInputAction
penstock_input_machine_start (PenstockInputMachine *self, gint64 now)
{
  switch (self->state) {
  case PENSTOCK_INPUT_STATE_STOPPED:
  case PENSTOCK_INPUT_STATE_ENDED:
    self->step = self->attempts = 0;
    return build (self, now);
  case PENSTOCK_INPUT_STATE_STOPPING:
    /* Started again before the stop was through. */
    if (self->next == PENSTOCK_INPUT_STATE_STOPPED)
      self->next = PENSTOCK_INPUT_STATE_CONNECTING;
    return PENSTOCK_INPUT_ACTION_NONE;
  default:
    return PENSTOCK_INPUT_ACTION_NONE;
  }
}

PenstockInputAction
penstock_input_machine_stop (PenstockInputMachine *self, gint64 now)
{
  if (has_pipeline (self))
    return take_down (self, PENSTOCK_INPUT_STATE_STOPPED, now);
  if (self->state == PENSTOCK_INPUT_STATE_STOPPING) {
    self->next = PENSTOCK_INPUT_STATE_STOPPED;
    return PENSTOCK_INPUT_ACTION_NONE;
  }
  self->state = PENSTOCK_INPUT_STATE_STOPPED;
  self->deadline = NEVER;
  return PENSTOCK_INPUT_ACTION_STOPPED;
}

PenstockInputAction
penstock_input_machine_restart (PenstockInputMachine *self, gint64 now)
{
  if (has_pipeline (self))
    return take_down (self, PENSTOCK_INPUT_STATE_CONNECTING, now);
  switch (self->state) {
  case PENSTOCK_INPUT_STATE_BACKOFF:
  case PENSTOCK_INPUT_STATE_ENDED:
    return build (self, now);
  case PENSTOCK_INPUT_STATE_STOPPING:
    if (self->next != PENSTOCK_INPUT_STATE_STOPPED)
      self->next = PENSTOCK_INPUT_STATE_CONNECTING;
    return PENSTOCK_INPUT_ACTION_NONE;
  default:
    return PENSTOCK_INPUT_ACTION_NONE;
  }
}

gboolean
penstock_input_machine_data (PenstockInputMachine *self, gint64 now)
{
  if (self->state != PENSTOCK_INPUT_STATE_CONNECTING &&
      self->state != PENSTOCK_INPUT_STATE_WAITING)
    return FALSE;
  self->state = PENSTOCK_INPUT_STATE_RUNNING;
  self->running_since = now;
  self->deadline = after_ms (now, self->rules.no_data_timeout_ms);
  return TRUE;
}

void
penstock_input_machine_idle (PenstockInputMachine *self, gint64 now)
{
  if (!has_pipeline (self) || !self->rules.waits)
    return;
  note_good_run (self, now);
  self->running_since = NEVER;
  self->state = PENSTOCK_INPUT_STATE_WAITING;
  self->deadline = NEVER;
}

PenstockInputAction
penstock_input_machine_fail (PenstockInputMachine *self,
    PenstockInputFailure failure, gint64 now, gdouble random)
{
  if (!has_pipeline (self))
    return PENSTOCK_INPUT_ACTION_NONE;
  take_down (self, PENSTOCK_INPUT_STATE_BACKOFF, now);
  if (failure == PENSTOCK_INPUT_FAILURE_REFUSED)
    self->step = G_N_ELEMENTS (backoff_s) - 1;
  gdouble factor = 1 + JITTER * (2 * CLAMP (random, 0, 1) - 1);
  self->delay =
      (gint64) ((gdouble) penstock_input_backoff (self->step) * factor);
  self->step++;
  return PENSTOCK_INPUT_ACTION_TAKE_DOWN;
}

PenstockInputAction
penstock_input_machine_eos (
    PenstockInputMachine *self, gint64 now, gdouble random)
{
  if (!self->rules.once)
    return penstock_input_machine_fail (
        self, PENSTOCK_INPUT_FAILURE_LOST, now, random);
  if (!has_pipeline (self))
    return PENSTOCK_INPUT_ACTION_NONE;
  return take_down (self, PENSTOCK_INPUT_STATE_ENDED, now);
}

PenstockInputAction
penstock_input_machine_down (PenstockInputMachine *self, gint64 now)
{
  if (self->state != PENSTOCK_INPUT_STATE_STOPPING)
    return PENSTOCK_INPUT_ACTION_NONE;
  switch (self->next) {
  case PENSTOCK_INPUT_STATE_BACKOFF:
    self->state = PENSTOCK_INPUT_STATE_BACKOFF;
    self->deadline = now + self->delay;
    return PENSTOCK_INPUT_ACTION_NONE;
  case PENSTOCK_INPUT_STATE_CONNECTING:
    return build (self, now);
  case PENSTOCK_INPUT_STATE_ENDED:
    self->state = PENSTOCK_INPUT_STATE_ENDED;
    return PENSTOCK_INPUT_ACTION_NONE;
  default:
    self->state = PENSTOCK_INPUT_STATE_STOPPED;
    return PENSTOCK_INPUT_ACTION_STOPPED;
  }
}

PenstockInputTick
penstock_input_machine_tick (
    PenstockInputMachine *self, gint64 last_data, gint64 now)
{
  if (self->deadline == NEVER || now < self->deadline)
    return PENSTOCK_INPUT_TICK_NONE;
  switch (self->state) {
  case PENSTOCK_INPUT_STATE_BACKOFF:
    build (self, now);
    return PENSTOCK_INPUT_TICK_BUILD;
  case PENSTOCK_INPUT_STATE_CONNECTING:
    self->deadline = NEVER;
    return PENSTOCK_INPUT_TICK_NO_CONNECT;
  case PENSTOCK_INPUT_STATE_RUNNING:
    self->deadline = after_ms (last_data, self->rules.no_data_timeout_ms);
    if (now < self->deadline)
      return PENSTOCK_INPUT_TICK_NONE;
    self->deadline = NEVER;
    return PENSTOCK_INPUT_TICK_NO_DATA;
  default:
    self->deadline = NEVER;
    return PENSTOCK_INPUT_TICK_NONE;
  }
}
