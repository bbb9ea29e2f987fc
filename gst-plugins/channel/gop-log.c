/* SPDX-License-Identifier: MIT
 *
 * The GOP log: a chain of blocks of entries. The writer fills the newest block
 * and publishes each entry with an atomic count; the lock is only for the
 * chain (a new block, giving up old ones, looking a block up). Readers keep
 * positions, not references, between reads: memory is bounded by the log. */

#include "gop-log.h"

/* Entries of one block: enough that the lock is rare, small enough that
 * giving up whole blocks keeps memory near the bound. */
#define BLOCK_ENTRIES 64

/* A block takes at most this part of the byte limit, so that giving up the
 * oldest one is never giving up all. */
#define MIN_BLOCKS 16

/* Without video every entry is a sync point; a GOP is then this long, which is
 * what a joiner gets from the cache. */
#define AUDIO_GOP_TIME GST_SECOND

typedef struct {
  gint refs;     /* atomic */
  gint n;        /* atomic; entries published */
  gboolean head; /* begins a GOP: its first entry is a sync point */
  guint64 first; /* seq of entries[0] */
  guint64 start; /* bytes appended to the log before it */
  guint64 bytes; /* writer only */
  PenstockGopEntry entries[BLOCK_ENTRIES];
} Block;

typedef struct {
  guint id;
  gint armed; /* atomic */
  PenstockWakeFunc func;
  gpointer user_data;
} Waker;

struct _PenstockGopLog {
  gint refs; /* atomic */
  PenstockGopLogLimits limits;

  guint video_track; /* writer only; valid with has_video */

  GMutex lock;        /* guards the rest */
  gboolean has_video; /* a video track decides where GOPs begin */
  GQueue blocks;      /* of Block, oldest first */
  guint64 next_seq;   /* stored atomically: is_at_end() reads it without */
  guint n_video; /* likewise, after it: who sees a picture counted reads it */
  guint64 bytes;
  guint64 total_bytes;  /* ever appended */
  guint64 keyframe_seq; /* newest GOP head; valid with has_keyframe */
  GstClockTime keyframe_time;
  guint64 keyframe_start; /* bytes appended before it */
  gboolean has_keyframe;
  GstClockTime newest_time;
  guint64 gops_given_up;
  guint64 gone[PENSTOCK_GOP_LOG_MAX_TRACKS]; /* seq after the newest entry of a
                                                track that is not kept */

  GMutex wakers_lock; /* guards the list; held while calling */
  GPtrArray *wakers;
  guint next_waker_id;
};

static void
block_unref (Block *block)
{
  if (!g_atomic_int_dec_and_test (&block->refs))
    return;
  for (gint i = 0; i < block->n; i++)
    penstock_gop_entry_clear (&block->entries[i]);
  g_free (block);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Block, block_unref)

void
penstock_gop_entry_clear (PenstockGopEntry *entry)
{
  g_clear_pointer (&entry->payload, gst_mini_object_unref);
  g_clear_pointer (&entry->context, gst_mini_object_unref);
}

PenstockGopLog *
penstock_gop_log_new (const PenstockGopLogLimits *limits)
{
  static const PenstockGopLogLimits defaults = PENSTOCK_GOP_LOG_DEFAULT_LIMITS;
  PenstockGopLog *log = g_new0 (PenstockGopLog, 1);

  log->refs = 1;
  log->limits = limits ? *limits : defaults;
  log->newest_time = GST_CLOCK_TIME_NONE;
  log->next_waker_id = 1;
  g_mutex_init (&log->lock);
  g_mutex_init (&log->wakers_lock);
  g_queue_init (&log->blocks);
  log->wakers = g_ptr_array_new_with_free_func (g_free);
  return log;
}

PenstockGopLog *
penstock_gop_log_ref (PenstockGopLog *log)
{
  g_atomic_int_inc (&log->refs);
  return log;
}

void
penstock_gop_log_unref (PenstockGopLog *log)
{
  if (!log || !g_atomic_int_dec_and_test (&log->refs))
    return;
  g_queue_clear_full (&log->blocks, (GDestroyNotify) block_unref);
  g_ptr_array_unref (log->wakers);
  g_mutex_clear (&log->wakers_lock);
  g_mutex_clear (&log->lock);
  g_free (log);
}

