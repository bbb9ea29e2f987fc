/* SPDX-License-Identifier: MIT
 *
 * The RTSP server with real sockets: a channel fed by a pipeline, viewers by
 * rtspsrc, ffmpeg and plain sockets. The test's main context is the control
 * context; everything is awaited there by condition. */

#include <gio/gio.h>
#include <gst/app/app.h>
#include <gst/check/gstcheck.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/channel.h"
#include "log.h"
#include "media.h"
#include "penstock-error.h"
#include "rtsp/rtsp-server.h"

#define WAIT_S 20

/* --- waiting --------------------------------------------------------------- */

/* Runs the control context until @condition holds. Every change of state that
 * the tests wait for comes from another thread or process, so the context is
 * also woken every few milliseconds to look. */
typedef gboolean (*Condition) (gpointer data);

static gboolean
wake (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
wait_for (Condition condition, gpointer data)
{
  gint64 end = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;
  guint timer = g_timeout_add (5, wake, NULL);
  gboolean ok;

  while (!(ok = condition (data)) && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
  return ok;
}

/* --- the server --------------------------------------------------------------- */

typedef struct {
  GstClock *clock;
  GstClockTime base_time;
  PenstockRtspServer *server;
  PenstockChannel *channel;
  gchar *name; /* of the channel and the route */
} Fixture;

static void
fixture_init (Fixture *f, const gchar *name)
{
  g_autoptr (GError) error = NULL;
  PenstockListenAddress listen = { TRUE, (gchar *) "127.0.0.1", 0 };

  f->clock = gst_system_clock_obtain ();
  f->base_time = gst_clock_get_time (f->clock);
  f->name = g_strdup (name);
  f->channel = penstock_channel_get (name);
  f->server = penstock_rtsp_server_new (&listen, f->clock, f->base_time);
  ck_assert_msg (penstock_rtsp_server_start (f->server, &error), "%s",
      error ? error->message : "");
  penstock_rtsp_server_add_mount (f->server, name, f->channel);
}

static void
fixture_clear (Fixture *f)
{
  penstock_rtsp_server_stop (f->server);
  g_object_unref (f->server);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  /* Threads of requests let go of their last objects a moment later. */
  gst_rtsp_thread_pool_cleanup ();
  g_object_unref (f->channel);
  gst_object_unref (f->clock);
  g_free (f->name);
}

static gchar *
url_of (const Fixture *f, const gchar *path)
{
  return g_strdup_printf ("rtsp://127.0.0.1:%u/%s",
      penstock_rtsp_server_get_port (f->server), path);
}

/* --- publishers ------------------------------------------------------------------ */

#define VIDEO(width, height, gop)                                              \
  "videotestsrc is-live=true ! video/x-raw, format=I420, width=" #width        \
  ", height=" #height                                                          \
  ", framerate=25/1 ! x264enc tune=zerolatency speed-preset=ultrafast "        \
  "key-int-max=" #gop " ! h264parse ! sink. "
#define AUDIO                                                                  \
  "audiotestsrc is-live=true samplesperbuffer=1024 ! "                         \
  "audio/x-raw, rate=48000, channels=2 ! avenc_aac ! aacparse ! sink. "

static GstElement *
prepare (Fixture *f, const gchar *streams)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = g_strdup_printf (
      "penstockchannelsink name=sink channel=%s %s", f->name, streams);
  GstElement *pipeline =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);

  ck_assert_msg (pipeline != NULL, "%s", error ? error->message : "");
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), f->clock);
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline, f->base_time);
  return pipeline;
}

static GstElement *
publish (Fixture *f, const gchar *streams)
{
  GstElement *pipeline = prepare (f, streams);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return pipeline;
}

static void
unpublish (GstElement *pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

typedef struct {
  PenstockChannel *channel;
  guint n_tracks, n_access_units;
} ChannelHas;

static gboolean
channel_has (gpointer data)
{
  ChannelHas *want = data;
  PenstockChannelStats stats;

  penstock_channel_get_stats (want->channel, &stats);
  if (stats.n_tracks < want->n_tracks)
    return FALSE;
  for (guint i = 0; i < stats.n_tracks; i++)
    if (stats.tracks[i].access_units < want->n_access_units)
      return FALSE;
  return TRUE;
}

static void
wait_channel (Fixture *f, guint n_tracks, guint n_access_units)
{
  ChannelHas want = { f->channel, n_tracks, n_access_units };

  fail_unless (wait_for (channel_has, &want));
}

/* --- rtspsrc viewers ----------------------------------------------------------------- */

typedef struct {
  GstElement *pipeline;
  gint n_video, n_audio; /* atomic; buffers decoded or parsed */
  gint width, height;    /* atomic; of the last picture */
  gint first_is_key;     /* atomic; -1 before */
  gint ended;            /* atomic; EOS or error */
  gint discont;          /* atomic; gaps seen after the first buffer */
  GMutex lock;
  gchar *error;
  GstClockTime video_pts, audio_pts; /* first, running time */
} Viewer;

static GstPadProbeReturn
video_probe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Viewer *v = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  gint width = 0, height = 0;

  gst_structure_get_int (gst_caps_get_structure (caps, 0), "width", &width);
  gst_structure_get_int (gst_caps_get_structure (caps, 0), "height", &height);
  g_atomic_int_set (&v->width, width);
  g_atomic_int_set (&v->height, height);
  if (g_atomic_int_get (&v->first_is_key) < 0) {
    g_atomic_int_set (&v->first_is_key,
        !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT));
    v->video_pts = GST_BUFFER_PTS (buffer);
  } else if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)) {
    g_atomic_int_inc (&v->discont);
  }
  g_atomic_int_inc (&v->n_video);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
