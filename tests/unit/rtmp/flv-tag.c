/* SPDX-License-Identifier: MIT
 *
 * Audio and video messages: one row per form, each cut at every length. */

#include <gst/check/gstcheck.h>

#include "rtmp/flv-tag.h"
#include "tests/support/hex.h"

#define MAX_ROW_ITEMS 3
#define V PENSTOCK_FLV_VIDEO
#define A PENSTOCK_FLV_AUDIO
#define DONE PENSTOCK_RTMP_PARSE_DONE
#define MORE PENSTOCK_RTMP_PARSE_MORE
#define ERROR PENSTOCK_RTMP_PARSE_ERROR
#define CONFIG PENSTOCK_FLV_ITEM_CONFIG
#define FRAME PENSTOCK_FLV_ITEM_FRAME
#define END PENSTOCK_FLV_ITEM_END

typedef struct {
  PenstockFlvItemKind kind;
  PenstockFlvCodec codec;
  guint track;
  gint cts_ms;
  guint nano;
  const gchar *body;
} ExpectedItem;

typedef struct {
  const gchar *name;
  PenstockFlvKind kind;
  const gchar *hex;
  PenstockRtmpParse result;
  guint n_items;
  ExpectedItem items[MAX_ROW_ITEMS];
} Row;

static const Row rows[] = {
  /* FLV 10.1, E.4.3 */
  { "AVC sequence header", V, "17 00 000000 0164", DONE, 1,
      { { CONFIG, PENSTOCK_FLV_CODEC_H264, 0, 0, 0, "0164" } } },
  { "AVC frame with a composition time", V, "27 01 000050 aabb", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_H264, 0, 80, 0, "aabb" } } },
  { "AVC frame presented before it is decoded", V, "27 01 ffffd8 aa", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_H264, 0, -40, 0, "aa" } } },
  { "AVC end of sequence", V, "17 02 000000", DONE, 1,
      { { END, PENSTOCK_FLV_CODEC_H264, 0, 0, 0, "" } } },
  { "AVC end of sequence without a composition time", V, "17 02", DONE, 1,
      { { END, PENSTOCK_FLV_CODEC_H264, 0, 0, 0, "" } } },
  { "AVC frame without data", V, "27 01 000000", DONE, 0, { { 0 } } },
  { "AVC packet type that does not exist", V, "27 03 000000 aa", ERROR, 0,
      { { 0 } } },
  { "HEVC under number 12", V, "1c 01 000000 aa", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_H265, 0, 0, 0, "aa" } } },
  { "AV1 under number 13", V, "1d 00 000000 81", DONE, 1,
      { { CONFIG, PENSTOCK_FLV_CODEC_AV1, 0, 0, 0, "81" } } },
  { "Sorenson H.263", V, "22 aabb", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_H263, 0, 0, 0, "aabb" } } },
  { "unknown codec number", V, "2f aabb", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_UNKNOWN, 0, 0, 0, "aabb" } } },
  { "command frame is no media", V, "57 00", DONE, 0, { { 0 } } },
  { "empty message", V, "", DONE, 0, { { 0 } } },
  { "AVC header cut", V, "17 01 0000", MORE, 0, { { 0 } } },

  /* FLV 10.1, E.4.2 */
  { "AAC sequence header", A, "af 00 1210", DONE, 1,
      { { CONFIG, PENSTOCK_FLV_CODEC_AAC, 0, 0, 0, "1210" } } },
  { "AAC frame", A, "af 01 2100", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_AAC, 0, 0, 0, "2100" } } },
  { "AAC frame without data", A, "af 01", DONE, 0, { { 0 } } },
  { "AAC header cut", A, "af", MORE, 0, { { 0 } } },
  { "MP3", A, "2f fffb", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_MP3, 0, 0, 0, "fffb" } } },
  { "A-law", A, "72 d5d5", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_ALAW, 0, 0, 0, "d5d5" } } },
  { "mu-law", A, "82 ffff", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_MULAW, 0, 0, 0, "ffff" } } },
  { "Speex", A, "b2 00", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_SPEEX, 0, 0, 0, "00" } } },
  { "Nellymoser", A, "62 00", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_NELLYMOSER, 0, 0, 0, "00" } } },

  /* Enhanced RTMP v2, ExVideoTagHeader */
  { "hvc1 sequence start", V, "90 68766331 0101", DONE, 1,
      { { CONFIG, PENSTOCK_FLV_CODEC_H265, 0, 0, 0, "0101" } } },
  { "hvc1 coded frames have a composition time", V, "91 68766331 000028 aa",
      DONE, 1, { { FRAME, PENSTOCK_FLV_CODEC_H265, 0, 40, 0, "aa" } } },
  { "hvc1 coded frames X have none", V, "a3 68766331 aabb", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_H265, 0, 0, 0, "aabb" } } },
  { "avc1 coded frames", V, "a1 61766331 fffffe aa", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_H264, 0, -2, 0, "aa" } } },
  { "av01 coded frames have no composition time", V, "91 61763031 aabb", DONE,
      1, { { FRAME, PENSTOCK_FLV_CODEC_AV1, 0, 0, 0, "aabb" } } },
  { "vp09 sequence start", V, "90 76703039 01000000", DONE, 1,
      { { CONFIG, PENSTOCK_FLV_CODEC_VP9, 0, 0, 0, "01000000" } } },
  { "sequence end", V, "92 68766331", DONE, 1,
      { { END, PENSTOCK_FLV_CODEC_H265, 0, 0, 0, "" } } },
  { "metadata", V, "94 68766331 0200", DONE, 1,
      { { PENSTOCK_FLV_ITEM_METADATA, PENSTOCK_FLV_CODEC_H265, 0, 0, 0,
          "0200" } } },
  { "command without a FourCC", V, "d1 00", DONE, 0, { { 0 } } },
  { "MPEG-2 TS sequence start is left out", V, "95 61763031 80", DONE, 0,
      { { 0 } } },
  { "unknown FourCC", V, "91 78787878 aa", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_UNKNOWN, 0, 0, 0, "aa" } } },
  { "nanoseconds by ModEx", V, "97 02 0f423f 01 68766331 000000 aa", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_H265, 0, 0, 999999, "aa" } } },
  { "nanoseconds above a millisecond are ignored", V,
      "97 02 0f4240 01 68766331 000000 aa", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_H265, 0, 0, 0, "aa" } } },
  { "two ModEx, the first unknown", V, "97 00 ff 17 02 000001 03 61766331 aa",
      DONE, 1, { { FRAME, PENSTOCK_FLV_CODEC_H264, 0, 0, 1, "aa" } } },
  { "ModEx for ever", V,
      "97 00 00 17 00 00 17 00 00 17 00 00 17 00 00 17 00 00 17 00 00 17"
      "00 00 17 00 00 17",
      ERROR, 0, { { 0 } } },
  { "one track", V, "96 01 68766331 05 000010 aa", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_H265, 5, 16, 0, "aa" } } },
  { "many tracks of one codec", V, "96 13 61766331 00 000002 aabb 01 000001 cc",
      DONE, 2,
      { { FRAME, PENSTOCK_FLV_CODEC_H264, 0, 0, 0, "aabb" },
          { FRAME, PENSTOCK_FLV_CODEC_H264, 1, 0, 0, "cc" } } },
  { "many tracks of many codecs", V,
      "96 21 61766331 00 000004 00000a aa 61763031 02 000001 cc", DONE, 2,
      { { FRAME, PENSTOCK_FLV_CODEC_H264, 0, 10, 0, "aa" },
          { FRAME, PENSTOCK_FLV_CODEC_AV1, 2, 0, 0, "cc" } } },
  { "a track longer than the message", V, "96 13 61766331 00 000003 aabb", MORE,
      0, { { 0 } } },
  { "a track too short for its composition time", V,
      "96 11 61766331 00 000002 aabb", MORE, 0, { { 0 } } },
  { "multitrack in multitrack", V, "96 16 61766331", ERROR, 0, { { 0 } } },
  { "multitrack of a kind that does not exist", V, "96 31 61766331", ERROR, 0,
      { { 0 } } },

  /* Enhanced RTMP v2, ExAudioTagHeader */
  { "mp4a sequence start", A, "90 6d703461 1190", DONE, 1,
      { { CONFIG, PENSTOCK_FLV_CODEC_AAC, 0, 0, 0, "1190" } } },
  { "Opus sequence start without a header", A, "90 4f707573", DONE, 1,
      { { CONFIG, PENSTOCK_FLV_CODEC_OPUS, 0, 0, 0, "" } } },
  { "Opus coded frames", A, "91 4f707573 fc", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_OPUS, 0, 0, 0, "fc" } } },
  { "AC-3 coded frames", A, "91 61632d33 0b77", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_AC3, 0, 0, 0, "0b77" } } },
  { "E-AC-3 coded frames", A, "91 65632d33 0b77", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_EAC3, 0, 0, 0, "0b77" } } },
  { "MP3 coded frames", A, "91 2e6d7033 fffb", DONE, 1,
      { { FRAME, PENSTOCK_FLV_CODEC_MP3, 0, 0, 0, "fffb" } } },
  { "FLAC sequence start", A, "90 664c6143 664c6143", DONE, 1,
      { { CONFIG, PENSTOCK_FLV_CODEC_FLAC, 0, 0, 0, "664c6143" } } },
  { "channel order and mask", A, "94 4f707573 01 02 00000003", DONE, 1,
      { { PENSTOCK_FLV_ITEM_CHANNELS, PENSTOCK_FLV_CODEC_OPUS, 0, 0, 0,
          "010200000003" } } },
  { "audio tracks", A, "95 11 4f707573 00 000001 aa 01 000001 bb", DONE, 2,
      { { FRAME, PENSTOCK_FLV_CODEC_OPUS, 0, 0, 0, "aa" },
          { FRAME, PENSTOCK_FLV_CODEC_OPUS, 1, 0, 0, "bb" } } },
};

