/* SPDX-License-Identifier: MIT
 *
 * Hubs. See rtp-hub.h.
 *
 * When viewers are served: at each picture. What comes between two pictures,
 * audio and reports, waits a moment for the next one and goes with it, since a
 * system call costs nearly as much for one packet as for twenty. */

#include "rtp-hub.h"

#include <string.h>

#include "rtcp-report.h"
#include "rtp-aac.h"
#include "rtp-primer.h"

/* Pictures that come at least this often are waited for, and how much later
 * than usual they may be. */
#define RIDE_INTERVAL_US 45000
#define RIDE_LATE_US 8000
/* How long audio waits for pictures that come more rarely. */
#define AUDIO_WAIT_MS 15
/* The interval between pictures is an average over about so many. */
#define INTERVAL_WEIGHT 8
/* What the slowest viewer may still want is kept for so much longer. */
#define KEEP_LONGER GST_SECOND
/* A longer one says nothing about what comes next. */
#define MAX_INTERVAL_US G_USEC_PER_SEC

/* Sender reports that receivers may still name: they do so within seconds. */
#define N_REPORTS 4

typedef struct {
  guint32 name;
  gint64 sent_us; /* monotonic; 0 = not yet */
} SentReport;

/* The viewers on one loop; all but @hub and @loop on that loop's thread. */
struct _PenstockRtpAudience {
  PenstockRtpHub *hub; /* not owned */
  PenstockLoop *loop;
  GQueue viewers; /* of PenstockRtpViewer, not owned */
  GList *next;    /* while they are served: who is next */
  guint waker;    /* exists while there are viewers */
  gint n_changes; /* of the hub's limits that the viewers have */
  guint64 served; /* sequence number in the log up to which all were served */
  guint64 oldest; /* atomic; decoding time of what the last viewer is at, or was
                     when they were served */
  PenstockLoopTimer timer; /* set while something waits for a picture */
};

struct _PenstockRtpHub {
  gint refs; /* atomic */
  PenstockLoopPool *pool;
  PenstockGopLog *log;
  guint n_streams;
  guint32 video;    /* mask of streams */
  GstClockTime utc; /* of running time 0 */
  PenstockRtpAudience audiences[PENSTOCK_LOOP_POOL_MAX];

  /* Atomic. @video_seq is ahead of @next_seq while a picture is appended: it is
   * rather served twice than late. */
  guint64 next_seq;    /* of the log */
  guint64 video_seq;   /* after the newest picture */
  guint64 newest_time; /* decoding time of the newest packets; 0 before */
  gint64 video_us, video_interval_us;
  gint ended;
  gint n_changes;  /* of @viewers */
  gint has_unsent; /* reports */

  GMutex lock; /* guards the rest, and appending */
  GCond cond;
  PenstockGopLogLimits limits;
  PenstockCursorSettings viewers; /* with @n_changes */
  GstClockTime retention; /* in force; in @limits: without slow viewers */
  PenstockRtpPrimer primer;
  gboolean startable; /* there was something to begin with */
  gboolean ready;     /* and the burst of the start is over */
  GstClockTime newest_pts;
  PenstockRtpClock clocks[PENSTOCK_RTP_MAX_STREAMS];
  guint32 ssrcs[PENSTOCK_RTP_MAX_STREAMS];
  PenstockRtpAac aac[PENSTOCK_RTP_MAX_STREAMS];
  SentReport (*reports)[N_REPORTS]; /* of each stream, newest first */
};

#define LOAD(field) __atomic_load_n (&(field), __ATOMIC_RELAXED)
#define STORE(field, value)                                                    \
  __atomic_store_n (&(field), (value), __ATOMIC_RELAXED)

static void wait_is_over (gpointer data);

