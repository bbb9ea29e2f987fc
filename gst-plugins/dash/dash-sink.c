/* SPDX-License-Identifier: MIT
 *
 * penstockdashsink: encoded video and audio in, a live DASH presentation out,
 * into a segment store (memory), a folder, or both. The work is done by pure
 * code (segmenter, presentation); this file is pads, clock and delivery. */

#include "dash-sink.h"

#include "dash-files.h"
#include "presentation.h"
#include "segment-store.h"
#include "segmenter.h"

/**
 * SECTION:element-penstockdashsink
 * @title: penstockdashsink
 *
 * Writes a live MPEG-DASH presentation of CMAF segments. Elementary streams
 * enter on request pads; an MPD, CMAF headers and media segments appear in
 * the segment store #PenstockDashSink:store, where the gateway's HTTP server
 * finds them, and in the folder #PenstockDashSink:directory, which any web
 * server can serve.
 *
 * A media segment starts at a keyframe only, so it lasts at least a GOP. The
 * element never waits for its clock, for the disk, or for a live track that
 * does not come: such a track leaves the presentation and joins it again later.
 * In a pipeline that is not live it holds the track that is ahead.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true num-buffers=250 ! video/x-raw,format=I420 ! x264enc key-int-max=50 tune=zerolatency ! h264parse ! penstockdashsink directory=/tmp/dash
 * ]|
 *
 * Since: 0.1
 */

GST_DEBUG_CATEGORY_STATIC (dash_sink_debug);
#define GST_CAT_DEFAULT dash_sink_debug

#define DEFAULT_SEGMENT_DURATION (2 * GST_SECOND)
#define DEFAULT_WINDOW (60 * GST_SECOND)
#define DEFAULT_MAX_BYTES (256 * 1024 * 1024)
#define MIN_SEGMENT_DURATION (500 * GST_MSECOND)

/* Parts of max-bytes: what waits for the end of its segment, and what waits
 * for the disk. The rest holds files. */
#define PENDING_PART 4
#define DISK_PART 4

/* The first segment of a new stream is no longer than it must be, so that its
 * players need not wait for a whole one. */
#define FIRST_SEGMENT GST_SECOND

/* In a pipeline that is not live a track may be so far ahead of the others,
 * and they have so long to move before they count as missing. */
#define MAX_AHEAD GST_SECOND
#define MAX_HOLD_US (10 * G_USEC_PER_SEC)

GType
penstock_dash_addressing_get_type (void)
{
  static const GEnumValue values[] = {
    { PENSTOCK_DASH_ADDRESSING_AUTO,
        "Players count segments while they are regular", "auto" },
    { PENSTOCK_DASH_ADDRESSING_TIMELINE, "Each segment is listed", "timeline" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockDashAddressing", values));
  return type;
}

enum {
  PROP_0,
  PROP_STORE,
  PROP_DIRECTORY,
  PROP_SEGMENT_DURATION,
  PROP_WINDOW,
  PROP_MAX_BYTES,
  PROP_TITLE,
  PROP_UTC_TIMING_URL,
  PROP_WALL_CLOCK,
  PROP_START_NUMBER,
  PROP_ADDRESSING,
  PROP_STATS,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

typedef struct {
  gchar *store, *directory, *title, *utc_timing_url;
  guint64 segment_duration, window, max_bytes, wall_clock, start_number;
  PenstockDashAddressing addressing;
} PenstockDashSinkSettings;

/* ---- pad ---- */

#define PENSTOCK_TYPE_DASH_SINK_PAD (penstock_dash_sink_pad_get_type ())
G_DECLARE_FINAL_TYPE (PenstockDashSinkPad, penstock_dash_sink_pad, PENSTOCK,
    DASH_SINK_PAD, GstPad)

struct _PenstockDashSinkPad {
  GstPad parent;

  CmafKind kind; /* set at creation */

  /* Guarded by the element's lock. */
  gint track;  /* of the segmenter; -1: none */
  guint index; /* of the Representation among its kind */
  gboolean eos;
  gboolean gone;         /* unlinked; its last units may still wait */
  gboolean discont;      /* units were lost before the next one */
  gboolean live;         /* its source is; nothing is held */
  gboolean missing;      /* nobody is held for it until it moves */
  GstClockTime position; /* running time of the newest unit or gap, or NONE */
  GstSegment segment;
};

G_DEFINE_FINAL_TYPE (PenstockDashSinkPad, penstock_dash_sink_pad, GST_TYPE_PAD)

static void
penstock_dash_sink_pad_class_init (PenstockDashSinkPadClass *klass)
{
}

static void
penstock_dash_sink_pad_init (PenstockDashSinkPad *pad)
{
  pad->track = -1;
  pad->position = GST_CLOCK_TIME_NONE;
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
}

/* ---- element ---- */

struct _PenstockDashSink {
  GstElement parent;

  PenstockDashSinkSettings settings; /* object lock */

  /* Set in READY→PAUSED, cleared in PAUSED→READY. */
  PenstockSegmentStore *store;
  DashFiles *files;

  /* Guards the rest and the pads. Order: stream lock, lock, object lock. Never
   * held while pushing, posting or storing: changes are queued under it and
   * done after it, by one thread at a time and so in their order. */
  GMutex lock;
  GCond moved;          /* a track moved, ended, left or flushes */
  guint64 moves;        /* counts them */
  Segmenter *segmenter; /* NULL in READY and below */
  Presentation *presentation;
  GQueue changes; /* of PresentationChange */
  gboolean delivering;
  GstClockID alarm; /* at or before the presentation's deadline, or NULL */

  gboolean have_zero;     /* the presentation knows its wall clock */
  GstClockTime best_zero; /* smallest UTC of arrival minus PTS so far */
  gboolean use_wall_clock;

  gboolean ended;   /* EOS on every pad, static MPD on its way */
  gboolean eos_due; /* everything is delivered */
  gboolean playing;
  guint32 eos_seqnum;
  guint64 no_timestamp, write_failures;
};

/* Marks in the queue of changes. */
static PresentationChange resume_mark, end_mark;

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockDashSink, penstock_dash_sink,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        dash_sink_debug, "penstockdashsink", 0, "Penstock DASH sink"))

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("video/x-h264, stream-format=(string){ avc, avc3 }, "
                         "alignment=(string)au; "
                         "video/x-h265, stream-format=(string){ hvc1, hev1 }, "
                         "alignment=(string)au; "
                         "video/x-av1, stream-format=(string)obu-stream, "
                         "alignment=(string)tu; "
                         "video/x-vp9"));

