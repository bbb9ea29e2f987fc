/* SPDX-License-Identifier: MIT
 *
 * The client's side of a session: connect, createStream, then play or publish
 * (RTMP 1.0, 7.2). */

#include <string.h>

#include "rtmp-session-private.h"

/* What players and encoders of the protocol's time announce; servers of today
 * look at it only to refuse the unknown. */
#define FLASH_VERSION "LNX 9,0,124,2"
#define ENCODER_VERSION "FMLE/3.0 (compatible; FMSc/1.0)"
#define CAPABILITIES 15
#define AUDIO_CODECS 4071
#define VIDEO_CODECS 252
#define START_LIVE -2000
#define CONNECT_TRANSACTION 1

static void
write_string (GByteArray *payload, const gchar *name, const gchar *value)
{
  penstock_amf0_write_name (payload, name);
  penstock_amf0_write_string (payload, value);
}

static void
write_number (GByteArray *payload, const gchar *name, gdouble value)
{
  penstock_amf0_write_name (payload, name);
  penstock_amf0_write_number (payload, value);
}

static void
write_player (GByteArray *payload)
{
  write_string (payload, "flashVer", FLASH_VERSION);
  penstock_amf0_write_name (payload, "fpad");
  penstock_amf0_write_boolean (payload, FALSE);
  write_number (payload, "capabilities", CAPABILITIES);
  write_number (payload, "audioCodecs", AUDIO_CODECS);
  write_number (payload, "videoCodecs", VIDEO_CODECS);
  write_number (payload, "videoFunction", 1);
  write_number (payload, "objectEncoding", 0);
  penstock_amf0_write_name (payload, "fourCcList");
  penstock_amf0_begin_array (payload, 1);
  penstock_amf0_write_string (payload, "*");
  write_number (payload, "capsEx", PENSTOCK_RTMP_OUR_CAPS_EX);
}

static void
write_chunk_size (PenstockRtmpSession *session)
{
  const PenstockRtmpControl control = {
    .type = PENSTOCK_RTMP_SET_CHUNK_SIZE,
    .value = PENSTOCK_RTMP_OUR_CHUNK_SIZE,
  };

  penstock_rtmp_session_write_control (session, &control);
}

void
penstock_rtmp_session_client_connect (PenstockRtmpSession *session)
{
  GByteArray *payload =
      penstock_rtmp_command_begin ("connect", CONNECT_TRANSACTION);
  gboolean publishes = session->mode == PENSTOCK_RTMP_CLIENT_PUBLISH;

  if (publishes)
    write_chunk_size (session);
  penstock_amf0_begin_object (payload);
  write_string (payload, "app", session->target_app);
  if (publishes) {
    write_string (payload, "type", "nonprivate");
    write_string (payload, "flashVer", ENCODER_VERSION);
    penstock_rtmp_write_capabilities (payload);
  } else {
    write_player (payload);
  }
  write_string (payload, "tcUrl", session->target_tc_url);
  penstock_amf0_end_object (payload);
  penstock_rtmp_session_write_command (
      session, PENSTOCK_RTMP_CSID_COMMAND, 0, payload);
  session->last_transaction = CONNECT_TRANSACTION;
  session->state = PENSTOCK_RTMP_STATE_CONNECTING;
}

/* A call with at most one string, on stream 0. */
static gdouble
call (PenstockRtmpSession *session, const gchar *name, const gchar *argument)
{
  gdouble transaction = ++session->last_transaction;
  GByteArray *payload = penstock_rtmp_command_begin (name, transaction);

  penstock_amf0_write_null (payload);
  if (argument)
    penstock_amf0_write_string (payload, argument);
  penstock_rtmp_session_write_command (
      session, PENSTOCK_RTMP_CSID_COMMAND, 0, payload);
  return transaction;
}

/* Servers announce what they take in either object. */
static void
read_server (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  penstock_rtmp_peer_read_capabilities (
      &session->peer, penstock_amf_nth (command->values, 2));
  penstock_rtmp_peer_read_capabilities (
      &session->peer, penstock_rtmp_command_argument (command, 0));
}

static void
connected (PenstockRtmpSession *session)
{
  const PenstockRtmpControl window = { .type = PENSTOCK_RTMP_WINDOW_ACK_SIZE,
    .value = PENSTOCK_RTMP_OUR_WINDOW };

  session->state = PENSTOCK_RTMP_STATE_CONNECTED;
  penstock_rtmp_session_write_control (session, &window);
  if (session->mode == PENSTOCK_RTMP_CLIENT_PUBLISH) {
    call (session, "releaseStream", session->target_name);
    call (session, "FCPublish", session->target_name);
  }
  session->create_transaction = call (session, "createStream", NULL);
}

static void
request_publish (PenstockRtmpSession *session)
{
  GByteArray *payload = penstock_rtmp_command_begin ("publish", 0);

  penstock_amf0_write_null (payload);
  penstock_amf0_write_string (payload, session->target_name);
  penstock_amf0_write_string (payload, "live");
  penstock_rtmp_session_write_command (
      session, PENSTOCK_RTMP_CSID_PUBLISH, session->stream_id, payload);
}

static void
request_play (PenstockRtmpSession *session)
{
  GByteArray *payload;

  /* Content delivery networks fetch the stream for it; others ignore it. */
  call (session, "FCSubscribe", session->target_name);
  payload = penstock_rtmp_command_begin ("play", 0);
  penstock_amf0_write_null (payload);
  penstock_amf0_write_string (payload, session->target_name);
  penstock_amf0_write_number (payload, START_LIVE);
  penstock_rtmp_session_write_command (
      session, PENSTOCK_RTMP_CSID_PUBLISH, session->stream_id, payload);
  penstock_rtmp_session_write_user (session, PENSTOCK_RTMP_SET_BUFFER_LENGTH,
      session->stream_id, session->buffer_ms);
}

