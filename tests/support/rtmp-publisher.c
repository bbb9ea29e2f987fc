/* SPDX-License-Identifier: MIT
 *
 * A blocking RTMP publisher for tests. See rtmp-publisher.h. */

#include "rtmp-publisher.h"

#include "hex.h"
#include "rtmp/rtmp-session.h"

struct _TestPublisher {
  GSocketConnection *connection;
  PenstockRtmpSession *session;
};

static gboolean
flush (TestPublisher *self)
{
  GByteArray *output = penstock_rtmp_session_get_output (self->session);
  GOutputStream *stream =
      g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  gboolean ok = g_output_stream_write_all (
      stream, output->data, output->len, NULL, NULL, NULL);

  g_byte_array_set_size (output, 0);
  return ok;
}

/* Reads once and feeds the session; the last event's type, or -1 at the end. */
static gint
receive (TestPublisher *self)
{
  GInputStream *stream =
      g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  guint8 bytes[4096];
  gssize size = g_input_stream_read (stream, bytes, sizeof bytes, NULL, NULL);
  gint type = PENSTOCK_RTMP_EVENT_HANDSHAKE;

  if (size <= 0)
    return -1;
  for (gsize pos = 0; pos < (gsize) size;) {
    PenstockRtmpEvent event = { 0 };
    gsize consumed = 0;

    if (penstock_rtmp_session_feed (self->session, bytes + pos, size - pos,
            g_get_monotonic_time () / 1000, &consumed,
            &event) == PENSTOCK_RTMP_PARSE_DONE) {
      g_clear_pointer (&event.message, penstock_rtmp_message_unref);
      type = event.type;
    }
    if (event.type == PENSTOCK_RTMP_EVENT_ERROR)
      return -1;
    pos += consumed;
  }
  return type;
}

void
test_publisher_vanish (TestPublisher *self)
{
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_object_unref (self->connection);
  penstock_rtmp_session_free (self->session);
  g_free (self);
}

TestPublisher *
test_publisher_new (guint port, const gchar *app, const gchar *name)
{
  TestPublisher *self = g_new0 (TestPublisher, 1);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autofree gchar *tc_url =
      g_strdup_printf ("rtmp://127.0.0.1:%u/%s", port, app);
  const PenstockRtmpClientTarget target = {
    .mode = PENSTOCK_RTMP_CLIENT_PUBLISH,
    .app = app,
    .tc_url = tc_url,
    .name = name,
  };
  gint type;

  g_socket_client_set_timeout (client, 30);
  self->connection =
      g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, NULL);
  g_assert_nonnull (self->connection);
  self->session = penstock_rtmp_session_new_client (1, &target);
  do {
    type = flush (self) ? receive (self) : -1;
    if (type < 0 || type == PENSTOCK_RTMP_EVENT_REFUSED) {
      test_publisher_vanish (self);
      return NULL;
    }
  } while (type != PENSTOCK_RTMP_EVENT_STARTED);
  return self;
}

gboolean
test_publisher_send (TestPublisher *self, guint8 type, guint32 timestamp,
    const guint8 *data, gsize size)
{
  penstock_rtmp_session_send (self->session, type, timestamp, data, size);
  return flush (self);
}

gboolean
test_publisher_send_hex (
    TestPublisher *self, guint8 type, guint32 timestamp, const gchar *hex)
{
  g_autoptr (GBytes) bytes = bytes_from_hex (hex);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  return test_publisher_send (self, type, timestamp, data, size);
}

void
test_publisher_wait_closed (TestPublisher *self)
{
  while (receive (self) >= 0)
    flush (self);
}

void
test_publisher_goodbye (TestPublisher *self)
{
  penstock_rtmp_session_send_goodbye (self->session);
  flush (self);
  g_socket_shutdown (
      g_socket_connection_get_socket (self->connection), FALSE, TRUE, NULL);
  test_publisher_wait_closed (self);
  test_publisher_vanish (self);
}
