/* SPDX-License-Identifier: MIT
 *
 * Thousands of DASH viewers in one process and one thread. Each gets the MPD
 * and then media segments of every track when the MPD announces them, over
 * connections that are kept: what comes late, how old first chunks of segments are when
 * they are here, and what it costs the server.
 *
 *   dash-load -n 500 --server-pid PID http://127.0.0.1:8080/live/bench/manifest.mpd
 *
 * Segments that are listed: one connection a viewer; the MPD, video, audio, for
 * each segment. Viewers are up to SPREAD_US behind the announced time, evenly, and
 * stay so. Segments that are counted and grow (low latency): one
 * connection a track, and each segment is asked for when its first chunk is
 * announced.
 *
 * A segment is late that is not complete --player seconds after its end (plus
 * the distance, where viewers keep one): what a player has buffered. */

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dash-text.h"
#include "http-wire.h"
#include "proc-stat.h"
#include "result.h"
#include "samples.h"
#include "stamp.h"

#define BUFFER_SIZE (1024 * 1024)
#define EVENTS 256
#define RETRY_US 100000
#define SPREAD_US G_GINT64_CONSTANT (2000000)

typedef struct {
  gint viewers, server_pid, server_core;
  gdouble join_s, settle_s, measure_s, wait_s, player_s;
  gboolean growing, idle;
  gchar *json;
} Options;

typedef enum { AT_REST, AT_MPD, AT_TRACK } Stage;

typedef struct _Load Load;

typedef struct {
  Load *load;
  gint fd;
  Stage stage;
  gboolean failed, dated; /* dated: @mpd is there, and @number */
  gint only;              /* growing: the track, else -1 */
  guint track;            /* that is read, with AT_TRACK */
  DashText mpd;
  guint64 number;             /* of the segment that comes next */
  gint64 distance_us, due_us; /* G_MAXINT64: not any more */
  HttpWireReader reader;
  BoxWatch boxes;
  GString *text; /* the MPD so far */
} Reader;

typedef struct {
  guint64 time_ns, bytes, cpu_ns;
  ProcStat server;
} Mark;

struct _Load {
  Options options;
  gchar *folder; /* path of the MPD without its last part */
  gchar *path, *host;
  struct sockaddr_in address;
  gint epoll_fd;
  guint8 *buffer;
  Reader *readers;
  gint n_readers;
  Samples segment, chunk; /* ns from their end (their making) to complete */
  guint64 n_bytes, n_segments;
  guint n_failed, n_late, n_refused, n_early;
  gboolean measuring;
  ProcStat idle;
  Mark begin, end;
};

/* --- one connection --------------------------------------------------------- */

static void
fail (Reader *self)
{
  self->failed = TRUE;
  self->due_us = G_MAXINT64;
  self->load->n_failed++;
  close (self->fd);
  self->fd = -1;
}

