/* SPDX-License-Identifier: MIT
 *
 * One RTMP connection: handshake, chunks, control messages, and what is common
 * to both roles. Commands are in rtmp-session-server.c and
 * rtmp-session-client.c. RTMP 1.0, sections 5 to 7. */

#include "rtmp-session-private.h"

#include <string.h>

#include "rtmp-path.h"

#define DEFAULT_CHUNK_SIZE 128
#define MINUTE_MS 60000

static PenstockRtmpSession *
session_new (gboolean is_server)
{
  PenstockRtmpSession *session = g_new0 (PenstockRtmpSession, 1);

  session->is_server = is_server;
  session->quirks = &penstock_rtmp_quirks_lenient;
  session->limits = penstock_rtmp_default_limits;
  session->reader = penstock_rtmp_chunk_reader_new (session->quirks);
  penstock_rtmp_chunk_reader_set_limits (session->reader, &session->limits);
  session->out = g_byte_array_new ();
  session->out_chunk_size = DEFAULT_CHUNK_SIZE;
  session->window = PENSTOCK_RTMP_OUR_WINDOW;
  session->commands_left = session->limits.command_burst;
  session->peer.query = g_string_new (NULL);
  return session;
}

PenstockRtmpSession *
penstock_rtmp_session_new_server (guint64 seed)
{
  PenstockRtmpSession *session = session_new (TRUE);

  session->handshake = penstock_rtmp_handshake_new (
      PENSTOCK_RTMP_HANDSHAKE_SERVER, seed, session->out);
  return session;
}

PenstockRtmpSession *
penstock_rtmp_session_new_client (
    guint64 seed, const PenstockRtmpClientTarget *target)
{
  PenstockRtmpSession *session = session_new (FALSE);

  session->mode = target->mode;
  session->target_app = g_strdup (target->app);
  session->target_tc_url = g_strdup (target->tc_url);
  session->target_name = g_strdup (target->name);
  session->buffer_ms = target->buffer_ms;
  /* Whom we called ourselves is no stranger. */
  penstock_rtmp_chunk_reader_trust (session->reader);
  session->handshake = penstock_rtmp_handshake_new (
      PENSTOCK_RTMP_HANDSHAKE_CLIENT, seed, session->out);
  return session;
}

void
penstock_rtmp_session_set_limits (PenstockRtmpSession *session,
    const PenstockRtmpLimits *limits, PenstockRtmpMemory *memory)
{
  session->limits = *limits;
  session->commands_left = limits->command_burst;
  penstock_rtmp_chunk_reader_set_memory (session->reader, memory);
}

const PenstockRtmpLimits *
penstock_rtmp_session_get_limits (PenstockRtmpSession *session)
{
  return &session->limits;
}

void
penstock_rtmp_peer_clear (PenstockRtmpPeer *peer)
{
  g_clear_pointer (&peer->app, g_free);
  g_clear_pointer (&peer->tc_url, g_free);
  g_clear_pointer (&peer->plain_app, g_free);
  g_clear_pointer (&peer->plain_tc_url, g_free);
  g_clear_pointer (&peer->flash_ver, g_free);
  g_clear_pointer (&peer->fourccs, g_free);
}

void
penstock_rtmp_session_free (PenstockRtmpSession *session)
{
  if (!session)
    return;
  for (guint i = 0; i < session->n_events; i++)
    penstock_rtmp_message_unref (session->events[i].message);
  penstock_rtmp_message_unref (session->aggregate);
  penstock_rtmp_handshake_free (session->handshake);
  penstock_rtmp_chunk_reader_free (session->reader);
  g_byte_array_unref (session->out);
  penstock_rtmp_peer_clear (&session->peer);
  g_string_free (session->peer.query, TRUE);
  g_free (session->event_path);
  g_free (session->event_type);
  g_free (session->event_code);
  g_free (session->event_text);
  g_free (session->target_app);
  g_free (session->target_tc_url);
  g_free (session->target_name);
  g_free (session->fc_name);
  g_free (session);
}

/* Events */

static PenstockRtmpEvent *
add_event (PenstockRtmpSession *session, PenstockRtmpEventType type)
{
  g_return_val_if_fail (
      session->n_events < G_N_ELEMENTS (session->events), NULL);

  PenstockRtmpEvent *event = &session->events[session->n_events++];
  memset (event, 0, sizeof *event);
  event->type = type;
  return event;
}

