/* SPDX-License-Identifier: MIT
 *
 * Commands that a server answers (RTMP 1.0, 7.2): connect, createStream,
 * publish, play and those that encoders and players send around them. */

#include <math.h>
#include <string.h>

#include "rtmp-path.h"
#include "rtmp-session-private.h"

/* Encoders look for a Flash server of their time. */
#define SERVER_VERSION "FMS/3,0,1,123"
#define SERVER_CAPABILITIES 31
#define PEER_BANDWIDTH_DYNAMIC 2
#define MAX_TEXT 256  /* bytes kept of what a peer says of itself */
#define CAN_FORWARD 4 /* Enhanced RTMP v2, FourCcInfoMask */

const gchar *const penstock_rtmp_video_fourccs[] = { "avc1", "hvc1", "av01",
  "vp09", "vp08", NULL };
const gchar *const penstock_rtmp_audio_fourccs[] = { "mp4a", "Opus", "fLaC",
  "ac-3", "ec-3", ".mp3", NULL };

/* Answers */

static void
reply_result (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  GByteArray *payload =
      penstock_rtmp_command_begin ("_result", command->transaction);

  penstock_amf0_write_null (payload);
  penstock_amf0_write_null (payload);
  penstock_rtmp_session_write_command (
      session, command->chunk_stream, command->stream_id, payload);
}

static void
reply_number (PenstockRtmpSession *session, const PenstockRtmpCommand *command,
    gdouble number)
{
  GByteArray *payload =
      penstock_rtmp_command_begin ("_result", command->transaction);

  penstock_amf0_write_null (payload);
  penstock_amf0_write_number (payload, number);
  penstock_rtmp_session_write_command (
      session, command->chunk_stream, command->stream_id, payload);
}

static void
reply_error (PenstockRtmpSession *session, const PenstockRtmpCommand *command,
    const gchar *code, const gchar *description)
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

/* connect */

static gchar *
dup_text (const PenstockAmfValue *object, const gchar *name, gsize max)
{
  const gchar *string = penstock_amf_get_string (object, name);

  return string ? penstock_amf_text (string, max) : NULL;
}

/* tcUrl; some encoders write tcurl or put it in single quotes. */
static gchar *
dup_tc_url (const PenstockAmfValue *object)
{
  g_autofree gchar *url = dup_text (object, "tcUrl", PENSTOCK_RTMP_MAX_PATH);

  if (!url)
    url = dup_text (object, "tcurl", PENSTOCK_RTMP_MAX_PATH);
  gsize length = url ? strlen (url) : 0;
  if (length >= 2 && url[0] == '\'' && url[length - 1] == '\'')
    return g_strndup (url + 1, length - 2);
  return g_steal_pointer (&url);
}

static void
add_fourcc (GString *list, const gchar *fourcc)
{
  g_autofree gchar *text = penstock_amf_text (fourcc, 4);

  if (list->len >= MAX_TEXT)
    return;
  if (list->len > 0)
    g_string_append_c (list, ',');
  g_string_append (list, text);
}

/* fourCcList as array or map, and the names of the FourCcInfoMaps
 * (Enhanced RTMP v2, "Enhancing NetConnection connect Command"). */
static gchar *
dup_fourccs (const PenstockAmfValue *object)
{
  static const gchar *const names[] = { "fourCcList", "videoFourCcInfoMap",
    "audioFourCcInfoMap" };
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const PenstockAmfValue *value = penstock_amf_get (object, names[i]);
    if (!value || value->type < PENSTOCK_AMF_OBJECT)
      continue;
    for (guint k = 0; k < value->length; k++) {
      const PenstockAmfProperty *item = &value->items[k];
      if (item->value.type == PENSTOCK_AMF_STRING)
        add_fourcc (list, item->value.string);
      else if (item->name)
        add_fourcc (list, item->name);
    }
  }
  return g_string_free (list, list->len == 0);
}

