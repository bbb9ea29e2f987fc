/* SPDX-License-Identifier: MIT
 *
 * Claims of paths of the RTMP listener, over real sockets: messages, keys,
 * policies, seats, ends and grace. */

#include "../support/rtmp-owner.h"

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

/* Defers, writing down who asks. */
typedef struct _Deferrer {
  Owner owner; /* first: the other callbacks get it */
  PenstockRtmpServer *server;
  PenstockRtmpOwner *asked;
  guint64 id; /* of who asked last; set before the event */
  /* Not NULL: it accepts and gives the path back in the same breath, and the
   * successor claims it. */
  struct _Deferrer *successor;
} Deferrer;

static void deferrer_claim (Deferrer *self);

static PenstockRtmpVerdict
on_asked_defer (PenstockRtmpQuestion question,
    const PenstockRtmpPublication *who, gpointer user_data)
{
  Deferrer *self = user_data;

  if (question != PENSTOCK_RTMP_MAY_PUBLISH)
    return PENSTOCK_RTMP_ACCEPT;
  self->id = who->id;
  g_async_queue_push (self->owner.events, g_strdup ("asked"));
  if (self->successor) {
    penstock_rtmp_owner_accept (self->asked, who->id);
    penstock_rtmp_claim_release (g_steal_pointer (&self->owner.claim));
    deferrer_claim (self->successor);
  }
  return PENSTOCK_RTMP_DEFER;
}

static void
deferrer_claim (Deferrer *self)
{
  const PenstockRtmpClaimSettings settings = { .owner = self->asked };

  self->owner.claim = penstock_rtmp_server_claim (
      self->server, "live/one", &settings, &callbacks, self, NULL);
  fail_unless (self->owner.claim != NULL);
}

static void
deferrer_init (Deferrer *self, PenstockRtmpServer *server)
{
  const PenstockRtmpOwnerCallbacks deferring = { .asked = on_asked_defer };

  *self = (Deferrer){ .server = server };
  self->asked = penstock_rtmp_owner_new (&deferring, self);
  self->owner.events = g_async_queue_new_full (g_free);
}

/* The answer to a publisher, whose side goes on meanwhile. */
static gpointer
next_in_thread (gpointer peer)
{
  return GINT_TO_POINTER (rtmp_peer_next (peer));
}

static const struct {
  gboolean at_once; /* the old owner's accept is on its way when it goes */
  gboolean accepts; /* what the new owner says */
} succession_rows[] = {
  { FALSE, TRUE },
  { FALSE, FALSE },
  { TRUE, TRUE },
  { TRUE, FALSE },
};

GST_START_TEST (only_the_new_owner_of_a_path_decides_what_was_deferred)
{
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Deferrer before, after;

  deferrer_init (&before, server);
  deferrer_init (&after, server);
  if (succession_rows[__i__].at_once)
    before.successor = &after;
  deferrer_claim (&before);
  RtmpPeer *peer = rtmp_peer_new (port, "live", "one");
  GThread *answer = g_thread_new ("peer", next_in_thread, peer);
  assert_event (&before.owner, "asked");
  if (!succession_rows[__i__].at_once) {
    penstock_rtmp_claim_release (before.owner.claim);
    penstock_rtmp_owner_accept (before.asked, before.id);
    deferrer_claim (&after);
  }
  assert_event (&after.owner, "asked");
  fail_unless (after.id == before.id);

  /* Had this one an effect, it would come before that of the next. */
  penstock_rtmp_owner_accept (before.asked, before.id);
  if (succession_rows[__i__].accepts) {
    penstock_rtmp_owner_accept (after.asked, after.id);
    assert_event (&after.owner, "started live/one");
  } else {
    penstock_rtmp_owner_decline (after.asked, after.id, "Not today.");
  }
  gint event = GPOINTER_TO_INT (g_thread_join (answer));
  if (succession_rows[__i__].accepts) {
    assert_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
  } else {
    assert_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
    assert_equals_string (peer->refusal, "NetStream.Publish.Denied");
    assert_no_event (&after.owner);
  }
  assert_no_event (&before.owner);
  rtmp_peer_free (peer);
  owner_clear (&after.owner);
  g_async_queue_unref (before.owner.events);
  penstock_rtmp_owner_release (before.asked);
  penstock_rtmp_owner_release (after.asked);
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
rtmp_claim_suite (void)
{
  Suite *suite = suite_create ("rtmp-claim");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, claim_gets_messages_in_order);
  tcase_add_loop_test (
      tcase, publish_key_is_required, 0, G_N_ELEMENTS (key_rows));
  tcase_add_loop_test (tcase, second_publisher_follows_the_policy, 0,
      G_N_ELEMENTS (policy_rows));
  tcase_add_test (tcase, stranger_with_the_seat_takes_over_and_is_taken_over);
  tcase_add_test (tcase, stranger_with_the_seat_keeps_others_out);
  tcase_add_test (tcase, half_close_ends_the_publication);
  tcase_add_test (tcase, grace_expires_when_nobody_returns);
  tcase_add_test (tcase, grace_does_not_expire_after_a_return_or_goodbye);
  tcase_add_test (tcase, silence_ends_the_publication);
  tcase_add_test (tcase, owner_rejects_a_publication);
  tcase_add_test (tcase, released_claim_is_told_nothing_and_its_path_is_free);
  tcase_add_test (tcase, claim_can_be_released_by_its_callback);
  tcase_add_loop_test (tcase,
      only_the_new_owner_of_a_path_decides_what_was_deferred, 0,
      G_N_ELEMENTS (succession_rows));
  tcase_add_test (tcase, path_is_claimed_once);
  tcase_add_test (tcase, ffmpeg_publishes);
  return suite;
}

GST_CHECK_MAIN (rtmp_claim);
