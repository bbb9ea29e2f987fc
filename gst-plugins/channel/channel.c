/* SPDX-License-Identifier: MIT
 *
 * Channels and their process-wide registry. See channel.h. */

#include "channel.h"

#include "rate-meter.h"

typedef struct {
  PenstockTrackStats stats;
  PenstockRateMeter meter; /* since the channel went ONLINE */
  guint since_keyframe;    /* access units */
} TrackCounter;

struct _PenstockChannel {
  GObject parent;

  gchar *name;              /* set at construction */
  PenstockGopLog *log;      /* set at construction */
  GstClockTime wall_offset; /* UTC - log time; set at construction */
  gint n_readers;           /* atomic */

  GMutex lock; /* guards the rest; taken alone */
  PenstockChannelState state;
  GstClockTime since;
  GstClockTime last_data;
  PenstockLayout *layout;
  gpointer writer;
  TrackCounter tracks[PENSTOCK_GOP_LOG_MAX_TRACKS];
};

G_DEFINE_FINAL_TYPE (PenstockChannel, penstock_channel, G_TYPE_OBJECT)

enum {
  SIGNAL_STATE_CHANGED,
  SIGNAL_LAYOUT_CHANGED,
  SIGNAL_READERS_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* Name -> GWeakRef of the channel. */
static GMutex registry_lock;
static GHashTable *registry;

/* --- layouts ------------------------------------------------------------ */

GST_DEFINE_MINI_OBJECT_TYPE (PenstockLayout, penstock_layout);

static void
layout_free (PenstockLayout *layout)
{
  for (guint i = 0; i < layout->n_tracks; i++)
    gst_caps_unref (layout->tracks[i].caps);
  g_free (layout);
}

static PenstockLayout *
layout_new (const PenstockTrack *tracks, guint n_tracks)
{
  PenstockLayout *layout = g_new0 (PenstockLayout, 1);

  gst_mini_object_init (GST_MINI_OBJECT_CAST (layout), 0,
      penstock_layout_get_type (), NULL, NULL,
      (GstMiniObjectFreeFunction) layout_free);
  layout->n_tracks = n_tracks;
  for (guint i = 0; i < n_tracks; i++) {
    layout->tracks[i] = tracks[i];
    gst_caps_ref (tracks[i].caps);
  }
  return layout;
}

const PenstockTrack *
penstock_layout_find (const PenstockLayout *layout, guint track_id)
{
  for (guint i = 0; i < layout->n_tracks; i++)
    if (layout->tracks[i].id == track_id)
      return &layout->tracks[i];
  return NULL;
}

/* --- registry ----------------------------------------------------------- */

static void
weak_ref_free (GWeakRef *ref)
{
  g_weak_ref_clear (ref);
  g_free (ref);
}

static PenstockChannel *
registry_find (const gchar *name)
{
  GWeakRef *ref = registry ? g_hash_table_lookup (registry, name) : NULL;

  return ref ? g_weak_ref_get (ref) : NULL;
}

PenstockChannel *
penstock_channel_lookup (const gchar *name)
{
  g_mutex_lock (&registry_lock);
  PenstockChannel *self = registry_find (name);
  g_mutex_unlock (&registry_lock);
  return self;
}

PenstockChannel *
penstock_channel_get (const gchar *name)
{
  g_mutex_lock (&registry_lock);
  PenstockChannel *self = registry_find (name);
  if (!self) {
    if (!registry)
      registry = g_hash_table_new_full (
          g_str_hash, g_str_equal, g_free, (GDestroyNotify) weak_ref_free);
    self = g_object_new (PENSTOCK_TYPE_CHANNEL, NULL);
    self->name = g_strdup (name);
    GWeakRef *ref = g_new0 (GWeakRef, 1);
    g_weak_ref_init (ref, self);
    g_hash_table_replace (registry, g_strdup (name), ref);
  }
  g_mutex_unlock (&registry_lock);
  return self;
}

/* Forgets the name unless somebody has made a new channel of that name. */
static void
registry_forget (const gchar *name)
{
  g_mutex_lock (&registry_lock);
  PenstockChannel *other = registry_find (name);
  if (!other)
    g_hash_table_remove (registry, name);
  g_mutex_unlock (&registry_lock);
  g_clear_object (&other);
}

/* --- getters ------------------------------------------------------------ */

GstClockTime
penstock_channel_now (void)
{
  return (GstClockTime) g_get_monotonic_time () * GST_USECOND;
}

const gchar *
penstock_channel_get_name (PenstockChannel *self)
{
  return self->name;
}

PenstockChannelState
penstock_channel_get_state (PenstockChannel *self)
{
  g_mutex_lock (&self->lock);
  PenstockChannelState state = self->state;
  g_mutex_unlock (&self->lock);
  return state;
}

PenstockLayout *
penstock_channel_get_layout (PenstockChannel *self)
{
  g_mutex_lock (&self->lock);
  PenstockLayout *layout =
      self->layout ? penstock_layout_ref (self->layout) : NULL;
  g_mutex_unlock (&self->lock);
  return layout;
}

PenstockGopLog *
penstock_channel_get_log (PenstockChannel *self)
{
  return self->log;
}

void
penstock_channel_set_limits (
    PenstockChannel *self, const PenstockGopLogLimits *limits)
{
  penstock_gop_log_set_limits (self->log, limits);
}

GstClockTime
penstock_channel_to_wall_clock (PenstockChannel *self, GstClockTime log_time)
{
  return log_time + self->wall_offset;
}

/* --- writer ------------------------------------------------------------- */

gboolean
penstock_channel_claim (PenstockChannel *self, gpointer writer)
{
  g_mutex_lock (&self->lock);
  gboolean ok = self->writer == NULL || self->writer == writer;
  if (ok)
    self->writer = writer;
  g_mutex_unlock (&self->lock);
  return ok;
}

void
penstock_channel_release (PenstockChannel *self, gpointer writer)
{
  g_mutex_lock (&self->lock);
  if (self->writer == writer)
    self->writer = NULL;
  g_mutex_unlock (&self->lock);
}

static gboolean
has_video (const PenstockLayout *layout)
{
  for (guint i = 0; layout && i < layout->n_tracks; i++)
    if (layout->tracks[i].kind == PENSTOCK_TRACK_VIDEO)
      return TRUE;
  return FALSE;
}

void
penstock_channel_set_layout (PenstockChannel *self, const PenstockTrack *tracks,
    guint n_tracks, gboolean new_epoch)
{
  g_return_if_fail (n_tracks <= PENSTOCK_GOP_LOG_MAX_TRACKS);

  PenstockLayout *layout = layout_new (tracks, n_tracks);
  g_mutex_lock (&self->lock);
  PenstockLayout *old = self->layout;
  layout->version = old ? old->version + 1 : 1;
  layout->epoch = old ? old->epoch + (new_epoch ? 1 : 0) : 1;
  self->layout = layout;
  for (guint i = 0; i < n_tracks; i++) {
    PenstockTrackStats *stats = &self->tracks[tracks[i].id].stats;
    stats->id = tracks[i].id;
    stats->kind = tracks[i].kind;
  }
  g_mutex_unlock (&self->lock);

  /* The log decides by video where GOPs begin; start it afresh when that
   * changes. */
  if (old && has_video (old) != has_video (layout))
    penstock_gop_log_clear (self->log);
  g_clear_pointer (&old, penstock_layout_unref);
  g_signal_emit (self, signals[SIGNAL_LAYOUT_CHANGED], 0);
}

static void
count (TrackCounter *counter, const GstBuffer *buffer, gsize size,
    gboolean keyframe)
{
  PenstockTrackStats *stats = &counter->stats;
  GstClockTime time = GST_BUFFER_DTS (buffer);

  penstock_rate_meter_add (&counter->meter, time, size);
  /* A track's first access unit has nothing before it to be a gap from. */
  if (stats->access_units > 0 &&
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
    stats->gaps++;
  stats->access_units++;
  stats->bytes += size;
  if (stats->kind != PENSTOCK_TRACK_VIDEO)
    return;
  if (keyframe) {
    if (stats->last_keyframe != GST_CLOCK_TIME_NONE &&
        time > stats->last_keyframe) {
      stats->gop_duration = time - stats->last_keyframe;
      stats->gop_length = counter->since_keyframe;
    }
    stats->last_keyframe = time;
    stats->keyframes++;
    counter->since_keyframe = 0;
  }
  counter->since_keyframe++;
}

void
penstock_channel_append (
    PenstockChannel *self, guint track_id, GstBuffer *buffer)
{
  g_return_if_fail (track_id < PENSTOCK_GOP_LOG_MAX_TRACKS);
  g_return_if_fail (
      GST_BUFFER_PTS_IS_VALID (buffer) && GST_BUFFER_DTS_IS_VALID (buffer));

  gsize size = gst_buffer_get_size (buffer);
  gboolean delta = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  PenstockEntryFlags flags = 0;

  g_mutex_lock (&self->lock);
  TrackCounter *counter = &self->tracks[track_id];
  g_autoptr (PenstockLayout) layout =
      self->layout ? penstock_layout_ref (self->layout) : NULL;
  if (counter->stats.kind == PENSTOCK_TRACK_VIDEO)
    flags |= PENSTOCK_ENTRY_VIDEO | (delta ? 0 : PENSTOCK_ENTRY_KEYFRAME);
  count (counter, buffer, size, !delta);
  self->last_data = penstock_channel_now ();
  g_mutex_unlock (&self->lock);

  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DROPPABLE))
    flags |= PENSTOCK_ENTRY_DROPPABLE;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
    flags |= PENSTOCK_ENTRY_DISCONT;
  penstock_gop_log_append (self->log, track_id, flags, GST_BUFFER_DTS (buffer),
      size, GST_MINI_OBJECT_CAST (buffer), GST_MINI_OBJECT_CAST (layout));
}

