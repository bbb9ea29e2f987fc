/* SPDX-License-Identifier: MIT
 *
 * Which media a mount offers. See rtsp-factory-private.h.
 *
 * The life of a media is ours, not the library's: each prepared media is held
 * ("pinned") by one prepare count of the factory. It is retired when its last
 * viewer has gone, when it was never played, when the channel ends, when its
 * layout no longer fits or when it failed. A retired media is not offered any
 * more (the key of the library's cache changes), and is unpinned in the control
 * context once no viewer and no request can be using it. A viewer that comes
 * to an idle mount thus gets a media of its own making, which starts with the
 * channel's cached picture. One that was described before may still play it:
 * the library counts that by itself. */

#include "rtsp-factory-private.h"

#include "../log.h"
#include "rtsp-payload.h"

/* --- retiring (with the lock) ---------------------------------------------- */

static gboolean
release_in_context (gpointer user_data)
{
  penstock_rtsp_factory_release (user_data);
  return G_SOURCE_REMOVE;
}

static void
post_release (PenstockRtspFactory *self)
{
  penstock_control_post (
      self->context, release_in_context, g_object_ref (self), g_object_unref);
}

/* The next request makes a new media. */
static void
retire_current (PenstockRtspFactory *self)
{
  self->generation++;
  self->reduced_us = 0;
  if (!self->current)
    return;
  penstock_rtsp_media_get_use (self->current)->retired = TRUE;
  g_ptr_array_add (self->retired, g_steal_pointer (&self->current));
  post_release (self);
}

/* Closes the connections of @media's viewers, or of all (NULL); with @idle only
 * of those that do not play. */
static void
kick (PenstockRtspFactory *self, PenstockRtspMedia *media, gboolean idle)
{
  for (GList *l = self->viewers.head; l; l = l->next) {
    PenstockRtspViewer *viewer = l->data;
    if ((!media || viewer->media == media) && !(idle && viewer->playing))
      penstock_rtsp_viewer_close (viewer, "the stream is over");
  }
}

/* The media in use is no good any more: its viewers have to go. */
static void
end_current (PenstockRtspFactory *self)
{
  if (self->current)
    penstock_rtsp_media_get_use (self->current)->over_us =
        g_get_monotonic_time ();
  retire_current (self);
}

/* A media that has been played and has nobody left goes at once: the next
 * viewer shall begin with a picture from the cache. */
static void
retire_idle (PenstockRtspFactory *self)
{
  if (!self->current || self->n_requests > 0)
    return;
  PenstockRtspMediaUse *use = penstock_rtsp_media_get_use (self->current);
  if (use->n_viewers > 0)
    return;
  if (use->played ||
      g_get_monotonic_time () - self->last_request_us >=
          PENSTOCK_RTSP_LINGER_US)
    retire_current (self);
}

void
penstock_rtsp_factory_let_go (PenstockRtspFactory *self)
{
  retire_idle (self);
  if (self->retired->len > 0)
    post_release (self);
}

static void
set_reason (PenstockRtspFactory *self, const gchar *reason)
{
  g_free (self->reason);
  self->reason = g_strdup (reason);
}

/* Gives up the media in use, for a reason an operator may want to know. Returns
 * the line for the log, which is written without the lock. */
static gchar *
give_up (PenstockRtspFactory *self, const gchar *reason)
{
  PenstockRtspMedia *media = self->current;

  self->n_rebuilds++;
  set_reason (self, reason);
  guint n_viewers = media ? penstock_rtsp_media_get_use (media)->n_viewers : 0;
  end_current (self);
  if (media)
    kick (self, media, FALSE);
  return g_strdup_printf (
      "%s; closing %u readers, who may reconnect", reason, n_viewers);
}

static void
log_warning (PenstockRtspFactory *self, const gchar *line)
{
  if (line)
    penstock_warning ("rtsp", "%s route=%s", line, self->path);
}

gboolean
penstock_rtsp_factory_release (PenstockRtspFactory *self)
{
  g_autoptr (GPtrArray) unused = g_ptr_array_new ();

  g_mutex_lock (&self->lock);
  for (guint i = self->retired->len; i > 0 && self->n_requests == 0; i--) {
    PenstockRtspMedia *media = self->retired->pdata[i - 1];
    if (penstock_rtsp_media_get_use (media)->n_viewers == 0)
      g_ptr_array_add (
          unused, g_ptr_array_steal_index_fast (self->retired, i - 1));
  }
  gboolean empty =
      !self->current && self->retired->len == 0 && self->viewers.length == 0;
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < unused->len; i++)
    penstock_rtsp_reaper_take (self->reaper, unused->pdata[i]);
  return empty;
}

/* --- requests -------------------------------------------------------------- */

GstRTSPStatusCode
penstock_rtsp_factory_begin_request (PenstockRtspFactory *self)
{
  if (!penstock_rtsp_factory_can_play (self))
    return GST_RTSP_STS_SERVICE_UNAVAILABLE;

  g_mutex_lock (&self->lock);
  gboolean ok = !self->closed;
  if (ok) {
    retire_idle (self);
    self->n_requests++;
    self->last_request_us = g_get_monotonic_time ();
  }
  g_mutex_unlock (&self->lock);
  return ok ? GST_RTSP_STS_OK : GST_RTSP_STS_NOT_FOUND;
}

