/* SPDX-License-Identifier: MIT
 *
 * Certificates from files. See tls-certificate.h. */

#include "tls-certificate.h"

#include <sys/socket.h>
#include <unistd.h>

#include "penstock-error.h"

/* --- trying it ----------------------------------------------------------------- */

/* GIO takes any key with any certificate; that they do not belong together
 * shows only in a handshake. So we shake hands with ourselves. */
typedef struct {
  guint n_pending;
  GError *error; /* the first */
} Trial;

static void
handshake_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Trial *trial = user_data;
  g_autoptr (GError) error = NULL;

  trial->n_pending--;
  if (g_tls_connection_handshake_finish (
          G_TLS_CONNECTION (source), result, &error))
    return;
  if (!trial->error)
    trial->error = g_steal_pointer (&error);
  /* The other side need not wait for more. */
  g_autoptr (GIOStream) base = NULL;
  g_object_get (source, "base-io-stream", &base, NULL);
  g_socket_shutdown (
      g_socket_connection_get_socket (G_SOCKET_CONNECTION (base)), TRUE, TRUE,
      NULL);
}

static gboolean
accept_any (GTlsConnection *connection, GTlsCertificate *certificate,
    GTlsCertificateFlags errors, gpointer user_data)
{
  return TRUE;
}

/* (transfer full) (nullable): takes @fd. */
static GIOStream *
stream_of (int fd, GError **error)
{
  GSocket *socket = g_socket_new_from_fd (fd, error);

  if (!socket) {
    close (fd);
    return NULL;
  }
  GIOStream *stream =
      G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  g_object_unref (socket);
  return stream;
}

static void
shake_hands (GTlsCertificate *pair, GIOStream *here, GIOStream *there,
    GMainContext *context, GError **error)
{
  Trial trial = { 0 };
  g_autoptr (GIOStream) server =
      g_tls_server_connection_new (here, pair, error);
  g_autoptr (GIOStream) client =
      server ? g_tls_client_connection_new (there, NULL, error) : NULL;

  if (!client)
    return;
  g_signal_connect (
      client, "accept-certificate", G_CALLBACK (accept_any), NULL);
  trial.n_pending = 2;
  g_tls_connection_handshake_async (G_TLS_CONNECTION (server),
      G_PRIORITY_DEFAULT, NULL, handshake_done, &trial);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (client),
      G_PRIORITY_DEFAULT, NULL, handshake_done, &trial);
  while (trial.n_pending > 0)
    g_main_context_iteration (context, TRUE);
  if (trial.error)
    g_propagate_error (error, trial.error);
}

static gboolean
try_pair (GTlsCertificate *pair, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) local = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return TRUE; /* nothing is known against it */
  g_main_context_push_thread_default (context);
  g_autoptr (GIOStream) here = stream_of (fds[0], &local);
  g_autoptr (GIOStream) there = stream_of (fds[1], local ? NULL : &local);
  if (here && there)
    shake_hands (pair, here, there, context, &local);
  g_main_context_pop_thread_default (context);
  if (!local)
    return TRUE;
  g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG,
      "the key does not belong to the certificate, or TLS cannot use it (%s)",
      local->message);
  return FALSE;
}

/* --- loading ---------------------------------------------------------------------- */

static gboolean
has_key (GTlsCertificate *pair, GError **error)
{
  g_autoptr (GByteArray) key = NULL;

  g_object_get (pair, "private-key", &key, NULL);
  if (!key)
    g_set_error_literal (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG,
        "there is no private key in it");
  return key != NULL;
}

GTlsCertificate *
penstock_tls_certificate_load (
    const gchar *certificate_file, const gchar *key_file, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GTlsCertificate) pair = key_file
      ? g_tls_certificate_new_from_files (certificate_file, key_file, &local)
      : g_tls_certificate_new_from_file (certificate_file, &local);

  if (pair && has_key (pair, &local) && try_pair (pair, &local))
    return g_steal_pointer (&pair);
  g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG,
      "cannot use the certificate \"%s\"%s%s%s: %s", certificate_file,
      key_file ? " with the key \"" : "", key_file ? key_file : "",
      key_file ? "\"" : "", local->message);
  return NULL;
}