static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (
            "audio/mpeg, mpegversion=(int){ 2, 4 }, stream-format=(string)raw, "
            "framed=(boolean)true; "
            "audio/mpeg, mpegversion=(int)1, layer=(int)3; "
            "audio/x-opus; "
            "audio/x-flac, framed=(boolean)true"));

/* ---- delivery ---- */

static void
post_eos (PenstockDashSink *self)
{
  GstMessage *message = NULL;

  g_mutex_lock (&self->lock);
  if (self->eos_due && self->playing) {
    message = gst_message_new_eos (GST_OBJECT (self));
    gst_message_set_seqnum (message, self->eos_seqnum);
    self->eos_due = FALSE;
  }
  g_mutex_unlock (&self->lock);
  if (message)
    gst_element_post_message (GST_ELEMENT (self), message);
}

/* Writer's thread or streaming thread: all files are where they belong. */
static void
all_delivered (gpointer user_data)
{
  PenstockDashSink *self = user_data;

  g_mutex_lock (&self->lock);
  self->eos_due = self->ended;
  g_mutex_unlock (&self->lock);
  post_eos (self);
}

/* Writer's thread. The next row starts anew (make_rows()). */
static void
write_failed (const GError *error, gpointer user_data)
{
  PenstockDashSink *self = user_data;

  g_mutex_lock (&self->lock);
  self->write_failures++;
  g_mutex_unlock (&self->lock);
  GST_ELEMENT_WARNING (self, RESOURCE, WRITE, ("%s", error->message),
      ("the folder is not updated until writing works again"));
}

static void
do_change (PenstockDashSink *self, const PresentationChange *change)
{
  if (change == &resume_mark) {
    dash_files_resume (self->files);
  } else if (change == &end_mark) {
    if (self->files)
      dash_files_notify (self->files);
    else
      all_delivered (self);
  } else if (change->bytes) {
    if (self->store)
      penstock_segment_store_put (
          self->store, change->path, change->content_type, change->bytes);
    if (self->files)
      dash_files_put (self->files, change->path, change->bytes);
  } else {
    if (self->store)
      penstock_segment_store_remove (self->store, change->path);
    if (self->files)
      dash_files_remove (self->files, change->path);
  }
}

static void
change_free (PresentationChange *change)
{
  if (change != &resume_mark && change != &end_mark)
    presentation_change_free (change);
}

static void
deliver_changes (PenstockDashSink *self)
{
  PresentationChange *change;

  g_mutex_lock (&self->lock);
  if (self->delivering) { /* that thread takes ours as well */
    g_mutex_unlock (&self->lock);
    return;
  }
  self->delivering = TRUE;
  while ((change = g_queue_pop_head (&self->changes))) {
    g_mutex_unlock (&self->lock);
    do_change (self, change);
    change_free (change);
    g_mutex_lock (&self->lock);
  }
  self->delivering = FALSE;
  g_cond_broadcast (&self->moved);
  g_mutex_unlock (&self->lock);
}

/* ---- alarm: segments that players count do not come ---- */

static void set_alarm (PenstockDashSink *self);

/* Clock's thread. */
static gboolean
alarm_rings (
    GstClock *clock, GstClockTime time, GstClockID id, gpointer user_data)
{
  g_autoptr (PenstockDashSink) self = g_weak_ref_get (user_data);

  if (!self)
    return TRUE;
  g_mutex_lock (&self->lock);
  if (self->alarm == id) {
    g_clear_pointer (&self->alarm, gst_clock_id_unref);
    presentation_tick (self->presentation, g_get_real_time (), &self->changes);
    set_alarm (self);
  }
  g_mutex_unlock (&self->lock);
  deliver_changes (self);
  return TRUE;
}

static void
weak_ref_free (gpointer ref)
{
  g_weak_ref_clear (ref);
  g_free (ref);
}

/* The deadline moves on with each row; an alarm that rings too early is set
 * again. With the lock. */
static void
set_alarm (PenstockDashSink *self)
{
  gint64 deadline = presentation_get_deadline (self->presentation);
  g_autoptr (GstClock) clock = NULL;
  GWeakRef *ref;
  gint64 wait;

  if (self->alarm || deadline == G_MAXINT64)
    return;
  wait = MAX (deadline - g_get_real_time (), 0);
  clock = gst_system_clock_obtain ();
  self->alarm = gst_clock_new_single_shot_id (
      clock, gst_clock_get_time (clock) + (GstClockTime) wait * GST_USECOND);
  ref = g_new (GWeakRef, 1);
  g_weak_ref_init (ref, self);
  gst_clock_id_wait_async (self->alarm, alarm_rings, ref, weak_ref_free);
}

/* With the lock. */
static void
clear_alarm (PenstockDashSink *self)
{
  if (self->alarm)
    gst_clock_id_unschedule (self->alarm);
  g_clear_pointer (&self->alarm, gst_clock_id_unref);
}

/* ---- rows (with the lock) ---- */

