/* SPDX-License-Identifier: MIT
 *
 * Text of HLS playlists (see hls-playlist.h). */

#include "hls-playlist.h"

/* EXT-X-MAP and fragmented MP4 (RFC 8216 section 7); EXT-X-GAP is newer and
 * ignored by players that do not know it. */
#define VERSION 8
/* One group holds the audio renditions of all variants. */
#define AUDIO_GROUP "audio"

gchar *
hls_media_path (const gchar *track_id)
{
  return g_strconcat (track_id, "/media.m3u8", NULL);
}

static const MpdTrack *
find_track (const MpdPeriod *period, const gchar *id)
{
  for (guint i = 0; i < period->tracks->len; i++) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, i);

    if (g_str_equal (track->id, id) && track->segments->len > 0)
      return track;
  }
  return NULL;
}

static const MpdPeriod *
newest_period (const Mpd *mpd)
{
  return mpd->periods->len > 0
      ? g_ptr_array_index (mpd->periods, mpd->periods->len - 1)
      : NULL;
}

/* --- multivariant playlist -------------------------------------------------- */

static void
put_audio (GString *out, const MpdTrack *track, gboolean first)
{
  g_autofree gchar *path = hls_media_path (track->id);

  g_string_append_printf (out,
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"" AUDIO_GROUP "\",NAME=\"%s\"",
      track->language ? track->language : track->id);
  if (track->language)
    g_string_append_printf (out, ",LANGUAGE=\"%s\"", track->language);
  g_string_append_printf (out, ",DEFAULT=%s,AUTOSELECT=YES,CHANNELS=\"%u\"",
      first ? "YES" : "NO", track->format->channels);
  g_string_append_printf (out, ",URI=\"%s\"\n", path);
}

/* @audio: (nullable): the one of the group with the largest bandwidth */
static void
put_variant (GString *out, const MpdTrack *track, const MpdTrack *audio)
{
  const CmafFormat *f = track->format;
  g_autofree gchar *path = hls_media_path (track->id);

  g_string_append_printf (out,
      "#EXT-X-STREAM-INF:BANDWIDTH=%" G_GUINT64_FORMAT ",CODECS=\"%s%s%s\"",
      track->bandwidth + (audio ? audio->bandwidth : 0), f->codecs,
      audio ? "," : "", audio ? audio->format->codecs : "");
  if (f->kind == CMAF_VIDEO)
    g_string_append_printf (
        out, ",RESOLUTION=%ux%u", f->width * f->par_n / f->par_d, f->height);
  if (f->kind == CMAF_VIDEO && track->fps_n > 0) {
    guint64 milli =
        gst_util_uint64_scale_round (1000, track->fps_n, track->fps_d);
    g_string_append_printf (out, ",FRAME-RATE=%u.%03u", (guint) (milli / 1000),
        (guint) (milli % 1000));
  }
  if (audio)
    g_string_append (out, ",AUDIO=\"" AUDIO_GROUP "\"");
  g_string_append_printf (out, "\n%s\n", path);
}

gchar *
hls_write_multivariant (const Mpd *mpd)
{
  const MpdPeriod *period = newest_period (mpd);
  const MpdTrack *loudest = NULL;
  guint n_videos = 0;

  if (!period)
    return NULL;
  GString *out = g_string_new ("#EXTM3U\n");
  g_string_append_printf (
      out, "#EXT-X-VERSION:%u\n#EXT-X-INDEPENDENT-SEGMENTS\n", VERSION);
  for (guint i = 0; i < period->tracks->len; i++) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, i);
    n_videos += track->format->kind == CMAF_VIDEO && track->segments->len > 0;
  }
  for (guint i = 0; i < period->tracks->len && n_videos > 0; i++) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, i);
    if (track->format->kind != CMAF_AUDIO || track->segments->len == 0)
      continue;
    put_audio (out, track, loudest == NULL);
    if (!loudest || track->bandwidth > loudest->bandwidth)
      loudest = track;
  }
  for (guint i = 0; i < period->tracks->len; i++) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, i);
    if (track->segments->len > 0 &&
        (n_videos == 0 || track->format->kind == CMAF_VIDEO))
      put_variant (out, track, loudest);
  }
  return g_string_free (out, FALSE);
}

/* --- media playlist ---------------------------------------------------------- */

