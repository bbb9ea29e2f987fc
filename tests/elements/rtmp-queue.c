/* SPDX-License-Identifier: MIT
 *
 * The queue between the I/O thread and penstockrtmpsrc. */

#include <gst/check/gstcheck.h>

#include "rtmp/rtmp-queue.h"

#define NOW (1000 * GST_SECOND)

static const guint8 video_config[] = { 0x17, 0, 0, 0, 0, 1 };
static const guint8 video_frame[] = { 0x27, 1, 0, 0, 0, 0xaa };
static const guint8 audio_config[] = { 0xaf, 0, 0x12, 0x10 };
static const guint8 audio_frame[] = { 0xaf, 1, 0x21 };

static void
push (PenstockRtmpQueue *queue, guint8 type, const guint8 *data, gsize size,
    GstClockTime arrival)
{
  PenstockRtmpQueueItem item = { .type = PENSTOCK_RTMP_QUEUE_MESSAGE,
    .arrival = arrival,
    .message = penstock_rtmp_message_new (type, 1, 0, data, size) };

  penstock_rtmp_queue_push (queue, &item);
  fail_unless (item.message == NULL);
}

#define push_video(queue, data, arrival)                                       \
  push (queue, PENSTOCK_RTMP_VIDEO, data, sizeof data, arrival)
#define push_audio(queue, data, arrival)                                       \
  push (queue, PENSTOCK_RTMP_AUDIO, data, sizeof data, arrival)

static void
push_news (PenstockRtmpQueue *queue, PenstockRtmpQueueType type)
{
  PenstockRtmpQueueItem item = { .type = type, .arrival = NOW };

  penstock_rtmp_queue_push (queue, &item);
}

/* Type, message type and loss of the next item; TIMEOUT when empty. */
static PenstockRtmpQueueType
pop (PenstockRtmpQueue *queue, guint8 *type, gboolean *lost)
{
  g_auto (PenstockRtmpQueueItem) item = { 0 };

  penstock_rtmp_queue_pop (queue, 0, &item);
  *type = item.message ? item.message->type : 0;
  *lost = item.lost;
  return item.type;
}

static PenstockRtmpQueue *
new_running (void)
{
  PenstockRtmpQueue *queue = penstock_rtmp_queue_new ();

  penstock_rtmp_queue_set_state (queue, PENSTOCK_RTMP_QUEUE_RUNNING);
  return queue;
}

/* More time than fits; returns the arrival after it. */
static GstClockTime
fill (PenstockRtmpQueue *queue)
{
  GstClockTime arrival = NOW;

  for (; arrival <= NOW + PENSTOCK_RTMP_QUEUE_TIME + 40 * GST_MSECOND;
       arrival += 40 * GST_MSECOND)
    push_video (queue, video_frame, arrival);
  return arrival;
}

static guint
drain (PenstockRtmpQueue *queue)
{
  guint8 type;
  gboolean lost;
  guint n = 0;

  while (pop (queue, &type, &lost) != PENSTOCK_RTMP_QUEUE_TIMEOUT)
    n++;
  return n;
}

GST_START_TEST (items_come_in_order)
{
  PenstockRtmpQueue *queue = new_running ();
  guint8 type;
  gboolean lost;

  push_news (queue, PENSTOCK_RTMP_QUEUE_STARTED);
  push_video (queue, video_frame, NOW);
  push_audio (queue, audio_frame, NOW);
  push_news (queue, PENSTOCK_RTMP_QUEUE_ENDED);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_STARTED);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_MESSAGE);
  assert_equals_int (type, PENSTOCK_RTMP_VIDEO);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_MESSAGE);
  assert_equals_int (type, PENSTOCK_RTMP_AUDIO);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_ENDED);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_TIMEOUT);
  penstock_rtmp_queue_free (queue);
}
GST_END_TEST;

GST_START_TEST (full_queue_refuses_video_first)
{
  PenstockRtmpQueue *queue = new_running ();
  PenstockRtmpQueueLevel before, after;
  GstClockTime now = fill (queue);
  guint8 type;
  gboolean lost;

  penstock_rtmp_queue_get_level (queue, &before);
  fail_unless (before.time <= PENSTOCK_RTMP_QUEUE_TIME + 80 * GST_MSECOND);
  push_video (queue, video_frame, now);
  push_audio (queue, audio_frame, now);
  push_video (queue, video_config, now);
  penstock_rtmp_queue_get_level (queue, &after);
  assert_equals_uint64 (after.dropped_video, before.dropped_video + 1);
  assert_equals_uint64 (after.dropped_audio, 0);
  fail_unless (
      after.bytes == before.bytes + sizeof audio_frame + sizeof video_config);

  /* Room again: the next frame says that some are missing. */
  fail_unless (drain (queue) > 100);
  push_video (queue, video_frame, now);
  push_video (queue, video_frame, now);
  /* The configuration that passed had taken the news of the loss. */
  pop (queue, &type, &lost);
  fail_if (lost);
  penstock_rtmp_queue_free (queue);
}
GST_END_TEST;

