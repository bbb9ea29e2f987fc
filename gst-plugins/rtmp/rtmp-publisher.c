/* SPDX-License-Identifier: MIT
 *
 * One connection of a listener: its states, deadlines and events, from the
 * handshake to the end. Loop's thread. */

#include "rtmp-limits.h"
#include "rtmp-player.h"
#include "rtmp-publisher-private.h"
#include "rtmp-socket.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_debug);
#define GST_CAT_DEFAULT penstock_rtmp_debug

static const PenstockRtmpConnectionHandler connection_handler;

PenstockRtmpSession *
penstock_rtmp_publisher_get_session (PenstockRtmpPublisher *publisher)
{
  return penstock_rtmp_connection_get_session (publisher->connection);
}

/* State and deadlines */

static gint64
unfinished_since (PenstockRtmpPublisher *publisher)
{
  return penstock_rtmp_session_get_unfinished_since (
      penstock_rtmp_publisher_get_session (publisher));
}

/* Time over which the bytes of an unfinished message are counted. */
static gint64
drip_window (PenstockRtmpPublisher *publisher)
{
  const PenstockRtmpLimits *limits = penstock_rtmp_session_get_limits (
      penstock_rtmp_publisher_get_session (publisher));

  return MIN (publisher->server->times.drip_ms, limits->message_ms);
}

/* When they are counted next; G_MAXINT64 when there is no such message. */
static gint64
drip_deadline (PenstockRtmpPublisher *publisher)
{
  const PenstockRtmpLimits *limits = penstock_rtmp_session_get_limits (
      penstock_rtmp_publisher_get_session (publisher));
  gint64 window = drip_window (publisher);
  gint64 since = unfinished_since (publisher);

  if (since < 0)
    return G_MAXINT64;
  if (since == publisher->drip_since)
    return publisher->drip_at + window;
  return since + limits->message_ms - window;
}

gboolean
penstock_rtmp_publisher_drips (PenstockRtmpPublisher *publisher)
{
  gint64 now = penstock_loop_now (publisher->loop);
  gint64 since = unfinished_since (publisher);
  guint64 bytes = penstock_rtmp_session_get_received (
      penstock_rtmp_publisher_get_session (publisher));

  if (drip_deadline (publisher) > now)
    return FALSE;
  if (since == publisher->drip_since &&
      bytes - publisher->drip_bytes <
          (guint64) drip_window (publisher) * PENSTOCK_RTMP_DRIP_RATE / 1000)
    return TRUE;
  publisher->drip_since = since;
  publisher->drip_at = now;
  publisher->drip_bytes = bytes;
  return FALSE;
}

static gint64
next_deadline (PenstockRtmpPublisher *publisher)
{
  const PenstockRtmpTimes *times = &publisher->server->times;
  const PenstockRtmpLimits *limits = penstock_rtmp_session_get_limits (
      penstock_rtmp_publisher_get_session (publisher));
  gint64 since = publisher->state_since;

  switch (publisher->state) {
  case PENSTOCK_RTMP_PUBLISHER_HANDSHAKE:
    return since + limits->handshake_ms;
  case PENSTOCK_RTMP_PUBLISHER_CONNECT:
    return since + limits->connect_ms;
  case PENSTOCK_RTMP_PUBLISHER_IDLE:
    return since + limits->publish_ms;
  case PENSTOCK_RTMP_PUBLISHER_DEFERRED:
  case PENSTOCK_RTMP_PUBLISHER_ASKING:
  case PENSTOCK_RTMP_PUBLISHER_WAITING:
    return since + times->defer_ms;
  case PENSTOCK_RTMP_PUBLISHER_AWAITING:
    return since + limits->play_ms;
  case PENSTOCK_RTMP_PUBLISHER_PENALTY:
    return since + times->penalty_ms;
  case PENSTOCK_RTMP_PUBLISHER_ACTIVE:
    /* Who is in the middle of a message is not silent. */
    if (unfinished_since (publisher) >= 0)
      return drip_deadline (publisher);
    return publisher->last_message != 0
        ? publisher->last_message + limits->silence_ms
        : since + limits->first_media_ms;
  case PENSTOCK_RTMP_PUBLISHER_PLAYING:
    return MIN (drip_deadline (publisher),
        penstock_rtmp_player_has_media (publisher->player)
            ? publisher->last_ping + times->ping_ms
            : since + limits->play_ms);
  default:
    return G_MAXINT64;
  }
}