static void
read_peer (PenstockRtmpPeer *peer, const PenstockAmfValue *object)
{
  gdouble caps_ex = 0;

  penstock_rtmp_peer_clear (peer);
  peer->app = dup_text (object, "app", PENSTOCK_RTMP_MAX_PATH);
  peer->tc_url = dup_tc_url (object);
  peer->flash_ver = dup_text (object, "flashVer", MAX_TEXT);
  peer->plain_app =
      penstock_rtmp_path_without_query (peer->app ? peer->app : "");
  if (peer->tc_url)
    peer->plain_tc_url = penstock_rtmp_path_without_query (peer->tc_url);
  penstock_amf_get_number (object, "objectEncoding", &peer->object_encoding);

  peer->fourccs = dup_fourccs (object);
  if (penstock_amf_get_number (object, "capsEx", &caps_ex) && caps_ex > 0)
    peer->caps_ex = caps_ex < 256 ? (guint) caps_ex : 0;
  peer->enhanced = peer->fourccs != NULL || caps_ex > 0;
}

/* Parameters may hang on all three; those of the name win. */
static void
set_query (PenstockRtmpPeer *peer, const gchar *name)
{
  g_string_truncate (peer->query, 0);
  penstock_rtmp_path_add_query (peer->query, peer->tc_url);
  penstock_rtmp_path_add_query (peer->query, peer->app);
  penstock_rtmp_path_add_query (peer->query, name);
}

static const gchar *
on_connect (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  if (session->state != PENSTOCK_RTMP_STATE_NEW) {
    reply_error (
        session, command, "NetConnection.Connect.Failed", "already connected");
    return NULL;
  }
  read_peer (&session->peer, penstock_amf_nth (command->values, 2));
  set_query (&session->peer, NULL);
  session->connect_transaction = command->transaction;
  session->connect_chunk_stream = command->chunk_stream;
  session->state = PENSTOCK_RTMP_STATE_ASKED;
  penstock_rtmp_session_push (session, PENSTOCK_RTMP_EVENT_CONNECT, NULL);
  return NULL;
}

static void
write_info_map (
    GByteArray *payload, const gchar *name, const gchar *const *fourccs)
{
  penstock_amf0_write_name (payload, name);
  penstock_amf0_begin_object (payload);
  for (guint i = 0; fourccs[i]; i++) {
    penstock_amf0_write_name (payload, fourccs[i]);
    penstock_amf0_write_number (payload, CAN_FORWARD);
  }
  penstock_amf0_end_object (payload);
}

static void
write_capabilities (GByteArray *payload)
{
  const gchar *const *lists[] = { penstock_rtmp_video_fourccs,
    penstock_rtmp_audio_fourccs };
  guint count = 0;

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    count += g_strv_length ((gchar **) lists[i]);
  penstock_amf0_write_name (payload, "fourCcList");
  penstock_amf0_begin_array (payload, count);
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    for (guint k = 0; lists[i][k]; k++)
      penstock_amf0_write_string (payload, lists[i][k]);
  write_info_map (payload, "videoFourCcInfoMap", penstock_rtmp_video_fourccs);
  write_info_map (payload, "audioFourCcInfoMap", penstock_rtmp_audio_fourccs);
  penstock_amf0_write_name (payload, "capsEx");
  penstock_amf0_write_number (payload, PENSTOCK_RTMP_OUR_CAPS_EX);
}

static void
write_properties (GByteArray *payload)
{
  penstock_amf0_begin_object (payload);
  penstock_amf0_write_name (payload, "fmsVer");
  penstock_amf0_write_string (payload, SERVER_VERSION);
  penstock_amf0_write_name (payload, "capabilities");
  penstock_amf0_write_number (payload, SERVER_CAPABILITIES);
  penstock_amf0_write_name (payload, "mode");
  penstock_amf0_write_number (payload, 1);
  penstock_amf0_end_object (payload);
}

