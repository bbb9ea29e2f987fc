/* SPDX-License-Identifier: MIT
 *
 * Thousands of RTSP viewers in one process and one thread: how long joining
 * takes to the complete keyframe, what is lost or late, how old pictures are
 * (from stamps in the stream, see stamp.h), and what it costs the server.
 *
 *   rtsp-load --viewers 400 --server-pid PID rtsp://127.0.0.1:8554/bench
 *
 * Phases: a first viewer waits for the stream; the others join at random
 * moments; everything is measured for a time; late keyframes are waited for. */

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"
#include "stamp.h"

#define NS_PER_S 1e9
#define NS_PER_MS G_GUINT64_CONSTANT (1000000)
#define BUFFER_SIZE (1024 * 1024)
#define EVENTS 256
#define RETRY_NS (100 * NS_PER_MS)
#define SLOW_TICK_NS (100 * NS_PER_MS)
#define KEEPALIVE_NS (20 * 1000 * NS_PER_MS)
#define FREEZE_AFTER_NS (500 * NS_PER_MS)

static guint64
after (gdouble seconds)
{
  return stamp_now () + (guint64) (seconds * NS_PER_S);
}

/* --- the measurement ------------------------------------------------------------ */

static void
take_mark (Load *self, LoadMark *mark)
{
  memset (mark, 0, sizeof *mark);
  mark->own_cpu_ns = proc_stat_own_cpu_ns ();
  mark->time_ns = stamp_now ();
  mark->bytes = self->shared.n_bytes;
  mark->playing = self->shared.n_playing;
  for (gint i = 0; i < self->options.viewers; i++) {
    for (guint k = 0; k < self->viewers[i].n_tracks; k++)
      if (self->viewers[i].watches[k].video)
        mark->video_units += self->viewers[i].watches[k].n_units;
  }
  mark->server_runs = self->options.server_pid <= 0 ||
      proc_stat_read (
          self->options.server_pid, self->options.server_core, &mark->server);
}

static void
begin_measure (Load *self)
{
  self->phase = LOAD_MEASURE;
  self->phase_end_ns = after (self->options.measure_s);
  take_mark (self, &self->begin_mark);
  self->shared.measuring = TRUE;
  self->shared.measure_begin_ns = stamp_now ();
  self->next_churn_ns = stamp_now ();
  self->thaw_ns = stamp_now () + FREEZE_AFTER_NS +
      (guint64) (self->options.freeze_s * NS_PER_S);
}

static void
end_measure (Load *self)
{
  self->phase = LOAD_DRAIN;
  self->phase_end_ns = after (self->options.wait_s);
  self->shared.measuring = FALSE;
  take_mark (self, &self->end_mark);
  for (guint i = 0; i < self->churn->len; i++) {
    Viewer *viewer = g_ptr_array_index (self->churn, i);

    viewer_leave (viewer, TRUE);
  }
}

/* TRUE: every viewer has its keyframe, and the server let go of those that
 * came and went. */
static gboolean
is_drained (Load *self)
{
  const ProcStat *before = &self->begin_mark.server;

  for (gint i = 0; i < self->options.viewers; i++) {
    Viewer *viewer = &self->viewers[i];

    if (viewer->state != VIEWER_FAILED && viewer->key_ns == 0)
      return FALSE;
  }
  if (self->options.churn_per_s <= 0 || self->options.server_pid <= 0)
    return TRUE;
  proc_stat_read (self->options.server_pid, -1, &self->end);
  return self->end.fds <= before->fds && self->end.threads <= before->threads;
}

/* --- who comes and goes ----------------------------------------------------------- */

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return (x > y) - (x < y);
}

static void
begin_joins (Load *self)
{
  guint n = (guint) self->options.viewers;
  guint64 now = stamp_now ();

  if (self->options.server_pid > 0)
    proc_stat_read (self->options.server_pid, -1, &self->idle);
  for (guint i = 0; i < n; i++)
    self->join_at[i] = now +
        (guint64) (NS_PER_S *
            g_rand_double_range (
                self->random, 0, MAX (self->options.join_s, 1e-3)));
  qsort (self->join_at, n, sizeof (guint64), compare_times);
  self->next_join = 1; /* viewer 0 is there already */
  self->phase = LOAD_JOIN;
}