PenstockRtpHub *
penstock_rtp_hub_new (PenstockLoopPool *pool,
    const PenstockGopLogLimits *limits, guint n_streams, guint32 video,
    gboolean prime, GstClockTime utc)
{
  PenstockRtpHub *hub = g_new0 (PenstockRtpHub, 1);

  g_assert (n_streams <= PENSTOCK_RTP_MAX_STREAMS);
  hub->refs = 1;
  hub->pool = penstock_loop_pool_ref (pool);
  hub->log = penstock_gop_log_new (limits);
  hub->limits = *limits;
  hub->retention = limits->retention;
  hub->n_streams = n_streams;
  hub->video = video;
  hub->utc = utc;
  hub->reports = g_malloc0_n (n_streams, sizeof (*hub->reports));
  hub->newest_pts = GST_CLOCK_TIME_NONE;
  if (prime && video != 0)
    penstock_rtp_primer_start (
        &hub->primer, ~video & (guint32) ((1ull << n_streams) - 1));
  g_mutex_init (&hub->lock);
  g_cond_init (&hub->cond);
  for (guint i = 0; i < penstock_loop_pool_get_n (pool); i++) {
    PenstockRtpAudience *audience = &hub->audiences[i];
    audience->hub = hub;
    audience->oldest = GST_CLOCK_TIME_NONE;
    audience->loop = penstock_loop_pool_get (pool, i);
    audience->timer.fire = wait_is_over;
    audience->timer.data = audience;
    g_queue_init (&audience->viewers);
  }
  return hub;
}

PenstockRtpHub *
penstock_rtp_hub_ref (PenstockRtpHub *hub)
{
  g_atomic_int_inc (&hub->refs);
  return hub;
}

void
penstock_rtp_hub_unref (PenstockRtpHub *hub)
{
  if (!hub || !g_atomic_int_dec_and_test (&hub->refs))
    return;
  for (guint i = 0; i < hub->n_streams; i++) {
    g_clear_pointer (&hub->clocks[i].report, penstock_rtp_packets_unref);
    penstock_rtp_aac_clear (&hub->aac[i]);
  }
  penstock_rtp_primer_clear (&hub->primer);
  g_free (hub->reports);
  penstock_gop_log_unref (hub->log);
  penstock_loop_pool_unref (hub->pool);
  g_cond_clear (&hub->cond);
  g_mutex_clear (&hub->lock);
  g_free (hub);
}

guint
penstock_rtp_hub_get_n_streams (PenstockRtpHub *hub)
{
  return hub->n_streams;
}

gboolean
penstock_rtp_hub_is_video (PenstockRtpHub *hub, guint stream)
{
  return hub->video >> stream & 1;
}

PenstockLoopPool *
penstock_rtp_hub_get_pool (PenstockRtpHub *hub)
{
  return hub->pool;
}

/* --- writers ------------------------------------------------------------------ */

void
penstock_rtp_hub_set_clock (PenstockRtpHub *hub, guint stream, guint clock_rate,
    guint32 base, guint16 next_seq, guint32 ssrc)
{
  g_mutex_lock (&hub->lock);
  PenstockRtpClock *clock = &hub->clocks[stream];
  if (clock->clock_rate > 0 && hub->ssrcs[stream] != ssrc) {
    penstock_gop_log_clear (hub->log);
    hub->newest_pts = GST_CLOCK_TIME_NONE;
    g_clear_pointer (&clock->report, penstock_rtp_packets_unref);
    penstock_rtp_aac_clear (&hub->aac[stream]);
  }
  if (clock->clock_rate == 0 || hub->ssrcs[stream] != ssrc)
    clock->next_seq = next_seq;
  clock->clock_rate = clock_rate;
  clock->base = base;
  hub->ssrcs[stream] = ssrc;
  g_mutex_unlock (&hub->lock);
}

void
penstock_rtp_hub_set_aac (PenstockRtpHub *hub, guint stream, gboolean is_aac)
{
  g_mutex_lock (&hub->lock);
  hub->aac[stream].on = is_aac;
  g_mutex_unlock (&hub->lock);
}

/* Whether audio waits for pictures. */
static gboolean
rides (const PenstockRtpHub *hub)
{
  return LOAD (hub->video_interval_us) <= RIDE_INTERVAL_US;
}

