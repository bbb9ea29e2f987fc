/* SPDX-License-Identifier: MIT
 *
 * Right route maps: values, defaults, short forms, secrets from files, the
 * environment, and the object on top. In JSON here ' stands for ". */

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <string.h>

#include "config-fields.h"
#include "config-parse.h"
#include "config-private.h"
#include "config-structs.h"
#include "penstock-error.h"

static const gchar *const no_environment[] = { NULL };

static PenstockConfigData *
load_from (const gchar *text, const gchar *filename,
    const gchar *const *environment, gchar **warnings)
{
  g_autofree gchar *json = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  PenstockConfigData *data = penstock_config_parse (
      json, strlen (json), filename, environment, warnings, &error);

  fail_unless (data != NULL, "%s", error ? error->message : "");
  return data;
}

static PenstockConfigData *
load (const gchar *text)
{
  g_autofree gchar *warnings = NULL;

  return load_from (text, "/etc/penstock/map.json", no_environment, &warnings);
}

/* The table of fields and the listener's own, which stand for themselves in
 * pipelines without a gateway, say the same. */
GST_START_TEST (limits_of_rtmp_are_those_of_the_listener)
{
  PenstockConfigData *data =
      load ("{'listen': {'rtmp': ':1'}, 'routes': {'r': {'input': 'publish', "
            "'outputs': ['rtmp']}}}");
  guint n;
  const PenstockRtmpLimit *table = penstock_rtmp_limits_get_table (&n);

  for (guint i = 0; i < n; i++) {
    const PenstockField *field =
        penstock_field_find ("/rtmp", table[i].name, -1);
    fail_unless (field != NULL, "%s", table[i].name);
    assert_equals_uint64 (
        penstock_rtmp_limits_get (&data->rtmp_limits, &table[i]),
        penstock_rtmp_limits_get (&penstock_rtmp_default_limits, &table[i]));
    assert_equals_uint64 (field->offset,
        G_STRUCT_OFFSET (PenstockConfigData, rtmp_limits) + table[i].offset);
    assert_equals_uint64 (field->min, table[i].min);
    if (!table[i].is_uint64)
      assert_equals_uint64 (field->max, table[i].max);
  }
  penstock_config_data_free (data);
}
GST_END_TEST;

GST_START_TEST (segments_of_all_routes_have_a_bound)
{
  g_autoptr (PenstockConfigData) defaults =
      load ("{'listen': {'http': ':1'}, 'routes': {'r': {'input': 'test', "
            "'outputs': ['dash']}}}");
  g_autoptr (PenstockConfigData) none =
      load ("{'listen': {'http': ':1'}, 'dash': {'max-memory-bytes': 0}, "
            "'routes': {'r': {'input': 'test', 'outputs': ['dash']}}}");

  assert_equals_uint64 (defaults->dash_max_memory, 4294967296);
  assert_equals_uint64 (none->dash_max_memory, 0);
}
GST_END_TEST;

GST_START_TEST (limits_of_http_are_those_of_the_server)
{
  const HttpLimits defaults = HTTP_LIMITS_DEFAULT;
  PenstockConfigData *data =
      load ("{'listen': {'http': ':1'}, 'routes': {'r': {'input': 'test', "
            "'outputs': ['dash']}}}");
  const HttpLimits *limits = &data->http_limits;

  assert_equals_int (limits->max_connections, defaults.max_connections);
  assert_equals_int (limits->max_per_address, defaults.max_per_address);
  assert_equals_int (limits->max_header_bytes, defaults.max_header_bytes);
  assert_equals_int (limits->request_ms, defaults.request_ms);
  assert_equals_int (limits->idle_ms, defaults.idle_ms);
  assert_equals_int (limits->stall_ms, defaults.stall_ms);
  assert_equals_int (limits->write_ms, defaults.write_ms);
  assert_equals_uint64 (limits->max_pending_bytes, defaults.max_pending_bytes);
  assert_equals_int (limits->hold_ms, defaults.hold_ms);
  assert_equals_int (limits->max_hold_ms, defaults.max_hold_ms);
  assert_equals_int (limits->status_cache_ms, defaults.status_cache_ms);
  assert_equals_int (limits->status_wait_ms, defaults.status_wait_ms);
  assert_equals_int (limits->viewer_ms, defaults.viewer_ms);
  penstock_config_data_free (data);
}
GST_END_TEST;

static const PenstockRouteConfig *
only_route (const PenstockConfigData *data)
{
  assert_equals_int (data->routes->len, 1);
  return g_ptr_array_index (data->routes, 0);
}

