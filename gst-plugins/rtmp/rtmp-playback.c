/* SPDX-License-Identifier: MIT
 *
 * Streams that can be played. See rtmp-playback.h; players are in
 * rtmp-player.c. */

#include "rtmp-playback-private.h"

#include "rtmp-chunk.h"
#include "rtmp-io.h"
#include "rtmp-limits.h"
#include "rtmp-path.h"
#include "rtmp-session-private.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_debug);
#define GST_CAT_DEFAULT penstock_rtmp_debug

/* What the slowest player is at is kept for so much longer. */
#define KEEP_LONGER (2 * GST_SECOND)
/* Players whose session has another one get a patched header. */
#define USUAL_MESSAGE_STREAM 1

#define PENSTOCK_TYPE_RTMP_CHUNKS (penstock_rtmp_chunks_get_type ())
GType penstock_rtmp_chunks_get_type (void);
GST_DEFINE_MINI_OBJECT_TYPE (PenstockRtmpChunks, penstock_rtmp_chunks);

#define PENSTOCK_TYPE_RTMP_CONFIG (penstock_rtmp_config_get_type ())
GType penstock_rtmp_config_get_type (void);
GST_DEFINE_MINI_OBJECT_TYPE (PenstockRtmpConfig, penstock_rtmp_config);

/* --- chunks ------------------------------------------------------------- */

/* Bytes @offset to @offset + @n of the message. */
static void
copy_payload (
    const PenstockRtmpFrame *frame, gsize offset, gsize n, guint8 *out)
{
  if (offset < frame->header_size) {
    gsize part = MIN (n, frame->header_size - offset);
    memcpy (out, frame->header + offset, part);
    out += part;
    offset += part;
    n -= part;
  }
  if (n > 0)
    gst_buffer_extract (frame->frame, offset - frame->header_size, out, n);
}

static PenstockRtmpChunks *
chunks_new (const PenstockRtmpFrame *frame, gsize size)
{
  const gboolean video = frame->kind == PENSTOCK_FLV_VIDEO;
  const guint32 chunk_stream =
      video ? PENSTOCK_RTMP_CSID_VIDEO : PENSTOCK_RTMP_CSID_AUDIO;
  const PenstockRtmpMessage message = {
    .type = video ? PENSTOCK_RTMP_VIDEO : PENSTOCK_RTMP_AUDIO,
    .stream_id = USUAL_MESSAGE_STREAM,
    .timestamp = frame->timestamp,
    .size = size,
  };
  gsize n_chunks = (size - 1) / PENSTOCK_RTMP_OUR_CHUNK_SIZE + 1;
  PenstockRtmpChunks *chunks = g_malloc (
      sizeof *chunks + size + n_chunks * PENSTOCK_RTMP_FIRST_HEADER_MAX);
  guint8 *out = chunks->data;

  gst_mini_object_init (GST_MINI_OBJECT_CAST (chunks), 0,
      PENSTOCK_TYPE_RTMP_CHUNKS, NULL, NULL,
      (GstMiniObjectFreeFunction) g_free);
  chunks->timestamp = frame->timestamp;
  for (gsize pos = 0; pos < size; pos += PENSTOCK_RTMP_OUR_CHUNK_SIZE) {
    gsize n = MIN (size - pos, PENSTOCK_RTMP_OUR_CHUNK_SIZE);
    guint header = penstock_rtmp_chunk_write_header (
        out, pos == 0 ? 0 : 3, chunk_stream, &message);
    if (pos == 0)
      chunks->first_header = header;
    copy_payload (frame, pos, n, out + header);
    out += header + n;
  }
  chunks->size = out - chunks->data;
  return chunks;
}

/* Keeps what slow players have not read, within the bounds. */
static void
adapt_retention (PenstockRtmpPlayback *playback, GstClockTime newest)
{
  GstClockTime oldest = newest;

  for (guint i = 0; i < penstock_rtmp_io_get_n_loops (); i++)
    oldest = MIN (oldest,
        __atomic_load_n (&playback->audiences[i].oldest, __ATOMIC_RELAXED));
  /* In whole seconds, so that it changes rarely. */
  GstClockTime behind = (newest - oldest) / GST_SECOND * GST_SECOND;
  GstClockTime retention =
      MIN (MAX (playback->limits.retention, behind + KEEP_LONGER),
          playback->limits.max_time);
  if (retention == playback->retention)
    return;
  PenstockGopLogLimits limits = playback->limits;
  limits.retention = playback->retention = retention;
  penstock_gop_log_set_limits (playback->log, &limits);
}

