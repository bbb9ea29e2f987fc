/* SPDX-License-Identifier: MIT
 *
 * Text of the MPD (see mpd.h). Elements are written in the order of the schema
 * of ISO/IEC 23009-1:2022. */

#include "mpd.h"

#define LIVE_PROFILES                                                          \
  "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"
#define LOW_LATENCY "http://www.dashif.org/guidelines/low-latency-live-v5"

/* So much slower or faster may players go to keep their latency. */
#define MIN_RATE "0.96"
#define MAX_RATE "1.04"

static void
track_free (MpdTrack *track)
{
  g_free (track->id);
  cmaf_format_unref (track->format);
  g_free (track->language);
  g_free (track->continues);
  g_array_unref (track->segments);
  g_array_unref (track->parts);
  g_free (track);
}

MpdTrack *
mpd_track_new (const gchar *id, guint set_id, CmafFormat *format)
{
  MpdTrack *track = g_new0 (MpdTrack, 1);

  track->id = g_strdup (id);
  track->set_id = set_id;
  track->format = cmaf_format_ref (format);
  track->fps_n = format->fps_n;
  track->fps_d = MAX (format->fps_d, 1);
  track->segments = g_array_new (FALSE, FALSE, sizeof (MpdSegment));
  track->parts = g_array_new (FALSE, FALSE, sizeof (MpdPart));
  return track;
}

MpdPeriod *
mpd_period_new (guint64 number, GstClockTime start)
{
  MpdPeriod *period = g_new0 (MpdPeriod, 1);

  period->id = g_strdup_printf ("p%" G_GUINT64_FORMAT, number);
  period->header = number;
  period->start = start;
  period->duration = GST_CLOCK_TIME_NONE;
  period->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify) track_free);
  return period;
}

void
mpd_period_free (MpdPeriod *period)
{
  g_free (period->id);
  g_ptr_array_unref (period->tracks);
  g_free (period);
}

void
mpd_clear (Mpd *mpd)
{
  g_clear_pointer (&mpd->periods, g_ptr_array_unref);
  g_clear_pointer (&mpd->title, g_free);
  g_clear_pointer (&mpd->utc_timing_url, g_free);
}

gchar *
mpd_header_path (const gchar *track_id, guint64 number)
{
  return g_strdup_printf (
      "%s/init-%" G_GUINT64_FORMAT ".mp4", track_id, number);
}

gchar *
mpd_segment_path (const gchar *track_id, guint64 number)
{
  return g_strdup_printf ("%s/%" G_GUINT64_FORMAT ".m4s", track_id, number);
}

gboolean
mpd_parse_path (const gchar *path, guint64 *number)
{
  const gchar *name = path + 1;
  const gchar *digits;
  gchar *end;

  if ((path[0] != 'v' && path[0] != 'a') || !g_ascii_isdigit (path[1]))
    return FALSE;
  while (g_ascii_isdigit (*name))
    name++;
  if (*name++ != '/')
    return FALSE;
  digits = g_str_has_prefix (name, "init-") ? name + 5 : name;
  if (!g_ascii_isdigit (*digits))
    return FALSE;
  *number = g_ascii_strtoull (digits, &end, 10);
  return g_str_equal (end, digits == name ? ".m4s" : ".mp4");
}

/* ---- values ---- */

/* xs:duration to the microsecond, without zeros at the end. */
static void
put_duration (GString *out, const gchar *name, GstClockTime time)
{
  guint64 us = (time + 500) / 1000;
  guint digits = 6;
  guint64 fraction = us % G_USEC_PER_SEC;

  g_string_append_printf (
      out, " %s=\"PT%" G_GUINT64_FORMAT, name, us / G_USEC_PER_SEC);
  if (fraction) {
    while (fraction % 10 == 0) {
      fraction /= 10;
      digits--;
    }
    g_string_append_printf (
        out, ".%0*" G_GUINT64_FORMAT, (gint) digits, fraction);
  }
  g_string_append (out, "S\"");
}