GST_START_TEST (first_item_after_a_loss_says_so)
{
  PenstockRtmpQueue *queue = new_running ();
  GstClockTime now = fill (queue);
  guint8 type;
  gboolean lost;

  push_video (queue, video_frame, now);
  drain (queue);
  push_audio (queue, audio_frame, now);
  pop (queue, &type, &lost);
  fail_if (lost);
  push_video (queue, video_frame, now);
  pop (queue, &type, &lost);
  fail_unless (lost);
  push_video (queue, video_frame, now);
  pop (queue, &type, &lost);
  fail_if (lost);
  penstock_rtmp_queue_free (queue);
}
GST_END_TEST;

GST_START_TEST (audio_has_twice_the_room)
{
  PenstockRtmpQueue *queue = new_running ();
  PenstockRtmpQueueLevel level;
  GstClockTime now = fill (queue);

  push_audio (queue, audio_frame, now + PENSTOCK_RTMP_QUEUE_TIME / 2);
  penstock_rtmp_queue_get_level (queue, &level);
  assert_equals_uint64 (level.dropped_audio, 0);
  push_audio (queue, audio_frame, now + PENSTOCK_RTMP_QUEUE_TIME);
  push_audio (queue, audio_frame, now + PENSTOCK_RTMP_QUEUE_TIME);
  push_audio (queue, audio_config, now + PENSTOCK_RTMP_QUEUE_TIME);
  penstock_rtmp_queue_get_level (queue, &level);
  assert_equals_uint64 (level.dropped_audio, 1);
  penstock_rtmp_queue_free (queue);
}
GST_END_TEST;

/* A publisher of nothing but configurations has an end too. */
GST_START_TEST (bytes_are_bounded_whatever_comes)
{
  PenstockRtmpQueue *queue = new_running ();
  PenstockRtmpQueueLevel level;
  const gsize size = 4 * 1024 * 1024;
  g_autofree guint8 *config = g_malloc0 (size);

  config[0] = 0x17;
  for (guint i = 0; i < 40; i++)
    push (queue, PENSTOCK_RTMP_VIDEO, config, size, NOW);
  penstock_rtmp_queue_get_level (queue, &level);
  fail_unless (level.bytes <= 3 * PENSTOCK_RTMP_QUEUE_BYTES + size);
  for (guint i = 0; i < 10 * PENSTOCK_RTMP_QUEUE_MAX_NEWS; i++)
    push_news (queue, PENSTOCK_RTMP_QUEUE_STARTED);
  fail_unless (drain (queue) <= PENSTOCK_RTMP_QUEUE_MAX_NEWS);
  penstock_rtmp_queue_free (queue);
}
GST_END_TEST;

GST_START_TEST (resume_forgets_frames_only)
{
  PenstockRtmpQueue *queue = penstock_rtmp_queue_new ();
  guint8 type;
  gboolean lost;

  push_news (queue, PENSTOCK_RTMP_QUEUE_STARTED);
  push_video (queue, video_config, NOW);
  push_video (queue, video_frame, NOW);
  push_audio (queue, audio_config, NOW);
  push_audio (queue, audio_frame, NOW);
  penstock_rtmp_queue_resume (queue);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_STARTED);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_MESSAGE);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_MESSAGE);
  assert_equals_int (type, PENSTOCK_RTMP_AUDIO);
  push_video (queue, video_frame, NOW);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_RESUMED);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_MESSAGE);
  assert_equals_int (pop (queue, &type, &lost), PENSTOCK_RTMP_QUEUE_TIMEOUT);
  penstock_rtmp_queue_free (queue);
}
GST_END_TEST;

static gpointer
pop_in_thread (gpointer data)
{
  g_auto (PenstockRtmpQueueItem) item = { 0 };

  penstock_rtmp_queue_pop (data, -1, &item);
  return GINT_TO_POINTER (item.type);
}

GST_START_TEST (quitting_wakes_a_paused_queue)
{
  PenstockRtmpQueue *queue = penstock_rtmp_queue_new ();
  GThread *thread;

  push_news (queue, PENSTOCK_RTMP_QUEUE_STARTED);
  thread = g_thread_new ("pop", pop_in_thread, queue);
  penstock_rtmp_queue_set_state (queue, PENSTOCK_RTMP_QUEUE_QUITTING);
  assert_equals_int (
      GPOINTER_TO_INT (g_thread_join (thread)), PENSTOCK_RTMP_QUEUE_QUIT);
  penstock_rtmp_queue_free (queue);
}
GST_END_TEST;

static Suite *
rtmp_queue_suite (void)
{
  Suite *s = suite_create ("rtmp-queue");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, items_come_in_order);
  tcase_add_test (tc, full_queue_refuses_video_first);
  tcase_add_test (tc, first_item_after_a_loss_says_so);
  tcase_add_test (tc, audio_has_twice_the_room);
  tcase_add_test (tc, bytes_are_bounded_whatever_comes);
  tcase_add_test (tc, resume_forgets_frames_only);
  tcase_add_test (tc, quitting_wakes_a_paused_queue);
  return s;
}

GST_CHECK_MAIN (rtmp_queue);
