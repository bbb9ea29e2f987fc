/* SPDX-License-Identifier: MIT
 *
 * A channel: the named, process-wide meeting point of one input and any number
 * of outputs. It holds tracks, state, statistics and one GOP log of access
 * units (GstBuffer, absolute monotonic time). Thread-safe. */
#ifndef PENSTOCK_CHANNEL_H
#define PENSTOCK_CHANNEL_H

#include <gst/gst.h>

#include "gop-log.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_CHANNEL (penstock_channel_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockChannel, penstock_channel, PENSTOCK, CHANNEL, GObject)

/**
 * PenstockChannelState:
 * @PENSTOCK_CHANNEL_OFFLINE: no media now, may come (back); readers wait
 * @PENSTOCK_CHANNEL_ONLINE: media flows
 * @PENSTOCK_CHANNEL_ENDED: over; readers get EOS. A new publisher re-opens
 */
typedef enum
{
  PENSTOCK_CHANNEL_OFFLINE,
  PENSTOCK_CHANNEL_ONLINE,
  PENSTOCK_CHANNEL_ENDED,
} PenstockChannelState;

typedef enum
{
  PENSTOCK_TRACK_VIDEO,
  PENSTOCK_TRACK_AUDIO,
} PenstockTrackKind;

/**
 * PenstockTrack:
 * @id: number in the log; stable for the life of the layout's epoch
 * @kind: video or audio
 * @caps: caps of the canonical format, with codec_data where the codec has it
 */
typedef struct
{
  guint id;
  PenstockTrackKind kind;
  GstCaps *caps;
} PenstockTrack;

/**
 * PenstockLayout:
 * @version: grows with every change
 * @epoch: grows when the timeline breaks (new publisher, jump)
 * @n_tracks: length of @tracks
 *
 * Immutable set of tracks with their caps; the context of each log entry.
 */
typedef struct
{
  GstMiniObject parent;
  guint version;
  guint epoch;
  guint n_tracks;
  PenstockTrack tracks[PENSTOCK_GOP_LOG_MAX_TRACKS];
} PenstockLayout;

GType penstock_layout_get_type (void);

static inline PenstockLayout *
penstock_layout_ref (PenstockLayout *layout)
{
  return (PenstockLayout *) gst_mini_object_ref (
      GST_MINI_OBJECT_CAST (layout));
}

static inline void
penstock_layout_unref (PenstockLayout *layout)
{
  gst_mini_object_unref (GST_MINI_OBJECT_CAST (layout));
}

const PenstockTrack *penstock_layout_find (const PenstockLayout *layout,
    guint track_id);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockLayout, penstock_layout_unref)

/**
 * penstock_channel_get:
 * @name: name of the channel (in the gateway: the route's name)
 *
 * Finds or makes the channel. It exists once per process and lives as long
 * as somebody holds a reference.
 *
 * Returns: (transfer full): the channel
 */
PenstockChannel *penstock_channel_get (const gchar *name);

/* Like penstock_channel_get(), but %NULL when it does not exist. */
PenstockChannel *penstock_channel_lookup (const gchar *name);

const gchar *penstock_channel_get_name (PenstockChannel *self);
PenstockChannelState penstock_channel_get_state (PenstockChannel *self);

/* (transfer full) (nullable): the newest layout, also while OFFLINE (readers
 * can build their side before data flows); %NULL before the first one. */
PenstockLayout *penstock_channel_get_layout (PenstockChannel *self);

/* (transfer none): lives as long as the channel. */
PenstockGopLog *penstock_channel_get_log (PenstockChannel *self);

/* Bounds of the log, before the first access unit. */
void penstock_channel_set_limits (PenstockChannel *self,
    const PenstockGopLogLimits *limits);

/* Wall clock (UTC since the epoch, ns) of a log time; one mapping for the
 * whole life of the channel. */
GstClockTime penstock_channel_to_wall_clock (PenstockChannel *self,
    GstClockTime log_time);

/* Now in the log's time: the monotonic system clock, ns. */
GstClockTime penstock_channel_now (void);

/* Writer side: one writer at a time. A claim fails while another writer holds
 * the channel. */
gboolean penstock_channel_claim (PenstockChannel *self, gpointer writer);
void penstock_channel_release (PenstockChannel *self, gpointer writer);

/* Makes @tracks the layout of what is appended from now on. @new_epoch:
 * the timeline breaks here. */
void penstock_channel_set_layout (PenstockChannel *self,
    const PenstockTrack *tracks, guint n_tracks, gboolean new_epoch);

/* Appends one access unit. @buffer: (transfer full), PTS and DTS in log time
 * (both valid), flags DELTA_UNIT, DROPPABLE, DISCONT as in GStreamer. */
void penstock_channel_append (PenstockChannel *self, guint track_id,
    GstBuffer *buffer);

/* Emits `state-changed`. Going OFFLINE or ENDED keeps the layout. */
void penstock_channel_set_state (PenstockChannel *self,
    PenstockChannelState state);

/**
 * PenstockTrackStats:
 *
 * Statistics of one track over the last seconds.
 */
typedef struct
{
  guint id;
  PenstockTrackKind kind;
  guint64 access_units, bytes, keyframes;
  gboolean rates_known;       /* after a second or two; else both are 0 */
  gdouble bitrate;            /* bit/s, over the last 5 s at most */
  gdouble rate;               /* access units a second, same span */
  GstClockTime gop_duration;  /* between the last two keyframes; NONE unknown */
  guint gop_length;           /* access units between the last two keyframes */
  GstClockTime last_keyframe; /* log time; NONE before the first */
  guint64 gaps;               /* discontinuities after the first access unit */
} PenstockTrackStats;

typedef struct
{
  PenstockChannelState state;
  GstClockTime since;       /* log time of the last change of state */
  GstClockTime last_data;   /* log time of arrival; NONE before */
  guint epoch, layout_version;
  guint n_tracks;
  PenstockTrackStats tracks[PENSTOCK_GOP_LOG_MAX_TRACKS];
  PenstockGopLogStats log;
  guint n_readers;
} PenstockChannelStats;

void penstock_channel_get_stats (PenstockChannel *self,
    PenstockChannelStats *stats);

/* Readers tell that they are there, for statistics and on-demand starts. */
void penstock_channel_add_reader (PenstockChannel *self);
void penstock_channel_remove_reader (PenstockChannel *self);

/* Signals, emitted without locks from the thread that caused them:
 *   state-changed (PenstockChannelState state)
 *   layout-changed ()
 *   readers-changed (guint n_readers)
 */

G_END_DECLS

#endif /* PENSTOCK_CHANNEL_H */
