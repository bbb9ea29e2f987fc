/* SPDX-License-Identifier: MIT
 *
 * Who may do what at a listener is for owners to decide: at once, later, too
 * late, or when the peer has gone. And what they are told. */

#include "../support/rtmp-peer.h"
#include "rtmp/rtmp-playback.h"
#include "rtmp/rtmp-server-private.h"
#include "rtmp/rtmp-session-private.h"

/* An owner that says what a row says, and writes down what it hears. */
typedef struct {
  PenstockRtmpServer *server;
  PenstockRtmpPlayback *playback;
  PenstockRtmpOwner *owner;
  GAsyncQueue *events; /* of gchar */
  GAsyncQueue *gate;   /* not NULL: an answer waits for something in it */
  PenstockRtmpVerdict verdict;
  guint64 id; /* of who asked last; set before the event */
  guint16 port;
} Fixture;

static PenstockRtmpVerdict
on_asked (PenstockRtmpQuestion question, const PenstockRtmpPublication *who,
    gpointer data)
{
  Fixture *f = data;

  assert_equals_int (question, PENSTOCK_RTMP_MAY_PLAY);
  f->id = who->id;
  g_async_queue_push (f->events,
      g_strdup_printf (
          "asked %s %s?%s %s", who->path, who->app, who->query, who->encoder));
  if (f->gate)
    g_async_queue_timeout_pop (f->gate, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);
  return f->verdict;
}

static void
on_told (PenstockRtmpNews news, const PenstockRtmpPublication *who,
    PenstockRtmpEnd end, const gchar *detail, gpointer data)
{
  static const gchar *const names[] = {
    [PENSTOCK_RTMP_PAUSED] = "paused", [PENSTOCK_RTMP_UNPAUSED] = "unpaused"
  };
  Fixture *f = data;

  fail_unless (who->id == f->id);
  if (news == PENSTOCK_RTMP_PLAY_STOPPED) {
    fail_unless (detail && *detail);
    g_async_queue_push (f->events,
        g_strdup_printf ("stopped %s", penstock_rtmp_end_to_string (end)));
  } else {
    g_async_queue_push (f->events, g_strdup (names[news]));
  }
}

static const PenstockRtmpOwnerCallbacks callbacks = { .asked = on_asked,
  .told = on_told };

static void
serve (Fixture *f)
{
  const PenstockRtmpPlaybackSettings settings = {
    .limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS,
    .max_lag = 2 * GST_SECOND,
    .owner = f->owner = penstock_rtmp_owner_new (&callbacks, f),
  };
  g_autoptr (GError) error = NULL;

  f->playback = penstock_rtmp_server_add_playback (
      f->server, "live/one", &settings, &error);
  fail_unless (f->playback != NULL, "%s", error ? error->message : "");
}

static void
stop_serving (Fixture *f)
{
  penstock_rtmp_playback_remove (f->playback);
  penstock_rtmp_owner_release (f->owner);
}

static void
fixture_init (Fixture *f, PenstockRtmpVerdict verdict)
{
  g_autoptr (GError) error = NULL;

  *f = (Fixture){ .verdict = verdict };
  f->events = g_async_queue_new_full (g_free);
  f->server = penstock_rtmp_server_get ("127.0.0.1", 0, &error);
  fail_unless (f->server != NULL, "%s", error ? error->message : "");
  f->port = penstock_rtmp_server_get_port (f->server);
  serve (f);
}

static void
fixture_clear (Fixture *f)
{
  stop_serving (f);
  penstock_rtmp_server_unref (f->server);
  g_async_queue_unref (f->events);
}

static void
append_keyframe (Fixture *f)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 10, NULL);
  const PenstockRtmpFrame frame = { .kind = PENSTOCK_FLV_VIDEO,
    .flags = PENSTOCK_ENTRY_KEYFRAME,
    .header = (const guint8 *) "hd",
    .header_size = 2,
    .frame = buffer };

  fail_unless (penstock_rtmp_playback_append (f->playback, &frame));
}

