/* SPDX-License-Identifier: MIT
 *
 * What the values of a route map say together: outputs need listeners,
 * templates need publishers, secrets exclude each other. */

#include "config-parse.h"

#include <string.h>

#include "config-url.h"
#include "route-table.h"
#include "tls-certificate.h"

/* A presentation of fewer media segments leaves players nothing to buffer. */
#define DASH_MIN_SEGMENTS 3
#define DASH_MIN_CHUNKS 2

/* What a URL carries unescaped (RFC 3986, 2.3): a key is also a path segment. */
#define KEY_CHARACTERS                                                         \
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

static const PenstockJsonNode *
origin_of (PenstockConfigParse *self, gconstpointer object)
{
  return g_hash_table_lookup (self->origins, object);
}

/* --- listeners ------------------------------------------------------------- */

static void
check_collision (PenstockConfigParse *self, const PenstockField *first,
    const PenstockField *second)
{
  const PenstockListenAddress *a =
      G_STRUCT_MEMBER_P (self->data, first->offset);
  const PenstockListenAddress *b =
      G_STRUCT_MEMBER_P (self->data, second->offset);

  if (!penstock_listen_address_collides (a, b))
    return;
  const gchar *variable = g_hash_table_lookup (self->variables, b);
  g_autofree gchar *shown = penstock_listen_address_to_string (a);
  if (variable) {
    g_autofree gchar *subject =
        g_strconcat ("environment variable ", variable, NULL);
    penstock_config_general_problem (self, subject,
        "the port is taken by %s, which listens on %s", first->path, shown);
  } else {
    penstock_config_problem (self, origin_of (self, b),
        "the port is taken by %s, which listens on %s", first->path, shown);
  }
}

static void
check_listeners (PenstockConfigParse *self)
{
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);

  for (guint i = 0; i < n_fields; i++)
    for (guint j = i + 1; j < n_fields; j++)
      if (fields[i].type == PENSTOCK_FIELD_ADDRESS &&
          fields[j].type == PENSTOCK_FIELD_ADDRESS)
        check_collision (self, &fields[i], &fields[j]);
}

