/* SPDX-License-Identifier: MIT
 *
 * See supervisor.h. What to do when is input-machine.c's decision; here it is
 * done: pipelines are built in the control context, and brought up and down by
 * a worker, one job after the other, so that no source can hold up the control
 * context. */

#include "supervisor.h"

#include "../log.h"
#include "../penstock-error.h"
#include "channel/channel.h"
#include "input-attempt.h"
#include "input-problem.h"
#include "publish-ports.h"

#define COMPONENT "input"

struct _PenstockSupervisor {
  GObject parent;

  /* Set once. */
  gchar *route;
  const PenstockRouteConfig *route_config;
  const PenstockInputType *type;
  const PenstockListenAddress *rtmp_listen;
  PenstockPublishPorts *ports; /* NULL: none */
  GstClock *clock;
  GstClockTime base_time;
  PenstockChannel *channel;
  GMainContext *context;
  GThreadPool *worker; /* one job at a time */

  /* Control context. */
  PenstockInputMachine machine;
  PenstockInputAttempt *attempt; /* NULL: none is running */
  GSource *bus_source, *timer;
  gchar *reason;
  gint64 since_us;
  GstClockTime lost_at; /* channel time; data before it is of the past */
  GPtrArray *ignored;
  PenstockInputPublisher publisher;
  GCancellable *probe;     /* of the job that takes down */
  PenstockInputState told; /* last state that was emitted */
};

enum { SIGNAL_STATE_CHANGED, SIGNAL_STOPPED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (PenstockSupervisor, penstock_supervisor, G_TYPE_OBJECT)

const gchar *
penstock_input_state_to_string (PenstockInputState state)
{
  static const gchar *const names[] = { "stopped", "waiting", "connecting",
    "running", "stopping", "backoff", "ended" };

  return state < G_N_ELEMENTS (names) ? names[state] : "unknown";
}

void
penstock_input_status_clear (PenstockInputStatus *status)
{
  g_clear_pointer (&status->reason, g_free);
  g_clear_pointer (&status->ignored, g_ptr_array_unref);
  penstock_input_publisher_clear (&status->publisher);
}

/* --- jobs of the worker ---------------------------------------------------- */

/* Holds the supervisor: it is not gone before its pipeline is. */
typedef struct {
  PenstockSupervisor *self;
  PenstockInputAttempt *attempt;
  gboolean down;        /* else up */
  gboolean needs_probe; /* after down: why can it not connect? */
  GCancellable *cancellable;
  gchar *found; /* by the probe */
} Job;

static void
job_free (Job *job)
{
  penstock_input_attempt_unref (job->attempt);
  g_clear_object (&job->cancellable);
  g_free (job->found);
  g_object_unref (job->self);
  g_free (job);
}

static gboolean attempt_is_up (gpointer user_data);
static gboolean attempt_refused (gpointer user_data);
static gboolean attempt_is_down (gpointer user_data);

static void
run_job (gpointer data, gpointer user_data)
{
  Job *job = data;
  GSourceFunc done = attempt_is_down;

  if (job->down) {
    penstock_input_attempt_take_down (job->attempt);
    if (job->cancellable)
      job->found = penstock_input_problem_probe (
          &job->self->route_config->input, job->cancellable);
  } else {
    done = penstock_input_attempt_play (job->attempt) ? attempt_is_up
                                                      : attempt_refused;
  }
  /* Also a job without news ends in the control context: it may hold the last
   * reference to the supervisor. */
  penstock_control_post (
      job->self->context, done, job, (GDestroyNotify) job_free);
}

static void
push_job (PenstockSupervisor *self, gboolean down, gboolean needs_probe)
{
  Job *job = g_new0 (Job, 1);

  job->self = g_object_ref (self);
  job->attempt = penstock_input_attempt_ref (self->attempt);
  job->down = down;
  if (needs_probe) {
    job->cancellable = g_cancellable_new ();
    g_set_object (&self->probe, job->cancellable);
  }
  g_thread_pool_push (self->worker, job, NULL);
}

/* --- state ----------------------------------------------------------------- */

static void act (PenstockSupervisor *self, PenstockInputAction action);

static gboolean
emit_stopped (gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_STOPPED], 0);
  return G_SOURCE_REMOVE;
}