static void
set_zero (PenstockDashSink *self)
{
  if (self->have_zero)
    return;
  presentation_set_zero (self->presentation, self->best_zero);
  self->have_zero = TRUE;
}

static void
make_rows (PenstockDashSink *self)
{
  SegmenterRow *row;

  while ((row = segmenter_next_row (self->segmenter))) {
    GST_DEBUG_OBJECT (self,
        "row %" GST_TIME_FORMAT " to %" GST_TIME_FORMAT ", %u segments%s%s",
        GST_TIME_ARGS (row->start), GST_TIME_ARGS (row->end),
        row->segments->len, row->new_period ? ", new Period" : "",
        row->last ? ", last of its Period" : "");
    set_zero (self);
    if (self->files && dash_files_has_failed (self->files)) {
      presentation_forget (self->presentation, &self->changes);
      g_queue_push_tail (&self->changes, &resume_mark);
    }
    presentation_add_row (
        self->presentation, row, g_get_real_time (), &self->changes);
    segmenter_row_free (row);
    set_alarm (self);
  }
}

/* Has every stream that is there ended? */
static gboolean
all_eos (PenstockDashSink *self)
{
  gboolean any = FALSE;

  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    const PenstockDashSinkPad *pad = l->data;

    if (pad->gone)
      continue;
    any = TRUE;
    if (!pad->eos) {
      any = FALSE;
      break;
    }
  }
  GST_OBJECT_UNLOCK (self);
  return any;
}

static void
check_end (PenstockDashSink *self)
{
  if (self->ended || !all_eos (self))
    return;
  self->ended = TRUE;
  presentation_end (self->presentation, g_get_real_time (), &self->changes);
  g_queue_push_tail (&self->changes, &end_mark);
}

/* ---- tracks (with the lock) ---- */

static void
detach (PenstockDashSink *self, PenstockDashSinkPad *pad)
{
  if (self->segmenter && pad->track >= 0)
    segmenter_remove_track (self->segmenter, pad->track);
  pad->track = -1;
}

/* Representation ids follow the kind, not the name of the pad, so that a
 * successor takes over the id. */
static guint
free_index (PenstockDashSink *self, CmafKind kind)
{
  guint64 used = 0;
  guint index = 0;

  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    const PenstockDashSinkPad *pad = l->data;

    if (pad->kind == kind && pad->track >= 0 && pad->index < 64)
      used |= G_GUINT64_CONSTANT (1) << pad->index;
  }
  while (used & (G_GUINT64_CONSTANT (1) << index))
    index++;
  return index;
}

/* A pad that lost its stream makes room for one that has one. */
static void
detach_gone (PenstockDashSink *self, CmafKind kind)
{
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    PenstockDashSinkPad *pad = l->data;

    if (pad->gone && pad->kind == kind)
      detach (self, pad);
  }
}

static gboolean
attach (PenstockDashSink *self, PenstockDashSinkPad *pad)
{
  if (!self->segmenter || pad->track >= 0)
    return pad->track >= 0;
  GST_OBJECT_LOCK (self);
  detach_gone (self, pad->kind);
  pad->index = free_index (self, pad->kind);
  GST_OBJECT_UNLOCK (self);
  pad->track = segmenter_add_track (self->segmenter, pad->kind);
  if (pad->track < 0)
    return FALSE;
  presentation_set_track (
      self->presentation, pad->track, pad->kind, pad->index);
  pad->gone = FALSE;
  pad->eos = FALSE;
  return TRUE;
}

/* ---- data in ---- */

/* Running time, or NONE when the buffer is outside of its segment. */
static GstClockTime
running_time (const PenstockDashSinkPad *pad, GstClockTime time)
{
  guint64 running;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    return GST_CLOCK_TIME_NONE;
  if (gst_segment_to_running_time_full (
          &pad->segment, GST_FORMAT_TIME, time, &running) != 1)
    return GST_CLOCK_TIME_NONE;
  return running;
}

static void
note_arrival (PenstockDashSink *self, GstClockTime pts)
{
  GstClockTime now = (GstClockTime) g_get_real_time () * GST_USECOND;

  if (!self->have_zero && !self->use_wall_clock)
    self->best_zero = MIN (self->best_zero, now - MIN (pts, now));
}

/* Setup packets of Opus and FLAC, which the CMAF header holds. */
static gboolean
is_setup_packet (const PenstockDashSinkPad *pad, GstBuffer *buffer)
{
  return pad->kind == CMAF_AUDIO &&
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER);
}

static void
note_move (PenstockDashSink *self)
{
  self->moves++;
  g_cond_broadcast (&self->moved);
}

static gboolean
waits_for (const PenstockDashSinkPad *pad, const PenstockDashSinkPad *other,
    GstClockTime pts)
{
  if (other == pad || other->track < 0 || other->gone || other->eos ||
      other->missing || other->live)
    return FALSE;
  if (!GST_CLOCK_TIME_IS_VALID (other->position)) /* the first one passes */
    return GST_CLOCK_TIME_IS_VALID (pad->position);
  return other->position + MAX_AHEAD < pts;
}

/* @give_up: those that pad waits for are missing from now on. */
static gboolean
is_ahead (PenstockDashSink *self, PenstockDashSinkPad *pad, GstClockTime pts,
    gboolean give_up)
{
  gboolean ahead = FALSE;

  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    PenstockDashSinkPad *other = l->data;

    if (!waits_for (pad, other, pts))
      continue;
    other->missing |= give_up;
    ahead = TRUE;
  }
  GST_OBJECT_UNLOCK (self);
  return ahead;
}

/* Sources that are not live run as fast as they can: the track that is ahead
 * waits for the others, so that they arrive together. With the lock, which is
 * released meanwhile. */
