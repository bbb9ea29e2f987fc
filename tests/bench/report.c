/* SPDX-License-Identifier: MIT
 *
 * The load generator's result: an object of JSON from which the table is
 * printed, so that both say the same. Times in milliseconds. */

#include <stdio.h>

#include "load.h"
#include "result.h"

#define LONG_GAP_NS (60 * G_GUINT64_CONSTANT (1000000))
#define SILENT_NS (2000 * G_GUINT64_CONSTANT (1000000))

static const gchar *const kind_names[] = { "normal", "frozen", "slow" };

typedef struct {
  guint viewers, failed, no_key, first_not_key, info_exact, silent;
  guint long_gap, long_own_gap;
  guint64 lost, late, broken, skips, backwards, resumed_without_key;
  guint64 audio_lost, audio_skips, early;
} KindSum;

static gboolean
info_is_exact (const Viewer *viewer)
{
  for (guint i = 0; i < viewer->n_tracks; i++) {
    if (viewer->watches[i].n_packets > 0 &&
        viewer->info_seq[i] != viewer->watches[i].first_seq)
      return FALSE;
  }
  return viewer->n_tracks > 0;
}

static void
sum_viewer (KindSum *sum, const Viewer *viewer, guint64 end_ns, Samples *gaps,
    Samples *own_gaps)
{
  sum->viewers++;
  sum->failed += viewer->state == VIEWER_FAILED;
  sum->no_key += viewer->key_ns == 0;
  sum->info_exact += info_is_exact (viewer);
  sum->early += viewer->n_before_answer;
  sum->long_gap += viewer->longest_gap_ns > LONG_GAP_NS;
  sum->long_own_gap += viewer->longest_own_gap_ns > LONG_GAP_NS;
  sum->silent += viewer->last_unit_ns + SILENT_NS < end_ns;
  if (viewer->longest_gap_ns > 0)
    samples_add (gaps, viewer->longest_gap_ns);
  if (viewer->longest_own_gap_ns > 0)
    samples_add (own_gaps, viewer->longest_own_gap_ns);
  for (guint i = 0; i < viewer->n_tracks; i++) {
    const RtpWatch *watch = &viewer->watches[i];

    sum->late += watch->n_late;
    sum->backwards += watch->n_backwards;
    if (!watch->video) {
      sum->audio_lost += watch->n_lost;
      sum->audio_skips += watch->n_skips;
      continue;
    }
    sum->first_not_key += !watch->first_is_key;
    sum->lost += watch->n_lost;
    sum->broken += watch->n_broken;
    sum->skips += watch->n_skips;
    sum->resumed_without_key += watch->n_resumed_without_key;
  }
}