static const gchar *
created (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  const PenstockAmfValue *id = penstock_rtmp_command_argument (command, 0);

  session->create_transaction = 0;
  if (!id || id->type != PENSTOCK_AMF_NUMBER ||
      !(id->number >= 0 && id->number <= G_MAXUINT32))
    return "no message stream in the answer to createStream";
  session->stream_id = (guint32) id->number;
  session->stream_state = PENSTOCK_RTMP_STREAM_ASKED;
  if (session->mode == PENSTOCK_RTMP_CLIENT_PUBLISH)
    request_publish (session);
  else
    request_play (session);
  return NULL;
}

static const gchar *
on_result (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  if (session->state == PENSTOCK_RTMP_STATE_CONNECTING &&
      command->transaction == CONNECT_TRANSACTION) {
    read_server (session, command);
    connected (session);
    return NULL;
  }
  if (session->create_transaction != 0 &&
      command->transaction == session->create_transaction)
    return created (session, command);
  return NULL;
}

static void
refused (PenstockRtmpSession *session, const PenstockAmfValue *info,
    const gchar *fallback)
{
  const gchar *code = penstock_amf_get_string (info, "code");
  const gchar *text = penstock_amf_get_string (info, "description");
  g_autofree gchar *clean_code = penstock_amf_text (code ? code : "", 128);
  g_autofree gchar *clean_text =
      penstock_amf_text (text && *text ? text : fallback, 512);

  session->stream_state = PENSTOCK_RTMP_STREAM_IDLE;
  penstock_rtmp_session_push_status (
      session, PENSTOCK_RTMP_EVENT_REFUSED, clean_code, clean_text);
}

/* Servers answer some calls with an error that means nothing. */
static const gchar *
on_error (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  const PenstockAmfValue *info = penstock_rtmp_command_argument (command, 0);

  if (session->state == PENSTOCK_RTMP_STATE_CONNECTING)
    refused (session, info, "the server refused the connection");
  else if (session->create_transaction != 0 &&
      command->transaction == session->create_transaction)
    refused (session, info, "the server refused a message stream");
  return NULL;
}

void
penstock_rtmp_session_client_started (PenstockRtmpSession *session)
{
  if (session->stream_state != PENSTOCK_RTMP_STREAM_ASKED)
    return;
  session->stream_state = PENSTOCK_RTMP_STREAM_ACTIVE;
  penstock_rtmp_session_push (session, PENSTOCK_RTMP_EVENT_STARTED, NULL);
}

static void
ended (PenstockRtmpSession *session, const gchar *text)
{
  if (session->stream_state == PENSTOCK_RTMP_STREAM_IDLE)
    return;
  session->stream_state = PENSTOCK_RTMP_STREAM_IDLE;
  penstock_rtmp_session_push_status (
      session, PENSTOCK_RTMP_EVENT_END, NULL, text);
}

static gboolean
is_one_of (const gchar *code, const gchar *const *codes)
{
  return code && g_strv_contains (codes, code);
}

static const gchar *
on_status (PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  static const gchar *const starts[] = { "NetStream.Publish.Start",
    "NetStream.Play.Start", NULL };
  static const gchar *const ends[] = { "NetStream.Play.Stop",
    "NetStream.Play.Complete", "NetStream.Play.UnpublishNotify",
    "NetStream.Unpublish.Success", NULL };
  static const gchar *const refusals[] = { "NetStream.Play.StreamNotFound",
    "NetStream.Play.Failed", "NetStream.Publish.BadName",
    "NetStream.Publish.Denied", NULL };
  const PenstockAmfValue *info = penstock_rtmp_command_argument (command, 0);
  const gchar *code = penstock_amf_get_string (info, "code");
  const gchar *level = penstock_amf_get_string (info, "level");

  if (is_one_of (code, refusals) || g_strcmp0 (level, "error") == 0)
    refused (session, info, "the server refused the stream");
  else if (is_one_of (code, starts))
    penstock_rtmp_session_client_started (session);
  else if (is_one_of (code, ends))
    ended (session, code);
  return NULL;
}

const gchar *
penstock_rtmp_session_client_command (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  if (g_str_equal (command->name, "_result"))
    return on_result (session, command);
  if (g_str_equal (command->name, "_error"))
    return on_error (session, command);
  if (g_str_equal (command->name, "onStatus"))
    return on_status (session, command);
  if (g_str_equal (command->name, "close"))
    ended (session, "the server closes the connection");
  return NULL;
}

void
penstock_rtmp_session_send (PenstockRtmpSession *session, guint8 type,
    guint32 timestamp, const guint8 *data, gsize size)
{
  guint32 chunk_stream = type == PENSTOCK_RTMP_VIDEO ? PENSTOCK_RTMP_CSID_VIDEO
                                                     : PENSTOCK_RTMP_CSID_AUDIO;

  penstock_rtmp_session_write (
      session, chunk_stream, type, session->stream_id, timestamp, data, size);
}

void
penstock_rtmp_session_send_goodbye (PenstockRtmpSession *session)
{
  GByteArray *payload;

  if (session->stream_state == PENSTOCK_RTMP_STREAM_IDLE)
    return;
  call (session, "FCUnpublish", session->target_name);
  payload =
      penstock_rtmp_command_begin ("deleteStream", ++session->last_transaction);
  penstock_amf0_write_null (payload);
  penstock_amf0_write_number (payload, session->stream_id);
  penstock_rtmp_session_write_command (
      session, PENSTOCK_RTMP_CSID_COMMAND, 0, payload);
  session->stream_state = PENSTOCK_RTMP_STREAM_IDLE;
}
