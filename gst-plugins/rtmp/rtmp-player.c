/* SPDX-License-Identifier: MIT
 *
 * Players: from the log of a playback to the socket. See rtmp-player.h. */

#include "rtmp-player.h"

#include <string.h>

/* Entries taken from the log at once: what a slow player holds on to. */
#define BATCH 32
/* Most pieces of an entry: a patched header and the rest. */
#define PIECES 2
/* How long sound waits for a picture to go with: one of 20 a second, and a
 * little. */
#define SOUND_WAIT_MS 55
/* Where the message stream stands in the header of a first chunk. */
#define STREAM_ID_AT 8
/* A mask that no track is in; 0 would be all of them. */
#define NO_TRACKS (1u << (PENSTOCK_GOP_LOG_MAX_TRACKS - 1))

struct _PenstockRtmpPlayer {
  PenstockRtmpConnection *connection;
  GList link;                     /* in the audience */
  PenstockRtmpPlayback *playback; /* ref; NULL = stopped */
  gboolean paused, closing, has_media;
  guint n, position;                /* of the batch */
  gsize offset;                     /* sent of batch[position] */
  guint64 skips;                    /* of the cursor, counted already */
  GBytes *metadata, *video, *audio; /* sent last */
  GstClockTime behind;              /* time of what it read last; NONE = all */
  PenstockCursor cursor;
  PenstockGopEntry batch[BATCH];

  guint8 header[PENSTOCK_RTMP_FIRST_HEADER_MAX]; /* patched, of the position */
  PenstockLoop *loop;
  PenstockLoopFunc over;
  gpointer owner;
  PenstockRtmpAudience *audience;
  guint32 unwanted; /* mask of tracks */
};

PenstockRtmpPlayer *
penstock_rtmp_player_new (PenstockLoop *loop,
    PenstockRtmpConnection *connection, PenstockLoopFunc over, gpointer owner)
{
  PenstockRtmpPlayer *player = g_new0 (PenstockRtmpPlayer, 1);

  player->loop = loop;
  player->connection = connection;
  player->over = over;
  player->owner = owner;
  player->link.data = player;
  return player;
}

static void
forget_config (PenstockRtmpPlayer *player)
{
  g_clear_pointer (&player->metadata, g_bytes_unref);
  g_clear_pointer (&player->video, g_bytes_unref);
  g_clear_pointer (&player->audio, g_bytes_unref);
}

/* Drops what was taken from the log and has not begun to be sent. */
static void
drop_batch (PenstockRtmpPlayer *player)
{
  guint keep = player->offset > 0 ? 1 : 0;

  for (guint i = player->position + keep; i < player->n; i++)
    penstock_gop_entry_clear (&player->batch[i]);
  if (keep)
    player->batch[0] = player->batch[player->position];
  player->position = 0;
  player->n = keep;
}

static void
init_cursor (PenstockRtmpPlayer *player)
{
  const PenstockCursorSettings settings = {
    .start = PENSTOCK_START_CACHE,
    .policy = PENSTOCK_SLOW_SKIP_TO_KEYFRAME,
    .max_lag = player->playback->max_lag,
    .max_audio_lag = 0, /* as far back as the log goes */
  };

  penstock_cursor_init (&player->cursor, &settings);
  player->skips = 0;
  player->behind = GST_CLOCK_TIME_NONE;
}

static void
apply_unwanted (PenstockRtmpPlayer *player)
{
  const guint32 tracks =
      1u << PENSTOCK_RTMP_TRACK_VIDEO | 1u << PENSTOCK_RTMP_TRACK_AUDIO;
  guint32 wanted = tracks & ~player->unwanted;

  penstock_cursor_set_tracks (&player->cursor, wanted ? wanted : NO_TRACKS);
}