/* xs:dateTime in UTC, to the millisecond. */
static void
put_time (GString *out, const gchar *name, gint64 us)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);
  g_autofree gchar *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");

  g_string_append_printf (
      out, " %s=\"%s.%03dZ\"", name, text, (gint) (us % G_USEC_PER_SEC / 1000));
}

/* xs:double of seconds. */
static void
put_seconds (GString *out, const gchar *name, GstClockTime time)
{
  guint64 us = (time + 500) / 1000;

  g_string_append_printf (out, " %s=\"%" G_GUINT64_FORMAT ".%06u\"", name,
      us / G_USEC_PER_SEC, (guint) (us % G_USEC_PER_SEC));
}

static void
put_text (GString *out, const gchar *name, const gchar *value)
{
  g_autofree gchar *escaped = g_markup_escape_text (value, -1);

  g_string_append_printf (out, " %s=\"%s\"", name, escaped);
}

static void
put_number (GString *out, const gchar *name, guint64 value)
{
  g_string_append_printf (out, " %s=\"%" G_GUINT64_FORMAT "\"", name, value);
}

static guint64
greatest_divisor (guint64 a, guint64 b)
{
  while (b) {
    guint64 rest = a % b;

    a = b;
    b = rest;
  }
  return MAX (a, 1);
}

static void
put_ratio (GString *out, const gchar *name, guint64 a, guint64 b)
{
  guint64 d = greatest_divisor (a, b);

  g_string_append_printf (out,
      " %s=\"%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT "\"", name, a / d,
      b / d);
}

static void
put_frame_rate (GString *out, const gchar *name, const MpdTrack *track)
{
  if (track->fps_n == 0)
    return;
  if (track->fps_d == 1)
    put_number (out, name, track->fps_n);
  else
    g_string_append_printf (
        out, " %s=\"%u/%u\"", name, track->fps_n, track->fps_d);
}

/* ---- elements ---- */

/* 5.3.9.6: equal neighbours are merged; @t is said where a hole is. */
static void
put_timeline (GString *out, const MpdTrack *track)
{
  guint64 expected = G_MAXUINT64;
  guint i = 0;

  g_string_append (out, "          <SegmentTimeline>\n");
  while (i < track->segments->len) {
    const MpdSegment *s = &g_array_index (track->segments, MpdSegment, i);
    guint repeat = 0;

    while (i + repeat + 1 < track->segments->len &&
        s[repeat + 1].duration == s->duration &&
        s[repeat + 1].start == s[repeat].start + s[repeat].duration)
      repeat++;
    g_string_append (out, "            <S");
    if (s->start != expected)
      put_number (out, "t", s->start);
    put_number (out, "d", s->duration);
    if (repeat)
      put_number (out, "r", repeat);
    g_string_append (out, "/>\n");
    expected = s[repeat].start + s[repeat].duration;
    i += repeat + 1;
  }
  g_string_append (out, "          </SegmentTimeline>\n");
}

/* 5.3.9.5: segments that grow can be had before they are complete. */
static void
put_availability (
    GString *out, const MpdLatency *latency, const MpdTrack *track)
{
  GstClockTime nominal = gst_util_uint64_scale_round (
      track->nominal, GST_SECOND, track->format->timescale);

  put_seconds (
      out, "availabilityTimeOffset", nominal - MIN (latency->chunk, nominal));
  put_text (out, "availabilityTimeComplete", "false");
}

/* Players count regular segments from the Period's start on. */
static void
put_template (GString *out, const Mpd *mpd, const MpdPeriod *period,
    const MpdTrack *track)
{
  gboolean counted = track->nominal != 0;
  g_autofree gchar *header =
      mpd_header_path ("$RepresentationID$", period->header);

  g_string_append (out, "        <SegmentTemplate");
  put_number (out, "timescale", track->format->timescale);
  put_number (out, "presentationTimeOffset", track->origin);
  if (counted)
    put_number (out, "duration", track->nominal);
  if (counted && mpd->latency.chunk)
    put_availability (out, &mpd->latency, track);
  put_number (
      out, "startNumber", counted ? period->header : track->first_number);
  put_text (out, "initialization", header);
  put_text (out, "media", "$RepresentationID$/$Number$.m4s");
  if (counted) {
    g_string_append (out, "/>\n");
    return;
  }
  g_string_append (out, ">\n");
  put_timeline (out, track);
  g_string_append (out, "        </SegmentTemplate>\n");
}

