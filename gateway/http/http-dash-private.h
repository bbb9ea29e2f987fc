/* SPDX-License-Identifier: MIT
 *
 * Between the parts of DASH over HTTP: files and who waits for them
 * (http-dash.c), and what HLS players wait for besides (http-dash-hls.c).
 * HTTP thread only. */
#ifndef PENSTOCK_HTTP_DASH_PRIVATE_H
#define PENSTOCK_HTTP_DASH_PRIVATE_H

#include "dash/segment-store.h"
#include "http-dash.h"
#include "http-hls.h"
#include "http-viewers.h"

G_BEGIN_DECLS

typedef enum {
  WAITS_FOR_FILE,     /* to exist, or to grow */
  WAITS_FOR_PART,     /* a chunk of a file */
  WAITS_FOR_PLAYLIST, /* to have come somewhere */
} HttpWaiterKind;

/* A request that waits. */
typedef struct {
  HttpWaiterKind kind;
  HttpDash *dash;
  HttpRequest *request;
  gchar *path;       /* of the file */
  gchar *etag;       /* of the file being sent; NULL while it does not exist */
  guint n_chunks;    /* of it that were queued; of a part: those before it */
  HttpHlsWish wish;  /* of a playlist */
  GSource *hold;     /* end of patience, while nothing is sent */
  gboolean expected; /* the writer has said that it comes */
} HttpWaiter;

struct _HttpDash {
  gint refs; /* atomic */
  GMainContext *context;
  HttpLimits limits;
  PenstockSegmentStore *store;
  gulong changed_id;

  HttpViewers *viewers; /* locks itself */

  gint n_waiting;      /* atomic: whether the writer has to wake anybody */
  gint wake_scheduled; /* atomic */

  /* HTTP thread only */
  GPtrArray *waiters;    /* of HttpWaiter, owned */
  GHashTable *positions; /* path of a playlist -> HttpKnownPosition */
  gchar *window_etag;    /* MPD that window_s was read from */
  guint window_s;
  gboolean closed;
};

/* ---- http-dash.c ---- */

/* (transfer full): the whole content of a file */
GBytes *http_dash_join (GPtrArray *chunks);

/* How long caches may keep media. */
guint http_dash_get_window (HttpDash *self);

void http_dash_answer_complete (
    HttpDash *self, HttpRequest *request, const PenstockStoredFile *file);
void http_dash_answer_absent (HttpRequest *request);

/* How long a request for a file that does not exist waits for it; 0: it is not
 * the next one, or it is too early for it. */
guint http_dash_get_patience (HttpDash *self, const gchar *path);

/* Whom changes of the store wake; nobody has looked at it since. */
HttpWaiter *http_dash_add_waiter (HttpDash *self, HttpRequest *request,
    HttpWaiterKind kind, const gchar *path);
void http_dash_remove_waiter (HttpWaiter *waiter);
void http_dash_hold (HttpWaiter *waiter, guint patience_ms);

/* The answer comes later, unless it has already: @waits. */
void http_dash_wait (HttpWaiter *waiter, gboolean waits);

/* ---- http-dash-hls.c ---- */

/* Is @path something that only HLS players ask for? Answers it then, now or
 * later, or says FALSE when there is none. */
gboolean http_dash_serve_part (
    HttpDash *self, HttpRequest *request, const gchar *path, gboolean *found);
gboolean http_dash_serve_playlist (
    HttpDash *self, HttpRequest *request, const gchar *path);

/* FALSE when the request needs no waiting any more. */
gboolean http_dash_update_part (HttpWaiter *waiter);
gboolean http_dash_update_playlist (HttpWaiter *waiter);

/* Patience is over. */
void http_dash_answer_stale_playlist (HttpRequest *request);

GHashTable *http_dash_positions_new (void);

G_END_DECLS

#endif /* PENSTOCK_HTTP_DASH_PRIVATE_H */
