/* SPDX-License-Identifier: MIT
 *
 * The limits of an RTMP listener over real sockets: at them and above, and that
 * who keeps to them notices nothing. */

#include <poll.h>

#include "../support/rtmp-peer.h"
#include "rtmp/rtmp-server-private.h"

typedef struct {
  PenstockRtmpServer *server;
  guint16 port;
  PenstockRtmpClaim *claim, *other_claim;
  PenstockRtmpOwner *owner, *stranger;
  GAsyncQueue *messages; /* of PenstockRtmpMessage, held */
  gint n_ended;
  PenstockRtmpVerdict verdict; /* of the owner */
  gboolean accepts;            /* what it defers */
} Fixture;

/* What is deferred is decided at once, which counts; nothing said by others or
 * later does. */
static PenstockRtmpVerdict
on_asked (PenstockRtmpQuestion question, const PenstockRtmpPublication *who,
    gpointer data)
{
  Fixture *f = data;

  if (question != PENSTOCK_RTMP_MAY_PUBLISH)
    return PENSTOCK_RTMP_ACCEPT;
  if (f->verdict == PENSTOCK_RTMP_DEFER && f->accepts) {
    penstock_rtmp_owner_decline (f->stranger, who->id, "no");
    penstock_rtmp_server_refuse (
        f->server, who->id, "NetStream.Publish.BadName", "no");
    penstock_rtmp_owner_accept (f->owner, who->id);
    penstock_rtmp_owner_decline (f->owner, who->id, "too late");
  } else if (f->verdict == PENSTOCK_RTMP_DEFER) {
    penstock_rtmp_owner_accept (f->stranger, who->id);
    penstock_rtmp_owner_decline (f->owner, who->id, "not today");
    penstock_rtmp_owner_accept (f->owner, who->id);
  }
  return f->verdict;
}

static void
on_message (PenstockRtmpMessage *message, gpointer data)
{
  Fixture *f = data;

  g_async_queue_push (f->messages, penstock_rtmp_message_ref (message));
}

static void
on_ended (PenstockRtmpEnd end, const gchar *detail, gpointer data)
{
  Fixture *f = data;

  g_atomic_int_inc (&f->n_ended);
}

static void
fixture_init (
    Fixture *f, const PenstockRtmpLimits *limits, const gchar *publish_key)
{
  const PenstockRtmpOwnerCallbacks asking = { .asked = on_asked };
  const PenstockRtmpCallbacks callbacks = { .message = on_message,
    .ended = on_ended };
  PenstockRtmpClaimSettings settings = { .key = publish_key };
  PenstockRtmpClaimSettings other = { NULL };
  g_autoptr (GError) error = NULL;

  *f = (Fixture){ 0 };
  f->messages =
      g_async_queue_new_full ((GDestroyNotify) penstock_rtmp_message_unref);
  f->server = penstock_rtmp_server_get ("127.0.0.1", 0, &error);
  fail_unless (f->server != NULL, "%s", error ? error->message : "");
  f->port = penstock_rtmp_server_get_port (f->server);
  fail_unless (penstock_rtmp_server_set_limits (f->server, limits, f));
  f->owner = settings.owner = penstock_rtmp_owner_new (&asking, f);
  f->stranger = other.owner = penstock_rtmp_owner_new (&asking, f);
  f->other_claim = penstock_rtmp_server_claim (
      f->server, "live/other", &other, &callbacks, f, &error);
  f->claim = penstock_rtmp_server_claim (
      f->server, "live/one", &settings, &callbacks, f, &error);
  fail_unless (f->claim != NULL, "%s", error ? error->message : "");
}

static void
fixture_clear (Fixture *f)
{
  penstock_rtmp_claim_release (f->claim);
  penstock_rtmp_claim_release (f->other_claim);
  penstock_rtmp_owner_release (f->owner);
  penstock_rtmp_owner_release (f->stranger);
  penstock_rtmp_server_unref (f->server);
  g_async_queue_unref (f->messages);
}

