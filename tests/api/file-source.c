/* SPDX-License-Identifier: MIT
 *
 * PenstockFileSource: a file in a loop is one unbroken timeline, whatever the
 * container and however long its streams are. */

#include <gst/check/gstcheck.h>

#include "inputs/file-source.h"
#include "../support/media-file.h"

#define VIDEO "-f lavfi -i testsrc=size=160x120:rate=25:duration="
#define AUDIO "-f lavfi -i sine=frequency=440:sample_rate=48000:duration="
#define H264 "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 12 "
#define H264_B H264 "-bf 3 "
#define AAC "-c:a aac "

#define ROUNDS 3
#define MAX_STREAMS 2
/* Containers round timestamps, Matroska and FLV to a millisecond. */
#define ROUNDING (2 * (gint64) GST_MSECOND)

typedef struct {
  gint64 pts, dts, duration, arrival; /* dts: -1 = none */
} Unit;

typedef struct {
  GMutex lock;
  GCond cond;
  GArray *units[MAX_STREAMS]; /* of Unit; video before audio */
  gboolean present[MAX_STREAMS];
  guint wanted[MAX_STREAMS]; /* 0: up to the end */
  gboolean eos, failed;
  gchar *message;
  GPtrArray *ignored;
  GstElement *pipeline;
} Player;

static gchar *folder;

static gint64
to_signed (GstClockTime time)
{
  return time == GST_CLOCK_TIME_NONE ? -1 : (gint64) time;
}

static GstPadProbeReturn
collect (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Player *player = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  guint n = g_str_has_prefix (GST_PAD_NAME (pad), "audio");
  const Unit unit = { (gint64) GST_BUFFER_PTS (buffer),
    to_signed (GST_BUFFER_DTS (buffer)),
    to_signed (GST_BUFFER_DURATION (buffer)), g_get_monotonic_time () };

  g_mutex_lock (&player->lock);
  g_array_append_val (player->units[n], unit);
  g_cond_signal (&player->cond);
  g_mutex_unlock (&player->lock);
  return GST_PAD_PROBE_OK;
}

static void
take_pad (GstElement *source, GstPad *pad, gpointer user_data)
{
  Player *player = user_data;
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  player->present[g_str_has_prefix (GST_PAD_NAME (pad), "audio")] = TRUE;
  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (player->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  g_autoptr (GstPad) target = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, collect, player, NULL);
  ck_assert_int_eq (gst_pad_link (pad, target), GST_PAD_LINK_OK);
}

/* The first message counts. */
static void
player_fail (Player *player, const gchar *message)
{
  player->failed = TRUE;
  if (!player->message)
    player->message = g_strdup (message);
}

