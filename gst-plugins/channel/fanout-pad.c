/* SPDX-License-Identifier: MIT
 *
 * A source pad of penstockfanout: a task that reads the log by its own cursor
 * and pushes. See fanout-pad.h. */

#include "fanout-pad.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_fanout_debug);
#define GST_CAT_DEFAULT penstock_fanout_debug

enum {
  PROP_READER = PENSTOCK_FANOUT_N_READER_PROPS,
  PROP_STREAM,
  PROP_STATS,
};

struct _PenstockFanoutPad {
  GstPad parent;

  /* Set at construction. */
  const PenstockFanoutPadOwner *owner;
  PenstockGopLog *log;

  /* Element's lock. */
  PenstockFanoutReader *reader;
  gpointer stream;

  GMutex lock; /* guards up to the task's fields */
  GCond cond;
  guint reader_number, stream_number;
  gboolean active, woken;
  gboolean video;
  gboolean unlinked; /* since the last turn: begin anew */
  gboolean flushing;
  GstEvent *flush_stop;       /* to be pushed */
  PenstockFanoutPadState end; /* why it is to end; WAITING = it is not */
  PenstockStickySet *sticky;  /* of the stream's newest moment */
  GstEvent *eos;              /* the stream has ended */
  PenstockCursorSettings settings;
  PenstockFanoutPadState state; /* written by the task */
  PenstockCursor snapshot;      /* of the task's cursor */
  PenstockCursorStats past;     /* of earlier joins */
  guint64 n_joins;

  /* The task, or activation while there is none. */
  PenstockCursor cursor;
  PenstockStickySet *sent; /* what downstream has been told */
  gboolean joined;
  gboolean counted; /* this join, at its first push */
  gboolean had_joined;
  gboolean more;    /* the log may have more at once */
  gboolean discont; /* the next buffer breaks with the last */
};

G_DEFINE_FINAL_TYPE (PenstockFanoutPad, penstock_fanout_pad, GST_TYPE_PAD)

/* What a turn of the task works on, taken under the lock. */
typedef struct {
  gboolean active, flushing, unlinked, video;
  GstEvent *flush_stop, *eos;
  PenstockStickySet *sticky;
  PenstockFanoutPadState end;
  PenstockCursorSettings settings;
} Work;