audio_probe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Viewer *v = data;

  if (g_atomic_int_add (&v->n_audio, 1) == 0)
    v->audio_pts = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static GstElement *
add (Viewer *v, const gchar *name)
{
  GstElement *element = gst_element_factory_make (name, NULL);

  ck_assert_msg (element != NULL, "no %s", name);
  gst_bin_add (GST_BIN (v->pipeline), element);
  return element;
}

static void
viewer_pad_added (GstElement *source, GstPad *pad, gpointer data)
{
  Viewer *v = data;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  const gchar *encoding = gst_structure_get_string (s, "encoding-name");
  gboolean video = g_str_equal (encoding, "H264");
  GstElement *depay = add (v,
      video                                ? "rtph264depay"
          : g_str_equal (encoding, "PCMU") ? "rtppcmudepay"
                                           : "rtpmp4gdepay");
  GstElement *parse = add (v, video ? "h264parse" : "identity");
  GstElement *sink = add (v, "fakesink");

  g_object_set (sink, "async", FALSE, "sync", FALSE, NULL);
  gst_element_link_many (depay, parse, sink, NULL);
  g_autoptr (GstPad) in = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (in, GST_PAD_PROBE_TYPE_BUFFER,
      video ? video_probe : audio_probe, v, NULL);
  gst_element_sync_state_with_parent (sink);
  gst_element_sync_state_with_parent (parse);
  gst_element_sync_state_with_parent (depay);
  g_autoptr (GstPad) depay_in = gst_element_get_static_pad (depay, "sink");
  gst_pad_link (pad, depay_in);
}

static GstBusSyncReply
viewer_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Viewer *v = data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *debug = NULL;
    gst_message_parse_error (message, &error, &debug);
    g_mutex_lock (&v->lock);
    if (!v->error) /* an answer's status is told by the second */
      v->error = g_strdup_printf ("%s (%s)", error->message, debug);
    g_mutex_unlock (&v->lock);
    g_atomic_int_set (&v->ended, TRUE);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    g_atomic_int_set (&v->ended, TRUE);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static Viewer *
viewer_new (const Fixture *f, const gchar *protocols, const gchar *query)
{
  Viewer *v = g_new0 (Viewer, 1);
  g_autofree gchar *path = g_strconcat (f->name, query, NULL);
  g_autofree gchar *url = url_of (f, path);

  g_mutex_init (&v->lock);
  v->first_is_key = -1;
  v->pipeline = gst_pipeline_new (NULL);
  GstElement *source = add (v, "rtspsrc");
  gst_util_set_object_arg (G_OBJECT (source), "protocols", protocols);
  g_object_set (source, "location", url, "latency", 100, NULL);
  g_signal_connect (source, "pad-added", G_CALLBACK (viewer_pad_added), v);
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (v->pipeline));
  gst_bus_set_sync_handler (bus, viewer_message, v, NULL);
  gst_element_set_state (v->pipeline, GST_STATE_PLAYING);
  return v;
}

static void
viewer_free (Viewer *v)
{
  gst_element_set_state (v->pipeline, GST_STATE_NULL);
  gst_object_unref (v->pipeline);
  g_mutex_clear (&v->lock);
  g_free (v->error);
  g_free (v);
}

typedef struct {
  Viewer *viewer;
  gint video, audio;
} Counts;

static gboolean
viewer_has (gpointer data)
{
  Counts *want = data;

  return g_atomic_int_get (&want->viewer->n_video) >= want->video &&
      g_atomic_int_get (&want->viewer->n_audio) >= want->audio;
}

static gboolean
viewer_ended (gpointer data)
{
  return g_atomic_int_get (&((Viewer *) data)->ended);
}

static void
wait_viewer (Viewer *v, gint video, gint audio)
{
  Counts want = { v, video, audio };

  ck_assert_msg (wait_for (viewer_has, &want),
      "got %d pictures, %d audio frames, error %s", v->n_video, v->n_audio,
      v->error ? v->error : "none");
}

static gboolean
no_viewers (gpointer data)
{
  Fixture *f = data;

  return penstock_rtsp_server_get_n_viewers (f->server, f->name) == 0;
}

static gboolean
no_readers (gpointer data)
{
  Fixture *f = data;
  PenstockChannelStats stats;

  penstock_channel_get_stats (f->channel, &stats);
  return stats.n_readers == 0;
}

/* --- plain requests -------------------------------------------------------------------- */

typedef struct {
  GSocketConnection *connection;
  GDataInputStream *in;
  guint cseq;
  gchar *url;
  guint8 first[4][12]; /* RTP header of the first packet of each channel */
  gboolean seen[4];
} Plain;

static void
plain_open (Plain *p, const Fixture *f, const gchar *path)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;

  *p = (Plain){ 0 };
  p->connection = g_socket_client_connect_to_host (client, "127.0.0.1",
      penstock_rtsp_server_get_port (f->server), NULL, &error);
  g_assert_no_error (error);
  /* The server accepts in this context; requests have their own threads. */
  g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_socket_set_timeout (g_socket_connection_get_socket (p->connection), WAIT_S);
  p->in = g_data_input_stream_new (
      g_io_stream_get_input_stream (G_IO_STREAM (p->connection)));
  g_filter_input_stream_set_close_base_stream (
      G_FILTER_INPUT_STREAM (p->in), FALSE);
  g_data_input_stream_set_newline_type (
      p->in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  p->url = url_of (f, path);
}

static void
plain_close (Plain *p)
{
  g_clear_object (&p->in);
  g_clear_object (&p->connection);
  g_free (p->url);
}

