/* SPDX-License-Identifier: MIT
 *
 * A connection of a listener that publishes: its way into a claim, its messages,
 * its end. Loop's thread. */

#include "rtmp-publisher-private.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_debug);
#define GST_CAT_DEFAULT penstock_rtmp_debug

#define DENIED "NetStream.Publish.Denied"
#define NOT_ALLOWED "The publication is not allowed."

/* Leaves the claim, telling the owner if a publication was running. */
void
penstock_rtmp_publisher_end_publication (
    PenstockRtmpPublisher *publisher, PenstockRtmpEnd end, const gchar *detail)
{
  PenstockRtmpClaim *claim = g_steal_pointer (&publisher->claim);

  if (end != PENSTOCK_RTMP_END_GOODBYE)
    penstock_rtmp_publisher_note_end (publisher, end, detail);
  penstock_rtmp_publisher_set_deferred (publisher, NULL);
  penstock_rtmp_publisher_stop_playing (publisher, end, detail);
  if (!claim)
    return;
  if (publisher->state == PENSTOCK_RTMP_PUBLISHER_ACTIVE) {
    penstock_rtmp_connection_set_activity (publisher->connection, NULL);
    GST_INFO ("publication ended (%s: %s) route=%s session=%" G_GUINT64_FORMAT
              " peer=%s",
        penstock_rtmp_end_to_string (end), detail, claim->path, publisher->id,
        publisher->peer);
    /* Who has heard of the end may publish, though this one is still here. */
    penstock_rtmp_claim_begin_to_leave (claim, publisher);
    penstock_rtmp_claim_deliver_ended (claim, end, detail);
  }
  penstock_rtmp_claim_leave (
      claim, publisher, end != PENSTOCK_RTMP_END_GOODBYE);
  penstock_rtmp_claim_unref (claim);
}

static void
tell_refused (PenstockRtmpPublisher *publisher, const gchar *why)
{
  PenstockRtmpServer *server = publisher->server;
  guint more;

  if (!penstock_rtmp_publisher_may_log (
          publisher, PENSTOCK_RTMP_LINE_REFUSED, &more))
    return;
  GST_DEBUG (
      "%u refusals before this were not told peer=%s", more, publisher->peer);
  g_rec_mutex_lock (&server->handler_lock);
  if (server->refused)
    server->refused (publisher->peer, TRUE, why, server->refused_data);
  g_rec_mutex_unlock (&server->handler_lock);
}

/* A wrong key counts against the address. TRUE: that was one too many. */
static gboolean
count_failure (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;
  const PenstockRtmpLimits *limits = penstock_rtmp_session_get_limits (
      penstock_rtmp_publisher_get_session (publisher));

  g_mutex_lock (&server->lock);
  gboolean too_many = penstock_rtmp_peers_fail (server->peers,
      &publisher->address, limits, penstock_loop_now (publisher->loop));
  g_mutex_unlock (&server->lock);
  if (too_many)
    GST_WARNING ("too many wrong keys, refused for %u ms peer=%s",
        limits->block_ms, publisher->peer);
  return too_many;
}

static void
tell_refusal (PenstockRtmpPublisher *publisher, const gchar *code,
    const gchar *description)
{
  penstock_rtmp_session_refuse_publish (
      penstock_rtmp_publisher_get_session (publisher), code, description);
  penstock_rtmp_publisher_finish (publisher);
}

void
penstock_rtmp_publisher_end_penalty (PenstockRtmpPublisher *publisher)
{
  tell_refusal (publisher, DENIED, publisher->refusal);
}

/* All of a refusal but to tell the peer. */
static void
end_refused (PenstockRtmpPublisher *publisher, PenstockRtmpEnd end,
    const gchar *code, const gchar *description)
{
  GST_INFO ("publisher refused (%s: %s) session=%" G_GUINT64_FORMAT " peer=%s",
      code, description, publisher->id, publisher->peer);
  if (publisher->state != PENSTOCK_RTMP_PUBLISHER_ACTIVE &&
      end == PENSTOCK_RTMP_END_REJECTED)
    tell_refused (publisher, description);
  penstock_rtmp_publisher_end_publication (publisher, end, description);
}

void
penstock_rtmp_publisher_refuse (PenstockRtmpPublisher *publisher,
    PenstockRtmpEnd end, const gchar *code, const gchar *description)
{
  end_refused (publisher, end, code, description);
  tell_refusal (publisher, code, description);
}

