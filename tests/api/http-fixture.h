/* SPDX-License-Identifier: MIT
 *
 * For tests of the HTTP server: one that runs, with its control context on a
 * thread as in the daemon, and a client that sees every byte. */
#ifndef PENSTOCK_TEST_HTTP_FIXTURE_H
#define PENSTOCK_TEST_HTTP_FIXTURE_H

#include <gio/gio.h>

#include "dash/segment-store.h"
#include "http/http-server-private.h"

G_BEGIN_DECLS

/* ---- the server ---- */

typedef struct {
  PenstockHttpServer *server;
  gboolean tls;
  guint16 port;
  GMainContext *control;
  GMainLoop *loop;
  GThread *thread;          /* that iterates control */
  gint n_status_calls;      /* atomic */
  gint status_thread_wrong; /* atomic: a call came in another thread */
} Fixture;

/* A server on 127.0.0.1 and a port of the system's choice. @limits is
 * (nullable). */
Fixture *fixture_new (const HttpLimits *limits);
/* The same by TLS: @port is that of HTTPS. */
Fixture *fixture_new_tls (const HttpLimits *limits);
/* Of tests/data/tls. */
GTlsCertificate *test_certificate (void);
void fixture_free (Fixture *self);
/* Runs @func in the control thread and waits for it. */
void fixture_run (Fixture *self, GSourceFunc func, gpointer data);
void fixture_add_route (Fixture *self, const gchar *path, const gchar *store);
void fixture_remove_route (Fixture *self, const gchar *path);
void fixture_start (Fixture *self);
void fixture_stop (Fixture *self);

/* ---- the client ---- */

typedef struct {
  GSocketConnection *connection;
  GIOStream *stream; /* of it, or TLS on it */
  GDataInputStream *input;
} Client;

typedef struct {
  guint status;        /* 0: the connection ended before an answer */
  GHashTable *headers; /* name in lower case -> value */
  GString *body;
  gboolean whole; /* the body came to its end as announced */
} Answer;

Client *client_new (guint16 port);
/* Shakes hands. */
Client *client_new_tls (guint16 port);
/* From the address @host of this machine. */
Client *client_new_from (const gchar *host, guint16 port);
Client *client_new_tls_from (const gchar *host, guint16 port);
Client *client_new_to (const gchar *host, guint16 port);
void client_free (Client *self);
void client_send (Client *self, const gchar *format, ...) G_GNUC_PRINTF (2, 3);
/* Status and headers only; the body is read with the two below. */
Answer *client_read_head (Client *self);
/* Next chunk of a chunked body; NULL at its regular end, or when it breaks off
 * (*@broken then). */
gchar *client_read_chunk (Client *self, gboolean *broken);
/* A whole answer to a GET, or to a HEAD. */
Answer *client_read (Client *self, gboolean head);
/* TRUE when the server has closed the connection; waits for that. */
gboolean client_is_closed (Client *self);

const gchar *answer_header (Answer *self, const gchar *name);
void answer_free (Answer *self);

/* One GET on a connection of its own. @headers: (nullable), lines that end in
 * CRLF. */
Answer *get (guint16 port, const gchar *path, const gchar *headers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_free)

/* ---- stores ---- */

void store_put (PenstockSegmentStore *store, const gchar *path,
    const gchar *type, const gchar *text);
void store_append (
    PenstockSegmentStore *store, const gchar *path, const gchar *text);

/* ---- a server with a route ---- */

/* A manifest that does not name a clock. */
#define MPD                                                                    \
  "<?xml version=\"1.0\"?>\n<MPD type=\"dynamic\" "                            \
  "timeShiftBufferDepth=\"PT30S\"><Period id=\"p0\"/></MPD>\n"

/* The route "live/one" has a manifest, a master playlist, a header, a whole
 * video segment "0123456789" of two chunks, v0/1.m4s, and a whole audio
 * segment "sound", a0/1.m4s. */
typedef struct {
  Fixture *fixture;
  PenstockSegmentStore *store;
} Setup;

Setup setup_with (const HttpLimits *limits);
void teardown (Setup *setup);
/* Waits, by asking, until the server has seen all that was sent so far. */
void settle (Setup *setup);

G_END_DECLS

#endif /* PENSTOCK_TEST_HTTP_FIXTURE_H */
