/* SPDX-License-Identifier: MIT
 *
 * Every bound on what an RTMP peer can make grow or keep open, with its
 * reason. Sizes are bytes, times milliseconds unless the name says otherwise.
 * Memory grows with bytes received, never with a length field. */
#ifndef PENSTOCK_RTMP_LIMITS_H
#define PENSTOCK_RTMP_LIMITS_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _GstStructure
    GstStructure; /* the route map needs no GStreamer */

/* Defaults of PenstockRtmpLimits. */

/* The length field of a message header has 24 bits. */
#define PENSTOCK_RTMP_MAX_MESSAGE 0xffffff
#define PENSTOCK_RTMP_MAX_VIDEO PENSTOCK_RTMP_MAX_MESSAGE
/* An audio frame of any codec we carry is far below. */
#define PENSTOCK_RTMP_MAX_AUDIO (1024 * 1024)
/* Metadata with cover pictures and cue points occurs. */
#define PENSTOCK_RTMP_MAX_DATA (4 * 1024 * 1024)
#define PENSTOCK_RTMP_MAX_COMMAND (1024 * 1024)
/* Unfinished bytes of all chunk streams of a connection together. */
#define PENSTOCK_RTMP_MAX_UNFINISHED (20 * 1024 * 1024)
/* The same before `connect` was accepted: nobody has proved anything yet. */
#define PENSTOCK_RTMP_MAX_UNFINISHED_EARLY (64 * 1024)
/* Control answers queued for a peer that does not read. */
#define PENSTOCK_RTMP_MAX_SEND_QUEUE (64 * 1024)
/* Distinct chunk streams; real encoders use fewer than eight. */
#define PENSTOCK_RTMP_MAX_CHUNK_STREAMS 64
/* Live message streams (createStream) of a connection. */
#define PENSTOCK_RTMP_MAX_STREAMS 16
/* Commands a peer may send: a second on average, and at once. */
#define PENSTOCK_RTMP_COMMAND_RATE 100
#define PENSTOCK_RTMP_COMMAND_BURST 500
/* AMF: an unbounded recursion here kills a server with one message. */
#define PENSTOCK_AMF_MAX_DEPTH 32
#define PENSTOCK_AMF_MAX_PROPERTIES 1024    /* kept of one object */
#define PENSTOCK_AMF_MAX_STRING (64 * 1024) /* kept of one string */
/* Times. */
#define PENSTOCK_RTMP_HANDSHAKE_MS 10000   /* from accept to C2 */
#define PENSTOCK_RTMP_CONNECT_MS 10000     /* handshake to `connect` */
#define PENSTOCK_RTMP_PUBLISH_MS 30000     /* `connect` to `publish` */
#define PENSTOCK_RTMP_FIRST_MEDIA_MS 20000 /* `publish` to the first packet */
#define PENSTOCK_RTMP_SILENCE_MS 10000     /* between packets */
#define PENSTOCK_RTMP_MESSAGE_MS 15000 /* one message in parts (slow drip) */
#define PENSTOCK_RTMP_SEND_MS 10000    /* no byte of ours is taken */
#define PENSTOCK_RTMP_PLAY_MS 10000    /* a player waits for media */
/* Connections that are not publishing or playing yet; the oldest goes first. */
#define PENSTOCK_RTMP_MAX_HALF_OPEN 1024
/* Wrong keys of an address; then it has to wait so long. */
#define PENSTOCK_RTMP_FAILURES_PER_MINUTE 10
#define PENSTOCK_RTMP_BLOCK_MS 60000

/**
 * PenstockRtmpEnhanced:
 * @PENSTOCK_RTMP_ENHANCED_AUTO: who announces Enhanced RTMP is told ours
 * @PENSTOCK_RTMP_ENHANCED_LEGACY: nobody is; who uses it nevertheless is
 *   understood
 * @PENSTOCK_RTMP_ENHANCED_ONLY: who does not announce it is rejected
 */
typedef enum {
  PENSTOCK_RTMP_ENHANCED_AUTO,
  PENSTOCK_RTMP_ENHANCED_LEGACY,
  PENSTOCK_RTMP_ENHANCED_ONLY,
} PenstockRtmpEnhanced;

/**
 * PenstockRtmpLimits:
 * @max_video, @max_audio, @max_data, @max_command: longest message of a kind;
 *   a longer one ends the connection, of data it is skipped
 * @max_unfinished, @max_unfinished_early: bytes of all unfinished messages,
 *   from `connect` on and before
 * @max_send_queue: answers queued before the peer is not read any more
 * @max_chunk_streams, @max_message_streams: of a connection
 * @command_rate, @command_burst: commands a second, and at once
 * @amf_depth, @amf_properties, @amf_string: of a command or data message; too
 *   deep ends the message, the rest is cut
 * @handshake_ms to @play_ms: see above; @play_ms 0 refuses at once
 * @max_connections, @max_per_address, @max_per_network: of the listener, 0 = no
 *   bound; a network is an IPv4 /24 or an IPv6 /64
 * @max_half_open, @max_half_open_per_address: connections that neither publish
 *   nor play; the second may be 0 = no bound
 * @connects_per_second: of an address, 0 = no bound
 * @failures_per_minute, @block_ms: wrong keys of an address, and how long it is
 *   refused then; 0 = no bound
 * @max_memory: bytes received and not yet freed, of all connections together,
 *   in GOP caches too; 0 = no bound
 * @enhanced: a #PenstockRtmpEnhanced, and not in the table
 */
