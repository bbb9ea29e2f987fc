/* SPDX-License-Identifier: MIT
 *
 * As much of RTMP as the load generator needs: what a player or publisher says,
 * and a reader of chunks that skips payloads and looks at their first bytes.
 * Own code, so that it costs little and checks the servers by other eyes. */

#pragma once

#include <glib.h>

#define RTMP_WIRE_HANDSHAKE 1536
/* S0, S1 and S2. */
#define RTMP_WIRE_ANSWER (1 + 2 * RTMP_WIRE_HANDSHAKE)
/* Bytes of a message that are shown: enough for a stamp behind the headers of
 * FLV and of an access unit delimiter. */
#define RTMP_WIRE_PEEK 96
#define RTMP_WIRE_STREAMS 64

#define RTMP_WIRE_VIDEO 9
#define RTMP_WIRE_AUDIO 8
#define RTMP_WIRE_COMMAND 20

/* C0 and C1. */
void rtmp_wire_hello (GByteArray *out);
/* C2 and the commands up to play or publish of rtmp://HOST/@app/@name; all at
 * once, on the message stream 1. */
void rtmp_wire_ask (GByteArray *out, const gchar *app, const gchar *name,
    const gchar *tc_url, gboolean publish);
/* One message of one chunk: chunk sizes were set to what is enough. */
void rtmp_wire_message (
    GByteArray *out, guint8 type, guint32 time, const guint8 *data, gsize size);

typedef struct {
  guint8 type;
  guint32 size;
  guint32 left; /* of the message */
  guint8 peek[RTMP_WIRE_PEEK];
} RtmpWireStream;

typedef struct {
  guint32 chunk_size;
  RtmpWireStream streams[RTMP_WIRE_STREAMS];
  RtmpWireStream *current; /* in its payload */
  guint32 chunk_left;
  guint8 header[18]; /* carried over */
  guint n_header;
  gboolean broken;
} RtmpWireReader;

void rtmp_wire_reader_init (RtmpWireReader *self);

typedef void (*RtmpWireMessage) (const RtmpWireStream *message, gpointer data);

/* Calls @func at the end of each message. FALSE: it makes no sense. */
gboolean rtmp_wire_read (RtmpWireReader *self, const guint8 *data, gsize size,
    RtmpWireMessage func, gpointer user_data);
