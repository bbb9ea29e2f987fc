/* SPDX-License-Identifier: MIT
 *
 * HLS playlists (RFC 8216 and its second edition, draft-pantos-hls-rfc8216bis)
 * over the same segments as the MPD. Pure.
 *
 * A Period is what lies between two discontinuities. Parts of low latency are
 * the chunks of a segment, under names of their own: part 3 of `17.m4s` is
 * `17.3.m4s`. A row that a rendition has nothing of is a gap in its playlist. */
#ifndef PENSTOCK_HLS_PLAYLIST_H
#define PENSTOCK_HLS_PLAYLIST_H

#include "mpd.h"

G_BEGIN_DECLS

#define HLS_MULTIVARIANT_PATH "master.m3u8"
#define HLS_CONTENT_TYPE "application/vnd.apple.mpegurl"

/* Parts are listed of so many complete segments: those whose parts may lie
 * within three target durations of the end. */
#define HLS_SEGMENTS_IN_PARTS 3

/**
 * HlsServer: where the playlists are read
 * @HLS_SERVER_ANY: a server of files, which has them when they are complete
 * @HLS_SERVER_OURS: it holds requests for what is about to come, and serves
 *   parts
 */
typedef enum {
  HLS_SERVER_ANY,
  HLS_SERVER_OURS,
} HlsServer;

/* Names of files, relative to the MPD. (transfer full) */
gchar *hls_media_path (const gchar *track_id);

/* Does the track have anything to list? */
gboolean hls_has_media (const MpdTrack *track);

/* Sets MpdTrack::longest_part from chunks of @chunk nanoseconds. */
void hls_expect_parts (MpdTrack *track, GstClockTime chunk);

/* The streams of the newest Period: every video with every audio, or the audio
 * alone. (transfer full) (nullable): %NULL before the first segment */
gchar *hls_write_multivariant (const Mpd *mpd);

/* What is listed of one track, from the newest Period back to the first one
 * that has it, without a break. (transfer full) (nullable): %NULL when the
 * newest Period lacks it */
gchar *hls_write_media (
    const Mpd *mpd, const gchar *track_id, HlsServer server);

G_END_DECLS

#endif /* PENSTOCK_HLS_PLAYLIST_H */
