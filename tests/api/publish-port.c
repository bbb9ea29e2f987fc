/* SPDX-License-Identifier: MIT
 *
 * Where publishers enter a route's input: how they find it, who is let in, what
 * the gateway is told, and what is left of them. */

#include <gst/check/gstcheck.h>

#include "channel/channel.h"
#include "config-types.h"
#include "inputs/publish-ports.h"
#include "log.h"
#include "media.h"

#define WAIT (20 * GST_SECOND)
#define FRAME (40 * GST_MSECOND)
#define CAPS                                                                   \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au, "            \
  "width=(int)320, height=(int)240"

typedef struct {
  PenstockPublishPorts *ports;
  PenstockPublisherSeat *seat;
  GstElement *pipeline, *port, *sink;
} Fixture;

static void
fixture_init (Fixture *f, PenstockSeatPolicy policy, guint grace_ms)
{
  penstock_media_register (NULL);
  *f = (Fixture){ .ports = penstock_publish_ports_new (),
    .seat = penstock_publisher_seat_new (policy),
    .pipeline = gst_pipeline_new (NULL),
    .sink = gst_element_factory_make ("penstockchannelsink", NULL) };
  g_object_set (f->sink, "channel", "stage", "max-hold", (guint64) 0, NULL);
  gst_bin_add (GST_BIN (f->pipeline), f->sink);
  const PenstockPublishPortSettings settings = { f->ports, "stage", f->seat,
    grace_ms, f->sink };
  f->port = penstock_publish_port_new (&settings);
  gst_bin_add (GST_BIN (f->pipeline), f->port);
}

static void
open_port (Fixture *f)
{
  fail_unless (gst_element_set_state (f->pipeline, GST_STATE_PLAYING) !=
      GST_STATE_CHANGE_FAILURE);
}

static void
fixture_clear (Fixture *f)
{
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_object_unref (f->pipeline);
  penstock_publisher_seat_unref (f->seat);
  penstock_publish_ports_unref (f->ports);
}

/* A publisher is a GObject that counts how often it was sent away. */
static void
lost (GObject *owner, const gchar *reason)
{
  gint n = GPOINTER_TO_INT (g_object_get_data (owner, "lost"));

  g_object_set_data (owner, "lost", GINT_TO_POINTER (n + 1));
}

static gint
times_lost (GObject *owner)
{
  return GPOINTER_TO_INT (g_object_get_data (owner, "lost"));
}

static PenstockPublication *
try_to_enter (Fixture *f, GObject *owner, gboolean *closed)
{
  const PenstockPublisherInfo info = { "TEST", "192.0.2.7:5", "by hand" };

  return penstock_publish_port_enter (
      PENSTOCK_PUBLISH_PORT (f->port), &info, owner, lost, closed);
}

static PenstockPublication *
enter (Fixture *f, GObject *owner)
{
  gboolean closed;

  return try_to_enter (f, owner, &closed);
}

static void
leave (PenstockPublication *publication)
{
  penstock_publication_end (publication, "left");
  penstock_publication_unref (publication);
}

/* The next message of the port must say @state. */
static void
assert_told (Fixture *f, const gchar *state, const gchar *reason)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (f->pipeline);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (bus, WAIT, GST_MESSAGE_ELEMENT);

  fail_unless (message != NULL, "not told \"%s\"", state);
  const GstStructure *s = gst_message_get_structure (message);
  assert_equals_string (gst_structure_get_string (s, "state"), state);
  assert_equals_string (gst_structure_get_string (s, "reason"), reason);
  assert_equals_string (gst_structure_get_string (s, "protocol"), "TEST");
  assert_equals_string (gst_structure_get_string (s, "peer"), "192.0.2.7:5");
}

static void
assert_told_nothing (Fixture *f)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (f->pipeline);

  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT) == NULL);
}

static GstFlowReturn
push (GstPad *pad, guint number)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 10, NULL);

  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = number * FRAME;
  return gst_pad_push (pad, buffer);
}

/* Two access units of a stream that has just begun. */
static void
publish (GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_stream_start ("test"));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  for (guint i = 0; i < 2; i++)
    fail_unless_equals_int (push (pad, i), GST_FLOW_OK);
}

static guint
epoch (void)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("stage");
  PenstockChannelStats stats;

  penstock_channel_get_stats (channel, &stats);
  return stats.epoch;
}