static void
work_clear (Work *work)
{
  g_clear_pointer (&work->flush_stop, gst_event_unref);
  g_clear_pointer (&work->eos, gst_event_unref);
  g_clear_pointer (&work->sticky, penstock_sticky_set_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Work, work_clear)

/* --- statistics --------------------------------------------------------- */

static void
add_cursor_stats (PenstockCursorStats *sum, const PenstockCursorStats *stats)
{
  sum->n_read += stats->n_read;
  sum->skipped_lag += stats->skipped_lag;
  sum->skipped_non_reference += stats->skipped_non_reference;
  sum->skipped_audio += stats->skipped_audio;
  sum->skipped_overrun += stats->skipped_overrun;
  sum->n_skips += stats->n_skips;
}

void
penstock_fanout_pad_stats_add (
    PenstockFanoutPadStats *sum, const PenstockFanoutPadStats *stats)
{
  sum->state = MAX (sum->state, stats->state);
  sum->n_joins = MAX (sum->n_joins, stats->n_joins);
  sum->backlog.lag = MAX (sum->backlog.lag, stats->backlog.lag);
  sum->backlog.entries += stats->backlog.entries;
  sum->backlog.bytes += stats->backlog.bytes;
  add_cursor_stats (&sum->cursor, &stats->cursor);
}

void
penstock_fanout_pad_get_stats (
    PenstockFanoutPad *self, PenstockFanoutPadStats *stats)
{
  *stats = (PenstockFanoutPadStats){ 0 };
  g_mutex_lock (&self->lock);
  PenstockCursor cursor = self->snapshot;
  stats->reader = self->reader_number;
  stats->stream = self->stream_number;
  stats->state = self->state;
  stats->n_joins = self->n_joins;
  stats->cursor = self->past;
  add_cursor_stats (&stats->cursor, &cursor.stats);
  /* Audio is skipped one by one; its cursor does not jump. */
  if (!self->video)
    stats->cursor.n_skips = 0;
  g_mutex_unlock (&self->lock);

  if (stats->state <= PENSTOCK_FANOUT_READING)
    penstock_gop_log_get_backlog (self->log, &cursor, &stats->backlog);
}

const gchar *
penstock_fanout_pad_state_name (PenstockFanoutPadState state)
{
  static const gchar *names[] = {
    [PENSTOCK_FANOUT_WAITING] = "waiting",
    [PENSTOCK_FANOUT_READING] = "reading",
    [PENSTOCK_FANOUT_EOS] = "eos",
    [PENSTOCK_FANOUT_DONE] = "done",
    [PENSTOCK_FANOUT_AUDIO_ONLY] = "audio-only",
    [PENSTOCK_FANOUT_DISCONNECTED] = "disconnected",
    [PENSTOCK_FANOUT_FAILED] = "failed",
  };

  return names[state];
}

GstStructure *
penstock_fanout_pad_stats_to_structure (
    const PenstockFanoutPadStats *stats, const gchar *name)
{
  const PenstockCursorStats *cursor = &stats->cursor;

  return gst_structure_new (name, "reader", G_TYPE_UINT, stats->reader, "state",
      G_TYPE_STRING, penstock_fanout_pad_state_name (stats->state), "joins",
      G_TYPE_UINT64, stats->n_joins, "lag", G_TYPE_UINT64, stats->backlog.lag,
      "queued-entries", G_TYPE_UINT, stats->backlog.entries, "queued-bytes",
      G_TYPE_UINT64, stats->backlog.bytes, "read", G_TYPE_UINT64,
      cursor->n_read, "skips", G_TYPE_UINT64, cursor->n_skips, "skipped-lag",
      G_TYPE_UINT64, cursor->skipped_lag, "skipped-non-reference",
      G_TYPE_UINT64, cursor->skipped_non_reference, "skipped-audio",
      G_TYPE_UINT64, cursor->skipped_audio, "skipped-overrun", G_TYPE_UINT64,
      cursor->skipped_overrun, NULL);
}

/* --- the task ----------------------------------------------------------- */

/* Waits until there may be something to do. FALSE: the task is to stop. */
static gboolean
take_work (PenstockFanoutPad *self, Work *work)
{
  g_mutex_lock (&self->lock);
  while (self->active && !self->woken && !self->more)
    g_cond_wait (&self->cond, &self->lock);
  *work = (Work){
    .active = self->active,
    .flushing = self->flushing,
    .unlinked = self->unlinked,
    .video = self->video,
    .flush_stop = g_steal_pointer (&self->flush_stop),
    .eos = self->eos ? gst_event_ref (self->eos) : NULL,
    .sticky = penstock_sticky_set_ref (self->sticky),
    .end = self->end,
    .settings = self->settings,
  };
  self->woken = self->unlinked = self->more = FALSE;
  g_mutex_unlock (&self->lock);
  return work->active;
}

static void
set_state (PenstockFanoutPad *self, PenstockFanoutPadState state)
{
  if (self->state == state)
    return;
  GST_DEBUG_OBJECT (self, "%s", penstock_fanout_pad_state_name (state));
  g_mutex_lock (&self->lock);
  self->state = state;
  g_mutex_unlock (&self->lock);
}

static void
publish_cursor (PenstockFanoutPad *self)
{
  g_mutex_lock (&self->lock);
  self->snapshot = self->cursor;
  g_mutex_unlock (&self->lock);
}

/* The reader is to join anew, and be told everything again. */
static void
leave (PenstockFanoutPad *self)
{
  g_mutex_lock (&self->lock);
  add_cursor_stats (&self->past, &self->cursor.stats);
  penstock_cursor_init (&self->cursor, &self->settings);
  self->snapshot = self->cursor;
  self->state = PENSTOCK_FANOUT_WAITING;
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->sent, penstock_sticky_set_unref);
  self->joined = FALSE;
}

static gboolean
join (PenstockFanoutPad *self, const Work *work)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (GST_PAD (self));

  if (self->joined)
    return TRUE;
  if (!element || !gst_pad_is_linked (GST_PAD (self)))
    return FALSE;
  penstock_cursor_init (&self->cursor, &work->settings);
  self->owner->join (element, self, &self->cursor, !self->had_joined);
  publish_cursor (self);
  self->joined = self->discont = self->had_joined = TRUE;
  self->counted = FALSE;
  return TRUE;
}

static void
push_sticky (PenstockFanoutPad *self, PenstockStickySet *sticky)
{
  if (sticky == self->sent)
    return;
  penstock_sticky_set_push (sticky, self->sent, GST_PAD (self));
  g_clear_pointer (&self->sent, penstock_sticky_set_unref);
  self->sent = penstock_sticky_set_ref (sticky);
}