void
penstock_rtmp_publisher_deny (
    PenstockRtmpPublisher *publisher, const gchar *description)
{
  end_refused (publisher, PENSTOCK_RTMP_END_REJECTED, DENIED, description);
  if (!count_failure (publisher)) {
    tell_refusal (publisher, DENIED, description);
    return;
  }
  publisher->refusal = g_strdup (description);
  penstock_rtmp_publisher_set_state (
      publisher, PENSTOCK_RTMP_PUBLISHER_PENALTY);
  penstock_rtmp_connection_pause (publisher->connection);
}

void
penstock_rtmp_publisher_start (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpClaim *claim = publisher->claim;
  PenstockRtmpPublication publication;

  penstock_rtmp_publisher_set_state (publisher, PENSTOCK_RTMP_PUBLISHER_ACTIVE);
  penstock_rtmp_publisher_set_deferred (publisher, NULL);
  penstock_rtmp_connection_set_activity (publisher->connection,
      penstock_publisher_seat_get_activity (claim->seat));
  penstock_rtmp_session_accept_publish (
      penstock_rtmp_publisher_get_session (publisher));
  penstock_rtmp_publisher_describe (publisher, claim, &publication);
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
    penstock_rtmp_publisher_start (publisher);
    break;
  case PENSTOCK_RTMP_ENTER_WAIT:
    publisher->claim = claim;
    penstock_rtmp_publisher_set_deferred (publisher, NULL);
    penstock_rtmp_publisher_set_state (
        publisher, PENSTOCK_RTMP_PUBLISHER_WAITING);
    penstock_rtmp_connection_pause (publisher->connection);
    break;
  default:
    penstock_rtmp_claim_unref (claim);
    penstock_rtmp_publisher_refuse (publisher, PENSTOCK_RTMP_END_REJECTED,
        "NetStream.Publish.BadName", "The stream is being published already.");
    break;
  }
}

/* The owner of @claim, which is taken, decides. */
static void
ask_owner (PenstockRtmpPublisher *publisher, PenstockRtmpClaim *claim)
{
  PenstockRtmpVerdict verdict = penstock_rtmp_publisher_question (
      publisher, claim->owner, PENSTOCK_RTMP_MAY_PUBLISH, claim);

  if (verdict == PENSTOCK_RTMP_ACCEPT) {
    enter (publisher, claim);
    return;
  }
  penstock_rtmp_claim_unref (claim);
  if (verdict == PENSTOCK_RTMP_REJECT)
    penstock_rtmp_publisher_refuse (
        publisher, PENSTOCK_RTMP_END_REJECTED, DENIED, NOT_ALLOWED);
}

/* Nobody claims the path: the handler may know somebody who will. */
static void
ask_handler (PenstockRtmpPublisher *publisher, const gchar *key)
{
  PenstockRtmpServer *server = publisher->server;
  PenstockRtmpUnclaimed verdict = PENSTOCK_RTMP_UNCLAIMED_REJECT;
  PenstockRtmpPublication request;

  penstock_rtmp_publisher_describe (publisher, NULL, &request);
  request.key = key;
  g_rec_mutex_lock (&server->handler_lock);
  if (server->unclaimed)
    verdict = server->unclaimed (server, &request, server->unclaimed_data);
  g_rec_mutex_unlock (&server->handler_lock);

  if (verdict == PENSTOCK_RTMP_UNCLAIMED_REJECT) {
    penstock_rtmp_publisher_refuse (publisher, PENSTOCK_RTMP_END_REJECTED,
        "NetStream.Publish.BadName", "There is no such stream.");
    return;
  }
  penstock_rtmp_publisher_set_state (
      publisher, PENSTOCK_RTMP_PUBLISHER_DEFERRED);
  penstock_rtmp_connection_pause (publisher->connection);
}

static gboolean
refuse_when_full (PenstockRtmpPublisher *publisher)
{
  if (!penstock_rtmp_memory_is_full (publisher->server->memory))
    return FALSE;
  penstock_rtmp_publisher_refuse (publisher, PENSTOCK_RTMP_END_REJECTED,
      "NetStream.Publish.Rejected", "The server has no memory left.");
  return TRUE;
}

/* The claim that matches; %NULL when it was refused, or there is none and
 * @match says so. */