static void
check_item (
    const Row *row, guint i, const PenstockFlvItem *item, const guint8 *data)
{
  const ExpectedItem *expected = &row->items[i];
  g_autoptr (GBytes) body = bytes_from_hex (expected->body);

  fail_unless (item->kind == expected->kind, "%s: item %u: kind %u", row->name,
      i, item->kind);
  fail_unless (item->codec == expected->codec, "%s: item %u: codec %s",
      row->name, i, penstock_flv_codec_get_name (item->codec));
  fail_unless (item->track == expected->track, "%s: track", row->name);
  fail_unless (item->cts_ms == expected->cts_ms, "%s: composition time %d",
      row->name, item->cts_ms);
  fail_unless (item->nano_offset == expected->nano, "%s: nanoseconds %u",
      row->name, item->nano_offset);
  fail_unless (item->size == g_bytes_get_size (body) &&
          memcmp (data + item->offset, g_bytes_get_data (body, NULL),
              item->size) == 0,
      "%s: item %u: body", row->name, i);
}

GST_START_TEST (message_is_read_as_the_table_says)
{
  const Row *row = &rows[__i__];
  g_autoptr (GBytes) bytes = bytes_from_hex (row->hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  PenstockFlvTag tag = { .n_items = 99 };
  PenstockRtmpParse result =
      penstock_flv_tag_parse (row->kind, data, size, &tag);

  fail_unless (result == row->result, "%s: result %u", row->name, result);
  if (result != DONE) {
    fail_unless (tag.n_items == 99, "%s: output touched", row->name);
    return;
  }
  fail_unless (
      tag.n_items == row->n_items, "%s: %u items", row->name, tag.n_items);
  for (guint i = 0; i < tag.n_items; i++)
    check_item (row, i, &tag.items[i], data);
}
GST_END_TEST;

/* Cut anywhere: bodies stay inside, whatever comes out. */
GST_START_TEST (cut_message_stays_inside)
{
  const Row *row = &rows[__i__];
  g_autoptr (GBytes) bytes = bytes_from_hex (row->hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize cut = 0; cut < size; cut++) {
    g_autofree guint8 *exact = g_memdup2 (data, cut);
    PenstockFlvTag tag;

    if (penstock_flv_tag_parse (row->kind, exact, cut, &tag) != DONE)
      continue;
    for (guint i = 0; i < tag.n_items; i++)
      fail_unless (tag.items[i].offset + tag.items[i].size <= cut,
          "%s: cut at %" G_GSIZE_FORMAT, row->name, cut);
  }
}
GST_END_TEST;

/* Many tracks of one codec, one byte each. */
static PenstockRtmpParse
parse_tracks (guint n, PenstockFlvTag *tag)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  const guint8 head[] = { 0x96, 0x13, 'a', 'v', 'c', '1' };

  g_byte_array_append (message, head, sizeof head);
  for (guint i = 0; i < n; i++) {
    const guint8 track[] = { i, 0, 0, 1, 0xaa };
    g_byte_array_append (message, track, sizeof track);
  }
  return penstock_flv_tag_parse (
      PENSTOCK_FLV_VIDEO, message->data, message->len, tag);
}

