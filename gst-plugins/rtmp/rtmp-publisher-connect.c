/* SPDX-License-Identifier: MIT
 *
 * A connection of a listener comes, shakes hands, connects and goes: those that
 * hear of everybody are asked and told. Loop's thread. */

#include "rtmp-publisher-private.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_debug);
#define GST_CAT_DEFAULT penstock_rtmp_debug

gboolean
penstock_rtmp_publisher_may_come (PenstockRtmpPublisher *publisher)
{
  g_autoptr (GPtrArray) hearers =
      penstock_rtmp_server_dup_hearers (publisher->server);
  const PenstockRtmpPublication who = { .id = publisher->id,
    .peer = publisher->peer };

  for (guint i = 0; hearers && i < hearers->len; i++)
    if (penstock_rtmp_owner_ask (hearers->pdata[i], PENSTOCK_RTMP_MAY_COME,
            &who) == PENSTOCK_RTMP_REJECT)
      return FALSE;
  return TRUE;
}

/* @detail: (nullable) */
static void
tell_everybody (PenstockRtmpPublisher *publisher, PenstockRtmpNews news,
    PenstockRtmpEnd end, const gchar *detail)
{
  g_autoptr (GPtrArray) hearers =
      penstock_rtmp_server_dup_hearers (publisher->server);
  PenstockRtmpPublication who;

  if (!hearers)
    return;
  penstock_rtmp_publisher_describe (publisher, NULL, &who);
  for (guint i = 0; i < hearers->len; i++)
    penstock_rtmp_owner_tell (hearers->pdata[i], news, &who, end, detail);
}

void
penstock_rtmp_publisher_shake_hands (PenstockRtmpPublisher *publisher)
{
  penstock_rtmp_publisher_set_state (
      publisher, PENSTOCK_RTMP_PUBLISHER_CONNECT);
  tell_everybody (
      publisher, PENSTOCK_RTMP_SHOOK_HANDS, PENSTOCK_RTMP_END_GOODBYE, NULL);
}

void
penstock_rtmp_publisher_let_connect (PenstockRtmpPublisher *publisher)
{
  penstock_rtmp_session_accept_connect (
      penstock_rtmp_publisher_get_session (publisher));
  penstock_rtmp_publisher_set_state (publisher, PENSTOCK_RTMP_PUBLISHER_IDLE);
  penstock_rtmp_connection_resume (publisher->connection);
}

void
penstock_rtmp_publisher_refuse_connect (PenstockRtmpPublisher *publisher,
    const gchar *description, const gchar *redirect)
{
  PenstockRtmpSession *session =
      penstock_rtmp_publisher_get_session (publisher);

  GST_INFO ("connect refused (%s) session=%" G_GUINT64_FORMAT " peer=%s",
      redirect ? "redirected" : description, publisher->id, publisher->peer);
  penstock_rtmp_publisher_end_publication (publisher,
      PENSTOCK_RTMP_END_REJECTED,
      redirect ? "It was sent to another server." : description);
  if (redirect)
    penstock_rtmp_session_redirect_connect (session, redirect);
  else
    penstock_rtmp_session_refuse_connect (
        session, "NetConnection.Connect.Rejected", description);
  penstock_rtmp_publisher_finish (publisher);
}

/* The first one that does not accept decides. */
static PenstockRtmpVerdict
ask_everybody (PenstockRtmpPublisher *publisher)
{
  g_autoptr (GPtrArray) hearers =
      penstock_rtmp_server_dup_hearers (publisher->server);
  PenstockRtmpVerdict verdict = PENSTOCK_RTMP_ACCEPT;

  for (guint i = 0;
       hearers && i < hearers->len && verdict == PENSTOCK_RTMP_ACCEPT; i++)
    verdict = penstock_rtmp_publisher_question (
        publisher, hearers->pdata[i], PENSTOCK_RTMP_MAY_CONNECT, NULL);
  return verdict;
}

void
penstock_rtmp_publisher_connect (PenstockRtmpPublisher *publisher)
{
  PenstockRtmpSession *session =
      penstock_rtmp_publisher_get_session (publisher);
  const PenstockRtmpPeerInfo *peer = penstock_rtmp_session_get_peer (session);
  const PenstockRtmpLimits *limits = penstock_rtmp_session_get_limits (session);

  GST_DEBUG ("connect from %s session=%" G_GUINT64_FORMAT " peer=%s",
      peer->encoder, publisher->id, publisher->peer);
  if (limits->enhanced == PENSTOCK_RTMP_ENHANCED_ONLY && !peer->enhanced) {
    penstock_rtmp_publisher_refuse_connect (
        publisher, "Enhanced RTMP is needed here.", NULL);
    return;
  }
  PenstockRtmpVerdict verdict = ask_everybody (publisher);
  if (verdict == PENSTOCK_RTMP_ACCEPT)
    penstock_rtmp_publisher_let_connect (publisher);
  else if (verdict == PENSTOCK_RTMP_REJECT)
    penstock_rtmp_publisher_refuse_connect (
        publisher, "The server does not allow it.", NULL);
}

void
penstock_rtmp_publisher_note_end (
    PenstockRtmpPublisher *publisher, PenstockRtmpEnd end, const gchar *detail)
{
  if (publisher->end_detail)
    return;
  publisher->end = end;
  publisher->end_detail = g_strdup (detail);
}

void
penstock_rtmp_publisher_tell_closed (PenstockRtmpPublisher *publisher)
{
  penstock_rtmp_publisher_note_end (
      publisher, PENSTOCK_RTMP_END_LOST, "the connection was closed");
  tell_everybody (publisher, PENSTOCK_RTMP_DISCONNECTED, publisher->end,
      publisher->end_detail);
}
