/* SPDX-License-Identifier: MIT
 *
 * A reader of ISO BMFF for tests, written from the standard and not from our
 * writer: finds boxes by path, checks that sizes add up, lists samples. */
#ifndef TEST_BOX_READER_H
#define TEST_BOX_READER_H

#include <glib.h>
#include <string.h>

typedef struct {
  const guint8 *data; /* of the box, header included */
  gsize size;
} Box;

static inline guint64
box_number (const guint8 *data, guint bytes)
{
  guint64 value = 0;

  for (guint i = 0; i < bytes; i++)
    value = value << 8 | data[i];
  return value;
}

/* Bytes before the first child. */
static inline gsize
box_head (const Box *box)
{
  static const struct {
    const gchar *type;
    gsize head;
  } heads[] = { { "stsd", 16 }, { "dref", 16 }, { "avc1", 86 }, { "avc3", 86 },
    { "hvc1", 86 }, { "hev1", 86 }, { "av01", 86 }, { "vp09", 86 },
    { "mp4a", 36 }, { "Opus", 36 }, { "fLaC", 36 } };

  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    if (memcmp (box->data + 4, heads[i].type, 4) == 0)
      return heads[i].head;
  return 8;
}

/* The first box of @type in a run of boxes; size 0 when it is missing. The
 * sizes of all boxes must add up to the run. */
static inline Box
box_in (const guint8 *data, gsize size, const gchar *type)
{
  Box found = { NULL, 0 };

  while (size > 0) {
    gsize length;

    g_assert_cmpuint (size, >=, 8);
    length = box_number (data, 4);
    g_assert_cmpuint (length, >=, 8);
    g_assert_cmpuint (length, <=, size);
    if (!found.data && memcmp (data + 4, type, 4) == 0)
      found = (Box){ data, length };
    data += length;
    size -= length;
  }
  return found;
}

/* @path: "moov/trak/mdia"; fails the test when a box is missing. */
static inline Box
box_find (GBytes *bytes, const gchar *path)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  Box box = { NULL, 0 };

  for (guint i = 0; names[i]; i++) {
    box = box_in (data, size, names[i]);
    if (!box.data)
      g_error ("no box %s of %s", names[i], path);
    data = box.data + box_head (&box);
    size = box.size - box_head (&box);
  }
  return box;
}

static inline gboolean
box_exists (GBytes *bytes, const gchar *type)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  return box_in (data, size, type).data != NULL;
}

/* A number at @offset of the content, that is after size and type. */
static inline guint64
box_value (Box box, gsize offset, guint bytes)
{
  g_assert_cmpuint (8 + offset + bytes, <=, box.size);
  return box_number (box.data + 8 + offset, bytes);
}

typedef struct {
  guint64 decode_time;
  gint64 presentation_time;
  guint32 duration, size, flags;
  const guint8 *data;
} BoxSample;

/* All samples of a fragment (tfhd, tfdt, trun, mdat). */
static inline GArray *
box_samples (GBytes *bytes)
{
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (BoxSample));
  Box moof = box_find (bytes, "moof");
  Box tfhd = box_find (bytes, "moof/traf/tfhd");
  Box trun = box_find (bytes, "moof/traf/trun");
  guint32 tf = box_value (tfhd, 1, 3), tr = box_value (trun, 1, 3);
  guint64 time = box_value (box_find (bytes, "moof/traf/tfdt"), 4, 8);
  guint n = box_value (trun, 4, 4);
  gsize at = 8, head = 8;
  guint32 duration = 0, size = 0, flags = 0, first_flags = 0;
  const guint8 *data;

  g_assert_cmpuint (
      box_value (box_find (bytes, "moof/traf/tfdt"), 0, 1), ==, 1);
  g_assert_true (tf & 0x020000); /* default-base-is-moof */
  if (tf & 0x8)
    duration = box_value (tfhd, head, 4), head += 4;
  if (tf & 0x10)
    size = box_value (tfhd, head, 4), head += 4;
  if (tf & 0x20)
    flags = box_value (tfhd, head, 4), head += 4;
  g_assert_true (tr & 0x1);
  data = moof.data + box_value (trun, at, 4), at += 4;
  if (tr & 0x4)
    first_flags = box_value (trun, at, 4), at += 4;
  for (guint i = 0; i < n; i++) {
    BoxSample s = { .decode_time = time, .data = data };
    gint32 offset = 0;

    s.duration = duration, s.size = size;
    s.flags = i == 0 && (tr & 0x4) ? first_flags : flags;
    if (tr & 0x100)
      s.duration = box_value (trun, at, 4), at += 4;
    if (tr & 0x200)
      s.size = box_value (trun, at, 4), at += 4;
    if (tr & 0x400)
      s.flags = box_value (trun, at, 4), at += 4;
    if (tr & 0x800)
      offset = (gint32) box_value (trun, at, 4), at += 4;
    s.presentation_time = (gint64) time + offset;
    g_array_append_val (samples, s);
    time += s.duration;
    data += s.size;
  }
  g_assert_cmpuint (8 + at, ==, trun.size);
  g_assert_true (data ==
      (const guint8 *) g_bytes_get_data (bytes, NULL) +
          g_bytes_get_size (bytes)); /* mdat holds them and no more */
  return samples;
}

#endif /* TEST_BOX_READER_H */