static const gchar *
keep (gchar **slot, const gchar *string)
{
  g_free (*slot);
  return *slot = g_strdup (string);
}

void
penstock_rtmp_session_push (PenstockRtmpSession *session,
    PenstockRtmpEventType type, PenstockRtmpMessage *message)
{
  add_event (session, type)->message = message;
}

void
penstock_rtmp_session_push_request (PenstockRtmpSession *session,
    PenstockRtmpEventType type, const gchar *path, const gchar *publish_type)
{
  PenstockRtmpEvent *event = add_event (session, type);

  event->path = keep (&session->event_path, path);
  event->publish_type = keep (&session->event_type, publish_type);
}

void
penstock_rtmp_session_push_switch (
    PenstockRtmpSession *session, PenstockRtmpEventType type, gboolean on)
{
  add_event (session, type)->on = on;
}

void
penstock_rtmp_session_push_status (PenstockRtmpSession *session,
    PenstockRtmpEventType type, const gchar *code, const gchar *text)
{
  PenstockRtmpEvent *event = add_event (session, type);

  event->code = keep (&session->event_code, code);
  event->text = keep (&session->event_text, text);
}

/* Output */

void
penstock_rtmp_session_write (PenstockRtmpSession *session, guint32 chunk_stream,
    guint8 type, guint32 stream_id, guint32 timestamp, const guint8 *data,
    gsize size)
{
  const PenstockRtmpMessage message = {
    .type = type,
    .stream_id = stream_id,
    .timestamp = timestamp,
    .data = (guint8 *) data,
    .size = size,
  };

  penstock_rtmp_chunk_write (
      session->out, chunk_stream, &message, session->out_chunk_size);
}

void
penstock_rtmp_session_write_control (
    PenstockRtmpSession *session, const PenstockRtmpControl *control)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  penstock_rtmp_control_write (control, payload);
  penstock_rtmp_session_write (session, PENSTOCK_RTMP_CSID_CONTROL,
      control->type, 0, 0, payload->data, payload->len);
  if (control->type == PENSTOCK_RTMP_SET_CHUNK_SIZE)
    session->out_chunk_size = control->value;
  if (control->type == PENSTOCK_RTMP_WINDOW_ACK_SIZE)
    session->window_sent = control->value;
}

void
penstock_rtmp_session_write_user (PenstockRtmpSession *session,
    PenstockRtmpUserEvent event, guint32 value, guint32 value2)
{
  const PenstockRtmpControl control = {
    .type = PENSTOCK_RTMP_USER_CONTROL,
    .event = event,
    .value = value,
    .value2 = value2,
  };

  penstock_rtmp_session_write_control (session, &control);
}

GByteArray *
penstock_rtmp_command_begin (const gchar *name, gdouble transaction)
{
  GByteArray *payload = g_byte_array_new ();

  penstock_amf0_write_string (payload, name);
  penstock_amf0_write_number (payload, transaction);
  return payload;
}

void
penstock_rtmp_session_write_command (PenstockRtmpSession *session,
    guint32 chunk_stream, guint32 stream_id, GByteArray *payload)
{
  penstock_rtmp_session_write (session, chunk_stream, PENSTOCK_RTMP_COMMAND,
      stream_id, 0, payload->data, payload->len);
  g_byte_array_unref (payload);
}

void
penstock_rtmp_write_status_object (GByteArray *payload, const gchar *level,
    const gchar *code, const gchar *description)
{
  penstock_amf0_begin_object (payload);
  penstock_amf0_write_name (payload, "level");
  penstock_amf0_write_string (payload, level);
  penstock_amf0_write_name (payload, "code");
  penstock_amf0_write_string (payload, code);
  penstock_amf0_write_name (payload, "description");
  penstock_amf0_write_string (payload, description);
  penstock_amf0_end_object (payload);
}

/* Input */

const PenstockAmfValue *
penstock_rtmp_command_argument (const PenstockRtmpCommand *command, guint i)
{
  return penstock_amf_nth (command->values, 3 + i);
}

const gchar *
penstock_rtmp_command_string (const PenstockRtmpCommand *command, guint i)
{
  const PenstockAmfValue *value = penstock_rtmp_command_argument (command, i);

  return value && value->type == PENSTOCK_AMF_STRING ? value->string : NULL;
}

