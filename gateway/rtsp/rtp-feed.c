/* SPDX-License-Identifier: MIT
 *
 * Feeds. See rtp-feed.h. */

#include "rtp-feed.h"

#include "rtcp-report.h"

/* Entries taken from the log at once. */
#define BATCH 8

guint32
penstock_rtp_clock_get_time (
    const PenstockRtpClock *clock, GstClockTime running_time)
{
  return clock->base +
      (guint32) gst_util_uint64_scale_int (
          running_time, (gint) clock->clock_rate, GST_SECOND); /* wraps */
}

PenstockRtpFeed *
penstock_rtp_feed_new (PenstockGopLog *log, guint n_streams)
{
  PenstockRtpFeed *feed = g_malloc0 (
      sizeof (PenstockRtpFeed) + n_streams * sizeof (PenstockRtpFeedStream));

  g_assert (n_streams <= PENSTOCK_RTP_MAX_STREAMS);
  feed->log = penstock_gop_log_ref (log);
  feed->n_streams = n_streams;
  feed->newest = GST_CLOCK_TIME_NONE;
  return feed;
}

static void
drop_reports (PenstockRtpFeed *feed)
{
  for (guint i = 0; i < feed->n_streams; i++)
    g_clear_pointer (&feed->streams[i].report, penstock_rtp_packets_unref);
}

void
penstock_rtp_feed_free (PenstockRtpFeed *feed)
{
  if (!feed)
    return;
  drop_reports (feed);
  penstock_gop_log_unref (feed->log);
  g_free (feed);
}

/* --- beginning ------------------------------------------------------------- */

typedef struct {
  gboolean found;
  guint16 seq;
  GstClockTime pts;
} First; /* packets of a stream */

/* Audio from before the first picture, and from before the moment that the viewer
 * is told; with catch-up all that is in the log, as it would have to be played too
 * fast. */
static gboolean
is_left_out (const PenstockRtpFeed *feed, const PenstockGopEntry *entry)
{
  const PenstockRtpPackets *packets = (PenstockRtpPackets *) entry->payload;

  if (entry->flags & PENSTOCK_ENTRY_VIDEO)
    return FALSE;
  return entry->seq < feed->live ||
      (!packets->rtcp && packets->pts < feed->audio_from);
}

static void
note_first (PenstockRtpFeed *feed, const PenstockGopEntry *entry, First *firsts)
{
  const PenstockRtpPackets *packets = (PenstockRtpPackets *) entry->payload;
  First *first = &firsts[packets->stream];

  if (packets->rtcp || first->found || is_left_out (feed, entry))
    return;
  *first = (First){ TRUE, packets->first_seq, packets->pts };
  if ((entry->flags & PENSTOCK_ENTRY_VIDEO) && feed->audio_from == 0 &&
      GST_CLOCK_TIME_IS_VALID (packets->pts))
    feed->audio_from = packets->pts;
}

static gboolean
all_found (const PenstockRtpFeed *feed, const First *firsts)
{
  for (guint i = 0; i < feed->n_streams; i++)
    if (feed->streams[i].wanted && !firsts[i].found)
      return FALSE;
  return TRUE;
}

/* Looks ahead for what the viewer will get first of each stream. */
static void
find_firsts (PenstockRtpFeed *feed, First *firsts)
{
  PenstockCursor cursor = feed->cursor;
  PenstockGopEntry entries[BATCH];
  guint n;

  while (!all_found (feed, firsts) &&
      penstock_gop_log_read (feed->log, &cursor, entries, BATCH, &n) ==
          PENSTOCK_READ_OK)
    for (guint i = 0; i < n; i++) {
      note_first (feed, &entries[i], firsts);
      penstock_gop_entry_clear (&entries[i]);
    }
}

static void
start_cursor (PenstockRtpFeed *feed, const PenstockCursorSettings *settings)
{
  PenstockCursorSettings own = *settings;

  own.track_mask = 1u << PENSTOCK_RTP_RTCP_TRACK;
  for (guint i = 0; i < feed->n_streams; i++)
    if (feed->streams[i].wanted)
      own.track_mask |= 1u << i;
  penstock_cursor_init (&feed->cursor, &own);
  penstock_gop_log_start (feed->log, &feed->cursor, PENSTOCK_START_BY_SETTINGS);
}

