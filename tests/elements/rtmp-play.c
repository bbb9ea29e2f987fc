/* SPDX-License-Identifier: MIT
 *
 * Playing from a listener over real sockets: what a player gets and when,
 * joining, pausing, slow players, and the end of a stream. */

#include "rtmp/rtmp-playback.h"

#include <netinet/in.h>

#include "../support/rtmp-peer.h"
#include "rtmp/rtmp-io.h"
#include "rtmp/rtmp-limits.h"
#include "rtmp/rtmp-playback-private.h"
#include "rtmp/rtmp-session-private.h"

#define FRAME_MS 40

typedef struct {
  PenstockRtmpServer *server;
  PenstockRtmpPlayback *playback;
  guint16 port;
} Fixture;

static PenstockRtmpPlayback *
serve_by (Fixture *f, const gchar *path, guint merge_ms, guint max_players)
{
  PenstockRtmpPlaybackSettings settings = {
    .limits = PENSTOCK_GOP_LOG_DEFAULT_LIMITS,
    .max_lag = 2 * GST_SECOND,
    .merge_window_ms = merge_ms,
    .max_players = max_players,
  };
  g_autoptr (GError) error = NULL;
  PenstockRtmpPlayback *playback =
      penstock_rtmp_server_add_playback (f->server, path, &settings, &error);

  fail_unless (playback != NULL, "%s", error ? error->message : "");
  return playback;
}

static PenstockRtmpPlayback *
serve (Fixture *f, const gchar *path)
{
  return serve_by (f, path, 0, 0);
}

static void
configure (PenstockRtmpPlayback *playback, const gchar *version)
{
  g_autoptr (GBytes) metadata = g_bytes_new_static ("metadata", 8);
  g_autoptr (GBytes) video = g_bytes_new (version, strlen (version));
  g_autoptr (GBytes) audio = g_bytes_new_static ("audio", 5);

  penstock_rtmp_playback_set_config (playback, metadata, video, audio);
}

static void
fixture_init_by (Fixture *f, guint merge_ms, guint max_players)
{
  g_autoptr (GError) error = NULL;

  f->server = penstock_rtmp_server_get ("127.0.0.1", 0, &error);
  fail_unless (f->server != NULL, "%s", error ? error->message : "");
  f->port = penstock_rtmp_server_get_port (f->server);
  f->playback = serve_by (f, "live/one", merge_ms, max_players);
  configure (f->playback, "video");
}

static void
fixture_init (Fixture *f)
{
  fixture_init_by (f, 0, 0);
}

static void
fixture_clear (Fixture *f)
{
  penstock_rtmp_playback_remove (f->playback);
  penstock_rtmp_server_unref (f->server);
}

/* Byte @i of frame @number. */
static guint8
frame_byte (guint number, gsize i)
{
  return (guint8) (number * 7 + i * 31);
}

static void
append (
    Fixture *f, PenstockFlvKind kind, guint number, gboolean key, gsize size)
{
  static const guint8 header[] = { 'h', 'd' };
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, size, NULL);
  g_autofree guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = frame_byte (number, i);
  gst_buffer_fill (buffer, 0, data, size);
  const PenstockRtmpFrame frame = {
    .kind = kind,
    .flags = key ? PENSTOCK_ENTRY_KEYFRAME : 0,
    .time = number * FRAME_MS * GST_MSECOND,
    .timestamp = number * FRAME_MS,
    .header = header,
    .header_size = sizeof header,
    .frame = buffer,
  };
  fail_unless (penstock_rtmp_playback_append (f->playback, &frame));
}

static void
append_video (Fixture *f, guint number, gboolean key)
{
  append (f, PENSTOCK_FLV_VIDEO, number, key, 100);
}

static void
append_audio (Fixture *f, guint number)
{
  append (f, PENSTOCK_FLV_AUDIO, number, FALSE, 20);
}

