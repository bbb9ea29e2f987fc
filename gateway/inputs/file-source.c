/* SPDX-License-Identifier: MIT
 *
 * See file-source.h.
 *
 *   reading (new each round):     outlet (one a stream, stays):
 *   filesrc ! demuxer ! parser ─► queue ! clocksync ─► video_0
 *                      └ parser ─► queue ! clocksync ─► audio_0
 *
 * A loop is made by reading the file anew, not by seeking: it works the same
 * for every container, with or without an index, and for B-frames. All
 * timestamps of a reading are moved by one offset, so streams never move
 * against each other. A round is as long as its longest stream, from the first
 * picture or sound to the end of the last; a stream that is shorter has a gap
 * until the next round, as it has at the end of the file. The queues are full
 * for some seconds when a reading ends, so the next one has time to open. */

#include "file-source.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <gst/base/base.h>

#include "input.h"

/* Read ahead of the clock: bridges bad interleaving and the next opening. */
#define AHEAD_TIME (4 * GST_SECOND)
#define AHEAD_BYTES (32 * 1024 * 1024)
/* Enough to tell a container by. */
#define HEAD_BYTES (64 * 1024)
/* The first access unit is due this long after it was read. */
#define LEAD (100 * GST_MSECOND)
/* For the end of a stream whose last access unit has no duration. */
#define DEFAULT_DURATION (40 * GST_MSECOND)

/* One stream in the way out. Lives from the first round to READY. */
typedef struct {
  gchar *name; /* of the demuxer's pad, the same in each round */
  GstElement *queue, *sync;
  GstPad *ghost;
} Outlet;

/* One round. Reference-counted: its probes may outlive it by a moment. */
typedef struct {
  gatomicrefcount refs;
  PenstockFileSource *self; /* not owned: holds the bin */
  GstElement *bin;          /* not owned */
  gboolean absolute;        /* segments do not place the streams */

  /* The element's lock. */
  guint n_streams, n_ended;
  gboolean complete; /* no more streams appear */
  gboolean over;
  gint64 start, end; /* running time in the file; of all streams */
} Reading;

/* One stream in a reading; streaming thread. */
typedef struct {
  Reading *reading;
  gboolean audio;
  gboolean first; /* first round of this stream */
  GstSegment segment;
  GstClockTime last_pts; /* for durations that are missing */
  GstClockTime step;
} Stream;

struct _PenstockFileSource {
  GstBin parent;

  gchar *path; /* set once */
  gboolean loop, paced;

  /* Held while a reading is exchanged, and while that must not happen. Never
   * by a streaming thread. Before lock. */
  GMutex exchange;

  GMutex lock; /* guards the rest */
  GCond cond;  /* playing or stopping changed */
  gboolean playing, stopping;
  Reading *reading;
  GPtrArray *outlets; /* of Outlet */
  guint n_video, n_audio;
  gboolean anchored;
  gint64 offset; /* from the file's running time to ours */
};

G_DEFINE_FINAL_TYPE (PenstockFileSource, penstock_file_source, GST_TYPE_BIN)

static GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE (
    "video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);

static Reading *
reading_ref (Reading *reading)
{
  g_atomic_ref_count_inc (&reading->refs);
  return reading;
}

static void
reading_unref (Reading *reading)
{
  if (g_atomic_ref_count_dec (&reading->refs))
    g_free (reading);
}

static void
reading_closure_unref (gpointer reading, GClosure *closure)
{
  reading_unref (reading);
}

static void
stream_free (Stream *stream)
{
  reading_unref (stream->reading);
  g_free (stream);
}

static void
outlet_free (Outlet *outlet)
{
  g_free (outlet->name);
  g_free (outlet);
}

static void G_GNUC_PRINTF (2, 3)
    fail (PenstockFileSource *self, const gchar *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree gchar *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree gchar *reason = g_strdup_printf ("%s: %s", self->path, what);

  penstock_input_fail (GST_ELEMENT (self), TRUE, reason);
}

/* --- timestamps ------------------------------------------------------------ */

static gboolean
to_running (const GstSegment *segment, GstClockTime time, gint64 *running)
{
  guint64 value;

  if (time == GST_CLOCK_TIME_NONE)
    return FALSE;
  gint sign =
      gst_segment_to_running_time_full (segment, GST_FORMAT_TIME, time, &value);
  if (sign == 0)
    return FALSE;
  *running = sign > 0 ? (gint64) value : -(gint64) value;
  return TRUE;
}

static GstClockTime
to_output (PenstockFileSource *self, gint64 running)
{
  return (GstClockTime) MAX (0, running + self->offset);
}

/* With the lock: waits for a running clock and ties the file's time to it.
 * FALSE when it is over before. */
static gboolean
anchor (PenstockFileSource *self, gint64 running)
{
  while (!self->playing && !self->stopping)
    g_cond_wait (&self->cond, &self->lock);
  if (self->stopping)
    return FALSE;
  if (self->anchored)
    return TRUE;
  g_autoptr (GstClock) clock = gst_element_get_clock (GST_ELEMENT (self));
  gint64 now = 0;
  if (clock)
    now = (gint64) (gst_clock_get_time (clock) -
        gst_element_get_base_time (GST_ELEMENT (self)));
  self->offset = now + (gint64) LEAD - running;
  self->anchored = TRUE;
  return TRUE;
}

static GstClockTime
duration_of (Stream *stream, GstBuffer *buffer)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  if (stream->last_pts != GST_CLOCK_TIME_NONE && pts > stream->last_pts)
    stream->step = pts - stream->last_pts;
  stream->last_pts = pts;
  if (GST_BUFFER_DURATION_IS_VALID (buffer) && GST_BUFFER_DURATION (buffer))
    return GST_BUFFER_DURATION (buffer);
  return stream->step;
}