void
penstock_gop_log_set_limits (
    PenstockGopLog *log, const PenstockGopLogLimits *limits)
{
  g_mutex_lock (&log->lock);
  log->limits = *limits;
  g_mutex_unlock (&log->lock);
}

/* --- writer ------------------------------------------------------------- */

/* Takes the oldest block off the chain; the caller drops it without the lock. */
static Block *
pop_oldest (PenstockGopLog *log)
{
  Block *block = g_queue_pop_head (&log->blocks);

  log->bytes -= block->bytes;
  for (gint i = 0; i < block->n; i++)
    log->gone[block->entries[i].track] = block->entries[i].seq + 1;
  if (log->has_keyframe && log->keyframe_seq == block->first)
    log->has_keyframe = FALSE;
  return block;
}

static GstClockTime
oldest_time (PenstockGopLog *log)
{
  const Block *block = g_queue_peek_head (&log->blocks);

  return block ? block->entries[0].time : log->newest_time;
}

/* The first GOP head behind the oldest block, or NULL. */
static const Block *
second_head (PenstockGopLog *log)
{
  GList *first = g_queue_peek_head_link (&log->blocks);

  for (GList *l = first ? first->next : NULL; l; l = l->next)
    if (((Block *) l->data)->head)
      return l->data;
  return NULL;
}

static gboolean
over_bounds (PenstockGopLog *log)
{
  const Block *oldest = g_queue_peek_head (&log->blocks);

  if (!oldest)
    return FALSE;
  return log->bytes > log->limits.max_bytes ||
      log->next_seq - oldest->first > log->limits.max_entries ||
      (log->newest_time > oldest->entries[0].time &&
          log->newest_time - oldest->entries[0].time > log->limits.max_time);
}

/* Whether all entries before @next are older than what slow readers get. */
static gboolean
outdated (PenstockGopLog *log, const Block *next)
{
  GstClockTime time = next->entries[0].time;

  return log->newest_time > time &&
      log->newest_time - time > log->limits.retention;
}

/* Drops blocks from the oldest on that begin below seq @keep. */
static void
drop_until (PenstockGopLog *log, guint64 keep, GQueue *gone)
{
  const Block *oldest;

  while ((oldest = g_queue_peek_head (&log->blocks)) && oldest->first < keep)
    g_queue_push_tail (gone, pop_oldest (log));
}

/* Gives up what nobody may need any more: whole GOPs behind the newest
 * keyframe and the retention. Over a bound the oldest GOP goes whatever its
 * age; the newest GOP then loses its head, so that joiners wait for the next
 * keyframe while readers that are up to date notice nothing. The caller drops
 * the blocks in @gone without the lock. */
static void
trim (PenstockGopLog *log, GQueue *gone)
{
  while (log->blocks.length > 0) {
    Block *oldest = g_queue_peek_head (&log->blocks);
    gboolean over = over_bounds (log);
    const Block *next = oldest->head ? second_head (log)
        : log->blocks.length > 1     ? g_queue_peek_nth (&log->blocks, 1)
                                     : NULL;

    if (next && (over || outdated (log, next))) {
      if (over && oldest->head)
        log->gops_given_up++;
      drop_until (log, next->first, gone);
    } else if (!next && over && oldest->head) {
      oldest->head = FALSE;
      log->has_keyframe = FALSE;
      log->gops_given_up++;
    } else {
      return;
    }
  }
}

static gboolean
starts_gop (PenstockGopLog *log, guint track, PenstockEntryFlags flags,
    GstClockTime time)
{
  if (flags & PENSTOCK_ENTRY_VIDEO) {
    if (!log->has_video) {
      log->has_video = TRUE;
      log->video_track = track;
    }
    return track == log->video_track && (flags & PENSTOCK_ENTRY_KEYFRAME);
  }
  return !log->has_video &&
      (!log->has_keyframe || (flags & PENSTOCK_ENTRY_DISCONT) ||
          time >= log->keyframe_time + AUDIO_GOP_TIME);
}