static void
assert_message (Fixture *f)
{
  g_autoptr (PenstockRtmpMessage) message = g_async_queue_timeout_pop (
      f->messages, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  fail_unless (message != NULL);
}

/* From another address of the loopback network. */
static int
connect_from (const gchar *source, guint16 port)
{
  struct sockaddr_in own = { .sin_family = AF_INET };
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval wait = { .tv_sec = RTMP_PEER_WAIT_S };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  inet_pton (AF_INET, source, &own.sin_addr);
  fail_unless (bind (fd, (struct sockaddr *) &own, sizeof own) == 0);
  fail_unless (connect (fd, (struct sockaddr *) &address, sizeof address) == 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  return fd;
}

/* Sends a handshake; whether it is answered, else it must be closed. */
static gboolean
is_served (int fd)
{
  guint8 bytes[1 + 1536] = { 3 }, answer[1];

  if (send (fd, bytes, sizeof bytes, MSG_NOSIGNAL) < 0)
    return FALSE;
  gssize n = recv (fd, answer, sizeof answer, 0);
  fail_if (n < 0 && errno != ECONNRESET, "neither answered nor closed");
  return n == 1;
}

/* --- connections ---------------------------------------------------------- */

static const struct {
  const gchar *name;
  PenstockRtmpAdmission refusal;
  const gchar *others; /* from where one more is let in, NULL: nowhere */
} connection_rows[] = {
  { "max-connections", PENSTOCK_RTMP_REFUSE_TOTAL, NULL },
  { "max-connections-per-address", PENSTOCK_RTMP_REFUSE_ADDRESS, "127.0.0.2" },
  { "max-half-open-per-address", PENSTOCK_RTMP_REFUSE_ADDRESS, "127.0.0.2" },
  { "max-connections-per-network", PENSTOCK_RTMP_REFUSE_NETWORK, "127.0.1.1" },
  { "connects-per-second", PENSTOCK_RTMP_REFUSE_RATE, "127.0.0.2" },
};

GST_START_TEST (connections_are_bounded)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  g_autoptr (GstStructure) structure = gst_structure_new (
      "limits", connection_rows[__i__].name, G_TYPE_INT, 3, NULL);
  const gchar *others = connection_rows[__i__].others;
  g_autofree gchar *problem = NULL;
  PenstockRtmpServerStats stats;
  Fixture f;
  int fds[3];

  fail_unless (penstock_rtmp_limits_apply (&limits, structure, &problem));
  fixture_init (&f, &limits, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
    fds[i] = rtmp_peer_connect_raw (f.port);
    fail_unless (is_served (fds[i]));
  }
  int above = rtmp_peer_connect_raw (f.port);
  fail_if (is_served (above));
  close (above);
  int other = connect_from (others ? others : "127.0.0.2", f.port);
  assert_equals_int (is_served (other), others != NULL);
  close (other);

  penstock_rtmp_server_get_stats (f.server, &stats);
  assert_equals_uint64 (
      stats.peers.refused[connection_rows[__i__].refusal], others ? 1 : 2);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (oldest_half_open_connection_makes_room)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  Fixture f;

  limits.max_half_open = 2;
  fixture_init (&f, &limits, NULL);
  /* Who publishes is not among them. */
  RtmpPeer *peer = rtmp_peer_publish (f.port, "live", "one");
  int first = rtmp_peer_connect_raw (f.port);
  fail_unless (is_served (first));
  int second = rtmp_peer_connect_raw (f.port);
  fail_unless (is_served (second));
  int third = rtmp_peer_connect_raw (f.port);
  fail_unless (is_served (third));
  fail_unless (rtmp_peer_is_closed (first));
  rtmp_peer_send (peer, PENSTOCK_RTMP_AUDIO, 0, 0xaf, 10);
  assert_message (&f);
  close (first);
  close (second);
  close (third);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (first_limits_of_a_listener_count)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  Fixture f;

  limits.max_connections = 7;
  fixture_init (&f, &limits, NULL);
  fail_unless (penstock_rtmp_server_set_limits (f.server, &limits, &limits));
  limits.max_connections = 8;
  fail_if (penstock_rtmp_server_set_limits (f.server, &limits, &limits));
  fail_unless (penstock_rtmp_server_set_limits (f.server, &limits, &f));
  fail_unless (penstock_rtmp_server_set_limits (f.server, &limits, &limits));
  fixture_clear (&f);
}
GST_END_TEST;

/* --- time ----------------------------------------------------------------- */

/* Connected, and then nothing. */
GST_START_TEST (connection_that_asks_for_nothing_is_closed)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  Fixture f;

  limits.publish_ms = 500;
  fixture_init (&f, &limits, NULL);
  RtmpPeer *peer = rtmp_peer_publish (f.port, "live", "one");
  rtmp_peer_say_goodbye (peer);
  fail_unless (rtmp_peer_is_closed (peer->fd));
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* The header of a video message of 16 MB behind what was published, and the
 * first of its bytes. */
static void
begin_long_message (RtmpPeer *peer)
{
  static const guint8 bytes[] = { 6, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0,
    0x17 };

  fail_unless (
      send (peer->fd, bytes, sizeof bytes, MSG_NOSIGNAL) == sizeof bytes);
}

GST_START_TEST (message_that_drips_is_given_up)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  Fixture f;

  limits.message_ms = 60;
  fixture_init (&f, &limits, NULL);
  penstock_priv_rtmp_server_get_times (f.server)->drip_ms = 40;
  RtmpPeer *peer = rtmp_peer_publish (f.port, "live", "one");
  begin_long_message (peer);
  assert_equals_int (rtmp_peer_next (peer), PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (peer->refusal, "NetStream.Publish.Failed");
  fail_unless (rtmp_peer_is_closed (peer->fd));
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* Neither silent nor dripping: a large picture on a thin line. */
GST_START_TEST (message_may_take_long_if_it_goes_on)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  const guint8 piece[64] = { 0 };
  Fixture f;

  limits.message_ms = limits.silence_ms = limits.first_media_ms = 1500;
  fixture_init (&f, &limits, NULL);
  penstock_priv_rtmp_server_get_times (f.server)->drip_ms = 1000;
  RtmpPeer *peer = rtmp_peer_publish (f.port, "live", "one");
  begin_long_message (peer);
  gint64 end = g_get_monotonic_time () + 3 * G_TIME_SPAN_SECOND;
  while (g_get_monotonic_time () < end) {
    struct pollfd closed = { .fd = peer->fd, .events = POLLRDHUP };
    fail_unless (poll (&closed, 1, 2) == 0, "it was closed");
    fail_unless (send (peer->fd, piece, sizeof piece, MSG_NOSIGNAL) > 0);
  }
  assert_equals_int (g_atomic_int_get (&f.n_ended), 0);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* Sends pings and reads no answer, until it is closed. */
GST_START_TEST (peer_that_does_not_read_is_not_read_either)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  static const guint8 ping[] = { 2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 1, 2,
    3, 4 };
  const int small = 4096;
  guint8 many[64 * sizeof ping];
  gsize sent = 0;
  Fixture f;

  for (gsize i = 0; i < sizeof many; i += sizeof ping)
    memcpy (many + i, ping, sizeof ping);
  limits.send_ms = 200;
  fixture_init (&f, &limits, NULL);
  RtmpPeer *peer = rtmp_peer_publish (f.port, "live", "one");
  setsockopt (peer->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  for (;;) {
    struct pollfd ready = { .fd = peer->fd, .events = POLLOUT | POLLRDHUP };
    fail_unless (poll (&ready, 1, 3 * RTMP_PEER_WAIT_S * 1000) == 1);
    if (ready.revents & (POLLRDHUP | POLLHUP | POLLERR))
      break;
    gssize n = send (peer->fd, many, sizeof many, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN)
      break;
    sent += MAX (n, 0);
  }
  /* What the kernel takes is no business of ours, but it is bounded. */
  fail_unless (sent < 64 * 1024 * 1024);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (player_need_not_wait)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  Fixture f;

  limits.play_ms = 0;
  fixture_init (&f, &limits, NULL);
  RtmpPeer *peer = rtmp_peer_new_player (f.port, "live", "one");
  assert_equals_int (rtmp_peer_next (peer), PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (peer->refusal, "NetStream.Play.StreamNotFound");
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* --- wrong keys ----------------------------------------------------------- */

static void
publish_with_key (Fixture *f, const gchar *name, const gchar *refusal)
{
  RtmpPeer *peer = rtmp_peer_new (f->port, "live", name);

  assert_equals_int (rtmp_peer_next (peer),
      refusal ? PENSTOCK_RTMP_EVENT_REFUSED : PENSTOCK_RTMP_EVENT_STARTED);
  assert_equals_string (peer->refusal, refusal);
  if (!refusal)
    rtmp_peer_say_goodbye (peer);
  rtmp_peer_free (peer);
}

GST_START_TEST (address_with_too_many_wrong_keys_has_to_wait)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  PenstockRtmpServerStats stats;
  Fixture f;

  limits.failures_per_minute = 2;
  fixture_init (&f, &limits, "sesame");
  penstock_priv_rtmp_server_get_times (f.server)->penalty_ms = 50;
  for (guint i = 0; i < 2; i++)
    publish_with_key (&f, "one?key=barley", "NetStream.Publish.Denied");
  publish_with_key (&f, "one?key=sesame", NULL);
  gint64 begin = g_get_monotonic_time ();
  publish_with_key (&f, "one?key=barley", "NetStream.Publish.Denied");
  fail_unless (g_get_monotonic_time () - begin >= 40 * G_TIME_SPAN_MILLISECOND);

  int blocked = rtmp_peer_connect_raw (f.port);
  fail_if (is_served (blocked));
  close (blocked);
  int other = connect_from ("127.0.0.2", f.port);
  fail_unless (is_served (other));
  close (other);
  penstock_rtmp_server_get_stats (f.server, &stats);
  assert_equals_uint64 (stats.peers.failures, 3);
  assert_equals_uint64 (stats.peers.refused[PENSTOCK_RTMP_REFUSE_BLOCKED], 1);
  fixture_clear (&f);
}
GST_END_TEST;

static const PenstockRtmpVerdict refusing_verdicts[] = { PENSTOCK_RTMP_REJECT,
  PENSTOCK_RTMP_DEFER };

/* Who has the key may come again. */
GST_START_TEST (refusal_by_the_owner_is_no_wrong_key)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  PenstockRtmpServerStats stats;
  Fixture f;

  limits.failures_per_minute = 2;
  fixture_init (&f, &limits, "sesame");
  f.verdict = refusing_verdicts[__i__];
  for (guint i = 0; i < 4; i++)
    publish_with_key (&f, "one?key=sesame", "NetStream.Publish.Denied");
  penstock_rtmp_server_get_stats (f.server, &stats);
  assert_equals_uint64 (stats.peers.failures, 0);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (first_decision_of_the_owner_is_the_one_that_counts)
{
  Fixture f;

  fixture_init (&f, &penstock_rtmp_default_limits, NULL);
  f.verdict = PENSTOCK_RTMP_DEFER;
  f.accepts = TRUE;
  RtmpPeer *peer = rtmp_peer_publish (f.port, "live", "one");
  rtmp_peer_send (peer, PENSTOCK_RTMP_VIDEO, 0, 0x17, 100);
  PenstockRtmpMessage *message =
      g_async_queue_timeout_pop (f.messages, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);
  fail_unless (message != NULL);
  penstock_rtmp_message_unref (message);
  rtmp_peer_free (peer);
  f.accepts = FALSE;
  publish_with_key (&f, "one", "NetStream.Publish.Denied");
  fixture_clear (&f);
}
GST_END_TEST;

/* --- memory --------------------------------------------------------------- */

GST_START_TEST (memory_of_a_listener_is_bounded)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  const PenstockRtmpCallbacks callbacks = { NULL };
  PenstockRtmpServerStats stats;
  Fixture f;

  limits.max_memory = 100000;
  fixture_init (&f, &limits, NULL);
  PenstockRtmpClaim *two = penstock_rtmp_server_claim (
      f.server, "live/two", NULL, &callbacks, NULL, NULL);
  RtmpPeer *peer = rtmp_peer_publish (f.port, "live", "one");
  rtmp_peer_send (peer, PENSTOCK_RTMP_VIDEO, 0, 0x17, 90000);
  PenstockRtmpMessage *held =
      g_async_queue_timeout_pop (f.messages, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);
  fail_unless (held != NULL);
  penstock_rtmp_server_get_stats (f.server, &stats);
  assert_equals_uint64 (stats.memory, 90000);

  publish_with_key (&f, "two", "NetStream.Publish.Rejected");
  rtmp_peer_send (peer, PENSTOCK_RTMP_VIDEO, 0, 0x17, 10001);
  fail_unless (rtmp_peer_is_closed (peer->fd));
  penstock_rtmp_message_unref (held);
  publish_with_key (&f, "two", NULL);
  /* A command may be on its way. */
  penstock_rtmp_server_get_stats (f.server, &stats);
  fail_unless (stats.memory < 1000);
  rtmp_peer_free (peer);
  penstock_rtmp_claim_release (two);
  fixture_clear (&f);
}
GST_END_TEST;

/* --- the property --------------------------------------------------------- */

static GstElement *
make_element (
    const gchar *factory, guint port, const gchar *limits, GstBus *bus)
{
  GstElement *element = gst_element_factory_make (factory, NULL);
  g_autofree gchar *location =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/%s", port, factory);

  gst_object_ref_sink (element);
  g_object_set (element, "location", location, NULL);
  gst_element_set_bus (element, bus);
  if (limits)
    gst_util_set_object_arg (G_OBJECT (element), "limits", limits);
  return element;
}

static void
destroy_element (GstElement *element)
{
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

static const struct {
  const gchar *factory;
  const gchar *limits;
  gboolean warned;
} other_rows[] = {
  { "penstockrtmpsink", NULL, FALSE },
  { "penstockrtmpsink", "limits,max-connections=3", FALSE },
  { "penstockrtmpsink", "limits,max-connections=4", TRUE },
  { "penstockrtmpsrc", "limits,max-connections=4", TRUE },
};

GST_START_TEST (limits_are_those_of_the_first_element)
{
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GstBus) other_bus = gst_bus_new ();
  GstElement *first =
      make_element ("penstockrtmpsrc", 0, "limits,max-connections=3", bus);
  int fds[3];
  guint port;

  fail_if (gst_element_set_state (first, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE);
  g_object_get (first, "port", &port, NULL);
  g_object_set (first, "location", "rtmp://127.0.0.1/live/first", NULL);
  GstElement *other = make_element (
      other_rows[__i__].factory, port, other_rows[__i__].limits, other_bus);
  /* A path of its own. */
  g_autofree gchar *location =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/other", port);
  g_object_set (other, "location", location, NULL);
  fail_if (gst_element_set_state (other, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE);
  g_autoptr (GstMessage) warning =
      gst_bus_pop_filtered (other_bus, GST_MESSAGE_WARNING);
  assert_equals_int (warning != NULL, other_rows[__i__].warned);

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
    fds[i] = rtmp_peer_connect_raw (port);
    fail_unless (is_served (fds[i]));
  }
  int above = rtmp_peer_connect_raw (port);
  fail_if (is_served (above));
  close (above);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  destroy_element (other);
  destroy_element (first);
}
GST_END_TEST;

static const gchar *const factories[] = { "penstockrtmpsrc",
  "penstockrtmpsink" };

GST_START_TEST (unknown_limit_is_an_error)
{
  g_autoptr (GstBus) bus = gst_bus_new ();
  GstElement *element =
      make_element (factories[__i__], 0, "limits,max-cats=3", bus);
  g_autoptr (GError) error = NULL;

  assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (strstr (error->message, "no limit \"max-cats\"") != NULL, "%s",
      error->message);
  destroy_element (element);
}
GST_END_TEST;

static Suite *
rtmp_limits_suite (void)
{
  Suite *suite = suite_create ("rtmp-limits");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, connections_are_bounded, 0, G_N_ELEMENTS (connection_rows));
  tcase_add_test (tcase, oldest_half_open_connection_makes_room);
  tcase_add_test (tcase, first_limits_of_a_listener_count);
  tcase_add_test (tcase, connection_that_asks_for_nothing_is_closed);
  tcase_add_test (tcase, message_that_drips_is_given_up);
  tcase_add_test (tcase, message_may_take_long_if_it_goes_on);
  tcase_add_test (tcase, peer_that_does_not_read_is_not_read_either);
  tcase_add_test (tcase, player_need_not_wait);
  tcase_add_test (tcase, address_with_too_many_wrong_keys_has_to_wait);
  tcase_add_loop_test (tcase, refusal_by_the_owner_is_no_wrong_key, 0,
      G_N_ELEMENTS (refusing_verdicts));
  tcase_add_test (tcase, first_decision_of_the_owner_is_the_one_that_counts);
  tcase_add_test (tcase, memory_of_a_listener_is_bounded);
  tcase_add_loop_test (tcase, limits_are_those_of_the_first_element, 0,
      G_N_ELEMENTS (other_rows));
  tcase_add_loop_test (
      tcase, unknown_limit_is_an_error, 0, G_N_ELEMENTS (factories));
  return suite;
}

GST_CHECK_MAIN (rtmp_limits);
