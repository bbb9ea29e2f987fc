/* SPDX-License-Identifier: MIT
 *
 * The memory of all segment stores together: who gives way, and that the
 * newest segments stay. */

#include "../support/dash-rig.h"
#include "dash/segment-budget.h"

/* ---- accounts ---- */

typedef struct {
  GObject *object;
  SegmentAccount *account;
  guint64 floor; /* it has no more than that to give */
  guint asked;
} Writer;

static GQuark
writer_quark (void)
{
  return g_quark_from_static_string ("writer");
}

static guint64
writer_give_way (GObject *object, guint64 bytes)
{
  Writer *writer = g_object_get_qdata (object, writer_quark ());
  guint64 given = MIN (bytes, writer->floor);

  writer->asked++;
  writer->floor -= given;
  segment_account_add (writer->account, -(gint64) given);
  segment_budget_make_room (); /* as the delivery of what changes does */
  return given;
}

static void
writer_init (Writer *self, guint64 bytes, guint64 can_give)
{
  self->object = g_object_new (G_TYPE_OBJECT, NULL);
  g_object_set_qdata (self->object, writer_quark (), self);
  self->account = segment_account_new ();
  self->floor = can_give;
  self->asked = 0;
  segment_account_set_writer (self->account, self->object, writer_give_way);
  segment_account_add (self->account, (gint64) bytes);
}

static void
writer_clear (Writer *self)
{
  segment_account_close (self->account);
  g_object_unref (self->object);
}

/* Three writers, and what all have in the end. */
static const struct {
  guint64 limit, bytes[3], can_give[3];
  guint64 total;
  guint asked[3];
} cases[] = {
  { 0, { 100, 200, 300 }, { 100, 200, 300 }, 600, { 0, 0, 0 } },
  { 600, { 100, 200, 300 }, { 100, 200, 300 }, 600, { 0, 0, 0 } },
  { 599, { 100, 200, 300 }, { 100, 200, 300 }, 599, { 0, 0, 1 } },
  { 450, { 100, 200, 300 }, { 100, 200, 300 }, 450, { 0, 0, 1 } },
  /* shares of 130: the last gives 170, the one before it what lacks */
  { 390, { 100, 200, 300 }, { 100, 200, 300 }, 390, { 0, 1, 1 } },
  /* it has but its newest */
  { 450, { 100, 200, 300 }, { 100, 200, 0 }, 550, { 0, 1, 1 } },
  /* nobody goes below a share */
  { 30, { 10, 0, 300 }, { 10, 0, 300 }, 30, { 0, 0, 1 } },
  { 30, { 10, 0, 300 }, { 10, 0, 100 }, 210, { 0, 0, 1 } },
};

GST_START_TEST (who_has_most_above_its_share_gives_way_first)
{
  Writer writers[3];

  for (guint i = 0; i < 3; i++)
    writer_init (&writers[i], cases[__i__].bytes[i], cases[__i__].can_give[i]);
  segment_budget_set_limit (cases[__i__].limit);
  assert_equals_uint64 (segment_budget_get_bytes (), cases[__i__].total);
  for (guint i = 0; i < 3; i++)
    assert_equals_int (writers[i].asked, cases[__i__].asked[i]);
  segment_budget_set_limit (0);
  for (guint i = 0; i < 3; i++)
    writer_clear (&writers[i]);
  assert_equals_uint64 (segment_budget_get_bytes (), 0);
}
GST_END_TEST;

GST_START_TEST (a_writer_that_is_gone_is_not_asked)
{
  Writer gone, other;

  writer_init (&gone, 500, 500);
  writer_init (&other, 300, 300);
  g_object_unref (gone.object);
  segment_budget_set_limit (600);
  assert_equals_int (gone.asked, 0);
  assert_equals_int (other.asked, 0); /* not above its share */
  segment_budget_set_limit (550);
  assert_equals_int (other.asked, 1);
  segment_budget_set_limit (0);
  segment_account_close (gone.account);
  writer_clear (&other);
}
GST_END_TEST;

