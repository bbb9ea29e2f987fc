/* SPDX-License-Identifier: MIT
 *
 * Mounts. See rtsp-factory.h.
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

#include "rtsp-factory.h"

#include "../log.h"
#include "rtsp-client.h"
#include "rtsp-payload.h"

/* Send buffer of UDP sockets: room for a keyframe in one go. */
#define UDP_SEND_BUFFER (512 * 1024)
struct _PenstockRtspFactory {
  GstRTSPMediaFactory parent;

  /* Set at construction. */
  gchar *path;
  PenstockChannel *channel;
  GstClock *clock;
  GstClockTime base_time;
  GMainContext *context;
  PenstockRtspReaper *reaper;
  gulong layout_handler, state_handler; /* control context */
  PenstockRtspCensus *census;
  PenstockRtspEvents *events;
  PenstockLoopPool *writers; /* set while it is mounted first */

  GMutex lock; /* guards the rest and the viewers; taken last */
  gboolean closed;
  guint generation;           /* key in the library's cache */
  PenstockRtspMedia *current; /* owned, pinned */
  GPtrArray *retired;         /* of PenstockRtspMedia, owned, pinned */
  GQueue viewers;             /* of PenstockRtspViewer */
  guint n_admitted;           /* that are to be added */
  guint n_requests;
  gint64 last_request_us; /* monotonic */
  gint64 reduced_us;      /* since when the layout lacks a track; 0 = not */
  PenstockRtspMountSettings settings;
  guint n_rebuilds; /* media given up for its layout or an error */
  gchar *reason;    /* of the last one */
};

G_DEFINE_FINAL_TYPE (
    PenstockRtspFactory, penstock_rtsp_factory, GST_TYPE_RTSP_MEDIA_FACTORY)

#define LAYOUT_KEY "penstock-rtsp-layout"

void
penstock_rtsp_factory_set_writers (
    PenstockRtspFactory *self, PenstockLoopPool *writers)
{
  g_clear_pointer (&self->writers, penstock_loop_pool_unref);
  self->writers = penstock_loop_pool_ref (writers);
}