static const MpdSegment *
segment_at (const MpdTrack *track, guint i)
{
  return &g_array_index (track->segments, MpdSegment, i);
}

static GstClockTime
duration_of (const MpdTrack *track, const MpdSegment *segment)
{
  return gst_util_uint64_scale_round (
      segment->duration, GST_SECOND, track->format->timescale);
}

/* Index of the first Period from which on all have the track. */
static guint
first_period (const Mpd *mpd, const gchar *track_id)
{
  guint i = mpd->periods->len;

  while (
      i > 0 && find_track (g_ptr_array_index (mpd->periods, i - 1), track_id))
    i--;
  return i;
}

/* RFC 8216 section 4.3.3.1: rounded to seconds, none is longer. */
static guint
target_duration (const Mpd *mpd, const gchar *track_id, guint first)
{
  GstClockTime longest = mpd->max_segment;

  for (guint i = first; i < mpd->periods->len; i++) {
    const MpdTrack *track =
        find_track (g_ptr_array_index (mpd->periods, i), track_id);
    for (guint n = 0; n < track->segments->len; n++)
      longest = MAX (longest, duration_of (track, segment_at (track, n)));
  }
  return MAX (1, (guint) ((longest + GST_SECOND / 2) / GST_SECOND));
}

/* RFC 3339, to the millisecond. */
static void
put_date (GString *out, gint64 us)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);
  g_autofree gchar *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");

  g_string_append_printf (out, "#EXT-X-PROGRAM-DATE-TIME:%s.%03dZ\n", text,
      (gint) (us % G_USEC_PER_SEC / 1000));
}

static void
put_duration (GString *out, GstClockTime duration)
{
  guint64 us = (duration + 500) / 1000;

  g_string_append_printf (out, "#EXTINF:%" G_GUINT64_FORMAT ".%06u,\n",
      us / G_USEC_PER_SEC, (guint) (us % G_USEC_PER_SEC));
}

static void
put_segments (GString *out, const Mpd *mpd, const MpdPeriod *period,
    const MpdTrack *track, guint64 *row)
{
  const MpdSegment *segment = segment_at (track, 0);
  gint64 ticks = (gint64) (segment->start - track->origin);
  GstClockTime offset = gst_util_uint64_scale (
      (guint64) MAX (ticks, 0), GST_SECOND, track->format->timescale);

  g_string_append_printf (out,
      "#EXT-X-MAP:URI=\"init-%" G_GUINT64_FORMAT ".mp4\"\n", period->header);
  put_date (out,
      mpd->availability_start_us + (gint64) ((period->start + offset) / 1000));
  for (guint i = 0; i < track->segments->len; i++, (*row)++) {
    segment = segment_at (track, i);
    for (; *row < segment->row; (*row)++) {
      g_string_append (out, "#EXT-X-GAP\n");
      put_duration (out, duration_of (track, segment));
      g_string_append_printf (out, "gap-%" G_GUINT64_FORMAT ".m4s\n", *row);
    }
    put_duration (out, duration_of (track, segment));
    g_string_append_printf (
        out, "%" G_GUINT64_FORMAT ".m4s\n", track->first_number + i);
  }
}

gchar *
hls_write_media (const Mpd *mpd, const gchar *track_id)
{
  guint first = first_period (mpd, track_id);

  if (first == mpd->periods->len)
    return NULL;
  const MpdPeriod *period = g_ptr_array_index (mpd->periods, first);
  guint64 row = segment_at (find_track (period, track_id), 0)->row;
  GString *out = g_string_new ("#EXTM3U\n");

  g_string_append_printf (out,
      "#EXT-X-VERSION:%u\n#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-TARGETDURATION:%u\n#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT
      "\n#EXT-X-DISCONTINUITY-SEQUENCE:%" G_GUINT64_FORMAT "\n",
      VERSION, target_duration (mpd, track_id, first), row, period->ordinal);
  for (guint i = first; i < mpd->periods->len; i++) {
    period = g_ptr_array_index (mpd->periods, i);
    if (i > first)
      g_string_append (out, "#EXT-X-DISCONTINUITY\n");
    put_segments (out, mpd, period, find_track (period, track_id), &row);
  }
  if (mpd->ended)
    g_string_append (out, "#EXT-X-ENDLIST\n");
  return g_string_free (out, FALSE);
}