static void
send_eos (PenstockFanoutPad *self, const Work *work, PenstockFanoutPadState why)
{
  push_sticky (self, work->sticky);
  if (penstock_sticky_set_get (work->sticky, GST_EVENT_STREAM_START))
    gst_pad_push_event (GST_PAD (self),
        work->eos ? gst_event_ref (work->eos) : gst_event_new_eos ());
  set_state (self, why);
}

/* Whether nothing is to be read: the pad has ended, or ends now. */
static gboolean
is_over (PenstockFanoutPad *self, const Work *work)
{
  if (self->state == PENSTOCK_FANOUT_EOS && !work->eos) {
    /* The stream goes on; a new STREAM_START takes the pad's EOS back. */
    g_clear_pointer (&self->sent, penstock_sticky_set_unref);
    set_state (self, PENSTOCK_FANOUT_READING);
  }
  if (self->state > PENSTOCK_FANOUT_READING)
    return TRUE;
  if (work->end == PENSTOCK_FANOUT_WAITING)
    return FALSE;
  send_eos (self, work, work->end);
  return TRUE;
}

/* What downstream made of a buffer. A failure is the reader's own: it ends,
 * the others go on. */
static void
handle_flow (PenstockFanoutPad *self, const Work *work, GstFlowReturn ret)
{
  switch (ret) {
  case GST_FLOW_FLUSHING:
  case GST_FLOW_NOT_LINKED:
    /* A flush of ours, or downstream is stopped or gone: when it is back it
     * joins anew. */
    leave (self);
    return;
  case GST_FLOW_EOS:
    send_eos (self, work, PENSTOCK_FANOUT_DONE);
    return;
  default:
    break;
  }
  if (ret >= GST_FLOW_OK) {
    if (!self->counted) {
      g_mutex_lock (&self->lock);
      self->n_joins++;
      g_mutex_unlock (&self->lock);
      self->counted = TRUE;
    }
    set_state (self, PENSTOCK_FANOUT_READING);
    return;
  }

  g_autoptr (GstElement) element = gst_pad_get_parent_element (GST_PAD (self));
  send_eos (self, work, PENSTOCK_FANOUT_FAILED);
  if (element)
    GST_ELEMENT_WARNING (element, STREAM, FAILED,
        ("Reader %u stopped: what follows it failed.", self->reader_number),
        ("pad %s: %s", GST_PAD_NAME (self), gst_flow_get_name (ret)));
}

static void
push_entry (PenstockFanoutPad *self, const Work *work, PenstockGopEntry *entry)
{
  push_sticky (self, (PenstockStickySet *) entry->context);
  if (entry->flags & PENSTOCK_ENTRY_DISCONT)
    self->discont = TRUE;
  if (GST_IS_EVENT (entry->payload)) {
    gst_pad_push_event (
        GST_PAD (self), GST_EVENT_CAST (g_steal_pointer (&entry->payload)));
    return;
  }

  GstBuffer *buffer = GST_BUFFER_CAST (g_steal_pointer (&entry->payload));
  if (self->discont &&
      !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)) {
    buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  }
  self->discont = FALSE;
  handle_flow (self, work, gst_pad_push (GST_PAD (self), buffer));
}

static void
tell_too_slow (PenstockFanoutPad *self, PenstockFanoutPadState state)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (GST_PAD (self));

  if (element)
    self->owner->too_slow (element, self, state);
}

/* One entry a turn, so that each is weighed against what is newest then. */
static void
read_entry (PenstockFanoutPad *self, const Work *work)
{
  PenstockGopEntry entry = { 0 };
  guint n = 0;

  self->cursor.settings = work->settings;
  PenstockReadResult result =
      penstock_gop_log_read (self->log, &self->cursor, &entry, 1, &n);
  publish_cursor (self);

  if (result == PENSTOCK_READ_TOO_SLOW) {
    tell_too_slow (self, PENSTOCK_FANOUT_DISCONNECTED);
  } else if (self->cursor.audio_only && work->video) {
    tell_too_slow (self, PENSTOCK_FANOUT_AUDIO_ONLY);
  } else if (result == PENSTOCK_READ_OK) {
    self->more = TRUE;
    push_entry (self, work, &entry);
  } else {
    /* All up to @work has been read: what it says is next. */
    push_sticky (self, work->sticky);
    if (work->eos)
      send_eos (self, work, PENSTOCK_FANOUT_EOS);
  }
  penstock_gop_entry_clear (&entry);
}

static void
src_loop (gpointer user_data)
{
  PenstockFanoutPad *self = user_data;
  g_auto (Work) work = { 0 };

  if (!take_work (self, &work))
    return;
  if (work.flush_stop) {
    leave (self);
    gst_pad_push_event (GST_PAD (self), g_steal_pointer (&work.flush_stop));
  }
  if (work.unlinked)
    leave (self);
  if (!work.flushing && !is_over (self, &work) && join (self, &work))
    read_entry (self, &work);
}

