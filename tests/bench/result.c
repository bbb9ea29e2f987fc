/* SPDX-License-Identifier: MIT
 *
 * See result.h. */

#include "result.h"

#include <stdio.h>

void
result_set_samples (JsonObject *parent, const gchar *name, Samples *samples)
{
  static const struct {
    const gchar *name;
    gdouble percent;
  } rows[] = { { "min", 0 }, { "p50", 50 }, { "p95", 95 }, { "p99", 99 },
    { "max", 100 } };
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "n", samples->values->len);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    json_object_set_double_member (object, rows[i].name,
        (gdouble) samples_percentile (samples, rows[i].percent) / 1e6);
  json_object_set_object_member (parent, name, object);
}

void
result_set_run (JsonObject *object, const ResultRun *run)
{
  json_object_set_int_member (object, "viewers", run->viewers);
  json_object_set_double_member (object, "seconds", run->seconds);
  json_object_set_double_member (
      object, "mbit-per-s", run->mbit / run->seconds);
  json_object_set_double_member (
      object, "load-cpu-percent", (gdouble) run->cpu_ns / 1e7 / run->seconds);
}

void
result_set_server (JsonObject *parent, const ResultServer *server)
{
  const ProcStat *begin = &server->begin, *end = &server->end;
  gdouble cpu_ns = (gdouble) (end->cpu_ns - begin->cpu_ns);
  gdouble busy_ns = (gdouble) (end->core_busy_ns - begin->core_busy_ns);
  JsonObject *object = json_object_new ();

  json_object_set_double_member (
      object, "cpu-percent", cpu_ns / 1e7 / server->seconds);
  json_object_set_double_member (object, "us-per-mbit",
      server->mbit > 0 ? cpu_ns / 1e3 / server->mbit : 0);
  if (server->has_core)
    json_object_set_double_member (object, "others-on-core-percent",
        MAX (busy_ns - cpu_ns, 0) / 1e7 / server->seconds);
  json_object_set_int_member (object, "rss-kb", (gint64) end->rss_kb);
  json_object_set_int_member (object, "threads", end->threads);
  json_object_set_int_member (object, "fds", end->fds);
  if (server->viewers > 1)
    json_object_set_double_member (object, "kb-per-viewer",
        ((gdouble) end->rss_kb - (gdouble) server->idle.rss_kb) /
            (server->viewers - 1));
  json_object_set_object_member (parent, "server", object);
}

gchar *
result_to_text (JsonObject *object)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (root, object);
  return json_to_string (root, TRUE);
}

gboolean
result_write (const gchar *file, const gchar *text)
{
  g_autoptr (GError) error = NULL;

  if (g_file_set_contents (file, text, -1, &error))
    return TRUE;
  fprintf (stderr, "%s: %s\n", g_get_prgname (), error->message);
  return FALSE;
}

gboolean
result_tell (JsonObject *object, const gchar *file)
{
  g_autofree gchar *text = result_to_text (object);

  if (file && !result_write (file, text))
    return FALSE;
  puts (text);
  fflush (stdout);
  return TRUE;
}
