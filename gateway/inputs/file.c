/* SPDX-License-Identifier: MIT
 *
 * Input `file`: a media file, played in real time (file-source.c). */

#include "file-source.h"
#include "input-attempt.h"
#include "input.h"

static void
link_stream (GstElement *source, GstPad *pad, gpointer sink)
{
  g_autoptr (GstPad) target = gst_element_request_pad_simple (sink, "sink_%u");

  if (g_str_has_prefix (GST_PAD_NAME (pad), "video"))
    penstock_input_attempt_mark_video (target);
  gst_pad_link (pad, target);
}

static gboolean
build_file (const PenstockInputBuild *input, GError **error)
{
  GstElement *source =
      penstock_file_source_new (input->config->path, input->config->loop, TRUE);

  gst_bin_add (input->pipeline, source);
  g_signal_connect_object (
      source, "pad-added", G_CALLBACK (link_stream), input->sink, 0);
  return TRUE;
}

const PenstockInputType penstock_input_file = {
  .name = "file",
  .build = build_file,
};
