/* SPDX-License-Identifier: MIT
 *
 * penstockrtmpsink mode=push against our own listener and against servers that
 * refuse, die, come back and do not read. */

#include <gst/check/gstcheck.h>

#include "../support/rtmp-peer.h"
#include "rtmp/rtmp-auth.h"
#include "rtmp/rtmp-server.h"
#include "rtmp/rtmp-session-private.h"
#include "tests/support/hex.h"

#define H264_CAPS                                                              \
  "video/x-h264, stream-format=avc, alignment=au, codec_data=(buffer)0142"
#define H265_CAPS                                                              \
  "video/x-h265, stream-format=hvc1, alignment=au, codec_data=(buffer)0101"
#define AAC_CAPS                                                               \
  "audio/mpeg, mpegversion=4, stream-format=raw, rate=48000, channels=2, "     \
  "codec_data=(buffer)1190"
#define SECRET "s3cret-key"

/* --- the pushing side ----------------------------------------------------- */

typedef struct {
  GstElement *pipeline, *sink;
  GstPad *video, *audio; /* source pads of the test, linked */
  GstBus *bus;
} Fixture;

static GstPad *
link_pad (Fixture *f, const gchar *name, const gchar *caps_text)
{
  GstPad *sink = gst_element_request_pad_simple (f->sink, name);
  GstPad *source = gst_pad_new (name, GST_PAD_SRC);
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  fail_unless (sink != NULL);
  fail_unless_equals_int (gst_pad_link (source, sink), GST_PAD_LINK_OK);
  gst_pad_set_active (source, TRUE);
  gst_object_unref (sink);
  gst_pad_push_event (source, gst_event_new_stream_start (name));
  fail_unless (gst_pad_push_event (source, gst_event_new_caps (caps)));
  gst_pad_push_event (source, gst_event_new_segment (&segment));
  return source;
}

/* @user_info: "" or "user:password@" */
static void
fixture_init_as (Fixture *f, const gchar *user_info, guint16 port,
    const gchar *name, const gchar *video_caps)
{
  g_autofree gchar *location =
      g_strdup_printf ("rtmp://%s127.0.0.1:%u/live/%s", user_info, port, name);

  f->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  f->bus = gst_pipeline_get_bus (GST_PIPELINE (f->pipeline));
  f->sink = gst_element_factory_make ("penstockrtmpsink", NULL);
  gst_util_set_object_arg (G_OBJECT (f->sink), "mode", "push");
  g_object_set (f->sink, "location", location, "retry-min-ms", 10,
      "retry-max-ms", 20, NULL);
  gst_bin_add (GST_BIN (f->pipeline), f->sink);
  fail_unless (gst_element_set_state (f->pipeline, GST_STATE_PLAYING) !=
      GST_STATE_CHANGE_FAILURE);
  f->video = link_pad (f, "video_0", video_caps);
  f->audio = link_pad (f, "audio_0", AAC_CAPS);
}

static void
fixture_init (
    Fixture *f, guint16 port, const gchar *name, const gchar *video_caps)
{
  fixture_init_as (f, "", port, name, video_caps);
}

static void
fixture_clear (Fixture *f)
{
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_pad_set_active (f->video, FALSE);
  gst_pad_set_active (f->audio, FALSE);
  gst_object_unref (f->video);
  gst_object_unref (f->audio);
  gst_object_unref (f->bus);
  gst_object_unref (f->pipeline);
}

/* Takes @buffer. */
static void
push_buffer (GstPad *pad, GstBuffer *buffer, guint time_ms, gboolean key)
{
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = time_ms * GST_MSECOND;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  fail_unless_equals_int (gst_pad_push (pad, buffer), GST_FLOW_OK);
}

static void
push (GstPad *pad, const gchar *hex, guint time_ms, gboolean key)
{
  g_autoptr (GBytes) bytes = bytes_from_hex (hex);

  push_buffer (pad, gst_buffer_new_wrapped_bytes (bytes), time_ms, key);
}

static gchar *
dup_stat (Fixture *f, const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (f->sink, "stats", &stats, NULL);
  return g_strdup (gst_structure_get_string (stats, name));
}

static guint64
get_counter (Fixture *f, const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 value = 0;

  g_object_get (f->sink, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, name, &value));
  return value;
}

/* (transfer full): the text of the next warning. */
static gchar *
wait_warning (Fixture *f)
{
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      f->bus, RTMP_PEER_WAIT_S * GST_SECOND, GST_MESSAGE_WARNING);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL);
  gst_message_parse_warning (message, &error, NULL);
  return g_strdup (error->message);
}