static JsonObject *
make_kind (Load *load, ViewerKind kind)
{
  JsonObject *object = json_object_new ();
  KindSum sum = { 0 };
  Samples gaps, own_gaps;

  samples_init (&gaps);
  samples_init (&own_gaps);
  for (gint i = 0; i < load->options.viewers; i++) {
    if (load->viewers[i].kind == kind)
      sum_viewer (
          &sum, &load->viewers[i], load->end_mark.time_ns, &gaps, &own_gaps);
  }
  {
    const struct {
      const gchar *name;
      guint64 value;
    } rows[] = {
      { "viewers", sum.viewers },
      { "failed", sum.failed },
      { "without-keyframe", sum.no_key },
      { "first-not-keyframe", sum.first_not_key },
      { "rtp-info-exact", sum.info_exact },
      { "packets-before-answer", sum.early },
      { "video-lost", sum.lost },
      { "video-broken", sum.broken },
      { "video-skips", sum.skips },
      { "resumed-without-keyframe", sum.resumed_without_key },
      { "audio-lost", sum.audio_lost },
      { "audio-skips", sum.audio_skips },
      { "late-or-repeated", sum.late },
      { "time-backwards", sum.backwards },
      { "gap-over-60-ms", sum.long_gap },
      { "own-gap-over-60-ms", sum.long_own_gap },
      { "silent-at-the-end", sum.silent },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
      json_object_set_int_member (object, rows[i].name, (gint64) rows[i].value);
  }
  result_set_samples (object, "longest-gap-ms", &gaps);
  result_set_samples (object, "longest-own-gap-ms", &own_gaps);
  samples_clear (&gaps);
  samples_clear (&own_gaps);
  return object;
}

static JsonObject *
make_churn (Load *load)
{
  JsonObject *object = json_object_new ();
  const ProcStat *begin = &load->begin_mark.server, *end = &load->end;

  json_object_set_int_member (object, "joins", load->n_churn_joins);
  json_object_set_int_member (object, "failed", load->n_churn_failed);
  json_object_set_int_member (
      object, "fds-left", (gint64) end->fds - (gint64) begin->fds);
  json_object_set_int_member (
      object, "threads-left", (gint64) end->threads - (gint64) begin->threads);
  json_object_set_int_member (
      object, "kb-left", (gint64) end->rss_kb - (gint64) begin->rss_kb);
  return object;
}

static JsonObject *
make_result (Load *load)
{
  const LoadMark *begin = &load->begin_mark, *end = &load->end_mark;
  JsonObject *object = json_object_new ();
  gdouble seconds = (gdouble) (end->time_ns - begin->time_ns) / 1e9;
  gdouble mbit = (gdouble) (end->bytes - begin->bytes) * 8 / 1e6;
  gdouble due = begin->playing * (gdouble) load->options.fps * seconds;

  json_object_set_string_member (
      object, "transport", load->options.udp ? "udp" : "tcp");
  result_set_run (object,
      &(ResultRun){ load->options.viewers, seconds, mbit,
          end->own_cpu_ns - begin->own_cpu_ns });
  json_object_set_int_member (object, "playing", end->playing);
  if (due > 0)
    json_object_set_double_member (object, "frames-percent",
        (gdouble) (end->video_units - begin->video_units) * 100 / due);
  if (load->shared.first_failure != NULL)
    json_object_set_string_member (
        object, "first-failure", load->shared.first_failure);
  result_set_samples (
      object, "join-from-connect-ms", &load->shared.join_connect);
  result_set_samples (object, "join-from-play-ms", &load->shared.join_play);
  result_set_samples (object, "latency-ms", &load->shared.latency);
  if (load->options.server_pid > 0)
    result_set_server (object,
        &(ResultServer){ .idle = load->idle,
            .begin = begin->server,
            .end = end->server,
            .seconds = seconds,
            .mbit = mbit,
            .viewers = load->options.viewers,
            .has_core = load->options.server_core >= 0 });
  if (load->options.churn_per_s > 0)
    json_object_set_object_member (object, "churn", make_churn (load));
  json_object_set_object_member (
      object, kind_names[VIEWER_NORMAL], make_kind (load, VIEWER_NORMAL));
  if (load->options.frozen > 0)
    json_object_set_object_member (
        object, kind_names[VIEWER_FROZEN], make_kind (load, VIEWER_FROZEN));
  if (load->options.slow > 0)
    json_object_set_object_member (
        object, kind_names[VIEWER_SLOW], make_kind (load, VIEWER_SLOW));
  return object;
}

/* One line a member; objects as a block below their name. */
static void
print_object (JsonObject *object, const gchar *indent)
{
  g_autoptr (GList) names = json_object_get_members (object);
  g_autofree gchar *deeper = g_strconcat (indent, "  ", NULL);

  for (GList *item = names; item != NULL; item = item->next) {
    const gchar *name = item->data;
    JsonNode *node = json_object_get_member (object, name);

    if (JSON_NODE_HOLDS_OBJECT (node)) {
      printf ("%s%s\n", indent, name);
      print_object (json_node_get_object (node), deeper);
    } else if (json_node_get_value_type (node) == G_TYPE_STRING) {
      printf ("%s%-26s %s\n", indent, name, json_node_get_string (node));
    } else if (json_node_get_value_type (node) == G_TYPE_INT64) {
      printf ("%s%-26s %" G_GINT64_FORMAT "\n", indent, name,
          json_node_get_int (node));
    } else {
      printf ("%s%-26s %.1f\n", indent, name, json_node_get_double (node));
    }
  }
}

gboolean
load_report (Load *self)
{
  g_autoptr (JsonObject) object = make_result (self);
  g_autofree gchar *text = result_to_text (object);

  if (g_strcmp0 (self->options.json, "-") == 0) {
    puts (text);
    return TRUE;
  }
  print_object (object, "");
  return self->options.json == NULL || result_write (self->options.json, text);
}