/* ---- streams ---- */

/* Noise: about 50 kB a segment at 64x48, four times as much at 128x96. */
#define NOISE(size)                                                            \
  "videotestsrc pattern=snow num-buffers=50 ! video/x-raw, format=I420, "      \
  "framerate=25/1, " size " ! x264enc speed-preset=ultrafast key-int-max=50 "  \
  "pass=quant quantizer=40 ! h264parse ! video/x-h264, stream-format=avc, "    \
  "alignment=au"

typedef struct {
  GstElement *sink;
  GstHarness *video;
  PenstockSegmentStore *store;
  GstBus *bus;
} Stream;

static void
stream_start (Stream *self, const gchar *name, const Media *media)
{
  self->sink = gst_element_factory_make ("penstockdashsink", NULL);
  gst_object_ref_sink (self->sink);
  self->store = penstock_segment_store_get (name);
  self->bus = gst_bus_new ();
  gst_element_set_bus (self->sink, self->bus);
  g_object_set (self->sink, "store", name, "wall-clock",
      (guint64) 1767225600 * GST_SECOND, "start-number", (guint64) 10, "window",
      600 * GST_SECOND, "hls", TRUE, NULL);
  self->video = rig_harness (self->sink, "video_0", media);
}

static void
stream_stop (Stream *self)
{
  gst_harness_teardown (self->video);
  gst_element_set_bus (self->sink, NULL);
  gst_element_set_state (self->sink, GST_STATE_NULL);
  gst_object_unref (self->sink);
  gst_object_unref (self->bus);
  g_object_unref (self->store);
}

static guint
stream_count_warnings (Stream *self)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (self->bus, GST_MESSAGE_WARNING))) {
    g_autoptr (GError) error = NULL;

    gst_message_parse_warning (message, &error, NULL);
    fail_unless (g_error_matches (error, GST_RESOURCE_ERROR,
                     GST_RESOURCE_ERROR_NO_SPACE_LEFT),
        "%s", error->message);
    gst_message_unref (message);
    n++;
  }
  return n;
}

/* All that its MPD and its playlist list is there. */
static guint
stream_count_listed (Stream *self)
{
  g_autofree gchar *mpd = rig_read_mpd (self->store);
  g_autoptr (PenstockStoredFile) playlist =
      penstock_segment_store_read (self->store, "v0/media.m3u8");
  const gchar *start = strstr (mpd, "startNumber=\"");
  guint64 first, n = 0;

  fail_unless (start && playlist);
  first = g_ascii_strtoull (start + 13, NULL, 10);
  for (const gchar *s = mpd; (s = strstr (s, "<S ")); s++) {
    const gchar *end = strchr (s, '>'), *repeat = strstr (s, " r=\"");

    n += 1;
    if (repeat && repeat < end)
      n += g_ascii_strtoull (repeat + 4, NULL, 10);
  }
  for (guint64 i = first; i < first + n; i++) {
    g_autofree gchar *path = mpd_segment_path ("v0", i);
    g_autofree gchar *entry =
        g_strdup_printf ("\n%" G_GUINT64_FORMAT ".m4s\n", i);
    g_autoptr (PenstockStoredFile) file =
        penstock_segment_store_read (self->store, path);

    fail_unless (file != NULL, "%s is listed and not there", path);
    fail_unless (memmem (g_bytes_get_data (playlist->chunks->pdata[0], NULL),
                     playlist->size, entry, strlen (entry)) != NULL,
        "%s", path);
  }
  assert_equals_int (
      count_text (
          g_bytes_get_data (playlist->chunks->pdata[0], NULL), "#EXTINF"),
      n);
  return n;
}

