/* SPDX-License-Identifier: MIT
 *
 * The inside of a session, shared by rtmp-session.c (layers and control
 * messages), rtmp-session-server.c, rtmp-session-connect.c and
 * rtmp-session-client.c (commands). */
#ifndef PENSTOCK_RTMP_SESSION_PRIVATE_H
#define PENSTOCK_RTMP_SESSION_PRIVATE_H

#include "rtmp-amf.h"
#include "rtmp-chunk.h"
#include "rtmp-handshake.h"
#include "rtmp-quirks.h"
#include "rtmp-session.h"

G_BEGIN_DECLS

/* Chunk streams we send on. */
#define PENSTOCK_RTMP_CSID_CONTROL 2
#define PENSTOCK_RTMP_CSID_COMMAND 3
#define PENSTOCK_RTMP_CSID_AUDIO 4
#define PENSTOCK_RTMP_CSID_STATUS 5
#define PENSTOCK_RTMP_CSID_VIDEO 6
#define PENSTOCK_RTMP_CSID_PUBLISH 8

/* A command: name, transaction, command object, arguments from values[3]. */
typedef struct {
  GPtrArray *values;
  const gchar *name;
  gdouble transaction;
  guint32 chunk_stream;
  guint32 stream_id;
} PenstockRtmpCommand;

typedef enum {
  PENSTOCK_RTMP_STATE_NEW,        /* no `connect` yet */
  PENSTOCK_RTMP_STATE_ASKED,      /* server: owner decides about `connect` */
  PENSTOCK_RTMP_STATE_CONNECTING, /* client: `connect` sent */
  PENSTOCK_RTMP_STATE_CONNECTED,
} PenstockRtmpState;

typedef enum {
  PENSTOCK_RTMP_STREAM_IDLE,
  PENSTOCK_RTMP_STREAM_ASKED,  /* publish or play awaits its answer */
  PENSTOCK_RTMP_STREAM_ACTIVE, /* a publication (or a pulled play) runs */
} PenstockRtmpStreamState;

/* What the peer said of itself, owned. */
typedef struct {
  gchar *app;    /* with query */
  gchar *tc_url; /* with query */
  gchar *plain_app;
  gchar *plain_tc_url;
  gchar *flash_ver;
  gchar *fourccs;
  gboolean enhanced; /* announced any capability of Enhanced RTMP */
  guint caps_ex;
  gdouble object_encoding;
  GString *query;
  PenstockRtmpPeerInfo info; /* the public view */
} PenstockRtmpPeer;

struct _PenstockRtmpSession {
  gboolean is_server;
  const PenstockRtmpQuirks *quirks;
  PenstockRtmpHandshake *handshake; /* NULL when complete */
  PenstockRtmpChunkReader *reader;
  GByteArray *out;
  guint32 stream_id; /* publishing or playing (or, client, created) */
  guint32 out_chunk_size;
  gint64 now_ms;
  PenstockRtmpLimits limits;

  /* Events not handed out yet; one message makes two at most. */
  PenstockRtmpEvent events[2];
  guint n_events;
  gchar *event_path, *event_type, *event_code, *event_text;
  PenstockRtmpMessage *aggregate; /* being taken apart */
  gsize aggregate_position;
  guint32 aggregate_base;
  gboolean failed;

  /* Acknowledgements: bytes behind the handshake. */
  guint64 received, acknowledged;
  guint32 window;
  guint32 window_sent;

  /* Rates. */
  gint64 commands_at;
  guint commands_left;
  gint64 sizes_since;
  guint n_sizes;

  PenstockRtmpState state;
  PenstockRtmpPeer peer;
  gdouble connect_transaction;
  guint32 connect_chunk_stream;

  /* Server: bit n = message stream n + 1 exists. */
  guint32 streams;
  PenstockRtmpStreamState stream_state;
  gboolean is_play; /* server: the stream is for a player */
  /* Server: what FCPublish asked; no values. */
  PenstockRtmpCommand fc_publish;
  gchar *fc_name;