static RtmpPeer *
play (Fixture *f, const gchar *name)
{
  RtmpPeer *peer = rtmp_peer_new_player (f->port, "live", name);
  gint event = rtmp_peer_next (peer);

  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
  event = rtmp_peer_next (peer); /* |RtmpSampleAccess */
  fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_MESSAGE);
  fail_unless_equals_int (peer->message->type, PENSTOCK_RTMP_DATA);
  return peer;
}

static void
expect_event (RtmpPeer *peer, gint event)
{
  gint got = rtmp_peer_next (peer);

  fail_unless_equals_int (got, event);
}

static void
expect_text (RtmpPeer *peer, guint8 type, const gchar *text)
{
  expect_event (peer, PENSTOCK_RTMP_EVENT_MESSAGE);
  fail_unless_equals_int (peer->message->type, type);
  fail_unless (peer->message->size == strlen (text) &&
          memcmp (peer->message->data, text, strlen (text)) == 0,
      "not %s", text);
}

static void
expect_configuration (RtmpPeer *peer)
{
  expect_text (peer, PENSTOCK_RTMP_DATA, "metadata");
  fail_unless_equals_int (peer->message->timestamp, 0);
  expect_text (peer, PENSTOCK_RTMP_VIDEO, "video");
  expect_text (peer, PENSTOCK_RTMP_AUDIO, "audio");
}

static void
check_frame (RtmpPeer *peer, guint number)
{
  const PenstockRtmpMessage *message = peer->message;

  fail_unless_equals_int (message->timestamp, number * FRAME_MS);
  fail_unless (memcmp (message->data, "hd", 2) == 0);
  for (gsize i = 2; i < message->size; i++)
    if (message->data[i] != frame_byte (number, i - 2))
      fail ("byte %" G_GSIZE_FORMAT " of frame %u is wrong", i, number);
}

static void
expect_frame (RtmpPeer *peer, guint8 type, guint number)
{
  expect_event (peer, PENSTOCK_RTMP_EVENT_MESSAGE);
  fail_unless_equals_int (peer->message->type, type);
  check_frame (peer, number);
}

static void
expect_video (RtmpPeer *peer, guint number)
{
  expect_frame (peer, PENSTOCK_RTMP_VIDEO, number);
}

static void
expect_audio (RtmpPeer *peer, guint number)
{
  expect_frame (peer, PENSTOCK_RTMP_AUDIO, number);
}

static void
wait_for_players (Fixture *f, guint n)
{
  gint64 end = g_get_monotonic_time () + RTMP_PEER_WAIT_S * G_USEC_PER_SEC;
  PenstockRtmpPlaybackStats stats;

  do {
    penstock_rtmp_playback_get_stats (f->playback, &stats);
    g_thread_yield ();
  } while (stats.players != n && g_get_monotonic_time () < end);
  fail_unless_equals_int (stats.players, n);
}

