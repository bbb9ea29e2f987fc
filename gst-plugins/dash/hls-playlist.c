/* SPDX-License-Identifier: MIT
 *
 * Text of HLS playlists (see hls-playlist.h). */

#include "hls-playlist.h"

/* EXT-X-MAP and fragmented MP4 (section 8 of the draft); newer tags are ignored
 * by players that do not know them. */
#define VERSION 9

/* Players stay so many parts behind the end at least (section 4.4.3.8). */
#define HOLD_BACK_PARTS 3
/* One group holds the audio renditions of all variants. */
#define AUDIO_GROUP "audio"

gchar *
hls_media_path (const gchar *track_id)
{
  return g_strconcat (track_id, "/media.m3u8", NULL);
}

gboolean
hls_has_media (const MpdTrack *track)
{
  return track->segments->len > 0 || track->parts->len > 0;
}

static const MpdTrack *
find_track (const MpdPeriod *period, const gchar *id)
{
  for (guint i = 0; i < period->tracks->len; i++) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, i);

    if (g_str_equal (track->id, id) && hls_has_media (track))
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

void
hls_expect_parts (MpdTrack *track, GstClockTime chunk)
{
  const CmafFormat *format = track->format;
  GstClockTime unit = gst_util_uint64_scale_ceil (
      format->frame_samples, GST_SECOND, format->timescale);

  track->longest_part = cmaf_format_get_whole_pictures (format, chunk);
  if (format->kind == CMAF_AUDIO && unit)
    track->longest_part = (chunk + unit - 1) / unit * unit;
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
    n_videos += track->format->kind == CMAF_VIDEO && hls_has_media (track);
  }
  for (guint i = 0; i < period->tracks->len && n_videos > 0; i++) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, i);
    if (track->format->kind != CMAF_AUDIO || !hls_has_media (track))
      continue;
    put_audio (out, track, loudest == NULL);
    if (!loudest || track->bandwidth > loudest->bandwidth)
      loudest = track;
  }
  for (guint i = 0; i < period->tracks->len; i++) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, i);
    if (hls_has_media (track) &&
        (n_videos == 0 || track->format->kind == CMAF_VIDEO))
      put_variant (out, track, loudest);
  }
  return g_string_free (out, FALSE);
}

/* --- media playlist ---------------------------------------------------------- */

/* One that is being written. */
typedef struct {
  GString *out;
  const Mpd *mpd;
  const gchar *track_id;
  guint first, end; /* Periods */
  gboolean served;  /* by us */
  gboolean parts;   /* are listed */
  guint64 sequence; /* of what comes next */
} MediaPlaylist;

static const MpdSegment *
segment_at (const MpdTrack *track, guint i)
{
  return &g_array_index (track->segments, MpdSegment, i);
}

static GstClockTime
to_time (const MpdTrack *track, guint64 ticks)
{
  return gst_util_uint64_scale_round (
      ticks, GST_SECOND, track->format->timescale);
}

/* Number of the segment that goes on or comes next. */
static guint64
open_number (const MpdTrack *track)
{
  return track->first_number + track->segments->len;
}

/* How many Periods are listed: not the newest where nothing of the track is
 * complete and nothing else can be had. */
static guint
end_period (const Mpd *mpd, const gchar *track_id, HlsServer server)
{
  guint end = mpd->periods->len;
  const MpdTrack *track = end > 0
      ? find_track (g_ptr_array_index (mpd->periods, end - 1), track_id)
      : NULL;
  gboolean skip =
      server == HLS_SERVER_ANY && track && track->segments->len == 0;

  return skip ? end - 1 : end;
}

/* Index of the first Period from which on, up to @end, all have the track. */
static guint
first_period (const Mpd *mpd, const gchar *track_id, guint end)
{
  guint i = end;

  while (
      i > 0 && find_track (g_ptr_array_index (mpd->periods, i - 1), track_id))
    i--;
  return i;
}