static GstBusSyncReply
take_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Player *player = user_data;
  const GstStructure *s = gst_message_get_structure (message);

  g_mutex_lock (&player->lock);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    player->eos = TRUE;
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;
    gst_message_parse_error (message, &error, NULL);
    player_fail (player, error->message);
  } else if (s && gst_structure_has_name (s, "penstock-input-failed")) {
    player_fail (player, gst_structure_get_string (s, "reason"));
  } else if (s && gst_structure_has_name (s, "penstock-track-ignored")) {
    g_ptr_array_add (
        player->ignored, g_strdup (gst_structure_get_string (s, "reason")));
  }
  g_cond_signal (&player->cond);
  g_mutex_unlock (&player->lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static gboolean
is_done (Player *player)
{
  gboolean counted = FALSE, done = TRUE;

  if (player->eos || player->failed)
    return TRUE;
  for (guint n = 0; n < MAX_STREAMS; n++) {
    counted |= player->wanted[n] > 0;
    done &= player->units[n]->len >= player->wanted[n];
  }
  return counted && done;
}

static void
player_start (Player *player, const gchar *path, gboolean loop, gboolean paced)
{
  GstElement *source = penstock_file_source_new (path, loop, paced);

  player->pipeline = gst_pipeline_new (NULL);
  player->ignored = g_ptr_array_new_with_free_func (g_free);
  for (guint n = 0; n < MAX_STREAMS; n++)
    player->units[n] = g_array_new (FALSE, FALSE, sizeof (Unit));
  g_autoptr (GstBus) bus = gst_element_get_bus (player->pipeline);
  gst_bus_set_sync_handler (bus, take_message, player, NULL);
  gst_bin_add (GST_BIN (player->pipeline), source);
  g_signal_connect (source, "pad-added", G_CALLBACK (take_pad), player);
  gst_element_set_state (player->pipeline, GST_STATE_PLAYING);
}

static void
player_wait (Player *player)
{
  g_mutex_lock (&player->lock);
  while (!is_done (player))
    g_cond_wait (&player->cond, &player->lock);
  g_mutex_unlock (&player->lock);
}

static void
player_clear (Player *player)
{
  gst_element_set_state (player->pipeline, GST_STATE_NULL);
  gst_object_unref (player->pipeline);
  for (guint n = 0; n < MAX_STREAMS; n++)
    g_array_unref (player->units[n]);
  g_ptr_array_unref (player->ignored);
  g_free (player->message);
}

static const Unit *
unit (const Player *player, guint stream, guint i)
{
  return &g_array_index (player->units[stream], Unit, i);
}

/* First start and last end of all streams, as the documentation has it. */
static gint64
length_of (const Player *once)
{
  gint64 start = G_MAXINT64, end = 0;

  for (guint n = 0; n < MAX_STREAMS; n++) {
    for (guint i = 0; i < once->units[n]->len; i++) {
      const Unit *u = unit (once, n, i);
      gint64 duration = u->duration;
      if (duration < 0 && i > 0)
        duration = u->pts - unit (once, n, i - 1)->pts;
      start = MIN (start, u->pts);
      end = MAX (end, u->pts + MAX (0, duration));
    }
  }
  return end - start;
}

static const struct {
  const gchar *name;
  const gchar *arguments;
  guint streams; /* bit 0: video, bit 1: audio */
  gint64 min_length_ms, max_length_ms;
} files[] = {
  { "equal.mp4", VIDEO "2 " AUDIO "2 " H264_B AAC, 3, 1990, 2050 },
  { "audio-shorter.mp4", VIDEO "2 " AUDIO "1.2 " H264_B AAC, 3, 1990, 2010 },
  { "audio-longer.mp4", VIDEO "1.2 " AUDIO "2 " H264_B AAC, 3, 1970, 2050 },
  { "silent.mp4", VIDEO "1 " H264_B, 1, 990, 1010 },
  { "sound.m4a", AUDIO "1 " AAC, 2, 970, 1050 },
  { "equal.mkv", VIDEO "2 " AUDIO "2 " H264_B AAC, 3, 1980, 2050 },
  { "variable-rate.mkv",
      VIDEO "2 " AUDIO "2 -vf select='not(mod(n\\,3))+not(mod(n\\,7))' "
            "-fps_mode vfr " H264 AAC,
      3, 1900, 2100 },
  { "opus.webm",
      VIDEO "1 " AUDIO "1 -c:v libvpx -deadline realtime -b:v 300k "
            "-c:a libopus ",
      3, 980, 1050 },
  { "equal.flv", VIDEO "2 " AUDIO "2 " H264_B AAC, 3, 1950, 2050 },
  { "equal.ts", VIDEO "2 " AUDIO "2 " H264_B AAC, 3, 1950, 2050 },
  { "audio-shorter.ts", VIDEO "2 " AUDIO "1.2 " H264_B AAC, 3, 1950, 2050 },
  { "hevc.mp4",
      VIDEO "1 " AUDIO "1 -c:v libx265 -preset ultrafast -x265-params "
            "log-level=error " AAC,
      3, 980, 1050 },
};

static void
check_rounds (
    const Player *once, const Player *loop, guint stream, gint64 length)
{
  guint n = once->units[stream]->len;
  gint64 base = unit (loop, stream, 0)->pts - unit (once, stream, 0)->pts;
  gint64 last_dts = -1;

  for (guint i = 0; i < ROUNDS * n; i++) {
    const Unit *u = unit (loop, stream, i), *first = unit (once, stream, i % n);
    gint64 expected = first->pts + base + (i / n) * length;
    ck_assert_msg (ABS (u->pts - expected) <= ROUNDING,
        "stream %u unit %u of %u: PTS %" G_GINT64_FORMAT " expected "
        "%" G_GINT64_FORMAT,
        stream, i, n, u->pts, expected);
    if (u->dts < 0)
      continue;
    ck_assert_msg (u->dts >= last_dts,
        "stream %u unit %u of %u: DTS %" G_GINT64_FORMAT " after "
        "%" G_GINT64_FORMAT,
        stream, i, n, u->dts, last_dts);
    last_dts = u->dts;
  }
}

GST_START_TEST (each_round_continues_the_timeline)
{
  g_autofree gchar *path =
      media_file_make (folder, files[__i__].name, files[__i__].arguments);
  Player once = { 0 }, loop = { 0 };

  player_start (&once, path, FALSE, FALSE);
  player_wait (&once);
  ck_assert_msg (once.eos, "%s: %s", files[__i__].name, once.message);
  gint64 length = length_of (&once);
  ck_assert_int_ge (length / GST_MSECOND, files[__i__].min_length_ms);
  ck_assert_int_le (length / GST_MSECOND, files[__i__].max_length_ms);
  for (guint n = 0; n < MAX_STREAMS; n++) {
    ck_assert_int_eq (once.present[n], (files[__i__].streams >> n) & 1);
    loop.wanted[n] = ROUNDS * once.units[n]->len;
  }

  player_start (&loop, path, TRUE, FALSE);
  player_wait (&loop);
  ck_assert_msg (!loop.failed, "%s: %s", files[__i__].name, loop.message);
  gint64 first_offset = 0;
  for (guint n = 0; n < MAX_STREAMS; n++) {
    if (!once.units[n]->len)
      continue;
    check_rounds (&once, &loop, n, length);
    /* All streams moved by the same. */
    gint64 offset = unit (&loop, n, 0)->pts - unit (&once, n, 0)->pts;
    if (first_offset)
      ck_assert_int_le (ABS (offset - first_offset), ROUNDING);
    first_offset = offset;
  }
  player_clear (&once);
  player_clear (&loop);
}
GST_END_TEST

GST_START_TEST (plays_in_real_time)
{
  g_autofree gchar *path = media_file_make (
      folder, "paced.mp4", VIDEO "0.8 " AUDIO "0.8 " H264_B AAC);
  Player loop = { .wanted = { 50, 0 } };

  player_start (&loop, path, TRUE, TRUE);
  player_wait (&loop);
  const Unit *first = unit (&loop, 0, 0), *last = unit (&loop, 0, 49);
  gint64 played = (last->dts - first->dts) / 1000;
  gint64 taken = last->arrival - first->arrival;
  /* Early is wrong; late is a busy machine. */
  ck_assert_int_ge (taken, played - 60 * 1000);
  ck_assert_int_le (taken, played + 1000 * 1000);
  player_clear (&loop);
}
GST_END_TEST

GST_START_TEST (starts_and_stops_again)
{
  g_autofree gchar *path =
      media_file_make (folder, "again.mkv", VIDEO "0.4 " H264);
  Player loop = { .wanted = { 30, 0 } };

  player_start (&loop, path, TRUE, FALSE);
  for (guint i = 0; i < 10; i++) {
    player_wait (&loop);
    gst_element_set_state (loop.pipeline, GST_STATE_READY);
    g_array_set_size (loop.units[0], 0);
    gst_element_set_state (loop.pipeline, GST_STATE_PLAYING);
  }
  player_wait (&loop);
  ck_assert_msg (!loop.failed, "%s", loop.message);
  player_clear (&loop);
}
GST_END_TEST

static const struct {
  const gchar *name;
  const gchar *arguments; /* NULL: no file; "": an empty one */
  const gchar *message;
} bad_files[] = {
  { "missing.mp4", NULL, "No such file or directory" },
  { "subtitles.ogg", AUDIO "1 -c:a libopus ", "is not supported" },
  { "text.mp4", AUDIO "1 -c:a pcm_s16le -f data -map 0 ", "no media file" },
  { "none.mkv", VIDEO "1 -c:v mpeg2video ", "no stream that can be carried" },
};

GST_START_TEST (says_what_is_wrong_with_a_file)
{
  g_autofree gchar *path = bad_files[__i__].arguments
      ? media_file_make (
            folder, bad_files[__i__].name, bad_files[__i__].arguments)
      : g_build_filename (folder, bad_files[__i__].name, NULL);
  Player player = { 0 };

  player_start (&player, path, TRUE, FALSE);
  player_wait (&player);
  ck_assert (player.failed);
  ck_assert_msg (strstr (player.message, bad_files[__i__].message) != NULL,
      "%s", player.message);
  player_clear (&player);
}
GST_END_TEST

GST_START_TEST (leaves_out_a_stream_that_is_not_carried)
{
  g_autofree gchar *path = media_file_make (folder, "half.mkv",
      VIDEO "1 " AUDIO "1 " H264 "-c:a vorbis -strict -2 -ac 2");
  Player loop = { .wanted = { 60, 0 } };

  player_start (&loop, path, TRUE, FALSE);
  player_wait (&loop);
  ck_assert_msg (!loop.failed, "%s", loop.message);
  ck_assert (!loop.present[1]);
  ck_assert_int_ge (loop.ignored->len, 1);
  ck_assert_str_eq (loop.ignored->pdata[0], "audio/x-vorbis is not carried");
  player_clear (&loop);
}
GST_END_TEST

static Suite *
file_source_suite (void)
{
  Suite *suite = suite_create ("file-source");
  TCase *tc = tcase_create ("file-source");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (
      tc, each_round_continues_the_timeline, 0, G_N_ELEMENTS (files));
  tcase_add_test (tc, plays_in_real_time);
  tcase_add_test (tc, starts_and_stops_again);
  tcase_add_loop_test (
      tc, says_what_is_wrong_with_a_file, 0, G_N_ELEMENTS (bad_files));
  tcase_add_test (tc, leaves_out_a_stream_that_is_not_carried);
  return suite;
}

int
main (int argc, char **argv)
{
  gst_check_init (&argc, &argv);
  folder = media_folder_new ();
  int failed =
      gst_check_run_suite (file_source_suite (), "file-source", __FILE__);
  media_folder_remove (folder);
  g_free (folder);
  return failed;
}
