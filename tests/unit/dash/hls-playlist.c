/* SPDX-License-Identifier: MIT
 *
 * Text of HLS playlists, from presentations made by hand. */

#include <gst/check/gstcheck.h>

#include "dash/hls-playlist.h"

#define VIDEO                                                                  \
  "video/x-h264, stream-format=avc, width=1280, height=720, "                  \
  "framerate=(fraction)30000/1001, "                                           \
  "codec_data=(buffer)01640028ffe100046764002801000468ee3c80"
#define AAC                                                                    \
  "audio/mpeg, mpegversion=4, rate=48000, channels=2, codec_data=(buffer)1190"

/* 2026-01-01T00:00:00Z */
#define NEW_YEAR (G_GUINT64_CONSTANT (1767225600) * GST_SECOND)

static MpdPeriod *
add_period (Mpd *mpd, guint64 number, GstClockTime start)
{
  MpdPeriod *period = mpd_period_new (number, NEW_YEAR + start);

  period->ordinal = mpd->periods->len;
  period->discontinuity = period->ordinal;
  g_ptr_array_add (mpd->periods, period);
  return period;
}

static MpdTrack *
add_track (MpdPeriod *period, const gchar *id, guint set_id, const gchar *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  g_autoptr (CmafFormat) format = cmaf_format_new_from_caps (caps, NULL);
  MpdTrack *track = mpd_track_new (id, set_id, format);

  track->first_number = period->header;
  track->bandwidth = 1000000 / set_id;
  g_ptr_array_add (period->tracks, track);
  return track;
}

static void
add_segment (MpdTrack *track, guint64 row, gdouble seconds)
{
  guint n = track->segments->len;
  MpdSegment *last =
      n ? &g_array_index (track->segments, MpdSegment, n - 1) : NULL;
  MpdSegment segment = { last ? last->start + last->duration : track->origin,
    (guint64) (seconds * track->format->timescale), row, row };

  g_array_append_val (track->segments, segment);
}

static void
start (Mpd *mpd)
{
  *mpd = (Mpd){ .max_segment = 2 * GST_SECOND };
  mpd->periods =
      g_ptr_array_new_with_free_func ((GDestroyNotify) mpd_period_free);
}

/* Two rows of picture and sound from row 7 on. */
static MpdPeriod *
add_usual (Mpd *mpd)
{
  MpdPeriod *period = add_period (mpd, 100, 500 * GST_MSECOND);
  MpdTrack *video = add_track (period, "v0", 1, VIDEO);
  MpdTrack *audio = add_track (period, "a0", 101, AAC);

  video->origin = 900000;
  for (guint row = 7; row < 9; row++) {
    add_segment (video, row, 2);
    add_segment (audio, row, 1.984);
  }
  return period;
}

GST_START_TEST (variants_name_their_codecs_size_rate_and_sound)
{
  Mpd mpd;
  start (&mpd);
  add_usual (&mpd);
  g_autofree gchar *text = hls_write_multivariant (&mpd);

  assert_equals_string (text,
      "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"a0\",DEFAULT=YES,"
      "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a0/media.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1009900,CODECS=\"avc1.640028,mp4a.40.2\","
      "RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO=\"audio\"\n"
      "v0/media.m3u8\n");
  mpd_clear (&mpd);
}
GST_END_TEST

GST_START_TEST (sound_alone_is_a_variant_of_its_own)
{
  Mpd mpd;
  start (&mpd);
  MpdTrack *audio = add_track (add_period (&mpd, 1, 0), "a0", 101, AAC);
  add_segment (audio, 0, 2);
  audio->language = g_strdup ("en");
  g_autofree gchar *text = hls_write_multivariant (&mpd);

  assert_equals_string (text,
      "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=9900,CODECS=\"mp4a.40.2\"\n"
      "a0/media.m3u8\n");
  mpd_clear (&mpd);
}
GST_END_TEST

GST_START_TEST (a_media_playlist_counts_rows_and_dates_its_first_segment)
{
  Mpd mpd;
  start (&mpd);
  add_usual (&mpd);
  g_autofree gchar *text = hls_write_media (&mpd, "v0", HLS_SERVER_ANY);

  assert_equals_string (text,
      "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"
      "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
      "#EXT-X-MAP:URI=\"init-100.mp4\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.500Z\n"
      "#EXTINF:2.000000,\n100.m4s\n#EXTINF:2.000000,\n101.m4s\n");
  mpd_clear (&mpd);
}
GST_END_TEST