/* A route map with one route. */
static PenstockConfigData *
load_route (const gchar *route)
{
  g_autofree gchar *text =
      g_strdup_printf ("{'listen': {'rtmp': ':1', 'rtsp': ':2', 'http': ':3'}, "
                       "'allow-launch': true, 'routes': {'r': %s}}",
          route);

  return load (text);
}

static PenstockConfigData *
load_input (const gchar *input)
{
  g_autofree gchar *route =
      g_strdup_printf ("{'input': %s, 'outputs': ['rtsp']}", input);

  return load_route (route);
}

/* --- defaults ---------------------------------------------------------------- */

GST_START_TEST (what_is_not_said_has_its_default)
{
  g_autoptr (PenstockConfigData) data =
      load_route ("{'input': 'publish', 'outputs': ['dash', 'rtsp']}");
  const PenstockRouteConfig *route = only_route (data);
  const PenstockOutputConfig *dash = g_ptr_array_index (route->outputs, 0);
  const PenstockOutputConfig *rtsp = g_ptr_array_index (route->outputs, 1);

  assert_equals_int (data->log_level, PENSTOCK_LOG_INFO);
  assert_equals_string (route->name, "r");
  fail_if (route->is_template);
  fail_unless (route->publish_key == NULL);
  fail_unless (route->publish_user == NULL);
  assert_equals_int (
      route->publisher_policy, PENSTOCK_PUBLISHER_TAKEOVER_STALE);
  assert_equals_int (route->publisher_grace_ms, 15000);
  fail_unless (route->correct_drift);
  assert_equals_uint64 (route->cache_max_bytes, 67108864);
  assert_equals_int (route->cache_max_time_ms, 30000);
  assert_equals_int (route->cache_max_entries, 4096);
  assert_equals_int (dash->kind, PENSTOCK_OUTPUT_DASH);
  assert_equals_int (dash->segment_ms, 2000);
  assert_equals_int (dash->window_s, 60);
  assert_equals_int (dash->retain_s, 10);
  assert_equals_uint64 (dash->max_bytes, 268435456);
  assert_equals_int (dash->addressing, PENSTOCK_OUTPUT_ADDRESSING_TIMELINE);
  assert_equals_int (dash->audio, PENSTOCK_DASH_AUDIO_AUTO);
  assert_equals_int (dash->audio_bitrate_kbps, 128);
  fail_unless (dash->directory == NULL);
  assert_equals_int (rtsp->kind, PENSTOCK_OUTPUT_RTSP);
  assert_equals_int (rtsp->segment_ms, 0); /* not of this kind */
}
GST_END_TEST;

GST_START_TEST (nothing_listens_unless_said)
{
  g_autoptr (PenstockConfigData) data = load ("{'routes': {}}");

  fail_if (data->listen_rtmp.set || data->listen_rtsp.set ||
      data->listen_http.set || data->listen_https.set || data->allow_launch);
}
GST_END_TEST;

/* --- inputs ------------------------------------------------------------------- */

GST_START_TEST (short_and_long_forms_say_the_same)
{
  static const gchar *const forms[][2] = {
    { "'publish'", "{'type': 'publish'}" },
    { "'test'", "{'type': 'test', 'tone-hz': 440}" },
    { "'rtsp://a:b@camera/s'",
        "{'type': 'rtsp', 'url': 'rtsp://camera/s', 'user': 'a', "
        "'password': 'b'}" },
    { "'rtmp://origin/live/one'",
        "{'type': 'rtmp', 'url': 'rtmp://origin/live/one'}" },
    { "'file:a.mp4'", "{'type': 'file', 'path': './a.mp4', 'loop': true}" },
  };
  g_autoptr (PenstockConfigData) a = load_input (forms[__i__][0]);
  g_autoptr (PenstockConfigData) b = load_input (forms[__i__][1]);

  fail_unless (penstock_fields_equal (a, b, ""));
}
GST_END_TEST;

GST_START_TEST (rtsp_input_has_everything)
{
  g_autoptr (PenstockConfigData) data =
      load_input ("{'type': 'rtsp', 'url': 'rtsp://u%40x@camera:554/s?q=1', "
                  "'password': 'p', 'transport': 'udp', 'latency-ms': 0, "
                  "'connect-timeout-ms': 100, 'no-data-timeout-ms': 600000}");
  const PenstockInputConfig *input = &only_route (data)->input;

  assert_equals_int (input->kind, PENSTOCK_INPUT_RTSP);
  assert_equals_string (input->url, "rtsp://camera:554/s?q=1");
  assert_equals_string (input->user, "u@x");
  assert_equals_string (input->password, "p");
  assert_equals_int (input->transport, PENSTOCK_TRANSPORT_UDP);
  assert_equals_int (input->latency_ms, 0);
  assert_equals_int (input->connect_timeout_ms, 100);
  assert_equals_int (input->no_data_timeout_ms, 600000);
}
GST_END_TEST;

