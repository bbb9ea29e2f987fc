/* SPDX-License-Identifier: MIT
 *
 * One connection of a listener: from the handshake to a publication or play
 * and its end. On its loop's thread, except penstock_rtmp_publisher_ask(). */

#include <gst/gst.h>
#include <string.h>

#include "rtmp-limits.h"
#include "rtmp-player.h"
#include "rtmp-server-private.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_debug);
#define GST_CAT_DEFAULT penstock_rtmp_debug

static const PenstockRtmpConnectionHandler connection_handler;

static PenstockRtmpSession *
get_session (PenstockRtmpPublisher *publisher)
{
  return penstock_rtmp_connection_get_session (publisher->connection);
}

/* State and deadlines */

/* @at, or earlier when a message does not become complete. */
static gint64
with_unfinished (PenstockRtmpPublisher *publisher, gint64 at)
{
  gint64 since =
      penstock_rtmp_session_get_unfinished_since (get_session (publisher));

  return since >= 0 ? MIN (at, since + publisher->server->times.message_ms)
                    : at;
}

static gint64
next_deadline (PenstockRtmpPublisher *publisher)
{
  const PenstockRtmpTimes *times = &publisher->server->times;
  gint64 since = publisher->state_since;

  switch (publisher->state) {
  case PENSTOCK_RTMP_PUBLISHER_HANDSHAKE:
    return since + times->handshake_ms;
  case PENSTOCK_RTMP_PUBLISHER_CONNECT:
    return since + times->connect_ms;
  case PENSTOCK_RTMP_PUBLISHER_IDLE:
    return since + times->publish_ms;
  case PENSTOCK_RTMP_PUBLISHER_DEFERRED:
  case PENSTOCK_RTMP_PUBLISHER_WAITING:
    return since + times->defer_ms;
  case PENSTOCK_RTMP_PUBLISHER_AWAITING:
    return since + times->play_ms;
  case PENSTOCK_RTMP_PUBLISHER_ACTIVE:
    return with_unfinished (publisher,
        publisher->last_message != 0
            ? publisher->last_message + times->silence_ms
            : since + times->first_media_ms);
  case PENSTOCK_RTMP_PUBLISHER_PLAYING:
    return with_unfinished (publisher,
        penstock_rtmp_player_has_media (publisher->player)
            ? publisher->last_ping + times->ping_ms
            : since + times->play_ms);
  default:
    return G_MAXINT64;
  }
}

static void
set_deadline (PenstockRtmpPublisher *publisher)
{
  gint64 at = next_deadline (publisher);

  if (publisher->connection &&
      publisher->state < PENSTOCK_RTMP_PUBLISHER_CLOSING)
    penstock_rtmp_connection_set_deadline (publisher->connection,
        MAX (at - penstock_rtmp_loop_now (publisher->loop), 0));
}

/* No longer among those that may be closed for a newer one. */
static void
leave_half_open (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;

  g_mutex_lock (&server->lock);
  if (publisher->half_open)
    g_queue_unlink (&server->half_open, &publisher->half_open_link);
  publisher->half_open = FALSE;
  g_mutex_unlock (&server->lock);
}

static void
set_state (PenstockRtmpPublisher *publisher, PenstockRtmpPublisherState state)
{
  publisher->state = state;
  publisher->state_since = penstock_rtmp_loop_now (publisher->loop);
  publisher->last_message = 0;
  if (state >= PENSTOCK_RTMP_PUBLISHER_ACTIVE)
    leave_half_open (publisher);
  set_deadline (publisher);
}

static void
set_deferred (PenstockRtmpPublisher *publisher, const gchar *path)
{
  g_mutex_lock (&publisher->server->lock);
  g_free (publisher->deferred_path);
  publisher->deferred_path = g_strdup (path);
  g_mutex_unlock (&publisher->server->lock);
}

/* Who publishes what. An encoder may have put the publish key into the
 * application: once the key is known it is left out. */
static void
describe (PenstockRtmpPublisher *publisher, PenstockRtmpClaim *claim,
    PenstockRtmpPublication *out)
{
  const PenstockRtmpPeerInfo *peer =
      penstock_rtmp_session_get_peer (get_session (publisher));
  const gchar *key = claim ? claim->key : NULL;

  *out = (PenstockRtmpPublication){
    .id = publisher->id,
    .peer = publisher->peer,
    .path = claim ? claim->path : publisher->path,
    .app = key && strstr (peer->app, key) ? "" : peer->app,
    .tc_url =
        key && peer->tc_url && strstr (peer->tc_url, key) ? NULL : peer->tc_url,
    .flash_ver = peer->flash_ver,
    .encoder = peer->encoder,
    .type = publisher->type,
  };
}