GST_START_TEST (a_period_is_a_discontinuity_with_its_own_header)
{
  Mpd mpd;
  start (&mpd);
  add_usual (&mpd);
  add_segment (
      add_track (add_period (&mpd, 200, 5 * GST_SECOND), "v0", 1, VIDEO), 9, 1);
  g_autofree gchar *text = hls_write_media (&mpd, "v0", HLS_SERVER_ANY);

  fail_unless (g_str_has_suffix (text,
      "101.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-200.mp4\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:05.000Z\n"
      "#EXTINF:1.000000,\n200.m4s\n"));
  mpd_clear (&mpd);
}
GST_END_TEST

GST_START_TEST (a_rendition_begins_anew_where_it_was_away_for_a_period)
{
  Mpd mpd;
  start (&mpd);
  add_usual (&mpd);
  MpdPeriod *silent = add_period (&mpd, 200, 5 * GST_SECOND);
  add_segment (add_track (silent, "v0", 1, VIDEO), 9, 2);

  fail_unless (hls_write_media (&mpd, "a0", HLS_SERVER_ANY) == NULL);
  g_autofree gchar *mute = hls_write_multivariant (&mpd);
  fail_if (strstr (mute, "AUDIO"));

  MpdPeriod *third = add_period (&mpd, 300, 8 * GST_SECOND);
  add_segment (add_track (third, "v0", 1, VIDEO), 10, 2);
  add_segment (add_track (third, "a0", 101, AAC), 10, 2);
  g_autofree gchar *text = hls_write_media (&mpd, "a0", HLS_SERVER_ANY);
  fail_unless (strstr (text,
      "#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n"
      "#EXT-X-MAP:URI=\"init-300.mp4\"\n"));
  mpd_clear (&mpd);
}
GST_END_TEST

GST_START_TEST (a_row_without_a_segment_is_a_gap)
{
  Mpd mpd;
  start (&mpd);
  MpdPeriod *period = add_period (&mpd, 1, 0);
  MpdTrack *audio = add_track (period, "a0", 101, AAC);
  add_segment (audio, 3, 2);
  add_segment (audio, 5, 2);
  g_autofree gchar *text = hls_write_media (&mpd, "a0", HLS_SERVER_ANY);

  fail_unless (g_str_has_suffix (text,
      "#EXTINF:2.000000,\n1.m4s\n#EXT-X-GAP\n#EXTINF:2.000000,\ngap-4.m4s\n"
      "#EXTINF:2.000000,\n2.m4s\n"));
  mpd_clear (&mpd);
}
GST_END_TEST

GST_START_TEST (the_target_is_no_shorter_than_any_segment)
{
  Mpd mpd;
  start (&mpd);
  MpdTrack *audio = add_track (add_period (&mpd, 1, 0), "a0", 101, AAC);
  add_segment (audio, 0, 4.5);
  g_autofree gchar *text = hls_write_media (&mpd, "a0", HLS_SERVER_ANY);

  fail_unless (strstr (text, "#EXT-X-TARGETDURATION:5\n"));
  mpd_clear (&mpd);
}
GST_END_TEST

GST_START_TEST (the_end_is_said)
{
  Mpd mpd;
  start (&mpd);
  add_usual (&mpd);
  mpd.ended = TRUE;
  g_autofree gchar *text = hls_write_media (&mpd, "a0", HLS_SERVER_ANY);

  fail_unless (g_str_has_suffix (text, "101.m4s\n#EXT-X-ENDLIST\n"));
  mpd_clear (&mpd);
}
GST_END_TEST

GST_START_TEST (nothing_is_written_before_the_first_segment)
{
  Mpd mpd;
  start (&mpd);

  fail_unless (hls_write_multivariant (&mpd) == NULL);
  fail_unless (hls_write_media (&mpd, "v0", HLS_SERVER_ANY) == NULL);
  mpd_clear (&mpd);
}
GST_END_TEST

static Suite *
hls_playlist_suite (void)
{
  Suite *s = suite_create ("hls-playlist");
  TCase *tc = tcase_create ("text");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, variants_name_their_codecs_size_rate_and_sound);
  tcase_add_test (tc, sound_alone_is_a_variant_of_its_own);
  tcase_add_test (tc, a_media_playlist_counts_rows_and_dates_its_first_segment);
  tcase_add_test (tc, a_period_is_a_discontinuity_with_its_own_header);
  tcase_add_test (tc, a_rendition_begins_anew_where_it_was_away_for_a_period);
  tcase_add_test (tc, a_row_without_a_segment_is_a_gap);
  tcase_add_test (tc, the_target_is_no_shorter_than_any_segment);
  tcase_add_test (tc, the_end_is_said);
  tcase_add_test (tc, nothing_is_written_before_the_first_segment);
  return s;
}

GST_CHECK_MAIN (hls_playlist);
