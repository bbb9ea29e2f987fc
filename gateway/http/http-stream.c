/* SPDX-License-Identifier: MIT
 *
 * The stream between a client and libsoup (see http-stream.h): output and
 * closing are the base stream's, input is wrapped. */

#include "http-stream.h"

#include <string.h>

/* Begins a request in libsoup's eyes, and can neither complete one that was
 * sent in part nor be taken for one. */
static const gchar LAST_LINE[] = "-\n";

/* ---- input ---- */

#define PENSTOCK_TYPE_HTTP_INPUT (penstock_http_input_get_type ())
G_DECLARE_FINAL_TYPE (PenstockHttpInput, penstock_http_input, PENSTOCK,
    HTTP_INPUT, GFilterInputStream)

struct _PenstockHttpInput {
  GFilterInputStream parent;

  HttpStreamPhase phase;
  gsize max_header_bytes;
  gsize header_bytes; /* read since the last body */
  gboolean ended;     /* LAST_LINE was given */
};

static void input_pollable_init (GPollableInputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockHttpInput, penstock_http_input,
    G_TYPE_FILTER_INPUT_STREAM,
    G_IMPLEMENT_INTERFACE (
        G_TYPE_POLLABLE_INPUT_STREAM, (GInterfaceInitFunc) input_pollable_init))

static GPollableInputStream *
input_base (PenstockHttpInput *self)
{
  return G_POLLABLE_INPUT_STREAM (G_FILTER_INPUT_STREAM (self)->base_stream);
}

/* libsoup is left with nothing that it takes for a request. */
static gssize
input_tell_end (PenstockHttpInput *self, void *buffer, gsize size)
{
  if (size < strlen (LAST_LINE))
    return 0; /* the caller never asks for so little */
  memcpy (buffer, LAST_LINE, strlen (LAST_LINE));
  self->ended = TRUE;
  return strlen (LAST_LINE);
}

/* What the reader is told when the base stream has given @got. */
static gssize
input_tell (PenstockHttpInput *self, gssize got, void *buffer, gsize size,
    GError **error)
{
  if (got < 0 && g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return got;
  if (self->phase == HTTP_STREAM_BODY)
    return got;

  self->header_bytes += MAX (got, 0);
  if (got > 0 && self->header_bytes > self->max_header_bytes) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
        "the headers of a request are too long");
    got = -1;
  }
  if (got > 0 || self->phase == HTTP_STREAM_HEADERS)
    return got;
  g_clear_error (error);
  return input_tell_end (self, buffer, size);
}

static gssize
input_read_base (PenstockHttpInput *self, gboolean blocking, void *buffer,
    gsize size, GCancellable *cancellable, GError **error)
{
  GError *local = NULL;

  if (self->ended) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
        "the client has gone between two requests");
    return -1;
  }
  gssize got = g_pollable_stream_read (G_INPUT_STREAM (input_base (self)),
      buffer, size, blocking, cancellable, &local);
  got = input_tell (self, got, buffer, size, &local);
  if (local)
    g_propagate_error (error, local);
  return got;
}

static gssize
input_read (GInputStream *stream, void *buffer, gsize size,
    GCancellable *cancellable, GError **error)
{
  return input_read_base (
      PENSTOCK_HTTP_INPUT (stream), TRUE, buffer, size, cancellable, error);
}

static gssize
input_read_nonblocking (
    GPollableInputStream *stream, void *buffer, gsize size, GError **error)
{
  return input_read_base (
      PENSTOCK_HTTP_INPUT (stream), FALSE, buffer, size, NULL, error);
}

static gboolean
input_is_readable (GPollableInputStream *stream)
{
  PenstockHttpInput *self = PENSTOCK_HTTP_INPUT (stream);

  return self->ended || g_pollable_input_stream_is_readable (input_base (self));
}

static GSource *
input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  PenstockHttpInput *self = PENSTOCK_HTTP_INPUT (stream);
  g_autoptr (GSource) base = self->ended
      ? g_timeout_source_new (0)
      : g_pollable_input_stream_create_source (input_base (self), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
input_pollable_init (GPollableInputStreamInterface *interface)
{
  interface->is_readable = input_is_readable;
  interface->create_source = input_create_source;
  interface->read_nonblocking = input_read_nonblocking;
}

static void
penstock_http_input_class_init (PenstockHttpInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = input_read;
}

static void
penstock_http_input_init (PenstockHttpInput *self)
{
}

/* ---- the stream ---- */

struct _PenstockHttpStream {
  GIOStream parent;

  GIOStream *base;
  GSocket *socket;
  PenstockHttpInput *input;
};

G_DEFINE_FINAL_TYPE (PenstockHttpStream, penstock_http_stream, G_TYPE_IO_STREAM)

static GInputStream *
stream_get_input (GIOStream *stream)
{
  return G_INPUT_STREAM (PENSTOCK_HTTP_STREAM (stream)->input);
}

static GOutputStream *
stream_get_output (GIOStream *stream)
{
  return g_io_stream_get_output_stream (PENSTOCK_HTTP_STREAM (stream)->base);
}

/* TLS says goodbye, and would wait until there is room for that. */
static gboolean
stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  PenstockHttpStream *self = PENSTOCK_HTTP_STREAM (stream);

  if (!g_socket_is_closed (self->socket) &&
      !(g_socket_condition_check (self->socket, G_IO_OUT) & G_IO_OUT))
    g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  return g_io_stream_close (self->base, cancellable, error);
}

static void
penstock_http_stream_finalize (GObject *object)
{
  PenstockHttpStream *self = PENSTOCK_HTTP_STREAM (object);

  g_object_unref (self->input);
  g_object_unref (self->base);
  g_object_unref (self->socket);
  G_OBJECT_CLASS (penstock_http_stream_parent_class)->finalize (object);
}

static void
penstock_http_stream_class_init (PenstockHttpStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_http_stream_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = stream_get_input;
  G_IO_STREAM_CLASS (klass)->get_output_stream = stream_get_output;
  G_IO_STREAM_CLASS (klass)->close_fn = stream_close;
}

static void
penstock_http_stream_init (PenstockHttpStream *self)
{
}

PenstockHttpStream *
penstock_priv_http_stream_new (
    GIOStream *base, GSocket *socket, gsize max_header_bytes)
{
  PenstockHttpStream *self = g_object_new (PENSTOCK_TYPE_HTTP_STREAM, NULL);

  self->base = g_object_ref (base);
  self->socket = g_object_ref (socket);
  self->input = g_object_new (PENSTOCK_TYPE_HTTP_INPUT, "base-stream",
      g_io_stream_get_input_stream (base), "close-base-stream", FALSE, NULL);
  self->input->phase = HTTP_STREAM_HEADERS;
  self->input->max_header_bytes = max_header_bytes;
  return self;
}

void
penstock_priv_http_stream_set_phase (
    PenstockHttpStream *self, HttpStreamPhase phase)
{
  self->input->phase = phase;
  if (phase == HTTP_STREAM_BODY)
    self->input->header_bytes = 0;
}