static void
assert_event (Fixture *f, const gchar *expected)
{
  g_autofree gchar *event =
      g_async_queue_timeout_pop (f->events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  assert_equals_string (event, expected);
}

static void
assert_no_event (Fixture *f)
{
  g_autofree gchar *event = g_async_queue_try_pop (f->events);

  fail_unless (event == NULL, "\"%s\"", event);
}

/* Connects and asks; somebody else reads the answer meanwhile. */
typedef struct {
  RtmpPeer *peer;
  GThread *thread; /* that reads */
} Player;

static gpointer
read_answer (gpointer peer)
{
  return GINT_TO_POINTER (rtmp_peer_next (peer));
}

static Player
player_new (Fixture *f)
{
  RtmpPeer *peer = rtmp_peer_new_player (f->port, "live?a=1", "one?token=t0");

  return (Player){ peer, g_thread_new ("player", read_answer, peer) };
}

static gint
player_answer (Player *player)
{
  return GPOINTER_TO_INT (g_thread_join (g_steal_pointer (&player->thread)));
}

static void
assert_starts (Player *player)
{
  assert_equals_int (player_answer (player), PENSTOCK_RTMP_EVENT_STARTED);
}

static void
assert_refused (Player *player)
{
  assert_equals_int (player_answer (player), PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (player->peer->refusal, "NetStream.Play.StreamNotFound");
  fail_unless (rtmp_peer_is_closed (player->peer->fd));
}

static Player
ask (Fixture *f)
{
  Player player = player_new (f);
  g_autofree gchar *event =
      g_async_queue_timeout_pop (f->events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  fail_unless (event &&
          g_str_has_prefix (event, "asked live/one live?a=1&a=1&token=t0 "),
      "%s", event);
  return player;
}

/* --- who may play --------------------------------------------------------- */

static const struct {
  PenstockRtmpVerdict verdict;
  const gchar *later; /* what is said of who was deferred, in this order */
  gboolean plays;
} verdict_rows[] = {
  { PENSTOCK_RTMP_ACCEPT, "", TRUE },
  { PENSTOCK_RTMP_REJECT, "", FALSE },
  { PENSTOCK_RTMP_DEFER, "a", TRUE },
  { PENSTOCK_RTMP_DEFER, "d", FALSE },
  /* The first one counts. */
  { PENSTOCK_RTMP_DEFER, "ad", TRUE },
  { PENSTOCK_RTMP_DEFER, "da", FALSE },
  /* What is decided is decided. */
  { PENSTOCK_RTMP_ACCEPT, "d", TRUE },
  { PENSTOCK_RTMP_REJECT, "a", FALSE },
};

GST_START_TEST (owner_decides_who_plays)
{
  Fixture f;

  fixture_init (&f, verdict_rows[__i__].verdict);
  Player player = ask (&f);
  for (const gchar *say = verdict_rows[__i__].later; *say; say++)
    if (*say == 'a')
      penstock_rtmp_owner_accept (f.owner, f.id);
    else
      penstock_rtmp_owner_decline (f.owner, f.id, "Not today.");
  if (verdict_rows[__i__].plays) {
    assert_starts (&player);
  } else {
    assert_refused (&player);
    assert_no_event (&f);
  }
  rtmp_peer_free (player.peer);
  if (verdict_rows[__i__].plays)
    assert_event (&f, "stopped lost");
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (only_who_was_asked_decides)
{
  PenstockRtmpOwner *stranger = penstock_rtmp_owner_new (&callbacks, NULL);
  const PenstockRtmpPlaybackSettings settings = {
    .limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS,
    .owner = stranger,
  };
  Fixture f;

  fixture_init (&f, PENSTOCK_RTMP_DEFER);
  PenstockRtmpPlayback *other = penstock_rtmp_server_add_playback (
      f.server, "live/other", &settings, NULL);
  Player player = ask (&f);
  penstock_rtmp_owner_accept (stranger, f.id);
  penstock_rtmp_owner_accept (f.owner, f.id + 1);
  /* For publishers that wait for a claim. */
  penstock_rtmp_server_refuse (f.server, f.id, "NetStream.Publish.BadName", "");
  penstock_rtmp_owner_decline (f.owner, f.id, NULL);
  assert_refused (&player);
  rtmp_peer_free (player.peer);
  penstock_rtmp_playback_remove (other);
  penstock_rtmp_owner_release (stranger);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (undecided_player_does_not_wait_for_ever)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_RTMP_DEFER);
  penstock_priv_rtmp_server_get_times (f.server)->defer_ms = 50;
  Player player = ask (&f);
  assert_refused (&player);
  /* Nobody is there any more. */
  penstock_rtmp_owner_accept (f.owner, f.id);
  rtmp_peer_free (player.peer);
  assert_no_event (&f);
  fixture_clear (&f);
}
GST_END_TEST;

static void
wait_until_nobody_is_connected (Fixture *f)
{
  gint64 end = g_get_monotonic_time () + RTMP_PEER_WAIT_S * G_USEC_PER_SEC;
  PenstockRtmpServerStats stats;

  do {
    g_thread_yield ();
    penstock_rtmp_server_get_stats (f->server, &stats);
  } while (stats.peers.connections > 0 && g_get_monotonic_time () < end);
  assert_equals_int (stats.peers.connections, 0);
}

GST_START_TEST (player_may_go_before_the_decision)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_RTMP_DEFER);
  Player player = ask (&f);
  shutdown (player.peer->fd, SHUT_RDWR);
  player_answer (&player);
  rtmp_peer_free (player.peer);
  wait_until_nobody_is_connected (&f);
  penstock_rtmp_owner_accept (f.owner, f.id);
  assert_no_event (&f);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (next_owner_is_asked_when_the_first_one_goes)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_RTMP_DEFER);
  Player player = ask (&f);
  guint64 id = f.id;
  PenstockRtmpOwner *before = penstock_rtmp_owner_ref (f.owner);
  stop_serving (&f);
  penstock_rtmp_owner_accept (before, id);
  penstock_rtmp_owner_unref (before);
  f.verdict = PENSTOCK_RTMP_ACCEPT;
  serve (&f);
  g_free (
      g_async_queue_timeout_pop (f.events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC));
  assert_equals_uint64 (f.id, id);
  assert_starts (&player);
  rtmp_peer_free (player.peer);
  assert_event (&f, "stopped lost");
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (owner_may_go_while_it_is_asked)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_RTMP_ACCEPT);
  f.gate = g_async_queue_new ();
  Player player = ask (&f);
  gint64 begin = g_get_monotonic_time ();
  stop_serving (&f);
  fail_unless (g_get_monotonic_time () - begin < 5 * G_USEC_PER_SEC);
  serve (&f);
  /* What the first one says no longer counts. */
  g_async_queue_push (f.gate, GINT_TO_POINTER (1));
  g_free (
      g_async_queue_timeout_pop (f.events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC));
  f.verdict = PENSTOCK_RTMP_REJECT;
  g_async_queue_push (f.gate, GINT_TO_POINTER (1));
  assert_refused (&player);
  rtmp_peer_free (player.peer);
  assert_no_event (&f);
  g_async_queue_unref (f.gate);
  fixture_clear (&f);
}
GST_END_TEST;

