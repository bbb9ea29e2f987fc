/* SPDX-License-Identifier: MIT
 *
 * The GOP log: an ordered, bounded log of timed, refcounted entries of several
 * tracks, and cursors that read it. Pure data structure, thread-safe: one
 * writer, any number of readers. Used for access units (channel), RTP packets
 * and pre-chunked RTMP messages. */
#ifndef PENSTOCK_GOP_LOG_H
#define PENSTOCK_GOP_LOG_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Tracks are small numbers; a track mask has one bit for each. */
#define PENSTOCK_GOP_LOG_MAX_TRACKS 32

typedef struct _PenstockGopLog PenstockGopLog;

/**
 * PenstockGopLogLimits:
 * @max_bytes: bytes of all entries kept
 * @max_time: nanoseconds from the oldest to the newest entry
 * @max_entries: number of entries kept
 * @retention: nanoseconds kept behind the newest entry for readers that lag,
 *   as long as the bounds above allow it
 *
 * Bounds of a log. A GOP that exceeds a bound is given up as a whole; joiners
 * then wait for the next keyframe.
 */
typedef struct
{
  guint64 max_bytes;
  GstClockTime max_time;
  guint max_entries;
  GstClockTime retention;
} PenstockGopLogLimits;

#define PENSTOCK_GOP_LOG_DEFAULT_LIMITS \
  { 64 * 1024 * 1024, 30 * GST_SECOND, 4096, 3 * GST_SECOND }

typedef enum
{
  PENSTOCK_ENTRY_VIDEO = 1 << 0,     /* waits for keyframes, may be skipped */
  PENSTOCK_ENTRY_KEYFRAME = 1 << 1,  /* decoding can start here */
  PENSTOCK_ENTRY_DROPPABLE = 1 << 2, /* no other entry refers to it */
  PENSTOCK_ENTRY_DISCONT = 1 << 3,   /* timeline or data broke before it */
} PenstockEntryFlags;

/**
 * PenstockGopEntry:
 * @seq: position in the log, counted from 0 over its whole life
 * @track: track number, below %PENSTOCK_GOP_LOG_MAX_TRACKS
 * @time: nanoseconds; decides retention and lag (decoding time)
 * @size: bytes accounted for
 * @payload: (transfer none): what is delivered
 * @context: (nullable) (transfer none): what a reader must know before the
 *   payload makes sense (the layout it belongs to)
 */
typedef struct
{
  guint64 seq;
  guint track;
  PenstockEntryFlags flags;
  GstClockTime time;
  gsize size;
  GstMiniObject *payload;
  GstMiniObject *context;
} PenstockGopEntry;

typedef enum
{
  PENSTOCK_START_CACHE,    /* at the newest keyframe */
  PENSTOCK_START_KEYFRAME, /* at the next keyframe */
  PENSTOCK_START_CATCH_UP, /* cache; the owner re-stamps the burst */
} PenstockStart;

typedef enum
{
  PENSTOCK_SLOW_SKIP_TO_KEYFRAME,
  PENSTOCK_SLOW_DROP_NON_REFERENCE_FIRST,
  PENSTOCK_SLOW_AUDIO_ONLY,
  PENSTOCK_SLOW_DISCONNECT,
} PenstockSlowPolicy;

/**
 * PenstockCursorSettings:
 * @start: where a new cursor begins
 * @policy: what happens to a reader that lags
 * @max_lag: nanoseconds a reader may be behind a newer keyframe before its
 *   video is skipped to that keyframe; 0 = never skip
 * @max_audio_lag: nanoseconds; older audio is skipped; 0 = never
 * @track_mask: tracks to read, 0 = all
 * @max_lag_bytes: like @max_lag, in bytes of all tracks; 0 = no limit. Without
 *   video it limits audio
 * @max_lag_entries: the same in entries of all tracks
 * @free_burst: what a reader is behind when it begins comes on top of @max_lag
 *   until it has caught up: one that gets a long GOP over a narrow line is not
 *   slow
 */
typedef struct
{
  PenstockStart start;
  PenstockSlowPolicy policy;
  GstClockTime max_lag;
  GstClockTime max_audio_lag;
  guint32 track_mask;
  guint64 max_lag_bytes;
  guint max_lag_entries;
  gboolean free_burst;
} PenstockCursorSettings;

#define PENSTOCK_CURSOR_DEFAULT_SETTINGS \
  { PENSTOCK_START_CACHE, PENSTOCK_SLOW_SKIP_TO_KEYFRAME, 2 * GST_SECOND, \
    10 * GST_SECOND, 0, 0, 0, FALSE }

typedef struct
{
  guint64 n_read;
  guint64 skipped_lag;          /* video entries skipped to a keyframe */
  guint64 skipped_non_reference;/* droppable entries skipped */
  guint64 skipped_audio;        /* audio entries over max_audio_lag */
  guint64 skipped_overrun;      /* entries gone from the log before read */
  guint64 n_skips;              /* times the reader jumped */
} PenstockCursorStats;

/**
 * PenstockCursor:
 *
 * A reader's position. Owned and used by one thread; holds no reference to
 * the log's memory, so a reader that never comes back costs nothing.
 * @audio_only (read-only) tells that the policy of that name has struck.
 */
typedef struct
{
  PenstockCursorSettings settings;
  PenstockCursorStats stats;
  gboolean audio_only;
  /*< private >*/
  guint64 next;            /* seq of the next entry */
  guint64 video_from;      /* video below this seq is skipped */
  guint32 await_keyframe;  /* mask of video tracks that wait for one */
  guint32 seen;            /* tracks already delivered */
  guint32 lost;            /* tracks whose next entry is DISCONT */
  GstClockTime burst;      /* what it was behind when it began; 0 = caught up */
  gboolean started;
} PenstockCursor;