void
penstock_rtsp_factory_set_settings (
    PenstockRtspFactory *self, const PenstockRtspMountSettings *settings)
{
  g_mutex_lock (&self->lock);
  self->settings = *settings;
  for (guint i = 0; i <= self->retired->len; i++) {
    PenstockRtspMedia *media =
        i < self->retired->len ? self->retired->pdata[i] : self->current;
    if (media)
      penstock_rtp_hub_set_limits (penstock_rtsp_media_get_hub (media),
          &settings->cache, &settings->viewers);
  }
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_factory_get_settings (
    PenstockRtspFactory *self, PenstockRtspMountSettings *settings)
{
  g_mutex_lock (&self->lock);
  *settings = self->settings;
  g_mutex_unlock (&self->lock);
}

const gchar *
penstock_rtsp_factory_get_path (PenstockRtspFactory *self)
{
  return self->path;
}

/* --- retiring (with the lock) -------------------------------------------- */

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

/* Gives up the media in use, for a reason an operator may want to know. Returns
 * the line for the log, which is written without the lock. */
static gchar *
give_up (PenstockRtspFactory *self, const gchar *reason)
{
  PenstockRtspMedia *media = self->current;

  self->n_rebuilds++;
  g_free (self->reason);
  self->reason = g_strdup (reason);
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

/* --- requests ------------------------------------------------------------ */

static gboolean
can_play (PenstockRtspFactory *self)
{
  if (penstock_channel_get_state (self->channel) == PENSTOCK_CHANNEL_ENDED)
    return FALSE;
  g_autoptr (PenstockLayout) layout =
      penstock_channel_get_layout (self->channel);
  for (guint i = 0; layout && i < layout->n_tracks; i++) {
    g_autofree gchar *why = penstock_rtsp_payload_check (&layout->tracks[i]);
    if (!why)
      return TRUE;
  }
  return FALSE;
}

GstRTSPStatusCode
penstock_rtsp_factory_begin_request (PenstockRtspFactory *self)
{
  if (!can_play (self))
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
  retire_idle (self);
  if (self->retired->len > 0)
    post_release (self);
  g_mutex_unlock (&self->lock);
}

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
  retire_idle (self);
  if (self->retired->len > 0)
    post_release (self);
  g_mutex_unlock (&self->lock);

  if (described)
    penstock_rtsp_events_tell (self->events, described, FALSE);
  penstock_rtsp_census_remove_viewer (self->census, viewer->address);
  penstock_rtsp_viewer_free (viewer);
}

/* --- the media ----------------------------------------------------------- */

PenstockRtpHub *
penstock_rtsp_factory_make_hub (
    PenstockRtspFactory *self, guint n_streams, guint32 video)
{
  PenstockRtspMountSettings settings;

  penstock_rtsp_factory_get_settings (self, &settings);
  return penstock_rtp_hub_new (self->writers, &settings.cache, n_streams, video,
      penstock_rtsp_factory_has_start (self),
      penstock_channel_to_wall_clock (self->channel, self->base_time));
}

gboolean
penstock_rtsp_factory_has_start (PenstockRtspFactory *self)
{
  PenstockGopLogStats stats;

  penstock_gop_log_get_stats (penstock_channel_get_log (self->channel), &stats);
  return stats.has_keyframe;
}

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
    g_free (self->reason);
    self->reason = g_strdup (reason);
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

/* --- the channel (its writer's thread) ------------------------------------ */

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

/* --- time (control context) ----------------------------------------------- */

void
penstock_rtsp_factory_tick (PenstockRtspFactory *self)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree gchar *line = NULL;

  g_mutex_lock (&self->lock);
  retire_idle (self);
  for (GList *l = self->viewers.head; l; l = l->next) {
    PenstockRtspViewer *viewer = l->data;
    if (!penstock_rtsp_viewer_check (viewer, now, self->settings.stall_us))
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

/* --- making a media -------------------------------------------------------- */

/* One media for all, whatever the query of the URL says. */
static gchar *
penstock_rtsp_factory_gen_key (
    GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  PenstockRtspFactory *self = PENSTOCK_RTSP_FACTORY (factory);
  GstRTSPContext *ctx = gst_rtsp_context_get_current ();

  /* A SETUP without DESCRIBE takes its media before it asks whether it may. */
  if (ctx && PENSTOCK_IS_RTSP_CLIENT (ctx->client))
    penstock_rtsp_client_hold_mount (PENSTOCK_RTSP_CLIENT (ctx->client), self);

  g_mutex_lock (&self->lock);
  gchar *key = g_strdup_printf ("%u", self->generation);
  g_mutex_unlock (&self->lock);
  return key;
}

static GstElement *
penstock_rtsp_factory_create_element (
    GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  PenstockRtspFactory *self = PENSTOCK_RTSP_FACTORY (factory);
  g_autoptr (PenstockLayout) layout =
      penstock_channel_get_layout (self->channel);
  g_autoptr (GError) error = NULL;

  if (!layout)
    return NULL;
  GstElement *bin = penstock_rtsp_payload_bin (
      penstock_channel_get_name (self->channel), layout, &error);
  if (!bin) {
    penstock_warning ("rtsp", "%s route=%s", error->message, self->path);
    return NULL;
  }
  g_object_set_data_full (G_OBJECT (bin), LAYOUT_KEY, g_steal_pointer (&layout),
      (GDestroyNotify) penstock_layout_unref);
  return bin;
}

/* A SETUP that no DESCRIBE came before. Without tracks there is nothing to make,
 * which the library would take for an error of ours. */
static GstRTSPMedia *
penstock_rtsp_factory_construct (
    GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  if (!can_play (PENSTOCK_RTSP_FACTORY (factory)))
    return NULL;
  return GST_RTSP_MEDIA_FACTORY_CLASS (penstock_rtsp_factory_parent_class)
      ->construct (factory, url);
}

/* What the library adds for viewers. Their sinks, which get nothing, join a
 * running pipeline, several at a time from threads of their own. One that
 * prerolls takes the pipeline out of PLAYING for a moment, and one that joins in
 * that moment may stay in PAUSED for good; no state change of the media waits
 * for them, so they need not preroll. What TCP viewers send by RTCP comes
 * without caps and meets that of UDP viewers in a funnel, whose events get out
 * of order then. */
static void
set_up_element (
    GstBin *pipeline, GstBin *bin, GstElement *element, gpointer user_data)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const gchar *name = factory ? GST_OBJECT_NAME (factory) : "";

  if (g_str_equal (name, "multiudpsink") || g_str_equal (name, "appsink"))
    g_object_set (element, "async", FALSE, NULL);
  if (g_str_equal (name, "appsrc")) {
    g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("application/x-rtcp");
    g_object_set (element, "caps", caps, NULL);
  }
}

/* On the gateway's clock and base time, so that the channel's times hold. */
static GstElement *
penstock_rtsp_factory_create_pipeline (
    GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  PenstockRtspFactory *self = PENSTOCK_RTSP_FACTORY (factory);
  GstElement *pipeline =
      GST_RTSP_MEDIA_FACTORY_CLASS (penstock_rtsp_factory_parent_class)
          ->create_pipeline (factory, media);

  if (!pipeline)
    return NULL;
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), self->clock);
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline, self->base_time);
  g_signal_connect (
      pipeline, "deep-element-added", G_CALLBACK (set_up_element), NULL);
  return pipeline;
}