GST_START_TEST (rtmp_input_has_time_outs)
{
  g_autoptr (PenstockConfigData) data =
      load_input ("'rtmp://u:p@origin/live/one?token=t'");
  const PenstockInputConfig *input = &only_route (data)->input;

  assert_equals_int (input->kind, PENSTOCK_INPUT_RTMP);
  assert_equals_string (input->url, "rtmp://origin/live/one?token=t");
  assert_equals_string (input->user, "u");
  assert_equals_string (input->password, "p");
  assert_equals_int (input->connect_timeout_ms, 10000);
  assert_equals_int (input->no_data_timeout_ms, 5000);
}
GST_END_TEST;

GST_START_TEST (push_outputs_have_addresses_of_their_own)
{
  g_autoptr (PenstockConfigData) data =
      load ("{ 'routes': { 'r': { 'input': 'test', 'outputs': ["
            "  'rtmp://u:p@one/live/name?t=1',"
            "  { 'type': 'rtmp-push', 'url': 'rtmp://two/live', 'key': 'K?s=x',"
            "    'retry-max-ms': 500 }] } } }");
  const GPtrArray *outputs = only_route (data)->outputs;
  const PenstockOutputConfig *one = g_ptr_array_index (outputs, 0);
  const PenstockOutputConfig *two = g_ptr_array_index (outputs, 1);

  assert_equals_int (one->kind, PENSTOCK_OUTPUT_RTMP_PUSH);
  assert_equals_string (one->url, "rtmp://one/live/name?t=1");
  assert_equals_string (one->user, "u");
  assert_equals_string (one->password, "p");
  fail_unless (one->key == NULL);
  assert_equals_int (one->connect_timeout_ms, 10000);
  assert_equals_int (one->retry_max_ms, 30000);
  assert_equals_string (two->url, "rtmp://two/live");
  assert_equals_string (two->key, "K?s=x");
  fail_unless (two->user == NULL);
  assert_equals_int (two->retry_max_ms, 500);
}
GST_END_TEST;

GST_START_TEST (relative_paths_start_at_the_folder_of_the_map)
{
  static const gchar *const paths[][2] = {
    { "media/a.mp4", "/etc/penstock/media/a.mp4" },
    { "../media/./a.mp4", "/etc/media/a.mp4" },
    { "/srv/a.mp4", "/srv/a.mp4" },
  };
  g_autofree gchar *text = g_strdup_printf (
      "{'type': 'file', 'path': '%s', 'loop': false}", paths[__i__][0]);
  g_autoptr (PenstockConfigData) data = load_input (text);
  const PenstockInputConfig *input = &only_route (data)->input;

  assert_equals_string (input->path, paths[__i__][1]);
  fail_if (input->loop);
}
GST_END_TEST;

GST_START_TEST (missing_media_file_is_a_warning)
{
  g_autofree gchar *warnings = NULL;
  g_autoptr (PenstockConfigData) data =
      load_from ("{'listen': {'rtsp': ':1'},\n'routes': {'r': {'input': "
                 "'file:none.mp4', 'outputs': ['rtsp']}}}",
          "/nonexistent/map.json", no_environment, &warnings);

  assert_equals_string (warnings,
      "/nonexistent/map.json:2:27: /routes/r/input: no such file: "
      "\"/nonexistent/none.mp4\"; the route stays offline until it is there");
}
GST_END_TEST;

GST_START_TEST (test_input_has_picture_and_tone)
{
  g_autoptr (PenstockConfigData) data = load_input (
      "{'type': 'test', 'pattern': 'ball', 'width': 320, 'height': 240, "
      "'framerate': 30, 'bitrate-kbps': 500, 'keyframe-interval-ms': 1000, "
      "'audio': false}");
  const PenstockInputConfig *input = &only_route (data)->input;

  assert_equals_string (input->pattern, "ball");
  assert_equals_int (input->width, 320);
  assert_equals_int (input->height, 240);
  assert_equals_int (input->framerate, 30);
  assert_equals_int (input->bitrate_kbps, 500);
  assert_equals_int (input->keyframe_interval_ms, 1000);
  fail_unless (input->video);
  fail_if (input->audio);
  assert_equals_int (input->tone_hz, 440);
}
GST_END_TEST;