void
penstock_rtsp_factory_hold (PenstockRtspFactory *self)
{
  g_mutex_lock (&self->lock);
  self->n_requests++;
  self->last_request_us = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_factory_end_request (PenstockRtspFactory *self, gboolean failed)
{
  g_mutex_lock (&self->lock);
  self->n_requests--;
  self->last_request_us = g_get_monotonic_time ();
  /* A media that could not be prepared may stay in the library's cache. */
  if (failed && !self->current)
    self->generation++;
  penstock_rtsp_factory_let_go (self);
  g_mutex_unlock (&self->lock);
}

/* --- the media ------------------------------------------------------------- */

void
penstock_rtsp_factory_media_prepared (
    PenstockRtspFactory *self, PenstockRtspMedia *media)
{
  /* The pin: counted, and returns at once as the media is prepared. */
  if (!gst_rtsp_media_prepare (GST_RTSP_MEDIA (media), NULL))
    return;

  g_mutex_lock (&self->lock);
  if (self->current)
    retire_current (self);
  self->current = g_object_ref (media);
  /* They may have changed while it was being prepared. */
  penstock_rtp_hub_set_limits (penstock_rtsp_media_get_hub (media),
      &self->settings.cache, &self->settings.viewers);
  if (self->closed)
    retire_current (self);
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_factory_media_failed (
    PenstockRtspFactory *self, PenstockRtspMedia *media, const gchar *reason)
{
  g_autofree gchar *line = NULL;

  g_mutex_lock (&self->lock);
  if (media == self->current) {
    line = give_up (self, reason);
  } else if (penstock_rtsp_media_get_use (media)->retired) {
    kick (self, media, FALSE);
  } else {
    line = g_strdup (reason); /* while it was being prepared */
    set_reason (self, reason);
  }
  g_mutex_unlock (&self->lock);
  log_warning (self, line);
}

void
penstock_rtsp_factory_media_ended (
    PenstockRtspFactory *self, PenstockRtspMedia *media)
{
  g_mutex_lock (&self->lock);
  penstock_rtsp_media_get_use (media)->over_us = g_get_monotonic_time ();
  if (media == self->current)
    retire_current (self);
  kick (self, media, TRUE);
  g_mutex_unlock (&self->lock);
  /* The others get what is left, and BYE. */
  penstock_rtp_hub_end (penstock_rtsp_media_get_hub (media));
}

/* --- the channel (its writer's thread) ------------------------------------- */

static gchar *
check_layout (PenstockRtspFactory *self, const PenstockLayout *now)
{
  if (!self->current)
    return NULL;
  switch (penstock_rtsp_payload_compare (
      penstock_rtsp_media_get_layout (self->current), now)) {
  case PENSTOCK_RTSP_LAYOUT_SAME:
    self->reduced_us = 0;
    break;
  case PENSTOCK_RTSP_LAYOUT_REDUCED:
    if (self->reduced_us == 0)
      self->reduced_us = g_get_monotonic_time ();
    break;
  case PENSTOCK_RTSP_LAYOUT_OTHER:
    return give_up (self, "the tracks or codecs of the source have changed");
  }
  return NULL;
}

static void
layout_changed (PenstockChannel *channel, PenstockRtspFactory *self)
{
  g_autoptr (PenstockLayout) layout = penstock_channel_get_layout (channel);
  g_autofree gchar *line = NULL;

  g_mutex_lock (&self->lock);
  if (layout)
    line = check_layout (self, layout);
  g_mutex_unlock (&self->lock);
  log_warning (self, line);
}

/* At the end viewers get the rest of the stream and BYE; the media says when
 * that has gone out. */
static void
state_changed (PenstockChannel *channel, guint state, PenstockRtspFactory *self)
{
  if (state != PENSTOCK_CHANNEL_ENDED)
    return;
  g_mutex_lock (&self->lock);
  end_current (self);
  g_mutex_unlock (&self->lock);
}

/* The closures hold the factory, for a signal that is under way in another
 * thread when it is closed. */
void
penstock_rtsp_factory_watch_channel (PenstockRtspFactory *self)
{
  self->layout_handler = g_signal_connect_data (self->channel, "layout-changed",
      G_CALLBACK (layout_changed), g_object_ref (self),
      (GClosureNotify) g_object_unref, 0);
  self->state_handler = g_signal_connect_data (self->channel, "state-changed",
      G_CALLBACK (state_changed), g_object_ref (self),
      (GClosureNotify) g_object_unref, 0);
}

/* --- time (control context) ------------------------------------------------ */

void
penstock_rtsp_factory_tick (PenstockRtspFactory *self)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree gchar *line = NULL;
  g_autoptr (GPtrArray) touched =
      g_ptr_array_new_with_free_func (g_object_unref);

  g_mutex_lock (&self->lock);
  retire_idle (self);
  for (GList *l = self->viewers.head; l; l = l->next) {
    PenstockRtspViewer *viewer = l->data;
    if (!penstock_rtsp_viewer_check (
            viewer, now, self->settings.stall_us, touched))
      penstock_rtsp_viewer_close (viewer, "it takes nothing");
  }
  if (self->reduced_us > 0 &&
      now - self->reduced_us >= PENSTOCK_RTSP_REDUCED_GRACE_US)
    line = give_up (self, "the source came back without one of its tracks");
  for (guint i = 0; i < self->retired->len; i++) {
    PenstockRtspMedia *media = self->retired->pdata[i];
    gint64 over_us = penstock_rtsp_media_get_use (media)->over_us;
    if (over_us > 0 && now - over_us >= PENSTOCK_RTSP_END_GRACE_US)
      kick (self, media, FALSE);
  }
  g_mutex_unlock (&self->lock);
  log_warning (self, line);
  penstock_rtsp_factory_release (self);
}

void
penstock_rtsp_factory_close (PenstockRtspFactory *self)
{
  g_clear_signal_handler (&self->layout_handler, self->channel);
  g_clear_signal_handler (&self->state_handler, self->channel);

  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  retire_current (self);
  kick (self, NULL, FALSE);
  g_mutex_unlock (&self->lock);
}
