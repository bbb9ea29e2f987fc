/* SPDX-License-Identifier: MIT
 *
 * penstockrtmpsrc with real connections: a publisher made of the product's own
 * session, and ffmpeg. */

#include <gst/check/gstcheck.h>
#include <gio/gio.h>
#include <glib/gstdio.h>

#include "rtmp/flv-tag.h"
#include "rtmp/rtmp-message.h"
#include "rtmp/rtmp-stream.h"
#include "tests/support/hex.h"
#include "tests/support/rtmp-peer.h"

#define VIDEO PENSTOCK_RTMP_VIDEO
#define AUDIO PENSTOCK_RTMP_AUDIO
#define DATA PENSTOCK_RTMP_DATA

/* x264, 320x240, 25 frames a second, B-pyramid. */
#define AVCC                                                                   \
  "0164000dffe100196764000dacd94141fb011000000300100000030320f142996001"       \
  "000668ebe3cb22c0fdf8f800"
/* x264, 128x72, baseline. */
#define AVCC_SMALL                                                             \
  "0142c00affe100186742c00ad9020bf97011000003000100000300320f12264801000568cb" \
  "83cb20"
#define SPS_SMALL "6742c00ad9020bf97011000003000100000300320f122648"
#define PPS_SMALL "68cb83cb20"
#define ASC "1208" /* AAC-LC, 44.1 kHz, mono */
#define IDR "65888000112233"
#define P_SLICE "419a2000112233"
#define B_SLICE "019e2000112233"

#define WAIT (5 * G_USEC_PER_SEC)

/* --- Fixture: a pipeline whose pads report what passes ------------------- */

typedef struct {
  gchar *pad;
  GstMiniObject *object; /* buffer or event */
} Passed;

static void
passed_free (Passed *passed)
{
  if (!passed)
    return;
  gst_mini_object_unref (passed->object);
  g_free (passed->pad);
  g_free (passed);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Passed, passed_free)

typedef struct {
  GstElement *pipeline, *src;
  GstBus *bus;
  GAsyncQueue *passed;
  GAsyncQueue *no_more_pads;
} Fixture;

static GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Fixture *f = user_data;
  Passed *passed = g_new0 (Passed, 1);

  passed->pad = gst_pad_get_name (pad);
  passed->object = gst_mini_object_ref (GST_PAD_PROBE_INFO_DATA (info));
  g_async_queue_push (f->passed, passed);
  return GST_PAD_PROBE_OK;
}

static void
on_pad_added (GstElement *src, GstPad *pad, gpointer user_data)
{
  Fixture *f = user_data;
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sinkpad = gst_element_get_static_pad (sink, "sink");

  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (f->pipeline), sink);
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_data,
      f, NULL);
  gst_element_sync_state_with_parent (sink);
  fail_unless_equals_int (gst_pad_link (pad, sinkpad), GST_PAD_LINK_OK);
}

static void
on_no_more_pads (GstElement *src, gpointer user_data)
{
  Fixture *f = user_data;

  g_async_queue_push (f->no_more_pads, GINT_TO_POINTER (1));
}

static void
fixture_init (Fixture *f, const gchar *path)
{
  g_autofree gchar *location = g_strdup_printf ("rtmp://127.0.0.1:0/%s", path);

  *f = (Fixture){ NULL };
  f->passed = g_async_queue_new_full ((GDestroyNotify) passed_free);
  f->no_more_pads = g_async_queue_new ();
  f->pipeline = gst_pipeline_new (NULL);
  f->bus = gst_element_get_bus (f->pipeline);
  f->src = gst_element_factory_make ("penstockrtmpsrc", NULL);
  fail_unless (f->src != NULL);
  g_object_set (f->src, "location", location, NULL);
  g_signal_connect (f->src, "pad-added", G_CALLBACK (on_pad_added), f);
  g_signal_connect (f->src, "no-more-pads", G_CALLBACK (on_no_more_pads), f);
  gst_bin_add (GST_BIN (f->pipeline), f->src);
}

static guint
fixture_play (Fixture *f)
{
  guint port = 0;

  fail_if (gst_element_set_state (f->pipeline, GST_STATE_PLAYING) ==
      GST_STATE_CHANGE_FAILURE);
  g_object_get (f->src, "port", &port, NULL);
  fail_unless (port > 0);
  return port;
}

static void
fixture_clear (Fixture *f)
{
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_object_unref (f->bus);
  gst_object_unref (f->pipeline);
  g_async_queue_unref (f->passed);
  g_async_queue_unref (f->no_more_pads);
}

/* The next buffer of @pad (any when NULL), or event of @type when it is no
 * UNKNOWN; others are passed over. */
static GstMiniObject *
next (Fixture *f, const gchar *pad, GstEventType type)
{
  gint64 end = g_get_monotonic_time () + WAIT;

  for (;;) {
    g_autoptr (Passed) passed = g_async_queue_timeout_pop (
        f->passed, MAX (1, end - g_get_monotonic_time ()));

    fail_unless (passed != NULL, "nothing on %s", pad ? pad : "any pad");
    if (pad && g_strcmp0 (passed->pad, pad) != 0)
      continue;
    if (type == GST_EVENT_UNKNOWN ? GST_IS_BUFFER (passed->object)
                                  : GST_IS_EVENT (passed->object) &&
                GST_EVENT_TYPE (passed->object) == type)
      return gst_mini_object_ref (passed->object);
  }
}

static GstBuffer *
next_buffer (Fixture *f, const gchar *pad)
{
  return GST_BUFFER_CAST (next (f, pad, GST_EVENT_UNKNOWN));
}

static void
expect_eos (Fixture *f, const gchar *pad)
{
  gst_mini_object_unref (next (f, pad, GST_EVENT_EOS));
}

static void
assert_payload (GstBuffer *buffer, const gchar *hex)
{
  g_autoptr (GBytes) expected = bytes_from_hex (hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (expected, &size);

  fail_unless_equals_int (gst_buffer_get_size (buffer), size);
  fail_unless_equals_int (gst_buffer_memcmp (buffer, 0, data, size), 0);
}

static void
assert_caps (GstCaps *caps, GstCaps *expected)
{
  g_autofree gchar *text = gst_caps_to_string (caps);

  fail_unless (gst_caps_is_equal (caps, expected), "%s", text);
}

static GstCaps *
caps_of (Fixture *f, const gchar *pad_name)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (f->src, pad_name);

  fail_unless (pad != NULL, "no pad %s", pad_name);
  return gst_pad_get_current_caps (pad);
}

