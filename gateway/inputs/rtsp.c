/* SPDX-License-Identifier: MIT
 *
 * Input `rtsp`: pulls a camera or server with rtspsrc. */

#include <stdio.h>

#include "../rtsp/rtsp-depayload.h"
#include "input-problem.h"
#include "input.h"
#include "rtsp-sync.h"

/* GST_RTSP_LOWER_TRANS_TCP; _UDP | _UDP_MCAST for cameras that insist. */
#define PROTOCOLS_TCP "tcp"
#define PROTOCOLS_UDP "udp+udp-mcast"
#define USER_AGENT "Penstock/0.1"

/* What an attempt's signals need. */
typedef struct {
  GstBin *pipeline; /* not owned: holds the source this hangs on */
  GstElement *sink;
  gchar *name; /* of the source, for messages */

  guint n_selected; /* streams; task of rtspsrc */

  GMutex lock;      /* guards the rest */
  GHashTable *seen; /* numbers of the streams that have a pad */
} Source;

static void
source_free (Source *source)
{
  g_hash_table_unref (source->seen);
  g_mutex_clear (&source->lock);
  g_free (source->name);
  g_free (source);
}

/* --- which streams --------------------------------------------------------- */

/* Task of rtspsrc: one call for each stream of the SDP. Its pads come with the
 * first packets, the channel must know before how many to wait for. */
static gboolean
select_stream (
    GstElement *element, guint number, GstCaps *caps, gpointer user_data)
{
  Source *source = user_data;
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  const gchar *media = gst_structure_get_string (s, "media");
  const gchar *encoding = gst_structure_get_string (s, "encoding-name");
  g_autofree gchar *reason = penstock_rtsp_depayload_check (media, encoding);

  if (!reason) {
    source->n_selected++;
    if (g_strcmp0 (media, "video") == 0)
      penstock_rtsp_sync_expect_video (element);
    g_object_set (source->sink, "expected-streams", source->n_selected, NULL);
    return TRUE;
  }
  g_autofree gchar *track = g_strdup_printf ("%s stream %u (%s)",
      media ? media : "unknown", number, encoding ? encoding : "no name");
  penstock_input_ignore_track (element, track, reason);
  return FALSE;
}

/* A second pad for a stream: the server has begun anew (other SSRC) or changed
 * the payload type. Its timeline is another one, so is the attempt. */
static gboolean
is_second_pad (Source *source, GstPad *pad)
{
  guint number;

  if (sscanf (GST_PAD_NAME (pad), "recv_rtp_src_%u_", &number) != 1)
    return FALSE;
  g_mutex_lock (&source->lock);
  gboolean second = !g_hash_table_add (source->seen, GUINT_TO_POINTER (number));
  g_mutex_unlock (&source->lock);
  return second;
}

static void
take_pad (GstElement *element, GstPad *pad, gpointer user_data)
{
  Source *source = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  if (!GST_PAD_IS_SRC (pad))
    return;
  if (is_second_pad (source, pad)) {
    g_autofree gchar *reason = g_strdup_printf (
        "%s: the server began a stream anew, connecting again", source->name);
    penstock_input_discard_pad (source->pipeline, pad);
    penstock_input_fail (element, FALSE, reason);
    return;
  }
  if (!caps)
    caps = gst_pad_query_caps (pad, NULL);
  const gchar *encoding = gst_caps_is_empty (caps) || gst_caps_is_any (caps)
      ? NULL
      : gst_structure_get_string (
            gst_caps_get_structure (caps, 0), "encoding-name");
  const PenstockRtspDepayload *row = penstock_rtsp_depayload_find (encoding);
  GstElement *depayloader =
      row ? penstock_input_make_element (row->depayloader, &error) : NULL;
  if (!depayloader) {
    penstock_input_ignore_track (element, encoding ? encoding : "a stream",
        error ? error->message : "this codec is not carried");
    penstock_input_discard_pad (source->pipeline, pad);
    return;
  }
  gst_bin_add (source->pipeline, depayloader);
  g_autoptr (GstPad) in = gst_element_get_static_pad (depayloader, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (depayloader, "src");
  penstock_input_link_pad (source->pipeline, source->sink, out);
  gst_element_sync_state_with_parent (depayloader);
  gst_pad_link (pad, in);
}

/* --- the source ------------------------------------------------------------ */

static void
set_up (GstElement *element, const PenstockInputConfig *config)
{
  /* The URL stays free of credentials: GStreamer logs it. drop-on-latency
   * stays off: a server that starts with a burst (its GOP cache) would lose
   * the keyframe, and nothing behind us ever waits. */
  /* RTP time as it is: the channel follows the camera's clock itself, and the
   * burst of a server's GOP cache keeps its distances. */
  gst_util_set_object_arg (G_OBJECT (element), "buffer-mode", "none");
  g_object_set (element, "location", config->url, "user-agent", USER_AGENT,
      "latency", config->latency_ms, "do-rtsp-keep-alive", TRUE, NULL);
  if (config->user)
    g_object_set (element, "user-id", config->user, "user-pw",
        config->password ? config->password : "", NULL);
  gst_util_set_object_arg (G_OBJECT (element), "protocols",
      config->transport == PENSTOCK_TRANSPORT_UDP ? PROTOCOLS_UDP
                                                  : PROTOCOLS_TCP);
  if (config->connect_timeout_ms)
    g_object_set (element, "tcp-timeout",
        (guint64) config->connect_timeout_ms * 1000, NULL);
  /* Since 1.24.10: follow the camera's clock over TCP, too. */
  if (g_object_class_find_property (
          G_OBJECT_GET_CLASS (element), "tcp-timestamp"))
    g_object_set (element, "tcp-timestamp", TRUE, NULL);
}

static gboolean
build_rtsp (const PenstockInputBuild *input, GError **error)
{
  GstElement *element = penstock_input_make_element ("rtspsrc", error);

  if (!element)
    return FALSE;
  Source *source = g_new0 (Source, 1);
  source->pipeline = input->pipeline;
  source->sink = input->sink;
  source->name = penstock_input_describe (input->config);
  source->seen = g_hash_table_new (NULL, NULL);
  g_mutex_init (&source->lock);
  g_object_set_data_full (G_OBJECT (element), "penstock-source", source,
      (GDestroyNotify) source_free);

  set_up (element, input->config);
  penstock_rtsp_sync_attach (element);
  gst_bin_add (input->pipeline, element);
  g_signal_connect (
      element, "select-stream", G_CALLBACK (select_stream), source);
  g_signal_connect (element, "pad-added", G_CALLBACK (take_pad), source);
  return TRUE;
}

const PenstockInputType penstock_input_rtsp = {
  .name = "rtsp",
  .build = build_rtsp,
  .is_network = TRUE,
};