gboolean
penstock_rtmp_player_start (
    PenstockRtmpPlayer *player, PenstockRtmpPlayback *playback)
{
  penstock_rtmp_player_stop (player);
  if (!penstock_rtmp_playback_enter (playback))
    return FALSE;
  player->playback = penstock_rtmp_playback_ref (playback);
  player->audience =
      penstock_rtmp_playback_get_audience (playback, player->loop);
  player->paused = player->closing = player->has_media = FALSE;
  player->unwanted = 0;
  init_cursor (player);
  g_queue_push_tail_link (&player->audience->players, &player->link);
  if (player->audience->players.length == 1)
    penstock_rtmp_audience_open (player->audience);
  penstock_rtmp_connection_limit_kernel (
      player->connection, playback->merge_window_ms > 0);
  return TRUE;
}

void
penstock_rtmp_player_stop (PenstockRtmpPlayer *player)
{
  PenstockRtmpPlayback *playback = player->playback;

  drop_batch (player);
  forget_config (player);
  if (!playback)
    return;
  player->playback = NULL;
  g_queue_unlink (&player->audience->players, &player->link);
  if (player->audience->players.length == 0)
    penstock_rtmp_audience_dissolve (player->audience);
  player->audience = NULL;
  penstock_rtmp_playback_leave (playback);
  penstock_rtmp_playback_unref (playback);
}

void
penstock_rtmp_player_free (PenstockRtmpPlayer *player)
{
  if (!player)
    return;
  player->offset = 0;
  penstock_rtmp_player_stop (player);
  g_free (player);
}

gboolean
penstock_rtmp_player_pause (PenstockRtmpPlayer *player, gboolean on)
{
  if (!player->playback || player->paused == on)
    return FALSE;
  player->paused = on;
  player->behind = GST_CLOCK_TIME_NONE;
  drop_batch (player);
  if (on)
    return TRUE;
  /* As a new player: what was missed is not wanted any more. */
  forget_config (player);
  init_cursor (player);
  apply_unwanted (player);
  return TRUE;
}

void
penstock_rtmp_player_receive (
    PenstockRtmpPlayer *player, guint track, gboolean on)
{
  guint32 unwanted =
      on ? player->unwanted & ~(1u << track) : player->unwanted | 1u << track;

  if (!player->playback || unwanted == player->unwanted)
    return;
  player->unwanted = unwanted;
  apply_unwanted (player);
}

gboolean
penstock_rtmp_player_has_media (PenstockRtmpPlayer *player)
{
  return player->has_media;
}

/* --- sending ------------------------------------------------------------ */

static void
end (PenstockRtmpPlayer *player)
{
  penstock_rtmp_player_stop (player);
  player->over (player->owner);
}

static void
count_skips (PenstockRtmpPlayer *player)
{
  guint64 skips = player->cursor.stats.n_skips;

  if (skips != player->skips)
    __atomic_fetch_add (
        &player->playback->skips, skips - player->skips, __ATOMIC_RELAXED);
  player->skips = skips;
}

/* FALSE: there is nothing to send now. */
static gboolean
refill (PenstockRtmpPlayer *player)
{
  PenstockRtmpPlayback *playback = player->playback;
  /* First: what was appended before the end is still read. */
  gboolean ended = g_atomic_int_get (&playback->ended);

  player->n = player->position = 0;
  if (!player->closing && !player->paused)
    penstock_gop_log_read (
        playback->log, &player->cursor, player->batch, BATCH, &player->n);
  player->behind =
      player->n > 0 ? player->batch[player->n - 1].time : GST_CLOCK_TIME_NONE;
  if (player->n == 0) {
    if (ended || player->closing)
      end (player);
    return FALSE;
  }
  count_skips (player);
  return TRUE;
}

/* Sends @bytes if they are not those @sent last. */
static void
announce_one (PenstockRtmpPlayer *player, guint8 type, guint32 timestamp,
    GBytes *bytes, GBytes **sent)
{
  PenstockRtmpSession *session =
      penstock_rtmp_connection_get_session (player->connection);
  gsize size;

  if (bytes == *sent)
    return;
  g_clear_pointer (sent, g_bytes_unref);
  if (!bytes)
    return;
  *sent = g_bytes_ref (bytes);
  const guint8 *data = g_bytes_get_data (bytes, &size);
  penstock_rtmp_session_send (session, type, timestamp, data, size);
}