/* @tracks: (array length=n): the Representations of one set */
static void
put_video_set (GString *out, MpdTrack *const *tracks, guint n)
{
  const CmafFormat *f = tracks[0]->format;
  const MpdTrack *fastest = tracks[0];
  guint width = 0, height = 0;

  for (guint i = 0; i < n; i++) {
    width = MAX (width, tracks[i]->format->width);
    height = MAX (height, tracks[i]->format->height);
    if ((guint64) tracks[i]->fps_n * fastest->fps_d >
        (guint64) fastest->fps_n * tracks[i]->fps_d)
      fastest = tracks[i];
  }
  put_ratio (out, "par", (guint64) f->width * f->par_n,
      (guint64) f->height * f->par_d);
  put_number (out, "maxWidth", width);
  put_number (out, "maxHeight", height);
  put_frame_rate (out, "maxFrameRate", fastest);
}

static void
put_clock (GString *out, const Mpd *mpd, const gchar *indent)
{
  if (!mpd->utc_timing_url)
    return;
  g_string_append_printf (out, "%s<UTCTiming", indent);
  put_text (out, "schemeIdUri", "urn:mpeg:dash:utc:http-xsdate:2014");
  put_text (out, "value", mpd->utc_timing_url);
  g_string_append (out, "/>\n");
}

/* Unique among all Periods. */
static guint64
producer_time_id (const MpdPeriod *period, const MpdTrack *track)
{
  return period->ordinal * 256 + track->set_id;
}

/* 5.12.2: the boxes `prft` in the segments say the same. */
static void
put_producer_time (GString *out, const Mpd *mpd, const MpdPeriod *period,
    const MpdTrack *track)
{
  g_string_append (out, "        <ProducerReferenceTime");
  put_number (out, "id", producer_time_id (period, track));
  put_text (out, "inband", "true");
  put_text (out, "type", "encoder");
  put_time (out, "wallClockTime",
      mpd->availability_start_us + (gint64) (period->start / 1000));
  put_number (out, "presentationTime", track->origin);
  g_string_append (out, ">\n");
  put_clock (out, mpd, "          ");
  g_string_append (out, "        </ProducerReferenceTime>\n");
}

/* 5.3.12: where players may begin to read: at a chunk, with a decoder that runs
 * (type 0), or at a segment (1). */
static void
put_resync (GString *out, const gchar *indent, guint type, guint64 distance)
{
  g_string_append_printf (out, "%s<Resync", indent);
  put_number (out, "type", type);
  put_number (out, "dT", distance);
  g_string_append (out, "/>\n");
}

static gboolean
grows (const Mpd *mpd, const MpdTrack *track)
{
  return mpd->latency.chunk && track->nominal;
}

static void
put_representation (GString *out, const Mpd *mpd, const MpdTrack *track)
{
  const CmafFormat *f = track->format;

  g_string_append (out, "        <Representation");
  put_text (out, "id", track->id);
  put_number (out, "bandwidth", track->bandwidth);
  put_text (out, "codecs", f->codecs);
  if (f->kind == CMAF_VIDEO) {
    put_number (out, "width", f->width);
    put_number (out, "height", f->height);
    put_ratio (out, "sar", f->par_n, f->par_d);
    put_frame_rate (out, "frameRate", track);
  } else {
    put_number (out, "audioSamplingRate", f->rate);
  }
  if (f->kind == CMAF_VIDEO && !grows (mpd, track)) {
    g_string_append (out, "/>\n");
    return;
  }
  g_string_append (out, ">\n");
  if (f->kind == CMAF_AUDIO)
    g_string_append_printf (out,
        "          <AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:"
        "23003:3:audio_channel_configuration:2011\" value=\"%u\"/>\n",
        f->channels);
  if (grows (mpd, track))
    put_resync (out, "          ", 1, track->nominal);
  g_string_append (out, "        </Representation>\n");
}