GST_START_TEST (launch_input_is_taken_when_allowed)
{
  g_autoptr (PenstockConfigData) data = load_input (
      "{'type': 'launch', 'description': 'videotestsrc ! x264enc'}");

  assert_equals_string (
      only_route (data)->input.launch, "videotestsrc ! x264enc");
}
GST_END_TEST;

/* Every pattern of the table must be one of the element. */
GST_START_TEST (test_patterns_are_those_of_videotestsrc)
{
  const PenstockField *field =
      penstock_field_find ("/routes/*/input", "pattern", -1);
  g_autoptr (GstElement) element =
      gst_element_factory_make ("videotestsrc", NULL);

  fail_unless (element != NULL);
  gst_object_ref_sink (element);
  GParamSpec *pspec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (element), "pattern");
  GEnumClass *patterns = G_PARAM_SPEC_ENUM (pspec)->enum_class;
  for (const PenstockFieldValue *value = field->values; value->name; value++)
    fail_unless (g_enum_get_value_by_nick (patterns, value->name) != NULL, "%s",
        value->name);
}
GST_END_TEST;

/* --- outputs and routes --------------------------------------------------------- */

GST_START_TEST (dash_output_has_everything)
{
  g_autoptr (PenstockConfigData) data = load_route (
      "{'input': 'test', 'outputs': [{'type': 'dash', 'segment-ms': 500, "
      "'window-s': 86400, 'retain-s': 0, 'max-bytes': 68719476736, 'audio': "
      "'none', "
      "'audio-bitrate-kbps': 64, 'addressing': 'auto', "
      "'directory': 'out'}]}");
  const PenstockOutputConfig *dash =
      g_ptr_array_index (only_route (data)->outputs, 0);

  assert_equals_int (dash->segment_ms, 500);
  assert_equals_int (dash->window_s, 86400);
  assert_equals_int (dash->retain_s, 0);
  assert_equals_uint64 (dash->max_bytes, 68719476736ull);
  assert_equals_int (dash->addressing, PENSTOCK_OUTPUT_ADDRESSING_AUTO);
  assert_equals_int (dash->audio, PENSTOCK_DASH_AUDIO_NONE);
  assert_equals_int (dash->audio_bitrate_kbps, 64);
  assert_equals_string (dash->directory, "/etc/penstock/out");
}
GST_END_TEST;

GST_START_TEST (dash_into_a_directory_needs_no_listener)
{
  g_autoptr (PenstockConfigData) data =
      load ("{'routes': {'r': {'input': 'test', 'outputs': [{'type': 'dash', "
            "'directory': 'out'}]}}}");

  fail_if (data->listen_http.set);
}
GST_END_TEST;

GST_START_TEST (routes_keep_the_order_of_the_file)
{
  g_autoptr (PenstockConfigData) data =
      load ("{'listen': {'rtmp': ':1', 'rtsp': ':2'}, 'routes': {"
            "'z': {'input': 'test', 'outputs': ['rtsp']},"
            "'/live//*/': {'input': 'publish', 'outputs': ['rtsp'], "
            "'publisher-policy': 'reject', 'publisher-grace-ms': 0, "
            "'correct-drift': false, "
            "'cache': {'max-bytes': 65536, 'max-time-ms': 100, "
            "'max-entries': 16}},"
            "'a': {'input': 'test', 'outputs': ['rtsp']}}}");
  const PenstockRouteConfig *live = g_ptr_array_index (data->routes, 1);

  assert_equals_int (data->routes->len, 3);
  assert_equals_string (live->name, "live/*");
  fail_unless (live->is_template);
  assert_equals_int (live->publisher_policy, PENSTOCK_PUBLISHER_REJECT);
  assert_equals_int (live->publisher_grace_ms, 0);
  fail_if (live->correct_drift);
  assert_equals_uint64 (live->cache_max_bytes, 65536);
  assert_equals_int (live->cache_max_time_ms, 100);
  assert_equals_int (live->cache_max_entries, 16);
}
GST_END_TEST;

/* --- secrets from files --------------------------------------------------------------- */

typedef struct {
  const gchar *name;
  const gchar *content;
  gsize size; /* 0 = strlen */
  const gchar *secret;
  const gchar *problem; /* behind the quoted file name */
} SecretFile;