/* Encoder delay in front of the first sound: in a loop it would lie on top of
 * the end of the round before. */
static gboolean
is_priming (Stream *stream, GstBuffer *buffer, GstClockTime duration)
{
  return stream->audio && stream->segment.format == GST_FORMAT_TIME &&
      GST_BUFFER_PTS (buffer) + duration <= stream->segment.start;
}

/* Moves a buffer into the output's time; FALSE = not for the output. */
static gboolean
move_buffer (Stream *stream, GstBuffer **buffer)
{
  Reading *reading = stream->reading;
  PenstockFileSource *self = reading->self;
  gint64 pts = 0, dts = 0;

  gboolean has_dts =
      to_running (&stream->segment, GST_BUFFER_DTS (*buffer), &dts);
  if (!to_running (&stream->segment, GST_BUFFER_PTS (*buffer), &pts)) {
    if (!has_dts)
      return FALSE;
    GST_BUFFER_PTS (*buffer) = GST_BUFFER_DTS (*buffer);
    pts = dts;
  }
  GstClockTime duration = duration_of (stream, *buffer);
  if (is_priming (stream, *buffer, duration))
    return FALSE;

  g_mutex_lock (&self->lock);
  if (!anchor (self, has_dts ? MIN (pts, dts) : pts)) {
    g_mutex_unlock (&self->lock);
    return FALSE;
  }
  reading->start = MIN (reading->start, pts);
  reading->end = MAX (reading->end, pts + (gint64) duration);
  *buffer = gst_buffer_make_writable (*buffer);
  GST_BUFFER_PTS (*buffer) = to_output (self, pts);
  GST_BUFFER_DTS (*buffer) =
      has_dts ? to_output (self, dts) : GST_CLOCK_TIME_NONE;
  g_mutex_unlock (&self->lock);
  /* A new round is the same timeline to whoever comes after. */
  GST_BUFFER_FLAG_UNSET (*buffer, GST_BUFFER_FLAG_DISCONT);
  return TRUE;
}

/* --- rounds ---------------------------------------------------------------- */

static void next_round (GstElement *element, gpointer user_data);

/* With the lock. */
static gboolean
note_over (Reading *reading)
{
  if (reading->over || !reading->complete ||
      reading->n_ended < reading->n_streams)
    return FALSE;
  reading->over = TRUE;
  return TRUE;
}

static void
finish_reading (Reading *reading)
{
  PenstockFileSource *self = reading->self;

  g_mutex_lock (&self->lock);
  gint64 length = reading->end > reading->start && self->anchored
      ? reading->end - reading->start
      : 0;
  self->offset += length;
  gboolean stopping = self->stopping;
  g_mutex_unlock (&self->lock);

  if (stopping)
    return;
  if (length == 0)
    fail (self, "there is no media in it");
  else if (self->loop)
    gst_element_call_async (GST_ELEMENT (self), next_round,
        reading_ref (reading), (GDestroyNotify) reading_unref);
}

static void
stream_ended (Stream *stream)
{
  PenstockFileSource *self = stream->reading->self;

  g_mutex_lock (&self->lock);
  stream->reading->n_ended++;
  gboolean over = note_over (stream->reading);
  g_mutex_unlock (&self->lock);
  if (over)
    finish_reading (stream->reading);
}