static void
stop_playing (PenstockRtmpPublisher *publisher)
{
  if (publisher->state != PENSTOCK_RTMP_PUBLISHER_PLAYING)
    return;
  penstock_rtmp_player_stop (publisher->player);
  GST_INFO ("play ended route=%s session=%" G_GUINT64_FORMAT " peer=%s",
      publisher->path, publisher->id, publisher->peer);
}

/* Leaves the claim, telling the owner if a publication was running. */
static void
end_publication (
    PenstockRtmpPublisher *publisher, PenstockRtmpEnd end, const gchar *detail)
{
  PenstockRtmpClaim *claim = g_steal_pointer (&publisher->claim);

  set_deferred (publisher, NULL);
  stop_playing (publisher);
  if (!claim)
    return;
  if (publisher->state == PENSTOCK_RTMP_PUBLISHER_ACTIVE) {
    penstock_rtmp_connection_set_activity (publisher->connection, NULL);
    GST_INFO ("publication ended (%s: %s) route=%s session=%" G_GUINT64_FORMAT
              " peer=%s",
        penstock_rtmp_end_to_string (end), detail, claim->path, publisher->id,
        publisher->peer);
    penstock_rtmp_claim_deliver_ended (claim, end, detail);
  }
  penstock_rtmp_claim_leave (
      claim, publisher, end != PENSTOCK_RTMP_END_GOODBYE);
  penstock_rtmp_claim_unref (claim);
}

/* Sends what is queued and closes. */
static void
finish (PenstockRtmpPublisher *publisher)
{
  set_state (publisher, PENSTOCK_RTMP_PUBLISHER_CLOSING);
  penstock_rtmp_connection_finish (publisher->connection);
}

static void
refuse (PenstockRtmpPublisher *publisher, PenstockRtmpEnd end,
    const gchar *code, const gchar *description)
{
  GST_INFO ("publisher refused (%s: %s) session=%" G_GUINT64_FORMAT " peer=%s",
      code, description, publisher->id, publisher->peer);
  end_publication (publisher, end, description);
  penstock_rtmp_session_refuse_publish (
      get_session (publisher), code, description);
  finish (publisher);
}

/* Getting in */

static void
start (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpClaim *claim = publisher->claim;
  PenstockRtmpPublication publication;

  set_state (publisher, PENSTOCK_RTMP_PUBLISHER_ACTIVE);
  set_deferred (publisher, NULL);
  penstock_rtmp_connection_set_activity (
      publisher->connection, &claim->activity);
  penstock_rtmp_session_accept_publish (get_session (publisher));
  describe (publisher, claim, &publication);
  GST_INFO ("publication started (%s) route=%s session=%" G_GUINT64_FORMAT
            " peer=%s",
      publication.encoder, claim->path, publisher->id, publisher->peer);
  penstock_rtmp_claim_deliver_started (claim, &publication);
  penstock_rtmp_connection_resume (publisher->connection);
}

/* Takes @claim. */
static void
enter (PenstockRtmpPublisher *publisher, PenstockRtmpClaim *claim)
{
  switch (penstock_rtmp_claim_enter (claim, publisher)) {
  case PENSTOCK_RTMP_ENTER_NOW:
    publisher->claim = claim;
    start (publisher);
    break;
  case PENSTOCK_RTMP_ENTER_WAIT:
    publisher->claim = claim;
    set_deferred (publisher, NULL);
    set_state (publisher, PENSTOCK_RTMP_PUBLISHER_WAITING);
    penstock_rtmp_connection_pause (publisher->connection);
    break;
  default:
    penstock_rtmp_claim_unref (claim);
    refuse (publisher, PENSTOCK_RTMP_END_REJECTED, "NetStream.Publish.BadName",
        "The stream is being published already.");
    break;
  }
}