/* @tracks: (array length=n): its Representations, with the same segments */
static void
put_set (GString *out, const Mpd *mpd, const MpdPeriod *period,
    MpdTrack *const *tracks, guint n)
{
  const MpdTrack *track = tracks[0];
  gboolean video = track->format->kind == CMAF_VIDEO;

  g_string_append (out, "      <AdaptationSet");
  put_number (out, "id", track->set_id);
  put_text (out, "contentType", video ? "video" : "audio");
  put_text (out, "mimeType", video ? "video/mp4" : "audio/mp4");
  put_text (out, "lang", track->language ? track->language : "und");
  put_text (out, "segmentAlignment", "true");
  put_text (out, "startWithSAP", "1");
  if (video)
    put_video_set (out, tracks, n);
  g_string_append (out, ">\n");
  if (track->continues)
    g_string_append_printf (out,
        "        <SupplementalProperty schemeIdUri=\"urn:mpeg:dash:"
        "period-continuity:2015\" value=\"%s\"/>\n",
        track->continues);
  if (grows (mpd, track)) {
    put_producer_time (out, mpd, period, track);
    put_resync (out, "        ", 0,
        gst_util_uint64_scale_round (
            mpd->latency.chunk, track->format->timescale, GST_SECOND));
  }
  g_string_append (out,
      "        <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" "
      "value=\"main\"/>\n");
  put_template (out, mpd, period, track);
  for (guint i = 0; i < n; i++)
    put_representation (out, mpd, tracks[i]);
  g_string_append (out, "      </AdaptationSet>\n");
}

/* How many tracks from @first on are in one set. */
static guint
set_size (const MpdPeriod *period, guint first)
{
  const MpdTrack *track = g_ptr_array_index (period->tracks, first);
  guint n = 1;

  while (first + n < period->tracks->len &&
      ((MpdTrack *) g_ptr_array_index (period->tracks, first + n))->set_id ==
          track->set_id)
    n++;
  return n;
}

/* A duration is said where the next Period does not tell it. */
static void
put_period (GString *out, const Mpd *mpd, guint i)
{
  const MpdPeriod *period = g_ptr_array_index (mpd->periods, i);
  const MpdPeriod *next = i + 1 < mpd->periods->len
      ? g_ptr_array_index (mpd->periods, i + 1)
      : NULL;

  g_string_append (out, "  <Period");
  put_text (out, "id", period->id);
  if (!mpd->recording)
    put_duration (out, "start", period->start);
  else if (i == 0)
    put_duration (out, "start", 0);
  if (GST_CLOCK_TIME_IS_VALID (period->duration) &&
      (mpd->ended || (next && period->start + period->duration != next->start)))
    put_duration (out, "duration", period->duration);
  g_string_append (out, ">\n");
  for (guint n = 0; n < period->tracks->len; n += set_size (period, n)) {
    const MpdTrack *track = g_ptr_array_index (period->tracks, n);

    if (track->segments->len || track->nominal)
      put_set (out, mpd, period, (MpdTrack *const *) &period->tracks->pdata[n],
          set_size (period, n));
  }
  g_string_append (out, "  </Period>\n");
}

static void
put_live (GString *out, const Mpd *mpd)
{
  put_duration (out, "minimumUpdatePeriod", mpd->update_period);
  put_duration (out, "timeShiftBufferDepth", mpd->window);
  put_duration (out, "suggestedPresentationDelay",
      mpd->latency.chunk ? mpd->latency.target : mpd->delay);
}

