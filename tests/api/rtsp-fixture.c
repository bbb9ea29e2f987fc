/* SPDX-License-Identifier: MIT
 *
 * A running RTSP server and viewers (see rtsp-fixture.h). */

#include "rtsp-fixture.h"

#include <gst/rtsp-server/rtsp-server.h>
#include <string.h>

#include "../support/wait.h"

gboolean
wait_for (Condition condition, gpointer data)
{
  gint64 end = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;
  gboolean ok = FALSE;

  WAIT_FOR ((ok = condition (data)) || g_get_monotonic_time () >= end);
  return ok;
}

/* --- the server ------------------------------------------------------------ */

void
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

void
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

gchar *
url_of (const Fixture *f, const gchar *path)
{
  return g_strdup_printf ("rtsp://127.0.0.1:%u/%s",
      penstock_rtsp_server_get_port (f->server), path);
}

JsonNode *
fixture_status (const Fixture *f)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  penstock_rtsp_server_add_status (f->server, f->name, builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

gboolean
no_viewers (gpointer data)
{
  Fixture *f = data;

  return penstock_rtsp_server_get_n_viewers (f->server, f->name) == 0;
}

gboolean
no_readers (gpointer data)
{
  Fixture *f = data;
  PenstockChannelStats stats;

  penstock_channel_get_stats (f->channel, &stats);
  return stats.n_readers == 0;
}

/* --- publishers ------------------------------------------------------------ */

GstElement *
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

GstElement *
publish (Fixture *f, const gchar *streams)
{
  GstElement *pipeline = prepare (f, streams);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return pipeline;
}

void
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

void
wait_channel (Fixture *f, guint n_tracks, guint n_access_units)
{
  ChannelHas want = { f->channel, n_tracks, n_access_units };

  fail_unless (wait_for (channel_has, &want));
}

/* --- rtspsrc viewers ------------------------------------------------------- */

const gchar *const protocols[2] = { "tcp", "udp" };

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

Viewer *
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

void
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

gboolean
viewer_ended (gpointer data)
{
  return g_atomic_int_get (&((Viewer *) data)->ended);
}

void
wait_viewer (Viewer *v, gint video, gint audio)
{
  Counts want = { v, video, audio };

  ck_assert_msg (wait_for (viewer_has, &want),
      "got %d pictures, %d audio frames, error %s", v->n_video, v->n_audio,
      v->error ? v->error : "none");
}

/* --- plain requests -------------------------------------------------------- */

void
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

void
plain_close (Plain *p)
{
  g_clear_object (&p->in);
  g_clear_object (&p->connection);
  g_free (p->url);
}

void
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

gchar *
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

gchar *
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

gchar *
session_of (const gchar *answer)
{
  gchar *session = header_of (answer, "Session");

  ck_assert_msg (session != NULL, "%s", answer);
  if (strchr (session, ';'))
    *strchr (session, ';') = '\0';
  return session;
}

gchar *
describe_status (const Fixture *f, const gchar *path)
{
  Plain p;

  plain_open (&p, f, path);
  gchar *answer = plain_request (&p, "DESCRIBE", "", "");
  plain_close (&p);
  return answer;
}