static void
wait_eos (Fixture *f)
{
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (f->bus,
      RTMP_PEER_WAIT_S * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  fail_unless (message != NULL);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
}

static void
send_eos (Fixture *f)
{
  gst_pad_push_event (f->video, gst_event_new_eos ());
  gst_pad_push_event (f->audio, gst_event_new_eos ());
}

/* --- our listener --------------------------------------------------------- */

typedef struct {
  PenstockRtmpServer *server;
  PenstockRtmpClaim *claim;
  guint16 port;
  GAsyncQueue *events; /* of gchar */
} Listener;

static void
on_started (const PenstockRtmpPublication *publication, gpointer events)
{
  g_async_queue_push (events, g_strdup ("started"));
}

static void
on_message (PenstockRtmpMessage *message, gpointer events)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%u@%u ", message->type, message->timestamp);
  for (gsize i = 0; i < MIN (message->size, 20); i++)
    g_string_append_printf (text, "%02x", message->data[i]);
  g_async_queue_push (events, g_string_free (text, FALSE));
}

static void
on_ended (PenstockRtmpEnd end, const gchar *detail, gpointer events)
{
  g_async_queue_push (
      events, g_strdup_printf ("ended %s", penstock_rtmp_end_to_string (end)));
}

/* @port: 0 = any. A port that was just closed can still be busy. */
static void
listener_open (Listener *l, guint16 port, const gchar *key)
{
  const PenstockRtmpCallbacks callbacks = { on_started, on_message, on_ended,
    NULL };
  const PenstockRtmpClaimSettings settings = { .key = key,
    .policy = PENSTOCK_RTMP_POLICY_TAKEOVER };
  g_autoptr (GError) error = NULL;

  l->events = g_async_queue_new_full (g_free);
  l->server = penstock_rtmp_server_get ("127.0.0.1", port, &error);
  fail_unless (l->server != NULL, "%s", error ? error->message : "");
  l->port = penstock_rtmp_server_get_port (l->server);
  l->claim = penstock_rtmp_server_claim (
      l->server, "live/one", &settings, &callbacks, l->events, &error);
  fail_unless (l->claim != NULL, "%s", error ? error->message : "");
}

static void
listener_close (Listener *l)
{
  penstock_rtmp_claim_release (l->claim);
  penstock_rtmp_server_unref (l->server);
  g_async_queue_unref (l->events);
}