/* After each event of the machine: timer and signal. */
static void
tell (PenstockSupervisor *self)
{
  g_source_set_ready_time (self->timer, self->machine.deadline);
  if (self->told == self->machine.state)
    return;
  self->told = self->machine.state;
  self->since_us = g_get_real_time ();
  penstock_debug (COMPONENT, "%s route=%s",
      penstock_input_state_to_string (self->told), self->route);
  g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0, (gint) self->told);
}

static void
set_reason (PenstockSupervisor *self, const gchar *reason)
{
  g_free (self->reason);
  self->reason = g_strdup (reason);
}

static void
take_down (PenstockSupervisor *self, gboolean needs_probe)
{
  if (penstock_channel_get_state (self->channel) == PENSTOCK_CHANNEL_ONLINE)
    penstock_channel_set_state (self->channel, PENSTOCK_CHANNEL_OFFLINE);
  /* From here on the bus is the worker's. */
  g_source_destroy (self->bus_source);
  g_clear_pointer (&self->bus_source, g_source_unref);
  push_job (self, TRUE, needs_probe);
}

static void
fail (PenstockSupervisor *self, PenstockInputFailure failure,
    const gchar *reason, gboolean needs_probe)
{
  PenstockInputAction action = penstock_input_machine_fail (
      &self->machine, failure, g_get_monotonic_time (), g_random_double ());

  if (action != PENSTOCK_INPUT_ACTION_TAKE_DOWN)
    return;
  set_reason (self, reason);
  /* A reason that is still being looked for is logged when it is known. */
  if (!needs_probe)
    penstock_warning (COMPONENT, "%s route=%s", reason, self->route);
  take_down (self, needs_probe);
  tell (self);
}

/* --- what the pipeline says ------------------------------------------------ */

static void
publisher_began (PenstockSupervisor *self, GstMessage *message)
{
  const PenstockInputPublisher *publisher = &self->publisher;

  penstock_input_publisher_begin (&self->publisher, message);
  penstock_info (COMPONENT,
      "publisher connected route=%s peer=%s protocol=%s encoder=%s",
      self->route, publisher->peer, publisher->protocol, publisher->encoder);
  g_ptr_array_set_size (self->ignored, 0);
  penstock_input_attempt_arm (self->attempt);
}

static void
handle_publication (
    PenstockSupervisor *self, GstMessage *message, const GstStructure *s)
{
  const gchar *state = gst_structure_get_string (s, "state");
  const gchar *peer = gst_structure_get_string (s, "peer");
  const gchar *reason = gst_structure_get_string (s, "reason");

  if (g_strcmp0 (state, "started") == 0) {
    publisher_began (self, message);
    return;
  }
  gboolean ended = g_strcmp0 (state, "ended") == 0;
  penstock_info (COMPONENT, "publisher %s route=%s peer=%s reason=\"%s\"",
      ended ? "ended" : "lost", self->route, peer ? peer : "unknown",
      reason ? reason : "");
  if (!penstock_input_publisher_is_meant (&self->publisher, message))
    return;
  penstock_input_publisher_clear (&self->publisher);
  set_reason (self, ended ? NULL : reason);
  penstock_input_machine_idle (&self->machine, g_get_monotonic_time ());
  self->lost_at = penstock_channel_now ();
  penstock_channel_set_state (
      self->channel, ended ? PENSTOCK_CHANNEL_ENDED : PENSTOCK_CHANNEL_OFFLINE);
  tell (self);
}

static void
note_ignored (PenstockSupervisor *self, const GstStructure *s)
{
  g_autofree gchar *text =
      g_strdup_printf ("%s: %s", gst_structure_get_string (s, "track"),
          gst_structure_get_string (s, "reason"));

  if (g_ptr_array_find_with_equal_func (self->ignored, text, g_str_equal, NULL))
    return;
  penstock_info (COMPONENT, "ignoring %s route=%s", text, self->route);
  g_ptr_array_add (self->ignored, g_steal_pointer (&text));
}

