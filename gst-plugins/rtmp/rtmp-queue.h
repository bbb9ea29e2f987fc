/* SPDX-License-Identifier: MIT
 *
 * Bounded queue between an I/O thread that must never wait and the streaming
 * thread of one element. Over its bounds it refuses video until there is room
 * again, then audio; configurations and news of the publication always fit. */
#ifndef PENSTOCK_RTMP_QUEUE_H
#define PENSTOCK_RTMP_QUEUE_H

#include "rtmp-publication.h"

G_BEGIN_DECLS

/* Received and not yet pushed, in time of arrival and in bytes; audio has
 * twice as much. More means that downstream is too slow for this stream. */
#define PENSTOCK_RTMP_QUEUE_TIME (4 * GST_SECOND)
#define PENSTOCK_RTMP_QUEUE_BYTES (32 * 1024 * 1024)
/* Starts and ends waiting; more only if downstream is stuck for good. */
#define PENSTOCK_RTMP_QUEUE_MAX_NEWS 64

typedef enum {
  PENSTOCK_RTMP_QUEUE_STARTED,
  PENSTOCK_RTMP_QUEUE_MESSAGE,
  PENSTOCK_RTMP_QUEUE_ENDED,
  PENSTOCK_RTMP_QUEUE_EXPIRED,
  PENSTOCK_RTMP_QUEUE_RESUMED, /* frames before this are gone */
  PENSTOCK_RTMP_QUEUE_EOS,     /* the application asked for the end */
  PENSTOCK_RTMP_QUEUE_TIMEOUT, /* of the pop */
  PENSTOCK_RTMP_QUEUE_QUIT,
} PenstockRtmpQueueType;

/**
 * PenstockRtmpQueueItem:
 * @arrival: monotonic time, ns
 * @message: (MESSAGE)
 * @lost: (MESSAGE) messages of this kind were refused before this one
 * @peer, @encoder: (STARTED)
 * @end, @detail: (ENDED)
 */
typedef struct {
  PenstockRtmpQueueType type;
  GstClockTime arrival;
  PenstockRtmpMessage *message;
  gboolean lost;
  gchar *peer, *encoder;
  PenstockRtmpEnd end;
  gchar *detail;
} PenstockRtmpQueueItem;

void penstock_rtmp_queue_item_clear (PenstockRtmpQueueItem *item);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (
    PenstockRtmpQueueItem, penstock_rtmp_queue_item_clear)

typedef struct _PenstockRtmpQueue PenstockRtmpQueue;

typedef enum {
  PENSTOCK_RTMP_QUEUE_PAUSED, /* takes items, gives none: pop waits */
  PENSTOCK_RTMP_QUEUE_RUNNING,
  PENSTOCK_RTMP_QUEUE_QUITTING, /* pop returns QUIT at once */
} PenstockRtmpQueueState;

/* Starts paused. */
PenstockRtmpQueue *penstock_rtmp_queue_new (void);
void penstock_rtmp_queue_free (PenstockRtmpQueue *queue);

/* Any thread; never waits. @item: (transfer full), cleared by the call. */
void penstock_rtmp_queue_push (
    PenstockRtmpQueue *queue, PenstockRtmpQueueItem *item);

/**
 * penstock_rtmp_queue_pop:
 * @deadline: monotonic microseconds, -1 = none
 * @item: (out): clear it
 *
 * Waits for the next item; TIMEOUT after @deadline.
 */
void penstock_rtmp_queue_pop (
    PenstockRtmpQueue *queue, gint64 deadline, PenstockRtmpQueueItem *item);

void penstock_rtmp_queue_set_state (
    PenstockRtmpQueue *queue, PenstockRtmpQueueState state);
/* Runs again after a pause: forgets the frames that waited, which are old,
 * keeps configurations and news, and says RESUMED. */
void penstock_rtmp_queue_resume (PenstockRtmpQueue *queue);
void penstock_rtmp_queue_clear (PenstockRtmpQueue *queue);

typedef struct {
  gsize bytes;
  GstClockTime time;
  guint64 dropped_video, dropped_audio; /* messages, since it was made */
} PenstockRtmpQueueLevel;

void penstock_rtmp_queue_get_level (
    PenstockRtmpQueue *queue, PenstockRtmpQueueLevel *level);

G_END_DECLS

#endif /* PENSTOCK_RTMP_QUEUE_H */