void
penstock_rtmp_session_accept_connect (PenstockRtmpSession *session)
{
  const PenstockRtmpControl window = { .type = PENSTOCK_RTMP_WINDOW_ACK_SIZE,
    .value = PENSTOCK_RTMP_OUR_WINDOW };
  const PenstockRtmpControl bandwidth = {
    .type = PENSTOCK_RTMP_SET_PEER_BANDWIDTH,
    .value = PENSTOCK_RTMP_OUR_WINDOW,
    .limit = PEER_BANDWIDTH_DYNAMIC,
  };
  const PenstockRtmpControl chunk_size = {
    .type = PENSTOCK_RTMP_SET_CHUNK_SIZE,
    .value = PENSTOCK_RTMP_OUR_CHUNK_SIZE,
  };
  gboolean amf3 = session->peer.object_encoding == 3;

  g_return_if_fail (session->state == PENSTOCK_RTMP_STATE_ASKED);
  session->state = PENSTOCK_RTMP_STATE_CONNECTED;
  penstock_rtmp_chunk_reader_trust (session->reader);
  penstock_rtmp_session_write_control (session, &window);
  penstock_rtmp_session_write_control (session, &bandwidth);
  penstock_rtmp_session_write_control (session, &chunk_size);

  GByteArray *payload =
      penstock_rtmp_command_begin ("_result", session->connect_transaction);
  write_properties (payload);
  penstock_amf0_begin_object (payload);
  penstock_amf0_write_name (payload, "level");
  penstock_amf0_write_string (payload, "status");
  penstock_amf0_write_name (payload, "code");
  penstock_amf0_write_string (payload, "NetConnection.Connect.Success");
  penstock_amf0_write_name (payload, "description");
  penstock_amf0_write_string (payload, "Connection succeeded.");
  penstock_amf0_write_name (payload, "objectEncoding");
  penstock_amf0_write_number (payload, amf3 ? 3 : 0);
  if (session->peer.enhanced)
    write_capabilities (payload);
  penstock_amf0_end_object (payload);
  penstock_rtmp_session_write_command (
      session, session->connect_chunk_stream, 0, payload);
}

void
penstock_rtmp_session_refuse_connect (
    PenstockRtmpSession *session, const gchar *code, const gchar *description)
{
  GByteArray *payload =
      penstock_rtmp_command_begin ("_error", session->connect_transaction);

  g_return_if_fail (session->state == PENSTOCK_RTMP_STATE_ASKED);
  session->state = PENSTOCK_RTMP_STATE_NEW;
  write_properties (payload);
  penstock_rtmp_write_status_object (payload, "error", code, description);
  penstock_rtmp_session_write_command (
      session, session->connect_chunk_stream, 0, payload);
}

/* Streams */

static const gchar *
on_create_stream (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  for (guint i = 0; i < PENSTOCK_RTMP_MAX_STREAMS; i++) {
    if (session->streams & 1u << i)
      continue;
    session->streams |= 1u << i;
    reply_number (session, command, i + 1);
    return NULL;
  }
  reply_error (session, command, "NetConnection.Call.Failed",
      "too many message streams");
  return NULL;
}

static gboolean
stream_exists (const PenstockRtmpSession *session, guint32 id)
{
  return id >= 1 && id <= PENSTOCK_RTMP_MAX_STREAMS &&
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

  set_query (peer, name);
  return penstock_rtmp_path_canonical (peer->app, peer->tc_url, name);
}

static const gchar *
on_publish (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  guint32 id = request_stream (session, command->stream_id);

  if (id == 0) {
    reply_error (session, command, "NetConnection.Call.Failed",
        "publish without a message stream");
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
    reply_error (session, command, "NetConnection.Call.Failed",
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
      !(value->number >= 1 && value->number <= PENSTOCK_RTMP_MAX_STREAMS))
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

static const gchar *
on_fc_publish (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  const gchar *name = penstock_rtmp_command_string (command, 0);
  g_autofree gchar *text = penstock_amf_text (name ? name : "", MAX_TEXT);

  /* Some encoders go on only after one of the two. */
  tell_status (
      session, "onFCPublish", 0, "status", "NetStream.Publish.Start", text);
  reply_result (session, command);
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
  { "connect", on_connect, TRUE },
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
                handler->handle != on_connect)))
      break;
    return handler->handle (session, command);
  }
  reply_error (session, command, "NetConnection.Call.Failed",
      session->state == PENSTOCK_RTMP_STATE_CONNECTED ? "unknown command"
                                                      : "not connected");
  return NULL;
}
