/* SPDX-License-Identifier: MIT
 *
 * Which track of the segmenter a pad of penstockdashsink is, and which pad
 * waits for which (see dash-sink-private.h). */

#include "dash-sink-private.h"

GST_DEBUG_CATEGORY_EXTERN (dash_sink_debug);
#define GST_CAT_DEFAULT dash_sink_debug

/* In a pipeline that is not live a track may be so far ahead of the others,
 * and they have so long to move before they count as missing. */
#define MAX_AHEAD GST_SECOND
#define MAX_HOLD_US (10 * G_USEC_PER_SEC)

/* ---- pads and tracks ---- */

void
dash_tracks_detach (PenstockDashSink *self, PenstockDashSinkPad *pad)
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
      dash_tracks_detach (self, pad);
  }
}

gboolean
dash_tracks_attach (PenstockDashSink *self, PenstockDashSinkPad *pad)
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

gboolean
dash_tracks_is_full (PenstockDashSink *self, CmafKind kind)
{
  guint n = 0, n_all = 0;
  gboolean one;

  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    const PenstockDashSinkPad *pad = l->data;

    n += pad->kind == kind && !pad->gone;
    n_all += !pad->gone;
  }
  one = kind == CMAF_VIDEO && self->settings.low_latency;
  GST_OBJECT_UNLOCK (self);
  return n_all >= SEGMENTER_MAX_TRACKS || (one && n > 0);
}

gboolean
dash_tracks_all_ended (PenstockDashSink *self)
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

PenstockDashSinkPad *
dash_tracks_find_left_out (PenstockDashSink *self)
{
  PenstockDashSinkPad *found = NULL;

  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    PenstockDashSinkPad *pad = l->data;
    gboolean left_out = pad->track >= 0 && !pad->gone &&
        segmenter_is_misaligned (self->segmenter, pad->track);

    if (left_out && !pad->left_out && !found)
      found = gst_object_ref (pad);
    pad->left_out = left_out;
  }
  GST_OBJECT_UNLOCK (self);
  return found;
}

/* ---- who waits ---- */

void
dash_tracks_moved (PenstockDashSink *self)
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

void
dash_tracks_hold (
    PenstockDashSink *self, PenstockDashSinkPad *pad, GstClockTime pts)
{
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