/* Nobody claims the path: the handler may know somebody who will. */
static void
ask_handler (PenstockRtmpPublisher *publisher, const gchar *key)
{
  PenstockRtmpServer *server = publisher->server;
  PenstockRtmpUnclaimed verdict = PENSTOCK_RTMP_UNCLAIMED_REJECT;
  PenstockRtmpPublication request;

  describe (publisher, NULL, &request);
  request.key = key;
  g_rec_mutex_lock (&server->handler_lock);
  if (server->unclaimed)
    verdict = server->unclaimed (server, &request, server->unclaimed_data);
  g_rec_mutex_unlock (&server->handler_lock);

  if (verdict == PENSTOCK_RTMP_UNCLAIMED_REJECT) {
    refuse (publisher, PENSTOCK_RTMP_END_REJECTED, "NetStream.Publish.BadName",
        "There is no such stream.");
    return;
  }
  set_state (publisher, PENSTOCK_RTMP_PUBLISHER_DEFERRED);
  penstock_rtmp_connection_pause (publisher->connection);
}

/* Looks for a claim; @again when the handler was asked before. */
static void
look_for_claim (PenstockRtmpPublisher *publisher, gboolean again)
{
  PenstockRtmpServer *server = publisher->server;
  g_autofree gchar *key =
      penstock_rtmp_session_dup_parameter (get_session (publisher), "key");
  PenstockRtmpClaim *claim = NULL;

  /* A claim made from here on finds us among the deferred. */
  set_deferred (publisher, publisher->path);
  g_mutex_lock (&server->lock);
  PenstockRtmpClaimMatch match =
      penstock_rtmp_claim_find (server, publisher->path, key, &claim);
  g_mutex_unlock (&server->lock);

  if (match == PENSTOCK_RTMP_CLAIM_FOUND)
    enter (publisher, claim);
  else if (match == PENSTOCK_RTMP_CLAIM_DENIED)
    refuse (publisher, PENSTOCK_RTMP_END_REJECTED, "NetStream.Publish.Denied",
        "The publish key is missing or wrong.");
  else if (!again)
    ask_handler (publisher, key);
}

/* Playing */

/* The stream has ended: another one may be asked for. */
static void
play_over (gpointer owner)
{
  PenstockRtmpPublisher *publisher = owner;

  penstock_rtmp_session_end_play (get_session (publisher));
  stop_playing (publisher);
  set_state (publisher, PENSTOCK_RTMP_PUBLISHER_IDLE);
}

static void
refuse_play (PenstockRtmpPublisher *publisher, const gchar *description)
{
  GST_INFO ("player refused (%s) session=%" G_GUINT64_FORMAT " peer=%s",
      description, publisher->id, publisher->peer);
  end_publication (publisher, PENSTOCK_RTMP_END_REJECTED, description);
  penstock_rtmp_session_refuse_play (
      get_session (publisher), "NetStream.Play.StreamNotFound", description);
  finish (publisher);
}

static void
start_play (PenstockRtmpPublisher *publisher, PenstockRtmpPlayback *playback)
{
  if (!publisher->player)
    publisher->player = penstock_rtmp_player_new (
        publisher->loop, publisher->connection, play_over, publisher);
  set_deferred (publisher, NULL);
  penstock_rtmp_session_accept_play (get_session (publisher));
  penstock_rtmp_player_start (publisher->player, playback);
  publisher->last_ping = penstock_rtmp_loop_now (publisher->loop);
  set_state (publisher, PENSTOCK_RTMP_PUBLISHER_PLAYING);
  GST_INFO ("play started route=%s session=%" G_GUINT64_FORMAT " peer=%s",
      publisher->path, publisher->id, publisher->peer);
  penstock_rtmp_connection_resume (publisher->connection);
}

/* Looks for what the player wants; @again when it waits already. */
static void
look_for_playback (PenstockRtmpPublisher *publisher, gboolean again)
{
  PenstockRtmpServer *server = publisher->server;

  /* What is served from here on finds us among the deferred. */
  set_deferred (publisher, publisher->path);
  g_mutex_lock (&server->lock);
  PenstockRtmpPlayback *playback =
      penstock_rtmp_playback_find (server, publisher->path);
  g_mutex_unlock (&server->lock);

  if (playback) {
    start_play (publisher, playback);
    penstock_rtmp_playback_unref (playback);
  } else if (!again) {
    set_state (publisher, PENSTOCK_RTMP_PUBLISHER_AWAITING);
    penstock_rtmp_connection_pause (publisher->connection);
  }
}

static void
on_play (PenstockRtmpPublisher *publisher, const PenstockRtmpEvent *event)
{
  g_free (publisher->path);
  publisher->path = g_strdup (event->path);
  if (*event->path)
    look_for_playback (publisher, FALSE);
  else
    refuse_play (publisher, "The stream name is not allowed.");
}