typedef struct {
  /* of a connection */
  guint max_video, max_audio, max_data, max_command;
  guint max_unfinished, max_unfinished_early, max_send_queue;
  guint max_chunk_streams, max_message_streams;
  guint command_rate, command_burst;
  guint amf_depth, amf_properties, amf_string;
  guint handshake_ms, connect_ms, publish_ms, first_media_ms, silence_ms;
  guint message_ms, send_ms, play_ms;
  /* of the listener */
  guint max_connections, max_per_address, max_per_network;
  guint max_half_open, max_half_open_per_address;
  guint connects_per_second, failures_per_minute, block_ms;
  guint64 max_memory;
  gint enhanced;
} PenstockRtmpLimits;

extern const PenstockRtmpLimits penstock_rtmp_default_limits;

/**
 * PenstockRtmpLimit:
 * @name: as in a route map and in the property `limits` of the elements
 * @offset: in PenstockRtmpLimits
 * @is_uint64: else it is a guint
 * @min, @max: range
 */
typedef struct {
  const gchar *name;
  gsize offset;
  gboolean is_uint64;
  guint64 min, max;
} PenstockRtmpLimit;

/* All that are numbers, in the order of the struct. */
const PenstockRtmpLimit *penstock_rtmp_limits_get_table (guint *n);
guint64 penstock_rtmp_limits_get (
    const PenstockRtmpLimits *limits, const PenstockRtmpLimit *limit);

/**
 * penstock_rtmp_limits_apply:
 * @structure: fields by the names of the table, numbers of any integer type
 * @problem: (out): a sentence, with %FALSE; free it
 *
 * Changes those limits that are in @structure; none if one is unknown or out
 * of range.
 */
gboolean penstock_rtmp_limits_apply (
    PenstockRtmpLimits *limits, const GstStructure *structure, gchar **problem);

/* Bounds that nobody has a reason to change. */

/* Protocol control messages have at most 10 bytes; some peers pad. */
#define PENSTOCK_RTMP_MAX_CONTROL 1024
#define PENSTOCK_RTMP_MAX_CHUNK_STREAMS_EARLY 8
/* A chunk size above the longest message means nothing. */
#define PENSTOCK_RTMP_MAX_CHUNK_SIZE 0xffffff
#define PENSTOCK_RTMP_MAX_CHUNK_SIZE_CHANGES 1000 /* a minute */
/* Consistent observations that settle whether a peer repeats the extended
 * timestamp in continuation chunks. */
#define PENSTOCK_RTMP_EXTENDED_STICKY 8
/* A message in parts may take longer than message_ms at this rate, bytes a
 * second over this window: a large keyframe on a thin line. */
#define PENSTOCK_RTMP_DRIP_RATE 1000
#define PENSTOCK_RTMP_DRIP_MS 10000

#define PENSTOCK_AMF_MAX_VALUES 65536    /* of one message, all levels */
#define PENSTOCK_AMF_MAX_REFERENCES 4096 /* of each AMF3 table */

/* Stream names and paths. */
#define PENSTOCK_RTMP_MAX_PATH 1024
#define PENSTOCK_RTMP_MAX_PATH_SEGMENTS 16

/* What we announce. One chunk for a typical message: cheap to read, and
 * libavformat takes our value for its own direction. */
#define PENSTOCK_RTMP_OUR_CHUNK_SIZE 65536
#define PENSTOCK_RTMP_OUR_WINDOW 2500000
/* Smaller windows than this would make us send more acks than data. */
#define PENSTOCK_RTMP_MIN_WINDOW 4096

#define PENSTOCK_RTMP_DEFER_MS 5000   /* wait for a claim */
#define PENSTOCK_RTMP_FLUSH_MS 3000   /* last words before we close */
#define PENSTOCK_RTMP_STALE_MS 3000   /* quiet for so long may be replaced */
#define PENSTOCK_RTMP_PING_MS 30000   /* idle connections are pinged */
#define PENSTOCK_RTMP_PENALTY_MS 1000 /* before an answer that blocks */

/* Bytes kept of a connection whose publication waits for a claim. */
#define PENSTOCK_RTMP_MAX_DEFERRED (64 * 1024)
/* File descriptors kept free for the rest of the process. */
#define PENSTOCK_RTMP_FD_RESERVE 32
/* Addresses without a connection that are remembered. */
#define PENSTOCK_RTMP_MAX_ADDRESSES 4096
/* Publishers are refused from this part of max_memory on, in percent. */
#define PENSTOCK_RTMP_MEMORY_FULL 90

G_END_DECLS

#endif /* PENSTOCK_RTMP_LIMITS_H */