gboolean
penstock_rtmp_playback_append (
    PenstockRtmpPlayback *playback, const PenstockRtmpFrame *frame)
{
  const gboolean video = frame->kind == PENSTOCK_FLV_VIDEO;
  gsize size = frame->header_size + gst_buffer_get_size (frame->frame);

  if (size == 0 || size > PENSTOCK_RTMP_MAX_MESSAGE)
    return FALSE;
  PenstockRtmpChunks *chunks = chunks_new (frame, size);
  adapt_retention (playback, frame->time);
  penstock_gop_log_append (playback->log,
      video ? PENSTOCK_RTMP_TRACK_VIDEO : PENSTOCK_RTMP_TRACK_AUDIO,
      video ? frame->flags | PENSTOCK_ENTRY_VIDEO : frame->flags, frame->time,
      chunks->size, GST_MINI_OBJECT_CAST (chunks),
      GST_MINI_OBJECT_CAST (playback->config));
  return TRUE;
}

/* --- configuration ------------------------------------------------------ */

static void
config_free (PenstockRtmpConfig *config)
{
  g_clear_pointer (&config->metadata, g_bytes_unref);
  g_clear_pointer (&config->video, g_bytes_unref);
  g_clear_pointer (&config->audio, g_bytes_unref);
  g_free (config);
}

static GBytes *
ref_or_null (GBytes *bytes)
{
  return bytes ? g_bytes_ref (bytes) : NULL;
}

void
penstock_rtmp_playback_set_config (PenstockRtmpPlayback *playback,
    GBytes *metadata, GBytes *video, GBytes *audio)
{
  PenstockRtmpConfig *config = g_new0 (PenstockRtmpConfig, 1);

  gst_mini_object_init (GST_MINI_OBJECT_CAST (config), 0,
      PENSTOCK_TYPE_RTMP_CONFIG, NULL, NULL,
      (GstMiniObjectFreeFunction) config_free);
  config->metadata = ref_or_null (metadata);
  config->video = ref_or_null (video);
  config->audio = ref_or_null (audio);
  if (playback->config)
    gst_mini_object_unref (GST_MINI_OBJECT_CAST (playback->config));
  playback->config = config;
}

/* --- life --------------------------------------------------------------- */

PenstockRtmpPlayback *
penstock_rtmp_playback_ref (PenstockRtmpPlayback *playback)
{
  g_atomic_int_inc (&playback->ref_count);
  return playback;
}

void
penstock_rtmp_playback_unref (PenstockRtmpPlayback *playback)
{
  if (!g_atomic_int_dec_and_test (&playback->ref_count))
    return;
  penstock_gop_log_unref (playback->log);
  if (playback->config)
    gst_mini_object_unref (GST_MINI_OBJECT_CAST (playback->config));
  penstock_rtmp_owner_unref (playback->owner);
  g_free (playback->path);
  g_free (playback);
}

static PenstockRtmpPlayback *
playback_new (PenstockRtmpServer *server, const gchar *path,
    const PenstockRtmpPlaybackSettings *settings)
{
  PenstockRtmpPlayback *playback = g_new0 (PenstockRtmpPlayback, 1);

  playback->ref_count = 1;
  playback->server = server ? penstock_rtmp_server_ref (server) : NULL;
  playback->path = g_strdup (path);
  if (server)
    playback->owner = penstock_rtmp_owner_begin (settings->owner, server);
  playback->limits = settings->limits;
  playback->retention = settings->limits.retention;
  playback->log = penstock_gop_log_new (&settings->limits);
  playback->max_lag = settings->max_lag;
  playback->merge_window_ms = settings->merge_window_ms;
  playback->max_players = settings->max_players;
  for (guint i = 0; i < penstock_rtmp_io_get_n_loops (); i++) {
    playback->audiences[i].playback = playback;
    playback->audiences[i].loop = penstock_rtmp_io_get_loop (i);
    playback->audiences[i].oldest = GST_CLOCK_TIME_NONE;
    g_queue_init (&playback->audiences[i].players);
  }
  return playback;
}

PenstockRtmpPlayback *
penstock_rtmp_playback_new (const PenstockRtmpPlaybackSettings *settings)
{
  return playback_new (NULL, NULL, settings);
}

