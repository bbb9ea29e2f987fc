/* SPDX-License-Identifier: MIT
 *
 * One RTMP connection as a pure state machine: bytes in, events and bytes out.
 * No sockets, clocks or threads: the owner feeds what it received, handles one
 * event at a time, and sends what penstock_rtmp_session_get_output() holds.
 * Both roles: server (publishers and players) and client (play, publish). RTMP 1.0 sections 5 to 7, and the quirks of rtmp-quirks.h. */
#ifndef PENSTOCK_RTMP_SESSION_H
#define PENSTOCK_RTMP_SESSION_H

#include "rtmp-message.h"

G_BEGIN_DECLS

typedef struct _PenstockRtmpSession PenstockRtmpSession;

/* Capabilities of Enhanced RTMP v2, `capsEx`. */
enum {
  PENSTOCK_RTMP_CAPS_RECONNECT = 1,
  PENSTOCK_RTMP_CAPS_MULTITRACK = 2,
  PENSTOCK_RTMP_CAPS_MODEX = 4,
  PENSTOCK_RTMP_CAPS_NANO_OFFSET = 8,
};

/**
 * PenstockRtmpPeerInfo:
 * @app: application without query, as sent otherwise
 * @tc_url: (nullable): without query
 * @encoder: short name made from flashVer
 * @enhanced: announced anything of Enhanced RTMP
 * @caps_ex: PENSTOCK_RTMP_CAPS_ bits the peer announced
 * @fourccs: (nullable): FourCCs the peer announced, comma separated
 * @query: parameters of tcUrl, application and stream name, joined by `&` in
 *   that order, the later one wins; holds secrets
 *
 * What the peer said of itself. Owned by the session, valid until fed again.
 */
typedef struct {
  const gchar *app;
  const gchar *tc_url;
  const gchar *flash_ver;
  const gchar *encoder;
  gboolean enhanced;
  guint caps_ex;
  const gchar *fourccs;
  const gchar *query;
} PenstockRtmpPeerInfo;

typedef enum {
  PENSTOCK_RTMP_EVENT_HANDSHAKE,  /* complete */
  PENSTOCK_RTMP_EVENT_CONNECT,    /* server: answer accept/refuse_connect */
  PENSTOCK_RTMP_EVENT_FC_PUBLISH, /* server: answer accept/refuse_fc_publish */
  PENSTOCK_RTMP_EVENT_PUBLISH,    /* server: answer accept/refuse_publish */
  PENSTOCK_RTMP_EVENT_PLAY,       /* server: answer accept/refuse_play */
  PENSTOCK_RTMP_EVENT_STARTED,    /* client: the server agreed */
  PENSTOCK_RTMP_EVENT_MESSAGE,    /* audio, video or data of the publication */
  PENSTOCK_RTMP_EVENT_END,        /* the peer ended publication or play */
  PENSTOCK_RTMP_EVENT_PAUSE,      /* server: the player pauses or goes on */
  PENSTOCK_RTMP_EVENT_RECEIVE_AUDIO, /* server: the player wants it or not */
  PENSTOCK_RTMP_EVENT_RECEIVE_VIDEO,
  PENSTOCK_RTMP_EVENT_REFUSED, /* client: an error status; close */
  PENSTOCK_RTMP_EVENT_ERROR,   /* protocol broken; close */
} PenstockRtmpEventType;

/**
 * PenstockRtmpEvent:
 * @path: canonical path (FC_PUBLISH, PUBLISH, PLAY)
 * @publish_type: "live", "record" or "append" (PUBLISH)
 * @message: (transfer full): the message (MESSAGE)
 * @on: paused (PAUSE), wanted (RECEIVE_AUDIO, RECEIVE_VIDEO)
 * @code: status code (REFUSED)
 * @text: a sentence (REFUSED, ERROR, END)
 *
 * Strings are owned by the session and valid until it is fed again.
 */
typedef struct {
  PenstockRtmpEventType type;
  const gchar *path;
  const gchar *publish_type;
  PenstockRtmpMessage *message;
  gboolean on;
  const gchar *code;
  const gchar *text;
} PenstockRtmpEvent;

typedef enum {
  PENSTOCK_RTMP_CLIENT_PLAY,
  PENSTOCK_RTMP_CLIENT_PUBLISH,
} PenstockRtmpClientMode;

/**
 * PenstockRtmpClientTarget:
 * @app: application, with its query
 * @tc_url: rtmp://host[:port]/app
 * @name: stream name, with its query
 * @user: (nullable): for authmod=adobe or llnw
 * @password: (nullable)
 * @buffer_ms: SetBufferLength of a player
 */
typedef struct {
  PenstockRtmpClientMode mode;
  const gchar *app;
  const gchar *tc_url;
  const gchar *name;
  guint buffer_ms;
} PenstockRtmpClientTarget;

/* @seed: any number, different for each connection; the random bytes of the
 * handshake come from it. They protect nothing. */
PenstockRtmpSession *penstock_rtmp_session_new_server (guint64 seed);
/* The first bytes to send are in the output at once. @target is copied. */
PenstockRtmpSession *penstock_rtmp_session_new_client (
    guint64 seed, const PenstockRtmpClientTarget *target);