static const SecretFile secret_files[] = {
  { "no line break", "s3cret", 0, "s3cret", NULL },
  { "line break", "s3cret\n", 0, "s3cret", NULL },
  { "DOS line break", "s3cret\r\n", 0, "s3cret", NULL },
  { "more lines", "s3cret\nHUNTER2\n", 0, "s3cret", NULL },
  { "spaces belong to it", " s3 cret \n", 0, " s3 cret ", NULL },
  { "umlaut", "gr\xc3\xbcn\n", 0, "gr\xc3\xbcn", NULL },
  { "empty", "", 0, NULL, "the first line of the file %s is empty" },
  { "empty first line", "\nHUNTER2\n", 0, NULL,
      "the first line of the file %s is empty" },
  { "zero byte first", "\0HUNTER2", 8, NULL,
      "the first line of the file %s is empty" },
  { "control character", "HUNTER2\x01\n", 0, NULL,
      "the first line of the file %s is not text" },
  { "not UTF-8", "HUNTER2\xff\n", 0, NULL,
      "the first line of the file %s is not text" },
};

static gchar *
write_secret (const SecretFile *row)
{
  g_autoptr (GError) error = NULL;
  gchar *path = NULL;
  int fd = g_file_open_tmp ("penstock-XXXXXX", &path, &error);

  fail_unless (fd >= 0);
  g_close (fd, NULL);
  fail_unless (g_file_set_contents (path, row->content,
      row->size ? (gssize) row->size : (gssize) strlen (row->content), NULL));
  return path;
}

GST_START_TEST (password_is_the_first_line_of_its_file)
{
  const SecretFile *row = &secret_files[__i__];
  g_autofree gchar *path = write_secret (row);
  g_autofree gchar *warnings = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *json = g_strdup_printf (
      "{\"listen\": {\"rtsp\": \":1\"}, \"routes\": {\"r\": {\"outputs\": "
      "[\"rtsp\"], \"input\": {\"type\": \"rtsp\", \"url\": "
      "\"rtsp://camera/\", \"user\": \"a\", \"password-file\": \"%s\"}}}}",
      path);
  g_autoptr (PenstockConfigData) data = penstock_config_parse (
      json, strlen (json), NULL, no_environment, &warnings, &error);

  g_unlink (path);
  if (row->secret) {
    fail_unless (
        data != NULL, "%s: %s", row->name, error ? error->message : "");
    assert_equals_string (only_route (data)->input.password, row->secret);
    return;
  }
  fail_unless (data == NULL, "%s", row->name);
  g_autofree gchar *quoted =
      penstock_json_quote (path, PENSTOCK_JSON_QUOTE_PATH);
  g_autoptr (GString) expected = g_string_new (row->problem);
  g_string_replace (expected, "%s", quoted, 1);
  fail_unless (strstr (error->message, expected->str) != NULL, "%s: %s",
      row->name, error->message);
  fail_if (strstr (error->message, "HUNTER2"), "%s", row->name);
}
GST_END_TEST;

GST_START_TEST (secret_files_have_a_limit)
{
  g_autofree gchar *content = g_strnfill (4096, 'x');
  const SecretFile row = { "long", content };
  g_autofree gchar *path = write_secret (&row);
  g_autofree gchar *warnings = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *json = g_strdup_printf (
      "{\"listen\": {\"rtmp\": \":1\", \"rtsp\": \":2\"}, \"routes\": {\"r\": "
      "{\"input\": \"publish\", \"outputs\": [\"rtsp\"], \"publish\": "
      "{\"key-file\": \"%s\"}}}}",
      path);

  fail_if (penstock_config_parse (
      json, strlen (json), NULL, no_environment, &warnings, &error));
  fail_unless (strstr (error->message, "is longer than 4095 bytes") != NULL);
  fail_unless (g_file_set_contents (path, content, 4095, NULL));
  g_autoptr (PenstockConfigData) data = penstock_config_parse (
      json, strlen (json), NULL, no_environment, &warnings, NULL);
  fail_unless (data != NULL);
  assert_equals_int (strlen (only_route (data)->publish_key), 4095);
  g_unlink (path);
}
GST_END_TEST;

/* --- environment ------------------------------------------------------------------------ */