void
penstock_rtmp_publisher_set_deadline (PenstockRtmpPublisher *publisher)
{
  gint64 now = penstock_loop_now (publisher->loop);
  gint64 at = publisher->connection ? next_deadline (publisher) : 0;

  /* A message may begin at any time; nobody looks before the deadline. */
  if (publisher->state == PENSTOCK_RTMP_PUBLISHER_ACTIVE ||
      publisher->state == PENSTOCK_RTMP_PUBLISHER_PLAYING)
    at = MIN (at, now + drip_window (publisher) / 2);
  if (publisher->connection &&
      publisher->state < PENSTOCK_RTMP_PUBLISHER_CLOSING)
    penstock_rtmp_connection_set_deadline (
        publisher->connection, MAX (at - now, 0));
}

/* No longer among those that may be closed for a newer one. */
static void
leave_half_open (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;

  g_mutex_lock (&server->lock);
  if (publisher->half_open) {
    g_queue_unlink (&server->half_open, &publisher->half_open_link);
    penstock_rtmp_peers_establish (server->peers, &publisher->address);
  }
  publisher->half_open = FALSE;
  g_mutex_unlock (&server->lock);
}

void
penstock_rtmp_publisher_set_state (
    PenstockRtmpPublisher *publisher, PenstockRtmpPublisherState state)
{
  publisher->state = state;
  publisher->state_since = penstock_loop_now (publisher->loop);
  publisher->last_message = 0;
  if (state >= PENSTOCK_RTMP_PUBLISHER_ACTIVE)
    leave_half_open (publisher);
  penstock_rtmp_publisher_set_deadline (publisher);
}

void
penstock_rtmp_publisher_set_deferred (
    PenstockRtmpPublisher *publisher, const gchar *path)
{
  g_mutex_lock (&publisher->server->lock);
  g_free (publisher->deferred_path);
  publisher->deferred_path = g_strdup (path);
  if (!path)
    g_clear_pointer (&publisher->asking, penstock_rtmp_owner_unref);
  g_mutex_unlock (&publisher->server->lock);
}

/* Sends what is queued and closes. */
void
penstock_rtmp_publisher_finish (PenstockRtmpPublisher *publisher)
{
  penstock_rtmp_publisher_set_state (
      publisher, PENSTOCK_RTMP_PUBLISHER_CLOSING);
  penstock_rtmp_connection_finish (publisher->connection);
}

/* Events of the connection */

gboolean
penstock_rtmp_publisher_may_log (
    PenstockRtmpPublisher *publisher, PenstockRtmpLine line, guint *more)
{
  PenstockRtmpServer *server = publisher->server;

  g_mutex_lock (&server->lock);
  gboolean may_log = penstock_rtmp_peers_may_log (server->peers,
      &publisher->address, line, penstock_loop_now (publisher->loop), more);
  g_mutex_unlock (&server->lock);
  return may_log;
}

/* Scanners come by the thousand: a line for each address and minute. */
static void
log_closing (PenstockRtmpPublisher *publisher, const gchar *why)
{
  guint more;

  if (penstock_rtmp_publisher_may_log (
          publisher, PENSTOCK_RTMP_LINE_CLOSED, &more))
    GST_INFO ("closing: %s, %u more before session=%" G_GUINT64_FORMAT
              " peer=%s",
        why, more, publisher->id, publisher->peer);
}

