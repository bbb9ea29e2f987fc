/* SPDX-License-Identifier: MIT
 *
 * Unit tests of the session: whole transcripts of encoders
 * (tests/data/rtmp/), answers byte for byte in shape, both roles against each
 * other, and what a hostile peer may try. */

#include "rtmp/rtmp-session.h"

#include <math.h>

#include "rtmp-test.h"
#include "rtmp/rtmp-amf.h"
#include "rtmp/rtmp-chunk.h"
#include "rtmp/rtmp-limits.h"

#define HANDSHAKE_BYTES (1 + 2 * 1536)

/* A server's owner: accepts everything, writes down what happens. */
static void
log_event (GString *log, PenstockRtmpSession *session, PenstockRtmpEvent *event)
{
  guint sum = 0;

  switch (event->type) {
  case PENSTOCK_RTMP_EVENT_HANDSHAKE:
    g_string_append (log, "handshake\n");
    break;
  case PENSTOCK_RTMP_EVENT_CONNECT:
    g_string_append (log, "connect\n");
    penstock_rtmp_session_accept_connect (session);
    break;
  case PENSTOCK_RTMP_EVENT_FC_PUBLISH:
    penstock_rtmp_session_accept_fc_publish (session);
    break;
  case PENSTOCK_RTMP_EVENT_PUBLISH:
    g_string_append_printf (
        log, "publish %s %s\n", event->path, event->publish_type);
    penstock_rtmp_session_accept_publish (session);
    break;
  case PENSTOCK_RTMP_EVENT_PLAY:
    g_string_append_printf (log, "play %s\n", event->path);
    if (g_str_has_suffix (event->path, "/open"))
      penstock_rtmp_session_accept_play (session);
    else
      penstock_rtmp_session_refuse_play (
          session, "NetStream.Play.StreamNotFound", "no");
    break;
  case PENSTOCK_RTMP_EVENT_PAUSE:
    g_string_append_printf (log, "pause %d\n", event->on);
    break;
  case PENSTOCK_RTMP_EVENT_RECEIVE_AUDIO:
    g_string_append_printf (log, "audio %d\n", event->on);
    break;
  case PENSTOCK_RTMP_EVENT_RECEIVE_VIDEO:
    g_string_append_printf (log, "video %d\n", event->on);
    break;
  case PENSTOCK_RTMP_EVENT_STARTED:
    g_string_append (log, "started\n");
    break;
  case PENSTOCK_RTMP_EVENT_MESSAGE:
    for (gsize i = 0; i < event->message->size; i++)
      sum += event->message->data[i];
    g_string_append_printf (log, "message %u@%u:%" G_GSIZE_FORMAT ":%04x\n",
        event->message->type, event->message->timestamp, event->message->size,
        sum & 0xffff);
    penstock_rtmp_message_unref (event->message);
    break;
  case PENSTOCK_RTMP_EVENT_END:
    g_string_append (log, "end\n");
    break;
  case PENSTOCK_RTMP_EVENT_REFUSED:
    g_string_append_printf (log, "refused %s: %s\n", event->code, event->text);
    break;
  case PENSTOCK_RTMP_EVENT_ERROR:
    g_string_append_printf (log, "error: %s\n", event->text);
    break;
  }
}

/* Feeds all bytes of a piece; FALSE after an error. */
static gboolean
feed_at (PenstockRtmpSession *session, const guint8 *data, gsize size,
    gint64 now_ms, GString *log)
{
  g_autofree guint8 *exact = g_memdup2 (data, size);
  gsize pos = 0;

  for (;;) {
    PenstockRtmpEvent event;
    gsize consumed;
    PenstockRtmpParse result = penstock_rtmp_session_feed (session,
        exact ? exact + pos : (const guint8 *) "", size - pos, now_ms,
        &consumed, &event);
    pos += consumed;
    if (result == PENSTOCK_RTMP_PARSE_MORE) {
      assert_equals_uint64 (pos, size);
      return TRUE;
    }
    log_event (log, session, &event);
    if (result == PENSTOCK_RTMP_PARSE_ERROR)
      return FALSE;
  }
}

static gboolean
feed (
    PenstockRtmpSession *session, const guint8 *data, gsize size, GString *log)
{
  return feed_at (session, data, size, 1000, log);
}

/* Transcripts */

/* What real encoders and players send, then every way to write chunks. */
static const gchar *const transcripts[] = { "ffmpeg", "vmix", "ffmpeg-player",
  "obs", "obs-wrong-key", "obs-h265", "obs-av1", "obs-h265-as-h264",
  "obs-two-tracks", "obs-fork", "librtmp", "xsplit", "fmle", "wirecast", "gst",
  "larix", "haishinkit", "rootencoder", "drone", "gopro", "dvr", "dvr-slices",
  "teradek", "pipelined", "interleaved", "extended-repeated", "extended-once",
  "type3", "republish" };

static gchar *
load (const gchar *name, const gchar *suffix, gsize *size)
{
  const gchar *folder = g_getenv ("PENSTOCK_TEST_DATA");
  g_autofree gchar *file = g_strconcat (name, suffix, NULL);
  g_autofree gchar *path =
      g_build_filename (folder ? folder : "tests/data", "rtmp", file, NULL);
  gchar *bytes = NULL;
  g_autoptr (GError) error = NULL;

  fail_unless (g_file_get_contents (path, &bytes, size, &error), "%s",
      error ? error->message : "");
  return bytes;
}