/* A request fits into the send buffer of a connection that waits for nothing. */
static void
ask (Reader *self, Stage stage, const gchar *path)
{
  g_autofree gchar *request = g_strdup_printf (
      "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, self->load->host);
  gsize size = strlen (request);

  self->stage = stage;
  http_wire_next (&self->reader);
  self->boxes = (BoxWatch){ 0 };
  g_string_truncate (self->text, 0);
  if (send (self->fd, request, size, MSG_NOSIGNAL) != (gssize) size)
    fail (self);
}

static void
ask_segment (Reader *self, guint track)
{
  g_autofree gchar *path = g_strdup_printf ("%s%s/%" G_GUINT64_FORMAT ".m4s",
      self->load->folder, self->mpd.tracks[track].id, self->number);

  self->track = track;
  ask (self, AT_TRACK, path);
}

static const DashTextTrack *
leading_track (const Reader *self)
{
  return &self->mpd.tracks[MAX (self->only, 0)];
}

/* When the next segment is to be asked for. */
static void
plan (Reader *self)
{
  const DashTextTrack *track = leading_track (self);

  self->stage = AT_REST;
  self->due_us = dash_text_end_us (&self->mpd, track, self->number) -
      (gint64) (track->early_s * 1e6) + self->distance_us;
  if (self->load->options.idle)
    self->due_us = G_MAXINT64;
}

static void
segment_done (Reader *self)
{
  Load *load = self->load;
  const DashTextTrack *track = &self->mpd.tracks[self->track];
  gint64 end =
      dash_text_end_us (&self->mpd, track, self->number) + self->distance_us;
  gint64 taken = g_get_real_time () - end;

  if (load->measuring) {
    load->n_segments++;
    load->n_refused += self->reader.status != 200;
    load->n_late += taken > (gint64) (load->options.player_s * 1e6);
    samples_add (&load->segment, (guint64) MAX (taken, 0) * 1000);
  }
  if (self->only < 0 && self->track + 1 < self->mpd.n_tracks) {
    ask_segment (self, self->track + 1);
    return;
  }
  self->number++;
  plan (self);
}

/* The first MPD says where to begin, later ones whether the segment is there. */
static void
mpd_done (Reader *self)
{
  DashText mpd;
  gboolean good = self->reader.status == 200 &&
      dash_text_parse (self->text->str, self->text->len, &mpd) &&
      (gint) mpd.n_tracks > self->only;

  if (!good) {
    fail (self);
    return;
  }
  self->mpd = mpd;
  if (!self->dated) {
    const DashTextTrack *track = leading_track (self);
    self->number = track->nominal
        ? dash_text_number_at (&mpd, track, g_get_real_time ()) + 1
        : track->last_number + 1;
    self->dated = TRUE;
    plan (self);
    return;
  }
  for (guint i = 0; i < mpd.n_tracks; i++) {
    if (mpd.tracks[i].nominal || mpd.tracks[i].last_number >= self->number)
      continue;
    self->load->n_early += self->load->measuring;
    self->stage = AT_REST;
    self->due_us = g_get_real_time () + RETRY_US;
    return;
  }
  ask_segment (self, 0);
}

static void
on_chunk (gint64 made_us, gpointer data)
{
  Load *load = ((Reader *) data)->load;

  if (load->measuring)
    samples_add (
        &load->chunk, (guint64) MAX (g_get_real_time () - made_us, 0) * 1000);
}

static void
on_body (const guint8 *data, gsize size, gpointer user_data)
{
  Reader *self = user_data;

  self->load->n_bytes += size;
  if (self->stage == AT_MPD)
    g_string_append_len (self->text, (const gchar *) data, (gssize) size);
  else if (self->reader.status == 200 &&
      !box_watch_read (&self->boxes, data, size, on_chunk, self))
    self->reader.state = HTTP_WIRE_BROKEN;
}

static void
handle (Reader *self)
{
  gssize n = recv (self->fd, self->load->buffer, BUFFER_SIZE, 0);

  if (n < 0 && errno == EAGAIN)
    return;
  if (n <= 0 || self->stage == AT_REST ||
      http_wire_read (&self->reader, self->load->buffer, (gsize) n, on_body,
          self) != (gsize) n ||
      self->reader.state == HTTP_WIRE_BROKEN)
    fail (self);
  else if (self->reader.state == HTTP_WIRE_COMPLETE)
    (self->stage == AT_MPD ? mpd_done : segment_done) (self);
}

/* Loopback: the connection is there when connect() returns. */
static void
join (Reader *self)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = self };
  gint yes = 1;

  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect (self->fd, (struct sockaddr *) &self->load->address,
          sizeof self->load->address) < 0) {
    fail (self);
    return;
  }
  g_unix_set_fd_nonblocking (self->fd, TRUE, NULL);
  epoll_ctl (self->load->epoll_fd, EPOLL_CTL_ADD, self->fd, &event);
  ask (self, AT_MPD, self->load->path);
}

/* --- the run ---------------------------------------------------------------- */

static void
ask_due (Load *self)
{
  gint64 now = g_get_real_time ();

  for (gint i = 0; i < self->n_readers; i++) {
    Reader *reader = &self->readers[i];

    if (reader->fd < 0 || reader->stage != AT_REST || reader->due_us > now)
      continue;
    if (leading_track (reader)->nominal && reader->only >= 0)
      ask_segment (reader, (guint) reader->only);
    else
      ask (reader, AT_MPD, self->path);
  }
}