static void
expect (Listener *l, const gchar *expected)
{
  g_autofree gchar *event =
      g_async_queue_timeout_pop (l->events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  fail_unless (event != NULL, "\"%s\" did not come", expected);
  fail_unless (g_str_has_prefix (event, expected), "\"%s\", not \"%s\"", event,
      expected);
}

/* Pushes keyframes from @time on until the listener has an event; an attempt
 * is made only while there is media. Returns the time of the next one. */
static guint
push_until_event (Fixture *f, Listener *l, guint time)
{
  const gint64 end =
      g_get_monotonic_time () + RTMP_PEER_WAIT_S * G_USEC_PER_SEC;
  gchar *event;

  do {
    fail_unless (g_get_monotonic_time () < end);
    push (f->video, "65 01", time, TRUE);
    time += 10;
    event = g_async_queue_timeout_pop (l->events, 10 * 1000);
  } while (!event);
  g_async_queue_push_front (l->events, event);
  return time;
}

#define SET_DATA_FRAME "18@0 02000d407365744461746146"

/* --- tests ---------------------------------------------------------------- */

GST_START_TEST (messages_arrive_as_they_were)
{
  Listener l;
  Fixture f;

  listener_open (&l, 0, NULL);
  fixture_init (&f, l.port, "one", H264_CAPS);
  g_autofree gchar *before = dup_stat (&f, "state");
  fail_unless_equals_string (before, "waiting");
  push (f.video, "65 01", 0, TRUE);
  push (f.audio, "21 02", 10, TRUE);
  push (f.video, "41 03", 40, FALSE);
  expect (&l, "started");
  expect (&l, SET_DATA_FRAME);
  expect (&l, "9@0 17000000000142");
  expect (&l, "8@0 af001190");
  expect (&l, "9@0 17010000006501");
  expect (&l, "8@10 af012102");
  expect (&l, "9@40 27010000004103");
  g_autofree gchar *state = dup_stat (&f, "state");
  g_autofree gchar *reason = dup_stat (&f, "reason");
  fail_unless_equals_string (state, "publishing");
  fail_unless (reason == NULL);
  fail_unless_equals_uint64 (get_counter (&f, "connections"), 1);
  fixture_clear (&f);
  expect (&l, "ended goodbye");
  listener_close (&l);
}
GST_END_TEST;

GST_START_TEST (end_is_told_when_everything_is_sent)
{
  Listener l;
  Fixture f;

  listener_open (&l, 0, NULL);
  fixture_init (&f, l.port, "one", H264_CAPS);
  push (f.video, "65 01", 0, TRUE);
  push (f.audio, "21 02", 10, TRUE);
  send_eos (&f);
  wait_eos (&f);
  g_autofree gchar *state = dup_stat (&f, "state");
  fail_unless_equals_string (state, "ended");
  expect (&l, "started");
  expect (&l, SET_DATA_FRAME);
  expect (&l, "9@0 17000000000142");
  expect (&l, "8@0 af001190");
  expect (&l, "9@0 17010000006501");
  expect (&l, "8@10 af012102");
  expect (&l, "ended goodbye");
  fixture_clear (&f);
  listener_close (&l);
}
GST_END_TEST;

/* The reason has no part of the key; another attempt with the right one. */
GST_START_TEST (refused_key_is_told_without_the_key)
{
  Listener l;
  Fixture f;

  listener_open (&l, 0, "right");
  fixture_init (&f, l.port, "one?key=" SECRET, H264_CAPS);
  push (f.video, "65 01", 0, TRUE);
  g_autofree gchar *warning = wait_warning (&f);
  fail_unless (strstr (warning, "NetStream.Publish") != NULL, "%s", warning);
  fail_unless (strstr (warning, SECRET) == NULL, "%s", warning);
  g_autofree gchar *state = dup_stat (&f, "state");
  g_autofree gchar *reason = dup_stat (&f, "reason");
  fail_unless_equals_string (state, "retrying");
  fail_unless (reason && strstr (warning, reason), "%s", reason);
  fail_unless_equals_uint64 (get_counter (&f, "connections"), 0);
  g_autofree gchar *location = NULL;
  g_object_get (f.sink, "location", &location, NULL);
  fail_unless (strstr (location, SECRET) == NULL, "%s", location);
  fail_unless (g_str_has_suffix (location, "/live"), "%s", location);
  fixture_clear (&f);

  fixture_init (&f, l.port, "one?key=right", H264_CAPS);
  push (f.video, "65 01", 0, TRUE);
  expect (&l, "started");
  fixture_clear (&f);
  listener_close (&l);
}
GST_END_TEST;

/* The one that comes back gets configurations and a keyframe first. */
GST_START_TEST (server_dies_and_returns)
{
  Listener l;
  Fixture f;

  listener_open (&l, 0, NULL);
  guint16 port = l.port;
  fixture_init (&f, port, "one", H264_CAPS);
  push (f.video, "65 01", 0, TRUE);
  expect (&l, "started");
  expect (&l, SET_DATA_FRAME);
  listener_close (&l);
  g_autofree gchar *warning = wait_warning (&f);
  fail_unless (g_str_has_prefix (warning, "Push failed: "), "%s", warning);

  push (f.video, "41 02", 20, FALSE);
  listener_open (&l, port, NULL);
  push_until_event (&f, &l, 40);
  expect (&l, "started");
  expect (&l, SET_DATA_FRAME);
  expect (&l, "9@");
  expect (&l, "8@");
  g_autofree gchar *frame =
      g_async_queue_timeout_pop (l.events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);
  fail_unless (frame && g_str_has_suffix (frame, "17010000006501"), "%s",
      frame ? frame : "nothing");
  fail_unless_equals_uint64 (get_counter (&f, "connections"), 2);
  fail_unless (get_counter (&f, "failures") >= 1);
  g_autofree gchar *reason = dup_stat (&f, "reason");
  fail_unless (reason == NULL, "%s", reason);
  fixture_clear (&f);
  listener_close (&l);
}
GST_END_TEST;

GST_START_TEST (pipeline_can_push_twice)
{
  Listener l;
  Fixture f;

  listener_open (&l, 0, NULL);
  fixture_init (&f, l.port, "one", H264_CAPS);
  push (f.video, "65 01", 0, TRUE);
  expect (&l, "started");
  fixture_clear (&f);
  fixture_init (&f, l.port, "one", H264_CAPS);
  push_until_event (&f, &l, 0);
  fixture_clear (&f);
  listener_close (&l);
}
GST_END_TEST;

static const gchar *const bad_locations[] = { NULL, "http://127.0.0.1/live/one",
  "rtmp://127.0.0.1:1935", "rtmp:///live/one" };

GST_START_TEST (bad_location_is_an_error)
{
  g_autoptr (GstElement) pipeline =
      gst_object_ref_sink (gst_pipeline_new (NULL));
  GstElement *sink = gst_element_factory_make ("penstockrtmpsink", NULL);

  gst_util_set_object_arg (G_OBJECT (sink), "mode", "push");
  g_object_set (sink, "location", bad_locations[__i__], NULL);
  gst_bin_add (GST_BIN (pipeline), sink);
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}
GST_END_TEST;

GST_START_TEST (end_without_a_server_is_told_at_once)
{
  Listener l;
  Fixture f;

  listener_open (&l, 0, NULL);
  guint16 port = l.port;
  listener_close (&l);
  fixture_init (&f, port, "one", H264_CAPS);
  push (f.video, "65 01", 0, TRUE);
  g_free (wait_warning (&f));
  send_eos (&f);
  wait_eos (&f);
  fixture_clear (&f);
}
GST_END_TEST;

/* --- a server of the test's own ------------------------------------------- */

/* One connection at a time, on the test's thread. */
typedef struct {
  int listener, fd;
  guint16 port;
  RtmpPeer *peer;
} Server;

static void
server_open (Server *s)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  const int small = 16 * 1024; /* little is on its way */

  s->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt (s->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  fail_unless (bind (s->listener, (struct sockaddr *) &address, size) == 0);
  fail_unless (listen (s->listener, 4) == 0);
  fail_unless (
      getsockname (s->listener, (struct sockaddr *) &address, &size) == 0);
  s->port = ntohs (address.sin_port);
}

/* As far as `connect`. */
static void
server_accept_connection (Server *s)
{
  struct timeval wait = { .tv_sec = RTMP_PEER_WAIT_S };

  s->fd = accept (s->listener, NULL, NULL);
  fail_unless (s->fd >= 0);
  setsockopt (s->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  s->peer = g_new0 (RtmpPeer, 1);
  s->peer->fd = s->fd;
  s->peer->session = penstock_rtmp_session_new_server (1);
  gint event = rtmp_peer_next (s->peer);
  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_CONNECT);
}

/* As far as `publish`. */
static void
server_accept (Server *s, gboolean enhanced)
{
  server_accept_connection (s);
  s->peer->session->peer.enhanced = enhanced;
  penstock_rtmp_session_accept_connect (s->peer->session);
  gint event = rtmp_peer_next (s->peer);
  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_FC_PUBLISH);
  penstock_rtmp_session_accept_fc_publish (s->peer->session);
  event = rtmp_peer_next (s->peer);
  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_PUBLISH);
  penstock_rtmp_session_accept_publish (s->peer->session);
  rtmp_peer_flush (s->peer);
}