/* --- what owners are told ------------------------------------------------- */

static void
command (RtmpPeer *peer, const gchar *name, guint32 stream_id,
    PenstockAmfType type, gdouble value)
{
  GByteArray *payload = penstock_rtmp_command_begin (name, 0);

  penstock_amf0_write_null (payload);
  if (type == PENSTOCK_AMF_BOOLEAN)
    penstock_amf0_write_boolean (payload, value != 0);
  else if (type == PENSTOCK_AMF_NUMBER)
    penstock_amf0_write_number (payload, value);
  penstock_rtmp_session_write_command (
      peer->session, PENSTOCK_RTMP_CSID_COMMAND, stream_id, payload);
  rtmp_peer_flush (peer);
}

GST_START_TEST (owner_is_told_of_pauses)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_RTMP_ACCEPT);
  Player player = ask (&f);
  assert_starts (&player);
  for (guint i = 0; i < 2; i++) {
    command (player.peer, "pause", 1, PENSTOCK_AMF_BOOLEAN, TRUE);
    command (player.peer, "pause", 1, PENSTOCK_AMF_BOOLEAN, TRUE);
    assert_event (&f, "paused");
    command (player.peer, "pause", 1, PENSTOCK_AMF_BOOLEAN, FALSE);
    command (player.peer, "pause", 1, PENSTOCK_AMF_BOOLEAN, FALSE);
    assert_event (&f, "unpaused");
  }
  command (player.peer, "deleteStream", 0, PENSTOCK_AMF_NUMBER, 1);
  assert_event (&f, "stopped goodbye");
  rtmp_peer_free (player.peer);
  fixture_clear (&f);
}
GST_END_TEST;