/* A token bucket: command_rate a second, command_burst at once. */
static gboolean
may_command (PenstockRtmpSession *session)
{
  gint64 elapsed = session->now_ms - session->commands_at;
  guint earned =
      CLAMP (elapsed, 0, 10000) * session->limits.command_rate / 1000;

  if (earned > 0) {
    session->commands_at = session->now_ms;
    session->commands_left =
        MIN (session->commands_left + earned, session->limits.command_burst);
  }
  if (session->commands_left == 0)
    return FALSE;
  session->commands_left--;
  return TRUE;
}

static const gchar *
handle_command (
    PenstockRtmpSession *session, const PenstockRtmpMessage *message)
{
  g_autoptr (GPtrArray) values = penstock_amf_parse_message_within (
      &session->limits, message->type, message->data, message->size);
  const PenstockAmfValue *name = penstock_amf_nth (values, 0);
  const PenstockAmfValue *transaction = penstock_amf_nth (values, 1);

  if (!may_command (session))
    return "too many commands";
  if (!name || name->type != PENSTOCK_AMF_STRING)
    return NULL; /* nothing one could answer; others follow */

  const PenstockRtmpCommand command = {
    .values = values,
    .name = name->string,
    .transaction = transaction && transaction->type == PENSTOCK_AMF_NUMBER
        ? transaction->number
        : 0,
    .chunk_stream = message->chunk_stream,
    .stream_id = message->stream_id,
  };
  return session->is_server
      ? penstock_rtmp_session_server_command (session, &command)
      : penstock_rtmp_session_client_command (session, &command);
}

static const gchar *
handle_chunk_size (PenstockRtmpSession *session, guint32 size)
{
  if (session->now_ms - session->sizes_since > MINUTE_MS) {
    session->sizes_since = session->now_ms;
    session->n_sizes = 0;
  }
  if (++session->n_sizes > PENSTOCK_RTMP_MAX_CHUNK_SIZE_CHANGES)
    return "too many changes of the chunk size";
  if (!penstock_rtmp_chunk_reader_set_chunk_size (session->reader, size))
    return "invalid chunk size";
  return NULL;
}

static void
handle_user_control (
    PenstockRtmpSession *session, const PenstockRtmpControl *control)
{
  if (control->event == PENSTOCK_RTMP_PING_REQUEST)
    penstock_rtmp_session_write_user (
        session, PENSTOCK_RTMP_PING_RESPONSE, control->value, 0);
  else if (control->event == PENSTOCK_RTMP_STREAM_EOF && !session->is_server &&
      session->mode == PENSTOCK_RTMP_CLIENT_PLAY &&
      session->stream_state == PENSTOCK_RTMP_STREAM_ACTIVE) {
    session->stream_state = PENSTOCK_RTMP_STREAM_IDLE;
    penstock_rtmp_session_push_status (
        session, PENSTOCK_RTMP_EVENT_END, NULL, "the stream ended");
  }
}

static const gchar *
handle_control (
    PenstockRtmpSession *session, const PenstockRtmpMessage *message)
{
  PenstockRtmpControl control;

  /* Short ones are ignored: the framing is intact. */
  if (penstock_rtmp_control_parse (message->type, message->data, message->size,
          &control) != PENSTOCK_RTMP_PARSE_DONE)
    return NULL;
  switch (control.type) {
  case PENSTOCK_RTMP_SET_CHUNK_SIZE:
    return handle_chunk_size (session, control.value);
  case PENSTOCK_RTMP_ABORT:
    penstock_rtmp_chunk_reader_abort (session->reader, control.value);
    return NULL;
  case PENSTOCK_RTMP_USER_CONTROL:
    handle_user_control (session, &control);
    return NULL;
  case PENSTOCK_RTMP_WINDOW_ACK_SIZE:
    if (control.value > 0)
      session->window = MAX (control.value, PENSTOCK_RTMP_MIN_WINDOW);
    return NULL;
  case PENSTOCK_RTMP_SET_PEER_BANDWIDTH:
    if (control.value != session->window_sent) {
      control.type = PENSTOCK_RTMP_WINDOW_ACK_SIZE;
      penstock_rtmp_session_write_control (session, &control);
    }
    return NULL;
  default:
    return NULL; /* acknowledgements: peers count from different origins */
  }
}

