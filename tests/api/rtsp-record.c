/* SPDX-License-Identifier: MIT
 *
 * RTSP publishers of GStreamer and by hand at a whole gateway in this process:
 * what becomes of their streams, and that nothing is left of them. Those of
 * GStreamer have processes of their own: rtspclientsink goes on with sockets
 * that it has closed when a gateway closes the connection, and what is fatal
 * here is to be the gateway's. */

#include <gst/check/gstcheck.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <json-glib/json-glib.h>
#include <penstock.h>
#include <signal.h>
#include <string.h>

#include "../support/wait.h"
#include "channel/channel.h"

#define MAP                                                                    \
  "{ \"listen\": { \"rtsp\": \"127.0.0.1:0\" }, \"routes\": { \"stage\": "     \
  "{ \"input\": \"publish\", \"outputs\": [\"rtsp\"], "                        \
  "\"publisher-policy\": \"takeover\", \"publisher-grace-ms\": 60000 } } }"
#define TEMPLATE_MAP                                                           \
  "{ \"listen\": { \"rtsp\": \"127.0.0.1:0\" }, \"routes\": { \"*\": "         \
  "{ \"input\": \"publish\", \"outputs\": [\"rtsp\"] } } }"
#define VIDEO                                                                  \
  "videotestsrc is-live=true ! "                                               \
  "video/x-raw,format=I420,width=160,height=120,framerate=25/1 ! "             \
  "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! "          \
  "h264parse ! s. "
#define AUDIO                                                                  \
  "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! "  \
  "s. "

static const gchar *const protocols[] = { "tcp", "udp" };

/* --- a gateway ------------------------------------------------------------------ */

typedef struct {
  PenstockServer *server;
  PenstockChannel *channel;
  gboolean stopped;
} Fixture;

static void
server_stopped (PenstockServer *server, gpointer user_data)
{
  ((Fixture *) user_data)->stopped = TRUE;
}

static void
fixture_init (Fixture *f, const gchar *map)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PenstockConfig) config =
      penstock_config_new_from_string (map, NULL, &error);

  g_assert_no_error (error);
  *f = (Fixture){ .server = penstock_server_new (config),
    .channel = penstock_channel_get ("stage") };
  g_signal_connect (f->server, "stopped", G_CALLBACK (server_stopped), f);
  fail_unless (penstock_server_start (f->server, &error));
  g_assert_no_error (error);
}

static void
fixture_clear (Fixture *f)
{
  penstock_server_stop (f->server);
  WAIT_FOR (f->stopped);
  g_object_unref (f->server);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  /* Threads of requests let go of their last objects a moment later. */
  gst_rtsp_thread_pool_cleanup ();
  g_object_unref (f->channel);
}

static gboolean
is_online (Fixture *f)
{
  return penstock_channel_get_state (f->channel) == PENSTOCK_CHANNEL_ONLINE;
}

static guint64
units (Fixture *f, guint *n_tracks)
{
  PenstockChannelStats stats;
  guint64 n = 0;

  penstock_channel_get_stats (f->channel, &stats);
  *n_tracks = stats.n_tracks;
  for (guint i = 0; i < stats.n_tracks; i++)
    n += stats.tracks[i].access_units;
  return n;
}

/* Of the input of the only route: "publisher/protocol", "reason". */
static gchar *
input_member (Fixture *f, const gchar *path)
{
  g_autofree gchar *text = penstock_server_get_status (f->server);
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  JsonArray *routes =
      json_object_get_array_member (json_node_get_object (root), "routes");
  JsonObject *object = json_object_get_object_member (
      json_array_get_object_element (routes, 0), "input");

  for (guint i = 0; names[i + 1]; i++) {
    if (!json_object_has_member (object, names[i]))
      return NULL;
    object = json_object_get_object_member (object, names[i]);
  }
  return g_strdup (json_object_get_string_member_with_default (
      object, names[g_strv_length (names) - 1], NULL));
}

/* --- publishers of GStreamer ----------------------------------------------------- */

/* What finds our mistakes finds those of others, too; and our plugin, with
 * sanitizers in it, cannot be looked at by a program without. */
static const gchar *const our_variables[] = { "G_DEBUG", "GST_DEBUG",
  "GST_PLUGIN_PATH_1_0", "GST_REGISTRY", "GST_REGISTRY_FORK", "GST_TRACERS",
  "LD_LIBRARY_PATH", "LD_PRELOAD" };

