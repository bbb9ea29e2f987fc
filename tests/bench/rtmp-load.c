/* SPDX-License-Identifier: MIT
 *
 * Thousands of RTMP players, or publishers in real time, in one process and one
 * thread: how long joining takes to the complete keyframe, how old pictures are
 * (from stamps, see stamp.h), what is missing, and what it costs the server.
 *
 *   rtmp-load -n 400 --server-pid PID rtmp://127.0.0.1:1935/live/bench
 *   rtmp-load -n 400 --publish --kbps 1000 --server-pid PID rtmp://127.0.0.1:1935/live
 *
 * Publishers send pictures of the right size that nobody can decode, each on
 * its own name: in0, in1, ... */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proc-stat.h"
#include "result.h"
#include "rtmp-wire.h"
#include "samples.h"
#include "stamp.h"

#define NS_PER_S G_GUINT64_CONSTANT (1000000000)
#define BUFFER_SIZE (1024 * 1024)
#define EVENTS 256
#define PUBLISH_FPS 25
#define PUBLISH_GOP 50
#define HEADER_SIZE 9 /* of FLV and the NAL unit's length */

typedef struct {
  gint viewers, fps, server_pid, server_core, kbps;
  gdouble warm_s, join_s, settle_s, measure_s, wait_s;
  gboolean publish, hold;
  gchar *json;
} Options;

typedef enum { PEER_IDLE, PEER_HANDSHAKE, PEER_MEDIA, PEER_FAILED } PeerState;

typedef struct _Load Load;

typedef struct {
  Load *load;
  guint number;
  gint fd;
  PeerState state;
  guint n_answer; /* bytes of the handshake */
  RtmpWireReader reader;
  guint64 connect_ns, key_ns;
  guint64 n_pictures;
  gboolean first_is_key, started;
  guint64 n_sent; /* publisher: pictures */
  guint64 next_ns;
  GByteArray *out; /* publisher: not taken by the socket */
} Peer;

typedef struct {
  guint64 time_ns, bytes, pictures, cpu_ns, behind;
  ProcStat server;
} Mark;

struct _Load {
  Options options;
  gchar *app, *name, *tc_url;
  struct sockaddr_in address;
  gint epoll_fd;
  guint8 *buffer;
  Peer *peers;
  Samples join, latency;
  guint64 n_bytes, n_pictures, n_behind;
  guint n_failed;
  gboolean measuring;
  ProcStat idle;
  Mark begin, end;
  guint8 *picture; /* what publishers send */
};

/* --- one peer ------------------------------------------------------------- */

static void
fail (Peer *self)
{
  self->state = PEER_FAILED;
  self->load->n_failed++;
  close (self->fd);
  self->fd = -1;
}

static void
watch (Peer *self, gint how, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = self };

  epoll_ctl (self->load->epoll_fd, how, self->fd, &event);
}

