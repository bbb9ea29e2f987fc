/* SPDX-License-Identifier: MIT
 *
 * A connection of a listener that plays: its way to a playback, signs of life,
 * its end. Loop's thread. */

#include "rtmp-publisher-private.h"

#include "rtmp-player.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_debug);
#define GST_CAT_DEFAULT penstock_rtmp_debug

static void
tell (PenstockRtmpPublisher *publisher, PenstockRtmpNews news,
    PenstockRtmpEnd end, const gchar *detail)
{
  PenstockRtmpPublication who;

  if (!publisher->served_by)
    return;
  penstock_rtmp_publisher_describe (publisher, NULL, &who);
  penstock_rtmp_owner_tell (publisher->served_by, news, &who, end, detail);
}

void
penstock_rtmp_publisher_stop_playing (
    PenstockRtmpPublisher *publisher, PenstockRtmpEnd end, const gchar *detail)
{
  if (publisher->state != PENSTOCK_RTMP_PUBLISHER_PLAYING)
    return;
  penstock_rtmp_player_stop (publisher->player);
  GST_INFO ("play ended (%s: %s) route=%s session=%" G_GUINT64_FORMAT
            " peer=%s",
      penstock_rtmp_end_to_string (end), detail, publisher->path, publisher->id,
      publisher->peer);
  tell (publisher, PENSTOCK_RTMP_PLAY_STOPPED, end, detail);
  g_clear_pointer (&publisher->served_by, penstock_rtmp_owner_unref);
}

void
penstock_rtmp_publisher_pause_play (
    PenstockRtmpPublisher *publisher, gboolean on)
{
  if (penstock_rtmp_player_pause (publisher->player, on))
    tell (publisher, on ? PENSTOCK_RTMP_PAUSED : PENSTOCK_RTMP_UNPAUSED,
        PENSTOCK_RTMP_END_GOODBYE, NULL);
}

/* The stream has ended: another one may be asked for. */
static void
play_over (gpointer owner)
{
  PenstockRtmpPublisher *publisher = owner;

  penstock_rtmp_session_end_play (
      penstock_rtmp_publisher_get_session (publisher));
  penstock_rtmp_publisher_stop_playing (
      publisher, PENSTOCK_RTMP_END_OVER, "the stream has ended");
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
  if (playback->owner)
    publisher->served_by = penstock_rtmp_owner_ref (playback->owner);
  publisher->last_ping = penstock_loop_now (publisher->loop);
  penstock_rtmp_publisher_set_state (
      publisher, PENSTOCK_RTMP_PUBLISHER_PLAYING);
  GST_INFO ("play started route=%s session=%" G_GUINT64_FORMAT " peer=%s",
      publisher->path, publisher->id, publisher->peer);
  penstock_rtmp_connection_resume (publisher->connection);
}

/* (transfer full) (nullable) */
static PenstockRtmpPlayback *
find_playback (PenstockRtmpPublisher *publisher)
{
  g_mutex_lock (&publisher->server->lock);
  PenstockRtmpPlayback *playback =
      penstock_rtmp_playback_find (publisher->server, publisher->path);
  g_mutex_unlock (&publisher->server->lock);
  return playback;
}

static void
ask_owner (PenstockRtmpPublisher *publisher, PenstockRtmpPlayback *playback)
{
  PenstockRtmpVerdict verdict = penstock_rtmp_publisher_question (
      publisher, playback->owner, PENSTOCK_RTMP_MAY_PLAY, NULL);

  if (verdict == PENSTOCK_RTMP_ACCEPT)
    start_play (publisher, playback);
  else if (verdict == PENSTOCK_RTMP_REJECT)
    penstock_rtmp_publisher_refuse_play (publisher, "Playing is not allowed.");
}

void
penstock_rtmp_publisher_look_for_playback (PenstockRtmpPublisher *publisher)
{
  const PenstockRtmpLimits *limits = penstock_rtmp_session_get_limits (
      penstock_rtmp_publisher_get_session (publisher));

  /* What is served from here on finds us among the deferred. */
  penstock_rtmp_publisher_set_deferred (publisher, publisher->path);
  PenstockRtmpPlayback *playback = find_playback (publisher);

  if (playback) {
    ask_owner (publisher, playback);
    penstock_rtmp_playback_unref (playback);
  } else if (limits->play_ms == 0) {
    penstock_rtmp_publisher_refuse_play (publisher, "There is no such stream.");
  } else if (publisher->state != PENSTOCK_RTMP_PUBLISHER_AWAITING) {
    penstock_rtmp_publisher_set_state (
        publisher, PENSTOCK_RTMP_PUBLISHER_AWAITING);
    penstock_rtmp_connection_pause (publisher->connection);
  }
}

void
penstock_rtmp_publisher_let_play (
    PenstockRtmpPublisher *publisher, PenstockRtmpOwner *owner)
{
  PenstockRtmpPlayback *playback = find_playback (publisher);

  if (playback && playback->owner == owner)
    start_play (publisher, playback);
  else /* it has ended since */
    penstock_rtmp_publisher_look_for_playback (publisher);
  if (playback)
    penstock_rtmp_playback_unref (playback);
}

void
penstock_rtmp_publisher_play (
    PenstockRtmpPublisher *publisher, const PenstockRtmpEvent *event)
{
  g_free (publisher->path);
  publisher->path = g_strdup (event->path);
  g_clear_pointer (&publisher->type, g_free);
  if (*event->path)
    penstock_rtmp_publisher_look_for_playback (publisher);
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