static GSubprocess *
publish (Fixture *f, const gchar *protocol, const gchar *streams)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree gchar *line =
      g_strdup_printf ("gst-launch-1.0 -q rtspclientsink name=s protocols=%s "
                       "location=rtsp://127.0.0.1:%u/stage %s",
          protocol, penstock_server_get_port (f->server, "rtsp"), streams);
  g_auto (GStrv) words = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (our_variables); i++)
    g_subprocess_launcher_unsetenv (launcher, our_variables[i]);
  g_shell_parse_argv (line, NULL, &words, &error);
  g_assert_no_error (error);
  GSubprocess *publisher = g_subprocess_launcher_spawnv (
      launcher, (const gchar *const *) words, &error);
  g_assert_no_error (error);
  return publisher;
}

static void
publisher_ended (GObject *publisher, GAsyncResult *result, gpointer user_data)
{
  fail_unless (
      g_subprocess_wait_finish (G_SUBPROCESS (publisher), result, NULL));
  *(gboolean *) user_data = TRUE;
}

/* Its goodbye waits for the gateway, whose loop is ours. */
static void
stop_publishing (GSubprocess *publisher)
{
  gboolean ended = FALSE;

  g_subprocess_send_signal (publisher, SIGINT);
  g_subprocess_wait_async (publisher, NULL, publisher_ended, &ended);
  WAIT_FOR (ended);
  g_object_unref (publisher);
}

/* One more publication that delivers. */
static void
wait_for_media (Fixture *f, guint n_tracks)
{
  guint64 before, now;
  guint n;

  WAIT_FOR (is_online (f) && (units (f, &n), n == n_tracks));
  before = units (f, &n);
  WAIT_FOR ((now = units (f, &n)) > before + 20);
  assert_equals_int (n, n_tracks);
}

/* --- tests ------------------------------------------------------------------------ */

