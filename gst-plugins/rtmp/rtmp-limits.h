/* SPDX-License-Identifier: MIT
 *
 * Every bound on what an RTMP peer can make grow or keep open, with its
 * reason. Sizes are bytes, times milliseconds unless the name says otherwise.
 * Memory grows with bytes received, never with a length field. */
#ifndef PENSTOCK_RTMP_LIMITS_H
#define PENSTOCK_RTMP_LIMITS_H

/* The length field of a message header has 24 bits. */
#define PENSTOCK_RTMP_MAX_MESSAGE 0xffffff
#define PENSTOCK_RTMP_MAX_VIDEO 0xffffff
/* An audio frame of any codec we carry is far below. */
#define PENSTOCK_RTMP_MAX_AUDIO (1024 * 1024)
/* Metadata with cover pictures and cue points occurs. */
#define PENSTOCK_RTMP_MAX_DATA (4 * 1024 * 1024)
#define PENSTOCK_RTMP_MAX_COMMAND (1024 * 1024)
/* Protocol control messages have at most 10 bytes; some peers pad. */
#define PENSTOCK_RTMP_MAX_CONTROL 1024

/* Unfinished bytes of all chunk streams of a connection together. */
#define PENSTOCK_RTMP_MAX_UNFINISHED (20 * 1024 * 1024)
/* The same before `connect` was accepted: nobody has proved anything yet. */
#define PENSTOCK_RTMP_MAX_UNFINISHED_EARLY (64 * 1024)

/* Distinct chunk streams; real encoders use fewer than eight. */
#define PENSTOCK_RTMP_MAX_CHUNK_STREAMS 64
#define PENSTOCK_RTMP_MAX_CHUNK_STREAMS_EARLY 8
/* A chunk size above the longest message means nothing. */
#define PENSTOCK_RTMP_MAX_CHUNK_SIZE 0xffffff
#define PENSTOCK_RTMP_MAX_CHUNK_SIZE_CHANGES 1000 /* a minute */
/* Consistent observations that settle whether a peer repeats the extended
 * timestamp in continuation chunks. */
#define PENSTOCK_RTMP_EXTENDED_STICKY 8

/* Live message streams (createStream) of a connection. */
#define PENSTOCK_RTMP_MAX_STREAMS 16
/* Our own calls waiting for an answer (client role). */
#define PENSTOCK_RTMP_MAX_PENDING_CALLS 16
/* Commands a peer may send: a second on average, and at once. */
#define PENSTOCK_RTMP_COMMAND_RATE 100
#define PENSTOCK_RTMP_COMMAND_BURST 500
/* Parts of one aggregate message. */
#define PENSTOCK_RTMP_MAX_AGGREGATE_PARTS 4096

/* AMF: an unbounded recursion here kills a server with one message. */
#define PENSTOCK_AMF_MAX_DEPTH 32
#define PENSTOCK_AMF_MAX_PROPERTIES 1024    /* kept of one object */
#define PENSTOCK_AMF_MAX_STRING (64 * 1024) /* kept of one string */
#define PENSTOCK_AMF_MAX_VALUES 65536       /* of one message, all levels */
#define PENSTOCK_AMF_MAX_REFERENCES 4096    /* of each AMF3 table */

/* Stream names and paths. */
#define PENSTOCK_RTMP_MAX_PATH 1024
#define PENSTOCK_RTMP_MAX_PATH_SEGMENTS 16

/* What we announce. One chunk for a typical message: cheap to read, and
 * libavformat takes our value for its own direction. */
#define PENSTOCK_RTMP_OUR_CHUNK_SIZE 65536
#define PENSTOCK_RTMP_OUR_WINDOW 2500000
/* Smaller windows than this would make us send more acks than data. */
#define PENSTOCK_RTMP_MIN_WINDOW 4096

/* Times. */
#define PENSTOCK_RTMP_HANDSHAKE_MS 10000   /* from accept to C2 */
#define PENSTOCK_RTMP_CONNECT_MS 10000     /* handshake to `connect` */
#define PENSTOCK_RTMP_PUBLISH_MS 30000     /* `connect` to `publish` */
#define PENSTOCK_RTMP_FIRST_MEDIA_MS 20000 /* `publish` to the first packet */
#define PENSTOCK_RTMP_SILENCE_MS 10000     /* between packets */
#define PENSTOCK_RTMP_MESSAGE_MS 15000 /* one message in parts (slow drip) */
#define PENSTOCK_RTMP_DEFER_MS 5000    /* wait for a claim */
#define PENSTOCK_RTMP_PLAY_MS 10000    /* a player waits for media */
#define PENSTOCK_RTMP_FLUSH_MS 3000    /* last words before we close */
#define PENSTOCK_RTMP_STALE_MS 3000    /* quiet for so long may be replaced */
#define PENSTOCK_RTMP_PING_MS 30000    /* idle connections are pinged */

/* Control answers queued for a peer that does not read. */
#define PENSTOCK_RTMP_MAX_SEND_QUEUE (64 * 1024)
/* Bytes kept of a connection whose publication waits for a claim. */
#define PENSTOCK_RTMP_MAX_DEFERRED (64 * 1024)
/* Connections that are not publishing or playing yet; the oldest goes first. */
#define PENSTOCK_RTMP_MAX_HALF_OPEN 1024
/* File descriptors kept free for the rest of the process. */
#define PENSTOCK_RTMP_FD_RESERVE 32

#endif /* PENSTOCK_RTMP_LIMITS_H */
