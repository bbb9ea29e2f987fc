/* SPDX-License-Identifier: MIT
 *
 * Connections of a listener as an application sees them: they come, shake hands,
 * connect, say what they are going to publish, and go; each step may be
 * refused. */

#include <gst/check/gstcheck.h>

#include "../support/rtmp-peer.h"
#include "rtmp/rtmp-server-private.h"

/* An element, and what an application says to its signals. */
typedef struct {
  GstElement *element;
  guint port;
  GAsyncQueue *events; /* of gchar */
  guint64 id;          /* of the last one; set before the event */
  /* What the handlers answer, by nick; NULL: accept. */
  const gchar *connection, *connect, *fc_publish;
  const gchar *url; /* not NULL: where the handler of connect redirects to */
} Application;

static gint
verdict_of (const gchar *nick)
{
  g_autoptr (GEnumClass) type =
      g_type_class_ref (g_type_from_name ("PenstockRtmpVerdict"));

  return g_enum_get_value_by_nick (type, nick ? nick : "accept")->value;
}

static void
write_down (Application *self, const gchar *what, const GstStructure *who)
{
  const gchar *app = gst_structure_get_string (who, "app");

  fail_unless (gst_structure_get_uint64 (who, "id", &self->id));
  fail_unless (gst_structure_has_field (who, "peer"));
  g_async_queue_push (
      self->events, g_strdup_printf ("%s %s", what, app ? app : "-"));
}

static gint
on_connection (GstElement *element, GstStructure *peer, Application *self)
{
  write_down (self, "connection", peer);
  return verdict_of (self->connection);
}

static void
on_handshake (GstElement *element, GstStructure *peer, Application *self)
{
  write_down (self, "handshake", peer);
}

static gint
on_connect (GstElement *element, GstStructure *request, Application *self)
{
  guint64 id;

  gst_structure_get_uint64 (request, "id", &id);
  if (self->url)
    g_signal_emit_by_name (element, "redirect", id, self->url);
  write_down (self, "connect", request);
  return verdict_of (self->connect);
}

static gint
on_fc_publish (GstElement *element, GstStructure *request, Application *self)
{
  write_down (self, "fc-publish", request);
  return verdict_of (self->fc_publish);
}

static gint
on_publish (GstElement *element, GstStructure *request, Application *self)
{
  write_down (self, "publish", request);
  return verdict_of (NULL);
}

static void
on_stop (GstElement *element, const gchar *end, const gchar *reason,
    Application *self)
{
  g_async_queue_push (self->events, g_strdup_printf ("stop %s", end));
}

static void
on_disconnect (GstElement *element, GstStructure *peer, const gchar *end,
    const gchar *reason, Application *self)
{
  guint64 received;

  fail_unless (reason && *reason);
  fail_unless (gst_structure_get_uint64 (peer, "bytes-received", &received));
  write_down (self, end, peer);
}

static const struct {
  const gchar *name;
  GCallback handler;
} handlers[] = {
  { "connection", G_CALLBACK (on_connection) },
  { "handshake-complete", G_CALLBACK (on_handshake) },
  { "connect", G_CALLBACK (on_connect) },
  { "fc-publish", G_CALLBACK (on_fc_publish) },
  { "publish", G_CALLBACK (on_publish) },
  { "disconnect", G_CALLBACK (on_disconnect) },
};