static void
hold (PenstockDashSink *self, PenstockDashSinkPad *pad, GstBuffer *buffer)
{
  GstClockTime pts = running_time (pad, GST_BUFFER_PTS (buffer));
  gint64 deadline = g_get_monotonic_time () + MAX_HOLD_US;
  guint64 moves = self->moves;

  if (!GST_CLOCK_TIME_IS_VALID (pts))
    return;
  while (self->segmenter && !pad->live && !GST_PAD_IS_FLUSHING (pad) &&
      is_ahead (self, pad, pts, FALSE)) {
    if (!g_cond_wait_until (&self->moved, &self->lock, deadline)) {
      GST_INFO_OBJECT (pad, "other tracks do not come, going on");
      is_ahead (self, pad, pts, TRUE);
    } else if (moves != self->moves) {
      moves = self->moves;
      deadline = g_get_monotonic_time () + MAX_HOLD_US;
    }
  }
}

/* Takes @buffer. With the lock. */
static void
take_unit (PenstockDashSink *self, PenstockDashSinkPad *pad, GstBuffer *buffer)
{
  GstClockTime pts = running_time (pad,
      GST_BUFFER_PTS_IS_VALID (buffer) ? GST_BUFFER_PTS (buffer)
                                       : GST_BUFFER_DTS (buffer));
  SegmenterFlags flags = 0;

  if (is_setup_packet (pad, buffer) || gst_buffer_get_size (buffer) == 0 ||
      !GST_CLOCK_TIME_IS_VALID (pts)) {
    if (!is_setup_packet (pad, buffer)) {
      self->no_timestamp++;
      pad->discont = TRUE;
      GST_LOG_OBJECT (pad, "dropping a unit without data or time");
    }
    gst_buffer_unref (buffer);
    return;
  }
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    flags |= SEGMENTER_KEYFRAME;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DROPPABLE))
    flags |= SEGMENTER_DROPPABLE;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT) || pad->discont)
    flags |= SEGMENTER_DISCONT;
  pad->discont = FALSE;
  note_arrival (self, pts);
  pad->position = pts;
  pad->missing = FALSE;
  note_move (self);
  self->ended = FALSE;
  segmenter_push (self->segmenter, pad->track, buffer, pts,
      GST_BUFFER_DURATION (buffer), flags);
  make_rows (self);
}

static GstFlowReturn
penstock_dash_sink_chain (GstPad *gstpad, GstObject *parent, GstBuffer *buffer)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (parent);
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);
  GstFlowReturn ret = GST_FLOW_OK;

  g_mutex_lock (&self->lock);
  hold (self, pad, buffer);
  if (!self->segmenter || GST_PAD_IS_FLUSHING (gstpad))
    ret = GST_FLOW_FLUSHING;
  else if (pad->eos)
    ret = GST_FLOW_EOS;
  else if (pad->track < 0)
    ret = GST_FLOW_NOT_NEGOTIATED; /* no caps we know */
  else
    take_unit (self, pad, g_steal_pointer (&buffer));
  g_mutex_unlock (&self->lock);

  gst_clear_buffer (&buffer);
  if (ret == GST_FLOW_OK)
    deliver_changes (self);
  return ret;
}

static gboolean
upstream_is_live (PenstockDashSinkPad *pad)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (GST_PAD (pad), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  return live;
}

static gboolean
handle_caps (PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CmafFormat) format = NULL;
  GstCaps *caps;
  gboolean ok = FALSE, live;

  gst_event_parse_caps (event, &caps);
  format = cmaf_format_new_from_caps (caps, &error);
  if (format && format->kind != pad->kind)
    return FALSE;
  if (!format) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message),
        ("caps %" GST_PTR_FORMAT, caps));
    return FALSE;
  }
  GST_DEBUG_OBJECT (pad, "%s from %" GST_PTR_FORMAT, format->codecs, caps);
  live = upstream_is_live (pad);
  g_mutex_lock (&self->lock);
  pad->live = live;
  if (attach (self, pad)) {
    segmenter_set_format (self->segmenter, pad->track, format);
    ok = TRUE;
  }
  g_mutex_unlock (&self->lock);
  return ok;
}

static gboolean
handle_segment (
    PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  if (segment->format != GST_FORMAT_TIME) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Timestamps are needed, found a segment of %s",
            gst_format_get_name (segment->format)),
        (NULL));
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  gst_segment_copy_into (segment, &pad->segment);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
handle_gap (PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  GstClockTime time, duration;

  gst_event_parse_gap (event, &time, &duration);
  if (GST_CLOCK_TIME_IS_VALID (time) && GST_CLOCK_TIME_IS_VALID (duration))
    time += duration;
  g_mutex_lock (&self->lock);
  time = running_time (pad, time);
  if (self->segmenter && pad->track >= 0 && GST_CLOCK_TIME_IS_VALID (time)) {
    segmenter_gap (self->segmenter, pad->track, time);
    pad->position = time;
    note_move (self);
    make_rows (self);
  }
  g_mutex_unlock (&self->lock);
  deliver_changes (self);
}

static void
handle_eos (PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  if (self->segmenter) {
    pad->eos = TRUE;
    note_move (self);
    self->eos_seqnum = gst_event_get_seqnum (event);
    if (pad->track >= 0)
      segmenter_eos (self->segmenter, pad->track);
    make_rows (self);
    check_end (self);
  }
  g_mutex_unlock (&self->lock);
  deliver_changes (self);
}