/* Nothing came for the longest time, or it is time for a sign of life. */
static void
play_deadline (PenstockRtmpPublisher *publisher)
{
  gint64 now = penstock_rtmp_loop_now (publisher->loop);

  if (with_unfinished (publisher, G_MAXINT64) <= now) {
    penstock_rtmp_connection_close (publisher->connection);
  } else if (!penstock_rtmp_player_has_media (publisher->player)) {
    refuse_play (publisher, "Nobody publishes this stream.");
  } else {
    publisher->last_ping = now;
    penstock_rtmp_session_ping (get_session (publisher), now);
    penstock_rtmp_connection_flush (publisher->connection);
    set_deadline (publisher);
  }
}

/* Events of the connection */

static void
on_message (PenstockRtmpPublisher *publisher, PenstockRtmpMessage *message)
{
  gboolean first = publisher->last_message == 0;

  publisher->last_message = penstock_rtmp_loop_now (publisher->loop);
  if (first)
    set_deadline (publisher); /* the time allowed is a different one now */
  if (publisher->claim)
    penstock_rtmp_claim_deliver_message (publisher->claim, message);
  penstock_rtmp_message_unref (message);
}

static void
on_publish (PenstockRtmpPublisher *publisher, const PenstockRtmpEvent *event)
{
  g_free (publisher->path);
  g_free (publisher->type);
  publisher->path = g_strdup (event->path);
  publisher->type = g_strdup (event->publish_type);
  look_for_claim (publisher, FALSE);
}

static void
on_connect (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpSession *session = get_session (publisher);
  const PenstockRtmpPeerInfo *peer = penstock_rtmp_session_get_peer (session);

  GST_DEBUG ("connect from %s session=%" G_GUINT64_FORMAT " peer=%s",
      peer->encoder, publisher->id, publisher->peer);
  penstock_rtmp_session_accept_connect (session);
  set_state (publisher, PENSTOCK_RTMP_PUBLISHER_IDLE);
}

static void
on_event (gpointer owner, PenstockRtmpEvent *event)
{
  PenstockRtmpPublisher *publisher = owner;

  switch (event->type) {
  case PENSTOCK_RTMP_EVENT_HANDSHAKE:
    set_state (publisher, PENSTOCK_RTMP_PUBLISHER_CONNECT);
    break;
  case PENSTOCK_RTMP_EVENT_CONNECT:
    on_connect (publisher);
    break;
  case PENSTOCK_RTMP_EVENT_PUBLISH:
    on_publish (publisher, event);
    break;
  case PENSTOCK_RTMP_EVENT_PLAY:
    on_play (publisher, event);
    break;
  case PENSTOCK_RTMP_EVENT_PAUSE:
    penstock_rtmp_player_pause (publisher->player, event->on);
    break;
  case PENSTOCK_RTMP_EVENT_RECEIVE_AUDIO:
    penstock_rtmp_player_receive (
        publisher->player, PENSTOCK_RTMP_TRACK_AUDIO, event->on);
    break;
  case PENSTOCK_RTMP_EVENT_RECEIVE_VIDEO:
    penstock_rtmp_player_receive (
        publisher->player, PENSTOCK_RTMP_TRACK_VIDEO, event->on);
    break;
  case PENSTOCK_RTMP_EVENT_MESSAGE:
    on_message (publisher, event->message);
    break;
  case PENSTOCK_RTMP_EVENT_END:
    end_publication (publisher, PENSTOCK_RTMP_END_GOODBYE, event->text);
    set_state (publisher, PENSTOCK_RTMP_PUBLISHER_IDLE);
    break;
  default:
    GST_INFO ("closing: %s session=%" G_GUINT64_FORMAT " peer=%s", event->text,
        publisher->id, publisher->peer);
    end_publication (publisher, PENSTOCK_RTMP_END_PROTOCOL, event->text);
    finish (publisher);
    break;
  }
}

static void
on_lost (gpointer owner, const gchar *detail)
{
  PenstockRtmpPublisher *publisher = owner;

  GST_DEBUG ("lost: %s session=%" G_GUINT64_FORMAT " peer=%s", detail,
      publisher->id, publisher->peer);
  end_publication (publisher, PENSTOCK_RTMP_END_LOST, detail);
  set_state (publisher, PENSTOCK_RTMP_PUBLISHER_CLOSING);
  penstock_rtmp_connection_close (publisher->connection);
}