GST_START_TEST (environment_overrides_the_file)
{
  static const gchar *const environment[] = { "PENSTOCK_LISTEN_RTMP=off",
    "PENSTOCK_LISTEN_RTSP=127.0.0.1:8554",
    "PENSTOCK_LISTEN_HTTP=", "PENSTOCK_LOG_LEVEL=debug",
    "PENSTOCK_ALLOW_LAUNCH=true", "PENSTOCK_UNRELATED=1", NULL };
  g_autofree gchar *warnings = NULL;
  g_autoptr (PenstockConfigData) data = load_from (
      "{'listen': {'rtmp': ':1', 'http': ':3'}, 'routes': {'r': {'input': "
      "{'type': 'launch', 'description': 'x'}, 'outputs': ['rtsp']}}}",
      NULL, environment, &warnings);

  fail_if (data->listen_rtmp.set);
  fail_unless (data->listen_rtsp.set); /* the file has none */
  assert_equals_string (data->listen_rtsp.host, "127.0.0.1");
  assert_equals_int (data->listen_rtsp.port, 8554);
  assert_equals_int (data->listen_http.port, 3); /* empty is not set */
  assert_equals_int (data->log_level, PENSTOCK_LOG_DEBUG);
  fail_unless (data->allow_launch);
}
GST_END_TEST;

GST_START_TEST (variables_are_named_after_their_fields)
{
  static const gchar *const fields[][3] = {
    { "/listen", "rtsp", "PENSTOCK_LISTEN_RTSP" },
    { "/log", "level", "PENSTOCK_LOG_LEVEL" },
    { "", "allow-launch", "PENSTOCK_ALLOW_LAUNCH" },
    { "", "routes", NULL },
    { "/routes/*", "publisher-grace-ms", NULL },
    { "/routes/*/publish", "key", NULL },
  };
  g_autofree gchar *name = penstock_field_dup_env (
      penstock_field_find (fields[__i__][0], fields[__i__][1], -1));

  fail_unless (g_strcmp0 (name, fields[__i__][2]) == 0);
}
GST_END_TEST;

/* --- comparison --------------------------------------------------------------------------- */

GST_START_TEST (a_reload_sees_every_difference)
{
  static const gchar *const routes[] = {
    "{'input': 'test', 'outputs': ['rtsp']}",
    "{'input': 'publish', 'outputs': ['rtsp']}",
    "{'input': {'type': 'test', 'width': 640}, 'outputs': ['rtsp']}",
    "{'input': {'type': 'test', 'pattern': 'ball'}, 'outputs': ['rtsp']}",
    "{'input': {'type': 'test', 'audio': false}, 'outputs': ['rtsp']}",
    "{'input': 'rtsp://camera/', 'outputs': ['rtsp']}",
    "{'input': 'rtsp://a:b@camera/', 'outputs': ['rtsp']}",
    "{'input': 'rtsp://a:c@camera/', 'outputs': ['rtsp']}",
    "{'input': 'test', 'outputs': ['dash']}",
    "{'input': 'test', 'outputs': ['rtsp', 'dash']}",
    "{'input': 'test', 'outputs': [{'type': 'dash', 'window-s': 30}]}",
    "{'input': 'publish', 'outputs': ['rtsp'], 'publish': {'key': 'k'}}",
    "{'input': 'publish', 'outputs': ['rtsp'], 'publish': {'user': 'a', "
    "'password': 'k'}}",
    "{'input': 'publish', 'outputs': ['rtsp'], 'publish': {'user': 'a', "
    "'password': 'l'}}",
    "{'input': 'test', 'outputs': ['rtsp'], 'cache': {'max-bytes': 100000}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (routes); i++) {
    g_autoptr (PenstockConfigData) a = load_route (routes[i]);
    for (guint j = 0; j < G_N_ELEMENTS (routes); j++) {
      g_autoptr (PenstockConfigData) b = load_route (routes[j]);
      fail_unless (penstock_route_config_equal (
                       only_route (a), only_route (b)) == (i == j),
          "%s\n%s", routes[i], routes[j]);
      fail_unless (penstock_fields_equal (a, b, "") == (i == j));
    }
  }
}
GST_END_TEST;

