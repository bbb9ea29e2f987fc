/* SPDX-License-Identifier: MIT
 *
 * Tests of the text side of the load generator's RTSP client. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "rtsp-text.h"

static const struct {
  const gchar *text;
  RtspTextParse result;
  guint status;
  gsize head_size, body_size;
} answers[] = {
  { "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", RTSP_TEXT_DONE, 200, 28, 0 },
  { "RTSP/1.0 404 Not Found\nCSeq: 1\n\n", RTSP_TEXT_DONE, 404, 32, 0 },
  { "RTSP/1.0 200 OK\r\ncontent-length:  3 \r\n\r\nabc$", RTSP_TEXT_DONE, 200,
      40, 3 },
  { "RTSP/1.0 2x0 OK\r\n\r\n", RTSP_TEXT_ERROR },
  { "RTSP/1.0\r\n\r\n", RTSP_TEXT_ERROR },
  { "RTSP/2.0 200 OK\r\n\r\n", RTSP_TEXT_ERROR },
  { "HTTP/1.1 200 OK\r\n\r\n", RTSP_TEXT_ERROR },
  { "RTSP/1.0 200 OK\r\nContent-Length: 65537\r\n\r\n", RTSP_TEXT_ERROR },
  { "RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", RTSP_TEXT_ERROR },
};

GST_START_TEST (answer_is_read_or_refused)
{
  const gchar *text = answers[__i__].text;
  RtspTextAnswer answer = { 0 };

  ck_assert_int_eq (
      rtsp_text_parse ((const guint8 *) text, strlen (text), &answer),
      answers[__i__].result);
  ck_assert_uint_eq (answer.status, answers[__i__].status);
  ck_assert_uint_eq (answer.head_size, answers[__i__].head_size);
  ck_assert_uint_eq (answer.body_size, answers[__i__].body_size);
}
GST_END_TEST;

GST_START_TEST (answer_cut_anywhere_wants_more)
{
  const gchar *text = answers[__i__].text;
  gsize whole = answers[__i__].head_size + answers[__i__].body_size;
  RtspTextAnswer answer;

  if (answers[__i__].result != RTSP_TEXT_DONE)
    return;
  for (gsize size = 0; size < whole; size++) {
    g_autofree guint8 *copy = g_memdup2 (text, size);

    ck_assert_int_eq (rtsp_text_parse (copy, size, &answer), RTSP_TEXT_MORE);
  }
}
GST_END_TEST;

GST_START_TEST (endless_header_is_refused)
{
  g_autofree guint8 *text = g_malloc (RTSP_TEXT_MAX_ANSWER + 1);
  RtspTextAnswer answer;

  memset (text, 'x', RTSP_TEXT_MAX_ANSWER + 1);
  memcpy (text, "RTSP/1.0 ", 9);
  ck_assert_int_eq (
      rtsp_text_parse (text, RTSP_TEXT_MAX_ANSWER, &answer), RTSP_TEXT_MORE);
  ck_assert_int_eq (rtsp_text_parse (text, RTSP_TEXT_MAX_ANSWER + 1, &answer),
      RTSP_TEXT_ERROR);
}
GST_END_TEST;

GST_START_TEST (description_gives_one_video_and_one_audio_track)
{
  static const gchar sdp[] =
      "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\na=control:*\r\n"
      "m=application 0 RTP/AVP 98\r\na=rtpmap:98 vnd.onvif.metadata/90000\r\n"
      "a=control:track0\r\n"
      "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
      "m=video 0 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\na=control:track2\r\n"
      "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:track3\r\n"
      "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/2\r\n"
      "a=control:rtsp://[::1]/x/track4\r\n";
  RtspTextTrack tracks[RTSP_TEXT_MAX_TRACKS];

  ck_assert_uint_eq (rtsp_text_sdp (sdp, "rtsp://h/live/", tracks), 2);
  fail_unless (tracks[0].video);
  ck_assert_uint_eq (tracks[0].payload_type, 96);
  ck_assert_uint_eq (tracks[0].clock_rate, 90000);
  fail_unless_equals_string (tracks[0].control, "rtsp://h/live/track1");
  fail_if (tracks[1].video);
  ck_assert_uint_eq (tracks[1].payload_type, 97);
  ck_assert_uint_eq (tracks[1].clock_rate, 48000);
  fail_unless_equals_string (tracks[1].control, "rtsp://[::1]/x/track4");
  rtsp_text_track_clear (&tracks[0]);
  rtsp_text_track_clear (&tracks[1]);
}
GST_END_TEST;

static const struct {
  const gchar *value, *control;
  gint seq; /* -1: none */
} infos[] = {
  { "url=rtsp://h/a/stream=0;seq=7;rtptime=1, "
    "url=rtsp://h/a/stream=1;seq=65535",
      "rtsp://h/a/stream=1", 65535 },
  { "url=stream=0;seq=7", "rtsp://h/a/stream=0", 7 },
  { "url=rtsp://h/a/stream=0;rtptime=1", "rtsp://h/a/stream=0", -1 },
  { "url=rtsp://h/a/stream=0;seq=65536", "rtsp://h/a/stream=0", -1 },
  { "url=rtsp://h/a/stream=2;seq=7", "rtsp://h/a/stream=0", -1 },
  { "", "rtsp://h/a/stream=0", -1 },
};

GST_START_TEST (rtp_info_is_found_by_track)
{
  guint16 seq = 0;
  gboolean found =
      rtsp_text_rtp_info (infos[__i__].value, infos[__i__].control, &seq);

  ck_assert_int_eq (found ? seq : -1, infos[__i__].seq);
}
GST_END_TEST;

static Suite *
rtsp_text_suite (void)
{
  Suite *suite = suite_create ("rtsp-text");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, answer_is_read_or_refused, 0, G_N_ELEMENTS (answers));
  tcase_add_loop_test (
      tcase, answer_cut_anywhere_wants_more, 0, G_N_ELEMENTS (answers));
  tcase_add_test (tcase, endless_header_is_refused);
  tcase_add_test (tcase, description_gives_one_video_and_one_audio_track);
  tcase_add_loop_test (
      tcase, rtp_info_is_found_by_track, 0, G_N_ELEMENTS (infos));
  return suite;
}

GST_CHECK_MAIN (rtsp_text)