/* A pipe or device could block or never end. */
static gboolean
check_pem_file (
    PenstockConfigParse *self, const PenstockJsonNode *node, const gchar *path)
{
  if (!path || g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return path != NULL;
  g_autofree gchar *quoted =
      penstock_json_quote (path, PENSTOCK_JSON_QUOTE_PATH);
  penstock_config_problem (self, node, "cannot read the file %s: %s", quoted,
      g_file_test (path, G_FILE_TEST_EXISTS) ? "Not a regular file"
                                             : "No such file");
  return FALSE;
}

static void
check_tls (PenstockConfigParse *self)
{
  const PenstockJsonNode *certificate =
      origin_of (self, &self->data->tls_certificate_file);
  const PenstockJsonNode *key = origin_of (self, &self->data->tls_key_file);
  g_autoptr (GError) error = NULL;

  if (!certificate) {
    if (self->data->listen_rtmps.set)
      penstock_config_general_problem (self, "/listen/rtmps",
          "needs a certificate in /tls/certificate-file");
    if (self->data->rtmp_detect_tls)
      penstock_config_general_problem (self, "/rtmp/detect-tls",
          "needs a certificate in /tls/certificate-file");
    if (self->data->listen_rtsps.set)
      penstock_config_general_problem (self, "/listen/rtsps",
          "needs a certificate in /tls/certificate-file");
    if (self->data->listen_https.set)
      penstock_config_general_problem (self, "/listen/https",
          "needs a certificate in /tls/certificate-file");
    return;
  }
  if (!check_pem_file (self, certificate, self->data->tls_certificate_file) ||
      (key && !check_pem_file (self, key, self->data->tls_key_file)))
    return;
  g_autoptr (GTlsCertificate) pair = penstock_tls_certificate_load (
      self->data->tls_certificate_file, self->data->tls_key_file, &error);
  if (!pair)
    penstock_config_problem (self, certificate, "%s", error->message);
}

/* --- inputs ----------------------------------------------------------------- */

static void
check_credentials (PenstockConfigParse *self, const PenstockInputConfig *input)
{
  const PenstockJsonNode *node = origin_of (self, input);
  const PenstockJsonNode *file = penstock_json_member (node, "password-file");

  if (file && penstock_json_member (node, "password"))
    penstock_config_key_problem (
        self, file, "excludes \"password\": one of both");
  else if (input->password && !input->user)
    penstock_config_problem (self, node, "a password without a user");
}

static void
check_test (PenstockConfigParse *self, const PenstockInputConfig *input)
{
  if (!input->video && !input->audio)
    penstock_config_problem (self, origin_of (self, input),
        "neither \"video\" nor \"audio\": at least one must be true");
}

/* Only a warning: the file may come later, and the other routes can start. */
static void
check_file (PenstockConfigParse *self, const PenstockInputConfig *input)
{
  if (!input->path || g_file_test (input->path, G_FILE_TEST_EXISTS))
    return;
  const PenstockJsonNode *node = origin_of (self, input);
  const PenstockJsonNode *path = penstock_json_member (node, "path");
  g_autofree gchar *quoted =
      penstock_json_quote (input->path, PENSTOCK_JSON_QUOTE_PATH);
  penstock_config_warning (self, path ? path : node,
      "no such file: %s; the route stays offline until it is there", quoted);
}

static gboolean
listens_for_rtsp (PenstockConfigParse *self)
{
  return self->data->listen_rtsp.set || self->data->listen_rtsps.set;
}

static void
check_input (PenstockConfigParse *self, const PenstockInputConfig *input)
{
  const PenstockJsonNode *node = origin_of (self, input);

  switch (input->kind) {
  case PENSTOCK_INPUT_PUBLISH:
    if (!self->data->listen_rtmp.set && !self->data->listen_rtmps.set &&
        !listens_for_rtsp (self))
      penstock_config_problem (self, node,
          "input \"publish\" needs /listen/rtmp, /listen/rtmps, /listen/rtsp "
          "or "
          "/listen/rtsps");
    break;
  case PENSTOCK_INPUT_RTSP:
  case PENSTOCK_INPUT_RTMP:
    check_credentials (self, input);
    break;
  case PENSTOCK_INPUT_FILE:
    check_file (self, input);
    break;
  case PENSTOCK_INPUT_TEST:
    check_test (self, input);
    break;
  case PENSTOCK_INPUT_LAUNCH:
    if (!self->data->allow_launch)
      penstock_config_problem (self, node,
          "input \"launch\" needs \"allow-launch\": true at the top level");
    break;
  }
}

/* --- outputs ------------------------------------------------------------------ */

static void
check_latency (PenstockConfigParse *self, const PenstockOutputConfig *output)
{
  const PenstockJsonNode *node = origin_of (self, output);
  const PenstockJsonNode *latency = penstock_json_member (node, "latency-ms");
  const PenstockJsonNode *chunk = penstock_json_member (node, "chunk-ms");

  if (!output->low_latency) {
    if (latency || chunk)
      penstock_config_key_problem (
          self, latency ? latency : chunk, "needs \"low-latency\": true");
    return;
  }
  if (output->latency_ms < output->chunk_ms * DASH_MIN_CHUNKS)
    penstock_config_problem (self, latency ? latency : chunk,
        "a latency of %u ms is shorter than %d chunks of %u ms",
        output->latency_ms, DASH_MIN_CHUNKS, output->chunk_ms);
}

static void
check_dash (PenstockConfigParse *self, const PenstockRouteConfig *route,
    const PenstockOutputConfig *output)
{
  const PenstockJsonNode *node = origin_of (self, output);
  const PenstockJsonNode *window = penstock_json_member (node, "window-s");
  const PenstockJsonNode *directory = penstock_json_member (node, "directory");

  if (!self->data->listen_http.set && !self->data->listen_https.set &&
      !directory)
    penstock_config_problem (self, node,
        "output \"dash\" needs /listen/http, /listen/https or a "
        "\"directory\"");
  if (directory && route->is_template)
    penstock_config_problem (
        self, directory, "the routes of a template cannot share a directory");
  if ((guint64) output->window_s * 1000 <
      (guint64) output->segment_ms * DASH_MIN_SEGMENTS)
    penstock_config_problem (self, window ? window : node,
        "the window of %u s is shorter than %d media segments of %u ms",
        output->window_s, DASH_MIN_SEGMENTS, output->segment_ms);
  check_latency (self, output);
}

/* Who may come in by RTSP: both or neither. */
static void
check_rtsp_user (
    PenstockConfigParse *self, const PenstockJsonNode *node, const gchar *name)
{
  const PenstockJsonNode *user = penstock_json_member (node, "user");
  const PenstockJsonNode *password = penstock_json_member (node, "password");
  const PenstockJsonNode *file = penstock_json_member (node, "password-file");

  if (password && file)
    penstock_config_key_problem (
        self, file, "excludes \"password\": one of both");
  else if ((password || file) && !user)
    penstock_config_problem (self, node, "a password without a user");
  else if (user && !password && !file)
    penstock_config_problem (self, node, "a user without a password");
  else if (name && strchr (name, ':'))
    penstock_config_problem (
        self, user, "a user cannot have a \":\" (RFC 7617, 2)");
}

static void
check_rtsp (PenstockConfigParse *self, const PenstockOutputConfig *output)
{
  const PenstockJsonNode *node = origin_of (self, output);

  if (!listens_for_rtsp (self))
    penstock_config_problem (
        self, node, "output \"rtsp\" needs /listen/rtsp or /listen/rtsps");
  check_rtsp_user (self, node, output->user);
}

static void
check_push_address (PenstockConfigParse *self,
    const PenstockOutputConfig *output, const PenstockJsonNode *node)
{
  const PenstockJsonNode *url = penstock_json_member (node, "url");
  const PenstockJsonNode *key = penstock_json_member (node, "key");
  const PenstockJsonNode *file = penstock_json_member (node, "key-file");
  const gchar *path = strchr (strstr (output->url, "://") + 3, '/');
  gsize length = path ? strcspn (path, "?") : 0;

  if (key && file)
    penstock_config_key_problem (self, file, "excludes \"key\": one of both");
  else if (!key && !file && (length == 0 || path[length - 1] == '/'))
    penstock_config_problem (self, url ? url : node,
        "the URL names no stream: it ends in /APP/NAME, or a \"key\" or "
        "\"key-file\" has the name");
  else if (output->key && strchr (output->url, '?'))
    penstock_config_problem (
        self, url, "the query belongs to the end of the key");
  for (const gchar *p = output->key; p && *p; p++)
    if ((guchar) *p <= ' ' || *p == 0x7f || *p == '#') {
      penstock_config_problem (self, key ? key : file,
          "a stream key has no spaces, control characters or \"#\"");
      break;
    }
}

static void
check_push (PenstockConfigParse *self, const PenstockRouteConfig *route,
    const PenstockOutputConfig *output)
{
  const PenstockJsonNode *node = origin_of (self, output);
  const PenstockJsonNode *file = penstock_json_member (node, "password-file");

  if (output->url)
    check_push_address (self, output, node);
  if (route->is_template)
    penstock_config_problem (
        self, node, "the routes of a template cannot be pushed to one address");
  if (file && penstock_json_member (node, "password"))
    penstock_config_key_problem (
        self, file, "excludes \"password\": one of both");
  else if (output->password && !output->user)
    penstock_config_problem (self, node, "a password without a user");
}

/* Only pushes to different addresses can stand beside each other. */
static gboolean
excludes (const PenstockOutputConfig *a, const PenstockOutputConfig *b)
{
  return a->kind == b->kind &&
      (a->kind != PENSTOCK_OUTPUT_RTMP_PUSH ||
          (g_strcmp0 (a->url, b->url) == 0 && g_strcmp0 (a->key, b->key) == 0));
}

static void
check_output (
    PenstockConfigParse *self, const PenstockRouteConfig *route, guint index)
{
  const PenstockOutputConfig *output =
      g_ptr_array_index (route->outputs, index);
  const PenstockJsonNode *node = origin_of (self, output);
  const PenstockField *kinds = penstock_field_find_kind ("/routes/*/outputs/*");

  for (guint i = 0; i < index; i++) {
    const PenstockOutputConfig *other = g_ptr_array_index (route->outputs, i);
    if (excludes (other, output)) {
      penstock_config_problem (self, node,
          output->kind == PENSTOCK_OUTPUT_RTMP_PUSH
              ? "a second output \"%s\" to the same address"
              : "a second output \"%s\"; each type can stand once",
          penstock_field_value_name (kinds->values, output->kind));
      return;
    }
  }
  if (output->kind == PENSTOCK_OUTPUT_DASH)
    check_dash (self, route, output);
  else if (output->kind == PENSTOCK_OUTPUT_RTMP &&
      !self->data->listen_rtmp.set && !self->data->listen_rtmps.set)
    penstock_config_problem (
        self, node, "output \"rtmp\" needs /listen/rtmp or /listen/rtmps");
  else if (output->kind == PENSTOCK_OUTPUT_RTMP_PUSH)
    check_push (self, route, output);
  else if (output->kind == PENSTOCK_OUTPUT_RTSP)
    check_rtsp (self, output);
}

/* --- routes --------------------------------------------------------------------- */

static void
check_publishers (PenstockConfigParse *self, const PenstockRouteConfig *route,
    const PenstockJsonNode *publish)
{
  const PenstockJsonNode *key = penstock_json_member (publish, "key");
  const PenstockJsonNode *file = penstock_json_member (publish, "key-file");
  const PenstockJsonNode *user = penstock_json_member (publish, "user");

  check_rtsp_user (self, publish, route->publish_user);
  if (user && !listens_for_rtsp (self))
    penstock_config_key_problem (
        self, user, "needs /listen/rtsp or /listen/rtsps");
  if (key && file)
    penstock_config_key_problem (self, file, "excludes \"key\": one of both");
  else if (!key && !file && !user)
    penstock_config_problem (
        self, publish, "missing \"key\", \"key-file\" or \"user\"");
  else if (route->publish_key &&
      route->publish_key[strspn (route->publish_key, KEY_CHARACTERS)])
    penstock_config_problem (self, key ? key : file,
        "a key has only letters, digits, \"-\", \".\", \"_\" and \"~\"");
}

/* `publish` and its companions say nothing about other inputs. */
static void
check_publish (PenstockConfigParse *self, const PenstockRouteConfig *route,
    const PenstockJsonNode *node)
{
  static const gchar *const keys[] = { "publish", "publisher-policy",
    "publisher-grace-ms" };
  const PenstockJsonNode *publish = penstock_json_member (node, "publish");

  if (route->input.kind == PENSTOCK_INPUT_PUBLISH) {
    if (publish && publish->type == PENSTOCK_JSON_OBJECT)
      check_publishers (self, route, publish);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    const PenstockJsonNode *member = penstock_json_member (node, keys[i]);
    if (member)
      penstock_config_key_problem (self, member, "needs the input \"publish\"");
  }
}

static void
check_route (PenstockConfigParse *self, const PenstockRouteConfig *route)
{
  const PenstockJsonNode *node = origin_of (self, route);

  if (origin_of (self, &route->input)) { /* else its kind is not known */
    check_input (self, &route->input);
    check_publish (self, route, node);
    if (route->is_template && route->input.kind != PENSTOCK_INPUT_PUBLISH)
      penstock_config_problem (self, origin_of (self, &route->input),
          "a template (\"*\" in the route's name) needs the input "
          "\"publish\"");
  }
  for (guint i = 0; i < route->outputs->len; i++)
    check_output (self, route, i);
}

/* --- templates ---------------------------------------------------------------------- */

static GPtrArray *
list_templates (PenstockConfigParse *self)
{
  GPtrArray *templates = g_ptr_array_new ();

  for (guint i = 0; i < self->data->routes->len; i++) {
    PenstockRouteConfig *route = g_ptr_array_index (self->data->routes, i);
    if (route->is_template)
      g_ptr_array_add (templates, route);
  }
  return templates;
}

static void
check_templates (PenstockConfigParse *self)
{
  g_autoptr (GPtrArray) templates = list_templates (self);

  if (templates->len > PENSTOCK_CONFIG_MAX_TEMPLATES) {
    penstock_config_general_problem (self, "/routes",
        "%u templates, at most %d are allowed", templates->len,
        PENSTOCK_CONFIG_MAX_TEMPLATES);
    return;
  }
  for (guint i = 1; i < templates->len; i++) {
    const PenstockRouteConfig *route = g_ptr_array_index (templates, i);
    for (guint j = 0; j < i; j++) {
      const PenstockRouteConfig *other = g_ptr_array_index (templates, j);
      if (!penstock_route_templates_tie (other->name, route->name))
        continue;
      penstock_config_key_problem (self, origin_of (self, route),
          "the template matches paths that \"%s\" matches too, and neither "
          "is more specific",
          other->name);
      break;
    }
  }
}

void
penstock_config_check (PenstockConfigParse *self)
{
  check_listeners (self);
  check_tls (self);
  for (guint i = 0; i < self->data->routes->len; i++)
    check_route (self, g_ptr_array_index (self->data->routes, i));
  check_templates (self);
}