static void
on_deadline (gpointer owner)
{
  PenstockRtmpPublisher *publisher = owner;

  if (next_deadline (publisher) > penstock_rtmp_loop_now (publisher->loop)) {
    set_deadline (publisher);
    return;
  }
  switch (publisher->state) {
  case PENSTOCK_RTMP_PUBLISHER_DEFERRED:
    refuse (publisher, PENSTOCK_RTMP_END_REJECTED, "NetStream.Publish.BadName",
        "The stream did not become available in time.");
    break;
  case PENSTOCK_RTMP_PUBLISHER_WAITING:
    refuse (publisher, PENSTOCK_RTMP_END_REJECTED, "NetStream.Publish.BadName",
        "The stream is being published already.");
    break;
  case PENSTOCK_RTMP_PUBLISHER_AWAITING:
    refuse_play (publisher, "There is no such stream.");
    break;
  case PENSTOCK_RTMP_PUBLISHER_PLAYING:
    play_deadline (publisher);
    break;
  case PENSTOCK_RTMP_PUBLISHER_ACTIVE:
    refuse (publisher, PENSTOCK_RTMP_END_SILENT, "NetStream.Publish.Failed",
        "No media came for too long.");
    break;
  default:
    GST_INFO ("closing: nothing happens session=%" G_GUINT64_FORMAT " peer=%s",
        publisher->id, publisher->peer);
    set_state (publisher, PENSTOCK_RTMP_PUBLISHER_CLOSING);
    penstock_rtmp_connection_close (publisher->connection);
    break;
  }
}

static void
publisher_free (gpointer data)
{
  PenstockRtmpPublisher *publisher = data;

  g_free (publisher->peer);
  g_free (publisher->path);
  g_free (publisher->type);
  g_free (publisher->deferred_path);
  g_free (publisher);
}

static void
on_closed (gpointer owner)
{
  PenstockRtmpPublisher *publisher = owner;
  PenstockRtmpServer *server = publisher->server;

  publisher->connection = NULL;
  g_clear_pointer (&publisher->player, penstock_rtmp_player_free);
  leave_half_open (publisher);
  g_mutex_lock (&server->lock);
  g_hash_table_remove (server->publishers, &publisher->id);
  g_mutex_unlock (&server->lock);
  penstock_rtmp_loop_dispose (publisher->loop, publisher_free, publisher);
}

static guint
on_gather (gpointer owner, struct iovec *pieces, guint max)
{
  PenstockRtmpPublisher *publisher = owner;

  return publisher->player
      ? penstock_rtmp_player_gather (publisher->player, pieces, max)
      : 0;
}

static gboolean
on_sent (gpointer owner, gsize size)
{
  PenstockRtmpPublisher *publisher = owner;

  return penstock_rtmp_player_sent (publisher->player, size);
}

static const PenstockRtmpConnectionHandler connection_handler = {
  .event = on_event,
  .lost = on_lost,
  .deadline = on_deadline,
  .closed = on_closed,
  .gather = on_gather,
  .sent = on_sent,
};

/* Adds it to the listener's table; one that has been half open for the
 * longest time makes room when there are too many. */
static void
enlist (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;
  guint64 oldest = 0;
  PenstockRtmpLoop *loop = NULL;

  g_mutex_lock (&server->lock);
  g_hash_table_insert (server->publishers, &publisher->id, publisher);
  publisher->half_open = TRUE;
  publisher->half_open_link.data = publisher;
  g_queue_push_tail_link (&server->half_open, &publisher->half_open_link);
  if (server->half_open.length > PENSTOCK_RTMP_MAX_HALF_OPEN) {
    PenstockRtmpPublisher *first = g_queue_peek_head (&server->half_open);
    g_queue_unlink (&server->half_open, &first->half_open_link);
    first->half_open = FALSE;
    oldest = first->id;
    loop = first->loop;
  }
  g_mutex_unlock (&server->lock);
  if (oldest != 0)
    penstock_rtmp_publisher_ask (
        server, oldest, loop, PENSTOCK_RTMP_ASK_CLOSE, NULL, NULL);
}

static guint64
next_id (void)
{
  static guint64 last;

  return __atomic_add_fetch (&last, 1, __ATOMIC_RELAXED);
}

