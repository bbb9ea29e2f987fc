/* SPDX-License-Identifier: MIT
 *
 * What a connection asks an owner: answered at once, or later from any thread,
 * or not in time. Loop's thread, where nothing else is said. */

#include "rtmp-publisher-private.h"

#include <string.h>

/* An encoder may have put the publish key into the application: once the key is
 * known it is left out. */
void
penstock_rtmp_publisher_describe (PenstockRtmpPublisher *publisher,
    PenstockRtmpClaim *claim, PenstockRtmpPublication *out)
{
  const PenstockRtmpPeerInfo *peer = penstock_rtmp_session_get_peer (
      penstock_rtmp_publisher_get_session (publisher));
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
    .query = key ? NULL : peer->query,
    .received = penstock_rtmp_session_get_received (
        penstock_rtmp_publisher_get_session (publisher)),
  };
}

/* @owner: (nullable): decides from now on, unless it has ended */
static void
set_asking (PenstockRtmpPublisher *publisher, PenstockRtmpOwner *owner)
{
  g_mutex_lock (&publisher->server->lock);
  g_clear_pointer (&publisher->asking, penstock_rtmp_owner_unref);
  publisher->n_questions++;
  if (owner && !penstock_rtmp_owner_has_ended (owner))
    publisher->asking = penstock_rtmp_owner_ref (owner);
  g_mutex_unlock (&publisher->server->lock);
}

PenstockRtmpVerdict
penstock_rtmp_publisher_question (PenstockRtmpPublisher *publisher,
    PenstockRtmpOwner *owner, PenstockRtmpQuestion question,
    PenstockRtmpClaim *claim)
{
  PenstockRtmpPublication who;

  if (!owner)
    return PENSTOCK_RTMP_ACCEPT;
  penstock_rtmp_publisher_describe (publisher, claim, &who);
  publisher->question = question;
  /* Another thread may tell the decision before the owner has deferred it. */
  set_asking (publisher, owner);
  PenstockRtmpVerdict verdict = penstock_rtmp_owner_ask (owner, question, &who);
  if (verdict == PENSTOCK_RTMP_DEFER) {
    penstock_rtmp_publisher_set_state (
        publisher, PENSTOCK_RTMP_PUBLISHER_ASKING);
    penstock_rtmp_connection_pause (publisher->connection);
    /* It may have ended before it was asked. */
    if (penstock_rtmp_owner_has_ended (owner))
      penstock_rtmp_publisher_ask (publisher->server, publisher->id,
          publisher->loop, PENSTOCK_RTMP_ASK_ENTER, NULL, NULL, NULL);
  } else {
    set_asking (publisher, NULL);
  }
  return verdict;
}

void
penstock_rtmp_publisher_question_lost (PenstockRtmpPublisher *publisher)
{
  g_mutex_lock (&publisher->server->lock);
  gboolean lost = publisher->asking == NULL;
  g_mutex_unlock (&publisher->server->lock);
  if (!lost)
    return;
  switch (publisher->question) {
  case PENSTOCK_RTMP_MAY_CONNECT:
    penstock_rtmp_publisher_connect (publisher);
    break;
  case PENSTOCK_RTMP_MAY_PLAY:
    penstock_rtmp_publisher_look_for_playback (publisher);
    break;
  default:
    penstock_rtmp_publisher_set_state (
        publisher, PENSTOCK_RTMP_PUBLISHER_DEFERRED);
    penstock_rtmp_publisher_look_for_claim (publisher, TRUE);
    break;
  }
}

void
penstock_rtmp_publisher_question_expired (PenstockRtmpPublisher *publisher)
{
  static const gchar why[] = "It was not decided in time.";

  switch (publisher->question) {
  case PENSTOCK_RTMP_MAY_CONNECT:
    penstock_rtmp_publisher_refuse_connect (publisher, why, NULL);
    break;
  case PENSTOCK_RTMP_MAY_PLAY:
    penstock_rtmp_publisher_refuse_play (publisher, why);
    break;
  default:
    penstock_rtmp_publisher_refuse (publisher, PENSTOCK_RTMP_END_REJECTED,
        "NetStream.Publish.BadName", why);
    break;
  }
}

/* Answers of owners */

typedef struct {
  PenstockRtmpServer *server; /* runs all answers before it goes */
  guint64 id;
  guint question;            /* number */
  PenstockRtmpAnswer answer; /* owned */
} Answer;

/* @owner: who was asked */
static void
accept_question (PenstockRtmpPublisher *publisher, PenstockRtmpOwner *owner)
{
  switch (publisher->question) {
  case PENSTOCK_RTMP_MAY_CONNECT:
    penstock_rtmp_publisher_let_connect (publisher);
    break;
  case PENSTOCK_RTMP_MAY_PLAY:
    penstock_rtmp_publisher_let_play (publisher, owner);
    break;
  default:
    penstock_rtmp_publisher_let_in (publisher);
    break;
  }
}

static void
decline_question (
    PenstockRtmpPublisher *publisher, const PenstockRtmpAnswer *answer)
{
  const gchar *why = answer->description ? answer->description
                                         : "The server does not allow it.";

  switch (publisher->question) {
  case PENSTOCK_RTMP_MAY_CONNECT:
    penstock_rtmp_publisher_refuse_connect (publisher, why, answer->redirect);
    break;
  case PENSTOCK_RTMP_MAY_PLAY:
    penstock_rtmp_publisher_refuse_play (publisher, why);
    break;
  default:
    penstock_rtmp_publisher_refuse (
        publisher, PENSTOCK_RTMP_END_REJECTED, "NetStream.Publish.Denied", why);
    break;
  }
}

static void
run_answer (gpointer data)
{
  Answer *answer = data;
  PenstockRtmpServer *server = answer->server;
  PenstockRtmpOwner *owner = NULL;

  g_mutex_lock (&server->lock);
  PenstockRtmpPublisher *publisher =
      g_hash_table_lookup (server->publishers, &answer->id);
  /* It may have been decided already, or be another question. */
  if (publisher && publisher->state == PENSTOCK_RTMP_PUBLISHER_ASKING &&
      publisher->n_questions == answer->question)
    owner = g_steal_pointer (&publisher->asking);
  g_mutex_unlock (&server->lock);

  if (owner && answer->answer.accept)
    accept_question (publisher, owner);
  else if (owner)
    decline_question (publisher, &answer->answer);
  penstock_rtmp_owner_unref (owner);
  g_free (answer->answer.description);
  g_free (answer->answer.redirect);
  g_free (answer);
}

void
penstock_rtmp_server_answer (PenstockRtmpServer *server,
    PenstockRtmpOwner *owner, guint64 id, const PenstockRtmpAnswer *answer)
{
  PenstockLoop *loop = NULL;
  guint question = 0;

  g_mutex_lock (&server->lock);
  PenstockRtmpPublisher *publisher =
      g_hash_table_lookup (server->publishers, &id);
  if (publisher && publisher->asking == owner) {
    loop = publisher->loop;
    question = publisher->n_questions;
  }
  g_mutex_unlock (&server->lock);
  if (!loop)
    return;
  Answer *copy = g_new0 (Answer, 1);
  *copy = (Answer){ server, id, question,
    { answer->accept, g_strdup (answer->description),
        g_strdup (answer->redirect) } };
  penstock_loop_post (loop, run_answer, copy);
}
