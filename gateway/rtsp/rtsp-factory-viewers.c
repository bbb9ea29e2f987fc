/* SPDX-License-Identifier: MIT
 *
 * Who watches a mount: admission, the list, status. See
 * rtsp-factory-private.h. */

#include "rtsp-factory-private.h"

#include "rtsp-payload.h"

/* --- admission ------------------------------------------------------------- */

const gchar *
penstock_rtsp_factory_admit (PenstockRtspFactory *self, guint64 address)
{
  const gchar *why = penstock_rtsp_census_add_viewer (self->census, address);

  if (why)
    return why;
  g_mutex_lock (&self->lock);
  guint max = self->settings.max_viewers;
  gboolean full = max > 0 && self->viewers.length + self->n_admitted >= max;
  if (!full)
    self->n_admitted++;
  g_mutex_unlock (&self->lock);
  if (!full)
    return NULL;
  penstock_rtsp_census_remove_viewer (self->census, address);
  penstock_rtsp_census_note_refused (self->census);
  return "the route has its max-viewers";
}

void
penstock_rtsp_factory_dismiss (PenstockRtspFactory *self, guint64 address)
{
  g_mutex_lock (&self->lock);
  self->n_admitted--;
  g_mutex_unlock (&self->lock);
  penstock_rtsp_census_remove_viewer (self->census, address);
}

/* --- the list -------------------------------------------------------------- */

void
penstock_rtsp_factory_add_viewer (
    PenstockRtspFactory *self, PenstockRtspViewer *viewer)
{
  g_mutex_lock (&self->lock);
  self->n_admitted--;
  PenstockRtspMediaUse *use = penstock_rtsp_media_get_use (viewer->media);
  viewer->factory = g_object_ref (self);
  viewer->link.data = viewer;
  g_queue_push_tail_link (&self->viewers, &viewer->link);
  use->n_viewers++;
  if (use->over_us > 0 || self->closed)
    penstock_rtsp_viewer_close (viewer, "the stream is over");
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_factory_set_play (PenstockRtspFactory *self,
    PenstockRtspViewer *viewer, PenstockRtspPlay *play,
    PenstockRtpReception *receptions)
{
  g_mutex_lock (&self->lock);
  viewer->play = play;
  viewer->receptions = receptions;
  viewer->stats =
      penstock_rtp_viewer_stats_ref (penstock_rtsp_play_get_stats (play));
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_factory_set_playing (
    PenstockRtspFactory *self, PenstockRtspViewer *viewer, gboolean playing)
{
  g_mutex_lock (&self->lock);
  gboolean joins = playing && !viewer->joined;
  viewer->playing = playing;
  viewer->joined |= playing;
  if (playing)
    penstock_rtsp_media_get_use (viewer->media)->played = TRUE;
  PenstockViewer *described =
      joins ? penstock_rtsp_viewer_describe (viewer, self->path) : NULL;
  g_mutex_unlock (&self->lock);
  if (described)
    penstock_rtsp_events_tell (self->events, described, TRUE);
}

const gchar *
penstock_rtsp_factory_get_why_closed (PenstockRtspViewer *viewer)
{
  PenstockRtspFactory *self = viewer->factory;

  g_mutex_lock (&self->lock);
  const gchar *why = penstock_rtsp_viewer_why_closed (viewer);
  g_mutex_unlock (&self->lock);
  return why;
}

void
penstock_rtsp_factory_remove_viewer (PenstockRtspViewer *viewer)
{
  g_autoptr (PenstockRtspFactory) self = viewer->factory;

  g_mutex_lock (&self->lock);
  g_queue_unlink (&self->viewers, &viewer->link);
  viewer->playing = FALSE;
  PenstockViewer *described = viewer->joined
      ? penstock_rtsp_viewer_describe (viewer, self->path)
      : NULL;
  PenstockRtspMediaUse *use = penstock_rtsp_media_get_use (viewer->media);
  use->n_viewers--;
  penstock_rtsp_factory_let_go (self);
  g_mutex_unlock (&self->lock);

  if (described)
    penstock_rtsp_events_tell (self->events, described, FALSE);
  penstock_rtsp_census_remove_viewer (self->census, viewer->address);
  penstock_rtsp_viewer_free (viewer);
}

/* --- status ---------------------------------------------------------------- */

guint
penstock_rtsp_factory_get_n_viewers (PenstockRtspFactory *self)
{
  g_mutex_lock (&self->lock);
  guint n = self->viewers.length;
  g_mutex_unlock (&self->lock);
  return n;
}

void
penstock_rtsp_factory_list_viewers (
    PenstockRtspFactory *self, GPtrArray *viewers)
{
  g_mutex_lock (&self->lock);
  for (GList *l = self->viewers.head; l; l = l->next)
    g_ptr_array_add (
        viewers, penstock_rtsp_viewer_describe (l->data, self->path));
  g_mutex_unlock (&self->lock);
}

gboolean
penstock_rtsp_factory_kick_viewer (PenstockRtspFactory *self, guint id)
{
  gboolean found = FALSE;

  g_mutex_lock (&self->lock);
  for (GList *l = self->viewers.head; l; l = l->next) {
    PenstockRtspViewer *viewer = l->data;
    if (viewer->id != id)
      continue;
    penstock_rtsp_viewer_close (viewer, "on request");
    found = TRUE;
  }
  g_mutex_unlock (&self->lock);
  return found;
}

static void
add_viewers (const GPtrArray *viewers, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "readers");
  json_builder_add_int_value (builder, viewers->len);
  json_builder_set_member_name (builder, "sessions");
  json_builder_begin_array (builder);
  for (guint i = 0; i < viewers->len; i++)
    penstock_viewer_add_json (viewers->pdata[i], builder);
  json_builder_end_array (builder);
}

/* Tracks that RTP does not carry, and why. */
static void
add_left_out (PenstockRtspFactory *self, JsonBuilder *builder)
{
  g_autoptr (PenstockLayout) layout =
      penstock_channel_get_layout (self->channel);

  json_builder_set_member_name (builder, "left-out");
  json_builder_begin_array (builder);
  for (guint i = 0; layout && i < layout->n_tracks; i++) {
    g_autofree gchar *why = penstock_rtsp_payload_check (&layout->tracks[i]);
    if (why)
      json_builder_add_string_value (builder, why);
  }
  json_builder_end_array (builder);
}

void
penstock_rtsp_factory_add_status (
    PenstockRtspFactory *self, JsonBuilder *builder)
{
  g_autoptr (GPtrArray) viewers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) penstock_viewer_unref);

  add_left_out (self, builder);
  penstock_rtsp_factory_list_viewers (self, viewers);
  add_viewers (viewers, builder);
  g_mutex_lock (&self->lock);
  json_builder_set_member_name (builder, "rebuilds");
  json_builder_add_int_value (builder, self->n_rebuilds);
  if (self->reason) {
    json_builder_set_member_name (builder, "reason");
    json_builder_add_string_value (builder, self->reason);
  }
  g_mutex_unlock (&self->lock);
}
