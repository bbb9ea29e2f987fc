/* SPDX-License-Identifier: MIT
 *
 * What other threads ask of the connections of a listener: posted to their
 * loops. */

#include "rtmp-publisher-private.h"

typedef struct {
  PenstockRtmpServer *server; /* runs all asks before it goes */
  guint64 id;
  PenstockRtmpAsk what;
  PenstockRtmpClaim *claim; /* ref; NULL = nobody's */
  gchar *code, *description;
} Ask;

/* Is it the turn of who waits for another publisher to end? */
static void
enter_claim (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;

  g_mutex_lock (&server->lock);
  gboolean ours = publisher->claim->publisher_id == publisher->id;
  g_mutex_unlock (&server->lock);
  if (ours)
    penstock_rtmp_publisher_start (publisher);
}

static void
ask_enter (PenstockRtmpPublisher *publisher)
{
  switch (publisher->state) {
  case PENSTOCK_RTMP_PUBLISHER_DEFERRED:
    penstock_rtmp_publisher_look_for_claim (publisher, TRUE);
    break;
  case PENSTOCK_RTMP_PUBLISHER_ASKING:
    penstock_rtmp_publisher_question_lost (publisher);
    break;
  case PENSTOCK_RTMP_PUBLISHER_AWAITING:
    penstock_rtmp_publisher_look_for_playback (publisher);
    break;
  case PENSTOCK_RTMP_PUBLISHER_WAITING:
    enter_claim (publisher);
    break;
  default:
    break;
  }
}

static void
ask_end (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;

  if (publisher->state != PENSTOCK_RTMP_PUBLISHER_ACTIVE)
    return;
  g_mutex_lock (&server->lock);
  gboolean wanted = publisher->claim->waiting_id != 0 ||
      penstock_rtmp_claim_is_lost (publisher->claim);
  g_mutex_unlock (&server->lock);
  if (wanted)
    penstock_rtmp_publisher_refuse (publisher, PENSTOCK_RTMP_END_TAKEN_OVER,
        "NetStream.Publish.BadName", "Another publisher took the stream.");
}

static void
act (const Ask *ask, PenstockRtmpPublisher *publisher)
{
  switch (ask->what) {
  case PENSTOCK_RTMP_ASK_ENTER:
    ask_enter (publisher);
    break;
  case PENSTOCK_RTMP_ASK_END:
    ask_end (publisher);
    break;
  case PENSTOCK_RTMP_ASK_DECLINE:
    if (publisher->state == PENSTOCK_RTMP_PUBLISHER_DEFERRED)
      penstock_rtmp_publisher_refuse (
          publisher, PENSTOCK_RTMP_END_REJECTED, ask->code, ask->description);
    break;
  case PENSTOCK_RTMP_ASK_DENY:
    if (publisher->state == PENSTOCK_RTMP_PUBLISHER_DEFERRED)
      penstock_rtmp_publisher_deny (publisher, ask->description);
    break;
  case PENSTOCK_RTMP_ASK_REFUSE:
    if (publisher->claim == ask->claim) /* WAITING or ACTIVE */
      penstock_rtmp_publisher_refuse (
          publisher, PENSTOCK_RTMP_END_REJECTED, ask->code, ask->description);
    break;
  case PENSTOCK_RTMP_ASK_CLOSE:
    if (publisher->state < PENSTOCK_RTMP_PUBLISHER_ACTIVE)
      penstock_rtmp_publisher_lost (
          publisher, "too many connections that do not publish");
    break;
  }
}

static void
run_ask (gpointer data)
{
  Ask *ask = data;

  g_mutex_lock (&ask->server->lock);
  PenstockRtmpPublisher *publisher =
      g_hash_table_lookup (ask->server->publishers, &ask->id);
  g_mutex_unlock (&ask->server->lock);

  if (publisher && publisher->state != PENSTOCK_RTMP_PUBLISHER_CLOSING)
    act (ask, publisher);
  if (ask->claim)
    penstock_rtmp_claim_unref (ask->claim);
  g_free (ask->code);
  g_free (ask->description);
  g_free (ask);
}

void
penstock_rtmp_publisher_ask (PenstockRtmpServer *server, guint64 id,
    PenstockLoop *loop, PenstockRtmpAsk what, PenstockRtmpClaim *claim,
    const gchar *code, const gchar *description)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->server = server;
  ask->id = id;
  ask->what = what;
  ask->claim = claim ? penstock_rtmp_claim_ref (claim) : NULL;
  ask->code = g_strdup (code);
  ask->description = g_strdup (description);
  penstock_loop_post (loop, run_ask, ask);
}
