/* SPDX-License-Identifier: MIT
 *
 * RTSP publishers of GStreamer and by hand at a whole gateway in this process:
 * what becomes of their streams, and that nothing is left of them. */

#include <gst/check/gstcheck.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <json-glib/json-glib.h>
#include <penstock.h>
#include <string.h>

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

static gboolean
is_known (const gchar *domain, GLogLevelFlags level, const gchar *message,
    gpointer user_data)
{
  return TRUE;
}

/* The library of publishers uses a socket that it has just closed, when the
 * gateway closes the connection. */
static void
pass_critical_of_publishers (void)
{
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  gst_check_add_log_filter ("GLib-GIO", G_LOG_LEVEL_CRITICAL,
      g_regex_new ("g_socket_[gs]et_timeout: .*G_IS_SOCKET", 0, 0, NULL),
      is_known, NULL, NULL);
}

static void
fixture_init (Fixture *f, const gchar *map)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PenstockConfig) config =
      penstock_config_new_from_string (map, NULL, &error);

  g_assert_no_error (error);
  pass_critical_of_publishers ();
  *f = (Fixture){ .server = penstock_server_new (config),
    .channel = penstock_channel_get ("stage") };
  g_signal_connect (f->server, "stopped", G_CALLBACK (server_stopped), f);
  fail_unless (penstock_server_start (f->server, &error));
  g_assert_no_error (error);
}

static gboolean
keep_going (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* The gateway's loop runs until @condition; media threads do not tell it. The
 * test's time limit ends it. */
#define WAIT_FOR(condition)                                                    \
  G_STMT_START                                                                 \
  {                                                                            \
    guint wake = g_timeout_add (20, keep_going, NULL);                         \
    while (!(condition))                                                       \
      g_main_context_iteration (NULL, TRUE);                                   \
    g_source_remove (wake);                                                    \
  }                                                                            \
  G_STMT_END

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

/* --- a publisher ---------------------------------------------------------------- */

static GstElement *
publish (Fixture *f, const gchar *protocol, const gchar *streams)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text =
      g_strdup_printf ("rtspclientsink name=s protocols=%s "
                       "location=rtsp://127.0.0.1:%u/stage %s",
          protocol, penstock_server_get_port (f->server, "rtsp"), streams);
  GstElement *pipeline = gst_parse_launch (text, &error);

  g_assert_no_error (error);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return pipeline;
}

typedef struct {
  GstElement *pipeline;
  gint done; /* atomic */
} Goodbye;

static gpointer
say_goodbye (gpointer user_data)
{
  Goodbye *goodbye = user_data;

  gst_element_set_state (goodbye->pipeline, GST_STATE_NULL);
  gst_object_unref (goodbye->pipeline);
  g_atomic_int_set (&goodbye->done, TRUE);
  return NULL;
}

/* Its goodbye waits for the gateway, whose loop is ours. */
static void
stop_publishing (GstElement *pipeline)
{
  Goodbye goodbye = { pipeline };
  GThread *thread = g_thread_new ("publisher", say_goodbye, &goodbye);

  WAIT_FOR (g_atomic_int_get (&goodbye.done));
  g_thread_join (thread);
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
  for (guint round = 0; round < 2; round++) {
    GstElement *publisher = publish (&f, protocols[__i__ % 2], VIDEO AUDIO);
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
  GstElement *publisher = publish (&f, protocols[__i__], VIDEO AUDIO);
  wait_for_media (&f, 2);
  for (guint i = 0; i < 4; i++) {
    g_autofree gchar *before = input_member (&f, "publisher/peer");
    GstElement *next =
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
  GstElement *publisher = publish (&f, protocols[__i__], VIDEO AUDIO);
  wait_for_media (&f, 2);
  fixture_clear (&f);
  stop_publishing (publisher);
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
  return suite;
}

GST_CHECK_MAIN (rtsp_record);