/* @piece: bytes at once; 0 = all, < 0 = at random, with this seed */
static void
check_transcript (const gchar *name, gint piece)
{
  gsize size;
  g_autofree gchar *bytes = load (name, ".rtmp", &size);
  g_autofree gchar *expected = load (name, ".expected", NULL);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (-piece);
  g_autoptr (PenstockRtmpSession) session =
      penstock_rtmp_session_new_server (1);

  for (gsize pos = 0; pos < size;) {
    gsize n = piece > 0 ? (gsize) piece
        : piece < 0     ? (gsize) g_rand_int_range (rand, 1, 2000)
                        : size;
    n = MIN (n, size - pos);
    fail_unless (
        feed (session, (const guint8 *) bytes + pos, n, log), "%s", log->str);
    pos += n;
  }
  fail_unless (g_str_equal (log->str, expected), "%s: %s", name, log->str);
}

/* Payload goes straight into the messages wherever there is room. */
static void
check_transcript_in_place (const gchar *name)
{
  gsize size;
  g_autofree gchar *bytes = load (name, ".rtmp", &size);
  g_autofree gchar *expected = load (name, ".expected", NULL);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autoptr (PenstockRtmpSession) session =
      penstock_rtmp_session_new_server (1);

  for (gsize pos = 0; pos < size;) {
    gsize room;
    guint8 *into = penstock_rtmp_session_get_room (session, &room);
    gsize n = g_rand_int_range (rand, 1, 700);
    n = MIN (n, size - pos);
    if (room > 0) {
      n = MIN (n, room);
      memcpy (into, bytes + pos, n);
      penstock_rtmp_session_fill (session, n);
    } else {
      fail_unless (feed (session, (const guint8 *) bytes + pos, n, log));
    }
    pos += n;
  }
  assert_equals_string (log->str, expected);
}

/* A process for each would cost more than the work. */
#define N_GROUPS 4

GST_START_TEST (encoders_are_understood_in_any_pieces)
{
  for (guint i = __i__; i < G_N_ELEMENTS (transcripts); i += N_GROUPS) {
    check_transcript (transcripts[i], 0);
    check_transcript (transcripts[i], 1);
    for (gint seed = 1; seed <= 5; seed++)
      check_transcript (transcripts[i], -seed);
    check_transcript_in_place (transcripts[i]);
  }
}
GST_END_TEST;

/* Answers */

/* What a session sent behind the handshake, as text: control messages as
 * type=value, commands as name(transaction: code, ex.code ex.redirect). */
static gchar *
describe_output (PenstockRtmpSession *session, gsize skip)
{
  GByteArray *out = penstock_rtmp_session_get_output (session);
  g_autoptr (PenstockRtmpChunkReader) reader =
      penstock_rtmp_chunk_reader_new (&penstock_rtmp_quirks_strict);
  GString *text = g_string_new (NULL);
  gsize pos = skip;

  fail_unless (out->len >= skip);
  penstock_rtmp_chunk_reader_trust (reader);
  for (;;) {
    PenstockRtmpMessage *message;
    PenstockRtmpControl control;
    const gchar *error;
    gsize consumed;
    PenstockRtmpParse result = penstock_rtmp_chunk_reader_feed (reader,
        out->data + pos, out->len - pos, 0, &consumed, &message, &error);
    pos += consumed;
    if (result != PENSTOCK_RTMP_PARSE_DONE) {
      assert_equals_int (result, PENSTOCK_RTMP_PARSE_MORE);
      return g_string_free (text, FALSE);
    }
    if (text->len > 0)
      g_string_append_c (text, ' ');
    if (penstock_rtmp_control_parse (message->type, message->data,
            message->size, &control) == PENSTOCK_RTMP_PARSE_DONE) {
      g_string_append_printf (text, "%u=%u", control.type, control.value);
      if (control.type == PENSTOCK_RTMP_USER_CONTROL)
        g_string_append_printf (text, "/%u", control.event);
      if (control.type == PENSTOCK_RTMP_SET_CHUNK_SIZE)
        penstock_rtmp_chunk_reader_set_chunk_size (reader, control.value);
    } else {
      g_autoptr (GPtrArray) values = penstock_amf_parse_message (
          message->type, message->data, message->size);
      const PenstockAmfValue *name = penstock_amf_nth (values, 0);
      const PenstockAmfValue *transaction = penstock_amf_nth (values, 1);
      const PenstockAmfValue *info = penstock_amf_nth (values, 3);
      const gchar *code = penstock_amf_get_string (info, "code");
      gboolean call = message->type != PENSTOCK_RTMP_DATA;
      g_string_append_printf (
          text, "%s(%g", name->string, call ? transaction->number : 0);
      if (code)
        g_string_append_printf (text, ": %s", code);
      else if (info && info->type == PENSTOCK_AMF_NUMBER)
        g_string_append_printf (text, ": %g", info->number);
      const PenstockAmfValue *ex = penstock_amf_get (info, "ex");
      gdouble ex_code;
      if (ex && penstock_amf_get_number (ex, "code", &ex_code))
        g_string_append_printf (text, ", %g %s", ex_code,
            penstock_amf_get_string (ex, "redirect"));
      g_string_append_c (text, ')');
    }
    penstock_rtmp_message_unref (message);
  }
}

#define CONNECTED                                                              \
  "5=2500000 6=2500000 1=65536 _result(1: NetConnection.Connect.Success)"
#define STARTED "4=1/0 onStatus(0: NetStream.Publish.Start)"
#define FC_STARTED(t) "onFCPublish(0: NetStream.Publish.Start) _result(" t ")"
#define FC_STOPPED(t)                                                          \
  "onFCUnpublish(0: NetStream.Unpublish.Success) _result(" t ")"

