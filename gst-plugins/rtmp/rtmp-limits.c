/* SPDX-License-Identifier: MIT
 *
 * The limits by name. See rtmp-limits.h. */

#include "rtmp-limits.h"

#include <gst/gst.h>

#define HOUR_MS 3600000
#define MIB (1024 * 1024)

const PenstockRtmpLimits penstock_rtmp_default_limits = {
  .max_video = PENSTOCK_RTMP_MAX_VIDEO,
  .max_audio = PENSTOCK_RTMP_MAX_AUDIO,
  .max_data = PENSTOCK_RTMP_MAX_DATA,
  .max_command = PENSTOCK_RTMP_MAX_COMMAND,
  .max_unfinished = PENSTOCK_RTMP_MAX_UNFINISHED,
  .max_unfinished_early = PENSTOCK_RTMP_MAX_UNFINISHED_EARLY,
  .max_send_queue = PENSTOCK_RTMP_MAX_SEND_QUEUE,
  .max_chunk_streams = PENSTOCK_RTMP_MAX_CHUNK_STREAMS,
  .max_message_streams = PENSTOCK_RTMP_MAX_STREAMS,
  .command_rate = PENSTOCK_RTMP_COMMAND_RATE,
  .command_burst = PENSTOCK_RTMP_COMMAND_BURST,
  .amf_depth = PENSTOCK_AMF_MAX_DEPTH,
  .amf_properties = PENSTOCK_AMF_MAX_PROPERTIES,
  .amf_string = PENSTOCK_AMF_MAX_STRING,
  .handshake_ms = PENSTOCK_RTMP_HANDSHAKE_MS,
  .connect_ms = PENSTOCK_RTMP_CONNECT_MS,
  .publish_ms = PENSTOCK_RTMP_PUBLISH_MS,
  .first_media_ms = PENSTOCK_RTMP_FIRST_MEDIA_MS,
  .silence_ms = PENSTOCK_RTMP_SILENCE_MS,
  .message_ms = PENSTOCK_RTMP_MESSAGE_MS,
  .send_ms = PENSTOCK_RTMP_SEND_MS,
  .play_ms = PENSTOCK_RTMP_PLAY_MS,
  .max_half_open = PENSTOCK_RTMP_MAX_HALF_OPEN,
  .failures_per_minute = PENSTOCK_RTMP_FAILURES_PER_MINUTE,
  .block_ms = PENSTOCK_RTMP_BLOCK_MS,
};

#define ROW(name, member, min, max)                                            \
  {                                                                            \
    name, G_STRUCT_OFFSET (PenstockRtmpLimits, member), FALSE, min, max        \
  }