void
penstock_channel_set_state (PenstockChannel *self, PenstockChannelState state)
{
  g_mutex_lock (&self->lock);
  gboolean changed = self->state != state;
  /* The first access units of a stream come before it is called ONLINE. */
  if (changed && self->state == PENSTOCK_CHANNEL_ONLINE)
    for (guint i = 0; i < G_N_ELEMENTS (self->tracks); i++)
      penstock_rate_meter_reset (&self->tracks[i].meter);
  self->state = state;
  if (changed)
    self->since = penstock_channel_now ();
  g_mutex_unlock (&self->lock);

  if (changed)
    g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0, (guint) state);
}

/* --- readers and statistics --------------------------------------------- */

void
penstock_channel_add_reader (PenstockChannel *self)
{
  guint n = g_atomic_int_add (&self->n_readers, 1) + 1;

  g_signal_emit (self, signals[SIGNAL_READERS_CHANGED], 0, n);
}

void
penstock_channel_remove_reader (PenstockChannel *self)
{
  guint n = g_atomic_int_add (&self->n_readers, -1) - 1;

  g_signal_emit (self, signals[SIGNAL_READERS_CHANGED], 0, n);
}

void
penstock_channel_get_stats (PenstockChannel *self, PenstockChannelStats *stats)
{
  GstClockTime now = penstock_channel_now ();

  *stats = (PenstockChannelStats){ 0 };
  g_mutex_lock (&self->lock);
  stats->state = self->state;
  stats->since = self->since;
  stats->last_data = self->last_data;
  if (self->layout) {
    stats->epoch = self->layout->epoch;
    stats->layout_version = self->layout->version;
    stats->n_tracks = self->layout->n_tracks;
    for (guint i = 0; i < stats->n_tracks; i++) {
      const TrackCounter *counter = &self->tracks[self->layout->tracks[i].id];
      stats->tracks[i] = counter->stats;
      stats->tracks[i].rates_known = penstock_rate_meter_get (&counter->meter,
          now, &stats->tracks[i].bitrate, &stats->tracks[i].rate);
    }
  }
  g_mutex_unlock (&self->lock);
  stats->n_readers = g_atomic_int_get (&self->n_readers);
  penstock_gop_log_get_stats (self->log, &stats->log);
}