PenstockRtmpPlayback *
penstock_rtmp_server_add_playback (PenstockRtmpServer *server,
    const gchar *path, const PenstockRtmpPlaybackSettings *settings,
    GError **error)
{
  g_autofree gchar *clean = penstock_rtmp_path_clean (path);
  PenstockRtmpPlayback *playback = NULL;

  if (!clean) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "\"%s\" is not a valid stream path", path);
    return NULL;
  }
  g_mutex_lock (&server->lock);
  if (!g_hash_table_contains (server->playbacks, clean)) {
    playback = playback_new (server, clean, settings);
    g_hash_table_insert (server->playbacks, playback->path, playback);
  }
  g_mutex_unlock (&server->lock);
  if (!playback) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
        "the path \"%s\" is being served already", clean);
    return NULL;
  }
  penstock_rtmp_server_wake_deferred (server);
  return playback;
}

PenstockRtmpPlayback *
penstock_rtmp_playback_find (PenstockRtmpServer *server, const gchar *path)
{
  PenstockRtmpPlayback *playback =
      g_hash_table_lookup (server->playbacks, path);

  if (!playback || g_atomic_int_get (&playback->ended))
    return NULL;
  return penstock_rtmp_playback_ref (playback);
}

PenstockRtmpAudience *
penstock_rtmp_playback_get_audience (
    PenstockRtmpPlayback *playback, PenstockLoop *loop)
{
  for (guint i = 0; i < G_N_ELEMENTS (playback->audiences); i++)
    if (playback->audiences[i].loop == loop)
      return &playback->audiences[i];
  g_return_val_if_reached (NULL);
}

gboolean
penstock_rtmp_playback_enter (PenstockRtmpPlayback *playback)
{
  guint before = (guint) g_atomic_int_add (&playback->n_players, 1);

  if (playback->max_players == 0 || before < playback->max_players) {
    __atomic_fetch_add (&playback->players_total, 1, __ATOMIC_RELAXED);
    return TRUE;
  }
  g_atomic_int_add (&playback->n_players, -1);
  return FALSE;
}

void
penstock_rtmp_playback_leave (PenstockRtmpPlayback *playback)
{
  g_atomic_int_add (&playback->n_players, -1);
}

/* --- audiences ---------------------------------------------------------- */

static void
serve (gpointer data)
{
  PenstockRtmpAudience *audience = data;

  penstock_rtmp_audience_serve (audience);
  penstock_rtmp_playback_unref (audience->playback);
}

static void
close_audience (gpointer data)
{
  PenstockRtmpAudience *audience = data;

  penstock_rtmp_audience_close (audience);
  penstock_rtmp_playback_unref (audience->playback);
}

void
penstock_rtmp_audience_wake (gpointer data)
{
  PenstockRtmpAudience *audience = data;

  penstock_rtmp_playback_ref (audience->playback);
  penstock_loop_post (audience->loop, serve, audience);
}

static void
post_to_all (PenstockRtmpPlayback *playback, PenstockLoopFunc func)
{
  for (guint i = 0; i < G_N_ELEMENTS (playback->audiences); i++) {
    PenstockRtmpAudience *audience = &playback->audiences[i];
    if (!audience->loop)
      continue;
    penstock_rtmp_playback_ref (playback);
    penstock_loop_post (audience->loop, func, audience);
  }
}

void
penstock_rtmp_playback_end (PenstockRtmpPlayback *playback)
{
  g_atomic_int_set (&playback->ended, TRUE);
  post_to_all (playback, serve);
}

/* The loops live as long as the listener, and the listener at least until what
 * is posted here has run. */
void
penstock_rtmp_playback_remove (PenstockRtmpPlayback *playback)
{
  PenstockRtmpServer *server;

  if (!playback)
    return;
  server = playback->server;
  g_mutex_lock (&server->lock);
  g_hash_table_remove (server->playbacks, playback->path);
  g_mutex_unlock (&server->lock);
  penstock_rtmp_owner_end (playback->owner);
  g_atomic_int_set (&playback->ended, TRUE);
  post_to_all (playback, close_audience);
  penstock_rtmp_playback_unref (playback);
  penstock_rtmp_server_unref (server);
}

void
penstock_rtmp_playback_get_stats (
    PenstockRtmpPlayback *playback, PenstockRtmpPlaybackStats *stats)
{
  stats->players = g_atomic_int_get (&playback->n_players);
  stats->players_total =
      __atomic_load_n (&playback->players_total, __ATOMIC_RELAXED);
  stats->bytes_sent = __atomic_load_n (&playback->bytes_sent, __ATOMIC_RELAXED);
  stats->skips = __atomic_load_n (&playback->skips, __ATOMIC_RELAXED);
  penstock_gop_log_get_stats (playback->log, &stats->log);
}