/* --- publishing --------------------------------------------------------------- */

GST_START_TEST (publications_follow_each_other)
{
  g_autoptr (PenstockChannel) channel = penstock_channel_get ("stage");
  Fixture f;

  fixture_init (&f, PENSTOCK_SEAT_REJECT, 60000);
  open_port (&f);
  for (guint i = 1; i <= 3; i++) {
    g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
    PenstockPublication *publication = enter (&f, owner);
    fail_unless (publication != NULL);
    penstock_publication_start (publication);
    assert_told (&f, "started", "");
    GstPad *pad = penstock_publication_add_track (publication, TRUE);
    publish (pad);
    assert_equals_int (epoch (), i);
    g_autoptr (PenstockLayout) layout = penstock_channel_get_layout (channel);
    assert_equals_int (layout->n_tracks, 1);
    assert_equals_int (layout->tracks[0].id, 0);

    penstock_publication_end (publication, "left");
    assert_told (&f, "lost", "left");
    assert_equals_int (push (pad, 2), GST_FLOW_FLUSHING);
    assert_equals_int (f.sink->numsinkpads, 0);
    assert_equals_int (f.port->numsrcpads, 0);
    fail_unless (penstock_publication_add_track (publication, TRUE) == NULL);
    penstock_publication_end (publication, "left again");
    assert_told_nothing (&f);
    assert_equals_int (times_lost (owner), 0);
    gst_object_unref (pad);
    penstock_publication_unref (publication);
  }
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (second_publisher_is_refused_or_takes_over)
{
  Fixture f;
  gboolean takes_over = __i__ == 1;

  fixture_init (
      &f, takes_over ? PENSTOCK_SEAT_TAKEOVER : PENSTOCK_SEAT_REJECT, 60000);
  open_port (&f);
  g_autoptr (GObject) one = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) two = g_object_new (G_TYPE_OBJECT, NULL);
  PenstockPublication *old = enter (&f, one);
  penstock_publication_start (old);
  assert_told (&f, "started", "");
  GstPad *pad = penstock_publication_add_track (old, TRUE);
  publish (pad);

  PenstockPublication *newer = enter (&f, two);
  fail_unless_equals_int (newer != NULL, takes_over);
  assert_equals_int (times_lost (one), takes_over);
  assert_equals_int (
      push (pad, 2), takes_over ? GST_FLOW_FLUSHING : GST_FLOW_OK);
  if (takes_over) {
    assert_told (&f, "lost", "another publisher took the stream");
    penstock_publication_start (newer);
    assert_told (&f, "started", "");
    leave (newer);
    assert_told (&f, "lost", "left");
  }
  gst_object_unref (pad);
  leave (old);
  fixture_clear (&f);
}
GST_END_TEST

/* An owner that is gone is not called. */
GST_START_TEST (publisher_may_go_while_it_is_taken_over)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_SEAT_TAKEOVER, 60000);
  open_port (&f);
  GObject *one = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) two = g_object_new (G_TYPE_OBJECT, NULL);
  PenstockPublication *old = enter (&f, one);
  g_object_unref (one);
  PenstockPublication *newer = enter (&f, two);
  fail_unless (newer != NULL);
  leave (old);
  leave (newer);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (publisher_that_does_not_return_ends_the_stream)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_SEAT_REJECT, 20);
  open_port (&f);
  g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  PenstockPublication *publication = enter (&f, owner);
  penstock_publication_start (publication);
  leave (publication);
  assert_told (&f, "started", "");
  assert_told (&f, "lost", "left");
  /* One that comes and begins nothing is no return. */
  leave (enter (&f, owner));
  while (!gst_bus_have_pending (GST_ELEMENT_BUS (f.pipeline)))
    g_main_context_iteration (NULL, TRUE);
  assert_told (&f, "ended", "nobody came back");
  fixture_clear (&f);
}
GST_END_TEST

