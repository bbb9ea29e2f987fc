/* SPDX-License-Identifier: MIT
 *
 * penstockrtmpsrc: publications that begin, end and come back, who may publish,
 * the element's states and properties. */

#include "rtmp/rtmp-amf.h"
#include "rtmp/rtmp-server.h"
#include "tests/support/certificates.h"
#include "tests/support/rtmp-src-rig.h"

GST_START_TEST (goodbye_ends_the_stream)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  expect_publication (&f, "started");
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  send_hex (publisher, AUDIO, 0,
      "af01"
      "2100");
  say_goodbye (publisher);
  expect_publication (&f, "ended");
  expect_eos (&f, "video_0");
  expect_eos (&f, "audio_0");
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (lost_publisher_comes_back_to_the_same_pads)
{
  Fixture f;
  RtmpPeer *publisher;
  guint port;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "eos-on-unpublish", FALSE, NULL);
  port = fixture_play (&f);
  publisher = publish (port);
  send_configs (publisher);
  send_nal (publisher, 90000, 0, TRUE, IDR);
  g_autoptr (GstBuffer) before = next_buffer (&f, "video_0");
  rtmp_peer_free (publisher);
  expect_publication (&f, "started");
  expect_publication (&f, "lost");

  publisher = publish (port);
  expect_publication (&f, "started");
  send_configs (publisher);
  /* No keyframe yet: left out. */
  send_nal (publisher, 0, 0, FALSE, P_SLICE);
  send_nal (publisher, 40, 0, TRUE, IDR);
  g_autoptr (GstBuffer) after = next_buffer (&f, "video_0");
  fail_unless (GST_BUFFER_FLAG_IS_SET (after, GST_BUFFER_FLAG_DISCONT));
  fail_if (GST_BUFFER_FLAG_IS_SET (after, GST_BUFFER_FLAG_DELTA_UNIT));
  fail_unless (GST_BUFFER_DTS (after) >= GST_BUFFER_DTS (before));
  fail_unless_equals_int (f.src->numsrcpads, 1);

  /* A goodbye is no end either: the element waits for the next. */
  say_goodbye (publisher);
  expect_publication (&f, "ended");
  publisher = publish (port);
  expect_publication (&f, "started");
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (publication_is_over_when_nobody_comes_back)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "publisher-grace-ms", 50, NULL);
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  rtmp_peer_free (publisher);
  expect_publication (&f, "started");
  expect_publication (&f, "lost");
  expect_publication (&f, "ended");
  expect_eos (&f, "video_0");
  fixture_clear (&f);
}
GST_END_TEST;