GST_START_TEST (the_stream_with_most_has_the_shorter_window)
{
  g_autoptr (Media) small = media_encode (NOISE ("width=64, height=48"));
  g_autoptr (Media) large = media_encode (NOISE ("width=128, height=96"));
  Stream a, b;
  guint64 limit;

  stream_start (&a, "test/small", small);
  stream_start (&b, "test/large", large);
  for (guint n = 0; n < 8; n++)
    for (guint i = 0; i < 50; i++) {
      rig_push (a.video, small, i, n * 2 * GST_SECOND);
      rig_push (b.video, large, i, n * 2 * GST_SECOND);
    }
  limit = segment_budget_get_bytes ();
  assert_equals_uint64 (limit,
      penstock_segment_store_get_bytes (a.store) +
          penstock_segment_store_get_bytes (b.store));
  assert_equals_int (stream_count_warnings (&b), 0);
  segment_budget_set_limit (limit);
  for (guint n = 8; n < 16; n++)
    for (guint i = 0; i < 50; i++) {
      rig_push (b.video, large, i, n * 2 * GST_SECOND);
      rig_push (a.video, small, i, n * 2 * GST_SECOND);
      fail_unless (segment_budget_get_bytes () <= limit);
    }
  assert_equals_int (stream_count_listed (&a), 15);
  fail_unless (stream_count_listed (&b) < 8);
  assert_equals_int (stream_count_warnings (&a), 0);
  assert_equals_int (stream_count_warnings (&b), 1);

  segment_budget_set_limit (1); /* the newest stay */
  assert_equals_int (stream_count_listed (&a), 2);
  assert_equals_int (stream_count_listed (&b), 2);
  segment_budget_set_limit (0);
  stream_stop (&a);
  stream_stop (&b);
  assert_equals_uint64 (segment_budget_get_bytes (), 0);
}
GST_END_TEST;

typedef struct {
  Stream stream;
  const Media *media;
} Feeder;

static gpointer
feed (gpointer user_data)
{
  Feeder *feeder = user_data;

  for (guint n = 0; n < 20; n++)
    for (guint i = 0; i < 50; i++)
      rig_push (feeder->stream.video, feeder->media, i, n * 2 * GST_SECOND);
  return NULL;
}

/* What four streams have that keep two segments each is half of it. */
#define BOUND (800 * 1000)

GST_START_TEST (streams_of_many_threads_stay_within_the_bound)
{
  g_autoptr (Media) media = media_encode (NOISE ("width=64, height=48"));
  Feeder feeders[4];
  GThread *threads[G_N_ELEMENTS (feeders)];

  segment_budget_set_limit (BOUND);
  for (guint i = 0; i < G_N_ELEMENTS (feeders); i++) {
    g_autofree gchar *name = g_strdup_printf ("test/%u", i);

    feeders[i].media = media;
    stream_start (&feeders[i].stream, name, media);
  }
  for (guint i = 0; i < G_N_ELEMENTS (feeders); i++)
    threads[i] = g_thread_new ("feed", feed, &feeders[i]);
  for (guint i = 0; i < G_N_ELEMENTS (feeders); i++)
    g_thread_join (threads[i]);
  segment_budget_make_room ();
  for (guint i = 0; i < G_N_ELEMENTS (feeders); i++)
    fail_unless (stream_count_listed (&feeders[i].stream) >= 2);
  fail_unless (segment_budget_get_bytes () <= BOUND, "%" G_GUINT64_FORMAT,
      segment_budget_get_bytes ());
  for (guint i = 0; i < G_N_ELEMENTS (feeders); i++)
    stream_stop (&feeders[i].stream);
  segment_budget_set_limit (0);
}
GST_END_TEST;

static Suite *
segment_budget_suite (void)
{
  Suite *suite = suite_create ("segment-budget");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc, who_has_most_above_its_share_gives_way_first, 0,
      G_N_ELEMENTS (cases));
  tcase_add_test (tc, a_writer_that_is_gone_is_not_asked);
  tcase_add_test (tc, the_stream_with_most_has_the_shorter_window);
  tcase_add_test (tc, streams_of_many_threads_stay_within_the_bound);
  return suite;
}

GST_CHECK_MAIN (segment_budget);