static void
wake_readers (PenstockGopLog *log)
{
  g_mutex_lock (&log->wakers_lock);
  for (guint i = 0; i < log->wakers->len; i++) {
    Waker *waker = g_ptr_array_index (log->wakers, i);
    if (g_atomic_int_compare_and_exchange (&waker->armed, 1, 0))
      waker->func (waker->user_data);
  }
  g_mutex_unlock (&log->wakers_lock);
}

guint64
penstock_gop_log_append (PenstockGopLog *log, guint track,
    PenstockEntryFlags flags, GstClockTime time, gsize size,
    GstMiniObject *payload, GstMiniObject *context)
{
  g_return_val_if_fail (track < PENSTOCK_GOP_LOG_MAX_TRACKS, 0);

  GQueue gone = G_QUEUE_INIT;
  g_mutex_lock (&log->lock);
  gboolean head = starts_gop (log, track, flags, time);
  Block *block = g_queue_peek_tail (&log->blocks);
  if (!block || head || block->n == BLOCK_ENTRIES ||
      block->bytes > log->limits.max_bytes / MIN_BLOCKS) {
    block = g_new0 (Block, 1);
    block->refs = 1;
    block->head = head;
    block->first = log->next_seq;
    block->start = log->total_bytes;
    g_queue_push_tail (&log->blocks, block);
  }

  block->entries[block->n] = (PenstockGopEntry){
    .seq = log->next_seq,
    .track = track,
    .flags = flags,
    .time = time,
    .size = size,
    .payload = payload,
    .context = context ? gst_mini_object_ref (context) : NULL,
  };
  block->bytes += size;
  log->bytes += size;
  if (head) {
    log->has_keyframe = TRUE;
    log->keyframe_seq = log->next_seq;
    log->keyframe_time = time;
    log->keyframe_start = log->total_bytes;
  }
  log->total_bytes += size;
  log->newest_time = time;
  guint64 seq = log->next_seq;
  __atomic_store_n (&log->next_seq, seq + 1, __ATOMIC_RELEASE);
  if (flags & PENSTOCK_ENTRY_VIDEO)
    __atomic_store_n (&log->n_video, log->n_video + 1, __ATOMIC_RELEASE);
  g_atomic_int_inc (&block->n);
  trim (log, &gone);
  g_mutex_unlock (&log->lock);

  g_queue_clear_full (&gone, (GDestroyNotify) block_unref);
  wake_readers (log);
  return seq;
}

void
penstock_gop_log_clear (PenstockGopLog *log)
{
  GQueue gone = G_QUEUE_INIT;

  g_mutex_lock (&log->lock);
  while (!g_queue_is_empty (&log->blocks))
    g_queue_push_tail (&gone, pop_oldest (log));
  log->has_video = FALSE;
  g_mutex_unlock (&log->lock);
  g_queue_clear_full (&gone, (GDestroyNotify) block_unref);
}

void
penstock_gop_log_end_video (PenstockGopLog *log)
{
  g_mutex_lock (&log->lock);
  log->has_video = FALSE;
  g_mutex_unlock (&log->lock);
}

/* --- readers ------------------------------------------------------------ */

void
penstock_cursor_init (
    PenstockCursor *cursor, const PenstockCursorSettings *settings)
{
  static const PenstockCursorSettings defaults =
      PENSTOCK_CURSOR_DEFAULT_SETTINGS;

  *cursor = (PenstockCursor){ .settings = settings ? *settings : defaults };
}

static gboolean
cursor_wants (const PenstockCursor *cursor, guint track)
{
  return cursor->settings.track_mask == 0 ||
      (cursor->settings.track_mask & (1u << track));
}

/* The link of the block that holds seq @seq, newest first: readers are near
 * the end. */
static GList *
find_block (PenstockGopLog *log, guint64 seq)
{
  for (GList *l = g_queue_peek_tail_link (&log->blocks); l; l = l->prev)
    if (((Block *) l->data)->first <= seq)
      return l;
  return NULL;
}

/* Whether entries that the cursor should have read are gone. Moves it past
 * those of other tracks. Called with the lock. */
