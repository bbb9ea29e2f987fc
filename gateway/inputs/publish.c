/* SPDX-License-Identifier: MIT
 *
 * Input `publish`: waits for an encoder to publish to the route's path over
 * RTMP. One pipeline serves one publisher after the other. */

#include "../config-url.h"
#include "../penstock-error.h"
#include "input.h"

static void
take_pad (GstElement *element, GstPad *pad, gpointer sink)
{
  g_autoptr (GstObject) pipeline = gst_object_get_parent (GST_OBJECT (element));

  if (pipeline)
    penstock_input_link_pad (GST_BIN (pipeline), sink, pad);
}

static const gchar *
policy_nick (PenstockPublisherPolicy policy)
{
  switch (policy) {
  case PENSTOCK_PUBLISHER_TAKEOVER:
    return "takeover";
  case PENSTOCK_PUBLISHER_REJECT:
    return "reject";
  default:
    return "takeover-stale";
  }
}

static gboolean
build_publish (const PenstockInputBuild *input, GError **error)
{
  const PenstockRouteConfig *route = input->route_config;

  if (!input->rtmp_listen || !input->rtmp_listen->set) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG,
        "the gateway does not listen for RTMP");
    return FALSE;
  }
  GstElement *element = penstock_input_make_element ("penstockrtmpsrc", error);
  if (!element)
    return FALSE;
  g_autofree gchar *address =
      penstock_listen_address_to_string (input->rtmp_listen);
  g_autofree gchar *location = g_strdup_printf ("rtmp%s://%s/%s",
      input->rtmp_listen->tls ? "s" : "", address, input->route);
  gst_util_set_object_arg (G_OBJECT (element), "role", "server");
  gst_util_set_object_arg (G_OBJECT (element), "publisher-policy",
      policy_nick (route->publisher_policy));
  g_object_set (element, "location", location, "publish-key",
      route->publish_key, "publisher-grace-ms", route->publisher_grace_ms,
      "eos-on-unpublish", FALSE, NULL);
  gst_bin_add (input->pipeline, element);
  g_signal_connect_object (
      element, "pad-added", G_CALLBACK (take_pad), input->sink, 0);
  return TRUE;
}

const PenstockInputType penstock_input_publish = {
  .name = "publish",
  .build = build_publish,
  .waits = TRUE,
};
