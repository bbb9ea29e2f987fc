/* SPDX-License-Identifier: MIT
 *
 * A push target: publishes a stream to one server for as long as it lives, and
 * connects again, with growing waits, whenever that fails. Each target has a
 * log of its own: what happens to it touches no other output. */
#ifndef PENSTOCK_RTMP_PUSH_H
#define PENSTOCK_RTMP_PUSH_H

#include "rtmp-playback.h"
#include "rtmp-tls.h"

G_BEGIN_DECLS

typedef struct _PenstockRtmpPush PenstockRtmpPush;

/**
 * PenstockRtmpPushState:
 * @PENSTOCK_RTMP_PUSH_WAITING: for the first media; nothing is connected
 * @PENSTOCK_RTMP_PUSH_CONNECTING: the first attempt
 * @PENSTOCK_RTMP_PUSH_PUBLISHING: the server takes the stream
 * @PENSTOCK_RTMP_PUSH_RETRYING: failed; the next attempt is waited for (the
 *   back-off, then media) or under way
 * @PENSTOCK_RTMP_PUSH_ENDED: the stream is over
 */
typedef enum {
  PENSTOCK_RTMP_PUSH_WAITING,
  PENSTOCK_RTMP_PUSH_CONNECTING,
  PENSTOCK_RTMP_PUSH_PUBLISHING,
  PENSTOCK_RTMP_PUSH_RETRYING,
  PENSTOCK_RTMP_PUSH_ENDED,
} PenstockRtmpPushState;

/* "waiting", ... for status pages. */
const gchar *penstock_rtmp_push_state_to_string (PenstockRtmpPushState state);

/**
 * PenstockRtmpPushSettings:
 * @url: rtmp:// or rtmps://[user:password@]host[:port]/app/name[?query]
 * @user: (nullable): overrides the URL's
 * @password: (nullable)
 * @tls: for rtmps://
 * @connect_timeout_ms: until the server lets us publish
 * @retry_min_ms: wait after a first failure; doubles with each further one
 * @retry_max_ms: the longest wait
 * @log: what is kept for a server that is slow or comes back
 *
 * All copied.
 */
typedef struct {
  const gchar *url;
  const gchar *user;
  const gchar *password;
  PenstockRtmpTls tls;
  guint connect_timeout_ms;
  guint retry_min_ms, retry_max_ms;
  PenstockRtmpPlaybackSettings log;
} PenstockRtmpPushSettings;

/* The state is another, or the reason is. @reason: (nullable): why it failed,
 * a sentence without secrets. On an I/O thread: must not block. */
typedef void (*PenstockRtmpPushFunc) (
    PenstockRtmpPushState state, const gchar *reason, gpointer user_data);

/**
 * penstock_rtmp_push_new:
 * @error: %G_IO_ERROR_INVALID_ARGUMENT when the URL is none
 *
 * Connects as soon as something is appended.
 *
 * Returns: (transfer full): free with penstock_rtmp_push_free()
 */
PenstockRtmpPush *penstock_rtmp_push_new (
    const PenstockRtmpPushSettings *settings, PenstockRtmpPushFunc func,
    gpointer user_data, GError **error);
/* Says goodbye to the server, in the background. After this returns the
 * function is not running and will not run. Not from an I/O thread. */
void penstock_rtmp_push_free (PenstockRtmpPush *push);

/* (transfer none): where the stream is appended. */
PenstockRtmpPlayback *penstock_rtmp_push_get_playback (PenstockRtmpPush *push);

/* The codecs of what is appended from now on that need Enhanced RTMP, FourCCs,
 * 0 = none. A server that has not announced one of them is not sent anything:
 * that is a failure with a reason. */
void penstock_rtmp_push_set_codecs (
    PenstockRtmpPush *push, guint32 video, guint32 audio);

/* Nothing will be appended any more: %PENSTOCK_RTMP_PUSH_ENDED follows when
 * everything is sent, or at once when no server takes it. */
void penstock_rtmp_push_end (PenstockRtmpPush *push);

/**
 * PenstockRtmpPushStats:
 * @reason: (transfer full) (nullable): of the last failure; %NULL when the
 *   stream is published
 * @since: real time of the change to @state, microseconds
 * @connections: times the server agreed to the publication
 * @failures: attempts and publications that failed
 */
typedef struct {
  PenstockRtmpPushState state;
  gchar *reason;
  gint64 since;
  guint64 connections, failures;
} PenstockRtmpPushStats;

void penstock_rtmp_push_get_stats (
    PenstockRtmpPush *push, PenstockRtmpPushStats *stats);

G_END_DECLS

#endif /* PENSTOCK_RTMP_PUSH_H */