static PenstockRtmpClaim *
find_claim (PenstockRtmpPublisher *publisher, const gchar *key,
    PenstockRtmpClaimMatch *match)
{
  PenstockRtmpServer *server = publisher->server;
  PenstockRtmpClaim *claim = NULL;

  g_mutex_lock (&server->lock);
  *match = penstock_rtmp_claim_find (server, publisher->path, key, &claim);
  g_mutex_unlock (&server->lock);
  if (claim && refuse_when_full (publisher))
    g_clear_pointer (&claim, penstock_rtmp_claim_unref);
  else if (*match == PENSTOCK_RTMP_CLAIM_DENIED)
    penstock_rtmp_publisher_deny (
        publisher, "The publish key is missing or wrong.");
  return claim;
}

static gchar *
dup_key (PenstockRtmpPublisher *publisher)
{
  return penstock_rtmp_session_dup_parameter (
      penstock_rtmp_publisher_get_session (publisher), "key");
}

/* Looks for a claim; @again when the handler was asked before. */
void
penstock_rtmp_publisher_look_for_claim (
    PenstockRtmpPublisher *publisher, gboolean again)
{
  g_autofree gchar *key = dup_key (publisher);
  PenstockRtmpClaimMatch match;

  /* A claim made from here on finds us among the deferred. */
  penstock_rtmp_publisher_set_deferred (publisher, publisher->path);
  PenstockRtmpClaim *claim = find_claim (publisher, key, &match);
  if (claim)
    ask_owner (publisher, claim);
  else if (match == PENSTOCK_RTMP_CLAIM_NONE && !again)
    ask_handler (publisher, key);
}

void
penstock_rtmp_publisher_let_in (PenstockRtmpPublisher *publisher)
{
  g_autofree gchar *key = dup_key (publisher);
  PenstockRtmpClaimMatch match;
  PenstockRtmpClaim *claim = find_claim (publisher, key, &match);

  if (claim) {
    enter (publisher, claim);
  } else if (match == PENSTOCK_RTMP_CLAIM_NONE) {
    /* Released since: the next one may let it in. */
    penstock_rtmp_publisher_set_state (
        publisher, PENSTOCK_RTMP_PUBLISHER_DEFERRED);
  }
}

/* What it lacks is told when it publishes: encoders show that. */
void
penstock_rtmp_publisher_fc_publish (
    PenstockRtmpPublisher *publisher, const PenstockRtmpEvent *event)
{
  PenstockRtmpSession *session =
      penstock_rtmp_publisher_get_session (publisher);
  PenstockRtmpServer *server = publisher->server;
  g_autofree gchar *key = dup_key (publisher);
  PenstockRtmpClaim *claim = NULL;
  PenstockRtmpVerdict verdict = PENSTOCK_RTMP_ACCEPT;

  g_mutex_lock (&server->lock);
  penstock_rtmp_claim_find (server, event->path, key, &claim);
  g_mutex_unlock (&server->lock);
  if (claim && claim->owner) {
    PenstockRtmpPublication who;
    penstock_rtmp_publisher_describe (publisher, claim, &who);
    verdict = penstock_rtmp_owner_ask (
        claim->owner, PENSTOCK_RTMP_MAY_FC_PUBLISH, &who);
  }
  if (claim)
    penstock_rtmp_claim_unref (claim);
  if (verdict != PENSTOCK_RTMP_REJECT) {
    penstock_rtmp_session_accept_fc_publish (session);
    return;
  }
  end_refused (publisher, PENSTOCK_RTMP_END_REJECTED, DENIED, NOT_ALLOWED);
  penstock_rtmp_session_refuse_fc_publish (session, DENIED, NOT_ALLOWED);
  penstock_rtmp_publisher_finish (publisher);
}

void
penstock_rtmp_publisher_publish (
    PenstockRtmpPublisher *publisher, const PenstockRtmpEvent *event)
{
  g_free (publisher->path);
  g_free (publisher->type);
  publisher->path = g_strdup (event->path);
  publisher->type = g_strdup (event->publish_type);
  penstock_rtmp_publisher_look_for_claim (publisher, FALSE);
}

void
penstock_rtmp_publisher_take_message (
    PenstockRtmpPublisher *publisher, PenstockRtmpMessage *message)
{
  gboolean first = publisher->last_message == 0;

  publisher->last_message = penstock_loop_now (publisher->loop);
  if (first)
    penstock_rtmp_publisher_set_deadline (
        publisher); /* the time allowed is a different one now */
  if (publisher->claim)
    penstock_rtmp_claim_deliver_message (publisher->claim, message);
  penstock_rtmp_message_unref (message);
}