/* When the next picture should be there, at the latest. */
static gint64
next_picture_us (const PenstockRtpHub *hub)
{
  return LOAD (hub->video_us) + LOAD (hub->video_interval_us) + RIDE_LATE_US;
}

/* With the lock. */
static void
note_picture (PenstockRtpHub *hub)
{
  gint64 now = g_get_monotonic_time ();
  gint64 since = MIN (now - LOAD (hub->video_us), MAX_INTERVAL_US);
  gint64 interval = LOAD (hub->video_interval_us);

  interval += (since - interval) / INTERVAL_WEIGHT;
  STORE (hub->video_interval_us, interval);
  STORE (hub->video_us, now);
  STORE (hub->video_seq, LOAD (hub->next_seq) + 1);
}

/* With the lock. Returns: the flags of the entry */
static PenstockEntryFlags
note_packets (PenstockRtpHub *hub, const PenstockRtpPackets *packets)
{
  gboolean video = penstock_rtp_hub_is_video (hub, packets->stream);

  hub->clocks[packets->stream].next_seq =
      (guint16) (packets->first_seq + packets->n_packets);
  if (GST_CLOCK_TIME_IS_VALID (packets->time))
    STORE (hub->newest_time, packets->time);
  if (GST_CLOCK_TIME_IS_VALID (packets->pts) && (video || hub->video == 0))
    hub->newest_pts = GST_CLOCK_TIME_IS_VALID (hub->newest_pts)
        ? MAX (hub->newest_pts, packets->pts)
        : packets->pts;
  hub->startable |= hub->video == 0 || (video && packets->keyframe);
  if (!video)
    return 0;
  note_picture (hub);
  return PENSTOCK_ENTRY_VIDEO |
      (packets->keyframe ? PENSTOCK_ENTRY_KEYFRAME : 0) |
      (packets->droppable ? PENSTOCK_ENTRY_DROPPABLE : 0);
}

/* With the lock. The library asks for the wall clock after its own: where the
 * thread has to wait in between, each report puts the streams apart by that. */
static void
set_report (PenstockRtpHub *hub, PenstockRtpPackets *packets, GstClockTime now)
{
  const PenstockRtpClock *clock = &hub->clocks[packets->stream];

  if (clock->clock_rate == 0 || !GST_CLOCK_TIME_IS_VALID (now))
    return;
  penstock_rtcp_report_set (packets->data + PENSTOCK_RTP_FRAME_HEADER,
      packets->size - PENSTOCK_RTP_FRAME_HEADER,
      penstock_rtp_clock_get_time (clock, now), hub->utc + now);
}

/* With the lock. */
static void
note_rtcp (PenstockRtpHub *hub, PenstockRtpPackets *packets)
{
  PenstockRtpClock *clock = &hub->clocks[packets->stream];
  PenstockRtcpReport report;

  if (!penstock_rtcp_report_read (packets->data + PENSTOCK_RTP_FRAME_HEADER,
          packets->size - PENSTOCK_RTP_FRAME_HEADER, &report))
    return;
  if (clock->report)
    g_atomic_int_set (&clock->report->superseded, TRUE);
  g_clear_pointer (&clock->report, penstock_rtp_packets_unref);
  clock->report = penstock_rtp_packets_ref (packets);

  SentReport *reports = hub->reports[packets->stream];
  memmove (reports + 1, reports, (N_REPORTS - 1) * sizeof (*reports));
  reports[0] = (SentReport){ penstock_rtcp_report_name (report.ntp), 0 };
  g_atomic_int_set (&hub->has_unsent, TRUE);
}

/* A report waits for the next picture, which is not the way to a viewer. */
static void
note_sent_reports (PenstockRtpHub *hub)
{
  gint64 now = g_get_monotonic_time ();

  if (!g_atomic_int_get (&hub->has_unsent))
    return;
  g_mutex_lock (&hub->lock);
  g_atomic_int_set (&hub->has_unsent, FALSE);
  for (guint i = 0; i < hub->n_streams; i++)
    for (guint j = 0; j < N_REPORTS; j++)
      if (hub->reports[i][j].sent_us == 0)
        hub->reports[i][j].sent_us = now;
  g_mutex_unlock (&hub->lock);
}