static void
read_interleaved (Plain *p)
{
  guint8 head[4];
  gsize n = 0;

  g_input_stream_read_all (
      G_INPUT_STREAM (p->in), head, sizeof (head), &n, NULL, NULL);
  ck_assert_msg (n == 4 && head[0] == '$', "no interleaved packet");
  gsize size = GST_READ_UINT16_BE (head + 2);
  g_autofree guint8 *packet = g_malloc0 (MAX (size, 12));
  g_input_stream_read_all (
      G_INPUT_STREAM (p->in), packet, size, NULL, NULL, NULL);
  fail_unless (head[1] < G_N_ELEMENTS (p->seen));
  if (!p->seen[head[1]])
    memcpy (p->first[head[1]], packet, 12);
  p->seen[head[1]] = TRUE;
}

/* Media may come before an answer. */
static void
skip_interleaved (Plain *p)
{
  GBufferedInputStream *in = G_BUFFERED_INPUT_STREAM (p->in);

  for (;;) {
    gsize n = 0;
    if (g_buffered_input_stream_get_available (in) == 0)
      g_buffered_input_stream_fill (in, -1, NULL, NULL);
    const guint8 *data = g_buffered_input_stream_peek_buffer (in, &n);
    if (n == 0 || data[0] != '$')
      return;
    read_interleaved (p);
  }
}

/* Sends a request and reads the answer's head (and body); NULL when the
 * connection is closed. */
static gchar *
plain_request (
    Plain *p, const gchar *method, const gchar *suffix, const gchar *headers)
{
  g_autofree gchar *request =
      g_strdup_printf ("%s %s%s RTSP/1.0\r\nCSeq: %u\r\n%s\r\n", method, p->url,
          suffix, ++p->cseq, headers);
  GString *answer = g_string_new (NULL);
  gsize body = 0;

  g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (p->connection)), request,
      strlen (request), NULL, NULL, NULL);
  skip_interleaved (p);
  for (;;) {
    g_autofree gchar *line =
        g_data_input_stream_read_line (p->in, NULL, NULL, NULL);
    if (!line) {
      g_string_free (answer, TRUE);
      return NULL;
    }
    if (g_ascii_strncasecmp (line, "Content-Length:", 15) == 0)
      body = (gsize) g_ascii_strtoull (line + 15, NULL, 10);
    g_string_append_printf (answer, "%s\n", line);
    if (*line == '\0')
      break;
  }
  if (body > 0) {
    g_autofree gchar *text = g_malloc0 (body + 1);
    g_input_stream_read_all (
        G_INPUT_STREAM (p->in), text, body, NULL, NULL, NULL);
    g_string_append (answer, text);
  }
  return g_string_free (answer, FALSE);
}

static gchar *
header_of (const gchar *answer, const gchar *name)
{
  g_auto (GStrv) lines = g_strsplit (answer, "\n", -1);
  gsize length = strlen (name);

  for (guint i = 0; lines[i]; i++)
    if (g_ascii_strncasecmp (lines[i], name, length) == 0 &&
        lines[i][length] == ':')
      return g_strdup (g_strstrip (lines[i] + length + 1));
  return NULL;
}

static gchar *
session_of (const gchar *answer)
{
  gchar *session = header_of (answer, "Session");

  ck_assert_msg (session != NULL, "%s", answer);
  if (strchr (session, ';'))
    *strchr (session, ';') = '\0';
  return session;
}

#define ck_assert_status(answer, status)                                       \
  ck_assert_msg ((answer) &&                                                   \
          g_str_has_prefix ((answer), "RTSP/1.0 " G_STRINGIFY (status)),       \
      "%s", (answer) ? (answer) : "(closed)")

static gchar *
describe_status (const Fixture *f, const gchar *path)
{
  Plain p;

  plain_open (&p, f, path);
  gchar *answer = plain_request (&p, "DESCRIBE", "", "");
  plain_close (&p);
  return answer;
}

/* --- tests: describing ------------------------------------------------------------------- */

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

/* --- tests: playing ----------------------------------------------------------------------- */

static const gchar *const protocols[] = { "tcp", "udp" };

GST_START_TEST (first_viewer_starts_with_the_cached_keyframe)
{
  Fixture f;

  fixture_init (&f, "first");
  /* One GOP that goes on for ever: a picture can only come from the cache. */
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 100000) AUDIO);
  wait_channel (&f, 2, 50);
  Viewer *viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 60, 60);
  fail_unless_equals_int (viewer->first_is_key, 1);
  fail_unless_equals_int (viewer->discont, 0);
  fail_unless_equals_int (viewer->width, 320);
  GstClockTimeDiff offset =
      GST_CLOCK_DIFF (viewer->video_pts, viewer->audio_pts);
  ck_assert_msg (ABS (offset) < 200 * GST_MSECOND,
      "audio starts %" GST_STIME_FORMAT " from video", GST_STIME_ARGS (offset));
  fail_unless (viewer->error == NULL);
  fail_unless_equals_int (
      penstock_rtsp_server_get_n_viewers (f.server, f.name), 1);
  viewer_free (viewer);
  fail_unless (wait_for (no_viewers, &f));
  fail_unless (wait_for (no_readers, &f));
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (viewers_share_one_reader_of_the_channel)
{
  Fixture f;
  Viewer *viewers[6];

  fixture_init (&f, "shared");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10) AUDIO);
  wait_channel (&f, 2, 5);
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++) {
    g_autofree gchar *query = g_strdup_printf ("?n=%u", i);
    viewers[i] = viewer_new (&f, protocols[i % 2], query);
  }
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++)
    wait_viewer (viewers[i], 25, 25);
  PenstockChannelStats stats;
  penstock_channel_get_stats (f.channel, &stats);
  fail_unless_equals_int (stats.n_readers, 1);
  fail_unless_equals_int (penstock_rtsp_server_get_n_viewers (f.server, f.name),
      G_N_ELEMENTS (viewers));
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++)
    viewer_free (viewers[i]);
  fail_unless (wait_for (no_readers, &f));
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* The second viewer must find a media that works, whenever the first goes. */
GST_START_TEST (viewers_that_come_and_go_all_get_a_picture)
{
  Fixture f;

  fixture_init (&f, "churn");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  Viewer *last = viewer_new (&f, "tcp", "");
  wait_viewer (last, 1, 0);
  for (guint i = 0; i < 15; i++) {
    Viewer *next = viewer_new (&f, protocols[i % 2], "");
    viewer_free (last);
    wait_viewer (next, 1, 0);
    fail_unless_equals_int (next->ended, 0);
    last = next;
  }
  viewer_free (last);
  fail_unless (wait_for (no_readers, &f));
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (viewer_survives_a_source_that_returns_with_another_size)
{
  Fixture f;

  fixture_init (&f, "return");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, 5);
  Viewer *viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 20, 20);
  unpublish (pipeline);
  gint before_video = g_atomic_int_get (&viewer->n_video);
  gint before_audio = g_atomic_int_get (&viewer->n_audio);

  pipeline = publish (&f, VIDEO (640, 360, 25) AUDIO);
  wait_viewer (viewer, before_video + 60, before_audio + 60);
  fail_unless_equals_int (viewer->width, 640);
  fail_unless_equals_int (viewer->height, 360);
  fail_unless_equals_int (viewer->ended, 0);
  /* Somebody new is told the new size. */
  Viewer *late = viewer_new (&f, "tcp", "");
  wait_viewer (late, 5, 5);
  fail_unless_equals_int (late->width, 640);
  viewer_free (late);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