/* Waits for an element message; the structure's field @field. */
static gchar *
next_message (Fixture *f, const gchar *name, const gchar *field)
{
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        f->bus, WAIT * GST_USECOND, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);

    fail_unless (message != NULL, "no message %s", name);
    fail_if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR);
    if (gst_message_has_name (message, name))
      return g_strdup (gst_structure_get_string (
          gst_message_get_structure (message), field));
  }
}

static void
expect_publication (Fixture *f, const gchar *state)
{
  g_autofree gchar *got = next_message (f, "penstock-publication", "state");

  fail_unless_equals_string (got, state);
}

/* --- Messages ------------------------------------------------------------ */

static void
send_hex (RtmpPeer *peer, guint8 type, guint32 timestamp, const gchar *hex)
{
  g_autoptr (GBytes) bytes = bytes_from_hex (hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  penstock_rtmp_session_send (peer->session, type, timestamp, data, size);
  rtmp_peer_flush (peer);
}

static void
send_configs (RtmpPeer *publisher)
{
  send_hex (publisher, VIDEO, 0, "1700000000" AVCC);
  send_hex (publisher, AUDIO, 0, "af00" ASC);
}

static void
send_nal (RtmpPeer *publisher, guint32 timestamp, gint cts, gboolean key,
    const gchar *nal)
{
  g_autofree gchar *hex = g_strdup_printf ("%s01%06x%08x%s", key ? "17" : "27",
      cts & 0xffffff, (guint) strlen (nal) / 2, nal);

  send_hex (publisher, VIDEO, timestamp, hex);
}

static RtmpPeer *
publish (guint port)
{
  return rtmp_peer_publish (port, "live", "test");
}

static void
expect_refusal (guint port, const gchar *name)
{
  RtmpPeer *peer = rtmp_peer_new (port, "live", name);

  fail_unless_equals_int (rtmp_peer_next (peer), PENSTOCK_RTMP_EVENT_REFUSED);
  rtmp_peer_free (peer);
}

/* Ends the publication and waits until the server has closed. */
static void
say_goodbye (RtmpPeer *peer)
{
  rtmp_peer_say_goodbye (peer);
  shutdown (peer->fd, SHUT_WR);
  fail_unless (rtmp_peer_is_closed (peer->fd));
  rtmp_peer_free (peer);
}

/* --- Tests --------------------------------------------------------------- */

GST_START_TEST (frames_arrive_as_they_were_sent)
{
  Fixture f;
  RtmpPeer *publisher;
  GstClockTime start;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  expect_publication (&f, "started");
  send_configs (publisher);
  send_nal (publisher, 1000, 80, TRUE, IDR);
  send_hex (publisher, AUDIO, 1010,
      "af01"
      "21001234");
  send_nal (publisher, 1040, 160, FALSE, P_SLICE);
  send_nal (publisher, 1080, 0, FALSE, B_SLICE);

  g_autoptr (GstBuffer) key = next_buffer (&f, NULL);
  assert_payload (key, "00000007" IDR);
  start = GST_BUFFER_DTS (key);
  fail_unless (GST_BUFFER_FLAG_IS_SET (key, GST_BUFFER_FLAG_DISCONT));
  fail_if (GST_BUFFER_FLAG_IS_SET (key, GST_BUFFER_FLAG_DELTA_UNIT));
  assert_equals_uint64 (GST_BUFFER_PTS (key), start + 80 * GST_MSECOND);

  g_autoptr (GstBuffer) sound = next_buffer (&f, NULL);
  assert_payload (sound, "21001234");
  assert_equals_uint64 (GST_BUFFER_PTS (sound), start + 10 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_DURATION (sound), 1024 * GST_SECOND / 44100);

  g_autoptr (GstBuffer) p = next_buffer (&f, NULL);
  assert_payload (p, "00000007" P_SLICE);
  assert_equals_uint64 (GST_BUFFER_DTS (p), start + 40 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_PTS (p), start + 200 * GST_MSECOND);
  fail_unless (GST_BUFFER_FLAG_IS_SET (p, GST_BUFFER_FLAG_DELTA_UNIT));
  fail_if (GST_BUFFER_FLAG_IS_SET (p, GST_BUFFER_FLAG_DISCONT));
  fail_if (GST_BUFFER_FLAG_IS_SET (p, GST_BUFFER_FLAG_DROPPABLE));

  g_autoptr (GstBuffer) b = next_buffer (&f, NULL);
  fail_unless (GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_DROPPABLE));
  assert_equals_uint64 (GST_BUFFER_PTS (b), start + 80 * GST_MSECOND);

  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (caps_are_canonical)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  send_hex (publisher, AUDIO, 0,
      "af01"
      "2100");
  gst_buffer_unref (next_buffer (&f, "audio_0"));

  g_autoptr (GstCaps) video = caps_of (&f, "video_0");
  g_autoptr (GstCaps) expected_video = gst_caps_from_string (
      "video/x-h264, stream-format=avc, alignment=au, width=320, height=240, "
      "framerate=25/1, profile=high, level=(string)1.3, "
      "pixel-aspect-ratio=1/1, chroma-format=(string)4:2:0, "
      "bit-depth-luma=(uint)8, bit-depth-chroma=(uint)8, "
      "codec_data=(buffer)" AVCC);
  assert_caps (video, expected_video);
  g_autoptr (GstCaps) audio = caps_of (&f, "audio_0");
  g_autoptr (GstCaps) expected_audio = gst_caps_from_string (
      "audio/mpeg, mpegversion=4, stream-format=raw, framed=true, rate=44100, "
      "channels=1, level=(string)2, base-profile=lc, profile=lc, "
      "codec_data=(buffer)" ASC);
  assert_caps (audio, expected_audio);

  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (goodbye_ends_the_stream)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  expect_publication (&f, "started");
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  send_hex (publisher, AUDIO, 0,
      "af01"
      "2100");
  say_goodbye (publisher);
  expect_publication (&f, "ended");
  expect_eos (&f, "video_0");
  expect_eos (&f, "audio_0");
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (lost_publisher_comes_back_to_the_same_pads)
{
  Fixture f;
  RtmpPeer *publisher;
  guint port;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "eos-on-unpublish", FALSE, NULL);
  port = fixture_play (&f);
  publisher = publish (port);
  send_configs (publisher);
  send_nal (publisher, 90000, 0, TRUE, IDR);
  g_autoptr (GstBuffer) before = next_buffer (&f, "video_0");
  rtmp_peer_free (publisher);
  expect_publication (&f, "started");
  expect_publication (&f, "lost");

  publisher = publish (port);
  expect_publication (&f, "started");
  send_configs (publisher);
  /* No keyframe yet: left out. */
  send_nal (publisher, 0, 0, FALSE, P_SLICE);
  send_nal (publisher, 40, 0, TRUE, IDR);
  g_autoptr (GstBuffer) after = next_buffer (&f, "video_0");
  fail_unless (GST_BUFFER_FLAG_IS_SET (after, GST_BUFFER_FLAG_DISCONT));
  fail_if (GST_BUFFER_FLAG_IS_SET (after, GST_BUFFER_FLAG_DELTA_UNIT));
  fail_unless (GST_BUFFER_DTS (after) >= GST_BUFFER_DTS (before));
  fail_unless_equals_int (f.src->numsrcpads, 1);

  /* A goodbye is no end either: the element waits for the next. */
  say_goodbye (publisher);
  expect_publication (&f, "ended");
  publisher = publish (port);
  expect_publication (&f, "started");
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (publication_is_over_when_nobody_comes_back)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "publisher-grace-ms", 50, NULL);
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  rtmp_peer_free (publisher);
  expect_publication (&f, "started");
  expect_publication (&f, "lost");
  expect_publication (&f, "ended");
  expect_eos (&f, "video_0");
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (new_sequence_header_changes_caps_at_the_next_keyframe)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_mini_object_unref (next (&f, "video_0", GST_EVENT_UNKNOWN));
  /* Equal: swallowed. Then another one. */
  send_hex (publisher, VIDEO, 40, "1700000000" AVCC);
  send_nal (publisher, 40, 0, FALSE, P_SLICE);
  send_hex (publisher, VIDEO, 80, "1700000000" AVCC_SMALL);
  send_nal (publisher, 80, 0, TRUE, IDR);

  g_autoptr (Passed) p = g_async_queue_timeout_pop (f.passed, WAIT);
  fail_unless (p && GST_IS_BUFFER (p->object));
  g_autoptr (Passed) caps = g_async_queue_timeout_pop (f.passed, WAIT);
  fail_unless (caps && GST_IS_EVENT (caps->object));
  fail_unless_equals_int (GST_EVENT_TYPE (caps->object), GST_EVENT_CAPS);
  g_autoptr (Passed) key = g_async_queue_timeout_pop (f.passed, WAIT);
  fail_unless (key && GST_IS_BUFFER (key->object));
  g_autoptr (GstCaps) now = caps_of (&f, "video_0");
  gint width = 0;
  gst_structure_get_int (gst_caps_get_structure (now, 0), "width", &width);
  fail_unless_equals_int (width, 128);

  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (parameter_sets_in_band_change_caps)
{
  Fixture f;
  RtmpPeer *publisher;
  gint width = 0;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  send_hex (publisher, VIDEO, 40,
      "1701000000"
      "00000018" SPS_SMALL "00000005" PPS_SMALL "00000007" IDR);
  g_autoptr (GstBuffer) key = next_buffer (&f, "video_0");
  assert_payload (
      key, "00000018" SPS_SMALL "00000005" PPS_SMALL "00000007" IDR);
  g_autoptr (GstCaps) now = caps_of (&f, "video_0");
  gst_structure_get_int (gst_caps_get_structure (now, 0), "width", &width);
  fail_unless_equals_int (width, 128);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (start_codes_become_lengths)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  /* No sequence header at all. */
  send_hex (publisher, VIDEO, 0,
      "1701000000"
      "00000001" SPS_SMALL "00000001" PPS_SMALL "000001" IDR);
  g_autoptr (GstBuffer) key = next_buffer (&f, "video_0");
  assert_payload (
      key, "00000018" SPS_SMALL "00000005" PPS_SMALL "00000007" IDR);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (unsupported_audio_does_not_stop_video)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_hex (publisher, VIDEO, 0, "1700000000" AVCC);
  send_hex (publisher, AUDIO, 0,
      "b2"
      "00112233");
  send_hex (publisher, AUDIO, 20,
      "b2"
      "00112233");
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  g_autofree gchar *track =
      next_message (&f, "penstock-track-ignored", "track");
  fail_unless_equals_string (track, "audio_0");
  fail_unless_equals_int (f.src->numsrcpads, 1);
  /* Both kinds are accounted for: nothing to wait for. */
  fail_unless (g_async_queue_timeout_pop (f.no_more_pads, WAIT) != NULL);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

/* "onMetaData" with an audiocodecid only. */
#define AUDIO_METADATA                                                         \
  "02000a6f6e4d65746144617461080000000100"                                     \
  "0c617564696f636f646563696400"                                               \
  "4024000000000000"                                                           \
  "000009"

/* Nothing came, so nothing can end: the element goes on. */
GST_START_TEST (publication_without_media_is_no_end)
{
  Fixture f;
  RtmpPeer *publisher;
  guint port;

  fixture_init (&f, "live/test");
  port = fixture_play (&f);
  say_goodbye (publish (port));
  expect_publication (&f, "started");
  expect_publication (&f, "ended");
  publisher = publish (port);
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  say_goodbye (publisher);
  expect_eos (&f, "video_0");
  fixture_clear (&f);
}
GST_END_TEST;

static void
take_speex (PenstockRtmpStream *stream, GstClockTime arrival)
{
  const guint8 speex[] = { 0xb2, 0 };
  g_auto (PenstockRtmpQueueItem) item = { .type = PENSTOCK_RTMP_QUEUE_MESSAGE,
    .arrival = arrival,
    .message = penstock_rtmp_message_new (AUDIO, 1, 0, speex, sizeof speex) };

  fail_unless_equals_int (
      penstock_rtmp_stream_take (stream, &item), GST_FLOW_OK);
}

GST_START_TEST (media_that_nobody_can_use_is_noticed)
{
  g_autoptr (GstElement) src =
      gst_object_ref_sink (gst_element_factory_make ("penstockrtmpsrc", NULL));
  PenstockRtmpStream *stream = penstock_rtmp_stream_new (src);

  penstock_rtmp_stream_start (stream, "test");
  take_speex (stream, 100 * GST_SECOND);
  fail_if (penstock_rtmp_stream_is_useless (stream));
  take_speex (stream, 100 * GST_SECOND + PENSTOCK_RTMP_USELESS_AFTER);
  fail_unless (penstock_rtmp_stream_is_useless (stream));
  fail_if (penstock_rtmp_stream_is_useless (stream));
  penstock_rtmp_stream_free (stream);
}
GST_END_TEST;

GST_START_TEST (audio_only_stream_needs_no_wait)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_hex (publisher, DATA, 0, AUDIO_METADATA);
  send_hex (publisher, AUDIO, 0, "af00" ASC);
  send_hex (publisher, AUDIO, 0,
      "af01"
      "2100");
  gst_buffer_unref (next_buffer (&f, "audio_0"));
  fail_unless (g_async_queue_timeout_pop (f.no_more_pads, WAIT) != NULL);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (late_track_adds_a_pad_after_the_wait)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  fail_unless (g_async_queue_timeout_pop (f.no_more_pads, WAIT) != NULL);
  send_hex (publisher, AUDIO, 2000,
      "af01"
      "2100");
  gst_buffer_unref (next_buffer (&f, "audio_0"));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (silent_kind_gets_gaps)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_hex (publisher, AUDIO, 0,
      "af01"
      "2100");
  for (guint i = 0; i < 40; i++)
    send_nal (publisher, i * 40, 0, TRUE, IDR);
  gst_mini_object_unref (next (&f, "audio_0", GST_EVENT_GAP));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

/* Enhanced multitrack: two H.264 tracks in each message. */
GST_START_TEST (each_track_has_a_pad)
{
  Fixture f;
  RtmpPeer *publisher;
  const gchar *frames = "96136176633101"
                        "00000b"
                        "00000007" IDR "02"
                        "00000b"
                        "00000007" IDR;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_hex (publisher, VIDEO, 0, "96006176633101" AVCC);
  send_hex (publisher, VIDEO, 0, "96006176633102" AVCC_SMALL);
  send_hex (publisher, VIDEO, 0, frames);
  g_autoptr (GstBuffer) one = next_buffer (&f, "video_1");
  g_autoptr (GstBuffer) two = next_buffer (&f, "video_2");
  assert_payload (one, "00000007" IDR);
  assert_payload (two, "00000007" IDR);
  assert_equals_uint64 (GST_BUFFER_DTS (one), GST_BUFFER_DTS (two));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

/* x265, 128x72, main. */
#define HVCC                                                                   \
  "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff016000" \
  "00030090000003000003001e95940921000100294201010160000003009000000300000300" \
  "1"                                                                          \
  "ea01020496595964932bc05a0200000030020000003032122000100074401c172b42240"
#define HEVC_IDR "2601af0080112233"
#define AV1_KEY                                                                \
  "0a0a00000002afff9b5f2008"                                                   \
  "3208051400226004"                                                           \
  "1000"

typedef struct {
  const gchar *name;
  guint8 type;
  const gchar *config, *frame; /* messages; the first may be NULL */
  const gchar *pad, *media_type;
  const gchar *payload;
  gint cts_ms;
} CodecRow;

static const CodecRow codec_rows[] = {
  { "H.265, enhanced", VIDEO, "9068766331" HVCC,
      "9168766331000028"
      "00000008" HEVC_IDR,
      "video_0", "video/x-h265", "00000008" HEVC_IDR, 40 },
  { "H.265, enhanced, without a composition time", VIDEO, "9068766331" HVCC,
      "9368766331"
      "00000008" HEVC_IDR,
      "video_0", "video/x-h265", "00000008" HEVC_IDR, 0 },
  { "H.265 under number 12", VIDEO, "1c00000000" HVCC,
      "1c01000050"
      "00000008" HEVC_IDR,
      "video_0", "video/x-h265", "00000008" HEVC_IDR, 80 },
  { "H.265 under the number of H.264", VIDEO, "1700000000" HVCC,
      "1701000050"
      "00000008" HEVC_IDR,
      "video_0", "video/x-h265", "00000008" HEVC_IDR, 80 },
  { "H.264, enhanced", VIDEO, "9061766331" AVCC,
      "9161766331000000"
      "00000007" IDR,
      "video_0", "video/x-h264", "00000007" IDR, 0 },
  { "H.264 with 2 byte lengths", VIDEO,
      "1700000000"
      "0142c00afde10018" SPS_SMALL "010005" PPS_SMALL,
      "1701000000"
      "0007" IDR,
      "video_0", "video/x-h264", "00000007" IDR, 0 },
  { "AV1 with a temporal delimiter", VIDEO,
      "9061763031"
      "81000c000a0a00000002afff9b5f2008",
      "9161763031"
      "1200" AV1_KEY,
      "video_0", "video/x-av1", AV1_KEY, 0 },
  { "VP9", VIDEO,
      "9076703039"
      "0100000000000a8202020000",
      "9176703039"
      "824983420003f003f60438241c18",
      "video_0", "video/x-vp9", "824983420003f003f60438241c18", 0 },
  { "VP8", VIDEO, NULL,
      "9176703038"
      "501a009d012a4000300000470885",
      "video_0", "video/x-vp8", "501a009d012a4000300000470885", 0 },
  { "AAC, enhanced", AUDIO,
      "906d703461"
      "1190",
      "916d703461"
      "2100",
      "audio_0", "audio/mpeg", "2100", 0 },
  { "AAC with ADTS headers", AUDIO,
      "af00"
      "1190",
      "af01"
      "fff15080012ffc"
      "2100",
      "audio_0", "audio/mpeg", "2100", 0 },
  { "Opus", AUDIO,
      "904f707573"
      "4f707573486561640102380180bb0000000000",
      "914f707573"
      "fc11",
      "audio_0", "audio/x-opus", "fc11", 0 },
  { "MP3", AUDIO, NULL,
      "2f"
      "fffb9464000001ee",
      "audio_0", "audio/mpeg", "fffb9464000001ee", 0 },
  { "AC-3", AUDIO, NULL,
      "9161632d33"
      "0b77fe95144043e106f4",
      "audio_0", "audio/x-ac3", "0b77fe95144043e106f4", 0 },
  { "A-law", AUDIO, NULL,
      "72"
      "d5d5d5d5",
      "audio_0", "audio/x-alaw", "d5d5d5d5", 0 },
  { "PCM", AUDIO, NULL,
      "3f"
      "00010203",
      "audio_0", "audio/x-raw", "00010203", 0 },
};

GST_START_TEST (codec_is_carried)
{
  const CodecRow *row = &codec_rows[__i__];
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  if (row->config)
    send_hex (publisher, row->type, 0, row->config);
  send_hex (publisher, row->type, 0, row->frame);
  g_autoptr (GstBuffer) buffer = next_buffer (&f, row->pad);
  g_autoptr (GstCaps) caps = caps_of (&f, row->pad);
  const gchar *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  fail_unless (g_str_equal (name, row->media_type), "%s: %s", row->name, name);
  assert_payload (buffer, row->payload);
  assert_equals_uint64 (GST_BUFFER_PTS (buffer) - GST_BUFFER_DTS (buffer),
      row->cts_ms * GST_MSECOND);
  fail_if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

/* Two frames of MP3 in each of two messages, 48 ms apart. */
GST_START_TEST (frames_of_one_message_have_times_of_their_own)
{
  static const guint8 head[] = { 0x2f, 0xff, 0xfb, 0x94, 0x64 };
  guint8 message[1 + 2 * 384] = { 0 };
  Fixture f;
  RtmpPeer *publisher;

  memcpy (message, head, sizeof head);
  memcpy (message + 1 + 384, head + 1, sizeof head - 1);
  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  for (guint i = 0; i < 2; i++)
    penstock_rtmp_session_send (
        publisher->session, AUDIO, 48 * i, message, sizeof message);
  rtmp_peer_flush (publisher);
  GstClockTime begin = GST_CLOCK_TIME_NONE;
  for (guint i = 0; i < 4; i++) {
    g_autoptr (GstBuffer) buffer = next_buffer (&f, "audio_0");
    assert_equals_int (gst_buffer_get_size (buffer), 384);
    if (i == 0)
      begin = GST_BUFFER_PTS (buffer);
    assert_equals_uint64 (
        GST_BUFFER_PTS (buffer) - begin, i * 24 * GST_MSECOND);
    assert_equals_uint64 (GST_BUFFER_DURATION (buffer), 24 * GST_MSECOND);
    assert_equals_int (GST_BUFFER_IS_DISCONT (buffer), i == 0);
  }
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (two_elements_share_a_port)
{
  Fixture one, two;
  RtmpPeer *first, *second;
  g_autofree gchar *location = NULL;
  guint port;

  fixture_init (&one, "live/one");
  fixture_init (&two, "live/two");
  port = fixture_play (&one);
  location = g_strdup_printf ("rtmp://127.0.0.1:%u/live/two", port);
  g_object_set (two.src, "location", location, NULL);
  fail_unless_equals_int (fixture_play (&two), port);

  first = rtmp_peer_publish (port, "live", "one");
  second = rtmp_peer_publish (port, "live", "two");
  send_configs (first);
  send_configs (second);
  send_nal (first, 0, 0, TRUE, IDR);
  send_nal (second, 0, 0, TRUE, IDR "44");
  g_autoptr (GstBuffer) a = next_buffer (&one, "video_0");
  g_autoptr (GstBuffer) b = next_buffer (&two, "video_0");
  assert_payload (a, "00000007" IDR);
  assert_payload (b, "00000008" IDR "44");
  say_goodbye (first);
  say_goodbye (second);
  fixture_clear (&one);
  fixture_clear (&two);
}
GST_END_TEST;

GST_START_TEST (same_path_twice_is_an_error)
{
  Fixture one, two;
  g_autofree gchar *location = NULL;

  fixture_init (&one, "live/one");
  fixture_init (&two, "live/one");
  location =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/one", fixture_play (&one));
  g_object_set (two.src, "location", location, NULL);
  fail_unless_equals_int (
      gst_element_set_state (two.pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_FAILURE);
  g_autoptr (GstMessage) error =
      gst_bus_pop_filtered (two.bus, GST_MESSAGE_ERROR);
  fail_unless (error != NULL);
  fixture_clear (&one);
  fixture_clear (&two);
}
GST_END_TEST;

GST_START_TEST (element_goes_down_and_up_again)
{
  Fixture f;

  fixture_init (&f, "live/test");
  for (guint i = 0; i < 2; i++) {
    RtmpPeer *publisher = publish (fixture_play (&f));
    guint port = 1;

    send_configs (publisher);
    send_nal (publisher, 0, 0, TRUE, IDR);
    g_autoptr (GstBuffer) key = next_buffer (&f, "video_0");
    fail_unless (GST_BUFFER_FLAG_IS_SET (key, GST_BUFFER_FLAG_DISCONT));
    gst_element_set_state (f.pipeline, GST_STATE_NULL);
    fail_unless_equals_int (f.src->numsrcpads, 0);
    g_object_get (f.src, "port", &port, NULL);
    fail_unless_equals_int (port, 0);
    fail_unless (rtmp_peer_is_closed (publisher->fd));
    rtmp_peer_free (publisher);
  }
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (pause_and_resume_waits_for_a_keyframe)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  g_autoptr (GstBuffer) before = next_buffer (&f, "video_0");
  gst_element_set_state (f.pipeline, GST_STATE_PAUSED);
  fail_unless_equals_int (
      gst_element_get_state (f.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
      GST_STATE_CHANGE_NO_PREROLL);
  gst_element_set_state (f.pipeline, GST_STATE_PLAYING);
  fail_unless_equals_int (
      gst_element_get_state (f.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
      GST_STATE_CHANGE_SUCCESS);
  send_nal (publisher, 40, 0, FALSE, P_SLICE);
  send_nal (publisher, 80, 0, TRUE, IDR "55");
  g_autoptr (GstBuffer) after = next_buffer (&f, "video_0");
  assert_payload (after, "00000008" IDR "55");
  fail_unless (GST_BUFFER_FLAG_IS_SET (after, GST_BUFFER_FLAG_DISCONT));
  fail_unless (GST_BUFFER_DTS (after) >= GST_BUFFER_DTS (before));
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (application_ends_the_stream)
{
  Fixture f;
  RtmpPeer *publisher;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  gst_element_send_event (f.pipeline, gst_event_new_eos ());
  expect_eos (&f, "video_0");
  fail_unless (rtmp_peer_is_closed (publisher->fd));
  rtmp_peer_free (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (publish_key_is_asked_for_and_never_told)
{
  Fixture f;
  RtmpPeer *publisher;
  guint port;
  GParamSpec *key;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "publish-key", "s3cret", NULL);
  port = fixture_play (&f);
  expect_refusal (port, "test");
  expect_refusal (port, "test?key=wrong");
  publisher = rtmp_peer_publish (port, "live", "test?key=s3cret");
  say_goodbye (publisher);

  key =
      g_object_class_find_property (G_OBJECT_GET_CLASS (f.src), "publish-key");
  fail_if (key->flags & G_PARAM_READABLE);
  key = g_object_class_find_property (G_OBJECT_GET_CLASS (f.src), "password");
  fail_if (key->flags & G_PARAM_READABLE);
  fixture_clear (&f);
}
GST_END_TEST;

/* verdict, later, enters */
static const struct {
  const gchar *verdict;
  gint later; /* of the action decide; < 0 = not called */
  gboolean enters;
} verdicts[] = { { "accept", -1, TRUE }, { "reject", -1, FALSE },
  { "defer", TRUE, TRUE }, { "defer", FALSE, FALSE },
  /* Decides nothing any more. */
  { "reject", TRUE, FALSE } };

typedef struct {
  GstElement *src;
  GAsyncQueue *ids;    /* of the requests, as pointers */
  GstStructure *asked; /* the last one */
} Application;

static gint verdict_row; /* that the test is at */

static gint
on_publish (GstElement *src, GstStructure *request, Application *application)
{
  guint64 id;
  GEnumClass *type =
      g_type_class_ref (g_type_from_name ("PenstockRtmpVerdict"));
  gint verdict =
      g_enum_get_value_by_nick (type, verdicts[verdict_row].verdict)->value;

  g_type_class_unref (type);
  gst_clear_structure (&application->asked);
  application->asked = gst_structure_copy (request);
  fail_unless (gst_structure_get_uint64 (request, "id", &id));
  g_async_queue_push (application->ids, GSIZE_TO_POINTER (id));
  return verdict;
}

/* As an application that asks somebody else. */
static gpointer
decide_later (gpointer data)
{
  Application *application = data;
  guint64 id = GPOINTER_TO_SIZE (g_async_queue_pop (application->ids));

  if (verdicts[verdict_row].later >= 0)
    g_signal_emit_by_name (application->src, "decide", id,
        (gboolean) verdicts[verdict_row].later, "Not today.");
  return NULL;
}

GST_START_TEST (application_decides_who_publishes)
{
  Fixture f;

  verdict_row = __i__;
  fixture_init (&f, "live/test");
  Application application = { f.src, g_async_queue_new (), NULL };
  g_signal_connect (f.src, "publish", G_CALLBACK (on_publish), &application);
  guint port = fixture_play (&f);
  GThread *thread = g_thread_new ("decide", decide_later, &application);
  RtmpPeer *peer = rtmp_peer_new (port, "live", "test?token=t0");
  gint event = rtmp_peer_next (peer);
  g_thread_join (thread);
  fail_unless_equals_string (
      gst_structure_get_string (application.asked, "query"), "token=t0");
  fail_unless_equals_string (
      gst_structure_get_string (application.asked, "app"), "live");
  if (verdicts[__i__].enters) {
    fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
    say_goodbye (peer);
  } else {
    fail_unless_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
    fail_unless_equals_string (peer->refusal, "NetStream.Publish.Denied");
    rtmp_peer_free (peer);
  }
  fixture_clear (&f);
  gst_clear_structure (&application.asked);
  g_async_queue_unref (application.ids);
}
GST_END_TEST;

GST_START_TEST (location_is_read_back_without_secrets)
{
  g_autoptr (GstElement) src =
      gst_element_factory_make ("penstockrtmpsrc", NULL);
  g_autofree gchar *location = NULL;

  gst_object_ref_sink (src);
  g_object_set (
      src, "location", "rtmp://joe:pw@example.net/app/name?token=1", NULL);
  g_object_get (src, "location", &location, NULL);
  fail_unless_equals_string (location, "rtmp://example.net/app/name");
}
GST_END_TEST;

static const gchar *const bad_locations[] = { NULL, "", "live/test",
  "http://127.0.0.1/live", "rtmp://127.0.0.1:1935", "rtmp://127.0.0.1:1935/",
  "rtmp://127.0.0.1:99999/live/test", "rtmp://127.0.0.1:x/live/test" };

GST_START_TEST (bad_location_is_one_error)
{
  Fixture f;
  g_autoptr (GstMessage) error = NULL;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "location", bad_locations[__i__], NULL);
  fail_unless_equals_int (gst_element_set_state (f.pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_FAILURE);
  error = gst_bus_pop_filtered (f.bus, GST_MESSAGE_ERROR);
  fail_unless (error != NULL);
  fail_unless (gst_bus_pop_filtered (f.bus, GST_MESSAGE_ERROR) == NULL);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (latency_is_live_and_nothing)
{
  Fixture f;
  RtmpPeer *publisher;
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  g_autoptr (GstPad) pad = NULL;
  GstClockTime min = 1, max = 0;
  gboolean live = FALSE;

  fixture_init (&f, "live/test");
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  gst_buffer_unref (next_buffer (&f, "video_0"));
  pad = gst_element_get_static_pad (f.src, "video_0");
  fail_unless (gst_pad_query (pad, query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  assert_equals_uint64 (min, 0);
  say_goodbye (publisher);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (statistics_count_what_happened)
{
  Fixture f;
  RtmpPeer *publisher;
  g_autoptr (GstStructure) stats = NULL;
  guint64 frames = 0, keyframes = 0, malformed = 0;

  fixture_init (&f, "live/test");
  g_object_set (f.src, "eos-on-unpublish", FALSE, NULL);
  publisher = publish (fixture_play (&f));
  send_configs (publisher);
  send_nal (publisher, 0, 0, TRUE, IDR);
  /* A length beyond the end, then frames until the next keyframe are lost. */
  send_hex (publisher, VIDEO, 40,
      "2701000000"
      "000000ff419a");
  send_nal (publisher, 80, 0, FALSE, P_SLICE);
  send_nal (publisher, 120, 0, TRUE, IDR);
  say_goodbye (publisher);
  expect_publication (&f, "started");
  expect_publication (&f, "ended");
  g_object_get (f.src, "stats", &stats, NULL);
  gst_structure_get (stats, "video-frames", G_TYPE_UINT64, &frames, "keyframes",
      G_TYPE_UINT64, &keyframes, "malformed", G_TYPE_UINT64, &malformed, NULL);
  assert_equals_uint64 (frames, 2);
  assert_equals_uint64 (keyframes, 2);
  assert_equals_uint64 (malformed, 1);
  fixture_clear (&f);
}
GST_END_TEST;

/* The client: nobody listens on a port that was just free. */
GST_START_TEST (unreachable_server_is_an_error)
{
  Fixture f;
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree gchar *location =
      g_strdup_printf ("rtmp://joe:pw@127.0.0.1:%u/live/test", port);

  g_socket_listener_close (listener);
  fixture_init (&f, "live/test");
  gst_util_set_object_arg (G_OBJECT (f.src), "role", "client");
  g_object_set (f.src, "location", location, NULL);
  gst_element_set_state (f.pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (f.bus, WAIT * GST_USECOND, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;
  gst_message_parse_error (message, &error, &debug);
  fail_if (strstr (error->message, "pw") != NULL);
  fixture_clear (&f);
}
GST_END_TEST;

/* --- ffmpeg -------------------------------------------------------------- */

static void
run (const gchar *const *argv)
{
  g_autoptr (GError) error = NULL;
  gint status = -1;

  fail_unless (g_spawn_sync (NULL, (gchar **) argv, NULL,
                   G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                       G_SPAWN_STDERR_TO_DEV_NULL,
                   NULL, NULL, NULL, NULL, &status, &error),
      "%s", error ? error->message : "");
  fail_unless (g_spawn_check_wait_status (status, NULL));
}

/* The frames of an FLV file (FLV 10.1, E.3): next one of @kind at *pos. */
static gboolean
next_file_frame (GBytes *file, gsize *pos, PenstockFlvKind kind, GBytes **frame)
{
  const guint8 type = kind == PENSTOCK_FLV_VIDEO ? 9 : 8;
  const gsize header = 11, back_pointer = 4;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);

  while (*pos + header <= size) {
    gsize start = *pos + header;
    gsize length = GST_READ_UINT24_BE (data + *pos + 1);
    PenstockFlvTag tag;

    *pos = start + length + back_pointer;
    if (data[start - header] != type ||
        penstock_flv_tag_parse (kind, data + start, length, &tag) !=
            PENSTOCK_RTMP_PARSE_DONE ||
        tag.n_items != 1 || tag.items[0].kind != PENSTOCK_FLV_ITEM_FRAME)
      continue;
    *frame = g_bytes_new_from_bytes (
        file, start + tag.items[0].offset, tag.items[0].size);
    return TRUE;
  }
  return FALSE;
}

typedef struct {
  const gchar *name;
  const gchar *video[6]; /* encoder arguments */
  gboolean has_video, has_audio;
} FfmpegRow;

static const FfmpegRow ffmpeg_rows[] = {
  { "H.264 with B-frames and AAC", { "-bf", "3", "-g", "12" }, TRUE, TRUE },
  { "video only, slices", { "-bf", "0", "-x264-params", "slices=4" }, TRUE,
      FALSE },
  { "audio only", { NULL }, FALSE, TRUE },
};

static void
add_arguments (GPtrArray *argv, const gchar *const *arguments)
{
  for (; *arguments; arguments++)
    g_ptr_array_add (argv, (gpointer) *arguments);
}

static gchar *
make_file (const FfmpegRow *row, const gchar *folder)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  gchar *path = g_build_filename (folder, "in.flv", NULL);
  const gchar *const begin[] = { "ffmpeg", "-y", NULL };
  const gchar *const duration[] = { "-t", "2", NULL };
  const gchar *const video[] = { "-f", "lavfi", "-i",
    "testsrc=size=160x120:rate=25", NULL };
  const gchar *const audio[] = { "-f", "lavfi", "-i", "sine", NULL };
  const gchar *const encode[] = { "-c:v", "libx264", "-preset", "ultrafast",
    "-pix_fmt", "yuv420p", NULL };

  add_arguments (argv, begin);
  if (row->has_video)
    add_arguments (argv, video);
  if (row->has_audio)
    add_arguments (argv, audio);
  if (row->has_video) {
    add_arguments (argv, encode);
    add_arguments (argv, row->video);
  }
  add_arguments (argv, duration);
  g_ptr_array_add (argv, path);
  g_ptr_array_add (argv, NULL);
  run ((const gchar *const *) argv->pdata);
  return path;
}

/* All frames of @pad up to EOS against the file's. */
static void
compare_frames (
    GPtrArray *buffers, GBytes *file, PenstockFlvKind kind, const gchar *name)
{
  GstClockTime last_dts = 0;
  gsize pos = 13; /* file header and first back pointer */
  guint n = 0;
  GBytes *expected;

  while (next_file_frame (file, &pos, kind, &expected)) {
    g_autoptr (GBytes) frame = expected;
    gsize size;
    const guint8 *data = g_bytes_get_data (frame, &size);
    GstBuffer *buffer;

    fail_unless (n < buffers->len, "%s: only %u frames", name, n);
    buffer = g_ptr_array_index (buffers, n++);
    fail_unless (gst_buffer_get_size (buffer) == size &&
            gst_buffer_memcmp (buffer, 0, data, size) == 0,
        "%s: frame %u differs", name, n);
    fail_unless (GST_BUFFER_DTS (buffer) >= last_dts);
    fail_unless (GST_BUFFER_PTS (buffer) >= GST_BUFFER_DTS (buffer));
    last_dts = GST_BUFFER_DTS (buffer);
  }
  fail_unless (
      n == buffers->len, "%s: %u frames too many", name, buffers->len - n);
}

/* Everything that passes until @n_pads pads have ended. */
static void
collect (Fixture *f, guint n_pads, GPtrArray *video, GPtrArray *audio)
{
  while (n_pads > 0) {
    g_autoptr (Passed) passed = g_async_queue_timeout_pop (f->passed, WAIT);

    fail_unless (passed != NULL);
    if (GST_IS_BUFFER (passed->object))
      g_ptr_array_add (g_str_has_prefix (passed->pad, "video") ? video : audio,
          gst_buffer_ref (GST_BUFFER_CAST (passed->object)));
    else if (GST_EVENT_TYPE (passed->object) == GST_EVENT_EOS)
      n_pads--;
  }
}

GST_START_TEST (frames_of_ffmpeg_arrive_bit_exact)
{
  const FfmpegRow *row = &ffmpeg_rows[__i__];
  g_autofree gchar *ffmpeg = g_find_program_in_path ("ffmpeg");
  g_autofree gchar *folder = g_dir_make_tmp ("penstock-XXXXXX", NULL);
  g_autofree gchar *path = NULL;
  g_autofree gchar *url = NULL;
  g_autofree gchar *contents = NULL;
  g_autoptr (GPtrArray) video =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  g_autoptr (GPtrArray) audio =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  g_autoptr (GBytes) file = NULL;
  gsize size = 0;
  Fixture f;

  if (!ffmpeg) {
    g_rmdir (folder);
    return;
  }
  path = make_file (row, folder);
  fixture_init (&f, "live/test");
  url = g_strdup_printf ("rtmp://127.0.0.1:%u/live/test", fixture_play (&f));
  run ((const gchar *const[]){
      "ffmpeg", "-i", path, "-c", "copy", "-f", "flv", url, NULL });
  collect (&f, row->has_video + row->has_audio, video, audio);

  g_file_get_contents (path, &contents, &size, NULL);
  file = g_bytes_new (contents, size);
  compare_frames (video, file, PENSTOCK_FLV_VIDEO, row->name);
  compare_frames (audio, file, PENSTOCK_FLV_AUDIO, row->name);
  fail_unless (video->len + audio->len > 0);
  fixture_clear (&f);
  g_unlink (path);
  g_rmdir (folder);
}
GST_END_TEST;

/* ffmpeg as the server; it does not say when it listens, so it is asked until
 * it does. */
GST_START_TEST (client_plays_from_ffmpeg)
{
  g_autofree gchar *ffmpeg = g_find_program_in_path ("ffmpeg");
  g_autofree gchar *folder = g_dir_make_tmp ("penstock-XXXXXX", NULL);
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  gint64 end = g_get_monotonic_time () + WAIT;
  g_autoptr (GSubprocess) server = NULL;
  GstMessage *error;
  Fixture f;

  g_socket_listener_close (listener);
  if (!ffmpeg) {
    g_rmdir (folder);
    return;
  }
  g_autofree gchar *path = make_file (&ffmpeg_rows[0], folder);
  g_autofree gchar *url =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/test", port);
  server = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDERR_SILENCE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE,
      NULL, "ffmpeg", "-re", "-i", path, "-c", "copy", "-f", "flv", "-listen",
      "1", url, NULL);

  fixture_init (&f, "live/test");
  gst_util_set_object_arg (G_OBJECT (f.src), "role", "client");
  g_object_set (f.src, "location", url, NULL);
  do {
    gst_element_set_state (f.pipeline, GST_STATE_NULL);
    gst_element_set_state (f.pipeline, GST_STATE_PLAYING);
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        f.bus, WAIT * GST_USECOND, GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT);
    fail_unless (message != NULL);
    error = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR ? message : NULL;
  } while (error && g_get_monotonic_time () < end);
  fail_unless (error == NULL);

  g_autoptr (GstBuffer) key = next_buffer (&f, "video_0");
  fail_if (GST_BUFFER_FLAG_IS_SET (key, GST_BUFFER_FLAG_DELTA_UNIT));
  g_autoptr (GstBuffer) sound = next_buffer (&f, "audio_0");
  expect_eos (&f, "video_0");
  g_subprocess_force_exit (server);
  g_subprocess_wait (server, NULL, NULL);
  fixture_clear (&f);
  g_unlink (path);
  g_rmdir (folder);
}
GST_END_TEST;

/* The line of the element's documentation, with a free port and no window. */
GST_START_TEST (launch_line_shows_pictures)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline =
      gst_parse_launch ("penstockrtmpsrc name=src "
                        "location=rtmp://127.0.0.1:0/live/test ! h264parse ! "
                        "avdec_h264 ! fakesink name=sink",
          &error);
  g_autofree gchar *ffmpeg = g_find_program_in_path ("ffmpeg");
  g_autofree gchar *folder = g_dir_make_tmp ("penstock-XXXXXX", NULL);
  g_autoptr (GstSample) sample = NULL;

  fail_unless (error == NULL);
  if (!ffmpeg) {
    g_rmdir (folder);
    return;
  }
  g_autofree gchar *path = make_file (&ffmpeg_rows[0], folder);
  g_autoptr (GstElement) src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  guint port;

  g_object_set (sink, "sync", FALSE, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_object_get (src, "port", &port, NULL);
  g_autofree gchar *url =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/test", port);
  run ((const gchar *const[]){
      "ffmpeg", "-i", path, "-c", "copy", "-f", "flv", url, NULL });
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, WAIT * GST_USECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  g_object_get (sink, "last-sample", &sample, NULL);
  fail_unless (sample != NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_unlink (path);
  g_rmdir (folder);
}
GST_END_TEST;

static Suite *
rtmp_src_suite (void)
{
  Suite *s = suite_create ("rtmp-src");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, frames_arrive_as_they_were_sent);
  tcase_add_test (tc, caps_are_canonical);
  tcase_add_test (tc, goodbye_ends_the_stream);
  tcase_add_test (tc, lost_publisher_comes_back_to_the_same_pads);
  tcase_add_test (tc, publication_is_over_when_nobody_comes_back);
  tcase_add_test (tc, new_sequence_header_changes_caps_at_the_next_keyframe);
  tcase_add_test (tc, parameter_sets_in_band_change_caps);
  tcase_add_test (tc, start_codes_become_lengths);
  tcase_add_test (tc, unsupported_audio_does_not_stop_video);
  tcase_add_test (tc, publication_without_media_is_no_end);
  tcase_add_test (tc, media_that_nobody_can_use_is_noticed);
  tcase_add_test (tc, audio_only_stream_needs_no_wait);
  tcase_add_test (tc, late_track_adds_a_pad_after_the_wait);
  tcase_add_test (tc, silent_kind_gets_gaps);
  tcase_add_test (tc, each_track_has_a_pad);
  tcase_add_loop_test (tc, codec_is_carried, 0, G_N_ELEMENTS (codec_rows));
  tcase_add_test (tc, frames_of_one_message_have_times_of_their_own);
  tcase_add_test (tc, two_elements_share_a_port);
  tcase_add_test (tc, same_path_twice_is_an_error);
  tcase_add_test (tc, element_goes_down_and_up_again);
  tcase_add_test (tc, pause_and_resume_waits_for_a_keyframe);
  tcase_add_test (tc, application_ends_the_stream);
  tcase_add_test (tc, publish_key_is_asked_for_and_never_told);
  tcase_add_loop_test (
      tc, application_decides_who_publishes, 0, G_N_ELEMENTS (verdicts));
  tcase_add_test (tc, location_is_read_back_without_secrets);
  tcase_add_loop_test (
      tc, bad_location_is_one_error, 0, G_N_ELEMENTS (bad_locations));
  tcase_add_test (tc, latency_is_live_and_nothing);
  tcase_add_test (tc, statistics_count_what_happened);
  tcase_add_test (tc, unreachable_server_is_an_error);
  tcase_add_loop_test (
      tc, frames_of_ffmpeg_arrive_bit_exact, 0, G_N_ELEMENTS (ffmpeg_rows));
  tcase_add_test (tc, client_plays_from_ffmpeg);
  tcase_add_test (tc, launch_line_shows_pictures);
  return s;
}

GST_CHECK_MAIN (rtmp_src);
