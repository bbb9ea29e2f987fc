/* SPDX-License-Identifier: MIT
 *
 * Commands that a server answers (RTMP 1.0, 7.2): createStream, publish, play
 * and those that encoders and players send around them. `connect` is in
 * rtmp-session-connect.c. */

#include "rtmp-path.h"
#include "rtmp-session-private.h"

#define MAX_TEXT 256 /* bytes of a name in an answer */

/* Answers. With transaction 0 the peer asks for none (RTMP 1.0, 7.2.2). */

static void
reply_result (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  GByteArray *payload;

  if (command->transaction == 0)
    return;
  payload = penstock_rtmp_command_begin ("_result", command->transaction);
  penstock_amf0_write_null (payload);
  penstock_amf0_write_null (payload);
  penstock_rtmp_session_write_command (
      session, command->chunk_stream, command->stream_id, payload);
}

static void
reply_number (PenstockRtmpSession *session, const PenstockRtmpCommand *command,
    gdouble number)
{
  GByteArray *payload;

  if (command->transaction == 0)
    return;
  payload = penstock_rtmp_command_begin ("_result", command->transaction);
  penstock_amf0_write_null (payload);
  penstock_amf0_write_number (payload, number);
  penstock_rtmp_session_write_command (
      session, command->chunk_stream, command->stream_id, payload);
}

void
penstock_rtmp_session_reply_error (PenstockRtmpSession *session,
    const PenstockRtmpCommand *command, const gchar *code,
    const gchar *description)
{
  GByteArray *payload;

  if (command->transaction == 0)
    return;
  payload = penstock_rtmp_command_begin ("_error", command->transaction);
  penstock_amf0_write_null (payload);
  penstock_rtmp_write_status_object (payload, "error", code, description);
  penstock_rtmp_session_write_command (
      session, command->chunk_stream, command->stream_id, payload);
}

/* onStatus, onFCPublish, ...: a call without an answer. */
static void
tell_status (PenstockRtmpSession *session, const gchar *name, guint32 stream_id,
    const gchar *level, const gchar *code, const gchar *description)
{
  GByteArray *payload = penstock_rtmp_command_begin (name, 0);

  penstock_amf0_write_null (payload);
  penstock_rtmp_write_status_object (payload, level, code, description);
  penstock_rtmp_session_write_command (
      session, PENSTOCK_RTMP_CSID_STATUS, stream_id, payload);
}

/* Streams */

static const gchar *
on_create_stream (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  for (guint i = 0; i < session->limits.max_message_streams; i++) {
    if (session->streams & 1u << i)
      continue;
    session->streams |= 1u << i;
    reply_number (session, command, i + 1);
    return NULL;
  }
  penstock_rtmp_session_reply_error (session, command,
      "NetConnection.Call.Failed", "too many message streams");
  return NULL;
}

static gboolean
stream_exists (const PenstockRtmpSession *session, guint32 id)
{
  return id >= 1 && id <= session->limits.max_message_streams &&
      (session->streams & 1u << (id - 1));
}

/* Message stream of a publish or play, 0 when there is none. Broken encoders
 * name another one than the only one they created. */
static guint32
request_stream (const PenstockRtmpSession *session, guint32 id)
{
  if (stream_exists (session, id))
    return id;
  if (session->quirks->any_stream && session->streams != 0 &&
      (session->streams & (session->streams - 1)) == 0)
    return g_bit_nth_lsf (session->streams, -1) + 1;
  return 0;
}

static const gchar *
publish_type (const PenstockRtmpCommand *command)
{
  static const gchar *const types[] = { "record", "append" };
  const gchar *type = penstock_rtmp_command_string (command, 1);

  for (guint i = 0; type && i < G_N_ELEMENTS (types); i++)
    if (g_ascii_strcasecmp (type, types[i]) == 0)
      return types[i];
  return "live";
}

/* Path and query of a publish or play; NULL when the name is not allowed. */
static gchar *
request_path (PenstockRtmpSession *session, const gchar *name)
{
  PenstockRtmpPeer *peer = &session->peer;

  penstock_rtmp_peer_set_query (peer, name);
  return penstock_rtmp_path_canonical (peer->app, peer->tc_url, name);
}