static void
handle_element_message (PenstockSupervisor *self, GstMessage *message)
{
  const GstStructure *s = gst_message_get_structure (message);

  if (!s)
    return;
  if (gst_structure_has_name (s, "penstock-publication")) {
    handle_publication (self, message, s);
  } else if (gst_structure_has_name (s, "penstock-track-ignored")) {
    note_ignored (self, s);
  } else if (gst_structure_has_name (s, "penstock-input-failed")) {
    gboolean permanent = FALSE;
    gst_structure_get_boolean (s, "permanent", &permanent);
    fail (self,
        permanent ? PENSTOCK_INPUT_FAILURE_REFUSED
                  : PENSTOCK_INPUT_FAILURE_LOST,
        gst_structure_get_string (s, "reason"), FALSE);
  }
}

static void
handle_error (PenstockSupervisor *self, GstMessage *message)
{
  g_auto (PenstockInputProblem) problem = { 0 };

  penstock_input_problem_from_message (
      message, &self->route_config->input, &problem);
  fail (self, problem.failure, problem.reason, problem.needs_probe);
}

static void
handle_eos (PenstockSupervisor *self)
{
  const PenstockInputConfig *config = &self->route_config->input;
  gint64 now = g_get_monotonic_time ();

  if (!self->machine.rules.once) {
    g_autofree gchar *name = penstock_input_describe (config);
    g_autofree gchar *reason = g_strdup_printf ("%s: %s", name,
        self->type->is_network ? "the server ended the stream"
                               : "the stream is over");
    fail (self, PENSTOCK_INPUT_FAILURE_LOST, reason, FALSE);
    return;
  }
  PenstockInputAction action =
      penstock_input_machine_eos (&self->machine, now, 0);
  if (action == PENSTOCK_INPUT_ACTION_NONE)
    return;
  penstock_info (COMPONENT, "played to the end route=%s", self->route);
  penstock_channel_set_state (self->channel, PENSTOCK_CHANNEL_ENDED);
  act (self, action);
}

static void
handle_warning (PenstockSupervisor *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_warning (message, &error, NULL);
  g_autofree gchar *text = penstock_input_mask_text (error->message);
  penstock_debug (COMPONENT, "%s route=%s", text, self->route);
}

static void
handle_message (PenstockSupervisor *self, GstMessage *message)
{
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
    handle_error (self, message);
    break;
  case GST_MESSAGE_WARNING:
    handle_warning (self, message);
    break;
  case GST_MESSAGE_EOS:
    handle_eos (self);
    break;
  case GST_MESSAGE_ELEMENT:
    handle_element_message (self, message);
    break;
  case GST_MESSAGE_PROGRESS:
    penstock_input_attempt_set_closes_late (self->attempt);
    break;
  default:
    break;
  }
}

static gboolean
bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  g_autoptr (PenstockSupervisor) self = g_object_ref (user_data);

  handle_message (self, message);
  return G_SOURCE_CONTINUE;
}

/* --- attempts -------------------------------------------------------------- */

/* From a streaming thread to the control context. */
typedef struct {
  GWeakRef supervisor;
  PenstockInputAttempt *attempt;
} DataNote;

static void
data_note_free (DataNote *note)
{
  g_weak_ref_clear (&note->supervisor);
  penstock_input_attempt_unref (note->attempt);
  g_free (note);
}

/* The sink says ONLINE when it has published the tracks of a new timeline. Said
 * again here, because OFFLINE for a publisher who was lost is said from this
 * side and may come after the sink's word for the one who follows. */
static void
check_online (PenstockSupervisor *self)
{
  PenstockChannelStats stats;

  if (penstock_channel_get_state (self->channel) == PENSTOCK_CHANNEL_ONLINE)
    return;
  penstock_channel_get_stats (self->channel, &stats);
  if (stats.last_data != GST_CLOCK_TIME_NONE && stats.last_data > self->lost_at)
    penstock_channel_set_state (self->channel, PENSTOCK_CHANNEL_ONLINE);
  else
    penstock_input_attempt_arm (self->attempt);
}