/* The least values let every known encoder in. */
static const PenstockRtmpLimit table[] = {
  ROW ("max-video-bytes", max_video, 65536, PENSTOCK_RTMP_MAX_MESSAGE),
  ROW ("max-audio-bytes", max_audio, 8192, PENSTOCK_RTMP_MAX_MESSAGE),
  ROW ("max-data-bytes", max_data, 4096, PENSTOCK_RTMP_MAX_MESSAGE),
  ROW ("max-command-bytes", max_command, 4096, PENSTOCK_RTMP_MAX_MESSAGE),
  ROW ("max-unfinished-bytes", max_unfinished, 65536, 1024 * MIB),
  ROW ("max-unfinished-early-bytes", max_unfinished_early, 4096, 1024 * MIB),
  ROW ("max-send-queue-bytes", max_send_queue, 8192, 1024 * MIB),
  ROW ("max-chunk-streams", max_chunk_streams, 8, 65536),
  ROW ("max-message-streams", max_message_streams, 1, 32),
  ROW ("commands-per-second", command_rate, 1, 100000),
  ROW ("command-burst", command_burst, 16, 1000000),
  ROW ("amf-depth", amf_depth, 4, PENSTOCK_AMF_MAX_DEPTH),
  ROW ("amf-properties", amf_properties, 64, 65536),
  ROW ("amf-string-bytes", amf_string, 1024, PENSTOCK_RTMP_MAX_MESSAGE),
  ROW ("handshake-timeout-ms", handshake_ms, 10, HOUR_MS),
  ROW ("connect-timeout-ms", connect_ms, 10, HOUR_MS),
  ROW ("publish-timeout-ms", publish_ms, 10, HOUR_MS),
  ROW ("first-media-timeout-ms", first_media_ms, 10, HOUR_MS),
  ROW ("silence-timeout-ms", silence_ms, 10, HOUR_MS),
  ROW ("message-timeout-ms", message_ms, 10, HOUR_MS),
  ROW ("send-timeout-ms", send_ms, 10, HOUR_MS),
  ROW ("play-wait-ms", play_ms, 0, HOUR_MS),
  ROW ("max-connections", max_connections, 0, 1000000),
  ROW ("max-connections-per-address", max_per_address, 0, 1000000),
  ROW ("max-connections-per-network", max_per_network, 0, 1000000),
  ROW ("max-half-open", max_half_open, 1, 1000000),
  ROW ("max-half-open-per-address", max_half_open_per_address, 0, 1000000),
  ROW ("connects-per-second", connects_per_second, 0, 1000000),
  ROW ("wrong-keys-per-minute", failures_per_minute, 0, 1000000),
  ROW ("wrong-keys-block-ms", block_ms, 10, 24 * HOUR_MS),
  { "max-memory-bytes", G_STRUCT_OFFSET (PenstockRtmpLimits, max_memory), TRUE,
      0, G_MAXINT64 },
};

const PenstockRtmpLimit *
penstock_rtmp_limits_get_table (guint *n)
{
  *n = G_N_ELEMENTS (table);
  return table;
}

guint64
penstock_rtmp_limits_get (
    const PenstockRtmpLimits *limits, const PenstockRtmpLimit *limit)
{
  const guint8 *member = (const guint8 *) limits + limit->offset;

  return limit->is_uint64 ? *(const guint64 *) member : *(const guint *) member;
}

static void
set (PenstockRtmpLimits *limits, const PenstockRtmpLimit *limit, guint64 value)
{
  guint8 *member = (guint8 *) limits + limit->offset;

  if (limit->is_uint64)
    *(guint64 *) member = value;
  else
    *(guint *) member = value;
}

static const PenstockRtmpLimit *
find (const gchar *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (g_str_equal (table[i].name, name))
      return &table[i];
  return NULL;
}

/* Descriptions of a launch line have ints, applications what they like. */
static gboolean
get_number (const GValue *value, guint64 *out)
{
  GValue wide = G_VALUE_INIT;
  gboolean ok;

  if (!g_value_type_transformable (G_VALUE_TYPE (value), G_TYPE_INT64) ||
      G_VALUE_HOLDS_STRING (value))
    return FALSE;
  g_value_init (&wide, G_TYPE_INT64);
  ok = g_value_transform (value, &wide) && g_value_get_int64 (&wide) >= 0;
  *out = ok ? (guint64) g_value_get_int64 (&wide) : 0;
  g_value_unset (&wide);
  return ok;
}

gboolean
penstock_rtmp_limits_apply (
    PenstockRtmpLimits *limits, const GstStructure *structure, gchar **problem)
{
  PenstockRtmpLimits changed = *limits;

  for (gint i = 0; i < gst_structure_n_fields (structure); i++) {
    const gchar *name = gst_structure_nth_field_name (structure, i);
    const PenstockRtmpLimit *limit = find (name);
    guint64 value;

    if (!limit) {
      *problem = g_strdup_printf ("there is no limit \"%s\"", name);
      return FALSE;
    }
    if (!get_number (gst_structure_get_value (structure, name), &value) ||
        value < limit->min || value > limit->max) {
      *problem = g_strdup_printf ("%s is a number from %" G_GUINT64_FORMAT
                                  " to %" G_GUINT64_FORMAT,
          name, limit->min, limit->max);
      return FALSE;
    }
    set (&changed, limit, value);
  }
  *limits = changed;
  return TRUE;
}
