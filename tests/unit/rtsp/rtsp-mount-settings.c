/* SPDX-License-Identifier: MIT
 *
 * What a route map says of RTSP readers, and that its words are those of the
 * fan-out element. */

#include <gst/check/gstcheck.h>

#include "config-fields.h"
#include "config-structs.h"
#include "media.h"
#include "rtsp/rtsp-mount-settings.h"

#define OUTPUT "/routes/*/outputs/*"

GST_START_TEST (route_map_without_words_means_the_defaults)
{
  PenstockOutputConfig output = { .kind = PENSTOCK_OUTPUT_RTSP };
  PenstockRtspMountSettings said, defaults;

  penstock_fields_set_defaults (&output, OUTPUT, PENSTOCK_OUTPUT_RTSP);
  penstock_rtsp_mount_settings_init (&said, &output, NULL);
  penstock_rtsp_mount_settings_init (&defaults, NULL, NULL);
  fail_unless_equals_int (said.viewers.start, defaults.viewers.start);
  fail_unless_equals_int (said.viewers.policy, defaults.viewers.policy);
  fail_unless_equals_uint64 (said.viewers.max_lag, defaults.viewers.max_lag);
  fail_unless_equals_uint64 (
      said.viewers.max_lag_bytes, defaults.viewers.max_lag_bytes);
  fail_unless_equals_uint64 (
      said.viewers.max_audio_lag, defaults.viewers.max_audio_lag);
  fail_unless_equals_int64 (said.stall_us, defaults.stall_us);
  fail_unless (said.viewers.free_burst);
}
GST_END_TEST

GST_START_TEST (every_word_of_the_route_map_arrives)
{
  const PenstockGopLogLimits cache = { 1, 2, 3, 4 };
  PenstockOutputConfig output = {
    .kind = PENSTOCK_OUTPUT_RTSP,
    .start = PENSTOCK_START_KEYFRAME,
    .policy = PENSTOCK_SLOW_AUDIO_ONLY,
    .max_lag_ms = 3000,
    .max_lag_bytes = G_GUINT64_CONSTANT (5000000000),
    .max_audio_lag_ms = 5000000,
    .stall_timeout_ms = 3600000,
  };
  PenstockRtspMountSettings said;

  penstock_rtsp_mount_settings_init (&said, &output, &cache);
  fail_unless_equals_int (said.viewers.start, PENSTOCK_START_KEYFRAME);
  fail_unless_equals_int (said.viewers.policy, PENSTOCK_SLOW_AUDIO_ONLY);
  fail_unless_equals_uint64 (said.viewers.max_lag, 3 * GST_SECOND);
  fail_unless_equals_uint64 (said.viewers.max_lag_bytes, 5000000000);
  fail_unless_equals_uint64 (said.viewers.max_audio_lag, 5000 * GST_SECOND);
  fail_unless_equals_int64 (said.stall_us, (gint64) 3600 * G_USEC_PER_SEC);
  fail_unless_equals_uint64 (said.cache.max_bytes, cache.max_bytes);
  fail_unless_equals_uint64 (said.cache.max_time, cache.max_time);
}
GST_END_TEST

/* Of a property of penstockfanout and a field of an RTSP output. */
static void
compare_words (const gchar *name, gboolean field_may_have_more)
{
  g_autoptr (GstElement) fanout =
      gst_element_factory_make ("penstockfanout", NULL);
  GParamSpec *property =
      g_object_class_find_property (G_OBJECT_GET_CLASS (fanout), name);
  GEnumClass *words = G_PARAM_SPEC_ENUM (property)->enum_class;
  const PenstockField *field =
      penstock_field_find (OUTPUT, name, PENSTOCK_OUTPUT_RTSP);
  guint n = 0;

  for (; field->values[n].name; n++) {
    const GEnumValue *word =
        g_enum_get_value_by_nick (words, field->values[n].name);
    fail_unless (word || field_may_have_more, "%s", field->values[n].name);
    if (word)
      fail_unless_equals_int (word->value, field->values[n].value);
  }
  fail_unless (n >= words->n_values);
}

GST_START_TEST (words_are_those_of_the_fan_out)
{
  penstock_media_register (NULL);
  compare_words ("policy", FALSE);
  compare_words ("start", TRUE); /* an element does not change times */
}
GST_END_TEST

static Suite *
rtsp_mount_settings_suite (void)
{
  Suite *suite = suite_create ("rtsp-mount-settings");
  TCase *tcase = tcase_create ("all");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, route_map_without_words_means_the_defaults);
  tcase_add_test (tcase, every_word_of_the_route_map_arrives);
  tcase_add_test (tcase, words_are_those_of_the_fan_out);
  return suite;
}

GST_CHECK_MAIN (rtsp_mount_settings);