static const gchar *
on_publish (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  guint32 id = request_stream (session, command->stream_id);

  if (id == 0) {
    penstock_rtmp_session_reply_error (session, command,
        "NetConnection.Call.Failed", "publish without a message stream");
    return NULL;
  }
  if (session->stream_state != PENSTOCK_RTMP_STREAM_IDLE) {
    tell_status (session, "onStatus", id, "error", "NetStream.Publish.BadName",
        "This connection publishes already.");
    return NULL;
  }
  g_autofree gchar *path =
      request_path (session, penstock_rtmp_command_string (command, 0));
  if (!path) {
    tell_status (session, "onStatus", id, "error", "NetStream.Publish.BadName",
        "The stream name is not allowed.");
    return "stream name is not allowed";
  }
  session->stream_id = id;
  session->is_play = FALSE;
  session->stream_state = PENSTOCK_RTMP_STREAM_ASKED;
  penstock_rtmp_session_push_request (
      session, PENSTOCK_RTMP_EVENT_PUBLISH, path, publish_type (command));
  return NULL;
}

void
penstock_rtmp_session_accept_publish (PenstockRtmpSession *session)
{
  g_return_if_fail (session->stream_state == PENSTOCK_RTMP_STREAM_ASKED);

  session->stream_state = PENSTOCK_RTMP_STREAM_ACTIVE;
  penstock_rtmp_session_write_user (
      session, PENSTOCK_RTMP_STREAM_BEGIN, session->stream_id, 0);
  tell_status (session, "onStatus", session->stream_id, "status",
      "NetStream.Publish.Start", "Publishing.");
}

void
penstock_rtmp_session_refuse_publish (
    PenstockRtmpSession *session, const gchar *code, const gchar *description)
{
  session->stream_state = PENSTOCK_RTMP_STREAM_IDLE;
  tell_status (
      session, "onStatus", session->stream_id, "error", code, description);
}

static const gchar *
on_play (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  guint32 id = request_stream (session, command->stream_id);

  if (id == 0 || session->stream_state != PENSTOCK_RTMP_STREAM_IDLE) {
    penstock_rtmp_session_reply_error (session, command,
        "NetConnection.Call.Failed",
        "play without a message stream of its own");
    return NULL;
  }
  g_autofree gchar *path =
      request_path (session, penstock_rtmp_command_string (command, 0));
  session->stream_id = id;
  session->is_play = TRUE;
  session->stream_state = PENSTOCK_RTMP_STREAM_ASKED;
  penstock_rtmp_session_push_request (
      session, PENSTOCK_RTMP_EVENT_PLAY, path ? path : "", NULL);
  return NULL;
}

/* Players of the Flash kind ask this before they show samples. */
static void
allow_sample_access (PenstockRtmpSession *session)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  penstock_amf0_write_string (payload, "|RtmpSampleAccess");
  penstock_amf0_write_boolean (payload, TRUE);
  penstock_amf0_write_boolean (payload, TRUE);
  penstock_rtmp_session_write (session, PENSTOCK_RTMP_CSID_STATUS,
      PENSTOCK_RTMP_DATA, session->stream_id, 0, payload->data, payload->len);
}

void
penstock_rtmp_session_accept_play (PenstockRtmpSession *session)
{
  g_return_if_fail (session->stream_state == PENSTOCK_RTMP_STREAM_ASKED);

  session->stream_state = PENSTOCK_RTMP_STREAM_ACTIVE;
  penstock_rtmp_session_write_user (
      session, PENSTOCK_RTMP_STREAM_BEGIN, session->stream_id, 0);
  tell_status (session, "onStatus", session->stream_id, "status",
      "NetStream.Play.Reset", "Playing and resetting.");
  tell_status (session, "onStatus", session->stream_id, "status",
      "NetStream.Play.Start", "Playing.");
  allow_sample_access (session);
}