gint64
penstock_rtp_hub_find_report (
    PenstockRtpHub *hub, guint stream, guint32 name, guint *clock_rate)
{
  gint64 sent_us = 0;

  g_mutex_lock (&hub->lock);
  *clock_rate = hub->clocks[stream].clock_rate;
  for (guint i = 0; i < N_REPORTS && sent_us == 0; i++)
    if (hub->reports[stream][i].name == name)
      sent_us = hub->reports[stream][i].sent_us;
  g_mutex_unlock (&hub->lock);
  return sent_us;
}

/* With the lock: keeps what slow viewers have not read, within the bounds. */
static void
adapt_retention (PenstockRtpHub *hub)
{
  GstClockTime newest = LOAD (hub->newest_time);
  GstClockTime oldest = newest;

  for (guint i = 0; i < penstock_loop_pool_get_n (hub->pool); i++)
    oldest = MIN (oldest, LOAD (hub->audiences[i].oldest));
  /* In whole seconds, so that it changes rarely. */
  GstClockTime behind = (newest - oldest) / GST_SECOND * GST_SECOND;
  GstClockTime retention =
      MIN (MAX (hub->limits.retention, behind + 2 * KEEP_LONGER),
          hub->limits.max_time);
  if (retention == hub->retention)
    return;
  PenstockGopLogLimits limits = hub->limits;
  limits.retention = hub->retention = retention;
  penstock_gop_log_set_limits (hub->log, &limits);
}

void
penstock_rtp_hub_set_limits (PenstockRtpHub *hub,
    const PenstockGopLogLimits *limits, const PenstockCursorSettings *viewers)
{
  g_mutex_lock (&hub->lock);
  hub->limits = *limits;
  hub->retention = limits->retention;
  penstock_gop_log_set_limits (hub->log, limits);
  hub->viewers = *viewers;
  g_atomic_int_inc (&hub->n_changes);
  g_mutex_unlock (&hub->lock);
}

/* With the lock. The wakers are called with it: they only post. */
static void
append (PenstockRtpHub *hub, PenstockRtpPackets *packets)
{
  guint track = packets->rtcp ? PENSTOCK_RTP_RTCP_TRACK : packets->stream;
  PenstockEntryFlags flags = 0;

  if (packets->rtcp)
    note_rtcp (hub, packets);
  else
    flags = note_packets (hub, packets);
  adapt_retention (hub);
  guint64 seq =
      penstock_gop_log_append (hub->log, track, flags, LOAD (hub->newest_time),
          packets->size, GST_MINI_OBJECT_CAST (packets), NULL);
  __atomic_store_n (&hub->next_seq, seq + 1, __ATOMIC_RELEASE);
}

/* With the lock. */
static void
flush_audio (PenstockRtpHub *hub, GQueue *out)
{
  for (guint i = 0; i < hub->n_streams; i++)
    penstock_rtp_aac_flush (&hub->aac[i], out);
}

/* With the lock. What would be sent with the next picture anyway is put into
 * as few packets as it fits. */
static void
arrange (PenstockRtpHub *hub, PenstockRtpPackets *packets, GQueue *out)
{
  if (packets->rtcp) {
    g_queue_push_tail (out, packets);
  } else if (!penstock_rtp_hub_is_video (hub, packets->stream)) {
    penstock_rtp_aac_push (&hub->aac[packets->stream], packets,
        rides (hub) ? next_picture_us (hub) : 0, g_get_monotonic_time (), out);
  } else {
    flush_audio (hub, out);
    g_queue_push_tail (out, packets);
  }
}

/* With the lock. */
static void
append_arranged (PenstockRtpHub *hub, PenstockRtpPackets *packets)
{
  GQueue out = G_QUEUE_INIT;

  arrange (hub, packets, &out);
  while ((packets = g_queue_pop_head (&out)))
    append (hub, packets);
}

