/* SPDX-License-Identifier: MIT
 *
 * Runs one input for ever: builds its pipeline, watches it, takes it down as a
 * whole when it fails, and builds it again after a back-off. Lives in the
 * control context. */
#ifndef PENSTOCK_SUPERVISOR_H
#define PENSTOCK_SUPERVISOR_H

#include "input.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_SUPERVISOR (penstock_supervisor_get_type ())
G_DECLARE_FINAL_TYPE (PenstockSupervisor, penstock_supervisor, PENSTOCK,
    SUPERVISOR, GObject)

typedef enum
{
  PENSTOCK_INPUT_STATE_STOPPED,
  PENSTOCK_INPUT_STATE_WAITING,    /* publish: nobody there yet */
  PENSTOCK_INPUT_STATE_CONNECTING,
  PENSTOCK_INPUT_STATE_RUNNING,
  PENSTOCK_INPUT_STATE_STOPPING,   /* the old pipeline is being taken down */
  PENSTOCK_INPUT_STATE_BACKOFF,    /* waits for the next attempt */
  PENSTOCK_INPUT_STATE_ENDED,      /* a `once` file is over */
} PenstockInputState;

const gchar *penstock_input_state_to_string (PenstockInputState state);

/* A copyable answer for the status page. */
typedef struct
{
  PenstockInputState state;
  gchar *reason;        /* of the last failure; NULL = none */
  gint64 since_us;      /* g_get_real_time() of the last change of state */
  guint attempts;       /* since the last good run */
  guint restarts;       /* in all */
  gint64 retry_in_ms;   /* in BACKOFF */
  GPtrArray *ignored;   /* of gchar*: "audio track 2: ... " */
} PenstockInputStatus;

void penstock_input_status_clear (PenstockInputStatus *status);

typedef struct
{
  const gchar *route;                    /* copied */
  const PenstockRouteConfig *route_config; /* must outlive the supervisor */
  const PenstockInputType *type;
  const PenstockListenAddress *rtmp_listen;
  GstClock *clock;                       /* shared by all pipelines */
  GstClockTime base_time;
} PenstockSupervisorSettings;

PenstockSupervisor *penstock_supervisor_new (
    const PenstockSupervisorSettings *settings);
void penstock_supervisor_start (PenstockSupervisor *self);
/* Ends when the pipeline is gone; `stopped` is emitted then. */
void penstock_supervisor_stop (PenstockSupervisor *self);
/* Takes the input down and up again at once, without back-off. */
void penstock_supervisor_restart (PenstockSupervisor *self);
void penstock_supervisor_get_status (PenstockSupervisor *self,
    PenstockInputStatus *status);

/* Signals (control context):
 *   state-changed (PenstockInputState state)
 *   stopped ()
 */

G_END_DECLS

#endif /* PENSTOCK_SUPERVISOR_H */