static gboolean
end_loop (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

GST_START_TEST (publisher_that_returns_in_time_keeps_the_stream)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Fixture f;

  fixture_init (&f, PENSTOCK_SEAT_REJECT, 20);
  open_port (&f);
  g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  PenstockPublication *publication = enter (&f, owner);
  penstock_publication_start (publication);
  leave (publication);
  publication = enter (&f, owner);
  penstock_publication_start (publication);
  assert_told (&f, "started", "");
  assert_told (&f, "lost", "left");
  assert_told (&f, "started", "");
  g_timeout_add (100, end_loop, loop); /* long after the time of the first */
  g_main_loop_run (loop);
  assert_told_nothing (&f);
  leave (publication);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (port_that_closes_sends_its_publisher_away)
{
  Fixture f;

  fixture_init (&f, PENSTOCK_SEAT_REJECT, 60000);
  for (guint i = 0; i < 2; i++) { /* goes up again */
    open_port (&f);
    g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
    PenstockPublication *publication = enter (&f, owner);
    penstock_publication_start (publication);
    GstPad *pad = penstock_publication_add_track (publication, TRUE);
    publish (pad);
    gst_element_set_state (f.pipeline, GST_STATE_READY);
    assert_equals_int (times_lost (owner), 1);
    assert_equals_int (push (pad, 2), GST_FLOW_FLUSHING);
    gboolean closed = FALSE;
    fail_unless (try_to_enter (&f, owner, &closed) == NULL);
    fail_unless (closed);
    gst_object_unref (pad);
    leave (publication);
  }
  fixture_clear (&f);
}
GST_END_TEST

/* --- finding ------------------------------------------------------------------- */

typedef struct {
  Fixture *f;
  GMutex lock;
  GCond cond;
  gboolean asked; /* the handler has run */
  const gchar *refusal;
} Finder;

static void
port_is_wanted (PenstockPublishWait *wait, gpointer user_data)
{
  Finder *finder = user_data;

  assert_equals_string (penstock_publish_wait_get_name (wait), "stage");
  assert_equals_string (penstock_publish_wait_get_peer (wait), "192.0.2.7:5");
  if (finder->refusal)
    penstock_publish_wait_refuse (wait, finder->refusal);
  g_mutex_lock (&finder->lock);
  finder->asked = TRUE;
  g_cond_signal (&finder->cond);
  g_mutex_unlock (&finder->lock);
}

static gpointer
find (gpointer user_data)
{
  Finder *finder = user_data;
  const gchar *why = NULL;
  PenstockPublishPort *port = penstock_publish_ports_find (
      finder->f->ports, "stage", "192.0.2.7:5", &why);

  if (!port)
    fail_unless (why != NULL);
  else
    g_object_unref (port);
  return port;
}

static void
wait_until_asked (Finder *finder)
{
  g_mutex_lock (&finder->lock);
  while (!finder->asked)
    g_cond_wait (&finder->cond, &finder->lock);
  g_mutex_unlock (&finder->lock);
}

GST_START_TEST (publisher_waits_for_its_port)
{
  Fixture f;
  Finder finder = { &f };

  fixture_init (&f, PENSTOCK_SEAT_REJECT, 60000);
  penstock_publish_ports_set_handler (f.ports, port_is_wanted, &finder);
  GThread *thread = g_thread_new ("find", find, &finder);
  wait_until_asked (&finder);
  open_port (&f);
  fail_unless (g_thread_join (thread) == (gpointer) f.port);
  /* One that is open is found at once. */
  finder.asked = FALSE;
  fail_unless (find (&finder) == (gpointer) f.port);
  fail_if (finder.asked);
  fixture_clear (&f);
}
GST_END_TEST

/* Each holds a thread that others need. */
GST_START_TEST (only_some_publishers_may_wait_long)
{
  GThread *threads[PENSTOCK_PUBLISH_MAX_WAITING];
  Finder finders[PENSTOCK_PUBLISH_MAX_WAITING];
  Fixture f;

  fixture_init (&f, PENSTOCK_SEAT_REJECT, 60000);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++) {
    finders[i] = (Finder){ &f };
    penstock_publish_ports_set_handler (f.ports, port_is_wanted, &finders[i]);
    threads[i] = g_thread_new ("find", find, &finders[i]);
    wait_until_asked (&finders[i]);
  }
  Finder finder = { &f };
  gint64 begin = g_get_monotonic_time ();
  fail_unless (find (&finder) == NULL);
  fail_unless (g_get_monotonic_time () - begin < PENSTOCK_PUBLISH_WAIT_US / 2);
  open_port (&f);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    fail_unless (g_thread_join (threads[i]) == (gpointer) f.port);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (publisher_that_is_refused_or_too_late_does_not_wait)
{
  Fixture f;
  Finder finder = { &f };

  fixture_init (&f, PENSTOCK_SEAT_REJECT, 60000);
  gint64 begin = g_get_monotonic_time ();
  fail_unless (find (&finder) == NULL); /* nobody would make it */
  penstock_publish_ports_set_handler (f.ports, port_is_wanted, &finder);
  GThread *thread = g_thread_new ("find", find, &finder);
  wait_until_asked (&finder);
  penstock_publish_ports_set_handler (f.ports, NULL, NULL);
  fail_unless (g_thread_join (thread) == NULL);
  penstock_publish_ports_set_handler (f.ports, port_is_wanted, &finder);
  finder.refusal = "No.";
  fail_unless (find (&finder) == NULL);
  fail_unless (g_get_monotonic_time () - begin < PENSTOCK_PUBLISH_WAIT_US);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (name_has_one_port)
{
  Fixture f, g;

  fixture_init (&f, PENSTOCK_SEAT_REJECT, 60000);
  open_port (&f);
  fixture_init (&g, PENSTOCK_SEAT_REJECT, 60000);
  g_object_set (g.sink, "channel", "other", NULL);
  const PenstockPublishPortSettings settings = { f.ports, "stage", g.seat, 0,
    g.sink };
  gst_bin_add (GST_BIN (g.pipeline), penstock_publish_port_new (&settings));
  fail_unless_equals_int (gst_element_set_state (g.pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_FAILURE);
  fixture_clear (&g);
  Finder finder = { &f };
  fail_unless (find (&finder) == (gpointer) f.port);
  fixture_clear (&f);
}
GST_END_TEST

/* --- threads --------------------------------------------------------------------- */

#define N_ROUNDS 200

/* Comes, sends, and goes, or is sent away by the other. */
static gpointer
compete (gpointer user_data)
{
  Fixture *f = user_data;

  for (guint i = 0; i < N_ROUNDS; i++) {
    g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
    PenstockPublication *publication = enter (f, owner);
    if (!publication)
      continue;
    penstock_publication_start (publication);
    g_autoptr (GstPad) pad = penstock_publication_add_track (publication, TRUE);
    if (pad) {
      g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS);
      GstSegment segment;
      gst_segment_init (&segment, GST_FORMAT_TIME);
      gst_pad_push_event (pad, gst_event_new_stream_start ("test"));
      gst_pad_push_event (pad, gst_event_new_caps (caps));
      gst_pad_push_event (pad, gst_event_new_segment (&segment));
      for (guint n = 0; push (pad, n) == GST_FLOW_OK && n < 5; n++)
        penstock_publication_touch (publication);
    }
    leave (publication);
  }
  return NULL;
}

GST_START_TEST (publishers_that_compete_leave_nothing)
{
  Fixture f;
  GThread *threads[3];

  fixture_init (&f, PENSTOCK_SEAT_TAKEOVER, 0);
  open_port (&f);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("publisher", compete, &f);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_equals_int (f.sink->numsinkpads, 0);
  assert_equals_int (f.port->numsrcpads, 0);
  fixture_clear (&f);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}
GST_END_TEST

static Suite *
publish_port_suite (void)
{
  Suite *suite = suite_create ("publish-port");
  TCase *tc = tcase_create ("publish-port");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, publications_follow_each_other);
  tcase_add_loop_test (tc, second_publisher_is_refused_or_takes_over, 0, 2);
  tcase_add_test (tc, publisher_may_go_while_it_is_taken_over);
  tcase_add_test (tc, publisher_that_does_not_return_ends_the_stream);
  tcase_add_test (tc, publisher_that_returns_in_time_keeps_the_stream);
  tcase_add_test (tc, port_that_closes_sends_its_publisher_away);
  tcase_add_test (tc, publisher_waits_for_its_port);
  tcase_add_test (tc, only_some_publishers_may_wait_long);
  tcase_add_test (tc, publisher_that_is_refused_or_too_late_does_not_wait);
  tcase_add_test (tc, name_has_one_port);
  tcase_add_test (tc, publishers_that_compete_leave_nothing);
  return suite;
}

GST_CHECK_MAIN (publish_port);
