/* SPDX-License-Identifier: MIT
 *
 * Tests of what the DASH load generator reads: answers of HTTP in pieces of any
 * size, boxes, and MPDs with listed and counted segments. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "dash-text.h"
#include "http-wire.h"

static void
collect (const guint8 *data, gsize size, gpointer user_data)
{
  g_string_append_len (user_data, (const gchar *) data, (gssize) size);
}

typedef struct {
  const gchar *name, *answer, *body;
  guint status;
  HttpWireState state;
} AnswerRow;

static const AnswerRow answer_rows[] = {
  { "known length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
      "abcde", 200, HTTP_WIRE_COMPLETE },
  { "chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\nB;x=y\r\n0123456789-\r\n0\r\n\r\n",
      "abc0123456789-", 200, HTTP_WIRE_COMPLETE },
  { "empty", "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "", 404,
      HTTP_WIRE_COMPLETE },
  { "not complete", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "abc",
      200, HTTP_WIRE_BODY },
  { "no length", "HTTP/1.1 200 OK\r\n\r\n", "", 200, HTTP_WIRE_BROKEN },
  { "no HTTP", "SIP/2.0 200 OK\r\n\r\n", "", 0, HTTP_WIRE_BROKEN },
  { "no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "", 200, HTTP_WIRE_BROKEN },
};

GST_START_TEST (answers_in_pieces)
{
  const AnswerRow *row = &answer_rows[__i__];
  gsize size = strlen (row->answer);

  for (gsize piece = 1; piece <= size; piece++) {
    HttpWireReader reader;
    g_autoptr (GString) body = g_string_new (NULL);

    http_wire_next (&reader);
    for (gsize at = 0; at < size; at += piece) {
      gsize n = MIN (piece, size - at);
      if (http_wire_read (
              &reader, (const guint8 *) row->answer + at, n, collect, body) < n)
        break;
    }
    ck_assert_msg (reader.state == row->state, "%s", row->name);
    ck_assert_uint_eq (reader.status, row->status);
    ck_assert_str_eq (body->str, row->body);
  }
}
GST_END_TEST;

static void
note (gint64 made_us, gpointer user_data)
{
  g_array_append_val (user_data, made_us);
}

GST_START_TEST (chunks_tell_when_they_were_made)
{
  /* 1 s and a half after 1970 by NTP; a second `mdat` without a time */
  static const guint8 data[] = { 0, 0, 0, 24, 'p', 'r', 'f', 't', 0, 0, 0, 24,
    0, 0, 0, 1, 0x83, 0xaa, 0x7e, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 9, 'm', 'o',
    'o', 'f', 0, 0, 0, 0, 10, 'm', 'd', 'a', 't', 1, 2, 0, 0, 0, 9, 'm', 'd',
    'a', 't', 1 };

  for (gsize piece = 1; piece <= sizeof data; piece++) {
    BoxWatch watch = { 0 };
    g_autoptr (GArray) made = g_array_new (FALSE, FALSE, sizeof (gint64));

    for (gsize at = 0; at < sizeof data; at += piece)
      ck_assert (box_watch_read (
          &watch, data + at, MIN (piece, sizeof data - at), note, made));
    ck_assert_uint_eq (made->len, 1);
    ck_assert_int_eq (g_array_index (made, gint64, 0), 1500000);
  }
}
GST_END_TEST;

GST_START_TEST (sizes_that_cannot_be)
{
  static const guint8 data[] = { 0, 0, 0, 7, 'm', 'd', 'a', 't' };
  BoxWatch watch = { 0 };

  ck_assert (!box_watch_read (&watch, data, sizeof data, note, NULL));
}
GST_END_TEST;

#define MPD_HEAD                                                               \
  "<MPD availabilityStartTime=\"1970-01-01T00:00:10.500Z\">"                   \
  "<Period start=\"PT1M1.5S\"><AdaptationSet>"
#define MPD_TAIL                                                               \
  "<Representation id=\"v0\"/><Representation id=\"v1\"/>"                     \
  "</AdaptationSet></Period></MPD>"

GST_START_TEST (listed_segments)
{
  static const gchar text[] = MPD_HEAD
      "<SegmentTemplate timescale=\"1000\" presentationTimeOffset=\"500\" "
      "startNumber=\"7\"><SegmentTimeline><S t=\"2500\" d=\"2000\" r=\"1\"/>"
      "<S d=\"1000\"/></SegmentTimeline></SegmentTemplate>" MPD_TAIL;
  DashText mpd;

  ck_assert (dash_text_parse (text, strlen (text), &mpd));
  ck_assert_uint_eq (mpd.n_tracks, 1);
  ck_assert_str_eq (mpd.tracks[0].id, "v0");
  ck_assert_int_eq (mpd.start_us, 72000000);
  ck_assert_uint_eq (mpd.tracks[0].last_number, 9);
  ck_assert_int_eq (
      dash_text_end_us (&mpd, &mpd.tracks[0], 9), 72000000 + 7000000);
  ck_assert_int_eq (
      dash_text_end_us (&mpd, &mpd.tracks[0], 10), 72000000 + 8000000);
}
GST_END_TEST;

GST_START_TEST (counted_segments)
{
  static const gchar text[] =
      MPD_HEAD "<SegmentTemplate timescale=\"90000\" duration=\"180000\" "
               "availabilityTimeOffset=\"1.8\" startNumber=\"4\"/>" MPD_TAIL;
  DashText mpd;

  ck_assert (dash_text_parse (text, strlen (text), &mpd));
  ck_assert_int_eq (
      dash_text_end_us (&mpd, &mpd.tracks[0], 4), 72000000 + 2000000);
  ck_assert_uint_eq (
      dash_text_number_at (&mpd, &mpd.tracks[0], 72000000 + 4100000), 6);
  ck_assert (mpd.tracks[0].early_s > 1.79 && mpd.tracks[0].early_s < 1.81);
  ck_assert (!dash_text_parse (text, 40, &mpd));
}
GST_END_TEST;

static Suite *
dash_suite (void)
{
  Suite *suite = suite_create ("bench-http-wire");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_loop_test (chain, answers_in_pieces, 0, G_N_ELEMENTS (answer_rows));
  tcase_add_test (chain, chunks_tell_when_they_were_made);
  tcase_add_test (chain, sizes_that_cannot_be);
  tcase_add_test (chain, listed_segments);
  tcase_add_test (chain, counted_segments);
  return suite;
}

GST_CHECK_MAIN (dash);