static const struct {
  const gchar *name;
  const gchar *answers;
} answer_rows[] = {
  { "ffmpeg",
      CONNECTED " _result(2) " FC_STARTED ("3") " _result(4: 1) " STARTED
                                                " " FC_STOPPED ("6") },
  { "obs",
      CONNECTED " _result(2) " FC_STARTED ("3") " _result(4: 1) " STARTED
                                                " " FC_STOPPED ("6") },
  { "obs-fork",
      "_result(2) " FC_STARTED ("3") " " CONNECTED " _result(4: 1) " STARTED
                                     " " FC_STOPPED ("6") },
  { "librtmp",
      CONNECTED " _result(2) " FC_STARTED (
          "3") " _result(4: 1) _result(9: 0) " STARTED " " FC_STOPPED ("6") },
  { "fmle",
      CONNECTED " _result(2) " FC_STARTED (
          "3") " _result(4: 1) " STARTED
               " onStatus(0: NetStream.Unpublish.Success)" },
  { "gst",
      CONNECTED " onFCPublish(0: NetStream.Publish.Start)"
                " _result(2: 1) " STARTED
                " onFCUnpublish(0: NetStream.Unpublish.Success)" },
  { "drone", CONNECTED " _result(2: 1) " STARTED },
  { "teradek",
      CONNECTED " " FC_STARTED ("2") " _result(3: 1) " STARTED
                                     " 3=4121 " FC_STOPPED ("5") },
  { "ffmpeg-player",
      CONNECTED " _result(2: 1) onFCSubscribe(0: NetStream.Play.Start)"
                " _result(4: 0) 4=1/0 onStatus(0: NetStream.Play.Reset)"
                " onStatus(0: NetStream.Play.Start) |RtmpSampleAccess(0)" },
  { "pipelined", "_result(2) " CONNECTED " _result(3: 1) " STARTED },
};

GST_START_TEST (encoders_get_the_answers_they_wait_for)
{
  gsize size;
  g_autofree gchar *bytes = load (answer_rows[__i__].name, ".rtmp", &size);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (PenstockRtmpSession) session =
      penstock_rtmp_session_new_server (1);

  feed (session, (const guint8 *) bytes, size, log);
  g_autofree gchar *answers = describe_output (session, HANDSHAKE_BYTES);
  assert_equals_string (answers, answer_rows[__i__].answers);
}
GST_END_TEST;

/* A peer made of hand-written messages */

static void
add_message (GByteArray *bytes, guint8 type, guint32 stream_id,
    const guint8 *data, gsize size)
{
  g_autoptr (PenstockRtmpMessage) message =
      penstock_rtmp_message_new (type, stream_id, 0, data, size);

  penstock_rtmp_chunk_write (bytes, 3, message, 128);
}

/* A command whose arguments are strings; %NULL at the end. */
static void
add_command (GByteArray *bytes, guint32 stream_id, const gchar *name,
    gdouble transaction, const gchar *const *arguments)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  penstock_amf0_write_string (payload, name);
  penstock_amf0_write_number (payload, transaction);
  penstock_amf0_write_null (payload);
  for (guint i = 0; arguments && arguments[i]; i++)
    penstock_amf0_write_string (payload, arguments[i]);
  add_message (
      bytes, PENSTOCK_RTMP_COMMAND, stream_id, payload->data, payload->len);
}

static void
add_connect (GByteArray *bytes, gboolean enhanced)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  penstock_amf0_write_string (payload, "connect");
  penstock_amf0_write_number (payload, 1);
  penstock_amf0_begin_object (payload);
  penstock_amf0_write_name (payload, "app");
  penstock_amf0_write_string (payload, "live?key=a");
  penstock_amf0_write_name (payload, "flashVer");
  penstock_amf0_write_string (payload, "FMLE/3.0 (compatible; Lavf60)");
  if (enhanced) {
    penstock_amf0_write_name (payload, "fourCcList");
    penstock_amf0_begin_array (payload, 2);
    penstock_amf0_write_string (payload, "hvc1");
    penstock_amf0_write_string (payload, "av01");
    penstock_amf0_write_name (payload, "capsEx");
    penstock_amf0_write_number (payload, 6);
  }
  penstock_amf0_end_object (payload);
  add_message (bytes, PENSTOCK_RTMP_COMMAND, 0, payload->data, payload->len);
}

static void
add_handshake (GByteArray *bytes)
{
  guint8 block[HANDSHAKE_BYTES] = { 3 };

  g_byte_array_append (bytes, block, sizeof block);
}

typedef struct {
  GByteArray *bytes;
  GString *log;
  PenstockRtmpSession *session;
} Peer;

static void
peer_init (Peer *peer)
{
  peer->bytes = g_byte_array_new ();
  peer->log = g_string_new (NULL);
  peer->session = penstock_rtmp_session_new_server (1);
  add_handshake (peer->bytes);
}

static void
peer_connect (Peer *peer)
{
  peer_init (peer);
  add_connect (peer->bytes, FALSE);
}

static void
peer_publish (Peer *peer)
{
  const gchar *const arguments[] = { "one", NULL };

  peer_connect (peer);
  add_command (peer->bytes, 0, "createStream", 2, NULL);
  add_command (peer->bytes, 1, "publish", 3, arguments);
}

static gboolean
peer_feed (Peer *peer)
{
  gboolean ok =
      feed (peer->session, peer->bytes->data, peer->bytes->len, peer->log);
  g_byte_array_set_size (peer->bytes, 0);
  return ok;
}