static void
handle_tags (PenstockDashSink *self, PenstockDashSinkPad *pad, GstEvent *event)
{
  g_autofree gchar *language = NULL;
  GstTagList *tags;
  guint bitrate = 0;

  gst_event_parse_tag (event, &tags);
  gst_tag_list_get_string (tags, GST_TAG_LANGUAGE_CODE, &language);
  if (!gst_tag_list_get_uint (tags, GST_TAG_MAXIMUM_BITRATE, &bitrate))
    gst_tag_list_get_uint (tags, GST_TAG_NOMINAL_BITRATE, &bitrate);
  g_mutex_lock (&self->lock);
  if (self->presentation && pad->track >= 0) {
    if (language)
      presentation_set_language (self->presentation, pad->track, language);
    if (bitrate)
      presentation_set_bandwidth (self->presentation, pad->track, bitrate);
  }
  g_mutex_unlock (&self->lock);
}

static void
wake (PenstockDashSink *self)
{
  g_mutex_lock (&self->lock);
  note_move (self);
  g_mutex_unlock (&self->lock);
}

static void
handle_flush (PenstockDashSink *self, PenstockDashSinkPad *pad)
{
  g_mutex_lock (&self->lock);
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
  pad->position = GST_CLOCK_TIME_NONE;
  pad->eos = FALSE;
  if (self->segmenter && pad->track >= 0)
    segmenter_flush (self->segmenter, pad->track);
  g_mutex_unlock (&self->lock);
}

static gboolean
penstock_dash_sink_event (GstPad *gstpad, GstObject *parent, GstEvent *event)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (parent);
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);
  gboolean ok = TRUE;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    ok = handle_caps (self, pad, event);
    break;
  case GST_EVENT_SEGMENT:
    ok = handle_segment (self, pad, event);
    break;
  case GST_EVENT_GAP:
    handle_gap (self, pad, event);
    break;
  case GST_EVENT_EOS:
    handle_eos (self, pad, event);
    break;
  case GST_EVENT_TAG:
    handle_tags (self, pad, event);
    break;
  case GST_EVENT_FLUSH_START: /* the pad is flushing already: wake its thread */
    wake (self);
    break;
  case GST_EVENT_FLUSH_STOP:
    handle_flush (self, pad);
    break;
  case GST_EVENT_STREAM_START: /* the end of the stream before is over */
    g_mutex_lock (&self->lock);
    pad->eos = FALSE;
    g_mutex_unlock (&self->lock);
    break;
  default:
    return gst_pad_event_default (gstpad, parent, event);
  }
  gst_event_unref (event);
  return ok;
}

/* ---- pads ---- */

/* What the stream left is still made into segments; the track goes when its
 * successor or nobody needs it. */
static void
pad_unlinked (GstPad *gstpad, GstPad *peer, PenstockDashSink *self)
{
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);

  g_mutex_lock (&self->lock);
  pad->gone = TRUE;
  note_move (self);
  if (self->segmenter && pad->track >= 0) {
    segmenter_eos (self->segmenter, pad->track);
    make_rows (self);
  }
  g_mutex_unlock (&self->lock);
  deliver_changes (self);
}

static void
pad_linked (GstPad *gstpad, GstPad *peer, PenstockDashSink *self)
{
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);

  g_mutex_lock (&self->lock);
  pad->gone = FALSE;
  g_mutex_unlock (&self->lock);
}

/* One video for now: renditions need keyframes that agree. */
static gboolean
is_full (PenstockDashSink *self, CmafKind kind)
{
  guint n = 0;

  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    const PenstockDashSinkPad *pad = l->data;

    n += pad->kind == kind && !pad->gone;
  }
  GST_OBJECT_UNLOCK (self);
  return n >= (kind == CMAF_VIDEO ? 1 : SEGMENTER_MAX_TRACKS - 1);
}

static gchar *
free_pad_name (PenstockDashSink *self, CmafKind kind)
{
  for (guint i = 0;; i++) {
    g_autofree gchar *name =
        g_strdup_printf (kind == CMAF_VIDEO ? "video_%u" : "audio_%u", i);
    g_autoptr (GstPad) taken =
        gst_element_get_static_pad (GST_ELEMENT (self), name);

    if (!taken)
      return g_steal_pointer (&name);
  }
}

static GstPad *
penstock_dash_sink_request_new_pad (GstElement *element,
    GstPadTemplate *template, const gchar *requested, const GstCaps *caps)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (element);
  CmafKind kind =
      g_str_has_prefix (GST_PAD_TEMPLATE_NAME_TEMPLATE (template), "video")
      ? CMAF_VIDEO
      : CMAF_AUDIO;
  g_autofree gchar *name = NULL;
  PenstockDashSinkPad *pad;
  gboolean full;

  g_mutex_lock (&self->lock);
  full = is_full (self, kind);
  g_mutex_unlock (&self->lock);
  if (full) {
    GST_WARNING_OBJECT (self, "no room for another %s track",
        kind == CMAF_VIDEO ? "video" : "audio");
    return NULL;
  }
  name = requested && !strchr (requested, '%') ? g_strdup (requested)
                                               : free_pad_name (self, kind);
  pad = g_object_new (PENSTOCK_TYPE_DASH_SINK_PAD, "name", name, "direction",
      GST_PAD_SINK, "template", template, NULL);
  pad->kind = kind;
  gst_pad_set_chain_function (GST_PAD (pad), penstock_dash_sink_chain);
  gst_pad_set_event_function (GST_PAD (pad), penstock_dash_sink_event);
  g_signal_connect_object (pad, "unlinked", G_CALLBACK (pad_unlinked), self, 0);
  g_signal_connect_object (pad, "linked", G_CALLBACK (pad_linked), self, 0);
  if (GST_STATE (self) >= GST_STATE_PAUSED)
    gst_pad_set_active (GST_PAD (pad), TRUE);
  if (!gst_element_add_pad (element, GST_PAD (pad)))
    return NULL;
  g_mutex_lock (&self->lock);
  attach (self, pad);
  g_mutex_unlock (&self->lock);
  return GST_PAD (pad);
}