static gboolean
end_of_silence (gpointer data)
{
  return g_get_monotonic_time () >= *(gint64 *) data;
}

/* Longer than a session's timeout. Takes 75 s a protocol, so it runs with
 * PENSTOCK_LONG=1 only (and meson test -t 3). */
#define SILENCE_S 75
GST_START_TEST (viewer_survives_silence_longer_than_the_session_timeout)
{
  Fixture f;

  fixture_init (&f, "silence");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, 5);
  Viewer *viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 20, 20);
  unpublish (pipeline);
  gint64 end = g_get_monotonic_time () + SILENCE_S * G_USEC_PER_SEC;
  while (!end_of_silence (&end))
    wait_for (end_of_silence, &end);
  gint video = g_atomic_int_get (&viewer->n_video);
  gint audio = g_atomic_int_get (&viewer->n_audio);
  fail_unless_equals_int (viewer->ended, 0);
  pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_viewer (viewer, video + 50, audio + 50);
  fail_unless_equals_int (viewer->ended, 0);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (other_codecs_close_viewers_and_make_a_new_media)
{
  Fixture f;

  fixture_init (&f, "codecs");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, 5);
  Viewer *viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 10, 10);
  unpublish (pipeline);
  pipeline = publish (&f,
      VIDEO (320, 240, 25) "audiotestsrc is-live=true ! audio/x-raw, "
                           "rate=8000, channels=1 ! "
                           "mulawenc ! sink. ");
  fail_unless (wait_for (viewer_ended, viewer));
  viewer_free (viewer);
  viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 10, 10);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (end_of_the_channel_ends_viewers)
{
  Fixture f;

  fixture_init (&f, "ended");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  wait_channel (&f, 2, 5);
  Viewer *viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 10, 10);
  unpublish (pipeline);
  penstock_channel_set_state (f.channel, PENSTOCK_CHANNEL_ENDED);
  fail_unless (wait_for (viewer_ended, viewer));
  fail_unless (wait_for (no_viewers, &f));
  g_autofree gchar *answer = describe_status (&f, "ended");
  ck_assert_status (answer, 503);
  viewer_free (viewer);

  /* A new publisher opens it again. */
  ChannelHas more = { f.channel, 2, 0 };
  PenstockChannelStats stats;
  penstock_channel_get_stats (f.channel, &stats);
  more.n_access_units =
      MAX (stats.tracks[0].access_units, stats.tracks[1].access_units) + 5;
  pipeline = publish (&f, VIDEO (320, 240, 25) AUDIO);
  fail_unless (wait_for (channel_has, &more));
  viewer = viewer_new (&f, protocols[__i__], "");
  wait_viewer (viewer, 10, 10);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (removed_mount_closes_its_viewers_and_frees_everything)
{
  Fixture f;
  Viewer *viewers[4];

  fixture_init (&f, "removed");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++)
    viewers[i] = viewer_new (&f, protocols[i % 2], "");
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++)
    wait_viewer (viewers[i], 5, 0);
  penstock_rtsp_server_remove_mount (f.server, f.name);
  g_autofree gchar *answer = describe_status (&f, f.name);
  ck_assert_status (answer, 404);
  fail_unless (wait_for (no_readers, &f));
  for (guint i = 0; i < G_N_ELEMENTS (viewers); i++) {
    if (i % 2 == 0) /* over UDP rtspsrc connects again and waits */
      fail_unless (wait_for (viewer_ended, viewers[i]));
    viewer_free (viewers[i]);
  }
  penstock_rtsp_server_add_mount (f.server, f.name, f.channel);
  Viewer *viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 5, 0);
  viewer_free (viewer);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* --- tests: requests in detail ---------------------------------------------------------------- */

#define TCP_SETUP "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"

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

/* The number after @name in the part of RTP-Info about @stream. */
static guint
rtp_info (const gchar *info, const gchar *stream, const gchar *name)
{
  const gchar *part = strstr (info, stream);
  const gchar *value = part ? strstr (part, name) : NULL;

  ck_assert_msg (value != NULL, "no %s%s in %s", stream, name, info);
  return (guint) g_ascii_strtoull (value + strlen (name), NULL, 10);
}

