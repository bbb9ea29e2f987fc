/* SPDX-License-Identifier: MIT
 *
 * Runs one input for ever: builds its pipeline, watches it, takes it down as a
 * whole when it fails, and builds it again after a back-off. Lives in the
 * control context. */
#ifndef PENSTOCK_SUPERVISOR_H
#define PENSTOCK_SUPERVISOR_H

#include "input-machine.h"
#include "input-publisher.h"
#include "input.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_SUPERVISOR (penstock_supervisor_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockSupervisor, penstock_supervisor, PENSTOCK, SUPERVISOR, GObject)

const gchar *penstock_input_state_to_string (PenstockInputState state);

/* A copyable answer for the status page. */
typedef struct {
  PenstockInputState state;
  gchar *reason;      /* why no media flows; NULL = it does, or unknown */
  gint64 since_us;    /* g_get_real_time() of the last change of state */
  guint attempts;     /* since the last good run */
  guint restarts;     /* in all */
  gint64 retry_in_ms; /* in BACKOFF */
  GPtrArray *ignored; /* of gchar*: "audio track 2: ... " */
  PenstockInputPublisher publisher;
} PenstockInputStatus;

void penstock_input_status_clear (PenstockInputStatus *status);

typedef struct {
  const gchar *route;                      /* copied */
  const PenstockRouteConfig *route_config; /* must outlive the supervisor */
  const PenstockInputType *type;
  const PenstockListenAddress *rtmp_listen;
  PenstockPublishPorts *ports; /* NULL: no RTSP publishers */
  GstClock *clock;             /* shared by all pipelines */
  GstClockTime base_time;
} PenstockSupervisorSettings;

/* @settings is copied, apart from what its pointers say. The calls below and
 * the signals belong to the thread-default main context of this call. */
PenstockSupervisor *penstock_supervisor_new (
    const PenstockSupervisorSettings *settings);
void penstock_supervisor_start (PenstockSupervisor *self);
/* Takes the pipeline down. `stopped` is emitted from the main loop when it is
 * gone (soon, when there is none); until then the supervisor keeps itself and
 * needs its route_config. */
void penstock_supervisor_stop (PenstockSupervisor *self);
/* Takes the input down and up again at once, without back-off. Does nothing
 * when stopped. */
void penstock_supervisor_restart (PenstockSupervisor *self);
/* (out caller-allocates): free with penstock_input_status_clear(). */
void penstock_supervisor_get_status (
    PenstockSupervisor *self, PenstockInputStatus *status);

/* Signals (control context):
 *   state-changed (gint state)    a PenstockInputState
 *   stopped ()
 */

G_END_DECLS

#endif /* PENSTOCK_SUPERVISOR_H */