/* What leaves a reading: one unbroken stream for the outlet. */
static GstPadProbeReturn
filter_event (Stream *stream, GstPadProbeInfo *info)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_STREAM_START:
    return stream->first ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  case GST_EVENT_CAPS:
    return GST_PAD_PROBE_OK;
  case GST_EVENT_SEGMENT: {
    GstSegment plain;
    gst_event_copy_segment (event, &stream->segment);
    if (stream->reading->absolute)
      stream->segment.start = 0;
    gst_segment_init (&plain, GST_FORMAT_TIME);
    gst_event_unref (event);
    GST_PAD_PROBE_INFO_DATA (info) = gst_event_new_segment (&plain);
    return GST_PAD_PROBE_OK;
  }
  case GST_EVENT_EOS:
    stream_ended (stream);
    return stream->reading->self->loop ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  default:
    return GST_PAD_PROBE_DROP;
  }
}

static GstPadProbeReturn
filter_stream (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Stream *stream = user_data;

  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM)
    return filter_event (stream, info);
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  gboolean keep = move_buffer (stream, &buffer);
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return keep ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

/* --- streams --------------------------------------------------------------- */

static Outlet *
find_outlet (PenstockFileSource *self, const gchar *name)
{
  Outlet *found = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->outlets->len && !found; i++)
    if (g_str_equal (((Outlet *) self->outlets->pdata[i])->name, name))
      found = self->outlets->pdata[i];
  g_mutex_unlock (&self->lock);
  return found;
}

static Outlet *
make_outlet (PenstockFileSource *self, const gchar *name, gboolean audio)
{
  Outlet *outlet = g_new0 (Outlet, 1);

  outlet->name = g_strdup (name);
  outlet->queue = gst_element_factory_make ("queue", NULL);
  outlet->sync = gst_element_factory_make ("clocksync", NULL);
  g_object_set (outlet->queue, "max-size-time", (guint64) AHEAD_TIME,
      "max-size-bytes", AHEAD_BYTES, "max-size-buffers", 0, NULL);
  g_object_set (outlet->sync, "sync", self->paced, NULL);
  gst_bin_add_many (GST_BIN (self), outlet->queue, outlet->sync, NULL);
  gst_element_link (outlet->queue, outlet->sync);

  g_mutex_lock (&self->lock);
  g_autofree gchar *pad_name = audio
      ? g_strdup_printf ("audio_%u", self->n_audio++)
      : g_strdup_printf ("video_%u", self->n_video++);
  g_ptr_array_add (self->outlets, outlet);
  g_mutex_unlock (&self->lock);

  g_autoptr (GstPad) out = gst_element_get_static_pad (outlet->sync, "src");
  outlet->ghost = gst_ghost_pad_new_from_template (pad_name, out,
      gst_static_pad_template_get (audio ? &audio_template : &video_template));
  gst_pad_set_active (outlet->ghost, TRUE);
  gst_element_add_pad (GST_ELEMENT (self), outlet->ghost);
  gst_element_sync_state_with_parent (outlet->sync);
  gst_element_sync_state_with_parent (outlet->queue);
  return outlet;
}

