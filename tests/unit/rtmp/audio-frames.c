/* SPDX-License-Identifier: MIT
 *
 * Unit tests of messages with several audio frames. */

#include "rtmp/audio-frames.h"

#include <gst/check/gstcheck.h>

#include "rtmp-test.h"

#define MP3 PENSTOCK_FLV_CODEC_MP3
#define AC3 PENSTOCK_FLV_CODEC_AC3
#define EAC3 PENSTOCK_FLV_CODEC_EAC3

/* Heads of frames, each padded with zeros to a size. */
typedef struct {
  const gchar *head;
  gsize size;
} Piece;

static const struct {
  const gchar *name;
  PenstockFlvCodec codec;
  Piece pieces[4];
  const gchar *frames; /* offset+size/duration in us */
} rows[] = {
  { "MP3, 128 kbit/s at 48 kHz", MP3, { { "fffb9464", 384 } }, "0+384/24000 " },
  { "MP3, two, one of them padded", MP3,
      { { "fffb9064", 417 }, { "fffb9264", 418 } },
      "0+417/26122 417+418/26122 " },
  { "MPEG-2", MP3, { { "fff38064", 208 } }, "0+208/26122 " },
  { "MPEG-2.5", MP3, { { "ffe38864", 576 } }, "0+576/72000 " },
  { "MP3 of free format", MP3, { { "fffb0464", 300 } }, "0+300/0 " },
  { "MP3 that is cut", MP3, { { "fffb9464", 383 } }, "0+383/0 " },
  { "MP3 with a tag behind it", MP3, { { "fffb9464", 384 }, { "544147", 128 } },
      "0+384/24000 " },
  { "no MP3", MP3, { { "00", 40 } }, "0+40/0 " },
  { "AC-3, 192 kbit/s at 48 kHz", AC3,
      { { "0b77fe95144043e106f4", 768 }, { "0b77fe95144043e106f4", 768 } },
      "0+768/32000 768+768/32000 " },
  { "AC-3 at 44.1 kHz, the two sizes", AC3,
      { { "0b770000404043e106f4", 138 }, { "0b770000414043e106f4", 140 } },
      "0+138/34829 138+140/34829 " },
  { "AC-3 at 32 kHz", AC3, { { "0b770000804043e106f4", 192 } },
      "0+192/48000 " },
  { "E-AC-3, two", EAC3,
      { { "0b77037f3f87c00020f8", 1792 }, { "0b77037f3f87c00020f8", 1792 } },
      "0+1792/32000 1792+1792/32000 " },
  { "E-AC-3 with a dependent substream", EAC3,
      { { "0b77001f3f87c00020f8", 64 }, { "0b77400f3f87c00020f8", 32 },
          { "0b77001f3f87c00020f8", 64 } },
      "0+96/32000 96+64/32000 " },
  { "E-AC-3 with a second program", EAC3,
      { { "0b77001f3f87c00020f8", 64 }, { "0b77080f3f87c00020f8", 32 } },
      "0+96/32000 " },
};

static GByteArray *
make_message (const Piece *pieces)
{
  GByteArray *message = g_byte_array_new ();

  for (guint i = 0; i < 4 && pieces[i].head; i++) {
    g_autoptr (GByteArray) head = bytes_from_hex (pieces[i].head);
    guint begin = message->len;
    g_byte_array_append (message, head->data, head->len);
    g_byte_array_set_size (message, begin + pieces[i].size);
    memset (message->data + begin + head->len, 0, pieces[i].size - head->len);
  }
  return message;
}

static gchar *
list_frames (PenstockFlvCodec codec, const guint8 *data, gsize size)
{
  GString *text = g_string_new (NULL);
  PenstockAudioFrame frame;
  gsize position = 0;

  while (penstock_audio_frames_next (codec, data, size, &position, &frame)) {
    fail_unless (frame.size > 0 && frame.offset + frame.size <= size);
    g_string_append_printf (text,
        "%" G_GSIZE_FORMAT "+%" G_GSIZE_FORMAT "/%" G_GUINT64_FORMAT " ",
        frame.offset, frame.size, frame.duration / 1000);
  }
  return g_string_free (text, FALSE);
}

GST_START_TEST (message_is_taken_apart_as_the_table_says)
{
  g_autoptr (GByteArray) message = make_message (rows[__i__].pieces);
  g_autofree gchar *text =
      list_frames (rows[__i__].codec, message->data, message->len);

  assert_equals_string (text, rows[__i__].frames);
}
GST_END_TEST;

GST_START_TEST (cut_message_stays_inside)
{
  g_autoptr (GByteArray) message = make_message (rows[__i__].pieces);

  for (gsize n = 0; n < message->len; n++) {
    g_autofree guint8 *exact = g_memdup2 (message->data, n);
    g_autofree gchar *text = list_frames (rows[__i__].codec, exact, n);
    assert_equals_int (*text == '\0', n == 0);
  }
}
GST_END_TEST;

static Suite *
audio_frames_suite (void)
{
  Suite *suite = suite_create ("audio-frames");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, message_is_taken_apart_as_the_table_says, 0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (tcase, cut_message_stays_inside, 0, G_N_ELEMENTS (rows));
  return suite;
}

GST_CHECK_MAIN (audio_frames);