GST_START_TEST (publisher_comes_and_goes)
{
  Fixture f;

  fixture_init (&f, __i__ < 2 ? MAP : TEMPLATE_MAP);
  for (gint round = 0; round < 2 - __i__ / 2; round++) {
    GSubprocess *publisher = publish (&f, protocols[__i__ % 2], VIDEO AUDIO);
    wait_for_media (&f, 2);
    g_autofree gchar *protocol = input_member (&f, "publisher/protocol");
    g_autofree gchar *encoder = input_member (&f, "publisher/encoder");
    assert_equals_string (protocol, "RTSP");
    fail_unless (g_str_has_prefix (encoder, "GStreamer"));
    stop_publishing (publisher);
    WAIT_FOR (!is_online (&f));
    assert_equals_int (
        penstock_channel_get_state (f.channel), PENSTOCK_CHANNEL_OFFLINE);
    g_autofree gchar *nobody = input_member (&f, "publisher/protocol");
    fail_unless (nobody == NULL);
  }
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (publisher_is_taken_over_in_full_flow)
{
  Fixture f;

  fixture_init (&f, MAP);
  GSubprocess *publisher = publish (&f, protocols[__i__], VIDEO AUDIO);
  wait_for_media (&f, 2);
  for (guint i = 0; i < 3; i++) {
    g_autofree gchar *before = input_member (&f, "publisher/peer");
    GSubprocess *next =
        publish (&f, protocols[(__i__ + i) % 2], i % 2 ? VIDEO AUDIO : VIDEO);
    g_autofree gchar *peer = NULL;
    WAIT_FOR ((g_free (peer), peer = input_member (&f, "publisher/peer")) &&
        !g_str_equal (peer, before));
    wait_for_media (&f, i % 2 ? 2 : 1);
    stop_publishing (publisher);
    publisher = next;
  }
  stop_publishing (publisher);
  WAIT_FOR (!is_online (&f));
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (gateway_stops_while_somebody_publishes)
{
  Fixture f;

  fixture_init (&f, MAP);
  GSubprocess *publisher = publish (&f, protocols[__i__], VIDEO AUDIO);
  wait_for_media (&f, 2);
  fixture_clear (&f);
  stop_publishing (publisher);
}
GST_END_TEST

/* --- by hand ------------------------------------------------------------------------ */

typedef struct {
  guint port;
  GByteArray *media; /* sent after RECORD */
  gint done;         /* atomic */
} Hand;

/* (transfer full): the answer. */
static gchar *
ask (GIOStream *stream, const gchar *request)
{
  g_autoptr (GString) answer = g_string_new (NULL);
  gchar c;

  g_output_stream_write_all (g_io_stream_get_output_stream (stream), request,
      strlen (request), NULL, NULL, NULL);
  while (!strstr (answer->str, "\r\n\r\n") &&
      g_input_stream_read (
          g_io_stream_get_input_stream (stream), &c, 1, NULL, NULL) == 1)
    g_string_append_c (answer, c);
  fail_unless (g_str_has_prefix (answer->str, "RTSP/1.0 200 "), "%s\n%s",
      request, answer->str);
  return g_string_free (g_steal_pointer (&answer), FALSE);
}

static void
announce (GIOStream *stream, const gchar *url)
{
  static const gchar sdp[] =
      "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"
      "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:a\r\n"
      "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\n"
      "a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;"
      "config=1190\r\na=control:b\r\n";
  g_autofree gchar *request = g_strdup_printf (
      "ANNOUNCE %s RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\n"
      "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
      url, strlen (sdp), sdp);

  g_free (ask (stream, request));
}

/* (transfer full): the line with the session. */
static gchar *
set_up (GIOStream *stream, const gchar *url, guint number, const gchar *session)
{
  g_autofree gchar *request = g_strdup_printf (
      "SETUP %s/%c RTSP/1.0\r\nCSeq: %u\r\n%sTransport: "
      "RTP/AVP/TCP;unicast;interleaved=%u-%u;mode=record\r\n\r\n",
      url, 'a' + number, 2 + number, session, 2 * number, 2 * number + 1);
  g_autofree gchar *answer = ask (stream, request);
  const gchar *line = strstr (answer, "Session: ");

  fail_unless (line != NULL, "%s", answer);
  return g_strdup_printf ("%.*s\r\n", (gint) strcspn (line, ";\r"), line);
}

/* A publisher of H.264 and AAC, then whatever it has. */
static gpointer
publish_by_hand (gpointer user_data)
{
  Hand *hand = user_data;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (
      client, "127.0.0.1", hand->port, NULL, NULL);
  GIOStream *stream = G_IO_STREAM (connection);
  g_autofree gchar *url =
      g_strdup_printf ("rtsp://127.0.0.1:%u/stage", hand->port);

  announce (stream, url);
  g_autofree gchar *session = set_up (stream, url, 0, "");
  g_free (set_up (stream, url, 1, session));
  g_autofree gchar *record =
      g_strdup_printf ("RECORD %s RTSP/1.0\r\nCSeq: 4\r\n%s\r\n", url, session);
  g_free (ask (stream, record));
  g_output_stream_write_all (g_io_stream_get_output_stream (stream),
      hand->media->data, hand->media->len, NULL, NULL, NULL);
  g_atomic_int_set (&hand->done, TRUE);
  return NULL;
}

/* What never was RTP, RTCP, H.264 or AAC, in all channels, in packets that
 * begin well and in such that do not. */
static void
add_garbage (GByteArray *media, GRand *rand)
{
  guint8 packet[4 + 1500];
  guint size = 4 + (guint) g_rand_int_range (rand, 0, 200);
  guint channel = (guint) g_rand_int_range (rand, 0, 5);

  for (guint i = 4; i < size; i++)
    packet[i] = (guint8) g_rand_int (rand);
  if (size >= 16 && g_rand_boolean (rand)) {
    static const guint8 types[] = { 96, 200, 97, 201, 96 };
    packet[4] = 0x80 | (g_rand_int (rand) & (channel % 2 ? 0x1f : 0));
    packet[5] = types[channel];
    memset (packet + 12, 7, 4); /* one SSRC */
    packet[6] = channel % 2 ? (size / 4 - 2) >> 8 : media->len / 50000;
    packet[7] = channel % 2 ? (size / 4 - 2) : media->len / 200;
  }
  packet[0] = '$';
  packet[1] = channel;
  packet[2] = (size - 4) >> 8;
  packet[3] = size - 4;
  g_byte_array_append (media, packet, size);
}

GST_START_TEST (garbage_of_a_publisher_hurts_nobody)
{
  Fixture f;
  Hand hand = { 0 };
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) __i__);

  fixture_init (&f, MAP);
  hand.port = penstock_server_get_port (f.server, "rtsp");
  hand.media = g_byte_array_new ();
  for (guint i = 0; i < 3000; i++)
    add_garbage (hand.media, rand);
  GThread *thread = g_thread_new ("hand", publish_by_hand, &hand);
  WAIT_FOR (g_atomic_int_get (&hand.done));
  g_thread_join (thread);
  g_byte_array_unref (hand.media);
  /* It is gone, and others come in. */
  GSubprocess *publisher = publish (&f, "tcp", VIDEO AUDIO);
  wait_for_media (&f, 2);
  stop_publishing (publisher);
  WAIT_FOR (!is_online (&f));
  fixture_clear (&f);
}
GST_END_TEST

static Suite *
rtsp_record_suite (void)
{
  Suite *suite = suite_create ("rtsp-record");
  TCase *tc = tcase_create ("rtsp-record");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_loop_test (tc, publisher_comes_and_goes, 0, 4);
  tcase_add_loop_test (tc, publisher_is_taken_over_in_full_flow, 0, 2);
  tcase_add_loop_test (tc, gateway_stops_while_somebody_publishes, 0, 2);
  tcase_add_loop_test (tc, garbage_of_a_publisher_hurts_nobody, 0, 4);
  return suite;
}

GST_CHECK_MAIN (rtsp_record);