void
penstock_rtmp_session_end_play (PenstockRtmpSession *session)
{
  g_return_if_fail (session->stream_state == PENSTOCK_RTMP_STREAM_ACTIVE);

  session->stream_state = PENSTOCK_RTMP_STREAM_IDLE;
  tell_status (session, "onStatus", session->stream_id, "status",
      "NetStream.Play.UnpublishNotify", "The stream has ended.");
  penstock_rtmp_session_write_user (
      session, PENSTOCK_RTMP_STREAM_EOF, session->stream_id, 0);
  tell_status (session, "onStatus", session->stream_id, "status",
      "NetStream.Play.Stop", "Stopped.");
}

void
penstock_rtmp_session_refuse_play (
    PenstockRtmpSession *session, const gchar *code, const gchar *description)
{
  penstock_rtmp_session_refuse_publish (session, code, description);
}

/* The peer says goodbye to its publication, if it has one. */
static void
end_stream (PenstockRtmpSession *session, const gchar *text)
{
  if (session->stream_state == PENSTOCK_RTMP_STREAM_ACTIVE)
    penstock_rtmp_session_push_status (
        session, PENSTOCK_RTMP_EVENT_END, NULL, text);
  session->stream_state = PENSTOCK_RTMP_STREAM_IDLE;
}

static const gchar *
on_delete_stream (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  const PenstockAmfValue *value = penstock_rtmp_command_argument (command, 0);

  if (!value || value->type != PENSTOCK_AMF_NUMBER ||
      !(value->number >= 1 &&
          value->number <= session->limits.max_message_streams))
    return NULL;
  guint32 id = (guint32) value->number;
  session->streams &= ~(1u << (id - 1));
  if (id == session->stream_id)
    end_stream (session, "deleteStream");
  return NULL;
}

static const gchar *
on_close_stream (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  if (session->stream_state == PENSTOCK_RTMP_STREAM_ACTIVE)
    tell_status (session, "onStatus", session->stream_id, "status",
        session->is_play ? "NetStream.Play.Stop"
                         : "NetStream.Unpublish.Success",
        "Stopped.");
  end_stream (session, "closeStream");
  return NULL;
}

/* Around playing */

static gboolean
plays (const PenstockRtmpSession *session)
{
  return session->is_play &&
      session->stream_state == PENSTOCK_RTMP_STREAM_ACTIVE;
}

/* The first argument, TRUE for anything that is no boolean. */
static gboolean
is_on (const PenstockRtmpCommand *command)
{
  const PenstockAmfValue *value = penstock_rtmp_command_argument (command, 0);

  return !value || value->type != PENSTOCK_AMF_BOOLEAN || value->number != 0;
}

static const gchar *
on_pause (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  gboolean on = is_on (command);

  if (!plays (session))
    return NULL;
  tell_status (session, "onStatus", session->stream_id, "status",
      on ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify",
      on ? "Paused." : "Playing.");
  penstock_rtmp_session_push_switch (session, PENSTOCK_RTMP_EVENT_PAUSE, on);
  return NULL;
}

static const gchar *
on_receive_audio (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  if (plays (session))
    penstock_rtmp_session_push_switch (
        session, PENSTOCK_RTMP_EVENT_RECEIVE_AUDIO, is_on (command));
  return NULL;
}

static const gchar *
on_receive_video (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  if (plays (session))
    penstock_rtmp_session_push_switch (
        session, PENSTOCK_RTMP_EVENT_RECEIVE_VIDEO, is_on (command));
  return NULL;
}

/* A live stream has no other place to go to. */
static const gchar *
on_seek (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  if (plays (session))
    tell_status (session, "onStatus", session->stream_id, "status",
        "NetStream.Seek.Notify", "The stream is live.");
  return NULL;
}

/* Around publishing */

void
penstock_rtmp_session_accept_fc_publish (PenstockRtmpSession *session)
{
  g_autofree gchar *text = penstock_amf_text (session->fc_name, MAX_TEXT);

  /* Some encoders go on only after one of the two. */
  tell_status (
      session, "onFCPublish", 0, "status", "NetStream.Publish.Start", text);
  reply_result (session, &session->fc_publish);
}