/* Plays streams 0 and 1 over TCP, on channels 0 and 2; the answer to PLAY. */
static gchar *
plain_play (Plain *p)
{
  g_autofree gchar *describe = plain_request (p, "DESCRIBE", "", "");
  ck_assert_status (describe, 200);
  g_autofree gchar *first = plain_request (p, "SETUP", "/stream=0", TCP_SETUP);
  ck_assert_status (first, 200);
  g_autofree gchar *session = session_of (first);
  g_autofree gchar *headers = g_strdup_printf ("Session: %s\r\n", session);
  g_autofree gchar *second_headers = g_strdup_printf (
      "%sTransport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n", headers);
  g_autofree gchar *second =
      plain_request (p, "SETUP", "/stream=1", second_headers);
  ck_assert_status (second, 200);
  gchar *play = plain_request (p, "PLAY", "", headers);
  ck_assert_status (play, 200);
  return play;
}

GST_START_TEST (rtp_info_names_the_first_packet_of_the_first_viewer)
{
  Fixture f;
  Plain p;

  fixture_init (&f, "info");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 100000) AUDIO);
  wait_channel (&f, 2, 30);
  plain_open (&p, &f, "info");
  g_autofree gchar *play = plain_play (&p);
  g_autofree gchar *info = header_of (play, "RTP-Info");
  ck_assert_msg (info != NULL, "%s", play);

  while (!p.seen[0] || !p.seen[2])
    read_interleaved (&p);
  for (guint i = 0; i < 2; i++) {
    const gchar *stream = i == 0 ? "stream=0" : "stream=1";
    const guint8 *header = p.first[2 * i];
    fail_unless_equals_int (
        GST_READ_UINT16_BE (header + 2), rtp_info (info, stream, "seq="));
    gint32 ahead = (gint32) (GST_READ_UINT32_BE (header + 4) -
        rtp_info (info, stream, "rtptime="));
    /* Audio begins up to a frame or two after the picture. */
    ck_assert_msg (ahead >= -4800 && ahead <= 4800,
        "%s starts %d ticks after its RTP-Info", stream, ahead);
  }
  plain_close (&p);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

static GstClockTime
running_time (GstPad *pad, GstPadProbeInfo *info)
{
  g_autoptr (GstEvent) event =
      gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  return gst_segment_to_running_time (segment, GST_FORMAT_TIME,
      GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)));
}

/* Running time of the newest keyframe. */
static GstPadProbeReturn
note_keyframe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    *(GstClockTime *) data = running_time (pad, info);
  return GST_PAD_PROBE_OK;
}

typedef struct {
  gint closed;         /* atomic */
  gint n_dropped;      /* atomic */
  GstClockTime opened; /* running time of what came through first since then */
} Gate;

static GstPadProbeReturn
pass_gate (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Gate *gate = data;

  if (g_atomic_int_get (&gate->closed)) {
    gate->opened = GST_CLOCK_TIME_NONE;
    g_atomic_int_inc (&gate->n_dropped);
    return GST_PAD_PROBE_DROP;
  }
  if (gate->opened == GST_CLOCK_TIME_NONE)
    gate->opened = running_time (pad, info);
  return GST_PAD_PROBE_OK;
}

static GstPad *
channel_pad (GstElement *pipeline, const gchar *name)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");

  return gst_element_get_static_pad (sink, name);
}

/* Time from the moment of RTP-Info to the first packet of stream @i. */
static GstClockTimeDiff
since_rtp_info (const Plain *p, const gchar *info, guint i, gint clock_rate)
{
  g_autofree gchar *stream = g_strdup_printf ("stream=%u", i);
  const guint8 *header = p->first[2 * i];
  gint32 ticks = (gint32) (GST_READ_UINT32_BE (header + 4) -
      rtp_info (info, stream, "rtptime="));

  fail_unless_equals_int (
      GST_READ_UINT16_BE (header + 2), rtp_info (info, stream, "seq="));
  return (GstClockTimeDiff) ticks * (GstClockTimeDiff) GST_SECOND / clock_rate;
}

/* Long enough for pictures to be later than all sound that was let through. */
static gboolean
has_dropped (gpointer data)
{
  return g_atomic_int_get (&((Gate *) data)->n_dropped) >= 10;
}

static gboolean
has_second_keyframe (gpointer data)
{
  PenstockChannelStats stats;

  penstock_channel_get_stats (data, &stats);
  return stats.tracks[0].keyframes == 2;
}

/* A camera's sound may come later than its picture. What the answer to PLAY
 * says about it must hold all the same, or players put them apart. */
