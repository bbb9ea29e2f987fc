/* SPDX-License-Identifier: MIT
 *
 * The peer of the comparison: gst-rtsp-server as it comes, one shared media
 * played from a file in memory, in real time and for ever, with stamps
 * (stamp.h). Tells its port on standard output:
 *
 *   stock-server FILE.mp4 [EVERY]
 *   rtsp://127.0.0.1:41237/bench */

#include <gst/rtsp-server/rtsp-server.h>
#include <stdio.h>

#include "clip.h"

/* One in so many pictures has a stamp. */
#define STAMP_EVERY 5
#define MAX_STAMP_EVERY 1000

static guint64 stamp_every = STAMP_EVERY;

#define LAUNCH                                                                 \
  "( appsrc name=video is-live=true format=time ! h264parse "                  \
  "config-interval=-1 ! rtph264pay name=pay0 pt=96 "                           \
  "appsrc name=audio is-live=true format=time ! aacparse "                     \
  "! rtpmp4gpay name=pay1 pt=97 )"

static void
configure (GstRTSPMediaFactory *factory, GstRTSPMedia *media, gpointer data)
{
  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (media);
  g_autoptr (GstElement) video =
      gst_bin_get_by_name_recurse_up (GST_BIN (bin), "video");
  g_autoptr (GstElement) audio =
      gst_bin_get_by_name_recurse_up (GST_BIN (bin), "audio");

  clip_play (
      data, GST_APP_SRC (video), GST_APP_SRC (audio), (guint) stamp_every);
}

gint
main (gint argc, gchar **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = NULL;
  g_autoptr (GstRTSPServer) server = NULL;
  g_autoptr (GstRTSPMountPoints) mounts = NULL;
  GstRTSPMediaFactory *factory;
  Clip *clip;

  gst_init (&argc, &argv);
  if (argc < 2 || argc > 3 ||
      (argc == 3 &&
          !g_ascii_string_to_unsigned (
              argv[2], 10, 1, MAX_STAMP_EVERY, &stamp_every, NULL))) {
    fprintf (stderr, "usage: stock-server FILE.mp4 [EVERY]\n");
    return 2;
  }
  clip = clip_load (argv[1], &error);
  if (clip == NULL) {
    fprintf (stderr, "stock-server: %s\n", error->message);
    return 1;
  }
  server = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (server, "127.0.0.1");
  gst_rtsp_server_set_service (server, "0");
  gst_rtsp_server_set_backlog (server, 512);
  factory = gst_rtsp_media_factory_new ();
  gst_rtsp_media_factory_set_launch (factory, LAUNCH);
  gst_rtsp_media_factory_set_shared (factory, TRUE);
  g_signal_connect (factory, "media-configure", G_CALLBACK (configure), clip);
  mounts = gst_rtsp_server_get_mount_points (server);
  gst_rtsp_mount_points_add_factory (mounts, "/bench", factory);
  if (gst_rtsp_server_attach (server, NULL) == 0) {
    fprintf (stderr, "stock-server: no port to listen on\n");
    return 1;
  }
  printf (
      "rtsp://127.0.0.1:%d/bench\n", gst_rtsp_server_get_bound_port (server));
  fflush (stdout);
  loop = g_main_loop_new (NULL, FALSE);
  g_main_loop_run (loop);
  return 0;
}