static void
announce (PenstockRtmpPlayer *player, const PenstockGopEntry *entry)
{
  const PenstockRtmpConfig *config = (PenstockRtmpConfig *) entry->context;
  guint32 time = ((PenstockRtmpChunks *) entry->payload)->timestamp;

  if (!config)
    return;
  /* At another time libavformat takes it for a track of text. */
  announce_one (
      player, PENSTOCK_RTMP_DATA, 0, config->metadata, &player->metadata);
  announce_one (
      player, PENSTOCK_RTMP_VIDEO, time, config->video, &player->video);
  announce_one (
      player, PENSTOCK_RTMP_AUDIO, time, config->audio, &player->audio);
}

/* Pieces of @entry from @offset on. Chunks are made for message stream 1. */
static guint
add_pieces (PenstockRtmpPlayer *player, const PenstockGopEntry *entry,
    gsize offset, guint8 *header, struct iovec *pieces)
{
  PenstockRtmpChunks *chunks = (PenstockRtmpChunks *) entry->payload;
  guint n = 0;

  if (header && offset < chunks->first_header) {
    pieces[n++] =
        (struct iovec){ header + offset, chunks->first_header - offset };
    offset = chunks->first_header;
  }
  pieces[n++] = (struct iovec){ chunks->data + offset, chunks->size - offset };
  return n;
}

/* For a player on another message stream: the entry's own header. */
static guint
gather_patched (PenstockRtmpPlayer *player, struct iovec *pieces, guint32 id)
{
  const PenstockGopEntry *entry = &player->batch[player->position];
  PenstockRtmpChunks *chunks = (PenstockRtmpChunks *) entry->payload;

  memcpy (player->header, chunks->data, chunks->first_header);
  GST_WRITE_UINT32_LE (player->header + STREAM_ID_AT, id);
  return add_pieces (player, entry, player->offset, player->header, pieces);
}

guint
penstock_rtmp_player_gather (
    PenstockRtmpPlayer *player, struct iovec *pieces, guint max)
{
  PenstockRtmpSession *session =
      penstock_rtmp_connection_get_session (player->connection);
  guint32 id = penstock_rtmp_session_get_stream_id (session);
  guint n = 0;

  if (player->offset == 0) {
    if (!player->playback)
      return 0;
    if (player->position == player->n && !refill (player))
      return 0;
    announce (player, &player->batch[player->position]);
  }
  if (id != 1)
    return gather_patched (player, pieces, id);
  for (guint i = player->position; i < player->n && n + PIECES <= max; i++) {
    if (i > player->position &&
        (player->offset > 0 ||
            player->batch[i].context != player->batch[i - 1].context))
      break;
    n += add_pieces (player, &player->batch[i],
        i == player->position ? player->offset : 0, NULL, pieces + n);
  }
  return n;
}

gboolean
penstock_rtmp_player_sent (PenstockRtmpPlayer *player, gsize size)
{
  if (player->playback)
    __atomic_fetch_add (&player->playback->bytes_sent, size, __ATOMIC_RELAXED);
  player->has_media = TRUE;
  player->offset += size;
  while (player->position < player->n) {
    PenstockGopEntry *entry = &player->batch[player->position];
    gsize whole = ((PenstockRtmpChunks *) entry->payload)->size;
    if (player->offset < whole)
      break;
    player->offset -= whole;
    penstock_gop_entry_clear (entry);
    player->position++;
  }
  return player->offset > 0;
}

/* --- audiences ---------------------------------------------------------- */

#define CACHE_LINE 64
/* Of a player, with the entries that usually are new: a picture and sound. */
#define HOT_SIZE G_STRUCT_OFFSET (PenstockRtmpPlayer, batch[3])

/* Hundreds of players do not fit into the processor's caches. While one is served,
 * that is while its write copies, the next two are fetched; of the first of them
 * the player itself is there already, and tells where its connection is. */