static gboolean
has_lost_entries (PenstockCursor *cursor, PenstockGopLog *log)
{
  const Block *oldest = g_queue_peek_head (&log->blocks);
  guint64 first = oldest ? oldest->first : log->next_seq;

  if (cursor->next >= first)
    return FALSE;
  for (guint i = 0; i < PENSTOCK_GOP_LOG_MAX_TRACKS; i++)
    if (cursor_wants (cursor, i) && log->gone[i] > cursor->next)
      return TRUE;
  cursor->next = first;
  return FALSE;
}

/* Moves the cursor to the next entry of its tracks, or to the end. Others do
 * not count as lag. Called with the lock. Returns: its block or NULL */
static Block *
pass_unwanted (PenstockCursor *cursor, PenstockGopLog *log)
{
  for (GList *l = find_block (log, cursor->next); l; l = l->next) {
    Block *block = l->data;
    while (cursor->next < block->first + block->n) {
      if (cursor_wants (
              cursor, block->entries[cursor->next - block->first].track))
        return block;
      cursor->next++;
    }
  }
  return NULL;
}

static GstClockTime
later_by (GstClockTime later, GstClockTime time)
{
  return later > time ? later - time : 0;
}

/* Where a new reader begins. Called with the lock. */
static void
cursor_start (PenstockCursor *cursor, PenstockGopLog *log)
{
  cursor->started = TRUE;
  cursor->await_keyframe = G_MAXUINT32;
  cursor->next = log->next_seq;
  if (cursor->settings.start != PENSTOCK_START_KEYFRAME && log->has_keyframe)
    cursor->next = log->keyframe_seq;
  cursor->video_from = cursor->next;
  if (cursor->settings.free_burst && cursor->next < log->next_seq)
    cursor->burst = later_by (log->newest_time, log->keyframe_time);
}

guint64
penstock_gop_log_start (
    PenstockGopLog *log, PenstockCursor *cursor, guint64 from)
{
  g_mutex_lock (&log->lock);
  cursor_start (cursor, log);
  if (from <= log->next_seq &&
      (from == log->next_seq || find_block (log, from)))
    cursor->next = cursor->video_from = from;
  g_mutex_unlock (&log->lock);
  return cursor->next;
}

void
penstock_cursor_set_tracks (PenstockCursor *cursor, guint32 track_mask)
{
  cursor->settings.track_mask = track_mask;
  cursor->await_keyframe = G_MAXUINT32;
  cursor->lost = G_MAXUINT32;
}

static void
cursor_skip_video_to (PenstockCursor *cursor, guint64 seq)
{
  cursor->video_from = seq;
  cursor->await_keyframe = G_MAXUINT32;
  cursor->burst = 0;
  cursor->stats.n_skips++;
}

/* How far a reader is behind some later place. */
typedef struct {
  GstClockTime time;
  guint64 bytes, entries;
} Distance;

/* Whether it is beyond 1/@part of a limit; 0 = that limit is none. */
static gboolean
is_beyond (const PenstockCursorSettings *settings, GstClockTime max_time,
    Distance distance, guint part)
{
  return (max_time && distance.time > max_time / part) ||
      (settings->max_lag_bytes &&
          distance.bytes > settings->max_lag_bytes / part) ||
      (settings->max_lag_entries &&
          distance.entries > settings->max_lag_entries / part);
}

/* Bytes appended to the log before an entry of @block. */
static guint64
entry_start (const Block *block, guint index)
{
  guint64 start = block->start;

  for (guint i = 0; i < index; i++)
    start += block->entries[i].size;
  return start;
}

/* What the policy does to a reader beyond its limit, with the lock. FALSE: the
 * reader must go. */
static gboolean
apply_policy (PenstockCursor *cursor, PenstockGopLog *log)
{
  switch (cursor->settings.policy) {
  case PENSTOCK_SLOW_DISCONNECT:
    return FALSE;
  case PENSTOCK_SLOW_AUDIO_ONLY:
    cursor->audio_only = TRUE;
    cursor->stats.n_skips++;
    break;
  case PENSTOCK_SLOW_SKIP_TO_KEYFRAME:
  case PENSTOCK_SLOW_DROP_NON_REFERENCE_FIRST:
    cursor_skip_video_to (cursor, log->keyframe_seq);
    break;
  }
  return TRUE;
}

