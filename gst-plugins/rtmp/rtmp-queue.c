/* SPDX-License-Identifier: MIT
 *
 * Queue from the I/O thread to an element. See rtmp-queue.h. */

#include "rtmp-queue.h"

#include <gst/base/gstqueuearray.h>

#include "flv-tag.h"

struct _PenstockRtmpQueue {
  GMutex lock; /* guards all */
  GCond cond;
  GstQueueArray *items; /* of PenstockRtmpQueueItem */
  PenstockRtmpQueueState state;
  gsize bytes;
  guint n_news;                    /* items that are no messages */
  GstClockTime newest;             /* arrival of the last message */
  gboolean full;                   /* video is refused until half is free */
  gboolean lost_video, lost_audio; /* before the next one */
  guint64 dropped_video, dropped_audio;
};

void
penstock_rtmp_queue_item_clear (PenstockRtmpQueueItem *item)
{
  g_clear_pointer (&item->message, penstock_rtmp_message_unref);
  g_clear_pointer (&item->peer, g_free);
  g_clear_pointer (&item->encoder, g_free);
  g_clear_pointer (&item->detail, g_free);
}

PenstockRtmpQueue *
penstock_rtmp_queue_new (void)
{
  PenstockRtmpQueue *queue = g_new0 (PenstockRtmpQueue, 1);

  g_mutex_init (&queue->lock);
  g_cond_init (&queue->cond);
  queue->items =
      gst_queue_array_new_for_struct (sizeof (PenstockRtmpQueueItem), 64);
  gst_queue_array_set_clear_func (
      queue->items, (GDestroyNotify) penstock_rtmp_queue_item_clear);
  return queue;
}

void
penstock_rtmp_queue_free (PenstockRtmpQueue *queue)
{
  if (!queue)
    return;
  gst_queue_array_free (queue->items);
  g_cond_clear (&queue->cond);
  g_mutex_clear (&queue->lock);
  g_free (queue);
}

/* --- Levels, with the lock --- */

static GstClockTime
level_time (PenstockRtmpQueue *queue)
{
  const PenstockRtmpQueueItem *oldest =
      gst_queue_array_peek_head_struct (queue->items);

  return oldest && queue->newest > oldest->arrival
      ? queue->newest - oldest->arrival
      : 0;
}

static gboolean
is_above (PenstockRtmpQueue *queue, guint halves)
{
  return queue->bytes > PENSTOCK_RTMP_QUEUE_BYTES / 2 * halves ||
      level_time (queue) > PENSTOCK_RTMP_QUEUE_TIME / 2 * halves;
}

/* Anything but coded frames: a configuration lost is a stream lost. */
static gboolean
is_frame (const PenstockRtmpMessage *message)
{
  PenstockFlvTag tag;
  PenstockFlvKind kind;

  if (message->type == PENSTOCK_RTMP_VIDEO)
    kind = PENSTOCK_FLV_VIDEO;
  else if (message->type == PENSTOCK_RTMP_AUDIO)
    kind = PENSTOCK_FLV_AUDIO;
  else
    return FALSE;
  if (penstock_flv_tag_parse (kind, message->data, message->size, &tag) !=
      PENSTOCK_RTMP_PARSE_DONE)
    return TRUE;
  for (guint i = 0; i < tag.n_items; i++)
    if (tag.items[i].kind == PENSTOCK_FLV_ITEM_CONFIG)
      return FALSE;
  return TRUE;
}

static void
note_lost (PenstockRtmpQueue *queue, const PenstockRtmpMessage *message)
{
  if (message->type == PENSTOCK_RTMP_VIDEO) {
    queue->dropped_video++;
    queue->lost_video = TRUE;
  } else {
    queue->dropped_audio++;
    queue->lost_audio = TRUE;
  }
}

static gboolean
has_room (PenstockRtmpQueue *queue, const PenstockRtmpMessage *message)
{
  if (queue->full)
    queue->full = is_above (queue, 1);
  else
    queue->full = is_above (queue, 2);
  if (!queue->full || !is_frame (message))
    /* Configurations and data are few, but nothing is without an end. */
    return queue->bytes <= 3 * PENSTOCK_RTMP_QUEUE_BYTES;
  return message->type == PENSTOCK_RTMP_AUDIO && !is_above (queue, 4);
}

/* --- Both ends --- */