/* What is held for a picture is held no longer. */
static void
finish_audio (PenstockRtpHub *hub)
{
  GQueue rest = G_QUEUE_INIT;
  PenstockRtpPackets *packets;

  g_mutex_lock (&hub->lock);
  flush_audio (hub, &rest);
  while ((packets = g_queue_pop_head (&rest)))
    append (hub, packets);
  g_mutex_unlock (&hub->lock);
}

void
penstock_rtp_hub_append (
    PenstockRtpHub *hub, PenstockRtpPackets *packets, GstClockTime now)
{
  GQueue ready = G_QUEUE_INIT;

  g_mutex_lock (&hub->lock);
  if (packets->rtcp)
    set_report (hub, packets, now);
  if (!packets->rtcp && hub->primer.active)
    penstock_rtp_primer_push (&hub->primer, packets,
        penstock_rtp_hub_is_video (hub, packets->stream), now,
        g_get_monotonic_time (), &ready);
  else
    append_arranged (hub, packets);
  while ((packets = g_queue_pop_head (&ready)))
    append_arranged (hub, packets);
  if (!hub->ready && hub->startable && !hub->primer.active) {
    hub->ready = TRUE;
    g_cond_broadcast (&hub->cond);
  }
  g_mutex_unlock (&hub->lock);
}

/* --- serving (loop's thread) ---------------------------------------------------- */

/* The limits that were set last. Returns: which change that was, 0 = none yet */
static gint
read_limits (PenstockRtpHub *hub, PenstockCursorSettings *settings)
{
  g_mutex_lock (&hub->lock);
  *settings = hub->viewers;
  gint change = g_atomic_int_get (&hub->n_changes);
  g_mutex_unlock (&hub->lock);
  return change;
}

static void
take_limits (PenstockRtpAudience *audience)
{
  PenstockRtpHub *hub = audience->hub;

  if (g_atomic_int_get (&hub->n_changes) == audience->n_changes)
    return;
  PenstockCursorSettings settings;
  audience->n_changes = read_limits (hub, &settings);
  for (GList *l = audience->viewers.head; l; l = l->next)
    penstock_rtp_feed_set_limits (
        ((PenstockRtpViewer *) l->data)->feed, &settings);
}

/* Somebody may leave meanwhile. */
static void
serve_all (PenstockRtpAudience *audience)
{
  GstClockTime oldest = GST_CLOCK_TIME_NONE; /* the largest */

  penstock_loop_clear_timer (audience->loop, &audience->timer);
  audience->served =
      __atomic_load_n (&audience->hub->next_seq, __ATOMIC_ACQUIRE);
  take_limits (audience);
  note_sent_reports (audience->hub);
  for (GList *l = audience->viewers.head; l; l = audience->next) {
    PenstockRtpViewer *viewer = l->data;
    audience->next = l->next;
    viewer->type->flush (viewer);
    oldest = MIN (oldest, viewer->feed->newest);
  }
  audience->next = NULL;
  if (audience->viewers.length > 0)
    STORE (audience->oldest, oldest);
}

/* The picture that was waited for is late, or does not come. */
static void
wait_is_over (gpointer data)
{
  PenstockRtpAudience *audience = data;

  finish_audio (audience->hub);
  if (LOAD (audience->hub->next_seq) > audience->served)
    serve_all (audience);
}

/* Milliseconds until the next picture should be there; 0: it is not waited
 * for. */
static gint64
time_to_picture (PenstockRtpHub *hub)
{
  gint64 wait = next_picture_us (hub) - g_get_monotonic_time ();

  return rides (hub) && wait > 0 ? wait / 1000 + 1 : 0;
}

/* With a picture everything has been sent; what is held for the next one does
 * not wait longer than that. Those that were served may have left. */