/* Without video there is no keyframe to skip to: audio is skipped entry by
 * entry, and only a reader that is to be disconnected is told here. */
static gboolean
check_audio_lag (const PenstockCursor *cursor, const PenstockGopLog *log,
    const Block *block, guint index)
{
  const PenstockCursorSettings *settings = &cursor->settings;
  Distance distance = {
    later_by (log->newest_time, block->entries[index].time),
    log->total_bytes - entry_start (block, index),
    log->next_seq - cursor->next,
  };

  return settings->policy != PENSTOCK_SLOW_DISCONNECT || cursor->seen == 0 ||
      !is_beyond (settings, settings->max_audio_lag, distance, 1);
}

/* Decides by the policy whether a lagging reader's video jumps. Called with
 * the lock; @block and @index are those of the next entry. FALSE: the reader
 * must go. */
static gboolean
apply_lag_policy (PenstockCursor *cursor, PenstockGopLog *log,
    const Block *block, guint index)
{
  const PenstockCursorSettings *settings = &cursor->settings;

  if (!log->has_video)
    return check_audio_lag (cursor, log, block, index);
  if (cursor->audio_only || !log->has_keyframe ||
      log->keyframe_seq <= cursor->next ||
      log->keyframe_seq <= cursor->video_from)
    return TRUE;

  Distance distance = {
    later_by (log->keyframe_time, block->entries[index].time),
    log->keyframe_start - entry_start (block, index),
    log->keyframe_seq - cursor->next,
  };
  GstClockTime max_lag =
      settings->max_lag ? settings->max_lag + cursor->burst : 0;
  return !is_beyond (settings, max_lag, distance, 1) ||
      apply_policy (cursor, log);
}

/* What the cursor missed is gone: go on at the newest keyframe, or with what
 * comes next, if its policy lets it go on. Called with the lock. */
static gboolean
cursor_overrun (PenstockCursor *cursor, PenstockGopLog *log)
{
  const PenstockCursorSettings *settings = &cursor->settings;
  const Distance endless = { G_MAXUINT64, G_MAXUINT64, G_MAXUINT64 };
  const Block *oldest = g_queue_peek_head (&log->blocks);
  guint64 target = log->next_seq;

  if (cursor->seen && is_beyond (settings, settings->max_lag, endless, 1)) {
    if (settings->policy == PENSTOCK_SLOW_DISCONNECT)
      return FALSE;
    if (settings->policy == PENSTOCK_SLOW_AUDIO_ONLY && log->has_video)
      cursor->audio_only = TRUE;
  }
  if (log->has_keyframe)
    target = log->keyframe_seq;
  else if (oldest)
    target = oldest->first;
  cursor->stats.skipped_overrun += target - cursor->next;
  cursor->next = target;
  cursor->lost = G_MAXUINT32;
  cursor_skip_video_to (cursor, target);
  return TRUE;
}

typedef struct {
  gboolean has_video;
  GstClockTime newest_time;
  guint64 next_seq;
  guint64 total_bytes;
} LogView; /* what a reader decides on, taken under the lock */