static void
penstock_rtsp_factory_configure (
    GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  GST_RTSP_MEDIA_FACTORY_CLASS (penstock_rtsp_factory_parent_class)
      ->configure (factory, media);
  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (media);
  penstock_rtsp_media_configure (PENSTOCK_RTSP_MEDIA (media),
      PENSTOCK_RTSP_FACTORY (factory),
      g_object_get_data (G_OBJECT (bin), LAYOUT_KEY));
  gst_rtsp_media_set_reusable (media, FALSE);
  gst_rtsp_media_set_do_retransmission (media, FALSE);
}

/* --- object ---------------------------------------------------------------- */

PenstockRtspFactory *
penstock_rtsp_factory_new (const gchar *path, PenstockChannel *channel,
    GstClock *clock, GstClockTime base_time, PenstockRtspReaper *reaper,
    PenstockRtspCensus *census, PenstockRtspEvents *events)
{
  PenstockRtspFactory *self = g_object_new (PENSTOCK_TYPE_RTSP_FACTORY, NULL);
  GstRTSPMediaFactory *factory = GST_RTSP_MEDIA_FACTORY (self);

  self->path = g_strdup (path);
  self->channel = g_object_ref (channel);
  self->clock = gst_object_ref (clock);
  self->base_time = base_time;
  self->context = g_main_context_ref_thread_default ();
  self->reaper = penstock_rtsp_reaper_ref (reaper);
  self->census = penstock_rtsp_census_ref (census);
  self->events = penstock_rtsp_events_ref (events);

  gst_rtsp_media_factory_set_media_gtype (factory, PENSTOCK_TYPE_RTSP_MEDIA);
  gst_rtsp_media_factory_set_shared (factory, TRUE);
  gst_rtsp_media_factory_set_eos_shutdown (factory, FALSE);
  gst_rtsp_media_factory_set_suspend_mode (factory, GST_RTSP_SUSPEND_MODE_NONE);
  gst_rtsp_media_factory_set_stop_on_disconnect (factory, TRUE);
  gst_rtsp_media_factory_set_latency (factory, 0);
  gst_rtsp_media_factory_set_retransmission_time (factory, 0);
  gst_rtsp_media_factory_set_buffer_size (factory, UDP_SEND_BUFFER);
  gst_rtsp_media_factory_set_protocols (
      factory, GST_RTSP_LOWER_TRANS_UDP | GST_RTSP_LOWER_TRANS_TCP);

  /* The closures hold the factory, for a signal that is under way in another
   * thread when it is closed. */
  self->layout_handler = g_signal_connect_data (channel, "layout-changed",
      G_CALLBACK (layout_changed), g_object_ref (self),
      (GClosureNotify) g_object_unref, 0);
  self->state_handler = g_signal_connect_data (channel, "state-changed",
      G_CALLBACK (state_changed), g_object_ref (self),
      (GClosureNotify) g_object_unref, 0);
  return self;
}

static void
penstock_rtsp_factory_finalize (GObject *object)
{
  PenstockRtspFactory *self = PENSTOCK_RTSP_FACTORY (object);

  g_ptr_array_unref (self->retired);
  g_clear_pointer (&self->writers, penstock_loop_pool_unref);
  g_clear_object (&self->channel);
  g_clear_object (&self->clock);
  g_main_context_unref (self->context);
  penstock_rtsp_reaper_unref (self->reaper);
  penstock_rtsp_census_unref (self->census);
  penstock_rtsp_events_unref (self->events);
  g_mutex_clear (&self->lock);
  g_free (self->reason);
  g_free (self->path);
  G_OBJECT_CLASS (penstock_rtsp_factory_parent_class)->finalize (object);
}

static void
penstock_rtsp_factory_class_init (PenstockRtspFactoryClass *klass)
{
  GstRTSPMediaFactoryClass *factory_class =
      GST_RTSP_MEDIA_FACTORY_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_factory_finalize;
  factory_class->gen_key = penstock_rtsp_factory_gen_key;
  factory_class->construct = penstock_rtsp_factory_construct;
  factory_class->create_element = penstock_rtsp_factory_create_element;
  factory_class->create_pipeline = penstock_rtsp_factory_create_pipeline;
  factory_class->configure = penstock_rtsp_factory_configure;
}

static void
penstock_rtsp_factory_init (PenstockRtspFactory *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->viewers);
  penstock_rtsp_mount_settings_init (&self->settings, NULL, NULL);
  self->retired = g_ptr_array_new_with_free_func (g_object_unref);
}