static void
application_init (
    Application *self, const gchar *factory, guint port, const gchar *path)
{
  g_autofree gchar *location =
      g_strdup_printf ("rtmp://127.0.0.1:%u/%s", port, path);

  *self = (Application){ .events = g_async_queue_new_full (g_free) };
  self->element = gst_element_factory_make (factory, NULL);
  gst_object_ref_sink (self->element);
  g_object_set (self->element, "location", location, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    if (g_signal_lookup (handlers[i].name, G_OBJECT_TYPE (self->element)))
      g_signal_connect (
          self->element, handlers[i].name, handlers[i].handler, self);
}

static void
application_start (Application *self)
{
  fail_unless (gst_element_set_state (self->element, GST_STATE_PLAYING) !=
      GST_STATE_CHANGE_FAILURE);
  g_object_get (self->element, "port", &self->port, NULL);
}

static void
application_init_src (Application *self)
{
  application_init (self, "penstockrtmpsrc", 0, "live/one");
  application_start (self);
}

static void
application_clear (Application *self)
{
  gst_element_set_state (self->element, GST_STATE_NULL);
  gst_object_unref (self->element);
  g_async_queue_unref (self->events);
}

static void
assert_heard (Application *self, const gchar *expected)
{
  g_autofree gchar *event = g_async_queue_timeout_pop (
      self->events, RTMP_PEER_WAIT_S * G_USEC_PER_SEC);

  assert_equals_string (event, expected);
}

static void
assert_silence (Application *self)
{
  g_autofree gchar *event = g_async_queue_try_pop (self->events);

  fail_unless (event == NULL, "\"%s\"", event);
}

/* --- from first to last --------------------------------------------------- */

GST_START_TEST (application_hears_of_a_publisher_in_order)
{
  Application application;

  application_init (&application, "penstockrtmpsrc", 0, "live/one");
  g_signal_connect (
      application.element, "stop", G_CALLBACK (on_stop), &application);
  application_start (&application);
  RtmpPeer *peer = rtmp_peer_publish (application.port, "live", "one");
  rtmp_peer_say_goodbye (peer);
  assert_heard (&application, "connection -");
  assert_heard (&application, "handshake -");
  assert_heard (&application, "connect live");
  assert_heard (&application, "fc-publish live");
  assert_heard (&application, "publish live");
  assert_heard (&application, "stop goodbye");
  rtmp_peer_free (peer);
  assert_heard (&application, "lost live");
  assert_silence (&application);
  application_clear (&application);
}
GST_END_TEST;

GST_START_TEST (application_hears_of_everybody_on_its_listener)
{
  Application sink, src;

  application_init (&sink, "penstockrtmpsink", 0, "live/one");
  application_start (&sink);
  application_init (&src, "penstockrtmpsrc", sink.port, "live/two");
  application_start (&src);
  RtmpPeer *peer = rtmp_peer_publish (sink.port, "live", "two");
  assert_heard (&sink, "connection -");
  assert_heard (&sink, "handshake -");
  assert_heard (&sink, "connect live");
  assert_heard (&src, "connection -");
  assert_heard (&src, "handshake -");
  assert_heard (&src, "connect live");
  assert_heard (&src, "fc-publish live");
  assert_heard (&src, "publish live");
  /* One goes; the other one hears of the rest. */
  application_clear (&src);
  assert_equals_int (rtmp_peer_next (peer), PENSTOCK_RTMP_EVENT_REFUSED);
  rtmp_peer_free (peer);
  assert_heard (&sink, "rejected live");
  application_clear (&sink);
}
GST_END_TEST;

static gpointer
read_answer (gpointer peer)
{
  return GINT_TO_POINTER (rtmp_peer_next (peer));
}

static const struct {
  gboolean breaks_protocol; /* behind the handshake; else it hangs up at once */
  const gchar *end;
} end_rows[] = {
  { FALSE, "lost -" },
  { TRUE, "protocol -" },
};

GST_START_TEST (application_hears_once_how_a_connection_ends)
{
  guint8 handshake[1 + 2 * 1536] = { 3 };
  /* A chunk size of 0. */
  const guint8 no_size[] = { 2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
  Application application;

  application_init_src (&application);
  int fd = rtmp_peer_connect_raw (application.port);
  assert_heard (&application, "connection -");
  if (end_rows[__i__].breaks_protocol) {
    send (fd, handshake, sizeof handshake, MSG_NOSIGNAL);
    assert_heard (&application, "handshake -");
    send (fd, no_size, sizeof no_size, MSG_NOSIGNAL);
    fail_unless (rtmp_peer_is_closed (fd));
  }
  close (fd);
  assert_heard (&application, end_rows[__i__].end);
  assert_silence (&application);
  application_clear (&application);
}
GST_END_TEST;

/* --- refusing ------------------------------------------------------------- */

GST_START_TEST (connection_may_be_refused)
{
  Application application;

  application_init_src (&application);
  application.connection = "reject";
  int fd = rtmp_peer_connect_raw (application.port);
  fail_unless (rtmp_peer_is_closed (fd));
  close (fd);
  assert_heard (&application, "connection -");
  assert_silence (&application);
  application.connection = "accept";
  RtmpPeer *peer = rtmp_peer_publish (application.port, "live", "one");
  rtmp_peer_free (peer);
  application_clear (&application);
}
GST_END_TEST;

static const struct {
  const gchar *verdict;
  const gchar *url;   /* that the handler redirects to */
  const gchar *later; /* of decide or redirect, after the handler; or NULL */
  gboolean enters;
} connect_rows[] = {
  { "accept", NULL, NULL, TRUE },
  { "reject", NULL, NULL, FALSE },
  { "defer", "rtmp://b/app", NULL, FALSE },
  { "defer", NULL, "accept", TRUE },
  { "defer", NULL, "decline", FALSE },
  { "defer", NULL, "redirect", FALSE },
  /* Too late. */
  { "accept", "rtmp://b/app", NULL, TRUE },
  { "defer", "rtmp://b/app", "accept", FALSE },
};

GST_START_TEST (application_decides_who_connects)
{
  const gchar *later = connect_rows[__i__].later;
  Application application;

  application_init_src (&application);
  application.connect = connect_rows[__i__].verdict;
  application.url = connect_rows[__i__].url;
  RtmpPeer *peer = rtmp_peer_new (application.port, "live", "one");
  GThread *answer = g_thread_new ("peer", read_answer, peer);
  assert_heard (&application, "connection -");
  assert_heard (&application, "handshake -");
  assert_heard (&application, "connect live");
  if (g_strcmp0 (later, "redirect") == 0)
    g_signal_emit_by_name (
        application.element, "redirect", application.id, "rtmp://c/app");
  else if (later)
    g_signal_emit_by_name (application.element, "decide", application.id,
        g_str_equal (later, "accept"), "Not today.");
  gint event = GPOINTER_TO_INT (g_thread_join (answer));
  if (connect_rows[__i__].enters) {
    assert_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
    assert_heard (&application, "fc-publish live");
    assert_heard (&application, "publish live");
  } else {
    assert_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
    assert_equals_string (peer->refusal, "NetConnection.Connect.Rejected");
    fail_unless (rtmp_peer_is_closed (peer->fd));
    close (peer->fd);
    peer->fd = -1;
    assert_heard (&application, "rejected live");
  }
  rtmp_peer_free (peer);
  application_clear (&application);
}
GST_END_TEST;

/* The second element is asked when the first one accepts, or goes. */
static const struct {
  const gchar *first, *second;
  gboolean first_goes, enters;
} chain_rows[] = {
  { "accept", "accept", FALSE, TRUE },
  { "accept", "reject", FALSE, FALSE },
  { "reject", NULL, FALSE, FALSE },
  { "defer", "accept", TRUE, TRUE },
  { "defer", "reject", TRUE, FALSE },
};

GST_START_TEST (first_element_that_does_not_accept_decides)
{
  Application first, second;

  application_init_src (&first);
  first.connect = chain_rows[__i__].first;
  application_init (&second, "penstockrtmpsrc", first.port, "live/two");
  application_start (&second);
  second.connect = chain_rows[__i__].second;
  RtmpPeer *peer = rtmp_peer_new (first.port, "live", "two");
  GThread *answer = g_thread_new ("peer", read_answer, peer);
  assert_heard (&first, "connection -");
  assert_heard (&first, "handshake -");
  assert_heard (&first, "connect live");
  if (chain_rows[__i__].first_goes)
    gst_element_set_state (first.element, GST_STATE_READY);
  gint event = GPOINTER_TO_INT (g_thread_join (answer));
  assert_equals_int (event,
      chain_rows[__i__].enters ? PENSTOCK_RTMP_EVENT_STARTED
                               : PENSTOCK_RTMP_EVENT_REFUSED);
  assert_heard (&second, "connection -");
  assert_heard (&second, "handshake -");
  if (chain_rows[__i__].second)
    assert_heard (&second, "connect live");
  if (chain_rows[__i__].enters)
    assert_heard (&second, "fc-publish live");
  rtmp_peer_free (peer);
  application_clear (&second);
  application_clear (&first);
}
GST_END_TEST;

GST_START_TEST (undecided_connect_does_not_wait_for_ever)
{
  g_autoptr (GError) error = NULL;
  Application application;

  application_init_src (&application);
  application.connect = "defer";
  PenstockRtmpServer *server =
      penstock_rtmp_server_get ("127.0.0.1", application.port, &error);
  penstock_priv_rtmp_server_get_times (server)->defer_ms = 50;
  RtmpPeer *peer = rtmp_peer_new (application.port, "live", "one");
  assert_equals_int (rtmp_peer_next (peer), PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (peer->refusal, "NetConnection.Connect.Rejected");
  rtmp_peer_free (peer);
  penstock_rtmp_server_unref (server);
  application_clear (&application);
}
GST_END_TEST;

static const struct {
  const gchar *verdict;
  gboolean enters;
} fc_rows[] = {
  { "accept", TRUE },
  { "defer", TRUE },
  { "reject", FALSE },
};

GST_START_TEST (publisher_may_be_refused_before_it_publishes)
{
  Application application;

  application_init_src (&application);
  application.fc_publish = fc_rows[__i__].verdict;
  RtmpPeer *peer = rtmp_peer_new (application.port, "live", "one");
  gint event = rtmp_peer_next (peer);
  assert_heard (&application, "connection -");
  assert_heard (&application, "handshake -");
  assert_heard (&application, "connect live");
  assert_heard (&application, "fc-publish live");
  if (fc_rows[__i__].enters) {
    assert_equals_int (event, PENSTOCK_RTMP_EVENT_STARTED);
    assert_heard (&application, "publish live");
  } else {
    assert_equals_int (event, PENSTOCK_RTMP_EVENT_REFUSED);
    assert_equals_string (peer->refusal, "NetStream.Publish.Denied");
    fail_unless (rtmp_peer_is_closed (peer->fd));
    close (peer->fd);
    peer->fd = -1;
    assert_heard (&application, "rejected live");
  }
  rtmp_peer_free (peer);
  application_clear (&application);
}
GST_END_TEST;

GST_START_TEST (fc_publish_with_a_wrong_key_is_told_at_publish)
{
  Application application;

  application_init (&application, "penstockrtmpsrc", 0, "live/one");
  g_object_set (application.element, "publish-key", "sesame", NULL);
  application_start (&application);
  RtmpPeer *peer = rtmp_peer_new (application.port, "live", "one?key=barley");
  assert_equals_int (rtmp_peer_next (peer), PENSTOCK_RTMP_EVENT_REFUSED);
  assert_equals_string (peer->refusal, "NetStream.Publish.Denied");
  assert_heard (&application, "connection -");
  assert_heard (&application, "handshake -");
  assert_heard (&application, "connect live");
  /* The owner is not asked for those that have no key. */
  rtmp_peer_free (peer);
  assert_heard (&application, "rejected live");
  application_clear (&application);
}
GST_END_TEST;

/* --- Enhanced RTMP -------------------------------------------------------- */

static const struct {
  const gchar *mode, *persona;
  gboolean enters;
} enhanced_rows[] = {
  { "auto", "fmle", TRUE },
  { "legacy", "fmle", TRUE },
  { "only", "fmle", FALSE },
  { "only", "obs-av1", TRUE },
};

/* Does the listener answer what @persona recorded with @text? */
static gboolean
is_answered_with (guint port, const gchar *persona, const gchar *text)
{
  g_autofree gchar *path = g_strdup_printf (
      "%s/rtmp/%s.rtmp", g_getenv ("PENSTOCK_TEST_DATA"), persona);
  g_autofree gchar *bytes = NULL;
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  guint8 buffer[4096];
  gsize size;
  gssize n;

  fail_unless (g_file_get_contents (path, &bytes, &size, NULL));
  int fd = rtmp_peer_connect_raw (port);
  send (fd, bytes, size, MSG_NOSIGNAL);
  shutdown (fd, SHUT_WR);
  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    g_byte_array_append (answer, buffer, n);
  close (fd);
  return memmem (answer->data, answer->len, text, strlen (text)) != NULL;
}

GST_START_TEST (enhanced_rtmp_can_be_asked_for)
{
  Application application;

  application_init (&application, "penstockrtmpsrc", 0, "live/one");
  gst_util_set_object_arg (
      G_OBJECT (application.element), "enhanced", enhanced_rows[__i__].mode);
  application_start (&application);
  fail_unless (is_answered_with (application.port, enhanced_rows[__i__].persona,
      enhanced_rows[__i__].enters ? "_result" : "_error"));
  application_clear (&application);
}
GST_END_TEST;

static Suite *
rtmp_connections_suite (void)
{
  Suite *suite = suite_create ("rtmp-connections");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, application_hears_of_a_publisher_in_order);
  tcase_add_test (tcase, application_hears_of_everybody_on_its_listener);
  tcase_add_loop_test (tcase, application_hears_once_how_a_connection_ends, 0,
      G_N_ELEMENTS (end_rows));
  tcase_add_test (tcase, connection_may_be_refused);
  tcase_add_loop_test (
      tcase, application_decides_who_connects, 0, G_N_ELEMENTS (connect_rows));
  tcase_add_loop_test (tcase, first_element_that_does_not_accept_decides, 0,
      G_N_ELEMENTS (chain_rows));
  tcase_add_test (tcase, undecided_connect_does_not_wait_for_ever);
  tcase_add_loop_test (tcase, publisher_may_be_refused_before_it_publishes, 0,
      G_N_ELEMENTS (fc_rows));
  tcase_add_test (tcase, fc_publish_with_a_wrong_key_is_told_at_publish);
  tcase_add_loop_test (
      tcase, enhanced_rtmp_can_be_asked_for, 0, G_N_ELEMENTS (enhanced_rows));
  return suite;
}

GST_CHECK_MAIN (rtmp_connections);