static gboolean
src_activate_mode (
    GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  PenstockFanoutPad *self = PENSTOCK_FANOUT_PAD (pad);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  g_mutex_lock (&self->lock);
  self->active = active;
  self->woken = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
  if (active)
    return gst_pad_start_task (pad, src_loop, pad, NULL);

  gboolean ok = gst_pad_stop_task (pad);
  leave (self);
  g_mutex_lock (&self->lock);
  self->end = PENSTOCK_FANOUT_WAITING;
  self->flushing = FALSE;
  g_clear_pointer (&self->flush_stop, gst_event_unref);
  self->had_joined = FALSE;
  g_mutex_unlock (&self->lock);
  return ok;
}

/* --- told by the element ------------------------------------------------ */

/* With the pad's lock. */
static void
wake (PenstockFanoutPad *self)
{
  if (self->woken)
    return;
  self->woken = TRUE;
  g_cond_signal (&self->cond);
}

void
penstock_fanout_pad_wake (PenstockFanoutPad *self)
{
  g_mutex_lock (&self->lock);
  wake (self);
  g_mutex_unlock (&self->lock);
}

void
penstock_fanout_pad_bind (PenstockFanoutPad *self, PenstockFanoutReader *reader,
    gpointer stream, guint stream_number)
{
  self->reader = reader;
  self->stream = stream;
  if (!reader)
    return;
  g_mutex_lock (&self->lock);
  self->reader_number = reader->number;
  self->stream_number = stream_number;
  g_mutex_unlock (&self->lock);
}

PenstockFanoutReader *
penstock_fanout_pad_get_reader (PenstockFanoutPad *self)
{
  return self->reader;
}

gpointer
penstock_fanout_pad_get_stream (PenstockFanoutPad *self)
{
  return self->stream;
}

void
penstock_fanout_pad_set_settings (
    PenstockFanoutPad *self, const PenstockCursorSettings *settings)
{
  g_mutex_lock (&self->lock);
  guint32 track_mask = self->settings.track_mask;
  self->settings = *settings;
  if (track_mask)
    self->settings.track_mask = track_mask;
  wake (self);
  g_mutex_unlock (&self->lock);
}

void
penstock_fanout_pad_set_video (PenstockFanoutPad *self, gboolean video)
{
  g_mutex_lock (&self->lock);
  self->video = video;
  g_mutex_unlock (&self->lock);
}

gboolean
penstock_fanout_pad_is_video (PenstockFanoutPad *self)
{
  g_mutex_lock (&self->lock);
  gboolean video = self->video;
  g_mutex_unlock (&self->lock);
  return video;
}

void
penstock_fanout_pad_set_sticky (
    PenstockFanoutPad *self, PenstockStickySet *sticky)
{
  penstock_sticky_set_ref (sticky);
  g_mutex_lock (&self->lock);
  PenstockStickySet *old = self->sticky;
  self->sticky = sticky;
  wake (self);
  g_mutex_unlock (&self->lock);
  penstock_sticky_set_unref (old);
}

void
penstock_fanout_pad_set_eos (PenstockFanoutPad *self, GstEvent *eos)
{
  g_mutex_lock (&self->lock);
  gst_event_replace (&self->eos, eos);
  wake (self);
  g_mutex_unlock (&self->lock);
}

void
penstock_fanout_pad_start_flush (PenstockFanoutPad *self)
{
  g_mutex_lock (&self->lock);
  self->flushing = TRUE;
  wake (self);
  g_mutex_unlock (&self->lock);
}

void
penstock_fanout_pad_stop_flush (PenstockFanoutPad *self, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  self->flushing = FALSE;
  gst_event_replace (&self->flush_stop, event);
  wake (self);
  g_mutex_unlock (&self->lock);
}

gboolean
penstock_fanout_pad_end (PenstockFanoutPad *self, PenstockFanoutPadState state)
{
  g_mutex_lock (&self->lock);
  gboolean changed = self->end != state;
  self->end = state;
  wake (self);
  g_mutex_unlock (&self->lock);
  return changed;
}

gboolean
penstock_fanout_pad_is_too_slow (PenstockFanoutPad *self)
{
  g_mutex_lock (&self->lock);
  gboolean may_be = self->state <= PENSTOCK_FANOUT_READING &&
      self->end == PENSTOCK_FANOUT_WAITING;
  PenstockCursor cursor = self->snapshot;
  g_mutex_unlock (&self->lock);
  return may_be && penstock_gop_log_is_too_slow (self->log, &cursor);
}

