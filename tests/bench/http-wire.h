/* SPDX-License-Identifier: MIT
 *
 * The client's side of HTTP/1.1 for the load generator: answers piece by piece,
 * of a known length or in chunks. And boxes of ISO BMFF as they arrive. */

#pragma once

#include <glib.h>

typedef enum {
  HTTP_WIRE_HEAD,
  HTTP_WIRE_BODY,
  HTTP_WIRE_CHUNK_SIZE,
  HTTP_WIRE_CHUNK,
  HTTP_WIRE_CHUNK_END,
  HTTP_WIRE_TRAILER,
  HTTP_WIRE_COMPLETE, /* until http_wire_next */
  HTTP_WIRE_BROKEN,
} HttpWireState;

typedef struct {
  HttpWireState state;
  guint status;
  guint64 left; /* of the body or the chunk */
  guint n_line;
  gchar line[4096]; /* head, chunk size or trailer line so far */
} HttpWireReader;

typedef void (*HttpWireFunc) (
    const guint8 *data, gsize size, gpointer user_data);

/* For the first and each next answer. */
void http_wire_next (HttpWireReader *self);
/* Reads @size bytes, and gives those of the body to @func. Returns how many
 * bytes it has read: fewer after the end of the answer, or when it is broken. */
gsize http_wire_read (HttpWireReader *self, const guint8 *data, gsize size,
    HttpWireFunc func, gpointer user_data);

typedef struct {
  guint8 head[24];
  guint n_head;
  guint64 left;      /* of a box whose head is read */
  gboolean is_media; /* it is `mdat` */
  gint64 made_us;    /* UTC of the last `prft`, 0: none */
} BoxWatch;

/* @made_us: when the encoder had the first picture of the chunk that is now
 * complete */
typedef void (*BoxWatchFunc) (gint64 made_us, gpointer user_data);

/* FALSE: these are no boxes. */
gboolean box_watch_read (BoxWatch *self, const guint8 *data, gsize size,
    BoxWatchFunc func, gpointer user_data);
