/* SPDX-License-Identifier: MIT
 *
 * Publishes a file by RTMP, in real time and for ever, with stamps (stamp.h):
 *
 *   stamp-source FILE.mp4 rtmp://127.0.0.1:1935/live/bench [EVERY]
 *
 * One in EVERY pictures has a stamp, 5 by default.
 *
 * A stamp tells when the picture goes to the network, not when it entered the
 * muxer, which waits for the other track. */

#include <gst/gst.h>
#include <stdio.h>
#include <string.h>

#include "clip.h"
#include "stamp.h"

#define STAMP_EVERY 5
#define MAX_STAMP_EVERY 1000
/* An FLV tag and its codec header stand before the stamp's NAL unit. */
#define SEARCH_SIZE 256

/* The muxer moves the times of a track that comes behind the other, as one does
 * on a busy machine, unless it may wait for it. */
#define PIPELINE                                                               \
  "appsrc name=video is-live=true format=time ! mux.video "                    \
  "appsrc name=audio is-live=true format=time ! mux.audio "                    \
  "flvmux name=mux streamable=true latency=1000000000 "                        \
  "! rtmp2sink name=sink"

static GstPadProbeReturn
refresh_stamp (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer =
      gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  GstMapInfo map;

  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READWRITE))
    return GST_PAD_PROBE_OK;
  for (gsize at = 0; at + STAMP_NAL_SIZE <= MIN (map.size, SEARCH_SIZE); at++) {
    guint64 stamp;

    if (!stamp_read (map.data + at, STAMP_NAL_SIZE, &stamp))
      continue;
    stamp_write (stamp_now (), map.data + at);
    break;
  }
  gst_buffer_unmap (buffer, &map);
  return GST_PAD_PROBE_OK;
}

static GstElement *
make_pipeline (Clip *clip, const gchar *url, guint every, GError **error)
{
  GstElement *pipeline = gst_parse_launch (PIPELINE, error);
  g_autoptr (GstElement) video = NULL;
  g_autoptr (GstElement) audio = NULL;
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GstPad) pad = NULL;

  if (pipeline == NULL)
    return NULL;
  video = gst_bin_get_by_name (GST_BIN (pipeline), "video");
  audio = gst_bin_get_by_name (GST_BIN (pipeline), "audio");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  pad = gst_element_get_static_pad (sink, "sink");
  g_object_set (sink, "location", url, "sync", FALSE, NULL);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, refresh_stamp, NULL, NULL);
  clip_play (clip, GST_APP_SRC (video), GST_APP_SRC (audio), every);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return pipeline;
}

gint
main (gint argc, gchar **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;
  Clip *clip = NULL;
  guint64 every = STAMP_EVERY;

  gst_init (&argc, &argv);
  if (argc < 3 || argc > 4 ||
      (argc == 4 &&
          !g_ascii_string_to_unsigned (
              argv[3], 10, 1, MAX_STAMP_EVERY, &every, NULL))) {
    fprintf (stderr,
        "usage: stamp-source FILE.mp4 rtmp://HOST:PORT/APP/NAME [EVERY]\n");
    return 2;
  }
  clip = clip_load (argv[1], &error);
  if (clip != NULL)
    pipeline = make_pipeline (clip, argv[2], (guint) every, &error);
  if (pipeline != NULL) {
    bus = gst_element_get_bus (pipeline);
    message = gst_bus_timed_pop_filtered (
        bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      gst_message_parse_error (message, &error, NULL);
    gst_element_set_state (pipeline, GST_STATE_NULL);
  }
  fprintf (stderr, "stamp-source: %s\n", error ? error->message : "ended");
  /* The clip's thread may still run: process exit ends both. */
  return 1;
}