static void
join (Peer *self)
{
  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  self->state = PEER_HANDSHAKE;
  self->connect_ns = stamp_now ();
  rtmp_wire_reader_init (&self->reader);
  self->out = g_byte_array_new ();
  rtmp_wire_hello (self->out);
  if (connect (self->fd, (struct sockaddr *) &self->load->address,
          sizeof self->load->address) < 0 &&
      errno != EINPROGRESS)
    fail (self);
  else
    watch (self, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void
flush (Peer *self)
{
  gssize n = self->out->len > 0
      ? send (self->fd, self->out->data, self->out->len, MSG_NOSIGNAL)
      : 0;

  if (n > 0)
    g_byte_array_remove_range (self->out, 0, (guint) n);
  else if (n < 0 && errno != EAGAIN)
    fail (self);
  if (self->state != PEER_FAILED)
    watch (
        self, EPOLL_CTL_MOD, self->out->len > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void
take_stamp (Load *load, const RtmpWireStream *message, guint64 now)
{
  guint64 stamp;

  for (guint at = 0; at + STAMP_NAL_SIZE <= RTMP_WIRE_PEEK; at++) {
    if (!stamp_read (message->peek + at, STAMP_NAL_SIZE, &stamp))
      continue;
    if (load->measuring && stamp > load->begin.time_ns)
      samples_add (&load->latency, now - stamp);
    return;
  }
}

static void
on_message (const RtmpWireStream *message, gpointer data)
{
  Peer *self = data;
  Load *load = self->load;
  gboolean key = message->peek[0] >> 4 == 1;

  if (message->type != RTMP_WIRE_VIDEO || message->peek[1] != 1 ||
      load->options.publish)
    return;
  guint64 now = stamp_now ();
  if (self->n_pictures++ == 0)
    self->first_is_key = key;
  load->n_pictures++;
  if (key && self->key_ns == 0) {
    self->key_ns = now;
    /* The first has waited for the stream to begin. */
    if (self->number > 0)
      samples_add (&load->join, now - self->connect_ns);
  }
  take_stamp (load, message, now);
}

/* @n bytes of the load's buffer. */
static void
take (Peer *self, gsize n)
{
  Load *load = self->load;
  const guint8 *data = load->buffer;
  gsize skip = MIN (n, RTMP_WIRE_ANSWER - self->n_answer);

  self->n_answer += (guint) skip;
  if (self->state == PEER_HANDSHAKE && self->n_answer == RTMP_WIRE_ANSWER) {
    g_autofree gchar *own = g_strdup_printf ("in%u", self->number);
    self->state = PEER_MEDIA;
    rtmp_wire_ask (self->out, load->app,
        load->options.publish ? own : load->name, load->tc_url,
        load->options.publish);
    self->next_ns = stamp_now () + NS_PER_S / 4 +
        NS_PER_S / PUBLISH_FPS * (self->number % 16) / 16;
    flush (self);
  }
  if (self->state == PEER_FAILED)
    return;
  load->n_bytes += n - skip;
  if (!rtmp_wire_read (&self->reader, data + skip, n - skip, on_message, self))
    fail (self);
}

static void
handle (Peer *self, guint32 events)
{
  if (events & EPOLLOUT)
    flush (self);
  if (self->state == PEER_FAILED || !(events & ~(guint32) EPOLLOUT))
    return;
  gssize n = recv (self->fd, self->load->buffer, BUFFER_SIZE, 0);
  if (n > 0)
    take (self, (gsize) n);
  else if (n == 0 || errno != EAGAIN)
    fail (self);
}

/* --- publishing ------------------------------------------------------------ */

/* AVCDecoderConfigurationRecord of a Constrained Baseline stream, 320x240. */
static const guint8 avc_config[] = { 0x17, 0, 0, 0, 0, 1, 0x42, 0xc0, 0x0d,
  0xff, 0xe1, 0, 9, 0x67, 0x42, 0xc0, 0x0d, 0xda, 0x05, 0x07, 0xe4, 0x40, 1, 0,
  4, 0x68, 0xce, 0x3c, 0x80 };

/* A keyframe has four times the bytes of another picture. */
static gsize
picture_size (const Load *load, gboolean key)
{
  gsize gop = (gsize) load->options.kbps * 1000 / 8 * PUBLISH_GOP / PUBLISH_FPS;
  gsize small = MAX (gop / (PUBLISH_GOP + 3), 32);

  return key ? 4 * small : small;
}

static void
publish_one (Peer *self)
{
  Load *load = self->load;
  gboolean key = self->n_sent % PUBLISH_GOP == 0;
  gsize size = picture_size (load, key);
  guint32 time = (guint32) (self->n_sent * 1000 / PUBLISH_FPS);
  guint8 *p = load->picture;
  guint32 nal = GUINT32_TO_BE ((guint32) (size - HEADER_SIZE));

  if (!self->started)
    rtmp_wire_message (
        self->out, RTMP_WIRE_VIDEO, 0, avc_config, sizeof avc_config);
  self->started = TRUE;
  p[0] = key ? 0x17 : 0x27;
  p[1] = 1;
  p[2] = p[3] = p[4] = 0;
  memcpy (p + 5, &nal, sizeof nal);
  p[9] = key ? 0x65 : 0x41;
  rtmp_wire_message (self->out, RTMP_WIRE_VIDEO, time, p, size);
  self->n_sent++;
  load->n_pictures++;
  load->n_bytes += size;
  flush (self);
}

static void
publish_due (Load *self)
{
  guint64 now = stamp_now ();

  for (gint i = 0; i < self->options.viewers; i++) {
    Peer *peer = &self->peers[i];
    if (peer->state != PEER_MEDIA)
      continue;
    while (peer->state == PEER_MEDIA && peer->next_ns <= now) {
      self->n_behind += peer->out->len > 0;
      publish_one (peer);
      peer->next_ns += NS_PER_S / PUBLISH_FPS;
    }
  }
}

/* --- the run ---------------------------------------------------------------- */

static void
round_of (Load *self)
{
  struct epoll_event events[EVENTS];
  gint n = epoll_wait (
      self->epoll_fd, events, EVENTS, self->options.publish ? 2 : 10);

  for (gint i = 0; i < n; i++)
    handle (events[i].data.ptr, events[i].events);
  if (self->options.publish)
    publish_due (self);
}

static void
run_until (Load *self, guint64 end)
{
  while (stamp_now () < end)
    round_of (self);
}

static void
take_mark (Load *self, Mark *mark)
{
  mark->cpu_ns = proc_stat_own_cpu_ns ();
  mark->time_ns = stamp_now ();
  mark->bytes = self->n_bytes;
  mark->pictures = self->n_pictures;
  mark->behind = self->n_behind;
  if (self->options.server_pid > 0)
    proc_stat_read (
        self->options.server_pid, self->options.server_core, &mark->server);
}

static void
leave (Peer *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_clear_pointer (&self->out, g_byte_array_unref);
}

/* The first player waits for the stream, and comes again until it is there. */
static gboolean
scout (Load *self)
{
  Peer *first = &self->peers[0];
  guint64 end = stamp_now () + (guint64) (self->options.wait_s * 1e9);

  join (first);
  while (stamp_now () < end &&
      (self->options.publish ? first->n_sent < 10 : first->key_ns == 0)) {
    round_of (self);
    if (first->state == PEER_FAILED) {
      self->n_failed = 0;
      leave (first);
      *first = (Peer){ .load = self, .fd = -1 };
      join (first);
    }
  }
  return self->options.publish ? first->n_sent >= 10 : first->key_ns != 0;
}

/* A server without a cache lets players wait for the next one. */
static void
wait_for_keyframes (Load *self)
{
  guint64 end = stamp_now () + (guint64) (self->options.wait_s * 1e9);
  gint i = 0;

  while (!self->options.publish && i < self->options.viewers &&
      stamp_now () < end) {
    round_of (self);
    while (i < self->options.viewers &&
        (self->peers[i].key_ns != 0 || self->peers[i].state == PEER_FAILED))
      i++;
  }
}

static gboolean
run (Load *self)
{
  gint n = self->options.viewers;

  if (!scout (self))
    return FALSE;
  run_until (self, stamp_now () + (guint64) (self->options.warm_s * 1e9));
  if (self->options.server_pid > 0)
    proc_stat_read (self->options.server_pid, -1, &self->idle);
  guint64 begin = stamp_now ();
  for (gint i = 1; i < n; i++) {
    run_until (self, begin + (guint64) (self->options.join_s * 1e9 * i / n));
    join (&self->peers[i]);
  }
  wait_for_keyframes (self);
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
make_normal (Load *self)
{
  JsonObject *object = json_object_new ();
  guint not_key = 0, without = 0;

  for (gint i = 0; i < self->options.viewers; i++) {
    not_key += self->peers[i].n_pictures > 0 && !self->peers[i].first_is_key;
    without += self->peers[i].key_ns == 0;
  }
  json_object_set_int_member (object, "failed", self->n_failed);
  json_object_set_int_member (object, "first-not-keyframe", not_key);
  json_object_set_int_member (object, "without-keyframe", without);
  json_object_set_int_member (
      object, "behind", (gint64) (self->end.behind - self->begin.behind));
  return object;
}

static JsonObject *
make_result (Load *self)
{
  const Mark *begin = &self->begin, *end = &self->end;
  gdouble seconds = (gdouble) (end->time_ns - begin->time_ns) / 1e9;
  gdouble mbit = (gdouble) (end->bytes - begin->bytes) * 8 / 1e6;
  gint fps = self->options.publish ? PUBLISH_FPS : self->options.fps;
  JsonObject *object = json_object_new ();
  guint64 sent = 0;

  for (gint i = 0; i < self->options.viewers; i++)
    sent += self->peers[i].n_sent;
  result_set_run (object,
      &(ResultRun){
          self->options.viewers, seconds, mbit, end->cpu_ns - begin->cpu_ns });
  json_object_set_double_member (object, "frames-percent",
      (gdouble) (end->pictures - begin->pictures) * 100 /
          (self->options.viewers * fps * seconds));
  json_object_set_int_member (object, "pictures-sent", (gint64) sent);
  result_set_samples (object, "join-from-connect-ms", &self->join);
  result_set_samples (object, "latency-ms", &self->latency);
  if (self->options.server_pid > 0)
    result_set_server (object,
        &(ResultServer){ .idle = self->idle,
            .begin = begin->server,
            .end = end->server,
            .seconds = seconds,
            .mbit = mbit,
            .viewers = self->options.viewers,
            .has_core = self->options.server_core >= 0 });
  json_object_set_object_member (object, "normal", make_normal (self));
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
  g_auto (GStrv) parts = g_strsplit (g_uri_get_path (uri) + 1, "/", 2);
  self->app = g_strdup (parts[0] ? parts[0] : "");
  self->name = g_strdup (parts[0] && parts[1] ? parts[1] : "");
  self->tc_url = g_strdup_printf (
      "rtmp://%s:%d/%s", g_uri_get_host (uri), g_uri_get_port (uri), self->app);
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
    { "viewers", 'n', 0, G_OPTION_ARG_INT, &options->viewers,
        "Players, or publishers (100)", "N" },
    { "publish", 0, 0, G_OPTION_ARG_NONE, &options->publish,
        "Publish instead of playing", NULL },
    { "hold", 0, 0, G_OPTION_ARG_NONE, &options->hold,
        "At the end, until there is something on standard input, say nothing "
        "and stay connected",
        NULL },
    { "kbps", 0, 0, G_OPTION_ARG_INT, &options->kbps,
        "What each publishes (1000)", "KBIT/S" },
    { "warm", 0, 0, G_OPTION_ARG_DOUBLE, &options->warm_s,
        "Time with the first alone, so that caches are full (0)", "SECONDS" },
    { "join", 0, 0, G_OPTION_ARG_DOUBLE, &options->join_s,
        "They join one after the other within this time (5)", "SECONDS" },
    { "settle", 0, 0, G_OPTION_ARG_DOUBLE, &options->settle_s,
        "Time between the last join and the measurement (1)", "SECONDS" },
    { "measure", 0, 0, G_OPTION_ARG_DOUBLE, &options->measure_s,
        "Length of the measurement (5)", "SECONDS" },
    { "wait", 0, 0, G_OPTION_ARG_DOUBLE, &options->wait_s,
        "Longest wait for the stream (12)", "SECONDS" },
    { "fps", 0, 0, G_OPTION_ARG_INT, &options->fps,
        "Pictures a second of what is played (25)", "N" },
    { "server-pid", 0, 0, G_OPTION_ARG_INT, &options->server_pid,
        "Server whose cost is measured", "PID" },
    { "server-core", 0, 0, G_OPTION_ARG_INT, &options->server_core,
        "Its processor, to tell what others use of it", "N" },
    { "json", 0, 0, G_OPTION_ARG_FILENAME, &options->json,
        "Result as a JSON object, also to standard output", "FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("rtmp://ADDRESS:PORT/APP[/NAME]");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc == 2 && options->viewers > 0 && options->fps > 0)
    return parse_url (self, (*argv)[1], error);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "expected one URL and at least one viewer");
  return FALSE;
}

static void
load_init (Load *self)
{
  proc_stat_raise_fd_limit ();
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->buffer = g_malloc (BUFFER_SIZE);
  self->picture = g_malloc (4 * picture_size (self, TRUE));
  memset (self->picture, 0x55, 4 * picture_size (self, TRUE));
  samples_init (&self->join);
  samples_init (&self->latency);
  self->peers = g_new0 (Peer, self->options.viewers);
  for (gint i = 0; i < self->options.viewers; i++)
    self->peers[i] = (Peer){ .load = self, .number = (guint) i, .fd = -1 };
}

static void
load_clear (Load *self)
{
  for (gint i = 0; i < self->options.viewers; i++)
    leave (&self->peers[i]);
  close (self->epoll_fd);
  samples_clear (&self->join);
  samples_clear (&self->latency);
  g_free (self->peers);
  g_free (self->buffer);
  g_free (self->picture);
  g_free (self->app);
  g_free (self->name);
  g_free (self->tc_url);
  g_free (self->options.json);
}

/* Exit status: 0 measured, 1 the stream did not come, 2 wrong arguments. */
gint
main (gint argc, gchar **argv)
{
  g_autoptr (GError) error = NULL;
  Load load = { .options = { .viewers = 100,
                    .fps = 25,
                    .kbps = 1000,
                    .join_s = 5,
                    .settle_s = 1,
                    .measure_s = 5,
                    .wait_s = 12,
                    .server_core = -1 } };

  if (!read_arguments (&load, &argc, &argv, &error)) {
    fprintf (stderr, "rtmp-load: %s\n", error->message);
    return 2;
  }
  load_init (&load);
  gboolean ok = run (&load);
  if (!ok)
    fprintf (stderr, "rtmp-load: no stream\n");
  ok = ok && report (&load);
  if (ok && load.options.hold)
    (void) getchar ();
  load_clear (&load);
  return ok ? 0 : 1;
}
