/* SPDX-License-Identifier: MIT
 *
 * The thread wakes at absolute times, so it does not drift; a picture's time
 * stamp in the pipeline is the running time at which it is due. */

#include "clip.h"

#include <gst/app/gstappsink.h>
#include <string.h>
#include <time.h>

#include "stamp.h"

#define AAC_SAMPLES 1024
#define LENGTH_SIZE 4 /* of the NAL unit lengths that qtdemux gives */
#define NAL_TYPE_AUD 9

#define PIPELINE                                                               \
  "filesrc name=file ! qtdemux name=demux "                                    \
  "demux.video_0 ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 " \
  "! h264parse ! video/x-h264, stream-format=avc, alignment=au "               \
  "! appsink name=video sync=false wait-on-eos=false "                         \
  "demux.audio_0 ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 " \
  "! aacparse ! audio/mpeg, stream-format=raw "                                \
  "! appsink name=audio sync=false wait-on-eos=false"

typedef struct {
  Clip *clip;
  GstAppSrc *video, *audio;
  guint stamp_every;
} Player;

/* --- reading -------------------------------------------------------------------- */

static GPtrArray *
collect (GstElement *pipeline, const gchar *name, GstCaps **caps)
{
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GPtrArray *units =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  GstSample *sample;

  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (sink))) != NULL) {
    if (*caps == NULL)
      *caps = gst_caps_ref (gst_sample_get_caps (sample));
    g_ptr_array_add (
        units, gst_buffer_copy_deep (gst_sample_get_buffer (sample)));
    gst_sample_unref (sample);
  }
  return units;
}

/* Cuts both tracks to whole steps of the shorter one, so that the next round
 * follows without a hole. */
static gboolean
set_grid (Clip *self)
{
  gint rate = 0, num = 0, den = 1;
  GstClockTime end;

  if (self->video->len == 0 || self->audio->len == 0 ||
      !gst_structure_get_int (
          gst_caps_get_structure (self->audio_caps, 0), "rate", &rate) ||
      !gst_structure_get_fraction (gst_caps_get_structure (self->video_caps, 0),
          "framerate", &num, &den) ||
      rate <= 0 || num <= 0)
    return FALSE;
  self->video_step = gst_util_uint64_scale (GST_SECOND, den, num);
  self->audio_step = gst_util_uint64_scale (GST_SECOND, AAC_SAMPLES, rate);
  end =
      gst_util_uint64_scale (self->video->len * (guint64) GST_SECOND, den, num);
  g_ptr_array_set_size (self->audio,
      (gint) MIN (self->audio->len,
          gst_util_uint64_scale_round (
              end, rate, (guint64) GST_SECOND * AAC_SAMPLES)));
  return self->audio->len > 0;
}

Clip *
clip_load (const gchar *path, GError **error)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch (PIPELINE, error);
  g_autoptr (GstElement) file = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;
  Clip *self;

  if (pipeline == NULL)
    return NULL;
  file = gst_bin_get_by_name (GST_BIN (pipeline), "file");
  g_object_set (file, "location", path, NULL);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, error, NULL);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    return NULL;
  }
  self = g_new0 (Clip, 1);
  self->video = collect (pipeline, "video", &self->video_caps);
  self->audio = collect (pipeline, "audio", &self->audio_caps);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (!set_grid (self)) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "%s: expected H.264 of a constant frame rate and AAC", path);
    g_clear_pointer (&self, clip_free);
  }
  return self;
}

void
clip_free (Clip *self)
{
  if (self == NULL)
    return;
  gst_clear_caps (&self->video_caps);
  gst_clear_caps (&self->audio_caps);
  g_ptr_array_unref (self->video);
  g_ptr_array_unref (self->audio);
  g_free (self);
}

/* --- playing -------------------------------------------------------------------- */

static void
wait_until_ns (guint64 time)
{
  struct timespec at;

  GST_TIME_TO_TIMESPEC (time, at);
  while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0)
    ;
}

/* A copy of @unit with a stamp in front, behind an access unit delimiter where
 * there is one. */