static void
on_event (gpointer owner, PenstockRtmpEvent *event)
{
  PenstockRtmpPublisher *publisher = owner;

  switch (event->type) {
  case PENSTOCK_RTMP_EVENT_HANDSHAKE:
    penstock_rtmp_publisher_shake_hands (publisher);
    break;
  case PENSTOCK_RTMP_EVENT_CONNECT:
    penstock_rtmp_publisher_connect (publisher);
    break;
  case PENSTOCK_RTMP_EVENT_FC_PUBLISH:
    penstock_rtmp_publisher_fc_publish (publisher, event);
    break;
  case PENSTOCK_RTMP_EVENT_PUBLISH:
    penstock_rtmp_publisher_publish (publisher, event);
    break;
  case PENSTOCK_RTMP_EVENT_PLAY:
    penstock_rtmp_publisher_play (publisher, event);
    break;
  case PENSTOCK_RTMP_EVENT_PAUSE:
    penstock_rtmp_publisher_pause_play (publisher, event->on);
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
    penstock_rtmp_publisher_take_message (publisher, event->message);
    break;
  case PENSTOCK_RTMP_EVENT_END:
    penstock_rtmp_publisher_end_publication (
        publisher, PENSTOCK_RTMP_END_GOODBYE, event->text);
    penstock_rtmp_publisher_set_state (publisher, PENSTOCK_RTMP_PUBLISHER_IDLE);
    break;
  default:
    log_closing (publisher, event->text);
    penstock_rtmp_publisher_end_publication (
        publisher, PENSTOCK_RTMP_END_PROTOCOL, event->text);
    penstock_rtmp_publisher_finish (publisher);
    break;
  }
}

void
penstock_rtmp_publisher_lost (gpointer owner, const gchar *detail)
{
  PenstockRtmpPublisher *publisher = owner;

  GST_DEBUG ("lost: %s session=%" G_GUINT64_FORMAT " peer=%s", detail,
      publisher->id, publisher->peer);
  penstock_rtmp_publisher_end_publication (
      publisher, PENSTOCK_RTMP_END_LOST, detail);
  penstock_rtmp_publisher_set_state (
      publisher, PENSTOCK_RTMP_PUBLISHER_CLOSING);
  penstock_rtmp_connection_close (publisher->connection);
}