/* Media and data of the publication; others are dropped. */
static void
handle_media (PenstockRtmpSession *session, PenstockRtmpMessage *message)
{
  gboolean ours =
      session->quirks->any_stream || message->stream_id == session->stream_id;

  if (!session->is_server && session->mode == PENSTOCK_RTMP_CLIENT_PLAY &&
      session->stream_state == PENSTOCK_RTMP_STREAM_ASKED &&
      message->type != PENSTOCK_RTMP_DATA)
    penstock_rtmp_session_client_started (session);
  if (ours && !session->is_play &&
      session->stream_state == PENSTOCK_RTMP_STREAM_ACTIVE)
    penstock_rtmp_session_push (session, PENSTOCK_RTMP_EVENT_MESSAGE, message);
  else
    penstock_rtmp_message_unref (message);
}

/* Takes @message. */
static const gchar *
handle_message (PenstockRtmpSession *session, PenstockRtmpMessage *message)
{
  g_autoptr (PenstockRtmpMessage) owned = message;

  if (message->size == 0)
    return NULL;
  switch (message->type) {
  case PENSTOCK_RTMP_COMMAND:
  case PENSTOCK_RTMP_COMMAND_AMF3:
    return handle_command (session, message);
  case PENSTOCK_RTMP_AUDIO:
  case PENSTOCK_RTMP_VIDEO:
  case PENSTOCK_RTMP_DATA:
  case PENSTOCK_RTMP_DATA_AMF3:
    handle_media (session, g_steal_pointer (&owned));
    return NULL;
  case PENSTOCK_RTMP_AGGREGATE:
    session->aggregate = g_steal_pointer (&owned);
    session->aggregate_position = 0;
    return NULL;
  default:
    return handle_control (session, message);
  }
}

static const gchar *
next_of_aggregate (PenstockRtmpSession *session)
{
  PenstockRtmpMessage *part;
  PenstockRtmpParse result = penstock_rtmp_aggregate_next (session->aggregate,
      &session->aggregate_position, &session->aggregate_base, &part);

  if (result == PENSTOCK_RTMP_PARSE_DONE) {
    handle_media (session, part);
    return NULL;
  }
  g_clear_pointer (&session->aggregate, penstock_rtmp_message_unref);
  return result == PENSTOCK_RTMP_PARSE_ERROR ? "broken aggregate message"
                                             : NULL;
}

static void
acknowledge (PenstockRtmpSession *session)
{
  const PenstockRtmpControl control = {
    .type = PENSTOCK_RTMP_ACKNOWLEDGEMENT,
    .value = (guint32) session->received,
  };

  if (session->received - session->acknowledged < session->window)
    return;
  session->acknowledged = session->received;
  penstock_rtmp_session_write_control (session, &control);
}

static PenstockRtmpParse
feed_handshake (PenstockRtmpSession *session, const guint8 *data, gsize size,
    gsize *consumed, const gchar **error)
{
  PenstockRtmpParse result = penstock_rtmp_handshake_feed (
      session->handshake, data, size, consumed, session->out);

  if (result == PENSTOCK_RTMP_PARSE_ERROR)
    *error = "not an RTMP handshake";
  if (result != PENSTOCK_RTMP_PARSE_DONE)
    return result;
  g_clear_pointer (&session->handshake, penstock_rtmp_handshake_free);
  penstock_rtmp_session_push (session, PENSTOCK_RTMP_EVENT_HANDSHAKE, NULL);
  if (!session->is_server)
    penstock_rtmp_session_client_connect (session);
  return PENSTOCK_RTMP_PARSE_DONE;
}

/* Bytes to the next message and what it does. */
static PenstockRtmpParse
feed_chunks (PenstockRtmpSession *session, const guint8 *data, gsize size,
    gsize *consumed, const gchar **error)
{
  PenstockRtmpMessage *message;
  PenstockRtmpParse result = penstock_rtmp_chunk_reader_feed (
      session->reader, data, size, session->now_ms, consumed, &message, error);

  session->received += *consumed;
  acknowledge (session);
  if (result != PENSTOCK_RTMP_PARSE_DONE)
    return result;
  *error = handle_message (session, message);
  return *error ? PENSTOCK_RTMP_PARSE_ERROR : PENSTOCK_RTMP_PARSE_DONE;
}