static void
penstock_dash_sink_release_pad (GstElement *element, GstPad *gstpad)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (element);
  PenstockDashSinkPad *pad = PENSTOCK_DASH_SINK_PAD (gstpad);

  g_mutex_lock (&self->lock);
  pad->live = TRUE; /* ends a hold */
  note_move (self);
  g_mutex_unlock (&self->lock);
  gst_pad_set_active (gstpad, FALSE);
  g_mutex_lock (&self->lock);
  pad->gone = TRUE;
  note_move (self);
  if (self->segmenter && pad->track >= 0) {
    segmenter_eos (self->segmenter, pad->track);
    make_rows (self);
    detach (self, pad);
    make_rows (self);
    check_end (self);
  }
  g_mutex_unlock (&self->lock);
  deliver_changes (self);
  gst_element_remove_pad (element, gstpad);
}

/* ---- states ---- */

static void
adopt_path (const gchar *path, guint64 number, gpointer user_data)
{
  presentation_adopt (user_data, path, number, 0); /* disk, not memory */
}

/* What an element with the same store left goes when nobody needs it. */
static void
adopt_stored (PenstockDashSink *self)
{
  g_auto (GStrv) paths = penstock_segment_store_list (self->store);

  for (guint i = 0; paths[i]; i++) {
    g_autoptr (PenstockStoredFile) file =
        penstock_segment_store_read (self->store, paths[i]);
    guint64 number;

    if (file && mpd_parse_path (paths[i], &number))
      presentation_adopt (self->presentation, paths[i], number, file->size);
  }
}

static gboolean
open_files (PenstockDashSink *self, const PenstockDashSinkSettings *settings)
{
  const DashFilesCallbacks callbacks = { write_failed, all_delivered, self };
  g_autoptr (GError) error = NULL;

  self->files = dash_files_new (
      settings->directory, settings->max_bytes / DISK_PART, &callbacks, &error);
  if (!self->files) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE, ("%s", error->message),
        ("directory of penstockdashsink"));
    return FALSE;
  }
  dash_files_list (self->files, adopt_path, self->presentation);
  return TRUE;
}

static void
copy_settings (PenstockDashSink *self, PenstockDashSinkSettings *out)
{
  GST_OBJECT_LOCK (self);
  *out = self->settings;
  out->store = g_strdup (out->store);
  out->directory = g_strdup (out->directory);
  out->title = g_strdup (out->title);
  out->utc_timing_url = g_strdup (out->utc_timing_url);
  GST_OBJECT_UNLOCK (self);
}

static void
clear_settings (PenstockDashSinkSettings *settings)
{
  g_free (settings->store);
  g_free (settings->directory);
  g_free (settings->title);
  g_free (settings->utc_timing_url);
}

static void
create_engine (PenstockDashSink *self, const PenstockDashSinkSettings *settings)
{
  SegmenterSettings segmenter = SEGMENTER_DEFAULT_SETTINGS;
  const PresentationSettings presentation = {
    .target = settings->segment_duration,
    .window = settings->window,
    .max_bytes = settings->max_bytes - settings->max_bytes / PENDING_PART,
    .first_number = settings->start_number,
    .timeline = settings->addressing == PENSTOCK_DASH_ADDRESSING_TIMELINE,
    .title = settings->title,
    .utc_timing_url = settings->utc_timing_url,
  };

  segmenter.target = settings->segment_duration;
  /* What is counted is of one length. */
  segmenter.first = presentation.timeline
      ? MIN (settings->segment_duration, FIRST_SEGMENT)
      : settings->segment_duration;
  segmenter.max_bytes = settings->max_bytes / PENDING_PART;
  self->segmenter = segmenter_new (&segmenter);
  self->presentation = presentation_new (&presentation);
  self->use_wall_clock = settings->wall_clock != 0;
  self->best_zero =
      self->use_wall_clock ? settings->wall_clock : GST_CLOCK_TIME_NONE;
  self->have_zero = self->ended = self->eos_due = FALSE;
  self->no_timestamp = self->write_failures = 0;
}

static void
destroy_engine (PenstockDashSink *self)
{
  g_mutex_lock (&self->lock);
  clear_alarm (self);
  while (self->delivering) /* the alarm is, no pad is active */
    g_cond_wait (&self->moved, &self->lock);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    PenstockDashSinkPad *pad = l->data;

    detach (self, pad);
    pad->eos = pad->discont = pad->missing = FALSE;
    pad->position = GST_CLOCK_TIME_NONE;
    gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
  }
  g_clear_pointer (&self->segmenter, segmenter_free);
  g_clear_pointer (&self->presentation, presentation_free);
  g_queue_clear_full (&self->changes, (GDestroyNotify) change_free);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->files, dash_files_free);
  g_clear_object (&self->store);
}

static gboolean
start (PenstockDashSink *self)
{
  PenstockDashSinkSettings settings;
  gboolean ok = TRUE;

  copy_settings (self, &settings);
  g_mutex_lock (&self->lock);
  create_engine (self, &settings);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next)
    attach (self, l->data);
  g_mutex_unlock (&self->lock);

  if (settings.store) {
    self->store = penstock_segment_store_get (settings.store);
    adopt_stored (self);
  }
  if (settings.directory)
    ok = open_files (self, &settings);
  if (!settings.store && !settings.directory) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("penstockdashsink needs a store or a directory"), (NULL));
    ok = FALSE;
  }
  clear_settings (&settings);
  if (!ok)
    destroy_engine (self);
  return ok;
}

/* Before the pads are deactivated, which waits for their threads. */
static void
stop_holding (PenstockDashSink *self)
{
  g_mutex_lock (&self->lock);
  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next)
    PENSTOCK_DASH_SINK_PAD (l->data)->live = TRUE;
  GST_OBJECT_UNLOCK (self);
  note_move (self);
  g_mutex_unlock (&self->lock);
}