static void
hang_up (Fixture *f, RtmpPeer *peer)
{
  shutdown (peer->fd, SHUT_RDWR);
}

static void
delete_stream (Fixture *f, RtmpPeer *peer)
{
  command (peer, "deleteStream", 0, PENSTOCK_AMF_NUMBER, 1);
}

static void
end_stream (Fixture *f, RtmpPeer *peer)
{
  penstock_rtmp_playback_end (f->playback);
}

static void
break_the_protocol (Fixture *f, RtmpPeer *peer)
{
  const guint8 chunk[] = { 2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0 };

  send (peer->fd, chunk, sizeof chunk, MSG_NOSIGNAL);
}

static const struct {
  void (*act) (Fixture *f, RtmpPeer *peer);
  const gchar *told;
} end_rows[] = {
  { hang_up, "stopped lost" },
  { delete_stream, "stopped goodbye" },
  { end_stream, "stopped over" },
  { break_the_protocol, "stopped protocol" },
};

GST_START_TEST (owner_is_told_once_how_a_play_ends)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_RTMP_ACCEPT);
  append_keyframe (&f);
  Player player = ask (&f);
  assert_starts (&player);
  end_rows[__i__].act (&f, player.peer);
  assert_event (&f, end_rows[__i__].told);
  rtmp_peer_free (player.peer);
  wait_until_nobody_is_connected (&f);
  assert_no_event (&f);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (owner_that_has_gone_is_told_nothing)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_RTMP_ACCEPT);
  Player player = ask (&f);
  assert_starts (&player);
  stop_serving (&f);
  rtmp_peer_free (player.peer);
  wait_until_nobody_is_connected (&f);
  assert_no_event (&f);
  serve (&f);
  fixture_clear (&f);
}
GST_END_TEST;

/* --- the element ---------------------------------------------------------- */

static const struct {
  const gchar *verdict;
  gint later; /* of the action decide; < 0 = not called */
  gboolean plays;
} application_rows[] = {
  { "accept", -1, TRUE },
  { "reject", -1, FALSE },
  { "defer", TRUE, TRUE },
  { "defer", FALSE, FALSE },
  { "reject", TRUE, FALSE },
};

typedef struct {
  GstElement *sink;
  GAsyncQueue *events; /* of gchar */
  gint row;
} Application;

static void
write_down (Application *self, const gchar *what, const GstStructure *who)
{
  guint64 id;

  fail_unless (gst_structure_get_uint64 (who, "id", &id));
  fail_unless (gst_structure_has_field (who, "peer"));
  fail_if (gst_structure_has_field (who, "type"));
  g_async_queue_push (self->events,
      g_strdup_printf ("%s %s", what, gst_structure_get_string (who, "query")));
}

/* Decides at once what it defers: another thread may be as fast. */
static gint
on_play (GstElement *sink, GstStructure *request, Application *self)
{
  g_autoptr (GEnumClass) type =
      g_type_class_ref (g_type_from_name ("PenstockRtmpVerdict"));
  guint64 id;

  write_down (self, "play", request);
  gst_structure_get_uint64 (request, "id", &id);
  if (application_rows[self->row].later >= 0)
    g_signal_emit_by_name (sink, "decide", id,
        (gboolean) application_rows[self->row].later, "Not today.");
  return g_enum_get_value_by_nick (type, application_rows[self->row].verdict)
      ->value;
}

