/* SPDX-License-Identifier: MIT
 *
 * See input-attempt.h. */

#include "input-attempt.h"

/* How long a source may take to say goodbye to its server. */
#define CLOSE_TIMEOUT (200 * GST_MSECOND)

static const gchar video_key[] = "penstock-is-video";

typedef struct {
  GstPad *pad;      /* only compared, not owned */
  gboolean video;   /* the lock */
  gint64 last_data; /* the lock; 0 = never */
} Track;

struct _PenstockInputAttempt {
  gatomicrefcount refs;
  GstElement *pipeline; /* owned; NULL once taken down. Control, then worker */

  PenstockInputDataFunc func; /* set once */
  gpointer user_data;
  GDestroyNotify destroy;

  GMutex lock; /* guards the rest; nothing is called under it */
  GPtrArray *tracks;
  gboolean armed;
  gboolean closes_late;
};

PenstockInputAttempt *
penstock_input_attempt_ref (PenstockInputAttempt *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
penstock_input_attempt_unref (PenstockInputAttempt *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_object (&self->pipeline);
  g_ptr_array_unref (self->tracks);
  if (self->destroy)
    self->destroy (self->user_data);
  g_mutex_clear (&self->lock);
  g_free (self);
}

GstElement *
penstock_input_attempt_get_pipeline (PenstockInputAttempt *self)
{
  return self->pipeline;
}

static Track *
find_track (PenstockInputAttempt *self, GstPad *pad)
{
  for (guint i = 0; i < self->tracks->len; i++)
    if (((Track *) self->tracks->pdata[i])->pad == pad)
      return self->tracks->pdata[i];
  return NULL;
}

static gboolean
is_video (GstPad *pad)
{
  if (g_object_get_data (G_OBJECT (pad), video_key))
    return TRUE;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  if (!caps || gst_caps_is_empty (caps) || gst_caps_is_any (caps))
    return FALSE;
  return !g_str_has_prefix (
      gst_structure_get_name (gst_caps_get_structure (caps, 0)), "audio/");
}

void
penstock_input_attempt_mark_video (GstPad *sink_pad)
{
  g_object_set_data (G_OBJECT (sink_pad), video_key, GINT_TO_POINTER (TRUE));
}

static GstPadProbeReturn
note_data (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  PenstockInputAttempt *self = user_data;

  g_mutex_lock (&self->lock);
  Track *track = find_track (self, pad);
  if (track)
    track->last_data = g_get_monotonic_time ();
  gboolean tell = self->armed;
  self->armed = FALSE;
  g_mutex_unlock (&self->lock);

  if (tell)
    self->func (self, self->user_data);
  return GST_PAD_PROBE_OK;
}

static void
watch_pad (GstElement *sink, GstPad *pad, gpointer user_data)
{
  PenstockInputAttempt *self = user_data;
  Track *track = g_new0 (Track, 1);

  track->pad = pad;
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->tracks, track);
  g_mutex_unlock (&self->lock);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, note_data,
      penstock_input_attempt_ref (self),
      (GDestroyNotify) penstock_input_attempt_unref);
}

static void
unwatch_pad (GstElement *sink, GstPad *pad, gpointer user_data)
{
  PenstockInputAttempt *self = user_data;

  g_mutex_lock (&self->lock);
  Track *track = find_track (self, pad);
  if (track)
    g_ptr_array_remove (self->tracks, track);
  g_mutex_unlock (&self->lock);
}

static void
attempt_closure_unref (gpointer data, GClosure *closure)
{
  penstock_input_attempt_unref (data);
}

PenstockInputAttempt *
penstock_input_attempt_new (GstElement *pipeline, GstElement *sink,
    PenstockInputDataFunc func, gpointer user_data, GDestroyNotify destroy)
{
  PenstockInputAttempt *self = g_new0 (PenstockInputAttempt, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->pipeline = gst_object_ref_sink (pipeline);
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  self->tracks = g_ptr_array_new_with_free_func (g_free);
  self->armed = TRUE;
  g_signal_connect_data (sink, "pad-added", G_CALLBACK (watch_pad),
      penstock_input_attempt_ref (self), attempt_closure_unref, 0);
  g_signal_connect_data (sink, "pad-removed", G_CALLBACK (unwatch_pad),
      penstock_input_attempt_ref (self), attempt_closure_unref, 0);
  return self;
}

void
penstock_input_attempt_arm (PenstockInputAttempt *self)
{
  g_mutex_lock (&self->lock);
  self->armed = TRUE;
  g_mutex_unlock (&self->lock);
}

gint64
penstock_input_attempt_get_last_data (PenstockInputAttempt *self, gint64 since)
{
  gint64 newest = since, oldest_video = G_MAXINT64;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->tracks->len; i++) {
    Track *track = self->tracks->pdata[i];
    newest = MAX (newest, track->last_data);
    if (is_video (track->pad))
      oldest_video = MIN (oldest_video, MAX (since, track->last_data));
  }
  g_mutex_unlock (&self->lock);
  return MIN (newest, oldest_video);
}

void
penstock_input_attempt_set_closes_late (PenstockInputAttempt *self)
{
  g_mutex_lock (&self->lock);
  self->closes_late = TRUE;
  g_mutex_unlock (&self->lock);
}

gboolean
penstock_input_attempt_play (PenstockInputAttempt *self)
{
  return gst_element_set_state (self->pipeline, GST_STATE_PLAYING) !=
      GST_STATE_CHANGE_FAILURE;
}

static gboolean
is_end_of_close (GstMessage *message)
{
  GstProgressType type;
  g_autofree gchar *code = NULL;

  gst_message_parse_progress (message, &type, &code, NULL);
  return g_str_equal (code, "close") &&
      (type == GST_PROGRESS_TYPE_COMPLETE ||
          type == GST_PROGRESS_TYPE_CANCELED ||
          type == GST_PROGRESS_TYPE_ERROR);
}

static void
wait_for_close (GstBus *bus)
{
  GstClockTime end = gst_util_get_timestamp () + CLOSE_TIMEOUT;

  for (;;) {
    GstClockTime now = gst_util_get_timestamp ();
    if (now >= end)
      return;
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, end - now, GST_MESSAGE_PROGRESS);
    if (!message || is_end_of_close (message))
      return;
  }
}

void
penstock_input_attempt_take_down (PenstockInputAttempt *self)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);

  gst_element_set_state (self->pipeline, GST_STATE_READY);
  g_mutex_lock (&self->lock);
  gboolean closes_late = self->closes_late;
  g_mutex_unlock (&self->lock);
  if (closes_late)
    wait_for_close (bus);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_bus_set_flushing (bus, TRUE);
  /* Its pads and signals hold references to us. */
  g_clear_object (&self->pipeline);
}