/* Section 4.4.3.1: rounded to seconds, no segment is longer. */
static guint
target_duration (const MediaPlaylist *self)
{
  GstClockTime longest = MAX (self->mpd->max_segment, self->mpd->update_period);

  for (guint i = self->first; i < self->end; i++) {
    const MpdTrack *track =
        find_track (g_ptr_array_index (self->mpd->periods, i), self->track_id);
    for (guint n = 0; n < track->segments->len; n++)
      longest = MAX (longest, to_time (track, segment_at (track, n)->duration));
  }
  return MAX (1, (guint) ((longest + GST_SECOND / 2) / GST_SECOND));
}

static guint64
to_milliseconds_up (GstClockTime time)
{
  return (time + GST_MSECOND - 1) / GST_MSECOND;
}

static void
put_milliseconds (GString *out, const gchar *name, guint64 ms)
{
  g_string_append_printf (out, "%s=%" G_GUINT64_FORMAT ".%03u", name, ms / 1000,
      (guint) (ms % 1000));
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
put_duration (GString *out, const gchar *before, GstClockTime duration)
{
  guint64 us = (duration + 500) / 1000;

  g_string_append_printf (out, "%s%" G_GUINT64_FORMAT ".%06u,", before,
      us / G_USEC_PER_SEC, (guint) (us % G_USEC_PER_SEC));
}

static void
put_segment (
    GString *out, GstClockTime duration, const gchar *prefix, guint64 number)
{
  put_duration (out, "#EXTINF:", duration);
  g_string_append_printf (
      out, "\n%s%" G_GUINT64_FORMAT ".m4s\n", prefix, number);
}

/* --- parts --- */

static void
put_part (GString *out, const MpdTrack *track, const MpdPart *part)
{
  put_duration (out, "#EXT-X-PART:DURATION=", to_time (track, part->duration));
  g_string_append_printf (out, "URI=\"%" G_GUINT64_FORMAT ".%u.m4s\"%s\n",
      part->number, part->index, part->independent ? ",INDEPENDENT=YES" : "");
}

/* Those of the segment @number, which begin at @i or behind it; returns where
 * the next ones may. */
static guint
put_parts (MediaPlaylist *self, const MpdTrack *track, guint64 number, guint i)
{
  if (!self->parts)
    return i;
  for (; i < track->parts->len; i++) {
    const MpdPart *part = &g_array_index (track->parts, MpdPart, i);

    if (part->number > number)
      break;
    if (part->number == number)
      put_part (self->out, track, part);
  }
  return i;
}

/* Where players may wait for what comes: one more part of the segment that goes
 * on, or the first of the next when that one has come to its length. */
static void
put_hint (GString *out, const MpdTrack *track)
{
  guint64 number = open_number (track);
  const MpdPart *last = track->parts->len
      ? &g_array_index (track->parts, MpdPart, track->parts->len - 1)
      : NULL;
  guint index = last && last->number == number ? last->index + 1 : 0;

  if (index > 0 && track->nominal &&
      track->open.duration + last->duration / 2 > track->nominal) {
    number++;
    index = 0;
  }
  g_string_append_printf (out,
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%" G_GUINT64_FORMAT ".%u.m4s\"\n",
      number, index);
}

/* Section 4.4.5.4: how far the other playlists have come. */
static void
put_reports (GString *out, const MpdPeriod *period, const gchar *but)
{
  for (guint i = 0; i < period->tracks->len; i++) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, i);
    const MpdPart *last;

    if (g_str_equal (track->id, but) || track->parts->len == 0)
      continue;
    last = &g_array_index (track->parts, MpdPart, track->parts->len - 1);
    g_string_append_printf (out,
        "#EXT-X-RENDITION-REPORT:URI=\"../%s/media.m3u8\","
        "LAST-MSN=%" G_GUINT64_FORMAT ",LAST-PART=%u\n",
        track->id,
        last->number < open_number (track)
            ? segment_at (track, track->segments->len - 1)->sequence
            : track->open.sequence,
        last->index);
  }
}

/* --- the whole --- */

