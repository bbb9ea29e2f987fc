/* SPDX-License-Identifier: MIT
 *
 * What a configuration would run, for people. */

#include "config-describe.h"

#include <string.h>

#include "config-fields.h"
#include "config-url.h"
#include "log.h"

static const gchar *
enum_name (const gchar *parent, const gchar *key, gint value)
{
  const PenstockField *field = penstock_field_find (parent, key, -1);

  return penstock_field_value_name (field->values, value);
}

static void
describe_pull (GString *out, const PenstockInputConfig *input)
{
  g_autofree gchar *url = penstock_log_mask_uri (input->url);

  g_string_append (out, url);
  if (input->kind == PENSTOCK_INPUT_RTSP)
    g_string_append_printf (out, " over %s",
        enum_name ("/routes/*/input", "transport", input->transport));
  if (input->user)
    g_string_append (out, ", with credentials");
}

static void
describe_test (GString *out, const PenstockInputConfig *input)
{
  g_string_append (out, "test");
  if (input->video)
    g_string_append_printf (out, " picture %s %ux%u at %u/s", input->pattern,
        input->width, input->height, input->framerate);
  if (input->audio)
    g_string_append_printf (
        out, "%s tone %u Hz", input->video ? "," : "", input->tone_hz);
}

/* Names of files may be anything, the description is UTF-8. */
static void
describe_path (GString *out, const gchar *before, const gchar *path)
{
  g_autofree gchar *shown = g_filename_display_name (path);

  g_string_append_printf (out, "%s%s", before, shown);
}

static void
describe_publish (GString *out, const PenstockRouteConfig *route)
{
  g_string_append (out, "publish, ");
  if (!route->publish_key && !route->publish_user)
    g_string_append (out, "anybody may");
  if (route->publish_key)
    g_string_append (out, "with a key");
  if (route->publish_user)
    g_string_append_printf (
        out, "%swith credentials", route->publish_key ? " or " : "");
}

static void
describe_input (GString *out, const PenstockRouteConfig *route)
{
  const PenstockInputConfig *input = &route->input;

  switch (input->kind) {
  case PENSTOCK_INPUT_PUBLISH:
    describe_publish (out, route);
    break;
  case PENSTOCK_INPUT_RTSP:
  case PENSTOCK_INPUT_RTMP:
    describe_pull (out, input);
    break;
  case PENSTOCK_INPUT_FILE:
    describe_path (out, "file ", input->path);
    g_string_append (out, input->loop ? ", looped" : ", once");
    break;
  case PENSTOCK_INPUT_TEST:
    describe_test (out, input);
    break;
  case PENSTOCK_INPUT_LAUNCH:
    /* The description may hold a password: not shown. */
    g_string_append (out, "launch");
    break;
  }
}

static void
describe_output (GString *out, const PenstockOutputConfig *output)
{
  g_string_append (
      out, enum_name ("/routes/*/outputs/*", "type", output->kind));
  if (output->kind == PENSTOCK_OUTPUT_RTSP && output->user)
    g_string_append (out, " (with credentials)");
  if (output->kind != PENSTOCK_OUTPUT_DASH)
    return;
  g_string_append_printf (out, " (%u ms segments, %u s window, audio %s",
      output->segment_ms, output->window_s,
      enum_name ("/routes/*/outputs/*", "audio", output->audio));
  if (output->low_latency)
    g_string_append_printf (out, ", %u ms latency", output->latency_ms);
  if (!output->hls)
    g_string_append (out, ", no HLS");
  if (output->directory)
    describe_path (out, ", into ", output->directory);
  g_string_append_c (out, ')');
}

static void
describe_listener (
    GString *out, const gchar *name, const PenstockListenAddress *address)
{
  g_autofree gchar *text = penstock_listen_address_to_string (address);

  g_string_append_printf (out, "listen %s: %s\n", name, text);
}

gchar *
penstock_config_data_describe (const PenstockConfigData *data)
{
  GString *out = g_string_new (NULL);

  describe_listener (out, "rtmp", &data->listen_rtmp);
  if (data->listen_rtmps.set)
    describe_listener (out, "rtmps", &data->listen_rtmps);
  describe_listener (out, "rtsp", &data->listen_rtsp);
  if (data->listen_rtsps.set)
    describe_listener (out, "rtsps", &data->listen_rtsps);
  describe_listener (out, "http", &data->listen_http);
  if (data->listen_https.set)
    describe_listener (out, "https", &data->listen_https);
  for (guint i = 0; i < data->routes->len; i++) {
    const PenstockRouteConfig *route = g_ptr_array_index (data->routes, i);
    g_string_append_printf (
        out, "%s %s: ", route->is_template ? "template" : "route", route->name);
    describe_input (out, route);
    g_string_append (out, " -> ");
    for (guint j = 0; j < route->outputs->len; j++) {
      g_string_append (out, j ? ", " : "");
      describe_output (out, g_ptr_array_index (route->outputs, j));
    }
    g_string_append_c (out, '\n');
  }
  return g_string_free (out, FALSE);
}