static void
on_deadline (gpointer owner)
{
  PenstockRtmpPublisher *publisher = owner;

  gboolean drips = penstock_rtmp_publisher_drips (publisher);
  if (!drips &&
      next_deadline (publisher) > penstock_loop_now (publisher->loop)) {
    penstock_rtmp_publisher_set_deadline (publisher);
    return;
  }
  switch (publisher->state) {
  case PENSTOCK_RTMP_PUBLISHER_DEFERRED:
    penstock_rtmp_publisher_refuse (publisher, PENSTOCK_RTMP_END_REJECTED,
        "NetStream.Publish.BadName",
        "The stream did not become available in time.");
    break;
  case PENSTOCK_RTMP_PUBLISHER_ASKING:
    penstock_rtmp_publisher_question_expired (publisher);
    break;
  case PENSTOCK_RTMP_PUBLISHER_WAITING:
    penstock_rtmp_publisher_refuse (publisher, PENSTOCK_RTMP_END_REJECTED,
        "NetStream.Publish.BadName", "The stream is being published already.");
    break;
  case PENSTOCK_RTMP_PUBLISHER_AWAITING:
    penstock_rtmp_publisher_refuse_play (publisher, "There is no such stream.");
    break;
  case PENSTOCK_RTMP_PUBLISHER_PENALTY:
    penstock_rtmp_publisher_end_penalty (publisher);
    break;
  case PENSTOCK_RTMP_PUBLISHER_PLAYING:
    penstock_rtmp_publisher_play_deadline (publisher, drips);
    break;
  case PENSTOCK_RTMP_PUBLISHER_ACTIVE:
    penstock_rtmp_publisher_refuse (publisher, PENSTOCK_RTMP_END_SILENT,
        "NetStream.Publish.Failed",
        drips ? "A message did not become complete."
              : "No media came for too long.");
    break;
  default:
    log_closing (publisher, "nothing happens");
    penstock_rtmp_publisher_note_end (
        publisher, PENSTOCK_RTMP_END_SILENT, "nothing happens");
    penstock_rtmp_publisher_set_deferred (publisher, NULL);
    penstock_rtmp_publisher_set_state (
        publisher, PENSTOCK_RTMP_PUBLISHER_CLOSING);
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
  penstock_rtmp_owner_unref (publisher->asking);
  g_free (publisher->refusal);
  g_free (publisher->end_detail);
  g_free (publisher);
}

static void
on_closed (gpointer owner)
{
  PenstockRtmpPublisher *publisher = owner;
  PenstockRtmpServer *server = publisher->server;

  penstock_rtmp_publisher_tell_closed (publisher);
  publisher->connection = NULL;
  g_clear_pointer (&publisher->player, penstock_rtmp_player_free);
  leave_half_open (publisher);
  g_mutex_lock (&server->lock);
  penstock_rtmp_peers_leave (server->peers, &publisher->address, FALSE);
  g_hash_table_remove (server->publishers, &publisher->id);
  g_mutex_unlock (&server->lock);
  penstock_loop_dispose (publisher->loop, publisher_free, publisher);
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
  .lost = penstock_rtmp_publisher_lost,
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
  PenstockLoop *loop = NULL;

  g_mutex_lock (&server->lock);
  g_hash_table_insert (server->publishers, &publisher->id, publisher);
  publisher->half_open = TRUE;
  publisher->half_open_link.data = publisher;
  g_queue_push_tail_link (&server->half_open, &publisher->half_open_link);
  if (server->half_open.length > server->limits.max_half_open) {
    PenstockRtmpPublisher *first = g_queue_peek_head (&server->half_open);
    g_queue_unlink (&server->half_open, &first->half_open_link);
    first->half_open = FALSE;
    penstock_rtmp_peers_establish (server->peers, &first->address);
    oldest = first->id;
    loop = first->loop;
  }
  g_mutex_unlock (&server->lock);
  if (oldest != 0)
    penstock_rtmp_publisher_ask (
        server, oldest, loop, PENSTOCK_RTMP_ASK_CLOSE, NULL, NULL, NULL);
}

static guint64
next_id (void)
{
  static guint64 last;

  return __atomic_add_fetch (&last, 1, __ATOMIC_RELAXED);
}

static void
give_up (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;

  g_mutex_lock (&server->lock);
  penstock_rtmp_peers_leave (server->peers, &publisher->address, TRUE);
  g_mutex_unlock (&server->lock);
  publisher_free (publisher);
}

void
penstock_rtmp_publisher_new (const PenstockRtmpAccepted *accepted)
{
  PenstockRtmpPublisher *publisher = g_new0 (PenstockRtmpPublisher, 1);

  publisher->id = next_id ();
  publisher->server = accepted->server;
  publisher->loop = accepted->loop;
  publisher->peer = accepted->peer;
  publisher->address = accepted->address;
  publisher->drip_since = -1;
  if (!penstock_rtmp_publisher_may_come (publisher)) {
    penstock_rtmp_socket_reset (accepted->fd);
    give_up (publisher);
    return;
  }
  PenstockRtmpSession *session = penstock_rtmp_session_new_server (
      publisher->id ^ (guint64) g_get_monotonic_time () << 20);
  penstock_rtmp_session_set_limits (
      session, &accepted->limits, accepted->server->memory);
  publisher->connection = penstock_rtmp_connection_new (
      accepted->loop, accepted->fd, session, &connection_handler, publisher);
  if (!publisher->connection) {
    give_up (publisher);
    return;
  }
  if (accepted->certificate)
    penstock_rtmp_connection_expect_tls (publisher->connection,
        accepted->certificate, accepted->may_be_plain, accepted->address.bytes);
  GST_DEBUG ("connection session=%" G_GUINT64_FORMAT " peer=%s", publisher->id,
      publisher->peer);
  enlist (publisher);
  penstock_rtmp_publisher_set_state (
      publisher, PENSTOCK_RTMP_PUBLISHER_HANDSHAKE);
}

void
penstock_rtmp_publisher_shutdown (PenstockRtmpPublisher *publisher)
{
  penstock_rtmp_publisher_end_publication (
      publisher, PENSTOCK_RTMP_END_SHUTDOWN, "the listener is closed");
  penstock_rtmp_publisher_set_state (
      publisher, PENSTOCK_RTMP_PUBLISHER_CLOSING);
  penstock_rtmp_connection_close (publisher->connection);
}
