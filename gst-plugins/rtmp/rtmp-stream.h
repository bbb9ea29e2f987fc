/* SPDX-License-Identifier: MIT
 *
 * The streaming half of penstockrtmpsrc: messages of a publication in, pads
 * and buffers of the element out. Tracks, timestamps, events. All functions
 * but the statistics run on the element's streaming thread. */
#ifndef PENSTOCK_RTMP_STREAM_H
#define PENSTOCK_RTMP_STREAM_H

#include "rtmp-queue.h"

G_BEGIN_DECLS

/* Wait for tracks that metadata announced, before no-more-pads. */
#define PENSTOCK_RTMP_TRACK_WAIT (2 * G_USEC_PER_SEC)
/* A pad without data gets GAP events when others are so far ahead. */
#define PENSTOCK_RTMP_GAP_AFTER GST_SECOND
/* Tracks of one kind that become pads; more are ignored. */
#define PENSTOCK_RTMP_MAX_TRACKS 16

/* Media without one usable track for so long is pointless. */
#define PENSTOCK_RTMP_USELESS_AFTER (10 * GST_SECOND)

typedef struct _PenstockRtmpStream PenstockRtmpStream;

/* @element: (transfer none): has the pad templates video_%u and audio_%u */
PenstockRtmpStream *penstock_rtmp_stream_new (GstElement *element);
void penstock_rtmp_stream_free (PenstockRtmpStream *self);

/* A publication begins. @name: names the streams (stable stream ids). */
void penstock_rtmp_stream_start (PenstockRtmpStream *self, const gchar *name);

/* One message; OK, or why the element must stop (gst_flow_combiner rules,
 * NOT_LINKED only when all pads are known). */
GstFlowReturn penstock_rtmp_stream_take (
    PenstockRtmpStream *self, const PenstockRtmpQueueItem *item);

/* Whether media has come for %PENSTOCK_RTMP_USELESS_AFTER without a track that
 * can be used (unsupported, or never configured). TRUE once a publication. */
gboolean penstock_rtmp_stream_is_useless (PenstockRtmpStream *self);

/* Whether there is any pad. */
gboolean penstock_rtmp_stream_has_pads (PenstockRtmpStream *self);

/* Monotonic microseconds at which penstock_rtmp_stream_tick() wants to run,
 * -1 = never. */
gint64 penstock_rtmp_stream_get_deadline (PenstockRtmpStream *self);
void penstock_rtmp_stream_tick (PenstockRtmpStream *self);

/* The clock's running time jumped (paused and resumed). */
void penstock_rtmp_stream_rebase (PenstockRtmpStream *self);

/* EOS on all pads. */
void penstock_rtmp_stream_push_eos (PenstockRtmpStream *self);

/* Removes the pads and forgets all. After the streaming thread has ended. */
void penstock_rtmp_stream_reset (PenstockRtmpStream *self);

/**
 * PenstockRtmpStreamStats:
 * @malformed: messages and frames that could not be read
 * @skipped: video frames left out while waiting for a keyframe
 * @jumps, @regressions: of the timestamps
 */
typedef struct {
  guint64 video_frames, keyframes, audio_frames;
  guint64 malformed, skipped, jumps, regressions;
} PenstockRtmpStreamStats;

/* Any thread. */
void penstock_rtmp_stream_get_stats (
    PenstockRtmpStream *self, PenstockRtmpStreamStats *stats);

G_END_DECLS

#endif /* PENSTOCK_RTMP_STREAM_H */
