/* SPDX-License-Identifier: MIT
 *
 * Tracks and their statistics as JSON. */

#include <gst/pbutils/pbutils.h>

#include "route-private.h"

/* A short name a person knows: "H.264", "AAC". */
static gchar *
codec_name (const GstCaps *caps)
{
  static const struct {
    const gchar *caps, *name;
  } names[] = {
    { "video/x-h264", "H.264" },
    { "video/x-h265", "H.265" },
    { "video/x-av1", "AV1" },
    { "video/x-vp8", "VP8" },
    { "video/x-vp9", "VP9" },
    { "image/jpeg", "MJPEG" },
    { "audio/mpeg, mpegversion=(int)4", "AAC" },
    { "audio/mpeg, mpegversion=(int)1, layer=(int)3", "MP3" },
    { "audio/x-opus", "Opus" },
    { "audio/x-alaw", "G.711 A-law" },
    { "audio/x-mulaw", "G.711 mu-law" },
    { "audio/G722", "G.722" },
    { "audio/x-adpcm", "G.726" },
    { "audio/x-flac", "FLAC" },
    { "audio/x-ac3", "AC-3" },
    { "audio/x-eac3", "E-AC-3" },
    { "audio/x-raw", "PCM" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstCaps) known = gst_caps_from_string (names[i].caps);
    if (gst_caps_can_intersect (caps, known))
      return g_strdup (names[i].name);
  }
  return g_strdup (gst_structure_get_name (gst_caps_get_structure (caps, 0)));
}

static void
add_int_field (
    JsonBuilder *builder, const GstStructure *structure, const gchar *field)
{
  gint value;

  if (!gst_structure_get_int (structure, field, &value))
    return;
  json_builder_set_member_name (builder, field);
  json_builder_add_int_value (builder, value);
}

static void
add_string_field (
    JsonBuilder *builder, const GstStructure *structure, const gchar *field)
{
  const gchar *value = gst_structure_get_string (structure, field);

  if (!value)
    return;
  json_builder_set_member_name (builder, field);
  json_builder_add_string_value (builder, value);
}

static void
add_video_stats (JsonBuilder *builder, const PenstockTrackStats *stats)
{
  json_builder_set_member_name (builder, "fps");
  if (stats->rates_known)
    json_builder_add_double_value (
        builder, (gint64) (stats->rate * 100 + 0.5) / 100.0);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "gop-ms");
  if (GST_CLOCK_TIME_IS_VALID (stats->gop_duration))
    json_builder_add_int_value (builder, stats->gop_duration / GST_MSECOND);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "gop-frames");
  json_builder_add_int_value (builder, stats->gop_length);
  json_builder_set_member_name (builder, "keyframe-age-ms");
  GstClockTime now = penstock_channel_now ();
  if (GST_CLOCK_TIME_IS_VALID (stats->last_keyframe))
    json_builder_add_int_value (builder,
        now > stats->last_keyframe ? (now - stats->last_keyframe) / GST_MSECOND
                                   : 0);
  else
    json_builder_add_null_value (builder);
}

static void
add_track (JsonBuilder *builder, const PenstockTrack *track,
    const PenstockTrackStats *stats)
{
  const GstStructure *structure = gst_caps_get_structure (track->caps, 0);
  gboolean video = track->kind == PENSTOCK_TRACK_VIDEO;
  g_autofree gchar *codec = codec_name (track->caps);
  g_autofree gchar *mime = gst_codec_utils_caps_get_mime_codec (track->caps);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "kind");
  json_builder_add_string_value (builder, video ? "video" : "audio");
  json_builder_set_member_name (builder, "codec");
  json_builder_add_string_value (builder, codec);
  if (mime) {
    json_builder_set_member_name (builder, "mime-codec");
    json_builder_add_string_value (builder, mime);
  }
  add_int_field (builder, structure, "width");
  add_int_field (builder, structure, "height");
  add_int_field (builder, structure, "rate");
  add_int_field (builder, structure, "channels");
  add_string_field (builder, structure, "profile");
  add_string_field (builder, structure, "level");
  json_builder_set_member_name (builder, "bitrate");
  if (stats->rates_known)
    json_builder_add_int_value (builder, (gint64) stats->bitrate);
  else
    json_builder_add_null_value (builder);
  if (video)
    add_video_stats (builder, stats);
  json_builder_set_member_name (builder, "access-units");
  json_builder_add_int_value (builder, stats->access_units);
  json_builder_set_member_name (builder, "bytes");
  json_builder_add_int_value (builder, stats->bytes);
  json_builder_set_member_name (builder, "gaps");
  json_builder_add_int_value (builder, stats->gaps);
  json_builder_end_object (builder);
}

void
penstock_status_add_tracks (JsonBuilder *builder, PenstockChannel *channel,
    const PenstockChannelStats *stats)
{
  g_autoptr (PenstockLayout) layout = penstock_channel_get_layout (channel);

  json_builder_set_member_name (builder, "tracks");
  json_builder_begin_array (builder);
  for (guint i = 0; layout && i < stats->n_tracks; i++) {
    const PenstockTrack *track =
        penstock_layout_find (layout, stats->tracks[i].id);
    if (track)
      add_track (builder, track, &stats->tracks[i]);
  }
  json_builder_end_array (builder);
}
