/* SPDX-License-Identifier: MIT
 *
 * The RTMP listener over real sockets: claims, keys, policies, deferred
 * publications, time limits, and what is left afterwards. */

#include "rtmp/rtmp-server.h"

#include "../support/rtmp-peer.h"
#include "../support/threads.h"
#include "rtmp/rtmp-server-private.h"

/* An owner that writes down what it is told. */
typedef struct {
  GAsyncQueue *events; /* of gchar */
  PenstockRtmpClaim *claim;
  gboolean check_bytes; /* messages come from rtmp_peer_send() */
} Owner;

static void
on_started (const PenstockRtmpPublication *publication, gpointer user_data)
{
  Owner *owner = user_data;

  g_async_queue_push (owner->events,
      g_strdup_printf ("started %s %s app=%s tcUrl=%s", publication->path,
          publication->encoder, publication->app,
          publication->tc_url ? publication->tc_url : "-"));
}

static void
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

static void
on_ended (PenstockRtmpEnd end, const gchar *detail, gpointer user_data)
{
  Owner *owner = user_data;

  fail_unless (detail != NULL);
  g_async_queue_push (owner->events,
      g_strdup_printf ("ended %s", penstock_rtmp_end_to_string (end)));
}

static void
on_expired (gpointer user_data)
{
  Owner *owner = user_data;

  g_async_queue_push (owner->events, g_strdup ("expired"));
}

static const PenstockRtmpCallbacks callbacks = { on_started, on_message,
  on_ended, on_expired };

static void
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

static void
owner_clear (Owner *owner)
{
  penstock_rtmp_claim_release (owner->claim);
  g_async_queue_unref (owner->events);
}

static void
assert_event (Owner *owner, const gchar *expected)
{
  g_autofree gchar *event = g_async_queue_timeout_pop (
      owner->events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  fail_unless (event != NULL, "\"%s\" did not come", expected);
  fail_unless (g_str_has_prefix (event, expected), "\"%s\", not \"%s\"", event,
      expected);
}

static void
assert_no_event (Owner *owner)
{
  g_autofree gchar *event = g_async_queue_try_pop (owner->events);

  fail_unless (event == NULL, "\"%s\"", event);
}

static PenstockRtmpServer *
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
static void
assert_refused (RtmpPeer *peer, const gchar *code)
{
  gint event = rtmp_peer_next (peer);

  assert_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (peer->refusal, code);
  fail_unless (rtmp_peer_is_closed (peer->fd));
}

GST_START_TEST (claim_gets_messages_in_order)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  PenstockRtmpClaimStats stats;
  Owner owner;

  owner_init (&owner, server, "/live//one/", NULL);
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "one?a=b");
  assert_event (&owner,
      "started live/one OBS or compatible app=live "
      "tcUrl=rtmp://127.0.0.1/live");
  rtmp_peer_send (peer, PENSTOCK_RTMP_DATA, 0, 2, 10);
  rtmp_peer_send (peer, PENSTOCK_RTMP_VIDEO, 0, 0x17, 2000000);
  rtmp_peer_send (peer, PENSTOCK_RTMP_AUDIO, 0xfffffff0, 0xaf, 100);
  assert_event (&owner, "message 18@0:10");
  assert_event (&owner, "message 9@0:2000000");
  assert_event (&owner, "message 8@4294967280:100");
  penstock_rtmp_claim_get_stats (owner.claim, &stats);
  fail_unless (stats.publishing);
  assert_equals_uint64 (stats.bytes, 2000110);
  assert_equals_uint64 (stats.messages, 3);
  rtmp_peer_say_goodbye (peer);
  assert_event (&owner, "ended goodbye");
  penstock_rtmp_claim_get_stats (owner.claim, &stats);
  fail_if (stats.publishing);
  rtmp_peer_free (peer);
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