/* With catch-up: what lies between the first picture and now shrinks. */
static void
plan_burst (PenstockRtpFeed *feed, PenstockStart start)
{
  PenstockGopLogStats stats;

  feed->live = 0;
  feed->span = 0;
  if (start != PENSTOCK_START_CATCH_UP)
    return;
  penstock_gop_log_get_stats (feed->log, &stats);
  if (!stats.has_keyframe)
    return;
  feed->live = stats.next_seq;
}

/* Of the earliest first packet; @newest when there is none. */
static GstClockTime
find_first_time (
    const PenstockRtpFeed *feed, const First *firsts, GstClockTime newest)
{
  GstClockTime first = GST_CLOCK_TIME_NONE;

  for (guint i = 0; i < feed->n_streams; i++)
    if (firsts[i].found)
      first = MIN (first, firsts[i].pts); /* NONE is the largest */
  return first == GST_CLOCK_TIME_NONE ? newest : first;
}

/* Once the first picture is known. */
static void
measure_burst (PenstockRtpFeed *feed, GstClockTime first, GstClockTime newest)
{
  feed->live_time = newest;
  if (first < newest && newest - first > PENSTOCK_RTP_CATCH_UP_TIME)
    feed->span = newest - first;
}

/* Where in a burst something of time @pts is put. */
static GstClockTime
bring_nearer (const PenstockRtpFeed *feed, GstClockTime pts)
{
  if (feed->span == 0 || pts >= feed->live_time)
    return pts;
  GstClockTime ago = MIN (feed->live_time - pts, feed->span);
  return feed->live_time -
      gst_util_uint64_scale (ago, PENSTOCK_RTP_CATCH_UP_TIME, feed->span);
}

/* The newest report, told as of the moment the viewer begins at. */
static PenstockRtpPackets *
make_report (const PenstockRtpClock *clock, guint32 rtptime)
{
  const PenstockRtpPackets *last = clock->report;

  if (!last)
    return NULL;
  PenstockRtpPackets *report = penstock_rtp_packets_new_rtcp (last->stream,
      last->data + PENSTOCK_RTP_FRAME_HEADER,
      last->size - PENSTOCK_RTP_FRAME_HEADER);
  penstock_rtcp_report_move (report->data + PENSTOCK_RTP_FRAME_HEADER,
      report->size - PENSTOCK_RTP_FRAME_HEADER, rtptime, clock->clock_rate);
  return report;
}

static void
begin_stream (PenstockRtpFeedStream *stream, const PenstockRtpClock *clock,
    const First *first, GstClockTime moment, PenstockRtpStart *start)
{
  if (!stream->wanted || clock->clock_rate == 0)
    return;
  stream->clock_rate = clock->clock_rate;
  /* From now on the viewer has numbers of its own, so that what it is told
   * holds whatever comes first. */
  if (!stream->seq.started)
    stream->seq =
        (PenstockRtpSeq){ TRUE, first->found ? first->seq : clock->next_seq };
  *start = (PenstockRtpStart){ TRUE, stream->seq.next,
    penstock_rtp_clock_get_time (clock, moment) };
  stream->report = make_report (clock, start->rtptime);
}

void
penstock_rtp_feed_begin (PenstockRtpFeed *feed,
    const PenstockCursorSettings *settings, const PenstockRtpClock *clocks,
    GstClockTime newest, PenstockRtpStart *starts)
{
  First firsts[PENSTOCK_RTP_MAX_STREAMS] = { 0 };

  drop_reports (feed);
  feed->audio_from = 0;
  plan_burst (feed, settings->start);
  start_cursor (feed, settings);
  find_firsts (feed, firsts);
  feed->newest = find_first_time (feed, firsts, newest);
  if (feed->live > 0)
    measure_burst (feed, feed->newest, newest);
  /* No packet is before it, whatever is late. */
  GstClockTime moment = bring_nearer (feed, feed->newest);
  feed->audio_from = MAX (feed->audio_from, moment);
  for (guint i = 0; i < feed->n_streams; i++) {
    starts[i] = (PenstockRtpStart){ 0 };
    begin_stream (
        &feed->streams[i], &clocks[i], &firsts[i], moment, &starts[i]);
  }
}