static void
set_playing (PenstockDashSink *self, gboolean playing)
{
  g_mutex_lock (&self->lock);
  self->playing = playing;
  g_mutex_unlock (&self->lock);
  if (playing)
    post_eos (self);
}

static GstStateChangeReturn
penstock_dash_sink_change_state (GstElement *element, GstStateChange transition)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    set_playing (self, FALSE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    stop_holding (self);

  ret = GST_ELEMENT_CLASS (penstock_dash_sink_parent_class)
            ->change_state (element, transition);
  if (ret == GST_STATE_CHANGE_FAILURE)
    return ret;

  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
    set_playing (self, TRUE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    destroy_engine (self);
  return ret;
}

/* ---- properties ---- */

static GstStructure *
get_stats (PenstockDashSink *self)
{
  PresentationStats p = { 0 };
  SegmenterStats s = { 0 };
  guint64 pending = 0, no_timestamp, write_failures;

  g_mutex_lock (&self->lock);
  if (self->segmenter) {
    presentation_get_stats (self->presentation, &p);
    segmenter_get_stats (self->segmenter, &s);
    pending = segmenter_get_bytes (self->segmenter);
  }
  no_timestamp = self->no_timestamp;
  write_failures = self->write_failures;
  g_mutex_unlock (&self->lock);

  return gst_structure_new ("penstock-dash-sink-stats",            /* */
      "segments", G_TYPE_UINT64, p.segments,                       /* */
      "periods", G_TYPE_UINT64, p.periods,                         /* */
      "bytes", G_TYPE_UINT64, p.bytes,                             /* */
      "pending-bytes", G_TYPE_UINT64, pending,                     /* */
      "edge", G_TYPE_UINT64, p.edge,                               /* */
      "dropped-before-keyframe", G_TYPE_UINT64, s.before_keyframe, /* */
      "dropped-late-audio", G_TYPE_UINT64, s.late_audio,           /* */
      "dropped-outside", G_TYPE_UINT64, s.outside,                 /* */
      "dropped-given-up", G_TYPE_UINT64, s.given_up,               /* */
      "dropped-no-timestamp", G_TYPE_UINT64, no_timestamp,         /* */
      "write-failures", G_TYPE_UINT64, write_failures, NULL);
}

static void
set_string (gchar **field, const GValue *value)
{
  g_free (*field);
  *field = g_value_dup_string (value);
  if (*field && **field == '\0')
    g_clear_pointer (field, g_free);
}

static void
penstock_dash_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (object);
  PenstockDashSinkSettings *s = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_STORE:
    set_string (&s->store, value);
    break;
  case PROP_DIRECTORY:
    set_string (&s->directory, value);
    break;
  case PROP_SEGMENT_DURATION:
    s->segment_duration = g_value_get_uint64 (value);
    break;
  case PROP_WINDOW:
    s->window = g_value_get_uint64 (value);
    break;
  case PROP_MAX_BYTES:
    s->max_bytes = g_value_get_uint64 (value);
    break;
  case PROP_TITLE:
    set_string (&s->title, value);
    break;
  case PROP_UTC_TIMING_URL:
    set_string (&s->utc_timing_url, value);
    break;
  case PROP_WALL_CLOCK:
    s->wall_clock = g_value_get_uint64 (value);
    break;
  case PROP_START_NUMBER:
    s->start_number = g_value_get_uint64 (value);
    break;
  case PROP_ADDRESSING:
    s->addressing = g_value_get_enum (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
penstock_dash_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (object);
  const PenstockDashSinkSettings *s = &self->settings;

  if (id == PROP_STATS) {
    g_value_take_boxed (value, get_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_STORE:
    g_value_set_string (value, s->store);
    break;
  case PROP_DIRECTORY:
    g_value_set_string (value, s->directory);
    break;
  case PROP_SEGMENT_DURATION:
    g_value_set_uint64 (value, s->segment_duration);
    break;
  case PROP_WINDOW:
    g_value_set_uint64 (value, s->window);
    break;
  case PROP_MAX_BYTES:
    g_value_set_uint64 (value, s->max_bytes);
    break;
  case PROP_TITLE:
    g_value_set_string (value, s->title);
    break;
  case PROP_UTC_TIMING_URL:
    g_value_set_string (value, s->utc_timing_url);
    break;
  case PROP_WALL_CLOCK:
    g_value_set_uint64 (value, s->wall_clock);
    break;
  case PROP_START_NUMBER:
    g_value_set_uint64 (value, s->start_number);
    break;
  case PROP_ADDRESSING:
    g_value_set_enum (value, s->addressing);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
penstock_dash_sink_finalize (GObject *object)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (object);

  clear_settings (&self->settings);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->moved);
  G_OBJECT_CLASS (penstock_dash_sink_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  /**
   * PenstockDashSink:store:
   *
   * Name of the segment store in this process that gets the files.
   *
   * Since: 0.1
   */
  props[PROP_STORE] = g_param_spec_string ("store", "Store",
      "Name of the segment store in memory that gets the files (NULL = none)",
      NULL, flags);

  /**
   * PenstockDashSink:directory:
   *
   * Folder that gets the files. It is made when it does not exist. What an
   * earlier run left in it is deleted when no reader can ask for it any more.
   *
   * Since: 0.1
   */
  props[PROP_DIRECTORY] = g_param_spec_string ("directory", "Directory",
      "Folder that gets the files (NULL = none)", NULL, flags);

  /**
   * PenstockDashSink:segment-duration:
   *
   * Wanted duration of a media segment, in nanoseconds. A segment ends at the
   * first keyframe after 90 % of it, so it is longer when the GOP is.
   *
   * Since: 0.1
   */
  props[PROP_SEGMENT_DURATION] = g_param_spec_uint64 ("segment-duration",
      "Segment duration",
      "Wanted duration of a media segment, in nanoseconds; segments start at "
      "keyframes only",
      MIN_SEGMENT_DURATION, 60 * GST_SECOND, DEFAULT_SEGMENT_DURATION, flags);

  /**
   * PenstockDashSink:window:
   *
   * How far a reader may go back, in nanoseconds. Long segments make it
   * longer: six of the longest always fit.
   *
   * Since: 0.1
   */
  props[PROP_WINDOW] = g_param_spec_uint64 ("window", "Window",
      "How far a reader may go back, in nanoseconds; at least six segments", 0,
      24 * 3600 * GST_SECOND, DEFAULT_WINDOW, flags);

  /**
   * PenstockDashSink:max-bytes:
   *
   * Bound of all memory the element takes, in bytes: media that waits for the
   * end of its segment (a quarter) and files. The window shrinks rather than
   * exceed it; a GOP larger than its quarter is dropped. Files waiting for a
   * slow disk may take another quarter.
   *
   * Since: 0.1
   */
  props[PROP_MAX_BYTES] = g_param_spec_uint64 ("max-bytes", "Maximum bytes",
      "Bound of the memory taken, in bytes; the window shrinks to stay below",
      1024 * 1024, G_MAXINT64, DEFAULT_MAX_BYTES, flags);

  /**
   * PenstockDashSink:title:
   *
   * Title of the presentation, written into the MPD.
   *
   * Since: 0.1
   */
  props[PROP_TITLE] = g_param_spec_string ("title", "Title",
      "Title of the presentation in the MPD (NULL = none)", NULL, flags);

  /**
   * PenstockDashSink:utc-timing-url:
   *
   * Address of a clock for players (UTCTiming, http-xsdate), relative to the
   * MPD or absolute.
   *
   * Since: 0.1
   */
  props[PROP_UTC_TIMING_URL] = g_param_spec_string ("utc-timing-url",
      "UTC timing URL",
      "Where players read the time, as an xs:dateTime, relative or absolute "
      "(NULL = not said)",
      NULL, flags);

  /**
   * PenstockDashSink:wall-clock:
   *
   * UTC of running time 0, in nanoseconds since 1970: media with running time
   * T is complete at that time plus T. 0: measured from the first segment as
   * the smallest distance between arrival and timestamp.
   *
   * Since: 0.1
   */
  props[PROP_WALL_CLOCK] = g_param_spec_uint64 ("wall-clock", "Wall clock",
      "UTC of running time 0, in nanoseconds since 1970 (0 = measured)", 0,
      G_MAXINT64, 0, flags);

  /**
   * PenstockDashSink:start-number:
   *
   * Number of the first segment. 0 derives it from the wall clock, which
   * makes numbers go on over restarts without any state kept.
   *
   * Since: 0.1
   */
  props[PROP_START_NUMBER] =
      g_param_spec_uint64 ("start-number", "Start number",
          "Number of the first segment (0 = from the clock, unique for ever)",
          0, G_MAXUINT32 / 2, 0, flags);

  /**
   * PenstockDashSink:addressing:
   *
   * How the MPD tells the segments. `timeline`: each of them is listed.
   * `auto`: players count them by their nominal duration. Segments that turn
   * out to be irregular begin a Period that lists them; when the next segment
   * is more than a second late, those of its Period are listed from then on.
   * ffmpeg 5.1 counts from the availability start, not from the start of the
   * Period, so it does not play what is counted.
   *
   * Since: 0.1
   */
  props[PROP_ADDRESSING] = g_param_spec_enum ("addressing", "Addressing",
      "How the MPD tells the segments", PENSTOCK_TYPE_DASH_ADDRESSING,
      PENSTOCK_DASH_ADDRESSING_TIMELINE, flags);
  gst_type_mark_as_plugin_api (PENSTOCK_TYPE_DASH_ADDRESSING, 0);

  /**
   * PenstockDashSink:stats:
   *
   * Counters since PAUSED as a #GstStructure of guint64: `segments`,
   * `periods`, `bytes` kept in files, `pending-bytes`, `edge` (nanoseconds
   * since 1970 where the newest segment ends), `write-failures`, and dropped
   * access units by cause: `dropped-before-keyframe`, `dropped-late-audio`,
   * `dropped-outside` (of a Period), `dropped-given-up` (over max-bytes),
   * `dropped-no-timestamp`.
   *
   * Since: 0.1
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters of segments, bytes and dropped access units by cause",
      GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
penstock_dash_sink_class_init (PenstockDashSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = penstock_dash_sink_set_property;
  object_class->get_property = penstock_dash_sink_get_property;
  object_class->finalize = penstock_dash_sink_finalize;
  element_class->change_state = penstock_dash_sink_change_state;
  element_class->request_new_pad = penstock_dash_sink_request_new_pad;
  element_class->release_pad = penstock_dash_sink_release_pad;
  install_properties (object_class);

  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &video_template, PENSTOCK_TYPE_DASH_SINK_PAD);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &audio_template, PENSTOCK_TYPE_DASH_SINK_PAD);
  gst_element_class_set_static_metadata (element_class, "DASH sink",
      "Sink/Muxer",
      "Writes a live MPEG-DASH presentation of CMAF segments to memory or "
      "files",
      "The Penstock developers");
}

static void
penstock_dash_sink_init (PenstockDashSink *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->moved);
  self->settings.segment_duration = DEFAULT_SEGMENT_DURATION;
  self->settings.window = DEFAULT_WINDOW;
  self->settings.max_bytes = DEFAULT_MAX_BYTES;
  self->settings.addressing = PENSTOCK_DASH_ADDRESSING_TIMELINE;
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