static void
expect_picture (PenstockRtpAudience *audience)
{
  gint64 wait = time_to_picture (audience->hub);

  if (wait > 0 && audience->viewers.length > 0)
    penstock_loop_set_timer (audience->loop, &audience->timer, wait);
}

static void
serve (gpointer data)
{
  PenstockRtpAudience *audience = data;
  PenstockRtpHub *hub = audience->hub;

  if (audience->viewers.length > 0) {
    penstock_gop_log_rearm_waker (hub->log, audience->waker);
    if (hub->video == 0 || LOAD (hub->video_seq) > audience->served ||
        penstock_rtp_hub_has_ended (hub)) {
      serve_all (audience);
      expect_picture (audience);
    } else if (audience->timer.position == 0) {
      gint64 wait = time_to_picture (hub);
      penstock_loop_set_timer (
          audience->loop, &audience->timer, wait > 0 ? wait : AUDIO_WAIT_MS);
    }
  }
  penstock_rtp_hub_unref (hub);
}

static void
post_serve (gpointer data)
{
  PenstockRtpAudience *audience = data;

  penstock_rtp_hub_ref (audience->hub);
  penstock_loop_post (audience->loop, serve, audience);
}

void
penstock_rtp_hub_end (PenstockRtpHub *hub)
{
  finish_audio (hub);
  g_atomic_int_set (&hub->ended, TRUE);
  for (guint i = 0; i < penstock_loop_pool_get_n (hub->pool); i++)
    post_serve (&hub->audiences[i]);
}

gboolean
penstock_rtp_hub_has_ended (PenstockRtpHub *hub)
{
  return g_atomic_int_get (&hub->ended);
}

/* --- viewers --------------------------------------------------------------------- */

PenstockRtpViewerStats *
penstock_rtp_viewer_stats_new (void)
{
  return g_atomic_rc_box_new0 (PenstockRtpViewerStats);
}

PenstockRtpViewerStats *
penstock_rtp_viewer_stats_ref (PenstockRtpViewerStats *stats)
{
  return g_atomic_rc_box_acquire (stats);
}

void
penstock_rtp_viewer_stats_unref (PenstockRtpViewerStats *stats)
{
  g_atomic_rc_box_release (stats);
}

void
penstock_rtp_viewer_stats_read (
    const PenstockRtpViewerStats *stats, PenstockRtpViewerStats *out)
{
  *out = (PenstockRtpViewerStats){
    .bytes = LOAD (stats->bytes),
    .skips = LOAD (stats->skips),
    .position = LOAD (stats->position),
    .join_us = LOAD (stats->join_us),
    .progress_us = LOAD (stats->progress_us),
    .waiting = LOAD (stats->waiting),
    .too_slow = LOAD (stats->too_slow),
  };
}

void
penstock_rtp_viewer_init (PenstockRtpViewer *viewer,
    const PenstockRtpViewerType *type, PenstockRtpHub *hub,
    PenstockRtpViewerStats *stats)
{
  viewer->type = type;
  viewer->hub = penstock_rtp_hub_ref (hub);
  viewer->feed = penstock_rtp_feed_new (hub->log, hub->n_streams);
  viewer->stats = penstock_rtp_viewer_stats_ref (stats);
  viewer->link.data = viewer;
}

void
penstock_rtp_viewer_clear (PenstockRtpViewer *viewer)
{
  g_assert (!viewer->audience);
  g_clear_pointer (&viewer->feed, penstock_rtp_feed_free);
  g_clear_pointer (&viewer->hub, penstock_rtp_hub_unref);
  g_clear_pointer (&viewer->stats, penstock_rtp_viewer_stats_unref);
}

gboolean
penstock_rtp_viewer_is_too_slow (PenstockRtpViewer *viewer)
{
  gboolean too_slow = penstock_rtp_feed_check (viewer->feed);

  if (too_slow)
    STORE (viewer->stats->too_slow, TRUE);
  return too_slow;
}

/* The whole first picture; where there is none, the first packets. */
static gboolean
is_first_picture (PenstockRtpViewer *viewer, const PenstockRtpItem *item)
{
  return !item->packets->rtcp &&
      (item->packets->keyframe || viewer->hub->video == 0);
}