static void
on_play_stop (GstElement *sink, GstStructure *player, const gchar *end,
    const gchar *reason, Application *self)
{
  fail_unless (reason && *reason);
  write_down (self, end, player);
}

static void
on_pause (GstElement *sink, GstStructure *player, Application *self)
{
  write_down (self, "pause", player);
}

static void
on_unpause (GstElement *sink, GstStructure *player, Application *self)
{
  write_down (self, "unpause", player);
}

static guint
application_init (Application *self, gint row)
{
  guint port = 0;

  *self = (Application){ .row = row };
  self->events = g_async_queue_new_full (g_free);
  self->sink = gst_element_factory_make ("penstockrtmpsink", NULL);
  gst_object_ref_sink (self->sink);
  g_object_set (self->sink, "location", "rtmp://127.0.0.1:0/live/one", NULL);
  g_signal_connect (self->sink, "play", G_CALLBACK (on_play), self);
  g_signal_connect (self->sink, "play-stop", G_CALLBACK (on_play_stop), self);
  g_signal_connect (self->sink, "pause", G_CALLBACK (on_pause), self);
  g_signal_connect (self->sink, "unpause", G_CALLBACK (on_unpause), self);
  fail_unless (gst_element_set_state (self->sink, GST_STATE_PAUSED) !=
      GST_STATE_CHANGE_FAILURE);
  g_object_get (self->sink, "port", &port, NULL);
  return port;
}

static void
application_clear (Application *self)
{
  gst_element_set_state (self->sink, GST_STATE_NULL);
  gst_object_unref (self->sink);
  g_async_queue_unref (self->events);
}

static void
assert_heard (Application *self, const gchar *expected)
{
  g_autofree gchar *event = g_async_queue_timeout_pop (
      self->events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  assert_equals_string (event, expected);
}

GST_START_TEST (application_decides_who_plays)
{
  Application application;
  guint port = application_init (&application, __i__);

  /* Up again: it is another listener then. */
  gst_element_set_state (application.sink, GST_STATE_READY);
  gst_element_set_state (application.sink, GST_STATE_PAUSED);
  g_object_get (application.sink, "port", &port, NULL);
  RtmpPeer *peer = rtmp_peer_new_player (port, "live", "one?token=t0");
  gint event = rtmp_peer_next (peer);
  assert_heard (&application, "play token=t0");
  if (application_rows[__i__].plays) {
    assert_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
    command (peer, "pause", 1, PENSTOCK_AMF_BOOLEAN, TRUE);
    assert_heard (&application, "pause token=t0");
    command (peer, "pause", 1, PENSTOCK_AMF_BOOLEAN, FALSE);
    assert_heard (&application, "unpause token=t0");
    shutdown (peer->fd, SHUT_RDWR);
    assert_heard (&application, "lost token=t0");
  } else {
    assert_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
    assert_equals_string (peer->refusal, "NetStream.Play.StreamNotFound");
  }
  rtmp_peer_free (peer);
  application_clear (&application);
}
GST_END_TEST;

static Suite *
rtmp_decisions_suite (void)
{
  Suite *suite = suite_create ("rtmp-decisions");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, owner_decides_who_plays, 0, G_N_ELEMENTS (verdict_rows));
  tcase_add_test (tcase, only_who_was_asked_decides);
  tcase_add_test (tcase, undecided_player_does_not_wait_for_ever);
  tcase_add_test (tcase, player_may_go_before_the_decision);
  tcase_add_test (tcase, next_owner_is_asked_when_the_first_one_goes);
  tcase_add_test (tcase, owner_may_go_while_it_is_asked);
  tcase_add_test (tcase, owner_is_told_of_pauses);
  tcase_add_loop_test (
      tcase, owner_is_told_once_how_a_play_ends, 0, G_N_ELEMENTS (end_rows));
  tcase_add_test (tcase, owner_that_has_gone_is_told_nothing);
  tcase_add_loop_test (
      tcase, application_decides_who_plays, 0, G_N_ELEMENTS (application_rows));
  return suite;
}

GST_CHECK_MAIN (rtmp_decisions);
