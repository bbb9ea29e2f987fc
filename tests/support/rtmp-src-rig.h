/* SPDX-License-Identifier: MIT
 *
 * For tests of penstockrtmpsrc: a pipeline whose pads report what passes, and a
 * publisher made of the product's own session. */
#ifndef PENSTOCK_TEST_RTMP_SRC_RIG_H
#define PENSTOCK_TEST_RTMP_SRC_RIG_H

#include <gst/check/gstcheck.h>
#include <gio/gio.h>

#include "hex.h"
#include "rtmp-peer.h"
#include "rtmp/rtmp-message.h"

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

static inline void
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

static inline GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Fixture *f = user_data;
  Passed *passed = g_new0 (Passed, 1);

  passed->pad = gst_pad_get_name (pad);
  passed->object = gst_mini_object_ref (GST_PAD_PROBE_INFO_DATA (info));
  g_async_queue_push (f->passed, passed);
  return GST_PAD_PROBE_OK;
}

static inline void
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

static inline void
on_no_more_pads (GstElement *src, gpointer user_data)
{
  Fixture *f = user_data;

  g_async_queue_push (f->no_more_pads, GINT_TO_POINTER (1));
}

static inline void
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

static inline guint
fixture_play (Fixture *f)
{
  guint port = 0;

  fail_if (gst_element_set_state (f->pipeline, GST_STATE_PLAYING) ==
      GST_STATE_CHANGE_FAILURE);
  g_object_get (f->src, "port", &port, NULL);
  fail_unless (port > 0);
  return port;
}

static inline void
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
static inline GstMiniObject *
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

static inline GstBuffer *
next_buffer (Fixture *f, const gchar *pad)
{
  return GST_BUFFER_CAST (next (f, pad, GST_EVENT_UNKNOWN));
}

static inline void
expect_eos (Fixture *f, const gchar *pad)
{
  gst_mini_object_unref (next (f, pad, GST_EVENT_EOS));
}

static inline void
assert_payload (GstBuffer *buffer, const gchar *hex)
{
  g_autoptr (GBytes) expected = bytes_from_hex (hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (expected, &size);

  fail_unless_equals_int (gst_buffer_get_size (buffer), size);
  fail_unless_equals_int (gst_buffer_memcmp (buffer, 0, data, size), 0);
}

static inline void
assert_caps (GstCaps *caps, GstCaps *expected)
{
  g_autofree gchar *text = gst_caps_to_string (caps);

  fail_unless (gst_caps_is_equal (caps, expected), "%s", text);
}

static inline GstCaps *
caps_of (Fixture *f, const gchar *pad_name)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (f->src, pad_name);

  fail_unless (pad != NULL, "no pad %s", pad_name);
  return gst_pad_get_current_caps (pad);
}

/* Waits for an element message; the structure's field @field. */
static inline gchar *
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

static inline void
expect_publication (Fixture *f, const gchar *state)
{
  g_autofree gchar *got = next_message (f, "penstock-publication", "state");

  fail_unless_equals_string (got, state);
}

/* --- Messages ------------------------------------------------------------ */

static inline void
send_hex (RtmpPeer *peer, guint8 type, guint32 timestamp, const gchar *hex)
{
  g_autoptr (GBytes) bytes = bytes_from_hex (hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  penstock_rtmp_session_send (peer->session, type, timestamp, data, size);
  rtmp_peer_flush (peer);
}

static inline void
send_configs (RtmpPeer *publisher)
{
  send_hex (publisher, VIDEO, 0, "1700000000" AVCC);
  send_hex (publisher, AUDIO, 0, "af00" ASC);
}

static inline void
send_nal (RtmpPeer *publisher, guint32 timestamp, gint cts, gboolean key,
    const gchar *nal)
{
  g_autofree gchar *hex = g_strdup_printf ("%s01%06x%08x%s", key ? "17" : "27",
      cts & 0xffffff, (guint) strlen (nal) / 2, nal);

  send_hex (publisher, VIDEO, timestamp, hex);
}

static inline RtmpPeer *
publish (guint port)
{
  return rtmp_peer_publish (port, "live", "test");
}

static inline void
expect_refusal (guint port, const gchar *name)
{
  RtmpPeer *peer = rtmp_peer_new (port, "live", name);

  fail_unless_equals_int (rtmp_peer_next (peer), PENSTOCK_RTMP_EVENT_REFUSED);
  rtmp_peer_free (peer);
}

/* Ends the publication and waits until the server has closed. */
static inline void
say_goodbye (RtmpPeer *peer)
{
  rtmp_peer_say_goodbye (peer);
  shutdown (peer->fd, SHUT_WR);
  fail_unless (rtmp_peer_is_closed (peer->fd));
  rtmp_peer_free (peer);
}

#endif /* PENSTOCK_TEST_RTMP_SRC_RIG_H */
