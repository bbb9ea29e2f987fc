/* SPDX-License-Identifier: MIT
 *
 * What the listener (rtmp-server.h) and the puller (rtmp-client.h) tell their
 * owner: a publication starts, delivers messages, ends. */
#ifndef PENSTOCK_RTMP_PUBLICATION_H
#define PENSTOCK_RTMP_PUBLICATION_H

#include "rtmp-message.h"

G_BEGIN_DECLS

/**
 * PenstockRtmpPublication:
 * @id: number of the connection, unique in the process
 * @peer: address and port of the other side, "192.0.2.7:50412"
 * @path: canonical path, without query. The path of the claim; for the
 *   unclaimed handler what the publisher sent, which may end in a publish
 *   key: never log it, nor @app and @tc_url there
 * @app: application as sent, without query
 * @tc_url: (nullable): tcUrl as sent, without query
 * @flash_ver: (nullable): flashVer as sent
 * @encoder: short name made from @flash_ver, "unknown" when it tells nothing
 * @type: (nullable): "live", "record" or "append"; %NULL of a player
 * @query: parameters of tcUrl, application and name as sent, "" without any; %NULL
 *   when there is a publish key, which may be among them
 * @received: bytes that came behind the handshake so far
 * @key: (nullable): for the unclaimed handler alone: the parameter `key`; secret
 *
 * Who publishes or plays, or asks to. Strings come from the peer, are valid UTF-8 without control
 * characters, and live as long as the callback.
 */
typedef struct {
  guint64 id;
  const gchar *peer;
  const gchar *path;
  const gchar *app;
  const gchar *tc_url;
  const gchar *flash_ver;
  const gchar *encoder;
  const gchar *type;
  const gchar *query;
  guint64 received;
  const gchar *key;
} PenstockRtmpPublication;

/**
 * PenstockRtmpEnd:
 * @PENSTOCK_RTMP_END_GOODBYE: the publisher said so (FCUnpublish,
 *   deleteStream, closeStream); the server of a pulled stream likewise
 *   (UnpublishNotify, Play.Stop, StreamEOF)
 * @PENSTOCK_RTMP_END_LOST: the connection closed or broke without that
 * @PENSTOCK_RTMP_END_SILENT: no media for too long
 * @PENSTOCK_RTMP_END_TAKEN_OVER: another publisher took the path
 * @PENSTOCK_RTMP_END_REJECTED: the owner ended it
 * @PENSTOCK_RTMP_END_PROTOCOL: the peer broke the protocol
 * @PENSTOCK_RTMP_END_SHUTDOWN: the listener is going away
 * @PENSTOCK_RTMP_END_OVER: (player) the stream that it played has ended
 * @PENSTOCK_RTMP_END_REFUSED: (client) the server refused; the text says why
 * @PENSTOCK_RTMP_END_UNREACHABLE: (client) no connection could be made
 */
typedef enum {
  PENSTOCK_RTMP_END_GOODBYE,
  PENSTOCK_RTMP_END_LOST,
  PENSTOCK_RTMP_END_SILENT,
  PENSTOCK_RTMP_END_TAKEN_OVER,
  PENSTOCK_RTMP_END_REJECTED,
  PENSTOCK_RTMP_END_PROTOCOL,
  PENSTOCK_RTMP_END_SHUTDOWN,
  PENSTOCK_RTMP_END_OVER,
  PENSTOCK_RTMP_END_REFUSED,
  PENSTOCK_RTMP_END_UNREACHABLE,
} PenstockRtmpEnd;

/* "goodbye", "lost", ... for logs and status. */
const gchar *penstock_rtmp_end_to_string (PenstockRtmpEnd end);

/**
 * PenstockRtmpCallbacks:
 * @started: a publication starts. Never twice without @ended between
 * @message: one audio, video or data message (types 8, 9, 18, 15) of it. Zero
 *   length messages do not come. Transfer none: take a ref or
 *   penstock_rtmp_message_share() to keep it
 * @ended: it is over; @detail is a sentence for the log, never NULL. Comes
 *   once after each @started; a client also calls it without @started when it
 *   never got that far
 * @expired: (nullable): nobody came back within the claim's grace after an
 *   @ended that was not GOODBYE. Not called by a client
 *
 * All run on an I/O thread, in order, never two at once. They must not block:
 * other connections wait on the same thread. Any may be NULL.
 */
typedef struct {
  void (*started) (
      const PenstockRtmpPublication *publication, gpointer user_data);
  void (*message) (PenstockRtmpMessage *message, gpointer user_data);
  void (*ended) (PenstockRtmpEnd end, const gchar *detail, gpointer user_data);
  void (*expired) (gpointer user_data);
} PenstockRtmpCallbacks;

G_END_DECLS

#endif /* PENSTOCK_RTMP_PUBLICATION_H */
