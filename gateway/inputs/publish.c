/* SPDX-License-Identifier: MIT
 *
 * Input `publish`: waits for an encoder to publish to the route's path, by RTMP
 * or RTSP. One pipeline serves one publisher after the other: a source for each
 * protocol, and one seat for all. */

#include "../config-url.h"
#include "../penstock-error.h"
#include "input.h"
#include "publish-port.h"

static void
take_pad (GstElement *element, GstPad *pad, gpointer sink)
{
  g_autoptr (GstObject) pipeline = gst_object_get_parent (GST_OBJECT (element));

  if (pipeline)
    penstock_input_link_pad (GST_BIN (pipeline), sink, pad);
}

static PenstockSeatPolicy
seat_policy (PenstockPublisherPolicy policy)
{
  switch (policy) {
  case PENSTOCK_PUBLISHER_TAKEOVER:
    return PENSTOCK_SEAT_TAKEOVER;
  case PENSTOCK_PUBLISHER_REJECT:
    return PENSTOCK_SEAT_REJECT;
  default:
    return PENSTOCK_SEAT_TAKEOVER_STALE;
  }
}

/* Where only a user may publish, RTMP publishers are refused with the reason by
 * who makes routes: nobody claims the path. */
static gboolean
takes_rtmp (const PenstockInputBuild *input)
{
  const PenstockRouteConfig *route = input->route_config;

  return input->rtmp_listen && input->rtmp_listen->set &&
      (route->publish_key || !route->publish_user);
}

static gboolean
add_rtmp (const PenstockInputBuild *input, PenstockPublisherSeat *seat,
    GError **error)
{
  const PenstockRouteConfig *route = input->route_config;
  GstElement *element = penstock_input_make_element ("penstockrtmpsrc", error);

  if (!element)
    return FALSE;
  g_autofree gchar *address =
      penstock_listen_address_to_string (input->rtmp_listen);
  g_autofree gchar *location = g_strdup_printf ("rtmp%s://%s/%s",
      input->rtmp_listen->tls ? "s" : "", address, input->route);
  gst_util_set_object_arg (G_OBJECT (element), "role", "server");
  g_object_set (element, "location", location, "publish-key",
      route->publish_key, "publisher-seat", seat, "publisher-grace-ms",
      route->publisher_grace_ms, "eos-on-unpublish", FALSE, NULL);
  gst_bin_add (input->pipeline, element);
  g_signal_connect_object (
      element, "pad-added", G_CALLBACK (take_pad), input->sink, 0);
  return TRUE;
}

static void
add_port (const PenstockInputBuild *input, PenstockPublisherSeat *seat)
{
  const PenstockPublishPortSettings settings = {
    .ports = input->ports,
    .name = input->route,
    .seat = seat,
    .grace_ms = input->route_config->publisher_grace_ms,
    .sink = input->sink,
  };

  gst_bin_add (input->pipeline, penstock_publish_port_new (&settings));
}

static gboolean
build_publish (const PenstockInputBuild *input, GError **error)
{
  gboolean rtmp = takes_rtmp (input);

  if (!rtmp && !input->ports) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG,
        "the gateway listens neither for RTMP nor for RTSP");
    return FALSE;
  }
  PenstockPublisherSeat *seat = penstock_publisher_seat_new (
      seat_policy (input->route_config->publisher_policy));
  gboolean ok = !rtmp || add_rtmp (input, seat, error);
  if (ok && input->ports)
    add_port (input, seat);
  penstock_publisher_seat_unref (seat);
  return ok;
}

const PenstockInputType penstock_input_publish = {
  .name = "publish",
  .build = build_publish,
  .waits = TRUE,
};