/* --- URLs ------------------------------------------------------------------ */

/* A line with a URL; every address is best reached as localhost from here. */
static void
add_url (GString *out, const gchar *what, const gchar *scheme,
    const PenstockListenAddress *address, guint port, const gchar *path)
{
  gboolean any = g_str_equal (address->host, "::") ||
      g_str_equal (address->host, "0.0.0.0");
  gboolean ipv6 = !any && strchr (address->host, ':');

  g_string_append_printf (out, "  %-9s %s://%s%s%s:%u/%s\n", what, scheme,
      ipv6 ? "[" : "", any ? "localhost" : address->host, ipv6 ? "]" : "", port,
      path);
}

/* What to put for a template's wildcards. */
static gchar *
example_path (const gchar *name)
{
  g_autoptr (GString) path = g_string_new (name);

  g_string_replace (path, "**", "NAME", 0);
  g_string_replace (path, "*", "NAME", 0);
  return g_string_free (g_steal_pointer (&path), FALSE);
}

static void
add_publish_urls (GString *out, const PenstockConfigData *data,
    const PenstockRouteConfig *route, const PenstockPorts *ports,
    const gchar *path)
{
  gboolean over_rtmp = route->publish_key || !route->publish_user;

  if (ports->rtmp && over_rtmp)
    add_url (out, "publish", "rtmp", &data->listen_rtmp, ports->rtmp, path);
  if (ports->rtmps && over_rtmp)
    add_url (out, "publish", "rtmps", &data->listen_rtmps, ports->rtmps, path);
  if (ports->rtsp)
    add_url (out, "publish", "rtsp", &data->listen_rtsp, ports->rtsp, path);
  if (ports->rtsps)
    add_url (out, "publish", "rtsps", &data->listen_rtsps, ports->rtsps, path);
}

static void
add_route_urls (GString *out, const PenstockConfigData *data,
    const PenstockRouteConfig *route, const PenstockPorts *ports)
{
  g_autofree gchar *path = example_path (route->name);
  g_autofree gchar *page = g_strconcat (path, "/", NULL);
  g_autofree gchar *publish =
      g_strconcat (path, route->publish_key ? "?key=KEY" : "", NULL);

  g_string_append_printf (out, "%s\n", route->name);
  if (route->input.kind == PENSTOCK_INPUT_PUBLISH)
    add_publish_urls (out, data, route, ports, publish);
  for (guint i = 0; i < route->outputs->len; i++) {
    const PenstockOutputConfig *output = g_ptr_array_index (route->outputs, i);
    if (output->kind == PENSTOCK_OUTPUT_RTSP && ports->rtsp)
      add_url (out, "play", "rtsp", &data->listen_rtsp, ports->rtsp, path);
    if (output->kind == PENSTOCK_OUTPUT_RTMP && ports->rtmp)
      add_url (out, "play", "rtmp", &data->listen_rtmp, ports->rtmp, path);
    if (output->kind == PENSTOCK_OUTPUT_RTMP && ports->rtmps)
      add_url (out, "play", "rtmps", &data->listen_rtmps, ports->rtmps, path);
    if (output->kind == PENSTOCK_OUTPUT_RTSP && ports->rtsps)
      add_url (out, "play", "rtsps", &data->listen_rtsps, ports->rtsps, path);
    if (output->kind == PENSTOCK_OUTPUT_DASH && ports->http)
      add_url (out, "watch", "http", &data->listen_http, ports->http, page);
    if (output->kind == PENSTOCK_OUTPUT_DASH && ports->https)
      add_url (out, "watch", "https", &data->listen_https, ports->https, page);
  }
}

gchar *
penstock_config_data_describe_urls (
    const PenstockConfigData *data, const PenstockPorts *ports)
{
  GString *out = g_string_new (NULL);

  if (ports->http)
    add_url (out, "status", "http", &data->listen_http, ports->http, "");
  if (ports->https)
    add_url (out, "status", "https", &data->listen_https, ports->https, "");
  for (guint i = 0; i < data->routes->len; i++)
    add_route_urls (out, data, g_ptr_array_index (data->routes, i), ports);
  return g_string_free (out, FALSE);
}
