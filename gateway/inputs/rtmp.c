/* SPDX-License-Identifier: MIT
 *
 * Input `rtmp`: plays a stream of another RTMP server. */

#include "input.h"

static void
take_pad (GstElement *element, GstPad *pad, gpointer sink)
{
  g_autoptr (GstObject) pipeline = gst_object_get_parent (GST_OBJECT (element));

  if (pipeline)
    penstock_input_link_pad (GST_BIN (pipeline), sink, pad);
}

static gboolean
build_rtmp (const PenstockInputBuild *input, GError **error)
{
  const PenstockInputConfig *config = input->config;
  GstElement *element = penstock_input_make_element ("penstockrtmpsrc", error);

  if (!element)
    return FALSE;
  gst_util_set_object_arg (G_OBJECT (element), "role", "client");
  g_object_set (element, "location", config->url, "tls-verify",
      config->tls_verify, "tls-ca-file", config->tls_ca_file, NULL);
  if (config->user)
    g_object_set (element, "user", config->user, "password",
        config->password ? config->password : "", NULL);
  if (config->connect_timeout_ms)
    g_object_set (
        element, "connect-timeout-ms", config->connect_timeout_ms, NULL);
  if (config->no_data_timeout_ms)
    g_object_set (element, "timeout-ms", config->no_data_timeout_ms, NULL);
  gst_bin_add (input->pipeline, element);
  g_signal_connect_object (
      element, "pad-added", G_CALLBACK (take_pad), input->sink, 0);
  return TRUE;
}

const PenstockInputType penstock_input_rtmp = {
  .name = "rtmp",
  .build = build_rtmp,
  .is_network = TRUE,
};