typedef enum
{
  PENSTOCK_READ_OK,      /* at least one entry */
  PENSTOCK_READ_EMPTY,   /* nothing new; wait for the waker */
  PENSTOCK_READ_TOO_SLOW,/* policy `disconnect` and over the limit */
} PenstockReadResult;

/* Called by the writer when there is something new; once until re-armed with
 * penstock_gop_log_rearm_waker(). A reader re-arms, then reads until EMPTY,
 * then waits: so nothing is missed. Must not block or call into the log. */
typedef void (*PenstockWakeFunc) (gpointer user_data);

PenstockGopLog *penstock_gop_log_new (const PenstockGopLogLimits *limits);
PenstockGopLog *penstock_gop_log_ref (PenstockGopLog *log);
void penstock_gop_log_unref (PenstockGopLog *log);

/* New bounds; apply from the next append on. */
void penstock_gop_log_set_limits (PenstockGopLog *log,
    const PenstockGopLogLimits *limits);

/**
 * penstock_gop_log_append:
 * @log: a log
 * @track: track number
 * @flags: see #PenstockEntryFlags
 * @time: nanoseconds, monotonic per track
 * @size: bytes to account for
 * @payload: (transfer full): the entry
 * @context: (nullable) (transfer none): its context; a ref is taken
 *
 * Adds one entry. Never waits for readers. One thread at a time.
 *
 * Returns: the entry's sequence number
 */
guint64 penstock_gop_log_append (PenstockGopLog *log, guint track,
    PenstockEntryFlags flags, GstClockTime time, gsize size,
    GstMiniObject *payload, GstMiniObject *context);

/**
 * penstock_gop_log_clear:
 *
 * Gives up all that is cached; readers go on with what comes next and video
 * waits for a keyframe.
 */
void penstock_gop_log_clear (PenstockGopLog *log);

/**
 * penstock_gop_log_end_video:
 *
 * The video that decided where GOPs begin has ended: what is cached stays, and
 * other video, or audio alone, decides from the next entry on.
 */
void penstock_gop_log_end_video (PenstockGopLog *log);

void penstock_cursor_init (PenstockCursor *cursor,
    const PenstockCursorSettings *settings);

/**
 * penstock_gop_log_start:
 * @log: a log
 * @cursor: a cursor that has not been read
 * @from: sequence number to begin at, %PENSTOCK_START_BY_SETTINGS = as its
 *   settings say
 *
 * Fixes now, not at the first read, where a reader begins; so several cursors
 * can begin at one place. A @from that is gone counts as BY_SETTINGS.
 *
 * Returns: the sequence number it begins at
 */
guint64 penstock_gop_log_start (PenstockGopLog *log, PenstockCursor *cursor,
    guint64 from);
#define PENSTOCK_START_BY_SETTINGS G_MAXUINT64

/* Other tracks from now on (0 = all): video goes on at a keyframe. */
void penstock_cursor_set_tracks (PenstockCursor *cursor, guint32 track_mask);

/**
 * penstock_gop_log_read:
 * @log: a log
 * @cursor: the reader's position, moved
 * @out: (out caller-allocates): entries; payload and context are new refs the
 *   caller drops with penstock_gop_entry_clear()
 * @max: length of @out
 * @n_out: (out): entries written
 *
 * Reads what is next for this reader, applying its skip policy.
 */
PenstockReadResult penstock_gop_log_read (PenstockGopLog *log,
    PenstockCursor *cursor, PenstockGopEntry *out, guint max, guint *n_out);

void penstock_gop_entry_clear (PenstockGopEntry *entry);

/* Whether a read would return TOO_SLOW; moves nothing. */
gboolean penstock_gop_log_is_too_slow (PenstockGopLog *log,
    const PenstockCursor *cursor);

/* Behind the newest entry, nanoseconds; 0 when nothing is left to read. */
GstClockTime penstock_gop_log_get_lag (PenstockGopLog *log,
    const PenstockCursor *cursor);

/**
 * PenstockBacklog:
 * @lag: nanoseconds behind the newest entry
 * @entries: of the cursor's tracks, in the log and not read
 * @bytes: of those
 */
typedef struct
{
  GstClockTime lag;
  guint entries;
  guint64 bytes;
} PenstockBacklog;

/* What waits for a reader; takes time with the number of entries that wait. */
void penstock_gop_log_get_backlog (PenstockGopLog *log,
    const PenstockCursor *cursor, PenstockBacklog *backlog);

/* Video entries ever appended; wraps. What is counted is there to be read. */
guint penstock_gop_log_get_n_video (PenstockGopLog *log);

guint penstock_gop_log_add_waker (PenstockGopLog *log, PenstockWakeFunc func,
    gpointer user_data);
/* After this returns the function is not running and will not run again. */
void penstock_gop_log_remove_waker (PenstockGopLog *log, guint id);
void penstock_gop_log_rearm_waker (PenstockGopLog *log, guint id);

typedef struct
{
  guint64 bytes;
  guint entries;
  GstClockTime duration;      /* oldest to newest */
  GstClockTime newest_time;   /* of the newest entry; NONE before */
  guint64 next_seq;
  gboolean has_keyframe;      /* a joiner gets a picture at once */
  GstClockTime keyframe_time; /* of the newest keyframe */
  guint64 gops_given_up;      /* over a bound */
} PenstockGopLogStats;

void penstock_gop_log_get_stats (PenstockGopLog *log,
    PenstockGopLogStats *stats);

G_END_DECLS

#endif /* PENSTOCK_GOP_LOG_H */
