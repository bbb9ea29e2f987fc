/* SPDX-License-Identifier: MIT
 *
 * A connection of a listener that plays: its way to a playback, signs of life,
 * its end. Loop's thread. */

#include "rtmp-publisher-private.h"

#include "rtmp-player.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_debug);
#define GST_CAT_DEFAULT penstock_rtmp_debug

void
penstock_rtmp_publisher_stop_playing (PenstockRtmpPublisher *publisher)
{
  if (publisher->state != PENSTOCK_RTMP_PUBLISHER_PLAYING)
    return;
  penstock_rtmp_player_stop (publisher->player);
  GST_INFO ("play ended route=%s session=%" G_GUINT64_FORMAT " peer=%s",
      publisher->path, publisher->id, publisher->peer);
}

/* The stream has ended: another one may be asked for. */
static void
play_over (gpointer owner)
{
  PenstockRtmpPublisher *publisher = owner;

  penstock_rtmp_session_end_play (
      penstock_rtmp_publisher_get_session (publisher));
  penstock_rtmp_publisher_stop_playing (publisher);
  penstock_rtmp_publisher_set_state (publisher, PENSTOCK_RTMP_PUBLISHER_IDLE);
}

static void
refuse (PenstockRtmpPublisher *publisher, const gchar *code,
    const gchar *description)
{
  GST_INFO ("player refused (%s) session=%" G_GUINT64_FORMAT " peer=%s",
      description, publisher->id, publisher->peer);
  penstock_rtmp_publisher_end_publication (
      publisher, PENSTOCK_RTMP_END_REJECTED, description);
  penstock_rtmp_session_refuse_play (
      penstock_rtmp_publisher_get_session (publisher), code, description);
  penstock_rtmp_publisher_finish (publisher);
}

void
penstock_rtmp_publisher_refuse_play (
    PenstockRtmpPublisher *publisher, const gchar *description)
{
  refuse (publisher, "NetStream.Play.StreamNotFound", description);
}

static void
start_play (PenstockRtmpPublisher *publisher, PenstockRtmpPlayback *playback)
{
  if (!publisher->player)
    publisher->player = penstock_rtmp_player_new (
        publisher->loop, publisher->connection, play_over, publisher);
  penstock_rtmp_publisher_set_deferred (publisher, NULL);
  if (!penstock_rtmp_player_start (publisher->player, playback)) {
    refuse (publisher, "NetStream.Play.Failed",
        "The stream has as many viewers as it may have.");
    return;
  }
  penstock_rtmp_session_accept_play (
      penstock_rtmp_publisher_get_session (publisher));
  publisher->last_ping = penstock_loop_now (publisher->loop);
  penstock_rtmp_publisher_set_state (
      publisher, PENSTOCK_RTMP_PUBLISHER_PLAYING);
  GST_INFO ("play started route=%s session=%" G_GUINT64_FORMAT " peer=%s",
      publisher->path, publisher->id, publisher->peer);
  penstock_rtmp_connection_resume (publisher->connection);
}

/* Looks for what the player wants; @again when it waits already. */
void
penstock_rtmp_publisher_look_for_playback (
    PenstockRtmpPublisher *publisher, gboolean again)
{
  PenstockRtmpServer *server = publisher->server;
  const PenstockRtmpLimits *limits = penstock_rtmp_session_get_limits (
      penstock_rtmp_publisher_get_session (publisher));

  /* What is served from here on finds us among the deferred. */
  penstock_rtmp_publisher_set_deferred (publisher, publisher->path);
  g_mutex_lock (&server->lock);
  PenstockRtmpPlayback *playback =
      penstock_rtmp_playback_find (server, publisher->path);
  g_mutex_unlock (&server->lock);

  if (playback) {
    start_play (publisher, playback);
    penstock_rtmp_playback_unref (playback);
  } else if (!again && limits->play_ms == 0) {
    penstock_rtmp_publisher_refuse_play (publisher, "There is no such stream.");
  } else if (!again) {
    penstock_rtmp_publisher_set_state (
        publisher, PENSTOCK_RTMP_PUBLISHER_AWAITING);
    penstock_rtmp_connection_pause (publisher->connection);
  }
}

void
penstock_rtmp_publisher_play (
    PenstockRtmpPublisher *publisher, const PenstockRtmpEvent *event)
{
  g_free (publisher->path);
  publisher->path = g_strdup (event->path);
  if (*event->path)
    penstock_rtmp_publisher_look_for_playback (publisher, FALSE);
  else
    penstock_rtmp_publisher_refuse_play (
        publisher, "The stream name is not allowed.");
}

/* Nothing came for the longest time, or it is time for a sign of life. */
void
penstock_rtmp_publisher_play_deadline (
    PenstockRtmpPublisher *publisher, gboolean drips)
{
  gint64 now = penstock_loop_now (publisher->loop);

  if (drips) {
    penstock_rtmp_publisher_lost (
        publisher, "a message did not become complete");
  } else if (!penstock_rtmp_player_has_media (publisher->player)) {
    penstock_rtmp_publisher_refuse_play (
        publisher, "Nobody publishes this stream.");
  } else {
    publisher->last_ping = now;
    penstock_rtmp_session_ping (
        penstock_rtmp_publisher_get_session (publisher), now);
    penstock_rtmp_connection_flush (publisher->connection);
    penstock_rtmp_publisher_set_deadline (publisher);
  }
}