static void
run_until (Load *self, guint64 end)
{
  struct epoll_event events[EVENTS];

  while (stamp_now () < end) {
    gint n = epoll_wait (self->epoll_fd, events, EVENTS, 5);

    for (gint i = 0; i < n; i++)
      if (!((Reader *) events[i].data.ptr)->failed)
        handle (events[i].data.ptr);
    ask_due (self);
  }
}

static void
take_mark (Load *self, Mark *mark)
{
  mark->cpu_ns = proc_stat_own_cpu_ns ();
  mark->time_ns = stamp_now ();
  mark->bytes = self->n_bytes;
  if (self->options.server_pid > 0)
    proc_stat_read (
        self->options.server_pid, self->options.server_core, &mark->server);
}

static void
leave (Reader *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

/* The first comes again until the stream is there. */
static gboolean
scout (Load *self)
{
  Reader *first = &self->readers[0];
  guint64 end = stamp_now () + (guint64) (self->options.wait_s * 1e9);

  join (first);
  while (stamp_now () < end && !first->dated) {
    run_until (self, stamp_now () + 100 * 1000 * 1000);
    if (first->failed) {
      self->n_failed = 0;
      first->failed = FALSE;
      join (first);
    }
  }
  return first->dated;
}

static gboolean
run (Load *self)
{
  if (!scout (self))
    return FALSE;
  if (self->options.server_pid > 0)
    proc_stat_read (self->options.server_pid, -1, &self->idle);
  guint64 begin = stamp_now ();
  for (gint i = 1; i < self->n_readers; i++) {
    run_until (self,
        begin + (guint64) (self->options.join_s * 1e9 * i / self->n_readers));
    join (&self->readers[i]);
  }
  run_until (self, stamp_now () + (guint64) (self->options.settle_s * 1e9));
  take_mark (self, &self->begin);
  self->measuring = TRUE;
  run_until (
      self, self->begin.time_ns + (guint64) (self->options.measure_s * 1e9));
  self->measuring = FALSE;
  take_mark (self, &self->end);
  return TRUE;
}

/* --- the result --------------------------------------------------------------- */

static JsonObject *
make_result (Load *self)
{
  const Mark *begin = &self->begin, *end = &self->end;
  gdouble seconds = (gdouble) (end->time_ns - begin->time_ns) / 1e9;
  gdouble mbit = (gdouble) (end->bytes - begin->bytes) * 8 / 1e6;
  JsonObject *object = json_object_new ();

  result_set_run (object,
      &(ResultRun){
          self->options.viewers, seconds, mbit, end->cpu_ns - begin->cpu_ns });
  json_object_set_int_member (object, "failed", self->n_failed);
  json_object_set_int_member (object, "segments", (gint64) self->n_segments);
  json_object_set_int_member (object, "late", self->n_late);
  json_object_set_int_member (object, "refused", self->n_refused);
  json_object_set_int_member (object, "not-listed-yet", self->n_early);
  result_set_samples (object, "segment-ms", &self->segment);
  result_set_samples (object, "chunk-ms", &self->chunk);
  if (self->options.server_pid > 0)
    result_set_server (object,
        &(ResultServer){ .idle = self->idle,
            .begin = begin->server,
            .end = end->server,
            .seconds = seconds,
            .mbit = mbit,
            .viewers = self->n_readers,
            .has_core = self->options.server_core >= 0 });
  return object;
}

static gboolean
report (Load *self)
{
  g_autoptr (JsonObject) object = make_result (self);

  return result_tell (object, self->options.json);
}

/* --- set-up ------------------------------------------------------------------- */

static gboolean
parse_url (Load *self, const gchar *text, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, error);

  if (!uri)
    return FALSE;
  self->path = g_strdup (g_uri_get_path (uri));
  self->folder = g_strdup (self->path);
  *(strrchr (self->folder, '/') + 1) = 0;
  self->host =
      g_strdup_printf ("%s:%d", g_uri_get_host (uri), g_uri_get_port (uri));
  self->address.sin_family = AF_INET;
  self->address.sin_port = htons ((guint16) g_uri_get_port (uri));
  self->address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  return TRUE;
}

