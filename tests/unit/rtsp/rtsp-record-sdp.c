/* SPDX-License-Identifier: MIT
 *
 * Session descriptions of publishers: which streams are carried, and why others
 * are not. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "rtsp/rtsp-record-clock.h"
#include "rtsp/rtsp-record-sdp.h"

#define HEAD                                                                   \
  "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"

static GPtrArray *
read_tracks (const gchar *media)
{
  g_autofree gchar *text = g_strconcat (HEAD, media, NULL);
  GstSDPMessage *sdp = NULL;

  gst_sdp_message_new (&sdp);
  fail_unless_equals_int (
      gst_sdp_message_parse_buffer ((const guint8 *) text, strlen (text), sdp),
      GST_SDP_OK);
  GPtrArray *tracks = penstock_record_tracks_new (sdp);
  gst_sdp_message_free (sdp);
  return tracks;
}

/* One media each. */
static const struct {
  const gchar *media;
  const gchar *name, *reason; /* NULL: carried */
  guint payload, rate;
  const gchar *depayloader;
} rows[] = {
  /* ffmpeg 5.1 */
  { "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1\r\na=control:streamid=0\r\n",
      "video stream 0 (H264)", NULL, 96, 90000, "rtph264depay" },
  { "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n",
      "video stream 0 (H265)", NULL, 96, 90000, "rtph265depay" },
  { "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n", "video stream 0 (VP8)",
      NULL, 96, 90000, "rtpvp8depay" },
  { "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP9/90000\r\n", "video stream 0 (VP9)",
      NULL, 96, 90000, "rtpvp9depay" },
  { "m=audio 0 RTP/AVP 97\r\nb=AS:69\r\na=rtpmap:97 MPEG4-GENERIC/44100/1\r\n"
    "a=fmtp:97 profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
    "indexdeltalength=3; config=120856E500\r\n",
      "audio stream 0 (MPEG4-GENERIC)", NULL, 97, 44100, "rtpmp4gdepay" },
  { "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 MP4A-LATM/44100\r\n"
    "a=fmtp:96 cpresent=0;config=40002410adca00\r\n",
      "audio stream 0 (MP4A-LATM)", NULL, 96, 44100, "rtpmp4adepay" },
  { "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n",
      "audio stream 0 (OPUS)", NULL, 96, 48000, "rtpopusdepay" },
  { "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 AC3/48000/2\r\n",
      "audio stream 0 (AC3)", NULL, 96, 48000, "rtpac3depay" },
  { "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 L16/48000/2\r\n",
      "audio stream 0 (L16)", NULL, 96, 48000, "rtpL16depay" },
  /* Fixed types need no rtpmap (RFC 3551, 6). */
  { "m=audio 0 RTP/AVP 0\r\n", "audio stream 0 (PCMU)", NULL, 0, 8000,
      "rtppcmudepay" },
  { "m=audio 0 RTP/AVP 8\r\n", "audio stream 0 (PCMA)", NULL, 8, 8000,
      "rtppcmadepay" },
  { "m=audio 0 RTP/AVP 9\r\n", "audio stream 0 (G722)", NULL, 9, 8000,
      "rtpg722depay" },
  { "m=audio 0 RTP/AVP 14\r\n", "audio stream 0 (MPA)", NULL, 14, 90000,
      "rtpmpadepay" },
  { "m=video 0 RTP/AVP 26\r\n", "video stream 0 (JPEG)", NULL, 26, 90000,
      "rtpjpegdepay" },
  /* The first format that is carried. */
  { "m=audio 0 RTP/AVP 98 97 101\r\na=rtpmap:98 speex/16000\r\n"
    "a=rtpmap:97 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n",
      "audio stream 0 (OPUS)", NULL, 97, 48000, "rtpopusdepay" },
  { "m=video 0 RTP/AVPF 96\r\na=rtpmap:96 H264/90000\r\n",
      "video stream 0 (H264)", NULL, 96, 90000, "rtph264depay" },
  /* Not carried. */
  { "m=audio 0 RTP/AVP 98\r\na=rtpmap:98 speex/16000\r\n",
      "audio stream 0 (SPEEX)", "this codec is not carried", 0, 0, NULL },
  { "m=audio 0 RTP/AVP 98 99\r\na=rtpmap:98 speex/16000\r\n"
    "a=rtpmap:99 iLBC/8000\r\n",
      "audio stream 0 (SPEEX)", "this codec is not carried", 0, 0, NULL },
  { "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n",
      "application stream 0 (VND.ONVIF.METADATA)", "neither video nor audio", 0,
      0, NULL },
  { "m=video 0 RTP/AVP 96\r\n", "video stream 0 (no name)",
      "this codec is not carried", 0, 0, NULL },
  { "m=video 0 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n",
      "video stream 0 (no name)", "not plain RTP", 0, 0, NULL },
  { "m=video 0 udp 33\r\n", "video stream 0 (no name)", "not plain RTP", 0, 0,
      NULL },
  { "m=video 0 RTP/AVP 300\r\na=rtpmap:300 H264/90000\r\n",
      "video stream 0 (no name)", "not plain RTP", 0, 0, NULL },
  { "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/2000000000\r\n",
      "video stream 0 (H264)", "its clock rate is missing or wrong", 0, 0,
      NULL },
};