static void
push_locked (PenstockRtmpQueue *queue, PenstockRtmpQueueItem *item)
{
  PenstockRtmpMessage *message = item->message;

  if (message) {
    gboolean *lost = message->type == PENSTOCK_RTMP_VIDEO ? &queue->lost_video
                                                          : &queue->lost_audio;
    if (!has_room (queue, message)) {
      note_lost (queue, message);
      penstock_rtmp_queue_item_clear (item);
      return;
    }
    if (message->type == PENSTOCK_RTMP_VIDEO ||
        message->type == PENSTOCK_RTMP_AUDIO) {
      item->lost = *lost;
      *lost = FALSE;
    }
    queue->bytes += message->size;
    queue->newest = item->arrival;
  } else {
    if (queue->n_news >= PENSTOCK_RTMP_QUEUE_MAX_NEWS) {
      gst_queue_array_clear (queue->items);
      queue->bytes = queue->n_news = 0;
    }
    queue->n_news++;
  }
  gst_queue_array_push_tail_struct (queue->items, item);
  *item = (PenstockRtmpQueueItem){ 0 };
  g_cond_signal (&queue->cond);
}

void
penstock_rtmp_queue_push (PenstockRtmpQueue *queue, PenstockRtmpQueueItem *item)
{
  g_mutex_lock (&queue->lock);
  push_locked (queue, item);
  g_mutex_unlock (&queue->lock);
}

void
penstock_rtmp_queue_pop (
    PenstockRtmpQueue *queue, gint64 deadline, PenstockRtmpQueueItem *item)
{
  PenstockRtmpQueueItem *head = NULL;

  *item = (PenstockRtmpQueueItem){ .type = PENSTOCK_RTMP_QUEUE_QUIT };
  g_mutex_lock (&queue->lock);
  while (queue->state != PENSTOCK_RTMP_QUEUE_QUITTING) {
    const gboolean running = queue->state == PENSTOCK_RTMP_QUEUE_RUNNING;

    head = running ? gst_queue_array_pop_head_struct (queue->items) : NULL;
    if (head)
      break;
    if (deadline < 0 || !running) {
      g_cond_wait (&queue->cond, &queue->lock);
    } else if (!g_cond_wait_until (&queue->cond, &queue->lock, deadline)) {
      item->type = PENSTOCK_RTMP_QUEUE_TIMEOUT;
      break;
    }
  }
  if (head) {
    *item = *head;
    if (item->message)
      queue->bytes -= item->message->size;
    else
      queue->n_news--;
  }
  g_mutex_unlock (&queue->lock);
}

void
penstock_rtmp_queue_set_state (
    PenstockRtmpQueue *queue, PenstockRtmpQueueState state)
{
  g_mutex_lock (&queue->lock);
  queue->state = state;
  g_cond_signal (&queue->cond);
  g_mutex_unlock (&queue->lock);
}

static void
drop_frames (PenstockRtmpQueue *queue)
{
  for (guint n = gst_queue_array_get_length (queue->items); n > 0; n--) {
    PenstockRtmpQueueItem item = *(
        PenstockRtmpQueueItem *) gst_queue_array_pop_head_struct (queue->items);

    if (item.message && is_frame (item.message)) {
      queue->bytes -= item.message->size;
      penstock_rtmp_queue_item_clear (&item);
    } else {
      gst_queue_array_push_tail_struct (queue->items, &item);
    }
  }
}

void
penstock_rtmp_queue_resume (PenstockRtmpQueue *queue)
{
  PenstockRtmpQueueItem resumed = { .type = PENSTOCK_RTMP_QUEUE_RESUMED };

  g_mutex_lock (&queue->lock);
  drop_frames (queue);
  resumed.arrival = queue->newest; /* it counts in the level */
  push_locked (queue, &resumed);
  queue->state = PENSTOCK_RTMP_QUEUE_RUNNING;
  g_mutex_unlock (&queue->lock);
}

void
penstock_rtmp_queue_clear (PenstockRtmpQueue *queue)
{
  g_mutex_lock (&queue->lock);
  gst_queue_array_clear (queue->items);
  queue->bytes = queue->n_news = 0;
  queue->full = queue->lost_video = queue->lost_audio = FALSE;
  g_mutex_unlock (&queue->lock);
}

void
penstock_rtmp_queue_get_level (
    PenstockRtmpQueue *queue, PenstockRtmpQueueLevel *level)
{
  g_mutex_lock (&queue->lock);
  *level = (PenstockRtmpQueueLevel){ .bytes = queue->bytes,
    .time = level_time (queue),
    .dropped_video = queue->dropped_video,
    .dropped_audio = queue->dropped_audio };
  g_mutex_unlock (&queue->lock);
}
