/* SPDX-License-Identifier: MIT
 *
 * TLS, GIO's, on a socket that belongs to a loop. Everything on the loop's
 * thread, except the handshake (tls-handshakes.h). */
#ifndef PENSTOCK_LOOP_TLS_H
#define PENSTOCK_LOOP_TLS_H

#include <gio/gio.h>

#include "loop-pool.h"

G_BEGIN_DECLS

typedef struct _PenstockLoopTls PenstockLoopTls;

/* Most bytes of a record (RFC 8446, 5.1): more at once is no use. */
#define PENSTOCK_LOOP_TLS_RECORD 16384

/* First byte of a connection by TLS: a handshake record (RFC 8446, 5.1). */
#define PENSTOCK_LOOP_TLS_FIRST_BYTE 0x16

/**
 * PenstockLoopTlsClient:
 * @host: whom the certificate must be for; also told to the server (SNI)
 * @verify: whether its certificate must be good
 * @ca_file: (nullable): PEM, who may have signed it; %NULL: those the system
 *   trusts
 */
typedef struct {
  const gchar *host;
  guint16 port;
  gboolean verify;
  const gchar *ca_file;
} PenstockLoopTlsClient;

/* Both take @fd: connected, non-blocking. %NULL: it is closed then. */
PenstockLoopTls *penstock_loop_tls_new_server (
    int fd, GTlsCertificate *certificate, GError **error);
PenstockLoopTls *penstock_loop_tls_new_client (
    int fd, const PenstockLoopTlsClient *settings, GError **error);

/* @problem: (nullable): why it failed, a sentence. */
typedef void (*PenstockLoopTlsDone) (const gchar *problem, gpointer data);

/* Shakes hands; @done is called on @loop's thread, later, unless the TLS is
 * freed before. Nobody else may watch the socket meanwhile. @address: as for
 * penstock_tls_handshake(). */
void penstock_loop_tls_start (PenstockLoopTls *tls, PenstockLoopPool *pool,
    PenstockLoop *loop, const guint8 *address, PenstockLoopTlsDone done,
    gpointer data);

/* As recv() and send(): -1 with errno, EAGAIN when it has to wait for the
 * socket. After that, to be asked again: with the same bytes, if it was a
 * write. There may be more to read without the socket's knowing, up to
 * EAGAIN. */
gssize penstock_loop_tls_read (
    PenstockLoopTls *tls, guint8 *buffer, gsize size);
gssize penstock_loop_tls_write (
    PenstockLoopTls *tls, const guint8 *data, gsize size);
/* Tells the peer that this was all, if that can be done at once. */
void penstock_loop_tls_end (PenstockLoopTls *tls);
/* Closes the socket. */
void penstock_loop_tls_free (PenstockLoopTls *tls);

G_END_DECLS

#endif /* PENSTOCK_LOOP_TLS_H */