static void
link_stream (Reading *reading, GstPad *pad, GstElement *parser, gboolean audio)
{
  PenstockFileSource *self = reading->self;
  g_autofree gchar *name = gst_pad_get_name (pad);
  Outlet *outlet = find_outlet (self, name);
  Stream *stream = g_new0 (Stream, 1);

  stream->reading = reading_ref (reading);
  stream->audio = audio;
  stream->first = outlet == NULL;
  stream->last_pts = GST_CLOCK_TIME_NONE;
  stream->step = DEFAULT_DURATION;
  gst_segment_init (&stream->segment, GST_FORMAT_UNDEFINED);
  if (!outlet)
    outlet = make_outlet (self, name, audio);
  g_mutex_lock (&self->lock);
  reading->n_streams++;
  g_mutex_unlock (&self->lock);

  gst_bin_add (GST_BIN (reading->bin), parser);
  g_autoptr (GstPad) in = gst_element_get_static_pad (parser, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (parser, "src");
  GstPad *ghost = gst_ghost_pad_new (NULL, out);
  gst_pad_add_probe (ghost,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      filter_stream, stream, (GDestroyNotify) stream_free);
  gst_pad_set_active (ghost, TRUE);
  gst_element_add_pad (reading->bin, ghost);
  g_autoptr (GstPad) entry = gst_element_get_static_pad (outlet->queue, "sink");
  gst_pad_link (ghost, entry);
  gst_element_sync_state_with_parent (parser);
  if (!GST_PAD_LINK_SUCCESSFUL (gst_pad_link (pad, in)))
    fail (self, "stream %s cannot be parsed", name);
}

static void
take_pad (GstElement *demuxer, GstPad *pad, gpointer user_data)
{
  Reading *reading = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  if (!GST_PAD_IS_SRC (pad))
    return;
  if (!caps)
    caps = gst_pad_query_caps (pad, NULL);
  GstElement *parser = gst_caps_is_empty (caps) || gst_caps_is_any (caps)
      ? NULL
      : penstock_input_make_parser (caps, &error);
  if (parser) {
    link_stream (reading, pad, parser,
        g_str_has_prefix (
            gst_structure_get_name (gst_caps_get_structure (caps, 0)),
            "audio/"));
    return;
  }
  g_autofree gchar *name = gst_pad_get_name (pad);
  penstock_input_ignore_track (
      GST_ELEMENT (reading->self), name, error ? error->message : "no format");
  penstock_input_discard_pad (GST_BIN (reading->bin), pad);
}

static void
take_no_more_pads (GstElement *demuxer, gpointer user_data)
{
  Reading *reading = user_data;
  PenstockFileSource *self = reading->self;

  g_mutex_lock (&self->lock);
  reading->complete = TRUE;
  gboolean empty = reading->n_streams == 0;
  gboolean over = !empty && note_over (reading);
  g_mutex_unlock (&self->lock);
  if (empty)
    fail (self, "it has no stream that can be carried");
  else if (over)
    finish_reading (reading);
}

/* --- opening --------------------------------------------------------------- */

/* The factory of the demuxer for a file, from its first bytes; NULL = told. */
static const gchar *
find_demuxer (PenstockFileSource *self)
{
  static const struct {
    const gchar *type, *demuxer;
  } containers[] = {
    { "video/quicktime", "qtdemux" },
    { "audio/x-m4a", "qtdemux" },
    { "application/x-3gp", "qtdemux" },
    { "video/x-matroska", "matroskademux" },
    { "audio/x-matroska", "matroskademux" },
    { "video/webm", "matroskademux" },
    { "audio/webm", "matroskademux" },
    { "video/x-flv", "flvdemux" },
    { "video/mpegts", "tsdemux" },
  };
  g_autofree guint8 *head = g_malloc (HEAD_BYTES);
  FILE *file = g_fopen (self->path, "rb");
  gsize size = file ? fread (head, 1, HEAD_BYTES, file) : 0;
  gint code = !file || ferror (file) ? errno : 0;

  if (file)
    fclose (file);
  if (code) {
    fail (self, "%s", g_strerror (code));
    return NULL;
  }
  g_autoptr (GstCaps) caps =
      gst_type_find_helper_for_data (GST_OBJECT (self), head, size, NULL);
  if (!caps) {
    fail (self, "this is no media file");
    return NULL;
  }
  const gchar *type = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  for (guint i = 0; i < G_N_ELEMENTS (containers); i++)
    if (g_str_equal (containers[i].type, type))
      return containers[i].demuxer;
  fail (self, "%s is not supported (MP4, Matroska, WebM, FLV and MPEG-TS are)",
      type);
  return NULL;
}

/* A reading in the bin, ready to be started; NULL = told why. */
static Reading *
make_reading (PenstockFileSource *self)
{
  g_autoptr (GError) error = NULL;
  const gchar *factory = find_demuxer (self);
  GstElement *demuxer =
      factory ? penstock_input_make_element (factory, &error) : NULL;

  if (error)
    fail (self, "%s", error->message);
  if (!demuxer)
    return NULL;

  Reading *reading = g_new0 (Reading, 1);
  GstElement *source = gst_element_factory_make ("filesrc", NULL);
  g_atomic_ref_count_init (&reading->refs);
  reading->self = self;
  /* Its segments start where its first block happens to be, and start anew when
   * a stream with an earlier block comes; timestamps are those of the file. */
  reading->absolute = g_str_equal (factory, "matroskademux");
  reading->bin = gst_bin_new (NULL);
  reading->start = G_MAXINT64;
  reading->end = G_MININT64;
  g_object_set (source, "location", self->path, NULL);
  gst_bin_add_many (GST_BIN (reading->bin), source, demuxer, NULL);
  gst_element_link (source, demuxer);
  g_signal_connect_data (demuxer, "pad-added", G_CALLBACK (take_pad),
      reading_ref (reading), reading_closure_unref, 0);
  g_signal_connect_data (demuxer, "no-more-pads",
      G_CALLBACK (take_no_more_pads), reading_ref (reading),
      reading_closure_unref, 0);
  gst_bin_add (GST_BIN (self), reading->bin);
  return reading;
}

static void
drop_reading (PenstockFileSource *self)
{
  g_mutex_lock (&self->lock);
  Reading *reading = g_steal_pointer (&self->reading);
  g_mutex_unlock (&self->lock);

  if (!reading)
    return;
  gst_element_set_locked_state (reading->bin, TRUE);
  gst_element_set_state (reading->bin, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (self), reading->bin);
  reading_unref (reading);
}

static void
take_reading (PenstockFileSource *self, Reading *reading)
{
  g_mutex_lock (&self->lock);
  self->reading = reading;
  g_mutex_unlock (&self->lock);
}

static void
next_round (GstElement *element, gpointer user_data)
{
  PenstockFileSource *self = PENSTOCK_FILE_SOURCE (element);
  g_autoptr (GMutexLocker) exchange = g_mutex_locker_new (&self->exchange);

  g_mutex_lock (&self->lock);
  gboolean current = self->reading == user_data && !self->stopping;
  g_mutex_unlock (&self->lock);
  if (!current)
    return;
  drop_reading (self);
  Reading *reading = make_reading (self);
  if (!reading)
    return;
  take_reading (self, reading);
  gst_element_sync_state_with_parent (reading->bin);
}

/* --- element --------------------------------------------------------------- */

static void
drop_outlets (PenstockFileSource *self)
{
  for (guint i = 0; i < self->outlets->len; i++) {
    Outlet *outlet = self->outlets->pdata[i];
    gst_element_remove_pad (GST_ELEMENT (self), outlet->ghost);
    gst_element_set_state (outlet->queue, GST_STATE_NULL);
    gst_element_set_state (outlet->sync, GST_STATE_NULL);
    gst_bin_remove_many (GST_BIN (self), outlet->queue, outlet->sync, NULL);
  }
  g_ptr_array_set_size (self->outlets, 0);
}

static void
set_running (PenstockFileSource *self, gboolean playing, gboolean stopping)
{
  g_mutex_lock (&self->lock);
  self->playing = playing;
  self->stopping = stopping;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static GstStateChangeReturn
penstock_file_source_change_state (
    GstElement *element, GstStateChange transition)
{
  PenstockFileSource *self = PENSTOCK_FILE_SOURCE (element);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    set_running (self, FALSE, FALSE);
    self->anchored = FALSE;
    self->n_video = self->n_audio = 0;
    Reading *reading = make_reading (self);
    if (!reading)
      return GST_STATE_CHANGE_FAILURE;
    take_reading (self, reading);
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    set_running (self, FALSE, TRUE);
    /* An exchange that is under way ends first; none begins after it. */
    g_mutex_lock (&self->exchange);
    g_mutex_unlock (&self->exchange);
  }

  GstStateChangeReturn ret =
      GST_ELEMENT_CLASS (penstock_file_source_parent_class)
          ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING &&
      ret != GST_STATE_CHANGE_FAILURE)
    set_running (self, TRUE, FALSE);
  else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE)) {
    drop_reading (self);
    drop_outlets (self);
  }
  return ret;
}

static void
penstock_file_source_finalize (GObject *object)
{
  PenstockFileSource *self = PENSTOCK_FILE_SOURCE (object);

  g_ptr_array_unref (self->outlets);
  g_free (self->path);
  g_mutex_clear (&self->exchange);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (penstock_file_source_parent_class)->finalize (object);
}

static void
penstock_file_source_class_init (PenstockFileSourceClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_file_source_finalize;
  element_class->change_state = penstock_file_source_change_state;
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "File source",
      "Source/File", "Plays a media file in real time, in a loop",
      "The Penstock developers");
}

static void
penstock_file_source_init (PenstockFileSource *self)
{
  g_mutex_init (&self->exchange);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->outlets = g_ptr_array_new_with_free_func ((GDestroyNotify) outlet_free);
}

GstElement *
penstock_file_source_new (const gchar *path, gboolean loop, gboolean paced)
{
  PenstockFileSource *self = g_object_new (PENSTOCK_TYPE_FILE_SOURCE, NULL);

  self->path = g_strdup (path);
  self->loop = loop;
  self->paced = paced;
  return GST_ELEMENT (self);
}