GST_START_TEST (stream_is_carried_or_has_a_reason)
{
  g_autoptr (GPtrArray) tracks = read_tracks (rows[__i__].media);

  fail_unless (tracks != NULL);
  assert_equals_int (tracks->len, 1);
  const PenstockRecordTrack *track = tracks->pdata[0];
  assert_equals_string (track->name, rows[__i__].name);
  if (rows[__i__].reason) {
    assert_equals_string (track->reason, rows[__i__].reason);
    assert_equals_int (penstock_record_tracks_count_carried (tracks), 0);
    return;
  }
  fail_unless (track->reason == NULL, "%s", track->reason);
  assert_equals_int (track->payload, rows[__i__].payload);
  assert_equals_int (track->rate, rows[__i__].rate);
  assert_equals_string (track->row->depayloader, rows[__i__].depayloader);
  fail_unless_equals_int (
      track->video, g_str_has_prefix (rows[__i__].media, "m=video"));
  fail_unless (gst_structure_has_name (
      gst_caps_get_structure (track->caps, 0), "application/x-rtp"));
  assert_equals_int (penstock_record_tracks_count_carried (tracks), 1);
}
GST_END_TEST

GST_START_TEST (streams_keep_their_order_and_controls)
{
  g_autoptr (GPtrArray) tracks =
      read_tracks ("m=audio 0 RTP/AVP 98\r\na=rtpmap:98 speex/16000\r\n"
                   "a=control:streamid=0\r\n"
                   "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                   "a=control:streamid=1\r\n"
                   "m=audio 0 RTP/AVP 8\r\n");
  static const gchar *const controls[] = { "streamid=0", "streamid=1", NULL };

  assert_equals_int (tracks->len, 3);
  assert_equals_int (penstock_record_tracks_count_carried (tracks), 2);
  for (guint i = 0; i < tracks->len; i++) {
    const PenstockRecordTrack *track = tracks->pdata[i];
    fail_unless (g_strcmp0 (track->control, controls[i]) == 0);
    fail_unless_equals_int (track->reason != NULL, i == 0);
  }
}
GST_END_TEST

/* At the limit and one above. */
GST_START_TEST (number_of_streams_is_bounded)
{
  g_autoptr (GString) media = g_string_new (NULL);

  for (guint i = 0; i < PENSTOCK_RECORD_MAX_TRACKS; i++)
    g_string_append (media, "m=audio 0 RTP/AVP 8\r\n");
  g_autoptr (GPtrArray) tracks = read_tracks (media->str);
  fail_unless (tracks != NULL);
  assert_equals_int (tracks->len, PENSTOCK_RECORD_MAX_TRACKS);
  g_string_append (media, "m=audio 0 RTP/AVP 8\r\n");
  fail_unless (read_tracks (media->str) == NULL);
}
GST_END_TEST

/* It goes into the log. */
GST_START_TEST (name_of_a_codec_is_made_printable)
{
  g_autoptr (GPtrArray) tracks = read_tracks (
      "m=audio 0 RTP/AVP 98\r\na=rtpmap:98 a\"\x1b[31m\xc3\xa4/16000\r\n");
  const PenstockRecordTrack *track = tracks->pdata[0];

  for (const gchar *p = track->name; *p; p++)
    fail_unless (g_ascii_isprint (*p) && *p != '"', "%s", track->name);
}
GST_END_TEST

static Suite *
rtsp_record_sdp_suite (void)
{
  Suite *suite = suite_create ("rtsp-record-sdp");
  TCase *tc = tcase_create ("rtsp-record-sdp");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, stream_is_carried_or_has_a_reason, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tc, streams_keep_their_order_and_controls);
  tcase_add_test (tc, number_of_streams_is_bounded);
  tcase_add_test (tc, name_of_a_codec_is_made_printable);
  return suite;
}

GST_CHECK_MAIN (rtsp_record_sdp);