static PenstockRtmpParse
fail (
    PenstockRtmpSession *session, const gchar *error, PenstockRtmpEvent *event)
{
  for (guint i = 0; i < session->n_events; i++)
    penstock_rtmp_message_unref (session->events[i].message);
  session->n_events = 0;
  session->failed = TRUE;
  memset (event, 0, sizeof *event);
  event->type = PENSTOCK_RTMP_EVENT_ERROR;
  event->text = error;
  return PENSTOCK_RTMP_PARSE_ERROR;
}

static void
take_event (PenstockRtmpSession *session, PenstockRtmpEvent *event)
{
  *event = session->events[0];
  session->n_events--;
  if (session->n_events > 0)
    session->events[0] = session->events[1];
}

PenstockRtmpParse
penstock_rtmp_session_feed (PenstockRtmpSession *session, const guint8 *data,
    gsize size, gint64 now_ms, gsize *consumed, PenstockRtmpEvent *event)
{
  const gchar *error = NULL;
  gsize pos = 0;

  *consumed = 0;
  session->now_ms = now_ms;
  if (session->failed)
    return fail (session, "the connection failed before", event);

  while (session->n_events == 0) {
    PenstockRtmpParse result = PENSTOCK_RTMP_PARSE_DONE;
    gsize used = 0;

    if (session->aggregate) {
      error = next_of_aggregate (session);
      if (error)
        result = PENSTOCK_RTMP_PARSE_ERROR;
    } else if (session->handshake) {
      result = feed_handshake (session, data + pos, size - pos, &used, &error);
    } else {
      result = feed_chunks (session, data + pos, size - pos, &used, &error);
    }
    pos += used;
    *consumed = pos;
    if (result == PENSTOCK_RTMP_PARSE_MORE)
      return result;
    if (result == PENSTOCK_RTMP_PARSE_ERROR)
      return fail (session, error, event);
  }
  take_event (session, event);
  return PENSTOCK_RTMP_PARSE_DONE;
}

guint8 *
penstock_rtmp_session_get_room (PenstockRtmpSession *session, gsize *size)
{
  guint8 *room = NULL;

  *size = 0;
  if (!session->failed && !session->handshake && !session->aggregate &&
      session->n_events == 0)
    room = penstock_rtmp_chunk_reader_get_room (session->reader, size);
  /* The last byte is fed, so that the message is noticed. */
  if (*size > 0)
    (*size)--;
  return room;
}

void
penstock_rtmp_session_fill (PenstockRtmpSession *session, gsize n)
{
  penstock_rtmp_chunk_reader_fill (session->reader, n);
  session->received += n;
  acknowledge (session);
}

GByteArray *
penstock_rtmp_session_get_output (PenstockRtmpSession *session)
{
  return session->out;
}

const PenstockRtmpPeerInfo *
penstock_rtmp_session_get_peer (PenstockRtmpSession *session)
{
  PenstockRtmpPeer *peer = &session->peer;

  peer->info.app = peer->plain_app ? peer->plain_app : "";
  peer->info.tc_url = peer->plain_tc_url;
  peer->info.flash_ver = peer->flash_ver;
  peer->info.encoder = penstock_rtmp_quirks_encoder (peer->flash_ver);
  peer->info.enhanced = peer->enhanced;
  peer->info.caps_ex = peer->caps_ex;
  peer->info.fourccs = peer->fourccs;
  peer->info.query = peer->query->str;
  return &peer->info;
}

gchar *
penstock_rtmp_session_dup_parameter (
    PenstockRtmpSession *session, const gchar *name)
{
  return penstock_rtmp_path_dup_parameter (session->peer.query->str, name);
}

void
penstock_rtmp_session_ping (PenstockRtmpSession *session, gint64 now_ms)
{
  penstock_rtmp_session_write_user (
      session, PENSTOCK_RTMP_PING_REQUEST, (guint32) now_ms, 0);
}

guint32
penstock_rtmp_session_get_stream_id (PenstockRtmpSession *session)
{
  return session->stream_id;
}

guint64
penstock_rtmp_session_get_received (PenstockRtmpSession *session)
{
  return session->received;
}

void
penstock_rtmp_session_trim (PenstockRtmpSession *session)
{
  g_return_if_fail (session->out->len == 0);

  g_byte_array_unref (session->out);
  session->out = g_byte_array_new ();
}

gint64
penstock_rtmp_session_get_unfinished_since (PenstockRtmpSession *session)
{
  return penstock_rtmp_chunk_reader_get_unfinished_since (session->reader);
}