static gboolean
data_came (gpointer user_data)
{
  DataNote *note = user_data;
  g_autoptr (PenstockSupervisor) self = g_weak_ref_get (&note->supervisor);

  if (!self || self->attempt != note->attempt)
    return G_SOURCE_REMOVE;
  if (penstock_input_machine_data (&self->machine, g_get_monotonic_time ())) {
    penstock_info (COMPONENT, "media flows route=%s", self->route);
    set_reason (self, NULL);
  }
  /* The end of a short stream may be heard of first. */
  if (self->machine.state == PENSTOCK_INPUT_STATE_RUNNING)
    check_online (self);
  tell (self);
  return G_SOURCE_REMOVE;
}

typedef struct {
  GWeakRef supervisor;
  GMainContext *context;
} DataTarget;

static void
data_target_free (gpointer data)
{
  DataTarget *target = data;

  g_weak_ref_clear (&target->supervisor);
  g_main_context_unref (target->context);
  g_free (target);
}

static void
first_data (PenstockInputAttempt *attempt, gpointer user_data)
{
  DataTarget *target = user_data;
  g_autoptr (PenstockSupervisor) self = g_weak_ref_get (&target->supervisor);
  DataNote *note = g_new0 (DataNote, 1);

  g_weak_ref_init (&note->supervisor, self);
  note->attempt = penstock_input_attempt_ref (attempt);
  penstock_control_post (
      target->context, data_came, note, (GDestroyNotify) data_note_free);
}

static PenstockInputAttempt *
new_attempt (PenstockSupervisor *self, GstElement *pipeline, GstElement *sink)
{
  DataTarget *target = g_new0 (DataTarget, 1);

  g_weak_ref_init (&target->supervisor, self);
  target->context = g_main_context_ref (self->context);
  return penstock_input_attempt_new (
      pipeline, sink, first_data, target, data_target_free);
}

/* Fills self->attempt, also when it fails, as long as there is a pipeline. */
static gboolean
build_pipeline (PenstockSupervisor *self, GError **error)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *sink = gst_element_factory_make ("penstockchannelsink", "sink");
  gboolean missing = sink == NULL;

  /* The attempt needs something to watch. */
  if (missing)
    sink = gst_bin_new ("sink");
  gst_bin_add (GST_BIN (pipeline), sink);
  self->attempt = new_attempt (self, pipeline, sink);
  if (missing) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_MISSING_ELEMENT,
        "the GStreamer element penstockchannelsink is not installed");
    return FALSE;
  }
  g_object_set (sink, "channel", self->route, "correct-drift",
      self->route_config->correct_drift, NULL);
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), self->clock);
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline, self->base_time);

  const PenstockInputBuild input = {
    .route = self->route,
    .route_config = self->route_config,
    .config = &self->route_config->input,
    .rtmp_listen = self->rtmp_listen,
    .ports = self->ports,
    .pipeline = GST_BIN (pipeline),
    .sink = sink,
  };
  return self->type->build (&input, error);
}

static void
build (PenstockSupervisor *self)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->attempt, penstock_input_attempt_unref);
  g_ptr_array_set_size (self->ignored, 0);
  penstock_input_publisher_clear (&self->publisher);
  self->lost_at = penstock_channel_now ();
  gboolean ok = build_pipeline (self, &error);

  g_autoptr (GstBus) bus =
      gst_element_get_bus (penstock_input_attempt_get_pipeline (self->attempt));
  self->bus_source = gst_bus_create_watch (bus);
  g_source_set_callback (
      self->bus_source, G_SOURCE_FUNC (bus_message), self, NULL);
  g_source_attach (self->bus_source, self->context);
  if (ok) {
    push_job (self, FALSE, FALSE);
    return;
  }
  g_autofree gchar *name = penstock_input_describe (&self->route_config->input);
  g_autofree gchar *reason = g_strdup_printf ("%s: %s", name, error->message);
  fail (self, PENSTOCK_INPUT_FAILURE_REFUSED, reason, FALSE);
}