GST_START_TEST (player_gets_the_cache_then_live)
{
  Fixture f;

  fixture_init (&f);
  append_audio (&f, 0);
  append_video (&f, 1, TRUE);
  append_video (&f, 2, FALSE);
  append_video (&f, 3, TRUE); /* the newest */
  append_audio (&f, 3);
  append_video (&f, 4, FALSE);
  RtmpPeer *peer = play (&f, "one");
  expect_configuration (peer);
  expect_video (peer, 3);
  expect_audio (peer, 3);
  expect_video (peer, 4);
  append_audio (&f, 5);
  expect_audio (peer, 5);
  append_video (&f, 5, FALSE);
  expect_video (peer, 5);
  rtmp_peer_free (peer);
  wait_for_players (&f, 0);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (player_without_a_cache_waits_for_a_keyframe)
{
  Fixture f;

  fixture_init (&f);
  RtmpPeer *peer = play (&f, "one");
  append_video (&f, 1, FALSE);
  append_video (&f, 2, TRUE);
  expect_configuration (peer);
  expect_video (peer, 2);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* Chunks of 64 KiB: none, a full one, several; with the frame's two byte
 * header. And times beyond 24 bits, which every chunk repeats. */
static const struct {
  gsize size;
  guint number;
} size_rows[] = {
  { 1, 1 },
  { PENSTOCK_RTMP_OUR_CHUNK_SIZE - 2, 1 },
  { PENSTOCK_RTMP_OUR_CHUNK_SIZE - 1, 1 },
  { 3 * PENSTOCK_RTMP_OUR_CHUNK_SIZE + 17, 1 },
  { 1000, 0xffffff / FRAME_MS + 1 },
  { 3 * PENSTOCK_RTMP_OUR_CHUNK_SIZE + 17, 0xffffff / FRAME_MS + 1 },
};

GST_START_TEST (messages_of_any_size_arrive_whole)
{
  Fixture f;

  fixture_init (&f);
  append (&f, PENSTOCK_FLV_VIDEO, size_rows[__i__].number, TRUE,
      size_rows[__i__].size);
  append_audio (&f, size_rows[__i__].number);
  RtmpPeer *peer = play (&f, "one");
  expect_configuration (peer);
  expect_video (peer, size_rows[__i__].number);
  fail_unless_equals_int (peer->message->size, size_rows[__i__].size + 2);
  expect_audio (peer, size_rows[__i__].number);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (frames_longer_than_a_message_are_not_taken)
{
  g_autoptr (GstBuffer) buffer =
      gst_buffer_new_allocate (NULL, PENSTOCK_RTMP_MAX_MESSAGE, NULL);
  PenstockRtmpFrame frame = { .kind = PENSTOCK_FLV_VIDEO, .frame = buffer };
  Fixture f;

  fixture_init (&f);
  fail_unless (penstock_rtmp_playback_append (f.playback, &frame));
  frame.header = (const guint8 *) "h";
  frame.header_size = 1;
  fail_if (penstock_rtmp_playback_append (f.playback, &frame));
  fixture_clear (&f);
}
GST_END_TEST;

/* New parameters come with the first frame that needs them, others again. */
GST_START_TEST (new_configuration_comes_with_its_frames)
{
  Fixture f;

  fixture_init (&f);
  append_video (&f, 1, TRUE);
  RtmpPeer *peer = play (&f, "one");
  expect_configuration (peer);
  g_autoptr (GBytes) video = g_bytes_new_static ("other", 5);
  penstock_rtmp_playback_set_config (f.playback, NULL, video, NULL);
  append_video (&f, 2, TRUE);
  append_video (&f, 3, FALSE);
  expect_video (peer, 1);
  expect_text (peer, PENSTOCK_RTMP_VIDEO, "other");
  expect_video (peer, 2);
  expect_video (peer, 3);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (player_may_come_before_the_stream)
{
  Fixture f;

  fixture_init (&f);
  RtmpPeer *peer = rtmp_peer_new_player (f.port, "live", "two");
  /* Connected and asking: no other way to see it from here. */
  rtmp_peer_flush (peer);
  penstock_rtmp_playback_remove (f.playback);
  f.playback = serve (&f, "live/two");
  configure (f.playback, "video");
  append_video (&f, 1, TRUE);
  expect_event (peer, PENSTOCK_RTMP_EVENT_STARTED);
  expect_event (peer, PENSTOCK_RTMP_EVENT_MESSAGE);
  expect_configuration (peer);
  expect_video (peer, 1);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* "none": there is no such stream; "one": it has no media. */
static const gchar *const nothing_rows[] = { "none", "one" };

GST_START_TEST (player_does_not_wait_for_ever)
{
  Fixture f;

  fixture_init (&f);
  penstock_priv_rtmp_server_get_limits (f.server)->play_ms = 50;
  RtmpPeer *peer = rtmp_peer_new_player (f.port, "live", nothing_rows[__i__]);
  gint event;
  do
    event = rtmp_peer_next (peer);
  while (event == PENSTOCK_RTMP_EVENT_STARTED ||
      event == PENSTOCK_RTMP_EVENT_MESSAGE);
  assert_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (peer->refusal, "NetStream.Play.StreamNotFound");
  fail_unless (rtmp_peer_is_closed (peer->fd));
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* A command on message stream @stream_id, with a boolean unless @on is < 0. */
static void
command (RtmpPeer *peer, const gchar *name, guint32 stream_id, gint on)
{
  GByteArray *payload = penstock_rtmp_command_begin (name, 0);

  penstock_amf0_write_null (payload);
  if (on >= 0)
    penstock_amf0_write_boolean (payload, on);
  penstock_rtmp_session_write_command (
      peer->session, PENSTOCK_RTMP_CSID_COMMAND, stream_id, payload);
  rtmp_peer_flush (peer);
}

/* Until the listener has obeyed the commands so far: it answers in order. */
static void
wait_for_answer (RtmpPeer *peer)
{
  GByteArray *payload = penstock_rtmp_command_begin ("connect", 99);
  const PenstockRtmpState before = peer->session->state;

  /* A second connect is an error, and one that the session reports. */
  penstock_amf0_write_null (payload);
  penstock_rtmp_session_write_command (
      peer->session, PENSTOCK_RTMP_CSID_COMMAND, 0, payload);
  rtmp_peer_flush (peer);
  peer->session->state = PENSTOCK_RTMP_STATE_CONNECTING;
  expect_event (peer, PENSTOCK_RTMP_EVENT_REFUSED);
  peer->session->state = before;
  peer->session->stream_state = PENSTOCK_RTMP_STREAM_ACTIVE;
}

GST_START_TEST (paused_player_gets_nothing_then_the_newest)
{
  Fixture f;

  fixture_init (&f);
  append_video (&f, 1, TRUE);
  RtmpPeer *peer = play (&f, "one");
  expect_configuration (peer);
  expect_video (peer, 1);
  command (peer, "pause", 1, TRUE);
  wait_for_answer (peer);
  append_video (&f, 2, FALSE);
  append_video (&f, 3, TRUE);
  append_video (&f, 4, FALSE);
  command (peer, "pause", 1, FALSE);
  expect_configuration (peer);
  expect_video (peer, 3);
  expect_video (peer, 4);
  append_video (&f, 5, FALSE);
  expect_video (peer, 5);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (player_may_do_without_a_track)
{
  Fixture f;

  fixture_init (&f);
  append_video (&f, 1, TRUE);
  RtmpPeer *peer = play (&f, "one");
  expect_configuration (peer);
  expect_video (peer, 1);
  command (peer, "receiveVideo", 1, FALSE);
  wait_for_answer (peer);
  append_video (&f, 2, FALSE);
  append_audio (&f, 2);
  expect_audio (peer, 2);
  command (peer, "receiveAudio", 1, FALSE);
  command (peer, "receiveVideo", 1, TRUE);
  wait_for_answer (peer);
  append_audio (&f, 3);
  append_video (&f, 3, FALSE);
  append_video (&f, 4, TRUE);
  expect_video (peer, 4);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* Messages are made for stream 1: on another one the header is the player's
 * own, also when it is sent in parts. */
GST_START_TEST (player_may_use_another_message_stream)
{
  Fixture f;

  fixture_init (&f);
  append (&f, PENSTOCK_FLV_VIDEO, 1, TRUE, 1000000);
  RtmpPeer *peer = play (&f, "one");
  expect_configuration (peer);
  expect_video (peer, 1);
  command (peer, "closeStream", 1, -1);
  expect_event (peer, PENSTOCK_RTMP_EVENT_END);
  command (peer, "createStream", 0, -1);
  GByteArray *payload = penstock_rtmp_command_begin ("play", 0);
  penstock_amf0_write_null (payload);
  penstock_amf0_write_string (payload, "one");
  penstock_rtmp_session_write_command (
      peer->session, PENSTOCK_RTMP_CSID_COMMAND, 2, payload);
  rtmp_peer_flush (peer);
  peer->session->stream_state = PENSTOCK_RTMP_STREAM_ACTIVE;
  expect_event (peer, PENSTOCK_RTMP_EVENT_MESSAGE); /* |RtmpSampleAccess */
  expect_configuration (peer);
  expect_video (peer, 1);
  fail_unless_equals_int (peer->message->stream_id, 2);
  append_audio (&f, 2);
  expect_audio (peer, 2);
  fail_unless_equals_int (peer->message->stream_id, 2);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* FALSE: ended; TRUE: removed without a word. */
GST_START_TEST (end_comes_after_everything)
{
  Fixture f;

  fixture_init (&f);
  append_video (&f, 1, TRUE);
  RtmpPeer *peer = play (&f, "one");
  expect_configuration (peer);
  expect_video (peer, 1);
  append_video (&f, 2, FALSE);
  if (__i__ == 0) {
    penstock_rtmp_playback_end (f.playback);
    expect_video (peer, 2);
  } else {
    penstock_rtmp_playback_remove (g_steal_pointer (&f.playback));
  }
  gint event;
  do
    event = rtmp_peer_next (peer);
  while (event == PENSTOCK_RTMP_EVENT_MESSAGE);
  assert_equals_int (event, PENSTOCK_RTMP_EVENT_END);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

/* Milliseconds since @begin. */
static gint64
since (gint64 begin)
{
  return (g_get_monotonic_time () - begin) / 1000;
}

typedef struct {
  const PenstockRtmpAudience *audience;
  gint64 served;
} Look;

static void
look (gpointer data)
{
  Look *l = data;

  if (l->audience->players.length > 0)
    l->served = l->audience->served;
}

/* When the players were served last, by the clock of their loop: one that was
 * busy or had to wait for the processor is behind ours. Milliseconds. */
static gint64
served (const Fixture *f)
{
  Look l = { NULL, 0 };

  for (guint i = 0; i < penstock_rtmp_io_get_n_loops (); i++) {
    l.audience = &f->playback->audiences[i];
    penstock_loop_call (l.audience->loop, look, &l);
  }
  fail_unless (l.served > 0);
  return l.served;
}

GST_START_TEST (sound_waits_for_the_picture_but_not_long)
{
  Fixture f;

  fixture_init (&f);
  RtmpPeer *peer = play (&f, "one");
  append_video (&f, 0, TRUE);
  expect_configuration (peer);
  expect_video (peer, 0);
  append_audio (&f, 1);
  append_video (&f, 1, FALSE);
  expect_audio (peer, 1);
  expect_video (peer, 1);
  append_video (&f, 2, FALSE);
  expect_video (peer, 2);
  gint64 picture = served (&f);
  append_audio (&f, 3);
  expect_audio (peer, 3);
  /* Without a picture behind it. */
  gint64 waited = g_get_monotonic_time () / 1000 - picture;
  fail_unless (waited >= 55, "%" G_GINT64_FORMAT " ms", waited);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (sound_alone_waits_for_nothing)
{
  Fixture f;

  fixture_init (&f);
  RtmpPeer *peer = play (&f, "one");
  gint64 begin = g_get_monotonic_time ();
  append_audio (&f, 0);
  expect_configuration (peer);
  expect_audio (peer, 0);
  for (guint i = 1; i < 100; i++) {
    append_audio (&f, i);
    expect_audio (peer, i);
  }
  /* With a wait each it would be five times as long. */
  fail_unless (since (begin) < 1000);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (merge_window_gathers_what_is_new)
{
  const guint window_ms = 200;
  Fixture f;

  fixture_init_by (&f, window_ms, 0);
  RtmpPeer *peer = play (&f, "one");
  append_video (&f, 0, TRUE);
  expect_configuration (peer);
  expect_video (peer, 0);
  gint64 first = served (&f);
  for (guint i = 1; i < 5; i++)
    append_video (&f, i, FALSE);
  expect_video (peer, 1);
  gint64 waited = g_get_monotonic_time () / 1000 - first;
  fail_unless (waited >= window_ms, "%" G_GINT64_FORMAT " ms", waited);
  for (guint i = 2; i < 5; i++)
    expect_video (peer, i);
  /* The end does not wait. */
  append_video (&f, 5, FALSE);
  penstock_rtmp_playback_end (f.playback);
  expect_video (peer, 5);
  expect_event (peer, PENSTOCK_RTMP_EVENT_END);
  rtmp_peer_free (peer);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (one_player_too_many_is_refused)
{
  Fixture f;
  gint event;

  fixture_init_by (&f, 0, 2);
  RtmpPeer *one = play (&f, "one");
  RtmpPeer *two = play (&f, "one");
  wait_for_players (&f, 2);
  RtmpPeer *three = rtmp_peer_new_player (f.port, "live", "one");
  event = rtmp_peer_next (three);
  assert_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (three->refusal, "NetStream.Play.Failed");
  fail_unless (rtmp_peer_is_closed (three->fd));
  rtmp_peer_free (three);
  append_video (&f, 0, TRUE);
  expect_configuration (one);
  expect_video (one, 0);
  rtmp_peer_free (two);
  wait_for_players (&f, 1);
  two = play (&f, "one");
  expect_configuration (two);
  expect_video (two, 0);
  rtmp_peer_free (two);
  rtmp_peer_free (one);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (path_is_served_once)
{
  const PenstockRtmpPlaybackSettings settings = { .max_lag = GST_SECOND };
  g_autoptr (GError) error = NULL;
  Fixture f;

  fixture_init (&f);
  fail_unless (penstock_rtmp_server_add_playback (
                   f.server, "/live//one", &settings, &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_EXISTS));
  g_clear_error (&error);
  fail_unless (penstock_rtmp_server_add_playback (
                   f.server, "a/../b", &settings, &error) == NULL);
  fail_unless (
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  fixture_clear (&f);
}
GST_END_TEST;

/* A player that does not read: its video skips to a newer keyframe, its audio
 * has no gap, and its neighbour gets every frame. */
GST_START_TEST (frozen_player_skips_to_a_keyframe)
{
  const guint n_frames = 200, gop = 25; /* 8 s at 25/s */
  const gsize size = 50000;
  const int small = 65536;
  guint audio = 1, video = 0, n_video = 0;
  gboolean skipped = FALSE;
  Fixture f;

  fixture_init (&f);
  append_video (&f, 0, TRUE);
  RtmpPeer *frozen = play (&f, "one");
  setsockopt (frozen->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  expect_configuration (frozen);
  expect_video (frozen, 0);
  RtmpPeer *reader = play (&f, "one");
  expect_configuration (reader);
  expect_video (reader, 0);
  for (guint i = 1; i < n_frames; i++) {
    append (&f, PENSTOCK_FLV_VIDEO, i, i % gop == 0, size);
    append_audio (&f, i);
    expect_video (reader, i);
    expect_audio (reader, i);
  }
  while (audio < n_frames) {
    expect_event (frozen, PENSTOCK_RTMP_EVENT_MESSAGE);
    guint number = frozen->message->timestamp / FRAME_MS;
    check_frame (frozen, number);
    if (frozen->message->type == PENSTOCK_RTMP_AUDIO) {
      fail_unless_equals_int (number, audio);
      audio++;
      continue;
    }
    if (number != video + 1) {
      fail_unless_equals_int (number % gop, 0);
      skipped = TRUE;
    }
    video = number;
    n_video++;
  }
  fail_unless (skipped);
  fail_unless_equals_int (video, n_frames - 1);
  fail_unless (n_video < n_frames - 1);
  rtmp_peer_free (frozen);
  rtmp_peer_free (reader);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (player_that_takes_no_byte_is_closed)
{
  const gsize size = 50000;
  const int small = 65536;
  guint n = 1;
  Fixture f;

  fixture_init (&f);
  penstock_priv_rtmp_server_get_limits (f.server)->send_ms = 200;
  append_video (&f, 0, TRUE);
  RtmpPeer *dead = play (&f, "one");
  setsockopt (dead->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  expect_configuration (dead);
  expect_video (dead, 0);
  RtmpPeer *reader = play (&f, "one");
  expect_configuration (reader);
  expect_video (reader, 0);
  /* More than the kernel holds for it. */
  for (; n < 100; n++) {
    append (&f, PENSTOCK_FLV_VIDEO, n, n % 25 == 0, size);
    expect_video (reader, n);
  }
  wait_for_players (&f, 1);
  fail_unless (rtmp_peer_is_closed (dead->fd));
  append_video (&f, n, FALSE);
  expect_video (reader, n);
  rtmp_peer_free (dead);
  rtmp_peer_free (reader);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (many_players_come_and_go)
{
  Fixture f;
  RtmpPeer *peers[20];

  fixture_init (&f);
  append_video (&f, 1, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peers[i] = play (&f, "one");
  wait_for_players (&f, G_N_ELEMENTS (peers));
  for (guint i = 0; i < G_N_ELEMENTS (peers); i += 2)
    rtmp_peer_free (peers[i]);
  append_video (&f, 2, FALSE);
  for (guint i = 1; i < G_N_ELEMENTS (peers); i += 2) {
    expect_configuration (peers[i]);
    expect_video (peers[i], 1);
    expect_video (peers[i], 2);
  }
  wait_for_players (&f, G_N_ELEMENTS (peers) / 2);
  /* The listener goes while they play. */
  fixture_clear (&f);
  for (guint i = 1; i < G_N_ELEMENTS (peers); i += 2) {
    fail_unless (rtmp_peer_is_closed (peers[i]->fd));
    rtmp_peer_free (peers[i]);
  }
}
GST_END_TEST;

static Suite *
rtmp_play_suite (void)
{
  Suite *suite = suite_create ("rtmp-play");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, player_gets_the_cache_then_live);
  tcase_add_test (tcase, player_without_a_cache_waits_for_a_keyframe);
  tcase_add_loop_test (
      tcase, messages_of_any_size_arrive_whole, 0, G_N_ELEMENTS (size_rows));
  tcase_add_test (tcase, frames_longer_than_a_message_are_not_taken);
  tcase_add_test (tcase, new_configuration_comes_with_its_frames);
  tcase_add_test (tcase, player_may_come_before_the_stream);
  tcase_add_loop_test (
      tcase, player_does_not_wait_for_ever, 0, G_N_ELEMENTS (nothing_rows));
  tcase_add_loop_test (tcase, end_comes_after_everything, 0, 2);
  tcase_add_test (tcase, paused_player_gets_nothing_then_the_newest);
  tcase_add_test (tcase, player_may_do_without_a_track);
  tcase_add_test (tcase, player_may_use_another_message_stream);
  tcase_add_test (tcase, sound_waits_for_the_picture_but_not_long);
  tcase_add_test (tcase, sound_alone_waits_for_nothing);
  tcase_add_test (tcase, merge_window_gathers_what_is_new);
  tcase_add_test (tcase, one_player_too_many_is_refused);
  tcase_add_test (tcase, path_is_served_once);
  tcase_add_test (tcase, frozen_player_skips_to_a_keyframe);
  tcase_add_test (tcase, player_that_takes_no_byte_is_closed);
  tcase_add_test (tcase, many_players_come_and_go);
  return suite;
}

GST_CHECK_MAIN (rtmp_play);