void
penstock_rtp_viewer_sent (PenstockRtpViewer *viewer,
    const PenstockRtpItem *item, gsize size, gboolean whole)
{
  PenstockRtpViewerStats *stats = viewer->stats;

  /* Streams may be sent by several connections' loops. */
  __atomic_fetch_add (&stats->bytes, size, __ATOMIC_RELAXED);
  STORE (stats->skips, viewer->feed->cursor.stats.n_skips);
  if (viewer->audience)
    STORE (
        stats->progress_us, penstock_loop_now (viewer->audience->loop) * 1000);
  if (!whole)
    return;
  if (GST_CLOCK_TIME_IS_VALID (item->packets->time))
    STORE (stats->position, item->packets->time);
  if (stats->join_us == 0 && is_first_picture (viewer, item))
    STORE (stats->join_us, g_get_monotonic_time () - viewer->play_us);
}

void
penstock_rtp_hub_begin (PenstockRtpHub *hub, PenstockRtpViewer *viewer,
    const PenstockCursorSettings *settings, GstClockTime now,
    PenstockRtpStart *starts)
{
  g_mutex_lock (&hub->lock);
  GstClockTime newest =
      GST_CLOCK_TIME_IS_VALID (hub->newest_pts) ? hub->newest_pts : now;
  penstock_rtp_feed_begin (viewer->feed, settings, hub->clocks, newest, starts);
  g_mutex_unlock (&hub->lock);
}

gboolean
penstock_rtp_hub_wait_start (PenstockRtpHub *hub, gint64 end_us)
{
  gboolean in_time = TRUE;

  g_mutex_lock (&hub->lock);
  while (!hub->ready && in_time)
    in_time = g_cond_wait_until (&hub->cond, &hub->lock, end_us);
  gboolean ready = hub->ready;
  g_mutex_unlock (&hub->lock);
  return ready;
}

void
penstock_rtp_hub_join (
    PenstockRtpHub *hub, PenstockRtpViewer *viewer, guint loop)
{
  PenstockRtpAudience *audience = &hub->audiences[loop];
  PenstockCursorSettings settings;

  /* They may have changed since it began. */
  if (read_limits (hub, &settings) > 0)
    penstock_rtp_feed_set_limits (viewer->feed, &settings);
  viewer->audience = audience;
  g_queue_push_tail_link (&audience->viewers, &viewer->link);
  if (audience->viewers.length == 1) {
    audience->served = LOAD (hub->next_seq);
    audience->waker =
        penstock_gop_log_add_waker (hub->log, post_serve, audience);
  }
  STORE (audience->oldest, MIN (LOAD (audience->oldest), viewer->feed->newest));
  viewer->type->flush (viewer);
  if (audience->timer.position == 0)
    expect_picture (audience);
}

void
penstock_rtp_hub_leave (PenstockRtpViewer *viewer)
{
  PenstockRtpAudience *audience = g_steal_pointer (&viewer->audience);

  if (!audience)
    return;
  if (audience->next == &viewer->link)
    audience->next = viewer->link.next;
  g_queue_unlink (&audience->viewers, &viewer->link);
  if (audience->viewers.length > 0)
    return;
  STORE (audience->oldest, GST_CLOCK_TIME_NONE);
  penstock_gop_log_remove_waker (audience->hub->log, audience->waker);
  penstock_loop_clear_timer (audience->loop, &audience->timer);
}

GstClockTime
penstock_rtp_hub_get_lag (
    PenstockRtpHub *hub, const PenstockRtpViewerStats *stats)
{
  GstClockTime position = LOAD (stats->position);
  GstClockTime newest = LOAD (hub->newest_time);

  return position > 0 && newest > position ? newest - position : 0;
}

void
penstock_rtp_hub_get_log_stats (PenstockRtpHub *hub, PenstockGopLogStats *stats)
{
  penstock_gop_log_get_stats (hub->log, stats);
}
