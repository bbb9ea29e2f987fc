/* SPDX-License-Identifier: MIT
 *
 * A media file in memory, played in real time and for ever into two appsrc
 * elements, with a stamp (stamp.h) on some of its pictures: the same source for
 * every server that is compared. */

#pragma once

#include <gst/app/gstappsrc.h>

/* H.264 pictures (no B frames) of one size in time and AAC frames, both on a
 * grid that begins with 0. */
typedef struct {
  GstCaps *video_caps, *audio_caps;
  GPtrArray *video, *audio; /* of GstBuffer */
  GstClockTime video_step, audio_step;
} Clip;

/* Reads an MP4 file. NULL with @error: it is not H.264 with AAC. */
Clip *clip_load (const gchar *path, GError **error);
void clip_free (Clip *self);

/* Once @video is PLAYING a thread plays @self, which outlives it, into @video and
 * @audio, two live sources of one pipeline, until they refuse data.
 * Call it before they start. Every @stamp_every-th picture gets a stamp. */
void clip_play (
    Clip *self, GstAppSrc *video, GstAppSrc *audio, guint stamp_every);
