/* SPDX-License-Identifier: MIT
 *
 * Requests are short and go out in one write; answers and interleaved frames
 * are read into the shared buffer, and only an incomplete rest is copied. */

#include "viewer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stamp.h"

#define NS_PER_S G_GUINT64_CONSTANT (1000000000)
#define FRAME_HEADER_SIZE 4
#define UDP_RECEIVE_BUFFER (1024 * 1024)
#define SLOW_RECEIVE_BUFFER (64 * 1024)
#define DATAGRAM_SIZE 2048
#define DATAGRAMS 64
#define PORT_ATTEMPTS 200
#define VIDEO_CLOCK 90000
#define AAC_SAMPLES 1024

void
viewer_init (Viewer *self, ViewerShared *shared)
{
  memset (self, 0, sizeof *self);
  self->shared = shared;
  self->control = (ViewerEndpoint){ self, -1, -1 };
  for (gint i = 0; i < RTSP_TEXT_MAX_TRACKS; i++) {
    self->rtp[i] = (ViewerEndpoint){ self, -1, i };
    self->rtcp_fd[i] = -1;
    self->info_seq[i] = -1;
  }
}

static void
close_fd (gint *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
close_all (Viewer *self)
{
  close_fd (&self->control.fd);
  for (guint i = 0; i < RTSP_TEXT_MAX_TRACKS; i++) {
    close_fd (&self->rtp[i].fd);
    close_fd (&self->rtcp_fd[i]);
    rtsp_text_track_clear (&self->tracks[i]);
  }
  g_clear_pointer (&self->session, g_free);
  g_clear_pointer (&self->carry, g_byte_array_unref);
}

static void G_GNUC_PRINTF (2, 3) fail (Viewer *self, const gchar *format, ...)
{
  ViewerShared *shared = self->shared;
  va_list arguments;

  if (self->state == VIEWER_PLAYING)
    shared->n_playing--;
  if (self->state == VIEWER_PLAYING && self->key_ns != 0)
    shared->n_with_key--;
  self->state = VIEWER_FAILED;
  shared->n_failed++;
  va_start (arguments, format);
  if (shared->first_failure == NULL)
    shared->first_failure = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  close_all (self);
}

static void
watch_fd (Viewer *self, ViewerEndpoint *endpoint, guint32 events, gint op)
{
  struct epoll_event event = { .events = events, .data.ptr = endpoint };

  epoll_ctl (self->shared->epoll_fd, op, endpoint->fd, &event);
}

void
viewer_join (Viewer *self)
{
  gint one = 1;

  self->connect_ns = self->keepalive_ns = stamp_now ();
  self->state = VIEWER_CONNECTING;
  self->carry = g_byte_array_new ();
  self->control.fd =
      socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (self->control.fd < 0) {
    fail (self, "socket: %s", g_strerror (errno));
    return;
  }
  setsockopt (self->control.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (self->kind == VIEWER_SLOW)
    viewer_limit_buffer (self);
  if (connect (self->control.fd, (struct sockaddr *) &self->shared->address,
          sizeof self->shared->address) != 0 &&
      errno != EINPROGRESS) {
    fail (self, "connect: %s", g_strerror (errno));
    return;
  }
  watch_fd (self, &self->control, EPOLLOUT, EPOLL_CTL_ADD);
}

/* Sends `METHOD url` with the lines of @headers, each ending in CRLF. */
static void
request (
    Viewer *self, const gchar *method, const gchar *url, const gchar *headers)
{
  g_autofree gchar *session = self->session != NULL
      ? g_strdup_printf ("Session: %s\r\n", self->session)
      : g_strdup ("");
  g_autofree gchar *text = g_strdup_printf (
      "%s %s RTSP/1.0\r\nCSeq: %u\r\nUser-Agent: rtsp-load\r\n%s%s\r\n", method,
      url, ++self->cseq, session, headers);
  gsize size = strlen (text);

  if (send (self->control.fd, text, size, MSG_NOSIGNAL) != (gssize) size)
    fail (self, "%s: %s", method, g_strerror (errno));
}

/* --- SETUP ------------------------------------------------------------------ */

/* A UDP socket on 127.0.0.1:@port, or on a port of the system's choice. */
static gint
bind_udp (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_port = g_htons (*port),
    .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  gint fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (bind (fd, (struct sockaddr *) &address, sizeof address) != 0 ||
      getsockname (fd, (struct sockaddr *) &address, &size) != 0)
    close_fd (&fd);
  *port = g_ntohs (address.sin_port);
  return fd;
}

/* An even port for RTP and the next one for RTCP. */
static gboolean
bind_pair (Viewer *self, guint track)
{
  gint bytes = UDP_RECEIVE_BUFFER;

  for (guint i = 0; i < PORT_ATTEMPTS && self->rtcp_fd[track] < 0; i++) {
    guint16 port = 0, next;
    gint fd = bind_udp (&port);

    next = (guint16) (port + 1);
    if (fd >= 0 && port % 2 == 0)
      self->rtcp_fd[track] = bind_udp (&next);
    if (self->rtcp_fd[track] < 0) {
      close_fd (&fd);
      continue;
    }
    self->rtp[track].fd = fd;
    self->port[track] = port;
  }
  if (self->rtcp_fd[track] < 0)
    return FALSE;
  if (setsockopt (self->rtp[track].fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
          sizeof bytes) != 0)
    setsockopt (
        self->rtp[track].fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  watch_fd (self, &self->rtp[track], EPOLLIN, EPOLL_CTL_ADD);
  return TRUE;
}

static void
send_setup (Viewer *self)
{
  guint track = self->next_setup;
  g_autofree gchar *transport = NULL;

  self->state = VIEWER_SETUP;
  if (self->shared->udp) {
    if (!bind_pair (self, track)) {
      fail (self, "no free pair of UDP ports");
      return;
    }
    transport =
        g_strdup_printf ("Transport: RTP/AVP;unicast;client_port=%u-%u\r\n",
            self->port[track], self->port[track] + 1u);
  } else {
    transport =
        g_strdup_printf ("Transport: RTP/AVP/TCP;unicast;interleaved=%u-%u\r\n",
            2 * track, 2 * track + 1);
  }
  request (self, "SETUP", self->tracks[track].control, transport);
}

/* --- answers ---------------------------------------------------------------- */

static void
handle_describe (Viewer *self, const guint8 *data, const RtspTextAnswer *answer)
{
  g_autofree gchar *base =
      rtsp_text_header (data, answer->head_size, "Content-Base");
  g_autofree gchar *sdp =
      g_strndup ((const gchar *) data + answer->head_size, answer->body_size);
  guint fps = self->shared->fps;

  self->n_tracks = rtsp_text_sdp (
      sdp, base != NULL ? base : self->shared->url, self->tracks);
  for (guint i = 0; i < self->n_tracks; i++) {
    gboolean video = self->tracks[i].video;
    guint step = !video ? AAC_SAMPLES : fps > 0 ? VIDEO_CLOCK / fps : 0;

    rtp_watch_init (
        &self->watches[i], video, self->tracks[i].payload_type, step);
  }
  self->next_setup = 0;
  if (self->n_tracks == 0)
    fail (self, "the description has neither H.264 nor AAC");
  else
    send_setup (self);
}

static void
handle_setup (Viewer *self, const guint8 *data, const RtspTextAnswer *answer)
{
  if (self->session == NULL) {
    self->session = rtsp_text_header (data, answer->head_size, "Session");
    if (self->session != NULL)
      self->session[strcspn (self->session, ";")] = '\0';
  }
  if (++self->next_setup < self->n_tracks) {
    send_setup (self);
    return;
  }
  self->state = VIEWER_PLAY;
  self->play_ns = stamp_now ();
  request (self, "PLAY", self->shared->url, "Range: npt=now-\r\n");
}

static void
handle_play (Viewer *self, const guint8 *data, const RtspTextAnswer *answer)
{
  g_autofree gchar *info =
      rtsp_text_header (data, answer->head_size, "RTP-Info");

  for (guint i = 0; info != NULL && i < self->n_tracks; i++) {
    guint16 seq;

    if (rtsp_text_rtp_info (info, self->tracks[i].control, &seq))
      self->info_seq[i] = seq;
  }
  self->state = VIEWER_PLAYING;
  self->playing_ns = stamp_now ();
  self->shared->n_playing++;
}

static void
handle_answer (Viewer *self, const guint8 *data, const RtspTextAnswer *answer)
{
  static const gchar *const names[] = { "", "connecting", "DESCRIBE", "SETUP",
    "PLAY", "playing" };

  if (answer->status != 200) {
    fail (self, "%s: status %u", names[self->state], answer->status);
    return;
  }
  if (self->state == VIEWER_DESCRIBE)
    handle_describe (self, data, answer);
  else if (self->state == VIEWER_SETUP)
    handle_setup (self, data, answer);
  else if (self->state == VIEWER_PLAY)
    handle_play (self, data, answer);
}

/* --- media -------------------------------------------------------------------- */

/* Between two pictures, the second with @stamp_ns. */
static void
note_gap (Viewer *self, guint64 gap_ns, guint64 stamp_ns)
{
  guint fps = self->shared->fps;

  self->longest_gap_ns = MAX (self->longest_gap_ns, gap_ns);
  if (fps == 0 || stamp_ns == 0 || self->last_stamp_ns == 0)
    return;
  guint64 due_ns = NS_PER_S / fps, source_ns = stamp_ns - self->last_stamp_ns;
  /* One that was skipped to is no picture of the source that was late. */
  guint64 late_ns =
      source_ns > due_ns && source_ns < gap_ns ? source_ns - due_ns : 0;
  self->longest_own_gap_ns = MAX (self->longest_own_gap_ns, gap_ns - late_ns);
}

static void
handle_unit (Viewer *self, const RtpWatchUnit *unit)
{
  ViewerShared *shared = self->shared;
  guint64 now = stamp_now ();

  if (unit->key && self->key_ns == 0) {
    self->key_ns = now;
    shared->n_with_key++;
    if (self->kind == VIEWER_NORMAL) {
      samples_add (&shared->join_connect, now - self->connect_ns);
      samples_add (&shared->join_play, now - self->play_ns);
    }
  }
  if (!shared->measuring || self->playing_ns == 0 ||
      self->playing_ns > shared->measure_begin_ns)
    return; /* what it gets may be a burst of the past */
  if (self->last_unit_ns != 0)
    note_gap (self, now - self->last_unit_ns, unit->stamp_ns);
  self->last_unit_ns = now;
  self->last_stamp_ns = unit->stamp_ns;
  if (self->kind == VIEWER_NORMAL && unit->stamp_ns != 0 &&
      unit->stamp_ns < now)
    samples_add (&shared->latency, now - unit->stamp_ns);
}

static void
handle_packet (Viewer *self, guint track, const guint8 *data, gsize size)
{
  RtpWatchUnit unit;

  self->shared->n_bytes += size;
  self->n_before_answer += self->state != VIEWER_PLAYING;
  if (rtp_watch_packet (&self->watches[track], data, size, &unit))
    handle_unit (self, &unit);
}

/* Takes what is complete in @data; returns its bytes. */
static gsize
take_stream (Viewer *self, const guint8 *data, gsize size)
{
  gsize at = 0;

  while (size - at >= FRAME_HEADER_SIZE && self->state != VIEWER_FAILED) {
    const guint8 *frame = data + at;
    RtspTextAnswer answer;

    if (frame[0] == '$') {
      gsize length = (gsize) (frame[2] << 8 | frame[3]);

      if (size - at < FRAME_HEADER_SIZE + length)
        break;
      if (frame[1] % 2 == 0 && frame[1] / 2u < self->n_tracks)
        handle_packet (self, frame[1] / 2u, frame + FRAME_HEADER_SIZE, length);
      at += FRAME_HEADER_SIZE + length;
      continue;
    }
    switch (rtsp_text_parse (frame, size - at, &answer)) {
    case RTSP_TEXT_DONE:
      handle_answer (self, frame, &answer);
      at += answer.head_size + answer.body_size;
      break;
    case RTSP_TEXT_MORE:
      return at;
    case RTSP_TEXT_ERROR:
      fail (self, "neither a frame nor an answer in the RTSP connection");
      return size;
    }
  }
  return at;
}

static gsize
read_control (Viewer *self, gsize budget)
{
  ViewerShared *shared = self->shared;
  gsize carried = self->carry->len, room = shared->buffer_size - carried, used;
  gssize got;

  if (carried > 0)
    memcpy (shared->buffer, self->carry->data, carried);
  got = recv (self->control.fd, shared->buffer + carried,
      budget > 0 ? MIN (budget, room) : room, 0);
  if (got <= 0) {
    if (got == 0)
      fail (self, "the server closed the connection");
    else if (errno != EAGAIN && errno != EINTR)
      fail (self, "recv: %s", g_strerror (errno));
    return 0;
  }
  used = take_stream (self, shared->buffer, carried + (gsize) got);
  if (self->carry != NULL) {
    g_byte_array_set_size (self->carry, 0);
    g_byte_array_append (self->carry, shared->buffer + used,
        (guint) (carried + (gsize) got - used));
  }
  return (gsize) got;
}

static gsize
read_datagrams (Viewer *self, ViewerEndpoint *endpoint)
{
  guint8 *buffer = self->shared->buffer;
  struct mmsghdr messages[DATAGRAMS] = { 0 };
  struct iovec vectors[DATAGRAMS];
  gsize total = 0;
  gint n;

  for (guint i = 0; i < DATAGRAMS; i++) {
    vectors[i] = (struct iovec){ buffer + i * DATAGRAM_SIZE, DATAGRAM_SIZE };
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  n = recvmmsg (endpoint->fd, messages, DATAGRAMS, MSG_DONTWAIT, NULL);
  for (gint i = 0; i < n; i++) {
    handle_packet (self, (guint) endpoint->track, vectors[i].iov_base,
        messages[i].msg_len);
    total += messages[i].msg_len;
  }
  return total;
}

gsize
viewer_handle (ViewerEndpoint *endpoint, gsize budget)
{
  Viewer *self = endpoint->viewer;

  if (endpoint->fd < 0)
    return 0; /* closed by an event before this one */
  if (endpoint->track >= 0)
    return read_datagrams (self, endpoint);
  if (self->state == VIEWER_CONNECTING) {
    gint error = 0;
    socklen_t size = sizeof error;

    getsockopt (self->control.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      fail (self, "connect: %s", g_strerror (error));
      return 0;
    }
    self->state = VIEWER_DESCRIBE;
    watch_fd (self, &self->control, EPOLLIN, EPOLL_CTL_MOD);
    request (
        self, "DESCRIBE", self->shared->url, "Accept: application/sdp\r\n");
    return 0;
  }
  return read_control (self, budget);
}

/* --- behaviour ---------------------------------------------------------------- */

void
viewer_set_reading (Viewer *self, gboolean reading)
{
  gint op = reading ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;

  if (self->control.fd >= 0)
    watch_fd (self, &self->control, EPOLLIN, op);
  for (guint i = 0; i < RTSP_TEXT_MAX_TRACKS; i++) {
    if (self->rtp[i].fd >= 0)
      watch_fd (self, &self->rtp[i], EPOLLIN, op);
  }
}

void
viewer_limit_buffer (Viewer *self)
{
  gint bytes = SLOW_RECEIVE_BUFFER;

  setsockopt (self->control.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void
viewer_keep_alive (Viewer *self)
{
  if (self->state == VIEWER_PLAYING)
    request (self, "GET_PARAMETER", self->shared->url, "");
}

void
viewer_leave (Viewer *self, gboolean teardown)
{
  ViewerShared *shared = self->shared;
  ViewerKind kind = self->kind;

  if (self->state == VIEWER_PLAYING && teardown)
    request (self, "TEARDOWN", shared->url, "");
  if (self->state == VIEWER_PLAYING) {
    shared->n_playing--;
    shared->n_with_key -= self->key_ns != 0;
  }
  close_all (self);
  viewer_init (self, shared);
  self->kind = kind;
}