static void
put_header (MediaPlaylist *self)
{
  GPtrArray *periods = self->mpd->periods;
  const MpdPeriod *oldest = g_ptr_array_index (periods, self->first);
  const MpdPeriod *newest = g_ptr_array_index (periods, self->end - 1);
  guint64 part =
      to_milliseconds_up (find_track (newest, self->track_id)->longest_part);
  GString *out = self->out;

  g_string_append_printf (out,
      "#EXTM3U\n#EXT-X-VERSION:%u\n#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-TARGETDURATION:%u\n",
      VERSION, target_duration (self));
  if (self->mpd->kept)
    g_string_append (out, "#EXT-X-PLAYLIST-TYPE:EVENT\n");
  if (self->served)
    g_string_append (out, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES");
  if (self->parts)
    put_milliseconds (out, ",PART-HOLD-BACK",
        MAX (HOLD_BACK_PARTS * part, self->mpd->latency.target / GST_MSECOND));
  if (self->served)
    g_string_append_c (out, '\n');
  if (self->parts) {
    put_milliseconds (out, "#EXT-X-PART-INF:PART-TARGET", part);
    g_string_append_c (out, '\n');
  }
  g_string_append_printf (out,
      "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT
      "\n#EXT-X-DISCONTINUITY-SEQUENCE:%" G_GUINT64_FORMAT "\n",
      self->sequence, oldest->discontinuity);
}

static const MpdSegment *
first_segment (const MpdTrack *track)
{
  return track->segments->len ? segment_at (track, 0) : &track->open;
}

/* Holes are filled, so that players count on. */
static void
put_gaps (MediaPlaylist *self, guint64 until, GstClockTime duration)
{
  for (; self->sequence < until; self->sequence++) {
    g_string_append (self->out, "#EXT-X-GAP\n");
    put_segment (self->out, duration, "gap-", self->sequence);
  }
}

static void
put_period (MediaPlaylist *self, const MpdPeriod *period)
{
  const MpdTrack *track = find_track (period, self->track_id);
  const MpdSegment *segment = first_segment (track);
  gint64 ticks = (gint64) (segment->start - track->origin);
  GstClockTime offset = gst_util_uint64_scale (
      (guint64) MAX (ticks, 0), GST_SECOND, track->format->timescale);
  guint part = 0;

  g_string_append_printf (self->out,
      "#EXT-X-MAP:URI=\"init-%" G_GUINT64_FORMAT ".mp4\"\n", period->header);
  put_date (self->out,
      self->mpd->availability_start_us +
          (gint64) ((period->start + offset) / 1000));
  for (guint i = 0; i < track->segments->len; i++, self->sequence++) {
    GstClockTime duration;

    segment = segment_at (track, i);
    duration = to_time (track, segment->duration);
    put_gaps (self, segment->sequence, duration);
    part = put_parts (self, track, track->first_number + i, part);
    put_segment (self->out, duration, "", track->first_number + i);
  }
  if (!self->parts || period->duration != GST_CLOCK_TIME_NONE)
    return;
  if (part < track->parts->len)
    put_gaps (self, track->open.sequence, self->mpd->update_period);
  put_parts (self, track, open_number (track), part);
  put_hint (self->out, track);
}

gchar *
hls_write_media (const Mpd *mpd, const gchar *track_id, HlsServer server)
{
  gboolean served = server == HLS_SERVER_OURS && !mpd->ended;
  MediaPlaylist self = { .mpd = mpd,
    .track_id = track_id,
    .end = end_period (mpd, track_id, server),
    .served = served,
    .parts = served && mpd->latency.chunk };
  const MpdPeriod *period;

  self.first = first_period (mpd, track_id, self.end);
  if (self.first == self.end)
    return NULL;
  self.out = g_string_new (NULL);
  period = g_ptr_array_index (mpd->periods, self.first);
  self.sequence = first_segment (find_track (period, track_id))->sequence;
  put_header (&self);
  for (guint i = self.first; i < self.end; i++) {
    period = g_ptr_array_index (mpd->periods, i);
    if (i > self.first)
      g_string_append (self.out, "#EXT-X-DISCONTINUITY\n");
    put_period (&self, period);
  }
  if (self.parts)
    put_reports (self.out, period, track_id);
  if (mpd->ended)
    g_string_append (self.out, "#EXT-X-ENDLIST\n");
  return g_string_free (self.out, FALSE);
}