/* Input, outputs and cache of a route differ one without the other. */
GST_START_TEST (a_reload_knows_the_parts_of_a_route)
{
  static const struct {
    const gchar *a, *b;
    gboolean input, output, cache;
  } rows[] = {
    { "{'input': 'test', 'outputs': ['rtsp']}",
        "{'outputs': ['rtsp'], 'input': {'type': 'test'}}", TRUE, TRUE, TRUE },
    { "{'input': 'test', 'outputs': ['rtsp']}",
        "{'input': {'type': 'test', 'width': 640}, 'outputs': ['rtsp']}", FALSE,
        TRUE, TRUE },
    { "{'input': 'publish', 'outputs': ['rtsp']}",
        "{'input': 'publish', 'outputs': ['rtsp'], 'publish': {'key': 'k'}}",
        FALSE, TRUE, TRUE },
    { "{'input': 'publish', 'outputs': ['rtsp']}",
        "{'input': 'publish', 'outputs': ['rtsp'], 'publisher-policy': "
        "'reject'}",
        FALSE, TRUE, TRUE },
    { "{'input': 'test', 'outputs': ['rtsp']}",
        "{'input': 'test', 'outputs': ['dash']}", TRUE, FALSE, TRUE },
    { "{'input': 'test', 'outputs': [{'type': 'rtsp', 'user': 'a', "
      "'password': 'b'}]}",
        "{'input': 'test', 'outputs': [{'type': 'rtsp', 'user': 'a', "
        "'password': 'c'}]}",
        TRUE, FALSE, TRUE },
    { "{'input': 'test', 'outputs': ['rtsp']}",
        "{'input': 'test', 'outputs': ['rtsp'], 'cache': {'max-bytes': "
        "100000}}",
        TRUE, TRUE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (PenstockConfigData) a = load_route (rows[i].a);
    g_autoptr (PenstockConfigData) b = load_route (rows[i].b);
    const PenstockRouteConfig *one = only_route (a), *two = only_route (b);
    fail_unless (penstock_route_config_same_input (one, two) == rows[i].input,
        "%s", rows[i].b);
    fail_unless (penstock_route_config_same_cache (one, two) == rows[i].cache,
        "%s", rows[i].b);
    fail_unless (penstock_output_config_equal (one->outputs->pdata[0],
                     two->outputs->pdata[0]) == rows[i].output,
        "%s", rows[i].b);
  }
}
GST_END_TEST;

GST_START_TEST (a_reload_sees_names_and_listeners)
{
  static const gchar *const maps[] = { "{'routes': {}}",
    "{'listen': {'rtsp': ':1'}, 'routes': {}}",
    "{'listen': {'rtsp': ':2'}, 'routes': {}}",
    "{'listen': {'rtsp': '127.0.0.1:1'}, 'routes': {}}",
    "{'log': {'level': 'debug'}, 'routes': {}}",
    "{'listen': {'rtsp': ':1'}, 'routes': {'a': {'input': 'test', "
    "'outputs': ['rtsp']}}}",
    "{'listen': {'rtsp': ':1'}, 'routes': {'b': {'input': 'test', "
    "'outputs': ['rtsp']}}}" };

  for (guint i = 0; i < G_N_ELEMENTS (maps); i++) {
    g_autoptr (PenstockConfigData) a = load (maps[i]);
    for (guint j = 0; j < G_N_ELEMENTS (maps); j++) {
      g_autoptr (PenstockConfigData) b = load (maps[j]);
      fail_unless (penstock_fields_equal (a, b, "") == (i == j), "%s\n%s",
          maps[i], maps[j]);
    }
  }
}
GST_END_TEST;

/* --- the object ------------------------------------------------------------------------------ */

static const gchar described[] =
    "{\"listen\": {\"rtmp\": \":1935\", \"rtsp\": \"127.0.0.1:0\"}, "
    "\"allow-launch\": true, \"routes\": {"
    "\"live/*\": {\"input\": \"publish\", \"outputs\": [\"rtsp\"], "
    "\"publish\": {\"key\": \"HUNTER2\"}}, "
    "\"open\": {\"input\": \"publish\", \"outputs\": [\"rtsp\"]}, "
    "\"gate\": {\"input\": \"publish\", \"outputs\": [\"rtsp\"], "
    "\"publish\": {\"user\": \"a\", \"password\": \"HUNTER2\"}}, "
    "\"both\": {\"input\": \"publish\", \"outputs\": [\"rtsp\"], "
    "\"publish\": {\"key\": \"HUNTER2\", \"user\": \"a\", "
    "\"password\": \"HUNTER2\"}}, "
    "\"lobby\": {\"input\": \"rtsp://admin:HUNTER2@camera/s?token=HUNTER2\", "
    "\"outputs\": [\"rtsp\", {\"type\": \"dash\", \"directory\": "
    "\"/srv/d\"}]}, "
    "\"tone\": {\"input\": {\"type\": \"test\", \"video\": false}, "
    "\"outputs\": [\"rtsp\"]}, "
    "\"film\": {\"input\": \"file:/\", \"outputs\": [\"rtsp\"]}, "
    "\"bin\": {\"input\": {\"type\": \"launch\", \"description\": "
    "\"rtmp2src location=rtmp://HUNTER2\"}, \"outputs\": [\"rtsp\"]}}}";

GST_START_TEST (description_shows_everything_but_secrets)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PenstockConfig) config =
      penstock_config_new_from_string (described, NULL, &error);

  fail_unless (config != NULL, "%s", error ? error->message : "");
  g_autofree gchar *text = penstock_config_describe (config);
  assert_equals_string (text,
      "listen rtmp: [::]:1935\n"
      "listen rtsp: 127.0.0.1:0\n"
      "listen http: off\n"
      "template live/*: publish, with a key -> rtsp\n"
      "route open: publish, anybody may -> rtsp\n"
      "route gate: publish, with credentials -> rtsp\n"
      "route both: publish, with a key or with credentials -> rtsp\n"
      "route lobby: rtsp://camera/s?*** over tcp, with credentials -> rtsp, "
      "dash (2000 ms segments, 60 s window, audio auto, into /srv/d)\n"
      "route tone: test tone 440 Hz -> rtsp\n"
      "route film: file /, looped -> rtsp\n"
      "route bin: launch -> rtsp\n");
}
GST_END_TEST;