/* Whether this reader gets @entry; counts what it does not get. */
static gboolean
cursor_takes (PenstockCursor *cursor, const LogView *view, const Block *block,
    guint index)
{
  const PenstockCursorSettings *settings = &cursor->settings;
  const PenstockGopEntry *entry = &block->entries[index];
  guint32 bit = 1u << entry->track;
  Distance lag = {
    .time = later_by (view->newest_time, entry->time),
    .entries = view->next_seq - entry->seq,
  };
  if (lag.time <= settings->max_lag)
    cursor->burst = 0;
  if (settings->max_lag_bytes)
    lag.bytes = view->total_bytes - entry_start (block, index);

  if (!(entry->flags & PENSTOCK_ENTRY_VIDEO)) {
    /* Never the burst of a joiner: only audio that the video has left behind,
     * or audio of a reader that gets nothing else. */
    gboolean behind = cursor->audio_only || !view->has_video
        ? (cursor->seen & bit) != 0
        : entry->seq < cursor->video_from;
    if (view->has_video)
      lag.bytes = lag.entries = 0; /* it is video that these limit */
    if (behind && is_beyond (settings, settings->max_audio_lag, lag, 1)) {
      cursor->stats.skipped_audio++;
      cursor->lost |= bit;
      return FALSE;
    }
    return TRUE;
  }

  if (cursor->audio_only || entry->seq < cursor->video_from) {
    cursor->stats.skipped_lag++;
    cursor->lost |= bit;
    return FALSE;
  }
  if (cursor->await_keyframe & bit) {
    if (!(entry->flags & PENSTOCK_ENTRY_KEYFRAME)) {
      if (cursor->seen & bit) {
        cursor->stats.skipped_lag++;
        cursor->lost |= bit;
      }
      return FALSE;
    }
    cursor->await_keyframe &= ~bit;
  }
  if (settings->policy == PENSTOCK_SLOW_DROP_NON_REFERENCE_FIRST &&
      (entry->flags & PENSTOCK_ENTRY_DROPPABLE) && (cursor->seen & bit) &&
      is_beyond (settings, settings->max_lag, lag, 2)) {
    cursor->stats.skipped_non_reference++;
    return FALSE;
  }
  return TRUE;
}

static void
cursor_take (PenstockCursor *cursor, const PenstockGopEntry *entry,
    PenstockGopEntry *out)
{
  guint32 bit = 1u << entry->track;

  *out = *entry;
  gst_mini_object_ref (out->payload);
  if (out->context)
    gst_mini_object_ref (out->context);
  if (cursor->lost & bit) {
    if (cursor->seen & bit)
      out->flags |= PENSTOCK_ENTRY_DISCONT;
    cursor->lost &= ~bit;
  }
  cursor->seen |= bit;
  cursor->stats.n_read++;
}

/* Without the lock: a reader whose waker is armed is woken for what comes. */
static gboolean
is_at_end (PenstockGopLog *log, const PenstockCursor *cursor)
{
  return cursor->started &&
      cursor->next == __atomic_load_n (&log->next_seq, __ATOMIC_ACQUIRE);
}

PenstockReadResult
penstock_gop_log_read (PenstockGopLog *log, PenstockCursor *cursor,
    PenstockGopEntry *out, guint max, guint *n_out)
{
  *n_out = 0;
  while (*n_out < max && !is_at_end (log, cursor)) {
    g_autoptr (Block) block = NULL;
    gint published = 0;
    LogView view;

    g_mutex_lock (&log->lock);
    if (!cursor->started)
      cursor_start (cursor, log);
    gboolean may_stay = TRUE;
    if (has_lost_entries (cursor, log))
      may_stay = cursor_overrun (cursor, log);
    if (may_stay)
      block = pass_unwanted (cursor, log);
    if (block) {
      published = g_atomic_int_get (&block->n);
      may_stay =
          apply_lag_policy (cursor, log, block, cursor->next - block->first);
    }
    if (!may_stay)
      block = NULL;
    if (block)
      g_atomic_int_inc (&block->refs);
    view = (LogView){ log->has_video, log->newest_time, log->next_seq,
      log->total_bytes };
    g_mutex_unlock (&log->lock);
    if (!may_stay)
      return *n_out > 0 ? PENSTOCK_READ_OK : PENSTOCK_READ_TOO_SLOW;
    if (!block)
      break;

    for (gint i = cursor->next - block->first; i < published && *n_out < max;
         i++) {
      const PenstockGopEntry *entry = &block->entries[i];
      cursor->next = entry->seq + 1;
      if (cursor_wants (cursor, entry->track) &&
          cursor_takes (cursor, &view, block, i))
        cursor_take (cursor, entry, &out[(*n_out)++]);
    }
  }
  return *n_out > 0 ? PENSTOCK_READ_OK : PENSTOCK_READ_EMPTY;
}

gboolean
penstock_gop_log_is_too_slow (PenstockGopLog *log, const PenstockCursor *cursor)
{
  PenstockCursor probe = *cursor; /* what the policies change is lost */
  gboolean may_stay = TRUE;

  if (!cursor->started)
    return FALSE;
  g_mutex_lock (&log->lock);
  if (has_lost_entries (&probe, log))
    may_stay = cursor_overrun (&probe, log);
  const Block *block = may_stay ? pass_unwanted (&probe, log) : NULL;
  if (block)
    may_stay = apply_lag_policy (&probe, log, block, probe.next - block->first);
  g_mutex_unlock (&log->lock);
  return !may_stay;
}

