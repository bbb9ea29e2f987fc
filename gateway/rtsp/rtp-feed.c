/* SPDX-License-Identifier: MIT
 *
 * Feeds. See rtp-feed.h. */

#include "rtp-feed.h"

#include "rtcp-report.h"

/* Entries taken from the log at once. */
#define BATCH 8
/* A report that a viewer is so far behind with is late. */
#define LATE_REPORT (500 * GST_MSECOND)

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
  g_free (feed->sound);
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

static guint32
wanted_tracks (const PenstockRtpFeed *feed)
{
  guint32 tracks = 0;

  for (guint i = 0; i < feed->n_streams; i++)
    if (feed->streams[i].wanted)
      tracks |= 1u << i;
  return tracks;
}

static void
note_first (PenstockRtpFeed *feed, const PenstockGopEntry *entry, First *firsts)
{
  const PenstockRtpPackets *packets = (PenstockRtpPackets *) entry->payload;
  First *first = &firsts[packets->stream];

  if (packets->rtcp || first->found || is_left_out (feed, entry))
    return;
  *first = (First){ TRUE, packets->first_seq, packets->pts };
  if (!(entry->flags & PENSTOCK_ENTRY_VIDEO))
    return;
  feed->sound_tracks &= ~(1u << packets->stream);
  if (feed->audio_from == 0 && GST_CLOCK_TIME_IS_VALID (packets->pts))
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

  own.track_mask = wanted_tracks (feed) | 1u << PENSTOCK_RTP_RTCP_TRACK;
  penstock_cursor_init (&feed->cursor, &own);
  penstock_gop_log_start (feed->log, &feed->cursor, PENSTOCK_START_BY_SETTINGS);
}

/* With catch-up: what lies between the first picture and now shrinks. */
static void
plan_burst (PenstockRtpFeed *feed, PenstockStart start)
{
  PenstockGopLogStats stats;

  feed->live = 0;
  feed->sound_tracks = 0;
  if (start != PENSTOCK_START_CATCH_UP)
    return;
  penstock_gop_log_get_stats (feed->log, &stats);
  if (!stats.has_keyframe)
    return;
  feed->live = stats.next_seq;
  feed->sound_tracks = wanted_tracks (feed);
}

/* A burst may take seconds, over a narrow line or where it is paced: sound, which
 * is live from the start, does not wait behind it. */