/* Nothing came, so nothing can end: the element goes on. */
GST_START_TEST (publication_without_media_is_no_end)
{
  Fixture f;
  RtmpPeer *publisher;
  guint port;

  fixture_init (&f, "live/test");
  port = fixture_play (&f);
  say_goodbye (publish (port));
  expect_publication (&f, "started");
  expect_publication (&f, "ended");
  publisher = publish (port);
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  say_goodbye (publisher);
  expect_eos (&f, "video_0");
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (two_elements_share_a_port)
{
  Fixture one, two;
  RtmpPeer *first, *second;
  g_autofree gchar *location = NULL;
  guint port;

  fixture_init (&one, "live/one");
  fixture_init (&two, "live/two");
  port = fixture_play (&one);
  location = g_strdup_printf ("rtmp://127.0.0.1:%u/live/two", port);
  g_object_set (two.src, "location", location, NULL);
  fail_unless_equals_int (fixture_play (&two), port);

  first = rtmp_peer_publish (port, "live", "one");
  second = rtmp_peer_publish (port, "live", "two");
  send_configs (first);
  send_configs (second);
  send_nal (first, 0, 0, TRUE, IDR);
  send_nal (second, 0, 0, TRUE, IDR "44");
  g_autoptr (GstBuffer) a = next_buffer (&one, "video_0");
  g_autoptr (GstBuffer) b = next_buffer (&two, "video_0");
  assert_payload (a, "00000007" IDR);
  assert_payload (b, "00000008" IDR "44");
  say_goodbye (first);
  say_goodbye (second);
  fixture_clear (&one);
  fixture_clear (&two);
}
GST_END_TEST;

static const struct {
  const gchar *certificate, *key; /* of the element */
  gboolean warns;
} shared_rows[] = {
  { "certificate.pem", "key.pem", FALSE },
  { "other-certificate.pem", "other-key.pem", TRUE },
};

GST_START_TEST (element_on_a_port_that_exists_tells_it_and_what_it_ignores)
{
  g_autoptr (GTlsCertificate) certificate =
      test_certificate_load ("certificate.pem", "key.pem");
  g_autofree gchar *file =
      test_certificate_path (shared_rows[__i__].certificate);
  g_autofree gchar *key = test_certificate_path (shared_rows[__i__].key);
  PenstockRtmpServer *server = penstock_rtmp_server_get ("127.0.0.1", 0, NULL);
  guint16 port = 0;
  Fixture f;

  fail_unless (penstock_rtmp_server_add_port (
      server, "127.0.0.1", &port, PENSTOCK_RTMP_TLS, certificate, NULL));
  g_autofree gchar *location =
      g_strdup_printf ("rtmps://127.0.0.1:%u/live/test", port);
  fixture_init (&f, "live/test");
  g_object_set (f.src, "location", location, "tls-certificate-file", file,
      "tls-key-file", key, NULL);
  fail_unless_equals_int (fixture_play (&f), port);
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (f.bus, GST_MESSAGE_WARNING);
  fail_unless_equals_int (message != NULL, shared_rows[__i__].warns);
  if (message) {
    g_autoptr (GError) warning = NULL;
    g_autofree gchar *text =
        g_strdup_printf ("Port %u has another certificate already.", port);
    gst_message_parse_warning (message, &warning, NULL);
    fail_unless_equals_string (warning->message, text);
  }
  fixture_clear (&f);
  penstock_rtmp_server_unref (server);
}
GST_END_TEST;

GST_START_TEST (same_path_twice_is_an_error)
{
  Fixture one, two;
  g_autofree gchar *location = NULL;

  fixture_init (&one, "live/one");
  fixture_init (&two, "live/one");
  location =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/one", fixture_play (&one));
  g_object_set (two.src, "location", location, NULL);
  fail_unless_equals_int (
      gst_element_set_state (two.pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_FAILURE);
  g_autoptr (GstMessage) error =
      gst_bus_pop_filtered (two.bus, GST_MESSAGE_ERROR);
  fail_unless (error != NULL);
  fixture_clear (&one);
  fixture_clear (&two);
}
GST_END_TEST;

GST_START_TEST (element_goes_down_and_up_again)
{
  Fixture f;

  fixture_init (&f, "live/test");
  for (guint i = 0; i < 2; i++) {
    RtmpPeer *publisher = publish (fixture_play (&f));
    guint port = 1;

    send_configs (publisher);
    send_nal (publisher, 0, 0, TRUE, IDR);
    g_autoptr (GstBuffer) key = next_buffer (&f, "video_0");
    fail_unless (GST_BUFFER_FLAG_IS_SET (key, GST_BUFFER_FLAG_DISCONT));
    gst_element_set_state (f.pipeline, GST_STATE_NULL);
    fail_unless_equals_int (f.src->numsrcpads, 0);
    g_object_get (f.src, "port", &port, NULL);
    fail_unless_equals_int (port, 0);
    fail_unless (rtmp_peer_is_closed (publisher->fd));
    rtmp_peer_free (publisher);
  }
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (pause_and_resume_waits_for_a_keyframe)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  g_autoptr (GstBuffer) before = next_buffer (&f, "video_0");
  gst_element_set_state (f.pipeline, GST_STATE_PAUSED);
  fail_unless_equals_int (
      gst_element_get_state (f.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
      GST_STATE_CHANGE_NO_PREROLL);
  gst_element_set_state (f.pipeline, GST_STATE_PLAYING);
  fail_unless_equals_int (
      gst_element_get_state (f.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
      GST_STATE_CHANGE_SUCCESS);
  send_nal (publisher, 40, 0, FALSE, P_SLICE);
  send_nal (publisher, 80, 0, TRUE, IDR "55");
  g_autoptr (GstBuffer) after = next_buffer (&f, "video_0");
  assert_payload (after, "00000008" IDR "55");
  fail_unless (GST_BUFFER_FLAG_IS_SET (after, GST_BUFFER_FLAG_DISCONT));
  fail_unless (GST_BUFFER_DTS (after) >= GST_BUFFER_DTS (before));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (application_ends_the_stream)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  gst_element_send_event (f.pipeline, gst_event_new_eos ());
  expect_eos (&f, "video_0");
  fail_unless (rtmp_peer_is_closed (publisher->fd));
  rtmp_peer_free (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (publish_key_is_asked_for_and_never_told)
{
  Fixture f;
  RtmpPeer *publisher;
  guint port;
  GParamSpec *key;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "publish-key", "s3cret", NULL);
  port = fixture_play (&f);
  expect_refusal (port, "test");
  expect_refusal (port, "test?key=wrong");
  publisher = rtmp_peer_publish (port, "live", "test?key=s3cret");
  say_goodbye (publisher);

  key =
      g_object_class_find_property (G_OBJECT_GET_CLASS (f.src), "publish-key");
  fail_if (key->flags & G_PARAM_READABLE);
  key = g_object_class_find_property (G_OBJECT_GET_CLASS (f.src), "password");
  fail_if (key->flags & G_PARAM_READABLE);
  fixture_clear (&f);
}
GST_END_TEST;

/* verdict, later, enters */
static const struct {
  const gchar *verdict;
  gint later; /* of the action decide; < 0 = not called */
  gboolean enters;
} verdicts[] = { { "accept", -1, TRUE }, { "reject", -1, FALSE },
  { "defer", TRUE, TRUE }, { "defer", FALSE, FALSE },
  /* Decides nothing any more. */
  { "reject", TRUE, FALSE } };

typedef struct {
  GstElement *src;
  GAsyncQueue *ids;    /* of the requests, as pointers */
  GstStructure *asked; /* the last one */
} Application;

static gint verdict_row; /* that the test is at */

static gint
on_publish (GstElement *src, GstStructure *request, Application *application)
{
  guint64 id;
  GEnumClass *type =
      g_type_class_ref (g_type_from_name ("PenstockRtmpVerdict"));
  gint verdict =
      g_enum_get_value_by_nick (type, verdicts[verdict_row].verdict)->value;

  g_type_class_unref (type);
  gst_clear_structure (&application->asked);
  application->asked = gst_structure_copy (request);
  fail_unless (gst_structure_get_uint64 (request, "id", &id));
  g_async_queue_push (application->ids, GSIZE_TO_POINTER (id));
  return verdict;
}

/* As an application that asks somebody else. */
static gpointer
decide_later (gpointer data)
{
  Application *application = data;
  guint64 id = GPOINTER_TO_SIZE (g_async_queue_pop (application->ids));

  if (verdicts[verdict_row].later >= 0)
    g_signal_emit_by_name (application->src, "decide", id,
        (gboolean) verdicts[verdict_row].later, "Not today.");
  return NULL;
}

GST_START_TEST (application_decides_who_publishes)
{
  Fixture f;

  verdict_row = __i__;
  fixture_init (&f, "live/test");
  Application application = { f.src, g_async_queue_new (), NULL };
  g_signal_connect (f.src, "publish", G_CALLBACK (on_publish), &application);
  guint port = fixture_play (&f);
  GThread *thread = g_thread_new ("decide", decide_later, &application);
  RtmpPeer *peer = rtmp_peer_new (port, "live", "test?token=t0");
  gint event = rtmp_peer_next (peer);
  g_thread_join (thread);
  fail_unless_equals_string (
      gst_structure_get_string (application.asked, "query"), "token=t0");
  fail_unless_equals_string (
      gst_structure_get_string (application.asked, "app"), "live");
  if (verdicts[__i__].enters) {
    fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
    say_goodbye (peer);
  } else {
    fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
    fail_unless_equals_string (peer->refusal, "NetStream.Publish.Denied");
    rtmp_peer_free (peer);
  }
  fixture_clear (&f);
  gst_clear_structure (&application.asked);
  g_async_queue_unref (application.ids);
}
GST_END_TEST;

/* What each handler says, in the order of their connection. */
static const struct {
  const gchar *says[3];
  guint n_asked;
  gboolean enters;
} chains[] = {
  { { "accept", "accept", "accept" }, 3, TRUE },
  { { "accept", "reject", "accept" }, 2, FALSE },
  { { "reject", "accept", "accept" }, 1, FALSE },
  { { "accept", "accept", "reject" }, 3, FALSE },
};

typedef struct {
  const gchar *says;
  guint *n_asked;
} ChainedHandler;

static gint
on_publish_chained (
    GstElement *src, GstStructure *request, ChainedHandler *handler)
{
  g_autoptr (GEnumClass) type =
      g_type_class_ref (g_type_from_name ("PenstockRtmpVerdict"));

  (*handler->n_asked)++;
  return g_enum_get_value_by_nick (type, handler->says)->value;
}

GST_START_TEST (first_handler_that_does_not_accept_decides)
{
  ChainedHandler handlers[G_N_ELEMENTS (chains[0].says)];
  guint n_asked = 0;
  Fixture f;

  fixture_init (&f, "live/test");
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++) {
    handlers[i] = (ChainedHandler){ chains[__i__].says[i], &n_asked };
    g_signal_connect (
        f.src, "publish", G_CALLBACK (on_publish_chained), &handlers[i]);
  }
  RtmpPeer *peer = rtmp_peer_new (fixture_play (&f), "live", "test");
  fail_unless_equals_int (rtmp_peer_next (peer),
      chains[__i__].enters ? PENSTOCK_RTMP_EVENT_STARTED
                           : PENSTOCK_RTMP_EVENT_REFUSED);
  rtmp_peer_free (peer);
  fixture_clear (&f);
  fail_unless_equals_int (n_asked, chains[__i__].n_asked);
}
GST_END_TEST;

static void
on_metadata (GstElement *src, GVariant *metadata, GAsyncQueue *told)
{
  gdouble width = 0;
  gboolean stereo = FALSE;
  const gchar *encoder = "-";

  g_variant_lookup (metadata, "width", "d", &width);
  g_variant_lookup (metadata, "stereo", "b", &stereo);
  g_variant_lookup (metadata, "encoder", "&s", &encoder);
  g_async_queue_push (told,
      g_strdup_printf ("metadata %g %d %s of %" G_GSIZE_FORMAT, width, stereo,
          encoder, g_variant_n_children (metadata)));
}

static void
on_stop (
    GstElement *src, const gchar *end, const gchar *reason, GAsyncQueue *told)
{
  fail_unless (reason != NULL && *reason);
  g_async_queue_push (told, g_strdup_printf ("stop %s", end));
}

static void
assert_told (GAsyncQueue *told, const gchar *expected)
{
  g_autofree gchar *got = g_async_queue_timeout_pop (told, WAIT);

  fail_unless_equals_string (got, expected);
}

/* onMetaData with an entry twice, one that is nested, and bytes that are no
 * text. */
static void
send_metadata (RtmpPeer *peer)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  penstock_amf0_write_string (bytes, "@setDataFrame");
  penstock_amf0_write_string (bytes, "onMetaData");
  penstock_amf0_begin_map (bytes, 5);
  penstock_amf0_write_name (bytes, "width");
  penstock_amf0_write_number (bytes, 1);
  penstock_amf0_write_name (bytes, "width");
  penstock_amf0_write_number (bytes, 320);
  penstock_amf0_write_name (bytes, "stereo");
  penstock_amf0_write_boolean (bytes, TRUE);
  penstock_amf0_write_name (bytes, "encoder");
  penstock_amf0_write_string (bytes, "x\xff\n");
  penstock_amf0_write_name (bytes, "nested");
  penstock_amf0_begin_object (bytes);
  penstock_amf0_end_object (bytes);
  penstock_amf0_end_object (bytes);
  penstock_rtmp_session_send (peer->session, DATA, 0, bytes->data, bytes->len);
  rtmp_peer_flush (peer);
}

GST_START_TEST (application_is_told_metadata_and_the_end)
{
  g_autoptr (GAsyncQueue) told = g_async_queue_new_full (g_free);
  Fixture f;

  fixture_init (&f, "live/test");
  g_signal_connect (f.src, "metadata", G_CALLBACK (on_metadata), told);
  g_signal_connect (f.src, "stop", G_CALLBACK (on_stop), told);
  guint port = fixture_play (&f);
  RtmpPeer *peer = rtmp_peer_publish (port, "live", "test");
  send_metadata (peer);
  assert_told (told, "metadata 320 1 x?? of 3");
  rtmp_peer_free (peer);
  assert_told (told, "stop lost");

  peer = rtmp_peer_publish (port, "live", "test");
  /* No onMetaData: nothing is told. */
  send_hex (peer, DATA, 0, "0200046e616d65");
  send_metadata (peer);
  assert_told (told, "metadata 320 1 x?? of 3");
  say_goodbye (peer);
  assert_told (told, "stop goodbye");
  fixture_clear (&f);
  fail_unless (g_async_queue_try_pop (told) == NULL);
}
GST_END_TEST;

GST_START_TEST (location_is_read_back_without_secrets)
{
  g_autoptr (GstElement) src =
      gst_element_factory_make ("penstockrtmpsrc", NULL);
  g_autofree gchar *location = NULL;

  gst_object_ref_sink (src);
  g_object_set (
      src, "location", "rtmp://joe:pw@example.net/app/name?token=1", NULL);
  g_object_get (src, "location", &location, NULL);
  fail_unless_equals_string (location, "rtmp://example.net/app/name");
}
GST_END_TEST;

static const gchar *const bad_locations[] = { NULL, "", "live/test",
  "http://127.0.0.1/live", "rtmp://127.0.0.1:1935", "rtmp://127.0.0.1:1935/",
  "rtmp://127.0.0.1:99999/live/test", "rtmp://127.0.0.1:x/live/test" };

GST_START_TEST (bad_location_is_one_error)
{
  Fixture f;
  g_autoptr (GstMessage) error = NULL;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "location", bad_locations[__i__], NULL);
  fail_unless_equals_int (gst_element_set_state (f.pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_FAILURE);
  error = gst_bus_pop_filtered (f.bus, GST_MESSAGE_ERROR);
  fail_unless (error != NULL);
  fail_unless (gst_bus_pop_filtered (f.bus, GST_MESSAGE_ERROR) == NULL);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (latency_is_live_and_nothing)
{
  Fixture f;
  RtmpPeer *publisher;
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  g_autoptr (GstPad) pad = NULL;
  GstClockTime min = 1, max = 0;
  gboolean live = FALSE;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  pad = gst_element_get_static_pad (f.src, "video_0");
  fail_unless (gst_pad_query (pad, query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  assert_equals_uint64 (min, 0);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (statistics_count_what_happened)
{
  Fixture f;
  RtmpPeer *publisher;
  g_autoptr (GstStructure) stats = NULL;
  guint64 frames = 0, keyframes = 0, malformed = 0;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "eos-on-unpublish", FALSE, NULL);
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  /* A length beyond the end, then frames until the next keyframe are lost. */
  send_hex (publisher, VIDEO, 40,
      "2701000000"
      "000000ff419a");
  send_nal (publisher, 80, 0, FALSE, P_SLICE);
  send_nal (publisher, 120, 0, TRUE, IDR);
  say_goodbye (publisher);
  expect_publication (&f, "started");
  expect_publication (&f, "ended");
  g_object_get (f.src, "stats", &stats, NULL);
  gst_structure_get (stats, "video-frames", G_TYPE_UINT64, &frames, "keyframes",
      G_TYPE_UINT64, &keyframes, "malformed", G_TYPE_UINT64, &malformed, NULL);
  assert_equals_uint64 (frames, 2);
  assert_equals_uint64 (keyframes, 2);
  assert_equals_uint64 (malformed, 1);
  fixture_clear (&f);
}
GST_END_TEST;

/* The client: nobody listens on a port that was just free. */
GST_START_TEST (unreachable_server_is_an_error)
{
  Fixture f;
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree gchar *location =
      g_strdup_printf ("rtmp://joe:pw@127.0.0.1:%u/live/test", port);

  g_socket_listener_close (listener);
  fixture_init (&f, "live/test");
  gst_util_set_object_arg (G_OBJECT (f.src), "role", "client");
  g_object_set (f.src, "location", location, NULL);
  gst_element_set_state (f.pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (f.bus, WAIT * GST_USECOND, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;
  gst_message_parse_error (message, &error, &debug);
  fail_if (strstr (error->message, "pw") != NULL);
  fixture_clear (&f);
}
GST_END_TEST;

static Suite *
rtmp_src_suite (void)
{
  Suite *s = suite_create ("rtmp-src");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, goodbye_ends_the_stream);
  tcase_add_test (tc, lost_publisher_comes_back_to_the_same_pads);
  tcase_add_test (tc, publication_is_over_when_nobody_comes_back);
  tcase_add_test (tc, publication_without_media_is_no_end);
  tcase_add_test (tc, two_elements_share_a_port);
  tcase_add_loop_test (tc,
      element_on_a_port_that_exists_tells_it_and_what_it_ignores, 0,
      G_N_ELEMENTS (shared_rows));
  tcase_add_test (tc, same_path_twice_is_an_error);
  tcase_add_test (tc, element_goes_down_and_up_again);
  tcase_add_test (tc, pause_and_resume_waits_for_a_keyframe);
  tcase_add_test (tc, application_ends_the_stream);
  tcase_add_test (tc, publish_key_is_asked_for_and_never_told);
  tcase_add_loop_test (
      tc, application_decides_who_publishes, 0, G_N_ELEMENTS (verdicts));
  tcase_add_loop_test (
      tc, first_handler_that_does_not_accept_decides, 0, G_N_ELEMENTS (chains));
  tcase_add_test (tc, application_is_told_metadata_and_the_end);
  tcase_add_test (tc, location_is_read_back_without_secrets);
  tcase_add_loop_test (
      tc, bad_location_is_one_error, 0, G_N_ELEMENTS (bad_locations));
  tcase_add_test (tc, latency_is_live_and_nothing);
  tcase_add_test (tc, statistics_count_what_happened);
  tcase_add_test (tc, unreachable_server_is_an_error);
  return s;
}

GST_CHECK_MAIN (rtmp_src);