GstClockTime
penstock_gop_log_get_lag (PenstockGopLog *log, const PenstockCursor *cursor)
{
  PenstockCursor probe = *cursor;
  GstClockTime lag = 0;

  if (!cursor->started)
    return 0;
  g_mutex_lock (&log->lock);
  if (has_lost_entries (&probe, log)) {
    lag = log->newest_time - oldest_time (log);
  } else {
    const Block *block = pass_unwanted (&probe, log);
    if (block)
      lag = later_by (
          log->newest_time, block->entries[probe.next - block->first].time);
  }
  g_mutex_unlock (&log->lock);
  return lag;
}

void
penstock_gop_log_get_backlog (
    PenstockGopLog *log, const PenstockCursor *cursor, PenstockBacklog *backlog)
{
  *backlog = (PenstockBacklog){ .lag = penstock_gop_log_get_lag (log, cursor) };
  if (!cursor->started)
    return;

  g_mutex_lock (&log->lock);
  for (GList *l = g_queue_peek_tail_link (&log->blocks); l; l = l->prev) {
    const Block *block = l->data;
    for (gint i = 0; i < block->n; i++)
      if (block->entries[i].seq >= cursor->next &&
          cursor_wants (cursor, block->entries[i].track)) {
        backlog->entries++;
        backlog->bytes += block->entries[i].size;
      }
    if (block->first <= cursor->next)
      break;
  }
  g_mutex_unlock (&log->lock);
}

guint
penstock_gop_log_get_n_video (PenstockGopLog *log)
{
  return __atomic_load_n (&log->n_video, __ATOMIC_ACQUIRE);
}

guint
penstock_gop_log_add_waker (
    PenstockGopLog *log, PenstockWakeFunc func, gpointer user_data)
{
  Waker *waker = g_new0 (Waker, 1);

  waker->func = func;
  waker->user_data = user_data;
  waker->armed = 1;
  g_mutex_lock (&log->wakers_lock);
  waker->id = log->next_waker_id++;
  guint id = waker->id;
  g_ptr_array_add (log->wakers, waker);
  g_mutex_unlock (&log->wakers_lock);
  return id;
}

static Waker *
find_waker (PenstockGopLog *log, guint id)
{
  for (guint i = 0; i < log->wakers->len; i++) {
    Waker *waker = g_ptr_array_index (log->wakers, i);
    if (waker->id == id)
      return waker;
  }
  return NULL;
}

void
penstock_gop_log_remove_waker (PenstockGopLog *log, guint id)
{
  g_mutex_lock (&log->wakers_lock);
  Waker *waker = find_waker (log, id);
  if (waker)
    g_ptr_array_remove_fast (log->wakers, waker);
  g_mutex_unlock (&log->wakers_lock);
}

void
penstock_gop_log_rearm_waker (PenstockGopLog *log, guint id)
{
  g_mutex_lock (&log->wakers_lock);
  Waker *waker = find_waker (log, id);
  if (waker)
    g_atomic_int_set (&waker->armed, 1);
  g_mutex_unlock (&log->wakers_lock);
}

void
penstock_gop_log_get_stats (PenstockGopLog *log, PenstockGopLogStats *stats)
{
  g_mutex_lock (&log->lock);
  const Block *oldest = g_queue_peek_head (&log->blocks);
  *stats = (PenstockGopLogStats){
    .bytes = log->bytes,
    .entries = oldest ? log->next_seq - oldest->first : 0,
    .newest_time = log->newest_time,
    .next_seq = log->next_seq,
    .has_keyframe = log->has_keyframe,
    .keyframe_time = log->keyframe_time,
    .gops_given_up = log->gops_given_up,
  };
  if (oldest && log->newest_time > oldest_time (log))
    stats->duration = log->newest_time - oldest_time (log);
  g_mutex_unlock (&log->lock);
}