void
penstock_rtmp_publisher_new (
    PenstockRtmpServer *server, PenstockRtmpLoop *loop, int fd, gchar *peer)
{
  PenstockRtmpPublisher *publisher = g_new0 (PenstockRtmpPublisher, 1);

  publisher->id = next_id ();
  publisher->server = server;
  publisher->loop = loop;
  publisher->peer = peer;
  publisher->connection = penstock_rtmp_connection_new (loop, fd,
      penstock_rtmp_session_new_server (
          publisher->id ^ (guint64) g_get_monotonic_time () << 20),
      &connection_handler, publisher);
  if (!publisher->connection) {
    publisher_free (publisher);
    return;
  }
  GST_DEBUG (
      "connection session=%" G_GUINT64_FORMAT " peer=%s", publisher->id, peer);
  enlist (publisher);
  set_state (publisher, PENSTOCK_RTMP_PUBLISHER_HANDSHAKE);
}

void
penstock_rtmp_publisher_shutdown (PenstockRtmpPublisher *publisher)
{
  end_publication (
      publisher, PENSTOCK_RTMP_END_SHUTDOWN, "the listener is closed");
  set_state (publisher, PENSTOCK_RTMP_PUBLISHER_CLOSING);
  penstock_rtmp_connection_close (publisher->connection);
}

/* Asks from other threads */

typedef struct {
  PenstockRtmpServer *server; /* runs all asks before it goes */
  guint64 id;
  PenstockRtmpAsk what;
  gchar *code, *description;
} Ask;

static void
ask_enter (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;

  if (publisher->state == PENSTOCK_RTMP_PUBLISHER_DEFERRED) {
    look_for_claim (publisher, TRUE);
  } else if (publisher->state == PENSTOCK_RTMP_PUBLISHER_AWAITING) {
    look_for_playback (publisher, TRUE);
  } else if (publisher->state == PENSTOCK_RTMP_PUBLISHER_WAITING) {
    g_mutex_lock (&server->lock);
    gboolean ours = publisher->claim->publisher_id == publisher->id;
    g_mutex_unlock (&server->lock);
    if (ours)
      start (publisher);
  }
}

static void
ask_end (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;

  if (publisher->state != PENSTOCK_RTMP_PUBLISHER_ACTIVE)
    return;
  g_mutex_lock (&server->lock);
  gboolean wanted = publisher->claim->waiting_id != 0;
  g_mutex_unlock (&server->lock);
  if (wanted)
    refuse (publisher, PENSTOCK_RTMP_END_TAKEN_OVER,
        "NetStream.Publish.BadName", "Another publisher took the stream.");
}

static gboolean
publishes (PenstockRtmpPublisher *publisher)
{
  return publisher->state == PENSTOCK_RTMP_PUBLISHER_DEFERRED ||
      publisher->state == PENSTOCK_RTMP_PUBLISHER_WAITING ||
      publisher->state == PENSTOCK_RTMP_PUBLISHER_ACTIVE;
}

static void
run_ask (gpointer data)
{
  Ask *ask = data;

  g_mutex_lock (&ask->server->lock);
  PenstockRtmpPublisher *publisher =
      g_hash_table_lookup (ask->server->publishers, &ask->id);
  g_mutex_unlock (&ask->server->lock);

  if (publisher && publisher->state != PENSTOCK_RTMP_PUBLISHER_CLOSING) {
    switch (ask->what) {
    case PENSTOCK_RTMP_ASK_ENTER:
      ask_enter (publisher);
      break;
    case PENSTOCK_RTMP_ASK_END:
      ask_end (publisher);
      break;
    case PENSTOCK_RTMP_ASK_REFUSE:
      if (publishes (publisher))
        refuse (
            publisher, PENSTOCK_RTMP_END_REJECTED, ask->code, ask->description);
      break;
    case PENSTOCK_RTMP_ASK_CLOSE:
      if (publisher->state < PENSTOCK_RTMP_PUBLISHER_ACTIVE)
        on_lost (publisher, "too many connections that do not publish");
      break;
    }
  }
  g_free (ask->code);
  g_free (ask->description);
  g_free (ask);
}

void
penstock_rtmp_publisher_ask (PenstockRtmpServer *server, guint64 id,
    PenstockRtmpLoop *loop, PenstockRtmpAsk what, const gchar *code,
    const gchar *description)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->server = server;
  ask->id = id;
  ask->what = what;
  ask->code = g_strdup (code);
  ask->description = g_strdup (description);
  penstock_rtmp_loop_post (loop, run_ask, ask);
}
