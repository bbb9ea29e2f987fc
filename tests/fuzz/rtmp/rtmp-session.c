/* SPDX-License-Identifier: MIT
 *
 * Fuzzes a session. Inputs that begin with the version byte 3 are what a
 * publisher sends, from the handshake on (tests/data/rtmp/); others have a
 * first byte that says role, whether the handshake is over, and the size of the
 * pieces. */

#include "rtmp/rtmp-session.h"

#define HANDSHAKE_BYTES (1 + 2 * 1536)

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* The owner; FALSE when it would close the connection. */
static gboolean
handle (PenstockRtmpSession *session, PenstockRtmpEvent *event)
{
  switch (event->type) {
  case PENSTOCK_RTMP_EVENT_CONNECT:
    penstock_rtmp_session_accept_connect (session);
    return TRUE;
  case PENSTOCK_RTMP_EVENT_FC_PUBLISH:
    if (g_str_has_suffix (event->path, "refuse"))
      penstock_rtmp_session_refuse_fc_publish (session, "No", "no");
    else
      penstock_rtmp_session_accept_fc_publish (session);
    return TRUE;
  case PENSTOCK_RTMP_EVENT_PUBLISH:
    g_free (penstock_rtmp_session_dup_parameter (session, "key"));
    if (g_str_has_suffix (event->path, "refuse"))
      penstock_rtmp_session_refuse_publish (session, "No", "no");
    else
      penstock_rtmp_session_accept_publish (session);
    return TRUE;
  case PENSTOCK_RTMP_EVENT_PLAY:
    if (g_str_has_suffix (event->path, "refuse"))
      penstock_rtmp_session_refuse_play (session, "No", "no");
    else
      penstock_rtmp_session_accept_play (session);
    return TRUE;
  case PENSTOCK_RTMP_EVENT_MESSAGE:
    penstock_rtmp_message_unref (event->message);
    return TRUE;
  case PENSTOCK_RTMP_EVENT_REFUSED:
  case PENSTOCK_RTMP_EVENT_ERROR:
    return FALSE;
  default:
    return TRUE;
  }
}

/* All of a piece; FALSE at the end of the connection. */
static gboolean
feed (
    PenstockRtmpSession *session, const guint8 *data, gsize size, gint64 now_ms)
{
  gsize pos = 0;

  for (;;) {
    PenstockRtmpEvent event;
    gsize consumed = 0;
    PenstockRtmpParse result = penstock_rtmp_session_feed (
        session, data + pos, size - pos, now_ms, &consumed, &event);
    pos += consumed;
    if (pos > size)
      abort ();
    if (result == PENSTOCK_RTMP_PARSE_MORE)
      return TRUE;
    if (!handle (session, &event))
      return FALSE;
    penstock_rtmp_session_get_peer (session);
    g_byte_array_set_size (penstock_rtmp_session_get_output (session), 0);
  }
}

static PenstockRtmpSession *
new_client (PenstockRtmpClientMode mode)
{
  const PenstockRtmpClientTarget target = {
    .mode = mode,
    .app = "live",
    .tc_url = "rtmp://host/live",
    .name = "one",
  };

  return penstock_rtmp_session_new_client (1, &target);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const guint8 handshake[HANDSHAKE_BYTES] = { 3 };
  g_autoptr (PenstockRtmpSession) session = NULL;
  gsize piece = size;
  gsize pos = 0;
  gboolean open = TRUE;

  if (size < 1)
    return 0;
  if (data[0] == 3) {
    session = penstock_rtmp_session_new_server (1);
  } else {
    pos = 1;
    piece = data[0] & 8 ? (gsize) data[0] / 16 + 1 : size;
    session = data[0] & 1
        ? new_client (data[0] & 2 ? PENSTOCK_RTMP_CLIENT_PLAY
                                  : PENSTOCK_RTMP_CLIENT_PUBLISH)
        : penstock_rtmp_session_new_server (1);
    if (data[0] & 4)
      open = feed (session, handshake, sizeof handshake, 0);
  }
  while (open && pos < size) {
    gsize n = MIN (piece, size - pos);
    open = feed (session, data + pos, n, pos);
    pos += n;
  }
  penstock_rtmp_session_get_unfinished_since (session);
  return 0;
}
