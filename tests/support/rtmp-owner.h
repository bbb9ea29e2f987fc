/* SPDX-License-Identifier: MIT
 *
 * For tests of the RTMP listener: an owner of a claim that writes down what it
 * is told. */
#ifndef PENSTOCK_TEST_RTMP_OWNER_H
#define PENSTOCK_TEST_RTMP_OWNER_H

#include "rtmp-peer.h"
#include "rtmp/rtmp-server-private.h"
#include "rtmp/rtmp-server.h"

/* An owner that writes down what it is told. */
typedef struct {
  GAsyncQueue *events; /* of gchar */
  PenstockRtmpClaim *claim;
  gboolean check_bytes; /* messages come from rtmp_peer_send() */
} Owner;

static inline void
on_started (const PenstockRtmpPublication *publication, gpointer user_data)
{
  Owner *owner = user_data;

  g_async_queue_push (owner->events,
      g_strdup_printf ("started %s %s app=%s tcUrl=%s", publication->path,
          publication->encoder, publication->app,
          publication->tc_url ? publication->tc_url : "-"));
}

static inline void
on_message (PenstockRtmpMessage *message, gpointer user_data)
{
  Owner *owner = user_data;

  for (gsize i = 1; owner->check_bytes && i < message->size; i++)
    if (message->data[i] != RTMP_PEER_BYTE (i))
      g_error ("byte %" G_GSIZE_FORMAT " is wrong", i);
  g_async_queue_push (owner->events,
      g_strdup_printf ("message %u@%u:%" G_GSIZE_FORMAT, message->type,
          message->timestamp, message->size));
}

static inline void
on_ended (PenstockRtmpEnd end, const gchar *detail, gpointer user_data)
{
  Owner *owner = user_data;

  fail_unless (detail != NULL);
  g_async_queue_push (owner->events,
      g_strdup_printf ("ended %s", penstock_rtmp_end_to_string (end)));
}

static inline void
on_expired (gpointer user_data)
{
  Owner *owner = user_data;

  g_async_queue_push (owner->events, g_strdup ("expired"));
}

static const PenstockRtmpCallbacks callbacks = { on_started, on_message,
  on_ended, on_expired };

static inline void
owner_init (Owner *owner, PenstockRtmpServer *server, const gchar *path,
    const PenstockRtmpClaimSettings *settings)
{
  g_autoptr (GError) error = NULL;

  owner->events = g_async_queue_new_full (g_free);
  owner->check_bytes = TRUE;
  owner->claim = penstock_rtmp_server_claim (
      server, path, settings, &callbacks, owner, &error);
  fail_unless (owner->claim != NULL, "%s", error ? error->message : "");
}

static inline void
owner_clear (Owner *owner)
{
  penstock_rtmp_claim_release (owner->claim);
  g_async_queue_unref (owner->events);
}

static inline void
assert_event (Owner *owner, const gchar *expected)
{
  g_autofree gchar *event = g_async_queue_timeout_pop (
      owner->events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  fail_unless (event != NULL, "\"%s\" did not come", expected);
  fail_unless (g_str_has_prefix (event, expected), "\"%s\", not \"%s\"", event,
      expected);
}

static inline void
assert_no_event (Owner *owner)
{
  g_autofree gchar *event = g_async_queue_try_pop (owner->events);

  fail_unless (event == NULL, "\"%s\"", event);
}

static inline PenstockRtmpServer *
server_new (guint16 *port)
{
  g_autoptr (GError) error = NULL;
  PenstockRtmpServer *server =
      penstock_rtmp_server_get ("127.0.0.1", 0, &error);

  fail_unless (server != NULL, "%s", error ? error->message : "");
  *port = penstock_rtmp_server_get_port (server);
  fail_unless (*port != 0);
  return server;
}

/* A publisher must be refused with @code, then closed. */
static inline void
assert_refused (RtmpPeer *peer, const gchar *code)
{
  gint event = rtmp_peer_next (peer);

  assert_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (peer->refusal, code);
  fail_unless (rtmp_peer_is_closed (peer->fd));
}

#endif /* PENSTOCK_TEST_RTMP_OWNER_H */
