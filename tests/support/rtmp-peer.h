/* SPDX-License-Identifier: MIT
 *
 * Publishers and players for tests: our own client session on a blocking
 * socket, and raw sockets for peers that misbehave. Waits are bounded by WAIT_S, which is only
 * reached when a test fails. */
#ifndef PENSTOCK_TEST_RTMP_PEER_H
#define PENSTOCK_TEST_RTMP_PEER_H

#include <arpa/inet.h>
#include <gst/check/gstcheck.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtmp/rtmp-session.h"

#define RTMP_PEER_WAIT_S 10

typedef struct {
  int fd;
  PenstockRtmpSession *session;
  gchar *refusal;               /* code of the last refusal, or NULL */
  PenstockRtmpMessage *message; /* the last one, or NULL */
  guint8 buffer[4096];          /* received, not fed: from position */
  gsize n, position;
} RtmpPeer;

static inline int
rtmp_peer_connect_raw (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval wait = { .tv_sec = RTMP_PEER_WAIT_S };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  fail_unless (connect (fd, (struct sockaddr *) &address, sizeof address) == 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  return fd;
}

/* Reads until the other side closes; FALSE when it does not in time. */
static inline gboolean
rtmp_peer_is_closed (int fd)
{
  guint8 buffer[4096];
  gssize n;

  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    ;
  return n == 0 || errno == ECONNRESET;
}

static inline void
rtmp_peer_flush (RtmpPeer *peer)
{
  GByteArray *out = penstock_rtmp_session_get_output (peer->session);
  gsize sent = 0;

  while (sent < out->len) {
    gssize n = send (peer->fd, out->data + sent, out->len - sent, MSG_NOSIGNAL);
    if (n <= 0)
      break;
    sent += n;
  }
  g_byte_array_set_size (out, 0);
}

/* The next event of what was received; FALSE when more is needed. */
static inline gboolean
rtmp_peer_feed (RtmpPeer *peer, PenstockRtmpEvent *event)
{
  gsize consumed;
  PenstockRtmpParse result =
      penstock_rtmp_session_feed (peer->session, peer->buffer + peer->position,
          peer->n - peer->position, 0, &consumed, event);

  peer->position += consumed;
  return result != PENSTOCK_RTMP_PARSE_MORE;
}

/* Reads until an event other than HANDSHAKE; -1 when the connection ends. */
static inline gint
rtmp_peer_next (RtmpPeer *peer)
{
  PenstockRtmpEvent event;

  g_clear_pointer (&peer->message, penstock_rtmp_message_unref);
  for (;;) {
    gboolean any = rtmp_peer_feed (peer, &event);
    rtmp_peer_flush (peer);
    if (any && event.type != PENSTOCK_RTMP_EVENT_HANDSHAKE)
      break;
    if (any)
      continue;
    gssize n = recv (peer->fd, peer->buffer, sizeof peer->buffer, 0);
    if (n <= 0)
      return -1;
    peer->n = n;
    peer->position = 0;
  }
  if (event.type == PENSTOCK_RTMP_EVENT_REFUSED) {
    g_free (peer->refusal);
    peer->refusal = g_strdup (event.code);
  }
  if (event.type == PENSTOCK_RTMP_EVENT_MESSAGE)
    peer->message = event.message;
  return event.type;
}

static inline RtmpPeer *
rtmp_peer_new_for (PenstockRtmpClientMode mode, guint16 port, const gchar *app,
    const gchar *name)
{
  RtmpPeer *peer = g_new0 (RtmpPeer, 1);
  g_autofree gchar *tc_url = g_strdup_printf ("rtmp://127.0.0.1/%s", app);
  const PenstockRtmpClientTarget target = {
    .mode = mode,
    .app = app,
    .tc_url = tc_url,
    .name = name,
  };

  peer->fd = rtmp_peer_connect_raw (port);
  peer->session = penstock_rtmp_session_new_client (port, &target);
  return peer;
}

/* Connects and asks to publish; call rtmp_peer_next() for the answer. */
static inline RtmpPeer *
rtmp_peer_new (guint16 port, const gchar *app, const gchar *name)
{
  return rtmp_peer_new_for (PENSTOCK_RTMP_CLIENT_PUBLISH, port, app, name);
}

/* Connects and asks to play. */
static inline RtmpPeer *
rtmp_peer_new_player (guint16 port, const gchar *app, const gchar *name)
{
  return rtmp_peer_new_for (PENSTOCK_RTMP_CLIENT_PLAY, port, app, name);
}

static inline RtmpPeer *
rtmp_peer_publish (guint16 port, const gchar *app, const gchar *name)
{
  RtmpPeer *peer = rtmp_peer_new (port, app, name);
  gint event = rtmp_peer_next (peer);

  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
  return peer;
}

/* A message whose bytes behind the first are RTMP_PEER_BYTE (position). */
#define RTMP_PEER_BYTE(i) ((guint8) ((i) *31))

static inline void
rtmp_peer_send (
    RtmpPeer *peer, guint8 type, guint32 time, guint8 first_byte, gsize size)
{
  g_autofree guint8 *data = g_malloc0 (size);

  for (gsize i = 1; i < size; i++)
    data[i] = RTMP_PEER_BYTE (i);
  data[0] = first_byte;
  penstock_rtmp_session_send (peer->session, type, time, data, size);
  rtmp_peer_flush (peer);
}

static inline void
rtmp_peer_say_goodbye (RtmpPeer *peer)
{
  penstock_rtmp_session_send_goodbye (peer->session);
  rtmp_peer_flush (peer);
}

static inline void
rtmp_peer_free (RtmpPeer *peer)
{
  close (peer->fd);
  penstock_rtmp_session_free (peer->session);
  penstock_rtmp_message_unref (peer->message);
  g_free (peer->refusal);
  g_free (peer);
}

#endif /* PENSTOCK_TEST_RTMP_PEER_H */