static void
put_ended (GString *out, const Mpd *mpd)
{
  const MpdPeriod *last;
  GstClockTime total = 0;

  if (mpd->periods->len == 0)
    return;
  if (mpd->recording) {
    for (guint i = 0; i < mpd->periods->len; i++)
      total += ((MpdPeriod *) g_ptr_array_index (mpd->periods, i))->duration;
    put_duration (out, "mediaPresentationDuration", total);
    return;
  }
  last = g_ptr_array_index (mpd->periods, mpd->periods->len - 1);
  put_duration (out, "mediaPresentationDuration", last->start + last->duration);
}

/* What the latency is measured by: a producer time of the newest Period. */
static const MpdTrack *
reference_track (const Mpd *mpd, const MpdPeriod **period)
{
  if (mpd->periods->len == 0)
    return NULL;
  *period = g_ptr_array_index (mpd->periods, mpd->periods->len - 1);
  return g_ptr_array_index ((*period)->tracks, 0);
}

static void
put_milliseconds (GString *out, const gchar *name, GstClockTime time)
{
  put_number (out, name, time / GST_MSECOND);
}

/* Annex K */
static void
put_service (GString *out, const Mpd *mpd)
{
  const MpdPeriod *period;
  const MpdTrack *track = reference_track (mpd, &period);

  g_string_append (out, "  <ServiceDescription id=\"0\">\n    <Latency");
  put_number (out, "referenceId", producer_time_id (period, track));
  put_milliseconds (out, "target", mpd->latency.target);
  put_milliseconds (out, "min", mpd->latency.min);
  put_milliseconds (out, "max", mpd->latency.max);
  g_string_append (out,
      "/>\n    <PlaybackRate min=\"" MIN_RATE "\" max=\"" MAX_RATE
      "\"/>\n  </ServiceDescription>\n");
}

static void
put_mpd (GString *out, const Mpd *mpd)
{
  g_string_append (out,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"");
  put_text (out, "profiles",
      mpd->latency.chunk ? LIVE_PROFILES "," LOW_LATENCY : LIVE_PROFILES);
  put_text (out, "type", mpd->ended ? "static" : "dynamic");
  if (!mpd->recording)
    put_time (out, "availabilityStartTime", mpd->availability_start_us);
  put_time (out, "publishTime", mpd->publish_us);
  if (mpd->ended)
    put_ended (out, mpd);
  else
    put_live (out, mpd);
  put_duration (out, "maxSegmentDuration", mpd->max_segment);
  put_duration (out, "minBufferTime",
      mpd->latency.chunk ? mpd->latency.target : mpd->min_buffer);
  g_string_append (out, ">\n");

  if (mpd->title) {
    g_autofree gchar *title = g_markup_escape_text (mpd->title, -1);

    g_string_append_printf (out,
        "  <ProgramInformation>\n    <Title>%s</Title>\n"
        "  </ProgramInformation>\n",
        title);
  }
  if (mpd->latency.chunk)
    put_service (out, mpd);
  for (guint i = 0; i < mpd->periods->len; i++)
    put_period (out, mpd, i);
  put_clock (out, mpd, "  ");
  g_string_append (out, "</MPD>\n");
}

gchar *
mpd_write_recording (const Mpd *mpd)
{
  Mpd recording = *mpd;

  recording.recording = TRUE;
  recording.latency = (MpdLatency){ 0 };
  return mpd_write (&recording);
}

gchar *
mpd_write_plain (const Mpd *mpd)
{
  GString *out = g_string_new (NULL);
  Mpd plain = *mpd;

  plain.latency = (MpdLatency){ 0 };
  put_mpd (out, &plain);
  return g_string_free (out, FALSE);
}

gchar *
mpd_write (const Mpd *mpd)
{
  const MpdPeriod *period;
  const MpdTrack *track = reference_track (mpd, &period);
  GString *out;

  if (mpd->ended || !track || !grows (mpd, track))
    return mpd_write_plain (mpd);
  out = g_string_new (NULL);
  put_mpd (out, mpd);
  return g_string_free (out, FALSE);
}
