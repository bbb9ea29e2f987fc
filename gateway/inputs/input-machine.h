/* SPDX-License-Identifier: MIT
 *
 * The life of one input as a state machine without clock, threads or
 * GStreamer: events and times go in, what is to be done comes out. The
 * supervisor does it. */
#ifndef PENSTOCK_INPUT_MACHINE_H
#define PENSTOCK_INPUT_MACHINE_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  PENSTOCK_INPUT_STATE_STOPPED,
  PENSTOCK_INPUT_STATE_WAITING, /* publish: nobody there yet */
  PENSTOCK_INPUT_STATE_CONNECTING,
  PENSTOCK_INPUT_STATE_RUNNING,
  PENSTOCK_INPUT_STATE_STOPPING, /* the old pipeline is being taken down */
  PENSTOCK_INPUT_STATE_BACKOFF,  /* waits for the next attempt */
  PENSTOCK_INPUT_STATE_ENDED,    /* a `once` file is over */
} PenstockInputState;

/* What the caller has to do now. */
typedef enum {
  PENSTOCK_INPUT_ACTION_NONE,
  PENSTOCK_INPUT_ACTION_BUILD,     /* build a pipeline and start it */
  PENSTOCK_INPUT_ACTION_TAKE_DOWN, /* take the pipeline down, then say `down` */
  PENSTOCK_INPUT_ACTION_STOPPED,   /* nothing is left */
} PenstockInputAction;

/* How an attempt failed. */
typedef enum {
  PENSTOCK_INPUT_FAILURE_LOST,    /* worth the next step of the back-off */
  PENSTOCK_INPUT_FAILURE_REFUSED, /* will not go away by itself (password,
                                     missing file): longest step at once */
} PenstockInputFailure;

/* A run of good data this long forgets the failures before it. */
#define PENSTOCK_INPUT_GOOD_RUN_US (30 * G_USEC_PER_SEC)

typedef struct {
  guint connect_timeout_ms; /* until the first data; 0 = no limit */
  guint no_data_timeout_ms; /* between data; 0 = no limit */
  gboolean waits;           /* somebody else begins: no limit before that */
  gboolean once;            /* the end of the stream is the end */
} PenstockInputRules;

/* Times are monotonic microseconds. */
typedef struct {
  PenstockInputRules rules;
  PenstockInputState state;
  gint64 deadline;      /* when to call _tick(); -1 = never */
  guint step;           /* of the back-off: failures since the last good run */
  guint attempts;       /* since the last good run */
  guint restarts;       /* pipelines built after the first, in all */
  gint64 running_since; /* first data of this run; -1: not running */
  /*< private >*/
  gint64 delay;            /* of the back-off that follows STOPPING */
  PenstockInputState next; /* of STOPPING */
  gboolean built_once;
} PenstockInputMachine;

void penstock_input_machine_init (
    PenstockInputMachine *self, const PenstockInputRules *rules);

/* Nominal length of back-off @step, microseconds: 1, 2, 5, 10, then 30 s. */
gint64 penstock_input_backoff (guint step);

PenstockInputAction penstock_input_machine_start (
    PenstockInputMachine *self, gint64 now);
PenstockInputAction penstock_input_machine_stop (
    PenstockInputMachine *self, gint64 now);
/* Down and up again without back-off; also ends a back-off early. */
PenstockInputAction penstock_input_machine_restart (
    PenstockInputMachine *self, gint64 now);

/* The first data of the attempt, or of a new publisher. TRUE when that makes it
 * RUNNING. */
gboolean penstock_input_machine_data (PenstockInputMachine *self, gint64 now);
/* A publisher is gone but the pipeline waits for the next one. */
void penstock_input_machine_idle (PenstockInputMachine *self, gint64 now);
/* @random: 0 to 1; spreads the attempts of many inputs by ± 20 %. */
PenstockInputAction penstock_input_machine_fail (PenstockInputMachine *self,
    PenstockInputFailure failure, gint64 now, gdouble random);
/* The stream is over: the end of a `once` input, else a loss. */
PenstockInputAction penstock_input_machine_eos (
    PenstockInputMachine *self, gint64 now, gdouble random);
/* The pipeline is gone. */
PenstockInputAction penstock_input_machine_down (
    PenstockInputMachine *self, gint64 now);

typedef enum {
  PENSTOCK_INPUT_TICK_NONE,       /* deadline moved, or nothing to do */
  PENSTOCK_INPUT_TICK_BUILD,      /* the back-off is over */
  PENSTOCK_INPUT_TICK_NO_CONNECT, /* no data within connect_timeout_ms */
  PENSTOCK_INPUT_TICK_NO_DATA,    /* none for no_data_timeout_ms */
} PenstockInputTick;

/**
 * penstock_input_machine_tick:
 * @self: a machine
 * @last_data: when data came last on the stream that is silent for longest
 * @now: now
 *
 * Called when the deadline has come. The two timeouts are for the caller to
 * put into words and hand back to penstock_input_machine_fail(); BUILD is done
 * at once.
 */
PenstockInputTick penstock_input_machine_tick (
    PenstockInputMachine *self, gint64 last_data, gint64 now);

G_END_DECLS

#endif /* PENSTOCK_INPUT_MACHINE_H */
