/* SPDX-License-Identifier: MIT
 *
 * Where penstockrtmpsink's messages go. See rtmp-sink-target.h. */

#include "rtmp-sink-target.h"

#include "rtmp-listener.h"
#include "rtmp-location.h"
#include "rtmp-path.h"

struct _PenstockRtmpTarget {
  PenstockRtmpServer *server;     /* serve */
  guint16 port;                   /* that the location names; serve */
  PenstockRtmpPush *push;         /* push */
  PenstockRtmpPlayback *playback; /* of one of them */
};

void
penstock_rtmp_sink_settings_clear (PenstockRtmpSinkSettings *settings)
{
  g_clear_pointer (&settings->location, g_free);
  g_clear_pointer (&settings->user, g_free);
  g_clear_pointer (&settings->password, g_free);
  gst_clear_structure (&settings->limits);
  penstock_rtmp_tls_clear (&settings->tls);
}

void
penstock_rtmp_sink_settings_copy (
    const PenstockRtmpSinkSettings *from, PenstockRtmpSinkSettings *to)
{
  *to = *from;
  to->location = g_strdup (from->location);
  to->user = g_strdup (from->user);
  to->password = g_strdup (from->password);
  to->limits = from->limits ? gst_structure_copy (from->limits) : NULL;
  penstock_rtmp_tls_copy (&from->tls, &to->tls);
}

gchar *
penstock_rtmp_sink_settings_describe (const PenstockRtmpSinkSettings *settings)
{
  const gchar *problem;

  if (settings->mode == PENSTOCK_RTMP_SINK_SERVE)
    return penstock_rtmp_location_public (settings->location);
  g_autoptr (PenstockRtmpUrl) url = penstock_rtmp_url_parse (
      settings->location ? settings->location : "", &problem);
  return url ? penstock_rtmp_url_public (url) : g_strdup ("(no RTMP location)");
}

/* --- opening -------------------------------------------------------------- */

static gboolean
open_server (PenstockRtmpTarget *target, GstElement *element,
    const PenstockRtmpSinkSettings *settings, PenstockRtmpOwner *owner,
    GError **error)
{
  PenstockRtmpPlaybackSettings log = settings->log;
  g_autofree gchar *path = NULL;

  log.owner = owner;
  target->server =
      penstock_rtmp_listener_open (element, settings->location, &settings->tls,
          settings->limits, settings->enhanced, &target->port, &path, error);
  if (target->server)
    target->playback =
        penstock_rtmp_server_add_playback (target->server, path, &log, error);
  return target->playback != NULL;
}

static gboolean
open_push (PenstockRtmpTarget *target, const PenstockRtmpSinkSettings *settings,
    PenstockRtmpPushFunc func, gpointer user_data, GError **error)
{
  const PenstockRtmpPushSettings push = {
    .url = settings->location,
    .user = settings->user,
    .password = settings->password,
    .tls = settings->tls,
    .connect_timeout_ms = settings->connect_timeout_ms,
    .retry_min_ms = settings->retry_min_ms,
    .retry_max_ms = settings->retry_max_ms,
    .log = settings->log,
  };

  target->push = penstock_rtmp_push_new (&push, func, user_data, error);
  if (target->push)
    target->playback = penstock_rtmp_push_get_playback (target->push);
  return target->push != NULL;
}

PenstockRtmpTarget *
penstock_rtmp_target_open (GstElement *element,
    const PenstockRtmpSinkSettings *settings, PenstockRtmpOwner *owner,
    PenstockRtmpPushFunc func, gpointer user_data, GError **error)
{
  PenstockRtmpTarget *target = g_new0 (PenstockRtmpTarget, 1);
  gboolean ok = settings->mode == PENSTOCK_RTMP_SINK_SERVE
      ? open_server (target, element, settings, owner, error)
      : open_push (target, settings, func, user_data, error);

  if (!ok)
    g_clear_pointer (&target, penstock_rtmp_target_close);
  return target;
}

void
penstock_rtmp_target_close (PenstockRtmpTarget *target)
{
  if (!target)
    return;
  if (!target->push && target->playback)
    penstock_rtmp_playback_remove (target->playback);
  penstock_rtmp_push_free (target->push);
  g_clear_pointer (&target->server, penstock_rtmp_server_unref);
  g_free (target);
}

guint16
penstock_rtmp_target_get_port (PenstockRtmpTarget *target)
{
  return target->port;
}

/* --- the stream ----------------------------------------------------------- */

static guint32
fourcc_of (const PenstockRtmpTargetTrack *track)
{
  return track->caps ? track->format->fourcc : 0;
}

void
penstock_rtmp_target_set_tracks (PenstockRtmpTarget *target,
    const PenstockRtmpTargetTrack *video, const PenstockRtmpTargetTrack *audio)
{
  g_autoptr (GBytes) metadata =
      penstock_flv_write_metadata (video->caps, audio->caps);

  if (target->push) {
    g_autoptr (GBytes) plain = g_steal_pointer (&metadata);
    metadata = penstock_flv_write_set_data_frame (plain);
    penstock_rtmp_push_set_codecs (
        target->push, fourcc_of (video), fourcc_of (audio));
  }
  penstock_rtmp_playback_set_config (
      target->playback, metadata, video->config, audio->config);
}

gboolean
penstock_rtmp_target_append (
    PenstockRtmpTarget *target, const PenstockRtmpFrame *frame)
{
  return penstock_rtmp_playback_append (target->playback, frame);
}

gboolean
penstock_rtmp_target_end (PenstockRtmpTarget *target)
{
  if (target->push)
    penstock_rtmp_push_end (target->push);
  else
    penstock_rtmp_playback_end (target->playback);
  return target->push != NULL;
}

/* --- statistics ----------------------------------------------------------- */

static void
add_push (PenstockRtmpTarget *target, GstStructure *out)
{
  PenstockRtmpPushStats stats = { 0 };

  if (target)
    penstock_rtmp_push_get_stats (target->push, &stats);
  gst_structure_set (out, "state", G_TYPE_STRING,
      penstock_rtmp_push_state_to_string (stats.state), "since", G_TYPE_INT64,
      stats.since, "connections", G_TYPE_UINT64, stats.connections, "failures",
      G_TYPE_UINT64, stats.failures, NULL);
  if (stats.reason)
    gst_structure_set (out, "reason", G_TYPE_STRING, stats.reason, NULL);
  g_free (stats.reason);
}

GstStructure *
penstock_rtmp_target_make_stats (
    PenstockRtmpTarget *target, PenstockRtmpSinkMode mode)
{
  PenstockRtmpPlaybackStats stats = { 0 };

  if (target)
    penstock_rtmp_playback_get_stats (target->playback, &stats);
  GstStructure *out =
      gst_structure_new ("application/x-penstock-rtmp-sink-stats", "bytes-sent",
          G_TYPE_UINT64, stats.bytes_sent, "skips", G_TYPE_UINT64, stats.skips,
          "cache-bytes", G_TYPE_UINT64, stats.log.bytes, NULL);
  if (mode == PENSTOCK_RTMP_SINK_PUSH)
    add_push (target, out);
  else
    gst_structure_set (out, "readers", G_TYPE_UINT, stats.players,
        "readers-total", G_TYPE_UINT64, stats.players_total, NULL);
  return out;
}