static void
peer_clear (Peer *peer)
{
  g_byte_array_unref (peer->bytes);
  g_string_free (peer->log, TRUE);
  penstock_rtmp_session_free (peer->session);
}

/* Feeds what was added and compares events and the answers since. */
static void
assert_exchange (Peer *peer, const gchar *events, const gchar *answers)
{
  GByteArray *out = penstock_rtmp_session_get_output (peer->session);

  peer_feed (peer);
  assert_equals_string (peer->log->str, events);
  g_autofree gchar *text = describe_output (peer->session,
      out->len >= HANDSHAKE_BYTES && out->data[0] == 3 ? HANDSHAKE_BYTES : 0);
  assert_equals_string (text, answers);
}

#define HELLO "handshake\nconnect\n"

GST_START_TEST (commands_before_connect_are_not_obeyed)
{
  const gchar *const arguments[] = { "one", NULL };
  Peer peer;

  peer_init (&peer);
  add_command (peer.bytes, 0, "createStream", 2, NULL);
  add_command (peer.bytes, 1, "publish", 3, arguments);
  add_command (peer.bytes, 1, "play", 0, arguments);
  add_command (peer.bytes, 0, "FCPublish", 4, arguments);
  assert_exchange (&peer, "handshake\n",
      "_error(2: NetConnection.Call.Failed) "
      "_error(3: NetConnection.Call.Failed) " FC_STARTED ("4"));
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (a_second_connect_changes_nothing)
{
  Peer peer;

  peer_connect (&peer);
  add_connect (peer.bytes, FALSE);
  add_command (peer.bytes, 0, "createStream", 2, NULL);
  assert_exchange (&peer, HELLO,
      CONNECTED " _error(1: NetConnection.Connect.Failed) _result(2: 1)");
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (unknown_commands_are_answered_and_never_close)
{
  Peer peer;

  peer_connect (&peer);
  add_command (peer.bytes, 0, "fly", 7.5, NULL);
  add_command (peer.bytes, 0, "fly", 0, NULL);
  add_command (peer.bytes, 0, "_checkbw", 8, NULL);
  add_command (peer.bytes, 0, "getStreamLength", 9, NULL);
  assert_exchange (&peer, HELLO,
      CONNECTED
      " _error(7.5: NetConnection.Call.Failed) _result(8: 0) _result(9: 0)");
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (players_are_refused)
{
  const gchar *const arguments[] = { "one?key=b", NULL };
  Peer peer;

  peer_connect (&peer);
  add_command (peer.bytes, 0, "createStream", 2, NULL);
  add_command (peer.bytes, 1, "play", 0, arguments);
  assert_exchange (&peer, HELLO "play live/one\n",
      CONNECTED " _result(2: 1) onStatus(0: NetStream.Play.StreamNotFound)");
  peer_clear (&peer);
}
GST_END_TEST;

/* A command with one boolean. */
static void
add_switch (GByteArray *bytes, const gchar *name, gboolean on)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  penstock_amf0_write_string (payload, name);
  penstock_amf0_write_number (payload, 0);
  penstock_amf0_write_null (payload);
  penstock_amf0_write_boolean (payload, on);
  penstock_amf0_write_number (payload, 0);
  add_message (bytes, PENSTOCK_RTMP_COMMAND, 1, payload->data, payload->len);
}

static void
peer_play (Peer *peer)
{
  const gchar *const arguments[] = { "open", NULL };

  peer_connect (peer);
  add_command (peer->bytes, 0, "createStream", 2, NULL);
  add_command (peer->bytes, 1, "play", 0, arguments);
}

#define PLAYING                                                                \
  CONNECTED " _result(2: 1) 4=1/0 onStatus(0: NetStream.Play.Reset) "          \
            "onStatus(0: NetStream.Play.Start) |RtmpSampleAccess(0)"

GST_START_TEST (players_can_be_accepted)
{
  static const guint8 media[] = { 0xaf, 1, 2 };
  Peer peer;

  peer_play (&peer);
  add_switch (peer.bytes, "pause", TRUE);
  add_switch (peer.bytes, "pauseRaw", FALSE);
  add_switch (peer.bytes, "receiveAudio", FALSE);
  add_switch (peer.bytes, "receiveVideo", TRUE);
  add_command (peer.bytes, 1, "seek", 0, NULL);
  add_message (peer.bytes, PENSTOCK_RTMP_AUDIO, 1, media, sizeof media);
  add_command (peer.bytes, 1, "closeStream", 0, NULL);
  assert_exchange (&peer,
      HELLO "play live/open\npause 1\npause 0\naudio 0\nvideo 1\nend\n",
      PLAYING " onStatus(0: NetStream.Pause.Notify)"
              " onStatus(0: NetStream.Unpause.Notify)"
              " onStatus(0: NetStream.Seek.Notify)"
              " onStatus(0: NetStream.Play.Stop)");
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (players_learn_that_the_stream_is_over)
{
  const gchar *const arguments[] = { "open", NULL };
  Peer peer;

  peer_play (&peer);
  peer_feed (&peer);
  penstock_rtmp_session_end_play (peer.session);
  add_switch (peer.bytes, "pause", TRUE); /* of nothing */
  add_command (peer.bytes, 1, "play", 0, arguments);
  assert_exchange (&peer, HELLO "play live/open\nplay live/open\n",
      PLAYING " onStatus(0: NetStream.Play.UnpublishNotify) 4=1/1"
              " onStatus(0: NetStream.Play.Stop) 4=1/0"
              " onStatus(0: NetStream.Play.Reset)"
              " onStatus(0: NetStream.Play.Start) |RtmpSampleAccess(0)");
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (streams_of_a_connection_are_bounded)
{
  g_autoptr (GString) expected = g_string_new (CONNECTED);
  Peer peer;

  peer_connect (&peer);
  for (guint i = 1; i <= PENSTOCK_RTMP_MAX_STREAMS; i++) {
    add_command (peer.bytes, 0, "createStream", i + 1, NULL);
    g_string_append_printf (expected, " _result(%u: %u)", i + 1, i);
  }
  add_command (peer.bytes, 0, "createStream", 99, NULL);
  g_string_append (expected, " _error(99: NetConnection.Call.Failed)");
  assert_exchange (&peer, HELLO, expected->str);
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (delete_stream_with_a_strange_id_is_ignored)
{
  static const gdouble ids[] = { NAN, -1, 0, 17, 1e300, INFINITY, 0.5 };
  Peer peer;

  peer_publish (&peer);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    g_autoptr (GByteArray) payload = g_byte_array_new ();
    penstock_amf0_write_string (payload, "deleteStream");
    penstock_amf0_write_number (payload, 0);
    penstock_amf0_write_null (payload);
    penstock_amf0_write_number (payload, ids[i]);
    add_message (
        peer.bytes, PENSTOCK_RTMP_COMMAND, 0, payload->data, payload->len);
  }
  assert_exchange (&peer, HELLO "publish live/one live\n",
      CONNECTED " _result(2: 1) " STARTED);
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (a_second_publish_on_a_connection_is_refused)
{
  const gchar *const arguments[] = { "two", NULL };
  Peer peer;

  peer_publish (&peer);
  add_command (peer.bytes, 1, "publish", 4, arguments);
  assert_exchange (&peer, HELLO "publish live/one live\n",
      CONNECTED " _result(2: 1) " STARTED
                " onStatus(0: NetStream.Publish.BadName)");
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (a_forbidden_name_ends_the_connection)
{
  const gchar *const arguments[] = { "../one", NULL };
  Peer peer;

  peer_connect (&peer);
  add_command (peer.bytes, 0, "createStream", 2, NULL);
  add_command (peer.bytes, 1, "publish", 3, arguments);
  assert_exchange (&peer, HELLO "error: stream name is not allowed\n",
      CONNECTED " _result(2: 1) onStatus(0: NetStream.Publish.BadName)");
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (the_peer_is_described)
{
  const gchar *const arguments[] = { "one?key=b&x=%20", NULL };
  Peer peer;

  peer_init (&peer);
  add_connect (peer.bytes, TRUE);
  add_command (peer.bytes, 0, "createStream", 2, NULL);
  add_command (peer.bytes, 1, "publish", 3, arguments);
  peer_feed (&peer);
  const PenstockRtmpPeerInfo *info =
      penstock_rtmp_session_get_peer (peer.session);
  assert_equals_string (info->app, "live");
  assert_equals_string (info->encoder, "FFmpeg");
  assert_equals_string (info->fourccs, "hvc1,av01");
  assert_equals_int (info->caps_ex, 6);
  assert_equals_string (info->query, "key=a&key=b&x=%20");
  g_autofree gchar *key =
      penstock_rtmp_session_dup_parameter (peer.session, "key");
  assert_equals_string (key, "b");
  peer_clear (&peer);
}
GST_END_TEST;

/* Does the connect answer hold the text? */
static gboolean
connect_answers_by (
    PenstockRtmpEnhanced mode, gboolean enhanced, const gchar *text)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  Peer peer;

  limits.enhanced = mode;
  peer_init (&peer);
  penstock_rtmp_session_set_limits (peer.session, &limits, NULL);
  add_connect (peer.bytes, enhanced);
  peer_feed (&peer);
  GByteArray *out = penstock_rtmp_session_get_output (peer.session);
  gboolean found = memmem (out->data, out->len, text, strlen (text)) != NULL;
  peer_clear (&peer);
  return found;
}

static gboolean
connect_answers (gboolean enhanced, const gchar *text)
{
  return connect_answers_by (PENSTOCK_RTMP_ENHANCED_AUTO, enhanced, text);
}

GST_START_TEST (capabilities_are_kept_secret_in_legacy_mode)
{
  const PenstockRtmpEnhanced legacy = PENSTOCK_RTMP_ENHANCED_LEGACY;

  fail_if (connect_answers_by (legacy, TRUE, "fourCcList"));
  fail_if (connect_answers_by (legacy, TRUE, "capsEx"));
  fail_unless (connect_answers_by (legacy, TRUE, "fmsVer"));
  fail_unless (
      connect_answers_by (PENSTOCK_RTMP_ENHANCED_ONLY, TRUE, "capsEx"));
}
GST_END_TEST;

/* RTMP 1.0 leaves `ex` open; Flash Media Server: code 302 and the URL. */
GST_START_TEST (redirect_names_the_other_server)
{
  Peer peer;
  PenstockRtmpEvent event = { PENSTOCK_RTMP_EVENT_ERROR };
  gsize pos = 0, consumed;

  peer_connect (&peer);
  while (event.type != PENSTOCK_RTMP_EVENT_CONNECT) {
    gint result = penstock_rtmp_session_feed (peer.session,
        peer.bytes->data + pos, peer.bytes->len - pos, 0, &consumed, &event);
    assert_equals_int (result, PENSTOCK_RTMP_PARSE_DONE);
    pos += consumed;
  }
  penstock_rtmp_session_redirect_connect (peer.session, "rtmp://b/app");
  g_autofree gchar *answer = describe_output (peer.session, HANDSHAKE_BYTES);
  assert_equals_string (answer,
      "_error(1: NetConnection.Connect.Rejected, 302 rtmp://b/app)");
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (capabilities_are_answered_when_announced)
{
  fail_unless (connect_answers (TRUE, "fourCcList"));
  fail_unless (connect_answers (TRUE, "capsEx"));
  fail_if (connect_answers (FALSE, "fourCcList"));
  fail_unless (connect_answers (FALSE, "fmsVer"));
}
GST_END_TEST;

GST_START_TEST (received_bytes_are_acknowledged)
{
  const guint8 window[] = { 0, 0, 0x13, 0x88 }; /* 5000 */
  guint8 audio[4000] = { 0xaf, 1 };
  Peer peer;

  peer_publish (&peer);
  add_message (peer.bytes, PENSTOCK_RTMP_WINDOW_ACK_SIZE, 0, window, 4);
  peer_feed (&peer);
  g_byte_array_set_size (penstock_rtmp_session_get_output (peer.session), 0);
  g_string_truncate (peer.log, 0);
  add_message (peer.bytes, PENSTOCK_RTMP_AUDIO, 1, audio, sizeof audio);
  add_message (peer.bytes, PENSTOCK_RTMP_AUDIO, 1, audio, sizeof audio);
  peer_feed (&peer);
  g_autofree gchar *answers = describe_output (peer.session, 0);
  fail_unless (g_str_has_prefix (answers, "3="), "%s", answers);
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (pings_are_answered)
{
  const guint8 ping[] = { 0, 6, 1, 2, 3, 4 };
  const guint8 stub[] = { 0, 6, 1 };
  Peer peer;

  peer_connect (&peer);
  add_message (peer.bytes, PENSTOCK_RTMP_USER_CONTROL, 0, ping, sizeof ping);
  add_message (peer.bytes, PENSTOCK_RTMP_USER_CONTROL, 0, stub, sizeof stub);
  assert_exchange (&peer, HELLO, CONNECTED " 4=16909060/7");
  peer_clear (&peer);
}
GST_END_TEST;

static const struct {
  const gchar *name;
  guint8 type;
  const gchar *hex;
  const gchar *error;
} fatal_rows[] = {
  { "chunk size 0", 1, "00000000", "error: invalid chunk size\n" },
  { "chunk size with bit 31", 1, "80000000", "error: invalid chunk size\n" },
  { "aggregate beyond its end", 22, "08 000005 000000 00 000000 00",
      "error: broken aggregate message\n" },
};

GST_START_TEST (broken_messages_end_the_connection)
{
  g_autoptr (GByteArray) payload = bytes_from_hex (fatal_rows[__i__].hex);
  Peer peer;

  peer_publish (&peer);
  peer_feed (&peer);
  g_string_truncate (peer.log, 0);
  add_message (
      peer.bytes, fatal_rows[__i__].type, 1, payload->data, payload->len);
  fail_if (peer_feed (&peer));
  assert_equals_string (peer.log->str, fatal_rows[__i__].error);
  /* Nothing more is taken. */
  add_command (peer.bytes, 0, "createStream", 9, NULL);
  fail_if (peer_feed (&peer));
  peer_clear (&peer);
}
GST_END_TEST;

/* One command is the connect of peer_connect(). */
static gboolean
survives_commands (guint n, gint64 now_ms)
{
  Peer peer;
  gboolean ok;

  peer_connect (&peer);
  for (guint i = 0; i < n; i++)
    add_command (peer.bytes, 0, "_checkbw", 0, NULL);
  ok = feed_at (
      peer.session, peer.bytes->data, peer.bytes->len, now_ms, peer.log);
  peer_clear (&peer);
  return ok;
}

GST_START_TEST (commands_are_bounded)
{
  fail_unless (survives_commands (PENSTOCK_RTMP_COMMAND_BURST - 1, 0));
  fail_if (survives_commands (PENSTOCK_RTMP_COMMAND_BURST, 0));
}
GST_END_TEST;

GST_START_TEST (limits_of_a_session_can_be_changed)
{
  PenstockRtmpLimits limits = penstock_rtmp_default_limits;
  const gchar *const arguments[] = { "name", NULL };
  Peer peer;

  limits.max_message_streams = 1;
  limits.command_burst = 6;
  limits.command_rate = 1;
  peer_connect (&peer);
  penstock_rtmp_session_set_limits (peer.session, &limits, NULL);
  for (guint i = 0; i < 2; i++)
    add_command (peer.bytes, 0, "createStream", 2 + i, arguments);
  for (guint i = 0; i < 3; i++)
    add_command (peer.bytes, 0, "_checkbw", 0, NULL);
  assert_exchange (&peer, HELLO,
      CONNECTED " _result(2: 1) _error(3: NetConnection.Call.Failed)");
  add_command (peer.bytes, 0, "_checkbw", 0, NULL);
  fail_if (peer_feed (&peer));
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (changes_of_the_chunk_size_are_bounded)
{
  const guint8 size[] = { 0, 0, 0, 128 };
  Peer peer;

  peer_connect (&peer);
  for (guint i = 0; i < PENSTOCK_RTMP_MAX_CHUNK_SIZE_CHANGES; i++)
    add_message (peer.bytes, PENSTOCK_RTMP_SET_CHUNK_SIZE, 0, size, 4);
  fail_unless (peer_feed (&peer));
  add_message (peer.bytes, PENSTOCK_RTMP_SET_CHUNK_SIZE, 0, size, 4);
  fail_if (peer_feed (&peer));
  peer_clear (&peer);
}
GST_END_TEST;

static const gchar *const other_protocols[] = { "GET / HTTP/1.1\r\n",
  "POST /open/1 HTTP/1.1\r\n", "\x16\x03\x01", "\x06", "\x08", "\x01" };

GST_START_TEST (other_protocols_are_refused_at_the_first_byte)
{
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (PenstockRtmpSession) session =
      penstock_rtmp_session_new_server (1);

  fail_if (feed (session, (const guint8 *) other_protocols[__i__], 1, log));
  assert_equals_string (log->str, "error: not an RTMP handshake\n");
  assert_equals_int (penstock_rtmp_session_get_output (session)->len, 0);
}
GST_END_TEST;

/* Both roles */

/* Carries bytes from one session to the other until both are quiet. */
static void
exchange (PenstockRtmpSession *server, GString *server_log,
    PenstockRtmpSession *client, GString *client_log)
{
  gboolean moved;

  do {
    GByteArray *up = penstock_rtmp_session_get_output (client);
    moved = up->len > 0;
    g_autoptr (GBytes) to_server = g_bytes_new (up->data, up->len);
    g_byte_array_set_size (up, 0);
    feed (server, g_bytes_get_data (to_server, NULL),
        g_bytes_get_size (to_server), server_log);

    GByteArray *down = penstock_rtmp_session_get_output (server);
    moved |= down->len > 0;
    g_autoptr (GBytes) to_client = g_bytes_new (down->data, down->len);
    g_byte_array_set_size (down, 0);
    feed (client, g_bytes_get_data (to_client, NULL),
        g_bytes_get_size (to_client), client_log);
  } while (moved);
}

GST_START_TEST (our_client_publishes_to_our_server)
{
  const PenstockRtmpClientTarget target = {
    .mode = PENSTOCK_RTMP_CLIENT_PUBLISH,
    .app = "live",
    .tc_url = "rtmp://host/live",
    .name = "one",
  };
  g_autoptr (PenstockRtmpSession) server = penstock_rtmp_session_new_server (1);
  g_autoptr (PenstockRtmpSession) client =
      penstock_rtmp_session_new_client (2, &target);
  g_autoptr (GString) server_log = g_string_new (NULL);
  g_autoptr (GString) client_log = g_string_new (NULL);
  guint8 video[70000] = { 0x17, 1 };

  exchange (server, server_log, client, client_log);
  assert_equals_string (client_log->str, "handshake\nstarted\n");
  penstock_rtmp_session_send (
      client, PENSTOCK_RTMP_VIDEO, 20000000, video, sizeof video);
  penstock_rtmp_session_send_goodbye (client);
  exchange (server, server_log, client, client_log);
  assert_equals_string (server_log->str,
      "handshake\nconnect\npublish live/one live\n"
      "message 9@20000000:70000:0018\nend\n");
}
GST_END_TEST;

static PenstockRtmpSession *
new_player (void)
{
  const PenstockRtmpClientTarget target = {
    .mode = PENSTOCK_RTMP_CLIENT_PLAY,
    .app = "live",
    .tc_url = "rtmp://host/live",
    .name = "one",
    .buffer_ms = 3000,
  };

  return penstock_rtmp_session_new_client (2, &target);
}

GST_START_TEST (a_refused_player_learns_why)
{
  g_autoptr (PenstockRtmpSession) server = penstock_rtmp_session_new_server (1);
  g_autoptr (PenstockRtmpSession) client = new_player ();
  g_autoptr (GString) server_log = g_string_new (NULL);
  g_autoptr (GString) client_log = g_string_new (NULL);

  exchange (server, server_log, client, client_log);
  assert_equals_string (server_log->str, HELLO "play live/one\n");
  assert_equals_string (client_log->str,
      "handshake\nrefused NetStream.Play.StreamNotFound: no\n");
}
GST_END_TEST;

/* A server of hand-written messages, towards a player. */
static void
add_status (GByteArray *bytes, const gchar *level, const gchar *code)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  penstock_amf0_write_string (payload, "onStatus");
  penstock_amf0_write_number (payload, 0);
  penstock_amf0_write_null (payload);
  penstock_amf0_begin_object (payload);
  penstock_amf0_write_name (payload, "level");
  penstock_amf0_write_string (payload, level);
  penstock_amf0_write_name (payload, "code");
  penstock_amf0_write_string (payload, code);
  penstock_amf0_end_object (payload);
  add_message (bytes, PENSTOCK_RTMP_COMMAND, 1, payload->data, payload->len);
}

static void
add_result (GByteArray *bytes, gdouble transaction)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  penstock_amf0_write_string (payload, "_result");
  penstock_amf0_write_number (payload, transaction);
  penstock_amf0_write_null (payload);
  penstock_amf0_write_number (payload, 1);
  add_message (bytes, PENSTOCK_RTMP_COMMAND, 0, payload->data, payload->len);
}

static void
player_init (Peer *peer)
{
  peer->bytes = g_byte_array_new ();
  peer->log = g_string_new (NULL);
  peer->session = new_player ();
  add_handshake (peer->bytes);
  add_result (peer->bytes, 1); /* connect */
  add_result (peer->bytes, 2); /* createStream */
}

static const struct {
  const gchar *name;
  const gchar *level, *code; /* of a status behind the start; NULL: none */
  const gchar *events;
} play_rows[] = {
  { "start, media, stop", "status", "NetStream.Play.Stop",
      "started\nmessage 8@0:2:00b0\nend\n" },
  { "start, media, unpublished", "status", "NetStream.Play.UnpublishNotify",
      "started\nmessage 8@0:2:00b0\nend\n" },
  { "something else is ignored", "status", "NetStream.Play.Reset",
      "started\nmessage 8@0:2:00b0\n" },
  { "an error later", "error", "NetStream.Play.Failed",
      "started\nmessage 8@0:2:00b0\n"
      "refused NetStream.Play.Failed: the server refused the stream\n" },
};

GST_START_TEST (a_player_follows_the_server)
{
  const guint8 audio[] = { 0xaf, 1 };
  Peer peer;

  player_init (&peer);
  add_status (peer.bytes, "status", "NetStream.Play.Start");
  add_message (peer.bytes, PENSTOCK_RTMP_AUDIO, 1, audio, sizeof audio);
  add_status (peer.bytes, play_rows[__i__].level, play_rows[__i__].code);
  peer_feed (&peer);
  g_autofree gchar *expected =
      g_strconcat ("handshake\n", play_rows[__i__].events, NULL);
  assert_equals_string (peer.log->str, expected);
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (media_without_a_start_is_taken)
{
  const guint8 audio[] = { 0xaf, 1 };
  const guint8 eof[] = { 0, 1, 0, 0, 0, 1 };
  Peer peer;

  player_init (&peer);
  add_message (peer.bytes, PENSTOCK_RTMP_AUDIO, 1, audio, sizeof audio);
  add_message (peer.bytes, PENSTOCK_RTMP_USER_CONTROL, 0, eof, sizeof eof);
  peer_feed (&peer);
  assert_equals_string (
      peer.log->str, "handshake\nstarted\nmessage 8@0:2:00b0\nend\n");
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (a_player_asks_in_the_right_order)
{
  Peer peer;

  player_init (&peer);
  peer_feed (&peer);
  g_autofree gchar *text = describe_output (peer.session, HANDSHAKE_BYTES);
  assert_equals_string (text,
      "connect(1) 5=2500000 createStream(2) FCSubscribe(3) play(0) 4=1/3");
  peer_clear (&peer);
}
GST_END_TEST;

GST_START_TEST (the_begin_of_an_unfinished_message_is_known)
{
  const guint8 chunk[] = { 0x03, 0, 0, 0, 0, 0, 9, 20, 0, 0, 0, 0, 1 };
  Peer peer;

  peer_init (&peer);
  peer_feed (&peer);
  assert_equals_int64 (
      penstock_rtmp_session_get_unfinished_since (peer.session), -1);
  feed_at (peer.session, chunk, sizeof chunk, 5000, peer.log);
  assert_equals_int64 (
      penstock_rtmp_session_get_unfinished_since (peer.session), 5000);
  feed_at (peer.session, (const guint8 *) "12345678", 8, 6000, peer.log);
  assert_equals_int64 (
      penstock_rtmp_session_get_unfinished_since (peer.session), -1);
  peer_clear (&peer);
}
GST_END_TEST;

static Suite *
rtmp_session_suite (void)
{
  Suite *suite = suite_create ("rtmp-session");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, encoders_are_understood_in_any_pieces, 0, N_GROUPS);
  tcase_add_loop_test (tcase, encoders_get_the_answers_they_wait_for, 0,
      G_N_ELEMENTS (answer_rows));
  tcase_add_test (tcase, commands_before_connect_are_not_obeyed);
  tcase_add_test (tcase, a_second_connect_changes_nothing);
  tcase_add_test (tcase, unknown_commands_are_answered_and_never_close);
  tcase_add_test (tcase, players_are_refused);
  tcase_add_test (tcase, players_can_be_accepted);
  tcase_add_test (tcase, players_learn_that_the_stream_is_over);
  tcase_add_test (tcase, streams_of_a_connection_are_bounded);
  tcase_add_test (tcase, delete_stream_with_a_strange_id_is_ignored);
  tcase_add_test (tcase, a_second_publish_on_a_connection_is_refused);
  tcase_add_test (tcase, a_forbidden_name_ends_the_connection);
  tcase_add_test (tcase, the_peer_is_described);
  tcase_add_test (tcase, capabilities_are_answered_when_announced);
  tcase_add_test (tcase, capabilities_are_kept_secret_in_legacy_mode);
  tcase_add_test (tcase, redirect_names_the_other_server);
  tcase_add_test (tcase, received_bytes_are_acknowledged);
  tcase_add_test (tcase, pings_are_answered);
  tcase_add_loop_test (
      tcase, broken_messages_end_the_connection, 0, G_N_ELEMENTS (fatal_rows));
  tcase_add_test (tcase, commands_are_bounded);
  tcase_add_test (tcase, limits_of_a_session_can_be_changed);
  tcase_add_test (tcase, changes_of_the_chunk_size_are_bounded);
  tcase_add_loop_test (tcase, other_protocols_are_refused_at_the_first_byte, 0,
      G_N_ELEMENTS (other_protocols));
  tcase_add_test (tcase, our_client_publishes_to_our_server);
  tcase_add_test (tcase, a_refused_player_learns_why);
  tcase_add_loop_test (
      tcase, a_player_follows_the_server, 0, G_N_ELEMENTS (play_rows));
  tcase_add_test (tcase, media_without_a_start_is_taken);
  tcase_add_test (tcase, a_player_asks_in_the_right_order);
  tcase_add_test (tcase, the_begin_of_an_unfinished_message_is_known);
  return suite;
}

GST_CHECK_MAIN (rtmp_session);
