/* SPDX-License-Identifier: MIT
 *
 * A socket with a session on it, on one I/O loop: reads, feeds the session,
 * sends its answers, closes properly. Everything on the loop's thread. */
#ifndef PENSTOCK_RTMP_CONNECTION_H
#define PENSTOCK_RTMP_CONNECTION_H

#include <sys/uio.h>

#include "io/loop-tls.h"
#include "io/tls-handshakes.h"
#include "rtmp-io.h"
#include "rtmp-session.h"

G_BEGIN_DECLS

typedef struct _PenstockRtmpConnection PenstockRtmpConnection;

/**
 * PenstockRtmpConnectionHandler:
 * @event: one event of the session. May pause, finish or close the connection.
 *   A message in it belongs to the handler
 * @lost: the peer is gone, or does not read what we send; @detail is a
 *   sentence. The handler calls penstock_rtmp_connection_close()
 * @deadline: the time set with penstock_rtmp_connection_set_deadline() has come
 * @closed: the socket is closed; the connection is freed after that
 * @gather: (nullable): fills in pieces to send behind what the session has to
 *   say, and may make the session say more; returns how many. After a piece
 *   was sent in part it is asked for the rest of that one alone
 * @sent: (nullable): so many bytes of the pieces were sent; TRUE when that was
 *   the middle of a message
 */
typedef struct {
  void (*event) (gpointer owner, PenstockRtmpEvent *event);
  void (*lost) (gpointer owner, const gchar *detail);
  void (*deadline) (gpointer owner);
  void (*closed) (gpointer owner);
  guint (*gather) (gpointer owner, struct iovec *pieces, guint max);
  gboolean (*sent) (gpointer owner, gsize size);
} PenstockRtmpConnectionHandler;

/**
 * penstock_rtmp_connection_new:
 * @fd: connected, non-blocking; taken
 * @session: taken
 * @handler: must stay valid
 *
 * Returns: (nullable): %NULL when the descriptor cannot be watched (@fd and
 *   @session are gone then, and no function of @handler is called)
 */
PenstockRtmpConnection *penstock_rtmp_connection_new (PenstockLoop *loop,
    int fd, PenstockRtmpSession *session,
    const PenstockRtmpConnectionHandler *handler, gpointer owner);

PenstockRtmpSession *penstock_rtmp_connection_get_session (
    PenstockRtmpConnection *connection);

/* Stops reading (at most 64 KiB more are kept); resume feeds what was kept. */
void penstock_rtmp_connection_pause (PenstockRtmpConnection *connection);
void penstock_rtmp_connection_resume (PenstockRtmpConnection *connection);

/* Both right after penstock_rtmp_connection_new(): the session begins behind
 * TLS. A handshake that fails is a loss. */

/**
 * penstock_rtmp_connection_expect_tls:
 * @may_be_plain: who does not begin with TLS goes on without; else is lost
 * @address: of the peer, PENSTOCK_TLS_ADDRESS_SIZE bytes
 */
void penstock_rtmp_connection_expect_tls (PenstockRtmpConnection *connection,
    GTlsCertificate *certificate, gboolean may_be_plain, const guint8 *address);
void penstock_rtmp_connection_start_tls (
    PenstockRtmpConnection *connection, const PenstockLoopTlsClient *settings);

/* From now on reads of 256 KiB instead of 64, and @activity (nullable) is set
 * to the loop's time with every one; read it with __atomic_load_n(). */
void penstock_rtmp_connection_set_activity (
    PenstockRtmpConnection *connection, gint64 *activity);

/* Sends what the session has to say and what is gathered. Needed after calls to the session outside
 * of an event. */
void penstock_rtmp_connection_flush (PenstockRtmpConnection *connection);

/* It will be flushed soon: what that touches is fetched into the processor's
 * cache meanwhile. */
void penstock_rtmp_connection_prefetch (
    const PenstockRtmpConnection *connection);

/* The socket takes no more for now; sending goes on by itself. */
gboolean penstock_rtmp_connection_is_blocked (
    PenstockRtmpConnection *connection);
/* Bounds what the kernel holds back for a peer that reads slowly: nothing there
 * can be skipped any more. @bursts: it gets much at a time. */
void penstock_rtmp_connection_limit_kernel (
    PenstockRtmpConnection *connection, gboolean bursts);

/* One deadline; a new one replaces the old, < 0 = none. */
void penstock_rtmp_connection_set_deadline (
    PenstockRtmpConnection *connection, gint64 delay_ms);

/* No more events; closes when everything is sent and the peer has closed, or
 * after a few seconds. */
void penstock_rtmp_connection_finish (PenstockRtmpConnection *connection);
/* Closes now. No more events, except `closed`. */
void penstock_rtmp_connection_close (PenstockRtmpConnection *connection);

G_END_DECLS

#endif /* PENSTOCK_RTMP_CONNECTION_H */
