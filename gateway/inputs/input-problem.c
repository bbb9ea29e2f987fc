/* SPDX-License-Identifier: MIT
 *
 * See input-problem.h. */

#include "input-problem.h"

#include <string.h>

#include "../log.h"

#define PROBE_TIMEOUT_S 2
#define RTSP_PORT 554

void
penstock_input_problem_clear (PenstockInputProblem *problem)
{
  g_clear_pointer (&problem->reason, g_free);
}

gchar *
penstock_input_describe (const PenstockInputConfig *config)
{
  switch (config->kind) {
  case PENSTOCK_INPUT_RTSP:
  case PENSTOCK_INPUT_RTMP:
    return penstock_log_mask_uri (config->url);
  case PENSTOCK_INPUT_FILE:
    return g_strdup (config->path);
  case PENSTOCK_INPUT_TEST:
    return g_strdup ("test pattern");
  case PENSTOCK_INPUT_LAUNCH:
    return g_strdup ("launch");
  default:
    return g_strdup ("publish");
  }
}

gchar *
penstock_input_mask_text (const gchar *text)
{
  GString *out = g_string_new (NULL);

  for (const gchar *p = text; *p;) {
    const gchar *scheme = strstr (p, "://");
    if (!scheme) {
      g_string_append (out, p);
      break;
    }
    scheme += 3;
    g_string_append_len (out, p, scheme - p);
    gsize length = strcspn (scheme, " \t\r\n\"'<>)");
    gsize authority = MIN (strcspn (scheme, "/?#"), length);
    /* A password may hold any character: what counts is the last '@'. */
    const gchar *at = memrchr (scheme, '@', authority);
    const gchar *start = at ? at + 1 : scheme;
    gsize rest = length - (gsize) (start - scheme);
    g_string_append_len (
        out, start, (gssize) MIN (strcspn (start, "?#"), rest));
    p = scheme + length;
  }
  return g_string_free (out, FALSE);
}

static const gchar *
rtsp_reason (const GError *error, const PenstockInputConfig *config)
{
  if (g_error_matches (
          error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED))
    return config->user ? "401 unauthorized: user or password wrong"
                        : "401 unauthorized: it asks for user and password";
  if (g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND))
    return "404 not found: there is no stream at this path";
  return NULL;
}

static const gchar *
file_reason (const GError *error)
{
  if (g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND))
    return "no such file";
  if (g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ))
    return "the file cannot be read";
  if (g_error_matches (
          error, GST_STREAM_ERROR, GST_STREAM_ERROR_TYPE_NOT_FOUND))
    return "not a media file";
  return NULL;
}

/* Both texts of an element: the first is often only "could not open", the
 * second starts with where in the source it happened. */
static gchar *
join_texts (const gchar *message, const gchar *debug)
{
  const gchar *detail = debug ? strchr (debug, '\n') : NULL;
  g_autofree gchar *text = detail && detail[1]
      ? g_strdup_printf ("%s (%s)", message, g_strstrip ((gchar *) detail + 1))
      : g_strdup (message);

  return penstock_input_mask_text (text);
}

static gboolean
is_permanent (const GError *error)
{
  if (error->domain == GST_RESOURCE_ERROR)
    return error->code == GST_RESOURCE_ERROR_NOT_AUTHORIZED ||
        error->code == GST_RESOURCE_ERROR_SETTINGS;
  if (error->domain == GST_CORE_ERROR)
    return error->code == GST_CORE_ERROR_MISSING_PLUGIN;
  return error->domain == GST_STREAM_ERROR &&
      error->code == GST_STREAM_ERROR_TYPE_NOT_FOUND;
}

void
penstock_input_problem_from_message (GstMessage *message,
    const PenstockInputConfig *config, PenstockInputProblem *out)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL, *name = penstock_input_describe (config);
  const gchar *known = NULL;

  gst_message_parse_error (message, &error, &debug);
  if (config->kind == PENSTOCK_INPUT_RTSP)
    known = rtsp_reason (error, config);
  else if (config->kind == PENSTOCK_INPUT_FILE)
    known = file_reason (error);

  *out = (PenstockInputProblem){
    .failure = is_permanent (error) ? PENSTOCK_INPUT_FAILURE_REFUSED
                                    : PENSTOCK_INPUT_FAILURE_LOST,
    .needs_probe = config->kind == PENSTOCK_INPUT_RTSP &&
        g_error_matches (
            error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE),
  };
  if (known) {
    out->reason = g_strdup_printf ("%s: %s", name, known);
    return;
  }
  g_autofree gchar *text = join_texts (error->message, debug);
  out->reason = g_strdup_printf ("%s: %s", name, text);
}

gchar *
penstock_input_problem_probe (
    const PenstockInputConfig *config, GCancellable *cancellable)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  g_autofree gchar *name = penstock_input_describe (config);

  /* No proxies, no TLS: just whether the port answers. */
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, PROBE_TIMEOUT_S);
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_uri (
      client, config->url, RTSP_PORT, cancellable, &error);
  if (connection)
    return NULL;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return g_strdup_printf ("%s: connection refused", name);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_strdup_printf ("%s: no answer from the host", name);
  if (error->domain == G_RESOLVER_ERROR)
    return g_strdup_printf ("%s: the host name cannot be resolved", name);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE))
    return g_strdup_printf ("%s: the host cannot be reached", name);
  return g_strdup_printf ("%s: %s", name, error->message);
}
