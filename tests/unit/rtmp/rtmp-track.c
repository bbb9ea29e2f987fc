/* SPDX-License-Identifier: MIT
 *
 * Unit tests of a track: pictures that come in several messages. */

#include "rtmp/rtmp-track.h"

#include <gst/check/gstcheck.h>

#include "rtmp-test.h"

/* x264, 128x72, baseline. */
#define AVCC                                                                   \
  "1700000000"                                                                 \
  "0142c00affe100186742c00ad9020bf97011000003000100000300320f12264801000568cb" \
  "83cb20"
/* Another one: 320x240. */
#define OTHER_AVCC                                                             \
  "1700000000"                                                                 \
  "0164000dffe100196764000dacd94141fb011000000300100000030320f142996001"       \
  "000668ebe3cb22c0fdf8f800"
/* Slices, each in a message of its own: of a keyframe, of another picture. */
#define KEY "1701000000 00000004 65880011"
#define KEY_MORE "1701000000 00000004 65420022"
#define PICTURE "2701000000 00000004 419a0033"
#define PICTURE_MORE "2701000000 00000004 41460044"

typedef struct {
  guint time; /* ms */
  const gchar *message;
} Sent;

static const struct {
  const gchar *name;
  Sent sent[16];
  /* What comes out: time, "!" for a discontinuity, "*" for a keyframe, the last
   * byte of each unit; "caps" where they are new */
  const gchar *result;
} rows[] = {
  { "one message a picture",
      { { 0, AVCC }, { 0, KEY }, { 40, PICTURE }, { 80, PICTURE } },
      "caps 0!*11 40:33 80:33" },
  { "slices of the first keyframe",
      { { 0, AVCC }, { 0, KEY }, { 0, KEY_MORE }, { 40, PICTURE },
          { 40, PICTURE_MORE }, { 80, KEY }, { 80, KEY_MORE }, { 80, KEY_MORE },
          { 120, PICTURE }, { 120, PICTURE_MORE }, { 160, PICTURE } },
      "caps 0!*11 80!*11,22,22 120:33,44" },
  { "slices of other pictures",
      { { 0, AVCC }, { 0, KEY }, { 40, PICTURE }, { 40, PICTURE_MORE },
          { 80, PICTURE }, { 120, KEY }, { 160, PICTURE },
          { 160, PICTURE_MORE }, { 200, PICTURE } },
      "caps 0!*11 40:33 120!*11 160:33,44" },
  { "a slice of another time is a picture of its own",
      { { 0, AVCC }, { 0, KEY }, { 40, PICTURE_MORE }, { 80, PICTURE } },
      "caps 0!*11 40:44 80:33" },
  { "new caps come with their picture",
      { { 0, AVCC }, { 0, KEY }, { 0, KEY_MORE }, { 40, KEY }, { 40, KEY_MORE },
          { 80, OTHER_AVCC }, { 80, KEY }, { 80, KEY_MORE }, { 120, PICTURE } },
      "caps 0!*11 40!*11,22 caps 80*11,22" },
};

static void
describe (GString *text, GstBuffer *buffer)
{
  GstMapInfo map;

  g_string_append_printf (text, "%s%" G_GUINT64_FORMAT "%s%s",
      text->len ? " " : "", GST_BUFFER_PTS (buffer) / GST_MSECOND,
      GST_BUFFER_IS_DISCONT (buffer) ? "!" : "",
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT) ? ":" : "*");
  gst_buffer_map (buffer, &map, GST_MAP_READ);
  for (gsize pos = 0; pos + 4 <= map.size;) {
    gsize n = GST_READ_UINT32_BE (map.data + pos);
    g_string_append_printf (
        text, "%s%02x", pos ? "," : "", map.data[pos + 4 + n - 1]);
    pos += 4 + n;
  }
  gst_buffer_unmap (buffer, &map);
}

static void
send (PenstockRtmpTrack *track, const Sent *sent, GString *text)
{
  g_autoptr (GByteArray) bytes = bytes_from_hex (sent->message);
  g_autoptr (PenstockRtmpMessage) message = penstock_rtmp_message_new (
      PENSTOCK_RTMP_VIDEO, 1, sent->time, bytes->data, bytes->len);
  g_autoptr (GstBuffer) buffer = NULL;
  g_autofree gchar *reason = NULL;
  PenstockFlvTag tag;

  fail_unless (penstock_flv_tag_parse (PENSTOCK_FLV_VIDEO, message->data,
                   message->size, &tag) == PENSTOCK_RTMP_PARSE_DONE);
  PenstockRtmpTrackResult result = penstock_rtmp_track_take (track, message,
      &tag.items[0], sent->time * GST_MSECOND, NULL, &buffer, &reason);
  assert_equals_int (buffer != NULL,
      result == PENSTOCK_RTMP_TRACK_BUFFER ||
          result == PENSTOCK_RTMP_TRACK_NEW_CAPS);
  if (result == PENSTOCK_RTMP_TRACK_NEW_CAPS)
    g_string_append (text, text->len ? " caps" : "caps");
  if (buffer)
    describe (text, buffer);
}

GST_START_TEST (pictures_are_whole)
{
  PenstockRtmpTrack *track = penstock_rtmp_track_new (PENSTOCK_FLV_VIDEO, 0);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 16 && rows[__i__].sent[i].message; i++)
    send (track, &rows[__i__].sent[i], text);
  assert_equals_string (text->str, rows[__i__].result);
  penstock_rtmp_track_free (track);
}
GST_END_TEST;

static Suite *
rtmp_track_suite (void)
{
  Suite *suite = suite_create ("rtmp-track");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, pictures_are_whole, 0, G_N_ELEMENTS (rows));
  return suite;
}

GST_CHECK_MAIN (rtmp_track);