static void
fetch_ahead (const GList *next)
{
  if (!next)
    return;
  penstock_rtmp_connection_prefetch (
      ((PenstockRtmpPlayer *) next->data)->connection);
  if (!next->next)
    return;
  const guint8 *second =
      (const guint8 *) next->next - G_STRUCT_OFFSET (PenstockRtmpPlayer, link);
  for (gsize at = 0; at < HOT_SIZE; at += CACHE_LINE)
    __builtin_prefetch (second + at);
}

/* A player may leave while it is served. */
static void
serve_all (PenstockRtmpAudience *audience, gboolean closing)
{
  GstClockTime oldest = GST_CLOCK_TIME_NONE; /* the largest */
  GList *next;

  for (GList *l = audience->players.head; l; l = next) {
    PenstockRtmpPlayer *player = l->data;
    next = l->next;
    fetch_ahead (next);
    /* Of those that are blocked it is true, others have read all before. */
    oldest = MIN (oldest, player->behind);
    player->closing |= closing;
    if (closing)
      drop_batch (player);
    if (!penstock_rtmp_connection_is_blocked (player->connection))
      penstock_rtmp_connection_flush (player->connection);
  }
  if (audience->players.length > 0)
    __atomic_store_n (&audience->oldest, oldest, __ATOMIC_RELAXED);
}

static void
serve_now (PenstockRtmpAudience *audience)
{
  PenstockRtmpPlayback *playback = audience->playback;

  penstock_loop_clear_timer (audience->loop, &audience->wait);
  audience->served = penstock_loop_now (audience->loop);
  audience->pictures = penstock_gop_log_get_n_video (playback->log);
  penstock_gop_log_rearm_waker (playback->log, audience->waker);
  /* The last one may leave while it is served. */
  penstock_rtmp_playback_ref (playback);
  serve_all (audience, FALSE);
  penstock_rtmp_playback_unref (playback);
}

static void
on_waited (gpointer data)
{
  serve_now (data);
}

void
penstock_rtmp_audience_open (PenstockRtmpAudience *audience)
{
  audience->wait.fire = on_waited;
  audience->wait.data = audience;
  audience->waker = penstock_gop_log_add_waker (
      audience->playback->log, penstock_rtmp_audience_wake, audience);
}

void
penstock_rtmp_audience_dissolve (PenstockRtmpAudience *audience)
{
  penstock_loop_clear_timer (audience->loop, &audience->wait);
  penstock_gop_log_remove_waker (audience->playback->log, audience->waker);
  __atomic_store_n (&audience->oldest, GST_CLOCK_TIME_NONE, __ATOMIC_RELAXED);
}

/* Milliseconds since it was served last in which what is new can wait. */
static gint64
patience (PenstockRtmpAudience *audience)
{
  PenstockRtmpPlayback *playback = audience->playback;
  guint pictures = penstock_gop_log_get_n_video (playback->log);

  if (g_atomic_int_get (&playback->ended))
    return 0;
  if (playback->merge_window_ms > 0)
    return playback->merge_window_ms;
  return pictures > 0 && pictures == audience->pictures ? SOUND_WAIT_MS : 0;
}

void
penstock_rtmp_audience_serve (PenstockRtmpAudience *audience)
{
  if (audience->players.length == 0)
    return;
  gint64 rest = audience->served + patience (audience) -
      penstock_loop_now (audience->loop);
  if (rest <= 0) {
    serve_now (audience);
    return;
  }
  /* A picture ends the wait of sound, so it has to wake us. */
  if (audience->playback->merge_window_ms == 0)
    penstock_gop_log_rearm_waker (audience->playback->log, audience->waker);
  if (audience->wait.position == 0)
    penstock_loop_set_timer (audience->loop, &audience->wait, rest);
}

void
penstock_rtmp_audience_close (PenstockRtmpAudience *audience)
{
  serve_all (audience, TRUE);
}
