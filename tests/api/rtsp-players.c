/* SPDX-License-Identifier: MIT
 *
 * RTSP viewers by ffmpeg and ffprobe, and each codec that RTP carries. */

#include <string.h>

#include "rtsp-fixture.h"

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

/* --- a burst --------------------------------------------------------------- */

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

/* --- codecs ---------------------------------------------------------------- */

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
  run_clear (&run);
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
  g_autoptr (JsonNode) root = fixture_status (&f);
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
rtsp_players_suite (void)
{
  Suite *s = suite_create ("rtsp-players");
  TCase *tc = tcase_create ("rtsp-players");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, ffmpeg_decodes_a_burst_without_complaint, 0,
      G_N_ELEMENTS (ffmpeg_rows));
  tcase_add_loop_test (tc, codec_is_carried, 0, G_N_ELEMENTS (codec_rows));
  tcase_add_test (tc, track_that_rtp_does_not_carry_is_left_out_with_a_reason);
  return s;
}

GST_CHECK_MAIN (rtsp_players);