void penstock_rtmp_session_free (PenstockRtmpSession *session);

/* Other bounds than the default ones, copied; messages are counted in @memory
 * (nullable). Before the first byte is fed. */
void penstock_rtmp_session_set_limits (PenstockRtmpSession *session,
    const PenstockRtmpLimits *limits, PenstockRtmpMemory *memory);
const PenstockRtmpLimits *penstock_rtmp_session_get_limits (
    PenstockRtmpSession *session);

/**
 * penstock_rtmp_session_feed:
 * @data: bytes received, in order, cut anywhere
 * @now_ms: a monotonic clock, milliseconds
 * @consumed: (out): bytes taken; below @size only with DONE or ERROR
 * @event: (out): set unless MORE
 *
 * Takes bytes until there is an event. Feed the rest after it is handled. A
 * request (CONNECT, FC_PUBLISH, PUBLISH, PLAY) must be answered before feeding again.
 *
 * Returns: DONE with an event, MORE when all bytes are taken, ERROR with an
 *   event of type ERROR: nothing may be fed any more
 */
PenstockRtmpParse penstock_rtmp_session_feed (PenstockRtmpSession *session,
    const guint8 *data, gsize size, gint64 now_ms, gsize *consumed,
    PenstockRtmpEvent *event);

/**
 * penstock_rtmp_session_get_room:
 * @size: (out): bytes of the room, 0 if there is none
 *
 * Where the next bytes of the connection may be received to, because they are
 * payload of a message: tell with penstock_rtmp_session_fill() how many were.
 * Valid until the session is used otherwise.
 */
guint8 *penstock_rtmp_session_get_room (
    PenstockRtmpSession *session, gsize *size);
void penstock_rtmp_session_fill (PenstockRtmpSession *session, gsize n);

/* Bytes to send. The owner removes what it sent (g_byte_array_remove_range or
 * g_byte_array_set_size) and looks again after each call here. */
GByteArray *penstock_rtmp_session_get_output (PenstockRtmpSession *session);

const PenstockRtmpPeerInfo *penstock_rtmp_session_get_peer (
    PenstockRtmpSession *session);
/* Has the peer announced the codec (FourCC as a number, big endian)? */
gboolean penstock_rtmp_peer_takes (
    const PenstockRtmpPeerInfo *peer, guint32 fourcc);

/* Value of the query parameter @name of the last request, percent-decoded;
 * (transfer full) (nullable). The last of several counts. */
gchar *penstock_rtmp_session_dup_parameter (
    PenstockRtmpSession *session, const gchar *name);

void penstock_rtmp_session_accept_connect (PenstockRtmpSession *session);
void penstock_rtmp_session_refuse_connect (
    PenstockRtmpSession *session, const gchar *code, const gchar *description);
/* Rejects it with the address of another server, which it may try. */
void penstock_rtmp_session_redirect_connect (
    PenstockRtmpSession *session, const gchar *url);
void penstock_rtmp_session_accept_fc_publish (PenstockRtmpSession *session);
/* Close when the output is sent. */
void penstock_rtmp_session_refuse_fc_publish (
    PenstockRtmpSession *session, const gchar *code, const gchar *description);
void penstock_rtmp_session_accept_publish (PenstockRtmpSession *session);
/* Also ends a publication that was accepted. Close when the output is sent. */
void penstock_rtmp_session_refuse_publish (
    PenstockRtmpSession *session, const gchar *code, const gchar *description);
/* What a player expects before the first message; more than one call of
 * penstock_rtmp_session_send() may follow. */
void penstock_rtmp_session_accept_play (PenstockRtmpSession *session);
/* The stream is over: UnpublishNotify, StreamEOF, Play.Stop. The peer may ask
 * for another one. */
void penstock_rtmp_session_end_play (PenstockRtmpSession *session);
/* Message stream of the publication or play. */
guint32 penstock_rtmp_session_get_stream_id (PenstockRtmpSession *session);
void penstock_rtmp_session_refuse_play (
    PenstockRtmpSession *session, const gchar *code, const gchar *description);

/* PingRequest with @now_ms; an answer counts as life. */
void penstock_rtmp_session_ping (PenstockRtmpSession *session, gint64 now_ms);

/* One message to the other side: from a client that publishes (after STARTED),
 * to a player (after accept_play). */
void penstock_rtmp_session_send (PenstockRtmpSession *session, guint8 type,
    guint32 timestamp, const guint8 *data, gsize size);
/* Client that publishes: FCUnpublish, deleteStream. */
void penstock_rtmp_session_send_goodbye (PenstockRtmpSession *session);

/* A message has begun and not ended: first fed at this now_ms, or -1. */
gint64 penstock_rtmp_session_get_unfinished_since (
    PenstockRtmpSession *session);
/* Bytes received behind the handshake. */
guint64 penstock_rtmp_session_get_received (PenstockRtmpSession *session);

/* Everything there is to send was sent: gives the memory of it back. */
void penstock_rtmp_session_trim (PenstockRtmpSession *session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockRtmpSession, penstock_rtmp_session_free)

G_END_DECLS

#endif /* PENSTOCK_RTMP_SESSION_H */