static void
join_due (Load *self, guint64 now)
{
  guint n = (guint) self->options.viewers;

  while (self->next_join < n && self->join_at[self->next_join] <= now)
    viewer_join (&self->viewers[self->next_join++]);
  if (self->next_join >= n) {
    self->phase = LOAD_SETTLE;
    self->phase_end_ns = after (self->options.settle_s);
  }
}

static Viewer *
idle_churn_viewer (Load *self)
{
  Viewer *viewer;

  for (guint i = 0; i < self->churn->len; i++) {
    viewer = g_ptr_array_index (self->churn, i);
    if (viewer->state == VIEWER_IDLE)
      return viewer;
  }
  viewer = g_new0 (Viewer, 1);
  viewer_init (viewer, &self->shared);
  viewer->kind = VIEWER_PASSING;
  g_ptr_array_add (self->churn, viewer);
  return viewer;
}

/* Each leaves at a random time after the answer to PLAY, with or without its
 * keyframe, one in two without a word. */
static void
churn (Load *self, guint64 now)
{
  gdouble hold = MAX (self->options.churn_hold_s, 1e-3);

  for (; self->next_churn_ns <= now; self->next_churn_ns +=
       (guint64) (NS_PER_S / self->options.churn_per_s)) {
    viewer_join (idle_churn_viewer (self));
    self->n_churn_joins++;
  }
  for (guint i = 0; i < self->churn->len; i++) {
    Viewer *viewer = g_ptr_array_index (self->churn, i);

    if (viewer->state == VIEWER_FAILED) {
      self->n_churn_failed++;
      viewer_leave (viewer, FALSE);
    } else if (viewer->playing_ns != 0 && viewer->leave_ns == 0) {
      viewer->leave_ns = after (g_rand_double_range (self->random, 0, hold));
    } else if (viewer->leave_ns != 0 && viewer->leave_ns <= now) {
      viewer_leave (viewer, g_rand_boolean (self->random));
    }
  }
}

/* --- who does not read ------------------------------------------------------------ */

static void
set_frozen (Load *self, gboolean frozen)
{
  for (gint i = 0; i < self->options.viewers; i++) {
    if (self->viewers[i].kind == VIEWER_FROZEN)
      viewer_set_reading (&self->viewers[i], !frozen);
  }
}

static void
freeze_and_thaw (Load *self, guint64 now)
{
  guint64 freeze_ns = self->begin_mark.time_ns + FREEZE_AFTER_NS;

  if (now < freeze_ns || self->options.frozen == 0)
    return;
  if (!self->frozen) {
    self->frozen = TRUE;
    set_frozen (self, TRUE);
  } else if (!self->thawed && now >= self->thaw_ns) {
    self->thawed = TRUE;
    set_frozen (self, FALSE);
  }
}

/* Slow viewers are read by the clock, not when there is something. */
static void
read_slowly (Load *self, guint64 now)
{
  gsize budget = (gsize) self->options.slow_kbps * 1000 / 8 / 10;

  if (now < self->next_slow_ns)
    return;
  self->next_slow_ns = now + SLOW_TICK_NS;
  for (gint i = 0; i < self->options.viewers; i++) {
    Viewer *viewer = &self->viewers[i];

    if (viewer->kind != VIEWER_SLOW || viewer->state != VIEWER_PLAYING)
      continue;
    if (viewer->slowed)
      viewer_handle (&viewer->control, budget);
    else
      viewer_set_reading (viewer, FALSE);
    viewer->slowed = TRUE;
  }
}

static void
keep_alive (Load *self, guint64 now)
{
  for (gint i = 0; i < self->options.viewers; i++) {
    Viewer *viewer = &self->viewers[i];

    if (now - viewer->keepalive_ns < KEEPALIVE_NS)
      continue;
    viewer->keepalive_ns = now;
    viewer_keep_alive (viewer);
  }
}

/* --- the loop ------------------------------------------------------------------- */

static void
wait_for_stream (Load *self, guint64 now)
{
  Viewer *scout = &self->viewers[0];

  if (scout->key_ns != 0) {
    if (now - scout->key_ns >= (guint64) (self->options.warm_s * NS_PER_S))
      begin_joins (self);
  } else if (now >= self->phase_end_ns) {
    self->phase = LOAD_DONE;
  } else if (scout->state == VIEWER_FAILED &&
      now - scout->connect_ns >= RETRY_NS) {
    viewer_leave (scout, FALSE);
    self->shared.n_failed = 0;
    g_clear_pointer (&self->shared.first_failure, g_free);
    viewer_join (scout);
  }
}