GST_START_TEST (file_that_cannot_be_read_is_named)
{
  g_autoptr (GError) error = NULL;

  fail_if (penstock_config_new_from_file ("/nonexistent/map.json", &error));
  fail_unless (g_error_matches (error, PENSTOCK_ERROR, PENSTOCK_ERROR_IO));
  fail_unless (strstr (error->message, "/nonexistent/map.json") != NULL);
}
GST_END_TEST;

GST_START_TEST (file_is_read_and_keeps_its_name)
{
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("penstock-XXXXXX", &path, NULL);

  fail_unless (fd >= 0);
  g_close (fd, NULL);
  fail_unless (g_file_set_contents (path, "{\"routes\": {}}", -1, NULL));
  g_autoptr (PenstockConfig) config =
      penstock_config_new_from_file (path, &error);
  g_unlink (path);
  fail_unless (config != NULL);
  assert_equals_string (penstock_config_get_data (config)->filename, path);
  g_autofree gchar *warnings = penstock_config_dup_warnings (config);
  fail_unless (g_str_has_suffix (
      warnings, ":1:12: /routes: no routes: nothing will be served"));
}
GST_END_TEST;

static Suite *
config_load_suite (void)
{
  Suite *suite = suite_create ("config-load");
  TCase *tc = tcase_create ("load");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, limits_of_rtmp_are_those_of_the_listener);
  tcase_add_test (tc, segments_of_all_routes_have_a_bound);
  tcase_add_test (tc, limits_of_http_are_those_of_the_server);
  tcase_add_test (tc, what_is_not_said_has_its_default);
  tcase_add_test (tc, nothing_listens_unless_said);
  tcase_add_loop_test (tc, short_and_long_forms_say_the_same, 0, 5);
  tcase_add_test (tc, rtsp_input_has_everything);
  tcase_add_test (tc, rtmp_input_has_time_outs);
  tcase_add_test (tc, push_outputs_have_addresses_of_their_own);
  tcase_add_loop_test (tc, relative_paths_start_at_the_folder_of_the_map, 0, 3);
  tcase_add_test (tc, missing_media_file_is_a_warning);
  tcase_add_test (tc, test_input_has_picture_and_tone);
  tcase_add_test (tc, launch_input_is_taken_when_allowed);
  tcase_add_test (tc, test_patterns_are_those_of_videotestsrc);
  tcase_add_test (tc, dash_output_has_everything);
  tcase_add_test (tc, dash_into_a_directory_needs_no_listener);
  tcase_add_test (tc, routes_keep_the_order_of_the_file);
  tcase_add_loop_test (tc, password_is_the_first_line_of_its_file, 0,
      G_N_ELEMENTS (secret_files));
  tcase_add_test (tc, secret_files_have_a_limit);
  tcase_add_test (tc, environment_overrides_the_file);
  tcase_add_loop_test (tc, variables_are_named_after_their_fields, 0, 6);
  tcase_add_test (tc, a_reload_sees_every_difference);
  tcase_add_test (tc, a_reload_sees_names_and_listeners);
  tcase_add_test (tc, a_reload_knows_the_parts_of_a_route);
  tcase_add_test (tc, description_shows_everything_but_secrets);
  tcase_add_test (tc, file_that_cannot_be_read_is_named);
  tcase_add_test (tc, file_is_read_and_keeps_its_name);
  return suite;
}

GST_CHECK_MAIN (config_load)