/* --- object ------------------------------------------------------------- */

static void
penstock_channel_finalize (GObject *object)
{
  PenstockChannel *self = PENSTOCK_CHANNEL (object);

  registry_forget (self->name);
  g_clear_pointer (&self->layout, penstock_layout_unref);
  penstock_gop_log_unref (self->log);
  g_mutex_clear (&self->lock);
  g_free (self->name);
  G_OBJECT_CLASS (penstock_channel_parent_class)->finalize (object);
}

static void
penstock_channel_class_init (PenstockChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_channel_finalize;

  signals[SIGNAL_STATE_CHANGED] =
      g_signal_new ("state-changed", G_TYPE_FROM_CLASS (klass),
          G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_LAYOUT_CHANGED] =
      g_signal_new ("layout-changed", G_TYPE_FROM_CLASS (klass),
          G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_READERS_CHANGED] =
      g_signal_new ("readers-changed", G_TYPE_FROM_CLASS (klass),
          G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
penstock_channel_init (PenstockChannel *self)
{
  g_mutex_init (&self->lock);
  self->log = penstock_gop_log_new (NULL);
  self->since = penstock_channel_now ();
  self->last_data = GST_CLOCK_TIME_NONE;
  self->wall_offset =
      (GstClockTime) g_get_real_time () * GST_USECOND - self->since;
  for (guint i = 0; i < PENSTOCK_GOP_LOG_MAX_TRACKS; i++) {
    self->tracks[i].stats.last_keyframe = GST_CLOCK_TIME_NONE;
    self->tracks[i].stats.gop_duration = GST_CLOCK_TIME_NONE;
  }
}