GST_START_TEST (rtp_info_is_right_for_a_stream_that_has_not_begun)
{
  Fixture f;
  Plain p;
  GstClockTime keyframe = GST_CLOCK_TIME_NONE;
  Gate gate = { .opened = GST_CLOCK_TIME_NONE };

  fixture_init (&f, "late");
  GstElement *pipeline = prepare (&f, VIDEO (320, 240, 100000) AUDIO);
  g_autoptr (GstPad) video = channel_pad (pipeline, "sink_0");
  g_autoptr (GstPad) audio = channel_pad (pipeline, "sink_1");
  gst_pad_add_probe (
      video, GST_PAD_PROBE_TYPE_BUFFER, note_keyframe, &keyframe, NULL);
  gst_pad_add_probe (audio, GST_PAD_PROBE_TYPE_BUFFER, pass_gate, &gate, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  wait_channel (&f, 2, 5);
  g_atomic_int_set (&gate.closed, TRUE);
  fail_unless (wait_for (has_dropped, &gate));
  gst_pad_push_event (video,
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new_empty ("GstForceKeyUnit")));
  fail_unless (wait_for (has_second_keyframe, f.channel));
  plain_open (&p, &f, "late");
  g_autofree gchar *play = plain_play (&p);
  g_autofree gchar *info = header_of (play, "RTP-Info");
  ck_assert_msg (info != NULL, "%s", play);

  g_atomic_int_set (&gate.closed, FALSE);
  while (!p.seen[0] || !p.seen[2])
    read_interleaved (&p);
  GstClockTimeDiff sent =
      since_rtp_info (&p, info, 1, 48000) - since_rtp_info (&p, info, 0, 90000);
  plain_close (&p);
  unpublish (pipeline);
  GstClockTimeDiff published = GST_CLOCK_DIFF (keyframe, gate.opened);
  ck_assert_msg (ABS (sent - published) < 5 * GST_MSECOND,
      "sound begins %" GST_STIME_FORMAT
      " after the picture, is sent as %" GST_STIME_FORMAT,
      GST_STIME_ARGS (published), GST_STIME_ARGS (sent));
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

/* --- tests: the server --------------------------------------------------------------------------- */

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
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  penstock_rtsp_server_add_status (f.server, f.name, builder);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
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

static guint
count_entries (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

typedef struct {
  guint fds, threads;
} Resources;

static gboolean
back_to (gpointer data)
{
  Resources *base = data;

  return count_entries ("/proc/self/fd") <= base->fds &&
      count_entries ("/proc/self/task") <= base->threads;
}

GST_START_TEST (nothing_is_left_after_many_rounds)
{
  Fixture f;
  Resources base = { 0 };

  fixture_init (&f, "rounds");
  GstElement *pipeline = publish (&f, VIDEO (320, 240, 10));
  wait_channel (&f, 1, 5);
  for (guint i = 0; i < 25; i++) {
    Viewer *viewer = viewer_new (&f, protocols[i % 2], "");
    wait_viewer (viewer, 1, 0);
    if (i % 3 == 0) { /* taken away under the viewer */
      penstock_rtsp_server_remove_mount (f.server, f.name);
      fail_unless (wait_for (no_readers, &f));
      penstock_rtsp_server_add_mount (f.server, f.name, f.channel);
    }
    viewer_free (viewer);
    fail_unless (wait_for (no_readers, &f));
    fail_unless (wait_for (no_viewers, &f));
    if (i == 4) /* pools and caches are warm */
      base = (Resources){ count_entries ("/proc/self/fd") + 2,
        count_entries ("/proc/self/task") + 2 };
  }
  ck_assert_msg (wait_for (back_to, &base), "%u fds of %u, %u threads of %u",
      count_entries ("/proc/self/fd"), base.fds,
      count_entries ("/proc/self/task"), base.threads);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

/* --- tests: other players ---------------------------------------------------------------------------- */

/* Check hangs when it has to report more than 8 KiB: texts are cut. */
typedef struct {
  gboolean done;
  gint status;
  gchar *out, *err;
} Run;

static void
run_done (GObject *object, GAsyncResult *result, gpointer data)
{
  Run *run = data;

  g_subprocess_communicate_utf8_finish (
      G_SUBPROCESS (object), result, &run->out, &run->err, NULL);
  run->status = g_subprocess_get_exit_status (G_SUBPROCESS (object));
  run->done = TRUE;
}

static gboolean
is_done (gpointer data)
{
  return ((Run *) data)->done;
}

/* 6 s of a stream, encoded beforehand: how much comes at once shall not depend
 * on how fast the machine encodes. */
#define ENCODED_S 6
#define ENCODED_VIDEO(source, bitrate)                                         \
  "videotestsrc num-buffers=150 " source                                       \
  " ! video/x-raw, format=I420, width=640, height=360, framerate=25/1 ! "      \
  "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1000 "          \
  "bitrate=" #bitrate " ! h264parse ! "                                        \
  "video/x-h264, stream-format=avc, alignment=au ! appsink name=out "          \
  "sync=false"
#define ENCODED_AUDIO                                                          \
  "audiotestsrc num-buffers=282 samplesperbuffer=1024 ! "                      \
  "audio/x-raw, rate=48000, channels=2 ! avenc_aac ! aacparse ! "              \
  "audio/mpeg, stream-format=raw ! appsink name=out sync=false"

/* Appends buffers in running time to @units; their caps, which are owned. */
static GstCaps *
encode (const gchar *line, GQueue *units)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  g_assert_no_error (error);
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GstCaps *caps = NULL;
  GstSample *sample = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (;;) {
    g_signal_emit_by_name (out, "pull-sample", &sample);
    if (!sample)
      break;
    const GstSegment *segment = gst_sample_get_segment (sample);
    GstBuffer *buffer = gst_buffer_copy (gst_sample_get_buffer (sample));
    GST_BUFFER_PTS (buffer) = gst_segment_to_running_time (
        segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
    GST_BUFFER_DTS (buffer) = GST_BUFFER_PTS (buffer);
    g_queue_push_tail (units, buffer);
    gst_caps_replace (&caps, gst_sample_get_caps (sample));
    gst_sample_unref (sample);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return caps;
}

/* All of it at once, as if it had come in the seconds before. */
static void
publish_encoded (Fixture *f, const gchar *video)
{
  GQueue pictures = G_QUEUE_INIT, sound = G_QUEUE_INIT;
  PenstockTrack tracks[] = {
    { 0, PENSTOCK_TRACK_VIDEO, encode (video, &pictures) },
    { 16, PENSTOCK_TRACK_AUDIO, encode (ENCODED_AUDIO, &sound) },
  };
  GstClockTime start = penstock_channel_now () - ENCODED_S * GST_SECOND;

  penstock_channel_set_layout (f->channel, tracks, 2, TRUE);
  while (pictures.head || sound.head) {
    gboolean is_picture = !sound.head ||
        (pictures.head &&
            GST_BUFFER_DTS (pictures.head->data) <=
                GST_BUFFER_DTS (sound.head->data));
    GstBuffer *buffer = g_queue_pop_head (is_picture ? &pictures : &sound);
    GST_BUFFER_PTS (buffer) += start;
    GST_BUFFER_DTS (buffer) += start;
    penstock_channel_append (f->channel, tracks[is_picture ? 0 : 1].id, buffer);
  }
  penstock_channel_set_state (f->channel, PENSTOCK_CHANNEL_ONLINE);
  for (guint i = 0; i < G_N_ELEMENTS (tracks); i++)
    gst_caps_unref (tracks[i].caps);
}

/* Datagrams that the kernel dropped because a receiver did not fetch them in
 * time (RcvbufErrors of UDP). */
static guint64
n_not_fetched (void)
{
  g_autofree gchar *text = NULL;

  g_file_get_contents ("/proc/net/snmp", &text, NULL, NULL);
  gchar *names = text ? strstr (text, "\nUdp: ") : NULL;
  gchar *values = names ? strstr (names + 1, "\nUdp: ") : NULL;
  if (!values)
    return 0;
  g_auto (GStrv) name = g_strsplit_set (names + 1, " \n", -1);
  g_auto (GStrv) value = g_strsplit_set (values + 1, " \n", -1);
  for (guint i = 0; name[i] && value[i] && *name[i]; i++)
    if (g_str_equal (name[i], "RcvbufErrors"))
      return g_ascii_strtoull (value[i], NULL, 10);
  return 0;
}

static void
run_ffmpeg (const Fixture *f, const gchar *transport, Run *run)
{
  g_autofree gchar *url = url_of (f, f->name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) ffmpeg = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error,
      "ffmpeg", "-nostdin", "-loglevel", "warning", "-rtsp_transport",
      transport, "-i", url, "-t", "4", "-f", "framecrc", "-", NULL);

  g_assert_no_error (error);
  *run = (Run){ 0 };
  g_subprocess_communicate_utf8_async (ffmpeg, NULL, NULL, run_done, run);
  fail_unless (wait_for (is_done, run));
  fail_unless_equals_int (run->status, 0);
}

static void
run_clear (Run *run)
{
  g_free (run->out);
  g_free (run->err);
}

static gboolean
has_complained (const Run *run)
{
  static const gchar *const complaints[] = { "concealing", "missed", "error",
    "decode", "no frame", "corrupt" };

  for (guint i = 0; i < G_N_ELEMENTS (complaints); i++)
    if (strstr (run->err, complaints[i]))
      return TRUE;
  return FALSE;
}

/* A small stream, and a large one. */
static const struct {
  const gchar *transport, *video;
} ffmpeg_rows[] = {
  { "tcp", ENCODED_VIDEO ("", 1000) },
  { "udp", ENCODED_VIDEO ("", 1000) },
  { "tcp", ENCODED_VIDEO ("pattern=snow", 6000) },
  { "udp", ENCODED_VIDEO ("pattern=snow", 6000) },
};

/* A player that does not get the processor for some 40 ms loses datagrams of a
 * burst whatever we do. Then another one has to do better. */
#define MAX_PLAYERS 5

GST_START_TEST (ffmpeg_decodes_a_burst_without_complaint)
{
  Fixture f;
  Run run = { 0 };
  gboolean not_fetched = TRUE;

  fixture_init (&f, "ffmpeg");
  publish_encoded (&f, ffmpeg_rows[__i__].video);
  for (guint i = 0; i < MAX_PLAYERS && not_fetched; i++) {
    guint64 before = n_not_fetched ();
    run_clear (&run);
    run_ffmpeg (&f, ffmpeg_rows[__i__].transport, &run);
    not_fetched = has_complained (&run) && n_not_fetched () > before;
  }
  ck_assert_msg (!has_complained (&run), "%s: %.1000s",
      not_fetched ? "datagrams not fetched in time" : "ffmpeg", run.err);
  g_auto (GStrv) lines = g_strsplit (run.out, "\n", -1);
  guint n_video = 0, n_audio = 0;
  for (guint i = 0; lines[i]; i++) {
    n_video += g_str_has_prefix (lines[i], "0,");
    n_audio += g_str_has_prefix (lines[i], "1,");
  }
  ck_assert_msg (n_video >= 99 && n_audio >= 185,
      "%u pictures, %u audio: %.1000s", n_video, n_audio, run.err);
  run_clear (&run);
  fixture_clear (&f);
}
GST_END_TEST

/* Each codec by itself: what ffprobe says it is, from the SDP and the packets. */
static const struct {
  const gchar *streams, *codec;
} codec_rows[] = {
  { "videotestsrc is-live=true ! video/x-raw, format=I420, width=320, "
    "height=240, framerate=25/1 ! x265enc tune=zerolatency "
    "speed-preset=ultrafast "
    "key-int-max=10 ! h265parse ! sink. ",
      "hevc" },
  { "videotestsrc is-live=true ! video/x-raw, format=I420, width=320, "
    "height=240, framerate=25/1 ! vp8enc deadline=1 keyframe-max-dist=10 ! "
    "sink. ",
      "vp8" },
  { "videotestsrc is-live=true ! video/x-raw, format=I420, width=320, "
    "height=240, framerate=25/1 ! vp9enc deadline=1 cpu-used=8 "
    "keyframe-max-dist=10 "
    "! sink. ",
      "vp9" },
  { "videotestsrc is-live=true ! video/x-raw, format=I420, width=320, "
    "height=240, framerate=10/1 ! jpegenc ! sink. ",
      "mjpeg" },
  { "audiotestsrc is-live=true ! audio/x-raw, rate=48000, channels=2 "
    "! opusenc ! sink. ",
      "opus" },
  { "audiotestsrc is-live=true ! audio/x-raw, rate=8000, channels=1 "
    "! alawenc ! sink. ",
      "pcm_alaw" },
  { "audiotestsrc is-live=true ! audio/x-raw, rate=8000, channels=1 "
    "! mulawenc ! sink. ",
      "pcm_mulaw" },
  { "audiotestsrc is-live=true ! audio/x-raw, rate=16000, channels=1 "
    "! avenc_g722 ! sink. ",
      "adpcm_g722" },
  { "audiotestsrc is-live=true ! audio/x-raw, format=S16LE, rate=48000, "
    "channels=2 ! sink. ",
      "pcm_s16be" },
  { "audiotestsrc is-live=true ! audio/x-raw, rate=44100, channels=2 "
    "! lamemp3enc ! mpegaudioparse ! sink. ",
      "mp3" },
  { "audiotestsrc is-live=true ! audio/x-raw, rate=48000, channels=2 "
    "! avenc_ac3 ! ac3parse ! sink. ",
      "ac3" },
};

GST_START_TEST (codec_is_carried)
{
  Fixture f;
  Run run = { 0 };

  fixture_init (&f, codec_rows[__i__].codec);
  GstElement *pipeline = publish (&f, codec_rows[__i__].streams);
  wait_channel (&f, 1, 10);
  g_autofree gchar *url = url_of (&f, f.name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) ffprobe = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error,
      "ffprobe", "-loglevel", "error", "-rtsp_transport", "tcp",
      "-read_intervals", "%+#5", "-count_packets", "-show_entries",
      "stream=codec_name,nb_read_packets", "-of", "csv=p=0", url, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8_async (ffprobe, NULL, NULL, run_done, &run);
  fail_unless (wait_for (is_done, &run));
  g_autofree gchar *want = g_strdup_printf ("%s,5\n", codec_rows[__i__].codec);
  ck_assert_msg (
      g_str_equal (run.out, want), "got %s, %.1000s", run.out, run.err);
  g_free (run.out);
  g_free (run.err);
  unpublish (pipeline);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (track_that_rtp_does_not_carry_is_left_out_with_a_reason)
{
  Fixture f;

  fixture_init (&f, "leftout");
  GstElement *pipeline = publish (&f,
      VIDEO (320, 240,
          25) "audiotestsrc is-live=true ! audio/x-raw, rate=48000, channels=2 "
              "! flacenc ! flacparse ! sink. ");
  wait_channel (&f, 2, 5);
  Viewer *viewer = viewer_new (&f, "tcp", "");
  wait_viewer (viewer, 10, 0);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  penstock_rtsp_server_add_status (f.server, f.name, builder);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  JsonArray *left_out =
      json_object_get_array_member (json_node_get_object (root), "left-out");
  fail_unless_equals_int (json_array_get_length (left_out), 1);
  ck_assert_str_eq (json_array_get_string_element (left_out, 0),
      "no RTP payloader for audio/x-flac in this GStreamer");
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
  tcase_add_test (tc, setup_without_tracks_and_without_describe_is_refused);
  tcase_add_test (tc, describe_tells_both_tracks_at_once);
  tcase_add_test (tc, silent_track_does_not_hold_up_describe);
  tcase_add_test (tc, publishing_methods_are_refused);
  tcase_add_loop_test (tc, first_viewer_starts_with_the_cached_keyframe, 0, 2);
  tcase_add_test (tc, viewers_share_one_reader_of_the_channel);
  tcase_add_test (tc, viewers_that_come_and_go_all_get_a_picture);
  tcase_add_loop_test (
      tc, viewer_survives_a_source_that_returns_with_another_size, 0, 2);
  tcase_add_test (tc, other_codecs_close_viewers_and_make_a_new_media);
  tcase_add_loop_test (tc, end_of_the_channel_ends_viewers, 0, 2);
  tcase_add_test (tc, removed_mount_closes_its_viewers_and_frees_everything);
  tcase_add_test (tc, odd_play_requests_play_from_now_at_normal_speed);
  tcase_add_test (tc, one_track_can_be_set_up_alone);
  tcase_add_test (tc, rtp_info_names_the_first_packet_of_the_first_viewer);
  tcase_add_test (tc, rtp_info_is_right_for_a_stream_that_has_not_begun);
  tcase_add_test (tc, pause_and_play_again_works);
  tcase_add_test (tc, garbage_on_the_port_hurts_nobody);
  tcase_add_test (tc, port_in_use_is_named);
  tcase_add_test (tc, any_address_serves_both_families);
  tcase_add_test (tc, status_lists_viewers);
  tcase_add_test (tc, nothing_is_left_after_many_rounds);
  tcase_add_loop_test (tc, ffmpeg_decodes_a_burst_without_complaint, 0,
      G_N_ELEMENTS (ffmpeg_rows));
  tcase_add_loop_test (tc, codec_is_carried, 0, G_N_ELEMENTS (codec_rows));
  tcase_add_test (tc, track_that_rtp_does_not_carry_is_left_out_with_a_reason);

  if (g_getenv ("PENSTOCK_LONG")) {
    TCase *slow = tcase_create ("slow");
    suite_add_tcase (s, slow);
    tcase_set_timeout (slow, SILENCE_S + 3 * WAIT_S);
    tcase_add_loop_test (
        slow, viewer_survives_silence_longer_than_the_session_timeout, 0, 2);
  }
  return s;
}

GST_CHECK_MAIN (rtsp);