GST_START_TEST (tracks_are_bounded)
{
  PenstockFlvTag tag;

  assert_equals_int (parse_tracks (PENSTOCK_FLV_MAX_ITEMS, &tag), DONE);
  assert_equals_int (tag.n_items, PENSTOCK_FLV_MAX_ITEMS);
  assert_equals_int (parse_tracks (PENSTOCK_FLV_MAX_ITEMS + 1, &tag), ERROR);
}
GST_END_TEST;

GST_START_TEST (long_mod_ex_has_a_16_bit_size)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  const guint8 head[] = { 0x97, 0xff, 0x01, 0x2b }; /* 300 bytes */
  const guint8 tail[] = { 0x13, 'a', 'v', 'c', '1', 0xaa };
  guint8 data[300] = { 0 };
  PenstockFlvTag tag;

  g_byte_array_append (message, head, sizeof head);
  g_byte_array_append (message, data, sizeof data);
  g_byte_array_append (message, tail, sizeof tail);
  assert_equals_int (penstock_flv_tag_parse (
                         PENSTOCK_FLV_VIDEO, message->data, message->len, &tag),
      DONE);
  assert_equals_int (tag.n_items, 1);
  assert_equals_int (tag.items[0].size, 1);
}
GST_END_TEST;

GST_START_TEST (flags_of_legacy_audio_are_told)
{
  const guint8 pcm[] = { 0x3f, 1, 2 }, speech[] = { 0x72, 1 };
  PenstockFlvTag tag;

  penstock_flv_tag_parse (PENSTOCK_FLV_AUDIO, pcm, sizeof pcm, &tag);
  assert_equals_int (tag.items[0].rate, 44100);
  assert_equals_int (tag.items[0].channels, 2);
  assert_equals_int (tag.items[0].bits, 16);
  penstock_flv_tag_parse (PENSTOCK_FLV_AUDIO, speech, sizeof speech, &tag);
  assert_equals_int (tag.items[0].rate, 8000);
  assert_equals_int (tag.items[0].channels, 1);
}
GST_END_TEST;

static Suite *
flv_tag_suite (void)
{
  Suite *s = suite_create ("flv-tag");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (
      tc, message_is_read_as_the_table_says, 0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (tc, cut_message_stays_inside, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tc, tracks_are_bounded);
  tcase_add_test (tc, long_mod_ex_has_a_16_bit_size);
  tcase_add_test (tc, flags_of_legacy_audio_are_told);
  return s;
}

GST_CHECK_MAIN (flv_tag);