static void
read_until_video (Server *s)
{
  guint8 type = 0;

  while (type != PENSTOCK_RTMP_VIDEO) {
    gint event = rtmp_peer_next (s->peer);
    fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_MESSAGE);
    type = s->peer->message->type;
  }
}

static void
server_close (Server *s)
{
  rtmp_peer_free (s->peer);
  close (s->listener);
}

/* Nothing was announced, so H.265 is not sent to a server that would take it
 * for something else. */
GST_START_TEST (unannounced_codec_is_a_failure_with_a_reason)
{
  Server s;
  Fixture f;

  server_open (&s);
  fixture_init (&f, s.port, "one", H265_CAPS);
  push (f.video, "26 01", 0, TRUE);
  server_accept (&s, FALSE);
  g_autofree gchar *warning = wait_warning (&f);
  fail_unless (strstr (warning, "\"hvc1\"") != NULL, "%s", warning);
  fail_unless_equals_uint64 (get_counter (&f, "connections"), 0);
  fail_unless_equals_uint64 (get_counter (&f, "bytes-sent"), 0);
  fixture_clear (&f);
  server_close (&s);
}
GST_END_TEST;

GST_START_TEST (announced_codec_is_sent)
{
  Server s;
  Fixture f;

  server_open (&s);
  fixture_init (&f, s.port, "one", H265_CAPS);
  push (f.video, "26 01", 0, TRUE);
  server_accept (&s, TRUE);
  read_until_video (&s);
  fail_unless (memcmp (s.peer->message->data + 1, "hvc1", 4) == 0);
  fixture_clear (&f);
  server_close (&s);
}
GST_END_TEST;

/* authmod=adobe: a connection to learn that, one for the challenge, one with
 * the answer. */
