/* SPDX-License-Identifier: MIT
 *
 * The RTMP client: plays a stream of another server, or publishes one to it.
 * One attempt per client; whoever owns it decides about another one. */
#ifndef PENSTOCK_RTMP_CLIENT_H
#define PENSTOCK_RTMP_CLIENT_H

#include <gio/gio.h>

#include "rtmp-io.h"
#include "rtmp-playback.h"
#include "rtmp-publication.h"
#include "rtmp-tls.h"

G_BEGIN_DECLS

typedef struct _PenstockRtmpClient PenstockRtmpClient;

/**
 * PenstockRtmpClientSettings:
 * @url: rtmp:// or rtmps://[user:password@]host[:port]/app[/instance]/name[?query]; the
 *   application is all but the last segment
 * @user: (nullable): overrides the URL's
 * @password: (nullable): never logged
 * @connect_timeout_ms: until the first message, or until the server lets us
 *   publish; 0 = 10000
 * @silence_timeout_ms: (play) between messages; 0 = 10000
 * @buffer_ms: (play) told to the server (SetBufferLength); 0 = 3000
 * @tls: (nullable): for rtmps://
 */
typedef struct {
  const gchar *url;
  const gchar *user;
  const gchar *password;
  guint connect_timeout_ms;
  guint silence_timeout_ms;
  guint buffer_ms;
  const PenstockRtmpTls *tls;
} PenstockRtmpClientSettings;

/**
 * penstock_rtmp_client_play:
 * @settings: what to play, copied
 * @callbacks: copied; see rtmp-publication.h. `ended` is the last one and comes
 *   exactly once (unless the client is freed first)
 * @error: %G_IO_ERROR_INVALID_ARGUMENT when the URL is none of ours
 *
 * Starts to connect and returns; the rest is told by the callbacks. Never
 * blocks (names are resolved aside).
 *
 * Returns: (transfer full): free with penstock_rtmp_client_free()
 */
PenstockRtmpClient *penstock_rtmp_client_play (
    const PenstockRtmpClientSettings *settings,
    const PenstockRtmpCallbacks *callbacks, gpointer user_data, GError **error);

/**
 * penstock_rtmp_client_publish:
 * @loop: where all of it runs, the callbacks too; the caller holds the pool
 * @playback: of penstock_rtmp_playback_new(); referenced
 * @callbacks: `started` when the server has agreed: the newest keyframe and
 *   what is appended after it follow. `ended` as above, with
 *   %PENSTOCK_RTMP_END_SHUTDOWN when @playback has ended and all was sent
 *
 * Starts to publish what is appended to @playback, and returns. A server that
 * is too slow for it loses video up to a newer keyframe.
 *
 * Returns: (transfer full): free with penstock_rtmp_client_free()
 */
PenstockRtmpClient *penstock_rtmp_client_publish (
    const PenstockRtmpClientSettings *settings, PenstockLoop *loop,
    PenstockRtmpPlayback *playback, const PenstockRtmpCallbacks *callbacks,
    gpointer user_data, GError **error);

/* Has the server announced the codec (FourCC, big endian)? From `started` on;
 * loop's thread. */
gboolean penstock_rtmp_client_takes (
    PenstockRtmpClient *client, guint32 fourcc);

/* Disconnects, with a goodbye to a server that we publish to; that may take
 * seconds, but nobody waits for it. After this returns no callback runs or will run. May be called
 * from a callback of the client and on %NULL. */
void penstock_rtmp_client_free (PenstockRtmpClient *client);

G_END_DECLS

#endif /* PENSTOCK_RTMP_CLIENT_H */
