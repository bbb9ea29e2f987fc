/* SPDX-License-Identifier: MIT
 *
 * The RTSP server with real sockets: what requests are answered, and what the
 * server says of itself. */

#include <string.h>
#include <sys/socket.h>

#include "penstock-error.h"
#include "rtsp-fixture.h"

/* --- describing ------------------------------------------------------------ */

GST_START_TEST (unknown_mount_is_not_found)
{
  Fixture f;

  fixture_init (&f, "notfound");
  g_autofree gchar *other = describe_status (&f, "other");
  ck_assert_status (other, 404);
  g_autofree gchar *below = describe_status (&f, "notfound/below");
  ck_assert_status (below, 404);
  g_autofree gchar *root = describe_status (&f, "");
  ck_assert_status (root, 404);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (channel_without_tracks_is_unavailable_and_says_when_to_retry)
{
  Fixture f;

  fixture_init (&f, "empty");
  g_autofree gchar *answer = describe_status (&f, "empty");
  ck_assert_status (answer, 503);
  g_autofree gchar *retry = header_of (answer, "Retry-After");
  ck_assert_str_eq (retry, "1");
  g_autofree gchar *server = header_of (answer, "Server");
  ck_assert_str_eq (server, "Penstock");
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (describe_tells_both_tracks_at_once)
{
  Fixture f;

  fixture_init (&f, "describe");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, 1);
  g_autofree gchar *answer = describe_status (&f, "describe?x=1");
  ck_assert_status (answer, 200);
  ck_assert_msg (strstr (answer, "H264/90000") != NULL, "%s", answer);
  ck_assert_msg (
      strstr (answer, "sprop-parameter-sets=") != NULL, "%s", answer);
  ck_assert_msg (
      strstr (answer, "MPEG4-GENERIC/48000/2") != NULL, "%s", answer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* A track that is announced and silent must not hold up the others. */
GST_START_TEST (silent_track_does_not_hold_up_describe)
{
  Fixture f;

  fixture_init (&f, "silent");
  g_autoptr (GstCaps) caps =
      gst_caps_from_string ("audio/x-mulaw, rate=(int)8000, channels=(int)1");
  PenstockTrack track = { 16, PENSTOCK_TRACK_AUDIO, caps };
  penstock_channel_set_layout (f.channel, &track, 1, TRUE);
  penstock_channel_set_state (f.channel, PENSTOCK_CHANNEL_ONLINE);

  gint64 start = g_get_monotonic_time ();
  g_autofree gchar *answer = describe_status (&f, "silent");
  ck_assert_status (answer, 200);
  ck_assert_msg (strstr (answer, "m=audio 0 RTP/AVP 0") != NULL, "%s", answer);
  fail_unless (g_get_monotonic_time () - start < 2 * G_USEC_PER_SEC);
  fixture_clear (&f);
}
GST_END_TEST

/* --- other requests -------------------------------------------------------- */

GST_START_TEST (publishing_methods_are_refused)
{
  static const gchar *const methods[] = { "ANNOUNCE", "RECORD" };
  Fixture f;

  fixture_init (&f, "methods");
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++) {
    Plain p;
    plain_open (&p, &f, "methods");
    g_autofree gchar *answer =
        plain_request (&p, methods[i], "", "Content-Type: application/sdp\r\n");
    ck_assert_msg (answer && strstr (answer, "RTSP/1.0 4") == answer, "%s",
        answer ? answer : "(closed)");
    plain_close (&p);
  }
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (setup_without_tracks_and_without_describe_is_refused)
{
  Fixture f;
  Plain p;

  fixture_init (&f, "blind");
  plain_open (&p, &f, "blind");
  g_autofree gchar *answer =
      plain_request (&p, "SETUP", "/stream=0", TCP_SETUP);
  /* The library's word for a path without media. */
  ck_assert_status (answer, 400);
  plain_close (&p);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (odd_play_requests_play_from_now_at_normal_speed)
{
  static const gchar *const headers[] = {
    "Scale: 2.0\r\n",
    "Scale: 0\r\n",
    "Scale: -1\r\n",
    "Scale: nan\r\n",
    "Speed: 0.5\r\n",
    "Speed: 1e308\r\n",
    "Speed: 0\r\n",
    "Range: npt=100-\r\n",
    "Range: npt=5-1\r\n",
    "Range: clock=19961108T143720.25Z-\r\n",
    "Range: smpte=10:07:00-10:07:33:05.01\r\n",
    "Range: garbage\r\n",
    "Rate-Control: no\r\nFrames: intra/1000\r\n",
    "Scale: 1000000\r\nSpeed: -3\r\nRange: npt=now-\r\n",
    "Range: npt=now-\r\nSeek-Style: RAP\r\n",
  };
  Fixture f;

  fixture_init (&f, "play");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    Plain p;
    plain_open (&p, &f, "play");
    g_autofree gchar *setup =
        plain_request (&p, "SETUP", "/stream=0", TCP_SETUP);
    ck_assert_status (setup, 200);
    g_autofree gchar *session = session_of (setup);
    fail_unless_equals_int (strlen (session), 32);
    g_autofree gchar *play_headers =
        g_strdup_printf ("Session: %s\r\n%s", session, headers[i]);
    g_autofree gchar *play = plain_request (&p, "PLAY", "", play_headers);
    /* What is not even a number or a range may be refused, not more. */
    ck_assert_msg (play &&
            (g_str_has_prefix (play, "RTSP/1.0 200") ||
                g_str_has_prefix (play, "RTSP/1.0 400")),
        "%s: %s", headers[i], play ? play : "(closed)");
    if (!strstr (headers[i], "0\r\n") && !strstr (headers[i], "nan") &&
        !strstr (headers[i], "garbage"))
      ck_assert_status (play, 200);
    plain_close (&p);
  }
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (one_track_can_be_set_up_alone)
{
  Fixture f;
  Plain p;

  fixture_init (&f, "single");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10) AUDIO);
  wait_channel (&f, 2, 5);
  plain_open (&p, &f, "single");
  g_autofree gchar *setup = plain_request (&p, "SETUP", "/stream=1", TCP_SETUP);
  ck_assert_status (setup, 200);
  g_autofree gchar *session = session_of (setup);
  g_autofree gchar *headers = g_strdup_printf ("Session: %s\r\n", session);
  g_autofree gchar *play = plain_request (&p, "PLAY", "", headers);
  ck_assert_status (play, 200);
  g_autofree gchar *info = header_of (play, "RTP-Info");
  ck_assert_msg (info && strstr (info, "stream=1;seq="), "%s", play);
  /* Somebody who wants both gets both. */
  Viewer *viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 20, 20);
  viewer_free (viewer);
  g_autofree gchar *option = plain_request (&p, "OPTIONS", "", headers);
  ck_assert_status (option, 200);
  g_autofree gchar *bye = plain_request (&p, "TEARDOWN", "", headers);
  ck_assert_status (bye, 200);
  plain_close (&p);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (pause_and_play_again_works)
{
  Fixture f;
  Plain p;

  fixture_init (&f, "pause");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  plain_open (&p, &f, "pause");
  g_autofree gchar *setup = plain_request (&p, "SETUP", "/stream=0", TCP_SETUP);
  g_autofree gchar *session = session_of (setup);
  g_autofree gchar *headers = g_strdup_printf ("Session: %s\r\n", session);
  for (guint i = 0; i < 5; i++) {
    g_autofree gchar *play = plain_request (&p, "PLAY", "", headers);
    ck_assert_status (play, 200);
    g_autofree gchar *pause = plain_request (&p, "PAUSE", "", headers);
    ck_assert_status (pause, 200);
  }
  plain_close (&p);
  fail_unless (wait_for (no_readers, &f));
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (garbage_on_the_port_hurts_nobody)
{
  static const gchar *const garbage[] = {
    "\r\n\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "DESCRIBE\r\n\r\n",
    "DESCRIBE rtsp://x RTSP/9.9\r\nCSeq: 1\r\n\r\n",
    "DESCRIBE rtsp://[::1 RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    ("SETUP rtsp://x/garbage/stream=99 RTSP/1.0\r\nCSeq: 1\r\n"
     "Transport: RTP/AVP;unicast;client_port=1-2\r\n\r\n"),
    "PLAY rtsp://x/garbage RTSP/1.0\r\nCSeq: 1\r\nSession: nope\r\n\r\n",
    "OPTIONS * RTSP/1.0\r\nContent-Length: 4294967295\r\nCSeq: 1\r\n\r\n",
    "OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\nCSeq: 1\r\n\r\n",
    "$\x01\xff\xff garbage",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  };
  Fixture f;

  fixture_init (&f, "garbage");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  Viewer *viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 5, 0);
  for (guint i = 0; i < G_N_ELEMENTS (garbage); i++) {
    Plain p;
    plain_open (&p, &f, "garbage");
    g_output_stream_write_all (
        g_io_stream_get_output_stream (G_IO_STREAM (p.connection)), garbage[i],
        strlen (garbage[i]), NULL, NULL, NULL);
    shutdown (g_socket_get_fd (g_socket_connection_get_socket (p.connection)),
        SHUT_WR);
    gchar drain[256];
    while (g_input_stream_read (
               G_INPUT_STREAM (p.in), drain, sizeof (drain), NULL, NULL) > 0)
      ;
    plain_close (&p);
  }
  gint before = g_atomic_int_get (&viewer->n_video);
  wait_viewer (viewer, before + 10, 0);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* --- the server ------------------------------------------------------------ */

GST_START_TEST (port_in_use_is_named)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  fixture_init (&f, "port");
  guint16 port = penstock_rtsp_server_get_port (f.server);
  PenstockListenAddress listen = { TRUE, (gchar *) "127.0.0.1", port };
  g_autoptr (PenstockRtspServer) second =
      penstock_rtsp_server_new (&listen, f.clock, f.base_time);
  fail_if (penstock_rtsp_server_start (second, &error));
  fail_unless (
      g_error_matches (error, PENSTOCK_ERROR, PENSTOCK_ERROR_ADDRESS_IN_USE));
  g_autofree gchar *where = g_strdup_printf ("127.0.0.1:%u", port);
  ck_assert_msg (strstr (error->message, where) != NULL, "%s", error->message);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (any_address_serves_both_families)
{
  static const gchar *const hosts[] = { "127.0.0.1", "::1" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  PenstockListenAddress listen = { TRUE, (gchar *) "::", 0 };
  g_autoptr (PenstockRtspServer) server =
      penstock_rtsp_server_new (&listen, clock, 0);

  ck_assert_msg (penstock_rtsp_server_start (server, &error), "%s",
      error ? error->message : "");
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
    g_autoptr (GSocketClient) client = g_socket_client_new ();
    g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (
        client, hosts[i], penstock_rtsp_server_get_port (server), NULL, &error);
    if (i == 1 && !connection) /* a host without IPv6 */
      g_clear_error (&error);
    g_assert_no_error (error);
  }
  penstock_rtsp_server_stop (server);
}
GST_END_TEST

GST_START_TEST (status_lists_viewers)
{
  Fixture f;

  fixture_init (&f, "status");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  Viewer *viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 2, 0);
  g_autoptr (JsonNode) root = fixture_status (&f);
  JsonObject *object = json_node_get_object (root);
  ck_assert_str_eq (
      json_object_get_string_member (object, "url-path"), "/status");
  fail_unless_equals_int (json_object_get_int_member (object, "readers"), 1);
  JsonArray *sessions = json_object_get_array_member (object, "sessions");
  JsonObject *session = json_array_get_object_element (sessions, 0);
  fail_unless (g_str_has_prefix (
      json_object_get_string_member (session, "peer"), "127.0.0.1:"));
  fail_unless (g_str_has_prefix (
      json_object_get_string_member (session, "agent"), "GStreamer"));
  ck_assert_str_eq (
      json_object_get_string_member (session, "transport"), "tcp");
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

static Suite *
rtsp_suite (void)
{
  Suite *s = suite_create ("rtsp");
  TCase *tc = tcase_create ("rtsp");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, unknown_mount_is_not_found);
  tcase_add_test (
      tc, channel_without_tracks_is_unavailable_and_says_when_to_retry);
  tcase_add_test (tc, describe_tells_both_tracks_at_once);
  tcase_add_test (tc, silent_track_does_not_hold_up_describe);
  tcase_add_test (tc, publishing_methods_are_refused);
  tcase_add_test (tc, setup_without_tracks_and_without_describe_is_refused);
  tcase_add_test (tc, odd_play_requests_play_from_now_at_normal_speed);
  tcase_add_test (tc, one_track_can_be_set_up_alone);
  tcase_add_test (tc, pause_and_play_again_works);
  tcase_add_test (tc, garbage_on_the_port_hurts_nobody);
  tcase_add_test (tc, port_in_use_is_named);
  tcase_add_test (tc, any_address_serves_both_families);
  tcase_add_test (tc, status_lists_viewers);
  return s;
}

GST_CHECK_MAIN (rtsp);