static void
penstock_fanout_pad_linked (GstPad *pad, GstPad *peer)
{
  penstock_fanout_pad_wake (PENSTOCK_FANOUT_PAD (pad));
}

/* What is linked next joins anew, also if this one has ended. */
static void
penstock_fanout_pad_unlinked (GstPad *pad, GstPad *peer)
{
  PenstockFanoutPad *self = PENSTOCK_FANOUT_PAD (pad);

  g_mutex_lock (&self->lock);
  self->unlinked = TRUE;
  self->end = PENSTOCK_FANOUT_WAITING;
  wake (self);
  g_mutex_unlock (&self->lock);
}

/* --- properties --------------------------------------------------------- */

static void
penstock_fanout_pad_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PenstockFanoutPad *self = PENSTOCK_FANOUT_PAD (object);
  g_autoptr (GstElement) element = gst_pad_get_parent_element (GST_PAD (self));

  if (id >= PENSTOCK_FANOUT_N_READER_PROPS)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  else if (element) /* a released pad has no reader */
    self->owner->set_reader_property (element, self, id, value);
}

static void
penstock_fanout_pad_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PenstockFanoutPad *self = PENSTOCK_FANOUT_PAD (object);
  PenstockFanoutPadStats stats;

  penstock_fanout_pad_get_stats (self, &stats);
  g_mutex_lock (&self->lock);
  PenstockCursorSettings settings = self->settings;
  g_mutex_unlock (&self->lock);
  switch (id) {
  case PROP_READER:
    g_value_set_uint (value, stats.reader);
    break;
  case PROP_STREAM:
    g_value_set_uint (value, stats.stream);
    break;
  case PROP_STATS:
    g_value_take_boxed (value,
        penstock_fanout_pad_stats_to_structure (
            &stats, "application/x-penstock-fanout-pad-stats"));
    break;
  default:
    if (!penstock_fanout_settings_get (&settings, id, value))
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
penstock_fanout_pad_finalize (GObject *object)
{
  PenstockFanoutPad *self = PENSTOCK_FANOUT_PAD (object);

  g_clear_pointer (&self->flush_stop, gst_event_unref);
  g_clear_pointer (&self->eos, gst_event_unref);
  g_clear_pointer (&self->sticky, penstock_sticky_set_unref);
  g_clear_pointer (&self->sent, penstock_sticky_set_unref);
  g_clear_pointer (&self->log, penstock_gop_log_unref);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_fanout_pad_parent_class)->finalize (object);
}

static void
penstock_fanout_pad_class_init (PenstockFanoutPadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = penstock_fanout_pad_set_property;
  object_class->get_property = penstock_fanout_pad_get_property;
  object_class->finalize = penstock_fanout_pad_finalize;
  GST_PAD_CLASS (klass)->linked = penstock_fanout_pad_linked;
  GST_PAD_CLASS (klass)->unlinked = penstock_fanout_pad_unlinked;
  penstock_fanout_install_reader_properties (object_class);

  /**
   * PenstockFanoutPad:reader:
   *
   * Number of the reader that the pad belongs to.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_READER,
      g_param_spec_uint ("reader", "Reader",
          "Number of the reader that the pad belongs to", 0, G_MAXUINT, 0,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  /**
   * PenstockFanoutPad:stream:
   *
   * Number of the stream that the pad sends: that of `sink_%u`.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_STREAM,
      g_param_spec_uint ("stream", "Stream",
          "Number of the stream that the pad sends: that of sink_%u", 0,
          G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  /**
   * PenstockFanoutPad:stats:
   *
   * Statistics of this pad, with the fields of a reader in
   * #PenstockFanout:stats.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "What this pad has read, has queued and has skipped, by cause",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
penstock_fanout_pad_init (PenstockFanoutPad *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->sticky = penstock_sticky_set_new_empty ();
}

PenstockFanoutPad *
penstock_fanout_pad_new (GstPadTemplate *templ, const gchar *name,
    PenstockGopLog *log, const PenstockFanoutPadOwner *owner)
{
  PenstockFanoutPad *self = g_object_new (PENSTOCK_TYPE_FANOUT_PAD, "name",
      name, "direction", GST_PAD_SRC, "template", templ, NULL);

  self->owner = owner;
  self->log = penstock_gop_log_ref (log);
  gst_pad_set_activatemode_function (GST_PAD (self), src_activate_mode);
  return self;
}