static void
tick (Load *self)
{
  guint64 now = stamp_now ();

  switch (self->phase) {
  case LOAD_SCOUT:
    wait_for_stream (self, now);
    break;
  case LOAD_JOIN:
    join_due (self, now);
    break;
  case LOAD_SETTLE:
    if (now >= self->phase_end_ns)
      begin_measure (self);
    break;
  case LOAD_MEASURE:
    freeze_and_thaw (self, now);
    if (self->options.churn_per_s > 0)
      churn (self, now);
    if (now >= self->phase_end_ns)
      end_measure (self);
    break;
  case LOAD_DRAIN:
    if (is_drained (self) || now >= self->phase_end_ns)
      self->phase = LOAD_DONE;
    break;
  case LOAD_DONE:
    break;
  }
  if (self->options.slow > 0)
    read_slowly (self, now);
  if (now >= self->next_keepalive_ns) {
    self->next_keepalive_ns = now + 1000 * NS_PER_MS;
    keep_alive (self, now);
  }
}

static void
run (Load *self)
{
  struct epoll_event events[EVENTS];

  self->phase_end_ns = after (self->options.wait_s);
  viewer_join (&self->viewers[0]);
  while (self->phase != LOAD_DONE) {
    /* While viewers come or go, their moment is kept to a millisecond. */
    gboolean fine = self->phase == LOAD_JOIN || self->options.churn_per_s > 0;
    gint n = epoll_wait (self->shared.epoll_fd, events, EVENTS, fine ? 1 : 10);

    for (gint i = 0; i < n; i++)
      viewer_handle (events[i].data.ptr, 0);
    tick (self);
  }
}

/* --- set-up --------------------------------------------------------------------- */

static gboolean
read_arguments (LoadOptions *options, gint *argc, gchar ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "viewers", 'n', 0, G_OPTION_ARG_INT, &options->viewers,
        "Viewers in all (100)", "N" },
    { "udp", 'u', 0, G_OPTION_ARG_NONE, &options->udp,
        "Media over UDP instead of the RTSP connection", NULL },
    { "warm", 0, 0, G_OPTION_ARG_DOUBLE, &options->warm_s,
        "How long the first viewer watches alone (0)", "SECONDS" },
    { "join", 0, 0, G_OPTION_ARG_DOUBLE, &options->join_s,
        "Viewers join at random within this time (10)", "SECONDS" },
    { "settle", 0, 0, G_OPTION_ARG_DOUBLE, &options->settle_s,
        "Time between the last join and the measurement (0.5)", "SECONDS" },
    { "measure", 0, 0, G_OPTION_ARG_DOUBLE, &options->measure_s,
        "Length of the measurement (5)", "SECONDS" },
    { "wait", 0, 0, G_OPTION_ARG_DOUBLE, &options->wait_s,
        "Longest wait for the stream, and for keyframes at the end (12)",
        "SECONDS" },
    { "frozen", 0, 0, G_OPTION_ARG_INT, &options->frozen,
        "Viewers that stop reading for a while (0)", "N" },
    { "freeze", 0, 0, G_OPTION_ARG_DOUBLE, &options->freeze_s,
        "How long these do not read (20)", "SECONDS" },
    { "slow", 0, 0, G_OPTION_ARG_INT, &options->slow,
        "Viewers over TCP that read slowly (0)", "N" },
    { "slow-kbps", 0, 0, G_OPTION_ARG_INT, &options->slow_kbps,
        "How fast these read (410)", "KBIT/S" },
    { "churn", 0, 0, G_OPTION_ARG_DOUBLE, &options->churn_per_s,
        "Further viewers that come and go while measuring (0)", "PER-SECOND" },
    { "churn-hold", 0, 0, G_OPTION_ARG_DOUBLE, &options->churn_hold_s,
        "Longest stay of these after the answer to PLAY (1)", "SECONDS" },
    { "fps", 0, 0, G_OPTION_ARG_INT, &options->fps,
        "Pictures a second, to tell skips; 0: unknown (25)", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &options->seed,
        "Of the random moments (1)", "N" },
    { "server-pid", 0, 0, G_OPTION_ARG_INT, &options->server_pid,
        "Server whose cost is measured", "PID" },
    { "server-core", 0, 0, G_OPTION_ARG_INT, &options->server_core,
        "Its processor, to tell what others use of it", "N" },
    { "json", 0, 0, G_OPTION_ARG_FILENAME, &options->json,
        "Result as a JSON object; - instead of the table", "FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("rtsp://ADDRESS:PORT/PATH");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc != 2 || options->viewers < 1 || options->frozen < 0 ||
      options->slow < 0 ||
      options->frozen + options->slow >= options->viewers ||
      (options->udp && options->slow > 0) || options->fps < 0) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "expected one URL, at least one viewer who is neither frozen nor slow, "
        "and slow ones over TCP only");
    return FALSE;
  }
  options->url = g_strdup ((*argv)[1]);
  return TRUE;
}