  /* Client. */
  PenstockRtmpClientMode mode;
  gchar *target_app, *target_tc_url, *target_name;
  guint buffer_ms;
  gdouble create_transaction;
  gdouble last_transaction;
};

/* Events. Strings are copied; @message is taken. */
void penstock_rtmp_session_push (PenstockRtmpSession *session,
    PenstockRtmpEventType type, PenstockRtmpMessage *message);
void penstock_rtmp_session_push_request (PenstockRtmpSession *session,
    PenstockRtmpEventType type, const gchar *path, const gchar *publish_type);
void penstock_rtmp_session_push_switch (
    PenstockRtmpSession *session, PenstockRtmpEventType type, gboolean on);
void penstock_rtmp_session_push_status (PenstockRtmpSession *session,
    PenstockRtmpEventType type, const gchar *code, const gchar *text);

/* Output. */
void penstock_rtmp_session_write (PenstockRtmpSession *session,
    guint32 chunk_stream, guint8 type, guint32 stream_id, guint32 timestamp,
    const guint8 *data, gsize size);
void penstock_rtmp_session_write_control (
    PenstockRtmpSession *session, const PenstockRtmpControl *control);
void penstock_rtmp_session_write_user (PenstockRtmpSession *session,
    PenstockRtmpUserEvent event, guint32 value, guint32 value2);
/* Begins a command with name, transaction and null; add arguments and end it
 * with penstock_rtmp_session_write_command(). */
GByteArray *penstock_rtmp_command_begin (
    const gchar *name, gdouble transaction);
/* Takes @payload. */
void penstock_rtmp_session_write_command (PenstockRtmpSession *session,
    guint32 chunk_stream, guint32 stream_id, GByteArray *payload);
/* Appends an information object { level, code, description }. */
void penstock_rtmp_write_status_object (GByteArray *payload, const gchar *level,
    const gchar *code, const gchar *description);

/* Arguments of a command, by position behind the command object. */
const PenstockAmfValue *penstock_rtmp_command_argument (
    const PenstockRtmpCommand *command, guint i);
/* (nullable): the argument when it is a string. */
const gchar *penstock_rtmp_command_string (
    const PenstockRtmpCommand *command, guint i);

/* Commands by role; a sentence when the connection must be closed. */
const gchar *penstock_rtmp_session_server_command (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command);
const gchar *penstock_rtmp_session_client_command (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command);
/* Server: `connect`, and an answer to any call. */
const gchar *penstock_rtmp_session_on_connect (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command);
void penstock_rtmp_session_reply_error (PenstockRtmpSession *session,
    const PenstockRtmpCommand *command, const gchar *code,
    const gchar *description);
/* Parameters may hang on tcUrl, application and @name; those of @name win. */
void penstock_rtmp_peer_set_query (PenstockRtmpPeer *peer, const gchar *name);
/* The handshake of a client is complete. */
void penstock_rtmp_session_client_connect (PenstockRtmpSession *session);
/* Client: media came; counts as a start if none was told. */
void penstock_rtmp_session_client_started (PenstockRtmpSession *session);

void penstock_rtmp_peer_clear (PenstockRtmpPeer *peer);
/* What @object (nullable), of `connect` or its answer, says of Enhanced RTMP;
 * the rest of the peer stays as it is. */
void penstock_rtmp_peer_read_capabilities (
    PenstockRtmpPeer *peer, const PenstockAmfValue *object);
/* The same of ours, into an open object. */
void penstock_rtmp_write_capabilities (GByteArray *payload);

/* What we take and pass on, for both directions of the announcement. */
extern const gchar *const penstock_rtmp_video_fourccs[]; /* NULL at the end */
extern const gchar *const penstock_rtmp_audio_fourccs[];
#define PENSTOCK_RTMP_OUR_CAPS_EX                                              \
  (PENSTOCK_RTMP_CAPS_MULTITRACK | PENSTOCK_RTMP_CAPS_MODEX |                  \
      PENSTOCK_RTMP_CAPS_NANO_OFFSET)

G_END_DECLS

#endif /* PENSTOCK_RTMP_SESSION_PRIVATE_H */
