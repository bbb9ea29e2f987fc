/* SPDX-License-Identifier: MIT
 *
 * One track of a publication: items of FLV messages in, buffers in the
 * channel's canonical form out. Knows codecs and configurations, not pads or
 * clocks. One thread. */
#ifndef PENSTOCK_RTMP_TRACK_H
#define PENSTOCK_RTMP_TRACK_H

#include "flv-caps.h"
#include "flv-tag.h"
#include "nal.h"
#include "rtmp-message.h"

G_BEGIN_DECLS

/* Frames of AAC without a configuration before one is made from metadata. */
#define PENSTOCK_RTMP_AAC_PATIENCE 50
/* Parameter sets and SEI kept that came in a message without a picture. */
#define PENSTOCK_RTMP_MAX_PREFIX (64 * 1024)

/**
 * PenstockRtmpTrackStats:
 * @frames: buffers made
 * @keyframes: video only
 * @malformed: frames and configurations that could not be used
 * @skipped: video frames left out while waiting for a keyframe
 */
typedef struct {
  guint64 frames, keyframes, malformed, skipped;
} PenstockRtmpTrackStats;

/**
 * PenstockRtmpTrack:
 * @kind, @id: set once
 * @codec: of the last item
 * @caps: (nullable): of the last buffer
 * @stats: since the track was made
 *
 * Read by the owner; changed only here.
 */
typedef struct {
  PenstockFlvKind kind;
  guint8 id;
  PenstockFlvCodec codec;
  GstCaps *caps;
  PenstockRtmpTrackStats stats;
  /*< private >*/
  GBytes *raw_config;          /* as received; equal ones are swallowed */
  GBytes *config;              /* as it goes into the caps */
  PenstockParameterSets *sets; /* of config, H.264 and H.265 */
  PenstockNalStream nal;
  GByteArray *prefix;  /* units without a picture; before the next */
  gboolean caps_stale; /* make new ones at the next (key)frame */
  gboolean await_keyframe;
  gboolean discont;
  gboolean ignored;     /* unsupported, told already */
  guint n_unconfigured; /* frames without a configuration */
  GstCaps *next_caps;   /* of the newest frame */
  gboolean joins;       /* a picture comes in several messages */
  GstBuffer *held;      /* joins: the picture that may go on */
  GstCaps *held_caps;
  gboolean held_new_caps;
  GstClockTimeDiff last_time; /* of the last frame, as given */
  GstClockTime last_dts;
  GstClockTimeDiff dts_shift; /* for negative composition times */
} PenstockRtmpTrack;

PenstockRtmpTrack *penstock_rtmp_track_new (PenstockFlvKind kind, guint8 id);
void penstock_rtmp_track_free (PenstockRtmpTrack *self);

/* Another publication begins: forgets codec, configuration and times, keeps
 * the caps and statistics. */
void penstock_rtmp_track_restart (PenstockRtmpTrack *self);

/* Something is missing before the next item. Video waits for a keyframe when
 * @frames_lost, else only the timeline broke. */
void penstock_rtmp_track_break (PenstockRtmpTrack *self, gboolean frames_lost);

typedef enum {
  PENSTOCK_RTMP_TRACK_NOTHING,     /* swallowed */
  PENSTOCK_RTMP_TRACK_BUFFER,      /* *buffer is set, caps as before */
  PENSTOCK_RTMP_TRACK_NEW_CAPS,    /* *buffer is set, and caps are new */
  PENSTOCK_RTMP_TRACK_UNSUPPORTED, /* *reason is set; said once */
} PenstockRtmpTrackResult;

/**
 * penstock_rtmp_track_take:
 *
 * Some recorders send the slices of a picture in messages of their own, with
 * one time. Once that is seen, a picture waits for the next one.
 *
 * @message: the message; buffers share its memory
 * @item: one of its items, of this track's kind and id
 * @time: running time of the item's decoding time, may be negative (ns)
 * @hints: from the metadata
 * @buffer: (out) (transfer full): PTS and DTS valid, DTS never decreases;
 *   DELTA_UNIT, DISCONT and DROPPABLE as they apply
 * @reason: (out) (transfer full): a sentence
 */
PenstockRtmpTrackResult penstock_rtmp_track_take (PenstockRtmpTrack *self,
    PenstockRtmpMessage *message, const PenstockFlvItem *item,
    GstClockTimeDiff time, const PenstockFlvHints *hints, GstBuffer **buffer,
    gchar **reason);

G_END_DECLS

#endif /* PENSTOCK_RTMP_TRACK_H */
