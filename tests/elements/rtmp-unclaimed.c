/* SPDX-License-Identifier: MIT
 *
 * Publishers of paths that nobody claims, over real sockets: they are refused,
 * or wait for a claim. */

#include "../support/rtmp-owner.h"

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

GST_START_TEST (deferred_publisher_with_a_wrong_key_is_counted)
{
  PenstockRtmpServerStats stats;
  guint16 port;
  PenstockRtmpServer *server = server_new (&port);
  Handler handler;

  handler_init (&handler, server, PENSTOCK_RTMP_UNCLAIMED_DEFER);
  RtmpPeer *peer = rtmp_peer_new (port, "live", "one?key=barley");
  GThread *thread = g_thread_new ("publisher", wait_for_answer, peer);
  assert_request (&handler, "live/one key=barley");
  penstock_rtmp_server_deny (server, handler.id, "wrong");
  assert_equals_int (
      GPOINTER_TO_INT (g_thread_join (thread)), PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (peer->refusal, "NetStream.Publish.Denied");
  penstock_rtmp_server_get_stats (server, &stats);
  assert_equals_uint64 (stats.peers.failures, 1);
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

static Suite *
rtmp_unclaimed_suite (void)
{
  Suite *suite = suite_create ("rtmp-unclaimed");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, unclaimed_path_is_refused);
  tcase_add_loop_test (tcase, deferred_publisher_enters_when_claimed, 0,
      G_N_ELEMENTS (defer_rows));
  tcase_add_test (tcase, deferred_publisher_can_be_refused);
  tcase_add_test (tcase, deferred_publisher_with_a_wrong_key_is_counted);
  tcase_add_test (tcase, deferred_publisher_does_not_wait_for_ever);
  return suite;
}

GST_CHECK_MAIN (rtmp_unclaimed);