static gboolean
read_arguments (Load *self, gint *argc, gchar ***argv, GError **error)
{
  Options *options = &self->options;
  const GOptionEntry entries[] = {
    { "viewers", 'n', 0, G_OPTION_ARG_INT, &options->viewers, "Viewers (100)",
        "N" },
    { "growing", 0, 0, G_OPTION_ARG_NONE, &options->growing,
        "Low latency: media segments are counted and grow", NULL },
    { "idle", 0, 0, G_OPTION_ARG_NONE, &options->idle,
        "They get the MPD, stay connected, and ask for nothing more", NULL },
    { "player", 0, 0, G_OPTION_ARG_DOUBLE, &options->player_s,
        "A segment is late that is not complete then (2)", "SECONDS" },
    { "join", 0, 0, G_OPTION_ARG_DOUBLE, &options->join_s,
        "They join one after the other within this time (5)", "SECONDS" },
    { "settle", 0, 0, G_OPTION_ARG_DOUBLE, &options->settle_s,
        "Time between the last join and the measurement (5)", "SECONDS" },
    { "measure", 0, 0, G_OPTION_ARG_DOUBLE, &options->measure_s,
        "Length of the measurement (10)", "SECONDS" },
    { "wait", 0, 0, G_OPTION_ARG_DOUBLE, &options->wait_s,
        "Longest wait for the stream (20)", "SECONDS" },
    { "server-pid", 0, 0, G_OPTION_ARG_INT, &options->server_pid,
        "Server whose cost is measured", "PID" },
    { "server-core", 0, 0, G_OPTION_ARG_INT, &options->server_core,
        "Its processor, to tell what others use of it", "N" },
    { "json", 0, 0, G_OPTION_ARG_FILENAME, &options->json,
        "Result as a JSON object, also to standard output", "FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("http://127.0.0.1:PORT/ROUTE/manifest.mpd");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc == 2 && options->viewers > 0)
    return parse_url (self, (*argv)[1], error);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "expected one URL and at least one viewer");
  return FALSE;
}

static void
load_init (Load *self)
{
  gint each = self->options.growing ? DASH_TEXT_TRACKS : 1;

  proc_stat_raise_fd_limit ();
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->buffer = g_malloc (BUFFER_SIZE);
  samples_init (&self->segment);
  samples_init (&self->chunk);
  self->n_readers = self->options.viewers * each;
  self->readers = g_new0 (Reader, self->n_readers);
  for (gint i = 0; i < self->n_readers; i++)
    self->readers[i] = (Reader){
      .load = self,
      .fd = -1,
      .only = self->options.growing ? i % each : -1,
      .due_us = G_MAXINT64,
      .distance_us =
          self->options.growing ? 0 : SPREAD_US * i / self->n_readers,
      .text = g_string_new (NULL),
    };
}

static void
load_clear (Load *self)
{
  for (gint i = 0; i < self->n_readers; i++) {
    leave (&self->readers[i]);
    g_string_free (self->readers[i].text, TRUE);
  }
  close (self->epoll_fd);
  samples_clear (&self->segment);
  samples_clear (&self->chunk);
  g_free (self->readers);
  g_free (self->buffer);
  g_free (self->folder);
  g_free (self->path);
  g_free (self->host);
  g_free (self->options.json);
}

/* Exit status: 0 measured, 1 the stream did not come, 2 wrong arguments. */
gint
main (gint argc, gchar **argv)
{
  g_autoptr (GError) error = NULL;
  Load load = { .options = { .viewers = 100,
                    .join_s = 5,
                    .settle_s = 5,
                    .measure_s = 10,
                    .wait_s = 20,
                    .player_s = 2,
                    .server_core = -1 } };

  if (!read_arguments (&load, &argc, &argv, &error)) {
    fprintf (stderr, "dash-load: %s\n", error->message);
    return 2;
  }
  load_init (&load);
  gboolean ok = run (&load);
  if (!ok)
    fprintf (stderr, "dash-load: no stream\n");
  ok = ok && report (&load);
  load_clear (&load);
  return ok ? 0 : 1;
}