static void
start_sound (PenstockRtpFeed *feed)
{
  PenstockCursorSettings settings = PENSTOCK_CURSOR_DEFAULT_SETTINGS;

  settings.max_lag = 0;
  settings.max_audio_lag = 0; /* as far back as the log goes */
  settings.track_mask = feed->sound_tracks;
  feed->sound = g_new (PenstockCursor, 1);
  penstock_cursor_init (feed->sound, &settings);
  feed->sound_next =
      penstock_gop_log_start (feed->log, feed->sound, feed->live);
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

/* Where in a burst something of time @pts is put: so close that it comes no faster
 * than its times say. A receiver that sees packets come faster takes its own clock
 * to be slow, and puts the rest of them at one moment. */
static GstClockTime
bring_nearer (const PenstockRtpFeed *feed, GstClockTime pts)
{
  if (feed->live == 0 || pts >= feed->live_time)
    return pts;
  return feed->live_time -
      (feed->live_time - pts) / PENSTOCK_RTP_CATCH_UP_SPEED;
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
  g_clear_pointer (&feed->sound, g_free);
  feed->awaited = 0;
  feed->audio_from = 0;
  plan_burst (feed, settings->start);
  start_cursor (feed, settings);
  find_firsts (feed, firsts);
  feed->newest = find_first_time (feed, firsts, newest);
  feed->live_time = newest;
  if (feed->sound_tracks != 0)
    start_sound (feed);
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
  gint rate = (gint) feed->streams[packets->stream].clock_rate;
  GstClockTime near = bring_nearer (feed, packets->pts);
  /* Rounded as the payloader does, so that the first picture has the time that
   * the viewer is told. */
  return (guint32) (gst_util_uint64_scale_int (near, rate, GST_SECOND) -
      gst_util_uint64_scale_int (packets->pts, rate, GST_SECOND));
}

/* Whether sound has been sent ahead of the burst; what has not ends that. */
static gboolean
has_overtaken (PenstockRtpFeed *feed, const PenstockGopEntry *entry)
{
  if (!(feed->sound_tracks & 1u << entry->track))
    return FALSE;
  if (entry->seq < feed->sound_next)
    return TRUE;
  feed->sound_tracks = 0;
  return FALSE;
}

static gboolean
is_late (const PenstockRtpFeed *feed, const PenstockGopEntry *entry)
{
  PenstockGopLogStats stats;

  penstock_gop_log_get_stats (feed->log, &stats);
  return stats.newest_time > entry->time &&
      stats.newest_time - entry->time > LATE_REPORT;
}

/* Whether a report is of a moment that has gone. Who is always behind gets every
 * other one, at once. */
static gboolean
is_of_the_past (PenstockRtpFeed *feed, const PenstockGopEntry *entry)
{
  const PenstockRtpPackets *packets = (PenstockRtpPackets *) entry->payload;
  PenstockRtpFeedStream *stream = &feed->streams[packets->stream];

  if (g_atomic_int_get (&packets->superseded))
    return TRUE;
  gboolean late = is_late (feed, entry);
  if (late && stream->missed)
    feed->awaited = 0;
  stream->missed = late && !stream->missed;
  return stream->missed;
}

/* Receivers take a report's arrival for that of the packets around it, and set it
 * against the last one of the other streams. Amid what a viewer that was frozen
 * gets at once that would put sound and pictures apart, by up to seconds: it gets
 * none of these, and the next ones of all streams together, or what there is when
 * one comes a second time. Returns: whether it does not go now; takes it over
 * then. */
static gboolean
hold_report (PenstockRtpFeed *feed, PenstockGopEntry *entry)
{
  guint index = ((PenstockRtpPackets *) entry->payload)->stream;
  PenstockRtpFeedStream *stream = &feed->streams[index];

  if (is_of_the_past (feed, entry)) {
    drop_reports (feed);
    feed->awaited = wanted_tracks (feed);
    return TRUE;
  }
  if (!(feed->awaited & 1u << index)) {
    feed->awaited = 0;
    g_clear_pointer (&stream->report, penstock_rtp_packets_unref);
    return FALSE;
  }
  feed->awaited &= ~(1u << index);
  stream->report = (PenstockRtpPackets *) g_steal_pointer (&entry->payload);
  return TRUE;
}

/* Takes the entry's payload over. FALSE: not for this viewer. */
static gboolean
make_item (
    PenstockRtpFeed *feed, PenstockGopEntry *entry, PenstockRtpItem *item)
{
  PenstockRtpPackets *packets = (PenstockRtpPackets *) entry->payload;
  PenstockRtpFeedStream *stream = &feed->streams[packets->stream];

  if (!stream->wanted || is_left_out (feed, entry) ||
      (packets->rtcp && hold_report (feed, entry)))
    return FALSE;
  *item = (PenstockRtpItem){ .packets = packets,
    .channel = packets->rtcp ? stream->rtcp_channel : stream->rtp_channel };
  entry->payload = NULL;
  if (!packets->rtcp) {
    item->seq_offset = penstock_rtp_seq_map (
        &stream->seq, packets->first_seq, packets->n_packets);
    item->time_offset = time_offset (feed, entry, packets);
  }
  return TRUE;
}

/* What has been read for a viewer. */
typedef struct {
  PenstockRtpItem *items;
  guint n, max;
} Items;

static void
take_reports (PenstockRtpFeed *feed, Items *out)
{
  if (feed->awaited != 0)
    return;
  for (guint i = 0; i < feed->n_streams && out->n < out->max; i++) {
    PenstockRtpFeedStream *stream = &feed->streams[i];
    if (stream->report)
      out->items[out->n++] =
          (PenstockRtpItem){ .packets = g_steal_pointer (&stream->report),
            .channel = stream->rtcp_channel };
  }
}

static gboolean
read_batch (PenstockRtpFeed *feed, PenstockCursor *cursor, Items *out)
{
  PenstockGopEntry entries[BATCH];
  guint n = 0;
  gboolean ahead = cursor == feed->sound;
  PenstockReadResult result = penstock_gop_log_read (
      feed->log, cursor, entries, MIN (BATCH, out->max - out->n), &n);

  feed->too_slow |= result == PENSTOCK_READ_TOO_SLOW;
  if (!ahead && result == PENSTOCK_READ_EMPTY)
    feed->sound_tracks = 0; /* the burst is over; there may be no sound */
  for (guint i = 0; i < n; i++) {
    PenstockGopEntry *entry = &entries[i];
    if (ahead)
      feed->sound_next = entry->seq + 1;
    if ((ahead || !has_overtaken (feed, entry)) &&
        make_item (feed, entry, &out->items[out->n])) {
      if (!ahead && !out->items[out->n].packets->rtcp)
        feed->newest = entry->time;
      out->n++;
    }
    penstock_gop_entry_clear (entry);
  }
  return result == PENSTOCK_READ_OK;
}

guint
penstock_rtp_feed_next (
    PenstockRtpFeed *feed, PenstockRtpItem *items, guint max)
{
  Items out = { items, 0, max };

  take_reports (feed, &out);
  while (feed->sound_tracks != 0 && out.n < max &&
      read_batch (feed, feed->sound, &out))
    ;
  while (
      out.n < max && !feed->too_slow && read_batch (feed, &feed->cursor, &out))
    ;
  if (feed->sound_tracks == 0)
    g_clear_pointer (&feed->sound, g_free);
  take_reports (feed, &out);
  return out.n;
}
