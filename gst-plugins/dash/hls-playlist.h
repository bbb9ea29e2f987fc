/* SPDX-License-Identifier: MIT
 *
 * HLS playlists (RFC 8216) over the same segments as the MPD. Pure.
 *
 * A Period is what lies between two discontinuities. Media sequence numbers are
 * those of rows, so that all renditions agree on them; a row that a rendition
 * has nothing of is a gap in its playlist. */
#ifndef PENSTOCK_HLS_PLAYLIST_H
#define PENSTOCK_HLS_PLAYLIST_H

#include "mpd.h"

G_BEGIN_DECLS

#define HLS_MULTIVARIANT_PATH "master.m3u8"
#define HLS_CONTENT_TYPE "application/vnd.apple.mpegurl"

/* Names of files, relative to the MPD. (transfer full) */
gchar *hls_media_path (const gchar *track_id);

/* The streams of the newest Period: every video with every audio, or the audio
 * alone. (transfer full) (nullable): %NULL before the first segment */
gchar *hls_write_multivariant (const Mpd *mpd);

/* What is listed of one track, from the newest Period back to the first one
 * that has it, without a break. (transfer full) (nullable): %NULL when the
 * newest Period lacks it */
gchar *hls_write_media (const Mpd *mpd, const gchar *track_id);

G_END_DECLS

#endif /* PENSTOCK_HLS_PLAYLIST_H */