GST_START_TEST (server_that_asks_who_it_is_gets_an_answer)
{
  static const gchar challenge[] =
      "[ AccessManager.Reject ] : [ authmod=adobe ] : "
      "?reason=needauth&user=joe&salt=abc&challenge=xyz&opaque=opq";
  static const gchar *const refusals[] = {
    "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ",
    challenge
  };
  Server s;
  Fixture f;

  server_open (&s);
  fixture_init_as (&f, "joe:" SECRET "@", s.port, "one", H264_CAPS);
  push (f.video, "65 01", 0, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++) {
    server_accept_connection (&s);
    penstock_rtmp_session_refuse_connect (
        s.peer->session, "NetConnection.Connect.Rejected", refusals[i]);
    rtmp_peer_flush (s.peer);
    fail_unless (rtmp_peer_is_closed (s.fd));
    rtmp_peer_free (s.peer);
  }
  server_accept (&s, TRUE);
  PenstockRtmpSession *session = s.peer->session;
  g_autofree gchar *nonce =
      penstock_rtmp_session_dup_parameter (session, "challenge");
  g_autofree gchar *response =
      penstock_rtmp_session_dup_parameter (session, "response");
  g_autofree gchar *expected = penstock_rtmp_auth_answer (
      challenge, "live", "joe", SECRET, g_ascii_strtoull (nonce, NULL, 16));
  g_autofree gchar *wanted = g_strdup_printf ("&response=%s&", response);
  fail_unless (
      strstr (expected, wanted) != NULL, "%s, not %s", response, expected);
  read_until_video (&s);
  fail_unless_equals_uint64 (get_counter (&f, "connections"), 1);
  fail_unless_equals_uint64 (get_counter (&f, "failures"), 0);
  fixture_clear (&f);
  server_close (&s);
}
GST_END_TEST;

/* Ten groups of pictures for a server that does not read: the element takes
 * them all, keeps a bounded part, and sends what can be decoded. */
GST_START_TEST (slow_server_loses_whole_groups_of_pictures)
{
  const gsize size = 256 * 1024;
  const guint n_groups = 10, n_frames = 4;
  Server s;
  Fixture f;

  server_open (&s);
  fixture_init (&f, s.port, "one", H264_CAPS);
  push (f.video, "00 00", 0, TRUE);
  server_accept (&s, TRUE);
  read_until_video (&s); /* it has its place in the stream */
  for (guint i = 0; i < n_groups * n_frames; i++) {
    gboolean key = i % n_frames == 0;
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
    gst_buffer_memset (buffer, 0, i + 1, size);
    push_buffer (f.video, buffer, 1000 * (i + 1), key);
  }
  fail_unless (get_counter (&f, "cache-bytes") < n_groups * n_frames * size);
  send_eos (&f);

  /* Each is the one after the last, or begins a group. */
  guint last = 0, n = 0;
  gint event;
  while ((event = rtmp_peer_next (s.peer)) == PENSTOCK_RTMP_EVENT_MESSAGE) {
    const PenstockRtmpMessage *message = s.peer->message;
    if (message->type != PENSTOCK_RTMP_VIDEO || message->data[1] == 0)
      continue;
    guint number = message->data[5];
    fail_unless (number == 0 || number == last + 1 ||
            (number > last && message->data[0] == 0x17),
        "%u behind %u", number, last);
    fail_unless (number == 0 || message->size == size + 5);
    last = number;
    n++;
  }
  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_END);
  fail_unless_equals_int (last, n_groups * n_frames);
  fail_unless (n < n_groups * n_frames, "%u", n);
  fail_unless (get_counter (&f, "skips") > 0);
  wait_eos (&f);
  fixture_clear (&f);
  server_close (&s);
}
GST_END_TEST;

static Suite *
rtmp_push_suite (void)
{
  Suite *suite = suite_create ("rtmp-push");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, messages_arrive_as_they_were);
  tcase_add_test (tcase, end_is_told_when_everything_is_sent);
  tcase_add_test (tcase, refused_key_is_told_without_the_key);
  tcase_add_test (tcase, server_dies_and_returns);
  tcase_add_test (tcase, pipeline_can_push_twice);
  tcase_add_loop_test (
      tcase, bad_location_is_an_error, 0, G_N_ELEMENTS (bad_locations));
  tcase_add_test (tcase, end_without_a_server_is_told_at_once);
  tcase_add_test (tcase, unannounced_codec_is_a_failure_with_a_reason);
  tcase_add_test (tcase, announced_codec_is_sent);
  tcase_add_test (tcase, server_that_asks_who_it_is_gets_an_answer);
  tcase_add_test (tcase, slow_server_loses_whole_groups_of_pictures);
  return suite;
}

GST_CHECK_MAIN (rtmp_push);