static gboolean
resolve (ViewerShared *shared, const gchar *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, error);
  struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
  struct addrinfo *found = NULL;
  g_autofree gchar *port = NULL;
  gint result;

  if (uri == NULL)
    return FALSE;
  port = g_strdup_printf (
      "%d", g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : 554);
  result = getaddrinfo (g_uri_get_host (uri), port, &hints, &found);
  if (result != 0) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", url,
        gai_strerror (result));
    return FALSE;
  }
  memcpy (&shared->address, found->ai_addr, sizeof shared->address);
  freeaddrinfo (found);
  return TRUE;
}

static void
load_init (Load *self)
{
  ViewerShared *shared = &self->shared;
  gint n = self->options.viewers;

  shared->url = self->options.url;
  shared->udp = self->options.udp;
  shared->fps = (guint) self->options.fps;
  shared->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  shared->buffer = g_malloc (BUFFER_SIZE);
  shared->buffer_size = BUFFER_SIZE;
  samples_init (&shared->join_connect);
  samples_init (&shared->join_play);
  samples_init (&shared->latency);
  self->random = g_rand_new_with_seed ((guint32) self->options.seed);
  self->join_at = g_new0 (guint64, n);
  self->churn = g_ptr_array_new_with_free_func (g_free);
  self->viewers = g_new0 (Viewer, n);
  for (gint i = 0; i < n; i++) {
    viewer_init (&self->viewers[i], shared);
    if (i >= n - self->options.frozen)
      self->viewers[i].kind = VIEWER_FROZEN;
    else if (i >= n - self->options.frozen - self->options.slow)
      self->viewers[i].kind = VIEWER_SLOW;
  }
}

static void
load_clear (Load *self)
{
  for (gint i = 0; i < self->options.viewers; i++)
    viewer_leave (&self->viewers[i], TRUE);
  g_free (self->viewers);
  g_ptr_array_unref (self->churn);
  g_free (self->join_at);
  g_rand_free (self->random);
  samples_clear (&self->shared.join_connect);
  samples_clear (&self->shared.join_play);
  samples_clear (&self->shared.latency);
  g_free (self->shared.buffer);
  g_free (self->shared.first_failure);
  close (self->shared.epoll_fd);
}

/* Exit status: 0 measured, 1 the stream did not come or the server ended, 2
 * wrong arguments. */
gint
main (gint argc, gchar **argv)
{
  g_autoptr (GError) error = NULL;
  Load load = { .options = { .viewers = 100,
                    .join_s = 10,
                    .settle_s = 0.5,
                    .measure_s = 5,
                    .freeze_s = 20,
                    .slow_kbps = 410,
                    .churn_hold_s = 1,
                    .fps = 25,
                    .seed = 1,
                    .wait_s = 12,
                    .server_core = -1 } };
  gboolean ok;

  if (!read_arguments (&load.options, &argc, &argv, &error) ||
      !resolve (&load.shared, load.options.url, &error)) {
    fprintf (stderr, "rtsp-load: %s\n", error->message);
    g_free (load.options.url);
    return 2;
  }
  proc_stat_raise_fd_limit ();
  load_init (&load);
  run (&load);
  ok = load.end_mark.time_ns != 0 && load.end_mark.server_runs;
  if (ok)
    ok = load_report (&load);
  else if (load.end_mark.time_ns != 0)
    fprintf (stderr, "rtsp-load: %s: the server ended meanwhile\n",
        load.options.url);
  else
    fprintf (stderr, "rtsp-load: %s: no keyframe within %g s: %s\n",
        load.options.url, load.options.wait_s,
        load.shared.first_failure != NULL ? load.shared.first_failure
                                          : "no answer");
  load_clear (&load);
  g_free (load.options.url);
  g_free (load.options.json);
  return ok ? 0 : 1;
}