/* As a status, too: most encoders look for nothing else. */
void
penstock_rtmp_session_refuse_fc_publish (
    PenstockRtmpSession *session, const gchar *code, const gchar *description)
{
  tell_status (session, "onFCPublish", 0, "error", code, description);
  penstock_rtmp_session_reply_error (
      session, &session->fc_publish, code, description);
  tell_status (session, "onStatus", 0, "error", code, description);
}

static const gchar *
on_fc_publish (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  const gchar *name = penstock_rtmp_command_string (command, 0);

  session->fc_publish = (PenstockRtmpCommand){
    .transaction = command->transaction,
    .chunk_stream = command->chunk_stream,
    .stream_id = command->stream_id,
  };
  g_free (session->fc_name);
  session->fc_name = g_strdup (name ? name : "");
  g_autofree gchar *path = session->state == PENSTOCK_RTMP_STATE_CONNECTED &&
          session->stream_state == PENSTOCK_RTMP_STREAM_IDLE
      ? request_path (session, name)
      : NULL;
  if (path)
    penstock_rtmp_session_push_request (
        session, PENSTOCK_RTMP_EVENT_FC_PUBLISH, path, NULL);
  else /* what is wrong is told when it publishes */
    penstock_rtmp_session_accept_fc_publish (session);
  return NULL;
}

static const gchar *
on_fc_unpublish (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  tell_status (session, "onFCUnpublish", 0, "status",
      "NetStream.Unpublish.Success", "Stopped.");
  reply_result (session, command);
  end_stream (session, "FCUnpublish");
  return NULL;
}

static const gchar *
on_fc_subscribe (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  tell_status (session, "onFCSubscribe", 0, "status", "NetStream.Play.Start",
      "Subscribed.");
  return NULL;
}

static const gchar *
on_null_result (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  reply_result (session, command);
  return NULL;
}

static const gchar *
on_zero_result (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  reply_number (session, command, 0);
  return NULL;
}

static const gchar *
on_ignored (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  return NULL;
}

typedef struct {
  const gchar *name;
  const gchar *(*handle) (
      PenstockRtmpSession *session, const PenstockRtmpCommand *command);
  gboolean before_connect; /* answered even then */
} Handler;

static const Handler handlers[] = {
  { "connect", penstock_rtmp_session_on_connect, TRUE },
  { "createStream", on_create_stream, FALSE },
  { "publish", on_publish, FALSE },
  { "play", on_play, FALSE },
  { "play2", on_play, FALSE },
  { "deleteStream", on_delete_stream, FALSE },
  { "closeStream", on_close_stream, FALSE },
  { "releaseStream", on_null_result, TRUE },
  { "FCPublish", on_fc_publish, TRUE },
  { "FCUnpublish", on_fc_unpublish, FALSE },
  { "FCSubscribe", on_fc_subscribe, FALSE },
  { "FCUnsubscribe", on_null_result, FALSE },
  { "_checkbw", on_zero_result, FALSE },
  { "getStreamLength", on_zero_result, FALSE },
  { "receiveAudio", on_receive_audio, FALSE },
  { "receiveVideo", on_receive_video, FALSE },
  { "pause", on_pause, FALSE },
  { "pauseRaw", on_pause, FALSE },
  { "seek", on_seek, FALSE },
  { "_result", on_ignored, TRUE },
  { "_error", on_ignored, TRUE },
  { "onStatus", on_ignored, TRUE },
};

const gchar *
penstock_rtmp_session_server_command (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++) {
    const Handler *handler = &handlers[i];
    if (!g_str_equal (command->name, handler->name))
      continue;
    if (session->state != PENSTOCK_RTMP_STATE_CONNECTED &&
        (!handler->before_connect ||
            (!session->quirks->early_commands &&
                handler->handle != penstock_rtmp_session_on_connect)))
      break;
    return handler->handle (session, command);
  }
  penstock_rtmp_session_reply_error (session, command,
      "NetConnection.Call.Failed",
      session->state == PENSTOCK_RTMP_STATE_CONNECTED ? "unknown command"
                                                      : "not connected");
  return NULL;
}
