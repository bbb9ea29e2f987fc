/* SPDX-License-Identifier: MIT
 *
 * What can be set of a reader of penstockfanout, on the element for readers to
 * come and on a reader's pads. See fanout-pad.h. */

#include "fanout-pad.h"

#define FLAGS                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

#define PENSTOCK_TYPE_FANOUT_START (fanout_start_get_type ())
#define PENSTOCK_TYPE_FANOUT_POLICY (fanout_policy_get_type ())

static GType
fanout_start_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_START_CACHE, "At the newest keyframe, from the cache", "cache" },
    { PENSTOCK_START_KEYFRAME, "At the next keyframe", "keyframe" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockFanoutStart", values));
  return type;
}

static GType
fanout_policy_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_SLOW_SKIP_TO_KEYFRAME,
        "Skip video to the newest keyframe, keep audio", "skip-to-keyframe" },
    { PENSTOCK_SLOW_DROP_NON_REFERENCE_FIRST,
        "From half the limit on leave out what no picture refers to, then skip",
        "drop-non-reference-first" },
    { PENSTOCK_SLOW_AUDIO_ONLY, "End video, keep audio", "audio-only" },
    { PENSTOCK_SLOW_DISCONNECT, "End the reader", "disconnect" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockFanoutPolicy", values));
  return type;
}

void
penstock_fanout_install_reader_properties (GObjectClass *klass)
{
  const PenstockCursorSettings defaults = PENSTOCK_CURSOR_DEFAULT_SETTINGS;

  g_object_class_install_property (klass, PENSTOCK_FANOUT_PROP_START,
      g_param_spec_enum ("start", "Start", "Where a reader begins",
          PENSTOCK_TYPE_FANOUT_START, defaults.start, FLAGS));
  g_object_class_install_property (klass, PENSTOCK_FANOUT_PROP_POLICY,
      g_param_spec_enum ("policy", "Policy",
          "What happens to a reader beyond a limit",
          PENSTOCK_TYPE_FANOUT_POLICY, defaults.policy, FLAGS));
  g_object_class_install_property (klass, PENSTOCK_FANOUT_PROP_MAX_LAG,
      g_param_spec_uint64 ("max-lag", "Maximum lag",
          "Nanoseconds a reader may be behind a newer keyframe (0 = no limit)",
          0, G_MAXINT64, defaults.max_lag, FLAGS));
  g_object_class_install_property (klass, PENSTOCK_FANOUT_PROP_MAX_LAG_BYTES,
      g_param_spec_uint64 ("max-lag-bytes", "Maximum lag in bytes",
          "Bytes of all streams a reader may be behind a newer keyframe; "
          "without video, behind the newest (0 = no limit)",
          0, G_MAXINT64, defaults.max_lag_bytes, FLAGS));
  g_object_class_install_property (klass, PENSTOCK_FANOUT_PROP_MAX_LAG_ENTRIES,
      g_param_spec_uint ("max-lag-entries", "Maximum lag in entries",
          "Buffers of all streams a reader may be behind a newer keyframe; "
          "without video, behind the newest (0 = no limit)",
          0, G_MAXINT, defaults.max_lag_entries, FLAGS));
  g_object_class_install_property (klass, PENSTOCK_FANOUT_PROP_MAX_AUDIO_LAG,
      g_param_spec_uint64 ("max-audio-lag", "Maximum lag of audio",
          "Nanoseconds audio may be behind the newest before it is skipped "
          "(0 = no limit)",
          0, G_MAXINT64, defaults.max_audio_lag, FLAGS));
}

gboolean
penstock_fanout_settings_set (
    PenstockCursorSettings *settings, guint id, const GValue *value)
{
  switch (id) {
  case PENSTOCK_FANOUT_PROP_START:
    settings->start = g_value_get_enum (value);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_POLICY:
    settings->policy = g_value_get_enum (value);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_MAX_LAG:
    settings->max_lag = g_value_get_uint64 (value);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_MAX_LAG_BYTES:
    settings->max_lag_bytes = g_value_get_uint64 (value);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_MAX_LAG_ENTRIES:
    settings->max_lag_entries = g_value_get_uint (value);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_MAX_AUDIO_LAG:
    settings->max_audio_lag = g_value_get_uint64 (value);
    return TRUE;
  default:
    return FALSE;
  }
}

gboolean
penstock_fanout_settings_get (
    const PenstockCursorSettings *settings, guint id, GValue *value)
{
  switch (id) {
  case PENSTOCK_FANOUT_PROP_START:
    g_value_set_enum (value, settings->start);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_POLICY:
    g_value_set_enum (value, settings->policy);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_MAX_LAG:
    g_value_set_uint64 (value, settings->max_lag);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_MAX_LAG_BYTES:
    g_value_set_uint64 (value, settings->max_lag_bytes);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_MAX_LAG_ENTRIES:
    g_value_set_uint (value, settings->max_lag_entries);
    return TRUE;
  case PENSTOCK_FANOUT_PROP_MAX_AUDIO_LAG:
    g_value_set_uint64 (value, settings->max_audio_lag);
    return TRUE;
  default:
    return FALSE;
  }
}