/* --- limits ------------------------------------------------------------------ */

void
penstock_rtp_feed_set_limits (
    PenstockRtpFeed *feed, const PenstockCursorSettings *settings)
{
  PenstockCursorSettings *own = &feed->cursor.settings;

  own->policy = settings->policy;
  own->max_lag = settings->max_lag;
  own->max_audio_lag = settings->max_audio_lag;
  own->max_lag_bytes = settings->max_lag_bytes;
  own->max_lag_entries = settings->max_lag_entries;
}

gboolean
penstock_rtp_feed_check (PenstockRtpFeed *feed)
{
  if (feed->cursor.settings.policy == PENSTOCK_SLOW_DISCONNECT)
    feed->too_slow |= penstock_gop_log_is_too_slow (feed->log, &feed->cursor);
  return feed->too_slow;
}

/* --- going on ---------------------------------------------------------------- */

static guint32
time_offset (const PenstockRtpFeed *feed, const PenstockGopEntry *entry,
    const PenstockRtpPackets *packets)
{
  if (entry->seq >= feed->live || !GST_CLOCK_TIME_IS_VALID (packets->pts))
    return 0;
  GstClockTime forward = bring_nearer (feed, packets->pts) - packets->pts;
  return (guint32) gst_util_uint64_scale_int (
      forward, (gint) feed->streams[packets->stream].clock_rate, GST_SECOND);
}

/* Takes the entry's payload over. FALSE: not for this viewer. */
static gboolean
make_item (
    PenstockRtpFeed *feed, PenstockGopEntry *entry, PenstockRtpItem *item)
{
  PenstockRtpPackets *packets = (PenstockRtpPackets *) entry->payload;
  PenstockRtpFeedStream *stream = &feed->streams[packets->stream];

  if (!stream->wanted || is_left_out (feed, entry))
    return FALSE;
  *item = (PenstockRtpItem){ .packets = packets,
    .channel = packets->rtcp ? stream->rtcp_channel : stream->rtp_channel };
  entry->payload = NULL;
  if (!packets->rtcp) {
    item->seq_offset = penstock_rtp_seq_map (
        &stream->seq, packets->first_seq, packets->n_packets);
    item->time_offset = time_offset (feed, entry, packets);
    feed->newest = entry->time;
  }
  return TRUE;
}

static guint
take_reports (PenstockRtpFeed *feed, PenstockRtpItem *items, guint max)
{
  guint n = 0;

  for (guint i = 0; i < feed->n_streams && n < max; i++) {
    PenstockRtpFeedStream *stream = &feed->streams[i];
    if (!stream->report)
      continue;
    items[n++] =
        (PenstockRtpItem){ .packets = g_steal_pointer (&stream->report),
          .channel = stream->rtcp_channel };
  }
  return n;
}

guint
penstock_rtp_feed_next (
    PenstockRtpFeed *feed, PenstockRtpItem *items, guint max)
{
  PenstockGopEntry entries[BATCH];
  guint n_items = take_reports (feed, items, max);

  while (n_items < max && !feed->too_slow) {
    guint n = 0;
    PenstockReadResult result = penstock_gop_log_read (
        feed->log, &feed->cursor, entries, MIN (BATCH, max - n_items), &n);
    feed->too_slow = result == PENSTOCK_READ_TOO_SLOW;
    if (result != PENSTOCK_READ_OK)
      break;
    for (guint i = 0; i < n; i++) {
      if (make_item (feed, &entries[i], &items[n_items]))
        n_items++;
      penstock_gop_entry_clear (&entries[i]);
    }
  }
  return n_items;
}