static GstBuffer *
with_stamp (GstBuffer *unit)
{
  guint8 *nal = g_malloc (LENGTH_SIZE + STAMP_NAL_SIZE);
  guint8 head[LENGTH_SIZE + 1] = { 0 };
  gsize delimiter = 0;
  GstBuffer *out = gst_buffer_new ();

  GST_WRITE_UINT32_BE (nal, STAMP_NAL_SIZE);
  stamp_write (stamp_now (), nal + LENGTH_SIZE);
  gst_buffer_extract (unit, 0, head, sizeof head);
  if ((head[LENGTH_SIZE] & 0x1f) == NAL_TYPE_AUD)
    delimiter = LENGTH_SIZE + GST_READ_UINT32_BE (head);
  gst_buffer_copy_into (out, unit, GST_BUFFER_COPY_FLAGS, 0, -1);
  if (delimiter > 0)
    gst_buffer_copy_into (out, unit, GST_BUFFER_COPY_MEMORY, 0, delimiter);
  gst_buffer_append_memory (out,
      gst_memory_new_wrapped (0, nal, LENGTH_SIZE + STAMP_NAL_SIZE, 0,
          LENGTH_SIZE + STAMP_NAL_SIZE, nal, g_free));
  gst_buffer_copy_into (out, unit, GST_BUFFER_COPY_MEMORY, delimiter, -1);
  return out;
}

/* When unit @n of a track is due, from the beginning; rounds are as long as
 * the video. */
static GstClockTime
due (const Clip *clip, guint64 n, gboolean video)
{
  guint64 per_round = video ? clip->video->len : clip->audio->len;
  GstClockTime step = video ? clip->video_step : clip->audio_step;

  return n / per_round * (clip->video->len * clip->video_step) +
      n % per_round * step;
}

static gboolean
push (Player *self, gboolean video, guint64 n, GstClockTime offset)
{
  GPtrArray *units = video ? self->clip->video : self->clip->audio;
  GstBuffer *unit = g_ptr_array_index (units, n % units->len);
  GstBuffer *buffer = video && n % self->stamp_every == 0
      ? with_stamp (unit)
      : gst_buffer_copy (unit);

  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) =
      offset + due (self->clip, n, video);
  GST_BUFFER_DURATION (buffer) =
      video ? self->clip->video_step : self->clip->audio_step;
  return gst_app_src_push_buffer (video ? self->video : self->audio, buffer) ==
      GST_FLOW_OK;
}

static gpointer
play (gpointer data)
{
  Player *self = data;
  guint64 n_video = 0, n_audio = 0, begin = stamp_now ();
  GstClockTime offset =
      gst_element_get_current_running_time (GST_ELEMENT (self->video));
  gboolean going = GST_CLOCK_TIME_IS_VALID (offset);

  while (going) {
    GstClockTime video_due = due (self->clip, n_video, TRUE);
    GstClockTime audio_due = due (self->clip, n_audio, FALSE);
    /* A frame early: a muxer needs the audio of its time to pass a picture on. */
    audio_due -= MIN (audio_due, self->clip->audio_step);
    gboolean video = video_due < audio_due;

    wait_until_ns (begin + MIN (video_due, audio_due));
    going = push (self, video, video ? n_video++ : n_audio++, offset);
  }
  gst_object_unref (self->video);
  gst_object_unref (self->audio);
  g_free (self);
  return NULL;
}

static void
free_player (gpointer data, GClosure *closure)
{
  g_free (data);
}

/* A live source asks for data once it is PLAYING, so there is a running time. */
static void
start (GstAppSrc *video, guint length, gpointer data)
{
  Player *player = g_memdup2 (data, sizeof *player);

  g_signal_handlers_disconnect_by_func (video, start, data);
  gst_object_ref (player->video);
  gst_object_ref (player->audio);
  g_thread_unref (g_thread_new ("clip", play, player));
}

void
clip_play (Clip *self, GstAppSrc *video, GstAppSrc *audio, guint stamp_every)
{
  Player *player = g_new (Player, 1);

  gst_app_src_set_caps (video, self->video_caps);
  gst_app_src_set_caps (audio, self->audio_caps);
  *player = (Player){ self, video, audio, MAX (stamp_every, 1) };
  g_signal_connect_data (
      video, "need-data", G_CALLBACK (start), player, free_player, 0);
}