static void
act (PenstockSupervisor *self, PenstockInputAction action)
{
  switch (action) {
  case PENSTOCK_INPUT_ACTION_BUILD:
    tell (self);
    build (self);
    break;
  case PENSTOCK_INPUT_ACTION_TAKE_DOWN:
    take_down (self, FALSE);
    break;
  case PENSTOCK_INPUT_ACTION_STOPPED:
    /* From the loop, so that callers of stop() are not called back. */
    penstock_control_post (
        self->context, emit_stopped, g_object_ref (self), g_object_unref);
    break;
  default:
    break;
  }
  tell (self);
}

static gboolean
attempt_is_up (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static gboolean
attempt_refused (gpointer user_data)
{
  Job *job = user_data;
  PenstockSupervisor *self = job->self;

  if (self->attempt != job->attempt || !self->bus_source)
    return G_SOURCE_REMOVE;
  /* What refused has usually said why. */
  g_autoptr (GstBus) bus =
      gst_element_get_bus (penstock_input_attempt_get_pipeline (job->attempt));
  for (GstMessage *message;
       self->bus_source && (message = gst_bus_pop (bus));) {
    handle_message (self, message);
    gst_message_unref (message);
  }
  g_autofree gchar *name = penstock_input_describe (&self->route_config->input);
  g_autofree gchar *reason = g_strdup_printf ("%s: cannot be started", name);
  fail (self, PENSTOCK_INPUT_FAILURE_LOST, reason, FALSE);
  return G_SOURCE_REMOVE;
}

static gboolean
attempt_is_down (gpointer user_data)
{
  Job *job = user_data;
  PenstockSupervisor *self = job->self;

  if (self->attempt == job->attempt)
    g_clear_pointer (&self->attempt, penstock_input_attempt_unref);
  if (job->cancellable) {
    if (job->found)
      set_reason (self, job->found);
    penstock_warning (COMPONENT, "%s route=%s", self->reason, self->route);
    g_clear_object (&self->probe);
  }
  act (self,
      penstock_input_machine_down (&self->machine, g_get_monotonic_time ()));
  return G_SOURCE_REMOVE;
}

/* --- deadlines ------------------------------------------------------------- */

static void
time_out (PenstockSupervisor *self, const gchar *what, guint ms)
{
  g_autofree gchar *name = penstock_input_describe (&self->route_config->input);
  g_autofree gchar *reason = g_strdup_printf (
      "%s: %s %u.%u s", name, what, ms / 1000, ms % 1000 / 100);

  fail (self, PENSTOCK_INPUT_FAILURE_LOST, reason, FALSE);
}

static gboolean
deadline_came (gpointer user_data)
{
  g_autoptr (PenstockSupervisor) self = g_object_ref (user_data);
  PenstockInputMachine *machine = &self->machine;
  gint64 now = g_get_monotonic_time (), last_data = now;

  g_source_set_ready_time (self->timer, -1);
  if (self->attempt && machine->state == PENSTOCK_INPUT_STATE_RUNNING)
    last_data = penstock_input_attempt_get_last_data (
        self->attempt, machine->running_since);
  switch (penstock_input_machine_tick (machine, last_data, now)) {
  case PENSTOCK_INPUT_TICK_BUILD:
    act (self, PENSTOCK_INPUT_ACTION_BUILD);
    break;
  case PENSTOCK_INPUT_TICK_NO_CONNECT:
    time_out (self, "no media within", machine->rules.connect_timeout_ms);
    break;
  case PENSTOCK_INPUT_TICK_NO_DATA:
    time_out (self, "no data for", machine->rules.no_data_timeout_ms);
    break;
  default:
    tell (self);
    break;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_timer (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs timer_funcs = { .dispatch = dispatch_timer };

/* --- public ---------------------------------------------------------------- */

void
penstock_supervisor_start (PenstockSupervisor *self)
{
  act (self,
      penstock_input_machine_start (&self->machine, g_get_monotonic_time ()));
}

void
penstock_supervisor_stop (PenstockSupervisor *self)
{
  if (self->probe)
    g_cancellable_cancel (self->probe);
  act (self,
      penstock_input_machine_stop (&self->machine, g_get_monotonic_time ()));
}

void
penstock_supervisor_restart (PenstockSupervisor *self)
{
  if (self->probe)
    g_cancellable_cancel (self->probe);
  act (self,
      penstock_input_machine_restart (&self->machine, g_get_monotonic_time ()));
}

void
penstock_supervisor_get_status (
    PenstockSupervisor *self, PenstockInputStatus *status)
{
  gint64 wait = 0;

  if (self->machine.state == PENSTOCK_INPUT_STATE_BACKOFF)
    wait = MAX (0, self->machine.deadline - g_get_monotonic_time ());
  *status = (PenstockInputStatus){
    .state = self->machine.state,
    .reason = g_strdup (self->reason),
    .since_us = self->since_us,
    .attempts = self->machine.attempts,
    .restarts = self->machine.restarts,
    .retry_in_ms = wait / 1000,
    .ignored = g_ptr_array_new_with_free_func (g_free),
  };
  penstock_input_publisher_copy (&self->publisher, &status->publisher);
  for (guint i = 0; i < self->ignored->len; i++)
    g_ptr_array_add (status->ignored, g_strdup (self->ignored->pdata[i]));
}

PenstockSupervisor *
penstock_supervisor_new (const PenstockSupervisorSettings *settings)
{
  PenstockSupervisor *self = g_object_new (PENSTOCK_TYPE_SUPERVISOR, NULL);
  const PenstockInputConfig *config = &settings->route_config->input;
  const PenstockInputRules rules = {
    .connect_timeout_ms =
        settings->type->is_network ? config->connect_timeout_ms : 0,
    .no_data_timeout_ms =
        settings->type->is_network ? config->no_data_timeout_ms : 0,
    .waits = settings->type->waits,
    .once = config->kind == PENSTOCK_INPUT_FILE && !config->loop,
  };

  self->route = g_strdup (settings->route);
  self->route_config = settings->route_config;
  self->type = settings->type;
  self->rtmp_listen = settings->rtmp_listen;
  if (settings->ports)
    self->ports = penstock_publish_ports_ref (settings->ports);
  self->clock = gst_object_ref (settings->clock);
  self->base_time = settings->base_time;
  self->channel = penstock_channel_get (settings->route);
  penstock_input_machine_init (&self->machine, &rules);
  return self;
}

static gpointer
take_down_alone (gpointer attempt)
{
  penstock_input_attempt_take_down (attempt);
  penstock_input_attempt_unref (attempt);
  return NULL;
}

static void
penstock_supervisor_finalize (GObject *object)
{
  PenstockSupervisor *self = PENSTOCK_SUPERVISOR (object);

  if (self->bus_source) {
    g_source_destroy (self->bus_source);
    g_source_unref (self->bus_source);
  }
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  /* Dropped while it runs: nobody waits for the end. */
  if (self->attempt)
    g_thread_unref (
        g_thread_new ("input-down", take_down_alone, self->attempt));
  g_thread_pool_free (self->worker, FALSE, FALSE);
  g_clear_object (&self->channel);
  g_clear_pointer (&self->ports, penstock_publish_ports_unref);
  g_clear_object (&self->clock);
  g_clear_object (&self->probe);
  g_ptr_array_unref (self->ignored);
  penstock_input_publisher_clear (&self->publisher);
  g_free (self->reason);
  g_free (self->route);
  g_main_context_unref (self->context);
  G_OBJECT_CLASS (penstock_supervisor_parent_class)->finalize (object);
}

static void
penstock_supervisor_class_init (PenstockSupervisorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_supervisor_finalize;

  signals[SIGNAL_STATE_CHANGED] =
      g_signal_new ("state-changed", G_TYPE_FROM_CLASS (klass),
          G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[SIGNAL_STOPPED] = g_signal_new ("stopped", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
penstock_supervisor_init (PenstockSupervisor *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->worker = g_thread_pool_new (run_job, NULL, 1, FALSE, NULL);
  self->ignored = g_ptr_array_new_with_free_func (g_free);
  self->since_us = g_get_real_time ();
  self->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_callback (self->timer, deadline_came, self, NULL);
  g_source_attach (self->timer, self->context);
}
