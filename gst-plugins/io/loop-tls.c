/* SPDX-License-Identifier: MIT
 *
 * TLS on a socket of a loop. See loop-tls.h. */

#include "loop-tls.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls-handshakes.h"

/* Shared with the thread that shakes hands. */
typedef struct {
  PenstockLoopTls *owner; /* NULL: freed; loop's thread */
  PenstockLoop *loop;
  PenstockLoopPool *pool; /* ref: the loop must be there when it is done */
  gchar *problem;
} Handshake;

struct _PenstockLoopTls {
  GSocket *socket;
  GTlsConnection *connection;
  GPollableInputStream *in; /* of the connection */
  GPollableOutputStream *out;
  Handshake *handshake; /* NULL = none under way */
  PenstockLoopTlsDone done;
  gpointer data;
};

/* --- making it ---------------------------------------------------------- */

/* (nullable): takes @fd. */
static GSocket *
socket_of (int fd, GError **error)
{
  GSocket *socket = g_socket_new_from_fd (fd, error);

  if (!socket)
    close (fd);
  return socket;
}

/* Takes both; @connection may be NULL. */
static PenstockLoopTls *
tls_new (GSocket *socket, GIOStream *connection)
{
  if (!connection) {
    g_object_unref (socket);
    return NULL;
  }
  PenstockLoopTls *tls = g_new0 (PenstockLoopTls, 1);
  tls->socket = socket;
  tls->connection = G_TLS_CONNECTION (connection);
  tls->in = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (connection));
  tls->out =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (connection));
  /* Many peers just close. */
  g_tls_connection_set_require_close_notify (tls->connection, FALSE);
  return tls;
}

PenstockLoopTls *
penstock_loop_tls_new_server (
    int fd, GTlsCertificate *certificate, GError **error)
{
  GSocket *socket = socket_of (fd, error);

  if (!socket)
    return NULL;
  g_autoptr (GIOStream) base =
      G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  PenstockLoopTls *tls =
      tls_new (socket, g_tls_server_connection_new (base, certificate, error));
  /* No certificate is asked for. Without this GIO copies everybody whom the
   * system trusts for each connection, megabytes. */
  if (tls)
    g_tls_connection_set_database (tls->connection, NULL);
  return tls;
}

PenstockLoopTls *
penstock_loop_tls_new_client (
    int fd, const PenstockLoopTlsClient *settings, GError **error)
{
  GSocket *socket = socket_of (fd, error);

  if (!socket)
    return NULL;
  g_autoptr (GTlsDatabase) database = NULL;
  if (settings->ca_file && settings->verify) {
    database = g_tls_file_database_new (settings->ca_file, error);
    if (!database) {
      g_object_unref (socket);
      return NULL;
    }
  }
  g_autoptr (GIOStream) base =
      G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  g_autoptr (GSocketConnectable) whom =
      g_network_address_new (settings->host, settings->port);
  PenstockLoopTls *tls =
      tls_new (socket, g_tls_client_connection_new (base, whom, error));
  if (tls && database)
    g_tls_connection_set_database (tls->connection, database);
  if (tls && !settings->verify) {
    G_GNUC_BEGIN_IGNORE_DEPRECATIONS
    g_tls_client_connection_set_validation_flags (
        G_TLS_CLIENT_CONNECTION (tls->connection), 0);
    G_GNUC_END_IGNORE_DEPRECATIONS
  }
  return tls;
}

/* --- the handshake ------------------------------------------------------ */

static void
on_done (gpointer data)
{
  Handshake *handshake = data;
  PenstockLoopTls *tls = handshake->owner;

  if (tls) {
    tls->handshake = NULL;
    gboolean old =
        !handshake->problem && penstock_tls_is_too_old (tls->connection);
    tls->done (old ? "the peer knows no TLS 1.2 or later" : handshake->problem,
        tls->data);
  }
  g_free (handshake->problem);
  g_free (handshake);
}

/* A thread of the handshakes. */
static void
shaken (const GError *error, gpointer data)
{
  Handshake *handshake = data;
  PenstockLoopPool *pool = handshake->pool;

  handshake->problem = error ? g_strdup (error->message) : NULL;
  penstock_loop_post (handshake->loop, on_done, handshake);
  penstock_loop_pool_unref (pool);
}

void
penstock_loop_tls_start (PenstockLoopTls *tls, PenstockLoopPool *pool,
    PenstockLoop *loop, const guint8 *address, PenstockLoopTlsDone done,
    gpointer data)
{
  Handshake *handshake = g_new0 (Handshake, 1);

  handshake->owner = tls;
  handshake->loop = loop;
  handshake->pool = penstock_loop_pool_ref (pool);
  tls->handshake = handshake;
  tls->done = done;
  tls->data = data;
  penstock_tls_handshake (tls->connection, address, shaken, handshake);
}

/* --- bytes -------------------------------------------------------------- */

static gssize
to_errno (gssize n, const GError *error)
{
  if (n < 0)
    errno = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
        ? EAGAIN
        : EPROTO;
  return n;
}

gssize
penstock_loop_tls_read (PenstockLoopTls *tls, guint8 *buffer, gsize size)
{
  g_autoptr (GError) error = NULL;
  gssize n = g_pollable_input_stream_read_nonblocking (
      tls->in, buffer, size, NULL, &error);

  return to_errno (n, error);
}

gssize
penstock_loop_tls_write (PenstockLoopTls *tls, const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  gssize n = g_pollable_output_stream_write_nonblocking (
      tls->out, data, size, NULL, &error);

  return to_errno (n, error);
}

void
penstock_loop_tls_end (PenstockLoopTls *tls)
{
  struct pollfd room = { .fd = g_socket_get_fd (tls->socket),
    .events = POLLOUT };

  /* GIO would wait for the socket. */
  if (!tls->handshake && poll (&room, 1, 0) == 1 && room.revents == POLLOUT)
    g_output_stream_close (G_OUTPUT_STREAM (tls->out), NULL, NULL);
}

void
penstock_loop_tls_free (PenstockLoopTls *tls)
{
  if (!tls)
    return;
  if (tls->handshake)
    tls->handshake->owner = NULL;
  /* Ends a handshake, and GIO cannot say goodbye, for which it would wait. */
  shutdown (g_socket_get_fd (tls->socket), SHUT_RDWR);
  g_object_unref (tls->connection);
  g_object_unref (tls->socket);
  g_free (tls);
}