static const struct {
  const gchar *app, *name;
  const gchar *started; /* NULL: refused */
} key_rows[] = {
  { "live", "one?key=sesame", "started live/one OBS or compatible app=live" },
  { "live?key=sesame", "one", "started live/one OBS or compatible app=live" },
  { "live", "one?key=wrong&key=sesame", "started live/one" },
  { "live", "one/sesame", "started live/one OBS or compatible app=live" },
  { "live/one", "sesame",
      "started live/one OBS or compatible app=live/one "
      "tcUrl=rtmp://127.0.0.1/live/one" },
  /* The key in the application is not passed on. */
  { "live/one/sesame", "", "started live/one OBS or compatible app= tcUrl=-" },
  { "live", "one", NULL },
  { "live", "one?key=", NULL },
  { "live", "one?key=sesam", NULL },
  { "live", "one?key=sesame1", NULL },
  { "live", "one?key=sesame&key=wrong", NULL },
  { "live", "one/wrong", NULL },
  { "live", "one/wrong?key=sesame", NULL },
  { "live", "one/SESAME", NULL },
};

GST_START_TEST (publish_key_is_required)
{
  const PenstockRtmpClaimSettings settings = { .key = "sesame" };
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner;

  owner_init (&owner, server, "live/one", &settings);
  RtmpPeer *peer =
      rtmp_peer_new (port, key_rows[__i__].app, key_rows[__i__].name);
  if (key_rows[__i__].started) {
    assert_equals_int (rtmp_peer_next (peer), PENSTOCK_RTMP_EVENT_STARTED);
    assert_event (&owner, key_rows[__i__].started);
  } else {
    assert_refused (peer, "NetStream.Publish.Denied");
    assert_no_event (&owner);
  }
  rtmp_peer_free (peer);
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

static const struct {
  PenstockRtmpPolicy policy;
  gint64 stale_ms;
  gboolean takes_over;
} policy_rows[] = {
  { PENSTOCK_RTMP_POLICY_REJECT, 0, FALSE },
  { PENSTOCK_RTMP_POLICY_TAKEOVER, 3600000, TRUE },
  { PENSTOCK_RTMP_POLICY_TAKEOVER_STALE, 3600000, FALSE },
  { PENSTOCK_RTMP_POLICY_TAKEOVER_STALE, 0, TRUE },
};

GST_START_TEST (second_publisher_follows_the_policy)
{
  const PenstockRtmpClaimSettings settings = { .policy =
                                                   policy_rows[__i__].policy };
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner;

  penstock_priv_rtmp_server_get_times (server)->stale_ms =
      policy_rows[__i__].stale_ms;
  owner_init (&owner, server, "live/one", &settings);
  RtmpPeer *old_peer = rtmp_peer_publish (port, "live", "one");
  assert_event (&owner, "started live/one");
  rtmp_peer_send (old_peer, PENSTOCK_RTMP_AUDIO, 0, 0xaf, 100);
  assert_event (&owner, "message 8@0:100");
  RtmpPeer *new_peer = rtmp_peer_new (port, "live", "one");
  if (policy_rows[__i__].takes_over) {
    assert_equals_int (rtmp_peer_next (new_peer), PENSTOCK_RTMP_EVENT_STARTED);
    assert_event (&owner, "ended taken-over");
    assert_event (&owner, "started live/one");
    assert_refused (old_peer, "NetStream.Publish.BadName");
    rtmp_peer_send (new_peer, PENSTOCK_RTMP_AUDIO, 5, 0xaf, 50);
    assert_event (&owner, "message 8@5:50");
  } else {
    assert_refused (new_peer, "NetStream.Publish.BadName");
    rtmp_peer_send (old_peer, PENSTOCK_RTMP_AUDIO, 5, 0xaf, 50);
    assert_event (&owner, "message 8@5:50");
  }
  rtmp_peer_free (old_peer);
  rtmp_peer_free (new_peer);
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

/* Somebody who publishes to the same path by other means. */
typedef struct {
  GAsyncQueue *events;
  PenstockPublisherSeat *seat;
  PenstockSeatHolder *holder;
} Stranger;

static gpointer
stranger_ref (gpointer data)
{
  return data;
}

static void
stranger_unref (gpointer data)
{
}

static void
stranger_evicted (gpointer data)
{
  g_async_queue_push (((Stranger *) data)->events, g_strdup ("evicted"));
}

static void
stranger_init (Stranger *stranger, PenstockSeatPolicy policy)
{
  stranger->events = g_async_queue_new_full (g_free);
  stranger->seat = penstock_publisher_seat_new (policy);
  stranger->holder = penstock_seat_holder_new (
      stranger_evicted, stranger, stranger_ref, stranger_unref);
}

static gboolean
stranger_enters (Stranger *stranger)
{
  PenstockSeatHolder *evicted = NULL;
  gboolean in = penstock_publisher_seat_take (
      stranger->seat, stranger->holder, PENSTOCK_SEAT_STALE_MS, &evicted);

  penstock_seat_holder_evict (evicted);
  return in;
}

static void
stranger_clear (Stranger *stranger)
{
  penstock_seat_holder_unref (stranger->holder);
  penstock_publisher_seat_unref (stranger->seat);
  g_async_queue_unref (stranger->events);
}

GST_START_TEST (stranger_with_the_seat_takes_over_and_is_taken_over)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Stranger stranger;
  Owner owner;

  stranger_init (&stranger, PENSTOCK_SEAT_TAKEOVER);
  const PenstockRtmpClaimSettings settings = { .seat = stranger.seat,
    .policy = PENSTOCK_RTMP_POLICY_REJECT, /* that of the seat counts */
    .grace_ms = 0 };
  owner_init (&owner, server, "live/one", &settings);
  RtmpPeer *first = rtmp_peer_publish (port, "live", "one");
  assert_event (&owner, "started live/one");
  fail_unless (stranger_enters (&stranger));
  assert_event (&owner, "ended taken-over");
  assert_refused (first, "NetStream.Publish.BadName");

  RtmpPeer *second = rtmp_peer_publish (port, "live", "one");
  /* No grace has expired: somebody was there all the time. */
  assert_event (&owner, "started live/one");
  g_autofree gchar *event = g_async_queue_timeout_pop (
      stranger.events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);
  assert_equals_string (event, "evicted");
  rtmp_peer_free (first);
  rtmp_peer_free (second);
  assert_event (&owner, "ended lost");
  assert_event (&owner, "expired");
  owner_clear (&owner);
  stranger_clear (&stranger);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (stranger_with_the_seat_keeps_others_out)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Stranger stranger;
  Owner owner;

  stranger_init (&stranger, PENSTOCK_SEAT_REJECT);
  const PenstockRtmpClaimSettings settings = { .seat = stranger.seat };
  owner_init (&owner, server, "live/one", &settings);
  fail_unless (stranger_enters (&stranger));
  RtmpPeer *first = rtmp_peer_new (port, "live", "one");
  assert_refused (first, "NetStream.Publish.BadName");
  penstock_publisher_seat_leave (stranger.seat, stranger.holder);
  RtmpPeer *second = rtmp_peer_publish (port, "live", "one");
  assert_event (&owner, "started live/one");
  fail_if (stranger_enters (&stranger));
  rtmp_peer_free (first);
  rtmp_peer_free (second);
  owner_clear (&owner);
  stranger_clear (&stranger);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

/* Unclaimed paths */

typedef struct {
  GAsyncQueue *requests; /* of gchar: paths */
  PenstockRtmpUnclaimed verdict;
  guint64 id; /* of the last request */
} Handler;

static PenstockRtmpUnclaimed
on_unclaimed (PenstockRtmpServer *server,
    const PenstockRtmpPublication *request, gpointer user_data)
{
  Handler *handler = user_data;

  handler->id = request->id;
  g_async_queue_push (handler->requests,
      g_strdup_printf (
          "%s key=%s", request->path, request->key ? request->key : "-"));
  return handler->verdict;
}

static void
handler_init (
    Handler *handler, PenstockRtmpServer *server, PenstockRtmpUnclaimed verdict)
{
  handler->requests = g_async_queue_new_full (g_free);
  handler->verdict = verdict;
  penstock_rtmp_server_set_unclaimed_handler (
      server, on_unclaimed, handler, NULL);
}

static void
handler_clear (Handler *handler, PenstockRtmpServer *server)
{
  penstock_rtmp_server_set_unclaimed_handler (server, NULL, NULL, NULL);
  g_async_queue_unref (handler->requests);
}

/* A publisher that waits for an answer on a thread of its own. */
static gpointer
wait_for_answer (gpointer data)
{
  return GINT_TO_POINTER (rtmp_peer_next (data));
}

static void
assert_request (Handler *handler, const gchar *path)
{
  g_autofree gchar *request = g_async_queue_timeout_pop (
      handler->requests, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  assert_equals_string (request, path);
}

GST_START_TEST (unclaimed_path_is_refused)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Handler handler;

  RtmpPeer *peer = rtmp_peer_new (port, "live", "one");
  assert_refused (peer, "NetStream.Publish.BadName");
  rtmp_peer_free (peer);

  handler_init (&handler, server, PENSTOCK_RTMP_UNCLAIMED_REJECT);
  peer = rtmp_peer_new (port, "live", "one");
  assert_refused (peer, "NetStream.Publish.BadName");
  assert_request (&handler, "live/one key=-");
  rtmp_peer_free (peer);
  handler_clear (&handler, server);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

static const struct {
  const gchar *key;
  const gchar *name;
  const gchar *request;
  gboolean enters;
} defer_rows[] = {
  { NULL, "one", "live/one key=-", TRUE },
  { "sesame", "one/sesame", "live/one/sesame key=-", TRUE },
  { "sesame", "one?key=sesame", "live/one key=sesame", TRUE },
  { "sesame", "one/wrong", "live/one/wrong key=-", FALSE },
};

GST_START_TEST (deferred_publisher_enters_when_claimed)
{
  const PenstockRtmpClaimSettings settings = { .key = defer_rows[__i__].key };
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Handler handler;
  Owner other, owner;

  handler_init (&handler, server, PENSTOCK_RTMP_UNCLAIMED_DEFER);
  RtmpPeer *peer = rtmp_peer_new (port, "live", defer_rows[__i__].name);
  GThread *thread = g_thread_new ("publisher", wait_for_answer, peer);
  assert_request (&handler, defer_rows[__i__].request);
  /* A claim for another path changes nothing. */
  owner_init (&other, server, "live/two", NULL);
  owner_init (&owner, server, "live/one", &settings);
  gint answer = GPOINTER_TO_INT (g_thread_join (thread));
  if (defer_rows[__i__].enters) {
    assert_equals_int (answer, PENSTOCK_RTMP_EVENT_STARTED);
    assert_event (&owner, "started live/one");
    rtmp_peer_send (peer, PENSTOCK_RTMP_AUDIO, 1, 0xaf, 20);
    assert_event (&owner, "message 8@1:20");
  } else {
    assert_equals_int (answer, PENSTOCK_RTMP_EVENT_REFUSED);
    assert_no_event (&owner);
  }
  assert_no_event (&other);
  rtmp_peer_free (peer);
  owner_clear (&owner);
  owner_clear (&other);
  handler_clear (&handler, server);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (deferred_publisher_can_be_refused)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Handler handler;

  handler_init (&handler, server, PENSTOCK_RTMP_UNCLAIMED_DEFER);
  RtmpPeer *peer = rtmp_peer_new (port, "live", "one");
  GThread *thread = g_thread_new ("publisher", wait_for_answer, peer);
  assert_request (&handler, "live/one key=-");
  penstock_rtmp_server_refuse (
      server, handler.id, "NetStream.Publish.Denied", "not today");
  assert_equals_int (
      GPOINTER_TO_INT (g_thread_join (thread)), PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (peer->refusal, "NetStream.Publish.Denied");
  rtmp_peer_free (peer);
  handler_clear (&handler, server);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (deferred_publisher_does_not_wait_for_ever)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Handler handler;

  penstock_priv_rtmp_server_get_times (server)->defer_ms = 20;
  handler_init (&handler, server, PENSTOCK_RTMP_UNCLAIMED_DEFER);
  RtmpPeer *peer = rtmp_peer_new (port, "live", "one");
  assert_refused (peer, "NetStream.Publish.BadName");
  rtmp_peer_free (peer);
  handler_clear (&handler, server);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

/* Ends */

GST_START_TEST (half_close_ends_the_publication)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner;

  owner_init (&owner, server, "live/one", NULL);
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "one");
  assert_event (&owner, "started");
  rtmp_peer_send (peer, PENSTOCK_RTMP_AUDIO, 0, 0xaf, 10);
  shutdown (peer->fd, SHUT_WR);
  assert_event (&owner, "message 8@0:10");
  assert_event (&owner, "ended lost");
  fail_unless (rtmp_peer_is_closed (peer->fd));
  rtmp_peer_free (peer);
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (grace_expires_when_nobody_returns)
{
  const PenstockRtmpClaimSettings settings = { .grace_ms = 20 };
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner;

  owner_init (&owner, server, "live/one", &settings);
  rtmp_peer_free (rtmp_peer_publish (port, "live", "one"));
  assert_event (&owner, "started");
  assert_event (&owner, "ended lost");
  assert_event (&owner, "expired");
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (grace_does_not_expire_after_a_return_or_goodbye)
{
  const PenstockRtmpClaimSettings claim_grace = { .grace_ms = 50 };
  const PenstockRtmpClaimSettings clock_grace = { .grace_ms = 100 };
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner, clock;

  owner_init (&owner, server, "live/one", &claim_grace);
  owner_init (&clock, server, "live/clock", &clock_grace);
  rtmp_peer_free (rtmp_peer_publish (port, "live", "one"));
  assert_event (&owner, "started");
  assert_event (&owner, "ended lost");
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "one");
  assert_event (&owner, "started");
  rtmp_peer_say_goodbye (peer);
  assert_event (&owner, "ended goodbye");
  /* Another claim's longer grace, begun later, tells when it would have. */
  rtmp_peer_free (rtmp_peer_publish (port, "live", "clock"));
  assert_event (&clock, "started");
  assert_event (&clock, "ended lost");
  assert_event (&clock, "expired");
  assert_no_event (&owner);
  rtmp_peer_free (peer);
  owner_clear (&owner);
  owner_clear (&clock);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (silence_ends_the_publication)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner;

  penstock_priv_rtmp_server_get_limits (server)->silence_ms = 50;
  owner_init (&owner, server, "live/one", NULL);
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "one");
  assert_event (&owner, "started");
  rtmp_peer_send (peer, PENSTOCK_RTMP_AUDIO, 0, 0xaf, 10);
  assert_event (&owner, "message 8@0:10");
  assert_refused (peer, "NetStream.Publish.Failed");
  assert_event (&owner, "ended silent");
  rtmp_peer_free (peer);
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (owner_rejects_a_publication)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner;

  owner_init (&owner, server, "live/one", NULL);
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "one");
  assert_event (&owner, "started");
  penstock_rtmp_claim_reject (
      owner.claim, "NetStream.Publish.Rejected", "This codec is not carried.");
  assert_refused (peer, "NetStream.Publish.Rejected");
  assert_event (&owner, "ended rejected");
  rtmp_peer_free (peer);
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (released_claim_is_told_nothing_and_its_path_is_free)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner first_owner, next_owner;

  owner_init (&first_owner, server, "live/one", NULL);
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "one");
  assert_event (&first_owner, "started");
  penstock_rtmp_claim_release (first_owner.claim);
  assert_refused (peer, "NetStream.Publish.BadName");
  assert_no_event (&first_owner);
  rtmp_peer_free (peer);

  owner_init (&next_owner, server, "live/one", NULL);
  peer = rtmp_peer_publish (port, "live", "one");
  assert_event (&next_owner, "started");
  assert_no_event (&first_owner);
  rtmp_peer_free (peer);
  g_async_queue_unref (first_owner.events);
  owner_clear (&next_owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

/* Releases itself from its own callback. */
static void
on_message_release (PenstockRtmpMessage *message, gpointer user_data)
{
  Owner *owner = user_data;

  penstock_rtmp_claim_release (g_steal_pointer (&owner->claim));
  g_async_queue_push (owner->events, g_strdup ("released"));
}

GST_START_TEST (claim_can_be_released_by_its_callback)
{
  const PenstockRtmpCallbacks releasing = { on_started, on_message_release,
    on_ended, on_expired };
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner = { g_async_queue_new_full (g_free), NULL, TRUE };

  owner.claim = penstock_rtmp_server_claim (
      server, "live/one", NULL, &releasing, &owner, NULL);
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "one");
  assert_event (&owner, "started");
  rtmp_peer_send (peer, PENSTOCK_RTMP_AUDIO, 0, 0xaf, 10);
  assert_event (&owner, "released");
  assert_refused (peer, "NetStream.Publish.BadName");
  assert_no_event (&owner);
  rtmp_peer_free (peer);
  penstock_rtmp_server_unref (server);
  g_async_queue_unref (owner.events);
}
GST_END_TEST;

/* Time limits of connections that do not publish */

typedef struct {
  const gchar *name;
  gsize bytes; /* of a handshake */
} StallRow;

static const StallRow stall_rows[] = {
  { "nothing", 0 },
  { "part of C1", 700 },
  { "C1 without C2", 1 + 1536 },
  { "no connect", 1 + 2 * 1536 },
};

GST_START_TEST (stalled_connection_is_closed)
{
  guint8 bytes[1 + 2 * 1536] = { 3 };
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);

  penstock_priv_rtmp_server_get_limits (server)->handshake_ms = 30;
  penstock_priv_rtmp_server_get_limits (server)->connect_ms = 30;
  int fd = rtmp_peer_connect_raw (port);
  gssize sent = send (fd, bytes, stall_rows[__i__].bytes, MSG_NOSIGNAL);
  assert_equals_int (sent, stall_rows[__i__].bytes);
  fail_unless (rtmp_peer_is_closed (fd));
  close (fd);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

/* The listener itself */

GST_START_TEST (port_in_use_is_named)
{
  g_autoptr (GError) error = NULL;
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  fail_unless (bind (fd, (struct sockaddr *) &address, size) == 0);
  fail_unless (listen (fd, 1) == 0);
  fail_unless (getsockname (fd, (struct sockaddr *) &address, &size) == 0);
  guint16 port = ntohs (address.sin_port);
  g_autofree gchar *expected = g_strdup_printf (
      "cannot listen for RTMP on 127.0.0.1:%u: the port is in use", port);
  fail_unless (penstock_rtmp_server_get ("127.0.0.1", port, &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
  assert_equals_string (error->message, expected);
  close (fd);
}
GST_END_TEST;

GST_START_TEST (host_that_is_no_address_is_refused)
{
  g_autoptr (GError) error = NULL;

  fail_unless (penstock_rtmp_server_get ("no.address", 0, &error) == NULL);
  fail_unless (
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  fail_unless (strstr (error->message, "no.address") != NULL);
}
GST_END_TEST;

GST_START_TEST (listener_is_shared_by_address_and_port)
{
  guint16 port, other_port;
  PenstockRtmpServer *server = server_new (&port);
  PenstockRtmpServer *other = server_new (&other_port);
  PenstockRtmpServer *again =
      penstock_rtmp_server_get ("127.0.0.1", port, NULL);

  fail_unless (again == server);
  fail_unless (other != server && other_port != port);
  penstock_rtmp_server_unref (again);
  penstock_rtmp_server_unref (other);
  penstock_rtmp_server_unref (server);
  /* Free at once. */
  server = penstock_rtmp_server_get ("127.0.0.1", port, NULL);
  fail_unless (server != NULL);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (wildcard_listener_takes_both_families)
{
  g_autoptr (GError) error = NULL;
  PenstockRtmpServer *server = penstock_rtmp_server_get (NULL, 0, &error);
  guint16 port = penstock_rtmp_server_get_port (server);
  PenstockRtmpServer *v4 = penstock_rtmp_server_get ("0.0.0.0", port, NULL);
  Owner owner;

  fail_unless (v4 == server);
  owner_init (&owner, server, "live/one", NULL);
  rtmp_peer_free (rtmp_peer_publish (port, "live", "one"));
  assert_event (&owner, "started");
  owner_clear (&owner);
  penstock_rtmp_server_unref (v4);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (path_is_claimed_once)
{
  g_autoptr (GError) error = NULL;
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner;

  owner_init (&owner, server, "live/one", NULL);
  fail_unless (penstock_rtmp_server_claim (server, "live/one/", NULL,
                   &callbacks, NULL, &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_EXISTS));
  g_clear_error (&error);
  fail_unless (penstock_rtmp_server_claim (
                   server, "//", NULL, &callbacks, NULL, &error) == NULL);
  fail_unless (
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

static guint
count_entries (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
come_and_go (guint16 port, guint i)
{
  RtmpPeer *peer;

  if (i % 3 == 0) {
    close (rtmp_peer_connect_raw (port));
    return;
  }
  peer = rtmp_peer_publish (port, "live", "one");
  if (i % 3 == 1)
    rtmp_peer_say_goodbye (peer);
  rtmp_peer_free (peer);
}

GST_START_TEST (a_hundred_connections_leave_nothing)
{
  const PenstockRtmpClaimSettings settings = {
    .policy = PENSTOCK_RTMP_POLICY_TAKEOVER
  };
  guint fds = count_entries ("/proc/self/fd");
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Owner owner;

  owner_init (&owner, server, "live/one", &settings);
  for (guint i = 0; i < 100; i++)
    come_and_go (port, i);
  /* One that is still there. */
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "one");
  fail_unless (penstock_rtmp_server_get_n_connections (server) >= 1);
  fail_unless (test_threads_count ("rtmp") > 0);
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
  fail_unless (rtmp_peer_is_closed (peer->fd));
  rtmp_peer_free (peer);
  assert_equals_int (count_entries ("/proc/self/fd"), fds);
  test_threads_assert_gone ("rtmp");
}
GST_END_TEST;

/* Real encoders */

GST_START_TEST (ffmpeg_publishes)
{
  const PenstockRtmpClaimSettings settings = { .key = "sesame" };
  g_autofree gchar *ffmpeg = g_find_program_in_path ("ffmpeg");
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  guint video = 0, audio = 0, data = 0;
  gboolean ended = FALSE;
  Owner owner;

  owner_init (&owner, server, "live/one", &settings);
  owner.check_bytes = FALSE;
  if (ffmpeg) {
    g_autofree gchar *url =
        g_strdup_printf ("rtmp://127.0.0.1:%u/live/one?key=sesame", port);
    const gchar *const command[] = { ffmpeg, "-v", "error", "-f", "lavfi", "-i",
      "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine", "-t", "2",
      "-c:v", "flv1", "-c:a", "aac", "-f", "flv", url, NULL };
    fail_unless (g_spawn_async (NULL, (gchar **) command, NULL,
        G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL));
    assert_event (&owner, "started live/one FFmpeg");
  }
  while (ffmpeg && !ended) {
    g_autofree gchar *event = g_async_queue_timeout_pop (
        owner.events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);
    fail_unless (event != NULL);
    video += g_str_has_prefix (event, "message 9@");
    audio += g_str_has_prefix (event, "message 8@");
    data += g_str_has_prefix (event, "message 18@");
    ended = g_str_equal (event, "ended goodbye");
  }
  if (ffmpeg) {
    assert_equals_int (video, 50);
    fail_unless (audio >= 80);
    assert_equals_int (data, 1);
  }
  owner_clear (&owner);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

static Suite *
rtmp_server_suite (void)
{
  Suite *suite = suite_create ("rtmp-server");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, claim_gets_messages_in_order);
  tcase_add_loop_test (
      tcase, publish_key_is_required, 0, G_N_ELEMENTS (key_rows));
  tcase_add_loop_test (tcase, second_publisher_follows_the_policy, 0,
      G_N_ELEMENTS (policy_rows));
  tcase_add_test (tcase, stranger_with_the_seat_takes_over_and_is_taken_over);
  tcase_add_test (tcase, stranger_with_the_seat_keeps_others_out);
  tcase_add_test (tcase, unclaimed_path_is_refused);
  tcase_add_loop_test (tcase, deferred_publisher_enters_when_claimed, 0,
      G_N_ELEMENTS (defer_rows));
  tcase_add_test (tcase, deferred_publisher_can_be_refused);
  tcase_add_test (tcase, deferred_publisher_does_not_wait_for_ever);
  tcase_add_test (tcase, half_close_ends_the_publication);
  tcase_add_test (tcase, grace_expires_when_nobody_returns);
  tcase_add_test (tcase, grace_does_not_expire_after_a_return_or_goodbye);
  tcase_add_test (tcase, silence_ends_the_publication);
  tcase_add_test (tcase, owner_rejects_a_publication);
  tcase_add_test (tcase, released_claim_is_told_nothing_and_its_path_is_free);
  tcase_add_test (tcase, claim_can_be_released_by_its_callback);
  tcase_add_loop_test (
      tcase, stalled_connection_is_closed, 0, G_N_ELEMENTS (stall_rows));
  tcase_add_test (tcase, port_in_use_is_named);
  tcase_add_test (tcase, host_that_is_no_address_is_refused);
  tcase_add_test (tcase, listener_is_shared_by_address_and_port);
  tcase_add_test (tcase, wildcard_listener_takes_both_families);
  tcase_add_test (tcase, path_is_claimed_once);
  tcase_add_test (tcase, a_hundred_connections_leave_nothing);
  tcase_add_test (tcase, ffmpeg_publishes);
  return suite;
}

GST_CHECK_MAIN (rtmp_server);
